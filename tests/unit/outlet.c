/* Events out to the factory: the queue, what it promises over restarts, signatures and topics. */
#include "station/outlet/outlet_queue.h"

#include "db/write/lot.h"
#include "station/outlet/mqtt_topic.h"
#include "station/outlet/outlet.h"
#include "station/outlet/webhook_sign.h"
#include "tests/unit/db_help.h"

static struct station *station_from(const char *text)
{
    static struct doc_report report;
    struct station *s = NULL;
    struct err e = { 0 };
    assert_true(station_parse("s.yaml", text, strlen(text), "", &s, &report, &e));
    return s;
}

#define STATION "station: line 1\nslots: [{ name: A1 }]\n"

static void add_lot(struct bench *b, const char *name)
{
    assert_true(db_lot_put(b->db, name, T0_MS, &b->e) > 0);
}

static struct outlet_queue *open_queue(struct bench *b, const struct station *s, bool *anew)
{
    struct outlet_queue *const q = outlet_queue_open(s, b->path, "test", anew, &b->e);
    if (!q)
        fail_msg("%s", b->e.what);
    return q;
}

/* The next event's text has this in it; NULL: there is none. */
static void expect(struct bench *b, struct outlet_queue *q, const char *text)
{
    const struct outlet_message *m;
    assert_true(outlet_queue_next(q, &m, &b->e));
    if (!text) {
        if (m)
            fail_msg("%s", m->text);
        return;
    }
    assert_non_null(m);
    if (!strstr(m->text, text))
        fail_msg("%s, and not %s", m->text, text);
    assert_int_equal(strlen(m->text), m->n);
}

static void a_new_queue_begins_with_the_stations_start(void **state)
{
    struct bench *const b = *state;
    struct station *const s = station_from(STATION);
    bool anew;
    bench_open(b);
    add_lot(b, "L1");
    struct outlet_queue *const q = open_queue(b, s, &anew);
    assert_false(anew);
    expect(b, q, "\"event\":\"station\",\"station\":\"line 1\"");
    expect(b, q, "\"state\":\"opened\",\"lot\":\"L1\"");
    expect(b, q, NULL);
    add_lot(b, "L2");
    expect(b, q, "\"lot\":\"L2\"");
    outlet_queue_close(q);
    station_free(s);
}

static void what_is_not_confirmed_is_told_again(void **state)
{
    struct bench *const b = *state;
    struct station *const s = station_from(STATION);
    bool anew;
    bench_open(b);
    struct outlet_queue *q = open_queue(b, s, &anew);
    add_lot(b, "L1");
    add_lot(b, "L2");
    expect(b, q, "\"event\":\"station\"");
    expect(b, q, "\"lot\":\"L1\"");
    outlet_queue_confirm(q);
    outlet_queue_rewind(q);
    expect(b, q, "\"lot\":\"L1\"");
    outlet_queue_confirm(q);
    assert_true(outlet_queue_save(q, &b->e));
    expect(b, q, "\"lot\":\"L2\"");
    outlet_queue_close(q); /* told, and not confirmed */
    q = open_queue(b, s, &anew);
    assert_false(anew);
    expect(b, q, "\"lot\":\"L2\"");
    outlet_queue_confirm(q);
    outlet_queue_close(q);
    q = open_queue(b, s, &anew);
    expect(b, q, NULL);
    outlet_queue_close(q);
    station_free(s);
}

static void no_more_than_a_handful_is_under_way(void **state)
{
    struct bench *const b = *state;
    struct station *const s = station_from(STATION);
    char name[16], text[32];
    bool anew;
    bench_open(b);
    struct outlet_queue *const q = open_queue(b, s, &anew);
    expect(b, q, "station");
    outlet_queue_confirm(q);
    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof name, "L%03d", i);
        add_lot(b, name);
    }
    for (int i = 0; i < 100; i++) {
        snprintf(text, sizeof text, "\"lot\":\"L%03d\"", i);
        expect(b, q, text);
        if (i >= OUTLET_AHEAD - 1) {
            expect(b, q, NULL);
            outlet_queue_confirm(q);
        }
    }
    outlet_queue_close(q);
    station_free(s);
}

