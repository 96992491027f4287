#include "core/loader/loader.h"

#include "core/base/bytes.h"
#include "core/loader/usb.h"

#include <string.h>

#define COMMAND_MS       3000u
#define LONGEST_MS       240000u
#define SYNC_REPLY_COUNT 8

void loader_init(struct loader *l, struct port *port)
{
    memset(l, 0, sizeof *l);
    link_init(&l->link, port);
    loader_set_rom(l);
    l->small_blocks = usb_kind_of(port) == USB_OTG;
    l->mem_block_bytes = l->small_blocks ? LOADER_USB_BLOCK_BYTES : LOADER_MEM_BLOCK_BYTES;
}

void loader_move(struct loader *to, const struct loader *from)
{
    *to = *from;
    link_move(&to->link, &from->link);
}

static struct deadline after_ms(const struct loader *l, uint32_t ms)
{
    return deadline_in_ms(l->link.port->clock, ms);
}

/* What is still owed for RAM, and to questions ahead of it, comes first: of two answers to one
 * command nobody could tell which is whose. */
static bool ask(struct loader *l, uint8_t command, const void *data, size_t n, size_t payload_bytes,
                uint32_t timeout_ms, struct reply *r, struct err *e)
{
    return loader_mem_settle(l, e) && link_send(&l->link, command, data, n, e) &&
           link_await(&l->link, command, payload_bytes, false, after_ms(l, timeout_ms), r, e);
}

static bool order(struct loader *l, uint8_t command, const void *data, size_t n,
                  uint32_t timeout_ms, struct err *e)
{
    struct reply r;
    return ask(l, command, data, n, 0, timeout_ms, &r, e);
}

void loader_set_kind(struct loader *l, const struct loader_kind *kind)
{
    l->kind = kind;
    l->link.dialect = kind->dialect;
    l->link.hears_resets = kind->is_stub;
    l->link.filler_bytes = kind->filler_bytes;
    l->first = (struct loader_first){ .command = 0 };
    l->ahead.asked = false;
    flight_reset(&l->link.flight);
}

void loader_set_rom(struct loader *l)
{
    loader_set_kind(l, l->chip ? l->chip->rom : &loader_rom);
}

void loader_set_chip(struct loader *l, const struct chip *chip)
{
    l->chip = chip;
    if (!l->kind->is_stub)
        l->kind = chip ? chip->rom : &loader_rom;
}

/* Whether the bytes come to the chip through its UART for sure. Over its own USB device a stub
 * takes them packet by packet, as long as there are any, and how far two frames must be apart then
 * is not known; behind a server nobody knows which of the two it is, unless the chip has no USB. */
static bool is_on_uart(const struct loader *l)
{
    const struct port *port = l->link.port;
    bool has_usb = !l->chip || (l->chip->flags & (CHIP_USB_JTAG | CHIP_USB_OTG));
    return !usb_is_native(port) && !(port->ops->remote && has_usb);
}

bool loader_in_pairs(const struct loader *l)
{
    return l->kind->in_flight > 1 && !l->careful && is_on_uart(l);
}

bool loader_takes_two(const struct loader *l)
{
    return loader_in_pairs(l) && flight_is_idle(&l->link.flight);
}

bool loader_may_follow(const struct loader *l, uint8_t command)
{
    return l->link.flight.count == 0 ||
           (loader_in_pairs(l) && flight_may_follow(&l->link.flight, command));
}

/* SYNC is answered eight times. A ROM fills the value field, a stub leaves it 0: one that is filled
 * is enough, and the rest is skipped by whoever asks next. Of a stub that runs already nobody knows
 * the generation. */
bool loader_sync(struct loader *l, struct err *e)
{
    uint8_t data[36];
    memset(data, 0x55, sizeof data);
    memcpy(data, "\x07\x07\x12\x20", 4);
    struct reply r;
    if (!ask(l, CMD_SYNC, data, sizeof data, 0, LOADER_SYNC_MS, &r, e))
        return false;
    for (int i = 1; i < SYNC_REPLY_COUNT && r.value == 0; i++) {
        struct err missing = { 0 };
        if (link_await(&l->link, CMD_SYNC, 0, false, after_ms(l, LOADER_SYNC_MS), &r, &missing))
            continue;
        if (missing.code == ERR_TIMEOUT)
            break; /* answers got lost: those before were enough */
        *e = missing;
        return false;
    }
    if (l->kind->fills_sync_value && r.value == 0)
        loader_set_kind(l, &loader_stub_legacy);
    else if (!l->kind->fills_sync_value && r.value != 0)
        loader_set_rom(l);
    return true;
}

