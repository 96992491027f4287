/* Digests against the vectors of RFC 1321 and FIPS 180. */
#include "core/base/digest.h"
#include "tests/lib/test.h"

static void check(const char *text, const char *md5, const char *sha256)
{
    uint8_t digest[DIGEST_SHA256_BYTES];
    char hex[2 * DIGEST_SHA256_BYTES + 1];
    const uint8_t *bytes = (const uint8_t *)text;
    assert_true(digest_md5(bytes, strlen(text), digest));
    digest_hex(digest, DIGEST_MD5_BYTES, hex);
    assert_string_equal(hex, md5);
    assert_true(digest_sha256(bytes, strlen(text), digest));
    digest_hex(digest, DIGEST_SHA256_BYTES, hex);
    assert_string_equal(hex, sha256);
}

static void digest_matches_the_published_vectors(void **state)
{
    (void)state;
    check("", "d41d8cd98f00b204e9800998ecf8427e",
          "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    check("abc", "900150983cd24fb0d6963f7d28e17f72",
          "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

/* An image's digest is stored behind what it covers. */
static void digest_may_be_written_behind_its_input(void **state)
{
    uint8_t buf[3 + DIGEST_SHA256_BYTES] = "abc", apart[DIGEST_SHA256_BYTES];
    (void)state;
    assert_true(digest_sha256(buf, 3, apart));
    assert_true(digest_sha256(buf, 3, buf + 3));
    assert_memory_equal(buf + 3, apart, sizeof apart);
    assert_memory_equal(buf, "abc", 3);
}

/* However the pieces lie, and again after the end. */
static void digest_of_pieces_is_that_of_the_whole(void **state)
{
    static const char text[] = "the whole of it, in two pieces that meet at every place";
    uint8_t whole[DIGEST_SHA256_BYTES], pieces[DIGEST_SHA256_BYTES];
    struct digest_run d = { 0 };
    (void)state;
    for (size_t cut = 0; cut < sizeof text; cut++) {
        assert_true(digest_sha256((const uint8_t *)text, sizeof text, whole));
        digest_begin(&d, DIGEST_SHA256);
        digest_add(&d, text, cut);
        digest_add(&d, text + cut, sizeof text - cut);
        assert_true(digest_end(&d, pieces, DIGEST_SHA256_BYTES));
        assert_memory_equal(pieces, whole, DIGEST_SHA256_BYTES);
        assert_true(digest_md5((const uint8_t *)text, sizeof text, whole));
        digest_begin(&d, DIGEST_MD5);
        digest_add(&d, text, cut);
        digest_add(&d, text + cut, sizeof text - cut);
        assert_true(digest_end(&d, pieces, DIGEST_MD5_BYTES));
        assert_memory_equal(pieces, whole, DIGEST_MD5_BYTES);
    }
    digest_free(&d);
    digest_free(&d);
}

/* What was not begun, or has ended, gives no digest. */
static void digest_without_a_beginning_is_none(void **state)
{
    uint8_t out[DIGEST_MD5_BYTES] = { 1 }, zero[DIGEST_MD5_BYTES] = { 0 };
    struct digest_run d = { 0 };
    (void)state;
    digest_add(&d, "abc", 3);
    assert_false(digest_end(&d, out, sizeof out));
    assert_memory_equal(out, zero, sizeof out);
    digest_begin(&d, DIGEST_MD5);
    assert_true(digest_end(&d, out, sizeof out));
    assert_false(digest_end(&d, out, sizeof out));
    assert_memory_equal(out, zero, sizeof out);
    digest_free(&d);
}

static void digest_hex_closes_its_text(void **state)
{
    char text[5] = "zzzz";
    (void)state;
    digest_hex((const uint8_t[]){ 0x0F, 0xA0 }, 2, text);
    assert_string_equal(text, "0fa0");
    digest_hex(NULL, 0, text);
    assert_string_equal(text, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digest_matches_the_published_vectors),
        cmocka_unit_test(digest_may_be_written_behind_its_input),
        cmocka_unit_test(digest_of_pieces_is_that_of_the_whole),
        cmocka_unit_test(digest_without_a_beginning_is_none),
        cmocka_unit_test(digest_hex_closes_its_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
