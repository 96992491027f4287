/*
 * The floor against virtual boards: tiles, and what people may do to them.
 */
#include "db/store/db.h"
#include "db/write/lot.h"
#include "station/floor/floor_priv.h"
#include "station/line/slot_press.h"
#include "station/line/slot_setup.h"
#include "station/words/words.h"
#include "tests/fixture/rack.h"
#include "tests/lib/test.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { BOARDS = 2, PATIENCE_MS = 120000, STEP_MS = 20, IMAGE_BYTES = 16 << 10 };

/* ---- The boards, on a thread of their own ---- */

struct bench {
    struct options options;
    struct rack rack;
    pthread_t thread;
    struct watch kick;
    atomic_bool end;
    char folder[64], recipe[128];
    struct station *station;
    struct job *job;
    struct floor *floor;
};

static void *turn_rack(void *bench)
{
    struct bench *b = bench;
    struct epoll_event events[16];
    while (!atomic_load(&b->end)) {
        const uint64_t due_us = rack_run_due(&b->rack), now_us = rack_now_us();
        const int wait_ms = due_us == CHIP_SIM_NEVER ? -1
                            : due_us <= now_us       ? 0
                                                     : (int)((due_us - now_us) / 1000) + 1;
        const int n = epoll_wait(b->rack.epoll_fd, events, 16, wait_ms);
        for (int i = 0; i < n; i++) {
            struct watch *watch = events[i].data.ptr;
            if (watch != &b->kick)
                rack_event(&b->rack, watch, events[i].events);
        }
    }
    return NULL;
}

static void turn_begin(struct bench *b)
{
    atomic_store(&b->end, false);
    assert_int_equal(pthread_create(&b->thread, NULL, turn_rack, b), 0);
}

static void turn_end(struct bench *b)
{
    eventfd_t ignored;
    atomic_store(&b->end, true);
    eventfd_write(b->kick.fd, 1);
    pthread_join(b->thread, NULL);
    eventfd_read(b->kick.fd, &ignored);
}

/* Another board into the first slot. */
static void put_board(struct bench *b, const char *mac)
{
    char why[200] = "", word[64];
    char *extra[] = { word, NULL };
    snprintf(word, sizeof word, "mac=%s", mac);
    turn_end(b);
    if (!slot_new_board(&b->rack, &b->rack.slot[0], extra, why, sizeof why))
        fail_msg("%s", why);
    turn_begin(b);
}

static void write_recipe(struct bench *b)
{
    char path[160];
    uint32_t random = 5;
    snprintf(path, sizeof path, "%s/app.bin", b->folder);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    for (int i = 0; i < IMAGE_BYTES; i++)
        fputc((int)(next_random(&random) >> 24), f);
    assert_int_equal(fclose(f), 0);
    snprintf(b->recipe, sizeof b->recipe, "%s/app.yaml", b->folder);
    f = fopen(b->recipe, "w");
    assert_non_null(f);
    fputs("recipe: app\nversion: 1\nchip: esp32\nport: { fallback: [] }\nretry: { sync: 1, write: "
          "1, "
          "pause_ms: 10 }\nimages:\n  - { file: app.bin, offset: 0x10000, as: data }\n",
          f);
    assert_int_equal(fclose(f), 0);
}

static void load(struct bench *b, const char *start, bool with_recipe)
{
    static struct doc_report report;
    char text[600];
    struct err e = { 0 };
    snprintf(text, sizeof text,
             "station: bench\nstart: %s\nslots:\n  - { name: A1, port: \"%s\" }\n"
             "  - { name: A2, usb: \"pci-0000:00:14.0-usb-0:1.2:1.0\" }\n",
             start, b->rack.slot[0].url);
    assert_ok(station_parse("s.yaml", text, strlen(text), "", &b->station, &report, &e), &e);
    doc_report_init(&report);
    b->job = with_recipe ? job_new(b->recipe, NULL, &report, &e) : NULL;
    assert_ok(!with_recipe || b->job, &e);
}

