/*
 * What fuses do, in a sentence: those that a factory burns or trips over. Sources: ESP-IDF
 * (docs/en/security, components/efuse) and espefuse 5.3.1 (efuse_defs).
 */
#include "core/fuses/fuse_set.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct meaning {
    const char *name; /* the beginning of it, where `each` */
    const char *sentence;
    bool each; /* of a numbered family */
};

static const struct meaning meanings[] = {
    { "WR_DIS", "each bit locks a group of fuses for ever", false },
    { "RD_DIS", "each bit hides a key block from everybody but the chip", false },
    /* Flash encryption */
    { "FLASH_CRYPT_CNT", "flash encryption: on while an odd number of its bits is set", false },
    { "SPI_BOOT_CRYPT_CNT", "flash encryption: on while an odd number of its bits is set", false },
    { "FLASH_CRYPT_CONFIG", "how the key changes with the address; F while encryption is on",
      false },
    { "XTS_KEY_LENGTH_256", "the whole key block is the flash's key; else half of it", false },
    { "DIS_DOWNLOAD_MANUAL_ENCRYPT", "the loader encrypts nothing it writes", false },
    { "DISABLE_DL_ENCRYPT", "the loader encrypts nothing it writes", false },
    { "DISABLE_DL_DECRYPT", "the loader does not show the flash decrypted", false },
    { "DISABLE_DL_CACHE", "the loader has no cached view of the flash", false },
    { "DIS_DOWNLOAD_ICACHE", "the loader has no cached view of the flash", false },
    { "DIS_DOWNLOAD_DCACHE", "the loader has no cached view of the flash", false },
    { "SPI_DOWNLOAD_MSPI_DIS", "the loader has no mapped view of the flash", false },
    { "FORCE_USE_KEY_MANAGER_KEY", "keys come from the key manager, not from fuses", false },
    /* Secure boot */
    { "ABS_DONE_0", "secure boot, first scheme: only the boot loader bound to this chip starts",
      false },
    { "ABS_DONE_1", "secure boot, second scheme: only signed boot loaders start", false },
    { "SECURE_BOOT_EN", "secure boot: only signed boot loaders start", false },
    { "SECURE_BOOT_KEY_REVOKE", "a signing key that counts no more", true },
    { "SECURE_BOOT_AGGRESSIVE_REVOKE", "a wrong signature revokes its key at once", false },
    { "SECURE_VERSION", "the oldest version of the application that may start: its number of bits",
      false },
    /* The loader */
    { "UART_DOWNLOAD_DIS",
      "no loader any more: this board can never be flashed over its UART "
      "(from v3.0 on)",
      false },
    { "DIS_DOWNLOAD_MODE", "no loader any more: this board can never be flashed by wire", false },
    { "ENABLE_SECURITY_DOWNLOAD", "the loader only writes: it tells and runs nothing", false },
    { "DIS_FORCE_DOWNLOAD", "software cannot enter the loader", false },
    { "DIS_DIRECT_BOOT", "no start of raw flash without a boot loader", false },
    { "DIS_LEGACY_SPI_BOOT", "no start of raw flash without a boot loader", false },
    { "DIS_USB_SERIAL_JTAG_DOWNLOAD_MODE", "no loader over USB Serial/JTAG", false },
    { "DIS_USB_OTG_DOWNLOAD_MODE", "no loader over USB-OTG", false },
    { "DIS_USB_DOWNLOAD_MODE", "no loader over USB", false },
    { "UART_PRINT_CONTROL", "whether the ROM prints as it starts", false },
    { "DIS_USB_SERIAL_JTAG_ROM_PRINT", "the ROM prints nothing over USB", false },
    { "CONSOLE_DEBUG_DISABLE", "no BASIC console in the ROM", false },
    /* Debugging and USB */
    { "JTAG_DISABLE", "no JTAG, for ever", false },
    { "HARD_DIS_JTAG", "no JTAG, for ever", false },
    { "DIS_PAD_JTAG", "no JTAG over pins, for ever", false },
    { "SOFT_DIS_JTAG", "no JTAG while an odd number of its bits is set; a key can open it", false },
    { "DIS_USB_JTAG", "no JTAG over USB", false },
    { "DIS_USB_SERIAL_JTAG", "no USB Serial/JTAG at all: a station may lose its port", false },
    { "USB_EXCHG_PINS", "D+ and D- are exchanged", false },
    /* Keys and identity */
    { "KEY_PURPOSE_", "what the key block of that number is for", true },
    { "BLOCK_KEY", "a key block", true },
    { "BLOCK1", "the key of the flash", false },
    { "BLOCK2", "the digest or key of secure boot", false },
    { "BLOCK_USR_DATA", "for the product; shares its block with CUSTOM_MAC, written once", false },
    { "CUSTOM_MAC", "a MAC of the product's own, where its firmware asks for it", false },
    { "CODING_SCHEME", "how blocks 1 to 3 are coded", false },
    { "MAC", "the MAC from the factory", false },
    /* Power */
    { "XPD_SDIO_FORCE", "the next two decide the flash's voltage, not the strap", false },
    { "XPD_SDIO_REG", "the flash's regulator is on", false },
    { "XPD_SDIO_TIEH", "3.3 V for the flash; else 1.8 V", false },
    { "VDD_SPI_FORCE", "the next fuses decide the flash's voltage, not the strap", false },
    { "VDD_SPI_XPD", "the flash's regulator is on", false },
    { "VDD_SPI_TIEH", "3.3 V for the flash; else 1.8 V", false },
    { "VDD_SPI_AS_GPIO", "the flash's supply is a plain pin", false },
    { "WDT_DELAY_SEL", "how long the watchdog waits at the start", false },
    { "FLASH_TPUW", "how long the ROM waits for the flash after power-on", false },
    { "DISABLE_WAFER_VERSION_MAJOR", "images for other major revisions start", false },
    { "DISABLE_BLK_VERSION_MAJOR", "images for other eFuse revisions start", false },
};

