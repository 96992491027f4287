/* ESP32-P4 from revision 300 on. */
#define CHIP_WINDOW 64
#define CHIP_MHZ    400u
#define CHIP_UART   0x500CA000u
#define CHIP_SPI    0x5008D000u
#include "stub/uart_c6.h"

#include "stub/spi_mem.h"

#include "stub/chip.inc"
