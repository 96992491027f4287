/* Fuses by name: where they lie, what protects them, which are secrets, what errors are told. */
#include "core/facts/chip.h"
#include "core/fuses/fuse_list.h"
#include "tests/lib/test.h"

#include <string.h>

static const struct fuse_field *field(const struct fuse_set *set, const char *name)
{
    const struct fuse_field *f = fuse_by_name(set, 0, name);
    if (!f)
        fail_msg("no fuse %s", name);
    return f;
}

static size_t bits_of_block(const struct fuse_set *set, uint8_t block)
{
    return 32u * set->blocks[block].words;
}

static void check_field(const char *chip, const struct fuse_set *set, const struct fuse_field *f)
{
    if (f->block >= set->block_count || f->bits == 0 ||
        32u * f->word + f->bit + f->bits > bits_of_block(set, f->block))
        fail_msg("%s: %s lies outside of its block", chip, f->name);
    const struct fuse_field *lock = fuse_by_name(set, 0, "WR_DIS");
    if (f->lock_bit != FUSE_NO_BIT && (!lock || f->lock_bit >= lock->bits))
        fail_msg("%s: WR_DIS has no bit %d for %s", chip, f->lock_bit, f->name);
}

static void every_chip_but_the_first_names_its_fuses(void **state)
{
    (void)state;
    for (size_t i = 0; i < chip_count(); i++) {
        const struct chip *chip = chip_at(i);
        for (uint32_t revision = 0; revision <= 300; revision += 300) {
            const struct fuse_set *set = chip_fuses(chip, revision);
            if (!set && strcmp(chip->id_name, "esp8266") != 0)
                fail_msg("%s has no row .fuses, or no file core/fuses/fuses_%s.c", chip->name,
                         chip->id_name);
            for (const struct fuse_field *f = set ? set->fields : NULL; f && f->name; f++)
                check_field(chip->name, set, f);
        }
    }
}

/* Facts of one chip table that others are easily mistaken for. */
static void fields_lie_where_espefuse_has_them(void **state)
{
    (void)state;
    const struct fuse_field *cnt = field(&fuses_esp32c3, "SPI_BOOT_CRYPT_CNT");
    assert_int_equal(cnt->word, 2);
    assert_int_equal(cnt->bit, 18);
    assert_int_equal(cnt->bits, 3);
    assert_int_equal(cnt->lock_bit, 4);
    /* The ESP32 locks both together. */
    assert_int_equal(field(&fuses_esp32, "FLASH_CRYPT_CNT")->lock_bit,
                     field(&fuses_esp32, "UART_DOWNLOAD_DIS")->lock_bit);
}

static void a_value_may_cross_words(void **state)
{
    (void)state;
    struct fuse_words words = { 0 };
    uint8_t bytes[FUSE_BYTES_MAX];
    words.word[3][6] = 0x34120200; /* 02:12:34:56:78:9a, as espefuse burns it */
    words.word[3][7] = 0x009A7856;
    assert_int_equal(fuse_bytes(&words, field(&fuses_esp32c3, "CUSTOM_MAC"), bytes), 6);
    assert_memory_equal(bytes, "\x02\x12\x34\x56\x78\x9a", 6);
}

static void a_fuse_that_later_revisions_lack_is_known_by_revision(void **state)
{
    (void)state;
    assert_non_null(fuse_by_name(&fuses_esp32h2, 101, "ECDSA_FORCE_USE_HARDWARE_K"));
    assert_null(fuse_by_name(&fuses_esp32h2, 102, "ECDSA_FORCE_USE_HARDWARE_K"));
    assert_null(fuse_by_name(&fuses_esp32h2, 0, "NO_SUCH_FUSE"));
}

static void what_is_locked_and_hidden_follows_from_block_0(void **state)
{
    (void)state;
    const struct fuse_set *set = &fuses_esp32c3;
    struct fuse_words words = { 0 };
    assert_false(fuse_is_locked(set, &words, field(set, "BLOCK_KEY0")));
    assert_false(fuse_is_hidden(set, &words, field(set, "BLOCK_KEY0")));
    words.word[0][0] = 1u << 23;
    words.word[0][1] = 1;
    assert_true(fuse_is_locked(set, &words, field(set, "BLOCK_KEY0")));
    assert_true(fuse_is_hidden(set, &words, field(set, "BLOCK_KEY0")));
    assert_false(fuse_is_hidden(set, &words, field(set, "BLOCK_KEY1")));
}

