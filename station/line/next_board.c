/* One board after another: what sits in the slot once a run is over. */
#include "station/line/slot_priv.h"

#include "core/board/board.h"

#include <stdlib.h>
#include <string.h>

#define LOOP_POLL_MS  1000u
#define PAUSE_STEP_MS 250u
#define SILENT_LOOKS  5 /* at a network port, after which it is opened anew */
#define STRANGE_LOOKS 3 /* in a row, so that one lost reply is no new board */

/* Waits; false when stopped hard or soft meanwhile. For an empty slot, which starts no new board.
 */
static bool pause_between_boards(const struct slot *s, uint32_t ms)
{
    struct deadline end = deadline_in_ms(slot_clock(s), ms);
    while (!deadline_over(slot_clock(s), end)) {
        if (slot_is_stopping(s) || !slot_pause_ms(s, PAUSE_STEP_MS))
            return false;
    }
    return !slot_is_stopping(s);
}

enum look {
    LOOK_EMPTY,   /* nothing, or noise, which an open input picks up as well */
    LOOK_STRANGE, /* a board speaks, but does not say who it is */
    LOOK_BOARD,
};

static enum look look_of(bool connected, enum err_code failure)
{
    if (failure == ERR_NONE)
        return connected ? LOOK_BOARD : LOOK_EMPTY;
    if (failure == ERR_PORT_GONE || failure == ERR_STOPPED)
        return LOOK_EMPTY;
    return connected || failure == ERR_WRONG_BOOT_MODE ? LOOK_STRANGE : LOOK_EMPTY;
}

/* Asks who sits in the slot, and lets it go again. */
static enum look look_for_board(struct slot *s, struct chip_mac *mac)
{
    struct err failure = { 0 }, ignored = { 0 };
    struct board board;
    struct reset_sequence custom;
    const struct reset_sequence *reset = NULL;
    uint32_t baud = slot_recipe(s)->port.baud;
    if (baud > LOADER_SYNC_BAUD) /* there is not much to say */
        baud = LOADER_SYNC_BAUD;
    struct loader *l = calloc(1, sizeof *l);
    bool connected = false;
    if (!l || !slot_open_port(s, baud, &ignored))
        goto out;
    loader_init(l, s->port);
    reset = slot_choose_reset(s, &custom);
    connected = ((s->port->caps & PORT_BAUD) == 0 || port_set_baud(s->port, baud, &failure)) &&
                board_connect(l, reset, slot_recipe(s)->chip, &failure);
    if (connected && board_identify(l, &board, &failure))
        *mac = board.mac;
    else
        s->reset_index++;
    if (s->port && reset)
        board_leave(l, true, &ignored);
    if (failure.code == ERR_PORT_GONE || ignored.code == ERR_PORT_GONE ||
        (s->port && usb_is_native(s->port)))
        slot_close_port(s);
out:
    free(l);
    return look_of(connected, failure.code);
}

/* A connection whose far end died without a word looks like an empty slot: nothing ever comes. */
static void reopen_now_and_then(struct slot *s, unsigned silent_looks)
{
    if (s->socket[0] == '\0' && silent_looks % SILENT_LOOKS == 0)
        slot_close_port(s);
}

static void show_empty(struct slot *s)
{
    pthread_mutex_lock(&s->lock);
    s->view.empty = true;
    pthread_mutex_unlock(&s->lock);
}

/* Another board is one with another MAC, or any after the slot was empty. Also one that speaks
 * again and again and never says who it is: it gets a run, whose verdict tells what is wrong with
 * it, instead of sitting there under the verdict of the board before. But the same one gets no
 * second run. */
bool await_next_board(struct slot *s)
{
    struct chip_mac last = s->last_mac;
    bool was_empty = false, was_named = slot_look(s).mac[0] != '\0';
    unsigned silent = 0;
    for (int strange = 0; pause_between_boards(s, LOOP_POLL_MS);) {
        struct chip_mac mac = { 0 };
        slot_take_order(s);
        enum look look = look_for_board(s, &mac);
        if (look == LOOK_BOARD && (was_empty || memcmp(&mac, &last, sizeof mac) != 0))
            return true;
        strange = look == LOOK_STRANGE ? strange + 1 : 0;
        if (strange >= STRANGE_LOOKS && was_named)
            return true;
        if (look == LOOK_BOARD)
            continue;
        was_empty = true;
        gang_release_mac(s->gang, s->number);
        if (look == LOOK_EMPTY) {
            was_named = true; /* whoever comes now is another one */
            show_empty(s);
            reopen_now_and_then(s, ++silent);
        }
    }
    return false;
}
