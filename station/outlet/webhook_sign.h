/* The signature of a webhook. Pure. */
#ifndef STATION_WEBHOOK_SIGN_H
#define STATION_WEBHOOK_SIGN_H

#include <stdbool.h>
#include <stddef.h>

#define WEBHOOK_SIGNATURE_CAP 72 /* "sha256=" and 64 digits */

/* "sha256=" and the HMAC-SHA256, under the key's bytes, of the time in seconds as text, a full stop
 * and the body. False: the library failed. */
bool webhook_sign(const char *key, const char *seconds, const char *body, size_t n,
                  char signature[static WEBHOOK_SIGNATURE_CAP]);

#endif
