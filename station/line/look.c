/* Who sits in the slot: asked in the loader, by a reset or, where the board is held there, without
 * one. Whoever is to be run then is not reset again: the look is where its run began. */
#include "station/line/slot_priv.h"

#include "core/board/board.h"

#include <stdio.h>
#include <stdlib.h>

#define NEW_MS       5000u /* so long the same board may be asked again */
#define SILENT_LOOKS 5     /* in a row, at a network port that is then opened anew */

static enum look look_of(bool connected, enum err_code failure)
{
    if (failure == ERR_NONE)
        return connected ? LOOK_BOARD : LOOK_EMPTY;
    if (failure == ERR_PORT_GONE || failure == ERR_STOPPED)
        return LOOK_NO_PORT;
    const bool said_so = failure == ERR_WRONG_BOOT_MODE || failure == ERR_SECURED;
    return connected || said_so ? LOOK_STRANGE : LOOK_EMPTY;
}

/* The USB-Serial/JTAG unit's serial number is the chip's MAC: nothing has to be asked, and nothing
 * is reset. */
static bool read_native_mac(const struct port *port, struct chip_mac *mac)
{
    unsigned b[6];
    char rest;
    if (usb_kind_of(port) != USB_JTAG ||
        sscanf(port->usb.serial, "%2x:%2x:%2x:%2x:%2x:%2x%c", &b[0], &b[1], &b[2], &b[3], &b[4],
               &b[5], &rest) != 6)
        return false;
    *mac = (struct chip_mac){ .count = 6 };
    for (size_t i = 0; i < 6; i++)
        mac->bytes[i] = (uint8_t)b[i];
    return true;
}

static uint64_t wire_bytes(const struct port *port)
{
    return port->rx_bytes + port->tx_bytes;
}

/* Whether something says that somebody is there. */
static bool is_expected(const struct slot *s)
{
    return s->arrived || s->presence.by_hand || s->presence.appeared;
}

/* Into the loader at that rate, and who it is. */
static bool ask_at(struct slot *s, uint32_t baud, struct attempt_entry *at, bool *connected,
                   struct err *e)
{
    struct reset_sequence custom;
    *connected = false;
    at->began_us = slot_now_us(s);
    at->wire_before = wire_bytes(s->port);
    loader_init(&at->loader, s->port);
    at->loader.sparing = s->presence.place == PLACE_EMPTY && !is_expected(s);
    if ((s->port->caps & PORT_BAUD) && !port_set_baud(s->port, baud, e))
        return false;
    *connected = board_connect(&at->loader, slot_choose_reset(s, &custom), slot_recipe(s)->chip, e);
    at->synced_us = slot_now_us(s);
    const bool known = *connected && board_identify_chip(&at->loader, &at->board, e);
    at->known_us = slot_now_us(s);
    return known;
}

/* ...whom nobody has asked yet. Else one strategy is tried after the other. */
static bool is_new(const struct slot *s)
{
    return is_expected(s) && slot_now_us(s) / 1000 - s->new_ms >= NEW_MS;
}

/* At the rate that a run would sync with, so that it can go on from here. Not every ROM that takes
 * its rate from the SYNC can measure a high one: the low one is for those, and for slots that are
 * empty as a rule. */
static bool ask(struct slot *s, struct attempt_entry *at, bool *connected, struct err *e)
{
    const uint32_t baud = run_sync_baud(s);
    struct err failure = { 0 };
    if (baud <= LOADER_SYNC_BAUD)
        return ask_at(s, baud, at, connected, e);
    if (is_expected(s) && ask_at(s, baud, at, connected, &failure))
        return true;
    if (failure.code != ERR_PORT_GONE && failure.code != ERR_STOPPED)
        return ask_at(s, LOADER_SYNC_BAUD, at, connected, e);
    *e = failure;
    return false;
}

static bool is_to_be_held(const struct slot *s)
{
    const struct presence *p = &s->presence;
    return p->place == PLACE_DONE && p->passed && p->rules.watch == WATCH_HOLD;
}

/* A board that is held has stayed in its loader, or it is another one. */
static enum look look_at_held(struct slot *s, struct chip_mac *mac, struct loader *l)
{
    struct err failure = { 0 };
    const bool answers = board_connect(l, NULL, slot_recipe(s)->chip, &failure);
    *mac = s->presence.mac;
    return look_of(answers, failure.code);
}

/* Whatever is stopped meanwhile: no board stays in its loader for it. */
static void leave(struct slot *s, struct loader *l, struct err *e)
{
    const int stop_fd = s->port->stop_fd;
    s->port->stop_fd = -1;
    board_leave(l, true, e);
    s->port->stop_fd = stop_fd;
}

