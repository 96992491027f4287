#include "core/loader/link.h"

#include "core/loader/bootlog.h"

#include <stdio.h>
#include <string.h>

#define REQUEST_DATA_MAX   64u
#define FRAMES_SKIPPED_MAX 200u
#define WRITE_MS           10000u
#define PLAIN_ANSWER_MIN   10u /* a header, and two status bytes */
#define PLAIN_ANSWER_MAX   12u /* ...or four */
#define FILLER_MAX         64u
#define BITS_PER_BYTE      10u /* 8N1 */
#define BOOT_LOG_MS        100u

/* For the rest of "waiting for download" and its line end, which take 1.3 ms to be printed, and for
 * the ROM to begin with what it says. */
#define LAST_WORDS_MS 4u

void link_init(struct link *l, struct port *port)
{
    memset(l, 0, sizeof *l);
    l->port = port;
    l->dialect = &packet_dialect_rom;
    slip_decoder_init(&l->slip, l->frame, sizeof l->frame);
}

void link_move(struct link *to, const struct link *from)
{
    *to = *from;
    to->slip.buf = to->frame;
}

bool link_discard(struct link *l, struct err *e)
{
    slip_decoder_reset(&l->slip);
    l->rx_at = l->rx_have = 0;
    link_forget_tail(l);
    return port_discard(l->port, e);
}

bool link_send(struct link *l, uint8_t command, const void *data, size_t n, struct err *e)
{
    uint8_t frame[SLIP_ENCODED_MAX(PACKET_HEADER_BYTES + REQUEST_DATA_MAX)];
    uint32_t crc = l->dialect->has_crc ? packet_crc(command, data, n, NULL, 0) : 0;
    size_t len = packet_encode(frame, sizeof frame, command, crc, data, n, NULL, 0);
    if (len == 0)
        return err_set(e, ERR_STATION, "A request of %zu bytes does not fit its frame", n);
    bool ok = link_write(l, command, frame, len, deadline_in_ms(l->port->clock, WRITE_MS), e);
    explicit_bzero(frame, sizeof frame); /* it may be a word of a key */
    return ok;
}

/* Commands that change the flash. */
static bool touches(uint8_t command)
{
    return command == CMD_FLASH_BEGIN || command == CMD_FLASH_DATA ||
           command == CMD_FLASH_DEFL_BEGIN || command == CMD_FLASH_DEFL_DATA ||
           command == CMD_ERASE_FLASH || command == CMD_ERASE_REGION;
}

/* Any byte but C0 is nothing to a decoder between two frames. */
static bool send_filler(struct link *l, struct deadline d, struct err *e)
{
    static const uint8_t filler[FILLER_MAX] = { 0 };
    size_t n = l->filler_bytes < FILLER_MAX ? l->filler_bytes : FILLER_MAX;
    return n == 0 || port_write(l->port, filler, n, d, e);
}

void link_note_sent(struct link *l, uint8_t command)
{
    flight_sent(&l->flight, command);
    l->touches_asked += touches(command);
    l->asked_ever[command / 32] |= UINT32_C(1) << command % 32;
}

bool link_write(struct link *l, uint8_t command, const uint8_t *bytes, size_t n, struct deadline d,
                struct err *e)
{
    bool behind = l->flight.count > 0;
    l->asked = l->asked || !behind;
    link_note_sent(l, command);
    return (!behind || send_filler(l, d, e)) && port_write(l->port, bytes, n, d, e);
}

bool link_send_delimiter(struct link *l, struct err *e)
{
    static const uint8_t delimiter = SLIP_DELIMITER;
    return port_write(l->port, &delimiter, 1, deadline_in_ms(l->port->clock, WRITE_MS), e);
}

static uint64_t wire_us(const struct link *l, size_t bytes)
{
    return l->port->baud ? (uint64_t)bytes * BITS_PER_BYTE * 1000000 / l->port->baud : 0;
}

struct deadline link_deadline(const struct link *l, size_t wire_bytes, uint32_t ms)
{
    return deadline_in_ms(l->port->clock, ms + (uint32_t)(wire_us(l, wire_bytes) / 1000));
}

static void keep_tail(struct link *l, const uint8_t *bytes, size_t n)
{
    size_t room = sizeof l->tail - l->tail_have;
    if (l->tail_held && n > room)
        n = room;
    if (n >= sizeof l->tail) {
        bytes += n - sizeof l->tail;
        n = sizeof l->tail;
    }
    size_t keep = sizeof l->tail - n < l->tail_have ? sizeof l->tail - n : l->tail_have;
    memmove(l->tail, l->tail + l->tail_have - keep, keep);
    memcpy(l->tail + keep, bytes, n);
    l->tail_have = keep + n;
}

