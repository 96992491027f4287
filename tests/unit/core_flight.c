/*
 * What may be under way to a stub at once: the rule itself, and then what the station really puts
 * on the wire, byte by byte, while whole regions are written, compared and proved.
 */
#include "core/flash/differ.h"
#include "core/loader/flight.h"
#include "tests/unit/region_bench.h"

/* ---- The rule ---- */

static void anything_may_go_when_nothing_is_under_way(void **state)
{
    struct flight f = { 0 };
    (void)state;
    assert_true(flight_is_idle(&f));
    assert_true(flight_may_follow(&f, CMD_FLASH_DEFL_DATA));
    flight_sent(&f, CMD_FLASH_DEFL_DATA);
    flight_answered(&f, CMD_FLASH_DEFL_DATA);
    assert_true(flight_may_follow(&f, CMD_FLASH_DEFL_DATA)); /* what two buffers are for */
    assert_false(flight_is_idle(&f));                        /* but it is at work */
}

static void never_three(void **state)
{
    struct flight f = { 0 };
    (void)state;
    flight_sent(&f, CMD_SPI_FLASH_MD5);
    assert_true(flight_may_follow(&f, CMD_SPI_FLASH_MD5));
    flight_sent(&f, CMD_SPI_FLASH_MD5);
    assert_false(flight_may_follow(&f, CMD_SPI_FLASH_MD5));
    assert_false(flight_may_follow(&f, CMD_READ_REG));
    flight_answered(&f, CMD_SPI_FLASH_MD5);
    assert_true(flight_may_follow(&f, CMD_FLASH_DEFL_BEGIN)); /* it rolls on */
}

static void nothing_follows_what_a_stub_works_on_after_its_answer(void **state)
{
    static const uint8_t works[] = { CMD_FLASH_DATA,      CMD_FLASH_DEFL_DATA, CMD_READ_FLASH,
                                     CMD_CHANGE_BAUDRATE, CMD_MEM_END,         CMD_SYNC };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(works); i++) {
        struct flight f = { 0 };
        flight_sent(&f, works[i]);
        flight_answered(&f, works[i]);
        assert_false(flight_is_idle(&f));
        flight_sent(&f, CMD_SPI_FLASH_MD5);
        assert_false(flight_may_follow(&f, CMD_SPI_FLASH_MD5));
        flight_answered(&f, CMD_SPI_FLASH_MD5); /* which came after the work */
        assert_true(flight_is_idle(&f));
    }
}

static void never_two_blocks(void **state)
{
    struct flight f = { 0 };
    (void)state;
    flight_sent(&f, CMD_FLASH_DEFL_BEGIN);
    assert_true(flight_may_follow(&f, CMD_FLASH_DEFL_DATA));
    flight_sent(&f, CMD_FLASH_DEFL_DATA);
    flight_answered(&f, CMD_FLASH_DEFL_BEGIN);
    assert_false(flight_may_follow(&f, CMD_FLASH_DEFL_DATA));
    assert_true(flight_may_follow(&f, CMD_SPI_FLASH_MD5)); /* of an image of one block */
}

static void a_missing_answer_ends_it(void **state)
{
    struct flight f = { 0 };
    (void)state;
    flight_sent(&f, CMD_SPI_FLASH_MD5);
    flight_lost(&f);
    assert_false(flight_is_idle(&f));
    flight_sent(&f, CMD_SPI_FLASH_MD5);
    assert_false(flight_may_follow(&f, CMD_SPI_FLASH_MD5));
    flight_answered(&f, CMD_SPI_FLASH_MD5);
    assert_true(flight_is_idle(&f));
}

/* ---- The wire ---- */

#define ADDR  0x100000u
#define BYTES (200u << 10)
#define DEEP  8

/* Stands between the loader and its port, and judges each frame that goes out by those whose answer
 * has been read. Written anew: not with the station's own decoder. */
struct tap {
    const struct port_ops *below;
    struct port_ops ops;
    bool in_frame, answering;
    uint8_t frame[3], answer[3];
    size_t have, answer_have, gap_bytes;
    uint8_t waiting[DEEP];
    size_t waiting_count, frames, pairs;
    uint8_t answered;
};

