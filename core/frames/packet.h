/*
 * Requests and replies of the serial loader: layout, checksum, status. Pure, no I/O.
 * Facts: Espressif's published serial protocol, and replies seen from mask ROMs.
 */
#ifndef CORE_PACKET_H
#define CORE_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum command {
    CMD_FLASH_BEGIN = 0x02,
    CMD_FLASH_DATA = 0x03,
    CMD_FLASH_END = 0x04,
    CMD_MEM_BEGIN = 0x05,
    CMD_MEM_END = 0x06,
    CMD_MEM_DATA = 0x07,
    CMD_SYNC = 0x08,
    CMD_WRITE_REG = 0x09,
    CMD_READ_REG = 0x0A,
    CMD_SPI_SET_PARAMS = 0x0B,
    CMD_SPI_ATTACH = 0x0D,
    CMD_READ_FLASH_SLOW = 0x0E,
    CMD_CHANGE_BAUDRATE = 0x0F,
    CMD_FLASH_DEFL_BEGIN = 0x10,
    CMD_FLASH_DEFL_DATA = 0x11,
    CMD_FLASH_DEFL_END = 0x12,
    CMD_SPI_FLASH_MD5 = 0x13,
    CMD_GET_SECURITY_INFO = 0x14,
    CMD_ERASE_FLASH = 0xD0,
    CMD_ERASE_REGION = 0xD1,
    CMD_READ_FLASH = 0xD2,
    /* Of the fast stub, see stub/fast_wire.h. */
    CMD_FAST_BEGIN = 0xE0,
    CMD_FAST_BLOCK = 0xE1,
    CMD_FAST_STATE = 0xE2,
    CMD_FAST_READ = 0xE3,
};

#define PACKET_FROM_CHIP          0x01u /* how each reply begins */
#define PACKET_HEADER_BYTES       8u
#define PACKET_BLOCK_HEADER_BYTES 16u

/* Status bytes that decisions are made on; the rest is only put into words. */
enum {
    STATUS_OK = 0x00,
    STATUS_ROM_FAILED = 0x01,    /* first byte of every ROM failure */
    STATUS_ROM_UNKNOWN = 0x05,   /* second byte: unknown command */
    STATUS_ROM_EXECUTION = 0x06, /* second byte: understood, but failed */
    STATUS_STUB_CHECKSUM = 0xC1, /* the block was refused and nothing of it taken */
    STATUS_STUB_UNKNOWN_V2 = 0xC3,
    STATUS_STUB_FLASH = 0xC4, /* told late: it was the block before */
    STATUS_STUB_UNKNOWN = 0xFF,
};

struct reply {
    uint8_t command;
    uint32_t value;      /* READ_REG's result; stale or 0 for others */
    const uint8_t *data; /* payload and status bytes; borrowed from the frame */
    size_t data_bytes;
    uint8_t status[2]; /* filled by packet_judge */
};

/* Name of a command for sentences: "FLASH_BEGIN"; "command 5A" for others lies in `spare`. */
const char *packet_command_name(uint8_t command, char spare[static 16]);

/* How a loader says what went wrong. */
struct packet_status {
    uint8_t code;
    const char *text;
    bool damaged; /* it says that the request was none, or not what its length or checksum says */
};

struct packet_dialect {
    const struct packet_status *rows; /* ends with a row without text */
    uint8_t at;                       /* which of the two bytes tells */
    bool has_crc; /* a CRC-32 in the place of the checksum, and behind each answer */
};

extern const struct packet_dialect packet_dialect_rom, packet_dialect_stub, packet_dialect_fast;

/* What a status means, in words; never NULL. */
const char *packet_status_text(const struct packet_dialect *dialect,
                               const uint8_t status[static 2]);

/* Whether a request came damaged, by its status; or else the status itself, which is none that a
 * loader gives. */
bool packet_status_is_of_damage(const struct packet_dialect *dialect,
                                const uint8_t status[static 2]);

/* XOR of the data to write, started with EF. */
uint8_t packet_checksum(const uint8_t *data, size_t n);

/* One whole SLIP frame: header, then `head` and `body` (either may be empty). Returns its length,
 * 0 if it does not fit into cap or the data is longer than 65535 bytes. */
size_t packet_encode(uint8_t *buf, size_t cap, uint8_t command, uint32_t checksum, const void *head,
                     size_t head_bytes, const void *body, size_t body_bytes);

/* A block of one of the *_DATA commands as a whole frame, with its sequence number and checksum. */
size_t packet_encode_block(uint8_t *buf, size_t cap, uint8_t command, uint32_t sequence,
                           const void *data, size_t n);

#define PACKET_CRC_BYTES 4u

/* What stands in the place of a request's checksum where the dialect has a CRC. */
uint32_t packet_crc(uint8_t command, const void *head, size_t head_bytes, const void *body,
                    size_t body_bytes);

/* Whether the CRC at the end of a frame from such a chip fits it; then *n is without it. */
bool packet_check_crc(const uint8_t *frame, size_t *n);

/* Reads a frame as a reply. False for what is none: shorter than a header, not from the chip, or
 * with a length field that promises more than came. */
bool packet_parse(const uint8_t *frame, size_t n, struct reply *r);

/* GET_SECURITY_INFO has 12 bytes of payload on ESP32-S2, and 20 on later chips; with two or four
 * status bytes behind them, only the length of all tells which. */
size_t packet_security_payload_bytes(size_t data_bytes);

/* Finds the status bytes behind a payload of `payload_bytes`, or in front when the reply is shorter
 * (a failure carries no payload). Only the first byte decides: the reserved bytes of a ROM hold
 * stale text. For GET_SECURITY_INFO the reply itself tells its payload. False when there is no
 * status at all. */
bool packet_judge(struct reply *r, size_t payload_bytes);

#endif
