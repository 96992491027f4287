/* Which runs: from what a person typed to the WHERE of a query. */
#include "db/export/export_priv.h"

#include <stdio.h>
#include <string.h>

/* A text that does not fit leaves the end open, and SQLite then refuses the query. */
static void append(struct terms *t, const char *text)
{
    const size_t room = sizeof t->sql - t->used;
    const int n = snprintf(t->sql + t->used, room, "%s", text);
    t->used += (size_t)n < room ? (size_t)n : room - 1;
}

/* A condition, with the value's question mark between `before` and `after`. */
static void add_term(struct terms *t, const char *before, const char *value, const char *after)
{
    char mark[16];
    t->text[t->count++] = value;
    snprintf(mark, sizeof mark, "?%d", t->count);
    append(t, t->count == 1 ? " WHERE " : " AND ");
    append(t, before);
    append(t, mark);
    append(t, after);
}

static bool add_verdict(struct terms *t, const char *verdict, struct err *e)
{
    static const char *const words[] = { "PASS", "FAIL", "STOPPED", "INTERRUPTED" };
    /* "OPEN" gives NULL, which IS matches. */
    if (strcmp(verdict, "OPEN") == 0) {
        add_term(t, "r.verdict IS nullif(", verdict, ", 'OPEN')");
        return true;
    }
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(verdict, words[i]) == 0) {
            add_term(t, "r.verdict = ", words[i], "");
            return true;
        }
    }
    err_set(e, ERR_USAGE, "'%.40s' is not a verdict", verdict);
    return err_hint(e, "Give one of PASS, FAIL, STOPPED, INTERRUPTED, OPEN.");
}

static bool add_times(struct terms *t, const struct db_filter *f, struct err *e)
{
    int64_t first_ms, after_ms;
    if (f->since != NULL) {
        if (!db_utc_span(f->since, &first_ms, &after_ms, e))
            return false;
        db_utc_text(first_ms, t->since);
        add_term(t, "r.started_utc >= ", t->since, "");
    }
    if (f->until != NULL) {
        if (!db_utc_span(f->until, &first_ms, &after_ms, e))
            return false;
        db_utc_text(after_ms, t->until);
        add_term(t, "r.started_utc < ", t->until, "");
    }
    return true;
}

static bool add_mac(struct terms *t, const char *mac, struct err *e)
{
    if (mac == NULL)
        return true;
    if (!db_mac_normalise(mac, t->mac, e))
        return false;
    add_term(t, "r.board = (SELECT id FROM board WHERE mac = ", t->mac, ")");
    return true;
}

static void add_slot(struct terms *t, int slot)
{
    if (slot == 0)
        return;
    snprintf(t->slot, sizeof t->slot, "%d", slot);
    add_term(t, "r.slot = CAST(", t->slot, " AS INTEGER)");
}

bool terms_make(struct terms *t, const struct db_filter *f, struct err *e)
{
    *t = (struct terms){ .count = 0 };
    if (f == NULL)
        return true;
    if (f->lot != NULL)
        add_term(t, "r.lot = (SELECT id FROM lot WHERE name = ", f->lot, ")");
    if (f->recipe != NULL)
        add_term(t, "r.recipe IN (SELECT id FROM recipe WHERE ", f->recipe,
                 " IN (name, sha256, plan_sha256))");
    if (f->chip != NULL)
        add_term(t, "", f->chip, " COLLATE NOCASE IN (r.seen_chip, c.chip)");
    add_slot(t, f->slot);
    return add_mac(t, f->mac, e) && (f->verdict == NULL || add_verdict(t, f->verdict, e)) &&
           add_times(t, f, e);
}