static struct tap tap;

static bool works(uint8_t c)
{
    return c == 0x03 || c == 0x11 || c == 0xD2 || c == 0x0F || c == 0x06 || c == 0x08;
}

static void judge_frame(uint8_t command)
{
    tap.frames++;
    if (tap.waiting_count > 0) {
        tap.pairs++;
        assert_true(tap.waiting_count < 2);
        assert_true(tap.gap_bytes >= 64);
        assert_false(works(tap.answered));
        assert_false(works(tap.waiting[0]) && works(command));
    }
    assert_true(tap.waiting_count < DEEP);
    tap.waiting[tap.waiting_count++] = command;
}

static void hear_out(uint8_t byte)
{
    if (byte == 0xC0 && tap.in_frame) {
        judge_frame(tap.frame[1]);
        tap.in_frame = false;
        tap.gap_bytes = 0;
    } else if (byte == 0xC0) {
        tap.in_frame = true;
        tap.have = 0;
    } else if (!tap.in_frame) {
        tap.gap_bytes++;
    } else if (tap.have < sizeof tap.frame) {
        tap.frame[tap.have++] = byte;
    }
}

static void hear_in(uint8_t byte)
{
    if (byte != 0xC0) {
        if (tap.answer_have < sizeof tap.answer)
            tap.answer[tap.answer_have++] = byte;
        return;
    }
    if (tap.answer_have == sizeof tap.answer && tap.answer[0] == 0x01 && tap.waiting_count > 0 &&
        tap.waiting[0] == tap.answer[1]) {
        tap.answered = tap.answer[1];
        memmove(tap.waiting, tap.waiting + 1, --tap.waiting_count);
    }
    tap.answer_have = 0;
}

static bool tap_write(struct port *p, const void *buf, size_t n, struct deadline d, struct err *e)
{
    for (size_t i = 0; i < n; i++)
        hear_out(((const uint8_t *)buf)[i]);
    return tap.below->write(p, buf, n, d, e);
}

static size_t tap_read(struct port *p, void *buf, size_t cap, struct deadline d, struct err *e)
{
    size_t n = tap.below->read(p, buf, cap, d, e);
    for (size_t i = 0; i < n; i++)
        hear_in(((const uint8_t *)buf)[i]);
    return n;
}

static void tap_begin(struct port *p)
{
    memset(&tap, 0, sizeof tap);
    tap.below = p->ops;
    tap.ops = *p->ops;
    tap.ops.write = tap_write;
    tap.ops.read = tap_read;
    p->ops = &tap.ops;
}

static void write_and_prove(struct region_bench *b)
{
    const struct flash_progress progress = { region_tell, b };
    bool changed[PLAN_PIECES_MAX];
    uint8_t found[2][DIGEST_MD5_BYTES];
    struct differ_result result;
    struct err e = { 0 };
    assert_ok(flash_write(&b->loader, b->r, &progress, &e), &e);
    assert_ok(flash_md5(&b->loader, b->r, found[0], &e), &e);
    b->told_bytes = 0;
    assert_ok(differ_find(&b->loader, b->r, changed, &result, &e), &e);
    assert_int_equal(result.skipped_bytes, b->r->size_bytes);
    b->told_bytes = 0;
    assert_ok(flash_write(&b->loader, b->r, &progress, &e), &e);
    assert_region_is_there(b);
    for (int i = 0; i < 2; i++) { /* in a pair, where that is allowed */
        assert_ok(flash_md5_ask(&b->loader, b->r, &e), &e);
        bool two = loader_may_follow(&b->loader, CMD_SPI_FLASH_MD5);
        assert_ok(!two || flash_md5_ask(&b->loader, b->r, &e), &e);
        for (int k = 0; k < 1 + two; k++) {
            assert_ok(flash_md5_answer(&b->loader, b->r, found[k], &e), &e);
            assert_memory_equal(found[k], b->r->md5, DIGEST_MD5_BYTES);
        }
    }
}

