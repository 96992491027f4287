/* What is seen of the floor: tiles and the sum. */
#include "station/floor/floor_priv.h"

#include "station/words/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- A tile ---- */

/* A port that is not there is a missing adapter; one that may not be used is for an engineer. */
static bool is_absent(enum err_code code)
{
    return code == ERR_PORT_MISSING || code == ERR_PORT_GONE;
}

static enum tile_state state_of_view(const struct slot_view *v)
{
    if (v->state == SLOT_RUNNING)
        return v->wants_scan ? TILE_WAITING : TILE_WORKING;
    if (v->lost.code != ERR_NONE)
        return is_absent(v->lost.code) ? TILE_NO_ADAPTER : TILE_ATTENTION;
    if (v->waits.code != ERR_NONE || v->ready)
        return TILE_WAITING;
    if (v->state != SLOT_DONE || v->empty)
        return TILE_EMPTY;
    return v->verdict == VERDICT_PASS ? TILE_PASS : TILE_FAIL;
}

/* What a person, a scanner or a PLC has to do for a run to begin; NULL: nothing. */
static const char *asks_for(enum start_policy start)
{
    switch (start) {
    case START_KEY:
        return word_in(LANGUAGE_EN, WORD_SAY_PRESS_START);
    case START_SCAN:
        return word_in(LANGUAGE_EN, WORD_SAY_SCAN_CODE);
    case START_PLC:
        return word_in(LANGUAGE_EN, WORD_SAY_PLC);
    case START_BOARD:
    case START_PLUG:
    case START_SWITCH:
    case START_POLICY_COUNT:
        break;
    }
    return NULL;
}

/* No failure at all: what is waited for, in the place where screens look for sentences. */
static void say(struct tile *tile, enum err_code code, const char *what, const char *hint)
{
    tile->err = (struct err){ .code = code };
    snprintf(tile->err.what, sizeof tile->err.what, "%s", what);
    snprintf(tile->err.hint, sizeof tile->err.hint, "%s", hint);
}

static void say_lot_full(const struct floor *f, struct tile *tile)
{
    char text[64], places[48];
    snprintf(places, sizeof places, "%lld/%lld", (long long)f->room.passed,
             (long long)f->room.quantity);
    words_fill(text, sizeof text, word_in(LANGUAGE_EN, WORD_SAY_LOT_FULL),
               (const char *const[]){ places }, 1);
    say(tile, ERR_QUOTA, text, word_in(LANGUAGE_EN, WORD_SAY_NEXT_LOT));
}

static void say_halted(struct tile *tile)
{
    say(tile, ERR_WAITING, word_in(LANGUAGE_EN, WORD_SAY_STOPPED),
        word_in(LANGUAGE_EN, WORD_SAY_START_ALL));
}

static bool lot_is_full_locked(const struct floor *f)
{
    return f->room.quantity > 0 && f->room.passed >= f->room.quantity;
}

static void show_waiting(const struct floor *f, const struct floor_slot *slot,
                         const struct slot_view *v, struct tile *tile)
{
    const char *asks = asks_for(slot->spec->rules.start);
    const bool has_switch = slot->spec->rules.switch_line != SWITCH_NONE;
    if (lot_is_full_locked(f) && (tile->state == TILE_EMPTY || v->waits.code == ERR_QUOTA)) {
        tile->state = TILE_WAITING;
        say_lot_full(f, tile);
    } else if (tile->state == TILE_EMPTY) {
        if (asks && f->halted)
            say_halted(tile);
        else if (asks && !has_switch) /* it cannot know whether a board is in */
            say(tile, ERR_WAITING, asks, word_in(LANGUAGE_EN, WORD_SAY_PUT_IN_FIRST));
    } else if (v->waits.code != ERR_NONE) {
        tile->err = v->waits;
    } else if (asks && f->halted) {
        say_halted(tile);
    } else if (asks) {
        say(tile, ERR_WAITING, asks, err_row(ERR_WAITING)->hint);
    } else if (has_switch) {
        say(tile, ERR_WAITING, word_in(LANGUAGE_EN, WORD_SAY_OPEN_LID),
            word_in(LANGUAGE_EN, WORD_SAY_EXCHANGE));
    }
}

