#include "station/slot.h"

#include "core/forecast.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OPEN_MS        10000u
#define BACK_MS        20000u /* how long a pulled cable is waited for */
#define BACK_POLL_MS   250u
#define NATIVE_BACK_MS 5000u
#define LOOP_POLL_MS   1000u
#define SILENT_LOOKS   5 /* at a network port, after which it is opened anew */
#define STRANGE_LOOKS  3 /* in a row, so that one lost reply is no new board */

#define CAREFUL_BOARDS 20u
#define RATE_RUNS      20 /* so many of the port's latest runs tell which rate to begin with, */
#define RATE_ATTEMPTS  64 /* ...and so many attempts in them */
#define DEFLATED(n)    ((n) / 100 * 65)

/* One board's run, over all its attempts. */
struct run {
    struct slot *slot;
    int64_t id; /* in the record */
    uint64_t started_us;
    int64_t started_utc_ms;
    unsigned attempt;
    struct err record_err; /* the record failed: no PASS can be given any more */
    /* What was used up, against the recipe's `retry`. */
    unsigned sync_tries, write_tries, verify_tries, finish_tries, boot_tries, stub_failures;
    size_t baud_index, first_baud_index; /* 0: the recipe's rate, then its fallbacks */
    bool use_rom;
    bool careful;
    const struct reset_sequence *reset;
    struct reset_sequence custom_reset, custom_after;
    struct chip_mac mac;    /* of the board it began with; count 0: none was identified yet */
    enum board_state state; /* how the attempts so far left it */
};

void slot_init(struct slot *s, int number, const char *port_text, struct gang *gang)
{
    memset(s, 0, sizeof *s);
    s->number = number;
    s->port_text = port_text;
    s->gang = gang;
    pthread_mutex_init(&s->lock, NULL);
}

void slot_done(struct slot *s)
{
    port_free(s->port);
    s->port = NULL;
    pthread_mutex_destroy(&s->lock);
}

struct slot_view slot_look(struct slot *s)
{
    pthread_mutex_lock(&s->lock);
    struct slot_view view = s->view;
    pthread_mutex_unlock(&s->lock);
    view.bytes_done = atomic_load_explicit(&s->bytes_done, memory_order_relaxed);
    view.bytes_total = atomic_load_explicit(&s->bytes_total, memory_order_relaxed);
    return view;
}

const char *slot_word(const struct slot_view *view)
{
    switch (view->state) {
    case SLOT_WAITING:
        return "waiting";
    case SLOT_RUNNING:
        return phase_word(view->phase);
    case SLOT_DONE:
        return view->empty ? "waiting" : verdict_word(view->verdict);
    case SLOT_SKIPPED:
        break;
    }
    return "not started";
}

/* ---- Small helpers ---- */

static const struct clock *clock_of(const struct slot *s)
{
    return s->gang->clock;
}

static uint64_t now_us(const struct slot *s)
{
    return clock_of(s)->now_us(clock_of(s));
}

static int64_t utc_ms(const struct slot *s)
{
    return clock_of(s)->utc_ms(clock_of(s));
}

static const struct recipe *recipe_of(const struct slot *s)
{
    return job_recipe(s->gang->job);
}

static double seconds_since(const struct slot *s, uint64_t start_us)
{
    return (double)(now_us(s) - start_us) / 1e6;
}

/* On the wall clock as it was when the run began: should somebody set it meanwhile, the times
 * within the run still fit its durations. */
static int64_t run_utc_ms(const struct run *run)
{
    return run->started_utc_ms + (int64_t)((now_us(run->slot) - run->started_us) / 1000);
}

static bool stopping(const struct slot *s)
{
    return atomic_load(&s->gang->stopping);
}

/* Waits; false when stopped hard meanwhile. */
static bool pause_ms(const struct slot *s, uint32_t ms)
{
    const struct clock *c = clock_of(s);
    return c->sleep_until(c, deadline_in_ms(c, ms).at_us, s->gang->stop_fd);
}

