/*
 * The keys whose signatures a board's fuses trust. Sources: ESP-IDF (secure_boot_v2/secure_boot.c,
 * efuse tables); seen on the mask ROMs of ESP32 v3 and ESP32-C3: an image of another key, or of one
 * that is revoked, does not start.
 */
#include "core/board/board_priv.h"

#include "core/board/board.h"
#include "core/fuses/fuse_set.h"
#include "core/loader/regs.h"

#include <stdio.h>
#include <string.h>

#define FIRST_DIGEST 9 /* the purpose SECURE_BOOT_DIGEST0 */

/* Only what is asked for: some fifty registers, of boards with secure boot. */
static bool is_about_keys(const char *name)
{
    return strncmp(name, "KEY_PURPOSE_", 12) == 0 || strncmp(name, "BLOCK_KEY", 9) == 0 ||
           strncmp(name, "SECURE_BOOT_KEY_REVOKE", 22) == 0 || strcmp(name, "BLOCK2") == 0 ||
           strcmp(name, "RD_DIS") == 0;
}

static bool read_fuses(struct loader *l, const struct fuse_set *set, struct fuse_words *words,
                       struct err *e)
{
    memset(words, 0, sizeof *words);
    for (const struct fuse_field *f = set->fields; f->name; f++) {
        for (uint32_t word = f->word;
             is_about_keys(f->name) && 32 * word < 32u * f->word + f->bit + f->bits; word++) {
            if (!regs_read_fixed(l, set->blocks[f->block].addr + 4 * word,
                                 &words->word[f->block][word], e))
                return false;
        }
    }
    return true;
}

static bool is_blank(const uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (bytes[i] != 0)
            return false;
    }
    return true;
}

static void add_key(struct board_keys *keys, const uint8_t *digest, size_t n)
{
    if (keys->count == BOARD_KEYS_MAX || is_blank(digest, n))
        return;
    memcpy(keys->digest[keys->count], digest, n);
    keys->digest_bytes = n;
    keys->count++;
}

static bool is_revoked(const struct fuse_set *set, const struct fuse_words *words, uint32_t slot)
{
    char name[32];
    snprintf(name, sizeof name, "SECURE_BOOT_KEY_REVOKE%u", slot);
    const struct fuse_field *f = fuse_by_name(set, 0, name);
    return f && fuse_value(words, f) != 0;
}

/* A key block whose purpose is one of three digests; of the ESP32-C2, which has one block and no
 * purposes, the upper half; of the ESP32 block 2. */
static void take_block(const struct fuse_set *set, const struct fuse_words *words,
                       const struct fuse_field *f, struct board_keys *keys)
{
    uint8_t bytes[FUSE_BYTES_MAX];
    unsigned key;
    size_t n = fuse_bytes(words, f, bytes);
    if (strcmp(f->name, "BLOCK2") == 0) {
        add_key(keys, bytes, n);
    } else if (sscanf(f->name, "BLOCK_KEY%u", &key) != 1) {
        return;
    } else if (!fuse_by_name(set, 0, "KEY_PURPOSE_0")) {
        add_key(keys, bytes + n / 2, n / 2);
    } else {
        uint32_t slot = fuse_key_purpose(set, words, key) - FIRST_DIGEST;
        if (slot < BOARD_KEYS_MAX && !is_revoked(set, words, slot))
            add_key(keys, bytes, n);
    }
}

bool board_read_keys(struct loader *l, struct board *b, struct err *e)
{
    const struct fuse_set *set = chip_fuses(b->chip, b->revision);
    struct fuse_words words;
    memset(&b->keys, 0, sizeof b->keys);
    if (!b->security.secure_boot || b->security.secure_boot_v1 || !set)
        return true;
    if (!read_fuses(l, set, &words, e))
        return false;
    for (const struct fuse_field *f = set->fields; f->name; f++)
        take_block(set, &words, f, &b->keys);
    return true;
}
