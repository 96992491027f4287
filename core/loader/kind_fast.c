/* The project's own stub in the chip's RAM; docs/fast-stub.md has its protocol. */
#include "core/base/bytes.h"
#include "core/loader/kind_priv.h"
#include "stub/fast_wire.h"

#include <string.h>

#define ANSWER_MS 3000u

/* It finds the flash where the ROM has left it. */
static bool attach(struct loader *l, uint32_t pins, struct err *e)
{
    (void)l;
    return pins == 0 || err_set(e, ERR_STUB, "the fast stub has no flash at special pins");
}

/* Each answer has its CRC, and the link has compared it. */
static bool read_flash(struct loader *l, uint32_t addr, uint8_t *bytes, uint32_t n, struct err *e)
{
    for (uint32_t at = 0; at < n; at += FAST_READ_BYTES) {
        uint32_t want = n - at < FAST_READ_BYTES ? n - at : FAST_READ_BYTES;
        const uint32_t words[2] = { addr + at, want };
        struct reply r;
        if (!kind_ask(l, CMD_FAST_READ, words, 2, want, ANSWER_MS, &r, e))
            return false;
        if (r.data_bytes != want + FAST_STATUS_BYTES)
            return err_set(e, ERR_FRAME, "a reply holds %zu bytes, %u expected", r.data_bytes,
                           want + FAST_STATUS_BYTES);
        memcpy(bytes + at, r.data, want);
    }
    return true;
}

static bool end_read(struct loader *l, struct err *e)
{
    return loader_find_again(l, e);
}

const struct loader_kind loader_fast = {
    .word = "fast",
    .is_stub = true,
    .dialect = &packet_dialect_fast,
    .changes_baud = true,
    .has_md5 = true,
    .has_set_params = true,
    .erases_exactly = true,
    .can_be_found = true,
    .fills_sync_value = true,
    .greeting = "FAST\1\0\0",
    .greeting_compare_bytes = 8,
    .greeting_bytes = 4 * FAST_GREETING_WORDS + FAST_CRC_BYTES,
    .frames = FRAMES_FAST,
    .frames_over_otg = FRAMES_FAST,
    .begin_words = FAST_BEGIN_WORDS,
    .attach_words = 1,
    .is_told_baud = true,
    .keeps_baud = true,
    .max_baud = 2000000, /* tried up to that with a core of 40 MHz (docs/fast-stub.md) */
    .in_flight = 1,
    .answers_early = true,
    .late_failure = FAST_BAD_STREAM,
    .erase_ahead_bytes = 64u << 10,
    .md5_is_raw = true,
    .baud_settle_ms = 5,
    .takes_window = true,
    .read_chunk_bytes = FAST_READ_BYTES,
    .attach = attach,
    .baud_request = kind_baud_as_it_is,
    .begin_bytes = kind_bytes_as_they_are,
    .erase = kind_erase_region,
    .erase_all = kind_erase_flash,
    .read = read_flash,
    .end_read = end_read,
};
