/*
 * Live events (SSE). The library asks for bytes when the socket takes some; there are none until
 * something is newer than what this reader has, so the connection sleeps until the watcher wakes
 * it. What a reader was too slow for it gets in one piece, as it is by then.
 *
 * "Nothing new" and going to sleep happen under the lock that the watcher wakes under: else it
 * would wake a reader that does not sleep yet, and that one would sleep for ever.
 */
#include "station/web/web_stream.h"

#include <inttypes.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES 16384

struct web_stream {
    struct web *w;
    struct MHD_Connection *connection;
    struct web_stream *next;
    char *cookie;   /* who looks; NULL: nobody is logged in */
    bool from_here; /* and need not be */
    bool sleeps;
    uint64_t seen;    /* the version that this reader has */
    uint64_t beat_us; /* when it was sent something last */
    struct web_text out;
    size_t out_at; /* so much of it has gone */
};

void web_streams_wake_locked(struct web *w)
{
    for (struct web_stream *s = w->streams; s; s = s->next) {
        if (!s->sleeps)
            continue;
        s->sleeps = false;
        MHD_resume_connection(s->connection);
    }
}

/* ---- What is sent ---- */

static void put_beat(struct web_stream *s)
{
    struct json_object o = web_text_json(&s->out);
    web_text_say(&s->out, "event: beat\ndata: ");
    json_open(&o, NULL, '{');
    json_text(&o, "build", s->w->build);
    web_put_utc(&o, "now", clock_system.utc_ms(&clock_system));
    json_close(&o, '}');
    web_text_say(&s->out, "\n\n");
}

/* Counts from 0 after a start of the station, which its own number in front tells. */
static void put_change(struct web_stream *s, uint64_t version)
{
    char head[96];
    snprintf(head, sizeof head, "event: change\nid: %s-%" PRIu64 "\ndata: {", s->w->boot, version);
    web_text_say(&s->out, head);
    web_scene_since(s->w->scene, s->seen, &s->out);
    web_text_say(&s->out, "}\n\n");
}

static bool compose_locked(struct web_stream *s)
{
    const uint64_t version = web_scene_version(s->w->scene), now_us = web_now_us();
    const bool beat = now_us - s->beat_us >= (WEB_BEAT_MS - 100) * 1000;
    s->out.n = s->out_at = 0;
    if (s->seen == version && !beat)
        return false;
    if (s->seen != version)
        put_change(s, version);
    if (beat)
        put_beat(s);
    if (s->out.failed) { /* all of it again, once there is memory */
        web_text_done(&s->out);
        return false;
    }
    s->seen = version;
    s->beat_us = beat ? now_us : s->beat_us;
    return true;
}

static bool may_look(const struct web_stream *s)
{
    struct actor actor;
    return !s->w->people || s->from_here || web_who(s->w, s->cookie, &actor);
}

static ssize_t sleep_locked(struct web_stream *s)
{
    s->sleeps = true;
    MHD_suspend_connection(s->connection);
    return 0;
}

static ssize_t read_events(void *ctx, uint64_t at, char *to, size_t max)
{
    struct web_stream *s = ctx;
    ssize_t n = 0;
    (void)at;
    const bool may = s->out_at < s->out.n || may_look(s);
    pthread_mutex_lock(&s->w->lock);
    if (s->w->stopping || !may) {
        n = MHD_CONTENT_READER_END_OF_STREAM;
    } else if (s->out_at == s->out.n && !compose_locked(s)) {
        n = sleep_locked(s);
    } else {
        n = (ssize_t)(s->out.n - s->out_at < max ? s->out.n - s->out_at : max);
        memcpy(to, s->out.bytes + s->out_at, (size_t)n);
        s->out_at += (size_t)n;
    }
    pthread_mutex_unlock(&s->w->lock);
    return n;
}

/* ---- Beginning and end ---- */

/* Of a start before this one, or without a number: all there is. */
static uint64_t version_of(const struct web *w, const char *id)
{
    const size_t n = strlen(w->boot);
    char *end = NULL;
    if (!id || strncmp(id, w->boot, n) != 0 || id[n] != '-' || id[n + 1] < '0' || id[n + 1] > '9')
        return 0;
    const unsigned long long version = strtoull(id + n + 1, &end, 10);
    return *end ? 0 : version;
}

static void forget(void *ctx)
{
    struct web_stream *s = ctx;
    pthread_mutex_lock(&s->w->lock);
    struct web_stream **at = &s->w->streams;
    while (*at && *at != s)
        at = &(*at)->next;
    if (*at) {
        *at = s->next;
        s->w->stream_count--;
    }
    pthread_mutex_unlock(&s->w->lock);
    web_text_done(&s->out);
    free(s->cookie);
    free(s);
}

static void remember(struct web_stream *s)
{
    pthread_mutex_lock(&s->w->lock);
    s->next = s->w->streams;
    s->w->streams = s;
    s->w->stream_count++;
    if (s->seen > web_scene_version(s->w->scene))
        s->seen = 0;
    pthread_mutex_unlock(&s->w->lock);
}

struct MHD_Response *web_stream_response(struct web *w, struct MHD_Connection *connection,
                                         const struct web_request *r)
{
    struct web_stream *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->w = w;
    s->connection = connection;
    s->from_here = r->from_here;
    s->seen = version_of(w, r->last_event_id);
    s->cookie = r->cookie ? strdup(r->cookie) : NULL;
    struct MHD_Response *response =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_BYTES, read_events, s, forget);
    if (!response) {
        free(s->cookie);
        free(s);
        return NULL;
    }
    remember(s);
    return response;
}
