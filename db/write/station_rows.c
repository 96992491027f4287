/* The station process: who it is, whether it lives, and what dead ones left behind. */
#include "db/store/chain.h"
#include "db/store/column.h"
#include "db/store/connect.h"
#include "db/store/forms.h"
#include "db/store/handle.h"
#include "db/store/presence.h"
#include "db/store/query.h"
#include "db/store/turn.h"
#include "db/write/station_priv.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- Identity ---- */

/* The state letter and the start time out of /proc/PID/stat. The name of the program, in brackets,
 * may hold spaces and brackets itself, so counting starts behind the last one. */
static bool parse_stat(const char *text, char *state, int64_t *start_ticks)
{
    enum { STATE_FIELD = 3, START_FIELD = 22 };
    const char *p = strrchr(text, ')');
    if (!p || p[1] != ' ')
        return false;
    p += 2;
    *state = *p;
    for (int field = STATE_FIELD; field < START_FIELD; field++) {
        p = strchr(p, ' ');
        if (!p)
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
    if (!f)
        return false;
    const bool ok = fgets(text, (int)cap, f);
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

/* ---- Life ---- */

/* Whether this very process is there to be seen. If not, it may still run in another PID namespace,
 * where it has another number. */
static bool is_seen(const struct db_station *who)
{
    char state;
    int64_t start_ticks;
    return who->start_ticks != 0 && read_stat(who->pid, &state, &start_ticks) &&
           start_ticks == who->start_ticks && state != 'Z' && state != 'X';
}

static bool is_of_another_boot(const struct db_station *who, const struct db_station *here)
{
    return who->boot_id[0] != '\0' && here->boot_id[0] != '\0' &&
           strcmp(who->boot_id, here->boot_id) != 0;
}

/* A lock that is held proves life; one that is free proves death only within the same boot of the
 * same kernel, as network disks may keep locks of other machines from us. What ran before the
 * machine was switched off is dead; on a disk of this machine that is every other boot, whatever
 * the host was called then. All else is unknown: a run that stays open too long is found at a later
 * start, a run wrongly closed cannot be opened again. */
enum station_life station_life(const struct db *db, const struct station_row *station,
                               const struct db_station *here)
{
    const struct db_station *who = &station->who;
    if (station->ended)
        return STATION_DEAD;
    const enum presence lock = presence_of(db, station->id, station->presence);
    if (lock == PRESENCE_HELD)
        return STATION_LIVES;
    if (is_of_another_boot(who, here))
        return strcmp(who->host, here->host) == 0 || presence_is_local(db) ? STATION_DEAD
                                                                           : STATION_UNKNOWN;
    if (lock == PRESENCE_GONE)
        return STATION_DEAD;
    return is_seen(who) ? STATION_LIVES : STATION_UNKNOWN;
}

/* ---- Start and end ---- */

void station_of_row(sqlite3_stmt *s, int first, struct station_row *station)
{
    station->id = sqlite3_column_int64(s, first);
    station->ended = sqlite3_column_int(s, first + 1) != 0;
    column_copy(s, first + 2, station->who.host, sizeof station->who.host);
    column_copy(s, first + 3, station->who.boot_id, sizeof station->who.boot_id);
    station->who.pid = sqlite3_column_int64(s, first + 4);
    station->who.start_ticks = sqlite3_column_int64(s, first + 5);
    column_copy(s, first + 6, station->presence, sizeof station->presence);
}

int station_next_locked(struct db *db, enum statement which, int64_t after_id,
                        struct station_row *found, struct err *e)
{
    struct query q = query_start_locked(db, which);
    query_int(&q, after_id);
    const int rows = query_row(&q, e);
    if (rows > 0)
        station_of_row(q.statement, 0, found);
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

static bool interrupt_locked(struct db *db, const struct station_row *found, const char *now_utc,
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

/* What a start works on. */
struct start {
    const struct db_station *here;
    const char *tool_version;
    char now_utc[DB_UTC_CAP];
    bool alone; /* nobody else has the record open: whoever is not known to live is dead */
    int marked, unknown;
};

static bool interrupt_dead_locked(struct db *db, struct start *start, struct err *e)
{
    struct station_row found = { 0 };
    int rows;
    start->unknown = 0;
    while ((rows = station_next_locked(db, STMT_STATIONS_WITH_OPEN_RUNS, found.id, &found, e)) >
           0) {
        const enum station_life life = station_life(db, &found, start->here);
        if (life == STATION_LIVES || (life == STATION_UNKNOWN && !start->alone))
            start->unknown += life == STATION_UNKNOWN;
        else if (!interrupt_locked(db, &found, start->now_utc, &start->marked, e))
            return false;
    }
    return rows == 0;
}

/* Its lock first: a row with the word of a lock that nobody holds would be that of a dead one. */
static int64_t add_station_locked(struct db *db, const struct start *start, struct err *e)
{
    char word[PRESENCE_WORD_CAP];
    int64_t next = 0;
    const struct db_station *station = start->here;
    struct query q = query_start_locked(db, STMT_STATION_NEXT);
    if (!query_number(&q, &next, e))
        return 0;
    const bool held = presence_take(db, next, word);
    q = query_start_locked(db, STMT_STATION_ADD);
    query_int(&q, next);
    query_text(&q, station->host);
    query_text(&q, station->boot_id);
    query_int(&q, station->pid);
    query_int(&q, station->start_ticks);
    query_text(&q, start->tool_version);
    query_text(&q, start->now_utc);
    query_text(&q, held ? word : NULL);
    const int64_t id = query_insert(&q, e);
    return id > 0 && chain_link_locked(db, LINK_STATION, id, e) ? id : 0;
}

/* Stations of which no lock tells: those of older programs, or their file of locks was taken away.
 * If we are alone with the record, they are gone, as a station never lets go of it. */
static bool judge_unknown(struct db *db, struct start *start, struct err *e)
{
    if (start->unknown == 0 || !presence_is_local(db))
        return true;
    if (!db_is_alone(db, &start->alone, e))
        return false;
    return !start->alone ||
           (db_begin(db, e) && db_finish(db, interrupt_dead_locked(db, start, e), e));
}

static bool start_station(struct db *db, struct start *start, struct err *e)
{
    if (!db_begin(db, e))
        return false;
    const bool ok = interrupt_dead_locked(db, start, e);
    const int64_t id = ok ? add_station_locked(db, start, e) : 0;
    if (!db_finish(db, id > 0, e)) {
        presence_end(db);
        return false;
    }
    db->station_id = id;
    return judge_unknown(db, start, e);
}

bool db_station_start(struct db *db, const struct db_station *station, const char *tool_version,
                      int64_t started_utc_ms, int *interrupted, struct err *e)
{
    struct start start = { .here = station, .tool_version = tool_version };
    if (!db_utc_text(started_utc_ms, start.now_utc)) {
        err_set(e, ERR_STATION, "The clock of this computer shows no year from 1970 to 9999");
        return err_hint(e, "Set the clock, then start again.");
    }
    if (!start_station(db, &start, e))
        return err_wrap(e, "Starting the record");
    if (interrupted)
        *interrupted = start.marked;
    return true;
}

bool db_latest_start(struct db *db, char utc[static DB_UTC_CAP], struct err *e)
{
    if (!db_enter(db, e))
        return false;
    struct query q = query_start_locked(db, STMT_LATEST_START);
    const int rows = query_row(&q, e);
    if (rows > 0)
        column_copy(q.statement, 0, utc, DB_UTC_CAP);
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
