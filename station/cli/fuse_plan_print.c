#include "station/cli/fuse_plan_print.h"

#include <string.h>

#define VALUE_CAP 80

static const char *const boards[] = { "blank", "begun", "done" };

static bool is_lock(const struct fuse_item *item)
{
    return strcmp(item->field->name, "WR_DIS") == 0 || strcmp(item->field->name, "RD_DIS") == 0;
}

/* Digests and MACs are public; they are told as their bytes stand in the fuses. */
static void put_bytes(const struct fuse_item *item, char text[static VALUE_CAP])
{
    struct fuse_words words = { 0 };
    uint8_t bytes[FUSE_BYTES_MAX];
    memcpy(words.word[item->burn.block], item->burn.word, sizeof item->burn.word);
    const size_t n = fuse_bytes(&words, item->field, bytes);
    for (size_t i = 0, at = 0; i < n && at < VALUE_CAP; i++)
        at += (size_t)snprintf(text + at, VALUE_CAP - at, "%02x", bytes[i]);
}

static void put_value(const struct fuse_item *item, char text[static VALUE_CAP])
{
    if (is_lock(item))
        snprintf(text, VALUE_CAP, "bit %d", __builtin_ctz(item->value));
    else if (item->field->bits <= 32)
        snprintf(text, VALUE_CAP, "0x%X", item->value);
    else if (item->made)
        snprintf(text, VALUE_CAP, "%s", item->secret ? "each board's own" : "the unit's");
    else if (item->secret)
        snprintf(text, VALUE_CAP, "the key");
    else
        put_bytes(item, text);
}

/* ---- For people ---- */

/* What to know before a step: where there is no way back. */
static const char *warning_before(const struct fuse_item *before, const struct fuse_item *item)
{
    const enum fuse_stage from = before ? before->stage : FUSE_STAGE_KEYS, to = item->stage;
    if (to == FUSE_STAGE_LOADER && from < FUSE_STAGE_LOADER)
        return "no repair by wire any more, from here on";
    if (to >= FUSE_STAGE_AFTER_BOOT && from < FUSE_STAGE_AFTER_BOOT)
        return "the board has to start as it should, before this";
    if (to == FUSE_STAGE_ENABLE && from < FUSE_STAGE_ENABLE)
        return "only the right images start, from here on";
    return before ? NULL : "no way back, from here on";
}

static void print_item(FILE *out, const struct fuse_plan *plan, const struct fuse_item *item)
{
    char value[VALUE_CAP], loss[FUSE_LOSS_CAP];
    put_value(item, value);
    fuse_item_loss(plan, item, loss);
    fprintf(out, "  %4u  %-10s  %-30s  %-16s  %s%s%s\n", item->step, fuse_stage_word(item->stage),
            item->field->name, value, item->why, loss[0] ? "; then " : "", loss);
}

static void print_done(FILE *out, const struct fuse_plan *plan)
{
    size_t done = 0;
    for (size_t i = 0; i < plan->count; i++)
        done += plan->items[i].done;
    if (done > 0)
        fprintf(out, "  burnt already, as it should be: %zu of %zu\n", done, plan->count);
    if (plan->hidden_unproved)
        fprintf(out, "  a key is burnt that nobody can read: whose it is, nothing proves but that "
                     "the board starts\n");
}

void fuse_plan_print(FILE *out, const struct fuse_plan *plan)
{
    const struct fuse_item *before = NULL;
    if (plan->steps > 0)
        fprintf(out, "  %4s  %-10s  %-30s  %-16s  %s\n", "step", "what", "fuse", "gets", "why");
    for (size_t i = 0; i < plan->count; i++) {
        const struct fuse_item *item = &plan->items[i];
        if (item->done)
            continue;
        const char *warning = warning_before(before, item);
        if (warning)
            fprintf(out, "  ----  %s\n", warning);
        print_item(out, plan, item);
        before = item;
    }
    print_done(out, plan);
}

/* ---- For programs ---- */

static void add_item(struct json_object *o, const struct fuse_plan *plan,
                     const struct fuse_item *item)
{
    char value[VALUE_CAP], loss[FUSE_LOSS_CAP];
    put_value(item, value);
    fuse_item_loss(plan, item, loss);
    json_open(o, NULL, '{');
    json_integer(o, "step", item->step);
    json_text(o, "stage", fuse_stage_word(item->stage));
    json_text(o, "name", item->field->name);
    json_integer(o, "block", item->field->block);
    json_text(o, "value", value);
    json_bool(o, "secret", item->secret);
    json_bool(o, "done", item->done);
    json_text(o, "why", item->why);
    if (loss[0])
        json_text(o, "then", loss);
    json_close(o, '}');
}

void fuse_plan_json(struct json_object *o, const struct fuse_plan *plan)
{
    json_text(o, "board", boards[plan->board]);
    json_integer(o, "steps", plan->steps);
    json_integer(o, "after_boot", plan->after_boot);
    json_bool(o, "hidden_key", plan->hidden_unproved);
    json_open(o, "fuses", '[');
    for (size_t i = 0; i < plan->count; i++)
        add_item(o, plan, &plan->items[i]);
    json_close(o, ']');
}