/* ---- Asking again ---- */

#define FIND_TRIES 6

static bool is_of_the_wire(const struct err *e)
{
    return e->code == ERR_TIMEOUT || e->code == ERR_FRAME || e->code == ERR_REFUSED;
}

/* A stub opens and closes frames with the same C0: when one was lost on the way, it takes frames
 * for gaps from then on, until a lone C0 turns that round again. Nobody can tell from here, so
 * every second SYNC has one in front. */
bool loader_find_again(struct loader *l, struct err *e)
{
    struct err silence = { 0 };
    for (int i = 0; i < FIND_TRIES; i++) {
        silence = (struct err){ 0 };
        if ((i % 2 == 1 && !link_send_delimiter(&l->link, e)) || !link_discard(&l->link, e))
            return false;
        if (loader_sync(l, &silence))
            return l->kind->can_be_found || err_set(e, ERR_TIMEOUT, "the board has reset itself");
        if (!is_of_the_wire(&silence))
            break;
    }
    *e = silence;
    return false;
}

/* What a stub has acknowledged may fail, and its next answer says so, once: if that one is lost,
 * another question would hide it; but not from an MD5. */
static bool may_ask_again(const struct loader *l, uint8_t command, const struct err *e)
{
    bool hides = l->unsettled_bytes > 0 && command != CMD_SPI_FLASH_MD5;
    return l->kind->can_be_found && e->code == ERR_TIMEOUT && !l->link.has_reset && !hides;
}

/* For a question that changes nothing, or the same thing twice: when no answer comes, a stub is
 * found again, which also lets late answers pass that nobody could tell from the right one. */
static bool ask_patiently(struct loader *l, uint8_t command, const void *data, size_t n,
                          size_t payload_bytes, uint32_t timeout_ms, struct reply *r, struct err *e)
{
    struct err failure = { 0 }, lost = { 0 };
    if (ask(l, command, data, n, payload_bytes, timeout_ms, r, &failure))
        return true;
    if (may_ask_again(l, command, &failure) && loader_find_again(l, &lost)) {
        l->careful = true;
        return ask(l, command, data, n, payload_bytes, timeout_ms, r, e);
    }
    *e = lost.code == ERR_NONE || is_of_the_wire(&lost) ? failure : lost;
    return false;
}

bool loader_read_reg(struct loader *l, uint32_t addr, uint32_t *value, struct err *e)
{
    uint8_t data[4];
    struct reply r;
    store_u32(data, addr);
    if (!ask_patiently(l, CMD_READ_REG, data, sizeof data, 0, COMMAND_MS, &r, e))
        return false;
    *value = r.value;
    return true;
}

bool loader_settle(struct loader *l, uint32_t timeout_ms, struct err *e)
{
    uint8_t data[4];
    struct reply r;
    store_u32(data, CHIP_MAGIC_ADDR);
    return ask(l, CMD_READ_REG, data, sizeof data, 0, timeout_ms, &r, e);
}

static void pack_write(uint8_t data[static 16], uint32_t addr, uint32_t value)
{
    store_u32(data, addr);
    store_u32(data + 4, value);
    store_u32(data + 8, UINT32_MAX); /* mask: the whole word */
    store_u32(data + 12, 0);         /* delay before the write, us */
}

bool loader_write_reg(struct loader *l, uint32_t addr, uint32_t value, struct err *e)
{
    uint8_t data[16];
    pack_write(data, addr, value);
    return order(l, CMD_WRITE_REG, data, sizeof data, COMMAND_MS, e);
}

bool loader_fire_reg(struct loader *l, uint32_t addr, uint32_t value, struct err *e)
{
    uint8_t data[16];
    pack_write(data, addr, value);
    return link_send(&l->link, CMD_WRITE_REG, data, sizeof data, e);
}

bool loader_change_reg(struct loader *l, uint32_t addr, uint32_t clear, uint32_t set, struct err *e)
{
    uint32_t value;
    return loader_read_reg(l, addr, &value, e) &&
           loader_write_reg(l, addr, (value & ~clear) | set, e);
}

