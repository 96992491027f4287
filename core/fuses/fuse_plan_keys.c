/* Keys and digests of a plan: which block each goes to, or is in. */
#include "core/fuses/burn_priv.h"
#include "core/fuses/fuse_plan_priv.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

#define PURPOSE_ECDSA     1
#define PURPOSE_XTS_256_1 2
#define PURPOSE_XTS_256_2 3
#define PURPOSE_XTS_128   4
#define PURPOSE_HMAC_ALL  5
#define PURPOSE_DIGEST0   9
#define HALF_BYTES        16u
#define BLOCK_BYTES       32u
#define BYTES_34          24u /* of a block with the ESP32's 3/4 coding */

static const char *use_word(enum fuse_key_use use)
{
    static const char *const words[] = { "the flash's key",          "secure boot's key",
                                         "a public key's digest",    "an HMAC key",
                                         "a key that opens JTAG",    "a key of digital signatures",
                                         "an HMAC key for firmware", "a key of ECDSA" };
    return words[use];
}

static bool is_blank(const uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (bytes[i] != 0)
            return false;
    }
    return true;
}

static bool is_empty(const struct planner *p, const struct fuse_field *block)
{
    uint8_t bytes[FUSE_BYTES_MAX];
    const size_t n = fuse_bytes(p->words, block, bytes);
    return is_blank(bytes, n);
}

/* Keys of the flash, and of the first secure boot, stand in the fuses from their end on. */
static void turn(uint8_t *to, const uint8_t *from, size_t n)
{
    for (size_t i = 0; i < n; i++)
        to[i] = from[n - 1 - i];
}

/* ---- One block for one thing ---- */

/* What is to be in a block. */
struct need {
    const struct fuse_wish_key *key;
    uint8_t purpose; /* 0: the chip has none */
    uint8_t bytes[BLOCK_BYTES];
    size_t count;
    int at; /* which key block; -1: none yet */
};

static bool is_secret(const struct need *n)
{
    return n->key->use != FUSE_KEY_DIGEST;
}

static void key_name(char name[static 24], const char *family, unsigned n)
{
    snprintf(name, 24, "%s%u", family, n);
}

static const struct fuse_field *key_field(const struct planner *p, unsigned n)
{
    char name[24];
    key_name(name, "BLOCK_KEY", n);
    return planner_field(p, name);
}

/* The power went within its burn: there is no bit that is not wished. */
static bool is_part_of(const uint8_t *has, const struct need *n)
{
    for (size_t i = 0; i < n->count; i++) {
        if ((has[i] & ~n->bytes[i]) != 0)
            return false;
    }
    return true;
}

/* Block `name` is not blank and not what it should be. Without a coding the bits that are missing
 * are burnt; a check that covers a block, or a unit of it, is burnt once with it. */
static bool judge_part(struct planner *p, const struct need *n, const struct fuse_field *field,
                       const uint8_t *has)
{
    if (!is_part_of(has, n))
        return plan_refuse(p, "%s holds another key than the recipe's: this board is another one's",
                           field->name);
    if (fuse_coding(p->set, p->words, field->block) != FUSE_UNCODED)
        return plan_refuse(p,
                           "%s holds a part of %s: its burn was cut off, and with this coding a "
                           "block is burnt once only: the board is lost",
                           field->name, use_word(n->key->use));
    return !fuse_is_locked(p->set, p->words, field) ||
           plan_refuse(p, "%s holds a part of %s, and is locked: the board is lost", field->name,
                       use_word(n->key->use));
}

/* Whether the block has it (*done), nothing, or a part that is burnt to its end; else refused. */
static bool judge_block(struct planner *p, const struct need *n, const struct fuse_field *field,
                        bool *done)
{
    uint8_t has[FUSE_BYTES_MAX];
    const bool hidden = fuse_is_hidden(p->set, p->words, field);
    fuse_bytes(p->words, field, has);
    *done = hidden || !is_blank(has, sizeof has);
    if (hidden && !is_secret(n))
        return plan_refuse(p, "%s is to hold a digest, and cannot be read: nothing would start",
                           field->name);
    if (hidden) {
        p->hidden = true;
        return true;
    }
    if (!*done && fuse_is_locked(p->set, p->words, field))
        return plan_refuse(p, "%s is locked, and has no key", field->name);
    if (*done && n->key->made)
        return plan_refuse(p,
                           "%s holds a key that can be read, and nobody knows whose: each board "
                           "gets its own",
                           field->name);
    if (!*done || memcmp(has, n->bytes, n->count) == 0)
        return true;
    *done = false;
    p->cut_off = true;
    return judge_part(p, n, field, has);
}

