/* Whether something may be burnt: what can be said without touching the chip. */
#include "core/fuses/burn.h"
#include "core/fuses/burn_priv.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

#define KEYS_BLOCK 4u /* KEY0 of the ESP32-S2 and later */

/* All that one check is about. */
struct question {
    const struct fuse_set *set;
    uint32_t revision;
    const struct fuse_words *words; /* the board's */
    const struct fuse_burn *burn;
    uint32_t fresh[FUSE_WORDS_MAX]; /* what of it is not burnt yet */
};

/* ---- Blocks ---- */

static bool has_areas(const struct fuse_set *set)
{
    return set->burner.areas[0] != 0;
}

static uint32_t coding_scheme(const struct fuse_set *set, const struct fuse_words *words)
{
    const struct fuse_field *f = fuse_by_name(set, 0, "CODING_SCHEME");
    return f ? fuse_value(words, f) : 0;
}

enum fuse_coding fuse_coding(const struct fuse_set *set, const struct fuse_words *words,
                             unsigned block)
{
    if (block == 0)
        return FUSE_UNCODED;
    if (!has_areas(set))
        return FUSE_CODED_RS;
    return coding_scheme(set, words) == 1 ? FUSE_CODED_34 : FUSE_UNCODED;
}

unsigned fuse_data_words(const struct fuse_set *set, const struct fuse_words *words, unsigned block)
{
    return fuse_coding(set, words, block) == FUSE_CODED_34 ? 6 : set->blocks[block].words;
}

/* Any field of a block tells what protects all of it; NULL: none is known of that block. */
static const struct fuse_field *field_of_block(const struct fuse_set *set, unsigned block)
{
    for (const struct fuse_field *f = set->fields; f->name; f++) {
        if (f->block == block)
            return f;
    }
    return NULL;
}

static bool is_blank(const uint32_t *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (words[i] != 0)
            return false;
    }
    return true;
}

bool fuse_block_is_hidden(const struct fuse_set *set, const struct fuse_words *words,
                          unsigned block)
{
    const struct fuse_field *f = field_of_block(set, block);
    if (block == 0 || !f || f->hide_bit == FUSE_NO_BIT)
        return false;
    const struct fuse_field *rd_dis = fuse_by_name(set, 0, "RD_DIS");
    uint32_t mask = set->burner.hides_halves ? 3 : UINT32_C(1) << f->hide_bit;
    return rd_dis && (fuse_value(words, rd_dis) & mask) != 0;
}

/* ---- What is asked for ---- */

bool fuse_same_block(const struct fuse_set *set, const struct fuse_words *words, unsigned block,
                     const uint32_t *a, const uint32_t *b)
{
    return memcmp(a, b, fuse_data_words(set, words, block) * sizeof *a) == 0;
}

static uint32_t unit_of_34(const uint32_t *words, size_t unit, uint32_t *high)
{
    uint8_t bytes[6];
    for (size_t i = 0; i < sizeof bytes; i++) {
        size_t at = 6 * unit + i;
        bytes[i] = (uint8_t)(words[at / 4] >> at % 4 * 8);
    }
    *high = (uint32_t)(bytes[4] | bytes[5] << 8);
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
           (uint32_t)bytes[3] << 24;
}

static bool same_unit(const uint32_t *a, const uint32_t *b, size_t unit)
{
    uint32_t high_a, high_b;
    return unit_of_34(a, unit, &high_a) == unit_of_34(b, unit, &high_b) && high_a == high_b;
}

static void blank_unit(uint32_t *words, size_t unit)
{
    for (size_t at = 6 * unit; at < 6 * (unit + 1); at++)
        words[at / 4] &= ~(UINT32_C(0xFF) << at % 4 * 8);
}

void fuse_burn_rest(const struct fuse_set *set, const struct fuse_words *words,
                    const struct fuse_burn *burn, uint32_t rest[static FUSE_WORDS_MAX])
{
    const uint32_t *have = words->word[burn->block];
    enum fuse_coding coding = fuse_coding(set, words, burn->block);
    memcpy(rest, burn->word, sizeof burn->word);
    if (burn->kind == FUSE_BURN_KEY) {
        if (fuse_same_block(set, words, burn->block, rest, have))
            memset(rest, 0, sizeof burn->word);
        if (coding != FUSE_UNCODED)
            return;
    }
    for (size_t unit = 0; coding == FUSE_CODED_34 && unit < 4; unit++) {
        if (same_unit(burn->word, have, unit))
            blank_unit(rest, unit);
    }
    for (size_t i = 0; coding == FUSE_UNCODED && i < FUSE_WORDS_MAX; i++)
        rest[i] &= ~have[i];
}

