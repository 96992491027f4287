/* Lots: opened, entered, full, closed. */
#include "db/write/lot.h"

#include "core/base/nearest.h"
#include "db/proof/checkpoint_priv.h"
#include "db/store/chain.h"
#include "db/store/column.h"
#include "db/store/connect.h"
#include "db/store/forms.h"
#include "db/store/handle.h"
#include "db/store/query.h"
#include "db/store/turn.h"
#include "db/write/lease_priv.h"
#include "db/write/lot_priv.h"
#include "db/write/run_priv.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

/* ---- Opening ---- */

/* A name stands in a signed text and on screens, each in one line, and is typed again by people
 * who see no blanks at its ends. */
static bool check_name(const char *name, struct err *e)
{
    const size_t n = strlen(name);
    if (n == 0 || n >= DB_LOT_CAP) {
        err_set(e, ERR_USAGE, "The name of a lot has 1 to %d bytes, this one has %zu",
                DB_LOT_CAP - 1, n);
        return err_hint(e, "Give the lot another name.");
    }
    if (name[0] == ' ' || name[n - 1] == ' ') {
        err_set(e, ERR_USAGE, "The name of the lot, '%s', has a blank at its %s", name,
                name[0] == ' ' ? "beginning" : "end");
        return err_hint(e, "Give the name without it; blanks within are fine.");
    }
    for (size_t i = 0; i < n; i++) {
        if ((unsigned char)name[i] < 0x20 || name[i] == 0x7F) {
            err_set(e, ERR_USAGE, "The name of a lot has a control character in it, byte %zu",
                    i + 1);
            return err_hint(e, "Give the lot another name.");
        }
    }
    return true;
}

static bool find_lot_locked(struct db *db, const char *name, int64_t *id, struct err *e)
{
    struct query find = query_start_locked(db, STMT_LOT_FIND);
    query_text(&find, name);
    return query_number(&find, id, e);
}

static int64_t add_lot_locked(struct db *db, const struct db_lot_open *lot, bool one_recipe,
                              struct err *e)
{
    struct query q = query_start_locked(db, STMT_LOT_ADD);
    query_text(&q, lot->name);
    query_utc(&q, lot->utc_ms);
    query_int_or_null(&q, lot->quantity, 1);
    query_int_or_null(&q, lot->recipe_id, 1);
    query_int(&q, one_recipe);
    query_text(&q, lot->operator_name);
    query_int_or_null(&q, lot->fleet, 1);
    const int64_t id = query_insert(&q, e);
    return id > 0 && chain_link_locked(db, LINK_LOT, id, e) ? id : 0;
}

static int64_t open_lot_locked(struct db *db, const struct db_lot_open *lot, struct err *e)
{
    int64_t id = 0;
    if (!find_lot_locked(db, lot->name, &id, e))
        return 0;
    if (id == 0)
        return add_lot_locked(db, lot, true, e);
    err_set(e, ERR_USAGE, "There is a lot %s already", lot->name);
    err_hint(e, "To see it: espstation lot show NAME. Names are never used twice.");
    return 0;
}

int64_t db_lot_open(struct db *db, const struct db_lot_open *lot, struct err *e)
{
    if (!check_name(lot->name, e))
        return 0;
    if (lot->fleet && lot->quantity == 0) {
        err_set(e, ERR_USAGE, "A lot of the fleet has a quantity: that of all stations together");
        err_hint(e, "Give it with --quantity N.");
        return 0;
    }
    if (!db_begin(db, e))
        return 0;
    const int64_t id = open_lot_locked(db, lot, e);
    return db_finish(db, id > 0, e) ? id : 0;
}

/* ---- What a lot takes ---- */

struct lot_state {
    char name[DB_LOT_CAP], recipe[160], closed_utc[DB_UTC_CAP];
    int64_t quantity;  /* 0: no limit */
    int64_t recipe_id; /* 0: any */
    bool fleet;
};

