#include "core/images/flash_crypt.h"

#include "core/base/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>

#define AES_BLOCK      16u
#define ESP32_STEP     32u
#define ESP32_KEY      32u
#define XTS_UNIT       128u
#define ESP32_ADDR_TOP 23u

static void turn(uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n / 2; i++) {
        const uint8_t byte = bytes[i];
        bytes[i] = bytes[n - 1 - i];
        bytes[n - 1 - i] = byte;
    }
}

uint32_t flash_crypt_step(enum flash_crypt_scheme scheme)
{
    return scheme == FLASH_CRYPT_ESP32 ? ESP32_STEP : AES_BLOCK;
}

/* ---- ESP32: another key for each 32 bytes ---- */

/* Which bit of the address turns bit `i` of the key, and whether the config lets it. Bits come in
 * four groups, each with three runs from address bit 23 down to 5 and one run from its own bit. */
static unsigned address_bit(unsigned i, uint8_t config, bool *counts)
{
    static const uint8_t first[] = { 0, 67, 132, 195 };
    static const uint8_t last_run[] = { 14, 12, 10, 8 };
    unsigned group = 3;
    while (i < first[group])
        group--;
    const unsigned within = i - first[group], run = ESP32_ADDR_TOP - 5 + 1;
    *counts = config >> group & 1;
    return within < 3 * run ? ESP32_ADDR_TOP - within % run : last_run[group] - (within - 3 * run);
}

static void key_for(const uint8_t base[static ESP32_KEY], uint8_t config, uint32_t addr,
                    uint8_t key[static ESP32_KEY])
{
    memcpy(key, base, ESP32_KEY);
    for (unsigned i = 0; i < 8 * ESP32_KEY; i++) {
        bool counts;
        const unsigned bit = address_bit(i, config, &counts);
        if (counts && addr >> bit & 1)
            key[i / 8] ^= (uint8_t)(0x80 >> i % 8);
    }
}

static bool cipher_blocks(EVP_CIPHER_CTX *ctx, uint8_t *bytes, size_t n)
{
    int got;
    return EVP_CipherUpdate(ctx, bytes, &got, bytes, (int)n) == 1 && got == (int)n;
}

/* Writing is the cipher's decryption: the chip reads with its encryption. */
static bool crypt_esp32(const struct flash_crypt_key *k, uint32_t addr, uint8_t *bytes, size_t n,
                        bool encrypts)
{
    uint8_t base[ESP32_KEY], key[ESP32_KEY];
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    bool ok = ctx != NULL;
    memcpy(base, k->bytes, k->count);
    if (k->count < ESP32_KEY) /* the last third is the middle one again */
        memcpy(base + 24, k->bytes + 8, 8);
    for (size_t at = 0; ok && at < n; at += ESP32_STEP) {
        key_for(base, k->config, addr + (uint32_t)at, key);
        ok = EVP_CipherInit_ex2(ctx, EVP_aes_256_ecb(), key, NULL, !encrypts, NULL) == 1 &&
             EVP_CIPHER_CTX_set_padding(ctx, 0) == 1;
        turn(bytes + at, AES_BLOCK);
        turn(bytes + at + AES_BLOCK, AES_BLOCK);
        ok = ok && cipher_blocks(ctx, bytes + at, ESP32_STEP);
        turn(bytes + at, AES_BLOCK);
        turn(bytes + at + AES_BLOCK, AES_BLOCK);
    }
    EVP_CIPHER_CTX_free(ctx);
    OPENSSL_cleanse(base, sizeof base);
    OPENSSL_cleanse(key, sizeof key);
    return ok;
}

/* ---- Later chips: XTS over units of 128 bytes, each turned as a whole ---- */

/* A piece of a unit stands at its end once that is turned, so the blocks before it are reckoned
 * along, from zeros. */
static bool crypt_unit(EVP_CIPHER_CTX *ctx, uint32_t addr, uint8_t *bytes, size_t n, bool encrypts)
{
    uint8_t tweak[AES_BLOCK] = { 0 }, unit[XTS_UNIT] = { 0 };
    const uint32_t start = addr & ~(XTS_UNIT - 1), within = addr - start;
    for (unsigned i = 0; i < 4; i++)
        tweak[i] = (uint8_t)(start >> 8 * i);
    memcpy(unit + within, bytes, n);
    turn(unit, XTS_UNIT);
    int got;
    const bool ok = EVP_CipherInit_ex2(ctx, NULL, NULL, tweak, encrypts, NULL) == 1 &&
                    EVP_CipherUpdate(ctx, unit, &got, unit, XTS_UNIT) == 1 && got == XTS_UNIT;
    turn(unit, XTS_UNIT);
    memcpy(bytes, unit + within, n);
    return ok;
}

static bool crypt_units(EVP_CIPHER_CTX *ctx, uint32_t addr, uint8_t *bytes, size_t n, bool encrypts)
{
    bool ok = true;
    for (size_t at = 0; ok && at < n;) {
        const size_t room = XTS_UNIT - ((addr + at) & (XTS_UNIT - 1));
        const size_t piece = n - at < room ? n - at : room;
        ok = crypt_unit(ctx, addr + (uint32_t)at, bytes + at, piece, encrypts);
        at += piece;
    }
    return ok;
}

static bool crypt_xts(const struct flash_crypt_key *k, uint32_t addr, uint8_t *bytes, size_t n,
                      bool encrypts)
{
    uint8_t key[sizeof k->bytes];
    memcpy(key, k->bytes, sizeof key);
    bool ok = k->count != 16 || digest_sha256(k->bytes, 16, key);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    ok = ok && ctx &&
         EVP_CipherInit_ex2(ctx, k->count == 64 ? EVP_aes_256_xts() : EVP_aes_128_xts(), key, NULL,
                            encrypts, NULL) == 1 &&
         crypt_units(ctx, addr, bytes, n, encrypts);
    EVP_CIPHER_CTX_free(ctx);
    OPENSSL_cleanse(key, sizeof key);
    return ok;
}

/* ---- Either ---- */

static bool takes_key(const struct flash_crypt_key *k)
{
    return k->scheme == FLASH_CRYPT_ESP32 ? k->count == 32 || k->count == 24
                                          : k->count == 32 || k->count == 64 || k->count == 16;
}

static bool crypt(const struct flash_crypt_key *k, uint32_t addr, uint8_t *bytes, size_t n,
                  bool encrypts, struct err *e)
{
    const uint32_t step = flash_crypt_step(k->scheme);
    if (!takes_key(k))
        return err_set(e, ERR_USAGE, "A key of %u bytes is none of flash encryption", k->count);
    if (addr % step != 0 || n % step != 0)
        return err_set(e, ERR_USAGE,
                       "%zu bytes at 0x%x: encrypted bytes begin and end at multiples of %u", n,
                       addr, step);
    if (k->scheme == FLASH_CRYPT_ESP32 ? crypt_esp32(k, addr, bytes, n, encrypts)
                                       : crypt_xts(k, addr, bytes, n, encrypts))
        return true;
    return err_set(e, ERR_STATION, "The bytes at 0x%x cannot be encrypted with this key", addr);
}

bool flash_crypt(const struct flash_crypt_key *key, uint32_t addr, uint8_t *bytes, size_t n,
                 struct err *e)
{
    return crypt(key, addr, bytes, n, true, e);
}

bool flash_decrypt(const struct flash_crypt_key *key, uint32_t addr, uint8_t *bytes, size_t n,
                   struct err *e)
{
    return crypt(key, addr, bytes, n, false, e);
}
