/*
 * PlatformIO leaves images without a list of where they go; only where an editor asked for it there
 * is one, idedata.json. Its paths are those of the machine that built.
 */
#include "core/base/err.h"
#include "core/images/image.h"
#include "station/import/build_priv.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_BYTES 256
#define NAMES_MAX  1000

/* ---- idedata.json ---- */

struct idedata {
    struct json_node *root;   /* NULL: there is none */
    char program[NAME_BYTES]; /* "firmware"; "": not said */
    size_t out_bytes;         /* of prog_path, up to its last slash */
};

static bool read_idedata(struct idedata *d, const char *folder, struct err *e)
{
    size_t n;
    bool there = false;
    char *path = import_join(folder, "idedata.json", e);
    char *text = path ? import_read_text(path, &n, &there, e) : NULL;
    if (text)
        d->root = import_json(path, text, n, e);
    const char *program = json_get_text(d->root, "prog_path");
    const char *name = program ? import_base_name(program) : "";
    const char *dot = strrchr(name, '.');
    d->out_bytes = program ? (size_t)(name - program) : 0;
    snprintf(d->program, sizeof d->program, "%.*s", dot ? (int)(dot - name) : 0, name);
    bool ok = path && (d->root || !there);
    free(text);
    free(path);
    return ok;
}

/* The files of the folder that was named win, whatever lies where the build has been. What the list
 * has from there must be in the folder; what it has from elsewhere may still be there. */
static char *find_listed(const struct idedata *d, const char *folder, const char *path,
                         struct err *e)
{
    const char *name = import_base_name(path);
    const char *program = json_get_text(d->root, "prog_path");
    bool own = name == path || (program && (size_t)(name - path) == d->out_bytes &&
                                strncmp(path, program, d->out_bytes) == 0);
    if (own || import_is_file(folder, name))
        return import_join(folder, name, e);
    return import_join("", path, e);
}

static bool list_one(struct build *b, const struct idedata *d, const char *path, const char *offset,
                     struct err *e)
{
    uint32_t addr;
    if (!path || !offset)
        return err_set(e, ERR_USAGE, "flash_images holds an entry without path or offset");
    if (b->other_count == RECIPE_IMAGES_MAX)
        return err_set(e, ERR_USAGE, "There are more than %d images", RECIPE_IMAGES_MAX);
    if (!import_parse_offset(offset, &addr, e))
        return false;
    char *file = find_listed(d, b->folder, path, e);
    if (!file)
        return false;
    b->others[b->other_count++] = (struct import_image){ file, addr };
    if (!import_is_file("", file)) {
        err_set(e, ERR_IMAGE, "'%.100s' for 0x%x is neither there nor in the folder", path, addr);
        return err_hint(e, "Copy %.60s into %.100s, or build again.", import_base_name(path),
                        b->folder);
    }
    return strcmp(import_base_name(path), b->table) != 0 ||
           said_add(&b->table_at, addr, "idedata.json", "the partition table", e);
}

/* With a merged image the place of the application is that one's. */
static bool take_idedata(struct build *b, const struct idedata *d, struct err *e)
{
    const struct json_node *extra = json_get(d->root, "extra");
    const struct json_node *images = json_get(extra, "flash_images");
    const char *app = json_get_text(extra, "application_offset");
    const char *merged = json_get_text(extra, "merged_firmware");
    uint32_t addr;
    b->listed = images && images->first;
    for (const struct json_node *i = images ? images->first : NULL; i; i = i->next) {
        if (!list_one(b, d, json_get_text(i, "path"), json_get_text(i, "offset"), e))
            return err_wrap(e, "idedata.json");
    }
    if (!b->listed || !app || (merged && strcmp(merged, "true") == 0))
        return true;
    return (import_parse_offset(app, &addr, e) || err_wrap(e, "idedata.json")) &&
           said_add(&b->app_at, addr, "idedata.json", "the application", e);
}

/* ---- The program ---- */

/* False without memory too: *e. */
static bool is_application(const char *folder, const char *name, struct err *e)
{
    struct image image = { 0 };
    struct err problem = { 0 };
    size_t n = strlen(name);
    if (n < 5 || n >= NAME_BYTES || strcmp(name + n - 4, ".bin") != 0)
        return false;
    char *path = import_join(folder, name, &problem);
    uint8_t *bytes =
        path && import_is_file("", path) ? import_read_image(path, &n, &problem) : NULL;
    if (bytes)
        (void)import_look(bytes, n, NULL, &image, &problem);
    free(bytes);
    free(path);
    if (problem.code == ERR_STATION)
        *e = problem;
    return image.has_app;
}

