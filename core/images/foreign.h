/*
 * Files that a person may take for firmware: what came instead of a download, and what needs a step
 * before it can be written. Told by their first bytes. Pure.
 */
#ifndef CORE_FOREIGN_H
#define CORE_FOREIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct foreign {
    const char *what;   /* "a gzip file" */
    const char *advice; /* what to do, without a full stop */
    bool everywhere;    /* no use in any flash; else only where an image must be */
};

/* NULL: none of them. */
const struct foreign *foreign_find(const uint8_t *bytes, size_t n);

#endif
