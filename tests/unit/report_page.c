/* The parts of a report: text stays text, numbers are as people write them, scales fit, and every
 * hour, day, month and year has its place. */
#include "station/report/html.h"
#include "station/report/report_priv.h"
#include "station/report/svg.h"
#include "tests/lib/test.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define THIN "\xE2\x80\xAF"
#define BAD  "\xEF\xBF\xBD"

struct paper {
    struct html h;
    char text[200000];
    size_t used, room;
};

static bool onto_paper(void *ctx, const char *bytes, size_t n)
{
    struct paper *p = ctx;
    if (n > p->room - p->used)
        return false;
    memcpy(p->text + p->used, bytes, n);
    p->used += n;
    p->text[p->used] = '\0';
    return true;
}

static struct paper *paper_new(void)
{
    struct paper *p = calloc(1, sizeof *p);
    assert_non_null(p);
    p->h.out.ctx = p;
    p->h.out.emit = onto_paper;
    p->room = sizeof p->text - 1;
    return p;
}

static void assert_paper(struct paper *p, const char *expected)
{
    assert_true(html_flush(&p->h));
    assert_string_equal(p->text, expected);
    free(p);
}

static void assert_text(const char *text, const char *expected)
{
    struct paper *p = paper_new();
    html_text(&p->h, text);
    assert_paper(p, expected);
}

/* ---- Text ---- */

static void markup_in_texts_is_escaped(void **state)
{
    (void)state;
    assert_text("<script>alert('1')</script>", "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;");
    assert_text("\"><img src=x>&amp;", "&quot;&gt;&lt;img src=x&gt;&amp;amp;");
    assert_text("Pr\xC3\xBC"
                "fer \xE6\x9D\xBE \xF0\x9F\x94\xA5",
                "Pr\xC3\xBC"
                "fer \xE6\x9D\xBE \xF0\x9F\x94\xA5");
    assert_text(NULL, "");
}

static void what_is_no_text_is_shown_as_such(void **state)
{
    (void)state;
    assert_text("a\tb\033[31m\x7F", "a\xE2\x90\x89"
                                    "b\xE2\x90\x9B[31m\xE2\x90\xA1");
    assert_text("\x80<\xC3", BAD "&lt;" BAD);
    assert_text("\xC0\xBCscript>", BAD BAD "script&gt;"); /* '<' with a byte too many */
    assert_text("A\xE2\x80\xAE"
                "B\xC2\x9B",
                "A" BAD "B" BAD); /* turns the direction; CSI */
    assert_text("\xEF\xBF\xBF\xF0\x9F\xBF\xBE", BAD BAD);
}

/* No byte by itself, and no pair of them, brings markup through. */
static void no_pair_of_bytes_gets_through(void **state)
{
    (void)state;
    for (int first = 1; first < 256; first++) {
        struct paper *p = paper_new();
        for (int second = 1; second < 256; second++) {
            const char pair[] = { (char)first, (char)second, '\0' };
            html_text(&p->h, pair);
        }
        assert_true(html_flush(&p->h));
        assert_null(strpbrk(p->text, "<>\"'"));
        for (const char *c = p->text; *c; c++)
            assert_true((unsigned char)*c >= 0x20 && *c != 0x7F);
        free(p);
    }
}

static void long_texts_are_cut_between_characters(void **state)
{
    static const struct {
        const char *text, *cut;
    } rows[] = { { "abcd", "abcd" },
                 { "abcde", "abc\xE2\x80\xA6" },
                 { "\xC3\xBC\xC3\xBC\xC3\xBC\xC3\xBC\xC3\xBC",
                   "\xC3\xBC\xC3\xBC\xC3\xBC\xE2\x80\xA6" },
                 { "a<b>c", "a&lt;b\xE2\x80\xA6" } };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct paper *p = paper_new();
        html_text_cut(&p->h, rows[i].text, 4);
        assert_paper(p, rows[i].cut);
    }
}

/* The buffer's end is nowhere seen, and after a refusal nothing more is sent. */
static void pages_larger_than_the_buffer_come_whole(void **state)
{
    (void)state;
    struct paper *p = paper_new();
    for (int i = 0; i < 15000; i++)
        html_text(&p->h, "<abc>");
    assert_true(html_flush(&p->h));
    assert_int_equal(p->used, 15000 * strlen("&lt;abc&gt;"));
    for (size_t i = 0; i < p->used; i += strlen("&lt;abc&gt;"))
        assert_memory_equal(p->text + i, "&lt;abc&gt;", strlen("&lt;abc&gt;"));
    free(p);
    p = paper_new();
    p->room = 40000;
    for (int i = 0; i < 20000; i++)
        html_text(&p->h, "abcd");
    assert_false(html_flush(&p->h));
    assert_true(p->h.out.refused);
    assert_int_equal(p->used, sizeof p->h.out.bytes);
    free(p);
}

