/* The charts. What is good is filled, what is not is hatched, and every bar has its number beside
 * it: they are read without colour as well. */
#include "station/report/report_priv.h"
#include "station/report/svg.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define WIDTH (SVG_WIDTH * 10) /* tenths, as all that follow */

enum {
    ROW = 230,      /* from bar to bar */
    BAR = 150,      /* its height */
    BASELINE = 118, /* of the text beside it, from its top */
    LABEL_WIDTH = 1150,
    FIGURE_WIDTH = 1150,
    BAR_X = LABEL_WIDTH,
    BAR_SPAN = WIDTH - LABEL_WIDTH - FIGURE_WIDTH,
    GAP = 80,
};

/* A label on the left of a row, cut so that it stays there. */
static void row_label(struct html *h, int y, const char *text)
{
    svg_label(h, "name", LABEL_WIDTH - GAP, y + BASELINE);
    html_text_cut(h, text, 18);
    svg_label_end(h);
}

/* A bar of what is good, the rest up to the full span of what is not, and the share behind. */
static void share_row(struct html *h, int y, const char *label, int64_t part, int64_t whole)
{
    const int good = svg_length(part, whole, BAR_SPAN);
    row_label(h, y, label);
    svg_bar(h, "good", BAR_X, y, good, BAR);
    if (whole > 0)
        svg_bar(h, "bad", BAR_X + good, y, BAR_SPAN - good, BAR);
    else
        svg_line(h, "axis", BAR_X, y + BAR / 2, BAR_X + BAR_SPAN, y + BAR / 2);
    svg_label(h, "figure", BAR_X + BAR_SPAN + GAP, y + BASELINE);
    html_share(h, part, whole);
    svg_label_end(h);
}

void report_chart_yields(struct html *h, const struct db_stats_row *row)
{
    svg_begin(h, "yields", 3 * ROW / 10);
    html_put(h, "First-pass, final and run yield");
    svg_described(h, "yields");
    html_put(h, "Three bars from 0 to 100 percent. First-pass yield ");
    html_share(h, row->first_pass, row->boards);
    html_put(h, ", final yield ");
    html_share(h, row->final_pass, row->boards);
    html_put(h, ", run yield ");
    html_share(h, row->passed, row->passed + row->failed - row->refused);
    html_put(h, ".");
    svg_begun(h);
    share_row(h, 20, "First pass", row->first_pass, row->boards);
    share_row(h, ROW + 20, "Final", row->final_pass, row->boards);
    share_row(h, 2 * ROW + 20, "Runs", row->passed, row->passed + row->failed - row->refused);
    svg_end(h);
}

/* ---- Why runs failed ---- */

static void code_row(struct html *h, int y, const char *label, int64_t runs, int64_t most,
                     int64_t so_far, int64_t all)
{
    const int span = BAR_SPAN - 250; /* room for the count behind the longest */
    const int length = svg_length(runs, most, span);
    row_label(h, y, label);
    svg_bar(h, "bad", BAR_X, y, length, BAR);
    svg_label(h, "figure", BAR_X + length + GAP, y + BASELINE);
    html_number(h, runs);
    svg_label_end(h);
    svg_label(h, "figure right", WIDTH, y + BASELINE);
    html_share(h, so_far, all);
    svg_label_end(h);
}

/* Several rows in one, at the end. */
static void others_row(struct html *h, int y, const struct db_stats_row *row, size_t from)
{
    int64_t runs = 0;
    for (size_t i = from; i < row->code_count; i++)
        runs += row->codes[i].runs;
    code_row(h, y, "all others", runs, runs > row->codes[0].runs ? runs : row->codes[0].runs,
             row->failed, row->failed);
}

