/*
 * Reset sequences: the text they are written in, the choice of one for a port, the exact line
 * changes, and what those do to EN and to the boot strap of a board with the usual two transistors.
 */
#include "core/loader/reset.h"
#include "tests/lib/fake_clock.h"
#include "tests/lib/script_port.h"
#include "tests/lib/test.h"

#define D PORT_DTR
#define R PORT_RTS
#define W 0 /* a wait */

/* ---- The text ---- */

static struct reset_sequence parsed(const char *text)
{
    struct reset_sequence s;
    struct err e = { 0 };
    assert_ok(reset_parse(text, &s, &e), &e);
    return s;
}

static void assert_step(const struct reset_sequence *s, size_t i, unsigned mask, unsigned on,
                        uint32_t wait_ms)
{
    assert_true(i < s->count);
    assert_int_equal(s->steps[i].mask, mask);
    assert_int_equal(s->steps[i].on, on);
    assert_int_equal(s->steps[i].wait_ms, wait_ms);
}

static void reset_parse_reads_every_item(void **state)
{
    (void)state;
    struct reset_sequence s = parsed("D0|D1|R0|R1|U0,0|U1,0|U0,1|U1,1|W0|W0.05|W1.5|W10");
    assert_string_equal(s.name, "custom");
    assert_int_equal(s.count, 12);
    assert_step(&s, 0, D, 0, 0);
    assert_step(&s, 1, D, D, 0);
    assert_step(&s, 2, R, 0, 0);
    assert_step(&s, 3, R, R, 0);
    assert_step(&s, 4, D | R, 0, 0);
    assert_step(&s, 5, D | R, D, 0);
    assert_step(&s, 6, D | R, R, 0);
    assert_step(&s, 7, D | R, D | R, 0);
    assert_step(&s, 8, W, 0, 0);
    assert_step(&s, 9, W, 0, 50);
    assert_step(&s, 10, W, 0, 1500);
    assert_step(&s, 11, W, 0, 10000);
}

static void reset_parse_takes_as_many_items_as_fit(void **state)
{
    char text[4 * RESET_STEPS_MAX + 8] = "D0";
    struct reset_sequence s;
    struct err e = { 0 };
    (void)state;
    for (int i = 1; i < RESET_STEPS_MAX; i++)
        strncat(text, "|D1", sizeof text - strlen(text) - 1);
    assert_int_equal(parsed(text).count, RESET_STEPS_MAX);
    strncat(text, "|D0", sizeof text - strlen(text) - 1);
    assert_code(reset_parse(text, &s, &e), &e, ERR_RECIPE);
    assert_has(e.what, "at most 24");
}

