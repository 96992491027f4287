/* Labels: ordered, begun, ended. */
#include "db/write/label_rows.h"

#include "db/store/chain.h"
#include "db/store/column.h"
#include "db/store/forms.h"
#include "db/store/handle.h"
#include "db/store/query.h"
#include "db/store/turn.h"
#include "db/write/act.h"
#include "db/write/label_rows_priv.h"
#include "db/write/station_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *db_label_outcome_word(enum db_label_outcome outcome)
{
    switch (outcome) {
    case DB_LABEL_PRINTED:
        return "printed";
    case DB_LABEL_SENT:
        return "sent";
    case DB_LABEL_UNSURE:
        return "unsure";
    case DB_LABEL_DROPPED:
        break;
    }
    return "dropped";
}

/* ---- Ordering ---- */

static int64_t add_locked(struct db *db, const struct db_label_again *label, int *number,
                          struct err *e)
{
    int64_t next = 0;
    struct query q = query_start_locked(db, STMT_LABEL_NEXT_NUMBER);
    query_int(&q, label->run_id);
    if (!query_number(&q, &next, e))
        return 0;
    q = query_start_locked(db, STMT_LABEL_ADD);
    query_int(&q, label->run_id);
    query_int(&q, next);
    query_text(&q, label->printer);
    query_text(&q, label->zpl);
    query_text(&q, label->operator_name);
    query_text(&q, label->reason);
    query_utc(&q, label->utc_ms);
    const int64_t id = query_insert(&q, e);
    *number = (int)next;
    return id > 0 && chain_link_locked(db, LINK_LABEL, id, e) ? id : 0;
}

bool label_of_pass_locked(struct db *db, int64_t run_id, const struct db_run_end *end,
                          struct err *e)
{
    const struct db_label_again label = { .run_id = run_id,
                                          .printer = end->label_printer,
                                          .zpl = end->label_zpl,
                                          .utc_ms = end->ended_utc_ms };
    int number;
    return add_locked(db, &label, &number, e) > 0 || err_wrap(e, "Its label");
}

static bool has_passed_locked(struct db *db, int64_t run_id, struct err *e)
{
    char effective[16] = "";
    struct query q = query_start_locked(db, STMT_LABEL_RUN_STATE);
    query_int(&q, run_id);
    const int rows = query_row(&q, e);
    if (rows > 0)
        snprintf(effective, sizeof effective, "%s",
                 (const char *)sqlite3_column_text(q.statement, 1));
    query_end(&q);
    if (rows < 0 || strcmp(effective, "PASS") == 0)
        return rows > 0;
    err_set(e, ERR_USAGE,
            rows == 0 ? "The record has no run %" PRId64
                      : "Run %" PRId64 " has not passed, or its PASS was taken back",
            run_id);
    return err_hint(e, "To find the run of a board: espstation history MAC");
}

/* Its serial may be on another board by now: a second label of it would be a double. */
static bool keeps_unit_locked(struct db *db, int64_t run_id, struct err *e)
{
    struct query q = query_start_locked(db, STMT_UNIT_RELEASED_OF_RUN);
    query_int(&q, run_id);
    const int rows = query_row(&q, e);
    if (rows > 0) {
        const char *const serial = (const char *)sqlite3_column_text(q.statement, 0);
        err_set(e, ERR_USAGE,
                "The unit %.80s%sthat the label of run %" PRId64 " shows was released by %.60s, %s",
                serial ? serial : "", serial ? " " : "", run_id,
                (const char *)sqlite3_column_text(q.statement, 1),
                (const char *)sqlite3_column_text(q.statement, 2));
        err_hint(e, "Its values may be on another board. Flash the board again: it gets a unit and "
                    "a label of its own.");
    }
    query_end(&q);
    return rows == 0;
}

/* The text stays the statement's until the copy is made. */
static bool first_zpl_locked(struct db *db, int64_t run_id, char **zpl, struct err *e)
{
    struct query q = query_start_locked(db, STMT_LABEL_OF_RUN);
    query_int(&q, run_id);
    const int rows = query_row(&q, e);
    *zpl = rows > 0 ? strdup((const char *)sqlite3_column_text(q.statement, 0)) : NULL;
    query_end(&q);
    if (*zpl || rows < 0)
        return *zpl != NULL;
    if (rows > 0)
        return err_set(e, ERR_STATION, "Out of memory for a label");
    err_set(e, ERR_USAGE,
            "Run %" PRId64 " has no label: its station had no printer, or its recipe no label",
            run_id);
    return err_hint(e, "Flash the board again with both: espstation run RECIPE --rework ...");
}

