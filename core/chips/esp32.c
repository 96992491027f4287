/* ESP32. Register facts: eFuse block 0 and APB control as public SDKs use them. */
#include "core/facts/chip.h"
#include "core/fuses/fuse_list.h"
#include "core/loader/regs.h"

#define EFUSE_BLK0_ADDR 0x3FF5A000u
#define APB_DATE_ADDR   0x3FF6607Cu
#define RTC_CAL_ADDR    0x3FF5F06Cu

static bool read_efuse(struct loader *loader, unsigned word, uint32_t *value, struct err *e)
{
    return regs_read_fixed(loader, EFUSE_BLK0_ADDR + 4 * word, value, e);
}

/* CRC-8 of the MAC as the eFuse keeps it: polynomial 8C, reflected, start 0. */
static uint8_t mac_crc(const uint8_t mac[static 6])
{
    uint8_t crc = 0;
    for (int i = 0; i < 6; i++) {
        crc ^= mac[i];
        for (int bit = 0; bit < 8; bit++)
            crc = (uint8_t)(crc & 1 ? crc >> 1 ^ 0x8C : crc >> 1);
    }
    return crc;
}

/* Chips whose check is wrong are around. ESP-IDF's applications stop on them as they start, unless
 * they are told not to look. */
static bool check_crc(const uint8_t mac[static 6], uint8_t stored, struct err *e)
{
    if (mac_crc(mac) == stored)
        return true;
    err_set(e, ERR_BAD_MAC,
            "The MAC in the eFuses, %02x:%02x:%02x:%02x:%02x:%02x, fails its own check: its CRC is "
            "%02X, and the eFuses say %02X",
            mac[0], mac[1], mac[2], mac[3], mac[4], mac[5], mac_crc(mac), stored);
    return err_hint(e, "Set the board aside: applications of ESP-IDF stop on such a chip, unless "
                       "built with ESP_MAC_IGNORE_MAC_CRC_ERROR.");
}

static bool read_mac(struct loader *loader, struct chip_mac *mac, struct err *e)
{
    uint32_t low, high;
    if (!read_efuse(loader, 1, &low, e) || !read_efuse(loader, 2, &high, e))
        return false;
    mac->bytes[0] = (uint8_t)(high >> 8);
    mac->bytes[1] = (uint8_t)high;
    mac->bytes[2] = (uint8_t)(low >> 24);
    mac->bytes[3] = (uint8_t)(low >> 16);
    mac->bytes[4] = (uint8_t)(low >> 8);
    mac->bytes[5] = (uint8_t)low;
    mac->count = 6;
    /* Before its check: that of a chip without a MAC is right, the CRC of zeros being zero. */
    return chip_check_mac(mac, e) && check_crc(mac->bytes, (uint8_t)(high >> 16), e);
}

/* Three bits in three places, burnt one after the other with each major revision. */
static bool read_revision(struct loader *loader, uint32_t *revision, struct err *e)
{
    uint32_t word3, word5, date;
    if (!read_efuse(loader, 3, &word3, e) || !read_efuse(loader, 5, &word5, e) ||
        !regs_read_fixed(loader, APB_DATE_ADDR, &date, e))
        return false;
    uint32_t bits = (word3 >> 15 & 1) | (word5 >> 20 & 1) << 1 | date >> 31 << 2;
    uint32_t major = bits == 7 ? 3 : bits == 3 ? 2 : bits == 1 ? 1 : 0;
    *revision = major * 100 + (word5 >> 24 & 3);
    return true;
}

static bool read_package(struct loader *loader, uint32_t *package, struct err *e)
{
    uint32_t word3;
    if (!read_efuse(loader, 3, &word3, e))
        return false;
    *package = (word3 >> 9 & 7) | (word3 >> 2 & 1) << 3;
    return true;
}

static const struct chip_package packages[] = {
    { 0, "ESP32-D0WDQ6" },    { 1, "ESP32-D0WD" },
    { 2, "ESP32-D2WD" },      { 4, "ESP32-U4WDH" },
    { 5, "ESP32-PICO-D4" },   { 6, "ESP32-PICO-V3-02" },
    { 7, "ESP32-D0WDR2-V3" }, { 0 },
};

/* Encryption is on while an odd number of the seven count bits is set. */
static bool read_security(struct loader *loader, struct chip_security *security, struct err *e)
{
    uint32_t word0, word6;
    if (!read_efuse(loader, 0, &word0, e) || !read_efuse(loader, 6, &word6, e))
        return false;
    *security = (struct chip_security){
        .secure_boot = (word6 >> 4 & 3) != 0, /* V1 is bit 4, V2 bit 5 */
        .secure_boot_v1 = (word6 >> 4 & 1) != 0,
        .flash_encryption = __builtin_parity(word0 >> 20 & 0x7F),
        .manual_encrypt_off = (word6 >> 7 & 1) != 0,
    };
    return true;
}

