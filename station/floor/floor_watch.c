/* The floor's own thread: counts what came, and gives the session the slots whose adapters are
 * there. */
#include "station/floor/floor_priv.h"

#include "core/ports/usb_socket.h"
#include "core/ports/usb_watch.h"
#include "db/write/lot.h"
#include "station/line/slot_setup.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define LOOK_MS     5000 /* how often the adapters are looked at if nothing tells of them, */
#define LOOK_NOW_MS 250  /* ...while something is under way, or on a machine that is made up */
#define DENIED_MS   2000 /* a new node belongs to root until udev has seen to it */
#define GONE_MS     5000
#define STACK_BYTES ((size_t)256 << 10)

void floor_kick(struct floor *f)
{
    eventfd_write(f->kick_fd, 1);
}

/* ---- Counting ---- */

static void read_room(struct floor *f)
{
    struct err ignored = { 0 };
    struct db_lot_room room = { 0 };
    struct order *order = floor_order(f);
    if (!order)
        return;
    const bool ok = record_lot_room(session_record(f->session), order, &room, &ignored);
    order_release(order);
    if (!ok)
        return;
    pthread_mutex_lock(&f->lock);
    f->room = room;
    pthread_mutex_unlock(&f->lock);
}

void floor_count_anew(struct floor *f)
{
    pthread_mutex_lock(&f->lock);
    headcount_done(&f->headcount);
    f->times_count = 0;
    f->since_utc_ms = f->clock->utc_ms(f->clock);
    f->orders++;
    for (size_t i = 0; i < f->slot_count; i++)
        f->slots[i].boards = f->slots[i].passes = 0;
    pthread_mutex_unlock(&f->lock);
    read_room(f);
}

static void count_in_slot_locked(struct floor *f, const struct event *event)
{
    if (event->golden || event->slot < 1 || (size_t)event->slot > f->slot_count)
        return;
    struct floor_slot *slot = &f->slots[event->slot - 1];
    slot->boards++;
    slot->passes += event->verdict == VERDICT_PASS;
}

static void count_verdict(struct floor *f, const struct event *event)
{
    pthread_mutex_lock(&f->lock);
    headcount_take(&f->headcount, event);
    count_in_slot_locked(f, event);
    if (event->verdict == VERDICT_PASS && !event->golden)
        f->times[f->times_count++ % TIMES_KEPT] = event->seconds;
    pthread_mutex_unlock(&f->lock);
    floor_judge_slot(f, event);
    read_room(f);
}

static void take_events(struct floor *f)
{
    struct event event;
    while (event_take(f->reader, &event)) {
        if (event.kind == EVENT_VERDICT)
            count_verdict(f, &event);
    }
}

/* ---- Adapters ---- */

/* Where the slot's adapter is now. False: nowhere. */
static bool find_port(const struct floor *f, const struct floor_slot *slot,
                      const struct usb_ports *usb, char *port, size_t cap)
{
    const struct usb_port *found =
        usb && slot->spec->usb ? usb_ports_in(usb, slot->spec->usb) : NULL;
    if (slot->spec->port)
        snprintf(port, cap, "%s", slot->spec->port);
    else if (found && access(found->path, F_OK) == 0 &&
             !station_scanner_at(f->station, found->path))
        snprintf(port, cap, "%s", found->path);
    else
        return false;
    return true;
}

/* The kernel makes the node, and only then udev gives it its group: until then it may not be
 * opened, which is no fault for as long as that takes. */
static bool may_be_used(struct floor *f, struct floor_slot *slot, const char *port)
{
    const uint64_t now_ms = f->clock->now_us(f->clock) / 1000;
    if (!slot->spec->usb || slot->plugged || access(port, R_OK | W_OK) == 0) {
        slot->denied_ms = 0;
        return true;
    }
    if (slot->denied_ms == 0)
        slot->denied_ms = now_ms;
    return now_ms >= slot->denied_ms + DENIED_MS;
}

static void put_in_locked(struct floor *f, struct floor_slot *slot)
{
    struct err e = { 0 };
    struct slot_view still_finishing;
    const struct slot_setup setup = { .number = slot->number,
                                      .port = slot->port,
                                      .rules = slot->spec->rules,
                                      .appeared =
                                          slot->was_absent && slot->spec->rules.start == START_PLUG,
                                      .resumes = true };
    if (!session_has_order(f->session) || (slot->disabled && !slot->proving) || f->stopping ||
        session_find(f->session, slot->number, &still_finishing))
        return;
    slot->in_session = session_place_slot(f->session, &setup, &e);
    if (slot->in_session && slot->proving)
        session_prove_slot(f->session, slot->number, true, &(struct err){ 0 });
    slot->trouble = (struct err){ 0 };
    if (e.code != ERR_STOPPED)
        slot->trouble = e;
}

