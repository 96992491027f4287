/* For tests that change a record behind its back and want the audit to name what was changed. */
#ifndef TESTS_UNIT_DB_AUDIT_HELP_H
#define TESTS_UNIT_DB_AUDIT_HELP_H

#include "tests/unit/db_help.h"

#include "db/proof/audit.h"

/* The first finding of an audit. */
struct first {
    int count;
    enum db_finding_kind kind;
    int64_t link;
    char sentence[512];
};

static inline void keep_first(void *ctx, const struct db_finding *finding)
{
    struct first *first = ctx;
    if (first->count++ > 0)
        return;
    first->kind = finding->kind;
    first->link = finding->link;
    snprintf(first->sentence, sizeof first->sentence, "%s", finding->sentence);
}

static inline struct first audit_with(struct bench *b, const char *checkpoint, const char *key)
{
    struct first first = { 0 };
    struct db_audit audit;
    const struct db_audit_setup setup = {
        .checkpoint = checkpoint, .public_key = key, .ctx = &first, .finding = keep_first
    };
    struct db *reader = db_open_reader(b->path, 300, &b->e);
    check_ok(b, reader != NULL);
    check_ok(b, db_audit(reader, &setup, &audit, &b->e));
    db_close(reader);
    assert_int_equal(audit.findings, first.count);
    return first;
}

static inline void assert_clean(struct bench *b)
{
    const struct first first = audit_with(b, NULL, NULL);
    if (first.count != 0)
        fail_msg("%s: %s", db_finding_word(first.kind), first.sentence);
}

static inline void assert_found(const struct first *first, enum db_finding_kind kind,
                                const char *words)
{
    if (first->count == 0)
        fail_msg("nothing was found, expected %s with '%s'", db_finding_word(kind), words);
    if (first->kind != kind || strstr(first->sentence, words) == NULL)
        fail_msg("expected %s with '%s', found %s: %s", db_finding_word(kind), words,
                 db_finding_word(first->kind), first->sentence);
}

static inline void run_sql(sqlite3 *sql, const char *text)
{
    if (sqlite3_exec(sql, text, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s: %s", text, sqlite3_errmsg(sql));
}

/* As somebody would who knows SQLite: the triggers go for the time of the change. */
static inline void tamper(const struct bench *b, const char *text)
{
    char kept[200][1200];
    size_t count = 0;
    sqlite3 *sql = NULL;
    sqlite3_stmt *s = NULL;
    assert_int_equal(sqlite3_open(b->path, &sql), SQLITE_OK);
    run_sql(sql, "PRAGMA ignore_check_constraints = ON; BEGIN");
    assert_int_equal(sqlite3_prepare_v2(sql,
                                        "SELECT name, sql FROM sqlite_master"
                                        " WHERE type = 'trigger'",
                                        -1, &s, NULL),
                     SQLITE_OK);
    char drops[16384] = "";
    while (sqlite3_step(s) == SQLITE_ROW) {
        assert_true(count < 200);
        snprintf(kept[count++], sizeof kept[0], "%s", (const char *)sqlite3_column_text(s, 1));
        const size_t used = strlen(drops);
        snprintf(drops + used, sizeof drops - used, "DROP TRIGGER %s;",
                 (const char *)sqlite3_column_text(s, 0));
    }
    sqlite3_finalize(s);
    run_sql(sql, drops);
    run_sql(sql, text);
    for (size_t i = 0; i < count; i++)
        run_sql(sql, kept[i]);
    run_sql(sql, "COMMIT");
    sqlite3_close(sql);
}

#endif
