/*
 * Whole sessions against the virtual board, in this process and under a clock that jumps: connect,
 * identify, stub, rate, write, verify, leave, console; with ROM and stub, on each chip, and with
 * what can go wrong on a line.
 */
#include "core/board/board.h"
#include "core/flash/flash.h"
#include "core/loader/console.h"
#include "core/loader/stub.h"
#include "tests/lib/make_image.h"
#include "tests/lib/sim_port.h"
#include "tests/lib/test.h"

#include <stdio.h>
#include <stdlib.h>

#define APP_BYTES 40000u

/* ---- A bench: one board, one plan ---- */

struct bench {
    struct fake_clock clock;
    struct sim_port sim;
    struct loader loader;
    struct board board;
    struct plan *plan;
    struct plan_variant *variant;
    struct stub_set *stubs;
    const struct chip *chip;
    uint32_t told_bytes;
    char text[LINK_TAIL_MAX + 1];
};

/* Images that the virtual board starts: what its boot ROM reads, table and application on ESP32. */
static struct plan *plan_of(const char *chip)
{
    const bool esp32 = strcmp(chip, "esp32") == 0;
    const struct image_recipe boot = { .layout = esp32 ? MADE_LONG : MADE_SHORT,
                                       .segments = 3,
                                       .segment_bytes = 6000,
                                       .mode = 0,
                                       .digest = esp32 };
    const struct image_recipe app = { .layout = MADE_LONG,
                                      .segments = 2,
                                      .segment_bytes = APP_BYTES,
                                      .mode = 2,
                                      .digest = true,
                                      .project = "thermostat" };
    const struct plan_settings s = { .chip = chip_by_name(chip),
                                     .size = PLAN_SIZE_DETECT,
                                     .mode = chip_code_by_word(chip_modes, "dio") };
    struct made_image b = make_image(&boot), a = make_image(&app);
    uint8_t *table = make_partition_table();
    const struct plan_source sources[] = {
        { "boot", b.bytes, (uint32_t)b.size_bytes, s.chip->boot_addr, false },
        { "table", table, MADE_TABLE_BYTES, 0x8000, false },
        { "app", a.bytes, (uint32_t)a.size_bytes, 0x10000, false },
    };
    struct err e = { 0 };
    struct plan *p = plan_new(&s, sources, esp32 ? 3 : 1, &e);
    assert_ok(p != NULL && plan_encode(p, &e), &e);
    free(b.bytes);
    free(a.bytes);
    free(table);
    return p;
}

static struct chip_sim_config board_config(const char *chip)
{
    struct chip_sim_config c = chip_sim_default_config();
    c.chip = chip;
    c.speed = 1;
    c.seed = 11;
    return c;
}

static struct bench *bench_new(const struct chip_sim_config *config, uint32_t baud)
{
    struct bench *b = calloc(1, sizeof *b);
    char why[200] = "";
    struct chip_sim_config c = *config;
    struct err e = { 0 };
    assert_non_null(b);
    c.start_baud = baud;
    fake_clock_init(&b->clock);
    if (!sim_port_init(&b->sim, &c, &b->clock, why, sizeof why))
        fail_msg("%s", why);
    loader_init(&b->loader, &b->sim.port);
    b->chip = chip_by_name(c.chip);
    b->plan = plan_of(c.chip);
    b->stubs = stub_set_new(NULL, &e);
    assert_ok(b->stubs != NULL, &e);
    return b;
}

static void bench_free(struct bench *b)
{
    plan_variant_free(b->variant);
    plan_free(b->plan);
    stub_set_free(b->stubs);
    sim_port_done(&b->sim);
    free(b);
}

static void add_fault(struct bench *b, const char *spec)
{
    char why[200] = "";
    if (!chip_sim_add_fault(b->sim.sim, spec, b->clock.us, why, sizeof why))
        fail_msg("%s: %s", spec, why);
}

static struct chip_sim_state state_of(struct bench *b)
{
    struct chip_sim_state s;
    chip_sim_advance(b->sim.sim, b->clock.us);
    chip_sim_get_state(b->sim.sim, &s);
    return s;
}

/* ---- Steps ---- */

static uint8_t *duplicate(const uint8_t *bytes, size_t n)
{
    uint8_t *copy = malloc(n + 1);
    assert_non_null(copy);
    return memcpy(copy, bytes, n);
}

/* Strategy `k` of the port's list. */
static bool connect(struct bench *b, size_t k, struct err *e)
{
    const struct reset_sequence *list[RESET_CHOICES_MAX];
    struct reset_sequence custom;
    size_t n = reset_choices(&b->sim.port, NULL, "auto", &custom, list);
    assert_true(k < n);
    return board_connect(&b->loader, list[k], b->chip, e);
}

static bool start_stub(struct bench *b, struct err *e)
{
    return stub_start(&b->loader, stub_set_find(b->stubs, b->chip->id_name), e);
}

/* For the caller to free; of the old generation it is one that nobody here knows. NULL: there are
 * no stubs. */
static struct stub *stub_of_generation(const struct bench *b, bool v1)
{
    const struct stub *known = stub_set_find(b->stubs, b->chip->id_name);
    if (!known)
        return NULL;
    struct stub *s = calloc(1, sizeof *s);
    assert_non_null(s);
    *s = *known;
    s->text.bytes = duplicate(known->text.bytes, known->text.size_bytes);
    s->data.bytes = duplicate(known->data.bytes, known->data.size_bytes);
    if (v1) {
        s->kind = &loader_stub_legacy;
        s->text.bytes[s->text.size_bytes - 1] ^= 1;
    }
    return s;
}

static bool have_stub(const struct bench *b)
{
    return stub_set_find(b->stubs, b->chip->id_name) != NULL;
}

