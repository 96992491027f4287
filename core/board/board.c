#include "core/board/board.h"

#include "core/board/board_priv.h"
#include "core/loader/regs.h"
#include "core/loader/usb.h"

#include <stdio.h>
#include <string.h>

/* Bits of GET_SECURITY_INFO's flags. */
#define SECURITY_INFO_BOOT     (1u << 0)
#define SECURITY_INFO_DOWNLOAD (1u << 2)

const char *board_state_word(enum board_state state)
{
    switch (state) {
    case BOARD_UNTOUCHED:
        return "untouched";
    case BOARD_UNKNOWN:
        return "unknown";
    case BOARD_HALF_WRITTEN:
        return "half-written";
    case BOARD_WRITTEN:
        return "written";
    case BOARD_VERIFIED:
        return "verified";
    case BOARD_RUNNING:
        return "running";
    }
    return "untouched";
}

const char *board_state_text(enum board_state state)
{
    return state == BOARD_UNKNOWN ? "in an unknown state" : board_state_word(state);
}

void board_mac_text(const struct chip_mac *mac, char text[static BOARD_MAC_TEXT_BYTES])
{
    text[0] = '\0';
    for (size_t i = 0; i < mac->count; i++)
        snprintf(text + 3 * i, 4, "%02x%s", mac->bytes[i], i + 1 < mac->count ? ":" : "");
}

/* What went wrong on the wire says only which command it was: the phase, and what was being done,
 * make a sentence of it. Other failures have theirs. */
static bool wire_failure(struct err *e, enum err_code phase_code, const char *doing)
{
    err_as_phase(e, phase_code);
    return e->wire == ERR_NONE ? false : err_wrap(e, "%s", doing);
}

/* ---- Identify ---- */

static bool unknown_chip(uint32_t magic, const struct security_info *info, struct err *e)
{
    if (!info->has_chip_id && (magic == 0 || magic == UINT32_MAX))
        return err_set(e, ERR_FRAME, "what tells the chip reads as %08X", magic);
    if (info->has_chip_id)
        err_set(e, ERR_WRONG_CHIP, "The chip has id %u, which this station does not know",
                info->chip_id);
    else
        err_set(e, ERR_WRONG_CHIP, "The chip has magic %08X, which this station does not know",
                magic);
    return err_hint(e, "Put a board in that it knows (espstation chips); or try once more: a bit "
                       "may have turned on the wire.");
}

/* The one chip that tells its security and not its id: short information and a value in ROM. */
static const struct chip *chip_without_id(void)
{
    for (size_t i = 0; i < chip_count(); i++) {
        const struct chip *c = chip_at(i);
        if (c->magic != 0 && (c->flags & CHIP_HAS_SECURITY_INFO))
            return c;
    }
    return NULL;
}

/* Ids of chips that are told by the value in ROM never come this way. */
static const struct chip *chip_by_security_info(const struct security_info *info, bool secured)
{
    if (!info->has_chip_id)
        return secured ? chip_without_id() : NULL;
    const struct chip *chip =
        info->chip_id < CHIP_NO_IMAGE_ID ? chip_by_image_id((uint16_t)info->chip_id) : NULL;
    return chip && chip->magic == 0 ? chip : NULL;
}

/* Before a board is set aside for good, what tells its chip must have come the same way twice. */
static bool says_the_same_again(struct loader *l, uint32_t magic, bool has_info, struct err *e)
{
    uint32_t again;
    struct security_info info;
    bool has_info_now = has_info;
    if (!loader_read_reg(l, CHIP_MAGIC_ADDR, &again, e) ||
        (!has_info && !loader_security_info(l, &info, &has_info_now, e)))
        return false;
    if (again == magic && has_info_now == has_info)
        return true;
    return err_set(e, ERR_FRAME, "what tells the chip differs from reading to reading");
}

/* The value in ROM is that of a chip which tells its security, and no id with it. */
static bool contradicts_itself(const struct loader *l, const struct security_info *info,
                               bool has_info)
{
    return l->chip && l->kind->has_chip_info && (!has_info || info->has_chip_id);
}

