#include "stub/unpack.h"

#define MAX_BITS      15u
#define LITERALS      288u
#define DISTANCES     30u
#define END_OF_BLOCK  256u
#define LENGTH_CODES  19u
#define PAUSE_SYMBOLS 16u /* of a table */

bool unpack_make_room(struct unpack *z)
{
    return z->room(z->ctx, z->at, &z->stop) && (int32_t)(z->stop - z->at) > 0;
}

static bool put(struct unpack *z, uint8_t byte)
{
    if (z->at == z->stop && !unpack_make_room(z))
        return false;
    z->ring[z->at++ & (z->ring_bytes - 1)] = byte;
    return true;
}

/* ---- Bits, the lowest first ---- */

/* At least `n` of them, n <= 24. */
static bool need(struct unpack *z, uint32_t n)
{
    while (z->bit_count < n) {
        if (z->in == z->in_end && !z->more(z->ctx, &z->in, &z->in_end))
            return false;
        z->bits |= (uint32_t)*z->in++ << z->bit_count;
        z->bit_count += 8;
    }
    return true;
}

static bool take(struct unpack *z, uint32_t n, uint32_t *value)
{
    if (!need(z, n))
        return false;
    *value = z->bits & ((1u << n) - 1);
    z->bits >>= n;
    z->bit_count -= n;
    return true;
}

/* ---- Codes ---- */

static uint32_t reversed(uint32_t code, uint32_t bits)
{
    uint32_t r = 0;
    for (uint32_t i = 0; i < bits; i++)
        r |= (code >> i & 1) << (bits - 1 - i);
    return r;
}

static void fill_fast(struct unpack_codes *c, uint32_t code, uint32_t bits, uint32_t symbol)
{
    for (uint32_t i = reversed(code, bits); i < 1u << UNPACK_FAST_BITS; i += 1u << bits)
        c->fast[i] = (uint16_t)(bits << 12 | symbol);
}

/* False: more codes than there can be. Fewer are allowed: a code that is not there is an error when
 * it is met. */
static bool count_codes(struct unpack_codes *c, const uint8_t *lengths, uint32_t n,
                        uint32_t first[MAX_BITS + 1])
{
    int32_t left = 1;
    uint32_t code = 0, index = 0;
    for (uint32_t i = 0; i <= MAX_BITS; i++)
        c->count[i] = 0;
    for (uint32_t i = 0; i < n; i++)
        c->count[lengths[i]]++;
    c->count[0] = 0;
    for (uint32_t bits = 1; bits <= MAX_BITS; bits++) {
        left = left * 2 - c->count[bits];
        if (left < 0)
            return false;
        code <<= 1;
        first[bits] = code << 16 | index; /* of this length */
        code += c->count[bits];
        index += c->count[bits];
    }
    return true;
}

static bool build(struct unpack *z, struct unpack_codes *c, const uint8_t *lengths, uint32_t n)
{
    uint32_t next[MAX_BITS + 1];
    if (!count_codes(c, lengths, n, next))
        return false;
    for (uint32_t i = 0; i < 1u << UNPACK_FAST_BITS; i++)
        c->fast[i] = 0;
    for (uint32_t symbol = 0; symbol < n; symbol++) {
        uint32_t bits = lengths[symbol];
        if (symbol % PAUSE_SYMBOLS == 0)
            z->pause(z->ctx);
        if (bits == 0)
            continue;
        c->symbol[next[bits] & 0xFFFF] = (uint16_t)symbol;
        if (bits <= UNPACK_FAST_BITS)
            fill_fast(c, next[bits] >> 16, bits, symbol);
        next[bits] += 0x10001;
    }
    return true;
}

/* Bit by bit, as long as no code of that length is met. */
static bool take_slow(struct unpack *z, const struct unpack_codes *c, uint32_t *symbol)
{
    uint32_t code = 0, first = 0, index = 0;
    for (uint32_t bits = 1; bits <= MAX_BITS; bits++) {
        uint32_t bit;
        if (!take(z, 1, &bit))
            return false;
        code |= bit;
        uint32_t count = c->count[bits];
        if (code - first < count) {
            *symbol = c->symbol[index + (code - first)];
            return true;
        }
        index += count;
        first = (first + count) << 1;
        code <<= 1;
    }
    return false;
}

