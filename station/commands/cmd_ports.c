/* espstation ports: what is plugged in, and where. */
#include "station/cli/option_rows.h"

#include "core/ports/port_find.h"
#include "station/base/json.h"
#include "station/cli/station_find.h"

#include <stdio.h>

/* The scanner of the station file that this port is; NULL: it is none. */
static const char *scanner_at(const struct station *station, const struct port_found *p)
{
    const struct station_scanner *s = station ? station_scanner_at(station, p->path) : NULL;
    return s ? s->name : NULL;
}

static void print_json(const struct port_found *p, const char *scanner)
{
    struct json_object o;
    json_begin(&o, stdout);
    json_text(&o, "port", p->path);
    json_text(&o, "by_path", p->by_path[0] ? p->by_path : NULL);
    json_text(&o, "socket", p->socket[0] ? p->socket : NULL);
    json_text(&o, "driver", p->driver[0] ? p->driver : NULL);
    json_integer(&o, "vid", p->usb.vid);
    json_integer(&o, "pid", p->usb.pid);
    json_text(&o, "serial", p->usb.serial[0] ? p->usb.serial : NULL);
    json_text(&o, "description", p->description);
    json_text(&o, "scanner", scanner);
    json_end(&o);
}

static void print_line(const struct port_found *p, const char *scanner)
{
    printf("%-14s %04x:%04x  %-10s %-16s %s%s%s\n", p->path, p->usb.vid, p->usb.pid,
           p->driver[0] ? p->driver : "-", p->usb.serial[0] ? p->usb.serial : "-",
           p->socket[0]    ? p->socket
           : p->by_path[0] ? p->by_path
                           : p->description,
           scanner ? "  scanner " : "", scanner ? scanner : "");
}

static enum exit_status ports(int argc, char **argv)
{
    bool json = false, all = false;
    const char *station_path = NULL;
    const struct option_row rows[] = {
        OPTION_STATION(&station_path),
        { "--all", NULL, "also ports that are not on USB", &all, NULL, NULL },
        OPTION_JSON(&json),
    };
    enum exit_status status;
    struct err e = { 0 };
    size_t count, shown = 0;
    if (!cmd_parse(&cmd_ports, rows, sizeof rows / sizeof rows[0], argc, argv, NULL, 0, &count,
                   &status))
        return status;
    struct station *station = NULL;
    struct port_list *list =
        station_find_load(station_path, &station, &e) ? port_list_new(&e) : NULL;
    if (!list) {
        station_free(station);
        cmd_print_err(&e);
        return cmd_status_of(&e);
    }
    for (size_t i = 0; i < port_list_count(list); i++) {
        const struct port_found *p = port_list_at(list, i);
        if (p->usb.vid == 0 && !all)
            continue;
        (json ? print_json : print_line)(p, scanner_at(station, p));
        shown++;
    }
    if (shown == 0 && !json)
        printf("No USB serial port is plugged in.\n");
    port_list_free(list);
    station_free(station);
    return EXIT_PASSED;
}

const struct cmd cmd_ports = { "ports", "[options]", "Lists the serial ports and where they hang.",
                               ports };
