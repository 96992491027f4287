#include "core/board.h"

#include "core/bootlog.h"
#include "core/usb.h"

#include <stdio.h>
#include <string.h>

#define SYNCS_PER_RESET 5
#define DRAIN_MS        1000u
#define SYNC_PAUSE_MS   50u
#define LOG_MS          300u
#define LOSS_LOG_MS     1200u
#define USB_BACK_MS     10000u
#define USB_RETURNS_MAX 4

/* Bits of GET_SECURITY_INFO's flags. */
#define SECURITY_INFO_BOOT     (1u << 0)
#define SECURITY_INFO_DOWNLOAD (1u << 2)

/* The low-power watchdog, the same on all chips that have it: which key opens its registers, and
 * the value that resets the whole chip in its first stage after 2000 ticks of the slow clock. */
#define WATCHDOG_KEY           0x50D83AA1u
#define WATCHDOG_RESET_TICKS   2000u
#define WATCHDOG_RESETS_SYSTEM (1u << 31 | 5u << 28 | 1u << 8 | 2u)
#define WATCHDOG_SETTLE_MS     500u

#define STRAP_BOOT_HIGH (1u << 3)

/* What must stay: two sectors of the key manager, and the ESP32's boot loader bound by its chip. */
#define KEY_RECOVERY_END_ADDR 0x2000u
#define BOUND_LOADER_END_ADDR 0x8000u

