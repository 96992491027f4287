/*
 * Firmware files: header, segments, checks, and the patch of the header's flash fields. Pure.
 *
 * Formats as published: a header of 8 bytes on ESP8266 and of 24 on every later chip, segments, a
 * checksum byte that ends a row of 16, and on later chips an optional SHA-256 behind it. A file may
 * go on after its image (signatures, merged files).
 */
#ifndef CORE_IMAGE_H
#define CORE_IMAGE_H

#include "core/facts/chip.h"
#include "core/images/signature.h"

enum image_kind {
    IMAGE_RAW,      /* data: a partition table, a blank sector, a file system */
    IMAGE_SHORT,    /* ESP8266, E9 */
    IMAGE_SHORT_V2, /* ESP8266, EA: for its second-stage boot loader */
    IMAGE_LONG,     /* ESP32 and later */
    IMAGE_DAMAGED,  /* begins like an image and is none */
};

/* Behind an image, over all that stands before it: its header may not change any more. */
enum image_signature {
    IMAGE_UNSIGNED,
    IMAGE_SIGNED_V1, /* 68 bytes at the end of the file */
    IMAGE_SIGNED_V2, /* a sector of its own behind the image's last one */
};

struct image {
    enum image_kind kind;
    const char *problem; /* half a sentence, for IMAGE_DAMAGED */
    uint8_t mode_code;
    uint8_t size_code;
    uint8_t freq_code;
    uint32_t digest_at; /* offset of the appended SHA-256, 0: none */
    uint32_t end;       /* behind checksum and SHA-256; what follows is not the image's */
    enum image_signature signature;
    struct signature keys; /* of the second scheme: whose signatures they are */
    const char
        *signature_problem; /* half a sentence; NULL: they are right, or of the first scheme */
    uint16_t chip_id;       /* long header only */
    bool esp8266_memory;    /* long header only: it loads where that chip has memory, and code */
    uint8_t min_revision_old;
    uint16_t min_revision;
    uint16_t max_revision;
    bool has_app;
    char app_project[33];
    char app_version[33];
    uint8_t app_elf_sha256[32];
};

#define IMAGE_MAGIC        0xE9u
#define IMAGE_MAGIC_V2     0xEAu
#define IMAGE_SHA256_BYTES 32u

/* The problem of an image that could not be judged. */
extern const char image_no_memory[];

/* Says what a file is. `short_header`: the layout of the recipe's chip, tried first; an image of
 * the other layout is recognised as such. Never fails. */
void image_read(const uint8_t *bytes, size_t n, bool short_header, struct image *image);

/* Whether an image can belong to the chip at all. The ESP8266 takes both headers, and its id in the
 * long one is the ESP32's: there the addresses tell. */
bool image_fits_chip(const struct image *image, const struct chip *chip);

/* Whether the chip's revision (major*100+minor) lies within what the header demands. */
bool image_fits_revision(const struct image *image, const struct chip *chip, uint32_t revision);

#define IMAGE_REVISIONS_CAP 40u

/* What the header demands, for people: "v0.3 to v1.99". Only of an image that does not fit one. */
void image_name_revisions(const struct image *image, const struct chip *chip,
                          char text[static IMAGE_REVISIONS_CAP]);

#define IMAGE_KEEP 0xFFu

/* Writes mode, size and frequency codes (IMAGE_KEEP: as it is) into the header and makes the
 * appended SHA-256 right again. `bytes` is a whole file that image_read called E9 of either kind.
 * *changed: whether a byte is another now. False: out of memory, and the image is damaged. */
bool image_patch(uint8_t *bytes, const struct image *image, uint8_t mode_code, uint8_t size_code,
                 uint8_t freq_code, bool *changed) __attribute__((warn_unused_result));

#endif
