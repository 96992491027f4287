/*
 * A chip that answers anything: every call of the core ends by its deadline, with a code that says
 * something, and reads nothing that is not there. Run it under the sanitizers.
 */
#include "core/base/bytes.h"
#include "core/board/board.h"
#include "core/flash/flash.h"
#include "core/loader/console.h"
#include "core/loader/stub.h"
#include "tests/lib/make_image.h"
#include "tests/lib/script_loader.h"
#include "tests/lib/test.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- The chip: replies made up on the spot ---- */

struct hostile;
typedef size_t babble(struct hostile *h, uint8_t *out, size_t cap);

struct hostile {
    struct port port; /* first: this is what the core gets */
    struct fake_clock clock;
    babble *babble;
    uint32_t seed;
    uint32_t byte_us; /* what a byte takes on the wire: an answer never comes in no time */
    uint8_t command;  /* the last one it was sent */
    uint32_t length;  /* of the data in its replies, where babble wants to know */
    uint64_t at_most_us;
};

static struct hostile *hostile_of(struct port *p)
{
    return (struct hostile *)p;
}

static size_t hostile_read(struct port *p, void *buf, size_t cap, struct deadline d, struct err *e)
{
    struct hostile *h = hostile_of(p);
    size_t n = h->babble(h, buf, cap);
    assert_true(n <= cap);
    if (n == 0) {
        fake_clock_to(&h->clock, d.at_us);
        err_set(e, ERR_TIMEOUT, "hostile: no data came in time");
        return 0;
    }
    fake_clock_pass_us(&h->clock, (uint64_t)h->byte_us * n);
    if (h->clock.us > h->at_most_us)
        fail_msg("still reading after %llu s", (unsigned long long)(h->clock.us / 1000000));
    return n;
}

static bool hostile_write(struct port *p, const void *buf, size_t n, struct deadline d,
                          struct err *e)
{
    struct hostile *h = hostile_of(p);
    (void)d;
    (void)e;
    fake_clock_pass_us(&h->clock, (uint64_t)h->byte_us * n);
    if (n > 2)
        h->command = ((const uint8_t *)buf)[2];
    return true;
}

static bool hostile_drain(struct port *p, struct deadline d, struct err *e)
{
    (void)p;
    (void)d;
    (void)e;
    return true;
}

static bool hostile_discard(struct port *p, struct err *e)
{
    (void)p;
    (void)e;
    return true;
}

static bool hostile_set_baud(struct port *p, uint32_t baud, struct err *e)
{
    (void)p;
    (void)baud;
    (void)e;
    return true;
}

static bool hostile_set_lines(struct port *p, unsigned mask, unsigned on, struct err *e)
{
    (void)p;
    (void)mask;
    (void)on;
    (void)e;
    return true;
}

static void hostile_close(struct port *p)
{
    (void)p;
}

static const struct port_ops hostile_ops = {
    .name = "hostile",
    .prefix = "hostile://",
    .struct_bytes = sizeof(struct hostile),
    .read = hostile_read,
    .write = hostile_write,
    .drain = hostile_drain,
    .discard = hostile_discard,
    .set_baud = hostile_set_baud,
    .set_lines = hostile_set_lines,
    .close = hostile_close,
};

static void hostile_init(struct hostile *h, babble *b, uint32_t seed)
{
    memset(h, 0, sizeof *h);
    fake_clock_init(&h->clock);
    h->babble = b;
    h->seed = seed * 2654435761u | 1;
    h->byte_us = 87; /* 115200 baud */
    h->port.ops = &hostile_ops;
    h->port.clock = &h->clock.clock;
    h->port.stop_fd = -1;
    h->port.caps = PORT_BAUD | PORT_LINES | PORT_LINES_TOGETHER;
    h->port.baud = 115200;
    snprintf(h->port.where, sizeof h->port.where, "hostile");
}

/* ---- What it says ---- */

static size_t say_random_bytes(struct hostile *h, uint8_t *out, size_t cap)
{
    size_t n = 1 + next_random(&h->seed) % 64;
    n = n < cap ? n : cap;
    for (size_t i = 0; i < n; i++)
        out[i] = (uint8_t)(next_random(&h->seed) >> 9);
    return n;
}

/* Without a single delimiter: one frame that never ends. */
static size_t say_without_end(struct hostile *h, uint8_t *out, size_t cap)
{
    (void)h;
    memset(out, 0x55, cap);
    return cap;
}

