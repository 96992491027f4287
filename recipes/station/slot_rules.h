/* How runs begin in a slot, and how it is watched between two boards: docs/line.md tells what each
 * way costs. Plain values. */
#ifndef RECIPES_SLOT_RULES_H
#define RECIPES_SLOT_RULES_H

#include <stdbool.h>
#include <stdint.h>

enum start_policy {
    START_BOARD,  /* a board answers where none did */
    START_PLUG,   /* an adapter, or a board that is its own, is plugged in */
    START_KEY,    /* somebody presses START */
    START_SCAN,   /* a code is given for the slot */
    START_SWITCH, /* its lid or jig is shut */
    START_PLC,    /* as by key, from a PLC */
    START_POLICY_COUNT
};

/* How the slot is told to be empty again while a board sits in it that has passed. */
enum watch_way {
    WATCH_LISTEN, /* the ROM speaks when power comes: nothing is sent */
    WATCH_HOLD,   /* the board is kept in its loader, and asked there */
    WATCH_ASK,    /* now and then by a reset */
    WATCH_LEAVE,  /* not at all, until a key, a code or a plug */
    WATCH_WAY_COUNT
};

enum switch_line { SWITCH_NONE, SWITCH_CTS, SWITCH_DSR, SWITCH_DCD, SWITCH_RI, SWITCH_LINE_COUNT };

enum switch_meaning { SWITCH_ON_IS_SHUT, SWITCH_ON_IS_OPEN };

struct slot_rules {
    enum start_policy start;
    enum watch_way watch;
    uint32_t ask_s; /* WATCH_ASK: how often */
    enum switch_line switch_line;
    enum switch_meaning switch_on;
};

extern const char *const start_policy_words[];
extern const char *const watch_way_words[];
extern const char *const switch_line_words[];

#endif
