/*
 * Pools of units: a CSV file of any bytes, or a folder with files of any names. What is taken has
 * rows that are all told apart, each value as the recipe wants it; what is refused has mistakes.
 *
 * The first byte says by which recipe: 0 a file whose rows are free, 1 one whose rows are bound to
 * MACs, 2 a folder whose files are free, 3 one whose files are called by MACs.
 */
#include "tests/fuzz/lib/fuzz.h"

#include "core/base/csv_table.h"
#include "recipes/recipe.h"
#include "recipes/units/pool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define INPUT_MAX 8192u
#define FILES_MAX 4u

#define HEAD                                                                                       \
    "recipe: r\nchip: esp32\nimages: [{ file: app.bin, offset: 0x10000 }]\nunit:\n"                \
    "  values:\n"
#define COLUMNS                                                                                    \
    "    - { name: id, from: pool, unique: true, max: 20 }\n"                                      \
    "    - { name: n, from: pool, type: number, min: -5, max: 300 }\n"                             \
    "    - { name: key, from: pool, type: hex, max: 8, secret: true }\n"                           \
    "  pools:\n"

static const char *const texts[] = {
    HEAD COLUMNS "    - { name: p, file: p.csv }\n",
    HEAD COLUMNS "    - { name: p, file: p.csv, mac: mac }\n",
    HEAD "    - { name: id, from: pool, column: name, unique: true }\n"
         "  pools:\n    - { name: p, folder: set }\n",
    HEAD "    - { name: id, from: pool, column: name, unique: true }\n"
         "  pools:\n    - { name: p, folder: set, mac: name }\n",
};
static struct recipe *recipes[4];

static void set_up(void)
{
    static struct doc_report report;
    struct err e = { 0 };
    if (recipes[0])
        return;
    enter_folder();
    put_file("app.bin", "x", 1);
    put_file("p.csv", "x", 1);
    must(mkdir("set", 0700) == 0, "the temporary folder can be written");
    for (size_t i = 0; i < 4; i++)
        must(recipe_parse("r.yaml", texts[i], strlen(texts[i]), ".", &recipes[i], &report, &e),
             "the recipe is one");
}

/* ---- What was taken ---- */

static void must_be_value(const struct pool *p, size_t row, const struct unit_value *v)
{
    struct err e = { 0 };
    char *text = pool_value(p, row, v);
    must(text != NULL, "a row has all of its values");
    char *again = strdup(text);
    must(again && unit_value_accepts(v, text, &e), "each is as the recipe wants it");
    unit_value_canon(v, again);
    must(strcmp(again, text) == 0, "in its one spelling");
    free(again);
    free(text);
}

static void must_be_row(const struct pool *p, const struct unit *u, size_t row)
{
    char sha256[POOL_SHA256_CAP], label[POOL_LABEL_CAP];
    pool_sha256(p, row, sha256);
    pool_label(p, row, label);
    must(strlen(sha256) == POOL_SHA256_CAP - 1 && label[0], "a row has a digest and a name");
    must(pool_find(p, sha256) == row, "no other row has its digest");
    for (size_t i = 0; i < u->value_count; i++)
        must_be_value(p, row, &u->values[i]);
}

static void must_differ(const struct pool *p, const struct unit_value *v)
{
    for (size_t a = 0; a < pool_count(p); a++) {
        char *x = pool_value(p, a, v);
        for (size_t b = 0; b < a && b < 50; b++) {
            char *y = pool_value(p, b, v);
            must(strcmp(x, y) != 0, "what is unique is in one row");
            free(y);
        }
        free(x);
    }
}

static void must_be_whole(const struct pool *p, const struct unit *u)
{
    static const char none[] = "0000000000000000000000000000000000000000000000000000000000000000";
    must(pool_count(p) > 0, "a pool has a row");
    for (size_t i = 0; i < pool_count(p); i++)
        must_be_row(p, u, i);
    for (size_t i = 0; i < u->value_count; i++) {
        if (u->values[i].unique)
            must_differ(p, &u->values[i]);
    }
    must(pool_find(p, none) == POOL_NO_ROW && pool_find(p, "") == POOL_NO_ROW, "no other is found");
}

/* Opened, judged, and closed by the caller; NULL: it was refused. */
static struct pool *open_pool(const struct unit *u)
{
    static struct doc_report report;
    char line[1024];
    struct err e = { 0 };
    memset(&report, 0, sizeof report);
    struct pool *p = pool_open(u, 0, &report, &e);
    must((p != NULL) == (report.total == 0), "what is refused has a mistake");
    for (size_t i = 0; i < report.kept; i++) {
        must(report.mistakes[i].sentence[0], "which has a sentence");
        doc_mistake_text("r.yaml", &report.mistakes[i], line, sizeof line);
        for (const char *c = line; *c; c++)
            must((unsigned char)*c >= 0x20 && *c != 0x7F, "that does not garble the screen");
    }
    if (p)
        must_be_whole(p, u);
    return p;
}