static struct bench *bench_new(const char *start, bool with_recipe, const char *fault)
{
    char why[200] = "";
    char *argv[] = { "espfixture", "--boards", "2", "--speed", "20" };
    struct bench *b = calloc(1, sizeof *b);
    struct err e = { 0 };
    int interrupted = 0;
    assert_non_null(b);
    snprintf(b->folder, sizeof b->folder, "/tmp/station-floor-XXXXXX");
    assert_non_null(mkdtemp(b->folder));
    assert_true(options_parse(&b->options, 5, argv, why, sizeof why));
    if (fault)
        b->options.fault[b->options.fault_count++] = fault;
    if (!rack_init(&b->rack, &b->options, why, sizeof why))
        fail_msg("%s", why);
    b->kick = (struct watch){ .kind = WATCH_TIMER, .fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) };
    assert_true(watch_add(b->rack.epoll_fd, &b->kick, EPOLLIN));
    turn_begin(b);
    write_recipe(b);
    load(b, start, with_recipe);
    const struct floor_setup setup = {
        .station = b->station, .root = "", .job = b->job, .clock = &clock_system
    };
    b->floor = floor_new(&setup, &interrupted, &e);
    assert_ok(b->floor != NULL, &e);
    return b;
}

static void begin(struct bench *b)
{
    struct err e = { 0 };
    assert_ok(floor_begin(b->floor, &e), &e);
}

/* As after a restart, with a record. */
static void open_again(struct bench *b)
{
    char db[160];
    struct err e = { 0 };
    int interrupted = 0;
    snprintf(db, sizeof db, "%s/record.db", b->folder);
    floor_free(b->floor);
    const struct floor_setup setup = {
        .station = b->station, .root = "", .db_path = db, .job = b->job, .clock = &clock_system
    };
    b->floor = floor_new(&setup, &interrupted, &e);
    assert_ok(b->floor != NULL, &e);
}

static void bench_free(struct bench *b)
{
    static const char *const files[] = { "app.bin",       "app.yaml",      "record.db",
                                         "record.db-wal", "record.db-shm", "record.db-stations" };
    char path[160];
    floor_free(b->floor);
    job_free(b->job);
    station_free(b->station);
    turn_end(b);
    watch_close(&b->kick);
    rack_done(&b->rack);
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        snprintf(path, sizeof path, "%s/%s", b->folder, files[i]);
        unlink(path);
    }
    assert_int_equal(rmdir(b->folder), 0);
    free(b);
}

/* ---- Looking and acting ---- */

static struct tile look(struct bench *b, size_t i)
{
    struct tile tile;
    assert_true(floor_look(b->floor, i, &tile));
    return tile;
}

static void pause_ms(unsigned ms)
{
    const struct clock *c = &clock_system;
    c->sleep_until(c, deadline_in_ms(c, ms).at_us, -1);
}

static struct tile await(struct bench *b, enum tile_state state)
{
    char said[512];
    struct tile tile = look(b, 0);
    for (int waited_ms = 0; tile.state != state; waited_ms += STEP_MS) {
        if (waited_ms >= PATIENCE_MS)
            fail_msg("the tile is %d, not %d: %s", tile.state, state, tile.err.what);
        pause_ms(STEP_MS);
        tile = look(b, 0);
    }
    /* What stands in a tile and is no failure operators read in their language. */
    if (tile.err.what[0] && tile.state != TILE_FAIL && tile.state != TILE_NO_ADAPTER) {
        assert_true(words_say(LANGUAGE_VI, tile.err.what, said, sizeof said));
        assert_true(words_say(LANGUAGE_VI, tile.err.hint, said, sizeof said));
    }
    return tile;
}

/* The floor counts a verdict a moment after its tile shows it. */
static struct tile await_boards(struct bench *b, unsigned boards)
{
    struct tile tile = look(b, 0);
    for (int waited_ms = 0; tile.boards != boards; waited_ms += STEP_MS) {
        if (waited_ms >= PATIENCE_MS)
            fail_msg("%u boards, not %u", tile.boards, boards);
        pause_ms(STEP_MS);
        tile = look(b, 0);
    }
    return tile;
}

static const struct actor worker = { .name = "will", .role = ROLE_OPERATOR },
                          engineer = { .name = "eve", .role = ROLE_ENGINEER };

static bool act(struct bench *b, enum act_kind kind, int slot, const struct actor *who,
                const char *text, const char *reason, struct err *e)
{
    const struct act a = {
        .kind = kind, .slot = slot, .actor = *who, .text = text, .reason = reason
    };
    *e = (struct err){ 0 };
    return floor_act(b->floor, &a, e);
}

