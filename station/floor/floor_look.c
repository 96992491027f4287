/* What is seen of the floor: tiles and the sum. */
#include "station/floor/floor_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- A tile ---- */

static double seconds_between(uint64_t from_us, uint64_t to_us)
{
    return to_us > from_us ? (double)(to_us - from_us) / 1e6 : 0;
}

static enum tile_state state_of_view(const struct slot_view *v)
{
    if (v->state == SLOT_RUNNING)
        return TILE_WORKING;
    if (v->state != SLOT_DONE || v->empty)
        return TILE_EMPTY;
    return v->verdict == VERDICT_PASS ? TILE_PASS : TILE_FAIL;
}

/* What the board says that is there, or was there last. */
static void show_board(const struct floor *f, const struct slot_view *v, struct tile *tile)
{
    const bool working = tile->state == TILE_WORKING;
    const uint64_t end_us = working ? f->clock->now_us(f->clock) : v->ended_us;
    tile->run_id = v->run_id;
    tile->chip = v->chip;
    snprintf(tile->mac, sizeof tile->mac, "%s", v->mac);
    tile->phase = v->phase;
    tile->attempt = v->attempt;
    tile->baud = v->baud;
    tile->bytes_done = v->bytes_done;
    tile->bytes_total = v->bytes_total;
    tile->seconds = v->started_us ? seconds_between(v->started_us, end_us) : 0;
    tile->board_state = v->board_state;
    if (tile->state == TILE_FAIL)
        tile->err = v->err;
}

static void show_view(const struct floor *f, const struct slot_view *v, struct tile *tile)
{
    tile->state = state_of_view(v);
    tile->boards = v->runs;
    tile->passes = v->passes;
    if (tile->state == TILE_WORKING || tile->state == TILE_PASS || tile->state == TILE_FAIL)
        show_board(f, v, tile);
    if (tile->state == TILE_PASS && f->label_waits &&
        f->label_waits(f->label_ctx, v->run_id, &tile->err))
        tile->state = TILE_WAITING;
}

static void show_rest(const struct floor_slot *slot, struct tile *tile)
{
    tile->state = slot->plugged ? TILE_EMPTY : TILE_NO_ADAPTER;
    if (slot->trouble.code == ERR_NONE)
        return;
    tile->state = TILE_ATTENTION;
    tile->err = slot->trouble;
}

/* Counts a change wherever a tile differs from what it was, but for what changes all the time. */
static void count_changes(struct floor_slot *slot, struct tile *tile)
{
    struct tile still = *tile;
    still.bytes_done = still.bytes_total = 0;
    still.seconds = 0;
    still.changes = slot->shown.changes;
    if (memcmp(&still, &slot->shown, sizeof still) != 0) {
        still.changes++;
        slot->shown = still;
    }
    tile->changes = slot->shown.changes;
}

static void look_locked(struct floor *f, struct floor_slot *slot, struct tile *tile)
{
    struct slot_view v;
    memset(tile, 0, sizeof *tile); /* its gaps, too: tiles are compared as bytes */
    tile->number = slot->number;
    snprintf(tile->name, sizeof tile->name, "%s", slot->spec->name);
    snprintf(tile->port, sizeof tile->port, "%s", slot->port);
    tile->row = slot->spec->row;
    tile->column = slot->spec->column;
    if (session_find(f->session, slot->number, &v))
        show_view(f, &v, tile);
    else
        show_rest(slot, tile);
    if (slot->disabled && tile->state != TILE_WORKING) {
        tile->state = TILE_ATTENTION;
        tile->err = slot->why_disabled;
    }
    tile->disabled = slot->disabled;
    count_changes(slot, tile);
}

size_t floor_tile_count(const struct floor *f)
{
    return f->slot_count;
}

bool floor_look(struct floor *f, size_t i, struct tile *tile)
{
    if (i >= f->slot_count)
        return false;
    pthread_mutex_lock(&f->lock);
    look_locked(f, &f->slots[i], tile);
    pthread_mutex_unlock(&f->lock);
    return true;
}

/* ---- The sum ---- */

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static double median_locked(const struct floor *f)
{
    double sorted[TIMES_KEPT];
    const size_t n = f->times_count < TIMES_KEPT ? f->times_count : TIMES_KEPT;
    if (n == 0)
        return 0;
    memcpy(sorted, f->times, n * sizeof sorted[0]);
    qsort(sorted, n, sizeof sorted[0], by_size);
    return sorted[n / 2];
}

static void sum_order(struct floor *f, struct floor_summary *sum)
{
    struct order *order = floor_order(f);
    if (!order)
        return;
    const struct recipe *r = order_recipe(order);
    const char *lot = order_lot(order), *name = order_operator(order);
    snprintf(sum->recipe, sizeof sum->recipe, "%s", r->name);
    snprintf(sum->version, sizeof sum->version, "%s", r->version);
    snprintf(sum->chip, sizeof sum->chip, "%s", r->chip->name);
    snprintf(sum->lot, sizeof sum->lot, "%s", lot ? lot : "");
    snprintf(sum->operator_name, sizeof sum->operator_name, "%s", name ? name : "");
    order_release(order);
}

static void sum_tiles_locked(struct floor *f, struct floor_summary *sum)
{
    struct tile tile;
    for (size_t i = 0; i < f->slot_count; i++) {
        look_locked(f, &f->slots[i], &tile);
        sum->working += tile.state == TILE_WORKING;
        sum->empty += tile.state == TILE_EMPTY;
        sum->no_adapter += tile.state == TILE_NO_ADAPTER;
        sum->attention += tile.state == TILE_ATTENTION;
    }
    sum->slots = (unsigned)f->slot_count;
}

void floor_sum(struct floor *f, struct floor_summary *sum)
{
    memset(sum, 0, sizeof *sum);
    snprintf(sum->station, sizeof sum->station, "%s", f->station->name);
    sum_order(f, sum);
    pthread_mutex_lock(&f->lock);
    sum_tiles_locked(f, sum);
    sum->passed = f->headcount.passed;
    sum->failed = f->headcount.count - sum->passed;
    sum->quantity = (uint64_t)f->room.quantity;
    sum->lot_passed = (uint64_t)f->room.passed;
    sum->lot_full = f->room.quantity > 0 && f->room.passed >= f->room.quantity;
    sum->board_seconds = median_locked(f);
    sum->stopping = f->stopping;
    sum->recorded = f->db_path[0] != '\0';
    sum->since_utc_ms = f->since_utc_ms;
    pthread_mutex_unlock(&f->lock);
}
