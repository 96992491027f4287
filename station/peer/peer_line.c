/* The line's side: one thread, which looks at the floor while somebody is connected. */
#include "core/base/clock.h"
#include "core/base/json_tree.h"
#include "station/line/crew.h"
#include "station/peer/peer_priv.h"
#include "station/people/desk.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOOK_MS     200
#define ALIVE_US    1000000
#define OUT_MAX     (1u << 20) /* all tiles take half of it */
#define OWN_FDS     2          /* the end, the listener; then the clients' */
#define SCENE_LINES (STATION_SLOTS_MAX + 1)

/* What was said last of a tile, or (at 0) of the station. */
struct said {
    char *text;
    size_t bytes;
    uint64_t version; /* counts up over all of them; 0: nothing was said */
};

struct client {
    int fd; /* -1: free */
    struct desk desk;
    uint64_t seen[SCENE_LINES];
    char in[PEER_LINE_MAX];
    size_t in_bytes;
    char *out;
    size_t out_bytes, out_at;
    uint64_t moved_us; /* when it took something last, or owed us nothing */
    uint64_t said_us;  /* when it was told something last */
};

struct line {
    struct floor *floor;
    struct people *people; /* its own; NULL: nobody has to log in */
    char station[65];
    struct sockaddr_un address;
    int lock_fd, listen_fd, end_fd;
    struct crew crew;
    struct crew_thread thread;
    uint64_t version;
    struct said said[SCENE_LINES];
    struct client clients[PEER_CLIENTS_MAX];
};

/* ---- Clients ---- */

static void drop(struct client *c)
{
    close(c->fd);
    free(c->out);
    explicit_bzero(c->in, sizeof c->in); /* a PIN may have been in it */
    *c = (struct client){ .fd = -1 };
}

/* Appends to what waits for the client; one that lets too much wait is dropped. */
static void say(struct client *c, const char *text, size_t n)
{
    if (c->fd < 0)
        return;
    char *out = c->out_bytes + n <= OUT_MAX ? realloc(c->out, c->out_bytes + n) : NULL;
    if (!out) {
        drop(c);
        return;
    }
    memcpy(out + c->out_bytes, text, n);
    c->out = out;
    c->out_bytes += n;
}

static void flush(struct client *c, uint64_t now_us)
{
    if (c->fd < 0 || c->out_bytes == 0)
        return;
    const ssize_t n =
        send(c->fd, c->out + c->out_at, c->out_bytes - c->out_at, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && errno != EAGAIN && errno != EINTR) {
        drop(c);
        return;
    }
    if (n > 0) {
        c->out_at += (size_t)n;
        c->moved_us = now_us;
    }
    if (c->out_at < c->out_bytes)
        return;
    free(c->out);
    c->out = NULL;
    c->out_bytes = c->out_at = 0;
}

static bool is_stuck(const struct client *c, uint64_t now_us)
{
    return c->out_bytes > 0 && now_us - c->moved_us > PEER_PATIENCE_MS * 1000ull;
}

/* A line that `put` makes, for this client alone. */
struct memory {
    FILE *out;
    char *text;
    size_t bytes;
};

static bool memory_open(struct memory *m)
{
    *m = (struct memory){ 0 };
    m->out = open_memstream(&m->text, &m->bytes);
    return m->out != NULL;
}

static bool memory_close(struct memory *m)
{
    return fclose(m->out) == 0 && m->bytes > 0;
}

