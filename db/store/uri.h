/* A path as SQLite is to open it. */
#ifndef DB_URI_H
#define DB_URI_H

/* A record in a path longer than this is refused. */
enum { DB_PATH_CAP = 4096, DB_URI_CAP = 3 * DB_PATH_CAP + 64 };

/* What SQLite is to open for the file `path`, with parameters as "mode=ro". */
void db_uri(const char *path, const char *parameters, char uri[static DB_URI_CAP]);

#endif
