#include "core/flash/readflash.h"

#include "core/base/bytes.h"
#include "core/base/digest.h"

#include <stdlib.h>
#include <string.h>

#define PACKET_BYTES  0x1000u /* the most that both generations of stubs send at once */
#define PACKETS_AHEAD 64u
#define SLOW_BYTES    64u
#define ANSWER_MS     3000u
#define WRITE_MS      10000u
#define QUIET_MS      300u
#define CHUNK_TRIES   3

static struct deadline answer_deadline(const struct loader *l)
{
    return deadline_in_ms(l->link.port->clock, ANSWER_MS);
}

static bool ask(struct loader *l, uint8_t command, const uint32_t *words, size_t count,
                size_t payload_bytes, struct reply *r, struct err *e)
{
    uint8_t data[16];
    for (size_t i = 0; i < count; i++)
        store_u32(data + 4 * i, words[i]);
    return link_send(&l->link, command, data, 4 * count, e) &&
           link_await(&l->link, command, payload_bytes, false, answer_deadline(l), r, e);
}

/* What reading again can cure. A refusal too: a stub answers with the failure of what came before,
 * and that may have been the rest of a damaged frame. */
static bool is_of_the_wire(const struct err *e)
{
    return e->code == ERR_TIMEOUT || e->code == ERR_FRAME || e->code == ERR_REFUSED;
}

/* ---- Through the stub ---- */

static bool send_frame(struct loader *l, const uint8_t *bytes, size_t n, struct err *e)
{
    uint8_t frame[SLIP_ENCODED_MAX(4)];
    struct slip_encoder out;
    slip_begin(&out, frame, sizeof frame);
    slip_put(&out, bytes, n);
    return port_write(l->link.port, frame, slip_end(&out),
                      deadline_in_ms(l->link.port->clock, WRITE_MS), e);
}

static bool acknowledge(struct loader *l, uint32_t have, struct err *e)
{
    uint8_t word[4];
    store_u32(word, have);
    return send_frame(l, word, sizeof word, e);
}

static bool take_packet(struct loader *l, uint8_t *to, uint32_t want, struct err *e)
{
    const uint8_t *frame;
    size_t n;
    if (!link_await_frame(&l->link, answer_deadline(l), &frame, &n, e))
        return false;
    if (n != want)
        return err_set(e, ERR_FRAME, "a packet of %zu bytes came, %u expected", n, want);
    memcpy(to, frame, n);
    return true;
}

/* What was sent, not what is in the flash by another read: it proves the wire. */
static bool take_digest(struct loader *l, const uint8_t *bytes, uint32_t n, struct err *e)
{
    uint8_t said[DIGEST_MD5_BYTES], have[DIGEST_MD5_BYTES];
    if (!take_packet(l, said, sizeof said, e))
        return err_wrap(e, "the MD5 behind the data");
    if (!digest_md5(bytes, n, have))
        return err_set(e, ERR_STATION, "Out of memory");
    return memcmp(said, have, sizeof said) == 0 ||
           err_set(e, ERR_FRAME, "the data do not have the MD5 that the chip says");
}

static bool take_stream(struct loader *l, uint8_t *bytes, uint32_t n, struct err *e)
{
    for (uint32_t have = 0; have < n;) {
        uint32_t want = n - have < PACKET_BYTES ? n - have : PACKET_BYTES;
        if (!take_packet(l, bytes + have, want, e))
            return false;
        have += want;
        if (!acknowledge(l, have, e))
            return false;
    }
    return take_digest(l, bytes, n, e);
}

/* The link takes a boot log among a stub's answers for a reset of the board; here anything may
 * stand in the data, a boot log too. */
static bool read_by_stub(struct loader *l, uint32_t addr, uint8_t *bytes, uint32_t n, struct err *e)
{
    const uint32_t words[4] = { addr, n, PACKET_BYTES, PACKETS_AHEAD };
    struct reply r;
    if (!ask(l, CMD_READ_FLASH, words, 4, 0, &r, e))
        return false;
    l->link.from_stub = false;
    bool ok = take_stream(l, bytes, n, e);
    l->link.from_stub = true;
    link_forget_tail(&l->link);
    return ok;
}

