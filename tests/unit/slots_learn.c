/* Learning slots: what follows from adapters that come and boards that speak, and how a socket gets
 * into the text of a station file without touching anything else of it. */
#include "station/slots/learn.h"
#include "station/slots/station_text.h"
#include "tests/lib/test.h"

#include <stdio.h>
#include <stdlib.h>

#define SOCKET(n) "pci-0000:00:14.0-usb-0:1." #n ":1.0"

static struct doc_report report;

static struct station *parse(const char *text)
{
    struct station *station;
    struct err e = { 0 };
    assert_ok(station_parse("s.yaml", text, strlen(text), "", &station, &report, &e), &e);
    return station;
}

/* ---- Plugging ---- */

static struct learn l;

/* Shows the sockets of the list, which ends with NULL. */
static struct learn_event look(const char *const *sockets)
{
    struct learn_sight sights[16];
    size_t n = 0;
    for (; sockets[n]; n++)
        sights[n] = (struct learn_sight){ .socket = sockets[n] };
    return learn_look(&l, sights, n);
}
#define LOOK(...) look((const char *const[]){ __VA_ARGS__, NULL })

static const char *const ab[] = { "A1", "A2" };

static void plugged_one_after_the_other(void **state)
{
    (void)state;
    learn_init(&l, NULL, ab, 2, false);
    assert_int_equal(LOOK(SOCKET(9)).step, LEARN_WAIT); /* was there before */
    assert_string_equal(learn_asks(&l), "A1");
    assert_int_equal(LOOK(SOCKET(9), SOCKET(1)).step, LEARN_WAIT); /* came; is more to come? */
    struct learn_event event = LOOK(SOCKET(9), SOCKET(1));
    assert_int_equal(event.step, LEARN_TOOK);
    assert_string_equal(event.name, "A1");
    assert_string_equal(event.socket, SOCKET(1));
    assert_string_equal(learn_asks(&l), "A2");
    assert_int_equal(LOOK(SOCKET(9), SOCKET(1)).step, LEARN_WAIT);
    assert_int_equal(LOOK(SOCKET(9), SOCKET(1)).step, LEARN_WAIT);
    LOOK(SOCKET(2), SOCKET(9), SOCKET(1));
    event = LOOK(SOCKET(2), SOCKET(9), SOCKET(1));
    assert_string_equal(event.name, "A2");
    assert_string_equal(event.socket, SOCKET(2));
    assert_null(learn_asks(&l));
    LOOK(SOCKET(3));
    assert_int_equal(LOOK(SOCKET(3)).step, LEARN_WAIT); /* nothing is asked for any more */
}

static void pulled_and_put_back_counts_as_plugged(void **state)
{
    (void)state;
    learn_init(&l, NULL, ab, 2, false);
    LOOK(SOCKET(1), SOCKET(2));
    LOOK(SOCKET(2));
    assert_int_equal(LOOK(SOCKET(1), SOCKET(2)).step, LEARN_WAIT);
    const struct learn_event event = LOOK(SOCKET(1), SOCKET(2));
    assert_int_equal(event.step, LEARN_TOOK);
    assert_string_equal(event.socket, SOCKET(1));
}

/* Quicker than one looks: the kernel's number of the device tells. */
static void put_back_between_two_looks_counts_too(void **state)
{
    (void)state;
    struct learn_sight sights[] = { { SOCKET(1), 5, false, false },
                                    { SOCKET(2), 6, false, false } };
    learn_init(&l, NULL, ab, 2, false);
    learn_look(&l, sights, 2);
    sights[1].device_number = 7;
    assert_int_equal(learn_look(&l, sights, 2).step, LEARN_WAIT);
    const struct learn_event event = learn_look(&l, sights, 2);
    assert_int_equal(event.step, LEARN_TOOK);
    assert_string_equal(event.socket, SOCKET(2));
}

static void two_at_once_are_not_guessed(void **state)
{
    (void)state;
    learn_init(&l, NULL, ab, 2, false);
    LOOK(SOCKET(9));
    LOOK(SOCKET(9), SOCKET(1)); /* the second port of the adapter comes a moment later */
    assert_int_equal(LOOK(SOCKET(9), SOCKET(1), SOCKET(2)).step, LEARN_WAIT);
    const struct learn_event event = LOOK(SOCKET(9), SOCKET(1), SOCKET(2));
    assert_int_equal(event.step, LEARN_SEVERAL);
    assert_int_equal(event.count, 2);
    assert_string_equal(learn_asks(&l), "A1");
    assert_int_equal(LOOK(SOCKET(9), SOCKET(1), SOCKET(2)).step, LEARN_WAIT); /* said once */
}

static void a_loose_contact_is_not_taken(void **state)
{
    (void)state;
    learn_init(&l, NULL, ab, 2, false);
    LOOK(SOCKET(9));
    for (int i = 0; i < 5; i++) {
        assert_int_equal(LOOK(SOCKET(9), SOCKET(1)).step, LEARN_WAIT);
        assert_int_equal(LOOK(SOCKET(9)).step, LEARN_WAIT);
    }
}