static bool find_state_locked(struct db *db, int64_t lot_id, struct lot_state *lot, struct err *e)
{
    struct query q = query_start_locked(db, STMT_LOT_STATE);
    query_int(&q, lot_id);
    const int rows = query_row(&q, e);
    if (rows > 0) {
        column_copy(q.statement, 0, lot->name, sizeof lot->name);
        lot->quantity = sqlite3_column_int64(q.statement, 1);
        lot->recipe_id = sqlite3_column_int64(q.statement, 2);
        column_copy(q.statement, 3, lot->recipe, sizeof lot->recipe);
        column_copy(q.statement, 4, lot->closed_utc, sizeof lot->closed_utc);
        lot->fleet = sqlite3_column_int(q.statement, 6) != 0;
    }
    query_end(&q);
    return rows == 0 ? err_set(e, ERR_STATION, "The record has no lot %" PRId64, lot_id) : rows > 0;
}

static bool takes(const struct lot_state *lot, int64_t recipe_id, struct err *e)
{
    if (lot->closed_utc[0] != '\0') {
        err_set(e, ERR_USAGE, "Lot %s was closed at %s and takes no more boards", lot->name,
                lot->closed_utc);
        return err_hint(e, "Open the next lot (espstation lot open NAME) and give it with --lot.");
    }
    if (lot->recipe_id == 0 || lot->recipe_id == recipe_id)
        return true;
    err_set(e, ERR_RECIPE,
            "Lot %s is flashed with %s; this is another recipe, or its images were "
            "built again",
            lot->name, lot->recipe);
    return err_hint(e, "Use the recipe and images of that lot, or open another lot for these: "
                       "espstation lot open NAME");
}

bool lot_takes_locked(struct db *db, int64_t lot_id, int64_t recipe_id, struct err *e)
{
    struct lot_state lot = { .quantity = 0 };
    return find_state_locked(db, lot_id, &lot, e) && takes(&lot, recipe_id, e);
}

bool lot_has_no_limit_locked(struct db *db, int64_t lot_id, struct err *e)
{
    struct lot_state lot = { .quantity = 0 };
    if (lot_id == 0)
        return true;
    if (!find_state_locked(db, lot_id, &lot, e))
        return false;
    return lot.quantity == 0
               ? true
               : err_set(e, ERR_STATION, "PASS needs a place in lot %s, and the run has none",
                         lot.name);
}

/* ---- Places ---- */

static bool count_locked(struct db *db, enum statement which, int64_t lot_id, int64_t *count,
                         struct err *e)
{
    struct query q = query_start_locked(db, which);
    query_int(&q, lot_id);
    return query_number(&q, count, e);
}

/* Sets *refusal if no place is left. */
static bool look_for_place_locked(struct db *db, int64_t lot_id, const struct lot_state *lot,
                                  struct err *refusal, struct err *e)
{
    int64_t passed, held;
    if (!count_locked(db, STMT_LOT_PASSED, lot_id, &passed, e) ||
        !count_locked(db, STMT_LOT_HELD, lot_id, &held, e))
        return false;
    if (passed + held < lot->quantity)
        return true;
    if (held == 0) {
        err_set(refusal, ERR_QUOTA, "Lot %s is full: %" PRId64 " of %" PRId64 " boards have passed",
                lot->name, passed, lot->quantity);
        err_hint(refusal, "Close it (espstation lot close NAME), open the next one, and give that "
                          "with --lot.");
    } else {
        err_set(refusal, ERR_QUOTA,
                "Lot %s has no place left: %" PRId64 " of %" PRId64 " boards have passed, %" PRId64
                " more are being flashed",
                lot->name, passed, lot->quantity, held);
        err_hint(refusal, "Wait for those; if one fails, its place is free again.");
    }
    return true;
}

bool lot_has_room_locked(struct db *db, const struct open_run *run, struct err *refusal,
                         struct err *e)
{
    struct lot_state lot = { .quantity = 0 };
    if (run->lot_id == 0)
        return true;
    if (!find_state_locked(db, run->lot_id, &lot, e))
        return false;
    if (lot.fleet)
        return err_set(refusal, ERR_QUOTA,
                       "Lot %s is one of the fleet, and the place went back to all stations",
                       lot.name) ||
               true;
    return lot.quantity == 0 || look_for_place_locked(db, run->lot_id, &lot, refusal, e);
}

