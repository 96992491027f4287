#include "station/fleet/fleet_gate.h"

#include "db/fleet/fleet_lease.h"
#include "db/write/lease.h"
#include "station/line/crew.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define STACK_BYTES   ((size_t)512 << 10)
#define ANSWER_MS     5000  /* for the server to connect or to answer, to the thread; */
#define AGAIN_MS      1000  /* ...then until it is tried again, the first time, */
#define AGAIN_MOST_MS 15000 /* ...and at most */
#define TIDY_MS       5000  /* between two looks at what lapses and what runs low */
#define ROWS_S        86400 /* that rows are lent for, where nobody says otherwise */

enum { DROPS = 64, COUNTERS = 16, SAID_BYTES = 320 };

enum what { ASK_BOARD, ASK_NUMBERS, ASK_ROWS };

/* A question of a slot, with the texts that it would take away. */
struct request {
    struct request *next;
    enum what what;
    struct record_question question;
    char mac[DB_MAC_CAP], lot[DB_LOT_CAP], serial[DB_UNIT_TEXT_CAP], counter[DB_COUNTER_CAP];
    char pool[DB_COUNTER_CAP];
    int64_t start, end, step;
    char (*sha256)[DB_UNIT_HEX_CAP]; /* of rows; NULL: none */
    size_t row_count;
    int64_t lease; /* of rows: the newest as none had a row left */
    struct record_answer answer;
    bool ok, done;
    bool all_taken;
    bool ahead; /* nobody waits for it: rows are to be kept ahead */
    bool left;  /* who asked has gone: the thread frees it */
    struct err e;
};

struct counter {
    char name[DB_COUNTER_CAP];
    int64_t start, end, step;
};

struct fleet_gate {
    struct fleet_gate_setup setup;
    struct record_gate hooks;
    struct db *db; /* the record's own handle */
    int stop_fd, wake_fd;
    struct crew crew;
    struct crew_thread thread;
    /* Of the thread alone. */
    struct fleet *fleet;
    struct outbox *outbox;
    struct fleet_asker asker;
    struct deadline retry, tidy;
    int again_ms;
    char said[SAID_BYTES]; /* last; "": all is well */
    pthread_mutex_t lock;  /* guards what follows */
    pthread_cond_t answered;
    struct request *first, **last;
    bool away;          /* nobody is to wait for it now */
    struct err refused; /* why this station may not ask; code ERR_NONE: it may */
    int64_t drops[DROPS];
    size_t drop_count;
    struct counter counters[COUNTERS]; /* whose numbers are kept ahead */
    size_t counter_count;
};

/* ---- What slots call ---- */

static void copy(char *to, size_t cap, const char *text)
{
    snprintf(to, cap, "%s", text ? text : "");
}

static void wake(struct fleet_gate *g)
{
    eventfd_write(g->wake_fd, 1);
}

static struct timespec moment_in_ms(uint32_t ms)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_sec += ms / 1000;
    at.tv_nsec += (long)(ms % 1000) * 1000000;
    if (at.tv_nsec >= 1000000000) {
        at.tv_sec++;
        at.tv_nsec -= 1000000000;
    }
    return at;
}

/* Until the thread has answered; who waited in vain leaves the request to it. */
static bool await_locked(struct fleet_gate *g, struct request *r)
{
    const struct timespec until = moment_in_ms(FLEET_GATE_WAIT_MS);
    int rc = 0;
    while (!r->done && rc != ETIMEDOUT)
        rc = pthread_cond_timedwait(&g->answered, &g->lock, &until);
    r->left = !r->done;
    g->away = g->away || r->left;
    return r->done;
}

/* Hands the request to the thread. *answered: it has `ok`, `answer` and `e`; else it is the
 * thread's. */
static void hand_over(struct fleet_gate *g, struct request *r, bool *answered)
{
    pthread_mutex_lock(&g->lock);
    *answered = false;
    if (g->away) {
        r->answer.away = true;
        r->ok = r->done = *answered = true;
    } else {
        *g->last = r;
        g->last = &r->next;
        wake(g);
        *answered = await_locked(g, r);
    }
    pthread_mutex_unlock(&g->lock);
}

