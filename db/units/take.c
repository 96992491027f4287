#include "db/units/take.h"

#include "db/store/chain.h"
#include "db/store/lease_clock.h"
#include "db/store/query.h"
#include "db/store/turn.h"
#include "db/units/mark.h"
#include "db/units/take_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

struct item {
    const char *source, *name;
    int64_t number;
    const char *sha256, *label; /* NULL: of a counter */
};

/* One taking under way. */
struct taking {
    struct db *db;
    int64_t run_id, board_id, utc_ms;
    const char *mac;
    const struct db_unit_supply *supply;
    struct db_unit *unit;
    int64_t unit_id;    /* 0: nothing new so far */
    bool looks;         /* nothing is taken */
    struct item spoilt; /* a counter's number that makes what another board has; name NULL: none */
    char salt[DB_UNIT_SALT_CAP];
    /* What the board has by the record. */
    struct has {
        bool there;
        char *text; /* NULL: a secret */
        char sha256[DB_SHA256_CAP];
    } has[DB_UNIT_VALUES_MAX];
    struct pool_state {
        bool item;     /* the board has a row of it in the record */
        size_t edited; /* rows that were passed over, as they hold what other boards have */
    } pools[DB_UNIT_POOLS_MAX];
    struct db_sha256 sha;
};

/* ---- Refusals ---- */

static const struct db_unit_want *want_of(const struct taking *t, size_t i)
{
    return &t->supply->wants[i];
}

static bool refuse_held(const struct taking *t, const struct db_unit_want *want, const char *text,
                        const char *mac, const char *since, struct err *e)
{
    if (want->secret)
        err_set(e, ERR_UNIT, "The value '%s' for the board %s is that of %s since %s", want->name,
                t->mac, mac, since);
    else
        err_set(e, ERR_UNIT,
                "The value '%s' for the board %s would be '%.60s', which %s has since %s",
                want->name, t->mac, text, mac, since);
    return err_hint(e, "No value goes to two boards. Was a pool edited, a label scanned twice, or "
                       "does a counter begin too low? See: espstation unit list");
}

/* ---- What the board has ---- */

static void keep_text(char *to, size_t cap, const unsigned char *text)
{
    snprintf(to, cap, "%s", text ? (const char *)text : "");
}

static bool note_has(struct taking *t, sqlite3_stmt *s, struct err *e)
{
    const char *const name = (const char *)sqlite3_column_text(s, 0);
    for (size_t i = 0; i < t->supply->want_count; i++) {
        if (strcmp(want_of(t, i)->name, name) != 0)
            continue;
        struct has *const has = &t->has[i];
        const unsigned char *const text = sqlite3_column_text(s, 1);
        free(has->text);
        has->there = true;
        has->text = text ? strdup((const char *)text) : NULL;
        keep_text(has->sha256, sizeof has->sha256, sqlite3_column_text(s, 2));
        if (text && !has->text)
            return err_set(e, ERR_STATION, "Out of memory for a unit");
    }
    return true;
}

/* The last of a name counts. */
static bool read_has_locked(struct taking *t, struct err *e)
{
    int rows = 0;
    bool ok = true;
    struct query q = query_start_locked(t->db, STMT_UNIT_HAS);
    query_int(&q, t->board_id);
    while (ok && (rows = query_row(&q, e)) > 0)
        ok = note_has(t, q.statement, e);
    query_end(&q);
    return ok && rows >= 0;
}

/* One salt for the whole record, so that equal secrets are found. */
static bool read_salt_locked(struct taking *t, struct err *e)
{
    uint8_t bytes[16];
    struct query q = query_start_locked(t->db, STMT_UNIT_SALT);
    const int rows = query_row(&q, e);
    if (rows > 0)
        keep_text(t->salt, sizeof t->salt, sqlite3_column_text(q.statement, 0));
    query_end(&q);
    if (rows != 0)
        return rows > 0;
    if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes)
        return err_set(e, ERR_STATION, "The kernel gives no random bytes");
    digest_hex(bytes, sizeof bytes, t->salt);
    return true;
}

static bool hash_secret(struct taking *t, const char *text, char hex[static DB_SHA256_CAP],
                        struct err *e)
{
    db_sha256_again(&t->sha);
    db_sha256_add_text(&t->sha, t->salt);
    db_sha256_add_text(&t->sha, text);
    return db_sha256_hex(&t->sha, hex, e);
}

/* ---- New rows ---- */

