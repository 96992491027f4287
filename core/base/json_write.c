#include "core/base/json_write.h"

#include "core/base/plain.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void put(struct json_object *o, const char *text)
{
    o->put(o->ctx, text, strlen(text));
}

/* NULL: the character stands for itself. */
static const char *escape(size_t bytes, uint32_t code, char text[static 8])
{
    if (bytes == 0)
        return "\xEF\xBF\xBD"; /* U+FFFD */
    if (code == '\n')
        return "\\n";
    if (code == '"' || code == '\\')
        snprintf(text, 8, "\\%c", (char)code);
    else if (plain_is_steering(code))
        snprintf(text, 8, "\\u%04x", (unsigned)(code & 0xFFFF)); /* none is beyond */
    else
        return NULL;
    return text;
}

/* What needs no escape goes out in one piece. */
static void put_string(struct json_object *o, const char *text, size_t n, size_t units)
{
    const char *from = text;
    char escaped[8];
    put(o, "\"");
    while (n > 0) {
        uint32_t code = 0;
        size_t bytes = plain_decode(text, n, &code);
        size_t width = bytes == 4 ? 2 : 1; /* a character beyond U+FFFF is two units */
        if (width > units)
            break;
        const char *other = escape(bytes, code, escaped);
        if (other && text > from)
            o->put(o->ctx, from, (size_t)(text - from));
        if (other)
            put(o, other);
        bytes = bytes ? bytes : 1;
        text += bytes;
        n -= bytes;
        units -= width;
        from = other ? text : from;
    }
    if (text > from)
        o->put(o->ctx, from, (size_t)(text - from));
    put(o, "\"");
}

static void begin_value(struct json_object *o, const char *name)
{
    if (o->comma)
        put(o, ",");
    o->comma = true;
    if (!name)
        return;
    put_string(o, name, strlen(name), JSON_ALL);
    put(o, ":");
}

void json_number(struct json_object *o, const char *name, const char *digits)
{
    begin_value(o, name);
    put(o, digits);
}

void json_null(struct json_object *o, const char *name)
{
    json_number(o, name, "null");
}

void json_bool(struct json_object *o, const char *name, bool value)
{
    json_number(o, name, value ? "true" : "false");
}

void json_integer(struct json_object *o, const char *name, int64_t value)
{
    char digits[24];
    snprintf(digits, sizeof digits, "%" PRId64, value);
    json_number(o, name, digits);
}

void json_seconds(struct json_object *o, const char *name, double value)
{
    char digits[64];
    snprintf(digits, sizeof digits, "%.3f", value);
    json_number(o, name, digits);
}

void json_share(struct json_object *o, const char *name, double value)
{
    char digits[64];
    snprintf(digits, sizeof digits, "%.6f", value);
    json_number(o, name, value < 0 ? "null" : digits);
}

void json_text_part(struct json_object *o, const char *name, const void *text, size_t n,
                    size_t units)
{
    begin_value(o, name);
    put_string(o, text, n, units);
}

void json_text(struct json_object *o, const char *name, const char *value)
{
    if (value)
        json_text_part(o, name, value, strlen(value), JSON_ALL);
    else
        json_null(o, name);
}

void json_open(struct json_object *o, const char *name, char bracket)
{
    begin_value(o, name);
    o->put(o->ctx, &bracket, 1);
    o->comma = false;
}

void json_close(struct json_object *o, char bracket)
{
    o->put(o->ctx, &bracket, 1);
    o->comma = true;
}
