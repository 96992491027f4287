/* Runs of the record for other programs; docs/export.md tells their fields. */
#ifndef DB_EXPORT_H
#define DB_EXPORT_H

#include "db/export/filter.h"
#include "db/store/db.h"

/* A document of a form that has one for each run. */
struct db_document {
    int64_t run_id;
    int slot;
    const char *mac; /* NULL: the board was not identified */
};

/* What a WATS server wants to know of a station and its operation, and only its owner can say. */
struct db_wats {
    int process_code; /* of a process that is defined there */
    const char *location, *purpose;
};
#define DB_WATS_USUAL                                                                              \
    {                                                                                              \
        10, "-", "Production"                                                                      \
    }

/* Where an export goes. A call that returns false ends it. */
struct db_sink {
    void *ctx;
    bool (*emit)(void *ctx, const char *bytes, size_t n);
    /* Before the first byte of each document, for forms with one for each run. NULL: not wanted. */
    bool (*document)(void *ctx, const struct db_document *document);
    const struct db_wats *wats; /* for DB_WSJF; NULL: DB_WATS_USUAL */
    bool spreadsheet;           /* for DB_CSV: with the mark by which spreadsheets know UTF-8 */
};

/* The forms, DB_CSV and so on; docs/export.md tells their fields. */
enum db_format {
#define EXPORT(NAME, word) DB_##NAME,
#include "db/export/export_list.h"
#undef EXPORT
};

struct db_format_info {
    const char *name; /* the word that people type */
    const char *help;
    bool document_per_run; /* each run is a document by itself, and may be a file */
};

/* NULL past the last one. */
const struct db_format_info *db_format_info(size_t format);

/* Writes the runs, the oldest first, in UTF-8. *runs, if wanted, gets their number. */
bool db_export(struct db *reader, enum db_format format, const struct db_filter *filter,
               const struct db_sink *sink, int64_t *runs, struct err *e);

#endif
