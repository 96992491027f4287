/* The plan of fuses: for each family in the order in which a board stays usable, with the bits that
 * espefuse burns; what is burnt is taken up or refused, before anything is. */
#include "core/facts/chip.h"
#include "core/fuses/fuse_list.h"
#include "core/fuses/fuse_plan.h"
#include "core/images/sign.h"
#include "tests/lib/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct fuse_plan plan;
static struct err e;

/* ---- Wishes ---- */

static void add_key(struct fuse_wish *w, enum fuse_key_use use, uint8_t count, uint8_t first)
{
    struct fuse_wish_key *key = &w->keys[w->key_count++];
    *key = (struct fuse_wish_key){ .use = use, .block = FUSE_ANY_BLOCK, .count = count };
    for (uint8_t i = 0; i < count; i++)
        key->bytes[i] = (uint8_t)(first + i);
}

static struct fuse_wish signed_only(void)
{
    struct fuse_wish w = { .boot = FUSE_BOOT_V2,
                           .revoked = { false, true, true },
                           .jtag = FUSE_JTAG_OFF };
    add_key(&w, FUSE_KEY_DIGEST, 32, 0x80);
    return w;
}

/* All that a product can have. */
static struct fuse_wish whole(const char *id)
{
    const bool is_c2 = strcmp(id, "esp32c2") == 0;
    const bool no_boot = strcmp(id, "esp32c61") == 0 || strcmp(id, "esp32h4") == 0;
    struct fuse_wish w = signed_only();
    if (no_boot)
        w = (struct fuse_wish){ .jtag = FUSE_JTAG_OFF };
    w.crypt = FUSE_CRYPT_RELEASE;
    w.download = strcmp(id, "esp32") == 0 ? FUSE_DOWNLOAD_NONE : FUSE_DOWNLOAD_SECURE;
    add_key(&w, FUSE_KEY_FLASH, is_c2 ? 16 : 32, 0);
    w.use_mac = FUSE_MAC_GIVEN;
    memcpy(w.mac, "\x02\x12\x34\x56\x78\x9a", 6);
    return w;
}

static bool make(const struct fuse_set *set, const char *name, const struct fuse_words *words,
                 const struct fuse_wish *w)
{
    memset(&e, 0, sizeof e);
    return fuse_plan_make(set, name, FUSE_NEWEST, words, w, &plan, &e);
}

/* ---- What a chip does ---- */

/* Bits come, none go; what is hidden reads as zeros. */
static void burn(const struct fuse_set *set, struct fuse_words *words, const struct fuse_burn *b)
{
    for (size_t i = 0; i < FUSE_WORDS_MAX; i++)
        words->word[b->block][i] |= b->word[i];
    const struct fuse_field *rd = fuse_by_name(set, 0, "RD_DIS");
    const uint32_t hidden = fuse_value(words, rd);
    for (const struct fuse_field *f = set->fields; f->name; f++) {
        const bool halves = set->block_count == 4 && rd->bits == 2;
        if (f->hide_bit == FUSE_NO_BIT || f->bits != 256)
            continue;
        if (hidden >> f->hide_bit & 1)
            memset(words->word[f->block], 0, halves ? 16 : 32);
        if (halves && hidden & 2)
            memset(words->word[f->block] + 4, 0, 16);
    }
}

static void burn_steps(struct fuse_words *words, unsigned from, unsigned behind)
{
    for (unsigned step = from; step < behind; step++) {
        struct fuse_burn b;
        fuse_plan_step(&plan, step, &b);
        burn(plan.set, words, &b);
    }
}

/* ---- Plans as text ---- */

static const char *render(void)
{
    static char text[4000];
    size_t at = 0;
    unsigned step = 0;
    text[0] = '\0';
    for (size_t i = 0; i < plan.count; i++) {
        const struct fuse_item *item = &plan.items[i];
        if (item->done)
            continue;
        if (item->step != step)
            at += (size_t)snprintf(text + at, sizeof text - at, "%s%s:", at ? "\n" : "",
                                   fuse_stage_word(item->stage));
        step = item->step;
        at += (size_t)snprintf(text + at, sizeof text - at, " %s", item->field->name);
        if (item->field->bits <= 32)
            at += (size_t)snprintf(text + at, sizeof text - at, "=%X", item->value);
    }
    return text;
}

static const struct fuse_words blank;

