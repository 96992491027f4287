/* ESP32-S31. Register facts: eFuse controller and low-power watchdogs as public SDKs use them; the
 * super watchdog from ESP-IDF 33d29b43656, esp32s31/register/soc/lp_wdt_reg.h (esptool stops it
 * since 5.5, 3c4c026). */
#include "core/fuses/fuse_list.h"
#include "core/loader/efuse.h"

static const struct efuse_map efuse = {
    .block_addr = { 0x2071502C, 0x20715050, 0x20715068 },
    .mac_block = 1,
    .major = { .low = { 1, 3, 22, 2 } },
    .minor = { .low = { 1, 3, 18, 4 } },
    .package = { 1, 4, 6, 2 },
    .secure_boot = { 0, 4, 2, 1 },
    .secure_download = { 0, 4, 21, 1 },
    .manual_encrypt_off = { 0, 1, 20, 1 },
    .crypt_count = { 0, 2, 21, 3 },
    .key_manager = { 0, 2, 13, 1 },
};

const struct chip chip_esp32s31 = {
    .name = "ESP32-S31",
    .id_name = "esp32s31",
    CHIP_FAMILY(&efuse),
    .image_id = 32,
    .boot_addr = 0x2000,
    .flags = CHIP_FAMILY_FLAGS | CHIP_USB_JTAG | CHIP_USB_OTG | CHIP_OTG_LEAVES_BY_WATCHDOG,
    .spi = CHIP_SPI_SINCE_S2(0x20501000),
    .freqs = chip_freqs_80_40_20m,
    .stub_max_flash_bytes = CHIP_FLASH_4_BYTES_MAX,
    .crystal = { .fixed_mhz = 40 },
    .watchdog = { .config0_addr = 0x20801000,
                  .config1_addr = 0x20801004,
                  .protect_addr = 0x20801018,
                  .resets = true,
                  .super_config_addr = 0x2080101C,
                  .super_protect_addr = 0x20801020,
                  .super_key = 0x50D83AA1,
                  .super_feed_bit = 18 },
    .fuses = { { .set = &fuses_esp32s31 } },
    .tested = CHIP_TRIED_VIRTUAL,
    .hint_no_sync = CHIP_FAMILY_HINT("; GPIO61 must be low and GPIO60 high at reset"),
    .read_revision = efuse_read_revision,
    .read_spi_pins = chip_spi_pins_default,
    .rom_baud = chip_rom_baud_plain,
};