static bool change_baud(struct bench *b, uint32_t baud, struct err *e)
{
    return board_change_baud(&b->loader, baud, e);
}

static void tell(void *ctx, uint32_t flash_bytes_done)
{
    struct bench *b = ctx;
    assert_true(flash_bytes_done >= b->told_bytes);
    b->told_bytes = flash_bytes_done;
}

static bool write_all(struct bench *b, struct err *e)
{
    const struct flash_progress progress = { tell, b };
    if (!b->variant) {
        b->variant = plan_variant_new(b->plan, b->board.flash.size_bytes, e);
        assert_ok(b->variant != NULL, e);
    }
    if (!flash_set_size(&b->loader, b->board.flash.size_bytes, e))
        return false;
    for (size_t i = 0; i < plan_image_count(b->plan); i++) {
        const struct plan_region *r = plan_region(b->variant, i);
        b->told_bytes = 0;
        if (!flash_write(&b->loader, r, &progress, e))
            return false;
        assert_int_equal(b->told_bytes, r->size_bytes);
    }
    return true;
}

static bool verify_all(struct bench *b, struct err *e)
{
    for (size_t i = 0; i < plan_image_count(b->plan); i++) {
        uint8_t found[DIGEST_MD5_BYTES];
        struct flash_difference differs;
        const struct plan_region *r = plan_region(b->variant, i);
        if (!flash_md5(&b->loader, r, found, e) || !flash_judge(&b->loader, r, found, &differs, e))
            return false;
    }
    return true;
}

static bool leave_and_listen(struct bench *b, const char *expect, struct err *e)
{
    static const char *const reject[] = { "invalid header", "Brownout" };
    const struct console_check check = { expect, reject, 2, 5000, 115200, NULL };
    b->loader.leave_baud = check.baud;
    return board_leave(&b->loader, true, e) &&
           console_check(&b->loader, &check, true, b->text, sizeof b->text, e);
}

/* What is in the flash, looked at past the protocol. */
static void assert_flash_holds_the_plan(struct bench *b)
{
    for (size_t i = 0; i < plan_image_count(b->plan); i++) {
        const struct plan_region *r = plan_region(b->variant, i);
        uint8_t *found = malloc(r->size_bytes);
        assert_non_null(found);
        assert_true(chip_sim_flash_read(b->sim.sim, r->addr, found, r->size_bytes));
        if (memcmp(found, r->bytes, r->size_bytes) != 0)
            fail_msg("'%s' at 0x%x is not in the flash", r->name, r->addr);
        free(found);
    }
}

/* Connected and identified. */
static struct bench *ready(const struct chip_sim_config *config, uint32_t baud)
{
    struct bench *b = bench_new(config, baud);
    struct err e = { 0 };
    assert_ok(connect(b, 0, &e), &e);
    assert_false(b->loader.kind->is_stub);
    assert_ok(board_identify(&b->loader, &b->board, &e), &e);
    assert_ok(board_gate(&b->board, b->plan, &e), &e);
    return b;
}

/* ---- What must work ---- */

struct way {
    const char *chip;
    bool stub;
    uint32_t sync_baud, baud;
    enum sim_fill fill;
};

/* With the one that the ESP8266's ROM may erase too many for each image. */
static uint64_t sectors_of_the_plan(const struct bench *b)
{
    uint64_t sectors = 0;
    for (size_t i = 0; i < plan_image_count(b->plan); i++)
        sectors += (plan_region(b->variant, i)->size_bytes + 4095) / 4096 + 1;
    return sectors;
}

static void run_session(const struct way *w)
{
    struct chip_sim_config c = board_config(w->chip);
    struct err e = { 0 };
    c.fill = w->fill;
    struct bench *b = ready(&c, w->sync_baud);
    if (w->stub && !have_stub(b)) {
        print_message("no stub is built in: skipped\n");
        bench_free(b);
        return;
    }
    assert_ptr_equal(b->board.chip, b->chip);
    assert_int_equal(b->board.mac.count, 6);
    assert_memory_equal(b->board.mac.bytes, c.mac, 6);
    assert_int_equal(b->board.flash.size_bytes, c.flash_bytes);
    if (w->stub) {
        assert_ok(start_stub(b, &e), &e);
        assert_string_equal(state_of(b).mode, "stub");
    }
    if (w->baud != w->sync_baud)
        assert_ok(change_baud(b, w->baud, &e), &e);
    assert_ok(write_all(b, &e), &e);
    assert_flash_holds_the_plan(b); /* at once: nothing is on its way any more */
    if (w->stub || b->chip->rom->has_md5)
        assert_ok(verify_all(b, &e), &e);
    assert_ok(leave_and_listen(b, "is running", &e), &e);
    assert_true(state_of(b).running);
    assert_int_equal(state_of(b).refused, 0);
    assert_true(state_of(b).erased_sectors <= sectors_of_the_plan(b));
    bench_free(b);
}

static void session_flashes_esp32_through_the_stub(void **state)
{
    (void)state;
    run_session(&(const struct way){ "esp32", true, 115200, 921600, SIM_FILL_BLANK });
    run_session(&(const struct way){ "esp32", true, 115200, 115200, SIM_FILL_DIRTY });
    run_session(&(const struct way){ "esp32", true, 115200, 2000000, SIM_FILL_DIRTY });
}

/* A block of the stub takes 17 s on a wire of 9600 baud: waits know how long the wire is. */
static void session_bears_a_slow_wire(void **state)
{
    (void)state;
    run_session(&(const struct way){ "esp32", true, 9600, 9600, SIM_FILL_BLANK });
    run_session(&(const struct way){ "esp32", false, 9600, 9600, SIM_FILL_BLANK });
}