/* The bits of a field among those words, the lowest first; no field that is asked about has more
 * than 32. */
static uint32_t bits_of(const uint32_t *words, const struct fuse_field *f)
{
    uint32_t value = 0;
    for (unsigned i = 0; f && i < f->bits && i < 32; i++) {
        unsigned at = f->bit + i;
        value |= (words[f->word + at / 32] >> at % 32 & 1) << i;
    }
    return value;
}

static uint32_t fresh_value(const struct question *q, const char *name)
{
    const struct fuse_field *f = fuse_by_name(q->set, q->revision, name);
    return f && f->block == q->burn->block ? bits_of(q->fresh, f) : 0;
}

/* ---- Block 0 ---- */

/* Whether the fuse may have that bit. */
static bool holds_bit(const struct question *q, const struct fuse_field *f, unsigned word,
                      unsigned bit)
{
    unsigned from = 32u * f->word + f->bit, at = 32 * word + bit;
    bool is_there = f->below_revision == 0 || q->revision < f->below_revision;
    return f->block == q->burn->block && is_there && at >= from && at < from + f->bits;
}

static const struct fuse_field *field_at(const struct question *q, unsigned word, unsigned bit)
{
    for (const struct fuse_field *f = q->set->fields; f->name; f++) {
        if (holds_bit(q, f, word, bit))
            return f;
    }
    return NULL;
}

static bool refuse(struct err *e)
{
    return err_hint(e, "Nothing was burnt. What the board's fuses say: espstation fuses");
}

static bool check_bit(const struct question *q, unsigned word, unsigned bit, struct err *e)
{
    const struct fuse_field *f = field_at(q, word, bit);
    if (!f) {
        err_set(e, ERR_USAGE, "No fuse is known at bit %u of word %u of block %u", bit, word,
                q->burn->block);
        return refuse(e);
    }
    if (fuse_is_locked(q->set, q->words, f)) {
        err_set(e, ERR_SECURED, "%s is write-protected: bit %d of WR_DIS is burnt", f->name,
                f->lock_bit);
        return refuse(e);
    }
    if (fuse_is_hidden(q->set, q->words, f)) {
        err_set(e, ERR_SECURED, "%s is hidden, and nobody can say what it holds", f->name);
        return refuse(e);
    }
    return true;
}

static bool check_bits(const struct question *q, struct err *e)
{
    for (unsigned word = 0; word < FUSE_WORDS_MAX; word++) {
        for (unsigned bit = 0; bit < 32; bit++) {
            if ((q->fresh[word] >> bit & 1) && !check_bit(q, word, bit, e))
                return false;
        }
    }
    return true;
}

/* ---- What protects, and what closes ---- */

static const char *const closing[] = { "ENABLE_SECURITY_DOWNLOAD", "DIS_DOWNLOAD_MODE",
                                       "UART_DOWNLOAD_DIS" };

#define CLOSING_COUNT (sizeof closing / sizeof closing[0])

bool fuse_burn_closes(const struct fuse_set *set, uint32_t revision, const struct fuse_burn *burn)
{
    for (size_t i = 0; burn->block == 0 && i < CLOSING_COUNT; i++) {
        const struct fuse_field *f = fuse_by_name(set, revision, closing[i]);
        if (f && bits_of(burn->word, f) != 0)
            return true;
    }
    return false;
}

static unsigned fresh_count(const struct question *q)
{
    unsigned count = 0;
    for (size_t i = 0; i < FUSE_WORDS_MAX; i++)
        count += (unsigned)__builtin_popcount(q->fresh[i]);
    return count;
}

