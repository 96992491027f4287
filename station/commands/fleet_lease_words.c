/* espstation fleet lease: what the server has lent, taken, given back, written off. */
#include "station/cli/actions.h"
#include "station/commands/fleet_command.h"

#include "core/base/clock.h"
#include "db/fleet/fleet_lease.h"
#include "db/write/act.h"
#include "db/write/lease.h"
#include "station/attempt/job.h"
#include "station/base/json.h"
#include "station/cli/cmd.h"
#include "station/cli/person.h"
#include "station/line/record.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HOURS_MOST 744.0 /* a month */
#define HOURS      "12"

/* ---- Words ---- */

static bool parse_count(const char *option, const char *text, int64_t least, int64_t *count,
                        struct err *e)
{
    char *end;
    const long long n = strtoll(text, &end, 10);
    if (end != text && *end == '\0' && n >= least && n <= 100000000) {
        *count = n;
        return true;
    }
    err_set(e, ERR_USAGE, "%s: '%.40s' is no number", option, text);
    return err_hint(e, "Give a whole number from %" PRId64 " to 100000000.", least);
}

static bool parse_hours(const char *text, int64_t *seconds, struct err *e)
{
    char *end;
    const double hours = strtod(text, &end);
    if (end != text && *end == '\0' && hours > 0 && hours <= HOURS_MOST && hours * 3600 >= 1) {
        *seconds = (int64_t)(hours * 3600);
        return true;
    }
    err_set(e, ERR_USAGE, "--hours: '%.40s' is no time", text);
    return err_hint(e, "Give hours, 0.5 or 12 for example, %g at most.", HOURS_MOST);
}

static bool parse_lease(const char *text, int64_t *id, struct err *e)
{
    char *end;
    const long long n = text ? strtoll(text, &end, 10) : 0;
    if (text && end != text && *end == '\0' && n > 0) {
        *id = n;
        return true;
    }
    err_set(e, ERR_USAGE, text ? "'%.40s' is no lease" : "Which lease is not said%s",
            text ? text : "");
    return err_hint(e, "Give its number, as it stands in: espstation fleet lease list");
}

/* ---- take ---- */

struct taking {
    struct fleet_command *command;
    struct db *db;
    struct fleet_asker asker; /* of a command: process 0 */
    const char *who;
    int64_t numbers;  /* or rows */
    int64_t seconds;  /* of rows */
    const char *pool; /* of which rows were taken, */
    int64_t given;    /* ...so many */
};

static bool find_lot(struct taking *t, struct fleet_places *p, struct err *e)
{
    char name[DB_LOT_CAP];
    int64_t id = 0;
    bool of_fleet = false;
    p->lot = t->command->options->lot;
    if (!db_lot_find(t->db, p->lot, &id, e))
        return false;
    if (id != 0 && !db_lot_is_fleets(t->db, id, name, &p->quantity, &of_fleet, e))
        return false;
    if (of_fleet)
        return true;
    err_set(e, ERR_USAGE, id ? "Lot %s is one of this record alone" : "The record has no lot %s",
            p->lot);
    return err_hint(e, "Open one of the fleet: espstation lot open NAME --quantity N --fleet");
}

static bool enter_places(struct taking *t, const struct fleet_places *p, int64_t given,
                         const struct db_lease_clock *asked, struct err *e)
{
    char until[DB_UTC_CAP];
    struct err ignored = { 0 };
    const struct db_lease_places lease = { .number = p->id,
                                           .lot = p->lot,
                                           .places = given,
                                           .asked = asked,
                                           .seconds = p->seconds,
                                           .operator_name = t->who };
    if (!db_lease_add_places(t->db, &lease, e)) {
        fleet_give_back(t->command->fleet, &t->asker, p->id, &ignored);
        return false;
    }
    db_utc_text(asked->utc_ms + p->seconds * 1000, until);
    cmd_tell("Lease %" PRId64 ": %" PRId64
             " place%s in lot %s for station %s, until shortly before "
             "%s or the next start of this computer.%s",
             p->id, given, given == 1 ? "" : "s", p->lot, t->command->station->name, until,
             given < p->places ? " No more were left." : "");
    return true;
}

