#include "station/floor/tile.h"

#include <stdio.h>

void tile_show_board(struct tile *tile, const struct slot_view *v, uint64_t now_us)
{
    const uint64_t end_us = tile->state == TILE_WORKING ? now_us : v->ended_us;
    tile->run_id = v->run_id;
    tile->chip = v->chip;
    snprintf(tile->mac, sizeof tile->mac, "%s", v->mac);
    snprintf(tile->serial, sizeof tile->serial, "%s", v->serial);
    tile->phase = v->phase;
    tile->attempt = v->attempt;
    tile->baud = v->baud;
    tile->bytes_done = v->bytes_done;
    tile->bytes_total = v->bytes_total;
    tile->seconds =
        v->started_us && end_us > v->started_us ? (double)(end_us - v->started_us) / 1e6 : 0;
    tile->board_state = v->board_state;
    tile->passed_before = v->passed_before;
    tile->golden = v->golden;
}
