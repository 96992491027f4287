#include "recipes/units/unit_bytes.h"

#include "core/base/err.h"
#include "core/base/read_all.h"
#include "core/nvs/nvs_table.h"
#include "recipes/doc/doc_priv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- Files ---- */

static uint8_t *read_file(const char *path, size_t *n, struct err *e)
{
    uint8_t *bytes = NULL;
    uint64_t size = 0;
    int fd = -1, sys = 0;
    if (file_open(path, NVS_IMAGE_BYTES, &fd, &size, &sys) != FILE_OK) {
        err_set_sys(e, ERR_UNIT, sys, "'%.120s' cannot be read", path);
        return NULL;
    }
    bytes = malloc((size_t)size + 1);
    if (!bytes)
        err_set(e, ERR_STATION, "Out of memory for '%.120s'", path);
    else if (!read_all(fd, bytes, (size_t)size, n)) {
        err_set_sys(e, ERR_UNIT, errno, "'%.120s' cannot be read", path);
        unit_wipe(bytes, (size_t)size);
        bytes = NULL;
    }
    close(fd);
    return bytes;
}

/* For a key of type file-... */
static bool read_named(void *ctx, const char *name, uint8_t **bytes, size_t *n, struct err *e)
{
    const struct unit *const u = ctx;
    char *const path = file_join(u->folder ? u->folder : "", name);
    *bytes = path ? read_file(path, n, e) : NULL;
    if (!path)
        err_set(e, ERR_STATION, "Out of memory for a path");
    free(path);
    return *bytes != NULL;
}

static bool read_shared(const struct unit_image *image, struct unit_material *m, size_t i,
                        struct err *e)
{
    const bool own = image->key_file && strchr(image->key_file, '{');
    const char *const path = image->template_path ? image->template_path
                             : own                ? NULL
                                                  : image->key_path;
    if (!path)
        return true;
    m->images[i].bytes = read_file(path, &m->images[i].n, e);
    return m->images[i].bytes != NULL;
}

/* A name that no value has would leave a hole. */
static void check_template(const struct unit *u, const struct unit_material *m, size_t i,
                           struct doc_report *report)
{
    const struct unit_image *const image = &u->images[i];
    const char *const text = (const char *)m->images[i].bytes;
    struct unit_piece piece;
    for (size_t at = 0; image->template_path && at < m->images[i].n; at += piece.takes) {
        piece = unit_piece_at(UNIT_BRACES_TWO, text + at, m->images[i].n - at);
        if (piece.name && unit_value_find(u, piece.name, piece.length) == UNIT_NO_VALUE)
            doc_report_add(report, image->template_at,
                           "'%.60s' names the value '%.*s', which "
                           "there is not",
                           image->template_file, (int)(piece.length < 40 ? piece.length : 40),
                           piece.name);
    }
}

bool unit_material_read(const struct unit *u, struct unit_material *m, struct doc_report *report,
                        struct err *e)
{
    memset(m, 0, sizeof *m);
    for (size_t i = 0; i < u->image_count; i++) {
        struct err failure = { 0 };
        if (read_shared(&u->images[i], m, i, &failure)) {
            check_template(u, m, i, report);
            continue;
        }
        if (failure.code == ERR_STATION) {
            *e = failure;
            return false;
        }
        doc_report_add(report, u->images[i].at, "%s", failure.what);
    }
    return report->total == 0 || err_set(e, ERR_RECIPE, "The files of 'unit' have mistakes");
}

void unit_material_done(struct unit_material *m)
{
    for (size_t i = 0; i < UNIT_IMAGES_MAX; i++)
        unit_wipe(m->images[i].bytes, m->images[i].n);
    memset(m, 0, sizeof *m);
}

/* ---- NVS ---- */

static bool bad_entry(const struct unit_entry *entry, struct err *e, const char *what)
{
    return err_set(e, ERR_UNIT, "Key '%s' of '%s': its value %s", entry->key, entry->space, what);
}

static bool number_of(const struct unit_entry *entry, enum nvs_type type, const char *text,
                      uint64_t *bits, struct err *e)
{
    const bool minus = text[0] == '-';
    const unsigned width = 8 * (unsigned)nvs_number_bytes(type);
    char *end;
    errno = 0;
    const uint64_t size = strtoull(text + minus, &end, 10);
    if (text[minus] < '0' || text[minus] > '9' || *end != '\0' || errno != 0)
        return bad_entry(entry, e, "is no whole number in decimal");
    const bool has_sign = (type & 0x10) != 0;
    const uint64_t most = has_sign      ? ((uint64_t)1 << (width - 1)) - !minus
                          : width == 64 ? UINT64_MAX
                                        : ((uint64_t)1 << width) - 1;
    if (size > most || (minus && !has_sign))
        return bad_entry(entry, e, "is out of range");
    *bits = minus ? 0 - size : size;
    return true;
}

