#include "station/base/json.h"

#include "core/base/plain.h"

#include <inttypes.h>
#include <string.h>

/* What is no UTF-8 would make the whole line unreadable: U+FFFD stands for it. What could steer a
 * terminal, where somebody looks at the lines, is written as an escape. */
static void put_character(FILE *out, const char *text, size_t bytes, uint32_t code)
{
    if (bytes == 0)
        fputs("\\ufffd", out);
    else if (code == '"' || code == '\\')
        fprintf(out, "\\%c", (int)code);
    else if (code == '\n')
        fputs("\\n", out);
    else if (plain_is_steering(code))
        fprintf(out, "\\u%04x", code);
    else
        fwrite(text, 1, bytes, out);
}

static void put_string(FILE *out, const char *text)
{
    fputc('"', out);
    for (size_t n = strlen(text); n > 0;) {
        uint32_t code = 0;
        size_t bytes = plain_decode(text, n, &code);
        put_character(out, text, bytes, code);
        bytes = bytes ? bytes : 1;
        text += bytes;
        n -= bytes;
    }
    fputc('"', out);
}

static void put_name(struct json_object *o, const char *name)
{
    if (!o->first)
        fputc(',', o->out);
    o->first = false;
    if (!name)
        return;
    put_string(o->out, name);
    fputc(':', o->out);
}

void json_begin(struct json_object *o, FILE *out)
{
    *o = (struct json_object){ out, true };
    fputc('{', out);
}

void json_text(struct json_object *o, const char *name, const char *value)
{
    put_name(o, name);
    if (value)
        put_string(o->out, value);
    else
        fputs("null", o->out);
}

void json_integer(struct json_object *o, const char *name, int64_t value)
{
    put_name(o, name);
    fprintf(o->out, "%" PRId64, value);
}

void json_seconds(struct json_object *o, const char *name, double value)
{
    put_name(o, name);
    fprintf(o->out, "%.3f", value);
}

void json_share(struct json_object *o, const char *name, double value)
{
    put_name(o, name);
    if (value < 0)
        fputs("null", o->out);
    else
        fprintf(o->out, "%.6f", value);
}

void json_bool(struct json_object *o, const char *name, bool value)
{
    put_name(o, name);
    fputs(value ? "true" : "false", o->out);
}

void json_open(struct json_object *o, const char *name, char bracket)
{
    put_name(o, name);
    fputc(bracket, o->out);
    o->first = true;
}

void json_close(struct json_object *o, char bracket)
{
    fputc(bracket, o->out);
    o->first = false;
}

void json_end(struct json_object *o)
{
    fputs("}\n", o->out);
}