/* Waits; false when stopped hard or soft meanwhile. For an empty slot, which starts no new board.
 */
static bool pause_between_boards(const struct slot *s, uint32_t ms)
{
    struct deadline end = deadline_in_ms(clock_of(s), ms);
    while (!deadline_over(clock_of(s), end)) {
        if (stopping(s) || !pause_ms(s, BACK_POLL_MS))
            return false;
    }
    return !stopping(s);
}

static void tell(struct slot *s, const struct run *run, enum event_kind kind,
                 const struct attempt_result *result, enum verdict verdict)
{
    struct slot_view view = slot_look(s);
    struct event event = {
        .kind = kind,
        .utc_ms = utc_ms(s),
        .slot = s->number,
        .port = s->port_text,
        .run_id = run->id,
        .attempt = view.attempt,
        .phase = view.phase,
        .verdict = verdict,
        .state = view.board_state,
        .baud = view.baud,
        .chip = view.chip,
        .seconds = seconds_since(s, view.started_us),
    };
    memcpy(event.mac, view.mac, sizeof event.mac);
    if (result) {
        event.err = result->err;
        event.bytes = result->bytes_written;
        event.timing = result->timing;
        event.round_trips = result->round_trips;
    }
    event_put(s->gang->events, &event);
}

static void note(struct slot *s, const struct run *run, const char *sentence)
{
    struct attempt_result said = { 0 };
    snprintf(said.err.what, sizeof said.err.what, "%s", sentence);
    tell(s, run, EVENT_NOTE, &said, VERDICT_NONE);
}

/* ---- Watching an attempt ---- */

static void on_phase(void *ctx, enum phase phase)
{
    struct run *run = ctx;
    struct slot *s = run->slot;
    pthread_mutex_lock(&s->lock);
    s->view.phase = phase;
    if (phase == PHASE_WRITE)
        s->view.write_started_us = now_us(s);
    pthread_mutex_unlock(&s->lock);
    tell(s, run, EVENT_PHASE, NULL, VERDICT_NONE);
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
    struct chip_mac mac = { .bytes = { 0x02, 0x5D }, .count = 8 };
    for (size_t i = 0; i < 6; i++)
        mac.bytes[7 - i] = (uint8_t)((uint64_t)run_id >> 8 * i);
    return mac;
}

/* A run ends with the board it began with: what the first attempts wrote is on that one. */
static bool is_same_board(struct run *run, const struct chip_mac *mac, struct err *e)
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

static bool on_board(void *ctx, const struct board *board, struct err *e)
{
    struct run *run = ctx;
    struct slot *s = run->slot;
    int other;
    struct board named = *board;
    if (named.mac.count == 0)
        named.mac = stand_in_mac(run->id);
    pthread_mutex_lock(&s->lock);
    s->view.chip = board->chip;
    board_mac_text(&named.mac, s->view.mac);
    pthread_mutex_unlock(&s->lock);
    tell(s, run, EVENT_BOARD, NULL, VERDICT_NONE);
    if (!is_same_board(run, &named.mac, e))
        return false;
    if (!gang_claim_mac(s->gang, s->number, &named.mac, &other)) {
        err_set(e, ERR_DUPLICATE, "The board in slot %d has the same MAC", other);
        return err_hint(e, "Two ports may lead to one board, or two boards share a MAC: set both "
                           "aside.");
    }
    s->last_mac = board->mac;
    return record_board(s->gang->record, run->id, &named, e);
}

/* ---- The port ---- */

/* Once the socket is known the port is opened by it: a device that was pulled, or has reset its own
 * USB, may come back under another name, which may by then be another slot's. */
static bool open_port(struct slot *s, uint32_t baud, struct err *e)
{
    const char *where = s->socket[0] ? s->socket : s->port_text;
    if (s->port)
        return true;
    s->port = port_new(where, baud, clock_of(s), s->gang->stop_fd,
                       deadline_in_ms(clock_of(s), OPEN_MS), e);
    if (s->port)
        snprintf(s->socket, sizeof s->socket, "%s", s->port->by_path);
    s->was_open = s->was_open || s->port;
    return s->port != NULL;
}

