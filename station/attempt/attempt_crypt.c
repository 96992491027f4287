/*
 * The images of a board as ciphertext, made by a thread of its own while the stub is sent.
 *
 * For a key that all boards share it is made once, and kept by the job; for one of the board's own
 * once a run.
 */
#include "station/attempt/attempt_priv.h"

#include <openssl/crypto.h>
#include <pthread.h>
#include <stdlib.h>

struct crypt_work {
    pthread_t thread;
    struct job *job;
    const struct plan_variant *plain;
    bool shared;                     /* the job keeps it */
    struct board_own *own;           /* of it nothing but the key is read */
    struct plan_variant *made;       /* for this board alone */
    const struct plan_variant *lent; /* by the job */
    bool ok;
    struct err err;
};

static void *make(void *ctx)
{
    struct crypt_work *w = ctx;
    struct flash_crypt_key key;
    w->ok = job_security_flash_key(job_security(w->job), w->own, &key) ||
            err_set(&w->err, ERR_STATION, "The key of the flash is missing");
    if (w->ok && w->shared) {
        w->lent = job_ciphertext(w->job, w->plain, &key, &w->err);
        w->ok = w->lent != NULL;
    } else if (w->ok) {
        w->made = plan_variant_encrypt(job_plan(w->job), w->plain, &key, &w->err);
        w->ok = w->made != NULL;
    }
    OPENSSL_cleanse(&key, sizeof key);
    return NULL;
}

bool attempt_begin_ciphertext(struct attempt *a, struct err *e)
{
    struct board_own *own = a->setup->own;
    const struct job_security *s = job_security(a->setup->job);
    if (!a->ciphertext || (own->ciphertext && own->ciphertext_of == a->result->variant))
        return true;
    struct crypt_work *w = calloc(1, sizeof *w);
    if (!w)
        return err_set(e, ERR_STATION, "Out of memory for encrypted images");
    *w = (struct crypt_work){ .job = a->setup->job, .plain = a->result->variant, .own = own };
    w->shared = job_security_shares_key(s) && !job_unit(w->job)->unit->asked;
    const int rc = pthread_create(&w->thread, NULL, make, w);
    if (rc != 0) {
        free(w);
        return err_set_sys(e, ERR_STATION, rc, "No thread can be started that encrypts");
    }
    a->crypt = w;
    return true;
}

/* Its own ciphertext is the run's from then on. */
static const struct plan_variant *finish(struct attempt *a, struct err *e)
{
    struct crypt_work *w = a->crypt;
    const struct plan_variant *done = NULL;
    pthread_join(w->thread, NULL);
    if (!w->ok)
        *e = w->err;
    else
        done = w->shared ? w->lent : w->made;
    if (w->made) {
        plan_variant_free(w->own->ciphertext);
        w->own->ciphertext = w->made;
        w->own->ciphertext_of = w->plain;
    }
    free(w);
    a->crypt = NULL;
    return done;
}

bool step_ciphertext(struct attempt *a, struct err *e)
{
    if (!a->ciphertext)
        return true;
    const struct plan_variant *done = a->crypt ? finish(a, e) : a->setup->own->ciphertext;
    if (!done)
        return false;
    a->result->variant = done;
    a->bytes_total = plan_variant_bytes(done);
    return true;
}

void attempt_drop_ciphertext(struct attempt *a)
{
    struct err ignored = { 0 };
    if (a->crypt)
        finish(a, &ignored);
}
