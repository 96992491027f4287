/* Which runs: from what a person typed to the WHERE of a query. */
#include "db/export/export_priv.h"

#include "db/store/mac_utc.h"
#include "db/store/phrases.h"

#include <stdio.h>
#include <string.h>

/* A text that does not fit leaves the end open, and SQLite then refuses the query. */
static void append(struct terms *t, const char *text, size_t n)
{
    const size_t room = sizeof t->sql - t->used - 1;
    memcpy(t->sql + t->used, text, n < room ? n : room);
    t->used += n < room ? n : room;
    t->sql[t->used] = '\0';
}

static void append_text(struct terms *t, const char *text)
{
    append(t, text, strlen(text));
}

/* A condition about a value, which stands where the condition has an @. */
static void add_term(struct terms *t, const char *value, const char *condition)
{
    char mark[16];
    t->text[t->count++] = value;
    snprintf(mark, sizeof mark, "?%d", t->count);
    append_text(t, t->count == 1 ? " WHERE (" : " AND (");
    for (const char *p = condition; *p != '\0';) {
        const size_t n = strcspn(p, "@");
        append(t, p, n);
        p += n;
        if (*p == '@') {
            append_text(t, mark);
            p++;
        }
    }
    append_text(t, ")");
}

/* After corrections. Only a PASS can be corrected, to FAIL and back, so the verdict as recorded
 * says where to look; the plus keeps the rows in the order of their start. */
static bool add_verdict(struct terms *t, const char *verdict, struct err *e)
{
    static const char *const words[] = { "PASS", "STOPPED", "INTERRUPTED" };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(verdict, words[i]) != 0)
            continue;
        add_term(t, words[i], "r.verdict = @ AND " EFFECTIVE_VERDICT("r") " = @");
        return true;
    }
    if (strcmp(verdict, "OPEN") == 0) {
        add_term(t, verdict, "r.verdict IS nullif(@, 'OPEN')"); /* NULL, which IS matches */
        return true;
    }
    if (strcmp(verdict, "FAIL") == 0) {
        add_term(t, verdict, "+r.verdict IN (@, 'PASS') AND " EFFECTIVE_VERDICT("r") " = @");
        return true;
    }
    err_set(e, ERR_USAGE, "'%.40s' is not a verdict", verdict);
    return err_hint(e, "Give one of PASS, FAIL, STOPPED, INTERRUPTED, OPEN.");
}

static bool add_times(struct terms *t, const struct db_filter *f, struct err *e)
{
    int64_t first_ms, after_ms;
    if (f->since) {
        if (!db_utc_span(f->since, &first_ms, &after_ms, e))
            return false;
        db_utc_text(first_ms, t->since);
        add_term(t, t->since, "r.started_utc >= @");
    }
    if (f->until) {
        if (!db_utc_span(f->until, &first_ms, &after_ms, e))
            return false;
        db_utc_text(after_ms, t->until);
        add_term(t, t->until, "r.started_utc < @");
    }
    return true;
}

static bool add_mac(struct terms *t, const char *mac, struct err *e)
{
    if (!mac)
        return true;
    if (!db_mac_normalise(mac, t->mac, e))
        return false;
    add_term(t, t->mac, "r.board = " BOARD_OF_MAC("@"));
    return true;
}

static void add_slot(struct terms *t, int slot)
{
    if (slot == 0)
        return;
    snprintf(t->slot, sizeof t->slot, "%d", slot);
    add_term(t, t->slot, "r.slot = CAST(@ AS INTEGER)");
}

bool terms_make(struct terms *t, const struct db_filter *f, struct err *e)
{
    *t = (struct terms){ .count = 0 };
    if (!f)
        return true;
    if (f->lot)
        add_term(t, f->lot, "r.lot = (SELECT id FROM lot WHERE name = @)");
    if (f->recipe)
        add_term(t, f->recipe,
                 "r.recipe IN (SELECT id FROM recipe WHERE @ IN (name, sha256, plan_sha256))");
    if (f->chip)
        add_term(t, f->chip, "@ COLLATE NOCASE IN (r.seen_chip, c.chip)");
    add_slot(t, f->slot);
    return add_mac(t, f->mac, e) && (!f->verdict || add_verdict(t, f->verdict, e)) &&
           add_times(t, f, e);
}
