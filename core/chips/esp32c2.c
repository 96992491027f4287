/* ESP32-C2. Register facts: eFuse controller and low-power watchdogs as public SDKs use them. */
#include "core/fuses/fuse_list.h"
#include "core/loader/efuse.h"
#include "core/loader/regs.h"

/* The ROM takes the crystal for one of 40 MHz. */
static bool rom_baud(struct loader *loader, uint32_t baud, uint32_t *request, struct err *e)
{
    uint32_t mhz;
    if (!regs_crystal_mhz(loader, &mhz, e))
        return false;
    *request = mhz == 26 ? (uint32_t)((uint64_t)baud * 40 / 26) : baud;
    return true;
}

static const struct chip_code freqs[] = {
    { "60m", 0xF, 0 }, { "30m", 0x0, 0 }, { "20m", 0x1, 0 }, { "15m", 0x2, 0 }, { 0 },
};

static const struct efuse_map efuse = {
    .block_addr = { 0x6000882C, 0x60008834, 0x60008840 },
    .mac_block = 2,
    .major = { .low = { 2, 1, 20, 2 } },
    .minor = { .low = { 2, 1, 16, 4 } },
    .package = { 2, 1, 22, 3 },
    .secure_boot = { 0, 1, 21, 1 },
    .secure_download = { 0, 1, 16, 1 },
    .manual_encrypt_off = { 0, 1, 6, 1 },
    .crypt_count = { 0, 1, 7, 3 },
};

const struct chip chip_esp32c2 = {
    .name = "ESP32-C2",
    .id_name = "esp32c2",
    CHIP_FAMILY(&efuse),
    .image_id = 12,
    .boot_addr = 0x0,
    .flags = CHIP_FAMILY_FLAGS | CHIP_SECURED_NO_BAUD,
    .spi = CHIP_SPI_SINCE_S2(0x60002000),
    .freqs = freqs,
    .stub_max_flash_bytes = CHIP_FLASH_3_BYTES_MAX,
    .stub_min_revision = 100,
    .crystal = { .divider_addr = 0x60000014, .divider_unit = 1 },
    .watchdog = { .config0_addr = 0x60008084,
                  .config1_addr = 0x60008088,
                  .protect_addr = 0x6000809C,
                  .resets = true },
    .fuses = { { .set = &fuses_esp32c2 } },
    .tested = CHIP_TRIED_VIRTUAL,
    .fast_tried = CHIP_FAST_VIRTUAL,
    .hint_no_sync = CHIP_FAMILY_HINT("; GPIO9 must be low and GPIO8 high at reset"),
    .read_revision = efuse_read_revision,
    .read_spi_pins = chip_spi_pins_default,
    .rom_baud = rom_baud,
};