/* The unit's row, with the first thing that is new. */
static bool begin_unit_locked(struct taking *t, const char *serial, struct err *e)
{
    if (t->unit_id != 0)
        return true;
    struct query q = query_start_locked(t->db, STMT_UNIT_ADD);
    query_int(&q, t->board_id);
    query_int(&q, t->run_id);
    query_text(&q, serial);
    query_text(&q, t->salt);
    query_utc(&q, t->utc_ms);
    t->unit_id = query_insert(&q, e);
    return t->unit_id > 0;
}

static bool add_item_locked(struct taking *t, const struct item *item, struct err *e)
{
    struct query q = query_start_locked(t->db, STMT_UNIT_ITEM_ADD);
    query_int(&q, t->unit_id);
    query_text(&q, item->source);
    query_text(&q, item->name);
    query_int(&q, item->number);
    query_text(&q, item->sha256);
    query_text(&q, item->label);
    return query_run(&q, e);
}

/* Who has it: *ours is this board, which is no refusal. The index would refuse a second one as
 * well, but names nobody. */
static bool judge_holder_locked(struct taking *t, struct query *q, const struct db_unit_want *want,
                                const char *text, bool *ours, struct err *e)
{
    const int rows = query_row(q, e);
    *ours = rows > 0 && sqlite3_column_int64(q->statement, 2) == t->board_id;
    const bool theirs = rows > 0 && !*ours;
    if (theirs)
        refuse_held(t, want, text, (const char *)sqlite3_column_text(q->statement, 0),
                    (const char *)sqlite3_column_text(q->statement, 1), e);
    query_end(q);
    return rows >= 0 && !theirs;
}

static bool is_nobodys_locked(struct taking *t, const struct db_unit_want *want, const char *text,
                              const char *key, bool *ours, struct err *e)
{
    struct query q = query_start_locked(t->db, STMT_UNIT_SERIAL_HOLDER);
    if (want->serial) {
        query_text(&q, key);
        if (!judge_holder_locked(t, &q, want, text, ours, e)) {
            if (e->code == ERR_UNIT) /* two boards that say that they are one */
                e->code = ERR_DUPLICATE;
            return false;
        }
    }
    *ours = false;
    if (!want->unique)
        return true;
    q = query_start_locked(t->db, STMT_UNIT_HOLDER);
    query_text(&q, want->name);
    query_text(&q, key);
    return judge_holder_locked(t, &q, want, text, ours, e);
}

/* The value is the board's from now on, with the counter's number that it is made of (or NULL).
 * Who else has it is asked first: the file would refuse a second one without a name. */
static bool add_value_locked(struct taking *t, size_t i, const char *text, const struct item *item,
                             struct err *e)
{
    const struct db_unit_want *const want = want_of(t, i);
    char hex[DB_SHA256_CAP] = "";
    bool ours = false;
    if (want->secret && !hash_secret(t, text, hex, e))
        return false;
    if (!is_nobodys_locked(t, want, text, want->secret ? hex : text, &ours, e) ||
        !begin_unit_locked(t, want->serial ? text : NULL, e) ||
        (item && !add_item_locked(t, item, e)))
        return false;
    struct query q = query_start_locked(t->db, STMT_UNIT_VALUE_ADD);
    query_int(&q, t->unit_id);
    query_text(&q, want->name);
    query_text(&q, want->secret ? NULL : text);
    query_text(&q, want->secret ? hex : NULL);
    query_text(&q, want->source);
    query_int(&q, want->unique && !ours); /* an earlier row of this board holds it already */
    return query_run(&q, e);
}

static bool link_unit_locked(struct taking *t, struct err *e)
{
    struct chain_end end;
    if (!chain_link_locked(t->db, LINK_UNIT, t->unit_id, e) || !chain_end_locked(t->db, &end, e))
        return false;
    t->unit->is_new = true;
    t->unit->link = end.link;
    snprintf(t->unit->link_sha256, sizeof t->unit->link_sha256, "%s", end.sha256);
    return true;
}

/* ---- Counters ---- */

static bool ask_counter_locked(struct taking *t, enum statement which,
                               const struct db_unit_want *want, int64_t *number, bool *is_null,
                               struct err *e)
{
    struct query q = query_start_locked(t->db, which);
    query_text(&q, want->counter);
    query_int(&q, want->start);
    query_int(&q, want->end);
    const int rows = query_row(&q, e);
    *is_null = rows > 0 && sqlite3_column_type(q.statement, 0) == SQLITE_NULL;
    *number = rows > 0 ? sqlite3_column_int64(q.statement, 0) : 0;
    query_end(&q);
    return rows > 0;
}

static bool is_on_step(const struct db_unit_want *want, int64_t number)
{
    return (number - want->start) % want->step == 0;
}

