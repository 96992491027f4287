#include "station/line/session.h"

#include "station/line/crew.h"
#include "station/line/ports.h"
#include "station/line/slot.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* Deep enough for a block's frame, an error text and a transaction of the database. */
#define STACK_BYTES ((size_t)256 << 10)

/* A slot and its thread. */
struct place {
    struct slot slot;
    struct session *session;
    struct crew_thread thread;
    bool leaving, ended; /* under the session's lock */
    struct place *next;  /* of those that have left */
};

/* The verdict of a slot that has left, until one of its number is placed again. */
struct memory {
    int number;
    struct slot_memory slot;
    struct memory *next;
};

struct session {
    struct gang gang;
    struct crew crew;
    bool together;
    pthread_mutex_t lock;            /* guards what follows */
    struct place *places[SLOTS_MAX]; /* by number */
    size_t count;
    struct place *left; /* out of the session, and to be joined */
    struct memory *memories;
    bool stopping;
};

/* ---- Its life ---- */

static bool open_record(struct session *s, const char *db_path, int *interrupted, struct err *e)
{
    *interrupted = 0;
    if (!db_path)
        return true;
    s->gang.record = record_new(db_path, s->gang.clock, interrupted, e);
    return s->gang.record != NULL;
}

static bool open_look(struct session *s, const char *path, struct err *e)
{
    s->gang.look = path ? db_open_reader(path, DB_BUSY_MS, e) : NULL;
    return !path || s->gang.look;
}

static bool open_stop(struct session *s, struct err *e)
{
    if (!s->together)
        return true;
    s->gang.stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    s->gang.idle_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return (s->gang.stop_fd >= 0 && s->gang.idle_fd >= 0) ||
           err_set_sys(e, ERR_STATION, errno, "The slots cannot be set up");
}

struct session *session_new(const struct session_setup *setup, int *interrupted, struct err *e)
{
    struct session *s = calloc(1, sizeof *s);
    if (!s) {
        err_set(e, ERR_STATION, "Out of memory for a session");
        return NULL;
    }
    s->together = setup->together;
    s->gang.clock = setup->clock;
    s->gang.kind = setup->kind;
    s->gang.loop = setup->loop;
    s->gang.give_ms = setup->give_ms;
    s->gang.golden = setup->golden;
    s->gang.golden_count = setup->golden_count;
    s->gang.stop_fd = s->gang.idle_fd = -1;
    gang_init(&s->gang);
    pthread_mutex_init(&s->lock, NULL);
    s->gang.events = event_feed_new(e);
    if (s->gang.events && crew_open(&s->crew, STACK_BYTES, e) && open_stop(s, e) &&
        open_record(s, setup->db_path, interrupted, e) && open_look(s, setup->look_path, e))
        return s;
    session_free(s);
    return NULL;
}

static void free_place(struct place *p)
{
    crew_join(&p->thread);
    slot_done(&p->slot);
    free(p);
}

/* Those that have left have nothing more to do than to end. */
static void join_left(struct session *s)
{
    pthread_mutex_lock(&s->lock);
    struct place *left = s->left;
    s->left = NULL;
    pthread_mutex_unlock(&s->lock);
    while (left) {
        struct place *next = left->next;
        free_place(left);
        left = next;
    }
}

/* ---- What those have known that have left ---- */

/* Without memory the next slot of that number has to ask for itself. */
static void remember_locked(struct session *s, const struct place *p)
{
    struct memory *m = malloc(sizeof *m);
    if (m && slot_remember(&p->slot, &m->slot)) {
        m->number = p->slot.number;
        m->next = s->memories;
        s->memories = m;
    } else {
        free(m);
    }
}

/* Takes it out of the list; the caller frees. NULL: there is none. */
static struct memory *take_memory_locked(struct session *s, int number)
{
    struct memory **at = &s->memories;
    while (*at && (*at)->number != number)
        at = &(*at)->next;
    struct memory *m = *at;
    if (m)
        *at = m->next;
    return m;
}

static void forget_all(struct session *s)
{
    while (s->memories) {
        struct memory *next = s->memories->next;
        free(s->memories);
        s->memories = next;
    }
}

static void await_all(struct session *s)
{
    struct pollfd done = { crew_done_fd(&s->crew), POLLIN, 0 };
    while (!crew_is_done(&s->crew))
        poll(&done, 1, -1);
}

