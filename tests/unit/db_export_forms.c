/* What each form of an export makes of texts, verdicts and runs that are not over. */
#include "db/export/export.h"
#include "tests/unit/db_help.h"

struct text {
    char bytes[262144];
    size_t used;
    int documents;
    char macs[256];
};

static bool collect(void *ctx, const char *bytes, size_t n)
{
    struct text *t = ctx;
    assert_true(t->used + n < sizeof t->bytes);
    memcpy(t->bytes + t->used, bytes, n);
    t->used += n;
    t->bytes[t->used] = '\0';
    return true;
}

/* All that was written before belongs to the documents before. */
static bool count_document(void *ctx, const struct db_document *document)
{
    struct text *t = ctx;
    const size_t n = strlen(t->macs);
    assert_true(t->used == 0 || t->bytes[t->used - 1] == '\n');
    snprintf(t->macs + n, sizeof t->macs - n, "%d:%s ", (int)document->run_id,
             document->mac == NULL ? "-" : document->mac);
    t->documents++;
    return true;
}

static bool refuse_document(void *ctx, const struct db_document *document)
{
    (void)ctx;
    (void)document;
    return false;
}

/* Valid until the next one. */
static const char *export_with(struct bench *b, enum db_format format, struct db_sink sink)
{
    static struct text t;
    memset(&t, 0, sizeof t);
    sink.ctx = &t;
    sink.emit = collect;
    struct db *reader = db_open_reader(b->path, 1000, &b->e);
    if (reader == NULL)
        fail_msg("%s", b->e.what);
    check_ok(b, db_export(reader, format, NULL, &sink, NULL, &b->e));
    db_close(reader);
    return t.bytes;
}

static const char *export_as(struct bench *b, enum db_format format)
{
    return export_with(b, format, (struct db_sink){ .ctx = NULL });
}

static void assert_has(const char *bytes, const char *words)
{
    if (strstr(bytes, words) == NULL)
        fail_msg("missing '%s' in:\n%.2000s", words, bytes);
}

static void assert_has_not(const char *bytes, const char *words)
{
    const char *at = strstr(bytes, words);
    if (at != NULL)
        fail_msg("unwanted '%s' in: %.200s", words, at);
}

static void close_with(struct bench *b, int64_t run_id, const char *sentence)
{
    const struct db_run_end end = { .verdict = DB_FAIL,
                                    .code = "boot",
                                    .sentence = sentence,
                                    .hint = "Look.",
                                    .board_state = "verified",
                                    .app_text = sentence,
                                    .ended_utc_ms = T0_MS + 11000,
                                    .duration_ms = 11000 };
    check_ok(b, db_run_close(b->db, run_id, &end, &b->e));
}

/* ---- CSV ---- */

struct cell {
    const char *text, *cell;
};

static const struct cell cells[] = {
    { "plain", ",plain," },
    { "", ",\"\"," },
    { "=1+1", ",'=1+1," },
    { "+1", ",'+1," },
    { "-1", ",'-1," },
    { "@x", ",'@x," },
    { "'x", ",''x," },
    { "1=1", ",1=1," },
    { "a;=1", ",\"a;=1\"," },
    { "\tx", ",\"'\tx\"," },
    { "\rx", ",\"'\rx\"," },
    { "=\"x\",1", ",\"'=\"\"x\"\",1\"," },
    { "\xEF\xBC\x9D"
      "1",
      ",'\xEF\xBC\x9D"
      "1," },
    { "\xEF\xBC\x8Ex", ",\xEF\xBC\x8Ex," },
    { " x", ",\" x\"," },
    { "\x1B[31m", ",\xE2\x90\x9B[31m," },
    { "\x7F", ",\xE2\x90\xA1," },
    { "\xC2\x9B"
      "31m",
      ",\xEF\xBF\xBD"
      "31m," },
};

static void db_keeps_formulas_from_spreadsheets(void **state)
{
    struct bench *b = *state;
    bench_open(b);
    for (size_t i = 0; i < sizeof cells / sizeof cells[0]; i++)
        close_with(b, start_run(b), cells[i].text);
    const char *csv = export_as(b, DB_CSV);
    for (size_t i = 0; i < sizeof cells / sizeof cells[0]; i++)
        assert_has(csv, cells[i].cell);
    assert_has_not(csv, ",'301");
}

