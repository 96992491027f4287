/* The open run, for what else is written to it. */
#ifndef DB_RUN_PRIV_H
#define DB_RUN_PRIV_H

#include "db/store/handle.h"

struct open_run {
    int64_t lot_id, board_id; /* 0: none */
    int64_t claim;            /* below 1: the fleet's server does not know the run */
    bool holds_place;
    char mac[DB_MAC_CAP];
};

/* Fails with a sentence of its own if the run is not there or not open. */
bool find_open_run_locked(struct db *db, int64_t run_id, struct open_run *run, struct err *e);

#endif