static bool add_block(struct planner *p, const struct need *n, const struct fuse_field *field,
                      uint8_t words)
{
    bool done;
    if (!judge_block(p, n, field, &done))
        return false;
    struct fuse_item *item =
        plan_bytes(p, is_secret(n) ? FUSE_STAGE_KEYS : FUSE_STAGE_DIGESTS, field,
                   n->key->made ? NULL : n->bytes, n->count, FUSE_BURN_KEY, use_word(n->key->use));
    if (!item)
        return false;
    item->burn.count = words;
    item->done = done;
    item->secret = is_secret(n);
    item->made = n->key->made;
    return true;
}

/* Nobody reads a secret any more, and nobody changes either. */
static bool close_block(struct planner *p, const struct need *n, const struct fuse_field *field)
{
    const enum fuse_stage stage = is_secret(n) ? FUSE_STAGE_HIDE : FUSE_STAGE_SEAL;
    return (!is_secret(n) ||
            plan_bit(p, stage, "RD_DIS", field->hide_bit, "nobody reads the key")) &&
           plan_bit(p, stage, "WR_DIS", field->lock_bit, "nobody changes the block");
}

/* ---- Chips whose key blocks have purposes ---- */

enum { NEEDS_MAX = 2 * FUSE_WISH_KEYS_MAX };

struct needs {
    struct need rows[NEEDS_MAX];
    size_t count;
};

static void need_block(struct needs *to, const struct fuse_wish_key *key, uint8_t purpose,
                       size_t from, bool turned)
{
    struct need *n = &to->rows[to->count++];
    *n = (struct need){ .key = key, .purpose = purpose, .count = BLOCK_BYTES, .at = -1 };
    if (turned)
        turn(n->bytes, key->bytes + from, BLOCK_BYTES);
    else
        memcpy(n->bytes, key->bytes + from, BLOCK_BYTES);
}

static bool need_flash_key(struct planner *p, const struct fuse_wish_key *key, struct needs *to)
{
    if (key->count == 64 && !p->rules->long_flash_key)
        return plan_cannot(p, "The %s has XTS-AES-128 alone: its flash's key has 32 bytes",
                           p->chip);
    if (key->count != 32 && key->count != 64)
        return plan_cannot(p, "The flash's key of the %s has 32 bytes%s, not %u", p->chip,
                           p->rules->long_flash_key ? " or 64" : "", key->count);
    need_block(to, key, key->count == 64 ? PURPOSE_XTS_256_1 : PURPOSE_XTS_128, 0, true);
    if (key->count == 64)
        need_block(to, key, PURPOSE_XTS_256_2, 32, true);
    return true;
}

/* What the chip has no use for would take a block for nothing. */
static bool judge_use(struct planner *p, const struct fuse_wish_key *key)
{
    const struct fuse_rules *r = p->rules;
    if (key->use >= FUSE_KEY_HMAC_ALL && key->use <= FUSE_KEY_HMAC_UP && !r->hmac)
        return plan_cannot(p, "The %s has no HMAC: no place for %s", p->chip, use_word(key->use));
    if (key->use == FUSE_KEY_DS && r->ds_number_bytes == 0)
        return plan_cannot(p, "Which RSA keys the %s signs with, no source says: no place for %s",
                           p->chip, use_word(key->use));
    return key->use != FUSE_KEY_ECDSA || r->ecdsa ||
           plan_cannot(p, "The %s has no place for %s", p->chip, use_word(key->use));
}

