/* ESP32-H4. Register facts: eFuse controller and low-power watchdogs as public SDKs use them.
 *
 * The super watchdog is one word behind that of its relatives: ESP-IDF 96a022af0e3,
 * esp32h4/register/soc/lp_wdt_reg.h (esptool had it at their place up to 5.4). The other is a timer
 * group's, as in esptool bb72741; what 5.5 corrected besides (5a3b860) was not to be had. */
#include "core/fuses/fuse_list.h"
#include "core/loader/efuse.h"

static const struct efuse_map efuse = {
    .block_addr = { 0x600B182C, 0x600B1844, 0x600B185C },
    .mac_block = 1,
    .eui64 = true,
    .major = { .low = { 1, 3, 22, 2 } },
    .minor = { .low = { 1, 3, 18, 4 } },
    .package = { 1, 4, 12, 3 },
    .secure_boot = { 0, 3, 5, 1 },
    .secure_download = { 0, 4, 3, 1 },
    .manual_encrypt_off = { 0, 1, 14, 1 },
    .crypt_count = { 0, 1, 23, 3 },
    .key_manager = { 0, 3, 20, 1 },
};

const struct chip chip_esp32h4 = {
    .name = "ESP32-H4",
    .id_name = "esp32h4",
    CHIP_FAMILY(&efuse),
    .image_id = 28,
    .boot_addr = 0x2000,
    .flags = CHIP_FAMILY_FLAGS | CHIP_USB_JTAG,
    .spi = CHIP_SPI_SINCE_S2(0x60099000),
    .freqs = chip_freqs_48m,
    .stub_max_flash_bytes = CHIP_FLASH_3_BYTES_MAX,
    .crystal = { .fixed_mhz = 32 },
    .watchdog = { .config0_addr = 0x60090048,
                  .config1_addr = 0x6009004C,
                  .protect_addr = 0x60090064,
                  .resets = false,
                  .super_config_addr = 0x600B5420,
                  .super_protect_addr = 0x600B5424,
                  .super_key = 0x50D83AA1,
                  .super_feed_bit = 18 },
    .fuses = { { .set = &fuses_esp32h4 } },
    .tested = CHIP_TRIED_VIRTUAL,
    .hint_no_sync = CHIP_FAMILY_HINT("; GPIO14 must be low and GPIO13 high at reset"),
    .read_revision = efuse_read_revision,
    .read_spi_pins = chip_spi_pins_default,
    .rom_baud = chip_rom_baud_plain,
};
