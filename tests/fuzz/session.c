/*
 * Whole attempts against a hostile chip: reset, sync, identify, gate, stub, rate, write, verify,
 * leave, boot check. Each ends by itself, tells the truth about how, and says PASS for proved bytes
 * alone.
 *
 * An input is: chip, recipe, kind of port and of attempt; the rest is the far end's.
 */
#include "tests/fuzz/lib/far_end.h"

#include "station/attempt/attempt.h"
#include "tests/lib/make_image.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHIPS = 8, STYLES = 4 };

static const char *const chips[CHIPS] = { "esp32",   "esp8266", "esp32c3", "esp32s3",
                                          "esp32s2", "esp32c6", "esp32p4", "esp32c2" };

/* ---- Recipes, each made when it is first needed ---- */

static void put_images(const struct chip *chip)
{
    const struct image_recipe r = { .layout =
                                        chip->flags & CHIP_SHORT_HEADER ? MADE_SHORT : MADE_LONG,
                                    .segments = 1,
                                    .segment_bytes = 3000,
                                    .size_code = 2,
                                    .chip_id = chip->image_id,
                                    .max_revision = 0xFFFF,
                                    .digest = true };
    struct made_image boot = make_image(&r);
    put_file("boot.bin", boot.bytes, boot.size_bytes);
    free(boot.bytes);
    char noise[5000];
    for (size_t i = 0; i < sizeof noise; i++)
        noise[i] = (char)(i * i >> 3);
    put_file("data.bin", noise, sizeof noise);
}

static struct job *make_job(size_t chip_number, size_t style)
{
    static const char *const styles[STYLES] = { "verify: md5\n",
                                                "erase: all\nboot: { expect: ready, reject: "
                                                "[Guru], within_ms: 2000 }\n",
                                                "loader: rom\nverify: none\nflash: { size: keep "
                                                "}\nboot: { reject: [Guru] }\n",
                                                "port: { baud: 460800, fallback: [], reset: "
                                                "\"D0|R1|W0.1|D1|R0|W0.05|D0\",\n"
                                                "        after: \"R1|W0.2|R0\" }\nencrypted: "
                                                "plain\nflash: { size: 4MB }\n" };
    static struct doc_report report;
    const struct chip *chip = chip_by_name(chips[chip_number]);
    struct err e = { 0 };
    char text[600];
    enter_folder();
    put_images(chip);
    snprintf(text, sizeof text,
             "recipe: fuzz\nchip: %s\nimages:\n  - { file: boot.bin, offset: 0x%x }\n"
             "  - { file: data.bin, offset: 0x20000 }\n%s",
             chips[chip_number], chip->boot_addr, styles[style]);
    put_file("recipe.yaml", text, strlen(text));
    struct job *job = job_new("recipe.yaml", NULL, &report, &e);
    if (!job)
        fprintf(stderr, "%s; %s\n", e.what, report.mistakes[0].sentence);
    must(job != NULL, "the recipe of this test can be loaded");
    /* Its thread is done then: it must not outlive the libraries at the end of this process. */
    must(job_variant(job, 4u << 20, &e) != NULL, "the plan of this test can be made");
    return job;
}

static struct job *job_of(uint8_t number)
{
    static struct job *jobs[CHIPS][STYLES];
    size_t chip = number % CHIPS, style = number / CHIPS % STYLES;
    if (!jobs[chip][style])
        jobs[chip][style] = make_job(chip, style);
    return jobs[chip][style];
}

/* ---- Watching ---- */

struct watched {
    enum phase phase;
    bool refuse;
};

static void watch_phase(void *ctx, enum phase phase)
{
    struct watched *w = ctx;
    w->phase = phase;
}

static void watch_progress(void *ctx, uint64_t bytes_done, uint64_t bytes_total)
{
    (void)ctx;
    must(bytes_done <= bytes_total, "no more is done than there is to do");
}

static bool watch_board(void *ctx, const struct board *board, bool fits, struct loader *l,
                        struct err *e)
{
    (void)l;
    (void)fits;
    const struct watched *w = ctx;
    char mac[BOARD_MAC_TEXT_BYTES];
    board_mac_text(&board->mac, mac);
    return !w->refuse || err_set(e, ERR_DUPLICATE, "seen before");
}

/* ---- What must hold ---- */

static void must_be_proved(const struct attempt_result *r, size_t image_count)
{
    for (size_t i = 0; i < image_count; i++) {
        const struct attempt_digest *d = &r->digests[i];
        must(d->read &&
                 memcmp(d->read_md5, plan_region(r->variant, i)->md5, sizeof d->read_md5) == 0,
             "PASS is for proved bytes alone");
    }
}

static void must_be_true(const struct attempt_result *r, const struct attempt_setup *setup)
{
    const struct recipe *recipe = job_recipe(setup->job);
    must_tell(r->ok, &r->err);
    must(r->err.code != ERR_STATION && r->err.code != ERR_USAGE && r->err.code != ERR_DATABASE,
         "a board's failure is not the station's");
    must(memchr(r->console, '\0', sizeof r->console) != NULL, "what was heard is a text");
    if (setup->kind == ATTEMPT_VERIFY)
        must(r->bytes_written == 0 && r->state != BOARD_HALF_WRITTEN, "looking changes nothing");
    if (!r->ok)
        return;
    must(r->identified && r->variant && r->state >= BOARD_WRITTEN, "PASS has a board");
    if (recipe->verify == RECIPE_VERIFY_MD5 || setup->kind == ATTEMPT_VERIFY)
        must_be_proved(r, job_image_count(setup->job));
    must(!recipe->boot.asked || !recipe->boot.expect || r->state == BOARD_RUNNING,
         "PASS has heard what it waited for");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static const uint16_t usb_ids[] = { 0, 0x1001, 0x0002, 0 };
    static struct far_end far_end;
    static struct attempt_result result;
    struct input in = { bytes, n };
    struct job *job = job_of(input_byte(&in));
    uint8_t how = input_byte(&in);
    unsigned caps = how & 1 ? 0 : PORT_BAUD | PORT_LINES | (how & 2 ? PORT_LINES_TOGETHER : 0u);
    struct watched watched = { .refuse = (how & 0xF0) == 0xF0 };
    const struct attempt_watch watch = {
        .phase = watch_phase, .progress = watch_progress, .board = watch_board, .ctx = &watched
    };
    struct reset_sequence custom, after;
    const struct reset_sequence *resets[RESET_CHOICES_MAX];
    const struct recipe *recipe = job_recipe(job);
    struct err e = { 0 };

    far_end_init(&far_end, in, recipe->chip, caps, usb_ids[how >> 2 & 3]);
    far_end.variant = &result.variant;
    bool leaves_so = recipe->port.after == RECIPE_AFTER_CUSTOM && caps &&
                     reset_parse(recipe->port.after_text, &after, &e);
    const struct attempt_setup setup = {
        .job = job,
        .kind = how & 16 ? ATTEMPT_VERIFY : ATTEMPT_FLASH,
        .reset =
            reset_choices(&far_end.port, recipe->chip, recipe->port.reset_text, &custom, resets) > 0
                ? resets[0]
                : NULL,
        .after = leaves_so ? &after : NULL,
        .baud = recipe->port.baud,
        .use_rom = how & 32,
        .careful = how & 64,
        .watch = &watch,
    };
    must(attempt_run(&setup, &far_end.port, &result) == result.ok,
         "the result is what is returned");
    must_be_true(&result, &setup);
    return 0;
}