static size_t say_delimiters(struct hostile *h, uint8_t *out, size_t cap)
{
    (void)h;
    memset(out, 0xC0, cap);
    return cap;
}

/* Short frames for ever, none of them a reply. */
static size_t say_short_frames(struct hostile *h, uint8_t *out, size_t cap)
{
    (void)h;
    for (size_t i = 0; i < cap; i++)
        out[i] = i % 2 ? 0x01 : 0xC0;
    return cap;
}

static size_t put_reply(struct hostile *h, uint8_t command, const uint8_t *data, size_t n,
                        uint8_t *out, size_t cap)
{
    uint8_t head[PACKET_HEADER_BYTES] = { 0x01, command };
    struct slip_encoder s;
    store_u16(head + 2, (uint16_t)n);
    store_u32(head + 4, next_random(&h->seed));
    slip_begin(&s, out, cap);
    slip_put(&s, head, sizeof head);
    slip_put(&s, data, n);
    return slip_end(&s);
}

/* A well-formed reply to the last command, with `length` bytes of noise as its data. */
static size_t say_replies_of_a_length(struct hostile *h, uint8_t *out, size_t cap)
{
    uint8_t data[64];
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(next_random(&h->seed) >> 9);
    return put_reply(h, h->command, data, h->length, out, cap);
}

/* One whole reply with each read, and always to another command. */
static size_t say_replies_to_another(struct hostile *h, uint8_t *out, size_t cap)
{
    const uint8_t data[400] = { 0 };
    return put_reply(h, h->command ^ 0x40, data, h->length ? sizeof data : 4, out, cap);
}

/* A reply to the last command, with `length` zeros as its data: success. */
static size_t say_success_of_a_length(struct hostile *h, uint8_t *out, size_t cap)
{
    uint8_t data[64] = { 0 };
    return put_reply(h, h->command, data, h->length, out, cap);
}

/* Frames of any command, length and content; sometimes a greeting, a banner, or nothing. */
static size_t say_random_frames(struct hostile *h, uint8_t *out, size_t cap)
{
    uint8_t data[64];
    uint32_t what = next_random(&h->seed) % 40;
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = next_random(&h->seed) % 3 ? 0 : (uint8_t)(next_random(&h->seed) >> 9);
    if (what == 0)
        return 0;
    if (what == 1)
        return (size_t)snprintf((char *)out, cap, "\xC0OHAI\xC0");
    if (what == 2)
        return (size_t)snprintf((char *)out, cap, "rst:0x1,boot:0x%x (", next_random(&h->seed));
    uint8_t command = what < 8 ? (uint8_t)(next_random(&h->seed) >> 9) : h->command;
    return put_reply(h, command, data, next_random(&h->seed) % 64, out, cap);
}

/* ---- Every call of the core ---- */

struct material {
    struct plan *plan;
    struct plan_variant *variant;
    uint8_t text[16];
};

static struct material make_material(void)
{
    const struct image_recipe recipe = {
        .layout = MADE_LONG, .segments = 2, .segment_bytes = 20000, .digest = true
    };
    struct made_image image = make_image(&recipe);
    const struct plan_settings s = { .chip = chip_by_name("esp32"), .size = PLAN_SIZE_DETECT };
    const struct plan_source source = { "app", image.bytes, (uint32_t)image.size_bytes, 0x1000,
                                        false };
    struct err e = { 0 };
    struct material m = { .plan = plan_new(&s, &source, 1, &e) };
    assert_ok(m.plan != NULL && plan_encode(m.plan, &e), &e);
    m.variant = plan_variant_new(m.plan, 4u << 20, &e);
    assert_ok(m.variant != NULL, &e);
    free(image.bytes);
    return m;
}

static void material_free(struct material *m)
{
    plan_variant_free(m->variant);
    plan_free(m->plan);
}

static void no_progress(void *ctx, uint32_t flash_bytes_done)
{
    (void)ctx;
    (void)flash_bytes_done;
}

enum { CALLS = 17 };