/* ---- The tests ---- */

static void a_missing_adapter_is_grey_and_moves_nobody(void **state)
{
    (void)state;
    struct bench *b = bench_new("board", true, NULL);
    struct floor_summary sum;
    begin(b);
    struct tile tile = look(b, 1);
    assert_int_equal(tile.state, TILE_NO_ADAPTER);
    assert_int_equal(tile.number, 2);
    assert_string_equal(tile.name, "A2");
    tile = await(b, TILE_PASS);
    assert_int_equal(tile.number, 1);
    assert_string_equal(tile.mac, "24:0a:c4:00:00:00");
    const uint64_t changes = tile.changes;
    assert_int_equal(look(b, 0).changes, changes);
    floor_sum(b->floor, &sum);
    assert_int_equal(sum.slots, 2);
    assert_int_equal(sum.no_adapter, 1);
    assert_string_equal(sum.recipe, "app");
    assert_string_equal(sum.station, "bench");
    bench_free(b);
}

/* The first note that says so, of all that this reader has not taken yet. */
static struct event await_note(struct event_reader *reader, const char *says)
{
    struct event event;
    for (int waited_ms = 0; waited_ms < PATIENCE_MS; waited_ms += STEP_MS) {
        while (event_take(reader, &event)) {
            if (event.kind == EVENT_NOTE && strstr(event.err.what, says))
                return event;
        }
        pause_ms(STEP_MS);
    }
    fail_msg("no note says '%s'", says);
    return event;
}

static void a_key_begins_and_a_board_that_has_passed_is_not_run_again(void **state)
{
    (void)state;
    struct err e;
    struct bench *b = bench_new("key", true, NULL);
    struct event_reader *reader = floor_watch(b->floor, 0, &e);
    assert_ok(reader != NULL, &e);
    begin(b);
    await(b, TILE_EMPTY);
    pause_ms(1500);
    assert_int_equal(look(b, 0).state, TILE_EMPTY);
    assert_string_equal(look(b, 0).err.what, "Press START");
    assert_ok(act(b, ACT_START, 1, &worker, NULL, NULL, &e), &e);
    await(b, TILE_PASS);
    await_boards(b, 1);
    assert_ok(act(b, ACT_START, 1, &worker, NULL, NULL, &e), &e);
    pause_ms(1500);
    assert_int_equal(look(b, 0).state, TILE_PASS);
    const struct tile green = await(b, TILE_PASS);
    assert_true(green.passed_before); /* who presses is told why there is no run, and what to do */
    assert_true(await_note(reader, "Passed already").seconds == 0); /* no run began */
    event_reader_free(reader);
    assert_string_equal(green.passed_in, "A1");
    assert_has(green.err.what, "passed already, in slot A1");
    assert_has(green.err.hint, "REWORK, by an engineer");
    assert_int_equal(look(b, 0).boards, 1);
    assert_code(act(b, ACT_RETRY, 1, &worker, NULL, NULL, &e), &e, ERR_USAGE);
    assert_code(act(b, ACT_REWORK, 1, &worker, NULL, "new label", &e), &e, ERR_USAGE);
    assert_code(act(b, ACT_REWORK, 1, &engineer, NULL, " ", &e), &e, ERR_USAGE);
    assert_ok(act(b, ACT_REWORK, 1, &engineer, NULL, "new label", &e), &e);
    assert_int_equal(await_boards(b, 2).state, TILE_PASS);
    bench_free(b);
}

/* What is ordered of one board is not done to the next one. */
static void re_work_is_for_the_board_it_was_said_of(void **state)
{
    (void)state;
    struct err e;
    struct bench *b = bench_new("key", true, NULL);
    struct slot_press again = { .press = PRESS_AGAIN, .mac = "24:0a:c4:ff:ff:ff", .reason = "x" };
    begin(b);
    await(b, TILE_EMPTY);
    assert_ok(act(b, ACT_START, 1, &worker, NULL, NULL, &e), &e);
    await(b, TILE_PASS);
    const struct tile tile = await_boards(b, 1);
    assert_ok(session_press(b->floor->session, 1, &again, &e), &e);
    pause_ms(1500);
    assert_int_equal(look(b, 0).boards, 1);
    snprintf(again.mac, sizeof again.mac, "%s", tile.mac);
    assert_ok(session_press(b->floor->session, 1, &again, &e), &e);
    assert_int_equal(await_boards(b, 2).state, TILE_PASS);
    bench_free(b);
}

