/* Signatures of secure boot's second scheme: those of espsecure are right, with the digests it
 * gives to be burnt, and nothing else is. */
#include "core/images/image.h"
#include "tests/lib/test.h"

#include "core/base/digest.h"

#include <stdio.h>
#include <string.h>
#include <zlib.h>

#define SECTOR     4096u
#define FILE_BYTES 8192u
#define RSA1       "26afcdc33002dafcc9c7960a042f83e8fd378779ad8bfe116e7302a59dedf9fc"

struct vector {
    const char *file;
    enum signature_scheme scheme;
    size_t count;
    const char *digests[SIGNATURE_KEYS_MAX];
};

static const struct vector vectors[] = {
    { "signed-p192",
      SIGNATURE_ECDSA_P192,
      1,
      { "170bb7667e864e57d424641725b70293c3cf1428183e4b680afdf7461af733ce" } },
    { "signed-p256",
      SIGNATURE_ECDSA_P256,
      1,
      { "d1628e655442a65e67f3f946326cf56a503990522cd5d005de6cc26572197423" } },
    { "signed-p384",
      SIGNATURE_ECDSA_P384,
      1,
      { "8e5ba3cef240aa012768a8689d16d7803d2b02f67b808c1093731affe520b4f5" } },
    { "signed-rsa-3keys",
      SIGNATURE_RSA_3072,
      3,
      { RSA1, "23200fb9697f34fe65ddede654bc8a0d4d94eb581bdccde6c5c83cc500b64af4",
        "6c0eeb25f3bcbc45765b78d6e89521434c76172d430895cc05772ef94574a750" } },
};

static void load(const char *name, uint8_t bytes[static FILE_BYTES])
{
    char path[64];
    snprintf(path, sizeof path, "tests/data/signed/%s.bin", name);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    assert_int_equal(fread(bytes, 1, FILE_BYTES, f), FILE_BYTES);
    fclose(f);
}

static void the_signatures_of_the_official_tool_are_right(void **state)
{
    static uint8_t bytes[FILE_BYTES];
    (void)state;
    for (size_t i = 0; i < COUNT_OF(vectors); i++) {
        struct signature s;
        load(vectors[i].file, bytes);
        assert_null(signature_read(bytes, FILE_BYTES, SECTOR, &s));
        assert_int_equal(s.count, vectors[i].count);
        for (size_t k = 0; k < s.count; k++) {
            char digest[2 * SIGNATURE_DIGEST_BYTES + 1];
            digest_hex(s.keys[k].digest, SIGNATURE_DIGEST_BYTES, digest);
            assert_string_equal(digest, vectors[i].digests[k]);
            assert_int_equal(s.keys[k].scheme, vectors[i].scheme);
        }
    }
}

/* One bit of the image, of the hash, the key, the signature, the CRC. */
static void one_bit_makes_it_wrong(void **state)
{
    static uint8_t bytes[FILE_BYTES];
    static const size_t places[] = {
        0,           2079,         4095,          SECTOR + 1,   SECTOR + 4,
        SECTOR + 40, SECTOR + 110, SECTOR + 1000, SECTOR + 1196
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(vectors); i++) {
        for (size_t k = 0; k < COUNT_OF(places); k++) {
            struct signature s;
            load(vectors[i].file, bytes);
            bytes[places[k]] ^= 4;
            assert_non_null(signature_read(bytes, FILE_BYTES, SECTOR, &s));
            assert_int_equal(s.count, 0);
        }
    }
}

static void put_crc(uint8_t *block)
{
    uint32_t crc = (uint32_t)crc32(0, block, 1196);
    for (int i = 0; i < 4; i++)
        block[1196 + i] = (uint8_t)(crc >> 8 * i);
}

/* With a right CRC the sentence tells what is really wrong. */
static void what_is_wrong_is_said(void **state)
{
    static uint8_t bytes[FILE_BYTES];
    struct signature s;
    (void)state;
    load("signed-rsa-3keys", bytes);
    bytes[100] ^= 1;
    assert_string_equal(signature_read(bytes, FILE_BYTES, SECTOR, &s),
                        "the image was changed after it was signed");
    load("signed-rsa-3keys", bytes);
    bytes[SECTOR + 900] ^= 1;
    assert_has(signature_read(bytes, FILE_BYTES, SECTOR, &s), "CRC");
    put_crc(bytes + SECTOR);
    assert_has(signature_read(bytes, FILE_BYTES, SECTOR, &s), "does not fit the key");
    load("signed-p256", bytes);
    bytes[SECTOR + 37] ^= 1; /* no point of the curve any more */
    put_crc(bytes + SECTOR);
    assert_has(signature_read(bytes, FILE_BYTES, SECTOR, &s), "does not fit the key");
    bytes[SECTOR + 36] = 9;
    assert_has(signature_read(bytes, FILE_BYTES, SECTOR, &s), "none we know");
}

/* A file that ends within its sector has the blocks that are whole. */
static void a_cut_sector_has_whole_blocks_only(void **state)
{
    static uint8_t bytes[FILE_BYTES];
    struct signature s;
    (void)state;
    load("signed-rsa-3keys", bytes);
    assert_null(signature_read(bytes, SECTOR + 2 * 1216 + 1215, SECTOR, &s));
    assert_int_equal(s.count, 2);
}

static void an_image_knows_whose_signature_it_brings(void **state)
{
    static uint8_t bytes[FILE_BYTES];
    struct image image;
    (void)state;
    load("signed-rsa-3keys", bytes);
    image_read(bytes, FILE_BYTES, false, &image);
    assert_int_equal(image.signature, IMAGE_SIGNED_V2);
    assert_int_equal(image.keys.count, 3);
    assert_null(image.signature_problem);
    bytes[SECTOR + 900] ^= 1;
    image_read(bytes, FILE_BYTES, false, &image);
    assert_int_equal(image.keys.count, 0);
    assert_non_null(image.signature_problem);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_signatures_of_the_official_tool_are_right),
        cmocka_unit_test(one_bit_makes_it_wrong),
        cmocka_unit_test(what_is_wrong_is_said),
        cmocka_unit_test(a_cut_sector_has_whole_blocks_only),
        cmocka_unit_test(an_image_knows_whose_signature_it_brings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
