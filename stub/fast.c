#include "stub/fast.h"

#define LOOK_BYTES  256u /* of the ring, at once: short enough for the UART at any rate */
#define NEWS_BLOCKS 4u   /* that come before the station is told */
#define ROOM_BLOCKS 4u   /* that it can be sent more */

/* The window is a power of two, and not every core can divide. */
static uint32_t slot_of(const struct fast *f, uint32_t n)
{
    return n & (f->window - 1);
}

static struct fast_region *region_at(struct fast *f, uint32_t n)
{
    return &f->region[n % FAST_REGIONS];
}

/* The one that is received, or was received last. */
static const uint32_t *receiving(const struct fast *f)
{
    static const uint32_t none[FAST_BEGIN_WORDS] = { 0 };
    return f->begun == 0 ? none : f->region[(f->begun - 1) % FAST_REGIONS].words;
}

void fast_begin(struct fast *f, union fast_slot *slots, uint32_t window, uint32_t *ring,
                uint32_t ring_bytes)
{
    f->window = window;
    for (uint32_t i = 0; i < window; i++)
        f->slot[i] = slots[i].bytes;
    wire_begin(&f->wire, slots[window].bytes);
    f->pen.ring = ring;
    f->pen.ring_bytes = f->unpack.ring_bytes = ring_bytes;
    f->unpack.ring = (uint8_t *)ring;
}

/* ---- What is said ---- */

static uint32_t limit(const struct fast *f)
{
    return f->taken + f->window - f->base;
}

static bool has_come(const struct fast *f, uint32_t number)
{
    uint32_t n = f->base + number;
    return n - f->taken < f->window && f->slot_bytes[slot_of(f, n)] != 0;
}

/* Whether blocks from `first` on have come, a bit each. */
static uint32_t have_bits(const struct fast *f, uint32_t first)
{
    uint32_t bits = 0;
    for (uint32_t i = 0; i < 32; i++) {
        if (has_come(f, first + i))
            bits |= 1u << i;
    }
    return bits;
}

static void say_state(struct fast *f, uint8_t command)
{
    uint32_t have = have_bits(f, f->next), more = have_bits(f, f->next + 32);
    f->say = false;
    f->news = 0;
    f->said_limit = limit(f);
    f->said_dropped = f->wire.dropped;
    fast_open_answer(f, command, FAST_WORD, 4 * FAST_STATE_WORDS);
    wire_put_word(&f->wire, f->generation);
    wire_put_word(&f->wire, f->next);
    wire_put_word(&f->wire, f->said_limit);
    wire_put_word(&f->wire, have);
    wire_put_word(&f->wire, more);
    wire_put_word(&f->wire, f->mark);
    wire_put_word(&f->wire, f->done_bytes + f->pen.done);
    fast_close_answer(f, f->failure);
}

void fast_greet(struct fast *f)
{
    wire_open(&f->wire);
    wire_put_word(&f->wire, FAST_WORD);
    wire_put_word(&f->wire, FAST_VERSION);
    wire_put_word(&f->wire, (1u << FAST_CODINGS) - 1);
    wire_put_word(&f->wire, f->window);
    wire_close(&f->wire);
}

/* ---- What comes ---- */

static bool is_complete(const struct fast *f)
{
    return f->next >= receiving(f)[FAST_BEGIN_BLOCKS];
}

static bool is_possible(struct fast *f, const uint32_t *words)
{
    uint32_t addr = words[FAST_BEGIN_ADDR], bytes = words[FAST_BEGIN_FLASH_BYTES];
    return bytes > 0 && bytes % 4 == 0 && addr % PEN_SECTOR_BYTES == 0 &&
           words[FAST_BEGIN_CODING] < FAST_CODINGS && words[FAST_BEGIN_BLOCKS] > 0 &&
           words[FAST_BEGIN_BLOCKS] <= 0x10000 && pen_reaches(&f->pen, addr, bytes);
}

