/*
 * The PLC at a floor that is played: what its registers say, what it may write, and that no client
 * holds up another one. The client here is a plain socket; tests/integration/plc.sh has those of
 * others.
 */
#include "station/plc/plc.h"

#include "station/plc/plc_map.h"
#include "tests/lib/test.h"
#include "tests/unit/plc_floor.h"

#include "core/base/clock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ENOUGH_MS = 10000 };

struct bench {
    struct floor floor;
    struct station *station;
    char listen[32];
    void *plc;
    struct err e;
    int fd; /* of the first client */
};

/* ---- A client ---- */

static int connect_to(const struct bench *b)
{
    struct sockaddr_in at = { .sin_family = AF_INET,
                              .sin_port = htons((uint16_t)plc_port(b->plc)),
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
    return fd;
}

/* So many bytes, or fewer when the other side closes or nothing comes in time. */
static size_t take(int fd, uint8_t *bytes, size_t n)
{
    size_t got = 0;
    const struct deadline end = deadline_in_ms(&clock_system, ENOUGH_MS);
    while (got < n) {
        struct pollfd ready = { .fd = fd, .events = POLLIN };
        if (poll(&ready, 1, deadline_left_ms(&clock_system, end)) <= 0)
            return got;
        const ssize_t part = recv(fd, bytes + got, n - got, 0);
        if (part <= 0)
            return got;
        got += (size_t)part;
    }
    return got;
}

static void give(int fd, const uint8_t *pdu, size_t n)
{
    uint8_t frame[300] = { 0, 1, 0, 0, (uint8_t)((n + 1) >> 8), (uint8_t)(n + 1), 1 };
    memcpy(frame + 7, pdu, n);
    assert_int_equal(send(fd, frame, n + 7, MSG_NOSIGNAL), (ssize_t)(n + 7));
}

/* The reply's PDU; its length, 0: the client was dropped. */
static size_t ask(int fd, const uint8_t *pdu, size_t n, uint8_t reply[static 256])
{
    uint8_t head[7];
    give(fd, pdu, n);
    if (take(fd, head, 7) < 7)
        return 0;
    const size_t length = (size_t)(head[4] << 8 | head[5]) - 1;
    assert_true(length <= 253);
    return take(fd, reply, length);
}

static unsigned exception_of(int fd, const uint8_t *pdu, size_t n)
{
    uint8_t reply[256];
    const size_t got = ask(fd, pdu, n, reply);
    assert_true(got >= 2);
    return reply[0] & 0x80 ? reply[1] : 0;
}

static void read_words(int fd, unsigned first, unsigned count, uint16_t *words)
{
    const uint8_t pdu[] = { 3, (uint8_t)(first >> 8), (uint8_t)first, (uint8_t)(count >> 8),
                            (uint8_t)count };
    uint8_t reply[256];
    assert_int_equal(ask(fd, pdu, sizeof pdu, reply), 2 + 2 * count);
    assert_int_equal(reply[0], 3);
    for (unsigned i = 0; i < count; i++)
        words[i] = (uint16_t)(reply[2 + 2 * i] << 8 | reply[3 + 2 * i]);
}

static uint16_t read_word(int fd, unsigned at)
{
    uint16_t word;
    read_words(fd, at, 1, &word);
    return word;
}

static void write_word(int fd, unsigned at, unsigned value)
{
    const uint8_t pdu[] = { 6, (uint8_t)(at >> 8), (uint8_t)at, (uint8_t)(value >> 8),
                            (uint8_t)value };
    assert_int_equal(exception_of(fd, pdu, sizeof pdu), 0);
}

/* The reply of a write goes out before the station acts; that of the next request behind it. */
static void write_command(int fd, int slot, unsigned command, unsigned cycle)
{
    const unsigned at = PLC_COMMANDS + (unsigned)(slot - 1) * PLC_COMMAND_REGISTERS;
    const uint8_t pdu[] = { 16,
                            (uint8_t)(at >> 8),
                            (uint8_t)at,
                            0,
                            2,
                            4,
                            (uint8_t)(command >> 8),
                            (uint8_t)command,
                            (uint8_t)(cycle >> 8),
                            (uint8_t)cycle };
    assert_int_equal(exception_of(fd, pdu, sizeof pdu), 0);
    assert_int_equal(read_word(fd, PLC_VERSION), 1);
}

static unsigned at_slot(int slot, unsigned what)
{
    return PLC_RESULTS + (unsigned)(slot - 1) * PLC_RESULT_REGISTERS + what;
}

static uint16_t status_of(int fd, int slot)
{
    return read_word(fd, at_slot(slot, PLC_RESULT_STATUS));
}

/* What the station does by itself comes a moment later. */
static void await_status(int fd, int slot, uint16_t wanted)
{
    const struct deadline end = deadline_in_ms(&clock_system, ENOUGH_MS);
    uint16_t status = 0;
    while (!deadline_over(&clock_system, end)) {
        status = status_of(fd, slot);
        if (status == wanted)
            return;
        clock_system.sleep_until(&clock_system, deadline_in_ms(&clock_system, 5).at_us, -1);
    }
    fail_msg("slot %d: status %x, not %x", slot, status, wanted);
}

static bool is_closed(int fd)
{
    uint8_t byte;
    struct pollfd ready = { .fd = fd, .events = POLLIN };
    return poll(&ready, 1, ENOUGH_MS) == 1 && recv(fd, &byte, 1, 0) <= 0;
}

/* ---- The bench ---- */

static int bench_up(void **state)
{
    struct bench *const b = calloc(1, sizeof *b);
    struct doc_report *const report = malloc(sizeof *report);
    static const char text[] = "station: s\nslots: [{ name: A1 }]\n"
                               "plc: { listen: \"127.0.0.1:1502\", heartbeat_ms: 60000 }\n";
    if (!b || !report || !played_open(&b->floor, 3, &b->e) ||
        !station_parse("s", text, strlen(text), "", &b->station, report, &b->e))
        return -1;
    free(report);
    snprintf(b->listen, sizeof b->listen, "127.0.0.1:0"); /* any port that is free */
    free(b->station->plc.listen);
    b->station->plc.listen = b->listen;
    b->fd = -1;
    *state = b;
    return 0;
}

static int bench_down(void **state)
{
    struct bench *const b = *state;
    if (b->fd >= 0)
        close(b->fd);
    if (b->plc)
        plc_watcher.end(b->plc);
    played_close(&b->floor);
    b->station->plc.listen = NULL;
    station_free(b->station);
    free(b);
    return 0;
}

static void begin(struct bench *b)
{
    assert_ok(plc_watcher.start(&b->floor, b->station, &b->plc, &b->e), &b->e);
    assert_non_null(b->plc);
    b->fd = connect_to(b);
}

/* ... and the PLC's heart beats, and START was seen at 0. */
static void begin_ready(struct bench *b)
{
    begin(b);
    write_word(b->fd, PLC_HEARTBEAT_IN, 1);
    for (int slot = 1; slot <= 3; slot++)
        write_command(b->fd, slot, 0, 0);
}

/* ---- Registers ---- */

static void without_a_section_there_is_no_plc(void **state)
{
    struct bench *const b = *state;
    b->station->plc.listen = NULL;
    assert_ok(plc_watcher.start(&b->floor, b->station, &b->plc, &b->e), &b->e);
    assert_null(b->plc);
}

static void registers_say_what_the_page_says(void **state)
{
    struct bench *const b = *state;
    uint16_t w[16];
    b->floor.sum.passed = 70000;
    b->floor.sum.failed = 3;
    b->floor.sum.lot_passed = 4;
    b->floor.sum.quantity = 100000;
    b->floor.sum.lot_full = true;
    begin(b);
    read_words(b->fd, PLC_STATUS, 16, w);
    assert_int_equal(w[0], PLC_STATION_COMM_FAULT | PLC_STATION_LOT_FULL);
    assert_int_not_equal(w[3], 0);
    assert_int_equal(w[4], 1);
    assert_int_equal(w[5], 3);
    assert_int_equal(w[6], 0x1234);
    assert_int_equal(w[7], 0x5678);
    assert_int_equal(w[8], 1);
    assert_int_equal(w[9], 70000 - 65536);
    assert_int_equal(w[11], 3);
    assert_int_equal(w[13], 4);
    assert_int_equal(w[14], 1);
    assert_int_equal(w[15], 100000 - 65536);
    write_word(b->fd, PLC_HEARTBEAT_IN, 4711);
    read_words(b->fd, PLC_STATUS, 3, w);
    assert_int_equal(w[0], PLC_STATION_LOT_FULL); /* which nothing starts in */
    assert_int_equal(w[2], 4711);
}

static void the_station_has_a_heartbeat(void **state)
{
    struct bench *const b = *state;
    begin(b);
    const uint16_t first = read_word(b->fd, PLC_HEARTBEAT);
    const struct deadline end = deadline_in_ms(&clock_system, ENOUGH_MS);
    while (read_word(b->fd, PLC_HEARTBEAT) == first) {
        assert_false(deadline_over(&clock_system, end));
        clock_system.sleep_until(&clock_system, deadline_in_ms(&clock_system, 20).at_us, -1);
    }
}

static void a_cycle_shows_in_registers_and_masks(void **state)
{
    struct bench *const b = *state;
    uint16_t r[PLC_RESULT_REGISTERS], masks[96];
    begin_ready(b);
    await_status(b->fd, 2, PLC_READY);
    write_command(b->fd, 2, PLC_START, 4711);
    assert_int_equal(status_of(b->fd, 2), PLC_BUSY);
    assert_int_equal(b->floor.starts[1], 1);
    assert_int_equal(read_word(b->fd, PLC_STATUS), PLC_STATION_READY | PLC_STATION_BUSY);
    b->floor.last_run = 0x10203;
    played_run(&b->floor, 2);
    played_verdict(&b->floor, 2, VERDICT_FAIL, ERR_VERIFY);
    await_status(b->fd, 2, PLC_DONE | PLC_FAIL);
    read_words(b->fd, at_slot(2, 0), PLC_RESULT_REGISTERS, r);
    assert_int_equal(r[PLC_RESULT_CYCLE], 4711);
    assert_int_equal(r[PLC_RESULT_CAUSE], 27);
    assert_int_equal(r[PLC_RESULT_TILE], TILE_FAIL);
    assert_int_equal(r[PLC_RESULT_TENTHS], 15);
    assert_int_equal(r[PLC_RESULT_MAC], 0x240a);
    assert_int_equal(r[PLC_RESULT_MAC + 1], 0xc401);
    assert_int_equal(r[PLC_RESULT_MAC + 2], 0x0204);
    assert_int_equal(r[PLC_RESULT_RUN], 1);
    assert_int_equal(r[PLC_RESULT_RUN + 1], 0x0204);
    assert_int_equal(r[PLC_RESULT_BOARDS], 1);
    assert_int_equal(r[PLC_RESULT_PASSES], 0);
    read_words(b->fd, PLC_MASKS, 96, masks);
    assert_int_equal(masks[0], 5); /* READY: the others */
    assert_int_equal(masks[16], 0);
    assert_int_equal(masks[32], 2); /* DONE */
    assert_int_equal(masks[48], 0);
    assert_int_equal(masks[64], 2); /* FAIL */
    assert_int_equal(masks[80], 0);
    write_command(b->fd, 2, PLC_START | PLC_ACK, 4711);
    assert_int_equal(status_of(b->fd, 2), 0);
    assert_int_equal(b->floor.seen[1], 1);
    write_command(b->fd, 2, 0, 4711);
    assert_int_equal(status_of(b->fd, 2), PLC_READY);
    assert_int_equal(b->floor.starts[0] + b->floor.starts[2], 0);
}

static void abort_stops_the_slot_alone(void **state)
{
    struct bench *const b = *state;
    begin_ready(b);
    write_command(b->fd, 1, PLC_START, 1);
    played_run(&b->floor, 1);
    write_command(b->fd, 1, PLC_START | PLC_ABORT, 1);
    assert_int_equal(b->floor.stops[0], 1);
    assert_int_equal(b->floor.stops[1] + b->floor.stops[2], 0);
    played_verdict(&b->floor, 1, VERDICT_STOPPED, ERR_STOPPED);
    await_status(b->fd, 1, PLC_DONE | PLC_ERROR);
}

static void a_start_that_is_refused_is_an_error(void **state)
{
    struct bench *const b = *state;
    b->floor.refuse_start = ERR_QUOTA;
    begin_ready(b);
    write_command(b->fd, 1, PLC_START, 1);
    assert_int_equal(status_of(b->fd, 1), PLC_DONE | PLC_ERROR);
    assert_int_equal(read_word(b->fd, at_slot(1, PLC_RESULT_CAUSE)), 21);
}

static void a_slot_that_cannot_begin_is_not_ready(void **state)
{
    struct bench *const b = *state;
    b->floor.tiles[0].state = TILE_NO_ADAPTER;
    b->floor.tiles[1].state = TILE_ATTENTION;
    begin_ready(b);
    assert_int_equal(status_of(b->fd, 1), 0);
    assert_int_equal(status_of(b->fd, 2), 0);
    assert_int_equal(status_of(b->fd, 3), PLC_READY);
    write_command(b->fd, 1, PLC_START, 1);
    write_command(b->fd, 2, PLC_START, 1);
    assert_int_equal(b->floor.starts[0] + b->floor.starts[1], 0);
}

static void without_a_heartbeat_nothing_starts_and_runs_end(void **state)
{
    struct bench *const b = *state;
    b->station->plc.heartbeat_ms = 500;
    begin(b);
    write_command(b->fd, 1, 0, 0);
    write_command(b->fd, 1, PLC_START, 1);
    assert_int_equal(b->floor.starts[0], 0);
    write_command(b->fd, 1, 0, 0);
    write_word(b->fd, PLC_HEARTBEAT_IN, 1);
    write_command(b->fd, 1, PLC_START, 1);
    assert_int_equal(b->floor.starts[0], 1);
    played_run(&b->floor, 1);
    await_status(b->fd, 2, 0); /* never armed, so never ready */
    const struct deadline end = deadline_in_ms(&clock_system, ENOUGH_MS);
    while (!(read_word(b->fd, PLC_STATUS) & PLC_STATION_COMM_FAULT)) /* the heart stands still */
        assert_false(deadline_over(&clock_system, end));
    write_word(b->fd, PLC_HEARTBEAT_IN, 1); /* the same again is no beat */
    assert_true(read_word(b->fd, PLC_STATUS) & PLC_STATION_COMM_FAULT);
    assert_int_equal(status_of(b->fd, 1), PLC_BUSY);
    played_verdict(&b->floor, 1, VERDICT_PASS, ERR_NONE);
    await_status(b->fd, 1, PLC_DONE | PLC_PASS);
    write_word(b->fd, PLC_HEARTBEAT_IN, 2);
    assert_false(read_word(b->fd, PLC_STATUS) & PLC_STATION_COMM_FAULT);
}

/* ---- What a client may send ---- */

static void only_the_plcs_registers_are_written(void **state)
{
    struct bench *const b = *state;
    static const unsigned closed[] = { 1, 15, 16, 17, 24, 100, 999, 1006, 1512, 2000, 2015, 6095 };
    begin(b);
    for (size_t i = 0; i < COUNT_OF(closed); i++) {
        const unsigned at = closed[i];
        const uint8_t pdu[] = { 6, (uint8_t)(at >> 8), (uint8_t)at, 0xAB, 0xCD };
        const uint16_t before = read_word(b->fd, at);
        assert_int_equal(exception_of(b->fd, pdu, sizeof pdu), 2);
        if (at != PLC_HEARTBEAT)
            assert_int_equal(read_word(b->fd, at), before);
    }
    /* across an end */
    static const uint8_t two[] = { 16, 0, 0, 0, 2, 4, 0, 1, 0, 1 };
    static const uint8_t last[] = { 16, 1005 >> 8, 1005 & 0xFF, 0, 2, 4, 0, 1, 0, 1 };
    assert_int_equal(exception_of(b->fd, two, sizeof two), 2);
    assert_int_equal(exception_of(b->fd, last, sizeof last), 2);
    assert_int_equal(read_word(b->fd, 0), 0);
}

static void wrong_requests_are_refused_at_once(void **state)
{
    struct bench *const b = *state;
    static const struct {
        uint8_t pdu[16];
        size_t n;
        unsigned exception;
    } wrong[] = {
        { { 3, 0, 0, 0, 0 }, 5, 3 },                     /* nothing */
        { { 3, 0, 0, 0, 126 }, 5, 3 },                   /* too much */
        { { 3, 0x17, 0xCF, 0, 2 }, 5, 2 },               /* over the end: 6095 and one more */
        { { 4, 0xFF, 0xFF, 0, 1 }, 5, 2 },               /* far behind it */
        { { 3, 0, 0, 0, 1, 0 }, 6, 3 },                  /* too long */
        { { 3, 0, 0 }, 3, 3 },                           /* too short */
        { { 1, 0, 0, 0, 1 }, 5, 1 },                     /* coils */
        { { 5, 0, 0, 0xFF, 0 }, 5, 1 },                  /* coil */
        { { 22, 0, 0, 0, 0, 0, 1 }, 7, 1 },              /* mask write */
        { { 43, 14, 1, 0 }, 4, 1 },                      /* who are you */
        { { 16, 3, 0xE8, 0, 1, 4, 0, 1, 0, 1 }, 10, 3 }, /* counts that do not fit */
        { { 16, 3, 0xE8, 0, 2, 4, 0, 1 }, 8, 3 },
        { { 16, 3, 0xE8, 0, 0, 0 }, 6, 3 },
        { { 6, 0, 0, 0 }, 4, 3 },
        { { 23, 0, 0, 0, 1, 3, 0xE8, 0, 1, 2, 0 }, 11, 3 },
    };
    begin(b);
    const uint64_t began = clock_system.now_us(&clock_system);
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        const unsigned got = exception_of(b->fd, wrong[i].pdu, wrong[i].n);
        if (got != wrong[i].exception)
            fail_msg("request %zu: exception %u, not %u", i, got, wrong[i].exception);
    }
    /* libmodbus by itself would take half a second for each */
    assert_true(clock_system.now_us(&clock_system) - began < 2000000);
}

