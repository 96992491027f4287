/*
 * One board's run: its attempts, what is changed from one to the next, its verdict and its row.
 */
#include "recipes/station/station_file.h"
#include "station/line/order_label.h"
#include "station/line/remedy.h"
#include "station/line/slot_priv.h"

#include "core/flash/readflash.h"
#include "core/loader/loader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REMEMBERED_BOARDS 20u
#define ASK_MS            1000u /* between two questions to a board that waits for a value */
#define STAND_IN_0        0x02  /* marks a MAC that no maker gave */
#define STAND_IN_1        0x5D

/* One board's run, over all its attempts. */
struct run {
    struct slot *slot;
    int64_t id; /* in the record */
    uint64_t started_us;
    int64_t started_utc_ms;
    unsigned attempt;
    struct err record_err; /* the record failed: no PASS can be given any more */
    struct remedy remedy;  /* how the next attempt goes */
    size_t first_baud_index, first_reset_index;
    const struct reset_sequence *reset;
    struct reset_sequence custom_reset, custom_after;
    struct chip_mac mac;         /* of the board it began with; count 0: none was identified yet */
    bool passed_before;          /* here, under this order: that verdict stands, */
    struct db_passed_run before; /* ...of this run; 0: it was not recorded */
    enum board_state state;      /* how the attempts so far left it */
    char *label;                 /* that it gets if it passes; NULL: none */
    struct db_unit unit;         /* what the board has of its own */
    bool has_unit;
    struct unit_given given; /* for this board; what comes once it is taken is for the next one */
    bool took_given;
    struct plan_variant *variant;      /* with the unit's images; NULL: none was made yet */
    const struct plan_variant *shared; /* that it was made with */
    struct remedy_byte keys_at; /* where the unit's keys are not on the board, as `verify` found */
};

/* On the wall clock as it was when the run began: should somebody set it meanwhile, the times
 * within the run still fit its durations. */
static int64_t run_utc_ms(const struct run *run)
{
    return run->started_utc_ms + (int64_t)((slot_now_us(run->slot) - run->started_us) / 1000);
}

/* ---- Watching an attempt ---- */

static void on_phase(void *ctx, enum phase phase)
{
    struct run *run = ctx;
    struct slot *s = run->slot;
    pthread_mutex_lock(&s->lock);
    s->view.phase = phase;
    if (phase == PHASE_WRITE)
        s->view.write_started_us = slot_now_us(s);
    pthread_mutex_unlock(&s->lock);
    slot_tell(s, run->id, EVENT_PHASE, NULL, VERDICT_NONE);
}

static void show_progress(struct slot *s, uint64_t bytes_done, uint64_t bytes_total)
{
    atomic_store_explicit(&s->bytes_done, bytes_done, memory_order_relaxed);
    atomic_store_explicit(&s->bytes_total, bytes_total, memory_order_relaxed);
}

static void on_progress(void *ctx, uint64_t bytes_done, uint64_t bytes_total)
{
    show_progress(((struct run *)ctx)->slot, bytes_done, bytes_total);
}

/* In Secure Download Mode nobody can read a MAC, and a PASS needs a board to belong to: its name is
 * the run's number, behind two bytes that mark it as no maker's address. Each run is then a board
 * of its own, and "flashed before" cannot be known. */
static struct chip_mac stand_in_mac(int64_t run_id)
{
    struct chip_mac mac = { .bytes = { STAND_IN_0, STAND_IN_1 }, .count = 8 };
    for (size_t i = 0; i < 6; i++)
        mac.bytes[7 - i] = (uint8_t)((uint64_t)run_id >> 8 * i);
    return mac;
}

/* A run ends with the board it began with: what the first attempts wrote is on that one. */
static bool adopt_board(struct run *run, const struct chip_mac *mac, struct err *e)
{
    char began[BOARD_MAC_TEXT_BYTES], found[BOARD_MAC_TEXT_BYTES];
    if (run->mac.count == 0)
        run->mac = *mac;
    if (run->mac.count == mac->count && memcmp(run->mac.bytes, mac->bytes, mac->count) == 0)
        return true;
    board_mac_text(&run->mac, began);
    board_mac_text(mac, found);
    gang_release_mac(run->slot->gang, run->slot->number); /* it may sit in another slot now */
    err_set(e, ERR_IDENTIFY,
            "The board was swapped during its run: it began with %s, now %s is there", began,
            found);
    return err_hint(e, "Leave the board in its slot until its verdict shows; then run both again.");
}

