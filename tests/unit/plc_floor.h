/*
 * A floor that is played: what a PLC needs of station/floor, in place of the real one. Included by
 * one file of a program, which then has these functions instead of those of the station.
 */
#ifndef TESTS_UNIT_PLC_FLOOR_H
#define TESTS_UNIT_PLC_FLOOR_H

#include "station/floor/floor.h"
#include "station/line/event.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define PLAYED_SLOTS 16

struct floor {
    pthread_mutex_t lock;
    struct event_feed *feed;
    struct tile tiles[PLAYED_SLOTS];
    size_t slots;
    struct floor_summary sum;
    int64_t last_run;
    unsigned starts[PLAYED_SLOTS], stops[PLAYED_SLOTS], seen[PLAYED_SLOTS]; /* acts that came */
    enum err_code refuse_start;
};

static bool played_open(struct floor *f, size_t slots, struct err *e)
{
    memset(f, 0, sizeof *f);
    pthread_mutex_init(&f->lock, NULL);
    f->slots = slots;
    for (size_t i = 0; i < slots; i++)
        f->tiles[i] = (struct tile){ .number = (int)i + 1, .state = TILE_EMPTY };
    snprintf(f->sum.recipe, sizeof f->sum.recipe, "played");
    f->feed = event_feed_new(e);
    return f->feed != NULL;
}

static void played_close(struct floor *f)
{
    event_feed_free(f->feed);
    pthread_mutex_destroy(&f->lock);
}

/* The view changes before its event comes, as in a session. */
static int64_t played_run(struct floor *f, int slot)
{
    pthread_mutex_lock(&f->lock);
    struct tile *const tile = &f->tiles[slot - 1];
    tile->state = TILE_WORKING;
    const int64_t id = tile->run_id = ++f->last_run;
    pthread_mutex_unlock(&f->lock);
    const struct event event = { .kind = EVENT_RUN, .slot = slot, .run_id = id };
    event_put(f->feed, &event);
    return id;
}

static void played_verdict(struct floor *f, int slot, enum verdict verdict, enum err_code code)
{
    struct event event = {
        .kind = EVENT_VERDICT, .slot = slot, .verdict = verdict, .seconds = 1.5
    };
    pthread_mutex_lock(&f->lock);
    struct tile *const tile = &f->tiles[slot - 1];
    event.run_id = tile->run_id;
    tile->state = verdict == VERDICT_PASS ? TILE_PASS : TILE_FAIL;
    tile->boards++;
    tile->passes += verdict == VERDICT_PASS;
    f->sum.passed += verdict == VERDICT_PASS;
    f->sum.failed += verdict != VERDICT_PASS;
    pthread_mutex_unlock(&f->lock);
    if (code != ERR_NONE)
        err_set(&event.err, code, "played");
    snprintf(event.mac, sizeof event.mac, "24:0a:c4:%02x:%02x:%02x",
             (unsigned)(event.run_id >> 16 & 0xFF), (unsigned)(event.run_id >> 8 & 0xFF),
             (unsigned)(event.run_id & 0xFF));
    event_put(f->feed, &event);
}

/* ---- In place of station/floor ---- */

size_t floor_tile_count(const struct floor *f)
{
    return f->slots;
}

bool floor_look(struct floor *f, size_t i, struct tile *tile)
{
    pthread_mutex_lock(&f->lock);
    *tile = f->tiles[i];
    pthread_mutex_unlock(&f->lock);
    return true;
}

void floor_sum(struct floor *f, struct floor_summary *sum)
{
    pthread_mutex_lock(&f->lock);
    *sum = f->sum;
    pthread_mutex_unlock(&f->lock);
}

struct event_reader *floor_watch(struct floor *f, size_t weighty_max, struct err *e)
{
    return event_reader_new(f->feed, weighty_max, e);
}

bool floor_act(struct floor *f, const struct act *act, struct err *e)
{
    pthread_mutex_lock(&f->lock);
    const size_t i = (size_t)act->slot - 1;
    const enum err_code refusal = act->kind == ACT_START ? f->refuse_start : ERR_NONE;
    f->starts[i] += act->kind == ACT_START && refusal == ERR_NONE;
    f->stops[i] += act->kind == ACT_STOP;
    f->seen[i] += act->kind == ACT_ACKNOWLEDGE;
    pthread_mutex_unlock(&f->lock);
    return refusal == ERR_NONE || err_set(e, refusal, "played");
}

#endif
