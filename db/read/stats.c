/*
 * Statistics: what is asked of SQLite, and how its rows become numbers.
 *
 * Five statements, `parts` below, each with the group's key as its first column. Without a filter
 * they read covering indexes made for them (tables.c) from one end to the other; with one they look
 * up the runs it lets through in the index of that filter, if these are few. The index is named in
 * the text, because without statistics of its own SQLite cannot know which of two is the shorter
 * way; an index that is missing then is an error, never a slow answer.
 */
#include "db/read/stats.h"

#include "db/export/terms.h"
#include "db/read/stats_priv.h"
#include "db/store/connect.h"
#include "db/store/fail.h"
#include "db/store/handle.h"
#include "db/store/turn.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { STATS_SQL_CAP = 4096 };

struct stats {
    struct db *db;
    enum db_stats_by by;
    struct terms terms;
    const char *index; /* of the filter; NULL: every run */
    struct groups groups, codes;
    struct tally taken_back; /* runs whose PASS a person took back */
    struct tally golden;     /* runs on golden boards: counted nowhere */
    struct group total;
    struct unit unit;
};

/* ---- Rows to numbers; each gets its columns from 1 on ---- */

static const char *text_of(sqlite3_stmt *s, int column)
{
    const char *text = (const char *)sqlite3_column_text(s, column);
    return text ? text : "";
}

static bool is(const char *text, const char *word)
{
    return strcmp(text, word) == 0;
}

static bool add_failure(struct stats *x, struct group *group, const char *code)
{
    const struct group_key key = group_key_of_text(code);
    const struct group *known = groups_take(&x->codes, &key);
    return known && tally_add(&group->code_places, (int64_t)known->place, 1);
}

/* board, lot, verdict, code, duration_ms, id; the runs of a board in a lot one after the other, the
 * first run first. A PASS that was taken back is a failure of its own. */
static bool take_run(struct stats *x, struct group *group, sqlite3_stmt *s)
{
    struct db_stats_row *row = &group->row;
    const int64_t board = sqlite3_column_int64(s, 1);
    const char *verdict = text_of(s, 3), *code = text_of(s, 4);
    const bool taken_back =
        is(verdict, "PASS") && tally_has(&x->taken_back, sqlite3_column_int64(s, 6));
    const bool passed = is(verdict, "PASS") && !taken_back;
    const bool failed = is(verdict, "FAIL") || taken_back;
    const bool refused =
        failed && (is(code, "duplicate") || is(code, "quota") || is(code, "lease"));
    row->passed += passed;
    row->failed += failed;
    row->stopped += is(verdict, "STOPPED");
    row->interrupted += is(verdict, "INTERRUPTED");
    row->refused += refused;
    row->unidentified += failed && !refused && board == 0;
    if (board != 0 && !refused)
        unit_add(&x->unit, group, board, sqlite3_column_int64(s, 2), passed, passed || failed);
    if (failed)
        return add_failure(x, group, taken_back ? DB_CODE_CORRECTED : code);
    return !passed || tally_add(&group->ms, sqlite3_column_int64(s, 5), 1);
}

/* number, duration_ms, bytes_written */
static bool take_pass(struct stats *x, struct group *group, sqlite3_stmt *s)
{
    const int64_t ms = sqlite3_column_int64(s, 2), bytes = sqlite3_column_int64(s, 3);
    (void)x;
    group->row.retried += sqlite3_column_int64(s, 1) > 1;
    if (ms <= 0 || bytes <= 0 || bytes > INT64_MAX / 1000)
        return true;
    return tally_add(&group->bytes_per_s, bytes * 1000 / ms, 1);
}

static bool take_open(struct stats *x, struct group *group, sqlite3_stmt *s)
{
    (void)x;
    group->row.open += sqlite3_column_int64(s, 1);
    return true;
}

static bool take_rate(struct stats *x, struct group *group, sqlite3_stmt *s)
{
    const struct db_stats_rate rate = { .baud_asked = sqlite3_column_int64(s, 1),
                                        .baud = sqlite3_column_int64(s, 2),
                                        .attempts = sqlite3_column_int64(s, 3) };
    (void)x;
    return group_add_rate(group, &rate);
}

