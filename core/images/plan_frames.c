/* From bytes to frames that only need to be sent: blocks cut, compressed, measured and encoded. */
#include "core/images/plan_priv.h"

#include "core/base/bytes.h"
#include "core/facts/loader_kind.h"
#include "core/frames/packet.h"
#include "core/frames/slip.h"
#include "core/images/cuts.h"
#include "core/images/squeeze.h"
#include "stub/fast_wire.h"

#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define COMPRESSION_LEVEL 12 /* libdeflate's best */
#define SLOW_BAUD         460800u
#define SLOW_REACH_BYTES  (256u << 10)
#define RING_REACH_BYTES  (64u << 10) /* what the fast stub keeps in RAM where there is enough */

void plan_frames_free(struct plan_frames *f)
{
    free(f->bytes);
    free(f->at);
    free(f->flash_bytes);
    *f = (struct plan_frames){ 0 };
}

static bool frames_reserve(struct plan_frames *f, uint8_t command, uint32_t block_bytes,
                           size_t count, size_t payload_bytes)
{
    f->command = command;
    f->block_bytes = block_bytes;
    f->count = (uint32_t)count;
    f->at = calloc((size_t)f->count + 1, sizeof *f->at);
    f->flash_bytes = calloc(f->count, sizeof *f->flash_bytes);
    size_t cap = f->count * SLIP_ENCODED_MAX(PACKET_HEADER_BYTES + PACKET_BLOCK_HEADER_BYTES) +
                 2 * (payload_bytes + block_bytes);
    f->bytes = malloc(cap);
    return f->at && f->flash_bytes && f->bytes;
}

/* Adds block i; `payload` is exactly one block, or a shorter one of a compressed stream. */
static void frames_put(struct plan_frames *f, uint32_t i, const uint8_t *payload, size_t n)
{
    size_t room = SLIP_ENCODED_MAX(PACKET_HEADER_BYTES + PACKET_BLOCK_HEADER_BYTES + n);
    f->at[i + 1] =
        f->at[i] + packet_encode_block(f->bytes + f->at[i], room, f->command, i, payload, n);
}

static void frames_trim(struct plan_frames *f)
{
    uint8_t *smaller = realloc(f->bytes, f->at[f->count] ? f->at[f->count] : 1);
    if (smaller)
        f->bytes = smaller;
}

/* The last block is padded with FF to full size; what lies behind the image in its last sector is
 * blank anyway. */
bool plan_encode_raw(struct plan_frames *f, uint32_t block_bytes, const uint8_t *bytes, size_t n)
{
    uint8_t last[LOADER_STUB_BLOCK_BYTES];
    if (!frames_reserve(f, CMD_FLASH_DATA, block_bytes, (n + block_bytes - 1) / block_bytes, n))
        return false;
    for (uint32_t i = 0; i < f->count; i++) {
        size_t at = (size_t)i * block_bytes;
        f->flash_bytes[i] = block_bytes;
        if (n - at >= block_bytes) {
            frames_put(f, i, bytes + at, block_bytes);
            continue;
        }
        memset(last, 0xFF, sizeof last);
        memcpy(last, bytes + at, n - at);
        frames_put(f, i, last, block_bytes);
        f->flash_bytes[i] = (uint32_t)(n - at);
    }
    frames_trim(f);
    return true;
}

/* How much of the flash each block of the stream fills: timeouts and progress need it. */
static bool measure_blocks(struct plan_frames *f, const uint8_t *stream, const struct cuts *cuts)
{
    uint8_t sink[16384];
    z_stream z = { .next_in = (z_const Bytef *)(uintptr_t)stream };
    if (inflateInit(&z) != Z_OK)
        return false;
    int state = Z_OK;
    for (uint32_t i = 0; i < f->count; i++) {
        uLong before = z.total_out;
        z.avail_in += (uInt)(cuts->end[i] - (i ? cuts->end[i - 1] : 0));
        do {
            z.next_out = sink;
            z.avail_out = sizeof sink;
            state = inflate(&z, Z_SYNC_FLUSH);
        } while (state == Z_OK && (z.avail_in > 0 || z.avail_out == 0));
        f->flash_bytes[i] = (uint32_t)(z.total_out - before);
    }
    inflateEnd(&z);
    return state == Z_STREAM_END;
}

