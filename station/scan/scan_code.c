#include "station/scan/scan_code.h"

#include "core/base/plain.h"

#include <stdio.h>
#include <string.h>

#define STX '\x02'
#define ETX '\x03'
#define GS  '\x1d'

void scan_code_init(struct scan_code *c, const struct station_scanner *config)
{
    *c = (struct scan_code){ .config = config };
}

static void forget(struct scan_code *c)
{
    c->bytes = 0;
    c->too_long = c->damaged = false;
}

void scan_code_spoil(struct scan_code *c)
{
    c->damaged = true;
}

/* ---- What a code is ---- */

static bool refuse(const struct scan_code *c, struct err *e, const char *what, const char *hint)
{
    err_set(e, ERR_USAGE, "Scanner %s: %s", c->config->name, what);
    return err_hint(e, "%s", hint);
}

static bool strip_aim(struct scan_code *c, struct err *e)
{
    if (c->config->aim == STATION_AIM_NO)
        return true;
    if (c->bytes < 3 || c->text[0] != ']')
        return refuse(c, e, "a code came without the ]cm that the station file announces",
                      "Set the scanner to send AIM identifiers, or take aim: yes out of the "
                      "station file.");
    memmove(c->text, c->text + 3, c->bytes - 3 + 1);
    c->bytes -= 3;
    return true;
}

static bool strip_prefix(struct scan_code *c, struct err *e)
{
    const char *const prefix = c->config->prefix;
    const size_t n = prefix ? strlen(prefix) : 0;
    if (n == 0)
        return true;
    if (c->bytes < n || memcmp(c->text, prefix, n) != 0)
        return refuse(c, e, "a code came without the prefix that the station file announces",
                      "Scan again; or correct prefix in the station file.");
    memmove(c->text, c->text + n, c->bytes - n + 1);
    c->bytes -= n;
    return true;
}

/* What stands for GS becomes GS. */
static void put_separators(struct scan_code *c)
{
    const char *const gs = c->config->gs;
    const size_t n = gs ? strlen(gs) : 0;
    char *at = c->text;
    while (n > 0 && (at = strstr(at, gs)) != NULL) {
        *at++ = GS;
        memmove(at, at + n - 1, strlen(at + n - 1) + 1);
    }
    c->bytes = strlen(c->text);
}

/* From here on it goes to screens and into the record. */
static bool is_text(const struct scan_code *c)
{
    for (size_t i = 0; i < c->bytes;) {
        uint32_t code;
        const size_t n = plain_decode(c->text + i, c->bytes - i, &code);
        if (n == 0 || (plain_is_steering(code) && code != GS))
            return false;
        i += n;
    }
    return c->bytes > 0;
}

static bool finish(struct scan_code *c, struct err *e)
{
    c->text[c->bytes] = '\0';
    if (c->too_long)
        return refuse(c, e, "a code had more than 1024 characters",
                      "Is that the right label? Scan the one of the board.");
    if (c->damaged)
        return refuse(c, e, "a part of the code was lost", "Scan again.");
    if (memchr(c->text, '\0', c->bytes))
        return refuse(c, e, "the code holds a control character", "Scan the label of the board.");
    /* A prefix is set in the scanner and stands in front of everything. */
    if (!strip_prefix(c, e) || !strip_aim(c, e))
        return false;
    put_separators(c);
    return is_text(c) || refuse(c, e, "the code holds a control character, or is no UTF-8",
                                "Scan the label of the board.");
}

static bool is_line_end(char byte)
{
    return byte == '\r' || byte == '\n' || byte == '\t' || byte == ETX;
}

static void end(struct scan_code *c, scan_code_taker *take, void *ctx)
{
    struct err e = { 0 };
    while (c->bytes > 0 && is_line_end(c->text[c->bytes - 1]))
        c->bytes--; /* as the CR in front of LF */
    if (c->bytes == 0 && !c->too_long && !c->damaged)
        return; /* as between CR and LF */
    const bool ok = finish(c, &e);
    take(ctx, ok ? c->text : "", ok ? NULL : &e);
    forget(c);
}

/* ---- Bytes ---- */

static bool ends(const struct scan_code *c, char byte)
{
    switch (c->config->end) {
    case SCAN_END_AUTO:
        return is_line_end(byte);
    case SCAN_END_CR:
        return byte == '\r';
    case SCAN_END_LF:
        return byte == '\n';
    case SCAN_END_TAB:
        return byte == '\t';
    case SCAN_END_ETX:
        return byte == ETX;
    case SCAN_END_SILENCE:
        break;
    }
    return false;
}

/* Line ends that end nothing here belong to the frame all the same: LF behind CR. */
static bool is_frame(const struct scan_code *c, char byte)
{
    return c->bytes == 0 && (byte == STX || byte == '\r' || byte == '\n');
}

void scan_code_feed(struct scan_code *c, const char *bytes, size_t n, uint64_t now_ms,
                    scan_code_taker *take, void *ctx)
{
    scan_code_tick(c, now_ms, take, ctx);
    c->last_ms = now_ms;
    for (size_t i = 0; i < n; i++) {
        if (ends(c, bytes[i]))
            end(c, take, ctx);
        else if (is_frame(c, bytes[i]))
            continue;
        else if (c->bytes + 1 < SCAN_CODE_BYTES)
            c->text[c->bytes++] = bytes[i];
        else
            c->too_long = true;
    }
}

/* With an end of its own a code that stands still was cut off; the next one is no part of it. */
static void cut_off(struct scan_code *c, scan_code_taker *take, void *ctx)
{
    struct err e = { 0 };
    refuse(c, &e, "a code has no end",
           "Does the scanner send one behind each code? See end in the station file: silence is "
           "for those that do not.");
    take(ctx, "", &e);
    forget(c);
}

uint32_t scan_code_tick(struct scan_code *c, uint64_t now_ms, scan_code_taker *take, void *ctx)
{
    const bool by_silence = c->config->end == SCAN_END_SILENCE;
    const uint32_t limit_ms = by_silence ? SCAN_SILENCE_MS : SCAN_STUCK_MS;
    if (c->bytes == 0 && !c->too_long && !c->damaged)
        return 0;
    if (now_ms - c->last_ms < limit_ms)
        return limit_ms - (uint32_t)(now_ms - c->last_ms);
    (by_silence ? end : cut_off)(c, take, ctx);
    return 0;
}
