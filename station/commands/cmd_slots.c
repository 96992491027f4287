/* espstation slots: the map of the fixture, and teaching it. */
#include "station/cli/actions.h"
#include "station/cli/option_rows.h"
#include "station/cli/station_find.h"
#include "station/hand/hand.h"
#include "station/screen/screen.h"
#include "station/slots/teach.h"

#include "station/base/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- Boards ---- */

struct board_seen {
    bool asked;
    struct err err;
    struct board board;
};

struct shown {
    struct station *station;
    struct usb_ports *usb;
    struct board_seen *boards; /* by slot; NULL: not asked */
};

/* That a board does not answer is shown, and fails nothing. */
static bool ask_board(const struct hand_slot *slot, void *ctx, struct err *e)
{
    struct board_seen *seen = &((struct shown *)ctx)->boards[slot->number - 1];
    struct hand h;
    (void)e;
    seen->asked = true;
    if (hand_open(&h, slot, "auto", &seen->err))
        seen->err = (struct err){ 0 };
    seen->board = h.board;
    hand_close(&h);
    return true;
}

static const struct usb_port *adapter_of(const struct shown *s, const struct station_slot *slot)
{
    return slot->usb ? usb_ports_in(s->usb, slot->usb) : NULL;
}

static bool has_port(const struct shown *s, const struct station_slot *slot)
{
    return slot->port || adapter_of(s, slot);
}

static bool ask_boards(struct shown *s, struct err *e)
{
    struct slot_choice choice = { .station_path = s->station->path, .quiet = true };
    bool any = false;
    for (size_t i = 0; i < s->station->slot_count; i++)
        any = any || has_port(s, &s->station->slots[i]);
    s->boards = calloc(s->station->slot_count, sizeof *s->boards);
    if (!s->boards)
        return err_set(e, ERR_STATION, "Out of memory");
    if (!any)
        return true;
    const bool ok = slot_choice_make(&choice, e);
    if (ok)
        hands_run(&choice, &(struct hand_tool){ .work = ask_board, .ctx = s });
    slot_choice_done(&choice);
    return ok;
}

/* ---- Rows ---- */

static const char *state_of(const struct shown *s, const struct station_slot *slot)
{
    if (slot->port)
        return "port";
    if (!slot->usb)
        return "not learned";
    return adapter_of(s, slot) ? "adapter" : "no adapter";
}

/* "left, front"; "" if it is in none. */
static void groups_of(const struct station *station, const char *name, char *text, size_t cap)
{
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < station->group_count; i++) {
        const struct station_group *group = &station->groups[i];
        for (size_t k = 0; k < group->slot_count && used < cap; k++) {
            if (strcmp(group->slots[k], name) == 0)
                used += (size_t)snprintf(text + used, cap - used, "%s%s", used ? ", " : "",
                                         group->name);
        }
    }
}

static void add_board(struct json_object *o, const struct board_seen *seen)
{
    char mac[BOARD_MAC_TEXT_BYTES];
    json_text(o, "code", err_word(seen->err.code));
    if (seen->err.code != ERR_NONE) {
        json_text(o, "sentence", seen->err.what);
        return;
    }
    board_mac_text(&seen->board.mac, mac);
    json_text(o, "chip", seen->board.chip->id_name);
    if (seen->board.mac.count > 0)
        json_text(o, "mac", mac);
}

static void print_json(const struct shown *s, size_t i)
{
    const struct station_slot *slot = &s->station->slots[i];
    const struct usb_port *adapter = adapter_of(s, slot);
    char groups[512];
    struct json_object o;
    groups_of(s->station, slot->name, groups, sizeof groups);
    json_begin(&o, stdout);
    json_integer(&o, "slot", (int64_t)i + 1);
    json_text(&o, "name", slot->name);
    json_text(&o, "groups", groups[0] ? groups : NULL);
    json_integer(&o, "row", slot->row);
    json_integer(&o, "column", slot->column);
    json_text(&o, "state", state_of(s, slot));
    json_text(&o, "usb", slot->usb);
    json_text(&o, "port", slot->port ? slot->port : adapter ? adapter->path : NULL);
    if (adapter) {
        json_text(&o, "driver", adapter->driver[0] ? adapter->driver : NULL);
        json_integer(&o, "vid", adapter->usb.vid);
        json_integer(&o, "pid", adapter->usb.pid);
        json_text(&o, "serial", adapter->usb.serial[0] ? adapter->usb.serial : NULL);
    }
    if (s->boards && s->boards[i].asked)
        add_board(&o, &s->boards[i]);
    json_end(&o);
}

