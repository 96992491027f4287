/* ESP32-C3. Register facts: eFuse controller and low-power watchdogs as public SDKs use them. */
#include "core/fuses/fuse_list.h"
#include "core/loader/efuse.h"

static const struct efuse_map efuse = {
    .block_addr = { 0x6000882C, 0x60008844, 0x6000885C },
    .mac_block = 1,
    .major = { .low = { 1, 5, 24, 2 } },
    .minor = { .low = { 1, 3, 18, 3 }, .high = { 1, 5, 23, 1 } },
    .package = { 1, 3, 21, 3 },
    .secure_boot = { 0, 3, 20, 1 },
    .secure_download = { 0, 4, 5, 1 },
    .manual_encrypt_off = { 0, 1, 20, 1 },
    .crypt_count = { 0, 2, 18, 3 },
};

static const struct chip_package packages[] = {
    { 0, "ESP32-C3, QFN32" },
    { 1, "ESP8685, QFN28" },
    { 2, "ESP32-C3 AZ, QFN32" },
    { 3, "ESP8686, QFN24" },
    { 0 },
};

const struct chip chip_esp32c3 = {
    .name = "ESP32-C3",
    .id_name = "esp32c3",
    CHIP_FAMILY(&efuse),
    .image_id = 5,
    .boot_addr = 0x0,
    .boot_proof = "secure boot verification succeeded", /* ROM api1-20210207 */
    .flags =
        CHIP_FAMILY_FLAGS | CHIP_USB_JTAG | CHIP_OLD_REVISION_IS_MINOR | CHIP_SECURE_BOOT_NO_STUB,
    .spi = CHIP_SPI_SINCE_S2(0x60002000),
    .freqs = chip_freqs_80m,
    .stub_max_flash_bytes = CHIP_FLASH_3_BYTES_MAX,
    .crystal = { .fixed_mhz = 40 },
    .watchdog = { .config0_addr = 0x60008090,
                  .config1_addr = 0x60008094,
                  .protect_addr = 0x600080A8,
                  .resets = true,
                  .super_config_addr = 0x600080AC,
                  .super_protect_addr = 0x600080B0,
                  .super_key = 0x8F1D312A,
                  .super_feed_bit = 31 },
    .fuses = { { .set = &fuses_esp32c3 } },
    .packages = packages,
    .tested = CHIP_TRIED_VIRTUAL,
    .fast_tried = CHIP_FAST_VIRTUAL,
    .lzma_baud = 230400,
    .hint_no_sync = CHIP_FAMILY_HINT("; GPIO9 must be low and GPIO8 high at reset"),
    .read_revision = efuse_read_revision,
    .read_spi_pins = efuse_read_spi_pins,
    .rom_baud = chip_rom_baud_plain,
};