static bool refuse_contradiction(struct loader *l, const struct security_info *info, bool has_info,
                                 struct err *e)
{
    const char *name = l->chip->name;
    loader_set_chip(l, NULL);
    if (!has_info)
        return err_set(e, ERR_WRONG_CHIP,
                       "The chip has the magic of %s, whose loader knows GET_SECURITY_INFO, and "
                       "this one does not: it is another chip",
                       name);
    const struct chip *other =
        info->chip_id < CHIP_NO_IMAGE_ID ? chip_by_image_id((uint16_t)info->chip_id) : NULL;
    return err_set(e, ERR_WRONG_CHIP, "The chip has the magic of %s and id %u, which is %s's", name,
                   info->chip_id, other ? other->name : "nobody");
}

/* The old chips tell by a value in ROM, the others by GET_SECURITY_INFO, which the old ones do not
 * know; so the value is read first, and nobody is asked what it cannot answer. A chip that refuses
 * the read is in Secure Download Mode. */
static bool detect(struct loader *l, struct security_info *info, struct err *e)
{
    uint32_t magic = 0;
    bool has_registers, has_info;
    memset(info, 0, sizeof *info);
    if (!loader_probe_reg(l, CHIP_MAGIC_ADDR, &magic, &has_registers, e))
        return false;
    loader_set_chip(l, has_registers ? chip_by_magic(magic) : NULL);
    if (l->chip && !(l->chip->flags & CHIP_HAS_SECURITY_INFO))
        return true;
    if (!loader_security_info(l, info, &has_info, e))
        return false;
    l->secured = (info->flags & SECURITY_INFO_DOWNLOAD) != 0;
    if (!has_registers && !l->secured)
        return err_set(e, ERR_FRAME,
                       "the chip refuses to be read, but is not in Secure Download Mode");
    if (contradicts_itself(l, info, has_info))
        return refuse_contradiction(l, info, has_info, e);
    if (!l->chip && has_info)
        loader_set_chip(l, chip_by_security_info(info, l->secured));
    if (l->chip || (has_registers && !says_the_same_again(l, magic, has_info, e)))
        return l->chip != NULL;
    return unknown_chip(magic, info, e);
}

/* What the chip answers to GET_SECURITY_INFO and what its fuses say should be the same; if not, the
 * stricter counts. */
static void add_security_info(struct chip_security *s, const struct security_info *info)
{
    s->secure_boot = s->secure_boot || (info->flags & SECURITY_INFO_BOOT);
    s->secure_download = s->secure_download || (info->flags & SECURITY_INFO_DOWNLOAD);
    s->flash_encryption = s->flash_encryption || __builtin_parity(info->crypt_count);
}

/* Over the chip's own Serial/JTAG unit the reset into the loader leaves them running, and they
 * would restart the chip in mid-work. A stub that runs has stopped them already. Behind a server
 * nobody knows what hangs, and where they do not run, stopping them harms nothing. */
static bool stop_watchdogs(struct loader *l, struct err *e)
{
    const struct chip_watchdog *w = &l->chip->watchdog;
    const struct port *port = l->link.port;
    bool may_run = usb_kind_of(port) == USB_JTAG || port->ops->remote;
    if (w->super_config_addr == 0 || l->kind->stops_watchdogs || l->secured || !may_run)
        return true;
    return loader_write_reg(l, w->protect_addr, WATCHDOG_KEY, e) &&
           loader_write_reg(l, w->config0_addr, 0, e) &&
           loader_write_reg(l, w->protect_addr, 0, e) &&
           loader_write_reg(l, w->super_protect_addr, w->super_key, e) &&
           loader_change_reg(l, w->super_config_addr, 0, 1u << w->super_feed_bit, e) &&
           loader_write_reg(l, w->super_protect_addr, 0, e);
}

/* A MAC that is refused names no board: two such boards are not the same. */
static bool read_mac(struct loader *l, struct board *b, struct err *e)
{
    if (l->chip->read_mac(l, &b->mac, e))
        return true;
    b->mac.count = 0;
    return false;
}

static bool read_all(struct loader *l, struct board *b, struct err *e)
{
    const struct chip *c = l->chip;
    return read_mac(l, b, e) && c->read_revision(l, &b->revision, e) &&
           c->read_package(l, &b->package, e) && c->read_security(l, &b->security, e) &&
           regs_crystal_mhz(l, &b->crystal_mhz, e);
}

/* Asks all readers what they will want to know, also those that come later, so that the chip is
 * asked for it at one go. What they make of the zeros they get meanwhile does not matter. */