static const struct {
    const char *id;
    const char *text;
} wholes[] = {
    { "esp32", "keys: BLOCK1\n"
               "hide: RD_DIS=1 WR_DIS=80\n"
               "digests: BLOCK2\n"
               "seal: WR_DIS=100\n"
               "identity: CUSTOM_MAC\n"
               "close: CONSOLE_DEBUG_DISABLE=1 DISABLE_DL_CACHE=1 DISABLE_DL_DECRYPT=1 "
               "DISABLE_DL_ENCRYPT=1 FLASH_CRYPT_CONFIG=F JTAG_DISABLE=1\n"
               "enable: ABS_DONE_1=1 FLASH_CRYPT_CNT=7F\n"
               "lock: WR_DIS=1 WR_DIS=8\n"
               "loader: UART_DOWNLOAD_DIS=1" },
    { "esp32c3", "keys: BLOCK_KEY1\n"
                 "purposes: KEY_PURPOSE_1=4\n"
                 "hide: RD_DIS=2 WR_DIS=200 WR_DIS=1000000\n"
                 "digests: BLOCK_KEY0\n"
                 "slots: KEY_PURPOSE_0=9\n"
                 "seal: WR_DIS=100 WR_DIS=800000\n"
                 "revoke: SECURE_BOOT_KEY_REVOKE1=1 SECURE_BOOT_KEY_REVOKE2=1\n"
                 "identity: CUSTOM_MAC\n"
                 "close: DIS_DIRECT_BOOT=1 DIS_DOWNLOAD_ICACHE=1 DIS_DOWNLOAD_MANUAL_ENCRYPT=1 "
                 "DIS_PAD_JTAG=1 DIS_USB_JTAG=1\n"
                 "enable: SECURE_BOOT_EN=1 SPI_BOOT_CRYPT_CNT=7\n"
                 "lock: WR_DIS=1 WR_DIS=4\n"
                 "loader: ENABLE_SECURITY_DOWNLOAD=1" },
    { "esp32c2", "keys: BLOCK_KEY0\n"
                 "hide: RD_DIS=1 WR_DIS=80\n"
                 "identity: CUSTOM_MAC\n"
                 "identity: CUSTOM_MAC_USED=1\n"
                 "close: DIS_DIRECT_BOOT=1 DIS_DOWNLOAD_ICACHE=1 DIS_DOWNLOAD_MANUAL_ENCRYPT=1 "
                 "DIS_PAD_JTAG=1\n"
                 "enable: SECURE_BOOT_EN=1 SPI_BOOT_CRYPT_CNT=7\n"
                 "lock: WR_DIS=1 WR_DIS=4\n"
                 "loader: ENABLE_SECURITY_DOWNLOAD=1" },
    { "esp32s2", "keys: BLOCK_KEY1\n"
                 "purposes: KEY_PURPOSE_1=4\n"
                 "hide: RD_DIS=2 WR_DIS=200 WR_DIS=1000000\n"
                 "digests: BLOCK_KEY0\n"
                 "slots: KEY_PURPOSE_0=9\n"
                 "seal: WR_DIS=100 WR_DIS=800000\n"
                 "revoke: SECURE_BOOT_KEY_REVOKE1=1 SECURE_BOOT_KEY_REVOKE2=1\n"
                 "identity: CUSTOM_MAC\n"
                 "close: DIS_BOOT_REMAP=1 DIS_DOWNLOAD_DCACHE=1 DIS_DOWNLOAD_ICACHE=1 "
                 "DIS_DOWNLOAD_MANUAL_ENCRYPT=1 DIS_LEGACY_SPI_BOOT=1 HARD_DIS_JTAG=1\n"
                 "enable: SECURE_BOOT_EN=1 SPI_BOOT_CRYPT_CNT=7\n"
                 "lock: WR_DIS=1 WR_DIS=4\n"
                 "loader: ENABLE_SECURITY_DOWNLOAD=1" },
    { "esp32c61", "keys: BLOCK_KEY0\n"
                  "purposes: KEY_PURPOSE_0=4\n"
                  "hide: RD_DIS=1 WR_DIS=100 WR_DIS=800000\n"
                  "identity: CUSTOM_MAC\n"
                  "close: DIS_DIRECT_BOOT=1 DIS_DOWNLOAD_MANUAL_ENCRYPT=1 DIS_PAD_JTAG=1 "
                  "DIS_USB_JTAG=1 SPI_DOWNLOAD_MSPI_DIS=1 XTS_DPA_PSEUDO_LEVEL=1\n"
                  "enable: SPI_BOOT_CRYPT_CNT=7\n"
                  "lock: WR_DIS=4\n"
                  "loader: ENABLE_SECURITY_DOWNLOAD=1" },
    { "esp32p4", "keys: BLOCK_KEY1\n"
                 "purposes: KEY_PURPOSE_1=4\n"
                 "hide: RD_DIS=2 WR_DIS=200 WR_DIS=1000000\n"
                 "digests: BLOCK_KEY0\n"
                 "slots: KEY_PURPOSE_0=9\n"
                 "seal: WR_DIS=100 WR_DIS=800000\n"
                 "revoke: SECURE_BOOT_KEY_REVOKE1=1 SECURE_BOOT_KEY_REVOKE2=1\n"
                 "identity: CUSTOM_MAC\n"
                 "close: DIS_DIRECT_BOOT=1 DIS_DOWNLOAD_MANUAL_ENCRYPT=1 DIS_PAD_JTAG=1 "
                 "DIS_USB_JTAG=1 SPI_DOWNLOAD_MSPI_DIS=1 XTS_DPA_PSEUDO_LEVEL=1\n"
                 "enable: SECURE_BOOT_EN=1 SPI_BOOT_CRYPT_CNT=7\n"
                 "lock: WR_DIS=1\n"
                 "loader: ENABLE_SECURITY_DOWNLOAD=1" },
};

static void each_family_has_its_order(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(wholes); i++) {
        const struct chip *chip = chip_by_name(wholes[i].id);
        const struct fuse_wish w = whole(wholes[i].id);
        assert_ok(make(chip_fuses(chip, FUSE_NEWEST), chip->name, &blank, &w), &e);
        if (strcmp(render(), wholes[i].text) != 0)
            fail_msg("%s:\n%s\n  instead of\n%s", chip->name, render(), wholes[i].text);
        assert_int_equal(plan.board, FUSE_BOARD_BLANK);
        assert_string_equal(fuse_stage_word(plan.items[plan.count - 1].stage), "loader");
    }
}

