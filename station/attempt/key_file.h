/*
 * Files with secret keys: read once, only where nobody else could have read or changed them.
 */
#ifndef STATION_KEY_FILE_H
#define STATION_KEY_FILE_H

#include "core/base/err.h"

#include <stddef.h>
#include <stdint.h>

#define KEY_FILE_MAX_BYTES 64

/* Reads a key of 16, 24, 32 or 64 bytes; the caller wipes it. `name` is what people call the file.
 * ERR_USAGE with what is wrong: a link, no file, another's, open to others, another size, bytes
 * that are no key (all alike, or counted up), or one in hexadecimal. */
bool key_file_read(const char *path, const char *name, uint8_t bytes[static KEY_FILE_MAX_BYTES],
                   uint8_t *count, struct err *e);

/* Whether bytes are no key: one again and again, one more each time as in examples, or one half
 * twice. `n` is even. */
bool key_is_pattern(const uint8_t *bytes, size_t n);

/* The same for a file of 1 to `cap` bytes of whatever kind, as a private key in PEM. */
bool key_file_read_any(const char *path, const char *name, uint8_t *bytes, size_t cap,
                       size_t *count, struct err *e);

#endif