static void writing_and_reading_in_one_request(void **state)
{
    struct bench *const b = *state;
    /* reads register 0 and writes it */
    static const uint8_t pdu[] = { 23, 0, 0, 0, 1, 0, 0, 0, 1, 2, 0x12, 0x34 };
    uint8_t reply[256];
    begin(b);
    assert_int_equal(ask(b->fd, pdu, sizeof pdu, reply), 4);
    assert_int_equal(reply[2] << 8 | reply[3], 0x1234);
}

static void requests_one_behind_the_other_are_all_answered(void **state)
{
    struct bench *const b = *state;
    static const uint8_t good[] = { 3, 0, 22, 0, 2 }, bad[] = { 3, 0, 0, 0, 126 };
    uint8_t head[7], pdu[256];
    begin(b);
    for (int i = 0; i < 20; i++)
        give(b->fd, i % 2 ? bad : good, 5);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(take(b->fd, head, 7), 7);
        const size_t n = (size_t)head[5] - 1;
        assert_int_equal(take(b->fd, pdu, n), n);
        assert_int_equal(pdu[0], i % 2 ? 0x83 : 3);
    }
}

static void what_is_no_modbus_is_dropped(void **state)
{
    struct bench *const b = *state;
    static const uint8_t wrong[][12] = {
        { 0, 1, 0, 1, 0, 6, 1, 3, 0, 0, 0, 1 },    /* protocol 1 */
        { 0, 1, 0, 0, 0, 0, 1, 3, 0, 0, 0, 1 },    /* no length */
        { 0, 1, 0, 0, 0, 1, 1, 3, 0, 0, 0, 1 },    /* no request */
        { 0, 1, 0, 0, 0xFF, 6, 1, 3, 0, 0, 0, 1 }, /* longer than any */
        { 'G', 'E', 'T', ' ', '/', ' ', 'H', 'T', 'T', 'P', '/', '1' },
    };
    begin(b);
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        const int fd = connect_to(b);
        assert_int_equal(send(fd, wrong[i], sizeof wrong[i], MSG_NOSIGNAL), sizeof wrong[i]);
        assert_true(is_closed(fd));
        close(fd);
    }
    assert_int_equal(read_word(b->fd, PLC_VERSION), 1);
}

