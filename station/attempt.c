#include "station/attempt.h"

#include "core/bootlog.h"
#include "core/console.h"
#include "core/differ.h"
#include "core/forecast.h"
#include "core/usb.h"

#include <stdlib.h>
#include <string.h>

#define SYNC_BAUD 115200u

/* A chip that is its own USB device comes back within 1 s after a reset, hubs take longer. */
#define USB_BACK_MS     10000u
#define USB_REOPENS_MAX 3

/* Everything a step needs. Steps set board state and phase in the result as they go. */
struct attempt {
    const struct attempt_setup *setup;
    struct attempt_result *result;
    struct loader loader;
    uint64_t bytes_total;
    uint64_t bytes_before; /* of the regions already done */
    uint64_t phase_us[PHASE_COUNT];
    uint64_t entered_us;
    uint64_t write_tx_bytes; /* sent by the port when writing began, and then by the writing */
    uint64_t compare_us;     /* of the phase write: asking for MD5 before anything is sent */
};

const char *phase_word(enum phase phase)
{
    static const char *const words[PHASE_COUNT] = { "open",   "sync",  "identify", "gate",
                                                    "stub",   "baud",  "erase",    "write",
                                                    "verify", "leave", "boot" };
    return phase < PHASE_COUNT ? words[phase] : "open";
}

static uint64_t now_us(const struct attempt *a)
{
    const struct clock *clock = a->loader.link.port->clock;
    return clock->now_us(clock);
}

/* Time counts for the phase that it was spent in. */
static void close_phase(struct attempt *a)
{
    uint64_t now = now_us(a);
    a->phase_us[a->result->phase] += now - a->entered_us;
    a->entered_us = now;
}

static void enter(struct attempt *a, enum phase phase)
{
    const struct attempt_watch *w = a->setup->watch;
    close_phase(a);
    a->result->phase = phase;
    w->phase(w->ctx, phase);
}

static const struct recipe *recipe_of(const struct attempt *a)
{
    return job_recipe(a->setup->job);
}

static bool flashes(const struct attempt *a)
{
    return a->setup->kind == ATTEMPT_FLASH;
}

/* ---- Steps ---- */

static bool step_sync(struct attempt *a, struct err *e)
{
    enter(a, PHASE_SYNC);
    if (!board_connect(&a->loader, a->setup->reset, recipe_of(a)->chip, e))
        return false;
    a->result->loader = a->loader.stub ? "stub" : "rom";
    return true;
}

/* No retry follows a refusal, so a wire that turns a bit must not bring one about: who seems to be
 * no board for us is looked at once more. */
static bool look(struct attempt *a,
                 bool (*identify)(struct loader *l, struct board *b, struct err *e), struct err *e)
{
    struct err failure = { 0 };
    if (identify(&a->loader, &a->result->board, &failure))
        return true;
    if (!err_row(failure.code)->may_retry && failure.code != ERR_STOPPED)
        return identify(&a->loader, &a->result->board, e);
    *e = failure;
    return false;
}

static bool step_identify(struct attempt *a, struct err *e)
{
    enter(a, PHASE_IDENTIFY);
    return look(a, board_identify_chip, e);
}

/* Says who the board is, as far as that is known; once in an attempt. `ok`: it was identified to
 * the end. False: it is refused. */
static bool announce(struct attempt *a, bool ok, struct err *e)
{
    const struct attempt_watch *w = a->setup->watch;
    const struct board *b = &a->result->board;
    if (a->result->identified)
        return true;
    a->result->identified = b->chip && (b->mac.count > 0 || (ok && a->loader.secured));
    return !a->result->identified || w->board(w->ctx, b, e);
}

static bool step_flash(struct attempt *a, struct err *e)
{
    enter(a, PHASE_IDENTIFY);
    if (!look(a, board_identify_flash, e))
        return false;
    if (announce(a, true, e))
        return true;
    a->result->phase = PHASE_GATE;
    return false;
}

/* The stub that this board will run; NULL: the ROM does it. */
static const struct stub *stub_for(const struct attempt *a, const struct board *b)
{
    const char *name = board_stub_name(b);
    if (!name || a->setup->use_rom || recipe_of(a)->loader == RECIPE_LOADER_ROM)
        return NULL;
    return job_stub_named(a->setup->job, name);
}

/* Where a recipe insists on the stub, or its images lie where only a stub reaches, or it only wants
 * to look: what the ROM of this board cannot do must come out before the first erase. */
