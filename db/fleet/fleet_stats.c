/*
 * Statistics over the stations of a fleet: from what the server keeps added up
 * (fleet_schema_stats.c) to the groups and numbers of db/read, which are the same for a record.
 *
 * Sums come by cells: a day of a slot with one lot, recipe and chip. Times that are no whole days
 * are asked of the rows themselves. Boards follow from sums and from the runs of those that came
 * more than once: each judged run of a known board is one board, first and last pass in one, and
 * those of boards with several runs are taken out again, and judged one after the other.
 */
#include "db/fleet/fleet_priv.h"
#include "db/fleet/fleet_where.h"
#include "db/read/stats_priv.h"

#include <endian.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { QUESTION_CAP = 16384 };

struct again {
    struct group *group;
    int64_t board, lot, utc_us, record, run;
    bool judged, passed;
};

/* Which group a cell is in, by its id; asked for where single runs name their cells. */
struct cell_groups {
    PGresult *rows;       /* number and name of the group, and the cell's id */
    int *place;           /* of a cell in the rows, + 1; 0: it is not meant */
    struct group **group; /* once it was needed: one without runs is none */
    size_t count;
};

struct question {
    struct fleet *fleet;
    enum db_stats_by by;
    struct fleet_where where;
    struct groups groups, codes;
    struct group total;
    struct unit unit;
    struct again *again; /* runs of boards that came more than once */
    size_t again_count, again_cap;
    struct cell_groups cells;
};

/* ---- What is asked ---- */

/* What a group is known by: a number and a text, of cells x with lots n and recipes q. */
static const struct key {
    const char *number, *text;
} keys[] = {
    [DB_BY_NOTHING] = { "NULL::bigint", "NULL::text" },
    [DB_BY_LOT] = { "nullif(x.lot, 0)::bigint", "n.name" },
    [DB_BY_SLOT] = { "x.slot::bigint", "x.slot::text" },
    [DB_BY_RECIPE] = { "NULL::bigint", "q.name || coalesce(' ' || q.version, '')" },
    [DB_BY_DAY] = { "NULL::bigint", "to_char(x.day, 'YYYY-MM-DD')" },
    [DB_BY_CHIP] = { "NULL::bigint", "nullif(x.chip, '')" },
    [DB_BY_STATION] = { "NULL::bigint", "s.name" },
};

/* Each station has a slot 1. */
static const struct key slot_of_any = { "x.station::bigint * 1000000 + x.slot",
                                        "s.name || '/' || x.slot" };

#define NAMES                                                                                      \
    " JOIN espstation.station AS s ON s.id = x.station"                                            \
    " LEFT JOIN espstation.known_lot AS n ON n.id = x.lot"                                         \
    " LEFT JOIN espstation.known_recipe AS q ON q.id = x.recipe"

/* Writes "SELECT key, COLUMNS FROM SOURCE ..." over cells x of the filter; false: too long. */
static bool write_select(const struct question *x, const char *columns, const char *from,
                         const char *where, const char *tail, char sql[static QUESTION_CAP])
{
    const struct key *const key =
        x->by == DB_BY_SLOT && x->where.station_id == 0 ? &slot_of_any : &keys[x->by];
    const int n = snprintf(sql, QUESTION_CAP, "SELECT %s, %s, %s FROM %s" NAMES " WHERE true%s%s%s",
                           key->number, key->text, columns, from, x->where.cells, where, tail);
    return n < QUESTION_CAP;
}

static bool too_long(struct err *e)
{
    return err_set(e, ERR_USAGE, "What was asked is too long for a statement");
}

/* A query over rows (fleet_priv.h), with these of run and attempt, as a table x. */
static bool write_ends(const struct question *x, const char *query, char *to, size_t cap)
{
    size_t used = (size_t)snprintf(to, cap, "(");
    for (; *query != '\0' && used + 2 < cap; query++) {
        if (*query == '@' || *query == '&')
            used +=
                (size_t)snprintf(to + used, cap - used, "(SELECT * FROM espstation.%s WHERE %s)",
                                 *query == '@' ? "attempt" : "run", x->where.ends);
        else
            to[used++] = *query;
    }
    used += used < cap ? (size_t)snprintf(to + used, cap - used, ") AS x") : 0;
    return used < cap;
}