/* ---- Numbers ---- */

static void numbers_are_grouped(void **state)
{
    (void)state;
    struct paper *p = paper_new();
    static const int64_t numbers[] = { 0, 999, 9999, 10000, 1234567, -5 };
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        html_number(&p->h, numbers[i]);
        html_put(&p->h, " ");
    }
    assert_paper(p, "0 999 9999 10" THIN "000 1" THIN "234" THIN "567 -5 ");
}

static void only_all_is_a_hundred_percent(void **state)
{
    static const struct {
        int64_t part, whole;
        const char *text;
    } rows[] = { { 15, 16, "93.75" THIN "%" },
                 { 16, 16, "100.00" THIN "%" },
                 { 999999, 1000000, "99.99" THIN "%" },
                 { 1, 1000000, "0.01" THIN "%" },
                 { 0, 5, "0.00" THIN "%" },
                 { 0, 0, "\xE2\x80\x93" } };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct paper *p = paper_new();
        html_share(&p->h, rows[i].part, rows[i].whole);
        assert_paper(p, rows[i].text);
    }
}

static void times_are_told_to_the_second(void **state)
{
    (void)state;
    struct paper *p = paper_new();
    html_utc(&p->h, "2026-03-04T05:06:07.089Z");
    html_put(&p->h, " ");
    html_utc(&p->h, NULL);
    html_put(&p->h, " ");
    html_utc(&p->h, "<soon>");
    html_put(&p->h, " ");
    html_seconds(&p->h, 9549);
    html_put(&p->h, " ");
    html_seconds(&p->h, -1);
    assert_paper(p, "2026-03-04 05:06:07 \xE2\x80\x93 &lt;soon&gt; 9.5" THIN "s \xE2\x80\x93");
}

/* ---- Scales ---- */

static void lengths_stay_within_their_span(void **state)
{
    (void)state;
    assert_int_equal(svg_length(0, 10, 1000), 0);
    assert_int_equal(svg_length(5, 10, 1000), 500);
    assert_int_equal(svg_length(10, 10, 1000), 1000);
    assert_int_equal(svg_length(11, 10, 1000), 1000);
    assert_int_equal(svg_length(-3, 10, 1000), 0);
    assert_int_equal(svg_length(3, 0, 1000), 0);
    assert_int_equal(svg_length(INT64_MAX / 2, INT64_MAX, 1000), 500);
    assert_int_equal(svg_length(1, 3, 1000), 333);
}

static void scales_end_at_round_numbers(void **state)
{
    static const int64_t rows[][2] = { { 0, 1 },    { 1, 1 },      { 2, 2 },      { 3, 5 },
                                       { 6, 10 },   { 11, 20 },    { 20, 20 },    { 21, 50 },
                                       { 51, 100 }, { 999, 1000 }, { 1001, 2000 } };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(svg_scale_end(rows[i][0]), rows[i][1]);
    for (int64_t most = 1; most < 5000; most++) {
        const int64_t end = svg_scale_end(most), step = svg_scale_step(end);
        assert_true(end >= most && end <= 5 * most / 2 + 2);
        assert_true(step >= 1 && end % step == 0 && end / step <= 5);
    }
    assert_true(svg_scale_end(INT64_MAX) > 0);
}

static void drawings_are_told_in_words(void **state)
{
    (void)state;
    struct paper *p = paper_new();
    svg_begin(&p->h, "x", 20);
    html_text(&p->h, "<T>");
    svg_described(&p->h, "x");
    html_text(&p->h, "D");
    svg_begun(&p->h);
    svg_bar(&p->h, "good", 5, 0, 0, 10); /* nothing to draw */
    svg_bar(&p->h, "good", 15, -5, 1000, 10);
    svg_end(&p->h);
    assert_paper(p, "<svg role=\"img\" viewBox=\"0 0 480 20\" aria-labelledby=\"x-title x-desc\">"
                    "<title id=\"x-title\">&lt;T&gt;</title><desc id=\"x-desc\">D</desc>\n"
                    "<rect class=\"good\" x=\"1.5\" y=\"-0.5\" width=\"100.0\" height=\"1.0\"/>\n"
                    "</svg>\n");
}

/* ---- Periods ---- */

