/*
 * The chain of hashes that makes changes evident.
 *
 * Every row gets a link when it is complete, in the same transaction: a station when it starts and
 * again when it ends, a recipe with its images, a lot, a board when it is first seen, a run with
 * its attempts and digests when it is closed, a correction, a checkpoint, an act of a person, a
 * label, what a unit was given with its values, a decision about one, a burn of fuses, a lease and
 * its end. With
 *
 *   form_sha256 = SHA-256 of the row's canonical form (forms.c)
 *   sha256      = SHA-256 of "PREVIOUS\nKIND ROW FORM_SHA256\n"
 *
 * where PREVIOUS is the sha256 of the link before, or 64 zeros. So each link depends on every row
 * before it. Order is that of the commits; no clock takes part. Stations that write one file share
 * its chain: the write lock that the transaction has anyway keeps two of them from taking the same
 * place.
 */
#include "db/store/chain.h"

#include "db/store/fail.h"
#include "db/store/forms.h"
#include "db/store/handle.h"
#include "db/store/query.h"
#include "db/store/sha256.h"
#include "db/store/statements.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const struct kind {
    const char *word;
    const char *rows; /* the ids of the rows that are complete */
} kinds[LINK_KIND_COUNT] = {
    [LINK_STATION] = { "station", "SELECT id FROM station" },
    [LINK_RECIPE] = { "recipe", "SELECT id FROM recipe" },
    [LINK_LOT] = { "lot", "SELECT id FROM lot" },
    [LINK_BOARD] = { "board", "SELECT id FROM board" },
    [LINK_RUN] = { "run", "SELECT id FROM run WHERE verdict IS NOT NULL" },
    [LINK_STATION_END] = { "station-end", "SELECT id FROM station WHERE ended_utc IS NOT NULL" },
    [LINK_CORRECTION] = { "correction", "SELECT id FROM correction" },
    [LINK_CHECKPOINT] = { "checkpoint", "SELECT id FROM checkpoint" },
    [LINK_LABEL] = { "label", "SELECT id FROM label" },
    [LINK_LABEL_END] = { "label-end", "SELECT id FROM label WHERE outcome IS NOT NULL" },
    [LINK_ACT] = { "act", "SELECT id FROM act" },
    [LINK_UNIT] = { "unit", "SELECT id FROM unit" },
    [LINK_UNIT_DECISION] = { "unit-decision", "SELECT id FROM unit_decision" },
    [LINK_LEASE] = { "lease", "SELECT id FROM lease" },
    [LINK_LEASE_END] = { "lease-end", "SELECT id FROM lease WHERE ended_utc IS NOT NULL" },
    [LINK_BURN] = { "burn", "SELECT id FROM burn" },
};

const char *chain_kind_word(enum link_kind kind)
{
    return kinds[kind].word;
}

const char *chain_kind_rows(enum link_kind kind)
{
    return kinds[kind].rows;
}

bool chain_kind_of(const char *word, enum link_kind *kind)
{
    for (unsigned i = 0; i < LINK_KIND_COUNT; i++) {
        if (strcmp(kinds[i].word, word) == 0) {
            *kind = i;
            return true;
        }
    }
    return false;
}

int chain_form_locked(struct db *db, struct db_sha256 *sha, enum link_kind kind, int64_t row,
                      char hex[static DB_SHA256_CAP], struct err *e)
{
    struct query q = query_form_locked(db, kind);
    query_int(&q, row);
    int rows = query_row(&q, e);
    if (rows > 0) {
        const void *text = sqlite3_column_text(q.statement, 0);
        db_sha256_again(sha);
        db_sha256_add(sha, !text ? "" : text, (size_t)sqlite3_column_bytes(q.statement, 0));
        if (!db_sha256_hex(sha, hex, e))
            rows = -1;
    }
    query_end(&q);
    return rows;
}

