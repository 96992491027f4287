/*
 * The audit: follows the chain from its first link, then looks for what stands beside it.
 *
 * Each link is held against the row it binds (form_sha256) and against the link before it (sha256).
 * The first place where the links do not fit each other is judged by looking for the link that
 * stood before when the hash was made; what follows it is not compared any more, as it can only
 * repeat the same. Rows are compared to the end.
 */
#include "db/proof/audit.h"

#include "db/proof/checkpoint_priv.h"
#include "db/store/chain.h"
#include "db/store/connect.h"
#include "db/store/fail.h"
#include "db/store/forms.h"
#include "db/store/handle.h"
#include "db/store/phrases.h"
#include "db/store/query.h"
#include "db/store/schema.h"
#include "db/store/sha256.h"
#include "db/store/turn.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { WHO_CAP = 200, SENTENCE_CAP = 480 };

/* A link as it stands in the file, where every text may have been changed. */
struct link {
    int64_t id, row;
    char kind[16];
    char form_sha256[DB_SHA256_CAP + 1], sha256[DB_SHA256_CAP + 1]; /* room for what is too long */
};

struct audit {
    struct db *db;
    const struct db_audit_setup *setup;
    struct db_audit *result;
    struct db_sha256 sha;
    bool broken; /* two links have not fitted */
};

const char *db_finding_word(enum db_finding_kind kind)
{
    static const char *const words[] = {
        [DB_CHANGED] = "changed",     [DB_DELETED] = "deleted",     [DB_INSERTED] = "inserted",
        [DB_REORDERED] = "reordered", [DB_TRUNCATED] = "truncated", [DB_FORGED] = "forged",
        [DB_UNGUARDED] = "unguarded",
    };
    return words[kind];
}

static void find(struct audit *a, enum db_finding_kind kind, int64_t link, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

static void find(struct audit *a, enum db_finding_kind kind, int64_t link, const char *fmt, ...)
{
    char sentence[SENTENCE_CAP];
    const struct db_finding finding = { .kind = kind, .link = link, .sentence = sentence };
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(sentence, sizeof sentence, fmt, ap);
    va_end(ap);
    a->result->findings++;
    if (a->setup->finding)
        a->setup->finding(a->setup->ctx, &finding);
}

/* ---- Small questions ---- */

static sqlite3_stmt *prepare_locked(struct audit *a, const char *sql, struct err *e)
{
    sqlite3_stmt *s = NULL;
    if (sqlite3_prepare_v2(a->db->sql, sql, -1, &s, NULL) != SQLITE_OK)
        db_fail(a->db, e);
    return s;
}

/* > 0 a row, 0 the end, < 0 failed. */
static int next_row(struct audit *a, sqlite3_stmt *s, struct err *e)
{
    return query_step(a->db, s, e);
}

/* The first number of the first row, `none` without one. */
static bool ask_number_locked(struct audit *a, const char *sql, int64_t none, int64_t *number,
                              struct err *e)
{
    sqlite3_stmt *s = prepare_locked(a, sql, e);
    const int rows = !s ? -1 : next_row(a, s, e);
    *number =
        rows > 0 && sqlite3_column_type(s, 0) != SQLITE_NULL ? sqlite3_column_int64(s, 0) : none;
    sqlite3_finalize(s);
    return rows >= 0;
}

/* A text with a NUL in it, which no station writes, counts as empty. */
static void copy_column(sqlite3_stmt *s, int column, char *text, size_t cap)
{
    const char *value = (const char *)sqlite3_column_text(s, column);
    const bool whole = value && strlen(value) == (size_t)sqlite3_column_bytes(s, column);
    snprintf(text, cap, "%s", whole ? value : "");
}

/* What the file holds goes to a terminal: no control characters. */
static void make_plain(char *text)
{
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < 0x20 || *text == 0x7F)
            *text = '?';
    }
}