/* ---- Groups of rows ---- */

static struct group *group_of(struct question *x, bool has_number, int64_t number, const char *text)
{
    struct group_key key = { .is_null = !has_number && !text };
    if (has_number)
        key.number = number;
    else if (text)
        key = group_key_of_text(text);
    struct group *const group = groups_take(&x->groups, &key);
    if (group && !group->name && text && !group_set_name(group, text))
        return NULL;
    return group;
}

static struct group *group_of_result(struct question *x, const PGresult *r, int i)
{
    return group_of(x, !PQgetisnull(r, i, 0), strtoll(PQgetvalue(r, i, 0), NULL, 10),
                    PQgetisnull(r, i, 1) ? NULL : PQgetvalue(r, i, 1));
}

static int64_t number_of(const PGresult *r, int i, int column)
{
    return strtoll(PQgetvalue(r, i, column), NULL, 10);
}

/* Hands each row of a question to `take`; false: no memory left. */
static bool each_row(struct question *x, const char *sql,
                     bool (*take)(struct question *x, struct group *g, const PGresult *r, int i),
                     struct err *e)
{
    PGresult *const r = pg_ask(x->fleet, sql, NULL, 0, e);
    bool ok = r != NULL;
    for (int i = 0; ok && i < PQntuples(r); i++) {
        struct group *const group = group_of_result(x, r, i);
        ok = (group && take(x, group, r, i)) || stats_no_memory(e);
    }
    PQclear(r);
    return ok;
}

/* ---- Cells ---- */

#define CELL_COLUMNS                                                                               \
    "x.passed, x.failed, x.stopped, x.interrupted, x.refused, x.unidentified, x.retried,"          \
    " x.slower_runs, x.ms, x.bytes_per_s"
enum { CELL_SUMS = 8, CELL_FIELDS = 2 + CELL_SUMS + 2, AGAIN_FIELDS = 7 };

/* A field of a binary row; length below 0: NULL. */
struct field {
    const unsigned char *bytes;
    int32_t n;
};

static int64_t big_endian(const unsigned char *bytes, size_t n)
{
    uint64_t value = 0;
    for (size_t i = 0; i < n; i++)
        value = value << 8 | bytes[i];
    return n == 4 ? (int64_t)(int32_t)(uint32_t)value : (int64_t)value;
}

static int64_t field_number(const struct field *f)
{
    return f->n == 8 ? big_endian(f->bytes, 8) : 0;
}

static bool split_row(const unsigned char *row, size_t n, struct field *fields, size_t count)
{
    size_t at = 2;
    if (n < 2 || big_endian(row, 2) != (int64_t)count)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (n - at < 4)
            return false;
        fields[i] = (struct field){ row + at + 4, (int32_t)big_endian(row + at, 4) };
        at += 4;
        if (fields[i].n > 0 && (size_t)fields[i].n > n - at)
            return false;
        at += fields[i].n > 0 ? (size_t)fields[i].n : 0;
    }
    return true;
}

/* The group that the first two fields name. */
static struct group *group_of_fields(struct question *x, const struct field *f)
{
    char *const text = f[1].n >= 0 ? strndup((const char *)f[1].bytes, (size_t)f[1].n) : NULL;
    struct group *const group =
        f[1].n < 0 || text ? group_of(x, f[0].n == 8, field_number(&f[0]), text) : NULL;
    free(text);
    return group;
}

/* Millions of them: whole words, not byte by byte. */
static bool add_times(struct tally *to, const struct field *f)
{
    bool ok = true;
    for (int32_t at = 0; ok && at + 4 <= f->n; at += 4) {
        uint32_t word;
        memcpy(&word, f->bytes + at, 4);
        ok = tally_add(to, (int32_t)be32toh(word), 1);
    }
    return ok;
}

static bool add_rates(struct tally *to, const struct field *f)
{
    bool ok = true;
    for (int32_t at = 0; ok && at + 8 <= f->n; at += 8) {
        uint64_t word;
        memcpy(&word, f->bytes + at, 8);
        ok = tally_add(to, (int64_t)be64toh(word), 1);
    }
    return ok;
}

