/* Little-endian load and store, byte by byte: no casts onto buffers, no alignment to think of. */
#ifndef CORE_BYTES_H
#define CORE_BYTES_H

#include <stdint.h>

static inline uint16_t load_u16(const uint8_t p[static 2])
{
    return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t load_u32(const uint8_t p[static 4])
{
    return (uint32_t)load_u16(p) | (uint32_t)load_u16(p + 2) << 16;
}

static inline void store_u16(uint8_t p[static 2], uint16_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
}

static inline void store_u32(uint8_t p[static 4], uint32_t v)
{
    store_u16(p, (uint16_t)v);
    store_u16(p + 2, (uint16_t)(v >> 16));
}

/* a rounded up to a multiple of `unit`, which is not 0; the caller keeps a + unit within 32 bits.
 */
static inline uint32_t round_up_u32(uint32_t a, uint32_t unit)
{
    return (a + unit - 1) / unit * unit;
}

#endif
