/* Fuses of the ESP32-C6. Sources: espefuse 5.3.1 (efuse_defs), ESP-IDF (components/efuse). */
#include "core/fuses/fuse_set.h"

#define NONE FUSE_NO_BIT

/* clang-format off */
static const struct fuse_field fields[] = {
    { FUSE("WR_DIS", 0, 0, 0, 32, NONE, NONE) },
    { FUSE("RD_DIS", 0, 1, 0, 7, 0, NONE) },
    { FUSE("SWAP_UART_SDIO_EN", 0, 1, 7, 1, 2, NONE) },
    { FUSE("DIS_ICACHE", 0, 1, 8, 1, 2, NONE) },
    { FUSE("DIS_USB_JTAG", 0, 1, 9, 1, 2, NONE) },
    { FUSE("DIS_DOWNLOAD_ICACHE", 0, 1, 10, 1, 2, NONE) },
    { FUSE("DIS_USB_SERIAL_JTAG", 0, 1, 11, 1, 2, NONE) },
    { FUSE("DIS_FORCE_DOWNLOAD", 0, 1, 12, 1, 2, NONE) },
    { FUSE("SPI_DOWNLOAD_MSPI_DIS", 0, 1, 13, 1, 17, NONE) },
    { FUSE("DIS_TWAI", 0, 1, 14, 1, 2, NONE) },
    { FUSE("JTAG_SEL_ENABLE", 0, 1, 15, 1, 2, NONE) },
    { FUSE("SOFT_DIS_JTAG", 0, 1, 16, 3, 31, NONE) },
    { FUSE("DIS_PAD_JTAG", 0, 1, 19, 1, 2, NONE) },
    { FUSE("DIS_DOWNLOAD_MANUAL_ENCRYPT", 0, 1, 20, 1, 2, NONE) },
    { FUSE("USB_DREFH", 0, 1, 21, 2, 30, NONE) },
    { FUSE("USB_DREFL", 0, 1, 23, 2, 30, NONE) },
    { FUSE("USB_EXCHG_PINS", 0, 1, 25, 1, 30, NONE) },
    { FUSE("VDD_SPI_AS_GPIO", 0, 1, 26, 1, 30, NONE) },
    { FUSE("WDT_DELAY_SEL", 0, 2, 16, 2, 3, NONE) },
    { FUSE("SPI_BOOT_CRYPT_CNT", 0, 2, 18, 3, 4, NONE) },
    { FUSE("SECURE_BOOT_KEY_REVOKE0", 0, 2, 21, 1, 5, NONE) },
    { FUSE("SECURE_BOOT_KEY_REVOKE1", 0, 2, 22, 1, 6, NONE) },
    { FUSE("SECURE_BOOT_KEY_REVOKE2", 0, 2, 23, 1, 7, NONE) },
    { FUSE("KEY_PURPOSE_0", 0, 2, 24, 4, 8, NONE) },
    { FUSE("KEY_PURPOSE_1", 0, 2, 28, 4, 9, NONE) },
    { FUSE("KEY_PURPOSE_2", 0, 3, 0, 4, 10, NONE) },
    { FUSE("KEY_PURPOSE_3", 0, 3, 4, 4, 11, NONE) },
    { FUSE("KEY_PURPOSE_4", 0, 3, 8, 4, 12, NONE) },
    { FUSE("KEY_PURPOSE_5", 0, 3, 12, 4, 13, NONE) },
    { FUSE("SEC_DPA_LEVEL", 0, 3, 16, 2, 14, NONE) },
    { FUSE("CRYPT_DPA_ENABLE", 0, 3, 18, 1, 1, NONE) },
    { FUSE("SECURE_BOOT_EN", 0, 3, 20, 1, 15, NONE) },
    { FUSE("SECURE_BOOT_AGGRESSIVE_REVOKE", 0, 3, 21, 1, 16, NONE) },
    { FUSE("FLASH_TPUW", 0, 3, 28, 4, 18, NONE) },
    { FUSE("DIS_DOWNLOAD_MODE", 0, 4, 0, 1, 18, NONE) },
    { FUSE("DIS_DIRECT_BOOT", 0, 4, 1, 1, 18, NONE) },
    { FUSE("DIS_USB_SERIAL_JTAG_ROM_PRINT", 0, 4, 2, 1, 18, NONE) },
    { FUSE("DIS_USB_SERIAL_JTAG_DOWNLOAD_MODE", 0, 4, 4, 1, 18, NONE) },
    { FUSE("ENABLE_SECURITY_DOWNLOAD", 0, 4, 5, 1, 18, NONE) },
    { FUSE("UART_PRINT_CONTROL", 0, 4, 6, 2, 18, NONE) },
    { FUSE("FORCE_SEND_RESUME", 0, 4, 13, 1, 18, NONE) },
    { FUSE("SECURE_VERSION", 0, 4, 14, 16, 18, NONE) },
    { FUSE("SECURE_BOOT_DISABLE_FAST_WAKE", 0, 4, 30, 1, 19, NONE) },
    { FUSE("DISABLE_WAFER_VERSION_MAJOR", 0, 5, 0, 1, 19, NONE) },
    { FUSE("DISABLE_BLK_VERSION_MAJOR", 0, 5, 1, 1, 19, NONE) },
    FUSE_BLOCK_FIELDS_SINCE_S2,
    { 0 },
};
/* clang-format on */

const struct fuse_set fuses_esp32c6 = {
    .fields = fields,
    .blocks = { FUSE_BLOCKS_SINCE_S2(0x600B0800) },
    .block_count = 11,
    .block0_errors = { 0x600B0800 + 0x17C, 5 },
    .errors_addr = { 0x600B0800 + 0x1C0, 0x600B0800 + 0x1C4 },
};