static bool add_cell(struct group *g, const struct field *fields)
{
    int64_t *const sums[CELL_SUMS] = { &g->row.passed,  &g->row.failed,
                                       &g->row.stopped, &g->row.interrupted,
                                       &g->row.refused, &g->row.unidentified,
                                       &g->row.retried, &g->row.slower_runs };
    for (size_t i = 0; i < CELL_SUMS; i++)
        *sums[i] += field_number(&fields[2 + i]);
    return add_times(&g->ms, &fields[2 + CELL_SUMS]) &&
           add_rates(&g->bytes_per_s, &fields[3 + CELL_SUMS]);
}

static bool take_cell(void *ctx, const unsigned char *row, size_t n, struct err *e)
{
    struct question *const x = ctx;
    struct field f[CELL_FIELDS];
    if (!split_row(row, n, f, CELL_FIELDS))
        return err_set(e, ERR_DATABASE, "PostgreSQL: a row of sums has another form");
    struct group *const group = group_of_fields(x, f);
    return (group && add_cell(group, f)) || stats_no_memory(e);
}

static bool read_cells_from(struct question *x, const char *from, const char *where, struct err *e)
{
    char sql[QUESTION_CAP], copy[QUESTION_CAP + 64];
    /* Group by group: the values of one fit the processor's cache, those of all do not. */
    if (!write_select(x, CELL_COLUMNS, from, where, " ORDER BY 1, 2", sql))
        return too_long(e);
    snprintf(copy, sizeof copy, "COPY (%s) TO STDOUT (FORMAT binary)", sql);
    return pg_copy_out_binary(x->fleet, copy, take_cell, x, e);
}

static bool read_cells(struct question *x, struct err *e)
{
    char from[QUESTION_CAP / 2];
    if (!read_cells_from(x, "espstation.cell AS x", x->where.days, e))
        return false;
    if (!x->where.has_ends)
        return true;
    if (!write_ends(x, fleet_cells_of_runs, from, sizeof from))
        return too_long(e);
    if (!read_cells_from(x, from, "", e))
        return false;
    return write_ends(x, fleet_cells_of_attempts, from, sizeof from)
               ? read_cells_from(x, from, "", e)
               : too_long(e);
}

/* ---- Causes and rates ---- */

static bool add_code(struct question *x, struct group *g, const char *code, int64_t runs)
{
    const struct group_key key = group_key_of_text(code);
    const struct group *const known = groups_take(&x->codes, &key);
    return known && tally_add(&g->code_places, (int64_t)known->place, runs);
}

static bool take_code(struct question *x, struct group *g, const PGresult *r, int i)
{
    return add_code(x, g, PQgetvalue(r, i, 2), number_of(r, i, 3));
}

static bool take_rate(struct question *x, struct group *g, const PGresult *r, int i)
{
    const struct db_stats_rate rate = { .baud_asked = number_of(r, i, 2),
                                        .baud = number_of(r, i, 3),
                                        .attempts = number_of(r, i, 4) };
    (void)x;
    return group_add_rate(g, &rate);
}

static bool read_codes(struct question *x, struct err *e)
{
    char sql[QUESTION_CAP], from[QUESTION_CAP / 2];
    if (!write_select(x, "k.code, sum(k.runs)::bigint",
                      "espstation.cell_code AS k JOIN espstation.cell AS x ON x.id = k.cell",
                      x->where.days, " GROUP BY 1, 2, 3", sql))
        return too_long(e);
    if (!each_row(x, sql, take_code, e))
        return false;
    if (!x->where.has_ends)
        return true;
    return (write_ends(x, fleet_cells_of_runs, from, sizeof from) &&
            write_select(x, "x.code, count(*)", from, " AND x.verdict = 'FAIL'",
                         " GROUP BY 1, 2, 3", sql)) ||
                   too_long(e)
               ? each_row(x, sql, take_code, e)
               : false;
}