/* In place: two digits become a byte. */
static bool bytes_of(const struct unit_entry *entry, char *text, size_t *n, struct err *e)
{
    const size_t digits = strlen(text);
    if (digits % 2 != 0 || strspn(text, "0123456789abcdefABCDEF") != digits)
        return bad_entry(entry, e, "is no bytes in hexadecimal");
    for (size_t i = 0; i < digits / 2; i++) {
        const char pair[3] = { text[2 * i], text[2 * i + 1], '\0' };
        text[i] = (char)strtoul(pair, NULL, 16);
    }
    *n = digits / 2;
    return true;
}

/* What an entry is, in the form in which NVS has it. To be ended with unit_wipe(text,
 * text_bytes). */
struct content {
    enum nvs_type type;
    char *text;
    size_t text_bytes;
    size_t n;      /* of a string or blob */
    uint64_t bits; /* of a number */
};

/* By an encoding of the generator; the text becomes the bytes. */
static bool read_encoded(const struct unit_instance *in, const struct unit_entry *entry,
                         struct content *c, struct err *e)
{
    const struct unit_entry_type *const form = &unit_entry_types[entry->type];
    const struct nvs_files files = { read_named, (void *)(uintptr_t)in->unit };
    struct nvs_row row;
    struct err why = { 0 };
    const bool ok = nvs_table_value(form->encoding, form->file, c->text, &files, 2, &row, &why);
    unit_wipe(c->text, c->text_bytes);
    c->text = (char *)row.bytes;
    c->text_bytes = c->n = row.n;
    if (!ok && why.code == ERR_STATION)
        *e = why;
    else if (!ok)
        err_set(e, ERR_UNIT, "Key '%s' of '%s': %s", entry->key, entry->space, why.what);
    return ok;
}

static bool content_of(const struct unit_instance *in, const struct unit_entry *entry,
                       struct content *c, struct err *e)
{
    const struct unit_entry_type *const form = &unit_entry_types[entry->type];
    *c = (struct content){ .type = form->type };
    c->text = unit_expand(in->unit, &in->texts, UNIT_BRACES_ONE, entry->value, strlen(entry->value),
                          &c->n);
    if (!c->text)
        return err_set(e, ERR_STATION, "Out of memory for a value");
    c->text_bytes = c->n;
    if (form->encoding)
        return read_encoded(in, entry, c, e);
    if (nvs_number_bytes(c->type) > 0)
        return number_of(entry, c->type, c->text, &c->bits, e);
    return c->type != NVS_BLOB || bytes_of(entry, c->text, &c->n, e);
}

static bool put_content(struct nvs_writer *w, const char *key, const struct content *c,
                        struct err *e)
{
    if (nvs_number_bytes(c->type) > 0)
        return nvs_write_number(w, key, c->type, c->bits, e);
    return c->type == NVS_BLOB ? nvs_write_blob(w, key, c->text, c->n, e)
                               : nvs_write_string(w, key, c->text, c->n, e);
}

static bool put_entries(const struct unit_instance *in, const struct unit_image *image,
                        struct nvs_writer *w, struct err *e)
{
    const char *space = "";
    bool ok = true;
    for (size_t i = 0; ok && i < image->entry_count; i++) {
        const struct unit_entry *const entry = &image->entries[i];
        struct content c;
        if (strcmp(space, entry->space) != 0)
            ok = nvs_write_space(w, entry->space, e);
        space = entry->space;
        ok = content_of(in, entry, &c, e) && ok && put_content(w, entry->key, &c, e);
        unit_wipe(c.text, c.text_bytes);
    }
    return ok;
}

/* ---- Encryption ---- */

static size_t slashes(const char *path)
{
    size_t n = 0;
    for (; *path; path++)
        n += *path == '/';
    return n;
}

