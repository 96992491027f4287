/* The tables with a row for each board, image, correction: written as the rows come. */
#include "station/report/report_priv.h"

#include <inttypes.h>
#include <string.h>

static void cell(struct html *h, const char *text)
{
    html_put(h, "<td>");
    html_text(h, text);
    html_put(h, "</td>");
}

static void tight_cell(struct html *h, const char *text)
{
    html_put(h, "<td class=\"k\">");
    html_text(h, text);
    html_put(h, "</td>");
}

static void number_cell(struct html *h, int64_t number)
{
    html_put(h, "<td class=\"n\">");
    html_number(h, number);
    html_put(h, "</td>");
}

static void utc_cell(struct html *h, const char *utc)
{
    html_put(h, "<td class=\"k\">");
    html_utc(h, utc);
    html_put(h, "</td>");
}

/* A table is begun with its first row, so that there is none without. */
static void begin_table(struct report *r, const char *before, const char *head)
{
    if (r->rows++ == 0) {
        html_put(r->h, before);
        html_put(r->h, "<div class=\"wide\"><table><thead><tr>");
        html_put(r->h, head);
        html_put(r->h, "</tr></thead><tbody>\n");
    }
}

static void end_table(struct report *r, const char *after)
{
    if (r->rows > 0) {
        html_put(r->h, "</tbody></table></div>\n");
        html_put(r->h, after);
    }
    r->rows = 0;
}

/* ---- Firmware ---- */

static bool take_recipe(void *ctx, const struct db_report_recipe *recipe)
{
    struct report *r = ctx;
    begin_table(r, "<section>\n<h2>Firmware</h2>\n",
                "<th>Recipe</th><th>Chip</th><th class=\"n\">Runs</th><th class=\"n\">Images</th>"
                "<th>SHA-256 of the recipe, and of the plan with its images</th>");
    html_put(r->h, "<tr><td>");
    html_text(r->h, recipe->name);
    html_put(r->h, " ");
    html_text(r->h, recipe->version);
    html_put(r->h, "</td>");
    tight_cell(r->h, recipe->chip);
    number_cell(r->h, recipe->runs);
    number_cell(r->h, recipe->images);
    html_put(r->h, "<td class=\"hash\"><code>");
    html_text(r->h, recipe->sha256);
    html_put(r->h, "</code><br><code>");
    html_text(r->h, recipe->plan_sha256);
    html_put(r->h, "</code></td></tr>\n");
    return true;
}

static void write_image_names(struct html *h, const struct db_report_image *image)
{
    html_text(h, image->file);
    if (!image->app_project && !image->app_version)
        return;
    html_put(h, "<small>");
    html_text(h, image->app_project);
    html_put(h, " ");
    html_text(h, image->app_version);
    html_put(h, "</small>");
}

static bool take_image(void *ctx, const struct db_report_image *image)
{
    struct report *r = ctx;
    begin_table(r, "<h3>Images</h3>\n",
                "<th>Recipe</th><th>Image</th><th class=\"n\">Address</th>"
                "<th class=\"n\">Bytes</th><th>SHA-256, MD5</th>");
    html_put(r->h, "<tr><td>");
    html_text(r->h, image->recipe);
    html_put(r->h, " ");
    html_text(r->h, image->recipe_version);
    html_put(r->h, "</td><td>");
    write_image_names(r->h, image);
    html_putf(r->h, "</td><td class=\"n\">0x%" PRIx64 "</td>", (uint64_t)image->offset);
    number_cell(r->h, image->size_bytes);
    html_put(r->h, "<td class=\"hash\"><code>");
    html_text(r->h, image->sha256);
    html_put(r->h, "</code><br><code>");
    html_text(r->h, image->md5);
    html_put(r->h, "</code></td></tr>\n");
    return true;
}

bool report_firmware(struct report *r, struct err *e)
{
    const struct db_report_sink sink = { .ctx = r, .recipe = take_recipe, .image = take_image };
    if (!db_report_recipes(r->db, r->lot_id, &sink, e))
        return false;
    const bool any = r->rows > 0;
    end_table(r, "");
    if (!db_report_images(r->db, r->lot_id, &sink, e))
        return false;
    end_table(r, "<p class=\"note\">A board passes only when the MD5 that its chip computed over "
                 "each image in its flash is the one that was to be there.</p>\n");
    html_put(r->h, any ? "</section>\n" : "");
    return true;
}

