#include "station/terminal/keys.h"

#include "core/base/plain.h"

#include <curses.h>
#include <stdio.h>
#include <string.h>

/* A scanner types a character each few milliseconds, fingers some ten a second at best. */
#define SCANNER_US      60000
#define CODE_CHARACTERS 3
#define ESCAPE          27

/* ---- Acts ---- */

static void answer(struct sight *sight, const struct err *e)
{
    snprintf(sight->message, sizeof sight->message, "%s. %s", e->what, e->hint);
}

/* Whoever sits here has the command line as well, as long as nobody has to log in: an engineer, by
 * the name under which the station works. */
static void act(const struct scene *scene, const struct scene_source *source, struct sight *sight,
                enum act_kind kind, int slot, const char *text)
{
    struct err e = { 0 };
    struct act act = { .kind = kind, .slot = slot, .text = text };
    act.actor.role = ROLE_ENGINEER;
    snprintf(act.actor.name, sizeof act.actor.name, "%s", scene->sum.operator_name);
    sight->message[0] = '\0';
    if (source->act && !source->act(source->ctx, &act, &e))
        answer(sight, &e);
}

static void act_on_slot(const struct scene *scene, const struct scene_source *source,
                        struct sight *sight, char key)
{
    static const struct {
        char key;
        enum act_kind kind;
    } acts[] = {
        { 's', ACT_START }, { 'x', ACT_STOP }, { 'r', ACT_RETRY }, { 'a', ACT_ACKNOWLEDGE }
    };
    for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++) {
        if (acts[i].key == key && sight->selected < scene->count)
            act(scene, source, sight, acts[i].kind, scene->tiles[sight->selected].number, NULL);
    }
}

/* ---- Characters ---- */

static void next_language(struct sight *sight)
{
    sight->language = (enum language)((sight->language + 1) % LANGUAGE_COUNT);
}

static void obey(struct keys *keys, char key, const struct scene *scene,
                 const struct scene_source *source, struct sight *sight)
{
    sight->message[0] = '\0';
    if (key == 'l')
        next_language(sight);
    else if (key == 'q' && sight->can_leave)
        keys->left = true;
    else
        act_on_slot(scene, source, sight, key);
}

void keys_settle(struct keys *keys, uint64_t now_us, const struct scene *scene,
                 const struct scene_source *source, struct sight *sight)
{
    if (keys->count == 0 || now_us - keys->typed_us < SCANNER_US)
        return;
    const char key = keys->typed[0];
    const bool alone = keys->count == 1; /* more without Enter is no code, and no key either */
    keys->count = 0;
    if (alone)
        obey(keys, key, scene, source, sight);
}

static void toggle_details(struct sight *sight)
{
    sight->details = !sight->details;
    sight->scrolled = 0;
    sight->message[0] = '\0';
}

static void enter(struct keys *keys, const struct scene *scene, const struct scene_source *source,
                  struct sight *sight)
{
    keys->typed[keys->count] = '\0';
    if (keys->count >= CODE_CHARACTERS && plain_is(keys->typed))
        act(scene, source, sight, ACT_CODE, 0, keys->typed);
    else if (keys->count == 0)
        toggle_details(sight);
    keys->count = 0;
}

/* ---- Keys with names ---- */

static void step(const struct scene *scene, struct sight *sight, int right, int down)
{
    if (!sight->details || right != 0)
        sight->selected =
            layout_step(&sight->layout, scene->tiles, scene->count, sight->selected, right, down);
    else if (down > 0)
        sight->scrolled++;
    else if (sight->scrolled > 0)
        sight->scrolled--;
}

static void take_code(unsigned key, const struct scene *scene, const struct scene_source *source,
                      struct sight *sight)
{
    sight->message[0] = '\0';
    if (key == KEY_LEFT || key == KEY_RIGHT)
        step(scene, sight, key == KEY_RIGHT ? 1 : -1, 0);
    else if (key == KEY_UP || key == KEY_DOWN)
        step(scene, sight, 0, key == KEY_DOWN ? 1 : -1);
    else if (key == KEY_HOME)
        sight->selected = 0;
    else if (key == KEY_END && scene->count > 0)
        sight->selected = scene->count - 1;
    else if (key == KEY_F(2))
        act(scene, source, sight, ACT_START, 0, NULL);
    else if (key == KEY_F(8))
        act(scene, source, sight, ACT_ACKNOWLEDGE, 0, NULL);
    else if (key == KEY_F(9))
        act(scene, source, sight, ACT_STOP, 0, NULL);
}

void keys_take(struct keys *keys, unsigned key, bool is_code, uint64_t now_us,
               const struct scene *scene, const struct scene_source *source, struct sight *sight)
{
    keys_settle(keys, now_us, scene, source, sight);
    if ((is_code && key == KEY_ENTER) || key == '\n' || key == '\r') {
        enter(keys, scene, source, sight);
        return;
    }
    if (is_code) {
        take_code(key, scene, source, sight);
        return;
    }
    if (key == ESCAPE && sight->details)
        toggle_details(sight);
    if (key < 0x20 || key > 0x7e) /* codes are ASCII */
        return;
    if (keys->count + 1 < sizeof keys->typed)
        keys->typed[keys->count++] = (char)key;
    keys->typed_us = now_us;
}
