/*
 * socket://host:port: plain bytes over TCP, as a serial server in raw mode or an emulator offers.
 * No rate and no lines: the board must be brought into its loader by hand.
 */
#include "core/ports/port_net.h"
#include "core/ports/port_stream.h"

#define PREFIX "socket://"

static bool check(const char *where, struct err *e)
{
    struct port_net_where ignored;
    return port_net_parse(where, PREFIX, NULL, &ignored, e);
}

static const struct port_stream_way tcp = {
    .lock = port_net_lock,
    .open = port_net_connect,
    .put = port_net_put,
    .hint_gone = port_net_hint_gone,
};

const struct port_ops port_socket = {
    .name = "socket",
    .prefix = PREFIX,
    .form = PREFIX "host:port",
    .remote = true,
    .check = check,
    PORT_STREAM(&tcp),
};
