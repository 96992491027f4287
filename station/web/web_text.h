/* A text that grows: what pages are sent. Out of memory it stays as it was and says so. */
#ifndef STATION_WEB_TEXT_H
#define STATION_WEB_TEXT_H

#include "core/base/json_write.h"

#include <stdbool.h>
#include <stddef.h>

struct web_text {
    char *bytes; /* NULL: empty; no NUL behind it */
    size_t n, cap;
    bool failed; /* something is missing */
};

void web_text_done(struct web_text *t);
void web_text_put(struct web_text *t, const void *bytes, size_t n);
void web_text_say(struct web_text *t, const char *text);

/* What json_* write goes into the text. */
struct json_object web_text_json(struct web_text *t);

#endif