/* Every other bit of a block, as a lost supply leaves it. */
static void burn_half(struct fuse_words *words, unsigned step)
{
    struct fuse_burn b;
    fuse_plan_step(&plan, step, &b);
    for (size_t i = 0; i < FUSE_WORDS_MAX; i++)
        words->word[b.block][i] |= b.word[i] & 0x55555555;
}

/* The chip, and a place: the burns before it have happened, and then the power went. */
static void check_taken_up(const struct chip *chip, const struct fuse_set *set, unsigned place)
{
    struct fuse_words words = blank;
    struct fuse_wish w = whole(chip->id_name);
    assert_ok(make(set, chip->name, &blank, &w), &e);
    const unsigned steps = plan.steps;
    if (place > steps)
        return;
    burn_steps(&words, 1, place + 1);
    w.begun_here = true;
    if (!make(set, chip->name, &words, &w))
        fail_msg("%s, after %u steps: %s", chip->name, place, e.what);
    if (plan.steps != steps - place)
        fail_msg("%s: after %u of %u steps %u are left:\n%s", chip->name, place, steps, plan.steps,
                 render());
    burn_steps(&words, 1, plan.steps + 1);
    w.begun_here = false;
    assert_ok(make(set, chip->name, &words, &w), &e);
    assert_int_equal(plan.board, FUSE_BOARD_DONE);
    assert_int_equal(plan.steps, 0);
    assert_true(plan.hidden_unproved); /* its key reads as zeros */
}

static void a_board_is_taken_up_behind_each_burn_and_then_has_nothing_left(void **state)
{
    (void)state;
    size_t chips = 0;
    for (size_t i = 0; i < chip_count(); i++) {
        const struct fuse_set *set = chip_fuses(chip_at(i), FUSE_NEWEST);
        const struct fuse_rules *rules = set ? fuse_rules_of(set) : NULL;
        chips += rules && !rules->missing;
        for (unsigned place = 0; rules && !rules->missing && place < 16; place++)
            check_taken_up(chip_at(i), set, place);
    }
    assert_int_equal(chips, 13);
}

/* The same within the burn: what is in block 0 counts bit by bit. */
static void check_taken_up_within(const struct chip *chip, const struct fuse_set *set,
                                  unsigned place)
{
    struct fuse_words words = blank;
    struct fuse_wish w = whole(chip->id_name);
    struct fuse_burn b;
    assert_ok(make(set, chip->name, &blank, &w), &e);
    const unsigned steps = plan.steps;
    if (place >= steps)
        return;
    fuse_plan_step(&plan, place + 1, &b);
    if (b.block != 0)
        return;
    burn_steps(&words, 1, place + 1);
    burn_half(&words, place + 1);
    w.begun_here = true;
    if (!make(set, chip->name, &words, &w))
        fail_msg("%s, within step %u of %u: %s", chip->name, place + 1, steps, e.what);
    assert_in_range(plan.steps, steps - place - 1, steps - place);
    burn_steps(&words, 1, plan.steps + 1);
    w.begun_here = false;
    assert_ok(make(set, chip->name, &words, &w), &e);
    assert_int_equal(plan.board, FUSE_BOARD_DONE);
}

static void a_board_is_taken_up_within_each_burn_of_block_0(void **state)
{
    (void)state;
    for (size_t i = 0; i < chip_count(); i++) {
        const struct fuse_set *set = chip_fuses(chip_at(i), FUSE_NEWEST);
        const struct fuse_rules *rules = set ? fuse_rules_of(set) : NULL;
        for (unsigned place = 0; rules && !rules->missing && place < 16; place++)
            check_taken_up_within(chip_at(i), set, place);
    }
}

/* Nobody knows whose a hidden key is: with something left to burn, only the record may say so. */
static void a_hidden_key_is_nobodys_while_something_is_missing(void **state)
{
    struct fuse_words words = blank;
    struct fuse_wish w = whole("esp32c3");
    (void)state;
    assert_ok(make(&fuses_esp32c3, "ESP32-C3", &blank, &w), &e);
    burn_steps(&words, 1, 3);
    assert_ok(make(&fuses_esp32c3, "ESP32-C3", &words, &w), &e); /* readable, and the recipe's */
    assert_int_equal(plan.board, FUSE_BOARD_BEGUN);
    burn_steps(&words, 1, 2);
    assert_code(make(&fuses_esp32c3, "ESP32-C3", &words, &w), &e, ERR_SECURED);
    assert_has(e.what, "nothing proves");
}

