/*
 * The eFuses of the ESP32-S2 and of every later chip: the same kind of blocks at other addresses,
 * the same facts at other bits. A chip's row points to its map, and these functions are its hooks.
 *
 * Everything here only reads; what burns is core/fuses/burn.h, and nothing else.
 */
#ifndef CORE_EFUSE_H
#define CORE_EFUSE_H

#include "core/facts/chip.h"

enum { EFUSE_BLOCKS = 3 };

struct efuse_field {
    uint8_t block, word, bit;
    uint8_t bits; /* 0: the chip has no such field, which reads as 0 */
};

/* A number that later chips had to continue elsewhere. */
struct efuse_number {
    struct efuse_field low;
    struct efuse_field high; /* counts from above the bits of `low` */
};

struct efuse_map {
    uint32_t block_addr[EFUSE_BLOCKS]; /* word k lies 4 x k behind */
    uint8_t mac_block;                 /* in its words 0 and 1 */
    bool eui64;                        /* two bytes more in the upper half of word 1 */
    struct efuse_number major, minor;
    struct efuse_field package;
    struct efuse_field secure_boot, secure_download, manual_encrypt_off;
    struct efuse_field crypt_count; /* encryption is on while an odd number of its bits is set */
    struct efuse_field key_manager; /* the flash key is the key manager's */
};

/* Reads one field of l->chip->efuse. */
bool efuse_read(struct loader *l, struct efuse_field field, uint32_t *value, struct err *e);

/* Hooks of struct chip. */
bool efuse_read_mac(struct loader *l, struct chip_mac *mac, struct err *e);
bool efuse_read_revision(struct loader *l, uint32_t *revision, struct err *e);
bool efuse_read_package(struct loader *l, uint32_t *package, struct err *e);
bool efuse_read_security(struct loader *l, struct chip_security *security, struct err *e);

/* The pads of ESP32-S2, S3 and C3, as SPI_ATTACH wants them; 0 (the default pads) where the fuses
 * are blank or all burnt. */
bool efuse_read_spi_pins(struct loader *l, uint32_t *pins, struct err *e);

/* What the rows of all these chips have in common: the form of the ROM's answers, its log, the
 * codes of sizes, and the hooks that the map serves. */
#define CHIP_FAMILY(map)                                                                           \
    .rom = &loader_rom_s2, .status_bytes = 4, .boot_log_baud = 115200, .sizes = chip_sizes_esp32,  \
    .efuse = (map), .read_mac = efuse_read_mac, .read_package = efuse_read_package,                \
    .read_security = efuse_read_security

#define CHIP_FAMILY_FLAGS CHIP_HAS_SECURITY_INFO

/* `straps`: "; GPIO9 must be low and GPIO8 high at reset", or nothing where that is not known. */
#define CHIP_FAMILY_HINT(straps)                                                                   \
    "Check power and cable" straps ". Without auto-reset: hold BOOT, press RESET, release BOOT."

#endif