/* Its cable was pulled, be it between two boards. */
static bool is_gone(const struct slot *s, enum err_code code)
{
    return code == ERR_PORT_GONE || (code == ERR_PORT_MISSING && s->was_open);
}

static void close_port(struct slot *s)
{
    port_free(s->port);
    s->port = NULL;
}

/* After a pulled cable: true once the port opens again. The new node may need a moment until it may
 * be opened, so every failure but a stop means "not yet". */
static bool await_port(struct slot *s, const struct run *run, uint32_t baud)
{
    struct deadline end = deadline_in_ms(clock_of(s), BACK_MS);
    note(s, run, "The port is gone; waiting for it to come back");
    close_port(s);
    while (!deadline_over(clock_of(s), end)) {
        struct err not_yet = { 0 };
        if (open_port(s, baud, &not_yet))
            return true;
        if (not_yet.code == ERR_STOPPED || !pause_ms(s, BACK_POLL_MS))
            return false;
    }
    return false;
}

static bool is_native(const struct slot *s)
{
    return s->usb == USB_JTAG || s->usb == USB_OTG;
}

/* A board that is its own USB device comes back a moment after its reset. */
static bool await_native_port(struct slot *s, uint32_t baud, struct err *e)
{
    struct deadline end = deadline_in_ms(clock_of(s), NATIVE_BACK_MS);
    for (;;) {
        struct err failure = { 0 };
        if (open_port(s, baud, &failure))
            return true;
        if (failure.code != ERR_STOPPED && !deadline_over(clock_of(s), end) &&
            pause_ms(s, BACK_POLL_MS))
            continue;
        *e = failure;
        return false;
    }
}

/* ---- Attempts ---- */

static uint32_t run_baud(const struct run *run)
{
    const struct recipe_port *p = &recipe_of(run->slot)->port;
    return run->baud_index == 0 ? p->baud : p->fallback_baud[run->baud_index - 1];
}

static void lower_baud(struct run *run)
{
    if (run->baud_index < recipe_of(run->slot)->port.fallback_count)
        run->baud_index++;
}

/* For the record: why it is this rate. */
static const char *baud_why(const struct run *run)
{
    if (run->baud_index > run->first_baud_index)
        return "stepped-down";
    return run->baud_index > 0 ? "learned" : "recipe";
}

/* Failures that a lower rate may cure speak against the rate, successes for it; others say nothing
 * about it. */
static void learn_rate(struct run *run, const struct attempt_result *result)
{
    enum err_code code = result->err.code;
    bool by_the_wire = code == ERR_WRITE || code == ERR_VERIFY || code == ERR_BAUD;
    if (result->baud != 0 && (result->ok || (by_the_wire && result->blocks_ahead == 0)))
        rates_note(&run->slot->rates, run->baud_index, !result->ok);
}

/* The strategy for this try; the one that answered on the last board comes first. */
static void choose_reset(struct run *run)
{
    struct slot *s = run->slot;
    const struct reset_sequence *list[RESET_CHOICES_MAX];
    size_t n = reset_choices(s->port, recipe_of(s)->port.reset_text, &run->custom_reset, list);
    run->reset = n > 0 ? list[s->reset_index % n] : NULL;
}

