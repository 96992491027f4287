/*
 * NVS, the key-value store of ESP-IDF: writing an image of a partition, reading one, encryption.
 *
 * What is written is what the official generator writes (esp-idf-nvs-partition-gen 0.2.0), byte for
 * byte; what a reader makes of a partition is what the firmware's own code makes of it. docs/nvs.md
 * tells how that was proved. Layout: nvs_page.hpp, nvs_types.hpp and nvs_constants.h of ESP-IDF.
 *
 * Pure, but for memory: no file, no state; any thread.
 */
#ifndef CORE_NVS_H
#define CORE_NVS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

#define NVS_PAGE_BYTES    4096u
#define NVS_PAGE_ENTRIES  126u
#define NVS_ENTRY_BYTES   32u
#define NVS_NAME_CAP      16u   /* a key or a namespace, with NUL */
#define NVS_SPACES_MAX    254u  /* 0 marks a definition, 255 is "any" */
#define NVS_STRING_BYTES  4000u /* with NUL: one page */
#define NVS_V1_BYTES      1984u /* of a string with NUL, or a blob, in version 1 */
#define NVS_PAGES_MIN     3u    /* two, and one for the power cut in the middle of moving a page */
#define NVS_IMAGE_BYTES   ((size_t)16 << 20)
#define NVS_KEYS_BYTES    64u     /* 32 of the key, 32 of the tweak key */
#define NVS_KEYFILE_BYTES 0x1000u /* a partition nvs_keys */
#define NVS_HMAC_BYTES    32u

enum nvs_type {
    NVS_U8 = 0x01,
    NVS_U16 = 0x02,
    NVS_U32 = 0x04,
    NVS_U64 = 0x08,
    NVS_I8 = 0x11,
    NVS_I16 = 0x12,
    NVS_I32 = 0x14,
    NVS_I64 = 0x18,
    NVS_STRING = 0x21,
    NVS_FLOAT = 0x24,  /* new firmware alone; no generator writes them */
    NVS_DOUBLE = 0x28, /* the same */
    NVS_BLOB_V1 = 0x41,
    NVS_BLOB_DATA = 0x42,
    NVS_BLOB = 0x48 /* the index of one; for us the blob */
};

/* "u8", "string", "blob"; NULL for a code that there is not. */
const char *nvs_type_word(unsigned type);

/* Bytes of a number's value, 0 for what is no number. */
size_t nvs_number_bytes(unsigned type);

/* ---- Writing ---- */

/* An image under construction, in the caller's buffer. Plain value, nothing to free. */
struct nvs_writer {
    uint8_t *bytes;
    size_t pages; /* that may be filled */
    size_t size_bytes;
    unsigned version; /* 1 or 2 */
    size_t page;      /* that is being filled */
    unsigned used;    /* entries of it */
    unsigned spaces;  /* namespaces so far; the last one takes the keys */
};

/* Begins an image of `size_bytes`, the whole partition: a multiple of 4096, of three pages or more.
 * The last page stays free. `read_only`: one page is enough and none stays free, for a partition
 * that has the flag readonly; the firmware refuses such an image without it. ERR_USAGE. */
bool nvs_write_begin(struct nvs_writer *w, uint8_t *bytes, size_t size_bytes, unsigned version,
                     bool read_only, struct err *e);

/* Opens a namespace, new each time; the keys that follow are in it. Keys and namespaces have 1 to
 * 15 bytes. That none comes twice is the caller's concern. ERR_IMAGE for what does not fit; the
 * image is of no use then. */
bool nvs_write_space(struct nvs_writer *w, const char *name, struct err *e);

/* `bits` are the number in two's complement; more than the type holds are cut off. */
bool nvs_write_number(struct nvs_writer *w, const char *key, enum nvs_type type, uint64_t bits,
                      struct err *e);

/* n bytes without NUL, which is added. */
bool nvs_write_string(struct nvs_writer *w, const char *key, const void *text, size_t n,
                      struct err *e);
bool nvs_write_blob(struct nvs_writer *w, const char *key, const void *bytes, size_t n,
                    struct err *e);

/* ---- Encryption ---- */

/* The keys of XTS-AES-256. Wipe them when done. */
struct nvs_keys {
    uint8_t bytes[NVS_KEYS_BYTES];
};

/* From what a partition nvs_keys holds: its 64 bytes must have the right CRC. ERR_USAGE. */
bool nvs_keys_read(const uint8_t *bytes, size_t n, struct nvs_keys *keys, struct err *e);

