/*
 * What a record tells others of: events, out of its chain.
 *
 * The chain is the order in which things became final, and each link has a number and a hash: so an
 * event has an identity that is the same whenever it is told, and who remembers the last one told
 * knows all that are left. Nothing else needs to be kept, and nothing is lost, whoever is killed
 * when.
 *
 * Readers only (db_open_reader). Errors: ERR_DATABASE.
 */
#ifndef DB_NEWS_H
#define DB_NEWS_H

#include "core/base/json_write.h"
#include "db/proof/audit.h"
#include "db/store/db.h"

/* A place in the chain. */
struct db_news_mark {
    int64_t link; /* 0: before the first */
    char sha256[DB_LINK_SHA256_CAP];
};

/* The end of the chain. */
bool db_news_end(struct db *reader, struct db_news_mark *end, struct err *e);

/* In front of the last start of a station: where somebody begins who was told of nothing yet. */
bool db_news_start(struct db *reader, struct db_news_mark *start, struct err *e);

/* Whether the chain has this very link; *has. Link 0 all have. */
bool db_news_has(struct db *reader, const struct db_news_mark *mark, bool *has, struct err *e);

/* One event. What it tells is put by db_news_put. */
struct db_news {
    struct db_news_mark at;
    const char *event; /* "verdict", "board", "lot", "correction", "station" */
    int slot;          /* 0: of none */
    void *row;         /* db's own */
};

/* The members of what it tells into an open object: names and values of docs/events.md. */
void db_news_put(const struct db_news *news, struct json_object *o);

/* Hands over the events of the next links behind `mark`, at most `most` links, and moves the mark
 * behind the last link that was looked at; it stays where there is none. `take` may not use the
 * reader; false ends the reading with ERR_STATION. */
bool db_news(struct db *reader, struct db_news_mark *mark, int most,
             bool (*take)(void *ctx, const struct db_news *news), void *ctx, struct err *e);

#endif
