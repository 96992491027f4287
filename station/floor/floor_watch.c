/* The floor's own thread: counts what came, and gives the session the slots whose adapters are
 * there. */
#include "station/floor/floor_priv.h"

#include "core/ports/usb_socket.h"
#include "db/write/lot.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define LOOK_MS     500 /* how often the adapters are looked at */
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
    pthread_mutex_unlock(&f->lock);
    read_room(f);
}

static void count_verdict(struct floor *f, const struct event *event)
{
    pthread_mutex_lock(&f->lock);
    headcount_take(&f->headcount, event);
    if (event->verdict == VERDICT_PASS)
        f->times[f->times_count++ % TIMES_KEPT] = event->seconds;
    pthread_mutex_unlock(&f->lock);
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

static void put_in_locked(struct floor *f, struct floor_slot *slot)
{
    struct err e = { 0 };
    struct order *order = floor_order(f);
    order_release(order);
    if (!order || slot->disabled || f->stopping)
        return;
    slot->in_session = session_add_slot(f->session, slot->number, slot->port, &e);
    slot->trouble = e;
}

static void take_out_locked(struct floor *f, struct floor_slot *slot)
{
    struct err ignored = { 0 };
    session_remove_slot(f->session, slot->number, false, &ignored);
    slot->in_session = false;
}

static void see_to_slot_locked(struct floor *f, struct floor_slot *slot,
                               const struct usb_ports *usb)
{
    char port[EVENT_PORT_BYTES];
    const bool plugged = find_port(f, slot, usb, port, sizeof port);
    const bool changed = plugged != slot->plugged;
    slot->plugged = plugged;
    if (plugged && !slot->in_session)
        snprintf(slot->port, sizeof slot->port, "%s", port);
    if (slot->in_session && (!plugged || slot->disabled))
        take_out_locked(f, slot);
    else if (plugged && !slot->in_session)
        put_in_locked(f, slot);
    if (changed)
        session_hint(f->session, slot->number);
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

static void watch(void *floor)
{
    struct floor *f = floor;
    struct pollfd fds[] = { { f->end_fd, POLLIN, 0 },
                            { f->kick_fd, POLLIN, 0 },
                            { event_fd(f->reader), POLLIN, 0 } };
    eventfd_t ignored;
    do {
        take_events(f);
        see_to_slots(f);
        poll(fds, 3, LOOK_MS);
        eventfd_read(f->kick_fd, &ignored);
    } while (!(fds[0].revents & POLLIN));
}

bool floor_watch_begin(struct floor *f, struct err *e)
{
    return crew_open(&f->crew, STACK_BYTES, e) &&
           crew_start(&f->crew, &f->thread, "Floor", watch, f, e);
}

void floor_watch_end(struct floor *f)
{
    if (f->end_fd >= 0)
        eventfd_write(f->end_fd, 1);
    crew_join(&f->thread);
    crew_close(&f->crew);
}
