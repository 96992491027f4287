/*
 * MQTT: what the line does, to a broker of the factory. docs/events.md has topics and promises.
 *
 * All happens on one thread, the library's network too (mosquitto_loop). A message counts as told
 * when the broker has acknowledged it. What was not when a connection ended is thrown away with the
 * library's own queue, and comes out of the record again on the next: so the library, which would
 * keep messages in memory without a limit and forget them with the process, never holds more than a
 * handful.
 */
#include "station/floor/tile_json.h"
#include "station/outlet/mqtt_topic.h"
#include "station/outlet/outlet.h"
#include "station/outlet/outlet_watch.h"

#include "station/base/json.h"

#include <errno.h>
#include <mosquitto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TICK_MS     100u   /* between two looks at what no socket tells */
#define LOOK_MS     1000u  /* ...at the record, where no event of the floor announced something */
#define CONNECT_MS  10000u /* until the broker has welcomed us */
#define SILENCE_MS  30000u /* an acknowledgement that late does not come any more */
#define FAREWELL_MS 3000u  /* for what is left at the end */
#define KEEPALIVE_S 15     /* the library takes none below 5 */
#define QOS         1

struct sent_event {
    int mid;
    bool landed;
};

struct mqtt {
    struct outlet outlet;
    struct station_broker broker;
    char password[OUTLET_SECRET_CAP]; /* "": none */
    struct event_reader *reader;
    struct mosquitto *client; /* NULL: no connection */
    bool welcome, lost;       /* said by the broker; the connection has ended */
    char why[128];            /* it did */
    struct deadline patience; /* until it has to be welcome, or the oldest flight to land */
    struct deadline look;
    struct sent_event flights[OUTLET_AHEAD]; /* events in the order of the queue */
    size_t flight_count;
    int farewell_mid; /* of the last word; 0: not said */
    bool farewell_landed;
    char *state;           /* as published last */
    uint64_t *tile_states; /* tile.changes + 1, as published last; 0: not yet */
};

static struct err *fail(struct err *e, const char *what, const char *why)
{
    err_set(e, ERR_WAITING, "%s: %s", what, why);
    return e;
}

/* ---- What the library calls, during mosquitto_loop ---- */

static void on_connect(struct mosquitto *client, void *ctx, int rc)
{
    struct mqtt *const q = ctx;
    (void)client;
    q->welcome = rc == 0;
    q->lost = rc != 0;
    if (rc != 0)
        snprintf(q->why, sizeof q->why, "%s", mosquitto_connack_string(rc));
}

static void on_disconnect(struct mosquitto *client, void *ctx, int rc)
{
    struct mqtt *const q = ctx;
    (void)client;
    q->lost = true;
    if (!q->why[0])
        snprintf(q->why, sizeof q->why, "%s", mosquitto_strerror(rc));
}

static void land(struct mqtt *q, int mid)
{
    for (size_t i = 0; i < q->flight_count; i++) {
        if (q->flights[i].mid == mid)
            q->flights[i].landed = true;
    }
}

/* What has landed in order is told for good. */
static void confirm(struct mqtt *q)
{
    size_t n = 0;
    for (; n < q->flight_count && q->flights[n].landed; n++)
        outlet_queue_confirm(q->outlet.queue);
    if (n == 0)
        return;
    q->flight_count -= n;
    memmove(q->flights, q->flights + n, q->flight_count * sizeof q->flights[0]);
    q->patience = deadline_in_ms(q->outlet.clock, SILENCE_MS);
}

static void on_publish(struct mosquitto *client, void *ctx, int mid)
{
    struct mqtt *const q = ctx;
    (void)client;
    land(q, mid);
    confirm(q);
    if (mid == q->farewell_mid)
        q->farewell_landed = true;
}

/* ---- Publishing ---- */

static bool publish(struct mqtt *q, const char *topic, const char *text, size_t n, bool retain,
                    int *mid, struct err *e)
{
    const int rc = mosquitto_publish(q->client, mid, topic, (int)n, text, QOS, retain);
    if (rc == MOSQ_ERR_SUCCESS)
        return true;
    fail(e, "The broker", mosquitto_strerror(rc));
    return false;
}

