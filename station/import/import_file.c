/* A file instead of a folder: what is in it tells what it is. */
#include "core/base/err.h"
#include "station/import/import.h"

#include <stdlib.h>
#include <string.h>

static bool unknown(const char *path, struct err *e)
{
    err_set(e, ERR_USAGE, "'%.150s' names no images", path);
    return import_hint_kinds(e);
}

/* An image has no place of its own. */
static bool refuse_image(const char *path, struct err *e)
{
    err_set(e, ERR_USAGE, "'%.120s' is an image, and does not say where it goes", path);
    return err_hint(e,
                    "Give its folder, or its place: espstation import -- esptool write-flash "
                    "0x10000 %.100s",
                    path);
}

static bool take_json(struct import *im, const char *folder, const char *path, const char *text,
                      size_t n, struct err *e)
{
    const char *file = path + strlen(folder);
    struct json_node *root = import_json(path, text, n, e);
    if (!root)
        return false;
    bool idf = json_get(root, "flash_files"), web = json_get(root, "builds");
    bool platformio = json_get(root, "prog_path") || json_get(root, "extra");
    json_tree_free(root);
    if (idf)
        return import_flasher_args(im, folder, file, e);
    if (web)
        return import_manifest(im, folder, file, e);
    return platformio && strcmp(file, "idedata.json") == 0 ? import_platformio(im, folder, e)
                                                           : unknown(path, e);
}

static bool is_args(const char *text)
{
    text += strspn(text, " \t\r\n");
    return strncmp(text, "--", 2) == 0 || strncmp(text, "0x", 2) == 0;
}

static bool import_text(struct import *im, const char *folder, const char *path, const char *text,
                        size_t n, struct err *e)
{
    const char *first = text + strspn(text, " \t\r\n");
    if (first[0] == '{')
        return take_json(im, folder, path, text, n, e);
    if (is_args(text))
        return import_flash_args(im, folder, path + strlen(folder), e);
    return strstr(text, "esptool") || strstr(text, "upload.py") ? import_pasted(im, folder, text, e)
                                                                : unknown(path, e);
}

bool import_file(struct import *im, const char *path, struct err *e)
{
    size_t n = 0;
    bool there = false, ok = false;
    struct err problem = { 0 };
    const char *slash = strrchr(path, '/');
    char *folder = strndup(path, slash ? (size_t)(slash - path) + 1 : 0);
    char *text = folder ? import_read_text(path, &n, &there, &problem) : NULL;
    if (text)
        ok = import_text(im, folder, path, text, n, e);
    else if (!folder || problem.code == ERR_STATION)
        err_set(e, ERR_STATION, "Out of memory for the import");
    else if (!there)
        err_set(e, ERR_USAGE, "'%.150s' is not there", path);
    else if (problem.sys != 0)
        *e = problem;
    else
        refuse_image(path, e);
    free(text);
    free(folder);
    return ok;
}

bool import_path(struct import *im, const char *path, struct err *e)
{
    return import_is_folder(path) ? import_folder(im, path, e) : import_file(im, path, e);
}
