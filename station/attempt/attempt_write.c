/* The steps that change the flash, and the proof that it holds what it should. */
#include "station/attempt/attempt_priv.h"

#include "core/flash/differ.h"
#include "core/loader/regs.h"

#include <string.h>

static void tell_progress(void *ctx, uint32_t flash_bytes_done)
{
    struct attempt *a = ctx;
    const struct attempt_watch *w = a->setup->watch;
    w->progress(w->ctx, a->bytes_before + flash_bytes_done, a->bytes_total);
}

static bool tell_size(struct attempt *a, struct err *e)
{
    a->knows_size = a->knows_size || flash_set_size(&a->loader, attempt_flash_bytes(a), e);
    return a->knows_size;
}

/* ---- Whether the flash is as large as it says ---- */

/* What passed since belongs to it, and to no phase. What it finds is a refusal; where it was found
 * before anything was written, one of the gate. */
static bool end_size(struct attempt *a, bool ok, const struct err *e)
{
    uint64_t now = attempt_now_us(a);
    a->size_us += now - a->entered_us;
    a->entered_us = now;
    if (a->size.changed)
        a->result->state = BOARD_HALF_WRITTEN;
    if (!ok && e->code == ERR_FLASH_SIZE_FALSE && a->result->phase != PHASE_WRITE)
        a->result->phase = PHASE_GATE;
    return ok;
}

bool step_size(struct attempt *a, struct err *e)
{
    const struct recipe *r = attempt_recipe(a);
    if (a->setup->kind == ATTEMPT_BURN)
        return true;
    bool erase = attempt_flashes(a) && r->erase != RECIPE_ERASE_ALL;
    size_proof_begin(&a->size, job_plan(a->setup->job), a->result->variant, attempt_flash_bytes(a));
    if (!a->size.open)
        return true;
    if (!tell_size(a, e))
        return false;
    attempt_close_phase(a);
    return end_size(a, size_proof_ask(&a->size, &a->loader, erase, e), e);
}

/* The rest of the last block is waited for before, as whatever follows would have to. */
static bool size_after(struct attempt *a, size_t image, struct err *e)
{
    if (!a->size.open || image != a->size.image)
        return true;
    if (!flash_settle(&a->loader, e))
        return false;
    attempt_close_phase(a);
    return end_size(a, size_proof_written(&a->size, &a->loader, image, e), e);
}

static bool size_at_end(struct attempt *a, struct err *e)
{
    attempt_close_phase(a);
    return end_size(a, size_proof_end(&a->size, &a->loader, e), e);
}

/* ---- Erase and write ---- */

bool step_erase(struct attempt *a, struct err *e)
{
    if (!attempt_flashes(a) || attempt_recipe(a)->erase != RECIPE_ERASE_ALL)
        return true;
    attempt_enter(a, PHASE_ERASE);
    a->result->state = BOARD_HALF_WRITTEN;
    return tell_size(a, e) && flash_erase_all(&a->loader, attempt_flash_bytes(a), e) &&
           size_proof_erased(&a->size, e);
}

/* What lies in the flash can only be asked of a loader that computes MD5, and be left alone only by
 * one that erases no more than it is told. */
static bool can_differ(const struct attempt *a)
{
    const struct loader *l = &a->loader;
    bool sound = l->kind->has_md5 && l->kind->erases_exactly;
    return attempt_recipe(a)->write == RECIPE_WRITE_CHANGED && sound && !l->secured;
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
    uint64_t start_us = attempt_now_us(a);
    bool known = differ_find(&a->loader, r, changed, &found, e);
    a->compare_us += attempt_now_us(a) - start_us;
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
    for (size_t n = 0; n < plan_variant_count(a->result->variant); n++) {
        size_t i = plan_write_order(a->result->variant, n);
        const struct plan_region *r = plan_region(a->result->variant, i);
        struct attempt_digest *d = &a->result->digests[i];
        if (!(a->result->write == RECIPE_WRITE_CHANGED ? write_changed(a, r, d, &progress, e)
                                                       : write_all(a, r, d, &progress, e)) ||
            !size_after(a, i, e))
            return false;
        a->bytes_before += r->size_bytes;
        tell_progress(a, 0);
    }
    return true;
}

