/* What a board has of its own, in its run: values and images of its unit. */
#include "station/line/run_state_priv.h"

#include "core/base/digest.h"
#include "core/flash/readflash.h"
#include "core/loader/loader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ASK_MS 1000u /* between two questions to a board that waits for a value */

static bool looks(const struct run *run)
{
    return run->slot->gang->kind == ATTEMPT_VERIFY;
}

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
    const struct unit *u = &slot_recipe(s)->unit;
    return (run->took_given ? unit_given_copy(given, &run->given, e)
                            : slot_copy_given(s, given, e) &&
                                  (!s->gang->record || unit_given_random(given, u, e))) &&
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
    run->unit.missing = run->unit.unlent = run->unit.unlent_pool = DB_NO_ROW;
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

/* Until something more is given. False: *e, of `missing` if nothing came in time; where that is
 * NULL it is done without. */
static bool await_value(struct run *run, struct loader *l, unsigned *gifts, struct deadline end,
                        const struct err *missing, struct err *e)
{
    struct slot *s = run->slot;
    const struct clock *c = slot_clock(s);
    while (!slot_await_gift(s, gifts, deadline_first(end, deadline_in_ms(c, ASK_MS)))) {
        if (deadline_over(c, end) && !missing)
            return true;
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
        const bool entered = enter_once(run, board, fits, &failure);
        const bool asks = run->unit.missing < u->value_count && s->gang->give_ms > 0;
        ok = entered && !(asks && looks(run) && !deadline_over(slot_clock(s), end));
        if (ok)
            break;
        waits = asks && (entered || failure.code == ERR_UNIT);
        if (!waits) {
            *e = failure;
            break;
        }
        show_wanted(run, &u->values[run->unit.missing]);
        waits = await_value(run, l, &gifts, end, entered ? NULL : &failure, e);
    }
    show_wanted(run, NULL);
    if (ok && run->has_unit)
        show_serial(run);
    return ok && run_take_values(run, e);
}

static struct unit_instance instance_of(const struct run *run)
{
    return unit_instance_of(job_unit(order_job(run->slot->order)), &run->unit);
}

