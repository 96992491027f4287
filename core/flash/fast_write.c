#include "core/flash/fast_write.h"

#include "core/base/bytes.h"
#include "stub/fast_wire.h"

#include <stdlib.h>
#include <string.h>

#define WRITE_MS    10000u
#define SILENCE_MS  3000u  /* with nothing heard, however often it is asked */
#define STILL_MS    30000u /* with no block taken: longer than anything a flash does with one */
#define ASK_MS      120u   /* after the last byte: a late adapter, and a stub that is at work */
#define AHEAD_MS    350u   /* on their way, so that a late answer stops nothing */
#define AHEAD_LEAST 8u     /* blocks */
#define HAVE_BITS   64u

/* Blocks are told from one another by their order of sending: the wire keeps to it, so a block is
 * lost when another one came that was sent after it. */
struct sender {
    struct loader *l;
    const struct plan_region *r;
    const struct plan_frames *f;
    uint32_t generation;
    uint32_t *order; /* of the last time it was sent; 0: to be sent */
    uint32_t orders;
    uint32_t next, limit, sent_end; /* as the stub says; and behind the last that was ever sent */
    uint32_t asked;                 /* order in which the stub was asked last */
    uint64_t have;                  /* bit i: block next + i has come */
    bool begun;
    uint32_t flash_bytes_done;
    uint64_t heard_us, moved_us;
};

static uint64_t now_us(const struct sender *s)
{
    const struct clock *clock = s->l->link.port->clock;
    return clock->now_us(clock);
}

/* ---- What the stub says ---- */

static bool has_come(const struct sender *s, uint32_t i)
{
    return i < s->next || (i - s->next < HAVE_BITS && (s->have >> (i - s->next) & 1));
}

static void move_on(struct sender *s, uint32_t next)
{
    if (next <= s->next || next > s->f->count)
        return;
    for (; s->next < next; s->next++)
        s->flash_bytes_done += s->f->flash_bytes[s->next];
    s->moved_us = now_us(s);
}

/* The last order of which something has come. */
static uint32_t last_order(const struct sender *s, uint32_t before)
{
    uint32_t last = 0;
    for (uint32_t i = before; i < s->sent_end; i++) {
        if (has_come(s, i) && s->order[i] > last)
            last = s->order[i];
    }
    return last;
}

static void find_lost(struct sender *s, uint32_t before, uint32_t mark)
{
    uint32_t last = last_order(s, before);
    if (mark == s->asked && mark > last)
        last = mark;
    for (uint32_t i = s->next; i < s->sent_end; i++) {
        if (!has_come(s, i) && s->order[i] < last)
            s->order[i] = 0;
    }
}

static uint32_t word_of(const struct reply *r, uint32_t i)
{
    return load_u32(r->data + 4 * i);
}

static bool is_state(const struct reply *r)
{
    return (r->command == CMD_FAST_STATE || r->command == CMD_FAST_BEGIN) &&
           r->data_bytes == 4 * FAST_STATE_WORDS + FAST_STATUS_BYTES;
}

static bool refused(struct sender *s, struct reply *r, struct err *e)
{
    err_set(e, ERR_REFUSED, "the fast stub says status %02X (%s)", r->status[0],
            packet_status_text(s->l->kind->dialect, r->status));
    e->command = r->command;
    memcpy(e->chip_status, r->status, sizeof e->chip_status);
    return false;
}

static bool take_state(struct sender *s, struct reply *r, struct err *e)
{
    uint32_t before = s->next;
    s->heard_us = now_us(s);
    if (packet_judge(r, 4 * FAST_STATE_WORDS) && r->status[0] != STATUS_OK)
        return refused(s, r, e);
    if (word_of(r, FAST_STATE_GENERATION) != s->generation)
        return true; /* of the region before */
    s->begun = true;
    move_on(s, word_of(r, FAST_STATE_NEXT));
    if (word_of(r, FAST_STATE_NEXT) != s->next)
        return true; /* an older one */
    s->limit = word_of(r, FAST_STATE_LIMIT);
    s->have = word_of(r, FAST_STATE_HAVE) | (uint64_t)word_of(r, FAST_STATE_HAVE_MORE) << 32;
    find_lost(s, before, word_of(r, FAST_STATE_MARK));
    return true;
}

/* Whatever has come until the deadline, or the first of it. *heard: there was something. */
static bool listen(struct sender *s, struct deadline d, bool *heard, struct err *e)
{
    const uint8_t *frame;
    size_t n;
    struct err silence = { 0 };
    struct reply r;
    *heard = link_await_frame(&s->l->link, d, &frame, &n, &silence);
    if (*heard)
        return !packet_parse(frame, n, &r) || !is_state(&r) || take_state(s, &r, e);
    if (silence.code == ERR_TIMEOUT && !s->l->link.has_reset)
        return true;
    *e = silence;
    return false;
}

static bool listen_to_all(struct sender *s, struct err *e)
{
    bool heard = true;
    while (heard) {
        if (!listen(s, deadline_in_ms(s->l->link.port->clock, 0), &heard, e))
            return false;
    }
    return true;
}

