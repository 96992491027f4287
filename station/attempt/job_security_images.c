/* Whether images go with the keys that are burnt. */
#include "station/attempt/job_security_priv.h"

#include "core/base/bytes.h"
#include "core/fuses/fuse_rules.h"
#include "core/images/boot_digest.h"
#include "core/images/flash_crypt.h"
#include "core/images/secure_cert.h"

#include <openssl/crypto.h>
#include <string.h>

#define APP_VERSION_AT 0x24 /* of an application: secure_version, in its description */

static struct doc_pos place_of(const struct maker *m, const struct plan_part *part)
{
    return m->s->recipe->images[m->entries[part->source]].file_at;
}

static bool is_boot(const struct maker *m, const struct plan_part *part)
{
    return part->addr == m->s->recipe->chip->boot_addr;
}

unsigned job_scheme_bit(enum signature_scheme scheme)
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
    if (wanted > 0 && found == 0 && !is_boot(m, part))
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
        m->s->wish.schemes |= job_scheme_bit(part->image.keys.keys[i].scheme);
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

/* A second slot with the same key would go with it when it leaks. */
static void judge_slots(const struct maker *m)
{
    const struct fuse_wish *w = &m->s->wish;
    size_t counts = 0;
    for (size_t i = 0; i < m->from->boot.key_count; i++) {
        counts += !w->revoked[i];
        for (size_t k = 0; k < i; k++) {
            if (memcmp(w->keys[i].bytes, w->keys[k].bytes, SECURITY_DIGEST_BYTES) == 0)
                doc_report_add(
                    m->report, m->from->boot.keys[i].at,
                    "slots %zu and %zu have the same key: revoked in one, it would still "
                    "count in the other",
                    k, i);
        }
    }
    if (counts == 0)
        doc_report_add(m->report, m->s->recipe->at[RECIPE_KEY_SECURITY_BOOT],
                       "all keys of secure boot are revoked: nothing would start");
}

static void judge_parts(const struct maker *m)
{
    bool has_boot = false, has_app = false;
    if (m->s->wish.boot == FUSE_BOOT_V2)
        judge_slots(m);
    for (size_t i = 0; i < plan_part_count(m->plan); i++) {
        const struct plan_part *part = plan_part(m->plan, i);
        if (part->image.kind != IMAGE_LONG)
            continue;
        has_boot |= is_boot(m, part);
        has_app |= !is_boot(m, part);
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
    else if (!has_app && m->s->wish.boot != FUSE_BOOT_NONE)
        doc_report_add(m->report, m->s->recipe->at[RECIPE_KEY_SECURITY_BOOT],
                       "secure boot, and no application among the images, or none that can be read "
                       "as one: whether it would start cannot be judged");
}

static const struct fuse_wish_key *ds_key(const struct job_security *s, size_t *at)
{
    for (*at = 0; *at < s->wish.key_count; ++*at) {
        if (s->wish.keys[*at].use == FUSE_KEY_DS)
            return &s->wish.keys[*at];
    }
    return NULL;
}

/* `key` NULL: it is not known, and the rest is judged. */
static const char *judge_cert(const struct fuse_wish_key *wish, const uint8_t *key,
                              const uint8_t *bytes, size_t n)
{
    struct secure_cert c;
    const char *problem = secure_cert_read(bytes, n, &c);
    if (problem || !c.has_ds)
        return problem;
    if (wish->block == FUSE_ANY_BLOCK)
        return "it names its key's block, and the recipe does not: give block";
    if (wish->block != c.block)
        return "it is for a key in another block than the recipe's";
    return key ? secure_cert_judge(&c, key) : NULL;
}

static void judge_certs(const struct maker *m)
{
    size_t at;
    const struct fuse_wish_key *wish = ds_key(m->s, &at);
    for (size_t i = 0; wish && i < plan_image_count(m->plan); i++) {
        const struct plan_region *r = plan_place(m->plan, i);
        const char *problem =
            secure_cert_is_one(r->bytes, r->size_bytes)
                ? judge_cert(wish, wish->made ? NULL : wish->bytes, r->bytes, r->size_bytes)
                : NULL;
        if (problem)
            doc_report_add(m->report, m->s->recipe->images[m->entries[i]].file_at,
                           "the certificates in '%.100s' are not for the recipe's key: %s", r->name,
                           problem);
    }
}

void job_places_judge(const struct maker *m)
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

void job_images_judge(const struct maker *m)
{
    judge_parts(m);
    judge_certs(m);
}

bool job_security_judge_certs(const struct job_security *s, const struct board_own *own,
                              const struct plan_variant *v, struct err *e)
{
    size_t at;
    const struct fuse_wish_key *wish = ds_key(s, &at);
    if (!wish)
        return true;
    const uint8_t *key = !wish->made                       ? wish->bytes
                         : own && own->keys[at].count != 0 ? own->keys[at].bytes
                                                           : NULL;
    for (size_t i = 0; i < plan_variant_count(v); i++) {
        const struct plan_region *r = plan_region(v, i);
        const char *problem = secure_cert_is_one(r->bytes, r->size_bytes)
                                  ? judge_cert(wish, key, r->bytes, r->size_bytes)
                                  : NULL;
        if (problem)
            return err_set(e, ERR_UNIT,
                           "The certificates in '%.60s' are not for this board's key: %s", r->name,
                           problem) ||
                   err_hint(e, "Make them for that key: espstation image cert.");
    }
    return true;
}
