#include "core/base/err.h"
#include "core/nvs/nvs_priv.h"

#include <string.h>

#define CHUNKS_MAX 127u

/* ---- Pages ---- */

static void begin_page(struct nvs_writer *w, size_t page)
{
    uint8_t *p = w->bytes + page * NVS_PAGE_BYTES;
    store_u32(p, PAGE_STATE_ACTIVE);
    store_u32(p + PAGE_SEQUENCE_AT, (uint32_t)page);
    p[PAGE_VERSION_AT] = w->version == 1 ? PAGE_VERSION_1 : PAGE_VERSION_2;
    store_u32(p + PAGE_CRC_AT, page_crc(p));
    w->page = page;
    w->used = 0;
}

static bool next_page(struct nvs_writer *w, struct err *e)
{
    if (w->page + 1 < w->pages) {
        store_u32(w->bytes + w->page * NVS_PAGE_BYTES, PAGE_STATE_FULL);
        begin_page(w, w->page + 1);
        return true;
    }
    bool reserve = w->pages * NVS_PAGE_BYTES < w->size_bytes;
    err_set(e, ERR_IMAGE, "The values do not fit into %zu KiB%s", w->size_bytes >> 10,
            reserve ? ", of which 4 KiB must stay free" : "");
    return err_hint(e, "Give the partition more room, in the partition table too, or shorten what "
                       "is large.");
}

static bool check_size(size_t size_bytes, bool read_only, struct err *e)
{
    size_t least = read_only ? NVS_PAGE_BYTES : NVS_PAGES_MIN * NVS_PAGE_BYTES;
    if (size_bytes % NVS_PAGE_BYTES != 0 || size_bytes > NVS_IMAGE_BYTES) {
        err_set(e, ERR_USAGE, "An NVS partition of 0x%zx bytes is %s", size_bytes,
                size_bytes > NVS_IMAGE_BYTES ? "too large" : "no whole number of pages");
        return err_hint(e, "Take the size of the partition from the partition table: a multiple of "
                           "0x1000, as in 24K or 0x6000.");
    }
    if (size_bytes >= least)
        return true;
    err_set(e, ERR_USAGE, "An NVS partition that is written to needs 0x3000 bytes, not 0x%zx",
            size_bytes);
    return err_hint(e, "Make it larger; or, where the partition table has the flag readonly for "
                       "it: --read-only, from 0x1000 on.");
}

bool nvs_write_begin(struct nvs_writer *w, uint8_t *bytes, size_t size_bytes, unsigned version,
                     bool read_only, struct err *e)
{
    if (!check_size(size_bytes, read_only, e))
        return false;
    if (version != 1 && version != 2)
        return err_set(e, ERR_USAGE, "NVS has version 1 and version 2, not %u", version);
    memset(bytes, 0xFF, size_bytes);
    *w = (struct nvs_writer){ .bytes = bytes,
                              .pages = size_bytes / NVS_PAGE_BYTES - (read_only ? 0 : 1),
                              .size_bytes = size_bytes,
                              .version = version };
    begin_page(w, 0);
    return true;
}

/* ---- Entries ---- */

static bool check_name(const char *what, const char *name, struct err *e)
{
    size_t n = strlen(name);
    if (n >= 1 && n < NVS_NAME_CAP)
        return true;
    return n == 0 ? err_set(e, ERR_IMAGE, "A %s has no name", what)
                  : err_set(e, ERR_IMAGE, "The %s '%.40s' has %zu bytes, and 15 are the most", what,
                            name, n);
}

/* A header on the current page, which has room, with its value all FF until it is closed. */
static uint8_t *open_entry(struct nvs_writer *w, unsigned space, unsigned type, unsigned span,
                           unsigned chunk, const char *key)
{
    uint8_t *entry = w->bytes + w->page * NVS_PAGE_BYTES + entry_at(w->used);
    entry[0] = (uint8_t)space;
    entry[1] = (uint8_t)type;
    entry[2] = (uint8_t)span;
    entry[3] = (uint8_t)chunk;
    memset(entry + ENTRY_KEY_AT, 0, NVS_NAME_CAP);
    memcpy(entry + ENTRY_KEY_AT, key, strlen(key));
    return entry;
}

/* Seals an entry of so many, and marks all of them as written. */
static void close_entry(struct nvs_writer *w, uint8_t *entry, unsigned span)
{
    uint8_t *bitmap = w->bytes + w->page * NVS_PAGE_BYTES + PAGE_BITMAP_AT;
    store_u32(entry + ENTRY_CRC_AT, entry_crc(entry));
    for (unsigned i = w->used; i < w->used + span; i++)
        bitmap[i / 4] = (uint8_t)(bitmap[i / 4] & ~(1u << (2 * (i % 4))));
    w->used += span;
}

static bool put_small(struct nvs_writer *w, unsigned space, unsigned type, const char *key,
                      uint64_t bits, size_t n, struct err *e)
{
    if (w->used == NVS_PAGE_ENTRIES && !next_page(w, e))
        return false;
    uint8_t *entry = open_entry(w, space, type, 1, ENTRY_NO_CHUNK, key);
    for (size_t i = 0; i < n; i++)
        entry[ENTRY_VALUE_AT + i] = (uint8_t)(bits >> (8 * i));
    close_entry(w, entry, 1);
    return true;
}