static int64_t again_locked(struct db *db, const struct db_label_again *again, int *number,
                            struct err *e)
{
    struct db_label_again label = *again;
    char *zpl = NULL;
    if (!has_passed_locked(db, again->run_id, e) || !keeps_unit_locked(db, again->run_id, e))
        return 0;
    if (!label.zpl && !first_zpl_locked(db, again->run_id, &zpl, e))
        return 0;
    label.zpl = label.zpl ? label.zpl : zpl;
    const bool ordered = !again->act || act_add_locked(db, again->act, e);
    const int64_t id = ordered ? add_locked(db, &label, number, e) : 0;
    free(zpl);
    return id;
}

static bool is_answered_for(const char *operator_name, const char *reason, struct err *e)
{
    if (operator_name && operator_name[0] != '\0' && reason && reason[0] != '\0')
        return true;
    err_set(e, ERR_USAGE, "That needs the name of a person and a reason");
    return err_hint(e, "Give --operator NAME and --reason WHY.");
}

int64_t db_label_again(struct db *db, const struct db_label_again *again, int *number,
                       struct err *e)
{
    if (!is_answered_for(again->operator_name, again->reason, e) || !db_begin(db, e))
        return 0;
    const int64_t id = again_locked(db, again, number, e);
    return db_finish(db, id > 0, e) ? id : 0;
}

/* ---- Printing ---- */

static bool begin_locked(struct db *db, const char *printer, int64_t utc_ms,
                         struct db_label_claim *claim, struct err *e)
{
    struct query q = query_start_locked(db, STMT_LABEL_CLAIM);
    query_utc(&q, utc_ms);
    query_int(&q, db->station_id);
    query_text(&q, printer);
    const int rows = query_row(&q, e);
    if (rows > 0) {
        claim->id = sqlite3_column_int64(q.statement, 0);
        claim->run_id = sqlite3_column_int64(q.statement, 1);
        claim->number = sqlite3_column_int(q.statement, 2);
        claim->zpl = strdup((const char *)sqlite3_column_text(q.statement, 3));
    }
    query_end(&q);
    if (rows > 0 && !claim->zpl)
        return err_set(e, ERR_STATION, "Out of memory for a label");
    return rows >= 0;
}

bool db_label_begin(struct db *db, const char *printer, int64_t utc_ms,
                    struct db_label_claim *claim, struct err *e)
{
    *claim = (struct db_label_claim){ .id = 0 };
    if (db->station_id == 0)
        return err_set(e, ERR_STATION, "%s: a label begins before its station did", db->shown);
    if (db_begin(db, e) && db_finish(db, begin_locked(db, printer, utc_ms, claim, e), e))
        return true;
    free(claim->zpl);
    *claim = (struct db_label_claim){ .id = 0 };
    return err_wrap(e, "Beginning a label");
}

static bool put_back_locked(struct db *db, int64_t id, struct err *e)
{
    struct query q = query_start_locked(db, STMT_LABEL_RELEASE);
    query_int(&q, id);
    return query_run(&q, e);
}

bool db_label_put_back(struct db *db, int64_t id, struct err *e)
{
    return db_begin(db, e) && db_finish(db, put_back_locked(db, id, e), e);
}

static bool end_locked(struct db *db, int64_t id, enum db_label_outcome outcome,
                       const char *sentence, int64_t utc_ms, struct err *e)
{
    struct query q = query_start_locked(db, STMT_LABEL_END);
    query_utc(&q, utc_ms);
    query_text(&q, db_label_outcome_word(outcome));
    query_text(&q, sentence);
    query_int(&q, id);
    const int rows = query_row(&q, e);
    query_end(&q);
    if (rows == 0)
        return err_set(e, ERR_STATION, "Label %" PRId64 " is not there, or has ended already", id);
    return rows > 0 && chain_link_locked(db, LINK_LABEL_END, id, e);
}

bool db_label_end(struct db *db, int64_t id, enum db_label_outcome outcome, const char *sentence,
                  int64_t utc_ms, struct err *e)
{
    return (db_begin(db, e) &&
            db_finish(db, end_locked(db, id, outcome, sentence, utc_ms, e), e)) ||
           err_wrap(e, "Recording the end of label %" PRId64, id);
}

static bool drop_locked(struct db *db, int64_t id, const char *sentence, int64_t utc_ms,
                        struct err *e)
{
    struct query q = query_start_locked(db, STMT_LABEL_DROP);
    query_utc(&q, utc_ms);
    query_text(&q, sentence);
    query_int(&q, id);
    const int rows = query_row(&q, e);
    query_end(&q);
    if (rows != 0)
        return rows > 0 && chain_link_locked(db, LINK_LABEL_END, id, e);
    err_set(e, ERR_USAGE, "Label %" PRId64 " does not wait: there is none, or it is begun or ended",
            id);
    return err_hint(e, "To see those that wait: espstation label queue");
}

