/* JSON lines: one object for each event, as it comes, and one for the end. */
#include "station/screen/screen.h"

#include "station/base/json.h"
#include "station/screen/timing.h"

#include <stdio.h>
#include <time.h>

static const char *kind_word(enum event_kind kind)
{
    static const char *const words[] = {
        [EVENT_RUN] = "run",     [EVENT_BOARD] = "board",     [EVENT_PHASE] = "phase",
        [EVENT_RETRY] = "retry", [EVENT_VERDICT] = "verdict", [EVENT_NOTE] = "note",
        [EVENT_ORDER] = "order",
    };
    return words[kind];
}

static void put_time(struct json_object *o, int64_t utc_ms)
{
    char text[64];
    struct tm tm;
    time_t seconds = (time_t)(utc_ms / 1000);
    gmtime_r(&seconds, &tm);
    size_t n = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(text + n, sizeof text - n, ".%03dZ", (int)(utc_ms % 1000));
    json_text(o, "time", text);
}

static void put_outcome(struct json_object *o, const struct event *event)
{
    if (event->kind == EVENT_VERDICT)
        json_text(o, "verdict", verdict_word(event->verdict));
    json_text(o, "code", err_word(event->err.code));
    json_text(o, "sentence", event->err.what[0] ? event->err.what : NULL);
    json_text(o, "hint", event->err.hint[0] ? event->err.hint : NULL);
    json_text(o, "board_state", board_state_word(event->state));
    json_seconds(o, "seconds", event->seconds);
    json_integer(o, "bytes", (int64_t)event->bytes);
    json_integer(o, "round_trips", event->round_trips);
    timing_json(o, &event->timing);
}

static void put_text(struct json_object *o, const char *name, const char *text)
{
    json_text(o, name, text[0] ? text : NULL);
}

static void put_order(struct json_object *o, const struct order_name *order)
{
    put_text(o, "recipe", order->recipe);
    put_text(o, "version", order->version);
    put_text(o, "lot", order->lot);
    put_text(o, "operator", order->operator_name);
}

static void put_board(struct json_object *o, const struct event *event, const char *name)
{
    json_integer(o, "slot", event->slot);
    if (name)
        json_text(o, "name", name);
    json_text(o, "port", event->port);
    if (event->run_id != 0)
        json_integer(o, "run", event->run_id);
    json_integer(o, "attempt", event->attempt);
    json_text(o, "phase", phase_word(event->phase));
    json_integer(o, "baud", event->baud);
    json_text(o, "chip", event->chip ? event->chip->id_name : NULL);
    put_text(o, "mac", event->mac);
    if (event->serial[0])
        json_text(o, "serial", event->serial);
    if (event->kind == EVENT_NOTE)
        json_text(o, "sentence", event->err.what);
    if (event->kind == EVENT_RETRY || event->kind == EVENT_VERDICT)
        put_outcome(o, event);
}

static void on_event(const struct show *show, const struct event *event)
{
    struct json_object o;
    json_begin(&o, stdout);
    json_text(&o, "event", kind_word(event->kind));
    put_time(&o, event->utc_ms);
    if (event->kind != EVENT_ORDER)
        put_board(&o, event, show_slot_name(show, event->slot));
    if (event->kind == EVENT_RUN || event->kind == EVENT_VERDICT || event->kind == EVENT_ORDER)
        put_order(&o, &event->order);
    json_end(&o);
    fflush(stdout);
}

static void on_finish(const struct show *show)
{
    struct json_object o;
    json_begin(&o, stdout);
    json_text(&o, "event", "end");
    json_integer(&o, "boards", (int64_t)show->headcount->count);
    json_integer(&o, "passed", (int64_t)show->headcount->passed);
    json_integer(&o, "runs", (int64_t)show->headcount->runs);
    json_text(&o, "db", show->db_path);
    json_end(&o);
    fflush(stdout);
}

const struct screen screen_json = { .name = "json", .event = on_event, .finish = on_finish };
