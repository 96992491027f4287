#include "core/images/sign.h"

#include "core/base/bytes.h"
#include "core/base/digest.h"
#include "core/images/signature_priv.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static const char no_memory[] = "there is no memory for it";

/* ---- Keys ---- */

/* An encrypted key would be asked for on a terminal; there is none. */
static int no_password(char *buf, int size, int writes, void *ctx)
{
    (void)buf, (void)size, (void)writes, (void)ctx;
    return -1;
}

static EVP_PKEY *read_pem(const uint8_t *pem, size_t n, bool is_private)
{
    BIO *bio = n <= SIGN_PEM_MAX_BYTES ? BIO_new_mem_buf(pem, (int)n) : NULL;
    EVP_PKEY *key = NULL;
    if (bio)
        key = is_private ? PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL)
                         : PEM_read_bio_PUBKEY(bio, NULL, no_password, NULL);
    BIO_free(bio);
    return key;
}

static const struct signature_layout *layout_of(const EVP_PKEY *key)
{
    char group[32] = "";
    if (EVP_PKEY_is_a(key, "RSA"))
        return EVP_PKEY_get_bits(key) == 8 * (int)SIGNATURE_RSA_BYTES ? &signature_layouts[0]
                                                                      : NULL;
    if (EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof group,
                                       NULL) != 1)
        return NULL;
    for (size_t i = 1; i < SIGNATURE_LAYOUTS; i++) {
        if (strcmp(signature_layouts[i].group, group) == 0)
            return &signature_layouts[i];
    }
    return NULL;
}

/* A number of the key, the lowest byte first. */
static bool put_number(const EVP_PKEY *key, const char *name, uint8_t *to, size_t n)
{
    BIGNUM *number = NULL;
    bool ok = EVP_PKEY_get_bn_param(key, name, &number) == 1 &&
              BN_bn2lebinpad(number, to, (int)n) == (int)n;
    BN_free(number);
    return ok;
}

/* What the chip reckons with: 2^6144 mod n, and -(1 / n) mod 2^32. */
static bool put_rsa_helpers(const EVP_PKEY *key, uint8_t *block)
{
    BN_CTX *ctx = BN_CTX_new();
    BIGNUM *n = NULL, *r = BN_new(), *m = BN_new(), *word = BN_new();
    bool ok = ctx && r && m && word && EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &n) == 1 &&
              BN_set_bit(r, 16 * (int)SIGNATURE_RSA_BYTES) == 1 && BN_mod(r, r, n, ctx) == 1 &&
              BN_set_bit(word, 32) == 1 && BN_mod_inverse(m, n, word, ctx) &&
              BN_sub(m, word, m) == 1 &&
              BN_bn2lebinpad(r, block + SIGNATURE_RSA_R_AT, (int)SIGNATURE_RSA_BYTES) > 0 &&
              BN_bn2lebinpad(m, block + SIGNATURE_RSA_M_AT, 4) > 0;
    BN_free(n);
    BN_free(r);
    BN_free(m);
    BN_free(word);
    BN_CTX_free(ctx);
    return ok;
}

static bool put_public(const struct signature_layout *l, const EVP_PKEY *key, uint8_t *block)
{
    if (!l->group)
        return put_number(key, OSSL_PKEY_PARAM_RSA_N, block + SIGNATURE_RSA_N_AT,
                          SIGNATURE_RSA_BYTES) &&
               put_number(key, OSSL_PKEY_PARAM_RSA_E, block + SIGNATURE_RSA_E_AT, 4) &&
               put_rsa_helpers(key, block);
    block[l->key_at] = l->curve;
    return put_number(key, OSSL_PKEY_PARAM_EC_PUB_X, block + l->x_at, l->number_bytes) &&
           put_number(key, OSSL_PKEY_PARAM_EC_PUB_Y, block + l->x_at + l->number_bytes,
                      l->number_bytes);
}

static bool has_text(const uint8_t *bytes, size_t n, const char *text)
{
    return memmem(bytes, n, text, strlen(text)) != NULL;
}

/* What is public of it, held by libcrypto itself: of a key in a token it cannot tell all. */
static EVP_PKEY *public_half(const EVP_PKEY *key)
{
    unsigned char *der = NULL;
    const int n = i2d_PUBKEY(key, &der);
    const unsigned char *at = der;
    EVP_PKEY *public = n > 0 ? d2i_PUBKEY(NULL, &at, n) : NULL;
    OPENSSL_free(der);
    return public;
}

