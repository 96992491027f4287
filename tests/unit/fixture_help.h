/*
 * What the tests of the virtual boards share: a host with its own framing and a clock that jumps.
 * It follows the documents of the serial protocol, not the fixture's code.
 */
#ifndef TESTS_UNIT_FIXTURE_HELP_H
#define TESTS_UNIT_FIXTURE_HELP_H

#include "core/base/embedded.h"
#include "tests/fixture/chip_sim.h"
#include "tests/fixture/chip_sim_priv.h" /* the stub files' reader, the chip table */
#include "tests/fixture/sim_bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after those above, which it needs */
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#define MS 1000ULL

struct host {
    struct chip_sim *sim;
    uint64_t now_us;
    uint8_t heard[65536]; /* everything, oldest first */
    size_t heard_bytes, taken;
};

struct reply {
    bool found;
    uint8_t op;
    uint32_t value;
    uint8_t data[4200]; /* payload and status bytes */
    size_t bytes;
};

static inline struct host *host_with(struct chip_sim_config config)
{
    char why[200] = "";
    struct host *h = calloc(1, sizeof *h);
    assert_non_null(h);
    h->sim = chip_sim_new(&config, 0, why, sizeof why);
    if (!h->sim)
        fail_msg("%s", why);
    return h;
}

static inline struct host *host_new(const char *chip)
{
    struct chip_sim_config config = chip_sim_default_config();
    config.chip = chip;
    config.latency_us = 0;
    return host_with(config);
}

static inline void host_free(struct host *h)
{
    chip_sim_free(h->sim);
    free(h);
}

static inline void host_fault(struct host *h, const char *spec)
{
    char why[200] = "";
    if (!chip_sim_add_fault(h->sim, spec, h->now_us, why, sizeof why))
        fail_msg("%s", why);
}

static inline struct chip_sim_state host_state(const struct host *h)
{
    struct chip_sim_state state;
    chip_sim_get_state(h->sim, &state);
    return state;
}

static inline void host_listen(struct host *h)
{
    if (h->heard_bytes == sizeof h->heard) { /* forget what has been dealt with */
        memmove(h->heard, h->heard + h->taken, h->heard_bytes - h->taken);
        h->heard_bytes -= h->taken;
        h->taken = 0;
    }
    h->heard_bytes += chip_sim_read(h->sim, h->heard + h->heard_bytes,
                                    sizeof h->heard - h->heard_bytes, h->now_us);
}

/* Lets time pass from event to event. */
static inline void host_wait(struct host *h, uint64_t us)
{
    uint64_t until_us = h->now_us + us;
    while (h->now_us < until_us) {
        uint64_t next_us = chip_sim_next_event_us(h->sim);
        if (next_us <= h->now_us)
            next_us = h->now_us + 1;
        h->now_us = next_us < until_us ? next_us : until_us;
        host_listen(h);
    }
}

static inline void host_forget(struct host *h)
{
    host_listen(h);
    h->taken = h->heard_bytes;
}

static inline bool host_heard(const struct host *h, const char *text)
{
    return memmem(h->heard, h->heard_bytes, text, strlen(text)) != NULL;
}

static inline void host_raw(struct host *h, const void *bytes, size_t n)
{
    chip_sim_host_bytes(h->sim, bytes, n, h->now_us);
}

static inline void host_frame(struct host *h, const uint8_t *bytes, size_t n)
{
    uint8_t *wire = malloc(2 * n + 2);
    size_t k = 0;
    assert_non_null(wire);
    wire[k++] = 0xc0;
    for (size_t i = 0; i < n; i++) {
        if (bytes[i] == 0xc0 || bytes[i] == 0xdb) {
            wire[k++] = 0xdb;
            wire[k++] = bytes[i] == 0xc0 ? 0xdc : 0xdd;
        } else {
            wire[k++] = bytes[i];
        }
    }
    wire[k++] = 0xc0;
    host_raw(h, wire, k);
    free(wire);
}