/* The recipe's own way out of the loader, if it gives one. */
static const struct reset_sequence *custom_after(struct run *run)
{
    const struct recipe_port *p = &recipe_of(run->slot)->port;
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
    const struct attempt_watch watch = { on_phase, on_progress, on_board, run };
    struct attempt_setup setup = { .job = s->gang->job,
                                   .kind = s->gang->kind,
                                   .state = run->state,
                                   .baud = run_baud(run),
                                   .use_rom = run->use_rom,
                                   .careful = run->careful,
                                   .watch = &watch };
    memset(result, 0, sizeof *result);
    result->state = run->state;
    if (!(is_native(s) ? await_native_port(s, attempt_sync_baud(&setup), &result->err)
                       : open_port(s, attempt_sync_baud(&setup), &result->err)))
        return false;
    s->usb = usb_kind_of(s->port);
    choose_reset(run);
    setup.reset = run->reset;
    setup.after = custom_after(run);
    uint64_t rx_before = s->port->rx_bytes;
    bool ok = attempt_run(&setup, s->port, result);
    bool silent = s->port->rx_bytes == rx_before;
    run->state = result->state;
    /* The reset of a native board has made it another device. A connection over which nothing at
     * all came may be dead without anybody having been told; a new one will show. */
    if (is_native(s) || (!ok && silent && port_is_remote(s->port)))
        close_port(s);
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
        .duration_ms = (int64_t)((now_us(s) - start_us) / 1000),
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
    if (!record_attempt_add(s->gang->record, run->id, &row, &failure) &&
        run->record_err.code == ERR_NONE)
        run->record_err = failure;
}

/* Uses one try up; false when there was none left. */
static bool spend(unsigned *used, unsigned allowed)
{
    return *used < allowed && ++*used > 0;
}

/* The stub failed: once may be chance, twice is a reason to do without it where that is possible.
 */
static void give_up_stub(struct run *run)
{
    const struct recipe *r = recipe_of(run->slot);
    bool rom_can = (!(r->chip->flags & CHIP_ROM_NO_MD5) || r->verify == RECIPE_VERIFY_NONE) &&
                   plan_needs_bytes(job_plan(run->slot->gang->job)) <= CHIP_FLASH_3_BYTES_MAX;
    if (++run->stub_failures >= 2 && r->loader == RECIPE_LOADER_AUTO && rom_can)
        run->use_rom = true;
}

/* Whether another attempt can help, and what to change for it. */
static bool may_retry(struct run *run, const struct attempt_result *result)
{
    const struct err *failure = &result->err;
    const struct recipe_retry *allowed = &recipe_of(run->slot)->retry;
    if (!err_row(failure->code)->may_retry)
        return false;
    switch (failure->code) {
    case ERR_NO_SYNC:
    case ERR_WRONG_BOOT_MODE:
        run->slot->reset_index++;
        return spend(&run->sync_tries, allowed->sync);
    case ERR_PORT_MISSING:
    case ERR_PORT_BUSY:
        return run->slot->was_open && spend(&run->sync_tries, allowed->sync);
    case ERR_VERIFY:
        lower_baud(run);
        return spend(&run->verify_tries, allowed->verify);
    case ERR_FINISH:
        return spend(&run->finish_tries, allowed->finish);
    case ERR_BOOT: /* the device that the loader plays is gone with it, and takes no reset */
        return run->slot->usb != USB_OTG && spend(&run->boot_tries, 1);
    case ERR_STUB:
        run->careful = true;
        give_up_stub(run);
        return spend(&run->write_tries, allowed->write);
    case ERR_BAUD:
        run->careful = true;
        lower_baud(run);
        return spend(&run->write_tries, allowed->write);
    case ERR_WRITE: /* where blocks ran ahead that is to blame first, and then the wire */
        if (result->blocks_ahead == 0)
            lower_baud(run);
        run->careful = true;
        return spend(&run->write_tries, allowed->write);
    case ERR_IDENTIFY:
        run->careful = true;
        return spend(&run->write_tries, allowed->write);
    default: /* erase, a pulled cable */
        return spend(&run->write_tries, allowed->write);
    }
}

/* Attempts until one succeeds or none can help any more. The last result stays in *result. */
static bool attempt_until_done(struct run *run, struct attempt_result *result)
{
    struct slot *s = run->slot;
    for (;;) {
        uint64_t start_us = now_us(s);
        int64_t start_utc_ms = run_utc_ms(run);
        begin_attempt(run);
        bool ok = attempt_board(run, result);
        keep_attempt(run, result, start_us, start_utc_ms);
        if (ok || run->record_err.code != ERR_NONE || !may_retry(run, result))
            return ok;
        tell(s, run, EVENT_RETRY, result, VERDICT_NONE);
        if (is_gone(s, result->err.code) ? !await_port(s, run, run_baud(run))
                                         : !pause_ms(s, recipe_of(s)->retry.pause_ms))
            return false;
    }
}

