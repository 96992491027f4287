/*
 * Units in the record: each value goes to one board, stays with it, and comes back by a decision
 * alone, whatever slots, stations, killed processes and restored files do.
 */
#include "tests/unit/db_audit_help.h"

#include "db/units/decide.h"
#include "db/units/unit_list.h"
#include "db/write/label_rows.h"
#include "db/write/lot.h"

#include <pthread.h>
#include <stdatomic.h>

#define ROWS_MAX 4096

/* A pool as the station has them: rows with a key each. */
struct shelf {
    size_t count;
    int version[ROWS_MAX]; /* an edited row has another */
    atomic_size_t cursor;
    bool binds;
    struct db_unit_want wants[5];
};

static bool number(void *ctx, size_t want, int64_t n, char text[static DB_UNIT_TEXT_CAP],
                   struct err *e)
{
    (void)ctx;
    (void)want;
    (void)e;
    snprintf(text, DB_UNIT_TEXT_CAP, "SN-%05lld", (long long)n);
    return true;
}

/* Row n belongs to the board that ends with n. */
static size_t bound(void *ctx, size_t pool, const char *mac)
{
    const struct shelf *s = ctx;
    const size_t row = strtoul(strrchr(mac, ':') + 1, NULL, 16);
    (void)pool;
    return s->binds && row < s->count ? row : DB_NO_ROW;
}

static void describe(void *ctx, size_t pool, size_t row, char sha256[static DB_UNIT_HEX_CAP],
                     char label[static DB_UNIT_LABEL_CAP])
{
    const struct shelf *s = ctx;
    (void)pool;
    snprintf(sha256, DB_UNIT_HEX_CAP, "%032zx%032d", row, s->version[row]);
    snprintf(label, DB_UNIT_LABEL_CAP, "row %zu", row);
}

static size_t find(void *ctx, size_t pool, const char *sha256)
{
    const struct shelf *s = ctx;
    char hex[DB_UNIT_HEX_CAP], label[DB_UNIT_LABEL_CAP];
    for (size_t i = 0; i < s->count; i++) {
        describe(ctx, pool, i, hex, label);
        if (strcmp(hex, sha256) == 0)
            return i;
    }
    return DB_NO_ROW;
}

static size_t free_row(void *ctx, size_t pool, size_t row)
{
    const struct shelf *s = ctx;
    (void)pool;
    return !s->binds && row < s->count ? row : DB_NO_ROW;
}

static size_t begin(void *ctx, size_t pool)
{
    (void)pool;
    return ((struct shelf *)ctx)->cursor;
}

static void passed(void *ctx, size_t pool, size_t row)
{
    (void)pool;
    ((struct shelf *)ctx)->cursor = row;
}

static char *field(void *ctx, size_t want, size_t row)
{
    char text[32];
    (void)ctx;
    (void)want;
    snprintf(text, sizeof text, "key-%zu", row);
    return strdup(text);
}

enum { SERIAL, KEY, LABEL, HW };

static struct db_unit_supply supply_of(struct shelf *s)
{
    static const struct db_unit_want wants[] = {
        [SERIAL] = { .name = "serial",
                     .source = "counter sn",
                     .from = DB_UNIT_COUNTER,
                     .unique = true,
                     .serial = true,
                     .counter = "sn",
                     .start = 10,
                     .end = 99999,
                     .step = 1 },
        [KEY] = { .name = "key",
                  .source = "pool keys",
                  .from = DB_UNIT_POOL,
                  .unique = true,
                  .secret = true },
        [LABEL] = { .name = "label", .source = "scan", .from = DB_UNIT_SCAN, .text = "L1" },
        [HW] = { .name = "hw", .source = "recipe", .from = DB_UNIT_KNOWN, .text = "3" },
    };
    memcpy(s->wants, wants, sizeof wants);
    return (struct db_unit_supply){ .ctx = s,
                                    .wants = s->wants,
                                    .want_count = 4,
                                    .pools = { "keys" },
                                    .pool_count = 1,
                                    .number = number,
                                    .bound = bound,
                                    .find = find,
                                    .free_row = free_row,
                                    .begin = begin,
                                    .passed = passed,
                                    .describe = describe,
                                    .field = field };
}

/* ---- A board comes ---- */

static bool admit(struct db *db, int64_t run_id, const char *mac,
                  const struct db_unit_supply *supply, struct db_unit *unit, struct err *e)
{
    struct db_seen seen;
    const struct db_admission rule = { .duplicates = DB_DUPLICATES_ALLOWED, .supply = supply };
    const struct db_board board = { .mac = mac, .chip = "esp32", .seen_utc_ms = T0_MS };
    return db_board_admit(db, run_id, &board, &rule, &seen, unit, e) && db_unit_mark(db, unit, e);
}