/* ---- What is said to it ---- */

static bool send_begin(struct sender *s, struct err *e)
{
    const uint32_t words[FAST_BEGIN_WORDS] = { s->generation,    s->f->tag,    s->r->addr,
                                               s->r->size_bytes, s->f->coding, s->f->count };
    uint8_t data[sizeof words];
    for (size_t i = 0; i < FAST_BEGIN_WORDS; i++)
        store_u32(data + 4 * i, words[i]);
    return link_send(&s->l->link, CMD_FAST_BEGIN, data, sizeof data, e);
}

/* All that was sent before, and has not come by the time of the answer, is lost. */
static bool ask(struct sender *s, struct err *e)
{
    uint8_t data[4];
    s->asked = ++s->orders;
    store_u32(data, s->asked);
    return s->begun ? link_send(&s->l->link, CMD_FAST_STATE, data, sizeof data, e)
                    : send_begin(s, e);
}

static bool send_block(struct sender *s, uint32_t i, struct err *e)
{
    const struct plan_frames *f = s->f;
    struct link *link = &s->l->link;
    size_t n = f->at[i + 1] - f->at[i];
    s->order[i] = ++s->orders;
    if (i >= s->sent_end)
        s->sent_end = i + 1;
    return port_write(link->port, f->bytes + f->at[i], n, link_deadline(link, n, WRITE_MS), e);
}

/* As many as are on the wire for AHEAD_MS. */
static uint32_t most_ahead(const struct sender *s)
{
    uint32_t blocks = s->l->link.port->baud / 10 * AHEAD_MS / 1000 / FAST_BLOCK_BYTES;
    return blocks < AHEAD_LEAST ? AHEAD_LEAST : blocks;
}

static uint32_t under_way(const struct sender *s)
{
    uint32_t n = 0;
    for (uint32_t i = s->next; i < s->sent_end; i++)
        n += s->order[i] != 0 && !has_come(s, i);
    return n;
}

/* The next one that may be sent; the region's count: none. */
static uint32_t choose(const struct sender *s)
{
    if (under_way(s) >= most_ahead(s))
        return s->f->count;
    for (uint32_t i = s->next; i < s->f->count && i < s->limit; i++) {
        if (s->order[i] == 0 && !has_come(s, i))
            return i;
    }
    return s->f->count;
}

/* ---- A region ---- */

static bool is_silent(const struct sender *s, struct err *e)
{
    uint64_t now = now_us(s);
    if (now - s->heard_us > SILENCE_MS * UINT64_C(1000)) {
        flight_lost(&s->l->link.flight);
        return !err_set(e, ERR_TIMEOUT, "no word of the fast stub for %u s", SILENCE_MS / 1000);
    }
    if (now - s->moved_us > STILL_MS * UINT64_C(1000))
        return !err_set(e, ERR_TIMEOUT, "the fast stub takes no more for %u s", STILL_MS / 1000);
    return false;
}

/* Nothing may be sent: waits for what the stub says, and asks it where it says nothing. The wire
 * may still be carrying what a transport has taken at once. */
static bool await_room(struct sender *s, struct err *e)
{
    bool heard;
    const size_t wire_bytes = (size_t)under_way(s) * FAST_BLOCK_BYTES;
    struct deadline d = link_deadline(&s->l->link, wire_bytes, ASK_MS);
    if (!listen(s, d, &heard, e))
        return false;
    return heard || (!is_silent(s, e) && ask(s, e));
}

static bool send_all(struct sender *s, const struct flash_progress *progress, struct err *e)
{
    uint32_t told = 0;
    while (s->next < s->f->count) {
        uint32_t i = choose(s);
        if (!(i < s->f->count ? send_block(s, i, e) && listen_to_all(s, e) : await_room(s, e)))
            return false;
        if (s->flash_bytes_done != told)
            progress->tell(progress->ctx, s->flash_bytes_done);
        told = s->flash_bytes_done;
    }
    return true;
}

/* Its first blocks may follow at once: there is room for some in any stub. */
static bool begin(struct sender *s, struct err *e)
{
    s->heard_us = s->moved_us = now_us(s);
    s->limit = AHEAD_LEAST;
    return send_begin(s, e);
}

bool fast_write(struct loader *l, const struct plan_region *r,
                const struct flash_progress *progress, struct err *e)
{
    const struct plan_frames *f = &r->frames[FRAMES_FAST];
    struct sender s = { .l = l, .r = r, .f = f, .generation = ++l->fast_regions };
    if (f->count == 0)
        return err_set(e, ERR_STATION, "The plan holds nothing for the fast stub");
    s.order = calloc(f->count, sizeof *s.order);
    if (!s.order)
        return err_set(e, ERR_STATION, "Out of memory");
    bool ok = begin(&s, e) && send_all(&s, progress, e);
    free(s.order);
    if (ok)
        flight_reset(&l->link.flight);
    return ok;
}
