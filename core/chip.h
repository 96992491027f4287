/*
 * What the station knows about each chip: plain data and a few hooks.
 *
 * A chip is one file (core/chips/NAME.c) and one line in core/chips/list.h. Differences between
 * chips are fields, named flags or hooks of the row; there is no `if (chip == ...)` elsewhere.
 */
#ifndef CORE_CHIP_H
#define CORE_CHIP_H

#include "core/err.h"

#include <stddef.h>
#include <stdint.h>

struct loader;

/* Registers of the flash controller; offsets are from `base_addr`. CMD is at 0, ADDR at 4. */
struct chip_spi {
    uint32_t base_addr;
    uint16_t usr, usr1, usr2;
    uint16_t mosi_dlen, miso_dlen; /* 0: the lengths are in USR1 (ESP8266) */
    uint16_t w0;
    bool addr_left_justified;
};

enum chip_flags {
    CHIP_ROM_NO_BAUD = 1 << 0,       /* no CHANGE_BAUDRATE: sync at the final rate */
    CHIP_ROM_NO_MD5 = 1 << 1,        /* no SPI_FLASH_MD5: only a stub can prove what was written */
    CHIP_ROM_NO_SPI_SETUP = 1 << 2,  /* no SPI_ATTACH and SPI_SET_PARAMS: FLASH_BEGIN(0) attaches */
    CHIP_ROM_ERASE_DEFECT = 1 << 3,  /* FLASH_BEGIN erases too much (ESP8266) */
    CHIP_ROM_ENCRYPT_WORD = 1 << 4,  /* the ROM wants the fifth word of FLASH_BEGIN */
    CHIP_SHORT_HEADER = 1 << 5,      /* image header of 8 bytes, no digest (ESP8266) */
    CHIP_HAS_SECURITY_INFO = 1 << 6, /* GET_SECURITY_INFO and a chip id */
    CHIP_OLD_REVISION_IS_MINOR = 1 << 7, /* the old field of image headers (ESP32-C3) */
};

/* What was tried: shown by `espstation chips`. */
enum chip_tested {
    CHIP_TRIED_NOT,
    CHIP_TRIED_VIRTUAL, /* against the virtual fixture, which an independent client drives too */
    CHIP_TRIED_BOARD,
};

/* A word of a recipe and its code in the image header. */
struct chip_code {
    const char *word; /* "40m", "4MB" */
    uint8_t code;
    uint32_t flash_bytes; /* sizes only */
};

#define CHIP_NO_IMAGE_ID 0xFFFFu
#define CHIP_MAC_BYTES   8 /* EUI-64 at most */

struct chip_mac {
    uint8_t bytes[CHIP_MAC_BYTES];
    uint8_t count; /* 6, or 8 for an EUI-64 */
};

/* Fuses that forbid things. */
struct chip_security {
    bool secure_boot;
    bool flash_encryption;
    bool secure_download;
};

struct chip {
    const char *name;     /* "ESP32-C3" */
    const char *id_name;  /* "esp32c3": in recipes, records and stub file names */
    uint16_t image_id;    /* in image headers and GET_SECURITY_INFO; CHIP_NO_IMAGE_ID: none */
    uint32_t magic;       /* at CHIP_MAGIC_ADDR; 0: told by id alone */
    uint32_t boot_addr;   /* flash offset of the first image that the ROM reads */
    unsigned flags;       /* enum chip_flags */
    uint8_t status_bytes; /* at the end of a ROM reply: 2 or 4 */
    uint32_t boot_log_baud;
    struct chip_spi spi;
    const struct chip_code *sizes; /* ends with a zero row */
    const struct chip_code *freqs; /* ends with a zero row */
    uint32_t stub_max_flash_bytes; /* flash that addresses can reach through the stub */
    enum chip_tested tested;
    const char *hint_no_sync; /* replaces the code's default advice */
    /* Hooks. All required, all through registers, with ROM and stub alike. */
    bool (*read_mac)(struct loader *loader, struct chip_mac *mac, struct err *e);
    bool (*read_revision)(struct loader *loader, uint32_t *revision,
                          struct err *e); /* major*100+minor */
    bool (*read_security)(struct loader *loader, struct chip_security *security, struct err *e);
    /* The word SPI_ATTACH wants (0: default pins). */
    bool (*read_spi_pins)(struct loader *loader, uint32_t *pins, struct err *e);
    /* What to ask the ROM for so that it really runs at `baud` (clock drift, crystals). */
    bool (*rom_baud)(struct loader *loader, uint32_t baud, uint32_t *request, struct err *e);
};

/* Readable on every chip; holds a value of the chip's own on the older ones. ROM behaviour. */
#define CHIP_MAGIC_ADDR 0x40001000u

size_t chip_count(void);
const struct chip *chip_at(size_t i);

/* By recipe spelling or display name; case and dashes do not matter. NULL if unknown. */
const struct chip *chip_by_name(const char *name);

/* By the value at CHIP_MAGIC_ADDR, or by the id of GET_SECURITY_INFO and image headers. NULL if
 * unknown. */
const struct chip *chip_by_magic(uint32_t magic);
const struct chip *chip_by_image_id(uint16_t image_id);

/* Codes of the header: a row by word or by size, NULL if this chip has none. */
const struct chip_code *chip_code_by_word(const struct chip_code *rows, const char *word);
const struct chip_code *chip_code_by_flash_bytes(const struct chip_code *rows, uint32_t bytes);

/* Flash modes are the same on all chips: "qio", "qout", "dio", "dout". */
extern const struct chip_code chip_modes[];

/* Ready-made rows and hooks that several chips share. */
extern const struct chip_code chip_sizes_esp32[];
extern const struct chip_code chip_freqs_80m[];
bool chip_spi_pins_default(struct loader *loader, uint32_t *pins, struct err *e);
bool chip_rom_baud_plain(struct loader *loader, uint32_t baud, uint32_t *request, struct err *e);

#endif