bool step_write(struct attempt *a, struct err *e)
{
    const struct port *port = a->loader.link.port;
    bool proves = attempt_recipe(a)->verify == RECIPE_VERIFY_MD5;
    if (attempt_flashes(a))
        attempt_enter(a, PHASE_WRITE);
    if (!tell_size(a, e))
        return false;
    if (!attempt_flashes(a))
        return true;
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
    if (a->loader.kind->has_md5)
        return true;
    const struct stub *stub = job_proving_stub(a->setup->job);
    if (!stub)
        return err_set(e, ERR_VERIFY, "Neither the ROM nor a stub can compute an MD5");
    a->knows_size = false;
    const char *writer = a->result->loader; /* stays in the record: it is what has written */
    bool ok = attempt_start_stub(a, stub, e);
    if (attempt_flashes(a))
        a->result->loader = writer;
    return ok && tell_size(a, e);
}

/* The next image that has to be proved, from number i on: one that was equal before, and to which
 * nothing was written since, is. */
static size_t next_unproved(const struct attempt *a, size_t i)
{
    while (i < plan_variant_count(a->result->variant) && a->result->digests[i].equal)
        i++;
    return i;
}

static bool ask_md5(struct attempt *a, size_t *i, struct err *e)
{
    const struct plan_region *r = plan_region(a->result->variant, *i);
    *i = next_unproved(a, *i + 1);
    return flash_md5_ask(&a->loader, r, e);
}

/* The chip is asked for the next digest before it has given the last one, where it may be. */
static bool read_md5s_in_pairs(struct attempt *a, struct err *e)
{
    const struct loader *l = &a->loader;
    size_t count = plan_variant_count(a->result->variant), asked = next_unproved(a, 0);
    for (size_t i = asked; i < count; i = next_unproved(a, i + 1)) {
        struct attempt_digest *d = &a->result->digests[i];
        if ((asked == i && !ask_md5(a, &asked, e)) ||
            (asked < count && loader_may_follow(l, CMD_SPI_FLASH_MD5) && !ask_md5(a, &asked, e)))
            return false;
        d->read = flash_md5_answer(&a->loader, plan_region(a->result->variant, i), d->read_md5, e);
        if (!d->read)
            return false;
    }
    return true;
}

static bool read_md5s_one_by_one(struct attempt *a, struct err *e)
{
    for (size_t i = next_unproved(a, 0); i < plan_variant_count(a->result->variant);
         i = next_unproved(a, i + 1)) {
        struct attempt_digest *d = &a->result->digests[i];
        d->read = flash_md5(&a->loader, plan_region(a->result->variant, i), d->read_md5, e);
        if (!d->read)
            return false;
    }
    return true;
}

/* When an answer of a pair is missing, the one that came may be that to either question: all are
 * asked for once more, one by one. */
static bool read_md5s(struct attempt *a, struct err *e)
{
    struct loader *l = &a->loader;
    struct err failure = { 0 };
    if (!loader_in_pairs(l))
        return read_md5s_one_by_one(a, e);
    if (read_md5s_in_pairs(a, &failure))
        return true;
    l->careful = true;
    if (failure.wire == ERR_TIMEOUT && !l->link.has_reset && loader_find_again(l, e))
        return read_md5s_one_by_one(a, e);
    *e = failure;
    return false;
}

/* A flash smaller than it says has overwritten one image by another: then that is the cause. Who
 * only looks has sent no bytes, and no supply is to blame. */
