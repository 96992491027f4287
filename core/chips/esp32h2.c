/* ESP32-H2. Register facts: eFuse controller and low-power watchdogs as public SDKs use them. */
#include "core/fuses/fuse_list.h"
#include "core/loader/efuse.h"

static const struct efuse_map efuse = {
    .block_addr = { 0x600B082C, 0x600B0844, 0x600B085C },
    .mac_block = 1,
    .eui64 = true,
    .major = { .low = { 1, 3, 21, 2 } },
    .minor = { .low = { 1, 3, 18, 3 } },
    .package = { 1, 4, 0, 3 },
    .secure_boot = { 0, 3, 20, 1 },
    .secure_download = { 0, 4, 5, 1 },
    .manual_encrypt_off = { 0, 1, 20, 1 },
    .crypt_count = { 0, 2, 18, 3 },
};

const struct chip chip_esp32h2 = {
    .name = "ESP32-H2",
    .id_name = "esp32h2",
    CHIP_FAMILY(&efuse),
    .image_id = 16,
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
    .fuses = { { .set = &fuses_esp32h2 } },
    .tested = CHIP_TRIED_VIRTUAL,
    .fast_tried = CHIP_FAST_VIRTUAL,
    .hint_no_sync = CHIP_FAMILY_HINT("; GPIO9 must be low and GPIO8 high at reset"),
    .read_revision = efuse_read_revision,
    .read_spi_pins = chip_spi_pins_default,
    .rom_baud = chip_rom_baud_plain,
};
