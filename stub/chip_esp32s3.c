/* ESP32-S3. */
#define CHIP_WINDOW 64
#define CHIP_MHZ    240u
#define CHIP_UART   0x60000000u
#define CHIP_SPI    0x60002000u
#include "stub/uart_c3.h"

#include "stub/spi_mem.h"

#include "stub/chip.inc"
