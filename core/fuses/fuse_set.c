#include "core/fuses/fuse_set.h"

#include "core/loader/regs.h"

#include <stdio.h>
#include <string.h>

#define KEYS_BLOCK 4 /* KEY0 of the ESP32-S2 and later */

/* ---- Reading ---- */

static bool read_words(struct loader *l, struct fuse_block block, uint32_t *words, struct err *e)
{
    for (uint32_t i = 0; i < block.words; i++) {
        if (!regs_read_fixed(l, block.addr + 4 * i, &words[i], e))
            return false;
    }
    return true;
}

static bool read_errors(struct loader *l, const struct fuse_set *set, struct fuse_words *words,
                        struct err *e)
{
    const struct fuse_block decode = { set->decode_errors_addr, set->decode_errors_addr != 0 };
    if (!read_words(l, set->block0_errors, words->block0_errors, e) ||
        !read_words(l, decode, &words->decode_errors, e))
        return false;
    for (size_t i = 0; i < 2; i++) {
        const struct fuse_block errors = { set->errors_addr[i], set->errors_addr[i] != 0 };
        if (!read_words(l, errors, &words->errors[i], e))
            return false;
    }
    return true;
}

bool fuses_read(struct loader *l, const struct fuse_set *set, struct fuse_words *words,
                struct err *e)
{
    memset(words, 0, sizeof *words);
    for (size_t i = 0; i < set->block_count; i++) {
        if (!read_words(l, set->blocks[i], words->word[i], e))
            return false;
    }
    return read_errors(l, set, words, e);
}

/* ---- Fields ---- */

const struct fuse_field *fuse_by_name(const struct fuse_set *set, uint32_t revision,
                                      const char *name)
{
    for (const struct fuse_field *f = set->fields; f->name; f++) {
        if (strcmp(f->name, name) == 0 && (f->below_revision == 0 || revision < f->below_revision))
            return f;
    }
    return NULL;
}

static bool read_bit(const struct fuse_words *words, const struct fuse_field *field, unsigned i)
{
    unsigned at = field->bit + i;
    return words->word[field->block][field->word + at / 32] >> at % 32 & 1;
}

uint32_t fuse_value(const struct fuse_words *words, const struct fuse_field *field)
{
    uint32_t value = 0;
    for (unsigned i = 0; i < field->bits && i < 32; i++)
        value |= (uint32_t)read_bit(words, field, i) << i;
    return value;
}

size_t fuse_bytes(const struct fuse_words *words, const struct fuse_field *field,
                  uint8_t bytes[static FUSE_BYTES_MAX])
{
    memset(bytes, 0, FUSE_BYTES_MAX);
    for (unsigned i = 0; i < field->bits && i < 8 * FUSE_BYTES_MAX; i++)
        bytes[i / 8] |= (uint8_t)(read_bit(words, field, i) << i % 8);
    return (field->bits + 7u) / 8;
}

/* The bit of another field that protects this one. */
static bool is_protected(const struct fuse_set *set, const struct fuse_words *words, int bit,
                         const char *by)
{
    const struct fuse_field *field = fuse_by_name(set, 0, by);
    return bit != FUSE_NO_BIT && field && fuse_value(words, field) >> bit & 1;
}

bool fuse_is_locked(const struct fuse_set *set, const struct fuse_words *words,
                    const struct fuse_field *field)
{
    return is_protected(set, words, field->lock_bit, "WR_DIS");
}

bool fuse_is_hidden(const struct fuse_set *set, const struct fuse_words *words,
                    const struct fuse_field *field)
{
    return is_protected(set, words, field->hide_bit, "RD_DIS");
}

/* ---- Keys ---- */

static uint32_t value_named(const struct fuse_set *set, const struct fuse_words *words,
                            const char *name)
{
    const struct fuse_field *field = fuse_by_name(set, 0, name);
    return field ? fuse_value(words, field) : 0;
}

/* ESP32-P4 from v3.0 on: the fifth bit was added in another word. */
uint32_t fuse_key_purpose(const struct fuse_set *set, const struct fuse_words *words, unsigned key)
{
    char low[24], high[24];
    snprintf(low, sizeof low, "KEY_PURPOSE_%u", key);
    snprintf(high, sizeof high, "KEY_PURPOSE_%u_H", key);
    return value_named(set, words, low) | value_named(set, words, high) << 4;
}

static bool is_digest(uint32_t purpose)
{
    return purpose >= 9 && purpose <= 11; /* SECURE_BOOT_DIGEST0 to 2 */
}

/* ESP32: block 1 is the key of the flash; block 2 a digest with the second scheme of secure boot,
 * and before that its key. Chips with purposes: by those. The ESP32-C2's only block has a half of
 * each, so all of it is. */
bool fuse_is_secret(const struct fuse_set *set, const struct fuse_words *words,
                    const struct fuse_field *field)
{
    if (strcmp(field->name, "BLOCK1") == 0)
        return true;
    if (strcmp(field->name, "BLOCK2") == 0)
        return value_named(set, words, "ABS_DONE_1") == 0;
    if (strncmp(field->name, "BLOCK_KEY", strlen("BLOCK_KEY")) != 0)
        return false;
    return field->block < KEYS_BLOCK ||
           !is_digest(fuse_key_purpose(set, words, field->block - (unsigned)KEYS_BLOCK));
}

/* ---- Coding errors ---- */

static unsigned nibble_of(const struct fuse_words *words, size_t i)
{
    return i < 16 ? words->errors[i / 8] >> i % 8 * 4 & 0xF : 0;
}

static struct fuse_health health_of_block0(const struct fuse_words *words)
{
    struct fuse_health health = { 0 };
    for (size_t i = 0; i < FUSE_ERROR_WORDS_MAX; i++)
        health.corrected += (unsigned)__builtin_popcount(words->block0_errors[i]);
    return health;
}

struct fuse_health fuse_health(const struct fuse_set *set, const struct fuse_words *words,
                               size_t block)
{
    if (block == 0)
        return health_of_block0(words);
    bool is_last = block + 1u == set->block_count;
    size_t nibble = is_last && set->last_block_nibble != 0 ? set->last_block_nibble : block - 1;
    bool has_fail_bit = !(set->fail_bit_is_one_late && is_last);
    size_t fail_nibble = nibble + (set->fail_bit_is_one_late ? 1 : 0);
    bool decoded_wrong =
        (words->decode_errors & 0xFFF) != 0 && value_named(set, words, "CODING_SCHEME") != 0;
    return (struct fuse_health){
        .corrected = nibble_of(words, nibble) & 7,
        .failed = decoded_wrong || (has_fail_bit && nibble_of(words, fail_nibble) >> 3 != 0),
    };
}
