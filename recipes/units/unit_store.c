/*
 * Values of the section `unit` that need more than a row of the table, each into its field.
 */
#include "recipes/units/unit_priv.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static bool has_only(const char *text, const char *characters)
{
    return text[strspn(text, characters)] == '\0';
}

bool store_unit_name(struct values *v, unsigned id, const struct scalar *s, void *target)
{
    if (!has_only(s->text, "abcdefghijklmnopqrstuvwxyz0123456789_"))
        return value_refuse(v, id, s, NULL);
    return value_store_text(v, id, s, target);
}

bool store_unit_counter(struct values *v, unsigned id, const struct scalar *s, void *target)
{
    if (!has_only(s->text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"))
        return value_refuse(v, id, s, NULL);
    return value_store_text(v, id, s, target);
}

static bool read_whole(const char *text, int64_t *number)
{
    char *end;
    const char *const digits = text + (*text == '-');
    if (!isdigit((unsigned char)*digits) || (digits[0] == '0' && digits[1] != '\0'))
        return false;
    errno = 0;
    const long long read = strtoll(text, &end, 10);
    *number = read;
    return errno == 0 && *end == '\0';
}

bool store_unit_number(struct values *v, unsigned id, const struct scalar *s, void *target)
{
    int64_t number;
    if (!read_whole(s->text, &number))
        return value_refuse(v, id, s, NULL);
    memcpy((char *)target + key_row(v->kind, id)->field, &number, sizeof number);
    return true;
}

bool store_unit_count(struct values *v, unsigned id, const struct scalar *s, void *target)
{
    int64_t number;
    if (!read_whole(s->text, &number) || number < 0)
        return value_refuse(v, id, s, NULL);
    const uint64_t count = (uint64_t)number;
    memcpy((char *)target + key_row(v->kind, id)->field, &count, sizeof count);
    return true;
}

/* ---- Paths ---- */

/* Keeps the spelling, and the path seen from the recipe's folder. */
static bool store_path(struct values *v, unsigned id, const struct scalar *s, void *target,
                       char **path)
{
    if (!value_store_text(v, id, s, target))
        return false;
    free(*path);
    *path = file_join(v->base_dir ? v->base_dir : "", s->text);
    return *path || value_no_memory(v);
}

static bool refuse_file(struct values *v, unsigned id, const struct scalar *s, const char *what)
{
    char quoted[QUOTE_BYTES];
    doc_report_add(v->report, s->at, "'%s' names '%s', which %s", key_row(v->kind, id)->path,
                   value_quote(s->text, quoted, sizeof quoted), what);
    return false;
}

static bool is_folder(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool is_file(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

bool store_unit_pool_file(struct values *v, unsigned id, const struct scalar *s, void *target)
{
    struct unit_pool *const pool = target;
    if (!store_path(v, id, s, target, &pool->file_path))
        return false;
    return !v->base_dir || is_file(pool->file_path) || refuse_file(v, id, s, "is no file there");
}

bool store_unit_pool_folder(struct values *v, unsigned id, const struct scalar *s, void *target)
{
    struct unit_pool *const pool = target;
    if (!store_path(v, id, s, target, &pool->folder_path))
        return false;
    return !v->base_dir || is_folder(pool->folder_path) ||
           refuse_file(v, id, s, "is no folder there");
}

bool store_unit_path(struct values *v, unsigned id, const struct scalar *s, void *target)
{
    struct unit_image *const image = target;
    if (!store_path(v, id, s, target, &image->key_path))
        return false;
    return !v->base_dir || strchr(s->text, '{') || is_file(image->key_path) ||
           refuse_file(v, id, s, "is no file there");
}

bool store_unit_template(struct values *v, unsigned id, const struct scalar *s, void *target)
{
    struct unit_image *const image = target;
    if (!store_path(v, id, s, target, &image->template_path))
        return false;
    return !v->base_dir || is_file(image->template_path) ||
           refuse_file(v, id, s, "is no file there");
}
