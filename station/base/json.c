#include "station/base/json.h"

static void put(void *ctx, const char *bytes, size_t n)
{
    fwrite(bytes, 1, n, ctx);
}

void json_begin(struct json_object *o, FILE *out)
{
    *o = (struct json_object){ .put = put, .ctx = out };
    json_open(o, NULL, '{');
}

void json_end(struct json_object *o)
{
    json_close(o, '}');
    put(o->ctx, "\n", 1);
}
