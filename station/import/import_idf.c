/* The build folder of ESP-IDF: flasher_args.json, or files of arguments for older ones. */
#include "core/base/err.h"
#include "station/import/import.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- flasher_args.json ---- */

/* The images as objects of their own tell what flash_files does not: whether one is encrypted. A
 * chip whose flash encryption is still off takes the plain ones and encrypts them at its first
 * start; for another the gate refuses the board. */
static void note_encrypted(struct import *im, const struct json_node *root)
{
    for (const struct json_node *part = root->first; part; part = part->next) {
        const char *encrypted = json_get_text(part, "encrypted");
        if (encrypted && strcmp(encrypted, "true") == 0)
            import_note(im,
                        "encrypted: true of %.40s: it is written plain, which is right only as "
                        "long as flash encryption is off in the chip; see the key `encrypted`",
                        part->key);
    }
}

static bool take_files(struct import *im, const char *folder, const struct json_node *files,
                       struct err *e)
{
    uint32_t offset_addr;
    for (const struct json_node *f = files ? files->first : NULL; f; f = f->next) {
        if (!f->key || !f->text)
            return err_set(e, ERR_USAGE, "flash_files holds something else than files");
        if (!import_parse_offset(f->key, &offset_addr, e) ||
            !import_add_image(im, folder, f->text, offset_addr, e))
            return false;
    }
    return im->image_count > 0 || err_set(e, ERR_USAGE, "flash_files names no file");
}

static bool take_setting(struct import *im, const struct json_node *settings, const char *key,
                         const char *option, struct err *e)
{
    const char *value = json_get_text(settings, key);
    const char *const words[] = { option, value };
    return !value || import_write_flash(im, "", words, 2, e);
}

/* What is really passed to the tool counts more, so it comes last. */
static bool take_settings(struct import *im, const struct json_node *root, struct err *e)
{
    const struct json_node *settings = json_get(root, "flash_settings");
    const struct json_node *args = json_get(root, "write_flash_args");
    const char *words[IMPORT_WORDS_MAX];
    size_t count = 0;
    for (const struct json_node *a = args ? args->first : NULL; a; a = a->next) {
        if (!a->text || count == IMPORT_WORDS_MAX)
            return err_set(e, ERR_USAGE, "write_flash_args is no list of options");
        words[count++] = a->text;
    }
    return take_setting(im, settings, "flash_mode", "--flash-mode", e) &&
           take_setting(im, settings, "flash_freq", "--flash-freq", e) &&
           take_setting(im, settings, "flash_size", "--flash-size", e) &&
           import_write_flash(im, "", words, count, e);
}

static bool take_extra(struct import *im, const struct json_node *extra, struct err *e)
{
    static const char *const names[] = { "chip", "before", "after" };
    const char *stub = json_get_text(extra, "stub");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char option[16];
        const char *value = json_get_text(extra, names[i]);
        snprintf(option, sizeof option, "--%s", names[i]);
        if (value && !import_global_option(im, option, value, e))
            return false;
    }
    if (stub && strcmp(stub, "false") == 0)
        im->rom = true;
    return true;
}

bool import_flasher_args(struct import *im, const char *folder, const char *file, struct err *e)
{
    struct json_node *root = NULL;
    char *path = import_join(folder, file, e);
    size_t n = 0;
    bool there = false, ok = false;
    char *text = path ? import_read_text(path, &n, &there, e) : NULL;
    if (path && !there)
        err_set(e, ERR_USAGE, "'%.150s' is not there", path);
    if (!text)
        goto out;
    root = import_json(path, text, n, e);
    if (!root)
        goto out;
    ok = take_settings(im, root, e) && take_extra(im, json_get(root, "extra_esptool_args"), e) &&
         take_files(im, folder, json_get(root, "flash_files"), e);
    if (ok)
        note_encrypted(im, root);
    else
        err_wrap(e, "%.100s", path);
    im->whole = true;
    snprintf(im->source, sizeof im->source, "flasher_args.json of ESP-IDF");
out:
    json_tree_free(root);
    free(text);
    free(path);
    return ok;
}

/* ---- flash_args ---- */

bool import_flash_args(struct import *im, const char *folder, const char *file, struct err *e)
{
    struct import_words *words = calloc(1, sizeof *words);
    char *path = import_join(folder, file, e);
    char *text = NULL;
    size_t n;
    bool there = true, ok = false;
    if (!words)
        err_set(e, ERR_STATION, "Out of memory for the import");
    else if (path)
        text = import_read_text(path, &n, &there, e);
    if (!there)
        err_set(e, ERR_USAGE, "'%.150s' is not there", path);
    if (text && import_split(text, words, e)) {
        ok = import_write_flash(im, folder, (const char *const *)words->items, words->count, e) &&
             (im->image_count > 0 || err_set(e, ERR_USAGE, "it names no file"));
        if (!ok)
            err_wrap(e, "%.100s", path);
    }
    im->whole = true;
    snprintf(im->source, sizeof im->source, "the arguments in %s", file);
    if (words)
        import_words_done(words);
    free(words);
    free(text);
    free(path);
    return ok;
}

/* ---- Whether they are whole ---- */

/* The importer itself tells, without what it makes; only want of memory is an error. */
static bool is_whole(bool (*take)(struct import *, const char *, const char *, struct err *),
                     const char *folder, const char *file, struct err *e)
{
    struct err problem = { 0 };
    struct import *scratch = calloc(1, sizeof *scratch);
    if (!scratch)
        return err_set(e, ERR_STATION, "Out of memory for the import");
    bool whole = import_is_file(folder, file) && take(scratch, folder, file, &problem);
    import_done(scratch);
    free(scratch);
    if (problem.code == ERR_STATION)
        *e = problem;
    return whole;
}

bool import_flasher_args_whole(const char *folder, struct err *e)
{
    return is_whole(import_flasher_args, folder, "flasher_args.json", e);
}

bool import_flash_args_whole(const char *folder, const char *file, struct err *e)
{
    return is_whole(import_flash_args, folder, file, e);
}
