/* LZMA as xz's library writes it raw: a range coder whose probabilities learn, over literals and
 * matches. The form is described in "LZMA Specification (draft)", 2015, public domain. No bits of
 * the byte before or of the place go into a literal (lc = lp = 0), two of the place into the rest
 * (pb = 2): for images the difference is 0.2 %, and the tables are 5 KB instead of 16. */
#include "stub/unpack.h"

#define HALF           1024u      /* of a probability */
#define LEAST_RANGE    (1u << 24) /* below, a byte more is taken */
#define LITERAL_STATES 7u         /* states behind a literal come first */
#define MATCH_LEAST    2u
#define SLOT_BITS      6u
#define ALIGN_BITS     4u
#define SPECIAL_SLOTS  14u /* below, all bits of a distance are learnt */
#define PAUSE_SYMBOLS  8u
#define PAUSE_ENTRIES  256u /* of the tables */

enum { REP0, REP1, REP2, REP3 };

/* ---- Bits ---- */

/* Behind the end of what there is stand zeros: only symbols need look whether it is over. */
static const uint8_t *refill(struct unpack *z)
{
    static const uint8_t zeros[1] = { 0 };
    if (z->dry || !z->more(z->ctx, &z->in, &z->in_end)) {
        z->dry = true;
        z->in = zeros;
        z->in_end = zeros + sizeof zeros;
    }
    return z->in;
}

/* What one bit needs, in registers. */
struct coder {
    uint32_t range, code;
    const uint8_t *in, *in_end;
};

static inline struct coder coder_of(const struct unpack *z)
{
    return (struct coder){ z->lzma.range, z->lzma.code, z->in, z->in_end };
}

static inline void keep(struct unpack *z, const struct coder *c)
{
    z->lzma.range = c->range;
    z->lzma.code = c->code;
    z->in = c->in;
}

static inline void normalize(struct unpack *z, struct coder *c)
{
    if (c->range >= LEAST_RANGE)
        return;
    if (c->in == c->in_end) {
        c->in = refill(z);
        c->in_end = z->in_end;
    }
    c->range <<= 8;
    c->code = c->code << 8 | *c->in++;
}

static inline uint32_t coder_bit(struct unpack *z, struct coder *c, uint16_t *p)
{
    normalize(z, c);
    uint32_t was = *p, bound = (c->range >> 11) * was;
    if (c->code < bound) {
        c->range = bound;
        *p = (uint16_t)(was + ((2 * HALF - was) >> 5));
        return 0;
    }
    c->range -= bound;
    c->code -= bound;
    *p = (uint16_t)(was - (was >> 5));
    return 1;
}

static uint32_t take_bit(struct unpack *z, uint16_t *p)
{
    struct coder c = coder_of(z);
    uint32_t bit = coder_bit(z, &c, p);
    keep(z, &c);
    return bit;
}

/* A number of so many bits, the highest first; each has probabilities by those before it. */
static uint32_t take_tree(struct unpack *z, uint16_t *p, uint32_t bits)
{
    struct coder c = coder_of(z);
    uint32_t symbol = 1, end = 1u << bits;
    while (symbol < end)
        symbol = symbol << 1 | coder_bit(z, &c, p + symbol);
    keep(z, &c);
    return symbol - end;
}

/* The same, the lowest first. */
static uint32_t take_reverse(struct unpack *z, uint16_t *p, uint32_t bits)
{
    struct coder c = coder_of(z);
    uint32_t symbol = 1, value = 0;
    for (uint32_t i = 0; i < bits; i++) {
        uint32_t bit = coder_bit(z, &c, p + symbol);
        symbol = symbol << 1 | bit;
        value |= bit << i;
    }
    keep(z, &c);
    return value;
}

/* Bits that are as likely as not. */
static uint32_t take_even(struct unpack *z, uint32_t bits)
{
    struct coder c = coder_of(z);
    uint32_t value = 0;
    while (bits-- > 0) {
        normalize(z, &c);
        c.range >>= 1;
        uint32_t bit = c.code >= c.range;
        c.code -= bit ? c.range : 0;
        value = value << 1 | bit;
    }
    keep(z, &c);
    return value;
}

/* ---- Symbols ---- */

static bool put(struct unpack *z, uint8_t byte)
{
    if (z->at == z->stop && !unpack_make_room(z))
        return false;
    z->ring[z->at++ & (z->ring_bytes - 1)] = byte;
    return true;
}

/* The byte so far back. */
static bool look_back(struct unpack *z, uint32_t distance, uint8_t *byte)
{
    if (distance > z->ring_bytes)
        return z->far(z->ctx, z->at - distance, byte);
    *byte = z->ring[(z->at - distance) & (z->ring_bytes - 1)];
    return true;
}

/* Behind a match a literal is not what would have gone on with it: that byte tells the first bits
 * which it shares, and one more. */
static uint32_t take_other_literal(struct unpack *z, uint32_t match)
{
    struct coder c = coder_of(z);
    uint16_t *p = z->lzma.literal;
    uint32_t symbol = 1, other = 0x100;
    while (symbol < 0x100) {
        match <<= 1;
        uint32_t same = match & other;
        uint32_t bit = coder_bit(z, &c, p + other + same + symbol);
        symbol = symbol << 1 | bit;
        other = bit ? same : other & ~match;
    }
    keep(z, &c);
    return symbol - 0x100;
}

