/*
 * Replays tests/data/protocol: what the station must send, what loaders answered, what must come of
 * it. The format is explained in tests/data/protocol/README. Each case runs twice, with reads as
 * large as they come and with one byte at a time.
 */
#include "core/board/board.h"
#include "core/flash/flash.h"
#include "core/loader/loader.h"
#include "core/loader/stub.h"
#include "tests/lib/script_port.h"
#include "tests/lib/test.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#define FOLDER     "tests/data/protocol"
#define LINE_BYTES 2048
#define BLOCKS_MAX 8

struct replay {
    const char *file;
    unsigned line;
    struct fake_clock clock;
    struct script_port script;
    struct loader loader;
    char call[LINE_BYTES];
    unsigned calls;
};

static void fail_at(const struct replay *r, const char *what, const char *detail)
{
    fail_msg("%s:%u: %s: %s", r->file, r->line, what, detail);
}

/* ---- The calls a case can make; each puts its result into words ---- */

typedef bool call(struct replay *r, const uint32_t *args, char *result, size_t cap, struct err *e);

static bool call_sync(struct replay *r, const uint32_t *args, char *result, size_t cap,
                      struct err *e)
{
    (void)args;
    bool ok = loader_sync(&r->loader, e);
    snprintf(result, cap, "%s", r->loader.kind->word);
    return ok;
}

static bool call_connect(struct replay *r, const uint32_t *args, char *result, size_t cap,
                         struct err *e)
{
    (void)args;
    bool ok = board_connect(&r->loader, NULL, r->loader.chip, e);
    snprintf(result, cap, "%s", r->loader.kind->word);
    return ok;
}

static bool call_read_reg(struct replay *r, const uint32_t *args, char *result, size_t cap,
                          struct err *e)
{
    uint32_t value = 0;
    bool ok = loader_read_reg(&r->loader, args[0], &value, e);
    snprintf(result, cap, "%08x", value);
    return ok;
}

static bool call_write_reg(struct replay *r, const uint32_t *args, char *result, size_t cap,
                           struct err *e)
{
    snprintf(result, cap, "written");
    return loader_write_reg(&r->loader, args[0], args[1], e);
}

static bool call_probe_reg(struct replay *r, const uint32_t *args, char *result, size_t cap,
                           struct err *e)
{
    uint32_t value = 0;
    bool known = false;
    bool ok = loader_probe_reg(&r->loader, args[0], &value, &known, e);
    snprintf(result, cap, known ? "%08x" : "unknown", value);
    return ok;
}

static bool call_security_info(struct replay *r, const uint32_t *args, char *result, size_t cap,
                               struct err *e)
{
    struct security_info info;
    bool known = false;
    (void)args;
    bool ok = loader_security_info(&r->loader, &info, &known, e);
    if (!known)
        snprintf(result, cap, "unknown");
    else if (info.has_chip_id)
        snprintf(result, cap, "flags %x crypt %u id %u", info.flags, info.crypt_count,
                 info.chip_id);
    else
        snprintf(result, cap, "flags %x crypt %u", info.flags, info.crypt_count);
    return ok;
}

static bool call_begin(struct replay *r, const uint32_t *args, char *result, size_t cap,
                       struct err *e)
{
    snprintf(result, cap, "begun");
    const struct loader_begin b = { args[0] != 0, args[1], args[2], args[3], args[4], 3000 };
    return loader_flash_begin(&r->loader, &b, e);
}

static bool call_attach(struct replay *r, const uint32_t *args, char *result, size_t cap,
                        struct err *e)
{
    snprintf(result, cap, "attached");
    return loader_spi_attach(&r->loader, args[0], e);
}

static bool call_set_size(struct replay *r, const uint32_t *args, char *result, size_t cap,
                          struct err *e)
{
    snprintf(result, cap, "set");
    return flash_set_size(&r->loader, args[0], e);
}

static bool call_md5(struct replay *r, const uint32_t *args, char *result, size_t cap,
                     struct err *e)
{
    uint8_t md5[LOADER_MD5_BYTES] = { 0 };
    char text[2 * LOADER_MD5_BYTES + 1];
    bool ok = loader_md5(&r->loader, args[0], args[1], 3000, md5, e);
    digest_hex(md5, sizeof md5, text);
    snprintf(result, cap, "%s", text);
    return ok;
}

static bool call_baud(struct replay *r, const uint32_t *args, char *result, size_t cap,
                      struct err *e)
{
    bool ok = loader_change_baud(&r->loader, args[0], args[1], e);
    snprintf(result, cap, "%u", r->script.port.baud);
    return ok;
}

