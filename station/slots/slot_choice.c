#include "station/slots/slot_choice.h"

#include "core/base/nearest.h"
#include "station/base/limits.h"
#include "station/cli/station_find.h"
#include "station/line/ports.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

_Static_assert(STATION_SLOTS_MAX == SLOTS_MAX, "a station file can name as many as can work");
_Static_assert(STATION_SLOTS_MAX <= OPTION_LIST_MAX, "all slots fit a list of ports");

const char *slot_choice_root(void)
{
    const char *root = getenv("ESPSTATION_SYSROOT");
    return root ? root : "";
}

/* ---- Which slots ---- */

static bool no_such_slot(const struct station *station, const char *name, struct err *e)
{
    struct nearest near;
    nearest_init(&near, name);
    for (size_t i = 0; i < station->slot_count; i++)
        nearest_offer(&near, station->slots[i].name, station->slots[i].name);
    for (size_t i = 0; i < station->group_count; i++)
        nearest_offer(&near, station->groups[i].name, station->groups[i].name);
    err_set(e, ERR_USAGE, "There is no slot or group '%.60s' in '%.120s'", name, station->path);
    if (near.best)
        return err_hint(e, "Did you mean %s? To list them: espstation slots show", near.best);
    return err_hint(e, "To list them: espstation slots show");
}

static bool want_name(const struct station *station, const char *name, bool *wanted, struct err *e)
{
    const int slot = station_slot_index(station, name);
    const int group = station_group_index(station, name);
    if (slot >= 0)
        wanted[slot] = true;
    for (size_t i = 0; group >= 0 && i < station->groups[group].slot_count; i++)
        wanted[station_slot_index(station, station->groups[group].slots[i])] = true;
    return slot >= 0 || group >= 0 || no_such_slot(station, name, e);
}

static bool want(const struct slot_choice *c, bool *wanted, struct err *e)
{
    for (size_t i = 0; i < c->station->slot_count; i++)
        wanted[i] = c->slots.count == 0;
    for (size_t i = 0; i < c->slots.count; i++) {
        if (!want_name(c->station, c->slots.values[i], wanted, e))
            return false;
    }
    return true;
}

/* ---- Their ports ---- */

static const char *port_of(const struct slot_choice *c, const struct station_slot *slot)
{
    if (slot->port)
        return slot->port;
    const struct usb_port *port = slot->usb ? usb_ports_in(c->usb, slot->usb) : NULL;
    if (port && station_scanner_at(c->station, port->path))
        return NULL; /* never opened as a board's */
    return port && access(port->path, F_OK) == 0 ? port->path : NULL;
}

static void say_left_out(const struct slot_choice *c, size_t number,
                         const struct station_slot *slot)
{
    const struct usb_port *port = slot->usb ? usb_ports_in(c->usb, slot->usb) : NULL;
    const struct station_scanner *scanner =
        port ? station_scanner_at(c->station, port->path) : NULL;
    if (scanner)
        fprintf(stderr, "espstation: slot %zu (%s) is left out: scanner %s is in its socket.\n",
                number, slot->name, scanner->name);
    else if (port) /* as in a container that was not given the device */
        fprintf(stderr,
                "espstation: slot %zu (%s) is left out: its adapter is there, but %s is not.\n",
                number, slot->name, port->path);
    else if (slot->usb)
        fprintf(stderr, "espstation: slot %zu (%s) is left out: no adapter is in its socket, %s.\n",
                number, slot->name, slot->usb);
    else
        fprintf(stderr,
                "espstation: slot %zu (%s) is left out: its socket is not known. To teach it: "
                "espstation slots learn %s\n",
                number, slot->name, slot->name);
}

static bool take_slots(struct slot_choice *c, struct err *e)
{
    bool wanted[STATION_SLOTS_MAX];
    if (!want(c, wanted, e))
        return false;
    for (size_t i = 0; i < c->station->slot_count; i++) {
        const struct station_slot *slot = &c->station->slots[i];
        const char *port = wanted[i] ? port_of(c, slot) : NULL;
        if (wanted[i] && !port && !c->quiet)
            say_left_out(c, i + 1, slot);
        if (!port)
            continue;
        c->numbers[c->ports.count] = (int)i + 1;
        c->names[c->ports.count] = slot->name;
        c->ports.values[c->ports.count++] = port;
    }
    if (c->ports.count > 0)
        return true;
    err_set(e, ERR_USAGE, "None of the slots in '%.150s' that are asked for has an adapter",
            c->station->path);
    return err_hint(e, "Plug them in. To see the slots: espstation slots show; to do without the "
                       "station file: --port");
}

static bool take_from_station(struct slot_choice *c, struct err *e)
{
    if (!station_find_load(c->station_path, &c->station, e))
        return false;
    if (!c->station && c->slots.count == 0)
        return true;
    if (!c->station) {
        err_set(e, ERR_USAGE, "--slot names a slot of a station file, and there is none");
        return err_hint(e, "Name it with --station, or make one: espstation slots learn A1 A2 ...");
    }
    c->usb = usb_ports_new(slot_choice_root(), e);
    return c->usb && take_slots(c, e);
}

bool slot_choice_make(struct slot_choice *c, struct err *e)
{
    if (c->ports.count > 0 && c->slots.count > 0)
        return err_set(e, ERR_USAGE, "--slot and --port exclude each other");
    if (c->ports.count == 0 && !take_from_station(c, e))
        return false;
    if (!ports_choose(c->ports.values, &c->ports.count, OPTION_LIST_MAX, &c->found, e))
        return false;
    for (size_t i = 0; !c->station && i < c->ports.count; i++)
        c->numbers[i] = (int)i + 1;
    return true;
}

void slot_choice_done(struct slot_choice *c)
{
    port_list_free(c->found);
    usb_ports_free(c->usb);
    station_free(c->station);
    c->found = NULL;
    c->usb = NULL;
    c->station = NULL;
}
