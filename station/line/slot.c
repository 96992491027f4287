#include "station/line/slot_priv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define BACK_MS        20000u /* how long a pulled cable is waited for */
#define BACK_POLL_MS   250u
#define NATIVE_BACK_MS 5000u
#define GIFT_POLL_MS   50u

static bool add_to_set(int set_fd, int fd)
{
    struct epoll_event event = { .events = EPOLLIN };
    return epoll_ctl(set_fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

/* Slots that are stopped together alone are not pressed, and need no descriptors for it. */
static bool open_descriptors(struct slot *s)
{
    s->wake_fd = -1;
    s->stop_fd = s->gang->stop_fd;
    s->idle_fd = s->gang->idle_fd;
    if (s->stop_fd >= 0)
        return true;
    s->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    s->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    s->idle_fd = epoll_create1(EPOLL_CLOEXEC);
    return s->stop_fd >= 0 && s->wake_fd >= 0 && s->idle_fd >= 0 &&
           add_to_set(s->idle_fd, s->stop_fd) && add_to_set(s->idle_fd, s->wake_fd);
}

/* Its adapter is back, and the board of the verdict may be another one by now: it is asked, where
 * the rules let it be asked. */
static void recall(struct slot *s, const struct slot_memory *memory)
{
    s->presence = memory->presence;
    presence_rested(&s->presence, slot_now_us(s) / 1000);
    s->view = memory->view;
    s->view.lost = s->view.waits = (struct err){ 0 };
}

bool slot_remember(const struct slot *s, struct slot_memory *memory)
{
    if (s->presence.place != PLACE_DONE)
        return false;
    *memory = (struct slot_memory){ s->presence, s->view };
    return true;
}

bool slot_init(struct slot *s, const struct slot_setup *setup, struct gang *gang, struct err *e)
{
    memset(s, 0, sizeof *s);
    s->number = setup->number;
    s->gang = gang;
    pthread_mutex_init(&s->lock, NULL);
    s->port_text = strdup(setup->port);
    const bool opened = open_descriptors(s);
    presence_init(&s->presence, &setup->rules, slot_now_us(s) / 1000);
    if (setup->memory)
        recall(s, setup->memory);
    s->presence.appeared = setup->appeared;
    s->presence.unattended = gang->stop_fd >= 0;
    if (opened && s->port_text)
        return true;
    return err_set_sys(e, ERR_STATION, errno, "Slot %d cannot be set up", setup->number);
}

static void close_fd(int fd)
{
    if (fd >= 0)
        close(fd);
}

void slot_done(struct slot *s)
{
    free(s->entry);
    slot_close_port(s);
    unit_given_clear(&s->given);
    order_release(s->order);
    free(s->port_text);
    if (s->stop_fd != s->gang->stop_fd)
        close_fd(s->stop_fd);
    if (s->idle_fd != s->gang->idle_fd)
        close_fd(s->idle_fd);
    close_fd(s->wake_fd);
    pthread_mutex_destroy(&s->lock);
}

void slot_wake(struct slot *s)
{
    if (s->wake_fd >= 0)
        eventfd_write(s->wake_fd, 1);
}

void slot_stop(struct slot *s, bool hard)
{
    atomic_store(&s->stopping, true);
    if (hard)
        eventfd_write(s->stop_fd, 1);
    slot_wake(s);
}

void slot_stop_run(struct slot *s)
{
    eventfd_write(s->stop_fd, 1);
}

void slot_pause(struct slot *s, bool pause)
{
    atomic_store(&s->paused, pause);
    slot_wake(s);
}

void slot_press(struct slot *s, const struct slot_press *press)
{
    pthread_mutex_lock(&s->lock);
    s->pressed = *press;
    pthread_mutex_unlock(&s->lock);
    slot_wake(s);
}

/* A value for the wrong board is worse than one that has to be given twice: where it cannot be for
 * the board that is there, nor for one that is just being put in, it is refused. `starts`: it says
 * itself that a board is there. */
static bool may_give_locked(const struct slot *s, bool starts, struct err *e)
{
    const struct slot_view *v = &s->view;
    const bool has_verdict = v->state == SLOT_DONE && !v->empty && !v->ready && !starts;
    if (!s->gang->loop || (!has_verdict && !(v->state == SLOT_RUNNING && s->took_given)))
        return true;
    err_set(e, ERR_USAGE, "The board in slot %d wants no value any more", s->number);
    return err_hint(e, "Put the next board in, and give its value then.");
}

static bool put_locked(struct slot *s, const char *name, const char *text, struct err *e)
{
    if (!unit_given_put(&s->given, name, text, e))
        return false;
    s->given_us = slot_now_us(s);
    s->gifts++;
    return true;
}

bool slot_give(struct slot *s, const char *name, const char *text, struct err *e)
{
    pthread_mutex_lock(&s->lock);
    const bool ok = may_give_locked(s, false, e) && put_locked(s, name, text, e);
    pthread_mutex_unlock(&s->lock);
    return ok;
}

bool slot_scan(struct slot *s, const struct recipe *recipe, const char *code, bool starts,
               struct err *e)
{
    pthread_mutex_lock(&s->lock);
    const size_t first = s->view.wants_scan ? s->view.wanted : 0;
    const struct unit_value *v = NULL;
    const bool ok = may_give_locked(s, starts, e) &&
                    (v = unit_given_choose(&s->given, recipe, first, code, e)) != NULL &&
                    put_locked(s, v->name, code, e);
    pthread_mutex_unlock(&s->lock);
    return ok;
}

bool slot_copy_given(struct slot *s, struct unit_given *given, struct err *e)
{
    pthread_mutex_lock(&s->lock);
    bool ok = unit_given_copy(given, &s->given, e);
    pthread_mutex_unlock(&s->lock);
    return ok;
}

static unsigned gifts_of(struct slot *s)
{
    pthread_mutex_lock(&s->lock);
    unsigned gifts = s->gifts;
    pthread_mutex_unlock(&s->lock);
    return gifts;
}

bool slot_await_gift(struct slot *s, unsigned *gifts, struct deadline end)
{
    while (gifts_of(s) == *gifts) {
        if (deadline_over(slot_clock(s), end) || !slot_pause_ms(s, GIFT_POLL_MS))
            return false;
    }
    *gifts = gifts_of(s);
    return true;
}

void slot_use_given(struct slot *s, const struct unit_given *used)
{
    pthread_mutex_lock(&s->lock);
    unit_given_remove(&s->given, used);
    s->took_given = true;
    pthread_mutex_unlock(&s->lock);
}

void slot_drop_given(struct slot *s, uint32_t older_than_ms)
{
    pthread_mutex_lock(&s->lock);
    const bool old = slot_now_us(s) - s->given_us >= (uint64_t)older_than_ms * 1000;
    const bool any = old && s->given.count > 0;
    if (any)
        unit_given_clear(&s->given);
    pthread_mutex_unlock(&s->lock);
    if (any && s->gang->loop)
        slot_note(s, 0, "What was given is dropped: its board has not come, or is done");
}

struct slot_view slot_look(struct slot *s)
{
    pthread_mutex_lock(&s->lock);
    struct slot_view view = s->view;
    pthread_mutex_unlock(&s->lock);
    view.number = s->number;
    snprintf(view.port, sizeof view.port, "%s", s->port_text);
    view.bytes_done = atomic_load_explicit(&s->bytes_done, memory_order_relaxed);
    view.bytes_total = atomic_load_explicit(&s->bytes_total, memory_order_relaxed);
    return view;
}

const char *slot_word(const struct slot_view *view)
{
    switch (view->state) {
    case SLOT_WAITING:
        return "waiting";
    case SLOT_RUNNING:
        return phase_word(view->phase);
    case SLOT_DONE:
        return view->empty ? "waiting" : verdict_word(view->verdict);
    case SLOT_SKIPPED:
        break;
    }
    return "not started";
}

/* ---- What a slot knows ---- */

const struct clock *slot_clock(const struct slot *s)
{
    return s->gang->clock;
}

uint64_t slot_now_us(const struct slot *s)
{
    return slot_clock(s)->now_us(slot_clock(s));
}

int64_t slot_utc_ms(const struct slot *s)
{
    return slot_clock(s)->utc_ms(slot_clock(s));
}

const struct recipe *slot_recipe(const struct slot *s)
{
    return order_recipe(s->order);
}

static double seconds_since(const struct slot *s, uint64_t start_us)
{
    return (double)(slot_now_us(s) - start_us) / 1e6;
}

bool slot_is_stopping(const struct slot *s)
{
    return atomic_load(&s->stopping);
}

bool slot_pause_ms(const struct slot *s, uint32_t ms)
{
    const struct clock *c = slot_clock(s);
    return c->sleep_until(c, deadline_in_ms(c, ms).at_us, s->stop_fd);
}

void slot_tell(struct slot *s, int64_t run_id, enum event_kind kind,
               const struct attempt_result *result, enum verdict verdict)
{
    struct slot_view view = slot_look(s);
    struct event event = {
        .kind = kind,
        .utc_ms = slot_utc_ms(s),
        .at_us = slot_now_us(s),
        .slot = s->number,
        .order = view.order,
        .run_id = run_id,
        .golden = view.golden,
        .attempt = view.attempt,
        .phase = view.phase,
        .verdict = verdict,
        .state = view.board_state,
        .baud = view.baud,
        .chip = view.chip,
        .seconds = view.started_us ? seconds_since(s, view.started_us) : 0, /* no run began */
    };
    memcpy(event.mac, view.mac, sizeof event.mac);
    memcpy(event.serial, view.serial, sizeof event.serial);
    memcpy(event.port, view.port, sizeof event.port);
    if (result) {
        event.err = result->err;
        event.bytes = result->bytes_written;
        event.timing = result->timing;
        event.round_trips = result->round_trips;
    }
    event_put(s->gang->events, &event);
}

void slot_note(struct slot *s, int64_t run_id, const char *sentence)
{
    struct attempt_result said = { 0 };
    snprintf(said.err.what, sizeof said.err.what, "%s", sentence);
    slot_tell(s, run_id, EVENT_NOTE, &said, VERDICT_NONE);
}

/* ---- The port ---- */

/* Once the socket is known the port is opened by it: a device that was pulled, or has reset its own
 * USB, may come back under another name, which may by then be another slot's. */
bool slot_open_port(struct slot *s, uint32_t baud, struct err *e)
{
    const char *where = s->socket[0] ? s->socket : s->port_text;
    if (s->port)
        return true;
    s->port = port_new(where, baud, slot_clock(s), s->stop_fd,
                       deadline_in_ms(slot_clock(s), PORT_OPEN_MS), e);
    if (s->port)
        snprintf(s->socket, sizeof s->socket, "%s", s->port->by_path);
    s->was_open = s->was_open || s->port;
    if (!s->port)
        return false;
    s->port_open_ms = slot_now_us(s) / 1000;
    presence_found_port(&s->presence, s->port_open_ms);
    slot_show_port(s, &(struct err){ 0 });
    return true;
}

void slot_show_port(struct slot *s, const struct err *why)
{
    pthread_mutex_lock(&s->lock);
    const bool changed = strcmp(s->view.lost.what, why->what) != 0;
    s->view.lost = *why;
    pthread_mutex_unlock(&s->lock);
    if (changed)
        slot_tell(s, 0, EVENT_CHANGED, NULL, VERDICT_NONE);
}

bool slot_is_gone(const struct slot *s, enum err_code code)
{
    return code == ERR_PORT_GONE || (code == ERR_PORT_MISSING && s->was_open);
}

void slot_close_port(struct slot *s)
{
    port_free(s->port);
    s->port = NULL;
}

/* The new node may need a moment until it may be opened, so every failure but a stop means "not
 * yet". */
bool slot_await_port(struct slot *s, int64_t run_id, uint32_t baud)
{
    struct deadline end = deadline_in_ms(slot_clock(s), BACK_MS);
    slot_note(s, run_id, "The port is gone; waiting for it to come back");
    slot_close_port(s);
    while (!deadline_over(slot_clock(s), end)) {
        struct err not_yet = { 0 };
        if (slot_open_port(s, baud, &not_yet))
            return true;
        if (not_yet.code == ERR_STOPPED || !slot_pause_ms(s, BACK_POLL_MS))
            return false;
    }
    return false;
}

bool slot_is_native(const struct slot *s)
{
    return s->usb == USB_JTAG || s->usb == USB_OTG;
}

/* A board that is its own USB device comes back a moment after its reset. */
bool slot_await_native_port(struct slot *s, uint32_t baud, struct err *e)
{
    struct deadline end = deadline_in_ms(slot_clock(s), NATIVE_BACK_MS);
    for (;;) {
        struct err failure = { 0 };
        if (slot_open_port(s, baud, &failure))
            return true;
        if (failure.code != ERR_STOPPED && !deadline_over(slot_clock(s), end) &&
            slot_pause_ms(s, BACK_POLL_MS))
            continue;
        *e = failure;
        return false;
    }
}

/* The one that answered on the last board comes first. */
const struct reset_sequence *slot_choose_reset(const struct slot *s, struct reset_sequence *custom)
{
    const struct reset_sequence *list[RESET_CHOICES_MAX];
    size_t n =
        reset_choices(s->port, slot_recipe(s)->chip, slot_recipe(s)->port.reset_text, custom, list);
    return n > 0 ? list[s->reset_index % n] : NULL;
}
