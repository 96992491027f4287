/*
 * A Modbus TCP server for a few clients, none of which can hold it up.
 *
 * Frames are put together here from sockets that never block, and only those that are whole and
 * allowed are handed to libmodbus: its own reading waits for the rest of a frame, and its own
 * refusals sleep (libmodbus 3.1.6, modbus.c: _modbus_receive_msg, response_exception). A client is
 * dropped when a frame is not whole within a second, when it is no Modbus, when it does not take
 * its reply, and when it was silent for too long. One that comes when all places are taken gets
 * that of the one that was silent longest, if that is longer than the heartbeat may stand still;
 * else it is turned away.
 *
 * One thread.
 */
#ifndef STATION_PLC_SERVER_H
#define STATION_PLC_SERVER_H

#include "core/base/clock.h"
#include "core/base/err.h"

#include <poll.h>
#include <stddef.h>

#define PLC_CLIENTS_MAX 16
#define PLC_FRAME_MS    1000

struct plc_server;

struct plc_server_setup {
    const char *listen; /* HOST:PORT; a number or localhost, in brackets if it is IPv6 */
    char *const *allow; /* addresses that may connect... */
    size_t allow_count; /* ...0: all */
    uint32_t clients, idle_ms, yield_ms; /* yield: the silence after which a place may be taken */
    const struct clock *clock;
    uint16_t *registers;
    unsigned register_count;
    void *ctx;
    bool (*may_write)(void *ctx, unsigned first, unsigned count);
    void (*before)(void *ctx); /* the registers are about to be read */
    void (*written)(void *ctx, unsigned first, unsigned count); /* a whole request was */
};

/* All in setup is lent but the texts, which are not kept. NULL: ERR_USAGE, ERR_STATION. */
struct plc_server *plc_server_new(const struct plc_server_setup *setup, struct err *e);
void plc_server_free(struct plc_server *s); /* NULL is fine */

unsigned plc_server_port(const struct plc_server *s); /* where it listens */

/* Fills in what to wait for; at most PLC_CLIENTS_MAX + 1. */
size_t plc_server_fds(const struct plc_server *s, struct pollfd fds[static PLC_CLIENTS_MAX + 1]);

/* Serves what is there now, one request a client, and never waits. True: call again at once. */
bool plc_server_serve(struct plc_server *s);

#endif
