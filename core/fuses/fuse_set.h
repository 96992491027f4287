/*
 * The fuses of a chip by name: where each lies, what protects it, and what a board's say.
 *
 * A chip's table is a file of its own (fuses_NAME.c), to which its row points. Everything here only
 * reads: a fuse is burnt for ever (core/fuses/burn.h).
 *
 * Sources: espefuse 5.3.1 (efuse_defs, mem_definition.py, fields.py), ESP-IDF (components/efuse).
 */
#ifndef CORE_FUSE_SET_H
#define CORE_FUSE_SET_H

#include "core/base/err.h"

#include <stddef.h>
#include <stdint.h>

struct loader;

enum { FUSE_BLOCKS_MAX = 11, FUSE_WORDS_MAX = 9, FUSE_BYTES_MAX = 32, FUSE_ERROR_WORDS_MAX = 8 };

#define FUSE_NO_BIT (-1)

struct fuse_field {
    const char *name; /* as espefuse calls it; NULL: the row behind the last one */
    uint8_t block, word, bit;
    uint16_t bits;
    int8_t lock_bit;         /* of WR_DIS: once burnt, this field stays; FUSE_NO_BIT: none does */
    int8_t hide_bit;         /* of RD_DIS: once burnt, it reads as zeros */
    uint16_t below_revision; /* only chips before that revision have it; 0: all */
};

/* A row of a chip's table. */
#define FUSE(name_, block_, word_, bit_, bits_, lock_, hide_)                                      \
    .name = name_, .block = block_, .word = word_, .bit = bit_, .bits = bits_, .lock_bit = lock_,  \
    .hide_bit = hide_

/* Reading only: word k lies 4 x k behind the address. */
struct fuse_block {
    uint32_t addr;
    uint8_t words;
};

/* Bits of a register of the controller that a burn wants set so. */
struct fuse_timing {
    uint8_t crystal_mhz; /* at that crystal alone; 0: at any */
    uint16_t offset;     /* from the controller's base */
    uint32_t mask;
    uint16_t value; /* at the lowest bit of the mask */
};

/* How fuses are burnt (core/fuses/burn.h); offsets are from the base of the controller. */
struct fuse_burner {
    const char *missing; /* what no source says, so that nothing is burnt; NULL: nothing */
    uint32_t base_addr;
    uint16_t conf, cmd;
    /* Where each block is written (ESP32), all of which are burnt at once; 0: all in turn through
     * one window at the base, eight words and three check words behind them. */
    uint16_t areas[4];
    uint8_t crystals_mhz[3];          /* those whose timing is known */
    const struct fuse_timing *timing; /* in this order, ends with a zero row; NULL: as it is */
    uint16_t factory_blocks;          /* a bit each: written before the chip is sold */
    bool hides_halves; /* bit 0 of RD_DIS hides the lower half of the key block, bit 1 the upper */
};

struct fuse_set {
    const struct fuse_field *fields; /* ends with a zero row */
    struct fuse_block blocks[FUSE_BLOCKS_MAX];
    uint8_t block_count;
    struct fuse_block block0_errors; /* a bit for each bit of block 0 of which a copy is wrong */
    /* Four bits for each block from 1 on: how many bytes were corrected, and, uppermost, whether
     * that was too much. 0: the chip has none. */
    uint32_t errors_addr[2];
    uint8_t last_block_nibble; /* where those of the last block are, if not in their turn */
    bool fail_bit_is_one_late; /* the uppermost bit stands with the next block's (ESP32-C3) */
    /* Not 0: an error of any block, where the coding scheme is not 0. */
    uint32_t decode_errors_addr;
    struct fuse_burner burner;
};

/* That of the ESP32-S2 and of most later chips, at their one crystal. */
#define FUSE_BURNER_SINCE_S2(base, cmd_, mhz, timing_)                                             \
    .burner = {                                                                                    \
        .base_addr = (base),                                                                       \
        .conf = 0x1CC,                                                                             \
        .cmd = (cmd_),                                                                             \
        .crystals_mhz = { mhz },                                                                   \
        .timing = (timing_),                                                                       \
        .factory_blocks = 1 << 1 | 1 << 2,                                                         \
    }

/* Timing of several chips: ESP32-C3, C6, C61, H2. */
extern const struct fuse_timing fuse_timing_c3[];

