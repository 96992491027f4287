/* The station process: who it is, whether it lives, and what dead ones left behind. */
#include "db/store/db_priv.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

/* ---- Identity ---------------------------------------------------------------------------------*/

/* The state letter and the start time out of /proc/PID/stat. The name of the program, in brackets,
 * may hold spaces and brackets itself, so counting starts behind the last one. */
static bool parse_stat(const char *text, char *state, int64_t *start_ticks)
{
    enum { STATE_FIELD = 3, START_FIELD = 22 };
    const char *p = strrchr(text, ')');
    if (p == NULL || p[1] != ' ')
        return false;
    p += 2;
    *state = *p;
    for (int field = STATE_FIELD; field < START_FIELD; field++) {
        p = strchr(p, ' ');
        if (p == NULL)
            return false;
        p++;
    }
    char *end;
    errno = 0;
    *start_ticks = strtoll(p, &end, 10);
    return errno == 0 && end != p;
}

static bool read_line(const char *path, char *text, size_t cap)
{
    FILE *f = fopen(path, "re");
    if (f == NULL)
        return false;
    const bool ok = fgets(text, (int)cap, f) != NULL;
    fclose(f);
    if (ok)
        text[strcspn(text, "\n")] = '\0';
    return ok;
}

static bool read_stat(int64_t pid, char *state, int64_t *start_ticks)
{
    char path[64];
    char text[1024];
    snprintf(path, sizeof path, "/proc/%" PRId64 "/stat", pid);
    return read_line(path, text, sizeof text) && parse_stat(text, state, start_ticks);
}

bool db_station_here(struct db_station *station, struct err *e)
{
    char state;
    memset(station, 0, sizeof *station);
    if (gethostname(station->host, sizeof station->host - 1) != 0)
        return err_set_sys(e, ERR_STATION, errno, "The host has no usable name");
    station->pid = getpid();
    if (!read_stat(station->pid, &state, &station->start_ticks))
        station->start_ticks = 0;
    if (!read_line("/proc/sys/kernel/random/boot_id", station->boot_id, sizeof station->boot_id))
        station->boot_id[0] = '\0';
    return true;
}

/* In doubt a process counts as alive: a run that stays open too long is found at a later start, a
 * run wrongly closed cannot be opened again. */
bool db_station_alive(const struct db_station *station, const struct db_station *here)
{
    char state;
    int64_t start_ticks;
    if (strcmp(station->host, here->host) != 0)
        return true;
    if (station->boot_id[0] != '\0' && here->boot_id[0] != '\0' &&
        strcmp(station->boot_id, here->boot_id) != 0)
        return false;
    if (station->pid <= 0 || (pid_t)station->pid != station->pid)
        return false;
    if (kill((pid_t)station->pid, 0) != 0 && errno == ESRCH)
        return false;
    if (!read_stat(station->pid, &state, &start_ticks))
        return true;
    if (state == 'Z' || state == 'X')
        return false;
    return station->start_ticks == 0 || station->start_ticks == start_ticks;
}

/* ---- Start and end ----------------------------------------------------------------------------*/

/* A station with open runs. */
struct found {
    int64_t id;
    struct db_station who;
    bool ended;
};

static void copy_column(sqlite3_stmt *s, int column, char *text, size_t cap)
{
    const unsigned char *value = sqlite3_column_text(s, column);
    snprintf(text, cap, "%s", value == NULL ? "" : (const char *)value);
}

void station_of_row(sqlite3_stmt *s, int first, struct db_station *station)
{
    copy_column(s, first, station->host, sizeof station->host);
    copy_column(s, first + 1, station->boot_id, sizeof station->boot_id);
    station->pid = sqlite3_column_int64(s, first + 2);
    station->start_ticks = sqlite3_column_int64(s, first + 3);
}

/* The next one behind `after_id`: > 0 found, 0 no more, < 0 failed. */
static int next_found_locked(struct db *db, int64_t after_id, struct found *found, struct err *e)
{
    struct query q = query_start_locked(db, STMT_STATIONS_WITH_OPEN_RUNS);
    query_int(&q, after_id);
    const int rows = query_row(&q, e);
    if (rows > 0) {
        found->id = sqlite3_column_int64(q.statement, 0);
        station_of_row(q.statement, 1, &found->who);
        found->ended = sqlite3_column_int(q.statement, 5) != 0;
    }
    query_end(&q);
    return rows;
}

