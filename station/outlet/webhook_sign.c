#include "station/outlet/webhook_sign.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdio.h>
#include <string.h>

#define MAC_BYTES 32

static bool compute(EVP_MAC_CTX *c, const char *key, const char *seconds, const char *body,
                    size_t n, unsigned char mac[static MAC_BYTES])
{
    char digest[] = "SHA256";
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0), OSSL_PARAM_END
    };
    size_t written = 0;
    return EVP_MAC_init(c, (const unsigned char *)key, strlen(key), parameters) == 1 &&
           EVP_MAC_update(c, (const unsigned char *)seconds, strlen(seconds)) == 1 &&
           EVP_MAC_update(c, (const unsigned char *)".", 1) == 1 &&
           EVP_MAC_update(c, (const unsigned char *)body, n) == 1 &&
           EVP_MAC_final(c, mac, &written, MAC_BYTES) == 1 && written == MAC_BYTES;
}

bool webhook_sign(const char *key, const char *seconds, const char *body, size_t n,
                  char signature[static WEBHOOK_SIGNATURE_CAP])
{
    unsigned char mac[MAC_BYTES];
    EVP_MAC *const hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *const c = hmac ? EVP_MAC_CTX_new(hmac) : NULL;
    const bool ok = c && compute(c, key, seconds, body, n, mac);
    EVP_MAC_CTX_free(c);
    EVP_MAC_free(hmac);
    int used = snprintf(signature, WEBHOOK_SIGNATURE_CAP, "sha256=");
    for (size_t i = 0; ok && i < MAC_BYTES; i++)
        used += snprintf(signature + used, WEBHOOK_SIGNATURE_CAP - (size_t)used, "%02x", mac[i]);
    return ok;
}
