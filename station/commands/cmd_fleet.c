/* espstation fleet: the company's PostgreSQL, which has what the records of its stations have. */
#include "station/cli/actions.h"
#include "station/cli/option_rows.h"

#include "core/base/clock.h"
#include "db/write/act.h"
#include "db/write/lease.h"
#include "station/base/json.h"
#include "station/cli/person.h"
#include "station/commands/fleet_command.h"
#include "station/fleet/fleet_proof.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- Setting up ---- */

bool fleet_connect_server(struct fleet_command *c, struct err *e)
{
    const bool ok = fleet_reach_open(&c->reach, c->options->station_path, c->options->server, e);
    c->station = c->reach.station;
    c->fleet = c->reach.fleet;
    return ok;
}

static bool has_station(const struct fleet_command *c, struct err *e)
{
    if (c->station)
        return true;
    err_set(e, ERR_USAGE,
            "A station of a fleet has its name from its station file, and there is "
            "none");
    return err_hint(e, "Give it with --station. See: espstation station --help");
}

static bool open_outbox(struct fleet_command *c, struct err *e)
{
    c->outbox = outbox_open(c->options->db_path, e);
    return c->outbox != NULL;
}

bool fleet_connect_station(struct fleet_command *c, struct err *e)
{
    return fleet_connect_server(c, e) && has_station(c, e) && open_outbox(c, e) &&
           fleet_is_current(c->fleet, e);
}

static void tear_down(struct fleet_command *c)
{
    outbox_close(c->outbox);
    fleet_reach_close(&c->reach);
}

/* ---- init ---- */

static bool init(struct fleet_command *c, struct err *e)
{
    int before;
    if (!fleet_connect_server(c, e) || !fleet_init(c->fleet, ESPSTATION_VERSION, &before, e))
        return false;
    if (before == FLEET_VERSION)
        printf("The server's tables are of version %d, as before; rights were given anew.\n",
               FLEET_VERSION);
    else if (before == 0)
        printf("The server has its tables now, version %d. Stations need the role "
               "espstation_station, readers espstation_reader: docs/fleet.md\n",
               FLEET_VERSION);
    else
        printf("The server's tables were brought from version %d to %d.\n", before, FLEET_VERSION);
    return true;
}

/* ---- join ---- */

static bool record_joining(struct fleet_command *c, const struct actor *who,
                           const struct db_station *here, struct err *e)
{
    struct db_act act = person_act(who, "fleet-join", here);
    act.text = c->station->name;
    act.reason = c->options->go_on;
    struct db *const db = db_open(c->options->db_path, DB_BUSY_MS, e);
    const bool ok = db && db_act_add(db, &act, e);
    db_close(db);
    return ok;
}

/* What records are known by is their first link: one that has none yet gets it from this act.
 * *begun: it did. */
static bool begin_record(struct fleet_command *c, const struct actor *who,
                         const struct db_station *here, bool *begun, struct err *e)
{
    int64_t last = 0;
    struct db *const db = db_open(c->options->db_path, DB_BUSY_MS, e);
    db_close(db);
    if (!db || !open_outbox(c, e) || !outbox_last(c->outbox, &last, e))
        return false;
    *begun = last == 0;
    return !*begun || record_joining(c, who, here, e);
}

static void tell_joined(const struct fleet_command *c, const struct fleet_state *s, bool joined)
{
    if (!joined)
        cmd_tell("The server knows station '%s' with this record already.", c->station->name);
    else if (c->options->go_on)
        cmd_tell("Station '%s' goes on with this record behind link %" PRId64 ". What the server "
                 "has beyond it stays there.",
                 c->station->name, s->common > s->other_common ? s->common : s->other_common);
    else
        cmd_tell("The server knows station '%s' now. To send what its record has: espstation fleet "
                 "send; line and run do so by themselves.",
                 c->station->name);
}

static bool give_leases_up(struct fleet_command *c, struct err *e)
{
    int64_t ended = 0;
    struct fleet_state state;
    if (!fleet_look(c->fleet, c->outbox, c->station->name, &state, e))
        return false;
    if (state.relation == FLEET_FITS || (state.relation == FLEET_UNKNOWN && state.other_id == 0))
        return true; /* nothing is to be decided */
    struct db *const db = db_open_existing(c->options->db_path, DB_BUSY_MS, e);
    const bool ok = db && db_lease_give_up(db, &ended, e);
    db_close(db);
    if (ok && ended > 0)
        cmd_tell("%" PRId64
                 " lease%s of this record ended: it may lack what was used of them. See: "
                 "espstation fleet lease list, and fleet lease lost",
                 ended, ended == 1 ? " is" : "s are");
    return ok;
}

