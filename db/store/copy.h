/* Copies of the record. */
#ifndef DB_COPY_H
#define DB_COPY_H

#include "db/store/handle.h"

/* All pages of `from` into the empty database `to`. SQLite result code. */
int copy_pages(sqlite3 *from, sqlite3 *to);

/* Copies the record behind `from` to `path`, with the rights of the file `original`. `check`, if
 * there is one, judges the finished copy before it gets its name. e->sys is EEXIST if that is
 * taken. */
bool copy_to(sqlite3 *from, const char *original, const char *path,
             bool (*check)(const char *part, void *ctx, struct err *e), void *ctx, struct err *e);

/* Copies the record, as it was committed last, to a file beside it with this suffix. */
bool copy_beside(const struct db *db, const char *suffix, struct err *e);

#endif