static void take_out_locked(struct floor *f, struct floor_slot *slot)
{
    struct err ignored = { 0 };
    session_remove_slot(f->session, slot->number, false, &ignored);
    slot->in_session = false;
}

/* A board that is its own USB device comes and goes when it is reset, and one without an image does
 * so every three seconds: its slot waits for it. */
static bool is_gone_locked(const struct floor *f, const struct floor_slot *slot)
{
    return !slot->plugged && f->clock->now_us(f->clock) / 1000 >= slot->gone_ms + GONE_MS;
}

static void note_plug_locked(struct floor *f, struct floor_slot *slot, bool plugged)
{
    if (slot->plugged && !plugged)
        slot->gone_ms = f->clock->now_us(f->clock) / 1000;
    slot->was_absent = slot->was_absent || !plugged;
    if (plugged != slot->plugged)
        session_hint(f->session, slot->number);
    slot->plugged = plugged;
}

static void see_to_slot_locked(struct floor *f, struct floor_slot *slot,
                               const struct usb_ports *usb)
{
    char port[EVENT_PORT_BYTES];
    const bool plugged = find_port(f, slot, usb, port, sizeof port) && may_be_used(f, slot, port);
    note_plug_locked(f, slot, plugged);
    if (plugged && !slot->in_session)
        snprintf(slot->port, sizeof slot->port, "%s", port);
    if (slot->in_session && is_gone_locked(f, slot))
        take_out_locked(f, slot);
    else if (plugged && !slot->in_session)
        put_in_locked(f, slot);
}

static bool has_sockets(const struct floor *f)
{
    for (size_t i = 0; i < f->slot_count; i++) {
        if (f->slots[i].spec->usb)
            return true;
    }
    return false;
}

static void see_to_slots(struct floor *f)
{
    struct err ignored = { 0 };
    struct usb_ports *usb = has_sockets(f) ? usb_ports_new(f->root, &ignored) : NULL;
    pthread_mutex_lock(&f->lock);
    for (size_t i = 0; i < f->slot_count; i++)
        see_to_slot_locked(f, &f->slots[i], usb);
    pthread_mutex_unlock(&f->lock);
    usb_ports_free(usb);
}

/* ---- The thread ---- */

static bool is_under_way_locked(const struct floor_slot *slot, bool has_order)
{
    if (!slot->plugged)
        return slot->in_session || slot->denied_ms != 0;
    return !slot->in_session && (!slot->disabled || slot->proving) && has_order;
}

/* Whether some adapter is on its way, in or out. */
static bool is_under_way(struct floor *f)
{
    bool any = false;
    const bool has_order = session_has_order(f->session);
    pthread_mutex_lock(&f->lock);
    for (size_t i = 0; i < f->slot_count && !any; i++)
        any = is_under_way_locked(&f->slots[i], has_order);
    pthread_mutex_unlock(&f->lock);
    return any;
}

static int wait_ms(struct floor *f)
{
    if (!has_sockets(f))
        return LOOK_MS;
    return !f->adapters || f->root[0] || is_under_way(f) ? LOOK_NOW_MS : LOOK_MS;
}

static void watch(void *floor)
{
    struct floor *f = floor;
    struct pollfd fds[] = { { f->end_fd, POLLIN, 0 },
                            { f->kick_fd, POLLIN, 0 },
                            { event_fd(f->reader), POLLIN, 0 },
                            { usb_watch_fd(f->adapters), POLLIN, 0 } };
    uint64_t look_ms = 0;
    eventfd_t ignored;
    do {
        const uint64_t now_ms = f->clock->now_us(f->clock) / 1000;
        const bool kicked = eventfd_read(f->kick_fd, &ignored) == 0;
        take_events(f);
        if (usb_watch_take(f->adapters) || kicked || now_ms >= look_ms) {
            see_to_slots(f);
            look_ms = now_ms + (uint64_t)wait_ms(f);
        }
        poll(fds, 4, wait_ms(f));
    } while (!(fds[0].revents & POLLIN));
}

bool floor_watch_begin(struct floor *f, struct err *e)
{
    f->adapters = has_sockets(f) ? usb_watch_new(f->root) : NULL;
    see_to_slots(f); /* what is there when it begins was not plugged in just now */
    return crew_open(&f->crew, STACK_BYTES, e) &&
           crew_start(&f->crew, &f->thread, "Floor", watch, f, e);
}

void floor_watch_end(struct floor *f)
{
    if (f->end_fd >= 0)
        eventfd_write(f->end_fd, 1);
    crew_join(&f->thread);
    crew_close(&f->crew);
    usb_watch_free(f->adapters);
}
