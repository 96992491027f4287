/*
 * Signatures of secure boot's second scheme: a sector behind the image with up to three blocks,
 * each with a public key and what it signed. Pure.
 *
 * Sources: ESP-IDF (docs/en/security/secure-boot-v2.rst, secure_boot_v2/secure_boot.c), espsecure
 * 5.3.1; seen on the mask ROMs of ESP32 v3 and ESP32-C3.
 */
#ifndef CORE_SIGNATURE_H
#define CORE_SIGNATURE_H

#include <stddef.h>
#include <stdint.h>

#define SIGNATURE_SECTOR_BYTES 4096u
#define SIGNATURE_KEYS_MAX     3u
#define SIGNATURE_DIGEST_BYTES 32u

enum signature_scheme {
    SIGNATURE_RSA_3072,
    SIGNATURE_ECDSA_P192,
    SIGNATURE_ECDSA_P256,
    SIGNATURE_ECDSA_P384,
};

struct signature_key {
    enum signature_scheme scheme;
    uint8_t digest[SIGNATURE_DIGEST_BYTES]; /* of the public key, as the fuses hold it */
};

struct signature {
    size_t count;
    struct signature_key keys[SIGNATURE_KEYS_MAX];
};

/* "RSA-3072", "ECDSA P-256". */
const char *signature_scheme_word(enum signature_scheme scheme);

/* Reads the sector at `sector`, a multiple of its size, of a file of `n` bytes, which signs all
 * that stands before it; the file holds at least the first block whole. Every block is proved with
 * the key that it brings: whose that key is, only a chip's fuses tell. NULL: all are right; else
 * what is wrong, as half a sentence, and *s is empty. */
const char *signature_read(const uint8_t *bytes, size_t n, size_t sector, struct signature *s);

#endif
