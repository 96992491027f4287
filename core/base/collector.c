#include "core/base/collector.h"

#include <string.h>

bool collector_flush(struct collector *c)
{
    if (c->used > 0 && !c->refused)
        c->refused = !c->emit(c->ctx, c->bytes, c->used);
    c->used = 0;
    return !c->refused;
}

void collector_bytes(struct collector *c, const char *bytes, size_t n)
{
    while (n > 0) {
        if (c->used == sizeof c->bytes)
            collector_flush(c);
        const size_t room = sizeof c->bytes - c->used;
        const size_t part = n < room ? n : room;
        memcpy(c->bytes + c->used, bytes, part);
        c->used += part;
        bytes += part;
        n -= part;
    }
}

void collector_text(struct collector *c, const char *text)
{
    collector_bytes(c, text, strlen(text));
}
