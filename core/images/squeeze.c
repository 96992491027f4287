#include "core/images/squeeze.h"

#include <lzma.h>

#define LEAST_REACH 4096u /* of the library */

/* lc, lp and pb are those of the stub. A longer match is taken at once: beyond it no image became
 * smaller, but slower. */
static lzma_options_lzma options(uint32_t reach_bytes)
{
    return (lzma_options_lzma){
        .dict_size = reach_bytes < LEAST_REACH ? LEAST_REACH : reach_bytes,
        .lc = 0,
        .lp = 0,
        .pb = 2,
        .mode = LZMA_MODE_NORMAL,
        .nice_len = 32,
        .mf = LZMA_MF_BT4,
    };
}

size_t squeeze_bound(size_t n)
{
    return lzma_stream_buffer_bound(n);
}

bool squeeze(const uint8_t *bytes, size_t n, uint32_t reach_bytes, uint8_t *packed, size_t cap,
             size_t *packed_bytes)
{
    lzma_options_lzma o = options(reach_bytes);
    const lzma_filter filters[] = { { LZMA_FILTER_LZMA1, &o }, { LZMA_VLI_UNKNOWN, NULL } };
    *packed_bytes = 0;
    return lzma_raw_buffer_encode(filters, NULL, bytes, n, packed, packed_bytes, cap) == LZMA_OK;
}

/* All that comes out of what is there. */
static lzma_ret drain(lzma_stream *z)
{
    uint8_t sink[16384];
    lzma_ret state = LZMA_OK;
    do {
        z->next_out = sink;
        z->avail_out = sizeof sink;
        state = lzma_code(z, LZMA_RUN);
    } while (state == LZMA_OK && (z->avail_in > 0 || z->avail_out == 0));
    return state == LZMA_BUF_ERROR ? LZMA_OK : state;
}

bool squeeze_measure(const uint8_t *packed, const size_t *end, size_t parts, uint32_t reach_bytes,
                     uint32_t *out_bytes)
{
    lzma_options_lzma o = options(reach_bytes);
    const lzma_filter filters[] = { { LZMA_FILTER_LZMA1, &o }, { LZMA_VLI_UNKNOWN, NULL } };
    lzma_stream z = LZMA_STREAM_INIT;
    if (lzma_raw_decoder(&z, filters) != LZMA_OK)
        return false;
    lzma_ret state = LZMA_OK;
    z.next_in = packed;
    for (size_t i = 0; i < parts; i++) {
        uint64_t before = z.total_out;
        z.avail_in = end[i] - (i ? end[i - 1] : 0);
        if (state == LZMA_OK)
            state = drain(&z);
        out_bytes[i] = (uint32_t)(z.total_out - before);
    }
    lzma_end(&z);
    return state == LZMA_STREAM_END;
}
