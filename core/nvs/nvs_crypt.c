/*
 * Encrypted NVS: XTS-AES-256, each entry of 32 bytes a data unit of its own, whose tweak is its
 * offset in the partition. Source: nvs_encrypted_partition.cpp and nvs_sec_provider of ESP-IDF.
 */
#include "core/base/err.h"
#include "core/nvs/nvs_priv.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#define HALF_BYTES  32u
#define TWEAK_BYTES 16u
#define SEED_BYTES  32u

/* ---- Keys ---- */

bool nvs_keys_read(const uint8_t *bytes, size_t n, struct nvs_keys *keys, struct err *e)
{
    size_t blank = 0;
    while (blank < n && bytes[blank] == 0xFF)
        blank++;
    if (n != NVS_KEYFILE_BYTES) {
        err_set(e, ERR_USAGE, "The keys have %zu bytes; a partition nvs_keys has %u", n,
                NVS_KEYFILE_BYTES);
        return err_hint(e, "An HMAC key of 32 bytes belongs behind --hmac-key.");
    }
    if (blank == n) {
        err_set(e, ERR_USAGE, "The keys are blank: a chip makes its own at its first start");
        return err_hint(e, "Make keys for an image with: espstation nvs make ... --make-keys FILE");
    }
    if (load_u32(bytes + NVS_KEYS_BYTES) != nvs_crc(bytes, NVS_KEYS_BYTES)) {
        err_set(e, ERR_USAGE, "The CRC of the keys is wrong");
        return err_hint(e, "Read from a chip they are encrypted. What is wanted is the file that "
                           "the keys were made in.");
    }
    memcpy(keys->bytes, bytes, NVS_KEYS_BYTES);
    return true;
}

void nvs_keys_write(const struct nvs_keys *keys, uint8_t out[static NVS_KEYFILE_BYTES])
{
    memset(out, 0xFF, NVS_KEYFILE_BYTES);
    memcpy(out, keys->bytes, NVS_KEYS_BYTES);
    store_u32(out + NVS_KEYS_BYTES, nvs_crc(keys->bytes, NVS_KEYS_BYTES));
}

static bool derive(const uint8_t *hmac_key, const uint8_t word[static 4], uint8_t *out)
{
    uint8_t seed[SEED_BYTES];
    unsigned n = 0;
    for (size_t i = 0; i < sizeof seed; i++)
        seed[i] = word[i % 4];
    return HMAC(EVP_sha256(), hmac_key, NVS_HMAC_BYTES, seed, sizeof seed, out, &n) &&
           n == HALF_BYTES;
}

bool nvs_keys_from_hmac(const uint8_t hmac_key[static NVS_HMAC_BYTES], struct nvs_keys *keys,
                        struct err *e)
{
    static const uint8_t key_word[] = { 0x5A, 0x5A, 0xBE, 0xAE };
    static const uint8_t tweak_word[] = { 0xA5, 0xA5, 0xDE, 0xCE };
    return (derive(hmac_key, key_word, keys->bytes) &&
            derive(hmac_key, tweak_word, keys->bytes + HALF_BYTES)) ||
           err_set(e, ERR_STATION, "Out of memory for the keys of NVS");
}

void nvs_keys_wipe(struct nvs_keys *keys)
{
    OPENSSL_cleanse(keys, sizeof *keys);
}

/* ---- Entries ---- */

static bool crypt_entry(EVP_CIPHER_CTX *ctx, uint8_t *entry, size_t offset)
{
    uint8_t tweak[TWEAK_BYTES] = { 0 }, out[NVS_ENTRY_BYTES];
    int n = 0;
    store_u32(tweak, (uint32_t)offset);
    bool ok = EVP_CipherInit_ex(ctx, NULL, NULL, NULL, tweak, -1) == 1 &&
              EVP_CipherUpdate(ctx, out, &n, entry, sizeof out) == 1 && n == sizeof out;
    if (ok)
        memcpy(entry, out, sizeof out);
    OPENSSL_cleanse(out, sizeof out);
    return ok;
}

static bool crypt_page(EVP_CIPHER_CTX *ctx, uint8_t *page, size_t offset)
{
    for (unsigned i = 0; i < NVS_PAGE_ENTRIES; i++) {
        size_t at = entry_at(i);
        if (entry_state(page, i) == ENTRY_WRITTEN && !crypt_entry(ctx, page + at, offset + at))
            return false;
    }
    return true;
}

/* OpenSSL refuses to encrypt with two equal halves, and says so through its error queue alone. */
static bool check_halves(const struct nvs_keys *keys, struct err *e)
{
    if (CRYPTO_memcmp(keys->bytes, keys->bytes + HALF_BYTES, HALF_BYTES) != 0)
        return true;
    err_set(e, ERR_USAGE, "The key and the tweak key are the same, which protects nothing");
    return err_hint(e, "Make new ones with: espstation nvs make ... --make-keys FILE");
}

static bool crypt_image(uint8_t *bytes, size_t n, const struct nvs_keys *keys, bool encrypt,
                        struct err *e)
{
    if (!check_halves(keys, e))
        return false;
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    bool ok =
        ctx && EVP_CipherInit_ex(ctx, EVP_aes_256_xts(), NULL, keys->bytes, NULL, encrypt) == 1;
    for (size_t at = 0; ok && n - at >= NVS_PAGE_BYTES; at += NVS_PAGE_BYTES)
        ok = crypt_page(ctx, bytes + at, at);
    EVP_CIPHER_CTX_free(ctx);
    return ok ||
           err_set(e, ERR_STATION, "Out of memory to %s NVS", encrypt ? "encrypt" : "decrypt");
}

bool nvs_encrypt(uint8_t *bytes, size_t n, const struct nvs_keys *keys, struct err *e)
{
    return crypt_image(bytes, n, keys, true, e);
}

bool nvs_decrypt(uint8_t *bytes, size_t n, const struct nvs_keys *keys, struct err *e)
{
    return crypt_image(bytes, n, keys, false, e);
}