/* Of key blocks only digests of public keys may be shown, whatever else they are for. */
static void only_digests_are_no_secret(void **state)
{
    (void)state;
    const struct fuse_set *set = &fuses_esp32c3;
    const struct fuse_field *key0 = field(set, "BLOCK_KEY0");
    for (uint32_t purpose = 0; purpose < 16; purpose++) {
        struct fuse_words words = { 0 };
        words.word[0][2] = purpose << 24;
        assert_int_equal(fuse_key_purpose(set, &words, 0), purpose);
        assert_int_equal(fuse_is_secret(set, &words, key0), purpose < 9 || purpose > 11);
    }
    struct fuse_words blank = { 0 };
    assert_true(fuse_is_secret(&fuses_esp32c2, &blank, field(&fuses_esp32c2, "BLOCK_KEY0")));
    assert_true(fuse_is_secret(&fuses_esp32, &blank, field(&fuses_esp32, "BLOCK1")));
    assert_true(fuse_is_secret(&fuses_esp32, &blank, field(&fuses_esp32, "BLOCK2")));
    blank.word[0][6] = 1u << 5; /* ABS_DONE_1 */
    assert_false(fuse_is_secret(&fuses_esp32, &blank, field(&fuses_esp32, "BLOCK2")));
    assert_false(fuse_is_secret(set, &blank, field(set, "BLOCK_USR_DATA")));
}

static void a_purpose_may_have_its_upper_bit_elsewhere(void **state)
{
    (void)state;
    const struct fuse_set *set = &fuses_esp32p4_v3;
    struct fuse_words words = { 0 };
    const struct fuse_field *high = field(set, "KEY_PURPOSE_0_H");
    words.word[high->block][high->word] |= 1u << high->bit;
    assert_int_equal(fuse_key_purpose(set, &words, 0), 16);
}

static void coding_errors_are_told_block_by_block(void **state)
{
    (void)state;
    struct fuse_words words = { .errors = { 0x00000010, 0x0000000B } };
    assert_int_equal(fuse_health(&fuses_esp32s3, &words, 2).corrected, 1);
    assert_false(fuse_health(&fuses_esp32s3, &words, 2).failed);
    assert_int_equal(fuse_health(&fuses_esp32s3, &words, 9).corrected, 3);
    assert_true(fuse_health(&fuses_esp32s3, &words, 9).failed);
    assert_false(fuse_health(&fuses_esp32s3, &words, 10).failed);
}

/* ESP32-C3: what says that block n failed stands beside the count of block n + 1. */
static void the_c3_tells_a_failure_one_block_late(void **state)
{
    (void)state;
    struct fuse_words words = { .errors = { 0x80, 0 } };
    assert_true(fuse_health(&fuses_esp32c3, &words, 1).failed);
    assert_false(fuse_health(&fuses_esp32c3, &words, 2).failed);
}

static void the_esp32_has_no_decoding_errors_without_a_coding(void **state)
{
    (void)state;
    struct fuse_words words = { .decode_errors = 1 };
    assert_false(fuse_health(&fuses_esp32, &words, 1).failed);
    words.word[0][6] = 1; /* 3/4 */
    assert_true(fuse_health(&fuses_esp32, &words, 1).failed);
}

static void values_have_words_where_a_number_misleads(void **state)
{
    (void)state;
    assert_string_equal(fuse_value_word("SPI_BOOT_CRYPT_CNT", 3), "off");
    assert_string_equal(fuse_value_word("SPI_BOOT_CRYPT_CNT", 7), "on");
    assert_string_equal(fuse_value_word("KEY_PURPOSE_5", 4), "XTS_AES_128");
    assert_null(fuse_value_word("KEY_PURPOSE_5", 31));
    assert_null(fuse_value_word("KEY_PURPOSE_0_H", 1));
    assert_null(fuse_value_word("WDT_DELAY_SEL", 1));
    assert_non_null(fuse_meaning("SECURE_BOOT_KEY_REVOKE2"));
    assert_null(fuse_meaning("SECURE_BOOT_KEY_REVOKE"));
}

/* People look at a list and decide for ever. */
static void every_fuse_of_every_chip_is_explained(void **state)
{
    (void)state;
    for (size_t i = 0; i < chip_count(); i++) {
        const struct fuse_set *set = chip_fuses(chip_at(i), UINT32_MAX);
        for (const struct fuse_field *f = set ? set->fields : NULL; f && f->name; f++) {
            if (!fuse_meaning(f->name))
                fail_msg("%s of the %s", f->name, chip_at(i)->name);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_chip_but_the_first_names_its_fuses),
        cmocka_unit_test(fields_lie_where_espefuse_has_them),
        cmocka_unit_test(a_value_may_cross_words),
        cmocka_unit_test(a_fuse_that_later_revisions_lack_is_known_by_revision),
        cmocka_unit_test(what_is_locked_and_hidden_follows_from_block_0),
        cmocka_unit_test(only_digests_are_no_secret),
        cmocka_unit_test(a_purpose_may_have_its_upper_bit_elsewhere),
        cmocka_unit_test(coding_errors_are_told_block_by_block),
        cmocka_unit_test(the_c3_tells_a_failure_one_block_late),
        cmocka_unit_test(the_esp32_has_no_decoding_errors_without_a_coding),
        cmocka_unit_test(every_fuse_of_every_chip_is_explained),
        cmocka_unit_test(values_have_words_where_a_number_misleads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
