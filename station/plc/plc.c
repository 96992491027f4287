#include "station/plc/plc.h"

#include "core/base/clock.h"
#include "station/line/crew.h"
#include "station/plc/plc_cause.h"
#include "station/plc/plc_hand.h"
#include "station/plc/plc_map.h"
#include "station/plc/plc_server.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
    WAIT_MS = 100, /* how often is looked at what no descriptor tells */
    LOOK_MS = 20,  /* how old a look at the floor may be that a client is told */
    BEAT_MS = 500, /* of the station's heartbeat */
    STACK_BYTES = 256 << 10,
};

struct plc {
    struct floor *floor;
    const struct station_plc *settings;
    const struct clock *clock;
    struct event_reader *reader;
    struct plc_server *server;
    struct crew crew;
    struct crew_thread thread;
    int end_fd; /* readable once it is to end */
    size_t slots;
    struct plc_hand *hands;   /* [slots] */
    struct tile *tiles;       /* [slots], as looked at last */
    struct floor_summary sum; /* likewise */
    uint64_t looked_us;       /* 0: never */
    bool is_beating;          /* the PLC's heartbeat has moved, and not too long ago */
    bool has_beaten;          /* at all */
    uint64_t beating_us;      /* since when is_beating */
    uint64_t beat_us;         /* when it moved last */
    uint16_t beat;            /* what it was then */
    uint16_t boot;
    uint16_t registers[PLC_REGISTERS];
};

static uint64_t now_us(const struct plc *p)
{
    return p->clock->now_us(p->clock);
}

/* ---- What is so ---- */

static void look(struct plc *p)
{
    floor_sum(p->floor, &p->sum);
    for (size_t i = 0; i < p->slots; i++)
        floor_look(p->floor, i, &p->tiles[i]);
    p->looked_us = now_us(p);
}

static void look_if_old(struct plc *p)
{
    if (p->looked_us == 0 || now_us(p) - p->looked_us >= (uint64_t)LOOK_MS * 1000)
        look(p);
}

static bool station_takes(const struct plc *p)
{
    return p->is_beating && !p->sum.stopping && !p->sum.lot_full && p->sum.recipe[0] != '\0';
}

static bool slot_takes(const struct plc *p, size_t i)
{
    const struct tile *const t = &p->tiles[i];
    return station_takes(p) && !t->disabled && t->state != TILE_NO_ADAPTER &&
           t->state != TILE_WORKING && t->state != TILE_ATTENTION;
}

/* That a board has passed before is no event of its own: a note comes, and the tile says so. */
static void take_note(struct plc *p, size_t i, const struct event *event)
{
    struct tile tile;
    if (event->run_id != 0 && floor_look(p->floor, i, &tile) && tile.state == TILE_PASS &&
        tile.passed_before && tile.run_id == event->run_id)
        plc_hand_passed_before(&p->hands[i], tile.run_id, tile.mac);
}

static void take_event(struct plc *p, const struct event *event)
{
    if (event->slot < 1 || (size_t)event->slot > p->slots)
        return;
    const size_t i = (size_t)event->slot - 1;
    if (event->kind == EVENT_NOTE)
        take_note(p, i, event);
    else
        plc_hand_event(&p->hands[i], event);
}

static void take_events(struct plc *p)
{
    struct event event;
    while (event_take(p->reader, &event)) {
        take_event(p, &event);
        p->looked_us = 0;
    }
}

/* ---- Heartbeats ---- */

static void disarm(struct plc *p)
{
    for (size_t i = 0; i < p->slots; i++)
        plc_hand_disarm(&p->hands[i]);
}

static void settle(struct plc *p)
{
    for (size_t i = 0; i < p->slots; i++)
        plc_hand_settled(&p->hands[i]);
}

static void check_beat(struct plc *p)
{
    const uint64_t limit_us = (uint64_t)p->settings->heartbeat_ms * 1000;
    const bool is_beating = p->has_beaten && now_us(p) - p->beat_us < limit_us;
    if (p->is_beating && !is_beating)
        disarm(p);
    if (!p->is_beating && is_beating)
        p->beating_us = now_us(p);
    else if (is_beating && now_us(p) - p->beating_us >= limit_us)
        settle(p);
    p->is_beating = is_beating;
}

static void take_beat(struct plc *p, uint16_t beat)
{
    if (beat == p->beat)
        return;
    p->beat = beat;
    p->beat_us = now_us(p);
    p->has_beaten = true;
    check_beat(p);
}

/* ---- Acting ---- */

static bool act(struct plc *p, enum act_kind kind, size_t i, struct err *e)
{
    const struct act act = { .kind = kind,
                             .slot = (int)i + 1,
                             .actor = { .name = "PLC", .role = ROLE_OPERATOR } };
    return floor_act(p->floor, &act, e);
}

static void begin(struct plc *p, size_t i)
{
    struct err e = { 0 };
    struct tile tile = { .run_id = 0 };
    floor_look(p->floor, i, &tile);
    const bool ok = act(p, ACT_START, i, &e);
    plc_hand_begun(&p->hands[i], ok ? ERR_NONE : e.code, tile.run_id, now_us(p));
}