static const char *digest_of(const EVP_PKEY *public, struct signature_key *key)
{
    uint8_t block[SIGNATURE_BLOCK_BYTES] = { 0 };
    const struct signature_layout *l = layout_of(public);
    if (!l)
        return "it is none of secure boot: that takes RSA of 3072 bits, P-192, P-256 and P-384";
    key->scheme = l->scheme;
    return put_public(l, public, block) &&
                   digest_sha256(block + l->key_at, l->key_bytes, key->digest)
               ? NULL
               : no_memory;
}

const char *sign_digest_of_key(const struct evp_pkey_st *held, struct signature_key *key)
{
    EVP_PKEY *public = public_half(held);
    const char *problem = public ? digest_of(public, key) : "it does not tell its public half";
    EVP_PKEY_free(public);
    return problem;
}

const char *sign_digest_of_public(const uint8_t *pem, size_t n, struct signature_key *key)
{
    if (has_text(pem, n, "PRIVATE KEY"))
        return "it is a private key, which a station has no use for; give its public half, as in: "
               "openssl pkey -in KEY.pem -pubout -out KEY.pub.pem";
    EVP_PKEY *public = read_pem(pem, n, false);
    if (!public)
        return "it is no public key in PEM";
    const char *problem = digest_of(public, key);
    EVP_PKEY_free(public);
    return problem;
}

static bool has_group(const EVP_PKEY *key, const char *name)
{
    char group[32] = "";
    return EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof group,
                                          NULL) == 1 &&
           strcmp(group, name) == 0;
}

const char *sign_scalar_of_private(const uint8_t *pem, size_t n,
                                   uint8_t scalar[static SIGN_SCALAR_BYTES])
{
    BIGNUM *number = NULL;
    EVP_PKEY *key = read_pem(pem, n, true);
    const char *problem = !key ? "it is no private key in PEM, or needs a password"
                          : !has_group(key, "prime256v1") ? "it is no key of P-256"
                                                          : NULL;
    if (!problem && (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_PRIV_KEY, &number) != 1 ||
                     BN_bn2binpad(number, scalar, (int)SIGN_SCALAR_BYTES) < 0))
        problem = no_memory;
    BN_clear_free(number);
    EVP_PKEY_free(key);
    return problem;
}

/* ---- Signing ---- */

static bool sign_hash(EVP_PKEY *key, bool is_rsa, const uint8_t *hash, size_t hash_bytes,
                      uint8_t *signature, size_t *n)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
    bool ok = ctx && EVP_PKEY_sign_init(ctx) == 1 && (!is_rsa || signature_choose_padding(ctx)) &&
              EVP_PKEY_sign(ctx, signature, n, hash, hash_bytes) == 1;
    EVP_PKEY_CTX_free(ctx);
    return ok;
}

/* The two numbers of a signature come as DER. */
static bool put_ec_signature(const struct signature_layout *l, const uint8_t *der, size_t n,
                             uint8_t *to)
{
    const BIGNUM *r, *s;
    ECDSA_SIG *both = d2i_ECDSA_SIG(NULL, &der, (long)n);
    if (!both)
        return false;
    ECDSA_SIG_get0(both, &r, &s);
    const int bytes = (int)l->number_bytes;
    bool ok =
        BN_bn2lebinpad(r, to, bytes) == bytes && BN_bn2lebinpad(s, to + bytes, bytes) == bytes;
    ECDSA_SIG_free(both);
    return ok;
}

static bool put_signature(const struct signature_layout *l, EVP_PKEY *key, uint8_t *block)
{
    uint8_t signature[512];
    size_t n = sizeof signature;
    if (!sign_hash(key, !l->group, block + SIGNATURE_HASH_AT, l->hash_bytes, signature, &n))
        return false;
    if (l->group)
        return put_ec_signature(l, signature, n, block + l->signature_at);
    for (size_t i = 0; i < SIGNATURE_RSA_BYTES && n == SIGNATURE_RSA_BYTES; i++)
        block[SIGNATURE_RSA_S_AT + i] = signature[n - 1 - i];
    return n == SIGNATURE_RSA_BYTES;
}

/* Who signs; the public half is libcrypto's own. */
struct signer {
    EVP_PKEY *key, *public;
};

