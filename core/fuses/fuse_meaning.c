/*
 * What fuses do, in a sentence. Sources: ESP-IDF (docs/en/security, components/efuse) and espefuse
 * 5.3.1 (efuse_defs).
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
    { "XPD_SDIO_FORCE", "the two before decide the flash's voltage, not the strap", false },
    { "XPD_SDIO_REG", "the flash's regulator is on", false },
    { "XPD_SDIO_TIEH", "3.3 V for the flash; else 1.8 V", false },
    { "VDD_SPI_FORCE", "the two before decide the flash's voltage, not the strap", false },
    { "VDD_SPI_XPD", "the flash's regulator is on", false },
    { "VDD_SPI_TIEH", "3.3 V for the flash; else 1.8 V", false },
    { "VDD_SPI_AS_GPIO", "the flash's supply is a plain pin", false },
    { "WDT_DELAY_SEL", "how long the watchdog waits at the start", false },
    { "FLASH_TPUW", "how long the ROM waits for the flash after power-on", false },
    { "DISABLE_WAFER_VERSION_MAJOR", "images for other major revisions start", false },
    { "DISABLE_BLK_VERSION_MAJOR", "images for other eFuse revisions start", false },
    /* Against listening in, and faults from outside */
    { "SEC_DPA_LEVEL", "how much the clocks of the crypto units waver, against listening in",
      false },
    { "CRYPT_DPA_ENABLE", "the clocks of the crypto units waver, against listening in", false },
    { "XTS_DPA_CLK_ENABLE", "the clock of flash encryption wavers, against listening in", false },
    { "XTS_DPA_PSEUDO_LEVEL", "rounds of nothing in flash encryption, against listening in",
      false },
    { "ECC_FORCE_CONST_TIME", "elliptic curves always take the same time", false },
    { "POWERGLITCH_EN", "a glitch of the supply resets the chip", false },
    { "POWERGLITCH_EN1", "a glitch of the supply resets the chip", false },
    { "POWER_GLITCH_EN", "a glitch of the supply resets the chip", false },
    { "POWER_GLITCH_DSENSE", "how soon a glitch of the supply is noticed", false },
    { "PVT_GLITCH_EN", "a glitch of supply or temperature is watched for", false },
    { "PVT_GLITCH_MODE", "what such a glitch leads to", false },
    { "PVT_0_GLITCH_EN", "a glitch of supply or temperature is watched for", false },
    { "PVT_0_GLITCH_MODE", "what such a glitch leads to", false },
    { "PVT_1_GLITCH_EN", "a glitch of supply or temperature is watched for", false },
    { "PVT_1_GLITCH_MODE", "what such a glitch leads to", false },
    { "ENA_XTS_SHADOW", "flash encryption is computed twice, against faults", false },
    { "ENA_SPI_BOOT_CRYPT_SCRAMBLER", "ciphertext in outer memory is scrambled besides", false },
    { "ERR_RST_ENABLE", "the ROM looks at error records in the fuses", false },
    { "DIS_REDUNDANCY", "fuses are not kept twice", false },
    /* Secure boot, beside its keys */
    { "SECURE_BOOT_DISABLE_FAST_WAKE", "signatures are checked in full after sleep, too", false },
    { "SECURE_BOOT_SHA384_EN", "secure boot takes signatures over SHA-384", false },
    { "ECDSA_CURVE_MODE", "which curves the ECDSA unit takes", false },
    { "ECDSA_DISABLE_P192", "the ECDSA unit takes no P-192", false },
    { "ECDSA_DISABLE_SOFT_K", "software gives the ECDSA unit no random number", false },
    { "ECDSA_ENABLE_SOFT_K", "software may give the ECDSA unit its random number", false },
    { "ECDSA_FORCE_USE_HARDWARE_K", "software gives the ECDSA unit no random number", false },
    { "BOOTLOADER_ANTI_ROLLBACK_EN", "older boot loaders start no more", false },
    { "BOOTLOADER_ANTI_ROLLBACK_SECURE_VERSION", "the oldest boot loader that may start", false },
    { "BOOTLOADER_ANTI_ROLLBACK_SECURE_VERSION_HI", "the oldest boot loader that may start",
      false },
    { "BOOTLOADER_ANTI_ROLLBACK_SECURE_VERSION_LO", "the oldest boot loader that may start",
      false },
    { "BOOTLOADER_ANTI_ROLLBACK_UPDATE_IN_ROM", "the ROM raises that version by itself", false },
    { "RECOVERY_BOOTLOADER_FLASH_SECTOR", "where the boot loader is that starts if the first fails",
      false },
    { "RECOVERY_BOOTLOADER_FLASH_SECTOR_",
      "where the boot loader is that starts if the first fails", true },
    { "RECOVERY_BOOTLOADER_FLASH_SECTOR_HI",
      "where the boot loader is that starts if the first fails", false },
    { "RECOVERY_BOOTLOADER_FLASH_SECTOR_LO",
      "where the boot loader is that starts if the first fails", false },
    /* The key manager */
    { "KM_DISABLE_DEPLOY_MODE", "which keys the key manager takes no more", false },
    { "KM_DISABLE_DEPLOY_MODE_H", "which keys the key manager takes no more", false },
    { "KM_DEPLOY_ONLY_ONCE", "which keys the key manager takes once only", false },
    { "KM_DEPLOY_ONLY_ONCE_H", "which keys the key manager takes once only", false },
    { "FORCE_USE_KEY_MANAGER_KEY_H", "keys come from the key manager, not from fuses", false },
    { "KM_RND_SWITCH_CYCLE", "how often the key manager changes its random numbers", false },
    { "KM_HUK_GEN_STATE", "whether the key manager's own secret may be made", false },
    { "HUK_GEN_STATE", "whether the key manager's own secret may be made", false },
    { "KM_XTS_KEY_LENGTH_256", "how long the flash's key from the key manager is", false },
    { "FORCE_DISABLE_SW_INIT_KEY", "the key manager's first key comes from fuses alone", false },
    { "LOCK_KM_KEY", "keys in the key manager are locked", false },
    { "SDC_ENA", "debugging is opened by a certificate", false },
    { "SDC_NONCE_ENA", "such a certificate is for one session", false },
    { "SDC_SESSION_COUNTER", "sessions of such certificates so far", false },
    { "SDC_CHIP_INFO_SOURCE", "which chip such a certificate is for", false },
    { "SDC_DISABLE_FAST_VEF", "such certificates are always checked in full", false },
    /* JTAG and USB, beside their locks */
    { "JTAG_SEL_ENABLE", "a strap chooses between JTAG over pins and over USB", false },
    { "STRAP_JTAG_SEL", "a strap chooses between JTAG over pins and over USB", false },
    { "RE_ENABLE_JTAG_SOURCE", "what opens JTAG again: HMAC, or a certificate", false },
    { "DIS_USB", "no USB-OTG", false },
    { "DIS_USB_OTG", "no USB-OTG", false },
    { "DIS_PCIE_DOWNLOAD", "no loader over PCIe", false },
    { "USB_PHY_SEL", "which USB unit has the inner transceiver", false },
    { "USB_EXT_PHY_ENABLE", "USB has a transceiver outside", false },
    { "USB_FORCE_NOPERSIST", "USB takes its supply for present", false },
    { "USB_DEVICE_EXCHG_PINS", "D+ and D- of USB Serial/JTAG are exchanged", false },
    { "USB_OTG11_EXCHG_PINS", "D+ and D- of USB-OTG are exchanged", false },
    { "USB_OTG_FS_EXCHG_PINS", "D+ and D- of USB-OTG are exchanged", false },
    { "USB_DREFH", "threshold of USB's inputs, the upper one", false },
    { "USB_DREFL", "threshold of USB's inputs, the lower one", false },
    { "USB_DEVICE_DREFH", "threshold of USB's inputs, the upper one", false },
    { "USB_DEVICE_DREFL", "threshold of USB's inputs, the lower one", false },
    { "USB_OTG11_DREFH", "threshold of USB's inputs, the upper one", false },
    { "USB_OTG11_DREFL", "threshold of USB's inputs, the lower one", false },
    { "USB_OTG_FS_DREFH", "threshold of USB's inputs, the upper one", false },
    { "USB_OTG_FS_DREFL", "threshold of USB's inputs, the lower one", false },
    { "DOWNLOAD_MODE_XPD_ON", "the loader keeps a supply on", false },
    { "UART_PRINT_CHANNEL", "which UART the ROM prints at", false },
    { "SWAP_UART_SDIO_EN", "pads of UART and SDIO are exchanged", false },
    /* Parts of the chip that are off */
    { "DIS_ICACHE", "no cache for instructions", false },
    { "DIS_DCACHE", "no cache for data", false },
    { "DIS_CACHE", "no cache: no application starts", false },
    { "DIS_TWAI", "no CAN", false },
    { "DIS_APP_CPU", "the second core is off", false },
    { "DISABLE_APP_CPU", "the second core is off", false },
    { "DIS_CORE1", "the second core is off", false },
    { "DISABLE_BT", "no Bluetooth", false },
    { "DIS_WIFI6", "no Wi-Fi 6", false },
    { "DIS_SM_CRYPT", "no SM2 and SM3", false },
    { "DIS_WDT", "no watchdog", false },
    { "DIS_SWD", "no super watchdog", false },
    { "DIS_RTC_RAM_BOOT", "no start out of RTC memory", false },
    { "DIS_BOOT_REMAP", "RAM does not stand in for the ROM", false },
    { "DISABLE_SDIO_HOST", "no SDIO host", false },
    { "BTLC_GPIO_ENABLE", "pins for the Bluetooth controller", false },
    /* Flash and supply */
    { "FORCE_SEND_RESUME", "the ROM wakes the flash before it reads it", false },
    { "FLASH_TYPE", "how many lines the flash has", false },
    { "FLASH_PAGE_SIZE", "the page of the flash", false },
    { "FLASH_ECC_EN", "the ROM reads the flash with ECC", false },
    { "FLASH_ECC_MODE", "how that ECC works", false },
    { "PIN_POWER_SELECTION", "which supply the pins of the flash have", false },
    { "PMU_FLASH_POWER_SEL", "the flash's voltage: 3.3 V, else 1.8 V", false },
    { "PMU_FLASH_POWER_SEL_EN", "the fuse before decides the flash's voltage", false },
    { "FLASH_LDO_EFUSE_SEL", "fuses decide the flash's voltage, not the strap", false },
    { "FLASH_LDO_POWER_SEL", "which regulator the flash has", false },
    { "IO_LDO_1P8", "pins have 1.8 V, else 3.3 V", false },
    { "IO_LDO_ADJUST", "that voltage, finely", false },
    { "PAD_MODE_SELECT", "pads of 1.8 V, else 3.0 V", false },
    { "VDD_SPI_LDO_ADJUST", "the flash's voltage, finely", false },
    { "VDD_SPI_MODECURLIM", "how the flash's regulator limits its current", false },
    { "VDD_SPI_ENCURLIM", "the flash's regulator limits its current", false },
    { "VDD_SPI_DCURLIM", "at which current", false },
    { "VDD_SPI_DREFH", "reference of the flash's regulator, the upper one", false },
    { "VDD_SPI_DREFM", "reference of the flash's regulator, the middle one", false },
    { "VDD_SPI_DREFL", "reference of the flash's regulator, the lower one", false },
    { "VDD_SPI_EN_INIT", "the flash's regulator starts without its resistor", false },
    { "VDD_SPI_INIT", "a resistor behind the flash's regulator as it starts", false },
    { "VDD_SPI_DCAP", "the flash's regulator does not overshoot", false },
    { "DCDC_VSET", "the voltage of the inner converter", false },
    { "DCDC_VSET_EN", "the fuse of that name decides the inner converter's voltage", false },
    { "DCDC_CCM_EN", "the inner converter works continuously", false },
    { "HP_PWR_SRC_SEL", "the core's supply: inner converter, else regulator", false },
    { "HYS_EN_PAD", "inputs of the pads have a hysteresis", true },
    { "HYS_EN_PAD", "inputs of the pads have a hysteresis", false },
    { "XTAL_48M_SEL", "the crystal has 48 MHz, while an odd number of its bits is set", false },
    { "XTAL_48M_SEL_MODE", "that fuse tells the crystal in the loader, not a strap", false },
    { "PXA0_TIEH_SEL_", "reserved: its maker says no more", true },
    { "SPI_PAD_CONFIG_HD", "the pin of the flash's HD line; 0: the usual one", false },
    { "SPI_PAD_CONFIG_CLK", "the pin of the flash's clock; 0: the usual one", false },
    { "SPI_PAD_CONFIG_Q", "the pin of the flash's Q line; 0: the usual one", false },
    { "SPI_PAD_CONFIG_D", "the pin of the flash's D line; 0: the usual one", false },
    { "SPI_PAD_CONFIG_CS0", "the pin of the flash's CS line; 0: the usual one", false },
    /* The factory's */
    { "MAC_CRC", "check of the MAC", false },
    { "MAC_VERSION", "1: block 3 has a MAC of the product's own", false },
    { "CUSTOM_MAC_CRC", "check of the product's own MAC", false },
    { "CUSTOM_MAC_USED", "the product's own MAC counts", false },
    { "CHIP_PACKAGE", "the chip's package", false },
    { "CHIP_PACKAGE_4BIT", "the chip's package, its fourth bit", false },
    { "CHIP_CPU_FREQ_LOW", "the core is rated for 160 MHz, if the next one is set", false },
    { "CHIP_CPU_FREQ_RATED", "the fuse before counts", false },
    { "CHIP_VER_REV1", "the chip's revision, a part of it", false },
    { "CHIP_VER_REV2", "the chip's revision, a part of it", false },
    { "WAFER_VERSION_MINOR", "the chip's minor revision", false },
    { "BLOCK0_VERSION", "the revision of the fuses' layout", false },
    { "BLK3_PART_RESERVE", "block 3 holds calibration of the ADC", false },
    { "BLOCK_SYS_DATA2", "the chip's factory's, second part", false },
    { "CLK8M_FREQ", "the inner 8 MHz clock, as measured", false },
    { "ADC_VREF", "the ADC's reference, as measured", false },
    { "VOL_LEVEL_HP_INV", "the core's voltage at full speed", false },
    { "KEY_STATUS", "not used by ROM or ESP-IDF", false },
    { "REPEAT_DATA4", "reserved", false },
    { "REPEAT7_RSVD", "reserved", false },
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
