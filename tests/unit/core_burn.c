/*
 * Burning fuses: what is refused before a chip is touched, on each family, and what is known of a
 * board when a burn goes wrong. The virtual boards' own look at their fuses is the judge.
 */
#include "tests/unit/burn_bench.h"

#include "core/base/embedded.h"
#include "core/fuses/fuse_list.h"

/* Each chip that can be burnt, one of its key blocks, and a fuse of block 0. */
static const struct family {
    const char *chip;
    int revision;
    uint8_t crystal_mhz, key_block;
    const char *fuse;
} families[] = {
    { "esp32", 300, 40, 1, "JTAG_DISABLE" },        { "esp32", 300, 26, 2, "JTAG_DISABLE" },
    { "esp32s2", -1, 0, 4, "DIS_LEGACY_SPI_BOOT" }, { "esp32s3", -1, 0, 9, "DIS_DIRECT_BOOT" },
    { "esp32c2", -1, 26, 3, "DIS_DIRECT_BOOT" },    { "esp32c2", -1, 40, 3, "DIS_PAD_JTAG" },
    { "esp32c3", -1, 0, 5, "DIS_DIRECT_BOOT" },     { "esp32c5", -1, 40, 6, "DIS_DIRECT_BOOT" },
    { "esp32c5", -1, 48, 7, "DIS_DIRECT_BOOT" },    { "esp32c6", -1, 0, 8, "DIS_DIRECT_BOOT" },
    { "esp32c61", -1, 0, 9, "DIS_DIRECT_BOOT" },    { "esp32h2", -1, 0, 4, "DIS_DIRECT_BOOT" },
    { "esp32h21", -1, 0, 5, "DIS_DIRECT_BOOT" },    { "esp32h4", -1, 0, 6, "DIS_DIRECT_BOOT" },
    { "esp32p4", 100, 0, 7, "DIS_DIRECT_BOOT" },    { "esp32p4", 300, 0, 8, "DIS_DIRECT_BOOT" },
    { "esp32s31", -1, 0, 8, "DIS_DIRECT_BOOT" },
};

static const struct fuse_words blank;

static bool may(const struct fuse_set *set, const struct fuse_words *words,
                const struct fuse_burn *burn, struct err *e)
{
    *e = (struct err){ 0 };
    return fuse_burn_check(set, 0, words, burn, NULL, e);
}

#define assert_refused(set, words, burn, part)                                                     \
    do {                                                                                           \
        struct err e_;                                                                             \
        assert_false(may((set), (words), (burn), &e_));                                            \
        assert_has(e_.what, (part));                                                               \
    } while (0)

static struct fuse_burn bits_of(const struct fuse_set *set, const char *name, uint32_t value)
{
    const struct bench b = { .set = set, .board = { .chip = chip_by_name("esp32c3") } };
    return burn_of(&b, name, value);
}

/* ---- Coding ---- */

/* The C3's mask ROM computes the same from these blocks. */
static void check_words_are_those_of_the_rom(void **state)
{
    static const struct {
        uint8_t first, step, zeros_from;
        uint32_t check[3];
    } rows[] = {
        { 0, 1, 32, { 0x0D474CA0, 0x03B2FC3F, 0x13F4E9DA } },
        { 31, 255, 32, { 0xAE7C7C06, 0x79D61C6D, 0xF2E11075 } },
        { 1, 1, 1, { 0x6E620FE1, 0xFBC5ECAF, 0x2F97E0C6 } },
        { 0, 0, 0, { 0, 0, 0 } },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        uint32_t data[8] = { 0 }, check[3];
        for (unsigned k = 0; k < rows[i].zeros_from; k++)
            data[k / 4] |= (uint32_t)(uint8_t)(rows[i].first + k * rows[i].step) << k % 4 * 8;
        fuse_rs_check(data, check);
        assert_memory_equal(check, rows[i].check, sizeof check);
    }
}

static void the_esp32s_coding_is_espefuses(void **state)
{
    static const uint32_t wanted[8] = { 0x14151617, 0x36011213, 0x0E0F1011, 0x37010C0D,
                                        0x08090A0B, 0x2C010607, 0x02030405, 0x13010001 };
    uint32_t data[6] = { 0 }, coded[8];
    (void)state;
    for (unsigned i = 0; i < 24; i++)
        data[i / 4] |= (23u - i) << i % 4 * 8;
    fuse_code_34(data, coded);
    assert_memory_equal(coded, wanted, sizeof coded);
}

