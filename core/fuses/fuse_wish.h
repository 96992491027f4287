/*
 * The end state that a board's fuses are wished to have: what a recipe's section `security` says,
 * with its keys read. A plain value; who makes one with keys wipes it.
 */
#ifndef CORE_FUSE_WISH_H
#define CORE_FUSE_WISH_H

#include <stdbool.h>
#include <stdint.h>

enum { FUSE_WISH_KEYS_MAX = 8, FUSE_WISH_FUSES_MAX = 32, FUSE_WISH_LOCKS_MAX = 16 };

#define FUSE_KEY_BYTES_MAX 64
#define FUSE_ANY_BLOCK     0xFF
#define FUSE_DIGESTS_MAX   3

enum fuse_key_use {
    FUSE_KEY_FLASH,    /* 32 bytes; 64: XTS-AES-256; 24: ESP32 with 3/4 coding; 16: ESP32-C2 */
    FUSE_KEY_BOOT_V1,  /* 32 or 24 bytes, of the ESP32's first secure boot */
    FUSE_KEY_DIGEST,   /* 32 bytes: of a public key that secure boot trusts */
    FUSE_KEY_HMAC_ALL, /* 32 bytes each, as are the following */
    FUSE_KEY_HMAC_JTAG,
    FUSE_KEY_DS,
    FUSE_KEY_HMAC_UP,
    FUSE_KEY_ECDSA, /* the scalar of P-256, the highest byte first */
};

struct fuse_wish_key {
    enum fuse_key_use use;
    uint8_t slot;  /* of digests: 0 to 2 */
    uint8_t block; /* the n of KEYn, where the chip has several; FUSE_ANY_BLOCK: the first free */
    bool made;     /* each board's own, made or told when it is its turn: no bytes yet */
    uint8_t count;
    uint8_t bytes[FUSE_KEY_BYTES_MAX]; /* in the order of its file */
};

enum fuse_wish_boot { FUSE_BOOT_NONE, FUSE_BOOT_V1, FUSE_BOOT_V2 };
enum fuse_wish_scheme { FUSE_SIGNED_RSA = 1, FUSE_SIGNED_P256 = 2, FUSE_SIGNED_OTHER = 4 };
enum fuse_wish_crypt { FUSE_CRYPT_NONE, FUSE_CRYPT_DEVELOPMENT, FUSE_CRYPT_RELEASE };
enum fuse_wish_jtag { FUSE_JTAG_KEEP, FUSE_JTAG_SOFT, FUSE_JTAG_OFF };
enum fuse_wish_download { FUSE_DOWNLOAD_OPEN, FUSE_DOWNLOAD_SECURE, FUSE_DOWNLOAD_NONE };
enum fuse_wish_mac { FUSE_MAC_FACTORY, FUSE_MAC_GIVEN, FUSE_MAC_LATER };

struct fuse_wish {
    enum fuse_wish_boot boot;
    unsigned schemes; /* of the signatures: enum fuse_wish_scheme; 0: not known */
    bool revoked[FUSE_DIGESTS_MAX];
    bool aggressive; /* a wrong signature revokes its key */
    enum fuse_wish_crypt crypt;
    bool crypt_by_chip; /* the loader encrypts what it is told to write */
    enum fuse_wish_jtag jtag;
    enum fuse_wish_download download;
    uint8_t uart_print;         /* 0: as it is; else the fuse's value */
    uint8_t secure_version;     /* 0: as it is */
    enum fuse_wish_mac use_mac; /* FUSE_MAC_LATER: known with the unit */
    uint8_t mac[6];
    struct fuse_wish_key keys[FUSE_WISH_KEYS_MAX];
    uint8_t key_count;
    struct {
        const char *name; /* borrowed, as the chip's table has it */
        uint32_t value;
    } fuses[FUSE_WISH_FUSES_MAX]; /* others, of block 0 */
    uint8_t fuse_count;
    const char *locks[FUSE_WISH_LOCKS_MAX]; /* fuses that can be burnt no more, borrowed */
    uint8_t lock_count;
    /* Somebody knows that keys which cannot be read are those of this wish: the record, of a board
     * that lost its power in the middle. */
    bool begun_here;
};

#endif
