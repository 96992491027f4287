/* Stations as their rows tell them, and whether they live. */
#ifndef DB_STATION_PRIV_H
#define DB_STATION_PRIV_H

#include "db/store/handle.h"
#include "db/store/presence.h"

/* A station as its row tells it. */
struct station_row {
    int64_t id;
    bool ended;
    struct db_station who;
    char presence[PRESENCE_WORD_CAP]; /* empty: it held no lock */
};

/* Takes one from a row, from this column on: id, ended, host, boot_id, pid, start_ticks,
 * presence. */
void station_of_row(sqlite3_stmt *s, int first, struct station_row *station);

/* The next station behind `after_id` that a statement finds: > 0 found, 0 no more, < 0 failed. */
int station_next_locked(struct db *db, enum statement which, int64_t after_id,
                        struct station_row *found, struct err *e);

enum station_life { STATION_DEAD, STATION_LIVES, STATION_UNKNOWN };

/* As db_station_start says. `here` is the calling process's view. */
enum station_life station_life(const struct db *db, const struct station_row *station,
                               const struct db_station *here);

/* Closes an open run that nobody will close any more. */
bool interrupt_run_locked(struct db *db, int64_t run_id, const char *sentence, struct err *e);

#endif
