/* espstation unit: what boards were given, shown, released, and the decision about an older
 * record. */
#include "station/cli/actions.h"
#include "station/cli/option_rows.h"

#include "core/base/clock.h"
#include "db/units/decide.h"
#include "db/units/unit_list.h"
#include "db/write/lease.h"
#include "station/base/json.h"
#include "station/commands/unit_import.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct unit_options {
    const char *which;       /* serial or MAC; NULL: none given */
    const char *values_path; /* import: beside `which`, the configuration */
    const char *db_path, *operator_name, *reason;
    const char *partition, *serial, *mac;
    bool json;
    bool found;
};

/* ---- Looking ---- */

/* A unit whose board did not pass in the end is shown as what it is: nobody gets its values. */
static const char *state_of(const struct db_unit_row *u)
{
    if (u->released_utc)
        return "released";
    if (!u->verdict)
        return "in work";
    return strcmp(u->verdict, "PASS") == 0 ? "used" : "not passed";
}

static void put_unit(struct json_object *o, const struct db_unit_row *u)
{
    json_text(o, "serial", u->serial);
    json_text(o, "mac", u->mac);
    json_text(o, "state", state_of(u));
    json_text(o, "verdict", u->verdict);
    json_integer(o, "run", u->run_id);
    json_text(o, "taken_utc", u->taken_utc);
    if (u->later)
        json_bool(o, "later", true);
    if (!u->released_utc)
        return;
    json_text(o, "released_utc", u->released_utc);
    json_text(o, "released_by", u->released_by);
    json_text(o, "reason", u->reason);
}

static bool list_unit(void *ctx, const struct db_unit_row *u)
{
    struct unit_options *o = ctx;
    struct json_object json;
    o->found = true;
    if (o->json) {
        json_begin(&json, stdout);
        put_unit(&json, u);
        json_end(&json);
        return true;
    }
    cmd_tell("%-24s %-23s %-10s run %-6" PRId64 " %s%s%s%s", u->serial ? u->serial : "-", u->mac,
             state_of(u), u->run_id, u->taken_utc, u->later ? "  later values" : "",
             u->reason ? "  " : "", u->reason ? u->reason : "");
    return true;
}

static bool show_unit(void *ctx, const struct db_unit_row *u)
{
    ((struct unit_options *)ctx)->found = true;
    cmd_tell("%s  %s  %s, %s %s in run %" PRId64, u->serial ? u->serial : "no serial", u->mac,
             state_of(u), u->later ? "later values taken" : "taken", u->taken_utc, u->run_id);
    if (u->released_utc)
        cmd_tell("  released %s by %s: %s", u->released_utc, u->released_by, u->reason);
    return true;
}

static bool show_value(void *ctx, const struct db_unit_value_row *v)
{
    (void)ctx;
    if (v->text)
        cmd_tell("  %-16s %s  (%s)", v->name, v->text, v->source);
    else
        cmd_tell("  %-16s secret, SHA-256 with salt %.16s...  (%s)", v->name, v->sha256, v->source);
    return true;
}

static bool look(struct unit_options *o, const struct db_unit_sink *sink, struct err *e)
{
    struct db *db = db_open_reader(o->db_path, DB_BUSY_MS, e);
    bool ok = db && db_units(db, o->which, sink, e);
    db_close(db);
    if (!ok || o->found || !o->which)
        return ok;
    err_set(e, ERR_USAGE, "No board with serial or MAC '%.80s' has a unit", o->which);
    return err_hint(e, "To see all: espstation unit list");
}

static bool unit_list(struct unit_options *o, struct err *e)
{
    const struct db_unit_sink sink = { o, list_unit, NULL };
    return look(o, &sink, e);
}

static bool unit_show(struct unit_options *o, struct err *e)
{
    const struct db_unit_sink sink = { o, show_unit, show_value };
    return look(o, &sink, e);
}

/* ---- Deciding ---- */

