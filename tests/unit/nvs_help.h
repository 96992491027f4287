/* Files of tests/data/nvs, and images made by hand with whatever is wrong with them. */
#ifndef TESTS_UNIT_NVS_HELP_H
#define TESTS_UNIT_NVS_HELP_H

#include "core/base/bytes.h"
#include "core/nvs/nvs.h"
#include "core/nvs/nvs_table.h"
#include "tests/lib/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

#define NVS_DATA "tests/data/nvs/"

/* The whole file, with a NUL behind; to free. */
static inline uint8_t *nvs_load(const char *name, size_t *n)
{
    char path[200];
    snprintf(path, sizeof path, NVS_DATA "%s", name);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    assert_int_equal(fseek(f, 0, SEEK_END), 0);
    *n = (size_t)ftell(f);
    rewind(f);
    uint8_t *bytes = calloc(1, *n + 1);
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, *n, f), *n);
    fclose(f);
    return bytes;
}

/* blob4100.bin, and in its likeness any other name that says its size; "missing" is not there. */
static inline bool nvs_fake_file(void *ctx, const char *path, uint8_t **bytes, size_t *n,
                                 struct err *e)
{
    static const char *const texts[][2] = {
        { "text", "caf\xC3\xA9" }, { "hex", "00 ff\nA0\n" }, { "base64", "AAEC\nAw==\n" },
        { "latin1", "caf\xE9" },   { "empty", "" },
    };
    (void)ctx;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        if (strcmp(path, texts[i][0]) != 0)
            continue;
        *n = strlen(texts[i][1]);
        *bytes = malloc(*n + 1);
        if (*bytes)
            memcpy(*bytes, texts[i][1], *n);
        return *bytes || err_set(e, ERR_STATION, "Out of memory");
    }
    if (strncmp(path, "blob", 4) != 0)
        return err_set(e, ERR_USAGE, "'%.40s' cannot be read: No such file", path);
    *n = strtoul(path + 4, NULL, 10);
    *bytes = malloc(*n + 1);
    if (!*bytes)
        return err_set(e, ERR_STATION, "Out of memory");
    for (size_t i = 0; i < *n; i++)
        (*bytes)[i] = (uint8_t)(7 * i + i / 256);
    return true;
}

static const struct nvs_files nvs_fake_files = { nvs_fake_file, NULL };

static inline struct nvs_text nvs_text_of(const char *name, const char *bytes)
{
    return (struct nvs_text){ name, bytes, strlen(bytes) };
}

/* ---- Faults ---- */

static inline uint8_t *nvs_entry(uint8_t *image, size_t page, unsigned i)
{
    return image + page * NVS_PAGE_BYTES + 64 + (size_t)i * NVS_ENTRY_BYTES;
}

/* Puts the CRC of an entry right again. */
static inline void nvs_seal(uint8_t *entry)
{
    uint32_t crc = (uint32_t)crc32(UINT32_MAX, entry, 4);
    store_u32(entry + 4, (uint32_t)crc32(crc, entry + 8, 24));
}

static inline void nvs_seal_page(uint8_t *image, size_t page)
{
    uint8_t *p = image + page * NVS_PAGE_BYTES;
    store_u32(p + 28, (uint32_t)crc32(UINT32_MAX, p + 4, 24));
}

static inline const struct nvs_value *nvs_find(const struct nvs_image *image, const char *space,
                                               const char *key)
{
    for (size_t i = 0; i < image->value_count; i++) {
        const struct nvs_value *v = &image->values[i];
        if (strcmp(v->space, space) == 0 && strcmp(v->key, key) == 0)
            return v;
    }
    return NULL;
}

static inline bool nvs_has_fault(const struct nvs_image *image, enum nvs_fault fault)
{
    for (size_t i = 0; i < image->problem_count; i++) {
        if (image->problems[i].fault == fault)
            return true;
    }
    return false;
}

#endif
