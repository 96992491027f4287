/* Fuses of the ESP32-C2. Sources: espefuse 5.3.1 (efuse_defs), ESP-IDF (components/efuse). */
#include "core/fuses/fuse_set.h"

#define NONE FUSE_NO_BIT

/* clang-format off */
static const struct fuse_field fields[] = {
    { FUSE("WR_DIS", 0, 0, 0, 8, NONE, NONE) },
    { FUSE("RD_DIS", 0, 1, 0, 2, 0, NONE) },
    { FUSE("WDT_DELAY_SEL", 0, 1, 2, 2, 1, NONE) },
    { FUSE("DIS_PAD_JTAG", 0, 1, 4, 1, 1, NONE) },
    { FUSE("DIS_DOWNLOAD_ICACHE", 0, 1, 5, 1, 1, NONE) },
    { FUSE("DIS_DOWNLOAD_MANUAL_ENCRYPT", 0, 1, 6, 1, 2, NONE) },
    { FUSE("SPI_BOOT_CRYPT_CNT", 0, 1, 7, 3, 2, NONE) },
    { FUSE("XTS_KEY_LENGTH_256", 0, 1, 10, 1, 2, NONE) },
    { FUSE("UART_PRINT_CONTROL", 0, 1, 11, 2, 3, NONE) },
    { FUSE("FORCE_SEND_RESUME", 0, 1, 13, 1, 3, NONE) },
    { FUSE("DIS_DOWNLOAD_MODE", 0, 1, 14, 1, 3, NONE) },
    { FUSE("DIS_DIRECT_BOOT", 0, 1, 15, 1, 3, NONE) },
    { FUSE("ENABLE_SECURITY_DOWNLOAD", 0, 1, 16, 1, 3, NONE) },
    { FUSE("FLASH_TPUW", 0, 1, 17, 4, 3, NONE) },
    { FUSE("SECURE_BOOT_EN", 0, 1, 21, 1, 2, NONE) },
    { FUSE("SECURE_VERSION", 0, 1, 22, 4, 4, NONE) },
    { FUSE("CUSTOM_MAC_USED", 0, 1, 26, 1, 4, NONE) },
    { FUSE("DISABLE_WAFER_VERSION_MAJOR", 0, 1, 27, 1, 4, NONE) },
    { FUSE("DISABLE_BLK_VERSION_MAJOR", 0, 1, 28, 1, 4, NONE) },
    { FUSE("CUSTOM_MAC", 1, 0, 0, 48, 5, NONE) },
    { FUSE("BLOCK_KEY0", 3, 0, 0, 256, 7, 0) }, /* its upper half: bit 1 of RD_DIS */
    { 0 },
};
/* clang-format on */

/* espefuse 5.3.1, esp32c2/fields.py (set_efuse_timing). */
static const struct fuse_timing timing[] = {
    { 0, 0x108, 0x0001FE00, 0xFF },
    { 0, 0x108, 0x000000FF, 0x28 },
    { 0, 0x114, 0x00FFFF00, 0x3000 },
    { 0, 0x118, 0x0000FFFF, 0x190 },
    { 26, 0x110, 0x0000FF00, 130 },
    { 40, 0x110, 0x0000FF00, 200 },
    { 0 },
};

const struct fuse_set fuses_esp32c2 = {
    .fields = fields,
    .blocks = { { 0x6000882C, 2 }, { 0x60008834, 3 }, { 0x60008840, 8 }, { 0x60008860, 8 } },
    .block_count = 4,
    .block0_errors = { 0x60008880, 1 },
    .errors_addr = { 0x60008884 },
    .burner = { .base_addr = 0x60008800,
                .conf = 0x8C,
                .cmd = 0x94,
                .crystals_mhz = { 26, 40 },
                .timing = timing,
                .factory_blocks = 1 << 2,
                .hides_halves = true },
};