/* ---- A run ---- */

static void begin_run(struct slot *s, struct run *run)
{
    memset(run, 0, sizeof *run);
    run->slot = s;
    run->started_us = now_us(s);
    run->started_utc_ms = utc_ms(s);
    run->baud_index = run->first_baud_index = rates_choose(&s->rates);
    run->careful = s->careful_boards > 0;
    pthread_mutex_lock(&s->lock);
    unsigned runs = s->view.runs, passes = s->view.passes;
    s->view = (struct slot_view){
        .state = SLOT_RUNNING, .runs = runs, .passes = passes, .started_us = run->started_us
    };
    pthread_mutex_unlock(&s->lock);
}

static enum verdict judge(const struct run *run, const struct attempt_result *result)
{
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
    s->view.ended_us = now_us(s);
    s->view.err = result->err;
    s->view.board_state = result->state;
    s->view.runs++;
    s->view.passes += verdict == VERDICT_PASS;
    pthread_mutex_unlock(&s->lock);
    tell(s, run, EVENT_VERDICT, result, verdict);
}

/* Where a board passed only when it was treated carefully, the next ones get that at once, for a
 * while. */
static void remember_care(const struct run *run)
{
    struct slot *s = run->slot;
    if (run->careful && run->attempt > 1)
        s->careful_boards = CAREFUL_BOARDS;
    else if (s->careful_boards > 0)
        s->careful_boards--;
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
    if (run->id != 0 && !record_run_close(s->gang->record, run->id, verdict, result, ended_utc_ms,
                                          ended_utc_ms - run->started_utc_ms, &failure)) {
        result->err = failure;
        verdict = VERDICT_FAIL;
    }
    if (verdict == VERDICT_PASS)
        remember_care(run);
    show_verdict(run, result, verdict);
}

static void note_rate(struct run *run)
{
    char sentence[120];
    if (run->baud_index == 0)
        return;
    snprintf(sentence, sizeof sentence, "Begins at %u baud: %u failed too often here lately",
             run_baud(run), recipe_of(run->slot)->port.baud);
    note(run->slot, run, sentence);
}

static void run_board(struct slot *s)
{
    struct run run;
    struct attempt_result *result = calloc(1, sizeof *result);
    begin_run(s, &run);
    if (!result) {
        struct attempt_result none = { 0 };
        err_set(&none.err, ERR_STATION, "Out of memory for a run");
        show_verdict(&run, &none, VERDICT_FAIL);
        return;
    }
    if (record_run_start(s->gang->record, s->number, s->port_text, run.started_utc_ms, &run.id,
                         &result->err)) {
        tell(s, &run, EVENT_RUN, NULL, VERDICT_NONE);
        note_rate(&run);
        attempt_until_done(&run, result);
    }
    end_run(&run, result);
    free(result);
}

/* ---- One board after another ---- */

enum look {
    LOOK_EMPTY,   /* nothing, or noise, which an open input picks up as well */
    LOOK_STRANGE, /* a board speaks, but does not say who it is */
    LOOK_BOARD,
};

static enum look look_of(bool connected, enum err_code failure)
{
    if (failure == ERR_NONE)
        return connected ? LOOK_BOARD : LOOK_EMPTY;
    if (failure == ERR_PORT_GONE || failure == ERR_STOPPED)
        return LOOK_EMPTY;
    return connected || failure == ERR_WRONG_BOOT_MODE ? LOOK_STRANGE : LOOK_EMPTY;
}

