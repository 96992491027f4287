/* MACs and times in the forms that people type. */
#include "tests/unit/db_help.h"

static void db_takes_every_common_form_of_a_mac(void **state)
{
    static const char *const forms[][2] = {
        { "24:0a:c4:00:00:01", "24:0a:c4:00:00:01" },
        { "24:0A:C4:00:00:01", "24:0a:c4:00:00:01" },
        { "24-0a-C4-00-00-01", "24:0a:c4:00:00:01" },
        { "240ac4000001", "24:0a:c4:00:00:01" },
        { "60:55:F9:FF:FE:F7:2C:A2", "60:55:f9:ff:fe:f7:2c:a2" },
        { "6055f9fffef72ca2", "60:55:f9:ff:fe:f7:2c:a2" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        char mac[DB_MAC_CAP];
        struct err e;
        assert_true(db_mac_normalise(forms[i][0], mac, &e));
        assert_string_equal(mac, forms[i][1]);
    }
}

static void db_refuses_what_is_no_mac(void **state)
{
    static const char *const bad[] = {
        "",
        "24",
        "24:",
        ":24",
        "24:0a:c4:00:00",
        "24:0a:c4:00:00:",
        "24:0a:c4:00:00:01:",
        "24:0a:c4:00:00:01:02",
        "24:0a:c4:00:00:01:02:03:04",
        "24:0a-c4:00:00:01",
        "24:0a:c4:00:00:0",
        "24:0a:c4:00:00:001",
        "24:0a:c4:0000:01",
        "24:0a:c4:00:00:0g",
        "240ac400000",
        "240ac40000010",
        "24 0a c4 00 00 01",
        " 240ac4000001",
        "240ac4000001 ",
        "24:0ac4000001",
        "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
        "000000000000000000000000000000000000000000000000000000000000000000000000000000000000000",
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char mac[DB_MAC_CAP] = "before";
        struct err e = { 0 };
        if (db_mac_normalise(bad[i], mac, &e))
            fail_msg("'%s' was taken as %s", bad[i], mac);
        assert_int_equal(e.code, ERR_USAGE);
        assert_non_null(strstr(e.what, "is not a MAC"));
        assert_non_null(strstr(e.hint, "24:0a:c4:00:00:01"));
        assert_string_equal(mac, "before");
    }
}

static void db_writes_times_in_one_form(void **state)
{
    static const struct {
        int64_t ms;
        const char *text;
    } times[] = {
        { 0, "1970-01-01T00:00:00.000Z" },
        { T0_MS, "2026-03-04T05:06:07.089Z" },
        { 951782400000, "2000-02-29T00:00:00.000Z" },
        { 253402300799999, "9999-12-31T23:59:59.999Z" },
        { 253402300800000, "" },
        { -1, "" },
        { INT64_MAX, "" },
        { INT64_MIN, "" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        char text[DB_UTC_CAP];
        assert_int_equal(db_utc_text(times[i].ms, text), times[i].text[0] != '\0');
        assert_string_equal(text, times[i].text);
    }
}

static void db_takes_a_piece_of_a_date_from_its_first_to_its_last_moment(void **state)
{
    static const char *const spans[][3] = {
        { "2026", "2026-01-01T00:00:00.000Z", "2027-01-01T00:00:00.000Z" },
        { "2026-12", "2026-12-01T00:00:00.000Z", "2027-01-01T00:00:00.000Z" },
        { "2026-02-28", "2026-02-28T00:00:00.000Z", "2026-03-01T00:00:00.000Z" },
        { "2028-02-29", "2028-02-29T00:00:00.000Z", "2028-03-01T00:00:00.000Z" },
        { "2026-12-31T23", "2026-12-31T23:00:00.000Z", "2027-01-01T00:00:00.000Z" },
        { "2026-03-04T05:59Z", "2026-03-04T05:59:00.000Z", "2026-03-04T06:00:00.000Z" },
        { "2026-03-04T05:06:59", "2026-03-04T05:06:59.000Z", "2026-03-04T05:07:00.000Z" },
        { "2026-03-04T05:06:07.999Z", "2026-03-04T05:06:07.999Z", "2026-03-04T05:06:08.000Z" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof spans / sizeof spans[0]; i++) {
        int64_t first_ms, after_ms;
        char text[DB_UTC_CAP];
        struct err e;
        assert_true(db_utc_span(spans[i][0], &first_ms, &after_ms, &e));
        assert_true(db_utc_text(first_ms, text));
        assert_string_equal(text, spans[i][1]);
        assert_true(db_utc_text(after_ms, text));
        assert_string_equal(text, spans[i][2]);
    }
}

static void db_refuses_what_is_no_date(void **state)
{
    static const char *const bad[] = {
        "",
        "Z",
        "26-03-04",
        "yesterday",
        "2026-13",
        "2026-00",
        "2026-02-29",
        "2026-02-30",
        "2026-3-4",
        "2026-03-04 05:06",
        "2026-03-04T",
        "2026-03-04T24",
        "2026-03-04T05:60",
        "2026-03-04T05:06+01:00",
        "2026-03-04ZZ",
        "2026-03-04T05:06:07.1",
        "2026-03-04T05:06:07.089Z0",
        "1969",
        "9999",
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        int64_t first_ms, after_ms;
        struct err e = { 0 };
        if (db_utc_span(bad[i], &first_ms, &after_ms, &e))
            fail_msg("'%s' was taken", bad[i]);
        assert_int_equal(e.code, ERR_USAGE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(db_takes_every_common_form_of_a_mac),
        cmocka_unit_test(db_refuses_what_is_no_mac),
        cmocka_unit_test(db_writes_times_in_one_form),
        cmocka_unit_test(db_takes_a_piece_of_a_date_from_its_first_to_its_last_moment),
        cmocka_unit_test(db_refuses_what_is_no_date),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
