/*
 * What the station knows about each chip: plain data and a few hooks.
 *
 * A chip is one file (core/chips/NAME.c) and one line in core/facts/chip_list.h. Differences
 * between chips are fields, named flags or hooks of the row; there is no `if (chip == ...)`
 * elsewhere.
 */
#ifndef CORE_CHIP_H
#define CORE_CHIP_H

#include "core/base/err.h"
#include "core/facts/loader_kind.h"

#include <stddef.h>
#include <stdint.h>

struct efuse_map;
struct fuse_set;
struct loader;

/* Registers of the flash controller; offsets are from `base_addr`. CMD is at 0, ADDR at 4. */
struct chip_spi {
    uint32_t base_addr;
    uint16_t usr, usr1, usr2;
    uint16_t mosi_dlen, miso_dlen; /* 0: the lengths are in USR1 (ESP8266) */
    uint16_t w0;
    bool addr_left_justified;
};

/* The layout of every controller since the ESP32-S2. */
#define CHIP_SPI_SINCE_S2(base)                                                                    \
    {                                                                                              \
        .base_addr = (base), .usr = 0x18, .usr1 = 0x1C, .usr2 = 0x20, .mosi_dlen = 0x24,           \
        .miso_dlen = 0x28, .w0 = 0x58                                                              \
    }

/* How fast the crystal runs: fixed, or told by the divider that the ROM found for our rate. */
struct chip_crystal {
    uint8_t fixed_mhz;     /* 0: see the other two */
    uint8_t divider_unit;  /* the UART's clock is the crystal's times this */
    uint32_t divider_addr; /* its low bits, CHIP_DIVIDER_MASK, are the divider's whole part */
};
#define CHIP_DIVIDER_MASK 0xFFFFFu

/* The watchdogs that go on counting in the loader. Over the chip's own USB a reset does not stop
 * them, and one of them can restart the chip with its straps read anew, which RTS cannot do there.
 * An address of 0: the chip has none, or its registers are not known. */
struct chip_watchdog {
    uint32_t config0_addr, config1_addr, protect_addr;
    bool resets; /* a reset by it leaves the loader, and the port comes back */
    uint32_t super_config_addr, super_protect_addr, super_key;
    uint8_t super_feed_bit; /* feeds itself */
};

/* A variable of the ROM's that tells which console it speaks through; for ports without USB ids. */
struct chip_console {
    uint32_t addr;          /* its low byte; 0: not known */
    uint32_t from_revision; /* of the chip */
    uint8_t otg;            /* what it holds when that is USB-OTG */
};

/* Its fuses by name, from a revision on. */
struct chip_fuses {
    const struct fuse_set *set; /* NULL: they have no names here */
    uint32_t from_revision;
};

/* A number of the eFuses, and the part it stands for. */
struct chip_package {
    uint8_t number;
    const char *name;
};

enum chip_flags {
    CHIP_SHORT_HEADER = 1 << 0,           /* image header of 8 bytes, no digest (ESP8266) */
    CHIP_HAS_SECURITY_INFO = 1 << 1,      /* GET_SECURITY_INFO and a chip id */
    CHIP_OLD_REVISION_IS_MINOR = 1 << 2,  /* the old field of image headers (ESP32-C3) */
    CHIP_USB_OTG = 1 << 3,                /* its ROM is a USB device whose PID is the image id */
    CHIP_OTG_LEAVES_BY_WATCHDOG = 1 << 4, /* over that device RTS never leaves the loader */
    CHIP_FORCED_DOWNLOAD_STAYS = 1 << 5,  /* ...and a register keeps it there until cleared */
    CHIP_JTAG_SLOW_RESET = 1 << 6,        /* the USB Serial/JTAG unit needs time to come back */
    CHIP_SECURED_NO_BAUD = 1 << 7,        /* in Secure Download Mode the crystal cannot be read */
    CHIP_SECURE_BOOT_NO_STUB = 1 << 8,    /* with secure boot the ROM starts no code in RAM */
    CHIP_USB_JTAG = 1 << 9,               /* it has a USB Serial/JTAG unit */
    CHIP_STUB_SETS_BAUD = 1 << 10, /* its stub speeds the clock up as it starts, and sets the rate
                                    * to what the ROM remembers: not to what it was changed to */
    CHIP_WHOLE_DIVIDER = 1 << 11,  /* of its UART; stubs make the new one from the present one */
};

/* What was tried: shown by `espstation chips`. */
enum chip_tested {
    CHIP_TRIED_NOT,
    CHIP_TRIED_VIRTUAL, /* against the virtual fixture, which an independent client drives too */
    CHIP_TRIED_BOARD,
};

/* Where the fast stub of this project was tried on it, a bit each. None: it has none. */
enum chip_fast_tried {
    CHIP_FAST_VIRTUAL = 1 << 0,  /* its machine code, on virtual boards */
    CHIP_FAST_EMULATOR = 1 << 1, /* above the chip's real ROM, in a system emulator */
    CHIP_FAST_BOARD = 1 << 2,
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
    bool secure_boot_v1;     /* the ESP32's first scheme: its boot loader is bound to the chip */
    bool manual_encrypt_off; /* the loader will not encrypt what it writes */
    bool key_manager;        /* the first two sectors hold what the keys are made from */
};