/* A whole run; what the board got stays in *unit. */
static bool flash(struct bench *b, const char *mac, const struct db_unit_supply *supply,
                  struct db_unit *unit, enum db_verdict verdict)
{
    const int64_t run_id = start_run(b);
    const bool ok = admit(b->db, run_id, mac, supply, unit, &b->e);
    check_ok(b, try_close(b, run_id, ok ? verdict : DB_FAIL) || ok);
    return ok;
}

static void assert_unit(struct bench *b, const char *mac, const struct db_unit_supply *supply,
                        const char *serial, const char *key)
{
    struct db_unit unit;
    check_ok(b, flash(b, mac, supply, &unit, DB_PASS));
    assert_string_equal(unit.texts[SERIAL], serial);
    assert_string_equal(unit.texts[KEY], key);
    db_unit_done(&unit);
}

static void refuse_unit(struct bench *b, const char *mac, const struct db_unit_supply *supply,
                        enum err_code code, const char *words)
{
    struct db_unit unit;
    assert_false(flash(b, mac, supply, &unit, DB_PASS));
    db_unit_done(&unit);
    assert_says(b, code, words);
}

static void unit_is_taken_once_and_kept_for_ever(void **state)
{
    struct bench *b = *state;
    struct shelf s = { .count = 10 };
    struct db_unit_supply supply = supply_of(&s);
    bench_open(b);
    assert_unit(b, "240ac4000001", &supply, "SN-00010", "key-0");
    assert_unit(b, "240ac4000002", &supply, "SN-00011", "key-1");
    assert_unit(b, "240ac4000001", &supply, "SN-00010", "key-0");
    assert_answer(b, "SELECT count(*) FROM unit", "2");
    s.cursor = 0; /* as after a new start */
    assert_unit(b, "240ac4000003", &supply, "SN-00012", "key-2");
    assert_answer(b, "SELECT count(*) FROM unit_value WHERE name = 'key' AND text IS NOT NULL",
                  "0");
    assert_answer(b, "SELECT count(DISTINCT sha256) FROM unit_value WHERE name = 'key'", "3");
    assert_clean(b);
}

static void unit_of_a_failed_board_stays_with_it(void **state)
{
    struct bench *b = *state;
    struct shelf s = { .count = 10 };
    struct db_unit_supply supply = supply_of(&s);
    struct db_unit unit;
    bench_open(b);
    check_ok(b, flash(b, "240ac4000001", &supply, &unit, DB_FAIL));
    db_unit_done(&unit);
    assert_unit(b, "240ac4000002", &supply, "SN-00011", "key-1");
    assert_unit(b, "240ac4000001", &supply, "SN-00010", "key-0");
}

/* Work that was not committed leaves nothing; a refusal leaves the board, and no value. */
static void refused_board_takes_nothing(void **state)
{
    struct bench *b = *state;
    struct shelf s = { .count = 1 };
    struct db_unit_supply supply = supply_of(&s);
    bench_open(b);
    assert_unit(b, "240ac4000001", &supply, "SN-00010", "key-0");
    refuse_unit(b, "240ac4000002", &supply, ERR_UNIT, "The pool 'keys' has nothing left");
    assert_answer(b, "SELECT count(*) FROM board", "2");
    assert_answer(b, "SELECT count(*) FROM unit", "1");
    s.wants[LABEL].text = NULL;
    s.count = 5;
    s.cursor = 0;
    refuse_unit(b, "240ac4000003", &supply, ERR_UNIT, "The value 'label' was not given");
    s.wants[LABEL].text = "L9";
    refuse_unit(b, "240ac4000001", &supply, ERR_UNIT, "given was 'L9'");
    assert_unit(b, "240ac4000003", &supply, "SN-00011", "key-1");
    assert_clean(b);
}

static void counter_ends(void **state)
{
    struct bench *b = *state;
    struct shelf s = { .count = 10 };
    struct db_unit_supply supply = supply_of(&s);
    s.wants[SERIAL].end = 13;
    s.wants[SERIAL].step = 2;
    bench_open(b);
    assert_unit(b, "240ac4000001", &supply, "SN-00010", "key-0");
    assert_unit(b, "240ac4000002", &supply, "SN-00012", "key-1");
    refuse_unit(b, "240ac4000003", &supply, ERR_UNIT, "has come to its end at 13");
}

