/* ESP32-S3. Register facts: eFuse controller and low-power watchdogs as public SDKs use them. */
#include "core/fuses/fuse_list.h"
#include "core/loader/efuse.h"

/* The first silicon was burnt with numbers that read as a later one; its block version tells. */
static bool read_revision(struct loader *loader, uint32_t *revision, struct err *e)
{
    uint32_t block_major, block_minor;
    if (!efuse_read_revision(loader, revision, e))
        return false;
    if (*revision % 100 % 8 != 0)
        return true;
    if (!efuse_read(loader, (struct efuse_field){ 2, 4, 0, 2 }, &block_major, e) ||
        !efuse_read(loader, (struct efuse_field){ 1, 3, 24, 3 }, &block_minor, e))
        return false;
    if (block_major == 1 && block_minor == 1)
        *revision = 0;
    return true;
}

static const struct efuse_map efuse = {
    .block_addr = { 0x6000702C, 0x60007044, 0x6000705C },
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
    { 0, "ESP32-S3, QFN56" },
    { 1, "ESP32-S3-PICO-1, LGA56" },
    { 0 },
};

const struct chip chip_esp32s3 = {
    .name = "ESP32-S3",
    .id_name = "esp32s3",
    CHIP_FAMILY(&efuse),
    .image_id = 9,
    .boot_addr = 0x0,
    .flags = CHIP_FAMILY_FLAGS | CHIP_USB_JTAG | CHIP_USB_OTG | CHIP_FORCED_DOWNLOAD_STAYS,
    .spi = CHIP_SPI_SINCE_S2(0x60002000),
    .freqs = chip_freqs_80m,
    .stub_max_flash_bytes = CHIP_FLASH_4_BYTES_MAX,
    .start_pointer_addr = 0x3FCEF688,
    .crystal = { .fixed_mhz = 40 },
    .watchdog = { .config0_addr = 0x60008098,
                  .config1_addr = 0x6000809C,
                  .protect_addr = 0x600080B0,
                  .resets = true,
                  .super_config_addr = 0x600080B4,
                  .super_protect_addr = 0x600080B8,
                  .super_key = 0x8F1D312A,
                  .super_feed_bit = 31 },
    .strap_addr = 0x60004038,
    .forced_download_addr = 0x6000812C,
    .console = { { .addr = 0x3FCEF14C, .otg = 3 } },
    .fuses = { { .set = &fuses_esp32s3 } },
    .packages = packages,
    .tested = CHIP_TRIED_VIRTUAL,
    .fast_tried = CHIP_FAST_VIRTUAL,
    .hint_no_sync = CHIP_FAMILY_HINT("; GPIO0 and GPIO46 must be low at reset"),
    .read_revision = read_revision,
    .read_spi_pins = efuse_read_spi_pins,
    .rom_baud = chip_rom_baud_plain,
};
