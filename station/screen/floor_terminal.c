/* A station that runs all day, in the terminal that it was started from. */
#include "station/screen/floor_screen.h"

#include "station/people/desk.h"
#include "station/terminal/terminal.h"

#include <stdio.h>
#include <stdlib.h>

struct own {
    struct floor *floor;
    struct desk desk; /* the terminal's thread's */
    struct scene_source source;
    struct terminal *terminal;
};

static void look(void *ctx, struct scene *scene)
{
    const struct own *own = ctx;
    struct floor *floor = own->floor;
    scene->asks_people = own->desk.people != NULL;
    snprintf(scene->person, sizeof scene->person, "%s", own->desk.actor.name);
    const size_t count = floor_tile_count(floor);
    floor_sum(floor, &scene->sum);
    if (!scene_reserve(scene, count))
        return;
    for (scene->count = 0; scene->count < count; scene->count++)
        floor_look(floor, scene->count, &scene->tiles[scene->count]);
}

/* Whoever sits here has the command line as well: without people an engineer, by the name under
 * which the station works. */
static bool act(void *ctx, const struct act *act, struct err *e)
{
    struct own *own = ctx;
    struct floor_summary sum;
    struct act signed_act = *act;
    floor_sum(own->floor, &sum);
    return desk_actor(&own->desk, sum.operator_name, act->kind == ACT_STOP, &signed_act.actor, e) &&
           floor_act(own->floor, &signed_act, e);
}

static bool log_in(void *ctx, const char *name, const char *secret, struct err *e)
{
    return desk_log_in(&((struct own *)ctx)->desk, name, secret, e);
}

static bool start(struct floor_show *show, struct err *e)
{
    struct own *own = calloc(1, sizeof *own);
    show->own = own;
    if (!own)
        return err_set(e, ERR_STATION, "Out of memory for the screen");
    own->floor = show->floor;
    own->desk.people = show->people;
    own->source = (struct scene_source){ own, look, act, log_in };
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
