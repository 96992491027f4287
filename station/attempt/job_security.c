#include "station/attempt/job_security_priv.h"

#include "core/fuses/fuse_rules.h"
#include "station/base/locked.h"

#include <stdlib.h>

bool job_security_asked(const struct job_security *s)
{
    return s->asked;
}

const struct fuse_plan *job_security_plan(const struct job_security *s)
{
    return &s->blank;
}

/* ---- For a chip on which nothing is burnt ---- */

static void judge_schemes(const struct maker *m)
{
    for (size_t i = 0; i < SECURITY_DIGESTS_MAX; i++) {
        if (m->s->scheme_known[i])
            m->s->wish.schemes |= job_scheme_bit(m->s->schemes[i]);
    }
}

static void plan_blank(const struct maker *m)
{
    static const struct fuse_words blank;
    struct err e = { 0 };
    const struct chip *chip = m->s->recipe->chip;
    const struct fuse_set *set = chip_fuses(chip, FUSE_NEWEST);
    if (m->report->total == 0 &&
        !fuse_plan_make(set, chip->name, FUSE_NEWEST, &blank, &m->s->wish, &m->s->blank, &e))
        doc_report_add(m->report, m->s->recipe->at[RECIPE_KEY_SECURITY], "%s", e.what);
}

/* ---- Making it ---- */

struct job_security *job_security_new(const struct recipe *r, const struct plan *p,
                                      const size_t *entries, struct doc_report *report,
                                      struct err *e)
{
    /* From the first key on nothing of this process is written to a disk. */
    struct job_security *s = r->security.asked ? locked_new(sizeof *s, e) : calloc(1, sizeof *s);
    if (!s && !r->security.asked)
        err_set(e, ERR_STATION, "Out of memory for what is burnt");
    if (!s)
        return NULL;
    s->recipe = r;
    s->images = p;
    s->asked = r->security.asked;
    if (!s->asked)
        return s;
    const struct maker m = { s, &r->security, p, entries, report };
    job_wish_make(&m);
    if (report->total == 0)
        job_images_judge(&m);
    judge_schemes(&m);
    job_places_judge(&m);
    plan_blank(&m);
    return s;
}

void job_security_free(struct job_security *s)
{
    if (s)
        key_token_free(s->store_token);
    if (s && s->asked)
        locked_free(s, sizeof *s);
    else
        free(s);
}

/* ---- Whether to burn ---- */

static bool refuse_to_burn(struct err *e, const char *why, const char *hint)
{
    err_set(e, ERR_RECIPE, "Nothing is burnt for this recipe: %s", why);
    return err_hint(e, "%s", hint);
}

static bool may_encrypt(const struct job_security *s, struct err *e)
{
    const struct partition *noise = plan_unfilled(s->images);
    if (s->wish.crypt == FUSE_CRYPT_NONE)
        return true;
    if (s->wish.crypt_by_chip)
        return refuse_to_burn(e,
                              "what the chip makes of images as it writes them cannot be proved "
                              "before it starts",
                              "Give flash_encryption.by: host.");
    if (plan_partitions(s->images)->count == 0)
        return refuse_to_burn(e,
                              "without a partition table among the images nobody can tell which "
                              "of them are encrypted",
                              "Add the partition table to the images.");
    if (!noise)
        return true;
    err_set(
        e, ERR_RECIPE,
        "Nothing is burnt for this recipe: the firmware reads the partition '%s' decrypted, and "
        "no image fills it: no source says what it makes of noise there",
        noise->label);
    return err_hint(e, "Add an image of its whole size, of FF where it is to be empty.");
}

bool job_security_may_burn(const struct job_security *s, struct err *e)
{
    const struct recipe *r = s->recipe;
    const bool starts_otherwise =
        s->wish.boot != FUSE_BOOT_NONE || s->wish.crypt != FUSE_CRYPT_NONE;
    if (s->wish.boot == FUSE_BOOT_V1)
        return refuse_to_burn(e, "no ROM was ever seen that took the digest of secure boot v1",
                              "Use secure boot v2, on an ESP32 of revision v3.0 or later.");
    if (r->verify != RECIPE_VERIFY_MD5)
        return refuse_to_burn(e, "what the flash holds is proved before the first burn",
                              "Give verify: md5.");
    if (starts_otherwise && !(r->boot.asked && r->boot.expect))
        return refuse_to_burn(e, "that the board starts with its security on is proved by nothing",
                              "Give boot.expect: what the application says once it runs.");
    return may_encrypt(s, e);
}

bool job_security_encrypts(const struct job_security *s)
{
    return s->asked && s->wish.crypt != FUSE_CRYPT_NONE && !s->wish.crypt_by_chip;
}

const char *job_security_mac(const struct job_security *s)
{
    return s->asked ? s->recipe->security.mac : NULL;
}