/* Who burns judges each step once more, with rules of its own: all of a plan must be allowed. */
static void the_burner_takes_each_plan(void **state)
{
    (void)state;
    for (size_t i = 0; i < chip_count(); i++) {
        const struct fuse_set *set = chip_fuses(chip_at(i), FUSE_NEWEST);
        const struct fuse_rules *rules = set ? fuse_rules_of(set) : NULL;
        struct fuse_words words = blank;
        if (!rules || rules->missing)
            continue;
        const struct fuse_wish w = whole(chip_at(i)->id_name);
        assert_ok(make(set, chip_at(i)->name, &blank, &w), &e);
        for (unsigned step = 1; step <= plan.steps; step++) {
            struct fuse_burn b;
            bool missing = false;
            fuse_plan_step(&plan, step, &b);
            if (!fuse_burn_check(set, FUSE_NEWEST, &words, &b, &missing, &e) || !missing)
                fail_msg("%s, step %u of\n%s\n%s", chip_at(i)->name, step, render(), e.what);
            fuse_burn_apply(set, &words, &b);
        }
        assert_ok(make(set, chip_at(i)->name, &words, &w), &e);
        assert_int_equal(plan.board, FUSE_BOARD_DONE);
    }
}

/* ---- The very bits ---- */

static uint32_t word_of(unsigned step, unsigned word)
{
    struct fuse_burn b;
    fuse_plan_step(&plan, step, &b);
    return b.word[word];
}

/* As espefuse 5.3.1 burns them, each from its traces. */
static void the_bits_are_those_of_espefuse(void **state)
{
    struct fuse_wish w = { .crypt = FUSE_CRYPT_DEVELOPMENT };
    (void)state;
    add_key(&w, FUSE_KEY_FLASH, 32, 0);
    assert_ok(make(&fuses_esp32c3, "ESP32-C3", &blank, &w), &e);
    static const uint32_t key[] = { 0x1C1D1E1F, 0x18191A1B, 0x14151617, 0x10111213,
                                    0x0C0D0E0F, 0x08090A0B, 0x04050607, 0x00010203 };
    for (unsigned i = 0; i < 8; i++)
        assert_int_equal(word_of(1, i), key[i]);
    assert_int_equal(word_of(2, 2), 0x04000000);
    assert_int_equal(word_of(3, 0), 0x00800100);
    assert_int_equal(word_of(3, 1), 0x00000001);

    w = whole("esp32c2"); /* 16 bytes of the flash's key below, 16 of the digest above */
    assert_ok(make(&fuses_esp32c2, "ESP32-C2", &blank, &w), &e);
    static const uint32_t both[] = { 0x0C0D0E0F, 0x08090A0B, 0x04050607, 0x00010203,
                                     0x83828180, 0x87868584, 0x8B8A8988, 0x8F8E8D8C };
    for (unsigned i = 0; i < 8; i++)
        assert_int_equal(word_of(1, i), both[i]);
    assert_int_equal(word_of(2, 0), 0x80);
    assert_int_equal(word_of(2, 1), 0x1);
    assert_int_equal(word_of(3, 0), 0x56341202);
    assert_int_equal(word_of(3, 1), 0x00009A78);
}

static void the_macs_are_those_of_espefuse(void **state)
{
    struct fuse_wish w = { .use_mac = FUSE_MAC_GIVEN };
    (void)state;
    memcpy(w.mac, "\x02\x12\x34\x56\x78\x9a", 6);
    assert_ok(make(&fuses_esp32, "ESP32", &blank, &w), &e);
    assert_int_equal(word_of(1, 0), 0x341202D2);
    assert_int_equal(word_of(1, 1), 0x009A7856);
    assert_int_equal(word_of(1, 5), 0x01000000);
    assert_ok(make(&fuses_esp32h2, "ESP32-H2", &blank, &w), &e);
    assert_int_equal(word_of(1, 6), 0x34120200);
    assert_int_equal(word_of(1, 7), 0x009A7856);
    w.mac[0] = 3;
    assert_code(make(&fuses_esp32h2, "ESP32-H2", &blank, &w), &e, ERR_USAGE);
}

/* fe512.bin: bytes 0 to 31 are the first half, and each half is turned. */
static void a_long_key_takes_two_blocks(void **state)
{
    struct fuse_wish w = { .crypt = FUSE_CRYPT_DEVELOPMENT };
    (void)state;
    add_key(&w, FUSE_KEY_FLASH, 64, 0);
    assert_ok(make(&fuses_esp32s3, "ESP32-S3", &blank, &w), &e);
    assert_has(render(), "keys: BLOCK_KEY1\nkeys: BLOCK_KEY0\npurposes: KEY_PURPOSE_0=2 "
                         "KEY_PURPOSE_1=3");
    assert_int_equal(word_of(1, 0), 0x3C3D3E3F); /* the highest block first */
    assert_int_equal(word_of(2, 0), 0x1C1D1E1F);
    assert_code(make(&fuses_esp32c3, "ESP32-C3", &blank, &w), &e, ERR_USAGE);
    w.keys[0].block = 5;
    assert_code(make(&fuses_esp32s3, "ESP32-S3", &blank, &w), &e, ERR_USAGE);
    assert_has(e.what, "KEY5");
}

