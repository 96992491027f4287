/* A whole file that a person has named, of a size that makes sense. */
#ifndef STATION_INFILE_H
#define STATION_INFILE_H

#include "core/base/err.h"

#include <stddef.h>
#include <stdint.h>

/* Reads an ordinary file of at most `max_bytes`, which may be empty. The caller frees *bytes, which
 * is never NULL then. False: ERR_USAGE, naming the file, or ERR_STATION for want of memory. */
bool infile_read(const char *path, size_t max_bytes, uint8_t **bytes, size_t *n, struct err *e);

#endif