/* n bytes, and a NUL where it is a string, in one piece on the current page. */
static void put_data(struct nvs_writer *w, unsigned type, unsigned chunk, const char *key,
                     const void *bytes, size_t n)
{
    size_t size = n + (type == NVS_STRING ? 1 : 0);
    unsigned span = span_of(size);
    uint8_t *entry = open_entry(w, w->spaces, type, span, chunk, key);
    uint8_t *data = entry + NVS_ENTRY_BYTES;
    if (n > 0)
        memcpy(data, bytes, n);
    if (size > n)
        data[n] = 0;
    store_u16(entry + ENTRY_VALUE_AT, (uint16_t)size);
    store_u32(entry + ENTRY_DATA_CRC_AT, nvs_crc(data, size));
    close_entry(w, entry, span);
}

static bool check_key(const struct nvs_writer *w, const char *key, struct err *e)
{
    return (w->spaces > 0 || err_set(e, ERR_IMAGE, "The key '%.40s' is in no namespace", key)) &&
           check_name("key", key, e);
}

/* The generator wants one entry left over on a page, so that its strings end at 3968 bytes; the
 * firmware does not, and takes those that fill a page. */
static bool put_whole(struct nvs_writer *w, unsigned type, const char *key, const void *bytes,
                      size_t n, struct err *e)
{
    size_t size = n + (type == NVS_STRING ? 1 : 0);
    size_t most = w->version == 1 ? NVS_V1_BYTES : NVS_STRING_BYTES;
    unsigned span = span_of(size);
    if (size > most)
        return err_set(e, ERR_IMAGE, "The value of '%s' has %zu bytes, and %zu are the most%s", key,
                       n, most - (size - n), w->version == 1 ? " in version 1" : " of a string");
    bool page_full = span == NVS_PAGE_ENTRIES ? w->used > 0 : w->used + span >= NVS_PAGE_ENTRIES;
    if (page_full && !next_page(w, e))
        return false;
    put_data(w, type, ENTRY_NO_CHUNK, key, bytes, n);
    return true;
}

/* ---- What is asked for ---- */

bool nvs_write_space(struct nvs_writer *w, const char *name, struct err *e)
{
    if (!check_name("namespace", name, e))
        return false;
    if (w->spaces == NVS_SPACES_MAX)
        return err_set(e, ERR_IMAGE, "'%s' is one namespace too many; %u are the most", name,
                       NVS_SPACES_MAX);
    if (!put_small(w, 0, NVS_U8, name, w->spaces + 1, 1, e))
        return false;
    w->spaces++;
    return true;
}

bool nvs_write_number(struct nvs_writer *w, const char *key, enum nvs_type type, uint64_t bits,
                      struct err *e)
{
    size_t n = nvs_number_bytes(type);
    if (n == 0)
        return err_set(e, ERR_IMAGE, "'%.40s' is no number", key);
    return check_key(w, key, e) && put_small(w, w->spaces, type, key, bits, n, e);
}

bool nvs_write_string(struct nvs_writer *w, const char *key, const void *text, size_t n,
                      struct err *e)
{
    return check_key(w, key, e) && put_whole(w, NVS_STRING, key, text, n, e);
}

/* A chunk goes onto each page that a blob reaches, also one of no bytes when a page has just one
 * entry left; then the index. */
static bool put_chunks(struct nvs_writer *w, const char *key, const uint8_t *bytes, size_t n,
                       unsigned *chunks, struct err *e)
{
    size_t at = 0;
    do {
        size_t room = (size_t)(NVS_PAGE_ENTRIES - w->used - 1) * NVS_ENTRY_BYTES;
        size_t size = room < n - at ? room : n - at;
        if (*chunks == CHUNKS_MAX)
            return err_set(e, ERR_IMAGE, "The value of '%s' has %zu bytes, more than %u pieces",
                           key, n, CHUNKS_MAX);
        put_data(w, NVS_BLOB_DATA, (*chunks)++, key, bytes + at, size);
        at += size;
        if ((at < n || room - size < NVS_ENTRY_BYTES) && !next_page(w, e))
            return false;
    } while (at < n);
    return true;
}

bool nvs_write_blob(struct nvs_writer *w, const char *key, const void *bytes, size_t n,
                    struct err *e)
{
    static const uint8_t nothing[1];
    unsigned chunks = 0;
    if (!check_key(w, key, e))
        return false;
    if (w->version == 1)
        return put_whole(w, NVS_BLOB_V1, key, bytes, n, e);
    if (w->used == NVS_PAGE_ENTRIES && !next_page(w, e))
        return false;
    if (!put_chunks(w, key, n > 0 ? bytes : nothing, n, &chunks, e))
        return false;
    uint8_t *entry = open_entry(w, w->spaces, NVS_BLOB, 1, ENTRY_NO_CHUNK, key);
    store_u32(entry + ENTRY_VALUE_AT, (uint32_t)n);
    entry[INDEX_COUNT_AT] = (uint8_t)chunks;
    entry[INDEX_FIRST_AT] = 0;
    close_entry(w, entry, 1);
    return true;
}
