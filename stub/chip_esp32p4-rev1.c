/* ESP32-P4 before revision 300: it has the same registers, and other RAM. */
#define CHIP_WINDOW 16
#define CHIP_MHZ    400u
#define CHIP_UART   0x500CA000u
#define CHIP_SPI    0x5008D000u
#include "stub/uart_c6.h"

#include "stub/spi_mem.h"

#include "stub/chip.inc"
