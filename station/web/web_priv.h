/* What the files of the web share. Nobody outside of station/web includes this. */
#ifndef STATION_WEB_PRIV_H
#define STATION_WEB_PRIV_H

#include "station/web/web.h"
#include "station/web/web_scene.h"

#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>

#define WEB_BODY_MAX_BYTES    8192 /* of a request; acts are short */
#define WEB_ARGS_MAX          4
#define WEB_CONNECTIONS_MAX   96
#define WEB_PER_ADDRESS_MAX   48
#define WEB_STREAMS_MAX       48
#define WEB_TIMEOUT_S         15 /* of a connection that neither sends nor takes */
#define WEB_SEND_BUFFER_BYTES 65536
#define WEB_TOKEN_BYTES       65 /* 32 random bytes in hex, and the NUL */
#define WEB_SESSIONS_MAX      64
#define WEB_BEAT_MS           1000
#define WEB_QUEUE_MAX         32 /* requests that wait for the worker */

/* ---- web_gate.c: what a request is, and whether it may be answered at all ---- */

/* Pure data: texts are lent, NULL where the request says nothing. */
struct web_request {
    const char *method, *path; /* the path without its query, decoded */
    unsigned hosts;            /* how many Host headers there were */
    const char *host, *origin, *fetch_site, *cookie, *content_type, *last_event_id, *if_none_match;
    struct {
        const char *name, *value;
    } args[WEB_ARGS_MAX]; /* of the query */
    size_t arg_count;
    const char *body;
    size_t body_bytes;
    bool from_here; /* the peer is this computer */
};

/* Of the query; NULL: there is none of that name. */
const char *web_arg(const struct web_request *r, const char *name);

/* A cookie's value, into `value`; false: there is none, or it is too long. */
bool web_cookie(const char *header, const char *name, char *value, size_t cap);

struct web_reply {
    unsigned status;
    const char *type; /* of the content; NULL: JSON */
    const char *lent; /* the content, if it lives as long as the program does; else `text` */
    size_t lent_bytes;
    struct web_text text; /* web_reply_done */
    char cookie[192];     /* to set; "": none */
    const char *allow;    /* with 405 */
    bool stream;          /* live events follow */
    bool tagged;          /* may be kept by the browser as long as it asks whether it is the same */
};

void web_reply_done(struct web_reply *reply);

/* An error, as JSON, with the status that belongs to it. */
void web_refuse(struct web_reply *reply, unsigned status, const struct err *e);
void web_refuse_as(struct web_reply *reply, unsigned status, enum err_code code, const char *what);

/* Whether the request is one of ours: a Host that we have, an Origin that is ours, nothing foreign
 * in a POST. False with the refusal. */
bool web_gate(const struct web *w, const struct web_request *r, struct web_reply *reply);

/* ---- web_routes.c ---- */

struct web_route {
    const char *method; /* GET also answers HEAD */
    const char *path;   /* one that ends with / takes one more part */
    bool slow;          /* may wait for a disk: the worker's */
    bool open;          /* without log-in */
    void (*answer)(struct web *w, const struct web_request *r, struct web_reply *reply);
};

extern const struct web_route web_routes[];
extern const size_t web_route_count;

/* Finds who answers, or refuses: NULL then. Judges the gate and the log-in, too. */
const struct web_route *web_find_route(struct web *w, const struct web_request *r,
                                       struct web_reply *reply);

/* What of the path stands behind the route's own. */
const char *web_rest(const struct web_route *route, const struct web_request *r);

/* ---- answers ---- */

typedef void web_answer(struct web *w, const struct web_request *r, struct web_reply *reply);
void web_get_tiles(struct web *w, const struct web_request *r, struct web_reply *reply);
void web_get_summary(struct web *w, const struct web_request *r, struct web_reply *reply);
void web_get_log(struct web *w, const struct web_request *r, struct web_reply *reply);
void web_get_page(struct web *w, const struct web_request *r, struct web_reply *reply);
void web_get_words(struct web *w, const struct web_request *r, struct web_reply *reply);
void web_get_events(struct web *w, const struct web_request *r, struct web_reply *reply);
void web_get_lot(struct web *w, const struct web_request *r, struct web_reply *reply);
void web_get_board(struct web *w, const struct web_request *r, struct web_reply *reply);
void web_get_doctor(struct web *w, const struct web_request *r, struct web_reply *reply);
void web_post_act(struct web *w, const struct web_request *r, struct web_reply *reply);
void web_post_login(struct web *w, const struct web_request *r, struct web_reply *reply);
void web_post_logout(struct web *w, const struct web_request *r, struct web_reply *reply);
bool web_get_file(const struct web_request *r, struct web_reply *reply); /* false: no such file */

/* ---- web_login.c ---- */

struct web_session {
    char token[WEB_TOKEN_BYTES]; /* "": free */
    struct actor actor;
    uint64_t until_us;
};

struct web_sessions {
    pthread_mutex_t lock;
    struct web_session rows[WEB_SESSIONS_MAX];
    uint64_t failed_since_us; /* of those counted below */
    unsigned failed;
};

/* Who acts by this cookie header; false: nobody is logged in. */
bool web_who(struct web *w, const char *cookie, struct actor *actor);

/* ---- web_worker.c: what may wait for a disk ---- */

struct web_task {
    struct web_task *next;
    const struct web_route *route;
    const struct web_request *request; /* lent until it is done */
    struct web_reply *reply;
    bool done;                /* under the worker's lock */
    void (*ready)(void *ctx); /* called on the worker's thread, under its lock */
    void *ctx;
};

struct web_worker {
    pthread_mutex_t lock;
    pthread_cond_t more;
    pthread_t thread;
    bool runs, stopping;
    struct web_task *first, *last;
    size_t count;
};

bool web_worker_start(struct web *w, struct err *e);
void web_worker_stop(struct web *w);

/* False: too many wait. */
bool web_worker_put(struct web *w, struct web_task *task);
bool web_worker_is_done(struct web *w, const struct web_task *task);

/* ---- web_watch.c: looks at the floor ---- */

bool web_watch_start(struct web *w, struct err *e);
void web_watch_stop(struct web *w);

/* ---- web_http.c: the library ---- */

struct web_stream;

bool web_http_start(struct web *w, int fd, struct err *e); /* closes fd */
void web_http_stop(struct web *w);

/* Wakes all readers of events; under w->lock. */
void web_streams_wake_locked(struct web *w);

/* ---- all ---- */

struct web {
    struct floor *floor;
    const struct web_people *people;
    char host[256];    /* "": none */
    char language[16]; /* "": as the browser wishes */
    bool blue_for_green, silent, tls;
    struct sockaddr_storage address;
    uint16_t port;
    char url[160];
    char build[24];          /* of the page's files: pages that are older load themselves anew */
    char boot[24];           /* of this start: versions count from anew */
    char db_path[4096];      /* "": nothing is recorded */
    char *certificate, *key; /* in PEM; NULL: none */
    struct MHD_Daemon *daemon;
    struct web_sessions sessions;
    struct web_worker worker;

    pthread_mutex_t lock; /* of all that follows */
    struct web_scene *scene;
    struct web_stream *streams;
    unsigned stream_count;
    bool stopping;
    uint64_t told, beat_us; /* the version and the time at which readers were woken last */

    pthread_t watcher;
    bool watches;
    int stop_fd; /* readable: the watcher is to end */
    struct event_reader *reader;
};

uint64_t web_now_us(void);

#endif