/* The next one of the leases of this record. */
static bool next_lent_locked(struct taking *t, size_t i, int64_t *number, struct err *e)
{
    const struct db_unit_want *const want = want_of(t, i);
    struct query q = query_start_locked(t->db, STMT_LEASE_NUMBER);
    query_text(&q, want->counter);
    query_int(&q, want->start);
    query_int(&q, want->end);
    const int rows = query_row(&q, e);
    *number = rows > 0 ? sqlite3_column_int64(q.statement, 0) : 0;
    query_end(&q);
    if (rows != 0)
        return rows > 0;
    t->unit->unlent = i;
    return err_set(e, ERR_LEASE,
                   "The counter '%s' has its numbers from the fleet's server, and of those lent to "
                   "this station none is left",
                   want->counter);
}

/* A number that was released first, else the one behind the highest that was ever given. */
static bool next_number_locked(struct taking *t, size_t i, int64_t *number, struct err *e)
{
    const struct db_unit_want *const want = want_of(t, i);
    bool none;
    if (!ask_counter_locked(t, STMT_UNIT_COUNTER_BACK, want, number, &none, e))
        return false;
    if (!none && is_on_step(want, *number))
        return true;
    if (want->fleet)
        return next_lent_locked(t, i, number, e);
    if (!ask_counter_locked(t, STMT_UNIT_COUNTER_LAST, want, number, &none, e))
        return false;
    if (none)
        *number = want->start;
    else if (want->end - *number < want->step)
        *number = INT64_MAX;
    else /* on a step, should the step have been another one */
        *number += want->step - (*number - want->start) % want->step;
    if (*number <= want->end)
        return true;
    err_set(e, ERR_UNIT, "The counter '%s' has come to its end at %" PRId64, want->counter,
            want->end);
    return err_hint(e, "Give the value '%s' a higher end, or another counter, in the recipe.",
                    want->name);
}

/* The number makes what another board has: it is passed over, or all boards would meet it. */
static void refuse_number(struct taking *t, const struct item *item, struct err *e)
{
    t->spoilt = *item;
    err_wrap(e, "Number %" PRId64 " of counter '%s'", item->number, item->name);
    err_hint(e, "The number is passed over; put the board in again. Give counters different "
                "patterns, or recipes that number one product the same 'counter:'.");
}

/* What was taken is undone; the number alone stays with the board, so that it is never tried
 * again. */
static bool keep_spoilt_locked(struct taking *t, struct err *e)
{
    t->unit_id = 0;
    return begin_unit_locked(t, NULL, e) && add_item_locked(t, &t->spoilt, e) &&
           link_unit_locked(t, e);
}

static bool take_number_locked(struct taking *t, size_t i, struct err *e)
{
    const struct db_unit_want *const want = want_of(t, i);
    char text[DB_UNIT_TEXT_CAP];
    int64_t number;
    if (!next_number_locked(t, i, &number, e) ||
        !t->supply->number(t->supply->ctx, i, number, text, e))
        return false;
    const struct item item = { .source = "counter", .name = want->counter, .number = number };
    t->unit->texts[i] = strdup(text);
    if (!t->unit->texts[i])
        return err_set(e, ERR_STATION, "Out of memory for a unit");
    if (add_value_locked(t, i, text, &item, e))
        return true;
    if (e->code == ERR_UNIT || e->code == ERR_DUPLICATE)
        refuse_number(t, &item, e);
    return false;
}

/* ---- Pools ---- */

static bool is_taken_locked(struct taking *t, size_t pool, size_t row, bool *taken, struct err *e)
{
    char sha256[DB_UNIT_HEX_CAP], label[DB_UNIT_LABEL_CAP];
    int64_t number = 0;
    t->supply->describe(t->supply->ctx, pool, row, sha256, label);
    struct query q = query_start_locked(t->db, STMT_UNIT_ROW_TAKEN);
    query_text(&q, t->supply->pools[pool]);
    query_text(&q, sha256);
    const bool ok = query_number(&q, &number, e);
    *taken = number != 0;
    return ok;
}

/* Whether another board has this text, of this pool. */
static bool is_given_locked(struct taking *t, const struct db_unit_want *want, const char *text,
                            bool *given, struct err *e)
{
    char hex[DB_SHA256_CAP] = "";
    int64_t number = 0;
    if (want->secret && !hash_secret(t, text, hex, e))
        return false;
    struct query q = query_start_locked(t->db, STMT_UNIT_GIVEN);
    query_text(&q, want->name);
    query_text(&q, want->secret ? hex : text);
    query_text(&q, want->source);
    query_int(&q, t->board_id);
    const bool ok = query_number(&q, &number, e);
    *given = number != 0;
    return ok;
}