/* p256.pem: the bytes that espefuse burns for ECDSA_KEY, and the fuse that early silicon has. */
static void a_key_of_ecdsa_is_that_of_espefuse(void **state)
{
    static const uint32_t words[] = { 0xFD3088D2, 0xDA49A8C5, 0xBF156E88, 0xEEA7B3F3,
                                      0x338130CE, 0xB352DB2E, 0x7FCE16F7, 0x07E60A70 };
    struct fuse_wish w = { .key_count = 0 };
    uint8_t pem[512];
    (void)state;
    FILE *f = fopen("tests/data/security/p256.pem", "rb");
    assert_non_null(f);
    const size_t n = fread(pem, 1, sizeof pem, f);
    fclose(f);
    add_key(&w, FUSE_KEY_ECDSA, 32, 0);
    assert_null(sign_scalar_of_private(pem, n, w.keys[0].bytes));
    assert_ok(make(&fuses_esp32h2, "ESP32-H2", &blank, &w), &e);
    assert_has(render(), "keys: BLOCK_KEY0\npurposes: KEY_PURPOSE_0=1\nhide: RD_DIS=1 WR_DIS=");
    for (unsigned i = 0; i < 8; i++)
        assert_int_equal(word_of(1, i), words[i]);
    assert_null(strstr(render(), "HARDWARE_K"));
    assert_ok(fuse_plan_make(&fuses_esp32h2, "ESP32-H2", 101, &blank, &w, &plan, &e), &e);
    assert_has(render(), "close: ECDSA_FORCE_USE_HARDWARE_K=1");
    w.keys[0].block = 5;
    assert_code(make(&fuses_esp32h2, "ESP32-H2", &blank, &w), &e, ERR_USAGE);
    assert_has(e.what, "KEY5");
}

static void a_key_that_the_chip_has_no_use_for_is_refused(void **state)
{
    static const struct {
        const struct fuse_set *set;
        const char *name;
        enum fuse_key_use use;
        const char *says;
    } rows[] = {
        { &fuses_esp32c61, "ESP32-C61", FUSE_KEY_HMAC_UP, "no HMAC" },
        { &fuses_esp32h21, "ESP32-H21", FUSE_KEY_DS, "no source says" },
        { &fuses_esp32h4, "ESP32-H4", FUSE_KEY_DS, "no source says" },
        { &fuses_esp32c3, "ESP32-C3", FUSE_KEY_ECDSA, "no place" },
        { &fuses_esp32, "ESP32", FUSE_KEY_DS, "no place" },
        { &fuses_esp32c2, "ESP32-C2", FUSE_KEY_HMAC_UP, "no place" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct fuse_wish w = { .key_count = 0 };
        add_key(&w, rows[i].use, 32, 0x40);
        assert_code(make(rows[i].set, rows[i].name, &blank, &w), &e, ERR_USAGE);
        assert_has(e.what, rows[i].says);
    }
}

static void a_key_of_24_bytes_is_the_34_coding_s(void **state)
{
    struct fuse_wish w = { .crypt = FUSE_CRYPT_RELEASE };
    struct fuse_words coded = blank;
    struct fuse_burn b;
    (void)state;
    add_key(&w, FUSE_KEY_FLASH, 24, 0);
    coded.word[0][6] = 1;
    assert_true(fuse_plan_make(&fuses_esp32, "ESP32", 300, &coded, &w, &plan, &e));
    fuse_plan_step(&plan, 1, &b);
    assert_int_equal(b.count, 6);
    assert_int_equal(b.word[0], 0x14151617);
    assert_int_equal(b.word[5], 0x00010203);
    assert_code(fuse_plan_make(&fuses_esp32, "ESP32", 300, &blank, &w, &plan, &e), &e, ERR_SECURED);
    w.keys[0].count = 32;
    assert_code(fuse_plan_make(&fuses_esp32, "ESP32", 300, &coded, &w, &plan, &e), &e, ERR_SECURED);
}

static void the_first_secure_boot_hides_its_key(void **state)
{
    struct fuse_wish w = { .boot = FUSE_BOOT_V1 };
    (void)state;
    add_key(&w, FUSE_KEY_BOOT_V1, 32, 0);
    assert_ok(make(&fuses_esp32, "ESP32", &blank, &w), &e);
    assert_has(render(), "keys: BLOCK2\nhide: RD_DIS=2 WR_DIS=100\n");
    assert_has(render(), "enable: ABS_DONE_0=1");
    assert_int_equal(word_of(1, 0), 0x1C1D1E1F);
}

/* ---- Refused by the chip ---- */

static void what_a_chip_cannot_have_is_refused(void **state)
{
    struct fuse_wish w = signed_only();
    (void)state;
    assert_code(make(&fuses_esp32c61, "ESP32-C61", &blank, &w), &e, ERR_USAGE);
    assert_code(make(&fuses_esp32h4, "ESP32-H4", &blank, &w), &e, ERR_USAGE);
    assert_code(make(&fuses_esp32e22, "ESP32-E22", &blank, &w), &e, ERR_USAGE);
    assert_has(e.what, "no source");
    assert_code(fuse_plan_make(&fuses_esp32, "ESP32", 100, &blank, &w, &plan, &e), &e, ERR_SECURED);
    assert_code(fuse_plan_make(&fuses_esp32c3, "ESP32-C3", 2, &blank, &w, &plan, &e), &e,
                ERR_SECURED);
    w.schemes = FUSE_SIGNED_P256;
    assert_code(make(&fuses_esp32s3, "ESP32-S3", &blank, &w), &e, ERR_USAGE);
    assert_ok(make(&fuses_esp32c6, "ESP32-C6", &blank, &w), &e);
    w.schemes = FUSE_SIGNED_P256 | FUSE_SIGNED_RSA;
    assert_code(make(&fuses_esp32c6, "ESP32-C6", &blank, &w), &e, ERR_USAGE);
    assert_has(e.what, "several");
}

static void keys_that_do_not_fit_the_wish_are_refused(void **state)
{
    struct fuse_wish w = signed_only();
    (void)state;
    w.keys[0].slot = 1;
    assert_code(make(&fuses_esp32c3, "ESP32-C3", &blank, &w), &e, ERR_USAGE);
    assert_has(e.what, "filled in order");
    w.keys[0].slot = 0;
    add_key(&w, FUSE_KEY_DIGEST, 32, 1);
    assert_code(make(&fuses_esp32c3, "ESP32-C3", &blank, &w), &e, ERR_USAGE);
    w = (struct fuse_wish){ .boot = FUSE_BOOT_V2 };
    assert_code(make(&fuses_esp32c3, "ESP32-C3", &blank, &w), &e, ERR_USAGE);
    w = (struct fuse_wish){ .crypt = FUSE_CRYPT_RELEASE };
    assert_code(make(&fuses_esp32c3, "ESP32-C3", &blank, &w), &e, ERR_USAGE);
    w = whole("esp32c3"); /* 32 bytes leave no room for a digest */
    assert_code(make(&fuses_esp32c2, "ESP32-C2", &blank, &w), &e, ERR_USAGE);
    w = (struct fuse_wish){ .jtag = FUSE_JTAG_SOFT };
    assert_code(make(&fuses_esp32c3, "ESP32-C3", &blank, &w), &e, ERR_USAGE);
    add_key(&w, FUSE_KEY_HMAC_JTAG, 32, 0);
    assert_ok(make(&fuses_esp32c3, "ESP32-C3", &blank, &w), &e);
    assert_has(render(), "SOFT_DIS_JTAG=7");
    assert_code(make(&fuses_esp32c2, "ESP32-C2", &blank, &w), &e, ERR_USAGE);
}

static void fuses_by_name_are_those_that_do_no_harm(void **state)
{
    struct fuse_wish w = { .fuse_count = 1 };
    static const char *const refused[] = { "SECURE_BOOT_EN", "WR_DIS",     "KEY_PURPOSE_0",
                                           "VDD_SPI_FORCE",  "BLOCK_KEY0", "NO_SUCH" };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        w.fuses[0].name = refused[i];
        w.fuses[0].value = 1;
        assert_code(make(&fuses_esp32s3, "ESP32-S3", &blank, &w), &e, ERR_USAGE);
    }
    w.fuses[0].name = "WDT_DELAY_SEL";
    w.fuses[0].value = 4;
    assert_code(make(&fuses_esp32s3, "ESP32-S3", &blank, &w), &e, ERR_USAGE);
    w.fuses[0].value = 3;
    assert_ok(make(&fuses_esp32s3, "ESP32-S3", &blank, &w), &e);
    w.fuses[0].name = "DIS_USB_SERIAL_JTAG"; /* with DIS_USB_JTAG it stops that ROM */
    w.fuses[0].value = 1;
    w.jtag = FUSE_JTAG_OFF;
    assert_code(make(&fuses_esp32s3, "ESP32-S3", &blank, &w), &e, ERR_USAGE);
    assert_ok(make(&fuses_esp32c3, "ESP32-C3", &blank, &w), &e);
}

