/*
 * The fleet: one PostgreSQL server that has what the records of many stations have.
 *
 * The record stays the truth of its station; the server gets copies of its rows, which are final
 * (docs/fleet.md). What is sent is the chain: each link with the rows it binds, in the chain's
 * order, in batches. The server keeps for each record how far it has come (its mark: the number and
 * the hash of the last link); a batch and the mark that it leads to are one transaction, and it
 * fits one mark only. So a batch that is sent again, because its COMMIT was not answered or because
 * the server came back from an older backup, is either missing and stored, or not needed.
 *
 * A record whose chain does not go on from the mark is not sent: ERR_WAITING says why, and what
 * people can decide. Nothing is lost meanwhile, as the record has it all.
 *
 * Threads: a connection and an outbox belong to one thread. Nothing here holds a lock of the record
 * while the network is waited for: a batch is read first, then sent.
 *
 * Errors: ERR_DATABASE for the server, the network and the record; ERR_WAITING for what people must
 * decide or do first; ERR_STOPPED when `stop_fd` became readable; ERR_STATION for want of memory.
 */
#ifndef DB_FLEET_H
#define DB_FLEET_H

#include "core/base/clock.h"
#include "core/base/err.h"
#include "db/export/filter.h"
#include "db/proof/audit.h"
#include "db/read/history.h"
#include "db/read/stats.h"
#include "db/store/db.h"
#include "db/units/unit_list.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    FLEET_NAME_CAP = 65,   /* of a station */
    FLEET_SHA256_CAP = 65, /* of a link, in hex */
    FLEET_VERSION = 5,     /* of the server's tables (fleet_schema.c) */
    FLEET_MOMENT_CAP = 40, /* a time as the server tells it, UTC */
};

struct fleet;
struct outbox;

/* ---- The server ---- */

struct fleet_setup {
    const char *server; /* vetted by station_server_is_fit; read during the call */
    const struct clock *clock;
    int stop_fd;      /* readable: give up waiting; -1: none */
    uint32_t wait_ms; /* for the server to connect and to answer; 0: as long as sending may take */
};

/* Connects; within some seconds, but for a resolver of names that takes longer. What can be said of
 * TLS, passwords and rights is in the sentence. NULL on failure. */
struct fleet *fleet_open(const struct fleet_setup *setup, struct err *e);
void fleet_close(struct fleet *f); /* NULL is fine */

/* Makes the tables, or brings them up, in one transaction, and gives the roles their rights. For
 * the tables' owner. *before: the version that was there; 0: none. Tables of a newer espstation
 * are refused. */
bool fleet_init(struct fleet *f, const char *tool_version, int *before, struct err *e);

/* Whether the server's tables are those of this program. ERR_WAITING: none, older or newer ones. */
bool fleet_is_current(struct fleet *f, struct err *e);

/* ---- The record ---- */

/* Opens the record for sending. NULL on failure; none is made. */
struct outbox *outbox_open(const char *db_path, struct err *e);
void outbox_close(struct outbox *o); /* NULL is fine */

/* The number of the last link of the record; 0: there is none. One look into an index. */
bool outbox_last(struct outbox *o, int64_t *link, struct err *e);

/* ---- Station and record ---- */

/* How the record stands to what the server has of it. */
enum fleet_relation {
    FLEET_UNKNOWN,  /* the server has no station of this name */
    FLEET_FITS,     /* the record goes on from the mark, or ends with it */
    FLEET_SHORTER,  /* the record ends before the mark, and fits so far */
    FLEET_FORKED,   /* it fits up to a link and goes on otherwise */
    FLEET_STRANGER, /* the server knows the station with a record of another beginning */
};

struct fleet_state {
    enum fleet_relation relation;
    int64_t record_id;      /* on the server; 0: none */
    int64_t mark;           /* the last link that the server has of it */
    int64_t last;           /* the last link of the record here */
    int64_t common;         /* up to here both are one */
    char host[DB_HOST_CAP]; /* that sent last; "": nothing was sent yet */
    char sent[FLEET_MOMENT_CAP];
    char other[FLEET_NAME_CAP]; /* a station of another name has this record; "": none has */
    int64_t other_id, other_common;
};

/* Looks at both. */
bool fleet_look(struct fleet *f, struct outbox *o, const char *station, struct fleet_state *state,
                struct err *e);

/* What people have to know where the relation is none that can be sent in: always false, with
 * ERR_WAITING. */
bool fleet_say_relation(const struct fleet_state *state, const char *station, struct err *e);

struct fleet_join {
    const char *station, *operator_name, *host, *tool_version;
    const char *go_on; /* the reason to go on where the relation asks for a decision; NULL: none */
};

