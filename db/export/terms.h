/* A filter as SQL. Inside db/ only. */
#ifndef DB_TERMS_H
#define DB_TERMS_H

#include "db/export/filter.h"
#include "db/store/db.h"

/* The WHERE of a query over run r and recipe c, with its values in the form of the record. */
struct terms {
    const char *text[10];
    int count;
    char sql[2048];
    size_t used;
    char mac[DB_MAC_CAP], since[DB_UTC_CAP], until[DB_UTC_CAP], slot[16];
};

/* `filter` NULL: every run. Its texts must outlive the terms. */
bool terms_make(struct terms *terms, const struct db_filter *filter, struct err *e);

#endif
