/*
 * The live screen of a run: its slots as tiles in a terminal. What comes of them is counted on the
 * main thread, and drawn on the terminal's: between them stands a copy.
 */
#include "station/screen/screen.h"

#include "station/base/wrap.h"
#include "station/terminal/terminal.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define TILES_PER_ROW 8 /* without a grid; as a station file without one has them */

static struct {
    struct terminal *terminal; /* NULL: it could not be opened */
    struct scene_source source;
    pthread_mutex_t lock; /* guards the scene; held for a copy */
    struct scene scene;
} live = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* ---- Slots as tiles ---- */

static enum tile_state state_of(const struct slot_view *v)
{
    if (v->state == SLOT_RUNNING)
        return TILE_WORKING;
    if (v->state != SLOT_DONE || v->empty)
        return TILE_EMPTY;
    return v->verdict == VERDICT_PASS ? TILE_PASS : TILE_FAIL;
}

/* Of the slot that is the session's `i`th. */
static struct show_place place_of(const struct show *show, int number, size_t i)
{
    const size_t at = (size_t)number - 1;
    if (show->places && at < show->name_count)
        return show->places[at];
    return (struct show_place){ (unsigned)(i / TILES_PER_ROW), (unsigned)(i % TILES_PER_ROW) };
}

static void make_tile(const struct show *show, const struct slot_view *v, size_t i,
                      struct tile *tile)
{
    char label[SHOW_LABEL_BYTES];
    const struct clock *c = session_clock(show->session);
    *tile = (struct tile){ .number = v->number, .state = state_of(v) };
    snprintf(tile->name, sizeof tile->name, "%s", show_label(show, v->number, label));
    snprintf(tile->port, sizeof tile->port, "%s", v->port);
    const struct show_place at = place_of(show, v->number, i);
    tile->row = at.row;
    tile->column = at.column;
    tile->boards = v->runs;
    tile->passes = v->passes;
    if (tile->state != TILE_EMPTY)
        tile_show_board(tile, v, c->now_us(c));
    if (tile->state == TILE_FAIL || (tile->state != TILE_EMPTY && tile->attempt > 1))
        tile->err = v->err; /* of a board in work: why it is tried again */
}

static void sum_up(const struct show *show, struct scene *scene)
{
    struct floor_summary *sum = &scene->sum;
    struct order *order = session_order(show->session);
    const struct recipe *r = order_recipe(order);
    *sum = (struct floor_summary){ .passed = show->headcount->passed };
    snprintf(sum->recipe, sizeof sum->recipe, "%s", r->name);
    snprintf(sum->version, sizeof sum->version, "%s", r->version);
    snprintf(sum->lot, sizeof sum->lot, "%s", order_lot(order) ? order_lot(order) : "");
    snprintf(sum->operator_name, sizeof sum->operator_name, "%s",
             order_operator(order) ? order_operator(order) : "");
    order_release(order);
    sum->failed = show->headcount->count - sum->passed;
    sum->stopping = sum->ending = session_is_stopping(show->session);
    for (size_t i = 0; i < scene->count; i++) {
        sum->working += scene->tiles[i].state == TILE_WORKING;
        sum->empty += scene->tiles[i].state == TILE_EMPTY;
    }
    sum->slots = (unsigned)scene->count;
}

static void draw(const struct show *show)
{
    struct slot_view v;
    pthread_mutex_lock(&live.lock);
    struct scene *scene = &live.scene;
    scene->count = 0;
    for (size_t i = 0; session_look(show->session, i, &v) && scene_reserve(scene, i + 1); i++)
        make_tile(show, &v, scene->count++, &scene->tiles[i]);
    sum_up(show, scene);
    pthread_mutex_unlock(&live.lock);
}

/* ---- On the terminal's thread ---- */

static void look(void *ctx, struct scene *scene)
{
    (void)ctx;
    pthread_mutex_lock(&live.lock);
    if (scene_reserve(scene, live.scene.count)) {
        memcpy(scene->tiles, live.scene.tiles, live.scene.count * sizeof scene->tiles[0]);
        scene->count = live.scene.count;
        scene->sum = live.scene.sum;
    }
    pthread_mutex_unlock(&live.lock);
}

/* ---- The screen ---- */

static void start(const struct show *show)
{
    struct err e = { 0 };
    live.source = (struct scene_source){ .look = look };
    draw(show);
    live.terminal = terminal_open(&live.source, false, &e);
    if (!live.terminal)
        fprintf(stderr, "espstation: %s%s\n", e.what, err_stop(e.what));
}

/* What the tiles showed last, as lines that stay. */
static void print_slot(const struct show *show, const struct slot_view *v, size_t columns)
{
    char label[SHOW_LABEL_BYTES], line[768];
    const double seconds = (double)(v->ended_us - v->started_us) / 1e6;
    int n = snprintf(line, sizeof line, "slot %-3s %-8s ", show_label(show, v->number, label),
                     slot_word(v));
    if (v->state != SLOT_DONE)
        line[n] = '\0';
    else if (v->verdict == VERDICT_PASS)
        snprintf(line + n, sizeof line - (size_t)n, "%s %s%s%s  %s in %.1f s",
                 v->chip ? v->chip->name : "", v->mac, v->serial[0] ? " " : "", v->serial,
                 board_state_word(v->board_state), seconds);
    else
        snprintf(line + n, sizeof line - (size_t)n, "%s: %s", err_word(v->err.code), v->err.what);
    printf("%.*s\n", (int)wrap_fit(line, columns), line);
}

static void finish(const struct show *show)
{
    struct slot_view v;
    terminal_close(live.terminal);
    live.terminal = NULL;
    scene_done(&live.scene);
    for (size_t i = 0; session_look(show->session, i, &v); i++)
        print_slot(show, &v, screen_columns());
    screen_summary(show, screen_has_colour());
}

const struct screen screen_live = {
    .name = "live",
    .draws = true,
    .start = start,
    .draw = draw,
    .finish = finish,
};
