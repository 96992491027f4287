#include "core/loader/loader.h"

#include "core/base/bytes.h"
#include "core/loader/usb.h"

#include <string.h>

#define SYNC_MS          100u
#define COMMAND_MS       3000u
#define LONGEST_MS       240000u
#define ROM_SETTLE_MS    10u
#define STUB_SETTLE_MS   50u
#define SYNC_REPLY_COUNT 8

void loader_init(struct loader *l, struct port *port)
{
    memset(l, 0, sizeof *l);
    link_init(&l->link, port);
    l->small_blocks = usb_kind_of(port) == USB_OTG;
    l->mem_block_bytes = l->small_blocks ? LOADER_USB_BLOCK_BYTES : LOADER_MEM_BLOCK_BYTES;
}

static struct deadline after_ms(const struct loader *l, uint32_t ms)
{
    return deadline_in_ms(l->link.port->clock, ms);
}

static bool ask(struct loader *l, uint8_t command, const void *data, size_t n, size_t payload_bytes,
                uint32_t timeout_ms, struct reply *r, struct err *e)
{
    return link_send(&l->link, command, data, n, e) &&
           link_await(&l->link, command, payload_bytes, false, after_ms(l, timeout_ms), r, e);
}

static bool order(struct loader *l, uint8_t command, const void *data, size_t n,
                  uint32_t timeout_ms, struct err *e)
{
    struct reply r;
    return ask(l, command, data, n, 0, timeout_ms, &r, e);
}

static void set_stub(struct loader *l, bool stub)
{
    l->stub = stub;
    l->link.from_stub = stub;
}

/* SYNC is answered eight times. A ROM fills the value field, a stub leaves it 0: one that is filled
 * is enough, and the rest is skipped by whoever asks next. */
bool loader_sync(struct loader *l, struct err *e)
{
    uint8_t data[36];
    memset(data, 0x55, sizeof data);
    memcpy(data, "\x07\x07\x12\x20", 4);
    struct reply r;
    if (!ask(l, CMD_SYNC, data, sizeof data, 0, SYNC_MS, &r, e))
        return false;
    for (int i = 1; i < SYNC_REPLY_COUNT && r.value == 0; i++) {
        struct err missing = { 0 };
        if (link_await(&l->link, CMD_SYNC, 0, false, after_ms(l, SYNC_MS), &r, &missing))
            continue;
        if (missing.code == ERR_TIMEOUT)
            break; /* answers got lost: those before were enough */
        *e = missing;
        return false;
    }
    set_stub(l, r.value == 0);
    return true;
}

