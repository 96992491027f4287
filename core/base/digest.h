/* MD5 and SHA-256 over a whole buffer, through OpenSSL. */
#ifndef CORE_DIGEST_H
#define CORE_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DIGEST_MD5_BYTES    16u
#define DIGEST_SHA256_BYTES 32u

/* False: out of memory; `out` is all zero then, which is the digest of no data. `out` may lie
 * behind the input in the same buffer. */
bool digest_md5(const uint8_t *bytes, size_t n, uint8_t out[static DIGEST_MD5_BYTES])
    __attribute__((warn_unused_result));
bool digest_sha256(const uint8_t *bytes, size_t n, uint8_t out[static DIGEST_SHA256_BYTES])
    __attribute__((warn_unused_result));

/* Lower-case hexadecimal with a closing NUL; `text` holds 2 * n + 1 characters. */
void digest_hex(const uint8_t *digest, size_t n, char *text);

#endif
