/*
 * What a station that runs as a service tells the system (systemd): that it is ready, that it
 * lives, and what happens, as fields of the journal.
 *
 * Started by hand all of it does nothing: the manager's socket (sd_notify(3)) and the journal's
 * stream (JOURNAL_STREAM, systemd.exec(5)) are not there then. Any thread; the calls may wait for
 * the journal, so no slot makes them.
 */
#ifndef STATION_SERVICE_H
#define STATION_SERVICE_H

#include "station/line/event.h"

/* Record, slots and sockets are there: whoever starts behind this unit may begin. */
void service_ready(void);

/* One line for `systemctl status`. */
void service_status(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* It ends, and needs at most so long for the boards in work. */
void service_stopping(unsigned at_most_ms);

/* How often, in milliseconds, service_alive has to be called, by the thread whose standing still
 * would make the station useless; 0: nobody waits for it. */
unsigned service_alive_every_ms(void);
void service_alive(void);

/* Whether standard error goes to the journal. */
bool service_has_journal(void);

/* Puts an event of a board into the journal: as a sentence, and as the fields SLOT, SLOT_NAME,
 * PORT, RUN, ATTEMPT, PHASE, CHIP, MAC, VERDICT, CODE, HINT, BOARD_STATE, SECONDS, as far as it has
 * them. `name`: of the slot; NULL: it has none. Without a journal it is passed over. */
void service_log(const struct event *event, const char *name);

#endif