/* A row that was edited since a board got it has another digest, and is known by what is left of
 * its unique values. */
static bool is_edited_locked(struct taking *t, size_t pool, size_t row, bool *edited, struct err *e)
{
    const struct db_unit_supply *const s = t->supply;
    bool ok = true;
    *edited = false;
    for (size_t i = 0; ok && !*edited && i < s->want_count; i++) {
        const struct db_unit_want *const want = want_of(t, i);
        if (want->from != DB_UNIT_POOL || want->pool != pool || !want->unique)
            continue;
        char *const text = s->field(s->ctx, i, row);
        ok = text ? is_given_locked(t, want, text, edited, e)
                  : err_set(e, ERR_STATION, "Out of memory for a unit");
        if (text)
            explicit_bzero(text, strlen(text));
        free(text);
    }
    return ok;
}

static bool is_free_locked(struct taking *t, size_t pool, size_t row, bool *is_free, struct err *e)
{
    bool taken = true, edited = false;
    if (!is_taken_locked(t, pool, row, &taken, e) ||
        (!taken && !is_edited_locked(t, pool, row, &edited, e)))
        return false;
    t->pools[pool].edited += edited;
    *is_free = !taken && !edited;
    return true;
}

/* The first free row from `row` on, up to `end`; DB_NO_ROW where there is none. */
static bool search_locked(struct taking *t, size_t pool, size_t row, size_t end, size_t *found,
                          struct err *e)
{
    const struct db_unit_supply *const s = t->supply;
    bool is_free = false;
    *found = DB_NO_ROW;
    for (row = s->free_row(s->ctx, pool, row); row != DB_NO_ROW && row < end;
         row = s->free_row(s->ctx, pool, row + 1)) {
        if (!is_free_locked(t, pool, row, &is_free, e))
            return false;
        if (is_free) {
            *found = row;
            return true;
        }
    }
    return true;
}

/* One that an engineer has released, if it is still in the file. */
static bool find_released_locked(struct taking *t, size_t pool, size_t *row, struct err *e)
{
    int rows = 0;
    bool ok = true;
    struct query q = query_start_locked(t->db, STMT_UNIT_ROW_BACK);
    query_text(&q, t->supply->pools[pool]);
    while (ok && *row == DB_NO_ROW && (rows = query_row(&q, e)) > 0) {
        const char *const sha256 = (const char *)sqlite3_column_text(q.statement, 0);
        const size_t found = t->supply->find(t->supply->ctx, pool, sha256);
        bool edited = false;
        if (found == DB_NO_ROW || t->supply->free_row(t->supply->ctx, pool, found) != found)
            continue;
        ok = is_edited_locked(t, pool, found, &edited, e);
        if (ok && !edited)
            *row = found;
    }
    query_end(&q);
    return ok && rows >= 0;
}

static bool newest_rows_locked(struct taking *t, size_t pool, int64_t *lease, struct err *e)
{
    struct query q = query_start_locked(t->db, STMT_LEASE_ROWS_NEWEST);
    query_text(&q, t->supply->pools[pool]);
    return query_number(&q, lease, e);
}

static bool refuse_unlent(const struct taking *t, size_t pool, struct err *e)
{
    return err_set(
        e, ERR_LEASE,
        "The fleet's server says which rows of pool '%s' are whose, and of those lent to "
        "this station none is left",
        t->supply->pools[pool]);
}

/* The first of those that are lent to this record, no board has, and are in the file here. A row
 * that was released is one of them, or the server's again. */
static bool find_lent_locked(struct taking *t, size_t pool, size_t *row, struct err *e)
{
    struct db_lease_clock now;
    int rows = 0;
    bool ok = true;
    if (!db_lease_now(&now, e))
        return false;
    struct query q = query_start_locked(t->db, STMT_LEASE_ROWS);
    query_text(&q, t->supply->pools[pool]);
    query_lease_clock(&q, &now);
    while (ok && *row == DB_NO_ROW && (rows = query_row(&q, e)) > 0) {
        const char *const sha256 = (const char *)sqlite3_column_text(q.statement, 0);
        const size_t found = t->supply->find(t->supply->ctx, pool, sha256);
        bool edited = false;
        if (found == DB_NO_ROW || t->supply->free_row(t->supply->ctx, pool, found) != found)
            continue;
        ok = is_edited_locked(t, pool, found, &edited, e);
        if (ok && !edited)
            *row = found;
    }
    query_end(&q);
    if (!ok || rows < 0 || *row != DB_NO_ROW)
        return ok && rows >= 0;
    t->unit->unlent_pool = pool;
    return newest_rows_locked(t, pool, &t->unit->unlent_lease, e) && refuse_unlent(t, pool, e);
}

