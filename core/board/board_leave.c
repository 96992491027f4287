/* Out of the loader: by a line, by a command, or by a watchdog. */
#include "core/board/board.h"

#include "core/board/board_priv.h"
#include "core/loader/usb.h"

#define DRAIN_MS 1000u

/* Resets the whole chip in the watchdog's first stage after 2000 ticks of the slow clock. */
#define WATCHDOG_RESET_TICKS   2000u
#define WATCHDOG_RESETS_SYSTEM (1u << 31 | 5u << 28 | 1u << 8 | 2u)
#define WATCHDOG_SETTLE_MS     500u

#define STRAP_BOOT_HIGH (1u << 3)

/* Without a reset line only the ROM can be asked to restart. The ESP8266's answers 01 06 although
 * it restarts ("Failed to leave Flash mode", esptool issue 1), and the ESP32's may be gone before
 * its answer is out: neither is a failure. */
static bool leave_by_command(struct loader *l, struct err *e)
{
    struct err refusal = { 0 };
    if (!l->kind->restarts_chip)
        return err_set(e, ERR_FINISH,
                       "The port has no reset line, and the flasher stub cannot restart the chip");
    if (!loader_flash_begin(l, &loader_begin_nothing, e))
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
    return l->resets_briefly ? &reset_hard_brief : &reset_hard;
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
