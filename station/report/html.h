/*
 * Writing HTML: everything that is not ours escaped.
 *
 * html_put takes markup of this program and nothing else; whatever comes from the record, a file or
 * a person goes through html_text.
 */
#ifndef STATION_HTML_H
#define STATION_HTML_H

#include "core/base/collector.h"

#include <stdint.h>

struct html {
    struct collector out; /* its ctx and emit are for the caller to set */
};

void html_put(struct html *h, const char *markup);

/* Numbers and our own words in our own markup; `fmt` takes no texts from elsewhere. */
void html_putf(struct html *h, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Text as text, also inside an attribute in double quotes. Control characters become their
 * pictures, what turns the direction of writing and what is no UTF-8 becomes U+FFFD. NULL: nothing.
 */
void html_text(struct html *h, const char *text);

/* At most `characters` of it, the last an ellipsis if there are more. */
void html_text_cut(struct html *h, const char *text, size_t characters);

/* A number with a narrow space between its thousands: 10 000. */
void html_number(struct html *h, int64_t number);

/* "93.75 %". Only all is "100.00 %", and only none "0.00 %"; a dash where there is no whole. */
void html_share(struct html *h, int64_t part, int64_t whole);

/* Milliseconds as seconds: "9.5 s"; a dash below 0. */
void html_seconds(struct html *h, int64_t ms);

/* A time of the record to the second: "2026-03-04 05:06:07". NULL and "": a dash. */
void html_utc(struct html *h, const char *utc);

/* False: something was refused. */
bool html_flush(struct html *h);

#endif