/* After the one nothing can be read back, and the other hides what must be proved before. */
static bool check_alone(const struct question *q, struct err *e)
{
    unsigned all = fresh_count(q);
    unsigned guards = (unsigned)__builtin_popcount(fresh_value(q, "WR_DIS")) +
                      (unsigned)__builtin_popcount(fresh_value(q, "RD_DIS"));
    if (guards > 0 && guards < all) {
        err_set(e, ERR_USAGE,
                "WR_DIS and RD_DIS are burnt in a step of their own, after what they "
                "protect has been read back");
        return refuse(e);
    }
    for (size_t i = 0; i < CLOSING_COUNT; i++) {
        if (fresh_value(q, closing[i]) != 0 && all > 1) {
            err_set(e, ERR_USAGE, "%s is burnt alone, and last: nothing can be read back after it",
                    closing[i]);
            return refuse(e);
        }
    }
    return true;
}

/* The words that a bit of RD_DIS hides. */
struct part {
    unsigned block, word, count;
};

static bool find_hidden(const struct fuse_set *set, int bit, struct part *part)
{
    for (const struct fuse_field *f = set->fields; f->name; f++) {
        if (f->block == 0 || f->hide_bit != (set->burner.hides_halves ? 0 : bit))
            continue;
        *part = set->burner.hides_halves
                    ? (struct part){ f->block, bit == 1 ? 4u : 0u, 4 }
                    : (struct part){ f->block, 0, set->blocks[f->block].words };
        return true;
    }
    return false;
}

static uint32_t named(const struct question *q, const char *name)
{
    const struct fuse_field *f = fuse_by_name(q->set, q->revision, name);
    return f ? fuse_value(q->words, f) : 0;
}

/* The ROM reads a digest as zeros then, and starts nothing any more. */
static bool is_digest(const struct question *q, const struct part *part)
{
    if (has_areas(q->set))
        return part->block == 2 && named(q, "ABS_DONE_1") != 0;
    if (q->set->burner.hides_halves)
        return part->word == 4 && named(q, "SECURE_BOOT_EN") && !named(q, "XTS_KEY_LENGTH_256");
    uint32_t purpose =
        part->block < KEYS_BLOCK ? 0 : fuse_key_purpose(q->set, q->words, part->block - KEYS_BLOCK);
    return purpose >= 9 && purpose <= 11;
}

static bool check_hiding(const struct question *q, int bit, struct err *e)
{
    struct part part;
    if (!find_hidden(q->set, bit, &part)) {
        err_set(e, ERR_USAGE, "No source says what bit %d of RD_DIS hides of a block", bit);
        return refuse(e);
    }
    struct fuse_health health = fuse_health(q->set, q->words, part.block);
    const char *why = NULL;
    if (is_blank(q->words->word[part.block] + part.word, part.count))
        why = "is blank: hidden, it could never be told from a key";
    else if (is_digest(q, &part))
        why = "is a digest of secure boot: hidden, the ROM reads zeros and starts nothing";
    else if (health.failed || health.corrected > 0)
        why = "has coding errors: hidden, nobody could read it again";
    if (!why)
        return true;
    err_set(e, ERR_SECURED, "Block %u cannot be read-protected: it %s", part.block, why);
    return refuse(e);
}

static bool check_guards(const struct question *q, struct err *e)
{
    uint32_t rd_dis = fresh_value(q, "RD_DIS");
    for (int bit = 0; bit < 32; bit++) {
        if ((rd_dis >> bit & 1) && !check_hiding(q, bit, e))
            return false;
    }
    return true;
}

/* ---- Other blocks ---- */

static bool block_is_locked(const struct question *q, const struct fuse_field *f, struct err *e)
{
    if (!fuse_is_locked(q->set, q->words, f))
        return false;
    err_set(e, ERR_SECURED, "Block %u is write-protected: bit %d of WR_DIS is burnt",
            q->burn->block, f->lock_bit);
    refuse(e);
    return true;
}

/* Without a coding each bit counts for itself: what a lost supply has left half burnt is burnt to
 * its end, and no bit but the wished ones may be there. */
static bool is_begun(const struct question *q)
{
    unsigned block = q->burn->block;
    bool begun = fuse_coding(q->set, q->words, block) == FUSE_UNCODED;
    for (unsigned i = 0; begun && i < q->set->blocks[block].words; i++)
        begun = (q->words->word[block][i] & ~q->burn->word[i]) == 0;
    return begun;
}