struct chip {
    const char *name;    /* "ESP32-C3" */
    const char *id_name; /* "esp32c3": in recipes, records and stub file names */
    uint16_t image_id;   /* in image headers and GET_SECURITY_INFO; CHIP_NO_IMAGE_ID: none */
    uint32_t magic;      /* at CHIP_MAGIC_ADDR; 0: told by id alone */
    uint32_t boot_addr;  /* flash offset of the first image that the ROM reads */
    unsigned flags;      /* enum chip_flags */
    const struct loader_kind *rom;
    uint8_t status_bytes; /* at the end of a ROM reply: 2 or 4 */
    uint32_t boot_log_baud;
    const char *boot_proof; /* what its ROM says of a boot loader whose signature it took; NULL: not
                               seen */
    struct chip_spi spi;
    const struct chip_code *sizes; /* ends with a zero row */
    const struct chip_code *freqs; /* ends with a zero row */
    uint32_t stub_max_flash_bytes; /* flash that addresses can reach through the stub */
    uint32_t stub_min_revision;    /* below it the chip's own stub does not run... */
    const char *stub_below;        /* ...but this one does; NULL: none */
    uint32_t stub_text_addr; /* where its own lies, if that tells the two apart; 0: it does not */
    /* A word of the ROM's RAM that it jumps through: with secure boot it starts no code otherwise.
     * 0: the chip has no such way, or needs none. */
    uint32_t start_pointer_addr;
    uint32_t spare_spi_pins; /* to try where no flash answers on the first ones; 0: none */
    /* The word in which the ROM remembers its rate, for CHIP_STUB_SETS_BAUD; 0: not known. */
    uint32_t rom_baud_addr;
    struct chip_crystal crystal;
    struct chip_watchdog watchdog;
    /* Over USB-OTG: straps (bit 3 low: kept in the loader) and forced download (bit 0). 0: RTS does
     * it. */
    uint32_t strap_addr, forced_download_addr;
    struct chip_console console[2]; /* the last one that the revision reaches counts */
    const struct efuse_map *efuse;  /* for core/loader/efuse.h; NULL: the chip has its own hooks */
    struct chip_fuses fuses[2];     /* the last one that the revision reaches counts */
    const struct chip_package *packages; /* ends with a zero row; NULL: no names known */
    enum chip_tested tested;
    uint8_t fast_tried;       /* of enum chip_fast_tried */
    uint32_t lzma_baud;       /* up to it its fast stub has time for LZMA; 0: it has none */
    const char *hint_no_sync; /* replaces the code's default advice */
    /* Hooks. Required unless marked optional, all through registers, with ROM and stub alike. */
    /* Ends with chip_check_mac. */
    bool (*read_mac)(struct loader *loader, struct chip_mac *mac, struct err *e);
    bool (*read_revision)(struct loader *loader, uint32_t *revision,
                          struct err *e); /* major*100+minor */
    bool (*read_package)(struct loader *loader, uint32_t *package, struct err *e);
    bool (*read_security)(struct loader *loader, struct chip_security *security, struct err *e);
    /* The word SPI_ATTACH wants (0: default pins). */
    bool (*read_spi_pins)(struct loader *loader, uint32_t *pins, struct err *e);
    /* What to ask the ROM for so that it really runs at `baud` (clock drift, crystals). */
    bool (*rom_baud)(struct loader *loader, uint32_t baud, uint32_t *request, struct err *e);
    /* Optional: what must be done before the flash is attached. Later revisions than the one named
     * may need something that is not known here. */
    bool (*power_flash)(struct loader *loader, uint32_t revision, struct err *e);
    uint32_t power_known_revision;
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

/* The name of a package, NULL if it has none. */
const char *chip_package_name(const struct chip *chip, uint32_t package);

/* The fuses of a chip of that revision by name; NULL: they have none here. */
const struct fuse_set *chip_fuses(const struct chip *chip, uint32_t revision);

/* Whether it can be the MAC of one board: not all zeros or ones, as fuses read that nobody burnt,
 * or that could not be read, and no multicast address. ERR_BAD_MAC. Pure. */
bool chip_check_mac(const struct chip_mac *mac, struct err *e);

/* Flash modes are the same on all chips: "qio", "qout", "dio", "dout". */
extern const struct chip_code chip_modes[];

/* Ready-made rows and hooks that several chips share. */
extern const struct chip_code chip_sizes_esp32[];
extern const struct chip_code chip_freqs_80m[];       /* 80, 40, 26 and 20 MHz */
extern const struct chip_code chip_freqs_48m[];       /* ESP32-H2 and its family */
extern const struct chip_code chip_freqs_80_40_20m[]; /* no 26 MHz: ESP32-C5 and later */
#define CHIP_FLASH_3_BYTES_MAX (16u << 20)  /* what three address bytes reach: all a ROM can */
#define CHIP_FLASH_4_BYTES_MAX (128u << 20) /* the largest the headers have a code for */
bool chip_spi_pins_default(struct loader *loader, uint32_t *pins, struct err *e);
bool chip_rom_baud_plain(struct loader *loader, uint32_t baud, uint32_t *request, struct err *e);

#endif
