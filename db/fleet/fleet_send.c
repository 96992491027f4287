/*
 * Sending: one batch, one transaction.
 *
 * The batch is read for the mark that the server shows. Then, in the transaction, the record's row
 * on the server is locked and must still show that mark: whoever sent meanwhile (a command by hand
 * beside a line) has moved it, and this batch is thrown away. Rows and the new mark are committed
 * together. If the answer to the COMMIT is lost nobody needs to know what became of it: the next
 * batch is read for the mark that then is there.
 */
#include "db/fleet/fleet_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CURRENT_RECORD                                                                             \
    "SELECT r.id, r.link, r.sha256, r.first_sha256 FROM espstation.record AS r"                    \
    " JOIN espstation.station AS s ON s.id = r.station"                                            \
    " WHERE s.name = $1 AND r.replaced_utc IS NULL"

struct mark {
    int64_t record_id, link; /* record 0: the station is not known */
    char sha256[FLEET_SHA256_CAP], first[FLEET_SHA256_CAP];
};

static bool ask_mark(struct fleet *f, const char *sql, const char *station, struct mark *m,
                     struct err *e)
{
    PGresult *const r = pg_ask(f, sql, &station, 1, e);
    *m = (struct mark){ .record_id = 0 };
    if (r && PQntuples(r) > 0) {
        m->record_id = strtoll(PQgetvalue(r, 0, 0), NULL, 10);
        m->link = strtoll(PQgetvalue(r, 0, 1), NULL, 10);
        snprintf(m->sha256, sizeof m->sha256, "%s", PQgetvalue(r, 0, 2));
        snprintf(m->first, sizeof m->first, "%s", PQgetvalue(r, 0, 3));
    }
    PQclear(r);
    return r != NULL;
}

/* Whether the record goes on from this mark. */
static bool goes_on(struct outbox *o, const struct mark *m, bool *fits, struct err *e)
{
    char here[FLEET_SHA256_CAP];
    if (!outbox_sha256(o, m->link > 0 ? m->link : 1, here, e))
        return false;
    *fits = m->record_id > 0 && strcmp(here, m->link > 0 ? m->sha256 : m->first) == 0;
    return true;
}

static bool fail_mark(struct fleet *f, struct outbox *o, const char *station, struct err *e)
{
    struct fleet_state state;
    if (!fleet_look(f, o, station, &state, e))
        return false;
    if (state.relation == FLEET_FITS) /* somebody joined just now */
        return err_set(e, ERR_DATABASE, "The mark of station '%s' was moved meanwhile", station);
    return fleet_say_relation(&state, station, e);
}

/* ---- Months ---- */

static bool is_known(const struct fleet *f, const char *month)
{
    for (size_t i = 0; i < f->known_month_count; i++) {
        if (strcmp(f->known_months[i], month) == 0)
            return true;
    }
    return false;
}

/* In transactions of their own, before that of the batch: they need locks that others wait for. */
static bool make_months(struct fleet *f, const struct outbox *o, struct err *e)
{
    for (size_t i = 0; i < o->month_count; i++) {
        char made[8];
        const char *const month = o->month[i];
        if (is_known(f, month))
            continue;
        if (!pg_text(f, "SELECT espstation.make_month($1)", &month, 1, made, sizeof made, e))
            return err_wrap(e, "Making room for %s", month);
        if (f->known_month_count < sizeof f->known_months / sizeof f->known_months[0])
            snprintf(f->known_months[f->known_month_count++], sizeof f->known_months[0], "%s",
                     month);
    }
    return true;
}

/* ---- The batch ---- */

static bool copy_tables(struct fleet *f, const struct outbox *o, struct err *e)
{
    char sql[FLEET_SQL_CAP];
    for (size_t i = 0; i < FLEET_TABLE_COUNT; i++) {
        const struct fleet_lines *const lines = &o->lines[i];
        if (lines->used == 0)
            continue;
        fleet_copy_sql(&fleet_tables[i], sql);
        if (!pg_copy_in(f, sql, lines->bytes, lines->used, e))
            return err_wrap(e, "Sending rows of %s", fleet_tables[i].name);
    }
    return true;
}

