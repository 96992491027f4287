/* What goes over the socket of a line comes out as it went in; and what strangers send. */
#include "core/base/json_tree.h"
#include "core/facts/chip.h"
#include "station/peer/peer_priv.h"
#include "tests/lib/test.h"

#include <stdlib.h>

/* The tree of the line that `put` has written. */
static struct json_node *read_back(FILE *out, char **text, const size_t *bytes)
{
    struct json_problem problem;
    assert_int_equal(fclose(out), 0);
    assert_true(*bytes < PEER_LINE_MAX);
    assert_int_equal((*text)[*bytes - 1], '\n');
    assert_null(memchr(*text, '\n', *bytes - 1)); /* one line */
    struct json_node *said = json_tree_parse(*text, *bytes, &problem);
    assert_non_null(said);
    free(*text);
    return said;
}

static void a_tile_comes_out_as_it_went_in(void **state)
{
    struct tile tile, back;
    char *text = NULL;
    size_t bytes = 0, place = 0;
    (void)state;
    memset(&tile, 0, sizeof tile);
    tile = (struct tile){ .number = 256,
                          .name = "B7",
                          .row = 3,
                          .column = 5,
                          .state = TILE_FAIL,
                          .port = "/dev/serial/by-path/x",
                          .golden = true,
                          .run_id = 1234567890123,
                          .chip = chip_by_name("esp32c3"),
                          .mac = "24:0a:c4:00:00:07",
                          .serial = "SN-\"1\"",
                          .phase = PHASE_VERIFY,
                          .attempt = 3,
                          .baud = 921600,
                          .bytes_done = 5000000000,
                          .bytes_total = 6000000000,
                          .seconds = 12.5,
                          .board_state = BOARD_HALF_WRITTEN,
                          .boards = 9,
                          .passes = 8 };
    err_set(&tile.err, ERR_VERIFY, "Byte 0x10000 differs");
    FILE *out = open_memstream(&text, &bytes);
    peer_put_tile(out, 255, &tile);
    struct json_node *said = read_back(out, &text, &bytes);
    assert_true(peer_take_tile(json_get(said, "tile"), &place, &back));
    json_tree_free(said);
    assert_int_equal(place, 255);
    assert_string_equal(back.name, "B7");
    assert_string_equal(back.serial, "SN-\"1\"");
    assert_string_equal(back.port, tile.port);
    assert_string_equal(back.mac, tile.mac);
    assert_string_equal(back.err.what, tile.err.what);
    assert_string_equal(back.err.hint, tile.err.hint);
    assert_ptr_equal(back.chip, tile.chip);
    assert_int_equal(back.number, 256);
    assert_int_equal(back.row, 3);
    assert_int_equal(back.column, 5);
    assert_int_equal(back.state, TILE_FAIL);
    assert_int_equal(back.phase, PHASE_VERIFY);
    assert_int_equal(back.run_id, tile.run_id);
    assert_int_equal(back.bytes_done, tile.bytes_done);
    assert_int_equal(back.bytes_total, tile.bytes_total);
    assert_int_equal(back.board_state, BOARD_HALF_WRITTEN);
    assert_int_equal(back.err.code, ERR_VERIFY);
    assert_true(back.golden && !back.disabled && !back.passed_before);
    assert_true(back.seconds > 12.4 && back.seconds < 12.6);
}

static void a_sum_comes_out_as_it_went_in(void **state)
{
    const struct floor_summary sum = { .station = "line 3",
                                       .recipe = "r",
                                       .version = "1",
                                       .lot = "L",
                                       .operator_name = "Eve",
                                       .quantity = 500,
                                       .lot_passed = 340,
                                       .passed = 12,
                                       .failed = 3,
                                       .slots = 8,
                                       .working = 4,
                                       .empty = 2,
                                       .no_adapter = 1,
                                       .attention = 1,
                                       .lot_full = true,
                                       .stopping = true,
                                       .ending = true,
                                       .recorded = true,
                                       .printer = true,
                                       .since_utc_ms = 1700000000123 };
    struct floor_summary back = { .slots = 0 };
    char *text = NULL;
    size_t bytes = 0;
    (void)state;
    FILE *out = open_memstream(&text, &bytes);
    peer_put_summary(out, &sum);
    struct json_node *said = read_back(out, &text, &bytes);
    peer_take_summary(json_get(said, "summary"), &back);
    json_tree_free(said);
    assert_memory_equal(&back, &sum, sizeof sum);
}

