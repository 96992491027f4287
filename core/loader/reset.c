#include "core/loader/reset.h"

#include "core/loader/usb.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DTR = PORT_DTR, RTS = PORT_RTS, BOTH = PORT_DTR | PORT_RTS };

#define LONGEST_STEP_MS 10000u

/* How long EN is held low. The data sheets ask for 50 us (ESP32, t_RST), and a transistor empties
 * 10 uF in some milliseconds. Tools hold it 100 ms: so do the sequences that are tried behind. */
#define HOLD_BRIEF_MS 30
#define HOLD_MS       100

/* How long the strap stays low after EN rises. The long one is for boards with a large capacitor at
 * EN and for the first ESP32 silicon (esptool issue 172). */
#define STRAP_MS      50
#define STRAP_LONG_MS 550

#define SET(mask, on)                                                                              \
    {                                                                                              \
        (mask), (on), 0                                                                            \
    }
#define WAIT(ms)                                                                                   \
    {                                                                                              \
        0, 0, (ms)                                                                                 \
    }

#define TIGHT(hold_ms, strap_ms)                                                                   \
    {                                                                                              \
        SET(BOTH, 0), SET(BOTH, BOTH), SET(BOTH, RTS), WAIT(hold_ms), SET(BOTH, DTR),              \
            WAIT(strap_ms), SET(BOTH, 0), SET(DTR, 0)                                              \
    }
#define CLASSIC(hold_ms, strap_ms)                                                                 \
    {                                                                                              \
        SET(DTR, 0), SET(RTS, RTS), WAIT(hold_ms), SET(DTR, DTR), SET(RTS, 0), WAIT(strap_ms),     \
            SET(DTR, 0)                                                                            \
    }

/* Where DTR must stay asserted they end before it is released. */
static const struct reset_sequence tight = { "tight", TIGHT(HOLD_BRIEF_MS, STRAP_MS), 8, 6, true };
static const struct reset_sequence tight_long = { "tight-long", TIGHT(HOLD_MS, STRAP_LONG_MS), 8, 6,
                                                  false };
static const struct reset_sequence classic = { "classic", CLASSIC(HOLD_BRIEF_MS, STRAP_MS), 7, 6,
                                               true };
static const struct reset_sequence classic_long = { "classic-long", CLASSIC(HOLD_MS, STRAP_LONG_MS),
                                                    7, 6, false };

/* The hardware behind the USB Serial/JTAG port reads the lines itself: it must pass through (1,1)
 * on its way and never see (0,0). */
static const struct reset_sequence usb_jtag = {
    "usb-jtag",
    { SET(RTS, 0), SET(DTR, 0), WAIT(100), SET(DTR, DTR), SET(RTS, 0), WAIT(100), SET(RTS, RTS),
      SET(DTR, 0), SET(RTS, RTS), WAIT(100), SET(DTR, 0), SET(RTS, 0) },
    12,
    0,
    false,
};

const struct reset_sequence reset_hard = {
    "hard", { SET(DTR, 0), SET(RTS, RTS), WAIT(HOLD_MS), SET(RTS, 0) }, 4, 0, false,
};

const struct reset_sequence reset_hard_brief = {
    "hard-brief", { SET(DTR, 0), SET(RTS, RTS), WAIT(HOLD_BRIEF_MS), SET(RTS, 0) }, 4, 0, true,
};

const struct reset_sequence reset_hard_slow = {
    "hard-slow", { SET(DTR, 0), SET(RTS, RTS), WAIT(200), SET(RTS, 0), WAIT(200) }, 5, 0, false,
};

const struct reset_sequence reset_hard_holding = {
    "hard-holding",
    { SET(DTR, 0), SET(RTS, RTS), WAIT(100), SET(DTR, DTR), WAIT(100), SET(RTS, 0) },
    6,
    0,
    false,
};

static const struct reset_sequence *const named[] = { &tight, &tight_long, &classic, &classic_long,
                                                      &usb_jtag };

static const struct reset_sequence *by_name(const char *name)
{
    for (size_t i = 0; i < sizeof named / sizeof named[0]; i++) {
        if (strcmp(named[i]->name, name) == 0)
            return named[i];
    }
    return NULL;
}

/* A server does not say what hangs behind it: it may be the chip's own USB unit, which none of the
 * others gets into the loader. On an auto-reset circuit the way through (1,1) leaves EN and the
 * strap alone, and what follows is a plain reset: it comes last, and costs a try. */
static bool may_hide_usb_jtag(const struct port *port, const struct chip *chip)
{
    return port->ops->remote && (!chip || (chip->flags & CHIP_USB_JTAG));
}

