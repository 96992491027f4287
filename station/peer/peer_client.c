/* The side that looks: what came is kept as a scene. */
#include "core/base/clock.h"
#include "core/base/json_tree.h"
#include "station/peer/peer_priv.h"
#include "station/terminal/scene.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LINE_MAX_BYTES 65536    /* of a line that talks to us, a tile's has two thousand */
#define SILENCE_US     3000000  /* three signs of life are missing: what is shown is old */
#define GIVEN_UP_US    10000000 /* a program that copies it does not wait longer */
#define AGAIN_US       1000000
#define ANSWER_MS      2000

struct peer {
    char station[65];
    int fd; /* -1: it went away */
    char in[LINE_MAX_BYTES];
    size_t in_bytes;
    struct scene scene;
    uint64_t heard_us, tried_us;
    unsigned acts;     /* so many were sent: their ids */
    unsigned answered; /* the id of the last answer */
    struct err answer;
    bool heard_tiles; /* a station without slots there is not */
};

static uint64_t now(void)
{
    return clock_system.now_us(&clock_system);
}

struct peer *peer_connect(const char *station, struct err *e)
{
    struct peer *p = calloc(1, sizeof *p);
    if (!p) {
        err_set(e, ERR_STATION, "Out of memory");
        return NULL;
    }
    snprintf(p->station, sizeof p->station, "%s", station);
    p->heard_us = p->tried_us = now();
    p->fd = peer_dial(station);
    if (p->fd >= 0)
        return p;
    err_set(e, ERR_USAGE, "No line of the station '%.64s' can be reached here", station);
    err_hint(e, "To start it: espstation line. One that is a service: sudo usermod -aG espstation "
                "$USER, then log out and in.");
    free(p);
    return NULL;
}

void peer_close(struct peer *p)
{
    if (!p)
        return;
    if (p->fd >= 0)
        close(p->fd);
    scene_done(&p->scene);
    free(p);
}

/* ---- Hearing ---- */

static void hang_up(struct peer *p)
{
    close(p->fd);
    p->fd = -1;
    p->in_bytes = 0;
}

static void take_tile(struct peer *p, const struct json_node *said)
{
    struct tile tile;
    size_t place;
    if (!peer_take_tile(said, &place, &tile) || !scene_reserve(&p->scene, place + 1))
        return;
    /* They come by place; one that is passed over would show nothing. */
    if (place > p->scene.count)
        return;
    p->scene.tiles[place] = tile;
    p->heard_tiles = true;
    if (place == p->scene.count)
        p->scene.count++;
}

static void take_answer(struct peer *p, const struct json_node *said)
{
    const char *id = json_get_text(said, "id");
    p->answered = id ? (unsigned)strtoul(id, NULL, 10) : 0;
    const char *person = json_get_text(said, "person");
    snprintf(p->scene.person, sizeof p->scene.person, "%s", person ? person : "");
    peer_take_err(said, &p->answer);
}

/* Another one may have other slots, and nobody is logged in there. */
static void begin_anew(struct peer *p, const struct json_node *said)
{
    const char *people = json_get_text(said, "people");
    p->scene.count = 0;
    p->scene.asks_people = people && strcmp(people, "true") == 0;
    p->scene.person[0] = '\0';
}

static void take_line(struct peer *p, const char *text, size_t n)
{
    struct json_problem problem;
    struct json_node *said = json_tree_parse(text, n, &problem);
    p->heard_us = now();
    if (json_get(said, "hello"))
        begin_anew(p, json_get(said, "hello"));
    if (json_get(said, "summary"))
        peer_take_summary(json_get(said, "summary"), &p->scene.sum);
    if (json_get(said, "tile"))
        take_tile(p, json_get(said, "tile"));
    if (json_get(said, "answer"))
        take_answer(p, json_get(said, "answer"));
    json_tree_free(said);
}

static void take_lines(struct peer *p)
{
    size_t begin = 0;
    for (size_t i = 0; i < p->in_bytes; i++) {
        if (p->in[i] != '\n')
            continue;
        take_line(p, p->in + begin, i - begin);
        begin = i + 1;
    }
    p->in_bytes -= begin;
    memmove(p->in, p->in + begin, p->in_bytes);
}

static void hear(struct peer *p)
{
    while (p->fd >= 0 && p->in_bytes < sizeof p->in) {
        const ssize_t n =
            recv(p->fd, p->in + p->in_bytes, sizeof p->in - p->in_bytes, MSG_DONTWAIT);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return;
        if (n <= 0) {
            hang_up(p);
            return;
        }
        p->in_bytes += (size_t)n;
        take_lines(p);
    }
    if (p->fd >= 0) /* a line without an end: none of ours */
        hang_up(p);
}

