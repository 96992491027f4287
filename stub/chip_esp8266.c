/* ESP8266 (uart_reg.h, spi_mem_compat.h in src/target/esp8266/include/soc of esp-stub-lib b8f78b2;
 * the lengths of an exchange, which stand in one register, as run_spiflash_command of esptool 5.3.1
 * sets them). The divider has nothing behind the point, and nothing says whether the last bit has
 * left. */
#define CHIP_WINDOW            8
#define CHIP_MHZ               160u
#define CHIP_UART              0x60000000u
#define CHIP_UART_OUT          CHIP_UART
#define CHIP_UART_COUNT        0xFFu
#define CHIP_UART_DIVIDER      0xFFFFFu
#define CHIP_UART_WHOLE_CLOCKS 1
#define CHIP_SPI               0x60000200u
#define CHIP_SPI_USR           0x1Cu
#define CHIP_SPI_USR1          0x20u
#define CHIP_SPI_USR2          0x24u
#define CHIP_SPI_W0            0x40u
#define CHIP_SPI_ADDR_SHIFT    8

#include "stub/chip.inc"
