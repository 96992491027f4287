/* The report from top to bottom. What has a row for each board is in report_lists.c. */
#include "station/report/report.h"

#include "station/report/report_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *plural(int64_t n)
{
    return n == 1 ? "" : "s";
}

/* ---- Head ---- */

static void write_start(struct report *r)
{
    struct html *h = r->h;
    /* The policy keeps the file from ever asking anybody for anything, whatever got into it. */
    html_put(h, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                "style-src 'unsafe-inline'; img-src data:\">\n"
                "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                "<meta name=\"generator\" content=\"espstation " ESPSTATION_VERSION "\">\n"
                "<link rel=\"icon\" href=\"data:,\">\n<title>Lot ");
    html_text(h, r->filter.lot);
    html_put(h, " - flashing report</title>\n<style>");
    for (size_t i = 0; report_styles[i]; i++)
        html_put(h, report_styles[i]);
    html_put(h, "</style>\n</head>\n<body>\n<svg class=\"none\" aria-hidden=\"true\"><defs>"
                "<pattern id=\"hatch\" width=\"4.5\" height=\"4.5\" "
                "patternUnits=\"userSpaceOnUse\"><path d=\"M-1 1l2-2M0 4.5l4.5-4.5M3.5 5.5l2-2\"/>"
                "</pattern></defs></svg>\n");
}

static void fact(struct html *h, const char *name)
{
    html_putf(h, "<dt>%s</dt><dd>", name);
}

static void write_by(struct html *h, const char *who)
{
    if (!who || !who[0])
        return;
    html_put(h, " by ");
    html_text(h, who);
}

static void write_recipe_fact(struct report *r)
{
    const struct db_report_summary *s = &r->summary;
    struct html *h = r->h;
    html_put(h, "<div>");
    fact(h, "Recipe");
    if (s->recipes == 1) {
        html_text(h, s->recipe);
        html_put(h, " ");
        html_text(h, s->recipe_version);
        html_put(h, " for ");
        html_text(h, s->chip);
    } else if (s->recipes == 0) {
        html_put(h, "none was run yet");
    } else {
        html_number(h, s->recipes);
        html_put(h, " recipes, see below");
    }
    html_put(h, "</dd></div>\n");
}

static bool is_closed_everywhere(const struct report_source *from)
{
    for (size_t i = 0; i < from->end_count; i++) {
        if (!from->ends[i].closed_utc[0])
            return false;
    }
    return from->end_count > 0;
}

static void write_state(struct report *r, const struct db_lot_row *lot)
{
    const bool signed_well = r->checkpoint.signature_fits && r->checkpoint.record_fits;
    if (r->from->fleet && is_closed_everywhere(r->from))
        html_put(r->h, "<span class=\"state yes\">Closed at all stations</span>\n");
    else if (!lot->closed_utc)
        html_put(r->h, "<span class=\"state open\">Open: these numbers may still change</span>\n");
    else if (signed_well)
        html_put(r->h, "<span class=\"state yes\">Closed and signed</span>\n");
    else
        html_put(r->h, "<span class=\"state no\">Closed, but the signature does not fit</span>\n");
    if (r->checkpoint.later_corrections > 0)
        html_put(r->h, "<span class=\"state no\">Corrected after it was closed</span>\n");
}

static bool write_head(void *ctx, const struct db_lot_row *lot)
{
    struct report *r = ctx;
    struct html *h = r->h;
    r->quantity = lot->quantity;
    html_put(h, "<header>\n<p class=\"kind\">Flashing report</p>\n<h1>Lot ");
    html_text(h, lot->name);
    html_put(h, "</h1>\n");
    write_state(r, lot);
    html_put(h, "<dl class=\"facts\">\n");
    write_recipe_fact(r);
    html_put(h, "<div>");
    fact(h, "First run");
    html_utc(h, r->summary.first_utc);
    html_put(h, "</dd></div>\n<div>");
    fact(h, "Last verdict");
    html_utc(h, r->summary.last_utc);
    html_put(h, "</dd></div>\n<div>");
    fact(h, "Opened");
    html_utc(h, lot->opened_utc);
    write_by(h, lot->opened_by);
    html_put(h, "</dd></div>\n");
    if (lot->closed_utc) {
        html_put(h, "<div>");
        fact(h, "Closed");
        html_utc(h, lot->closed_utc);
        write_by(h, lot->closed_by);
        html_put(h, "</dd></div>\n");
    }
    html_put(h, "<div>");
    fact(h, "Report made");
    html_utc(h, r->made_utc);
    html_put(h, "</dd></div>\n</dl>\n<p class=\"note\">All times are UTC.</p>\n</header>\n");
    return true;
}