/* A refusal that means "no such command": 01 05 from a ROM, C3 or FF from a stub. */
static bool means_unknown(const struct err *refusal)
{
    const uint8_t *s = refusal->chip_status;
    return refusal->code == ERR_REFUSED &&
           ((s[0] == STATUS_ROM_FAILED && s[1] == STATUS_ROM_UNKNOWN) ||
            s[0] == STATUS_STUB_UNKNOWN_V2 || s[0] == STATUS_STUB_UNKNOWN);
}

/* Asks for what the loader may not know. A ROM says so several times over; the copies carry another
 * command's number and are skipped by the next exchange, but an exchange of the same kind would
 * take one for its own, so what is still under way is dropped here. */
static bool ask_optional(struct loader *l, uint8_t command, const void *data, size_t n,
                         size_t payload_bytes, uint32_t timeout_ms, struct reply *r, bool *known,
                         struct err *e)
{
    struct err refusal = { 0 };
    *known = true;
    if (!loader_mem_settle(l, e) || !link_send(&l->link, command, data, n, e))
        return false;
    if (link_await(&l->link, command, payload_bytes, true, after_ms(l, timeout_ms), r, &refusal))
        return true;
    if (!means_unknown(&refusal)) {
        *e = refusal;
        return false;
    }
    *known = false;
    return link_listen(&l->link, after_ms(l, 200), e) && link_discard(&l->link, e);
}

static bool probe_reg(struct loader *l, uint32_t addr, uint32_t timeout_ms, uint32_t *value,
                      bool *known, struct err *e)
{
    uint8_t data[4];
    struct reply r;
    store_u32(data, addr);
    if (!ask_optional(l, CMD_READ_REG, data, sizeof data, 0, timeout_ms, &r, known, e))
        return false;
    if (*known)
        *value = r.value;
    return true;
}

bool loader_probe_reg(struct loader *l, uint32_t addr, uint32_t *value, bool *known, struct err *e)
{
    return probe_reg(l, addr, COMMAND_MS, value, known, e);
}

bool loader_security_info(struct loader *l, struct security_info *info, bool *known, struct err *e)
{
    struct reply r;
    memset(info, 0, sizeof *info);
    if (!ask_optional(l, CMD_GET_SECURITY_INFO, NULL, 0, 0, COMMAND_MS, &r, known, e))
        return false;
    if (!*known)
        return true;
    size_t payload_bytes = packet_security_payload_bytes(r.data_bytes);
    if (r.data_bytes < payload_bytes + 2)
        return err_set(e, ERR_FRAME, "GET_SECURITY_INFO gave %zu bytes, at least %zu expected",
                       r.data_bytes, payload_bytes + 2);
    info->flags = load_u32(r.data);
    info->crypt_count = r.data[4];
    info->has_chip_id = payload_bytes >= 16;
    if (info->has_chip_id)
        info->chip_id = load_u32(r.data + 12);
    return true;
}

#define WORDS_MAX (LOADER_FIRST_BYTES / 4)

static size_t pack_words(uint8_t *data, const uint32_t *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        store_u32(data + 4 * i, words[i]);
    return 4 * count;
}

/* Whether the change of rate was proved by this; once. */
static bool was_first(struct loader *l, uint8_t command, const uint8_t *data, size_t n)
{
    const struct loader_first *f = &l->first;
    bool was = f->answered && f->command == command && f->n == n && memcmp(f->data, data, n) == 0;
    if (was)
        l->first = (struct loader_first){ .command = 0 };
    return was;
}

/* All that is told so may be told twice. */
static bool tell(struct loader *l, uint8_t command, const uint32_t *words, size_t count,
                 uint32_t timeout_ms, struct err *e)
{
    uint8_t data[WORDS_MAX * 4];
    struct reply r;
    size_t n = pack_words(data, words, count);
    return was_first(l, command, data, n) ||
           ask_patiently(l, command, data, n, 0, timeout_ms, &r, e);
}

bool loader_keeps_up(const struct loader *l)
{
    return !l->careful && l->link.port->baud <= l->kind->queue_max_baud;
}

/* ---- RAM ----
 *
 * A ROM has next to nothing to do for MEM_BEGIN and for a short block, so what follows them need
 * not wait for their answers: those are collected before the next long block, and at the end. */

