#include "core/images/cuts.h"

#include <stdlib.h>
#include <zlib.h>

#define SECTOR_BYTES        4096u
#define SECTORS_PER_BLOCK   16u
#define USUAL_BAUD          921600u
#define QUICK_BAUD          460800u
#define ERASE_SECTOR_US     45000u
#define WINDOW_US           260000u /* with its share of erasing: a stub's, while that goes on */
#define BITS_PER_BYTE       10u
#define FULL_FOR_SURE_BYTES 32u /* what an inflater may want to have seen beyond a full window */

void cuts_free(struct cuts *c)
{
    free(c->end);
    *c = (struct cuts){ 0 };
}

static size_t no_more(size_t n, size_t most)
{
    return n < most ? n : most;
}

static bool reserve(struct cuts *c, size_t most)
{
    c->end = malloc((most ? most : 1) * sizeof *c->end);
    c->count = 0;
    return c->end != NULL;
}

bool cuts_even(struct cuts *c, size_t stream_bytes, uint32_t block_bytes)
{
    if (!reserve(c, stream_bytes / block_bytes + 1))
        return false;
    for (size_t at = 0; at < stream_bytes;)
        c->end[c->count++] = at = no_more(at + block_bytes, stream_bytes);
    return true;
}

uint32_t cuts_erase_steps(uint32_t addr, uint32_t flash_bytes, uint32_t *first_sectors)
{
    uint32_t at = addr / SECTOR_BYTES;
    uint32_t end = (addr + flash_bytes + SECTOR_BYTES - 1) / SECTOR_BYTES;
    uint32_t steps = 0;
    *first_sectors = 0;
    for (; at < end; steps++) {
        bool whole = at % SECTORS_PER_BLOCK == 0 && end - at >= SECTORS_PER_BLOCK;
        if (!whole && *first_sectors == steps)
            ++*first_sectors;
        at += whole ? SECTORS_PER_BLOCK : 1;
    }
    return steps;
}

/* How much of the stream fills the window for the first time, the second and so on; the last one is
 * written when the stream ends. */
static bool find_windows(struct cuts *w, const uint8_t *stream, size_t stream_bytes,
                         uint32_t flash_bytes)
{
    z_stream z = { .next_in = (z_const Bytef *)(uintptr_t)stream, .avail_in = (uInt)stream_bytes };
    size_t full = (flash_bytes - 1) / CUTS_WINDOW_BYTES;
    uint8_t *window = malloc(CUTS_WINDOW_BYTES);
    int state = window && reserve(w, full + 1) ? inflateInit(&z) : Z_MEM_ERROR;
    if (state != Z_OK)
        goto out;
    for (; w->count < full && state == Z_OK; w->count++) {
        z.next_out = window;
        z.avail_out = CUTS_WINDOW_BYTES;
        state = inflate(&z, Z_SYNC_FLUSH);
        w->end[w->count] = no_more((size_t)z.total_in + FULL_FOR_SURE_BYTES, stream_bytes);
    }
    w->end[w->count++] = stream_bytes;
    inflateEnd(&z);
out:
    free(window);
    return state == Z_OK;
}

/* What the cutting has come to. */
struct cutter {
    size_t stream_bytes, block_bytes;
    size_t short_bytes;
    bool wire_is_slower; /* than the flash, even while it is erased */
    struct cuts windows;
    size_t at;         /* in the stream */
    size_t filled;     /* windows */
    uint32_t steps;    /* of erasing, in all */
    uint32_t shorts;   /* blocks for single sectors, still to come */
    bool behind_empty; /* the block before filled no window */
};

static size_t window_end(const struct cutter *k, size_t i)
{
    return i < k->windows.count ? k->windows.end[i] : k->stream_bytes;
}

/* The rest is not left for a block of its own if it is shorter still. */
static size_t short_end(struct cutter *k)
{
    k->shorts--;
    bool last = k->stream_bytes - k->at < 2 * k->short_bytes;
    return no_more(last ? k->stream_bytes : k->at + k->short_bytes, k->at + k->block_bytes);
}

/* Fills one window, and leaves the block behind it to fill another. */
static size_t filling_end(const struct cutter *k)
{
    size_t first = window_end(k, k->filled), second = window_end(k, k->filled + 1);
    size_t end = second - no_more(second, k->block_bytes);
    return end > first ? end : first;
}

static size_t next_end(struct cutter *k)
{
    size_t longest = no_more(k->at + k->block_bytes, k->stream_bytes);
    bool erasing = k->filled < k->steps && !k->wire_is_slower;
    bool fill = k->behind_empty && erasing;
    k->behind_empty = !fill && longest < window_end(k, k->filled);
    if (k->filled == 0 && k->shorts > 0)
        return short_end(k);
    return fill ? no_more(filling_end(k), longest) : longest;
}

/* Bytes on the wire in so many microseconds. */
static size_t bytes_in(uint32_t us, uint32_t baud)
{
    return (size_t)((uint64_t)us * baud / BITS_PER_BYTE / 1000000);
}

static void find_pace(struct cutter *k, uint32_t baud)
{
    uint32_t known = baud ? baud : USUAL_BAUD;
    uint32_t paying = known < QUICK_BAUD ? USUAL_BAUD : known;
    k->short_bytes = no_more(bytes_in(ERASE_SECTOR_US, paying), k->block_bytes);
    k->wire_is_slower = k->stream_bytes / k->windows.count > bytes_in(WINDOW_US, known);
}

bool cuts_for_stub(struct cuts *c, const uint8_t *stream, size_t stream_bytes,
                   const struct cuts_aim *aim)
{
    struct cutter k = { .stream_bytes = stream_bytes, .block_bytes = aim->block_bytes };
    k.steps = cuts_erase_steps(aim->addr, aim->flash_bytes, &k.shorts);
    k.shorts -= k.shorts > 0; /* BEGIN erases the first one */
    bool ok = find_windows(&k.windows, stream, stream_bytes, aim->flash_bytes);
    if (ok)
        find_pace(&k, aim->baud);
    ok = ok && reserve(c, 2 * (stream_bytes / k.short_bytes + k.windows.count));
    while (ok && k.at < stream_bytes) {
        c->end[c->count++] = k.at = next_end(&k);
        while (k.filled < k.windows.count && k.windows.end[k.filled] <= k.at)
            k.filled++;
    }
    cuts_free(&k.windows);
    return ok;
}
