/*
 * A recipe's section `security`: the end state that fuses are wished to have, not the way there.
 *
 * A plain part of struct recipe, which owns it. Read-only once the recipe is read: any thread. Its
 * key files are named here and read elsewhere.
 */
#ifndef RECIPES_SECURITY_H
#define RECIPES_SECURITY_H

#include "recipes/doc/doc.h"

#define SECURITY_DIGESTS_MAX    3
#define SECURITY_KEYS_MAX       4
#define SECURITY_FUSES_MAX      32
#define SECURITY_LOCKS_MAX      16
#define SECURITY_DIGEST_BYTES   32
#define SECURITY_SAYS_MAX       4
#define SECURITY_NAME_MAX_BYTES 64

/* The order of these is the order of the words in the key table. */
enum security_flag { SECURITY_FALSE, SECURITY_TRUE };
enum security_boot { SECURITY_BOOT_V2, SECURITY_BOOT_V1 };
enum security_unused { SECURITY_UNUSED_REVOKE, SECURITY_UNUSED_KEEP };
enum security_mode { SECURITY_DEVELOPMENT, SECURITY_RELEASE };
enum security_by { SECURITY_BY_HOST, SECURITY_BY_CHIP };
enum security_bits { SECURITY_BITS_128, SECURITY_BITS_256 };
enum security_jtag {
    SECURITY_JTAG_AUTO,
    SECURITY_JTAG_KEEP,
    SECURITY_JTAG_SOFT,
    SECURITY_JTAG_OFF
};
enum security_download { SECURITY_LOADER_OPEN, SECURITY_LOADER_SECURE, SECURITY_LOADER_NONE };
enum security_print {
    SECURITY_PRINT_KEEP,
    SECURITY_PRINT_LOW, /* the ROM prints while the strap is low */
    SECURITY_PRINT_HIGH,
    SECURITY_PRINT_OFF
};
enum security_use {
    SECURITY_HMAC_ALL,
    SECURITY_HMAC_JTAG,
    SECURITY_DS,
    SECURITY_HMAC_UP,
    SECURITY_ECDSA,
};

enum security_rom_says { SECURITY_ROM_DEMANDED, SECURITY_ROM_RECORDED };

/* A file, a key in a token, or, with `board`, each board's own. */
struct security_key {
    char *file; /* as the recipe spells it; NULL: none */
    char *path; /* the same, seen from the recipe's folder; of a key in a token that folder */
    bool board;
    bool token; /* `file` is its name: pkcs11:... */
    uint32_t block;
    struct doc_pos file_at, block_at; /* line 0: not given */
};

struct security_digest {
    struct security_key key; /* of a public key */
    bool given;              /* the digest itself, instead */
    uint8_t digest[SECURITY_DIGEST_BYTES];
    enum security_flag revoked;
    struct doc_pos at, digest_at;
};

struct security_hmac {
    struct security_key key;
    char *value; /* instead of it the name of the unit's value that holds it; NULL: none */
    enum security_use use;
    struct doc_pos at, value_at;
};

struct security_fuse {
    char *name;
    uint32_t value;
    struct doc_pos at, name_at, value_at;
};

struct security {
    bool asked; /* the recipe has `security`; else the other fields mean nothing */
    struct {
        bool asked;
        enum security_boot version;
        struct security_digest keys[SECURITY_DIGESTS_MAX]; /* v2; the place is the slot */
        size_t key_count;
        struct security_key key; /* v1 */
        enum security_unused unused;
        enum security_flag aggressive;
    } boot;
    struct {
        bool asked;
        enum security_mode mode;
        struct security_key key;
        enum security_flag shared;
        enum security_by by;
        enum security_bits bits; /* of a board's own key */
    } crypt;
    enum security_jtag jtag;
    enum security_download download;
    enum security_print print;
    char *mac; /* name of the unit's value; NULL: the factory's MAC */
    uint32_t secure_version;
    struct security_hmac keys[SECURITY_KEYS_MAX];
    size_t key_count;
    struct security_fuse fuses[SECURITY_FUSES_MAX];
    size_t fuse_count;
    char *locks[SECURITY_LOCKS_MAX];
    size_t lock_count;
    enum security_rom_says rom_says;
    char *boot_says[SECURITY_SAYS_MAX]; /* as the board starts with its fuses, beside boot.expect */
    size_t boot_says_count;
    struct { /* where keys go that are each board's own */
        bool asked;
        struct security_key folder, with;
    } keep;
};

void security_done(struct security *s);

#endif
