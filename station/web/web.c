#include "station/web/web.h"

#include "core/base/clock.h"
#include "core/base/embedded.h"
#include "station/base/infile.h"
#include "station/web/web_priv.h"
#include "station/words/words.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define PEM_MAX_BYTES ((size_t)1 << 18)
#define BACKLOG       32
#define DEAD_PEER_MS  20000

uint64_t web_now_us(void)
{
    return clock_system.now_us(&clock_system);
}

/* ---- Where ---- */

/* "HOST:PORT", "[HOST]:PORT", numbers alone: a name could be somebody else's tomorrow. */
static bool split(const char *text, char *host, size_t cap, const char **port)
{
    const char *colon = strrchr(text, ':');
    if (!colon || !colon[1] || strspn(colon + 1, "0123456789") != strlen(colon + 1))
        return false;
    size_t n = (size_t)(colon - text);
    const bool six = n > 2 && text[0] == '[' && text[n - 1] == ']';
    if (six) {
        text++;
        n -= 2;
    }
    if (n == 0 || n >= cap || (!six && memchr(text, ':', n)))
        return false;
    memcpy(host, text, n);
    host[n] = '\0';
    *port = colon + 1;
    return true;
}

static bool find_address(const char *text, struct sockaddr_storage *address, socklen_t *n,
                         struct err *e)
{
    const struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
                                    .ai_socktype = SOCK_STREAM };
    struct addrinfo *found = NULL;
    char host[INET6_ADDRSTRLEN + 1];
    const char *port;
    const bool ok = split(text, host, sizeof host, &port) && strtoul(port, NULL, 10) <= 65535 &&
                    strlen(port) <= 5 && getaddrinfo(host, port, &hints, &found) == 0 &&
                    found->ai_addrlen <= sizeof *address;
    if (ok) {
        memcpy(address, found->ai_addr, found->ai_addrlen);
        *n = found->ai_addrlen;
    }
    if (found)
        freeaddrinfo(found);
    if (ok)
        return true;
    err_set(e, ERR_USAGE, "'%s' is no address with a port to listen at", text);
    return err_hint(e, "Write numbers, as in " WEB_LISTEN " or [::1]:8480");
}

static bool is_here(const struct sockaddr_storage *address)
{
    const struct sockaddr_in *four = (const struct sockaddr_in *)address;
    const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)address;
    if (address->ss_family == AF_INET6)
        return IN6_IS_ADDR_LOOPBACK(&six->sin6_addr);
    return ntohl(four->sin_addr.s_addr) >> 24 == 127;
}

static bool may_listen(const struct web_setup *setup, const struct sockaddr_storage *address,
                       struct err *e)
{
    if (!setup->certificate != !setup->key) {
        err_set(e, ERR_USAGE, "TLS needs a certificate and its key; there is only one of them");
        return err_hint(e, "Set screen.cert and screen.key in the station file.");
    }
    if (is_here(address))
        return true;
    if (!setup->certificate) {
        err_set(e, ERR_USAGE, "%s is not this computer alone, and there is no TLS",
                setup->listen ? setup->listen : WEB_LISTEN);
        return err_hint(e, "Set screen.cert and screen.key in the station file.");
    }
    if (setup->people)
        return true;
    err_set(e, ERR_USAGE, "%s is not this computer alone, and nobody can log in",
            setup->listen ? setup->listen : WEB_LISTEN);
    return err_hint(e, "Name the station's people first, or listen at " WEB_LISTEN);
}

bool web_may_listen(const struct web_setup *setup, struct err *e)
{
    struct sockaddr_storage address = { 0 };
    socklen_t n = 0;
    return find_address(setup->listen ? setup->listen : WEB_LISTEN, &address, &n, e) &&
           may_listen(setup, &address, e);
}

/* Accepted sockets have the listener's sizes and times: a reader that has stopped to read fills
 * this much and no more, and one whose cable was pulled is found. */
static void set_options(int fd, int family)
{
    const int one = 1, size = WEB_SEND_BUFFER_BYTES, dead_ms = DEAD_PEER_MS;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &dead_ms, sizeof dead_ms);
    if (family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
}

static int listen_at(struct web *w, const char *text, socklen_t n, struct err *e)
{
    int fd = socket(w->address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        err_set_sys(e, ERR_STATION, errno, "There is no socket for the screen");
        return -1;
    }
    set_options(fd, w->address.ss_family);
    if (bind(fd, (struct sockaddr *)&w->address, n) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    err_set_sys(e, ERR_STATION, errno, "Nobody can listen at %s", text);
    err_hint(e, "Another program may have that port. To see which one: ss -ltnp; or set another "
                "screen.listen in the station file.");
    close(fd);
    return -1;
}

static void note_url(struct web *w, int fd)
{
    char digits[INET6_ADDRSTRLEN] = "127.0.0.1";
    const bool six = w->address.ss_family == AF_INET6;
    socklen_t n = sizeof w->address;
    getsockname(fd, (struct sockaddr *)&w->address, &n);
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)&w->address;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&w->address;
    w->port = ntohs(six ? v6->sin6_port : v4->sin_port);
    inet_ntop(w->address.ss_family,
              six ? (const void *)&v6->sin6_addr : (const void *)&v4->sin_addr, digits,
              sizeof digits);
    if (w->host[0])
        snprintf(w->url, sizeof w->url, "%s://%.120s:%u/", w->tls ? "https" : "http", w->host,
                 w->port);
    else
        snprintf(w->url, sizeof w->url, six ? "%s://[%s]:%u/" : "%s://%s:%u/",
                 w->tls ? "https" : "http", digits, w->port);
}