static bool gate_loader(const struct attempt *a, const struct board *b, struct err *e)
{
    bool stub = a->loader.stub || stub_for(a, b);
    if (a->loader.secured && !flashes(a))
        return err_set(e, ERR_SECURED,
                       "The chip is in Secure Download Mode: nothing in it can be verified");
    if (!stub && recipe_of(a)->loader == RECIPE_LOADER_STUB)
        return err_set(e, b->security.secure_boot || a->loader.secured ? ERR_SECURED : ERR_STUB,
                       "The recipe wants the flasher stub, and none runs on this %s",
                       b->chip->name);
    if (!stub && plan_needs_bytes(job_plan(a->setup->job)) > CHIP_FLASH_3_BYTES_MAX)
        return err_set(e, ERR_FLASH_SIZE,
                       "The images reach behind 16 MB, where the ROM loader cannot write");
    return true;
}

static bool unprotect(struct attempt *a, struct err *e)
{
    if (!flashes(a) || a->loader.secured ||
        spiflash_unprotect(&a->loader, a->result->board.flash.id, e))
        return true;
    return err_as_phase(e, ERR_IDENTIFY);
}

static bool gate(const struct attempt *a, const struct board *b, struct err *e)
{
    return board_gate(b, job_plan(a->setup->job), e) && gate_loader(a, b, e);
}

/* As in identify(): the refusal stands if the board says the same once more. */
static bool refuse(struct attempt *a, struct err *e)
{
    struct board again;
    struct err failure = { 0 };
    if (!board_identify(&a->loader, &again, &failure)) {
        *e = failure;
        return false;
    }
    if (!gate(a, &again, &failure))
        return false;
    return err_set(e, ERR_IDENTIFY,
                   "What the board says of itself differs from reading to reading");
}

static bool step_gate(struct attempt *a, struct err *e)
{
    enter(a, PHASE_GATE);
    if (!gate(a, &a->result->board, e))
        return refuse(a, e);
    a->result->variant = job_variant(a->setup->job, a->result->board.flash.size_bytes, e);
    if (!a->result->variant)
        return false;
    a->bytes_total = plan_variant_bytes(a->result->variant);
    return unprotect(a, e);
}

/* As the board says, else as the recipe does. 0: nobody knows. */
static uint32_t flash_bytes(const struct attempt *a)
{
    const struct plan_settings *s = plan_settings(job_plan(a->setup->job));
    uint32_t found = a->result->board.flash.size_bytes;
    return found == 0 && s->size == PLAN_SIZE_FIXED ? s->flash_bytes : found;
}

static bool start_stub(struct attempt *a, const struct stub *stub, struct err *e)
{
    enter(a, PHASE_STUB);
    if (!stub_start(&a->loader, stub, e))
        return false;
    a->result->loader = "stub";
    return board_attach_stub(&a->loader, &a->result->board, e);
}

static bool step_stub(struct attempt *a, struct err *e)
{
    const struct stub *stub = stub_for(a, &a->result->board);
    return !stub || a->loader.stub || start_stub(a, stub, e);
}

static bool step_baud(struct attempt *a, struct err *e)
{
    const struct port *port = a->loader.link.port;
    bool fixed = board_has_fixed_baud(&a->loader);
    if (!fixed && port->baud != a->setup->baud) {
        enter(a, PHASE_BAUD);
        if (!board_change_baud(&a->loader, a->setup->baud, e))
            return false;
    }
    a->result->baud = usb_is_native(port) ? 0 : port->baud;
    return true;
}

/* Before the flash is asked and the stub sent, where the ROM can: the stub alone takes half a
 * second at 115200 baud. Some stubs set the rate anew as they start, from what the ROM remembers;
 * where that is another one than was agreed, they are not heard, and the next attempt takes the
 * late way. */
static bool step_early_baud(struct attempt *a, struct err *e)
{
    const struct board *b = &a->result->board;
    bool wanted = !a->setup->careful && !a->loader.stub && b->chip == recipe_of(a)->chip;
    return !wanted || !stub_for(a, b) || step_baud(a, e);
}

static void tell_progress(void *ctx, uint32_t flash_bytes_done)
{
    struct attempt *a = ctx;
    const struct attempt_watch *w = a->setup->watch;
    w->progress(w->ctx, a->bytes_before + flash_bytes_done, a->bytes_total);
}

static bool step_erase(struct attempt *a, struct err *e)
{
    if (!flashes(a) || recipe_of(a)->erase != RECIPE_ERASE_ALL)
        return true;
    enter(a, PHASE_ERASE);
    a->result->state = BOARD_HALF_WRITTEN;
    return flash_set_size(&a->loader, flash_bytes(a), e) &&
           flash_erase_all(&a->loader, flash_bytes(a), e);
}

