#include "tests/lib/make_image.h"

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define SPARE_BYTES 4096u

static void put32(uint8_t *p, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> 8 * i);
}

static void put16(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
}

static size_t room(const struct image_recipe *r)
{
    return 3 * SPARE_BYTES + (size_t)(r->segments + 1u) * (r->segment_bytes + 8) +
           r->trailing_bytes;
}

/* Something that compresses a little, and differs from place to place. */
static void fill(uint8_t *p, size_t n, uint32_t salt)
{
    for (size_t i = 0; i < n; i++)
        p[i] = (uint8_t)(i % 7 == 0 ? (i + salt) * 2654435761u >> 13 : i / 64 + salt);
}

static size_t put_header(const struct image_recipe *r, uint8_t *p, uint8_t magic, uint8_t segments)
{
    p[0] = magic;
    p[1] = segments;
    p[2] = r->mode;
    p[3] = (uint8_t)(r->size_code << 4 | r->freq_code);
    put32(p + 4, r->layout == MADE_LONG ? 0x40080400 : 0x40100004);
    if (r->layout != MADE_LONG)
        return 8;
    p[8] = 0xEE;
    put16(p + 12, r->chip_id);
    p[14] = r->min_revision_old;
    put16(p + 15, r->min_revision);
    put16(p + 17, r->max_revision);
    p[23] = r->digest;
    return 24;
}

static void put_app(const struct image_recipe *r, uint8_t *p)
{
    memset(p, 0, 256);
    put32(p, 0xABCD5432);
    snprintf((char *)p + 16, 32, "1.2.3");
    snprintf((char *)p + 48, 32, "%s", r->project);
}

static size_t put_segments(const struct image_recipe *r, uint8_t *p, size_t at, uint8_t *sum)
{
    for (uint32_t i = 0; i < r->segments; i++) {
        put32(p + at, (r->load_addr ? r->load_addr : 0x40080000) + i * 0x1000);
        put32(p + at + 4, r->segment_bytes);
        at += 8;
        fill(p + at, r->segment_bytes, i + 1);
        if (i == 0 && r->project && r->segment_bytes >= 256)
            put_app(r, p + at);
        for (uint32_t k = 0; k < r->segment_bytes; k++)
            *sum ^= p[at + k];
        at += r->segment_bytes;
    }
    return at;
}

static void put_digest(const struct image_recipe *r, struct made_image *m)
{
    if (r->layout != MADE_LONG || !r->digest)
        return;
    m->digest_at = m->end;
    EVP_Digest(m->bytes, m->end, m->bytes + m->end, NULL, EVP_sha256(), NULL);
    m->end += 32;
}

/* Bit 31 set: all bits turned over; else one is added. As the boot loader of the SDK checks it. */
static void put_crc(const struct image_recipe *r, struct made_image *m)
{
    if (r->layout != MADE_SHORT_V2)
        return;
    uint32_t crc = (uint32_t)crc32(0, m->bytes, (uInt)m->end);
    put32(m->bytes + m->end, crc & 0x80000000 ? ~crc : crc + 1);
    m->end += 4;
}

/* r and s of a DER signature, each of 32 bytes with the lowest first. */
static void put_numbers(uint8_t *to, const uint8_t *der, size_t n)
{
    ECDSA_SIG *both = d2i_ECDSA_SIG(NULL, &der, (long)n);
    if (!both || BN_bn2lebinpad(ECDSA_SIG_get0_r(both), to, 32) != 32 ||
        BN_bn2lebinpad(ECDSA_SIG_get0_s(both), to + 32, 32) != 32)
        abort();
    ECDSA_SIG_free(both);
}

/* The public point, x and y likewise. */
static void put_point(uint8_t *to, EVP_PKEY *key)
{
    BIGNUM *x = NULL, *y = NULL;
    if (!EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_EC_PUB_X, &x) ||
        !EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_EC_PUB_Y, &y) ||
        BN_bn2lebinpad(x, to, 32) != 32 || BN_bn2lebinpad(y, to + 32, 32) != 32)
        abort();
    BN_free(x);
    BN_free(y);
}