static void a_socket_belongs_to_one_slot(void **state)
{
    (void)state;
    struct station *s =
        parse("station: x\nslots: [{name: B1, usb: " SOCKET(5) "},"
                                                               " {name: A1, usb: " SOCKET(6) "}]"
                                                                                             "\n");
    learn_init(&l, s, ab, 2, false);
    LOOK(SOCKET(9));
    LOOK(SOCKET(9), SOCKET(5));
    struct learn_event event = LOOK(SOCKET(9), SOCKET(5));
    assert_int_equal(event.step, LEARN_OTHER);
    assert_string_equal(event.name, "B1");
    LOOK(SOCKET(9), SOCKET(5), SOCKET(6)); /* its own, learned once more */
    assert_int_equal(LOOK(SOCKET(9), SOCKET(5), SOCKET(6)).step, LEARN_TOOK);
    LOOK(SOCKET(9));
    LOOK(SOCKET(9), SOCKET(6));
    event = LOOK(SOCKET(9), SOCKET(6));
    assert_int_equal(event.step, LEARN_OTHER); /* learned a moment ago */
    assert_string_equal(event.name, "A1");
    station_free(s);
}

static void skipping_goes_on(void **state)
{
    (void)state;
    learn_init(&l, NULL, ab, 2, false);
    LOOK(SOCKET(9));
    learn_skip(&l);
    assert_string_equal(learn_asks(&l), "A2");
    LOOK(SOCKET(9), SOCKET(1));
    assert_string_equal(LOOK(SOCKET(9), SOCKET(1)).name, "A2");
    learn_skip(&l);
    assert_null(learn_asks(&l));
}

/* ---- Speaking ---- */

static struct learn_event hear(bool a, bool b, bool b_starts)
{
    const struct learn_sight sights[] = { { SOCKET(1), 1, a, false },
                                          { SOCKET(2), 2, b, b_starts } };
    return learn_look(&l, sights, 2);
}

static void the_board_that_speaks_is_taken(void **state)
{
    (void)state;
    learn_init(&l, NULL, ab, 2, true);
    assert_int_equal(hear(false, false, false).step, LEARN_WAIT);
    struct learn_event event = hear(true, false, false);
    assert_int_equal(event.step, LEARN_TOOK);
    assert_string_equal(event.socket, SOCKET(1));
    assert_int_equal(hear(true, false, false).step, LEARN_WAIT); /* goes on speaking */
    event = hear(false, true, true);
    assert_string_equal(event.name, "A2");
    assert_string_equal(event.socket, SOCKET(2));
}

/* An application that prints by itself is told from a board that was reset. */
static void a_board_that_always_speaks_counts_when_it_starts(void **state)
{
    (void)state;
    learn_init(&l, NULL, ab, 2, true);
    hear(false, true, false);
    hear(false, false, false);
    assert_int_equal(hear(false, true, false).step, LEARN_WAIT);
    assert_int_equal(hear(false, true, true).step, LEARN_TOOK);
}

static void two_that_speak_are_not_guessed(void **state)
{
    (void)state;
    learn_init(&l, NULL, ab, 2, true);
    hear(false, false, false);
    assert_int_equal(hear(true, true, true).step, LEARN_SEVERAL);
}

/* ---- The text ---- */