/* ---- How station and slots are: retained, the last word alone ---- */

static void write_state(struct mqtt *q, FILE *out)
{
    struct floor_summary sum;
    struct json_object o;
    floor_sum(q->outlet.floor, &sum);
    json_begin(&o, out);
    json_bool(&o, "online", true);
    tile_json_sum(&o, &sum, GAPS_LEFT_OUT);
    json_end(&o);
}

static void write_tile(const struct tile *tile, FILE *out)
{
    struct json_object o;
    json_begin(&o, out);
    tile_json_put(&o, tile, GAPS_LEFT_OUT);
    json_end(&o);
}

/* Without the line's end. NULL: no memory. */
static char *close_text(FILE *out, char **text)
{
    if (fclose(out) != 0) {
        free(*text);
        return NULL;
    }
    (*text)[strcspn(*text, "\n")] = '\0';
    return *text;
}

static char *state_text(struct mqtt *q)
{
    char *text = NULL;
    size_t n;
    FILE *const out = open_memstream(&text, &n);
    if (!out)
        return NULL;
    write_state(q, out);
    return close_text(out, &text);
}

static bool publish_state(struct mqtt *q, struct err *e)
{
    char topic[MQTT_TOPIC_CAP], *const text = state_text(q);
    if (!text)
        return err_set(e, ERR_STATION, "No memory left for events");
    if (q->state && strcmp(text, q->state) == 0) {
        free(text);
        return true;
    }
    free(q->state);
    q->state = text;
    mqtt_topic(q->outlet.station, "state", NULL, topic);
    return publish(q, topic, text, strlen(text), true, NULL, e);
}

static bool publish_tile(struct mqtt *q, size_t i, const struct tile *tile, struct err *e)
{
    char topic[MQTT_TOPIC_CAP], *text = NULL;
    size_t n;
    FILE *const out = open_memstream(&text, &n);
    if (!out)
        return err_set(e, ERR_STATION, "No memory left for events");
    write_tile(tile, out);
    if (!close_text(out, &text))
        return err_set(e, ERR_STATION, "No memory left for events");
    mqtt_topic(q->outlet.station, "slot", tile->name, topic);
    const bool ok = publish(q, topic, text, strlen(text), true, NULL, e);
    free(text);
    q->tile_states[i] = tile->changes + 1;
    return ok;
}

static bool publish_states(struct mqtt *q, struct err *e)
{
    const size_t count = floor_tile_count(q->outlet.floor);
    struct tile tile;
    if (!publish_state(q, e))
        return false;
    for (size_t i = 0; i < count && i < STATION_SLOTS_MAX; i++) {
        if (floor_look(q->outlet.floor, i, &tile) && q->tile_states[i] != tile.changes + 1 &&
            !publish_tile(q, i, &tile, e))
            return false;
    }
    return true;
}

/* ---- Events ---- */

static bool publish_event(struct mqtt *q, const struct outlet_message *m, struct err *e)
{
    char topic[MQTT_TOPIC_CAP];
    struct sent_event *const f = &q->flights[q->flight_count];
    mqtt_topic(q->outlet.station, "event", m->event, topic);
    *f = (struct sent_event){ .landed = false };
    if (q->flight_count == 0)
        q->patience = deadline_in_ms(q->outlet.clock, SILENCE_MS);
    if (!publish(q, topic, m->text, m->n, false, &f->mid, e))
        return false;
    q->flight_count++;
    return true;
}

static bool publish_events(struct mqtt *q, struct err *e)
{
    const struct outlet_message *m;
    for (;;) {
        if (!outlet_queue_next(q->outlet.queue, &m, e))
            return false;
        if (!m)
            return true;
        if (!publish_event(q, m, e))
            return false;
    }
}