/* ---- What is refused before a chip is touched ---- */

static void a_chip_without_a_fact_is_not_burnt(void **state)
{
    struct fuse_burn key = burn_key(4, 8, 1);
    struct err e = { 0 };
    (void)state;
    assert_refused(&fuses_esp32e22, &blank, &key, "no source says");
    assert_code(fuse_burner_check(&fuses_esp32e22, 40, &e), &e, ERR_USAGE);
    assert_code(fuse_burner_check(&fuses_esp32c3, 0, &e), &e, ERR_USAGE);
    assert_has(e.what, "crystal is not known");
    assert_code(fuse_burner_check(&fuses_esp32c3, 26, &e), &e, ERR_USAGE);
    assert_has(e.what, "26 MHz");
    assert_ok(fuse_burner_check(&fuses_esp32c5, 48, &e), &e);
}

static void a_key_goes_into_a_new_block_only(void **state)
{
    const struct fuse_set *set = &fuses_esp32c3;
    struct fuse_burn key = burn_key(4, 8, 1);
    struct err e;
    (void)state;
    assert_ok(may(set, &blank, &key, &e), &e);
    struct fuse_words used = blank;
    used.word[4][7] = 1;
    assert_refused(set, &used, &key, "is not blank");
    struct fuse_words hidden = blank;
    hidden.word[0][1] = 1;
    assert_refused(set, &hidden, &key, "is hidden");
    struct fuse_words locked = blank;
    locked.word[0][0] = 1u << 23;
    assert_refused(set, &locked, &key, "write-protected: bit 23");
    struct fuse_words named = blank;
    named.word[0][2] = 4u << 24;
    assert_refused(set, &named, &key, "has a purpose");
    struct fuse_words bad = { .errors = { 1u << 12, 0 } };
    assert_refused(set, &bad, &key, "coding errors");
}

static void what_is_burnt_already_needs_nothing(void **state)
{
    struct fuse_burn key = burn_key(4, 8, 1);
    struct fuse_words words = { .word = { { 0 } } };
    struct err e = { 0 };
    bool missing = true;
    (void)state;
    memcpy(words.word[4], key.word, sizeof key.word);
    words.word[0][0] = 1u << 23; /* and locked since */
    assert_ok(fuse_burn_check(&fuses_esp32c3, 4, &words, &key, &missing, &e), &e);
    assert_false(missing);
    words.word[4][0] &= ~1u;
    assert_false(may(&fuses_esp32c3, &words, &key, &e));
}

static void blocks_that_are_not_ours_stay(void **state)
{
    struct fuse_burn factory = burn_key(2, 8, 1), none = burn_key(12, 8, 1);
    struct fuse_burn long_one = burn_key(1, 4, 1), key0 = burn_key(0, 2, 1);
    struct fuse_burn as_bits = burn_key(4, 8, 1);
    (void)state;
    as_bits.kind = FUSE_BURN_BITS;
    assert_refused(&fuses_esp32c3, &blank, &factory, "chip maker's");
    assert_refused(&fuses_esp32c3, &blank, &none, "no block 12");
    assert_refused(&fuses_esp32c2, &blank, &long_one, "takes 3 words");
    assert_refused(&fuses_esp32c3, &blank, &key0, "holds no key");
    assert_refused(&fuses_esp32c3, &blank, &as_bits, "as a whole");
}

static void bits_without_a_name_and_locked_ones_stay(void **state)
{
    const struct fuse_set *set = &fuses_esp32c3;
    struct fuse_burn unknown = { .kind = FUSE_BURN_BITS, .count = 6 };
    struct fuse_burn cnt = bits_of(set, "SPI_BOOT_CRYPT_CNT", 7);
    struct fuse_words words = blank;
    struct err e;
    (void)state;
    unknown.word[5] = 1u << 31;
    assert_refused(set, &words, &unknown, "No fuse is known at bit 31 of word 5");
    assert_ok(may(set, &words, &cnt, &e), &e);
    words.word[0][0] = 1u << 4;
    assert_refused(set, &words, &cnt, "SPI_BOOT_CRYPT_CNT is write-protected");
    words.word[0][0] = 0;
    words.block0_errors[0] = 2;
    assert_refused(set, &words, &cnt, "coding errors already");
}

