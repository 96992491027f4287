/* The fast stub, given frames and anything else: it changes no flash but what a whole and sound
 * request has named, and comes to an end. */
#include "tests/fuzz/lib/fuzz.h"

#include "core/base/bytes.h"
#include "tests/lib/fast_host.h"

#include <stdlib.h>
#include <string.h>

#define ITEMS_MAX 40
#define DATA_MAX  600u
#define REGIONS   8u /* begun at most: each takes its time */

/* What may be changed, as one span. */
struct span {
    uint32_t from, to;
};

static void allow(struct span *s, uint32_t addr, uint64_t bytes)
{
    uint64_t to = addr + (bytes + 4095) / 4096 * 4096;
    if (to > FAST_HOST_FLASH || bytes == 0)
        return;
    s->from = addr < s->from ? addr : s->from;
    s->to = to > s->to ? (uint32_t)to : s->to;
}

static void say_words(struct fast_host *h, uint8_t command, const uint32_t *words, size_t n)
{
    uint8_t data[4 * FAST_BEGIN_WORDS];
    for (size_t i = 0; i < n; i++)
        store_u32(data + 4 * i, words[i]);
    fast_host_say(h, command, data, 4 * n);
}

/* Mostly possible: sectors of the flash, few blocks. */
static void say_begin(struct fast_host *h, struct input *in, struct span *s, unsigned *regions)
{
    const uint8_t flags = input_byte(in);
    uint32_t words[FAST_BEGIN_WORDS] = {
        input_byte(in) & 3u,     7,          (uint32_t)input_byte(in) << 12,
        input_u16(in) & 0xFFFCu, flags & 1u, 1 + (flags >> 4)
    };
    if (flags & 8)
        words[FAST_BEGIN_CODING] = FAST_CODING_LZMA + (flags & 1u);
    if (flags & 2)
        words[FAST_BEGIN_ADDR] = input_u32(in);
    if (flags & 4)
        words[FAST_BEGIN_FLASH_BYTES] = input_u32(in);
    if ((*regions)++ >= REGIONS)
        return;
    allow(s, words[FAST_BEGIN_ADDR], words[FAST_BEGIN_FLASH_BYTES]);
    say_words(h, FAST_BEGIN, words, FAST_BEGIN_WORDS);
}

static void say_block(struct fast_host *h, struct input *in)
{
    uint8_t data[FAST_ID_BYTES + DATA_MAX];
    size_t got;
    store_u32(data, 7u << 16 | (input_byte(in) & 15u));
    const uint8_t *bytes = input_bytes(in, input_u16(in) % DATA_MAX, &got);
    memcpy(data + FAST_ID_BYTES, bytes, got);
    fast_host_say(h, FAST_BLOCK, data, FAST_ID_BYTES + got);
}

static void say_any(struct fast_host *h, struct input *in, struct span *s)
{
    const uint8_t command = input_byte(in);
    size_t got;
    const uint8_t *bytes = input_bytes(in, input_byte(in), &got);
    if (command == FAST_BEGIN && got == 4 * FAST_BEGIN_WORDS)
        return; /* say_begin does that */
    if (command == 0xD1 && got == 8)
        allow(s, load_u32(bytes), load_u32(bytes + 4));
    if (command == 0xD0)
        allow(s, 0, FAST_HOST_FLASH);
    if (command == 0x0B && got == 24 && load_u32(bytes + 4) > FAST_HOST_FLASH)
        return; /* the flash of the tests is no larger */
    fast_host_say(h, command, bytes, got);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct input in = { bytes, n };
    struct fast_host *h = fast_host_new(0x00, false);
    struct span s = { UINT32_MAX, 0 };
    unsigned regions = 0;
    for (int i = 0; i < ITEMS_MAX && in.left > 0; i++) {
        size_t got;
        switch (input_byte(&in) & 3) {
        case 0:
            say_begin(h, &in, &s, &regions);
            break;
        case 1:
            say_block(h, &in);
            break;
        case 2:
            say_any(h, &in, &s);
            break;
        default: {
            const uint8_t *raw = input_bytes(&in, input_byte(&in), &got);
            fast_host_say_raw(h, raw, got);
        }
        }
    }
    fast_host_run(h);
    must(h->erases + h->programs == 0 || (h->lowest >= s.from && h->highest <= s.to),
         "only what was named is changed");
    free(h);
    return 0;
}