static bool encode_stream(struct plan_frames *f, const struct cuts *cuts, uint32_t block_bytes,
                          const uint8_t *stream)
{
    size_t at = 0;
    if (!frames_reserve(f, CMD_FLASH_DEFL_DATA, block_bytes, cuts->count,
                        cuts->end[cuts->count - 1]))
        return false;
    for (uint32_t i = 0; i < f->count; i++) {
        frames_put(f, i, stream + at, cuts->end[i] - at);
        at = cuts->end[i];
    }
    frames_trim(f);
    return measure_blocks(f, stream, cuts);
}

/* The stream in blocks of at most `aim->block_bytes`. */
static bool encode_blocks(struct plan_frames *f, const struct cuts_aim *aim, const uint8_t *stream,
                          size_t n)
{
    struct cuts cuts = { 0 };
    bool ok =
        (aim->block_bytes == LOADER_STUB_BLOCK_BYTES ? cuts_for_stub(&cuts, stream, n, aim)
                                                     : cuts_even(&cuts, n, aim->block_bytes)) &&
        encode_stream(f, &cuts, aim->block_bytes, stream);
    cuts_free(&cuts);
    return ok;
}

/* Compressed where that is shorter, else raw. */
static bool encode_shorter(struct plan_frames *f, const struct cuts_aim *aim,
                           const struct plan_region *r, const uint8_t *stream, size_t n)
{
    return n > 0 && n < r->size_bytes
               ? encode_blocks(f, aim, stream, n)
               : plan_encode_raw(f, aim->block_bytes, r->bytes, r->size_bytes);
}

/* ---- For the fast stub ---- */

static void fast_put(struct plan_frames *f, uint32_t i, const uint8_t *payload, size_t n)
{
    size_t room = SLIP_ENCODED_MAX(PACKET_HEADER_BYTES + FAST_ID_BYTES + n);
    uint8_t id[FAST_ID_BYTES];
    store_u32(id, (uint32_t)f->tag << 16 | i);
    uint32_t crc = packet_crc(CMD_FAST_BLOCK, id, sizeof id, payload, n);
    f->at[i + 1] = f->at[i] + packet_encode(f->bytes + f->at[i], room, CMD_FAST_BLOCK, crc, id,
                                            sizeof id, payload, n);
}

static uint16_t tag_of(const struct plan_region *r)
{
    uint32_t crc = (uint32_t)crc32(r->addr, r->bytes, r->size_bytes);
    return (uint16_t)(crc ^ crc >> 16);
}

/* What block i puts into the flash, of bytes that go as they are. */
static void measure_raw(struct plan_frames *f, const struct cuts *cuts)
{
    for (uint32_t i = 0; i < f->count; i++)
        f->flash_bytes[i] = (uint32_t)(cuts->end[i] - (i ? cuts->end[i - 1] : 0));
}

/* What goes to the fast stub. */
struct coded {
    const uint8_t *bytes;
    size_t n;
    uint8_t coding;
    uint32_t reach_bytes; /* of LZMA's matches */
};

static bool measure_coded(struct plan_frames *f, const struct coded *c, const struct cuts *cuts)
{
    if (c->coding == FAST_CODING_LZMA)
        return squeeze_measure(c->bytes, cuts->end, cuts->count, c->reach_bytes, f->flash_bytes);
    if (c->coding == FAST_CODING_ZLIB)
        return measure_blocks(f, c->bytes, cuts);
    measure_raw(f, cuts);
    return true;
}

