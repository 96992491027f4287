/* espstation audit: whether the record is what the stations wrote. */
#include "station/cli/option_rows.h"

#include "core/base/clock.h"
#include "db/proof/audit.h"
#include "db/units/decide.h"
#include "station/base/json.h"
#include "station/cli/signing.h"
#include "station/fleet/fleet_proof.h"
#include "station/fleet/fleet_reach.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define SHOWN_AT_MOST 20

struct audit_options {
    const char *db_path, *checkpoint, *public_key, *save, *key, *operator_name;
    bool json, sql;
    struct fleet_choice fleet;
};

struct listing {
    bool json;
    int64_t shown;
    int64_t older; /* 1: the record lacks what the mark beside it tells of */
};

static void print_finding(void *ctx, const struct db_finding *finding)
{
    struct listing *l = ctx;
    struct json_object o;
    if (!l->json) {
        if (l->shown++ < SHOWN_AT_MOST)
            cmd_tell("%-9s  %s.", db_finding_word(finding->kind), finding->sentence);
        return;
    }
    json_begin(&o, stdout);
    json_text(&o, "finding", db_finding_word(finding->kind));
    json_integer(&o, "link", finding->link);
    json_text(&o, "sentence", finding->sentence);
    json_end(&o);
}

static void print_late(void *ctx, const struct db_late_correction *late)
{
    const struct listing *l = ctx;
    struct json_object o;
    if (!l->json) {
        cmd_tell("Lot %s was corrected after it was closed and signed: run %" PRId64 " %s%s by %s "
                 "at %s: %s",
                 late->lot, late->run_id, late->verdict ? "to " : "got a note",
                 late->verdict ? late->verdict : "", late->operator_name, late->made_utc,
                 late->reason);
        return;
    }
    json_begin(&o, stdout);
    json_text(&o, "corrected_after_closing", late->lot);
    json_integer(&o, "run", late->run_id);
    json_text(&o, "verdict", late->verdict);
    json_text(&o, "operator", late->operator_name);
    json_text(&o, "made_utc", late->made_utc);
    json_text(&o, "reason", late->reason);
    json_end(&o);
}

static void print_end(const struct audit_options *o, const struct db_audit *a, int64_t older)
{
    if (a->findings > SHOWN_AT_MOST)
        printf("... and %" PRId64 " more findings.\n", a->findings - SHOWN_AT_MOST);
    printf("%s%" PRId64 " links, %" PRId64 " closed runs, %" PRId64 " open, %" PRId64 " lots "
           "closed.\n",
           a->findings > 0 ? "\n" : "", a->links, a->runs, a->open_runs, a->lots_closed);
    if (a->links > 0)
        printf("The last link is %" PRId64 ", %s\n", a->links, a->end_sha256);
    if (a->public_key[0])
        cmd_tell("The last lot is signed by the key %s", a->public_key);
    if (older > 0 && a->findings == older)
        cmd_tell("THE RECORD LACKS ITS END: a backup was put back, or somebody has cut it. What is "
                 "there is whole. Put the newest record back; if it is lost: espstation unit "
                 "accept --operator NAME --reason WHY");
    else if (a->findings > 0 && a->findings == a->given_findings + older)
        cmd_tell("THE RECORD WAS ALTERED, or %s is not of this record, or was changed itself. By "
                 "itself %s is whole. Make sure that the two belong together; if they do, keep a "
                 "copy of both as they are now.",
                 o->checkpoint, o->db_path);
    else if (a->findings > 0)
        printf("THE RECORD WAS ALTERED: %" PRId64 " finding%s. Keep a copy of %s as it is now.\n",
               a->findings, a->findings == 1 ? "" : "s", o->db_path);
    else if (o->checkpoint)
        printf("The record is whole, and holds all that the checkpoint has seen.\n");
    else
        printf("The record is whole, as far as it can tell by itself. A checkpoint kept elsewhere "
               "tells more: docs/audit.md\n");
}

static void print_json_end(const struct db_audit *a)
{
    struct json_object o;
    json_begin(&o, stdout);
    json_integer(&o, "findings", a->findings);
    json_integer(&o, "findings_of_checkpoint_alone", a->given_findings);
    json_integer(&o, "corrections_after_closing", a->late_corrections);
    json_integer(&o, "links", a->links);
    json_text(&o, "end_sha256", a->end_sha256);
    json_integer(&o, "runs", a->runs);
    json_integer(&o, "passed", a->passed);
    json_integer(&o, "open_runs", a->open_runs);
    json_integer(&o, "lots_closed", a->lots_closed);
    json_text(&o, "public_key", a->public_key[0] ? a->public_key : NULL);
    json_end(&o);
}

static bool save(const struct audit_options *o, const struct db_audit *a, struct err *e)
{
    char text[DB_CHECKPOINT_CAP];
    struct db_station here;
    if (a->findings > 0) {
        err_set(e, ERR_USAGE, "No checkpoint is signed for a record with findings");
        return err_hint(e, "Find out first what happened to it.");
    }
    struct key *key = signing_open(o->key, e);
    bool ok = key && db_station_here(&here, e) &&
              db_checkpoint_text(a, key, o->operator_name, here.host,
                                 clock_system.utc_ms(&clock_system), text, e) &&
              signing_keep_file(o->save, text, e);
    key_free(key);
    return ok;
}

