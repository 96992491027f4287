/* Acts of people: recorded, bound to the chain, committed with what they change. */
#include "tests/unit/db_audit_help.h"

#include "db/write/lot.h"

static const struct db_act rework = {
    .word = "rework",
    .person = "Ann",
    .role = "engineer",
    .proved = true,
    .slot = 3,
    .text = "thermostat 2.3.0",
    .reason = "label torn",
    .host = "line1",
    .utc_ms = T0_MS,
};

static void db_act_is_a_row_in_the_chain(void **state)
{
    struct bench *b = *state;
    bench_open(b);
    check_ok(b, db_act_add(b->db, &rework, &b->e));
    assert_answer(b,
                  "SELECT word || person || role || proved || slot || (run IS NULL) || (lot IS "
                  "NULL)"
                  " || text || reason || host || made_utc FROM act",
                  "reworkAnnengineer1311thermostat 2.3.0label tornline12026-03-04T05:06:07.089Z");
    assert_answer(b, "SELECT count(*) FROM link WHERE kind = 'act' AND row = 1", "1");
    assert_answer(
        b, "SELECT a.station = s.id FROM act AS a, (SELECT max(id) AS id FROM station) AS s", "1");
    assert_clean(b);
}

static void db_act_needs_a_person(void **state)
{
    struct bench *b = *state;
    struct db_act act = rework;
    bench_open(b);
    act.person = "";
    assert_false(db_act_add(b->db, &act, &b->e));
    assert_says(b, ERR_USAGE, "nobody has said who it is");
    assert_answer(b, "SELECT count(*) FROM act", "0");
}

static void db_act_is_guarded_and_audited(void **state)
{
    static const char *const changes[] = {
        "UPDATE act SET word = 'x'",     "UPDATE act SET person = 'Eve'",
        "UPDATE act SET role = 'x'",     "UPDATE act SET proved = 0",
        "UPDATE act SET station = NULL", "UPDATE act SET slot = NULL",
        "UPDATE act SET text = NULL",    "UPDATE act SET reason = 'x'",
        "UPDATE act SET host = 'x'",     "UPDATE act SET made_utc = '2026-01-01T00:00:00.000Z'",
        "UPDATE act SET run = 1",        "UPDATE act SET lot = 1",
    };
    struct bench *b = *state;
    bench_open(b);
    check_ok(b, db_lot_put(b->db, "L", T0_MS, &b->e) > 0);
    whole_run(b, "240ac4000009", 0, 1, T0_MS, DB_FAIL);
    check_ok(b, db_act_add(b->db, &rework, &b->e));
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        char back[256], undo[512];
        ask(b, "SELECT quote(word) FROM act", back, sizeof back);
        snprintf(undo, sizeof undo, "CREATE TABLE kept AS SELECT * FROM act; %s", changes[i]);
        tamper(b, undo);
        const struct first first = audit_with(b, NULL, NULL);
        if (first.count == 0 || !strstr(first.sentence, "act 1"))
            fail_msg("%s: %s", changes[i], first.sentence);
        tamper(b, "DELETE FROM act; INSERT INTO act SELECT * FROM kept; DROP TABLE kept");
        assert_clean(b);
    }
    tamper(b, "DELETE FROM act");
    const struct first first = audit_with(b, NULL, NULL);
    assert_found(&first, DB_DELETED, "act 1");
}

/* Both or none: a lot that cannot be closed has no act of closing it. */
static void db_act_is_committed_with_what_it_changes(void **state)
{
    struct bench *b = *state;
    char text[DB_CHECKPOINT_CAP], path[300];
    bench_open(b);
    const struct db_act act = {
        .word = "lot-close", .person = "Ann", .role = "engineer", .host = "line1", .utc_ms = T0_MS
    };
    snprintf(path, sizeof path, "%s.key", b->path);
    struct key *const key = key_open(path, &b->e);
    check_ok(b, key != NULL);
    struct db_lot_close lot = { .name = "L",
                                .operator_name = "Ann",
                                .host = "line1",
                                .key = key,
                                .utc_ms = T0_MS,
                                .act = &act };
    assert_false(db_lot_close(b->db, &lot, text, &b->e)); /* there is none */
    assert_answer(b, "SELECT count(*) FROM act", "0");
    check_ok(b, db_lot_put(b->db, "L", T0_MS, &b->e) > 0);
    check_ok(b, db_lot_close(b->db, &lot, text, &b->e));
    assert_answer(b, "SELECT l.name FROM act AS a JOIN lot AS l ON l.id = a.lot", "L");
    /* the checkpoint speaks of it */
    assert_answer(b, "SELECT k.id <= p.link FROM link AS k, checkpoint AS p WHERE k.kind = 'act'",
                  "1");
    assert_false(db_lot_close(b->db, &lot, text, &b->e));
    assert_answer(b, "SELECT count(*) FROM act", "1");
    key_free(key);
    assert_clean(b);
}

struct heard {
    int count;
    char last[256];
};

static bool hear(void *ctx, const struct db_act_row *act)
{
    struct heard *const heard = ctx;
    heard->count++;
    snprintf(heard->last, sizeof heard->last, "%s %s %d %s %s", act->word, act->person, act->slot,
             act->lot ? act->lot : "-", act->reason ? act->reason : "-");
    return true;
}

static void db_acts_are_read(void **state)
{
    struct bench *b = *state;
    struct heard all = { 0 }, of_lot = { 0 };
    const struct db_act_sink sink = { &all, hear }, lot_sink = { &of_lot, hear };
    bench_open(b);
    struct db_act act = rework;
    act.lot_id = db_lot_put(b->db, "L", T0_MS, &b->e);
    check_ok(b, db_act_add(b->db, &act, &b->e));
    act.lot_id = 0;
    act.word = "disable";
    check_ok(b, db_act_add(b->db, &act, &b->e));
    struct db *const reader = db_open_reader(b->path, 300, &b->e);
    check_ok(b, reader != NULL);
    check_ok(b, db_acts(reader, NULL, &sink, &b->e));
    assert_int_equal(all.count, 2);
    assert_string_equal(all.last, "disable Ann 3 - label torn");
    check_ok(b, db_acts(reader, "L", &lot_sink, &b->e));
    assert_int_equal(of_lot.count, 1);
    assert_string_equal(of_lot.last, "rework Ann 3 L label torn");
    db_close(reader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(db_act_is_a_row_in_the_chain, bench_up, bench_down),
        cmocka_unit_test_setup_teardown(db_act_needs_a_person, bench_up, bench_down),
        cmocka_unit_test_setup_teardown(db_act_is_guarded_and_audited, bench_up, bench_down),
        cmocka_unit_test_setup_teardown(db_act_is_committed_with_what_it_changes, bench_up,
                                        bench_down),
        cmocka_unit_test_setup_teardown(db_acts_are_read, bench_up, bench_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