static unsigned purpose_of(const struct fuse_wish_key *key)
{
    if (key->use == FUSE_KEY_DIGEST)
        return (unsigned)PURPOSE_DIGEST0 + key->slot;
    if (key->use == FUSE_KEY_ECDSA)
        return PURPOSE_ECDSA;
    return PURPOSE_HMAC_ALL + (unsigned)key->use - FUSE_KEY_HMAC_ALL;
}

static bool need_key(struct planner *p, const struct fuse_wish_key *key, struct needs *to)
{
    if (key->use == FUSE_KEY_FLASH)
        return need_flash_key(p, key, to);
    if (key->use == FUSE_KEY_BOOT_V1)
        return plan_cannot(p, "Secure boot v1 is the ESP32's alone; the %s has v2", p->chip);
    if (key->count != BLOCK_BYTES)
        return plan_cannot(p, "%s has 32 bytes, not %u", use_word(key->use), key->count);
    if (key->use == FUSE_KEY_DIGEST && p->wish->revoked[key->slot])
        return true; /* it counts no more, whether it is there or not */
    if (!judge_use(p, key))
        return false;
    need_block(to, key, (uint8_t)purpose_of(key), 0, key->use == FUSE_KEY_ECDSA);
    return true;
}

static bool is_free(const struct planner *p, unsigned k)
{
    char name[24];
    const struct fuse_field *block = key_field(p, k);
    key_name(name, "KEY_PURPOSE_", k);
    const struct fuse_field *purpose = planner_field(p, name);
    if (!block || !purpose || p->taken[k] || fuse_key_purpose(p->set, p->words, k) != 0 ||
        fuse_is_hidden(p->set, p->words, block) || fuse_is_locked(p->set, p->words, block) ||
        fuse_is_locked(p->set, p->words, purpose))
        return false;
    return is_empty(p, block);
}

/* Block k holds what is to be in it, and the power went before all of its purpose was burnt. */
static bool has_it(const struct planner *p, const struct need *n, unsigned k)
{
    uint8_t has[FUSE_BYTES_MAX];
    const struct fuse_field *block = key_field(p, k);
    return block && !p->taken[k] && (fuse_key_purpose(p->set, p->words, k) & ~n->purpose) == 0u &&
           fuse_bytes(p->words, block, has) == BLOCK_BYTES &&
           memcmp(has, n->bytes, BLOCK_BYTES) == 0;
}

/* A block that has it already, by what it is for, or else by what it holds. */
static bool find_block(struct planner *p, struct need *n)
{
    for (unsigned k = 0; k < FUSE_KEY_BLOCKS; k++) {
        if (!key_field(p, k) || fuse_key_purpose(p->set, p->words, k) != n->purpose)
            continue;
        if (n->at >= 0)
            return plan_refuse(p, "KEY%d and KEY%u are both for %s", n->at, k,
                               use_word(n->key->use));
        n->at = (int)k;
    }
    for (unsigned k = 0; n->at < 0 && !n->key->made && k < FUSE_KEY_BLOCKS; k++) {
        if (has_it(p, n, k))
            n->at = (int)k;
    }
    return true;
}

static bool is_second_half(const struct need *n)
{
    return n->purpose == PURPOSE_XTS_256_2;
}

/* Blocks that the board gives, and those that the recipe names. */
static bool place_given(struct planner *p, struct need *n)
{
    const uint8_t wanted = is_second_half(n) ? FUSE_ANY_BLOCK : n->key->block;
    if (!find_block(p, n))
        return false;
    if (n->at >= 0 && wanted != FUSE_ANY_BLOCK && n->at != wanted)
        return plan_refuse(p, "KEY%d holds %s, and the recipe wants it in KEY%u", n->at,
                           use_word(n->key->use), wanted);
    if (n->at < 0 && wanted != FUSE_ANY_BLOCK) {
        if (!key_field(p, wanted))
            return plan_cannot(p, "The %s has no KEY%u", p->chip, wanted);
        if (!is_free(p, wanted))
            return plan_refuse(p, "KEY%u is not blank, and holds something else than %s", wanted,
                               use_word(n->key->use));
        n->at = wanted;
    }
    if (n->at >= 0)
        p->taken[n->at] = true;
    return true;
}

