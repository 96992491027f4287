#include "station/attempt/job_security.h"

#include "core/base/bytes.h"
#include "core/base/read_all.h"
#include "core/fuses/fuse_rules.h"
#include "core/images/boot_digest.h"
#include "core/images/flash_crypt.h"
#include "core/images/sign.h"
#include "station/attempt/key_file.h"
#include "station/attempt/key_store.h"
#include "station/base/locked.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_BYTES_34   24u  /* of the ESP32's 3/4 coding */
#define CRYPT_CONFIG   0xFu /* ESP32: as it is burnt */
#define APP_VERSION_AT 0x24 /* of an application: secure_version, in its description */

struct job_security {
    bool asked;
    const struct recipe *recipe;
    const struct plan *images;
    struct fuse_wish wish;
    enum signature_scheme schemes[SECURITY_DIGESTS_MAX]; /* of keys from files */
    bool scheme_known[SECURITY_DIGESTS_MAX];
    struct fuse_plan blank;
    uint8_t store_key[KEY_FILE_MAX_BYTES]; /* that seals boards' keys */
};

/* What is needed while it is made. */
struct maker {
    struct job_security *s;
    const struct security *from;
    const struct plan *plan;
    const size_t *entries;
    struct doc_report *report;
};

bool job_security_asked(const struct job_security *s)
{
    return s->asked;
}

const struct fuse_plan *job_security_plan(const struct job_security *s)
{
    return &s->blank;
}

static void report(const struct maker *m, struct doc_pos at, const struct err *e)
{
    if (e->hint[0])
        doc_report_add(m->report, at, "%s%s %s", e->what, err_stop(e->what), e->hint);
    else
        doc_report_add(m->report, at, "%s", e->what);
}

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

static void read_secret(const struct maker *m, const struct security_key *from,
                        struct fuse_wish_key *key)
{
    struct err e = { 0 };
    if (!from->board && !key_file_read(from->path, from->file, key->bytes, &key->count, &e))
        report(m, from->file_at, &e);
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

static void read_public(const struct maker *m, const struct security_key *from, size_t slot,
                        uint8_t *digest)
{
    uint8_t pem[SIGN_PEM_MAX_BYTES];
    struct signature_key key;
    size_t n = 0;
    if (!read_pem(from->path, pem, &n)) {
        doc_report_add(m->report, from->file_at, "'%.100s' cannot be read, or is no key in PEM",
                       from->file);
        return;
    }
    const char *problem = sign_digest_of_public(pem, n, &key);
    OPENSSL_cleanse(pem, sizeof pem); /* somebody may have given a private one */
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
    for (size_t i = 0; i < f->key_count; i++) {
        static const enum fuse_key_use uses[] = { FUSE_KEY_HMAC_ALL, FUSE_KEY_HMAC_JTAG,
                                                  FUSE_KEY_DS, FUSE_KEY_HMAC_UP };
        read_secret(
            m, &f->keys[i].key,
            add_key(w, uses[f->keys[i].use], &f->keys[i].key, f->keys[i].key.block_at.line > 0));
    }
}

static struct key_store store_of(const struct job_security *s)
{
    return (struct key_store){ s->recipe->security.keep.folder.path, s->store_key };
}

static void read_store_key(const struct maker *m)
{
    const struct security_key *with = &m->from->keep.with, *folder = &m->from->keep.folder;
    const struct key_store store = store_of(m->s);
    struct err e = { 0 };
    uint8_t count = 0;
    if (!m->from->keep.asked)
        return;
    if (!key_file_read(with->path, with->file, m->s->store_key, &count, &e) ||
        (count != KEY_STORE_KEY_BYTES &&
         !err_set(&e, ERR_USAGE, "The key file '%.100s' has %u bytes, and 32 seal", with->file,
                  count)))
        report(m, with->file_at, &e);
    else if (!key_store_check(&store, folder->file, &e))
        report(m, folder->file_at, &e);
}

/* ---- The rest of the wish ---- */

static void make_wish(const struct maker *m)
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
    read_store_key(m);
}

/* ---- Images ---- */

static struct doc_pos place_of(const struct maker *m, const struct plan_part *part)
{
    return m->s->recipe->images[m->entries[part->source]].file_at;
}

static bool is_boot(const struct maker *m, const struct plan_part *part)
{
    return part->addr == m->s->recipe->chip->boot_addr;
}

static unsigned scheme_bit(enum signature_scheme scheme)
{
    return scheme == SIGNATURE_RSA_3072     ? FUSE_SIGNED_RSA
           : scheme == SIGNATURE_ECDSA_P256 ? FUSE_SIGNED_P256
                                            : FUSE_SIGNED_OTHER;
}

/* The ROMs of chips with one digest look at the first block alone, and the ESP32-C2's at half of
 * it. */
