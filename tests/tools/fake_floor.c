#include "tests/tools/fake_floor.h"

#include "core/base/clock.h"
#include "core/facts/chip.h"
#include "station/line/event.h"

#include "station/words/words.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TILES_MAX     256
#define BATCH_MS      4000
#define FIRMWARE_SIZE 1048576

struct floor {
    pthread_mutex_t lock;
    struct tile tiles[TILES_MAX];
    size_t count;
    struct floor_summary sum;
    struct event_feed *feed;
    char db_path[4096];
    bool batch;
    unsigned batch_ms; /* of the present batch */
    unsigned acts, slow_ms;
    char last[512];
};

/* ---- Tiles ---- */

static void name_tiles(struct floor *f, unsigned columns)
{
    for (unsigned i = 0; i < f->count; i++) {
        struct tile *t = &f->tiles[i];
        t->number = (int)i + 1;
        t->row = i / columns;
        t->column = i % columns;
        snprintf(t->name, sizeof t->name, "%c%u", (char)('A' + t->row % 26), t->column + 1);
        snprintf(t->port, sizeof t->port, "/dev/serial/by-path/slot-%u", i + 1);
        t->state = TILE_EMPTY;
    }
}

static void put_in(struct tile *t, enum tile_state state)
{
    t->state = state;
    t->passed_before = t->golden = t->disabled = false;
    memset(&t->err, 0, sizeof t->err);
    t->run_id = 100 + t->number;
    t->attempt = 1;
    t->baud = 921600;
    t->seconds = 14.2;
    t->chip = chip_by_name("esp32");
    t->bytes_total = FIRMWARE_SIZE;
    t->bytes_done = state == TILE_WORKING ? (uint64_t)(t->number * 37 % 100) * 10486 : 0;
    t->phase = PHASE_WRITE;
    t->board_state = state == TILE_PASS ? BOARD_RUNNING : BOARD_HALF_WRITTEN;
    snprintf(t->mac, sizeof t->mac, "24:0a:c4:00:00:%02x", (unsigned)t->number & 0xFF);
    snprintf(t->serial, sizeof t->serial, "TH-%06d", t->number);
    if (state == TILE_EMPTY || state == TILE_NO_ADAPTER) {
        t->mac[0] = t->serial[0] = '\0';
        t->run_id = 0;
        t->seconds = 0;
    }
    t->boards = 10;
    t->passes = state == TILE_FAIL ? 9 : 10;
    t->changes++;
}

static void fail(struct tile *t, enum err_code code, const char *what)
{
    put_in(t, TILE_FAIL);
    err_set(&t->err, code, "%s", what);
}

/* The longest texts there can be. */
static void fail_at_length(struct tile *t)
{
    char what[sizeof t->err.what], hint[sizeof t->err.hint];
    static const char words[] = "Writing app.bin at 0x10000: Block 17 of 43: no reply to "
                                "FLASH_DEFL_DATA after 3.0 s on this port, and ";
    for (size_t i = 0; i < sizeof what - 1; i++)
        what[i] = hint[i] = words[i % (sizeof words - 1)];
    what[sizeof what - 1] = hint[sizeof hint - 1] = '\0';
    fail(t, ERR_WRITE, what);
    err_hint(&t->err, "%s", hint);
}

static void wait_for_lot(struct tile *t)
{
    put_in(t, TILE_WAITING);
    err_set(&t->err, ERR_QUOTA, "Lot 2026-11 is full: 500 of 500 boards have passed");
}

static void need_engineer(struct tile *t)
{
    put_in(t, TILE_ATTENTION);
    err_set(&t->err, ERR_STATION, "Three boards in a row failed with write in this slot");
    err_hint(&t->err, "Look at the slot's cable and pins; then enable the slot.");
    t->disabled = true;
}

