/* ESP32-C3. In its UART, registers come into force by themselves (high_speed of UART_ID, which is
 * set after a reset). */
#define CHIP_WINDOW         64
#define CHIP_RING           65536u
#define CHIP_MHZ            160u
#define CHIP_UART           0x60000000u
#define CHIP_UART_OUT       0x60000000u
#define CHIP_UART_COUNT     0x3FFu
#define CHIP_UART_DIVIDER   0xFFFu
#define CHIP_UART_STATE     0x6Cu
#define CHIP_UART_SENDS     0xF0u
#define CHIP_SPI            0x60002000u
#define CHIP_SPI_USR        0x18u
#define CHIP_SPI_USR1       0x1Cu
#define CHIP_SPI_USR2       0x20u
#define CHIP_SPI_OUT_BITS   0x24u
#define CHIP_SPI_IN_BITS    0x28u
#define CHIP_SPI_W0         0x58u
#define CHIP_SPI_ADDR_SHIFT 0

#include "stub/chip.inc"
