#include "station/label/label_desk.h"

#include "db/write/label_rows.h"
#include "station/label/printer.h"
#include "station/line/crew.h"
#include "station/line/event.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define STACK_BYTES   ((size_t)256 << 10)
#define OWED_MAX      256
#define AGAIN_MS      3000u /* until a printer that is not well is asked again, */
#define OTHERS_MS     5000u /* ...and until labels are looked for that others have ordered */
#define LOOK_MS       300u  /* between two looks at a label on its way */
#define SLOW_LOOKS    60    /* after so many it is said that nothing comes of it */
#define AWAIT_STEP_MS 50u

#define SAID_BYTES 320

/* A label that is owed to a slot, and what was last said of it. */
struct owed {
    struct db_label_owed label;
    char said[SAID_BYTES];
};

struct label_desk {
    struct label_desk_setup setup;
    struct printer *printer;
    int unsure;
    int stop_fd, wake_fd;
    struct crew crew;
    struct crew_thread thread;
    /* Of the thread alone; others see `waiting`. */
    struct owed owed[OWED_MAX], next[OWED_MAX];
    size_t owed_count;
    pthread_mutex_t lock; /* guards what follows */
    struct err trouble;   /* code ERR_NONE: none */
    int64_t waiting[OWED_MAX];
    size_t waiting_count;
    int64_t open; /* labels that are not ended; below 0: not known yet */
    bool looked;  /* since it was woken last */
    bool sent;    /* a label is on its way: what becomes of it will show */
};

/* ---- What is seen of it ---- */

bool label_desk_trouble(struct label_desk *d, struct err *why)
{
    pthread_mutex_lock(&d->lock);
    const bool any = d->trouble.code != ERR_NONE;
    if (any)
        *why = d->trouble;
    pthread_mutex_unlock(&d->lock);
    return any;
}

bool label_desk_waits(struct label_desk *d, int64_t run_id, struct err *why)
{
    bool waits = false;
    pthread_mutex_lock(&d->lock);
    for (size_t i = 0; d->trouble.code != ERR_NONE && i < d->waiting_count; i++)
        waits = waits || d->waiting[i] == run_id;
    if (waits)
        *why = d->trouble;
    pthread_mutex_unlock(&d->lock);
    return waits;
}

int label_desk_unsure(const struct label_desk *d)
{
    return d->unsure;
}

void label_desk_wake(struct label_desk *d)
{
    pthread_mutex_lock(&d->lock);
    d->looked = false;
    pthread_mutex_unlock(&d->lock);
    eventfd_write(d->wake_fd, 1);
}

static bool is_settled(struct label_desk *d, int64_t *open)
{
    pthread_mutex_lock(&d->lock);
    const bool settled = d->looked && (d->open == 0 || (d->trouble.code != ERR_NONE && !d->sent));
    *open = d->open < 0 ? 0 : d->open;
    pthread_mutex_unlock(&d->lock);
    return settled;
}

int64_t label_desk_await(struct label_desk *d, uint32_t ms, int stop_fd)
{
    const struct clock *const c = d->setup.clock;
    const struct deadline end = deadline_in_ms(c, ms);
    int64_t open = 0;
    label_desk_wake(d);
    while (!is_settled(d, &open) && !deadline_over(c, end)) {
        if (!c->sleep_until(c, deadline_in_ms(c, AWAIT_STEP_MS).at_us, stop_fd))
            break;
    }
    return open;
}

/* ---- What is said of slots ---- */

static void say(struct label_desk *d, struct owed *o, const char *sentence)
{
    if (strcmp(o->said, sentence) == 0)
        return;
    snprintf(o->said, sizeof o->said, "%s", sentence);
    if (d->setup.tell)
        d->setup.tell(d->setup.ctx, o->label.slot, o->label.run_id, sentence);
}

/* Each slot whose label waits hears of it once, and again when it is another reason. */
static void say_trouble(struct label_desk *d, const struct err *why)
{
    char sentence[SAID_BYTES];
    snprintf(sentence, sizeof sentence, "Its label waits: %.250s", why->what);
    for (size_t i = 0; i < d->owed_count; i++)
        say(d, &d->owed[i], sentence);
}

static void set_trouble(struct label_desk *d, const struct err *why)
{
    pthread_mutex_lock(&d->lock);
    if (why)
        d->trouble = *why;
    else
        d->trouble.code = ERR_NONE;
    d->looked = true;
    pthread_mutex_unlock(&d->lock);
    if (why)
        say_trouble(d, why);
}

