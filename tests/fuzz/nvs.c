/*
 * NVS: images of any bytes, and tables of any text. What is read lies inside the image; what is
 * written by a table is read back, whole and without a problem.
 *
 * The first byte says what the rest is: 0 an image, blown up from entries and bitmap so that CRCs
 * are right; 1 the same as it stands; 2 the table of one image; 3 a configuration with its values,
 * parted by a byte 00.
 */
#include "tests/fuzz/lib/fuzz.h"

#include "core/base/bytes.h"
#include "core/nvs/nvs.h"
#include "core/nvs/nvs_table.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define PAGES     4u
#define BYTES     (PAGES * NVS_PAGE_BYTES)
#define INPUT_MAX 20000u

/* ---- Images ---- */

static void must_be_sound(const struct nvs_image *image, size_t n)
{
    uint8_t all = 0;
    size_t sum = 0;
    must(image->page_count * NVS_PAGE_BYTES == n, "each page is told");
    must(image->problem_count <= NVS_PROBLEMS_MAX && image->problem_count <= image->problem_total,
         "problems are counted");
    for (size_t i = 0; i < image->problem_count; i++)
        must(image->problems[i].what[0] && image->problems[i].page < image->page_count &&
                 image->problems[i].entry < (int)NVS_PAGE_ENTRIES &&
                 nvs_fault_word(image->problems[i].fault),
             "a problem has words and a place");
    for (size_t i = 0; i < image->value_count; i++) {
        const struct nvs_value *v = &image->values[i];
        must(v->space[0] && v->key[0] && memchr(v->key, 0, sizeof v->key) &&
                 nvs_type_word(v->type) && v->type != NVS_BLOB_DATA,
             "a value has a namespace, a key and a type");
        must(v->page < image->page_count && v->entry < NVS_PAGE_ENTRIES, "a value has a place");
        sum += v->size_bytes;
        for (size_t k = 0; k < v->size_bytes; k++)
            all ^= v->bytes[k];
    }
    must(sum <= n, "no byte is in two values");
    (void)*(volatile uint8_t *)&all; /* all of them were there to be read */
}

static void read_image(const uint8_t *bytes, size_t n, bool read_only)
{
    struct nvs_image image;
    struct err e = { 0 };
    bool ok = nvs_read(bytes, n, read_only, &image, &e);
    must_tell(ok, &e);
    if (ok)
        must_be_sound(&image, n);
    else
        must(e.code == ERR_IMAGE && (n % NVS_PAGE_BYTES != 0 || n == 0),
             "any whole pages are read");
    nvs_image_done(&image);
}

static void seal_entry(uint8_t *entry)
{
    uint32_t crc = (uint32_t)crc32(UINT32_MAX, entry, 4);
    store_u32(entry + 4, (uint32_t)crc32(crc, entry + 8, 24));
}

/* Twelve bytes of input an entry: namespace, type, span, chunk, one letter of a key, value. */
static void put_entry(struct input *in, uint8_t *page, unsigned i)
{
    uint8_t *entry = page + 64 + (size_t)i * NVS_ENTRY_BYTES;
    size_t got;
    memset(entry, 0, NVS_ENTRY_BYTES);
    for (unsigned k = 0; k < 4; k++)
        entry[k] = input_byte(in);
    entry[8] = input_byte(in);
    const uint8_t *value = input_bytes(in, 8, &got);
    memcpy(entry + 24, value, got);
    if (input_byte(in) & 1 && i + 1 < NVS_PAGE_ENTRIES) {
        size_t size = load_u16(entry + 24), room = (size_t)(NVS_PAGE_ENTRIES - 1 - i) * 32;
        store_u32(entry + 28,
                  (uint32_t)crc32(UINT32_MAX, entry + 32, (uInt)(size < room ? size : room)));
    }
    seal_entry(entry);
}

static void blow_up(struct input *in, uint8_t *image)
{
    static const uint8_t states[] = { 0xFE, 0xFC, 0xF8, 0xFF };
    memset(image, 0xFF, BYTES);
    for (size_t p = 0; p < PAGES && in->left > 0; p++) {
        uint8_t *page = image + p * NVS_PAGE_BYTES;
        uint8_t head = input_byte(in), count = input_byte(in);
        page[0] = states[head & 3];
        page[4] = (uint8_t)(head >> 4);
        page[5] = page[6] = page[7] = 0;
        page[8] = head & 4 ? 0xFF : 0xFE;
        store_u32(page + 28, (uint32_t)crc32(UINT32_MAX, page + 4, 24));
        for (unsigned i = 0; i < NVS_PAGE_ENTRIES && i < count && in->left > 0; i++) {
            page[32 + i / 4] = (uint8_t)(page[32 + i / 4] & ~(1u << (2 * (i % 4))));
            put_entry(in, page, i);
        }
    }
}

