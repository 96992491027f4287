#include "core/images/secure_cert.h"

#include "core/base/bytes.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>
#include <zlib.h>

#define MAGIC         0xBA5EBA11u
#define TYPE_AT       8u
#define LENGTH_AT     10u
#define HEAD_BYTES    12u
#define CRC_BYTES     4u
#define STEP          16u
#define DS_HEAD_BYTES 20u /* a word, and the IV */
#define CONTEXT_BYTES 8u
#define CONTEXT_BLOCK 4u
#define CONTEXT_BITS  6u
#define RECORD_MAX    0xFFFFu

/* The vendor's numbers. */
enum record_type { CA_CERTIFICATE, DEVICE_CERTIFICATE, PRIVATE_KEY, DS_DATA, DS_CONTEXT };

static size_t padded(size_t n)
{
    return (n + STEP - 1) / STEP * STEP;
}

static uint32_t crc_of(const uint8_t *bytes, size_t n)
{
    return (uint32_t)crc32(UINT32_MAX, bytes, (uInt)n);
}

/* ---- Making ---- */

struct writing {
    uint8_t *to;
    size_t at, n;
    bool full;
};

static uint8_t *begin_record(struct writing *w, enum record_type type, size_t length)
{
    const size_t whole = HEAD_BYTES + padded(length) + CRC_BYTES;
    if (w->full || length > RECORD_MAX || whole > w->n - w->at) {
        w->full = true;
        return NULL;
    }
    uint8_t *record = w->to + w->at;
    memset(record, 0, whole);
    store_u32(record, MAGIC);
    record[TYPE_AT] = (uint8_t)type;
    store_u16(record + LENGTH_AT, (uint16_t)length);
    return record + HEAD_BYTES;
}

static void end_record(struct writing *w)
{
    uint8_t *record = w->to + w->at;
    const size_t n = HEAD_BYTES + padded(load_u16(record + LENGTH_AT));
    store_u32(record + n, crc_of(record, n));
    w->at += n + CRC_BYTES;
}

/* Text ends with a 0. */
static void put_pem(struct writing *w, enum record_type type, const uint8_t *pem, size_t n)
{
    uint8_t *data = begin_record(w, type, n + 1);
    if (!data)
        return;
    memcpy(data, pem, n);
    end_record(w);
}

static void put_ds(struct writing *w, const struct secure_cert *from)
{
    uint8_t *data = begin_record(w, DS_DATA, DS_HEAD_BYTES + from->ds.cipher_bytes);
    if (!data)
        return;
    store_u32(data, from->ds.bits / 32 - 1);
    memcpy(data + 4, from->ds.iv, DS_IV_BYTES);
    memcpy(data + DS_HEAD_BYTES, from->ds.cipher, from->ds.cipher_bytes);
    end_record(w);
    data = begin_record(w, DS_CONTEXT, CONTEXT_BYTES);
    if (!data)
        return;
    data[CONTEXT_BLOCK] = (uint8_t)from->block;
    store_u16(data + CONTEXT_BITS, (uint16_t)from->ds.bits);
    end_record(w);
}

const char *secure_cert_make(const struct secure_cert *from, uint8_t *to, size_t n)
{
    struct writing w = { .to = to, .n = n };
    memset(to, 0xFF, n);
    if (from->device)
        put_pem(&w, DEVICE_CERTIFICATE, from->device, from->device_bytes);
    if (from->ca)
        put_pem(&w, CA_CERTIFICATE, from->ca, from->ca_bytes);
    if (from->has_ds)
        put_ds(&w, from);
    return w.full ? "the certificates are larger than the partition" : NULL;
}

/* ---- Reading ---- */

bool secure_cert_is_one(const uint8_t *bytes, size_t n)
{
    return n >= HEAD_BYTES && load_u32(bytes) == MAGIC;
}

static const char *take_ds(const uint8_t *data, size_t n, struct ds_params *p)
{
    if (n <= DS_HEAD_BYTES || n - DS_HEAD_BYTES > DS_CIPHER_MAX_BYTES)
        return "its parameters of digital signatures have no length that a chip takes";
    p->bits = (load_u32(data) + 1) * 32;
    p->cipher_bytes = n - DS_HEAD_BYTES;
    memcpy(p->iv, data + 4, DS_IV_BYTES);
    memcpy(p->cipher, data + DS_HEAD_BYTES, p->cipher_bytes);
    return NULL;
}

static const char *take(unsigned type, const uint8_t *data, size_t n, struct secure_cert *to,
                        bool *context)
{
    switch (type) {
    case CA_CERTIFICATE:
        to->ca = data;
        to->ca_bytes = n;
        return NULL;
    case DEVICE_CERTIFICATE:
        to->device = data;
        to->device_bytes = n;
        return NULL;
    case PRIVATE_KEY:
        return "it holds a private key in the clear";
    case DS_DATA:
        to->has_ds = true;
        return take_ds(data, n, &to->ds);
    case DS_CONTEXT:
        *context = n >= CONTEXT_BYTES && data[CONTEXT_BLOCK] < SECURE_CERT_KEY_BLOCKS;
        to->block = *context ? data[CONTEXT_BLOCK] : 0;
        return *context ? NULL : "it names no key block";
    default:
        return NULL; /* others than these say nothing of keys in fuses */
    }
}

const char *secure_cert_read(const uint8_t *bytes, size_t n, struct secure_cert *to)
{
    bool context = false;
    const char *problem = NULL;
    memset(to, 0, sizeof *to);
    for (size_t at = 0; !problem && secure_cert_is_one(bytes + at, n - at);) {
        const size_t length = load_u16(bytes + at + LENGTH_AT), whole = HEAD_BYTES + padded(length);
        if (whole + CRC_BYTES > n - at)
            return "one of its records goes on behind its end";
        if (crc_of(bytes + at, whole) != load_u32(bytes + at + whole))
            return "the CRC of one of its records is wrong";
        problem = take(bytes[at + TYPE_AT], bytes + at + HEAD_BYTES, length, to, &context);
        at += whole + CRC_BYTES;
    }
    if (!problem && to->has_ds && !context)
        problem = "it does not say which key block its parameters are for";
    return problem;
}

/* ---- Judging ---- */

static X509 *read_certificate(const struct secure_cert *c)
{
    BIO *bio = c->device ? BIO_new_mem_buf(c->device, (int)c->device_bytes) : NULL;
    X509 *x = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
    BIO_free(bio);
    return x;
}

bool secure_cert_has_modulus(const struct secure_cert *c,
                             const uint8_t modulus[static DS_NUMBER_MAX_BYTES])
{
    BIGNUM *has = NULL, *wanted = BN_lebin2bn(modulus, (int)DS_NUMBER_MAX_BYTES, NULL);
    X509 *x = read_certificate(c);
    EVP_PKEY *key = x ? X509_get0_pubkey(x) : NULL;
    const bool is_it = key && wanted && EVP_PKEY_is_a(key, "RSA") &&
                       EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &has) == 1 &&
                       BN_cmp(has, wanted) == 0;
    BN_free(has);
    BN_free(wanted);
    X509_free(x);
    return is_it;
}

const char *secure_cert_judge(const struct secure_cert *c, const uint8_t *key)
{
    uint8_t modulus[DS_NUMBER_MAX_BYTES];
    if (!c->has_ds)
        return "it has no parameters of digital signatures";
    const char *problem = ds_open(&c->ds, key, modulus);
    if (!problem && !c->device)
        problem = "it has no certificate of the device";
    if (!problem && !secure_cert_has_modulus(c, modulus))
        problem = "its certificate is another key's";
    return problem;
}