/* What a partition nvs_keys must hold. */
void nvs_keys_write(const struct nvs_keys *keys, uint8_t out[static NVS_KEYFILE_BYTES]);

/* The HMAC scheme: the chip makes the keys from one of 32 bytes in its eFuse, in this way. */
bool nvs_keys_from_hmac(const uint8_t hmac_key[static NVS_HMAC_BYTES], struct nvs_keys *keys,
                        struct err *e);
void nvs_keys_wipe(struct nvs_keys *keys);

/* Encrypts, or decrypts, every written entry of a whole image in place. Page headers, bitmaps and
 * entries that are not written stay as they are. False: no memory, or keys that are no keys. */
bool nvs_encrypt(uint8_t *bytes, size_t n, const struct nvs_keys *keys, struct err *e);
bool nvs_decrypt(uint8_t *bytes, size_t n, const struct nvs_keys *keys, struct err *e);

/* ---- Reading ---- */

enum nvs_page_state {
    NVS_PAGE_EMPTY,   /* all FF */
    NVS_PAGE_ACTIVE,  /* being filled */
    NVS_PAGE_FULL,    /* only read */
    NVS_PAGE_FREEING, /* its values are being moved to another */
    NVS_PAGE_CORRUPT  /* the firmware reads nothing of it */
};
const char *nvs_page_word(enum nvs_page_state state);

struct nvs_page {
    enum nvs_page_state state;
    unsigned version;                 /* 1, 2; higher: of a firmware to come. 0: not known */
    uint32_t sequence;                /* in what order the pages were begun */
    unsigned written, erased, unused; /* entries */
};

/* What the firmware would read. */
struct nvs_value {
    const char *space;      /* in the image */
    char key[NVS_NAME_CAP]; /* any bytes but NUL */
    enum nvs_type type;     /* never NVS_BLOB_DATA */
    uint64_t bits;          /* of a number, as it is stored; the sign is not carried on */
    const uint8_t *bytes;   /* of a string (without NUL) or a blob; lent */
    size_t size_bytes;
    size_t page; /* where it begins: by place in the partition, not by sequence */
    unsigned entry;
};

enum nvs_fault {
    NVS_NO_FREE_PAGE,
    NVS_NEW_VERSION,
    NVS_PAGE_CRC,
    NVS_PAGE_STATE,
    NVS_PAGE_MOVING,
    NVS_PAGE_SEQUENCE,
    NVS_PAGE_STRAY,
    NVS_BITMAP,
    NVS_ENTRY_CRC,
    NVS_ENTRY_TYPE,
    NVS_ENTRY_SPAN,
    NVS_ENTRY_KEY,
    NVS_VALUE_CRC,
    NVS_VALUE_NUL,
    NVS_DOUBLE_KEY,
    NVS_DOUBLE_SPACE,
    NVS_NO_SPACE,
    NVS_BLOB_PARTS,
    NVS_BLOB_STRAY,
    NVS_FAULT_COUNT
};
const char *nvs_fault_word(enum nvs_fault fault);

/* What the firmware stumbles over. */
struct nvs_problem {
    enum nvs_fault fault;
    size_t page;
    int entry;      /* below 0: the page as a whole; `page` is 0 where it is the partition */
    char what[200]; /* a sentence without its full stop; holds no control characters */
};

#define NVS_PROBLEMS_MAX 200

struct nvs_image {
    struct nvs_page *pages;
    size_t page_count;
    struct nvs_value *values; /* in the order of the pages */
    size_t value_count;
    struct nvs_problem *problems;
    size_t problem_count; /* kept */
    size_t problem_total;
    char spaces[256][NVS_NAME_CAP]; /* by index; empty: none */
    size_t free_entries;            /* for new values: the free page that must stay not counted */
    bool unreadable;                /* not one entry of those written has a right CRC */
    uint8_t *blobs;                 /* what was joined */
};

/* Reads a whole partition, decrypted. `bytes` must outlive the image. False: it is none (ERR_IMAGE:
 * its size), or no memory; what is wrong inside are problems. `read_only`: no page needs to be
 * free. nvs_image_done also after a failure. */
bool nvs_read(const uint8_t *bytes, size_t n, bool read_only, struct nvs_image *image,
              struct err *e);
void nvs_image_done(struct nvs_image *image);

#endif
