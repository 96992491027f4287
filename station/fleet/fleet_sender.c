#include "station/fleet/fleet_sender.h"

#include "db/fleet/fleet.h"
#include "station/line/crew.h"

#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define STACK_BYTES   ((size_t)512 << 10)
#define LOOK_MS       1000  /* between two looks at the record; */
#define AGAIN_MS      2000  /* ...until what failed is tried again, the first time */
#define AGAIN_MOST_MS 60000 /* ...and at most */
#define AWAIT_STEP_MS 20u

#define SAID_BYTES 320

struct fleet_sender {
    struct fleet_sender_setup setup;
    int stop_fd, wake_fd;
    struct crew crew;
    struct crew_thread thread;
    /* Of the thread alone. */
    struct fleet *fleet;
    struct outbox *outbox;
    int64_t mark; /* the server's, when it had all; below 0: not known */
    int again_ms;
    char said[SAID_BYTES];        /* last; "": all is well */
    pthread_mutex_t telling;      /* guards setup.tell, also while it is called */
    pthread_mutex_t lock;         /* guards what follows */
    struct err trouble;           /* of the last look; code ERR_NONE: none */
    int64_t left;                 /* links that wait; below 0: not known yet */
    int64_t twice;                /* boards and serials that turned out to be elsewhere as well, */
    char first_twice[SAID_BYTES]; /* ...the first of them */
    uint64_t asked, answered;     /* a look answers all who asked before it began */
};

/* ---- What is seen of it ---- */

static uint64_t ask(struct fleet_sender *s)
{
    pthread_mutex_lock(&s->lock);
    const uint64_t ticket = ++s->asked;
    pthread_mutex_unlock(&s->lock);
    eventfd_write(s->wake_fd, 1);
    return ticket;
}

static bool is_answered(struct fleet_sender *s, uint64_t ticket, int64_t *left, struct err *why)
{
    pthread_mutex_lock(&s->lock);
    const bool answered = s->answered >= ticket;
    *left = s->left;
    *why = s->trouble;
    pthread_mutex_unlock(&s->lock);
    return answered;
}

bool fleet_sender_await(struct fleet_sender *s, uint32_t ms, int64_t *left, struct err *why)
{
    const struct clock *const c = s->setup.clock;
    const struct deadline end = deadline_in_ms(c, ms);
    const uint64_t ticket = ask(s);
    bool answered;
    while (!(answered = is_answered(s, ticket, left, why)) && !deadline_over(c, end))
        c->sleep_until(c, deadline_in_ms(c, AWAIT_STEP_MS).at_us, -1);
    return answered && why->code == ERR_NONE && *left == 0;
}

int64_t fleet_sender_twice(struct fleet_sender *s, char *first, size_t cap)
{
    pthread_mutex_lock(&s->lock);
    const int64_t twice = s->twice;
    snprintf(first, cap, "%s", s->first_twice);
    pthread_mutex_unlock(&s->lock);
    return twice;
}

void fleet_sender_hush(struct fleet_sender *s)
{
    if (!s)
        return;
    pthread_mutex_lock(&s->telling);
    s->setup.tell = NULL;
    pthread_mutex_unlock(&s->telling);
}

/* ---- The thread ---- */

static bool connect_all(struct fleet_sender *s, struct err *e)
{
    const struct fleet_setup setup = { .server = s->setup.server,
                                       .clock = s->setup.clock,
                                       .stop_fd = s->stop_fd };
    if (!s->outbox && !(s->outbox = outbox_open(s->setup.db_path, e)))
        return false;
    if (s->fleet)
        return true;
    s->mark = -1;
    s->fleet = fleet_open(&setup, e);
    return s->fleet && fleet_is_current(s->fleet, e);
}

/* What is waiting for people leaves the connection as it is; all else may have broken it. */
static void disconnect(struct fleet_sender *s, const struct err *e)
{
    if (e->code == ERR_WAITING)
        return;
    fleet_close(s->fleet);
    s->fleet = NULL;
}

static void set_left(struct fleet_sender *s, int64_t left)
{
    pthread_mutex_lock(&s->lock);
    s->left = left;
    pthread_mutex_unlock(&s->lock);
}

static bool is_stopped(const struct fleet_sender *s)
{
    struct pollfd fd = { s->stop_fd, POLLIN, 0 };
    return poll(&fd, 1, 0) != 0;
}

/* Sends until the server has all. */
/* What only the server could know, and nobody could ask when the board was let in. */
static void note_twice(struct fleet_sender *s, const struct fleet_sent *sent)
{
    if (sent->twice == 0)
        return;
    pthread_mutex_lock(&s->lock);
    if (s->twice == 0)
        snprintf(s->first_twice, sizeof s->first_twice, "%s", sent->first_twice);
    s->twice += sent->twice;
    pthread_mutex_unlock(&s->lock);
    pthread_mutex_lock(&s->telling);
    if (s->setup.tell)
        s->setup.tell(s->setup.ctx, sent->first_twice);
    pthread_mutex_unlock(&s->telling);
}