static bool take_places(struct taking *t, struct err *e)
{
    const struct fleet_options *const o = t->command->options;
    struct fleet_places p = { .operator_name = t->who };
    struct db_lease_clock asked;
    int64_t given;
    if (!o->places)
        return err_set(e, ERR_USAGE, "How many places are wanted is not said: --places N");
    /* The clocks are read before it is asked for: here it lapses first. */
    return parse_count("--places", o->places, 1, &p.places, e) &&
           parse_hours(o->hours ? o->hours : HOURS, &p.seconds, e) && find_lot(t, &p, e) &&
           fleet_lease_id(&p.id, e) && db_lease_now(&asked, e) &&
           fleet_ask_places(t->command->fleet, t->command->outbox, &t->asker, &p, &given, e) &&
           enter_places(t, &p, given, &asked, e);
}

static bool take_numbers_of(void *ctx, const struct db_unit_want *want, struct err *e)
{
    struct taking *const t = ctx;
    struct fleet_numbers n = { .counter = want->counter,
                               .start = want->start,
                               .end = want->end,
                               .step = want->step,
                               .count = t->numbers };
    struct db_lease_numbers lease = { .counter = want->counter,
                                      .step = want->step,
                                      .utc_ms = clock_system.utc_ms(&clock_system) };
    if (!fleet_lease_id(&n.id, e) ||
        !fleet_ask_numbers(t->command->fleet, t->command->outbox, &t->asker, &n, &lease.first,
                           &lease.last, e))
        return false;
    lease.number = n.id;
    if (!db_lease_add_numbers(t->db, &lease, e))
        return false;
    cmd_tell("Lease %" PRId64 ": numbers %" PRId64 " to %" PRId64 " of counter %s for station %s.",
             lease.number, lease.first, lease.last, want->counter, t->command->station->name);
    t->who = NULL; /* there was one */
    return true;
}

static bool take_numbers(struct taking *t, struct err *e)
{
    const struct fleet_options *const o = t->command->options;
    if (!o->recipe)
        return err_set(e, ERR_USAGE, "Of which counters is not said: --recipe FILE");
    if (!parse_count("--numbers", o->numbers, 1, &t->numbers, e))
        return false;
    struct job *const job = cmd_load_job(o->recipe, o->stubs, e);
    if (!job)
        return false;
    bool ok = record_fleet_counters(job, &clock_system, take_numbers_of, t, e);
    if (ok && t->who)
        ok = err_set(e, ERR_USAGE, "The recipe %s has no counter of the fleet", o->recipe) ||
             err_hint(e, "One has fleet: true. See: docs/fleet.md");
    job_free(job);
    return ok;
}

static bool enter_rows(struct taking *t, const struct fleet_rows *r, size_t given,
                       const struct db_lease_clock *asked, struct err *e)
{
    char until[DB_UTC_CAP];
    struct err ignored = { 0 };
    const struct db_lease_rows lease = { .number = r->id,
                                         .pool = r->pool,
                                         .sha256 = r->sha256,
                                         .count = given,
                                         .asked = asked,
                                         .seconds = r->seconds,
                                         .operator_name = t->who };
    if (!db_lease_add_rows(t->db, &lease, e)) {
        fleet_give_back(t->command->fleet, &t->asker, r->id, &ignored);
        return false;
    }
    t->given += (int64_t)given;
    db_utc_text(asked->utc_ms + r->seconds * 1000, until);
    cmd_tell("Lease %" PRId64 ": %zu row%s of pool %s for station %s, until shortly before %s or "
             "the next start of this computer.",
             r->id, given, given == 1 ? "" : "s", r->pool, t->command->station->name, until);
    return true;
}

/* Of those that are offered, a part of the pool's; with the next ones where they are not enough.
 * False: they are, or *e. */