static void note_identity(struct loader *l)
{
    const struct chip *c = l->chip;
    struct board unread = { .chip = c };
    struct err ignored = { 0 };
    uint32_t value;
    regs_forget(l);
    regs_note(l);
    l->kind->baud_request(l, l->link.port->baud, &value, &ignored);
    c->read_mac(l, &unread.mac, &ignored);
    c->read_revision(l, &unread.revision, &ignored);
    c->read_package(l, &unread.package, &ignored);
    c->read_security(l, &unread.security, &ignored);
    c->read_spi_pins(l, &value, &ignored);
    if (c->rom_baud_addr != 0 && !l->kind->is_stub) /* for the stub that it will start */
        regs_read_fixed(l, c->rom_baud_addr, &value, &ignored);
    regs_crystal_mhz(l, &value, &ignored);
    spiflash_note(l);
}

static bool read_identity(struct loader *l, struct board *b, struct err *e)
{
    note_identity(l);
    return regs_fetch(l, e) && read_all(l, b, e);
}

static bool attach_flash(struct loader *l, const struct board *b, struct err *e)
{
    uint32_t pins;
    if (l->chip->power_flash && !l->chip->power_flash(l, b->revision, e))
        return false;
    return l->chip->read_spi_pins(l, &pins, e) && l->kind->attach(l, pins, e);
}

/* Whether the sequence has helped is for the id to say (esptool said so unasked up to 5.4). */
static bool identify_woken(struct loader *l, struct spiflash *flash, struct err *e)
{
    if (!spiflash_identify(l, flash, e))
        return false;
    if (spiflash_is_awake(flash->id))
        return true;
    err_set(e, ERR_NO_FLASH, "The flash chip is one of XMC that has not started: its id reads %06X",
            flash->id);
    return err_hint(e, "Take the board's power away for some seconds, then try again.");
}

/* A part that has come up half asleep is woken and asked again. */
static bool read_flash_id(struct loader *l, struct spiflash *flash, struct err *e)
{
    struct err failure = { 0 };
    bool woken, ok = spiflash_identify(l, flash, &failure);
    if (ok && spiflash_id_is_sound(flash->id))
        return true;
    if (ok || failure.code == ERR_NO_FLASH) {
        if (!spiflash_wake(l, &woken, e))
            return false;
        if (woken)
            return identify_woken(l, flash, e);
    }
    if (!ok)
        *e = failure;
    return ok;
}

/* An id that no table knows, from a vendor nobody knows, may be noise: a flash that is there tells
 * its parameters. */
static bool check_flash_id(struct loader *l, const struct spiflash *flash, struct err *e)
{
    bool has_parameters;
    if (flash->size_bytes != 0 || spiflash_vendor(flash->id))
        return true;
    if (!spiflash_has_parameters(l, &has_parameters, e))
        return false;
    return has_parameters || err_set(e, ERR_NO_FLASH,
                                     "The flash chip does not answer: its id reads %06X, and it "
                                     "has no parameters",
                                     flash->id);
}

/* Some packages have their flash at other pins than their fuses say (the first ESP32-PICO-D4). */
static bool find_flash(struct loader *l, struct board *b, struct err *e)
{
    struct err failure = { 0 }, ignored = { 0 };
    if (read_flash_id(l, &b->flash, &failure))
        return check_flash_id(l, &b->flash, e);
    uint32_t spare = l->chip->spare_spi_pins;
    if (failure.code == ERR_NO_FLASH && spare != 0 && loader_spi_attach(l, spare, &ignored) &&
        spiflash_identify(l, &b->flash, &ignored)) {
        b->spare_spi_pins = spare;
        return true;
    }
    *e = failure;
    return false;
}

/* Through its own USB device the chip takes small blocks only. Ports without USB ids do not tell
 * whether that is what hangs at their end: an upload to RAM is small and stays on the safe side (as
 * esptool does since 5.5, e781a1c); for the flash the ROM is asked. */
static bool choose_blocks(struct loader *l, const struct board *b, struct err *e)
{
    const struct chip_console *known = NULL;
    uint32_t value;
    if (l->small_blocks || !(l->chip->flags & CHIP_USB_OTG) || l->link.port->usb.vid != 0)
        return true;
    l->mem_block_bytes = LOADER_USB_BLOCK_BYTES;
    for (size_t i = 0; i < sizeof l->chip->console / sizeof l->chip->console[0]; i++) {
        const struct chip_console *c = &l->chip->console[i];
        known = c->addr != 0 && b->revision >= c->from_revision ? c : known;
    }
    if (!known)
        return true;
    if (!loader_read_reg(l, known->addr, &value, e))
        return false;
    l->small_blocks = (value & 0xFF) == known->otg;
    return true;
}

