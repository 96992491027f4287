/* ESP32. The UART's FIFO is read at one bus and written at another, and on the bus where it is read
 * its count is not to be trusted: the two ends of the FIFO are (uart_ll.h of ESP-IDF). */
#define CHIP_WINDOW         32
#define CHIP_RING           65536u
#define CHIP_MHZ            240u
#define CHIP_UART           0x3FF40000u
#define CHIP_UART_OUT       0x60000000u
#define CHIP_UART_COUNT     0xFFu
#define CHIP_UART_ENDS      0x60u
#define CHIP_UART_DIVIDER   0xFFFFFu
#define CHIP_UART_STATE     0x1Cu
#define CHIP_UART_SENDS     (0xFu << 24)
#define CHIP_SPI            0x3FF42000u
#define CHIP_SPI_USR        0x1Cu
#define CHIP_SPI_USR1       0x20u
#define CHIP_SPI_USR2       0x24u
#define CHIP_SPI_OUT_BITS   0x28u
#define CHIP_SPI_IN_BITS    0x2Cu
#define CHIP_SPI_W0         0x80u
#define CHIP_SPI_ADDR_SHIFT 8

#include "stub/chip.inc"