/* The key for the whole station, as screens have it. */
static void all_verdicts_are_acknowledged_at_once(void **state)
{
    (void)state;
    struct err e;
    struct bench *b = bench_new("key", true, NULL);
    begin(b);
    await(b, TILE_EMPTY);
    assert_ok(act(b, ACT_ACKNOWLEDGE, 0, &worker, NULL, NULL, &e), &e); /* none: no mistake */
    assert_ok(act(b, ACT_START, 1, &worker, NULL, NULL, &e), &e);
    await(b, TILE_PASS);
    assert_ok(act(b, ACT_ACKNOWLEDGE, 0, &worker, NULL, NULL, &e), &e);
    await(b, TILE_EMPTY);
    bench_free(b);
}

static void a_slot_is_taken_out_of_work_and_put_back(void **state)
{
    (void)state;
    struct err e;
    struct bench *b = bench_new("key", true, NULL);
    begin(b);
    await(b, TILE_EMPTY);
    assert_code(act(b, ACT_DISABLE, 1, &worker, NULL, "pin bent", &e), &e, ERR_USAGE);
    assert_code(act(b, ACT_DISABLE, 9, &engineer, NULL, "pin bent", &e), &e, ERR_USAGE);
    assert_ok(act(b, ACT_DISABLE, 1, &engineer, NULL, "pin bent", &e), &e);
    struct tile tile = await(b, TILE_ATTENTION);
    assert_true(tile.disabled);
    assert_has(tile.err.what, "pin bent");
    for (int i = 0; i < PATIENCE_MS / STEP_MS && act(b, ACT_START, 1, &worker, NULL, NULL, &e); i++)
        pause_ms(STEP_MS); /* until the slot has left */
    assert_int_equal(e.code, ERR_USAGE);
    assert_ok(act(b, ACT_ENABLE, 1, &engineer, NULL, NULL, &e), &e);
    await(b, TILE_EMPTY);
    while (!act(b, ACT_START, 1, &worker, NULL, NULL, &e))
        pause_ms(STEP_MS);
    await(b, TILE_PASS);
    bench_free(b);
}

static void watch_that_it_is_red(struct bench *b, unsigned ms)
{
    for (unsigned i = 0; i < ms / STEP_MS; i++) {
        const struct tile tile = look(b, 0);
        if (tile.state != TILE_FAIL)
            fail_msg("the tile is %d: %s", tile.state, tile.err.what);
        pause_ms(STEP_MS);
    }
}

/* Whatever an engineer did there: the board that failed is still the one that failed. */
static void a_slot_put_back_keeps_its_verdict_and_its_counts(void **state)
{
    (void)state;
    struct err e;
    struct bench *b = bench_new("board", true, "write-protect");
    begin(b);
    await(b, TILE_FAIL);
    const struct tile red = await_boards(b, 1);
    assert_ok(act(b, ACT_DISABLE, 1, &engineer, NULL, "pin bent", &e), &e);
    /* Which board sits there nobody knows any more: an engineer has it in his hands. */
    assert_string_equal(await(b, TILE_ATTENTION).mac, "");
    pause_ms(1500); /* it has let go of its port, and asks nobody */
    assert_int_equal(look(b, 0).state, TILE_ATTENTION);
    assert_int_equal(look(b, 0).boards, 1);
    assert_ok(act(b, ACT_ENABLE, 1, &engineer, NULL, NULL, &e), &e);
    await(b, TILE_FAIL);
    watch_that_it_is_red(b, 3000);
    const struct tile tile = look(b, 0);
    assert_int_equal(tile.boards, 1);
    assert_int_equal(tile.passes, 0);
    assert_string_equal(tile.err.what, red.err.what);
    assert_string_equal(tile.mac, red.mac);
    bench_free(b);
}