/* "run 12 (24:0a:c4:00:00:01, lot A, PASS)", as far as that is still there. */
static void name_row_locked(struct audit *a, const char *kind, int64_t row, char who[WHO_CAP])
{
    struct err ignored = { 0 };
    const int n = snprintf(who, WHO_CAP, "%s %" PRId64, kind, row);
    enum link_kind known;
    if (!chain_kind_of(kind, &known) || n < 0 || n >= WHO_CAP)
        return;
    struct query q = query_start_locked(a->db, STMT_AUDIT_NAME);
    query_text(&q, known == LINK_STATION_END ? "station" : kind);
    query_int(&q, row);
    if (query_row(&q, &ignored) > 0 && sqlite3_column_type(q.statement, 0) != SQLITE_NULL)
        snprintf(who + n, WHO_CAP - (size_t)n, " (%.140s)",
                 (const char *)sqlite3_column_text(q.statement, 0));
    query_end(&q);
    make_plain(who);
}

/* ---- The chain ---- */

static bool hash_after(struct audit *a, const char *previous, const struct link *link,
                       char hex[static DB_SHA256_CAP], struct err *e)
{
    return chain_hash(&a->sha, previous, link->kind, link->row, link->form_sha256, hex, e);
}

/* The link whose hash went into this one: its number, 0 if it was the first of all, -1 if none that
 * is there. */
static bool find_before_locked(struct audit *a, const struct link *link, int64_t *before,
                               struct err *e)
{
    char first[DB_SHA256_CAP] = "", hex[DB_SHA256_CAP];
    memset(first, '0', sizeof first - 1);
    *before = -1;
    if (!hash_after(a, first, link, hex, e))
        return false;
    if (strcmp(hex, link->sha256) == 0) {
        *before = 0;
        return true;
    }
    int rows = 0;
    bool ok = true;
    sqlite3_stmt *s = prepare_locked(a, "SELECT id, sha256 FROM link ORDER BY id", e);
    while (s && ok && *before < 0 && (rows = next_row(a, s, e)) > 0) {
        char other[DB_SHA256_CAP + 1];
        copy_column(s, 1, other, sizeof other);
        ok = hash_after(a, other, link, hex, e);
        if (ok && strcmp(hex, link->sha256) == 0)
            *before = sqlite3_column_int64(s, 0);
    }
    ok = ok && s && rows >= 0;
    sqlite3_finalize(s);
    return ok;
}

static void take_link(sqlite3_stmt *s, struct link *link)
{
    link->id = sqlite3_column_int64(s, 0);
    copy_column(s, 1, link->kind, sizeof link->kind);
    link->row = sqlite3_column_int64(s, 2);
    copy_column(s, 3, link->form_sha256, sizeof link->form_sha256);
    copy_column(s, 4, link->sha256, sizeof link->sha256);
}

#define LINK_COLUMNS "SELECT id, kind, row, form_sha256, sha256 FROM link"

/* The first link behind `id`: > 0, 0 none, < 0 failed. */
static int link_behind_locked(struct audit *a, int64_t id, struct link *link, struct err *e)
{
    sqlite3_stmt *s = prepare_locked(a, LINK_COLUMNS " WHERE id > ? ORDER BY id LIMIT 1", e);
    if (!s)
        return -1;
    sqlite3_bind_int64(s, 1, id);
    const int rows = next_row(a, s, e);
    if (rows > 0)
        take_link(s, link);
    sqlite3_finalize(s);
    return rows;
}

/* Names the links from `first` on that do not belong where they stand. */
static bool find_inserted_locked(struct audit *a, int64_t first, struct err *e)
{
    struct link link;
    char who[WHO_CAP];
    if (link_behind_locked(a, first - 1, &link, e) <= 0)
        return false;
    name_row_locked(a, link.kind, link.row, who);
    find(a, DB_INSERTED, link.id,
         "%s was inserted: the chain goes on as if link %" PRId64 " were not there", who, link.id);
    return true;
}