/* The key file of the unit's own. */
static uint8_t *key_file_bytes(const struct unit_instance *in, size_t i, size_t *n, struct err *e)
{
    const struct unit_image *const image = &in->unit->images[i];
    uint8_t *bytes = NULL;
    size_t length;
    char *const path = unit_expand(in->unit, &in->texts, UNIT_BRACES_ONE, image->key_path,
                                   strlen(image->key_path), &length);
    if (!path)
        err_set(e, ERR_STATION, "Out of memory for a path");
    else if (slashes(path) != slashes(image->key_path)) /* a value is a name, and leads nowhere */
        err_set(e, ERR_UNIT, "A value in the path of '%.80s' has a slash", image->key_file);
    else
        bytes = read_file(path, n, e);
    unit_wipe(path, path ? length : 0);
    return bytes;
}

/* What a key file holds: shared, or the unit's own, which *own gets to wipe. */
static const uint8_t *key_bytes(const struct unit_instance *in, size_t i, size_t *n, uint8_t **own,
                                struct err *e)
{
    const struct unit_image *const image = &in->unit->images[i];
    *own = NULL;
    *n = in->material->images[i].n;
    if (in->material->images[i].bytes)
        return in->material->images[i].bytes;
    *own = image->key_pool
               ? pool_bytes(in->pools[image->key_pool_index], in->rows[image->key_pool_index], n, e)
               : key_file_bytes(in, i, n, e);
    return *own;
}

/* The bytes of a value of type hex, which is canonical. False: it is not known. */
static bool value_bytes(const struct unit_instance *in, size_t value, uint8_t *bytes, size_t n,
                        struct err *e)
{
    const char *const text = in->texts.texts[value];
    if (!text || strlen(text) != 2 * n)
        return err_set(e, ERR_UNIT, "The value '%s' is not known", in->unit->values[value].name);
    for (size_t i = 0; i < n; i++) {
        const char pair[3] = { text[2 * i], text[2 * i + 1], '\0' };
        bytes[i] = (uint8_t)strtoul(pair, NULL, 16);
    }
    return true;
}

static bool keys_of_value(const struct unit_instance *in, const struct unit_image *image,
                          struct nvs_keys *keys, struct err *e)
{
    uint8_t hmac[NVS_HMAC_BYTES];
    if (image->encrypt == UNIT_ENCRYPT_KEYS)
        return value_bytes(in, image->key_value_index, keys->bytes, sizeof keys->bytes, e);
    const bool ok = value_bytes(in, image->key_value_index, hmac, sizeof hmac, e) &&
                    nvs_keys_from_hmac(hmac, keys, e);
    explicit_bzero(hmac, sizeof hmac);
    return ok;
}

static bool read_keys(const struct unit_instance *in, size_t i, struct nvs_keys *keys,
                      struct err *e)
{
    const struct unit_image *const image = &in->unit->images[i];
    uint8_t *own;
    size_t n;
    if (image->key_value)
        return keys_of_value(in, image, keys, e);
    const uint8_t *const bytes = key_bytes(in, i, &n, &own, e);
    bool ok = bytes != NULL;
    if (ok && image->encrypt == UNIT_ENCRYPT_KEYS)
        ok = nvs_keys_read(bytes, n, keys, e);
    else if (ok)
        ok = (n == NVS_HMAC_BYTES ||
              err_set(e, ERR_UNIT,
                      "An HMAC key has 32 bytes, and '%.80s' "
                      "has %zu",
                      image->key_file ? image->key_file : image->key_pool, n)) &&
             nvs_keys_from_hmac(bytes, keys, e);
    unit_wipe(own, n);
    return ok;
}

static bool apply_keys(const struct unit_instance *in, size_t i, uint8_t *bytes, size_t size,
                       bool (*way)(uint8_t *bytes, size_t n, const struct nvs_keys *keys,
                                   struct err *e),
                       struct err *e)
{
    struct nvs_keys keys;
    if (in->unit->images[i].encrypt == UNIT_PLAIN)
        return true;
    const bool ok = read_keys(in, i, &keys, e) && way(bytes, size, &keys, e);
    nvs_keys_wipe(&keys);
    return ok;
}

/* ---- What is known ---- */

/* The first value in the text that is not known; UNIT_NO_VALUE: all are. */
static size_t unknown_in(const struct unit_instance *in, enum unit_braces braces, const char *text,
                         size_t n)
{
    struct unit_piece piece;
    for (size_t i = 0; text && i < n; i += piece.takes) {
        piece = unit_piece_at(braces, text + i, n - i);
        const size_t value =
            piece.name ? unit_value_find(in->unit, piece.name, piece.length) : UNIT_NO_VALUE;
        if (value != UNIT_NO_VALUE && !in->texts.texts[value])
            return value;
    }
    return UNIT_NO_VALUE;
}