/* ---- The numbers ---- */

static int64_t closed_runs(const struct db_stats_row *row)
{
    return row->passed + row->failed + row->stopped + row->interrupted;
}

static void write_boards_of(struct html *h, int64_t part, int64_t whole)
{
    html_number(h, part);
    html_put(h, " of ");
    html_number(h, whole);
}

static void write_lead(struct html *h, const struct db_stats_row *row)
{
    const int64_t bad = row->boards - row->final_pass;
    html_put(h, "<p class=\"lead\">");
    if (closed_runs(row) == 0) {
        html_put(h, "No run of this lot is over yet.");
    } else if (row->boards == 0) {
        html_put(h, "No board of this lot has a verdict of its own yet.");
    } else if (bad == 0) {
        html_putf(h, "<strong class=\"yes\">%s good.</strong> ",
                  row->boards == 1 ? "The one board is" : "All boards are");
        html_put(h, "Each was proved by the MD5 that its chip computed over what it holds.");
    } else if (row->final_pass == 0) {
        html_putf(h, "<strong class=\"no\">%s good.</strong>",
                  row->boards == 1 ? "The one board is not" : "None of the boards is");
    } else {
        html_put(h, "<strong>");
        write_boards_of(h, row->final_pass, row->boards);
        html_putf(h, " boards %s good</strong>, <strong class=\"no\">",
                  row->final_pass == 1 ? "is" : "are");
        html_number(h, bad);
        html_putf(h, " %s not.</strong>", bad == 1 ? "is" : "are");
    }
    html_put(h, "</p>\n");
}

static void begin_tile(struct html *h, const char *name)
{
    html_putf(h, "<li><small>%s</small><b>", name);
}

static void write_yield_tiles(struct report *r, const struct db_stats_row *row)
{
    struct html *h = r->h;
    begin_tile(h, "Good boards");
    html_number(h, row->final_pass);
    html_put(h, "</b><small>of ");
    html_number(h, row->boards);
    html_put(h, " flashed");
    if (r->quantity > 0) {
        html_put(h, ", ");
        html_number(h, r->quantity);
        html_put(h, " ordered");
    }
    html_put(h, "</small></li>\n");
    begin_tile(h, "First-pass yield");
    html_share(h, row->first_pass, row->boards);
    html_put(h, "</b><small>");
    write_boards_of(h, row->first_pass, row->boards);
    html_put(h, " passed in their first run</small></li>\n");
    begin_tile(h, "Final yield");
    html_share(h, row->final_pass, row->boards);
    html_put(h, "</b><small>");
    write_boards_of(h, row->final_pass, row->boards);
    html_put(h, " passed in their last run</small></li>\n");
}

static void write_busiest(struct report *r)
{
    struct html *h = r->h;
    char hour[DB_UTC_CAP];
    if (r->summary.busiest_passed == 0) {
        html_put(h, "no run has passed");
        return;
    }
    snprintf(hour, sizeof hour, "%.10s %.2s:00", r->summary.busiest_utc,
             r->summary.busiest_utc + (strlen(r->summary.busiest_utc) > 11 ? 11 : 0));
    html_put(h, "busiest: ");
    html_number(h, r->summary.busiest_passed);
    html_put(h, " in the hour from ");
    html_text(h, hour);
}

/* With a tenth where that tells more. */
static void write_per_hour(struct html *h, int64_t passed, int64_t hours)
{
    const int64_t tenths = hours > 0 ? passed * 10 / hours : 0;
    html_number(h, tenths / 10);
    if (tenths > 0 && tenths < 100)
        html_putf(h, ".%d", (int)(tenths % 10));
}