/* A key that is hidden reads as zeros, and what is burnt over it destroys it. */
static bool check_blank_key(const struct question *q, const struct fuse_field *f, struct err *e)
{
    unsigned block = q->burn->block;
    bool has_purpose = !has_areas(q->set) && block >= KEYS_BLOCK &&
                       strncmp(f->name, "BLOCK_KEY", strlen("BLOCK_KEY")) == 0;
    if (!is_begun(q) && !is_blank(q->words->word[block], fuse_data_words(q->set, q->words, block)))
        err_set(e, ERR_SECURED, "Block %u is not blank, and a whole block is written once only",
                block);
    else if (has_purpose && fuse_key_purpose(q->set, q->words, block - KEYS_BLOCK) != 0)
        err_set(e, ERR_SECURED, "Block %u is blank and has a purpose already: it is not new",
                block);
    else
        return true;
    return refuse(e);
}

/* With 3/4 a unit of six bytes has a check of its own, and is written once. */
static bool check_units(const struct question *q, struct err *e)
{
    static const uint32_t blank[FUSE_WORDS_MAX];
    const uint32_t *have = q->words->word[q->burn->block];
    for (size_t unit = 0; unit < 4; unit++) {
        if (same_unit(q->fresh, blank, unit) || same_unit(have, blank, unit))
            continue;
        err_set(e, ERR_SECURED,
                "Bytes %zu to %zu of block %u are written, and with the coding 3/4 they are "
                "written once only",
                6 * unit, 6 * unit + 5, q->burn->block);
        return refuse(e);
    }
    return true;
}

static bool check_block(const struct question *q, struct err *e)
{
    unsigned block = q->burn->block;
    const struct fuse_field *f = field_of_block(q->set, block);
    enum fuse_coding coding = fuse_coding(q->set, q->words, block);
    struct fuse_health health = fuse_health(q->set, q->words, block);
    bool bits = q->burn->kind == FUSE_BURN_BITS;
    if (q->set->burner.factory_blocks >> block & 1 || !f) {
        err_set(e, ERR_USAGE, "Block %u is the chip maker's", block);
        return refuse(e);
    }
    if (fuse_block_is_hidden(q->set, q->words, block)) {
        err_set(e, ERR_SECURED, "Block %u is hidden, and nobody can say what it holds", block);
        return refuse(e);
    }
    if (block_is_locked(q, f, e))
        return false;
    if (health.failed || health.corrected > 0) {
        err_set(e, ERR_SECURED, "Block %u has coding errors already", block);
        return refuse(e);
    }
    if (bits && (coding == FUSE_CODED_RS || !has_areas(q->set) || block != 3)) {
        err_set(e, ERR_USAGE, "Block %u is burnt as a whole", block);
        return refuse(e);
    }
    if (!bits)
        return check_blank_key(q, f, e);
    return coding == FUSE_CODED_34 ? check_units(q, e) : true;
}

/* ---- All of it ---- */

static bool check_coding(const struct question *q, struct err *e)
{
    const struct fuse_field *f = fuse_by_name(q->set, q->revision, "CODING_SCHEME");
    if (f && fuse_is_hidden(q->set, q->words, f))
        err_set(e, ERR_SECURED,
                "The coding scheme of this ESP32 is hidden, and with it how its "
                "blocks are written");
    else if (f && fuse_value(q->words, f) == 2)
        err_set(e, ERR_USAGE, "The coding scheme \"repeat\" of this ESP32 is not written here");
    else
        return true;
    return refuse(e);
}

static bool check_form(const struct question *q, struct err *e)
{
    const struct fuse_burn *b = q->burn;
    if (b->block >= q->set->block_count)
        return err_set(e, ERR_USAGE, "The chip has no block %u of fuses", b->block);
    if (b->block != 0 && !check_coding(q, e))
        return false;
    unsigned room = fuse_data_words(q->set, q->words, b->block);
    if (b->count > room || b->count > FUSE_WORDS_MAX)
        return err_set(e, ERR_USAGE, "Block %u takes %u words, and %u are asked for", b->block,
                       room, b->count);
    if (!is_blank(b->word + b->count, FUSE_WORDS_MAX - b->count))
        return err_set(e, ERR_STATION, "There are words behind the last one to be burnt");
    return b->kind == FUSE_BURN_BITS || b->block != 0 ||
           err_set(e, ERR_USAGE, "Block 0 holds no key");
}