static void session_flashes_esp32_through_the_rom(void **state)
{
    (void)state;
    run_session(&(const struct way){ "esp32", false, 115200, 460800, SIM_FILL_BLANK });
    run_session(&(const struct way){ "esp32", false, 115200, 115200, SIM_FILL_DIRTY });
    run_session(&(const struct way){ "esp32", false, 115200, 921600, SIM_FILL_DIRTY });
}

static void session_flashes_esp8266_through_the_stub(void **state)
{
    (void)state;
    run_session(&(const struct way){ "esp8266", true, 115200, 460800, SIM_FILL_DIRTY });
    run_session(&(const struct way){ "esp8266", true, 74880, 921600, SIM_FILL_BLANK });
}

static void session_flashes_esp8266_through_the_rom(void **state)
{
    (void)state;
    run_session(&(const struct way){ "esp8266", false, 115200, 115200, SIM_FILL_BLANK });
    run_session(&(const struct way){ "esp8266", false, 460800, 460800, SIM_FILL_DIRTY });
}

/* The same seed gives the same session, to the microsecond. */
static void session_is_the_same_each_time(void **state)
{
    uint64_t us[2], rx_bytes[2];
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct chip_sim_config c = board_config("esp32");
        struct err e = { 0 };
        struct bench *b = ready(&c, 115200);
        add_fault(b, "log-noise=0.3");
        assert_ok(write_all(b, &e), &e);
        us[i] = b->clock.us;
        rx_bytes[i] = b->sim.port.rx_bytes;
        bench_free(b);
    }
    assert_int_equal(us[0], us[1]);
    assert_int_equal(rx_bytes[0], rx_bytes[1]);
}

/* Many boards side by side share nothing but the plan. */
static void sessions_side_by_side_do_not_disturb_each_other(void **state)
{
    struct chip_sim_config c = board_config("esp32");
    struct err e = { 0 };
    (void)state;
    struct bench *a = ready(&c, 115200);
    c.mac[5] = 99;
    c.flash_bytes = 8u << 20;
    struct bench *b = ready(&c, 115200);
    assert_int_equal(a->board.flash.size_bytes, 4u << 20);
    assert_int_equal(b->board.flash.size_bytes, 8u << 20);
    assert_int_equal(b->board.mac.bytes[5], 99);
    assert_ok(write_all(b, &e), &e);
    assert_ok(write_all(a, &e), &e);
    assert_int_equal(plan_region(a->variant, 0)->bytes[3] >> 4, 2);
    assert_int_equal(plan_region(b->variant, 0)->bytes[3] >> 4, 3);
    assert_flash_holds_the_plan(a);
    assert_flash_holds_the_plan(b);
    bench_free(a);
    bench_free(b);
}

/* After an attempt that went wrong in the stub, a reset leads back to the ROM. */
static void session_starts_again_after_a_failed_attempt(void **state)
{
    struct chip_sim_config c = board_config("esp32");
    struct err e = { 0 };
    (void)state;
    struct bench *b = ready(&c, 115200);
    if (have_stub(b)) {
        assert_ok(start_stub(b, &e), &e);
        assert_ok(change_baud(b, 921600, &e), &e);
    }
    assert_ok(port_set_baud(&b->sim.port, 115200, &e), &e);
    assert_ok(connect(b, 1, &e), &e);
    assert_false(b->loader.kind->is_stub);
    assert_ok(board_identify(&b->loader, &b->board, &e), &e);
    assert_ok(write_all(b, &e), &e);
    assert_ok(verify_all(b, &e), &e);
    bench_free(b);
}

/* A stub that runs already is recognised, and asked like one. */
static void session_recognises_a_running_stub(void **state)
{
    struct chip_sim_config c = board_config("esp32");
    struct err e = { 0 };
    (void)state;
    struct bench *b = ready(&c, 115200);
    if (have_stub(b)) {
        assert_ok(start_stub(b, &e), &e);
        loader_init(&b->loader, &b->sim.port);
        assert_ok(board_connect(&b->loader, NULL, b->chip, &e), &e);
        assert_true(b->loader.kind->is_stub);
        assert_ok(board_identify(&b->loader, &b->board, &e), &e);
        assert_ok(write_all(b, &e), &e);
        assert_flash_holds_the_plan(b);
    }
    bench_free(b);
}

static void session_erases_the_whole_flash(void **state)
{
    static const char *const chips[] = { "esp32", "esp8266" };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(chips); i++) {
        for (int stub = 0; stub < 2; stub++) {
            struct chip_sim_config c = board_config(chips[i]);
            struct err e = { 0 };
            uint8_t found[4096];
            c.fill = SIM_FILL_DIRTY;
            c.flash_bytes = 2u << 20;
            struct bench *b = ready(&c, 115200);
            if (stub && have_stub(b))
                assert_ok(start_stub(b, &e), &e);
            assert_ok(flash_set_size(&b->loader, 2u << 20, &e), &e);
            assert_ok(flash_erase_all(&b->loader, 2u << 20, &e), &e);
            for (uint32_t at = 0; at < 2u << 20; at += sizeof found) {
                assert_true(chip_sim_flash_read(b->sim.sim, at, found, sizeof found));
                for (size_t k = 0; k < sizeof found; k++)
                    assert_int_equal(found[k], 0xFF);
            }
            bench_free(b);
        }
    }
}

/* ---- What must be told ---- */

static enum err_code connect_code(struct bench *b, struct err *e)
{
    memset(e, 0, sizeof *e);
    assert_false(connect(b, 0, e));
    return e->code;
}

