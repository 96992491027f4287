/* Inside recipes/ only: how the section `unit` is read and judged. */
#ifndef RECIPES_UNIT_PRIV_H
#define RECIPES_UNIT_PRIV_H

#include "recipes/doc/doc_priv.h"
#include "recipes/units/unit.h"

/* ---- unit_store.c: for the `store` of rows ---- */

bool store_unit_name(struct values *v, unsigned id, const struct scalar *s, void *target);
bool store_unit_counter(struct values *v, unsigned id, const struct scalar *s, void *target);
bool store_unit_number(struct values *v, unsigned id, const struct scalar *s, void *target);
bool store_unit_count(struct values *v, unsigned id, const struct scalar *s, void *target);
bool store_unit_pool_file(struct values *v, unsigned id, const struct scalar *s, void *target);
bool store_unit_pool_folder(struct values *v, unsigned id, const struct scalar *s, void *target);
bool store_unit_path(struct values *v, unsigned id, const struct scalar *s, void *target);
bool store_unit_template(struct values *v, unsigned id, const struct scalar *s, void *target);

/* ---- unit_check.c ---- */

/* What the keys of the section say to each other, once all were read; `serial_at` is where
 * unit.serial stands. */
void unit_check(struct values *v, struct unit *u, struct doc_pos serial_at);

#endif