static void what_is_empty_is_no_order(void **state)
{
    static const enum act_kind kinds[] = { ACT_OPERATOR, ACT_LOT, ACT_RECIPE, ACT_CODE };
    static const char *const empty[] = { NULL, "", " ", " \t " };
    (void)state;
    struct err e;
    struct bench *b = bench_new("key", true, NULL);
    struct floor_summary sum;
    begin(b);
    assert_ok(act(b, ACT_OPERATOR, 0, &worker, "Will", NULL, &e), &e);
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        for (size_t k = 0; k < COUNT_OF(empty); k++) {
            assert_code(act(b, kinds[i], 0, &engineer, empty[k], NULL, &e), &e, ERR_USAGE);
            assert_has(e.what, "needs a text");
            assert_true(e.hint[0] != '\0');
        }
    }
    floor_sum(b->floor, &sum);
    assert_string_equal(sum.operator_name, "Will");
    assert_string_equal(sum.recipe, "app");
    assert_ok(act(b, ACT_LOT, 0, &worker, "seven", NULL, &e), &e); /* nothing is recorded here */
    floor_sum(b->floor, &sum);
    assert_string_equal(sum.lot, "seven");
    assert_ok(act(b, ACT_NO_LOT, 0, &worker, NULL, NULL, &e), &e);
    floor_sum(b->floor, &sum);
    assert_string_equal(sum.lot, "");
    assert_string_equal(sum.operator_name, "Will");
    bench_free(b);
}

/* As when its adapter is plugged in again. */
static void place_anew(struct bench *b, bool resumes)
{
    struct err e = { 0 };
    struct slot_view v;
    struct session *session = b->floor->session;
    const struct slot_setup setup = { .number = 1,
                                      .port = b->rack.slot[0].url,
                                      .rules = b->floor->slots[0].spec->rules,
                                      .resumes = resumes };
    assert_ok(session_remove_slot(session, 1, false, &e), &e);
    for (int i = 0; session_find(session, 1, &v); i++) {
        assert_true(i < PATIENCE_MS / STEP_MS);
        pause_ms(STEP_MS);
    }
    assert_ok(session_place_slot(session, &setup, &e), &e);
}

static void a_slot_that_resumes_runs_no_board_that_was_judged(void **state)
{
    (void)state;
    struct bench *b = bench_new("board", true, "write-protect");
    begin(b);
    await(b, TILE_FAIL);
    const struct tile red = await_boards(b, 1);
    place_anew(b, true);
    watch_that_it_is_red(b, 3000);
    assert_int_equal(look(b, 0).boards, 1);
    assert_string_equal(look(b, 0).mac, red.mac);
    assert_int_equal(look(b, 0).run_id, red.run_id);
    place_anew(b, true); /* once more, and what was kept is kept again */
    watch_that_it_is_red(b, 1000);
    place_anew(b, false);
    await_boards(b, 2);
    place_anew(b, true); /* and is let go with the session */
    bench_free(b);
}

/* Whoever presses where nothing would be done is told so. */
static void a_slot_that_is_to_be_proved_refuses_what_would_do_nothing(void **state)
{
    (void)state;
    struct err e;
    struct bench *b = bench_new("key\nattention_after: 1", true, "hang,at=first,times=99");
    begin(b);
    await(b, TILE_EMPTY);
    assert_ok(act(b, ACT_START, 1, &worker, NULL, NULL, &e), &e);
    const struct tile tile = await(b, TILE_ATTENTION);
    assert_has(tile.err.what, "1 boards in a row failed here");
    static const enum act_kind kinds[] = { ACT_START, ACT_RETRY, ACT_ACKNOWLEDGE };
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        assert_code(act(b, kinds[i], 1, &worker, NULL, NULL, &e), &e, ERR_USAGE);
        assert_has(e.what, "Slot 1 has to be proved first");
        assert_has(e.hint, "an engineer puts it back to work");
    }
    assert_ok(act(b, ACT_ENABLE, 1, &engineer, NULL, NULL, &e), &e);
    await(b, TILE_FAIL);
    assert_ok(act(b, ACT_RETRY, 1, &worker, NULL, NULL, &e), &e);
    bench_free(b);
}

