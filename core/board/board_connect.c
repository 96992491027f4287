/* Into the loader, and what it means when a board is not heard, or not any more. */
#include "core/board/board.h"

#include "core/loader/bootlog.h"
#include "core/loader/usb.h"

#include <stdio.h>
#include <string.h>

#define SYNCS_PER_RESET 5
#define SYNC_PAUSE_MS   50u
#define LOG_MS          300u
#define LOSS_LOG_MS     1200u
#define USB_BACK_MS     10000u
#define USB_RETURNS_MAX 4
#define BANNER_MS       30u /* a ROM's first lines, down to its boot mode, at 74880 baud and more */

/* What came since the reset. The link keeps a short tail, and an application that talks pushes the
 * first lines out of it: so the log is looked at between the SYNCs. */
struct heard {
    uint64_t bytes, before_bytes; /* the latter: that the port had received when it began */
    int boot_mode;                /* -1: none was readable */
    bool in_loader;
    const struct bootlog_row *cause;
    unsigned answers; /* frames of a loader */
    struct err last;  /* why the last of them was no answer to SYNC */
    bool has_come;    /* somebody, after the reset, where there was nobody */
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

/* Bytes go both ways, so no line is broken. */
static bool answers_otherwise(const struct heard *heard, struct err *e)
{
    if (heard->last.code == ERR_TIMEOUT)
        err_set(e, ERR_NO_SYNC, "The loader answers, but none of its %u frames is a reply to SYNC",
                heard->answers);
    else
        err_set(e, ERR_NO_SYNC, "The loader answers, but not as it should: %s", heard->last.what);
    return err_hint(e, "Both directions carry bytes: check for a loose contact, for noise, and for "
                       "a second program on the line; then try again.");
}

/* Turns silence into its cause, from what was heard. */
static bool explain_silence(const struct heard *heard, const struct chip *expected, struct err *e)
{
    const struct bootlog_row *cause = heard->cause;
    if (cause && cause->code == ERR_SECURED) {
        err_set(e, ERR_SECURED, "This board has no loader any more, its ROM says: %s",
                cause->meaning);
        return err_hint(e, "%s", cause->hint);
    }
    if (heard->bytes == 0) {
        err_set(e, ERR_NO_SYNC, "Nothing was received from the board after reset");
        return expected ? err_hint(e, "%s", expected->hint_no_sync) : false;
    }
    if (heard->answers > 0)
        return answers_otherwise(heard, e);
    if (heard->boot_mode < 0)
        return err_set(e, ERR_NO_SYNC,
                       "Only noise came after reset (%llu bytes), and no reply to SYNC",
                       (unsigned long long)heard->bytes);
    if (heard->in_loader) {
        err_set(e, ERR_NO_SYNC, "The board waits for download, but does not answer SYNC");
        return err_hint(e, "What the station sends does not arrive: check the adapter's TXD line. "
                           "Or the answers come too late, through a slow server.");
    }
    err_set(e, ERR_WRONG_BOOT_MODE, "The board started in boot mode 0x%x, not for download%s%s",
            (unsigned)heard->boot_mode, cause ? ": " : "", cause ? cause->meaning : "");
    return cause && cause->code == ERR_WRONG_BOOT_MODE ? err_hint(e, "%s", cause->hint) : false;
}

/* A board that was not brought into its loader may do what it should, and the lines come late or
 * not at all. */
static bool blame_lines(const struct port *port, struct err *e)
{
    struct port_fault fault;
    if (!port_lines_fault(port, &fault))
        return false;
    const size_t used = strlen(e->what);
    snprintf(e->what + used, sizeof e->what - used, "; %s", fault.what);
    return err_hint(e, "%s", fault.hint);
}

/* Nobody, as a rule. It takes the time of all SYNCs but the first and the last, of a chip that
 * starts late. */
static bool stays_silent(struct loader *l, const struct heard *heard)
{
    const struct port *port = l->link.port;
    struct err end = { 0 };
    const uint32_t ms = (SYNCS_PER_RESET - 2) * (LOADER_SYNC_MS + SYNC_PAUSE_MS);
    return port->rx_bytes == heard->before_bytes &&
           !link_hear(&l->link, deadline_in_ms(port->clock, ms), &end) && end.code == ERR_TIMEOUT;
}

/* Who is put in behind the reset of his empty slot starts his application, and says so: no SYNC
 * will be answered, but another reset. At a rate that is not the ROM's his words are noise; if it
 * was noise indeed, that reset is for nobody. */
static bool has_come(struct loader *l, struct heard *heard)
{
    struct err ignored = { 0 };
    if (l->link.answers > 0)
        return false;
    link_listen(&l->link, deadline_in_ms(l->link.port->clock, BANNER_MS), &ignored);
    note_log(l, heard);
    return !heard->in_loader;
}

/* A SYNC that was sent before the ROM said that it waits for one is not counted, and the next one
 * follows at once: EN rises late on many boards. */
static bool sync_tries(struct loader *l, struct heard *heard, struct err *e)
{
    for (int tries = 0; tries < SYNCS_PER_RESET;) {
        struct err silence = { 0 };
        bool too_early = l->link.until_loader;
        if (loader_sync(l, &silence))
            return true;
        if (silence.code != ERR_TIMEOUT && silence.code != ERR_FRAME &&
            silence.code != ERR_REFUSED) {
            *e = silence;
            return false;
        }
        note_log(l, heard);
        heard->last = silence;
        if (too_early && !l->link.until_loader)
            continue;
        tries++;
        if (l->sparing && tries == 1) {
            if (stays_silent(l, heard))
                tries = SYNCS_PER_RESET - 1;
            else if ((heard->has_come = has_come(l, heard)))
                break;
        }
        if (!port_sleep_ms(l->link.port, SYNC_PAUSE_MS, e))
            return false;
    }
    return err_set(e, ERR_TIMEOUT, "no reply to SYNC");
}

/* Where the log has come already, the first SYNC is heard. What else goes wrong here meets that
 * SYNC, too. */
static void expect_log(struct loader *l)
{
    char text[LINK_TAIL_MAX + 1];
    struct err ignored = { 0 };
    link_listen(&l->link, deadline_in_ms(l->link.port->clock, 0), &ignored);
    link_tail_text(&l->link, text, sizeof text);
    l->link.until_loader = !bootlog_in_loader(text);
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
    const struct clock *clock = l->link.port->clock;
    struct err failure = { 0 };
    uint64_t start_us = clock->now_us(clock);
    bool ok = !sequence || reset_run(l->link.port, sequence, &failure) || come_back(l, &failure);
    l->reset_us += clock->now_us(clock) - start_us;
    if (!ok)
        *e = failure;
    return ok;
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
static bool find_open_loader(struct loader *l, struct heard *heard)
{
    struct err ignored = { 0 };
    return usb_kind_of(l->link.port) == USB_OTG && sync_tries(l, heard, &ignored);
}

static bool enter_and_sync(struct loader *l, const struct reset_sequence *sequence,
                           struct heard *heard, struct err *e)
{
    if (!enter_loader(l, sequence, e))
        return false;
    if (sequence) {
        loader_set_rom(l); /* no stub outlives a reset */
        expect_log(l);
        note_log(l, heard);
    }
    return sync_patiently(l, heard, e);
}

static bool reach_loader(struct loader *l, const struct reset_sequence *sequence,
                         struct heard *heard, struct err *e)
{
    if (find_open_loader(l, heard) || enter_and_sync(l, sequence, heard, e))
        return true;
    if (!sequence || !heard->has_come)
        return false;
    l->sparing = false;
    return link_discard(&l->link, e) && enter_and_sync(l, sequence, heard, e);
}

bool board_connect(struct loader *l, const struct reset_sequence *sequence,
                   const struct chip *expected, struct err *e)
{
    struct port *port = l->link.port;
    struct heard heard = { .boot_mode = -1 };
    struct err silence = { 0 };
    if (!link_discard(&l->link, e))
        return false;
    heard.before_bytes = port->rx_bytes;
    unsigned before_answers = l->link.answers;
    bool reached = reach_loader(l, sequence, &heard, &silence);
    if (reached && sequence)
        note_log(l, &heard); /* its last words may have come with the answer */
    l->link.until_loader = false;
    l->waits = heard.in_loader;
    l->resets_briefly = reached && heard.in_loader && sequence && sequence->brief;
    if (reached) {
        link_forget_tail(&l->link); /* the log of this reset must not be taken for another one's */
        return true;
    }
    heard.bytes = port->rx_bytes - heard.before_bytes;
    heard.answers = l->link.answers - before_answers;
    if (silence.code != ERR_TIMEOUT) {
        *e = silence;
        return false;
    }
    if (sequence && heard.bytes > 0 && !hear_boot_log(l, sequence, expected, &heard, e))
        return false;
    explain_silence(&heard, expected, e);
    return sequence && !heard.in_loader && heard.answers == 0 ? blame_lines(port, e) : false;
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
    if (!port_set_baud(port, baud, e) || !link_discard(&l->link, e))
        return false;
    link_hold_tail(&l->link);
    return link_listen(&l->link, deadline_in_ms(port->clock, LOSS_LOG_MS), e);
}

bool board_explain_loss(struct loader *l, struct err *e)
{
    char text[LINK_TAIL_MAX + 1];
    struct err ignored = { 0 };
    if (!l->chip || e->wire != ERR_TIMEOUT || !hear_own_log(l, &ignored))
        return false;
    link_tail_text(&l->link, text, sizeof text);
    const struct bootlog_row *cause = bootlog_find(text);
    if (!bootlog_has_banner(text) && !cause)
        return false;
    /* That it does not start from a flash which is written in part is no cause. */
    bool says_why = cause && cause->resets;
    size_t used = strlen(e->what);
    snprintf(e->what + used, sizeof e->what - used, "; the board has reset itself%s%s",
             says_why ? " and says: " : "", says_why ? cause->meaning : "");
    err_hint(e, "A reset in mid-work is the supply as a rule: use a short cable or a powered hub, "
                "and put 100 uF beside the module.");
    return true;
}
