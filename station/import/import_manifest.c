/*
 * A manifest of ESP Web Tools: the parts for each family of chips that a page installs. Its offsets
 * are numbers; its paths are seen from the manifest, and are addresses of the web.
 */
#include "core/base/err.h"
#include "station/import/import.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Paths ---- */

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* Without what stands behind ? or #, and with %20 and its like as the bytes that they are. */
static char *plain_path(const char *path, struct err *e)
{
    char *plain = strndup(path, strcspn(path, "?#"));
    char *to = plain;
    if (!plain)
        err_set(e, ERR_STATION, "Out of memory for the import");
    for (const char *p = plain; plain && *p; p++) {
        int high = *p == '%' ? hex_digit(p[1]) : -1;
        int low = high >= 0 ? hex_digit(p[2]) : -1;
        bool coded = low >= 0 && high * 16 + low != 0;
        *to++ = coded ? (char)(high * 16 + low) : *p;
        p += coded ? 2 : 0;
    }
    if (plain)
        *to = '\0';
    return plain;
}

/* A part that is somewhere in the web must have been fetched into the folder. */
static bool add_path(struct import *im, const char *folder, const char *path, uint32_t offset_addr,
                     struct err *e)
{
    bool far = strstr(path, "://") || path[0] == '/';
    const char *name = far ? import_base_name(path) : path;
    if (!far || import_is_file(folder, name))
        return import_add_image(im, folder, name, offset_addr, e);
    err_set(e, ERR_IMAGE, "The image '%.150s' for 0x%x is not in the folder of the manifest", path,
            offset_addr);
    return err_hint(e, "Fetch it, put it beside the manifest as %.60s, and import again.", name);
}

static bool add_part(struct import *im, const char *folder, const struct json_node *part,
                     struct err *e)
{
    const char *path = json_get_text(part, "path"), *offset = json_get_text(part, "offset");
    uint32_t offset_addr;
    if (!path || !offset)
        return err_set(e, ERR_USAGE, "parts holds an entry without path or offset");
    if (!import_parse_offset(offset, &offset_addr, e))
        return false;
    char *plain = plain_path(path, e);
    bool ok = plain && add_path(im, folder, plain, offset_addr, e);
    free(plain);
    return ok;
}

/* ---- Builds ---- */

static bool choose(const char *file, const struct json_node *builds, struct err *e)
{
    char names[160] = "";
    for (const struct json_node *b = builds->first; b; b = b->next) {
        const char *family = json_get_text(b, "chipFamily");
        size_t n = strlen(names);
        snprintf(names + n, sizeof names - n, "%s%s", n ? ", " : "", family ? family : "?");
    }
    const char *family = json_get_text(builds->first, "chipFamily");
    err_set(e, ERR_USAGE, "It has several builds (%s)", names);
    return err_hint(e, "A recipe is for one chip: espstation import --chip %.20s %.120s",
                    family ? family : "NAME", file);
}

/* Whether a build is for the chip; for NULL each is. */
static bool is_for(const struct json_node *build, const struct chip *chip)
{
    const char *family = json_get_text(build, "chipFamily");
    return !chip || (family && chip_by_name(family) == chip);
}

static bool not_one(const char *file, const struct json_node *builds, const struct chip *chip,
                    size_t count, struct err *e)
{
    if (count == 0 && chip)
        return err_set(e, ERR_USAGE, "It has no build for %s", chip->name);
    if (count == 0)
        return err_set(e, ERR_USAGE, "It has no builds");
    if (!chip)
        return choose(file, builds, e);
    err_set(e, ERR_USAGE, "It has %zu builds for %s, for different serial ports", count,
            chip->name);
    return err_hint(e, "Leave the one that is meant in a copy of the file, and import that.");
}

/* The build for the chip that is said, else the only one; its chip is im->chip then. */
static const struct json_node *find_build(struct import *im, const char *file,
                                          const struct json_node *builds, struct err *e)
{
    const struct json_node *found = NULL;
    size_t count = 0;
    for (const struct json_node *b = builds ? builds->first : NULL; b; b = b->next) {
        if (!is_for(b, im->chip))
            continue;
        found = b;
        count++;
    }
    const char *family = json_get_text(found, "chipFamily");
    if (count != 1)
        (void)not_one(file, builds, im->chip, count, e);
    else if (!family)
        err_set(e, ERR_USAGE, "builds holds an entry without chipFamily");
    else if (!(im->chip = chip_by_name(family)))
        err_set(e, ERR_USAGE, "This station does not know the chipFamily '%.40s'", family);
    else
        return found;
    return NULL;
}

static void keep_text(char *to, size_t cap, const char *text)
{
    snprintf(to, cap, "%.64s", text ? text : "");
}

static bool take_root(struct import *im, const char *folder, const char *file,
                      const struct json_node *root, struct err *e)
{
    const struct json_node *build = find_build(im, file, json_get(root, "builds"), e);
    const struct json_node *parts = json_get(build, "parts");
    const char *ask = json_get_text(root, "new_install_prompt_erase");
    if (!build)
        return false;
    for (const struct json_node *p = parts ? parts->first : NULL; p; p = p->next) {
        if (!add_part(im, folder, p, e))
            return false;
    }
    keep_text(im->name, sizeof im->name, json_get_text(root, "name"));
    keep_text(im->version, sizeof im->version, json_get_text(root, "version"));
    if (ask && strcmp(ask, "true") == 0)
        import_note(im, "new_install_prompt_erase: nobody is asked; `erase: all` erases the whole "
                        "flash of every board");
    return im->image_count > 0 || err_set(e, ERR_USAGE, "The build has no parts");
}

bool import_manifest(struct import *im, const char *folder, const char *file, struct err *e)
{
    size_t n;
    bool there = false;
    char *path = import_join(folder, file, e);
    char *text = path ? import_read_text(path, &n, &there, e) : NULL;
    struct json_node *root = text ? import_json(path, text, n, e) : NULL;
    if (path && !there)
        err_set(e, ERR_USAGE, "'%.150s' is not there", path);
    bool ok = root && (take_root(im, folder, path, root, e) || err_wrap(e, "%.100s", path));
    im->whole = true;
    snprintf(im->source, sizeof im->source, "a manifest of ESP Web Tools");
    json_tree_free(root);
    free(text);
    free(path);
    return ok;
}
