#include "core/images/signature_priv.h"

#include "core/base/bytes.h"
#include "core/base/digest.h"

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <stdbool.h>
#include <string.h>
#include <zlib.h>

static const char no_memory[] = "there is no memory to check it";

/* ---- The layouts ---- */

const struct signature_layout signature_layouts[SIGNATURE_LAYOUTS] = {
    { 2, 0, 0, SIGNATURE_RSA_3072, "RSA-3072", NULL, 32, 36, 776, 0, 0, 0 },
    { 3, 0, 1, SIGNATURE_ECDSA_P192, "ECDSA P-192", "prime192v1", 32, 36, 65, 24, 37, 101 },
    { 3, 0, 2, SIGNATURE_ECDSA_P256, "ECDSA P-256", "prime256v1", 32, 36, 65, 32, 37, 101 },
    { 3, 1, 3, SIGNATURE_ECDSA_P384, "ECDSA P-384", "secp384r1", 48, 52, 97, 48, 53, 149 },
};

const char *signature_scheme_word(enum signature_scheme scheme)
{
    for (size_t i = 0; i < SIGNATURE_LAYOUTS; i++) {
        if (signature_layouts[i].scheme == scheme)
            return signature_layouts[i].word;
    }
    return "";
}

static const struct signature_layout *layout_of(const uint8_t *block)
{
    for (size_t i = 0; i < SIGNATURE_LAYOUTS; i++) {
        const struct signature_layout *l = &signature_layouts[i];
        if (block[1] == l->version && block[2] == l->sha384 &&
            (l->curve == 0 || block[l->key_at] == l->curve))
            return l;
    }
    return NULL;
}

/* ---- Numbers and keys ---- */

/* Blocks have numbers with the lowest byte first. */
static void turn(uint8_t *to, const uint8_t *from, size_t n)
{
    for (size_t i = 0; i < n; i++)
        to[i] = from[n - 1 - i];
}

/* A public key from its parts; frees the builder. NULL: the parts are none, or no memory. */
static EVP_PKEY *make_key(const char *type, OSSL_PARAM_BLD *builder)
{
    OSSL_PARAM *params = builder ? OSSL_PARAM_BLD_to_param(builder) : NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    EVP_PKEY *key = NULL;
    if (!params || !ctx || EVP_PKEY_fromdata_init(ctx) != 1 ||
        EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
        key = NULL;
    EVP_PKEY_CTX_free(ctx);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(builder);
    return key;
}

static EVP_PKEY *rsa_key(const uint8_t *block)
{
    BIGNUM *n = BN_lebin2bn(block + SIGNATURE_RSA_N_AT, SIGNATURE_RSA_BYTES, NULL);
    BIGNUM *e = BN_lebin2bn(block + SIGNATURE_RSA_E_AT, 4, NULL);
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    EVP_PKEY *key = NULL;
    if (n && e && builder && OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n) &&
        OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e))
        key = make_key("RSA", builder);
    else
        OSSL_PARAM_BLD_free(builder);
    BN_free(n);
    BN_free(e);
    return key;
}

static EVP_PKEY *ec_key(const struct signature_layout *l, const uint8_t *block)
{
    uint8_t point[1 + 2 * SIGNATURE_POINT_MAX] = { 4 }; /* uncompressed: 4, x, y */
    const uint8_t *x = block + l->x_at;
    turn(point + 1, x, l->number_bytes);
    turn(point + 1 + l->number_bytes, x + l->number_bytes, l->number_bytes);
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    if (builder &&
        OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, l->group, 0) &&
        OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point,
                                         1 + 2 * l->number_bytes))
        return make_key("EC", builder);
    OSSL_PARAM_BLD_free(builder);
    return NULL;
}

/* ---- Proving ---- */

bool signature_choose_padding(EVP_PKEY_CTX *ctx)
{
    return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1 &&
           EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) == 1 &&
           EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, EVP_sha256()) == 1 &&
           EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, 32) == 1;
}

