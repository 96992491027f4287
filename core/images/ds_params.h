/*
 * What the chip's peripheral for digital signatures signs with: an RSA key, encrypted for the HMAC
 * key in its fuses. Pure. Who has keys here wipes them.
 *
 * Sources: ESP-IDF (docs/en/api-reference/peripherals/ds.rst), esp_secure_cert_mgr 2.9.3, whose
 * bytes these are.
 */
#ifndef CORE_DS_PARAMS_H
#define CORE_DS_PARAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DS_KEY_BYTES        32u
#define DS_IV_BYTES         16u
#define DS_NUMBER_MAX_BYTES 512u /* of an RSA key of 4096 bits */
#define DS_CIPHER_MAX_BYTES (3u * DS_NUMBER_MAX_BYTES + 48u)

struct ds_params {
    unsigned bits; /* of the RSA key */
    uint8_t iv[DS_IV_BYTES];
    uint8_t cipher[DS_CIPHER_MAX_BYTES];
    size_t cipher_bytes;
};

/* Encrypts the private RSA key, PEM in memory, for `key`, with the IV that stands in *p. The chip
 * reckons with numbers of `number_bytes`. NULL: done; else what is wrong, as half a sentence. */
const char *ds_seal(const uint8_t *pem, size_t n, const uint8_t *key, size_t number_bytes,
                    struct ds_params *p);

/* Decrypts them: the public modulus, lowest byte first, goes into `modulus`. NULL: they were made
 * for this key; else what is wrong. */
const char *ds_open(const struct ds_params *p, const uint8_t *key,
                    uint8_t modulus[static DS_NUMBER_MAX_BYTES]);

#endif
