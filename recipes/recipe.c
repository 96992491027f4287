/*
 * A recipe from a file or from memory, and its end.
 */
#include "recipes/recipe.h"

#include "core/base/digest.h"
#include "core/base/err.h"
#include "recipes/recipe_priv.h"

#include <stdlib.h>
#include <string.h>

/* ---- From memory ---- */

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

static bool fill(struct recipe *recipe, const char *base_dir, struct doc_report *report)
{
    struct values values = { .kind = &recipe_kind,
                             .document = recipe,
                             .at = recipe->at,
                             .report = report,
                             .base_dir = base_dir };
    value_presets(&values, RECIPE_KEY_ROOT, recipe);
    walk_document(&values, recipe->text, recipe->text_bytes);
    if (!values.broken)
        recipe_check(&values);
    if (!recipe->version && !values.out_of_memory)
        recipe->version = strdup("");
    return !values.out_of_memory && recipe->version;
}

bool recipe_parse(const char *name, const char *text, size_t n, const char *base_dir,
                  struct recipe **out, struct doc_report *report, struct err *e)
{
    *out = NULL;
    doc_report_init(report);
    if (n > RECIPE_TEXT_MAX_BYTES)
        return source_too_large(&recipe_kind, name, n, e);

    struct recipe *const recipe = calloc(1, sizeof *recipe);
    if (!recipe || !set_source(recipe, name, text, n) || !fill(recipe, base_dir, report)) {
        recipe_free(recipe);
        return source_no_memory(&recipe_kind, name, e);
    }
    if (report->total > 0) {
        recipe_free(recipe);
        return source_mistakes(&recipe_kind, name, report, e);
    }
    *out = recipe;
    return true;
}

/* ---- From a file ---- */

bool recipe_load(const char *path, struct recipe **out, struct doc_report *report, struct err *e)
{
    char *text = NULL;
    size_t n;

    *out = NULL;
    doc_report_init(report);
    if (!source_read(&recipe_kind, path, &text, &n, e))
        return false;
    char *const folder = file_folder(path);
    const bool ok = folder ? recipe_parse(path, text, n, folder, out, report, e)
                           : source_no_memory(&recipe_kind, path, e);
    free(folder);
    free(text);
    return ok;
}

/* ---- The end ---- */

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
    unit_done(&recipe->unit);
    security_done(&recipe->security);
    free(recipe->boot.expect);
    free(recipe->label.file);
    free(recipe->label.path);
    free(recipe->port.reset_text);
    free(recipe->port.after_text);
    free(recipe->version);
    free(recipe->name);
    free(recipe->text);
    free(recipe->path);
    free(recipe);
}