static bool brings(const struct maker *m, const struct image *image, const uint8_t *digest)
{
    const struct fuse_set *set = chip_fuses(m->s->recipe->chip, FUSE_NEWEST);
    const struct fuse_rules *rules = fuse_rules_of(set);
    const bool single = rules && rules->digests == 1;
    const bool half = single && !fuse_by_name(set, FUSE_NEWEST, "ABS_DONE_0");
    for (size_t i = 0; i < image->keys.count && (!single || i == 0); i++) {
        if (memcmp(image->keys.keys[i].digest, digest, half ? 16 : 32) == 0)
            return true;
    }
    return false;
}

/* The boot loader stays for ever, so it must be signed by every key; an application by one. */
static void judge_keys_of(const struct maker *m, const struct plan_part *part)
{
    size_t wanted = 0, found = 0;
    const struct fuse_wish *w = &m->s->wish;
    for (size_t i = 0; i < w->key_count; i++) {
        const struct fuse_wish_key *key = &w->keys[i];
        if (key->use != FUSE_KEY_DIGEST || w->revoked[key->slot])
            continue;
        const bool has = brings(m, &part->image, key->bytes);
        wanted++;
        found += has;
        if (!has && is_boot(m, part))
            doc_report_add(m->report, place_of(m, part),
                           "the boot loader '%.100s' is not signed with the key of slot %u: with "
                           "that key alone it would not start",
                           part->name, key->slot);
    }
    if (wanted == 0)
        doc_report_add(m->report, m->s->recipe->at[RECIPE_KEY_SECURITY_BOOT],
                       "all keys of secure boot are revoked: nothing would start");
    else if (found == 0 && !is_boot(m, part))
        doc_report_add(m->report, place_of(m, part),
                       "'%.100s' is signed with none of the keys that count: it would never start",
                       part->name);
}

static void judge_v2(const struct maker *m, const struct plan_part *part)
{
    if (part->image.signature != IMAGE_SIGNED_V2 || part->image.keys.count == 0) {
        doc_report_add(m->report, place_of(m, part),
                       "'%.100s' is not signed for secure boot v2: with it, it would never start",
                       part->name);
        return;
    }
    for (size_t i = 0; i < part->image.keys.count; i++)
        m->s->wish.schemes |= scheme_bit(part->image.keys.keys[i].scheme);
    judge_keys_of(m, part);
}

/* Sector 0: IV and digest, which bind the boot loader to the key. */
static bool is_bound(const struct maker *m, const struct plan_part *part)
{
    uint8_t digest[BOOT_DIGEST_BYTES];
    const struct fuse_wish_key *key = &m->s->wish.keys[0];
    const struct plan_region *loader = plan_place(m->plan, part->source), *sector = NULL;
    for (size_t i = 0; i < plan_image_count(m->plan); i++) {
        if (plan_place(m->plan, i)->addr == 0)
            sector = plan_place(m->plan, i);
    }
    return sector && sector->size_bytes >= BOOT_DIGEST_IV_BYTES + BOOT_DIGEST_BYTES &&
           boot_digest(key->bytes, key->count, sector->bytes,
                       loader->bytes + (part->addr - loader->addr), &part->image, digest) &&
           CRYPTO_memcmp(digest, sector->bytes + BOOT_DIGEST_IV_BYTES, sizeof digest) == 0;
}

static void judge_v1(const struct maker *m, const struct plan_part *part)
{
    if (is_boot(m, part) && !is_bound(m, part))
        doc_report_add(m->report, place_of(m, part),
                       "what the recipe writes at 0 does not bind the boot loader '%.100s' to the "
                       "key: it would never start",
                       part->name);
    else if (!is_boot(m, part) && part->image.signature != IMAGE_SIGNED_V1)
        doc_report_add(m->report, place_of(m, part),
                       "'%.100s' is not signed for secure boot v1: it would never start",
                       part->name);
}

static void judge_version(const struct maker *m, const struct plan_part *part)
{
    const struct plan_region *region = plan_place(m->plan, part->source);
    const uint32_t at = part->addr - region->addr + APP_VERSION_AT,
                   has = at + 4 <= region->size_bytes ? load_u32(region->bytes + at) : 0;
    if (part->image.has_app && m->s->wish.secure_version > has)
        doc_report_add(m->report, place_of(m, part),
                       "'%.100s' has secure version %u, and the fuses will want %u: it would never "
                       "start",
                       part->name, has, m->s->wish.secure_version);
}

