/*
 * The UART of the ESP32-C5, C6, C61, H2 and P4 (components/soc/NAME/register/soc/uart_reg.h of
 * ESP-IDF 1021229). The divider comes into force when UART_REG_UPDATE is set, which falls by itself
 * then (uart_ll_update in components/esp_hal_uart of the same).
 */
#define CHIP_UART_OUT     CHIP_UART
#define CHIP_UART_COUNT   0xFFu
#define CHIP_UART_DIVIDER 0xFFFu
#define CHIP_UART_UPDATE  0x98u
#define CHIP_UART_STATE   0x70u
#define CHIP_UART_SENDS   0xF0u
