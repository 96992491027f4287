/* From what was imported to the text of a recipe. */
#include "core/base/digest.h"
#include "core/base/err.h"
#include "core/base/plain.h"
#include "core/images/image.h"
#include "core/images/intel_hex.h"
#include "core/images/partitions.h"
#include "station/import/import.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What an image says about itself. */
struct facts {
    uint8_t sha256[DIGEST_SHA256_BYTES];
    size_t size_bytes;
    bool hex;
    bool data; /* of another chip, in a partition for data: written as it is */
    struct image image;
    const struct chip *chip; /* NULL: it does not say */
};

struct writer {
    struct import *im;
    struct partitions *table; /* NULL: none among the images */
    struct facts facts[RECIPE_IMAGES_MAX];
    char *folder; /* of the recipe, resolved */
    FILE *out;
};

/* ---- Looking at the images ---- */

const struct chip *import_chip_of(const struct image *image)
{
    bool esp8266 = image->kind == IMAGE_SHORT || image->kind == IMAGE_SHORT_V2 ||
                   (image->kind == IMAGE_LONG && image->esp8266_memory);
    return esp8266                     ? chip_by_name("esp8266")
           : image->kind == IMAGE_LONG ? chip_by_image_id(image->chip_id)
                                       : NULL;
}

/* EA is an ESP8266's second format; anywhere else it is a byte like others. */
bool import_look(const uint8_t *bytes, size_t n, const struct chip *chip, struct image *image,
                 struct err *e)
{
    bool known_short = chip && (chip->flags & CHIP_SHORT_HEADER);
    image_read(bytes, n, known_short || (!chip && bytes[0] == IMAGE_MAGIC_V2), image);
    return image->problem != image_no_memory ||
           err_set(e, ERR_STATION, "Out of memory for the import");
}

/* A table tells which places are for data. The first one counts. */
static bool take_table(struct writer *w, const uint8_t *bytes, size_t n, struct err *e)
{
    struct partitions table;
    if (w->table || !partitions_read(bytes, n, &table))
        return true;
    w->table = malloc(sizeof *w->table);
    if (!w->table)
        return err_set(e, ERR_STATION, "Out of memory for the import");
    *w->table = table;
    return true;
}

static bool look_at(struct writer *w, const struct import_image *image, struct facts *f,
                    struct err *e)
{
    size_t n;
    uint8_t *bytes = import_read_image(image->path, &n, e);
    if (!bytes)
        return false;
    if (!digest_sha256(bytes, n, f->sha256)) {
        free(bytes);
        return err_set(e, ERR_STATION, "Out of memory for the import");
    }
    f->hex = intel_hex_is(bytes, n);
    f->size_bytes = n;
    bool ok = import_look(bytes, n, w->im->chip, &f->image, e) && take_table(w, bytes, n, e);
    f->chip = import_chip_of(&f->image);
    free(bytes);
    if (!ok)
        return false;
    if (f->image.kind != IMAGE_LONG || f->chip)
        return true;
    return err_set(e, ERR_IMAGE,
                   "'%.120s' is for a chip with id %u, which this station does not "
                   "know",
                   image->path, f->image.chip_id);
}

/* The firmware of a radio lies in its host's flash as data, where the host finds it. */
static bool is_data(const struct writer *w, uint32_t addr)
{
    const struct partition *p = w->table ? partitions_at(w->table, addr) : NULL;
    return p && p->type != PARTITION_APP;
}

static bool agree_on_chip(struct writer *w, struct err *e)
{
    struct import *im = w->im;
    for (size_t i = 0; i < im->image_count; i++) {
        const struct chip *says = w->facts[i].chip;
        if (!im->chip)
            im->chip = says;
        if (!says || says == im->chip)
            continue;
        w->facts[i].data = is_data(w, im->images[i].offset_addr);
        if (!w->facts[i].data)
            return err_set(e, ERR_IMAGE, "'%.120s' is an image for %s, and the rest is for %s",
                           im->images[i].path, says->name, im->chip->name);
    }
    if (im->chip)
        return true;
    err_set(e, ERR_USAGE, "Nothing says which chip this is for");
    return err_hint(e, "Say it, as in: espstation import --chip esp32 ...");
}

static int by_offset(const void *a, const void *b)
{
    const struct import_image *left = a, *right = b;
    return (left->offset_addr > right->offset_addr) - (left->offset_addr < right->offset_addr);
}

static bool look_at_all(struct writer *w, struct err *e)
{
    struct import *im = w->im;
    qsort(im->images, im->image_count, sizeof *im->images, by_offset);
    for (size_t i = 0; i < im->image_count; i++) {
        if (!look_at(w, &im->images[i], &w->facts[i], e))
            return false;
    }
    return agree_on_chip(w, e);
}