/* ---- What it knows of itself ---- */

static void note_build(struct web *w)
{
    uint64_t sum = UINT64_C(0xcbf29ce484222325); /* FNV-1a: it tells builds apart, no more */
    for (size_t i = 0; i < web_files_count; i++) {
        for (size_t k = 0; k < web_files[i].size_bytes; k++)
            sum = (sum ^ web_files[i].bytes[k]) * UINT64_C(0x100000001b3);
    }
    for (size_t i = 0; i < WORD_COUNT * LANGUAGE_COUNT; i++) {
        const char *word =
            word_in((enum language)(i % LANGUAGE_COUNT), (enum word)(i / LANGUAGE_COUNT));
        for (; *word; word++)
            sum = (sum ^ (unsigned char)*word) * UINT64_C(0x100000001b3);
    }
    snprintf(w->build, sizeof w->build, "\"%016" PRIx64 "\"", sum);
}

static void note_boot(struct web *w)
{
    uint64_t number = 0;
    if (getrandom(&number, sizeof number, 0) != (ssize_t)sizeof number)
        number = web_now_us();
    snprintf(w->boot, sizeof w->boot, "%016" PRIx64, number);
}

/* With a NUL behind it, as the library wants it. */
static char *read_pem(const char *path, struct err *e)
{
    uint8_t *bytes = NULL;
    size_t n = 0;
    if (!infile_read(path, PEM_MAX_BYTES, &bytes, &n, e))
        return NULL;
    char *text = realloc(bytes, n + 1);
    if (!text) {
        free(bytes);
        err_set(e, ERR_STATION, "There is no memory for %s", path);
        return NULL;
    }
    text[n] = '\0';
    return text;
}

static bool can_read(const char *path, struct err *e)
{
    char *const text = read_pem(path, e);
    if (text)
        explicit_bzero(text, strlen(text));
    free(text);
    return text != NULL;
}

bool web_has_pem(const struct web_setup *setup, struct err *e)
{
    return !setup->certificate || (can_read(setup->certificate, e) && can_read(setup->key, e));
}

static bool take_setup(struct web *w, const struct web_setup *setup, struct err *e)
{
    w->floor = setup->floor;
    w->people = setup->people;
    w->blue_for_green = setup->blue_for_green;
    w->silent = setup->silent;
    w->tls = setup->certificate != NULL;
    snprintf(w->host, sizeof w->host, "%s", setup->host ? setup->host : "");
    snprintf(w->language, sizeof w->language, "%s", setup->language ? setup->language : "");
    snprintf(w->db_path, sizeof w->db_path, "%s", floor_db_path(setup->floor));
    note_build(w);
    note_boot(w);
    if (w->tls && (!(w->certificate = read_pem(setup->certificate, e)) ||
                   !(w->key = read_pem(setup->key, e))))
        return false;
    w->scene = web_scene_new();
    return w->scene || err_set(e, ERR_STATION, "There is no memory for the screen");
}

/* ---- Beginning and end ---- */

static bool start(struct web *w, const struct web_setup *setup, struct err *e)
{
    const char *listen_text = setup->listen ? setup->listen : WEB_LISTEN;
    socklen_t n = 0;
    if (!find_address(listen_text, &w->address, &n, e) || !may_listen(setup, &w->address, e) ||
        !take_setup(w, setup, e) || !web_watch_start(w, e) || !web_worker_start(w, e))
        return false;
    const int fd = listen_at(w, listen_text, n, e);
    if (fd < 0)
        return false;
    note_url(w, fd);
    return web_http_start(w, fd, e);
}

struct web *web_new(const struct web_setup *setup, struct err *e)
{
    struct web *w = calloc(1, sizeof *w);
    if (!w) {
        err_set(e, ERR_STATION, "There is no memory for the screen");
        return NULL;
    }
    w->stop_fd = -1;
    pthread_mutex_init(&w->lock, NULL);
    pthread_mutex_init(&w->sessions.lock, NULL);
    pthread_mutex_init(&w->worker.lock, NULL);
    pthread_cond_init(&w->worker.more, NULL);
    if (start(w, setup, e))
        return w;
    web_free(w);
    return NULL;
}

void web_free(struct web *w)
{
    if (!w)
        return;
    /* In this order: nobody is left asleep when the library ends. */
    web_worker_stop(w);
    web_watch_stop(w);
    web_http_stop(w);
    web_scene_free(w->scene);
    pthread_cond_destroy(&w->worker.more);
    pthread_mutex_destroy(&w->worker.lock);
    pthread_mutex_destroy(&w->sessions.lock);
    pthread_mutex_destroy(&w->lock);
    free(w->certificate);
    if (w->key)
        explicit_bzero(w->key, strlen(w->key));
    free(w->key);
    free(w);
}

const char *web_url(const struct web *w)
{
    return w->url;
}