static void put_mark(const struct bench *b, const char *text)
{
    char path[128];
    snprintf(path, sizeof path, "%s-test", b->path);
    FILE *const f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void a_mark_of_another_record_begins_anew(void **state)
{
    struct bench *const b = *state;
    struct station *const s = station_from(STATION);
    bool anew;
    bench_open(b);
    add_lot(b, "L1");
    put_mark(b, "1 " SHA_A "\n");
    struct outlet_queue *q = open_queue(b, s, &anew);
    assert_true(anew);
    expect(b, q, NULL);
    add_lot(b, "L2");
    expect(b, q, "\"lot\":\"L2\"");
    outlet_queue_close(q);
    put_mark(b, "yesterday\n");
    q = outlet_queue_open(s, b->path, "test", &anew, &b->e);
    assert_null(q);
    assert_int_equal(b->e.code, ERR_STATION);
    assert_non_null(strstr(b->e.hint, "Remove it"));
    station_free(s);
}

/* Computed with: printf '1700000000.{"id":"x"}' | openssl dgst -sha256 -hmac 'key of the hook' */
static void signatures_are_those_of_openssl(void **state)
{
    static const char body[] = "{\"id\":\"x\"}";
    char signature[WEBHOOK_SIGNATURE_CAP];
    (void)state;
    assert_true(webhook_sign("key of the hook", "1700000000", body, sizeof body - 1, signature));
    assert_string_equal(signature,
                        "sha256="
                        "7c71ea670979ba261d31d037644e779bb81ef1d32b3fbc4b0dee759216792bef");
}

static void topics_have_no_signs_of_their_own(void **state)
{
    struct station *const s =
        station_from("station: \"a/b+c#d\"\nrecord: x.db\nslots: [{ name: A1 }]\n"
                     "mqtt: { broker: \"mqtt://h\" }\n");
    char topic[MQTT_TOPIC_CAP];
    (void)state;
    mqtt_topic(s, "event", "verdict", topic);
    assert_string_equal(topic, "espstation/a_b_c_d/event/verdict");
    mqtt_topic(s, "state", NULL, topic);
    assert_string_equal(topic, "espstation/a_b_c_d/state");
    station_free(s);
}

static void brokers_are_taken_apart(void **state)
{
    struct station_broker b;
    (void)state;
    assert_true(station_broker_of("mqtts://broker.example", &b));
    assert_string_equal(b.host, "broker.example");
    assert_int_equal(b.port, 8883);
    assert_true(station_broker_is_private(&b));
    assert_true(station_broker_of("mqtt://[::1]:1884", &b));
    assert_string_equal(b.host, "::1");
    assert_int_equal(b.port, 1884);
    assert_true(station_broker_is_private(&b));
    assert_true(station_broker_of("mqtt://10.0.0.9", &b));
    assert_int_equal(b.port, 1883);
    assert_false(station_broker_is_private(&b));
    static const char *const bad[] = { "http://x",     "mqtt://",        "mqtt://:1883",
                                       "mqtt://x:0",   "mqtt://x:65536", "mqtt://x/y",
                                       "mqtt://a:b@x", "mqtt://x:12y",   "broker" };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (station_broker_of(bad[i], &b))
            fail_msg("taken: %s", bad[i]);
    }
}

static void secrets_belong_to_one(void **state)
{
    struct bench *const b = *state;
    char path[128], secret[32];
    struct err e = { 0 };
    snprintf(path, sizeof path, "%s-test", b->path);
    put_mark(b, "hush\nsecond line\n");
    chmod(path, 0644);
    assert_false(outlet_read_secret(path, secret, sizeof secret, &e));
    assert_non_null(strstr(e.what, "may be read by others"));
    chmod(path, 0600);
    assert_true(outlet_read_secret(path, secret, sizeof secret, &e));
    assert_string_equal(secret, "hush");
    put_mark(b, "\n");
    assert_false(outlet_read_secret(path, secret, sizeof secret, &e));
    put_mark(b, "a secret that is longer than there is room for it\n");
    assert_false(outlet_read_secret(path, secret, sizeof secret, &e));
    assert_false(outlet_read_secret("/nowhere", secret, sizeof secret, &e));
    assert_int_equal(e.code, ERR_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_new_queue_begins_with_the_stations_start, bench_up,
                                        bench_down),
        cmocka_unit_test_setup_teardown(what_is_not_confirmed_is_told_again, bench_up, bench_down),
        cmocka_unit_test_setup_teardown(no_more_than_a_handful_is_under_way, bench_up, bench_down),
        cmocka_unit_test_setup_teardown(a_mark_of_another_record_begins_anew, bench_up, bench_down),
        cmocka_unit_test(signatures_are_those_of_openssl),
        cmocka_unit_test(topics_have_no_signs_of_their_own),
        cmocka_unit_test(brokers_are_taken_apart),
        cmocka_unit_test_setup_teardown(secrets_belong_to_one, bench_up, bench_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
