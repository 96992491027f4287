/* What operators see of a slot: a plain value, one word, one colour, one sign, one action. */
#ifndef STATION_TILE_H
#define STATION_TILE_H

#include "station/line/slot_view.h"

#define TILE_NAME_BYTES   17
#define TILE_SERIAL_BYTES 65

enum tile_state {
    TILE_NO_ADAPTER, /* grey: nothing is plugged into the slot's socket */
    TILE_EMPTY,      /* white: put a board in */
    TILE_WORKING,    /* blue */
    TILE_PASS,       /* green: take out */
    TILE_FAIL,       /* red: take out; err is the cause */
    TILE_WAITING,   /* amber: for a place in the lot, a key, a scan, a printer; err says for what */
    TILE_ATTENTION, /* violet: an engineer is needed; err says why */
    TILE_STATE_COUNT
};

struct tile {
    int number;                 /* the slot's, from 1 */
    char name[TILE_NAME_BYTES]; /* as printed on the fixture */
    unsigned row, column;       /* its place in the fixture, from 0 */
    char port[EVENT_PORT_BYTES];
    enum tile_state state;
    bool passed_before; /* PASS: this board had passed here already, in run run_id; err says so */
    char passed_in[TILE_NAME_BYTES]; /* ...in the slot of this name; "": it had not */
    bool golden;                     /* a golden board, whose runs count in no yield */
    bool disabled;  /* ATTENTION: a person or the station has taken it out of work */
    int64_t run_id; /* 0: none, or not recorded */
    const struct chip *chip;
    char mac[BOARD_MAC_TEXT_BYTES];
    char serial[TILE_SERIAL_BYTES]; /* "": the recipe gives none */
    enum phase phase;               /* WORKING */
    unsigned attempt;
    uint32_t baud;
    uint64_t bytes_done, bytes_total;
    double seconds; /* WORKING: so far; PASS, FAIL: of the run */
    enum board_state board_state;
    struct err err;          /* code ERR_NONE: nothing to say */
    unsigned boards, passes; /* finished in this slot since the order began */
    uint64_t changes;        /* counts up whenever anything but progress has changed */
};

/* What there is to say of the board that is there, or was there last. tile->state is set. */
void tile_show_board(struct tile *tile, const struct slot_view *v, uint64_t now_us);

#endif
