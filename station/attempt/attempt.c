/* The steps into the loader, up to the one that writes; and what all steps need. */
#include "station/attempt/attempt_priv.h"

#include "core/loader/usb.h"

#include <string.h>

const char *phase_word(enum phase phase)
{
    static const char *const words[PHASE_COUNT] = { "open",   "sync", "identify", "gate",
                                                    "stub",   "baud", "erase",    "write",
                                                    "verify", "burn", "leave",    "boot" };
    return phase < PHASE_COUNT ? words[phase] : "open";
}

uint64_t attempt_now_us(const struct attempt *a)
{
    const struct clock *clock = a->loader.link.port->clock;
    return clock->now_us(clock);
}

void attempt_close_phase(struct attempt *a)
{
    uint64_t now = attempt_now_us(a);
    a->phase_us[a->result->phase] += now - a->entered_us;
    a->entered_us = now;
}

void attempt_enter(struct attempt *a, enum phase phase)
{
    const struct attempt_watch *w = a->setup->watch;
    attempt_close_phase(a);
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

bool step_sync(struct attempt *a, struct err *e)
{
    const struct attempt_entry *entry = a->setup->entry;
    attempt_enter(a, PHASE_SYNC);
    if (entry)
        a->phase_us[PHASE_SYNC] += entry->synced_us - entry->began_us;
    bool ok = entry || board_connect(&a->loader, a->setup->reset, attempt_recipe(a)->chip, e);
    a->result->waits = a->loader.waits;
    if (!ok)
        return false;
    a->result->loader = a->loader.kind->word;
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

/* A chip that is not the recipe's need not be able to say more than that. */
static bool is_wrong_chip(const struct attempt *a, const struct err *failure)
{
    const struct chip *found = a->result->board.chip;
    bool by_the_chip = failure->code == ERR_IDENTIFY || failure->code == ERR_BAD_MAC ||
                       failure->code == ERR_NO_FLASH;
    return by_the_chip && found && found != attempt_recipe(a)->chip;
}

/* What could not be read of another chip than the recipe's says nothing about the wire; unless the
 * chip was misread, which the second look shows. */
static bool look_for_chip(struct attempt *a,
                          bool (*identify)(struct loader *l, struct board *b, struct err *e),
                          struct err *e)
{
    struct err failure = { 0 }, again = { 0 };
    if (look(a, identify, &failure))
        return true;
    *e = failure;
    if (!is_wrong_chip(a, &failure) || board_identify_chip(&a->loader, &a->result->board, &again) ||
        !is_wrong_chip(a, &again))
        return false;
    return err_set(e, ERR_WRONG_CHIP, "The board has an %s, and the recipe is for %s (%s)",
                   a->result->board.chip->name, attempt_recipe(a)->chip->name, failure.what);
}

bool step_identify(struct attempt *a, struct err *e)
{
    const struct attempt_entry *entry = a->setup->entry;
    attempt_enter(a, PHASE_IDENTIFY);
    if (!entry)
        return look_for_chip(a, board_identify_chip, e);
    a->phase_us[PHASE_IDENTIFY] += entry->known_us - entry->synced_us;
    a->result->board = entry->board;
    return true;
}

/* Whether the board is one that our own stub was made for: on its UART, its flash where most have
 * it, and as large as three bytes reach. */
static bool suits_fast(const struct attempt *a, const struct board *b)
{
    return !a->setup->no_fast && attempt_flashes(a) && !usb_is_native(a->loader.link.port) &&
           b->spare_spi_pins == 0 && b->flash.size_bytes <= CHIP_FLASH_3_BYTES_MAX;
}

const struct stub *attempt_vendor_stub(const struct attempt *a)
{
    const char *name = board_stub_name(&a->result->board);
    return name ? job_stub_named(a->setup->job, name) : NULL;
}

/* The stub that this board will run; NULL: the ROM does it. */
static const struct stub *stub_for(const struct attempt *a, const struct board *b)
{
    const char *name = board_stub_name(b);
    if (!name || a->setup->use_rom || attempt_recipe(a)->loader == RECIPE_LOADER_ROM)
        return NULL;
    const struct stub *fast = job_fast_stub(a->setup->job, name);
    if (fast && suits_fast(a, b))
        return fast;
    return job_stub_named(a->setup->job, name);
}

static bool behind_rom(const struct board *b, struct err *e)
{
    err_set(e, ERR_FLASH_SIZE, "The images reach behind 16 MB, where the ROM loader cannot write");
    return board_stub_name(b) ? err_hint(e, "It takes the flasher stub: give loader: auto in the "
                                            "recipe; where it is missing, run 'make deps'.")
                              : err_hint(e, "It takes the flasher stub, and none runs on this "
                                            "board: use another.");
}

/* Where a recipe insists on the stub, or its images lie where only a stub reaches, or it only wants
 * to look: what the ROM of this board cannot do must come out before the first erase. */
static bool gate_loader(const struct attempt *a, const struct board *b, struct err *e)
{
    bool stub = a->loader.kind->is_stub || stub_for(a, b);
    if (a->loader.secured && !attempt_flashes(a))
        return err_set(e, ERR_SECURED,
                       "The chip is in Secure Download Mode: nothing in it can be verified");
    if (!stub && attempt_recipe(a)->loader == RECIPE_LOADER_STUB)
        return err_set(e, b->security.secure_boot || a->loader.secured ? ERR_SECURED : ERR_STUB,
                       "The recipe wants the flasher stub, and none runs on this %s",
                       b->chip->name);
    if (!stub && plan_needs_bytes(job_plan(a->setup->job)) > CHIP_FLASH_3_BYTES_MAX)
        return behind_rom(b, e);
    return true;
}

/* Where the fuses are the recipe's as far as they are burnt, what they forbid is what it wants:
 * what is written then is ciphertext by the board's own key, and signed with its keys. */
static struct board as_wished(const struct attempt *a, const struct board *b)
{
    struct board seen = *b;
    if (a->ciphertext)
        seen.security.flash_encryption = false;
    if (a->setup->kind == ATTEMPT_BURN)
        seen.security = (struct chip_security){ 0 }; /* nothing is written */
    return seen;
}

static bool gate(const struct attempt *a, const struct board *b, struct err *e)
{
    const struct board seen = as_wished(a, b);
    if (a->misfit.code != ERR_NONE) {
        *e = a->misfit;
        return false;
    }
    return board_gate(&seen, job_plan(a->setup->job), e) && gate_loader(a, b, e);
}

/* Says who the board is, as far as that is known; once in an attempt. `ok`: it was identified to
 * the end. False: it is refused. */
bool attempt_announce(struct attempt *a, bool ok, struct err *e)
{
    const struct attempt_watch *w = a->setup->watch;
    const struct board *b = &a->result->board;
    if (a->result->identified)
        return true;
    a->result->identified = b->chip && (b->mac.count > 0 || (ok && a->loader.secured));
    struct err misfit = { 0 };
    bool fits = ok && a->result->identified && gate(a, b, &misfit);
    return !a->result->identified || w->board(w->ctx, b, fits, &a->loader, e);
}

bool step_flash(struct attempt *a, struct err *e)
{
    attempt_enter(a, PHASE_IDENTIFY);
    if (!look(a, board_identify_flash, e) || !attempt_look_at_fuses(a, e))
        return false;
    if (attempt_announce(a, true, e))
        return attempt_judge_unit(a, e);
    a->result->phase = PHASE_GATE;
    return false;
}

/* Where a stub is sent next, the answers come while that is under way. */
static bool unprotect(struct attempt *a, struct err *e)
{
    struct loader *l = &a->loader;
    const uint32_t id = a->result->board.flash.id;
    bool asked = false;
    if (!attempt_flashes(a) || l->secured)
        return true;
    if (stub_for(a, &a->result->board) && !spiflash_ask_protection(l, id, &asked, e))
        return err_as_phase(e, ERR_IDENTIFY);
    return asked || spiflash_unprotect(l, id, e) || err_as_phase(e, ERR_IDENTIFY);
}

/* As in identify(): the refusal stands if the board says the same once more. */
static bool refuse(struct attempt *a, struct err *e)
{
    struct board again;
    struct err failure = { 0 };
    if (!board_identify(&a->loader, &again, &failure) || !attempt_look_at_fuses(a, &failure) ||
        !attempt_judge_unit(a, &failure)) {
        *e = failure;
        return false;
    }
    if (!gate(a, &again, &failure))
        return false;
    return err_set(e, ERR_IDENTIFY,
                   "What the board says of itself differs from reading to reading");
}

bool step_gate(struct attempt *a, struct err *e)
{
    attempt_enter(a, PHASE_GATE);
    if (!gate(a, &a->result->board, e))
        return refuse(a, e);
    const struct attempt_watch *w = a->setup->watch;
    const struct plan_variant *shared =
        job_variant(a->setup->job, a->result->board.flash.size_bytes, e);
    a->result->variant = shared && w->variant ? w->variant(w->ctx, shared, e) : shared;
    if (!a->result->variant || !job_security_judge_certs(job_security(a->setup->job), a->setup->own,
                                                         a->result->variant, e))
        return false;
    a->bytes_total = plan_variant_bytes(a->result->variant);
    return attempt_begin_ciphertext(a, e) && unprotect(a, e);
}

/* As the board says, else as the recipe does. 0: nobody knows. */
uint32_t attempt_flash_bytes(const struct attempt *a)
{
    const struct plan_settings *s = plan_settings(job_plan(a->setup->job));
    uint32_t found = a->result->board.flash.size_bytes;
    return found == 0 && s->size == PLAN_SIZE_FIXED ? s->flash_bytes : found;
}

/* At the attempt's rate at once, where that is what it would be changed to next. A careful attempt
 * takes one thing after the other. */
static bool start_stub(struct attempt *a, const struct stub *stub, struct err *e)
{
    struct loader *l = &a->loader;
    char why[BOARD_BAUD_WHY_BYTES];
    uint32_t baud = board_bears_baud(l->chip, stub->kind, a->setup->baud, why, sizeof why);
    bool at_once = !a->setup->careful && l->link.port->baud != baud && !board_has_fixed_baud(l) &&
                   stub_starts_at_any_baud(l, stub);
    return at_once ? stub_start_at(l, stub, baud, flash_told_bytes(attempt_flash_bytes(a)), e)
                   : stub_start(l, stub, e);
}

bool attempt_start_stub(struct attempt *a, const struct stub *stub, struct err *e)
{
    attempt_enter(a, PHASE_STUB);
    if (!start_stub(a, stub, e)) {
        if (e->code == ERR_PROTECTED) /* asked for at the gate, see unprotect */
            a->result->phase = PHASE_GATE;
        return false;
    }
    a->result->loader = a->loader.kind->word;
    a->result->fast = a->result->fast || stub->kind->takes_window;
    return board_attach_stub(&a->loader, &a->result->board, e);
}

bool step_stub(struct attempt *a, struct err *e)
{
    const struct stub *stub = stub_for(a, &a->result->board);
    return !stub || a->loader.kind->is_stub || attempt_start_stub(a, stub, e);
}

static bool change_baud(struct attempt *a, uint32_t baud, struct err *e)
{
    if (board_has_fixed_baud(&a->loader) || a->loader.link.port->baud == baud)
        return true;
    attempt_enter(a, PHASE_BAUD);
    return board_change_baud(&a->loader, baud, e);
}

/* `why`: it is not what was asked for; but it may be still another one, where it is fixed. */
static void tell_baud(struct attempt *a, uint32_t wanted, const char *why)
{
    const struct attempt_watch *w = a->setup->watch;
    const struct port *port = a->loader.link.port;
    bool has_rate = (port->caps & PORT_BAUD) && !usb_is_native(port);
    a->result->baud = usb_is_native(port) ? 0 : port->baud;
    if (!has_rate || (why[0] && port->baud != wanted))
        return;
    a->result->most_baud = why[0] ? port->baud : 0;
    if (w->baud)
        w->baud(w->ctx, port->baud, why);
}

bool step_baud(struct attempt *a, struct err *e)
{
    const struct port *port = a->loader.link.port;
    char why[BOARD_BAUD_WHY_BYTES];
    uint32_t baud =
        board_bears_baud(a->loader.chip, a->loader.kind, a->setup->baud, why, sizeof why);
    if (a->loader.kind->is_stub && port->baud != baud) /* told next, see tell_size */
        flash_foresee_size(&a->loader, attempt_flash_bytes(a));
    if (!change_baud(a, baud, e))
        return false;
    tell_baud(a, baud, why);
    return true;
}

/* What a ROM takes in long frames, as those of the stub's code, without a byte lost: it handles
 * each byte twice and keeps about 1 KB. The mask ROMs of ESP32 and ESP32-C3, in an emulator at 16
 * million instructions a second, lost some from 921600 and 1000000 baud on, at 31 million at
 * 2000000. */
#define EARLY_BAUD_MAX 460800u

/* Before the flash is asked and the stub sent, where the ROM can and the rate lasts: the stub alone
 * takes half a second at 115200 baud. The rest of the way is step_baud's, with the stub. */
bool step_early_baud(struct attempt *a, struct err *e)
{
    const struct board *b = &a->result->board;
    const struct stub *stub = stub_for(a, b);
    bool wanted =
        !a->setup->careful && !a->loader.kind->is_stub && b->chip == attempt_recipe(a)->chip;
    uint32_t baud = a->setup->baud < EARLY_BAUD_MAX ? a->setup->baud : EARLY_BAUD_MAX;
    if (!wanted || !stub || !stub_keeps_baud(&a->loader, stub))
        return true;
    board_foresee_attach(&a->loader);
    return change_baud(a, baud, e);
}