/* ---- Clients that hold up ---- */

static void half_a_frame_holds_up_nobody_and_is_dropped(void **state)
{
    struct bench *const b = *state;
    static const uint8_t half[] = { 0, 1, 0, 0, 0, 6, 1, 3 };
    begin(b);
    const int fd = connect_to(b);
    assert_int_equal(send(fd, half, sizeof half, MSG_NOSIGNAL), sizeof half);
    const uint64_t began = clock_system.now_us(&clock_system);
    for (int i = 0; i < 50; i++)
        assert_int_equal(read_word(b->fd, PLC_VERSION), 1);
    assert_true(clock_system.now_us(&clock_system) - began < 1000000);
    assert_true(is_closed(fd));
    close(fd);
    assert_int_equal(read_word(b->fd, PLC_VERSION), 1);
}

static void who_takes_no_reply_is_dropped(void **state)
{
    struct bench *const b = *state;
    static const uint8_t frame[] = { 0, 1, 0, 0, 0, 6, 1, 3, 0, 16, 0, 125 };
    const int small = 4096;
    begin(b);
    const int fd = connect_to(b);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    const struct timeval limit = { .tv_sec = ENOUGH_MS / 1000 };
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    bool dropped = false;
    for (int i = 0; i < 200000 && !dropped; i++)
        dropped = send(fd, frame, sizeof frame, MSG_NOSIGNAL) < 0 &&
                  (errno == EPIPE || errno == ECONNRESET);
    assert_true(dropped);
    close(fd);
    assert_int_equal(read_word(b->fd, PLC_VERSION), 1);
}