static void later_recipe_adds_what_it_wants_more(void **state)
{
    struct bench *b = *state;
    struct shelf s = { .count = 10 };
    struct db_unit_supply supply = supply_of(&s);
    bench_open(b);
    supply.want_count = 1;
    supply.pool_count = 0;
    struct db_unit unit;
    check_ok(b, flash(b, "240ac4000001", &supply, &unit, DB_PASS));
    db_unit_done(&unit);
    supply = supply_of(&s);
    s.wants[HW].text = "4";
    assert_unit(b, "240ac4000001", &supply, "SN-00010", "key-0");
    assert_answer(b, "SELECT count(*) FROM unit WHERE serial IS NOT NULL", "1");
    assert_answer(b, "SELECT count(*) FROM unit", "2");
    s.wants[HW].text = "5"; /* the recipe's own: the record follows */
    assert_unit(b, "240ac4000001", &supply, "SN-00010", "key-0");
    assert_answer(b, "SELECT group_concat(text) FROM unit_value WHERE name = 'hw'", "4,5");
    assert_clean(b);
}

/* ---- Files that people edit ---- */

static int gone_rows;

static void count_gone(void *ctx, const char *label, const char *mac, const char *taken_utc)
{
    (void)ctx;
    assert_string_equal(label, "row 0");
    assert_string_equal(mac, "24:0a:c4:00:00:01");
    assert_int_equal(strlen(taken_utc), DB_UTC_CAP - 1);
    gone_rows++;
}

static void edited_row_is_noticed_and_not_given_out(void **state)
{
    struct bench *b = *state;
    struct shelf s = { .count = 10 };
    struct db_unit_supply supply = supply_of(&s);
    bench_open(b);
    assert_unit(b, "240ac4000001", &supply, "SN-00010", "key-0");
    gone_rows = 0;
    check_ok(b, db_unit_check_pool(b->db, "thermostat", &supply, 0, count_gone, NULL, &b->e));
    assert_int_equal(gone_rows, 0);
    s.version[0] = 1; /* the same key under another digest */
    check_ok(b, db_unit_check_pool(b->db, "thermostat", &supply, 0, count_gone, NULL, &b->e));
    assert_int_equal(gone_rows, 1);
    /* another recipe's pool of this name may be another file */
    check_ok(b, db_unit_check_pool(b->db, "therm2", &supply, 0, count_gone, NULL, &b->e));
    assert_int_equal(gone_rows, 1);
    refuse_unit(b, "240ac4000001", &supply, ERR_UNIT, "row 0 of pool 'keys', which was changed");
    assert_non_null(strstr(b->e.hint, "unit release SN-00010 --operator NAME --reason WHY"));
    s.cursor = 0;
    s.count = 1; /* as if only the edited row were left */
    refuse_unit(b, "240ac4000002", &supply, ERR_UNIT,
                "has nothing left for the board 24:0a:c4:00:00:02: 1 of its rows were edited");
}

/* As after a new start: the search begins behind the last row that was taken, and comes round. */
static void edited_row_is_passed_over(void **state)
{
    struct bench *b = *state;
    struct shelf s = { .count = 3 };
    struct db_unit_supply supply = supply_of(&s);
    bench_open(b);
    assert_unit(b, "240ac4000001", &supply, "SN-00010", "key-0");
    assert_unit(b, "240ac4000002", &supply, "SN-00011", "key-1");
    s.version[0] = s.version[1] = 1;
    s.cursor = 1; /* as where the file was sorted anew: edited rows lie ahead */
    assert_unit(b, "240ac4000003", &supply, "SN-00012", "key-2");
    s.cursor = 0;
    refuse_unit(b, "240ac4000004", &supply, ERR_UNIT, "2 of its rows were edited");
    assert_clean(b);
}

/* The same text of another source is no edited row: two sources make one value, and who does that
 * is to know. */
static void value_of_another_source_is_refused(void **state)
{
    struct bench *b = *state;
    struct shelf s = { .count = 3 };
    struct db_unit_supply supply = supply_of(&s);
    bench_open(b);
    assert_unit(b, "240ac4000001", &supply, "SN-00010", "key-0");
    s.version[0] = 1;
    s.wants[KEY].source = "pool others";
    supply.pools[0] = "others";
    refuse_unit(b, "240ac4000002", &supply, ERR_UNIT, "is that of 24:0a:c4:00:00:01 since");
}

