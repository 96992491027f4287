/* What can be said at once: tiles, summary, log, the stream of events. */
#include "station/web/web_priv.h"

#include <inttypes.h>
#include <stdio.h>

static void put_version(const struct web *w, struct web_text *to)
{
    char text[80];
    snprintf(text, sizeof text, "{\"version\":\"%s-%" PRIu64 "\",", w->boot,
             web_scene_version(w->scene));
    web_text_say(to, text);
}

static void answer_with(struct web *w, struct web_reply *reply, const char *name,
                        void (*put)(const struct web_scene *s, struct web_text *to))
{
    pthread_mutex_lock(&w->lock);
    put_version(w, &reply->text);
    web_text_say(&reply->text, "\"");
    web_text_say(&reply->text, name);
    web_text_say(&reply->text, "\":");
    put(w->scene, &reply->text);
    web_text_say(&reply->text, "}");
    pthread_mutex_unlock(&w->lock);
    reply->status = 200;
}

void web_get_tiles(struct web *w, const struct web_request *r, struct web_reply *reply)
{
    (void)r;
    answer_with(w, reply, "tiles", web_scene_put_tiles);
}

void web_get_summary(struct web *w, const struct web_request *r, struct web_reply *reply)
{
    (void)r;
    answer_with(w, reply, "summary", web_scene_put_summary);
}

void web_get_log(struct web *w, const struct web_request *r, struct web_reply *reply)
{
    (void)r;
    answer_with(w, reply, "log", web_scene_put_log);
}

void web_get_events(struct web *w, const struct web_request *r, struct web_reply *reply)
{
    (void)r;
    pthread_mutex_lock(&w->lock);
    const bool full = w->stream_count >= WEB_STREAMS_MAX;
    pthread_mutex_unlock(&w->lock);
    if (full) {
        web_refuse_as(reply, 503, ERR_STATION, "Too many screens look at this station");
        return;
    }
    reply->status = 200;
    reply->type = "text/event-stream";
    reply->stream = true;
}
