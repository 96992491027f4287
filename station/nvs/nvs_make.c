/* Images of NVS from tables: one, or one for each unit. */
#include "core/nvs/nvs_table.h"
#include "station/base/infile.h"
#include "station/base/outfile.h"
#include "station/hand/hand.h"
#include "station/nvs/nvs_tool.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TABLE_MAX_BYTES ((size_t)64 << 20)
#define VALUE_MAX_BYTES ((size_t)1 << 20) /* the largest blob has half of it, in hexadecimal */
#define ID_WORD         "{id}"

/* What is made, from the first look at the options on. */
struct maker {
    const struct nvs_options *o;
    uint32_t size_bytes;
    unsigned version;
    uint8_t *image;
    struct nvs_report report;
    struct nvs_keys keys;
    bool encrypted;
};

/* ---- What is read ---- */

static bool read_value(void *ctx, const char *path, uint8_t **bytes, size_t *n, struct err *e)
{
    (void)ctx;
    return infile_read(path, VALUE_MAX_BYTES, bytes, n, e);
}

static const struct nvs_files files = { read_value, NULL };

static bool read_table(const char *path, struct nvs_text *text, struct err *e)
{
    uint8_t *bytes;
    size_t n;
    if (!infile_read(path, TABLE_MAX_BYTES, &bytes, &n, e))
        return false;
    *text = (struct nvs_text){ path, (const char *)bytes, n };
    return true;
}

static void free_table(struct nvs_text *text)
{
    if (text->bytes)
        OPENSSL_cleanse((void *)text->bytes, text->n);
    free((void *)text->bytes);
}

static void print_report(const struct nvs_report *report)
{
    for (size_t i = 0; i < report->kept; i++) {
        const struct nvs_mistake *m = &report->mistakes[i];
        fprintf(stderr, "%s:%zu:%zu: %s\n", m->file, m->line, m->column, m->sentence);
    }
    if (report->total > report->kept)
        fprintf(stderr, "... and %zu more mistakes\n", report->total - report->kept);
}

/* ---- Images ---- */

static bool fill_image(struct maker *m, const struct nvs_table *table, struct err *e)
{
    struct nvs_writer w;
    return nvs_write_begin(&w, m->image, m->size_bytes, m->version, m->o->read_only, e) &&
           nvs_table_write(table, &w, e);
}

/* Nor are keys written over that were made just now, for this image or for all. */
static bool spares_inputs(const struct maker *m, const char *path, const char *keys_path,
                          struct err *e)
{
    const struct nvs_options *const o = m->o;
    const char *const reads[] = {
        o->file, o->config, o->keys, o->hmac_key, o->make_keys, keys_path
    };
    return outfile_spares(path, reads, sizeof reads / sizeof reads[0], e);
}

static bool write_image(struct maker *m, const char *path, struct err *e)
{
    struct outfile out = OUTFILE_CLOSED;
    if (m->encrypted && !nvs_encrypt(m->image, m->size_bytes, &m->keys, e))
        return false;
    bool ok = outfile_open(&out, path, e) && outfile_write(&out, m->image, m->size_bytes, e) &&
              outfile_keep(&out, e);
    if (!ok)
        outfile_drop(&out);
    return ok;
}

/* Keys that protect nothing are taken away again. */
static bool write_with_keys(struct maker *m, const char *path, const char *keys_path, struct err *e)
{
    if (keys_path && !nvs_keyfile_make(keys_path, &m->keys, e))
        return false;
    m->encrypted = m->encrypted || keys_path;
    bool ok = spares_inputs(m, path, keys_path, e) && write_image(m, path, e);
    if (!ok && keys_path)
        unlink(keys_path);
    return ok;
}

static bool make_one(struct maker *m, const struct nvs_text *csv, struct err *e)
{
    struct nvs_table table;
    if (!nvs_table_read(csv, &files, m->version, &table, &m->report, e))
        return false;
    bool ok = fill_image(m, &table, e) && write_with_keys(m, m->o->out_path, m->o->make_keys, e);
    nvs_table_done(&table);
    if (ok)
        cmd_tell("%s: %u KiB%s. See it with: espstation nvs show %s", m->o->out_path,
                 (unsigned)(m->size_bytes >> 10), m->encrypted ? ", encrypted" : "",
                 m->o->out_path);
    return ok;
}

/* ---- Many units ---- */

/* Puts the id into a name; to free. */
static char *name_of(const char *pattern, const char *id, struct err *e)
{
    char *name = NULL;
    const char *word = strstr(pattern, ID_WORD);
    const int n = word ? asprintf(&name, "%.*s%s%s", (int)(word - pattern), pattern, id,
                                  word + strlen(ID_WORD))
                       : asprintf(&name, "%s", pattern);
    if (n >= 0)
        return name;
    err_set(e, ERR_STATION, "Out of memory for the name of a file");
    return NULL;
}

