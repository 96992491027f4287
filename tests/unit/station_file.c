/* The station file: what it says, every mistake it can have, and the table of its keys. */
#include "recipes/station/station_file.h"
#include "recipes/station/station_file_priv.h"
#include "tests/lib/test.h"

#include <stdio.h>
#include <stdlib.h>

static struct doc_report report;

static struct station *parse(const char *text, struct err *e)
{
    struct station *station;
    *e = (struct err){ 0 };
    station_parse("s.yaml", text, strlen(text), "/fixture", &station, &report, e);
    return station;
}

#define SOCKET(n) "pci-0000:00:14.0-usb-0:1." #n ":1.0"
static const char whole[] =
    "station: line 3\n"
    "record: line3.db\n"
    "slots:\n"
    "  - { name: A1, usb: \"" SOCKET(1) "-port0\" }\n"
                                        "  - { name: A2, usb: "
                                        "/dev/serial/by-path/pci-0000:00:14.0-usbv2-0:1.2:1.0 }\n"
                                        "  - name: B1\n"
                                        "    port: rfc2217://rack:4000\n"
                                        "  - name: B2\n"
                                        "groups:\n"
                                        "  - { name: left, slots: [A1, B1] }\n"
                                        "grid: [[A1, ., A2], [B1, B2]]\n";

static void station_fills_every_field(void **state)
{
    (void)state;
    struct err e;
    struct station *s = parse(whole, &e);
    assert_ok(s != NULL, &e);
    assert_string_equal(s->name, "line 3");
    assert_string_equal(s->record, "line3.db");
    assert_string_equal(s->record_path, "/fixture/line3.db");
    assert_int_equal(s->slot_count, 4);
    assert_string_equal(s->slots[0].usb, SOCKET(1));
    assert_string_equal(s->slots[0].usb_text, SOCKET(1) "-port0");
    assert_string_equal(s->slots[1].usb, SOCKET(2));
    assert_string_equal(s->slots[2].port, "rfc2217://rack:4000");
    assert_null(s->slots[2].usb);
    assert_null(s->slots[3].usb);
    assert_null(s->slots[3].port);
    assert_int_equal(s->group_count, 1);
    assert_int_equal(s->groups[0].slot_count, 2);
    assert_string_equal(s->groups[0].slots[1], "B1");
    assert_int_equal(station_slot_index(s, "B2"), 3);
    assert_int_equal(station_slot_index(s, "b2"), -1);
    assert_int_equal(station_group_index(s, "left"), 0);
    station_free(s);
}

static void station_knows_where_things_stand(void **state)
{
    (void)state;
    struct err e;
    struct station *s = parse(whole, &e);
    assert_ok(s != NULL, &e);
    assert_int_equal(s->slots[0].at.line, 4);
    assert_int_equal(s->slots[0].at.column, 5);
    assert_int_equal(s->slots[0].name_at.column, 13);
    assert_int_equal(s->slots[0].usb_at.column, 22);
    assert_int_equal(s->slots[2].port_at.line, 7);
    assert_int_equal(s->slots[3].usb_at.line, 0);
    assert_int_equal(s->groups[0].slot_at[1].column, 31);
    station_free(s);
}

static void station_places_slots_on_the_screen(void **state)
{
    (void)state;
    struct err e;
    struct station *s = parse(whole, &e);
    assert_ok(s != NULL, &e);
    assert_int_equal(s->slots[1].row, 0);
    assert_int_equal(s->slots[1].column, 2);
    assert_int_equal(s->slots[3].row, 1);
    assert_int_equal(s->slots[3].column, 1);
    station_free(s);
    s = parse("station: x\nslots: [{name: 1}, {name: 2}, {name: 3}, {name: 4}, {name: 5},"
              " {name: 6}, {name: 7}, {name: 8}, {name: 9}]\n",
              &e);
    assert_ok(s != NULL, &e);
    assert_int_equal(s->slots[7].row, 0);
    assert_int_equal(s->slots[8].row, 1);
    assert_int_equal(s->slots[8].column, 0);
    station_free(s);
}

