/* Fuses of the ESP32-E22. Sources: espefuse 5.3.1 (efuse_defs), ESP-IDF (components/efuse). */
#include "core/fuses/fuse_set.h"

#define NONE FUSE_NO_BIT

/* clang-format off */
static const struct fuse_field fields[] = {
    { FUSE("WR_DIS", 0, 0, 0, 32, NONE, NONE) },
    { FUSE("RD_DIS", 0, 1, 0, 7, 0, NONE) },
    { FUSE("DIS_PCIE_DOWNLOAD", 0, 1, 7, 1, NONE, NONE) },
    { FUSE("USB_OTG11_EXCHG_PINS", 0, 1, 8, 1, NONE, NONE) },
    { FUSE("POWERGLITCH_EN", 0, 1, 10, 1, NONE, NONE) },
    { FUSE("DIS_FORCE_DOWNLOAD", 0, 1, 12, 1, NONE, NONE) },
    { FUSE("SPI_DOWNLOAD_MSPI_DIS", 0, 1, 13, 1, NONE, NONE) },
    { FUSE("DIS_TWAI", 0, 1, 14, 1, NONE, NONE) },
    { FUSE("JTAG_SEL_ENABLE", 0, 1, 15, 1, NONE, NONE) },
    { FUSE("SOFT_DIS_JTAG", 0, 1, 16, 3, NONE, NONE) },
    { FUSE("DIS_PAD_JTAG", 0, 1, 19, 1, NONE, NONE) },
    { FUSE("USB_OTG11_DREFH", 0, 1, 23, 2, NONE, NONE) },
    { FUSE("USB_PHY_SEL", 0, 1, 25, 1, NONE, NONE) },
    { FUSE("DIS_REDUNDANCY", 0, 2, 15, 1, NONE, NONE) },
    { FUSE("WDT_DELAY_SEL", 0, 2, 16, 2, NONE, NONE) },
    { FUSE("SECURE_BOOT_KEY_REVOKE0", 0, 2, 21, 1, 5, NONE) },
    { FUSE("SECURE_BOOT_KEY_REVOKE1", 0, 2, 22, 1, 6, NONE) },
    { FUSE("SECURE_BOOT_KEY_REVOKE2", 0, 2, 23, 1, 7, NONE) },
    { FUSE("KEY_PURPOSE_0", 0, 2, 24, 4, 8, NONE) },
    { FUSE("KEY_PURPOSE_1", 0, 2, 28, 4, 9, NONE) },
    { FUSE("KEY_PURPOSE_2", 0, 3, 0, 4, 10, NONE) },
    { FUSE("KEY_PURPOSE_3", 0, 3, 4, 4, 11, NONE) },
    { FUSE("KEY_PURPOSE_4", 0, 3, 8, 4, 12, NONE) },
    { FUSE("KEY_PURPOSE_5", 0, 3, 12, 4, 13, NONE) },
    { FUSE("SECURE_BOOT_EN", 0, 3, 20, 1, 15, NONE) },
    { FUSE("SECURE_BOOT_AGGRESSIVE_REVOKE", 0, 3, 21, 1, 16, NONE) },
    { FUSE("DIS_USB_OTG_DOWNLOAD_MODE", 0, 3, 26, 1, NONE, NONE) },
    { FUSE("FLASH_TPUW", 0, 3, 27, 4, NONE, NONE) },
    { FUSE("DIS_DOWNLOAD_MODE", 0, 3, 31, 1, NONE, NONE) },
    { FUSE("DIS_DIRECT_BOOT", 0, 4, 0, 1, NONE, NONE) },
    { FUSE("DIS_USB_SERIAL_JTAG_DOWNLOAD_MODE", 0, 4, 3, 1, NONE, NONE) },
    { FUSE("ENABLE_SECURITY_DOWNLOAD", 0, 4, 4, 1, NONE, NONE) },
    { FUSE("UART_PRINT_CONTROL", 0, 4, 5, 2, NONE, NONE) },
    { FUSE("FORCE_SEND_RESUME", 0, 4, 7, 1, NONE, NONE) },
    { FUSE("SECURE_VERSION", 0, 4, 8, 16, NONE, NONE) },
    { FUSE("SECURE_BOOT_DISABLE_FAST_WAKE", 0, 4, 24, 1, NONE, NONE) },
    { FUSE("PAD_MODE_SELECT", 0, 4, 26, 6, NONE, NONE) },
    { FUSE("USB_OTG11_DREFL", 0, 5, 14, 2, NONE, NONE) },
    { FUSE("DIS_WDT", 0, 5, 18, 1, NONE, NONE) },
    { FUSE("PVT_GLITCH_MODE", 0, 5, 21, 2, NONE, NONE) },
    { FUSE("PVT_GLITCH_EN", 0, 5, 23, 1, NONE, NONE) },
    { FUSE("BLOCK_USR_DATA", 3, 0, 0, 192, 22, NONE) },
    { FUSE("CUSTOM_MAC", 3, 6, 8, 48, 22, NONE) },
    { FUSE("BLOCK_KEY0", 4, 0, 0, 256, 23, 0) },
    { FUSE("BLOCK_KEY1", 5, 0, 0, 256, 24, 1) },
    { FUSE("BLOCK_KEY2", 6, 0, 0, 256, 25, 2) },
    { FUSE("BLOCK_KEY3", 7, 0, 0, 256, 26, 3) },
    { FUSE("BLOCK_KEY4", 8, 0, 0, 256, 27, 4) },
    { FUSE("BLOCK_KEY5", 9, 0, 0, 256, 28, 5) },
    { 0 },
};
/* clang-format on */

const struct fuse_set fuses_esp32e22 = {
    .fields = fields,
    .blocks = { FUSE_BLOCKS_SINCE_S2(0xC4008000) },
    .block_count = 11,
    .block0_errors = { 0xC4008000 + 0x17C, 5 },
    .errors_addr = { 0xC4008000 + 0x190, 0xC4008000 + 0x194 },
    .burner = { .missing = "no source says at which crystal, nor which bits of WR_DIS protect most "
                           "of its fuses" },
};
