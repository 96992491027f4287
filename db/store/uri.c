#include "db/store/uri.h"

#include <stdbool.h>

#include <stdio.h>
#include <string.h>

/* Always a URI of our own making: some builds of SQLite read "file:..." and ":memory:" in a plain
 * name, and a record that lives in memory is none. */
void db_uri(const char *path, const char *parameters, char uri[static DB_URI_CAP])
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "-._~/";
    size_t used = 0;
    /* Two slashes at the front would begin a host name. */
    while (path[0] == '/' && path[1] == '/')
        path++;
    used += (size_t)snprintf(uri, DB_URI_CAP, "file:%s", path[0] == '/' ? "" : "./");
    for (; *path != '\0'; path++) {
        const bool keep = strchr(plain, *path);
        used += (size_t)snprintf(uri + used, DB_URI_CAP - used, keep ? "%c" : "%%%02X",
                                 (unsigned char)*path);
    }
    snprintf(uri + used, DB_URI_CAP - used, "?%s", parameters);
}
