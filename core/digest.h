/* MD5 and SHA-256 over a whole buffer, through OpenSSL. */
#ifndef CORE_DIGEST_H
#define CORE_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#define DIGEST_MD5_BYTES    16u
#define DIGEST_SHA256_BYTES 32u

/* `out` may lie behind the input in the same buffer. */
void digest_md5(const uint8_t *bytes, size_t n, uint8_t out[static DIGEST_MD5_BYTES]);
void digest_sha256(const uint8_t *bytes, size_t n, uint8_t out[static DIGEST_SHA256_BYTES]);

/* Lower-case hexadecimal with a closing NUL; `text` holds 2 * n + 1 characters. */
void digest_hex(const uint8_t *digest, size_t n, char *text);

#endif