static bool may_be_in(const struct planner *p, const struct need *n, unsigned k)
{
    const enum fuse_key_use use = n->key->use;
    return k != 5 || !((use == FUSE_KEY_FLASH && p->rules->no_flash_key_in_key5) ||
                       (use == FUSE_KEY_ECDSA && p->rules->no_ecdsa_key_in_key5));
}

/* The second half of a long key goes behind the first, as espefuse puts it. */
static bool place_free(struct planner *p, const struct needs *all, struct need *n)
{
    unsigned from = 0;
    if (is_second_half(n) && n > all->rows && n[-1].at >= 0)
        from = (unsigned)n[-1].at + 1;
    for (unsigned k = from; n->at < 0 && k < FUSE_KEY_BLOCKS; k++) {
        if (may_be_in(p, n, k) && is_free(p, k))
            n->at = (int)k;
    }
    if (n->at < 0)
        return plan_refuse(p, "No key block is left for %s", use_word(n->key->use));
    p->taken[n->at] = true;
    return true;
}

static bool add_purpose(struct planner *p, const struct need *n)
{
    char name[24];
    const struct fuse_field *block = key_field(p, (unsigned)n->at);
    const enum fuse_stage stage = is_secret(n) ? FUSE_STAGE_PURPOSES : FUSE_STAGE_SLOTS;
    key_name(name, "KEY_PURPOSE_", (unsigned)n->at);
    const struct fuse_item *last = &p->plan->items[p->plan->count - 1]; /* the block's */
    if (!last->done && fuse_key_purpose(p->set, p->words, (unsigned)n->at) != 0)
        return plan_refuse(p, "%s has its purpose and no key: it was burnt in another order",
                           block->name);
    const struct fuse_field *field = planner_field(p, name);
    return plan_number(p, stage, name, n->purpose, use_word(n->key->use)) &&
           close_block(p, n, block) &&
           plan_bit(p, is_secret(n) ? FUSE_STAGE_HIDE : FUSE_STAGE_SEAL, "WR_DIS", field->lock_bit,
                    "nobody changes what it is for");
}

/* Of the ESP32-H2 up to v1.1; later silicon has no such fuse. Source: espefuse, which burns it
 * along with the key. */
static bool add_hardware_k(struct planner *p, const struct need *n)
{
    static const char name[] = "ECDSA_FORCE_USE_HARDWARE_K";
    return n->purpose != PURPOSE_ECDSA || !planner_field(p, name) ||
           plan_number(p, FUSE_STAGE_CLOSE, name, 1, "random numbers of signatures are the chip's");
}

/* Each purpose once: two blocks of one would leave it open which counts. */
static bool judge_twice(struct planner *p, const struct needs *all)
{
    for (size_t i = 0; i < all->count; i++) {
        for (size_t k = 0; k < i; k++) {
            if (all->rows[i].purpose == all->rows[k].purpose)
                return plan_cannot(p, "Two key blocks would both be for %s",
                                   use_word(all->rows[i].key->use));
        }
    }
    return true;
}

/* Where a burn was cut off, nobody has come to its purpose. */
static bool judge_strange(struct planner *p, const struct needs *all, unsigned k)
{
    const struct fuse_field *block = key_field(p, k);
    uint8_t has[FUSE_BYTES_MAX];
    fuse_bytes(p->words, block, has);
    for (size_t i = 0; i < all->count; i++) {
        const struct need *n = &all->rows[i];
        if (fuse_key_purpose(p->set, p->words, k) == 0 && !n->key->made && n->at != (int)k &&
            !is_empty(p, block) && is_part_of(has, n))
            return judge_part(p, n, block, has);
    }
    return plan_refuse(p, "KEY%u is not blank, and the recipe does not speak of it", k);
}

