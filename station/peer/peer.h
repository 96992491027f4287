/*
 * A running line, for other programs of this computer: over a Unix socket, in lines of JSON. What
 * `espstation line --attach` shows comes from there.
 *
 * Who connects gets "hello", then "summary" and each "tile", and again whatever has changed, at
 * most five times a second and only as fast as it reads; with nothing to say, "alive". It may send
 * acts, each a line, and gets an "answer" with the same id; where there is a people file, it logs
 * in first. docs/attach.md has the members.
 *
 * Bounds: PEER_CLIENTS_MAX at once; lines of PEER_LINE_MAX bytes from a client; a client that takes
 * nothing for PEER_PATIENCE_MS is dropped. None of them delays the floor, and one that does not
 * read delays no other; acts and log-ins are done one after the other.
 *
 * Who may: the permissions of the socket say it. It stands in the folder that the service manager
 * gives (RUNTIME_DIRECTORY, for the station's group), else in espstation/ of XDG_RUNTIME_DIR (for
 * the user alone), else in /run/espstation.
 */
#ifndef STATION_PEER_H
#define STATION_PEER_H

#include "station/floor/floor_open.h"

#define PEER_CLIENTS_MAX 16
#define PEER_LINE_MAX    4096
#define PEER_PATIENCE_MS 10000
#define PEER_PROTOCOL    1

/* The line's side. A computer without a place for the socket has none, which is no mistake. */
extern const struct watcher peer_watcher;

/* ---- The other side; one thread at a time ---- */

struct peer;
struct scene;

/* Connects to the line of a station of that name. NULL: ERR_USAGE, there is none that may be
 * reached; ERR_STATION. */
struct peer *peer_connect(const char *station, struct err *e);
void peer_close(struct peer *p); /* NULL is fine */

/* Takes over what the line has told, without waiting. Connects anew, once a second, to one that
 * went away; *scene is stale meanwhile. */
void peer_look(struct peer *p, struct scene *scene);

/* Sends an act and waits for its answer, two seconds at most. */
bool peer_act(struct peer *p, const struct act *act, struct err *e);

/* The same of a log-in; see desk_log_in. */
bool peer_log_in(struct peer *p, const char *name, const char *secret, struct err *e);

/* Copies lines as they come to standard output, until the line goes away or `end_fd` is readable.
 */
bool peer_copy(struct peer *p, int end_fd, struct err *e);

#endif
