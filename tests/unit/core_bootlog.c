/* Boot logs, as the ROMs print them, and what they mean. */
#include "core/loader/bootlog.h"
#include "tests/lib/test.h"

#include <stdio.h>

/* Logs of real boards, shortened to the lines that matter. */
static const char esp32_app[] = "ets Jul 29 2019 12:21:46\n\nrst:0x1 (POWERON_RESET),boot:0x13 "
                                "(SPI_FAST_FLASH_BOOT)\nconfigsip: 0, SPIWP:0xee\n";
static const char esp32_download[] = "ets Jul 29 2019 12:21:46\n\nrst:0x1 (POWERON_RESET),boot:0x3 "
                                     "(DOWNLOAD_BOOT(UART0/UART1/SDIO_REI_REO_V2))\nwaiting for "
                                     "download\n";
static const char esp8266_app[] = "\n ets Jan  8 2013,rst cause:2, boot mode:(3,6)\n\nload "
                                  "0x40100000";
static const char esp8266_download[] = "\n ets Jan  8 2013,rst cause:2, boot mode:(1,7)\n\n";

static void bootlog_tells_the_boot_mode(void **state)
{
    (void)state;
    assert_int_equal(bootlog_boot_mode(esp32_app), 0x13);
    assert_int_equal(bootlog_boot_mode(esp32_download), 0x3);
    assert_int_equal(bootlog_boot_mode(esp8266_app), 3);
    assert_int_equal(bootlog_boot_mode(esp8266_download), 1);
    assert_int_equal(bootlog_boot_mode(""), -1);
    assert_int_equal(bootlog_boot_mode("boot mode:("), -1);
    assert_int_equal(bootlog_boot_mode("boot mode:(x"), -1);
}

static void bootlog_tells_the_loader_from_the_application(void **state)
{
    char both[512];
    (void)state;
    assert_false(bootlog_in_loader(esp32_app));
    assert_true(bootlog_in_loader(esp32_download));
    assert_false(bootlog_in_loader(esp8266_app));
    assert_true(bootlog_in_loader(esp8266_download));
    assert_false(bootlog_in_loader(""));
    snprintf(both, sizeof both, "%s%s", esp32_app, esp32_download);
    assert_true(bootlog_in_loader(both));
    assert_int_equal(bootlog_boot_mode(both), 0x3);
    snprintf(both, sizeof both, "%s%s", esp32_download, esp32_app);
    assert_false(bootlog_in_loader(both)); /* the last boot counts */
    assert_int_equal(bootlog_boot_mode(both), 0x13);
    snprintf(both, sizeof both, "%s%s", esp8266_download, esp8266_app);
    assert_false(bootlog_in_loader(both));
}

static void bootlog_sees_its_last_words_begin(void **state)
{
    static const char words[] = "waiting for download";
    char log[256];
    (void)state;
    for (size_t n = 1; n <= sizeof words; n++) {
        const bool begun = n >= strlen("waiting ") && n < sizeof words - 1;
        snprintf(log, sizeof log, "rst:0x1 (POWERON),boot:0x3 (DOWNLOAD)\n%.*s", (int)n, words);
        assert_int_equal(bootlog_is_entering(log), begun);
    }
    assert_false(bootlog_is_entering("waiting for d"));
    assert_false(bootlog_is_entering("boot:0x3\nwaiting for a"));
    assert_false(bootlog_is_entering("boot:0x3\nwaiting for d\n"));
    assert_false(bootlog_is_entering(esp32_download));
    assert_false(bootlog_is_entering(""));
}

static void bootlog_knows_every_text(void **state)
{
    static const struct {
        const char *log, *meaning;
        enum err_code code;
    } cases[] = {
        { "Brownout detector was triggered\n\nets", "supply", ERR_BOOT },
        { "invalid header: 0xffffffff\ninvalid header: 0xffffffff", "blank", ERR_BOOT },
        { "invalid header: 0x3fffb02c", "no valid image", ERR_BOOT },
        { "flash read err, 1000\nets_main.c 371 \n", "cannot read", ERR_BOOT },
        { "ets_main.c 371 \n", "no bootable image", ERR_BOOT },
        { "csum err:0x96!=0xff\n", "checksum", ERR_BOOT },
        { "E (77) esp_image: invalid segment length 0xffffffff", "damaged", ERR_BOOT },
        { "E (31) boot: No bootable app partitions in the partition table", "no application",
          ERR_BOOT },
        { "Guru Meditation Error: Core  0 panic'ed", "crashed", ERR_BOOT },
        { "Fatal exception 28(LoadProhibitedCause):", "crashed", ERR_BOOT },
        { "rst:0x1,boot:0x1 (SPI_DOWNLOAD_BOOT)", "strap", ERR_WRONG_BOOT_MODE },
        { "wait spi download", "strap", ERR_WRONG_BOOT_MODE },
        { "secure boot v2 enabled\nSig block 0 signed with untrusted key\n"
          "secure boot verification failed\n",
          "does not trust", ERR_BOOT },
        { "Sig block 0 invalid: Image digest does not match\nsecure boot verification failed\n",
          "not what was signed", ERR_BOOT },
        { "No signature block magic byte found at signature sector (found 0xff not 0xe7). Image "
          "not V2 signed?\nsecure boot verification failed\n",
          "no signature", ERR_BOOT },
        { "Download mode is disabled. Restart with GPIO0 high.\n", "closed", ERR_SECURED },
        { "Download boot modes disabled\n", "closed", ERR_SECURED },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct bootlog_row *row = bootlog_find(cases[i].log);
        assert_non_null(row);
        assert_has(row->meaning, cases[i].meaning);
        assert_int_equal(row->code, cases[i].code);
        assert_true(row->hint == NULL || strlen(row->hint) > 10);
    }
    /* One block of several may be another key's. */
    assert_null(bootlog_find("Sig block 0 signed with untrusted key\nsecure boot verification "
                             "succeeded\n"));
    assert_null(bootlog_find(esp32_app));
    assert_null(bootlog_find(esp32_download));
    assert_null(bootlog_find(esp8266_app));
    assert_null(bootlog_find(""));
}

static void bootlog_names_the_gravest_cause(void **state)
{
    (void)state;
    assert_has(bootlog_find("Guru Meditation\nBrownout detector was triggered")->meaning, "supply");
    assert_has(bootlog_find("flash read err\ninvalid header: 0xffffffff")->meaning, "blank");
}

static void bootlog_tells_a_loop_from_one_restart(void **state)
{
    (void)state;
    assert_false(bootlog_loops(""));
    assert_false(bootlog_loops("rst:0x1 (POWERON_RESET)\nrst:0xc (SW_CPU_RESET)\nI am up\n"));
    assert_true(bootlog_loops("rst:0x1 x\nrst:0xc x\nrst:0xc x\n"));
    assert_true(bootlog_loops("rst cause:2\nrst cause:4\nrst cause:4\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bootlog_tells_a_loop_from_one_restart),
        cmocka_unit_test(bootlog_tells_the_boot_mode),
        cmocka_unit_test(bootlog_tells_the_loader_from_the_application),
        cmocka_unit_test(bootlog_sees_its_last_words_begin),
        cmocka_unit_test(bootlog_knows_every_text),
        cmocka_unit_test(bootlog_names_the_gravest_cause),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