/* Where a hand begins. */
static void wait_for_key(struct tile *t)
{
    put_in(t, TILE_EMPTY);
    err_set(&t->err, ERR_WAITING, "%s", word_in(LANGUAGE_EN, WORD_SAY_PRESS_START));
    err_hint(&t->err, "%s", word_in(LANGUAGE_EN, WORD_SAY_PUT_IN_FIRST));
}

static void show_all_states(struct tile *t)
{
    switch (t->number % 8) {
    case 1:
        put_in(t, TILE_PASS);
        break;
    case 2:
        fail(t, ERR_WRITE,
             "Writing app.bin at 0x10000: Block 17 of 43: no reply to FLASH_DEFL_DATA after 3.0 s");
        break;
    case 3:
    case 4:
        put_in(t, t->number % 8 == 3 ? TILE_WORKING : TILE_EMPTY);
        break;
    case 5:
        wait_for_lot(t);
        break;
    case 6:
        need_engineer(t);
        break;
    case 7:
        put_in(t, TILE_NO_ADAPTER);
        break;
    default:
        put_in(t, TILE_PASS);
        t->passed_before = true;
    }
}

static void fail_by_turns(struct tile *t)
{
    if (t->number % 2)
        fail_at_length(t);
    else
        fail(t, ERR_NO_SYNC, "Nothing answered on /dev/ttyUSB3 after 5 resets");
}

static void pass(struct tile *t)
{
    put_in(t, TILE_PASS);
}

static void work(struct tile *t)
{
    put_in(t, TILE_WORKING);
}

static void empty(struct tile *t)
{
    put_in(t, TILE_EMPTY);
}

/* ---- Steering ---- */

struct floor *fake_floor_new(const struct fake_floor_setup *setup)
{
    struct err e = { 0 };
    struct floor *f = calloc(1, sizeof *f);
    if (!f)
        return NULL;
    pthread_mutex_init(&f->lock, NULL);
    f->feed = event_feed_new(&e);
    f->count = setup->tiles < TILES_MAX ? setup->tiles : TILES_MAX;
    snprintf(f->db_path, sizeof f->db_path, "%s", setup->db_path ? setup->db_path : "");
    name_tiles(f, setup->columns ? setup->columns : 8);
    f->sum = (struct floor_summary){ .station = "line 3",
                                     .recipe = "thermostat",
                                     .version = "2.3.0",
                                     .chip = "esp32",
                                     .lot = "2026-11",
                                     .operator_name = "Eve",
                                     .quantity = 500,
                                     .lot_passed = 123,
                                     .passed = 118,
                                     .failed = 5,
                                     .board_seconds = 14.2,
                                     .recorded = setup->db_path != NULL,
                                     .printer = true,
                                     .since_utc_ms = clock_system.utc_ms(&clock_system) };
    return f;
}

void fake_floor_free(struct floor *f)
{
    if (!f)
        return;
    event_feed_free(f->feed);
    pthread_mutex_destroy(&f->lock);
    free(f);
}

bool fake_floor_scene(struct floor *f, const char *name)
{
    static const struct {
        const char *name;
        void (*show)(struct tile *t);
    } scenes[] = {
        { "empty", empty }, { "key", wait_for_key },   { "all", show_all_states },
        { "pass", pass },   { "fail", fail_by_turns }, { "working", work },
        { "batch", work },
    };
    for (size_t i = 0; i < sizeof scenes / sizeof scenes[0]; i++) {
        if (strcmp(scenes[i].name, name) != 0)
            continue;
        pthread_mutex_lock(&f->lock);
        for (size_t k = 0; k < f->count; k++)
            scenes[i].show(&f->tiles[k]);
        f->batch = strcmp(name, "batch") == 0;
        f->batch_ms = 0;
        pthread_mutex_unlock(&f->lock);
        return true;
    }
    return false;
}