static bool is_complete(const struct run *run, struct err *e)
{
    const struct unit *u = &slot_recipe(run->slot)->unit;
    for (size_t i = 0; !looks(run) && i < u->value_count; i++) {
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
    memset(&run->lacks, 0, sizeof run->lacks);
    run->variant = job_unit_variant(job_unit(job), job_plan(job), shared, &in,
                                    looks(run) ? &run->lacks : NULL, e);
    return run->variant;
}

/* ---- What is on the board ---- */

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

/* A whole partition, to be ended with unit_wipe. NULL: *e. */
static uint8_t *read_place(struct loader *l, const struct job_place *place, struct err *e)
{
    struct flash_part part = { malloc(place->size_bytes), 0, place->size_bytes };
    const struct readflash_sink sink = { keep_part, &part };
    if (!part.bytes) {
        err_set(e, ERR_STATION, "Out of memory for a partition");
        return NULL;
    }
    if (readflash(l, place->addr, place->size_bytes, &sink, e))
        return part.bytes;
    unit_wipe(part.bytes, place->size_bytes);
    return NULL;
}

/* Keys that the station made are on the board alone, until it encrypts them: they are known again
 * once their digest is that of the record. */
static bool recall_keys(struct run *run, struct loader *l, struct err *e)
{
    const struct job_unit *u = job_unit(order_job(run->slot->order));
    for (size_t i = 0; i < u->unit->image_count; i++) {
        const size_t value = u->unit->images[i].nvs_keys_index;
        struct nvs_keys keys;
        struct err ignored = { 0 };
        char text[2 * NVS_KEYS_BYTES + 1];
        if (!u->unit->images[i].nvs_keys || run->unit.texts[value])
            continue;
        uint8_t *bytes = read_place(l, &u->places[i], e);
        if (!bytes)
            return false;
        const bool has = nvs_keys_read(bytes, NVS_KEYFILE_BYTES, &keys, &ignored);
        if (has)
            digest_hex(keys.bytes, sizeof keys.bytes, text);
        if (has && db_unit_is_secret(&run->unit, value, text))
            run->unit.texts[value] = strdup(text);
        explicit_bzero(text, sizeof text);
        nvs_keys_wipe(&keys);
        unit_wipe(bytes, u->places[i].size_bytes);
    }
    return true;
}

/* By all bytes, now that it can be made. */
static bool equals_unit(const struct run *run, size_t i, const uint8_t *bytes, struct err *e)
{
    const struct job_unit *u = job_unit(order_job(run->slot->order));
    const struct unit_instance in = instance_of(run);
    const struct job_place *place = &u->places[i];
    uint8_t *wanted = malloc(place->size_bytes);
    bool ok = wanted || err_set(e, ERR_STATION, "Out of memory for a unit");
    ok = ok && unit_bytes_make(&in, i, place->read_only, wanted, place->size_bytes, e) &&
         (memcmp(wanted, bytes, place->size_bytes) == 0 ||
          err_set(e, ERR_VERIFY, "Image of %s: it is not the unit's", place->label));
    unit_wipe(wanted, wanted ? place->size_bytes : 0);
    return ok;
}

/* Of an image that could not be made: with what the board says itself, or what is known of it. */
static bool judge_part(struct run *run, size_t i, uint8_t *bytes, struct err *e)
{
    const struct job_unit *u = job_unit(order_job(run->slot->order));
    const struct unit_image *image = &u->unit->images[i];
    const struct unit_instance in = instance_of(run);
    const struct job_place *place = &u->places[i];
    char why[UNIT_WHY_CAP];
    struct err failure = { 0 };
    const bool known = unit_bytes_knows(&in, i, why);
    const bool by_keys = image->entry_count > 0 && (!known || image->compare == UNIT_COMPARE_KEYS);
    const bool ok =
        by_keys ? unit_bytes_compare(&in, i, place->read_only, bytes, place->size_bytes, &failure)
        : known ? equals_unit(run, i, bytes, &failure)
                : true;
    run->compared[i] = ok && known;
    if (!known)
        snprintf(run->lacks.why[i], UNIT_WHY_CAP, "%s", why);
    if (ok || failure.code == ERR_UNIT) /* what keeps it from being made stays: not compared */
        return true;
    *e = failure;
    return false;
}

/* Key by key, where the recipe says so (an NVS partition that the firmware writes to, too), or
 * where not all of the image is known. */
bool run_judge_region(void *ctx, size_t region, bool equal, struct loader *l, struct err *e)
{
    struct run *run = ctx;
    struct job *job = order_job(run->slot->order);
    const struct job_unit *u = job_unit(job);
    const size_t i = region - job_image_count(job);
    if (region < job_image_count(job))
        return false;
    const bool lacks = run->lacks.why[i][0] != '\0';
    if (!lacks && (equal || u->unit->images[i].compare != UNIT_COMPARE_KEYS))
        return false;
    const struct job_place *place = &u->places[i];
    if (lacks && !recall_keys(run, l, e))
        return false;
    uint8_t *bytes = read_place(l, place, e);
    if (!bytes)
        return false;
    const struct unit_instance in = instance_of(run);
    const bool ok = lacks
                        ? judge_part(run, i, bytes, e)
                        : unit_bytes_compare(&in, i, place->read_only, bytes, place->size_bytes, e);
    if (!ok) { /* reading it again would find the same */
        run->keys_at = (struct remedy_byte){ e->code != ERR_STATION, place->addr };
        err_hint(e, "The board does not hold its unit as the record has it: write it again with "
                    "espstation run --rework, or set it aside.");
    }
    unit_wipe(bytes, place->size_bytes);
    return ok;
}

bool run_is_compared(const struct run *run, struct err *e)
{
    const struct job_unit *u = job_unit(order_job(run->slot->order));
    char list[160] = "";
    size_t n = 0;
    for (size_t i = 0; i < u->unit->image_count; i++) {
        if (run->lacks.why[i][0] && !run->compared[i] && n < sizeof list)
            n += (size_t)snprintf(list + n, sizeof list - n, "%s%s (%s)", n ? ", " : "",
                                  u->places[i].label, run->lacks.why[i]);
    }
    if (n == 0)
        return true;
    err_set(e, ERR_UNIT, "Not compared: %s; all else is as it should be", list);
    return err_hint(e, "Put a pool's file back, or give a secret that was scanned again: "
                       "espstation verify RECIPE --unit -, and NAME=VALUE on standard input.");
}