/* ---- JSON ---- */

static void db_escapes_in_json_what_steers_a_terminal(void **state)
{
    struct bench *b = *state;
    bench_open(b);
    close_with(b, start_run(b), "\x1B[2J \x7F \xC2\x9B \\ \" \xC3\xA9 \xC3");
    const char *json = export_as(b, DB_JSONL);
    assert_has(json, "\"sentence\":\"\\u001b[2J \\u007f \\u009b \\\\ \\\" \xC3\xA9 \xEF\xBF\xBD\"");
}

static void db_writes_a_run_on_each_line(void **state)
{
    struct bench *b = *state;
    bench_open(b);
    assert_string_equal(export_as(b, DB_JSONL), "");
    close_with(b, start_run(b), "one\ntwo");
    start_run(b);
    const char *json = export_as(b, DB_JSONL);
    const char *second = strchr(json, '\n');
    assert_non_null(second);
    assert_int_equal(strncmp(json, "{\"run\":1,", 9), 0);
    assert_int_equal(strncmp(second + 1, "{\"run\":2,", 9), 0);
    assert_string_equal(strchr(second + 1, '\n'), "\n");
}

/* ---- JUnit ---- */

static void db_keeps_xml_well_formed(void **state)
{
    struct bench *b = *state;
    bench_open(b);
    close_with(b, start_run(b),
               "<a> & \"b\" ]]>\r\n\t\x01\x1B \xC2\x9B \xEF\xBF\xBE\xEF\xBF\xBF \xED\xA0\x80");
    const char *xml = export_as(b, DB_JUNIT);
    static const char message[] = "message=\"&lt;a&gt; &amp; &quot;b&quot; "
                                  "]]&gt;&#13;&#10;&#9;\xE2\x90\x81\xE2\x90\x9B "
                                  "&#155; \xEF\xBF\xBD\xEF\xBF\xBD "
                                  "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"";
    assert_has(xml, message);
}

static void db_counts_test_cases_before_they_come(void **state)
{
    struct bench *b = *state;
    bench_open(b);
    assert_has(export_as(b, DB_JUNIT), "tests=\"0\" failures=\"0\" errors=\"0\" skipped=\"0\" "
                                       "time=\"0.000\">\n</testsuite>");
    whole_run(b, "240ac4000001", 0, 1, T0_MS, DB_PASS);
    whole_run(b, "240ac4000002", 0, 2, T0_MS + 1, DB_FAIL);
    whole_run(b, "240ac4000003", 0, 3, T0_MS + 2, DB_STOPPED);
    start_run_at(b, b->db, 0, 4, T0_MS + 3);
    const char *xml = export_as(b, DB_JUNIT);
    assert_has(xml, "tests=\"4\" failures=\"2\" errors=\"0\" skipped=\"1\" time=\"33.000\" "
                    "timestamp=\"2026-03-04T05:06:07.089Z\"");
    assert_has(xml, "name=\"24:0a:c4:00:00:01, run 1\" time=\"11.000\"><system-out>");
    assert_has(xml, "run 2\" time=\"11.000\"><failure type=\"no-sync\"");
    assert_has(xml, "name=\"unidentified board, run 4\" time=\"0.000\"><skipped");
}

/* ---- WATS ---- */

/* The id of a run's report. */
static void id_of(struct bench *b, int run, char id[static 37])
{
    char misc[64];
    const char *bytes = export_as(b, DB_WSJF);
    snprintf(misc, sizeof misc, "{\"description\":\"run\",\"text\":\"%d\"}", run);
    const char *found = strstr(bytes, misc);
    assert_non_null(found);
    while (found > bytes && found[-1] != '\n')
        found--;
    found = strstr(found, "\"id\":\"");
    assert_non_null(found);
    snprintf(id, 37, "%s", found + 6);
}