static void connect_tells_why_nothing_answers(void **state)
{
    struct chip_sim_config c = board_config("esp32");
    struct err e;
    (void)state;
    c.lines_not_wired = true; /* nobody resets it: no byte comes */
    struct bench *b = bench_new(&c, 115200);
    fake_clock_pass_us(&b->clock, 20000000); /* long after its boot log */
    chip_sim_power(b->sim.sim, false, b->clock.us);
    assert_int_equal(connect_code(b, &e), ERR_NO_SYNC);
    assert_has(e.what, "Nothing was received");
    assert_has(e.hint, "GPIO0");
    bench_free(b);

    c = board_config("esp32");
    c.en_rise_us = 200000; /* the strap is released before EN has risen */
    b = bench_new(&c, 115200);
    assert_int_equal(connect_code(b, &e), ERR_WRONG_BOOT_MODE);
    assert_has(e.what, "boot mode 0x1");
    assert_ok(connect(b, 1, &e), &e); /* the long strap helps */
    bench_free(b);
}

static bool slow_server(const struct port *p, struct port_fault *fault)
{
    (void)p;
    snprintf(fault->what, sizeof fault->what,
             "the serial server takes 4.0 ms from one to the next");
    fault->hint = "Plug the adapter in here.";
    return true;
}

/* Where the lines are known to come late, the board is not to blame. */
static void connect_blames_the_lines_where_they_are_bad(void **state)
{
    struct chip_sim_config c = board_config("esp32");
    struct err e;
    (void)state;
    c.en_rise_us = 200000;
    struct bench *b = bench_new(&c, 115200);
    struct port_ops ops = *b->sim.port.ops;
    ops.lines_fault = slow_server;
    b->sim.port.ops = &ops;
    assert_int_equal(connect_code(b, &e), ERR_WRONG_BOOT_MODE);
    assert_has(e.what, "boot mode 0x1");
    assert_has(e.what, "; the serial server takes 4.0 ms");
    assert_string_equal(e.hint, "Plug the adapter in here.");
    bench_free(b);

    b = bench_new(&c, 115200);
    ops = *b->sim.port.ops;
    ops.lines_fault = slow_server;
    b->sim.port.ops = &ops;
    chip_sim_power(b->sim.sim, false, b->clock.us);
    assert_int_equal(connect_code(b, &e), ERR_NO_SYNC);
    assert_has(e.what, "; the serial server takes 4.0 ms");
    e = (struct err){ 0 };
    assert_false(board_connect(&b->loader, NULL, b->chip, &e));
    assert_null(strstr(e.what, "server")); /* no line was moved */
    bench_free(b);
}

static void connect_hears_the_esp8266_at_its_own_rate(void **state)
{
    struct chip_sim_config c = board_config("esp8266");
    struct err e;
    (void)state;
    c.en_rise_us = 200000;
    struct bench *b = bench_new(&c, 115200);
    assert_int_equal(connect_code(b, &e), ERR_WRONG_BOOT_MODE);
    assert_has(e.what, "boot mode 0x3");
    assert_int_equal(b->sim.port.baud, 115200); /* and back again */
    assert_ok(connect(b, 1, &e), &e);
    bench_free(b);
}

/* A running application talks a lot: its boot mode is still what counts. */
static void connect_knows_the_boot_mode_behind_a_long_log(void **state)
{
    struct chip_sim_config c = board_config("esp32");
    struct err e = { 0 };
    (void)state;
    struct bench *b = ready(&c, 115200);
    assert_ok(write_all(b, &e), &e);
    assert_ok(leave_and_listen(b, "is running", &e), &e);
    add_fault(b, "slow-en=200");
    assert_int_equal(connect_code(b, &e), ERR_WRONG_BOOT_MODE);
    assert_has(e.what, "boot mode 0x13");
    bench_free(b);
}

static void connect_bears_a_deaf_board(void **state)
{
    struct chip_sim_config c = board_config("esp32");
    struct err e = { 0 };
    (void)state;
    struct bench *b = bench_new(&c, 115200);
    add_fault(b, "deaf=3");
    assert_ok(connect(b, 0, &e), &e);
    bench_free(b);
}

/* EN rises late on boards with a large capacitor: what was sent before is lost, and the next SYNC
 * goes out when the ROM says that it waits, however late the adapter passes that on. */
static void connect_syncs_when_the_loader_says_that_it_waits(void **state)
{
    enum { LINES_MS = 80, STRAP_MS = 50, BOOT_MS = 14, WORDS_MS = 4, ANSWER_MS = 12, SPARE_MS = 4 };
    static const uint32_t en_ms[] = { 1, 30, 40, 48, 60, 70 }, latency_ms[] = { 1, 16 };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(en_ms) * COUNT_OF(latency_ms); i++) {
        uint32_t late_ms = en_ms[i / 2] + BOOT_MS, lat_ms = latency_ms[i % 2];
        struct chip_sim_config c = board_config("esp32");
        struct err e = { 0 };
        c.en_rise_us = en_ms[i / 2] * 1000;
        c.strap_us = 25000;
        c.latency_us = lat_ms * 1000;
        struct bench *b = bench_new(&c, 115200);
        uint64_t start_us = b->clock.us;
        assert_ok(connect(b, 0, &e), &e);
        uint64_t took_ms = (b->clock.us - start_us) / 1000;
        uint32_t held_ms = lat_ms < WORDS_MS ? lat_ms : WORDS_MS; /* the end of the last words */
        uint64_t waited_ms = late_ms < STRAP_MS ? 0 : late_ms - STRAP_MS + held_ms;
        assert_true(took_ms <= LINES_MS + waited_ms + ANSWER_MS + SPARE_MS);
        assert_in_range(state_of(b).syncs, 1, 2);
        assert_ok(board_identify(&b->loader, &b->board, &e), &e); /* among answers to both */
        bench_free(b);
    }
}