/* This link does not fit the one before it: why? */
static bool judge_break_locked(struct audit *a, const struct link *before, const struct link *link,
                               struct err *e)
{
    struct link next;
    int64_t origin;
    char who[WHO_CAP], hex[DB_SHA256_CAP];
    name_row_locked(a, link->kind, link->row, who);
    if (!find_before_locked(a, link, &origin, e))
        return false;
    if (origin >= 0 && origin < before->id)
        return find_inserted_locked(a, origin + 1, e);
    if (origin > link->id) {
        find(a, DB_REORDERED, link->id,
             "%s was moved: it stood behind link %" PRId64 " and now stands before it", who,
             origin);
        return true;
    }
    const int rows = link_behind_locked(a, link->id, &next, e);
    if (rows < 0 || (rows > 0 && !find_before_locked(a, &next, &origin, e)))
        return false;
    if (rows > 0 && origin >= 0 && origin < link->id)
        return find_inserted_locked(a, origin + 1, e);
    if (rows > 0 && hash_after(a, link->sha256, &next, hex, e) && strcmp(hex, next.sha256) == 0)
        find(a, DB_DELETED, link->id,
             "What was recorded just before %s was deleted, or link "
             "%" PRId64 " was changed",
             who, link->id);
    else
        find(a, DB_CHANGED, link->id,
             "Link %" PRId64 ", of %s, was changed, or what stood before "
             "it was deleted",
             link->id, who);
    return true;
}

static bool check_row_locked(struct audit *a, const struct link *link, struct err *e)
{
    enum link_kind kind;
    char who[WHO_CAP], hex[DB_SHA256_CAP];
    if (!chain_kind_of(link->kind, &kind)) {
        find(a, DB_CHANGED, link->id, "Link %" PRId64 " was changed: it is of no known kind",
             link->id);
        return true;
    }
    const int rows = chain_form_locked(a->db, &a->sha, kind, link->row, hex, e);
    if (rows < 0)
        return false;
    if (rows > 0 && strcmp(hex, link->form_sha256) == 0)
        return true;
    name_row_locked(a, link->kind, link->row, who);
    if (rows == 0 && (kind == LINK_RUN || kind == LINK_STATION_END))
        find(a, DB_DELETED, link->id, "%s was deleted, or its end was taken away", who);
    else if (rows == 0)
        find(a, DB_DELETED, link->id, "%s was deleted", who);
    else
        find(a, DB_CHANGED, link->id, "%s was changed after it was recorded", who);
    return true;
}

/* `before` is the link before, with number 0 before the first. */
static bool check_link_locked(struct audit *a, const struct link *before, const struct link *link,
                              struct err *e)
{
    char hex[DB_SHA256_CAP];
    if (!check_row_locked(a, link, e))
        return false;
    if (link->id != before->id + 1) {
        find(a, DB_DELETED, before->id + 1,
             "%" PRId64 " of the links %" PRId64 " to %" PRId64 " were deleted",
             link->id - before->id - 1, before->id + 1, link->id - 1);
        return true;
    }
    if (a->broken)
        return true;
    if (!hash_after(a, before->sha256, link, hex, e))
        return false;
    if (strcmp(hex, link->sha256) == 0)
        return true;
    a->broken = true;
    return judge_break_locked(a, before, link, e);
}

static bool follow_chain_locked(struct audit *a, struct err *e)
{
    int rows = -1;
    bool ok = true;
    struct link link, before = { .id = 0 };
    memset(before.sha256, '0', DB_SHA256_CAP - 1);
    sqlite3_stmt *s = prepare_locked(a, LINK_COLUMNS " ORDER BY id", e);
    while (s && ok && (rows = next_row(a, s, e)) > 0) {
        take_link(s, &link);
        ok = check_link_locked(a, &before, &link, e);
        before = link;
    }
    sqlite3_finalize(s);
    a->result->links = before.id;
    snprintf(a->result->end_sha256, sizeof a->result->end_sha256, "%.64s", before.sha256);
    return ok && rows == 0;
}