static bool refill(struct link *l, struct deadline d, struct err *e)
{
    size_t n = port_read(l->port, l->rx, sizeof l->rx, d, e);
    if (n == 0)
        return false;
    keep_tail(l, l->rx, n);
    l->rx_at = 0;
    l->rx_have = n;
    return true;
}

/* The last quarter holds the banner and what came with it; the answers of before are no log. */
static void make_room_for_log(struct link *l)
{
    size_t keep = l->tail_have < LINK_TAIL_MAX / 2 ? l->tail_have : LINK_TAIL_MAX / 2;
    memmove(l->tail, l->tail + l->tail_have - keep, keep);
    l->tail_have = keep;
}

/* A stub never prints: a banner among its answers is the ROM's, after a reset nobody asked for. The
 * wait is over then, and what else the log says is collected. */
static bool catch_reset(struct link *l)
{
    char text[LINK_TAIL_MAX + 1];
    struct err ignored = { 0 };
    if (!l->hears_resets)
        return false;
    link_tail_text(l, text, sizeof text);
    if (!bootlog_has_banner(text))
        return false;
    make_room_for_log(l);
    link_hold_tail(l);
    return link_listen(l, deadline_in_ms(l->port->clock, BOOT_LOG_MS), &ignored);
}

/* An adapter that collects bytes holds back the last ones of the log for up to 16 ms. The ROM
 * has printed them long before. */
static bool says_last_words(struct link *l, const char *text, struct deadline d)
{
    struct deadline soon = deadline_in_ms(l->port->clock, LAST_WORDS_MS);
    struct err end = { 0 };
    return bootlog_is_entering(text) && soon.at_us < d.at_us && !refill(l, soon, &end) &&
           end.code == ERR_TIMEOUT;
}

/* All that came is looked at, and it ends a boot log: what was asked before is lost, or waits in
 * the chip's FIFO. */
static bool has_entered_loader(struct link *l, struct deadline d)
{
    char text[LINK_TAIL_MAX + 1];
    if (!l->until_loader)
        return false;
    link_tail_text(l, text, sizeof text);
    l->until_loader = !bootlog_in_loader(text) && !says_last_words(l, text, d);
    return !l->until_loader;
}

bool link_await_frame(struct link *l, struct deadline d, const uint8_t **frame, size_t *n,
                      struct err *e)
{
    for (;;) {
        if (l->rx_at == l->rx_have) {
            if (has_entered_loader(l, d))
                return err_set(e, ERR_TIMEOUT, "no frame, but the end of a boot log");
            if (l->rx_at == l->rx_have && !refill(l, d, e))
                return false;
            l->has_reset = catch_reset(l);
            if (l->has_reset)
                return err_set(e, ERR_TIMEOUT, "no frame, but a boot log");
        }
        enum slip_event event;
        l->rx_at += slip_decode(&l->slip, l->rx + l->rx_at, l->rx_have - l->rx_at, &event);
        *frame = l->slip.buf;
        *n = l->slip.have;
        bool whole = event == SLIP_FRAME;
        if (whole && (!l->dialect->has_crc || packet_check_crc(*frame, n)))
            return true;
        if (event != SLIP_NOTHING)
            l->frames_dropped++;
        /* A chip that never pauses must not keep us past the deadline. */
        if (deadline_over(l->port->clock, d))
            return err_set(e, ERR_TIMEOUT, "no frame, only noise");
    }
}

/* A ROM answers a command it does not know with 01 05 and the number of an earlier command. */
static bool says_unknown(const struct reply *r)
{
    return r->data_bytes >= 2 && r->data[0] == STATUS_ROM_FAILED &&
           r->data[1] == STATUS_ROM_UNKNOWN;
}

static bool was_asked(const struct link *l, uint8_t command)
{
    return (l->asked_ever[command / 32] >> command % 32 & 1) != 0;
}

/* An answer to what was never asked, or more answers than were asked for: a chip has understood
 * something else as that. And what is as long as a plain answer, but none, was one. */
static void note_frame(struct link *l, const uint8_t *frame, size_t n)
{
    struct reply r;
    if (n >= PLAIN_ANSWER_MIN && frame[0] == PACKET_FROM_CHIP)
        l->answers++;
    if (l->dialect->has_crc) /* nothing was turned on the way, and some is said unasked */
        return;
    if (packet_parse(frame, n, &r)) {
        l->touches_answered += touches(r.command);
        if (l->touches_answered > l->touches_asked ||
            (!was_asked(l, r.command) && !says_unknown(&r)))
            l->commands_turn = true;
    } else if (n >= PLAIN_ANSWER_MIN && n <= PLAIN_ANSWER_MAX && frame[0] != PACKET_FROM_CHIP) {
        l->commands_turn = true;
    }
}