/* ---- Paths ---- */

/* `to` as seen from `from`, both absolute and resolved. */
static char *relative_path(const char *from, const char *to)
{
    size_t same = 0;
    for (size_t i = 0;; i++) {
        bool from_ends = from[i] == '\0' || from[i] == '/';
        bool to_ends = to[i] == '\0' || to[i] == '/';
        if (from_ends && to_ends)
            same = i;
        if (from[i] == '\0' || from[i] != to[i])
            break;
    }
    char *path = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&path, &n);
    if (!out)
        return NULL;
    const char *rest = from + same;
    for (const char *p = strcmp(from, "/") == 0 ? "" : rest; *p; p++) {
        if (*p == '/' && p[1] != '\0')
            fputs("../", out);
    }
    fputs(to[same] == '/' ? to + same + 1 : to + same, out);
    if (fclose(out) == 0)
        return path;
    free(path);
    return NULL;
}

/* The folder is resolved, the file's own name stays: it may be a link that a build renews. */
static char *image_path(const struct writer *w, const char *path, struct err *e)
{
    const char *slash = strrchr(path, '/');
    char *parent = slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");
    char *real = parent ? realpath(parent, NULL) : NULL;
    char *whole = real ? import_join(real, slash ? slash + 1 : path, e) : NULL;
    char *relative = whole ? relative_path(w->folder, whole) : NULL;
    if (!relative)
        err_set_sys(e, errno == ENOMEM ? ERR_STATION : ERR_IMAGE, errno,
                    "The folder of '%.150s' cannot be found", path);
    free(parent);
    free(real);
    free(whole);
    return relative;
}

static char *recipe_folder(const char *recipe_path, struct err *e)
{
    const char *slash = recipe_path ? strrchr(recipe_path, '/') : NULL;
    char *parent =
        slash ? strndup(recipe_path, slash == recipe_path ? 1 : (size_t)(slash - recipe_path))
              : strdup(".");
    char *real = parent ? realpath(parent, NULL) : NULL;
    if (!real)
        err_set_sys(e, errno == ENOMEM ? ERR_STATION : ERR_USAGE, errno,
                    "The folder for '%.150s' cannot be found", recipe_path ? recipe_path : "it");
    free(parent);
    return real;
}

/* ---- The text ---- */

static void put_quoted(FILE *out, const char *text)
{
    fputc('"', out);
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        if (*p == '"' || *p == '\\')
            fprintf(out, "\\%c", *p);
        else if (*p < 0x20 || *p == 0x7F)
            fprintf(out, "\\x%02x", *p);
        else
            fputc(*p, out);
    }
    fputc('"', out);
}

/* What came from elsewhere must not end its line. */
static void put_comment(FILE *out, const char *head, const char *text)
{
    char *plain = strdup(text);
    if (plain)
        plain_make(plain);
    fprintf(out, "# %s%s\n", head, plain ? plain : "?");
    free(plain);
}

static const struct facts *application(const struct writer *w)
{
    for (size_t i = 0; i < w->im->image_count; i++) {
        if (w->facts[i].image.has_app && !w->facts[i].data)
            return &w->facts[i];
    }
    return NULL;
}

/* A name has no control characters; those of a folder can have some. */
static void put_name(FILE *out, const char *text)
{
    char name[65];
    snprintf(name, sizeof name, "%s", text);
    plain_make(name);
    put_quoted(out, name);
}

/* The description that Arduino's libraries bring along is not the sketch's. */
static void put_head(const struct writer *w)
{
    const struct facts *app = application(w);
    bool own = app && strcmp(app->image.app_project, import_arduino_project) != 0;
    const char *name = own && app->image.app_project[0] ? app->image.app_project : w->im->name;
    put_comment(w->out, "Made by espstation import from ", w->im->source);
    for (size_t i = 0; i < w->im->note_count; i++)
        put_comment(w->out, "not carried over: ", w->im->notes[i]);
    if (w->im->notes_lost)
        put_comment(w->out, "not carried over: ", "more than can be told here");
    fputs("recipe: ", w->out);
    put_name(w->out, name[0] ? name : "imported");
    const char *version =
        own && app->image.app_version[0] ? app->image.app_version : w->im->version;
    if (version[0]) {
        fputs("\nversion: ", w->out);
        put_name(w->out, version);
    }
    fprintf(w->out, "\nchip: %s\n", w->im->chip->id_name);
}

