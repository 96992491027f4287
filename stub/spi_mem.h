/* SPI1 of all chips from the ESP32-S2 on (spi_mem_reg.h, spi1_mem_reg.h or spi1_mem_c_reg.h in
 * components/soc/NAME/register of ESP-IDF 1021229). */
#define CHIP_SPI_USR        0x18u
#define CHIP_SPI_USR1       0x1Cu
#define CHIP_SPI_USR2       0x20u
#define CHIP_SPI_OUT_BITS   0x24u
#define CHIP_SPI_IN_BITS    0x28u
#define CHIP_SPI_W0         0x58u
#define CHIP_SPI_ADDR_SHIFT 0
