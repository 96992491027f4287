/*
 * Keys that stay in a token: a smart card, an HSM, SoftHSM. Named as RFC 7512 names them
 * (`pkcs11:token=line;object=one`) and used through libcrypto: by its provider `pkcs11` where that
 * is installed, else by its engine of that name, which Debian 12 has instead.
 *
 * The PIN comes from the file that the name's `pin-source` says (one line, mode 0600 and yours), or
 * from who is asked; never from the name itself. It is told to the token once: a wrong one is not
 * tried again, for tokens lock themselves. A token that is open may be used by any thread.
 */
#ifndef STATION_KEY_TOKEN_H
#define STATION_KEY_TOKEN_H

#include "core/base/err.h"

#include <stddef.h>
#include <stdint.h>

#define KEY_TOKEN_PIN_CAP 128 /* with its 0 */
#define KEY_TOKEN_NAME    "pkcs11:"

struct key_token;
struct evp_pkey_st;

enum key_token_half { KEY_TOKEN_PUBLIC, KEY_TOKEN_PRIVATE };

/* Asks a person; false: *e. The answer has KEY_TOKEN_PIN_CAP bytes, and is wiped by its reader. */
typedef bool (*key_token_ask)(const char *question, char *answer, struct err *e);

/* Whether it is the name of a key in a token, and not of a file. */
bool key_token_is_named(const char *name);

/* Why the name cannot be taken, half a sentence without a word of it; NULL: it can. */
const char *key_token_problem(const char *name);

/* `folder`: where a `pin-source` that is relative begins ("": here). `ask`: NULL where there is
 * nobody. NULL: ERR_USAGE, with what the token says. */
struct key_token *key_token_open(const char *name, enum key_token_half half, const char *folder,
                                 key_token_ask ask, struct err *e);
void key_token_free(struct key_token *t); /* NULL is fine */

/* For libcrypto, lent: of a private half that signs in the token. */
struct evp_pkey_st *key_token_key(const struct key_token *t);

/* Wraps up to 64 bytes for the token's RSA key (OAEP), or unwraps them in it: *n is the room in
 * `out`, then what it has. ERR_STATION. */
bool key_token_wrap(const struct key_token *t, const uint8_t *bytes, size_t count, uint8_t *out,
                    size_t *n, struct err *e);
bool key_token_unwrap(struct key_token *t, const uint8_t *bytes, size_t count, uint8_t *out,
                      size_t *n, struct err *e);

/* Bytes that are wrapped; 0: the key is none that wraps (RSA of 2048 bits or more). */
#define KEY_TOKEN_WRAPPED_MAX_BYTES 512
size_t key_token_wrapped_bytes(const struct key_token *t);

#endif