/* ---- Mistakes ---- */

#define HEAD "station: x\nslots: "
static const struct {
    const char *text, *mistake; /* all of the first line, behind the file's name */
} mistakes[] = {
    { "", "the station file is empty" },
    { "- A1\n", "1:1: a station file is a mapping, as in `station: NAME`; got a list" },
    { "slots: [{name: A1}]\n", "key 'station' is missing in the station file" },
    { "station: x\n", "key 'slots' is missing in the station file; it takes a list of 1 to 256 "
                      "slots" },
    { HEAD "[]\n", "2:8: 'slots' is empty: there would be no place for a board" },
    { HEAD "A1\n", "2:8: 'slots' expects a list of 1 to 256 slots, got a single value" },
    { HEAD "[A1]\n", "2:9: 'slots' expects { name: A1, usb: SOCKET } for each slot, got a single "
                     "value" },
    { HEAD "[{name: A1, sockt: 1}]\n", "unknown key 'sockt' inside 'slots'; did you mean 'usb'?" },
    { HEAD "[{port: \"socket://h:1\"}]\n", "key 'name' is missing in this slot; it takes a name "
                                           "of" },
    { HEAD "[{name: A 1}]\n", "'slots.name' expects a name of 1 to 16 letters, digits, - and _, "
                              "got 'A 1'" },
    { HEAD "[{name: .}]\n", "got '.'" },
    { HEAD "[{name: -1}]\n", "got '-1'" },
    { HEAD "[{name: A1234567890123456}]\n", "got 'A1234567890123456'" },
    { HEAD "[{name: A1}, {name: A1}]\n", "2:28: slot 'A1' is there twice: first at 2:16" },
    { HEAD "[{name: A1}, {name: a1}]\n", "slot 'a1' differs from 'A1' at 2:16 in upper and lower "
                                         "case alone" },
    { HEAD "[{name: A1, usb: 1.2.3}]\n", "got '1.2.3'; see: espstation ports" },
    { HEAD "[{name: A1, usb: /dev/ttyUSB0}]\n", "the kernel gives that name anew at each plug" },
    { HEAD "[{name: A1, usb: /dev/serial/by-id/usb-X}]\n",
      "by-id names the adapter, not the socket" },
    { HEAD "[{name: A1, usb: \"socket://h:1\"}]\n", "that is a port: write it behind port" },
    { HEAD "[{name: A1, port: " SOCKET(1) "}]\n", "that is a socket: write it behind usb" },
    { HEAD "[{name: A1, port: /dev/ttyACM1}]\n", "write its socket behind usb" },
    { HEAD "[{name: A1, port: ftp://h}]\n", "'slots.port': 'ftp://h' is not a port." },
    { HEAD "[{name: A1, usb: " SOCKET(1) ", port: /dev/ttyS0}]\n",
      "a slot has 'usb' or 'port', not both; 'usb' is at 2:25" },
    { HEAD "[{name: A1, usb: " SOCKET(1) "}, {name: A2, usb: " SOCKET(1) "-port0}]\n",
      "this socket is that of slot 'A1' at 2:25" },
    { HEAD "[{name: A1, port: /dev/ttyS0}, {name: A2, port: /dev/ttyS0}]\n",
      "this port is that of slot 'A1' at 2:26" },
    { HEAD "[{name: A1}]\ngroups: [{name: l, slots: [A2]}]\n",
      "'groups.slots': there is no slot 'A2'" },
    { HEAD "[{name: left}]\ngroups: [{name: l, slots: [lefd]}]\n", "did you mean 'left'?" },
    { HEAD "[{name: A1}]\ngroups: [{name: l, slots: []}]\n",
      "3:27: 'groups.slots' is empty: the group would be of no use" },
    { HEAD "[{name: A1}]\ngroups: [{name: l, slots: [A1, A1]}]\n",
      "slot 'A1' is there twice: first at 3:28" },
    { HEAD "[{name: A1}]\ngroups: [{name: a1, slots: [A1]}]\n",
      "group 'a1' has the name of a slot" },
    { HEAD "[{name: A1}]\ngroups: [{name: l, slots: [A1]}, {name: l, slots: [A1]}]\n",
      "group 'l' is there twice" },
    { HEAD "[{name: A1}]\ngroups: [{name: l}]\n", "key 'slots' is missing in this group" },
    { HEAD "[{name: A1}]\ngrid: [A1]\n", "'grid' expects a list as in [A1, A2] for each row, got a "
                                         "single value" },
    { HEAD "[{name: A1}]\ngrid: [[]]\n", "3:1: slot 'A1' has no place in the grid" },
    { HEAD "[{name: A1}]\ngrid: [[A1], [A1]]\n", "3:15: slot 'A1' is there twice: first at 3:9" },
    { HEAD "[{name: A1}]\ngrid: [[A1, B7]]\n", "'grid': there is no slot 'B7'" },
    { HEAD "[{name: A1}]\ngrid: [[A1, [A1]]]\n", "'grid.row' expects" },
    { HEAD "[{name: A1}]\nrecord: [x]\n", "'record' expects the path of a file, got a list" },
    { HEAD "[{name: A1}]\nflotilla: plug\n", "unknown key 'flotilla'; " },
    { "station: line 3\nslot: [{name: A1}]\n", "unknown key 'slot'; did you mean 'slots'?" },
    { HEAD "[{name: A1}]\nrecord: x.db\nfleet: {}\n", "'fleet' has no 'server'" },
    { HEAD "[{name: A1}]\nfleet: { server: service=x }\n", "'fleet' needs 'record'" },
    { HEAD "[{name: A1}]\nrecord: x.db\nfleet: { server: \"host=x password=y\" }\n",
      "a password stands in it" },
    { HEAD "[{name: A1}]\nrecord: x.db\nfleet: { server: \"host=x sslmode=prefer\" }\n",
      "sslmode is always verify-full" },
    { HEAD "[{name: A1}]\nrecord: x.db\nfleet: { server: postgres }\n", "not what libpq reads" },
    { HEAD "[{name: A1}]\nrecord: x.db\nmqtt: { user: a, password_file: b }\n",
      "'mqtt' has no 'broker'" },
    { HEAD "[{name: A1}]\nmqtt: { broker: \"mqtt://h\" }\n", "'mqtt' needs 'record'" },
    { HEAD "[{name: A1}]\nrecord: x.db\nmqtt: { broker: \"mqtts://h\", user: a }\n",
      "needs both of 'user' and 'password_file'" },
    { HEAD "[{name: A1}]\nrecord: x.db\nmqtt: { broker: \"mqtt://h\", user: a, "
           "password_file: b }\n",
      "use mqtts://" },
    { HEAD "[{name: A1}]\nrecord: x.db\nwebhook: { key_file: k }\n", "'webhook' has no 'to'" },
    { HEAD "[{name: A1}]\nrecord: x.db\nwebhook: { to: \"https://h/x\" }\n",
      "'webhook' has no 'key_file'" },
    { HEAD "[{name: A1}]\nwebhook: { to: \"https://h/x\", key_file: k }\n",
      "'webhook' needs 'record'" },
    { HEAD "[{name: A1}]\nrecord: x.db\nwebhook: { to: \"https://u:p@h/x\", key_file: k }\n",
      "no password belongs into it" },
    { HEAD "[{name: A1, start: plc}]\n", "2:27: slot 'A1' begins by a PLC, and there is none" },
    { HEAD "[{name: A1, start: switch}]\n", "2:27: slot 'A1' begins by a switch, and no line is "
                                            "named for it" },
    { HEAD "[{name: A1}]\nusb: x\n", "unknown key 'usb'; it belongs inside 'slots'" },
    { HEAD "[{name: &a A1}]\n", "anchor '&a': station files have no anchors" },
    { HEAD "[{name: A1}]\nstation: y\n", "key 'station' is doubled: first at 1:1, again at 3:1" },
    { HEAD "[{name: A1}]\n--- \nstation: y\n", "a second document begins; a station file is one" },
    { HEAD "[{name: \"A\\u00071\"}]\n", "holds control character 0x07" },
};