static void reset_parse_names_the_bad_item(void **state)
{
    static const char *const bad[][2] = {
        { "", "''" },
        { "|", "''" },
        { "D0|", "''" },
        { "|D0", "''" },
        { "D", "'D'" },
        { "D2", "'D2'" },
        { "D0|R", "'R'" },
        { "d0", "'d0'" },
        { "D00", "'D00'" },
        { "U1", "'U1'" },
        { "U1,", "'U1,'" },
        { "U1,2", "'U1,2'" },
        { "U,1", "'U,1'" },
        { "U10", "'U10'" },
        { "W", "'W'" },
        { "Wx", "'Wx'" },
        { "W-1", "'W-1'" },
        { "W.1", "'W.1'" },
        { "W10.1", "'W10.1'" },
        { "W1e9", "'W1e9'" },
        { "Wnan", "'Wnan'" },
        { "Winf", "'Winf'" },
        { "W0.1s", "'W0.1s'" },
        { "D0 |R1", "'D0 '" },
        { "D0||R1", "''" },
        { "X1", "'X1'" },
        { "tight|D0", "'tight'" },
        { "auto", "'auto'" },
        { "W0x1", "'W0x1'" },
        { "W1e0", "'W1e0'" },
        { "W1.2.3", "'W1.2.3'" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct reset_sequence s = { .name = "before", .count = 3 };
        struct err e = { 0 };
        assert_code(reset_parse(bad[i][0], &s, &e), &e, ERR_RECIPE);
        assert_has(e.what, bad[i][1]);
        assert_has(e.hint, "W<seconds>");
        assert_string_equal(s.name, "before");
    }
}

/* ---- The choice ---- */

static struct script_port port_with(struct fake_clock *clock, unsigned caps)
{
    struct script_port s;
    script_port_init(&s, clock);
    s.port.caps = caps;
    return s;
}

static void assert_choices_for(const struct port *port, const char *chip, const char *setting,
                               const char *expected)
{
    const struct reset_sequence *list[RESET_CHOICES_MAX];
    struct reset_sequence custom;
    char names[128] = "";
    size_t n = reset_choices(port, chip ? chip_by_name(chip) : NULL, setting, &custom, list);
    assert_true(n <= RESET_CHOICES_MAX);
    for (size_t i = 0; i < n; i++) {
        strncat(names, i ? " " : "", sizeof names - strlen(names) - 1);
        strncat(names, list[i]->name, sizeof names - strlen(names) - 1);
    }
    assert_string_equal(names, expected);
}

static void assert_choices(const struct port *port, const char *setting, const char *expected)
{
    assert_choices_for(port, NULL, setting, expected);
}

static void reset_choices_follow_port_and_setting(void **state)
{
    struct fake_clock clock;
    (void)state;
    fake_clock_init(&clock);
    struct script_port serial = port_with(&clock, PORT_BAUD | PORT_LINES | PORT_LINES_TOGETHER);
    struct script_port network = port_with(&clock, PORT_BAUD | PORT_LINES);
    struct script_port socket = port_with(&clock, 0);
    assert_choices(&serial.port, "auto", "tight tight-long classic classic-long");
    assert_choices(&network.port, "auto", "classic classic-long");
    assert_choices(&socket.port, "auto", "");
    assert_choices(&serial.port, "none", "");
    assert_choices(&socket.port, "classic", "");
    assert_choices(&serial.port, "tight", "tight");
    assert_choices(&serial.port, "tight-long", "tight-long");
    assert_choices(&serial.port, "classic", "classic");
    assert_choices(&serial.port, "classic-long", "classic-long");
    assert_choices(&serial.port, "usb-jtag", "usb-jtag");
    assert_choices(&serial.port, "D0|R1|W0.1|R0", "custom");
    assert_choices(&serial.port, "nonsense", "");
}

static void reset_choices_know_the_usb_jtag_unit(void **state)
{
    struct fake_clock clock;
    (void)state;
    fake_clock_init(&clock);
    struct script_port s = port_with(&clock, PORT_BAUD | PORT_LINES | PORT_LINES_TOGETHER);
    s.port.usb = (struct port_usb){ .vid = 0x303A, .pid = 0x1001 };
    assert_choices(&s.port, "auto", "usb-jtag");
    assert_choices(&s.port, "classic", "classic");
    s.port.usb.pid = 0x1002;
    assert_choices(&s.port, "auto", "tight tight-long classic classic-long");
    s.port.usb = (struct port_usb){ .vid = 0x10C4, .pid = 0x1001 };
    assert_choices(&s.port, "auto", "tight tight-long classic classic-long");
}

/* What hangs behind a server nobody knows: the unit is tried last, where the chip has one. */
static void reset_choices_try_the_usb_jtag_unit_behind_a_server(void **state)
{
    struct fake_clock clock;
    (void)state;
    fake_clock_init(&clock);
    struct script_port s = port_with(&clock, PORT_BAUD | PORT_LINES);
    struct port_ops ops = *s.port.ops;
    ops.remote = true;
    s.port.ops = &ops;
    assert_choices_for(&s.port, "esp32c3", "auto", "classic classic-long usb-jtag");
    assert_choices_for(&s.port, NULL, "auto", "classic classic-long usb-jtag");
    assert_choices_for(&s.port, "esp32", "auto", "classic classic-long");
    assert_choices_for(&s.port, "esp32c3", "classic", "classic");
    s.port.caps |= PORT_LINES_TOGETHER;
    assert_choices_for(&s.port, "esp32c3", "auto",
                       "tight tight-long classic classic-long usb-jtag");
    s.port.caps = 0;
    assert_choices_for(&s.port, "esp32c3", "auto", "");
}

/* ---- On the lines ---- */

static const struct reset_sequence *sequence_named(const char *name, struct reset_sequence *spare)
{
    struct err e = { 0 };
    if (strcmp(name, "hard") == 0)
        return &reset_hard;
    assert_ok(reset_parse(name, spare, &e), &e);
    return spare;
}

/* A wait is a row with mask 0 and the time in `on`. */
struct line_step {
    unsigned mask, on;
};

static void assert_lines(const char *name, const struct line_step *steps, size_t count)
{
    struct fake_clock clock;
    struct script_port s;
    struct reset_sequence spare;
    struct err e = { 0 };
    uint64_t waits_ms = 0;
    fake_clock_init(&clock);
    script_port_init(&s, &clock);
    for (size_t i = 0; i < count; i++) {
        if (steps[i].mask)
            script_expect_lines(&s, steps[i].mask, steps[i].on);
        else
            waits_ms += steps[i].on;
    }
    uint64_t start_us = clock.us;
    bool ok = reset_run(&s.port, sequence_named(name, &spare), &e);
    if (!script_played(&s))
        fail_msg("%s: %s", name, s.trouble);
    assert_ok(ok, &e);
    assert_int_equal(clock.us - start_us, waits_ms * 1000);
    script_port_done(&s);
}

static void reset_sends_exactly_these_line_changes(void **state)
{
    static const struct line_step classic[] = { { D, 0 }, { R, R },  { W, 30 }, { D, D },
                                                { R, 0 }, { W, 50 }, { D, 0 } };
    static const struct line_step tight[] = { { D | R, 0 }, { D | R, D | R }, { D | R, R },
                                              { W, 30 },    { D | R, D },     { W, 50 },
                                              { D | R, 0 }, { D, 0 } };
    static const struct line_step usb_jtag[] = { { R, 0 }, { D, 0 },   { W, 100 }, { D, D },
                                                 { R, 0 }, { W, 100 }, { R, R },   { D, 0 },
                                                 { R, R }, { W, 100 }, { D, 0 },   { R, 0 } };
    static const struct line_step hard[] = { { D, 0 }, { R, R }, { W, 100 }, { R, 0 } };
    (void)state;
    assert_lines("classic", classic, COUNT_OF(classic));
    assert_lines("tight", tight, COUNT_OF(tight));
    assert_lines("usb-jtag", usb_jtag, COUNT_OF(usb_jtag));
    assert_lines("hard", hard, COUNT_OF(hard));
}

/* The board behind the lines. With both lines asserted, or none, neither transistor conducts. */
struct board_lines {
    bool en_low, strap_low;
    uint64_t en_fell_us;
    unsigned en_pulses;     /* how often EN rose again */
    bool strap_low_at_rise; /* at the last rise */
    uint64_t last_pulse_us; /* how long EN was low */
    uint64_t rose_us;
    uint64_t strap_held_us; /* how long the strap stayed low behind the rise */
};

static void board_follow(struct board_lines *b, unsigned lines, uint64_t now_us)
{
    bool en_low = (lines & R) && !(lines & D);
    bool strap_low = (lines & D) && !(lines & R);
    if (b->strap_low && !strap_low && b->en_pulses > 0)
        b->strap_held_us = now_us - b->rose_us;
    if (b->en_low && !en_low) {
        b->en_pulses++;
        b->last_pulse_us = now_us - b->en_fell_us;
        b->rose_us = now_us;
        b->strap_low_at_rise = strap_low;
    }
    if (!b->en_low && en_low)
        b->en_fell_us = now_us;
    b->en_low = en_low;
    b->strap_low = strap_low;
}

/* Runs a sequence step by step on the model; `together` false sets DTR first, then RTS, as a
 * transport does that cannot do both in one step. */
static struct board_lines walk(const char *name, unsigned lines, bool together)
{
    struct board_lines b = { 0 };
    struct reset_sequence spare;
    const struct reset_sequence *s = sequence_named(name, &spare);
    uint64_t now_us = 0;
    board_follow(&b, lines, now_us);
    for (size_t i = 0; i < s->count; i++) {
        const struct reset_step *step = &s->steps[i];
        now_us += (uint64_t)step->wait_ms * 1000;
        if (step->mask && !together)
            board_follow(&b, (lines & ~(step->mask & D)) | (step->on & D), now_us);
        if (step->mask)
            lines = (lines & ~step->mask) | (step->on & step->mask);
        board_follow(&b, lines, now_us);
    }
    assert_int_equal(lines, 0); /* nothing stays pulled */
    return b;
}

static void reset_tight_pulses_en_once_with_the_strap_low(void **state)
{
    static const unsigned starts[] = { 0, D | R };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(starts); i++) {
        struct board_lines b = walk("tight", starts[i], true);
        assert_int_equal(b.en_pulses, 1);
        assert_true(b.strap_low_at_rise);
        assert_int_equal(b.last_pulse_us, 30000);
        assert_int_equal(b.strap_held_us, 50000);
        b = walk("tight-long", starts[i], true);
        assert_int_equal(b.en_pulses, 1);
        assert_true(b.strap_low_at_rise);
        assert_int_equal(b.last_pulse_us, 100000);
        assert_int_equal(b.strap_held_us, 550000);
    }
}