/* Call number `k`; whatever it fills is the caller's to ignore. */
static bool run_call(int k, struct loader *l, struct material *m, struct err *e)
{
    const struct plan_region *r = plan_region(m->variant, 0);
    const struct flash_progress progress = { no_progress, NULL };
    const struct stub stub = { .name = "x",
                               .kind = &loader_stub,
                               .entry_addr = 0x400A8000,
                               .text = { m->text, sizeof m->text, 0x400A8000 } };
    static const char *const reject[] = { "Brownout" };
    const struct console_check check = { "hello", reject, 1, 3000, 115200, NULL };
    const struct console_check silent = { NULL, reject, 1, 3000, 115200, NULL };
    struct flash_difference differs;
    uint8_t md5[LOADER_MD5_BYTES];
    char text[LINK_TAIL_MAX + 1];
    struct board board;
    struct security_info info;
    uint32_t value;
    bool known;
    switch (k) {
    case 0:
        return loader_sync(l, e);
    case 1:
        return board_connect(l, &reset_hard, l->chip, e);
    case 2:
        return board_connect(l, NULL, chip_by_name("esp8266"), e);
    case 3:
        return board_identify(l, &board, e);
    case 4:
        return loader_read_reg(l, CHIP_MAGIC_ADDR, &value, e);
    case 5:
        return loader_write_reg(l, CHIP_MAGIC_ADDR, 0, e);
    case 6:
        return loader_probe_reg(l, CHIP_MAGIC_ADDR, &value, &known, e);
    case 7:
        return loader_security_info(l, &info, &known, e);
    case 8:
        return stub_start(l, &stub, e);
    case 9:
        return loader_change_baud(l, 921600, 921600, e);
    case 10:
        return flash_set_size(l, 4u << 20, e);
    case 11:
        return flash_erase_all(l, 4u << 20, e);
    case 12:
        return flash_write(l, r, &progress, e);
    case 13:
        return flash_md5(l, r, md5, e) && flash_judge(l, r, md5, &differs, e);
    case 14:
        return board_leave(l, false, e);
    case 15:
        return console_check(l, &check, true, text, sizeof text, e);
    default:
        return console_check(l, &silent, false, text, sizeof text, e);
    }
}

/* An erase of the whole flash may take 168 s, and a block 5 s with three tries: all else is far
 * below. An endless stream may add what one read brings. */
#define LONGEST_US 200000000u

static void try_call(babble *b, int k, uint32_t seed, uint32_t length, bool from_stub,
                     const char *chip, struct material *m)
{
    struct hostile h;
    struct loader *l = malloc(sizeof *l);
    struct err e = { 0 };
    assert_non_null(l);
    hostile_init(&h, b, seed);
    h.length = length;
    h.at_most_us = h.clock.us + LONGEST_US;
    loader_init(l, &h.port);
    loader_set_chip(l, chip_by_name(chip));
    if (from_stub)
        loader_set_kind(l, &loader_stub);
    bool ok = run_call(k, l, m, &e);
    if (ok != (e.code == ERR_NONE))
        fail_msg("call %d, seed %u, length %u: %s, but %s", k, seed, length,
                 ok ? "success" : "failure", err_word(e.code));
    if (!ok && (strlen(e.what) < 8 || strlen(e.hint) < 8))
        fail_msg("call %d, seed %u: '%s' / '%s' says little", k, seed, e.what, e.hint);
    if (!ok && (e.code == ERR_STATION || e.code == ERR_USAGE || e.code == ERR_PORT_GONE))
        fail_msg("call %d, seed %u: blames the wrong one: %s: %s", k, seed, err_word(e.code),
                 e.what);
    free(l);
}

static void try_all(babble *b, uint32_t seeds, uint32_t lengths)
{
    struct material m = make_material();
    for (int k = 0; k < CALLS; k++) {
        for (uint32_t seed = 1; seed <= seeds; seed++) {
            for (uint32_t length = 0; length < lengths; length++) {
                try_call(b, k, seed, length, seed % 2, "esp32", &m);
                try_call(b, k, seed, length, seed % 2 == 0, "esp8266", &m);
            }
        }
    }
    material_free(&m);
}

static void hostile_random_bytes(void **state)
{
    (void)state;
    try_all(say_random_bytes, 6, 1);
}

static void hostile_endless_frame(void **state)
{
    (void)state;
    try_all(say_without_end, 2, 1);
}

static void hostile_endless_delimiters(void **state)
{
    (void)state;
    try_all(say_delimiters, 2, 1);
}

static void hostile_endless_short_frames(void **state)
{
    (void)state;
    try_all(say_short_frames, 2, 1);
}

static void hostile_replies_of_every_length(void **state)
{
    (void)state;
    try_all(say_replies_of_a_length, 4, 65);
}

static void hostile_success_of_every_length(void **state)
{
    (void)state;
    try_all(say_success_of_a_length, 2, 65);
}

static void hostile_replies_to_another_command(void **state)
{
    (void)state;
    try_all(say_replies_to_another, 2, 2);
}

