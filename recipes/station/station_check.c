/*
 * What the values of a station file say to each other, and where each slot stands on a screen.
 */
#include "core/base/nearest.h"
#include "recipes/station/station_file_priv.h"

#include <stdio.h>
#include <string.h>

#define COLUMNS     8 /* without a grid */
#define SHORT_BYTES 3 /* of such names any is near to any: A1, A2, B1 */

int station_slot_index(const struct station *station, const char *name)
{
    for (size_t i = 0; i < station->slot_count; i++) {
        if (station->slots[i].name && strcmp(station->slots[i].name, name) == 0)
            return (int)i;
    }
    return -1;
}

int station_group_index(const struct station *station, const char *name)
{
    for (size_t i = 0; i < station->group_count; i++) {
        if (station->groups[i].name && strcmp(station->groups[i].name, name) == 0)
            return (int)i;
    }
    return -1;
}

/* ---- Names ---- */

/* The slot of that name; -1 with a mistake. */
static int find_slot(struct values *v, const char *name, struct doc_pos at, const char *home)
{
    const struct station *const station = v->document;
    const int index = station_slot_index(station, name);
    char quoted[QUOTE_BYTES];
    struct nearest near;
    if (index >= 0)
        return index;
    nearest_init(&near, name);
    for (size_t i = 0; i < station->slot_count; i++) {
        const char *const other = station->slots[i].name;
        if (other && (strlen(name) > SHORT_BYTES || strcasecmp(other, name) == 0))
            nearest_offer(&near, other, other);
    }
    doc_report_add(v->report, at, "'%s': there is no slot '%s'%s%s%s", home,
                   value_quote(name, quoted, sizeof quoted), near.best ? "; did you mean '" : "",
                   near.best ? near.best : "", near.best ? "'?" : "");
    return -1;
}

/* Two names that differ in their letters' case alone are one to people. */
static void report_twice(struct values *v, const char *what, const char *a, struct doc_pos first,
                         const char *b, struct doc_pos at)
{
    if (strcmp(a, b) == 0)
        doc_report_add(v->report, at, "%s '%s' is there twice: first at %u:%u", what, b, first.line,
                       first.column);
    else
        doc_report_add(v->report, at,
                       "%s '%s' differs from '%s' at %u:%u in upper and lower case "
                       "alone",
                       what, b, a, first.line, first.column);
}

static void check_slot_name(struct values *v, const struct station *station, size_t i)
{
    const struct station_slot *const slot = &station->slots[i];
    for (size_t k = 0; slot->name && k < i; k++) {
        const struct station_slot *const other = &station->slots[k];
        if (!other->name || strcasecmp(other->name, slot->name) != 0)
            continue;
        report_twice(v, "slot", other->name, other->name_at, slot->name, slot->name_at);
        return;
    }
}

static void check_slot_place(struct values *v, const struct station *station, size_t i)
{
    const struct station_slot *const slot = &station->slots[i];
    if (slot->usb && slot->port)
        doc_report_add(v->report, slot->port_at,
                       "a slot has 'usb' or 'port', not both; 'usb' is at %u:%u", slot->usb_at.line,
                       slot->usb_at.column);
    for (size_t k = 0; k < i; k++) {
        const struct station_slot *const other = &station->slots[k];
        if (slot->usb && other->usb && strcmp(slot->usb, other->usb) == 0)
            doc_report_add(v->report, slot->usb_at, "this socket is that of slot '%s' at %u:%u",
                           other->name ? other->name : "?", other->usb_at.line,
                           other->usb_at.column);
        if (slot->port && other->port && strcmp(slot->port, other->port) == 0)
            doc_report_add(v->report, slot->port_at, "this port is that of slot '%s' at %u:%u",
                           other->name ? other->name : "?", other->port_at.line,
                           other->port_at.column);
    }
}

/* ---- How runs begin ---- */

static void inherit_rules(const struct station *station, struct station_slot *slot)
{
    const struct slot_rules own = slot->rules;
    slot->rules = station->rules;
    if (slot->start_at.line > 0)
        slot->rules.start = own.start;
    if (slot->watch_at.line > 0)
        slot->rules.watch = own.watch;
    if (slot->switch_at.line > 0)
        slot->rules.switch_line = own.switch_line;
}

static void check_rules(struct values *v, const struct station *station, size_t i)
{
    const struct station_slot *const slot = &station->slots[i];
    const struct doc_pos at =
        slot->start_at.line > 0 ? slot->start_at : station->at[STATION_KEY_START];
    if (slot->rules.start == START_SWITCH && slot->rules.switch_line == SWITCH_NONE)
        doc_report_add(v->report, at.line > 0 ? at : slot->at,
                       "slot '%s' begins by a switch, and no line is named for it; write switch: "
                       "dsr, or which line it is wired to",
                       slot->name ? slot->name : "?");
    if (slot->rules.start == START_PLC && station->at[STATION_KEY_PLC].line == 0)
        doc_report_add(v->report, at.line > 0 ? at : slot->at,
                       "slot '%s' begins by a PLC, and there is none; say where it connects to: "
                       "plc: { listen: ... }",
                       slot->name ? slot->name : "?");
    if (slot->rules.switch_line != SWITCH_NONE && slot->port &&
        strncmp(slot->port, "socket://", 9) == 0)
        doc_report_add(v->report, slot->port_at,
                       "a plain socket carries no lines, and slot '%s' has a switch on %s",
                       slot->name ? slot->name : "?", switch_line_words[slot->rules.switch_line]);
}

