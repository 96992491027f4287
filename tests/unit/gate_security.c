/* The gate against every state of a chip's security: each refusal by its code, the board untouched,
 * and what the recipe must say where it may be let in. */
#include "core/board/board.h"
#include "tests/lib/make_image.h"
#include "tests/lib/test.h"

#include <stdlib.h>

struct gate {
    struct board board;
    struct plan *plan;
};

/* A chip with 4 MB, and an image for it whose header says 4 MB. */
static struct gate make_signed_gate(const char *chip_name, uint32_t offset_addr,
                                    const struct plan_settings *wishes,
                                    enum image_signature signature)
{
    const struct chip *chip = chip_by_name(chip_name);
    const struct image_recipe recipe = { .layout = MADE_LONG,
                                         .segments = 1,
                                         .segment_bytes = 5000,
                                         .mode = 2,
                                         .size_code = 2,
                                         .chip_id = chip->image_id,
                                         .max_revision = 0xFFFF,
                                         .digest = true,
                                         .signed_v = (int)signature };
    struct made_image image = make_image(&recipe);
    struct plan_settings s = *wishes;
    const struct plan_source source = { "app", image.bytes, (uint32_t)image.size_bytes, offset_addr,
                                        false };
    struct err e = { 0 };
    s.chip = chip;
    struct gate g = { .plan = plan_new(&s, &source, 1, &e) };
    assert_ok(g.plan != NULL, &e);
    free(image.bytes);
    g.board = (struct board){ .chip = chip, .revision = 100, .flash = { 0x1640EF, 4u << 20 } };
    return g;
}

static struct gate make_gate(const char *chip_name, uint32_t offset_addr,
                             const struct plan_settings *wishes)
{
    return make_signed_gate(chip_name, offset_addr, wishes, IMAGE_UNSIGNED);
}

/* Judges and ends it. */
static bool judge(struct gate *g, struct err *e)
{
    *e = (struct err){ 0 };
    bool ok = board_gate(&g->board, g->plan, e);
    plan_free(g->plan);
    return ok;
}

static void secure_download_mode_is_asked_for_twice(void **state)
{
    static const struct {
        bool unproved;
        enum plan_size size;
        uint32_t flash_bytes;
        bool erase_all, welcome;
    } cases[] = {
        { false, PLAN_SIZE_KEEP, 0, false, false },
        { true, PLAN_SIZE_KEEP, 0, false, false },
        { true, PLAN_SIZE_DETECT, 0, false, false },
        { false, PLAN_SIZE_FIXED, 4u << 20, false, false },
        { true, PLAN_SIZE_FIXED, 4u << 20, false, true },
        { true, PLAN_SIZE_FIXED, 4u << 20, true, false },
        { true, PLAN_SIZE_FIXED, 8u << 20, false, false }, /* the header would change */
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct plan_settings s = { .size = cases[i].size,
                                         .flash_bytes = cases[i].flash_bytes,
                                         .unproved = cases[i].unproved,
                                         .erase_all = cases[i].erase_all };
        struct gate g = make_gate("esp32c3", 0, &s);
        struct err e;
        g.board.security.secure_download = true;
        g.board.revision = BOARD_REVISION_UNKNOWN;
        g.board.flash = (struct spiflash){ 0 };
        bool ok = judge(&g, &e);
        assert_int_equal(ok, cases[i].welcome);
        assert_int_equal(e.code, ok ? ERR_NONE : ERR_SECURED);
        if (!cases[i].unproved)
            assert_has(e.hint, "verify: none");
    }
}

static void encrypted_boards_take_plain_bytes_only_when_told(void **state)
{
    const struct plan_settings strict = { .size = PLAN_SIZE_KEEP };
    const struct plan_settings plain = { .size = PLAN_SIZE_KEEP, .plain_when_encrypted = true };
    struct err e;
    (void)state;
    struct gate g = make_gate("esp32c6", 0, &strict);
    g.board.security.flash_encryption = true;
    assert_code(judge(&g, &e), &e, ERR_SECURED);
    assert_has(e.hint, "encrypted: plain");
    g = make_gate("esp32c6", 0, &plain);
    g.board.security.flash_encryption = true;
    assert_ok(judge(&g, &e), &e);
}

static void the_key_managers_sectors_are_never_written(void **state)
{
    static const struct {
        uint32_t offset_addr;
        bool welcome;
    } cases[] = { { 0, false }, { 0x1000, false }, { 0x1FFC, false }, { 0x2000, true } };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct plan_settings s = { .size = PLAN_SIZE_KEEP, .plain_when_encrypted = true };
        struct gate g = make_gate("esp32p4", cases[i].offset_addr, &s);
        struct err e;
        g.board.security.flash_encryption = true;
        g.board.security.key_manager = true;
        bool ok = judge(&g, &e);
        assert_int_equal(ok, cases[i].welcome);
        assert_int_equal(e.code, ok ? ERR_NONE : ERR_SECURED);
    }
}