static bool read_rates(struct question *x, struct err *e)
{
    char sql[QUESTION_CAP], from[QUESTION_CAP / 2];
    if (!write_select(x, "k.baud_asked, k.baud, sum(k.attempts)::bigint",
                      "espstation.cell_rate AS k JOIN espstation.cell AS x ON x.id = k.cell",
                      x->where.days, " GROUP BY 1, 2, 3, 4", sql))
        return too_long(e);
    if (!each_row(x, sql, take_rate, e))
        return false;
    if (!x->where.has_ends)
        return true;
    return (write_ends(x, fleet_rates_of_attempts, from, sizeof from) &&
            write_select(x, "x.baud_asked, x.baud, sum(x.attempts)::bigint", from, "",
                         " GROUP BY 1, 2, 3, 4", sql)) ||
                   too_long(e)
               ? each_row(x, sql, take_rate, e)
               : false;
}

/* ---- What people took back ---- */

static bool take_back(struct question *x, struct group *g, const PGresult *r, int i)
{
    const int64_t ms = number_of(r, i, 2);
    g->row.passed--;
    g->row.failed++;
    tally_take(&g->ms, ms < INT32_MAX ? ms : INT32_MAX);
    return add_code(x, g, DB_CODE_CORRECTED, 1);
}

static bool read_taken_back(struct question *x, struct err *e)
{
    char sql[QUESTION_CAP];
    return write_select(x, "g.duration_ms",
                        "espstation.corrected AS g JOIN espstation.cell AS x ON x.id = g.cell",
                        x->where.times, " AND g.verdict = 'FAIL'", sql)
               ? each_row(x, sql, take_back, e)
               : too_long(e);
}

/* ---- Boards ---- */

static void count_as_single(struct group *g)
{
    struct db_stats_row *const row = &g->row;
    row->boards += row->passed + row->failed - row->refused - row->unidentified;
    row->first_pass += row->passed;
    row->final_pass += row->passed;
}

/* A million runs would repeat the names of their groups: they name their cells instead. */
static bool read_cell_groups(struct question *x, struct err *e)
{
    char sql[QUESTION_CAP];
    struct cell_groups *const c = &x->cells;
    if (!write_select(x, "x.id", "espstation.cell AS x", "", " ORDER BY x.id", sql))
        return too_long(e);
    c->rows = pg_ask(x->fleet, sql, NULL, 0, e);
    if (!c->rows)
        return false;
    const int rows = PQntuples(c->rows);
    c->count = rows > 0 ? (size_t)number_of(c->rows, rows - 1, 2) + 1 : 1;
    c->place = calloc(c->count, sizeof *c->place);
    c->group = calloc(c->count, sizeof(struct group *));
    if (!c->place || !c->group)
        return stats_no_memory(e);
    for (int i = 0; i < rows; i++)
        c->place[number_of(c->rows, i, 2)] = i + 1;
    return true;
}

/* *group is NULL for a cell that is not meant; false: no memory left. */
static bool group_of_cell(struct question *x, int64_t cell, struct group **group)
{
    struct cell_groups *const c = &x->cells;
    *group = NULL;
    if (cell < 0 || (size_t)cell >= c->count || c->place[cell] == 0)
        return true;
    if (!c->group[cell])
        c->group[cell] = group_of_result(x, c->rows, c->place[cell] - 1);
    *group = c->group[cell];
    return *group != NULL;
}

static bool make_room_for_again(struct question *x)
{
    if (x->again_count < x->again_cap)
        return true;
    const size_t cap = x->again_cap == 0 ? 1024 : 2 * x->again_cap;
    struct again *const more = realloc(x->again, cap * sizeof *more);
    if (!more)
        return false;
    x->again = more;
    x->again_cap = cap;
    return true;
}

/* Cell, board, lot, time, record, run, and what it came to. */
static bool take_again(void *ctx, const unsigned char *row, size_t n, struct err *e)
{
    struct question *const x = ctx;
    struct field f[AGAIN_FIELDS];
    struct group *group;
    if (!split_row(row, n, f, AGAIN_FIELDS))
        return err_set(e, ERR_DATABASE, "PostgreSQL: a run has another form");
    if (!group_of_cell(x, field_number(&f[0]), &group) || !make_room_for_again(x))
        return stats_no_memory(e);
    if (!group)
        return true;
    const int64_t came_to = field_number(&f[6]);
    x->again[x->again_count++] = (struct again){ .group = group,
                                                 .board = field_number(&f[1]),
                                                 .lot = field_number(&f[2]),
                                                 .utc_us = field_number(&f[3]),
                                                 .record = field_number(&f[4]),
                                                 .run = field_number(&f[5]),
                                                 .judged = came_to > 0,
                                                 .passed = came_to > 1 };
    return true;
}

