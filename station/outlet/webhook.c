/*
 * Webhooks: each event as one signed POST. docs/events.md has the form and the promises.
 *
 * What the server answers with 2xx is told; all else is told again, later and later, and nothing
 * behind it is told before: order is kept, and nothing is dropped without a person.
 */
#include "station/outlet/outlet.h"
#include "station/outlet/outlet_watch.h"
#include "station/outlet/webhook_sign.h"

#include <curl/curl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_MS      1000   /* between two looks at the record, */
#define WAKE_MS      200    /* ...where the floor says that something happened */
#define CONNECT_MS   5000L  /* as long as a server may take to be there */
#define ANSWER_MS    15000L /* ...and to answer */
#define FAREWELL_MS  3000u
#define ANSWER_BYTES 200u

struct webhook {
    struct outlet outlet;
    char key[OUTLET_SECRET_CAP];
    struct event_reader *reader;
    CURL *curl;
    struct deadline farewell; /* at the end: as long as what is left may take */
    bool leaving;
    char answer[ANSWER_BYTES + 1]; /* what the server said, for people */
    size_t answered;
    char fault[CURL_ERROR_SIZE];
};

/* ---- One request ---- */

static size_t take_answer(char *bytes, size_t each, size_t n, void *ctx)
{
    struct webhook *const w = ctx;
    const size_t room = ANSWER_BYTES - w->answered;
    const size_t took = each * n < room ? each * n : room;
    memcpy(w->answer + w->answered, bytes, took);
    w->answered += took;
    w->answer[w->answered] = '\0';
    return each * n;
}

/* Not zero: give up. */
static int is_over(void *ctx, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    const struct webhook *const w = ctx;
    (void)a;
    (void)b;
    (void)c;
    (void)d;
    return w->leaving ? deadline_over(w->outlet.clock, w->farewell) : outlet_is_stopped(&w->outlet);
}

static bool open_curl(struct webhook *w, struct err *e)
{
    const struct station_webhook *const to = &w->outlet.station->webhook;
    if (w->curl)
        return true;
    CURL *const c = w->curl = curl_easy_init();
    bool ok = c && curl_easy_setopt(c, CURLOPT_URL, to->to) == CURLE_OK;
    ok = ok && curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK;
    ok = ok && (!to->ca_path || curl_easy_setopt(c, CURLOPT_CAINFO, to->ca_path) == CURLE_OK);
    ok = ok && curl_easy_setopt(c, CURLOPT_USERAGENT, "espstation/" ESPSTATION_VERSION) == CURLE_OK;
    ok = ok && curl_easy_setopt(c, CURLOPT_ERRORBUFFER, w->fault) == CURLE_OK;
    ok = ok && curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take_answer) == CURLE_OK;
    ok = ok && curl_easy_setopt(c, CURLOPT_WRITEDATA, w) == CURLE_OK;
    ok = ok && curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, is_over) == CURLE_OK;
    ok = ok && curl_easy_setopt(c, CURLOPT_XFERINFODATA, w) == CURLE_OK;
    if (!ok)
        return err_set(e, ERR_STATION, "Requests over HTTP cannot be made");
    curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
    curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, ANSWER_MS);
    return true;
}

static struct curl_slist *add(struct curl_slist *list, const char *name, const char *value)
{
    char line[256];
    snprintf(line, sizeof line, "%s: %s", name, value);
    struct curl_slist *const more = curl_slist_append(list, line);
    if (!more)
        curl_slist_free_all(list);
    return more;
}

static struct curl_slist *headers_of(const struct webhook *w, const struct outlet_message *m)
{
    char seconds[24], signature[WEBHOOK_SIGNATURE_CAP];
    snprintf(seconds, sizeof seconds, "%" PRId64, w->outlet.clock->utc_ms(w->outlet.clock) / 1000);
    if (!webhook_sign(w->key, seconds, m->text, m->n, signature))
        return NULL;
    struct curl_slist *list = curl_slist_append(NULL, "Content-Type: application/json");
    list = list ? add(list, "Espstation-Id", m->at.sha256) : NULL;
    list = list ? add(list, "Espstation-Timestamp", seconds) : NULL;
    return list ? add(list, "Espstation-Signature", signature) : NULL;
}