/* Digests of what is written over are none. */
void fast_forget_digests(struct fast *f, uint32_t addr, uint32_t bytes)
{
    uint32_t end = addr + (bytes + PEN_SECTOR_BYTES - 1) / PEN_SECTOR_BYTES * PEN_SECTOR_BYTES;
    for (uint32_t i = 0; i < FAST_DIGESTS; i++) {
        struct fast_digest *d = &f->digest[i];
        if (d->addr < end && addr < d->addr + d->bytes)
            d->bytes = 0;
    }
}

static void begin_region(struct fast *f, const uint32_t *words)
{
    struct fast_region *r = region_at(f, f->begun);
    f->base += f->begun > 0 ? receiving(f)[FAST_BEGIN_BLOCKS] : 0;
    f->next = 0;
    for (uint32_t i = 0; i < FAST_BEGIN_WORDS; i++)
        r->words[i] = words[i];
    r->base = f->base;
    f->generation = words[FAST_BEGIN_GENERATION];
    f->said_gap = false;
    f->begun++;
}

/* While there is no room for one more, or one is given up, it gets no answer, and is asked again.
 */
static void take_begin(struct fast *f, const uint8_t *frame)
{
    uint32_t words[FAST_BEGIN_WORDS];
    for (uint32_t i = 0; i < FAST_BEGIN_WORDS; i++)
        words[i] = load_word(frame + FAST_HEADER_BYTES + 4 * i);
    bool again = f->begun > 0 && words[FAST_BEGIN_GENERATION] == f->generation;
    if (!again && !is_complete(f)) {
        f->abandon = true;
        return;
    }
    if (!again && f->begun - f->written == FAST_REGIONS)
        return;
    if (!again && is_possible(f, words))
        begin_region(f, words);
    else if (!again)
        f->failure = FAST_BAD_PLACE;
    say_state(f, FAST_BEGIN);
}

static void count_news(struct fast *f, uint32_t number)
{
    bool gap = number > f->next;
    f->news++;
    f->say = f->say || f->news >= NEWS_BLOCKS || (gap && !f->said_gap) || is_complete(f);
    f->said_gap = gap;
}

/* The frame becomes the slot, and what was in the slot the next frame. */
static void keep_block(struct fast *f, uint32_t number, uint32_t bytes)
{
    uint32_t at = slot_of(f, f->base + number);
    uint8_t *frame = f->wire.frame;
    f->wire.frame = f->slot[at];
    f->slot[at] = frame;
    f->slot_bytes[at] = (uint16_t)bytes;
    while (!is_complete(f) && has_come(f, f->next))
        f->next++;
    count_news(f, number);
}

static void take_block(struct fast *f, const uint8_t *frame, uint32_t bytes)
{
    const uint32_t *r = receiving(f);
    uint32_t id = load_word(frame + FAST_HEADER_BYTES), number = id & 0xFFFF;
    if (f->abandon || bytes <= FAST_HEADER_BYTES + FAST_ID_BYTES || id >> 16 != r[FAST_BEGIN_TAG] ||
        number < f->next || number >= r[FAST_BEGIN_BLOCKS])
        return;
    uint32_t n = f->base + number;
    if (n - f->taken >= f->window || f->slot_bytes[slot_of(f, n)] != 0)
        return;
    keep_block(f, number, bytes - FAST_HEADER_BYTES - FAST_ID_BYTES);
}

static void take_state(struct fast *f, const uint8_t *frame, uint32_t bytes)
{
    if (bytes >= FAST_HEADER_BYTES + 4)
        f->mark = load_word(frame + FAST_HEADER_BYTES);
    say_state(f, FAST_STATE);
}

/* One waits at a time. */
static void keep_command(struct fast *f, const uint8_t *frame, uint32_t bytes)
{
    if (f->command_bytes != 0 || bytes > FAST_COMMAND_BYTES)
        return;
    for (uint32_t i = 0; i < bytes; i++)
        f->command[i] = frame[i];
    f->command_bytes = bytes;
}

/* Answered at once, and only one that keeps to our form; who asks so has given up all that it asked
 * before. */
static void take_sync(struct fast *f)
{
    f->drop_answer = f->answering;
    if (!f->answering)
        f->command_bytes = 0;
    fast_open_answer(f, 0x08, FAST_WORD, 0);
    fast_close_answer(f, FAST_OK);
}

