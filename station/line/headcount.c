#include "station/line/headcount.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void headcount_done(struct headcount *t)
{
    for (size_t i = 0; i < t->known; i++)
        free(t->boards[i].failure);
    free(t->boards);
    *t = (struct headcount){ 0 };
}

/* ---- The boards that are known ---- */

static struct headcount_board *find_board(const struct headcount *t, const struct event *event,
                                          bool duplicate)
{
    for (size_t i = 0; event->mac[0] && i < t->known; i++) {
        struct headcount_board *b = &t->boards[i];
        if (b->duplicate == duplicate && strcmp(b->mac, event->mac) == 0)
            return b;
    }
    return NULL;
}

static bool make_room(struct headcount *t)
{
    if (t->known < t->cap)
        return true;
    size_t cap = t->cap + t->cap / 4 + 64; /* it may grow all day: no jumps of megabytes */
    if (cap > HEADCOUNT_BOARDS_MAX)
        cap = HEADCOUNT_BOARDS_MAX;
    struct headcount_board *more = realloc(t->boards, cap * sizeof *more);
    if (!more)
        return false;
    t->boards = more;
    t->cap = cap;
    return true;
}

static void forget_reason(struct headcount *t, struct headcount_board *b)
{
    t->reasons -= b->failure != NULL;
    free(b->failure);
    b->failure = NULL;
}

/* A new one, in the place of the oldest where there is no more room. NULL: no memory. */
static struct headcount_board *add_board(struct headcount *t)
{
    struct headcount_board *b;
    if (t->known < HEADCOUNT_BOARDS_MAX) {
        if (!make_room(t))
            return NULL;
        b = &t->boards[t->known++];
    } else {
        b = &t->boards[t->oldest];
        t->oldest = (t->oldest + 1) % HEADCOUNT_BOARDS_MAX;
        forget_reason(t, b);
    }
    *b = (struct headcount_board){ 0 };
    t->count++;
    return b;
}

static void forget_oldest_reason(struct headcount *t)
{
    struct headcount_board *oldest = NULL;
    for (size_t i = 0; i < t->known; i++) {
        struct headcount_board *b = &t->boards[i];
        if (b->failure && (!oldest || b->failed_as < oldest->failed_as))
            oldest = b;
    }
    if (oldest)
        forget_reason(t, oldest);
}

/* ---- Verdicts ---- */

static void take_time(struct headcount *t, const struct event *event)
{
    const uint64_t ran_us = (uint64_t)(event->seconds * 1e6);
    const uint64_t start_us = event->at_us > ran_us ? event->at_us - ran_us : 0;
    if (t->runs == 0 || start_us < t->first_us)
        t->first_us = start_us;
    if (event->at_us > t->last_us)
        t->last_us = event->at_us;
    t->runs++;
}

/* False: no memory. */
static bool keep_reason(struct headcount *t, struct headcount_board *b, const struct event *event)
{
    if (!b->failure && t->reasons == HEADCOUNT_REASONS_MAX)
        forget_oldest_reason(t);
    b->failed_as = t->failures++;
    if (!b->failure) {
        b->failure = malloc(sizeof *b->failure);
        t->reasons += b->failure != NULL;
    }
    if (!b->failure)
        return false;
    *b->failure = (struct headcount_failure){ event->verdict, event->state, event->err, "" };
    memcpy(b->failure->port, event->port, sizeof b->failure->port);
    return true;
}

static bool judge(struct headcount *t, struct headcount_board *b, const struct event *event)
{
    const enum err_code code = event->err.code;
    t->passed -= b->passed;
    t->by_station -= b->by_station;
    b->passed = event->verdict == VERDICT_PASS;
    b->by_station = !b->passed && (code == ERR_DATABASE || code == ERR_STATION);
    t->passed += b->passed;
    t->by_station += b->by_station;
    if (!b->passed)
        return keep_reason(t, b, event);
    forget_reason(t, b);
    return true;
}