/* In the form of the record: six bytes, lower case, with colons. */
static bool bring_to_form(char *mac)
{
    unsigned b[6];
    char rest, text[18];
    if (strlen(mac) != 17 || sscanf(mac, "%2x:%2x:%2x:%2x:%2x:%2x%c", &b[0], &b[1], &b[2], &b[3],
                                    &b[4], &b[5], &rest) != 6)
        return false;
    snprintf(text, sizeof text, "%02x:%02x:%02x:%02x:%02x:%02x", b[0], b[1], b[2], b[3], b[4],
             b[5]);
    memcpy(mac, text, sizeof text);
    return true;
}

static void check_golden(struct values *v, struct station *station)
{
    for (size_t i = 0; i < station->golden_count; i++) {
        if (!bring_to_form(station->golden[i]))
            doc_report_add(v->report, station->golden_at[i],
                           "'golden' expects MACs as in \"24:0a:c4:00:00:01\", got '%.40s'",
                           station->golden[i]);
    }
}

/* ---- Groups ---- */

static void check_group_name(struct values *v, const struct station *station, size_t i)
{
    const struct station_group *const group = &station->groups[i];
    for (size_t k = 0; k < station->slot_count; k++) {
        const char *const name = station->slots[k].name;
        if (name && strcasecmp(name, group->name) == 0)
            doc_report_add(v->report, group->name_at,
                           "group '%s' has the name of a slot: --slot could not tell them apart",
                           group->name);
    }
    for (size_t k = 0; k < i; k++) {
        const struct station_group *const other = &station->groups[k];
        if (other->name && strcasecmp(other->name, group->name) == 0)
            report_twice(v, "group", other->name, other->name_at, group->name, group->name_at);
    }
}

static void check_group(struct values *v, const struct station *station, size_t i)
{
    const struct station_group *const group = &station->groups[i];
    if (group->name)
        check_group_name(v, station, i);
    for (size_t k = 0; k < group->slot_count; k++) {
        if (find_slot(v, group->slots[k], group->slot_at[k], "groups.slots") < 0)
            continue;
        for (size_t m = 0; m < k; m++) {
            if (strcmp(group->slots[m], group->slots[k]) == 0)
                report_twice(v, "slot", group->slots[m], group->slot_at[m], group->slots[k],
                             group->slot_at[k]);
        }
    }
}

/* ---- The grid ---- */

static void place(struct values *v, struct station *station, unsigned row, unsigned column,
                  struct doc_pos *placed_at)
{
    const char *const name = station->rows[row].names[column];
    const struct doc_pos at = station->rows[row].name_at[column];
    if (strcmp(name, STATION_EMPTY_PLACE) == 0)
        return;
    const int index = find_slot(v, name, at, "grid");
    if (index < 0)
        return;
    if (placed_at[index].line > 0) {
        report_twice(v, "slot", name, placed_at[index], name, at);
        return;
    }
    placed_at[index] = at;
    station->slots[index].row = row;
    station->slots[index].column = column;
}

static void check_grid(struct values *v, struct station *station)
{
    struct doc_pos placed_at[STATION_SLOTS_MAX] = { { 0, 0 } };
    for (unsigned row = 0; row < station->row_count; row++) {
        for (unsigned column = 0; column < station->rows[row].name_count; column++)
            place(v, station, row, column, placed_at);
    }
    if (v->bad[STATION_KEY_GRID] || v->bad[STATION_KEY_GRID_ROW])
        return;
    for (size_t i = 0; i < station->slot_count; i++) {
        if (placed_at[i].line == 0 && station->slots[i].name)
            doc_report_add(v->report, station->at[STATION_KEY_GRID],
                           "slot '%s' has no place in the grid", station->slots[i].name);
    }
}

static void place_in_rows(struct station *station)
{
    for (unsigned i = 0; i < station->slot_count; i++) {
        station->slots[i].row = i / COLUMNS;
        station->slots[i].column = i % COLUMNS;
    }
}