static bool call_leave(struct replay *r, const uint32_t *args, char *result, size_t cap,
                       struct err *e)
{
    snprintf(result, cap, "left");
    return board_leave(&r->loader, args[0] != 0, e);
}

static bool call_start_stub(struct replay *r, const uint32_t *args, char *result, size_t cap,
                            struct err *e)
{
    uint8_t text[8] = { 1, 2, 3, 4, 5, 6, 7, 8 }, data[4] = { 9, 10, 11, 12 };
    const struct stub s = { .kind = &loader_stub,
                            .entry_addr = args[0],
                            .text = { text, sizeof text, args[0] },
                            .data = { data, sizeof data, args[1] } };
    bool ok = stub_start(&r->loader, &s, e);
    snprintf(result, cap, "%s", r->loader.kind->word);
    return ok;
}

static void no_progress(void *ctx, uint32_t flash_bytes_done)
{
    *(uint32_t *)ctx = flash_bytes_done;
}

/* Writes args[1] blocks of four bytes to args[0]: 00 00 00 00, 01 01 01 01, ... */
static bool call_write(struct replay *r, const uint32_t *args, char *result, size_t cap,
                       struct err *e)
{
    uint8_t bytes[64 * BLOCKS_MAX];
    size_t at[BLOCKS_MAX + 1] = { 0 };
    uint32_t flash_bytes[BLOCKS_MAX], done = 0;
    struct plan_frames f = { .command = CMD_FLASH_DATA,
                             .block_bytes = 4,
                             .count = args[1],
                             .bytes = bytes,
                             .at = at,
                             .flash_bytes = flash_bytes };
    struct plan_region region = { .name = "app", .addr = args[0], .size_bytes = 4 * args[1] };
    const struct flash_progress progress = { no_progress, &done };
    assert_true(args[1] <= BLOCKS_MAX);
    for (uint32_t i = 0; i < f.count; i++) {
        uint8_t block[4];
        memset(block, (int)i, sizeof block);
        flash_bytes[i] = 4;
        at[i + 1] = at[i] + packet_encode_block(bytes + at[i], sizeof bytes - at[i], f.command, i,
                                                block, sizeof block);
    }
    region.frames[FRAMES_STUB] = region.frames[FRAMES_ROM] = f;
    bool ok = flash_write(&r->loader, &region, &progress, e) && flash_settle(&r->loader, e);
    snprintf(result, cap, "%u bytes", done);
    return ok;
}

static const struct {
    const char *name;
    call *run;
    size_t args;
} calls[] = {
    { "sync", call_sync, 0 },
    { "connect", call_connect, 0 },
    { "read_reg", call_read_reg, 1 },
    { "write_reg", call_write_reg, 2 },
    { "probe_reg", call_probe_reg, 1 },
    { "security_info", call_security_info, 0 },
    { "begin", call_begin, 5 },
    { "attach", call_attach, 1 },
    { "set_size", call_set_size, 1 },
    { "md5", call_md5, 2 },
    { "baud", call_baud, 2 },
    { "leave", call_leave, 1 },
    { "start_stub", call_start_stub, 2 },
    { "write", call_write, 2 },
};

/* ---- Reading a case ---- */

static size_t read_hex(const struct replay *r, const char *text, uint8_t *bytes, size_t cap)
{
    size_t n = 0;
    for (const char *p = text;;) {
        char *end;
        p += strspn(p, " ");
        if (*p == '\0' || *p == '#')
            return n;
        unsigned long v = strtoul(p, &end, 16);
        if (end != p + 2 || v > 0xFF || n == cap)
            fail_at(r, "not a byte", p);
        bytes[n++] = (uint8_t)v;
        p = end;
    }
}

static void set_up(struct replay *r, const char *key, const char *value)
{
    if (strcmp(key, "chip") == 0) {
        loader_set_chip(&r->loader, chip_by_name(value));
        if (!r->loader.chip && strcmp(value, "none") != 0)
            fail_at(r, "no such chip", value);
    } else if (strcmp(key, "loader") == 0 && strcmp(value, "rom") == 0) {
        loader_set_rom(&r->loader);
    } else if (strcmp(key, "loader") == 0) {
        bool legacy = strcmp(value, "legacy") == 0;
        loader_set_kind(&r->loader, legacy ? &loader_stub_legacy : &loader_stub);
    } else if (strcmp(key, "lines") == 0) {
        r->script.port.caps = PORT_BAUD;
    } else {
        fail_at(r, "unknown word", key);
    }
}