/* Those that stay keep what was said of them. */
static void take_owed(struct label_desk *d, const struct db_label_owed *now, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        d->next[i] = (struct owed){ .label = now[i] };
        for (size_t k = 0; k < d->owed_count; k++) {
            if (d->owed[k].label.run_id == now[i].run_id)
                d->next[i] = d->owed[k];
        }
    }
    memcpy(d->owed, d->next, count * sizeof d->owed[0]);
    d->owed_count = count;
}

/* How many wait, and for which runs. */
static bool look_at_queue(struct label_desk *d, int64_t *open, struct err *e)
{
    struct db_label_owed now[OWED_MAX];
    size_t count = 0;
    const char *const to = d->setup.printer->to;
    if (!db_label_open(d->setup.db, to, open, e) ||
        !db_label_owed(d->setup.db, to, now, OWED_MAX, &count, e))
        return false;
    take_owed(d, now, count);
    pthread_mutex_lock(&d->lock);
    d->open = *open;
    d->waiting_count = count;
    for (size_t i = 0; i < count; i++)
        d->waiting[i] = now[i].run_id;
    pthread_mutex_unlock(&d->lock);
    return true;
}

/* ---- One label ---- */

static int64_t now_utc_ms(const struct label_desk *d)
{
    return d->setup.clock->utc_ms(d->setup.clock);
}

/* False when it is to end. */
static bool pause_ms(const struct label_desk *d, uint32_t ms)
{
    const struct clock *const c = d->setup.clock;
    return c->sleep_until(c, deadline_in_ms(c, ms).at_us, d->stop_fd);
}

static void say_end(struct label_desk *d, int64_t run_id, const char *sentence)
{
    for (size_t i = 0; i < d->owed_count; i++) {
        struct owed *const o = &d->owed[i];
        if (o->label.run_id == run_id && o->said[0])
            say(d, o, sentence);
    }
}

/* The record may be busy for a moment; without this row the label would be taken for unsure. */
static void end_label(struct label_desk *d, const struct db_label_claim *label,
                      enum db_label_outcome outcome, const char *sentence)
{
    struct err e = { 0 };
    for (int tries = 0; tries < 3; tries++) {
        if (db_label_end(d->setup.db, label->id, outcome, sentence, now_utc_ms(d), &e))
            break;
        set_trouble(d, &e);
        if (!pause_ms(d, AGAIN_MS))
            break;
    }
    if (outcome == DB_LABEL_UNSURE) {
        char text[SAID_BYTES];
        snprintf(text, sizeof text, "Whether its label is printed is not known: %.250s", sentence);
        for (size_t i = 0; i < d->owed_count; i++) {
            if (d->owed[i].label.run_id == label->run_id)
                say(d, &d->owed[i], text);
        }
    } else {
        say_end(d, label->run_id, "Its label is printed");
    }
}

static void set_sent(struct label_desk *d, bool sent)
{
    pthread_mutex_lock(&d->lock);
    d->sent = sent;
    pthread_mutex_unlock(&d->lock);
}

/* Until the printer is through with it. A person may have to put in a roll meanwhile, so this takes
 * as long as it takes. */
static void follow(struct label_desk *d, const struct db_label_claim *label)
{
    for (int looks = 0;; looks++) {
        struct err e = { 0 };
        const enum printer_look look = printer_look(d->printer, &e);
        if (look == PRINTER_DONE) {
            end_label(d, label, printer_confirms(d->printer) ? DB_LABEL_PRINTED : DB_LABEL_SENT,
                      NULL);
            return;
        }
        if (look == PRINTER_DROPPED) {
            end_label(d, label, DB_LABEL_UNSURE, e.what);
            return;
        }
        if (look == PRINTER_BUSY && looks < SLOW_LOOKS) {
            set_trouble(d, NULL);
        } else {
            if (look == PRINTER_BUSY)
                err_set(&e, ERR_STATION, "The printer has the label and does not print it");
            set_trouble(d, &e);
            looks = look == PRINTER_BUSY ? looks : 0;
        }
        if (!pause_ms(d, look == PRINTER_BUSY ? LOOK_MS : AGAIN_MS)) {
            end_label(d, label, DB_LABEL_UNSURE,
                      "The station was ended before the printer said that it is printed");
            return;
        }
    }
}

enum step { STEP_NOTHING, STEP_PRINTED, STEP_TROUBLE };

static enum step send_label(struct label_desk *d, const struct db_label_claim *label, struct err *e)
{
    char title[64];
    struct err ignored = { 0 };
    snprintf(title, sizeof title, "espstation run %" PRId64 " label %d", label->run_id,
             label->number);
    switch (printer_send(d->printer, label->zpl, title, e)) {
    case PRINTER_SENT:
        set_sent(d, true);
        follow(d, label);
        set_sent(d, false);
        return STEP_PRINTED;
    case PRINTER_UNSURE:
        end_label(d, label, DB_LABEL_UNSURE, e->what);
        return STEP_PRINTED;
    case PRINTER_NOT_SENT:
        break;
    }
    if (!db_label_put_back(d->setup.db, label->id, &ignored))
        *e = ignored;
    return STEP_TROUBLE;
}

