#include "station/web/web_json.h"

#include "station/floor/tile_json.h"

#include <stdio.h>
#include <time.h>

unsigned web_permille(const struct tile *tile)
{
    if (tile->bytes_total == 0)
        return 0;
    if (tile->bytes_done >= tile->bytes_total)
        return 1000;
    return (unsigned)((double)tile->bytes_done * 1000.0 / (double)tile->bytes_total);
}

void web_put_utc(struct json_object *o, const char *name, int64_t utc_ms)
{
    char text[WEB_UTC_BYTES];
    struct tm tm;
    time_t seconds = (time_t)(utc_ms / 1000);
    if (utc_ms < 0 || !gmtime_r(&seconds, &tm)) {
        json_null(o, name);
        return;
    }
    size_t n = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(text + n, sizeof text - n, ".%03dZ", (int)(utc_ms % 1000));
    json_text(o, name, text);
}

static const char *or_null(const char *text)
{
    return text[0] ? text : NULL;
}

void web_put_tile(struct json_object *o, const char *name, const struct tile *tile)
{
    json_open(o, name, '{');
    tile_json_put(o, tile, GAPS_NULL);
    json_text(o, "phase", tile->state == TILE_WORKING ? phase_word(tile->phase) : NULL);
    json_integer(o, "permille", web_permille(tile));
    json_close(o, '}');
}

void web_put_progress(struct json_object *o, const struct tile *tile)
{
    json_open(o, NULL, '[');
    json_integer(o, NULL, tile->number);
    json_integer(o, NULL, web_permille(tile));
    json_seconds(o, NULL, tile->seconds);
    json_close(o, ']');
}

void web_put_summary(struct json_object *o, const char *name, const struct floor_summary *sum)
{
    json_open(o, name, '{');
    tile_json_sum(o, sum, GAPS_NULL);
    web_put_utc(o, "since", sum->since_utc_ms);
    json_close(o, '}');
}

static const char *kind_word(enum event_kind kind)
{
    static const char *const words[] = {
        [EVENT_SNAPSHOT] = "snapshot", [EVENT_RUN] = "run",         [EVENT_BOARD] = "board",
        [EVENT_PHASE] = "phase",       [EVENT_RETRY] = "retry",     [EVENT_VERDICT] = "verdict",
        [EVENT_NOTE] = "note",         [EVENT_ADDED] = "added",     [EVENT_REMOVED] = "removed",
        [EVENT_ORDER] = "order",       [EVENT_CHANGED] = "changed",
    };
    return (size_t)kind < sizeof words / sizeof words[0] ? words[kind] : "note";
}

void web_put_event(struct json_object *o, const struct event *event)
{
    json_open(o, NULL, '{');
    json_text(o, "event", kind_word(event->kind));
    web_put_utc(o, "time", event->utc_ms);
    json_integer(o, "slot", event->slot);
    json_text(o, "port", or_null(event->port));
    if (event->run_id != 0)
        json_integer(o, "run", event->run_id);
    else
        json_null(o, "run");
    json_integer(o, "attempt", event->attempt);
    json_text(o, "verdict", or_null(verdict_word(event->verdict)));
    json_text(o, "mac", or_null(event->mac));
    tile_json_cause(o, &event->err, GAPS_NULL);
    json_seconds(o, "seconds", event->seconds);
    json_close(o, '}');
}

void web_put_err(struct json_object *o, const struct err *e)
{
    json_open(o, NULL, '{');
    tile_json_cause(o, e, GAPS_NULL);
    json_close(o, '}');
}
