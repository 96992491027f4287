#include "core/fuses/fuse_rules.h"

#include "core/fuses/fuse_list.h"

#include <string.h>

#define NAMES(...) ((const char *const[]){ __VA_ARGS__, NULL })

#define JTAG_PADS_AND_USB NAMES("DIS_PAD_JTAG", "DIS_USB_JTAG")
#define NO_DIRECT_BOOT    NAMES("DIS_DIRECT_BOOT")
#define NO_LEGACY_BOOT    NAMES("DIS_LEGACY_SPI_BOOT", "DIS_BOOT_REMAP")
#define NO_MAPPED_FLASH   NAMES("DIS_DIRECT_BOOT", "SPI_DOWNLOAD_MSPI_DIS")

/* Where RSA is there: ESP-IDF takes signatures of elliptic curves on the ESP32-C5, H2 and P4 for
 * broken with certain inputs, until revisions that it does not name. */
static const struct fuse_rules rules[] = {
    {
        .set = &fuses_esp32,
        .boot_schemes = FUSE_SIGNED_RSA,
        .boot_min_revision = 300,
        .digests = 1,
        .short_flash_key_bytes = 24, /* in blocks of 3/4 coding */
        .jtag = NAMES("JTAG_DISABLE"),
        .boot_with = NAMES("CONSOLE_DEBUG_DISABLE"),
        .crypt_with = NAMES("DISABLE_DL_DECRYPT", "DISABLE_DL_CACHE", "CONSOLE_DEBUG_DISABLE"),
        .crypt_release = "DISABLE_DL_ENCRYPT",
        .crypt_lock = "DIS_CACHE",
    },
    {
        .set = &fuses_esp32s2,
        .boot_schemes = FUSE_SIGNED_RSA,
        .digests = 3,
        .hmac = true,
        .ds_number_bytes = 512,
        .long_flash_key = true,
        .jtag = NAMES("HARD_DIS_JTAG"),
        .boot_with = NO_LEGACY_BOOT,
        .crypt_with = NAMES("DIS_DOWNLOAD_ICACHE", "DIS_DOWNLOAD_DCACHE", "DIS_BOOT_REMAP",
                            "DIS_LEGACY_SPI_BOOT"),
        .crypt_release = "DIS_DOWNLOAD_MANUAL_ENCRYPT",
        .crypt_lock = "DIS_DOWNLOAD_MANUAL_ENCRYPT",
    },
    {
        .set = &fuses_esp32s3,
        .boot_schemes = FUSE_SIGNED_RSA,
        .digests = 3,
        .hmac = true,
        .ds_number_bytes = 512,
        .long_flash_key = true,
        .no_flash_key_in_key5 = true,
        .jtag = JTAG_PADS_AND_USB,
        .boot_with = NO_DIRECT_BOOT,
        .crypt_with = NAMES("DIS_DOWNLOAD_ICACHE", "DIS_DOWNLOAD_DCACHE", "DIS_DIRECT_BOOT"),
        .crypt_release = "DIS_DOWNLOAD_MANUAL_ENCRYPT",
        .crypt_lock = "DIS_DOWNLOAD_MANUAL_ENCRYPT",
    },
    {
        .set = &fuses_esp32c3,
        .boot_schemes = FUSE_SIGNED_RSA,
        .boot_min_revision = 3,
        .digests = 3,
        .hmac = true,
        .ds_number_bytes = 384,
        .no_flash_key_in_key5 = true,
        .jtag = JTAG_PADS_AND_USB,
        .boot_with = NO_DIRECT_BOOT,
        .crypt_with = NAMES("DIS_DOWNLOAD_ICACHE", "DIS_DIRECT_BOOT"),
        .crypt_release = "DIS_DOWNLOAD_MANUAL_ENCRYPT",
        .crypt_lock = "DIS_DOWNLOAD_MANUAL_ENCRYPT",
    },
    {
        .set = &fuses_esp32c6,
        .boot_schemes = FUSE_SIGNED_RSA | FUSE_SIGNED_P256,
        .digests = 3,
        .hmac = true,
        .ds_number_bytes = 384,
        .no_flash_key_in_key5 = true,
        .jtag = JTAG_PADS_AND_USB,
        .boot_with = NO_DIRECT_BOOT,
        .crypt_with = NAMES("DIS_DOWNLOAD_ICACHE", "DIS_DIRECT_BOOT"),
        .crypt_release = "DIS_DOWNLOAD_MANUAL_ENCRYPT",
        .crypt_lock = "DIS_DOWNLOAD_MANUAL_ENCRYPT",
    },
    {
        .set = &fuses_esp32c2, /* what its W 2 locks includes SECURE_BOOT_EN */
        .boot_schemes = FUSE_SIGNED_P256,
        .digests = 1,
        .short_flash_key_bytes = 16, /* half a block: the other half is for the digest */
        .jtag = NAMES("DIS_PAD_JTAG"),
        .boot_with = NO_DIRECT_BOOT,
        .crypt_with = NAMES("DIS_DOWNLOAD_ICACHE", "DIS_DIRECT_BOOT"),
        .crypt_release = "DIS_DOWNLOAD_MANUAL_ENCRYPT",
    },
    {
        .set = &fuses_esp32h2,
        .boot_schemes = FUSE_SIGNED_RSA,
        .digests = 3,
        .hmac = true,
        .ds_number_bytes = 384,
        .ecdsa = true,
        .no_ecdsa_key_in_key5 = true,
        .no_flash_key_in_key5 = true,
        .pseudo_level = true,
        .jtag = JTAG_PADS_AND_USB,
        .boot_with = NO_DIRECT_BOOT,
        .crypt_with = NO_DIRECT_BOOT,
        .crypt_release = "DIS_DOWNLOAD_MANUAL_ENCRYPT",
        .crypt_lock = "DIS_DOWNLOAD_MANUAL_ENCRYPT",
    },
    {
        .set = &fuses_esp32h21,
        .boot_schemes = FUSE_SIGNED_RSA,
        .digests = 3,
        .hmac = true, /* how large an RSA key it signs with, no source says */
        .ecdsa = true,
        .jtag = JTAG_PADS_AND_USB,
        .boot_with = NO_DIRECT_BOOT,
        .crypt_with = NO_DIRECT_BOOT,
        .crypt_release = "DIS_DOWNLOAD_MANUAL_ENCRYPT",
        .crypt_lock = "DIS_DOWNLOAD_MANUAL_ENCRYPT",
    },
    {
        .set = &fuses_esp32c5,
        .boot_schemes = FUSE_SIGNED_RSA,
        .digests = 3,
        .hmac = true,
        .ds_number_bytes = 512,
        .ecdsa = true,
        .pseudo_level = true,
        .jtag = JTAG_PADS_AND_USB,
        .boot_with = NO_DIRECT_BOOT,
        .crypt_with = NO_MAPPED_FLASH,
        .crypt_release = "DIS_DOWNLOAD_MANUAL_ENCRYPT",
        .crypt_lock = "DIS_DOWNLOAD_MANUAL_ENCRYPT",
    },
    {
        .set = &fuses_esp32c61,
        .boot_missing = "it takes signatures of elliptic curves alone, which ESP-IDF holds for "
                        "broken until a revision that it does not name",
        .digests = 3,
        .ecdsa = true,
        .pseudo_level = true,
        .jtag = JTAG_PADS_AND_USB,
        .boot_with = NO_DIRECT_BOOT,
        .crypt_with = NO_MAPPED_FLASH,
        .crypt_release = "DIS_DOWNLOAD_MANUAL_ENCRYPT",
        .crypt_lock = "DIS_DOWNLOAD_MANUAL_ENCRYPT",
    },
    {
        .set = &fuses_esp32p4,
        .boot_schemes = FUSE_SIGNED_RSA,
        .digests = 3,
        .hmac = true,
        .ds_number_bytes = 512,
        .ecdsa = true,
        .long_flash_key = true,
        .jtag = JTAG_PADS_AND_USB,
        .boot_with = NO_DIRECT_BOOT,
        .crypt_with = NO_MAPPED_FLASH,
        .crypt_release = "DIS_DOWNLOAD_MANUAL_ENCRYPT",
    },
    {
        .set = &fuses_esp32p4_v3,
        .boot_schemes = FUSE_SIGNED_RSA,
        .digests = 3,
        .hmac = true,
        .ds_number_bytes = 512,
        .ecdsa = true,
        .long_flash_key = true,
        .pseudo_level = true,
        .jtag = JTAG_PADS_AND_USB,
        .boot_with = NO_DIRECT_BOOT,
        .crypt_with = NO_MAPPED_FLASH,
        .crypt_release = "DIS_DOWNLOAD_MANUAL_ENCRYPT",
    },
    {
        .set = &fuses_esp32h4,
        .boot_missing = "ESP-IDF has it switched off for this chip",
        .digests = 3,
        .hmac = true,
        .ecdsa = true,
        .long_flash_key = true,
        .no_flash_key_in_key5 = true,
        .pseudo_level = true,
        .jtag = JTAG_PADS_AND_USB,
        .boot_with = NO_DIRECT_BOOT,
        .crypt_with = NO_MAPPED_FLASH,
        .crypt_release = "DIS_DOWNLOAD_MANUAL_ENCRYPT",
    },
    {
        .set = &fuses_esp32s31,
        .boot_schemes = FUSE_SIGNED_RSA,
        .digests = 3,
        .hmac = true,
        .ds_number_bytes = 512,
        .ecdsa = true,
        .long_flash_key = true,
        .pseudo_level = true,
        .jtag = JTAG_PADS_AND_USB,
        .boot_with = NO_DIRECT_BOOT,
        .crypt_with = NO_MAPPED_FLASH,
        .crypt_release = "DIS_DOWNLOAD_MANUAL_ENCRYPT",
    },
    {
        .set = &fuses_esp32e22,
        .missing = "no source says which bits lock its fuses",
    },
};

