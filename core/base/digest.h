/* MD5 and SHA-256 over a whole buffer, or over what comes piece by piece, through OpenSSL. */
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

/* A digest of pieces. The first failure sticks, and digest_end tells of it. One thread at a time.
 */
enum digest_kind { DIGEST_MD5, DIGEST_SHA256 };
struct digest_run {
    struct evp_md_ctx_st *ctx; /* NULL: nothing to free */
    bool ok;
};

/* Begins, or begins anew: *d is zeroed, or has been begun before. */
void digest_begin(struct digest_run *d, enum digest_kind kind);
void digest_add(struct digest_run *d, const void *bytes, size_t n);

/* Gives the digest; n is what its kind has. False: out of memory; `out` is all zero then. */
bool digest_end(struct digest_run *d, uint8_t *out, size_t n) __attribute__((warn_unused_result));
void digest_free(struct digest_run *d);

/* Lower-case hexadecimal with a closing NUL; `text` holds 2 * n + 1 characters. */
void digest_hex(const uint8_t *digest, size_t n, char *text);

#endif