void report_chart_codes(struct html *h, const struct db_stats_row *row)
{
    const bool cut = row->code_count > REPORT_CHART_CODES;
    const size_t shown = cut ? REPORT_CHART_CODES - 1 : row->code_count;
    const int rows = (int)shown + cut;
    int64_t so_far = 0;
    svg_begin(h, "codes", ((rows + 1) * ROW) / 10);
    html_put(h, "Why runs failed, the most frequent cause first");
    svg_described(h, "codes");
    html_put(h, "One bar for each code, with its runs, and the share of all failed runs that it "
                "and those above it make.");
    svg_begun(h);
    svg_label(h, "figure", BAR_X, BASELINE);
    html_put(h, "runs");
    svg_label_end(h);
    svg_label(h, "figure right", WIDTH, BASELINE);
    html_put(h, "so far");
    svg_label_end(h);
    for (size_t i = 0; i < shown; i++) {
        so_far += row->codes[i].runs;
        code_row(h, (int)(i + 1) * ROW, row->codes[i].code, row->codes[i].runs, row->codes[0].runs,
                 so_far, row->failed);
    }
    if (cut)
        others_row(h, rows * ROW, row, shown);
    svg_end(h);
}

/* ---- Slots ---- */

static size_t charted(size_t count)
{
    return count < REPORT_CHART_SLOTS ? count : REPORT_CHART_SLOTS;
}

static void slot_label(char label[static 24], const struct report_slot *slot)
{
    snprintf(label, 24, "Slot %s", slot->name);
}

void report_chart_slot_yields(struct html *h, const struct report_slot *slots, size_t count)
{
    char label[24];
    svg_begin(h, "slot-yields", (int)charted(count) * ROW / 10);
    html_put(h, "Run yield of each slot");
    svg_described(h, "slot-yields");
    html_put(h, "One bar for each slot from 0 to 100 percent: runs that passed, of all that were "
                "judged.");
    svg_begun(h);
    for (size_t i = 0; i < charted(count); i++) {
        const struct db_stats_row *row = &slots[i].row;
        slot_label(label, &slots[i]);
        share_row(h, (int)i * ROW + 20, label, row->passed,
                  row->passed + row->failed - row->refused);
    }
    svg_end(h);
}

static void time_row(struct html *h, int y, const struct report_slot *slot, int64_t most)
{
    char label[24];
    const struct db_spread *ms = &slot->row.ms;
    const int half = svg_length(ms->p50, most, BAR_SPAN);
    const int tenth = svg_length(ms->p90, most, BAR_SPAN);
    slot_label(label, slot);
    row_label(h, y, label);
    if (ms->count > 0) {
        svg_bar(h, "time", BAR_X, y, half, BAR);
        svg_line(h, "reach", BAR_X + half, y + BAR / 2, BAR_X + tenth, y + BAR / 2);
        svg_line(h, "reach", BAR_X + tenth, y + 20, BAR_X + tenth, y + BAR - 20);
    }
    svg_label(h, "figure", BAR_X + BAR_SPAN + GAP, y + BASELINE);
    html_seconds(h, ms->count > 0 ? ms->p50 : -1);
    html_put(h, " / ");
    html_seconds(h, ms->count > 0 ? ms->p90 : -1);
    svg_label_end(h);
}

void report_chart_slot_times(struct html *h, const struct report_slot *slots, size_t count)
{
    int64_t most = 0;
    for (size_t i = 0; i < charted(count); i++)
        most = slots[i].row.ms.p90 > most ? slots[i].row.ms.p90 : most;
    svg_begin(h, "slot-times", (int)charted(count) * ROW / 10);
    html_put(h, "Seconds that boards took in each slot");
    svg_described(h, "slot-times");
    html_put(h, "One bar for each slot: half of its runs that passed took at most so long; the "
                "thin line behind it ends where 90 percent were done.");
    svg_begun(h);
    for (size_t i = 0; i < charted(count); i++)
        time_row(h, (int)i * ROW + 20, &slots[i], most);
    svg_end(h);
}

/* ---- Over time ---- */