static void check_scanner(struct values *v, const struct station *station, size_t i)
{
    const struct station_scanner *const one = &station->scanners[i];
    if (one->slot)
        find_slot(v, one->slot, one->slot_at, "scanners.slot");
    for (size_t k = 0; k < i; k++) {
        const struct station_scanner *const other = &station->scanners[k];
        if (one->name && other->name && strcasecmp(one->name, other->name) == 0)
            report_twice(v, "scanner", other->name, other->name_at, one->name, one->name_at);
        if (one->from && other->from && strcmp(one->from, other->from) == 0)
            doc_report_add(v->report, one->from_at, "this is scanner '%s' at %u:%u",
                           other->name ? other->name : "?", other->from_at.line,
                           other->from_at.column);
    }
    for (size_t k = 0; one->from && k < station->slot_count; k++) {
        const struct station_slot *const slot = &station->slots[k];
        if (slot->port && one->kind == SCAN_SERIAL && strcmp(slot->port, one->path) == 0)
            doc_report_add(v->report, one->from_at,
                           "this port is that of slot '%s' at %u:%u: a scanner is no board",
                           slot->name ? slot->name : "?", slot->port_at.line, slot->port_at.column);
    }
}

static void check_printer(struct values *v, const struct station *station)
{
    if (station->at[STATION_KEY_PRINTER].line > 0 && !station->printer.to &&
        !v->bad[STATION_KEY_PRINTER] && !v->bad[STATION_KEY_PRINTER_TO])
        doc_report_add(v->report, station->at[STATION_KEY_PRINTER],
                       "'printer' has no 'to': nobody knows where it is");
}

static void check_mqtt(struct values *v, const struct station *station)
{
    const struct station_mqtt *const m = &station->mqtt;
    struct station_broker broker;
    if (station->at[STATION_KEY_MQTT].line == 0)
        return;
    if (!m->broker) {
        if (station->at[STATION_KEY_MQTT_BROKER].line == 0)
            doc_report_add(v->report, station->at[STATION_KEY_MQTT],
                           "'mqtt' has no 'broker': nobody knows where it is");
        return;
    }
    if (!station->record)
        doc_report_add(v->report, station->at[STATION_KEY_MQTT],
                       "'mqtt' needs 'record': the file that events are taken from");
    if (!m->user != !m->password)
        doc_report_add(v->report, station->at[STATION_KEY_MQTT],
                       "'mqtt' needs both of 'user' and 'password_file', or none");
    if (m->password && station_broker_of(m->broker, &broker) && !station_broker_is_private(&broker))
        doc_report_add(v->report, station->at[STATION_KEY_MQTT_BROKER],
                       "'mqtt.broker': a password over mqtt:// is read by the whole network; use "
                       "mqtts://");
}

static void check_webhook(struct values *v, const struct station *station)
{
    const struct doc_pos at = station->at[STATION_KEY_WEBHOOK];
    if (at.line == 0)
        return;
    if (!station->webhook.to && station->at[STATION_KEY_WEBHOOK_TO].line == 0)
        doc_report_add(v->report, at, "'webhook' has no 'to': nobody knows where it is");
    if (!station->webhook.key && station->at[STATION_KEY_WEBHOOK_KEY].line == 0)
        doc_report_add(v->report, at,
                       "'webhook' has no 'key_file': nobody could tell who sent an event");
    if (station->webhook.to && !station->record)
        doc_report_add(v->report, at,
                       "'webhook' needs 'record': the file that events are taken "
                       "from");
}

static void check_fleet(struct values *v, const struct station *station)
{
    if (station->at[STATION_KEY_FLEET].line > 0 && !station->fleet_server &&
        !v->bad[STATION_KEY_FLEET] && !v->bad[STATION_KEY_FLEET_SERVER])
        doc_report_add(v->report, station->at[STATION_KEY_FLEET],
                       "'fleet' has no 'server': nobody knows where it is");
    if (station->fleet_server && !station->record)
        doc_report_add(v->report, station->at[STATION_KEY_FLEET],
                       "'fleet' needs 'record': the file of which the server gets all");
}

/* ---- The screen ---- */

static void check_screen(struct values *v, const struct station *station)
{
    const struct station_screen *const screen = &station->screen;
    const struct doc_pos *const at = station->at;
    if (screen->certificate && !screen->key)
        doc_report_add(v->report, at[STATION_KEY_SCREEN_CERTIFICATE],
                       "'screen.cert' needs 'screen.key' beside it");
    if (screen->key && !screen->certificate)
        doc_report_add(v->report, at[STATION_KEY_SCREEN_KEY],
                       "'screen.key' needs 'screen.cert' beside it");
}

void station_check(struct values *v)
{
    struct station *const station = v->document;
    for (size_t i = 0; i < station->slot_count; i++) {
        check_slot_name(v, station, i);
        check_slot_place(v, station, i);
        inherit_rules(station, &station->slots[i]);
        check_rules(v, station, i);
    }
    check_golden(v, station);
    check_printer(v, station);
    check_screen(v, station);
    check_fleet(v, station);
    check_mqtt(v, station);
    check_webhook(v, station);
    /* With names unread, whatever names them would be called unknown. */
    if (v->bad[STATION_KEY_SLOTS] || v->bad[STATION_KEY_SLOT_NAME])
        return;
    for (size_t i = 0; i < station->scanner_count; i++)
        check_scanner(v, station, i);
    for (size_t i = 0; i < station->group_count; i++)
        check_group(v, station, i);
    if (station->at[STATION_KEY_GRID].line > 0)
        check_grid(v, station);
    else
        place_in_rows(station);
}
