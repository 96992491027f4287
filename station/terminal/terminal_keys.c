#include "station/terminal/terminal_keys.h"

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
    char what[256], hint[256];
    if (!words_say(sight->language, e->what, what, sizeof what))
        snprintf(what, sizeof what, "%s", e->what);
    if (!words_say(sight->language, e->hint, hint, sizeof hint))
        snprintf(hint, sizeof hint, "%s", e->hint);
    snprintf(sight->message, sizeof sight->message, "%s%s %s", what, err_stop(what), hint);
}

static void act(const struct scene_source *source, struct sight *sight, enum act_kind kind,
                int slot, const char *text)
{
    struct err e = { 0 };
    const struct act act = { .kind = kind, .slot = slot, .text = text };
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
            act(source, sight, acts[i].kind, scene->tiles[sight->selected].number, NULL);
    }
}

/* ---- Characters ---- */

/* Appends a character, if there is room for all of it. */
static void put_utf8(char *text, size_t cap, uint32_t code)
{
    char bytes[5] = "";
    if (code < 0x80)
        snprintf(bytes, sizeof bytes, "%c", (char)code);
    else if (code < 0x800)
        snprintf(bytes, sizeof bytes, "%c%c", (char)(0xC0 | code >> 6), (char)(0x80 | (code & 63)));
    else if (code < 0x10000)
        snprintf(bytes, sizeof bytes, "%c%c%c", (char)(0xE0 | code >> 12),
                 (char)(0x80 | (code >> 6 & 63)), (char)(0x80 | (code & 63)));
    const size_t n = strlen(text);
    if (n + strlen(bytes) < cap)
        snprintf(text + n, cap - n, "%s", bytes);
}

static void next_language(struct sight *sight)
{
    sight->language = (enum language)((sight->language + 1) % LANGUAGE_COUNT);
}

/* ---- Logging in, and out ---- */

static void forget(struct sight *sight)
{
    sight->question = QUESTION_NONE;
    explicit_bzero(sight->typed, sizeof sight->typed);
}

static void begin_log_in(const struct scene *scene, const struct scene_source *source,
                         struct sight *sight)
{
    struct err e = { 0 };
    forget(sight);
    if (!scene->person[0])
        sight->question = QUESTION_NAME;
    else if (!source->log_in(source->ctx, "", NULL, &e))
        answer(sight, &e);
}

static void answer_question(const struct scene_source *source, struct sight *sight)
{
    struct err e = { 0 };
    if (sight->question == QUESTION_NAME) {
        snprintf(sight->name, sizeof sight->name, "%s", sight->typed);
        forget(sight);
        sight->question = QUESTION_SECRET;
        return;
    }
    const bool ok = source->log_in(source->ctx, sight->name, sight->typed, &e);
    forget(sight);
    if (!ok)
        answer(sight, &e);
}

static void type(struct sight *sight, unsigned key, bool is_code)
{
    const size_t n = strlen(sight->typed);
    if (is_code ? key == KEY_BACKSPACE : key == 0x7f || key == '\b') {
        size_t less = n;
        while (less > 0 && ((unsigned char)sight->typed[--less] & 0xC0) == 0x80)
            ;
        sight->typed[less] = '\0';
    } else if (!is_code && key == ESCAPE) {
        forget(sight);
    } else if (!is_code && key >= 0x20 && !plain_is_steering(key)) {
        put_utf8(sight->typed, sizeof sight->typed, key);
    }
}

static void obey(struct keys *keys, char key, const struct scene *scene,
                 const struct scene_source *source, struct sight *sight)
{
    sight->message[0] = '\0';
    if (key == 'l')
        next_language(sight);
    else if (key == 'q' && sight->can_leave)
        keys->left = true;
    else if (key == 'o' && scene->asks_people && source->log_in)
        begin_log_in(scene, source, sight);
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

static void enter(struct keys *keys, const struct scene_source *source, struct sight *sight)
{
    keys->typed[keys->count] = '\0';
    if (keys->count >= CODE_CHARACTERS && plain_is(keys->typed))
        act(source, sight, ACT_CODE, 0, keys->typed);
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
        act(source, sight, ACT_START, 0, NULL);
    else if (key == KEY_F(8))
        act(source, sight, ACT_ACKNOWLEDGE, 0, NULL);
    else if (key == KEY_F(9))
        act(source, sight, ACT_STOP, 0, NULL);
}

void keys_take(struct keys *keys, unsigned key, bool is_code, uint64_t now_us,
               const struct scene *scene, const struct scene_source *source, struct sight *sight)
{
    keys_settle(keys, now_us, scene, source, sight);
    const bool ends = is_code ? key == KEY_ENTER : key == '\n' || key == '\r';
    if (sight->question != QUESTION_NONE) {
        if (ends)
            answer_question(source, sight);
        else
            type(sight, key, is_code);
        return;
    }
    if (ends) {
        enter(keys, source, sight);
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