static void judge_parts(const struct maker *m)
{
    bool has_boot = false;
    for (size_t i = 0; i < plan_part_count(m->plan); i++) {
        const struct plan_part *part = plan_part(m->plan, i);
        if (part->image.kind != IMAGE_LONG)
            continue;
        has_boot |= is_boot(m, part);
        if (m->s->wish.boot == FUSE_BOOT_V2)
            judge_v2(m, part);
        else if (m->s->wish.boot == FUSE_BOOT_V1)
            judge_v1(m, part);
        judge_version(m, part);
    }
    if (!has_boot && m->s->wish.boot != FUSE_BOOT_NONE)
        doc_report_add(m->report, m->s->recipe->at[RECIPE_KEY_SECURITY_BOOT],
                       "secure boot, and no boot loader among the images (at 0x%x): whether one "
                       "would start cannot be judged",
                       m->s->recipe->chip->boot_addr);
}

static void judge_places(const struct maker *m)
{
    const struct recipe *r = m->s->recipe;
    const bool is_esp32 = strcmp(r->chip->id_name, "esp32") == 0;
    const uint32_t step = flash_crypt_step(is_esp32 ? FLASH_CRYPT_ESP32 : FLASH_CRYPT_XTS);
    if (m->s->wish.crypt == FUSE_CRYPT_NONE)
        return;
    for (size_t i = 0; i < plan_image_count(m->plan); i++) {
        const struct recipe_image *image = &r->images[m->entries[i]];
        if (plan_place(m->plan, i)->offset_addr % step != 0)
            doc_report_add(m->report, image->offset_at,
                           "'%.100s' begins at 0x%x; what is encrypted begins at a multiple of %u",
                           image->file, plan_place(m->plan, i)->offset_addr, step);
    }
    if (r->encrypted == RECIPE_ENCRYPTED_PLAIN)
        doc_report_add(m->report, r->at[RECIPE_KEY_ENCRYPTED],
                       "encrypted: plain says that the images are ciphertext already, and "
                       "security.flash_encryption encrypts them");
}

/* ---- For a chip on which nothing is burnt ---- */

