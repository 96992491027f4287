/*
 * Presence: each rule by itself, and then a campaign in virtual time. A slot lives through days of
 * boards, noise, pulled cables, pressed resets, brown-outs and restarts of its station, under every
 * way to begin and to watch; no board that has passed may begin again or be shown red.
 *
 * CAMPAIGN_HOURS=10000 make unit T=station_presence: the long form; CAMPAIGN_SEED: another seed.
 */
#include "station/line/slot_presence.h"
#include "tests/lib/test.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- Each rule by itself ---- */

static const struct chip_mac ann = { { 1, 2, 3, 4, 5, 6 }, 6 }, bob = { { 1, 2, 3, 4, 5, 7 }, 6 };

struct bench {
    struct presence p;
    uint64_t now_ms;
};

static struct bench bench_of(enum start_policy start, enum watch_way watch, enum switch_line line)
{
    struct bench b = { .now_ms = 1000 };
    const struct slot_rules rules = {
        .start = start, .watch = watch, .ask_s = 60, .switch_line = line
    };
    presence_init(&b.p, &rules, b.now_ms);
    presence_found_port(&b.p, b.now_ms);
    return b;
}

/* The next deed, after the waits before it; DEED_WAIT: none comes within the time. */
static enum deed next_deed(struct bench *b, uint64_t within_ms)
{
    const uint64_t end_ms = b->now_ms + within_ms;
    uint32_t wait_ms = 0;
    for (;;) {
        const enum deed deed = presence_next(&b->p, b->now_ms, &wait_ms);
        if (deed != DEED_WAIT || b->now_ms >= end_ms)
            return deed;
        assert_true(wait_ms > 0);
        b->now_ms += wait_ms;
        if (b->now_ms > end_ms)
            b->now_ms = end_ms;
    }
}

static void look(struct bench *b, enum look found, const struct chip_mac *mac, bool passed)
{
    static const struct chip_mac nobody = { .count = 0 };
    assert_int_equal(next_deed(b, 11000), DEED_LOOK);
    b->now_ms += 100;
    presence_looked(&b->p, b->now_ms, found, mac ? mac : &nobody, passed);
}

static void run(struct bench *b, bool passed, bool answered, const struct chip_mac *mac)
{
    assert_int_equal(next_deed(b, 5000), DEED_RUN);
    b->now_ms += 5000;
    presence_ran(&b->p, b->now_ms,
                 &(struct presence_run){ .passed = passed, .answered = answered, .mac = mac });
}

static struct bench passed_bench(enum watch_way watch)
{
    struct bench b = bench_of(START_BOARD, watch, SWITCH_NONE);
    look(&b, LOOK_BOARD, &ann, false);
    run(&b, true, true, &ann);
    return b;
}

#define HOUR_MS 3600000u

static void a_board_that_has_passed_is_left_alone(void **state)
{
    (void)state;
    struct bench b = passed_bench(WATCH_LISTEN);
    assert_int_equal(next_deed(&b, 24 * HOUR_MS), DEED_WAIT);
    presence_heard(&b.p, b.now_ms, HEARD_LIFE);
    assert_int_equal(next_deed(&b, HOUR_MS), DEED_WAIT);
    b = passed_bench(WATCH_LEAVE);
    presence_heard(&b.p, b.now_ms + HOUR_MS, HEARD_ARRIVAL);
    assert_int_equal(next_deed(&b, HOUR_MS), DEED_WAIT);
}

static void an_arrival_is_looked_at_once(void **state)
{
    (void)state;
    struct bench b = passed_bench(WATCH_LISTEN);
    presence_heard(&b.p, b.now_ms + 500, HEARD_ARRIVAL); /* of our own reset */
    assert_int_equal(next_deed(&b, 600), DEED_WAIT);
    presence_heard(&b.p, b.now_ms, HEARD_ARRIVAL); /* and that was quick: it is another one */
    look(&b, LOOK_BOARD, &ann, true);
    presence_heard(&b.p, b.now_ms + 500, HEARD_ARRIVAL);
    assert_int_equal(next_deed(&b, HOUR_MS), DEED_WAIT);
    presence_heard(&b.p, b.now_ms, HEARD_ARRIVAL);
    look(&b, LOOK_BOARD, &ann, true);
    assert_true(b.p.place == PLACE_DONE && b.p.passed);
    assert_int_equal(next_deed(&b, HOUR_MS), DEED_WAIT);
}