#define MEM_SHORT_BYTES 512u
#define MEM_BLOCK_CAP                                                                              \
    SLIP_ENCODED_MAX(PACKET_HEADER_BYTES + PACKET_BLOCK_HEADER_BYTES + LOADER_MEM_BLOCK_BYTES)

bool loader_mem_settle(struct loader *l, struct err *e)
{
    struct reply r;
    bool ok = true;
    for (size_t i = 0; ok && i < l->mem_waiting_count; i++) {
        struct deadline d = link_deadline(&l->link, l->mem_waiting_bytes, COMMAND_MS);
        ok = link_await(&l->link, l->mem_waiting[i], 0, false, d, &r, e);
        if (ok && l->mem_waiting[i] == CMD_READ_REG && l->ahead.count < LOADER_AHEAD_MAX)
            l->ahead.values[l->ahead.count++] = r.value;
    }
    l->mem_waiting_count = 0;
    l->mem_waiting_bytes = 0;
    return ok;
}

void loader_mem_expect(struct loader *l, uint8_t command, size_t request_bytes)
{
    if (l->mem_waiting_count < LOADER_MEM_WAITING_MAX)
        l->mem_waiting[l->mem_waiting_count++] = command;
    l->mem_waiting_bytes += request_bytes;
}

static bool mem_send(struct loader *l, uint8_t command, const uint8_t *frame, size_t n,
                     struct err *e)
{
    bool wait = !loader_keeps_up(l) || n > MEM_SHORT_BYTES;
    if (l->mem_waiting_count == LOADER_MEM_WAITING_MAX && !loader_mem_settle(l, e))
        return false;
    struct deadline d = link_deadline(&l->link, n, COMMAND_MS);
    loader_mem_expect(l, command, n);
    return link_write(&l->link, command, frame, n, d, e) && (!wait || loader_mem_settle(l, e));
}

bool loader_mem_begin(struct loader *l, uint32_t bytes, uint32_t addr, struct err *e)
{
    uint8_t frame[SLIP_ENCODED_MAX(PACKET_HEADER_BYTES + 16)], words[16];
    store_u32(words, bytes);
    store_u32(words + 4, round_up_u32(bytes, l->mem_block_bytes) / l->mem_block_bytes);
    store_u32(words + 8, l->mem_block_bytes);
    store_u32(words + 12, addr);
    size_t len = packet_encode(frame, sizeof frame, CMD_MEM_BEGIN, 0, words, sizeof words, NULL, 0);
    return mem_send(l, CMD_MEM_BEGIN, frame, len, e);
}

bool loader_mem_block(struct loader *l, uint32_t sequence, const uint8_t *data, size_t n,
                      struct err *e)
{
    uint8_t frame[MEM_BLOCK_CAP];
    size_t len = packet_encode_block(frame, sizeof frame, CMD_MEM_DATA, sequence, data, n);
    if (len == 0)
        return err_set(e, ERR_STATION, "A RAM block of %zu bytes does not fit its frame", n);
    return mem_send(l, CMD_MEM_DATA, frame, len, e);
}

bool loader_mem_word(struct loader *l, uint32_t addr, uint32_t value, struct err *e)
{
    uint8_t frame[SLIP_ENCODED_MAX(PACKET_HEADER_BYTES + 16)], data[16];
    pack_write(data, addr, value);
    size_t len = packet_encode(frame, sizeof frame, CMD_WRITE_REG, 0, data, sizeof data, NULL, 0);
    return mem_send(l, CMD_WRITE_REG, frame, len, e);
}

bool loader_mem_run(struct loader *l, uint32_t entry_addr, struct err *e)
{
    uint8_t data[8];
    store_u32(data, 0);
    store_u32(data + 4, entry_addr);
    return link_send(&l->link, CMD_MEM_END, data, sizeof data, e) && loader_mem_settle(l, e);
}

bool loader_mem_stay(struct loader *l, struct err *e)
{
    uint8_t data[8];
    store_u32(data, 1);
    store_u32(data + 4, 0);
    return order(l, CMD_MEM_END, data, sizeof data, COMMAND_MS, e);
}

bool loader_nudge(struct loader *l, struct err *e)
{
    const uint8_t nothing[8] = { 0 };
    return link_send(&l->link, CMD_READ_FLASH_SLOW, nothing, sizeof nothing, e);
}