/* The ROM does not find flash inside the package by itself: the pads are in the eFuses. All zero or
 * all ones means the default pads. Values 30 and 31 stand for GPIO 32 and 33. */
static uint32_t gpio_of(uint32_t pad)
{
    return pad == 30 || pad == 31 ? pad + 2 : pad;
}

/* Two functions on one pad are no wiring that could work. All zero and all ones are such cases. */
static bool all_differ(const uint32_t *pads, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < i; k++) {
            if (pads[i] == pads[k])
                return false;
        }
    }
    return true;
}

static bool read_spi_pins(struct loader *loader, uint32_t *pins, struct err *e)
{
    enum { CLK, Q, D, CS, HD, PADS };
    uint32_t word3, word5;
    if (!read_efuse(loader, 3, &word3, e) || !read_efuse(loader, 5, &word5, e))
        return false;
    const uint32_t pads[PADS] = { [CLK] = word5 & 31,
                                  [Q] = word5 >> 5 & 31,
                                  [D] = word5 >> 10 & 31,
                                  [CS] = word5 >> 15 & 31,
                                  [HD] = word3 >> 4 & 31 };
    *pins = 0;
    if (all_differ(pads, PADS))
        *pins = gpio_of(pads[HD]) << 24 | gpio_of(pads[CS]) << 18 | gpio_of(pads[D]) << 12 |
                gpio_of(pads[Q]) << 6 | gpio_of(pads[CLK]);
    return true;
}

/* The ROM derives its rate from the internal 8 MHz clock, which drifts: it measured that clock
 * against the crystal, and the same measure corrects the request. */
static bool rom_baud(struct loader *loader, uint32_t baud, uint32_t *request, struct err *e)
{
    uint32_t cal, word4;
    if (!regs_read_fixed(loader, RTC_CAL_ADDR, &cal, e) || !read_efuse(loader, 4, &word4, e))
        return false;
    uint64_t measured_hz = (uint64_t)(cal >> 7 & 0x1FFFFFF) * 15625 * (word4 & 0xFF) / 40;
    uint64_t nominal_hz = measured_hz > 33000000 ? 40000000 : 26000000;
    uint64_t scaled = baud * measured_hz / nominal_hz;
    /* A measure that is missing or absurd must not turn into an absurd rate. */
    bool plausible = scaled > baud / 2 && scaled < (uint64_t)baud * 2;
    *request = plausible ? (uint32_t)scaled : baud;
    return true;
}

const struct chip chip_esp32 = {
    .name = "ESP32",
    .id_name = "esp32",
    .image_id = 0,
    .magic = 0x00F01D83,
    .boot_addr = 0x1000,
    /* esp-flasher-stub src/main.c since b2e91aa (v1.1.0), and the file built in (1.2.2); seen on
     * the ESP32's mask ROM: raised in the ROM, the stub greets at 115200 all the same. */
    .flags = CHIP_STUB_SETS_BAUD,
    .rom = &loader_rom,
    .rom_baud_addr = 0x3FFE019C, /* UartDev, in esp-stub-lib b8f78b2: baud_rate comes first in it */
    .status_bytes = 4,
    .boot_log_baud = 115200,
    .boot_proof = "secure boot verification succeeded", /* ROM of Jul 29 2019 (v3.0) */
    .spi = { .base_addr = 0x3FF42000,
             .usr = 0x1C,
             .usr1 = 0x20,
             .usr2 = 0x24,
             .mosi_dlen = 0x28,
             .miso_dlen = 0x2C,
             .w0 = 0x80,
             .addr_left_justified = true },
    .sizes = chip_sizes_esp32,
    .freqs = chip_freqs_80m,
    .stub_max_flash_bytes = CHIP_FLASH_3_BYTES_MAX,
    /* The flash inside an ESP32-PICO-D4: HD 11, CS 16, D 8, Q 17, CLK 6. */
    .spare_spi_pins = 11u << 24 | 16u << 18 | 8u << 12 | 17u << 6 | 6u,
    .crystal = { .divider_addr = 0x3FF40014, .divider_unit = 1 },
    .fuses = { { .set = &fuses_esp32 } },
    .packages = packages,
    .tested = CHIP_TRIED_VIRTUAL,
    .fast_tried = CHIP_FAST_VIRTUAL,
    .lzma_baud = 921600,
    .hint_no_sync = "Check power and cable; GPIO0 and GPIO2 must be low at reset. Without "
                    "auto-reset: hold BOOT, press EN, release BOOT.",
    .read_mac = read_mac,
    .read_revision = read_revision,
    .read_package = read_package,
    .read_security = read_security,
    .read_spi_pins = read_spi_pins,
    .rom_baud = rom_baud,
};