/* The blocks of the ESP32-S2 and of most later chips: fields, MAC, factory data, user data, six
 * keys, more data. */
#define FUSE_BLOCKS_SINCE_S2(base)                                                                 \
    { (base) + 0x2C, 6 }, { (base) + 0x44, 6 }, { (base) + 0x5C, 8 }, { (base) + 0x7C, 8 },        \
        { (base) + 0x9C, 8 }, { (base) + 0xBC, 8 }, { (base) + 0xDC, 8 }, { (base) + 0xFC, 8 },    \
        { (base) + 0x11C, 8 }, { (base) + 0x13C, 8 },                                              \
    {                                                                                              \
        (base) + 0x15C, 8                                                                          \
    }

/* The fields that are those blocks: the product's, the keys, more data. */
/* clang-format off */
#define FUSE_BLOCK_FIELDS_SINCE_S2                                                                 \
    { FUSE("BLOCK_USR_DATA", 3, 0, 0, 192, 22, FUSE_NO_BIT) },                                     \
    { FUSE("CUSTOM_MAC", 3, 6, 8, 48, 22, FUSE_NO_BIT) },                                          \
    { FUSE("BLOCK_KEY0", 4, 0, 0, 256, 23, 0) },                                                   \
    { FUSE("BLOCK_KEY1", 5, 0, 0, 256, 24, 1) },                                                   \
    { FUSE("BLOCK_KEY2", 6, 0, 0, 256, 25, 2) },                                                   \
    { FUSE("BLOCK_KEY3", 7, 0, 0, 256, 26, 3) },                                                   \
    { FUSE("BLOCK_KEY4", 8, 0, 0, 256, 27, 4) },                                                   \
    { FUSE("BLOCK_KEY5", 9, 0, 0, 256, 28, 5) },                                                   \
    { FUSE("BLOCK_SYS_DATA2", 10, 0, 0, 256, 29, 6) }
/* clang-format on */

/* What a board's fuses read as. */
struct fuse_words {
    uint32_t word[FUSE_BLOCKS_MAX][FUSE_WORDS_MAX];
    uint32_t block0_errors[FUSE_ERROR_WORDS_MAX];
    uint32_t errors[2];
    uint32_t decode_errors;
};

/* Reads them all, some hundred registers. What regs_read_fixed fails with. */
bool fuses_read(struct loader *l, const struct fuse_set *set, struct fuse_words *words,
                struct err *e);

/* The field of that name; NULL: the chip, in that revision, has none. */
const struct fuse_field *fuse_by_name(const struct fuse_set *set, uint32_t revision,
                                      const char *name);

/* At most 32 bits of it, the lowest ones. */
uint32_t fuse_value(const struct fuse_words *words, const struct fuse_field *field);

/* All of it, the lowest byte first, as espefuse shows it; gives how many bytes that are. */
size_t fuse_bytes(const struct fuse_words *words, const struct fuse_field *field,
                  uint8_t bytes[static FUSE_BYTES_MAX]);

/* Whether it can be burnt no more; whether it reads as zeros whatever it holds. */
bool fuse_is_locked(const struct fuse_set *set, const struct fuse_words *words,
                    const struct fuse_field *field);
bool fuse_is_hidden(const struct fuse_set *set, const struct fuse_words *words,
                    const struct fuse_field *field);

/* Whether nobody but the board should know it: all of a key block that is no digest of a public
 * key. */
bool fuse_is_secret(const struct fuse_set *set, const struct fuse_words *words,
                    const struct fuse_field *field);

/* What coding errors the chip tells of a block. */
struct fuse_health {
    unsigned corrected; /* bytes that were read wrong and could be mended; block 0: bits */
    bool failed;        /* what it reads as is not what was burnt */
};
struct fuse_health fuse_health(const struct fuse_set *set, const struct fuse_words *words,
                               size_t block);

/* A sentence about what the fuse of that name does; NULL: none is known here. */
const char *fuse_meaning(const char *name);

/* What its value stands for, in words: "on", "XTS_AES_128"; NULL: the number says it. */
const char *fuse_value_word(const char *name, uint32_t value);

/* The purpose of a key block, whose upper bit some chips keep elsewhere; 0 where there is none. */
uint32_t fuse_key_purpose(const struct fuse_set *set, const struct fuse_words *words, unsigned key);

#endif