static void put_flash(const struct writer *w)
{
    const struct {
        const char *key, *value;
    } rows[] = { { "size", w->im->size }, { "mode", w->im->mode }, { "freq", w->im->freq } };
    const char *gap = "flash: { ";
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].value[0] == '\0')
            continue;
        fprintf(w->out, "%s%s: ", gap, rows[i].key);
        put_quoted(w->out, rows[i].value);
        gap = ", ";
    }
    fputs(gap[0] == ',' ? " }\n" : "", w->out);
}

static bool put_images(const struct writer *w, struct err *e)
{
    fputs("images:\n", w->out);
    for (size_t i = 0; i < w->im->image_count; i++) {
        char sha256[2 * DIGEST_SHA256_BYTES + 1];
        char *path = image_path(w, w->im->images[i].path, e);
        if (!path)
            return false;
        digest_hex(w->facts[i].sha256, DIGEST_SHA256_BYTES, sha256);
        fputs("  - file: ", w->out);
        put_quoted(w->out, path);
        fprintf(w->out, "\n    offset: 0x%x\n    sha256: %s\n",
                w->facts[i].hex ? 0 : w->im->images[i].offset_addr, sha256);
        if (w->facts[i].data)
            fprintf(w->out, "    as: data # for %s\n", w->facts[i].chip->name);
        free(path);
    }
    return true;
}

/* The usual rates below the first one, two at most. */
static void put_port(const struct writer *w)
{
    static const uint32_t rates[] = { 460800, 230400, 115200 };
    const char *gap = "";
    size_t count = 0;
    if (w->im->baud == 0 && !w->im->reset)
        return;
    fputs("port: { ", w->out);
    if (w->im->baud != 0) {
        fprintf(w->out, "baud: %u, fallback: [", w->im->baud);
        for (size_t i = 0; i < sizeof rates / sizeof rates[0] && count < 2; i++) {
            if (rates[i] < w->im->baud)
                fprintf(w->out, "%s%u", count++ ? ", " : "", rates[i]);
        }
        fputs("]", w->out);
        gap = ", ";
    }
    if (w->im->reset)
        fprintf(w->out, "%sreset: %s", gap, w->im->reset);
    fputs(" }\n", w->out);
}

/* A HEX file goes where it says, whatever the command line said. */
static void note_hex(struct writer *w)
{
    for (size_t i = 0; i < w->im->image_count; i++) {
        if (w->facts[i].hex && w->im->images[i].offset_addr != 0)
            import_note(w->im, "the offset 0x%x of %.150s: an Intel HEX file has its own addresses",
                        w->im->images[i].offset_addr, w->im->images[i].path);
    }
}

/* Builds for secure boot leave the boot loader out: it is written once, and signed elsewhere. */
static void note_boot(struct writer *w)
{
    uint32_t addr = w->im->chip->boot_addr;
    for (size_t i = 0; i < w->im->image_count; i++) {
        uint32_t from = w->im->images[i].offset_addr;
        if (w->facts[i].hex || (addr >= from && addr - from < w->facts[i].size_bytes))
            return;
    }
    if (w->im->whole)
        import_note(w->im,
                    "a boot loader for 0x%x, which this build does not list (as for secure boot): "
                    "a board that has none there does not start",
                    addr);
}

static bool put_recipe(struct writer *w, struct err *e)
{
    note_hex(w);
    note_boot(w);
    put_head(w);
    put_flash(w);
    if (!put_images(w, e))
        return false;
    fputs(w->im->erase_all ? "erase: all\n" : "", w->out);
    fputs(w->im->rom ? "loader: rom\n" : "", w->out);
    put_port(w);
    if (w->im->attempts > 0)
        fprintf(w->out, "retry: { sync: %u }\n", w->im->attempts - 1);
    return true;
}

char *import_recipe(struct import *im, const char *recipe_path, struct err *e)
{
    char *text = NULL;
    size_t n = 0;
    bool ok = false;
    struct writer *w = calloc(1, sizeof *w);
    if (!w || !(w->out = open_memstream(&text, &n))) {
        err_set(e, ERR_STATION, "Out of memory for the recipe");
        goto out;
    }
    w->im = im;
    w->folder = recipe_folder(recipe_path, e);
    ok = w->folder && look_at_all(w, e) && put_recipe(w, e);
    bool lost = ferror(w->out);
    lost = fclose(w->out) != 0 || lost || !text; /* it may be lost to the last call alone */
    if (ok && lost)
        ok = err_set(e, ERR_STATION, "Out of memory for the recipe");
    if (!ok) {
        free(text);
        text = NULL;
    }
    free(w->folder);
    free(w->table);
out:
    free(w);
    return text;
}
