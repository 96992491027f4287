/* A station that runs all day, in the terminal that it was started from. */
#include "station/screen/floor_screen.h"

#include "station/terminal/terminal.h"

#include <stdlib.h>

struct own {
    struct scene_source source;
    struct terminal *terminal;
};

static void look(void *ctx, struct scene *scene)
{
    struct floor *floor = ctx;
    const size_t count = floor_tile_count(floor);
    floor_sum(floor, &scene->sum);
    if (!scene_reserve(scene, count))
        return;
    for (scene->count = 0; scene->count < count; scene->count++)
        floor_look(floor, scene->count, &scene->tiles[scene->count]);
}

static bool act(void *ctx, const struct act *act, struct err *e)
{
    return floor_act(ctx, act, e);
}

static bool start(struct floor_show *show, struct err *e)
{
    struct own *own = calloc(1, sizeof *own);
    show->own = own;
    if (!own)
        return err_set(e, ERR_STATION, "Out of memory for the screen");
    own->source = (struct scene_source){ show->floor, look, act };
    own->terminal = terminal_open(&own->source, false, e);
    return own->terminal != NULL;
}

static void pass_over(struct floor_show *show, const struct event *event)
{
    (void)show;
    (void)event;
}

static void finish(struct floor_show *show)
{
    struct own *own = show->own;
    if (own)
        terminal_close(own->terminal);
    free(own);
    floor_print_sum(show);
}

const struct floor_screen floor_screen_terminal = {
    .name = "terminal", .draws = true, .start = start, .event = pass_over, .finish = finish
};