/* A connection whose far end died without a word looks like an empty slot: nothing ever comes. */
static void reopen_now_and_then(struct slot *s)
{
    if (s->port && s->port->ops->remote &&
        s->presence.empty_looks % SILENT_LOOKS == SILENT_LOOKS - 1)
        slot_close_port(s);
}

/* A board that is its own USB device goes with its reset. */
static void close_if_gone(struct slot *s, enum err_code failure)
{
    if (failure == ERR_PORT_GONE || usb_is_native(s->port))
        slot_close_port(s);
}

/* Who is put in while his slot is being asked has missed the reset, and starts his application. */
static bool has_come_meanwhile(struct slot *s, enum err_code failure)
{
    const struct presence *p = &s->presence;
    const bool has =
        failure == ERR_WRONG_BOOT_MODE && p->place == PLACE_EMPTY && p->strange_looks == 0;
    s->arrived = s->arrived || has;
    return has;
}

/* A strategy is the better one only where the one before has failed with a board: an empty slot
 * fails with all of them. */
static void learn_reset(struct slot *s)
{
    if (s->reset_doubted)
        s->reset_answered = s->reset_index;
    s->reset_doubted = false;
}

/* Where the recipe wishes fuses a board may hold images that burn some by themselves as they start:
 * nothing of ours starts them. */
static bool stays_in_loader(const struct slot *s)
{
    return slot_recipe(s)->security.asked;
}

static enum look look_by_reset(struct slot *s, struct chip_mac *mac, struct attempt_entry *at)
{
    struct err failure = { 0 }, ignored = { 0 };
    bool connected = false;
    const bool is_first = is_new(s);
    if (is_first) {
        s->new_ms = slot_now_us(s) / 1000;
        s->reset_index = s->reset_answered;
    }
    bool known = ask(s, at, &connected, &failure);
    if (!known && has_come_meanwhile(s, failure.code)) {
        failure = (struct err){ 0 };
        known = ask(s, at, &connected, &failure);
    }
    if (known) {
        *mac = at->board.mac;
        s->entry = at;
        learn_reset(s);
        return LOOK_BOARD;
    }
    s->reset_doubted = s->reset_doubted || is_first;
    s->reset_index++;
    if (!stays_in_loader(s))
        leave(s, &at->loader, &ignored);
    close_if_gone(s, failure.code == ERR_PORT_GONE ? failure.code : ignored.code);
    return look_of(connected, failure.code);
}

void look_let_go(struct slot *s)
{
    struct err ignored = { 0 };
    struct attempt_entry *at = s->entry;
    s->entry = NULL;
    if (at && s->port) {
        if (!is_to_be_held(s) && !stays_in_loader(s))
            leave(s, &at->loader, &ignored);
        close_if_gone(s, ignored.code);
    }
    free(at);
}

/* Nothing was read, so no place can be told by it once a verdict stands. */
static enum look judge_nameless(const struct slot *s, enum look found, const struct chip_mac *mac)
{
    return found == LOOK_BOARD && mac->count == 0 && s->presence.place == PLACE_DONE ? LOOK_STRANGE
                                                                                     : found;
}

enum look look_for_board(struct slot *s, struct chip_mac *mac)
{
    struct err failure = { 0 };
    enum look found = LOOK_NO_PORT;
    struct attempt_entry *at = calloc(1, sizeof *at);
    *mac = (struct chip_mac){ 0 };
    if (!at || !slot_open_port(s, LOADER_SYNC_BAUD, &failure))
        goto out;
    loader_init(&at->loader, s->port);
    if (s->presence.held)
        found = look_at_held(s, mac, &at->loader);
    else if (read_native_mac(s->port, mac))
        found = LOOK_BOARD;
    else
        found = look_by_reset(s, mac, at);
    if (found == LOOK_EMPTY)
        reopen_now_and_then(s);
out:
    s->arrived = false;
    if (s->entry != at)
        free(at);
    return judge_nameless(s, found, mac);
}

void look_release(struct slot *s)
{
    struct err ignored = { 0 };
    struct loader *l = s->presence.held && s->port ? calloc(1, sizeof *l) : NULL;
    if (!l)
        return;
    const int stop_fd = s->port->stop_fd;
    s->port->stop_fd = -1; /* the stop is why it is released */
    loader_init(l, s->port);
    if (board_connect(l, NULL, slot_recipe(s)->chip, &ignored))
        board_leave(l, true, &ignored);
    s->port->stop_fd = stop_fd;
    s->presence.held = false;
    free(l);
}