static bool join_as(struct fleet_command *c, const struct actor *who, struct err *e)
{
    struct db_station here;
    struct fleet_state state;
    bool begun, joined;
    if (!fleet_connect_server(c, e) || !has_station(c, e) || !fleet_is_current(c->fleet, e) ||
        !db_station_here(&here, e) || !begin_record(c, who, &here, &begun, e))
        return false;
    /* Before the server knows of it: what it has lent may have been used meanwhile. */
    if (c->options->go_on && !give_leases_up(c, e))
        return false;
    const struct fleet_join setup = { .station = c->station->name,
                                      .operator_name = who->name,
                                      .host = here.host,
                                      .tool_version = ESPSTATION_VERSION,
                                      .go_on = c->options->go_on };
    if (!fleet_join(c->fleet, c->outbox, &setup, &joined, &state, e))
        return false;
    tell_joined(c, &state, joined);
    return !joined || begun || record_joining(c, who, &here, e);
}

static bool join(struct fleet_command *c, struct err *e)
{
    struct actor who;
    return person_is_engineer(c->options->station_path, c->options->operator_name,
                              "let a station join the fleet", &who, e) &&
           join_as(c, &who, e);
}

/* ---- status ---- */

static void print_status(const struct fleet_command *c, const struct fleet_state *s)
{
    cmd_tell("station %s: the server has %" PRId64 " of %" PRId64 " links, %" PRId64 " wait",
             c->station->name, s->mark, s->last, s->last - s->mark);
    if (s->sent[0])
        cmd_tell("last sent %s UTC from %s", s->sent, s->host);
    else
        printf("nothing was sent yet\n");
}

static void print_status_json(const struct fleet_command *c, const struct fleet_state *s)
{
    static const char *const words[] = {
        [FLEET_UNKNOWN] = "unknown", [FLEET_FITS] = "fits",         [FLEET_SHORTER] = "shorter",
        [FLEET_FORKED] = "forked",   [FLEET_STRANGER] = "stranger",
    };
    struct json_object o;
    json_begin(&o, stdout);
    json_text(&o, "station", c->station->name);
    json_text(&o, "relation", words[s->relation]);
    json_integer(&o, "server_links", s->mark);
    json_integer(&o, "links", s->last);
    json_integer(&o, "common_links", s->common);
    json_text(&o, "last_sent_utc", s->sent[0] ? s->sent : NULL);
    json_text(&o, "last_sent_host", s->host[0] ? s->host : NULL);
    json_end(&o);
}

static bool status_of_fleet(struct fleet_command *c, struct err *e)
{
    struct fleet_state state;
    if (!fleet_connect_station(c, e) ||
        !fleet_look(c->fleet, c->outbox, c->station->name, &state, e))
        return false;
    if (c->options->json)
        print_status_json(c, &state);
    if (state.relation != FLEET_FITS)
        return fleet_say_relation(&state, c->station->name, e);
    if (!c->options->json)
        print_status(c, &state);
    return true;
}

/* ---- send ---- */

bool fleet_send_all(struct fleet_command *c, int64_t *links, int64_t *mark, char *twice, size_t cap,
                    struct err *e)
{
    struct fleet_sent sent;
    int64_t first = -1;
    snprintf(twice, cap, "%s", "");
    do {
        if (!fleet_send_batch(c->fleet, c->outbox, c->station->name, ESPSTATION_VERSION, &sent, e))
            return false;
        if (first < 0)
            first = sent.mark - sent.links;
        if (sent.twice > 0 && twice[0] == '\0')
            snprintf(twice, cap, "%s", sent.first_twice);
    } while (sent.mark < sent.last);
    *links = sent.mark - first;
    *mark = sent.mark;
    return true;
}

static bool send_rows(struct fleet_command *c, struct err *e)
{
    char twice[320];
    int64_t links, mark;
    if (!fleet_connect_station(c, e) || !fleet_send_all(c, &links, &mark, twice, sizeof twice, e))
        return false;
    if (links > 0)
        cmd_tell("%" PRId64 " links were sent; the server has all %" PRId64 " of station %s.",
                 links, mark, c->station->name);
    else
        cmd_tell("The server has all %" PRId64 " links of station %s already.", mark,
                 c->station->name);
    if (twice[0])
        cmd_tell("%s. All such: view espstation.duplicates.", twice);
    return true;
}

/* ---- verify ---- */

static void print_here(void *ctx, const struct db_finding *finding)
{
    const struct fleet_command *const c = ctx;
    struct json_object o;
    if (!c->options->json) {
        cmd_tell("%-9s  here: %s.", db_finding_word(finding->kind), finding->sentence);
        return;
    }
    json_begin(&o, stdout);
    json_text(&o, "finding", db_finding_word(finding->kind));
    json_text(&o, "record_file", c->options->db_path);
    json_integer(&o, "link", finding->link);
    json_text(&o, "sentence", finding->sentence);
    json_end(&o);
}

/* Its rows against its own links, as those of the server were. */
static bool audit_here(struct fleet_command *c, struct db_audit *a, struct err *e)
{
    const struct db_audit_setup setup = { .ctx = c, .finding = print_here };
    struct db *const db = db_open_reader(c->options->db_path, DB_BUSY_MS, e);
    const bool ok = db && db_audit(db, &setup, a, e);
    db_close(db);
    c->altered = c->altered || (ok && a->findings > 0);
    return ok;
}

