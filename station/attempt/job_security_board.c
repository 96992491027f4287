/* What a board lacks of the wish, and the keys that are its own. */
#include "station/attempt/job_security_priv.h"

#include "core/images/flash_crypt.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <string.h>
#include <sys/random.h>

#define KEY_BYTES_34 24u  /* of the ESP32's 3/4 coding */
#define CRYPT_CONFIG 0xFu /* ESP32: as it is burnt */

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
        if (!key->made || s->values[i] || own->keys[i].count != 0)
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
    const struct key_store store = job_store(s);
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
    const struct key_store store = job_store(s);
    for (size_t i = 0; i < FUSE_WISH_KEYS_MAX; i++) {
        if (own->keys[i].count != 0 && !s->values[i])
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
        if (s->wish.keys[i].made && !s->values[i])
            return true;
    }
    return false;
}

/* ---- What the unit tells ---- */

const char *job_security_key_value(const struct job_security *s, size_t i)
{
    return i < s->wish.key_count ? s->values[i] : NULL;
}

bool job_security_take_key(const struct job_security *s, size_t i, const char *hex,
                           struct board_own *own)
{
    uint8_t *bytes = own->keys[i].bytes;
    size_t n = 0;
    if (OPENSSL_hexstr2buf_ex(bytes, FUSE_KEY_BYTES_MAX, &n, hex, '\0') != 1 || n != 32 ||
        key_is_pattern(bytes, n)) {
        OPENSSL_cleanse(bytes, FUSE_KEY_BYTES_MAX);
        return false;
    }
    own->keys[i].count = (uint8_t)n;
    own->keys[i].use = (uint8_t)s->wish.keys[i].use;
    return true;
}

bool job_security_uses_unit(const struct job_security *s)
{
    for (size_t i = 0; i < s->wish.key_count; i++) {
        if (s->values[i])
            return true;
    }
    return job_security_mac(s) != NULL;
}

const char *job_security_awaits(const struct job_security *s, const struct board_own *own)
{
    for (size_t i = 0; i < s->wish.key_count; i++) {
        if (s->values[i] && own->keys[i].count == 0)
            return s->values[i];
    }
    return own->has_mac ? NULL : job_security_mac(s);
}
