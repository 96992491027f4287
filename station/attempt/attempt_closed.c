/* What shows that fuses do what they were burnt for: how the board starts, and how its loader
 * behaves. */
#include "station/attempt/attempt_priv.h"

#include "core/loader/console.h"
#include "core/loader/reset.h"
#include "core/loader/usb.h"

#include <stdio.h>
#include <string.h>

#define REFUSAL_MS 1500u /* for the ROM's words after a reset into the loader */

/* ---- Starting ---- */

/* The ROM's words: ESP32 v3.0 and ESP32-C3, seen at work. ESP-IDF's boot loader says the other. */
static const char *const boot_words[] = { "secure boot v2 enabled",
                                          "secure boot verification succeeded",
                                          "flash encryption is enabled" };

static void heard(const struct attempt *a, char *text, size_t cap)
{
    size_t used = (size_t)snprintf(text, cap, "It has started");
    for (size_t i = 0; i < sizeof boot_words / sizeof boot_words[0]; i++) {
        if (used < cap && strstr(a->result->console, boot_words[i]))
            used += (size_t)snprintf(text + used, cap - used, "; it said '%s'", boot_words[i]);
    }
}

static bool is_being_burnt(const struct attempt *a)
{
    const struct board_own *own = a->setup->own;
    return own && own->wanted > 0 && a->setup->burns && a->setup->kind != ATTEMPT_VERIFY;
}

bool step_started(struct attempt *a, struct err *e)
{
    struct board_own *own = a->setup->own;
    const struct attempt_watch *w = a->setup->watch;
    char sentence[200];
    if (!is_being_burnt(a) || a->result->state != BOARD_RUNNING)
        return true;
    heard(a, sentence, sizeof sentence);
    const struct attempt_burn row = { .stage = "boot", .outcome = "started", .sentence = sentence };
    own->booted = true;
    return !w->burnt || w->burnt(w->ctx, &row, e);
}

/* ---- A loader that is closed ---- */

static bool not_closed(const struct attempt *a, const char *what, struct err *e)
{
    err_set(e, ERR_BURN_UNKNOWN, "%s was burnt, and the loader %s", a->setup->own->closed, what);
    return err_hint(e, "Keep the board apart: all other fuses are as they should be. Look what it "
                       "does in its loader: espstation identify");
}

/* In Secure Download Mode the ROM answers SYNC, and tells what it is. */
static bool is_secure_download(struct attempt *a, struct err *e)
{
    struct board b;
    struct err silence = { 0 };
    loader_init(&a->loader, a->loader.link.port);
    if (!board_connect(&a->loader, a->setup->reset, attempt_recipe(a)->chip, &silence))
        return not_closed(a, "does not answer any more", e);
    if (!board_identify_chip(&a->loader, &b, &silence) || !a->loader.secured)
        return not_closed(a, "is not in Secure Download Mode", e);
    return attempt_leave(a, e);
}

/* The ROM's words instead of a loader. */
static bool is_refused(struct attempt *a, struct err *e)
{
    char text[ATTEMPT_CONSOLE_BYTES];
    struct err failure = { 0 };
    struct port *port = a->loader.link.port;
    const struct chip *chip = attempt_recipe(a)->chip;
    const struct console_check words = {
        .expect = strcmp(chip->id_name, "esp32") == 0 ? "Download mode is disabled"
                                                      : "Download boot modes disabled",
        .within_ms = REFUSAL_MS,
        .baud = chip->boot_log_baud,
    };
    if (((port->caps & PORT_BAUD) && !port_set_baud(port, words.baud, e)) ||
        !link_discard(&a->loader.link, e) || !reset_run(port, a->setup->reset, e))
        return false;
    const bool ok = console_check(&a->loader, &words, false, text, sizeof text, &failure);
    if (failure.code == ERR_STOPPED) {
        *e = failure;
        return false;
    }
    return ok ? attempt_leave(a, e) : not_closed(a, "was not refused by the ROM's words", e);
}

/* By hand nobody is reset into the loader, and the chip's own USB device is gone with it: what the
 * record has then is that it was burnt and that the chip answers no more. */
bool step_closed(struct attempt *a, struct err *e)
{
    struct board_own *own = a->setup->own;
    if (!own || !own->closed || !attempt_can_reset(a) || usb_is_native(a->loader.link.port))
        return true;
    const char *fuse = own->closed;
    const bool secure = strcmp(fuse, "ENABLE_SECURITY_DOWNLOAD") == 0;
    if (!(secure ? is_secure_download(a, e) : is_refused(a, e)))
        return false;
    own->closed = NULL;
    return true;
}