static size_t unknown_in_path(const struct unit_instance *in, const char *text)
{
    return unknown_in(in, UNIT_BRACES_ONE, text, text ? strlen(text) : 0);
}

static size_t unknown_key(const struct unit_instance *in, const struct unit_image *image)
{
    if (image->key_value && !in->texts.texts[image->key_value_index])
        return image->key_value_index;
    return unknown_in_path(in, image->key_path);
}

static size_t unknown_value(const struct unit_instance *in, size_t i)
{
    const struct unit_image *const image = &in->unit->images[i];
    size_t value = unknown_key(in, image);
    if (value == UNIT_NO_VALUE && image->nvs_keys && !in->texts.texts[image->nvs_keys_index])
        value = image->nvs_keys_index;
    if (value == UNIT_NO_VALUE && image->template_path)
        value = unknown_in(in, UNIT_BRACES_TWO, (const char *)in->material->images[i].bytes,
                           in->material->images[i].n);
    for (size_t k = 0; value == UNIT_NO_VALUE && k < image->entry_count; k++)
        value = unknown_in_path(in, image->entries[k].value);
    return value;
}

/* The pool of which the unit has no row that is still there; UNIT_NO_VALUE: none. */
static size_t gone_pool(const struct unit_instance *in, const struct unit_image *image,
                        size_t value)
{
    size_t pools[] = { UNIT_NO_VALUE, UNIT_NO_VALUE, UNIT_NO_VALUE };
    if (value != UNIT_NO_VALUE && in->unit->values[value].from == UNIT_FROM_POOL)
        pools[0] = in->unit->values[value].pool_index;
    if (value == UNIT_NO_VALUE && image->pool)
        pools[1] = image->pool_index;
    if (value == UNIT_NO_VALUE && image->key_pool)
        pools[2] = image->key_pool_index;
    for (size_t i = 0; i < sizeof pools / sizeof pools[0]; i++) {
        if (pools[i] != UNIT_NO_VALUE && in->rows[pools[i]] == POOL_NO_ROW)
            return pools[i];
    }
    return UNIT_NO_VALUE;
}

bool unit_bytes_knows(const struct unit_instance *in, size_t i, char why[static UNIT_WHY_CAP])
{
    const size_t value = unknown_value(in, i);
    const size_t pool = gone_pool(in, &in->unit->images[i], value);
    size_t n = 0;
    if (value != UNIT_NO_VALUE)
        n = (size_t)snprintf(why, UNIT_WHY_CAP, "%s '%s'%s",
                             in->unit->values[value].secret == UNIT_TRUE ? "secret" : "value",
                             in->unit->values[value].name, pool == UNIT_NO_VALUE ? "" : ": ");
    if (pool != UNIT_NO_VALUE)
        snprintf(why + n, UNIT_WHY_CAP - n, "%s of pool '%s' was changed or is gone",
                 in->gone[pool] ? in->gone[pool] : "a row", in->unit->pools[pool].name);
    return value == UNIT_NO_VALUE && pool == UNIT_NO_VALUE;
}

/* ---- Images ---- */

static bool too_large(size_t n, size_t size, struct err *e)
{
    return err_set(e, ERR_UNIT, "The unit's image has %zu bytes, and its place %zu", n, size);
}

static bool place(uint8_t *bytes, size_t size, const void *content, size_t n, struct err *e)
{
    if (n > size)
        return too_large(n, size, e);
    memset(bytes, 0xFF, size);
    memcpy(bytes, content, n);
    return true;
}

static bool make_nvs(const struct unit_instance *in, size_t i, bool read_only, uint8_t *bytes,
                     size_t size, struct err *e)
{
    const struct unit_image *const image = &in->unit->images[i];
    struct nvs_writer w;
    return nvs_write_begin(&w, bytes, size, image->version, read_only, e) &&
           put_entries(in, image, &w, e) && apply_keys(in, i, bytes, size, nvs_encrypt, e);
}

static bool make_from_template(const struct unit_instance *in, size_t i, uint8_t *bytes,
                               size_t size, struct err *e)
{
    size_t n;
    char *const text =
        unit_expand(in->unit, &in->texts, UNIT_BRACES_TWO,
                    (const char *)in->material->images[i].bytes, in->material->images[i].n, &n);
    const bool ok = text ? place(bytes, size, text, n, e)
                         : err_set(e, ERR_STATION, "Out of memory for a template");
    unit_wipe(text, text ? n : 0);
    return ok;
}