/* What lies in the flash can only be asked of a loader that computes MD5, and be left alone only by
 * one that erases no more than it is told. */
static bool can_differ(const struct attempt *a)
{
    const struct loader *l = &a->loader;
    bool sound = l->stub || !(l->chip->flags & (CHIP_ROM_NO_MD5 | CHIP_ROM_ERASE_DEFECT));
    return recipe_of(a)->write == RECIPE_WRITE_CHANGED && sound && !l->secured;
}

static bool write_all(struct attempt *a, const struct plan_region *r, struct attempt_digest *d,
                      const struct flash_progress *progress, struct err *e)
{
    a->result->state = BOARD_HALF_WRITTEN;
    d->written = true;
    if (!flash_write(&a->loader, r, progress, e))
        return false;
    a->result->bytes_written += r->size_bytes;
    return true;
}

static bool write_changed(struct attempt *a, const struct plan_region *r, struct attempt_digest *d,
                          const struct flash_progress *progress, struct err *e)
{
    bool changed[PLAN_PIECES_MAX];
    struct differ_result found;
    uint64_t start_us = now_us(a);
    bool known = differ_find(&a->loader, r, changed, &found, e);
    a->compare_us += now_us(a) - start_us;
    if (!known)
        return false;
    if (found.skipped_bytes == r->size_bytes) {
        d->read = d->equal = true;
        memcpy(d->read_md5, found.found, sizeof d->read_md5);
        d->skipped_bytes = found.skipped_bytes;
        return true;
    }
    a->result->state = BOARD_HALF_WRITTEN;
    d->written = true;
    bool ok = differ_write(&a->loader, r, changed, &found, progress, e);
    d->skipped_bytes = found.skipped_bytes;
    a->result->bytes_written += ok ? r->size_bytes - found.skipped_bytes : 0;
    return ok;
}

static bool write_images(struct attempt *a, struct err *e)
{
    const struct flash_progress progress = { tell_progress, a };
    a->result->write = can_differ(a) ? RECIPE_WRITE_CHANGED : RECIPE_WRITE_ALWAYS;
    for (size_t n = 0; n < job_image_count(a->setup->job); n++) {
        size_t i = plan_write_order(a->result->variant, n);
        const struct plan_region *r = plan_region(a->result->variant, i);
        struct attempt_digest *d = &a->result->digests[i];
        if (!(a->result->write == RECIPE_WRITE_CHANGED ? write_changed(a, r, d, &progress, e)
                                                       : write_all(a, r, d, &progress, e)))
            return false;
        a->bytes_before += r->size_bytes;
        tell_progress(a, 0);
    }
    return true;
}

static bool step_write(struct attempt *a, struct err *e)
{
    const struct port *port = a->loader.link.port;
    bool proves = recipe_of(a)->verify == RECIPE_VERIFY_MD5;
    enter(a, PHASE_WRITE);
    if (!flash_set_size(&a->loader, flash_bytes(a), e))
        return false;
    if (!flashes(a))
        return true;
    /* To run ahead of the acknowledgements takes a rate to reckon with, and a proof afterwards. */
    a->loader.may_run_ahead =
        proves && !a->setup->careful && (port->caps & PORT_BAUD) && !usb_is_native(port);
    a->write_tx_bytes = port->tx_bytes;
    bool ok = write_images(a, e);
    a->write_tx_bytes = port->tx_bytes - a->write_tx_bytes;
    /* The MD5 of a region waits for its last block; where none is asked for, somebody else must. */
    if (!ok || (!proves && !flash_settle(&a->loader, e)))
        return false;
    a->result->state = BOARD_WRITTEN;
    return true;
}

/* The ROM of the ESP8266 cannot compute an MD5: the stub is started for that alone. */
static bool ensure_md5(struct attempt *a, struct err *e)
{
    if (a->loader.stub || !(a->loader.chip->flags & CHIP_ROM_NO_MD5))
        return true;
    const struct stub *stub = job_proving_stub(a->setup->job);
    if (!stub)
        return err_set(e, ERR_VERIFY, "Neither the ROM nor a stub can compute an MD5");
    return start_stub(a, stub, e) && flash_set_size(&a->loader, flash_bytes(a), e);
}

/* The next image that has to be proved, from number i on: one that was equal before, and to which
 * nothing was written since, is. */
static size_t next_unproved(const struct attempt *a, size_t i)
{
    while (i < job_image_count(a->setup->job) && a->result->digests[i].equal)
        i++;
    return i;
}

static bool ask_md5(struct attempt *a, size_t *i, struct err *e)
{
    const struct plan_region *r = plan_region(a->result->variant, *i);
    *i = next_unproved(a, *i + 1);
    return flash_md5_ask(&a->loader, r, e);
}