/* A ROM wants a second word of zeros, a stub refuses it. */
bool loader_spi_attach(struct loader *l, uint32_t pins, struct err *e)
{
    const uint32_t words[2] = { pins, 0 };
    return tell(l, CMD_SPI_ATTACH, words, l->kind->attach_words, COMMAND_MS, e);
}

#define FLASH_WORDS(bytes)                                                                         \
    {                                                                                              \
        0, (bytes), 0x10000, 0x1000, 0x100, 0xFFFF                                                 \
    }

bool loader_spi_set_params(struct loader *l, uint32_t flash_bytes, struct err *e)
{
    const uint32_t words[WORDS_MAX] = FLASH_WORDS(flash_bytes);
    return tell(l, CMD_SPI_SET_PARAMS, words, WORDS_MAX, COMMAND_MS, e);
}

static void ask_first(struct loader *l, uint8_t command, const uint32_t *words, size_t count)
{
    l->first = (struct loader_first){ .command = command };
    l->first.n = pack_words(l->first.data, words, count);
}

void loader_first_attach(struct loader *l, uint32_t pins)
{
    const uint32_t words[2] = { pins, 0 };
    ask_first(l, CMD_SPI_ATTACH, words, l->kind->attach_words);
}

void loader_first_set_params(struct loader *l, uint32_t flash_bytes)
{
    const uint32_t words[WORDS_MAX] = FLASH_WORDS(flash_bytes);
    ask_first(l, CMD_SPI_SET_PARAMS, words, WORDS_MAX);
}

static uint8_t begin_command(bool compressed)
{
    return compressed ? CMD_FLASH_DEFL_BEGIN : CMD_FLASH_BEGIN;
}

const struct loader_begin loader_begin_nothing = { .block_bytes = LOADER_ROM_BLOCK_BYTES,
                                                   .timeout_ms = COMMAND_MS };

static size_t pack_begin(const struct loader *l, const struct loader_begin *b, uint8_t *data)
{
    const uint32_t words[5] = { b->bytes, b->blocks, b->block_bytes, b->addr, 0 };
    return pack_words(data, words, l->kind->begin_words);
}

bool loader_flash_begin_ask(struct loader *l, const struct loader_begin *b, struct err *e)
{
    uint8_t data[20];
    return link_send(&l->link, begin_command(b->compressed), data, pack_begin(l, b, data), e);
}

bool loader_flash_begin_answer(struct loader *l, const struct loader_begin *b, struct err *e)
{
    struct reply r;
    return link_await(&l->link, begin_command(b->compressed), 0, false, after_ms(l, b->timeout_ms),
                      &r, e);
}

bool loader_flash_begin(struct loader *l, const struct loader_begin *b, struct err *e)
{
    uint8_t data[20];
    struct reply r;
    size_t n = pack_begin(l, b, data);
    return ask_patiently(l, begin_command(b->compressed), data, n, 0, b->timeout_ms, &r, e);
}

