/* ESP32-S2 (uart_reg.h in components/soc/esp32s2/register/soc of ESP-IDF 1021229). Its peripherals
 * are on two buses; the UART's FIFO is to be read and written on this one (uart_ll.h of the same),
 * where the vendor's stub has the rest of it, too (esp-stub-lib b8f78b2). */
#define CHIP_WINDOW       32
#define CHIP_MHZ          240u
#define CHIP_UART         0x60000000u
#define CHIP_UART_OUT     CHIP_UART
#define CHIP_UART_COUNT   0x3FFu
#define CHIP_UART_DIVIDER 0xFFFFFu
#define CHIP_UART_STATE   0x68u
#define CHIP_UART_SENDS   0xF0u
#define CHIP_SPI          0x3F402000u
#include "stub/spi_mem.h"

#include "stub/chip.inc"