static void what_protects_and_what_closes_stands_alone(void **state)
{
    const struct fuse_set *set = &fuses_esp32c3;
    struct fuse_burn burn = bits_of(set, "WR_DIS", 1u << 8);
    const struct bench b = { .set = set };
    struct err e;
    (void)state;
    assert_ok(may(set, &blank, &burn, &e), &e);
    burn_name(&b, &burn, "DIS_DIRECT_BOOT", 1);
    assert_refused(set, &blank, &burn, "in a step of their own");
    burn = bits_of(set, "ENABLE_SECURITY_DOWNLOAD", 1);
    assert_ok(may(set, &blank, &burn, &e), &e);
    burn_name(&b, &burn, "DIS_DIRECT_BOOT", 1);
    assert_refused(set, &blank, &burn, "burnt alone");
    struct fuse_words words = blank;
    fuse_burn_apply(set, &words, &burn); /* burnt already: it stands in nobody's way */
    words.word[0][4] &= ~2u;
    assert_ok(may(set, &words, &burn, &e), &e);
}

static void digests_and_blank_blocks_are_never_hidden(void **state)
{
    const struct fuse_set *set = &fuses_esp32c3;
    struct fuse_burn hide = bits_of(set, "RD_DIS", 1);
    struct fuse_words words = blank;
    struct err e;
    (void)state;
    assert_refused(set, &words, &hide, "is blank");
    words.word[4][3] = 5;
    assert_ok(may(set, &words, &hide, &e), &e);
    words.word[0][2] = 10u << 24; /* SECURE_BOOT_DIGEST1 */
    assert_refused(set, &words, &hide, "digest of secure boot");
    words.word[0][2] = 4u << 24;
    words.errors[0] = 1u << 12;
    assert_refused(set, &words, &hide, "coding errors");
    struct fuse_burn upper = bits_of(&fuses_esp32c2, "RD_DIS", 2);
    struct fuse_words c2 = blank;
    c2.word[3][0] = 1;
    assert_refused(&fuses_esp32c2, &c2, &upper, "is blank");
    c2.word[3][4] = 1;
    assert_ok(may(&fuses_esp32c2, &c2, &upper, &e), &e);
    struct fuse_burn bit3 = bits_of(&fuses_esp32, "RD_DIS", 8);
    assert_refused(&fuses_esp32, &blank, &bit3, "what bit 3 of RD_DIS hides");
}

/* Units of six bytes are written once; other units of the block are not touched by that. */
static void the_esp32s_units_are_written_once(void **state)
{
    struct fuse_burn mac = { .block = 3, .kind = FUSE_BURN_BITS, .count = 6 };
    struct fuse_words words = blank;
    struct err e;
    (void)state;
    words.word[0][6] = 1; /* 3/4 */
    mac.word[0] = 0x341202D2;
    mac.word[1] = 0x009A7856;
    assert_ok(may(&fuses_esp32, &words, &mac, &e), &e);
    words.word[3][4] = 7u << 24; /* in the last unit */
    assert_ok(may(&fuses_esp32, &words, &mac, &e), &e);
    words.word[3][1] = 0x00010000;
    assert_refused(&fuses_esp32, &words, &mac, "Bytes 6 to 11");
    words.word[0][6] = 2;
    assert_refused(&fuses_esp32, &words, &mac, "repeat");
    words.word[0][6] = 0;
    assert_ok(may(&fuses_esp32, &words, &mac, &e), &e); /* bit by bit */
    struct fuse_burn key = burn_key(1, 8, 1);
    words.word[0][6] = 1;
    assert_refused(&fuses_esp32, &words, &key, "takes 6 words");
}

