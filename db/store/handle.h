/*
 * What a handle is made of. Inside db/ only. Functions named _locked need the caller to have the
 * turn of the handle (turn.h).
 */
#ifndef DB_HANDLE_H
#define DB_HANDLE_H

#include "db/store/db.h"
#include "db/store/forms.h"
#include "db/store/statements.h"

#include <pthread.h>
#include <sqlite3.h>
#include <sys/stat.h>

#if SQLITE_VERSION_NUMBER < 3037000
#error "SQLite 3.37 or newer is needed: the tables are STRICT"
#endif

enum { DB_SHOWN_CAP = 112 };

struct db {
    sqlite3 *sql;
    sqlite3_stmt *statements[STMT_COUNT];
    sqlite3_stmt *forms[LINK_KIND_COUNT];
    /* The turn is a flag under a mutex rather than a mutex held for long, because waiting for it
     * has a deadline on the monotonic clock. */
    pthread_mutex_t mutex;
    pthread_cond_t left;
    bool taken;
    unsigned waiting;         /* for the turn */
    struct group *group;      /* of the write transaction that is open; NULL: none is */
    pthread_cond_t committed; /* or failed to be */
    int busy_ms;
    int64_t deadline_ms; /* of the call whose turn it is, on db_now_ms() */
    bool reader;
    bool existing; /* a record that is missing is not made */
    bool held;     /* a reader between db_hold and db_release: in one transaction all the time */
    bool frozen;   /* opened without locks: the file is compared with `as_opened` afterwards */
    struct stat as_opened;
    bool aside;         /* a reader of an older version: of a copy that is brought up (older.h) */
    int64_t station_id; /* 0 before db_station_start */
    bool mark_judged;   /* the record has all that was given out (db/units/mark.h) */
    int presence_fd;    /* holds the lock of this station (presence.h); -1: none */
    char *path;
    char shown[DB_SHOWN_CAP]; /* the path for sentences; a long one loses its front */
};

#endif
