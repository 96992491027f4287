/* The layout of NVS, for those who write, read and encrypt it. */
#ifndef CORE_NVS_PRIV_H
#define CORE_NVS_PRIV_H

#include "core/base/bytes.h"
#include "core/nvs/nvs.h"

#include <zlib.h>

#define PAGE_STATE_EMPTY    0xFFFFFFFFu
#define PAGE_STATE_ACTIVE   0xFFFFFFFEu
#define PAGE_STATE_FULL     0xFFFFFFFCu
#define PAGE_STATE_FREEING  0xFFFFFFF8u
#define PAGE_SEQUENCE_AT    4u
#define PAGE_VERSION_AT     8u
#define PAGE_VERSION_1      0xFFu
#define PAGE_VERSION_2      0xFEu
#define PAGE_CRC_AT         28u
#define PAGE_BITMAP_AT      32u
#define PAGE_ENTRIES_AT     64u
#define ENTRY_CRC_AT        4u
#define ENTRY_KEY_AT        8u
#define ENTRY_VALUE_AT      24u
#define ENTRY_DATA_CRC_AT   28u /* of a string or blob data */
#define ENTRY_NO_CHUNK      0xFFu
#define INDEX_COUNT_AT      28u
#define INDEX_FIRST_AT      29u
#define SPAN_DATA_BYTES_MAX ((NVS_PAGE_ENTRIES - 1) * NVS_ENTRY_BYTES)

/* Two bits an entry. */
enum entry_state { ENTRY_ERASED = 0, ENTRY_ILLEGAL = 1, ENTRY_WRITTEN = 2, ENTRY_UNUSED = 3 };

static inline enum entry_state entry_state(const uint8_t *page, unsigned i)
{
    return (enum entry_state)(page[PAGE_BITMAP_AT + i / 4] >> (2 * (i % 4)) & 3);
}

static inline size_t entry_at(unsigned i)
{
    return PAGE_ENTRIES_AT + (size_t)i * NVS_ENTRY_BYTES;
}

/* The CRC of NVS: zlib's, begun with all ones. */
static inline uint32_t nvs_crc(const uint8_t *bytes, size_t n)
{
    return (uint32_t)crc32(UINT32_MAX, bytes, (uInt)n);
}

static inline uint32_t page_crc(const uint8_t *page)
{
    return nvs_crc(page + PAGE_SEQUENCE_AT, PAGE_CRC_AT - PAGE_SEQUENCE_AT);
}

/* Over the entry but for the place of the CRC. */
static inline uint32_t entry_crc(const uint8_t *entry)
{
    return (uint32_t)crc32(nvs_crc(entry, ENTRY_CRC_AT), entry + ENTRY_KEY_AT,
                           NVS_ENTRY_BYTES - ENTRY_KEY_AT);
}

static inline unsigned span_of(size_t bytes)
{
    return 1 + (unsigned)((bytes + NVS_ENTRY_BYTES - 1) / NVS_ENTRY_BYTES);
}

#endif
