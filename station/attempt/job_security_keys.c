/* What a recipe's section `security` wishes, with its keys read from files and tokens. */
#include "station/attempt/job_security_priv.h"

#include "core/base/read_all.h"
#include "core/fuses/fuse_rules.h"
#include "core/images/sign.h"
#include "station/attempt/key_token.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- Keys ---- */

static struct fuse_wish_key *add_key(struct fuse_wish *w, enum fuse_key_use use,
                                     const struct security_key *from, bool block_given)
{
    struct fuse_wish_key *key = &w->keys[w->key_count++];
    *key = (struct fuse_wish_key){ .use = use,
                                   .block = block_given ? (uint8_t)from->block : FUSE_ANY_BLOCK,
                                   .made = from->board,
                                   .count = 32 };
    return key;
}

static void report_err(const struct maker *m, struct doc_pos at, const struct err *e)
{
    if (e->hint[0])
        doc_report_add(m->report, at, "%s%s %s", e->what, err_stop(e->what), e->hint);
    else
        doc_report_add(m->report, at, "%s", e->what);
}

static void read_secret(const struct maker *m, const struct security_key *from,
                        struct fuse_wish_key *key)
{
    struct err e = { 0 };
    if (!from->board && !key_file_read(from->path, from->file, key->bytes, &key->count, &e))
        report_err(m, from->file_at, &e);
}

/* ECDSA's stands in PEM, as the tools have it. */
static bool read_scalar(const struct security_key *from, struct fuse_wish_key *key, struct err *e)
{
    uint8_t pem[SIGN_PEM_MAX_BYTES];
    size_t n = 0;
    if (!key_file_read_any(from->path, from->file, pem, sizeof pem, &n, e))
        return false;
    const char *problem = sign_scalar_of_private(pem, n, key->bytes);
    OPENSSL_cleanse(pem, sizeof pem);
    return !problem || err_set(e, ERR_USAGE, "The key file '%.100s': %s", from->file, problem);
}

static void read_signing(const struct maker *m, const struct security_key *from,
                         struct fuse_wish_key *key)
{
    struct err e = { 0 };
    if (!from->board && !read_scalar(from, key, &e))
        report_err(m, from->file_at, &e);
}

/* Public: whoever may read it. */
static bool read_pem(const char *path, uint8_t *pem, size_t *n)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    bool ok = fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0 &&
              st.st_size <= (off_t)SIGN_PEM_MAX_BYTES && read_all(fd, pem, (size_t)st.st_size, n) &&
              *n == (size_t)st.st_size;
    if (fd >= 0)
        close(fd);
    return ok;
}

static const char *digest_of_file(const struct security_key *from, struct signature_key *key)
{
    uint8_t pem[SIGN_PEM_MAX_BYTES];
    size_t n = 0;
    if (!read_pem(from->path, pem, &n))
        return "it cannot be read, or is no key in PEM";
    const char *problem = sign_digest_of_public(pem, n, key);
    OPENSSL_cleanse(pem, sizeof pem); /* somebody may have given a private one */
    return problem;
}

/* NULL: it is in the report. */
static struct key_token *open_token(const struct maker *m, const struct security_key *from,
                                    enum key_token_half half)
{
    struct err e = { 0 };
    struct key_token *t = key_token_open(from->file, half, from->path, NULL, &e);
    if (!t)
        report_err(m, from->file_at, &e);
    return t;
}

static void read_public(const struct maker *m, const struct security_key *from, size_t slot,
                        uint8_t *digest)
{
    struct signature_key key;
    struct key_token *t = from->token ? open_token(m, from, KEY_TOKEN_PUBLIC) : NULL;
    if (from->token && !t)
        return;
    const char *problem =
        t ? sign_digest_of_key(key_token_key(t), &key) : digest_of_file(from, &key);
    key_token_free(t);
    if (problem) {
        doc_report_add(m->report, from->file_at, "'%.60s': %s", from->file, problem);
        return;
    }
    memcpy(digest, key.digest, sizeof key.digest);
    m->s->schemes[slot] = key.scheme;
    m->s->scheme_known[slot] = true;
}