static void put_adapter(const struct shown *s, const struct station_slot *slot, char *text,
                        size_t cap)
{
    const struct usb_port *a = adapter_of(s, slot);
    if (a)
        snprintf(text, cap, "%s  %s %04x:%04x%s%s", a->path, a->driver[0] ? a->driver : "-",
                 a->usb.vid, a->usb.pid, a->usb.serial[0] ? " " : "", a->usb.serial);
    else
        snprintf(text, cap, "%s", slot->port ? slot->port : state_of(s, slot));
}

static void put_board(const struct board_seen *seen, char *text, size_t cap)
{
    char mac[BOARD_MAC_TEXT_BYTES];
    if (seen->err.code != ERR_NONE) {
        snprintf(text, cap, "  [%s]", err_word(seen->err.code));
        return;
    }
    board_mac_text(&seen->board.mac, mac);
    snprintf(text, cap, "  [%s %s]", seen->board.chip->name, mac);
}

static void print_row(const struct shown *s, size_t i, bool colour)
{
    const struct station_slot *slot = &s->station->slots[i];
    char adapter[400], board[128] = "", groups[512], line[1400];
    const bool grey = colour && !has_port(s, slot);
    put_adapter(s, slot, adapter, sizeof adapter);
    groups_of(s->station, slot->name, groups, sizeof groups);
    if (s->boards && s->boards[i].asked)
        put_board(&s->boards[i], board, sizeof board);
    snprintf(line, sizeof line, "%3zu  %-16s %-12s %-42s %s%s", i + 1, slot->name, groups,
             slot->usb ? slot->usb : "-", adapter, board);
    printf("%s", grey ? "\033[90m" : "");
    cmd_tell("%s", line);
    printf("%s", grey ? "\033[0m" : "");
}

/* ---- The map ---- */

static const struct station_slot *slot_at(const struct station *station, unsigned row,
                                          unsigned column)
{
    for (size_t i = 0; i < station->slot_count; i++) {
        if (station->slots[i].row == row && station->slots[i].column == column)
            return &station->slots[i];
    }
    return NULL;
}

/* Slots without an adapter stand in brackets, for a place without colours. */
static void print_map(const struct shown *s, bool colour)
{
    unsigned rows = 0, columns = 0;
    int width = 0;
    for (size_t i = 0; i < s->station->slot_count; i++) {
        const struct station_slot *slot = &s->station->slots[i];
        rows = slot->row >= rows ? slot->row + 1 : rows;
        columns = slot->column >= columns ? slot->column + 1 : columns;
        width = (int)strlen(slot->name) > width ? (int)strlen(slot->name) : width;
    }
    for (unsigned row = 0; row < rows; row++) {
        for (unsigned column = 0; column < columns; column++) {
            const struct station_slot *slot = slot_at(s->station, row, column);
            char cell[32] = "";
            const bool there = slot && has_port(s, slot);
            if (slot)
                snprintf(cell, sizeof cell, there ? " %s" : "(%s)", slot->name);
            printf("%s  %-*s%s", colour && slot && !there ? "\033[90m" : "", width + 2, cell,
                   colour && slot && !there ? "\033[0m" : "");
        }
        printf("\n");
    }
    printf("\n");
}

static void print_strays(const struct shown *s)
{
    for (size_t i = 0; i < usb_ports_count(s->usb); i++) {
        const struct usb_port *port = usb_ports_at(s->usb, i);
        bool known = station_scanner_at(s->station, port->path) != NULL;
        for (size_t k = 0; k < s->station->slot_count; k++)
            known = known || (s->station->slots[k].usb &&
                              strcmp(s->station->slots[k].usb, port->socket) == 0);
        if (!known)
            cmd_tell("In no slot: %s  %s", port->socket, port->path);
    }
}