static struct record_run row_of(const struct run *run)
{
    const struct slot *s = run->slot;
    return (struct record_run){
        .slot = s->number,
        .port = s->port_text,
        .operator_name = s->again.by[0] ? s->again.by : NULL,
        .rework_reason = s->again.reason[0] ? s->again.reason : NULL,
        .started_utc_ms = run->started_utc_ms,
        .golden = s->golden,
        .with_place = s->gang->loop && !s->golden,
    };
}

/* A station that runs all day looks before it begins; but who was not understood then may be
 * understood now, and has passed. */
static bool refuse_passed(struct run *run, struct err *e)
{
    struct slot *s = run->slot;
    if (!s->gang->loop || s->again.press == PRESS_AGAIN || order_rework_reason(s->order) ||
        !slot_has_passed(s, &run->mac, &run->before))
        return true;
    run->passed_before = true;
    return err_set(e, ERR_DUPLICATE, "The board has passed here already, in run %lld",
                   (long long)run->before.run_id);
}

/* Whatever is wrong with its label is known before the board is touched. */
static bool make_label(struct run *run, const struct board *board, struct err *e)
{
    const struct slot *s = run->slot;
    const struct order_label_for board_of_run = { .mac = &board->mac,
                                                  .run_id = run->id,
                                                  .slot = s->number,
                                                  .started_utc_ms = run->started_utc_ms,
                                                  .unit_texts = run->unit.texts };
    free(run->label);
    run->label = NULL;
    return run->id == 0 || !order_printer(s->order) ||
           (run->label = order_label_make(s->order, &board_of_run, e)) != NULL;
}