static void add_digests(const struct maker *m)
{
    for (size_t i = 0; i < m->from->boot.key_count; i++) {
        const struct security_digest *d = &m->from->boot.keys[i];
        struct fuse_wish_key *key =
            add_key(&m->s->wish, FUSE_KEY_DIGEST, &d->key, d->key.block_at.line > 0);
        key->slot = (uint8_t)i;
        m->s->wish.revoked[i] = d->revoked == SECURITY_TRUE;
        if (d->given)
            memcpy(key->bytes, d->digest, sizeof d->digest);
        else
            read_public(m, &d->key, i, key->bytes);
    }
    for (size_t i = m->from->boot.key_count; i < SECURITY_DIGESTS_MAX; i++)
        m->s->wish.revoked[i] = m->from->boot.unused == SECURITY_UNUSED_REVOKE;
}

/* The ESP32-C2's one block is shared with the digest. */
static uint8_t made_bytes(const struct maker *m)
{
    const struct fuse_set *set = chip_fuses(m->s->recipe->chip, FUSE_NEWEST);
    const bool shares = m->from->boot.asked && !fuse_by_name(set, FUSE_NEWEST, "KEY_PURPOSE_0") &&
                        !fuse_by_name(set, FUSE_NEWEST, "ABS_DONE_0");
    return shares ? 16 : m->from->crypt.bits == SECURITY_BITS_256 ? 64 : 32;
}

/* For HMAC and signatures. */
static void add_peripheral_key(const struct maker *m, const struct security_hmac *from)
{
    static const enum fuse_key_use uses[] = { FUSE_KEY_HMAC_ALL, FUSE_KEY_HMAC_JTAG, FUSE_KEY_DS,
                                              FUSE_KEY_HMAC_UP, FUSE_KEY_ECDSA };
    struct fuse_wish *w = &m->s->wish;
    m->s->values[w->key_count] = from->value;
    struct fuse_wish_key *key =
        add_key(w, uses[from->use], &from->key, from->key.block_at.line > 0);
    key->made |= from->value != NULL;
    if (!from->value)
        (from->use == SECURITY_ECDSA ? read_signing : read_secret)(m, &from->key, key);
}

static void add_keys(const struct maker *m)
{
    const struct security *f = m->from;
    struct fuse_wish *w = &m->s->wish;
    if (f->boot.asked && f->boot.version == SECURITY_BOOT_V2)
        add_digests(m);
    if (f->boot.asked && f->boot.version == SECURITY_BOOT_V1)
        read_secret(m, &f->boot.key, add_key(w, FUSE_KEY_BOOT_V1, &f->boot.key, false));
    if (f->crypt.asked) {
        struct fuse_wish_key *key =
            add_key(w, FUSE_KEY_FLASH, &f->crypt.key,
                    m->s->recipe->at[RECIPE_KEY_SECURITY_CRYPT_BLOCK].line > 0);
        key->count = made_bytes(m);
        read_secret(m, &f->crypt.key, key);
    }
    for (size_t i = 0; i < f->key_count; i++)
        add_peripheral_key(m, &f->keys[i]);
}

/* Of all of the wish: where the recipe names its file. NULL: it has none that is secret. */
static const struct security_key *file_of(const struct security *f, const struct fuse_wish *w,
                                          size_t i)
{
    const size_t first_peripheral = w->key_count - f->key_count;
    const enum fuse_key_use use = w->keys[i].use;
    const struct security_key *from = i >= first_peripheral     ? &f->keys[i - first_peripheral].key
                                      : use == FUSE_KEY_BOOT_V1 ? &f->boot.key
                                      : use == FUSE_KEY_FLASH   ? &f->crypt.key
                                                                : NULL;
    return from && from->file ? from : NULL;
}

/* Whoever gets it out by one use has it for the other one, too. Copies of a file are the same key.
 */