static void several_are_checked_one_upon_the_other(void **state)
{
    const struct fuse_set *set = &fuses_esp32c3;
    struct fuse_burn list[] = { burn_key(4, 8, 1), bits_of(set, "KEY_PURPOSE_0", 4),
                                bits_of(set, "RD_DIS", 1), bits_of(set, "WR_DIS", 1u << 23 | 1),
                                burn_key(4, 8, 9) };
    struct err e = { 0 };
    size_t at = 99;
    (void)state;
    assert_ok(fuse_burns_check(set, 4, &blank, list, 4, &at, &e), &e);
    assert_false(fuse_burns_check(set, 4, &blank, list, 5, &at, &e));
    assert_int_equal(at, 4);
    assert_false(fuse_burns_check(set, 4, &blank, list + 2, 1, &at, &e)); /* nothing to hide yet */
}

/* ---- Burning ---- */

static void assert_burnt(const struct bench *b, const struct fuse_burn *burn)
{
    for (unsigned i = 0; i < burn->count; i++)
        assert_int_equal(bench_fuse(b, burn->block, i) & burn->word[i], burn->word[i]);
}

/* Key, fuse, protection, and the same once more: nothing is burnt twice. */
static void provision(const struct family *f, bool stub)
{
    struct bench *b = bench_new(f->chip, f->revision, f->crystal_mhz);
    struct fuse_burn key = burn_key(f->key_block, 8, 0x40), fuse = burn_of(b, f->fuse, 1);
    struct fuse_burn hide = burn_of(b, "RD_DIS",
                                    strcmp(f->chip, "esp32c2") == 0 ? 3
                                    : f->key_block < 4              ? 1u << (f->key_block - 1)
                                                                    : 1u << (f->key_block - 4));
    const struct fuse_burn *const list[] = { &key, &fuse, &hide };
    if (stub)
        bench_stub(b);
    for (size_t i = 0; i < COUNT_OF(list); i++) {
        assert_outcome(b, bench_burn(b, list[i]), FUSE_BURNT);
        assert_burnt(b, list[i]);
    }
    uint64_t burns = chip_sim_fuse_burns(b->sim.sim);
    assert_int_equal(burns, 3);
    assert_int_equal(b->hasty_reads, 0);
    assert_outcome(b, bench_burn(b, &fuse), FUSE_BURNT);
    assert_outcome(b, bench_burn(b, &key), FUSE_NOT_BURNT); /* hidden now */
    assert_int_equal(chip_sim_fuse_burns(b->sim.sim), burns);
    bench_connect(b); /* it is so after a reset, too */
    bench_read(b);
    assert_int_equal(fuse_value(&b->words, fuse_by_name(b->set, b->board.revision, f->fuse)), 1);
    bench_free(b);
}

static void every_family_is_burnt_through_its_rom(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(families); i++)
        provision(&families[i], false);
}

static void fuses_are_burnt_through_a_stub(void **state)
{
    (void)state;
    if (stub_files_count == 0)
        skip();
    provision(&families[0], true);
    provision(&families[6], true);
}

/* The virtual controller wants its timing: a burn without would read with errors. */
static void the_esp32_with_a_coding_is_burnt(void **state)
{
    struct bench *b = bench_new("esp32", 100, 40);
    struct fuse_burn coding = burn_of(b, "CODING_SCHEME", 1), key = burn_key(1, 6, 0x11);
    (void)state;
    assert_outcome(b, bench_burn(b, &coding), FUSE_BURNT);
    assert_outcome(b, bench_burn(b, &key), FUSE_BURNT);
    assert_memory_equal(b->words.word[1], key.word, 24);
    assert_int_equal(bench_fuse(b, 1, 1) & 0xFFFF, 0x1615); /* and then its check */
    struct fuse_burn mac = { .block = 3, .kind = FUSE_BURN_BITS, .count = 6 };
    mac.word[0] = 0x341202D2;
    assert_outcome(b, bench_burn(b, &mac), FUSE_BURNT);
    mac.word[5] = 0x01000000;
    assert_outcome(b, bench_burn(b, &mac), FUSE_BURNT); /* another unit; the first stays as it is */
    assert_int_equal(b->words.word[3][5], 0x01000000);
    bench_free(b);
}

/* ---- When it goes wrong ---- */

struct trouble {
    const char *fault;
    enum fuse_outcome key, bits;
};

/* Fuses of the board differ from those before it, or from what was asked for. */
static bool is_untouched(const struct bench *b, const struct fuse_burn *burn)
{
    uint32_t any = 0;
    for (unsigned i = 0; i < burn->count; i++)
        any |= bench_fuse(b, burn->block, i) & burn->word[i];
    return any == 0;
}