bool loader_flash_end(struct loader *l, struct err *e)
{
    const uint32_t restart = 0;
    uint8_t data[4];
    return order(l, CMD_FLASH_END, data, pack_words(data, &restart, 1), COMMAND_MS, e);
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

static bool md5_from_hex(const uint8_t *text, uint8_t md5[static LOADER_MD5_BYTES])
{
    for (size_t i = 0; i < LOADER_MD5_BYTES; i++) {
        int high = hex_digit(text[2 * i]);
        int low = hex_digit(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        md5[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

static size_t md5_payload_bytes(const struct loader *l)
{
    return l->kind->md5_is_raw ? LOADER_MD5_BYTES : 2 * LOADER_MD5_BYTES;
}

static bool take_md5(const struct loader *l, const struct reply *r,
                     uint8_t md5[static LOADER_MD5_BYTES], struct err *e)
{
    size_t want = md5_payload_bytes(l) + 2;
    if (r->data_bytes < want)
        return err_set(e, ERR_FRAME, "the MD5 reply holds %zu bytes, %zu expected", r->data_bytes,
                       want);
    if (l->kind->md5_is_raw) {
        memcpy(md5, r->data, LOADER_MD5_BYTES);
        return true;
    }
    return md5_from_hex(r->data, md5) ||
           err_set(e, ERR_FRAME, "the MD5 reply is not hexadecimal text");
}

bool loader_md5_ask(struct loader *l, uint32_t addr, uint32_t bytes, struct err *e)
{
    const uint32_t words[4] = { addr, bytes };
    uint8_t data[16];
    return link_send(&l->link, CMD_SPI_FLASH_MD5, data, pack_words(data, words, 4), e);
}

bool loader_md5_answer(struct loader *l, uint32_t timeout_ms, uint8_t md5[static LOADER_MD5_BYTES],
                       struct err *e)
{
    struct reply r;
    return link_await(&l->link, CMD_SPI_FLASH_MD5, md5_payload_bytes(l), false,
                      after_ms(l, timeout_ms), &r, e) &&
           take_md5(l, &r, md5, e);
}

bool loader_md5(struct loader *l, uint32_t addr, uint32_t bytes, uint32_t timeout_ms,
                uint8_t md5[static LOADER_MD5_BYTES], struct err *e)
{
    const uint32_t words[4] = { addr, bytes };
    uint8_t data[16];
    struct reply r;
    size_t n = pack_words(data, words, 4);
    return ask_patiently(l, CMD_SPI_FLASH_MD5, data, n, md5_payload_bytes(l), timeout_ms, &r, e) &&
           take_md5(l, &r, md5, e);
}

bool loader_ask_first(struct loader *l, uint32_t timeout_ms, struct err *e)
{
    struct loader_first *f = &l->first;
    struct reply r;
    f->answered = ask(l, f->command, f->data, f->n, 0, timeout_ms, &r, e);
    return f->answered || e->code == ERR_REFUSED;
}

/* In Secure Download Mode READ_REG is refused, and a refusal is an answer as good as any: whoever
 * asks again will be told. */
static bool ask_at_new_baud(struct loader *l, uint32_t timeout_ms, struct err *e)
{
    uint32_t value;
    bool known;
    return l->first.command == 0 ? probe_reg(l, CHIP_MAGIC_ADDR, timeout_ms, &value, &known, e)
                                 : loader_ask_first(l, timeout_ms, e);
}

/* Noise of the change may have reached the chip as half a frame. A ROM sorts that out with the next
 * frame, so it is asked soon and again; a stub may take ends for beginnings from then on, so it
 * gets time first and is asked once. */
static bool prove_baud(struct loader *l, struct err *e)
{
    static const uint32_t patience_ms[] = { 100, 200, COMMAND_MS };
    const size_t last = sizeof patience_ms / sizeof patience_ms[0] - 1;
    for (size_t i = l->kind->loses_phase ? last : 0;; i++) {
        struct err silence = { 0 };
        if (!port_sleep_ms(l->link.port, l->kind->baud_settle_ms, e) || !link_discard(&l->link, e))
            return false;
        if (ask_at_new_baud(l, patience_ms[i], &silence))
            return true;
        if (i == last || silence.code == ERR_PORT_GONE || silence.code == ERR_STOPPED) {
            *e = silence;
            return false;
        }
    }
}

/* The answer still comes at the old rate; a ROM sends two stray C0 behind it. */
bool loader_change_baud(struct loader *l, uint32_t request, uint32_t baud, struct err *e)
{
    struct port *port = l->link.port;
    struct err silence = { 0 };
    const uint32_t words[2] = { request, l->kind->is_told_baud ? port->baud : 0 };
    uint8_t data[8];
    if (!order(l, CMD_CHANGE_BAUDRATE, data, pack_words(data, words, 2), COMMAND_MS, e) ||
        !port_drain(port, after_ms(l, COMMAND_MS), e) || !port_set_baud(port, baud, e))
        return false;
    if (prove_baud(l, &silence))
        return true;
    if (silence.code == ERR_PORT_GONE || silence.code == ERR_STOPPED) {
        *e = silence;
        return false;
    }
    return err_set(e, ERR_BAUD, "No answer at %u baud: %s", baud, silence.what);
}

uint32_t loader_timeout_ms(uint64_t bytes, uint32_t ms_per_mb)
{
    uint64_t ms = bytes * ms_per_mb / 1000000;
    if (ms < COMMAND_MS)
        return COMMAND_MS;
    return ms < LONGEST_MS ? (uint32_t)ms : LONGEST_MS;
}