static void refuse_twins(const struct maker *m)
{
    const struct fuse_wish *w = &m->s->wish;
    for (size_t i = 0; i < w->key_count; i++) {
        const struct security_key *from = file_of(m->from, w, i);
        bool twin = false;
        for (size_t k = 0; from && k < i; k++)
            twin |= file_of(m->from, w, k) && w->keys[k].count == w->keys[i].count &&
                    CRYPTO_memcmp(w->keys[k].bytes, w->keys[i].bytes, w->keys[i].count) == 0;
        if (twin)
            doc_report_add(m->report, from->file_at,
                           "'%.60s' has the key of another purpose, and who learns it from one "
                           "opens both; expected a key for this alone: (umask 077; head -c 32 "
                           "/dev/urandom >FILE)",
                           from->file);
    }
}

struct key_store job_store(const struct job_security *s)
{
    return (struct key_store){ s->recipe->security.keep.folder.path, s->store_key, s->store_token };
}

static bool has_store_token(const struct maker *m, const struct security_key *with)
{
    m->s->store_token = open_token(m, with, KEY_TOKEN_PRIVATE);
    if (m->s->store_token && key_token_wrapped_bytes(m->s->store_token) == 0) {
        doc_report_add(m->report, with->file_at,
                       "'%.100s' cannot seal: that takes an RSA key of 2048 bits or more",
                       with->file);
        return false;
    }
    return m->s->store_token != NULL;
}

static bool has_store_key(const struct maker *m, const struct security_key *with)
{
    struct err e = { 0 };
    uint8_t count = 0;
    if (with->token)
        return has_store_token(m, with);
    if (key_file_read(with->path, with->file, m->s->store_key, &count, &e) &&
        (count == KEY_STORE_KEY_BYTES ||
         err_set(&e, ERR_USAGE, "The key file '%.100s' has %u bytes, and 32 seal", with->file,
                 count)))
        return true;
    report_err(m, with->file_at, &e);
    return false;
}

static void read_store_key(const struct maker *m)
{
    const struct security_key *folder = &m->from->keep.folder;
    struct err e = { 0 };
    if (!m->from->keep.asked || !has_store_key(m, &m->from->keep.with))
        return;
    const struct key_store store = job_store(m->s);
    if (!key_store_check(&store, folder->file, &e))
        report_err(m, folder->file_at, &e);
}

/* ---- The rest of the wish ---- */

void job_wish_make(const struct maker *m)
{
    const struct security *f = m->from;
    struct fuse_wish *w = &m->s->wish;
    const bool closes = f->boot.asked || f->crypt.asked;
    w->boot = !f->boot.asked                        ? FUSE_BOOT_NONE
              : f->boot.version == SECURITY_BOOT_V1 ? FUSE_BOOT_V1
                                                    : FUSE_BOOT_V2;
    w->aggressive = f->boot.aggressive == SECURITY_TRUE;
    w->crypt = !f->crypt.asked                     ? FUSE_CRYPT_NONE
               : f->crypt.mode == SECURITY_RELEASE ? FUSE_CRYPT_RELEASE
                                                   : FUSE_CRYPT_DEVELOPMENT;
    w->crypt_by_chip = f->crypt.by == SECURITY_BY_CHIP;
    w->jtag = f->jtag == SECURITY_JTAG_OFF || (f->jtag == SECURITY_JTAG_AUTO && closes)
                  ? FUSE_JTAG_OFF
              : f->jtag == SECURITY_JTAG_SOFT ? FUSE_JTAG_SOFT
                                              : FUSE_JTAG_KEEP;
    w->download = (enum fuse_wish_download)f->download;
    w->uart_print = (uint8_t)f->print;
    w->secure_version = (uint8_t)f->secure_version;
    w->use_mac = f->mac ? FUSE_MAC_LATER : FUSE_MAC_FACTORY;
    for (size_t i = 0; i < f->fuse_count; i++) {
        w->fuses[i].name = f->fuses[i].name;
        w->fuses[i].value = f->fuses[i].value;
    }
    w->fuse_count = (uint8_t)f->fuse_count;
    for (size_t i = 0; i < f->lock_count; i++)
        w->locks[i] = f->locks[i];
    w->lock_count = (uint8_t)f->lock_count;
    add_keys(m);
    if (m->report->total == 0) /* what could not be read is alike, and no key */
        refuse_twins(m);
    read_store_key(m);
}
