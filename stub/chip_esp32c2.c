/* ESP32-C2. */
#define CHIP_WINDOW 32
#define CHIP_MHZ    120u
#define CHIP_UART   0x60000000u
#define CHIP_SPI    0x60002000u
#include "stub/uart_c3.h"

#include "stub/spi_mem.h"

#include "stub/chip.inc"