static void meet(const char *chip, const char *fault, const struct fuse_burn *burn,
                 enum fuse_outcome wanted)
{
    struct bench *b = bench_new(chip, -1, 40);
    bench_fault(b, fault);
    enum fuse_outcome got = bench_burn(b, burn);
    if (got != wanted)
        print_error("fault %s, block %u\n", fault, burn->block);
    assert_outcome(b, got, wanted);
    if (wanted == FUSE_BURNT)
        assert_burnt(b, burn);
    if (wanted == FUSE_NOT_BURNT)
        assert_true(is_untouched(b, burn));
    assert_int_equal(wanted != FUSE_BURNT, b->e.code != ERR_NONE);
    assert_true(chip_sim_fuse_burns(b->sim.sim) <= 1); /* never again by itself */
    bench_free(b);
}

static void what_is_known_of_a_board_is_true(void **state)
{
    static const struct trouble troubles[] = {
        { "lose,at=burn,dir=in,times=1", FUSE_NOT_BURNT, FUSE_NOT_BURNT },
        { "lose,at=burn,dir=out,times=1", FUSE_BURNT, FUSE_BURNT },
        { "garble,at=burn,dir=out,times=1", FUSE_BURNT, FUSE_BURNT },
        { "late=4000,at=burn,times=1", FUSE_BURNT, FUSE_BURNT },
        { "refuse,at=burn,times=1", FUSE_NOT_BURNT, FUSE_NOT_BURNT },
        { "fuse-dead", FUSE_NOT_BURNT, FUSE_NOT_BURNT },
        { "fuse-weak", FUSE_WRONG, FUSE_WRONG },
        { "fuse-part", FUSE_WRONG, FUSE_PART }, /* a coding covers the whole block */
        { "fuse-slow=400", FUSE_BURNT, FUSE_BURNT },
        { "fuse-slow=60000", FUSE_UNKNOWN, FUSE_UNKNOWN },
        { "hang,at=burn", FUSE_UNKNOWN, FUSE_UNKNOWN },
        { "brownout,at=burn", FUSE_UNKNOWN, FUSE_UNKNOWN },
        { "pull,at=burn", FUSE_UNKNOWN, FUSE_UNKNOWN },
    };
    const struct fuse_burn key = burn_key(5, 8, 0x21);
    const struct fuse_burn bits = bits_of(&fuses_esp32c3, "SPI_BOOT_CRYPT_CNT", 7);
    (void)state;
    for (size_t i = 0; i < COUNT_OF(troubles); i++) {
        meet("esp32c3", troubles[i].fault, &key, troubles[i].key);
        meet("esp32c3", troubles[i].fault, &bits, troubles[i].bits);
    }
}

/* Found before the controller is told to burn: the words are read back. */
static void a_turned_bit_of_a_key_burns_nothing(void **state)
{
    static const char *const chips[] = { "esp32", "esp32c3" };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(chips); i++) {
        struct bench *b = bench_new(chips[i], -1, 40);
        struct fuse_burn key = burn_key(i == 0 ? 1 : 5, 8, 0x21);
        b->spoil = "\x29\x2a\x2b\x2c";
        assert_outcome(b, bench_burn(b, &key), FUSE_NOT_BURNT);
        assert_has(b->e.what, "does not hold what was written");
        assert_int_equal(chip_sim_fuse_burns(b->sim.sim), 0);
        b->spoil = NULL;
        assert_outcome(b, bench_burn(b, &key), FUSE_BURNT);
        bench_free(b);
    }
}

static void snapshot(const struct bench *b, struct fuse_words *all)
{
    memset(all, 0, sizeof *all);
    for (unsigned block = 0; block < b->set->block_count; block++) {
        for (unsigned i = 0; i < b->set->blocks[block].words; i++)
            all->word[block][i] = bench_fuse(b, block, i);
    }
}

/* Bits turn over on the wire, few or many: what is burnt is what was asked for, nothing is burnt
 * where that is said, and nothing else is burnt without a word. */
