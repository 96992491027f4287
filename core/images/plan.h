/*
 * The plan: what goes where, made once before any board is touched and shared by all slots.
 *
 * Images are checked, padded and laid out, then hashed, compressed and encoded into frames, which
 * takes long enough to be a step of its own. What depends on the board (the header patched for the
 * flash that is really there) is a variant, made once for each distinct size. Plans and variants
 * are immutable once made: any number of threads may read.
 */
#ifndef CORE_PLAN_H
#define CORE_PLAN_H

#include "core/base/digest.h"
#include "core/facts/chip.h"
#include "core/facts/loader_kind.h"
#include "core/images/flash_crypt.h"
#include "core/images/image.h"
#include "core/images/partitions.h"

#define PLAN_SECTOR_BYTES 4096u
#define PLAN_PIECE_BYTES  (64u << 10) /* of the flash that is erased in one step */
#define PLAN_PIECES_MAX   2049u       /* the largest flash, and a start within a piece */

/* What a flash of unknown size is taken for, as the common tools do. */
#define FLASH_ASSUMED_BYTES (4u << 20)

enum plan_size {
    PLAN_SIZE_DETECT, /* the header gets the size that is found */
    PLAN_SIZE_KEEP,   /* the header stays */
    PLAN_SIZE_FIXED,  /* the header gets `flash_bytes`, and a smaller flash is refused */
};

struct plan_settings {
    const struct chip *chip;
    enum plan_size size;
    uint32_t flash_bytes;         /* PLAN_SIZE_FIXED only */
    const struct chip_code *mode; /* NULL: keep */
    const struct chip_code *freq; /* NULL: keep */
    /* What the gate needs to know of the recipe's wishes. */
    bool unproved;             /* nothing is to be read back */
    bool plain_when_encrypted; /* write also where the chip expects encrypted bytes */
    bool erase_all;            /* the whole flash is erased first */
    bool pieces;               /* regions are cut, so that parts of them can be written */
    uint32_t baud;             /* at which a stub is to be sent them; 0: not known */
    bool fast;                 /* the fast stub is to be sent them, too */
    bool lzma;                 /* and has time for that at this rate */
    const char *stub_advice;   /* the ROM has to write, and how to get a stub; NULL: one can */
};

/* One image as it was read. Borrowed while the plan is made. */
struct plan_source {
    const char *name; /* as in the recipe: shown and recorded */
    const uint8_t *bytes;
    uint32_t size_bytes;
    uint32_t offset_addr;
    bool data; /* goes as it is, whatever it begins like */
};

/* A firmware image in the plan: a file, or what lies inside a merged one. */
struct plan_part {
    const char *name; /* of the file */
    size_t source;
    uint32_t addr; /* in the flash */
    uint32_t at;   /* in the file */
    struct image image;
};

/* Data blocks as ready frames, back to back; frame i is bytes[at[i]] .. bytes[at[i + 1]]. */
struct plan_frames {
    uint8_t command; /* CMD_FLASH_DATA, CMD_FLASH_DEFL_DATA or CMD_FAST_BLOCK */
    uint8_t coding;  /* of CMD_FAST_BLOCK: as stub/fast_wire.h has it */
    uint16_t tag;    /* likewise: by which blocks of one region are told from another's */
    uint32_t block_bytes;
    uint32_t count;
    uint8_t *bytes;
    size_t *at;            /* count + 1 entries */
    uint32_t *flash_bytes; /* what block i puts into the flash: more than it holds if compressed */
};

/* One image as it goes into the flash: from a sector start, padded with FF. */
struct plan_region {
    const char *name;
    uint32_t addr;
    uint32_t size_bytes;  /* a multiple of 4 */
    uint32_t offset_addr; /* where the recipe put the image: addr, or inside its first sector */
    uint8_t *bytes;
    uint8_t md5[DIGEST_MD5_BYTES];
    uint8_t sha256[DIGEST_SHA256_BYTES];
    bool patched;                            /* the header differs from the file's */
    struct plan_frames frames[FRAMES_COUNT]; /* each form of them; the small ones may be empty */
    struct plan_region *pieces; /* the same bytes again, cut at multiples of 64 KiB; see `bytes` */
    uint32_t piece_count;       /* 0: neither the settings ask for pieces nor does speed */
};

struct plan;
struct plan_variant;

/* Called once for each mistake, with the index of the image it is about (or PLAN_NO_IMAGE) and a
 * sentence without a full stop. */
#define PLAN_NO_IMAGE SIZE_MAX
struct plan_report {
    void (*mistake)(void *ctx, size_t image, const char *sentence);
    /* What may be meant so, and hardly is. NULL: not wanted. */
    void (*warning)(void *ctx, size_t image, const char *sentence);
    void *ctx;
};

/* Judges everything that can be known without a board: the flash words exist on the chip, images
 * parse and are this chip's, no two share a sector, all lie inside the flash, and what is there can
 * start. Returns the number of mistakes, after naming each. */