static void take_frame(struct fast *f, uint32_t bytes)
{
    const uint8_t *frame = f->wire.frame;
    switch (frame[1]) {
    case FAST_BLOCK:
        if (bytes > FAST_HEADER_BYTES + FAST_ID_BYTES)
            take_block(f, frame, bytes);
        break;
    case FAST_BEGIN:
        if (bytes == FAST_HEADER_BYTES + 4 * FAST_BEGIN_WORDS)
            take_begin(f, frame);
        break;
    case FAST_STATE:
        take_state(f, frame, bytes);
        break;
    case 0x08:
        take_sync(f);
        break;
    default:
        keep_command(f, frame, bytes);
        break;
    }
}

static void receive(struct fast *f)
{
    uint32_t bytes = 0;
    wire_poll(&f->wire);
    if (wire_next(&f->wire, LOOK_BYTES, &bytes))
        take_frame(f, bytes);
    bool wants_room = limit(f) - f->said_limit >= ROOM_BLOCKS && !is_complete(f);
    bool lost = f->wire.dropped != f->said_dropped && !is_complete(f);
    if (f->say || wants_room || lost)
        say_state(f, FAST_STATE);
}

/* ---- The flash ---- */

/* The digest that goes on: the oldest one that has not ended. */
static struct fast_digest *open_digest(struct fast *f)
{
    while (f->digests_ended != f->digests_begun) {
        struct fast_digest *d = &f->digest[f->digests_ended % FAST_DIGESTS];
        if (!d->ended && d->bytes > 0)
            return d;
        f->digests_ended++;
    }
    return NULL;
}

static void work(struct fast *f)
{
    struct fast_digest *d;
    if (!pen_is_free(&f->pen))
        return;
    d = open_digest(f);
    bool reads = d && fast_digest_begin(d);
    receive(f);
    if (reads)
        fast_digest_end(f, d);
    pen_step(&f->pen);
    if (reads)
        fast_digest_take(f, d);
    if (f->pen.bytes > 0 && f->digests_begun > 0)
        f->digest[(f->digests_begun - 1) % FAST_DIGESTS].limit = f->pen.done;
}

void fast_go_on(struct fast *f)
{
    receive(f);
    work(f);
}

/* ---- A region ---- */

static const struct fast_region *writing(const struct fast *f)
{
    return &f->region[f->written % FAST_REGIONS];
}

static uint32_t end_of(const struct fast_region *r)
{
    return r->base + r->words[FAST_BEGIN_BLOCKS];
}

static void free_block(struct fast *f)
{
    f->slot_bytes[slot_of(f, f->taken)] = 0;
    f->taken++;
}

/* Waits for the next block of the region. False: there is none, or it is given up. */
static bool await_block(struct fast *f)
{
    while (f->taken != end_of(writing(f)) && f->slot_bytes[slot_of(f, f->taken)] == 0) {
        if (f->abandon)
            return false;
        fast_go_on(f);
    }
    return f->taken != end_of(writing(f)) && !f->abandon;
}

/* A hook of unpack. The block before is used up, if there was one. */
static bool more(void *ctx, const uint8_t **in, const uint8_t **in_end)
{
    struct fast *f = ctx;
    if (*in)
        free_block(f);
    *in = *in_end = NULL;
    if (!await_block(f))
        return false;
    uint32_t at = slot_of(f, f->taken);
    *in = f->slot[at] + FAST_HEADER_BYTES + FAST_ID_BYTES;
    *in_end = *in + f->slot_bytes[at];
    return true;
}

/* The other one. What has not been programmed must stay in the ring. */
static bool room(void *ctx, uint32_t at, uint32_t *stop)
{
    struct fast *f = ctx;
    uint32_t bytes = writing(f)->words[FAST_BEGIN_FLASH_BYTES];
    if (at > bytes)
        return false;
    f->pen.ready = at;
    do {
        if (f->abandon)
            return false;
        fast_go_on(f);
    } while (at - f->pen.done == f->pen.ring_bytes);
    uint32_t left = f->pen.ring_bytes - (at - f->pen.done);
    *stop = at + (left < UNPACK_STRIDE ? left : UNPACK_STRIDE);
    return true;
}