/* Whether the floor said that something happened. */
static bool drain(struct mqtt *q)
{
    struct event event;
    bool any = false;
    while (event_take(q->reader, &event))
        any = true;
    return any;
}

static bool tell(struct mqtt *q, struct err *e)
{
    const bool due = deadline_over(q->outlet.clock, q->look);
    if (drain(q) || due) {
        q->look = deadline_in_ms(q->outlet.clock, LOOK_MS);
        if (!publish_states(q, e))
            return false;
    }
    return publish_events(q, e) && (!due || outlet_queue_save(q->outlet.queue, e));
}

/* ---- The connection ---- */

static void hang_up(struct mqtt *q)
{
    mosquitto_destroy(q->client);
    q->client = NULL;
    q->welcome = q->lost = false;
    q->flight_count = 0;
    free(q->state);
    q->state = NULL;
    memset(q->tile_states, 0, STATION_SLOTS_MAX * sizeof q->tile_states[0]);
    if (q->outlet.queue)
        outlet_queue_rewind(q->outlet.queue);
}

static bool set_up_tls(struct mqtt *q, struct err *e)
{
    const char *const ca = q->outlet.station->mqtt.ca_path;
    if (!q->broker.tls)
        return true;
    int rc = mosquitto_tls_set(q->client, ca, ca ? NULL : "/etc/ssl/certs", NULL, NULL, NULL);
    if (rc == MOSQ_ERR_SUCCESS)
        rc = mosquitto_tls_opts_set(q->client, 1, "tlsv1.2", NULL);
    if (rc == MOSQ_ERR_SUCCESS)
        return true;
    fail(e, ca ? ca : "/etc/ssl/certs", mosquitto_strerror(rc));
    return false;
}

static bool set_up(struct mqtt *q, struct err *e)
{
    static const char will[] = "{\"online\":false}";
    const struct station_mqtt *const m = &q->outlet.station->mqtt;
    char topic[MQTT_TOPIC_CAP], id[MQTT_TOPIC_CAP];
    mqtt_topic(q->outlet.station, "state", NULL, topic);
    snprintf(id, sizeof id, "espstation-%s", q->outlet.station->name);
    q->client = mosquitto_new(id, true, q);
    if (!q->client)
        return err_set(e, ERR_STATION, "No memory left for MQTT");
    mosquitto_connect_callback_set(q->client, on_connect);
    mosquitto_disconnect_callback_set(q->client, on_disconnect);
    mosquitto_publish_callback_set(q->client, on_publish);
    const int rc = mosquitto_will_set(q->client, topic, sizeof will - 1, will, QOS, true);
    if (rc != MOSQ_ERR_SUCCESS) {
        fail(e, "The topics", mosquitto_strerror(rc));
        return false;
    }
    if (m->user && mosquitto_username_pw_set(q->client, m->user, q->password) != MOSQ_ERR_SUCCESS)
        return err_set(e, ERR_STATION, "No memory left for MQTT");
    return set_up_tls(q, e);
}

static const char *network_error(int rc)
{
    return rc == MOSQ_ERR_ERRNO ? strerror(errno) : mosquitto_strerror(rc);
}

static bool dial(struct mqtt *q, struct err *e)
{
    q->why[0] = '\0';
    if (!outlet_open_queue(&q->outlet, e) || !set_up(q, e))
        return false;
    const int rc = mosquitto_connect_async(q->client, q->broker.host, q->broker.port, KEEPALIVE_S);
    q->patience = deadline_in_ms(q->outlet.clock, CONNECT_MS);
    q->look = deadline_in_ms(q->outlet.clock, 0);
    if (rc == MOSQ_ERR_SUCCESS)
        return true;
    fail(e, q->broker.host, network_error(rc));
    return false;
}

/* One round with the network. */
static bool loop(struct mqtt *q, struct err *e)
{
    const int rc = mosquitto_loop(q->client, (int)TICK_MS, 1);
    if (rc != MOSQ_ERR_SUCCESS || q->lost) {
        fail(e, q->broker.host, q->why[0] ? q->why : network_error(rc));
        return false;
    }
    if ((!q->welcome || q->flight_count > 0) && deadline_over(q->outlet.clock, q->patience)) {
        fail(e, q->broker.host, "no answer came in time");
        return false;
    }
    return true;
}