/* No value stands in the row: it is the image. */
static void board_whose_image_is_gone_is_refused(void **state)
{
    struct bench *b = *state;
    struct shelf s = { .count = 10 };
    struct db_unit_supply supply = supply_of(&s);
    struct db_unit unit;
    bench_open(b);
    supply.want_count = 1;
    supply.is_image[0] = true;
    check_ok(b, flash(b, "240ac4000001", &supply, &unit, DB_PASS));
    db_unit_done(&unit);
    s.version[0] = 1;
    refuse_unit(b, "240ac4000001", &supply, ERR_UNIT, "row 0 of pool 'keys', which was changed");
    check_ok(b, db_unit_look(b->db, "240ac4000001", &supply, &unit, &b->e));
    assert_true(unit.rows[0] == DB_NO_ROW);
    assert_string_equal(unit.labels[0], "row 0");
    db_unit_done(&unit);
    check_ok(b, flash(b, "240ac4000002", &supply, &unit, DB_PASS));
    db_unit_done(&unit);
}

static void bound_row_goes_to_its_board_alone(void **state)
{
    struct bench *b = *state;
    struct shelf s = { .count = 5, .binds = true };
    struct db_unit_supply supply = supply_of(&s);
    bench_open(b);
    assert_unit(b, "240ac4000004", &supply, "SN-00010", "key-4");
    assert_unit(b, "240ac4000002", &supply, "SN-00011", "key-2");
    refuse_unit(b, "240ac4000009", &supply, ERR_UNIT, "has no row for the board 24:0a:c4:00:00:09");
}

static bool cannot_be_made(void *ctx, const struct db_unit *unit, struct err *e)
{
    (void)ctx;
    assert_string_equal(unit->texts[SERIAL], "SN-00010");
    assert_string_equal(unit->texts[KEY], "key-0");
    assert_int_equal(unit->rows[0], 0);
    return err_set(e, ERR_UNIT, "its key file is not there");
}

static void nothing_is_taken_of_what_images_cannot_be_made(void **state)
{
    struct bench *b = *state;
    struct shelf s = { .count = 10 };
    struct db_unit_supply supply = supply_of(&s);
    bench_open(b);
    supply.judge = cannot_be_made;
    refuse_unit(b, "240ac4000001", &supply, ERR_UNIT, "its key file is not there");
    refuse_unit(b, "240ac4000002", &supply, ERR_UNIT, "its key file is not there");
    assert_answer(b, "SELECT (SELECT count(*) FROM unit) + (SELECT count(*) FROM unit_item)", "0");
    supply.judge = NULL;
    assert_unit(b, "240ac4000002", &supply, "SN-00010", "key-0");
    assert_clean(b);
}

/* What the station makes anew each time the board is written: the record has the last digest. */
static void secret_that_is_made_anew_leaves_its_last_digest(void **state)
{
    struct bench *b = *state;
    struct shelf s = { .count = 10 };
    struct db_unit_supply supply = supply_of(&s);
    struct db_unit unit;
    static const char *const made[] = { "first", "first", "second" };
    bench_open(b);
    s.wants[KEY] = (struct db_unit_want){
        .name = "key", .source = "random", .from = DB_UNIT_KNOWN, .secret = true, .unique = true
    };
    for (size_t i = 0; i < 3; i++) {
        s.wants[KEY].text = made[i];
        check_ok(b, flash(b, "240ac4000001", &supply, &unit, DB_PASS));
        db_unit_done(&unit);
    }
    assert_answer(b, "SELECT count(*) FROM unit_value WHERE name = 'key'", "2");
    s.wants[KEY].text = NULL;
    check_ok(b, db_unit_look(b->db, "240ac4000001", &supply, &unit, &b->e));
    assert_null(unit.texts[KEY]);
    assert_true(db_unit_is_secret(&unit, KEY, "second"));
    assert_false(db_unit_is_secret(&unit, KEY, "first"));
    db_unit_done(&unit);
    assert_clean(b);
}

/* Two recipes on one record whose counters make the same text. */
static void taken_serial_is_a_duplicate_and_its_number_passed_over(void **state)
{
    struct bench *b = *state;
    struct shelf s = { .count = 10 };
    struct db_unit_supply supply = supply_of(&s);
    bench_open(b);
    assert_unit(b, "240ac4000001", &supply, "SN-00010", "key-0");
    s.wants[SERIAL].counter = "other";
    refuse_unit(b, "240ac4000002", &supply, ERR_DUPLICATE, "Number 10 of counter 'other'");
    assert_says(b, ERR_DUPLICATE, "'SN-00010', which 24:0a:c4:00:00:01 has");
    assert_answer(b, "SELECT count(*) FROM unit_value", "4");
    assert_unit(b, "240ac4000003", &supply, "SN-00011", "key-1");
    assert_unit(b, "240ac4000002", &supply, "SN-00012", "key-2");
    s.wants[SERIAL].from = DB_UNIT_SCAN;
    s.wants[SERIAL].text = "SN-00011";
    refuse_unit(b, "240ac4000004", &supply, ERR_DUPLICATE, "which 24:0a:c4:00:00:03 has since");
    assert_clean(b);
}