static inline void host_send(struct host *h, uint8_t op, const void *data, size_t n, uint32_t check)
{
    uint8_t *frame = calloc(1, 8 + n);
    assert_non_null(frame);
    frame[1] = op;
    sim_put16(frame + 2, (uint32_t)n);
    sim_put32(frame + 4, check);
    if (n > 0)
        memcpy(frame + 8, data, n);
    host_frame(h, frame, 8 + n);
    free(frame);
}

/* The next whole frame among what has been heard; its length, 0 if there is none yet. */
static inline size_t host_take_frame(struct host *h, uint8_t *frame, size_t cap)
{
    size_t at = h->taken, n = 0;
    while (at < h->heard_bytes && h->heard[at] != 0xc0)
        at++;
    while (at < h->heard_bytes && h->heard[at] == 0xc0)
        at++;
    for (; at < h->heard_bytes && h->heard[at] != 0xc0; at++) {
        uint8_t byte = h->heard[at];
        if (byte == 0xdb) {
            if (++at == h->heard_bytes)
                return 0;
            byte = h->heard[at] == 0xdc ? 0xc0 : 0xdb;
        }
        if (n < cap)
            frame[n++] = byte;
    }
    if (at == h->heard_bytes)
        return 0;
    h->taken = at + 1;
    return n;
}

static inline size_t host_get_frame(struct host *h, uint8_t *frame, size_t cap, uint64_t within_us)
{
    uint64_t until_us = h->now_us + within_us;
    for (;;) {
        size_t n = host_take_frame(h, frame, cap);
        if (n > 0 || h->now_us >= until_us)
            return n;
        uint64_t next_us = chip_sim_next_event_us(h->sim);
        if (next_us <= h->now_us)
            next_us = h->now_us + 1;
        h->now_us = next_us < until_us ? next_us : until_us;
        host_listen(h);
    }
}

/* The next answer, to whatever command. */
static inline struct reply host_get(struct host *h, uint64_t within_us)
{
    uint8_t frame[4300];
    struct reply r = { .found = false };
    size_t n = host_get_frame(h, frame, sizeof frame, within_us);
    if (n < 8 || frame[0] != 1)
        return r;
    r.found = true;
    r.op = frame[1];
    r.value = sim_get32(frame + 4);
    r.bytes = n - 8;
    assert_int_equal(sim_get16(frame + 2), r.bytes);
    memcpy(r.data, frame + 8, r.bytes);
    return r;
}

static inline struct reply host_command(struct host *h, uint8_t op, const void *data, size_t n)
{
    host_send(h, op, data, n, 0);
    return host_get(h, 100000 * MS);
}

/* Words as the data of a command. */
#define WORDS(...)                                                                                 \
    (const uint32_t[])                                                                             \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }
static inline struct reply host_words(struct host *h, uint8_t op, const uint32_t *word,
                                      size_t count)
{
    uint8_t data[64];
    assert_true(count * 4 <= sizeof data);
    for (size_t i = 0; i < count; i++)
        sim_put32(data + 4 * i, word[i]);
    return host_command(h, op, data, 4 * count);
}

static inline struct reply host_block(struct host *h, uint8_t op, uint32_t sequence,
                                      const uint8_t *bytes, size_t n)
{
    uint8_t *data = calloc(1, 16 + n), sum = 0xef;
    assert_non_null(data);
    sim_put32(data, (uint32_t)n);
    sim_put32(data + 4, sequence);
    memcpy(data + 16, bytes, n);
    for (size_t i = 0; i < n; i++)
        sum ^= bytes[i];
    host_send(h, op, data, 16 + n, sum);
    free(data);
    return host_get(h, 100000 * MS);
}

static inline void host_lines(struct host *h, bool dtr, bool rts)
{
    chip_sim_lines(h->sim, dtr, rts, h->now_us);
}

