/* Flash encryption: byte for byte what espsecure makes of the same bytes, piece by piece, too. */
#include "core/images/flash_crypt.h"
#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>

#define PLAIN_BYTES 416u

struct vector {
    const char *file;
    uint32_t addr;
    struct flash_crypt_key key; /* bytes 00 01 02.. */
};

static const struct vector vectors[] = {
    { "esp32-256-0x1000", 0x1000, { FLASH_CRYPT_ESP32, 0xF, 32, { 0 } } },
    { "esp32-256-0x12350", 0x12350, { FLASH_CRYPT_ESP32, 0xF, 32, { 0 } } },
    { "esp32-256-0x1000-conf3", 0x1000, { FLASH_CRYPT_ESP32, 0x3, 32, { 0 } } },
    { "esp32-192-0x1000", 0x1000, { FLASH_CRYPT_ESP32, 0xF, 24, { 0 } } },
    { "xts-key128-0x1000", 0x1000, { FLASH_CRYPT_XTS, 0, 16, { 0 } } },
    { "xts-key128-0x12340", 0x12340, { FLASH_CRYPT_XTS, 0, 16, { 0 } } },
    { "xts-key256-0x1000", 0x1000, { FLASH_CRYPT_XTS, 0, 32, { 0 } } },
    { "xts-key256-0x12340", 0x12340, { FLASH_CRYPT_XTS, 0, 32, { 0 } } },
    { "xts-key512-0x1000", 0x1000, { FLASH_CRYPT_XTS, 0, 64, { 0 } } },
    { "xts-key512-0x12340", 0x12340, { FLASH_CRYPT_XTS, 0, 64, { 0 } } },
};

static struct err e;

static struct flash_crypt_key key_of(const struct vector *v)
{
    struct flash_crypt_key key = v->key;
    for (uint8_t i = 0; i < key.count; i++)
        key.bytes[i] = i;
    return key;
}

static void load(const char *name, uint8_t bytes[static PLAIN_BYTES])
{
    char path[80];
    snprintf(path, sizeof path, "tests/data/security/%s.bin", name);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    assert_int_equal(fread(bytes, 1, PLAIN_BYTES, f), PLAIN_BYTES);
    fclose(f);
}

/* An address that the ESP32's steps do not divide is espsecure's alone: its first half block is
 * left out. */
static void encryption_is_that_of_espsecure(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(vectors); i++) {
        uint8_t plain[PLAIN_BYTES], wanted[PLAIN_BYTES], got[PLAIN_BYTES];
        const struct flash_crypt_key key = key_of(&vectors[i]);
        const uint32_t skip =
            vectors[i].addr % flash_crypt_step(key.scheme) ? flash_crypt_step(key.scheme) / 2 : 0;
        load("plain", plain);
        load(vectors[i].file, wanted);
        memcpy(got, plain, sizeof got);
        const size_t n = (PLAIN_BYTES - skip) / 32 * 32;
        assert_ok(flash_crypt(&key, vectors[i].addr + skip, got + skip, n, &e), &e);
        if (memcmp(got + skip, wanted + skip, n) != 0)
            fail_msg("%s differs", vectors[i].file);
        assert_ok(flash_decrypt(&key, vectors[i].addr + skip, got + skip, n, &e), &e);
        assert_memory_equal(got, plain, sizeof got);
    }
}

/* So boards' own keys can be worked on by whoever has time, in pieces of any size. */
static void pieces_are_the_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(vectors); i++) {
        uint8_t whole[PLAIN_BYTES], pieces[PLAIN_BYTES];
        const struct flash_crypt_key key = key_of(&vectors[i]);
        const uint32_t step = flash_crypt_step(key.scheme);
        load("plain", whole);
        memcpy(pieces, whole, sizeof pieces);
        assert_ok(flash_crypt(&key, 0x12340, whole, PLAIN_BYTES, &e), &e);
        for (uint32_t at = 0, n = step; at < PLAIN_BYTES; at += n, n += step) {
            n = n < PLAIN_BYTES - at ? n : PLAIN_BYTES - at;
            assert_ok(flash_crypt(&key, 0x12340 + at, pieces + at, n, &e), &e);
        }
        assert_memory_equal(pieces, whole, sizeof whole);
    }
}

static void what_does_not_divide_is_refused(void **state)
{
    uint8_t bytes[64] = { 0 };
    struct flash_crypt_key key = key_of(&vectors[0]);
    (void)state;
    assert_code(flash_crypt(&key, 16, bytes, 32, &e), &e, ERR_USAGE);
    assert_code(flash_crypt(&key, 32, bytes, 16, &e), &e, ERR_USAGE);
    key.count = 16;
    assert_code(flash_crypt(&key, 0, bytes, 32, &e), &e, ERR_USAGE);
    key = key_of(&vectors[6]);
    assert_code(flash_crypt(&key, 8, bytes, 16, &e), &e, ERR_USAGE);
    key.count = 24;
    assert_code(flash_crypt(&key, 0, bytes, 16, &e), &e, ERR_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(encryption_is_that_of_espsecure),
        cmocka_unit_test(pieces_are_the_whole),
        cmocka_unit_test(what_does_not_divide_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
