/* The steps out of the loader, and into the application where somebody listens for it. */
#include "station/attempt/attempt_priv.h"

#include "core/loader/bootlog.h"
#include "core/loader/console.h"
#include "core/loader/usb.h"

/* A chip that is its own USB device comes back within 1 s after a reset, hubs take longer. */
#define USB_BACK_MS     10000u
#define USB_REOPENS_MAX 3

bool attempt_can_reset(const struct attempt *a)
{
    return a->setup->reset != NULL;
}

static struct console_check boot_check(struct attempt *a)
{
    const struct recipe_boot *boot = &attempt_recipe(a)->boot;
    attempt_expect_words(a);
    return (struct console_check){ boot->expect,       (const char *const *)boot->reject,
                                   boot->reject_count, boot->within_ms,
                                   boot->baud,         &a->words };
}

bool attempt_leave(struct attempt *a, struct err *e)
{
    if (attempt_recipe(a)->port.after == RECIPE_AFTER_WATCHDOG && a->loader.chip)
        return board_leave_by_watchdog(&a->loader, e);
    return a->setup->after ? board_leave_by(&a->loader, a->setup->after, e)
                           : board_leave(&a->loader, true, e);
}

/* Where the recipe says `reset: none`, or the port has no lines, the operator resets the board. */
bool step_leave(struct attempt *a, struct err *e)
{
    attempt_enter(a, PHASE_LEAVE);
    if (!attempt_can_reset(a) && attempt_recipe(a)->port.after == RECIPE_AFTER_AUTO)
        return !a->loader.kind->restarts_chip || board_leave(&a->loader, false, e);
    if (attempt_recipe(a)->boot.asked)
        a->loader.leave_baud = attempt_recipe(a)->boot.baud;
    return attempt_leave(a, e);
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
        if (console_check(&a->loader, check, attempt_can_reset(a), a->result->console,
                          sizeof a->result->console, &failure))
            return true;
        if (!native || failure.code != ERR_PORT_GONE) {
            *e = failure;
            return false;
        }
    }
    return restarts_for_ever(a, e);
}

bool step_boot(struct attempt *a, struct err *e)
{
    const struct recipe_boot *boot = &attempt_recipe(a)->boot;
    const struct console_check check = boot_check(a);
    if (!boot->asked)
        return true;
    attempt_enter(a, PHASE_BOOT);
    if (!hear_boot(a, &check, e))
        return false;
    if (boot->expect)
        a->result->state = BOARD_RUNNING;
    return true;
}