static bool send_all(struct fleet_sender *s, struct err *e)
{
    struct fleet_sent sent;
    int64_t last;
    if (!connect_all(s, e) || !outbox_last(s->outbox, &last, e))
        return false;
    if (last == s->mark) /* nothing new: the server is not asked */
        return true;
    do {
        if (!fleet_send_batch(s->fleet, s->outbox, s->setup.station, ESPSTATION_VERSION, &sent, e))
            return false;
        set_left(s, sent.last - sent.mark);
        note_twice(s, &sent);
    } while (sent.mark < sent.last && !is_stopped(s));
    s->mark = sent.mark;
    return true;
}

static void say(struct fleet_sender *s, const char *sentence, const char *spoken)
{
    if (strcmp(s->said, sentence) == 0)
        return;
    snprintf(s->said, sizeof s->said, "%s", sentence);
    pthread_mutex_lock(&s->telling);
    if (s->setup.tell)
        s->setup.tell(s->setup.ctx, spoken);
    pthread_mutex_unlock(&s->telling);
}

static void tell(struct fleet_sender *s, const struct err *e)
{
    char sentence[SAID_BYTES];
    if (e->code == ERR_NONE) {
        say(s, "", "The fleet's server has all again");
        return;
    }
    snprintf(sentence, sizeof sentence, "The fleet's server gets nothing now. %.250s", e->what);
    say(s, sentence, sentence);
}

/* Until the next look is due, somebody asks for one, or all ends. */
static void rest(struct fleet_sender *s, int ms)
{
    eventfd_t ignored;
    struct pollfd fds[2] = { { s->stop_fd, POLLIN, 0 }, { s->wake_fd, POLLIN, 0 } };
    if (poll(fds, 2, ms) > 0 && fds[1].revents != 0)
        eventfd_read(s->wake_fd, &ignored);
}

static void look(struct fleet_sender *s)
{
    struct err e = { 0 };
    pthread_mutex_lock(&s->lock);
    const uint64_t asked = s->asked;
    pthread_mutex_unlock(&s->lock);
    const bool ok = send_all(s, &e);
    if (!ok)
        disconnect(s, &e);
    if (e.code == ERR_STOPPED)
        return;
    pthread_mutex_lock(&s->lock);
    s->trouble = e;
    s->answered = asked;
    pthread_mutex_unlock(&s->lock);
    tell(s, &e);
    s->again_ms = ok ? AGAIN_MS : s->again_ms * 2 < AGAIN_MOST_MS ? s->again_ms * 2 : AGAIN_MOST_MS;
    rest(s, ok ? LOOK_MS : s->again_ms);
}

static void work(void *ctx)
{
    struct fleet_sender *const s = ctx;
    while (!is_stopped(s))
        look(s);
    fleet_close(s->fleet);
    outbox_close(s->outbox);
}

/* ---- Its life ---- */

static bool begin(struct fleet_sender *s, struct err *e)
{
    s->stop_fd = eventfd(0, EFD_CLOEXEC);
    s->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (s->stop_fd < 0 || s->wake_fd < 0)
        return err_set(e, ERR_STATION, "No descriptors left for the fleet's sender");
    return crew_open(&s->crew, STACK_BYTES, e) &&
           crew_start(&s->crew, &s->thread, "fleet", work, s, e);
}

struct fleet_sender *fleet_sender_new(const struct fleet_sender_setup *setup, struct err *e)
{
    struct fleet_sender *const s = calloc(1, sizeof *s);
    if (!s) {
        err_set(e, ERR_STATION, "Out of memory for the fleet's sender");
        return NULL;
    }
    s->setup = *setup;
    s->stop_fd = s->wake_fd = -1;
    s->again_ms = AGAIN_MS / 2;
    s->left = -1;
    pthread_mutex_init(&s->telling, NULL);
    pthread_mutex_init(&s->lock, NULL);
    if (begin(s, e))
        return s;
    fleet_sender_free(s);
    return NULL;
}

void fleet_sender_free(struct fleet_sender *s)
{
    if (!s)
        return;
    if (s->stop_fd >= 0)
        eventfd_write(s->stop_fd, 1);
    crew_join(&s->thread);
    crew_close(&s->crew);
    if (s->stop_fd >= 0)
        close(s->stop_fd);
    if (s->wake_fd >= 0)
        close(s->wake_fd);
    pthread_mutex_destroy(&s->telling);
    pthread_mutex_destroy(&s->lock);
    free(s);
}