/* The chip is asked for the next digest before it has given the last one, where it can be. */
static bool read_md5s(struct attempt *a, struct err *e)
{
    size_t count = job_image_count(a->setup->job), asked = next_unproved(a, 0);
    for (size_t i = asked; i < count; i = next_unproved(a, i + 1)) {
        struct attempt_digest *d = &a->result->digests[i];
        if ((asked == i && !ask_md5(a, &asked, e)) ||
            (asked < count && flash_is_idle(&a->loader) && !ask_md5(a, &asked, e)))
            return false;
        d->read = flash_md5_answer(&a->loader, plan_region(a->result->variant, i), d->read_md5, e);
        if (!d->read)
            return false;
    }
    return true;
}

static bool step_verify(struct attempt *a, struct err *e)
{
    if (flashes(a) && recipe_of(a)->verify == RECIPE_VERIFY_NONE)
        return true;
    if (!ensure_md5(a, e))
        return false;
    enter(a, PHASE_VERIFY);
    if (!read_md5s(a, e))
        return false;
    for (size_t i = 0; i < job_image_count(a->setup->job); i++) {
        const struct plan_region *r = plan_region(a->result->variant, i);
        if (!flash_judge(&a->loader, r, a->result->digests[i].read_md5, e))
            return false;
    }
    a->result->state = BOARD_VERIFIED;
    return true;
}

static bool can_reset(const struct attempt *a)
{
    return a->setup->reset != NULL;
}

static struct console_check boot_check(const struct attempt *a)
{
    const struct recipe_boot *boot = &recipe_of(a)->boot;
    return (struct console_check){ boot->expect, (const char *const *)boot->reject,
                                   boot->reject_count, boot->within_ms, boot->baud };
}

static bool leave(struct attempt *a, struct err *e)
{
    if (recipe_of(a)->port.after == RECIPE_AFTER_WATCHDOG && a->loader.chip)
        return board_leave_by_watchdog(&a->loader, e);
    return a->setup->after ? board_leave_by(&a->loader, a->setup->after, e)
                           : board_leave(&a->loader, true, e);
}

/* Where the recipe says `reset: none`, or the port has no lines, the operator resets the board. */
static bool step_leave(struct attempt *a, struct err *e)
{
    enter(a, PHASE_LEAVE);
    if (!can_reset(a) && recipe_of(a)->port.after == RECIPE_AFTER_AUTO)
        return a->loader.stub || board_leave(&a->loader, false, e);
    if (recipe_of(a)->boot.asked)
        a->loader.leave_baud = recipe_of(a)->boot.baud;
    return leave(a, e);
}

/* A port that is the chip's own goes with each reset: one that keeps going is a board that starts
 * over and over. */
static bool restarts_for_ever(const struct attempt *a, struct err *e)
{
    const struct bootlog_row *cause = bootlog_find(a->result->console);
    err_set(e, ERR_BOOT, "The board restarts again and again%s%s", cause ? ": " : "",
            cause ? cause->meaning : "");
    return cause && cause->hint ? err_hint(e, "%s", cause->hint) : false;
}

static bool reopen_console(struct attempt *a, struct err *e)
{
    struct port *port = a->loader.link.port;
    struct err failure = { 0 };
    if (port_reopen(port, deadline_in_ms(port->clock, USB_BACK_MS), &failure))
        return true;
    *e = failure;
    if (e->code == ERR_STOPPED)
        return false;
    err_set(e, ERR_BOOT, "The board's USB port did not come back after the reset: %s",
            failure.what);
    return err_hint(e, "Does the application have a USB console? If not, remove boot from the "
                       "recipe.");
}

/* Over the chip's own USB device the console is a port that goes with the reset and comes back. */
static bool hear_boot(struct attempt *a, const struct console_check *check, struct err *e)
{
    struct port *port = a->loader.link.port;
    bool native = usb_is_native(port);
    for (int reopens = 0; !native || reopens <= USB_REOPENS_MAX; reopens++) {
        struct err failure = { 0 };
        if (native && !reopen_console(a, e))
            return false;
        if (console_check(&a->loader, check, can_reset(a), a->result->console,
                          sizeof a->result->console, &failure))
            return true;
        if (!native || failure.code != ERR_PORT_GONE) {
            *e = failure;
            return false;
        }
    }
    return restarts_for_ever(a, e);
}

static bool step_boot(struct attempt *a, struct err *e)
{
    const struct recipe_boot *boot = &recipe_of(a)->boot;
    const struct console_check check = boot_check(a);
    if (!boot->asked)
        return true;
    enter(a, PHASE_BOOT);
    if (!hear_boot(a, &check, e))
        return false;
    if (boot->expect)
        a->result->state = BOARD_RUNNING;
    return true;
}

