/*
 * A file that is there whole or not at all: written beside its place, on the disk (fsync) before it
 * gets its name. Until then a file of that name that was there before stays as it was.
 *
 * One thread at a time. Everything that fails says what, and names the file.
 */
#ifndef STATION_OUTFILE_H
#define STATION_OUTFILE_H

#include "core/base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct outfile {
    int fd; /* below 0: not open */
    char path[4096];
    char part_path[4104]; /* the name it has until it is whole */
};

#define OUTFILE_CLOSED                                                                             \
    {                                                                                              \
        .fd = -1                                                                                   \
    }

/* Refuses what is there and no ordinary file: a folder, a device, a pipe; and a database, which is
 * somebody's record. */
bool outfile_open(struct outfile *f, const char *path, struct err *e);

/* The same for a file that nobody but its owner may read: mode 0600. */
bool outfile_open_private(struct outfile *f, const char *path, struct err *e);

/* For a command that reads files: false, ERR_USAGE, where what it makes would replace one of them,
 * under whatever name. Entries that are NULL do not count. */
bool outfile_spares(const char *path, const char *const *reads, size_t count, struct err *e);

bool outfile_write(struct outfile *f, const void *bytes, size_t n, struct err *e);

/* Gives the file its name and closes it. On failure nothing of it is left. */
bool outfile_keep(struct outfile *f, struct err *e);

/* Takes the file away, if it is open. */
void outfile_drop(struct outfile *f);

/* All bytes into a descriptor, or false with errno. */
bool outfile_write_all(int fd, const void *bytes, size_t n);

#endif
