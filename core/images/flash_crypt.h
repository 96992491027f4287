/*
 * What a chip's flash encryption makes of bytes, for images that are encrypted before they are
 * written. Pure.
 *
 * Sources: espsecure 5.3.1, ESP-IDF (docs/en/security/flash-encryption.rst); equal to espsecure's
 * files.
 */
#ifndef CORE_FLASH_CRYPT_H
#define CORE_FLASH_CRYPT_H

#include "core/base/err.h"

#include <stddef.h>
#include <stdint.h>

enum flash_crypt_scheme {
    FLASH_CRYPT_ESP32, /* key of 32 bytes, or of 24 with 3/4 coding; in steps of 32 bytes */
    FLASH_CRYPT_XTS,   /* key of 32 bytes: XTS-AES-128; 64: XTS-AES-256; 16: the ESP32-C2's */
};

struct flash_crypt_key {
    enum flash_crypt_scheme scheme;
    uint8_t config; /* ESP32: FLASH_CRYPT_CONFIG; 0xF is what is burnt */
    uint8_t count;
    uint8_t bytes[64]; /* in the order of its file; the caller wipes it */
};

/* How many bytes go together: address and length are multiples of it. */
uint32_t flash_crypt_step(enum flash_crypt_scheme scheme);

/* Encrypts in place what is to stand at `addr` of the flash. ERR_USAGE: the key has another length,
 * address or length are no multiples; ERR_STATION. */
bool flash_crypt(const struct flash_crypt_key *key, uint32_t addr, uint8_t *bytes, size_t n,
                 struct err *e);

/* The contrary. */
bool flash_decrypt(const struct flash_crypt_key *key, uint32_t addr, uint8_t *bytes, size_t n,
                   struct err *e);

#endif
