/*
 * What secure boot and flash encryption take on each chip, and what is not to be burnt. Pure data.
 *
 * Sources: ESP-IDF (docs/en/security, bootloader_support: secure_features.c of each chip), espefuse
 * 5.3.1. Where they say nothing, or each other's contrary, `missing` says what.
 */
#ifndef CORE_FUSE_RULES_H
#define CORE_FUSE_RULES_H

#include "core/fuses/fuse_set.h"
#include "core/fuses/fuse_wish.h"

struct fuse_rules {
    const struct fuse_set *set;
    const char *missing;      /* why nothing at all is planned, half a sentence; NULL: it is */
    const char *boot_missing; /* the same for secure boot */
    uint8_t boot_schemes;     /* of the second secure boot: enum fuse_wish_scheme */
    uint16_t boot_min_revision;
    uint8_t digests;               /* how many keys it can trust */
    bool long_flash_key;           /* XTS-AES-256, in two blocks */
    uint8_t short_flash_key_bytes; /* that it takes besides one of 32; 0: none */
    bool no_flash_key_in_key5;     /* its ROM does not find it there */
    bool hmac;                     /* keys for HMAC */
    uint16_t ds_number_bytes;      /* of digital signatures' largest RSA key; 0: none is burnt */
    bool ecdsa;                    /* keys of P-256 */
    bool no_ecdsa_key_in_key5;
    bool pseudo_level;             /* XTS_DPA_PSEUDO_LEVEL belongs to flash encryption */
    const char *const *jtag;       /* for ever */
    const char *const *boot_with;  /* burnt with secure boot */
    const char *const *crypt_with; /* burnt with flash encryption */
    const char *crypt_release;     /* the loader encrypts no more */
    const char *crypt_lock;        /* locked with flash encryption, with all that share its bit */
};

/* Of every chip but the ESP8266, which has none: NULL. */
const struct fuse_rules *fuse_rules_of(const struct fuse_set *set);

/* Whether the chip's flash encryption has keys of that length. */
bool fuse_takes_flash_key(const struct fuse_rules *rules, size_t bytes);

/* Why a fuse is not to be burnt by its name, half a sentence; NULL: it may be. Keys, counts and the
 * like have words of their own; others would make a board unusable. */
const char *fuse_refusal(const struct fuse_field *field);

/* What cannot be done any more behind it, half a sentence; NULL: nothing that is known here. */
const char *fuse_loss(const char *name);

#endif