static void request_free(struct request *r)
{
    free(r->sha256);
    free(r);
}

static struct request *request_new(enum what what, struct err *e)
{
    struct request *const r = calloc(1, sizeof *r);
    if (r)
        r->what = what;
    else
        err_set(e, ERR_STATION, "Out of memory for a question to the fleet's server");
    return r;
}

/* Of a lot of the fleet, or numbers, nothing may be used while this record may not ask: it may lack
 * what it has used. */
static bool refuses(struct fleet_gate *g, struct err *e)
{
    pthread_mutex_lock(&g->lock);
    const bool refused = g->refused.code != ERR_NONE;
    if (refused) {
        *e = g->refused;
        e->code = ERR_LEASE;
    }
    pthread_mutex_unlock(&g->lock);
    return refused;
}

static bool ask(void *ctx, const struct record_question *q, struct record_answer *a, struct err *e)
{
    struct fleet_gate *const g = ctx;
    bool answered;
    *a = (struct record_answer){ .away = true, .id = q->id };
    if (q->lot && refuses(g, e))
        return false;
    struct request *const r = request_new(ASK_BOARD, e);
    if (!r || (a->id == 0 && !fleet_lease_id(&a->id, e))) {
        free(r);
        return false;
    }
    const int64_t id = a->id;
    r->question = *q;
    copy(r->mac, sizeof r->mac, q->mac);
    copy(r->lot, sizeof r->lot, q->lot);
    copy(r->serial, sizeof r->serial, q->serial);
    r->answer.id = id;
    hand_over(g, r, &answered);
    if (!answered)
        return true;
    const bool ok = r->ok;
    *a = r->answer;
    if (!ok)
        *e = r->e;
    free(r);
    /* Only now it is known that this record may not ask. */
    return ok && !(a->away && q->lot && refuses(g, e));
}

static void drop(void *ctx, int64_t id)
{
    struct fleet_gate *const g = ctx;
    pthread_mutex_lock(&g->lock);
    if (g->drop_count < DROPS) /* one that is forgotten is found at the next start */
        g->drops[g->drop_count++] = id;
    pthread_mutex_unlock(&g->lock);
    wake(g);
}

static void note_counter_locked(struct fleet_gate *g, const struct db_unit_want *want)
{
    for (size_t i = 0; i < g->counter_count; i++) {
        if (strcmp(g->counters[i].name, want->counter) == 0)
            return;
    }
    if (g->counter_count == COUNTERS) /* those of other weeks */
        memmove(g->counters, g->counters + 1, --g->counter_count * sizeof *g->counters);
    struct counter *const c = &g->counters[g->counter_count++];
    copy(c->name, sizeof c->name, want->counter);
    c->start = want->start;
    c->end = want->end;
    c->step = want->step;
}

static bool numbers(void *ctx, const struct db_unit_want *want, struct err *e)
{
    struct fleet_gate *const g = ctx;
    bool answered;
    if (refuses(g, e))
        return false;
    struct request *const r = request_new(ASK_NUMBERS, e);
    if (!r)
        return false;
    copy(r->counter, sizeof r->counter, want->counter);
    r->start = want->start;
    r->end = want->end;
    r->step = want->step;
    hand_over(g, r, &answered);
    if (!answered)
        return false; /* *e says already that none is left */
    const bool ok = r->ok && !r->answer.away;
    if (!r->ok)
        *e = r->e;
    free(r);
    return ok;
}

static void used(void *ctx, const struct db_unit_want *want)
{
    struct fleet_gate *const g = ctx;
    pthread_mutex_lock(&g->lock);
    note_counter_locked(g, want);
    pthread_mutex_unlock(&g->lock);
    wake(g);
}

static struct request *rows_request(const struct record_rows *rows, struct err *e)
{
    struct request *const r = request_new(ASK_ROWS, e);
    if (!r)
        return NULL;
    r->sha256 = malloc(rows->count * sizeof *r->sha256);
    if (!r->sha256) {
        err_set(e, ERR_STATION, "Out of memory for rows of a pool");
        free(r);
        return NULL;
    }
    memcpy(r->sha256, rows->sha256, rows->count * sizeof *r->sha256);
    r->row_count = rows->count;
    r->lease = rows->lease;
    copy(r->pool, sizeof r->pool, rows->pool);
    return r;
}