static bool decide(struct unit_options *o, struct err *e)
{
    struct db_station here;
    int64_t ended; /* leases of the fleet: what was used of them is not known, either */
    struct db_unit_decision d = { .operator_name = o->operator_name,
                                  .reason = o->reason,
                                  .host = here.host,
                                  .utc_ms = clock_system.utc_ms(&clock_system) };
    if (!o->operator_name || !o->operator_name[0] || !o->reason || !o->reason[0])
        return err_set(e, ERR_USAGE,
                       "--operator NAME and --reason TEXT are needed: the record "
                       "names both");
    if (!db_station_here(&here, e))
        return false;
    struct db *db = db_open_existing(o->db_path, DB_BUSY_MS, e);
    bool ok = db && (o->which ? db_unit_release(db, o->which, &d, e)
                              : db_unit_accept(db, &d, e) && db_lease_give_up(db, &ended, e));
    db_close(db);
    return ok;
}

static bool unit_release(struct unit_options *o, struct err *e)
{
    if (!decide(o, e))
        return false;
    cmd_tell("The unit %s is released: its board has none, and its values may go to another.",
             o->which);
    return true;
}

static bool unit_accept(struct unit_options *o, struct err *e)
{
    if (!decide(o, e))
        return false;
    printf("Recorded. Units are taken again; counters go on from what this record knows. Give them "
           "a higher start in the recipe where more was given out.\n");
    return true;
}

static bool unit_import(struct unit_options *o, struct err *e)
{
    const struct unit_import import = { .config_path = o->which,
                                        .values_path = o->values_path,
                                        .partition = o->partition,
                                        .serial = o->serial,
                                        .mac = o->mac };
    if (!o->partition || !o->serial)
        return err_set(e, ERR_USAGE,
                       "import needs --partition LABEL, where the keys go, and "
                       "--serial COLUMN, which tells units apart");
    return unit_import_print(&import, e);
}

/* ---- The command ---- */

static const struct action {
    struct action_word word;
    bool (*run)(struct unit_options *o, struct err *e);
} actions[] = {
    { { "list", 0, NULL }, unit_list },
    { { "show", 1, "a serial or a MAC" }, unit_show },
    { { "release", 1, "a serial" }, unit_release },
    { { "accept", 0, NULL }, unit_accept },
    { { "import", 2, "the configuration or the table of values of mfg_gen" }, unit_import },
};

static enum exit_status unit(int argc, char **argv)
{
    struct unit_options o = { .db_path = DEFAULT_DB };
    const struct option_row rows[] = {
        { "--operator", "NAME", "release, accept: who decides; needed", NULL, &o.operator_name,
          NULL },
        { "--reason", "TEXT", "release, accept: why; needed", NULL, &o.reason, NULL },
        { "--partition", "LABEL", "import: where the keys go", NULL, &o.partition, NULL },
        { "--serial", "COLUMN", "import: the column that is the serial", NULL, &o.serial, NULL },
        { "--mac", "COLUMN", "import: the column that binds a row to one board", NULL, &o.mac,
          NULL },
        { "--json", NULL, "list: one JSON object per line", &o.json, NULL, NULL },
        OPTION_DB(&o.db_path),
    };
    enum exit_status status;
    struct err e = { 0 };
    const char *args[3];
    size_t count;
    if (!cmd_parse(&cmd_unit, rows, sizeof rows / sizeof rows[0], argc, argv, args, 3, &count,
                   &status))
        return status;
    const struct action *const action = ACTION_OF("unit", actions, args, count, &e);
    o.which = count > 1 ? args[1] : NULL;
    o.values_path = count > 2 ? args[2] : NULL;
    if (!action || !action->run(&o, &e))
        cmd_print_err(&e);
    return cmd_status_of(&e);
}

const struct cmd cmd_unit = { "unit", "list|show|release|...",
                              "Shows what boards have of their own, and releases it.", unit };