/* ---- Beside the chain ---- */

static bool find_unlinked_locked(struct audit *a, enum link_kind kind, struct err *e)
{
    char sql[256], who[WHO_CAP];
    int64_t row;
    const char *const rows = chain_kind_rows(kind);
    snprintf(sql, sizeof sql,
             "SELECT id FROM (%s) AS t WHERE NOT EXISTS (SELECT 1 FROM link WHERE kind = '%s'"
             " AND row = t.id) ORDER BY id LIMIT 1",
             rows, chain_kind_word(kind));
    if (!ask_number_locked(a, sql, 0, &row, e))
        return false;
    if (row == 0)
        return true;
    name_row_locked(a, chain_kind_word(kind), row, who);
    find(a, DB_INSERTED, 0,
         "%s has no link: no station has recorded it, or the end of the chain "
         "was cut off",
         who);
    return true;
}

/* Numbers are given without gaps and no row is ever taken away. A gap that has a link was found
 * with the chain. */
static bool find_gap_locked(struct audit *a, const char *t, struct err *e)
{
    char sql[384];
    int64_t missing;
    snprintf(sql, sizeof sql,
             "SELECT (SELECT max(id) FROM %s) IS NOT (SELECT nullif(count(*), 0) FROM %s)", t, t);
    if (!ask_number_locked(a, sql, 0, &missing, e))
        return false;
    if (missing == 0)
        return true;
    snprintf(sql, sizeof sql,
             "SELECT n FROM (SELECT 1 AS n UNION ALL SELECT id + 1 FROM %s) WHERE n < (SELECT"
             " max(id) FROM %s) AND n NOT IN (SELECT id FROM %s) AND NOT EXISTS (SELECT 1 FROM"
             " link WHERE kind = '%s' AND row = n) ORDER BY n LIMIT 1",
             t, t, t, t);
    if (!ask_number_locked(a, sql, 0, &missing, e))
        return false;
    if (missing != 0)
        find(a, DB_DELETED, 0, "%s %" PRId64 " was deleted before it had a link", t, missing);
    return true;
}

static bool look_beside_locked(struct audit *a, struct err *e)
{
    static const char *const tables[] = { "station",       "recipe", "image",   "lot",
                                          "board",         "run",    "attempt", "correction",
                                          "checkpoint",    "label",  "act",     "unit",
                                          "unit_decision", "burn" };
    for (unsigned kind = 0; kind < LINK_KIND_COUNT; kind++) {
        if (!find_unlinked_locked(a, kind, e))
            return false;
    }
    for (size_t i = 0; !a->setup->final_rows_alone && i < sizeof tables / sizeof tables[0]; i++) {
        if (!find_gap_locked(a, tables[i], e))
            return false;
    }
    return true;
}

/* ---- Checkpoints ---- */

/* The hash of a link; empty if it is not there. */
static bool link_sha256_locked(struct audit *a, int64_t id, char sha256[static DB_SHA256_CAP + 1],
                               struct err *e)
{
    struct link link;
    const int rows = link_behind_locked(a, id - 1, &link, e);
    snprintf(sha256, DB_SHA256_CAP + 1, "%s", rows > 0 && link.id == id ? link.sha256 : "");
    return rows >= 0;
}

/* Whether the record still has what the checkpoint has seen. */
static bool check_said_locked(struct audit *a, const struct checkpoint_said *said, const char *who,
                              struct err *e)
{
    char sha256[DB_SHA256_CAP + 1];
    const char *const key = a->setup->public_key;
    if (key && strcmp(key, said->public_key) != 0)
        find(a, DB_FORGED, 0, "%s is signed by another key: %s", who, said->public_key);
    if (said->link == 0)
        return true;
    if (!link_sha256_locked(a, said->link, sha256, e))
        return false;
    if (sha256[0] == '\0' && said->link > a->result->links)
        find(a, DB_TRUNCATED, a->result->links,
             "%s has seen %" PRId64 " links; the record ends "
             "with link %" PRId64,
             who, said->link, a->result->links);
    else if (strcmp(sha256, said->sha256) != 0)
        find(a, DB_CHANGED, said->link,
             "%s has seen another link %" PRId64 ": what was recorded "
             "up to it was changed and the chain made anew",
             who, said->link);
    return true;
}