/* A lot of the fleet has no places of this record alone. */
static bool look_for_room_locked(struct db *db, const struct open_run *run,
                                 const struct lot_state *lot, struct err *refusal, struct err *e)
{
    return lot->quantity == 0 || look_for_place_locked(db, run->lot_id, lot, refusal, e);
}

bool lot_give_place_locked(struct db *db, int64_t run_id, const struct open_run *run,
                           bool has_passed, const struct db_fleet_say *say, struct err *refusal,
                           struct err *e)
{
    struct lot_state lot = { .quantity = 0 };
    if (run->lot_id == 0 || run->holds_place)
        return true;
    if (!find_state_locked(db, run->lot_id, &lot, e))
        return false;
    if (!has_passed && lot.fleet)
        return lease_give_place_locked(db, run_id, run, lot.name, say, refusal, e);
    if (!has_passed && !look_for_room_locked(db, run, &lot, refusal, e))
        return false;
    if (refusal->code != ERR_NONE)
        return true;
    struct query q = query_start_locked(db, STMT_RUN_GIVE_PLACE);
    query_int(&q, run_id);
    return query_run(&q, e);
}

static bool count_room_locked(struct db *db, int64_t lot_id, struct db_lot_room *room,
                              struct err *e)
{
    struct lot_state lot = { .quantity = 0 };
    if (!find_state_locked(db, lot_id, &lot, e) ||
        !count_locked(db, STMT_LOT_PASSED, lot_id, &room->passed, e) ||
        !count_locked(db, STMT_LOT_HELD, lot_id, &room->held, e))
        return false;
    room->quantity = lot.quantity;
    return true;
}

bool db_lot_room(struct db *db, int64_t lot_id, struct db_lot_room *room, struct err *e)
{
    struct db_lot_room found = { 0 };
    if (!db_enter(db, e))
        return false;
    const bool ok = count_room_locked(db, lot_id, &found, e);
    db_leave(db);
    if (ok)
        *room = found;
    return ok;
}

bool db_lot_find(struct db *db, const char *name, int64_t *id, struct err *e)
{
    *id = 0;
    if (!db_enter(db, e))
        return false;
    const bool ok = find_lot_locked(db, name, id, e);
    db_leave(db);
    return ok;
}

bool db_lot_is_fleets(struct db *db, int64_t lot_id, char name[static DB_LOT_CAP],
                      int64_t *quantity, bool *is_fleets, struct err *e)
{
    struct lot_state lot = { .quantity = 0 };
    if (!db_enter(db, e))
        return false;
    const bool ok = find_state_locked(db, lot_id, &lot, e);
    db_leave(db);
    snprintf(name, DB_LOT_CAP, "%s", lot.name);
    *quantity = lot.quantity;
    *is_fleets = lot.fleet;
    return ok;
}

/* ---- Entering ---- */

/* A full lot is refused before any port is opened; places that are only held may come free. */
static bool enter_locked(struct db *db, int64_t id, const struct db_lot_enter *enter, struct err *e)
{
    int64_t passed = 0;
    struct lot_state lot = { .quantity = 0 };
    if (!find_state_locked(db, id, &lot, e) || !takes(&lot, enter->recipe_id, e))
        return false;
    if (lot.quantity == 0 || enter->rework || enter->may_be_full || lot.fleet)
        return true;
    if (!count_locked(db, STMT_LOT_PASSED, id, &passed, e))
        return false;
    if (passed < lot.quantity)
        return true;
    struct err full = { 0 };
    if (!look_for_place_locked(db, id, &lot, &full, e))
        return false;
    *e = full;
    return false;
}

/* A name that was mistyped would be a lot of its own, without a limit: one that is open and near is
 * meant, as a rule. */