static void station_names_every_mistake(void **state)
{
    (void)state;
    char line[1024];
    for (size_t i = 0; i < COUNT_OF(mistakes); i++) {
        struct err e;
        struct station *s = parse(mistakes[i].text, &e);
        if (s)
            fail_msg("taken: %s", mistakes[i].text);
        assert_int_equal(e.code, ERR_USAGE);
        doc_mistake_text("s.yaml", &report.mistakes[0], line, sizeof line);
        if (report.total != 1)
            fail_msg("%zu mistakes, the first: %s", report.total, line);
        if (!strstr(line, mistakes[i].mistake))
            fail_msg("%s, and not: %s", line, mistakes[i].mistake);
    }
}

/* One more of anything than there can be is a mistake, and no write past an array. */
static void station_has_limits(void **state)
{
    (void)state;
    static char text[1 << 16];
    struct err e;
    size_t used = (size_t)snprintf(text, sizeof text, "station: x\nslots:\n");
    for (int i = 0; i <= STATION_SLOTS_MAX; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "  - { name: S%d }\n", i);
    assert_null(parse(text, &e));
    assert_int_equal(report.total, 1);
    assert_non_null(strstr(report.mistakes[0].sentence, "'slots' holds more than 256 entries"));

    used =
        (size_t)snprintf(text, sizeof text, "station: x\nslots: [{name: A1}]\ngrid:\n  - [A1]\n");
    for (int i = 0; i < STATION_ROWS_MAX; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "  - [.]\n");
    assert_null(parse(text, &e));
    assert_non_null(strstr(report.mistakes[0].sentence, "'grid' holds more than 64 entries"));

    used = (size_t)snprintf(text, sizeof text, "station: x\nslots: [{name: A1}]\ngrid: [[A1");
    for (int i = 0; i < STATION_COLUMNS_MAX; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, ",.");
    snprintf(text + used, sizeof text - used, "]]\n");
    assert_null(parse(text, &e));
    assert_non_null(strstr(report.mistakes[0].sentence, "'grid.row' holds more than 64 entries"));
}