/* An acknowledgement of another length than four bytes ends a stream; its MD5 follows. */
static bool end_stream(struct loader *l, struct err *e)
{
    static const uint8_t odd[1] = { 0 };
    if (!send_frame(l, odd, sizeof odd, e))
        return false;
    l->link.from_stub = false;
    bool quiet = link_listen(&l->link, deadline_in_ms(l->link.port->clock, QUIET_MS), e);
    l->link.from_stub = true;
    return quiet && loader_find_stub(l, e);
}

/* ---- Through the ROM ---- */

static bool read_by_rom(struct loader *l, uint32_t addr, uint8_t *bytes, uint32_t n, struct err *e)
{
    uint8_t said[DIGEST_MD5_BYTES], have[DIGEST_MD5_BYTES];
    for (uint32_t at = 0; at < n; at += SLOW_BYTES) {
        uint32_t want = n - at < SLOW_BYTES ? n - at : SLOW_BYTES;
        const uint32_t words[2] = { addr + at, want };
        struct reply r;
        if (!ask(l, CMD_READ_FLASH_SLOW, words, 2, SLOW_BYTES, &r, e))
            return false;
        if (r.data_bytes < SLOW_BYTES + 2)
            return err_set(e, ERR_FRAME, "a reply holds %zu bytes, %u expected", r.data_bytes,
                           SLOW_BYTES + 2);
        memcpy(bytes + at, r.data, want);
    }
    if (!loader_md5(l, addr, n, loader_timeout_ms(n, LOADER_MD5_MS_PER_MB), said, e))
        return false;
    if (!digest_md5(bytes, n, have))
        return err_set(e, ERR_STATION, "Out of memory");
    return memcmp(said, have, sizeof said) == 0 ||
           err_set(e, ERR_FRAME, "the data do not have the MD5 that the chip says");
}

/* ---- Both ---- */

static bool failed(uint32_t addr, struct err *e)
{
    bool wire = is_of_the_wire(e), refused = e->code == ERR_REFUSED;
    err_as_phase(e, ERR_VERIFY);
    if (refused)
        err_hint(e, "Read again, at a lower rate, as in --baud 115200. Does the flash reach so "
                    "far? See: "
                    "espstation identify");
    else if (wire)
        err_hint(e, "Read again at a lower rate, as in --baud 115200, and check cable and supply.");
    return err_wrap(e, "Reading the flash at 0x%x", addr);
}

/* A byte lost on the way costs its chunk, not the whole reading. */
static bool read_chunk(struct loader *l, uint32_t addr, uint8_t *bytes, uint32_t n, struct err *e)
{
    for (int attempt = 1;; attempt++) {
        struct err failure = { 0 }, lost = { 0 };
        bool ok = !l->kind->in_rom ? read_by_stub(l, addr, bytes, n, &failure)
                                   : read_by_rom(l, addr, bytes, n, &failure);
        if (ok)
            return true;
        if (is_of_the_wire(&failure) && attempt < CHUNK_TRIES &&
            (!l->kind->in_rom ? end_stream(l, &lost) : link_discard(&l->link, &lost)))
            continue;
        *e = lost.code == ERR_NONE || is_of_the_wire(&lost) ? failure : lost;
        return failed(addr, e);
    }
}

static bool can_read(const struct loader *l, struct err *e)
{
    if (l->secured)
        return err_set(e, ERR_SECURED,
                       "The chip is in Secure Download Mode: its flash cannot be read out");
    if (!loader_is_rom_with(l, CHIP_ROM_NO_MD5))
        return true;
    return err_set(e, ERR_STUB, "The ROM of %s cannot read the flash out, and no stub runs",
                   l->chip->name);
}

bool readflash(struct loader *l, uint32_t addr, uint32_t size_bytes,
               const struct readflash_sink *sink, struct err *e)
{
    uint32_t chunk_bytes = l->kind->read_chunk_bytes;
    bool ok = true;
    if (!can_read(l, e))
        return false;
    uint8_t *chunk = malloc(chunk_bytes);
    if (!chunk)
        return err_set(e, ERR_STATION, "Out of memory for what is read");
    for (uint32_t at = 0; ok && at < size_bytes;) {
        uint32_t n = size_bytes - at < chunk_bytes ? size_bytes - at : chunk_bytes;
        ok = read_chunk(l, addr + at, chunk, n, e) && sink->take(sink->ctx, chunk, n, e);
        at += n;
    }
    free(chunk);
    return ok;
}
