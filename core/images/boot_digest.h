/*
 * The ESP32's first secure boot: what binds a boot loader to a key. Pure.
 *
 * Source: espsecure 5.3.1 (digest_secure_bootloader); equal to its files.
 */
#ifndef CORE_BOOT_DIGEST_H
#define CORE_BOOT_DIGEST_H

#include "core/images/image.h"

#define BOOT_DIGEST_IV_BYTES 128u
#define BOOT_DIGEST_BYTES    64u

/* What stands at 0 of the flash, behind its IV, for a boot loader: `image` as image_read has read
 * its file. The key has 32 bytes, or 24, in the order of its file. False: no memory, or no such
 * key. */
bool boot_digest(const uint8_t *key, size_t key_bytes,
                 const uint8_t iv[static BOOT_DIGEST_IV_BYTES], const uint8_t *bytes,
                 const struct image *image, uint8_t digest[static BOOT_DIGEST_BYTES]);

#endif
