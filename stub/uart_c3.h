/*
 * The UART of the ESP32-C2, C3 and S3 (components/soc/NAME/register/soc/uart_reg.h of ESP-IDF
 * 1021229). What is written comes into force by itself: high_speed of UART_ID, which is set after a
 * reset.
 */
#define CHIP_UART_OUT     CHIP_UART
#define CHIP_UART_COUNT   0x3FFu
#define CHIP_UART_DIVIDER 0xFFFu
#define CHIP_UART_STATE   0x6Cu
#define CHIP_UART_SENDS   0xF0u