static bool take_slower_runs(struct stats *x, struct group *group, sqlite3_stmt *s)
{
    (void)x;
    group->row.slower_runs += sqlite3_column_int64(s, 1);
    return true;
}

/* ---- The statements ---- */

#define SLOWER "(a.baud < a.baud_asked OR a.baud_why = 'stepped-down')"

static const struct part {
    const char *columns;  /* behind the key */
    const char *all;      /* where they are, without a filter */
    const char *bare;     /* ... and without groups; NULL: the same */
    const char *filtered; /* with a filter, whose index stands for the %s, if there is one */
    const char *where, *tail;
    int run_column; /* 0: none */
    bool (*take)(struct stats *x, struct group *group, sqlite3_stmt *s);
} parts[] = {
    { "r.board, r.lot, r.verdict, r.code, r.duration_ms, r.id, r.golden",
      "run AS r INDEXED BY run_stats", NULL, "run AS r INDEXED BY %s", "r.verdict IS NOT NULL",
      " ORDER BY r.board, r.lot, r.id", 6, take_run },
    { "a.number, a.duration_ms, a.bytes_written, a.run",
      "attempt AS a INDEXED BY attempt_passed CROSS JOIN run AS r ON r.id = a.run",
      "attempt AS a INDEXED BY attempt_passed",
      "run AS r INDEXED BY %s CROSS JOIN attempt AS a INDEXED BY attempt_passed ON a.run = r.id",
      "a.code = 'ok'", "", 4, take_pass },
    /* There are only ever a few, so the filter need not find them. */
    { "count(*)", "run AS r INDEXED BY run_verdict", NULL, "run AS r INDEXED BY run_verdict",
      "r.verdict IS NULL AND r.golden IS NULL", " GROUP BY 1", 0, take_open },
    { "a.baud_asked, a.baud, count(*), a.run",
      "attempt AS a INDEXED BY attempt_slower CROSS JOIN run AS r ON r.id = a.run",
      "attempt AS a INDEXED BY attempt_slower",
      "run AS r INDEXED BY %s CROSS JOIN attempt AS a INDEXED BY attempt_slower ON a.run = r.id",
      SLOWER, " GROUP BY 1, 2, 3, 5", 4, take_rate },
    { "1, a.run", "attempt AS a INDEXED BY attempt_slower CROSS JOIN run AS r ON r.id = a.run",
      "attempt AS a INDEXED BY attempt_slower",
      "run AS r INDEXED BY %s CROSS JOIN attempt AS a INDEXED BY attempt_slower ON a.run = r.id",
      SLOWER, " GROUP BY 1, 3", 2, take_slower_runs },
};

static const char *const keys[] = {
    [DB_BY_NOTHING] = "NULL",
    [DB_BY_LOT] = "r.lot",
    [DB_BY_SLOT] = "r.slot",
    [DB_BY_RECIPE] = "r.recipe",
    [DB_BY_CHIP] = "r.seen_chip",
    [DB_BY_DAY] = "r.started_utc", /* cut behind the day, which is faster here than in SQL */
};
enum { DAY_CHARS = 10 };

/* The index of the filter that lets the fewest through, as a rule. */
static const char *index_of(const struct db_filter *f)
{
    if (!f)
        return NULL;
    return f->lot                 ? "run_lot"
           : f->slot != 0         ? "run_slot"
           : f->recipe            ? "run_recipe"
           : f->since || f->until ? "run_started"
                                  : NULL;
}

static void write_sql(const struct stats *x, const struct part *part, char *sql, size_t cap)
{
    char from[256];
    const bool bare = x->by == DB_BY_NOTHING && x->terms.count == 0 && part->bare;
    if (x->index)
        snprintf(from, sizeof from, part->filtered, x->index);
    else
        snprintf(from, sizeof from, "%s", bare ? part->bare : part->all);
    snprintf(sql, cap, "SELECT %s, %s FROM %s%s%s%s%s", keys[x->by], part->columns, from,
             x->terms.sql, x->terms.count == 0 ? " WHERE " : " AND ", part->where, part->tail);
}