static void accept_one(struct line *l, uint64_t now_us)
{
    struct memory m;
    const int fd = accept4(l->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    size_t i = 0;
    while (fd >= 0 && i < PEER_CLIENTS_MAX && l->clients[i].fd >= 0)
        i++;
    if (fd < 0 || i == PEER_CLIENTS_MAX) {
        if (fd >= 0)
            close(fd);
        return;
    }
    l->clients[i] = (struct client){
        .fd = fd, .desk = { .people = l->people }, .moved_us = now_us, .said_us = now_us
    };
    if (memory_open(&m)) {
        peer_put_hello(m.out, l->station, l->people != NULL);
        if (memory_close(&m))
            say(&l->clients[i], m.text, m.bytes);
        free(m.text);
    }
}

/* ---- Acts ---- */

static void answer(struct client *c, const char *id, const struct err *e)
{
    struct memory m;
    if (!memory_open(&m))
        return;
    peer_put_answer(m.out, id, c->desk.actor.name, e);
    if (memory_close(&m))
        say(c, m.text, m.bytes);
    free(m.text);
}

static void obey(struct line *l, struct client *c, const char *text, size_t n)
{
    struct json_problem problem;
    struct err e = { 0 };
    struct act act;
    struct actor signer;
    const char *name, *secret;
    struct json_node *said = json_tree_parse(text, n, &problem);
    if (!said)
        err_set(&e, ERR_USAGE, "What is sent is no JSON object");
    else if (peer_take_log_in(said, &name, &secret))
        desk_log_in(&c->desk, name, secret, &e);
    else if (peer_take_act(said, &act, &e) &&
             desk_actor(&c->desk, act.actor.name, act.kind == ACT_STOP, &signer, &e)) {
        act.actor = signer;
        floor_act(l->floor, &act, &e);
    }
    answer(c, json_get_text(said, "id"), &e);
    json_tree_free(said);
}

/* False: it is not to be listened to any more. */
static bool obey_lines(struct line *l, struct client *c)
{
    size_t begin = 0;
    for (size_t i = 0; i < c->in_bytes && c->fd >= 0; i++) {
        if (c->in[i] != '\n')
            continue;
        obey(l, c, c->in + begin, i - begin);
        begin = i + 1;
    }
    if (c->fd < 0)
        return false;
    c->in_bytes -= begin;
    memmove(c->in, c->in + begin, c->in_bytes);
    return c->in_bytes < sizeof c->in;
}

static void hear(struct line *l, struct client *c)
{
    const ssize_t n = recv(c->fd, c->in + c->in_bytes, sizeof c->in - c->in_bytes, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n > 0)
        c->in_bytes += (size_t)n;
    if ((n <= 0 || !obey_lines(l, c)) && c->fd >= 0)
        drop(c);
}

/* ---- What there is to see ---- */

/* Takes over a line if it is another than before. */
static void renew(struct line *l, size_t i, struct memory *m)
{
    struct said *said = &l->said[i];
    if (memory_close(m) &&
        (said->bytes != m->bytes || memcmp(said->text, m->text, m->bytes) != 0)) {
        free(said->text);
        *said = (struct said){ m->text, m->bytes, ++l->version };
        m->text = NULL;
    }
    free(m->text);
}

static void look(struct line *l)
{
    struct floor_summary sum;
    struct tile tile;
    struct memory m;
    floor_sum(l->floor, &sum);
    if (memory_open(&m)) {
        peer_put_summary(m.out, &sum);
        renew(l, 0, &m);
    }
    for (size_t i = 0; i < STATION_SLOTS_MAX && floor_look(l->floor, i, &tile); i++) {
        if (!memory_open(&m))
            continue;
        peer_put_tile(m.out, i, &tile);
        renew(l, i + 1, &m);
    }
}

/* Who still has something to take gets no more: in the end all get the latest. */
static void tell(struct line *l, struct client *c, uint64_t now_us)
{
    static const char alive[] = "{\"alive\":true}\n";
    if (c->fd < 0 || c->out_bytes > 0)
        return;
    c->moved_us = now_us;
    for (size_t i = 0; i < SCENE_LINES && c->fd >= 0; i++) {
        if (l->said[i].version <= c->seen[i])
            continue;
        c->seen[i] = l->said[i].version;
        say(c, l->said[i].text, l->said[i].bytes);
    }
    if (c->fd >= 0 && c->out_bytes == 0 && now_us - c->said_us >= ALIVE_US)
        say(c, alive, sizeof alive - 1);
    if (c->out_bytes > 0)
        c->said_us = now_us;
}

/* ---- The thread ---- */

static size_t fill(const struct line *l, struct pollfd *fds)
{
    size_t connected = 0;
    fds[0] = (struct pollfd){ l->end_fd, POLLIN, 0 };
    fds[1] = (struct pollfd){ l->listen_fd, POLLIN, 0 };
    for (size_t i = 0; i < PEER_CLIENTS_MAX; i++) {
        const struct client *c = &l->clients[i];
        const short wish = (short)(POLLIN | (c->out_bytes > 0 ? POLLOUT : 0));
        fds[OWN_FDS + i] = (struct pollfd){ c->fd, wish, 0 };
        connected += c->fd >= 0;
    }
    return connected;
}

static void serve(struct line *l, const struct pollfd *fds, uint64_t now_us)
{
    for (size_t i = 0; i < PEER_CLIENTS_MAX; i++) {
        struct client *c = &l->clients[i];
        if (c->fd >= 0 && fds[OWN_FDS + i].revents & (POLLIN | POLLHUP | POLLERR))
            hear(l, c);
        flush(c, now_us);
        if (c->fd >= 0 && is_stuck(c, now_us))
            drop(c);
    }
    if (fds[1].revents & POLLIN)
        accept_one(l, now_us);
}

static void work(void *ctx)
{
    struct line *l = ctx;
    struct pollfd fds[OWN_FDS + PEER_CLIENTS_MAX];
    uint64_t next_us = 0;
    for (;;) {
        const bool anybody = fill(l, fds) > 0;
        if (poll(fds, OWN_FDS + PEER_CLIENTS_MAX, anybody ? LOOK_MS : -1) < 0 && errno != EINTR)
            return;
        if (fds[0].revents & POLLIN)
            return;
        const uint64_t now_us = clock_system.now_us(&clock_system);
        serve(l, fds, now_us);
        if (now_us < next_us)
            continue;
        next_us = now_us + LOOK_MS * 1000;
        look(l);
        for (size_t i = 0; i < PEER_CLIENTS_MAX; i++) {
            tell(l, &l->clients[i], now_us);
            flush(&l->clients[i], now_us);
        }
    }
}

/* ---- Beginning and ending ---- */

/* The lock tells a socket that was left behind from one that is in use. */
static bool take_place(struct line *l)
{
    char lock[sizeof l->address.sun_path + 8];
    struct flock all = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
    unsigned mode;
    if (!peer_own_path(l->station, &l->address, &mode))
        return false;
    snprintf(lock, sizeof lock, "%s.lock", l->address.sun_path);
    l->lock_fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
    if (l->lock_fd < 0 || fcntl(l->lock_fd, F_OFD_SETLK, &all) != 0)
        return false;
    unlink(l->address.sun_path);
    l->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    /* The mode before the name: nobody else gets in between. */
    return l->listen_fd >= 0 && fchmod(l->listen_fd, mode) == 0 &&
           bind(l->listen_fd, (struct sockaddr *)&l->address, sizeof l->address) == 0 &&
           chmod(l->address.sun_path, mode) == 0 && listen(l->listen_fd, PEER_CLIENTS_MAX) == 0;
}

static void line_free(struct line *l)
{
    if (l->listen_fd >= 0) {
        unlink(l->address.sun_path);
        close(l->listen_fd);
    }
    if (l->lock_fd >= 0)
        close(l->lock_fd);
    if (l->end_fd >= 0)
        close(l->end_fd);
    for (size_t i = 0; i < PEER_CLIENTS_MAX; i++) {
        if (l->clients[i].fd >= 0)
            drop(&l->clients[i]);
    }
    for (size_t i = 0; i < SCENE_LINES; i++)
        free(l->said[i].text);
    crew_close(&l->crew);
    free(l);
}

static struct line *line_new(struct floor *f, const struct station *station)
{
    struct line *l = calloc(1, sizeof *l);
    if (!l)
        return NULL;
    l->floor = f;
    l->people = floor_people(f);
    l->lock_fd = l->listen_fd = -1;
    l->end_fd = eventfd(0, EFD_CLOEXEC);
    for (size_t i = 0; i < PEER_CLIENTS_MAX; i++)
        l->clients[i].fd = -1;
    snprintf(l->station, sizeof l->station, "%s", station->name);
    return l;
}

static bool start(struct floor *f, const struct station *station, void **state, struct err *e)
{
    struct line *l = line_new(f, station);
    *state = NULL;
    if (!l)
        return err_set(e, ERR_STATION, "Out of memory for the socket of --attach");
    if (!take_place(l)) {
        fprintf(stderr,
                "espstation: espstation line --attach will not find this station: there is no "
                "place for its socket, or another station '%s' has it.\n",
                station->name);
        line_free(l);
        return true;
    }
    if (l->end_fd < 0 || !crew_open(&l->crew, 0, e) ||
        !crew_start(&l->crew, &l->thread, "attach", work, l, e)) {
        line_free(l);
        return false;
    }
    *state = l;
    return true;
}

static void end(void *state)
{
    struct line *l = state;
    const uint64_t one = 1;
    if (write(l->end_fd, &one, sizeof one) == (ssize_t)sizeof one)
        crew_join(&l->thread);
    line_free(l);
}

const struct watcher peer_watcher = { "The socket of --attach", start, end };