static int compare(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

/* The server would sort longer: it has to write down each step. */
static int by_board_and_time(const void *a, const void *b)
{
    const struct again *const x = a, *const y = b;
    int order = compare(x->board, y->board);
    order = order ? order : compare(x->lot, y->lot);
    order = order ? order : compare(x->utc_us, y->utc_us);
    order = order ? order : compare(x->record, y->record);
    return order ? order : compare(x->run, y->run);
}

static void judge_again(struct question *x)
{
    if (x->again_count > 0)
        qsort(x->again, x->again_count, sizeof *x->again, by_board_and_time);
    for (size_t i = 0; i < x->again_count; i++) {
        const struct again *const run = &x->again[i];
        run->group->row.boards -= run->judged;
        run->group->row.first_pass -= run->passed;
        run->group->row.final_pass -= run->passed;
        /* No board is 0, and the unit takes 0 for none. */
        unit_add(&x->unit, run->group, run->board + 1, run->lot, run->passed, run->judged);
    }
    unit_end(&x->unit);
}

/* Times come as PostgreSQL has them, in microseconds: they are compared with each other alone. */
static bool read_again(struct question *x, struct err *e)
{
    char sql[QUESTION_CAP];
    const int n = snprintf(
        sql, sizeof sql,
        "COPY (SELECT g.cell::bigint, g.mac, g.lot::bigint, g.run_utc, g.record::bigint, g.run,"
        " CASE WHEN g.verdict = '-' THEN 0::bigint WHEN g.verdict = 'P' AND k.run IS NULL THEN 2"
        " ELSE 1 END FROM espstation.again AS g LEFT JOIN espstation.corrected AS k"
        " ON k.record = g.record AND k.run = g.run AND k.verdict = 'FAIL' WHERE %s%s%s%s)"
        " TO STDOUT (FORMAT binary)",
        x->where.cells[0] ? "g.cell IN (SELECT x.id FROM espstation.cell AS x WHERE true" : "true",
        x->where.cells, x->where.cells[0] ? ")" : "", x->where.times);
    if (n >= QUESTION_CAP)
        return too_long(e);
    if (!read_cell_groups(x, e) || !pg_copy_out_binary(x->fleet, sql, take_again, x, e))
        return false;
    judge_again(x);
    return true;
}

/* ---- All together ---- */

static bool read_all(struct question *x, struct err *e)
{
    if (!read_cells(x, e) || !read_codes(x, e) || !read_rates(x, e) || !read_taken_back(x, e))
        return false;
    for (size_t i = 0; i < x->groups.count; i++)
        count_as_single(x->groups.list[i]);
    return read_again(x, e);
}

/* In one state of the server. Compiling what is asked would take longer than answering. */
static bool read_held(struct question *x, struct err *e)
{
    if (!pg_run(x->fleet,
                "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL jit = off;"
                "SET LOCAL work_mem = '128MB'",
                e))
        return false;
    const bool ok = read_all(x, e);
    pg_roll_back(x->fleet);
    return ok;
}

bool fleet_stats(struct fleet *f, const char *station, enum db_stats_by by,
                 const struct db_filter *filter, const struct db_stats_sink *sink, struct err *e)
{
    struct question x = { .fleet = f, .by = by };
    const bool ok = stats_filter_is_fit(filter, e) &&
                    fleet_where_make(f, station, filter, &x.where, e) && read_held(&x, e) &&
                    groups_send(&x.groups, x.by, &x.codes, &x.total, sink, e);
    groups_free(&x.groups);
    groups_free(&x.codes);
    group_free(&x.total);
    free(x.again);
    PQclear(x.cells.rows);
    free(x.cells.place);
    free(x.cells.group);
    return ok;
}
