/*
 * Each call of the core by itself against a hostile chip, those of the hand tools too: it ends by
 * its deadline and tells the truth.
 *
 * An input is: the call, chip, kind of port; the rest is the far end's.
 */
#include "tests/fuzz/lib/far_end.h"

#include "core/board/board.h"
#include "core/flash/erase.h"
#include "core/flash/flash.h"
#include "core/flash/readflash.h"
#include "core/loader/console.h"
#include "core/loader/stub.h"
#include "tests/lib/make_image.h"

#include <stdlib.h>
#include <string.h>

static struct plan *plan;
static struct plan_variant *variant;

static void set_up(void)
{
    const struct image_recipe r = {
        .layout = MADE_LONG, .segments = 2, .segment_bytes = 10000, .digest = true
    };
    const struct plan_settings s = { .chip = chip_by_name("esp32"), .size = PLAN_SIZE_DETECT };
    struct err e = { 0 };
    if (plan)
        return;
    struct made_image made = make_image(&r);
    const struct plan_source sources[] = { { "boot", made.bytes, (uint32_t)made.size_bytes, 0x1000,
                                             false },
                                           { "data", made.bytes + 1, 999, 0x20000, false } };
    plan = plan_new(&s, sources, 2, &e);
    must(plan != NULL && plan_encode(plan, &e), "the plan of this test can be made");
    variant = plan_variant_new(plan, 4u << 20, &e);
    must(variant != NULL, "the plan of this test can be made");
    free(made.bytes);
}

/* ---- The calls ---- */

static void no_progress(void *ctx, uint32_t bytes)
{
    (void)ctx;
    (void)bytes;
}

static bool call_connect(struct loader *l, uint8_t how, struct err *e)
{
    return board_connect(l, how & 1 ? NULL : &reset_hard, how & 2 ? l->chip : NULL, e);
}

static bool call_identify(struct loader *l, uint8_t how, struct err *e)
{
    struct board board = { 0 };
    (void)how;
    if (!board_identify(l, &board, e))
        return false;
    must(board.chip != NULL, "who is identified has a chip");
    struct err refusal = { 0 };
    must_tell(board_gate(&board, plan, &refusal), &refusal);
    return board_attach_stub(l, &board, e);
}

static bool call_baud(struct loader *l, uint8_t how, struct err *e)
{
    return board_change_baud(l, how & 1 ? 921600 : 74880, e);
}

static bool call_stub(struct loader *l, uint8_t how, struct err *e)
{
    static uint8_t text[7000];
    const struct stub stub = { .name = "x",
                               .kind = &loader_stub,
                               .entry_addr = 0x400A8000,
                               .text = { text, how & 1 ? 7000 : 16, 0x400A8000 },
                               .data = { text, how & 2 ? 16 : 0, 0x3FFF0000 } };
    return stub_start(l, &stub, e);
}

static bool call_write(struct loader *l, uint8_t how, struct err *e)
{
    const struct flash_progress progress = { no_progress, NULL };
    return flash_write(l, plan_region(variant, how & 1), &progress, e);
}

static bool call_verify(struct loader *l, uint8_t how, struct err *e)
{
    const struct plan_region *r = plan_region(variant, how & 1);
    uint8_t md5[DIGEST_MD5_BYTES];
    struct flash_difference differs;
    if (!flash_md5(l, r, md5, e) || !flash_judge(l, r, md5, &differs, e))
        return false;
    must(memcmp(md5, r->md5, sizeof md5) == 0, "only the right digest is right");
    return true;
}

static bool call_set_size(struct loader *l, uint8_t how, struct err *e)
{
    return flash_set_size(l, how & 1 ? 0 : 4u << 20, e);
}

static bool call_erase_all(struct loader *l, uint8_t how, struct err *e)
{
    (void)how;
    return flash_erase_all(l, 4u << 20, e);
}

static bool call_erase(struct loader *l, uint8_t how, struct err *e)
{
    const struct erase_progress progress = { no_progress, NULL };
    uint32_t size_bytes = how & 1 ? 0x20000 : 0x3000;
    return erase_region(l, 0x10000, size_bytes, &progress, e) &&
           erase_prove(l, 0x10000, size_bytes, e);
}

struct taken {
    uint32_t bytes, at_most;
};

static bool take(void *ctx, const uint8_t *bytes, size_t n, struct err *e)
{
    struct taken *t = ctx;
    uint8_t sum = 0;
    for (size_t i = 0; i < n; i++)
        sum ^= bytes[i];
    t->bytes += (uint32_t)n;
    must(t->bytes <= t->at_most, "no more is read than asked for");
    return sum != 0x5A || err_set(e, ERR_STATION, "the disk is full");
}

static bool call_read(struct loader *l, uint8_t how, struct err *e)
{
    struct taken taken = { 0, how & 1 ? 9000 : 100 };
    const struct readflash_sink sink = { take, &taken };
    if (!readflash(l, how & 2 ? 0x20000 : 0x1000, taken.at_most, &sink, e))
        return false;
    must(taken.bytes == taken.at_most, "all is read that was asked for");
    return true;
}

static bool call_console(struct loader *l, uint8_t how, struct err *e)
{
    static const char *const reject[] = { "Guru", "abort()" };
    const struct console_check check = { how & 1 ? "ready" : NULL, reject, 2, 3000,
                                         how & 2 ? 115200 : 74880, NULL };
    char text[300];
    bool ok = console_check(l, &check, how & 4, text, sizeof text, e);
    must(memchr(text, '\0', sizeof text) != NULL, "what was heard is a text");
    return ok;
}

static bool call_leave(struct loader *l, uint8_t how, struct err *e)
{
    return how & 2 ? board_leave_by_watchdog(l, e) : board_leave(l, how & 1, e);
}

static bool call_unprotect(struct loader *l, uint8_t how, struct err *e)
{
    struct spiflash flash = { 0 };
    bool yes;
    return spiflash_wake(l, &yes, e) && spiflash_identify(l, &flash, e) &&
           spiflash_unprotect(l, how & 1 ? flash.id : 0x164020, e) &&
           spiflash_has_parameters(l, &yes, e);
}

static bool call_explain(struct loader *l, uint8_t how, struct err *e)
{
    err_set(e, how & 1 ? ERR_WRITE : ERR_STUB, "no reply");
    e->wire = ERR_TIMEOUT;
    board_explain_loss(l, e);
    return false;
}

typedef bool (*call)(struct loader *l, uint8_t how, struct err *e);

static const call calls[] = { call_connect, call_identify, call_baud,      call_stub,   call_write,
                              call_verify,  call_set_size, call_erase_all, call_erase,  call_read,
                              call_console, call_leave,    call_unprotect, call_explain };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static struct far_end far_end;
    static struct loader loader;
    const struct plan_variant *held;
    struct input in = { bytes, n };
    struct err e = { 0 };
    size_t number = input_byte(&in) % (sizeof calls / sizeof calls[0]);
    const struct chip *chip = chip_at(input_byte(&in) % chip_count());
    uint8_t how = input_byte(&in);
    unsigned caps = how & 128 ? 0 : PORT_BAUD | PORT_LINES;
    set_up();
    held = variant;
    far_end_init(&far_end, in, chip, caps, how & 64 ? (how & 32 ? 0x1001 : 2) : 0);
    far_end.variant = &held;
    loader_init(&loader, &far_end.port);
    if (number > 1)
        loader_set_chip(&loader, chip);
    if (how & 16)
        loader_set_kind(&loader, &loader_stub);
    loader.secured = (how & 24) == 8;
    must_tell(calls[number](&loader, how, &e), &e);
    return 0;
}