/* Asks who sits in the slot, and lets it go again. */
static enum look look_for_board(struct slot *s, struct chip_mac *mac)
{
    struct err failure = { 0 }, ignored = { 0 };
    struct board board;
    struct run probe = { .slot = s };
    const struct attempt_setup setup = { .job = s->gang->job, .baud = recipe_of(s)->port.baud };
    uint32_t baud = attempt_sync_baud(&setup);
    struct loader *l = calloc(1, sizeof *l);
    bool connected = false;
    if (!l || !open_port(s, baud, &ignored))
        goto out;
    loader_init(l, s->port);
    choose_reset(&probe);
    connected = ((s->port->caps & PORT_BAUD) == 0 || port_set_baud(s->port, baud, &failure)) &&
                board_connect(l, probe.reset, recipe_of(s)->chip, &failure);
    if (connected && board_identify(l, &board, &failure))
        *mac = board.mac;
    else
        s->reset_index++;
    if (s->port && probe.reset)
        board_leave(l, true, &ignored);
    if (failure.code == ERR_PORT_GONE || ignored.code == ERR_PORT_GONE ||
        (s->port && usb_is_native(s->port)))
        close_port(s);
out:
    free(l);
    return look_of(connected, failure.code);
}

/* A connection whose far end died without a word looks like an empty slot: nothing ever comes. */
static void reopen_now_and_then(struct slot *s, unsigned silent_looks)
{
    if (s->socket[0] == '\0' && silent_looks % SILENT_LOOKS == 0)
        close_port(s);
}

static void show_empty(struct slot *s)
{
    pthread_mutex_lock(&s->lock);
    s->view.empty = true;
    pthread_mutex_unlock(&s->lock);
}

/* True once another board sits in the slot: one with another MAC, or any after the slot was empty.
 * Also one that speaks again and again and never says who it is: it gets a run, whose verdict tells
 * what is wrong with it, instead of sitting there under the verdict of the board before. But the
 * same one gets no second run. */
static bool await_next_board(struct slot *s)
{
    struct chip_mac last = s->last_mac;
    bool was_empty = false, was_named = slot_look(s).mac[0] != '\0';
    unsigned silent = 0;
    for (int strange = 0; pause_between_boards(s, LOOP_POLL_MS);) {
        struct chip_mac mac = { 0 };
        enum look look = look_for_board(s, &mac);
        if (look == LOOK_BOARD && (was_empty || memcmp(&mac, &last, sizeof mac) != 0))
            return true;
        strange = look == LOOK_STRANGE ? strange + 1 : 0;
        if (strange >= STRANGE_LOOKS && was_named)
            return true;
        if (look == LOOK_BOARD)
            continue;
        was_empty = true;
        gang_release_mac(s->gang, s->number);
        if (look == LOOK_EMPTY) {
            was_named = true; /* whoever comes now is another one */
            show_empty(s);
            reopen_now_and_then(s, ++silent);
        }
    }
    return false;
}

static void skip(struct slot *s)
{
    pthread_mutex_lock(&s->lock);
    if (s->view.state == SLOT_WAITING)
        s->view.state = SLOT_SKIPPED;
    pthread_mutex_unlock(&s->lock);
}

/* What the record knows of the rates on this port. Without a record, or where it does not answer,
 * the recipe's rate is as good as any. */
static void recall_rates(struct slot *s)
{
    struct db_rate seen[RATE_ATTEMPTS];
    struct err ignored = { 0 };
    size_t count = 0;
    uint64_t bytes = job_bytes(s->gang->job);
    double least_s = (double)forecast_flash_us(0, (uint32_t)bytes) / 1e6;
    rates_init(&s->rates, &recipe_of(s)->port, DEFLATED(bytes), least_s);
    if (!record_rates(s->gang->record, s->port_text, RATE_RUNS, seen, RATE_ATTEMPTS, &count,
                      &ignored))
        return;
    while (count-- > 0) /* the oldest comes last */
        rates_recall(&s->rates, (uint32_t)seen[count].baud, seen[count].failed);
}

void *slot_main(void *slot)
{
    struct slot *s = slot;
    if (stopping(s)) {
        skip(s);
        return NULL;
    }
    recall_rates(s);
    do {
        run_board(s);
    } while (s->gang->loop && await_next_board(s));
    close_port(s);
    return NULL;
}
