/*
 * A floor that is played, with the station's PLC in front of it, for clients of others: each start
 * begins a run, which ends a moment later. Run N fails if N % 7 is 0 and is stopped if N % 31 is 0;
 * else it passes. Once standard input ends it prints how many starts came in each slot.
 *
 *   plc_floor SLOTS PORTFILE
 */
#include "tests/unit/plc_floor.h"
#include "station/plc/plc.h"

#include "core/base/clock.h"

#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

/* Gives what was begun its run, and what runs its verdict, each after a step or two. */
static void play(struct floor *f, size_t i, unsigned *played, uint32_t *random)
{
    pthread_mutex_lock(&f->lock);
    const bool begins = f->starts[i] > *played;
    const bool runs = f->tiles[i].state == TILE_WORKING;
    const int64_t id = f->tiles[i].run_id;
    pthread_mutex_unlock(&f->lock);
    *random = *random * 1103515245u + 12345u;
    if ((*random >> 16 & 1) == 0)
        return;
    if (runs) {
        const enum verdict verdict = id % 31 == 0  ? VERDICT_STOPPED
                                     : id % 7 == 0 ? VERDICT_FAIL
                                                   : VERDICT_PASS;
        played_verdict(f, (int)i + 1, verdict,
                       verdict == VERDICT_PASS   ? ERR_NONE
                       : verdict == VERDICT_FAIL ? ERR_VERIFY
                                                 : ERR_STOPPED);
    } else if (begins) {
        ++*played;
        played_run(f, (int)i + 1);
    }
}

static void play_until_the_end(struct floor *f)
{
    unsigned played[PLAYED_SLOTS] = { 0 };
    uint32_t random = 1;
    struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };
    while (poll(&input, 1, 2) == 0) {
        for (size_t i = 0; i < f->slots; i++)
            play(f, i, &played[i], &random);
    }
}

static bool tell_port(const char *path, unsigned port)
{
    FILE *const f = fopen(path, "we");
    return f && fprintf(f, "%u\n", port) > 0 && fclose(f) == 0;
}

int main(int argc, char **argv)
{
    struct floor f;
    struct station station = { .plc = { .clients = 4, .heartbeat_ms = 3000, .idle_ms = 30000 } };
    struct err e = { 0 };
    void *plc = NULL;
    char listen[] = "127.0.0.1:0";
    station.plc.listen = listen;
    const long slots = argc == 3 ? strtol(argv[1], NULL, 10) : 0;
    if (slots < 1 || slots > PLAYED_SLOTS)
        return 2;
    if (!played_open(&f, (size_t)slots, &e) || !plc_watcher.start(&f, &station, &plc, &e) ||
        !tell_port(argv[2], plc_port(plc))) {
        fprintf(stderr, "plc_floor: %s\n", e.what);
        return 1;
    }
    play_until_the_end(&f);
    plc_watcher.end(plc);
    for (size_t i = 0; i < f.slots; i++)
        printf("%u%s", f.starts[i], i + 1 < f.slots ? " " : "\n");
    played_close(&f);
    return 0;
}