/* Makes the server know this station with this record. *joined: false if it did already. With
 * `go_on` the record is entered anew, behind the link up to which it is one with what the server
 * has; what the server has beyond stays there, as what it is: sent by another record. ERR_WAITING
 * without `go_on` where one is needed; ERR_USAGE for one that is not. */
bool fleet_join(struct fleet *f, struct outbox *o, const struct fleet_join *join, bool *joined,
                struct fleet_state *state, struct err *e);

/* ---- Sending ---- */

struct fleet_sent {
    int64_t links; /* of this batch; 0: the server had all */
    int64_t mark, last;
    int64_t twice;         /* boards and serials of it that turned out to be elsewhere as well, */
    char first_twice[320]; /* ...the first of them, as a sentence */
};

/* Sends the next batch. */
bool fleet_send_batch(struct fleet *f, struct outbox *o, const char *station,
                      const char *tool_version, struct fleet_sent *sent, struct err *e);

/* ---- Proving ---- */

/* A record as the server has it. */
struct fleet_record {
    int64_t id, mark;
    char station[FLEET_NAME_CAP], sha256[FLEET_SHA256_CAP]; /* of the mark */
    bool replaced; /* the station goes on with another one */
};

/* The records of one station (NULL: of all), the oldest first. The caller frees the array; NULL
 * with *count 0: there are none. */
bool fleet_records(struct fleet *f, const char *station, struct fleet_record **records,
                   size_t *count, struct err *e);

/* Makes the record anew from the server's rows, as a file `path` that is not there yet, and audits
 * that as any record: each row against its link, each link against the one before, the checkpoints;
 * and that it ends where the mark says. What was open when it was sent is not in it. True: it was
 * done, and audit->findings says how it ended. The file and what SQLite keeps beside it are the
 * caller's to remove, also on failure. */
bool fleet_prove(struct fleet *f, const struct fleet_record *record, const char *path,
                 const struct db_audit_setup *setup, struct db_audit *audit, struct err *e);

/* A day of a slot, of one lot, recipe and chip, of which something else is kept added up than its
 * rows are: such counts, or another one of the table `cell`. */
struct fleet_sum_row {
    const char *station, *day;
    int slot;
    int64_t kept_passed, passed, kept_failed, failed;
};

struct fleet_sums_sink {
    void *ctx;
    void (*differs)(void *ctx, const struct fleet_sum_row *row);
};

/* Whether what statistics read is what the rows add up to. *findings: how many days of slots
 * differ; the first of them go to the sink. */
bool fleet_prove_sums(struct fleet *f, const struct fleet_sums_sink *sink, int64_t *findings,
                      struct err *e);

/* ---- Asking ---- */

/* The life of one board at all stations, in the order of its runs' starts, as db_history gives it:
 * `host` of a run is the name of its station, and its number is that of the station's record. */
bool fleet_history(struct fleet *f, const char *mac, const struct db_history_sink *sink,
                   struct err *e);

/* What it was given as its own, at all stations, as db_units gives it. */
bool fleet_units(struct fleet *f, const char *mac, const struct db_unit_sink *sink, struct err *e);

/* Statistics over all stations, or one (NULL: all), as db_stats gives them: lots in the order in
 * which the server heard of them, a board's runs in the order of their starts, and no open runs,
 * which the server does not know. ERR_USAGE, too: it knows no such station. */
bool fleet_stats(struct fleet *f, const char *station, enum db_stats_by by,
                 const struct db_filter *filter, const struct db_stats_sink *sink, struct err *e);

/* Runs of all stations, or one (NULL: all), with all that belongs to them, as a new file `path` in
 * the record's form, for whatever reads records. Verdict and chip of the filter are left to it.
 * Lots are one by name, boards by MAC, recipes by plan; the host of a run is its station's name. If
 * the runs are of one record alone, which has no relatives, all numbers are its own; else those of
 * runs and what hangs on them stand behind nine digits' room: 3000000042 is 42 of record 3. It has
 * no chain and nothing signed. The file and what SQLite keeps beside it are the caller's to remove,
 * also on failure. */
bool fleet_gather(struct fleet *f, const char *station, const struct db_filter *filter,
                  const char *path, struct err *e);

/* Where a lot is closed: each station that knows it, once, by name. closed_utc NULL: it is open. */
struct fleet_lot_sink {
    void *ctx;
    bool (*end)(void *ctx, const char *station, const char *closed_utc, const char *closed_by);
};
bool fleet_lot_ends(struct fleet *f, const char *station, const char *lot,
                    const struct fleet_lot_sink *sink, struct err *e);

/* The MAC of the board that has or, else, last had this serial at any station; an empty text: none
 * ever had. */
bool fleet_mac_of(struct fleet *f, const char *serial, char mac[static DB_MAC_CAP], struct err *e);

#endif