static void there_are_so_many_clients_and_no_more(void **state)
{
    struct bench *const b = *state;
    int fds[3];
    begin(b); /* four at once, as the file says by itself */
    for (size_t i = 0; i < 3; i++) {
        fds[i] = connect_to(b);
        assert_int_equal(read_word(fds[i], PLC_VERSION), 1);
    }
    const int fifth = connect_to(b);
    assert_true(is_closed(fifth));
    close(fifth);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(read_word(fds[i], PLC_VERSION), 1);
        close(fds[i]);
    }
}

/* A PLC whose cable was pulled comes back, and finds its old self in the place. */
static void who_was_silent_makes_room(void **state)
{
    struct bench *const b = *state;
    b->station->plc.heartbeat_ms = 500;
    b->station->plc.clients = 1;
    begin(b);
    assert_int_equal(read_word(b->fd, PLC_VERSION), 1);
    const struct deadline end = deadline_in_ms(&clock_system, ENOUGH_MS);
    static const uint8_t pdu[] = { 3, 0, 20, 0, 1 };
    uint8_t reply[256];
    for (bool taken = false; !taken;) {
        const int fd = connect_to(b);
        taken = ask(fd, pdu, sizeof pdu, reply) > 0;
        close(fd);
        assert_false(deadline_over(&clock_system, end));
    }
    assert_true(is_closed(b->fd));
}

