/* The thread of a slot. */
#include "station/line/slot_priv.h"

#include "core/images/forecast.h"

#include <string.h>
#include <sys/eventfd.h>

#define RATE_RUNS     20 /* so many of the port's latest runs tell which rate to begin with, */
#define RATE_ATTEMPTS 64 /* ...and so many attempts in them */
#define DEFLATED(n)   ((n) / 100 * 65)

static void skip(struct slot *s)
{
    pthread_mutex_lock(&s->lock);
    if (s->view.state == SLOT_WAITING)
        s->view.state = SLOT_SKIPPED;
    pthread_mutex_unlock(&s->lock);
}

/* What the record knows of the rates on this port. Without a record, or where it does not answer,
 * the recipe's rate is as good as any. */
static void recall_rates(struct slot *s)
{
    struct db_rate seen[RATE_ATTEMPTS];
    struct err ignored = { 0 };
    size_t count = 0;
    uint64_t bytes = job_bytes(order_job(s->order));
    double least_s = (double)forecast_flash_us(0, (uint32_t)bytes) / 1e6;
    rates_init(&s->rates, &slot_recipe(s)->port, DEFLATED(bytes), least_s);
    if (!record_rates(s->gang->record, s->port_text, RATE_RUNS, seen, RATE_ATTEMPTS, &count,
                      &ignored))
        return;
    while (count-- > 0) /* the oldest comes last */
        rates_recall(&s->rates, (uint32_t)seen[count].baud, seen[count].failed);
}

void slot_take_order(struct slot *s)
{
    struct order *now = gang_order(s->gang), *before = s->order;
    s->order = now;
    if (!before || order_job(before) != order_job(now))
        recall_rates(s);
    order_release(before);
}

/* ---- Who has passed here ---- */

/* Boards are moved from slot to slot. Only re-work of a whole order does a board once more in each
 * slot that it is put into. */
static int slot_of_pass(const struct slot *s)
{
    return order_rework_reason(s->order) ? s->number : 0;
}

bool slot_has_passed(struct slot *s, const struct chip_mac *mac, struct db_passed_run *passed)
{
    struct err ignored = { 0 };
    *passed = (struct db_passed_run){ 0 };
    if (mac->count == 0)
        return false;
    if (s->gang->record &&
        record_passed_here(s->gang->record, s->order, slot_of_pass(s), mac, passed, &ignored))
        return passed->run_id != 0;
    return gang_has_passed(s->gang, slot_of_pass(s), s->order, mac, passed);
}

/* ---- All day ---- */

/* What is shown while no run goes on. */
static void show_place(struct slot *s)
{
    struct presence *p = &s->presence;
    struct err waits = { 0 };
    if (p->doubtful) {
        err_set(&waits, ERR_IDENTIFY,
                "A board speaks here and does not say who it is; it may be "
                "the one that has passed");
        err_hint(&waits, "Take it out and put it in again, or press START.");
    } else if (p->place == PLACE_READY && p->wants_run) {
        waits = s->waits;
    }
    pthread_mutex_lock(&s->lock);
    const bool empty =
        p->place == PLACE_EMPTY || (p->place == PLACE_UNKNOWN && s->view.state == SLOT_WAITING);
    const bool ready = p->place == PLACE_READY && (!p->wants_run || s->waits.code != ERR_NONE);
    const bool changed = s->view.empty != empty || s->view.ready != ready ||
                         strcmp(s->view.waits.what, waits.what) != 0;
    s->view.empty = empty;
    s->view.ready = ready;
    s->view.waits = waits;
    pthread_mutex_unlock(&s->lock);
    if (changed)
        slot_tell(s, 0, EVENT_CHANGED, NULL, VERDICT_NONE);
    if (p->place == PLACE_EMPTY)
        gang_release_mac(s->gang, s->number);
}

static uint64_t now_ms(const struct slot *s)
{
    return slot_now_us(s) / 1000;
}

/* Between the press and now the slot may have looked, and found another board. */
static bool is_still_there(const struct slot *s, const char *mac)
{
    char now[BOARD_MAC_TEXT_BYTES];
    board_mac_text(&s->presence.mac, now);
    return mac[0] == '\0' || s->presence.mac.count == 0 || strcmp(mac, now) == 0;
}

static void take_press(struct slot *s)
{
    eventfd_t ignored;
    if (s->wake_fd < 0)
        return;
    eventfd_read(s->wake_fd, &ignored);
    pthread_mutex_lock(&s->lock);
    const struct slot_press press = s->pressed;
    s->pressed.press = PRESS_NONE;
    pthread_mutex_unlock(&s->lock);
    if (press.press == PRESS_AGAIN && !is_still_there(s, press.mac)) {
        slot_note(s, 0, "Another board is there now: the one before is not run again");
        return;
    }
    if (press.press == PRESS_AGAIN)
        s->again = press;
    presence_pressed(&s->presence, now_ms(s), press.press);
}