static void write_speed(struct html *h, const struct db_spread *bytes_per_s)
{
    begin_tile(h, "Written per second");
    if (bytes_per_s->count == 0) {
        html_put(h, "\xE2\x80\x93</b><small>nothing was written</small></li>\n");
        return;
    }
    html_number(h, bytes_per_s->p50 / 1024);
    html_put(h, " KB</b><small>half were at least so fast; slowest ");
    html_number(h, bytes_per_s->min / 1024);
    html_put(h, " KB</small></li>\n");
}

static void write_time_tiles(struct report *r, const struct db_stats_row *row)
{
    struct html *h = r->h;
    const bool any = row->ms.count > 0;
    begin_tile(h, "Time for a board");
    html_seconds(h, any ? row->ms.p50 : -1);
    html_put(h, "</b><small>half took at most so long; 90&#8239;%: ");
    html_seconds(h, any ? row->ms.p90 : -1);
    html_put(h, ", longest ");
    html_seconds(h, any ? row->ms.max : -1);
    html_put(h, "</small></li>\n");
    begin_tile(h, "Boards per hour");
    write_per_hour(h, row->passed, r->summary.hours);
    html_put(h, "</b><small>");
    html_number(h, row->passed);
    html_putf(h, " passed in %" PRId64 " clock hour%s; ", r->summary.hours,
              plural(r->summary.hours));
    write_busiest(r);
    html_put(h, "</small></li>\n");
    write_speed(h, &row->bytes_per_s);
}

static void write_codes_table(struct html *h, const struct db_stats_row *row)
{
    html_put(h, "<div class=\"wide\"><table><thead><tr><th>Code</th><th class=\"n\">Runs</th>"
                "<th class=\"n\">Share</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < row->code_count; i++) {
        html_put(h, "<tr><td>");
        html_text(h, row->codes[i].code);
        html_put(h, "</td><td class=\"n\">");
        html_number(h, row->codes[i].runs);
        html_put(h, "</td><td class=\"n\">");
        html_share(h, row->codes[i].runs, row->failed);
        html_put(h, "</td></tr>\n");
    }
    html_put(h, "</tbody></table></div>\n");
}

static void count_cell(struct html *h, const char *name, int64_t n, const char *meaning)
{
    html_putf(h, "<tr><td>%s</td><td class=\"n\">", name);
    html_number(h, n);
    html_putf(h, "</td><td>%s</td></tr>\n", meaning);
}

static void write_counts(struct html *h, const struct db_stats_row *row)
{
    html_put(h, "<div class=\"wide\"><table><thead><tr><th>Runs</th><th class=\"n\"></th><th></th>"
                "</tr></thead><tbody>\n");
    count_cell(h, "passed", row->passed, "");
    count_cell(h, "of these retried", row->retried, "passed in a second attempt or later");
    count_cell(h, "failed", row->failed, "");
    count_cell(h, "of these refused", row->refused,
               "duplicate, or the lot was full: not touched, and in no yield");
    count_cell(h, "of these unidentified", row->unidentified,
               "no MAC was read: they count for no board");
    count_cell(h, "stopped", row->stopped, "by a person");
    count_cell(h, "interrupted", row->interrupted, "the station ended in between");
    if (row->open > 0)
        count_cell(h, "open", row->open, "not over when this report was made");
    html_put(h, "</tbody></table></div>\n");
}

static void write_total(struct report *r, const struct db_stats_row *row)
{
    struct html *h = r->h;
    write_lead(h, row);
    html_put(h, "<ul class=\"tiles\">\n");
    write_yield_tiles(r, row);
    write_time_tiles(r, row);
    html_put(h, "</ul>\n<div class=\"two\">\n<section>\n<h2>Yield</h2>\n");
    report_chart_yields(h, row);
    write_counts(h, row);
    html_put(h, "</section>\n<section>\n<h2>Why runs failed</h2>\n");
    if (row->code_count == 0) {
        html_put(h, "<p>No run failed.</p>\n");
    } else {
        report_chart_codes(h, row);
        write_codes_table(h, row);
    }
    html_put(h, "</section>\n</div>\n");
}

