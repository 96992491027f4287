#include "station/fleet/fleet_proof.h"

#include "station/base/json.h"
#include "station/cli/cmd.h"
#include "station/fleet/fleet_folder.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct proving {
    struct fleet_proof *proof;
    const struct fleet_record *record;
    struct fleet_folder folder;
};

static void print_finding(void *ctx, const struct db_finding *finding)
{
    const struct proving *const p = ctx;
    struct json_object o;
    if (!p->proof->json) {
        cmd_tell("%-9s  station %s: %s.", db_finding_word(finding->kind), p->record->station,
                 finding->sentence);
        return;
    }
    json_begin(&o, stdout);
    json_text(&o, "finding", db_finding_word(finding->kind));
    json_text(&o, "station", p->record->station);
    json_integer(&o, "record", p->record->id);
    json_integer(&o, "link", finding->link);
    json_text(&o, "sentence", finding->sentence);
    json_end(&o);
}

static void print_late(void *ctx, const struct db_late_correction *late)
{
    const struct proving *const p = ctx;
    struct json_object o;
    if (!p->proof->json) {
        cmd_tell("station %s: lot %s was corrected after it was closed and signed: run %" PRId64
                 " %s%s by %s at %s: %s",
                 p->record->station, late->lot, late->run_id, late->verdict ? "to " : "got a note",
                 late->verdict ? late->verdict : "", late->operator_name, late->made_utc,
                 late->reason);
        return;
    }
    json_begin(&o, stdout);
    json_text(&o, "corrected_after_closing", late->lot);
    json_text(&o, "station", p->record->station);
    json_integer(&o, "run", late->run_id);
    json_text(&o, "verdict", late->verdict);
    json_text(&o, "operator", late->operator_name);
    json_text(&o, "made_utc", late->made_utc);
    json_text(&o, "reason", late->reason);
    json_end(&o);
}

static void print_proved(const struct proving *p, const struct db_audit *a)
{
    struct json_object o;
    if (!p->proof->json) {
        cmd_tell("station %s%s: %" PRId64 " links, %" PRId64 " runs, %" PRId64 " lots closed: %s",
                 p->record->station, p->record->replaced ? " (an earlier record)" : "", a->links,
                 a->runs, a->lots_closed, a->findings > 0 ? "ALTERED" : "whole");
        return;
    }
    json_begin(&o, stdout);
    json_text(&o, "station", p->record->station);
    json_integer(&o, "record", p->record->id);
    json_integer(&o, "replaced", p->record->replaced);
    json_integer(&o, "links", a->links);
    json_integer(&o, "runs", a->runs);
    json_integer(&o, "lots_closed", a->lots_closed);
    json_integer(&o, "findings", a->findings);
    json_end(&o);
}

static bool prove_record(struct proving *p, struct err *e)
{
    const struct fleet_proof *const proof = p->proof;
    struct db_audit a;
    const struct db_audit_setup setup = { .ctx = p,
                                          .finding = print_finding,
                                          .late = print_late,
                                          .checkpoint =
                                              p->record->replaced ? NULL : proof->checkpoint,
                                          .public_key = proof->public_key };
    const bool ok = fleet_prove(proof->fleet, p->record, p->folder.path, &setup, &a, e);
    fleet_folder_clear(&p->folder);
    if (!ok)
        return err_wrap(e, "Station %s", p->record->station);
    print_proved(p, &a);
    p->proof->findings += a.findings;
    return true;
}

static bool prove_records(struct proving *p, const struct fleet_record *records, size_t count,
                          struct err *e)
{
    bool ok = fleet_folder_make(&p->folder, e);
    for (size_t i = 0; ok && i < count; i++) {
        p->record = &records[i];
        ok = prove_record(p, e);
    }
    fleet_folder_remove(&p->folder);
    return ok;
}

static void print_sum(void *ctx, const struct fleet_sum_row *s)
{
    const struct proving *const p = ctx;
    struct json_object o;
    if (!p->proof->json) {
        cmd_tell("%-9s  sums of station %s, %s, slot %d: %" PRId64 " passed and %" PRId64
                 " failed are kept; its rows are %" PRId64 " and %" PRId64 ".",
                 db_finding_word(DB_CHANGED), s->station, s->day, s->slot, s->kept_passed,
                 s->kept_failed, s->passed, s->failed);
        return;
    }
    json_begin(&o, stdout);
    json_text(&o, "finding", db_finding_word(DB_CHANGED));
    json_text(&o, "sums_of_station", s->station);
    json_text(&o, "day", s->day);
    json_integer(&o, "slot", s->slot);
    json_integer(&o, "kept_passed", s->kept_passed);
    json_integer(&o, "passed", s->passed);
    json_integer(&o, "kept_failed", s->kept_failed);
    json_integer(&o, "failed", s->failed);
    json_end(&o);
}

static bool prove_sums(struct proving *p, struct err *e)
{
    const struct fleet_sums_sink sink = { p, print_sum };
    int64_t findings;
    if (!fleet_prove_sums(p->proof->fleet, &sink, &findings, e))
        return false;
    p->proof->findings += findings;
    if (findings > 0 && !p->proof->json)
        printf("What statistics read is not what the rows add up to, on %" PRId64 " day%s of "
               "slots. The owner adds all up anew: select espstation.recount()\n",
               findings, findings == 1 ? "" : "s");
    return true;
}

static bool is_fit(const struct fleet_proof *proof, size_t count, struct err *e)
{
    if (count == 0 && proof->station_name)
        return err_set(e, ERR_USAGE, "The server knows no station '%s'", proof->station_name);
    if (!proof->checkpoint || proof->station_name)
        return true;
    err_set(e, ERR_USAGE, "A checkpoint is of one station's record, and none is named");
    return err_hint(e, "Give the station with --station-name.");
}

bool fleet_proof_run(struct fleet_proof *proof, struct err *e)
{
    struct fleet_record *records = NULL;
    size_t count = 0;
    struct proving p = { .proof = proof };
    proof->findings = 0;
    if (!fleet_records(proof->fleet, proof->station_name, &records, &count, e))
        return false;
    const bool ok = is_fit(proof, count, e) && prove_records(&p, records, count, e);
    free(records);
    const int64_t altered = proof->findings;
    if (altered > 0 && !proof->json)
        printf("ROWS WERE ALTERED, on the server or before they were sent: %" PRId64 " finding%s. "
               "At the station, its own record tells more: espstation audit\n",
               altered, altered == 1 ? "" : "s");
    return ok && prove_sums(&p, e);
}