/* Where a station that was just started begins: behind the row that was taken last. */
static bool guess_begin_locked(struct taking *t, size_t pool, size_t *from, struct err *e)
{
    int64_t last = 0;
    struct query q = query_start_locked(t->db, STMT_UNIT_ROW_LAST);
    query_text(&q, t->supply->pools[pool]);
    if (!query_number(&q, &last, e))
        return false;
    *from = (size_t)(last + 1);
    return true;
}

/* What was released; else from where the last one was found to the end; else, once, all that is
 * before it, where somebody may have put rows in. */
static bool find_free_locked(struct taking *t, size_t pool, size_t *row, struct err *e)
{
    const struct db_unit_supply *const s = t->supply;
    if (s->is_fleets[pool])
        return find_lent_locked(t, pool, row, e);
    size_t from = s->begin(s->ctx, pool);
    if (!find_released_locked(t, pool, row, e))
        return false;
    if (*row != DB_NO_ROW)
        return true;
    if (from == 0 && !guess_begin_locked(t, pool, &from, e))
        return false;
    if (from != DB_NO_ROW && (!search_locked(t, pool, from, DB_NO_ROW, row, e) ||
                              (*row == DB_NO_ROW && !search_locked(t, pool, 0, from, row, e))))
        return false;
    s->passed(s->ctx, pool, *row);
    if (*row != DB_NO_ROW)
        return true;
    if (s->free_row(s->ctx, pool, 0) == DB_NO_ROW)
        err_set(e, ERR_UNIT,
                "The pool '%s' has no row for the board %s: each belongs to another MAC",
                s->pools[pool], t->mac);
    else if (t->pools[pool].edited > 0)
        err_set(e, ERR_UNIT,
                "The pool '%s' has nothing left for the board %s: %zu of its rows were edited "
                "after boards got them",
                s->pools[pool], t->mac, t->pools[pool].edited);
    else
        err_set(e, ERR_UNIT, "The pool '%s' has nothing left for the board %s", s->pools[pool],
                t->mac);
    return err_hint(e, "Add rows to its file, then start the run again.");
}

/* How the board's unit is given up, behind `first`. */
static bool hint_release(const struct taking *t, const char *first, struct err *e)
{
    const char *serial = NULL;
    for (size_t i = 0; !serial && i < t->supply->want_count; i++)
        serial = want_of(t, i)->serial ? t->has[i].text : NULL;
    return err_hint(e, "%s: espstation unit release %.80s --operator NAME --reason WHY", first,
                    serial ? serial : "SERIAL");
}

static bool refuse_gone(const struct taking *t, size_t pool, const char *what, struct err *e)
{
    const char *const label = t->unit->labels[pool];
    err_set(e, ERR_UNIT, "The board %s has %s of pool '%s', which was changed or is gone: %s",
            t->mac, *label ? label : "a row", t->supply->pools[pool], what);
    return hint_release(t, "Put the file back as it was, or release the unit", e);
}

/* The row that the board has already: there, or gone from the file. */
static bool recall_row_locked(struct taking *t, size_t pool, struct err *e)
{
    char sha256[DB_UNIT_HEX_CAP] = "";
    struct pool_state *const state = &t->pools[pool];
    struct query q = query_start_locked(t->db, STMT_UNIT_ROW);
    query_int(&q, t->board_id);
    query_text(&q, t->supply->pools[pool]);
    const int rows = query_row(&q, e);
    if (rows > 0) {
        state->item = true;
        keep_text(sha256, sizeof sha256, sqlite3_column_text(q.statement, 0));
        keep_text(t->unit->labels[pool], DB_UNIT_LABEL_CAP, sqlite3_column_text(q.statement, 1));
    }
    query_end(&q);
    if (state->item)
        t->unit->rows[pool] = t->supply->find(t->supply->ctx, pool, sha256);
    return rows >= 0;
}

static bool take_row_locked(struct taking *t, size_t pool, struct err *e)
{
    const struct db_unit_supply *const s = t->supply;
    char sha256[DB_UNIT_HEX_CAP], label[DB_UNIT_LABEL_CAP];
    s->describe(s->ctx, pool, t->unit->rows[pool], sha256, label);
    const struct item item = { .source = "pool",
                               .name = s->pools[pool],
                               .number = (int64_t)t->unit->rows[pool],
                               .sha256 = sha256,
                               .label = label };
    return begin_unit_locked(t, NULL, e) && add_item_locked(t, &item, e);
}