/* One line after the other: EN rises in the moment both are asserted, and only the capacitor at EN
 * bridges that; so the strap must follow at once, without a wait between. */
static void reset_classic_leaves_no_time_between_en_and_strap(void **state)
{
    static const char *const names[] = { "classic", "classic-long" };
    static const uint64_t held_us[] = { 50000, 550000 }, pulse_us[] = { 30000, 100000 };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct board_lines b = walk(names[i], 0, false);
        assert_int_equal(b.en_pulses, 1);
        assert_int_equal(b.last_pulse_us, pulse_us[i]);
        assert_int_equal(b.strap_held_us, held_us[i]);
        b = walk(names[i], D | R, false);
        assert_int_equal(b.last_pulse_us, pulse_us[i]);
    }
}

static void reset_hard_pulses_en_with_the_strap_released(void **state)
{
    static const unsigned starts[] = { 0, D, R, D | R };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(starts); i++) {
        struct board_lines b = walk("hard", starts[i], true);
        assert_int_equal(b.en_pulses, 1);
        assert_false(b.strap_low_at_rise);
        assert_true(b.last_pulse_us >= 100000);
    }
}

/* The unit inside the chip decodes the lines itself: between strap and reset it wants (1,1), never
 * (0,0). */
static void reset_usb_jtag_goes_through_both_asserted(void **state)
{
    struct reset_sequence spare;
    const struct reset_sequence *s = sequence_named("usb-jtag", &spare);
    unsigned lines = 0;
    bool strap_seen = false, both_seen = false, reset_seen = false;
    (void)state;
    for (size_t i = 0; i < s->count && !reset_seen; i++) {
        const struct reset_step *step = &s->steps[i];
        lines = step->mask ? (lines & ~step->mask) | step->on : lines;
        strap_seen = strap_seen || lines == D;
        both_seen = both_seen || (strap_seen && lines == (D | R));
        reset_seen = both_seen && lines == R;
        assert_false(strap_seen && lines == 0);
    }
    assert_true(reset_seen);
}

