/* What the words of `espstation fleet` share. */
#ifndef STATION_FLEET_COMMAND_H
#define STATION_FLEET_COMMAND_H

#include "db/fleet/fleet.h"
#include "station/fleet/fleet_reach.h"

struct fleet_options {
    const char *server, *station_path, *operator_name, *go_on, *name, *db_path;
    const char *lot, *places, *hours, *recipe, *numbers, *rows, *pool, *used; /* of leases */
    const char *reason, *stubs;                                               /* likewise */
    const char *args[2]; /* behind the word; NULL: none */
    bool json;
};

/* All that lives during the command. */
struct fleet_command {
    const struct fleet_options *options;
    struct fleet_reach reach;
    struct station *station; /* of it */
    struct fleet *fleet;     /* of it */
    struct outbox *outbox;
    bool altered; /* the server's rows are not what stations sent */
};

bool fleet_connect_server(struct fleet_command *c, struct err *e);

/* The station, its record, and a server with tables. */
bool fleet_connect_station(struct fleet_command *c, struct err *e);

/* Sends all that the record has. *sent: how many links; *twice: the first board or serial that
 * turned out to be elsewhere as well, "" if there is none. */
bool fleet_send_all(struct fleet_command *c, int64_t *sent, int64_t *mark, char *twice, size_t cap,
                    struct err *e);

/* ---- fleet_lease_words.c ---- */

bool fleet_lease(struct fleet_command *c, struct err *e);

#endif