static bool make_from_pool(const struct unit_instance *in, size_t i, uint8_t *bytes, size_t size,
                           struct err *e)
{
    const size_t pool = in->unit->images[i].pool_index;
    size_t n;
    uint8_t *const content = pool_bytes(in->pools[pool], in->rows[pool], &n, e);
    const bool ok = content && place(bytes, size, content, n, e);
    unit_wipe(content, content ? n : 0);
    return ok;
}

static bool make_nvs_keys(const struct unit_instance *in, size_t i, uint8_t *bytes, size_t size,
                          struct err *e)
{
    uint8_t content[NVS_KEYFILE_BYTES];
    struct nvs_keys keys;
    bool ok = value_bytes(in, in->unit->images[i].nvs_keys_index, keys.bytes, sizeof keys.bytes, e);
    if (ok)
        nvs_keys_write(&keys, content);
    ok = ok && place(bytes, size, content, sizeof content, e);
    explicit_bzero(content, sizeof content);
    nvs_keys_wipe(&keys);
    return ok;
}

bool unit_bytes_make(const struct unit_instance *in, size_t i, bool read_only, uint8_t *bytes,
                     size_t size, struct err *e)
{
    const struct unit_image *const image = &in->unit->images[i];
    const bool ok = image->entry_count > 0 ? make_nvs(in, i, read_only, bytes, size, e)
                    : image->pool          ? make_from_pool(in, i, bytes, size, e)
                    : image->nvs_keys      ? make_nvs_keys(in, i, bytes, size, e)
                                           : make_from_template(in, i, bytes, size, e);
    if (!ok && e->code != ERR_STATION)
        e->code = ERR_UNIT;
    return ok ? true : err_wrap(e, "Image of %s", image->partition ? image->partition : "the unit");
}

/* ---- Key by key ---- */

static const struct nvs_value *find_value(const struct nvs_image *found, const char *space,
                                          const char *key)
{
    for (size_t i = 0; i < found->value_count; i++) {
        const struct nvs_value *const v = &found->values[i];
        if (strcmp(v->space, space) == 0 && strcmp(v->key, key) == 0)
            return v;
    }
    return NULL;
}

static bool is_equal(const struct nvs_value *v, const struct content *c)
{
    const size_t number = nvs_number_bytes(c->type);
    const uint64_t mask = number == 8 ? UINT64_MAX : ((uint64_t)1 << 8 * number) - 1;
    const bool blob = c->type == NVS_BLOB && (v->type == NVS_BLOB || v->type == NVS_BLOB_V1);
    if (number > 0)
        return v->type == c->type && (v->bits & mask) == (c->bits & mask);
    return (blob || v->type == c->type) && v->size_bytes == c->n &&
           memcmp(v->bytes, c->text, c->n) == 0;
}

static bool compare_entry(const struct unit_instance *in, const struct unit_entry *entry,
                          const struct nvs_image *found, struct err *e)
{
    struct content c;
    const struct nvs_value *const v = find_value(found, entry->space, entry->key);
    bool ok = content_of(in, entry, &c, e);
    if (ok && (!v || !is_equal(v, &c)))
        ok = err_set(e, ERR_VERIFY, "Key '%s' of '%s' %s", entry->key, entry->space,
                     v ? "has another value than the unit's" : "is not there");
    unit_wipe(c.text, c.text_bytes);
    return ok;
}

bool unit_bytes_compare(const struct unit_instance *in, size_t i, bool read_only, uint8_t *bytes,
                        size_t size, struct err *e)
{
    const struct unit_image *const image = &in->unit->images[i];
    struct nvs_image found = { 0 };
    bool ok = (unknown_key(in, image) == UNIT_NO_VALUE ||
               err_set(e, ERR_UNIT, "The keys to decrypt with are not known")) &&
              apply_keys(in, i, bytes, size, nvs_decrypt, e) &&
              nvs_read(bytes, size, read_only, &found, e);
    for (size_t k = 0; ok && k < image->entry_count; k++)
        ok = unknown_in_path(in, image->entries[k].value) != UNIT_NO_VALUE ||
             compare_entry(in, &image->entries[k], &found, e);
    nvs_image_done(&found);
    return ok ? true : err_wrap(e, "Image of %s", image->partition ? image->partition : "the unit");
}