static void hostile_random_frames(void **state)
{
    (void)state;
    try_all(say_random_frames, 150, 1);
}

/* ---- Exact bounds, by script ---- */

struct bench {
    struct fake_clock clock;
    struct script_port script;
    struct loader loader;
};

static struct bench *bench_new(void)
{
    struct bench *b = calloc(1, sizeof *b);
    assert_non_null(b);
    fake_clock_init(&b->clock);
    script_port_init(&b->script, &b->clock);
    b->script.free_lines = b->script.free_writes = true;
    loader_init(&b->loader, &b->script.port);
    loader_set_chip(&b->loader, chip_by_name("esp32"));
    return b;
}

static void bench_free(struct bench *b)
{
    script_port_done(&b->script);
    free(b);
}

/* Silence costs each call exactly its time. */
static void silence_ends_at_the_deadline(void **state)
{
    struct bench *b = bench_new();
    struct err e = { 0 };
    uint32_t value;
    (void)state;
    uint64_t start_us = b->clock.us;
    assert_code(loader_read_reg(&b->loader, 0, &value, &e), &e, ERR_TIMEOUT);
    assert_int_equal(b->clock.us - start_us, 3000000);
    start_us = b->clock.us;
    assert_code(loader_sync(&b->loader, &e), &e, ERR_TIMEOUT);
    assert_int_equal(b->clock.us - start_us, 100000);
    start_us = b->clock.us;
    assert_code(board_connect(&b->loader, NULL, b->loader.chip, &e), &e, ERR_NO_SYNC);
    assert_int_equal(b->clock.us - start_us, 5 * 150000);
    bench_free(b);
}

/* Noise does not move the deadline, however many reads it fills. */
static void noise_does_not_move_the_deadline(void **state)
{
    static const char *const noise[] = { "\x55", "\xC0", "\xC0\x01", "\xDB" };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(noise); i++) {
        struct bench *b = bench_new();
        struct err e = { 0 };
        uint32_t value;
        script_give(&b->script, 0, noise[i], strlen(noise[i]));
        b->script.repeat_last = true;
        b->script.byte_us = 87;
        uint64_t start_us = b->clock.us;
        assert_false(loader_read_reg(&b->loader, 0, &value, &e));
        assert_true(e.code == ERR_TIMEOUT || e.code == ERR_FRAME);
        assert_true(b->clock.us - start_us <= 3000000 + 87 * 2);
        bench_free(b);
    }
}

/* Nor do whole frames that are no reply to us, one with each read. */
static void other_replies_do_not_move_the_deadline(void **state)
{
    static const struct {
        size_t data_bytes;
        enum err_code code;
    } cases[] = { { 4, ERR_FRAME }, { 400, ERR_TIMEOUT } };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const uint8_t data[400] = { 0 };
        struct bench *b = bench_new();
        struct err e = { 0 };
        uint32_t value;
        script_reply(&b->script, 0, CMD_MEM_END, 0, data, cases[i].data_bytes);
        b->script.repeat_last = true;
        b->script.byte_us = 87;
        uint64_t start_us = b->clock.us;
        assert_code(loader_read_reg(&b->loader, 0, &value, &e), &e, cases[i].code);
        assert_true(b->clock.us - start_us <= 3000000 + 87 * 420);
        bench_free(b);
    }
}

/* A reply that arrives in the last moment, behind much else, is still the reply. */
static void reply_in_the_last_moment_counts(void **state)
{
    struct bench *b = bench_new();
    struct err e = { 0 };
    uint32_t value = 0;
    (void)state;
    script_give(&b->script, 2000000, "boot noise without an end", 25);
    script_reply(&b->script, 900000, CMD_SYNC, 1, "\0\0\0\0", 4);
    script_reply(&b->script, 100000, CMD_READ_REG, 0x1234, "\0\0\0\0", 4);
    assert_ok(loader_read_reg(&b->loader, 0, &value, &e), &e);
    assert_int_equal(value, 0x1234);
    bench_free(b);
}

/* A stop ends every wait at once, and an unplugged adapter too. */
static void stop_and_unplug_end_every_call(void **state)
{
    struct material m = make_material();
    (void)state;
    for (int k = 0; k < CALLS; k++) {
        for (int stop = 0; stop < 2; stop++) {
            struct bench *b = bench_new();
            struct err e = { 0 };
            if (stop)
                script_stop(&b->script, 5000);
            else
                script_gone(&b->script, 5000);
            uint64_t start_us = b->clock.us;
            assert_code(run_call(k, &b->loader, &m, &e), &e, stop ? ERR_STOPPED : ERR_PORT_GONE);
            assert_true(b->clock.us - start_us <= 200000);
            bench_free(b);
        }
    }
    material_free(&m);
}

