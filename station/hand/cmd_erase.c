/* espstation erase: a part of the flash, or all of it, and the proof that it is blank. */
#include "core/flash/erase.h"
#include "core/flash/flash.h"
#include "core/flash/size_proof.h"
#include "station/cli/option_rows.h"
#include "station/hand/hand.h"

/* What was asked for; the same for all ports. */
struct erase_order {
    const char *reset;
    bool all;
    uint32_t from, size_bytes;
    struct stub_set *stubs; /* NULL: the ROM loader */
};

struct watch {
    const struct hand_slot *slot;
    struct hand_progress progress;
    uint32_t total;
};

static void tell(void *ctx, uint32_t bytes_done)
{
    struct watch *w = ctx;
    hand_tell_progress(&w->progress, w->slot, "erasing", bytes_done, w->total);
}

static bool check_range(const struct erase_order *o, const struct board *b, struct err *e)
{
    uint32_t has = b->flash.size_bytes;
    if (has == 0 || (o->from < has && o->size_bytes <= has - o->from))
        return true;
    err_set(e, ERR_FLASH_SIZE, "The flash ends at 0x%x, and 0x%x bytes from 0x%x are asked for",
            has, o->size_bytes, o->from);
    return err_hint(e, "Nothing was erased. Give --from and --size within the flash.");
}

/* In Secure Download Mode the chip tells no MD5, and can only be believed. */
static bool prove(struct hand *h, uint32_t from, uint32_t size_bytes, struct err *e)
{
    return h->board.security.secure_download || erase_prove(h->loader, from, size_bytes, e);
}

/* Protection by status bits would let the erase do nothing, and say nothing. */
static bool unprotect(struct hand *h, struct err *e)
{
    return h->loader->secured || spiflash_unprotect(h->loader, h->board.flash.id, e) ||
           err_as_phase(e, ERR_ERASE);
}

static bool erase_all(struct hand *h, const struct hand_slot *slot, struct err *e)
{
    uint32_t bytes = h->board.flash.size_bytes ? h->board.flash.size_bytes : FLASH_ASSUMED_BYTES;
    hand_say(slot, "erasing all %u KB", bytes / 1024);
    return flash_erase_all(h->loader, h->board.flash.size_bytes, e) && prove(h, 0, bytes, e);
}

/* In a flash that is smaller than it says, another place would be erased: the boot loader for one.
 */
static bool check_size(struct hand *h, const struct erase_order *o, struct err *e)
{
    if (size_proof_range(h->loader, h->board.flash.size_bytes, o->from, o->size_bytes, e))
        return true;
    if (e->code == ERR_FLASH_SIZE_FALSE)
        err_hint(e, "Nothing was erased, for it may be another place than is meant. Set the board "
                    "aside; or erase the whole flash: --yes without --from and --size.");
    return false;
}

static bool erase_part(struct hand *h, const struct hand_slot *slot, const struct erase_order *o,
                       struct err *e)
{
    struct watch w = { .slot = slot, .total = o->size_bytes };
    const struct erase_progress progress = { tell, &w };
    return check_range(o, &h->board, e) && check_size(h, o, e) &&
           erase_region(h->loader, o->from, o->size_bytes, &progress, e) &&
           prove(h, o->from, o->size_bytes, e);
}

static void say_done(const struct hand *h, const struct hand_slot *slot,
                     const struct erase_order *o)
{
    const char *proof = h->board.security.secure_download ? "erased; the chip allows no proof"
                                                          : "erased, and proved blank by MD5";
    if (o->all)
        hand_result(slot, "the whole flash is %s", proof);
    else
        hand_result(slot, "0x%x to 0x%x is %s", o->from, o->from + o->size_bytes - 1, proof);
}

static bool work(const struct hand_slot *slot, void *ctx, struct err *e)
{
    const struct erase_order *o = ctx;
    struct hand h = { 0 };
    bool ok = hand_open(&h, slot, o->reset, e) && unprotect(&h, e) &&
              hand_start(&h, o->stubs, 0, e) &&
              (o->all ? erase_all(&h, slot, e) : erase_part(&h, slot, o, e));
    if (ok)
        say_done(&h, slot, o);
    hand_close(&h);
    return ok;
}

