#include "core/ports/port_net.h"

#include "core/base/digest.h"
#include "core/ports/port_holder.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* A server that lost its power sends nothing, not even an end. These find it within 25 s. */
#define KEEPALIVE_IDLE_S 10
#define KEEPALIVE_STEP_S 5
#define KEEPALIVE_TRIES  3

/* ---- host:port ---- */

static bool bad_where(const char *where, const char *why, struct err *e)
{
    err_set(e, ERR_USAGE, "'%s': %s", where, why);
    return err_hint(e, "Write host:port or [IPv6 address]:port, as in rfc2217://192.168.1.20:4000 "
                       "or socket://[::1]:4000");
}

static bool tcp_port_ok(const char *digits, size_t n)
{
    if (n == 0 || n > 5 || strspn(digits, "0123456789") < n || digits[0] == '0')
        return false;
    uint32_t number = 0;
    for (size_t i = 0; i < n; i++)
        number = number * 10 + (uint32_t)(digits[i] - '0');
    return number <= 65535;
}

static bool host_ok(const char *host, size_t n, bool in_brackets)
{
    static const char junk[] = " \t\r\n/?#@[]%";
    for (size_t i = 0; i < n; i++) {
        /* A zone (fe80::1%eth0) belongs to link-local IPv6 addresses. */
        bool zone = in_brackets && host[i] == '%';
        if (strchr(junk, host[i]) && !zone)
            return false;
    }
    return n > 0 && n < sizeof((struct port_net_where *)NULL)->host;
}

/* Port names stand on screens, in the record and in /proc: what comes before an @ may be a
 * password, and is not repeated. */
static bool has_credentials(const char *prefix, struct err *e)
{
    err_set(e, ERR_USAGE, "A port %s... holds an '@'; no user's name or password belongs in it",
            prefix);
    return err_hint(e,
                    "Serial servers take no user and no password here: write %shost:port, and put "
                    "the server behind a tunnel if it must be guarded.",
                    prefix);
}

/* Behind the port's number, from its '?' on. */
static bool check_option(const char *where, const char *text, const char *option, struct err *e)
{
    if (!*text || (option && strcmp(text + 1, option) == 0))
        return true;
    if (!option)
        return bad_where(where, "nothing may stand behind the port number", e);
    err_set(e, ERR_USAGE, "'%s': '%.40s' is no option of a port", where, text + 1);
    return err_hint(e, "The only one is ?%s: do not wait until the server confirms DTR and RTS.",
                    option);
}

bool port_net_parse(const char *where, const char *prefix, const char *option,
                    struct port_net_where *to, struct err *e)
{
    if (strchr(where, '@'))
        return has_credentials(prefix, e);
    const char *host = where + strlen(prefix);
    bool in_brackets = host[0] == '[';
    if (in_brackets)
        host++;
    size_t host_bytes = strcspn(host, in_brackets ? "]" : ":");
    const char *rest = host + host_bytes;
    if (in_brackets && *rest++ != ']')
        return bad_where(where, "the ']' behind the address is missing", e);
    if (!in_brackets && *rest && strchr(rest + 1, ':'))
        return bad_where(where, "an IPv6 address must stand in brackets", e);
    if (!host_ok(host, host_bytes, in_brackets))
        return bad_where(where, "this is not the name or address of a host", e);
    if (*rest != ':')
        return bad_where(where, "the host must be followed by ':' and a port number", e);
    size_t tcp_bytes = strcspn(rest + 1, "?");
    if (!tcp_port_ok(rest + 1, tcp_bytes))
        return bad_where(where, "the port number must be 1 to 65535, with nothing behind it", e);
    snprintf(to->host, sizeof to->host, "%.*s", (int)host_bytes, host);
    snprintf(to->tcp, sizeof to->tcp, "%.*s", (int)tcp_bytes, rest + 1);
    return check_option(where, rest + 1 + tcp_bytes, option, e);
}