const struct fuse_rules *fuse_rules_of(const struct fuse_set *set)
{
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        if (rules[i].set == set)
            return &rules[i];
    }
    return NULL;
}

bool fuse_takes_flash_key(const struct fuse_rules *r, size_t bytes)
{
    return bytes == 32 || (bytes == 64 && r->long_flash_key) ||
           (bytes > 0 && bytes == r->short_flash_key_bytes);
}

/* ---- Names ---- */

struct note {
    const char *name; /* the beginning of it, where it ends in `*` */
    const char *text;
};

static bool is_named(const struct note *note, const char *name)
{
    const size_t n = strlen(note->name);
    return note->name[n - 1] == '*' ? strncmp(note->name, name, n - 1) == 0
                                    : strcmp(note->name, name) == 0;
}

static const char *note_of(const struct note *notes, const char *name)
{
    for (; notes->name; notes++) {
        if (is_named(notes, name))
            return notes->text;
    }
    return NULL;
}

static const char by_key[] = "it has keys of its own in the section";
static const char by_lock[] = "what is locked follows from the section, and from 'lock'";
static const char by_voltage[] = "a wrong voltage destroys the flash, or the board starts no more";
static const char by_factory[] = "it is the chip factory's";
static const char by_manager[] = "what it takes is not known well enough";