static void take_command(struct plc *p, size_t i)
{
    struct err ignored = { 0 };
    const uint16_t *const in = &p->registers[PLC_COMMANDS + i * PLC_COMMAND_REGISTERS];
    switch (plc_hand_command(&p->hands[i], in[0], in[1], slot_takes(p, i))) {
    case PLC_BEGIN:
        begin(p, i);
        break;
    case PLC_STOP:
        act(p, ACT_STOP, i, &ignored);
        break;
    case PLC_SEEN: /* a slot that has no use for it says so, and is ready all the same */
        act(p, ACT_ACKNOWLEDGE, i, &ignored);
        break;
    case PLC_NOTHING:
        return;
    }
    p->looked_us = 0;
}

static bool is_command(const struct plc *p, unsigned first, unsigned count)
{
    const unsigned end = PLC_COMMANDS + (unsigned)p->slots * PLC_COMMAND_REGISTERS;
    return first >= PLC_COMMANDS && first < end && count <= end - first;
}

static bool may_write(void *ctx, unsigned first, unsigned count)
{
    return (first == PLC_HEARTBEAT_IN && count == 1) || is_command(ctx, first, count);
}

static void written(void *ctx, unsigned first, unsigned count)
{
    struct plc *const p = ctx;
    if (first == PLC_HEARTBEAT_IN) {
        take_beat(p, p->registers[PLC_HEARTBEAT_IN]);
        return;
    }
    const size_t last = (first + count - 1 - PLC_COMMANDS) / PLC_COMMAND_REGISTERS;
    /* What has happened until now goes before what the PLC wants now. */
    take_events(p);
    check_beat(p);
    look(p);
    for (size_t i = (first - PLC_COMMANDS) / PLC_COMMAND_REGISTERS; i <= last; i++)
        take_command(p, i);
}

/* ---- The registers ---- */

static void put_32(struct plc *p, unsigned at, uint64_t value)
{
    const uint32_t stored = value > UINT32_MAX ? UINT32_MAX : (uint32_t)value;
    p->registers[at] = (uint16_t)(stored >> 16);
    p->registers[at + 1] = (uint16_t)stored;
}

static uint16_t station_status(const struct plc *p)
{
    unsigned bits = station_takes(p) ? PLC_STATION_READY : 0;
    for (size_t i = 0; i < p->slots; i++) {
        if (plc_hand_status(&p->hands[i], false) & PLC_BUSY)
            bits |= PLC_STATION_BUSY;
    }
    bits |= p->is_beating ? 0 : PLC_STATION_COMM_FAULT;
    bits |= p->sum.lot_full ? PLC_STATION_LOT_FULL : 0;
    bits |= p->sum.attention > 0 ? PLC_STATION_OPERATOR : 0;
    bits |= p->sum.stopping ? PLC_STATION_STOPPING : 0;
    return (uint16_t)bits;
}

static void put_station(struct plc *p)
{
    uint16_t *const r = p->registers;
    r[PLC_STATUS] = station_status(p);
    r[PLC_HEARTBEAT] = (uint16_t)(now_us(p) / (BEAT_MS * 1000));
    r[PLC_ECHO] = p->beat;
    r[PLC_BOOT] = p->boot;
    r[PLC_VERSION] = PLC_MAP_VERSION;
    r[PLC_SLOTS] = (uint16_t)p->slots;
    put_32(p, PLC_ORDER, 0x12345678);
    put_32(p, PLC_PASSED, p->sum.passed);
    put_32(p, PLC_FAILED, p->sum.failed);
    put_32(p, PLC_LOT_PASSED, p->sum.lot_passed);
    put_32(p, PLC_LOT_QUANTITY, p->sum.quantity);
}

