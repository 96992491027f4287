#include "core/frames/packet.h"

#include "core/base/bytes.h"
#include "core/frames/slip.h"

#include <stdio.h>
#include <zlib.h>

/* GET_SECURITY_INFO: without and with the chip id. */
#define SECURITY_SHORT_BYTES 12u
#define SECURITY_LONG_BYTES  20u

struct command_name {
    uint8_t code;
    const char *text;
};

static const struct command_name commands[] = {
    { CMD_FLASH_BEGIN, "FLASH_BEGIN" },
    { CMD_FLASH_DATA, "FLASH_DATA" },
    { CMD_FLASH_END, "FLASH_END" },
    { CMD_MEM_BEGIN, "MEM_BEGIN" },
    { CMD_MEM_END, "MEM_END" },
    { CMD_MEM_DATA, "MEM_DATA" },
    { CMD_SYNC, "SYNC" },
    { CMD_WRITE_REG, "WRITE_REG" },
    { CMD_READ_REG, "READ_REG" },
    { CMD_SPI_SET_PARAMS, "SPI_SET_PARAMS" },
    { CMD_SPI_ATTACH, "SPI_ATTACH" },
    { CMD_CHANGE_BAUDRATE, "CHANGE_BAUDRATE" },
    { CMD_FLASH_DEFL_BEGIN, "FLASH_DEFL_BEGIN" },
    { CMD_FLASH_DEFL_DATA, "FLASH_DEFL_DATA" },
    { CMD_FLASH_DEFL_END, "FLASH_DEFL_END" },
    { CMD_SPI_FLASH_MD5, "SPI_FLASH_MD5" },
    { CMD_GET_SECURITY_INFO, "GET_SECURITY_INFO" },
    { CMD_ERASE_FLASH, "ERASE_FLASH" },
    { CMD_ERASE_REGION, "ERASE_REGION" },
    { CMD_READ_FLASH_SLOW, "READ_FLASH_SLOW" },
    { CMD_READ_FLASH, "READ_FLASH" },
    { CMD_FAST_BEGIN, "FAST_BEGIN" },
    { CMD_FAST_BLOCK, "FAST_BLOCK" },
    { CMD_FAST_STATE, "FAST_STATE" },
    { CMD_FAST_READ, "FAST_READ" },
};

/* Second byte of a ROM failure. */
static const struct packet_status rom_rows[] = {
    { 0x01, "bad parameter", false },
    { 0x02, "out of memory", false },
    { 0x03, "send failed", false },
    { 0x04, "receive failed", false },
    { 0x05, "unknown or malformed message", true },
    { 0x06, "message understood, execution failed", false },
    { 0x07, "checksum wrong", true },
    { 0x08, "flash write: read-back differs", false },
    { 0x09, "flash read failed", false },
    { 0x0A, "flash read length wrong", false },
    { 0x0B, "inflate failed", false },
    { 0x0C, "compressed data damaged", false },
    { 0x0D, "inflate parameter wrong", false },
    { 0x0E, "RAM image size invalid", false },
    { 0x0F, "RAM image address invalid", false },
    { 0x64, "invalid parameter", false },
    { 0x65, "invalid format", false },
    { 0x66, "description too long", false },
    { 0x67, "bad encoding description", false },
    { 0x69, "insufficient storage", false },
    { 0 },
};

/* First byte of a stub failure. */
static const struct packet_status stub_rows[] = {
    { 0x01, "failed", false },
    { 0xC0, "data length wrong", true },
    { 0xC1, "data checksum wrong", true },
    { 0xC2, "block size wrong", false },
    { 0xC3, "unknown command", true },
    { 0xC4, "flash operation failed", false },
    { 0xC5, "flash could not be unlocked", false },
    { 0xC6, "no write was begun", false },
    { 0xC7, "compressed data damaged", false },
    { 0xC8, "not enough data", false },
    { 0xC9, "too much data", false },
    { 0xCA, "NAND program failed", false },
    { 0xCB, "NAND erase failed", false },
    { 0xFF, "not available on this chip", true },
    { 0 },
};

/* First byte of a failure of the fast stub. A request that is damaged never gets as far. */
static const struct packet_status fast_rows[] = {
    { 0xC0, "request of a wrong length", false },
    { 0xC3, "unknown command", false },
    { 0xC7, "compressed data damaged", false },
    { 0xC8, "not a place in the flash", false },
    { 0 },
};

const struct packet_dialect packet_dialect_fast = { .rows = fast_rows, .at = 0, .has_crc = true };
const struct packet_dialect packet_dialect_rom = { .rows = rom_rows, .at = 1 };
const struct packet_dialect packet_dialect_stub = { .rows = stub_rows, .at = 0 };