/* Every beginning of the file and every letter of it turned over: read, or refused with a place. */
static void station_stands_noise(void **state)
{
    (void)state;
    char text[sizeof whole];
    for (size_t i = 0; i + 1 < sizeof whole; i++) {
        struct err e;
        memcpy(text, whole, sizeof whole);
        text[i] = i % 2 ? '\0' : (char)(text[i] ^ 0x15);
        struct station *s = parse(text, &e);
        assert_true((s != NULL) == (report.total == 0));
        station_free(s);
    }
}

static void station_must_be_a_file(void **state)
{
    (void)state;
    struct station *s;
    struct err e = { 0 };
    assert_code(station_load("/nowhere/station.yaml", &s, &report, &e), &e, ERR_USAGE);
    assert_non_null(strstr(e.what, "there is no station file '/nowhere/station.yaml'"));
    assert_code(station_load("/tmp", &s, &report, &e), &e, ERR_USAGE);
    assert_non_null(strstr(e.what, "a station file is a file"));
    assert_null(s);
}

/* ---- People, recipes, PLC ---- */

static void station_says_who_and_how(void **state)
{
    (void)state;
    struct err e;
    struct station *s = parse("station: s\nslots: [{ name: A1 }]\npeople: p.yaml\n"
                              "recipes: { only_signed_by: /etc/keys }\n"
                              "plc: { listen: \"[::1]:1502\", allow: [10.0.0.1, 10.0.0.2], "
                              "clients: 2, "
                              "heartbeat_ms: 500, idle_ms: 1000 }\n",
                              &e);
    assert_ok(s != NULL, &e);
    assert_string_equal(s->people_path, "/fixture/p.yaml");
    assert_string_equal(s->recipe_keys_path, "/etc/keys");
    assert_string_equal(s->plc.listen, "[::1]:1502");
    assert_int_equal(s->plc.allow_count, 2);
    assert_string_equal(s->plc.allow[1], "10.0.0.2");
    assert_int_equal(s->plc.clients, 2);
    assert_int_equal(s->plc.heartbeat_ms, 500);
    assert_int_equal(s->plc.idle_ms, 1000);
    station_free(s);
    s = parse("station: s\nslots: [{ name: A1 }]\nplc: { listen: \"0.0.0.0:502\" }\n", &e);
    assert_ok(s != NULL, &e);
    assert_null(s->people_path);
    assert_null(s->recipe_keys_path);
    assert_int_equal(s->plc.clients, 4);
    assert_int_equal(s->plc.heartbeat_ms, 3000);
    assert_int_equal(s->plc.idle_ms, 30000);
    station_free(s);
}