/* A supply that breaks down again and again: rst:0x1 each time, as several chips report it. */
static void a_loop_of_arrivals_is_asked_ever_more_rarely(void **state)
{
    (void)state;
    struct bench b = passed_bench(WATCH_LISTEN);
    int looks = 0;
    b.now_ms += HOUR_MS;
    for (const uint64_t end_ms = b.now_ms + HOUR_MS; b.now_ms < end_ms; b.now_ms += 700) {
        uint32_t wait_ms;
        presence_heard(&b.p, b.now_ms, HEARD_ARRIVAL);
        if (presence_next(&b.p, b.now_ms, &wait_ms) != DEED_LOOK)
            continue;
        presence_looked(&b.p, b.now_ms, LOOK_BOARD, &ann, true);
        looks++;
    }
    assert_in_range(looks, 40, 60); /* once in 80 s, in the end; and the last one is never lost */
    assert_int_equal(b.p.place, PLACE_DONE);
}

static void another_mac_is_another_board(void **state)
{
    (void)state;
    struct bench b = passed_bench(WATCH_LISTEN);
    b.now_ms += HOUR_MS;
    presence_heard(&b.p, b.now_ms, HEARD_ARRIVAL);
    look(&b, LOOK_BOARD, &bob, false);
    run(&b, true, true, &bob);
    b.now_ms += HOUR_MS;
    presence_heard(&b.p, b.now_ms, HEARD_ARRIVAL);
    look(&b, LOOK_BOARD, &ann, true); /* the one before is put in once more */
    assert_true(b.p.place == PLACE_DONE && b.p.passed);
    assert_int_equal(next_deed(&b, HOUR_MS), DEED_WAIT);
}

static void one_empty_look_is_no_empty_slot_after_a_pass(void **state)
{
    (void)state;
    struct bench b = passed_bench(WATCH_LISTEN);
    b.now_ms += HOUR_MS;
    presence_heard(&b.p, b.now_ms, HEARD_ARRIVAL);
    look(&b, LOOK_EMPTY, NULL, false);
    look(&b, LOOK_STRANGE, NULL, false);
    look(&b, LOOK_EMPTY, NULL, false);
    look(&b, LOOK_EMPTY, NULL, false);
    assert_int_equal(b.p.place, PLACE_DONE);
    look(&b, LOOK_EMPTY, NULL, false);
    assert_int_equal(b.p.place, PLACE_EMPTY);
    look(&b, LOOK_BOARD, &ann, true);
    assert_true(b.p.place == PLACE_DONE && b.p.passed);
}

static void a_strange_board_after_a_pass_is_for_a_person(void **state)
{
    (void)state;
    struct bench b = passed_bench(WATCH_LISTEN);
    b.now_ms += HOUR_MS;
    presence_heard(&b.p, b.now_ms, HEARD_ARRIVAL);
    for (int i = 0; i < 40; i++)
        look(&b, LOOK_STRANGE, NULL, false);
    assert_true(b.p.doubtful);
    presence_pressed(&b.p, b.now_ms, PRESS_START);
    for (int i = 0; i < 6; i++)
        look(&b, LOOK_STRANGE, NULL, false);
    assert_int_equal(next_deed(&b, 1000), DEED_RUN);
}

static void a_board_that_failed_stays_until_it_is_gone(void **state)
{
    (void)state;
    struct bench b = bench_of(START_BOARD, WATCH_LISTEN, SWITCH_NONE);
    look(&b, LOOK_BOARD, &ann, false);
    run(&b, false, true, &ann);
    for (int i = 0; i < 100; i++) {
        look(&b, i % 3 ? LOOK_EMPTY : LOOK_BOARD, &ann, false);
        assert_true(b.p.place == PLACE_DONE && !b.p.passed);
    }
    look(&b, LOOK_EMPTY, NULL, false);
    look(&b, LOOK_EMPTY, NULL, false);
    look(&b, LOOK_EMPTY, NULL, false);
    assert_int_equal(b.p.place, PLACE_EMPTY);
    look(&b, LOOK_BOARD, &ann, false);
    assert_int_equal(next_deed(&b, 0), DEED_RUN);
}

static void one_that_died_stays_red_until_somebody_answers(void **state)
{
    (void)state;
    struct bench b = bench_of(START_BOARD, WATCH_LISTEN, SWITCH_NONE);
    look(&b, LOOK_BOARD, &ann, false);
    run(&b, false, false, &ann);
    for (int i = 0; i < 20; i++)
        look(&b, LOOK_EMPTY, NULL, false);
    assert_true(b.p.place == PLACE_DONE && !b.p.passed);
    presence_pressed(&b.p, b.now_ms, PRESS_SEEN); /* or a person has seen it */
    for (int i = 0; i < 3; i++)
        look(&b, LOOK_EMPTY, NULL, false);
    assert_int_equal(b.p.place, PLACE_EMPTY);
}

