#include "core/images/ds_params.h"

#include "core/base/bytes.h"
#include "core/base/digest.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <string.h>

/* The plaintext: d, n and 2^(2k) mod n, each of the chip's length, then the digest of these and of
 * what follows, then two words and the padding. */
#define TAIL_BYTES   48u
#define DIGEST_BYTES 32u
#define PAD          8u
#define BITS_MIN     1024
#define HASHED_BYTES (3u * DS_NUMBER_MAX_BYTES + 8u + DS_IV_BYTES)
#define PLAIN_BYTES  DS_CIPHER_MAX_BYTES
#define WORD_BITS    32u

static const char no_memory[] = "there is no memory for it";

/* ---- Numbers of the key ---- */

struct numbers {
    BIGNUM *n, *d, *r, *m, *word;
    BN_CTX *ctx;
};

static void numbers_done(struct numbers *a)
{
    BN_clear_free(a->d);
    BN_free(a->n);
    BN_free(a->r);
    BN_free(a->m);
    BN_free(a->word);
    BN_CTX_free(a->ctx);
}

/* 2^(2k) mod n, and -(1 / n) mod 2^32, for k bits. */
static bool reckon(struct numbers *a, int bits)
{
    a->r = BN_new();
    a->m = BN_new();
    a->word = BN_new();
    a->ctx = BN_CTX_new();
    return a->r && a->m && a->word && a->ctx && BN_set_bit(a->r, 2 * bits) == 1 &&
           BN_mod(a->r, a->r, a->n, a->ctx) == 1 && BN_set_bit(a->word, (int)WORD_BITS) == 1 &&
           BN_mod_inverse(a->m, a->n, a->word, a->ctx) && BN_sub(a->m, a->word, a->m) == 1;
}

/* There is nobody to ask for a password. */
static int no_password(char *buf, int size, int writes, void *ctx)
{
    (void)buf, (void)size, (void)writes, (void)ctx;
    return -1;
}

static EVP_PKEY *read_pem(const uint8_t *pem, size_t n)
{
    BIO *bio = n <= INT32_MAX ? BIO_new_mem_buf(pem, (int)n) : NULL;
    EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL) : NULL;
    BIO_free(bio);
    return key;
}

static const char *take_numbers(const EVP_PKEY *key, size_t number_bytes, struct numbers *a,
                                unsigned *bits)
{
    const int k = EVP_PKEY_get_bits(key);
    if (!EVP_PKEY_is_a(key, "RSA"))
        return "it is no RSA key, and the peripheral signs with those alone";
    if (k < BITS_MIN || k % (int)WORD_BITS != 0 || (size_t)k > 8 * number_bytes)
        return number_bytes == DS_NUMBER_MAX_BYTES
                   ? "it is none of 1024 to 4096 bits"
                   : "it is none of 1024 to 3072 bits, which is all that the chip takes";
    *bits = (unsigned)k;
    return EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &a->n) == 1 &&
                   EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_D, &a->d) == 1 && reckon(a, k)
               ? NULL
               : no_memory;
}

/* ---- The plaintext ---- */

static bool digest_of(const uint8_t *numbers, size_t number_bytes, const uint8_t *words,
                      const uint8_t *iv, uint8_t *digest)
{
    uint8_t hashed[HASHED_BYTES];
    memcpy(hashed, numbers, 3 * number_bytes);
    memcpy(hashed + 3 * number_bytes, words, 8);
    memcpy(hashed + 3 * number_bytes + 8, iv, DS_IV_BYTES);
    const bool ok = digest_sha256(hashed, 3 * number_bytes + 8 + DS_IV_BYTES, digest);
    OPENSSL_cleanse(hashed, sizeof hashed);
    return ok;
}

