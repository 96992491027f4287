/* A line, a JSON object or an entry of the journal for each event of a board and each change of a
 * tile. */
#include "station/screen/floor_screen.h"

#include "station/base/json.h"
#include "station/screen/screen.h"
#include "station/service/service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- What has changed ---- */

struct seen {
    enum tile_state state;
    bool passed_before;
    struct err err;
};

struct named {
    char name[TILE_NAME_BYTES];
    struct seen seen;
};

struct own {
    void (*print)(const struct tile *tile);
    struct show show; /* the names alone */
    size_t count;
    const char **names;
    struct named slots[];
};

static const char *state_word(enum tile_state state)
{
    static const char *const words[TILE_STATE_COUNT] = {
        [TILE_NO_ADAPTER] = "no adapter",
        [TILE_EMPTY] = "empty",
        [TILE_WORKING] = "working",
        [TILE_PASS] = "PASS",
        [TILE_FAIL] = "FAIL",
        [TILE_WAITING] = "waiting",
        [TILE_ATTENTION] = "attention",
    };
    return words[state];
}

/* By the events of its run; but not a verdict that has stood, and was hidden for a while. */
static bool is_told(const struct tile *tile, enum tile_state before)
{
    const bool hidden = before == TILE_NO_ADAPTER || before == TILE_ATTENTION;
    return tile->state == TILE_WORKING || (tile->state == TILE_FAIL && !hidden) ||
           (tile->state == TILE_PASS && !tile->passed_before && !hidden);
}

static void show_tile(struct own *own, size_t i, const struct tile *tile)
{
    const struct seen now = { tile->state, tile->passed_before, tile->err };
    struct seen *before = &own->slots[i].seen;
    const bool changed = now.state != before->state || now.passed_before != before->passed_before ||
                         strcmp(now.err.what, before->err.what) != 0;
    const bool told = is_told(tile, before->state);
    *before = now;
    if (changed && !told)
        own->print(tile);
}

static void show_tiles(struct floor_show *show)
{
    struct own *own = show->own;
    struct tile tile;
    for (size_t i = 0; i < own->count && floor_look(show->floor, i, &tile); i++)
        show_tile(own, i, &tile);
    fflush(stdout);
}

static void end(struct floor_show *show)
{
    struct own *own = show->own;
    if (own)
        free(own->names);
    free(own);
}

/* Names and numbers of slots are those of the station file, and stay. */
static void take_names(struct own *own, struct floor *floor)
{
    struct tile tile;
    for (size_t i = 0; i < own->count && floor_look(floor, i, &tile); i++) {
        snprintf(own->slots[i].name, TILE_NAME_BYTES, "%s", tile.name);
        own->names[i] = own->slots[i].name;
        own->slots[i].seen.state = TILE_STATE_COUNT; /* none it could be in */
    }
    own->show.names = own->names;
    own->show.name_count = own->count;
}

static bool begin(struct floor_show *show, void (*print)(const struct tile *), struct err *e)
{
    const size_t count = floor_tile_count(show->floor);
    struct own *own = calloc(1, sizeof *own + count * sizeof own->slots[0]);
    show->own = own;
    if (own)
        own->names = calloc(count + 1, sizeof own->names[0]);
    if (!own || !own->names)
        return err_set(e, ERR_STATION, "Out of memory for the screen");
    own->print = print;
    own->count = count;
    take_names(own, show->floor);
    return true;
}

static bool has_line(const struct event *event)
{
    return (event->kind >= EVENT_RUN && event->kind <= EVENT_NOTE) || event->kind == EVENT_ORDER;
}

/* That a board has passed already its tile says, with the slot's name and what to do. */
static bool is_told_by_tile(const struct event *event)
{
    return event->kind == EVENT_NOTE && event->err.code == ERR_DUPLICATE;
}

static void on_event(struct floor_show *show, const struct event *event, const struct screen *board)
{
    if (has_line(event) && (board == &screen_json || !is_told_by_tile(event)))
        board->event(&((struct own *)show->own)->show, event);
    if (event->kind != EVENT_PHASE)
        show_tiles(show);
}

/* ---- Lines ---- */