static void judge_schemes(const struct maker *m)
{
    for (size_t i = 0; i < SECURITY_DIGESTS_MAX; i++) {
        if (m->s->scheme_known[i])
            m->s->wish.schemes |= scheme_bit(m->s->schemes[i]);
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
    make_wish(&m);
    if (report->total == 0)
        judge_parts(&m);
    judge_schemes(&m);
    judge_places(&m);
    plan_blank(&m);
    return s;
}

void job_security_free(struct job_security *s)
{
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

/* ---- For a board ---- */

static bool has_34_coding(const struct fuse_set *set, const struct fuse_words *words)
{
    const struct fuse_field *coding = fuse_by_name(set, 0, "CODING_SCHEME");
    return coding && fuse_value(words, coding) == 1;
}

/* The keys that were made, or how long those will be that are not. */
static void put_own_keys(struct fuse_wish *w, const struct board_own *own, bool coded_34)
{
    for (size_t i = 0; i < w->key_count; i++) {
        struct fuse_wish_key *key = &w->keys[i];
        if (!key->made)
            continue;
        if (coded_34) /* a key of fewer bytes */
            key->count = KEY_BYTES_34;
        if (!own || own->keys[i].count == 0)
            continue;
        key->made = false;
        key->count = own->keys[i].count;
        memcpy(key->bytes, own->keys[i].bytes, sizeof key->bytes);
    }
}

static void put_own(struct fuse_wish *w, const struct board_own *own, bool coded_34)
{
    put_own_keys(w, own, coded_34);
    if (!own)
        return;
    w->begun_here = own->begun;
    if (w->use_mac != FUSE_MAC_LATER || !own->has_mac)
        return;
    w->use_mac = FUSE_MAC_GIVEN;
    memcpy(w->mac, own->mac, sizeof w->mac);
}

/* A bit that reads right today by the chip's correction alone may not tomorrow: a board whose own
 * blocks have such bits is none to go on with, nor to deliver. */
static bool reads_well(const struct fuse_set *set, const struct fuse_words *words,
                       const struct fuse_plan *plan, struct err *e)
{
    for (size_t i = 0; i < plan->count; i++) {
        const uint8_t block = plan->items[i].burn.block;
        const unsigned corrected = fuse_health(set, words, block).corrected;
        if (corrected > 0)
            return err_set(e, ERR_SECURED,
                           "Block %u of the fuses reads right by correction alone (%u errors)",
                           block, corrected);
    }
    return true;
}

bool job_security_judge(const struct job_security *s, const struct board *b,
                        const struct fuse_words *words, const struct board_own *own,
                        struct fuse_plan *plan, struct err *e)
{
    const struct fuse_set *set = chip_fuses(b->chip, b->revision);
    if (!set)
        return err_set(e, ERR_USAGE, "The fuses of the %s have no names here", b->chip->name);
    for (size_t i = 0; i < set->block_count; i++) {
        if (fuse_health(set, words, i).failed)
            return err_set(e, ERR_SECURED,
                           "Block %zu of the fuses does not read as it was burnt (coding error)",
                           i);
    }
    struct fuse_wish w = s->wish;
    put_own(&w, own, has_34_coding(set, words));
    const bool ok = fuse_plan_make(set, b->chip->name, b->revision, words, &w, plan, e) &&
                    reads_well(set, words, plan, e);
    OPENSSL_cleanse(&w, sizeof w);
    if (!ok)
        fuse_plan_wipe(plan);
    return ok;
}

/* A key of one byte again and again, or of one half twice, is none that a chip could have. */
static bool draw(uint8_t *bytes, size_t n, struct err *e)
{
    do {
        if (getrandom(bytes, n, 0) != (ssize_t)n)
            return err_set_sys(e, ERR_STATION, errno, "The kernel gives no random bytes");
    } while (key_is_pattern(bytes, n));
    return true;
}

static bool make_missing(const struct job_security *s, bool coded_34, struct board_own *own,
                         bool *made, struct err *e)
{
    for (size_t i = 0; i < s->wish.key_count; i++) {
        const struct fuse_wish_key *key = &s->wish.keys[i];
        if (!key->made || own->keys[i].count != 0)
            continue;
        const uint8_t count = coded_34 ? KEY_BYTES_34 : key->count;
        if (!draw(own->keys[i].bytes, count, e))
            return false;
        own->keys[i].count = count;
        own->keys[i].use = (uint8_t)key->use;
        *made = true;
    }
    return true;
}

bool job_security_make_keys(const struct job_security *s, const struct board *b,
                            const struct fuse_words *words, struct board_own *own, struct err *e)
{
    bool made = false;
    const struct key_store store = store_of(s);
    const bool coded_34 = has_34_coding(chip_fuses(b->chip, b->revision), words);
    return make_missing(s, coded_34, own, &made, e) &&
           (!made || !job_security_keeps_keys(s) || key_store_save(&store, &b->mac, own, e));
}

bool job_security_keeps_keys(const struct job_security *s)
{
    return s->asked && s->recipe->security.keep.asked;
}

/* Those of a recipe that wished others are not these. */
static bool are_wished(const struct job_security *s, const struct board_own *own)
{
    for (size_t i = 0; i < FUSE_WISH_KEYS_MAX; i++) {
        const struct fuse_wish_key *key = &s->wish.keys[i];
        const uint8_t count = own->keys[i].count;
        const bool wished = i < s->wish.key_count && key->made;
        const bool fits =
            key->use == own->keys[i].use && (count == key->count || count == KEY_BYTES_34);
        if (count != 0 && (!wished || !fits))
            return false;
    }
    return true;
}

bool job_security_find_keys(const struct job_security *s, const struct board *b,
                            struct board_own *own, struct err *e)
{
    const struct key_store store = store_of(s);
    for (size_t i = 0; i < FUSE_WISH_KEYS_MAX; i++) {
        if (own->keys[i].count != 0)
            return true; /* this run has made or found them */
    }
    if (!job_security_keeps_keys(s) || b->mac.count == 0)
        return true;
    if (!key_store_load(&store, &b->mac, own, e))
        return false;
    if (are_wished(s, own))
        return true;
    OPENSSL_cleanse(own->keys, sizeof own->keys);
    return err_set(e, ERR_STATION, "The keys that are kept of this board are another recipe's");
}

static const struct fuse_wish_key *flash_key(const struct job_security *s, size_t *at)
{
    for (*at = 0; *at < s->wish.key_count; ++*at) {
        if (s->wish.keys[*at].use == FUSE_KEY_FLASH)
            return &s->wish.keys[*at];
    }
    return NULL;
}

bool job_security_flash_key(const struct job_security *s, const struct board_own *own,
                            struct flash_crypt_key *key)
{
    size_t i;
    const struct fuse_wish_key *wish = flash_key(s, &i);
    const bool is_esp32 = strcmp(s->recipe->chip->id_name, "esp32") == 0;
    if (!wish || (wish->made && (!own || own->keys[i].count == 0)))
        return false;
    *key = (struct flash_crypt_key){ .scheme = is_esp32 ? FLASH_CRYPT_ESP32 : FLASH_CRYPT_XTS,
                                     .config = CRYPT_CONFIG,
                                     .count = wish->made ? own->keys[i].count : wish->count };
    memcpy(key->bytes, wish->made ? own->keys[i].bytes : wish->bytes, sizeof key->bytes);
    return true;
}

bool job_security_shares_key(const struct job_security *s)
{
    size_t i;
    const struct fuse_wish_key *wish = flash_key(s, &i);
    return wish && !wish->made;
}

bool job_security_makes_keys(const struct job_security *s)
{
    for (size_t i = 0; i < s->wish.key_count; i++) {
        if (s->wish.keys[i].made)
            return true;
    }
    return false;
}