static void db_gives_a_report_the_same_id_each_time(void **state)
{
    struct bench *b = *state;
    char first[37], second[37], again[37];
    bench_open(b);
    whole_run(b, "240ac4000001", 0, 1, T0_MS, DB_PASS);
    id_of(b, 1, first);
    whole_run(b, "240ac4000001", 0, 1, T0_MS, DB_PASS);
    id_of(b, 2, second);
    id_of(b, 1, again);
    assert_string_equal(first, again);
    assert_string_not_equal(first, second);
    assert_int_equal(first[14], '5');           /* the version of the UUID */
    assert_non_null(strchr("89ab", first[19])); /* and its variant */
    assert_int_equal(strspn(first, "0123456789abcdef-"), 36);
}

static void db_tells_wats_how_runs_ended(void **state)
{
    struct bench *b = *state;
    bench_open(b);
    whole_run(b, "240ac4000001", 0, 1, T0_MS, DB_PASS);
    whole_run(b, "240ac4000002", 0, 2, T0_MS + 1, DB_FAIL);
    whole_run(b, "240ac4000003", 0, 3, T0_MS + 2, DB_STOPPED);
    close_with(b, start_run_at(b, b->db, 0, 4, T0_MS + 3), "No board");
    start_run_at(b, b->db, 0, 5, T0_MS + 4);
    const struct db_wats wats = { 77, "Hall \"2\"", "Rework" };
    const char *reports = export_with(b, DB_WSJF, (struct db_sink){ .wats = &wats });
    static const char passed[] = "\"sn\":\"24:0a:c4:00:00:01\",\"rev\":\"2.3.0\",\"processCode\":"
                                 "77,"
                                 "\"result\":\"P\",";
    assert_has(reports, passed);
    assert_has(reports, "\"result\":\"F\",\"machineName\":");
    assert_has(reports, "\"result\":\"T\",\"machineName\":");
    assert_has(reports, "\"sn\":\"unidentified, run 4\"");
    assert_has(reports, "\"location\":\"Hall \\\"2\\\"\",\"purpose\":\"Rework\"");
    assert_has(reports, "\"status\":\"S\",\"stringMeas\":[{\"compOp\":\"EQ\",\"status\":\"S\","
                        "\"value\":\"\",\"limit\":\"" MD5_B "\"}]");
    assert_has_not(reports, "\"testSocketIndex\":5"); /* still open */
    assert_has(export_as(b, DB_WSJF), "\"processCode\":10,");
}

/* WATS counts as .NET does: a character beyond U+FFFF is two. */
static void db_cuts_texts_for_wats_between_characters(void **state)
{
    struct bench *b = *state;
    char sentence[512] = "", wanted[512];
    bench_open(b);
    for (int i = 0; i < 101; i++)
        memcpy(sentence + 4 * (size_t)i, "\xF0\x9F\x94\xA5", 5);
    close_with(b, start_run(b), sentence);
    snprintf(wanted, sizeof wanted, "\"errorMessage\":\"%.400s\",", sentence);
    assert_has(export_as(b, DB_WSJF), wanted);
}

/* ---- OpenHTF ---- */

static void db_tells_openhtf_of_attempts_that_were_repeated(void **state)
{
    struct bench *b = *state;
    bench_open(b);
    const int64_t run_id = start_run(b);
    struct db_attempt failed = { .number = 1,
                                 .started_utc_ms = T0_MS,
                                 .duration_ms = 10,
                                 .phase = "sync",
                                 .code = "no-sync",
                                 .board_state = "untouched",
                                 .round_trips = -1 };
    see(b, run_id, "240ac4000001");
    check_ok(b, db_attempt_add(b->db, run_id, &failed, &b->e));
    check_ok(b, try_attempt(b, run_id, 2));
    check_ok(b, try_close(b, run_id, DB_PASS));
    const int64_t second_id = start_run(b);
    check_ok(b, db_attempt_add(b->db, second_id, &failed, &b->e));
    close_with(b, second_id, "Nothing answered");
    const char *records = export_as(b, DB_OPENHTF);
    const char *second = strchr(records, '\n') + 1;
    const char *repeated = strstr(records, "\"phase_result\":\"REPEAT\"},\"outcome\":\"SKIP\"");
    const char *failing = strstr(records, "\"phase_result\":\"FAIL_AND_CONTINUE\"},\"outcome\":"
                                          "\"FAIL\"");
    assert_true(repeated != NULL && repeated < second);
    assert_true(failing != NULL && failing > second);
    assert_has(records, "\"start_time_millis\":1772600767089,\"end_time_millis\":1772600778089,"
                        "\"outcome\":\"PASS\",\"outcome_details\":[],");
    assert_has(second, "\"dut_id\":null,");
    assert_has(second, "\"outcome_details\":[{\"code\":\"boot\",\"description\":\"Nothing ");
    assert_has(records, "\"validators\":[\"'x' is equal to '" MD5_A "'\"]");
}