static void put_mac(uint16_t *r, const char *text)
{
    unsigned b[6] = { 0 };
    if (sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x", &b[0], &b[1], &b[2], &b[3], &b[4], &b[5]) != 6)
        memset(b, 0, sizeof b);
    for (size_t i = 0; i < 3; i++)
        r[i] = (uint16_t)(b[2 * i] << 8 | b[2 * i + 1]);
}

static void put_slot(struct plc *p, size_t i)
{
    const struct plc_hand *const h = &p->hands[i];
    const struct tile *const t = &p->tiles[i];
    const unsigned at = PLC_RESULTS + (unsigned)i * PLC_RESULT_REGISTERS;
    uint16_t *const r = &p->registers[at];
    const uint16_t status = plc_hand_status(h, slot_takes(p, i));
    r[PLC_RESULT_STATUS] = status;
    r[PLC_RESULT_CYCLE] = h->cycle;
    r[PLC_RESULT_CAUSE] = h->cause;
    r[PLC_RESULT_TILE] = (uint16_t)t->state;
    r[PLC_RESULT_TENTHS] = h->tenths;
    put_mac(&r[PLC_RESULT_MAC], h->mac);
    put_32(p, at + PLC_RESULT_RUN, h->run_id > 0 ? (uint64_t)h->run_id : 0);
    r[PLC_RESULT_BOARDS] = (uint16_t)t->boards;
    r[PLC_RESULT_PASSES] = (uint16_t)t->passes;
    for (unsigned bit = 0; bit < PLC_SLOT_BITS; bit++) {
        uint16_t *const mask = &p->registers[PLC_MASKS + bit * PLC_MASK_REGISTERS + i / 16];
        const unsigned place = 1u << (i % 16);
        *mask = (uint16_t)((status >> bit & 1) ? *mask | place : *mask & ~place);
    }
}

/* What a client reads in one request belongs together. */
static void publish(void *ctx)
{
    struct plc *const p = ctx;
    take_events(p);
    check_beat(p);
    look_if_old(p);
    for (size_t i = 0; i < p->slots; i++) {
        if (p->tiles[i].state == TILE_WAITING &&
            (p->tiles[i].err.code == ERR_QUOTA || p->tiles[i].err.code == ERR_LEASE))
            plc_hand_waits(&p->hands[i], now_us(p));
        plc_hand_tick(&p->hands[i], now_us(p));
        put_slot(p, i);
    }
    put_station(p);
}

/* ---- The thread ---- */

static void serve(void *ctx)
{
    struct plc *const p = ctx;
    struct pollfd fds[PLC_CLIENTS_MAX + 3];
    for (bool more = false;;) {
        size_t n = plc_server_fds(p->server, fds);
        fds[n++] = (struct pollfd){ .fd = event_fd(p->reader), .events = POLLIN };
        fds[n++] = (struct pollfd){ .fd = p->end_fd, .events = POLLIN };
        poll(fds, n, more ? 0 : WAIT_MS);
        if (fds[n - 1].revents & POLLIN)
            return;
        take_events(p);
        check_beat(p);
        more = plc_server_serve(p->server);
    }
}

/* ---- Its life ---- */

/* No number that was before soon, and never 0. */
static uint16_t boot_number(const struct clock *clock)
{
    const uint16_t n = (uint16_t)(clock->utc_ms(clock) / 1000);
    return n == 0 ? 1 : n;
}

static bool make_room(struct plc *p, struct err *e)
{
    p->slots = floor_tile_count(p->floor);
    if (p->slots > PLC_SLOTS_MAX)
        p->slots = PLC_SLOTS_MAX;
    p->hands = calloc(p->slots, sizeof *p->hands);
    p->tiles = calloc(p->slots, sizeof *p->tiles);
    p->end_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (!p->hands || !p->tiles)
        return err_set(e, ERR_STATION, "Out of memory for the PLC");
    return p->end_fd >= 0 || err_set_sys(e, ERR_STATION, errno, "The PLC cannot be set up");
}

static bool open_server(struct plc *p, struct err *e)
{
    const struct station_plc *const s = p->settings;
    const struct plc_server_setup setup = { .listen = s->listen,
                                            .allow = s->allow,
                                            .allow_count = s->allow_count,
                                            .clients = s->clients,
                                            .idle_ms = s->idle_ms,
                                            .yield_ms = s->heartbeat_ms,
                                            .clock = p->clock,
                                            .registers = p->registers,
                                            .register_count = PLC_REGISTERS,
                                            .ctx = p,
                                            .may_write = may_write,
                                            .before = publish,
                                            .written = written };
    p->server = plc_server_new(&setup, e);
    return p->server != NULL;
}

static void end(void *state)
{
    struct plc *const p = state;
    if (p->end_fd >= 0)
        eventfd_write(p->end_fd, 1);
    crew_join(&p->thread);
    crew_close(&p->crew);
    plc_server_free(p->server);
    event_reader_free(p->reader);
    if (p->end_fd >= 0)
        close(p->end_fd);
    free(p->hands);
    free(p->tiles);
    free(p);
}

static bool set_up(struct plc *p, struct err *e)
{
    p->boot = boot_number(p->clock);
    p->reader = floor_watch(p->floor, 0, e); /* no verdict may be missed */
    return p->reader && make_room(p, e) && open_server(p, e) &&
           crew_open(&p->crew, STACK_BYTES, e) &&
           crew_start(&p->crew, &p->thread, "PLC", serve, p, e);
}

static bool start(struct floor *f, const struct station *station, void **state, struct err *e)
{
    *state = NULL;
    if (!station->plc.listen)
        return true;
    struct plc *const p = calloc(1, sizeof *p);
    if (!p)
        return err_set(e, ERR_STATION, "Out of memory for the PLC");
    p->floor = f;
    p->settings = &station->plc;
    p->clock = &clock_system;
    p->end_fd = -1;
    if (!set_up(p, e)) {
        end(p);
        return false;
    }
    *state = p;
    return true;
}

unsigned plc_port(const void *state)
{
    const struct plc *const p = state;
    return plc_server_port(p->server);
}

const struct watcher plc_watcher = { "PLC", start, end };
