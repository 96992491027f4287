/*
 * The JSON that OpenHTF's OutputToJSON writes of a TestRecord (openhtf/core/test_record.py), one
 * record for each run, on a line of its own: importers for OpenHTF take it.
 *
 * Each attempt is a phase. One that failed and was followed by another is what OpenHTF calls a
 * repeated phase (outcome SKIP, result REPEAT): a failed phase would contradict a test that passed.
 * A run that is still open has no outcome and is left out.
 */
#include "db/export/export_priv.h"

#include <stdio.h>
#include <string.h>

/* ---- Parts of a record that are always there ---- */

static void put_empty(struct out *out, const char *name, const char *brackets)
{
    out_json_open(out, name, brackets[0]);
    out_json_close(out, brackets[1]);
}

static void put_code_info(struct out *out, const char *name)
{
    out_json_open(out, name, '{');
    out_json_text(out, "name", "espstation");
    out_json_null(out, "docstring");
    out_json_text(out, "sourcecode", "");
    out_json_close(out, '}');
}

static void put_millis(struct out *out, const char *name, int64_t utc_ms)
{
    if (utc_ms < 0)
        out_json_null(out, name);
    else
        out_json_number(out, name, utc_ms);
}

/* ---- Measurements ---- */

/* A unit of openhtf/util/units.py, after the codes of UNECE. */
struct unit {
    const char *name, *code, *suffix;
};

static const struct unit bytes_unit = { "byte", "AD", "byte" };
static const struct unit baud_unit = { "baud", "J38", "Bd" };
static const struct unit ms_unit = { "millisecond", "C26", "ms" };

static void put_unit(struct out *out, const struct unit *unit)
{
    out_json_open(out, "units", '{');
    out_json_text(out, "name", unit->name);
    out_json_text(out, "code", unit->code);
    out_json_text(out, "suffix", unit->suffix);
    out_json_close(out, '}');
}

/* `unit` NULL: it is a text. */
static void put_measured(struct export *x, int column, const struct unit *unit)
{
    const char *name = attempt_columns[column].name;
    if (sqlite3_column_type(x->attempts, column) == SQLITE_NULL)
        return;
    out_json_open(&x->out, name, '{');
    out_json_text(&x->out, "name", name);
    out_json_text(&x->out, "outcome", "PASS");
    if (unit)
        put_unit(&x->out, unit);
    out_json_column(&x->out, "measured_value", x->attempts, column);
    out_json_close(&x->out, '}');
}

/* The expectation has the form that OpenHTF gives its `equals` validator: 'x' is equal to 'y'. */
static void put_digest(struct export *x)
{
    sqlite3_stmt *s = x->digests;
    char name[32], validator[80];
    const char *expected = export_text(s, DIGEST_EXPECTED_MD5);
    const char *read = export_text(s, DIGEST_READ_MD5);
    snprintf(name, sizeof name, "md5_0x%llx",
             (unsigned long long)sqlite3_column_int64(s, DIGEST_OFFSET));
    snprintf(validator, sizeof validator, "'x' is equal to '%s'", expected);
    out_json_open(&x->out, name, '{');
    out_json_text(&x->out, "name", name);
    out_json_text(&x->out, "outcome",
                  !read                         ? "UNSET"
                  : strcmp(read, expected) == 0 ? "PASS"
                                                : "FAIL");
    out_json_open(&x->out, "validators", '[');
    out_json_text(&x->out, NULL, validator);
    out_json_close(&x->out, ']');
    out_json_column(&x->out, "docstring", s, DIGEST_FILE);
    if (read)
        out_json_text(&x->out, "measured_value", read);
    out_json_close(&x->out, '}');
}

static bool put_measurements(struct export *x, struct err *e)
{
    int rows;
    out_json_open(&x->out, "measurements", '{');
    put_measured(x, ATTEMPT_PHASE, NULL);
    put_measured(x, ATTEMPT_LOADER, NULL);
    put_measured(x, ATTEMPT_RESET, NULL);
    put_measured(x, ATTEMPT_BOARD_STATE, NULL);
    put_measured(x, ATTEMPT_BAUD_WHY, NULL);
    put_measured(x, ATTEMPT_WRITE_MODE, NULL);
    put_measured(x, ATTEMPT_BAUD, &baud_unit);
    put_measured(x, ATTEMPT_BYTES_WRITTEN, &bytes_unit);
    put_measured(x, ATTEMPT_BAUD_ASKED, &baud_unit);
    put_measured(x, ATTEMPT_WIRE_BYTES, &bytes_unit);
    for (int column = ATTEMPT_FIRST_MS; column <= ATTEMPT_LAST_MS; column++)
        put_measured(x, column, &ms_unit);
    export_begin_digests(x);
    while ((rows = export_next(x, x->digests, e)) > 0)
        put_digest(x);
    out_json_close(&x->out, '}');
    return rows == 0;
}

/* ---- Phases ---- */

struct phase_end {
    const char *outcome, *result;
};

static struct phase_end phase_end(const struct export *x)
{
    if (export_is(x->attempts, ATTEMPT_CODE, "ok"))
        return (struct phase_end){ "PASS", "CONTINUE" };
    if (sqlite3_column_int(x->attempts, ATTEMPT_NUMBER) <
        sqlite3_column_int(x->runs, RUN_ATTEMPT_COUNT))
        return (struct phase_end){ "SKIP", "REPEAT" };
    if (export_is(x->attempts, ATTEMPT_CODE, "stopped"))
        return (struct phase_end){ "ERROR", "STOP" };
    return (struct phase_end){ "FAIL", "FAIL_AND_CONTINUE" };
}

