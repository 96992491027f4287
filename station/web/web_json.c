#include "station/web/web_json.h"

#include <stdio.h>
#include <time.h>

const char *web_state_word(enum tile_state state)
{
    static const char *const words[TILE_STATE_COUNT] = {
        [TILE_NO_ADAPTER] = "no-adapter",
        [TILE_EMPTY] = "empty",
        [TILE_WORKING] = "working",
        [TILE_PASS] = "pass",
        [TILE_FAIL] = "fail",
        [TILE_WAITING] = "waiting",
        [TILE_ATTENTION] = "attention",
    };
    return (unsigned)state < TILE_STATE_COUNT ? words[state] : "attention";
}

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

void web_put_cause(struct json_object *o, const struct err *e)
{
    json_text(o, "code", e->code == ERR_NONE ? NULL : err_word(e->code));
    json_text(o, "sentence", or_null(e->what));
    json_text(o, "hint", or_null(e->hint));
}

static void put_board(struct json_object *o, const struct tile *tile)
{
    json_text(o, "chip", tile->chip ? tile->chip->id_name : NULL);
    json_text(o, "mac", or_null(tile->mac));
    json_text(o, "serial", or_null(tile->serial));
    if (tile->run_id != 0)
        json_integer(o, "run", tile->run_id);
    else
        json_null(o, "run");
    json_integer(o, "attempt", tile->attempt);
    json_text(o, "phase", tile->state == TILE_WORKING ? phase_word(tile->phase) : NULL);
    json_integer(o, "permille", web_permille(tile));
    json_seconds(o, "seconds", tile->seconds);
    json_integer(o, "baud", tile->baud);
    json_text(o, "board_state", board_state_word(tile->board_state));
}

void web_put_tile(struct json_object *o, const char *name, const struct tile *tile)
{
    json_open(o, name, '{');
    json_integer(o, "slot", tile->number);
    json_text(o, "name", tile->name);
    json_integer(o, "row", tile->row);
    json_integer(o, "column", tile->column);
    json_text(o, "port", or_null(tile->port));
    json_text(o, "state", web_state_word(tile->state));
    json_bool(o, "passed_before", tile->passed_before);
    json_bool(o, "golden", tile->golden);
    json_bool(o, "disabled", tile->disabled);
    put_board(o, tile);
    web_put_cause(o, &tile->err);
    json_integer(o, "boards", tile->boards);
    json_integer(o, "passes", tile->passes);
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
    json_text(o, "station", sum->station);
    json_text(o, "recipe", or_null(sum->recipe));
    json_text(o, "version", or_null(sum->version));
    json_text(o, "chip", or_null(sum->chip));
    json_text(o, "lot", or_null(sum->lot));
    json_text(o, "operator", or_null(sum->operator_name));
    json_integer(o, "quantity", (int64_t)sum->quantity);
    json_integer(o, "lot_passed", (int64_t)sum->lot_passed);
    json_integer(o, "passed", (int64_t)sum->passed);
    json_integer(o, "failed", (int64_t)sum->failed);
    json_seconds(o, "board_seconds", sum->board_seconds);
    json_integer(o, "slots", sum->slots);
    json_integer(o, "working", sum->working);
    json_integer(o, "empty", sum->empty);
    json_integer(o, "no_adapter", sum->no_adapter);
    json_integer(o, "attention", sum->attention);
    json_bool(o, "lot_full", sum->lot_full);
    json_bool(o, "stopping", sum->stopping);
    json_bool(o, "recorded", sum->recorded);
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
    web_put_cause(o, &event->err);
    json_seconds(o, "seconds", event->seconds);
    json_close(o, '}');
}

void web_put_err(struct json_object *o, const struct err *e)
{
    json_open(o, NULL, '{');
    web_put_cause(o, e);
    json_close(o, '}');
}
