#include "station/line/slot_presence.h"

#include <string.h>

/* Proposals, all of them: nobody has measured hands at a fixture. */
#define LOOK_MS        1000u /* between two questions at an empty slot, */
#define LOOK_LATER_MS  2000u /* ...after so many that found nobody: */
#define LATER_LOOKS    10
#define LOOK_LATEST_MS 15000u /* ...after so many: who comes is heard at once, as a rule */
#define LATEST_LOOKS   40
#define WAITING_MS     2000u  /* at a board that waits for a place: it may be taken out again */
#define PLACE_MS       1000u  /* between two tries for that place */
#define DOUBT_MS       5000u  /* at a board that may be one that has passed */
#define GONE_LOOKS     3      /* in a row, before a board is called gone */
#define DEAD_LOOKS     5      /* in a row, before one that is said to be there is dead */
#define STRANGE_LOOKS  6      /* in a row, before a board that does not name itself gets a run */
#define OTHER_LOOKS    9      /* ...of both kinds in turn, as a board in a boot loop gives them */
#define OURS_MS        2000u  /* a ROM that we have reset has said its words by then */
#define BOUNCE_MS      2000u  /* a plug that comes back sooner has bounced */
#define HOLD_MS        5000u  /* a blank board with its own USB comes and goes every 3 s */
#define QUIET_MS       5000u  /* after an arrival that was none, */
#define QUIET_LOOKS    3      /* ...so often; from then on it doubles each time, */
#define QUIET_DOUBLES  4      /* ...so often */
#define FORGET_MS      60000u /* ...until it has been quiet for so long */
#define SWITCH_MS      100u   /* contacts bounce for 5 to 50 ms */
#define LID_MS         2000u  /* a server tells how a lid stands once a second */
#define NEVER          UINT64_MAX

static bool same_mac(const struct chip_mac *a, const struct chip_mac *b)
{
    return a->count > 0 && a->count == b->count && memcmp(a->bytes, b->bytes, a->count) == 0;
}

static bool has_switch(const struct presence *p)
{
    return p->rules.switch_line != SWITCH_NONE;
}

/* Whether a board in the slot begins without a hand. */
static bool begins_by_itself(const struct presence *p)
{
    return p->rules.start == START_BOARD || p->rules.start == START_SWITCH ||
           p->rules.start == START_PLUG;
}

/* ---- Where it stands ---- */

static void look_soon(struct presence *p, uint64_t at_ms)
{
    p->wants_look = true;
    p->look_at_ms = at_ms;
}

static void forget_wishes(struct presence *p)
{
    p->wants_look = p->wants_run = p->by_hand = p->appeared = p->heard_waits = false;
    p->empty_looks = p->strange_looks = p->other_looks = 0;
}

/* Each look costs 0.6 ms of this computer, and there may be 64 empty slots. */
static uint32_t empty_look_ms(unsigned looks)
{
    return looks > LATEST_LOOKS ? LOOK_LATEST_MS : looks > LATER_LOOKS ? LOOK_LATER_MS : LOOK_MS;
}

static void become_empty(struct presence *p, uint64_t now_ms)
{
    const unsigned looks = p->empty_looks;
    forget_wishes(p);
    p->empty_looks = looks;
    p->place = PLACE_EMPTY;
    p->passed = p->held = p->doubtful = false;
    p->mac = (struct chip_mac){ 0 };
    p->look_at_ms = now_ms + empty_look_ms(looks);
}

static void become_ready(struct presence *p, uint64_t now_ms, const struct chip_mac *mac)
{
    forget_wishes(p);
    p->place = PLACE_READY;
    p->passed = p->held = p->doubtful = false;
    p->mac = mac ? *mac : (struct chip_mac){ 0 };
    p->wants_run = true;
    p->run_at_ms = now_ms;
    p->look_at_ms = now_ms + WAITING_MS;
}

static void become_done(struct presence *p, uint64_t now_ms, bool passed,
                        const struct chip_mac *mac)
{
    forget_wishes(p);
    p->place = PLACE_DONE;
    p->passed = passed;
    p->doubtful = p->held = false;
    p->mac = *mac;
    p->look_at_ms = now_ms + LOOK_MS;
    if (passed && p->rules.watch == WATCH_ASK)
        p->look_at_ms = now_ms + (uint64_t)p->rules.ask_s * 1000;
    if (passed && p->rules.watch == WATCH_HOLD)
        look_soon(p, now_ms);
}

void presence_init(struct presence *p, const struct slot_rules *rules, uint64_t now_ms)
{
    *p = (struct presence){ .rules = *rules, .first = true, .look_at_ms = now_ms };
    if (begins_by_itself(p) && !has_switch(p))
        look_soon(p, now_ms);
    else if (!begins_by_itself(p))
        p->place = PLACE_EMPTY;
}

