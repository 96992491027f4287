/*
 * Logging in.
 *
 * Two locks: `turn` lets one digest at a time be made, which takes a tenth of a second; `lock`,
 * under it or alone, guards the rest and is held for a moment, so that people_find waits for no
 * digest.
 */
#include "station/people/people.h"

#include "station/people/secret.h"
#include "station/people/tries.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct people {
    const struct clock *clock;
    pthread_mutex_t turn, lock;
    char *path;
    struct people_file *file;
    struct stat as_read; /* the file that it was read from */
    struct tries tries;
};

/* ---- The file ---- */

/* Who may write it can make himself an engineer; who may read it can try PINs at home. */
static bool is_private(const char *path, const struct stat *st, struct err *e)
{
    if ((st->st_mode & (S_IRWXG | S_IRWXO)) == 0)
        return true;
    err_set(e, ERR_USAGE, "Others than its owner may read or write the people file %.100s", path);
    return err_hint(e, "Take the rights away: chmod 600 %.100s", path);
}

static bool read_file(const char *path, struct stat *st, struct people_file **file, struct err *e)
{
    if (stat(path, st) != 0) {
        err_set_sys(e, ERR_USAGE, errno, "The people file %.100s cannot be read", path);
        return err_hint(e, "Make one: espstation people add NAME --role engineer --people %.100s",
                        path);
    }
    if (!is_private(path, st, e))
        return false;
    struct doc_report *const report = malloc(sizeof *report);
    if (!report)
        return err_set(e, ERR_STATION, "Out of memory");
    const bool ok = people_file_load(path, file, report, e);
    free(report);
    return ok;
}

static bool is_same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mode == b->st_mode && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
           a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* Reads the file again if it is another one by now. A file that is gone or wrong lets nobody in. */
static bool freshen_locked(struct people *p, struct err *e)
{
    struct stat now;
    struct people_file *file;
    if (p->file && stat(p->path, &now) == 0 && is_same_file(&now, &p->as_read))
        return true;
    if (!read_file(p->path, &now, &file, e))
        return false;
    people_file_free(p->file);
    p->file = file;
    p->as_read = now;
    return true;
}

struct people *people_load(const char *path, const struct clock *clock, struct err *e)
{
    struct people *const p = calloc(1, sizeof *p);
    if (p)
        p->path = strdup(path);
    if (!p || !p->path) {
        free(p);
        err_set(e, ERR_STATION, "Out of memory");
        return NULL;
    }
    p->clock = clock;
    pthread_mutex_init(&p->turn, NULL);
    pthread_mutex_init(&p->lock, NULL);
    if (freshen_locked(p, e))
        return p;
    people_free(p);
    return NULL;
}

void people_free(struct people *p)
{
    if (!p)
        return;
    pthread_mutex_destroy(&p->turn);
    pthread_mutex_destroy(&p->lock);
    people_file_free(p->file);
    free(p->path);
    free(p);
}

/* ---- Who somebody is ---- */

static void fill_actor(struct actor *actor, const char *name, enum role role, bool proved)
{
    *actor = (struct actor){ .role = role, .proved = proved };
    snprintf(actor->name, sizeof actor->name, "%s", name);
}

static enum role role_of(const struct person *person)
{
    static const enum role roles[] = {
        [PERSON_OPERATOR] = ROLE_OPERATOR,
        [PERSON_ENGINEER] = ROLE_ENGINEER,
        [PERSON_AUDITOR] = ROLE_AUDITOR,
    };
    return roles[person->role];
}

bool people_find(struct people *p, const char *name, struct actor *actor)
{
    struct err ignored = { 0 };
    int index = -1;
    if (!p) {
        fill_actor(actor, name, ROLE_ENGINEER, false);
        return name[0] != '\0';
    }
    pthread_mutex_lock(&p->lock);
    if (freshen_locked(p, &ignored))
        index = people_file_index(p->file, name);
    if (index >= 0)
        fill_actor(actor, p->file->people[index].name, role_of(&p->file->people[index]), true);
    pthread_mutex_unlock(&p->lock);
    return index >= 0;
}

size_t people_count(struct people *p)
{
    if (!p)
        return 0;
    pthread_mutex_lock(&p->lock);
    const size_t count = p->file->count;
    pthread_mutex_unlock(&p->lock);
    return count;
}

/* ---- Logging in ---- */

static bool may_try_locked(const struct people *p, const char *name, struct err *e)
{
    const uint64_t wait_ms = tries_wait_ms(&p->tries, name, p->clock->now_us(p->clock));
    if (wait_ms == 0)
        return true;
    err_set(e, ERR_USAGE, "There were too many wrong tries to log in");
    return err_hint(e, "Wait %u s, then try again.", (unsigned)((wait_ms + 999) / 1000));
}

