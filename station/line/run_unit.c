/* What a board has of its own, in its run: values and images of its unit. */
#include "station/line/run_state_priv.h"

#include "core/flash/readflash.h"
#include "core/loader/loader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ASK_MS 1000u /* between two questions to a board that waits for a value */

static void show_serial(struct run *run)
{
    struct slot *s = run->slot;
    const struct unit *u = &slot_recipe(s)->unit;
    const char *serial = u->serial_index != UNIT_NO_VALUE ? run->unit.texts[u->serial_index] : NULL;
    pthread_mutex_lock(&s->lock);
    snprintf(s->view.serial, sizeof s->view.serial, "%s", serial ? serial : "");
    pthread_mutex_unlock(&s->lock);
}

static bool make_supply(struct run *run, const struct board *board, struct unit_given *given,
                        struct unit_supply **supply, struct err *e)
{
    struct slot *s = run->slot;
    if (board->mac.bytes[0] == STAND_IN_0 && board->mac.bytes[1] == STAND_IN_1 &&
        board->mac.count == 8)
        return err_set(e, ERR_SECURED,
                       "The board cannot say its MAC, and its unit belongs to that");
    *supply = calloc(1, sizeof **supply);
    if (!*supply)
        return err_set(e, ERR_STATION, "Out of memory for a unit");
    return (run->took_given ? unit_given_copy(given, &run->given, e)
                            : slot_copy_given(s, given, e)) &&
           unit_supply_make(*supply, order_job(s->order), board, given, slot_utc_ms(s), e);
}

/* Further attempts need it again; the slot's is used up. */
static void keep_given(struct run *run, struct unit_given *given)
{
    run->given = *given;
    *given = (struct unit_given){ .count = 0 };
    run->took_given = true;
    slot_use_given(run->slot, &run->given);
}

static bool wants_unit(const struct run *run)
{
    const struct slot *s = run->slot;
    return slot_recipe(s)->unit.asked && (s->gang->record || s->gang->look);
}

/* Enters the board in the record, with its unit where it fits; or looks up what it has. */
static bool enter_once(struct run *run, const struct board *board, bool fits, struct err *e)
{
    struct slot *s = run->slot;
    struct unit_given given = { .count = 0 };
    struct unit_supply *supply = NULL;
    struct err refusal = { 0 };
    char mac[BOARD_MAC_TEXT_BYTES];
    const bool wants = fits && wants_unit(run);
    board_mac_text(&board->mac, mac);
    db_unit_done(&run->unit);
    run->unit.missing = run->unit.unlent = DB_NO_ROW;
    const struct record_run row = run_row(run);
    const bool has = wants && make_supply(run, board, &given, &supply, &refusal);
    bool ok = s->gang->record
                  ? record_board(s->gang->record, s->order, run->id, board, &row,
                                 has ? supply : NULL, &run->claim, &run->unit, e)
                  : !has || db_unit_look(s->gang->look, mac, &supply->db, &run->unit, e);
    if (ok && wants && !has)
        *e = refusal;
    run->has_unit = ok && has;
    if (run->has_unit && !run->took_given)
        keep_given(run, &given);
    unit_given_clear(&given);
    free(supply);
    return ok && has == wants;
}

/* The board waits for a value of its unit, NULL: no more. */
static void show_wanted(struct run *run, const struct unit_value *v)
{
    struct slot *s = run->slot;
    struct err waits = { 0 };
    char sentence[96], form[UNIT_FORM_CAP];
    if (v) {
        unit_form_text(v, form);
        err_set(&waits, ERR_WAITING, "Scan %s", v->name);
        err_hint(&waits, "Wanted is %s.", form);
    }
    pthread_mutex_lock(&s->lock);
    const bool changed = strcmp(s->view.waits.what, waits.what) != 0;
    s->view.waits = waits;
    s->view.wants_scan = v != NULL;
    s->view.wanted = v ? (size_t)(v - slot_recipe(s)->unit.values) : 0;
    pthread_mutex_unlock(&s->lock);
    if (changed && v) {
        snprintf(sentence, sizeof sentence, "Waits for the value '%s'", v->name);
        slot_note(s, run->id, sentence);
    } else if (changed) {
        slot_tell(s, run->id, EVENT_CHANGED, NULL, VERDICT_NONE);
    }
}

/* Nothing tells that a board is pulled from behind its adapter: it is asked, in its loader, without
 * a reset. */
static bool is_there(const struct slot *s, struct loader *l, struct err *e)
{
    uint32_t ignored;
    struct err failure = { 0 };
    if (slot_is_stopping(s))
        return err_set(e, ERR_STOPPED, "Stopped while the board waited for a value");
    if (loader_read_reg(l, CHIP_MAGIC_ADDR, &ignored, &failure))
        return true;
    if (failure.code == ERR_STOPPED) {
        *e = failure;
        return false;
    }
    return err_set(e, ERR_STOPPED, "The board was taken out while it waited for a value");
}

