#include "core/base/err.h"

#include "core/base/plain.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct err_row rows[] = {
    { ERR_NONE, "ok", "Nothing to do.", false },
    { ERR_PORT_MISSING, "port-missing",
      "Plug the adapter in, then list the ports with: espstation ports", true },
    { ERR_PORT_BUSY, "port-busy", "Close the other program. To see which one it is: fuser -v PORT",
      true },
    { ERR_PORT_DENIED, "port-denied",
      "Give yourself the port: sudo usermod -aG dialout $USER, then log out and in.", false },
    { ERR_PORT_GONE, "port-gone", "Plug the cable back in; look for a loose plug or a weak hub.",
      true },
    { ERR_PORT_UNSUITABLE, "port-unsuitable", "Give a serial port. To list them: espstation ports",
      false },
    { ERR_TIMEOUT, "timeout", "Check the cable, then try a lower baud rate.", true },
    { ERR_FRAME, "frame", "Check the cable, then try a lower baud rate.", true },
    { ERR_REFUSED, "refused", "Reset the board and try again.", true },
    { ERR_NO_SYNC, "no-sync",
      "Check power and cable, and that DTR and RTS reach the board; or hold BOOT while it resets.",
      true },
    { ERR_WRONG_BOOT_MODE, "wrong-boot-mode",
      "The boot strap was not low at reset: check the auto-reset circuit, or hold BOOT.", true },
    { ERR_WRONG_CHIP, "wrong-chip", "Put the right board in the slot, or use the recipe for it.",
      false },
    { ERR_CHIP_REVISION, "chip-revision",
      "This firmware is not built for this chip revision; ask for a build that is.", false },
    { ERR_FLASH_SIZE, "flash-size",
      "Use a board with a flash that is large enough, or change flash.size in the recipe.", false },
    { ERR_NO_FLASH, "no-flash",
      "The flash chip does not answer: check its solder joints, its supply and GPIO12 (ESP32).",
      false },
    { ERR_FLASH_SIZE_FALSE, "flash-size-false",
      "Set the board aside: its flash chip says that it is larger than it is; tell its maker.",
      false },
    { ERR_BAD_MAC, "bad-mac", "Set the board aside: its chip has no MAC that could be its own.",
      false },
    { ERR_SECURED, "secured", "This board's security settings forbid the recipe; set it aside.",
      false },
    { ERR_PROTECTED, "protected",
      "The flash chip refuses writing: its WP pin must be high; its status register may be locked.",
      false },
    { ERR_DUPLICATE, "duplicate", "This board was flashed before; ask the engineer.", false },
    { ERR_QUOTA, "quota", "The lot is full; open the next one.", false },
    { ERR_LEASE, "lease",
      "Wait for the fleet's server, or see to its network; the board is untouched.", false },
    { ERR_UNIT, "unit", "The unit's values cannot be had; ask the engineer.", false },
    { ERR_IDENTIFY, "identify", "Reset the board and try again; check the cable.", true },
    { ERR_STUB, "stub", "The flasher stub did not start; a lower rate or `loader: rom` can help.",
      true },
    { ERR_BAUD, "baud", "The adapter or the cable does not stand this rate; use a lower one.",
      true },
    { ERR_ERASE, "erase", "Check the supply of the board; then try again.", true },
    { ERR_WRITE, "write", "Check cable and supply; a lower port.baud in the recipe can help.",
      true },
    { ERR_VERIFY, "verify", "The flash holds other bytes than were sent: check its supply.", true },
    { ERR_BAD_FLASH, "bad-flash",
      "The same byte is wrong each time it is written: set the board aside, its flash is bad.",
      false },
    { ERR_FINISH, "finish", "The board did not leave the loader: press reset, check RTS.", true },
    { ERR_BOOT, "boot",
      "The bytes are right but the application does not run: check flash mode "
      "and size in the recipe, and the supply.",
      true },
    { ERR_NOT_BURNT, "not-burnt",
      "Fuses that the recipe wishes are not burnt: keep the board apart from those that are done.",
      false },
    { ERR_PART_BURNT, "part-burnt",
      "What is burnt is right: run the board again with this recipe, and it goes on from there.",
      true },
    { ERR_BURN_UNKNOWN, "burn-unknown",
      "Keep the board apart and its power on; run it again with this recipe: its fuses are read "
      "first.",
      true },
    { ERR_BURNT_WRONG, "burnt-wrong",
      "Set the board aside for ever: what is burnt stays, and it is not what was asked for.",
      false },
    { ERR_STOPPED, "stopped", "Start the run again for the boards that were stopped.", false },
    { ERR_WAITING, "waiting", "It goes on by itself after that.", false },
    { ERR_USAGE, "usage", "See: espstation --help", false },
    { ERR_RECIPE, "recipe", "Correct the recipe, then: espstation check RECIPE", false },
    { ERR_IMAGE, "image", "Correct the image or its entry in the recipe.", false },
    { ERR_DATABASE, "database", "Check disk space and rights of the database file.", false },
    { ERR_STATION, "station", "The station itself failed: check memory, disk and limits.", false },
};

