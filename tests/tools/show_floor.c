/*
 * Serves the screen in the browser over a floor that is made up:
 *
 *   show_floor --listen 127.0.0.1:0 --tiles 8 --columns 4 --scene all --db FILE
 *
 * Prints the address, then takes commands on standard input, one a line, until its end: "scene
 * NAME", "flip N", "flood RATE SECONDS" (flips so many a second, all in turn), "lot NAME PASSED
 * QUANTITY", "slow MS", "acts" (prints their number and the last one).
 */
#include "tests/tools/fake_floor.h"

#include "core/base/clock.h"
#include "station/web/web.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STEP_MS 50

struct options {
    const char *scene;
    struct fake_floor_setup floor;
    struct web_setup web;
    bool people;
};

struct flood {
    unsigned rate, left, next;
    uint64_t due_us;
};

/* One person, for tests of log-in: Eve, whose PIN is 1234. */
static bool log_in(void *ctx, const char *name, const char *secret, struct actor *actor,
                   struct err *e)
{
    (void)ctx;
    if (strcmp(name, "Eve") != 0 || strcmp(secret, "1234") != 0)
        return err_set(e, ERR_USAGE, "Name or PIN is wrong");
    *actor = (struct actor){ .name = "Eve", .role = ROLE_OPERATOR };
    return true;
}
static const struct web_people people = { .log_in = log_in };

static bool read_options(int argc, char **argv, struct options *o)
{
    for (int i = 1; i + 1 < argc; i += 2) {
        const char *name = argv[i], *value = argv[i + 1];
        if (strcmp(name, "--listen") == 0)
            o->web.listen = value;
        else if (strcmp(name, "--tiles") == 0)
            o->floor.tiles = (unsigned)strtoul(value, NULL, 10);
        else if (strcmp(name, "--columns") == 0)
            o->floor.columns = (unsigned)strtoul(value, NULL, 10);
        else if (strcmp(name, "--scene") == 0)
            o->scene = value;
        else if (strcmp(name, "--db") == 0)
            o->floor.db_path = value;
        else if (strcmp(name, "--language") == 0)
            o->web.language = value;
        else if (strcmp(name, "--certificate") == 0)
            o->web.certificate = value;
        else if (strcmp(name, "--key") == 0)
            o->web.key = value;
        else if (strcmp(name, "--people") == 0)
            o->web.people = &people;
        else
            return false;
    }
    return argc % 2 == 1;
}

static void obey(struct floor *f, struct flood *flood, const char *line)
{
    char word[32] = "", text[128] = "";
    unsigned a = 0, b = 0;
    if (sscanf(line, "flip %u", &a) == 1) {
        fake_floor_flip(f, a - 1);
    } else if (sscanf(line, "flood %u %u", &a, &b) == 2) {
        *flood = (struct flood){ a, a * b, 0, clock_system.now_us(&clock_system) };
    } else if (sscanf(line, "lot %100s %u %u", text, &a, &b) == 3) {
        fake_floor_lot(f, text, a, b);
    } else if (sscanf(line, "slow %u", &a) == 1) {
        fake_floor_slow(f, a);
    } else if (sscanf(line, "%31s", word) == 1 && strcmp(word, "acts") == 0) {
        const unsigned acts = fake_floor_acts(f, text, sizeof text);
        printf("acts %u %s\n", acts, text);
    } else if (sscanf(line, "scene %31s", word) != 1 || !fake_floor_scene(f, word)) {
        printf("unknown: %s\n", line);
    }
    fflush(stdout);
}

static void go_on(struct floor *f, struct flood *flood, uint64_t *step_us)
{
    const uint64_t now_us = clock_system.now_us(&clock_system);
    while (flood->left > 0 && flood->due_us <= now_us) {
        fake_floor_flip(f, flood->next++ % (unsigned)floor_tile_count(f));
        flood->due_us += 1000000 / flood->rate;
        flood->left--;
    }
    if (now_us - *step_us >= STEP_MS * 1000) {
        fake_floor_step(f, STEP_MS);
        *step_us = now_us;
    }
}

/* Until standard input ends. */
static void serve(struct floor *f)
{
    static char text[4096];
    size_t n = 0;
    struct flood flood = { 0 };
    uint64_t step_us = 0;
    for (;;) {
        struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };
        const int ready = poll(&in, 1, flood.left > 0 ? 2 : STEP_MS);
        go_on(f, &flood, &step_us);
        if (ready <= 0)
            continue;
        const ssize_t got = read(STDIN_FILENO, text + n, sizeof text - 1 - n);
        if (got <= 0 && !(got < 0 && errno == EINTR))
            return;
        n += got > 0 ? (size_t)got : 0;
        text[n] = '\0';
        for (char *end; (end = strchr(text, '\n'));) {
            *end = '\0';
            obey(f, &flood, text);
            n -= (size_t)(end + 1 - text);
            memmove(text, end + 1, n + 1);
        }
    }
}

int main(int argc, char **argv)
{
    struct options o = { .scene = "all",
                         .floor = { 8, 8, NULL },
                         .web = { .listen = "127.0.0.1:0" } };
    struct err e = { 0 };
    signal(SIGPIPE, SIG_IGN);
    if (!read_options(argc, argv, &o)) {
        fprintf(stderr, "show_floor: wrong usage\n");
        return 2;
    }
    struct floor *f = fake_floor_new(&o.floor);
    o.web.floor = f;
    if (!f || !fake_floor_scene(f, o.scene))
        return 2;
    struct web *web = web_new(&o.web, &e);
    if (web) {
        printf("%s\n", web_url(web));
        fflush(stdout);
        serve(f);
    } else {
        fprintf(stderr, "show_floor: %s\n%s\n", e.what, e.hint);
    }
    web_free(web);
    fake_floor_free(f);
    return web ? 0 : 4;
}