static bool take_rows_of(void *ctx, const struct record_rows *rows, struct err *e)
{
    struct taking *const t = ctx;
    char given[RECORD_ROWS_MOST][DB_UNIT_HEX_CAP];
    struct db_lease_clock asked;
    size_t count;
    if (t->pool != rows->pool)
        t->given = 0;
    t->pool = rows->pool;
    struct fleet_rows r = { .pool = rows->pool,
                            .operator_name = t->who,
                            .sha256 = rows->sha256,
                            .count = rows->count,
                            .wanted = t->numbers - t->given,
                            .seconds = t->seconds };
    /* The clocks are read before it is asked for: here it lapses first. */
    if (!fleet_lease_id(&r.id, e) || !db_lease_now(&asked, e) ||
        !fleet_ask_rows(t->command->fleet, t->command->outbox, &t->asker, &r, given, &count, e))
        return false;
    r.sha256 = given;
    return (count == 0 || enter_rows(t, &r, count, &asked, e)) && t->given < t->numbers;
}

static bool take_rows(struct taking *t, struct err *e)
{
    const struct fleet_options *const o = t->command->options;
    if (!o->recipe)
        return err_set(e, ERR_USAGE, "Of which pools is not said: --recipe FILE");
    if (!parse_count("--rows", o->rows, 1, &t->numbers, e) ||
        !parse_hours(o->hours ? o->hours : HOURS, &t->seconds, e))
        return false;
    struct job *const job = cmd_load_job(o->recipe, o->stubs, e);
    if (!job)
        return false;
    bool ok = record_fleet_pools(job, &clock_system, take_rows_of, t, e);
    if (ok && !t->pool) {
        ok = err_set(e, ERR_USAGE, "The recipe %s has no pool of the fleet", o->recipe);
        err_hint(e, "One has fleet: true. See: docs/fleet.md");
    } else if (ok && t->given == 0) {
        ok = err_set(e, ERR_QUOTA, "The pool '%s' has nothing left, over all stations", t->pool);
        err_hint(e, "To see who has its rows: espstation fleet lease list");
    }
    job_free(job);
    return ok;
}

static bool take_as(struct fleet_command *c, const struct actor *who, struct err *e)
{
    struct taking t = { .command = c, .who = who->name };
    const struct fleet_options *const o = c->options;
    if ((o->lot != NULL) + (o->numbers != NULL) + (o->rows != NULL) != 1) {
        err_set(e, ERR_USAGE,
                "Wanted are places of a lot, numbers of a recipe's counters, or rows "
                "of its pools");
        return err_hint(e, "--lot NAME --places N [--hours H], --recipe FILE --numbers N, or "
                           "--recipe FILE --rows N [--hours H]");
    }
    t.db = db_open_existing(o->db_path, DB_BUSY_MS, e);
    const bool ok = t.db && fleet_connect_station(c, e) &&
                    fleet_lease_begin(c->fleet, c->outbox, c->station->name, &t.asker, e) &&
                    (o->lot    ? take_places(&t, e)
                     : o->rows ? take_rows(&t, e)
                               : take_numbers(&t, e));
    db_close(t.db);
    return ok;
}

static bool take(struct fleet_command *c, struct err *e)
{
    struct actor who;
    return person_is_engineer(c->options->station_path, c->options->operator_name,
                              "take a lease for a station", &who, e) &&
           take_as(c, &who, e);
}

/* ---- return ---- */

/* The record has it; the server gets it now, or with the next that is sent. */
static void send_return(struct fleet_command *c)
{
    struct err failure = { 0 };
    char twice[8];
    int64_t sent, mark;
    if (fleet_connect_station(c, &failure) &&
        fleet_send_all(c, &sent, &mark, twice, sizeof twice, &failure)) {
        printf("The server has them back.\n");
        return;
    }
    printf("The server gets them back when it can be reached: espstation fleet send; line and run "
           "do so by themselves.\n");
    cmd_print_err(&failure);
}

static bool give_back(struct fleet_command *c, struct err *e)
{
    const struct fleet_options *const o = c->options;
    int64_t id = 0, left = 0;
    if (!o->lot && !o->pool && !parse_lease(o->args[1], &id, e))
        return false;
    struct db *const db = db_open_existing(o->db_path, DB_BUSY_MS, e);
    const bool ok = db && db_lease_return(db, o->lot, o->pool, id, &left, e);
    db_close(db);
    if (!ok)
        return false;
    if (o->pool || o->lot)
        cmd_tell("%" PRId64 " %s%s given back.", left, o->pool ? "row" : "place",
                 left == 1 ? " is" : "s are");
    else
        cmd_tell("%" PRId64 " of lease %" PRId64 " %s given back.", left, id,
                 left == 1 ? "is" : "are");
    send_return(c);
    return true;
}

