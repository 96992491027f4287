#include "station/floor/tile_json.h"

#include "core/facts/chip.h"

#include <string.h>

const char *tile_state_word(enum tile_state state)
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

static void put_text(struct json_object *o, const char *name, const char *text, enum json_gaps gaps)
{
    if (text && text[0])
        json_text(o, name, text);
    else if (gaps == GAPS_NULL)
        json_null(o, name);
}

/* What is said for want of a better hint is for who types commands: nobody does here. */
static bool is_for_command_line(const struct err *e)
{
    return e->code == ERR_USAGE && strcmp(e->hint, err_row(ERR_USAGE)->hint) == 0;
}

void tile_json_cause(struct json_object *o, const struct err *e, enum json_gaps gaps)
{
    if (e->code == ERR_NONE && gaps == GAPS_LEFT_OUT)
        return;
    put_text(o, "code", e->code == ERR_NONE ? NULL : err_word(e->code), gaps);
    put_text(o, "sentence", e->what, gaps);
    put_text(o, "hint", is_for_command_line(e) ? "" : e->hint, gaps);
}

static void put_board(struct json_object *o, const struct tile *tile, enum json_gaps gaps)
{
    put_text(o, "chip", tile->chip ? tile->chip->id_name : NULL, gaps);
    put_text(o, "mac", tile->mac, gaps);
    put_text(o, "serial", tile->serial, gaps);
    if (tile->run_id == 0 && gaps == GAPS_NULL)
        json_null(o, "run");
    else
        json_integer(o, "run", tile->run_id);
    json_integer(o, "attempt", tile->attempt);
    json_integer(o, "baud", tile->baud);
    json_seconds(o, "seconds", tile->seconds);
    json_text(o, "board_state", board_state_word(tile->board_state));
}

void tile_json_put(struct json_object *o, const struct tile *tile, enum json_gaps gaps)
{
    json_integer(o, "slot", tile->number);
    json_text(o, "name", tile->name);
    json_integer(o, "row", tile->row);
    json_integer(o, "column", tile->column);
    put_text(o, "port", tile->port, gaps);
    json_text(o, "state", tile_state_word(tile->state));
    json_bool(o, "passed_before", tile->passed_before);
    put_text(o, "passed_in", tile->passed_in, gaps);
    json_bool(o, "golden", tile->golden);
    json_bool(o, "disabled", tile->disabled);
    put_board(o, tile, gaps);
    tile_json_cause(o, &tile->err, gaps);
    json_integer(o, "boards", tile->boards);
    json_integer(o, "passes", tile->passes);
}

void tile_json_sum(struct json_object *o, const struct floor_summary *sum, enum json_gaps gaps)
{
    json_text(o, "station", sum->station);
    put_text(o, "recipe", sum->recipe, gaps);
    put_text(o, "version", sum->version, gaps);
    put_text(o, "chip", sum->chip, gaps);
    put_text(o, "lot", sum->lot, gaps);
    put_text(o, "operator", sum->operator_name, gaps);
    json_integer(o, "quantity", (int64_t)sum->quantity);
    json_integer(o, "lot_passed", (int64_t)sum->lot_passed);
    json_integer(o, "passed", (int64_t)sum->passed);
    json_integer(o, "failed", (int64_t)sum->failed);
    json_integer(o, "refused", (int64_t)sum->refused);
    json_integer(o, "unidentified", (int64_t)sum->unidentified);
    json_seconds(o, "board_seconds", sum->board_seconds);
    json_integer(o, "slots", sum->slots);
    json_integer(o, "working", sum->working);
    json_integer(o, "empty", sum->empty);
    json_integer(o, "no_adapter", sum->no_adapter);
    json_integer(o, "attention", sum->attention);
    json_bool(o, "lot_full", sum->lot_full);
    json_bool(o, "stopping", sum->stopping);
    json_bool(o, "ending", sum->ending);
    json_bool(o, "recorded", sum->recorded);
    json_bool(o, "printer", sum->printer);
}
