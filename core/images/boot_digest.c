#include "core/images/boot_digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>

#define STEP       128u
#define AES_BLOCK  16u
#define KEY_BYTES  32u
#define HASH_BYTES 32u /* appended to an image */

struct machine {
    EVP_CIPHER_CTX *aes;
    EVP_MD_CTX *hash;
};

static void turn(uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n / 2; i++) {
        const uint8_t byte = bytes[i];
        bytes[i] = bytes[n - 1 - i];
        bytes[n - 1 - i] = byte;
    }
}

static void turn_words(uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n; i += 4)
        turn(bytes + i, 4);
}

/* One step of the stream: each block turned, encrypted, turned, and each of its words turned. */
static bool feed(const struct machine *m, const uint8_t *bytes)
{
    uint8_t step[STEP];
    int got;
    memcpy(step, bytes, STEP);
    for (size_t i = 0; i < STEP; i += AES_BLOCK)
        turn(step + i, AES_BLOCK);
    if (EVP_CipherUpdate(m->aes, step, &got, step, STEP) != 1 || got != STEP)
        return false;
    for (size_t i = 0; i < STEP; i += AES_BLOCK)
        turn(step + i, AES_BLOCK);
    turn_words(step, STEP);
    return EVP_DigestUpdate(m->hash, step, STEP) == 1;
}

/* The hash at an image's end is left out where little but that stands behind the last step. */
static size_t plain_bytes(const struct image *image)
{
    const size_t n = image->end, rest = n % STEP;
    return image->digest_at != 0 && rest <= HASH_BYTES ? n - rest : n;
}

static bool feed_all(const struct machine *m, const uint8_t *iv, const uint8_t *bytes, size_t n)
{
    bool ok = feed(m, iv);
    for (size_t at = 0; ok && at < n; at += STEP) {
        uint8_t last[STEP];
        const size_t piece = n - at < STEP ? n - at : STEP;
        memset(last, 0xFF, sizeof last);
        memcpy(last, bytes + at, piece);
        ok = feed(m, last);
    }
    return ok;
}

bool boot_digest(const uint8_t *key, size_t key_bytes,
                 const uint8_t iv[static BOOT_DIGEST_IV_BYTES], const uint8_t *bytes,
                 const struct image *image, uint8_t digest[static BOOT_DIGEST_BYTES])
{
    uint8_t whole[KEY_BYTES];
    unsigned n;
    if (key_bytes != KEY_BYTES && key_bytes != 24)
        return false;
    memcpy(whole, key, key_bytes);
    if (key_bytes == 24) /* its last third is the middle one again */
        memcpy(whole + 24, key + 8, 8);
    const struct machine m = { EVP_CIPHER_CTX_new(), EVP_MD_CTX_new() };
    bool ok = m.aes && m.hash &&
              EVP_EncryptInit_ex2(m.aes, EVP_aes_256_ecb(), whole, NULL, NULL) == 1 &&
              EVP_CIPHER_CTX_set_padding(m.aes, 0) == 1 &&
              EVP_DigestInit_ex(m.hash, EVP_sha512(), NULL) == 1 &&
              feed_all(&m, iv, bytes, plain_bytes(image)) &&
              EVP_DigestFinal_ex(m.hash, digest, &n) == 1 && n == BOOT_DIGEST_BYTES;
    turn_words(digest, BOOT_DIGEST_BYTES);
    EVP_CIPHER_CTX_free(m.aes);
    EVP_MD_CTX_free(m.hash);
    OPENSSL_cleanse(whole, sizeof whole);
    return ok;
}