/* ---- Decisions ---- */

static const struct db_unit_decision ann = { "Ann", "scrapped", "line1", T0_MS };

static void released_values_go_to_the_next_board(void **state)
{
    struct bench *b = *state;
    struct shelf s = { .count = 10 };
    struct db_unit_supply supply = supply_of(&s);
    bench_open(b);
    assert_unit(b, "240ac4000001", &supply, "SN-00010", "key-0");
    assert_unit(b, "240ac4000002", &supply, "SN-00011", "key-1");
    assert_false(db_unit_release(b->db, "SN-77777", &ann, &b->e));
    assert_says(b, ERR_USAGE, "No board has the serial 'SN-77777'");
    check_ok(b, db_unit_release(b->db, "SN-00010", &ann, &b->e));
    assert_false(db_unit_release(b->db, "SN-00010", &ann, &b->e));
    assert_unit(b, "240ac4000003", &supply, "SN-00010", "key-0");
    assert_unit(b, "240ac4000001", &supply, "SN-00012", "key-2");
    assert_clean(b);
}

/* What a label says may be on another board once its unit was released. */
static void label_of_a_released_unit_is_not_printed_again(void **state)
{
    struct bench *b = *state;
    struct shelf s = { .count = 10 };
    struct db_unit_supply supply = supply_of(&s);
    int number;
    struct db_unit_decision later = ann;
    later.utc_ms = T0_MS + 1000;
    const struct db_label_again again = { .run_id = 1,
                                          .printer = "file:x",
                                          .zpl = "^XA^XZ",
                                          .operator_name = "Ann",
                                          .reason = "torn",
                                          .utc_ms = T0_MS };
    bench_open(b);
    assert_unit(b, "240ac4000001", &supply, "SN-00010", "key-0");
    check_ok(b, db_label_again(b->db, &again, &number, &b->e) > 0);
    check_ok(b, db_unit_release(b->db, "SN-00010", &later, &b->e));
    assert_int_equal(db_label_again(b->db, &again, &number, &b->e), 0);
    assert_says(b, ERR_USAGE, "The unit SN-00010 that the label of run 1 shows was released by");
    assert_answer(b, "SELECT count(*) FROM label", "1");
}

static void board_in_work_is_not_released(void **state)
{
    struct bench *b = *state;
    struct shelf s = { .count = 10 };
    struct db_unit_supply supply = supply_of(&s);
    struct db_unit unit;
    bench_open(b);
    const int64_t run_id = start_run(b);
    check_ok(b, admit(b->db, run_id, "240ac4000001", &supply, &unit, &b->e));
    db_unit_done(&unit);
    assert_false(db_unit_release(b->db, "SN-00010", &ann, &b->e));
    assert_says(b, ERR_USAGE, "is being flashed: run 1");
}

/* ---- An older record ---- */

static void run_shell(const char *fmt, const char *one, const char *other)
{
    char command[1024];
    snprintf(command, sizeof command, fmt, one, other);
    assert_int_equal(system(command), 0);
}

static void reopen(struct bench *b)
{
    db_close(b->db);
    bench_open(b);
}

static void keep_mark(const struct bench *b, const char *way)
{
    char mark[128], kept[128];
    snprintf(mark, sizeof mark, "%s-units", b->path);
    snprintf(kept, sizeof kept, "%s/kept", b->folder);
    if (strcmp(way, "out") == 0)
        run_shell("cp %s %s", mark, kept);
    else
        run_shell("cp %2$s %1$s", mark, kept);
}