bool loader_read_reg(struct loader *l, uint32_t addr, uint32_t *value, struct err *e)
{
    uint8_t data[4];
    struct reply r;
    store_u32(data, addr);
    if (!ask(l, CMD_READ_REG, data, sizeof data, 0, COMMAND_MS, &r, e))
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
    if (!link_send(&l->link, command, data, n, e))
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

static bool send_words(struct loader *l, uint8_t command, const uint32_t *words, size_t count,
                       struct err *e)
{
    uint8_t data[24];
    for (size_t i = 0; i < count; i++)
        store_u32(data + 4 * i, words[i]);
    return link_send(&l->link, command, data, 4 * count, e);
}

static bool begin(struct loader *l, uint8_t command, const uint32_t *words, size_t count,
                  uint32_t timeout_ms, struct err *e)
{
    struct reply r;
    return send_words(l, command, words, count, e) &&
           link_await(&l->link, command, 0, false, after_ms(l, timeout_ms), &r, e);
}

/* ---- RAM ----
 *
 * A ROM has next to nothing to do for MEM_BEGIN and for a short block, so what follows them need
 * not wait for their answers: those are collected before the next long block, and at the end. */

#define MEM_SHORT_BYTES 512u
#define MEM_BLOCK_CAP                                                                              \
    SLIP_ENCODED_MAX(PACKET_HEADER_BYTES + PACKET_BLOCK_HEADER_BYTES + LOADER_MEM_BLOCK_BYTES)

static bool mem_settle(struct loader *l, struct err *e)
{
    struct reply r;
    for (size_t i = 0; i < l->mem_waiting_count; i++) {
        struct deadline d = link_deadline(&l->link, l->mem_waiting_bytes, COMMAND_MS);
        if (!link_await(&l->link, l->mem_waiting[i], 0, false, d, &r, e))
            return false;
    }
    l->mem_waiting_count = 0;
    l->mem_waiting_bytes = 0;
    return true;
}

static bool mem_send(struct loader *l, uint8_t command, const uint8_t *frame, size_t n,
                     struct err *e)
{
    bool wait = l->careful || l->stub || n > MEM_SHORT_BYTES;
    if (l->mem_waiting_count == LOADER_MEM_WAITING_MAX && !mem_settle(l, e))
        return false;
    bool behind = l->mem_waiting_count > 0;
    struct deadline d = link_deadline(&l->link, n, COMMAND_MS);
    l->mem_waiting[l->mem_waiting_count++] = command;
    l->mem_waiting_bytes += n;
    return (behind ? link_write_behind : link_write)(&l->link, frame, n, d, e) &&
           (!wait || mem_settle(l, e));
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

bool loader_mem_run(struct loader *l, uint32_t entry_addr, struct err *e)
{
    uint8_t data[8];
    store_u32(data, 0);
    store_u32(data + 4, entry_addr);
    return link_send(&l->link, CMD_MEM_END, data, sizeof data, e) && mem_settle(l, e);
}

bool loader_mem_stay(struct loader *l, struct err *e)
{
    uint8_t data[8];
    store_u32(data, 1);
    store_u32(data + 4, 0);
    return mem_settle(l, e) && order(l, CMD_MEM_END, data, sizeof data, COMMAND_MS, e);
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
    return begin(l, CMD_SPI_ATTACH, words, l->stub ? 1 : 2, COMMAND_MS, e);
}

bool loader_spi_set_params(struct loader *l, uint32_t flash_bytes, struct err *e)
{
    const uint32_t words[6] = { 0, flash_bytes, 0x10000, 0x1000, 0x100, 0xFFFF };
    return begin(l, CMD_SPI_SET_PARAMS, words, 6, COMMAND_MS, e);
}

static uint8_t begin_command(bool compressed)
{
    return compressed ? CMD_FLASH_DEFL_BEGIN : CMD_FLASH_BEGIN;
}

/* The ROMs of ESP8266 and ESP32 refuse a fifth word; both generations of stubs take four. A chip
 * that was not identified gets four as well: it can only be asked to leave its loader. */
bool loader_flash_begin_ask(struct loader *l, bool compressed, uint32_t bytes, uint32_t blocks,
                            uint32_t block_bytes, uint32_t addr, struct err *e)
{
    const uint32_t words[5] = { bytes, blocks, block_bytes, addr, 0 };
    bool fifth = !l->stub && l->chip && (l->chip->flags & CHIP_ROM_ENCRYPT_WORD);
    return send_words(l, begin_command(compressed), words, fifth ? 5 : 4, e);
}

bool loader_flash_begin_answer(struct loader *l, bool compressed, uint32_t timeout_ms,
                               struct err *e)
{
    struct reply r;
    return link_await(&l->link, begin_command(compressed), 0, false, after_ms(l, timeout_ms), &r,
                      e);
}

bool loader_flash_begin(struct loader *l, bool compressed, uint32_t bytes, uint32_t blocks,
                        uint32_t block_bytes, uint32_t addr, uint32_t timeout_ms, struct err *e)
{
    return loader_flash_begin_ask(l, compressed, bytes, blocks, block_bytes, addr, e) &&
           loader_flash_begin_answer(l, compressed, timeout_ms, e);
}

bool loader_flash_end(struct loader *l, struct err *e)
{
    const uint32_t restart = 0;
    return begin(l, CMD_FLASH_END, &restart, 1, COMMAND_MS, e);
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

bool loader_md5_ask(struct loader *l, uint32_t addr, uint32_t bytes, struct err *e)
{
    uint8_t data[16] = { 0 };
    store_u32(data, addr);
    store_u32(data + 4, bytes);
    return link_send(&l->link, CMD_SPI_FLASH_MD5, data, sizeof data, e);
}

bool loader_md5_answer(struct loader *l, uint32_t timeout_ms, uint8_t md5[static LOADER_MD5_BYTES],
                       struct err *e)
{
    struct reply r;
    size_t payload_bytes = l->stub ? LOADER_MD5_BYTES : 2 * LOADER_MD5_BYTES;
    if (!link_await(&l->link, CMD_SPI_FLASH_MD5, payload_bytes, false, after_ms(l, timeout_ms), &r,
                    e))
        return false;
    if (r.data_bytes < payload_bytes + 2)
        return err_set(e, ERR_FRAME, "the MD5 reply holds %zu bytes, %zu expected", r.data_bytes,
                       payload_bytes + 2);
    if (l->stub) {
        memcpy(md5, r.data, LOADER_MD5_BYTES);
        return true;
    }
    return md5_from_hex(r.data, md5) ||
           err_set(e, ERR_FRAME, "the MD5 reply is not hexadecimal text");
}

bool loader_md5(struct loader *l, uint32_t addr, uint32_t bytes, uint32_t timeout_ms,
                uint8_t md5[static LOADER_MD5_BYTES], struct err *e)
{
    return loader_md5_ask(l, addr, bytes, e) && loader_md5_answer(l, timeout_ms, md5, e);
}

bool loader_erase_flash(struct loader *l, uint32_t timeout_ms, struct err *e)
{
    return order(l, CMD_ERASE_FLASH, NULL, 0, timeout_ms, e);
}

/* Noise of the change may have reached the chip as half a frame. A ROM sorts that out with the next
 * frame, so it is asked soon and again; a stub may take ends for beginnings from then on, so it
 * gets time first and is asked once. */
static bool prove_baud(struct loader *l, struct err *e)
{
    static const uint32_t patience_ms[] = { 100, 200, COMMAND_MS };
    const size_t last = sizeof patience_ms / sizeof patience_ms[0] - 1;
    for (size_t i = l->stub ? last : 0;; i++) {
        struct err silence = { 0 };
        uint32_t value;
        bool known; /* in Secure Download Mode it refuses, and that is an answer as good as any */
        if (!port_sleep_ms(l->link.port, l->stub ? STUB_SETTLE_MS : ROM_SETTLE_MS, e) ||
            !link_discard(&l->link, e))
            return false;
        if (probe_reg(l, CHIP_MAGIC_ADDR, patience_ms[i], &value, &known, &silence))
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
    const uint32_t words[2] = { request, l->stub ? port->baud : 0 };
    if (!begin(l, CMD_CHANGE_BAUDRATE, words, 2, COMMAND_MS, e) ||
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
