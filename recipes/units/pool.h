/*
 * A pool: a file or a folder that holds one set for each unit. Rows are known by the SHA-256 of
 * what they hold, each value in its one spelling, so that a file may be sorted, cut, extended or
 * written anew in the other case, and an edited row is another one.
 *
 * Immutable once opened; any thread. Prints nothing.
 */
#ifndef RECIPES_POOL_H
#define RECIPES_POOL_H

#include "recipes/units/unit.h"

#define POOL_SHA256_CAP 65
#define POOL_LABEL_CAP  128
#define POOL_NO_ROW     SIZE_MAX

struct pool;

/* Opens pool `index` of the section and judges all of its rows: columns, values, what is there
 * twice. Mistakes go to *report, at the place of the pool, with file and line in their text. NULL:
 * there are some, or ERR_STATION for want of memory. */
struct pool *pool_open(const struct unit *u, size_t index, struct doc_report *report,
                       struct err *e);
void pool_free(struct pool *p); /* NULL is fine */

/* Keeps its file's text, which has keys in it, out of the swap space and of core dumps. Before
 * others use it. ERR_STATION: so much may not be locked. */
bool pool_lock(struct pool *p, struct err *e);

size_t pool_count(const struct pool *p);

/* Its digest; lower-case hex. */
void pool_sha256(const struct pool *p, size_t row, char hex[static POOL_SHA256_CAP]);

/* The row of a digest; POOL_NO_ROW: it is not there (any more). */
size_t pool_find(const struct pool *p, const char *sha256);

/* The row that belongs to this MAC; POOL_NO_ROW: there is none. */
size_t pool_of_mac(const struct pool *p, const char *mac);

/* Whether a row belongs to some board. */
bool pool_is_bound(const struct pool *p, size_t row);

/* What people call it: "row 17", by line, or the file's name. */
void pool_label(const struct pool *p, size_t row, char label[static POOL_LABEL_CAP]);

/* The text of a value of this row in its one spelling (unit_value_canon); to be ended with
 * unit_wipe. NULL: out of memory. */
char *pool_value(const struct pool *p, size_t row, const struct unit_value *v);

/* The bytes of a folder's file, read anew: one that has changed since is refused, and so is
 * POOL_NO_ROW. To be ended with unit_wipe. ERR_UNIT, ERR_STATION. */
uint8_t *pool_bytes(const struct pool *p, size_t row, size_t *n, struct err *e);

#endif