typedef bool (*step)(struct attempt *, struct err *);

static const step steps[] = { step_sync,  step_identify, step_early_baud, step_flash,
                              step_gate,  step_stub,     step_baud,       step_erase,
                              step_write, step_verify,   step_leave,      step_boot };

/* After a failure, or a second Ctrl-C, the board still gets its reset; how that goes no longer
 * matters, and no stop request may cut it short. */
static void abandon(struct attempt *a)
{
    struct port *port = a->loader.link.port;
    int stop_fd = port->stop_fd;
    struct err ignored = { 0 };
    port->stop_fd = -1;
    board_explain_loss(&a->loader, &a->result->err);
    if (can_reset(a))
        leave(a, &ignored);
    port->stop_fd = stop_fd;
}

static bool run_steps(struct attempt *a, struct err *e)
{
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        if (!steps[i](a, e))
            return false;
    }
    return true;
}

uint32_t attempt_sync_baud(const struct attempt_setup *setup)
{
    const struct recipe *r = job_recipe(setup->job);
    bool rom_only = setup->use_rom || !job_stub(setup->job);
    if (rom_only && (r->chip->flags & CHIP_ROM_NO_BAUD))
        return setup->baud;
    return setup->baud < SYNC_BAUD ? setup->baud : SYNC_BAUD;
}

/* ---- Timing ---- */

static uint64_t forecast_us(const struct attempt *a)
{
    uint64_t us = 0;
    for (size_t i = 0; a->result->variant && i < job_image_count(a->setup->job); i++) {
        const struct plan_region *r = plan_region(a->result->variant, i);
        const struct attempt_digest *d = &a->result->digests[i];
        const struct plan_frames *f = a->loader.stub ? &r->stub : &r->rom;
        if (d->written) /* of a part of it, that part of the time */
            us += forecast_write_us(r, f, a->result->baud) * (r->size_bytes - d->skipped_bytes) /
                  r->size_bytes;
        if (d->read)
            us += forecast_md5_us(r->size_bytes);
    }
    return us;
}

static void fill_timing(struct attempt *a)
{
    struct attempt_timing *t = &a->result->timing;
    const uint64_t *in = a->phase_us;
    uint64_t write_us = in[PHASE_WRITE] - a->compare_us;
    uint64_t wire_us = forecast_wire_us(a->write_tx_bytes, a->result->baud);
    *t = (struct attempt_timing){ .reset_us = a->loader.reset_us,
                                  .sync_us = in[PHASE_SYNC] - a->loader.reset_us,
                                  .identify_us = in[PHASE_IDENTIFY] + in[PHASE_GATE],
                                  .stub_us = in[PHASE_STUB],
                                  .baud_us = in[PHASE_BAUD],
                                  .erase_us = in[PHASE_ERASE],
                                  .md5_us = in[PHASE_VERIFY] + a->compare_us,
                                  .leave_us = in[PHASE_LEAVE],
                                  .boot_us = in[PHASE_BOOT],
                                  .floor_us = forecast_us(a) };
    t->wire_us = wire_us < write_us ? wire_us : write_us;
    t->stall_us = write_us - t->wire_us;
}

bool attempt_run(const struct attempt_setup *setup, struct port *port,
                 struct attempt_result *result)
{
    uint64_t wire_before = port->rx_bytes + port->tx_bytes;
    memset(result, 0, sizeof *result);
    result->state = setup->state;
    struct attempt *a = calloc(1, sizeof *a);
    if (!a)
        return err_set(&result->err, ERR_STATION, "Out of memory for an attempt");
    a->setup = setup;
    a->result = result;
    result->baud = setup->baud;
    loader_init(&a->loader, port);
    a->loader.careful = setup->careful;
    a->entered_us = now_us(a);
    result->ok = (!(port->caps & PORT_BAUD) ||
                  port_set_baud(port, attempt_sync_baud(setup), &result->err)) &&
                 run_steps(a, &result->err);
    struct err ignored = { 0 };
    if (!result->ok) /* the record wants to know whose board it was */
        announce(a, false, &ignored);
    if (!result->ok && result->phase != PHASE_BOOT)
        abandon(a);
    close_phase(a);
    fill_timing(a);
    result->round_trips = a->loader.link.round_trips;
    result->blocks_ahead = a->loader.blocks_ahead;
    result->wire_bytes = port->rx_bytes + port->tx_bytes - wire_before;
    free(a);
    return result->ok;
}