static void older_record_stops_the_line(void **state)
{
    struct bench *b = *state;
    struct shelf s = { .count = 10 };
    struct db_unit_supply supply = supply_of(&s);
    char copy[128];
    bench_open(b);
    assert_unit(b, "240ac4000001", &supply, "SN-00010", "key-0");
    snprintf(copy, sizeof copy, "%s/copy.db", b->folder);
    run_shell("sqlite3 %s \".backup '%s'\"", b->path, copy);
    assert_unit(b, "240ac4000002", &supply, "SN-00011", "key-1");
    keep_mark(b, "out");
    db_close(b->db);
    run_shell("rm -f %1$s %1$s-wal %1$s-shm && cp %2$s %1$s", b->path, copy);
    keep_mark(b, "in");
    bench_open(b);
    refuse_unit(b, "240ac4000003", &supply, ERR_UNIT, "is older than what was given out");
    refuse_unit(b, "240ac4000001", &supply, ERR_UNIT, "is older than what was given out");
    check_ok(b, db_unit_accept(b->db, &ann, &b->e));
    s.wants[SERIAL].start = 12;
    s.cursor = 2;
    assert_unit(b, "240ac4000003", &supply, "SN-00012", "key-2");
    reopen(b);
    assert_unit(b, "240ac4000004", &supply, "SN-00013", "key-3");
    assert_answer(b, "SELECT what || ' ' || operator FROM unit_decision", "older-record Ann");
    assert_clean(b);
}

/* ---- Many at once ---- */

struct line {
    struct bench *b;
    struct db *db;
    struct shelf *shelf;
    int number, boards;
    struct err e;
};

static void *flash_many(void *arg)
{
    struct line *line = arg;
    const struct db_unit_supply supply = supply_of(line->shelf);
    for (int i = 0; i < line->boards; i++) {
        char mac[32];
        struct db_unit unit;
        snprintf(mac, sizeof mac, "240ac4%04x%02x", line->number, i);
        const struct db_run_begin begin_run = {
            .recipe_id = 1, .slot = line->number, .port = "p", .started_utc_ms = T0_MS
        };
        const struct db_run_end end = {
            .verdict = DB_PASS, .code = "ok", .board_state = "running", .ended_utc_ms = T0_MS + 1
        };
        const int64_t run_id = db_run_start(line->db, &begin_run, &line->e);
        const bool ok = run_id > 0 && admit(line->db, run_id, mac, &supply, &unit, &line->e) &&
                        db_run_close(line->db, run_id, &end, &line->e);
        if (run_id > 0)
            db_unit_done(&unit);
        if (!ok)
            break;
    }
    return NULL;
}

/* 16 slots of two stations, which do not know of each other's cursor. */
static void nothing_goes_to_two_boards_of_two_stations(void **state)
{
    struct bench *b = *state;
    static struct shelf shelves[2];
    struct line lines[16];
    pthread_t threads[16];
    bench_open(b);
    put_recipe(b, b->db);
    struct db *second = db_open(b->path, 20000, &b->e);
    struct db_station here;
    check_ok(b, second && db_station_here(&here, &b->e) &&
                    db_station_start(second, &here, "0.1.0", T0_MS, NULL, &b->e));
    shelves[0].count = shelves[1].count = 16 * 8;
    shelves[0].cursor = shelves[1].cursor = 0;
    b->db->busy_ms = 20000;
    for (int i = 0; i < 16; i++) {
        lines[i] = (struct line){ b, i % 2 ? second : b->db, &shelves[i % 2], i + 1, 8, { 0 } };
        assert_int_equal(pthread_create(&threads[i], NULL, flash_many, &lines[i]), 0);
    }
    for (int i = 0; i < 16; i++) {
        pthread_join(threads[i], NULL);
        if (lines[i].e.code != ERR_NONE)
            fail_msg("%s", lines[i].e.what);
    }
    db_close(second);
    assert_answer(b, "SELECT count(DISTINCT serial) || ' ' || count(DISTINCT board) FROM unit",
                  "128 128");
    assert_answer(b, "SELECT count(DISTINCT sha256) FROM unit_item WHERE source = 'pool'", "128");
    assert_answer(b,
                  "SELECT min(number) || ' ' || max(number) FROM unit_item"
                  " WHERE source = 'counter'",
                  "10 137");
    assert_clean(b);
}