/* ---- Stations and operators ---- */

static bool take_station(void *ctx, const struct db_report_station *station)
{
    struct report *r = ctx;
    begin_table(r, "<section class=\"keep\">\n<h2>Stations and operators</h2>\n",
                "<th>Station</th><th>espstation</th><th>Operator</th><th class=\"n\">Runs</th>"
                "<th class=\"n\">Passed</th>");
    html_put(r->h, "<tr>");
    cell(r->h, station->host);
    cell(r->h, station->tool_version);
    cell(r->h, station->operator_name ? station->operator_name : "not given");
    number_cell(r->h, station->runs);
    number_cell(r->h, station->passed);
    html_put(r->h, "</tr>\n");
    return true;
}

bool report_people(struct report *r, struct err *e)
{
    const struct db_report_sink sink = { .ctx = r, .station = take_station };
    if (!db_report_stations(r->db, r->lot_id, &sink, e))
        return false;
    end_table(r, "</section>\n");
    return true;
}

/* ---- Fuses ---- */

static bool take_burn(void *ctx, const struct db_report_burn *burn)
{
    struct report *r = ctx;
    const bool good = strcmp(burn->outcome, "burnt") == 0 || strcmp(burn->outcome, "closed") == 0;
    begin_table(
        r,
        "<section>\n<h2>Fuses</h2>\n<p class=\"note\">What was burnt, for ever, in the order "
        "of its steps. Keys and other secrets are in no record.</p>\n",
        "<th>Step</th><th>Fuses</th><th>Outcome</th><th class=\"n\">Boards</th>"
        "<th class=\"n\">Burns</th><th>Allowed by</th>");
    html_put(r->h, "<tr>");
    cell(r->h, burn->stage);
    html_put(r->h, "<td><code>");
    html_text(r->h, burn->fuses);
    html_putf(r->h, "</code></td><td class=\"k %s\">", good ? "yes" : "no");
    html_text(r->h, burn->outcome);
    html_put(r->h, "</td>");
    number_cell(r->h, burn->boards);
    number_cell(r->h, burn->burns);
    cell(r->h, burn->person ? burn->person : "not given");
    html_put(r->h, "</tr>\n");
    return !r->h->out.refused;
}

bool report_burns(struct report *r, struct err *e)
{
    const struct db_report_sink sink = { .ctx = r, .burn = take_burn };
    if (!db_report_burns(r->db, r->lot_id, &sink, e))
        return false;
    end_table(r, "</section>\n");
    return true;
}

/* ---- Corrections ---- */

static void write_change(struct html *h, const struct db_report_change *change)
{
    if (change->rework && change->rework_of != 0) {
        html_put(h, "<td>let in again, passed before in run ");
        html_number(h, change->rework_of);
    } else if (change->rework) {
        html_put(h, "<td>let in again, passed before at station ");
        html_text(h, change->rework_elsewhere);
    } else if (change->verdict) {
        html_put(h, "<td>");
        html_text(h, change->own_verdict);
        html_put(h, " corrected to ");
        html_text(h, change->verdict);
    } else {
        html_put(h, "<td>note");
    }
    html_put(h, change->after_closing ? ", after the lot was closed</td>" : "</td>");
}

static bool take_change(void *ctx, const struct db_report_change *change)
{
    struct report *r = ctx;
    begin_table(r, "",
                "<th>When, UTC</th><th>MAC</th><th class=\"n\">Run</th><th>What</th><th>Why</th>"
                "<th>Who</th><th>Where</th>");
    html_put(r->h, "<tr>");
    utc_cell(r->h, change->made_utc);
    tight_cell(r->h, change->mac ? change->mac : "none read");
    number_cell(r->h, change->run_id);
    write_change(r->h, change);
    cell(r->h, change->reason);
    cell(r->h, change->operator_name ? change->operator_name : "not given");
    cell(r->h, change->host);
    html_put(r->h, "</tr>\n");
    return true;
}

bool report_changes(struct report *r, struct err *e)
{
    const struct db_report_sink sink = { .ctx = r, .change = take_change };
    html_put(r->h, "<section>\n<h2>Corrections and rework</h2>\n");
    if (!db_report_changes(r->db, r->lot_id, &sink, e))
        return false;
    if (r->rows == 0)
        html_put(r->h, "<p>No run was corrected, and no board that had passed was let in again."
                       "</p>\n");
    end_table(r, "");
    html_put(r->h, "</section>\n");
    return true;
}

