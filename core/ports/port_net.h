/*
 * What the two network transports share: the text host:port, and a TCP connection.
 */
#ifndef CORE_PORT_NET_H
#define CORE_PORT_NET_H

#include "core/ports/port_fd.h"

struct port_net_where {
    char host[256]; /* a name or an address; IPv6 without its brackets */
    char tcp[6];    /* the port's number, 1..65535, in decimal */
};

/* Reads "<prefix>host:port" or "<prefix>[ipv6]:port", with nothing behind it but, where `option` is
 * not NULL, that word behind a '?'. ERR_USAGE. */
bool port_net_parse(const char *where, const char *prefix, const char *option,
                    struct port_net_where *to, struct err *e);

/* Whether an option stands behind the port's text. */
bool port_net_has_option(const char *where);

#define PORT_NET_SERVER_CAP 160

/* The server's host:port as it stands in the port's text; of a long one the beginning. */
const char *port_net_server(const struct port *p, char text[static PORT_NET_SERVER_CAP]);

/* Takes the port for this process alone, among those of this machine: some servers let the next one
 * in and throw the first one out. Gives a descriptor to be closed with the port; -1: ERR_PORT_BUSY,
 * naming the holder, ERR_STATION. */
int port_net_lock(const struct port *p, struct err *e);

/* Connects to p->where, trying each address of the host in turn. Gives the descriptor, which is the
 * caller's; -1: ERR_USAGE, ERR_PORT_MISSING (no such host, refused, no answer), ERR_STOPPED.
 * The look-up of a name is the C library's and cannot be bounded by the deadline: give an address
 * where that matters. */
int port_net_connect(const struct port *p, struct deadline d, struct err *e);

/* As port_fd_read, with advice for a server instead of a cable. */
size_t port_net_read(const struct port *p, int fd, void *buf, size_t cap, struct deadline d,
                     struct err *e);

/* As write(2); a closed connection is an error instead of a signal. */
ssize_t port_net_put(int fd, const void *buf, size_t n);

/* Replaces the advice of ERR_PORT_GONE by one for servers; leaves other errors. Returns false. */
bool port_net_hint_gone(const struct port *p, struct err *e);

#endif