static void print_line(const struct tile *tile)
{
    printf("slot %s: %s", tile->name, state_word(tile->state));
    if (tile->passed_before)
        printf(" %s, passed already, run %lld in %s. %s", tile->mac, (long long)tile->run_id,
               tile->passed_in, tile->err.hint);
    else if (tile->err.what[0])
        printf(": %s%s %s", tile->err.what, err_stop(tile->err.what), tile->err.hint);
    printf("\n");
}

static bool lines_start(struct floor_show *show, struct err *e)
{
    return begin(show, print_line, e);
}

static void lines_event(struct floor_show *show, const struct event *event)
{
    on_event(show, event, &screen_lines);
}

/* Counts begin anew with each order: whoever reads them after a day has to know. */
static void print_since(const struct floor_summary *sum)
{
    char text[32];
    struct tm tm;
    const time_t second = (time_t)(sum->since_utc_ms / 1000);
    if (sum->orders > 1 && localtime_r(&second, &tm) &&
        strftime(text, sizeof text, "%H:%M:%S", &tm) > 0)
        printf(" since %s, when recipe, lot or operator changed last.\n"
               "Those before are in the record: espstation stats",
               text);
    printf(".\n");
}

void floor_print_sum(const struct floor_show *show)
{
    struct floor_summary sum;
    floor_sum(show->floor, &sum);
    printf("\n%llu board%s passed, %llu failed", (unsigned long long)sum.passed,
           sum.passed == 1 ? "" : "s", (unsigned long long)sum.failed);
    print_since(&sum);
    if (sum.refused + sum.unidentified > 0)
        printf("Runs that count for no board: %llu refused, %llu without a MAC.\n",
               (unsigned long long)sum.refused, (unsigned long long)sum.unidentified);
    if (sum.quantity > 0)
        printf("Lot %s: %llu of %llu.\n", sum.lot, (unsigned long long)sum.lot_passed,
               (unsigned long long)sum.quantity);
    if (show->db_path)
        printf("\nRecord: %s\n", show->db_path);
    fflush(stdout);
}

static void lines_finish(struct floor_show *show)
{
    floor_print_sum(show);
    end(show);
}

const struct floor_screen floor_screen_lines = {
    .name = "lines", .start = lines_start, .event = lines_event, .finish = lines_finish
};

/* ---- The journal: what comes of no board goes there as lines ---- */

static void log_event(const struct show *show, const struct event *event)
{
    service_log(event, show_slot_name(show, event->slot));
}

static void journal_event(struct floor_show *show, const struct event *event)
{
    static const struct screen journal = { .name = "journal", .event = log_event };
    on_event(show, event, &journal);
}

const struct floor_screen floor_screen_journal = {
    .name = "journal", .start = lines_start, .event = journal_event, .finish = lines_finish
};

/* ---- JSON ---- */

static void print_json(const struct tile *tile)
{
    struct json_object o;
    json_begin(&o, stdout);
    json_text(&o, "event", "tile");
    json_integer(&o, "slot", tile->number);
    json_text(&o, "name", tile->name);
    json_text(&o, "state", state_word(tile->state));
    json_text(&o, "mac", tile->mac[0] ? tile->mac : NULL);
    if (tile->passed_before)
        json_integer(&o, "passed_in_run", tile->run_id);
    if (tile->passed_before)
        json_text(&o, "passed_in_slot", tile->passed_in);
    json_text(&o, "sentence", tile->err.what[0] ? tile->err.what : NULL);
    json_text(&o, "hint", tile->err.what[0] ? tile->err.hint : NULL);
    json_end(&o);
}

static bool json_start(struct floor_show *show, struct err *e)
{
    return begin(show, print_json, e);
}

static void json_event(struct floor_show *show, const struct event *event)
{
    on_event(show, event, &screen_json);
}

static void json_finish(struct floor_show *show)
{
    struct json_object o;
    struct floor_summary sum;
    floor_sum(show->floor, &sum);
    json_begin(&o, stdout);
    json_text(&o, "event", "end");
    json_integer(&o, "boards", (int64_t)(sum.passed + sum.failed));
    json_integer(&o, "passed", (int64_t)sum.passed);
    json_integer(&o, "refused", (int64_t)sum.refused);
    json_integer(&o, "unidentified", (int64_t)sum.unidentified);
    json_text(&o, "db", show->db_path);
    json_end(&o);
    fflush(stdout);
    end(show);
}

const struct floor_screen floor_screen_json = {
    .name = "json", .start = json_start, .event = json_event, .finish = json_finish
};
