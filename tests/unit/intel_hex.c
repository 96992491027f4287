/* Intel HEX files: what each record means, what is refused, and how regions come about. */
#include "core/images/intel_hex.h"
#include "tests/lib/test.h"

#include <stdio.h>
#include <stdlib.h>

#define SECTOR 4096u
#define END    ":00000001FF\n"

static bool read_text(const char *text, uint32_t unit_bytes, struct intel_hex *hex, struct err *e)
{
    *e = (struct err){ 0 };
    return intel_hex_read((const uint8_t *)text, strlen(text), unit_bytes, hex, e);
}

static void assert_region(const struct intel_hex *hex, size_t i, uint32_t addr, const char *bytes,
                          uint32_t n)
{
    assert_true(i < hex->count);
    assert_int_equal(hex->regions[i].addr, addr);
    assert_int_equal(hex->regions[i].size_bytes, n);
    assert_memory_equal(hex->regions[i].bytes, bytes, n);
}

/* Appends one record with its right checksum. */
static void put(char *text, size_t cap, uint8_t type, uint16_t addr, const uint8_t *data, uint8_t n)
{
    size_t used = strlen(text);
    uint8_t sum = (uint8_t)(n + (addr >> 8) + addr + type);
    used += (size_t)snprintf(text + used, cap - used, ":%02X%04X%02X", n, addr, type);
    for (size_t i = 0; i < n; i++) {
        used += (size_t)snprintf(text + used, cap - used, "%02X", data[i]);
        sum = (uint8_t)(sum + data[i]);
    }
    snprintf(text + used, cap - used, "%02X\n", (uint8_t)-sum);
}

static void intel_hex_reads_every_record(void **state)
{
    /* Linear base 0x00010000, data, a start address, segment base 0x2000 (<< 4), data. */
    static const char text[] = ":020000040001F9\r\n"
                               ":0400000001020304F2\r\n"
                               ":0400000540080000AF\r\n"
                               ":020000022000DC\r\n"
                               ":02001000AABB89\r\n"
                               ":0400000300001000E9\r\n"
                               "\r\n" END "\n";
    struct intel_hex hex;
    struct err e;
    (void)state;
    assert_true(intel_hex_is((const uint8_t *)text, sizeof text - 1));
    assert_ok(read_text(text, SECTOR, &hex, &e), &e);
    assert_int_equal(hex.count, 2);
    assert_region(&hex, 0, 0x10000, "\1\2\3\4", 4);
    assert_region(&hex, 1, 0x20010, "\xAA\xBB", 2);
    intel_hex_done(&hex);
    assert_false(intel_hex_is((const uint8_t *)"\xE9", 1));
    assert_false(intel_hex_is(NULL, 0));
}

static void intel_hex_joins_what_lies_together(void **state)
{
    struct intel_hex hex;
    struct err e;
    (void)state;
    /* 0x0..0x1 and 0x4..0x5 share a sector; 0x2000 does not; records come in reverse. */
    static const char text[] = ":02200000AABB79\n:0200040005FEF7\n:020000000102FB\n" END;
    assert_ok(read_text(text, SECTOR, &hex, &e), &e);
    assert_int_equal(hex.count, 2);
    assert_region(&hex, 0, 0, "\1\2\xFF\xFF\5\xFE", 6);
    assert_region(&hex, 1, 0x2000, "\xAA\xBB", 2);
    intel_hex_done(&hex);
    assert_ok(read_text(text, 1, &hex, &e), &e);
    assert_int_equal(hex.count, 3);
    intel_hex_done(&hex);
    /* Data that touch become one across a sector's end too. */
    assert_ok(read_text(":020FFE000102EE\n:021000000304E7\n" END, SECTOR, &hex, &e), &e);
    assert_int_equal(hex.count, 1);
    assert_region(&hex, 0, 0xFFE, "\1\2\3\4", 4);
    intel_hex_done(&hex);
}