/* By the rules of docs/stats.md. */
static void count_as_statistics(struct headcount *t, struct headcount_board *b,
                                const struct event *event)
{
    const bool failed = event->verdict == VERDICT_FAIL;
    const bool refused = failed && (event->err.code == ERR_DUPLICATE ||
                                    event->err.code == ERR_QUOTA || event->err.code == ERR_LEASE);
    t->refused += refused;
    t->unidentified += failed && !refused && !event->mac[0];
    if (refused || !event->mac[0])
        return;
    t->judged -= b->judged;
    t->good -= b->judged && b->good;
    b->judged = b->judged || event->verdict != VERDICT_STOPPED;
    b->good = event->verdict == VERDICT_PASS;
    t->judged += b->judged;
    t->good += b->judged && b->good;
}

void headcount_take(struct headcount *t, const struct event *event)
{
    if (event->golden)
        return;
    if (event->kind != EVENT_VERDICT)
        return;
    take_time(t, event);
    const bool duplicate = event->err.code == ERR_DUPLICATE;
    struct headcount_board *b = find_board(t, event, duplicate);
    if (!b)
        b = add_board(t);
    if (b) {
        memcpy(b->mac, event->mac, sizeof b->mac);
        b->duplicate = duplicate;
        b->slot = event->slot;
        count_as_statistics(t, b, event);
    }
    if (!b || !judge(t, b, event))
        t->incomplete = true;
}

/* ---- Equal failures ---- */

/* The sentence with "the port" for the port's name: that alone makes no other reason. */
static void general(const char *text, const char *port, char *out, size_t cap)
{
    size_t used = 0;
    const size_t port_bytes = strlen(port);
    while (*text && used + 1 < cap) {
        if (port_bytes > 0 && strncmp(text, port, port_bytes) == 0) {
            const int n = snprintf(out + used, cap - used, "%s", used ? "the port" : "The port");
            used += (size_t)n < cap - used ? (size_t)n : cap - used - 1;
            text += port_bytes;
        } else {
            out[used++] = *text++;
        }
    }
    out[used] = '\0';
}

static void generalise(struct headcount_failure *f)
{
    struct err said = f->err;
    general(said.what, f->port, f->err.what, sizeof f->err.what);
    general(said.hint, f->port, f->err.hint, sizeof f->err.hint);
}

static bool is_equal(const struct headcount_failure *a, const struct headcount_failure *b)
{
    struct headcount_failure x = *a, y = *b;
    generalise(&x);
    generalise(&y);
    return x.verdict == y.verdict && x.state == y.state && x.err.code == y.err.code &&
           strcmp(x.err.what, y.err.what) == 0 && strcmp(x.err.hint, y.err.hint) == 0;
}

static int by_slot(const void *a, const void *b)
{
    const struct headcount_board *x = *(const struct headcount_board *const *)a;
    const struct headcount_board *y = *(const struct headcount_board *const *)b;
    if (x->slot != y->slot)
        return x->slot < y->slot ? -1 : 1;
    return x->failed_as < y->failed_as ? -1 : x->failed_as > y->failed_as;
}

/* Moves the boards that failed as the first one did to the front; how many there are. */
static size_t gather(const struct headcount_board **boards, size_t count)
{
    size_t same = 1;
    for (size_t i = 1; i < count; i++) {
        if (!is_equal(boards[0]->failure, boards[i]->failure))
            continue;
        const struct headcount_board *found = boards[i];
        memmove(&boards[same + 1], &boards[same], (i - same) * sizeof *boards);
        boards[same++] = found;
    }
    return same;
}

size_t headcount_failures(struct headcount *t, const struct headcount_sink *sink)
{
    size_t count = 0;
    const struct headcount_board **failed = calloc(t->reasons + 1, sizeof *failed);
    for (size_t i = 0; failed && i < t->known; i++) {
        if (t->boards[i].failure)
            failed[count++] = &t->boards[i];
    }
    t->incomplete = t->incomplete || !failed;
    if (count > 0)
        qsort(failed, count, sizeof *failed, by_slot);
    for (size_t at = 0; at < count;) {
        const size_t same = gather(failed + at, count - at);
        struct headcount_failure reason = *failed[at]->failure;
        if (same > 1)
            generalise(&reason);
        sink->group(sink->ctx, failed + at, same, &reason);
        at += same;
    }
    free(failed);
    return t->count - t->passed - count;
}