static bool rows(void *ctx, const struct record_rows *of, bool *all_taken, struct err *e)
{
    struct fleet_gate *const g = ctx;
    bool answered;
    *all_taken = false;
    struct request *const r = refuses(g, e) ? NULL : rows_request(of, e);
    if (!r)
        return false;
    hand_over(g, r, &answered);
    if (!answered)
        return false; /* *e says already that none is left */
    const bool ok = r->ok && !r->answer.away && !r->all_taken;
    *all_taken = r->ok && r->all_taken;
    if (!r->ok)
        *e = r->e;
    request_free(r);
    return ok;
}

static void rows_used(void *ctx, const struct record_rows *of)
{
    struct fleet_gate *const g = ctx;
    struct err ignored = { 0 };
    struct request *const r = rows_request(of, &ignored);
    if (!r)
        return;
    r->ahead = true;
    pthread_mutex_lock(&g->lock);
    const bool away = g->away;
    if (!away) {
        *g->last = r;
        g->last = &r->next;
        wake(g);
    }
    pthread_mutex_unlock(&g->lock);
    if (away)
        request_free(r);
}

/* ---- The connection ---- */

static bool is_stopped(const struct fleet_gate *g)
{
    struct pollfd stop = { g->stop_fd, POLLIN, 0 };
    return poll(&stop, 1, 0) > 0;
}

static void say(struct fleet_gate *g, const struct err *e)
{
    char sentence[SAID_BYTES] = "";
    if (e->code != ERR_NONE)
        snprintf(sentence, sizeof sentence,
                 "The fleet's server decides nothing now, leases are used. %.200s", e->what);
    if (strcmp(sentence, g->said) == 0)
        return;
    const bool was_away = g->said[0] != '\0';
    copy(g->said, sizeof g->said, sentence);
    if (g->setup.tell && (sentence[0] || was_away))
        g->setup.tell(g->setup.ctx, sentence[0] ? sentence : "The fleet's server decides again");
}

static void note_state(struct fleet_gate *g, bool away, const struct err *refused)
{
    pthread_mutex_lock(&g->lock);
    g->away = away;
    g->refused = *refused;
    pthread_mutex_unlock(&g->lock);
}

static void disconnect(struct fleet_gate *g, const struct err *e)
{
    const struct err none = { 0 };
    fleet_close(g->fleet);
    g->fleet = NULL;
    note_state(g, true, e->code == ERR_WAITING ? e : &none);
    g->retry = deadline_in_ms(g->setup.clock, (uint32_t)g->again_ms);
    g->again_ms = g->again_ms * 2 < AGAIN_MOST_MS ? g->again_ms * 2 : AGAIN_MOST_MS;
    if (e->code != ERR_STOPPED)
        say(g, e);
}

struct orphans {
    struct fleet_gate *gate;
    int64_t ids[DROPS];
    size_t count;
    bool ok;
    struct err *e;
};

static bool look_at_lease(void *ctx, const struct fleet_lease_row *row)
{
    struct orphans *const o = ctx;
    bool orphan = false;
    if (row->lost || (row->process == 0 && !row->old))
        return true;
    o->ok = db_lease_is_orphan(o->gate->db, row->id, row->process, &orphan, o->e);
    if (o->ok && orphan)
        o->ids[o->count++] = row->id;
    return o->ok && o->count < DROPS;
}

/* What a station process that was killed had asked for, and never used. */
static bool give_orphans_back(struct fleet_gate *g, struct err *e)
{
    struct orphans o = { .gate = g, .ok = true, .e = e };
    const struct fleet_lease_sink sink = { .ctx = &o, .lease = look_at_lease };
    if (!fleet_leases(g->fleet, &g->asker, &sink, e) || !o.ok)
        return false;
    for (size_t i = 0; i < o.count; i++) {
        if (!fleet_give_back(g->fleet, &g->asker, o.ids[i], e))
            return false;
    }
    return true;
}