static bool fill_unit(struct maker *m, struct nvs_units *units, size_t i, struct err *e)
{
    struct nvs_table table;
    char id[NVS_ID_CAP];
    if (!nvs_units_table(units, i, &table, &m->report, e))
        return false;
    bool ok = fill_image(m, &table, e);
    nvs_table_done(&table);
    nvs_units_id(units, i, id);
    return ok || err_wrap(e, "Unit %s", id);
}

/* New keys for each unit where the name of their file has the id, else for all of them. */
static bool write_unit(struct maker *m, struct nvs_units *units, size_t i, struct err *e)
{
    char id[NVS_ID_CAP];
    const char *pattern = m->o->make_keys;
    bool own_keys = pattern && (strstr(pattern, ID_WORD) || i == 0);
    nvs_units_id(units, i, id);
    char *path = name_of(m->o->out_path, id, e);
    char *keys_path = path && own_keys ? name_of(pattern, id, e) : NULL;
    bool ok = path && (!own_keys || keys_path) && fill_unit(m, units, i, e) &&
              write_with_keys(m, path, keys_path, e);
    free(path);
    free(keys_path);
    return ok;
}

/* All of them are made once for the trial, before the first is written. */
static bool write_units(struct maker *m, struct nvs_units *units, struct err *e)
{
    size_t n = nvs_units_count(units), done = 0;
    if (n > 1 && !strstr(m->o->out_path, ID_WORD)) {
        err_set(e, ERR_USAGE, "All %zu units would go into the one file '%.100s'", n,
                m->o->out_path);
        return err_hint(e, "Put {id} into the name, as in -o unit-{id}.bin");
    }
    for (size_t i = 0; i < n; i++) {
        if (!fill_unit(m, units, i, e))
            return false;
    }
    while (done < n && write_unit(m, units, done, e))
        done++;
    cmd_tell("%zu of %zu images of %u KiB%s", done, n, (unsigned)(m->size_bytes >> 10),
             m->encrypted ? ", encrypted" : "");
    return done == n;
}

static bool make_units(struct maker *m, const struct nvs_text *values, struct err *e)
{
    struct nvs_text config = { 0 };
    if (!read_table(m->o->config, &config, e))
        return false;
    struct nvs_units *units = nvs_units_open(&config, values, m->o->id, m->o->unique.values,
                                             m->o->unique.count, &files, m->version, &m->report, e);
    bool ok = units && write_units(m, units, e);
    nvs_units_free(units);
    free_table(&config);
    return ok;
}

/* ---- The command ---- */

static bool check_options(struct maker *m, struct err *e)
{
    const struct nvs_options *o = m->o;
    if (!o->out_path || !o->size) {
        err_set(e, ERR_USAGE, "%s is missing", o->out_path ? "--size" : "-o");
        return err_hint(e, o->out_path ? "Give the size of the partition, as the partition table "
                                         "has it: --size 24K"
                                       : "Name the image: -o FILE");
    }
    if ((o->id || o->unique.count > 0) && !o->config)
        return err_set(e, ERR_USAGE, "--id and --unique are for many units, with --config");
    if (o->version && strcmp(o->version, "1") != 0 && strcmp(o->version, "2") != 0)
        return err_set(e, ERR_USAGE, "NVS has version 1 and version 2, not '%.20s'", o->version);
    m->version = o->version && o->version[0] == '1' ? 1 : 2;
    return hand_parse_bytes("--size", o->size, &m->size_bytes, e);
}

/* Also says whether the size can be, before anything is read. */
static bool get_image(struct maker *m, struct err *e)
{
    struct nvs_writer w;
    if (m->size_bytes > NVS_IMAGE_BYTES)
        return err_set(e, ERR_USAGE, "An NVS partition of 0x%x bytes is too large",
                       (unsigned)m->size_bytes);
    m->image = malloc(m->size_bytes + 1u);
    if (!m->image)
        return err_set(e, ERR_STATION, "Out of memory for an image of %u KiB",
                       (unsigned)(m->size_bytes >> 10));
    return nvs_write_begin(&w, m->image, m->size_bytes, m->version, m->o->read_only, e);
}

static bool make(struct maker *m, struct err *e)
{
    struct nvs_text text = { 0 };
    if (!check_options(m, e) || !get_image(m, e) ||
        !nvs_keyfile_read(m->o, &m->keys, &m->encrypted, e) || !read_table(m->o->file, &text, e))
        return false;
    bool ok = m->o->config ? make_units(m, &text, e) : make_one(m, &text, e);
    print_report(&m->report);
    free_table(&text);
    return ok;
}

enum exit_status nvs_make(const struct nvs_options *o, struct err *e)
{
    struct maker *m = calloc(1, sizeof *m);
    if (!m) {
        err_set(e, ERR_STATION, "Out of memory");
        return EXIT_STATION;
    }
    m->o = o;
    bool ok = make(m, e);
    if (m->image)
        OPENSSL_cleanse(m->image, m->size_bytes);
    free(m->image);
    nvs_keys_wipe(&m->keys);
    free(m);
    return ok ? EXIT_PASSED : cmd_status_of(e);
}
