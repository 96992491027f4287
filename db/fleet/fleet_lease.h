/*
 * What is scarce over all stations, asked for at the server: places of a lot, numbers of a counter,
 * rows of a pool, and whether a board may pass. Each question is one transaction there
 * (fleet_schema_lease.c).
 *
 * Who asks makes the id of what it asks for, keeps it, and gives it back by that if nothing came of
 * it: also where the answer was lost, as then nobody knows whether the server has given it.
 *
 * Threads and errors as in fleet.h; ERR_WAITING also where this record is older than what it has
 * asked for before. ERR_DUPLICATE, ERR_QUOTA, ERR_UNIT: the server's decision.
 */
#ifndef DB_FLEET_LEASE_H
#define DB_FLEET_LEASE_H

#include "db/fleet/fleet.h"

/* Who asks. */
struct fleet_asker {
    int64_t record_id; /* of fleet_lease_begin */
    int64_t process;   /* the row of the station process; 0: a command */
};

/* Whether this record may ask: the server knows the station with it, and it has all that it has
 * ever shown there. */
bool fleet_lease_begin(struct fleet *f, struct outbox *o, const char *station,
                       struct fleet_asker *asker, struct err *e);

/* A new id, by chance. ERR_STATION: the kernel gives none. */
bool fleet_lease_id(int64_t *id, struct err *e);

struct fleet_board {
    int64_t id;
    const char *mac;    /* in the form of the record; "": not known yet */
    const char *rule;   /* "lot", "ever", "allow", "rework-lot", "rework-ever" */
    const char *lot;    /* of the fleet; NULL: none */
    int64_t quantity;   /* of that lot */
    const char *serial; /* "": not known yet, or none */
    bool wants_place;
};

struct fleet_board_say {
    bool has_place;
    char no_place[200];  /* a sentence, where one was wanted and there is none; else "" */
    char elsewhere[100]; /* of re-work: where it has passed, "line 1, run 5"; else "" */
};

/* A run at the gate. Asked about the same id again it is the same run. False: not let in, with
 * ERR_DUPLICATE (nothing is kept of the question if it was the first of its id), or not answered.
 */
bool fleet_ask_board(struct fleet *f, struct outbox *o, const struct fleet_asker *asker,
                     const struct fleet_board *board, struct fleet_board_say *say, struct err *e);

struct fleet_places {
    int64_t id;
    const char *lot, *operator_name;
    int64_t quantity, places, seconds;
};

/* *given: so many of them, one at least; ERR_QUOTA: none is left. */
bool fleet_ask_places(struct fleet *f, struct outbox *o, const struct fleet_asker *asker,
                      const struct fleet_places *places, int64_t *given, struct err *e);

struct fleet_numbers {
    int64_t id;
    const char *counter;
    int64_t start, end, step, count;
};

/* From *first to *last in steps; ERR_UNIT: the counter has come to its end. */
bool fleet_ask_numbers(struct fleet *f, struct outbox *o, const struct fleet_asker *asker,
                       const struct fleet_numbers *numbers, int64_t *first, int64_t *last,
                       struct err *e);

struct fleet_rows {
    int64_t id;
    const char *pool, *operator_name; /* operator NULL: the station itself */
    char (*sha256)[FLEET_SHA256_CAP]; /* rows that the station has, in their order */
    size_t count;                     /* some hundreds: they go there as one text */
    int64_t wanted, seconds;
};

/* *given: so many, which stand in front of `sha256_given` then; 0: none of these is free. */
bool fleet_ask_rows(struct fleet *f, struct outbox *o, const struct fleet_asker *asker,
                    const struct fleet_rows *rows, char (*sha256_given)[FLEET_SHA256_CAP],
                    size_t *given, struct err *e);

/* What was asked for under this id and is in no record. One that the server does not have is fine.
 */
bool fleet_give_back(struct fleet *f, const struct fleet_asker *asker, int64_t id, struct err *e);

/* Writes off what a station that is gone was lent: `used` of its places count as used for good. Of
 * rows 0 says that none was, so that all are free again; -1: none is, for good.
 * *left: those that are free again. ERR_USAGE: there is no such lease, or it may still be used. */
bool fleet_lease_lost(struct fleet *f, int64_t id, int64_t used, const char *by, const char *reason,
                      const char *host, int64_t *left, struct err *e);

/* ---- The server's book ---- */

/* Texts are "" where there is none. */
struct fleet_lease_row {
    int64_t id, process;
    const char *station, *kind, *lot, *mac, *counter, *pool, *operator_name, *made, *until,
        *lost_by;
    int64_t places, first, last, rows;
    bool own; /* of the record that asks */
    bool lapsed, lost;
    bool old; /* for more than ten minutes */
};

struct fleet_quota_row {
    const char *lot;
    int64_t quantity, taken;
};

struct fleet_lease_sink {
    void *ctx;
    bool (*lease)(void *ctx, const struct fleet_lease_row *lease);
    void (*quota)(void *ctx, const struct fleet_quota_row *quota); /* NULL: not wanted */
};

/* The lots that are not used up or have something lent, then what is lent; of all stations, or
 * (asker not NULL) of that record alone. */
bool fleet_leases(struct fleet *f, const struct fleet_asker *asker,
                  const struct fleet_lease_sink *sink, struct err *e);

#endif