size_t plan_check(const struct plan_settings *settings, const struct plan_source *sources,
                  size_t count, const struct plan_report *report);

/* Lays out the plan of sources without mistakes. The caller owns it (plan_free) and may free the
 * sources. NULL: ERR_IMAGE or ERR_STATION. */
struct plan *plan_new(const struct plan_settings *settings, const struct plan_source *sources,
                      size_t count, struct err *e);

/* Hashes, compresses and encodes what is the same for all boards: half a second for 4 MB. Once,
 * before the first variant; other threads may meanwhile call everything else. ERR_STATION. */
bool plan_encode(struct plan *p, struct err *e);
void plan_free(struct plan *p);

const struct plan_settings *plan_settings(const struct plan *p);
size_t plan_image_count(const struct plan *p);

/* Where an image lies, as it is for all boards; digests and frames are a variant's. */
const struct plan_region *plan_place(const struct plan *p, size_t i);

/* All firmware images, in no order. */
size_t plan_part_count(const struct plan *p);
const struct plan_part *plan_part(const struct plan *p, size_t i);

/* Where the first image begins, rounded down to a sector. */
uint32_t plan_first_addr(const struct plan *p);

/* The first byte behind the last image: the flash must be at least so large. */
uint32_t plan_needs_bytes(const struct plan *p);

/* Behind the last byte that the plan's partition table gives away; 0: it has no table. */
uint64_t plan_partitions_end(const struct plan *p);

/* The plan's partition table; without rows: it has none. */
const struct partitions *plan_partitions(const struct plan *p);

/* The flash must be at least so large, whatever the images are: something else goes behind them.
 * Before the plan is shared. */
void plan_require_bytes(struct plan *p, uint32_t bytes);

/* How large the flash has to be for what the plan writes, and for what the firmware will believe of
 * it by header and partition table: a power of two, at most what a flash says (`flash_bytes`, 0: it
 * does not). */
uint32_t plan_claims_bytes(const struct plan *p, uint32_t flash_bytes);

/* What the boot image's header says about the flash, where it stays as it is; 0: it does not. */
uint32_t plan_kept_flash_bytes(const struct plan *p);

/* Whether boards of another flash size get other bytes. */
bool plan_depends_on_flash(const struct plan *p);

/* Whether a board with `flash_bytes` of flash gets another header than the files have. */
bool plan_patches(const struct plan *p, uint32_t flash_bytes);

/* The regions for a board with `flash_bytes` of flash; 0 means unknown (FLASH_ASSUMED_BYTES). The
 * caller owns it (plan_variant_free) and must keep the plan meanwhile. NULL: ERR_FLASH_SIZE when
 * the header has no code for the size, or ERR_STATION. */
struct plan_variant *plan_variant_new(const struct plan *p, uint32_t flash_bytes, struct err *e);
void plan_variant_free(struct plan_variant *v);

/* The regions of a variant, and further ones behind them, which are this board's own: hashed and
 * encoded here. Names are borrowed; `shared` must outlive it. ERR_STATION. */
struct plan_variant *plan_variant_with(const struct plan *p, const struct plan_variant *shared,
                                       const struct plan_source *sources, size_t count,
                                       struct err *e);

/* Whether the chip reads that address through its flash encryption, once that is on: boot loader,
 * partition table, applications, the choice between them, keys of NVS, and partitions that say so.
 * Not what the key manager keeps for itself, nor NVS, nor what no partition holds. */
bool plan_is_encrypted(const struct plan *p, uint32_t addr);

/* A partition that firmware would read through flash encryption and that no image fills to its end,
 * so that what it reads there is noise; NULL: there is none. Applications end with their image, and
 * ESP-IDF looks at keys of NVS as they are. */
const struct partition *plan_unfilled(const struct plan *p);

/* The regions of a variant as that flash encryption wants them: those parts as ciphertext, which is
 * sent as it is, for it does not get shorter. Names are borrowed, and regions without ciphertext:
 * `plain` must outlive it. Some 10 ms of work for 1 MiB. What flash_crypt fails with, ERR_STATION.
 */
struct plan_variant *plan_variant_encrypt(const struct plan *p, const struct plan_variant *plain,
                                          const struct flash_crypt_key *key, struct err *e);

size_t plan_variant_count(const struct plan_variant *v);

const struct plan_region *plan_region(const struct plan_variant *v, size_t i);

/* The image to write as number `step`: by rising address. The ESP8266's ROM erases sectors in
 * pairs, so an image may wipe what stands behind it, but never what stands before it. */
size_t plan_write_order(const struct plan_variant *v, size_t step);

/* Sums over all images: bytes of flash, and bytes on the wire through the stub. */
uint64_t plan_variant_bytes(const struct plan_variant *v);
uint64_t plan_variant_wire_bytes(const struct plan_variant *v);

/* Bytes on the wire for one region through that loader. */
uint64_t plan_frames_wire_bytes(const struct plan_frames *f);

#endif