static void what_goes_out_keeps_to_the_rule(void **state)
{
    static const uint32_t rates[] = { 115200, 460800, 921600, 2000000 };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rates); i++) {
        for (unsigned noise = 3; noise <= 8; noise += 5) {
            struct region_bench *b = region_bench_new(ADDR, BYTES, noise, 1000, rates[i]);
            tap_begin(&b->sim.port);
            write_and_prove(b);
            assert_true(tap.frames > 10 && tap.pairs >= 3); /* two BEGINs, and MD5s */
            region_bench_free(b);
        }
    }
}

/* The vendor's own stub takes what goes out by the rule: instruction by instruction, on three chips
 * and at four rates. Every answer comes and every byte is in the flash. */
static void the_vendors_stub_keeps_up_with_it(void **state)
{
    static const char *const chips[] = { "esp32c3", "esp32c6", "esp32p4" };
    static const uint32_t rates[] = { 115200, 460800, 921600, 2000000 };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(chips) * COUNT_OF(rates); i++) {
        const char *chip = chips[i / COUNT_OF(rates)];
        struct region_bench *b = region_bench_of(chip, true, ADDR, BYTES / 2, i % 2 ? 8 : 3, 1000,
                                                 rates[i % COUNT_OF(rates)]);
        assert_true(region_has_stub(b));
        tap_begin(&b->sim.port);
        write_and_prove(b);
        assert_true(tap.pairs >= 3);
        region_bench_free(b);
    }
}

static void tell_nobody(void *ctx, uint32_t flash_bytes_done)
{
    (void)ctx;
    (void)flash_bytes_done;
}

enum why { BY_CARE, BY_GENERATION, BY_USB, BY_SERVER, WHY_COUNT };

/* Where it is not proved, each question waits for the answer to the one before. */
static void elsewhere_it_is_one_by_one(void **state)
{
    (void)state;
    for (int why = 0; why < WHY_COUNT; why++) {

        struct region_bench *b = region_bench_new(ADDR, BYTES, 3, 1000, 921600);
        const struct flash_progress progress = { tell_nobody, NULL };
        struct err e = { 0 };

        b->loader.careful = why == BY_CARE;
        if (why == BY_GENERATION)
            loader_set_kind(&b->loader, &loader_stub_legacy);
        if (why == BY_USB)
            b->sim.port.usb = (struct port_usb){ .vid = 0x303A, .pid = 0x1001 };
        tap_begin(&b->sim.port);
        if (why == BY_SERVER) {
            tap.ops.remote = true;
            loader_set_chip(&b->loader, chip_by_name("esp32c3"));
        }
        assert_ok(flash_write(&b->loader, b->r, &progress, &e), &e);
        assert_true(tap.frames > 5);
        assert_int_equal(tap.pairs, 0);
        region_bench_free(b);
    }
}

static bool have_stub(void)
{
    struct err e = { 0 };
    struct stub_set *stubs = stub_set_new(NULL, &e);
    bool have = stubs && stub_set_find(stubs, "esp32");
    stub_set_free(stubs);
    return have;
}

int main(void)
{
    const struct CMUnitTest rule[] = {
        cmocka_unit_test(anything_may_go_when_nothing_is_under_way),
        cmocka_unit_test(never_three),
        cmocka_unit_test(nothing_follows_what_a_stub_works_on_after_its_answer),
        cmocka_unit_test(never_two_blocks),
        cmocka_unit_test(a_missing_answer_ends_it),
    };
    const struct CMUnitTest wire[] = {
        cmocka_unit_test(what_goes_out_keeps_to_the_rule),
        cmocka_unit_test(the_vendors_stub_keeps_up_with_it),
        cmocka_unit_test(elsewhere_it_is_one_by_one),
    };
    int failed = cmocka_run_group_tests(rule, NULL, NULL);
    if (have_stub())
        return failed + cmocka_run_group_tests(wire, NULL, NULL);
    print_message("no stub is built in: the wire is skipped\n");
    return failed;
}
