/* What runs refer to: the recipe with its images. */
#include "db/store/chain.h"
#include "db/store/forms.h"
#include "db/store/query.h"
#include "db/store/sha256.h"
#include "db/store/turn.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- Digests ---- */

static void add_image_line(struct db_sha256 *sha, size_t number, const struct db_image *image)
{
    char numbers[80];
    snprintf(numbers, sizeof numbers, "%zu %" PRIu64 " %" PRIu64 " ", number, image->offset,
             image->size_bytes);
    const char *const parts[] = { numbers, image->sha256, " ", image->md5, " ", image->file, "\n" };
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        db_sha256_add_text(sha, parts[i]);
}

/* The identity of the text, and of the recipe with its images; tables.c has the form. */
static bool digests_of(const struct db_recipe *recipe, char text_sha256[static DB_SHA256_CAP],
                       char plan_sha256[static DB_SHA256_CAP], struct err *e)
{
    struct db_sha256 sha = db_sha256_new();
    db_sha256_add(&sha, recipe->text, recipe->text_bytes);
    bool ok = db_sha256_hex(&sha, text_sha256, e);
    if (ok) {
        db_sha256_again(&sha);
        db_sha256_add_text(&sha, text_sha256);
        db_sha256_add_text(&sha, "\n");
        for (size_t i = 0; i < recipe->image_count; i++)
            add_image_line(&sha, i, &recipe->images[i]);
        ok = db_sha256_hex(&sha, plan_sha256, e);
    }
    db_sha256_free(&sha);
    return ok;
}

/* ---- Recipe ---- */

static bool add_image_locked(struct db *db, int64_t recipe_id, size_t number,
                             const struct db_image *image, struct err *e)
{
    struct query q = query_start_locked(db, STMT_IMAGE_ADD);
    query_int(&q, recipe_id);
    query_int(&q, (int64_t)number);
    query_text(&q, image->file);
    query_int(&q, (int64_t)image->offset);
    query_int(&q, (int64_t)image->size_bytes);
    query_text(&q, image->sha256);
    query_text(&q, image->md5);
    query_text(&q, image->app_project);
    query_text(&q, image->app_version);
    query_text(&q, image->app_elf_sha256);
    return query_run(&q, e);
}

static int64_t add_recipe_locked(struct db *db, const struct db_recipe *recipe,
                                 const char *text_sha256, const char *plan_sha256, int64_t utc_ms,
                                 struct err *e)
{
    struct query q = query_start_locked(db, STMT_RECIPE_ADD);
    query_text(&q, recipe->name);
    query_text(&q, recipe->version);
    query_text(&q, recipe->chip);
    query_bytes(&q, recipe->text, recipe->text_bytes);
    query_text(&q, text_sha256);
    query_text(&q, plan_sha256);
    query_utc(&q, utc_ms);
    const int64_t id = query_insert(&q, e);
    for (size_t i = 0; id > 0 && i < recipe->image_count; i++) {
        if (!add_image_locked(db, id, i, &recipe->images[i], e))
            return 0;
    }
    return id > 0 && chain_link_locked(db, LINK_RECIPE, id, e) ? id : 0;
}

int64_t db_recipe_put(struct db *db, const struct db_recipe *recipe, int64_t utc_ms, struct err *e)
{
    char text_sha256[DB_SHA256_CAP];
    char plan_sha256[DB_SHA256_CAP];
    int64_t id = 0;
    if (!digests_of(recipe, text_sha256, plan_sha256, e) || !db_begin(db, e))
        goto fail;
    struct query find = query_start_locked(db, STMT_RECIPE_FIND);
    query_text(&find, plan_sha256);
    bool ok = query_number(&find, &id, e);
    if (ok && id == 0) {
        id = add_recipe_locked(db, recipe, text_sha256, plan_sha256, utc_ms, e);
        ok = id > 0;
    }
    if (db_finish(db, ok, e))
        return id;
fail:
    err_wrap(e, "Recording recipe %.60s", recipe->name);
    return 0;
}
