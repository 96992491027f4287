/* Tiles, sums and acts as lines of JSON, and back. Names as for the screen in a browser. */
#include "station/peer/peer_priv.h"

#include "core/base/json_tree.h"
#include "core/base/plain.h"
#include "core/facts/chip.h"
#include "station/base/json.h"
#include "station/floor/act_word.h"
#include "station/floor/tile_json.h"

#include <stdlib.h>
#include <string.h>

/* ---- Out ---- */

static void put_text(struct json_object *o, const char *name, const char *text)
{
    if (text && text[0])
        json_text(o, name, text);
}

void peer_put_hello(FILE *out, const char *station, bool asks_people)
{
    struct json_object o;
    json_begin(&o, out);
    json_open(&o, "hello", '{');
    json_text(&o, "station", station);
    json_text(&o, "version", ESPSTATION_VERSION);
    json_integer(&o, "protocol", PEER_PROTOCOL);
    json_bool(&o, "people", asks_people);
    json_close(&o, '}');
    json_end(&o);
}

void peer_put_alive(FILE *out)
{
    struct json_object o;
    json_begin(&o, out);
    json_bool(&o, "alive", true);
    json_end(&o);
}

void peer_put_summary(FILE *out, const struct floor_summary *sum)
{
    struct json_object o;
    json_begin(&o, out);
    json_open(&o, "summary", '{');
    tile_json_sum(&o, sum, GAPS_LEFT_OUT);
    json_integer(&o, "since_utc_ms", sum->since_utc_ms);
    json_close(&o, '}');
    json_end(&o);
}

void peer_put_tile(FILE *out, size_t place, const struct tile *tile)
{
    struct json_object o;
    json_begin(&o, out);
    json_open(&o, "tile", '{');
    json_integer(&o, "place", (int64_t)place);
    tile_json_put(&o, tile, GAPS_LEFT_OUT);
    json_text(&o, "phase", phase_word(tile->phase));
    json_integer(&o, "bytes_done", (int64_t)tile->bytes_done);
    json_integer(&o, "bytes_total", (int64_t)tile->bytes_total);
    json_close(&o, '}');
    json_end(&o);
}

void peer_put_answer(FILE *out, const char *id, const char *person, const struct err *e)
{
    struct json_object o;
    json_begin(&o, out);
    json_open(&o, "answer", '{');
    json_text(&o, "id", id);
    json_bool(&o, "done", e->code == ERR_NONE);
    put_text(&o, "person", person);
    tile_json_cause(&o, e, GAPS_LEFT_OUT);
    json_close(&o, '}');
    json_end(&o);
}

void peer_put_act(FILE *out, unsigned id, const struct act *act)
{
    struct json_object o;
    json_begin(&o, out);
    json_integer(&o, "id", id);
    json_text(&o, "act", act_word(act->kind));
    json_integer(&o, "slot", act->slot);
    put_text(&o, "name", act->actor.name);
    if (act->text) /* an empty one as well: the line says what is missing */
        json_text(&o, "text", act->text);
    put_text(&o, "reason", act->reason);
    json_end(&o);
}

void peer_put_log_in(FILE *out, unsigned id, const char *name, const char *secret)
{
    struct json_object o;
    json_begin(&o, out);
    json_integer(&o, "id", id);
    json_bool(&o, secret ? "log_in" : "log_out", true);
    put_text(&o, "name", name);
    put_text(&o, "secret", secret);
    json_end(&o);
}

/* ---- In: from a station, which may be of another version ---- */

static void take_text(const struct json_node *said, const char *key, char *to, size_t cap)
{
    const char *text = json_get_text(said, key);
    snprintf(to, cap, "%s", text ? text : "");
    to[plain_cut(to, strlen(to))] = '\0';
    plain_make(to);
}

static uint64_t take_number(const struct json_node *said, const char *key)
{
    const char *text = json_get_text(said, key);
    return text ? strtoull(text, NULL, 10) : 0;
}

static double take_seconds(const struct json_node *said, const char *key)
{
    const char *text = json_get_text(said, key);
    return text ? strtod(text, NULL) : 0;
}

static bool take_bool(const struct json_node *said, const char *key)
{
    const char *text = json_get_text(said, key);
    return text && strcmp(text, "true") == 0;
}

void peer_take_summary(const struct json_node *said, struct floor_summary *sum)
{
    take_text(said, "station", sum->station, sizeof sum->station);
    take_text(said, "recipe", sum->recipe, sizeof sum->recipe);
    take_text(said, "version", sum->version, sizeof sum->version);
    take_text(said, "chip", sum->chip, sizeof sum->chip);
    take_text(said, "lot", sum->lot, sizeof sum->lot);
    take_text(said, "operator", sum->operator_name, sizeof sum->operator_name);
    sum->quantity = take_number(said, "quantity");
    sum->lot_passed = take_number(said, "lot_passed");
    sum->passed = take_number(said, "passed");
    sum->failed = take_number(said, "failed");
    sum->refused = take_number(said, "refused");
    sum->unidentified = take_number(said, "unidentified");
    sum->board_seconds = take_seconds(said, "board_seconds");
    sum->slots = (unsigned)take_number(said, "slots");
    sum->working = (unsigned)take_number(said, "working");
    sum->empty = (unsigned)take_number(said, "empty");
    sum->no_adapter = (unsigned)take_number(said, "no_adapter");
    sum->attention = (unsigned)take_number(said, "attention");
    sum->lot_full = take_bool(said, "lot_full");
    sum->stopping = take_bool(said, "stopping");
    sum->ending = take_bool(said, "ending");
    sum->recorded = take_bool(said, "recorded");
    sum->printer = take_bool(said, "printer");
    sum->since_utc_ms = (int64_t)take_number(said, "since_utc_ms");
}