bool port_net_has_option(const char *where)
{
    return strchr(where, '?') != NULL;
}

const char *port_net_server(const struct port *p, char text[static PORT_NET_SERVER_CAP])
{
    const char *server = p->where + strlen(p->ops->prefix);
    snprintf(text, PORT_NET_SERVER_CAP, "%.*s", (int)strcspn(server, "?"), server);
    return text;
}

/* ---- connecting ---- */

static bool no_server(const struct port *p, const struct port_net_where *to, int sys, struct err *e)
{
    err_set_sys(e, ERR_PORT_MISSING, sys, "%s: no connection", p->where);
    if (sys == ECONNREFUSED)
        return err_hint(e, "Start the serial server on %.100s; nothing listens there on port %s.",
                        to->host, to->tcp);
    return err_hint(e, "Check that %.100s is switched on and reachable from here, and its port %s.",
                    to->host, to->tcp);
}

static struct addrinfo *look_up(const struct port *p, const struct port_net_where *to,
                                struct err *e)
{
    const struct addrinfo want = { .ai_family = AF_UNSPEC,
                                   .ai_socktype = SOCK_STREAM,
                                   .ai_flags = AI_NUMERICSERV };
    struct addrinfo *list = NULL;
    int status = getaddrinfo(to->host, to->tcp, &want, &list);
    if (status == 0)
        return list;
    if (status == EAI_MEMORY || (status == EAI_SYSTEM && errno == ENOMEM)) {
        err_set(e, ERR_STATION, "%s: out of memory", p->where);
        return NULL;
    }
    err_set(e, ERR_PORT_MISSING, "%s: no such host: %s", p->where,
            status == EAI_SYSTEM ? strerror(errno) : gai_strerror(status));
    err_hint(e, "Check the name '%.100s', or give the address of the serial server instead.",
             to->host);
    return NULL;
}

static bool set_option(int fd, int level, int option, int value)
{
    return setsockopt(fd, level, option, &value, sizeof value) == 0;
}

/* Small frames must leave at once: without TCP_NODELAY each waits for the answer to the last. */
static bool set_options(int fd)
{
    return set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1) &&
           set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1) &&
           set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE_S) &&
           set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_STEP_S) &&
           set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_TRIES);
}

/* 0, or the errno of the failure; ECANCELED stands for ERR_STOPPED, already in *e. */
static int wait_connected(const struct port *p, int fd, struct deadline d, struct err *e)
{
    struct err wait_err;
    if (!port_fd_wait(p, fd, POLLOUT, d, &wait_err)) {
        if (wait_err.code == ERR_TIMEOUT)
            return ETIMEDOUT;
        *e = wait_err;
        return ECANCELED;
    }
    int sys = 0;
    socklen_t size = sizeof sys;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &sys, &size) < 0)
        return errno;
    return sys;
}

static int connect_to(const struct port *p, const struct addrinfo *a, struct deadline d, int *sys,
                      struct err *e)
{
    int fd = socket(a->ai_family, a->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, a->ai_protocol);
    if (fd < 0) {
        *sys = errno;
        return -1;
    }
    *sys = 0;
    if (!set_options(fd) || connect(fd, a->ai_addr, a->ai_addrlen) < 0)
        *sys = errno;
    if (*sys == EINPROGRESS || *sys == EINTR)
        *sys = wait_connected(p, fd, d, e);
    if (*sys == 0)
        return fd;
    close(fd);
    return -1;
}

static uint32_t address_count(const struct addrinfo *a)
{
    uint32_t n = 0;
    for (; a; a = a->ai_next)
        n++;
    return n;
}

/* The text of an open port is known to be right, option and all. */
static bool where_of(const struct port *p, struct port_net_where *to, struct err *e)
{
    const char *option = strchr(p->where, '?');
    return port_net_parse(p->where, p->ops->prefix, option ? option + 1 : NULL, to, e);
}