/* At a station also that the server has what its record has, row by row: the mark is a link of both
 * chains, and the rows of either are what its links bind. */
static bool compare_here(struct fleet_command *c, struct err *e)
{
    struct db_audit here;
    struct fleet_state s;
    if (c->options->name || !c->station || !c->station->fleet_server ||
        access(c->options->db_path, F_OK) != 0)
        return true;
    if (!open_outbox(c, e) || !fleet_look(c->fleet, c->outbox, c->station->name, &s, e))
        return false;
    if (s.relation != FLEET_FITS)
        return fleet_say_relation(&s, c->station->name, e);
    if (!audit_here(c, &here, e) || c->options->json)
        return e->code == ERR_NONE;
    if (here.findings > 0)
        cmd_tell("%s WAS ALTERED here; what was sent before stands on the server as it was. More: "
                 "espstation audit",
                 c->options->db_path);
    else
        cmd_tell("The server has what %s has, row by row, up to link %" PRId64 "; %" PRId64
                 " more wait.",
                 c->options->db_path, s.mark, s.last - s.mark);
    return true;
}

static bool verify_server(struct fleet_command *c, struct err *e)
{
    struct fleet_proof proof = { .fleet = NULL };
    if (!fleet_connect_server(c, e) || !fleet_is_current(c->fleet, e))
        return false;
    proof.fleet = c->fleet;
    proof.station_name = c->options->name;
    proof.json = c->options->json;
    const bool ok = fleet_proof_run(&proof, e);
    c->altered = proof.findings > 0;
    return ok && compare_here(c, e);
}

/* ---- The command ---- */

static const struct action {
    struct action_word word;
    bool (*run)(struct fleet_command *c, struct err *e);
} actions[] = {
    { { "init", 0, NULL }, init },
    { { "join", 0, NULL }, join },
    { { "status", 0, NULL }, status_of_fleet },
    { { "send", 0, NULL }, send_rows },
    { { "verify", 0, NULL }, verify_server },
    { { "lease", 2, NULL }, fleet_lease },
};

static enum exit_status fleet(int argc, char **argv)
{
    struct fleet_options o = { .db_path = DEFAULT_DB };
    const struct option_row rows[] = {
        OPTION_SERVER(&o.server),
        { "--operator", "NAME", "join, lease: who does it, for record and server", NULL,
          &o.operator_name, NULL },
        { "--go-on", "REASON",
          "join: go on with this record though the server has another story of it; tells why", NULL,
          &o.go_on, NULL },
        { "--station-name", "NAME", "verify: the records of this station alone", NULL, &o.name,
          NULL },
        { "--lot", "NAME", "lease take, return: the lot", NULL, &o.lot, NULL },
        { "--places", "N", "lease take: so many places of the lot, or as many as are left", NULL,
          &o.places, NULL },
        { "--hours", "H", "lease take: for how long places or rows are lent; default 12", NULL,
          &o.hours, NULL },
        { "--recipe", "FILE", "lease take: the recipe of whose counters or pools something is lent",
          NULL, &o.recipe, NULL },
        { "--numbers", "N", "lease take: so many of each of its counters of the fleet", NULL,
          &o.numbers, NULL },
        { "--rows", "N", "lease take: so many of each of its pools of the fleet", NULL, &o.rows,
          NULL },
        { "--pool", "NAME", "lease return: the pool", NULL, &o.pool, NULL },
        { "--used", "N", "lease lost: how many of its places were used; 0: of its rows none", NULL,
          &o.used, NULL },
        { "--reason", "TEXT", "lease lost: why, for record and server", NULL, &o.reason, NULL },
        OPTION_STUBS(&o.stubs),
        { "--json", NULL, "status, verify, lease list: one JSON object per line", &o.json, NULL,
          NULL },
        OPTION_STATION(&o.station_path),
        OPTION_DB(&o.db_path),
    };
    enum exit_status status;
    struct err e = { 0 };
    const char *words[3] = { NULL };
    size_t count;
    if (!cmd_parse(&cmd_fleet, rows, sizeof rows / sizeof rows[0], argc, argv, words, 3, &count,
                   &status))
        return status;
    const struct action *const action = ACTION_OF("fleet", actions, words, count, &e);
    o.args[0] = words[1];
    o.args[1] = words[2];
    struct fleet_command c = { .options = &o, .reach = FLEET_REACH_NONE };
    if (!action || !action->run(&c, &e))
        cmd_print_err(&e);
    tear_down(&c);
    return c.altered ? EXIT_BOARD : cmd_status_of(&e);
}

const struct cmd cmd_fleet = { "fleet", "init|join|status|send|verify|lease",
                               "The company's PostgreSQL, which has what all records have.",
                               fleet };
