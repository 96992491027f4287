/* ESP32-C3. */
#define CHIP_WINDOW 64
#define CHIP_RING   65536u
#define CHIP_MHZ    160u
#define CHIP_UART   0x60000000u
#define CHIP_SPI    0x60002000u
#include "stub/uart_c3.h"

#include "stub/spi_mem.h"

#include "stub/chip.inc"
