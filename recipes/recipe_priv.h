/*
 * What the files of a recipe share. Nobody outside of recipes/ includes this.
 */
#ifndef RECIPES_RECIPE_PRIV_H
#define RECIPES_RECIPE_PRIV_H

#include "recipes/doc/doc_priv.h"
#include "recipes/recipe.h"

extern const struct doc_kind recipe_kind; /* keys.c: the table */

/* ---- values.c: what only recipes have ---- */

bool store_chip(struct values *v, unsigned id, const struct scalar *s, void *target);
bool store_size(struct values *v, unsigned id, const struct scalar *s, void *target);
bool store_freq(struct values *v, unsigned id, const struct scalar *s, void *target);
bool store_file(struct values *v, unsigned id, const struct scalar *s, void *target);
bool store_sha256(struct values *v, unsigned id, const struct scalar *s, void *target);
bool store_label(struct values *v, unsigned id, const struct scalar *s, void *target);
bool store_reset(struct values *v, unsigned id, const struct scalar *s, void *target);

/* ---- checks.c ---- */

/* What values say to each other, once all were read. */
void recipe_check(struct values *v);

/* ---- image_file.c ---- */

/* Reports whatever keeps the image at `path` (spelled `file`) from being used. */
bool file_check_image(const char *path, const char *file, struct doc_pos at,
                      struct doc_report *report);

#endif