void link_note_turned(struct link *l)
{
    l->commands_turn = true;
}

static bool refused(struct link *l, uint8_t command, const struct reply *r, struct err *e)
{
    char spare[16];
    err_set(e, ERR_REFUSED, "the chip refused %s with status %02X %02X (%s)",
            packet_command_name(command, spare), r->status[0], r->status[1],
            packet_status_text(l->dialect, r->status));
    e->command = command;
    memcpy(e->chip_status, r->status, sizeof e->chip_status);
    return false;
}

static bool no_reply(struct link *l, uint8_t command, uint64_t start_us, struct err *e)
{
    char spare[16];
    flight_lost(&l->flight);
    uint64_t now_us = l->port->clock->now_us(l->port->clock);
    return err_set(e, ERR_TIMEOUT, "no reply to %s after %.1f s",
                   packet_command_name(command, spare), (double)(now_us - start_us) / 1e6);
}

static bool is_reply_to(uint8_t command, bool may_be_unknown, const uint8_t *frame, size_t n,
                        struct reply *r)
{
    return packet_parse(frame, n, r) &&
           (r->command == command || (may_be_unknown && says_unknown(r)));
}

static void note_answer(struct link *l, uint8_t command)
{
    flight_answered(&l->flight, command);
    l->round_trips += l->asked;
    l->asked = false;
}

bool link_await(struct link *l, uint8_t command, size_t payload_bytes, bool may_be_unknown,
                struct deadline d, struct reply *r, struct err *e)
{
    uint64_t start_us = l->port->clock->now_us(l->port->clock);
    for (unsigned skipped = 0; skipped < FRAMES_SKIPPED_MAX; skipped++) {
        const uint8_t *frame;
        size_t n;
        if (!link_await_frame(l, d, &frame, &n, e))
            return e->code == ERR_TIMEOUT ? no_reply(l, command, start_us, e) : false;
        note_frame(l, frame, n);
        if (!is_reply_to(command, may_be_unknown, frame, n, r)) {
            /* What has come already is still looked at; what comes from now on is too late. */
            if (l->rx_at == l->rx_have && deadline_over(l->port->clock, d))
                return no_reply(l, command, start_us, e);
            continue;
        }
        note_answer(l, command);
        if (!packet_judge(r, r->command == command ? payload_bytes : 0))
            return err_set(e, ERR_FRAME, "a reply of %zu bytes is too short to hold a status",
                           r->data_bytes);
        if (r->status[0] == STATUS_OK)
            return true;
        l->commands_turn = l->commands_turn ||
                           (!may_be_unknown && packet_status_is_of_damage(l->dialect, r->status));
        return refused(l, command, r, e);
    }
    char spare[16];
    return err_set(e, ERR_FRAME, "%u frames came, and none was the reply to %s", FRAMES_SKIPPED_MAX,
                   packet_command_name(command, spare));
}

size_t link_unread_bytes(const struct link *l)
{
    return l->rx_have - l->rx_at;
}

bool link_hear(struct link *l, struct deadline d, struct err *e)
{
    if (!refill(l, d, e))
        return false;
    l->rx_at = l->rx_have;
    return true;
}

bool link_listen(struct link *l, struct deadline d, struct err *e)
{
    struct err end = { 0 };
    while (link_hear(l, d, &end)) {
        if (deadline_over(l->port->clock, d))
            return true;
    }
    if (end.code == ERR_TIMEOUT)
        return true;
    *e = end;
    return false;
}

void link_forget_tail(struct link *l)
{
    l->tail_have = 0;
    l->tail_held = false;
}

void link_wipe(struct link *l)
{
    slip_decoder_reset(&l->slip);
    l->rx_at = l->rx_have = 0;
    link_forget_tail(l);
    explicit_bzero(l->frame, sizeof l->frame);
    explicit_bzero(l->rx, sizeof l->rx);
    explicit_bzero(l->tail, sizeof l->tail);
}

void link_hold_tail(struct link *l)
{
    l->tail_held = true;
}

size_t link_tail_text(const struct link *l, char *text, size_t cap)
{
    size_t n = 0;
    for (size_t i = 0; i < l->tail_have && n + 1 < cap; i++) {
        char c = l->tail[i];
        bool printable = (c >= ' ' && c <= '~') || c == '\n';
        if (c != '\r')
            text[n++] = printable ? c : '.';
    }
    text[n] = '\0';
    return n;
}