const char *board_state_word(enum board_state state)
{
    switch (state) {
    case BOARD_UNTOUCHED:
        return "untouched";
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

/* ---- Connect ---- */

/* What came since the reset. The link keeps a short tail, and an application that talks pushes the
 * first lines out of it: so the log is looked at between the SYNCs. */
struct heard {
    uint64_t bytes;
    int boot_mode; /* -1: none was readable */
    bool in_loader;
    const struct bootlog_row *cause;
};

static void note_log(const struct loader *l, struct heard *heard)
{
    char text[LINK_TAIL_MAX + 1];
    link_tail_text(&l->link, text, sizeof text);
    const struct bootlog_row *cause = bootlog_find(text);
    int boot_mode = bootlog_boot_mode(text);
    if (cause)
        heard->cause = cause;
    if (boot_mode < 0)
        return;
    heard->boot_mode = boot_mode;
    heard->in_loader = bootlog_in_loader(text);
}

/* The log of a chip that prints at another rate than we sync at is noise: reset it once more and
 * listen at its own rate. Only on the way to a failure, so its time does not matter. */
static bool hear_boot_log(struct loader *l, const struct reset_sequence *sequence,
                          const struct chip *expected, struct heard *heard, struct err *e)
{
    struct port *port = l->link.port;
    struct err ignored = { 0 };
    uint32_t baud = port->baud;
    if (!expected || expected->boot_log_baud == baud || !(port->caps & PORT_BAUD))
        return true;
    bool ok = port_set_baud(port, expected->boot_log_baud, e) && link_discard(&l->link, e) &&
              reset_run(port, sequence, e) &&
              link_listen(&l->link, deadline_in_ms(port->clock, LOG_MS), e);
    note_log(l, heard);
    return port_set_baud(port, baud, ok ? e : &ignored) && ok;
}

/* Turns silence into its cause, from what was heard. */
static bool explain_silence(const struct heard *heard, const struct chip *expected, struct err *e)
{
    const struct bootlog_row *cause = heard->cause;
    if (heard->bytes == 0) {
        err_set(e, ERR_NO_SYNC, "Nothing was received from the board after reset");
        return expected ? err_hint(e, "%s", expected->hint_no_sync) : false;
    }
    if (heard->boot_mode < 0)
        return err_set(e, ERR_NO_SYNC,
                       "Only noise came after reset (%llu bytes), and no reply to SYNC",
                       (unsigned long long)heard->bytes);
    if (heard->in_loader) {
        err_set(e, ERR_NO_SYNC, "The board waits for download, but does not answer SYNC");
        return err_hint(e, "What the station sends does not arrive: check the adapter's TXD line.");
    }
    err_set(e, ERR_WRONG_BOOT_MODE, "The board started in boot mode 0x%x, not for download%s%s",
            (unsigned)heard->boot_mode, cause ? ": " : "", cause ? cause->meaning : "");
    return cause && cause->code == ERR_WRONG_BOOT_MODE ? err_hint(e, "%s", cause->hint) : false;
}

static bool sync_tries(struct loader *l, struct heard *heard, struct err *e)
{
    for (int i = 0; i < SYNCS_PER_RESET; i++) {
        struct err silence = { 0 };
        if (loader_sync(l, &silence))
            return true;
        if (silence.code != ERR_TIMEOUT && silence.code != ERR_FRAME &&
            silence.code != ERR_REFUSED) {
            *e = silence;
            return false;
        }
        note_log(l, heard);
        if (!port_sleep_ms(l->link.port, SYNC_PAUSE_MS, e))
            return false;
    }
    return err_set(e, ERR_TIMEOUT, "no reply to SYNC");
}

/* A chip that is its own USB device may vanish when it is reset, and comes back in its loader: to
 * reset it once more would only send it away again. */
static bool come_back(struct loader *l, struct err *e)
{
    struct port *port = l->link.port;
    if (e->code != ERR_PORT_GONE || !usb_is_native(port))
        return false;
    return port_reopen(port, deadline_in_ms(port->clock, USB_BACK_MS), e) &&
           link_discard(&l->link, e);
}

static bool enter_loader(struct loader *l, const struct reset_sequence *sequence, struct err *e)
{
    struct err failure = { 0 };
    if (!sequence || reset_run(l->link.port, sequence, &failure) || come_back(l, &failure))
        return true;
    *e = failure;
    return false;
}

/* Syncs, as often as it takes: a chip that waits for us is not reset again, and one that has gone
 * is waited for. */
static bool sync_patiently(struct loader *l, struct heard *heard, struct err *e)
{
    bool waited = false;
    for (int returns = 0; returns < USB_RETURNS_MAX;) {
        struct err failure = { 0 };
        if (sync_tries(l, heard, &failure))
            return true;
        if (failure.code == ERR_TIMEOUT && !waited && heard->in_loader) {
            waited = true;
        } else if (come_back(l, &failure)) {
            returns++;
        } else {
            *e = failure;
            return false;
        }
    }
    return err_set(e, ERR_PORT_GONE, "%s comes and goes without end", l->link.port->where);
}

/* The device that a ROM plays exists only while its loader runs. */
static bool is_in_loader_already(struct loader *l, struct heard *heard)
{
    struct err ignored = { 0 };
    return usb_kind_of(l->link.port) == USB_OTG && sync_tries(l, heard, &ignored);
}

static bool reach_loader(struct loader *l, const struct reset_sequence *sequence,
                         struct heard *heard, struct err *e)
{
    if (is_in_loader_already(l, heard))
        return true;
    if (!enter_loader(l, sequence, e))
        return false;
    if (sequence)
        l->stub = l->link.from_stub = false; /* no stub outlives a reset */
    return sync_patiently(l, heard, e);
}

bool board_connect(struct loader *l, const struct reset_sequence *sequence,
                   const struct chip *expected, struct err *e)
{
    struct port *port = l->link.port;
    struct heard heard = { .boot_mode = -1 };
    struct err silence = { 0 };
    if (!link_discard(&l->link, e))
        return false;
    uint64_t before_bytes = port->rx_bytes;
    if (reach_loader(l, sequence, &heard, &silence)) {
        link_forget_tail(&l->link); /* the log of this reset must not be taken for another one's */
        return true;
    }
    heard.bytes = port->rx_bytes - before_bytes;
    if (silence.code != ERR_TIMEOUT) {
        *e = silence;
        return false;
    }
    if (sequence && heard.bytes > 0 && !hear_boot_log(l, sequence, expected, &heard, e))
        return false;
    return explain_silence(&heard, expected, e);
}

/* ---- Identify ---- */

static bool unknown_chip(uint32_t magic, const struct security_info *info, struct err *e)
{
    if (info->has_chip_id)
        return err_set(e, ERR_WRONG_CHIP, "The chip has id %u, which this station does not know",
                       info->chip_id);
    return err_set(e, ERR_WRONG_CHIP, "The chip has magic %08X, which this station does not know",
                   magic);
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
    l->chip = has_registers ? chip_by_magic(magic) : NULL;
    if (l->chip && !(l->chip->flags & CHIP_HAS_SECURITY_INFO))
        return true;
    if (!loader_security_info(l, info, &has_info, e))
        return false;
    l->secured = !has_registers || (info->flags & SECURITY_INFO_DOWNLOAD) != 0;
    if (!l->chip && has_info)
        l->chip = chip_by_security_info(info, l->secured);
    return l->chip || unknown_chip(magic, info, e);
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
 * would restart the chip in mid-work. A stub that runs has stopped them already. */
static bool stop_watchdogs(struct loader *l, struct err *e)
{
    const struct chip_watchdog *w = &l->chip->watchdog;
    if (w->super_config_addr == 0 || l->stub || l->secured || usb_kind_of(l->link.port) != USB_JTAG)
        return true;
    return loader_write_reg(l, w->protect_addr, WATCHDOG_KEY, e) &&
           loader_write_reg(l, w->config0_addr, 0, e) &&
           loader_write_reg(l, w->protect_addr, 0, e) &&
           loader_write_reg(l, w->super_protect_addr, w->super_key, e) &&
           loader_change_reg(l, w->super_config_addr, 0, 1u << w->super_feed_bit, e) &&
           loader_write_reg(l, w->super_protect_addr, 0, e);
}

static bool read_identity(struct loader *l, struct board *b, struct err *e)
{
    const struct chip *c = l->chip;
    return c->read_mac(l, &b->mac, e) && c->read_revision(l, &b->revision, e) &&
           c->read_package(l, &b->package, e) && c->read_security(l, &b->security, e) &&
           loader_crystal_mhz(l, &b->crystal_mhz, e);
}

static bool is_same(const struct board *a, const struct board *b)
{
    return memcmp(&a->mac, &b->mac, sizeof a->mac) == 0 && a->revision == b->revision &&
           a->package == b->package && a->crystal_mhz == b->crystal_mhz &&
           memcmp(&a->security, &b->security, sizeof a->security) == 0;
}

/* No answer of a loader carries a check of its own, and what is read here goes into the record and
 * decides what is done to the board: so it is read twice. */
static bool read_identity_twice(struct loader *l, struct board *b, struct err *e)
{
    struct board again;
    memset(&again, 0, sizeof again);
    if (read_identity(l, b, e) && read_identity(l, &again, e)) {
        if (is_same(b, &again))
            return true;
        err_set(e, ERR_FRAME, "what the chip says of itself differs from reading to reading");
    }
    memset(&b->mac, 0, sizeof b->mac); /* so nobody knows whose board it is */
    return false;
}

/* The ROM does not touch the flash before it is attached; the ESP8266's does so with an empty
 * FLASH_BEGIN. A stub has done it by itself, unless the pins are special. */
static bool attach_flash(struct loader *l, const struct board *b, struct err *e)
{
    uint32_t pins;
    if (l->chip->flags & CHIP_ROM_NO_SPI_SETUP)
        return l->stub || loader_flash_begin(l, false, 0, 0, LOADER_ROM_BLOCK_BYTES, 0,
                                             loader_timeout_ms(0, 0), e);
    if (l->chip->power_flash && !l->chip->power_flash(l, b->revision, e))
        return false;
    if (!l->chip->read_spi_pins(l, &pins, e))
        return false;
    return (l->stub && pins == 0) || loader_spi_attach(l, pins, e);
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
            return spiflash_identify(l, flash, e);
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

static bool identify_secured(struct loader *l, struct board *b, struct err *e)
{
    b->revision = BOARD_REVISION_UNKNOWN;
    b->crystal_mhz = l->chip->crystal.fixed_mhz;
    b->security.secure_download = true;
    return loader_spi_attach(l, 0, e);
}

bool board_identify(struct loader *l, struct board *b, struct err *e)
{
    struct security_info info;
    memset(b, 0, sizeof *b);
    if (!detect(l, &info, e))
        return wire_failure(e, ERR_IDENTIFY, "Identifying the board");
    b->chip = l->chip;
    bool ok = l->secured || (stop_watchdogs(l, e) && read_identity_twice(l, b, e));
    add_security_info(&b->security, &info);
    l->start_pointer_addr = b->security.secure_boot ? l->chip->start_pointer_addr : 0;
    if (ok)
        ok = l->secured ? identify_secured(l, b, e)
                        : attach_flash(l, b, e) && spiflash_reset(l, e) && find_flash(l, b, e);
    return ok || wire_failure(e, ERR_IDENTIFY, "Identifying the board");
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
    return !(port->caps & PORT_BAUD) || usb_is_native(port) ||
           (!l->stub && (l->chip->flags & CHIP_ROM_NO_BAUD)) ||
           (l->secured && (l->chip->flags & CHIP_SECURED_NO_BAUD));
}

bool board_change_baud(struct loader *l, uint32_t baud, struct err *e)
{
    uint32_t request = baud;
    if (l->link.port->baud == baud || board_has_fixed_baud(l))
        return true;
    if ((l->stub || l->chip->rom_baud(l, baud, &request, e)) &&
        loader_change_baud(l, request, baud, e))
        return true;
    return wire_failure(e, ERR_BAUD, "Changing the rate");
}

bool board_attach_stub(struct loader *l, const struct board *b, struct err *e)
{
    if (b->spare_spi_pins == 0 || loader_spi_attach(l, b->spare_spi_pins, e))
        return true;
    return err_as_phase(e, ERR_STUB);
}

/* ---- Gate ---- */

static bool gate_chip(const struct board *b, const struct plan *p, struct err *e)
{
    const struct chip *wanted = plan_settings(p)->chip;
    if (b->chip != wanted)
        return err_set(e, ERR_WRONG_CHIP, "The board has an %s, and the recipe is for %s",
                       b->chip->name, wanted->name);
    for (size_t i = 0; i < plan_image_count(p); i++) {
        if (b->revision != BOARD_REVISION_UNKNOWN &&
            !image_fits_revision(plan_image(p, i), b->chip, b->revision))
            return err_set(e, ERR_CHIP_REVISION,
                           "The chip has revision v%u.%u, and image %zu does not run on it",
                           b->revision / 100, b->revision % 100, i + 1);
    }
    return true;
}

/* The loader then takes what is written and tells nothing: no MAC, no size, no MD5. Whoever wants
 * that says so twice. */
static bool gate_secure_download(const struct board *b, const struct plan_settings *s,
                                 struct err *e)
{
    if (!b->security.secure_download || (s->unproved && s->size == PLAN_SIZE_FIXED))
        return true;
    err_set(e, ERR_SECURED,
            "The chip is in Secure Download Mode, where neither the flash nor its size can be "
            "read");
    return err_hint(e, "To write without any proof, give verify: none and flash.size in the "
                       "recipe; else set the board aside.");
}

static bool gate_encryption(const struct board *b, const struct plan *p, struct err *e)
{
    if (b->security.key_manager && plan_first_addr(p) < KEY_RECOVERY_END_ADDR)
        return err_set(e, ERR_SECURED,
                       "The flash below 0x%x holds the key manager's data, and the recipe writes "
                       "there",
                       KEY_RECOVERY_END_ADDR);
    if (!b->security.flash_encryption || plan_settings(p)->plain_when_encrypted)
        return true;
    err_set(e, ERR_SECURED, "Flash encryption is on: plain images would never start again");
    return err_hint(e, "Where the images are encrypted already, give encrypted: plain in the "
                       "recipe; else set the board aside.");
}

static bool gate_secure_boot(const struct board *b, const struct plan *p, struct err *e)
{
    if (b->security.secure_boot_v1 && plan_first_addr(p) < BOUND_LOADER_END_ADDR)
        return err_set(e, ERR_SECURED,
                       "Secure boot V1 is on, and the recipe writes below 0x%x: another boot "
                       "loader would never start",
                       BOUND_LOADER_END_ADDR);
    bool signed_header = b->security.secure_boot || b->security.secure_download;
    if (!signed_header || !plan_patches(p, b->flash.size_bytes))
        return true;
    err_set(e, ERR_SECURED, "%s is on: a patched header breaks its signature",
            b->security.secure_boot ? "Secure boot" : "Secure Download Mode");
    return err_hint(e, "Build the image for this flash, or write size: keep, mode: keep, freq: "
                       "keep "
                       "under flash in the recipe.");
}

/* Everything that makes a secured board work is in its flash; much of it nobody has a copy of. */
static bool gate_erase(const struct board *b, const struct plan *p, struct err *e)
{
    const struct chip_security *s = &b->security;
    bool secured = s->secure_boot || s->flash_encryption || s->secure_download || s->key_manager;
    if (!secured || !plan_settings(p)->erase_all)
        return true;
    err_set(e, ERR_SECURED, "The chip's security is on, and the recipe erases the whole flash");
    return err_hint(e, "Give erase: needed in the recipe.");
}

static bool gate_security(const struct board *b, const struct plan *p, struct err *e)
{
    return gate_secure_download(b, plan_settings(p), e) && gate_encryption(b, p, e) &&
           gate_secure_boot(b, p, e) && gate_erase(b, p, e);
}

static bool gate_flash(const struct board *b, const struct plan *p, struct err *e)
{
    const struct plan_settings *s = plan_settings(p);
    uint32_t has = b->flash.size_bytes;
    if (has == 0)
        return true; /* an id that no table knows: the images decide, and MD5 proves */
    if (s->size == PLAN_SIZE_FIXED && has < s->flash_bytes)
        return err_set(e, ERR_FLASH_SIZE, "The flash has %u KB, and the recipe asks for %u KB",
                       has / 1024, s->flash_bytes / 1024);
    if (has < plan_kept_flash_bytes(p)) {
        err_set(e, ERR_FLASH_SIZE,
                "The flash has %u KB, and the header of the boot image says %u KB: it would not "
                "start",
                has / 1024, plan_kept_flash_bytes(p) / 1024);
        return err_hint(e, "Give flash.size: detect in the recipe, or use a board with that "
                           "flash.");
    }
    if (has < plan_needs_bytes(p))
        return err_set(e, ERR_FLASH_SIZE, "The flash has %u KB, and the images need %u KB",
                       has / 1024, (plan_needs_bytes(p) + 1023) / 1024);
    return true;
}

bool board_gate(const struct board *b, const struct plan *p, struct err *e)
{
    return gate_chip(b, p, e) && gate_security(b, p, e) && gate_flash(b, p, e);
}

/* ---- Loss ---- */

/* The log comes at the chip's own rate: at another one it was noise, and a board that starts over
 * and over says it again. */
static bool hear_own_log(struct loader *l, struct err *e)
{
    struct port *port = l->link.port;
    uint32_t baud = l->chip->boot_log_baud;
    if (port->baud == baud || !(port->caps & PORT_BAUD))
        return true;
    return port_set_baud(port, baud, e) && link_discard(&l->link, e) &&
           link_listen(&l->link, deadline_in_ms(port->clock, LOSS_LOG_MS), e);
}

void board_explain_loss(struct loader *l, struct err *e)
{
    char text[LINK_TAIL_MAX + 1];
    struct err ignored = { 0 };
    if (!l->chip || e->wire != ERR_TIMEOUT || !hear_own_log(l, &ignored))
        return;
    link_tail_text(&l->link, text, sizeof text);
    const struct bootlog_row *cause = bootlog_find(text);
    if (!bootlog_has_banner(text) && !cause)
        return;
    size_t used = strlen(e->what);
    snprintf(e->what + used, sizeof e->what - used, "; the board has reset itself and says: %s",
             cause ? cause->meaning : "started anew");
    err_hint(e, "A reset in mid-work is the supply as a rule: use a short cable or a powered hub, "
                "and put 100 uF beside the module.");
}

/* ---- Leave ---- */

/* Without a reset line only the ROM can be asked to restart. The ESP8266's answers 01 06 although
 * it restarts ("Failed to leave Flash mode", esptool issue 1), and the ESP32's may be gone before
 * its answer is out: neither is a failure. */
static bool leave_by_command(struct loader *l, struct err *e)
{
    struct err refusal = { 0 };
    if (l->stub)
        return err_set(e, ERR_FINISH,
                       "The port has no reset line, and the flasher stub cannot restart the chip");
    if (!loader_flash_begin(l, false, 0, 0, LOADER_ROM_BLOCK_BYTES, 0, loader_timeout_ms(0, 0), e))
        return err_as_phase(e, ERR_FINISH);
    if (loader_flash_end(l, &refusal) || refusal.code == ERR_TIMEOUT)
        return true;
    if (refusal.code == ERR_REFUSED && refusal.chip_status[1] == STATUS_ROM_EXECUTION)
        return true;
    *e = refusal;
    return err_as_phase(e, ERR_FINISH);
}

/* The console's rate, where somebody will listen: set when the last word to the loader is said, so
 * that no word of the application is lost. */
static bool tune_to_console(struct loader *l, struct err *e)
{
    struct port *port = l->link.port;
    if (l->leave_baud == 0 || !(port->caps & PORT_BAUD))
        return true;
    return port_drain(port, deadline_in_ms(port->clock, DRAIN_MS), e) &&
           port_set_baud(port, l->leave_baud, e);
}

bool board_leave_by_watchdog(struct loader *l, struct err *e)
{
    const struct chip_watchdog *w = &l->chip->watchdog;
    struct err silence = { 0 };
    if (!w->resets || l->secured)
        return err_set(e, ERR_FINISH, "The %s cannot be restarted by its watchdog%s", l->chip->name,
                       l->secured ? " in Secure Download Mode" : "");
    if (!loader_write_reg(l, w->protect_addr, WATCHDOG_KEY, e) ||
        !loader_write_reg(l, w->config1_addr, WATCHDOG_RESET_TICKS, e)) {
        err_as_phase(e, ERR_FINISH);
        return err_wrap(e, "Arming the watchdog");
    }
    /* From here on it may bite before an answer is out, or the port may be gone with it. */
    if (loader_fire_reg(l, w->config0_addr, WATCHDOG_RESETS_SYSTEM, &silence))
        loader_fire_reg(l, w->protect_addr, 0, &silence);
    tune_to_console(l, &silence);
    return port_sleep_ms(l->link.port, WATCHDOG_SETTLE_MS, e);
}

static bool ends_work(const struct err *e)
{
    return e->code == ERR_STOPPED || e->code == ERR_PORT_GONE;
}

/* A register of the ESP32-S3 keeps it in the loader through every reset but a power-on (issue 6762
 * of arduino-esp32). Where it cannot be cleared the reset is tried all the same. */
static bool release_forced_download(struct loader *l, struct err *e)
{
    struct err failure = { 0 };
    if (!l->chip || l->secured || !(l->chip->flags & CHIP_FORCED_DOWNLOAD_STAYS) ||
        loader_change_reg(l, l->chip->forced_download_addr, 1, 0, &failure) || !ends_work(&failure))
        return true;
    *e = failure;
    return false;
}

/* Over the USB device of its ROM, RTS restarts a chip but does not make it read its straps again.
 * Where that cannot be asked, RTS is all there is. */
static bool needs_watchdog(struct loader *l, bool *needs, struct err *e)
{
    struct err failure = { 0 };
    uint32_t straps = STRAP_BOOT_HIGH, forced = 0;
    const struct chip *c = l->chip;
    *needs = false;
    if (!c || l->secured || usb_kind_of(l->link.port) != USB_OTG)
        return true;
    if (c->strap_addr != 0 && !(loader_read_reg(l, c->strap_addr, &straps, &failure) &&
                                loader_read_reg(l, c->forced_download_addr, &forced, &failure))) {
        straps = STRAP_BOOT_HIGH;
        if (ends_work(&failure)) {
            *e = failure;
            return false;
        }
    }
    *needs =
        (c->flags & CHIP_OTG_LEAVES_BY_WATCHDOG) || (!(straps & STRAP_BOOT_HIGH) && !(forced & 1));
    return true;
}

static const struct reset_sequence *leaving_sequence(const struct loader *l)
{
    enum usb_kind kind = usb_kind_of(l->link.port);
    if (kind == USB_HOLDS_LINES)
        return &reset_hard_holding;
    if (kind == USB_OTG || (kind == USB_JTAG && l->chip && (l->chip->flags & CHIP_JTAG_SLOW_RESET)))
        return &reset_hard_slow;
    return &reset_hard;
}

/* A port that goes while the chip restarts has done its duty, if it is the chip's own. */
bool board_leave_by(struct loader *l, const struct reset_sequence *sequence, struct err *e)
{
    struct port *port = l->link.port;
    struct err failure = { 0 };
    if (link_discard(&l->link, &failure) && tune_to_console(l, &failure) &&
        reset_run(port, sequence, &failure))
        return true;
    if (failure.code == ERR_PORT_GONE && usb_is_native(port))
        return true;
    *e = failure;
    return err_wrap(e, "Resetting the board");
}

bool board_leave(struct loader *l, bool reset, struct err *e)
{
    bool by_watchdog;
    if (!reset || !(l->link.port->caps & PORT_LINES))
        return leave_by_command(l, e);
    if (!release_forced_download(l, e) || !needs_watchdog(l, &by_watchdog, e))
        return false;
    return by_watchdog ? board_leave_by_watchdog(l, e) : board_leave_by(l, leaving_sequence(l), e);
}
