/*
 * The partition esp_secure_cert: a device's certificate, and what its chip signs with. Pure.
 *
 * Source: esp_secure_cert_mgr 2.9.3 (its newest form: records with magic, type, length and CRC).
 */
#ifndef CORE_SECURE_CERT_H
#define CORE_SECURE_CERT_H

#include "core/images/ds_params.h"

#define SECURE_CERT_BYTES      0x2000u /* of the partition, as a rule */
#define SECURE_CERT_KEY_BLOCKS 6u

struct secure_cert {
    const uint8_t *device, *ca; /* certificates in PEM, lent; NULL: none */
    size_t device_bytes, ca_bytes;
    unsigned block; /* the n of KEYn that has the key of `ds` */
    bool has_ds;
    struct ds_params ds;
};

/* NULL: `to` holds them, FF behind; else what is wrong, half a sentence. */
const char *secure_cert_make(const struct secure_cert *from, uint8_t *to, size_t n);

bool secure_cert_is_one(const uint8_t *bytes, size_t n);

/* What is in one, lent from `bytes`. NULL: all of it is sound; else what is wrong. */
const char *secure_cert_read(const uint8_t *bytes, size_t n, struct secure_cert *to);

/* Whether the certificate's public key is that of `modulus`, as ds_open gives it. */
bool secure_cert_has_modulus(const struct secure_cert *c,
                             const uint8_t modulus[static DS_NUMBER_MAX_BYTES]);

/* Whether a chip that holds `key` in its block signs for this certificate. NULL: it does. */
const char *secure_cert_judge(const struct secure_cert *c, const uint8_t *key);

#endif