int port_net_connect(const struct port *p, struct deadline d, struct err *e)
{
    struct port_net_where to;
    if (!where_of(p, &to, e))
        return -1;
    struct addrinfo *list = look_up(p, &to, e);
    if (!list)
        return -1;
    int fd = -1;
    int sys = 0;
    for (const struct addrinfo *a = list; a && fd < 0 && sys != ECANCELED; a = a->ai_next) {
        /* An address that swallows everything may not use up the time of the others. */
        uint32_t share_ms = (uint32_t)deadline_left_ms(p->clock, d) / address_count(a);
        struct deadline own = deadline_first(d, deadline_in_ms(p->clock, share_ms));
        fd = connect_to(p, a, own, &sys, e);
    }
    freeaddrinfo(list);
    if (fd < 0 && sys != ECANCELED)
        no_server(p, &to, sys, e);
    return fd;
}

/* ---- one process a port ---- */

/* A name in the kernel's memory, which goes when its holder ends, however that ends. The port's own
 * name, without an option, may be too long for it. 0: out of memory. */
static socklen_t lock_name(const char *where, struct sockaddr_un *to)
{
    static const char prefix[] = "espstation port ";
    uint8_t sha256[DIGEST_SHA256_BYTES];
    char hex[2 * DIGEST_SHA256_BYTES + 1];
    if (!digest_sha256((const uint8_t *)where, strcspn(where, "?"), sha256))
        return 0;
    digest_hex(sha256, sizeof sha256, hex);
    memset(to, 0, sizeof *to);
    to->sun_family = AF_UNIX;
    int n = snprintf(to->sun_path + 1, sizeof to->sun_path - 1, "%s%s", prefix, hex);
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n);
}

/* The kernel tells who listens to whoever connects. */
static bool locked(const struct port *p, int fd, const struct sockaddr_un *name, socklen_t size,
                   struct err *e)
{
    struct ucred peer = { .pid = 0 };
    socklen_t peer_size = sizeof peer;
    struct port_holder holder;
    if (connect(fd, (const struct sockaddr *)name, size) < 0 ||
        getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &peer_size) < 0 || peer.pid <= 0)
        return err_set(e, ERR_PORT_BUSY, "%s is in use by another program of this machine",
                       p->where);
    port_holder_of_pid(peer.pid, &holder);
    return port_holder_busy(p->where, &holder, e);
}

int port_net_lock(const struct port *p, struct err *e)
{
    struct sockaddr_un name;
    socklen_t size = lock_name(p->where, &name);
    if (size == 0) {
        err_set(e, ERR_STATION, "%s: out of memory", p->where);
        return -1;
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0 && bind(fd, (const struct sockaddr *)&name, size) == 0 && listen(fd, 16) == 0)
        return fd;
    if (fd >= 0 && errno == EADDRINUSE)
        locked(p, fd, &name, size, e);
    else
        err_set_sys(e, ERR_STATION, errno, "%s cannot be locked", p->where);
    if (fd >= 0)
        close(fd);
    return -1;
}

/* ---- bytes ---- */

ssize_t port_net_put(int fd, const void *buf, size_t n)
{
    return send(fd, buf, n, MSG_NOSIGNAL);
}

bool port_net_hint_gone(const struct port *p, struct err *e)
{
    char server[PORT_NET_SERVER_CAP];
    if (e->code != ERR_PORT_GONE)
        return false;
    port_net_server(p, server);
    if (p->rx_bytes == 0)
        return err_hint(e,
                        "The server at %.120s ended the connection at once: most serve one "
                        "program at a time, so close the other one.",
                        server);
    return err_hint(e,
                    "The server at %.120s ended the connection: see whether it still runs and "
                    "its adapter is plugged in.",
                    server);
}

size_t port_net_read(const struct port *p, int fd, void *buf, size_t cap, struct deadline d,
                     struct err *e)
{
    size_t n = port_fd_read(p, fd, buf, cap, d, e);
    if (n == 0)
        port_net_hint_gone(p, e);
    return n;
}