static bool proves(EVP_PKEY *key, bool is_rsa, const uint8_t *signature, size_t n,
                   const uint8_t *hash, size_t hash_bytes)
{
    EVP_PKEY_CTX *ctx = key ? EVP_PKEY_CTX_new(key, NULL) : NULL;
    bool ok = ctx && EVP_PKEY_verify_init(ctx) == 1 && (!is_rsa || signature_choose_padding(ctx)) &&
              EVP_PKEY_verify(ctx, signature, n, hash, hash_bytes) == 1;
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(key);
    return ok;
}

static bool rsa_proves(const uint8_t *block)
{
    uint8_t signature[SIGNATURE_RSA_BYTES];
    turn(signature, block + SIGNATURE_RSA_S_AT, SIGNATURE_RSA_BYTES);
    return proves(rsa_key(block), true, signature, sizeof signature, block + SIGNATURE_HASH_AT, 32);
}

/* OpenSSL takes the two numbers as DER. */
static bool ec_proves(const struct signature_layout *l, const uint8_t *block)
{
    const uint8_t *at = block + l->signature_at;
    BIGNUM *r = BN_lebin2bn(at, (int)l->number_bytes, NULL);
    BIGNUM *s = BN_lebin2bn(at + l->number_bytes, (int)l->number_bytes, NULL);
    ECDSA_SIG *both = ECDSA_SIG_new();
    uint8_t *der = NULL;
    bool ok = false;
    if (r && s && both && ECDSA_SIG_set0(both, r, s) == 1) {
        r = s = NULL; /* they are its own now */
        int n = i2d_ECDSA_SIG(both, &der);
        ok = n > 0 && proves(ec_key(l, block), false, der, (size_t)n, block + SIGNATURE_HASH_AT,
                             l->hash_bytes);
    }
    OPENSSL_free(der);
    ECDSA_SIG_free(both);
    BN_free(r);
    BN_free(s);
    return ok;
}

/* The hash that the block says is that of the file up to the sector. */
static const char *check_hash(const struct signature_layout *l, const uint8_t *bytes, size_t n,
                              const uint8_t *block)
{
    uint8_t hash[EVP_MAX_MD_SIZE];
    const EVP_MD *md = l->hash_bytes == 48 ? EVP_sha384() : EVP_sha256();
    if (EVP_Digest(bytes, n, hash, NULL, md, NULL) != 1)
        return no_memory;
    return memcmp(hash, block + SIGNATURE_HASH_AT, l->hash_bytes) == 0
               ? NULL
               : "the image was changed after it was signed";
}

static const char *read_block(const uint8_t *bytes, size_t sector, const uint8_t *block,
                              struct signature_key *key)
{
    const struct signature_layout *l = layout_of(block);
    if (!l)
        return "its version or its curve is none we know";
    if (crc32(0, block, SIGNATURE_CRC_AT) != load_u32(block + SIGNATURE_CRC_AT))
        return "the CRC of its block is wrong";
    const char *problem = check_hash(l, bytes, sector, block);
    if (problem)
        return problem;
    if (l->group ? !ec_proves(l, block) : !rsa_proves(block))
        return "it does not fit the key that it brings";
    key->scheme = l->scheme;
    return digest_sha256(block + l->key_at, l->key_bytes, key->digest) ? NULL : no_memory;
}

const char *signature_read(const uint8_t *bytes, size_t n, size_t sector, struct signature *s)
{
    memset(s, 0, sizeof *s);
    for (size_t at = sector; s->count < SIGNATURE_KEYS_MAX && at + SIGNATURE_BLOCK_BYTES <= n;
         at += SIGNATURE_BLOCK_BYTES) {
        if (bytes[at] != SIGNATURE_BLOCK_MAGIC)
            break;
        const char *problem = read_block(bytes, sector, bytes + at, &s->keys[s->count]);
        if (problem) {
            memset(s, 0, sizeof *s);
            return problem;
        }
        s->count++;
    }
    return NULL;
}