/* A pulse that the boot log shows to have worked is long enough for the way out; what else brought
 * the board into its loader, even a longer one, is no proof of that. */
static void a_board_leaves_by_the_pulse_that_has_reset_it(void **state)
{
    struct chip_sim_config c = board_config("esp32");
    struct err e = { 0 };
    (void)state;
    struct bench *b = bench_new(&c, 115200);
    for (size_t k = 0; k < 2; k++) {
        assert_ok(connect(b, k, &e), &e);
        assert_int_equal(b->loader.resets_briefly, k == 0);
        uint64_t start_us = b->clock.us;
        assert_ok(board_leave(&b->loader, true, &e), &e);
        assert_in_range((b->clock.us - start_us) / 1000, k == 0 ? 30 : 100, k == 0 ? 40 : 110);
    }
    assert_ok(connect(b, 0, &e) && board_connect(&b->loader, NULL, b->chip, &e), &e);
    assert_false(b->loader.resets_briefly);
    bench_free(b);
}

/* Nobody may count on the log: a strap or a fuse can switch it off, and the ESP8266's comes at a
 * rate of its own. */
static void connect_needs_no_log(void **state)
{
    struct chip_sim_config c = board_config("esp8266");
    struct err e = { 0 };
    (void)state;
    c.en_rise_us = 60000;
    c.strap_us = 25000;
    struct bench *b = bench_new(&c, 115200);
    uint64_t start_us = b->clock.us;
    assert_ok(connect(b, 0, &e), &e);
    assert_in_range((b->clock.us - start_us) / 1000, 230, 260);
    assert_int_equal(state_of(b).syncs, 1);
    bench_free(b);
}

static void identify_tells_a_flash_that_does_not_answer(void **state)
{
    struct chip_sim_config c = board_config("esp32");
    struct err e = { 0 };
    (void)state;
    struct bench *b = bench_new(&c, 115200);
    add_fault(b, "rdid=ffffff");
    assert_ok(connect(b, 0, &e), &e);
    assert_code(board_identify(&b->loader, &b->board, &e), &e, ERR_NO_FLASH);
    assert_int_equal(b->board.mac.count, 6);
    bench_free(b);
}

/* The ROM writes, and the MD5 tells; or the stub does. */
static void verify_finds_a_bit_that_stays_1(void **state)
{
    (void)state;
    for (int stub = 0; stub < 2; stub++) {
        struct chip_sim_config c = board_config("esp32");
        struct err e = { 0 };
        struct bench *b = ready(&c, 115200);
        add_fault(b, "stuck-bit=0x11234");
        if (stub && have_stub(b))
            assert_ok(start_stub(b, &e), &e);
        if (write_all(b, &e)) {
            assert_code(verify_all(b, &e), &e, ERR_VERIFY);
            assert_has(e.what, "app at 0x10000");
            assert_has(e.what, "from byte 0x11234 on");
        } else {
            assert_int_equal(e.code, ERR_WRITE);
        }
        bench_free(b);
    }
}

static void verify_finds_a_protected_flash(void **state)
{
    struct chip_sim_config c = board_config("esp32");
    struct err e = { 0 };
    (void)state;
    struct bench *b = ready(&c, 115200);
    add_fault(b, "write-protect");
    if (have_stub(b))
        assert_ok(start_stub(b, &e), &e);
    if (write_all(b, &e)) {
        assert_code(verify_all(b, &e), &e, ERR_VERIFY);
        assert_has(e.what, "still blank");
    } else {
        assert_true(e.code == ERR_WRITE || e.code == ERR_ERASE);
    }
    bench_free(b);
}

/* Asked with the stub on its way, judged before that begins: what is free costs no wait of its own,
 * what is protected is cleared or refused, and who is careful waits for each answer. */
static void protection_is_asked_on_the_way_of_the_stub(void **state)
{
    static const char *const faults[] = { NULL, "write-protect=soft", "write-protect" };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(faults); i++) {
        struct chip_sim_config c = board_config("esp32");
        struct err e = { 0 };
        bool asked = false;
        struct bench *b = ready(&c, 115200);
        struct loader *l = &b->loader;
        if (!have_stub(b)) {
            bench_free(b);
            return;
        }
        if (faults[i])
            add_fault(b, faults[i]);
        uint64_t start_us = b->clock.us;
        l->careful = true;
        assert_ok(spiflash_ask_protection(l, b->board.flash.id, &asked, &e), &e);
        assert_false(asked);
        l->careful = false;
        assert_ok(spiflash_ask_protection(l, b->board.flash.id, &asked, &e), &e);
        assert_true(asked);
        assert_in_range(b->clock.us - start_us, 0, 2000); /* no answer is waited for */
        if (i == 2) {
            assert_code(start_stub(b, &e), &e, ERR_PROTECTED);
            assert_false(l->kind->is_stub);
        } else {
            assert_ok(start_stub(b, &e) && write_all(b, &e) && verify_all(b, &e), &e);
            assert_flash_holds_the_plan(b);
        }
        bench_free(b);
    }
}

static void write_tells_a_pulled_cable_at_once(void **state)
{
    struct chip_sim_config c = board_config("esp32");
    struct err e = { 0 };
    (void)state;
    struct bench *b = ready(&c, 115200);
    add_fault(b, "pull=20000");
    uint64_t start_us = b->clock.us;
    assert_code(write_all(b, &e), &e, ERR_PORT_GONE);
    assert_true(b->clock.us - start_us < 30000000);
    bench_free(b);
}

static void write_gives_up_on_a_board_that_hangs(void **state)
{
    (void)state;
    for (int stub = 0; stub < 2; stub++) {
        struct chip_sim_config c = board_config("esp32");
        struct err e = { 0 };
        struct bench *b = ready(&c, 115200);
        add_fault(b, "hang=20000");
        if (stub && have_stub(b))
            assert_ok(start_stub(b, &e), &e);
        assert_code(write_all(b, &e), &e, ERR_WRITE);
        assert_has(e.what, "no reply to FLASH_");
        bench_free(b);
    }
}

