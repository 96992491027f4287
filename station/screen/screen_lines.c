/* One line for each event, for pipes and log files; and the summary behind both text screens. */
#include "station/screen/screen.h"

#include "station/screen/timing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define GREEN "\033[32m"
#define RED   "\033[31m"
#define BOLD  "\033[1m"
#define PLAIN "\033[0m"

bool screen_has_colour(void)
{
    const char *no_colour = getenv("NO_COLOR");
    return isatty(STDOUT_FILENO) && !(no_colour && no_colour[0]);
}

static const char *board_name(const struct event *event, char *text, size_t cap)
{
    snprintf(text, cap, "%s%s%s", event->chip ? event->chip->name : "unknown board",
             event->mac[0] ? " " : "", event->mac);
    return text;
}

static void print_failure(const struct event *event)
{
    printf("%s: %s. The board is %s.", err_word(event->err.code), event->err.what,
           board_state_text(event->state));
    if (event->err.hint[0])
        printf(" %s", event->err.hint);
}

static void print_verdict(const struct event *event)
{
    char board[64];
    printf("%s %s", verdict_word(event->verdict), board_name(event, board, sizeof board));
    printf(" in %.1f s, attempt %u: ", event->seconds, event->attempt);
    if (event->verdict == VERDICT_PASS)
        printf("%s", board_state_word(event->state));
    else
        print_failure(event);
}

static void on_event(struct pool *pool, const struct event *event)
{
    char board[64];
    (void)pool;
    printf("slot %d: ", event->slot);
    switch (event->kind) {
    case EVENT_RUN:
        printf("start on %s", event->port);
        break;
    case EVENT_BOARD:
        printf("board %s", board_name(event, board, sizeof board));
        break;
    case EVENT_PHASE:
        printf("%s", phase_word(event->phase));
        if (event->phase == PHASE_WRITE)
            printf(" at %u baud", event->baud);
        break;
    case EVENT_RETRY:
        printf("attempt %u failed, trying again. ", event->attempt);
        print_failure(event);
        break;
    case EVENT_VERDICT:
        print_verdict(event);
        break;
    case EVENT_NOTE:
        printf("%s", event->err.what);
        break;
    }
    printf("\n");
    fflush(stdout);
}

static void on_finish(struct pool *pool, const char *db_path)
{
    screen_summary(pool, db_path, screen_has_colour());
}

const struct screen screen_lines = { .name = "lines", .event = on_event, .finish = on_finish };

/* ---- Summary ---- */

struct totals {
    unsigned boards, passed, skipped;
    uint64_t first_us, last_us;
};

static struct totals add_up(struct pool *pool)
{
    struct totals t = { .first_us = UINT64_MAX };
    for (size_t i = 0; i < pool->slot_count; i++) {
        struct slot_view v = slot_look(&pool->slots[i]);
        t.boards += v.runs;
        t.passed += v.passes;
        t.skipped += v.state == SLOT_SKIPPED;
        if (v.started_us != 0 && v.started_us < t.first_us)
            t.first_us = v.started_us;
        if (v.ended_us > t.last_us)
            t.last_us = v.ended_us;
    }
    return t;
}

static void print_reason(const struct slot *slot, const struct slot_view *v, bool colour)
{
    printf("\n%sslot %d  %s%s  %s%s%s\n", colour ? RED : "", slot->number, verdict_word(v->verdict),
           colour ? PLAIN : "", err_word(v->err.code), v->mac[0] ? "  " : "", v->mac);
    printf("  %s.\n  The board is %s. %s\n", v->err.what, board_state_text(v->board_state),
           v->err.hint);
}

static void print_timing(struct pool *pool)
{
    timing_print_head();
    for (size_t i = 0; i < pool->slot_count; i++) {
        struct slot_view v = slot_look(&pool->slots[i]);
        if (v.runs > 0)
            timing_print(pool->slots[i].number, &v.timing);
    }
}

void screen_summary(struct pool *pool, const char *db_path, bool colour)
{
    struct totals t = add_up(pool);
    bool all = t.passed == t.boards && t.skipped == 0 && t.boards > 0;
    printf("\n%s%u of %u boards passed%s", colour ? (all ? BOLD GREEN : BOLD RED) : "", t.passed,
           t.boards, colour ? PLAIN : "");
    if (t.boards > 0 && t.last_us > t.first_us)
        printf(" in %.1f s", (double)(t.last_us - t.first_us) / 1e6);
    if (t.skipped > 0)
        printf("; %u slot%s not started", t.skipped, t.skipped == 1 ? " was" : "s were");
    printf(".\n");
    for (size_t i = 0; i < pool->slot_count; i++) {
        struct slot_view v = slot_look(&pool->slots[i]);
        if (v.state == SLOT_DONE && v.verdict != VERDICT_PASS)
            print_reason(&pool->slots[i], &v, colour);
    }
    if (pool->gang->timing)
        print_timing(pool);
    if (db_path)
        printf("\nRecord: %s\n", db_path);
    fflush(stdout);
}