/* Whoever writes to the file by himself. */
static void file_itself_refuses_a_second_one(void **state)
{
    static const char *const statements[] = {
        "INSERT INTO unit (board, run, serial, salt, taken_utc) SELECT board, run, serial, salt,"
        " taken_utc FROM unit",
        "INSERT INTO unit_item (unit, source, name, number) SELECT unit, source, name, number FROM"
        " unit_item WHERE source = 'counter'",
        "INSERT INTO unit_item (unit, source, name, number, sha256) SELECT unit, source, name,"
        " number, sha256 FROM unit_item WHERE source = 'pool'",
        "INSERT INTO unit_value (unit, name, text, source, is_unique) SELECT unit, name, text,"
        " source, 1 FROM unit_value WHERE name = 'serial'",
        "UPDATE unit SET serial = 'x'",
        "UPDATE unit_value SET text = 'x' WHERE text IS NOT NULL",
        "UPDATE unit SET released = NULL",
        "DELETE FROM unit",
        "DELETE FROM unit_item",
        "DELETE FROM unit_value",
        "DELETE FROM unit_decision",
        "UPDATE unit_decision SET reason = 'x'",
    };
    struct bench *b = *state;
    struct shelf s = { .count = 10 };
    struct db_unit_supply supply = supply_of(&s);
    sqlite3 *sql = NULL;
    bench_open(b);
    assert_unit(b, "240ac4000001", &supply, "SN-00010", "key-0");
    check_ok(b, db_unit_release(b->db, "SN-00010", &ann, &b->e));
    assert_unit(b, "240ac4000002", &supply, "SN-00010", "key-0");
    assert_int_equal(sqlite3_open(b->path, &sql), SQLITE_OK);
    for (size_t i = 0; i < sizeof statements / sizeof statements[0]; i++) {
        if (sqlite3_exec(sql, statements[i], NULL, NULL, NULL) == SQLITE_OK)
            fail_msg("%s", statements[i]);
    }
    sqlite3_close(sql);
}

/* Each column of each table, with the guards taken away. */
static void tamper_of_units_is_named(void **state)
{
    static const char *const tables[] = { "unit", "unit_item", "unit_value", "unit_decision" };
    struct bench *b = *state;
    struct shelf s = { .count = 10 };
    struct db_unit_supply supply = supply_of(&s);
    char original[128], question[160], name[64], change[700];
    bench_open(b);
    assert_unit(b, "240ac4000001", &supply, "SN-00010", "key-0");
    assert_unit(b, "240ac4000002", &supply, "SN-00011", "key-1");
    check_ok(b, db_unit_release(b->db, "SN-00010", &ann, &b->e));
    db_close(b->db);
    b->db = NULL;
    snprintf(original, sizeof original, "%s/original.db", b->folder);
    run_shell("sqlite3 %1$s 'PRAGMA wal_checkpoint(TRUNCATE)' && cp %1$s %2$s", b->path, original);
    int columns = 0;
    for (size_t t = 0; t < sizeof tables / sizeof tables[0]; t++) {
        for (int row = 1; row <= 2; row++) { /* one that was released, and one that was not */
            for (int column = 0;; column++) {
                snprintf(question, sizeof question,
                         "SELECT name FROM pragma_table_info('%s') WHERE cid = %d", tables[t],
                         column);
                ask(b, question, name, sizeof name);
                if (strcmp(name, "NULL") == 0 || (row == 2 && t == 3))
                    break;
                snprintf(change, sizeof change,
                         "DROP INDEX unit_value_one; UPDATE %s SET \"%s\" = CASE WHEN \"%s\" IS "
                         "NULL"
                         " THEN '7' WHEN typeof(\"%s\") = 'integer' THEN \"%s\" + 90 ELSE \"%s\""
                         " || 'x' END WHERE id = (SELECT %s(id) FROM %s)",
                         tables[t], name, name, name, name, name, row == 1 ? "min" : "max",
                         tables[t]);
                tamper(b, change);
                const struct first first = audit_with(b, NULL, NULL);
                if (first.count == 0)
                    fail_msg("%s.%s was changed and nothing was found", tables[t], name);
                columns++;
                run_shell("cp %2$s %1$s && rm -f %1$s-wal %1$s-shm", b->path, original);
            }
        }
    }
    tamper(b, "UPDATE unit SET released = NULL; UPDATE unit_item SET released = NULL");
    const struct first first = audit_with(b, NULL, NULL);
    assert_found(&first, DB_CHANGED, "unit-decision");
    assert_true(columns > 45);
}

/* ---- Looking ---- */

static bool count_unit(void *ctx, const struct db_unit_row *row)
{
    ++*(int *)ctx;
    assert_non_null(row->mac);
    return true;
}

static bool no_secret(void *ctx, const struct db_unit_value_row *row)
{
    (void)ctx;
    if (strcmp(row->name, "key") == 0)
        assert_true(!row->text && strlen(row->sha256) == 64);
    return true;
}

