/* espstation lot: batches, opened, looked at and closed. */
#include "station/cli/actions.h"
#include "station/cli/option_rows.h"

#include "core/base/clock.h"
#include "db/read/stats.h"
#include "db/write/lot.h"
#include "station/attempt/job.h"
#include "station/base/json.h"
#include "station/cli/person.h"
#include "station/cli/signing.h"
#include "station/commands/stats_screen.h"
#include "station/line/record.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct lot_options {
    const char *name; /* NULL: none given */
    const char *db_path, *operator_name, *quantity, *recipe, *key, *checkpoint, *stubs;
    bool json, fleet;
};

/* ---- Opening ---- */

static bool parse_quantity(const char *text, int64_t *quantity, struct err *e)
{
    char *end;
    if (!text)
        return true;
    long long n = strtoll(text, &end, 10);
    if (end != text && *end == '\0' && n >= 1 && n <= 100000000) {
        *quantity = n;
        return true;
    }
    err_set(e, ERR_USAGE, "'%.40s' is no quantity", text);
    return err_hint(e, "Give a number of boards from 1 to 100000000.");
}

static bool put_recipe(struct db *db, const struct lot_options *o, int64_t *id, struct err *e)
{
    if (!o->recipe)
        return true;
    struct job *job = cmd_load_job(o->recipe, o->stubs, e);
    *id = job ? record_put_recipe(db, job, &clock_system, e) : 0;
    job_free(job);
    return *id != 0;
}

static bool lot_open(const struct lot_options *o, struct err *e)
{
    struct db_lot_open lot = { .name = o->name,
                               .operator_name = o->operator_name,
                               .utc_ms = clock_system.utc_ms(&clock_system),
                               .fleet = o->fleet };
    if (!parse_quantity(o->quantity, &lot.quantity, e))
        return false;
    struct db *db = db_open(o->db_path, DB_BUSY_MS, e);
    bool ok = db && put_recipe(db, o, &lot.recipe_id, e) && db_lot_open(db, &lot, e) != 0;
    db_close(db);
    if (ok)
        cmd_tell("Lot %s is open. Flash it with: espstation run RECIPE --lot '%s'", o->name,
                 o->name);
    return ok;
}

/* ---- Closing ---- */

static bool close_in(struct db *db, const struct lot_options *o, const struct actor *who,
                     const struct key *key, char text[static DB_CHECKPOINT_CAP], struct err *e)
{
    struct db_station here;
    if (!db_station_here(&here, e))
        return false;
    const struct db_act act = person_act(who, "lot-close", &here);
    const struct db_lot_close lot = { .name = o->name,
                                      .operator_name = who->name,
                                      .host = here.host,
                                      .key = key,
                                      .utc_ms = act.utc_ms,
                                      .act = &act };
    return db_lot_close(db, &lot, text, e);
}

static bool lot_close(const struct lot_options *o, struct err *e)
{
    char text[DB_CHECKPOINT_CAP];
    struct actor who;
    struct db *db = NULL;
    struct key *key = NULL;
    /* The key last: no key is made for a record that is not there. */
    bool ok = signing_file_is_free(o->checkpoint, e) &&
              person_is_engineer(NULL, o->operator_name, "close a lot", &who, e) &&
              (db = db_open_existing(o->db_path, DB_BUSY_MS, e)) != NULL &&
              (key = signing_open(o->key, e)) != NULL && close_in(db, o, &who, key, text, e);
    db_close(db);
    if (ok) {
        cmd_tell("Lot %s is closed, signed by the key %s", o->name, key_public(key));
        ok = !o->checkpoint || signing_keep_file(o->checkpoint, text, e);
    }
    if (ok && o->checkpoint)
        cmd_tell("Keep %s where nobody at this station can change it. Later: espstation audit "
                 "--checkpoint %s",
                 o->checkpoint, o->checkpoint);
    key_free(key);
    return ok;
}

/* ---- Looking ---- */

static bool line_of_lot(void *ctx, const struct db_lot_row *lot)
{
    char places[64];
    if (lot->quantity > 0)
        snprintf(places, sizeof places, "%" PRId64 " of %" PRId64, lot->passed, lot->quantity);
    else
        snprintf(places, sizeof places, "%" PRId64, lot->passed);
    if (*(bool *)ctx)
        printf("%-24s %-8s %14s %10s  %s\n", "lot", "", "passed", "runs", "opened");
    *(bool *)ctx = false;
    cmd_tell("%-24s %-8s %14s %10" PRId64 "  %s", lot->name, lot->closed_utc ? "closed" : "open",
             places, lot->runs, lot->opened_utc);
    return true;
}

static bool json_of_lot(void *ctx, const struct db_lot_row *lot)
{
    struct json_object o;
    (void)ctx;
    json_begin(&o, stdout);
    json_text(&o, "lot", lot->name);
    json_text(&o, "opened_utc", lot->opened_utc);
    json_text(&o, "opened_by", lot->opened_by);
    json_integer(&o, "quantity", lot->quantity); /* 0: no limit */
    json_text(&o, "recipe", lot->recipe);
    json_text(&o, "recipe_version", lot->recipe_version);
    json_text(&o, "plan_sha256", lot->plan_sha256);
    json_text(&o, "closed_utc", lot->closed_utc);
    json_text(&o, "closed_by", lot->closed_by);
    json_integer(&o, "passed", lot->passed);
    json_integer(&o, "held", lot->held);
    json_integer(&o, "runs", lot->runs);
    json_integer(&o, "open_runs", lot->open_runs);
    json_integer(&o, "fleet", lot->fleet);
    json_end(&o);
    return true;
}