/* ---- A file ---- */

static void put_field(FILE *out, const struct csv_field *f)
{
    fputc('"', out);
    for (size_t i = 0; i < f->n; i++)
        fprintf(out, f->text[i] == '"' ? "\"\"" : "%c", f->text[i]);
    fputc('"', out);
}

/* The same rows the other way round, all in quotation marks, with a byte order mark in front. */
static void write_anew(const char *text, size_t n)
{
    struct csv_table t;
    struct csv_problem problem;
    char *bytes = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&bytes, &size);
    must(out && csv_table_read(text, n, false, &t, &problem), "what was taken is a table");
    fputs("\xEF\xBB\xBF", out);
    for (size_t i = 0; i < t.count; i++) {
        const struct csv_row *row = &t.rows[i ? t.count - i : 0];
        for (size_t k = 0; k < row->count; k++) {
            if (k)
                fputc(',', out);
            put_field(out, &row->fields[k]);
        }
        fputs("\r\n", out);
    }
    must(fclose(out) == 0, "there is memory");
    put_file("p.csv", bytes, size);
    csv_table_done(&t);
    free(bytes);
}

static void must_be_same(const struct pool *p, const struct pool *other)
{
    char sha256[POOL_SHA256_CAP];
    must(pool_count(p) == pool_count(other), "a file that is written anew has as many rows");
    for (size_t i = 0; i < pool_count(p); i++) {
        pool_sha256(p, i, sha256);
        must(pool_find(other, sha256) != POOL_NO_ROW, "and the same ones");
    }
}

static void any_file(struct input *in, const struct unit *u)
{
    put_file("p.csv", in->at, in->left);
    struct pool *p = open_pool(u);
    if (p) {
        write_anew((const char *)in->at, in->left);
        struct pool *other = open_pool(u);
        must(other != NULL, "what was taken is taken again");
        must_be_same(p, other);
        pool_free(other);
    }
    pool_free(p);
}

/* ---- A folder ---- */

struct made_file {
    char path[300];
    const uint8_t *bytes;
    size_t n;
};

/* A line is a name; what follows, up to 255 bytes behind their number, is in the file. */
static bool make_file(struct input *in, struct made_file *f)
{
    char *name = input_line(in);
    const size_t length = name ? strlen(name) : 0;
    bool ok = length > 0 && length < 250 && !strchr(name, '/') && strcmp(name, ".") != 0 &&
              strcmp(name, "..") != 0;
    f->bytes = input_bytes(in, input_byte(in), &f->n);
    if (ok)
        snprintf(f->path, sizeof f->path, "set/%s", name);
    FILE *out = ok ? fopen(f->path, "wb") : NULL;
    if (out) {
        fwrite(f->bytes, 1, f->n, out);
        fclose(out);
    }
    free(name);
    return out != NULL;
}

static void must_have_bytes(const struct pool *p, const struct made_file *files, size_t count)
{
    for (size_t row = 0; row < pool_count(p); row++) {
        char label[POOL_LABEL_CAP];
        struct err e = { 0 };
        size_t n = 0;
        bool found = false;
        uint8_t *bytes = pool_bytes(p, row, &n, &e);
        must(bytes != NULL, "a file that was taken is there");
        pool_label(p, row, label);
        for (size_t i = 0; i < count; i++)
            found = found || (strncmp(files[i].path + 4, label, strlen(label)) == 0 &&
                              files[i].n == n && memcmp(files[i].bytes, bytes, n) == 0);
        must(found, "and holds what was put there");
        unit_wipe(bytes, n);
    }
    struct err e = { 0 };
    size_t n = 0;
    must(!pool_bytes(p, POOL_NO_ROW, &n, &e) && e.code == ERR_UNIT, "no row has no file");
}

static void any_folder(struct input *in, const struct unit *u)
{
    struct made_file files[FILES_MAX];
    size_t count = 0;
    for (size_t i = 0; i < FILES_MAX && in->left > 0; i++)
        count += make_file(in, &files[count]);
    struct pool *p = open_pool(u);
    if (p)
        must_have_bytes(p, files, count);
    pool_free(p);
    for (size_t i = 0; i < count; i++)
        unlink(files[i].path);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct input in = { bytes, n };
    if (n == 0 || n > INPUT_MAX)
        return 0;
    set_up();
    const unsigned kind = input_byte(&in) & 3;
    if (kind < 2)
        any_file(&in, &recipes[kind]->unit);
    else
        any_folder(&in, &recipes[kind]->unit);
    return 0;
}