/* Which row is the board's, and whether it is new. */
static bool choose_row_locked(struct taking *t, size_t pool, bool *is_new, struct err *e)
{
    const struct db_unit_supply *const s = t->supply;
    bool taken = false;
    *is_new = false;
    if (!recall_row_locked(t, pool, e))
        return false;
    if (t->pools[pool].item && s->is_image[pool] && t->unit->rows[pool] == DB_NO_ROW && !t->looks)
        return refuse_gone(t, pool, "its image cannot be made", e);
    if (t->pools[pool].item || t->looks)
        return true;
    *is_new = true;
    const size_t row = s->bound(s->ctx, pool, t->mac);
    if (row == DB_NO_ROW)
        return find_free_locked(t, pool, &t->unit->rows[pool], e);
    if (!is_taken_locked(t, pool, row, &taken, e))
        return false;
    t->unit->rows[pool] = row;
    return !taken || err_set(e, ERR_UNIT,
                             "The row of pool '%s' for the board %s went to another "
                             "board before",
                             s->pools[pool], t->mac);
}

/* The text of the value in the unit's row. */
static bool read_field(struct taking *t, size_t i, struct err *e)
{
    const struct db_unit_supply *const s = t->supply;
    const size_t pool = want_of(t, i)->pool;
    if (t->unit->rows[pool] != DB_NO_ROW) {
        t->unit->texts[i] = s->field(s->ctx, i, t->unit->rows[pool]);
        return t->unit->texts[i] || err_set(e, ERR_STATION, "Out of memory for a unit");
    }
    char what[96];
    snprintf(what, sizeof what, "its value '%.40s' cannot be had", want_of(t, i)->name);
    return refuse_gone(t, pool, what, e);
}

/* ---- One value ---- */

static bool copy_text(struct taking *t, size_t i, const char *text, struct err *e)
{
    t->unit->texts[i] = strdup(text);
    return t->unit->texts[i] || err_set(e, ERR_STATION, "Out of memory for a unit");
}

/* The record cannot tell it. */
static bool must_be_given(struct taking *t, size_t i, struct err *e)
{
    t->unit->missing = i;
    return err_set(e, ERR_UNIT, "The secret value '%s' of the board %s must be given again",
                   want_of(t, i)->name, t->mac);
}

/* What the record has stays; a secret must be what it was. */
static bool keep_value(struct taking *t, size_t i, struct err *e)
{
    const struct db_unit_want *const want = want_of(t, i);
    const struct has *const has = &t->has[i];
    char hex[DB_SHA256_CAP];
    if (has->text) {
        if (!copy_text(t, i, has->text, e))
            return false;
        if (want->from != DB_UNIT_SCAN || !want->text || strcmp(want->text, has->text) == 0)
            return true;
        err_set(e, ERR_UNIT, "The board %s has the value '%s' as '%.60s'; given was '%.60s'",
                t->mac, want->name, has->text, want->text);
        return hint_release(t, "Was another board's label scanned? To give it up", e);
    }
    if (t->looks &&
        (want->from == DB_UNIT_POOL ? t->unit->rows[want->pool] == DB_NO_ROW : !want->text))
        return true;
    if (want->from != DB_UNIT_POOL && !want->text)
        return must_be_given(t, i, e);
    if (want->from == DB_UNIT_POOL ? !read_field(t, i, e) : !copy_text(t, i, want->text, e))
        return false;
    if (!hash_secret(t, t->unit->texts[i], hex, e))
        return false;
    return strcmp(hex, has->sha256) == 0 ||
           err_set(e, ERR_UNIT, "The secret value '%s' is not the one that the board %s has",
                   want->name, t->mac);
}

static bool take_given_locked(struct taking *t, size_t i, struct err *e)
{
    const struct db_unit_want *const want = want_of(t, i);
    if (!want->text) {
        t->unit->missing = i;
        err_set(e, ERR_UNIT, "The value '%s' was not given for the board %s", want->name, t->mac);
        return err_hint(e, "Scan it, or give it, before the board is put in: --unit %s=VALUE",
                        want->name);
    }
    return copy_text(t, i, want->text, e) && add_value_locked(t, i, want->text, NULL, e);
}