static const struct note refusals[] = {
    { "WR_DIS", by_lock },
    { "RD_DIS", by_lock },
    { "FLASH_CRYPT_CNT", by_key },
    { "FLASH_CRYPT_CONFIG", by_key },
    { "SPI_BOOT_CRYPT_CNT", by_key },
    { "XTS_KEY_LENGTH_256", by_key },
    { "KEY_PURPOSE_*", by_key },
    { "SECURE_BOOT_KEY_REVOKE*", by_key },
    { "SECURE_BOOT_AGGRESSIVE_REVOKE", by_key },
    { "SECURE_BOOT_EN", by_key },
    { "ABS_DONE_*", by_key },
    { "SECURE_VERSION", by_key },
    { "UART_DOWNLOAD_DIS", by_key },
    { "DIS_DOWNLOAD_MODE", by_key },
    { "ENABLE_SECURITY_DOWNLOAD", by_key },
    { "UART_PRINT_CONTROL", by_key },
    { "SOFT_DIS_JTAG", by_key },
    { "CUSTOM_MAC_USED", by_key },
    { "XPD_SDIO_*", by_voltage },
    { "VDD_SPI_*", by_voltage },
    { "FLASH_LDO_*", by_voltage },
    { "IO_LDO_*", by_voltage },
    { "DCDC_*", by_voltage },
    { "HP_PWR_SRC_SEL", by_voltage },
    { "PIN_POWER_SELECTION", by_voltage },
    { "SPI_PAD_CONFIG_*", "other pins than its flash has make a board unusable" },
    { "CODING_SCHEME", "it changes what all other blocks read as" },
    { "KEY_STATUS", by_factory },
    { "MAC*", by_factory },
    { "CHIP_*", by_factory },
    { "WAFER_*", by_factory },
    { "BLK3_PART_RESERVE", by_factory },
    { "CLK8M_FREQ", by_factory },
    { "ADC_VREF", by_factory },
    { "VOL_LEVEL_HP_INV", by_factory },
    { "KM_*", by_manager },
    { "FORCE_USE_KEY_MANAGER_KEY", by_manager },
    { "FORCE_DISABLE_SW_INIT_KEY", by_manager },
    { "LOCK_KM_KEY", by_manager },
    { "HUK_GEN_STATE", by_manager },
    { "SECURE_BOOT_SHA384_EN", by_manager },
    { "BOOTLOADER_ANTI_ROLLBACK_*", by_manager },
    { "RECOVERY_BOOTLOADER_*", by_manager },
    { "DIS_CACHE", "the application would not start" },
    { "DISABLE_APP_CPU", by_factory },
    { 0 },
};