static void reset_run_says_what_stopped_it(void **state)
{
    struct fake_clock clock;
    struct script_port s;
    struct reset_sequence spare;
    struct err e = { 0 };
    (void)state;
    fake_clock_init(&clock);
    script_port_init(&s, &clock);
    s.port.caps = 0;
    assert_code(reset_run(&s.port, &reset_hard, &e), &e, ERR_PORT_UNSUITABLE);
    assert_has(e.what, "Reset sequence 'hard'");
    s.port.caps = PORT_LINES;
    s.free_lines = true;
    s.port.stop_fd = 0;
    clock.stop_at_us = clock.us + 20000;
    assert_code(reset_run(&s.port, sequence_named("classic", &spare), &e), &e, ERR_STOPPED);
    script_gone(&s, 0);
    assert_code(reset_run(&s.port, &reset_hard, &e), &e, ERR_PORT_GONE);
    script_port_done(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reset_parse_reads_every_item),
        cmocka_unit_test(reset_parse_takes_as_many_items_as_fit),
        cmocka_unit_test(reset_parse_names_the_bad_item),
        cmocka_unit_test(reset_choices_follow_port_and_setting),
        cmocka_unit_test(reset_choices_know_the_usb_jtag_unit),
        cmocka_unit_test(reset_choices_try_the_usb_jtag_unit_behind_a_server),
        cmocka_unit_test(reset_sends_exactly_these_line_changes),
        cmocka_unit_test(reset_tight_pulses_en_once_with_the_strap_low),
        cmocka_unit_test(reset_classic_leaves_no_time_between_en_and_strap),
        cmocka_unit_test(reset_hard_pulses_en_with_the_strap_released),
        cmocka_unit_test(reset_usb_jtag_goes_through_both_asserted),
        cmocka_unit_test(reset_run_says_what_stopped_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