static bool check_lot_locked(struct audit *a, sqlite3_stmt *s, struct err *e)
{
    struct checkpoint_said said;
    char who[WHO_CAP], lot[DB_LOT_CAP];
    copy_column(s, 0, lot, sizeof lot);
    snprintf(who, sizeof who, "The checkpoint of lot %s", lot);
    make_plain(who);
    const char *const text = (const char *)sqlite3_column_text(s, 1);
    const char *const signature = (const char *)sqlite3_column_text(s, 2);
    a->result->lots_closed++;
    if (!checkpoint_read(!text ? "" : text, !signature ? "" : signature, &said)) {
        find(a, DB_FORGED, 0, "%s has no valid signature", who);
        return true;
    }
    if (strcmp(said.lot, lot) != 0 || said.link != sqlite3_column_int64(s, 3))
        find(a, DB_FORGED, 0, "%s was signed for another lot or another link", who);
    snprintf(a->result->public_key, sizeof a->result->public_key, "%s", said.public_key);
    return check_said_locked(a, &said, who, e);
}

static bool check_lots_locked(struct audit *a, struct err *e)
{
    int rows = -1;
    bool ok = true;
    sqlite3_stmt *s = prepare_locked(a,
                                     "SELECT l.name, p.text, p.signature, p.link FROM checkpoint"
                                     " AS p LEFT JOIN lot AS l ON l.id = p.lot ORDER BY p.id",
                                     e);
    while (s && ok && (rows = next_row(a, s, e)) > 0)
        ok = check_lot_locked(a, s, e);
    sqlite3_finalize(s);
    return ok && rows == 0;
}

static bool check_given_locked(struct audit *a, struct err *e)
{
    struct checkpoint_said said;
    if (!a->setup->checkpoint)
        return true;
    if (!checkpoint_read_file(a->setup->checkpoint, &said)) {
        find(a, DB_FORGED, 0, "The checkpoint given was changed: its signature is not valid");
        a->result->given_findings++;
        return true;
    }
    const int64_t before = a->result->findings;
    a->result->at_link = said.link;
    const bool ok = check_said_locked(a, &said, "The checkpoint given", e);
    a->result->given_findings = a->result->findings - before;
    return ok;
}

/* ---- After the end of a lot ---- */

static void take_late(struct audit *a, sqlite3_stmt *s)
{
    char texts[5][DB_LOT_CAP + 400];
    for (int i = 0; i < 5; i++) {
        copy_column(s, i, texts[i], sizeof texts[i]);
        make_plain(texts[i]);
    }
    const struct db_late_correction late = { .lot = texts[0],
                                             .verdict = texts[1][0] ? texts[1] : NULL,
                                             .operator_name = texts[2],
                                             .made_utc = texts[3],
                                             .reason = texts[4],
                                             .run_id = sqlite3_column_int64(s, 5) };
    a->result->late_corrections++;
    if (a->setup->late)
        a->setup->late(a->setup->ctx, &late);
}

static bool tell_late_locked(struct audit *a, struct err *e)
{
    int rows = -1;
    sqlite3_stmt *s =
        prepare_locked(a,
                       "SELECT l.name, k.verdict, k.operator, k.made_utc, k.reason, k.run"
                       " FROM correction AS k JOIN run AS r ON r.id = k.run"
                       " JOIN lot AS l ON l.id = r.lot WHERE " MADE_AFTER_CLOSING " ORDER BY k.id",
                       e);
    while (s && (rows = next_row(a, s, e)) > 0)
        take_late(a, s);
    sqlite3_finalize(s);
    return rows == 0;
}