/* ---- What to do ---- */

/* Whether it is asked again and again, though nothing has happened. */
static bool is_asked_by_clock(const struct presence *p)
{
    if (p->place == PLACE_DONE && p->passed)
        return p->held || p->rules.watch == WATCH_ASK;
    return p->rules.start == START_BOARD && !has_switch(p);
}

static uint64_t look_due_ms(const struct presence *p)
{
    if (p->wants_look || is_asked_by_clock(p))
        return p->look_at_ms;
    return p->heard_waits ? p->quiet_until_ms : NEVER;
}

static void apply_switch(struct presence *p, uint64_t now_ms)
{
    const bool first = !p->shut_known;
    p->shut = p->shut_seen;
    p->shut_known = true;
    if (!p->shut) {
        p->empty_looks = 0;
        become_empty(p, now_ms);
    } else if (!begins_by_itself(p)) {
        p->place = PLACE_READY;
    } else {
        p->place = PLACE_UNKNOWN;
        p->appeared = !first; /* a lid that is shut in the morning proves no board */
        look_soon(p, now_ms);
    }
}

static bool switch_waits(const struct presence *p)
{
    return has_switch(p) && p->shut_seen_ms > 0 && (!p->shut_known || p->shut != p->shut_seen);
}

static void settle(struct presence *p, uint64_t now_ms)
{
    if (switch_waits(p) && now_ms >= p->shut_seen_ms + SWITCH_MS)
        apply_switch(p, now_ms);
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

enum deed presence_next(struct presence *p, uint64_t now_ms, uint32_t *wait_ms)
{
    settle(p, now_ms);
    uint64_t next_ms = look_due_ms(p);
    if (p->wants_run && now_ms >= p->run_at_ms)
        return DEED_RUN;
    if (now_ms >= next_ms)
        return DEED_LOOK;
    if (p->wants_run)
        next_ms = earlier(next_ms, p->run_at_ms);
    if (switch_waits(p))
        next_ms = earlier(next_ms, p->shut_seen_ms + SWITCH_MS);
    *wait_ms = next_ms - now_ms > PRESENCE_WAIT_MAX_MS ? PRESENCE_WAIT_MAX_MS
                                                       : (uint32_t)(next_ms - now_ms);
    return DEED_WAIT;
}

/* ---- What a look has found ---- */

/* The board of the verdict is still there. */
static void found_same(struct presence *p, uint64_t now_ms, bool passed)
{
    if (p->by_hand && !passed) {
        const struct chip_mac mac = p->mac;
        become_ready(p, now_ms, &mac);
        return;
    }
    const bool held = p->passed && p->rules.watch == WATCH_HOLD;
    const struct chip_mac mac = p->mac;
    become_done(p, now_ms, p->passed, &mac);
    p->wants_look = false;
    p->held = held;
    p->look_at_ms = p->passed && p->rules.watch == WATCH_ASK ? p->look_at_ms : now_ms + LOOK_MS;
}

/* Another board, which begins when somebody says so. */
static void await_hand(struct presence *p, uint64_t now_ms, const struct chip_mac *mac)
{
    become_ready(p, now_ms, mac);
    p->wants_run = false;
}

static void found_board(struct presence *p, uint64_t now_ms, const struct chip_mac *mac,
                        bool passed)
{
    const bool same = p->place == PLACE_DONE && same_mac(&p->mac, mac);
    p->has_answered = true;
    if (same && (p->passed || !p->appeared))
        found_same(p, now_ms, passed);
    else if (passed)
        become_done(p, now_ms, true, mac);
    else if (p->place == PLACE_DONE && !p->by_hand && !begins_by_itself(p))
        await_hand(p, now_ms, mac);
    else
        become_ready(p, now_ms, mac);
}

/* It may be the one that has passed, with a loose line: a person can tell. */
static void doubt(struct presence *p, uint64_t now_ms)
{
    become_ready(p, now_ms, NULL);
    p->wants_run = false;
    p->doubtful = true;
    p->look_at_ms = now_ms + DOUBT_MS;
}

static void found_strange(struct presence *p, uint64_t now_ms)
{
    p->empty_looks = 0;
    p->strange_looks++;
    p->has_answered = true;
    p->look_at_ms = now_ms + (p->by_hand ? 0 : p->doubtful ? DOUBT_MS : LOOK_MS);
    if (p->by_hand) {
        if (p->strange_looks >= STRANGE_LOOKS)
            become_ready(p, now_ms, NULL);
    } else if (p->place == PLACE_DONE && !p->passed) {
        p->wants_look = false; /* it was judged, and will not say more by being asked */
    } else if (p->strange_looks < STRANGE_LOOKS || p->doubtful) {
        p->wants_look = !p->doubtful;
    } else if (p->place == PLACE_DONE ||
               (p->place == PLACE_UNKNOWN && !p->appeared && !p->unattended)) {
        doubt(p, now_ms);
    } else if (p->place != PLACE_READY) {
        become_ready(p, now_ms, NULL);
    }
}

/* Whether silence says that the board has gone. One that failed for want of an answer was silent
 * before, and is not gone for that. */
static bool silence_counts(const struct presence *p)
{
    return p->place != PLACE_DONE || p->passed || p->has_answered;
}

static void found_nobody(struct presence *p, uint64_t now_ms)
{
    p->strange_looks = 0;
    p->empty_looks++;
    const bool once_is_enough = p->place == PLACE_EMPTY || p->place == PLACE_UNKNOWN;
    const bool said_to_be_there = p->by_hand || p->appeared;
    p->look_at_ms = now_ms + (said_to_be_there ? 0 : LOOK_MS);
    if (said_to_be_there && p->empty_looks >= DEAD_LOOKS)
        become_ready(p, now_ms, NULL); /* a dead board has its run, and its reason */
    else if (said_to_be_there)
        p->wants_look = true;
    else if (once_is_enough || (silence_counts(p) && p->empty_looks >= GONE_LOOKS))
        become_empty(p, now_ms);
    else if (!silence_counts(p)) /* one that was plugged in just now may need a moment */
        p->wants_look = p->rules.start == START_PLUG && p->empty_looks < DEAD_LOOKS;
}

/* A board that passed and is held would have answered: it is gone, and who is there now is asked by
 * a reset. One that is not held may have a loose line. */
static void found_other(struct presence *p, uint64_t now_ms)
{
    if (p->by_hand)
        become_ready(p, now_ms, NULL);
    else if (p->place == PLACE_DONE && p->passed && p->held)
        become_empty(p, now_ms);
    else if (p->place == PLACE_DONE && p->passed)
        doubt(p, now_ms);
}

/* Whoever leaves the loader by a reset is announced by his ROM, once. */
static void expect_our_words(struct presence *p, uint64_t now_ms, unsigned times)
{
    p->ours_until_ms = now_ms + OURS_MS;
    p->ours_left = times;
}

void presence_looked(struct presence *p, uint64_t now_ms, enum look look,
                     const struct chip_mac *mac, bool passed)
{
    if (look != LOOK_NO_PORT)
        expect_our_words(p, now_ms, 1);
    p->heard_waits = false;
    if (look == LOOK_STRANGE || look == LOOK_EMPTY)
        p->other_looks++;
    switch (look) {
    case LOOK_NO_PORT:
        p->look_at_ms = now_ms + LOOK_MS;
        if (p->by_hand && p->unattended)
            become_ready(p, now_ms, NULL);
        p->by_hand = false;
        break;
    case LOOK_BOARD:
        found_board(p, now_ms, mac, passed);
        break;
    case LOOK_STRANGE:
        found_strange(p, now_ms);
        break;
    case LOOK_EMPTY:
        found_nobody(p, now_ms);
        break;
    }
    if (p->other_looks >= OTHER_LOOKS)
        found_other(p, now_ms);
}

/* ---- What a run came to ---- */

void presence_ran(struct presence *p, uint64_t now_ms, const struct presence_run *run)
{
    expect_our_words(p, now_ms, run->heard_boot ? 0 : 1);
    p->quiet_until_ms = 0;
    p->same_looks = 0;
    p->has_answered = run->answered;
    become_done(p, now_ms, run->passed || run->refused, run->mac);
}

void presence_must_wait(struct presence *p, uint64_t now_ms)
{
    p->place = PLACE_READY;
    p->wants_run = true;
    p->run_at_ms = now_ms + PLACE_MS;
}

/* ---- News ---- */

/* The board may have been exchanged, or it has a poor supply: whoever is asked once is left alone
 * for a while, the longer the oftener it was for nothing. */
static void heard_arrival(struct presence *p, uint64_t now_ms)
{
    if (now_ms < p->quiet_until_ms) {
        p->heard_waits = true;
        return;
    }
    if (now_ms > p->quiet_until_ms + FORGET_MS)
        p->same_looks = 0;
    const unsigned doubles = p->same_looks > QUIET_LOOKS ? p->same_looks - QUIET_LOOKS : 0;
    p->quiet_until_ms = now_ms + (QUIET_MS << doubles);
    p->same_looks += doubles < QUIET_DOUBLES;
    look_soon(p, now_ms);
}

bool presence_listens(const struct presence *p)
{
    if (has_switch(p) || p->held)
        return false;
    if (p->place == PLACE_DONE && p->passed)
        return p->rules.watch != WATCH_LEAVE;
    /* For a plug nothing that is said counts: a port that is read tells at once that it is gone. */
    return p->rules.start == START_BOARD || p->rules.start == START_PLUG;
}

static bool is_ours(struct presence *p, uint64_t now_ms)
{
    if (now_ms >= p->ours_until_ms || p->ours_left == 0)
        return false;
    p->ours_left--;
    return true;
}

void presence_heard(struct presence *p, uint64_t now_ms, enum heard heard)
{
    if (!presence_listens(p) || (heard == HEARD_ARRIVAL && is_ours(p, now_ms)))
        return;
    if (p->place == PLACE_DONE && p->passed && heard == HEARD_ARRIVAL)
        heard_arrival(p, now_ms);
    else if (p->place != PLACE_DONE && (heard == HEARD_ARRIVAL || p->place == PLACE_EMPTY) &&
             now_ms >= p->ours_until_ms)
        p->look_at_ms = now_ms;
}

void presence_switched(struct presence *p, uint64_t now_ms, bool shut)
{
    if (p->shut_seen_ms == 0 || shut != p->shut_seen)
        p->shut_seen_ms = now_ms;
    p->shut_seen = shut;
}

void presence_lost_port(struct presence *p, uint64_t now_ms)
{
    if (!p->lost)
        p->lost_at_ms = now_ms;
    p->lost = true;
}

/* Where a plug begins a run and a board has failed, another one may be in, however short the port
 * was away: at a server that is noticed late. Its MAC tells; it is asked when the plug is still. */
static void ask_who_is_plugged(struct presence *p, uint64_t now_ms)
{
    if (p->rules.start != START_PLUG || p->place != PLACE_DONE || p->passed)
        return;
    p->empty_looks = p->other_looks = 0;
    look_soon(p, now_ms + BOUNCE_MS);
}

/* By how long it was away. One that failed is judged anew only after it was really gone. */
void presence_found_port(struct presence *p, uint64_t now_ms)
{
    const uint64_t away_ms = p->lost ? now_ms - p->lost_at_ms : 0;
    const bool first = p->first;
    const bool was_lost = p->lost;
    p->lost = p->first = false;
    if (first || !was_lost)
        return;
    if (away_ms < BOUNCE_MS) {
        ask_who_is_plugged(p, now_ms);
        return;
    }
    p->held = false;
    if (p->rules.start == START_PLUG)
        p->empty_looks = 0;
    if (p->rules.start == START_PLUG && away_ms >= HOLD_MS) {
        p->appeared = true;
        if (p->place != PLACE_DONE)
            p->place = PLACE_UNKNOWN;
    }
    if (p->rules.start == START_PLUG ||
        (p->rules.start == START_BOARD && !has_switch(p) && p->rules.watch != WATCH_LEAVE))
        look_soon(p, now_ms);
}

/* Anything may have happened meanwhile, to the board of a verdict as well: it is asked who it is,
 * where the rules let it be asked at all. */
void presence_rested(struct presence *p, uint64_t now_ms)
{
    p->held = p->lost = false;
    p->empty_looks = p->strange_looks = p->other_looks = 0;
    p->quiet_until_ms = 0;
    if (p->place != PLACE_DONE && begins_by_itself(p))
        p->place = PLACE_UNKNOWN;
    const bool is_left = p->place == PLACE_DONE && p->passed && p->rules.watch == WATCH_LEAVE;
    if (begins_by_itself(p) && !is_left) /* a lid that was opened is read first */
        look_soon(p, now_ms + (has_switch(p) ? LID_MS : 0));
}

static void press_seen(struct presence *p, uint64_t now_ms)
{
    if (p->place != PLACE_DONE && !p->doubtful)
        return;
    p->empty_looks = p->other_looks = 0;
    if (p->rules.start != START_BOARD || has_switch(p)) {
        become_empty(p, now_ms);
        if (has_switch(p) && p->shut)
            p->place = PLACE_READY;
        return;
    }
    p->has_answered = true; /* from now on silence counts */
    p->held = false;        /* another one hears only a reset */
    look_soon(p, now_ms);
}

void presence_pressed(struct presence *p, uint64_t now_ms, enum press press)
{
    switch (press) {
    case PRESS_NONE:
        break;
    case PRESS_START:
        p->by_hand = true;
        p->empty_looks = p->strange_looks = p->other_looks = 0;
        p->held = false; /* another one hears only a reset */
        look_soon(p, now_ms);
        break;
    case PRESS_ANY:
        if (p->place != PLACE_DONE)
            look_soon(p, now_ms);
        break;
    case PRESS_SEEN:
        press_seen(p, now_ms);
        break;
    case PRESS_AGAIN: {
        const struct chip_mac mac = p->mac;
        become_ready(p, now_ms, &mac);
        break;
    }
    }
}
