/*
 * A PLC at the station, over Modbus TCP: docs/plc.md has the registers and the handshake.
 *
 * A thread of its own serves the clients, acts on the floor as the PLC, and reads the floor's
 * events at its own pace; nothing waits for it.
 */
#ifndef STATION_PLC_H
#define STATION_PLC_H

#include "station/floor/floor_open.h"

/* For the list of the command; starts where the station file has a section `plc`. */
extern const struct watcher plc_watcher;

/* Where it listens; for tests. */
unsigned plc_port(const void *state);

#endif
