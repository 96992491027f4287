#include "db/units/unit_list.h"

#include "db/store/column.h"
#include "db/store/fail.h"
#include "db/store/handle.h"
#include "db/store/phrases.h"
#include "db/store/turn.h"

#include <stdio.h>

/* A run that was refused before it touched the board changes nothing about its unit. */
static const char units_sql[] =
    "SELECT u.id, b.mac, coalesce(u.serial, (SELECT f.serial FROM unit AS f WHERE f.board = u.board"
    "  AND f.id < u.id AND f.serial IS NOT NULL ORDER BY f.id DESC LIMIT 1)), u.taken_utc, u.run,"
    " (SELECT " EFFECTIVE_VERDICT(
        "r") " FROM run AS r WHERE r.board = u.board"
             "  ORDER BY r.board_state IS 'untouched', r.id DESC LIMIT 1),"
             " n.made_utc, n.operator, n.reason,"
             " EXISTS (SELECT 1 FROM unit AS f WHERE f.board = u.board AND f.id < u.id"
             "  AND f.released IS u.released) FROM unit AS u JOIN board AS b ON b.id = u.board"
             " LEFT JOIN unit_decision AS n ON n.id = u.released"
             " WHERE ?1 IS NULL OR u.serial = ?1 OR b.mac = ?2"
             "  OR u.board IN (SELECT board FROM unit WHERE serial = ?1) ORDER BY u.id";
static const char values_sql[] = "SELECT name, text, sha256, source FROM unit_value WHERE unit = ?"
                                 " ORDER BY id";
static const char mac_sql[] = "SELECT b.mac FROM unit AS u JOIN board AS b ON b.id = u.board"
                              " WHERE u.serial = ? ORDER BY u.released IS NOT NULL, u.id DESC"
                              " LIMIT 1";

static bool give_values(sqlite3_stmt *s, int64_t unit_id, const struct db_unit_sink *sink)
{
    bool go_on = true;
    sqlite3_reset(s);
    sqlite3_bind_int64(s, 1, unit_id);
    while (go_on && sqlite3_step(s) == SQLITE_ROW) {
        const struct db_unit_value_row row = { column_text(s, 0), column_text(s, 1),
                                               column_text(s, 2), column_text(s, 3) };
        go_on = sink->value(sink->ctx, &row);
    }
    return go_on;
}

static bool give_unit(sqlite3_stmt *s, const struct db_unit_sink *sink)
{
    const struct db_unit_row row = { .mac = column_text(s, 1),
                                     .serial = column_text(s, 2),
                                     .taken_utc = column_text(s, 3),
                                     .run_id = sqlite3_column_int64(s, 4),
                                     .verdict = column_text(s, 5),
                                     .released_utc = column_text(s, 6),
                                     .released_by = column_text(s, 7),
                                     .reason = column_text(s, 8),
                                     .later = sqlite3_column_int(s, 9) != 0 };
    return sink->unit(sink->ctx, &row);
}

static bool read_units(struct db *db, const char *which, const struct db_unit_sink *sink,
                       struct err *e)
{
    sqlite3_stmt *units = NULL, *values = NULL;
    char mac[DB_MAC_CAP] = "";
    struct err no_mac;
    int rc = SQLITE_DONE;
    bool go_on = true, ok = false;
    if (which && !db_mac_normalise(which, mac, &no_mac))
        mac[0] = '\0';
    if (sqlite3_prepare_v2(db->sql, units_sql, -1, &units, NULL) != SQLITE_OK ||
        sqlite3_prepare_v2(db->sql, values_sql, -1, &values, NULL) != SQLITE_OK) {
        db_fail(db, e);
        goto out;
    }
    sqlite3_bind_text(units, 1, which, -1, SQLITE_STATIC);
    sqlite3_bind_text(units, 2, mac, -1, SQLITE_STATIC);
    while (go_on && (rc = sqlite3_step(units)) == SQLITE_ROW)
        go_on = give_unit(units, sink) &&
                (!sink->value || give_values(values, sqlite3_column_int64(units, 0), sink));
    ok = !go_on ? err_set(e, ERR_STATION, "The reader of units has stopped")
                : rc == SQLITE_DONE || db_fail(db, e);
out:
    sqlite3_finalize(units);
    sqlite3_finalize(values);
    return ok;
}

bool db_units(struct db *reader, const char *which, const struct db_unit_sink *sink, struct err *e)
{
    return db_begin_read(reader, e) && db_finish(reader, read_units(reader, which, sink, e), e);
}

static bool read_mac(struct db *db, const char *serial, char mac[static DB_MAC_CAP], struct err *e)
{
    sqlite3_stmt *s = NULL;
    bool ok = sqlite3_prepare_v2(db->sql, mac_sql, -1, &s, NULL) == SQLITE_OK &&
              sqlite3_bind_text(s, 1, serial, -1, SQLITE_STATIC) == SQLITE_OK;
    const int rc = ok ? sqlite3_step(s) : SQLITE_ERROR;
    if (rc == SQLITE_ROW)
        snprintf(mac, DB_MAC_CAP, "%s", column_text(s, 0));
    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        ok = db_fail(db, e);
    sqlite3_finalize(s);
    return ok;
}

bool db_unit_mac_of(struct db *reader, const char *serial, char mac[static DB_MAC_CAP],
                    struct err *e)
{
    mac[0] = '\0';
    return db_begin_read(reader, e) && db_finish(reader, read_mac(reader, serial, mac, e), e);
}
