/* What a board says unasked, as ROMs and applications say it, through good wires and bad ones. */
#include "station/line/ear.h"
#include "tests/lib/test.h"

/* The words of real ROMs: an ESP32 rev 3 and an ESP32-C3 as their images hold them; others as logs
 * of public issues quote them (espressif/esp-idf 4589, espressif/esptool 922). */
static const struct {
    const char *text;
    enum ear_word word;
} said[] = {
    { "ets Jul 29 2019 12:21:46\r\n\r\nrst:0x1 (POWERON_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)\r\n",
      EAR_ARRIVAL },
    { "ESP-ROM:esp32c3-api1-20210207\r\nBuild:Feb  7 2021\r\nrst:0x1 (POWERON),boot:0xc "
      "(SPI_FAST_FLASH_BOOT)\r\n",
      EAR_ARRIVAL },
    { "\xff\x80??ESP-ROM:esp32c6-20220919\r\nBuild:Sep 19 2022\r\nrst:0x1 (POWERON),boot:0x6c\r\n",
      EAR_ARRIVAL },
    { "\r\n ets Jan  8 2013,rst cause:1, boot mode:(3,6)\r\n", EAR_ARRIVAL },
    { "\r\n ets Jan  8 2013,rst cause:2, boot mode:(3,6)\r\n", EAR_ARRIVAL },
    { "\r\n ets Jan  8 2013,rst cause:4, boot mode:(3,6)\r\n", EAR_RESET },
    { "ets Jul 29 2019 12:21:46\r\n\r\nrst:0xc (SW_CPU_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)\r\n",
      EAR_RESET },
    { "ets Jul 29 2019 12:21:46\r\n\r\nrst:0xf (RTCWDT_BROWN_OUT_RESET),boot:0x13 (SPI)\r\n",
      EAR_RESET },
    { "ESP-ROM:esp32c3-api1-20210207\r\nrst:0x15 (USB_UART_CHIP_RESET),boot:0xc (SPI)\r\n",
      EAR_RESET },
    { "ESP-ROM:esp32c3-api1-20210207\r\nrst:0x10 (RTCWDT_RTC_RST),boot:0xc (SPI)\r\n", EAR_RESET },
    { "invalid header: 0xffffffff\r\ninvalid header: 0xffffffff\r\n", EAR_ARRIVAL },
    { "waiting for download\r\n", EAR_ARRIVAL },
    { "I (512) app: last reset was rst:0x1, all is well\r\n", EAR_TEXT },
    { "I (512) app: ets rst:0x1 and then much else before a word such as boot:0x13 comes at last, "
      "far behind\r\n",
      EAR_TEXT },
    { "hello world\r\n", EAR_TEXT },
    { "\x00\x00\xff\x80\x00", EAR_NOTHING },
};

static void a_rom_is_understood(void **state)
{
    struct ear ear;
    (void)state;
    for (size_t i = 0; i < COUNT_OF(said); i++) {
        ear_forget(&ear);
        const enum ear_word word = ear_take(&ear, said[i].text, strlen(said[i].text));
        if (word != said[i].word)
            fail_msg("'%s' is %d, not %d", said[i].text, word, said[i].word);
    }
}

/* However the wire cuts it, it is said once. */
static void words_come_in_pieces(void **state)
{
    struct ear ear;
    (void)state;
    for (size_t i = 0; i < COUNT_OF(said); i++) {
        int times = 0;
        ear_forget(&ear);
        for (const char *at = said[i].text; *at; at++)
            times += ear_take(&ear, at, 1) == EAR_ARRIVAL;
        if (times != (said[i].word == EAR_ARRIVAL) &&
            !strstr(said[i].text, "invalid header")) /* which is said again and again */
            fail_msg("'%s' is an arrival %d times", said[i].text, times);
    }
}

static void noise_without_end_is_no_board(void **state)
{
    struct ear ear;
    uint32_t random = 7;
    (void)state;
    ear_forget(&ear);
    for (int i = 0; i < 200000; i++) {
        char bytes[16];
        for (size_t k = 0; k < sizeof bytes; k++)
            bytes[k] = (char)(next_random(&random) >> 24);
        assert_true(ear_take(&ear, bytes, sizeof bytes) < EAR_RESET);
    }
}

static void a_talkative_board_fits(void **state)
{
    static char much[5000];
    struct ear ear;
    (void)state;
    memset(much, 'x', sizeof much);
    ear_forget(&ear);
    assert_int_equal(ear_take(&ear, much, sizeof much), EAR_TEXT);
    assert_int_equal(ear_take(&ear, said[0].text, strlen(said[0].text)), EAR_ARRIVAL);
}

/* A ROM's words anywhere in one long reading, and cut anywhere by two. */
static void nothing_that_was_read_is_passed_over(void **state)
{
    static char much[4096];
    struct ear ear;
    (void)state;
    const char *words = said[0].text;
    const size_t n = strlen(words);
    for (size_t at = 0; at + n <= sizeof much; at += 7) {
        memset(much, 'x', sizeof much);
        memcpy(much + at, words, n);
        ear_forget(&ear);
        assert_int_equal(ear_take(&ear, much, sizeof much), EAR_ARRIVAL);
    }
    for (size_t cut = 1; cut < n; cut++) {
        memset(much, 'x', sizeof much);
        memcpy(much, words + cut, n - cut);
        ear_forget(&ear);
        const enum ear_word first = ear_take(&ear, words, cut);
        const enum ear_word second = ear_take(&ear, much, 1024);
        assert_true(first == EAR_ARRIVAL || second == EAR_ARRIVAL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rom_is_understood),
        cmocka_unit_test(words_come_in_pieces),
        cmocka_unit_test(noise_without_end_is_no_board),
        cmocka_unit_test(a_talkative_board_fits),
        cmocka_unit_test(nothing_that_was_read_is_passed_over),
    };
    return cmocka_run_group_tests_name("station_ear", tests, NULL, NULL);
}