static void dial_again(struct peer *p)
{
    if (p->fd >= 0 || now() - p->tried_us < AGAIN_US)
        return;
    p->tried_us = now();
    p->fd = peer_dial(p->station);
}

void peer_look(struct peer *p, struct scene *scene)
{
    dial_again(p);
    if (p->fd >= 0)
        hear(p);
    scene->sum = p->scene.sum;
    scene->asks_people = p->scene.asks_people;
    snprintf(scene->person, sizeof scene->person, "%s", p->scene.person);
    scene->unheard = !p->heard_tiles;
    scene->gone = p->fd < 0;
    scene->stale = scene->gone || now() - p->heard_us > SILENCE_US;
    scene->silent_s = (unsigned)((now() - p->heard_us) / 1000000);
    if (!scene_reserve(scene, p->scene.count))
        return;
    if (p->scene.count > 0)
        memcpy(scene->tiles, p->scene.tiles, p->scene.count * sizeof scene->tiles[0]);
    scene->count = p->scene.count;
}

/* ---- Acting ---- */

/* A line that is made by one of the two. */
struct wish {
    const struct act *act; /* NULL: a log-in */
    const char *name, *secret;
};

static bool send_wish(struct peer *p, const struct wish *wish)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);
    if (!out)
        return false;
    p->acts++;
    if (wish->act)
        peer_put_act(out, p->acts, wish->act);
    else
        peer_put_log_in(out, p->acts, wish->name, wish->secret);
    /* So short a line goes whole into a socket that takes anything at all. */
    const bool ok = fclose(out) == 0 && p->fd >= 0 &&
                    send(p->fd, text, bytes, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)bytes;
    if (text)
        explicit_bzero(text, bytes); /* a PIN may be in it */
    free(text);
    return ok;
}

static bool ask(struct peer *p, const struct wish *wish, struct err *e)
{
    if (!send_wish(p, wish)) {
        err_set(e, ERR_STATION, "The station cannot be reached; nothing was done");
        return err_hint(e, "Is the line still running? When it is back, do it again.");
    }
    const uint64_t until_us = now() + ANSWER_MS * 1000ull;
    while (p->fd >= 0 && p->answered != p->acts && now() < until_us) {
        struct pollfd fd = { p->fd, POLLIN, 0 };
        poll(&fd, 1, (int)((until_us - now()) / 1000) + 1);
        hear(p);
    }
    if (p->answered != p->acts) {
        err_set(e, ERR_STATION, "The station does not answer");
        return err_hint(e, "Whether it was done, the tiles will show; look before doing it again.");
    }
    if (p->answer.code == ERR_NONE)
        return true;
    *e = p->answer;
    return false;
}

bool peer_act(struct peer *p, const struct act *act, struct err *e)
{
    return ask(p, &(struct wish){ .act = act }, e);
}

bool peer_log_in(struct peer *p, const char *name, const char *secret, struct err *e)
{
    return ask(p, &(struct wish){ .name = name, .secret = secret }, e);
}

/* ---- As it comes ---- */

bool peer_copy(struct peer *p, int end_fd, struct err *e)
{
    char buf[4096];
    uint64_t heard_us = now();
    for (;;) {
        struct pollfd fds[] = { { p->fd, POLLIN, 0 }, { end_fd, POLLIN, 0 } };
        if (poll(fds, 2, GIVEN_UP_US / 1000) < 0 && errno != EINTR)
            return err_set_sys(e, ERR_STATION, errno, "Waiting for the station");
        if (fds[1].revents)
            return true;
        const ssize_t n = recv(p->fd, buf, sizeof buf, MSG_DONTWAIT);
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
            err_set(e, ERR_STATION, "The station has ended");
            return err_hint(e, "To start it again: espstation line");
        }
        if (n > 0 && (fwrite(buf, 1, (size_t)n, stdout) != (size_t)n || fflush(stdout) != 0))
            return true; /* nobody reads any more; std_streams_done tells */
        if (n > 0)
            heard_us = now();
        if (now() - heard_us > GIVEN_UP_US) {
            err_set(e, ERR_STATION, "The station gives no sign of life any more");
            return err_hint(e, "It hangs, or this computer does. To look at it: espstation doctor");
        }
    }
}