static void station_refuses_a_plc_without_an_address(void **state)
{
    (void)state;
    static const struct {
        const char *plc, *mistake;
    } wrong[] = {
        { "{ clients: 4 }", "key 'listen' is missing" },
        { "{ listen: 1502 }", "write 0.0.0.0:1502" },
        { "{ listen: \"host:\" }", "write 0.0.0.0:1502" },
        { "{ listen: \":1502\" }", "write 0.0.0.0:1502" },
        { "{ listen: \"tcp://host:1502\" }", "write 0.0.0.0:1502" },
        { "{ listen: \"host:0\" }", "a port is a number from 1 to 65535" },
        { "{ listen: \"host:65536\" }", "a port is a number from 1 to 65535" },
        { "{ listen: \"host:1x\" }", "a port is a number from 1 to 65535" },
        { "{ listen: \"h:1\", allow: [] }", "nobody could connect" },
        { "{ listen: \"h:1\", clients: 17 }", "a number from 1 to 16" },
        { "{ listen: \"h:1\", heartbeat_ms: 499 }", "a number from 500 to 60000" },
        { "{ listen: \"h:1\", password: x }", "unknown key 'password'" },
    };
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        char text[256];
        struct err e;
        snprintf(text, sizeof text, "station: s\nslots: [{ name: A1 }]\nplc: %s\n", wrong[i].plc);
        assert_null(parse(text, &e));
        assert_has(e.what, wrong[i].mistake);
    }
}

/* ---- The table ---- */

static void station_keys_have_no_gap(void **state)
{
    (void)state;
    for (unsigned id = 1; id < STATION_KEY_COUNT; id++) {
        const struct key *key = key_row(&station_kind, id);
        assert_non_null(key->path);
        assert_int_equal(key->sentence[strlen(key->sentence) - 1], '.');
        assert_int_equal(key_child(&station_kind, key->parent, key_name(&station_kind, id)), id);
        assert_true(key->kind != KEY_OWN || (key->store && key->more && key->max > 0));
        assert_true((key->kind != KEY_ITEMS && key->kind != KEY_ROWS) ||
                    (key->item && key->item_form && key->item_bytes > 0 && key->items_max > 0));
    }
}

static bool look_for(void *context, const char *line)
{
    const char **text = context;
    if (*text && strstr(line, *text))
        *text = NULL;
    return true;
}

static void station_help_has_every_key(void **state)
{
    (void)state;
    for (unsigned id = 1; id < STATION_KEY_COUNT; id++) {
        const char *path = key_row(&station_kind, id)->path;
        if (id == STATION_KEY_GRID_ROW)
            continue;
        assert_true(station_help(DOC_HELP_PLAIN, look_for, &path));
        assert_null(path);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(station_fills_every_field),
        cmocka_unit_test(station_knows_where_things_stand),
        cmocka_unit_test(station_places_slots_on_the_screen),
        cmocka_unit_test(station_names_every_mistake),
        cmocka_unit_test(station_has_limits),
        cmocka_unit_test(station_stands_noise),
        cmocka_unit_test(station_must_be_a_file),
        cmocka_unit_test(station_says_who_and_how),
        cmocka_unit_test(station_refuses_a_plc_without_an_address),
        cmocka_unit_test(station_keys_have_no_gap),
        cmocka_unit_test(station_help_has_every_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