static sqlite3_stmt *prepare_plain_locked(const struct stats *x, const char *sql, struct err *e)
{
    sqlite3_stmt *s = NULL;
    if (sqlite3_prepare_v2(x->db->sql, sql, -1, &s, NULL) != SQLITE_OK)
        db_fail(x->db, e);
    return s;
}

/* With the values of the filter. */
static sqlite3_stmt *prepare_locked(const struct stats *x, const char *sql, struct err *e)
{
    sqlite3_stmt *s = prepare_plain_locked(x, sql, e);
    for (int i = 0; s && i < x->terms.count; i++)
        sqlite3_bind_text(s, i + 1, x->terms.text[i], -1, SQLITE_STATIC);
    return s;
}

static struct group_key key_of_text(const struct stats *x, const char *text,
                                    char day[static DAY_CHARS + 1])
{
    if (x->by != DB_BY_DAY)
        return group_key_of_text(text);
    const size_t n = strnlen(text, DAY_CHARS);
    memcpy(day, text, n);
    day[n] = '\0';
    return group_key_of_text(day);
}

static struct group *group_of_row(struct stats *x, sqlite3_stmt *s)
{
    char day[DAY_CHARS + 1];
    struct group_key key = { 0 };
    switch (sqlite3_column_type(s, 0)) {
    case SQLITE_NULL:
        key.is_null = true;
        break;
    case SQLITE_INTEGER:
        key.number = sqlite3_column_int64(s, 0);
        break;
    default:
        key = key_of_text(x, (const char *)sqlite3_column_text(s, 0), day);
    }
    return groups_take(&x->groups, &key);
}

/* The first part meets all runs, and says which are on golden boards; the others come from the
 * indexes of attempts, which do not know. */
static bool note_golden(struct stats *x, const struct part *part, sqlite3_stmt *s)
{
    if (part != parts || sqlite3_column_int(s, 7) == 0)
        return true;
    return tally_add(&x->golden, sqlite3_column_int64(s, part->run_column), 1);
}

static bool is_golden(const struct stats *x, const struct part *part, sqlite3_stmt *s)
{
    return part->run_column != 0 &&
           tally_has(&x->golden, sqlite3_column_int64(s, part->run_column));
}

static bool take_row(struct stats *x, const struct part *part, sqlite3_stmt *s)
{
    if (!note_golden(x, part, s))
        return false;
    if (is_golden(x, part, s))
        return true;
    struct group *group = group_of_row(x, s);
    return group && part->take(x, group, s);
}

static bool read_part_locked(struct stats *x, const struct part *part, struct err *e)
{
    char sql[STATS_SQL_CAP];
    write_sql(x, part, sql, sizeof sql);
    sqlite3_stmt *s = prepare_locked(x, sql, e);
    int rc = SQLITE_ROW;
    bool ok = s;
    while (ok && (rc = sqlite3_step(s)) == SQLITE_ROW) {
        if (!take_row(x, part, s))
            ok = stats_no_memory(e);
    }
    if (ok && rc != SQLITE_DONE)
        ok = db_fail(x->db, e);
    sqlite3_finalize(s);
    unit_end(&x->unit);
    return ok;
}

/* ---- Names ---- */

/* What a lot or a recipe is called; numbers and texts are names themselves. */
static const char *const names[] = {
    [DB_BY_LOT] = "SELECT name FROM lot WHERE id = ?",
    [DB_BY_RECIPE] = "SELECT name || coalesce(' ' || version, '') FROM recipe WHERE id = ?",
    [DB_BY_SLOT] = "SELECT ?",
    [DB_BY_DAY] = NULL,
};

static bool name_by_number_locked(struct stats *x, struct group *group, struct err *e)
{
    sqlite3_stmt *s = prepare_plain_locked(x, names[x->by], e);
    if (!s)
        return false;
    sqlite3_bind_int64(s, 1, group->key.number);
    const int rc = sqlite3_step(s);
    bool ok = rc == SQLITE_ROW || rc == SQLITE_DONE;
    if (!ok)
        db_fail(x->db, e);
    else if (rc == SQLITE_ROW && !group_set_name(group, (const char *)sqlite3_column_text(s, 0)))
        ok = stats_no_memory(e);
    sqlite3_finalize(s);
    return ok;
}

