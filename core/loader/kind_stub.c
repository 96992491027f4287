/* The flasher stub in the chip's RAM. */
#include "core/base/bytes.h"
#include "core/base/digest.h"
#include "core/loader/kind_priv.h"
#include "core/loader/regs.h"

#include <string.h>

/* 31 bytes behind a closing C0 in one batch of the FIFO, and what arrives while the interrupt works
 * it off: less than 32, or the chip could not keep up with the line at all. */
#define FILLER_BYTES 64

#define PACKET_BYTES  0x1000u /* the most that both generations send at once */
#define PACKETS_AHEAD 64u
#define ANSWER_MS     3000u
#define WRITE_MS      10000u
#define QUIET_MS      300u

/* It has attached the flash by itself, unless the pins are special. */
static bool attach(struct loader *l, uint32_t pins, struct err *e)
{
    return pins == 0 || loader_spi_attach(l, pins, e);
}

/* As shipped (1.2.2, in an interpreter), with a core of 20 MHz, they lost nothing at 3000000, and
 * bytes on each chip at 4000000; if their code costs more than it is taken for, 88 cycles a byte,
 * 2270000 is what they bear. It is no loss: the flash is slower than that. And up to 2080000 baud a
 * whole divider of the ESP8266's 52 MHz comes within 2 % of any rate. */
#define STUB_MAX_BAUD 2000000u

/* Where the UART's divider is whole, a stub makes the new one from the present one, and cuts off
 * the rest: 25 instead of 26 for 2000000 baud from a crystal of 26 MHz, which is 4 % too quick. So
 * it is asked for what makes the nearest one. `as_if`: the rate it takes the present one for. */
static bool for_divider(struct loader *l, uint32_t baud, uint32_t as_if, uint32_t *request,
                        struct err *e)
{
    const struct chip_crystal *c = &l->chip->crystal;
    uint32_t mhz, present;
    if (!regs_crystal_mhz(l, &mhz, e) || !regs_read_fixed(l, c->divider_addr, &present, e))
        return false;
    uint64_t clock_hz = (uint64_t)mhz * 1000000 * c->divider_unit;
    uint64_t wanted = (clock_hz + baud / 2) / baud;
    present &= CHIP_DIVIDER_MASK;
    *request = (uint32_t)(present > 0 && wanted > 0 ? (uint64_t)present * as_if / wanted
                                                    : (uint64_t)baud * as_if / l->link.port->baud);
    return true;
}

/* This generation reckons as if the present rate were always the first one. */
static bool from_first_baud(struct loader *l, uint32_t baud, uint32_t *request, struct err *e)
{
    bool whole = l->chip->flags & CHIP_WHOLE_DIVIDER;
    *request = baud;
    return !whole || for_divider(l, baud, LOADER_SYNC_BAUD, request, e);
}

/* The one before reckons from the present rate, which it is told. */
static bool from_told_baud(struct loader *l, uint32_t baud, uint32_t *request, struct err *e)
{
    bool whole = l->chip->flags & CHIP_WHOLE_DIVIDER;
    *request = baud;
    return !whole || for_divider(l, baud, l->link.port->baud, request, e);
}

/* ---- Reading: packets as they come, each acknowledged, an MD5 at the end ---- */

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
    struct deadline d = deadline_in_ms(l->link.port->clock, ANSWER_MS);
    if (!link_await_frame(&l->link, d, &frame, &n, e))
        return false;
    if (n != want)
        return err_set(e, ERR_FRAME, "a packet of %zu bytes came, %u expected", n, want);
    memcpy(to, frame, n);
    return true;
}

/* What was sent, not what is in the flash by another read: it proves the wire. */
static bool take_digest(struct loader *l, const uint8_t *bytes, uint32_t n, struct err *e)
{
    uint8_t said[DIGEST_MD5_BYTES];
    if (!take_packet(l, said, sizeof said, e))
        return err_wrap(e, "the MD5 behind the data");
    return kind_check_md5(bytes, n, said, e);
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
static bool read_flash(struct loader *l, uint32_t addr, uint8_t *bytes, uint32_t n, struct err *e)
{
    const uint32_t words[4] = { addr, n, PACKET_BYTES, PACKETS_AHEAD };
    struct reply r;
    if (!kind_ask(l, CMD_READ_FLASH, words, 4, 0, ANSWER_MS, &r, e))
        return false;
    l->link.hears_resets = false;
    bool ok = take_stream(l, bytes, n, e);
    l->link.hears_resets = true;
    link_forget_tail(&l->link);
    return ok;
}

/* An acknowledgement of another length than four bytes ends a stream; its MD5 follows. */
static bool end_read(struct loader *l, struct err *e)
{
    static const uint8_t odd[1] = { 0 };
    if (!send_frame(l, odd, sizeof odd, e))
        return false;
    l->link.hears_resets = false;
    bool quiet = link_listen(&l->link, deadline_in_ms(l->link.port->clock, QUIET_MS), e);
    l->link.hears_resets = true;
    return quiet && loader_find_again(l, e);
}

/* ---- The rows ---- */

/* What both generations have in common. The new rate is theirs 11 ms after they have answered at
 * the latest (stub_io_set_baudrate of the first one, esp-stub-lib b8f78b2); from then on it is the
 * adapter's noise that is waited for, as long as esp-serial-flasher 2.0.0 does (src/esp_loader.c).
 */
#define A_STUB                                                                                     \
    .word = "stub", .is_stub = true, .dialect = &packet_dialect_stub, .changes_baud = true,        \
    .has_md5 = true, .has_set_params = true, .erases_exactly = true, .stops_watchdogs = true,      \
    .can_be_found = true, .frames = FRAMES_STUB, .frames_over_otg = FRAMES_STUB_SMALL,             \
    .begin_words = 4, .attach_words = 1, .is_told_baud = true, .max_baud = STUB_MAX_BAUD,          \
    .answers_early = true, .late_failure = STATUS_STUB_FLASH,                                      \
    .block_refused = STATUS_STUB_CHECKSUM, .erase_ahead_bytes = 128u << 10, .md5_is_raw = true,    \
    .baud_settle_ms = 25, .sets_baud = true, .greeting = "OHAI", .greeting_compare_bytes = 4,      \
    .greeting_bytes = 4, .loses_phase = true, .read_chunk_bytes = 64u << 10, .attach = attach,     \
    .begin_bytes = kind_bytes_as_they_are, .erase = kind_erase_region,                             \
    .erase_all = kind_erase_flash, .read = read_flash, .end_read = end_read

const struct loader_kind loader_stub = {
    A_STUB,
    .in_flight = 2,
    .filler_bytes = FILLER_BYTES,
    .keeps_baud = true,
    .baud_request = from_first_baud,
};

const struct loader_kind loader_stub_legacy = {
    A_STUB,
    .in_flight = 1,
    .baud_request = from_told_baud,
};