_Static_assert(sizeof rows / sizeof rows[0] == ERR_CODE_COUNT, "one row for each code");

const struct err_row *err_row(enum err_code code)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].code == code)
            return &rows[i];
    }
    return err_row(ERR_STATION);
}

const char *err_word(enum err_code code)
{
    return err_row(code)->word;
}

/* A text that fills its buffer may have been cut inside a character (file names may hold any text):
 * what is left of that one goes. */
static void trim(char *text, size_t cap)
{
    size_t n = strnlen(text, cap);
    if (n + 1 >= cap)
        text[plain_cut(text, n)] = '\0';
}

/* Sentences quote names of files and ports, and what boards and servers said; all of them end on a
 * terminal. */
static void fill(char *text, size_t cap, const char *fmt, va_list ap)
{
    vsnprintf(text, cap, fmt, ap);
    trim(text, cap);
    plain_make(text);
}

static void start(struct err *e, enum err_code code)
{
    memset(e, 0, sizeof *e);
    e->code = code;
    snprintf(e->hint, sizeof e->hint, "%s", err_row(code)->hint);
}

bool err_set(struct err *e, enum err_code code, const char *fmt, ...)
{
    start(e, code);
    va_list ap;
    va_start(ap, fmt);
    fill(e->what, sizeof e->what, fmt, ap);
    va_end(ap);
    return false;
}

bool err_set_sys(struct err *e, enum err_code code, int sys, const char *fmt, ...)
{
    char reason[96];
    start(e, code);
    e->sys = sys;
    va_list ap;
    va_start(ap, fmt);
    fill(e->what, sizeof e->what, fmt, ap);
    va_end(ap);
    /* GNU strerror_r: thread safe, and the text may or may not be put into our buffer. */
    const char *text = strerror_r(sys, reason, sizeof reason);
    size_t used = strlen(e->what);
    snprintf(e->what + used, sizeof e->what - used, ": %s", text);
    trim(e->what, sizeof e->what);
    return false;
}

bool err_wrap(struct err *e, const char *fmt, ...)
{
    char inner[sizeof e->what];
    memcpy(inner, e->what, sizeof inner);
    va_list ap;
    va_start(ap, fmt);
    fill(e->what, sizeof e->what, fmt, ap);
    va_end(ap);
    size_t used = strlen(e->what);
    snprintf(e->what + used, sizeof e->what - used, ": %s", inner);
    trim(e->what, sizeof e->what);
    return false;
}

const char *err_stop(const char *sentence)
{
    const size_t n = strlen(sentence);
    return n > 0 && strchr("?!.", sentence[n - 1]) ? "" : ".";
}

bool err_hint(struct err *e, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    fill(e->hint, sizeof e->hint, fmt, ap);
    va_end(ap);
    return false;
}

bool err_as_phase(struct err *e, enum err_code phase_code)
{
    bool on_the_wire = e->code == ERR_TIMEOUT || e->code == ERR_FRAME || e->code == ERR_REFUSED;
    if (!on_the_wire)
        return false;
    if (strcmp(e->hint, err_row(e->code)->hint) == 0)
        snprintf(e->hint, sizeof e->hint, "%s", err_row(phase_code)->hint);
    e->wire = e->code;
    e->code = phase_code;
    return false;
}