static bool name_groups_locked(struct stats *x, struct err *e)
{
    for (size_t i = 0; i < x->groups.count; i++) {
        struct group *group = x->groups.list[i];
        if (group->key.is_null)
            continue;
        if (!group->key.text ? !name_by_number_locked(x, group, e)
                             : !group_set_name(group, group->key.text) && !stats_no_memory(e))
            return false;
    }
    return true;
}

/* ---- All together ---- */

/* A filter that lets more than a third of all runs through is no shortcut: to look each of them up
 * and sort them by board takes longer than to read the covering indexes from end to end. */
static bool judge_filter_locked(struct stats *x, struct err *e)
{
    char sql[STATS_SQL_CAP];
    if (!x->index)
        return true;
    snprintf(sql, sizeof sql,
             "SELECT count(*) > (SELECT ifnull(max(id), 0) / 3 FROM run) FROM (SELECT 1 FROM run "
             "AS r"
             " INDEXED BY %s%s LIMIT (SELECT ifnull(max(id), 0) / 3 + 1 FROM run))",
             x->index, x->terms.sql);
    sqlite3_stmt *s = prepare_locked(x, sql, e);
    if (!s)
        return false;
    const bool ok = sqlite3_step(s) == SQLITE_ROW || db_fail(x->db, e);
    if (ok && sqlite3_column_int(s, 0) != 0)
        x->index = NULL;
    sqlite3_finalize(s);
    return ok;
}

/* Only a PASS can be corrected, to FAIL and back. The last word counts; notes say none. */
static bool read_corrections_locked(struct stats *x, struct err *e)
{
    int rc = SQLITE_DONE;
    sqlite3_stmt *s = prepare_plain_locked(x,
                                           "SELECT run FROM correction AS k WHERE verdict = 'FAIL' "
                                           "AND NOT EXISTS (SELECT 1 FROM"
                                           " correction AS later WHERE later.run = k.run AND "
                                           "later.id > k.id"
                                           " AND later.verdict IS NOT NULL)",
                                           e);
    bool ok = s;
    while (ok && (rc = sqlite3_step(s)) == SQLITE_ROW)
        ok = tally_add(&x->taken_back, sqlite3_column_int64(s, 0), 1) || stats_no_memory(e);
    if (ok && rc != SQLITE_DONE)
        ok = db_fail(x->db, e);
    sqlite3_finalize(s);
    return ok;
}

static bool read_all_locked(struct stats *x, struct err *e)
{
    if (!judge_filter_locked(x, e) || !read_corrections_locked(x, e))
        return false;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (!read_part_locked(x, &parts[i], e))
            return false;
    }
    return name_groups_locked(x, e);
}

bool db_stats(struct db *reader, enum db_stats_by by, const struct db_filter *filter,
              const struct db_stats_sink *sink, struct err *e)
{
    struct stats x = { .db = reader, .by = by, .index = index_of(filter) };
    bool ok = stats_filter_is_fit(filter, e) && terms_make(&x.terms, filter, e) &&
              db_begin_read(reader, e) && db_finish(reader, read_all_locked(&x, e), e) &&
              db_still_the_same(reader, e) &&
              groups_send(&x.groups, x.by, &x.codes, &x.total, sink, e);
    groups_free(&x.groups);
    groups_free(&x.codes);
    tally_free(&x.taken_back);
    tally_free(&x.golden);
    group_free(&x.total);
    return ok;
}

/* ---- Shares ---- */

static double share(int64_t part, int64_t whole)
{
    return whole > 0 ? (double)part / (double)whole : -1;
}

double db_first_pass_yield(const struct db_stats_row *row)
{
    return share(row->first_pass, row->boards);
}

double db_final_yield(const struct db_stats_row *row)
{
    return share(row->final_pass, row->boards);
}

double db_run_yield(const struct db_stats_row *row)
{
    return share(row->passed, row->passed + row->failed - row->refused);
}