const char *fuse_refusal(const struct fuse_field *field)
{
    if (field->block != 0)
        return "it lies in a block that is written once and as a whole";
    return note_of(refusals, field->name);
}

static const struct note losses[] = {
    { "FLASH_CRYPT_CONFIG", "no other way of encrypting this flash" },
    { "FLASH_CRYPT_CNT", "plain images start no more, once it is all ones never again" },
    { "SPI_BOOT_CRYPT_CNT", "plain images start no more, once it is all ones never again" },
    { "SECURE_BOOT_EN", "no boot loader starts but one signed with those keys" },
    { "ABS_DONE_0", "no boot loader starts but the one whose digest is written" },
    { "ABS_DONE_1", "no boot loader starts but one signed with that key" },
    { "SECURE_BOOT_KEY_REVOKE*", "images of that key start never again" },
    { "SECURE_BOOT_AGGRESSIVE_REVOKE", "one image with a wrong signature may be the board's end" },
    { "DIS_DOWNLOAD_MODE", "no loader: no repair, no reading, no burning by wire" },
    { "UART_DOWNLOAD_DIS", "no loader: no repair, no reading, no burning by wire" },
    { "ENABLE_SECURITY_DOWNLOAD", "no fuse can be read or burnt by wire, no flash proved" },
    { "JTAG_DISABLE", "no debugging" },
    { "HARD_DIS_JTAG", "no debugging, with whatever key" },
    { "DIS_PAD_JTAG", "no debugging over pins, with whatever key" },
    { "SOFT_DIS_JTAG", "debugging only by firmware that knows the key" },
    { "DIS_USB_JTAG", "no debugging over USB" },
    { "DIS_USB_SERIAL_JTAG", "no USB Serial/JTAG: a station may lose its port" },
    { "DISABLE_DL_ENCRYPT", "the loader encrypts nothing: ciphertext must come from outside" },
    { "DIS_DOWNLOAD_MANUAL_ENCRYPT",
      "the loader encrypts nothing: ciphertext must come from outside" },
    { "SECURE_VERSION", "older applications start no more" },
    { "UART_PRINT_CONTROL", "the ROM's log cannot be switched on again" },
    { "CUSTOM_MAC", "no other MAC, and no user data in its block" },
    { "KEY_PURPOSE_*", "the block can be used for nothing else" },
    { "XTS_KEY_LENGTH_256", "the key block has room for no digest" },
    { "RD_DIS", "nobody but the chip reads it: it can be proved no more" },
    { "CONSOLE_DEBUG_DISABLE", "no BASIC console of the ROM" },
    { 0 },
};

const char *fuse_loss(const char *name)
{
    return note_of(losses, name);
}