static void again_runs_the_board_that_failed(void **state)
{
    (void)state;
    struct bench b = bench_of(START_KEY, WATCH_LISTEN, SWITCH_NONE);
    presence_pressed(&b.p, b.now_ms, PRESS_START);
    look(&b, LOOK_BOARD, &ann, false);
    run(&b, false, true, &ann);
    assert_int_equal(next_deed(&b, HOUR_MS), DEED_WAIT);
    presence_pressed(&b.p, b.now_ms, PRESS_AGAIN);
    run(&b, true, true, &ann);
    presence_pressed(&b.p, b.now_ms, PRESS_START); /* it has passed: no other run */
    look(&b, LOOK_BOARD, &ann, true);
    assert_int_equal(next_deed(&b, HOUR_MS), DEED_WAIT);
}

static void a_key_runs_a_dead_board_and_a_key_for_all_does_not(void **state)
{
    (void)state;
    struct bench b = bench_of(START_KEY, WATCH_LISTEN, SWITCH_NONE);
    assert_int_equal(next_deed(&b, HOUR_MS), DEED_WAIT);
    presence_pressed(&b.p, b.now_ms, PRESS_ANY);
    look(&b, LOOK_EMPTY, NULL, false);
    assert_int_equal(b.p.place, PLACE_EMPTY);
    assert_int_equal(next_deed(&b, HOUR_MS), DEED_WAIT);
    presence_pressed(&b.p, b.now_ms, PRESS_START);
    for (int i = 0; i < 5; i++)
        look(&b, LOOK_EMPTY, NULL, false);
    assert_int_equal(next_deed(&b, 0), DEED_RUN);
}

static void a_switch_tells_of_coming_and_going(void **state)
{
    (void)state;
    struct bench b = bench_of(START_SWITCH, WATCH_LISTEN, SWITCH_DSR);
    assert_int_equal(next_deed(&b, HOUR_MS), DEED_WAIT);
    presence_switched(&b.p, b.now_ms, false);
    assert_int_equal(next_deed(&b, 1000), DEED_WAIT);
    assert_int_equal(b.p.place, PLACE_EMPTY);
    for (int i = 0; i < 9; i++, b.now_ms += 5) /* it bounces */
        presence_switched(&b.p, b.now_ms, i % 2 == 0);
    look(&b, LOOK_BOARD, &ann, false);
    run(&b, true, true, &ann);
    assert_int_equal(next_deed(&b, HOUR_MS), DEED_WAIT);
    presence_switched(&b.p, b.now_ms, false);
    assert_int_equal(next_deed(&b, 1000), DEED_WAIT);
    assert_int_equal(b.p.place, PLACE_EMPTY);
    presence_switched(&b.p, b.now_ms, true); /* and a dead one */
    for (int i = 0; i < 5; i++)
        look(&b, LOOK_EMPTY, NULL, false);
    assert_int_equal(next_deed(&b, 0), DEED_RUN);
}

static void a_lid_that_is_shut_in_the_morning_proves_no_board(void **state)
{
    (void)state;
    struct bench b = bench_of(START_SWITCH, WATCH_LISTEN, SWITCH_DSR);
    presence_switched(&b.p, b.now_ms, true);
    look(&b, LOOK_EMPTY, NULL, false);
    assert_int_equal(b.p.place, PLACE_EMPTY);
    assert_int_equal(next_deed(&b, HOUR_MS), DEED_WAIT);
}

/* A blank board with its own USB comes and goes every three seconds. */
static void a_plug_that_bounces_is_one_board(void **state)
{
    (void)state;
    struct bench b = bench_of(START_PLUG, WATCH_LISTEN, SWITCH_NONE);
    look(&b, LOOK_BOARD, &ann, false);
    run(&b, false, true, &ann);
    for (int i = 0; i < 20; i++) {
        presence_lost_port(&b.p, b.now_ms);
        b.now_ms += 400;
        presence_found_port(&b.p, b.now_ms);
        assert_int_equal(next_deed(&b, 1900), DEED_WAIT);
    }
    look(&b, LOOK_BOARD, &ann, false); /* asked who it is once the plug is still, */
    assert_int_equal(next_deed(&b, HOUR_MS), DEED_WAIT); /* ...and it is the same one */
    presence_lost_port(&b.p, b.now_ms);
    b.now_ms += 3000;
    presence_found_port(&b.p, b.now_ms);
    look(&b, LOOK_BOARD, &ann, false);
    assert_int_equal(next_deed(&b, HOUR_MS), DEED_WAIT); /* asked, and still the one that failed */
    presence_lost_port(&b.p, b.now_ms);
    b.now_ms += 6000;
    presence_found_port(&b.p, b.now_ms);
    look(&b, LOOK_BOARD, &ann, false);
    assert_int_equal(next_deed(&b, 0), DEED_RUN); /* it was really gone */
}