/* A block of the second scheme, ECDSA P-256, by a key that is forgotten at once. */
static void put_block(uint8_t *block, const uint8_t *bytes, size_t n)
{
    uint8_t der[128];
    size_t der_bytes = sizeof der;
    EVP_PKEY *key = EVP_EC_gen("P-256");
    EVP_PKEY_CTX *ctx = key ? EVP_PKEY_CTX_new(key, NULL) : NULL;
    memset(block, 0, 1216);
    put32(block, 0x000003E7);
    EVP_Digest(bytes, n, block + 4, NULL, EVP_sha256(), NULL);
    if (!ctx || EVP_PKEY_sign_init(ctx) != 1 ||
        EVP_PKEY_sign(ctx, der, &der_bytes, block + 4, 32) != 1)
        abort();
    block[36] = 2; /* the curve */
    put_point(block + 37, key);
    put_numbers(block + 101, der, der_bytes);
    put32(block + 1196, (uint32_t)crc32(0, block, 1196));
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(key);
}

/* The signature pages of ESP-IDF: V1 is a zero and two numbers, V2 a sector behind the last one. */
static void put_signature(const struct image_recipe *r, struct made_image *m)
{
    size_t sector = (m->end + 4095) / 4096 * 4096;
    if (r->signed_v == 1) {
        fill(m->bytes + m->end + 4, 64, 5);
        m->end += 68;
    } else if (r->signed_v == 2) {
        memset(m->bytes + m->end, 0xFF, sector + 4096 - m->end);
        put_block(m->bytes + sector, m->bytes, sector);
        m->end = sector + 4096;
    }
}

struct made_image make_image(const struct image_recipe *r)
{
    struct made_image m = { .bytes = calloc(1, room(r)) };
    uint8_t sum = 0xEF;
    size_t at = 0;
    if (!m.bytes)
        abort();
    if (r->layout == MADE_SHORT_V2) {
        at = put_header(r, m.bytes, 0xEA, 4);
        put32(m.bytes + at + 4, r->segment_bytes);
        fill(m.bytes + at + 8, r->segment_bytes, 99);
        at += 8 + r->segment_bytes;
    }
    at += put_header(r, m.bytes + at, 0xE9, r->segments);
    at = put_segments(r, m.bytes, at, &sum);
    m.checksum_at = at / 16 * 16 + 15;
    m.bytes[m.checksum_at] = sum;
    m.end = m.checksum_at + 1;
    put_digest(r, &m);
    put_crc(r, &m);
    put_signature(r, &m);
    m.size_bytes = m.end + r->trailing_bytes;
    fill(m.bytes + m.end, r->trailing_bytes, 7);
    return m;
}

static void put_row(uint8_t *p, uint8_t type, uint8_t subtype, uint32_t addr, uint32_t bytes,
                    const char *name)
{
    memset(p, 0, 32);
    p[0] = 0xAA;
    p[1] = 0x50;
    p[2] = type;
    p[3] = subtype;
    put32(p + 4, addr);
    put32(p + 8, bytes);
    snprintf((char *)p + 12, 16, "%s", name);
}

uint8_t *make_table_of(const struct made_row *rows, size_t count)
{
    uint8_t *p = malloc(MADE_TABLE_BYTES);
    if (!p)
        abort();
    memset(p, 0xFF, MADE_TABLE_BYTES);
    for (size_t i = 0; i < count; i++)
        put_row(p + 32 * i, rows[i].type, rows[i].subtype, rows[i].addr, rows[i].size_bytes,
                rows[i].label);
    p[32 * count] = p[32 * count + 1] = 0xEB;
    EVP_Digest(p, 32 * count, p + 32 * count + 16, NULL, EVP_md5(), NULL);
    return p;
}

uint8_t *make_partition_table(void)
{
    static const struct made_row rows[] = {
        { 1, 2, 0x9000, 0x6000, "nvs" },
        { 1, 1, 0xF000, 0x1000, "phy_init" },
        { 0, 0, 0x10000, 0x100000, "factory" },
    };
    return make_table_of(rows, sizeof rows / sizeof rows[0]);
}

void make_ota_entry(uint32_t sequence, uint8_t entry[MADE_OTA_BYTES])
{
    memset(entry, 0xFF, MADE_OTA_BYTES);
    put32(entry, sequence);
    put32(entry + 28, (uint32_t)crc32(UINT32_MAX, entry, 4));
}