/* Behind the last code of a stream stand four bytes of its check: there are always enough bits. */
static bool take_symbol(struct unpack *z, const struct unpack_codes *c, uint32_t *symbol)
{
    if (z->bit_count < UNPACK_FAST_BITS && !need(z, MAX_BITS))
        return false;
    uint32_t row = c->fast[z->bits & ((1u << UNPACK_FAST_BITS) - 1)];
    if (row == 0)
        return take_slow(z, c, symbol);
    z->bits >>= row >> 12;
    z->bit_count -= row >> 12;
    *symbol = row & 0xFFF;
    return true;
}

/* ---- Blocks ---- */

/* Extra bits, and the first value, of symbols 257 on and of distances. */
static const uint8_t length_bits[29] = { 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2,
                                         2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0 };
static const uint16_t length_first[29] = { 3,  4,  5,  6,   7,   8,   9,   10,  11, 13,
                                           15, 17, 19, 23,  27,  31,  35,  43,  51, 59,
                                           67, 83, 99, 115, 131, 163, 195, 227, 258 };

static bool take_distance(struct unpack *z, uint32_t *distance)
{
    uint32_t symbol, extra;
    if (!take_symbol(z, &z->distances, &symbol) || symbol >= DISTANCES)
        return false;
    uint32_t bits = symbol < 4 ? 0 : symbol / 2 - 1;
    uint32_t first = symbol < 4 ? symbol + 1 : ((2 + symbol % 2) << bits) + 1;
    if (!take(z, bits, &extra))
        return false;
    *distance = first + extra;
    return *distance <= z->at;
}

bool unpack_copy(struct unpack *z, uint32_t length, uint32_t distance)
{
    const uint32_t mask = z->ring_bytes - 1;
    uint8_t *ring = z->ring;
    while (length > 0) {
        if (z->at == z->stop && !unpack_make_room(z))
            return false;
        uint32_t to = z->at, end = z->stop - to < length ? z->stop : to + length;
        for (; to != end; to++)
            ring[to & mask] = ring[(to - distance) & mask];
        length -= to - z->at;
        z->at = to;
    }
    return true;
}

static bool take_match(struct unpack *z, uint32_t symbol)
{
    uint32_t extra, distance;
    if (symbol - 257 >= 29 || !take(z, length_bits[symbol - 257], &extra))
        return false;
    uint32_t length = length_first[symbol - 257] + extra;
    return take_distance(z, &distance) && unpack_copy(z, length, distance);
}

/* Literals one after the other, which most of an image is, with all that matters in registers: as
 * long as their codes are short, and there is input and room. What comes then is for the rest. */
static void take_literals(struct unpack *z)
{
    uint32_t bits = z->bits, bit_count = z->bit_count, at = z->at, stop = z->stop;
    const uint32_t mask = z->ring_bytes - 1;
    const uint8_t *in = z->in, *in_end = z->in_end;
    const uint16_t *fast = z->literals.fast;
    uint8_t *ring = z->ring;
    while (at != stop) {
        if (bit_count < UNPACK_FAST_BITS) {
            if (in_end - in < 2)
                break;
            bits |= (uint32_t)in[0] << bit_count | (uint32_t)in[1] << (bit_count + 8);
            in += 2;
            bit_count += 16;
        }
        uint32_t row = fast[bits & ((1u << UNPACK_FAST_BITS) - 1)], length = row >> 12;
        if (row == 0 || (row & 0xFFF) >= END_OF_BLOCK)
            break;
        ring[at++ & mask] = (uint8_t)row;
        bits >>= length;
        bit_count -= length;
    }
    z->bits = bits;
    z->bit_count = bit_count;
    z->at = at;
    z->in = in;
}

static bool coded_block(struct unpack *z)
{
    for (;;) {
        uint32_t symbol;
        take_literals(z);
        if (!take_symbol(z, &z->literals, &symbol))
            return false;
        if (symbol == END_OF_BLOCK)
            return true;
        if (!(symbol < END_OF_BLOCK ? put(z, (uint8_t)symbol) : take_match(z, symbol)))
            return false;
    }
}

static bool fixed_block(struct unpack *z)
{
    for (uint32_t i = 0; i < LITERALS; i++)
        z->lengths[i] = i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8;
    if (!build(z, &z->literals, z->lengths, LITERALS))
        return false;
    for (uint32_t i = 0; i < DISTANCES; i++)
        z->lengths[i] = 5;
    return build(z, &z->distances, z->lengths, DISTANCES) && coded_block(z);
}

