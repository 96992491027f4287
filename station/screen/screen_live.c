/*
 * The live screen: one line a slot, drawn over itself ten times a second. Reads without colour: the
 * state is always a word. Lines stay in the terminal's history when the run is over.
 */
#include "station/screen/screen.h"

#include "station/base/wrap.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define BAR_CELLS_MIN 5
#define BAR_CELLS_MAX 20
#define OTHER_COLS    77 /* slot, state, per cent, rate, time left, MAC */
#define LINE_MAX_COLS 200

/* What the drawing needs to know about the last one. Only the main thread draws. */
static struct {
    size_t lines;
} drawn;

static void terminal_size(size_t *columns, size_t *rows)
{
    struct winsize w;
    bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col > 0 && w.ws_row > 0;
    *columns = known ? w.ws_col : 80;
    *rows = known ? w.ws_row : 24;
    if (*columns > LINE_MAX_COLS)
        *columns = LINE_MAX_COLS;
}

static const char *colour_of(const struct slot_view *v)
{
    if (!screen_has_colour() || v->state == SLOT_WAITING || v->state == SLOT_SKIPPED || v->empty)
        return "";
    if (v->state == SLOT_RUNNING)
        return v->attempt > 1 ? "\033[33m" : "";
    return v->verdict == VERDICT_PASS ? "\033[1;32m" : "\033[1;31m";
}

/* The bar takes what the other columns leave. */
static size_t bar_cells(size_t columns)
{
    size_t cells = columns > OTHER_COLS ? columns - OTHER_COLS : 0;
    return cells < BAR_CELLS_MIN ? BAR_CELLS_MIN : cells > BAR_CELLS_MAX ? BAR_CELLS_MAX : cells;
}

static void make_bar(const struct slot_view *v, size_t cells, char *bar, size_t cap)
{
    static const char full[] = "####################", empty[] = "--------------------";
    uint64_t total = v->bytes_total ? v->bytes_total : 1;
    uint64_t done = v->bytes_done < total ? v->bytes_done : total;
    int filled = (int)(done * cells / total);
    snprintf(bar, cap, "[%.*s%.*s] %3u %%", filled, full, (int)cells - filled, empty,
             (unsigned)(done * 100 / total));
}

/* Rate and time left, from the start of the write. */
static void make_rate(const struct slot_view *v, uint64_t now_us, char *text, size_t cap)
{
    text[0] = '\0';
    if (v->phase != PHASE_WRITE || v->bytes_done == 0 || now_us <= v->write_started_us)
        return;
    double rate = (double)v->bytes_done * 1e6 / (double)(now_us - v->write_started_us);
    double left_s = (double)(v->bytes_total - v->bytes_done) / rate;
    snprintf(text, cap, "%.1f KB/s %u:%02u left", rate / 1000, (unsigned)left_s / 60,
             (unsigned)left_s % 60);
}

static void make_running(const struct slot_view *v, uint64_t now_us, size_t columns, char *text,
                         size_t cap)
{
    char bar[64], rate[48];
    make_bar(v, bar_cells(columns), bar, sizeof bar);
    make_rate(v, now_us, rate, sizeof rate);
    snprintf(text, cap, "%s %-22s %s", bar, rate, v->mac);
}

static void make_done(const struct slot_view *v, char *text, size_t cap)
{
    double seconds = (double)(v->ended_us - v->started_us) / 1e6;
    if (v->empty)
        snprintf(text, cap, "for the next board; last: %s %s", verdict_word(v->verdict), v->mac);
    else if (v->verdict == VERDICT_PASS)
        snprintf(text, cap, "%s %s%s%s  %s in %.1f s", v->chip ? v->chip->name : "", v->mac,
                 v->serial[0] ? " " : "", v->serial, board_state_word(v->board_state), seconds);
    else
        snprintf(text, cap, "%s: %s", err_word(v->err.code), v->err.what);
}

static uint64_t now_us(const struct show *show)
{
    const struct clock *c = session_clock(show->session);
    return c->now_us(c);
}

static void draw_slot(const struct slot_view *v, uint64_t now_us, size_t columns)
{
    char rest[512] = "", line[768], again[16] = "";
    if (v->state == SLOT_RUNNING)
        make_running(v, now_us, columns, rest, sizeof rest);
    else if (v->state == SLOT_DONE)
        make_done(v, rest, sizeof rest);
    if (v->state == SLOT_RUNNING && v->attempt > 1)
        snprintf(again, sizeof again, "try %u", v->attempt);
    snprintf(line, sizeof line, "slot %-3d %-8s %-5s %s", v->number, slot_word(v), again, rest);
    const char *colour = colour_of(v);
    printf("\r\033[K%s%.*s%s\n", colour, (int)wrap_fit(line, columns - 1), line,
           colour[0] ? "\033[0m" : "");
}

/* A narrow terminal cuts the names, and not the counts. */
static void draw_head(const struct show *show, size_t columns)
{
    const size_t passed = headcount_passed(show->headcount);
    unsigned working = 0;
    char line[512];
    struct slot_view v;
    struct order *order = session_order(show->session);
    const struct recipe *r = order_recipe(order);
    for (size_t i = 0; session_look(show->session, i, &v); i++)
        working += v.state == SLOT_RUNNING;
    snprintf(line, sizeof line, "%u in work, %zu PASS, %zu FAIL%s; %s %s", working, passed,
             show->headcount->count - passed,
             session_is_stopping(show->session) ? "; stopping. Ctrl-C again: at once" : "", r->name,
             r->version);
    printf("\r\033[K%.*s\n", (int)wrap_fit(line, columns - 1), line);
    order_release(order);
}

/* More slots than rows: those that run or failed are worth the room. */
static bool is_worth_showing(const struct slot_view *v)
{
    bool failed = v->state == SLOT_DONE && v->verdict != VERDICT_PASS;
    return v->state == SLOT_RUNNING || (failed && !v->empty);
}

static size_t draw_some(const struct show *show, size_t columns, size_t room, bool worth)
{
    size_t lines = 0;
    struct slot_view v;
    for (size_t i = 0; lines < room && session_look(show->session, i, &v); i++) {
        if (is_worth_showing(&v) != worth)
            continue;
        draw_slot(&v, now_us(show), columns);
        lines++;
    }
    return lines;
}

static size_t draw_all(const struct show *show, size_t columns)
{
    size_t lines = 0;
    struct slot_view v;
    for (; session_look(show->session, lines, &v); lines++)
        draw_slot(&v, now_us(show), columns);
    return lines;
}

static void draw(const struct show *show)
{
    const size_t slots = session_slot_count(show->session);
    size_t columns, rows, lines = 1;
    terminal_size(&columns, &rows);
    if (drawn.lines > 0)
        printf("\033[%zuA", drawn.lines);
    draw_head(show, columns);
    if (slots + 2 <= rows) {
        lines += draw_all(show, columns);
    } else {
        size_t room = rows > 4 ? rows - 4 : 1;
        size_t shown = draw_some(show, columns, room, true);
        shown += draw_some(show, columns, room - shown, false);
        printf("\r\033[K... and %zu more slots\n", slots - shown);
        lines += shown + 1;
    }
    printf("\033[J");
    drawn.lines = lines;
    fflush(stdout);
}

static void start(const struct show *show)
{
    printf("\033[?25l"); /* no cursor while lines are drawn over each other */
    draw(show);
}

static void finish(const struct show *show)
{
    draw(show);
    printf("\033[?25h");
    screen_summary(show, screen_has_colour());
}

const struct screen screen_live = {
    .name = "live",
    .draws = true,
    .start = start,
    .draw = draw,
    .finish = finish,
};
