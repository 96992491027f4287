/* Between two boards: what can be seen and heard without touching the one that is there. */
#include "station/line/slot_priv.h"

#include "station/line/ear.h"

#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>

#define OPEN_MS        1000u /* between two tries to open a port that is not there */
#define SWITCH_MS      200u  /* between two looks at the switch: no adapter tells by itself */
#define TALK_MS        50u   /* what a board says meanwhile is read in one piece, */
#define FIRST_MS       60u   /* ...but for so long after a silence */
#define FIRST_PIECE_MS 4u    /* a ROM's first lines take 10 ms, down to its boot mode */
#define SILENCE_MS     1000u
#define PROBE_MS       10000u /* between two questions whether a server still lives */
#define REPORT_MS      2000u  /* within which an open port has told how its lines stand */

static uint64_t now_ms(const struct slot *s)
{
    return slot_now_us(s) / 1000;
}

/* False: there is news that cannot wait. */
static bool sleep_ms(struct slot *s, uint32_t ms)
{
    const struct clock *c = slot_clock(s);
    return c->sleep_until(c, deadline_in_ms(c, ms).at_us, s->idle_fd);
}

static void lose_port(struct slot *s, const struct err *e)
{
    slot_close_port(s);
    presence_lost_port(&s->presence, now_ms(s));
    slot_show_port(s, e);
}

/* ---- The switch ---- */

static unsigned switch_input(const struct slot *s)
{
    static const unsigned inputs[SWITCH_LINE_COUNT] = { [SWITCH_CTS] = PORT_CTS,
                                                        [SWITCH_DSR] = PORT_DSR,
                                                        [SWITCH_DCD] = PORT_DCD,
                                                        [SWITCH_RI] = PORT_RI };
    return inputs[s->presence.rules.switch_line];
}

/* A line that cannot be told would be read as a lid that is never opened. */
static void complain_of_switch(struct slot *s)
{
    struct err e = { 0 };
    err_set(&e, ERR_PORT_UNSUITABLE, "%s cannot tell how its line %s stands", s->port->where,
            switch_line_words[s->presence.rules.switch_line]);
    err_hint(&e, "Wire the switch to another line, or give the slot another adapter; of those that "
                 "are ttyACM none tells CTS.");
    slot_show_port(s, &e);
}

static void look_at_switch(struct slot *s)
{
    struct err e = { 0 };
    unsigned on = 0, known = 0;
    const unsigned input = switch_input(s);
    if (input == 0 || !s->port)
        return;
    if (!port_inputs(s->port, &on, &known, &e)) {
        if (e.code == ERR_PORT_GONE)
            lose_port(s, &e);
        else
            complain_of_switch(s);
        return;
    }
    const bool is_on = (on & input) != 0;
    if (known & input)
        presence_switched(&s->presence, now_ms(s),
                          is_on == (s->presence.rules.switch_on == SWITCH_ON_IS_SHUT));
    else if (s->port_open_ms > 0 && now_ms(s) > s->port_open_ms + REPORT_MS)
        complain_of_switch(s);
}

/* ---- Listening ---- */

/* What a board says is read in few pieces; but not its first words, which may be those of the next
 * board, and somebody waits for that. */
static uint32_t pause_ms(const struct slot *s, enum ear_word word)
{
    if (word == EAR_ARRIVAL)
        return 0;
    return now_ms(s) - s->words_ms < FIRST_MS ? FIRST_PIECE_MS : TALK_MS;
}

/* Gives how long to wait before more is read. */
static uint32_t hear(struct slot *s, const char *bytes, size_t n)
{
    const enum ear_word word = ear_take(&s->ear, bytes, n);
    if (now_ms(s) - s->heard_ms > SILENCE_MS)
        s->words_ms = now_ms(s);
    s->heard_ms = now_ms(s);
    s->arrived = s->arrived || word != EAR_NOTHING;
    switch (word) {
    case EAR_NOTHING:
        break;
    case EAR_TEXT:
    case EAR_RESET:
        presence_heard(&s->presence, now_ms(s), HEARD_LIFE);
        break;
    case EAR_ARRIVAL:
        presence_heard(&s->presence, now_ms(s), HEARD_ARRIVAL);
        break;
    }
    return pause_ms(s, word);
}

/* At the rate that the ROM speaks at. False: there is news. */
static bool listen_ms(struct slot *s, uint32_t ms)
{
    char bytes[1024];
    struct err e = { 0 };
    const struct clock *c = slot_clock(s);
    if ((s->port->caps & PORT_BAUD) &&
        !port_set_baud(s->port, slot_recipe(s)->chip->boot_log_baud, &e))
        goto failed;
    const size_t n = port_read(s->port, bytes, sizeof bytes, deadline_in_ms(c, ms), &e);
    if (n > 0) {
        return sleep_ms(s, hear(s, bytes, n));
    }
    if (e.code == ERR_TIMEOUT)
        return true;
failed:
    if (e.code == ERR_STOPPED)
        return false;
    lose_port(s, &e);
    return true;
}

/* ---- The port ---- */

/* Idle for a board behind two transistors, and no reset for one that is its own USB device, if
 * both change at once; where they cannot they are left as they are. */
static void let_go_of_lines(struct slot *s)
{
    struct err ignored = { 0 };
    if (s->port->caps & PORT_LINES_TOGETHER)
        port_set_lines(s->port, PORT_DTR | PORT_RTS, 0, &ignored);
}

/* Opened once and kept: each opening moves the lines, here or at a server's far end. */
static void keep_port(struct slot *s)
{
    struct err e = { 0 };
    if (s->port || now_ms(s) < s->port_try_ms)
        return;
    s->port_try_ms = now_ms(s) + OPEN_MS;
    if (slot_open_port(s, LOADER_SYNC_BAUD, &e)) {
        ear_forget(&s->ear);
        let_go_of_lines(s);
        slot_show_port(s, &e);
    } else if (e.code != ERR_STOPPED) {
        presence_lost_port(&s->presence, now_ms(s));
        slot_show_port(s, &e);
    }
}

static void probe_port(struct slot *s)
{
    struct err e = { 0 };
    if (!s->port || !s->port->ops->probe || now_ms(s) < s->probe_ms)
        return;
    s->probe_ms = now_ms(s) + PROBE_MS;
    if (port_probe(s->port, &e) || e.code == ERR_STOPPED)
        return;
    lose_port(s, &e);
}

/* ---- Waiting ---- */

static uint32_t shorter(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* Of `ms`, how long nothing has to be done here. */
static uint32_t step_ms(const struct slot *s, uint32_t ms)
{
    if (!s->port)
        ms = shorter(ms, OPEN_MS);
    if (s->port && switch_input(s) != 0)
        ms = shorter(ms, SWITCH_MS);
    if (s->port && s->port->ops->probe)
        ms = shorter(ms, PROBE_MS);
    return ms;
}

void idle_wait(struct slot *s, uint32_t wait_ms)
{
    keep_port(s);
    probe_port(s);
    look_at_switch(s);
    wait_ms = step_ms(s, wait_ms);
    if (s->port)
        port_set_stop(s->port, s->idle_fd);
    if (s->port && presence_listens(&s->presence))
        listen_ms(s, wait_ms);
    else
        sleep_ms(s, wait_ms);
    if (s->port)
        port_set_stop(s->port, s->stop_fd);
}