static void one_run_is_stopped_and_the_slot_goes_on(void **state)
{
    (void)state;
    struct err e;
    struct bench *b = bench_new("key", true, "1:hang,at=middle,times=1");
    b->options.fault_count = 0;
    begin(b);
    await(b, TILE_EMPTY);
    assert_code(act(b, ACT_STOP, 1, &worker, NULL, NULL, &e), &e, ERR_USAGE);
    assert_ok(act(b, ACT_START, 1, &worker, NULL, NULL, &e), &e);
    await(b, TILE_WORKING);
    assert_code(act(b, ACT_START, 1, &worker, NULL, NULL, &e), &e, ERR_USAGE);
    assert_ok(act(b, ACT_STOP, 1, &worker, NULL, NULL, &e), &e);
    struct tile tile = await(b, TILE_FAIL);
    assert_int_equal(tile.err.code, ERR_STOPPED);
    assert_ok(act(b, ACT_RETRY, 1, &worker, NULL, NULL, &e), &e);
    await(b, TILE_PASS);
    bench_free(b);
}

static void without_a_recipe_it_waits_for_one(void **state)
{
    (void)state;
    struct err e;
    struct bench *b = bench_new("board", false, NULL);
    begin(b);
    struct tile tile = await(b, TILE_WAITING);
    assert_has(tile.err.what, "recipe");
    assert_code(act(b, ACT_RECIPE, 0, &engineer, "/nowhere.yaml", NULL, &e), &e, ERR_RECIPE);
    assert_code(act(b, ACT_RECIPE, 0, &worker, b->recipe, NULL, &e), &e, ERR_USAGE);
    assert_ok(act(b, ACT_RECIPE, 0, &engineer, b->recipe, NULL, &e), &e);
    await(b, TILE_PASS);
    bench_free(b);
}

/* What a page shows of the first mistake ends where a sentence may. */
static void a_mistake_in_a_chosen_recipe_is_told_whole(void **state)
{
    (void)state;
    static const char *const chips[][2] = { { "esp23", "did you mean 'esp32'?" },
                                            { "arduino", "..." } };
    struct bench *b = bench_new("board", true, NULL);
    char path[sizeof b->folder + 16];
    struct err e = { 0 };
    snprintf(path, sizeof path, "%s/slip.yaml", b->folder);
    begin(b);
    for (size_t i = 0; i < COUNT_OF(chips); i++) {
        FILE *f = fopen(path, "w");
        assert_non_null(f);
        fprintf(f, "recipe: slip\nversion: 1\nchip: %s\nimages: [{ file: a.bin, offset: 0 }]\n",
                chips[i][0]);
        fclose(f);
        assert_code(act(b, ACT_RECIPE, 0, &engineer, path, NULL, &e), &e, ERR_RECIPE);
        assert_has(e.what, "slip.yaml:3:7: 'chip' expects the name of a chip");
        assert_true(strlen(e.what) > strlen(chips[i][1]));
        assert_string_equal(e.what + strlen(e.what) - strlen(chips[i][1]), chips[i][1]);
    }
    unlink(path);
    bench_free(b);
}

/* Whatever ends the line is no engineer. */
static void a_restart_puts_no_slot_back_to_work(void **state)
{
    (void)state;
    struct err e;
    struct bench *b = bench_new("key", true, NULL);
    open_again(b);
    begin(b);
    await(b, TILE_EMPTY);
    assert_ok(act(b, ACT_DISABLE, 1, &engineer, NULL, "pin bent", &e), &e);
    open_again(b);
    begin(b);
    const struct tile tile = await(b, TILE_ATTENTION);
    assert_string_equal(tile.err.what, "Taken out of work by eve: pin bent");
    assert_true(tile.disabled);
    assert_false(act(b, ACT_START, 1, &worker, NULL, NULL, &e));
    assert_ok(act(b, ACT_ENABLE, 1, &engineer, NULL, NULL, &e), &e);
    await(b, TILE_EMPTY);
    open_again(b);
    begin(b);
    await(b, TILE_EMPTY);
    assert_false(look(b, 0).disabled);
    bench_free(b);
}

static void a_slot_that_is_to_be_proved_is_so_after_a_restart(void **state)
{
    (void)state;
    struct err e;
    struct bench *b = bench_new("key\nattention_after: 1\ngolden: [\"24:0A:C4:00:09:09\"]", true,
                                "hang,at=first,times=99");
    open_again(b);
    begin(b);
    await(b, TILE_EMPTY);
    assert_ok(act(b, ACT_START, 1, &worker, NULL, NULL, &e), &e);
    const struct tile violet = await(b, TILE_ATTENTION);
    open_again(b);
    begin(b);
    struct tile tile = await(b, TILE_ATTENTION);
    assert_string_equal(tile.err.what, violet.err.what);
    assert_string_equal(tile.err.hint, violet.err.hint);
    b->options.fault_count = 0;
    put_board(b, "24:0a:c4:00:09:09");
    while (!act(b, ACT_START, 1, &worker, NULL, NULL, &e))
        pause_ms(STEP_MS);
    await(b, TILE_PASS);
    open_again(b);
    begin(b);
    await(b, TILE_EMPTY);
    assert_false(look(b, 0).disabled);
    bench_free(b);
}

