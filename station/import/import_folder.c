/*
 * Which tool has built in a folder. No single file tells: PlatformIO with ESP-IDF as its framework
 * leaves that one's flasher_args.json too, whose images it then calls otherwise; a project of
 * ESP-IDF may call its program firmware.bin; the Arduino core leaves flash_args. A list counts when
 * all images that it names are there.
 */
#include "core/base/err.h"
#include "station/import/import.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAMES_MAX  1000 /* of a folder's entries that are looked at */
#define NAME_BYTES 256

/* ---- Looking into folders ---- */

static bool ends_with(const char *name, const char *end)
{
    size_t n = strlen(name), m = strlen(end);
    return n > m && strcmp(name + n - m, end) == 0;
}

/* The names in `folder` that `wanted` wants: the first of them, and how many there are. None in a
 * folder that is not there or may not be read; *e is set only for want of memory. */
static size_t find_names(const char *folder, bool (*wanted)(const char *folder, const char *name),
                         char first[static NAME_BYTES], struct err *e)
{
    size_t count = 0, seen = 0;
    DIR *dir = opendir(folder[0] ? folder : ".");
    if (!dir && errno == ENOMEM)
        err_set(e, ERR_STATION, "Out of memory for the import");
    if (!dir)
        return 0;
    for (struct dirent *entry; seen < NAMES_MAX && (entry = readdir(dir)); seen++) {
        if (entry->d_name[0] == '.' || !wanted(folder, entry->d_name))
            continue;
        if (count++ == 0 || strcmp(entry->d_name, first) < 0)
            snprintf(first, NAME_BYTES, "%s", entry->d_name);
    }
    closedir(dir);
    return count;
}

static bool is_sketch(const char *folder, const char *name)
{
    (void)folder;
    return ends_with(name, ".ino.bin");
}

static bool is_source(const char *folder, const char *name)
{
    (void)folder;
    return ends_with(name, ".ino");
}

/* One of the files beside an environment's program. */
static bool is_environment(const char *folder, const char *name)
{
    static const char *const files[] = { "firmware.bin", "idedata.json", "partitions.bin" };
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        char file[NAME_BYTES + 16];
        snprintf(file, sizeof file, "%s/%s", name, files[i]);
        if (import_is_file(folder, file))
            return true;
    }
    return false;
}

/* build/esp32.esp32.esp32 of a sketch: what the IDE exports is in a folder for each board. */
static bool is_export(const char *folder, const char *name)
{
    char inside[NAME_BYTES], path[4096];
    struct err ignored = { 0 };
    int n = snprintf(path, sizeof path, "%s/%s", folder, name);
    return n > 0 && (size_t)n < sizeof path && import_is_folder(path) &&
           find_names(path, is_sketch, inside, &ignored) > 0;
}

/* ---- What is in one ---- */

static bool several(const char *folder, const char *what, const char *first, struct err *e)
{
    err_set(e, ERR_USAGE, "'%.100s' holds several %s", folder, what);
    return err_hint(e, "Name one, as in: espstation import %.60s/%.60s", folder, first);
}

static bool import_sketch(struct import *im, const char *folder, struct err *e)
{
    char name[NAME_BYTES];
    size_t count = find_names(folder, is_sketch, name, e);
    if (count == 0)
        return e->code != ERR_NONE ? false : err_set(e, ERR_USAGE, "The sketch has gone");
    if (count > 1)
        return err_set(e, ERR_USAGE, "'%.100s' holds several sketches, '%.60s' and others", folder,
                       name);
    name[strlen(name) - strlen(".bin")] = '\0';
    return import_arduino(im, folder, name, e);
}

static bool import_idf(struct import *im, const char *folder, struct err *e)
{
    return import_flasher_args(im, folder, "flasher_args.json", e);
}

static const char *args_file(const char *folder)
{
    return import_is_file(folder, "flash_args")           ? "flash_args"
           : import_is_file(folder, "flash_project_args") ? "flash_project_args"
                                                          : NULL;
}

static bool import_args(struct import *im, const char *folder, struct err *e)
{
    const char *file = args_file(folder);
    return file ? import_flash_args(im, folder, file, e)
                : err_set(e, ERR_USAGE, "The file of arguments has gone");
}

static bool import_web(struct import *im, const char *folder, struct err *e)
{
    return import_manifest(im, folder, "manifest.json", e);
}

typedef bool (*importer)(struct import *im, const char *folder, struct err *e);

static bool looks_like_platformio(const char *folder)
{
    return import_is_file(folder, "idedata.json") ||
           (import_is_file(folder, "firmware.bin") && import_is_file(folder, "bootloader.bin") &&
            import_is_file(folder, "partitions.bin")) ||
           (import_in_platformio(folder) && is_environment(folder, "."));
}