static void put_phase_result(struct export *x)
{
    const struct phase_end end = phase_end(x);
    out_json_open(&x->out, "result", '{');
    out_json_text(&x->out, "phase_result", end.result);
    out_json_close(&x->out, '}');
    out_json_text(&x->out, "outcome", end.outcome);
    out_json_null(&x->out, "marginal");
}

static bool put_phase(struct export *x, struct err *e)
{
    char name[48];
    const int number = sqlite3_column_int(x->attempts, ATTEMPT_NUMBER);
    const int64_t start_ms = export_utc_ms(x->attempts, ATTEMPT_STARTED_UTC);
    snprintf(name, sizeof name, "attempt %d", number);
    out_json_open(&x->out, NULL, '{');
    out_json_number(&x->out, "descriptor_id", number);
    out_json_text(&x->out, "name", name);
    put_code_info(&x->out, "codeinfo");
    if (!put_measurements(x, e))
        return false;
    out_json_null(&x->out, "options");
    put_empty(&x->out, "diagnosers", "[]");
    out_json_null(&x->out, "subtest_name");
    put_millis(&x->out, "start_time_millis", start_ms);
    put_millis(&x->out, "end_time_millis",
               start_ms + sqlite3_column_int64(x->attempts, ATTEMPT_DURATION_MS));
    put_empty(&x->out, "attachments", "{}");
    put_empty(&x->out, "diagnosis_results", "[]");
    put_empty(&x->out, "failure_diagnosis_results", "[]");
    put_phase_result(x);
    out_json_close(&x->out, '}');
    return true;
}

static bool put_phases(struct export *x, struct err *e)
{
    int rows;
    out_json_open(&x->out, "phases", '[');
    export_begin_attempts(x);
    while ((rows = export_next(x, x->attempts, e)) > 0) {
        if (!put_phase(x, e))
            return false;
    }
    out_json_close(&x->out, ']');
    return rows == 0;
}

/* ---- The record ---- */

static const char *outcome_of(sqlite3_stmt *runs)
{
    if (export_is(runs, RUN_VERDICT, "PASS"))
        return "PASS";
    if (export_is(runs, RUN_VERDICT, "STOPPED"))
        return "ABORTED";
    return export_is(runs, RUN_VERDICT, "FAIL") ? "FAIL" : "ERROR";
}

static void put_outcome(struct export *x)
{
    out_json_text(&x->out, "outcome", outcome_of(x->runs));
    out_json_open(&x->out, "outcome_details", '[');
    if (!export_is(x->runs, RUN_VERDICT, "PASS")) {
        const char *sentence = export_text(x->runs, RUN_SENTENCE);
        out_json_open(&x->out, NULL, '{');
        out_json_column(&x->out, "code", x->runs, RUN_CODE);
        out_json_text(&x->out, "description", sentence ? sentence : "");
        out_json_close(&x->out, '}');
    }
    out_json_close(&x->out, ']');
    out_json_null(&x->out, "marginal");
}

/* test_name and test_version are names that OpenHTF's own tools look for. */
static bool put_metadata(struct export *x, struct err *e)
{
    out_json_open(&x->out, "metadata", '{');
    out_json_column(&x->out, "test_name", x->runs, RUN_RECIPE);
    out_json_column(&x->out, "test_version", x->runs, RUN_RECIPE_VERSION);
    out_json_columns(&x->out, x->runs, run_columns, RUN_COLUMNS);
    if (!export_json_unit(x, e) || !export_json_burns(x, e) || !export_json_corrections(x, e))
        return false;
    put_empty(&x->out, "config", "{}");
    out_json_close(&x->out, '}');
    return true;
}

/* What the board said, as one message of a logger named so; 20 is Python's INFO. */
static void put_log(struct export *x)
{
    out_json_open(&x->out, "log_records", '[');
    if (export_text(x->runs, RUN_APP_TEXT)) {
        const int64_t end_ms = export_utc_ms(x->runs, RUN_ENDED_UTC);
        out_json_open(&x->out, NULL, '{');
        out_json_number(&x->out, "level", 20);
        out_json_text(&x->out, "logger_name", "board");
        out_json_text(&x->out, "source", "console");
        out_json_number(&x->out, "lineno", 0);
        out_json_number(&x->out, "timestamp_millis",
                        end_ms < 0 ? export_utc_ms(x->runs, RUN_STARTED_UTC) : end_ms);
        out_json_column(&x->out, "message", x->runs, RUN_APP_TEXT);
        out_json_close(&x->out, '}');
    }
    out_json_close(&x->out, ']');
}

static bool run(struct export *x, struct err *e)
{
    x->out.json.comma = false;
    out_json_open(&x->out, NULL, '{');
    out_json_column(&x->out, "dut_id", x->runs,
                    export_text(x->runs, RUN_SERIAL) ? RUN_SERIAL : RUN_MAC);
    out_json_column(&x->out, "station_id", x->runs, RUN_HOST);
    put_millis(&x->out, "start_time_millis", export_utc_ms(x->runs, RUN_STARTED_UTC));
    put_millis(&x->out, "end_time_millis", export_utc_ms(x->runs, RUN_ENDED_UTC));
    put_outcome(x);
    put_code_info(&x->out, "code_info");
    if (!put_metadata(x, e) || !put_phases(x, e))
        return false;
    put_empty(&x->out, "subtests", "[]");
    put_empty(&x->out, "branches", "[]");
    put_empty(&x->out, "diagnosers", "[]");
    put_empty(&x->out, "diagnoses", "[]");
    put_log(x);
    out_json_close(&x->out, '}');
    out_text(&x->out, "\n");
    return true;
}

const struct form form_openhtf = {
    .info = { "openhtf", "records as OpenHTF writes them, one for each closed run", true },
    .closed_only = true,
    .units_only = true,
    .head = export_nothing,
    .run = run,
    .tail = export_nothing,
};