/* Where, when, and what to do about it: nobody should wonder why nothing happens. */
static void say_passed_before(const struct floor *f, const struct slot_view *v, struct tile *tile)
{
    char text[200], run[24];
    const bool known = v->passed_slot >= 1 && (size_t)v->passed_slot <= f->slot_count;
    snprintf(tile->passed_in, sizeof tile->passed_in, "%s",
             known ? f->slots[v->passed_slot - 1].spec->name : "?");
    snprintf(run, sizeof run, "%lld", (long long)v->run_id);
    const enum word sentence = v->run_id == 0    ? WORD_SAY_PASSED_UNRECORDED
                               : v->order.lot[0] ? WORD_SAY_PASSED_IN_LOT
                                                 : WORD_SAY_PASSED_EVER;
    words_fill(text, sizeof text, word_in(LANGUAGE_EN, sentence),
               (const char *const[]){ tile->passed_in, run }, 2);
    say(tile, ERR_DUPLICATE, text, word_in(LANGUAGE_EN, WORD_SAY_HOW_AGAIN));
}

static void show_view(const struct floor *f, const struct floor_slot *slot,
                      const struct slot_view *v, struct tile *tile)
{
    tile->state = state_of_view(v);
    if (tile->state == TILE_WORKING || tile->state == TILE_PASS || tile->state == TILE_FAIL)
        tile_show_board(tile, v, f->clock->now_us(f->clock));
    else if (tile->state == TILE_NO_ADAPTER || tile->state == TILE_ATTENTION)
        tile->err = v->lost;
    else
        show_waiting(f, slot, v, tile);
    if (tile->state == TILE_FAIL)
        tile->err = v->err;
    if (tile->state == TILE_PASS && v->passed_before)
        say_passed_before(f, v, tile);
    if (tile->state == TILE_PASS && f->label_waits &&
        f->label_waits(f->label_ctx, v->run_id, &tile->err))
        tile->state = TILE_WAITING;
}

/* Of a slot that the session does not have. */
static void show_rest(struct floor *f, const struct floor_slot *slot, struct tile *tile)
{
    tile->state = slot->plugged ? TILE_EMPTY : TILE_NO_ADAPTER;
    if (slot->trouble.code != ERR_NONE) {
        tile->state = TILE_ATTENTION;
        tile->err = slot->trouble;
    } else if (slot->plugged && !session_has_order(f->session)) {
        tile->state = TILE_WAITING;
        say(tile, ERR_WAITING, word_in(LANGUAGE_EN, WORD_SAY_NO_RECIPE),
            word_in(LANGUAGE_EN, WORD_SAY_CHOOSE_RECIPE));
    }
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
    tile->boards = slot->boards;
    tile->passes = slot->passes;
    tile->row = slot->spec->row;
    tile->column = slot->spec->column;
    const bool there = session_find(f->session, slot->number, &v);
    /* Whoever has taken it out of work may have put another board in: none is named. */
    const bool rests = slot->disabled && !slot->proving;
    if (there && (v.state == SLOT_RUNNING || (slot->plugged && !rests)))
        show_view(f, slot, &v, tile);
    else
        show_rest(f, slot, tile);
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
    sum->passed = f->headcount.good;
    sum->failed = f->headcount.judged - f->headcount.good;
    sum->refused = f->headcount.refused;
    sum->unidentified = f->headcount.unidentified;
    sum->quantity = (uint64_t)f->room.quantity;
    sum->lot_passed = (uint64_t)f->room.passed;
    sum->lot_full = lot_is_full_locked(f);
    sum->board_seconds = median_locked(f);
    sum->stopping = f->stopping || f->halted;
    sum->ending = f->stopping;
    sum->recorded = f->db_path[0] != '\0';
    sum->since_utc_ms = f->since_utc_ms;
    sum->printer = f->print != NULL;
    sum->orders = f->orders;
    pthread_mutex_unlock(&f->lock);
}