bool interrupt_run_locked(struct db *db, int64_t run_id, const char *sentence, struct err *e)
{
    struct query q = query_start_locked(db, STMT_RUN_INTERRUPT);
    query_text(&q, err_word(ERR_STATION));
    query_text(&q, sentence);
    query_text(&q, "What the board holds is unknown: run it again.");
    query_int(&q, run_id);
    return query_run(&q, e) && chain_link_locked(db, LINK_RUN, run_id, e);
}

static bool interrupt_locked(struct db *db, const struct found *found, const char *now_utc,
                             int *marked, struct err *e)
{
    char sentence[480];
    int64_t run_id = 0;
    snprintf(sentence, sizeof sentence,
             "Station process %" PRId64 " on %s %s before this run was closed; noticed %s",
             found->who.pid, found->who.host,
             found->ended ? "ended" : "was killed or lost its power", now_utc);
    for (;;) {
        struct query q = query_start_locked(db, STMT_RUN_OPEN_OF_STATION);
        query_int(&q, found->id);
        if (!query_number(&q, &run_id, e))
            return false;
        if (run_id == 0)
            return true;
        if (!interrupt_run_locked(db, run_id, sentence, e))
            return false;
        ++*marked;
    }
}

static bool interrupt_dead_locked(struct db *db, const struct db_station *here, const char *now_utc,
                                  int *marked, struct err *e)
{
    struct found found = { 0 };
    int rows;
    while ((rows = next_found_locked(db, found.id, &found, e)) > 0) {
        if (!found.ended && db_station_alive(&found.who, here))
            continue;
        if (!interrupt_locked(db, &found, now_utc, marked, e))
            return false;
    }
    return rows == 0;
}

static int64_t add_station_locked(struct db *db, const struct db_station *station,
                                  const char *tool_version, const char *now_utc, struct err *e)
{
    struct query q = query_start_locked(db, STMT_STATION_ADD);
    query_text(&q, station->host);
    query_text(&q, station->boot_id);
    query_int(&q, station->pid);
    query_int(&q, station->start_ticks);
    query_text(&q, tool_version);
    query_text(&q, now_utc);
    const int64_t id = query_insert(&q, e);
    return id > 0 && chain_link_locked(db, LINK_STATION, id, e) ? id : 0;
}

bool db_station_start(struct db *db, const struct db_station *station, const char *tool_version,
                      int64_t started_utc_ms, int *interrupted, struct err *e)
{
    char now_utc[DB_UTC_CAP];
    int marked = 0;
    if (!db_utc_text(started_utc_ms, now_utc)) {
        err_set(e, ERR_STATION, "The clock of this computer shows no year from 1970 to 9999");
        return err_hint(e, "Set the clock, then start again.");
    }
    if (!db_begin(db, e))
        return err_wrap(e, "Starting the record");
    const bool ok = interrupt_dead_locked(db, station, now_utc, &marked, e);
    const int64_t id = ok ? add_station_locked(db, station, tool_version, now_utc, e) : 0;
    if (!db_finish(db, id > 0, e))
        return err_wrap(e, "Starting the record");
    db->station_id = id;
    if (interrupted != NULL)
        *interrupted = marked;
    return true;
}

bool db_latest_start(struct db *db, char utc[static DB_UTC_CAP], struct err *e)
{
    if (!db_enter(db, e))
        return false;
    struct query q = query_start_locked(db, STMT_LATEST_START);
    const int rows = query_row(&q, e);
    if (rows > 0)
        copy_column(q.statement, 0, utc, DB_UTC_CAP);
    query_end(&q);
    db_leave(db);
    return rows > 0;
}

bool db_station_end(struct db *db, int64_t ended_utc_ms, struct err *e)
{
    if (db->station_id == 0)
        return err_set(e, ERR_STATION, "%s: a station ends that has not started", db->shown);
    if (!db_begin(db, e))
        return err_wrap(e, "Ending the record");
    struct query q = query_start_locked(db, STMT_STATION_END);
    query_utc(&q, ended_utc_ms);
    query_int(&q, db->station_id);
    const bool ok = query_run(&q, e) && chain_link_locked(db, LINK_STATION_END, db->station_id, e);
    if (!db_finish(db, ok, e))
        return err_wrap(e, "Ending the record");
    return true;
}
