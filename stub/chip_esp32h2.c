/* ESP32-H2. */
#define CHIP_WINDOW 64
#define CHIP_MHZ    96u
#define CHIP_UART   0x60000000u
#define CHIP_SPI    0x60003000u
#include "stub/uart_c6.h"

#include "stub/spi_mem.h"

#include "stub/chip.inc"
