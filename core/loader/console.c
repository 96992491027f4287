#include "core/loader/console.h"

#include "core/loader/bootlog.h"
#include "core/loader/reset.h"

#include <string.h>

/* How long the ROM's own log lasts at most. */
#define ROM_LOG_MS 500u
#define REST_MS    100u

/* The ROM of the ESP8266 prints at 74880 baud, where the application's rate hears nothing. After a
 * failure the board starts once more, and its ROM is listened to: what it says is the cause. */
static bool hear_rom_log(struct loader *l, const struct console_check *check, struct err *e)
{
    struct port *port = l->link.port;
    uint32_t baud = l->chip->boot_log_baud;
    if (!(port->caps & PORT_BAUD) || baud == check->baud)
        return true;
    return port_set_baud(port, baud, e) && link_discard(&l->link, e) &&
           reset_run(port, &reset_hard, e) &&
           link_listen(&l->link, deadline_in_ms(port->clock, ROM_LOG_MS), e);
}

/* What comes behind the expected text no longer counts, however the bytes were cut into reads. */
static const char *rejected_text(const struct console_check *check, const char *text,
                                 const char *expected)
{
    for (size_t i = 0; i < check->reject_count; i++) {
        const char *at = strstr(text, check->reject[i]);
        if (at && (!expected || at < expected))
            return check->reject[i];
    }
    return NULL;
}

/* The rest of the line, and what follows it, is the cause as a rule: that much is still heard. */
static bool rejected(struct loader *l, const char *word, char *text, size_t cap, struct err *e)
{
    struct err ignored = { 0 };
    link_listen(&l->link, deadline_in_ms(l->link.port->clock, REST_MS), &ignored);
    link_tail_text(&l->link, text, cap);
    const struct bootlog_row *cause = bootlog_find(text);
    err_set(e, ERR_BOOT, "The board said '%s'%s%s", word, cause ? ": " : "",
            cause ? cause->meaning : "");
    return cause && cause->hint ? err_hint(e, "%s", cause->hint) : false;
}

/* The time is over: what is the best explanation? */
static bool not_expected(const struct console_check *check, const char *text, struct err *e)
{
    const struct bootlog_row *cause = bootlog_find(text);
    if (bootlog_in_loader(text))
        return err_set(e, ERR_FINISH, "After the reset the board is in its loader again");
    if (cause) {
        err_set(e, ERR_BOOT, "The application did not start: %s", cause->meaning);
        return cause->hint ? err_hint(e, "%s", cause->hint) : false;
    }
    if (bootlog_loops(text)) {
        err_set(e, ERR_BOOT, "The application does not stay up: the board starts over and over");
        return err_hint(e, "Check the supply, then show the console to the developer.");
    }
    if (text[0] == '\0')
        return err_set(e, ERR_BOOT, "The board is silent: no '%s' within %u ms", check->expect,
                       check->within_ms);
    return err_set(e, ERR_BOOT, "The board did not say '%s' within %u ms", check->expect,
                   check->within_ms);
}

static bool explain(struct loader *l, const struct console_check *check, bool may_reset,
                    const char *text, struct err *e)
{
    char rom_log[LINK_TAIL_MAX + 1] = "";
    struct err ignored = { 0 };
    not_expected(check, text, e);
    if (e->code != ERR_BOOT || bootlog_find(text) || !may_reset ||
        !hear_rom_log(l, check, &ignored))
        return false;
    link_tail_text(&l->link, rom_log, sizeof rom_log);
    return bootlog_find(rom_log) ? not_expected(check, rom_log, e) : false;
}

static void note_words(struct console_words *words, const char *text)
{
    for (size_t i = 0; words && i < words->count; i++)
        words->said |= strstr(text, words->text[i]) ? 1u << i : 0;
}

static bool awaits(const struct console_words *words)
{
    return words && (words->awaited & ~words->said) != 0;
}

bool console_check(struct loader *l, const struct console_check *check, bool may_reset, char *text,
                   size_t cap, struct err *e)
{
    struct port *port = l->link.port;
    struct deadline end = deadline_in_ms(port->clock, check->within_ms);
    for (bool more = true, has_come = false;;) {
        struct err quiet = { 0 };
        link_tail_text(&l->link, text, cap);
        note_words(check->words, text);
        const char *expected = check->expect ? strstr(text, check->expect) : NULL;
        const char *word = has_come ? NULL : rejected_text(check, text, expected);
        if (word)
            return rejected(l, word, text, cap, e);
        has_come = has_come || expected;
        if (has_come && (!more || !awaits(check->words)))
            return true;
        if (!more)
            break;
        bool heard = link_hear(&l->link, end, &quiet);
        if (!heard && quiet.code != ERR_TIMEOUT) {
            *e = quiet;
            return false;
        }
        more = heard && !deadline_over(port->clock, end);
    }
    if (!check->expect && !bootlog_in_loader(text))
        return true;
    return explain(l, check, may_reset, text, e);
}
