/* How blocks are coded before they are burnt, and the timing that several chips share. */
#include "core/fuses/burn.h"

#include <openssl/crypto.h>
#include <string.h>

/* espefuse 5.3.1, mem_definition.py of these chips. */
const struct fuse_timing fuse_timing_c3[] = {
    { 0, 0x1E8, 0x0001FE00, 0xFF },
    { 0, 0x1E8, 0x000000FF, 0x28 },
    { 0, 0x1F0, 0x00FFFF00, 0x3000 },
    { 0, 0x1F4, 0x0000FFFF, 0x190 },
    { 0 },
};

/* ---- Reed-Solomon ---- */

#define CHECK_BYTES (4 * FUSE_RS_CHECK_WORDS)

/* The product of (x - 2^i), i from 0 to 11, over the bytes with polynomial 11D; its highest
 * coefficient, 1, left out. What the mask ROM of the ESP32-C3 computes with, too. */
static const uint8_t generator[CHECK_BYTES] = {
    68, 119, 67, 118, 220, 31, 7, 84, 92, 127, 213, 97
};

static uint8_t times(uint8_t a, uint8_t b)
{
    unsigned product = 0;
    for (int i = 7; i >= 0; i--) {
        product = product << 1 ^ (product & 0x80 ? 0x11D : 0);
        product ^= b >> i & 1 ? a : 0;
    }
    return (uint8_t)product;
}

static void take_byte(uint8_t check[static CHECK_BYTES], uint8_t byte)
{
    uint8_t first = byte ^ check[0];
    for (size_t i = 0; i < CHECK_BYTES; i++) {
        uint8_t next = i + 1 < CHECK_BYTES ? check[i + 1] : 0;
        check[i] = next ^ times(first, generator[i]);
    }
}

void fuse_rs_check(const uint32_t data[static 8], uint32_t check[static FUSE_RS_CHECK_WORDS])
{
    uint8_t bytes[CHECK_BYTES] = { 0 };
    for (size_t i = 0; i < FUSE_RS_DATA_BYTES; i++)
        take_byte(bytes, (uint8_t)(data[i / 4] >> i % 4 * 8));
    memset(check, 0, FUSE_RS_CHECK_WORDS * sizeof *check);
    for (size_t i = 0; i < CHECK_BYTES; i++)
        check[i / 4] |= (uint32_t)bytes[i] << i % 4 * 8;
    OPENSSL_cleanse(bytes, sizeof bytes);
}

/* ---- The ESP32's 3/4 ---- */

#define UNIT_BYTES  6u
#define CODED_BYTES 8u
#define UNITS       4u

static uint8_t byte_of(const uint32_t *words, size_t i)
{
    return (uint8_t)(words[i / 4] >> i % 4 * 8);
}

static void put_byte(uint32_t *words, size_t i, unsigned byte)
{
    words[i / 4] |= (uint32_t)(byte & 0xFF) << i % 4 * 8;
}

/* Six bytes, how they differ from each other, and a weighted count of their bits. */
void fuse_code_34(const uint32_t data[static 6], uint32_t coded[static 8])
{
    memset(coded, 0, 8 * sizeof *coded);
    for (size_t unit = 0; unit < UNITS; unit++) {
        unsigned parity = 0, sum = 0;
        for (size_t i = 0; i < UNIT_BYTES; i++) {
            uint8_t byte = byte_of(data, UNIT_BYTES * unit + i);
            parity ^= byte;
            sum += (unsigned)(i + 1) * (unsigned)__builtin_popcount(byte);
            put_byte(coded, CODED_BYTES * unit + i, byte);
        }
        put_byte(coded, CODED_BYTES * unit + 6, parity);
        put_byte(coded, CODED_BYTES * unit + 7, sum);
    }
}
