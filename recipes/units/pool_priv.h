/* Between pool.c (what is asked of a pool), pool_file.c and pool_folder.c (where its rows come
 * from). */
#ifndef RECIPES_POOL_PRIV_H
#define RECIPES_POOL_PRIV_H

#include "core/base/csv_table.h"
#include "core/base/digest.h"
#include "recipes/doc/doc_priv.h"
#include "recipes/units/pool.h"

struct pool_row {
    uint8_t sha256[DIGEST_SHA256_BYTES];
    size_t at, bytes; /* in the text; of a folder: `at` is its name in the text */
    size_t line;      /* 0: of a folder */
    uint64_t mac;     /* POOL_FREE: it may go to any board */
};

#define POOL_FREE UINT64_MAX

struct pool {
    const struct unit *unit;
    const struct unit_pool *setup;
    size_t index;
    char *text; /* the file; of a folder the names, each with NUL */
    size_t text_bytes;
    bool is_locked; /* it is not swapped */
    struct pool_row *rows;
    size_t count, cap;
    uint32_t *by_sha256; /* rows in the order of their digests */
    uint32_t *by_mac;    /* bound rows, by MAC */
    size_t bound;
    /* Of a file: its header. */
    struct csv_table header;
    size_t columns[UNIT_VALUES_MAX]; /* of each value from this pool */
    size_t mac_column;               /* POOL_NO_ROW: none */
    struct doc_report *report;       /* while it is opened */
};

/* Room for one more. NULL: out of memory. */
struct pool_row *pool_add(struct pool *p);

/* The six bytes of a MAC in any of its spellings; an EUI-64 without those in its middle. */
bool pool_mac_of(const char *text, uint64_t *mac);

void pool_mistake(struct pool *p, size_t line, size_t column, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* Fill the rows. False: out of memory. Mistakes are in the report. */
bool pool_read_file(struct pool *p);
bool pool_read_folder(struct pool *p);

/* Values that are unique and stand in two rows are mistakes. False: out of memory. */
bool pool_check_unique(struct pool *p);

/* The fields of a row, to be ended with csv_table_done. False: it cannot be read. */
bool pool_fields(const struct pool *p, const struct pool_row *row, struct csv_table *fields,
                 struct csv_problem *problem);

#endif
