/* The station's signing key: where it lies, and who signs. */
#ifndef STATION_SIGNING_H
#define STATION_SIGNING_H

#include "db/proof/key.h"
#include "db/store/db.h"

/* Opens the key of `path`, or, without one, that of the user: espstation/station-key.pem in
 * $XDG_CONFIG_HOME or ~/.config. Makes it, and its folder, on first use. */
struct key *signing_open(const char *path, struct err *e);

/* Reads a file of at most cap - 1 bytes as a text. ERR_USAGE, naming the file, if it cannot. */
bool signing_read_file(const char *path, char *text, size_t cap, struct err *e);

/* Whether the next one can: for commands that cannot be taken back. `path` NULL: none is wanted. */
bool signing_file_is_free(const char *path, struct err *e);

/* Puts a text into a new file; one that is there already is never overwritten. */
bool signing_keep_file(const char *path, const char *text, struct err *e);

#endif
