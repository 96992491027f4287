#include "stub/sum.h"

void sum_begin(struct sum *s)
{
    static const uint32_t first[4] = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476 };
    for (int i = 0; i < 4; i++)
        s->state[i] = first[i];
    s->bytes = 0;
}

static uint32_t turn(uint32_t v, unsigned by)
{
    return v << by | v >> (32 - by);
}

#define STEP(f, a, b, c, d, word, add, by) a = (b) + turn((a) + (f) + (word) + (add), by)
#define F(b, c, d)                         ((d) ^ ((b) & ((c) ^ (d))))
#define G(b, c, d)                         ((c) ^ ((d) & ((b) ^ (c))))
#define H(b, c, d)                         ((b) ^ (c) ^ (d))
#define I(b, c, d)                         ((c) ^ ((b) | ~(d)))

/* The integer part of 2^32 times the sine of 1 to 64. */
static const uint32_t sines[64] = {
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
    0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
    0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
    0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
    0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
    0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
    0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
    0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391,
};

/* Four steps, and the registers are in their places again; four of those are a round. Each round
 * takes the words in an order of its own. */
#define ROUND(f, k, first, by, s0, s1, s2, s3)                                                     \
    for (uint32_t i = (first), n = 0; n < 16; n += 4, i += 4 * (by)) {                             \
        const uint32_t *add = sines + (k) + n;                                                     \
        STEP(f(b, c, d), a, b, c, d, w[i & 15], add[0], s0);                                       \
        STEP(f(a, b, c), d, a, b, c, w[(i + (by)) & 15], add[1], s1);                              \
        STEP(f(d, a, b), c, d, a, b, w[(i + 2 * (by)) & 15], add[2], s2);                          \
        STEP(f(c, d, a), b, c, d, a, w[(i + 3 * (by)) & 15], add[3], s3);                          \
    }

void sum_block(struct sum *s, const uint32_t w[16])
{
    uint32_t a = s->state[0], b = s->state[1], c = s->state[2], d = s->state[3];
    ROUND(F, 0, 0, 1, 7, 12, 17, 22)
    ROUND(G, 16, 1, 5, 5, 9, 14, 20)
    ROUND(H, 32, 5, 3, 4, 11, 16, 23)
    ROUND(I, 48, 0, 7, 6, 10, 15, 21)
    s->state[0] += a;
    s->state[1] += b;
    s->state[2] += c;
    s->state[3] += d;
    s->bytes += SUM_BLOCK_BYTES;
}

void sum_end(struct sum *s, uint32_t words[16], uint32_t rest_bytes, uint8_t digest[SUM_BYTES])
{
    uint32_t all_bytes = s->bytes + rest_bytes, at = rest_bytes / 4, shift = rest_bytes % 4 * 8;
    words[at] = (words[at] & ((1u << shift) - 1)) | 0x80u << shift;
    for (uint32_t i = at + 1; i < 16; i++)
        words[i] = 0;
    if (at >= 14) {
        sum_block(s, words);
        for (uint32_t i = 0; i < 14; i++)
            words[i] = 0;
    }
    words[14] = all_bytes << 3;
    words[15] = all_bytes >> 29;
    sum_block(s, words);
    for (uint32_t i = 0; i < SUM_BYTES; i++)
        digest[i] = (uint8_t)(s->state[i / 4] >> i % 4 * 8);
}