static bool connect_all(struct fleet_gate *g, struct err *e)
{
    const struct fleet_setup setup = { .server = g->setup.server,
                                       .clock = g->setup.clock,
                                       .stop_fd = g->stop_fd,
                                       .wait_ms = ANSWER_MS };
    if (!g->outbox && !(g->outbox = outbox_open(g->setup.db_path, e)))
        return false;
    g->fleet = fleet_open(&setup, e);
    return g->fleet && fleet_is_current(g->fleet, e) &&
           fleet_lease_begin(g->fleet, g->outbox, g->setup.station, &g->asker, e) &&
           give_orphans_back(g, e);
}

/* Whether the server is there, tried when it is due. */
static bool is_connected(struct fleet_gate *g)
{
    const struct err none = { 0 };
    struct err e = { 0 };
    if (g->fleet)
        return true;
    if (!deadline_over(g->setup.clock, g->retry))
        return false;
    if (!connect_all(g, &e)) {
        disconnect(g, &e);
        return false;
    }
    g->again_ms = AGAIN_MS;
    note_state(g, false, &none);
    say(g, &none);
    return true;
}

/* Whether the failure is that of the connection, or of who may ask, and not an answer. */
static bool is_no_answer(const struct err *e)
{
    return e->code == ERR_DATABASE || e->code == ERR_STOPPED || e->code == ERR_WAITING ||
           e->code == ERR_STATION;
}

/* ---- Asking ---- */

static bool take_numbers(struct fleet_gate *g, const struct counter *c, struct err *e)
{
    struct fleet_numbers ask_for = { .counter = c->name,
                                     .start = c->start,
                                     .end = c->end,
                                     .step = c->step,
                                     .count = (int64_t)g->setup.numbers };
    struct db_lease_numbers lease = { .counter = c->name, .step = c->step };
    if (!fleet_lease_id(&ask_for.id, e) ||
        !fleet_ask_numbers(g->fleet, g->outbox, &g->asker, &ask_for, &lease.first, &lease.last, e))
        return false;
    lease.number = ask_for.id;
    lease.utc_ms = g->setup.clock->utc_ms(g->setup.clock);
    return db_lease_add_numbers(g->db, &lease, e);
}

static bool enter_rows(struct fleet_gate *g, const struct fleet_rows *asked, size_t given,
                       const struct db_lease_clock *at, struct err *e)
{
    const struct db_lease_rows lease = { .number = asked->id,
                                         .pool = asked->pool,
                                         .sha256 = asked->sha256,
                                         .count = given,
                                         .asked = at,
                                         .seconds = asked->seconds };
    return db_lease_add_rows(g->db, &lease, e);
}

/* The clocks are read before it is asked for: here it lapses first. */
static bool take_rows(struct fleet_gate *g, struct request *r, struct err *e)
{
    struct fleet_rows asked = { .pool = r->pool,
                                .sha256 = r->sha256,
                                .count = r->row_count,
                                .wanted = (int64_t)g->setup.numbers,
                                .seconds = ROWS_S };
    struct db_lease_clock at;
    size_t given;
    if (!fleet_lease_id(&asked.id, e) || !db_lease_now(&at, e) ||
        !fleet_ask_rows(g->fleet, g->outbox, &g->asker, &asked, r->sha256, &given, e))
        return false;
    r->all_taken = given == 0;
    return given == 0 || enter_rows(g, &asked, given, &at, e);
}

/* Another slot may have got some since this one looked, which the lease tells that it saw: what is
 * left would not, for a row of it may not be in the file any more. To keep some ahead, half of what
 * is lent at once. */
static bool answer_rows(struct fleet_gate *g, struct request *r, struct err *e)
{
    int64_t left = 0, newest = 0;
    if (!r->ahead)
        return db_lease_newest_rows(g->db, r->pool, &newest, e) &&
               (newest > r->lease || take_rows(g, r, e));
    return db_lease_rows_left(g->db, r->pool, &left, e) &&
           (left * 2 >= (int64_t)g->setup.numbers || take_rows(g, r, e));
}

