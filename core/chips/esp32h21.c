/* ESP32-H21. Register facts: eFuse controller and low-power watchdogs as public SDKs use them. Its
 * flasher stub came after those that are built in (esp-flasher-stub 1.4.0, in esptool 5.5.0,
 * 7f5da4d; the form of the file is the same): esp32h21.json with --stubs; else the ROM writes.
 *
 * What esptool 5.5 corrected of it (605c7fd) was not to be had; addresses, the super watchdog and
 * the fuses of block 0 agree with ESP-IDF 0d8a644739e (esp32h21: reg_base.h, lp_wdt_reg.h,
 * esp_efuse_table.csv). */
#include "core/fuses/fuse_list.h"
#include "core/loader/efuse.h"

static const struct efuse_map efuse = {
    .block_addr = { 0x600B402C, 0x600B4044, 0x600B405C },
    .mac_block = 1,
    .eui64 = true,
    .major = { .low = { 1, 5, 8, 2 } },
    .minor = { .low = { 1, 5, 4, 4 } },
    .package = { 1, 5, 11, 3 },
    .secure_boot = { 0, 3, 20, 1 },
    .secure_download = { 0, 4, 5, 1 },
    .manual_encrypt_off = { 0, 1, 20, 1 },
    .crypt_count = { 0, 2, 18, 3 },
};

const struct chip chip_esp32h21 = {
    .name = "ESP32-H21",
    .id_name = "esp32h21",
    CHIP_FAMILY(&efuse),
    .image_id = 25,
    .boot_addr = 0x0,
    .flags = CHIP_FAMILY_FLAGS | CHIP_USB_JTAG,
    .spi = CHIP_SPI_SINCE_S2(0x60003000),
    .freqs = chip_freqs_48m,
    .stub_max_flash_bytes = CHIP_FLASH_3_BYTES_MAX,
    .crystal = { .fixed_mhz = 32 },
    .watchdog = { .config0_addr = 0x600B1C00,
                  .config1_addr = 0x600B1C04,
                  .protect_addr = 0x600B1C1C,
                  .resets = false,
                  .super_config_addr = 0x600B1C20,
                  .super_protect_addr = 0x600B1C24,
                  .super_key = 0x50D83AA1,
                  .super_feed_bit = 18 },
    .fuses = { { .set = &fuses_esp32h21 } },
    .tested = CHIP_TRIED_VIRTUAL,
    .hint_no_sync = CHIP_FAMILY_HINT("; GPIO14 must be low and GPIO13 high at reset"),
    .read_revision = efuse_read_revision,
    .read_spi_pins = chip_spi_pins_default,
    .rom_baud = chip_rom_baud_plain,
};
