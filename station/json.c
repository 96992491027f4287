#include "station/json.h"

#include <inttypes.h>

static void put_string(FILE *out, const char *text)
{
    fputc('"', out);
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        if (*p == '"' || *p == '\\')
            fprintf(out, "\\%c", *p);
        else if (*p == '\n')
            fputs("\\n", out);
        else if (*p < 0x20 || *p == 0x7F)
            fprintf(out, "\\u%04x", *p);
        else
            fputc(*p, out);
    }
    fputc('"', out);
}

static void put_name(struct json_object *o, const char *name)
{
    if (!o->first)
        fputc(',', o->out);
    o->first = false;
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

void json_bool(struct json_object *o, const char *name, bool value)
{
    put_name(o, name);
    fputs(value ? "true" : "false", o->out);
}

void json_end(struct json_object *o)
{
    fputs("}\n", o->out);
}