static bool set_mark(struct fleet *f, const struct outbox *o, const char *tool_version,
                     struct err *e)
{
    char record[PG_NUMBER_CAP], link[PG_NUMBER_CAP], host[DB_HOST_CAP] = "";
    gethostname(host, sizeof host - 1);
    const char *const values[] = { pg_number(o->record_id, record), pg_number(o->upto, link),
                                   o->sha256, host, tool_version };
    PGresult *const r = pg_ask(f,
                               "UPDATE espstation.record SET link = $2, sha256 = $3,"
                               " sent_host = $4, tool_version = $5, sent_utc = now()"
                               " WHERE id = $1",
                               values, 5, e);
    PQclear(r);
    return r != NULL;
}

/* What the batch says of places, leases and boards that passed twice: counted once, with its rows.
 * The first that turned out to be twice goes into *sent. */
static bool account(struct fleet *f, const struct outbox *o, struct fleet_sent *sent, struct err *e)
{
    char record[PG_NUMBER_CAP], after[PG_NUMBER_CAP], upto[PG_NUMBER_CAP];
    const char *const values[] = { pg_number(o->record_id, record), pg_number(o->after, after),
                                   pg_number(o->upto, upto) };
    PGresult *const r = pg_ask(f,
                               "SELECT what, text, run, other_station, other_run FROM"
                               " espstation.account($1, $2, $3)",
                               values, 3, e);
    sent->twice = r ? PQntuples(r) : 0;
    if (sent->twice > 0)
        snprintf(sent->first_twice, sizeof sent->first_twice,
                 "The %s %.80s of run %s is at station %.64s as well: run %s", PQgetvalue(r, 0, 0),
                 PQgetvalue(r, 0, 1), PQgetvalue(r, 0, 2), PQgetvalue(r, 0, 3),
                 PQgetvalue(r, 0, 4));
    PQclear(r);
    return r || err_wrap(e, "Counting what was used");
}

/* *moved: somebody else has sent, and nothing was done. */
static bool store(struct fleet *f, struct outbox *o, const char *station, const struct mark *m,
                  const char *tool_version, bool *moved, struct fleet_sent *sent, struct err *e)
{
    struct mark now;
    if (!ask_mark(f, CURRENT_RECORD " FOR UPDATE OF r", station, &now, e))
        return false;
    *moved =
        now.record_id != m->record_id || now.link != m->link || strcmp(now.sha256, m->sha256) != 0;
    return *moved ||
           (copy_tables(f, o, e) && account(f, o, sent, e) && set_mark(f, o, tool_version, e));
}

static bool send_filled(struct fleet *f, struct outbox *o, const char *station,
                        const struct mark *m, const char *tool_version, bool *moved,
                        struct fleet_sent *sent, struct err *e)
{
    if (make_months(f, o, e) && pg_run(f, "BEGIN", e) &&
        store(f, o, station, m, tool_version, moved, sent, e) && pg_commit(f, e))
        return true;
    pg_roll_back(f);
    return false;
}

bool fleet_send_batch(struct fleet *f, struct outbox *o, const char *station,
                      const char *tool_version, struct fleet_sent *sent, struct err *e)
{
    struct mark m;
    bool fits, moved = false;
    *sent = (struct fleet_sent){ .links = 0 };
    if (!ask_mark(f, CURRENT_RECORD, station, &m, e) || !goes_on(o, &m, &fits, e))
        return false;
    if (!fits)
        return fail_mark(f, o, station, e);
    if (!outbox_fill(o, m.record_id, m.link, e))
        return false;
    sent->mark = m.link;
    sent->last = o->last;
    if (o->upto == o->after)
        return true;
    if (!send_filled(f, o, station, &m, tool_version, &moved, sent, e)) {
        sent->twice = 0;
        return false;
    }
    sent->links = o->upto - o->after;
    sent->mark = moved ? m.link : o->upto;
    return true;
}
