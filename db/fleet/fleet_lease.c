#include "db/fleet/fleet_lease.h"

#include "db/fleet/fleet_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* Another process on the same record may have shown a later link meanwhile. */
#define TRIES 4

static int64_t number_at(const PGresult *r, int row, int column)
{
    return strtoll(PQgetvalue(r, row, column), NULL, 10);
}

static bool is(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

/* ---- Who may ask ---- */

static bool refuse_older(struct err *e)
{
    err_set(e, ERR_WAITING,
            "This record lacks what it had when it last asked the fleet's server: it was restored "
            "from a backup, or copied");
    return err_hint(e, "Put the newest record back. If it is lost, go on with this one: espstation "
                       "fleet join --operator NAME --go-on REASON");
}

/* What it has shown is in it. */
static bool has_told(struct fleet *f, struct outbox *o, int64_t record_id, struct err *e)
{
    char record[PG_NUMBER_CAP], here[FLEET_SHA256_CAP];
    const char *const value = pg_number(record_id, record);
    PGresult *const r =
        pg_ask(f, "SELECT link, sha256 FROM espstation.told WHERE record = $1", &value, 1, e);
    bool ok = r != NULL;
    if (ok && PQntuples(r) > 0) {
        ok = outbox_sha256(o, number_at(r, 0, 0), here, e) &&
             (is(here, PQgetvalue(r, 0, 1)) || refuse_older(e));
    }
    PQclear(r);
    return ok;
}

bool fleet_lease_begin(struct fleet *f, struct outbox *o, const char *station,
                       struct fleet_asker *asker, struct err *e)
{
    struct fleet_state state;
    if (!fleet_look(f, o, station, &state, e))
        return false;
    if (state.relation != FLEET_FITS)
        return fleet_say_relation(&state, station, e);
    asker->record_id = state.record_id;
    return has_told(f, o, state.record_id, e);
}

bool fleet_lease_id(int64_t *id, struct err *e)
{
    uint64_t bits = 0;
    while (bits == 0) {
        if (getrandom(&bits, sizeof bits, 0) != sizeof bits)
            return err_set(e, ERR_STATION, "The kernel gives no random bytes");
        bits >>= 1;
    }
    *id = (int64_t)bits;
    return true;
}

/* ---- Asking ---- */

enum { HEAD_VALUES = 5, VALUES_MAX = 11 };

/* The values of a question: its id, record, process, link and hash in front. */
struct question {
    const char *values[VALUES_MAX];
    char numbers[VALUES_MAX][PG_NUMBER_CAP];
    char sha256[FLEET_SHA256_CAP];
    int count;
};

static void add_text(struct question *q, const char *text)
{
    q->values[q->count++] = text;
}

static void add_number(struct question *q, int64_t number)
{
    q->values[q->count] = pg_number(number, q->numbers[q->count]);
    q->count++;
}

static void begin_question(struct question *q, const struct fleet_asker *asker, int64_t id)
{
    *q = (struct question){ .count = 0 };
    add_number(q, id);
    add_number(q, asker->record_id);
    add_number(q, asker->process);
    q->count = HEAD_VALUES;
}

/* With the end of the record as it is now: only what is committed counts. */
static bool show_end(struct question *q, struct outbox *o, struct err *e)
{
    int64_t link;
    if (!outbox_last(o, &link, e) || !outbox_sha256(o, link, q->sha256, e))
        return false;
    q->values[3] = pg_number(link, q->numbers[3]);
    q->values[4] = q->sha256;
    return true;
}

/* The row that the function answers with, the word of its answer first. NULL: failed. */
static PGresult *ask(struct fleet *f, struct outbox *o, struct question *q, const char *sql,
                     struct err *e)
{
    for (int i = 0; i < TRIES; i++) {
        PGresult *const r = show_end(q, o, e) ? pg_ask(f, sql, q->values, q->count, e) : NULL;
        if (!r || (PQntuples(r) == 1 && !is(PQgetvalue(r, 0, 0), "older")))
            return r;
        PQclear(r);
    }
    refuse_older(e);
    return NULL;
}

static bool refuse_quantity(const char *lot, int64_t here, int64_t there, struct err *e)
{
    err_set(e, ERR_USAGE,
            "Lot %s of the fleet has %" PRId64 " boards by this record, and %" PRId64
            " by the server's book",
            lot, here, there);
    return err_hint(e, "All stations open one lot with one quantity. Open another lot.");
}

/* ---- A board ---- */

static bool refuse_board(const struct fleet_board *b, const PGresult *r, struct err *e)
{
    const char *const answer = PQgetvalue(r, 0, 0), *const other = PQgetvalue(r, 0, 1);
    if (is(answer, "open")) {
        err_set(e, ERR_DUPLICATE,
                "The board %s is being flashed at station %s, or was just before: since %s UTC",
                b->mac, other, PQgetvalue(r, 0, 3));
        return err_hint(e, "Two boards may share a MAC. If that station is gone for good: "
                           "espstation fleet lease list, and fleet lease lost");
    }
    if (is(answer, "passed")) {
        err_set(e, ERR_DUPLICATE, "The board %s has passed at station %s: run %s, %s UTC", b->mac,
                other, PQgetvalue(r, 0, 2), PQgetvalue(r, 0, 3));
        return err_hint(e, "If it is to be flashed again, give --rework --operator NAME --reason "
                           "WHY.");
    }
    err_set(e, ERR_DUPLICATE, "The serial '%.80s' is that of another board at station %s: run %s",
            b->serial, other, PQgetvalue(r, 0, 2));
    return err_hint(e, "No serial goes to two boards. Was a label scanned twice?");
}

static bool take_board(const struct fleet_board *b, const PGresult *r, struct fleet_board_say *say,
                       struct err *e)
{
    const char *const answer = PQgetvalue(r, 0, 0);
    *say = (struct fleet_board_say){ .has_place = is(answer, "ok") };
    if (!PQgetisnull(r, 0, 1))
        snprintf(say->elsewhere, sizeof say->elsewhere, "%.64s, run %s", PQgetvalue(r, 0, 1),
                 PQgetvalue(r, 0, 2));
    if (is(answer, "ok"))
        return true;
    if (is(answer, "quantity"))
        return refuse_quantity(b->lot, b->quantity, number_at(r, 0, 5), e);
    if (!is(answer, "no-place"))
        return refuse_board(b, r, e);
    snprintf(say->no_place, sizeof say->no_place,
             "Lot %.64s has no place left: %s of %s are taken, over all stations", b->lot,
             PQgetvalue(r, 0, 4), PQgetvalue(r, 0, 5));
    return true;
}

bool fleet_ask_board(struct fleet *f, struct outbox *o, const struct fleet_asker *asker,
                     const struct fleet_board *board, struct fleet_board_say *say, struct err *e)
{
    struct question q;
    begin_question(&q, asker, board->id);
    add_text(&q, board->mac);
    add_text(&q, board->rule);
    add_text(&q, board->lot);
    add_number(&q, board->quantity);
    add_text(&q, board->wants_place ? "t" : "f");
    add_text(&q, board->serial);
    PGresult *const r = ask(f, o, &q,
                            "SELECT answer, other, run, at, taken, quantity FROM"
                            " espstation.ask_board($1, $2, $3, $4, $5, $6, $7, $8, $9, $10,"
                            " $11)",
                            e);
    const bool ok = r && take_board(board, r, say, e);
    PQclear(r);
    return ok;
}

/* ---- Leases ---- */

static bool take_places(const struct fleet_places *p, const PGresult *r, int64_t *given,
                        struct err *e)
{
    const char *const answer = PQgetvalue(r, 0, 0);
    *given = number_at(r, 0, 1);
    if (is(answer, "ok"))
        return true;
    if (is(answer, "quantity"))
        return refuse_quantity(p->lot, p->quantity, number_at(r, 0, 3), e);
    err_set(e, ERR_QUOTA, "Lot %s has no place left: %s of %s are taken, over all stations", p->lot,
            PQgetvalue(r, 0, 2), PQgetvalue(r, 0, 3));
    return err_hint(e, "To see who has them: espstation fleet lease list");
}

bool fleet_ask_places(struct fleet *f, struct outbox *o, const struct fleet_asker *asker,
                      const struct fleet_places *places, int64_t *given, struct err *e)
{
    struct question q;
    begin_question(&q, asker, places->id);
    add_text(&q, places->lot);
    add_number(&q, places->quantity);
    add_number(&q, places->places);
    add_number(&q, places->seconds);
    add_text(&q, places->operator_name);
    PGresult *const r = ask(f, o, &q,
                            "SELECT answer, places, taken, quantity FROM espstation.ask_places($1,"
                            " $2, $3, $4, $5, $6, $7, $8, $9, $10)",
                            e);
    const bool ok = r && take_places(places, r, given, e);
    PQclear(r);
    return ok;
}

bool fleet_ask_numbers(struct fleet *f, struct outbox *o, const struct fleet_asker *asker,
                       const struct fleet_numbers *numbers, int64_t *first, int64_t *last,
                       struct err *e)
{
    struct question q;
    begin_question(&q, asker, numbers->id);
    add_text(&q, numbers->counter);
    add_number(&q, numbers->start);
    add_number(&q, numbers->end);
    add_number(&q, numbers->step);
    add_number(&q, numbers->count);
    PGresult *const r = ask(f, o, &q,
                            "SELECT answer, first, last FROM espstation.ask_numbers($1, $2, $3,"
                            " $4, $5, $6, $7, $8, $9, $10)",
                            e);
    bool ok = r != NULL;
    if (ok && !is(PQgetvalue(r, 0, 0), "ok")) {
        ok = err_set(e, ERR_UNIT, "The fleet's counter '%s' has come to its end at %" PRId64,
                     numbers->counter, numbers->end);
        err_hint(e, "Give it a higher end, or another counter, in the recipe.");
    }
    *first = ok ? number_at(r, 0, 1) : 0;
    *last = ok ? number_at(r, 0, 2) : 0;
    PQclear(r);
    return ok;
}

/* An array as PostgreSQL reads it; digests need no quotes. To be freed. */
static char *array_of(char (*sha256)[FLEET_SHA256_CAP], size_t count)
{
    const size_t cap = count * FLEET_SHA256_CAP + 3;
    char *const text = malloc(cap);
    size_t n = 0;
    for (size_t i = 0; text && i < count; i++)
        n += (size_t)snprintf(text + n, cap - n, "%c%.64s", i == 0 ? '{' : ',', sha256[i]);
    if (text)
        snprintf(text + n, cap - n, count == 0 ? "{}" : "}");
    return text;
}

/* The way back. */
static size_t take_array(const char *text, char (*sha256)[FLEET_SHA256_CAP], size_t most)
{
    size_t count = 0;
    for (text += strcspn(text, "0123456789abcdef"); *text != '\0' && count < most; count++) {
        const size_t n = strspn(text, "0123456789abcdef");
        snprintf(sha256[count], FLEET_SHA256_CAP, "%.*s", (int)n, text);
        text += n;
        text += strcspn(text, "0123456789abcdef");
    }
    return count;
}

bool fleet_ask_rows(struct fleet *f, struct outbox *o, const struct fleet_asker *asker,
                    const struct fleet_rows *rows, char (*sha256_given)[FLEET_SHA256_CAP],
                    size_t *given, struct err *e)
{
    struct question q;
    char *const all = array_of(rows->sha256, rows->count);
    *given = 0;
    if (!all)
        return err_set(e, ERR_STATION, "Out of memory for rows of a pool");
    begin_question(&q, asker, rows->id);
    add_text(&q, rows->pool);
    add_text(&q, all);
    add_number(&q, rows->wanted);
    add_number(&q, rows->seconds);
    add_text(&q, rows->operator_name);
    PGresult *const r = ask(f, o, &q,
                            "SELECT answer, rows FROM espstation.ask_rows($1, $2, $3, $4, $5, $6,"
                            " $7, $8, $9, $10)",
                            e);
    if (r && is(PQgetvalue(r, 0, 0), "ok"))
        *given = take_array(PQgetvalue(r, 0, 1), sha256_given, rows->count);
    PQclear(r);
    free(all);
    return r != NULL;
}

bool fleet_give_back(struct fleet *f, const struct fleet_asker *asker, int64_t id, struct err *e)
{
    char record[PG_NUMBER_CAP], number[PG_NUMBER_CAP];
    const char *const values[] = { pg_number(asker->record_id, record), pg_number(id, number) };
    PGresult *const r = pg_ask(f, "SELECT espstation.give_back($1, $2)", values, 2, e);
    PQclear(r);
    return r != NULL;
}

/* ---- Written off ---- */

static bool refuse_lost(int64_t id, const PGresult *r, struct err *e)
{
    const char *const answer = PQgetvalue(r, 0, 0), *const at = PQgetvalue(r, 0, 3);
    if (is(answer, "unknown")) {
        err_set(e, ERR_USAGE, "The server has no lease %" PRId64, id);
        return err_hint(e, "To see them: espstation fleet lease list");
    }
    if (is(answer, "lost"))
        return err_set(e, ERR_USAGE, "Lease %" PRId64 " was written off before, at %s UTC", id, at);
    if (is(answer, "valid")) {
        err_set(e, ERR_USAGE, "Lease %" PRId64 " may still be used by its station, until %s UTC",
                id, at);
        return err_hint(e, "Write it off after that; until then nobody can know what becomes of "
                           "it.");
    }
    if (is(answer, "rows")) {
        err_set(e, ERR_USAGE, "Which of the %s rows of lease %" PRId64 " were used, nobody knows",
                PQgetvalue(r, 0, 1), id);
        return err_hint(e, "Give --used 0 if none was: all are free again. Without it none is.");
    }
    err_set(e, ERR_USAGE, "Lease %" PRId64 " has %s place(s): how many of them were used?", id,
            PQgetvalue(r, 0, 1));
    return err_hint(e, "Give --used N: boards that passed and of which the server does not know.");
}

bool fleet_lease_lost(struct fleet *f, int64_t id, int64_t used, const char *by, const char *reason,
                      const char *host, int64_t *left, struct err *e)
{
    char number[PG_NUMBER_CAP], count[PG_NUMBER_CAP];
    const char *const values[] = { pg_number(id, number), used < 0 ? NULL : pg_number(used, count),
                                   by, reason, host };
    PGresult *const r =
        pg_ask(f, "SELECT answer, places, lot, at FROM espstation.lease_lost($1, $2, $3, $4, $5)",
               values, 5, e);
    const bool ok = r && (is(PQgetvalue(r, 0, 0), "ok") || refuse_lost(id, r, e));
    *left = ok && used >= 0 ? number_at(r, 0, 1) - used : 0;
    PQclear(r);
    return ok;
}

/* ---- The server's book ---- */

static struct fleet_lease_row lease_row(const PGresult *r, int i, const struct fleet_asker *asker)
{
    return (struct fleet_lease_row){
        .id = number_at(r, i, 0),
        .process = number_at(r, i, 1),
        .station = PQgetvalue(r, i, 2),
        .kind = PQgetvalue(r, i, 3),
        .lot = PQgetvalue(r, i, 4),
        .mac = PQgetvalue(r, i, 5),
        .places = number_at(r, i, 6),
        .counter = PQgetvalue(r, i, 7),
        .first = number_at(r, i, 8),
        .last = number_at(r, i, 9),
        .operator_name = PQgetvalue(r, i, 10),
        .made = PQgetvalue(r, i, 11),
        .until = PQgetvalue(r, i, 12),
        .lapsed = is(PQgetvalue(r, i, 13), "t"),
        .lost = !PQgetisnull(r, i, 14),
        .lost_by = PQgetvalue(r, i, 14),
        .old = is(PQgetvalue(r, i, 15), "t"),
        .pool = PQgetvalue(r, i, 16),
        .rows = number_at(r, i, 17),
        .own = asker != NULL,
    };
}

static bool send_quotas(struct fleet *f, const struct fleet_lease_sink *sink, struct err *e)
{
    if (!sink->quota)
        return true;
    PGresult *const r = pg_ask(f,
                               "SELECT q.lot, q.quantity, q.taken FROM espstation.quota AS q"
                               " WHERE q.taken <> q.quantity OR EXISTS (SELECT 1 FROM"
                               " espstation.claim AS c WHERE c.lot = q.lot)"
                               " OR q.opened_utc > now() - interval '30 days' ORDER BY q.lot",
                               NULL, 0, e);
    for (int i = 0; r && i < PQntuples(r); i++) {
        const struct fleet_quota_row row = { PQgetvalue(r, i, 0), number_at(r, i, 1),
                                             number_at(r, i, 2) };
        sink->quota(sink->ctx, &row);
    }
    PQclear(r);
    return r != NULL;
}

/* clang-format off */
#define UTC(column) "to_char(" column " AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS')"

static const char leases_sql[] =
    "SELECT c.id, c.process, s.name, c.kind, c.lot, c.mac, c.places, c.counter, c.first, c.last,"
    " c.operator, " UTC("c.made_utc") ", " UTC("c.until_utc") ", c.until_utc <= now(), c.lost_by,"
    " c.made_utc < now() - interval '10 minutes', c.pool, c.rows FROM espstation.claim AS c"
    " JOIN espstation.record AS o ON o.id = c.record"
    " JOIN espstation.station AS s ON s.id = o.station"
    " WHERE $1::integer IS NULL OR c.record = $1 ORDER BY s.name, c.made_utc";
/* clang-format on */

bool fleet_leases(struct fleet *f, const struct fleet_asker *asker,
                  const struct fleet_lease_sink *sink, struct err *e)
{
    char record[PG_NUMBER_CAP];
    const char *const value = asker ? pg_number(asker->record_id, record) : NULL;
    bool goes_on = true;
    if (!send_quotas(f, sink, e))
        return false;
    PGresult *const r = pg_ask(f, leases_sql, &value, 1, e);
    for (int i = 0; r && goes_on && i < PQntuples(r); i++) {
        const struct fleet_lease_row row = lease_row(r, i, asker);
        goes_on = sink->lease(sink->ctx, &row);
    }
    PQclear(r);
    return r != NULL;
}