/* How many acts the record has. */
static int acts_in(struct bench *b)
{
    char path[160];
    int n = -1;
    sqlite3 *db = NULL;
    sqlite3_stmt *s = NULL;
    snprintf(path, sizeof path, "%s/record.db", b->folder);
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, "SELECT count(*) FROM act", -1, &s, NULL), SQLITE_OK);
    if (sqlite3_step(s) == SQLITE_ROW)
        n = sqlite3_column_int(s, 0);
    sqlite3_finalize(s);
    sqlite3_close(db);
    return n;
}

static void open_lot(struct bench *b, const char *name, int64_t quantity)
{
    char path[160];
    struct err e = { 0 };
    const struct db_lot_open lot = { .name = name, .quantity = quantity, .utc_ms = 1 };
    snprintf(path, sizeof path, "%s/record.db", b->folder);
    struct db *db = db_open(path, PATIENCE_MS, &e);
    assert_ok(db && db_lot_open(db, &lot, &e) > 0, &e);
    db_close(db);
}

static void what_was_refused_is_no_act_in_the_record(void **state)
{
    (void)state;
    struct err e;
    struct bench *b = bench_new("key", true, NULL);
    open_again(b);
    begin(b);
    await(b, TILE_EMPTY);
    assert_code(act(b, ACT_RECIPE, 0, &engineer, "/nowhere.yaml", NULL, &e), &e, ERR_RECIPE);
    assert_false(act(b, ACT_REWORK, 1, &engineer, NULL, "torn", &e));
    assert_false(act(b, ACT_PRINT, 1, &engineer, NULL, "torn", &e));
    assert_false(act(b, ACT_BURN, 0, &engineer, NULL, "ordered", &e));
    assert_code(act(b, ACT_ENABLE, 1, &engineer, NULL, NULL, &e), &e, ERR_USAGE);
    assert_has(e.what, "Slot 1 is not out of work");
    assert_int_equal(acts_in(b), 0);
    assert_ok(act(b, ACT_DISABLE, 1, &engineer, NULL, "pin bent", &e), &e);
    assert_code(act(b, ACT_DISABLE, 1, &engineer, NULL, "again", &e), &e, ERR_USAGE);
    assert_has(e.what, "Slot 1 is out of work already");
    assert_has(e.hint, "pin bent");
    assert_int_equal(acts_in(b), 1);
    assert_ok(act(b, ACT_RECIPE, 0, &engineer, b->recipe, NULL, &e), &e);
    assert_int_equal(acts_in(b), 2);
    bench_free(b);
}

/* The shift changes while a lot is full, too; an order that is full from the start is refused. */
static void a_full_lot_takes_another_operator(void **state)
{
    (void)state;
    struct err e = { 0 };
    struct floor_summary sum;
    struct bench *b = bench_new("board", true, NULL);
    open_again(b);
    open_lot(b, "one", 1);
    assert_ok(act(b, ACT_LOT, 0, &worker, "one", NULL, &e), &e);
    begin(b);
    await(b, TILE_PASS);
    assert_ok(act(b, ACT_OPERATOR, 0, &worker, "Mai", NULL, &e), &e);
    floor_sum(b->floor, &sum);
    assert_string_equal(sum.operator_name, "Mai");
    assert_string_equal(sum.lot, "one");
    assert_ok(act(b, ACT_NO_LOT, 0, &worker, NULL, NULL, &e), &e);
    assert_code(act(b, ACT_LOT, 0, &worker, "one", NULL, &e), &e, ERR_QUOTA);
    bench_free(b);
}

