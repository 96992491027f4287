/* ESP32-E22. Register facts: eFuse controller and low-power watchdogs as public SDKs use them.
 * Revision, package and encryption fuses are not allocated, and no flasher stub is published: the
 * ROM writes. */
#include "core/fuses/fuse_list.h"
#include "core/loader/efuse.h"

static const struct efuse_map efuse = {
    .block_addr = { 0xC400802C, 0xC4008044, 0xC400805C },
    .mac_block = 1,
    .secure_boot = { 0, 3, 20, 1 },
    .secure_download = { 0, 4, 4, 1 },
};

const struct chip chip_esp32e22 = {
    .name = "ESP32-E22",
    .id_name = "esp32e22",
    CHIP_FAMILY(&efuse),
    .image_id = 31,
    .boot_addr = 0x0,
    .flags = CHIP_FAMILY_FLAGS | CHIP_USB_OTG,
    .spi = CHIP_SPI_SINCE_S2(0xC3003000),
    .freqs = chip_freqs_80m,
    .stub_max_flash_bytes = CHIP_FLASH_3_BYTES_MAX,
    .crystal = { .divider_addr = 0xC3102014, .divider_unit = 1 },
    .console = { { .addr = 0x3111B700, .otg = 3 } },
    .fuses = { { .set = &fuses_esp32e22 } },
    .tested = CHIP_TRIED_VIRTUAL,
    .hint_no_sync = CHIP_FAMILY_HINT(""),
    .read_revision = efuse_read_revision,
    .read_spi_pins = chip_spi_pins_default,
    .rom_baud = chip_rom_baud_plain,
};