/* What a flash that does not answer may miss. */
static bool explain_no_flash(const struct board *b, struct err *e)
{
    uint32_t known = b->chip->power_known_revision;
    if (e->code == ERR_NO_FLASH && known != 0 && b->revision > known)
        err_hint(e,
                 "Revision %u.%u of this chip is newer than this station: its flash may have to be "
                 "powered first. Look for a newer station; esptool 5.7 or later can.",
                 b->revision / 100, b->revision % 100);
    return false;
}

bool board_identify_chip(struct loader *l, struct board *b, struct err *e)
{
    struct security_info info;
    memset(b, 0, sizeof *b);
    if (!detect(l, &info, e))
        return wire_failure(e, ERR_IDENTIFY, "Identifying the board");
    b->chip = l->chip;
    if (l->secured) {
        b->revision = BOARD_REVISION_UNKNOWN;
        b->crystal_mhz = l->chip->crystal.fixed_mhz;
        b->security.secure_download = true;
    }
    bool ok =
        l->secured || (stop_watchdogs(l, e) && read_identity(l, b, e) && choose_blocks(l, b, e));
    add_security_info(&b->security, &info);
    ok = ok && (l->secured || board_read_keys(l, b, e));
    l->start_pointer_addr = b->security.secure_boot ? l->chip->start_pointer_addr : 0;
    return ok || wire_failure(e, ERR_IDENTIFY, "Identifying the board");
}

void board_foresee_attach(struct loader *l)
{
    uint32_t pins;
    struct err ignored = { 0 };
    bool plain = l->kind->has_set_params && !l->chip->power_flash;
    if (plain && !l->secured && l->chip->read_spi_pins(l, &pins, &ignored))
        loader_first_attach(l, pins);
}

bool board_identify_flash(struct loader *l, struct board *b, struct err *e)
{
    bool ok = l->secured ? loader_spi_attach(l, 0, e)
                         : attach_flash(l, b, e) && (find_flash(l, b, e) || explain_no_flash(b, e));
    return ok || wire_failure(e, ERR_IDENTIFY, "Identifying the flash");
}

bool board_identify(struct loader *l, struct board *b, struct err *e)
{
    return board_identify_chip(l, b, e) && board_identify_flash(l, b, e);
}

const char *board_stub_name(const struct board *b)
{
    const struct chip *c = b->chip;
    if (b->security.secure_download)
        return NULL;
    if (b->security.secure_boot && (c->flags & CHIP_SECURE_BOOT_NO_STUB))
        return NULL;
    return b->revision < c->stub_min_revision ? c->stub_below : c->id_name;
}

bool board_has_fixed_baud(const struct loader *l)
{
    const struct port *port = l->link.port;
    return !(port->caps & PORT_BAUD) || usb_is_native(port) || !l->kind->changes_baud ||
           (l->secured && (l->chip->flags & CHIP_SECURED_NO_BAUD));
}

uint32_t board_bears_baud(const struct chip *c, const struct loader_kind *kind, uint32_t asked,
                          char *why, size_t cap)
{
    why[0] = '\0';
    if (asked <= kind->max_baud)
        return asked;
    snprintf(why, cap, "%u baud is more than the %s of the %s is known to bear: at most %u baud",
             asked, kind->is_stub ? "flasher stub" : "ROM loader", c->name, kind->max_baud);
    return kind->max_baud;
}

bool board_change_baud(struct loader *l, uint32_t baud, struct err *e)
{
    uint32_t request;
    if (l->link.port->baud == baud || board_has_fixed_baud(l))
        return true;
    if (l->kind->baud_request(l, baud, &request, e) && loader_change_baud(l, request, baud, e)) {
        regs_forget_divider(l);
        return true;
    }
    return wire_failure(e, ERR_BAUD, "Changing the rate");
}

bool board_attach_stub(struct loader *l, const struct board *b, struct err *e)
{
    if (b->spare_spi_pins == 0 || loader_spi_attach(l, b->spare_spi_pins, e))
        return true;
    return err_as_phase(e, ERR_STUB);
}