/* ---- Documents ---- */

static void db_tells_where_a_document_begins(void **state)
{
    struct bench *b = *state;
    bench_open(b);
    whole_run(b, "240ac4000001", 0, 1, T0_MS, DB_PASS);
    close_with(b, start_run_at(b, b->db, 0, 2, T0_MS + 1), "No board");
    start_run_at(b, b->db, 0, 3, T0_MS + 2);
    static const struct {
        enum db_format format;
        const char *documents;
    } wanted[] = {
        { DB_CSV, "" },
        { DB_JSON, "" },
        { DB_JUNIT, "" },
        { DB_JSONL, "1:24:0a:c4:00:00:01 2:- 3:- " },
        { DB_WSJF, "1:24:0a:c4:00:00:01 2:- " },
        { DB_OPENHTF, "1:24:0a:c4:00:00:01 2:- " },
    };
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        const struct db_sink sink = { .document = count_document };
        const char *bytes = export_with(b, wanted[i].format, sink);
        assert_string_equal(((const struct text *)(const void *)bytes)->macs, wanted[i].documents);
    }
}

static void db_stops_where_a_document_is_refused(void **state)
{
    struct bench *b = *state;
    struct text *t = calloc(1, sizeof *t);
    const struct db_sink sink = { .ctx = t, .emit = collect, .document = refuse_document };
    assert_non_null(t);
    bench_open(b);
    whole_run(b, "240ac4000001", 0, 1, T0_MS, DB_PASS);
    struct db *reader = db_open_reader(b->path, 1000, &b->e);
    assert_non_null(reader);
    assert_false(db_export(reader, DB_WSJF, NULL, &sink, NULL, &b->e));
    assert_says(b, ERR_STATION, "could not be written on");
    assert_int_equal(t->used, 0);
    db_close(reader);
    free(t);
}

static void db_names_its_formats(void **state)
{
    static const char *const names[] = { "csv", "json", "jsonl", "junit", "wsjf", "openhtf" };
    const struct db_format_info *info;
    size_t count = 0;
    (void)state;
    for (; (info = db_format_info(count)) != NULL; count++) {
        assert_true(info->help[0] != '\0');
        if (count >= sizeof names / sizeof names[0] || strcmp(info->name, names[count]) != 0)
            fail_msg("%s has no word at its place in `names` of tests/unit/db_export_forms.c",
                     info->name);
    }
    assert_int_equal(count, sizeof names / sizeof names[0]);
}

int main(void)
{
#define ON_BENCH(test) cmocka_unit_test_setup_teardown(test, bench_up, bench_down)
    const struct CMUnitTest tests[] = {
        ON_BENCH(db_keeps_formulas_from_spreadsheets),
        ON_BENCH(db_escapes_in_json_what_steers_a_terminal),
        ON_BENCH(db_writes_a_run_on_each_line),
        ON_BENCH(db_keeps_xml_well_formed),
        ON_BENCH(db_counts_test_cases_before_they_come),
        ON_BENCH(db_gives_a_report_the_same_id_each_time),
        ON_BENCH(db_tells_wats_how_runs_ended),
        ON_BENCH(db_cuts_texts_for_wats_between_characters),
        ON_BENCH(db_tells_openhtf_of_attempts_that_were_repeated),
        ON_BENCH(db_tells_where_a_document_begins),
        ON_BENCH(db_stops_where_a_document_is_refused),
        cmocka_unit_test(db_names_its_formats),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