static const struct {
    const char *text, *name, *want;
} texts[] = {
    /* another socket, in any quotes */
    { "station: x # keep\nslots:\n  - { name: A1, usb: \"" SOCKET(1) "\" } # left\n", "A1",
      "station: x # keep\nslots:\n  - { name: A1, usb: \"" SOCKET(7) "\" } # left\n" },
    { "station: x\nslots:\n- name: A1\n  usb: '" SOCKET(1) "'\n  # end\n", "A1",
      "station: x\nslots:\n- name: A1\n  usb: \"" SOCKET(7) "\"\n  # end\n" },
    { "station: x\nslots:\n  - usb: " SOCKET(1) "-port0 # why\n    name: A1\n", "A1",
      "station: x\nslots:\n  - usb: \"" SOCKET(7) "\" # why\n    name: A1\n" },
    /* a slot that has a name only */
    { "station: x\nslots:\n  - name: A1 # first\n  - name: A2\n", "A1",
      "station: x\nslots:\n  - name: A1 # first\n    usb: \"" SOCKET(7) "\"\n  - name: A2\n" },
    { "station: x\nslots:\n  - name: A1", "A1",
      "station: x\nslots:\n  - name: A1\n    usb: \"" SOCKET(7) "\"" },
    { "station: x\nslots: [{name: A1}, {name: A2}]\n", "A2",
      "station: x\nslots: [{name: A1}, {name: A2, usb: \"" SOCKET(7) "\"}]\n" },
    { "{\"station\": \"x\", \"slots\": [{\"name\": \"A1\"}]}", "A1",
      "{\"station\": \"x\", \"slots\": [{\"name\": \"A1\", \"usb\": \"" SOCKET(7) "\"}]}" },
    { "\xEF\xBB\xBF{\"station\": \"x\", \"slots\": [{\"name\": \"A1\"}]}", "A1",
      "\xEF\xBB\xBF{\"station\": \"x\", \"slots\": [{\"name\": \"A1\", \"usb\": \"" SOCKET(7) "\"}]"
                                                                                              "}" },
    { "{\"station\": \"\xC3\xA4\xE2\x82\xAC\", \"slots\": [{\"name\": \"A1\"}]}", "A1",
      "{\"station\": \"\xC3\xA4\xE2\x82\xAC\", \"slots\": [{\"name\": \"A1\", \"usb\": \"" SOCKET(
          7) "\"}]}" },
    /* a new one, behind the last and before what follows */
    { "station: x\nslots:\n  - { name: A1, usb: \"" SOCKET(1) "\" } # left\n\ngroups: []\n", "A2",
      "station: x\nslots:\n  - { name: A1, usb: \"" SOCKET(1) "\" } # left\n"
                                                              "  - { name: A2, usb: \"" SOCKET(
                                                                  7) "\" }\n\ngroups: []\n" },
    { "station: x\nslots:\n- name: A1\n  usb: " SOCKET(1) "\nrecord: r\n", "A2",
      "station: x\nslots:\n- name: A1\n  usb: " SOCKET(1) "\n- { name: A2, usb: \"" SOCKET(
          7) "\" }\nrecord: r\n" },
    { "slots:\n  - { name: A1,\n      usb: \"" SOCKET(1) "\" # }\n    }\nstation: x\n", "A2",
      "slots:\n  - { name: A1,\n      usb: \"" SOCKET(1) "\" # }\n    }\n  - { name: A2, usb: "
                                                         "\"" SOCKET(7) "\" }\nstation: x\n" },
    { "station: x\nslots:\n  - name: A1", "A2",
      "station: x\nslots:\n  - name: A1\n  - { name: A2, usb: \"" SOCKET(7) "\" }" },
    /* what cannot be done safely is left to a person */
    { "station: x\nslots: [{name: A1}]\n", "A2", NULL },
    { "station: x\nslots:\n  - { name: A1, usb: \"pci-0000:00:14.0-usb-0:1.1\\x3a1.0\" }\n", "A1",
      NULL },
    { "station: x\nslots:\n  - { name: A1, port: /dev/ttyS0 }\n", "A1", NULL },
    { "station: x\nslots:\n  - { name: A1 }\n  - { name: A2, usb: " SOCKET(7) " }\n", "A1", NULL },
    { "station: x\nslots:\n  - { name: A1 }\ngrid: [[A1]]\n", "A2", NULL },
};

static void text_changes_in_one_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct err e = { 0 };
        struct station *s = parse(texts[i].text);
        char *text = station_text_set(s, texts[i].text, strlen(texts[i].text), "", texts[i].name,
                                      SOCKET(7), &e);
        if (!text && texts[i].want)
            fail_msg("refused: %s", texts[i].text);
        if (text && texts[i].want)
            assert_string_equal(text, texts[i].want);
        assert_true((text == NULL) == (texts[i].want == NULL));
        assert_true(text || (e.code == ERR_USAGE && e.hint[0]));
        free(text);
        station_free(s);
    }
}

static void text_is_made_where_there_is_none(void **state)
{
    (void)state;
    struct err e = { 0 };
    char *text = station_text_set(NULL, NULL, 0, "bench", "A1", SOCKET(1), &e);
    assert_ok(text != NULL, &e);
    struct station *s = parse(text);
    assert_string_equal(s->name, "bench");
    assert_string_equal(s->slots[0].usb, SOCKET(1));
    char *more = station_text_set(s, text, strlen(text), "", "A2", SOCKET(2), &e);
    assert_ok(more != NULL, &e);
    assert_true(strncmp(more, text, strlen(text) - 1) == 0);
    free(more);
    free(text);
    station_free(s);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(plugged_one_after_the_other),
        cmocka_unit_test(pulled_and_put_back_counts_as_plugged),
        cmocka_unit_test(put_back_between_two_looks_counts_too),
        cmocka_unit_test(two_at_once_are_not_guessed),
        cmocka_unit_test(a_loose_contact_is_not_taken),
        cmocka_unit_test(a_socket_belongs_to_one_slot),
        cmocka_unit_test(skipping_goes_on),
        cmocka_unit_test(the_board_that_speaks_is_taken),
        cmocka_unit_test(a_board_that_always_speaks_counts_when_it_starts),
        cmocka_unit_test(two_that_speak_are_not_guessed),
        cmocka_unit_test(text_changes_in_one_place),
        cmocka_unit_test(text_is_made_where_there_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
