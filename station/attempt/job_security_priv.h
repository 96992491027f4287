/* Inside station/attempt/job_security*.c only: what they share. */
#ifndef STATION_JOB_SECURITY_PRIV_H
#define STATION_JOB_SECURITY_PRIV_H

#include "station/attempt/job_security.h"
#include "station/attempt/key_file.h"
#include "station/attempt/key_store.h"

struct job_security {
    bool asked;
    const struct recipe *recipe;
    const struct plan *images;
    struct fuse_wish wish;
    const char *values[FUSE_WISH_KEYS_MAX]; /* of the unit, with those keys; NULL: none; lent */
    enum signature_scheme schemes[SECURITY_DIGESTS_MAX]; /* of keys from files */
    bool scheme_known[SECURITY_DIGESTS_MAX];
    struct fuse_plan blank;
    uint8_t store_key[KEY_FILE_MAX_BYTES]; /* that seals boards' keys */
    struct key_token *store_token;         /* instead; NULL: none */
};

/* What is needed while it is made. */
struct maker {
    struct job_security *s;
    const struct security *from;
    const struct plan *plan;
    const size_t *entries;
    struct doc_report *report;
};

/* ---- job_security_keys.c ---- */

/* The wish, with its keys read. */
void job_wish_make(const struct maker *m);

/* Where boards' keys are kept. */
struct key_store job_store(const struct job_security *s);

/* ---- job_security_images.c ---- */

/* Signatures, versions and certificates, once the wish is without a mistake. */
void job_images_judge(const struct maker *m);

/* Where images stand, whatever they are. */
void job_places_judge(const struct maker *m);

unsigned job_scheme_bit(enum signature_scheme scheme);

#endif
