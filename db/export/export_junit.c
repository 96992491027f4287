/*
 * JUnit XML, as CI servers read it: one suite, and a test case for each run.
 *
 * There is no one standard. This keeps to the schema junit-10 of Jenkins' xUnit plugin: counts on
 * the suite; failure, skipped and system-out in the case. A closed run that is not PASS is a
 * failure, whose type is the code: schemas disagree on the element for errors, so STOPPED and
 * INTERRUPTED are failures as well. An open run is skipped. Facts without a place of their own are
 * lines in system-out.
 */
#include "db/export/export_priv.h"

#include <string.h>

static void put_attribute(struct out *out, const char *name, const char *value)
{
    out_text(out, " ");
    out_text(out, name);
    out_text(out, "=\"");
    out_xml(out, value);
    out_text(out, "\"");
}

static void put_count(struct out *out, const char *name, int64_t count)
{
    out_text(out, " ");
    out_text(out, name);
    out_text(out, "=\"");
    out_number(out, count);
    out_text(out, "\"");
}

static void put_time(struct out *out, int64_t ms)
{
    out_text(out, " time=\"");
    out_seconds(out, ms);
    out_text(out, "\"");
}

static void put_counts(struct out *out, const struct export_sums *sums)
{
    put_attribute(out, "name", "espstation");
    put_count(out, "tests", sums->runs);
    put_count(out, "failures", sums->failed);
    put_count(out, "errors", 0);
}

static bool head(struct export *x, struct err *e)
{
    struct export_sums sums;
    if (!export_sums(x, &sums, e))
        return false;
    out_text(&x->out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites");
    put_counts(&x->out, &sums);
    put_time(&x->out, sums.duration_ms);
    out_text(&x->out, ">\n<testsuite");
    put_counts(&x->out, &sums);
    put_count(&x->out, "skipped", sums.open);
    put_time(&x->out, sums.duration_ms);
    if (sums.first_utc[0] != '\0')
        put_attribute(&x->out, "timestamp", sums.first_utc);
    out_text(&x->out, ">\n");
    return true;
}

static bool tail(struct export *x, struct err *e)
{
    (void)e;
    out_text(&x->out, "</testsuite>\n</testsuites>\n");
    return true;
}

/* Unique by the run's number; the MAC in front, for people. */
static void put_name(struct export *x)
{
    const char *mac = export_text(x->runs, RUN_MAC);
    const char *version = export_text(x->runs, RUN_RECIPE_VERSION);
    out_text(&x->out, " classname=\"");
    out_xml_column(&x->out, x->runs, RUN_RECIPE);
    out_text(&x->out, version ? " " : "");
    out_xml(&x->out, version);
    out_text(&x->out, "\" name=\"");
    out_xml(&x->out, mac ? mac : "unidentified board");
    out_text(&x->out, ", run ");
    out_xml_column(&x->out, x->runs, RUN_ID);
    out_text(&x->out, "\"");
}

static void put_failure(struct export *x)
{
    out_text(&x->out, "<failure type=\"");
    out_xml_column(&x->out, x->runs, RUN_CODE);
    out_text(&x->out, "\" message=\"");
    out_xml_column(&x->out, x->runs, RUN_SENTENCE);
    out_text(&x->out, "\">");
    out_xml_column(&x->out, x->runs, RUN_VERDICT);
    out_text(&x->out, ": the board is ");
    out_xml_column(&x->out, x->runs, RUN_BOARD_STATE);
    out_text(&x->out, ". ");
    out_xml_column(&x->out, x->runs, RUN_HINT);
    out_text(&x->out, "</failure>");
}

static void put_verdict(struct export *x)
{
    if (!export_text(x->runs, RUN_VERDICT))
        out_text(&x->out, "<skipped message=\"The run is still open\"/>");
    else if (!export_is(x->runs, RUN_VERDICT, "PASS"))
        put_failure(x);
}

static void put_line(struct out *out, const char *name, sqlite3_stmt *s, int column)
{
    out_text(out, name);
    out_text(out, ": ");
    out_xml_column(out, s, column);
    out_text(out, "\n");
}

/* What stands elsewhere is not repeated, and the board's own words come last: they may be long. */
static bool is_fact(sqlite3_stmt *s, int column)
{
    return column != RUN_ID && column != RUN_SENTENCE && column != RUN_HINT &&
           column != RUN_APP_TEXT && !run_columns[column].csv_only &&
           sqlite3_column_type(s, column) != SQLITE_NULL;
}

static bool put_attempts(struct export *x, struct err *e)
{
    int rows;
    export_begin_attempts(x);
    while ((rows = export_next(x, x->attempts, e)) > 0) {
        out_text(&x->out, "attempt ");
        out_xml_column(&x->out, x->attempts, ATTEMPT_NUMBER);
        out_text(&x->out, ": ");
        out_xml_column(&x->out, x->attempts, ATTEMPT_CODE);
        out_text(&x->out, " in ");
        out_xml_column(&x->out, x->attempts, ATTEMPT_PHASE);
        if (export_text(x->attempts, ATTEMPT_SENTENCE))
            out_text(&x->out, ": ");
        out_xml_column(&x->out, x->attempts, ATTEMPT_SENTENCE);
        out_text(&x->out, "\n");
    }
    return rows == 0;
}

static bool put_facts(struct export *x, struct err *e)
{
    out_text(&x->out, "<system-out>");
    for (int i = 0; i < RUN_COLUMNS; i++) {
        if (is_fact(x->runs, i))
            put_line(&x->out, run_columns[i].name, x->runs, i);
    }
    if (!put_attempts(x, e))
        return false;
    if (export_text(x->runs, RUN_APP_TEXT))
        put_line(&x->out, run_columns[RUN_APP_TEXT].name, x->runs, RUN_APP_TEXT);
    out_text(&x->out, "</system-out>");
    return true;
}

static bool run(struct export *x, struct err *e)
{
    out_text(&x->out, "<testcase");
    put_name(x);
    put_time(&x->out, sqlite3_column_int64(x->runs, RUN_DURATION_MS));
    out_text(&x->out, ">");
    put_verdict(x);
    if (!put_facts(x, e))
        return false;
    out_text(&x->out, "</testcase>\n");
    return true;
}

const struct form form_junit = {
    .info = { "junit", "XML for CI servers, a test case for each run", false },
    .units_only = true,
    .head = head,
    .run = run,
    .tail = tail,
};