static void tell(struct floor *f, const struct tile *t, enum event_kind kind)
{
    struct event event = { .kind = kind,
                           .utc_ms = clock_system.utc_ms(&clock_system),
                           .slot = t->number,
                           .run_id = t->run_id,
                           .attempt = t->attempt,
                           .seconds = t->seconds,
                           .err = t->err };
    event.verdict = t->state == TILE_FAIL ? VERDICT_FAIL : VERDICT_PASS;
    snprintf(event.port, sizeof event.port, "%s", t->port);
    snprintf(event.mac, sizeof event.mac, "%s", t->mac);
    event_put(f->feed, &event);
}

void fake_floor_flip(struct floor *f, unsigned i)
{
    if (i >= f->count)
        return;
    pthread_mutex_lock(&f->lock);
    struct tile *t = &f->tiles[i];
    put_in(t, t->state == TILE_WORKING ? TILE_PASS : TILE_WORKING);
    snprintf(t->serial, sizeof t->serial, "%" PRId64, clock_system.utc_ms(&clock_system));
    const struct tile copy = *t;
    pthread_mutex_unlock(&f->lock);
    tell(f, &copy, copy.state == TILE_PASS ? EVENT_VERDICT : EVENT_RUN);
}

static void end_batch_locked(struct floor *f)
{
    for (size_t i = 0; i < f->count; i++) {
        if (i == 5)
            fail(&f->tiles[i], ERR_WRITE,
                 "Writing app.bin at 0x10000: Block 17 of 43: no reply to FLASH_DEFL_DATA after "
                 "3.0 s");
        else
            pass(&f->tiles[i]);
        tell(f, &f->tiles[i], EVENT_VERDICT);
    }
    f->batch = false;
    f->sum.passed += f->count - 1;
    f->sum.failed++;
}

void fake_floor_step(struct floor *f, unsigned ms)
{
    pthread_mutex_lock(&f->lock);
    f->batch_ms += ms;
    for (size_t i = 0; i < f->count; i++) {
        struct tile *t = &f->tiles[i];
        if (t->state != TILE_WORKING)
            continue;
        t->seconds += ms / 1000.0;
        t->bytes_done += (uint64_t)FIRMWARE_SIZE * ms / BATCH_MS;
        if (t->bytes_done > t->bytes_total)
            t->bytes_done = f->batch ? t->bytes_total : 0;
    }
    if (f->batch && f->batch_ms >= BATCH_MS)
        end_batch_locked(f);
    pthread_mutex_unlock(&f->lock);
}

void fake_floor_lot(struct floor *f, const char *lot, uint64_t passed, uint64_t quantity)
{
    pthread_mutex_lock(&f->lock);
    snprintf(f->sum.lot, sizeof f->sum.lot, "%s", lot);
    f->sum.lot_passed = passed;
    f->sum.quantity = quantity;
    f->sum.lot_full = quantity > 0 && passed >= quantity;
    pthread_mutex_unlock(&f->lock);
}

void fake_floor_slow(struct floor *f, unsigned ms)
{
    pthread_mutex_lock(&f->lock);
    f->slow_ms = ms;
    pthread_mutex_unlock(&f->lock);
}

unsigned fake_floor_acts(struct floor *f, char *line, size_t cap)
{
    pthread_mutex_lock(&f->lock);
    const unsigned acts = f->acts;
    snprintf(line, cap, "%s", f->last);
    pthread_mutex_unlock(&f->lock);
    return acts;
}

/* ---- The floor's functions ---- */

size_t floor_tile_count(const struct floor *f)
{
    return f->count;
}

bool floor_look(struct floor *f, size_t i, struct tile *tile)
{
    if (i >= f->count)
        return false;
    pthread_mutex_lock(&f->lock);
    *tile = f->tiles[i];
    pthread_mutex_unlock(&f->lock);
    return true;
}

static unsigned count_of(const struct floor *f, enum tile_state state)
{
    unsigned n = 0;
    for (size_t i = 0; i < f->count; i++)
        n += f->tiles[i].state == state;
    return n;
}