/* ---- Command ---- */

struct erase_options {
    struct slot_choice choice;
    const char *from, *size, *stubs;
    bool yes, rom;
};

static bool check_part(const struct erase_options *in, struct erase_order *o, struct err *e)
{
    if (!in->from || !in->size)
        return err_set(e, ERR_USAGE, "A part of the flash needs both --from and --size");
    if (!hand_parse_bytes("--from", in->from, &o->from, e) ||
        !hand_parse_bytes("--size", in->size, &o->size_bytes, e))
        return false;
    if (o->size_bytes > 0 && o->size_bytes % ERASE_SECTOR_BYTES == 0 &&
        o->from % ERASE_SECTOR_BYTES == 0 && o->size_bytes - 1 <= UINT32_MAX - o->from)
        return true;
    err_set(e, ERR_USAGE, "0x%x bytes from 0x%x on cannot be erased", o->size_bytes, o->from);
    return err_hint(e, "Flash is erased in sectors: give multiples of 0x%x.", ERASE_SECTOR_BYTES);
}

/* Here no port is guessed: what was erased by mistake is gone. */
static bool check_named(const struct erase_options *in, struct err *e)
{
    if (in->choice.ports.count > 0 || in->choice.slots.count > 0)
        return true;
    err_set(e, ERR_USAGE, "No port is given, and an erase does not guess");
    return err_hint(e, "Name the port or the slot: --port /dev/ttyUSB0, --slot A1. See: espstation "
                       "identify");
}

static bool check_options(const struct erase_options *in, struct erase_order *o, struct err *e)
{
    const size_t count = in->choice.ports.count;
    o->all = !in->from && !in->size;
    if (!o->all)
        return check_part(in, o, e);
    if (in->yes)
        return true;
    err_set(e, ERR_USAGE, "This would erase the whole flash of %zu board%s", count,
            count == 1 ? "" : "s");
    return err_hint(e, "If that is meant, add --yes; for a part give --from and --size.");
}

static enum exit_status erase(int argc, char **argv)
{
    struct erase_options in = { 0 };
    struct erase_order o = { .reset = "auto" };
    const struct option_row rows[] = {
        { "--port", "PORT", "a port whose board is erased; repeat it", NULL, NULL,
          &in.choice.ports },
        OPTION_SLOTS("erase", &in.choice.slots),
        OPTION_STATION(&in.choice.station_path),
        { "--from", "OFFSET", "the first byte of a part, as in 0x9000", NULL, &in.from, NULL },
        { "--size", "BYTES", "how many, as in 0x6000 or 24K", NULL, &in.size, NULL },
        { "--yes", NULL, "erase the whole flash", &in.yes, NULL, NULL },
        OPTION_RESET(&o.reset),
        OPTION_ROM(&in.rom),
        OPTION_STUBS(&in.stubs),
    };
    enum exit_status status;
    struct err e = { 0 };
    size_t count;
    if (!cmd_parse(&cmd_erase, rows, sizeof rows / sizeof rows[0], argc, argv, NULL, 0, &count,
                   &status))
        return status;
    if (check_named(&in, &e) && hand_check_reset(o.reset, &e) && slot_choice_make(&in.choice, &e) &&
        check_options(&in, &o, &e) && (in.rom || (o.stubs = stub_set_new(in.stubs, &e)) != NULL)) {
        cmd_warn_of_stubs(o.stubs);
        status = hands_run(&in.choice, &(struct hand_tool){ .work = work, .ctx = &o });
    } else {
        cmd_print_err(&e);
        status = cmd_status_of(&e);
    }
    stub_set_free(o.stubs);
    slot_choice_done(&in.choice);
    return status;
}

const struct cmd cmd_erase = { "erase", "--port PORT | --slot NAME [options]",
                               "Erases the flash, or a part of it, and proves it blank.", erase };
