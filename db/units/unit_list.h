/*
 * The units of a record, for looking.
 */
#ifndef DB_UNIT_LIST_H
#define DB_UNIT_LIST_H

#include "db/store/db.h"

/* NULL: none. */
struct db_unit_row {
    const char *mac, *serial;
    const char *taken_utc;
    int64_t run_id;      /* in which it was taken */
    const char *verdict; /* of the last run that touched the board, or of its last: PASS, FAIL...;
                          * NULL: it is open */
    const char *released_utc, *released_by, *reason;
    bool later; /* values that the unit got in a later run, as the recipe or the board changed */
};

struct db_unit_value_row {
    const char *name, *text; /* text NULL: a secret */
    const char *sha256;      /* of a secret, behind the salt */
    const char *source;
};

struct db_unit_sink {
    void *ctx;
    bool (*unit)(void *ctx, const struct db_unit_row *unit);
    bool (*value)(void *ctx,
                  const struct db_unit_value_row *value); /* after its unit; may be NULL */
};

/* All units, the first first; or those with this serial or MAC (`which`, NULL: all). A reader. */
bool db_units(struct db *reader, const char *which, const struct db_unit_sink *sink, struct err *e);

/* The MAC of the board that has or, else, last had this serial; an empty text: none ever had. */
bool db_unit_mac_of(struct db *reader, const char *serial, char mac[static DB_MAC_CAP],
                    struct err *e);

#endif