static void who_says_nothing_is_dropped(void **state)
{
    struct bench *const b = *state;
    b->station->plc.idle_ms = 300;
    begin(b);
    assert_true(is_closed(b->fd));
}

static void only_who_is_listed_connects(void **state)
{
    struct bench *const b = *state;
    b->station->plc.allow[0] = strdup("192.0.2.1");
    b->station->plc.allow_count = 1;
    assert_ok(plc_watcher.start(&b->floor, b->station, &b->plc, &b->e), &b->e);
    b->fd = connect_to(b);
    assert_true(is_closed(b->fd));
}

static void a_port_that_is_taken_is_said(void **state)
{
    struct bench *const b = *state;
    void *second = NULL;
    begin(b);
    snprintf(b->listen, sizeof b->listen, "127.0.0.1:%u", plc_port(b->plc));
    assert_code(plc_watcher.start(&b->floor, b->station, &second, &b->e), &b->e, ERR_STATION);
    assert_has(b->e.hint, "Another program listens there");
    snprintf(b->listen, sizeof b->listen, "somewhere:1502");
    assert_code(plc_watcher.start(&b->floor, b->station, &second, &b->e), &b->e, ERR_USAGE);
}

#define ON_BENCH(test) cmocka_unit_test_setup_teardown(test, bench_up, bench_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_BENCH(without_a_section_there_is_no_plc),
        ON_BENCH(registers_say_what_the_page_says),
        ON_BENCH(the_station_has_a_heartbeat),
        ON_BENCH(a_cycle_shows_in_registers_and_masks),
        ON_BENCH(abort_stops_the_slot_alone),
        ON_BENCH(a_start_that_is_refused_is_an_error),
        ON_BENCH(a_slot_that_cannot_begin_is_not_ready),
        ON_BENCH(without_a_heartbeat_nothing_starts_and_runs_end),
        ON_BENCH(only_the_plcs_registers_are_written),
        ON_BENCH(wrong_requests_are_refused_at_once),
        ON_BENCH(writing_and_reading_in_one_request),
        ON_BENCH(requests_one_behind_the_other_are_all_answered),
        ON_BENCH(what_is_no_modbus_is_dropped),
        ON_BENCH(half_a_frame_holds_up_nobody_and_is_dropped),
        ON_BENCH(who_takes_no_reply_is_dropped),
        ON_BENCH(there_are_so_many_clients_and_no_more),
        ON_BENCH(who_was_silent_makes_room),
        ON_BENCH(who_says_nothing_is_dropped),
        ON_BENCH(only_who_is_listed_connects),
        ON_BENCH(a_port_that_is_taken_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