static bool judge(struct webhook *w, CURLcode rc, struct err *e)
{
    long status = 0;
    if (rc == CURLE_ABORTED_BY_CALLBACK)
        return err_set(e, ERR_STOPPED, "Stopped while an event was posted");
    if (rc != CURLE_OK)
        return err_set(e, ERR_WAITING, "%.80s: %.150s", w->outlet.station->webhook.to,
                       w->fault[0] ? w->fault : curl_easy_strerror(rc));
    curl_easy_getinfo(w->curl, CURLINFO_RESPONSE_CODE, &status);
    w->answer[strcspn(w->answer, "\r\n")] = '\0';
    return (status >= 200 && status < 300) ||
           err_set(e, ERR_WAITING, "%.80s answers %ld%s%.80s", w->outlet.station->webhook.to,
                   status, w->answer[0] ? ": " : "", w->answer);
}

static bool post(struct webhook *w, const struct outlet_message *m, struct err *e)
{
    struct curl_slist *const headers = headers_of(w, m);
    if (!headers)
        return err_set(e, ERR_STATION, "No memory left for events");
    w->fault[0] = w->answer[0] = '\0';
    w->answered = 0;
    curl_easy_setopt(w->curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(w->curl, CURLOPT_POSTFIELDSIZE, (long)m->n);
    curl_easy_setopt(w->curl, CURLOPT_POSTFIELDS, m->text);
    const CURLcode rc = curl_easy_perform(w->curl);
    curl_easy_setopt(w->curl, CURLOPT_HTTPHEADER, NULL);
    curl_slist_free_all(headers);
    return judge(w, rc, e);
}

/* ---- The thread ---- */

/* Until nothing is left, or it is to end. */
static bool post_all(struct webhook *w, struct err *e)
{
    const struct outlet_message *m;
    if (!outlet_open_queue(&w->outlet, e) || !open_curl(w, e))
        return false;
    while (!is_over(w, 0, 0, 0, 0)) {
        if (!outlet_queue_next(w->outlet.queue, &m, e))
            return false;
        if (!m)
            break;
        if (!post(w, m, e)) {
            outlet_queue_rewind(w->outlet.queue);
            return false;
        }
        outlet_queue_confirm(w->outlet.queue);
    }
    return outlet_queue_save(w->outlet.queue, e);
}

/* Until the floor says that something happened, a second has passed, or it is to end. */
static void rest(struct webhook *w)
{
    struct pollfd fds[2] = { { w->outlet.stop_fd, POLLIN, 0 }, { event_fd(w->reader), POLLIN, 0 } };
    struct event event;
    poll(fds, 2, LOOK_MS);
    while (event_take(w->reader, &event))
        ;
    if (fds[1].revents != 0) /* several come together */
        outlet_rest(&w->outlet, WAKE_MS);
}

static void work(void *ctx)
{
    struct webhook *const w = ctx;
    while (!outlet_is_stopped(&w->outlet)) {
        struct err e = { 0 };
        if (post_all(w, &e)) {
            outlet_went_well(&w->outlet);
            rest(w);
        } else {
            outlet_say(&w->outlet, &e);
            outlet_rest(&w->outlet, outlet_backoff(&w->outlet));
        }
    }
    struct err ignored = { 0 };
    w->leaving = true;
    w->farewell = deadline_in_ms(w->outlet.clock, FAREWELL_MS);
    post_all(w, &ignored);
}

/* ---- Its life ---- */

static void end(void *state)
{
    struct webhook *const w = state;
    outlet_end(&w->outlet);
    event_reader_free(w->reader);
    curl_easy_cleanup(w->curl);
    explicit_bzero(w->key, sizeof w->key);
    free(w);
}

static bool start(struct floor *f, const struct station *station, void **state, struct err *e)
{
    *state = NULL;
    if (!station->webhook.to || !floor_record(f))
        return true;
    struct webhook *const w = calloc(1, sizeof *w);
    if (!w)
        return err_set(e, ERR_STATION, "No memory left for webhooks");
    w->outlet = (struct outlet){ .floor = f,
                                 .station = station,
                                 .name = "the webhook",
                                 .suffix = "webhook",
                                 .clock = &clock_system,
                                 .stop_fd = -1 };
    if (curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK &&
        outlet_read_secret(station->webhook.key_path, w->key, sizeof w->key, e) &&
        (w->reader = floor_watch(f, 1, e)) != NULL && outlet_begin(&w->outlet, work, w, e)) {
        *state = w;
        return true;
    }
    if (e->code == ERR_NONE)
        err_set(e, ERR_STATION, "Requests over HTTP cannot be made");
    end(w);
    return false;
}

const struct watcher webhook_watch = { "Webhook", start, end };
