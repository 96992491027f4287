/* The server's tables: made, brought up, and whether they are those of this program. */
#include "db/fleet/fleet_priv.h"

#include <stdio.h>
#include <stdlib.h>

#define INIT_LOCK "SELECT pg_advisory_xact_lock(hashtext('espstation.init'))"

/* What there is before the first step. The steps are counted in it. */
static const char first_of_all[] =
    "CREATE SCHEMA IF NOT EXISTS espstation;"
    "CREATE TABLE IF NOT EXISTS espstation.schema_version (version integer PRIMARY KEY,"
    " tool_version text NOT NULL, made_utc timestamptz NOT NULL DEFAULT now())";

static bool fail_newer(int version, struct err *e)
{
    err_set(e, ERR_WAITING,
            "The tables on the server were made by a newer espstation: version %d, this one knows "
            "up to %d",
            version, FLEET_VERSION);
    return err_hint(e, "Use the newer espstation; nothing was touched.");
}

static bool read_version(struct fleet *f, int *version, struct err *e)
{
    char text[16];
    if (!pg_text(f,
                 "SELECT CASE WHEN to_regclass('espstation.schema_version') IS NULL THEN 0"
                 " ELSE 1 END",
                 NULL, 0, text, sizeof text, e))
        return false;
    *version = 0;
    if (text[0] != '1')
        return true;
    if (!pg_text(f, "SELECT coalesce(max(version), 0) FROM espstation.schema_version", NULL, 0,
                 text, sizeof text, e))
        return false;
    *version = (int)strtol(text, NULL, 10);
    return true;
}

static bool run_all(struct fleet *f, const char *const *sql, struct err *e)
{
    for (; *sql; sql++) {
        if (!pg_run(f, *sql, e))
            return false;
    }
    return true;
}

static bool run_step(struct fleet *f, int version, const char *tool_version, struct err *e)
{
    char number[PG_NUMBER_CAP];
    const char *const values[] = { pg_number(version + 1, number), tool_version };
    if (!run_all(f, fleet_step(version + 1), e))
        return err_wrap(e, "Bringing the server's tables to version %d", version + 1);
    PGresult *const r = pg_ask(f,
                               "INSERT INTO espstation.schema_version (version, tool_version)"
                               " VALUES ($1, $2)",
                               values, 2, e);
    PQclear(r);
    return r != NULL;
}

static bool bring_up(struct fleet *f, const char *tool_version, int *before, struct err *e)
{
    if (!pg_run(f, INIT_LOCK, e) || !read_version(f, before, e))
        return false;
    if (*before > FLEET_VERSION)
        return fail_newer(*before, e);
    if (!pg_run(f, first_of_all, e))
        return false;
    for (int v = *before; v < FLEET_VERSION; v++) {
        if (!run_step(f, v, tool_version, e))
            return false;
    }
    return run_all(f, fleet_lease_functions, e) && run_all(f, fleet_grants, e);
}

bool fleet_init(struct fleet *f, const char *tool_version, int *before, struct err *e)
{
    if (pg_run(f, "BEGIN", e) && pg_take_time(f, e) && bring_up(f, tool_version, before, e) &&
        pg_commit(f, e))
        return true;
    pg_roll_back(f);
    return false;
}

bool fleet_is_current(struct fleet *f, struct err *e)
{
    int version;
    if (!read_version(f, &version, e))
        return false;
    if (version == FLEET_VERSION)
        return true;
    if (version > FLEET_VERSION)
        return fail_newer(version, e);
    if (version == 0)
        err_set(e, ERR_WAITING, "The server has no tables of espstation yet");
    else
        err_set(e, ERR_WAITING, "The tables on the server are of version %d, this program needs %d",
                version, FLEET_VERSION);
    return err_hint(e, "Their owner has to run: espstation fleet init");
}
