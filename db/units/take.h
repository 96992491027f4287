/*
 * What a board is given, in the commit that lets it in.
 *
 * Which values a unit wants, and where new ones come from, the caller says; that each goes to one
 * board for ever is what happens here. A board that was here before gets its own again. Nothing
 * is taken twice by several slots, or by several stations on one record: the write lock of the
 * transaction is held from the question which is free to the row that takes it, and unique indexes
 * would refuse a second one.
 *
 * Secrets: their texts pass through and are handed back; the record gets SHA-256(salt, text).
 */
#ifndef DB_TAKE_H
#define DB_TAKE_H

#include "db/store/db.h"

#define DB_UNIT_VALUES_MAX 32
#define DB_UNIT_POOLS_MAX  8
#define DB_UNIT_TEXT_CAP   128 /* of a number's text */
#define DB_UNIT_LABEL_CAP  128
#define DB_UNIT_HEX_CAP    65
#define DB_UNIT_SALT_CAP   33
#define DB_NO_ROW          SIZE_MAX

enum db_unit_from {
    DB_UNIT_COUNTER,
    DB_UNIT_POOL,
    DB_UNIT_SCAN,  /* `text` was given for this board, or NULL */
    DB_UNIT_KNOWN, /* `text` is of the board or the recipe: the unit has what it is now */
};

struct db_unit_want {
    const char *name, *source; /* source: for the record, "counter sn", "scan" */
    enum db_unit_from from;
    bool secret, unique, serial;
    const char *counter;
    int64_t start, end, step;
    bool fleet; /* the counter's numbers come from leases alone */
    size_t pool;
    const char *text;
};

struct db_unit;

/* Where values come from. Called inside the transaction: must not call the database. */
struct db_unit_supply {
    void *ctx;
    const struct db_unit_want *wants;
    size_t want_count;
    const char *pools[DB_UNIT_POOLS_MAX]; /* names */
    bool is_image[DB_UNIT_POOLS_MAX];     /* an image is made of the row itself: it must be there */
    bool is_fleets[DB_UNIT_POOLS_MAX];    /* its free rows come from leases alone */
    size_t pool_count;

    /* The text of a counter's number. */
    bool (*number)(void *ctx, size_t want, int64_t number, char text[static DB_UNIT_TEXT_CAP],
                   struct err *e);
    /* The row that is this board's own by its MAC; DB_NO_ROW: none. */
    size_t (*bound)(void *ctx, size_t pool, const char *mac);
    /* The row with this digest; DB_NO_ROW: it is not there any more. */
    size_t (*find)(void *ctx, size_t pool, const char *sha256);
    /* The first row that no board is bound to, at `row` or behind; DB_NO_ROW: there is none. */
    size_t (*free_row)(void *ctx, size_t pool, size_t row);
    /* Where to begin to look (0: not known yet; DB_NO_ROW: nothing is left), and where the next one
     * may. */
    size_t (*begin)(void *ctx, size_t pool);
    void (*passed)(void *ctx, size_t pool, size_t row);
    void (*describe)(void *ctx, size_t pool, size_t row, char sha256[static DB_UNIT_HEX_CAP],
                     char label[static DB_UNIT_LABEL_CAP]);
    /* The text of a value in a row, to be freed. NULL: out of memory. */
    char *(*field)(void *ctx, size_t want, size_t row);
    /* Whether what is made of the whole unit can be made, asked before it is taken for good; NULL:
     * it is not asked. ERR_UNIT: nothing is taken. */
    bool (*judge)(void *ctx, const struct db_unit *unit, struct err *e);
};

/* What the board has now. db_unit_done in any case. */
struct db_unit {
    char *texts[DB_UNIT_VALUES_MAX]; /* in the order of the wants; NULL: not known */
    size_t rows[DB_UNIT_POOLS_MAX];  /* DB_NO_ROW: none, or not in the file any more */
    char labels[DB_UNIT_POOLS_MAX][DB_UNIT_LABEL_CAP]; /* of rows that it had before; or empty */
    size_t
        missing; /* the want whose text was not given, or (looking) is not known; DB_NO_ROW: none */
    size_t unlent;      /* the want for whose counter no lease has a number left; DB_NO_ROW: none */
    size_t unlent_pool; /* the pool of which no lease has a row left; DB_NO_ROW: none */
    int64_t unlent_lease; /* the newest of those of the pool, or 0: see db_lease_newest_rows */
    bool is_new;          /* something was taken in this call */
    int64_t link;         /* of that in the chain, with its hash; 0: none */
    char link_sha256[DB_UNIT_HEX_CAP];
    /* Looking: what secrets are judged by. */
    char salt[DB_UNIT_SALT_CAP];
    char secrets[DB_UNIT_VALUES_MAX][DB_UNIT_HEX_CAP]; /* empty: the board has none of that name */
};

void db_unit_done(struct db_unit *unit); /* wipes the texts */

/* What a board has by the record: for looking only, nothing is taken. Values that a recipe or the
 * board itself gives are the supply's; secrets come from their pool, or from who gives them again.
 * Texts stay NULL where the record does not know, and rows DB_NO_ROW where they are gone. ERR_UNIT:
 * the board has no unit, or what was given is not what it has. */
bool db_unit_look(struct db *db, const char *mac, const struct db_unit_supply *supply,
                  struct db_unit *unit, struct err *e);

/* After db_unit_look: whether the text is the board's secret of this want. */
bool db_unit_is_secret(const struct db_unit *unit, size_t want, const char *text);

/* Whether a pool's rows are as they were: calls `gone` for each that boards of this recipe have,
 * in whatever version, and which is not in the file any more. Another recipe's pool of the same
 * name may be another file. Any handle. */
bool db_unit_check_pool(struct db *db, const char *recipe, const struct db_unit_supply *supply,
                        size_t index,
                        void (*gone)(void *ctx, const char *label, const char *mac,
                                     const char *taken_utc),
                        void *ctx, struct err *e);

#endif