/* ---- The board's own ---- */

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
    run->unit.missing = DB_NO_ROW;
    const struct record_run row = row_of(run);
    const bool has = wants && make_supply(run, board, &given, &supply, &refusal);
    bool ok = s->gang->record
                  ? record_board(s->gang->record, s->order, run->id, board, &row,
                                 has ? supply : NULL, &run->unit, e)
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
static bool enter_board(struct run *run, const struct board *board, bool fits, struct loader *l,
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
static const struct plan_variant *on_variant(void *ctx, const struct plan_variant *shared,
                                             struct err *e)
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
static bool on_judge(void *ctx, size_t region, struct loader *l, struct err *e)
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

static bool on_board(void *ctx, const struct board *board, bool fits, struct loader *l,
                     struct err *e)
{
    struct run *run = ctx;
    struct slot *s = run->slot;
    int other;
    struct board named = *board;
    if (named.mac.count == 0)
        named.mac = stand_in_mac(run->id);
    if (!adopt_board(run, &named.mac, e))
        return false; /* what is shown stays the board that the record names */
    if (!refuse_passed(run, e))
        return false;
    pthread_mutex_lock(&s->lock);
    s->view.chip = board->chip;
    board_mac_text(&named.mac, s->view.mac);
    pthread_mutex_unlock(&s->lock);
    slot_tell(s, run->id, EVENT_BOARD, NULL, VERDICT_NONE);
    if (!gang_claim_mac(s->gang, s->number, &named.mac, &other)) {
        err_set(e, ERR_DUPLICATE, "The board in slot %d has the same MAC", other);
        return err_hint(e, "Two ports may lead to one board, or two boards share a MAC: set both "
                           "aside.");
    }
    return enter_board(run, &named, fits, l, e) && make_label(run, board, e);
}

/* ---- Attempts ---- */

static uint32_t run_baud(const struct run *run)
{
    const struct recipe_port *p = &slot_recipe(run->slot)->port;
    return run->remedy.baud_index == 0 ? p->baud : p->fallback_baud[run->remedy.baud_index - 1];
}

/* For the record: why it is this rate. */
static const char *baud_why(const struct run *run)
{
    if (run->remedy.baud_index > run->first_baud_index)
        return "stepped-down";
    return run->remedy.baud_index > 0 ? "learned" : "recipe";
}

static struct remedy_facts facts_of(const struct run *run, const struct attempt_result *result)
{
    const struct slot *s = run->slot;
    const struct recipe *r = slot_recipe(s);
    const struct job *job = order_job(s->order);
    bool rom_proves = r->chip->rom->has_md5 || r->verify == RECIPE_VERIFY_NONE;
    bool rom_reaches = plan_needs_bytes(job_plan(job)) <= CHIP_FLASH_3_BYTES_MAX;
    return (struct remedy_facts){
        .allowed = &r->retry,
        .fallback_count = r->port.fallback_count,
        .only_looks = s->gang->kind == ATTEMPT_VERIFY,
        .may_use_rom = r->loader == RECIPE_LOADER_AUTO && rom_proves && rom_reaches,
        .no_stub = !job_stub(job),
        .rate_from_sync = !r->chip->rom->changes_baud,
        .port_was_open = s->was_open,
        .plays_usb = s->usb == USB_OTG,
        .has_reset = result->has_reset,
        .waits = result->waits,
        .differs = run->keys_at.known
                       ? run->keys_at
                       : (struct remedy_byte){ result->differs.known, result->differs.addr },
    };
}

/* Failures that a lower rate may cure speak against the rate, successes for it; others say nothing
 * about it. */
static void learn_rate(struct run *run, const struct attempt_result *result)
{
    const struct remedy_facts facts = facts_of(run, result);
    bool blamed = !result->ok && remedy_blames_rate(&run->remedy, &facts, &result->err);
    if (result->baud != 0 && (result->ok || blamed))
        rates_note(&run->slot->rates, run->remedy.baud_index, blamed);
}

/* What the attempts say together, one alone cannot. */
static void judge_flash(const struct run *run, struct attempt_result *result)
{
    const struct remedy_facts facts = facts_of(run, result);
    if (!remedy_is_bad_flash(&run->remedy, &facts, &result->err))
        return;
    const char *old_hint = err_row(ERR_VERIFY)->hint;
    result->err.code = ERR_BAD_FLASH;
    if (strcmp(result->err.hint, old_hint) == 0)
        err_hint(&result->err, "%s", err_row(ERR_BAD_FLASH)->hint);
    err_wrap(&result->err, "Written twice, and wrong at the same byte");
}

/* The recipe's own way out of the loader, if it gives one. */
static const struct reset_sequence *custom_after(struct run *run)
{
    const struct recipe_port *p = &slot_recipe(run->slot)->port;
    struct err ignored = { 0 };
    bool lines = (run->slot->port->caps & PORT_LINES) != 0;
    if (p->after != RECIPE_AFTER_CUSTOM || !lines)
        return NULL;
    return reset_parse(p->after_text, &run->custom_after, &ignored) ? &run->custom_after : NULL;
}

static void begin_attempt(struct run *run)
{
    struct slot *s = run->slot;
    run->attempt++;
    pthread_mutex_lock(&s->lock);
    s->view.state = SLOT_RUNNING;
    s->view.attempt = run->attempt;
    s->view.phase = PHASE_OPEN;
    s->view.write_started_us = 0;
    s->view.baud = run_baud(run);
    pthread_mutex_unlock(&s->lock);
    show_progress(s, 0, 0);
}

static bool attempt_board(struct run *run, struct attempt_result *result)
{
    struct slot *s = run->slot;
    const struct attempt_watch watch = {
        on_phase, on_progress, on_board, run, on_variant, on_judge,
    };
    struct attempt_setup setup = { .job = order_job(s->order),
                                   .kind = s->gang->kind,
                                   .state = run->state,
                                   .baud = run_baud(run),
                                   .use_rom = run->remedy.use_rom,
                                   .careful = run->remedy.careful,
                                   .sync_slowly = run->remedy.sync_slowly,
                                   .watch = &watch };
    memset(result, 0, sizeof *result);
    result->state = run->state;
    if (!(slot_is_native(s) ? slot_await_native_port(s, attempt_sync_baud(&setup), &result->err)
                            : slot_open_port(s, attempt_sync_baud(&setup), &result->err)))
        return false;
    s->usb = usb_kind_of(s->port);
    run->reset = slot_choose_reset(s, &run->custom_reset);
    setup.reset = run->reset;
    setup.after = custom_after(run);
    uint64_t rx_before = s->port->rx_bytes;
    bool ok = attempt_run(&setup, s->port, result);
    bool silent = s->port->rx_bytes == rx_before;
    run->state = result->state;
    /* The reset of a native board has made it another device. A connection over which nothing at
     * all came may be dead without anybody having been told; a new one will show. */
    if (slot_is_native(s) || (!ok && silent && s->port->ops->remote))
        slot_close_port(s);
    return ok;
}

static void keep_attempt(struct run *run, const struct attempt_result *result, uint64_t start_us,
                         int64_t start_utc_ms)
{
    struct slot *s = run->slot;
    struct err failure = { 0 };
    const struct record_attempt row = {
        .number = run->attempt,
        .started_utc_ms = start_utc_ms,
        .duration_ms = (int64_t)((slot_now_us(s) - start_us) / 1000),
        .reset = run->reset ? run->reset->name : NULL,
        .baud_why = baud_why(run),
        .result = result,
    };
    pthread_mutex_lock(&s->lock);
    s->view.err = result->err;
    s->view.board_state = result->state;
    s->view.timing = result->timing;
    s->view.timing_baud = result->baud;
    pthread_mutex_unlock(&s->lock);
    learn_rate(run, result);
    if (!record_attempt_add(s->gang->record, s->order, run->id, &row, &failure) &&
        run->record_err.code == ERR_NONE)
        run->record_err = failure;
}

/* False: none can help any more. */
static bool prepare_retry(struct run *run, const struct attempt_result *result)
{
    const struct remedy_facts facts = facts_of(run, result);
    bool again = remedy_after(&run->remedy, &facts, &result->err);
    run->slot->reset_index = run->first_reset_index + run->remedy.reset_step;
    return again;
}

/* Attempts until one succeeds or none can help any more. The last result stays in *result. */
static bool attempt_until_done(struct run *run, struct attempt_result *result)
{
    struct slot *s = run->slot;
    for (;;) {
        uint64_t start_us = slot_now_us(s);
        int64_t start_utc_ms = run_utc_ms(run);
        begin_attempt(run);
        bool ok = attempt_board(run, result);
        judge_flash(run, result);
        keep_attempt(run, result, start_us, start_utc_ms);
        if (ok || run->record_err.code != ERR_NONE || !prepare_retry(run, result))
            return ok;
        slot_tell(s, run->id, EVENT_RETRY, result, VERDICT_NONE);
        if (slot_is_gone(s, result->err.code) ? !slot_await_port(s, run->id, run_baud(run))
                                              : !slot_pause_ms(s, slot_recipe(s)->retry.pause_ms))
            return false;
    }
}

/* ---- A run ---- */

static void prepare_run(struct slot *s, struct run *run)
{
    memset(run, 0, sizeof *run);
    run->slot = s;
    run->started_us = slot_now_us(s);
    run->started_utc_ms = slot_utc_ms(s);
    run->remedy.baud_index = run->first_baud_index = rates_choose(&s->rates);
    run->first_reset_index = s->reset_index;
    run->remedy.careful = s->careful_boards > 0;
    run->remedy.sync_slowly = s->slow_boards > 0;
}

static void begin_run(struct slot *s, const struct run *run)
{
    pthread_mutex_lock(&s->lock);
    unsigned runs = s->view.runs, passes = s->view.passes;
    s->took_given = false;
    s->view = (struct slot_view){
        .state = SLOT_RUNNING,
        .order = *order_name(s->order),
        .runs = runs,
        .passes = passes,
        .run_id = run->id,
        .golden = s->golden,
        .started_us = run->started_us,
    };
    pthread_mutex_unlock(&s->lock);
}

static enum verdict judge(const struct run *run, const struct attempt_result *result)
{
    if (run->passed_before)
        return VERDICT_STOPPED; /* it was never begun */
    if (run->record_err.code != ERR_NONE)
        return VERDICT_FAIL;
    if (result->ok)
        return VERDICT_PASS;
    return result->err.code == ERR_STOPPED ? VERDICT_STOPPED : VERDICT_FAIL;
}

static void show_verdict(struct run *run, const struct attempt_result *result, enum verdict verdict)
{
    struct slot *s = run->slot;
    pthread_mutex_lock(&s->lock);
    s->view.state = SLOT_DONE;
    s->view.verdict = verdict;
    s->view.ended_us = slot_now_us(s);
    s->view.err = result->err;
    s->view.board_state = result->state;
    s->view.runs += !s->golden;
    s->view.passes += verdict == VERDICT_PASS && !s->golden;
    pthread_mutex_unlock(&s->lock);
    slot_tell(s, run->id, EVENT_VERDICT, result, verdict);
}

/* What the board that passed needed beyond its first attempt, the next ones get at once, for a
 * while. */
static void remember(const struct run *run, bool needed, unsigned *boards)
{
    if (needed && run->attempt > 1)
        *boards = REMEMBERED_BOARDS;
    else if (*boards > 0)
        --*boards;
}

/* The row first, then the verdict: what is not on the disk did not pass. */
static void end_run(struct run *run, struct attempt_result *result)
{
    struct slot *s = run->slot;
    struct err failure = { 0 };
    int64_t ended_utc_ms = run_utc_ms(run);
    if (run->record_err.code != ERR_NONE)
        result->err = run->record_err;
    enum verdict verdict = judge(run, result);
    const struct station_printer *printer = order_printer(s->order);
    const struct record_label label = { printer ? printer->to : NULL, run->label };
    if (run->id != 0 && !record_run_close(s->gang->record, run->id, verdict, result, ended_utc_ms,
                                          ended_utc_ms - run->started_utc_ms,
                                          run->label ? &label : NULL, &failure)) {
        result->err = failure;
        verdict = VERDICT_FAIL;
    }
    slot_drop_given(s, 0);
    if (run->passed_before) {
        run_show_passed(s, &run->mac, &run->before);
        return;
    }
    if (verdict == VERDICT_PASS) {
        if (!s->golden)
            gang_note_pass(s->gang, s->number, s->order, &run->mac, run->id);
        remember(run, run->remedy.careful, &s->careful_boards);
        remember(run, run->remedy.sync_slowly, &s->slow_boards);
    }
    show_verdict(run, result, verdict);
}

static void note_rate(struct run *run)
{
    char sentence[120];
    if (run->remedy.baud_index == 0)
        return;
    snprintf(sentence, sizeof sentence, "Begins at %u baud: %u failed too often here lately",
             run_baud(run), slot_recipe(run->slot)->port.baud);
    slot_note(run->slot, run->id, sentence);
}

void run_show_passed(struct slot *s, const struct chip_mac *mac, const struct db_passed_run *passed)
{
    char sentence[120];
    pthread_mutex_lock(&s->lock);
    struct slot_view *v = &s->view;
    v->state = SLOT_DONE;
    v->verdict = VERDICT_PASS;
    v->passed_before = true;
    v->empty = v->ready = false;
    v->passed_slot = passed->slot;
    v->order = *order_name(s->order);
    v->run_id = passed->run_id;
    v->err = v->waits = (struct err){ 0 };
    v->started_us = v->ended_us = 0;
    board_mac_text(mac, v->mac);
    pthread_mutex_unlock(&s->lock);
    snprintf(sentence, sizeof sentence, "Passed already, run %lld in slot %d: no other run",
             (long long)passed->run_id, passed->slot);
    slot_note(s, passed->run_id, sentence);
}

static bool start_run(struct run *run, struct err *e)
{
    struct slot *s = run->slot;
    const struct record_run row = row_of(run);
    return record_run_start(s->gang->record, s->order, &row, &run->id, e);
}

static void tell_end(const struct run *run, const struct attempt_result *result,
                     struct run_end *end)
{
    const enum err_code code = result->err.code;
    end->passed = run->slot->view.verdict == VERDICT_PASS && !run->passed_before;
    end->refused = run->passed_before;
    end->answered = run->mac.count > 0 && code != ERR_NO_SYNC && code != ERR_PORT_GONE &&
                    code != ERR_PORT_MISSING;
    end->heard_boot = result->ok && result->state == BOARD_RUNNING;
    end->mac = run->mac;
}

void run_board(struct slot *s, struct run_end *end)
{
    struct run run;
    struct attempt_result *result = calloc(1, sizeof *result);
    *end = (struct run_end){ 0 };
    prepare_run(s, &run);
    if (!result) {
        struct attempt_result none = { 0 };
        err_set(&none.err, ERR_STATION, "Out of memory for a run");
        begin_run(s, &run);
        show_verdict(&run, &none, VERDICT_FAIL);
        return;
    }
    const bool started = start_run(&run, &result->err);
    if (!started && result->err.code == ERR_QUOTA) {
        end->waits = result->err;
        free(result);
        return;
    }
    begin_run(s, &run);
    if (started) {
        slot_tell(s, run.id, EVENT_RUN, NULL, VERDICT_NONE);
        note_rate(&run);
        attempt_until_done(&run, result);
    }
    end_run(&run, result);
    tell_end(&run, result, end);
    free(run.label);
    plan_variant_free(run.variant);
    db_unit_done(&run.unit);
    unit_given_clear(&run.given);
    free(result);
}