/* ---- Guards ---- */

/* Statements are compared without their spaces: SQLite rewrites some when a column is added. */
static bool same_statement(const char *one, const char *two)
{
    for (;; one++, two++) {
        while (isspace((unsigned char)*one))
            one++;
        while (isspace((unsigned char)*two))
            two++;
        if (*one != *two)
            return false;
        if (*one == '\0')
            return true;
    }
}

static bool fail_pattern(sqlite3 *sql, struct err *e)
{
    return err_set(e, ERR_STATION, "The tables could not be made in memory: %s",
                   sqlite3_errmsg(sql));
}

/* Makes the tables anew in memory, as a pattern. */
static sqlite3 *pattern(struct err *e)
{
    sqlite3 *sql = NULL;
    bool ok = sqlite3_open_v2(":memory:", &sql, SQLITE_OPEN_READWRITE | SQLITE_OPEN_MEMORY, NULL) ==
              SQLITE_OK;
    for (size_t v = 0; ok && v < DB_SCHEMA_VERSION; v++)
        ok = schema_run_step(sql, &schema_steps[v]) == SQLITE_OK;
    if (ok)
        return sql;
    fail_pattern(sql, e);
    sqlite3_close(sql);
    return NULL;
}

static bool check_guard_locked(struct audit *a, sqlite3_stmt *want, sqlite3_stmt *have,
                               struct err *e)
{
    const char *const type = (const char *)sqlite3_column_text(want, 0);
    const char *const name = (const char *)sqlite3_column_text(want, 1);
    sqlite3_reset(have);
    sqlite3_bind_text(have, 1, type, -1, SQLITE_STATIC);
    sqlite3_bind_text(have, 2, name, -1, SQLITE_STATIC);
    const int rows = next_row(a, have, e);
    if (rows < 0)
        return false;
    const char *const sql = rows > 0 ? (const char *)sqlite3_column_text(have, 0) : NULL;
    if (rows == 0)
        find(a, DB_UNGUARDED, 0, "The %s %s was dropped", type, name);
    else if (!sql || !same_statement(sql, (const char *)sqlite3_column_text(want, 2)))
        find(a, DB_UNGUARDED, 0, "The %s %s is not as the station made it", type, name);
    return true;
}

/* A trigger of somebody's own could change what stations write; views and indexes cannot. */
static bool find_triggers_locked(struct audit *a, sqlite3 *made, struct err *e)
{
    int rows = -1, rc = SQLITE_DONE;
    sqlite3_stmt *known = NULL;
    sqlite3_stmt *s =
        prepare_locked(a, "SELECT name FROM sqlite_master WHERE type = 'trigger' ORDER BY name", e);
    sqlite3_prepare_v2(made, "SELECT 1 FROM sqlite_master WHERE type = 'trigger' AND name = ?", -1,
                       &known, NULL);
    while (s && known && (rows = next_row(a, s, e)) > 0) {
        char name[WHO_CAP];
        copy_column(s, 0, name, sizeof name);
        sqlite3_reset(known);
        sqlite3_bind_text(known, 1, name, -1, SQLITE_STATIC);
        rc = sqlite3_step(known);
        if (rc == SQLITE_ROW)
            continue;
        if (rc != SQLITE_DONE)
            break;
        make_plain(name);
        find(a, DB_UNGUARDED, 0, "The trigger %s was added: it may change what stations record",
             name);
    }
    if (s && (!known || (rc != SQLITE_ROW && rc != SQLITE_DONE)))
        fail_pattern(made, e);
    sqlite3_finalize(known);
    sqlite3_finalize(s);
    return rows == 0;
}