void session_free(struct session *s)
{
    if (!s)
        return;
    if (s->crew.is_open) {
        session_stop(s, true);
        await_all(s);
    }
    join_left(s);
    forget_all(s);
    for (size_t i = 0; i < s->count; i++)
        free_place(s->places[i]);
    crew_close(&s->crew);
    gang_done(&s->gang);
    if (s->gang.stop_fd >= 0)
        close(s->gang.stop_fd);
    if (s->gang.idle_fd >= 0)
        close(s->gang.idle_fd);
    record_free(s->gang.record);
    db_close(s->gang.look);
    event_feed_free(s->gang.events);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

struct record *session_record(const struct session *s)
{
    return s->gang.record;
}

const struct clock *session_clock(const struct session *s)
{
    return s->gang.clock;
}

/* ---- The order ---- */

static void tell(struct session *s, enum event_kind kind, const struct slot *slot,
                 const struct order *order)
{
    const struct clock *c = s->gang.clock;
    struct event event = { .kind = kind, .utc_ms = c->utc_ms(c), .at_us = c->now_us(c) };
    if (order)
        event.order = *order_name(order);
    if (slot) {
        event.slot = slot->number;
        snprintf(event.port, sizeof event.port, "%s", slot->port_text);
    }
    event_put(s->gang.events, &event);
}

void session_note(struct session *s, int number, int64_t run_id, const char *sentence)
{
    const struct clock *c = s->gang.clock;
    struct event event = { .kind = EVENT_NOTE,
                           .slot = number,
                           .run_id = run_id,
                           .utc_ms = c->utc_ms(c),
                           .at_us = c->now_us(c) };
    struct slot_view v;
    snprintf(event.err.what, sizeof event.err.what, "%s", sentence);
    if (session_find(s, number, &v))
        snprintf(event.port, sizeof event.port, "%s", v.port);
    event_put(s->gang.events, &event);
}

void session_set_order(struct session *s, struct order *order)
{
    gang_set_order(&s->gang, order);
    tell(s, EVENT_ORDER, NULL, order);
}

struct order *session_order(struct session *s)
{
    return gang_order(&s->gang);
}

bool session_has_order(struct session *s)
{
    struct order *order = gang_order(&s->gang);
    const bool any = order != NULL;
    order_release(order);
    return any;
}

/* ---- Places ---- */

/* The place of the slot with this number, or where it would be. */
static size_t find_locked(const struct session *s, int number)
{
    size_t i = 0;
    while (i < s->count && s->places[i]->slot.number < number)
        i++;
    return i;
}

static struct place *place_locked(const struct session *s, int number)
{
    size_t i = find_locked(s, number);
    return i < s->count && s->places[i]->slot.number == number ? s->places[i] : NULL;
}

static void insert_locked(struct session *s, struct place *p)
{
    size_t i = find_locked(s, p->slot.number);
    memmove(&s->places[i + 1], &s->places[i], (s->count - i) * sizeof s->places[0]);
    s->places[i] = p;
    s->count++;
    tell(s, EVENT_ADDED, &p->slot, NULL);
}

static void take_out_locked(struct session *s, struct place *p)
{
    size_t i = find_locked(s, p->slot.number);
    s->count--;
    memmove(&s->places[i], &s->places[i + 1], (s->count - i) * sizeof s->places[0]);
    gang_release_mac(&s->gang, p->slot.number);
    remember_locked(s, p);
    p->next = s->left;
    s->left = p;
    tell(s, EVENT_REMOVED, &p->slot, NULL);
}

static void work_in_place(void *place)
{
    struct place *p = place;
    struct session *s = p->session;
    slot_main(&p->slot);
    pthread_mutex_lock(&s->lock);
    p->ended = true;
    if (p->leaving)
        take_out_locked(s, p);
    pthread_mutex_unlock(&s->lock);
}

/* ---- Giving slots ---- */

static bool check_port_locked(const struct session *s, const char *port, struct err *e)
{
    const char *ports[SLOTS_MAX];
    for (size_t i = 0; i < s->count; i++)
        ports[i] = s->places[i]->slot.port_text;
    const size_t count = s->count + 1;
    return ports_check_more(ports, s->count, port, e) &&
           limits_allow_files(count, s->together ? 0 : 3 * count, e);
}

static bool may_add_locked(struct session *s, int number, const char *port, struct err *e)
{
    const struct place *there = place_locked(s, number);
    if (s->stopping)
        return err_set(e, ERR_STOPPED, "The session is stopping");
    if (there && there->leaving)
        return err_set(e, ERR_USAGE, "Slot %d still finishes its board", number);
    if (there)
        return err_set(e, ERR_USAGE, "Slot %d is there already", number);
    if (!session_has_order(s))
        return err_set(e, ERR_USAGE, "There is no recipe yet to flash by");
    return check_port_locked(s, port, e);
}

static struct place *place_new_locked(struct session *s, const struct slot_setup *setup,
                                      struct err *e)
{
    struct place *p = calloc(1, sizeof *p);
    if (!p) {
        err_set(e, ERR_STATION, "Out of memory for slot %d", setup->number);
        return NULL;
    }
    p->session = s;
    struct memory *m = take_memory_locked(s, setup->number);
    struct slot_setup own = *setup;
    own.memory = m && setup->resumes ? &m->slot : NULL;
    const bool ok = slot_init(&p->slot, &own, &s->gang, e);
    free(m);
    if (ok)
        return p;
    free_place(p);
    return NULL;
}

/* It is in the session before it begins: who hears of its board finds its view. */
static bool start_locked(struct session *s, struct place *p, struct err *e)
{
    char name[32];
    snprintf(name, sizeof name, "Slot %d", p->slot.number);
    insert_locked(s, p);
    if (crew_start(&s->crew, &p->thread, name, work_in_place, p, e))
        return true;
    take_out_locked(s, p);
    return false;
}

bool session_place_slot(struct session *s, const struct slot_setup *setup, struct err *e)
{
    join_left(s);
    pthread_mutex_lock(&s->lock);
    struct place *p =
        may_add_locked(s, setup->number, setup->port, e) ? place_new_locked(s, setup, e) : NULL;
    bool ok = p && start_locked(s, p, e);
    pthread_mutex_unlock(&s->lock);
    return ok;
}

bool session_add_slot(struct session *s, int number, const char *port, struct err *e)
{
    const struct slot_setup setup = { .number = number, .port = port };
    return session_place_slot(s, &setup, e);
}

/* ---- What is wanted of them ---- */

static struct place *find_to_press_locked(const struct session *s, int number, struct err *e)
{
    struct place *p = place_locked(s, number);
    if (!p)
        err_set(e, ERR_USAGE, "There is no slot %d", number);
    if (!p || !s->together)
        return p;
    err_set(e, ERR_USAGE, "The slots of this session begin by themselves");
    return NULL;
}

bool session_press(struct session *s, int number, const struct slot_press *press, struct err *e)
{
    pthread_mutex_lock(&s->lock);
    struct place *p = find_to_press_locked(s, number, e);
    if (p)
        slot_press(&p->slot, press);
    pthread_mutex_unlock(&s->lock);
    return p != NULL;
}

bool session_prove_slot(struct session *s, int number, bool golden_only, struct err *e)
{
    pthread_mutex_lock(&s->lock);
    struct place *p = find_to_press_locked(s, number, e);
    if (p)
        atomic_store(&p->slot.golden_only, golden_only);
    pthread_mutex_unlock(&s->lock);
    return p != NULL;
}

bool session_pause_slot(struct session *s, int number, bool pause, struct err *e)
{
    pthread_mutex_lock(&s->lock);
    struct place *p = find_to_press_locked(s, number, e);
    if (p)
        slot_pause(&p->slot, pause);
    pthread_mutex_unlock(&s->lock);
    return p != NULL;
}

bool session_stop_run(struct session *s, int number, struct err *e)
{
    pthread_mutex_lock(&s->lock);
    struct place *p = find_to_press_locked(s, number, e);
    if (p)
        slot_stop_run(&p->slot);
    pthread_mutex_unlock(&s->lock);
    return p != NULL;
}

/* ---- Taking and stopping them ---- */

static struct place *find_to_stop_locked(const struct session *s, int number, bool hard,
                                         struct err *e)
{
    struct place *p = place_locked(s, number);
    if (!p)
        err_set(e, ERR_USAGE, "There is no slot %d", number);
    if (!p || !hard || !s->together)
        return p;
    err_set(e, ERR_USAGE, "The slots of this session are stopped together only");
    return NULL;
}

bool session_remove_slot(struct session *s, int number, bool hard, struct err *e)
{
    pthread_mutex_lock(&s->lock);
    struct place *p = find_to_stop_locked(s, number, hard, e);
    if (p) {
        p->leaving = true;
        slot_stop(&p->slot, hard);
    }
    if (p && p->ended)
        take_out_locked(s, p);
    pthread_mutex_unlock(&s->lock);
    join_left(s);
    return p != NULL;
}

bool session_stop_slot(struct session *s, int number, bool hard, struct err *e)
{
    pthread_mutex_lock(&s->lock);
    struct place *p = find_to_stop_locked(s, number, hard, e);
    if (p)
        slot_stop(&p->slot, hard);
    pthread_mutex_unlock(&s->lock);
    return p != NULL;
}

void session_stop(struct session *s, bool hard)
{
    pthread_mutex_lock(&s->lock);
    s->stopping = true;
    if (s->gang.idle_fd >= 0)
        eventfd_write(s->gang.idle_fd, 1);
    for (size_t i = 0; i < s->count; i++)
        slot_stop(&s->places[i]->slot, hard);
    pthread_mutex_unlock(&s->lock);
}

void session_halt(struct session *s, bool halted)
{
    atomic_store(&s->gang.halted, halted);
    pthread_mutex_lock(&s->lock);
    for (size_t i = 0; i < s->count; i++)
        slot_wake(&s->places[i]->slot);
    pthread_mutex_unlock(&s->lock);
}

bool session_is_stopping(struct session *s)
{
    pthread_mutex_lock(&s->lock);
    bool stopping = s->stopping;
    pthread_mutex_unlock(&s->lock);
    return stopping;
}

bool session_is_done(struct session *s)
{
    return crew_is_done(&s->crew);
}

int session_done_fd(const struct session *s)
{
    return crew_done_fd(&s->crew);
}

/* ---- Giving values ---- */

bool session_give(struct session *s, int number, const char *name, const char *text, struct err *e)
{
    struct order *order = gang_order(&s->gang);
    char *own = strdup(text);
    bool ok = !own    ? err_set(e, ERR_STATION, "Out of memory for a value")
              : order ? unit_given_judge(order_recipe(order), name, own, e)
                      : err_set(e, ERR_USAGE, "There is no recipe yet that takes values");
    order_release(order);
    if (!ok)
        goto out;
    pthread_mutex_lock(&s->lock);
    struct place *p = place_locked(s, number);
    ok = p ? slot_give(&p->slot, name, own, e)
           : err_set(e, ERR_USAGE, "There is no slot %d", number);
    pthread_mutex_unlock(&s->lock);
out:
    unit_wipe(own, own ? strlen(own) : 0);
    return ok;
}

bool session_scan(struct session *s, int number, const char *code, bool starts, struct err *e)
{
    struct order *order = gang_order(&s->gang);
    if (!order)
        return err_set(e, ERR_USAGE, "There is no recipe yet that takes values");
    pthread_mutex_lock(&s->lock);
    struct place *p = place_locked(s, number);
    const bool ok = p ? slot_scan(&p->slot, order_recipe(order), code, starts, e)
                      : err_set(e, ERR_USAGE, "There is no slot %d", number);
    pthread_mutex_unlock(&s->lock);
    order_release(order);
    return ok;
}

bool session_takes_scans(struct session *s)
{
    struct order *order = gang_order(&s->gang);
    bool takes = false;
    if (!order)
        return false;
    const struct unit *u = &order_recipe(order)->unit;
    for (size_t i = 0; u->asked && i < u->value_count; i++)
        takes = takes || u->values[i].from == UNIT_FROM_SCAN;
    order_release(order);
    return takes;
}

/* ---- Looking ---- */

static struct slot_view view_of_locked(struct place *p)
{
    struct slot_view view = slot_look(&p->slot);
    view.leaving = p->leaving;
    return view;
}

bool session_look(struct session *s, size_t i, struct slot_view *view)
{
    pthread_mutex_lock(&s->lock);
    const bool there = i < s->count;
    if (there)
        *view = view_of_locked(s->places[i]);
    pthread_mutex_unlock(&s->lock);
    return there;
}

bool session_find(struct session *s, int number, struct slot_view *view)
{
    pthread_mutex_lock(&s->lock);
    struct place *p = place_locked(s, number);
    if (p)
        *view = view_of_locked(p);
    pthread_mutex_unlock(&s->lock);
    return p != NULL;
}

void session_hint(struct session *s, int number)
{
    const struct clock *c = s->gang.clock;
    const struct event event = {
        .kind = EVENT_CHANGED, .utc_ms = c->utc_ms(c), .at_us = c->now_us(c), .slot = number
    };
    event_put(s->gang.events, &event);
}

size_t session_slot_count(struct session *s)
{
    pthread_mutex_lock(&s->lock);
    size_t count = s->count;
    pthread_mutex_unlock(&s->lock);
    return count;
}

struct event_reader *session_watch(struct session *s, size_t weighty_max, struct err *e)
{
    return event_reader_new(s->gang.events, weighty_max, e);
}