/* ---- Boards ---- */

static void verdict_cell(struct html *h, const struct db_report_board *board)
{
    const bool passed = strcmp(board->verdict, "PASS") == 0;
    html_putf(h, "<td class=\"k %s\"><strong>", passed ? "yes" : "no");
    html_text(h, board->verdict);
    html_put(h, "</strong></td>");
}

/* Why it did not pass; nothing where it did. */
static void cause_cell(struct html *h, const struct db_report_board *board)
{
    html_put(h, "<td>");
    if (board->taken_back) {
        html_put(h, DB_CODE_CORRECTED "<small>it passed, and that was taken back</small>");
    } else if (strcmp(board->verdict, "PASS") != 0) {
        html_text(h, board->code);
        html_put(h, board->sentence ? "<small>" : "");
        html_text(h, board->sentence);
        html_put(h, board->sentence ? "</small>" : "");
    } else {
        html_put(h, "ok");
    }
    html_put(h, "</td>");
}

static void rate_cell(struct html *h, const struct db_report_board *board)
{
    html_put(h, "<td class=\"n\">");
    if (board->baud > 0)
        html_putf(h, "%" PRId64, board->baud);
    else
        html_put(h, "\xE2\x80\x93");
    if (board->baud > 0 && board->baud < board->baud_asked)
        html_putf(h, "<small>of %" PRId64 "</small>", board->baud_asked);
    html_put(h, "</td>");
}

static void board_cells(struct html *h, const struct db_report_board *board)
{
    verdict_cell(h, board);
    cause_cell(h, board);
    number_cell(h, board->attempts);
    html_put(h, "<td class=\"n\">");
    html_seconds(h, board->duration_ms);
    html_put(h, "</td>");
    number_cell(h, board->slot);
    rate_cell(h, board);
    utc_cell(h, board->ended_utc);
    html_put(h, "</tr>\n");
}

#define BOARD_HEAD                                                                                 \
    "<th>Verdict</th><th>Code</th><th class=\"n\">Attempts</th><th class=\"n\">Time</th>"          \
    "<th class=\"n\">Slot</th><th class=\"n\">Rate</th><th>Ended, UTC</th>"

static bool take_nameless(void *ctx, const struct db_report_board *board)
{
    struct report *r = ctx;
    begin_table(r,
                "<section>\n<h2>Runs whose board never said its MAC</h2>\n<p class=\"note\">They "
                "count for no board: nobody knows which it was.</p>\n",
                "<th class=\"n\">Run</th>" BOARD_HEAD);
    html_put(r->h, "<tr>");
    number_cell(r->h, board->run_id);
    board_cells(r->h, board);
    return !r->h->out.refused;
}

static bool take_board(void *ctx, const struct db_report_board *board)
{
    struct report *r = ctx;
    begin_table(r,
                "<section class=\"boards\">\n<h2>All boards</h2>\n<p class=\"note\">In the order "
                "in which they first came; each as its last run ended. One whose runs were all "
                "stopped, interrupted or refused is listed and not counted in the yields.</p>\n",
                "<th class=\"n\">No.</th><th>MAC</th><th class=\"n\">Runs</th>" BOARD_HEAD);
    html_put(r->h, "<tr>");
    number_cell(r->h, r->rows);
    html_put(r->h, "<td class=\"k\"><code>");
    html_text(r->h, board->mac);
    html_put(r->h, board->serial ? "</code><small>" : "</code>");
    html_text(r->h, board->serial);
    html_put(r->h, board->serial ? "</small></td>" : "</td>");
    number_cell(r->h, board->runs);
    board_cells(r->h, board);
    return !r->h->out.refused;
}

bool report_boards(struct report *r, struct err *e)
{
    const struct db_report_sink nameless = { .ctx = r, .board = take_nameless };
    const struct db_report_sink boards = { .ctx = r, .board = take_board };
    if (!db_report_nameless(r->db, r->lot_id, &nameless, e))
        return false;
    end_table(r, "</section>\n");
    if (!db_report_boards(r->db, r->lot_id, &boards, e))
        return false;
    end_table(r, "</section>\n");
    return true;
}
