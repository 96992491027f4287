/* ESP32-S2. Register facts: eFuse controller and low-power watchdogs as public SDKs use them. */
#include "core/fuses/fuse_list.h"
#include "core/loader/efuse.h"

static const struct efuse_map efuse = {
    .block_addr = { 0x3F41A02C, 0x3F41A044, 0x3F41A05C },
    .mac_block = 1,
    .major = { .low = { 1, 3, 18, 2 } },
    .minor = { .low = { 1, 4, 4, 3 }, .high = { 1, 3, 20, 1 } },
    .package = { 1, 4, 0, 4 },
    .secure_boot = { 0, 3, 20, 1 },
    .secure_download = { 0, 4, 5, 1 },
    .manual_encrypt_off = { 0, 1, 19, 1 },
    .crypt_count = { 0, 2, 18, 3 },
};

const struct chip chip_esp32s2 = {
    .name = "ESP32-S2",
    .id_name = "esp32s2",
    CHIP_FAMILY(&efuse),
    .image_id = 2,
    .magic = 0x000007C6,
    .boot_addr = 0x1000,
    /* esp-flasher-stub src/main.c since b2e91aa (v1.1.0), and the file built in (1.2.2). */
    .flags = CHIP_FAMILY_FLAGS | CHIP_USB_OTG | CHIP_STUB_SETS_BAUD,
    .rom_baud_addr = 0x3FFFFCFC, /* UartDev, as on the ESP32 */
    .spi = CHIP_SPI_SINCE_S2(0x3F402000),
    .freqs = chip_freqs_80m,
    .stub_max_flash_bytes = CHIP_FLASH_3_BYTES_MAX,
    .crystal = { .fixed_mhz = 40 },
    .watchdog = { .config0_addr = 0x3F408094,
                  .config1_addr = 0x3F408098,
                  .protect_addr = 0x3F4080AC,
                  .resets = true },
    .strap_addr = 0x3F404038,
    .forced_download_addr = 0x3F408128,
    .console = { { .addr = 0x3FFFFD14, .otg = 2 } },
    .fuses = { { .set = &fuses_esp32s2 } },
    .tested = CHIP_TRIED_VIRTUAL,
    .fast_tried = CHIP_FAST_VIRTUAL,
    .hint_no_sync = CHIP_FAMILY_HINT("; GPIO0 and GPIO46 must be low at reset"),
    .read_revision = efuse_read_revision,
    .read_spi_pins = efuse_read_spi_pins,
    .rom_baud = chip_rom_baud_plain,
};
