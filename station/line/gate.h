/* The fleet's server at the gate of a run: whom a record asks, and what follows from the answer. */
#ifndef STATION_GATE_H
#define STATION_GATE_H

#include "station/line/record.h"

#include "db/write/lease.h"

#include <pthread.h>

/* Who is asked now, if anybody is. */
struct gate {
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t idle;
    const struct record_gate *to;
    unsigned users;
};

void gate_init(struct gate *g);
void gate_done(struct gate *g);
void gate_set(struct gate *g, const struct record_gate *to);

/* What is asked about: a run of this order. */
struct gate_run {
    struct db *db;
    const struct order *order;
    const struct record_run *run;
    struct record_claim *claim;
};

/* Asks before a run begins, for its place where it wants one. False: it may not begin. */
bool gate_ask_place(struct gate *g, const struct gate_run *run, struct db_fleet_say *say,
                    struct err *e);

/* Asks about its board, with what its unit brings along (NULL: nothing). False: not let in. */
bool gate_ask_board(struct gate *g, const struct gate_run *run, const char *mac,
                    const struct db_unit_supply *supply, struct db_fleet_say *say, struct err *e);

/* The run has no row: what was asked for it is given back. */
void gate_drop(struct gate *g, struct record_claim *claim);

/* Whether numbers of this counter have come; and that some were used. */
bool gate_numbers(struct gate *g, const struct db_unit_want *want, struct err *e);

/* Whether rows of the pool that this unit lacks have come. Looks through the whole file, in two
 * seconds at most; where it ended there, the next one goes on. */
bool gate_rows(struct gate *g, const struct db_unit_supply *supply, const struct db_unit *unit,
               const struct clock *clock, struct err *e);

/* Calls `each` with the free rows of a pool until it gives false. True unless that set *e. */
bool gate_each_rows(const struct db_unit_supply *supply, size_t pool,
                    bool (*each)(void *ctx, const struct record_rows *rows, struct err *e),
                    void *ctx, struct err *e);

/* The board has taken this unit. */
void gate_used(struct gate *g, const struct db_unit_supply *supply, const struct db_unit *unit);

#endif
