/* ESP8266 and ESP8285. Register facts: eFuse words and UART as public SDKs use them. */
#include "core/facts/chip.h"
#include "core/loader/regs.h"

#include <string.h>

#define EFUSE_0_ADDR 0x3FF00050u
#define EFUSE_1_ADDR 0x3FF00054u
#define EFUSE_2_ADDR 0x3FF00058u
#define EFUSE_3_ADDR 0x3FF0005Cu

/* The first three bytes come from word 3 where it is programmed, else a bit of word 1 chooses one
 * of the two prefixes that Espressif used on the first parts. */
static bool mac_prefix(uint32_t word1, uint32_t word3, uint8_t prefix[static 3], struct err *e)
{
    static const uint8_t known[2][3] = { { 0x18, 0xFE, 0x34 }, { 0xAC, 0xD0, 0x74 } };
    uint32_t which = word1 >> 16 & 0xFF;
    if (word3 != 0) {
        prefix[0] = (uint8_t)(word3 >> 16);
        prefix[1] = (uint8_t)(word3 >> 8);
        prefix[2] = (uint8_t)word3;
        return true;
    }
    if (which > 1)
        return err_set(e, ERR_BAD_MAC, "The eFuses hold no MAC: prefix %u is not known", which);
    memcpy(prefix, known[which], 3);
    return true;
}

static bool read_mac(struct loader *loader, struct chip_mac *mac, struct err *e)
{
    uint32_t word0, word1, word3;
    if (!regs_read_fixed(loader, EFUSE_0_ADDR, &word0, e) ||
        !regs_read_fixed(loader, EFUSE_1_ADDR, &word1, e) ||
        !regs_read_fixed(loader, EFUSE_3_ADDR, &word3, e))
        return false;
    /* Fuses without a MAC choose a prefix all the same, that of the first parts. */
    if (word3 == 0 && word0 >> 24 == 0 && (word1 & 0xFFFFFF) == 0)
        return err_set(e, ERR_BAD_MAC, "The eFuses hold no MAC: they are blank");
    if (!mac_prefix(word1, word3, mac->bytes, e))
        return false;
    mac->bytes[3] = (uint8_t)(word1 >> 8);
    mac->bytes[4] = (uint8_t)word1;
    mac->bytes[5] = (uint8_t)(word0 >> 24);
    mac->count = 6;
    return chip_check_mac(mac, e);
}

/* There is one silicon revision, and no eFuse for it. */
static bool read_revision(struct loader *loader, uint32_t *revision, struct err *e)
{
    (void)loader;
    (void)e;
    *revision = 0;
    return true;
}

/* Two fuses tell the ESP8285, which has its flash inside: bits 4 and 80 of the 128. */
static bool read_package(struct loader *loader, uint32_t *package, struct err *e)
{
    uint32_t word0, word2;
    if (!regs_read_fixed(loader, EFUSE_0_ADDR, &word0, e) ||
        !regs_read_fixed(loader, EFUSE_2_ADDR, &word2, e))
        return false;
    *package = (word0 >> 4 & 1) | (word2 >> 16 & 1);
    return true;
}

static const struct chip_package packages[] = { { 0, "ESP8266EX" }, { 1, "ESP8285" }, { 0 } };

/* It has no security fuses. */
static bool read_security(struct loader *loader, struct chip_security *security, struct err *e)
{
    (void)loader;
    (void)e;
    *security = (struct chip_security){ 0 };
    return true;
}

static const struct chip_code sizes[] = {
    { "512KB", 0x0, 512u << 10 }, { "256KB", 0x1, 256u << 10 },
    { "1MB", 0x2, 1u << 20 },     { "2MB", 0x3, 2u << 20 },
    { "4MB", 0x4, 4u << 20 },     { "8MB", 0x8, 8u << 20 },
    { "16MB", 0x9, 16u << 20 },   { 0 },
};

const struct chip chip_esp8266 = {
    .name = "ESP8266",
    .id_name = "esp8266",
    .image_id = CHIP_NO_IMAGE_ID,
    .magic = 0xFFF0C101,
    .boot_addr = 0x0,
    /* Divider: src/target/esp8266/src/uart.c of esp-stub-lib b8f78b2, and get_new_uart_divider of
     * esptool-legacy-flasher-stub 11081da. */
    .flags = CHIP_WHOLE_DIVIDER | CHIP_SHORT_HEADER,
    .rom = &loader_rom_esp8266,
    .status_bytes = 2,
    .boot_log_baud = 74880, /* 115200 x 26/40: the ROM assumes a 40 MHz crystal, boards have 26 */
    .spi = { .base_addr = 0x60000200,
             .usr = 0x1C,
             .usr1 = 0x20,
             .usr2 = 0x24,
             .w0 = 0x40,
             .addr_left_justified = true },
    .sizes = sizes,
    .freqs = chip_freqs_80m,
    .stub_max_flash_bytes = CHIP_FLASH_3_BYTES_MAX,
    .crystal = { .divider_addr = 0x60000014, .divider_unit = 2 },
    .packages = packages,
    .tested = CHIP_TRIED_VIRTUAL,
    .fast_tried = CHIP_FAST_VIRTUAL,
    .hint_no_sync = "Check power and cable; GPIO0 must be low and GPIO15 low at reset. Without "
                    "auto-reset: hold FLASH, press RST, release FLASH.",
    .read_mac = read_mac,
    .read_revision = read_revision,
    .read_package = read_package,
    .read_security = read_security,
    .read_spi_pins = chip_spi_pins_default,
    .rom_baud = chip_rom_baud_plain,
};