static bool put_block(const struct signature_layout *l, const struct signer *by,
                      const uint8_t *image, size_t n, uint8_t *block)
{
    uint8_t hash[EVP_MAX_MD_SIZE];
    const EVP_MD *md = l->hash_bytes == 48 ? EVP_sha384() : EVP_sha256();
    memset(block, 0, SIGNATURE_BLOCK_BYTES);
    block[0] = SIGNATURE_BLOCK_MAGIC;
    block[1] = l->version;
    block[2] = l->sha384;
    if (EVP_Digest(image, n, hash, NULL, md, NULL) != 1)
        return false;
    memcpy(block + SIGNATURE_HASH_AT, hash, l->hash_bytes);
    if (!put_public(l, by->public, block) || !put_signature(l, by->key, block))
        return false;
    store_u32(block + SIGNATURE_CRC_AT, (uint32_t)crc32(0, block, SIGNATURE_CRC_AT));
    return true;
}

struct signing {
    struct signer by[SIGNATURE_KEYS_MAX];
    const struct signature_layout *layout;
    size_t count;
};

static bool read_key(struct signing *s, const struct sign_key *from, struct err *e)
{
    struct signer *by = &s->by[s->count];
    const size_t number = s->count + 1;
    if (from->held && EVP_PKEY_up_ref(from->held) == 1)
        by->key = from->held;
    else if (!from->held)
        by->key = read_pem(from->pem, from->pem_bytes, true);
    if (!by->key)
        return err_set(e, ERR_USAGE,
                       "Key %zu is no private key in PEM, or needs a password to be read", number);
    s->count++;
    by->public = public_half(by->key);
    return by->public || err_set(e, ERR_STATION, "Key %zu does not tell its public half", number);
}

static bool judge_key(struct signing *s, size_t i, struct err *e)
{
    const struct signature_layout *l = layout_of(s->by[i].public);
    if (!l)
        return err_set(e, ERR_USAGE,
                       "Key %zu is none of secure boot: that takes RSA of 3072 bits, P-192, P-256 "
                       "and P-384",
                       i + 1);
    if (s->layout && s->layout != l)
        return err_set(e, ERR_USAGE, "The keys are of several kinds (%s, %s): a board takes one",
                       s->layout->word, l->word);
    s->layout = l;
    for (size_t k = 0; k < i; k++) {
        if (EVP_PKEY_eq(s->by[k].public, s->by[i].public) == 1)
            return err_set(e, ERR_USAGE, "Keys %zu and %zu are the same", k + 1, i + 1);
    }
    return true;
}

static bool read_keys(struct signing *s, const struct sign_key *keys, size_t count, struct err *e)
{
    for (size_t i = 0; i < count; i++) {
        if (!read_key(s, &keys[i], e) || !judge_key(s, i, e))
            return false;
    }
    return true;
}

static bool sign_all(const struct signing *s, uint8_t *bytes, size_t sector, struct err *e)
{
    for (size_t i = 0; i < s->count; i++) {
        if (!put_block(s->layout, &s->by[i], bytes, sector,
                       bytes + sector + i * SIGNATURE_BLOCK_BYTES))
            return err_set(e, ERR_STATION, "Key %zu did not sign", i + 1);
    }
    return true;
}

bool sign_image(const uint8_t *image, size_t n, const struct sign_key *keys, size_t count,
                uint8_t **signed_image, size_t *signed_bytes, struct err *e)
{
    struct signing s = { .count = 0 };
    const size_t sector =
        (n + SIGNATURE_SECTOR_BYTES - 1) / SIGNATURE_SECTOR_BYTES * SIGNATURE_SECTOR_BYTES;
    uint8_t *bytes = NULL;
    bool ok = count > 0 && count <= SIGNATURE_KEYS_MAX;
    if (!ok)
        err_set(e, ERR_USAGE, "An image is signed by 1 to %u keys", SIGNATURE_KEYS_MAX);
    ok = ok && read_keys(&s, keys, count, e);
    if (ok && !(bytes = malloc(sector + SIGNATURE_SECTOR_BYTES)))
        ok = err_set(e, ERR_STATION, "Out of memory for a signed image");
    if (ok) {
        memcpy(bytes, image, n);
        memset(bytes + n, 0xFF, sector + SIGNATURE_SECTOR_BYTES - n);
        ok = sign_all(&s, bytes, sector, e);
    }
    for (size_t i = 0; i < s.count; i++) {
        EVP_PKEY_free(s.by[i].key);
        EVP_PKEY_free(s.by[i].public);
    }
    if (!ok) {
        free(bytes);
        return false;
    }
    *signed_image = bytes;
    *signed_bytes = sector + SIGNATURE_SECTOR_BYTES;
    return true;
}