static bool literal(struct unpack *z)
{
    struct unpack_lzma *l = &z->lzma;
    uint32_t byte;
    if (l->state < LITERAL_STATES) {
        byte = take_tree(z, l->literal, 8);
    } else {
        uint8_t match;
        if (!look_back(z, l->rep[REP0] + 1, &match))
            return false;
        byte = take_other_literal(z, match);
    }
    l->state = l->state < 4 ? 0 : l->state < 10 ? l->state - 3 : l->state - 6;
    return put(z, (uint8_t)byte);
}

static uint32_t take_length(struct unpack *z, struct unpack_lengths *n, uint32_t place)
{
    if (!take_bit(z, &n->choice[0]))
        return MATCH_LEAST + take_tree(z, n->low[place], 3);
    if (!take_bit(z, &n->choice[1]))
        return MATCH_LEAST + 8 + take_tree(z, n->middle[place], 3);
    return MATCH_LEAST + 16 + take_tree(z, n->high, 8);
}

static uint32_t take_distance(struct unpack *z, uint32_t length)
{
    struct unpack_lzma *l = &z->lzma;
    uint32_t by = length - MATCH_LEAST < 3 ? length - MATCH_LEAST : 3;
    uint32_t slot = take_tree(z, l->slot[by], SLOT_BITS);
    if (slot < 4)
        return slot;
    uint32_t bits = slot / 2 - 1, first = (2 | (slot & 1)) << bits;
    if (slot < SPECIAL_SLOTS)
        return first + take_reverse(z, l->special + first - slot, bits);
    first += take_even(z, bits - ALIGN_BITS) << ALIGN_BITS;
    return first + take_reverse(z, l->align, ALIGN_BITS);
}

/* One of the last four distances, which becomes the last one. */
static void use_again(struct unpack_lzma *l, uint32_t which)
{
    uint32_t distance = l->rep[which];
    for (; which > 0; which--)
        l->rep[which] = l->rep[which - 1];
    l->rep[0] = distance;
}

static bool copy_far(struct unpack *z, uint32_t length)
{
    uint8_t byte;
    while (length-- > 0) {
        if (!look_back(z, z->lzma.rep[REP0] + 1, &byte) || !put(z, byte))
            return false;
    }
    return true;
}

static bool copy(struct unpack *z, uint32_t length)
{
    uint32_t distance = z->lzma.rep[REP0];
    if (distance >= z->at)
        return false;
    return distance < z->ring_bytes ? unpack_copy(z, length, distance + 1) : copy_far(z, length);
}

static bool match(struct unpack *z, uint32_t place)
{
    struct unpack_lzma *l = &z->lzma;
    uint32_t length = take_length(z, &l->lengths, place);
    uint32_t distance = take_distance(z, length);
    l->state = l->state < LITERAL_STATES ? 7 : 10;
    l->rep[REP3] = distance;
    use_again(l, REP3);
    return copy(z, length);
}

static uint32_t take_which(struct unpack *z)
{
    struct unpack_lzma *l = &z->lzma;
    if (!take_bit(z, &l->is_rep1[l->state]))
        return REP1;
    return take_bit(z, &l->is_rep3[l->state]) ? REP3 : REP2;
}

static bool repeat(struct unpack *z, uint32_t place)
{
    struct unpack_lzma *l = &z->lzma;
    const uint32_t state = l->state;
    bool behind_literal = state < LITERAL_STATES;
    if (take_bit(z, &l->is_other_rep[state])) {
        use_again(l, take_which(z));
    } else if (!take_bit(z, &l->is_long[state][place])) {
        l->state = behind_literal ? 9 : 11;
        return copy(z, 1);
    }
    uint32_t length = take_length(z, &l->rep_lengths, place);
    l->state = behind_literal ? 8 : 11;
    return copy(z, length);
}

static bool symbol(struct unpack *z)
{
    struct unpack_lzma *l = &z->lzma;
    uint32_t place = z->at % UNPACK_PLACES;
    if (!take_bit(z, &l->is_match[l->state][place]))
        return literal(z);
    return take_bit(z, &l->is_rep[l->state]) ? repeat(z, place) : match(z, place);
}

static void begin_tables(struct unpack *z)
{
    struct unpack_lzma *l = &z->lzma;
    for (uint32_t i = 0; i < sizeof l->all / sizeof l->all[0]; i++) {
        if (i % PAUSE_ENTRIES == 0)
            z->pause(z->ctx);
        l->all[i] = HALF;
    }
    for (uint32_t i = 0; i < 4; i++)
        l->rep[i] = 0;
    l->range = UINT32_MAX;
    l->code = l->state = 0;
}

static bool begin(struct unpack *z)
{
    unpack_begin(z);
    z->dry = false;
    begin_tables(z);
    for (uint32_t i = 0; i < 5; i++) {
        if (z->in == z->in_end)
            refill(z);
        uint8_t byte = *z->in++;
        if (i == 0 && byte != 0)
            return false;
        z->lzma.code = z->lzma.code << 8 | byte;
    }
    return true;
}

bool unpack_lzma(struct unpack *z, uint32_t n)
{
    if (!begin(z))
        return false;
    for (uint32_t i = 0; z->at < n; i++) {
        if (i % PAUSE_SYMBOLS == 0)
            z->pause(z->ctx);
        if (!symbol(z) || z->dry)
            return false;
    }
    return true;
}