static void run_call(struct replay *r, char *result, size_t cap)
{
    char name[32] = "";
    uint32_t args[5] = { 0 };
    char *p = r->call + strcspn(r->call, " ");
    snprintf(name, sizeof name, "%.*s", (int)(p - r->call), r->call);
    for (size_t i = 0; i < COUNT_OF(calls); i++) {
        struct err e = { 0 };
        char value[200] = "";
        if (strcmp(name, calls[i].name) != 0)
            continue;
        for (size_t k = 0; k < calls[i].args; k++)
            args[k] = (uint32_t)strtoul(p, &p, 0);
        if (calls[i].run(r, args, value, sizeof value, &e))
            snprintf(result, cap, "ok %s", value);
        else
            snprintf(result, cap, "%s: %s", err_word(e.code), e.what);
        return;
    }
    fail_at(r, "unknown call", name);
}

static void judge_call(struct replay *r, const char *expected)
{
    char result[LINE_BYTES];
    run_call(r, result, sizeof result);
    if (!script_played(&r->script))
        fail_at(r, "the script was not played", r->script.trouble);
    if (strcmp(result, expected) != 0)
        fail_at(r, expected, result);
    r->calls++;
    r->call[0] = '\0';
}

/* "<", "<20ms": when the bytes come, counted from what was before them. */
static void add_answer(struct replay *r, char *text)
{
    uint8_t bytes[LINE_BYTES / 3];
    char *end = text;
    unsigned long after_ms = *text == ' ' ? 1 : strtoul(text, &end, 10);
    if (*text != ' ' && strncmp(end, "ms ", 3) != 0)
        fail_at(r, "no time", text);
    text = *text == ' ' ? text : end + 3;
    if (strcmp(text + strspn(text, " "), "gone") == 0)
        script_gone(&r->script, after_ms * 1000);
    else
        script_give(&r->script, after_ms * 1000, bytes, read_hex(r, text, bytes, sizeof bytes));
}

static void take_line(struct replay *r, char *line)
{
    uint8_t bytes[LINE_BYTES / 3];
    line[strcspn(line, "\n")] = '\0';
    if (line[0] == '\0' || line[0] == '#')
        return;
    if (line[0] == '>') {
        script_expect(&r->script, bytes, read_hex(r, line + 1, bytes, sizeof bytes));
    } else if (line[0] == '<') {
        add_answer(r, line + 1);
    } else if (line[0] == '=') {
        judge_call(r, line + 2);
    } else if (strncmp(line, "baud ", 5) == 0) {
        script_expect_baud(&r->script, (uint32_t)strtoul(line + 5, NULL, 10));
    } else if (strncmp(line, "call ", 5) == 0) {
        snprintf(r->call, sizeof r->call, "%s", line + 5);
    } else {
        char *value = line + strcspn(line, " ");
        if (*value)
            *value++ = '\0';
        set_up(r, line, value);
    }
}

static void replay_case(const char *file, size_t read_at_most)
{
    char path[512], line[LINE_BYTES];
    struct replay r = { .file = file };
    snprintf(path, sizeof path, "%s/%s", FOLDER, file);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    fake_clock_init(&r.clock);
    script_port_init(&r.script, &r.clock);
    r.script.read_at_most = read_at_most;
    loader_init(&r.loader, &r.script.port);
    loader_set_chip(&r.loader, chip_by_name("esp32"));
    while (fgets(line, sizeof line, f)) {
        r.line++;
        take_line(&r, line);
    }
    fclose(f);
    if (r.calls == 0 || r.call[0])
        fail_at(&r, "ends without a result", r.call);
    script_port_done(&r.script);
}

static size_t replay_all(size_t read_at_most)
{
    size_t n = 0;
    DIR *dir = opendir(FOLDER);
    assert_non_null(dir);
    for (struct dirent *d = readdir(dir); d; d = readdir(dir)) {
        const char *dot = strrchr(d->d_name, '.');
        if (!dot || strcmp(dot, ".case") != 0)
            continue;
        replay_case(d->d_name, read_at_most);
        n++;
    }
    closedir(dir);
    return n;
}

static void protocol_cases_replay(void **state)
{
    (void)state;
    assert_true(replay_all(0) >= 20);
}

static void protocol_cases_replay_byte_by_byte(void **state)
{
    (void)state;
    assert_true(replay_all(1) >= 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(protocol_cases_replay),
        cmocka_unit_test(protocol_cases_replay_byte_by_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