/* ---- Slots ---- */

static bool keep_slot(struct report *r, const struct db_stats_row *row)
{
    if (r->slot_count == r->slot_cap) {
        const size_t cap = r->slot_cap == 0 ? 16 : 2 * r->slot_cap;
        struct report_slot *slots = realloc(r->slots, cap * sizeof *slots);
        if (!slots)
            return false;
        r->slots = slots;
        r->slot_cap = cap;
    }
    struct report_slot *slot = &r->slots[r->slot_count++];
    slot->row = *row;
    slot->row.name = NULL;
    slot->row.codes = NULL;
    slot->row.rates = NULL;
    snprintf(slot->name, sizeof slot->name, "%s", row->name ? row->name : "");
    return true;
}

static bool take_stats(void *ctx, const struct db_stats_row *row)
{
    struct report *r = ctx;
    if (!row->total)
        return keep_slot(r, row);
    write_total(r, row);
    return true;
}

static void slot_row(struct html *h, const struct report_slot *slot)
{
    const struct db_stats_row *row = &slot->row;
    html_put(h, "<tr><td class=\"k\">Slot ");
    html_text(h, slot->name);
    html_put(h, "</td><td class=\"n\">");
    html_number(h, closed_runs(row));
    html_put(h, "</td><td class=\"n\">");
    html_share(h, row->passed, row->passed + row->failed - row->refused);
    html_put(h, "</td><td class=\"n\">");
    html_number(h, row->boards);
    html_put(h, "</td><td class=\"n\">");
    html_share(h, row->first_pass, row->boards);
    html_put(h, "</td><td class=\"n\">");
    html_share(h, row->final_pass, row->boards);
    html_put(h, "</td><td class=\"n\">");
    html_seconds(h, row->ms.count > 0 ? row->ms.p50 : -1);
    html_put(h, "</td><td class=\"n\">");
    html_seconds(h, row->ms.count > 0 ? row->ms.p90 : -1);
    html_put(h, "</td><td class=\"n\">");
    if (row->bytes_per_s.count > 0)
        html_number(h, row->bytes_per_s.p50 / 1024);
    else
        html_put(h, "\xE2\x80\x93");
    html_put(h, "</td><td class=\"n\">");
    html_number(h, row->slower_runs);
    html_put(h, "</td></tr>\n");
}