enum {
    PLOT_X = 420,
    PLOT_Y = 220,
    PLOT_HEIGHT = 1500,
    PLOT_BOTTOM = PLOT_Y + PLOT_HEIGHT,
    PLOT_SPAN = WIDTH - PLOT_X,
    TIMES_HEIGHT = PLOT_BOTTOM + 260,
    FEW_COLUMNS = 14, /* these have their numbers above them */
    LABELS = 5,
};

static void draw_scale(struct html *h, int64_t end)
{
    const int64_t step = svg_scale_step(end);
    for (int64_t mark = 0; mark <= end && mark >= 0; mark += step) {
        const int y = PLOT_BOTTOM - svg_length(mark, end, PLOT_HEIGHT);
        svg_line(h, mark == 0 ? "axis" : "grid", PLOT_X, y, WIDTH, y);
        svg_label(h, "figure right", PLOT_X - 60, y + 40);
        html_number(h, mark);
        svg_label_end(h);
    }
}

static void draw_column(struct html *h, const struct report_period *p, int x, int width,
                        int64_t end, bool numbered)
{
    const int good = svg_length(p->passed, end, PLOT_HEIGHT);
    const int all = svg_length(p->passed + p->others, end, PLOT_HEIGHT);
    svg_bar(h, "good", x, PLOT_BOTTOM - good, width, good);
    svg_bar(h, "bad", x, PLOT_BOTTOM - all, width, all - good);
    if (!numbered || p->passed + p->others == 0)
        return;
    svg_label(h, "figure middle", x + width / 2, PLOT_BOTTOM - all - 40);
    html_number(h, p->passed);
    if (p->others > 0) {
        html_put(h, " + ");
        html_number(h, p->others);
    }
    svg_label_end(h);
}

static void draw_time_label(struct html *h, const struct report_times *times, size_t at, int x)
{
    char label[24];
    const char *side = at == 0 && times->count > 1                  ? "figure"
                       : at + 1 == times->count && times->count > 1 ? "figure right"
                                                                    : "figure middle";
    report_times_label(times, at, label);
    svg_label(h, side, x, PLOT_BOTTOM + 170);
    html_text(h, label);
    svg_label_end(h);
}

/* Tenths from one column to the next; few columns do not fill the width. */
static int column_pitch(size_t count)
{
    const int pitch = PLOT_SPAN / (int)count;
    return pitch > 700 ? 700 : pitch;
}

static void draw_columns(struct html *h, const struct report_times *times, int64_t end)
{
    const int pitch = column_pitch(times->count);
    const int width = pitch > 60 ? pitch * 7 / 10 : pitch - 5;
    const size_t every = (times->count + LABELS - 1) / LABELS;
    for (size_t i = 0; i < times->count; i++) {
        const int x = PLOT_X + (int)i * pitch;
        draw_column(h, &times->periods[i], x + (pitch - width) / 2, width, end,
                    times->count <= FEW_COLUMNS);
        if (i % every == 0 && (i == 0 || times->count - i > every / 2))
            draw_time_label(h, times, i, i == 0 && times->count > 1 ? x : x + pitch / 2);
    }
}

void report_chart_times(struct html *h, const struct report_times *times)
{
    int64_t most = 0;
    for (size_t i = 0; i < times->count; i++) {
        const int64_t all = times->periods[i].passed + times->periods[i].others;
        most = all > most ? all : most;
    }
    const int64_t end = svg_scale_end(most);
    svg_begin(h, "times", TIMES_HEIGHT / 10);
    html_putf(h, "Runs that ended in each %s", times->unit->word);
    svg_described(h, "times");
    html_putf(h,
              "One column for each %s, UTC: filled for the runs that passed, hatched on top for "
              "those that did not.",
              times->unit->word);
    svg_begun(h);
    draw_scale(h, end);
    draw_columns(h, times, end);
    svg_end(h);
}