static void secure_boot_takes_signed_images_only(void **state)
{
    static const struct {
        enum image_signature signature;
        bool on, plain, welcome;
    } cases[] = {
        { IMAGE_UNSIGNED, true, false, false }, { IMAGE_SIGNED_V2, true, false, true },
        { IMAGE_UNSIGNED, false, false, true }, { IMAGE_UNSIGNED, true, true, true },
        { IMAGE_SIGNED_V1, true, false, true },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct plan_settings s = { .size = PLAN_SIZE_KEEP,
                                         .plain_when_encrypted = cases[i].plain };
        struct gate g = make_signed_gate("esp32", 0x10000, &s, cases[i].signature);
        struct err e;
        g.board.security.secure_boot = cases[i].on;
        bool ok = judge(&g, &e);
        assert_int_equal(ok, cases[i].welcome);
        assert_int_equal(e.code, ok ? ERR_NONE : ERR_SECURED);
        if (!ok)
            assert_has(e.what, "the image at 0x10000 (app) is not signed");
    }
}

/* Whose signature it is counts where the fuses tell whom they trust. */
static void secure_boot_takes_trusted_keys_only(void **state)
{
    const struct plan_settings s = { .size = PLAN_SIZE_KEEP };
    (void)state;
    for (size_t bytes = 16; bytes <= 32; bytes += 16) {
        for (size_t trusted = 0; trusted < BOARD_KEYS_MAX; trusted++) {
            struct gate g = make_signed_gate("esp32c2", 0x10000, &s, IMAGE_SIGNED_V2);
            const uint8_t *digest = plan_part(g.plan, 0)->image.keys.keys[0].digest;
            struct err e;
            g.board.security.secure_boot = true;
            g.board.keys = (struct board_keys){ .count = 2, .digest_bytes = bytes };
            memcpy(g.board.keys.digest[trusted], digest, bytes);
            bool ok = judge(&g, &e);
            assert_int_equal(ok, trusted < 2); /* the third is not among those that count */
            assert_int_equal(e.code, ok ? ERR_NONE : ERR_SECURED);
            if (!ok)
                assert_has(e.what, "(app) is signed with a key that this board's fuses do not");
        }
    }
}

static void secure_boot_v1_keeps_its_boot_loader(void **state)
{
    static const struct {
        uint32_t offset_addr;
        bool v1, welcome;
    } cases[] = { { 0x1000, true, false },
                  { 0x7000, true, false },
                  { 0x7FFC, true, false },
                  { 0x8000, true, true },
                  { 0x1000, false, true } };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct plan_settings s = { .size = PLAN_SIZE_KEEP };
        struct gate g = make_signed_gate("esp32", cases[i].offset_addr, &s,
                                         cases[i].v1 ? IMAGE_SIGNED_V1 : IMAGE_SIGNED_V2);
        struct err e;
        g.board.security.secure_boot = true;
        g.board.security.secure_boot_v1 = cases[i].v1;
        bool ok = judge(&g, &e);
        assert_int_equal(ok, cases[i].welcome);
        assert_int_equal(e.code, ok ? ERR_NONE : ERR_SECURED);
    }
}

static void secured_boards_are_not_wiped(void **state)
{
    static const struct chip_security states[] = {
        { .secure_boot = true }, { .flash_encryption = true }, { .key_manager = true }, { 0 }
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(states); i++) {
        const struct plan_settings s = { .size = PLAN_SIZE_KEEP,
                                         .plain_when_encrypted = true,
                                         .erase_all = true };
        struct gate g = make_gate("esp32c5", 0x10000, &s);
        struct err e;
        g.board.security = states[i];
        bool last = i + 1 == COUNT_OF(states);
        bool ok = judge(&g, &e);
        assert_int_equal(ok, last);
        if (!ok)
            assert_has(e.hint, "erase: needed");
        assert_int_equal(e.code, ok ? ERR_NONE : ERR_SECURED);
    }
}

/* What the fuses say besides forbids nothing. */
static void harmless_fuses_are_welcome(void **state)
{
    const struct plan_settings s = { .size = PLAN_SIZE_DETECT };
    struct err e;
    (void)state;
    struct gate g = make_gate("esp32s3", 0, &s);
    g.board.security.manual_encrypt_off = true;
    assert_ok(judge(&g, &e), &e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(secure_download_mode_is_asked_for_twice),
        cmocka_unit_test(encrypted_boards_take_plain_bytes_only_when_told),
        cmocka_unit_test(the_key_managers_sectors_are_never_written),
        cmocka_unit_test(secure_boot_takes_signed_images_only),
        cmocka_unit_test(secure_boot_takes_trusted_keys_only),
        cmocka_unit_test(secure_boot_v1_keeps_its_boot_loader),
        cmocka_unit_test(secured_boards_are_not_wiped),
        cmocka_unit_test(harmless_fuses_are_welcome),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
