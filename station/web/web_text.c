#include "station/web/web_text.h"

#include <stdlib.h>
#include <string.h>

void web_text_done(struct web_text *t)
{
    free(t->bytes);
    *t = (struct web_text){ 0 };
}

static bool grow(struct web_text *t, size_t n)
{
    size_t cap = t->cap ? t->cap : 256;
    while (cap - t->n < n)
        cap *= 2;
    char *bytes = realloc(t->bytes, cap);
    if (!bytes)
        return false;
    t->bytes = bytes;
    t->cap = cap;
    return true;
}

void web_text_put(struct web_text *t, const void *bytes, size_t n)
{
    if (t->failed || n == 0)
        return;
    if (t->cap - t->n < n && !grow(t, n)) {
        t->failed = true;
        return;
    }
    memcpy(t->bytes + t->n, bytes, n);
    t->n += n;
}

void web_text_say(struct web_text *t, const char *text)
{
    web_text_put(t, text, strlen(text));
}

static void put(void *ctx, const char *bytes, size_t n)
{
    web_text_put(ctx, bytes, n);
}

struct json_object web_text_json(struct web_text *t)
{
    return (struct json_object){ .put = put, .ctx = t };
}