static size_t auto_choices(const struct port *port, const struct chip *chip,
                           const struct reset_sequence *list[static RESET_CHOICES_MAX])
{
    size_t n = 0;
    if (usb_kind_of(port) == USB_JTAG) {
        list[n++] = &usb_jtag;
        return n;
    }
    if (port->caps & PORT_LINES_TOGETHER) {
        list[n++] = &tight;
        list[n++] = &tight_long;
    }
    list[n++] = &classic;
    list[n++] = &classic_long;
    if (may_hide_usb_jtag(port, chip))
        list[n++] = &usb_jtag;
    return n;
}

size_t reset_choices(const struct port *port, const struct chip *chip, const char *setting,
                     struct reset_sequence *custom,
                     const struct reset_sequence *list[static RESET_CHOICES_MAX])
{
    if (!(port->caps & PORT_LINES) || strcmp(setting, "none") == 0)
        return 0;
    if (strcmp(setting, "auto") == 0)
        return auto_choices(port, chip, list);
    const struct reset_sequence *row = by_name(setting);
    struct err ignored = { 0 };
    if (!row && !reset_parse(setting, custom, &ignored))
        return 0; /* the recipe was checked: a text that does not parse never comes this far */
    list[0] = row ? row : custom;
    return 1;
}

static bool parse_level(const char **text, bool *level)
{
    if (**text != '0' && **text != '1')
        return false;
    *level = *(*text)++ == '1';
    return true;
}

static bool parse_wait(const char **text, uint32_t *wait_ms)
{
    char *end;
    size_t n = strspn(*text, "0123456789."); /* strtod alone takes hexadecimal and exponents too */
    double seconds = strtod(*text, &end);
    if (**text == '.' || n == 0 || end != *text + n || seconds * 1000 > LONGEST_STEP_MS)
        return false;
    *text = end;
    *wait_ms = (uint32_t)(seconds * 1000 + 0.5);
    return true;
}

/* One item; leaves *text behind it. */
static bool parse_step(const char **text, struct reset_step *step)
{
    bool first, second;
    char kind = **text;
    if (kind == '\0')
        return false;
    (*text)++;
    *step = (struct reset_step){ 0 };
    switch (kind) {
    case 'D':
    case 'R':
        step->mask = kind == 'D' ? DTR : RTS;
        if (!parse_level(text, &first))
            return false;
        step->on = first ? step->mask : 0;
        return true;
    case 'U':
        step->mask = BOTH;
        if (!parse_level(text, &first) || *(*text)++ != ',' || !parse_level(text, &second))
            return false;
        step->on = (first ? DTR : 0u) | (second ? RTS : 0u);
        return true;
    case 'W':
        return parse_wait(text, &step->wait_ms);
    default:
        return false;
    }
}

bool reset_parse(const char *text, struct reset_sequence *out, struct err *e)
{
    const struct reset_sequence *row = by_name(text);
    if (row) {
        *out = *row;
        return true;
    }
    struct reset_sequence s = { .name = "custom" };
    for (const char *p = text;; p++) {
        const char *item = p;
        if (s.count == RESET_STEPS_MAX)
            return err_set(e, ERR_RECIPE, "a reset sequence has at most %d items", RESET_STEPS_MAX);
        if (!parse_step(&p, &s.steps[s.count]) || (*p != '|' && *p != '\0')) {
            err_set(e, ERR_RECIPE, "'%.*s' is no item of a reset sequence", (int)strcspn(item, "|"),
                    item);
            return err_hint(e, "Items are D0 D1 R0 R1, U<dtr>,<rts> and W<seconds>, joined by |, "
                               "as in D0|R1|W0.1|D1|R0|W0.05|D0.");
        }
        s.count++;
        if (*p == '\0')
            break;
    }
    *out = s;
    return true;
}

bool reset_run(struct port *port, const struct reset_sequence *sequence, struct err *e)
{
    bool holding = sequence->count_holding != 0 && usb_kind_of(port) == USB_HOLDS_LINES;
    size_t count = holding ? sequence->count_holding : sequence->count;
    for (size_t i = 0; i < count; i++) {
        const struct reset_step *step = &sequence->steps[i];
        bool ok = step->mask ? port_queue_lines(port, step->mask, step->on, e)
                             : port_settle_lines(port, e) && port_sleep_ms(port, step->wait_ms, e);
        if (!ok)
            return err_wrap(e, "Reset sequence '%s'", sequence->name);
    }
    return port_settle_lines(port, e) || err_wrap(e, "Reset sequence '%s'", sequence->name);
}