static void intel_hex_refuses_what_is_wrong(void **state)
{
    static const struct {
        const char *text, *sentence;
    } cases[] = {
        { ":020000000102FC\n" END, "line 1 has checksum FC, and its bytes give FB" },
        { ":020000000102FB\n", "without an end record" },
        { ":020000000102FB", "it stops after line 1" },
        { ":020000000102FB\n" END ":020010000102EB\n", "line 3 stands behind the end record" },
        { ":020000000102FB\n:02000100AABB98\n" END, "it gives address 0x1 twice" },
        { ":030000000102FB\n" END, "announces 3 bytes of data and holds 2" },
        { ":02000000010\n" END, "which is no whole record" },
        { ":00\n" END, "which is no whole record" },
        { ":02000000010ZFB\n" END, "line 1 holds something else" },
        { ":020000060102F5\n" END, "line 1 is of type 06" },
        { ":03000004000100F8\n" END, "an extended address has 2 bytes" },
        { ":020000050102F6\n" END, "a start address has 4 bytes" },
        { ":02FFFF000102FD\n" END, "runs over the end of its 64 KiB" },
        { ":020000021000EC\n:02FFFF000102FD\n" END, "line 2 runs over the end of its 64 KiB" },
        { ":020000040001F9\n:020000020000FC\n:02FFFF000102FD\n" END,
          "line 3 runs over the end of its 64 KiB" },
        { ":02000004FFFFFC\n:02FFFF000102FD\n" END, "line 2 runs over the last address" },
        { "; by a tool\n:020000000102FB\n" END, "line 1 does not begin with ':'" },
        { ":0100000100FE\n", "the end record holds data" },
        { ":020000000102FB\n\nE9 02\n" END, "line 3 does not begin with ':'" },
        { END, "it holds no data" },
        { ":", "no whole record" },
    };
    struct intel_hex hex;
    struct err e;
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_code(read_text(cases[i].text, SECTOR, &hex, &e), &e, ERR_IMAGE);
        assert_has(e.what, cases[i].sentence);
        assert_null(hex.regions);
        assert_null(hex.bytes);
    }
}

/* What stands in front may not make a text of it that is written as it is. */
static void intel_hex_is_known_behind_what_counts_for_nothing(void **state)
{
    static const struct {
        const char *text;
        bool is, reads;
    } cases[] = {
        { ":020000000102FB\n" END, true, true },
        { "\n\r\n:020000000102FB\n" END, true, true },
        { "  \t:020000000102FB\n" END, true, true },
        { "\xEF\xBB\xBF:020000000102FB\n" END, true, true },
        { "\xEF\xBB\xBF\n :020000000102FB\r\n " END, true, true },
        { "; by a tool\n:020000000102FB\n" END, true, false },
        { "#\n\n:020000000102FB\n" END, true, false },
        { ":and no record", true, false },
        { "a text: with colons\n:) and so on\n", false, false },
        { ":\x01\x02\xE9 some bytes that begin so", false, false },
        { ":020000000102FB\x07", false, false },
        { "\n \n", false, false },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct intel_hex hex;
        struct err e;
        const char *text = cases[i].text;
        assert_int_equal(intel_hex_is((const uint8_t *)text, strlen(text)), cases[i].is);
        if (!cases[i].is)
            continue;
        assert_int_equal(read_text(text, SECTOR, &hex, &e), cases[i].reads);
        if (cases[i].reads)
            assert_region(&hex, 0, 0, "\1\2", 2);
        intel_hex_done(&hex);
    }
}

/* A record may begin in one 64 KiB and end in the next, where its base counts on. */
static void intel_hex_counts_on_under_a_linear_base(void **state)
{
    struct intel_hex hex;
    struct err e;
    (void)state;
    assert_ok(read_text(":020000040001F9\n:08FFFC000102030405060708D9\n" END, SECTOR, &hex, &e),
              &e);
    assert_int_equal(hex.count, 1);
    assert_region(&hex, 0, 0x1FFFC, "\1\2\3\4\5\6\7\x08", 8);
    intel_hex_done(&hex);
}

static void intel_hex_reaches_the_last_address_and_no_further(void **state)
{
    struct intel_hex hex;
    struct err e;
    (void)state;
    assert_ok(read_text(":02000004FFFFFC\n:02FFFE000102FE\n" END, SECTOR, &hex, &e), &e);
    assert_region(&hex, 0, 0xFFFFFFFE, "\1\2", 2);
    intel_hex_done(&hex);
    assert_ok(read_text(":02000002FFFFFE\n:02000000010"
                        "2FB\n" END,
                        SECTOR, &hex, &e),
              &e);
    assert_region(&hex, 0, 0xFFFF0, "\1\2", 2);
    intel_hex_done(&hex);
}

