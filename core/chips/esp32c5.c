/* ESP32-C5. Register facts: eFuse controller and low-power watchdogs as public SDKs use them. */
#include "core/fuses/fuse_list.h"
#include "core/loader/efuse.h"
#include "core/loader/regs.h"

#define PCR_SYSCLK_ADDR 0x60096110u

/* The ROM reckons with the frequency that this register announces, whatever the crystal is. In
 * Secure Download Mode neither can be read, so the rate stays (CHIP_SECURED_NO_BAUD). esptool
 * changes it there since 5.5 (470f0b3): how it knows the right one is not in its release notes, and
 * the code was not to be had. */
static bool rom_baud(struct loader *loader, uint32_t baud, uint32_t *request, struct err *e)
{
    uint32_t mhz, sysclk;
    if (!regs_crystal_mhz(loader, &mhz, e) || !regs_read_fixed(loader, PCR_SYSCLK_ADDR, &sysclk, e))
        return false;
    uint32_t believed_mhz = sysclk >> 24 & 0x7F;
    bool differ = (mhz == 48 && believed_mhz == 40) || (mhz == 40 && believed_mhz == 48);
    *request = differ ? (uint32_t)((uint64_t)baud * believed_mhz / mhz) : baud;
    return true;
}

static const struct efuse_map efuse = {
    .block_addr = { 0x600B482C, 0x600B4844, 0x600B485C },
    .mac_block = 1,
    .eui64 = true,
    .major = { .low = { 1, 2, 4, 2 } },
    .minor = { .low = { 1, 2, 0, 4 } },
    .package = { 1, 2, 26, 3 },
    .secure_boot = { 0, 3, 25, 1 },
    .secure_download = { 0, 4, 5, 1 },
    .manual_encrypt_off = { 0, 1, 20, 1 },
    .crypt_count = { 0, 2, 16, 3 },
    .key_manager = { 0, 2, 11, 1 },
};

const struct chip chip_esp32c5 = {
    .name = "ESP32-C5",
    .id_name = "esp32c5",
    CHIP_FAMILY(&efuse),
    .image_id = 23,
    .boot_addr = 0x2000,
    .flags = CHIP_FAMILY_FLAGS | CHIP_USB_JTAG | CHIP_JTAG_SLOW_RESET | CHIP_SECURED_NO_BAUD,
    .spi = CHIP_SPI_SINCE_S2(0x60003000),
    .freqs = chip_freqs_80_40_20m,
    .stub_max_flash_bytes = CHIP_FLASH_4_BYTES_MAX,
    .crystal = { .divider_addr = 0x60000014, .divider_unit = 1 },
    .watchdog = { .config0_addr = 0x600B1C00,
                  .config1_addr = 0x600B1C04,
                  .protect_addr = 0x600B1C18,
                  .resets = true,
                  .super_config_addr = 0x600B1C1C,
                  .super_protect_addr = 0x600B1C20,
                  .super_key = 0x50D83AA1,
                  .super_feed_bit = 18 },
    .fuses = { { .set = &fuses_esp32c5 } },
    .tested = CHIP_TRIED_VIRTUAL,
    .fast_tried = CHIP_FAST_VIRTUAL,
    .hint_no_sync = CHIP_FAMILY_HINT("; GPIO28 must be low and GPIO27 high at reset"),
    .read_revision = efuse_read_revision,
    .read_spi_pins = chip_spi_pins_default,
    .rom_baud = rom_baud,
};
