/*
 * Signed recipes: a file RECIPE.sig beside a recipe says, signed by an Ed25519 key, which text and
 * which images somebody has released.
 *
 *   espstation recipe 1
 *   recipe: thermostat
 *   version: 2.3.0                          (only where the recipe has one)
 *   sha256: 9f2c...                         of the recipe's file
 *   image: 8e3a... 17744 0x10000 app.bin    one for each: SHA-256, bytes, offset
 *   made: 2026-03-04T05:06:07.089Z
 *   by: Ann
 *   key: MCowBQYDK2Vw...                    the public key, base64 of its DER form
 *   signature: kYvm...                      base64; of all bytes before this line
 *
 * What is compared is what was loaded: a recipe or an image that is exchanged later is none that
 * was checked. A station that wants signatures has a file of keys: a line with a public key and a
 * name for each.
 *
 * Any thread; nothing is kept.
 */
#ifndef STATION_TRUST_H
#define STATION_TRUST_H

#include "db/proof/key.h"
#include "station/attempt/job.h"

#define TRUST_NAME_BYTES 65

struct trust_said {
    char by[TRUST_NAME_BYTES];
    char made_utc[32];
    char public_key[KEY_PUBLIC_CAP];
};

/* The text of a signature file for this recipe; the caller frees it. NULL: ERR_USAGE, ERR_STATION.
 */
char *trust_sign(const struct job *job, const struct key *key, const char *by, int64_t utc_ms,
                 struct err *e);

/* "RECIPE.sig"; the caller frees it. NULL: no memory. */
char *trust_sig_path(const char *recipe_path);

/* Whether RECIPE.sig fits the recipe and images of this job, and its signature is that of its key;
 * *said tells who it was. ERR_RECIPE with the difference; ERR_STATION. */
bool trust_read(const struct job *job, struct trust_said *said, struct err *e);

/* The same, and that the key is one of this file. `keys_path` NULL: any recipe will do, signed or
 * not. */
bool trust_check(const struct job *job, const char *keys_path, struct err *e);

/* Whether the file of keys has this one; `name` (NULL: not wanted) gets what it calls it.
 * ERR_USAGE: the file cannot be read, or a line is none. */
bool trust_has_key(const char *keys_path, const char *public_key, bool *has,
                   char name[TRUST_NAME_BYTES], struct err *e);

/* Adds a key, whose name is one line; makes the file if needed. Of two at once, one waits for the
 * other, five seconds at most. ERR_USAGE: it is there already; ERR_STATION. */
bool trust_add_key(const char *keys_path, const char *public_key, const char *name,
                   const struct clock *clock, struct err *e);

#endif