static bool encode_coded(struct plan_region *r, const struct coded *c)
{
    struct plan_frames *f = &r->frames[FRAMES_FAST];
    struct cuts cuts = { 0 };
    size_t at = 0;
    bool ok = cuts_even(&cuts, c->n, FAST_BLOCK_BYTES) &&
              frames_reserve(f, CMD_FAST_BLOCK, FAST_BLOCK_BYTES, cuts.count, c->n);
    f->coding = c->coding;
    f->tag = tag_of(r);
    for (uint32_t i = 0; ok && i < f->count; i++) {
        fast_put(f, i, c->bytes + at, cuts.end[i] - at);
        at = cuts.end[i];
    }
    ok = ok && measure_coded(f, c, &cuts);
    if (ok)
        frames_trim(f);
    cuts_free(&cuts);
    return ok;
}

bool plan_encode_fast(struct plan_region *r, const uint8_t *stream, size_t n)
{
    const struct coded packed = { stream, n, FAST_CODING_ZLIB, 0 };
    const struct coded raw = { r->bytes, r->size_bytes, FAST_CODING_RAW, 0 };
    return encode_coded(r, n > 0 && n < r->size_bytes ? &packed : &raw);
}

/* How far back matches may reach: a power of two. What is no longer in its ring the stub reads back
 * from the flash, for which there is time where the wire is slow; beyond 256 KiB the encoder would
 * need more than a second for 4 MB, for images 1 % shorter. */
static uint32_t reach_for(const struct plan_settings *s, uint32_t bytes)
{
    const uint32_t most = s->baud <= SLOW_BAUD ? SLOW_REACH_BYTES : RING_REACH_BYTES;
    uint32_t reach = 4096;
    while (reach < bytes && reach < most)
        reach <<= 1;
    return reach;
}

/* The shortest of LZMA, the stream of zlib, and the bytes themselves. */
static bool encode_shortest(struct plan_region *r, const struct plan_settings *s,
                            const uint8_t *stream, size_t n)
{
    const uint32_t reach = reach_for(s, r->size_bytes);
    const size_t cap = n > 0 && n < r->size_bytes ? n : r->size_bytes;
    size_t squeezed = 0;
    if (!s->lzma)
        return plan_encode_fast(r, stream, n);
    uint8_t *packed = malloc(cap);
    if (!packed)
        return false;
    bool shorter = squeeze(r->bytes, r->size_bytes, reach, packed, cap, &squeezed);
    const struct coded c = { packed, squeezed, FAST_CODING_LZMA, reach };
    bool ok = shorter ? encode_coded(r, &c) : plan_encode_fast(r, stream, n);
    free(packed);
    return ok;
}

bool plan_encode_for_stub(struct plan_region *r, const struct plan_settings *s, bool small)
{
    const struct cuts_aim aim = { r->addr, r->size_bytes, LOADER_STUB_BLOCK_BYTES, s->baud };
    const struct cuts_aim over_usb = { r->addr, r->size_bytes, LOADER_USB_BLOCK_BYTES, s->baud };
    bool ok = false;
    uint8_t *stream = NULL;
    struct libdeflate_compressor *c = libdeflate_alloc_compressor(COMPRESSION_LEVEL);
    if (!c)
        return false;
    size_t cap = libdeflate_zlib_compress_bound(c, r->size_bytes);
    stream = malloc(cap);
    if (!stream)
        goto out;
    size_t n = libdeflate_zlib_compress(c, r->bytes, r->size_bytes, stream, cap);
    ok = encode_shorter(&r->frames[FRAMES_STUB], &aim, r, stream, n) &&
         (!small || encode_shorter(&r->frames[FRAMES_STUB_SMALL], &over_usb, r, stream, n)) &&
         (!s->fast || encode_shortest(r, s, stream, n));
out:
    free(stream);
    libdeflate_free_compressor(c);
    return ok;
}

uint64_t plan_frames_wire_bytes(const struct plan_frames *f)
{
    return f->at[f->count];
}