/* Both a list that is whole and what PlatformIO leaves: nobody can tell which was meant. */
static importer undecided(const char *folder, const char *list, struct err *e)
{
    err_set(e, ERR_USAGE,
            "'%.100s' holds a build of PlatformIO, and a %s whose images are there too", folder,
            list);
    err_hint(e,
             "Name what is meant, as in: espstation import %.100s%s%s, or delete what is left "
             "over.",
             folder, folder[0] && folder[strlen(folder) - 1] == '/' ? "" : "/", list);
    return NULL;
}

/* NULL: nothing that can be imported, or *e. A list that is not whole comes after all else, to say
 * what of it is missing. */
static importer importer_of(const char *folder, struct err *e)
{
    char name[NAME_BYTES];
    const char *args = args_file(folder);
    bool platformio = looks_like_platformio(folder);
    bool json_whole = import_flasher_args_whole(folder, e);
    bool args_whole = args && import_flash_args_whole(folder, args, e);
    if (e->code != ERR_NONE)
        return NULL;
    if (platformio && (json_whole || args_whole))
        return undecided(folder, json_whole ? "flasher_args.json" : args, e);
    if (platformio || json_whole || args_whole)
        return platformio ? import_platformio : json_whole ? import_idf : import_args;
    bool sketch = find_names(folder, is_sketch, name, e) > 0;
    return e->code != ERR_NONE                           ? NULL
           : sketch                                      ? import_sketch
           : import_is_file(folder, "flasher_args.json") ? import_idf
           : args                                        ? import_args
           : import_is_file(folder, "firmware.bin")      ? import_platformio
           : import_is_file(folder, "manifest.json")     ? import_web
                                                         : NULL;
}

/* ---- A project with its build folder in it ---- */

/* What can be imported from it: one of the first two, or one of `count` environments or exports. */
struct found {
    char *folder;
    importer take;
};

static bool add_found(struct found *all, size_t *count, char *folder, importer take, struct err *e)
{
    if (!folder)
        return false;
    if (*count == 1) {
        err_set(e, ERR_USAGE, "There is a build in '%.80s' and one in '%.80s'", all->folder,
                folder);
        err_hint(e, "Name one, as in: espstation import %.100s", all->folder);
        free(folder);
        return false;
    }
    *all = (struct found){ folder, take };
    (*count)++;
    return true;
}

/* Folders in `parent` that are builds; more than one is for the user to choose from. */
static bool find_within(struct found *all, size_t *count, const char *folder, const char *parent,
                        bool (*wanted)(const char *folder, const char *name), const char *what,
                        importer take, struct err *e)
{
    char name[NAME_BYTES];
    char *path = import_join(folder, parent, e);
    size_t n = path ? find_names(path, wanted, name, e) : 0;
    bool ok = path && e->code == ERR_NONE;
    if (ok && n > 1)
        ok = several(path, what, name, e);
    if (ok && n == 1)
        ok = add_found(all, count, import_join(path, name, e), take, e);
    free(path);
    return ok;
}

static bool find_build(struct found *all, size_t *count, const char *folder, struct err *e)
{
    char *build = import_join(folder, "build", e);
    importer in_build = build ? importer_of(build, e) : NULL;
    if (in_build)
        return add_found(all, count, build, in_build, e);
    free(build);
    return e->code == ERR_NONE;
}

static bool no_build(const char *folder, struct err *e)
{
    char name[NAME_BYTES];
    bool sketch = find_names(folder, is_source, name, e) > 0;
    const char *how = import_is_file(folder, "platformio.ini")   ? "pio run"
                      : import_is_file(folder, "CMakeLists.txt") ? "idf.py build"
                      : sketch ? "arduino-cli compile --export-binaries (in the IDE: Sketch, "
                                 "Export Compiled Binary)"
                               : NULL;
    if (e->code != ERR_NONE)
        return false;
    err_set(e, ERR_USAGE, "'%.150s' is no build folder of ESP-IDF, PlatformIO or Arduino", folder);
    return how ? err_hint(e, "Build it first: %s", how) : import_hint_kinds(e);
}

static bool import_project(struct import *im, const char *folder, struct err *e)
{
    struct found found = { 0 };
    size_t count = 0;
    bool ok = find_build(&found, &count, folder, e) &&
              find_within(&found, &count, folder, ".pio/build", is_environment, "environments",
                          import_platformio, e) &&
              find_within(&found, &count, folder, ".pioenvs", is_environment, "environments",
                          import_platformio, e) &&
              find_within(&found, &count, folder, "build", is_export, "exported builds",
                          import_sketch, e);
    if (ok)
        ok = count == 1 ? found.take(im, found.folder, e) : no_build(folder, e);
    free(found.folder);
    return ok;
}

bool import_folder(struct import *im, const char *folder, struct err *e)
{
    if (!import_is_folder(folder))
        return err_set(e, ERR_USAGE, "'%.150s' is no folder", folder);
    importer found = importer_of(folder, e);
    if (e->code != ERR_NONE)
        return false;
    return found ? found(im, folder, e) : import_project(im, folder, e);
}