/* It restarts for want of an image over and over: what it says of that is no cause. */
static void the_first_words_of_a_board_that_loops_are_the_cause(void **state)
{
    struct chip_sim_config c = board_config("esp32");
    struct err e = { 0 };
    (void)state;
    struct bench *b = ready(&c, 115200);
    add_fault(b, "brownout=8000");
    if (!have_stub(b)) {
        bench_free(b);
        return;
    }
    assert_ok(start_stub(b, &e), &e);
    assert_code(write_all(b, &e), &e, ERR_WRITE);
    assert_true(b->loader.link.has_reset); /* told at once, not by a deadline */
    struct deadline later = deadline_in_ms(&b->clock.clock, 20000);
    assert_true(link_listen(&b->loader.link, later, &e));
    assert_true(state_of(b).resets > 10);
    assert_true(board_explain_loss(&b->loader, &e));
    assert_has(e.what, "brown-out");
    bench_free(b);
}

static void write_stops_when_asked(void **state)
{
    struct chip_sim_config c = board_config("esp32");
    struct err e = { 0 };
    (void)state;
    struct bench *b = ready(&c, 115200);
    b->sim.port.stop_fd = 0;
    b->clock.stop_at_us = b->clock.us; /* at the next sleep */
    assert_code(connect(b, 0, &e), &e, ERR_STOPPED);
    bench_free(b);
}

/* A rate the wire garbles: the change fails, and a reset brings the board back. */
static void baud_failure_is_told_and_cured_by_a_reset(void **state)
{
    struct chip_sim_config c = board_config("esp32");
    struct err e = { 0 };
    (void)state;
    struct bench *b = ready(&c, 115200);
    add_fault(b, "hang,at=baud");
    assert_false(change_baud(b, 921600, &e));
    assert_true(e.code == ERR_BAUD || e.code == ERR_TIMEOUT);
    chip_sim_clear_faults(b->sim.sim);
    assert_ok(port_set_baud(&b->sim.port, 115200, &e), &e);
    assert_ok(connect(b, 0, &e), &e);
    bench_free(b);
}

/* No answer carries a check of its own. What goes into the record, and into the header of the boot
 * image, is true all the same, or the board was not identified. */
/* What is asked anyway proves the rate: once, and only that. */
static void a_new_rate_is_proved_by_the_next_question(void **state)
{
    enum { ATTACH = 0x0d, SET_PARAMS = 0x0b };
    struct chip_sim_config c = board_config("esp32");
    struct err e = { 0 };
    (void)state;
    struct bench *b = bench_new(&c, 115200);
    assert_ok(connect(b, 0, &e) && board_identify_chip(&b->loader, &b->board, &e), &e);
    board_foresee_attach(&b->loader);
    assert_ok(change_baud(b, 460800, &e), &e);
    assert_int_equal(state_of(b).ops[ATTACH], 1);
    assert_ok(board_identify_flash(&b->loader, &b->board, &e), &e);
    assert_int_equal(state_of(b).ops[ATTACH], 1);
    if (have_stub(b)) {
        uint32_t bytes = b->board.flash.size_bytes;
        assert_ok(start_stub(b, &e), &e);
        flash_foresee_size(&b->loader, bytes);
        assert_ok(change_baud(b, 921600, &e), &e);
        assert_int_equal(state_of(b).ops[SET_PARAMS], 1);
        assert_ok(flash_set_size(&b->loader, bytes, &e), &e);
        assert_int_equal(state_of(b).ops[SET_PARAMS], 1);
        assert_ok(flash_set_size(&b->loader, bytes, &e), &e);
        assert_int_equal(state_of(b).ops[SET_PARAMS], 2);
        flash_foresee_size(&b->loader, bytes / 2);
        assert_ok(change_baud(b, 460800, &e) && flash_set_size(&b->loader, bytes, &e), &e);
        assert_int_equal(state_of(b).ops[SET_PARAMS], 4);
    }
    bench_free(b);
}

static void a_new_rate_that_nothing_answers_at_is_no_rate(void **state)
{
    struct chip_sim_config c = board_config("esp32");
    struct err e = { 0 };
    (void)state;
    struct bench *b = ready(&c, 115200);
    if (have_stub(b)) {
        assert_ok(start_stub(b, &e), &e);
        flash_foresee_size(&b->loader, b->board.flash.size_bytes);
        add_fault(b, "hang,at=baud");
        assert_code(change_baud(b, 921600, &e), &e, ERR_BAUD);
    }
    bench_free(b);
}

/* The ESP8266's divider is whole, and its stubs cut off what they do not divide: asked for 2000000
 * baud alone they run at 2080000. */
static void the_esp8266_comes_as_near_as_its_divider_can(void **state)
{
    static const uint32_t syncs[] = { 115200, 460800, 921600 };
    static const uint32_t bauds[] = { 230400, 460800, 921600, 1000000, 1500000, 2000000 };
    (void)state;
    for (size_t i = 0; i < 2 * 2 * COUNT_OF(syncs) * COUNT_OF(bauds); i++) {
        struct chip_sim_config c = board_config("esp8266");
        struct err e = { 0 };
        uint32_t sync_baud = syncs[i / 4 % COUNT_OF(syncs)], baud = bauds[i / 12];
        c.crystal_mhz = i % 2 ? 40 : 26;
        c.stub_v1 = i / 2 % 2;
        struct bench *b = ready(&c, sync_baud);
        struct stub *stub = stub_of_generation(b, c.stub_v1);
        if (stub && baud != sync_baud) {
            uint32_t clock_hz = 2000000u * c.crystal_mhz;
            assert_ok(stub_start(&b->loader, stub, &e), &e);
            assert_ok(change_baud(b, baud, &e), &e);
            assert_int_equal(state_of(b).chip_baud, clock_hz / ((clock_hz + baud / 2) / baud));
            assert_ok(change_baud(b, sync_baud, &e), &e); /* and back, from another divider */
        }
        stub_free(stub);
        bench_free(b);
    }
}

