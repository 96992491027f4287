/* Which tool has built in a folder, by the files that only it leaves. */
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

static bool is_environment(const char *folder, const char *name)
{
    char file[NAME_BYTES + 16];
    snprintf(file, sizeof file, "%s/firmware.bin", name);
    return import_is_file(folder, file);
}

/* ---- Which one it is ---- */

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

typedef bool (*importer)(struct import *im, const char *folder, struct err *e);

static bool import_old_idf(struct import *im, const char *folder, struct err *e)
{
    return import_flash_args(
        im, folder, import_is_file(folder, "flash_args") ? "flash_args" : "flash_project_args", e);
}

/* PlatformIO comes first: with ESP-IDF as its framework it leaves that one's files too, which name
 * images that it then calls otherwise. */
static importer importer_of(const char *folder, struct err *e)
{
    char name[NAME_BYTES];
    if (import_is_file(folder, "firmware.bin"))
        return import_platformio;
    if (import_is_file(folder, "flasher_args.json"))
        return import_flasher_args;
    if (import_is_file(folder, "flash_args") || import_is_file(folder, "flash_project_args"))
        return import_old_idf;
    return find_names(folder, is_sketch, name, e) > 0 ? import_sketch : NULL;
}

/* A project with its build folder in it. */
static bool import_project(struct import *im, const char *folder, struct err *e)
{
    char name[NAME_BYTES];
    char *build = import_join(folder, "build", e), *pio = import_join(folder, ".pio/build", e);
    char *environment = NULL;
    bool ok = false;
    if (!build || !pio)
        goto out;
    importer found = importer_of(build, e);
    size_t count = find_names(pio, is_environment, name, e);
    if (e->code != ERR_NONE)
        goto out;
    if (found) {
        ok = found(im, build, e);
    } else if (count == 1) {
        environment = import_join(pio, name, e);
        ok = environment && import_platformio(im, environment, e);
    } else if (count > 1) {
        several(pio, "environments", name, e);
    } else {
        err_set(e, ERR_USAGE, "'%.150s' is no build folder of ESP-IDF, PlatformIO or Arduino",
                folder);
        err_hint(e, "It has no flasher_args.json, flash_args, firmware.bin or NAME.ino.bin: build "
                    "first, or import a command: espstation import -- esptool ...");
    }
out:
    free(environment);
    free(build);
    free(pio);
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
