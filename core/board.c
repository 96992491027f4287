#include "core/board.h"

#include "core/bootlog.h"

#include <stdio.h>
#include <string.h>

#define SYNCS_PER_RESET 5
#define SYNC_PAUSE_MS   50u
#define LOG_MS          300u
#define LOSS_LOG_MS     1200u

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

bool board_connect(struct loader *l, const struct reset_sequence *sequence,
                   const struct chip *expected, struct err *e)
{
    struct port *port = l->link.port;
    struct heard heard = { .boot_mode = -1 };
    struct err silence = { 0 };
    if (!link_discard(&l->link, e))
        return false;
    uint64_t before_bytes = port->rx_bytes;
    if (sequence && !reset_run(port, sequence, e))
        return false;
    if (sequence)
        l->stub = l->link.from_stub = false; /* no stub outlives a reset */
    bool synced = sync_tries(l, &heard, &silence);
    if (!synced && silence.code == ERR_TIMEOUT && heard.in_loader) {
        silence = (struct err){ 0 };
        synced = sync_tries(l, &heard, &silence); /* it waits for us: why reset it again? */
    }
    if (synced) {
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

/* The old chips tell by a value in ROM, the others by GET_SECURITY_INFO, which the old ones do not
 * know; so the value is read first, and nobody is asked what it cannot answer. A chip that refuses
 * the read is in Secure Download Mode. */
static bool detect(struct loader *l, struct err *e)
{
    uint32_t magic = 0;
    bool known = false;
    struct security_info info = { 0 };
    if (!loader_probe_reg(l, CHIP_MAGIC_ADDR, &magic, &known, e))
        return false;
    l->chip = known ? chip_by_magic(magic) : NULL;
    if (l->chip)
        return true;
    if (!loader_security_info(l, &info, &known, e))
        return false;
    const struct chip *chip =
        info.chip_id < CHIP_NO_IMAGE_ID ? chip_by_image_id((uint16_t)info.chip_id) : NULL;
    /* Id 0 is the ESP32's, which has no such command: only later chips tell their id this way. */
    if (info.has_chip_id && chip && (chip->flags & CHIP_HAS_SECURITY_INFO))
        l->chip = chip;
    return l->chip || unknown_chip(magic, &info, e);
}

/* The ROM does not touch the flash before it is attached; the ESP8266's does so with an empty
 * FLASH_BEGIN. A stub has done it by itself, unless the pins are special. */
static bool attach_flash(struct loader *l, struct err *e)
{
    uint32_t pins;
    if (l->chip->flags & CHIP_ROM_NO_SPI_SETUP)
        return l->stub || loader_flash_begin(l, false, 0, 0, LOADER_ROM_BLOCK_BYTES, 0,
                                             loader_timeout_ms(0, 0), e);
    if (!l->chip->read_spi_pins(l, &pins, e))
        return false;
    return (l->stub && pins == 0) || loader_spi_attach(l, pins, e);
}

bool board_identify(struct loader *l, struct board *b, struct err *e)
{
    memset(b, 0, sizeof *b);
    if (detect(l, e)) {
        b->chip = l->chip;
        if (l->chip->read_mac(l, &b->mac, e) && l->chip->read_revision(l, &b->revision, e) &&
            l->chip->read_security(l, &b->security, e) && attach_flash(l, e) &&
            spiflash_identify(l, &b->flash, e))
            return true;
    }
    return err_as_phase(e, ERR_IDENTIFY);
}

/* ---- Gate ---- */

static bool gate_chip(const struct board *b, const struct plan *p, struct err *e)
{
    const struct chip *wanted = plan_settings(p)->chip;
    if (b->chip != wanted)
        return err_set(e, ERR_WRONG_CHIP, "The board has an %s, and the recipe is for %s",
                       b->chip->name, wanted->name);
    for (size_t i = 0; i < plan_image_count(p); i++) {
        if (!image_fits_revision(plan_image(p, i), b->chip, b->revision))
            return err_set(e, ERR_CHIP_REVISION,
                           "The chip has revision v%u.%u, and image %zu does not run on it",
                           b->revision / 100, b->revision % 100, i + 1);
    }
    return true;
}

static bool gate_security(const struct board *b, const struct plan *p, struct err *e)
{
    if (b->security.secure_download)
        return err_set(e, ERR_SECURED, "The chip is in Secure Download Mode");
    if (b->security.flash_encryption)
        return err_set(e, ERR_SECURED,
                       "Flash encryption is on: plain images would never start again");
    if (!b->security.secure_boot || !plan_patches(p, b->flash.size_bytes))
        return true;
    err_set(e, ERR_SECURED, "Secure boot is on: a patched header breaks its signature");
    return err_hint(e, "Build the image for this flash, or write size: keep, mode: keep, freq: "
                       "keep "
                       "under flash in the recipe.");
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
                "and "
                "put 100 uF beside the module.");
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

bool board_leave(struct loader *l, bool reset, struct err *e)
{
    struct port *port = l->link.port;
    if (!reset || !(port->caps & PORT_LINES))
        return leave_by_command(l, e);
    if (!link_discard(&l->link, e) || !reset_run(port, &reset_hard, e))
        return err_wrap(e, "Resetting the board");
    return true;
}
