#include "core/console.h"

#include "core/bootlog.h"

#include <string.h>

/* How long the ROM's own log lasts where it has a rate of its own. */
#define ROM_LOG_MS   300u
#define ROM_QUIET_MS 20u

/* The ROM of the ESP8266 prints at 74880 baud and the application at its own rate: hear the first
 * until it pauses, then change. */
static bool hear_rom_log(struct loader *l, uint32_t baud, struct deadline end, struct err *e)
{
    struct port *port = l->link.port;
    struct deadline last = deadline_first(deadline_in_ms(port->clock, ROM_LOG_MS), end);
    if (!(port->caps & PORT_BAUD) || l->chip->boot_log_baud == baud)
        return true;
    struct deadline d = last;
    struct err quiet = { 0 };
    while (link_hear(&l->link, d, &quiet))
        d = deadline_first(deadline_in_ms(port->clock, ROM_QUIET_MS), last);
    if (quiet.code == ERR_TIMEOUT)
        return true;
    *e = quiet;
    return false;
}

bool console_tune(struct loader *l, struct err *e)
{
    struct port *port = l->link.port;
    return !(port->caps & PORT_BAUD) || port_set_baud(port, l->chip->boot_log_baud, e);
}

static const char *rejected_text(const struct console_check *check, const char *text)
{
    for (size_t i = 0; i < check->reject_count; i++) {
        if (strstr(text, check->reject[i]))
            return check->reject[i];
    }
    return NULL;
}

static bool rejected(const char *word, const char *text, struct err *e)
{
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
    if (text[0] == '\0')
        return err_set(e, ERR_BOOT, "The board is silent: no '%s' within %u ms", check->expect,
                       check->within_ms);
    return err_set(e, ERR_BOOT, "The board did not say '%s' within %u ms", check->expect,
                   check->within_ms);
}

bool console_check(struct loader *l, const struct console_check *check, char *text, size_t cap,
                   struct err *e)
{
    struct port *port = l->link.port;
    struct deadline end = deadline_in_ms(port->clock, check->within_ms);
    text[0] = '\0';
    if (!hear_rom_log(l, check->baud, end, e))
        return false;
    if ((port->caps & PORT_BAUD) && !port_set_baud(port, check->baud, e))
        return false;
    for (;;) {
        struct err quiet = { 0 };
        link_tail_text(&l->link, text, cap);
        const char *word = rejected_text(check, text);
        if (word)
            return rejected(word, text, e);
        if (check->expect && strstr(text, check->expect))
            return true;
        if (link_hear(&l->link, end, &quiet) && !deadline_over(port->clock, end))
            continue;
        if (quiet.code != ERR_NONE && quiet.code != ERR_TIMEOUT) {
            *e = quiet;
            return false;
        }
        link_tail_text(&l->link, text, cap);
        if (!check->expect && !bootlog_in_loader(text))
            return true;
        return not_expected(check, text, e);
    }
}
