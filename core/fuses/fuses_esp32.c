/* Fuses of the ESP32. Sources: espefuse 5.3.1 (efuse_defs), ESP-IDF (components/efuse). */
#include "core/fuses/fuse_set.h"

#define NONE FUSE_NO_BIT

/* clang-format off */
static const struct fuse_field fields[] = {
    { FUSE("WR_DIS", 0, 0, 0, 16, 1, NONE) },
    { FUSE("RD_DIS", 0, 0, 16, 4, 0, NONE) },
    { FUSE("FLASH_CRYPT_CNT", 0, 0, 20, 7, 2, NONE) },
    { FUSE("UART_DOWNLOAD_DIS", 0, 0, 27, 1, 2, NONE) },
    { FUSE("MAC", 0, 1, 0, 48, 3, NONE) },
    { FUSE("MAC_CRC", 0, 2, 16, 8, 3, NONE) },
    { FUSE("DISABLE_APP_CPU", 0, 3, 0, 1, 3, NONE) },
    { FUSE("DISABLE_BT", 0, 3, 1, 1, 3, NONE) },
    { FUSE("CHIP_PACKAGE_4BIT", 0, 3, 2, 1, NONE, NONE) },
    { FUSE("DIS_CACHE", 0, 3, 3, 1, 3, NONE) },
    { FUSE("SPI_PAD_CONFIG_HD", 0, 3, 4, 5, NONE, NONE) },
    { FUSE("CHIP_PACKAGE", 0, 3, 9, 3, NONE, NONE) },
    { FUSE("CHIP_CPU_FREQ_LOW", 0, 3, 12, 1, NONE, NONE) },
    { FUSE("CHIP_CPU_FREQ_RATED", 0, 3, 13, 1, NONE, NONE) },
    { FUSE("BLK3_PART_RESERVE", 0, 3, 14, 1, 10, 3) },
    { FUSE("CHIP_VER_REV1", 0, 3, 15, 1, NONE, NONE) },
    { FUSE("CLK8M_FREQ", 0, 4, 0, 8, 4, NONE) },
    { FUSE("ADC_VREF", 0, 4, 8, 5, 4, NONE) },
    { FUSE("XPD_SDIO_REG", 0, 4, 14, 1, 5, NONE) },
    { FUSE("XPD_SDIO_TIEH", 0, 4, 15, 1, 5, NONE) },
    { FUSE("XPD_SDIO_FORCE", 0, 4, 16, 1, 5, NONE) },
    { FUSE("SPI_PAD_CONFIG_CLK", 0, 5, 0, 5, 6, NONE) },
    { FUSE("SPI_PAD_CONFIG_Q", 0, 5, 5, 5, 6, NONE) },
    { FUSE("SPI_PAD_CONFIG_D", 0, 5, 10, 5, 6, NONE) },
    { FUSE("SPI_PAD_CONFIG_CS0", 0, 5, 15, 5, 6, NONE) },
    { FUSE("CHIP_VER_REV2", 0, 5, 20, 1, NONE, NONE) },
    { FUSE("VOL_LEVEL_HP_INV", 0, 5, 22, 2, 3, NONE) },
    { FUSE("WAFER_VERSION_MINOR", 0, 5, 24, 2, NONE, NONE) },
    { FUSE("FLASH_CRYPT_CONFIG", 0, 5, 28, 4, 10, 3) },
    { FUSE("CODING_SCHEME", 0, 6, 0, 2, 10, 3) },
    { FUSE("CONSOLE_DEBUG_DISABLE", 0, 6, 2, 1, 15, NONE) },
    { FUSE("DISABLE_SDIO_HOST", 0, 6, 3, 1, NONE, NONE) },
    { FUSE("ABS_DONE_0", 0, 6, 4, 1, 12, NONE) },
    { FUSE("ABS_DONE_1", 0, 6, 5, 1, 13, NONE) },
    { FUSE("JTAG_DISABLE", 0, 6, 6, 1, 14, NONE) },
    { FUSE("DISABLE_DL_ENCRYPT", 0, 6, 7, 1, 15, NONE) },
    { FUSE("DISABLE_DL_DECRYPT", 0, 6, 8, 1, 15, NONE) },
    { FUSE("DISABLE_DL_CACHE", 0, 6, 9, 1, 15, NONE) },
    { FUSE("KEY_STATUS", 0, 6, 10, 1, 10, 3) },
    { FUSE("BLOCK1", 1, 0, 0, 256, 7, 0) },
    { FUSE("BLOCK2", 2, 0, 0, 256, 8, 1) },
    { FUSE("CUSTOM_MAC_CRC", 3, 0, 0, 8, 9, 2) },
    { FUSE("CUSTOM_MAC", 3, 0, 8, 48, 9, 2) },
    { FUSE("SECURE_VERSION", 3, 4, 0, 32, 9, 2) },
    { FUSE("MAC_VERSION", 3, 5, 24, 8, 9, 2) },
    { 0 },
};
/* clang-format on */

/* espefuse 5.3.1, esp32/mem_definition.py (EFUSE_CLK_SETTINGS). */
static const struct fuse_timing timing[] = {
    { 26, 0x118, 0x000000FF, 52 },
    { 26, 0x0F8, 0x000000FF, 250 },
    { 26, 0x0F8, 0x0000FF00, 255 },
    { 40, 0x118, 0x000000FF, 80 },
    { 40, 0x0F8, 0x000000FF, 160 },
    { 40, 0x0F8, 0x0000FF00, 255 },
    { 0 },
};

const struct fuse_set fuses_esp32 = {
    .fields = fields,
    .blocks = { { 0x3FF5A000, 7 }, { 0x3FF5A038, 8 }, { 0x3FF5A058, 8 }, { 0x3FF5A078, 8 } },
    .block_count = 4,
    .decode_errors_addr = 0x3FF5A11C,
    .burner = { .base_addr = 0x3FF5A000,
                .conf = 0xFC,
                .cmd = 0x104,
                .areas = { 0x1C, 0x98, 0xB8, 0xD8 },
                .crystals_mhz = { 26, 40 },
                .timing = timing },
};
