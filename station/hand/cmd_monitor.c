/* espstation monitor: what the boards say on their consoles, line by line, until Ctrl-C. */
#include "core/base/plain.h"
#include "station/base/std_streams.h"
#include "station/cli/option_rows.h"
#include "station/hand/hand.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <wchar.h>
#include <wctype.h>

#define DEFAULT_BAUD "115200"
#define LINE_BYTES   1024u
#define IDLE_MS      300u  /* a prompt has no line end; so long it may wait for one */
#define WAIT_MS      1000u /* a silent board is waited for again, if anybody still reads */

/* What was asked for; the same for all ports. */
struct monitor_order {
    uint32_t baud;
    bool reset;
    bool timestamps;
};

/* The line that a board is about to say. */
struct console_line {
    const struct hand_slot *slot;
    bool timestamps;
    char bytes[LINE_BYTES];
    size_t have;
};

/* ---- Lines ---- */

static void put_time(char *text, size_t cap)
{
    int64_t ms = clock_system.utc_ms(&clock_system);
    time_t seconds = (time_t)(ms / 1000);
    struct tm tm;
    char hms[16] = "";
    if (localtime_r(&seconds, &tm))
        strftime(hms, sizeof hms, "%H:%M:%S", &tm);
    snprintf(text, cap, "%s.%03d ", hms, (int)(ms % 1000));
}

/* Colours and cursor moves of the application are left out: ESC [ ... letter. */
static size_t escape_bytes(const char *at, size_t left)
{
    size_t n = 2;
    if (left < 2 || at[0] != 0x1B || at[1] != '[')
        return 0;
    while (n < left && at[n] >= 0x20 && at[n] < 0x40)
        n++;
    return n < left ? n + 1 : n;
}

/* Noise of a wrong rate must not steer the terminal: what does not print becomes a dot. */
static void put_printable(const char *from, size_t n, char *to)
{
    mbstate_t state;
    size_t out = 0;
    memset(&state, 0, sizeof state);
    for (size_t i = 0; i < n;) {
        wchar_t c;
        size_t skip = escape_bytes(from + i, n - i);
        if (skip > 0) {
            i += skip;
            continue;
        }
        size_t len = mbrtowc(&c, from + i, n - i, &state);
        bool whole = len > 0 && len <= n - i;
        bool prints = whole && iswprint((wint_t)c) && !plain_is_steering((uint32_t)c);
        if (prints || (whole && c == L'\t')) {
            memcpy(to + out, from + i, len);
            out += len;
        } else {
            memset(&state, 0, sizeof state);
            to[out++] = '.';
        }
        i += whole ? len : 1;
    }
    to[out] = '\0';
}

static void print_line(struct console_line *l)
{
    char when[24] = "", number[48] = "", text[LINE_BYTES + 1];
    size_t n = l->have;
    while (n > 0 && l->bytes[n - 1] == '\r')
        n--;
    put_printable(l->bytes, n, text);
    if (l->timestamps)
        put_time(when, sizeof when);
    if (l->slot->of > 1)
        snprintf(number, sizeof number, "slot %d%s%s: ", l->slot->number, l->slot->name ? " " : "",
                 l->slot->name ? l->slot->name : "");
    printf("%s%s%s\n", when, number, text);
    fflush(stdout);
    l->have = 0;
}

static void take_bytes(struct console_line *l, const char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (bytes[i] == '\n') {
            print_line(l);
            continue;
        }
        l->bytes[l->have++] = bytes[i];
        if (l->have == sizeof l->bytes)
            print_line(l);
    }
}

/* ---- The port ---- */

/* Until the port is gone, a stop is asked for, or nobody reads what is shown: *e says which. */
static void listen(struct port *port, struct console_line *line, struct err *e)
{
    for (;;) {
        char bytes[512];
        struct err end = { 0 };
        uint32_t wait_ms = line->have > 0 ? IDLE_MS : WAIT_MS;
        size_t n =
            port_read(port, bytes, sizeof bytes, deadline_in_ms(&clock_system, wait_ms), &end);
        if (n > 0)
            take_bytes(line, bytes, n);
        /* Asked in silence, too: what was said may all be in a pipe that nobody empties. */
        bool heard = !ferror(stdout) && !std_streams_reader_is_gone();
        if (n > 0 && heard)
            continue;
        if (!heard && (n > 0 || end.code == ERR_TIMEOUT))
            err_set(&end, ERR_STOPPED, "%s: nobody reads what is shown", port->where);
        if (line->have > 0)
            print_line(line);
        if (end.code == ERR_TIMEOUT)
            continue;
        *e = end;
        return;
    }
}

static bool prepare(struct port *port, const struct monitor_order *o, struct err *e)
{
    if (!o->reset)
        return !(port->caps & PORT_LINES) || port_set_lines(port, PORT_DTR | PORT_RTS, 0, e);
    return port_discard(port, e) && reset_run(port, &reset_hard, e);
}

static bool work(const struct hand_slot *slot, void *ctx, struct err *e)
{
    const struct monitor_order *o = ctx;
    struct console_line line = { .slot = slot, .timestamps = o->timestamps };
    struct err end = { 0 }, ignored = { 0 };
    struct port *port = port_new(slot->where, o->baud, &clock_system, slot->stop_fd,
                                 deadline_in_ms(&clock_system, PORT_OPEN_MS), &end);
    if (port && prepare(port, o, &end))
        listen(port, &line, &end);
    if (port && (port->caps & PORT_LINES)) {
        port->stop_fd = -1; /* a stop in the middle of the reset must not keep the board in it */
        port_set_lines(port, PORT_DTR | PORT_RTS, 0, &ignored);
    }
    port_free(port);
    if (end.code == ERR_STOPPED)
        return true; /* Ctrl-C is how a monitor ends */
    *e = end;
    return false;
}

/* ---- Command ---- */

static enum exit_status monitor(int argc, char **argv)
{
    struct slot_choice choice = { 0 };
    struct monitor_order o = { 0 };
    const char *baud = DEFAULT_BAUD;
    const struct option_row rows[] = {
        OPTION_PORTS("listen to", &choice.ports),
        OPTION_SLOTS("listen to", &choice.slots),
        OPTION_STATION(&choice.station_path),
        { "--baud", "RATE", "of the application's console; default " DEFAULT_BAUD, NULL, &baud,
          NULL },
        { "--reset", NULL, "reset the boards first, to hear them start", &o.reset, NULL, NULL },
        { "--timestamps", NULL, "the time of day in front of each line", &o.timestamps, NULL,
          NULL },
    };
    enum exit_status status;
    struct err e = { 0 };
    size_t count;
    if (!cmd_parse(&cmd_monitor, rows, sizeof rows / sizeof rows[0], argc, argv, NULL, 0, &count,
                   &status))
        return status;
    if (hand_parse_baud(baud, &o.baud, &e) && slot_choice_make(&choice, &e)) {
        status = hands_run(&choice, &(struct hand_tool){ .work = work, .ctx = &o, .live = true });
    } else {
        cmd_print_err(&e);
        status = cmd_status_of(&e);
    }
    slot_choice_done(&choice);
    return status;
}

const struct cmd cmd_monitor = { "monitor", "[options]",
                                 "Shows what the boards say on their consoles.", monitor };
