/*
 * The station's signing key: Ed25519, in a PEM file that only its owner may read. Its public half
 * is written beside it, as FILE.pub, for those who verify.
 *
 * Threads: a key may be used by several threads at once.
 */
#ifndef DB_KEY_H
#define DB_KEY_H

#include "core/base/err.h"

#include <stddef.h>

enum {
    KEY_PUBLIC_CAP = 61,    /* the public key as base64 of its DER form, and the final NUL */
    KEY_SIGNATURE_CAP = 89, /* a signature as base64 */
};

struct key;

/* Reads the key of this file; makes key and file (mode 0600) on first use. Two processes that do so
 * at once get the same key. Refuses a file that others may read. ERR_STATION; NULL on failure. */
struct key *key_open(const char *path, struct err *e);
void key_free(struct key *key);

const char *key_public(const struct key *key);

bool key_sign(const struct key *key, const char *text, char signature[static KEY_SIGNATURE_CAP],
              struct err *e);

/* Whether `signature` is that of `text[0 .. n]` under this public key (base64). Texts that are no
 * key or no signature give false. */
bool key_verifies(const char *public_key, const char *text, size_t n, const char *signature);

/* Takes the public key out of a PEM text. ERR_USAGE if there is none, or none of this kind. */
bool key_read_public(const char *pem, size_t n, char public_key[static KEY_PUBLIC_CAP],
                     struct err *e);

#endif