/* A server tells late that its device was unplugged, and it is back at once. */
static void another_board_ends_a_red_verdict_however_short_the_port_was_away(void **state)
{
    static const uint32_t away_ms[] = { 0, 300, 1900, 2100, 4900 };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(away_ms); i++) {
        struct bench b = bench_of(START_PLUG, WATCH_LISTEN, SWITCH_NONE);
        look(&b, LOOK_BOARD, &ann, false);
        run(&b, false, true, &ann);
        assert_true(presence_listens(&b.p)); /* else nobody notices that the port is gone */
        presence_lost_port(&b.p, b.now_ms);
        b.now_ms += away_ms[i];
        presence_found_port(&b.p, b.now_ms);
        look(&b, LOOK_BOARD, &bob, false);
        assert_int_equal(next_deed(&b, 0), DEED_RUN);
    }
}

/* Nor does it matter that the one before never answered, or that the next one is slow to. */
static void another_board_ends_the_red_of_one_that_was_dead(void **state)
{
    (void)state;
    struct bench b = bench_of(START_PLUG, WATCH_LISTEN, SWITCH_NONE);
    b.p.appeared = true;
    for (int i = 0; i < 5; i++)
        look(&b, LOOK_EMPTY, NULL, false);
    run(&b, false, false, &(struct chip_mac){ 0 });
    presence_lost_port(&b.p, b.now_ms);
    b.now_ms += 3000;
    presence_found_port(&b.p, b.now_ms);
    look(&b, LOOK_EMPTY, NULL, false);
    look(&b, LOOK_EMPTY, NULL, false);
    look(&b, LOOK_BOARD, &bob, false);
    assert_int_equal(next_deed(&b, 0), DEED_RUN);
}

static void a_slot_that_rested_asks_who_is_there(void **state)
{
    (void)state;
    struct bench b = bench_of(START_BOARD, WATCH_LISTEN, SWITCH_NONE);
    look(&b, LOOK_BOARD, &ann, false);
    run(&b, false, true, &ann);
    b.now_ms += HOUR_MS;
    presence_rested(&b.p, b.now_ms);
    look(&b, LOOK_BOARD, &ann, false);
    assert_int_equal(b.p.place, PLACE_DONE); /* the one that failed is not run again, */
    assert_int_equal(next_deed(&b, 500), DEED_WAIT);
    presence_rested(&b.p, b.now_ms);
    look(&b, LOOK_BOARD, &bob, false); /* ...another one is */
    assert_int_equal(next_deed(&b, 0), DEED_RUN);
    b = passed_bench(WATCH_LEAVE);
    presence_rested(&b.p, b.now_ms);
    assert_int_equal(next_deed(&b, HOUR_MS), DEED_WAIT);
    b = bench_of(START_KEY, WATCH_LISTEN, SWITCH_NONE);
    presence_rested(&b.p, b.now_ms);
    assert_int_equal(next_deed(&b, HOUR_MS), DEED_WAIT);
}

static void a_dead_board_that_is_plugged_in_has_its_run(void **state)
{
    (void)state;
    struct bench b = bench_of(START_PLUG, WATCH_LISTEN, SWITCH_NONE);
    b.p.appeared = true;
    for (int i = 0; i < 5; i++)
        look(&b, LOOK_EMPTY, NULL, false);
    assert_int_equal(next_deed(&b, 0), DEED_RUN);
    b = bench_of(START_PLUG, WATCH_LISTEN, SWITCH_NONE); /* it was there when the station began */
    look(&b, LOOK_EMPTY, NULL, false);
    assert_int_equal(next_deed(&b, HOUR_MS), DEED_WAIT);
}

static void a_board_that_is_held_is_asked_without_a_reset(void **state)
{
    (void)state;
    struct bench b = passed_bench(WATCH_HOLD);
    assert_false(b.p.held);
    look(&b, LOOK_BOARD, &ann, true);
    assert_true(b.p.held);
    for (int i = 0; i < 100; i++)
        look(&b, LOOK_BOARD, &ann, true);
    for (int i = 0; i < 3; i++)
        look(&b, LOOK_EMPTY, NULL, false);
    assert_int_equal(b.p.place, PLACE_EMPTY);
    assert_false(b.p.held);
}