static bool judge_unwished(struct planner *p, const struct needs *all)
{
    for (unsigned k = 0; k < FUSE_KEY_BLOCKS; k++) {
        const struct fuse_field *block = key_field(p, k);
        const uint32_t purpose = block ? fuse_key_purpose(p->set, p->words, k) : 0;
        if (!block || p->taken[k])
            continue;
        if (purpose >= PURPOSE_DIGEST0 && purpose < PURPOSE_DIGEST0 + FUSE_DIGESTS_MAX &&
            p->wish->revoked[purpose - PURPOSE_DIGEST0])
            continue;
        if (purpose != 0 || fuse_is_hidden(p->set, p->words, block) || !is_empty(p, block))
            return judge_strange(p, all, k);
    }
    return true;
}

static bool place_needs(struct planner *p, struct needs *all)
{
    for (size_t i = 0; i < all->count; i++) {
        struct need *n = &all->rows[i];
        if (!place_given(p, n))
            return false;
        if (n->at >= 0 && !may_be_in(p, n, (unsigned)n->at))
            return plan_cannot(p, "The ROM of the %s does not find %s in KEY5", p->chip,
                               use_word(n->key->use));
    }
    for (size_t i = 0; i < all->count; i++) {
        if (all->rows[i].at < 0 && !place_free(p, all, &all->rows[i]))
            return false;
    }
    return true;
}

static bool plan_blocks(struct planner *p, struct needs *all)
{
    for (size_t i = 0; i < p->wish->key_count; i++) {
        if (!need_key(p, &p->wish->keys[i], all))
            return false;
    }
    if (!judge_twice(p, all) || !place_needs(p, all) || !judge_unwished(p, all))
        return false;
    for (size_t i = 0; i < all->count; i++) {
        const struct fuse_field *block = key_field(p, (unsigned)all->rows[i].at);
        if (!add_block(p, &all->rows[i], block, 8) || !add_purpose(p, &all->rows[i]) ||
            !add_hardware_k(p, &all->rows[i]))
            return false;
    }
    return true;
}

/* ---- The ESP32 ---- */

static bool need_of_esp32(struct planner *p, const struct fuse_wish_key *key, struct need *n)
{
    const uint32_t coding = planner_value(p, "CODING_SCHEME");
    const size_t wanted = coding == 1 ? BYTES_34 : BLOCK_BYTES;
    if (key->use > FUSE_KEY_DIGEST)
        return plan_cannot(p, "The ESP32 has no place for %s", use_word(key->use));
    if (coding == 2)
        return plan_refuse(p, "Keys of the coding scheme 'repeat' are not burnt: the tools do not "
                              "agree on it");
    const bool short_fits = p->revision == FUSE_NEWEST && key->count == BYTES_34;
    if (key->count != wanted && !short_fits)
        return plan_refuse(p,
                           "This board's coding scheme takes %s of %zu bytes, and the recipe's "
                           "has %u",
                           use_word(key->use), wanted, key->count);
    *n = (struct need){ .key = key, .count = key->count };
    if (key->use == FUSE_KEY_DIGEST)
        memcpy(n->bytes, key->bytes, n->count);
    else
        turn(n->bytes, key->bytes, n->count);
    return true;
}

static bool plan_esp32(struct planner *p)
{
    static const char *const names[] = { "BLOCK1", "BLOCK2" };
    bool used[2] = { false, false };
    struct need n = { 0 };
    bool ok = true;
    for (size_t i = 0; ok && i < p->wish->key_count; i++) {
        const struct fuse_wish_key *key = &p->wish->keys[i];
        const size_t at = key->use == FUSE_KEY_FLASH ? 0 : 1;
        const struct fuse_field *field = planner_field(p, names[at]);
        ok = need_of_esp32(p, key, &n) &&
             (!used[at] || plan_cannot(p, "The ESP32 has room for one digest")) &&
             add_block(p, &n, field, n.count == BYTES_34 ? 6 : 8) && close_block(p, &n, field);
        used[at] = true;
    }
    OPENSSL_cleanse(&n, sizeof n);
    for (size_t i = 0; ok && i < 2; i++) {
        const struct fuse_field *field = planner_field(p, names[i]);
        if (!used[i] && (fuse_is_hidden(p->set, p->words, field) || !is_empty(p, field)))
            ok = plan_refuse(p, "%s is not blank, and the recipe does not speak of it", names[i]);
    }
    return ok;
}