static void write_slots(struct report *r)
{
    struct html *h = r->h;
    if (r->slot_count == 0)
        return;
    html_put(h, "<section>\n<h2>Slots</h2>\n<div class=\"two\">\n<section class=\"keep\"><h3>Run "
                "yield</h3>\n");
    report_chart_slot_yields(h, r->slots, r->slot_count);
    html_put(h, "</section>\n<section class=\"keep\"><h3>Seconds for a board: half, and 90&#8239;%"
                "</h3>\n");
    report_chart_slot_times(h, r->slots, r->slot_count);
    html_put(h, "</section>\n</div>\n");
    if (r->slot_count > REPORT_CHART_SLOTS)
        html_putf(h, "<p class=\"note\">The charts show the first %d slots.</p>\n",
                  REPORT_CHART_SLOTS);
    html_put(h, "<div class=\"wide\"><table><thead><tr><th>Slot</th><th class=\"n\">Runs</th>"
                "<th class=\"n\">Run yield</th><th class=\"n\">Boards</th>"
                "<th class=\"n\">First pass</th><th class=\"n\">Final</th><th class=\"n\">Half</th>"
                "<th class=\"n\">90&#8239;%</th><th class=\"n\">KB/s</th>"
                "<th class=\"n\">Below rate</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < r->slot_count; i++)
        slot_row(h, &r->slots[i]);
    html_put(h, "</tbody></table></div>\n<p class=\"note\">A board counts in the slot of its first "
                "run. Below rate: runs with an attempt slower than the recipe's rate; look at the "
                "cable, the adapter and the supply of a slot that has many.</p>\n</section>\n");
}

/* ---- Over time ---- */

static bool take_period(void *ctx, const struct db_report_period *period)
{
    struct report *r = ctx;
    report_times_add(&r->times, period->utc, period->passed, period->others);
    return true;
}

/* A long table would stand beside a small chart. */
static bool is_folded(const struct report_times *times)
{
    return times->count > REPORT_PERIODS_SHOWN;
}

static void write_times_table(struct html *h, const struct report_times *times)
{
    char label[24];
    const bool folded = is_folded(times);
    html_put(h, folded ? "<details><summary>As a table</summary>\n" : "");
    html_putf(h,
              "<div class=\"wide\"><table><thead><tr><th>Each %s, UTC</th>"
              "<th class=\"n\">Passed</th><th class=\"n\">Did not</th></tr></thead><tbody>\n",
              times->unit->word);
    for (size_t i = 0; i < times->count; i++) {
        report_times_label(times, i, label);
        html_put(h, "<tr><td>");
        html_text(h, label);
        html_put(h, "</td><td class=\"n\">");
        html_number(h, times->periods[i].passed);
        html_put(h, "</td><td class=\"n\">");
        html_number(h, times->periods[i].others);
        html_put(h, "</td></tr>\n");
    }
    html_put(h, "</tbody></table></div>\n");
    html_put(h, folded ? "</details>\n" : "");
}

static bool write_times(struct report *r, struct err *e)
{
    struct html *h = r->h;
    const struct db_report_sink sink = { .ctx = r, .period = take_period };
    report_times_begin(&r->times, r->summary.first_utc, r->summary.last_utc);
    if (r->summary.last_utc[0] == '\0')
        return true;
    html_put(h, "<section class=\"keep\">\n<h2>Over time</h2>\n");
    if (!r->times.unit) {
        html_put(h, "<p>The clock was set so far off between these runs that no chart can show "
                    "them.</p>\n</section>\n");
        return true;
    }
    if (!db_report_periods(r->db, r->lot_id, r->times.unit->utc_chars, &sink, e))
        return false;
    html_putf(h,
              "<p class=\"note\">Runs that ended in each %s: filled passed, hatched did not.</p>\n"
              "<div class=\"%s\">\n<div>\n",
              r->times.unit->word, is_folded(&r->times) ? "plot" : "two");
    report_chart_times(h, &r->times);
    html_put(h, "</div>\n<div>\n");
    write_times_table(h, &r->times);
    html_put(h, "</div>\n</div>\n</section>\n");
    return true;
}

/* ---- The signed end ---- */

/* Over a fleet: who has closed it. The signed texts are with their records. */
static void write_ends(struct report *r)
{
    struct html *const h = r->h;
    html_put(h,
             "<section>\n<h2>Signatures</h2>\n<p>Each station closes and signs the lot for itself. "
             "To prove rows and signatures: <code>espstation audit --fleet</code>.</p>\n<ul>\n");
    for (size_t i = 0; i < r->from->end_count; i++) {
        const struct report_end *const end = &r->from->ends[i];
        html_put(h, "<li>");
        html_text(h, end->station);
        html_put(h, end->closed_utc[0] ? ": closed " : ": open");
        if (end->closed_utc[0])
            html_utc(h, end->closed_utc);
        if (end->closed_by[0]) {
            html_put(h, " by ");
            html_text(h, end->closed_by);
        }
        html_put(h, "</li>\n");
    }
    html_put(h, "</ul>\n</section>\n");
}

static void write_checkpoint(struct report *r)
{
    const struct db_report_checkpoint *c = &r->checkpoint;
    struct html *h = r->h;
    html_put(h, "<section>\n<h2>Signature</h2>\n");
    if (c->text[0] == '\0') {
        html_put(h, "<p>The lot is open, so nothing is signed yet. To close and sign it: "
                    "<code>espstation lot close NAME</code>, then make this report again.</p>\n");
    } else if (c->signature_fits && c->record_fits) {
        html_put(h, "<p><strong class=\"yes\">The signature fits this text and its key</strong>, "
                    "and the record holds the link that it names. Whether every row up to there is "
                    "as it was written: <code>espstation audit</code>. Compare the key with the "
                    "one that the station's owner gave you.</p>\n");
    } else {
        html_putf(h,
                  "<p><strong class=\"no\">%s</strong> Do not trust this lot before "
                  "<code>espstation audit</code> has told what was changed.</p>\n",
                  c->signature_fits ? "The record does not hold what this text names."
                                    : "The signature does not fit this text.");
    }
    if (c->later_corrections > 0)
        html_putf(h,
                  "<p><strong class=\"no\">Corrected after it was closed:</strong> %lld "
                  "correction%s below, which the signed text does not know. The numbers of this "
                  "report count %s.</p>\n",
                  (long long)c->later_corrections, c->later_corrections == 1 ? "" : "s",
                  c->later_corrections == 1 ? "it" : "them");
    if (c->text[0] != '\0') {
        html_put(h, "<pre>");
        for (const char *line = c->text; *line;) {
            char one[DB_CHECKPOINT_CAP];
            const size_t n = strcspn(line, "\n");
            snprintf(one, sizeof one, "%.*s", (int)n, line);
            html_text(h, one);
            html_put(h, "\n");
            line += n + (line[n] == '\n');
        }
        html_put(h, "</pre>\n");
    }
    html_put(h, "</section>\n");
}

static void write_foot(struct report *r)
{
    struct html *h = r->h;
    html_put(h, "<footer>\n<p class=\"note\">First pass: the board's first judged run in this lot "
                "passed. Final: its last one did. Runs that a person corrected count as corrected. "
                "Half and 90&#8239;%: exact percentiles of the runs that passed, from start to "
                "verdict.</p>\n<p class=\"note\">Made by espstation " ESPSTATION_VERSION);
    if (r->from->fleet) {
        html_put(h, " from the rows of all stations at the fleet's server.</p>\n</footer>\n"
                    "</body>\n</html>\n");
        return;
    }
    html_put(h, " from the record whose chain then ended at link ");
    html_number(h, r->summary.link);
    html_put(h, ", <code>");
    html_text(h, r->summary.link_sha256);
    html_put(h, "</code>.</p>\n</footer>\n</body>\n</html>\n");
}

/* ---- All together ---- */

static bool find_lot(void *ctx, const struct db_lot_row *lot)
{
    struct report *r = ctx;
    r->lot_id = lot->id;
    return true;
}

static bool write_page(struct report *r, struct err *e)
{
    const struct db_lot_sink finder = { r, find_lot }, head = { r, write_head };
    const struct db_stats_sink stats = { r, take_stats };
    if (!db_lots(r->db, r->filter.lot, &finder, e) ||
        !db_report_summary(r->db, r->lot_id, &r->summary, e) ||
        !db_report_checkpoint(r->db, r->lot_id, &r->checkpoint, e))
        return false;
    write_start(r);
    if (!db_lots(r->db, r->filter.lot, &head, e))
        return false;
    html_put(r->h, "<main>\n");
    if (!db_stats(r->db, DB_BY_SLOT, &r->filter, &stats, e))
        return false;
    write_slots(r);
    if (!write_times(r, e) || !report_firmware(r, e))
        return false;
    if (r->from->fleet)
        write_ends(r);
    else
        write_checkpoint(r);
    if (!report_burns(r, e) || !report_changes(r, e) || !report_people(r, e) ||
        !report_boards(r, e))
        return false;
    html_put(r->h, "</main>\n");
    write_foot(r);
    return html_flush(r->h) || err_set(e, ERR_STATION, "The report could not be written");
}

bool report_write(const struct report_source *from, const char *lot, int64_t made_utc_ms,
                  struct html *h, struct err *e)
{
    struct db *const reader = from->db;
    struct report r = { .h = h, .from = from, .db = reader, .filter.lot = lot };
    struct err ignored = { 0 };
    db_utc_text(made_utc_ms, r.made_utc);
    if (!db_hold(reader, e))
        return false;
    const bool ok = write_page(&r, e);
    const bool released = db_release(reader, ok ? e : &ignored);
    free(r.slots);
    return ok && released;
}