/* Until something more is given. False: *e, of `missing` if nothing came in time. */
static bool await_value(struct run *run, struct loader *l, unsigned *gifts, struct deadline end,
                        const struct err *missing, struct err *e)
{
    struct slot *s = run->slot;
    const struct clock *c = slot_clock(s);
    while (!slot_await_gift(s, gifts, deadline_first(end, deadline_in_ms(c, ASK_MS)))) {
        if (deadline_over(c, end)) {
            *e = *missing;
            return false;
        }
        if (!is_there(s, l, e))
            return false;
    }
    return true;
}

/* A board whose label is scanned while it sits there waits for that, its flash untouched. */
bool run_enter_board(struct run *run, const struct board *board, bool fits, struct loader *l,
                     struct err *e)
{
    struct slot *s = run->slot;
    const struct unit *u = &slot_recipe(s)->unit;
    const struct deadline end = deadline_in_ms(slot_clock(s), s->gang->give_ms);
    unsigned gifts = 0;
    bool ok = false, waits = true;
    while (!ok && waits) {
        struct err failure = { 0 };
        ok = enter_once(run, board, fits, &failure);
        if (ok)
            break;
        waits =
            failure.code == ERR_UNIT && run->unit.missing < u->value_count && s->gang->give_ms > 0;
        if (!waits) {
            *e = failure;
            break;
        }
        show_wanted(run, &u->values[run->unit.missing]);
        waits = await_value(run, l, &gifts, end, &failure, e);
    }
    show_wanted(run, NULL);
    if (ok && run->has_unit)
        show_serial(run);
    return ok;
}

static struct unit_instance instance_of(const struct run *run)
{
    const struct job_unit *u = job_unit(order_job(run->slot->order));
    struct unit_instance in = { .unit = u->unit, .material = &u->material, .pools = u->pools };
    for (size_t i = 0; i < UNIT_VALUES_MAX; i++)
        in.texts.texts[i] = run->unit.texts[i];
    for (size_t i = 0; i < UNIT_POOLS_MAX; i++)
        in.rows[i] = run->unit.rows[i];
    return in;
}

static bool is_complete(const struct run *run, struct err *e)
{
    const struct unit *u = &slot_recipe(run->slot)->unit;
    for (size_t i = 0; i < u->value_count; i++) {
        if (!run->unit.texts[i])
            return err_set(e, ERR_UNIT, "The record does not know the value '%s' of this board",
                           u->values[i].name);
    }
    return run->has_unit || err_set(e, ERR_UNIT, "The board has no unit");
}

/* The unit's images, behind those that all boards get. */
const struct plan_variant *run_variant(void *ctx, const struct plan_variant *shared, struct err *e)
{
    struct run *run = ctx;
    struct job *job = order_job(run->slot->order);
    if (!job_unit(job)->unit->asked)
        return shared;
    if (run->variant && run->shared == shared)
        return run->variant;
    if (!is_complete(run, e))
        return NULL;
    const struct unit_instance in = instance_of(run);
    plan_variant_free(run->variant);
    run->shared = shared;
    run->variant = job_unit_variant(job_unit(job), job_plan(job), shared, &in, e);
    return run->variant;
}

struct flash_part {
    uint8_t *bytes;
    size_t used, cap;
};

static bool keep_part(void *ctx, const uint8_t *bytes, size_t n, struct err *e)
{
    struct flash_part *part = ctx;
    if (n > part->cap - part->used)
        return err_set(e, ERR_VERIFY, "More of the flash came than was asked for");
    memcpy(part->bytes + part->used, bytes, n);
    part->used += n;
    return true;
}

/* Key by key, where the recipe says so: an NVS partition that the firmware writes to, too. */
bool run_judge_region(void *ctx, size_t region, struct loader *l, struct err *e)
{
    struct run *run = ctx;
    struct job *job = order_job(run->slot->order);
    const struct job_unit *u = job_unit(job);
    const size_t i = region - job_image_count(job);
    if (region < job_image_count(job) || u->unit->images[i].compare != UNIT_COMPARE_KEYS)
        return false;
    const struct job_place *place = &u->places[i];
    struct flash_part part = { malloc(place->size_bytes), 0, place->size_bytes };
    const struct readflash_sink sink = { keep_part, &part };
    const struct unit_instance in = instance_of(run);
    bool ok = part.bytes ? readflash(l, place->addr, place->size_bytes, &sink, e)
                         : err_set(e, ERR_STATION, "Out of memory for a partition");
    if (ok && !unit_bytes_compare(&in, i, place->read_only, part.bytes, place->size_bytes, e)) {
        ok = false; /* reading it again would find the same */
        run->keys_at = (struct remedy_byte){ e->code != ERR_STATION, place->addr };
        err_hint(e, "The board does not hold its unit as the record has it: write it again with "
                    "espstation run --rework, or set it aside.");
    }
    unit_wipe(part.bytes, part.bytes ? place->size_bytes : 0);
    return ok;
}