static bool ask_board(struct fleet_gate *g, struct request *r, struct err *e)
{
    const struct record_question *const q = &r->question;
    struct fleet_board_say says;
    const struct fleet_board board = { .id = r->answer.id,
                                       .mac = r->mac,
                                       .rule = q->rule,
                                       .lot = q->lot ? r->lot : NULL,
                                       .quantity = q->quantity,
                                       .serial = r->serial,
                                       .wants_place = q->wants_place };
    if (!fleet_ask_board(g->fleet, g->outbox, &g->asker, &board, &says, e))
        return false;
    r->answer.has_place = says.has_place;
    copy(r->answer.no_place, sizeof r->answer.no_place, says.no_place);
    copy(r->answer.elsewhere, sizeof r->answer.elsewhere, says.elsewhere);
    return true;
}

static bool answer(struct fleet_gate *g, struct request *r, struct err *e)
{
    struct counter c = { .start = r->start, .end = r->end, .step = r->step };
    int64_t left;
    if (r->what == ASK_BOARD)
        return ask_board(g, r, e);
    if (r->what == ASK_ROWS)
        return answer_rows(g, r, e);
    copy(c.name, sizeof c.name, r->counter);
    /* Another slot may have asked for it just before. */
    return db_lease_numbers_left(g->db, c.name, c.start, c.end, &left, e) &&
           (left > 0 || take_numbers(g, &c, e));
}

static struct request *next_request(struct fleet_gate *g)
{
    pthread_mutex_lock(&g->lock);
    struct request *const r = g->first;
    if (r) {
        g->first = r->next;
        if (!g->first)
            g->last = &g->first;
    }
    const bool left = r && r->left;
    pthread_mutex_unlock(&g->lock);
    if (!left)
        return r;
    request_free(r); /* who asked has given it up before the server heard of it */
    return next_request(g);
}

static void finish(struct fleet_gate *g, struct request *r, bool ok, bool away, const struct err *e)
{
    pthread_mutex_lock(&g->lock);
    r->ok = ok;
    r->answer.away = away;
    r->e = *e;
    r->done = true;
    const bool left = r->left || r->ahead;
    pthread_cond_broadcast(&g->answered);
    pthread_mutex_unlock(&g->lock);
    if (left)
        request_free(r);
}

/* A slot that waited in vain has said that the server is away: it has answered since. */
static void note_back(struct fleet_gate *g)
{
    pthread_mutex_lock(&g->lock);
    g->away = false;
    pthread_mutex_unlock(&g->lock);
}

static void serve(struct fleet_gate *g, struct request *r)
{
    struct err e = { 0 };
    const bool connected = is_connected(g);
    const bool ok = connected && answer(g, r, &e);
    const bool away = !connected || (!ok && is_no_answer(&e));
    if (connected && away)
        disconnect(g, &e);
    else if (connected)
        note_back(g);
    finish(g, r, ok || away, away, &e);
}

/* ---- Beside the slots ---- */

static bool next_drop(struct fleet_gate *g, int64_t *id)
{
    pthread_mutex_lock(&g->lock);
    const bool any = g->drop_count > 0;
    *id = any ? g->drops[g->drop_count - 1] : 0;
    pthread_mutex_unlock(&g->lock);
    return any;
}

static void forget_drop(struct fleet_gate *g, int64_t id)
{
    pthread_mutex_lock(&g->lock);
    for (size_t i = 0; i < g->drop_count; i++) {
        if (g->drops[i] != id)
            continue;
        g->drops[i] = g->drops[--g->drop_count];
        break;
    }
    pthread_mutex_unlock(&g->lock);
}

static bool give_drops_back(struct fleet_gate *g, struct err *e)
{
    int64_t id;
    while (next_drop(g, &id)) {
        if (!fleet_give_back(g->fleet, &g->asker, id, e))
            return false;
        forget_drop(g, id);
    }
    return true;
}

static bool counter_at(struct fleet_gate *g, size_t i, struct counter *c)
{
    pthread_mutex_lock(&g->lock);
    const bool there = i < g->counter_count;
    if (there)
        *c = g->counters[i];
    pthread_mutex_unlock(&g->lock);
    return there;
}