void floor_sum(struct floor *f, struct floor_summary *sum)
{
    pthread_mutex_lock(&f->lock);
    f->sum.slots = (unsigned)f->count;
    f->sum.working = count_of(f, TILE_WORKING);
    f->sum.empty = count_of(f, TILE_EMPTY);
    f->sum.no_adapter = count_of(f, TILE_NO_ADAPTER);
    f->sum.attention = count_of(f, TILE_ATTENTION);
    *sum = f->sum;
    pthread_mutex_unlock(&f->lock);
}

struct event_reader *floor_watch(struct floor *f, size_t weighty_max, struct err *e)
{
    return event_reader_new(f->feed, weighty_max, e);
}

struct record *floor_record(const struct floor *f)
{
    (void)f;
    return NULL;
}

const char *floor_db_path(const struct floor *f)
{
    return f->db_path;
}

static bool act_on_tile(struct floor *f, const struct act *act, struct err *e)
{
    struct tile *t = &f->tiles[act->slot - 1];
    if (act->kind == ACT_RETRY && !act->actor.name[0])
        return err_set(e, ERR_USAGE, "A retry needs the name of who asks for it");
    if (act->kind == ACT_RETRY && t->state != TILE_FAIL)
        return err_set(e, ERR_USAGE, "Slot %s has no failed board", t->name);
    if (act->kind == ACT_RETRY || act->kind == ACT_START || act->kind == ACT_REWORK)
        put_in(t, TILE_WORKING);
    if (act->kind == ACT_ACKNOWLEDGE || act->kind == ACT_ENABLE)
        put_in(t, TILE_EMPTY);
    if (act->kind == ACT_DISABLE)
        need_engineer(t);
    return true;
}

static void act_on_all(struct floor *f, const struct act *act)
{
    if (act->kind == ACT_START || act->kind == ACT_STOP)
        f->sum.stopping = act->kind == ACT_STOP;
    if (act->kind == ACT_OPERATOR && act->text)
        snprintf(f->sum.operator_name, sizeof f->sum.operator_name, "%s", act->text);
    for (size_t i = 0; act->kind == ACT_ACKNOWLEDGE && i < f->count; i++) {
        if (f->tiles[i].state == TILE_PASS || f->tiles[i].state == TILE_FAIL)
            put_in(&f->tiles[i], TILE_EMPTY);
    }
}

static void keep_line(struct floor *f, const struct act *act)
{
    static const char *const kinds[] = { "start", "stop",    "acknowledge", "retry", "rework",
                                         "print", "disable", "enable",      "code",  "operator",
                                         "lot",   "no-lot",  "recipe" };
    static const char *const roles[] = { "nobody", "operator", "engineer", "auditor" };
    f->acts++;
    snprintf(f->last, sizeof f->last, "%s %d %s %s %s %s", kinds[act->kind], act->slot,
             act->actor.name[0] ? act->actor.name : "-", roles[act->actor.role],
             act->text ? act->text : "-", act->reason ? act->reason : "-");
}

bool floor_act(struct floor *f, const struct act *act, struct err *e)
{
    pthread_mutex_lock(&f->lock);
    const unsigned slow_ms = f->slow_ms;
    pthread_mutex_unlock(&f->lock);
    if (slow_ms > 0)
        clock_system.sleep_until(&clock_system,
                                 clock_system.now_us(&clock_system) + slow_ms * UINT64_C(1000), -1);
    pthread_mutex_lock(&f->lock);
    bool ok = act->slot <= (int)f->count || err_set(e, ERR_USAGE, "There is no slot %d", act->slot);
    if (ok)
        keep_line(f, act);
    if (ok && act->slot > 0)
        ok = act_on_tile(f, act, e);
    else if (ok)
        act_on_all(f, act);
    pthread_mutex_unlock(&f->lock);
    return ok;
}