const char *packet_command_name(uint8_t command, char spare[static 16])
{
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (commands[i].code == command)
            return commands[i].text;
    }
    snprintf(spare, 16, "command %02X", command);
    return spare;
}

/* The row without text, if it is in none. */
static const struct packet_status *find_status(const struct packet_dialect *dialect,
                                               const uint8_t status[static 2])
{
    const struct packet_status *row = dialect->rows;
    while (row->text && row->code != status[dialect->at])
        row++;
    return row;
}

const char *packet_status_text(const struct packet_dialect *dialect, const uint8_t status[static 2])
{
    const char *text = find_status(dialect, status)->text;
    return text ? text : "a status that is in no table";
}

bool packet_status_is_of_damage(const struct packet_dialect *dialect,
                                const uint8_t status[static 2])
{
    const struct packet_status *row = find_status(dialect, status);
    return !row->text || row->damaged;
}

uint8_t packet_checksum(const uint8_t *data, size_t n)
{
    uint8_t sum = 0xEF;
    for (size_t i = 0; i < n; i++)
        sum ^= data[i];
    return sum;
}

size_t packet_encode(uint8_t *buf, size_t cap, uint8_t command, uint32_t checksum, const void *head,
                     size_t head_bytes, const void *body, size_t body_bytes)
{
    if (head_bytes + body_bytes > UINT16_MAX)
        return 0;
    uint8_t header[PACKET_HEADER_BYTES] = { 0x00, command };
    store_u16(header + 2, (uint16_t)(head_bytes + body_bytes));
    store_u32(header + 4, checksum);
    struct slip_encoder s;
    slip_begin(&s, buf, cap);
    slip_put(&s, header, sizeof header);
    slip_put(&s, head, head_bytes);
    slip_put(&s, body, body_bytes);
    return slip_end(&s);
}

size_t packet_encode_block(uint8_t *buf, size_t cap, uint8_t command, uint32_t sequence,
                           const void *data, size_t n)
{
    if (n > UINT16_MAX)
        return 0;
    uint8_t head[PACKET_BLOCK_HEADER_BYTES] = { 0 };
    store_u32(head, (uint32_t)n);
    store_u32(head + 4, sequence);
    return packet_encode(buf, cap, command, packet_checksum(data, n), head, sizeof head, data, n);
}

uint32_t packet_crc(uint8_t command, const void *head, size_t head_bytes, const void *body,
                    size_t body_bytes)
{
    uint8_t front[4] = { 0x00, command };
    store_u16(front + 2, (uint16_t)(head_bytes + body_bytes));
    uLong crc = crc32(0, front, sizeof front);
    if (head_bytes > 0)
        crc = crc32(crc, head, (uInt)head_bytes);
    if (body_bytes > 0)
        crc = crc32(crc, body, (uInt)body_bytes);
    return (uint32_t)crc;
}

bool packet_check_crc(const uint8_t *frame, size_t *n)
{
    if (*n < PACKET_HEADER_BYTES + PACKET_CRC_BYTES)
        return false;
    size_t bytes = *n - PACKET_CRC_BYTES;
    if (crc32(0, frame, (uInt)bytes) != load_u32(frame + bytes))
        return false;
    *n = bytes;
    return true;
}

bool packet_parse(const uint8_t *frame, size_t n, struct reply *r)
{
    if (n < PACKET_HEADER_BYTES || frame[0] != PACKET_FROM_CHIP)
        return false;
    *r = (struct reply){
        .command = frame[1],
        .value = load_u32(frame + 4),
        .data = frame + PACKET_HEADER_BYTES,
        .data_bytes = n - PACKET_HEADER_BYTES,
    };
    /* A byte that got lost or came from nowhere shows here. Stub v1 gives GET_SECURITY_INFO a
     * length field 2 too small. */
    size_t promised = load_u16(frame + 2);
    return promised == r->data_bytes ||
           (r->command == CMD_GET_SECURITY_INFO && promised + 2 == r->data_bytes);
}

size_t packet_security_payload_bytes(size_t data_bytes)
{
    return data_bytes >= SECURITY_LONG_BYTES + 2 ? SECURITY_LONG_BYTES : SECURITY_SHORT_BYTES;
}

bool packet_judge(struct reply *r, size_t payload_bytes)
{
    if (r->command == CMD_GET_SECURITY_INFO)
        payload_bytes = packet_security_payload_bytes(r->data_bytes);
    size_t at = r->data_bytes >= payload_bytes + 2 ? payload_bytes : 0;
    if (r->data_bytes < at + 2)
        return false;
    r->status[0] = r->data[at];
    r->status[1] = r->data[at + 1];
    return true;
}