static void no_turned_bit_is_taken_for_success(void **state)
{
    const struct fuse_burn key = burn_key(5, 8, 0x21);
    struct fuse_words before, after;
    unsigned seen[FUSE_UNKNOWN + 1] = { 0 };
    char fault[48];
    (void)state;
    for (unsigned i = 0; i < 60; i++) {
        struct bench *b = bench_new("esp32c3", -1, 40);
        snprintf(fault, sizeof fault, "flip=0.%05u,dir=%s", 5 + 5 * i, i % 2 ? "in" : "out");
        snapshot(b, &before);
        bench_fault(b, fault);
        enum fuse_outcome got = bench_burn(b, &key);
        snapshot(b, &after);
        seen[got]++;
        if (got == FUSE_BURNT)
            fuse_burn_apply(b->set, &before, &key);
        if (got == FUSE_BURNT || got == FUSE_NOT_BURNT)
            assert_memory_equal(&before, &after, sizeof before);
        bench_free(b);
    }
    assert_true(seen[FUSE_BURNT] > 0 && seen[FUSE_NOT_BURNT] > 0);
}

/* The one request that cannot be proved beforehand: a bit of it may name another block. */
static void a_turned_command_is_never_hidden(void **state)
{
    const struct fuse_burn key = burn_key(5, 8, 0x21);
    struct chip_sim_config config = chip_sim_default_config();
    unsigned seen[FUSE_UNKNOWN + 1] = { 0 };
    (void)state;
    config.chip = "esp32c3";
    for (config.seed = 1; config.seed <= 150; config.seed++) {
        struct fuse_words before, after;
        struct bench *b = bench_with(&config);
        snapshot(b, &before);
        bench_fault(b, "garble,at=burn,dir=in,times=1");
        enum fuse_outcome got = bench_burn(b, &key);
        snapshot(b, &after);
        seen[got]++;
        if (got == FUSE_BURNT)
            fuse_burn_apply(b->set, &before, &key);
        if (got == FUSE_BURNT || got == FUSE_NOT_BURNT)
            assert_memory_equal(&before, &after, sizeof before);
        bench_free(b);
    }
    assert_true(seen[FUSE_BURNT] > 0 && seen[FUSE_NOT_BURNT] > 0 && seen[FUSE_WRONG] > 0);
}

static void power_lost_in_a_burn_leaves_a_part(void **state)
{
    struct bench *b = bench_new("esp32c3", -1, 40);
    struct fuse_burn key = burn_key(5, 8, 0xF0);
    (void)state;
    bench_fault(b, "fuse-slow=60000");
    assert_outcome(b, bench_burn(b, &key), FUSE_UNKNOWN);
    chip_sim_power(b->sim.sim, false, b->clock.us);
    fake_clock_to(&b->clock, b->clock.us + 1000000);
    chip_sim_power(b->sim.sim, true, b->clock.us);
    bench_connect(b);
    bench_read(b);
    assert_int_not_equal(b->words.word[5][0], 0);
    struct fuse_health health = fuse_health(b->set, &b->words, 5);
    assert_true(health.failed || b->words.word[5][0] == key.word[0]);
    bench_free(b);
}

static void another_board_is_not_burnt(void **state)
{
    struct bench *b = bench_new("esp32c3", -1, 40);
    struct fuse_burn key = burn_key(5, 8, 1);
    (void)state;
    b->words.word[1][0] ^= 1; /* another MAC */
    assert_outcome(b, bench_burn(b, &key), FUSE_NOT_BURNT);
    assert_has(b->e.what, "another board");
    assert_int_equal(chip_sim_fuse_burns(b->sim.sim), 0);
    bench_free(b);
}

/* ---- What closes the loader ---- */

static void closing_is_told_apart_from_silence(void **state)
{
    static const char *const names[] = { "ENABLE_SECURITY_DOWNLOAD", "DIS_DOWNLOAD_MODE" };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct bench *b = bench_new("esp32c3", -1, 40);
        struct fuse_burn burn = burn_of(b, names[i], 1);
        assert_outcome(b, bench_burn(b, &burn), FUSE_CLOSED);
        assert_burnt(b, &burn);
        bench_free(b);
        b = bench_new("esp32c3", -1, 40);
        bench_fault(b, "hang,at=burn"); /* before it was told */
        assert_outcome(b, bench_burn(b, &burn), FUSE_UNKNOWN);
        bench_free(b);
    }
    struct bench *b = bench_new("esp32", 300, 40);
    struct fuse_burn burn = burn_of(b, "UART_DOWNLOAD_DIS", 1);
    assert_outcome(b, bench_burn(b, &burn), FUSE_CLOSED);
    bench_free(b);
    b = bench_new("esp32", 100, 40); /* where it does nothing */
    assert_outcome(b, bench_burn(b, &burn), FUSE_BURNT);
    bench_free(b);
}