/* A file made of noise in random records, read back byte by byte. */
static void intel_hex_gives_back_what_was_put_in(void **state)
{
    static uint8_t flash[1u << 17];
    static char text[1u << 20];
    uint32_t random = 42;
    struct intel_hex hex;
    struct err e;
    (void)state;
    for (int round = 0; round < 20; round++) {
        uint32_t at = next_random(&random) % 100;
        memset(flash, 0xFF, sizeof flash);
        text[0] = '\0';
        size_t used = 0;
        while (at < sizeof flash - 300) {
            uint8_t data[255], n = (uint8_t)(1 + next_random(&random) % 255);
            const uint8_t base[2] = { 0, (uint8_t)(at >> 16) };
            if ((at & 0xFFFF) + n > 0x10000)
                n = (uint8_t)(0x10000 - (at & 0xFFFF));
            for (size_t i = 0; i < n; i++)
                data[i] = (uint8_t)next_random(&random);
            memcpy(flash + at, data, n);
            put(text + used, sizeof text - used, 4, 0, base, 2);
            put(text + used, sizeof text - used, 0, (uint16_t)at, data, n);
            used += strlen(text + used);
            at += n + (next_random(&random) % 4 == 0 ? next_random(&random) % 9000 : 0);
        }
        snprintf(text + used, sizeof text - used, END);
        assert_ok(read_text(text, SECTOR, &hex, &e), &e);
        uint8_t *copy = malloc(sizeof flash);
        assert_non_null(copy);
        memset(copy, 0xFF, sizeof flash);
        for (size_t i = 0; i < hex.count; i++) {
            const struct intel_hex_region *r = &hex.regions[i];
            memcpy(copy + r->addr, r->bytes, r->size_bytes);
            if (i > 0)
                assert_true(r->addr / SECTOR > (r[-1].addr + r[-1].size_bytes - 1) / SECTOR);
        }
        assert_memory_equal(copy, flash, sizeof flash);
        free(copy);
        intel_hex_done(&hex);
    }
}

/* Whatever the bytes are: no crash, and either regions or a sentence. */
static void intel_hex_survives_noise(void **state)
{
    char text[] = ":020000040001F9\n:0400000001020304F2\n:02001000AABB89\n" END;
    uint32_t random = 7;
    (void)state;
    for (int i = 0; i < 20000; i++) {
        char noisy[sizeof text];
        struct intel_hex hex;
        struct err e = { 0 };
        memcpy(noisy, text, sizeof text);
        for (uint32_t k = next_random(&random) % 4; k < 4; k++)
            noisy[next_random(&random) % (sizeof text - 1)] = (char)next_random(&random);
        size_t n = next_random(&random) % sizeof text;
        bool ok = intel_hex_read((const uint8_t *)noisy, n, SECTOR, &hex, &e);
        assert_true(ok ? hex.count > 0 : e.code == ERR_IMAGE && hex.regions == NULL);
        intel_hex_done(&hex);
    }
}

/* Two bytes across the end of each sector join all of them: a file of 700 KB that would become 128
 * MB and more, and one of 20 MB that would take all memory. */
static void intel_hex_refuses_more_than_any_flash_has(void **state)
{
    static const uint8_t data[2] = { 1, 2 };
    const size_t blocks = (128u << 20) / 0x10000 + 1, cap = blocks * 17 * 24 + 32;
    char *text = calloc(1, cap), *at = text;
    struct intel_hex hex;
    struct err e;
    (void)state;
    assert_non_null(text);
    for (size_t i = 0; i < blocks; i++) {
        const uint8_t base[2] = { (uint8_t)(i >> 8), (uint8_t)i };
        put(at, 32, 4, 0, base, 2);
        at += strlen(at);
        for (uint32_t k = 0; k < 17; k++) {
            bool edge = k == 0 || k == 16; /* of the 64 KiB, which no record may run over */
            put(at, 32, 0, (uint16_t)(k == 0 ? 0 : k * SECTOR - 1), data, edge ? 1 : 2);
            at += strlen(at);
        }
    }
    memcpy(at, END, sizeof END);
    assert_code(read_text(text, SECTOR, &hex, &e), &e, ERR_IMAGE);
    assert_has(e.what, "more than any flash has");
    assert_null(hex.bytes);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(intel_hex_reads_every_record),
        cmocka_unit_test(intel_hex_joins_what_lies_together),
        cmocka_unit_test(intel_hex_refuses_what_is_wrong),
        cmocka_unit_test(intel_hex_is_known_behind_what_counts_for_nothing),
        cmocka_unit_test(intel_hex_counts_on_under_a_linear_base),
        cmocka_unit_test(intel_hex_reaches_the_last_address_and_no_further),
        cmocka_unit_test(intel_hex_gives_back_what_was_put_in),
        cmocka_unit_test(intel_hex_refuses_more_than_any_flash_has),
        cmocka_unit_test(intel_hex_survives_noise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