/* On the ESP32 the lock of the count is that of what comes last. */
static void a_lock_may_not_come_before_what_it_locks(void **state)
{
    struct fuse_wish w = whole("esp32");
    (void)state;
    w.locks[w.lock_count++] = "FLASH_CRYPT_CNT";
    assert_code(make(&fuses_esp32, "ESP32", &blank, &w), &e, ERR_USAGE);
    assert_has(e.what, "UART_DOWNLOAD_DIS");
    w.download = FUSE_DOWNLOAD_OPEN;
    assert_ok(make(&fuses_esp32, "ESP32", &blank, &w), &e);
    char loss[FUSE_LOSS_CAP];
    for (size_t i = 0; i < plan.count; i++) {
        if (plan.items[i].stage == FUSE_STAGE_LOCK && plan.items[i].value == 4) {
            fuse_item_loss(&plan, &plan.items[i], loss);
            assert_string_equal(loss, "nothing more in: FLASH_CRYPT_CNT, UART_DOWNLOAD_DIS");
        }
    }
}

/* ---- Refused by the board ---- */

struct strange {
    const char *field; /* burnt to `value` before */
    uint32_t value;
    const char *says;
};

/* On an ESP32-C3, for a recipe with everything. */
static const struct strange stranges[] = {
    { "BLOCK_KEY3", 1, "KEY3" },
    { "RD_DIS", 8, "KEY3" },
    { "KEY_PURPOSE_2", 9, "KEY2" }, /* a foreign digest would be trusted */
    { "KEY_PURPOSE_4", 4, "KEY4" }, /* it is for the flash's key, and blank */
    { "SPI_BOOT_CRYPT_CNT", 3, "SPI_BOOT_CRYPT_CNT" },
    { "SPI_BOOT_CRYPT_CNT", 7, "another order" },
    { "SECURE_BOOT_EN", 1, "another order" },
    { "SECURE_BOOT_KEY_REVOKE0", 1, "Slot 0" },
    { "WR_DIS", 1, "RD_DIS" }, /* the flash's key could never be hidden */
    { "WR_DIS", 1 << 2, "locked" },
    { "WR_DIS", 1 << 15, "SECURE_BOOT_EN" },
    { "BLOCK_USR_DATA", 1, "MAC" },
    { "CUSTOM_MAC", 1, "MAC" },
};