static void reader_looks_at_what_a_board_has(void **state)
{
    struct bench *b = *state;
    struct shelf s = { .count = 10 };
    struct db_unit_supply supply = supply_of(&s);
    struct db_unit unit;
    char mac[DB_MAC_CAP];
    int units = 0;
    const struct db_unit_sink sink = { &units, count_unit, no_secret };
    bench_open(b);
    assert_unit(b, "240ac4000001", &supply, "SN-00010", "key-0");
    assert_unit(b, "240ac4000002", &supply, "SN-00011", "key-1");
    struct db *reader = db_open_reader(b->path, 300, &b->e);
    check_ok(b, reader && db_units(reader, NULL, &sink, &b->e));
    assert_int_equal(units, 2);
    check_ok(b, db_units(reader, "SN-00011", &sink, &b->e));
    check_ok(b, db_units(reader, "24-0A-C4-00-00-02", &sink, &b->e));
    assert_int_equal(units, 4);
    check_ok(b, db_unit_mac_of(reader, "SN-00011", mac, &b->e));
    assert_string_equal(mac, "24:0a:c4:00:00:02");
    check_ok(b, db_unit_look(reader, "240ac4000002", &supply, &unit, &b->e));
    assert_string_equal(unit.texts[SERIAL], "SN-00011");
    assert_string_equal(unit.texts[KEY], "key-1");
    db_unit_done(&unit);
    assert_false(db_unit_look(reader, "240ac4000003", &supply, &unit, &b->e));
    assert_says(b, ERR_UNIT, "The record has no unit");
    db_unit_done(&unit);
    s.version[1] = 1;
    check_ok(b, db_unit_look(reader, "240ac4000002", &supply, &unit, &b->e));
    assert_null(unit.texts[KEY]);
    assert_string_equal(unit.labels[0], "row 1");
    assert_true(db_unit_is_secret(&unit, KEY, "key-1"));
    assert_false(db_unit_is_secret(&unit, KEY, "key-2"));
    assert_false(db_unit_is_secret(&unit, SERIAL, "SN-00011"));
    db_unit_done(&unit);
    db_close(reader);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_up, bench_down)

/* Counts what SQLite does. */
static int count_step(void *ctx)
{
    ++*(long *)ctx;
    return 0;
}

static long steps_of_a_new_unit(struct bench *b, int n, const struct db_unit_supply *supply)
{
    long steps = 0;
    char mac[16];
    struct db_unit unit;
    snprintf(mac, sizeof mac, "240ac400%04x", (unsigned)n);
    const int64_t run_id = start_run(b);
    sqlite3_progress_handler(b->db->sql, 1, count_step, &steps);
    check_ok(b, admit(b->db, run_id, mac, supply, &unit, &b->e));
    sqlite3_progress_handler(b->db->sql, 0, NULL, NULL);
    db_unit_done(&unit);
    check_ok(b, try_close(b, run_id, DB_PASS));
    return steps;
}

/* No question looks through what was given out before. */
static void taking_costs_the_same_however_many_were_taken(void **state)
{
    struct bench *b = *state;
    struct shelf s = { .count = 200 };
    struct db_unit_supply supply = supply_of(&s);
    long early = 0, late = 0;
    bench_open(b);
    for (int n = 0; n < 150; n++) {
        const long steps = steps_of_a_new_unit(b, n, &supply);
        early = n == 10 ? steps : early;
        late = steps;
    }
    if (late > early + early / 20)
        fail_msg("the 11th board took %ld steps, the 150th %ld", early, late);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(unit_is_taken_once_and_kept_for_ever),
        TEST(unit_of_a_failed_board_stays_with_it),
        TEST(refused_board_takes_nothing),
        TEST(counter_ends),
        TEST(later_recipe_adds_what_it_wants_more),
        TEST(edited_row_is_noticed_and_not_given_out),
        TEST(edited_row_is_passed_over),
        TEST(value_of_another_source_is_refused),
        TEST(board_whose_image_is_gone_is_refused),
        TEST(bound_row_goes_to_its_board_alone),
        TEST(nothing_is_taken_of_what_images_cannot_be_made),
        TEST(secret_that_is_made_anew_leaves_its_last_digest),
        TEST(taken_serial_is_a_duplicate_and_its_number_passed_over),
        TEST(released_values_go_to_the_next_board),
        TEST(label_of_a_released_unit_is_not_printed_again),
        TEST(board_in_work_is_not_released),
        TEST(older_record_stops_the_line),
        TEST(nothing_goes_to_two_boards_of_two_stations),
        TEST(file_itself_refuses_a_second_one),
        TEST(tamper_of_units_is_named),
        TEST(reader_looks_at_what_a_board_has),
        TEST(taking_costs_the_same_however_many_were_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