/* A state of a version to come needs somebody who looks. */
static enum tile_state take_state(const struct json_node *said)
{
    const char *text = json_get_text(said, "state");
    for (int i = 0; text && i < TILE_STATE_COUNT; i++) {
        if (strcmp(tile_state_word((enum tile_state)i), text) == 0)
            return (enum tile_state)i;
    }
    return TILE_ATTENTION;
}

static enum phase take_phase(const struct json_node *said)
{
    const char *text = json_get_text(said, "phase");
    for (int i = 0; text && i < PHASE_COUNT; i++) {
        if (strcmp(phase_word((enum phase)i), text) == 0)
            return (enum phase)i;
    }
    return PHASE_OPEN;
}

static enum board_state take_board_state(const struct json_node *said)
{
    const char *text = json_get_text(said, "board_state");
    for (int i = 0; text && i <= BOARD_RUNNING; i++) {
        if (strcmp(board_state_word((enum board_state)i), text) == 0)
            return (enum board_state)i;
    }
    return BOARD_UNTOUCHED;
}

void peer_take_err(const struct json_node *said, struct err *e)
{
    const char *word = json_get_text(said, "code");
    *e = (struct err){ 0 };
    if (!word)
        return;
    e->code = ERR_STATION;
    for (int i = 0; i < ERR_CODE_COUNT; i++) {
        if (strcmp(err_word((enum err_code)i), word) == 0)
            e->code = (enum err_code)i;
    }
    take_text(said, "sentence", e->what, sizeof e->what);
    take_text(said, "hint", e->hint, sizeof e->hint);
}

static void take_board(const struct json_node *said, struct tile *tile)
{
    const char *chip = json_get_text(said, "chip");
    tile->chip = chip ? chip_by_name(chip) : NULL;
    take_text(said, "mac", tile->mac, sizeof tile->mac);
    take_text(said, "serial", tile->serial, sizeof tile->serial);
    tile->run_id = (int64_t)take_number(said, "run");
    tile->attempt = (unsigned)take_number(said, "attempt");
    tile->phase = take_phase(said);
    tile->baud = (uint32_t)take_number(said, "baud");
    tile->bytes_done = take_number(said, "bytes_done");
    tile->bytes_total = take_number(said, "bytes_total");
    tile->seconds = take_seconds(said, "seconds");
    tile->board_state = take_board_state(said);
}

bool peer_take_tile(const struct json_node *said, size_t *place, struct tile *tile)
{
    *tile = (struct tile){ .number = (int)(take_number(said, "slot") & 0xffff) };
    *place = (size_t)take_number(said, "place");
    if (*place >= STATION_SLOTS_MAX || tile->number < 1)
        return false;
    take_text(said, "name", tile->name, sizeof tile->name);
    tile->row = (unsigned)take_number(said, "row") % STATION_SLOTS_MAX;
    tile->column = (unsigned)take_number(said, "column") % STATION_SLOTS_MAX;
    take_text(said, "port", tile->port, sizeof tile->port);
    tile->state = take_state(said);
    tile->passed_before = take_bool(said, "passed_before");
    take_text(said, "passed_in", tile->passed_in, sizeof tile->passed_in);
    tile->golden = take_bool(said, "golden");
    tile->disabled = take_bool(said, "disabled");
    take_board(said, tile);
    peer_take_err(said, &tile->err);
    tile->boards = (unsigned)take_number(said, "boards");
    tile->passes = (unsigned)take_number(said, "passes");
    return true;
}

/* ---- In: from a client, who may be anybody that the socket's permissions let in ---- */

static bool is_fit(const char *name, const char *text, size_t limit, struct err *e)
{
    if (!text || (strlen(text) <= limit && plain_is(text)))
        return true;
    return err_set(e, ERR_USAGE, "\"%s\" is longer than %zu bytes, or holds control characters",
                   name, limit);
}

bool peer_take_log_in(const struct json_node *said, const char **name, const char **secret)
{
    const char *given_name = json_get_text(said, "name");
    const char *given_secret = json_get_text(said, "secret");
    const bool in = take_bool(said, "log_in");
    *name = given_name ? given_name : "";
    *secret = !in ? NULL : given_secret ? given_secret : "";
    return in || take_bool(said, "log_out");
}

bool peer_take_act(const struct json_node *said, struct act *act, struct err *e)
{
    const char *name = json_get_text(said, "name");
    *act = (struct act){ .actor = { .role = ROLE_ENGINEER } };
    if (!act_by_word(json_get_text(said, "act"), &act->kind, e))
        return false;
    act->slot = (int)(take_number(said, "slot") & 0xffff);
    act->text = json_get_text(said, "text");
    act->reason = json_get_text(said, "reason");
    if (!is_fit("name", name, sizeof act->actor.name - 1, e) ||
        !is_fit("text", act->text, 512, e) || !is_fit("reason", act->reason, 512, e))
        return false;
    snprintf(act->actor.name, sizeof act->actor.name, "%s", name ? name : "");
    return true;
}