static void put(const struct fuse_set *set, struct fuse_words *words, const char *name,
                uint32_t value)
{
    const struct fuse_field *f = fuse_by_name(set, 0, name);
    assert_non_null(f);
    for (unsigned i = 0; i < 32 && i < f->bits; i++) {
        const unsigned at = f->bit + i;
        words->word[f->block][f->word + at / 32] |= (value >> i & 1) << at % 32;
    }
}

static void a_strange_board_is_refused(void **state)
{
    const struct fuse_wish w = whole("esp32c3");
    (void)state;
    for (size_t i = 0; i < COUNT_OF(stranges); i++) {
        struct fuse_words words = blank;
        put(&fuses_esp32c3, &words, stranges[i].field, stranges[i].value);
        if (make(&fuses_esp32c3, "ESP32-C3", &words, &w))
            fail_msg("%s=%X is taken", stranges[i].field, stranges[i].value);
        assert_int_equal(e.code, ERR_SECURED);
        assert_has(e.what, stranges[i].says);
    }
}

/* Without a coding each bit counts for itself. */
static void a_half_burnt_digest_of_the_esp32_is_burnt_to_its_end(void **state)
{
    struct fuse_wish w = signed_only();
    struct fuse_words words = blank;
    struct fuse_burn b;
    bool missing = false;
    (void)state;
    assert_ok(make(&fuses_esp32, "ESP32", &blank, &w), &e);
    const unsigned steps = plan.steps;
    burn_half(&words, 1);
    assert_ok(make(&fuses_esp32, "ESP32", &words, &w), &e);
    assert_int_equal(plan.board, FUSE_BOARD_BEGUN);
    assert_int_equal(plan.steps, steps);
    fuse_plan_step(&plan, 1, &b);
    assert_int_equal(b.block, 2);
    assert_ok(fuse_burn_check(&fuses_esp32, FUSE_NEWEST, &words, &b, &missing, &e), &e);
    assert_true(missing);
    burn_steps(&words, 1, plan.steps + 1);
    assert_ok(make(&fuses_esp32, "ESP32", &words, &w), &e);
    assert_int_equal(plan.board, FUSE_BOARD_DONE);
}

static void a_half_burnt_digest_with_one_bit_too_many_or_a_lock_is_refused(void **state)
{
    struct fuse_wish w = signed_only();
    struct fuse_words words = blank;
    struct fuse_burn b;
    (void)state;
    assert_ok(make(&fuses_esp32, "ESP32", &blank, &w), &e);
    burn_half(&words, 1);
    fuse_plan_step(&plan, 1, &b);
    struct fuse_words locked = words;
    put(&fuses_esp32, &locked, "WR_DIS", 1 << 8);
    assert_code(make(&fuses_esp32, "ESP32", &locked, &w), &e, ERR_SECURED);
    assert_has(e.what, "is locked");
    assert_int_equal(b.word[0] & 1, 0);
    words.word[2][0] |= 1;
    assert_code(make(&fuses_esp32, "ESP32", &words, &w), &e, ERR_SECURED);
    assert_has(e.what, "another one's");
    assert_code(fuse_burn_check(&fuses_esp32, FUSE_NEWEST, &words, &b, NULL, &e), &e, ERR_SECURED);
}

/* A check covers a unit or a block, and is burnt with it. */
static void a_half_burnt_block_with_a_coding_is_lost(void **state)
{
    struct fuse_wish w = { .crypt = FUSE_CRYPT_RELEASE };
    struct fuse_words coded = blank;
    (void)state;
    add_key(&w, FUSE_KEY_FLASH, 24, 0);
    coded.word[0][6] = 1;
    assert_ok(fuse_plan_make(&fuses_esp32, "ESP32", 300, &coded, &w, &plan, &e), &e);
    burn_half(&coded, 1);
    assert_code(fuse_plan_make(&fuses_esp32, "ESP32", 300, &coded, &w, &plan, &e), &e, ERR_SECURED);
    assert_has(e.what, "cut off");
    assert_has(e.what, "lost");
    w = whole("esp32c3");
    struct fuse_words words = blank;
    assert_ok(make(&fuses_esp32c3, "ESP32-C3", &blank, &w), &e);
    burn_half(&words, 1);
    assert_code(make(&fuses_esp32c3, "ESP32-C3", &words, &w), &e, ERR_SECURED);
    assert_has(e.what, "a part of the flash's key");
    assert_has(e.what, "lost");
}

