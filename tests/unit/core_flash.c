/*
 * What the ESP8266's ROM is asked to erase, against a model of its defect; timeouts; the gate; what
 * is asked of the chip when an MD5 differs.
 */
#include "core/board/board.h"
#include "core/flash/erase.h"
#include "core/flash/flash.h"
#include "core/loader/spiflash.h"
#include "tests/lib/make_image.h"
#include "tests/lib/script_loader.h"
#include "tests/lib/test.h"

#include <stdio.h>
#include <stdlib.h>

#define SECTOR 4096u

/* The ROM, sector by sector: it erases up to the next 64 KiB boundary, forgets to count that, and
 * then erases the whole request behind it. */
static uint32_t rom_erases_sectors(uint32_t first, uint32_t asked)
{
    uint32_t erased = 0;
    while (erased < asked && (erased == 0 || (first + erased) % 16 != 0))
        erased++;
    return erased + asked;
}

static void check_erase(uint32_t first, uint32_t n, uint32_t bytes)
{
    uint32_t head = 16 - first % 16;
    uint32_t asked_bytes = loader_rom_esp8266.begin_bytes(first * SECTOR, bytes);
    assert_int_equal(asked_bytes % SECTOR, 0);
    uint32_t erased = rom_erases_sectors(first, asked_bytes / SECTOR);
    assert_true(erased >= n);
    /* One sector too many where the ROM erases in pairs; never more. */
    assert_true(erased <= n + (n < 2 * head ? n % 2 : 0));
}

static void flash_erases_on_esp8266_what_is_needed_and_little_more(void **state)
{
    (void)state;
    for (uint32_t first = 0; first < 40; first++) {
        for (uint32_t n = 1; n <= 1100; n += n < 70 ? 1 : 103) {
            check_erase(first, n, n * SECTOR);
            check_erase(first, n, n * SECTOR - (SECTOR - 1));
        }
    }
    assert_int_equal(loader_rom_esp8266.begin_bytes(0, 0), 0);
}

static void loader_timeouts_follow_the_work(void **state)
{
    (void)state;
    assert_int_equal(loader_timeout_ms(0, 40000), 3000);
    assert_int_equal(loader_timeout_ms(75000, 40000), 3000);
    assert_int_equal(loader_timeout_ms(1000000, 40000), 40000);
    assert_int_equal(loader_timeout_ms(4u << 20, 8000), 33554);
    assert_int_equal(loader_timeout_ms(16u << 20, 40000), 240000);
    assert_int_equal(loader_timeout_ms(UINT32_MAX, 40000), 240000);
}

/* ---- The gate ---- */

struct gate {
    struct board board;
    struct plan *plan;
};

static struct gate make_gate(enum plan_size size, uint32_t flash_bytes, const char *mode)
{
    const struct image_recipe recipe = { .layout = MADE_LONG,
                                         .segments = 1,
                                         .segment_bytes = 5000,
                                         .mode = 2,
                                         .size_code = 2,
                                         .min_revision = 100,
                                         .max_revision = 399,
                                         .digest = true };
    const struct chip *chip = chip_by_name("esp32");
    struct made_image image = make_image(&recipe);
    const struct plan_settings s = { .chip = chip,
                                     .size = size,
                                     .flash_bytes = flash_bytes,
                                     .mode = mode ? chip_code_by_word(chip_modes, mode) : NULL };
    const struct plan_source source = { "app", image.bytes, (uint32_t)image.size_bytes, 0x1000,
                                        false };
    struct err e = { 0 };
    struct gate g = { .plan = plan_new(&s, &source, 1, &e) };
    assert_ok(g.plan != NULL, &e);
    free(image.bytes);
    g.board = (struct board){ .chip = chip, .revision = 301, .flash = { 0x1640EF, 4u << 20 } };
    return g;
}