/* ---- The application that talks a lot ---- */

/* The boot mode is said in the first line, and the application goes on for kilobytes. */
static void connect_keeps_the_boot_mode_of_a_talker(void **state)
{
    static const char banner[] = "rst:0x1 (POWERON_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)\r\n";
    struct bench *b = bench_new();
    struct err e = { 0 };
    (void)state;
    script_give(&b->script, 105000, banner, sizeof banner - 1); /* once EN is up again */
    for (int i = 0; i < 200; i++)                               /* as fast as 115200 baud goes */
        script_give(&b->script, 4800, "I (1234) app: one of many lines an application says\r\n",
                    53);
    assert_code(board_connect(&b->loader, &reset_hard, b->loader.chip, &e), &e,
                ERR_WRONG_BOOT_MODE);
    assert_has(e.what, "boot mode 0x13");
    bench_free(b);
}

/* ---- The console, however it is cut ---- */

static void check_console(const char *heard, size_t cut, bool ok, const char *what)
{
    static const char *const reject[] = { "Guru" };
    const struct console_check check = { "ready", reject, 1, 1000, 115200, NULL };
    struct bench *b = bench_new();
    struct err e = { 0 };
    char text[LINK_TAIL_MAX + 1];
    if (cut > 0)
        script_give(&b->script, 1000, heard, cut);
    if (cut < strlen(heard))
        script_give(&b->script, 1000, heard + cut, strlen(heard) - cut);
    bool heard_it = console_check(&b->loader, &check, false, text, sizeof text, &e);
    assert_int_equal(heard_it, ok);
    if (!ok)
        assert_has(e.what, what);
    bench_free(b);
}

static void console_judges_the_same_at_every_cut(void **state)
{
    static const char good[] = "boot\r\nready\r\nGuru Meditation Error\r\n";
    static const char bad[] = "boot\r\nGuru Meditation Error\r\nready\r\n";
    static const char other[] = "boot\r\nrea dy\r\n";
    (void)state;
    for (size_t cut = 0; cut <= sizeof good - 1; cut++)
        check_console(good, cut, true, "");
    for (size_t cut = 0; cut <= sizeof bad - 1; cut++)
        check_console(bad, cut, false, "The board said 'Guru': the application crashed");
    for (size_t cut = 0; cut <= sizeof other - 1; cut++)
        check_console(other, cut, false, "did not say 'ready' within 1000 ms");
    check_console("", 0, false, "The board is silent");
}

/* A word in the very last read before the time is over is heard all the same. */
static void console_hears_the_last_read(void **state)
{
    static const char *const reject[] = { "Guru" };
    static const char *const words[] = { "ready", "Guru" };
    (void)state;
    for (int k = 0; k < 3; k++) {
        const struct console_check check = {
            k < 2 ? "ready" : NULL, reject, 1, 1000, 115200, NULL
        };
        struct bench *b = bench_new();
        struct err e = { 0 };
        char text[LINK_TAIL_MAX + 1];
        script_give(&b->script, 1000000, words[k ? 1 : 0], k ? 4 : 5);
        bool ok = console_check(&b->loader, &check, false, text, sizeof text, &e);
        assert_int_equal(ok, k == 0);
        if (k > 0)
            assert_has(e.what, "The board said 'Guru'");
        bench_free(b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hostile_random_bytes),
        cmocka_unit_test(hostile_endless_frame),
        cmocka_unit_test(hostile_endless_delimiters),
        cmocka_unit_test(hostile_endless_short_frames),
        cmocka_unit_test(hostile_replies_of_every_length),
        cmocka_unit_test(hostile_success_of_every_length),
        cmocka_unit_test(hostile_replies_to_another_command),
        cmocka_unit_test(hostile_random_frames),
        cmocka_unit_test(silence_ends_at_the_deadline),
        cmocka_unit_test(noise_does_not_move_the_deadline),
        cmocka_unit_test(other_replies_do_not_move_the_deadline),
        cmocka_unit_test(reply_in_the_last_moment_counts),
        cmocka_unit_test(stop_and_unplug_end_every_call),
        cmocka_unit_test(connect_keeps_the_boot_mode_of_a_talker),
        cmocka_unit_test(console_judges_the_same_at_every_cut),
        cmocka_unit_test(console_hears_the_last_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