/* The board's or the recipe's own: the record follows when it changes. */
static bool take_known_locked(struct taking *t, size_t i, struct err *e)
{
    const struct has *const has = &t->has[i];
    const struct db_unit_want *const want = want_of(t, i);
    char hex[DB_SHA256_CAP] = "";
    if (want->secret && want->text && !hash_secret(t, want->text, hex, e))
        return false;
    const bool same = has->there && (has->text ? strcmp(has->text, want->text) == 0
                                               : want->secret && strcmp(has->sha256, hex) == 0);
    return same ? copy_text(t, i, want->text, e) : take_given_locked(t, i, e);
}

static bool take_value_locked(struct taking *t, size_t i, struct err *e)
{
    const struct db_unit_want *const want = want_of(t, i);
    if (want->from == DB_UNIT_KNOWN)
        return take_known_locked(t, i, e);
    if (t->has[i].there)
        return keep_value(t, i, e);
    switch (want->from) {
    case DB_UNIT_COUNTER:
        return take_number_locked(t, i, e);
    case DB_UNIT_POOL:
        return read_field(t, i, e) && add_value_locked(t, i, t->unit->texts[i], NULL, e);
    case DB_UNIT_SCAN:
    case DB_UNIT_KNOWN:
        break;
    }
    return take_given_locked(t, i, e);
}

/* ---- The whole unit ---- */

/* The serial stands in the unit's row, which is never changed: it is taken first. */
static bool take_values_locked(struct taking *t, struct err *e)
{
    for (int serials = 1; serials >= 0; serials--) {
        for (size_t i = 0; i < t->supply->want_count; i++) {
            if (want_of(t, i)->serial == (serials == 1) && !take_value_locked(t, i, e))
                return false;
        }
    }
    return true;
}

static bool take_rows_locked(struct taking *t, bool rows_new[static DB_UNIT_POOLS_MAX],
                             struct err *e)
{
    for (size_t pool = 0; pool < t->supply->pool_count; pool++) {
        if (!choose_row_locked(t, pool, &rows_new[pool], e))
            return false;
    }
    return true;
}

/* Rows are chosen first, as values stand in them, and entered once the unit has its row, which the
 * serial begins. */
static bool take_all_locked(struct taking *t, struct err *e)
{
    bool rows_new[DB_UNIT_POOLS_MAX] = { false };
    if (!take_rows_locked(t, rows_new, e) || !take_values_locked(t, e))
        return false;
    for (size_t pool = 0; pool < t->supply->pool_count; pool++) {
        if (rows_new[pool] && !take_row_locked(t, pool, e))
            return false;
    }
    if (t->supply->judge && !t->supply->judge(t->supply->ctx, t->unit, e))
        return false;
    return t->unit_id == 0 || link_unit_locked(t, e);
}

static void begin(struct taking *t)
{
    *t->unit =
        (struct db_unit){ .missing = DB_NO_ROW, .unlent = DB_NO_ROW, .unlent_pool = DB_NO_ROW };
    for (size_t i = 0; i < DB_UNIT_POOLS_MAX; i++)
        t->unit->rows[i] = DB_NO_ROW;
    t->sha = db_sha256_new();
}

static void end(struct taking *t)
{
    for (size_t i = 0; i < DB_UNIT_VALUES_MAX; i++)
        free(t->has[i].text);
    db_sha256_free(&t->sha);
}

static bool run_locked(struct db *db, enum statement which, struct err *e)
{
    struct query q = query_start_locked(db, which);
    return query_run(&q, e);
}

bool unit_take_locked(struct db *db, int64_t run_id, int64_t board_id, const char *mac,
                      int64_t utc_ms, const struct db_unit_supply *supply, struct db_unit *unit,
                      struct err *refusal, struct err *e)
{
    struct err failure = { 0 };
    struct taking t = { .db = db,
                        .run_id = run_id,
                        .board_id = board_id,
                        .utc_ms = utc_ms,
                        .mac = mac,
                        .supply = supply,
                        .unit = unit };
    begin(&t);
    bool ok = run_locked(db, STMT_SAVEPOINT, e);
    if (!ok)
        goto out;
    ok = mark_judge_locked(db, &failure) && read_has_locked(&t, &failure) &&
         read_salt_locked(&t, &failure) && take_all_locked(&t, &failure);
    if (!ok &&
        (failure.code == ERR_UNIT || failure.code == ERR_DUPLICATE || failure.code == ERR_LEASE)) {
        *refusal = failure;
        ok = run_locked(db, STMT_UNDO, e) && (!t.spoilt.name || keep_spoilt_locked(&t, e));
    } else if (!ok) {
        *e = failure;
    }
    ok = ok && run_locked(db, STMT_RELEASE, e);
out:
    end(&t);
    return ok;
}

