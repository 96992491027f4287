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

#define CHIP_BEGIN raise_clock
static void raise_clock(void);

#include "stub/chip.inc"

/*
 * To 160 MHz, in the steps of stub_target_clock_init of Espressif's esp-stub-lib b8f78b2
 * (src/target/esp32/src/clock.c, with what each register is), which runs on every ESP32; 240 is too
 * much for some.
 */
enum {
    PLL = 0x66, /* behind the ROM's bus to what is analogue, as its fourth host */
    PLL_HOST = 4,
    PLL_DIVIDER_REF = 2,
    PLL_DIVIDER = 3,
    PLL_CURRENT = 5,
};

#define ROM_I2C_WRITE    0x400041A4u
#define ROM_CRYSTAL_HZ   0x40008588u
#define ROM_SET_TICKS    0x40008550u
#define ANALOG_CONFIG    0x6000E044u /* bit 17: the PLL's bus is off */
#define RTC_OPTIONS      0x3FF48000u
#define RTC_POWERED_DOWN (1u << 18 | 1u << 10 | 1u << 8 | 1u << 6)
#define RTC_CLOCK        0x3FF48070u /* from bit 27 on: 0 the crystal, 1 the PLL */
#define RTC_VOLTAGE      0x3FF4807Cu /* from bit 11 on: of the core; 7: 1.25 V */
#define RTC_BUS_CLOCK    0x3FF480B4u
#define CORE_CLOCK       0x3FF0003Cu /* 1: half of 320 MHz */
#define PLL_TICKS        0x3FF66008u
#define BUS_MHZ          80u /* from the PLL, for UART and flash, too */
#define CORE_MHZ         160u

uint32_t call_windowed(uint32_t function, uint32_t a, uint32_t b, uint32_t c, uint32_t d);

static void set_pll(uint32_t reg, uint32_t value)
{
    call_windowed(ROM_I2C_WRITE, PLL, PLL_HOST, reg, value);
}

/* 320 MHz. */
static void start_pll(bool from_26_mhz)
{
    static const uint8_t first[][2] = { { 0, 0x18 }, { 1, 0x20 },  { 4, 0x9A }, { 10, 0 },
                                        { 12, 0 },   { 11, 0x43 }, { 9, 0x84 } };
    REG(RTC_OPTIONS) &= ~RTC_POWERED_DOWN;
    REG(ANALOG_CONFIG) &= ~(1u << 17);
    for (uint32_t i = 0; i < sizeof first / sizeof first[0]; i++)
        set_pll(first[i][0], first[i][1]);
    set_pll(PLL_DIVIDER_REF, from_26_mhz ? 1u << 7 | 4u << 4 | 12u : 0);
    set_pll(PLL_DIVIDER, from_26_mhz ? 224 : 32);
    set_pll(PLL_CURRENT, from_26_mhz ? 1u << 6 : 3u << 6 | 6u);
    hal_pause_us(80);
}

static void set_field(uint32_t addr, uint32_t shift, uint32_t mask, uint32_t value)
{
    REG(addr) = (REG(addr) & ~(mask << shift)) | value << shift;
}

/* The UART goes on at its rate; its clock is the bus's. */
static void raise_clock(void)
{
    const uint32_t crystal_hz = call_windowed(ROM_CRYSTAL_HZ, 0, 0, 0, 0);
    const bool is_26 = crystal_hz != 0 && crystal_hz < 30500000;
    while (!hal_all_sent())
        ;
    const uint32_t sixteenths = uart_sixteenths();
    set_field(RTC_CLOCK, 27, 3, 0);
    set_field(RTC_VOLTAGE, 11, 7, 7);
    start_pll(is_26);
    REG(CORE_CLOCK) = 1;
    REG(PLL_TICKS) = BUS_MHZ - 1;
    REG(RTC_BUS_CLOCK) = (BUS_MHZ * 1000000 >> 12) * 0x10001;
    call_windowed(ROM_SET_TICKS, CORE_MHZ, 0, 0, 0);
    set_field(RTC_CLOCK, 27, 3, 1);
    hal_pause_us(30);
    set_sixteenths(scaled(sixteenths, BUS_MHZ, is_26 ? 26 : 40));
}