static bool refuse_unknown_locked(struct db *db, const char *name, struct err *e)
{
    char meant[DB_LOT_CAP] = "";
    int rows;
    struct query q = query_start_locked(db, STMT_LOT_NAMES);
    struct nearest near;
    nearest_init(&near, name);
    while ((rows = query_row(&q, e)) > 0) {
        const char *const other = (const char *)sqlite3_column_text(q.statement, 0);
        const unsigned before = near.best ? near.distance : UINT_MAX;
        nearest_offer(&near, other, meant);
        if (near.best && near.distance < before)
            snprintf(meant, sizeof meant, "%s", other);
    }
    query_end(&q);
    if (rows < 0)
        return false;
    err_set(e, ERR_USAGE, "There is no lot '%s'%s%s%s", name, meant[0] ? "; did you mean '" : "",
            meant, meant[0] ? "'?" : "");
    return err_hint(e,
                    "To open a new one: espstation lot open '%.64s' --db '%.100s'; or, without "
                    "recipe and quantity: --new-lot",
                    name, db->path);
}

int64_t db_lot_enter(struct db *db, const struct db_lot_enter *enter, bool *is_new, struct err *e)
{
    int64_t id = 0;
    const struct db_lot_open lot = { .name = enter->name, .utc_ms = enter->utc_ms };
    if (!check_name(enter->name, e) || !db_begin(db, e))
        return 0;
    bool ok = find_lot_locked(db, enter->name, &id, e);
    const bool opens = ok && id == 0;
    if (opens && !enter->may_open)
        ok = refuse_unknown_locked(db, enter->name, e);
    else if (opens)
        ok = (id = add_lot_locked(db, &lot, false, e)) > 0;
    else if (ok)
        ok = enter_locked(db, id, enter, e);
    if (is_new)
        *is_new = opens;
    return db_finish(db, ok, e) ? id : 0;
}

int64_t db_lot_put(struct db *db, const char *name, int64_t utc_ms, struct err *e)
{
    int64_t id = 0;
    const struct db_lot_open lot = { .name = name, .utc_ms = utc_ms };
    if (!check_name(name, e))
        return 0;
    if (!db_begin(db, e))
        goto fail;
    bool ok = find_lot_locked(db, name, &id, e);
    if (ok && id == 0)
        ok = (id = add_lot_locked(db, &lot, false, e)) > 0;
    if (db_finish(db, ok, e))
        return id;
fail:
    err_wrap(e, "Recording lot %s", name);
    return 0;
}

/* ---- Closing ---- */

static bool missing(const char *name, struct err *e)
{
    err_set(e, ERR_USAGE, "The record has no lot %s", name);
    return err_hint(e, "To see all lots: espstation lot list");
}

static bool may_close_locked(struct db *db, int64_t id, struct checkpoint *c, struct err *e)
{
    struct lot_state lot = { .quantity = 0 };
    if (!find_state_locked(db, id, &lot, e))
        return false;
    if (lot.closed_utc[0] != '\0') {
        err_set(e, ERR_USAGE, "Lot %s was closed already, at %s", lot.name, lot.closed_utc);
        return err_hint(e, "To see it: espstation lot show NAME");
    }
    struct query q = query_start_locked(db, STMT_LOT_RUNS);
    query_int(&q, id);
    const int rows = query_row(&q, e);
    c->runs = sqlite3_column_int64(q.statement, 0);
    const int64_t open_runs = sqlite3_column_int64(q.statement, 1);
    const int64_t first_open = sqlite3_column_int64(q.statement, 2);
    query_end(&q);
    if (rows < 0 || open_runs == 0)
        return rows > 0;
    err_set(e, ERR_USAGE, "Lot %s has %" PRId64 " open run%s, the first is run %" PRId64, lot.name,
            open_runs, open_runs == 1 ? "" : "s", first_open);
    return err_hint(e,
                    "Wait for its verdict. If its station is gone for good: espstation correct "
                    "%" PRId64 " --verdict interrupted --operator NAME --reason WHY",
                    first_open);
}

static bool add_checkpoint_locked(struct db *db, int64_t lot_id, const struct checkpoint *c,
                                  const char *text, const char *signature, struct err *e)
{
    struct query q = query_start_locked(db, STMT_CHECKPOINT_ADD);
    query_int(&q, lot_id);
    query_int(&q, c->end.link);
    query_utc(&q, c->utc_ms);
    query_text(&q, c->operator_name);
    query_text(&q, text);
    query_text(&q, signature);
    const int64_t id = query_insert(&q, e);
    return id > 0 && chain_link_locked(db, LINK_CHECKPOINT, id, e);
}