/* D0 R1 W0.1 D1 R0 W D0, one line after the other. */
static inline void host_classic_reset(struct host *h, uint64_t delay_us)
{
    host_lines(h, false, false);
    host_lines(h, false, true);
    host_wait(h, 100 * MS);
    host_lines(h, true, true);
    host_lines(h, true, false);
    host_wait(h, delay_us);
    host_lines(h, false, false);
}

static inline void host_hard_reset(struct host *h)
{
    host_lines(h, false, true);
    host_wait(h, 100 * MS);
    host_lines(h, false, false);
}

static inline void host_send_sync(struct host *h)
{
    uint8_t data[36] = { 0x07, 0x07, 0x12, 0x20 };
    memset(data + 4, 0x55, 32);
    host_send(h, 0x08, data, sizeof data, 0);
}

/* Resets into the loader and synchronises; all eight answers are taken. */
static inline void host_connect(struct host *h)
{
    host_classic_reset(h, 50 * MS);
    host_forget(h);
    host_send_sync(h);
    for (int i = 0; i < 8; i++) {
        struct reply r = host_get(h, 100 * MS);
        assert_true(r.found);
        assert_int_equal(r.op, 0x08);
        assert_int_equal(r.value, 0x20120707);
    }
}

static inline bool have_stubs(void)
{
    return stub_files_count > 0;
}

static inline void host_load_ram(struct host *h, uint32_t addr, const uint8_t *bytes, size_t n)
{
    uint32_t blocks = (uint32_t)(n + 0x17ff) / 0x1800;
    struct reply r = host_words(h, 0x05, WORDS((uint32_t)n, blocks, 0x1800, addr), 4);
    assert_int_equal(r.data[0], 0);
    for (uint32_t i = 0; i < blocks; i++) {
        size_t at = i * 0x1800u, k = n - at < 0x1800 ? n - at : 0x1800;
        r = host_block(h, 0x07, i, bytes + at, k);
        assert_true(r.found);
        assert_int_equal(r.data[0], 0);
    }
}

/* Uploads the stub of the chip and waits for its greeting. */
static inline void host_start_stub(struct host *h, const char *file_name)
{
    struct sim_stub_file f = { 0 };
    uint8_t hello[16];
    assert_true(sim_stub_file_load(&f, file_name));
    host_load_ram(h, f.text_start, f.text, f.text_bytes);
    host_load_ram(h, f.data_start, f.data, f.data_bytes);
    struct reply r = host_words(h, 0x06, WORDS(0, f.entry), 2);
    assert_int_equal(r.data[0], 0);
    assert_int_equal(host_get_frame(h, hello, sizeof hello, 3000 * MS), 4);
    assert_memory_equal(hello, "OHAI", 4);
    sim_stub_file_done(&f);
}

/* A board that runs its stub. */
static inline struct host *host_with_stub(void)
{
    struct host *h = host_new("esp32");
    host_connect(h);
    host_start_stub(h, "esp32.json");
    return h;
}

#define SKIP_WITHOUT_STUBS()                                                                       \
    do {                                                                                           \
        if (!have_stubs())                                                                         \
            skip();                                                                                \
    } while (0)

static inline void assert_status(struct reply r, uint8_t op, uint8_t first, uint8_t second)
{
    assert_true(r.found);
    assert_int_equal(r.op, op);
    assert_true(r.bytes >= 2);
    assert_int_equal(r.data[0], first);
    assert_int_equal(r.data[1], second);
}

static inline void fill_pattern(uint8_t *bytes, size_t n, uint64_t seed)
{
    for (size_t i = 0; i < n; i++)
        bytes[i] = (uint8_t)(sim_random(&seed) >> 13);
}

static inline void assert_flash(const struct host *h, uint32_t addr, const uint8_t *bytes, size_t n)
{
    uint8_t *have = malloc(n);
    assert_non_null(have);
    assert_true(chip_sim_flash_read(h->sim, addr, have, n));
    assert_memory_equal(have, bytes, n);
    free(have);
}

#endif
