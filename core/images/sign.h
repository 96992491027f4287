/*
 * Signing for secure boot's second scheme, as espsecure does it: the image padded with FF to whole
 * sectors, and one sector behind it with a block for each key. Pure but for the chance that
 * libcrypto takes.
 *
 * Keys are PEM in memory, whose reader wipes it, or stay where libcrypto reaches them. Sources as
 * in signature.h.
 */
#ifndef CORE_SIGN_H
#define CORE_SIGN_H

#include "core/base/err.h"
#include "core/images/signature.h"

#define SIGN_PEM_MAX_BYTES ((size_t)16 << 10)

struct evp_pkey_st;

struct sign_key {
    const uint8_t *pem;
    size_t pem_bytes;
    struct evp_pkey_st *held; /* instead: one of libcrypto's, lent, as of a token; NULL: none */
};

/* What fuses hold of a public key: its scheme and its digest. NULL: done; else what is wrong with
 * it, as half a sentence. A private key is refused: a station has no use for one. */
const char *sign_digest_of_public(const uint8_t *pem, size_t n, struct signature_key *key);

/* The same of a key that libcrypto has already, either half. */
const char *sign_digest_of_key(const struct evp_pkey_st *held, struct signature_key *key);

/* The number of a private key of P-256, PEM in memory, as 32 bytes, the highest first: what the
 * fuses of a chip hold that signs by itself. NULL: done; else what is wrong, as half a sentence. */
#define SIGN_SCALAR_BYTES 32u
const char *sign_scalar_of_private(const uint8_t *pem, size_t n,
                                   uint8_t scalar[static SIGN_SCALAR_BYTES]);

/* The image signed by each key in turn, 1 to SIGNATURE_KEYS_MAX of one scheme. *signed_image is the
 * caller's to free. ERR_USAGE: such keys cannot sign, or the same twice; ERR_STATION. */
bool sign_image(const uint8_t *image, size_t n, const struct sign_key *keys, size_t count,
                uint8_t **signed_image, size_t *signed_bytes, struct err *e);

#endif