/* A blank board under the green of the one before: it loops, and answers a look in this way or
 * that, or not. */
static void a_board_in_a_boot_loop_ends_a_hold(void **state)
{
    (void)state;
    struct bench b = passed_bench(WATCH_HOLD);
    look(&b, LOOK_BOARD, &ann, true);
    int looks = 0;
    for (; b.p.held && looks < 20; looks++)
        look(&b, looks % 2 ? LOOK_EMPTY : LOOK_STRANGE, NULL, false);
    assert_in_range(looks, 5, 12);
    assert_int_equal(b.p.place, PLACE_EMPTY);
    look(&b, LOOK_BOARD, &bob, false); /* asked by a reset now */
    assert_int_equal(next_deed(&b, 0), DEED_RUN);
}

static void a_press_asks_one_that_is_held_by_a_reset(void **state)
{
    static const enum press presses[] = { PRESS_SEEN, PRESS_START };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(presses); i++) {
        struct bench b = passed_bench(WATCH_HOLD);
        look(&b, LOOK_BOARD, &ann, true);
        presence_pressed(&b.p, b.now_ms, presses[i]);
        assert_false(b.p.held);
        look(&b, LOOK_BOARD, &ann, true);
        assert_true(b.p.held && b.p.passed);
    }
}

static void a_start_runs_a_board_that_answers_in_no_way_twice(void **state)
{
    (void)state;
    struct bench b = bench_of(START_KEY, WATCH_LISTEN, SWITCH_NONE);
    presence_pressed(&b.p, b.now_ms, PRESS_START);
    for (int i = 0; i < 9; i++)
        look(&b, i % 2 ? LOOK_EMPTY : LOOK_STRANGE, NULL, false);
    assert_int_equal(next_deed(&b, 0), DEED_RUN);
}

static void a_new_board_ends_the_pass_of_one_that_a_hand_began(void **state)
{
    static const enum start_policy starts[] = { START_KEY, START_SCAN, START_PLC };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(starts); i++) {
        struct bench b = bench_of(starts[i], WATCH_LISTEN, SWITCH_NONE);
        assert_false(presence_listens(&b.p));
        presence_pressed(&b.p, b.now_ms, PRESS_START);
        look(&b, LOOK_BOARD, &ann, false);
        run(&b, true, true, &ann);
        assert_true(presence_listens(&b.p));
        b.now_ms += HOUR_MS;
        presence_heard(&b.p, b.now_ms, HEARD_ARRIVAL);
        look(&b, LOOK_BOARD, &bob, false);
        assert_int_equal(b.p.place, PLACE_READY);
        assert_int_equal(next_deed(&b, HOUR_MS), DEED_WAIT); /* it is not begun by that */
        presence_pressed(&b.p, b.now_ms, PRESS_START);
        look(&b, LOOK_BOARD, &bob, false);
        run(&b, true, true, &bob);
    }
}

static void a_new_board_in_an_adapter_that_stays_begins(void **state)
{
    (void)state;
    struct bench b = bench_of(START_PLUG, WATCH_LISTEN, SWITCH_NONE);
    look(&b, LOOK_BOARD, &ann, false);
    run(&b, true, true, &ann);
    b.now_ms += HOUR_MS;
    presence_heard(&b.p, b.now_ms, HEARD_ARRIVAL);
    look(&b, LOOK_BOARD, &bob, false);
    assert_int_equal(next_deed(&b, 0), DEED_RUN);
}

static void watch_ask_asks_at_its_interval(void **state)
{
    (void)state;
    struct bench b = passed_bench(WATCH_ASK);
    for (int i = 0; i < 10; i++) {
        const uint64_t before_ms = b.now_ms;
        assert_int_equal(next_deed(&b, HOUR_MS), DEED_LOOK);
        assert_in_range(b.now_ms - before_ms, 59000, 61000);
        presence_looked(&b.p, b.now_ms, LOOK_BOARD, &ann, true);
    }
}

