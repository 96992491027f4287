/* ESP32-P4. Register facts: eFuse controller and low-power watchdogs as public SDKs use them. */
#include "core/fuses/fuse_list.h"
#include "core/loader/efuse.h"
#include "core/loader/loader.h"
#include "core/ports/port.h"

/* Power management: the regulator of the flash, on its way from "off" to 3.3 V. */
#define PMU_EXT_LDO_ADDR     0x501151B8u
#define PMU_EXT_LDO_ANA_ADDR 0x501151BCu
#define PMU_DIG_ADDR         0x501153FCu
#define LP_CLOCK_ADDR        0x5011010Cu
#define DOWNLOAD_XPD_ON      ((struct efuse_field){ 0, 2, 16, 1 })

static bool pause_ms(struct loader *loader, uint32_t ms, struct err *e)
{
    return port_sleep_ms(loader->link.port, ms, e);
}

static bool release_rom_power(struct loader *loader, struct err *e)
{
    uint32_t value;
    if (!loader_read_reg(loader, PMU_DIG_ADDR, &value, e))
        return false;
    return (value & 3) != 3 || loader_write_reg(loader, PMU_DIG_ADDR, value & ~3u, e);
}

/* Revisions 3.1 and 3.2 come into download mode with the flash unpowered. On 3.2 a fuse may leave
 * that to the ROM, which is then only to be let go on (esptool bb72741: not 0 to all of the
 * register, as 5.3.1 did). The pauses are 50 us and 1.8 ms at least. The next silicon, "ECO8",
 * needs it too (esptool 5.7.0, dd44383: release notes only, its code was not to be had): as long as
 * nobody knows what its regulator wants, it is left alone, for a wrong voltage may cost the flash.
 */
static bool power_flash(struct loader *loader, uint32_t revision, struct err *e)
{
    uint32_t rom_does_it = 0;
    if (revision != 301 && revision != 302)
        return true;
    if (revision == 302 && !efuse_read(loader, DOWNLOAD_XPD_ON, &rom_does_it, e))
        return false;
    if (rom_does_it)
        return release_rom_power(loader, e);
    return loader_write_reg(loader, LP_CLOCK_ADDR, 1, e) && pause_ms(loader, 10, e) &&
           loader_change_reg(loader, PMU_EXT_LDO_ANA_ADDR, 0, 1u << 27, e) &&
           loader_change_reg(loader, PMU_EXT_LDO_ADDR, 0, 1u << 7, e) &&
           loader_change_reg(loader, PMU_DIG_ADDR, 0, 3, e) && pause_ms(loader, 1, e) &&
           loader_change_reg(loader, PMU_EXT_LDO_ANA_ADDR, 1u << 27, 0, e) &&
           loader_change_reg(loader, PMU_EXT_LDO_ADDR, 0xFFu << 23, 0, e) &&
           loader_change_reg(loader, PMU_EXT_LDO_ADDR, 0, 0x80, e) &&
           loader_change_reg(loader, PMU_EXT_LDO_ADDR, 1u << 7, 0, e) && pause_ms(loader, 2, e);
}

static const struct efuse_map efuse = {
    .block_addr = { 0x5012D02C, 0x5012D044, 0x5012D05C },
    .mac_block = 1,
    .major = { .low = { 1, 2, 4, 2 }, .high = { 1, 2, 23, 1 } },
    .minor = { .low = { 1, 2, 0, 4 } },
    .package = { 1, 2, 20, 3 },
    .secure_boot = { 0, 3, 20, 1 },
    .secure_download = { 0, 4, 5, 1 },
    .manual_encrypt_off = { 0, 1, 20, 1 },
    .crypt_count = { 0, 2, 18, 3 },
    .key_manager = { 0, 2, 10, 1 },
};

const struct chip chip_esp32p4 = {
    .name = "ESP32-P4",
    .id_name = "esp32p4",
    CHIP_FAMILY(&efuse),
    .image_id = 18,
    .boot_addr = 0x2000,
    /* esp-flasher-stub src/main.c since b2e91aa (v1.1.0), and the file built in (1.2.2). */
    .flags = CHIP_FAMILY_FLAGS | CHIP_STUB_SETS_BAUD | CHIP_USB_JTAG | CHIP_USB_OTG |
             CHIP_OTG_LEAVES_BY_WATCHDOG,
    .spi = CHIP_SPI_SINCE_S2(0x5008D000),
    .freqs = chip_freqs_80m,
    .stub_max_flash_bytes = CHIP_FLASH_4_BYTES_MAX,
    .stub_min_revision = 300,
    .stub_below = "esp32p4-rev1",
    .stub_text_addr = 0x4FF50000, /* esptool v4.8 and later; the other is at 4FF10000 */
    .crystal = { .fixed_mhz = 40 },
    .watchdog = { .config0_addr = 0x50116000,
                  .config1_addr = 0x50116004,
                  .protect_addr = 0x50116018,
                  .resets = true,
                  .super_config_addr = 0x5011601C,
                  .super_protect_addr = 0x50116020,
                  .super_key = 0x50D83AA1,
                  .super_feed_bit = 18 },
    .console = { { .addr = 0x4FF3FEC8, .otg = 5 },
                 { .addr = 0x4FFBFEC8, .from_revision = 300, .otg = 5 } },
    .fuses = { { .set = &fuses_esp32p4 }, { .set = &fuses_esp32p4_v3, .from_revision = 300 } },
    .tested = CHIP_TRIED_VIRTUAL,
    .fast_tried = CHIP_FAST_VIRTUAL,
    .hint_no_sync = CHIP_FAMILY_HINT("; GPIO35 must be low and GPIO36 high at reset"),
    .read_revision = efuse_read_revision,
    .read_spi_pins = chip_spi_pins_default,
    .rom_baud = chip_rom_baud_plain,
    .power_flash = power_flash,
    .power_known_revision = 302,
};