static void an_act_comes_out_as_it_went_in(void **state)
{
    const struct act act = {
        .kind = ACT_DISABLE, .slot = 7, .reason = "bent pin", .text = "", .actor = { .name = "Ann" }
    };
    struct act back;
    struct err e = { 0 };
    char *text = NULL;
    size_t bytes = 0;
    (void)state;
    FILE *out = open_memstream(&text, &bytes);
    peer_put_act(out, 42, &act);
    struct json_node *said = read_back(out, &text, &bytes);
    assert_ok(peer_take_act(said, &back, &e), &e);
    assert_int_equal(back.kind, ACT_DISABLE);
    assert_int_equal(back.slot, 7);
    assert_string_equal(back.reason, "bent pin");
    assert_string_equal(back.text, "");
    assert_string_equal(back.actor.name, "Ann");
    assert_string_equal(json_get_text(said, "id"), "42");
    json_tree_free(said);
}

static bool take(const char *line, struct act *act, struct err *e)
{
    struct json_problem problem;
    struct json_node *said = json_tree_parse(line, strlen(line), &problem);
    const bool ok = said && peer_take_act(said, act, e);
    json_tree_free(said);
    return ok;
}

static void what_strangers_send_is_refused(void **state)
{
    struct act act;
    struct err e = { 0 };
    char line[1200];
    (void)state;
    assert_code(take("{}", &act, &e), &e, ERR_USAGE);
    assert_code(take("{\"act\":\"explode\"}", &act, &e), &e, ERR_USAGE);
    assert_code(take("{\"act\":\"code\",\"text\":\"a\\u001b[2J\"}", &act, &e), &e, ERR_USAGE);
    snprintf(line, sizeof line, "{\"act\":\"start\",\"name\":\"%0*d\"}", 70, 1);
    assert_code(take(line, &act, &e), &e, ERR_USAGE);
    snprintf(line, sizeof line, "{\"act\":\"code\",\"text\":\"%0*d\"}", 600, 1);
    assert_code(take(line, &act, &e), &e, ERR_USAGE);
    assert_true(take("{\"act\":\"start\",\"slot\":-1}", &act, &e)); /* the floor has no such slot */
    assert_true(act.slot > STATION_SLOTS_MAX);
}

static void a_tile_of_nonsense_is_none(void **state)
{
    static const char *const lines[] = {
        "{\"tile\":{}}",
        "{\"tile\":{\"place\":256,\"slot\":1}}",
        "{\"tile\":{\"place\":-1,\"slot\":1}}",
        "{\"tile\":{\"place\":0,\"slot\":0}}",
        "{\"tile\":\"x\"}",
        "{\"tile\":[{\"place\":0,\"slot\":1}]}",
    };
    struct json_problem problem;
    struct tile tile;
    size_t place;
    (void)state;
    for (size_t i = 0; i < COUNT_OF(lines); i++) {
        struct json_node *said = json_tree_parse(lines[i], strlen(lines[i]), &problem);
        assert_non_null(said);
        assert_false(peer_take_tile(json_get(said, "tile"), &place, &tile));
        json_tree_free(said);
    }
}

/* A word of a version to come calls for a look, and is not taken for a PASS. */
static void a_state_that_nobody_knows_is_attention(void **state)
{
    static const char line[] = "{\"place\":0,\"slot\":1,\"state\":\"dancing\",\"code\":\"new-"
                               "code\","
                               "\"sentence\":\"x\\u001b[2J\"}";
    struct json_problem problem;
    struct tile tile;
    size_t place;
    (void)state;
    struct json_node *said = json_tree_parse(line, strlen(line), &problem);
    assert_true(peer_take_tile(said, &place, &tile));
    assert_int_equal(tile.state, TILE_ATTENTION);
    assert_int_equal(tile.err.code, ERR_STATION);
    assert_string_equal(tile.err.what, "x?[2J");
    json_tree_free(said);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tile_comes_out_as_it_went_in),
        cmocka_unit_test(a_sum_comes_out_as_it_went_in),
        cmocka_unit_test(an_act_comes_out_as_it_went_in),
        cmocka_unit_test(what_strangers_send_is_refused),
        cmocka_unit_test(a_tile_of_nonsense_is_none),
        cmocka_unit_test(a_state_that_nobody_knows_is_attention),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
