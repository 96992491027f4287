/* Signatures of secure boot's second scheme: those of espsecure are right, with the digests it
 * gives to be burnt, and nothing else is. */
#include "core/images/boot_digest.h"
#include "core/images/image.h"
#include "core/images/sign.h"
#include "tests/lib/test.h"

#include "core/base/digest.h"

#include <stdio.h>
#include <stdlib.h>
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

/* ---- Signing ---- */

struct pem {
    uint8_t bytes[4096];
    size_t n;
};

static void load_pem(const char *name, struct pem *pem)
{
    char path[80];
    snprintf(path, sizeof path, "tests/data/security/%s.pem", name);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    pem->n = fread(pem->bytes, 1, sizeof pem->bytes, f);
    fclose(f);
    assert_true(pem->n > 0);
}

static const struct {
    const char *key, *file; /* the vector that the same key has signed */
    size_t index;
} signers[] = {
    { "p192", "signed-p192", 0 },           { "p256", "signed-p256", 0 },
    { "p384", "signed-p384", 0 },           { "rsa3072-1", "signed-rsa-3keys", 0 },
    { "rsa3072-2", "signed-rsa-3keys", 1 }, { "rsa3072-3", "signed-rsa-3keys", 2 },
};

static void a_public_key_has_the_digest_of_espsecure(void **state)
{
    static uint8_t bytes[FILE_BYTES];
    (void)state;
    for (size_t i = 0; i < COUNT_OF(signers); i++) {
        struct signature s;
        struct signature_key key;
        struct pem pem;
        char name[32];
        load(signers[i].file, bytes);
        assert_null(signature_read(bytes, FILE_BYTES, SECTOR, &s));
        snprintf(name, sizeof name, "%s.pub", signers[i].key);
        load_pem(name, &pem);
        assert_null(sign_digest_of_public(pem.bytes, pem.n, &key));
        assert_memory_equal(key.digest, s.keys[signers[i].index].digest, SIGNATURE_DIGEST_BYTES);
        assert_int_equal(key.scheme, s.keys[signers[i].index].scheme);
    }
}

/* Only the signatures themselves differ, which have chance in them, and the CRC behind. */
static void a_signed_image_is_that_of_espsecure(void **state)
{
    static uint8_t wanted[FILE_BYTES];
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct err e = { 0 };
        struct pem pem;
        struct signature s;
        uint8_t *made;
        size_t n;
        load_pem(signers[i].key, &pem);
        load(signers[i].file, wanted);
        const struct sign_key key = { .pem = pem.bytes, .pem_bytes = pem.n };
        assert_ok(sign_image(wanted, 2080, &key, 1, &made, &n, &e), &e);
        assert_int_equal(n, FILE_BYTES);
        assert_null(signature_read(made, n, SECTOR, &s));
        assert_int_equal(s.count, 1);
        const size_t from = i == 3 ? 812 : i == 2 ? 149 : 101, bytes = i == 3 ? 384 : 128;
        assert_memory_equal(made, wanted, SECTOR + from);
        assert_memory_equal(made + SECTOR + from + bytes, wanted + SECTOR + from + bytes,
                            1196 - from - bytes);
        free(made);
    }
}

static void three_keys_sign_and_no_two_kinds(void **state)
{
    static uint8_t wanted[FILE_BYTES];
    static struct pem pem[3];
    struct err e = { 0 };
    struct signature s;
    uint8_t *made;
    size_t n;
    (void)state;
    load("signed-rsa-3keys", wanted);
    for (size_t i = 0; i < 3; i++)
        load_pem(signers[3 + i].key, &pem[i]);
    struct sign_key keys[] = { { .pem = pem[0].bytes, .pem_bytes = pem[0].n },
                               { .pem = pem[1].bytes, .pem_bytes = pem[1].n },
                               { .pem = pem[2].bytes, .pem_bytes = pem[2].n } };
    assert_ok(sign_image(wanted, 2080, keys, 3, &made, &n, &e), &e);
    assert_null(signature_read(made, n, SECTOR, &s));
    assert_int_equal(s.count, 3);
    assert_memory_equal(made + SECTOR + 3 * 1216, wanted + SECTOR + 3 * 1216, 4096 - 3 * 1216);
    free(made);
    keys[2] = keys[0];
    assert_code(sign_image(wanted, 2080, keys, 3, &made, &n, &e), &e, ERR_USAGE);
    load_pem("p256", &pem[2]);
    keys[2] = (struct sign_key){ .pem = pem[2].bytes, .pem_bytes = pem[2].n };
    assert_code(sign_image(wanted, 2080, keys, 3, &made, &n, &e), &e, ERR_USAGE);
    assert_has(e.what, "several kinds");
    load_pem("p256.pub", &pem[0]);
    keys[0] = (struct sign_key){ .pem = pem[0].bytes, .pem_bytes = pem[0].n };
    assert_code(sign_image(wanted, 2080, keys, 1, &made, &n, &e), &e, ERR_USAGE);
}

static void a_private_key_is_no_public_one(void **state)
{
    struct signature_key key;
    struct pem pem;
    (void)state;
    load_pem("rsa3072-1", &pem);
    assert_has(sign_digest_of_public(pem.bytes, pem.n, &key), "private");
    assert_has(sign_digest_of_public((const uint8_t *)"PEM", 3, &key), "no public key");
}

/* ---- The first secure boot ---- */

static size_t load_bytes(const char *name, uint8_t *bytes, size_t cap)
{
    char path[80];
    snprintf(path, sizeof path, "tests/data/security/%s.bin", name);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    const size_t n = fread(bytes, 1, cap, f);
    fclose(f);
    return n;
}

/* espsecure's file for the key 00 01 .. 1F: IV and digest. */
static void a_boot_loader_is_bound_as_espsecure_does_it(void **state)
{
    static uint8_t bytes[FILE_BYTES];
    uint8_t sector[256], key[32], digest[BOOT_DIGEST_BYTES];
    struct image image;
    (void)state;
    for (uint8_t i = 0; i < sizeof key; i++)
        key[i] = i;
    const size_t n = load_bytes("img-esp32", bytes, sizeof bytes);
    assert_true(load_bytes("v1-bootloader-digest", sector, sizeof sector) >= 192);
    image_read(bytes, n, false, &image);
    assert_int_equal(image.kind, IMAGE_LONG);
    assert_true(boot_digest(key, 32, sector, bytes, &image, digest));
    assert_memory_equal(digest, sector + BOOT_DIGEST_IV_BYTES, BOOT_DIGEST_BYTES);
    key[31] ^= 1;
    assert_true(boot_digest(key, 32, sector, bytes, &image, digest));
    assert_memory_not_equal(digest, sector + BOOT_DIGEST_IV_BYTES, BOOT_DIGEST_BYTES);
    assert_false(boot_digest(key, 16, sector, bytes, &image, digest));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_signatures_of_the_official_tool_are_right),
        cmocka_unit_test(one_bit_makes_it_wrong),
        cmocka_unit_test(what_is_wrong_is_said),
        cmocka_unit_test(a_cut_sector_has_whole_blocks_only),
        cmocka_unit_test(an_image_knows_whose_signature_it_brings),
        cmocka_unit_test(a_public_key_has_the_digest_of_espsecure),
        cmocka_unit_test(a_signed_image_is_that_of_espsecure),
        cmocka_unit_test(three_keys_sign_and_no_two_kinds),
        cmocka_unit_test(a_private_key_is_no_public_one),
        cmocka_unit_test(a_boot_loader_is_bound_as_espsecure_does_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
