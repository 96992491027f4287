/*
 * The operator's screen in a browser: a web server inside the station. Pages, live events (SSE) and
 * REST under /api/v1, described by /api/v1/openapi.json.
 *
 * Design. Three threads of its own. One watches the floor and keeps what pages see as JSON, each
 * part with the version at which it changed last: a reader is sent what is newer than what it has,
 * at its own pace, so that a slow one loses nothing and costs no memory. One is the library's and
 * serves all connections; it never waits. One does what may wait for a disk: the record, acts,
 * log-in, the doctor. No slot waits for any of them.
 *
 * It listens on this computer alone unless it is told otherwise; beyond it, only with TLS and with
 * people who log in.
 */
#ifndef STATION_WEB_H
#define STATION_WEB_H

#include "station/floor/floor_open.h"

#define WEB_LISTEN "127.0.0.1:8480" /* where it listens if nothing is said */

struct web;

/* Who may log in: lent, and called on the web's own threads, `log_in` on one alone. */
struct web_people {
    void *ctx;
    /* Name and PIN, or the text of a badge with an empty name. May wait for a disk. False:
     * ERR_USAGE, with a sentence that does not tell which of the two was wrong. */
    bool (*log_in)(void *ctx, const char *name, const char *secret, struct actor *actor,
                   struct err *e);
    /* Whether somebody who has logged in is still one of them, and what that person may now; quick.
     * NULL: a session is enough. */
    bool (*find)(void *ctx, const char *name, struct actor *actor);
};

/* All is copied but `floor` and `people`, which live longer than the web does. */
struct web_setup {
    struct floor *floor;
    const char *listen;      /* "127.0.0.1:8480", "[::1]:8480", port 0: any; NULL: WEB_LISTEN */
    const char *host;        /* by which browsers call it, beside its address; NULL: none */
    const char *language;    /* a code; NULL: as the browser wishes */
    bool blue_for_green;     /* colours for those who cannot tell red from green */
    bool silent;             /* no sounds */
    const char *certificate; /* files in PEM; NULL: no TLS */
    const char *key;
    const struct web_people *people; /* NULL: nobody logs in; a name is taken as it is typed */
};

/* Whether somebody may listen there: ERR_USAGE for what is no address and port, and beyond this
 * computer without TLS or people. Opens nothing. */
bool web_may_listen(const struct web_setup *setup, struct err *e);

/* Whether certificate and key can be read, where there are any. ERR_USAGE, ERR_STATION. */
bool web_has_pem(const struct web_setup *setup, struct err *e);

/* Both, of what the station file says. `people`: NULL where nobody logs in. For who asks before a
 * line is started. */
struct station;
struct people;
bool web_judge(const struct station *station, struct people *people, struct err *e);

/* Listens and serves until it is freed. NULL: as above, and ERR_STATION. */
struct web *web_new(const struct web_setup *setup, struct err *e);

/* Ends all connections; within a second. Before the floor is freed. NULL is fine. */
void web_free(struct web *w);

/* "http://127.0.0.1:8480/". */
const char *web_url(const struct web *w);

/* The same as the station file says (screen), for `espstation line`: names its address on standard
 * error. */
extern const struct watcher web_watcher;

#endif