/* The printer is asked how it is before the label is begun: what waits for a roll of paper is not
 * on its way. */
static enum step print_next(struct label_desk *d, struct err *e)
{
    struct db_label_claim label = { 0 };
    int64_t open = 0;
    if (!look_at_queue(d, &open, e))
        return STEP_TROUBLE;
    if (open == 0)
        return STEP_NOTHING;
    if (!printer_ready(d->printer, e) ||
        !db_label_begin(d->setup.db, d->setup.printer->to, now_utc_ms(d), &label, e))
        return STEP_TROUBLE;
    enum step step = STEP_NOTHING;
    if (label.id > 0)
        step = send_label(d, &label, e);
    free(label.zpl);
    return step;
}

/* ---- The thread ---- */

/* True: a board has passed, or nobody knows what was missed. */
static bool take_events(struct label_desk *d)
{
    struct event event;
    bool passed = false;
    while (d->setup.reader && event_take(d->setup.reader, &event))
        passed = passed || event.kind == EVENT_SNAPSHOT ||
                 (event.kind == EVENT_VERDICT && event.verdict == VERDICT_PASS);
    return passed;
}

/* Until there may be something to do. */
static void wait_for_work(struct label_desk *d, uint32_t ms)
{
    const struct clock *const c = d->setup.clock;
    const struct deadline end = deadline_in_ms(c, ms);
    eventfd_t ignored;
    struct pollfd fds[] = { { d->stop_fd, POLLIN, 0 },
                            { d->wake_fd, POLLIN, 0 },
                            { d->setup.reader ? event_fd(d->setup.reader) : -1, POLLIN, 0 } };
    do {
        poll(fds, 3, deadline_left_ms(c, end));
        if (eventfd_read(d->wake_fd, &ignored) == 0)
            return;
    } while (!(fds[0].revents & POLLIN) && !take_events(d) && !deadline_over(c, end));
}

static bool is_to_end(const struct label_desk *d)
{
    struct pollfd stop = { d->stop_fd, POLLIN, 0 };
    return poll(&stop, 1, 0) > 0;
}

static void work(void *ctx)
{
    struct label_desk *const d = ctx;
    while (!is_to_end(d)) {
        struct err e = { 0 };
        const enum step step = print_next(d, &e);
        if (step == STEP_PRINTED)
            continue;
        printer_close(d->printer);
        set_trouble(d, step == STEP_TROUBLE ? &e : NULL);
        wait_for_work(d, step == STEP_TROUBLE ? AGAIN_MS : OTHERS_MS);
    }
}

/* ---- Its life ---- */

static bool open_all(struct label_desk *d, struct err *e)
{
    const struct label_desk_setup *const s = &d->setup;
    d->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    d->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (d->stop_fd < 0 || d->wake_fd < 0)
        return err_set_sys(e, ERR_STATION, errno, "The printer's desk cannot be set up");
    d->printer = printer_new(s->printer, s->clock, d->stop_fd, e);
    return d->printer && db_label_give_up_dead(s->db, now_utc_ms(d), &d->unsure, e) &&
           crew_open(&d->crew, STACK_BYTES, e) &&
           crew_start(&d->crew, &d->thread, "Labels", work, d, e);
}

struct label_desk *label_desk_new(const struct label_desk_setup *setup, struct err *e)
{
    struct label_desk *const d = calloc(1, sizeof *d);
    if (!d) {
        event_reader_free(setup->reader);
        err_set(e, ERR_STATION, "Out of memory for the printer's desk");
        return NULL;
    }
    d->setup = *setup;
    d->stop_fd = d->wake_fd = -1;
    d->open = -1;
    pthread_mutex_init(&d->lock, NULL);
    if (open_all(d, e))
        return d;
    label_desk_free(d);
    return NULL;
}

void label_desk_free(struct label_desk *d)
{
    if (!d)
        return;
    if (d->stop_fd >= 0)
        eventfd_write(d->stop_fd, 1);
    crew_join(&d->thread);
    crew_close(&d->crew);
    printer_free(d->printer);
    event_reader_free(d->setup.reader);
    if (d->stop_fd >= 0)
        close(d->stop_fd);
    if (d->wake_fd >= 0)
        close(d->wake_fd);
    pthread_mutex_destroy(&d->lock);
    free(d);
}
