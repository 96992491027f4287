/* How a record stands to what the server has of it, and how the server gets to know it. */
#include "db/fleet/fleet_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Looking ---- */

static int64_t number_at(const PGresult *r, int row, int column)
{
    return PQgetisnull(r, row, column) ? 0 : strtoll(PQgetvalue(r, row, column), NULL, 10);
}

/* Whether both have the same link. */
static bool is_same(struct fleet *f, struct outbox *o, int64_t record_id, int64_t link, bool *same,
                    struct err *e)
{
    char here[FLEET_SHA256_CAP], there[FLEET_SHA256_CAP], a[PG_NUMBER_CAP], b[PG_NUMBER_CAP];
    const char *const values[] = { pg_number(record_id, a), pg_number(link, b) };
    if (!outbox_sha256(o, link, here, e) ||
        !pg_text(f, "SELECT espstation.sha256_of($1, $2)", values, 2, there, sizeof there, e))
        return false;
    *same = here[0] != '\0' && strcmp(here, there) == 0;
    return true;
}

/* Up to which link both are one. Where one link is the same, all before it are: each has the hash
 * of the one before. */
static bool find_common(struct fleet *f, struct outbox *o, int64_t record_id, int64_t most,
                        int64_t *common, struct err *e)
{
    int64_t low = 0;
    while (low < most) {
        const int64_t middle = low + (most - low + 1) / 2;
        bool same;
        if (!is_same(f, o, record_id, middle, &same, e))
            return false;
        if (same)
            low = middle;
        else
            most = middle - 1;
    }
    *common = low;
    return true;
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static bool judge(struct fleet *f, struct outbox *o, const char *mark_sha256, struct fleet_state *s,
                  struct err *e)
{
    char here[FLEET_SHA256_CAP];
    if (!outbox_sha256(o, s->mark, here, e))
        return false;
    if (s->mark > 0 && strcmp(here, mark_sha256) == 0) {
        s->relation = FLEET_FITS;
        s->common = s->mark;
        return true;
    }
    if (!find_common(f, o, s->record_id, least(s->mark, s->last), &s->common, e))
        return false;
    s->relation = s->common == 0         ? FLEET_STRANGER
                  : s->common == s->last ? FLEET_SHORTER
                                         : FLEET_FORKED;
    return true;
}

static bool first_sha256(struct outbox *o, char sha256[static FLEET_SHA256_CAP], struct err *e)
{
    if (!outbox_sha256(o, 1, sha256, e))
        return false;
    if (sha256[0] != '\0')
        return true;
    err_set(e, ERR_WAITING, "The record has no rows yet");
    return err_hint(e, "A station makes them when it runs, and when it joins: espstation fleet "
                       "join --operator NAME");
}

#define OF_RECORD                                                                                  \
    "SELECT r.id, r.link, r.sha256, r.first_sha256, r.sent_host,"                                  \
    " to_char(r.sent_utc, 'YYYY-MM-DD HH24:MI:SS'), s.name FROM espstation.record AS r"            \
    " JOIN espstation.station AS s ON s.id = r.station"

static bool take_state(struct fleet *f, struct outbox *o, const PGresult *r, const char *first,
                       struct fleet_state *s, struct err *e)
{
    s->record_id = number_at(r, 0, 0);
    s->mark = number_at(r, 0, 1);
    snprintf(s->host, sizeof s->host, "%s", PQgetvalue(r, 0, 4));
    snprintf(s->sent, sizeof s->sent, "%s", PQgetvalue(r, 0, 5));
    /* Joined, and nothing sent yet: the beginning tells. */
    if (s->mark == 0 && strcmp(PQgetvalue(r, 0, 3), first) == 0) {
        s->relation = FLEET_FITS;
        return true;
    }
    return judge(f, o, PQgetvalue(r, 0, 2), s, e);
}

static bool look_for_name(struct fleet *f, struct outbox *o, const char *station, const char *first,
                          struct fleet_state *s, struct err *e)
{
    PGresult *const r =
        pg_ask(f, OF_RECORD " WHERE s.name = $1 AND r.replaced_utc IS NULL", &station, 1, e);
    const bool ok = r && (PQntuples(r) == 0 || take_state(f, o, r, first, s, e));
    PQclear(r);
    return ok;
}

/* This record under another name, or as it was before somebody decided: of several the one that it
 * has most in common with. */
static bool look_for_record(struct fleet *f, struct outbox *o, const char *first,
                            struct fleet_state *s, struct err *e)
{
    PGresult *const r =
        pg_ask(f, OF_RECORD " WHERE r.first_sha256 = $1 ORDER BY r.id", &first, 1, e);
    bool ok = r != NULL;
    for (int i = 0; ok && i < PQntuples(r); i++) {
        const int64_t id = number_at(r, i, 0);
        int64_t common;
        ok = find_common(f, o, id, least(number_at(r, i, 1), s->last), &common, e);
        if (!ok || id == s->record_id || common <= s->other_common)
            continue;
        s->other_id = id;
        s->other_common = common;
        snprintf(s->other, sizeof s->other, "%s", PQgetvalue(r, i, 6));
    }
    PQclear(r);
    return ok;
}

bool fleet_look(struct fleet *f, struct outbox *o, const char *station, struct fleet_state *state,
                struct err *e)
{
    char first[FLEET_SHA256_CAP];
    *state = (struct fleet_state){ .relation = FLEET_UNKNOWN };
    if (!outbox_last(o, &state->last, e) || !first_sha256(o, first, e) ||
        !look_for_name(f, o, station, first, state, e))
        return false;
    return state->relation == FLEET_FITS || look_for_record(f, o, first, state, e);
}

/* ---- Saying ---- */

#define GO_ON "espstation fleet join --operator NAME --go-on REASON"

static bool say_unknown(const struct fleet_state *s, const char *station, struct err *e)
{
    if (s->other_id == 0) {
        err_set(e, ERR_WAITING, "The server does not know station '%s' yet", station);
        return err_hint(e, "Make it known: espstation fleet join --operator NAME");
    }
    err_set(e, ERR_WAITING,
            "The server does not know station '%s', but has this record up to link %" PRId64
            " as that of station '%s'",
            station, s->other_common, s->other);
    return err_hint(e, "Renamed, or a copied disk? Renamed: give the station its old name, or have "
                       "the server's owner rename it. A copy that goes on by itself: " GO_ON);
}

bool fleet_say_relation(const struct fleet_state *s, const char *station, struct err *e)
{
    switch (s->relation) {
    case FLEET_UNKNOWN:
        return say_unknown(s, station, e);
    case FLEET_SHORTER:
        err_set(e, ERR_WAITING,
                "This record, perhaps restored from a backup, ends with link %" PRId64
                "; the server "
                "has %" PRId64 " of station '%s' (last from %s)",
                s->last, s->mark, station, s->host);
        return err_hint(e, "Put the newer record back. If it is lost, go on with this one; what it "
                           "lacks stays on the server: " GO_ON);
    case FLEET_FORKED:
        err_set(e, ERR_WAITING,
                "Behind link %" PRId64 " this record goes on otherwise than the server's of "
                "station '%s' (%" PRId64 " links, last from %s)",
                s->common, station, s->mark, s->host);
        return err_hint(e, "Restored from a backup, or two stations with one name? If two: another "
                           "name for one of them. Then, to go on with this record: " GO_ON);
    case FLEET_STRANGER:
        err_set(e, ERR_WAITING,
                "The server knows station '%s' with another record (%" PRId64 " links, last from "
                "%s, %s)",
                station, s->mark, s->host[0] ? s->host : "nobody", s->sent[0] ? s->sent : "never");
        return err_hint(e, "Two stations with one name? Give this one another name in its station "
                           "file. If it has begun a new record: " GO_ON);
    default:
        return err_set(e, ERR_STATION, "Nothing is to be decided of station '%s'", station);
    }
}

/* ---- Joining ---- */

static bool run_with(struct fleet *f, const char *sql, const char *const *values, int count,
                     struct err *e)
{
    PGresult *const r = pg_ask(f, sql, values, count, e);
    PQclear(r);
    return r != NULL;
}

/* Behind what it goes on; parent 0: it is sent from its first link. */
struct place {
    int64_t parent, link;
    char sha256[FLEET_SHA256_CAP];
};

static bool find_place(struct outbox *o, const struct fleet_state *s, struct place *p,
                       struct err *e)
{
    const bool other = s->other_common > s->common;
    *p = (struct place){ .parent = other ? s->other_id : s->record_id,
                         .link = other ? s->other_common : s->common };
    if (p->link == 0)
        p->parent = 0;
    return outbox_sha256(o, p->link, p->sha256, e);
}

static bool add_record(struct fleet *f, struct outbox *o, const struct fleet_join *j,
                       const struct place *p, struct err *e)
{
    char first[FLEET_SHA256_CAP], id[PG_NUMBER_CAP], parent[PG_NUMBER_CAP], link[PG_NUMBER_CAP];
    if (!first_sha256(o, first, e))
        return false;
    pg_number(p->parent, parent);
    pg_number(p->link, link);
    const char *const values[] = { j->station,
                                   p->parent ? parent : NULL,
                                   p->parent ? link : NULL,
                                   first,
                                   link,
                                   p->sha256,
                                   j->operator_name,
                                   j->host,
                                   j->go_on,
                                   j->tool_version };
    if (!pg_text(f,
                 "INSERT INTO espstation.record (station, parent, parent_link, first_sha256, link,"
                 " sha256, joined_by, joined_host, reason, tool_version) SELECT id, $2, $3, $4, $5,"
                 " $6, $7, $8, $9, $10 FROM espstation.station WHERE name = $1 RETURNING id",
                 values, 10, id, sizeof id, e))
        return false;
    const char *const line[] = { id, parent, link };
    return run_with(f,
                    "INSERT INTO espstation.lineage SELECT $1::integer, $1::integer,"
                    " 9223372036854775807 UNION ALL SELECT $1::integer, ancestor,"
                    " least(upto, $3::bigint) FROM espstation.lineage WHERE record = $2::integer",
                    line, 3, e);
}

static bool enter(struct fleet *f, struct outbox *o, const struct fleet_join *j,
                  const struct fleet_state *s, struct err *e)
{
    struct place place;
    return find_place(o, s, &place, e) &&
           run_with(f, "INSERT INTO espstation.station (name) VALUES ($1) ON CONFLICT DO NOTHING",
                    &j->station, 1, e) &&
           run_with(f,
                    "UPDATE espstation.record AS r SET replaced_utc = now() FROM"
                    " espstation.station AS s WHERE s.id = r.station AND s.name = $1"
                    " AND r.replaced_utc IS NULL",
                    &j->station, 1, e) &&
           add_record(f, o, j, &place, e);
}

static bool may_join(const struct fleet_join *j, const struct fleet_state *s, struct err *e)
{
    const bool asks = s->relation != FLEET_UNKNOWN || s->other_id != 0;
    if (asks && !j->go_on)
        return fleet_say_relation(s, j->station, e);
    if (asks || !j->go_on)
        return true;
    err_set(e, ERR_USAGE, "Nothing is to be decided: the server does not know station '%s' yet",
            j->station);
    return err_hint(e, "Leave --go-on out.");
}

/* Who joins at the same moment waits here, and then finds what the other has done. */
static bool join_alone(struct fleet *f, struct outbox *o, const struct fleet_join *j, bool *joined,
                       struct fleet_state *s, struct err *e)
{
    if (!pg_run(f, "SELECT pg_advisory_xact_lock(hashtext('espstation.join'))", e) ||
        !fleet_look(f, o, j->station, s, e))
        return false;
    *joined = s->relation != FLEET_FITS;
    return !*joined || (may_join(j, s, e) && enter(f, o, j, s, e));
}

bool fleet_join(struct fleet *f, struct outbox *o, const struct fleet_join *join, bool *joined,
                struct fleet_state *state, struct err *e)
{
    if (pg_run(f, "BEGIN", e) && join_alone(f, o, join, joined, state, e) && pg_commit(f, e))
        return true;
    pg_roll_back(f);
    return false;
}