/* In front of the checkpoint, which speaks of it. */
static bool add_act_locked(struct db *db, const struct db_act *act, int64_t lot_id, struct err *e)
{
    if (!act)
        return true;
    struct db_act of_lot = *act;
    of_lot.lot_id = lot_id;
    return act_add_locked(db, &of_lot, e);
}

static bool close_locked(struct db *db, const struct db_lot_close *lot,
                         char text[static DB_CHECKPOINT_CAP],
                         char signature[static KEY_SIGNATURE_CAP], struct err *e)
{
    int64_t id = 0;
    struct checkpoint c = { .lot = lot->name,
                            .operator_name = lot->operator_name,
                            .host = lot->host,
                            .utc_ms = lot->utc_ms };
    if (!find_lot_locked(db, lot->name, &id, e))
        return false;
    if (id == 0)
        return missing(lot->name, e);
    return may_close_locked(db, id, &c, e) && add_act_locked(db, lot->act, id, e) &&
           count_locked(db, STMT_LOT_PASSED, id, &c.passed, e) && chain_end_locked(db, &c.end, e) &&
           checkpoint_write(&c, lot->key, text, signature, e) &&
           add_checkpoint_locked(db, id, &c, text, signature, e);
}

bool db_lot_close(struct db *db, const struct db_lot_close *lot,
                  char checkpoint[static DB_CHECKPOINT_CAP], struct err *e)
{
    char text[DB_CHECKPOINT_CAP], signature[KEY_SIGNATURE_CAP];
    if (!db_begin(db, e) || !db_finish(db, close_locked(db, lot, text, signature, e), e))
        return false;
    checkpoint_join(text, signature, checkpoint);
    return true;
}

/* ---- Reading ---- */

static const char *text_at(sqlite3_stmt *s, int column)
{
    return (const char *)sqlite3_column_text(s, column);
}

static struct db_lot_row lot_row(sqlite3_stmt *s)
{
    return (struct db_lot_row){
        .id = sqlite3_column_int64(s, 0),
        .name = text_at(s, 1),
        .opened_utc = text_at(s, 2),
        .opened_by = text_at(s, 3),
        .quantity = sqlite3_column_int64(s, 4),
        .recipe = text_at(s, 5),
        .recipe_version = text_at(s, 6),
        .plan_sha256 = text_at(s, 7),
        .closed_utc = text_at(s, 8),
        .closed_by = text_at(s, 9),
        .closed_link = sqlite3_column_int64(s, 10),
        .runs = sqlite3_column_int64(s, 11),
        .open_runs = sqlite3_column_int64(s, 12),
        .passed = sqlite3_column_int64(s, 13),
        .held = sqlite3_column_int64(s, 14),
        .one_recipe = sqlite3_column_int(s, 15) != 0,
        .fleet = sqlite3_column_int(s, 16) != 0,
    };
}

static bool send_lots_locked(struct db *db, const char *name, const struct db_lot_sink *sink,
                             struct err *e)
{
    int rows = 0, sent = 0;
    bool ok = true;
    struct query q = query_start_locked(db, STMT_LOTS);
    query_text(&q, name);
    while (ok && (rows = query_row(&q, e)) > 0) {
        const struct db_lot_row row = lot_row(q.statement);
        ok = sink->lot(sink->ctx, &row);
        sent++;
    }
    query_end(&q);
    if (!ok)
        return err_set(e, ERR_STATION, "The reader of the lots gave up");
    return rows == 0 && name && sent == 0 ? missing(name, e) : rows == 0;
}

bool db_lots(struct db *reader, const char *name, const struct db_lot_sink *sink, struct err *e)
{
    return db_begin_read(reader, e) &&
           db_finish(reader, send_lots_locked(reader, name, sink, e), e) &&
           db_still_the_same(reader, e);
}
