/*
 * A terminal screen of slots that no floor has:
 * show_scene COUNT NAMES [stopping] [stale|gone] [ACTS-FILE]
 *
 * NAMES: short (A01), long (16 letters); the states go round. Each act is a line of the file. It
 * ends with q, and with SIGTERM, as a station does.
 */
#include "core/facts/chip.h"
#include "station/base/letters.h"
#include "station/base/stop_source.h"
#include "station/terminal/terminal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct fake {
    size_t count;
    bool long_names, stopping, stale, gone;
    const char *acts;
};

static void name_tile(const struct fake *fake, size_t i, struct tile *tile)
{
    if (fake->long_names)
        snprintf(tile->name, sizeof tile->name, "fixture-left-%03u", (unsigned)(i + 1) % 1000);
    else
        snprintf(tile->name, sizeof tile->name, "%c%02u", (char)('A' + i / 32),
                 (unsigned)(i % 32) + 1);
}

static void fill_tile(const struct fake *fake, size_t i, struct tile *tile)
{
    *tile = (struct tile){ .number = (int)i + 1, .state = (enum tile_state)(i % TILE_STATE_COUNT) };
    name_tile(fake, i, tile);
    tile->row = (unsigned)i / 8;
    tile->column = (unsigned)i % 8;
    snprintf(tile->port, sizeof tile->port, "/dev/ttyUSB%zu", i);
    if (tile->state <= TILE_EMPTY)
        return;
    tile->chip = chip_by_name("esp32");
    snprintf(tile->mac, sizeof tile->mac, "24:0a:c4:00:00:%02x", (unsigned)i & 0xff);
    tile->run_id = 100 + (int64_t)i;
    tile->seconds = 12.5;
    tile->boards = 7;
    tile->passes = 6;
    tile->bytes_total = 1000;
    tile->bytes_done = i * 37 % 1000;
    tile->phase = PHASE_WRITE;
    tile->attempt = 1 + (unsigned)i % 2;
    tile->board_state = tile->state == TILE_PASS ? BOARD_RUNNING : BOARD_HALF_WRITTEN;
    if (tile->state == TILE_FAIL)
        err_set(&tile->err, ERR_WRITE,
                "Writing app.bin at 0x10000: Block 17 of 43: no reply to FLASH_DEFL_DATA after 3.0 "
                "s");
    if (tile->state == TILE_WAITING)
        err_set(&tile->err, ERR_QUOTA, "The lot has 500 boards, and all places are taken");
    if (tile->state == TILE_ATTENTION)
        err_set(&tile->err, ERR_PORT_BUSY, "Another program has the port: minicom (pid 4711)");
}

static void look(void *ctx, struct scene *scene)
{
    const struct fake *fake = ctx;
    struct floor_summary *sum = &scene->sum;
    *sum = (struct floor_summary){ .station = "line 3",
                                   .recipe = "thermostat",
                                   .version = "2.3.0",
                                   .lot = "2026-11",
                                   .operator_name = "Eve",
                                   .quantity = 500,
                                   .lot_passed = 340,
                                   .passed = 340,
                                   .failed = 4,
                                   .stopping = fake->stopping };
    if (!scene_reserve(scene, fake->count))
        return;
    scene->stale = fake->stale;
    scene->gone = fake->gone;
    scene->silent_s = 12;
    for (scene->count = 0; scene->count < fake->count; scene->count++) {
        struct tile *tile = &scene->tiles[scene->count];
        fill_tile(fake, scene->count, tile);
        sum->working += tile->state == TILE_WORKING;
        sum->empty += tile->state == TILE_EMPTY;
        sum->no_adapter += tile->state == TILE_NO_ADAPTER;
        sum->attention += tile->state == TILE_ATTENTION;
    }
}

static bool act(void *ctx, const struct act *act, struct err *e)
{
    const struct fake *fake = ctx;
    FILE *out = fake->acts ? fopen(fake->acts, "a") : NULL;
    if (out) {
        fprintf(out, "act %d slot %d text %s\n", (int)act->kind, act->slot,
                act->text ? act->text : "-");
        fclose(out);
    }
    fprintf(stderr, "show_scene: something was done\n");
    return act->kind != ACT_RETRY || err_hint(e, "Take it out.") ||
           err_set(e, ERR_USAGE, "The board has left the slot");
}

int main(int argc, char **argv)
{
    struct fake fake = { 0 };
    struct err e = { 0 };
    struct stop_source stop = STOP_SOURCE_CLOSED;
    struct pollfd fds[STOP_FDS + 1];
    if (argc < 3)
        return 2;
    letters_open();
    fake.count = (size_t)strtoul(argv[1], NULL, 10);
    fake.long_names = strcmp(argv[2], "long") == 0;
    for (int i = 3; i < argc; i++) {
        fake.stopping = fake.stopping || strcmp(argv[i], "stopping") == 0;
        fake.gone = fake.gone || strcmp(argv[i], "gone") == 0;
        fake.stale = fake.stale || fake.gone || strcmp(argv[i], "stale") == 0;
        fake.acts = argv[i][0] == '/' ? argv[i] : fake.acts;
    }
    if (!terminal_is_fit() || !stop_source_open(&stop, &e)) {
        printf("no terminal to draw on\n");
        return 1;
    }
    const struct scene_source source = { &fake, look, act, NULL };
    struct terminal *t = terminal_open(&source, true, &e);
    if (!t) {
        printf("%s\n", e.what);
        return 1;
    }
    do {
        stop_source_wait(&stop, fds);
        fds[STOP_FDS] = (struct pollfd){ terminal_left_fd(t), POLLIN, 0 };
    } while (poll(fds, STOP_FDS + 1, -1) < 0);
    terminal_close(t);
    printf("show_scene has ended\n");
    return 0;
}
