#include "station/report/html.h"

#include "core/base/plain.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define REPLACEMENT "\xEF\xBF\xBD"
#define ELLIPSIS    "\xE2\x80\xA6"
#define DASH        "\xE2\x80\x93"
#define THIN_SPACE  "\xE2\x80\xAF" /* narrow, and no line breaks there */

bool html_flush(struct html *h)
{
    return collector_flush(&h->out);
}

void html_put(struct html *h, const char *markup)
{
    collector_text(&h->out, markup);
}

void html_putf(struct html *h, const char *fmt, ...)
{
    char text[1024];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    html_put(h, text);
}

/* ---- Text ---- */

static const char *entity(uint32_t code)
{
    switch (code) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

/* U+FFFE and U+FFFF, and their like in the other planes, are no characters. */
static bool is_no_character(uint32_t code)
{
    return (code & 0xFFFE) == 0xFFFE || (code >= 0xFDD0 && code <= 0xFDEF);
}

static void put_character(struct html *h, const char *text, size_t bytes, uint32_t code)
{
    if (bytes == 0)
        html_put(h, REPLACEMENT);
    else if (code < 0x20)
        html_putf(h, "\xE2\x90%c", (int)(0x80 + code)); /* U+2400 on */
    else if (code == 0x7F)
        html_put(h, "\xE2\x90\xA1");
    else if (plain_is_steering(code) || is_no_character(code))
        html_put(h, REPLACEMENT);
    else if (entity(code))
        html_put(h, entity(code));
    else
        collector_bytes(&h->out, text, bytes);
}

void html_text_cut(struct html *h, const char *text, size_t characters)
{
    for (size_t n = text ? strlen(text) : 0; n > 0;) {
        uint32_t code = 0;
        size_t bytes = plain_decode(text, n, &code);
        const size_t step = bytes ? bytes : 1;
        if (characters == 0 || (characters == 1 && n > step)) {
            html_put(h, ELLIPSIS);
            return;
        }
        put_character(h, text, bytes, code);
        text += step;
        n -= step;
        characters--;
    }
}

void html_text(struct html *h, const char *text)
{
    html_text_cut(h, text, SIZE_MAX);
}

/* ---- Numbers ---- */

void html_number(struct html *h, int64_t number)
{
    char digits[24];
    const int n = snprintf(digits, sizeof digits, "%" PRId64, number);
    const bool grouped = n > 4 && number > 0;
    for (int i = 0; i < n; i++) {
        if (grouped && i > 0 && (n - i) % 3 == 0)
            html_put(h, THIN_SPACE);
        collector_bytes(&h->out, &digits[i], 1);
    }
}

void html_share(struct html *h, int64_t part, int64_t whole)
{
    if (whole <= 0) {
        html_put(h, DASH);
        return;
    }
    double percent = 100 * (double)part / (double)whole;
    if (part < whole && percent > 99.99)
        percent = 99.99;
    if (part > 0 && percent < 0.01)
        percent = 0.01;
    html_putf(h, "%.2f" THIN_SPACE "%%", percent);
}

void html_seconds(struct html *h, int64_t ms)
{
    if (ms < 0)
        html_put(h, DASH);
    else
        html_putf(h, "%" PRId64 ".%" PRId64 THIN_SPACE "s", ms / 1000, ms % 1000 / 100);
}

void html_utc(struct html *h, const char *utc)
{
    if (!utc || strlen(utc) < 19) {
        html_put(h, utc && utc[0] ? "" : DASH);
        html_text(h, utc);
        return;
    }
    char text[20];
    snprintf(text, sizeof text, "%.10s %.8s", utc, utc + 11);
    html_text(h, text);
}
