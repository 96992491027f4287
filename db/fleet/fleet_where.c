#include "db/fleet/fleet_where.h"

#include "db/fleet/fleet_priv.h"
#include "db/store/mac_utc.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY_MS INT64_C(86400000)

/* Appends; a text that does not fit is seen by its length. */
static void append(char *to, size_t cap, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static void append(char *to, size_t cap, const char *fmt, ...)
{
    const size_t used = strlen(to);
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(to + used, cap - used, fmt, ap);
    va_end(ap);
}

/* A condition with a text, as the server itself quotes it, in place of each %% of `condition`. */
static bool add_text(struct fleet *f, char *to, size_t cap, const char *condition, const char *text,
                     struct err *e)
{
    if (!text)
        return true;
    char *const quoted = PQescapeLiteral(f->pg, text, strlen(text));
    if (!quoted)
        return err_set(e, ERR_USAGE, "'%.60s' is no text in UTF-8", text);
    for (size_t n; *condition != '\0'; condition += n) {
        n = strcspn(condition, "@");
        append(to, cap, "%.*s", (int)n, condition);
        if (condition[n] == '@') {
            append(to, cap, "%s", quoted);
            n++;
        }
    }
    PQfreemem(quoted);
    return strlen(to) + 1 < cap || err_set(e, ERR_USAGE, "'%.60s...' is too long a name", text);
}

/* Lots and recipes by the rows that records have of them, which the indexes of runs begin with. */
#define OF_RECORDS(table, which)                                                                   \
    " AND (g.record, g." table ") IN (SELECT y.record, t.id FROM espstation." table " AS t"        \
    " JOIN espstation.lineage AS y ON y.ancestor = t.record AND t.link <= y.upto WHERE " which ")"

static bool add_names(struct fleet *f, const struct db_filter *by, struct fleet_where *w,
                      struct err *e)
{
    char mac[DB_MAC_CAP];
    if (by->mac && !db_mac_normalise(by->mac, mac, e))
        return false;
    return add_text(f, w->cells, sizeof w->cells,
                    " AND x.lot = (SELECT id FROM espstation.known_lot WHERE name = @)", by->lot,
                    e) &&
           add_text(f, w->cells, sizeof w->cells,
                    " AND x.recipe IN (SELECT id FROM espstation.known_recipe WHERE"
                    " @ IN (name, sha256, plan_sha256))",
                    by->recipe, e) &&
           add_text(f, w->runs, sizeof w->runs, OF_RECORDS("lot", "t.name = @"), by->lot, e) &&
           add_text(f, w->runs, sizeof w->runs,
                    OF_RECORDS("recipe", "@ IN (t.name, t.sha256, t.plan_sha256)"), by->recipe,
                    e) &&
           add_text(f, w->runs, sizeof w->runs,
                    OF_RECORDS("board", BASE_MAC("t.mac") " = " BASE_MAC("@::text")),
                    by->mac ? mac : NULL, e);
}

static bool find_station(struct fleet *f, const char *station, struct fleet_where *w, struct err *e)
{
    char id[16];
    if (!station)
        return true;
    if (!pg_text(f, "SELECT id FROM espstation.station WHERE name = $1", &station, 1, id, sizeof id,
                 e))
        return false;
    w->station_id = strtoll(id, NULL, 10);
    if (w->station_id == 0) {
        err_set(e, ERR_USAGE, "The server knows no station '%s'", station);
        return err_hint(e, "Those it knows are in its table espstation.station, and in what "
                           "espstation fleet verify says.");
    }
    append(w->cells, sizeof w->cells, " AND x.station = %" PRId64, w->station_id);
    append(w->runs, sizeof w->runs,
           " AND g.record IN (SELECT id FROM espstation.record WHERE station = %" PRId64 ")",
           w->station_id);
    return true;
}

/* ---- Times ---- */

static bool read_times(const struct db_filter *filter, struct fleet_where *w, struct err *e)
{
    int64_t first_ms, after_ms;
    w->since_ms = INT64_MIN;
    w->until_ms = INT64_MAX;
    if (filter->since) {
        if (!db_utc_span(filter->since, &first_ms, &after_ms, e))
            return false;
        w->since_ms = first_ms;
    }
    if (filter->until) {
        if (!db_utc_span(filter->until, &first_ms, &after_ms, e))
            return false;
        w->until_ms = after_ms;
    }
    return true;
}

static const char *at(int64_t utc_ms, char text[static DB_UTC_CAP])
{
    db_utc_text(utc_ms, text);
    return text;
}

static void put_times(struct fleet_where *w)
{
    char text[DB_UTC_CAP];
    if (w->since_ms != INT64_MIN)
        append(w->times, sizeof w->times, " AND g.run_utc >= '%s'", at(w->since_ms, text));
    if (w->until_ms != INT64_MAX)
        append(w->times, sizeof w->times, " AND g.run_utc < '%s'", at(w->until_ms, text));
}

static void put_end(struct fleet_where *w, int64_t from_ms, int64_t to_ms)
{
    char from[DB_UTC_CAP], to[DB_UTC_CAP];
    append(w->ends, sizeof w->ends, "%s(run_utc >= '%s' AND run_utc < '%s')",
           w->has_ends ? " OR " : "", at(from_ms, from), at(to_ms, to));
    w->has_ends = true;
}

/* Whole days are known by their cells; what is left of a day, by its runs. */
static void put_days(struct fleet_where *w)
{
    const bool since = w->since_ms != INT64_MIN, until = w->until_ms != INT64_MAX;
    const int64_t first = since ? (w->since_ms + DAY_MS - 1) / DAY_MS * DAY_MS : INT64_MIN;
    const int64_t end = until ? w->until_ms / DAY_MS * DAY_MS : INT64_MAX;
    char text[DB_UTC_CAP];
    if (since)
        append(w->days, sizeof w->days, " AND x.day >= '%.10s'", at(first, text));
    if (until)
        append(w->days, sizeof w->days, " AND x.day < '%.10s'", at(end, text));
    if (since && until && first > end) {
        put_end(w, w->since_ms, w->until_ms);
        return;
    }
    if (since && w->since_ms < first)
        put_end(w, w->since_ms, first);
    if (until && end < w->until_ms)
        put_end(w, end, w->until_ms);
}

/* ---- All of it ---- */

bool fleet_where_make(struct fleet *f, const char *station, const struct db_filter *filter,
                      struct fleet_where *w, struct err *e)
{
    static const struct db_filter none = { 0 };
    const struct db_filter *const by = filter ? filter : &none;
    *w = (struct fleet_where){ .has_ends = false };
    if (!read_times(by, w, e) || !find_station(f, station, w, e) || !add_names(f, by, w, e))
        return false;
    if (by->slot != 0) {
        append(w->cells, sizeof w->cells, " AND x.slot = %d", by->slot);
        append(w->runs, sizeof w->runs, " AND g.slot = %d", by->slot);
    }
    put_times(w);
    put_days(w);
    return true;
}