static void look(struct slot *s)
{
    struct chip_mac mac;
    struct db_passed_run earlier;
    slot_take_order(s);
    const struct presence before = s->presence;
    const enum look found = look_for_board(s, &mac);
    if (slot_is_stopping(s))
        return;
    const bool passed = found == LOOK_BOARD && slot_has_passed(s, &mac, &earlier);
    if (found == LOOK_NO_PORT && !s->port)
        presence_lost_port(&s->presence, now_ms(s));
    /* Where nobody watches tiles the port that was typed gets a run, whose verdict tells why. */
    if (found == LOOK_NO_PORT && before.place == PLACE_UNKNOWN && s->presence.unattended)
        presence_pressed(&s->presence, now_ms(s), PRESS_START);
    presence_looked(&s->presence, now_ms(s), found, &mac, passed);
    const struct presence *p = &s->presence;
    const bool was_green = before.place == PLACE_DONE && before.passed &&
                           memcmp(&before.mac, &p->mac, sizeof p->mac) == 0;
    /* Whoever pressed START is told why there is no run. */
    if (p->place == PLACE_DONE && p->passed && passed && (!was_green || before.by_hand))
        run_show_passed(s, &mac, &earlier);
    if (p->place == PLACE_DONE)
        slot_drop_given(s, 0);
}

/* ---- What is given is for one board ---- */

static void drop_what_is_old(struct slot *s)
{
    if (s->presence.place != PLACE_READY)
        slot_drop_given(s, GIVEN_MS);
}

/* The board that it was given for has left, or another one is there. */
static void drop_of_board_before(struct slot *s, const struct presence *before)
{
    const struct presence *p = &s->presence;
    const bool was_there = before->place == PLACE_READY || before->place == PLACE_DONE;
    const bool is_there = p->place == PLACE_READY || p->place == PLACE_DONE;
    const bool other = before->place == PLACE_READY && before->mac.count > 0 && p->mac.count > 0 &&
                       memcmp(&before->mac, &p->mac, sizeof p->mac) != 0;
    if (was_there && (!is_there || other))
        slot_drop_given(s, 0);
}

/* Whether no run may begin with this board now, though it is there: s->waits tells why. */
static bool has_to_wait(struct slot *s)
{
    if (atomic_load(&s->gang->halted)) {
        err_set(&s->waits, ERR_WAITING, "Stopped: no new board begins");
        err_hint(&s->waits, "START for all lets boards begin again.");
        return true;
    }
    if (!atomic_load(&s->golden_only) || s->golden)
        return false;
    if (s->waits.code == ERR_NONE)
        slot_note(s, 0, "The slot has to be proved by a golden board first; this is another");
    err_set(&s->waits, ERR_WAITING, "The slot has to be proved by a golden board first");
    return true;
}

static void run(struct slot *s)
{
    struct run_end end = { 0 };
    slot_take_order(s);
    s->golden = gang_is_golden(s->gang, &s->presence.mac);
    if (has_to_wait(s)) {
        presence_must_wait(&s->presence, now_ms(s));
        return;
    }
    look_release(s);
    run_board(s, &end);
    if (!end.passed || s->presence.rules.watch != WATCH_HOLD)
        gang_release_mac(s->gang, s->number); /* it may be put into another slot now */
    s->waits = end.waits;
    if (end.waits.code != ERR_NONE) {
        presence_must_wait(&s->presence, now_ms(s));
        return;
    }
    s->again = (struct slot_press){ 0 };
    const struct presence_run ran = { .passed = end.passed,
                                      .refused = end.refused,
                                      .answered = end.answered,
                                      .heard_boot = end.heard_boot,
                                      .mac = &end.mac };
    ear_forget(&s->ear);
    presence_ran(&s->presence, now_ms(s), &ran);
}

/* A run that was stopped alone leaves the descriptor readable. */
static void forget_stop(struct slot *s)
{
    eventfd_t ignored;
    if (!slot_is_stopping(s) && s->stop_fd != s->gang->stop_fd)
        eventfd_read(s->stop_fd, &ignored);
}

/* Out of work: an engineer may use the port meanwhile, and whatever is pressed is not meant for
 * later. */
static void rest(struct slot *s)
{
    const struct clock *c = slot_clock(s);
    eventfd_t ignored;
    look_release(s);
    slot_close_port(s);
    pthread_mutex_lock(&s->lock);
    s->pressed.press = PRESS_NONE; /* once: whoever ends the rest may press START right behind */
    pthread_mutex_unlock(&s->lock);
    while (atomic_load(&s->paused) && !slot_is_stopping(s)) {
        c->sleep_until(c, deadline_in_ms(c, PRESENCE_WAIT_MAX_MS).at_us, s->idle_fd);
        eventfd_read(s->wake_fd, &ignored);
        forget_stop(s);
    }
    presence_rested(&s->presence, now_ms(s));
}

static void work_all_day(struct slot *s)
{
    uint32_t wait_ms;
    slot_take_order(s);
    while (!slot_is_stopping(s)) {
        forget_stop(s);
        if (atomic_load(&s->paused)) {
            rest(s);
            continue;
        }
        take_press(s);
        drop_what_is_old(s);
        const struct presence before = s->presence;
        const enum deed deed = presence_next(&s->presence, now_ms(s), &wait_ms);
        if (deed != DEED_RUN)
            look_let_go(s);
        switch (deed) {
        case DEED_WAIT:
            idle_wait(s, wait_ms);
            break;
        case DEED_LOOK:
            look(s);
            break;
        case DEED_RUN:
            run(s);
            break;
        }
        drop_of_board_before(s, &before);
        show_place(s);
    }
    look_let_go(s);
    look_release(s);
}

void slot_main(struct slot *s)
{
    if (slot_is_stopping(s)) {
        skip(s);
    } else if (s->gang->loop) {
        work_all_day(s);
        skip(s);
    } else {
        struct run_end ignored;
        slot_take_order(s);
        run_board(s, &ignored);
    }
    slot_close_port(s);
}