static bool lay_out(const struct numbers *a, unsigned bits, size_t number_bytes, const uint8_t *iv,
                    uint8_t *plain)
{
    const int n = (int)number_bytes;
    uint8_t *tail = plain + 3 * number_bytes, *words = tail + DIGEST_BYTES;
    if (BN_bn2lebinpad(a->d, plain, n) != n || BN_bn2lebinpad(a->n, plain + n, n) != n ||
        BN_bn2lebinpad(a->r, plain + 2 * n, n) != n || BN_bn2lebinpad(a->m, words, 4) != 4)
        return false;
    store_u32(words + 4, bits / WORD_BITS - 1);
    memset(words + 8, PAD, PAD);
    return digest_of(plain, number_bytes, words, iv, tail);
}

/* ---- The cipher ---- */

static bool crypt(const uint8_t *key, const uint8_t *iv, const uint8_t *in, uint8_t *out, size_t n,
                  bool encrypts)
{
    uint8_t ones[DS_KEY_BYTES], aes[DS_KEY_BYTES];
    int got = 0;
    unsigned mac_bytes = 0;
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    memset(ones, 0xFF, sizeof ones);
    const bool ok =
        c &&
        HMAC(EVP_sha256(), key, (int)DS_KEY_BYTES, ones, sizeof ones, aes, &mac_bytes) != NULL &&
        EVP_CipherInit_ex(c, EVP_aes_256_cbc(), NULL, aes, iv, encrypts) == 1 &&
        EVP_CIPHER_CTX_set_padding(c, 0) == 1 && EVP_CipherUpdate(c, out, &got, in, (int)n) == 1 &&
        (size_t)got == n;
    EVP_CIPHER_CTX_free(c);
    OPENSSL_cleanse(aes, sizeof aes);
    return ok;
}

const char *ds_seal(const uint8_t *pem, size_t n, const uint8_t *key, size_t number_bytes,
                    struct ds_params *p)
{
    uint8_t plain[PLAIN_BYTES];
    struct numbers a = { 0 };
    EVP_PKEY *pkey = read_pem(pem, n);
    const char *problem = pkey ? take_numbers(pkey, number_bytes, &a, &p->bits)
                               : "it is no private key in PEM, or needs a password to be read";
    p->cipher_bytes = 3 * number_bytes + TAIL_BYTES;
    if (!problem && (!lay_out(&a, p->bits, number_bytes, p->iv, plain) ||
                     !crypt(key, p->iv, plain, p->cipher, p->cipher_bytes, true)))
        problem = no_memory;
    OPENSSL_cleanse(plain, sizeof plain);
    numbers_done(&a);
    EVP_PKEY_free(pkey);
    return problem;
}

const char *ds_open(const struct ds_params *p, const uint8_t *key,
                    uint8_t modulus[static DS_NUMBER_MAX_BYTES])
{
    uint8_t plain[PLAIN_BYTES], digest[DIGEST_BYTES];
    const size_t number_bytes = (p->cipher_bytes - TAIL_BYTES) / 3;
    if (p->cipher_bytes <= TAIL_BYTES || p->cipher_bytes > sizeof plain ||
        3 * number_bytes + TAIL_BYTES != p->cipher_bytes)
        return "its parameters have no length that a chip takes";
    const uint8_t *tail = plain + 3 * number_bytes, *words = tail + DIGEST_BYTES;
    const bool decrypted = crypt(key, p->iv, p->cipher, plain, p->cipher_bytes, false) &&
                           digest_of(plain, number_bytes, words, p->iv, digest);
    const bool right = decrypted && CRYPTO_memcmp(digest, tail, sizeof digest) == 0 &&
                       load_u32(words + 4) == p->bits / WORD_BITS - 1;
    memset(modulus, 0, DS_NUMBER_MAX_BYTES);
    memcpy(modulus, plain + number_bytes, number_bytes);
    OPENSSL_cleanse(plain, sizeof plain);
    if (!decrypted)
        return no_memory;
    return right ? NULL : "its parameters were made for another key";
}
