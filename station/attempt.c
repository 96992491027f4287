#include "station/attempt_priv.h"

#include "core/forecast.h"
#include "core/usb.h"

#include <stdlib.h>
#include <string.h>

#define SYNC_BAUD 115200u

/* A ROM that takes its rate from the SYNC measures how long a bit is, in clocks of its own: at this
 * rate the ESP8266 counts 56, at twice as much it would be several per cent off. */
#define QUICK_SYNC_BAUD 921600u

const char *phase_word(enum phase phase)
{
    static const char *const words[PHASE_COUNT] = { "open",   "sync",  "identify", "gate",
                                                    "stub",   "baud",  "erase",    "write",
                                                    "verify", "leave", "boot" };
    return phase < PHASE_COUNT ? words[phase] : "open";
}

uint64_t attempt_now_us(const struct attempt *a)
{
    const struct clock *clock = a->loader.link.port->clock;
    return clock->now_us(clock);
}

/* Time counts for the phase that it was spent in. */
static void close_phase(struct attempt *a)
{
    uint64_t now = attempt_now_us(a);
    a->phase_us[a->result->phase] += now - a->entered_us;
    a->entered_us = now;
}

void attempt_enter(struct attempt *a, enum phase phase)
{
    const struct attempt_watch *w = a->setup->watch;
    close_phase(a);
    a->result->phase = phase;
    w->phase(w->ctx, phase);
}

const struct recipe *attempt_recipe(const struct attempt *a)
{
    return job_recipe(a->setup->job);
}

bool attempt_flashes(const struct attempt *a)
{
    return a->setup->kind == ATTEMPT_FLASH;
}

/* ---- Steps: into the loader, and what may be written there ---- */

static bool step_sync(struct attempt *a, struct err *e)
{
    attempt_enter(a, PHASE_SYNC);
    if (!board_connect(&a->loader, a->setup->reset, attempt_recipe(a)->chip, e))
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
    attempt_enter(a, PHASE_IDENTIFY);
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
    attempt_enter(a, PHASE_IDENTIFY);
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
    if (!name || a->setup->use_rom || attempt_recipe(a)->loader == RECIPE_LOADER_ROM)
        return NULL;
    return job_stub_named(a->setup->job, name);
}

/* Where a recipe insists on the stub, or its images lie where only a stub reaches, or it only wants
 * to look: what the ROM of this board cannot do must come out before the first erase. */
static bool gate_loader(const struct attempt *a, const struct board *b, struct err *e)
{
    bool stub = a->loader.stub || stub_for(a, b);
    if (a->loader.secured && !attempt_flashes(a))
        return err_set(e, ERR_SECURED,
                       "The chip is in Secure Download Mode: nothing in it can be verified");
    if (!stub && attempt_recipe(a)->loader == RECIPE_LOADER_STUB)
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
    if (!attempt_flashes(a) || a->loader.secured ||
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
    attempt_enter(a, PHASE_GATE);
    if (!gate(a, &a->result->board, e))
        return refuse(a, e);
    a->result->variant = job_variant(a->setup->job, a->result->board.flash.size_bytes, e);
    if (!a->result->variant)
        return false;
    a->bytes_total = plan_variant_bytes(a->result->variant);
    return unprotect(a, e);
}

/* As the board says, else as the recipe does. 0: nobody knows. */
uint32_t attempt_flash_bytes(const struct attempt *a)
{
    const struct plan_settings *s = plan_settings(job_plan(a->setup->job));
    uint32_t found = a->result->board.flash.size_bytes;
    return found == 0 && s->size == PLAN_SIZE_FIXED ? s->flash_bytes : found;
}

bool attempt_start_stub(struct attempt *a, const struct stub *stub, struct err *e)
{
    attempt_enter(a, PHASE_STUB);
    if (!stub_start(&a->loader, stub, e))
        return false;
    a->result->loader = "stub";
    return board_attach_stub(&a->loader, &a->result->board, e);
}

static bool step_stub(struct attempt *a, struct err *e)
{
    const struct stub *stub = stub_for(a, &a->result->board);
    return !stub || a->loader.stub || attempt_start_stub(a, stub, e);
}

static bool step_baud(struct attempt *a, struct err *e)
{
    const struct port *port = a->loader.link.port;
    bool fixed = board_has_fixed_baud(&a->loader);
    if (!fixed && port->baud != a->setup->baud) {
        attempt_enter(a, PHASE_BAUD);
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
    bool wanted = !a->setup->careful && !a->loader.stub && b->chip == attempt_recipe(a)->chip;
    return !wanted || !stub_for(a, b) || step_baud(a, e);
}

/* ---- The whole of it ---- */

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
    if (attempt_can_reset(a))
        attempt_leave(a, &ignored);
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

/* Where only a stub can change the rate, it would have to be sent at the first one: a second at
 * 115200 baud. */
uint32_t attempt_sync_baud(const struct attempt_setup *setup)
{
    const struct recipe *r = job_recipe(setup->job);
    bool stays = r->chip->flags & CHIP_ROM_NO_BAUD;
    bool rom_only = setup->use_rom || !job_stub(setup->job);
    if (stays && rom_only)
        return setup->baud;
    uint32_t most = stays && !setup->careful && !setup->sync_slowly ? QUICK_SYNC_BAUD : SYNC_BAUD;
    return setup->baud < most ? setup->baud : most;
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
    a->entered_us = attempt_now_us(a);
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