/* A third one: what is no longer in the ring is in the flash, or about to be. */
static bool read_line(struct fast *f, uint32_t at)
{
    const uint32_t addr = writing(f)->words[FAST_BEGIN_ADDR];
    while (!pen_is_free(&f->pen)) {
        if (f->abandon)
            return false;
        receive(f);
    }
    f->line_at = at - at % FAST_LINE_BYTES;
    f->line_end = f->line_at + FAST_LINE_BYTES;
    if (f->line_end > f->pen.done)
        f->line_end = f->pen.done;
    pen_read(addr + f->line_at, FAST_LINE_BYTES, f->line);
    return true;
}

static bool far(void *ctx, uint32_t at, uint8_t *byte)
{
    struct fast *f = ctx;
    bool is_there = at >= f->line_at && at < f->line_end;
    if (!is_there && !read_line(f, at))
        return false;
    *byte = (uint8_t)(f->line[at % FAST_LINE_BYTES / 4] >> at % 4 * 8);
    return true;
}

static void pause_now(void *ctx)
{
    struct fast *f = ctx;
    wire_poll(&f->wire);
}

/* Digests follow in the same order, and so must be done with before there are too many. */
static void begin_digest(struct fast *f, uint32_t addr, uint32_t bytes)
{
    while (open_digest(f) && f->digests_begun - f->digests_ended == FAST_DIGESTS)
        fast_go_on(f);
    fast_forget_digests(f, addr, bytes);
    struct fast_digest *d = &f->digest[f->digests_begun++ % FAST_DIGESTS];
    d->addr = addr;
    d->bytes = bytes;
    d->at = d->limit = 0;
    d->ended = false;
    sum_begin(&d->sum);
}

static bool unpack_as(struct unpack *z, uint32_t coding, uint32_t bytes)
{
    switch (coding) {
    case FAST_CODING_ZLIB:
        return unpack(z);
    case FAST_CODING_LZMA:
        return unpack_lzma(z, bytes);
    default:
        return unpack_raw(z, bytes);
    }
}

static bool unpack_region(struct fast *f, const uint32_t *words)
{
    uint32_t bytes = words[FAST_BEGIN_FLASH_BYTES];
    struct unpack *z = &f->unpack;
    z->ctx = f;
    z->more = more;
    z->room = room;
    z->pause = pause_now;
    z->far = far;
    f->line_at = f->line_end = 0;
    bool ok = unpack_as(z, words[FAST_BEGIN_CODING], bytes);
    f->pen.ready = z->at < bytes ? z->at : bytes;
    return ok && z->at == bytes;
}

/* What is under way ends here, and the station begins it again. */
static void abandon_all(struct fast *f)
{
    pen_close(&f->pen);
    for (uint32_t i = 0; i < f->window; i++)
        f->slot_bytes[i] = 0;
    for (uint32_t i = 0; i < FAST_DIGESTS; i++)
        f->digest[i].bytes = 0;
    f->begun = f->written = 0;
    f->base = f->next = f->taken = 0;
    f->said_limit = f->said_dropped = 0;
    f->generation = 0;
    f->abandon = false;
}

static void write_region(struct fast *f)
{
    const uint32_t *words = writing(f)->words;
    begin_digest(f, words[FAST_BEGIN_ADDR], words[FAST_BEGIN_FLASH_BYTES]);
    pen_open(&f->pen, words[FAST_BEGIN_ADDR], words[FAST_BEGIN_FLASH_BYTES]);
    if (!unpack_region(f, words) && !f->abandon)
        f->failure = FAST_BAD_STREAM;
    while (await_block(f))
        free_block(f);
    while (!f->abandon && f->pen.done != f->pen.ready)
        fast_go_on(f);
    if (f->abandon) {
        abandon_all(f);
        return;
    }
    f->done_bytes += f->pen.done;
    pen_close(&f->pen);
    f->written++;
}

void fast_turn(struct fast *f)
{
    if (f->abandon && f->written == f->begun)
        abandon_all(f);
    if (f->written != f->begun)
        write_region(f);
    else if (f->command_bytes != 0)
        fast_answer(f);
    else
        fast_go_on(f);
}