/* ---- list ---- */

static void say_here(const struct db_lease_row *l)
{
    const char *const until = l->valid ? "until " : "lapsed: ";
    switch (l->kind) {
    case DB_LEASE_PLACES:
        cmd_tell("here: lease %" PRId64 ": %" PRId64 " of %" PRId64
                 " places in lot %s used, %" PRId64 " being flashed, %s%s",
                 l->number, l->used, l->places, l->lot, l->held, until, l->until_utc);
        break;
    case DB_LEASE_ROWS:
        cmd_tell("here: lease %" PRId64 ": %" PRId64 " of %" PRId64 " rows of pool %s used, %s%s",
                 l->number, l->used, l->rows, l->pool, until, l->until_utc);
        break;
    case DB_LEASE_NUMBERS:
        cmd_tell("here: lease %" PRId64 ": numbers %" PRId64 " to %" PRId64
                 " of counter %s, %" PRId64 " used",
                 l->number, l->first, l->last, l->counter, l->used);
        break;
    }
}

static bool print_here(void *ctx, const struct db_lease_row *l)
{
    const struct fleet_command *const c = ctx;
    struct json_object o;
    if (!c->options->json) {
        say_here(l);
        return true;
    }
    json_begin(&o, stdout);
    json_text(&o, "where", "record");
    json_integer(&o, "lease", l->number);
    json_text(&o, "kind", db_lease_words[l->kind]);
    json_text(&o, "lot", l->lot);
    json_integer(&o, "places", l->places);
    json_text(&o, "counter", l->counter);
    json_integer(&o, "first", l->first);
    json_integer(&o, "last", l->last);
    json_text(&o, "pool", l->pool);
    json_integer(&o, "rows", l->rows);
    json_integer(&o, "used", l->used);
    json_integer(&o, "held", l->held);
    json_integer(&o, "valid", l->valid);
    json_text(&o, "until_utc", l->until_utc);
    json_end(&o);
    return true;
}

static bool list_here(struct fleet_command *c, struct err *e)
{
    const struct db_lease_sink sink = { c, print_here };
    if (access(c->options->db_path, F_OK) != 0)
        return true;
    struct db *const db = db_open_existing(c->options->db_path, DB_BUSY_MS, e);
    const bool ok = db && db_leases(db, false, &sink, e);
    db_close(db);
    return ok;
}

static void print_quota(void *ctx, const struct fleet_quota_row *q)
{
    const struct fleet_command *const c = ctx;
    struct json_object o;
    if (!c->options->json) {
        cmd_tell("lot %s: %" PRId64 " of %" PRId64 " places are taken%s", q->lot, q->taken,
                 q->quantity, q->taken > q->quantity ? ": TOO MANY" : "");
        return;
    }
    json_begin(&o, stdout);
    json_text(&o, "where", "server");
    json_text(&o, "lot", q->lot);
    json_integer(&o, "quantity", q->quantity);
    json_integer(&o, "taken", q->taken);
    json_end(&o);
}

static void print_lease_json(const struct fleet_lease_row *l)
{
    struct json_object o;
    json_begin(&o, stdout);
    json_text(&o, "where", "server");
    json_integer(&o, "lease", l->id);
    json_text(&o, "station", l->station);
    json_text(&o, "kind", l->kind);
    json_text(&o, "lot", l->lot);
    json_integer(&o, "places", l->places);
    json_text(&o, "mac", l->mac);
    json_text(&o, "counter", l->counter);
    json_integer(&o, "first", l->first);
    json_integer(&o, "last", l->last);
    json_text(&o, "pool", l->pool);
    json_integer(&o, "rows", l->rows);
    json_text(&o, "operator", l->operator_name);
    json_text(&o, "taken_utc", l->made);
    json_text(&o, "until_utc", l->until);
    json_integer(&o, "lapsed", l->lapsed);
    json_integer(&o, "lost", l->lost);
    json_end(&o);
}