static bool is_numbered(const char *name, const char *family)
{
    size_t n = strlen(family);
    return strncmp(name, family, n) == 0 && name[n] >= '0' && name[n] <= '9';
}

const char *fuse_meaning(const char *name)
{
    for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++) {
        const struct meaning *m = &meanings[i];
        if (m->each ? is_numbered(name, m->name) : strcmp(name, m->name) == 0)
            return m->sentence;
    }
    return NULL;
}

/* ---- Values ---- */

static const char *const purposes[] = {
    "USER",        "ECDSA_P256",          "XTS_AES_256_1",       "XTS_AES_256_2",
    "XTS_AES_128", "HMAC_DOWN_ALL",       "HMAC_DOWN_JTAG",      "HMAC_DOWN_DIGITAL_SIGNATURE",
    "HMAC_UP",     "SECURE_BOOT_DIGEST0", "SECURE_BOOT_DIGEST1", "SECURE_BOOT_DIGEST2",
    "KM_INIT",     "XTS_AES_256_PSRAM_1", "XTS_AES_256_PSRAM_2", "XTS_AES_128_PSRAM",
    "ECDSA_P192",  "ECDSA_P384_LOW",      "ECDSA_P384_HIGH",     "SDC_DIGEST",
};

static const char *const uart_prints[] = { "on", "on, if the strap is low", "on, if it is high",
                                           "off" };
static const char *const codings[] = { "none", "3/4", "repeat", "none (recovery)" };

static const char *word_of(const char *const *words, size_t count, uint32_t value)
{
    return value < count ? words[value] : NULL;
}

#define WORD_OF(words, value) word_of(words, sizeof(words) / sizeof(words)[0], value)

const char *fuse_value_word(const char *name, uint32_t value)
{
    bool is_count = strcmp(name, "SPI_BOOT_CRYPT_CNT") == 0 ||
                    strcmp(name, "FLASH_CRYPT_CNT") == 0 || strcmp(name, "SOFT_DIS_JTAG") == 0;
    if (is_count)
        return __builtin_parity(value) ? "on" : "off";
    if (is_numbered(name, "KEY_PURPOSE_") && !strstr(name, "_H"))
        return WORD_OF(purposes, value);
    if (strcmp(name, "UART_PRINT_CONTROL") == 0)
        return WORD_OF(uart_prints, value);
    if (strcmp(name, "CODING_SCHEME") == 0)
        return WORD_OF(codings, value);
    return NULL;
}
