/* Firmware images for tests, made from the published layouts, not with the code under test. */
#ifndef TESTS_LIB_MAKE_IMAGE_H
#define TESTS_LIB_MAKE_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum made_layout {
    MADE_SHORT,    /* E9 with a header of 8 bytes */
    MADE_SHORT_V2, /* EA, a mapped part, a whole E9 image, a CRC */
    MADE_LONG,     /* E9 with a header of 24 bytes */
};

struct image_recipe {
    enum made_layout layout;
    uint8_t segments;       /* 1..16 */
    uint32_t segment_bytes; /* of each; a multiple of 4 */
    uint8_t mode, size_code, freq_code;
    uint16_t chip_id;
    uint8_t min_revision_old;
    uint16_t min_revision, max_revision;
    bool digest;
    const char *project;     /* not NULL: an application descriptor, with a version */
    uint32_t trailing_bytes; /* behind the image: a merged file's rest */
    uint32_t load_addr;      /* of the first segment; 0: instruction RAM of the ESP32 */
    int signed_v;            /* 1 or 2: behind the image a signature block of that version */
};

struct made_image {
    uint8_t *bytes; /* free() it */
    size_t size_bytes;
    size_t checksum_at;
    size_t digest_at; /* 0: none */
    size_t end;       /* behind the image, before the trailing bytes */
};

/* Aborts without memory: a test cannot go on then. */
struct made_image make_image(const struct image_recipe *r);

/* A partition table of ESP-IDF: nvs, phy, and one factory application of 1 MB at 0x10000. Gives
 * 3072 bytes to free(). */
#define MADE_TABLE_BYTES 0xC00u
uint8_t *make_partition_table(void);

struct made_row {
    uint8_t type, subtype;
    uint32_t addr, size_bytes;
    const char *label;
};

/* One of these rows, likewise. */
uint8_t *make_table_of(const struct made_row *rows, size_t count);

/* An entry of otadata that chooses slot `sequence` - 1. */
#define MADE_OTA_BYTES 32u
void make_ota_entry(uint32_t sequence, uint8_t entry[MADE_OTA_BYTES]);

#endif
