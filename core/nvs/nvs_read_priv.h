/* What the two halves of reading share: nvs_read.c walks the entries, nvs_resolve.c makes values.
 */
#ifndef CORE_NVS_READ_PRIV_H
#define CORE_NVS_READ_PRIV_H

#include "core/nvs/nvs_priv.h"

/* An entry that stands the checks, with its data behind it. */
struct nvs_item {
    const uint8_t *at;
    uint32_t rank; /* of its page, by sequence */
    uint32_t page; /* by place */
    uint8_t entry;
    bool on_active;
    bool gone; /* the firmware erases it, or never gets to it */
    bool used; /* a chunk that an index has asked for */
};

struct nvs_reader {
    const uint8_t *bytes;
    struct nvs_image *image;
    struct nvs_item *items; /* in the order of the pages */
    size_t count, cap;
    size_t sound, broken;    /* entries by their CRC */
    struct nvs_item **order; /* the items by namespace, key, chunk, and then as above */
    size_t blobs_used;
};

static inline unsigned item_space(const struct nvs_item *it)
{
    return it->at[0];
}

static inline unsigned item_type(const struct nvs_item *it)
{
    return it->at[1];
}

static inline unsigned item_chunk(const struct nvs_item *it)
{
    return it->at[3];
}

static inline const char *item_key(const struct nvs_item *it)
{
    return (const char *)it->at + ENTRY_KEY_AT;
}

/* Keeps a problem; `fmt` makes the sentence. */
void nvs_add_problem(struct nvs_reader *r, enum nvs_fault fault, size_t page, int entry,
                     const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* Makes values of the items. False for want of memory. */
bool nvs_resolve(struct nvs_reader *r);

#endif