static void any_image(struct input *in)
{
    uint8_t *image = must_alloc(BYTES);
    struct nvs_keys keys;
    struct err e = { 0 };
    memset(&keys, 0, sizeof keys);
    keys.bytes[0] = 1;
    blow_up(in, image);
    read_image(image, BYTES, false);
    must(nvs_encrypt(image, BYTES, &keys, &e) && nvs_decrypt(image, BYTES, &keys, &e),
         "what is encrypted is decrypted");
    read_image(image, BYTES, true);
    free(image);
}

/* ---- Tables ---- */

static bool read_file(void *ctx, const char *path, uint8_t **bytes, size_t *n, struct err *e)
{
    (void)ctx;
    if (strlen(path) > 40)
        return err_set(e, ERR_USAGE, "'%s' cannot be read", path);
    *n = strlen(path);
    *bytes = must_alloc(*n + 1);
    memcpy(*bytes, path, *n + 1);
    return true;
}

static const struct nvs_files files = { read_file, NULL };

static void must_read_back(const struct nvs_table *table, const uint8_t *bytes, size_t n)
{
    struct nvs_image image;
    struct err e = { 0 };
    size_t keys = 0;
    for (size_t i = 0; i < table->count; i++)
        keys += !table->rows[i].space;
    must(nvs_read(bytes, n, false, &image, &e), "what was written is read");
    must(image.problem_total == 0 && image.value_count == keys, "and all of it is there");
    nvs_image_done(&image);
}

static void write_table(const struct nvs_table *table, unsigned version)
{
    uint8_t *image = must_alloc(BYTES);
    struct nvs_writer w;
    struct err e = { 0 };
    must(nvs_write_begin(&w, image, BYTES, version, false, &e), "an image is begun");
    bool ok = nvs_table_write(table, &w, &e);
    must_tell(ok, &e);
    if (ok)
        must_read_back(table, image, BYTES);
    else
        must(strstr(e.what, "fit") || strstr(e.what, "namespace too many"),
             "what a table may hold is refused for its size alone");
    free(image);
}

static void must_have_places(const struct nvs_report *report, bool ok)
{
    must(ok == (report->total == 0), "what is refused has a mistake");
    for (size_t i = 0; i < report->kept; i++)
        must(report->mistakes[i].line > 0 && report->mistakes[i].column > 0 &&
                 report->mistakes[i].sentence[0],
             "a mistake has a place and a sentence");
}

static void any_table(const uint8_t *bytes, size_t n)
{
    static struct nvs_report report;
    const struct nvs_text text = { "t.csv", (const char *)bytes, n };
    unsigned version = 1 + n % 2;
    struct nvs_table table;
    struct err e = { 0 };
    bool ok = nvs_table_read(&text, &files, version, &table, &report, &e);
    must_tell(ok, &e);
    must_have_places(&report, ok);
    if (ok)
        write_table(&table, version);
    nvs_table_done(&table);
}

static void any_units(const uint8_t *bytes, size_t n)
{
    static struct nvs_report report;
    const uint8_t *end = memchr(bytes, 0, n);
    size_t config_n = end ? (size_t)(end - bytes) : n;
    const struct nvs_text config = { "c.csv", (const char *)bytes, config_n };
    const struct nvs_text values = { "v.csv", (const char *)bytes + config_n + (end != NULL),
                                     n - config_n - (end != NULL) };
    struct err e = { 0 };
    struct nvs_units *units =
        nvs_units_open(&config, &values, n % 2 ? "id" : NULL, NULL, 0, &files, 2, &report, &e);
    must_tell(units != NULL, &e);
    must_have_places(&report, units != NULL);
    for (size_t i = 0; units && i < nvs_units_count(units); i++) {
        struct nvs_table table;
        char id[NVS_ID_CAP];
        nvs_units_id(units, i, id);
        must(id[0] && id[0] != '.' && !strchr(id, '/'), "an id can be part of a file's name");
        must(nvs_units_table(units, i, &table, &report, &e), "what was checked is read");
        write_table(&table, 2);
        nvs_table_done(&table);
    }
    nvs_units_free(units);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct input in = { bytes, n };
    if (n == 0 || n > INPUT_MAX)
        return 0;
    switch (input_byte(&in) & 3) {
    case 0:
        any_image(&in);
        break;
    case 1:
        read_image(in.at, in.left, false);
        break;
    case 2:
        any_table(in.at, in.left);
        break;
    default:
        any_units(in.at, in.left);
        break;
    }
    return 0;
}