static void a_board_waits_for_a_place_and_begins_by_itself(void **state)
{
    (void)state;
    struct bench b = bench_of(START_BOARD, WATCH_LISTEN, SWITCH_NONE);
    look(&b, LOOK_BOARD, &ann, false);
    for (int i = 0; i < 50; i++) {
        enum deed deed = next_deed(&b, 5000);
        if (deed == DEED_RUN)
            presence_must_wait(&b.p, b.now_ms);
        else
            presence_looked(&b.p, b.now_ms, LOOK_BOARD, &ann, false);
        assert_int_equal(b.p.place, PLACE_READY);
    }
    while (next_deed(&b, 5000) == DEED_LOOK) /* it is taken out again */
        presence_looked(&b.p, b.now_ms, LOOK_EMPTY, &ann, false);
    while (b.p.place == PLACE_READY) {
        enum deed deed = next_deed(&b, 5000);
        if (deed == DEED_RUN)
            presence_must_wait(&b.p, b.now_ms);
        else
            presence_looked(&b.p, b.now_ms, LOOK_EMPTY, &ann, false);
    }
    assert_int_equal(b.p.place, PLACE_EMPTY);
    assert_int_equal(next_deed(&b, 5000), DEED_LOOK);
}

/* ---- The campaign ---- */

#define BOARDS 40 /* that go round in a slot; some have passed already when they come again */

struct board {
    struct chip_mac mac;
    bool dead, mute, fails, passed;
};

/* One slot, its boards, and what happens to them. Chances are in parts of 65536. */
struct world {
    struct presence p;
    struct slot_rules rules;
    uint32_t random;
    uint64_t now_ms, news_ms; /* when the next thing happens */
    struct board boards[BOARDS];
    int there;      /* index; -1: nobody */
    bool was_green; /* the board that is there was shown to have passed, since it is there */
    bool cable_out;
    uint64_t cable_in_ms;
    uint32_t p_empty, p_strange; /* of a look at a good board */
    unsigned long runs, passes, looks, resets_of_passed, false_starts, false_reds, seated, begun;
};

static bool chance(struct world *w, uint32_t parts)
{
    return (next_random(&w->random) & 0xFFFF) < parts;
}

static uint32_t between(struct world *w, uint32_t least, uint32_t most)
{
    return least + next_random(&w->random) % (most - least + 1);
}

static bool is_shut(const struct world *w)
{
    return w->there >= 0;
}

static void tell_switch(struct world *w)
{
    if (w->rules.switch_line != SWITCH_NONE && !w->cable_out)
        presence_switched(&w->p, w->now_ms, is_shut(w));
}

/* A ROM's words, as far as the wire lets them through. */
static void speak(struct world *w, enum heard heard)
{
    if (w->there >= 0 && !w->boards[w->there].dead && !w->boards[w->there].mute && !w->cable_out &&
        !chance(w, 2000))
        presence_heard(&w->p, w->now_ms, heard);
}

static void put_in(struct world *w)
{
    w->there = (int)between(w, 0, BOARDS - 1);
    struct board *b = &w->boards[w->there];
    if (!b->passed) { /* another life of it */
        b->dead = chance(w, 600);
        b->mute = chance(w, 600);
        b->fails = chance(w, 3000);
    }
    w->was_green = false;
    w->seated += !b->dead && !b->passed;
    tell_switch(w);
    speak(w, HEARD_ARRIVAL);
}

static void take_out(struct world *w)
{
    if (chance(w, 3000)) /* a board is used up, and its MAC comes again in another order */
        w->boards[w->there].passed = false;
    w->there = -1;
    tell_switch(w);
}

static void pull_cable(struct world *w)
{
    w->cable_out = true;
    w->cable_in_ms = w->now_ms + between(w, 100, 20000);
    presence_lost_port(&w->p, w->now_ms);
}

static void plug_cable(struct world *w)
{
    w->cable_out = false;
    presence_found_port(&w->p, w->now_ms);
    tell_switch(w);
    if (chance(w, 30000)) /* the cable was its supply as well */
        speak(w, HEARD_ARRIVAL);
}

static void restart_station(struct world *w)
{
    presence_init(&w->p, &w->rules, w->now_ms);
    presence_found_port(&w->p, w->now_ms);
    tell_switch(w);
}

static void happen(struct world *w)
{
    const uint32_t dice = between(w, 0, 99);
    if (dice < 40 && w->there < 0)
        put_in(w);
    else if (dice < 30 && w->there >= 0)
        take_out(w);
    else if (dice < 60)
        speak(w, chance(w, 20000) ? HEARD_ARRIVAL : HEARD_LIFE);
    else if (dice < 66)
        pull_cable(w);
    else if (dice < 68)
        restart_station(w);
    else if (dice < 75)
        presence_heard(&w->p, w->now_ms, HEARD_LIFE); /* noise that looks like words */
    else if (dice < 85)
        presence_pressed(&w->p, w->now_ms, dice < 80 ? PRESS_START : PRESS_ANY);
    else if (dice < 88)
        presence_pressed(&w->p, w->now_ms, PRESS_SEEN);
    w->news_ms = w->now_ms + between(w, 50, dice % 5 ? 60000 : 1500);
}