static bool print_lease(void *ctx, const struct fleet_lease_row *l)
{
    const struct fleet_command *const c = ctx;
    char lost[160] = "";
    if (l->lost)
        snprintf(lost, sizeof lost, ", written off by %.64s", l->lost_by);
    if (c->options->json)
        print_lease_json(l);
    else if (strcmp(l->kind, "places") == 0)
        cmd_tell("station %s: lease %" PRId64 ": %" PRId64 " places in lot %s, %s%s UTC%s",
                 l->station, l->id, l->places, l->lot, l->lapsed ? "lapsed " : "until ", l->until,
                 lost);
    else if (strcmp(l->kind, "rows") == 0)
        cmd_tell("station %s: lease %" PRId64 ": %" PRId64 " rows of pool %s, %s%s UTC%s",
                 l->station, l->id, l->rows, l->pool, l->lapsed ? "lapsed " : "until ", l->until,
                 lost);
    else if (strcmp(l->kind, "numbers") == 0)
        cmd_tell("station %s: lease %" PRId64 ": numbers %" PRId64 " to %" PRId64
                 " of counter %s%s",
                 l->station, l->id, l->first, l->last, l->counter, lost);
    else
        cmd_tell("station %s: lease %" PRId64 ": board %s%s%s since %s UTC%s", l->station, l->id,
                 l->mac[0] ? l->mac : "not known yet", l->lot[0] ? " in lot " : "", l->lot, l->made,
                 lost);
    return true;
}

static bool list(struct fleet_command *c, struct err *e)
{
    const struct fleet_lease_sink sink = { c, print_lease, print_quota };
    return list_here(c, e) && fleet_connect_server(c, e) && fleet_is_current(c->fleet, e) &&
           fleet_leases(c->fleet, NULL, &sink, e);
}

/* ---- lost ---- */

static bool write_off(struct fleet_command *c, const struct actor *who, struct err *e)
{
    const struct fleet_options *const o = c->options;
    struct db_station here;
    int64_t id, used = -1, left;
    char text[96];
    if (!parse_lease(o->args[1], &id, e) ||
        (o->used && !parse_count("--used", o->used, 0, &used, e)) || !db_station_here(&here, e) ||
        !fleet_connect_server(c, e) || !fleet_is_current(c->fleet, e) ||
        !fleet_lease_lost(c->fleet, id, used, who->name, o->reason, here.host, &left, e))
        return false;
    snprintf(text, sizeof text, "lease %" PRId64 ", used %" PRId64, id, used < 0 ? 0 : used);
    cmd_tell("Lease %" PRId64 " is written off; %" PRId64 " place%s free again.", id, left,
             left == 1 ? " is" : "s are");
    return person_record(o->station_path, who, "lease-lost", text, e);
}

static bool lost(struct fleet_command *c, struct err *e)
{
    struct actor who;
    if (!c->options->reason || c->options->reason[strspn(c->options->reason, " ")] == '\0') {
        err_set(e, ERR_USAGE, "Writing off a lease needs a reason");
        return err_hint(e, "Give --reason WHY: what became of the station, and of its boards.");
    }
    return person_is_engineer(c->options->station_path, c->options->operator_name,
                              "write off a lease", &who, e) &&
           write_off(c, &who, e);
}

/* ---- The word ---- */

bool fleet_lease(struct fleet_command *c, struct err *e)
{
    static const struct action {
        struct action_word word;
        bool (*run)(struct fleet_command *c, struct err *e);
    } actions[] = { { { "take", 0, NULL }, take },
                    { { "return", 1, NULL }, give_back },
                    { { "list", 0, NULL }, list },
                    { { "lost", 1, "the number of a lease" }, lost } };
    const char *const *const args = c->options->args;
    const size_t count = args[1] ? 2 : args[0] ? 1 : 0;
    const struct action *const action = ACTION_OF("fleet lease", actions, args, count, e);
    return action && action->run(c, e);
}