/* ---- The ESP32-C2, whose one block is written once: a half for each, or all for the flash ---- */

struct c2 {
    uint8_t bytes[BLOCK_BYTES];
    bool flash, digest, whole, made;
};

static bool gather_c2(struct planner *p, struct c2 *c)
{
    for (size_t i = 0; i < p->wish->key_count; i++) {
        const struct fuse_wish_key *key = &p->wish->keys[i];
        const bool flash = key->use == FUSE_KEY_FLASH;
        if (!flash && key->use != FUSE_KEY_DIGEST)
            return plan_cannot(p, "The %s has no place for %s", p->chip, use_word(key->use));
        if (flash ? c->flash : c->digest)
            return plan_cannot(p, "The %s has room for one digest", p->chip);
        if (key->count != 32 && !(flash && key->count == 16))
            return plan_cannot(p, "The flash's key of the %s has 16 or 32 bytes, not %u", p->chip,
                               key->count);
        if (flash) {
            turn(c->bytes, key->bytes, key->count);
            c->whole = key->count == 32;
            c->made = key->made;
        } else {
            memcpy(c->bytes + HALF_BYTES, key->bytes, HALF_BYTES);
        }
        c->flash |= flash;
        c->digest |= !flash;
    }
    return !c->whole || !c->digest ||
           plan_cannot(p,
                       "The %s has one key block: beside secure boot's digest the flash's key "
                       "has 16 bytes",
                       p->chip);
}

enum half { HALF_BLANK, HALF_DONE, HALF_WRONG };

static enum half judge_half(struct planner *p, const struct c2 *c, unsigned upper)
{
    uint8_t has[FUSE_BYTES_MAX];
    const bool secret = upper ? c->whole : c->flash;
    const bool wished = secret || (upper && c->digest);
    const bool hidden = planner_value(p, "RD_DIS") >> upper & 1;
    fuse_bytes(p->words, key_field(p, 0), has);
    const bool blank = is_blank(has + upper * HALF_BYTES, HALF_BYTES);
    if (hidden) {
        p->hidden |= secret;
        return secret ? HALF_DONE : HALF_WRONG;
    }
    if (blank)
        return wished ? HALF_BLANK : HALF_DONE;
    if (!wished || (secret && c->made))
        return HALF_WRONG;
    return memcmp(has + upper * HALF_BYTES, c->bytes + upper * HALF_BYTES, HALF_BYTES) == 0
               ? HALF_DONE
               : HALF_WRONG;
}

/* A half is wished and missing, the other one was burnt: the check bytes of the block are too. */
static bool judge_c2(struct planner *p, const struct c2 *c, bool *done)
{
    const enum half low = judge_half(p, c, 0), high = judge_half(p, c, 1);
    const bool low_wished = c->flash, high_wished = c->whole || c->digest;
    if (low == HALF_WRONG || high == HALF_WRONG)
        return plan_refuse(p,
                           "The %s half of the key block holds something else than the "
                           "recipe's, or hides it",
                           low == HALF_WRONG ? "lower" : "upper");
    *done = low == HALF_DONE && high == HALF_DONE;
    if ((low == HALF_BLANK && high_wished && high == HALF_DONE) ||
        (high == HALF_BLANK && low_wished && low == HALF_DONE))
        return plan_refuse(p, "One half of the key block is burnt, and the other can be no more");
    return true;
}