static bool send_lots(const struct lot_options *o, struct db *db,
                      bool (*send)(void *ctx, const struct db_lot_row *lot), struct err *e)
{
    bool first = true;
    const struct db_lot_sink sink = { &first, o->json ? json_of_lot : send };
    return db_lots(db, o->name, &sink, e);
}

static bool lot_list(const struct lot_options *o, struct err *e)
{
    struct db *db = db_open_reader(o->db_path, DB_BUSY_MS, e);
    bool ok = db && send_lots(o, db, line_of_lot, e);
    db_close(db);
    return ok;
}

static bool page_of_lot(void *ctx, const struct db_lot_row *lot)
{
    (void)ctx;
    cmd_tell("Lot %s, %s", lot->name, lot->closed_utc ? "closed" : "open");
    cmd_tell("  opened    %s%s%s", lot->opened_utc, lot->opened_by ? " by " : "",
             lot->opened_by ? lot->opened_by : "");
    if (lot->closed_utc)
        cmd_tell("  closed    %s%s%s, signed behind link %" PRId64, lot->closed_utc,
                 lot->closed_by ? " by " : "", lot->closed_by ? lot->closed_by : "",
                 lot->closed_link);
    if (lot->recipe)
        cmd_tell("  recipe    %s %s, plan %.16s...", lot->recipe,
                 lot->recipe_version ? lot->recipe_version : "", lot->plan_sha256);
    else
        cmd_tell("  recipe    %s", lot->one_recipe ? "that of the first run" : "any");
    if (lot->fleet)
        cmd_tell("  quantity  %" PRId64 " for all stations of the fleet; %" PRId64 " boards have "
                 "passed here, %" PRId64 " more are being flashed",
                 lot->quantity, lot->passed, lot->held);
    else if (lot->quantity > 0)
        cmd_tell("  quantity  %" PRId64 " of %" PRId64 " boards have passed, %" PRId64 " more are "
                 "being flashed",
                 lot->passed, lot->quantity, lot->held);
    else
        cmd_tell("  quantity  %" PRId64 " boards have passed; there is no limit", lot->passed);
    printf("\n");
    return true;
}

static bool print_yield(const struct lot_options *o, struct db *db, struct err *e)
{
    const struct db_filter filter = { .lot = o->name };
    const struct stats_source source = { .db = db };
    stats_print(&source, DB_BY_SLOT, &filter, o->json, e);
    return e->code == ERR_NONE;
}

static bool line_of_act(void *ctx, const struct db_act_row *act)
{
    char slot[24] = "";
    if (*(bool *)ctx)
        printf("\n");
    *(bool *)ctx = false;
    if (act->slot > 0)
        snprintf(slot, sizeof slot, ", slot %d", act->slot);
    cmd_tell("  %s  %s by %s (%s%s)%s%s%s", act->made_utc, act->word, act->person, act->role,
             act->proved ? "" : ", name as typed", slot, act->reason ? ": " : "",
             act->reason ? act->reason : "");
    return true;
}

static bool print_acts(const struct lot_options *o, struct db *db, struct err *e)
{
    bool first = true;
    const struct db_act_sink sink = { &first, line_of_act };
    return o->json || db_acts(db, o->name, &sink, e);
}

static bool lot_show(const struct lot_options *o, struct err *e)
{
    struct db *db = db_open_reader(o->db_path, DB_BUSY_MS, e);
    bool ok =
        db && send_lots(o, db, page_of_lot, e) && print_yield(o, db, e) && print_acts(o, db, e);
    db_close(db);
    return ok;
}

/* ---- The command ---- */

static const struct action {
    struct action_word word;
    bool (*run)(const struct lot_options *o, struct err *e);
} actions[] = {
    { { "open", 1, "the name of a lot" }, lot_open },
    { { "show", 1, "the name of a lot" }, lot_show },
    { { "list", 0, NULL }, lot_list },
    { { "close", 1, "the name of a lot" }, lot_close },
};

static enum exit_status lot(int argc, char **argv)
{
    struct lot_options o = { .db_path = DEFAULT_DB };
    const struct option_row rows[] = {
        { "--quantity", "N", "open: so many boards may pass; default: no limit", NULL, &o.quantity,
          NULL },
        { "--fleet", NULL, "open: the quantity is that of all stations of the fleet together",
          &o.fleet, NULL, NULL },
        { "--recipe", "FILE", "open: the recipe of the lot; default: that of its first run", NULL,
          &o.recipe, NULL },
        { "--operator", "NAME", "open, close: who does it; without, close asks for a badge", NULL,
          &o.operator_name, NULL },
        { "--checkpoint", "FILE", "close: the signed checkpoint, to be kept elsewhere", NULL,
          &o.checkpoint, NULL },
        { "--key", "FILE", "close: the key that signs; default ~/.config/espstation", NULL, &o.key,
          NULL },
        { "--stubs", "DIR", "open: flasher stubs to use instead of those built in", NULL, &o.stubs,
          NULL },
        { "--json", NULL, "show, list: one JSON object per line", &o.json, NULL, NULL },
        OPTION_DB(&o.db_path),
    };
    enum exit_status status;
    struct err e = { 0 };
    const char *args[2];
    size_t count;
    if (!cmd_parse(&cmd_lot, rows, sizeof rows / sizeof rows[0], argc, argv, args, 2, &count,
                   &status))
        return status;
    const struct action *const action = ACTION_OF("lot", actions, args, count, &e);
    o.name = count > 1 ? args[1] : NULL;
    if ((!action || !action->run(&o, &e)) && e.code != ERR_NONE)
        cmd_print_err(&e);
    return cmd_status_of(&e);
}

const struct cmd cmd_lot = { "lot", "open|show|list|close", "Opens, shows and closes lots.", lot };
