#include "station/line/event_text.h"

static const char *board_name(const struct event *event, char *text, size_t cap)
{
    snprintf(text, cap, "%s%s%s%s%s", event->chip ? event->chip->name : "unknown board",
             event->mac[0] ? " " : "", event->mac, event->serial[0] ? ", serial " : "",
             event->serial);
    return text;
}

const char *event_board_text(enum err_code code, enum board_state state)
{
    return code == ERR_BURNT_WRONG ? "lost" : board_state_text(state);
}

static void print_failure(FILE *out, const struct event *event)
{
    fprintf(out, "%s: %s%s The board is %s.", err_word(event->err.code), event->err.what,
            err_stop(event->err.what), event_board_text(event->err.code, event->state));
    if (event->err.hint[0])
        fprintf(out, " %s", event->err.hint);
}

static void print_verdict(FILE *out, const struct event *event)
{
    char board[160];
    fprintf(out, "%s %s", verdict_word(event->verdict), board_name(event, board, sizeof board));
    fprintf(out, " in %.1f s, attempt %u: ", event->seconds, event->attempt);
    if (event->verdict == VERDICT_PASS)
        fprintf(out, "%s", board_state_word(event->state));
    else
        print_failure(out, event);
}

void event_print(FILE *out, const struct event *event, const char *label)
{
    char board[160], order[ORDER_NAME_TEXT_BYTES];
    if (event->kind != EVENT_ORDER && event->slot > 0)
        fprintf(out, "slot %s: ", label);
    switch (event->kind) {
    case EVENT_RUN:
        fprintf(out, "start on %s", event->port);
        break;
    case EVENT_BOARD:
        fprintf(out, "board %s", board_name(event, board, sizeof board));
        break;
    case EVENT_PHASE:
        fprintf(out, "%s", phase_word(event->phase));
        if (event->phase == PHASE_WRITE)
            fprintf(out, " at %u baud", event->baud);
        break;
    case EVENT_RETRY:
        fprintf(out, "attempt %u failed, trying again. ", event->attempt);
        print_failure(out, event);
        break;
    case EVENT_VERDICT:
        print_verdict(out, event);
        break;
    case EVENT_NOTE:
        fprintf(out, "%s", event->err.what);
        break;
    case EVENT_ORDER:
        fprintf(out, "The next boards are for %s", order_name_text(&event->order, order));
        break;
    default: /* of no board: does not come here */
        break;
    }
}