/* By its ROM's words: nothing is wrong with cable or lines. */
static void a_closed_loader_is_told_from_silence(void **state)
{
    static const struct {
        const char *chip, *fuse;
    } boards[] = { { "esp32", "UART_DOWNLOAD_DIS" }, { "esp32c3", "DIS_DOWNLOAD_MODE" } };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(boards); i++) {
        const struct reset_sequence *list[RESET_CHOICES_MAX];
        struct reset_sequence custom;
        struct bench *b = bench_new(boards[i].chip, -1, 40);
        struct fuse_burn burn = burn_of(b, boards[i].fuse, 1);
        assert_outcome(b, bench_burn(b, &burn), FUSE_CLOSED);
        assert_true(reset_choices(&b->sim.port, NULL, "auto", &custom, list) > 0);
        b->e = (struct err){ 0 };
        assert_code(board_connect(&b->loader, list[0], b->board.chip, &b->e), &b->e, ERR_SECURED);
        assert_has(b->e.what, "no loader any more");
        bench_free(b);
    }
}

/* ---- Keys ---- */

static bool holds(const void *memory, size_t n, const struct fuse_burn *key)
{
    for (unsigned i = 0; i < 8; i++) {
        if (memmem(memory, n, &key->word[i], sizeof key->word[i]))
            return true;
    }
    return false;
}

static void no_key_stays_in_loader_or_controller(void **state)
{
    static const char *const chips[] = { "esp32", "esp32c3" };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(chips); i++) {
        struct bench *b = bench_new(chips[i], -1, 40);
        struct fuse_burn key = burn_key(i == 0 ? 1 : 5, 8, 0x61); /* letters: they could be shown */
        assert_outcome(b, bench_burn(b, &key), FUSE_BURNT);
        assert_false(holds(&b->loader, sizeof b->loader, &key));
        uint32_t first;
        uint32_t addr = b->set->burner.base_addr + b->set->burner.areas[i == 0 ? 1 : 0];
        assert_ok(loader_read_reg(&b->loader, addr, &first, &b->e), &b->e);
        assert_int_equal(first, 0);
        bench_free(b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(check_words_are_those_of_the_rom),
        cmocka_unit_test(the_esp32s_coding_is_espefuses),
        cmocka_unit_test(a_chip_without_a_fact_is_not_burnt),
        cmocka_unit_test(a_key_goes_into_a_new_block_only),
        cmocka_unit_test(what_is_burnt_already_needs_nothing),
        cmocka_unit_test(blocks_that_are_not_ours_stay),
        cmocka_unit_test(bits_without_a_name_and_locked_ones_stay),
        cmocka_unit_test(what_protects_and_what_closes_stands_alone),
        cmocka_unit_test(digests_and_blank_blocks_are_never_hidden),
        cmocka_unit_test(the_esp32s_units_are_written_once),
        cmocka_unit_test(several_are_checked_one_upon_the_other),
        cmocka_unit_test(every_family_is_burnt_through_its_rom),
        cmocka_unit_test(fuses_are_burnt_through_a_stub),
        cmocka_unit_test(the_esp32_with_a_coding_is_burnt),
        cmocka_unit_test(what_is_known_of_a_board_is_true),
        cmocka_unit_test(a_turned_bit_of_a_key_burns_nothing),
        cmocka_unit_test(no_turned_bit_is_taken_for_success),
        cmocka_unit_test(a_turned_command_is_never_hidden),
        cmocka_unit_test(power_lost_in_a_burn_leaves_a_part),
        cmocka_unit_test(another_board_is_not_burnt),
        cmocka_unit_test(closing_is_told_apart_from_silence),
        cmocka_unit_test(a_closed_loader_is_told_from_silence),
        cmocka_unit_test(no_key_stays_in_loader_or_controller),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