/* ---- The end ---- */

/* What is left goes as far as time allows, then the last word: a will is not read out where one
 * leaves in peace. */
static void say_farewell(struct mqtt *q)
{
    static const char word[] = "{\"online\":false,\"stopped\":true}";
    const struct deadline end = deadline_in_ms(q->outlet.clock, FAREWELL_MS);
    char topic[MQTT_TOPIC_CAP];
    struct err e = { 0 };
    bool ok = q->client && q->welcome;
    q->look = deadline_in_ms(q->outlet.clock, 0);
    for (bool begun = false; ok && (!begun || q->flight_count > 0); begun = true)
        ok = !deadline_over(q->outlet.clock, end) && tell(q, &e) && loop(q, &e);
    if (!q->client || !q->welcome || q->lost)
        return;
    mqtt_topic(q->outlet.station, "state", NULL, topic);
    ok = publish(q, topic, word, sizeof word - 1, true, &q->farewell_mid, &e);
    const struct deadline last = deadline_in_ms(q->outlet.clock, FAREWELL_MS);
    while (ok && !q->farewell_landed && !deadline_over(q->outlet.clock, last))
        ok = loop(q, &e);
    mosquitto_disconnect(q->client);
    mosquitto_loop(q->client, 0, 1);
}

static void round_of(struct mqtt *q)
{
    struct err e = { 0 };
    if ((q->client || dial(q, &e)) && loop(q, &e) && (!q->welcome || tell(q, &e))) {
        if (q->welcome)
            outlet_went_well(&q->outlet);
        return;
    }
    if (q->client)
        hang_up(q);
    outlet_say(&q->outlet, &e);
    outlet_rest(&q->outlet, outlet_backoff(&q->outlet));
}

static void work(void *ctx)
{
    struct mqtt *const q = ctx;
    while (!outlet_is_stopped(&q->outlet))
        round_of(q);
    say_farewell(q);
    if (q->client)
        hang_up(q);
}

/* ---- Its life ---- */

static void end(void *state)
{
    struct mqtt *const q = state;
    outlet_end(&q->outlet);
    event_reader_free(q->reader);
    explicit_bzero(q->password, sizeof q->password);
    free(q->tile_states);
    free(q->state);
    free(q);
    mosquitto_lib_cleanup();
}

static bool prepare(struct mqtt *q, struct err *e)
{
    const struct station_mqtt *const m = &q->outlet.station->mqtt;
    if (m->password_path &&
        !outlet_read_secret(m->password_path, q->password, sizeof q->password, e))
        return false;
    q->tile_states = calloc(STATION_SLOTS_MAX, sizeof q->tile_states[0]);
    if (!q->tile_states)
        return err_set(e, ERR_STATION, "No memory left for MQTT");
    q->reader = floor_watch(q->outlet.floor, 1, e);
    return q->reader != NULL;
}

static bool start(struct floor *f, const struct station *station, void **state, struct err *e)
{
    *state = NULL;
    if (!station->mqtt.broker || !floor_record(f))
        return true;
    struct mqtt *const q = calloc(1, sizeof *q);
    if (!q)
        return err_set(e, ERR_STATION, "No memory left for MQTT");
    q->outlet = (struct outlet){ .floor = f,
                                 .station = station,
                                 .name = "MQTT",
                                 .suffix = "mqtt",
                                 .clock = &clock_system,
                                 .stop_fd = -1 };
    mosquitto_lib_init();
    if (station_broker_of(station->mqtt.broker, &q->broker) && prepare(q, e) &&
        outlet_begin(&q->outlet, work, q, e)) {
        *state = q;
        return true;
    }
    end(q);
    return false;
}

const struct watcher mqtt_watch = { "MQTT", start, end };
