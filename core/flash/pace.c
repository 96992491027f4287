#include "core/flash/pace.h"

#define BITS_PER_BYTE 10u   /* 8N1 */
#define PROMPT_US     2000u /* on top of the latency */
#define PROMPT_BLOCKS 3u

#define NEARLY(n) ((n) - (n) / 16)

/* A shorter block leaves the stub less time than those that proved it quick enough. */
static bool is_shorter(size_t n, size_t than)
{
    return n < NEARLY(than);
}

void pace_sent(struct pace *p, uint64_t now_us, size_t wire_bytes, uint32_t baud,
               uint32_t work_bytes)
{
    uint64_t start_us = now_us > p->wire_end_us ? now_us : p->wire_end_us;
    uint64_t pause_us = start_us - p->wire_end_us;
    uint64_t wire_us = baud ? (uint64_t)wire_bytes * BITS_PER_BYTE * 1000000 / baud : 0;
    if (is_shorter(wire_bytes, p->wire_bytes))
        p->prompt = 0;
    p->wire_end_us = start_us + wire_us;
    p->wire_bytes = wire_bytes;
    p->wire_us = wire_us;
    if (p->sent_count == 2)
        p->sent[0] = p->sent[--p->sent_count];
    p->sent[p->sent_count].end_us = p->wire_end_us;
    p->sent[p->sent_count].pause_us = pause_us;
    p->sent[p->sent_count++].work_bytes = work_bytes;
}

/* Work that was done by the end of the next block, when a pause was in front of that, is done
 * before the block behind it begins, if the pause there is at least half as long; PROMPT_US is what
 * may be missing. Less work than was proved before proves nothing of that. */
static void prove(struct pace *p, uint32_t work_bytes, uint64_t pause_us)
{
    if (work_bytes >= NEARLY(p->proven_bytes))
        p->gap_us = pause_us / 2 + PROMPT_US / 2;
    if (work_bytes > p->proven_bytes)
        p->proven_bytes = work_bytes;
}

void pace_acknowledged(struct pace *p, uint64_t now_us, uint64_t latency_us)
{
    if (p->sent_count == 0)
        return;
    bool late = now_us > p->sent[0].end_us + latency_us + PROMPT_US;
    uint32_t work_bytes = p->sent[0].work_bytes;
    uint64_t pause_us = p->sent[0].pause_us;
    p->sent[0] = p->sent[1];
    p->sent_count--;
    if (late) {
        p->prompt = 0;
        p->proven_bytes = 0;
        return;
    }
    p->prompt++;
    prove(p, work_bytes, pause_us);
}

bool pace_is_late_link(uint64_t latency_us)
{
    return latency_us != UINT64_MAX && latency_us > 2 * PACE_GUARD_US;
}

bool pace_keeps_up(const struct pace *p)
{
    return p->sent_count == 1 && p->prompt >= PROMPT_BLOCKS &&
           p->sent[0].work_bytes <= p->proven_bytes;
}

uint64_t pace_next_us(const struct pace *p)
{
    return p->wire_end_us + (p->gap_us > PACE_GUARD_US ? p->gap_us : PACE_GUARD_US);
}