static void print_all(const struct shown *s, bool json)
{
    const bool colour = !json && screen_has_colour();
    if (!json) {
        cmd_tell("Station %s, %s", s->station->name, s->station->path);
        printf("\n");
        print_map(s, colour);
    }
    for (size_t i = 0; i < s->station->slot_count; i++) {
        if (json)
            print_json(s, i);
        else
            print_row(s, i, colour);
    }
    if (!json)
        print_strays(s);
}

/* ---- Commands ---- */

static bool load(const char *given, struct shown *s, struct err *e)
{
    if (!station_find_load(given, &s->station, e))
        return false;
    if (!s->station) {
        err_set(e, ERR_USAGE, "There is no station file");
        return err_hint(e, "Name it with --station, or make one: espstation slots learn A1 A2 ...");
    }
    s->usb = usb_ports_new(slot_choice_root(), e);
    return s->usb != NULL;
}

static enum exit_status show(const char *given, bool identify, bool json)
{
    struct shown s = { 0 };
    struct err e = { 0 };
    enum exit_status status = EXIT_PASSED;
    if (load(given, &s, &e) && (!identify || ask_boards(&s, &e))) {
        print_all(&s, json);
    } else {
        cmd_print_err(&e);
        status = cmd_status_of(&e);
    }
    free(s.boards);
    usb_ports_free(s.usb);
    station_free(s.station);
    return status;
}

struct slots_options {
    const char *station_path, *wait;
    bool json, identify, speak;
};

/* What belongs to the other half of the command would do nothing. */
static bool check_options(const struct slots_options *o, bool learns)
{
    const char *wrong = NULL;
    if (learns && (o->json || o->identify))
        wrong = o->json ? "--json" : "--identify";
    if (!learns && (o->speak || o->wait))
        wrong = o->speak ? "--speak" : "--wait";
    if (wrong)
        fprintf(stderr, "espstation slots: %s belongs to: espstation slots %s\n", wrong,
                learns ? "show" : "learn");
    return !wrong;
}

static enum exit_status learn(const struct slots_options *o, const char *const *names, size_t count)
{
    struct teach_order order = {
        .station_path = o->station_path, .names = names, .name_count = count, .by_speech = o->speak
    };
    char *end = NULL;
    const unsigned long seconds = o->wait ? strtoul(o->wait, &end, 10) : 0;
    if (o->wait && (o->wait[0] < '1' || o->wait[0] > '9' || *end != '\0' || seconds > 86400)) {
        fprintf(stderr, "espstation slots: --wait wants 1 to 86400 seconds, not '%s'\n", o->wait);
        return EXIT_USAGE;
    }
    order.wait_ms = (uint32_t)seconds * 1000;
    return teach(&order);
}

static enum exit_status slots(int argc, char **argv)
{
    enum { SHOW, LEARN };
    static const struct action_word actions[] = {
        [SHOW] = { "show", 0, NULL }, [LEARN] = { "learn", STATION_SLOTS_MAX, NULL }
    };
    struct err e = { 0 };
    struct slots_options o = { 0 };
    const struct option_row rows[] = {
        OPTION_STATION(&o.station_path),
        { "--identify", NULL, "show: ask each board who it is; resets it", &o.identify, NULL,
          NULL },
        OPTION_JSON(&o.json),
        { "--speak", NULL, "learn: all are plugged in; the next slot is where a board speaks",
          &o.speak, NULL, NULL },
        { "--wait", "SECONDS", "learn: end when nothing came for so long", NULL, &o.wait, NULL },
    };
    const char *args[1 + STATION_SLOTS_MAX];
    enum exit_status status;
    size_t count;
    if (!cmd_parse(&cmd_slots, rows, sizeof rows / sizeof rows[0], argc, argv, args,
                   sizeof args / sizeof args[0], &count, &status))
        return status;
    const struct action_word *const action = ACTION_OF("slots", actions, args, count, &e);
    if (!action) {
        cmd_print_err(&e);
        return EXIT_USAGE;
    }
    const bool learns = action == &actions[LEARN];
    if (!check_options(&o, learns))
        return EXIT_USAGE;
    return learns ? learn(&o, args + 1, count - 1) : show(o.station_path, o.identify, o.json);
}

const struct cmd cmd_slots = { "slots", "show | learn [NAME...]",
                               "Shows the slots of the station file, or names them.", slots };
