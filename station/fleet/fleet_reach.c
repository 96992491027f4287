#include "station/fleet/fleet_reach.h"

#include "station/cli/station_find.h"

#include <string.h>

static const char *find_server(const struct fleet_reach *r, const char *server, struct err *e)
{
    const char *fault;
    if (server && !station_server_is_fit(server, &fault)) {
        err_set(e, ERR_USAGE, "--server: %s", fault);
        return NULL;
    }
    if (!server && r->station)
        server = r->station->fleet_server;
    if (server)
        return server;
    err_set(e, ERR_USAGE, "No server is named: the station file %s",
            r->station ? "has no section fleet" : "is missing");
    err_hint(e, "Write fleet: { server: \"service=NAME\" } into it, or give --server. See: "
                "espstation station --help");
    return NULL;
}

bool fleet_reach_open(struct fleet_reach *r, const char *station_given, const char *server,
                      struct err *e)
{
    if (!station_find_load(station_given, &r->station, e))
        return false;
    const char *const found = find_server(r, server, e);
    if (!found || !stop_source_open(&r->stop, e))
        return false;
    const struct fleet_setup setup = { .server = found,
                                       .clock = &clock_system,
                                       .stop_fd = r->stop.signal_fd };
    r->fleet = fleet_open(&setup, e);
    return r->fleet != NULL;
}

void fleet_reach_close(struct fleet_reach *r)
{
    fleet_close(r->fleet);
    stop_source_close(&r->stop);
    station_free(r->station);
}

/* Who only asks has nothing to send. */
static bool advise_reader(struct err *e)
{
    if (e->code == ERR_DATABASE && strstr(e->hint, "sent later"))
        err_hint(e, "Whether the server can be reached: espstation fleet status. Without --fleet "
                    "the record here answers, for this station alone.");
    return false;
}

bool fleet_choice_open(const struct fleet_choice *c, struct fleet_reach *r, struct err *e)
{
    if (c->fleet)
        return (fleet_reach_open(r, c->station_path, c->server, e) &&
                fleet_is_current(r->fleet, e)) ||
               advise_reader(e);
    if (!c->station_name && !c->server)
        return true;
    err_set(e, ERR_USAGE, "%s is for --fleet alone",
            c->station_name ? "--station-name" : "--server");
    return err_hint(e, "With --fleet the company's server is asked; without it, the record here.");
}
