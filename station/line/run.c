/*
 * One board's run: its attempts, what is changed from one to the next, its verdict and its row.
 */
#include "recipes/station/station_file.h"
#include "station/line/order_label.h"
#include "station/line/run_state_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REMEMBERED_BOARDS 20u

/* On the wall clock as it was when the run began: should somebody set it meanwhile, the times
 * within the run still fit its durations. */
static int64_t utc_ms_at(const struct run *run, uint64_t at_us)
{
    return run->started_utc_ms + (int64_t)((at_us - run->started_us) / 1000);
}

static int64_t run_utc_ms(const struct run *run)
{
    return utc_ms_at(run, slot_now_us(run->slot));
}

/* A board that was looked at is being worked on since then. */
static uint64_t begun_us(const struct slot *s)
{
    return s->entry ? s->entry->began_us : slot_now_us(s);
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

static void on_baud(void *ctx, uint32_t baud, const char *why)
{
    struct run *run = ctx;
    struct slot *s = run->slot;
    pthread_mutex_lock(&s->lock);
    s->view.baud = baud;
    pthread_mutex_unlock(&s->lock);
    if (why[0])
        slot_note(s, run->id, why);
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

struct record_run run_row(const struct run *run)
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
    return run_enter_board(run, &named, fits, l, e) && make_label(run, board, e);
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
        .may_use_rom = (r->loader == RECIPE_LOADER_AUTO || r->loader == RECIPE_LOADER_FAST) &&
                       rom_proves && rom_reaches,
        .by_fast = job_fast_stub(job, r->chip->id_name) && !run->remedy.use_rom,
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

uint32_t run_sync_baud(const struct slot *s)
{
    const struct recipe_port *p = &slot_recipe(s)->port;
    const size_t i = rates_choose(&s->rates);
    const struct attempt_setup setup = { .job = order_job(s->order),
                                         .baud = i == 0 ? p->baud : p->fallback_baud[i - 1],
                                         .careful = s->careful_boards > 0,
                                         .sync_slowly = s->slow_boards > 0 };
    return attempt_sync_baud(&setup);
}

/* The look that found the board is the beginning of its first attempt. Where that wants another
 * rate than the ROM took from the SYNC, it begins anew. */
static struct attempt_entry *take_entry(struct slot *s, const struct attempt_setup *setup)
{
    struct attempt_entry *entry = s->entry;
    s->entry = NULL;
    if (!entry || !(s->port->caps & PORT_BAUD) || s->port->baud == attempt_sync_baud(setup))
        return entry;
    free(entry);
    return NULL;
}

static bool attempt_board(struct run *run, struct attempt_result *result)
{
    struct slot *s = run->slot;
    const struct attempt_watch watch = {
        .phase = on_phase,
        .progress = on_progress,
        .baud = on_baud,
        .board = on_board,
        .ctx = run,
        .variant = run_variant,
        .judge = run_judge_region,
        .burnt = run_burnt,
        .knows = run_knows_key,
    };
    struct attempt_setup setup = { .job = order_job(s->order),
                                   .kind = run_attempt_kind(run),
                                   .burns = order_burner(s->order) != NULL,
                                   .own = run->own,
                                   .state = run->state,
                                   .baud = run_baud(run),
                                   .use_rom = run->remedy.use_rom,
                                   .no_fast = run->remedy.no_fast,
                                   .careful = run->remedy.careful,
                                   .sync_slowly = run->remedy.sync_slowly,
                                   .watch = &watch };
    memset(result, 0, sizeof *result);
    result->state = run->state;
    if (!record_proves_twice(s->gang->record, s->order, &setup.prove_twice, &result->err))
        return false;
    if (!(slot_is_native(s) ? slot_await_native_port(s, attempt_sync_baud(&setup), &result->err)
                            : slot_open_port(s, attempt_sync_baud(&setup), &result->err)))
        return false;
    s->usb = usb_kind_of(s->port);
    run->reset = slot_choose_reset(s, &run->custom_reset);
    setup.reset = run->reset;
    setup.after = custom_after(run);
    struct attempt_entry *entry = take_entry(s, &setup);
    setup.entry = entry;
    uint64_t rx_before = s->port->rx_bytes;
    bool ok = attempt_run(&setup, s->port, result);
    free(entry);
    run->undecided = ok && !run_is_compared(run, &result->err);
    if (run->undecided) {
        ok = result->ok = false;
        result->state = run->state;
    }
    bool silent = s->port->rx_bytes == rx_before;
    run->state = result->state;
    run_judge_burning(run, result);
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
    if (run_has_closed(run)) /* nobody gets into its loader again */
        return false;
    bool again = remedy_after(&run->remedy, &facts, &result->err);
    run->slot->reset_index = run->first_reset_index + run->remedy.reset_step;
    return again;
}

/* The board has started with what is burnt so far; the rest of its fuses belongs behind that. */
static bool goes_on(struct run *run, const struct attempt_result *result)
{
    char sentence[96];
    if (result->burns_left == 0 || run->record_err.code != ERR_NONE)
        return false;
    snprintf(sentence, sizeof sentence, "The board has started; %u burn%s left", result->burns_left,
             result->burns_left == 1 ? " is" : "s are");
    slot_note(run->slot, run->id, sentence);
    return true;
}

/* What was on the wire, where a burn has made another code of it. */
static enum err_code lost_code(const struct err *e)
{
    const bool burning = e->code == ERR_PART_BURNT || e->code == ERR_BURN_UNKNOWN;
    return burning && e->wire != ERR_NONE ? e->wire : e->code;
}

/* Attempts until one succeeds or none can help any more. The last result stays in *result. */
static bool attempt_until_done(struct run *run, struct attempt_result *result)
{
    struct slot *s = run->slot;
    for (;;) {
        uint64_t start_us = begun_us(s);
        int64_t start_utc_ms = utc_ms_at(run, start_us);
        begin_attempt(run);
        bool ok = attempt_board(run, result);
        judge_flash(run, result);
        keep_attempt(run, result, start_us, start_utc_ms);
        if (ok && run->remedy.reset_step > 0)
            s->reset_answered = s->reset_index;
        if (ok && goes_on(run, result))
            continue;
        if (ok || run->record_err.code != ERR_NONE || !prepare_retry(run, result))
            return ok;
        slot_tell(s, run->id, EVENT_RETRY, result, VERDICT_NONE);
        if (slot_is_gone(s, lost_code(&result->err))
                ? !slot_await_port(s, run->id, run_baud(run))
                : !slot_pause_ms(s, slot_recipe(s)->retry.pause_ms))
            return false;
    }
}

/* ---- A run ---- */

static void prepare_run(struct slot *s, struct run *run)
{
    memset(run, 0, sizeof *run);
    run->slot = s;
    run->started_us = begun_us(s);
    run->started_utc_ms = slot_utc_ms(s) - (int64_t)((slot_now_us(s) - run->started_us) / 1000);
    run->remedy.baud_index = run->first_baud_index = rates_choose(&s->rates);
    run->first_reset_index = s->reset_index;
    run->remedy.careful = s->careful_boards > 0;
    run->remedy.sync_slowly = s->slow_boards > 0;
    run->remedy.no_fast = s->unfast_boards > 0;
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
    return run->undecided || result->err.code == ERR_STOPPED ? VERDICT_STOPPED : VERDICT_FAIL;
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
    if (verdict != VERDICT_PASS && !run->passed_before) {
        run_explain_burns(run, &result->err);
        run_explain_wrong(run, &result->board.mac, &result->err);
    }
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
        remember(run, run->remedy.no_fast, &s->unfast_boards);
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

static void note_passed(struct slot *s, const struct db_passed_run *passed)
{
    struct attempt_result said = { .err = { .code = ERR_DUPLICATE } };
    snprintf(said.err.what, sizeof said.err.what,
             "Passed already, run %lld in slot %d: no other run", (long long)passed->run_id,
             passed->slot);
    slot_tell(s, passed->run_id, EVENT_NOTE, &said, VERDICT_NONE);
}

void run_show_passed(struct slot *s, const struct chip_mac *mac, const struct db_passed_run *passed)
{
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
    v->attempt = 0; /* what the board before had is not this one's */
    v->board_state = BOARD_UNKNOWN;
    v->baud = 0;
    v->serial[0] = '\0';
    board_mac_text(mac, v->mac);
    pthread_mutex_unlock(&s->lock);
    note_passed(s, passed);
}

static bool start_run(struct run *run, struct err *e)
{
    struct slot *s = run->slot;
    const struct record_run row = run_row(run);
    return record_run_start(s->gang->record, s->order, &row, &run->claim, &run->id, e);
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
    if (!started && (result->err.code == ERR_QUOTA || result->err.code == ERR_LEASE)) {
        end->waits = result->err;
        free(result);
        return;
    }
    begin_run(s, &run);
    if (started && run_prepare_burning(&run, &result->err)) {
        slot_tell(s, run.id, EVENT_RUN, NULL, VERDICT_NONE);
        note_rate(&run);
        attempt_until_done(&run, result);
    }
    end_run(&run, result);
    tell_end(&run, result, end);
    free(run.label);
    run_forget_burning(&run);
    plan_variant_free(run.variant);
    db_unit_done(&run.unit);
    unit_given_clear(&run.given);
    free(result);
}