/* Nobody trusts a tile that has not looked: no PASS stands over a board that nobody flashed. */
static void a_stopped_line_still_watches_its_slots_and_begins_again(void **state)
{
    (void)state;
    struct err e;
    struct floor_summary sum;
    struct bench *b = bench_new("board", true, NULL);
    begin(b);
    await(b, TILE_PASS);
    await_boards(b, 1);
    assert_ok(act(b, ACT_STOP, 0, &worker, NULL, NULL, &e), &e);
    floor_sum(b->floor, &sum);
    assert_true(sum.stopping);
    assert_false(sum.ending);
    put_board(b, "24:0a:c4:00:02:01");
    const struct tile tile = await(b, TILE_WAITING);
    assert_has(tile.err.what, "Stopped: no new board begins");
    assert_has(tile.err.hint, "START for all");
    static const enum act_kind kinds[] = { ACT_START, ACT_RETRY };
    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        assert_code(act(b, kinds[i], 1, &worker, NULL, NULL, &e), &e, ERR_USAGE);
    pause_ms(1500);
    assert_int_equal(look(b, 0).boards, 1);
    assert_ok(act(b, ACT_START, 0, &worker, NULL, NULL, &e), &e);
    floor_sum(b->floor, &sum);
    assert_false(sum.stopping);
    await_boards(b, 2);
    assert_string_equal(await(b, TILE_PASS).mac, "24:0a:c4:00:02:01");
    bench_free(b);
}

static void a_stopped_slot_that_begins_by_hand_says_so(void **state)
{
    (void)state;
    struct err e;
    struct bench *b = bench_new("key", true, NULL);
    begin(b);
    await(b, TILE_EMPTY);
    assert_ok(act(b, ACT_STOP, 0, &worker, NULL, NULL, &e), &e);
    assert_has(await(b, TILE_EMPTY).err.what, "Stopped: no new board begins");
    assert_code(act(b, ACT_START, 1, &worker, NULL, NULL, &e), &e, ERR_USAGE);
    assert_has(e.hint, "START for all");
    assert_ok(act(b, ACT_ACKNOWLEDGE, 1, &worker, NULL, NULL, &e), &e);
    assert_ok(act(b, ACT_START, 0, &worker, NULL, NULL, &e), &e);
    await(b, TILE_PASS);
    bench_free(b);
}

/* The command ends: that is no STOP which a key takes back. */
static void a_line_that_ends_begins_no_more(void **state)
{
    (void)state;
    struct err e;
    struct floor_summary sum;
    struct bench *b = bench_new("key", true, NULL);
    begin(b);
    await(b, TILE_EMPTY);
    floor_stop(b->floor, false);
    assert_code(act(b, ACT_START, 0, &worker, NULL, NULL, &e), &e, ERR_USAGE);
    assert_has(e.what, "The line ends");
    floor_sum(b->floor, &sum);
    assert_true(sum.stopping && sum.ending);
    bench_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_missing_adapter_is_grey_and_moves_nobody),
        cmocka_unit_test(a_key_begins_and_a_board_that_has_passed_is_not_run_again),
        cmocka_unit_test(re_work_is_for_the_board_it_was_said_of),
        cmocka_unit_test(all_verdicts_are_acknowledged_at_once),
        cmocka_unit_test(a_slot_is_taken_out_of_work_and_put_back),
        cmocka_unit_test(a_slot_put_back_keeps_its_verdict_and_its_counts),
        cmocka_unit_test(what_is_empty_is_no_order),
        cmocka_unit_test(a_slot_that_resumes_runs_no_board_that_was_judged),
        cmocka_unit_test(a_slot_that_is_to_be_proved_refuses_what_would_do_nothing),
        cmocka_unit_test(a_restart_puts_no_slot_back_to_work),
        cmocka_unit_test(a_slot_that_is_to_be_proved_is_so_after_a_restart),
        cmocka_unit_test(what_was_refused_is_no_act_in_the_record),
        cmocka_unit_test(a_full_lot_takes_another_operator),
        cmocka_unit_test(a_stopped_line_still_watches_its_slots_and_begins_again),
        cmocka_unit_test(a_stopped_slot_that_begins_by_hand_says_so),
        cmocka_unit_test(a_line_that_ends_begins_no_more),
        cmocka_unit_test(one_run_is_stopped_and_the_slot_goes_on),
        cmocka_unit_test(without_a_recipe_it_waits_for_one),
        cmocka_unit_test(a_mistake_in_a_chosen_recipe_is_told_whole),
    };
    return cmocka_run_group_tests_name("station_floor", tests, NULL, NULL);
}