void db_unit_done(struct db_unit *unit)
{
    for (size_t i = 0; i < DB_UNIT_VALUES_MAX; i++) {
        if (unit->texts[i])
            explicit_bzero(unit->texts[i], strlen(unit->texts[i]));
        free(unit->texts[i]);
        unit->texts[i] = NULL;
    }
}

/* ---- Looking ---- */

/* A secret that nobody gives stays unknown; what is given must be what the board has. */
static bool look_at_value(struct taking *t, size_t i, struct err *e)
{
    const struct db_unit_want *const want = want_of(t, i);
    const struct has *const has = &t->has[i];
    if (has->there && !has->text)
        keep_text(t->unit->secrets[i], DB_UNIT_HEX_CAP, (const unsigned char *)has->sha256);
    if (want->from == DB_UNIT_KNOWN)
        return !want->text || copy_text(t, i, want->text, e);
    return !has->there || keep_value(t, i, e);
}

static bool look_at_values(struct taking *t, struct err *e)
{
    for (size_t i = 0; i < t->supply->want_count; i++) {
        if (!look_at_value(t, i, e))
            return false;
        if (!t->unit->texts[i] && t->has[i].there && want_of(t, i)->from == DB_UNIT_SCAN &&
            t->unit->missing == DB_NO_ROW)
            t->unit->missing = i; /* one that the board has, and can be given again */
    }
    keep_text(t->unit->salt, sizeof t->unit->salt, (const unsigned char *)t->salt);
    return true;
}

bool db_unit_is_secret(const struct db_unit *unit, size_t want, const char *text)
{
    struct db_sha256 sha = db_sha256_new();
    char hex[DB_SHA256_CAP] = "";
    struct err ignored = { 0 };
    db_sha256_again(&sha);
    db_sha256_add_text(&sha, unit->salt);
    db_sha256_add_text(&sha, text);
    const bool ok = db_sha256_hex(&sha, hex, &ignored);
    db_sha256_free(&sha);
    return ok && unit->secrets[want][0] != '\0' && strcmp(hex, unit->secrets[want]) == 0;
}

static bool look_locked(struct taking *t, struct err *e)
{
    bool rows_new[DB_UNIT_POOLS_MAX], has = false;
    struct query q = query_start_locked(t->db, STMT_BOARD_FIND);
    query_text(&q, t->mac);
    if (!query_number(&q, &t->board_id, e) || !read_has_locked(t, e) || !read_salt_locked(t, e))
        return false;
    for (size_t i = 0; i < t->supply->want_count; i++)
        has = has || t->has[i].there;
    if (!has) {
        err_set(e, ERR_UNIT, "The record has no unit for the board %s", t->mac);
        return err_hint(e, "It was flashed elsewhere, or without 'unit' in the recipe.");
    }
    for (size_t pool = 0; pool < t->supply->pool_count; pool++) {
        if (!choose_row_locked(t, pool, &rows_new[pool], e))
            return false;
    }
    return look_at_values(t, e);
}

bool db_unit_look(struct db *db, const char *mac, const struct db_unit_supply *supply,
                  struct db_unit *unit, struct err *e)
{
    char form[DB_MAC_CAP];
    struct taking t = { .db = db, .mac = form, .supply = supply, .unit = unit, .looks = true };
    begin(&t);
    bool ok = db_mac_normalise(mac, form, e) && db_enter(db, e);
    if (ok) {
        ok = look_locked(&t, e);
        db_leave(db);
    }
    end(&t);
    return ok;
}

bool db_unit_check_pool(struct db *db, const char *recipe, const struct db_unit_supply *supply,
                        size_t index,
                        void (*gone)(void *ctx, const char *label, const char *mac,
                                     const char *taken_utc),
                        void *ctx, struct err *e)
{
    int rows = 0;
    if (!db_enter(db, e))
        return false;
    struct query q = query_start_locked(db, STMT_UNIT_ROWS);
    query_text(&q, supply->pools[index]);
    query_text(&q, recipe);
    while ((rows = query_row(&q, e)) > 0) {
        const char *const sha256 = (const char *)sqlite3_column_text(q.statement, 0);
        if (supply->find(supply->ctx, index, sha256) == DB_NO_ROW)
            gone(ctx, (const char *)sqlite3_column_text(q.statement, 1),
                 (const char *)sqlite3_column_text(q.statement, 2),
                 (const char *)sqlite3_column_text(q.statement, 3));
    }
    query_end(&q);
    db_leave(db);
    return rows == 0;
}