static bool check_guards_locked(struct audit *a, struct err *e)
{
    bool ok = true;
    int rc = SQLITE_ERROR;
    sqlite3_stmt *want = NULL;
    sqlite3 *made = pattern(e);
    if (!made)
        return false;
    sqlite3_stmt *have =
        prepare_locked(a, "SELECT sql FROM sqlite_master WHERE type = ? AND name = ?", e);
    sqlite3_prepare_v2(made,
                       "SELECT type, name, sql FROM sqlite_master WHERE type IN ('table',"
                       " 'trigger') AND sql IS NOT NULL ORDER BY type, name",
                       -1, &want, NULL);
    while (have && want && ok && (rc = sqlite3_step(want)) == SQLITE_ROW)
        ok = check_guard_locked(a, want, have, e);
    if (have && ok && rc != SQLITE_DONE)
        ok = fail_pattern(made, e);
    ok = ok && have && find_triggers_locked(a, made, e);
    sqlite3_finalize(want);
    sqlite3_finalize(have);
    sqlite3_close(made);
    return ok;
}

/* ---- All of it ---- */

static bool count_runs_locked(struct audit *a, struct err *e)
{
    struct db_audit *r = a->result;
    return ask_number_locked(a, "SELECT count(*) FROM run WHERE verdict IS NOT NULL", 0, &r->runs,
                             e) &&
           ask_number_locked(a, "SELECT count(*) FROM run WHERE verdict = 'PASS'", 0, &r->passed,
                             e) &&
           ask_number_locked(a, "SELECT count(*) FROM run WHERE verdict IS NULL", 0, &r->open_runs,
                             e);
}

/* Such a file says nothing of the record, neither good nor bad. */
static bool is_checkpoint(const char *file, struct err *e)
{
    if (!file || checkpoint_is_one(file))
        return true;
    err_set(e, ERR_USAGE, "The file given is no checkpoint");
    return err_hint(e, "Give the file that `espstation lot close --checkpoint` or `espstation "
                       "audit --save` has written.");
}

bool db_audit(struct db *reader, const struct db_audit_setup *setup, struct db_audit *audit,
              struct err *e)
{
    memset(audit, 0, sizeof *audit);
    if (!is_checkpoint(setup->checkpoint, e))
        return false;
    struct audit a = { .db = reader, .setup = setup, .result = audit, .sha = db_sha256_new() };
    bool ok = db_begin_read(reader, e);
    if (ok)
        ok = db_finish(reader,
                       follow_chain_locked(&a, e) && look_beside_locked(&a, e) &&
                           check_lots_locked(&a, e) && check_given_locked(&a, e) &&
                           check_guards_locked(&a, e) && tell_late_locked(&a, e) &&
                           count_runs_locked(&a, e),
                       e) &&
             db_still_the_same(reader, e);
    db_sha256_free(&a.sha);
    return ok ? true : err_wrap(e, "Auditing");
}

/* ---- For a shell of SQLite ---- */

struct shell {
    bool (*emit)(void *ctx, const char *bytes, size_t n);
    void *ctx;
};

static bool put(const struct shell *to, const char *text)
{
    return to->emit(to->ctx, text, strlen(text));
}

bool db_audit_sql(bool (*emit)(void *ctx, const char *bytes, size_t n), void *ctx)
{
    const struct shell to = { emit, ctx };
    char form[FORM_SQL_CAP];
    bool ok = put(&to, "-- The canonical form of every row that the chain binds.\n"
                       "CREATE TEMP VIEW form AS\n");
    for (unsigned kind = 0; ok && kind < LINK_KIND_COUNT; kind++) {
        form_all_sql(kind, form);
        ok = put(&to, kind == 0 ? "" : "\nUNION ALL\n") && put(&to, form);
    }
    return ok && put(&to, ";\n\n-- What the hash of each link is made of.\n"
                          "CREATE TEMP VIEW bound AS\n"
                          "SELECT l.id, ifnull(p.sha256, hex(zeroblob(32))) || char(10) || l.kind"
                          "\n  || ' ' || l.row || ' ' || l.form_sha256 || char(10) AS text,"
                          " l.sha256\n FROM link AS l LEFT JOIN link AS p ON p.id = l.id - 1;\n");
}
