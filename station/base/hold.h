/*
 * Signals that wait while files are written, so that no half file is left: SIGINT, SIGTERM and
 * SIGHUP, for the calling thread. Who writes looks now and then whether one came, and stops.
 */
#ifndef STATION_HOLD_H
#define STATION_HOLD_H

#include <signal.h>
#include <stdbool.h>

void hold_signals(sigset_t *before);

/* Those that came act now. */
void hold_end(const sigset_t *before);

bool hold_has_any(void);

#endif