static size_t count_applications(const char *folder, char name[static NAME_BYTES], struct err *e)
{
    size_t count = 0, seen = 0;
    DIR *dir = opendir(folder[0] ? folder : ".");
    if (!dir && errno == ENOMEM)
        err_set(e, ERR_STATION, "Out of memory for the import");
    for (struct dirent *entry; dir && seen < NAMES_MAX && (entry = readdir(dir)); seen++) {
        if (is_application(folder, entry->d_name, e) && count++ == 0)
            snprintf(name, NAME_BYTES, "%s", entry->d_name);
    }
    if (dir)
        closedir(dir);
    return count;
}

/* The only application in the folder, where nothing gives its name. */
static bool search_program(const char *folder, char name[static NAME_BYTES], struct err *e)
{
    size_t count = count_applications(folder, name, e);
    if (count == 1 || e->code != ERR_NONE)
        return e->code == ERR_NONE;
    err_set(e, ERR_IMAGE,
            count == 0 ? "'%.150s' holds no firmware.bin"
                       : "'%.150s' holds several applications and no firmware.bin",
            folder);
    return err_hint(e, "Build again, or import the command of an upload: espstation import -- "
                       "esptool ...");
}

/* The builder uploads the signed or encrypted one where the project has it made. */
static bool is_alone(const char *folder, const char *name, struct err *e)
{
    static const char *const kinds[] = { "signed", "encrypted" };
    for (size_t i = 0; i < 2; i++) {
        char other[NAME_BYTES + 16];
        snprintf(other, sizeof other, "%.*s-%s.bin", (int)strlen(name) - 4, name, kinds[i]);
        if (!import_is_file(folder, other))
            continue;
        err_set(e, ERR_IMAGE, "'%.100s' is there beside '%.60s', and nothing says which is meant",
                other, name);
        return err_hint(e, "Delete the one that is not, or import the command of an upload: "
                           "espstation import -- esptool ... (pio run -v -t upload shows it).");
    }
    return true;
}

static bool find_program(const struct idedata *d, const char *folder, char name[static NAME_BYTES],
                         struct err *e)
{
    snprintf(name, NAME_BYTES, "%.250s.bin", d->program[0] ? d->program : "firmware");
    if (d->program[0] && !import_is_file(folder, name)) {
        err_set(e, ERR_IMAGE, "idedata.json names the program '%.60s', which is not in '%.100s'",
                name, folder);
        return err_hint(e, "Build again, or delete idedata.json if it is an old one.");
    }
    return (import_is_file(folder, name) || search_program(folder, name, e)) &&
           is_alone(folder, name, e);
}

/* ---- The project around it ---- */

/* The end of the project's name in a whole path, NULL if it is no build folder of PlatformIO. */
static char *project_end(char *real)
{
    char *pio = strstr(real, "/.pio/build/");
    return pio ? pio : strstr(real, "/.pioenvs/");
}

bool import_in_platformio(const char *folder)
{
    char *real = realpath(folder[0] ? folder : ".", NULL);
    bool in = real && project_end(real);
    free(real);
    return in;
}

/* sdkconfig.NAME, else sdkconfig, of the project that the folder is in. */
static bool ask_sdkconfig(struct build *b, const char *project, const char *environment,
                          struct err *e)
{
    char *file = NULL;
    if (asprintf(&file, "sdkconfig.%s", environment) < 0)
        return err_set(e, ERR_STATION, "Out of memory for the import");
    char *path = import_join(project, import_is_file(project, file) ? file : "sdkconfig", e);
    bool ok = path && (!import_is_file("", path) || witness_sdkconfig(b, path, e));
    free(path);
    free(file);
    return ok;
}

/* "myproject" of "myproject/.pio/build/esp32dev" gives its name, else the folder itself. */
static bool look_around(struct import *im, struct build *b, struct err *e)
{
    bool ok = true;
    char *real = realpath(b->folder[0] ? b->folder : ".", NULL);
    char *end = real ? project_end(real) : NULL;
    if (end) {
        *end = '\0';
        ok = ask_sdkconfig(b, real, strrchr(end + 1, '/') + 1, e);
    }
    char *slash = real ? strrchr(real, '/') : NULL;
    if (slash && slash[1] != '\0')
        snprintf(im->name, sizeof im->name, "%.64s", slash + 1);
    free(real);
    return ok;
}

/* ---- All of it ---- */

bool import_platformio(struct import *im, const char *folder, struct err *e)
{
    char app[NAME_BYTES];
    struct idedata d = { 0 };
    struct build b = {
        .folder = folder, .app = app, .boot = "bootloader.bin", .table = "partitions.bin"
    };
    snprintf(im->source, sizeof im->source, "a build of PlatformIO");
    bool ok = read_idedata(&d, folder, e) && find_program(&d, folder, app, e) &&
              take_idedata(&b, &d, e) && witness_flasher_args(&b, e) && look_around(im, &b, e) &&
              build_add(im, &b, e);
    json_tree_free(d.root);
    build_done(&b);
    return ok;
}