static void do_look(struct world *w)
{
    static const struct chip_mac nobody = { .count = 0 };
    const struct board *b = w->there >= 0 ? &w->boards[w->there] : NULL;
    w->now_ms += between(w, 60, 700);
    w->looks++;
    w->resets_of_passed += b && b->passed;
    if (w->cable_out)
        presence_looked(&w->p, w->now_ms, LOOK_NO_PORT, &nobody, false);
    else if (!b || b->dead || chance(w, w->p_empty))
        presence_looked(&w->p, w->now_ms, LOOK_EMPTY, &nobody, false);
    else if (chance(w, w->p_strange))
        presence_looked(&w->p, w->now_ms, LOOK_STRANGE, &nobody, false);
    else
        presence_looked(&w->p, w->now_ms, LOOK_BOARD, &b->mac, b->passed);
}

static void do_run(struct world *w)
{
    static const struct chip_mac nobody = { .count = 0 };
    struct board *b = w->there >= 0 ? &w->boards[w->there] : NULL;
    const bool by_itself = !b || !b->passed;
    w->now_ms += between(w, 3000, 40000);
    w->runs++;
    w->false_starts += !by_itself;
    w->begun += b && !b->dead && !b->passed;
    const bool passes = b && !b->dead && !b->fails && !w->cable_out;
    if (b && !b->passed && passes) {
        b->passed = true;
        w->passes++;
    }
    presence_ran(&w->p, w->now_ms,
                 &(struct presence_run){ .passed = passes,
                                         .answered = b && !b->dead && !w->cable_out,
                                         .mac = b && !b->dead ? &b->mac : &nobody });
}

/* A board that has passed, and is red by its name or was green here before. */
static void judge(struct world *w)
{
    const struct board *b = w->there >= 0 ? &w->boards[w->there] : NULL;
    if (!b || !b->passed || w->p.place != PLACE_DONE)
        return;
    const bool named = w->p.mac.count > 0 && memcmp(&w->p.mac, &b->mac, sizeof b->mac) == 0;
    w->was_green = w->was_green || (named && w->p.passed);
    w->false_reds += !w->p.passed && (named || w->was_green);
}

static void live_for(struct world *w, uint64_t ms)
{
    const uint64_t end_ms = w->now_ms + ms;
    uint32_t wait_ms;
    while (w->now_ms < end_ms) {
        if (w->cable_out && w->now_ms >= w->cable_in_ms)
            plug_cable(w);
        /* What is decided is done in the same moment: nobody exchanges boards in between. */
        enum deed deed = presence_next(&w->p, w->now_ms, &wait_ms);
        if (deed == DEED_WAIT && w->now_ms >= w->news_ms) {
            happen(w);
            deed = presence_next(&w->p, w->now_ms, &wait_ms);
        }
        switch (deed) {
        case DEED_LOOK:
            do_look(w);
            break;
        case DEED_RUN:
            do_run(w);
            break;
        case DEED_WAIT: {
            uint64_t next_ms = w->now_ms + wait_ms;
            if (next_ms > w->news_ms)
                next_ms = w->news_ms;
            if (w->cable_out && next_ms > w->cable_in_ms)
                next_ms = w->cable_in_ms;
            w->now_ms = next_ms > w->now_ms ? next_ms : w->now_ms + 1;
            break;
        }
        }
        judge(w);
    }
}

static uint64_t number_from(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text && text[0] ? strtoull(text, NULL, 10) : otherwise;
}

static void begin_world(struct world *w, uint32_t seed, const struct slot_rules *rules, bool noisy)
{
    *w = (struct world){ .rules = *rules, .random = seed, .there = -1, .now_ms = 1000 };
    for (int i = 0; i < BOARDS; i++)
        w->boards[i].mac =
            (struct chip_mac){ { 0x24, 0x0a, 0xc4, 0, (uint8_t)(seed & 0xFF), (uint8_t)i }, 6 };
    w->p_empty = noisy ? 1300 : 13;
    w->p_strange = noisy ? 6500 : 300;
    presence_init(&w->p, rules, w->now_ms);
    presence_found_port(&w->p, w->now_ms);
    tell_switch(w);
}

