/* Who sits in the slot: asked in the loader, by a reset or, where the board is held there, without
 * one. */
#include "station/line/slot_priv.h"

#include "core/board/board.h"

#include <stdio.h>
#include <stdlib.h>

#define SILENT_LOOKS 5 /* in a row, at a network port that is then opened anew */

static enum look look_of(bool connected, enum err_code failure)
{
    if (failure == ERR_NONE)
        return connected ? LOOK_BOARD : LOOK_EMPTY;
    if (failure == ERR_PORT_GONE || failure == ERR_STOPPED)
        return LOOK_NO_PORT;
    return connected || failure == ERR_WRONG_BOOT_MODE ? LOOK_STRANGE : LOOK_EMPTY;
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

static bool ask(struct slot *s, struct loader *l, const struct reset_sequence *reset,
                struct board *board, bool *connected, struct err *e)
{
    if ((s->port->caps & PORT_BAUD) && !port_set_baud(s->port, LOADER_SYNC_BAUD, e))
        return false;
    *connected = board_connect(l, reset, slot_recipe(s)->chip, e);
    return *connected && board_identify_chip(l, board, e);
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

/* Where the recipe wishes fuses a board may hold images that burn some by themselves as they start:
 * nothing of ours starts them. */
static bool stays_in_loader(const struct slot *s)
{
    return slot_recipe(s)->security.asked;
}

static enum look look_by_reset(struct slot *s, struct chip_mac *mac, struct loader *l)
{
    struct err failure = { 0 }, ignored = { 0 };
    struct reset_sequence custom;
    struct board board;
    bool connected = false;
    const struct reset_sequence *reset = slot_choose_reset(s, &custom);
    const bool known = ask(s, l, reset, &board, &connected, &failure);
    if (known)
        *mac = board.mac;
    else
        s->reset_index++;
    if (!stays_in_loader(s) && (!known || !is_to_be_held(s)))
        leave(s, l, &ignored);
    if (failure.code == ERR_PORT_GONE || ignored.code == ERR_PORT_GONE || usb_is_native(s->port))
        slot_close_port(s);
    return look_of(connected, failure.code);
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
    struct loader *l = calloc(1, sizeof *l);
    *mac = (struct chip_mac){ 0 };
    if (!l || !slot_open_port(s, LOADER_SYNC_BAUD, &failure))
        goto out;
    loader_init(l, s->port);
    if (s->presence.held)
        found = look_at_held(s, mac, l);
    else if (read_native_mac(s->port, mac))
        found = LOOK_BOARD;
    else
        found = look_by_reset(s, mac, l);
    if (found == LOOK_EMPTY)
        reopen_now_and_then(s);
out:
    free(l);
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