static void what_nobody_wished_is_refused(void **state)
{
    const struct fuse_wish nothing = { .jtag = FUSE_JTAG_OFF };
    static const struct strange boards[] = {
        { "SECURE_BOOT_EN", 1, "Secure boot is on" },
        { "SPI_BOOT_CRYPT_CNT", 3, "Flash encryption" },
        { "BLOCK_KEY0", 1, "KEY0" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(boards); i++) {
        struct fuse_words words = blank;
        put(&fuses_esp32c3, &words, boards[i].field, boards[i].value);
        assert_code(make(&fuses_esp32c3, "ESP32-C3", &words, &nothing), &e, ERR_SECURED);
        assert_has(e.what, boards[i].says);
    }
}

static void a_digest_that_is_not_the_key_s_is_refused(void **state)
{
    const struct fuse_wish w = signed_only();
    struct fuse_words words = blank;
    (void)state;
    assert_ok(make(&fuses_esp32c3, "ESP32-C3", &words, &w), &e);
    burn_steps(&words, 1, plan.steps + 1);
    assert_ok(make(&fuses_esp32c3, "ESP32-C3", &words, &w), &e);
    assert_int_equal(plan.board, FUSE_BOARD_DONE);
    assert_false(plan.hidden_unproved);
    words.word[4][0] ^= 1;
    assert_code(make(&fuses_esp32c3, "ESP32-C3", &words, &w), &e, ERR_SECURED);
    assert_has(e.what, "another key");
    words.word[4][0] ^= 1;
    put(&fuses_esp32c3, &words, "RD_DIS", 1);
    assert_code(make(&fuses_esp32c3, "ESP32-C3", &words, &w), &e, ERR_SECURED);
}

/* Where each board has its own, a key that somebody can read is somebody else's. */
static void a_board_s_own_key_has_no_bits_in_the_plan(void **state)
{
    struct fuse_wish w = { .crypt = FUSE_CRYPT_RELEASE };
    struct fuse_words words = blank;
    (void)state;
    add_key(&w, FUSE_KEY_FLASH, 32, 0);
    w.keys[0].made = true;
    assert_ok(make(&fuses_esp32, "ESP32", &blank, &w), &e);
    assert_true(plan.items[0].made && plan.items[0].secret);
    for (unsigned i = 0; i < 8; i++)
        assert_int_equal(word_of(1, i), 0);
    words.word[1][0] = 1;
    assert_code(make(&fuses_esp32, "ESP32", &words, &w), &e, ERR_SECURED);
}

/* The ESP32-C2's halves have one row of check bytes. */
static void half_a_block_of_the_c2_is_not_filled_up(void **state)
{
    struct fuse_wish w = whole("esp32c2");
    struct fuse_words words = blank;
    (void)state;
    put(&fuses_esp32c2, &words, "RD_DIS", 1);
    w.begun_here = true;
    assert_code(make(&fuses_esp32c2, "ESP32-C2", &words, &w), &e, ERR_SECURED);
    assert_has(e.what, "One half");
    put(&fuses_esp32c2, &words, "RD_DIS", 2); /* the digest, too */
    assert_code(make(&fuses_esp32c2, "ESP32-C2", &words, &w), &e, ERR_SECURED);
}

static void the_boot_is_looked_at_before_the_locks(void **state)
{
    struct fuse_wish w = whole("esp32c3");
    (void)state;
    w.uart_print = 3;
    w.aggressive = true;
    assert_ok(make(&fuses_esp32c3, "ESP32-C3", &blank, &w), &e);
    assert_has(render(), "after boot: SECURE_BOOT_AGGRESSIVE_REVOKE=1 UART_PRINT_CONTROL=3\nlock");
    assert_int_equal(plan.after_boot, plan.steps - 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_family_has_its_order),
        cmocka_unit_test(a_board_is_taken_up_behind_each_burn_and_then_has_nothing_left),
        cmocka_unit_test(a_board_is_taken_up_within_each_burn_of_block_0),
        cmocka_unit_test(a_hidden_key_is_nobodys_while_something_is_missing),
        cmocka_unit_test(the_burner_takes_each_plan),
        cmocka_unit_test(the_bits_are_those_of_espefuse),
        cmocka_unit_test(the_macs_are_those_of_espefuse),
        cmocka_unit_test(a_long_key_takes_two_blocks),
        cmocka_unit_test(a_key_of_ecdsa_is_that_of_espefuse),
        cmocka_unit_test(a_key_that_the_chip_has_no_use_for_is_refused),
        cmocka_unit_test(a_key_of_24_bytes_is_the_34_coding_s),
        cmocka_unit_test(the_first_secure_boot_hides_its_key),
        cmocka_unit_test(what_a_chip_cannot_have_is_refused),
        cmocka_unit_test(keys_that_do_not_fit_the_wish_are_refused),
        cmocka_unit_test(fuses_by_name_are_those_that_do_no_harm),
        cmocka_unit_test(a_lock_may_not_come_before_what_it_locks),
        cmocka_unit_test(a_strange_board_is_refused),
        cmocka_unit_test(a_half_burnt_digest_of_the_esp32_is_burnt_to_its_end),
        cmocka_unit_test(a_half_burnt_digest_with_one_bit_too_many_or_a_lock_is_refused),
        cmocka_unit_test(a_half_burnt_block_with_a_coding_is_lost),
        cmocka_unit_test(what_nobody_wished_is_refused),
        cmocka_unit_test(a_digest_that_is_not_the_key_s_is_refused),
        cmocka_unit_test(a_board_s_own_key_has_no_bits_in_the_plan),
        cmocka_unit_test(half_a_block_of_the_c2_is_not_filled_up),
        cmocka_unit_test(the_boot_is_looked_at_before_the_locks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