/* A counter that has come to its end is complained of by the board that needs it. */
static bool keep_numbers_ahead(struct fleet_gate *g, struct err *e)
{
    struct counter c;
    for (size_t i = 0; counter_at(g, i, &c); i++) {
        int64_t left;
        if (!db_lease_numbers_left(g->db, c.name, c.start, c.end, &left, e))
            return false;
        if (left * 2 < (int64_t)g->setup.numbers && !take_numbers(g, &c, e) && e->code != ERR_UNIT)
            return false;
        e->code = ERR_NONE;
    }
    return true;
}

static void do_chores(struct fleet_gate *g)
{
    const struct clock *const c = g->setup.clock;
    struct err e = { 0 };
    int64_t ended;
    if (deadline_over(c, g->tidy)) {
        db_lease_tidy(g->db, &ended, &e); /* what the record does not take is tried again */
        g->tidy = deadline_in_ms(c, TIDY_MS);
        e = (struct err){ 0 };
    }
    if (!is_connected(g))
        return;
    if (give_drops_back(g, &e) && keep_numbers_ahead(g, &e))
        note_back(g);
    else
        disconnect(g, &e);
}

/* ---- The thread ---- */

static void rest(struct fleet_gate *g)
{
    const struct clock *const c = g->setup.clock;
    const struct deadline next = g->fleet ? g->tidy : deadline_first(g->tidy, g->retry);
    eventfd_t ignored;
    struct pollfd fds[2] = { { g->stop_fd, POLLIN, 0 }, { g->wake_fd, POLLIN, 0 } };
    if (poll(fds, 2, deadline_left_ms(c, next)) > 0 && fds[1].revents != 0)
        eventfd_read(g->wake_fd, &ignored);
}

static void work(void *ctx)
{
    struct fleet_gate *const g = ctx;
    struct request *r;
    while (!is_stopped(g)) {
        while ((r = next_request(g)) != NULL)
            serve(g, r);
        do_chores(g);
        rest(g);
    }
    fleet_close(g->fleet);
    outbox_close(g->outbox);
}

/* ---- Its life ---- */

static bool open_answered(struct fleet_gate *g, struct err *e)
{
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    const int rc = pthread_cond_init(&g->answered, &attr);
    pthread_condattr_destroy(&attr);
    return rc == 0 || err_set(e, ERR_STATION, "The fleet's gate cannot be set up");
}

static bool begin(struct fleet_gate *g, struct err *e)
{
    g->stop_fd = eventfd(0, EFD_CLOEXEC);
    g->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (g->stop_fd < 0 || g->wake_fd < 0)
        return err_set(e, ERR_STATION, "No descriptors left for the fleet's gate");
    return crew_open(&g->crew, STACK_BYTES, e) &&
           crew_start(&g->crew, &g->thread, "fleet-gate", work, g, e);
}

struct fleet_gate *fleet_gate_new(const struct fleet_gate_setup *setup, struct err *e)
{
    struct fleet_gate *const g = calloc(1, sizeof *g);
    if (!g || !open_answered(g, e)) {
        if (!g)
            err_set(e, ERR_STATION, "Out of memory for the fleet's gate");
        free(g);
        return NULL;
    }
    g->setup = *setup;
    g->hooks = (struct record_gate){ g, ask, drop, numbers, used, rows, rows_used };
    g->db = record_db(setup->record);
    g->asker.process = db_process(g->db);
    g->stop_fd = g->wake_fd = -1;
    g->again_ms = AGAIN_MS;
    g->last = &g->first;
    pthread_mutex_init(&g->lock, NULL);
    if (begin(g, e)) {
        record_set_gate(setup->record, &g->hooks);
        return g;
    }
    fleet_gate_free(g);
    return NULL;
}

void fleet_gate_free(struct fleet_gate *g)
{
    struct request *r;
    if (!g)
        return;
    record_set_gate(g->setup.record, NULL);
    if (g->stop_fd >= 0)
        eventfd_write(g->stop_fd, 1);
    crew_join(&g->thread);
    crew_close(&g->crew);
    while ((r = next_request(g)) != NULL)
        request_free(r);
    if (g->stop_fd >= 0)
        close(g->stop_fd);
    if (g->wake_fd >= 0)
        close(g->wake_fd);
    pthread_cond_destroy(&g->answered);
    pthread_mutex_destroy(&g->lock);
    free(g);
}