static void assert_periods(const char *first, const char *last, const char *word, size_t count,
                           const char *first_label, const char *last_label)
{
    struct report_times times;
    char label[24];
    report_times_begin(&times, first, last);
    if (!times.unit)
        fail_msg("no unit from %s to %s", first, last);
    assert_string_equal(times.unit->word, word);
    assert_int_equal(times.count, count);
    report_times_label(&times, 0, label);
    assert_string_equal(label, first_label);
    report_times_label(&times, count - 1, label);
    assert_string_equal(label, last_label);
}

static void the_unit_fits_the_time(void **state)
{
    (void)state;
    assert_periods("2026-03-04T05:06:07.089Z", "2026-03-04T05:07:00.000Z", "hour", 1, "03-04 05:00",
                   "03-04 05:00");
    assert_periods("2026-12-31T23:00:00.000Z", "2027-01-01T01:00:00.000Z", "hour", 3, "12-31 23:00",
                   "01-01 01:00");
    assert_periods("2028-02-27T00:00:00.000Z", "2028-03-02T00:00:00.000Z", "day", 5, "02-27",
                   "03-02"); /* with a 29th of February */
    assert_periods("2026-02-27T00:00:00.000Z", "2026-03-02T00:00:00.000Z", "day", 4, "02-27",
                   "03-02");
    assert_periods("2026-03-04T00:00:00.000Z", "2027-01-04T00:00:00.000Z", "month", 11, "2026-03",
                   "2027-01");
    assert_periods("2000-01-01T00:00:00.000Z", "2026-01-01T00:00:00.000Z", "year", 27, "2000",
                   "2026");
}

static void a_clock_that_was_nowhere_has_no_chart(void **state)
{
    struct report_times times;
    (void)state;
    report_times_begin(&times, "1970-01-01T00:00:00.000Z", "9999-01-01T00:00:00.000Z");
    assert_null(times.unit);
    report_times_begin(&times, "2027-03-04T00:00:00.000Z", "2026-01-01T00:00:00.000Z");
    assert_null(times.unit); /* set back in between */
    report_times_begin(&times, "", "");
    assert_null(times.unit);
}

/* Every day of four hundred years comes right behind the one before it. */
static void no_day_is_lost(void **state)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    (void)state;
    char before[DB_UTC_CAP] = "1999-12-31T00:00:00.000Z", now[64], label[24], expected[24];
    for (int year = 2000; year < 2400; year++) {
        for (int m = 0; m < 12; m++) {
            const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            for (int day = 1; day <= days[m] + (m == 1 && leap); day++) {
                struct report_times times;
                snprintf(now, sizeof now, "%04d-%02d-%02dT23:00:00.000Z", year, m + 1, day);
                report_times_begin(&times, before, now);
                assert_non_null(times.unit);
                assert_int_equal(times.count, year == 2000 && m == 0 && day == 1 ? 48 : 25);
                report_times_label(&times, times.count - 1, label);
                snprintf(expected, sizeof expected, "%02d-%02d 23:00", m + 1, day);
                assert_string_equal(label, expected);
                snprintf(before, sizeof before, "%.24s", now);
            }
        }
    }
}

static void runs_are_added_to_their_period(void **state)
{
    struct report_times times;
    (void)state;
    report_times_begin(&times, "2026-03-04T05:06:07.089Z", "2026-03-04T08:00:00.000Z");
    report_times_add(&times, "2026-03-04T06", 3, 1);
    report_times_add(&times, "2026-03-04T08", 1, 0);
    report_times_add(&times, "2026-03-04T09", 7, 7); /* after the last */
    report_times_add(&times, "2026-03-04T04", 7, 7);
    assert_int_equal(times.periods[0].passed, 0);
    assert_int_equal(times.periods[1].passed, 3);
    assert_int_equal(times.periods[1].others, 1);
    assert_int_equal(times.periods[3].passed, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(markup_in_texts_is_escaped),
        cmocka_unit_test(what_is_no_text_is_shown_as_such),
        cmocka_unit_test(no_pair_of_bytes_gets_through),
        cmocka_unit_test(long_texts_are_cut_between_characters),
        cmocka_unit_test(pages_larger_than_the_buffer_come_whole),
        cmocka_unit_test(numbers_are_grouped),
        cmocka_unit_test(only_all_is_a_hundred_percent),
        cmocka_unit_test(times_are_told_to_the_second),
        cmocka_unit_test(lengths_stay_within_their_span),
        cmocka_unit_test(scales_end_at_round_numbers),
        cmocka_unit_test(drawings_are_told_in_words),
        cmocka_unit_test(the_unit_fits_the_time),
        cmocka_unit_test(a_clock_that_was_nowhere_has_no_chart),
        cmocka_unit_test(no_day_is_lost),
        cmocka_unit_test(runs_are_added_to_their_period),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
