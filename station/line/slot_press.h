/* What a person, a scanner or a PLC wants of a slot. */
#ifndef STATION_SLOT_PRESS_H
#define STATION_SLOT_PRESS_H

#include "core/board/board.h"
#include "station/line/slot_presence.h"

/* A plain value. */
struct slot_press {
    enum press press;
    char mac[BOARD_MAC_TEXT_BYTES]; /* PRESS_AGAIN: of the board it was said of; "": it has none */
    char by[65];                    /* PRESS_AGAIN of a board that has passed: who wants it, */
    char reason[241];               /* ...and why; "": it has not passed */
};

#endif
