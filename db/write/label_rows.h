/*
 * The queue of labels: what is owed to boards that have passed, and what became of it.
 *
 * A label is ordered in the transaction that closes its run as PASS (struct db_run_end), so no PASS
 * is without its label and no label without its PASS. It waits until a station has begun it: that
 * is on the disk before the first byte goes to the printer. It ends once. A station that is killed
 * in between leaves a label of which nobody knows whether it is on paper; it is ended as unsure,
 * and never printed again but by a person, with name and reason. So a label is never doubled
 * unasked, and a lost one has a row that says so.
 *
 * What is on a label, who wanted it again and why, and how it ended is bound by the chain.
 *
 * Errors: ERR_USAGE for what a person gave; else as db.h.
 */
#ifndef DB_LABEL_ROWS_H
#define DB_LABEL_ROWS_H

#include "db/store/db.h"

enum db_label_outcome {
    DB_LABEL_PRINTED, /* the printer says so */
    DB_LABEL_SENT,    /* a printer that is not asked has taken it */
    DB_LABEL_UNSURE,  /* nobody knows */
    DB_LABEL_DROPPED, /* a person did not want it any more */
};

const char *db_label_outcome_word(enum db_label_outcome outcome);

/* ---- Printing ---- */

struct db_label_claim {
    int64_t id, run_id; /* id 0: none waits */
    int number;
    char *zpl; /* the caller frees; NULL with id 0 */
};

/* Begins the next label that waits for this printer. What it gives nobody else gets. On the handle
 * of a station (db_station_start). */
bool db_label_begin(struct db *db, const char *printer, int64_t utc_ms,
                    struct db_label_claim *claim, struct err *e);

/* Not a byte of its end has left: it waits again. */
bool db_label_put_back(struct db *db, int64_t id, struct err *e);

/* `sentence` says what there is to say; NULL: nothing. */
bool db_label_end(struct db *db, int64_t id, enum db_label_outcome outcome, const char *sentence,
                  int64_t utc_ms, struct err *e);

/* Ends as unsure what stations have begun that live no more; *unsure: how many. */
bool db_label_give_up_dead(struct db *db, int64_t utc_ms, int *unsure, struct err *e);

/* How many of this printer are not ended. */
bool db_label_open(struct db *db, const char *printer, int64_t *count, struct err *e);

struct db_label_owed {
    int64_t run_id;
    int slot;
};

/* Of those, the ones of runs of this very station: at most `cap`, *count of them. */
bool db_label_owed(struct db *db, const char *printer, struct db_label_owed *owed, size_t cap,
                   size_t *count, struct err *e);

/* ---- What people want ---- */

struct db_act;

struct db_label_again {
    int64_t run_id; /* has passed, and its PASS was not taken back */
    const char *printer;
    const char *zpl;                    /* NULL: as the run's first label */
    const char *operator_name, *reason; /* not empty */
    int64_t utc_ms;
    const struct db_act *act; /* what it was ordered by: its row, in front. NULL: by no act */
};

/* Orders one more label of a run: gives its id, and in *number how many the run has with it. 0 on
 * failure. */
int64_t db_label_again(struct db *db, const struct db_label_again *again, int *number,
                       struct err *e);

/* A label that waits is not wanted any more; `operator_name` and `reason` as above. */
bool db_label_drop(struct db *db, int64_t id, const char *operator_name, const char *reason,
                   int64_t utc_ms, struct err *e);

/* ---- Reading, on a reader ---- */

/* NULL: none. */
struct db_label_row {
    int64_t id, run_id;
    int number, slot;
    const char *printer, *mac, *lot, *operator_name, *reason, *ordered_utc, *begun_utc, *ended_utc;
    const char *outcome, *sentence;
};

struct db_label_sink {
    void *ctx;
    bool (*label)(void *ctx, const struct db_label_row *label);
};

/* In the order in which they were ordered: those of a run (0: of all), and of these those that wait
 * or are unsure, or `all`. */
bool db_labels(struct db *reader, int64_t run_id, bool all, const struct db_label_sink *sink,
               struct err *e);

#endif