/* Where it looks its rate up it begins at the one wanted, whether the adapter passes its greeting
 * on at once or has heard it at the old rate. */
static void a_stub_begins_at_the_rate_that_is_wanted(void **state)
{
    enum { SET_PARAMS = 0x0b, CHANGE_BAUD = 0x0f };
    static const uint32_t latencies_us[] = { 1000, 4000, 16000 };
    static const uint32_t bauds[] = { 921600, 2000000 };
    (void)state;
    for (size_t i = 0; i < 6; i++) {
        struct chip_sim_config c = board_config("esp32");
        struct err e = { 0 };
        c.latency_us = latencies_us[i % 3];
        struct bench *b = ready(&c, 115200);
        if (have_stub(b)) {
            const struct stub *stub = stub_set_find(b->stubs, "esp32");
            uint32_t bytes = b->board.flash.size_bytes, baud = bauds[i / 3];
            assert_true(stub_starts_at_any_baud(&b->loader, stub));
            assert_ok(stub_start_at(&b->loader, stub, baud, bytes, &e), &e);
            assert_int_equal(b->sim.port.baud, baud);
            assert_ok(flash_set_size(&b->loader, bytes, &e), &e);
            assert_int_equal(state_of(b).ops[SET_PARAMS], 1);
            assert_int_equal(state_of(b).ops[CHANGE_BAUD], 0);
            assert_ok(write_all(b, &e) && verify_all(b, &e), &e);
        }
        bench_free(b);
    }
}

static void a_stub_that_is_not_heard_at_its_rate_is_told(void **state)
{
    struct chip_sim_config c = board_config("esp32");
    struct err e = { 0 };
    (void)state;
    struct bench *b = ready(&c, 115200);
    if (have_stub(b)) {
        const struct stub *stub = stub_set_find(b->stubs, "esp32");
        add_fault(b, "forget-rate");
        assert_code(stub_start_at(&b->loader, stub, 921600, 4u << 20, &e), &e, ERR_BAUD);
        assert_non_null(strstr(e.what, "No answer of the flasher stub at 921600 baud"));
    }
    bench_free(b);
    c = board_config("esp32c3");
    b = ready(&c, 115200);
    if (have_stub(b))
        assert_false(stub_starts_at_any_baud(&b->loader, stub_set_find(b->stubs, "esp32c3")));
    bench_free(b);
}

static void identify_believes_no_wire_that_lies(void **state)
{
    unsigned identified = 0, told = 0;
    (void)state;
    for (uint64_t seed = 0; seed < 600; seed++) {
        struct chip_sim_config c = board_config("esp8266"); /* whose MAC has no checksum either */
        struct err e = { 0 };
        c.seed = seed;
        struct bench *b = bench_new(&c, 115200);
        assert_ok(connect(b, 0, &e), &e);
        add_fault(b, seed % 3 ? "flip=0.001,dir=out" : "flip=0.001");
        if (board_identify(&b->loader, &b->board, &e)) {
            identified++;
            assert_string_equal(b->board.chip->id_name, c.chip);
            assert_memory_equal(b->board.mac.bytes, c.mac, sizeof c.mac);
            assert_int_equal(b->board.flash.size_bytes, c.flash_bytes);
            assert_false(b->board.security.secure_boot || b->board.security.flash_encryption);
        } else if (b->board.mac.count > 0) { /* the flash was not, but whose it is is known */
            assert_memory_equal(b->board.mac.bytes, c.mac, sizeof c.mac);
            told++;
        }
        bench_free(b);
    }
    assert_true(identified > 20 && told > 5);
}

/* Bytes lost or turned over: whatever happens, it ends, and a PASS is a right flash. */
static void noisy_lines_never_pass_a_wrong_flash(void **state)
{
    static const char *const faults[] = {
        "drop=0.0005",       "flip=0.0005",       "extra=0.0005",
        "flip=0.01,dir=out", "drop=0.01,dir=out", "log-noise=0.5"
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(faults); i++) {
        for (uint64_t seed = 1; seed <= 6; seed++) {
            struct chip_sim_config c = board_config("esp32");
            struct err e = { 0 };
            c.seed = seed;
            struct bench *b = ready(&c, 115200);
            add_fault(b, faults[i]);
            bool ok = (seed % 2 == 0 || !have_stub(b) || start_stub(b, &e)) && write_all(b, &e) &&
                      verify_all(b, &e);
            if (ok)
                assert_flash_holds_the_plan(b);
            else
                assert_true(e.code != ERR_NONE && strlen(e.what) > 10);
            bench_free(b);
        }
    }
}

/* ---- Leaving ---- */

static void console_tells_a_blank_flash(void **state)
{
    struct chip_sim_config c = board_config("esp32");
    struct err e = { 0 };
    (void)state;
    struct bench *b = ready(&c, 115200);
    assert_code(leave_and_listen(b, "is running", &e), &e, ERR_BOOT);
    assert_has(e.what, "invalid header");
    assert_has(e.what, "blank");
    bench_free(b);

    c = board_config("esp8266");
    b = ready(&c, 115200);
    assert_code(leave_and_listen(b, "is running", &e), &e, ERR_BOOT);
    assert_has(e.what, "cannot read an image");
    bench_free(b);
}