static bool write_out(void *ctx, const char *bytes, size_t n)
{
    return fwrite(bytes, 1, n, ctx) == n;
}

/* What stands in the files that were named; NULL where none was. */
static bool read_files(const struct audit_options *o, struct db_audit_setup *setup, struct err *e)
{
    static char checkpoint[DB_CHECKPOINT_CAP], public_key[KEY_PUBLIC_CAP];
    char pem[1024];
    if (o->checkpoint) {
        if (!signing_read_file(o->checkpoint, checkpoint, sizeof checkpoint, e))
            return false;
        setup->checkpoint = checkpoint;
    }
    if (!o->public_key)
        return true;
    setup->public_key = public_key;
    return signing_read_file(o->public_key, pem, sizeof pem, e) &&
           key_read_public(pem, strlen(pem), public_key, e);
}

/* The mark of what was given out is a witness as well: nobody who restores a backup moves it. */
static bool ask_mark(struct db *db, struct listing *l, struct db_audit *a, struct err *e)
{
    struct err older = { 0 };
    if (db_unit_judge(db, &older))
        return true;
    if (older.code != ERR_UNIT) {
        *e = older;
        return false;
    }
    const struct db_finding finding = { .kind = DB_TRUNCATED, .sentence = older.what };
    print_finding(l, &finding);
    l->older = 1;
    a->findings++;
    return true;
}

static bool audit_record(const struct audit_options *o, struct db_audit *a, struct err *e)
{
    struct listing listing = { .json = o->json };
    struct db_audit_setup setup = { .ctx = &listing, .finding = print_finding, .late = print_late };
    if (!read_files(o, &setup, e))
        return false;
    struct db *db = db_open_reader(o->db_path, DB_BUSY_MS, e);
    bool ok = db && db_audit(db, &setup, a, e) && ask_mark(db, &listing, a, e);
    db_close(db);
    if (ok && o->json)
        print_json_end(a);
    else if (ok)
        print_end(o, a, listing.older);
    return ok && (!o->save || save(o, a, e));
}

/* The records of all stations, as the fleet's server has them. */
static bool audit_fleet(const struct audit_options *o, struct fleet *f, struct db_audit *a,
                        struct err *e)
{
    struct db_audit_setup setup = { .checkpoint = NULL };
    if (o->save)
        return err_set(e, ERR_USAGE, "--save signs the record here, not what a server has of it");
    if (!read_files(o, &setup, e))
        return false;
    struct fleet_proof proof = { .fleet = f,
                                 .station_name = o->fleet.station_name,
                                 .json = o->json,
                                 .checkpoint = setup.checkpoint,
                                 .public_key = setup.public_key };
    const bool ok = fleet_proof_run(&proof, e);
    a->findings = proof.findings;
    return ok;
}

static bool audit_either(const struct audit_options *o, struct db_audit *a, struct err *e)
{
    struct fleet_reach reach = FLEET_REACH_NONE;
    const bool ok = fleet_choice_open(&o->fleet, &reach, e) &&
                    (reach.fleet ? audit_fleet(o, reach.fleet, a, e) : audit_record(o, a, e));
    fleet_reach_close(&reach);
    return ok;
}

static enum exit_status audit(int argc, char **argv)
{
    struct audit_options o = { .db_path = DEFAULT_DB };
    const struct option_row rows[] = {
        { "--checkpoint", "FILE", "compare with a checkpoint that was kept elsewhere", NULL,
          &o.checkpoint, NULL },
        { "--public-key", "FILE", "all checkpoints must be signed by this key (a .pub file)", NULL,
          &o.public_key, NULL },
        { "--save", "FILE", "sign the end of the record and write that checkpoint", NULL, &o.save,
          NULL },
        { "--operator", "NAME", "who does it, for that checkpoint", NULL, &o.operator_name, NULL },
        { "--key", "FILE", "the key that signs; default ~/.config/espstation", NULL, &o.key, NULL },
        { "--sql", NULL, "print views to follow the chain by hand, and nothing else", &o.sql, NULL,
          NULL },
        { "--json", NULL, "one JSON object per finding, then one for the whole", &o.json, NULL,
          NULL },
        OPTIONS_FLEET(&o.fleet),
        OPTION_DB(&o.db_path),
    };
    enum exit_status status;
    struct err e = { 0 };
    struct db_audit a = { .links = 0 };
    size_t count;
    if (!cmd_parse(&cmd_audit, rows, sizeof rows / sizeof rows[0], argc, argv, NULL, 0, &count,
                   &status))
        return status;
    if (o.sql)
        db_audit_sql(write_out, stdout);
    else if (!audit_either(&o, &a, &e))
        cmd_print_err(&e);
    return a.findings > 0 ? EXIT_BOARD : cmd_status_of(&e);
}

const struct cmd cmd_audit = { "audit", "[options]",
                               "Tells whether the record is what the stations wrote.", audit };