static bool check_fresh(const struct question *q, struct err *e)
{
    if (q->burn->block != 0)
        return check_block(q, e);
    struct fuse_health health = fuse_health(q->set, q->words, 0);
    if (health.corrected > 0) {
        err_set(e, ERR_SECURED, "Block 0 has coding errors already, in %u bits", health.corrected);
        return refuse(e);
    }
    return check_bits(q, e) && check_alone(q, e) && check_guards(q, e);
}

bool fuse_burn_check(const struct fuse_set *set, uint32_t revision, const struct fuse_words *words,
                     const struct fuse_burn *burn, bool *missing, struct err *e)
{
    struct question q = { .set = set, .revision = revision, .words = words, .burn = burn };
    if (set->burner.missing)
        return err_set(e, ERR_USAGE, "Nothing is burnt into this chip: %s", set->burner.missing);
    if (!check_form(&q, e))
        return false;
    fuse_burn_rest(set, words, burn, q.fresh);
    bool any = !is_blank(q.fresh, FUSE_WORDS_MAX);
    bool ok = !any || check_fresh(&q, e);
    if (ok && missing)
        *missing = any;
    OPENSSL_cleanse(q.fresh, sizeof q.fresh);
    return ok;
}

static void blank_hidden(const struct fuse_set *set, struct fuse_words *words)
{
    const struct fuse_field *rd_dis = fuse_by_name(set, 0, "RD_DIS");
    uint32_t value = rd_dis ? fuse_value(words, rd_dis) : 0;
    for (int bit = 0; bit < 32; bit++) {
        struct part part;
        if ((value >> bit & 1) && find_hidden(set, bit, &part))
            memset(words->word[part.block] + part.word, 0, part.count * sizeof(uint32_t));
    }
}

void fuse_burn_apply(const struct fuse_set *set, struct fuse_words *words,
                     const struct fuse_burn *burn)
{
    for (size_t i = 0; burn->block < set->block_count && i < FUSE_WORDS_MAX; i++)
        words->word[burn->block][i] |= burn->word[i];
    blank_hidden(set, words);
}

bool fuse_burns_check(const struct fuse_set *set, uint32_t revision, const struct fuse_words *words,
                      const struct fuse_burn *burns, size_t count, size_t *at, struct err *e)
{
    struct fuse_words then = *words;
    bool ok = true;
    for (size_t i = 0; ok && i < count; i++) {
        ok = fuse_burn_check(set, revision, &then, &burns[i], NULL, e);
        if (ok)
            fuse_burn_apply(set, &then, &burns[i]);
        else if (at)
            *at = i;
    }
    OPENSSL_cleanse(&then, sizeof then);
    return ok;
}

bool fuse_burner_check(const struct fuse_set *set, uint32_t crystal_mhz, struct err *e)
{
    const struct fuse_burner *b = &set->burner;
    if (b->missing)
        return err_set(e, ERR_USAGE, "Nothing is burnt into this chip: %s", b->missing);
    for (size_t i = 0; i < sizeof b->crystals_mhz; i++) {
        if (crystal_mhz != 0 && b->crystals_mhz[i] == crystal_mhz)
            return true;
    }
    if (crystal_mhz == 0)
        err_set(e, ERR_USAGE,
                "Nothing is burnt: the board's crystal is not known, and how long a "
                "fuse is burnt follows from it");
    else
        err_set(e, ERR_USAGE,
                "Nothing is burnt: no source says how long a fuse of this chip is "
                "burnt at a crystal of %u MHz",
                crystal_mhz);
    return refuse(e);
}

const char *fuse_outcome_words(enum fuse_outcome outcome)
{
    switch (outcome) {
    case FUSE_NOT_BURNT:
        return "not burnt";
    case FUSE_BURNT:
        return "burnt";
    case FUSE_CLOSED:
        return "burnt; the loader is closed";
    case FUSE_PART:
        return "burnt in part";
    case FUSE_WRONG:
        return "burnt wrong";
    case FUSE_UNKNOWN:
        break;
    }
    return "unknown";
}
