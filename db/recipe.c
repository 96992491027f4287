/* What runs refer to: the recipe with its images, and the lot. */
#include "db/db_priv.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

enum { SHA256_BYTES = 32, SHA256_CAP = 2 * SHA256_BYTES + 1 };

/* ---- Digests ----------------------------------------------------------------------------------*/

static void to_hex(const unsigned char *bytes, char hex[static SHA256_CAP])
{
    for (size_t i = 0; i < SHA256_BYTES; i++)
        snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
}

static bool sha256_of(const char *bytes, size_t n, char hex[static SHA256_CAP])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    if (EVP_Digest(bytes, n, digest, NULL, EVP_sha256(), NULL) != 1)
        return false;
    to_hex(digest, hex);
    return true;
}

static bool add_text(EVP_MD_CTX *ctx, const char *text)
{
    return EVP_DigestUpdate(ctx, text, strlen(text)) == 1;
}

static bool add_image_line(EVP_MD_CTX *ctx, size_t number, const struct db_image *image)
{
    char numbers[80];
    snprintf(numbers, sizeof numbers, "%zu %" PRIu64 " %" PRIu64 " ", number, image->offset,
             image->size_bytes);
    return add_text(ctx, numbers) && add_text(ctx, image->sha256) && add_text(ctx, " ") &&
           add_text(ctx, image->md5) && add_text(ctx, " ") && add_text(ctx, image->file) &&
           add_text(ctx, "\n");
}

/* The identity of a recipe with its images; schema.c has the form. */
static bool plan_sha256_of(const struct db_recipe *recipe, const char *text_sha256,
                           char hex[static SHA256_CAP])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok = ctx != NULL && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1 &&
              add_text(ctx, text_sha256) && add_text(ctx, "\n");
    for (size_t i = 0; ok && i < recipe->image_count; i++)
        ok = add_image_line(ctx, i, &recipe->images[i]);
    ok = ok && EVP_DigestFinal_ex(ctx, digest, NULL) == 1;
    if (ok)
        to_hex(digest, hex);
    EVP_MD_CTX_free(ctx);
    return ok;
}

/* ---- Recipe -----------------------------------------------------------------------------------*/

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
    return id;
}

int64_t db_recipe_put(struct db *db, const struct db_recipe *recipe, int64_t utc_ms, struct err *e)
{
    char text_sha256[SHA256_CAP];
    char plan_sha256[SHA256_CAP];
    int64_t id = 0;
    if (!sha256_of(recipe->text, recipe->text_bytes, text_sha256) ||
        !plan_sha256_of(recipe, text_sha256, plan_sha256)) {
        err_set(e, ERR_STATION, "The SHA-256 of recipe %s could not be made", recipe->name);
        return 0;
    }
    if (!db_begin(db, e))
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

/* ---- Lot --------------------------------------------------------------------------------------*/

static int64_t add_lot_locked(struct db *db, const char *name, int64_t utc_ms, struct err *e)
{
    struct query q = query_start_locked(db, STMT_LOT_ADD);
    query_text(&q, name);
    query_utc(&q, utc_ms);
    return query_insert(&q, e);
}

int64_t db_lot_put(struct db *db, const char *name, int64_t utc_ms, struct err *e)
{
    int64_t id = 0;
    const size_t n = strlen(name);
    if (n == 0 || n >= DB_LOT_CAP) {
        err_set(e, ERR_USAGE, "The name of a lot has 1 to %d bytes, this one has %zu",
                DB_LOT_CAP - 1, n);
        err_hint(e, "Give the lot another name with --lot.");
        return 0;
    }
    if (!db_begin(db, e))
        goto fail;
    struct query find = query_start_locked(db, STMT_LOT_FIND);
    query_text(&find, name);
    bool ok = query_number(&find, &id, e);
    if (ok && id == 0) {
        id = add_lot_locked(db, name, utc_ms, e);
        ok = id > 0;
    }
    if (db_finish(db, ok, e))
        return id;
fail:
    err_wrap(e, "Recording lot %s", name);
    return 0;
}