static void console_tells_a_board_that_stays_in_its_loader(void **state)
{
    const struct console_check check = { "is running", NULL, 0, 1000, 115200, NULL };
    struct chip_sim_config c = board_config("esp32");
    struct err e = { 0 };
    (void)state;
    struct bench *b = ready(&c, 115200);
    assert_ok(link_discard(&b->loader.link, &e), &e);
    chip_sim_press_reset(b->sim.sim, true, b->clock.us);
    assert_code(console_check(&b->loader, &check, false, b->text, sizeof b->text, &e), &e,
                ERR_FINISH);
    assert_has(b->text, "waiting for download");
    bench_free(b);
}

static void console_notes_words_beside_the_expected_one(void **state)
{
    struct console_words words = {
        { "ets Jul 29 2019", "Loaded app from partition", "not said" }, 3, 2, 0
    };
    const struct console_check check = { "is running", NULL, 0, 5000, 115200, &words };
    struct chip_sim_config c = board_config("esp32");
    struct err e = { 0 };
    (void)state;
    struct bench *b = ready(&c, 115200);
    assert_ok(write_all(b, &e), &e);
    b->loader.leave_baud = check.baud;
    assert_ok(board_leave(&b->loader, true, &e), &e);
    assert_ok(console_check(&b->loader, &check, true, b->text, sizeof b->text, &e), &e);
    assert_int_equal(words.said, 3);
    bench_free(b);
}

/* ---- Who is put in while his empty slot is asked ---- */

/* From the power at the board until it answers in its loader; 0: it was not met. */
static unsigned met_after_ms(const char *chip, unsigned put_in_ms)
{
    const struct chip_sim_config c = board_config(chip);
    struct bench *b = bench_new(&c, LOADER_SYNC_BAUD);
    struct err e = { 0 };
    const uint64_t power_us = b->clock.us + 1000ull * put_in_ms;
    sim_port_put_in_at(&b->sim, power_us);
    b->loader.sparing = true;
    const bool met = connect(b, 0, &e);
    const uint64_t took_us = b->clock.us - power_us;
    bench_free(b);
    return met ? (unsigned)(took_us / 1000) : 0;
}

/* The SYNC that is under way takes 100 ms, another reset and its SYNC some 120. Who comes while the
 * last SYNC is waited for, from 620 ms on, is left to the next question. */
static void who_comes_during_a_question_is_met_by_it(void **state)
{
    static const char *const chips[] = { "esp32", "esp8266" };
    (void)state;
    for (size_t k = 0; k < COUNT_OF(chips); k++) {
        for (unsigned ms = 1; ms <= 600; ms += 7) {
            const unsigned took_ms = met_after_ms(chips[k], ms);
            if (took_ms == 0 || took_ms > 250)
                fail_msg("%s put in after %u ms answers %u ms later", chips[k], ms, took_ms);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_comes_during_a_question_is_met_by_it),
        cmocka_unit_test(session_flashes_esp32_through_the_stub),
        cmocka_unit_test(session_bears_a_slow_wire),
        cmocka_unit_test(session_flashes_esp32_through_the_rom),
        cmocka_unit_test(session_flashes_esp8266_through_the_stub),
        cmocka_unit_test(session_flashes_esp8266_through_the_rom),
        cmocka_unit_test(session_is_the_same_each_time),
        cmocka_unit_test(sessions_side_by_side_do_not_disturb_each_other),
        cmocka_unit_test(session_starts_again_after_a_failed_attempt),
        cmocka_unit_test(session_recognises_a_running_stub),
        cmocka_unit_test(session_erases_the_whole_flash),
        cmocka_unit_test(connect_tells_why_nothing_answers),
        cmocka_unit_test(connect_blames_the_lines_where_they_are_bad),
        cmocka_unit_test(connect_hears_the_esp8266_at_its_own_rate),
        cmocka_unit_test(connect_knows_the_boot_mode_behind_a_long_log),
        cmocka_unit_test(connect_bears_a_deaf_board),
        cmocka_unit_test(connect_syncs_when_the_loader_says_that_it_waits),
        cmocka_unit_test(connect_needs_no_log),
        cmocka_unit_test(a_board_leaves_by_the_pulse_that_has_reset_it),
        cmocka_unit_test(identify_tells_a_flash_that_does_not_answer),
        cmocka_unit_test(verify_finds_a_bit_that_stays_1),
        cmocka_unit_test(verify_finds_a_protected_flash),
        cmocka_unit_test(protection_is_asked_on_the_way_of_the_stub),
        cmocka_unit_test(write_tells_a_pulled_cable_at_once),
        cmocka_unit_test(write_gives_up_on_a_board_that_hangs),
        cmocka_unit_test(the_first_words_of_a_board_that_loops_are_the_cause),
        cmocka_unit_test(write_stops_when_asked),
        cmocka_unit_test(baud_failure_is_told_and_cured_by_a_reset),
        cmocka_unit_test(a_new_rate_is_proved_by_the_next_question),
        cmocka_unit_test(a_new_rate_that_nothing_answers_at_is_no_rate),
        cmocka_unit_test(the_esp8266_comes_as_near_as_its_divider_can),
        cmocka_unit_test(a_stub_begins_at_the_rate_that_is_wanted),
        cmocka_unit_test(a_stub_that_is_not_heard_at_its_rate_is_told),
        cmocka_unit_test(identify_believes_no_wire_that_lies),
        cmocka_unit_test(noisy_lines_never_pass_a_wrong_flash),
        cmocka_unit_test(console_tells_a_blank_flash),
        cmocka_unit_test(console_tells_a_board_that_stays_in_its_loader),
        cmocka_unit_test(console_notes_words_beside_the_expected_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
