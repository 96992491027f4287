/* An attempt from its first step to its last, and where its time went. */
#include "station/attempt/attempt_priv.h"

#include "core/images/forecast.h"
#include "core/loader/usb.h"
#include "station/base/locked.h"

#include <stdlib.h>
#include <string.h>

typedef bool (*step)(struct attempt *, struct err *);

static const step steps[] = { step_sync,  step_identify, step_early_baud,  step_flash, step_gate,
                              step_stub,  step_baud,     step_ciphertext,  step_size,  step_erase,
                              step_write, step_verify,   step_prove_twice, step_fuses, step_leave,
                              step_boot,  step_started,  step_closed };

/* Where requests were turned into others on their way, none can be excluded that erases. Nor can it
 * where an answer is missing and the ESP8266's ROM was told to attach its flash: that is a
 * FLASH_BEGIN of nothing, and one bit of its length is a sector. */
static void doubt_state(struct attempt *a)
{
    const struct link *link = &a->loader.link;
    bool lost = a->result->err.wire == ERR_TIMEOUT || a->result->err.wire == ERR_FRAME;
    if (a->result->state == BOARD_UNTOUCHED &&
        (link->commands_turn || (lost && link->touches_asked > 0)))
        a->result->state = BOARD_UNKNOWN;
}

/* After a failure, or a second Ctrl-C, the board still gets its reset; how that goes no longer
 * matters, and no stop request may cut it short. */
static void abandon(struct attempt *a)
{
    struct port *port = a->loader.link.port;
    int stop_fd = port->stop_fd;
    struct err ignored = { 0 };
    port->stop_fd = -1;
    a->result->has_reset = board_explain_loss(&a->loader, &a->result->err);
    if (attempt_can_reset(a) && attempt_may_start(a))
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
 * 115200 baud. Of a stub that nobody has tried it is not known from which rate on it makes another,
 * or whether it keeps this one: it is met at the first, where all stubs reckon alike. */
uint32_t attempt_sync_baud(const struct attempt_setup *setup)
{
    const struct chip *chip = job_recipe(setup->job)->chip;
    const struct stub *stub = setup->use_rom ? NULL : job_stub(setup->job);
    bool stays = !chip->rom->changes_baud;
    bool quick =
        stays && (!stub || (stub->kind->keeps_baud && !setup->careful && !setup->sync_slowly));
    uint32_t most = quick ? chip->rom->max_baud : LOADER_SYNC_BAUD;
    return setup->baud < most ? setup->baud : most;
}

/* ---- Timing ---- */

static uint64_t forecast_us(const struct attempt *a)
{
    uint64_t us = 0;
    for (size_t i = 0; a->result->variant && i < plan_variant_count(a->result->variant); i++) {
        const struct plan_region *r = plan_region(a->result->variant, i);
        const struct attempt_digest *d = &a->result->digests[i];
        const struct plan_frames *f = &r->frames[a->loader.kind->frames];
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
                                  .size_us = a->size_us,
                                  .erase_us = in[PHASE_ERASE],
                                  .md5_us = in[PHASE_VERIFY] + a->compare_us,
                                  .burn_us = in[PHASE_BURN],
                                  .leave_us = in[PHASE_LEAVE],
                                  .boot_us = in[PHASE_BOOT],
                                  .floor_us = forecast_us(a) };
    t->wire_us = wire_us < write_us ? wire_us : write_us;
    t->stall_us = write_us - t->wire_us;
}

/* Frames of the wire lie in it, and keys in those. */
static struct attempt *new_attempt(const struct attempt_setup *setup, struct err *e)
{
    struct attempt *a = setup->own ? locked_new(sizeof *a, e) : calloc(1, sizeof *a);
    if (!a && !setup->own)
        err_set(e, ERR_STATION, "Out of memory for an attempt");
    return a;
}

bool attempt_run(const struct attempt_setup *setup, struct port *port,
                 struct attempt_result *result)
{
    const struct attempt_entry *entry = setup->entry;
    uint64_t wire_before = entry ? entry->wire_before : port->rx_bytes + port->tx_bytes;
    memset(result, 0, sizeof *result);
    result->state = setup->state;
    struct attempt *a = new_attempt(setup, &result->err);
    if (!a)
        return false;
    a->setup = setup;
    a->result = result;
    result->baud = setup->baud;
    if (entry)
        loader_move(&a->loader, &entry->loader);
    else
        loader_init(&a->loader, port);
    a->loader.careful = setup->careful;
    a->entered_us = attempt_now_us(a);
    result->ok = (entry || !(port->caps & PORT_BAUD) ||
                  port_set_baud(port, attempt_sync_baud(setup), &result->err)) &&
                 run_steps(a, &result->err);
    struct err ignored = { 0 };
    if (!result->ok) /* the record wants to know whose board it was */
        attempt_announce(a, false, &ignored);
    if (!result->ok)
        doubt_state(a);
    if (!result->ok && result->phase != PHASE_BOOT)
        abandon(a);
    attempt_drop_ciphertext(a);
    attempt_close_phase(a);
    fill_timing(a);
    result->round_trips = a->loader.link.round_trips;
    result->wire_bytes = port->rx_bytes + port->tx_bytes - wire_before;
    if (setup->own)
        locked_free(a, sizeof *a);
    else
        free(a);
    return result->ok;
}