/* What the PIN of this name is compared with; for a name that is not known a digest of zeros, which
 * no PIN gives, so that it takes as long. */
static void digest_of_locked(const struct people *p, const char *name, struct person_digest *digest)
{
    const int index = people_file_index(p->file, name);
    *digest = (struct person_digest)PERSON_DIGEST_COST;
    if (index >= 0 && p->file->people[index].pin)
        *digest = p->file->people[index].pin_digest;
}

/* Readies what to compare with, or refuses. */
static bool begin(struct people *p, const char *name, struct person_digest *digest, struct err *e)
{
    pthread_mutex_lock(&p->lock);
    const bool ok = may_try_locked(p, name, e) && freshen_locked(p, e);
    if (ok)
        digest_of_locked(p, name, digest);
    pthread_mutex_unlock(&p->lock);
    return ok;
}

static bool conclude(struct people *p, const char *name, bool right, const char *what,
                     struct err *e)
{
    pthread_mutex_lock(&p->lock);
    tries_note(&p->tries, name, right, p->clock->now_us(p->clock));
    pthread_mutex_unlock(&p->lock);
    if (right)
        return true;
    err_set(e, ERR_USAGE, "%s", what);
    return err_hint(e, "Try again; an engineer can give a new one: espstation people pin NAME");
}

static bool check_pin(struct people *p, const char *name, const char *pin, struct actor *actor,
                      struct err *e)
{
    struct person_digest wanted, got;
    if (!begin(p, name, &wanted, e))
        return false;
    got = wanted;
    if (!secret_digest(pin, &got, e))
        return false;
    const bool right = secret_is_same(&wanted, &got);
    /* Whoever was removed meanwhile is not let in any more. */
    return conclude(p, name, right && people_find(p, name, actor),
                    "The name or the PIN is not right", e);
}

bool people_log_in(struct people *p, const char *name, const char *pin, struct actor *actor,
                   struct err *e)
{
    if (!p && people_find(p, name, actor))
        return true;
    if (name[0] == '\0' || strlen(name) >= sizeof actor->name || strlen(pin) > SECRET_MAX)
        return err_set(e, ERR_USAGE, "A name and a PIN are needed to log in");
    pthread_mutex_lock(&p->turn);
    const bool ok = check_pin(p, name, pin, actor, e);
    pthread_mutex_unlock(&p->turn);
    return ok;
}

/* ---- Badges ---- */

/* Salt and cost that all badges of the file share; false: nobody has one. */
static bool badge_salt_locked(const struct people *p, struct person_digest *digest)
{
    for (size_t i = 0; i < p->file->count; i++) {
        if (p->file->people[i].badge) {
            *digest = p->file->people[i].badge_digest;
            return true;
        }
    }
    return false;
}

static bool begin_badge(struct people *p, struct person_digest *digest, struct err *e)
{
    pthread_mutex_lock(&p->lock);
    bool ok = may_try_locked(p, "", e) && freshen_locked(p, e);
    if (ok && !badge_salt_locked(p, digest)) {
        err_set(e, ERR_USAGE, "Nobody has a badge at this station");
        err_hint(e, "Log in by name and PIN, or: espstation people pin NAME --badge");
        ok = false;
    }
    pthread_mutex_unlock(&p->lock);
    return ok;
}

/* Looks at all, so that the time does not tell whose badge is nearly this one. */
static bool find_badge(struct people *p, const struct person_digest *digest, struct actor *actor)
{
    bool found = false;
    pthread_mutex_lock(&p->lock);
    for (size_t i = 0; i < p->file->count; i++) {
        const struct person *const person = &p->file->people[i];
        if (!person->badge || !secret_is_same(&person->badge_digest, digest))
            continue;
        fill_actor(actor, person->name, role_of(person), true);
        found = true;
    }
    pthread_mutex_unlock(&p->lock);
    return found;
}

static bool check_badge(struct people *p, const char *badge, struct actor *actor, struct err *e)
{
    struct person_digest digest;
    return begin_badge(p, &digest, e) && secret_digest(badge, &digest, e) &&
           conclude(p, "", find_badge(p, &digest, actor), "This badge is not known", e);
}

bool people_log_in_badge(struct people *p, const char *badge, struct actor *actor, struct err *e)
{
    if (!p) {
        err_set(e, ERR_USAGE, "This station has no people file, so it knows no badges");
        return err_hint(e, "Give a name. To have badges: espstation people add NAME --badge");
    }
    if (badge[0] == '\0' || strlen(badge) > SECRET_MAX)
        return err_set(e, ERR_USAGE, "This is no badge");
    pthread_mutex_lock(&p->turn);
    const bool ok = check_badge(p, badge, actor, e);
    pthread_mutex_unlock(&p->turn);
    return ok;
}