static bool add_c2(struct planner *p, const struct c2 *c)
{
    const struct fuse_field *block = key_field(p, 0);
    const enum fuse_stage close = c->flash ? FUSE_STAGE_HIDE : FUSE_STAGE_SEAL;
    const char *why = !c->flash    ? use_word(FUSE_KEY_DIGEST)
                      : !c->digest ? use_word(FUSE_KEY_FLASH)
                                   : "the flash's key, and a public key's digest";
    bool done;
    if (!judge_c2(p, c, &done))
        return false;
    struct fuse_item *item = plan_bytes(p, c->flash ? FUSE_STAGE_KEYS : FUSE_STAGE_DIGESTS, block,
                                        c->bytes, sizeof c->bytes, FUSE_BURN_KEY, why);
    if (!item)
        return false;
    item->done = done;
    item->secret = c->flash;
    item->made = c->made;
    return (!c->flash || plan_bit(p, close, "RD_DIS", 0, "nobody reads the key")) &&
           (!c->whole || plan_bit(p, close, "RD_DIS", 1, "nobody reads the key")) &&
           plan_bit(p, close, "WR_DIS", block->lock_bit, "nobody changes the block") &&
           (!c->whole || plan_number(p, FUSE_STAGE_CLOSE, "XTS_KEY_LENGTH_256", 1,
                                     "the whole block is the flash's key"));
}

static bool plan_c2(struct planner *p)
{
    struct c2 c = { 0 };
    bool done;
    bool ok = gather_c2(p, &c);
    if (ok && !c.whole && planner_value(p, "XTS_KEY_LENGTH_256") != 0)
        ok = plan_refuse(p, "XTS_KEY_LENGTH_256 is burnt: the whole key block is the flash's key");
    if (ok)
        ok = c.flash || c.digest ? add_c2(p, &c) : judge_c2(p, &c, &done);
    OPENSSL_cleanse(&c, sizeof c);
    return ok;
}

/* ---- All ---- */

static bool has_key(const struct fuse_wish *w, enum fuse_key_use use)
{
    for (size_t i = 0; i < w->key_count; i++) {
        if (w->keys[i].use == use)
            return true;
    }
    return false;
}

/* Slots are filled in order: the ROM and ESP-IDF look no further than the first gap. */
static bool judge_slots(struct planner *p)
{
    bool filled[FUSE_DIGESTS_MAX] = { false };
    for (size_t i = 0; i < p->wish->key_count; i++) {
        const struct fuse_wish_key *key = &p->wish->keys[i];
        if (key->use != FUSE_KEY_DIGEST)
            continue;
        if (key->slot >= p->rules->digests)
            return plan_cannot(p, "The %s trusts %u key%s: there is no slot %u", p->chip,
                               p->rules->digests, p->rules->digests == 1 ? "" : "s", key->slot);
        if (filled[key->slot])
            return plan_cannot(p, "Slot %u has two keys", key->slot);
        filled[key->slot] = true;
    }
    for (size_t i = 1; i < FUSE_DIGESTS_MAX; i++) {
        if (filled[i] && !filled[i - 1])
            return plan_cannot(p,
                               "Slot %zu has a key and slot %zu has none: they are filled in "
                               "order",
                               i, i - 1);
    }
    return true;
}

static bool judge_wish(struct planner *p)
{
    const struct fuse_wish *w = p->wish;
    if (w->boot == FUSE_BOOT_V2 && !has_key(w, FUSE_KEY_DIGEST))
        return plan_cannot(p, "Secure boot v2 without a key's digest: nothing would start");
    if (w->boot == FUSE_BOOT_V1 && !has_key(w, FUSE_KEY_BOOT_V1))
        return plan_cannot(p, "Secure boot v1 without its key: nothing would start");
    if (w->boot != FUSE_BOOT_V1 && has_key(w, FUSE_KEY_BOOT_V1))
        return plan_cannot(p, "A key of secure boot v1, which is not on");
    if (w->crypt != FUSE_CRYPT_NONE && !has_key(w, FUSE_KEY_FLASH))
        return plan_cannot(p, "Flash encryption without a key");
    if (w->crypt == FUSE_CRYPT_NONE && has_key(w, FUSE_KEY_FLASH))
        return plan_cannot(p, "A key of the flash, whose encryption is not on");
    return judge_slots(p);
}

bool plan_keys(struct planner *p)
{
    struct needs all = { .count = 0 };
    if (!judge_wish(p))
        return false;
    bool ok = p->is_esp32 ? plan_esp32(p) : p->has_purposes ? plan_blocks(p, &all) : plan_c2(p);
    OPENSSL_cleanse(&all, sizeof all);
    return ok;
}
