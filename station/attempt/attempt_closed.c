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

static bool is_being_burnt(const struct attempt *a)
{
    const struct board_own *own = a->setup->own;
    return own && own->wanted > 0 && a->setup->burns && a->setup->kind != ATTEMPT_VERIFY;
}

/* Words of the ROMs of ESP32 v3.0 and ESP32-C3, seen at work, of ESP-IDF's boot loader
 * (flash_encrypt.c), and of the recipe. */
void attempt_expect_words(struct attempt *a)
{
    const struct security *s = &attempt_recipe(a)->security;
    struct console_words *words = &a->words;
    *words = (struct console_words){ 0 };
    if (!is_being_burnt(a))
        return;
    words->text[words->count++] = "secure boot v2 enabled";
    words->text[words->count++] = "secure boot verification succeeded";
    words->text[words->count++] = "flash encryption is enabled";
    for (size_t i = 0; i < s->boot_says_count; i++) {
        words->awaited |= 1u << words->count;
        words->text[words->count++] = s->boot_says[i];
    }
}

static bool was_said(const struct attempt *a, const char *text)
{
    for (size_t i = 0; i < a->words.count; i++) {
        if ((a->words.said >> i & 1) && strcmp(a->words.text[i], text) == 0)
            return true;
    }
    return false;
}

static void heard(const struct attempt *a, char *text, size_t cap)
{
    size_t used = (size_t)snprintf(text, cap, "It has started");
    for (size_t i = 0; i < a->words.count; i++) {
        if (used < cap && (a->words.said >> i & 1))
            used += (size_t)snprintf(text + used, cap - used, "; it said '%s'", a->words.text[i]);
    }
}

/* A fuse has closed the ROM's log, for ever or unless a strap asks for it. */
static bool is_rom_closed(const struct attempt *a)
{
    const struct board *b = &a->result->board;
    const struct fuse_field *log = fuse_by_name(chip_fuses(attempt_recipe(a)->chip, b->revision),
                                                b->revision, "UART_PRINT_CONTROL");
    return log && fuse_value(&a->setup->own->now, log) != 0;
}

/* Its log goes by UART, at a rate of its own, which is another one where the crystal is. */
static bool hears_the_rom(const struct attempt *a)
{
    return attempt_can_reset(a) && a->result->board.crystal_mhz != 26 &&
           !usb_is_native(a->loader.link.port) &&
           attempt_recipe(a)->boot.baud == attempt_recipe(a)->chip->boot_log_baud &&
           !is_rom_closed(a);
}

static bool rom_must_prove(const struct attempt *a)
{
    const struct security *s = &attempt_recipe(a)->security;
    return s->boot.asked && s->boot.version == SECURITY_BOOT_V2 &&
           s->rom_says == SECURITY_ROM_DEMANDED && attempt_recipe(a)->chip->boot_proof &&
           hears_the_rom(a);
}

/* It runs, and something that says how is missing. */
static bool judge_words(const struct attempt *a, struct err *e)
{
    const struct security *s = &attempt_recipe(a)->security;
    const char *proof = attempt_recipe(a)->chip->boot_proof;
    for (size_t i = 0; i < s->boot_says_count; i++) {
        if (!was_said(a, s->boot_says[i]))
            return err_set(e, ERR_BOOT, "The board has started and did not say '%s'",
                           s->boot_says[i]);
    }
    if (!rom_must_prove(a) || was_said(a, proof))
        return true;
    return err_set(e, ERR_BOOT,
                   "The board has started, and its ROM did not say '%s': nothing shows that secure "
                   "boot is at work",
                   proof);
}

bool step_started(struct attempt *a, struct err *e)
{
    struct board_own *own = a->setup->own;
    const struct attempt_watch *w = a->setup->watch;
    char sentence[400];
    struct err missing = { 0 };
    if (!is_being_burnt(a) || a->result->state != BOARD_RUNNING)
        return true;
    heard(a, sentence, sizeof sentence);
    own->booted = judge_words(a, &missing);
    own->unsaid = !own->booted;
    const struct attempt_burn row = { .stage = "boot",
                                      .outcome = own->booted ? "started" : "unproved",
                                      .sentence = own->booted ? sentence : missing.what };
    if (w->burnt && !w->burnt(w->ctx, &row, e))
        return false;
    if (!own->booted)
        *e = missing;
    return own->booted;
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

/* Where it says nothing any more: that it does not answer, however often it is reset. */
static bool is_silent(struct attempt *a, struct err *e)
{
    struct err silence = { 0 };
    loader_init(&a->loader, a->loader.link.port);
    if (board_connect(&a->loader, a->setup->reset, attempt_recipe(a)->chip, &silence))
        return not_closed(a, "still answers", e);
    if (silence.code != ERR_NO_SYNC && silence.code != ERR_SECURED) {
        *e = silence;
        return false;
    }
    return attempt_leave(a, e);
}

static bool is_closed(struct attempt *a, struct err *e)
{
    if (strcmp(a->setup->own->closed, "ENABLE_SECURITY_DOWNLOAD") == 0)
        return is_secure_download(a, e);
    return (is_rom_closed(a) ? is_silent : is_refused)(a, e);
}

/* By hand nobody is reset into the loader, and the chip's own USB device is gone with it: what the
 * record has then is that it was burnt and that the chip answers no more. */
bool step_closed(struct attempt *a, struct err *e)
{
    struct board_own *own = a->setup->own;
    if (!own || !own->closed || !attempt_can_reset(a) || usb_is_native(a->loader.link.port))
        return true;
    if (!is_closed(a, e))
        return false;
    own->closed = NULL;
    return true;
}