static void board_gate_lets_the_right_board_in(void **state)
{
    struct gate g = make_gate(PLAN_SIZE_DETECT, 0, NULL);
    struct err e = { 0 };
    (void)state;
    assert_ok(board_gate(&g.board, g.plan, &e), &e);
    g.board.flash.size_bytes = 0; /* an id that no table knows: the MD5 will prove it */
    assert_ok(board_gate(&g.board, g.plan, &e), &e);
    g.board.flash.size_bytes = plan_needs_bytes(g.plan); /* just large enough */
    assert_ok(board_gate(&g.board, g.plan, &e), &e);
    g.board.flash.size_bytes--;
    assert_code(board_gate(&g.board, g.plan, &e), &e, ERR_FLASH_SIZE);
    plan_free(g.plan);
}

static void image_names_the_revisions_it_wants(void **state)
{
    static const struct {
        struct image image;
        const char *chip, *text;
    } rows[] = {
        { { .min_revision = 3, .max_revision = 199 }, "esp32c3", "v0.3 to v1.99" },
        { { .min_revision = 101, .max_revision = 0xFFFF }, "esp32c3", "v1.1 or later" },
        { { .min_revision_old = 3 }, "esp32", "v3.0 or later" },
        { { .min_revision_old = 3 }, "esp32c3", "minor revision 3 or later" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[IMAGE_REVISIONS_CAP];
        image_name_revisions(&rows[i].image, chip_by_name(rows[i].chip), text);
        assert_string_equal(text, rows[i].text);
    }
}

static void board_gate_keeps_the_wrong_board_out(void **state)
{
    struct gate g = make_gate(PLAN_SIZE_DETECT, 0, NULL);
    struct board b = g.board;
    struct err e = { 0 };
    (void)state;
    b.chip = chip_by_name("esp8266");
    assert_code(board_gate(&b, g.plan, &e), &e, ERR_WRONG_CHIP);
    assert_has(e.what, "ESP8266");
    b = g.board;
    b.revision = 3;
    assert_code(board_gate(&b, g.plan, &e), &e, ERR_CHIP_REVISION);
    assert_has(e.what, "has revision v0.3");
    assert_has(e.what, "is for v1.0 to v3.99");
    b.revision = 400;
    assert_code(board_gate(&b, g.plan, &e), &e, ERR_CHIP_REVISION);
    b = g.board;
    b.security.flash_encryption = true;
    assert_code(board_gate(&b, g.plan, &e), &e, ERR_SECURED);
    b.security = (struct chip_security){ .secure_download = true };
    assert_code(board_gate(&b, g.plan, &e), &e, ERR_SECURED);
    plan_free(g.plan);
    g = make_gate(PLAN_SIZE_FIXED, 8u << 20, NULL);
    assert_code(board_gate(&g.board, g.plan, &e), &e, ERR_FLASH_SIZE);
    assert_has(e.what, "4096 KB");
    plan_free(g.plan);
}

/* With secure boot on, no header may change, whatever the reason; one that stays is welcome. */
static void board_gate_guards_the_signature(void **state)
{
    static const struct {
        enum plan_size size;
        uint32_t flash_bytes;
        const char *mode;
        uint32_t has_bytes;
        bool header_stays;
    } cases[] = {
        { PLAN_SIZE_KEEP, 0, NULL, 4u << 20, true },
        { PLAN_SIZE_KEEP, 0, "dio", 4u << 20, true },
        { PLAN_SIZE_KEEP, 0, "qio", 4u << 20, false },
        { PLAN_SIZE_FIXED, 4u << 20, NULL, 4u << 20, true },
        { PLAN_SIZE_FIXED, 2u << 20, NULL, 4u << 20, false },
        { PLAN_SIZE_DETECT, 0, NULL, 4u << 20, true },
        { PLAN_SIZE_DETECT, 0, NULL, 8u << 20, false },
        { PLAN_SIZE_DETECT, 0, "dout", 4u << 20, false },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct gate g = make_gate(cases[i].size, cases[i].flash_bytes, cases[i].mode);
        struct err e = { 0 };
        g.board.security.secure_boot = true;
        g.board.flash.size_bytes = cases[i].has_bytes;
        /* The image is not signed at all; what would break a signature is said before that. */
        assert_code(board_gate(&g.board, g.plan, &e), &e, ERR_SECURED);
        if (cases[i].header_stays)
            assert_has(e.what, "is not signed");
        else
            assert_has(e.hint, "size: keep");
        plan_free(g.plan);
    }
}

static void board_texts_are_exact(void **state)
{
    const struct chip_mac six = { { 0x24, 0x0A, 0xC4, 0, 0, 1 }, 6 };
    const struct chip_mac eight = { { 1, 2, 3, 0xFF, 0xFE, 4, 5, 6 }, 8 };
    const struct chip_mac none = { { 0 }, 0 };
    char text[BOARD_MAC_TEXT_BYTES];
    (void)state;
    board_mac_text(&six, text);
    assert_string_equal(text, "24:0a:c4:00:00:01");
    board_mac_text(&eight, text);
    assert_string_equal(text, "01:02:03:ff:fe:04:05:06");
    board_mac_text(&none, text);
    assert_string_equal(text, "");
    for (int a = 0; a <= BOARD_RUNNING; a++) {
        for (int b = 0; b < a; b++)
            assert_string_not_equal(board_state_word((enum board_state)a),
                                    board_state_word((enum board_state)b));
    }
}

/* ---- Where the flash differs ---- */

struct judge {
    struct fake_clock clock;
    struct script_port script;
    struct loader loader;
    uint8_t wanted[256], flash[256];
    struct plan_region region;
};

static void judge_begin(struct judge *j)
{
    fake_clock_init(&j->clock);
    script_port_init(&j->script, &j->clock);
    loader_init(&j->loader, &j->script.port);
    loader_set_chip(&j->loader, chip_by_name("esp32"));
    loader_set_kind(&j->loader, &loader_stub);
    for (size_t i = 0; i < sizeof j->wanted; i++)
        j->wanted[i] = j->flash[i] = (uint8_t)(i * 7);
    j->region = (struct plan_region){
        .name = "app", .addr = 0x1000, .bytes = j->wanted, .size_bytes = sizeof j->wanted
    };
    assert_true(digest_md5(j->wanted, sizeof j->wanted, j->region.md5));
}

/* The question for the MD5 of a part, answered from what the flash holds. */
static void answer_md5(struct judge *j, uint32_t at, uint32_t bytes)
{
    uint8_t words[16] = { 0 }, answer[18] = { 0 };
    words[0] = (uint8_t)at;
    words[1] = (uint8_t)((0x1000 + at) >> 8);
    words[4] = (uint8_t)bytes;
    words[5] = (uint8_t)(bytes >> 8);
    assert_true(digest_md5(j->flash + at, bytes, answer));
    script_request(&j->script, CMD_SPI_FLASH_MD5, words, sizeof words);
    script_reply(&j->script, 100, CMD_SPI_FLASH_MD5, 0, answer, sizeof answer);
}

/* Halving, written down a second time: asks for the front half until one word is left. */
static void answer_halving(struct judge *j)
{
    uint32_t first = 0, bytes = sizeof j->wanted;
    while (bytes > 4) {
        uint32_t half = bytes / 2;
        answer_md5(j, first, half);
        bool same = memcmp(j->wanted + first, j->flash + first, half) == 0;
        first = same ? first + half : first;
        bytes = same ? bytes - half : half;
    }
}

/* READ_FLASH of one word: the answer, the word, the acknowledgement, and an MD5 of the word. */
static void answer_word(struct judge *j, uint32_t at)
{
    uint8_t words[16] = { 0, 0, 0, 0, 4, 0, 0, 0, 0x00, 0x10, 0, 0, 64 }, frame[64], md5[16];
    const uint8_t ok[2] = { 0 }, have[4] = { 4 };
    struct slip_encoder out;
    words[0] = (uint8_t)at;
    words[1] = (uint8_t)((0x1000 + at) >> 8);
    script_request(&j->script, CMD_READ_FLASH, words, sizeof words);
    script_reply(&j->script, 100, CMD_READ_FLASH, 0, ok, sizeof ok);
    slip_begin(&out, frame, sizeof frame);
    slip_put(&out, j->flash + at, 4);
    script_give(&j->script, 100, frame, slip_end(&out));
    slip_begin(&out, frame, sizeof frame);
    slip_put(&out, have, sizeof have);
    script_expect(&j->script, frame, slip_end(&out));
    assert_true(digest_md5(j->flash + at, 4, md5));
    slip_begin(&out, frame, sizeof frame);
    slip_put(&out, md5, sizeof md5);
    script_give(&j->script, 100, frame, slip_end(&out));
}

static void flash_judge_names_the_first_wrong_byte(void **state)
{
    (void)state;
    for (size_t at = 0; at < 256; at += 5) {
        struct judge j;
        struct err e = { 0 };
        struct flash_difference differs;
        uint8_t found[DIGEST_MD5_BYTES];
        char address[64];
        judge_begin(&j);
        j.flash[at] ^= 0x10;
        j.flash[255] ^= 0x01; /* a second difference further on */
        answer_md5(&j, 0, sizeof j.flash);
        answer_halving(&j);
        answer_word(&j, (uint32_t)at / 4 * 4);
        assert_true(digest_md5(j.flash, sizeof j.flash, found));
        assert_code(flash_judge(&j.loader, &j.region, found, &differs, &e), &e, ERR_VERIFY);
        assert_true(differs.known);
        assert_int_equal(differs.addr, 0x1000 + at);
        snprintf(address, sizeof address, "from byte 0x%x on, which is %02X, not %02X",
                 (unsigned)(0x1000 + at), j.flash[at], j.wanted[at]);
        assert_has(e.what, address);
        if (!script_played(&j.script))
            fail_msg("%s", j.script.trouble);
        script_port_done(&j.script);
    }
}

/* One answer that was damaged on the way is no flash that differs. */
static void flash_judge_asks_twice(void **state)
{
    struct judge j;
    struct err e = { 0 };
    struct flash_difference differs;
    uint8_t found[DIGEST_MD5_BYTES];
    (void)state;
    judge_begin(&j);
    memcpy(found, j.region.md5, sizeof found);
    found[3] ^= 0x40;
    answer_md5(&j, 0, sizeof j.flash);
    assert_ok(flash_judge(&j.loader, &j.region, found, &differs, &e), &e);
    assert_memory_equal(found, j.region.md5, sizeof found);
    assert_true(script_played(&j.script));
    script_port_done(&j.script);
}

/* The question for the whole, answered with a digest that has one bit turned. */
static void answer_turned_md5(struct judge *j, size_t bit)
{
    uint8_t words[16] = { 0x00, 0x10, 0, 0, 0x00, 0x01 }, answer[18] = { 0 };
    assert_true(digest_md5(j->flash, sizeof j->flash, answer));
    answer[bit / 8] ^= (uint8_t)(1u << bit % 8);
    script_request(&j->script, CMD_SPI_FLASH_MD5, words, sizeof words);
    script_reply(&j->script, 100, CMD_SPI_FLASH_MD5, 0, answer, sizeof answer);
}

/* Three answers that say three things are the wire's, whatever the flash holds. */
static void flash_judge_blames_the_wire_for_answers_that_differ(void **state)
{
    struct judge j;
    struct err e = { 0 };
    struct flash_difference differs;
    uint8_t found[DIGEST_MD5_BYTES];
    (void)state;
    judge_begin(&j);
    memcpy(found, j.region.md5, sizeof found);
    found[3] ^= 0x40;
    answer_turned_md5(&j, 9);
    answer_turned_md5(&j, 77);
    assert_code(flash_judge(&j.loader, &j.region, found, &differs, &e), &e, ERR_VERIFY);
    assert_int_equal(e.wire, ERR_FRAME);
    assert_false(differs.known);
    assert_has(e.what, "another one each time");
    assert_has(e.hint, "not known");
    assert_true(script_played(&j.script));
    script_port_done(&j.script);
}

/* A third answer tells which of two was turned: the flash that differs is still found. */
static void flash_judge_believes_what_is_said_twice(void **state)
{
    struct judge j;
    struct err e = { 0 };
    struct flash_difference differs;
    uint8_t found[DIGEST_MD5_BYTES];
    (void)state;
    judge_begin(&j);
    j.flash[8] ^= 0x10;
    assert_true(digest_md5(j.flash, sizeof j.flash, found));
    answer_turned_md5(&j, 100);
    answer_md5(&j, 0, sizeof j.flash);
    answer_halving(&j);
    answer_word(&j, 8);
    assert_code(flash_judge(&j.loader, &j.region, found, &differs, &e), &e, ERR_VERIFY);
    assert_true(differs.known);
    assert_int_equal(differs.addr, 0x1008);
    assert_true(script_played(&j.script));
    script_port_done(&j.script);
}

/* One damaged answer is no flash that is not blank; two are, or the request was damaged. */
static void erase_prove_asks_twice(void **state)
{
    (void)state;
    for (int turned = 1; turned <= 2; turned++) {
        struct judge j;
        struct err e = { 0 };
        judge_begin(&j);
        memset(j.flash, 0xFF, sizeof j.flash);
        answer_turned_md5(&j, 5);
        if (turned == 2)
            answer_turned_md5(&j, 5);
        else
            answer_md5(&j, 0, sizeof j.flash);
        bool ok = erase_prove(&j.loader, 0x1000, sizeof j.flash, &e);
        assert_true(script_played(&j.script));
        assert_int_equal(ok, turned == 1);
        if (!ok)
            assert_has(e.hint, "another place is erased");
        script_port_done(&j.script);
    }
}

static void unprotect_says_what_it_was_about(void **state)
{
    struct judge j;
    struct err e = { 0 };
    (void)state;
    judge_begin(&j);
    j.script.free_writes = true;
    assert_false(spiflash_unprotect(&j.loader, 0x1640EF, &e));
    assert_has(e.what, "Asking whether the flash is write-protected: no reply to");
    script_port_done(&j.script);
}

static void check_md5_refused(uint64_t unsettled_bytes, const uint8_t status[2], enum err_code code,
                              const char *what, const char *hint)
{
    struct judge j;
    struct err e = { 0 };
    uint8_t found[DIGEST_MD5_BYTES];
    judge_begin(&j);
    j.script.free_writes = true;
    j.loader.unsettled_bytes = unsettled_bytes;
    script_reply(&j.script, 100, CMD_SPI_FLASH_MD5, 0, status, 2);
    assert_code(flash_md5(&j.loader, &j.region, found, &e), &e, code);
    assert_has(e.what, what);
    assert_has(e.hint, hint);
    script_port_done(&j.script);
}

/* A failed write is told with the next answer, so only where a block is on its way into the flash
 * can a refused MD5 be one; and nothing is said of a flash that nobody has looked at. */
static void flash_md5_refused_is_no_failed_write(void **state)
{
    static const uint8_t flash[2] = { 0xC4, 0 }, checksum[2] = { 0xC1, 0 };
    (void)state;
    check_md5_refused(0, flash, ERR_VERIFY, "asking for its MD5", "is not known");
    check_md5_refused(0, checksum, ERR_VERIFY, "asking for its MD5", "is not known");
    check_md5_refused(4096, checksum, ERR_VERIFY, "asking for its MD5", "is not known");
    check_md5_refused(4096, flash, ERR_WRITE, "its last block was not written", "port.baud");
}

static void flash_judge_tells_a_blank_flash(void **state)
{
    struct judge j;
    struct err e = { 0 };
    struct flash_difference differs;
    uint8_t found[DIGEST_MD5_BYTES];
    (void)state;
    judge_begin(&j);
    assert_ok(flash_judge(&j.loader, &j.region, j.region.md5, &differs, &e), &e);
    assert_false(differs.known);
    memset(j.flash, 0xFF, sizeof j.flash);
    assert_true(digest_md5(j.flash, sizeof j.flash, found));
    answer_md5(&j, 0, sizeof j.flash);
    assert_code(flash_judge(&j.loader, &j.region, found, &differs, &e), &e, ERR_VERIFY);
    assert_true(differs.known);
    assert_int_equal(differs.addr, 0x1000);
    assert_has(e.what, "still blank");
    assert_has(e.hint, "write-protected");
    assert_true(script_played(&j.script));
    script_port_done(&j.script);
}

/* A chip that no longer answers takes nothing from the verdict. */
static void flash_judge_does_without_the_place(void **state)
{
    struct judge j;
    struct err e = { 0 };
    uint8_t found[DIGEST_MD5_BYTES] = { 1, 2, 3 };
    struct flash_difference differs;
    (void)state;
    judge_begin(&j);
    script_gone(&j.script, 0);
    assert_code(flash_judge(&j.loader, &j.region, found, &differs, &e), &e, ERR_VERIFY);
    assert_false(differs.known);
    assert_has(e.what, "MD5 is 010203");
    assert_has(e.hint, "Plug the cable back in");
    script_port_done(&j.script);
}

/* ---- What may be said of the flash ---- */

/* A MEM_END that became a FLASH_BEGIN on its way is answered as one. */
static void an_answer_to_what_nobody_asked_is_kept_in_mind(void **state)
{
    static const struct {
        uint8_t command, status[4];
        bool turned;
    } answers[] = {
        { CMD_READ_REG, { 0 }, false },       { CMD_FLASH_BEGIN, { 0 }, true },
        { CMD_ERASE_FLASH, { 0 }, true },     { CMD_SYNC, { 0 }, true },
        { CMD_READ_REG, { 1, 6 }, false },    { CMD_READ_REG, { 1, 5 }, true },
        { CMD_READ_REG, { 1, 7 }, true },     { CMD_READ_REG, { 1, 0x42 }, true },
        { CMD_FLASH_DEFL_DATA, { 0 }, true },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(answers); i++) {
        struct judge j;
        struct err e = { 0 };
        uint32_t value;
        judge_begin(&j);
        loader_set_rom(&j.loader);
        j.script.free_writes = true;
        script_reply(&j.script, 100, answers[i].command, 0, answers[i].status, 4);
        script_reply(&j.script, 100, CMD_READ_REG, 0, answers[0].status, 4);
        loader_read_reg(&j.loader, 0x40001000, &value, &e);
        assert_int_equal(j.loader.link.commands_turn, answers[i].turned);
        script_port_done(&j.script);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flash_erases_on_esp8266_what_is_needed_and_little_more),
        cmocka_unit_test(loader_timeouts_follow_the_work),
        cmocka_unit_test(board_gate_lets_the_right_board_in),
        cmocka_unit_test(image_names_the_revisions_it_wants),
        cmocka_unit_test(board_gate_keeps_the_wrong_board_out),
        cmocka_unit_test(board_gate_guards_the_signature),
        cmocka_unit_test(board_texts_are_exact),
        cmocka_unit_test(flash_judge_names_the_first_wrong_byte),
        cmocka_unit_test(flash_judge_asks_twice),
        cmocka_unit_test(flash_judge_blames_the_wire_for_answers_that_differ),
        cmocka_unit_test(flash_judge_believes_what_is_said_twice),
        cmocka_unit_test(erase_prove_asks_twice),
        cmocka_unit_test(unprotect_says_what_it_was_about),
        cmocka_unit_test(flash_md5_refused_is_no_failed_write),
        cmocka_unit_test(an_answer_to_what_nobody_asked_is_kept_in_mind),
        cmocka_unit_test(flash_judge_tells_a_blank_flash),
        cmocka_unit_test(flash_judge_does_without_the_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