bool chain_hash(struct db_sha256 *sha, const char *previous, const char *kind, int64_t row,
                const char *form_sha256, char hex[static DB_SHA256_CAP], struct err *e)
{
    char number[32];
    snprintf(number, sizeof number, " %" PRId64 " ", row);
    db_sha256_again(sha);
    db_sha256_add_text(sha, previous);
    db_sha256_add_text(sha, "\n");
    db_sha256_add_text(sha, kind);
    db_sha256_add_text(sha, number);
    db_sha256_add_text(sha, form_sha256);
    db_sha256_add_text(sha, "\n");
    return db_sha256_hex(sha, hex, e);
}

bool chain_end_locked(struct db *db, struct chain_end *end, struct err *e)
{
    struct query q = query_start_locked(db, STMT_LINK_LAST);
    const int rows = query_row(&q, e);
    *end = (struct chain_end){ .link = 0 };
    memset(end->sha256, '0', sizeof end->sha256 - 1);
    if (rows > 0) {
        end->link = sqlite3_column_int64(q.statement, 0);
        snprintf(end->sha256, sizeof end->sha256, "%s",
                 (const char *)sqlite3_column_text(q.statement, 1));
    }
    query_end(&q);
    return rows >= 0;
}

static bool add_link_locked(struct db *db, struct db_sha256 *sha, struct chain_end *end,
                            enum link_kind kind, int64_t row, struct err *e)
{
    char form_sha256[DB_SHA256_CAP];
    const int rows = chain_form_locked(db, sha, kind, row, form_sha256, e);
    if (rows == 0)
        return err_set(e, ERR_STATION, "%s %" PRId64 " is not there to be linked", kinds[kind].word,
                       row);
    if (rows < 0 ||
        !chain_hash(sha, end->sha256, kinds[kind].word, row, form_sha256, end->sha256, e))
        return false;
    struct query q = query_start_locked(db, STMT_LINK_ADD);
    query_int(&q, ++end->link);
    query_text(&q, kinds[kind].word);
    query_int(&q, row);
    query_text(&q, form_sha256);
    query_text(&q, end->sha256);
    return query_run(&q, e);
}

bool chain_link_locked(struct db *db, enum link_kind kind, int64_t row, struct err *e)
{
    struct chain_end end;
    struct db_sha256 sha = db_sha256_new();
    const bool ok = chain_end_locked(db, &end, e) && add_link_locked(db, &sha, &end, kind, row, e);
    db_sha256_free(&sha);
    return ok ? true : err_wrap(e, "Linking %s %" PRId64, kinds[kind].word, row);
}

/* ---- A record that has no chain yet ---- */

static bool link_rows_locked(struct db *db, struct db_sha256 *sha, struct chain_end *end,
                             enum link_kind kind, struct err *e)
{
    char sql[256];
    sqlite3_stmt *s = NULL;
    int rc;
    bool ok = true;
    snprintf(sql, sizeof sql, "%s ORDER BY id", kinds[kind].rows);
    if (sqlite3_prepare_v2(db->sql, sql, -1, &s, NULL) != SQLITE_OK)
        return db_fail(db, e);
    while (ok && (rc = sqlite3_step(s)) == SQLITE_ROW)
        ok = add_link_locked(db, sha, end, kind, sqlite3_column_int64(s, 0), e);
    if (ok && rc != SQLITE_DONE)
        ok = db_fail(db, e);
    sqlite3_finalize(s);
    return ok;
}

bool chain_begin_locked(struct db *db, struct err *e)
{
    struct chain_end end;
    struct db_sha256 sha = db_sha256_new();
    bool ok = statements_prepare(db, e) && chain_end_locked(db, &end, e);
    for (unsigned kind = 0; ok && kind < LINK_KIND_COUNT; kind++)
        ok = link_rows_locked(db, &sha, &end, kind, e);
    statements_finalize(db);
    db_sha256_free(&sha);
    return ok;
}
