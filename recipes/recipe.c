/*
 * A recipe from a file or from memory, and its end.
 */
#include "recipes/recipe.h"

#include "core/base/digest.h"
#include "core/base/err.h"
#include "core/base/read_all.h"
#include "recipes/recipe_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool no_memory(struct err *e, const char *name)
{
    return err_set(e, ERR_STATION, "out of memory while reading recipe '%s'", name);
}

/* ---- From memory ------------------------------------------------------------------------------*/

static bool set_source(struct recipe *recipe, const char *name, const char *text, size_t n)
{
    recipe->path = strdup(name);
    recipe->text = malloc(n + 1);
    if (!recipe->path || !recipe->text)
        return false;
    memcpy(recipe->text, text, n);
    recipe->text[n] = '\0';
    recipe->text_bytes = n;
    return digest_sha256((const uint8_t *)recipe->text, n, recipe->sha256);
}

static bool fill(struct recipe *recipe, const char *base_dir, struct recipe_report *report)
{
    struct values values = { .recipe = recipe, .report = report, .base_dir = base_dir };
    value_presets(&values);
    walk_recipe(&values);
    if (!recipe->version && !values.out_of_memory)
        recipe->version = strdup("");
    return !values.out_of_memory && recipe->version;
}

static bool mistakes_to_err(const struct recipe_report *report, const char *name, struct err *e)
{
    char first[sizeof report->mistakes[0].sentence + 256];
    recipe_mistake_text(name, &report->mistakes[0], first, sizeof first);
    if (report->total == 1)
        return err_set(e, ERR_RECIPE, "%s", first);
    return err_set(e, ERR_RECIPE, "%zu mistakes; the first: %s", report->total, first);
}

bool recipe_parse(const char *name, const char *text, size_t n, const char *base_dir,
                  struct recipe **out, struct recipe_report *report, struct err *e)
{
    *out = NULL;
    recipe_report_init(report);
    if (n > RECIPE_TEXT_MAX_BYTES)
        return err_set(e, ERR_RECIPE, "recipe '%s' has %zu bytes; at most %zu are read", name, n,
                       RECIPE_TEXT_MAX_BYTES);

    struct recipe *const recipe = calloc(1, sizeof *recipe);
    if (!recipe || !set_source(recipe, name, text, n) || !fill(recipe, base_dir, report)) {
        recipe_free(recipe);
        return no_memory(e, name);
    }
    if (report->total > 0) {
        recipe_free(recipe);
        return mistakes_to_err(report, name, e);
    }
    *out = recipe;
    return true;
}

/* ---- From a file ------------------------------------------------------------------------------*/

static bool open_recipe(const char *path, int *fd, size_t *bytes, struct err *e)
{
    uint64_t size;
    int sys;
    const enum file_state state = file_open(path, RECIPE_TEXT_MAX_BYTES, fd, &size, &sys);
    *bytes = (size_t)size;
    switch (state) {
    case FILE_OK:
        return true;
    case FILE_MISSING:
        err_set(e, ERR_RECIPE, "there is no recipe '%s'", path);
        return err_hint(e, "Check how the path is spelled; it counts from the current folder.");
    case FILE_FOLDER:
        return err_set(e, ERR_RECIPE, "'%s' is a folder; a recipe is a file", path);
    case FILE_SPECIAL:
        return err_set(e, ERR_RECIPE,
                       "'%s' is a FIFO, socket or device; a recipe is a regular file", path);
    case FILE_MADE_UP:
        return err_set(e, ERR_RECIPE, "'%s' is made up by the kernel; a recipe is a file on a disk",
                       path);
    case FILE_EMPTY:
        return err_set(e, ERR_RECIPE, "recipe '%s' is empty", path);
    case FILE_TOO_LARGE:
        return err_set(e, ERR_RECIPE, "'%s' has %llu bytes; a recipe has at most %zu", path,
                       (unsigned long long)size, RECIPE_TEXT_MAX_BYTES);
    case FILE_UNREADABLE:
        break;
    }
    return err_set_sys(e, ERR_RECIPE, sys, "recipe '%s' cannot be read", path);
}

bool recipe_load(const char *path, struct recipe **out, struct recipe_report *report, struct err *e)
{
    char *text = NULL;
    char *folder = NULL;
    int fd = -1;
    size_t bytes, n;
    bool ok = false;

    *out = NULL;
    recipe_report_init(report);
    if (!open_recipe(path, &fd, &bytes, e))
        return false;
    text = malloc(bytes);
    folder = file_folder(path);
    if (!text || !folder)
        no_memory(e, path);
    else if (!read_all(fd, text, bytes, &n)) /* fewer or more by now: a mistake like others */
        err_set_sys(e, ERR_RECIPE, errno, "recipe '%s' cannot be read", path);
    else
        ok = recipe_parse(path, text, n, folder, out, report, e);
    close(fd);
    free(folder);
    free(text);
    return ok;
}

/* ---- The end ----------------------------------------------------------------------------------*/

void recipe_free(struct recipe *recipe)
{
    if (!recipe)
        return;
    /* All rows: an image that failed half way is not counted. */
    for (size_t i = 0; i < RECIPE_IMAGES_MAX; i++) {
        free(recipe->images[i].file);
        free(recipe->images[i].path);
    }
    for (size_t i = 0; i < RECIPE_REJECTS_MAX; i++)
        free(recipe->boot.reject[i]);
    free(recipe->boot.expect);
    free(recipe->port.reset_text);
    free(recipe->port.after_text);
    free(recipe->version);
    free(recipe->name);
    free(recipe->text);
    free(recipe->path);
    free(recipe);
}