bool db_label_drop(struct db *db, int64_t id, const char *operator_name, const char *reason,
                   int64_t utc_ms, struct err *e)
{
    char sentence[400];
    if (!is_answered_for(operator_name, reason, e))
        return false;
    snprintf(sentence, sizeof sentence, "Dropped by %.100s: %.270s", operator_name, reason);
    return db_begin(db, e) && db_finish(db, drop_locked(db, id, sentence, utc_ms, e), e);
}

/* ---- Stations that live no more ---- */

static bool give_up_locked(struct db *db, const struct station_row *dead, int64_t utc_ms,
                           int *unsure, struct err *e)
{
    char sentence[400];
    snprintf(sentence, sizeof sentence,
             "Station process %" PRId64 " on %.200s ended while this label was on its way",
             dead->who.pid, dead->who.host);
    for (;;) {
        int64_t id = 0;
        struct query q = query_start_locked(db, STMT_LABEL_OF_STATION);
        query_int(&q, dead->id);
        if (!query_number(&q, &id, e))
            return false;
        if (id == 0)
            return true;
        if (!end_locked(db, id, DB_LABEL_UNSURE, sentence, utc_ms, e))
            return false;
        ++*unsure;
    }
}

static bool give_up_dead_locked(struct db *db, int64_t utc_ms, int *unsure, struct err *e)
{
    struct db_station here;
    struct station_row found = { 0 };
    int rows;
    if (!db_station_here(&here, e))
        return false;
    while ((rows = station_next_locked(db, STMT_LABEL_STATIONS, found.id, &found, e)) > 0) {
        if (found.id != db->station_id && station_life(db, &found, &here) == STATION_DEAD &&
            !give_up_locked(db, &found, utc_ms, unsure, e))
            return false;
    }
    return rows == 0;
}

bool db_label_give_up_dead(struct db *db, int64_t utc_ms, int *unsure, struct err *e)
{
    *unsure = 0;
    return db_begin(db, e) && db_finish(db, give_up_dead_locked(db, utc_ms, unsure, e), e);
}

/* ---- Looking ---- */

bool db_label_open(struct db *db, const char *printer, int64_t *count, struct err *e)
{
    *count = 0;
    if (!db_enter(db, e))
        return false;
    struct query q = query_start_locked(db, STMT_LABEL_OPEN);
    query_text(&q, printer);
    const bool ok = query_number(&q, count, e);
    db_leave(db);
    return ok;
}

bool db_label_owed(struct db *db, const char *printer, struct db_label_owed *owed, size_t cap,
                   size_t *count, struct err *e)
{
    int rows = 0;
    size_t n = 0;
    if (!db_enter(db, e))
        return false;
    struct query q = query_start_locked(db, STMT_LABEL_OWED);
    query_text(&q, printer);
    query_int(&q, db->station_id);
    query_int(&q, (int64_t)cap);
    while (n < cap && (rows = query_row(&q, e)) > 0)
        owed[n++] = (struct db_label_owed){ sqlite3_column_int64(q.statement, 0),
                                            sqlite3_column_int(q.statement, 1) };
    query_end(&q);
    db_leave(db);
    *count = rows < 0 ? 0 : n;
    return rows >= 0;
}

static struct db_label_row row_of(sqlite3_stmt *s)
{
    return (struct db_label_row){
        .id = sqlite3_column_int64(s, 0),
        .run_id = sqlite3_column_int64(s, 1),
        .number = sqlite3_column_int(s, 2),
        .printer = column_text(s, 3),
        .mac = column_text(s, 4),
        .lot = column_text(s, 5),
        .slot = sqlite3_column_int(s, 6),
        .operator_name = column_text(s, 7),
        .reason = column_text(s, 8),
        .ordered_utc = column_text(s, 9),
        .begun_utc = column_text(s, 10),
        .ended_utc = column_text(s, 11),
        .outcome = column_text(s, 12),
        .sentence = column_text(s, 13),
    };
}

bool db_labels(struct db *reader, int64_t run_id, bool all, const struct db_label_sink *sink,
               struct err *e)
{
    int rows = 0;
    bool ok = true;
    if (!db_enter(reader, e))
        return false;
    struct query q = query_start_locked(reader, STMT_LABELS);
    query_int(&q, run_id);
    query_int(&q, all);
    while (ok && (rows = query_row(&q, e)) > 0) {
        const struct db_label_row row = row_of(q.statement);
        ok = sink->label(sink->ctx, &row) ||
             err_set(e, ERR_STATION, "The labels could not be handed on");
    }
    query_end(&q);
    db_leave(reader);
    return ok && rows == 0;
}