static void no_board_that_has_passed_begins_again_or_turns_red(void **state)
{
    static struct world w;
    const uint64_t hours = number_from("CAMPAIGN_HOURS", 300);
    uint32_t seed = (uint32_t)number_from("CAMPAIGN_SEED", 20261130);
    const unsigned ways = START_POLICY_COUNT * WATCH_WAY_COUNT * 2 * 2;
    unsigned long runs = 0, passes = 0, looks = 0, resets = 0, starts = 0, reds = 0;
    (void)state;
    print_message("seed %u, %llu board-hours\n", seed, (unsigned long long)hours);
    for (unsigned way = 0; way < ways; way++) {
        const struct slot_rules rules = {
            .start = (enum start_policy)(way % START_POLICY_COUNT),
            .watch = (enum watch_way)(way / START_POLICY_COUNT % WATCH_WAY_COUNT),
            .ask_s = 60,
            .switch_line =
                way / START_POLICY_COUNT / WATCH_WAY_COUNT % 2 ? SWITCH_DSR : SWITCH_NONE,
        };
        begin_world(&w, seed + way * 7919, &rules, way >= ways / 2);
        live_for(&w, hours * HOUR_MS / ways);
        runs += w.runs;
        passes += w.passes;
        looks += w.looks;
        resets += w.resets_of_passed;
        starts += w.false_starts;
        reds += w.false_reds;
        if (w.false_starts + w.false_reds > 0)
            print_message("start: %s, watch: %s, switch %d, noisy %d: %lu false starts, %lu reds\n",
                          start_policy_words[rules.start], watch_way_words[rules.watch],
                          rules.switch_line, way >= ways / 2, w.false_starts, w.false_reds);
    }
    print_message("%lu runs, %lu passed, %lu looks, %lu of them at boards that had passed; "
                  "%lu false starts, %lu false reds\n",
                  runs, passes, looks, resets, starts, reds);
    assert_int_equal(starts, 0);
    assert_int_equal(reds, 0);
    assert_true(passes > hours / 10);
}

/* With nothing but a clean wire each board that is put in comes to its run. */
static void each_good_board_comes_to_its_run(void **state)
{
    (void)state;
    struct bench b = bench_of(START_BOARD, WATCH_LISTEN, SWITCH_NONE);
    look(&b, LOOK_EMPTY, NULL, false);
    for (uint8_t i = 0; i < 100; i++) {
        const struct chip_mac mac = { { 1, 1, 1, 1, 1, i }, 6 };
        b.now_ms += 20000;
        presence_heard(&b.p, b.now_ms, HEARD_ARRIVAL);
        look(&b, LOOK_BOARD, &mac, false);
        run(&b, i % 7 != 0, true, &mac);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_board_that_has_passed_is_left_alone),
        cmocka_unit_test(an_arrival_is_looked_at_once),
        cmocka_unit_test(a_loop_of_arrivals_is_asked_ever_more_rarely),
        cmocka_unit_test(another_mac_is_another_board),
        cmocka_unit_test(one_empty_look_is_no_empty_slot_after_a_pass),
        cmocka_unit_test(a_strange_board_after_a_pass_is_for_a_person),
        cmocka_unit_test(a_board_that_failed_stays_until_it_is_gone),
        cmocka_unit_test(one_that_died_stays_red_until_somebody_answers),
        cmocka_unit_test(again_runs_the_board_that_failed),
        cmocka_unit_test(a_key_runs_a_dead_board_and_a_key_for_all_does_not),
        cmocka_unit_test(a_switch_tells_of_coming_and_going),
        cmocka_unit_test(a_lid_that_is_shut_in_the_morning_proves_no_board),
        cmocka_unit_test(a_plug_that_bounces_is_one_board),
        cmocka_unit_test(another_board_ends_a_red_verdict_however_short_the_port_was_away),
        cmocka_unit_test(another_board_ends_the_red_of_one_that_was_dead),
        cmocka_unit_test(a_slot_that_rested_asks_who_is_there),
        cmocka_unit_test(a_dead_board_that_is_plugged_in_has_its_run),
        cmocka_unit_test(a_board_that_is_held_is_asked_without_a_reset),
        cmocka_unit_test(a_board_in_a_boot_loop_ends_a_hold),
        cmocka_unit_test(a_press_asks_one_that_is_held_by_a_reset),
        cmocka_unit_test(a_start_runs_a_board_that_answers_in_no_way_twice),
        cmocka_unit_test(a_new_board_ends_the_pass_of_one_that_a_hand_began),
        cmocka_unit_test(a_new_board_in_an_adapter_that_stays_begins),
        cmocka_unit_test(watch_ask_asks_at_its_interval),
        cmocka_unit_test(a_board_waits_for_a_place_and_begins_by_itself),
        cmocka_unit_test(each_good_board_comes_to_its_run),
        cmocka_unit_test(no_board_that_has_passed_begins_again_or_turns_red),
    };
    return cmocka_run_group_tests_name("station_presence", tests, NULL, NULL);
}