static bool judge_image(struct attempt *a, size_t i, struct err *e)
{
    const struct plan_region *r = plan_region(a->result->variant, i);
    const struct attempt_watch *w = a->setup->watch;
    uint8_t *found = a->result->digests[i].read_md5;
    struct err differs = { 0 };
    if (!attempt_flashes(a) && w->judge) {
        const bool equal = memcmp(found, r->md5, sizeof r->md5) == 0;
        if (w->judge(w->ctx, i, equal, &a->loader, &differs))
            return true;
        if (differs.code != ERR_NONE) {
            *e = differs;
            return false;
        }
    }
    if (flash_judge(&a->loader, r, found, &a->result->differs, e))
        return true;
    if (e->code == ERR_VERIFY && size_proof_explains(job_plan(a->setup->job), a->result->variant,
                                                     attempt_flash_bytes(a), &a->loader, e))
        return false;
    if (a->result->differs.known && !attempt_flashes(a))
        err_hint(e, "The board does not hold the images of this recipe: write it again with "
                    "espstation run, or set it aside.");
    return false;
}

bool step_verify(struct attempt *a, struct err *e)
{
    if (attempt_flashes(a) && attempt_recipe(a)->verify == RECIPE_VERIFY_NONE)
        return true;
    /* What was proved before the board has started: since then its firmware may write there. */
    if (a->setup->kind == ATTEMPT_BURN && a->setup->own->booted) {
        a->result->state = BOARD_VERIFIED;
        return true;
    }
    if (!ensure_md5(a, e))
        return false;
    attempt_enter(a, PHASE_VERIFY);
    if (!read_md5s(a, e))
        return false;
    for (size_t i = 0; i < plan_variant_count(a->result->variant); i++) {
        if (!judge_image(a, i, e))
            return false;
    }
    if (!size_at_end(a, e))
        return false;
    a->result->state = BOARD_VERIFIED;
    if (a->setup->own)
        a->setup->own->proved = true;
    return true;
}

/* ---- Proved once more, by another loader ---- */

static bool expect_same_board(struct attempt *a, struct err *e)
{
    struct board again;
    const struct chip_mac *mac = &a->result->board.mac;
    if (!board_identify(&a->loader, &again, e))
        return false;
    return (again.mac.count == mac->count &&
            memcmp(again.mac.bytes, mac->bytes, mac->count) == 0) ||
           err_set(e, ERR_IDENTIFY, "Another board answers where this one was");
}

/* Through the ROM, which knows nothing of what ran before. */
static bool start_other(struct attempt *a, struct err *e)
{
    struct port *port = a->loader.link.port;
    const struct stub *stub = attempt_vendor_stub(a);
    const char *writer = a->result->loader; /* stays in the record: it is what has written */
    regs_forget(&a->loader);
    loader_set_rom(&a->loader);
    a->loader.unsettled_bytes = 0;
    a->knows_size = false;
    bool ok = (!(port->caps & PORT_BAUD) || port_set_baud(port, attempt_sync_baud(a->setup), e)) &&
              board_connect(&a->loader, a->setup->reset, a->result->board.chip, e) &&
              expect_same_board(a, e) && (!stub || attempt_start_stub(a, stub, e)) &&
              step_baud(a, e) && tell_size(a, e);
    a->result->loader = writer;
    return ok;
}

static bool is_right(struct attempt *a, size_t i, struct err *e)
{
    const struct plan_region *r = plan_region(a->result->variant, i);
    uint8_t found[DIGEST_MD5_BYTES];
    if (flash_md5(&a->loader, r, found, e) &&
        flash_judge(&a->loader, r, found, &a->result->differs, e))
        return true;
    if (e->code == ERR_VERIFY)
        a->result->state = BOARD_WRITTEN; /* the first proof is worth nothing */
    return err_wrap(e, "Proved by the fast stub, and then by another loader");
}

bool step_prove_twice(struct attempt *a, struct err *e)
{
    bool proved = a->result->state == BOARD_VERIFIED && a->loader.kind->takes_window;
    if (!a->setup->prove_twice || !proved)
        return true;
    if (!start_other(a, e))
        return false;
    attempt_enter(a, PHASE_VERIFY);
    for (size_t i = 0; i < plan_variant_count(a->result->variant); i++) {
        if (!is_right(a, i, e))
            return false;
    }
    a->result->proved_twice = true;
    return true;
}
