#include "core/flash/readflash.h"

#include <stdlib.h>

#define CHUNK_TRIES 3

/* What reading again can cure. A refusal too: a stub answers with the failure of what came before,
 * and that may have been the rest of a damaged frame. */
static bool is_of_the_wire(const struct err *e)
{
    return e->code == ERR_TIMEOUT || e->code == ERR_FRAME || e->code == ERR_REFUSED;
}

static bool failed(uint32_t addr, struct err *e)
{
    bool wire = is_of_the_wire(e), refused = e->code == ERR_REFUSED;
    err_as_phase(e, ERR_VERIFY);
    if (refused)
        err_hint(e, "Read again, at a lower rate, as in --baud 115200. Does the flash reach so "
                    "far? See: espstation identify");
    else if (wire)
        err_hint(e, "Read again at a lower rate, as in --baud 115200, and check cable and supply.");
    return err_wrap(e, "Reading the flash at 0x%x", addr);
}

/* A byte lost on the way costs its chunk, not the whole reading. */
static bool read_chunk(struct loader *l, uint32_t addr, uint8_t *bytes, uint32_t n, struct err *e)
{
    for (int attempt = 1;; attempt++) {
        struct err failure = { 0 }, lost = { 0 };
        if (l->kind->read(l, addr, bytes, n, &failure))
            return true;
        if (is_of_the_wire(&failure) && attempt < CHUNK_TRIES && l->kind->end_read(l, &lost))
            continue;
        *e = lost.code == ERR_NONE || is_of_the_wire(&lost) ? failure : lost;
        return failed(addr, e);
    }
}

static bool can_read(const struct loader *l, struct err *e)
{
    if (l->secured) {
        err_set(e, ERR_SECURED,
                "The chip is in Secure Download Mode: its flash cannot be read out");
        return err_hint(e, "Nobody can by wire, for ever. What was written is in its record: "
                           "espstation history, with the MAC of its label.");
    }
    if (l->kind->has_md5)
        return true;
    err_set(e, ERR_STUB, "The ROM of %s cannot read the flash out, and no stub runs",
            l->chip->name);
    return err_hint(e, "A stub can: leave --rom away, or give a folder that has one with --stubs.");
}

bool readflash(struct loader *l, uint32_t addr, uint32_t size_bytes,
               const struct readflash_sink *sink, struct err *e)
{
    uint32_t chunk_bytes = l->kind->read_chunk_bytes;
    bool ok = true;
    if (!can_read(l, e))
        return false;
    uint8_t *chunk = malloc(chunk_bytes);
    if (!chunk)
        return err_set(e, ERR_STATION, "Out of memory for what is read");
    for (uint32_t at = 0; ok && at < size_bytes;) {
        uint32_t n = size_bytes - at < chunk_bytes ? size_bytes - at : chunk_bytes;
        ok = read_chunk(l, addr + at, chunk, n, e) && sink->take(sink->ctx, chunk, n, e);
        at += n;
    }
    free(chunk);
    return ok;
}