/* One symbol of the code that codes are told by: a length, or several of one. */
static bool take_lengths(struct unpack *z, uint32_t *n, uint32_t total)
{
    uint32_t symbol, repeat = 1;
    if (!take_symbol(z, &z->literals, &symbol))
        return false;
    uint8_t length = symbol < 16 ? (uint8_t)symbol : 0;
    if (symbol == 16) {
        if (*n == 0 || !take(z, 2, &repeat))
            return false;
        length = z->lengths[*n - 1];
        repeat += 3;
    } else if (symbol > 16) {
        if (!take(z, symbol == 17 ? 3 : 7, &repeat))
            return false;
        repeat += symbol == 17 ? 3 : 11;
    }
    if (repeat > total - *n)
        return false;
    while (repeat-- > 0)
        z->lengths[(*n)++] = length;
    return true;
}

static bool take_length_codes(struct unpack *z, uint32_t count)
{
    static const uint8_t order[LENGTH_CODES] = { 16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                                 11, 4,  12, 3, 13, 2, 14, 1, 15 };
    for (uint32_t i = 0; i < LENGTH_CODES; i++)
        z->lengths[order[i]] = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t length;
        if (!take(z, 3, &length))
            return false;
        z->lengths[order[i]] = (uint8_t)length;
    }
    return build(z, &z->literals, z->lengths, LENGTH_CODES);
}

static bool dynamic_block(struct unpack *z)
{
    uint32_t literals, distances, codes, n = 0;
    if (!take(z, 5, &literals) || !take(z, 5, &distances) || !take(z, 4, &codes))
        return false;
    literals += 257;
    distances += 1;
    if (literals > 286 || distances > DISTANCES || !take_length_codes(z, codes + 4))
        return false;
    while (n < literals + distances) {
        if (!take_lengths(z, &n, literals + distances))
            return false;
    }
    if (z->lengths[END_OF_BLOCK] == 0 || !build(z, &z->distances, z->lengths + literals, distances))
        return false;
    return build(z, &z->literals, z->lengths, literals) && coded_block(z);
}

static bool stored_block(struct unpack *z)
{
    uint32_t n, inverse, nothing, byte;
    if (!take(z, z->bit_count % 8, &nothing) || !take(z, 16, &n) || !take(z, 16, &inverse) ||
        n != (inverse ^ 0xFFFF))
        return false;
    while (n-- > 0) {
        if (!take(z, 8, &byte) || !put(z, (uint8_t)byte))
            return false;
    }
    return true;
}

static bool one_block(struct unpack *z, bool *last)
{
    uint32_t bit, kind;
    if (!take(z, 1, &bit) || !take(z, 2, &kind))
        return false;
    *last = bit;
    switch (kind) {
    case 0:
        return stored_block(z);
    case 1:
        return fixed_block(z);
    case 2:
        return dynamic_block(z);
    default:
        return false;
    }
}

void unpack_begin(struct unpack *z)
{
    z->at = z->stop = 0;
    z->bits = z->bit_count = 0;
    z->in = z->in_end = NULL;
}

/* 32 leaves 1, so its multiples go down to their digits; for cores that cannot divide. */
static bool is_multiple_of_31(uint32_t n)
{
    while (n > 31)
        n = (n & 31) + (n >> 5);
    return n == 31;
}

bool unpack(struct unpack *z)
{
    uint32_t method, flags;
    bool last = false;
    unpack_begin(z);
    if (!take(z, 8, &method) || !take(z, 8, &flags) || (method & 15) != 8 || method >> 4 > 7 ||
        !is_multiple_of_31(method << 8 | flags) || (flags & 0x20))
        return false;
    while (!last) {
        if (!one_block(z, &last))
            return false;
    }
    return true;
}

bool unpack_raw(struct unpack *z, uint32_t n)
{
    unpack_begin(z);
    while (n > 0) {
        if (z->in == z->in_end && !z->more(z->ctx, &z->in, &z->in_end))
            return false;
        if (z->at == z->stop && !unpack_make_room(z))
            return false;
        for (; n > 0 && z->in < z->in_end && z->at != z->stop; n--)
            z->ring[z->at++ & (z->ring_bytes - 1)] = *z->in++;
    }
    return true;
}
