/* espstation check: the plan of a recipe; no port is touched. */
#include "station/cli/option_rows.h"

#include "core/base/clock.h"
#include "core/board/board.h"
#include "core/images/forecast.h"
#include "station/attempt/job.h"
#include "station/cli/fuse_plan_print.h"
#include "station/line/unit_supply.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint32_t rates[] = { 115200, 230400, 460800, 921600, 2000000 };

static void print_head(const struct job *job)
{
    const struct recipe *r = job_recipe(job);
    char sha256[2 * DIGEST_SHA256_BYTES + 1];
    digest_hex(r->sha256, DIGEST_SHA256_BYTES, sha256);
    printf("%s %s for %s\nrecipe   %s\nsha256   %s\n", r->name, r->version, r->chip->name, r->path,
           sha256);
    printf("verify   %s\nerase    %s\nloader   %s\n", recipe_word(RECIPE_KEY_VERIFY, r->verify),
           recipe_word(RECIPE_KEY_ERASE, r->erase), job_stub(job) ? "flasher stub" : "ROM");
}

/* As a board without secrets is written; `why` as of board_bears_baud. */
static uint32_t baud_used(const struct job *job, uint32_t asked, char why[BOARD_BAUD_WHY_BYTES])
{
    const struct chip *c = job_recipe(job)->chip;
    const struct stub *stub = job_stub(job);
    return board_bears_baud(c, stub ? stub->kind : c->rom, asked, why, BOARD_BAUD_WHY_BYTES);
}

static void print_baud(const struct job *job)
{
    char why[BOARD_BAUD_WHY_BYTES];
    uint32_t baud = baud_used(job, job_recipe(job)->port.baud, why);
    printf("baud     %u%s%s\n", baud, why[0] ? ": " : "", why);
}

static const char *size_word(const struct recipe *r, char *text, size_t cap)
{
    if (r->flash.size != RECIPE_SIZE_GIVEN)
        return recipe_word(RECIPE_KEY_FLASH_SIZE, r->flash.size);
    snprintf(text, cap, "%u KB", r->flash.size_bytes / 1024);
    return text;
}

static void print_flash(const struct job *job)
{
    const struct recipe *r = job_recipe(job);
    char size[24], freq[24] = "keep";
    if (r->flash.freq_mhz != 0)
        snprintf(freq, sizeof freq, "%u MHz", r->flash.freq_mhz);
    printf("flash    size %s, mode %s, frequency %s; at least %u KB needed\n",
           size_word(r, size, sizeof size), recipe_word(RECIPE_KEY_FLASH_MODE, r->flash.mode), freq,
           (plan_needs_bytes(job_plan(job)) + 1023) / 1024);
}

/* In a merged file there may be several. */
static void print_apps(const struct plan *plan, size_t source)
{
    for (size_t i = 0; i < plan_part_count(plan); i++) {
        const struct plan_part *part = plan_part(plan, i);
        if (part->source != source || !part->image.has_app)
            continue;
        printf("  %43s application %s %s", "", part->image.app_project, part->image.app_version);
        if (part->at > 0)
            printf(", at 0x%x", part->addr);
        putchar('\n');
    }
}

/* Whose signatures there are, as fuses hold the digests of their keys. */
static void print_signatures(const struct plan *plan, size_t source)
{
    for (size_t i = 0; i < plan_part_count(plan); i++) {
        const struct plan_part *part = plan_part(plan, i);
        for (size_t k = 0; part->source == source && k < part->image.keys.count; k++) {
            const struct signature_key *key = &part->image.keys.keys[k];
            char digest[2 * SIGNATURE_DIGEST_BYTES + 1];
            digest_hex(key->digest, SIGNATURE_DIGEST_BYTES, digest);
            printf("  %43s signed, %s, key %s\n", "", signature_scheme_word(key->scheme), digest);
        }
    }
}

static void print_images(const struct job *job, const struct plan_variant *variant)
{
    printf("\n  %-10s %-10s %9s %9s  %-32s  %s\n", "offset", "end", "bytes", "on wire", "md5",
           "file");
    for (size_t i = 0; i < job_image_count(job); i++) {
        const struct plan_region *region = plan_region(variant, i);
        char md5[2 * DIGEST_MD5_BYTES + 1];
        digest_hex(region->md5, DIGEST_MD5_BYTES, md5);
        printf("  0x%08x 0x%08x %9u %9llu  %s  %s%s\n", region->offset_addr,
               region->addr + region->size_bytes - 1, job_image(job, i)->size_bytes,
               (unsigned long long)plan_frames_wire_bytes(&region->frames[FRAMES_STUB]), md5,
               region->name, region->patched ? " (header patched)" : "");
        print_apps(job_plan(job), i);
        print_signatures(job_plan(job), i);
    }
}

/* Whether the real place `path` lies in the real folder `folder` or below it. */
static bool is_below(const char *path, const char *folder)
{
    size_t n = strlen(folder);
    return strncmp(path, folder, n) == 0 && (path[n] == '/' || folder[n - 1] == '/');
}

/* A recipe from elsewhere may name any file that its reader may read; here it shows. */
static void print_places(const struct recipe *r)
{
    char folder[PATH_MAX], place[PATH_MAX], real[PATH_MAX];
    const char *slash = strrchr(r->path, '/');
    if (snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - r->path) + 1 : 1,
                 slash ? r->path : ".") >= (int)sizeof folder ||
        !realpath(folder, real))
        return;
    for (size_t i = 0; i < r->image_count; i++) {
        if (realpath(r->images[i].path, place) && !is_below(place, real))
            cmd_tell("note     %s lies outside of the recipe's folder: %s", r->images[i].file,
                     place);
    }
}

/* ---- A unit that could be ---- */

static void print_values(const struct unit *u, char *const *texts)
{
    char form[UNIT_FORM_CAP];
    for (size_t i = 0; i < u->value_count; i++) {
        const struct unit_value *v = &u->values[i];
        const char *const serial = i == u->serial_index ? "  (the serial)" : "";
        unit_form_text(v, form);
        if (v->from == UNIT_FROM_SCAN)
            cmd_tell("  %-16s %-8s (%s%s)%s", v->name, unit_from_words[v->from], form,
                     v->secret == UNIT_TRUE ? ", secret" : "", serial);
        else
            cmd_tell("  %-16s %-8s %s%s", v->name, unit_from_words[v->from],
                     v->secret == UNIT_TRUE ? "(secret)" : texts[i], serial);
    }
}

static void print_pools(const struct job_unit *ju)
{
    for (size_t i = 0; i < ju->unit->pool_count; i++)
        cmd_tell("  pool %-11s %zu %s in %s", ju->unit->pools[i].name, pool_count(ju->pools[i]),
                 ju->unit->pools[i].file ? "rows" : "files",
                 ju->unit->pools[i].file ? ju->unit->pools[i].file : ju->unit->pools[i].folder);
}

static bool print_unit(const struct job *job, struct err *e)
{
    const struct job_unit *ju = job_unit(job);
    char *texts[UNIT_VALUES_MAX];
    size_t rows[UNIT_POOLS_MAX];
    if (!ju->unit->asked)
        return true;
    bool ok = job_unit_example(ju, clock_system.utc_ms(&clock_system), texts, rows);
    if (ok) {
        printf("\nEach board gets its own; for example:\n");
        print_values(ju->unit, texts);
        print_pools(ju);
    }
    for (size_t i = 0; ok && i < ju->unit->image_count; i++)
        cmd_tell("  image at 0x%08x, %u bytes: %s%s", ju->places[i].addr, ju->places[i].size_bytes,
                 ju->places[i].label,
                 ju->unit->images[i].encrypt == UNIT_PLAIN ? "" : ", encrypted");
    for (size_t i = 0; i < UNIT_VALUES_MAX; i++)
        unit_wipe(texts[i], texts[i] ? strlen(texts[i]) : 0);
    return ok || err_set(e, ERR_STATION, "Out of memory for an example");
}

static double forecast_s(const struct plan_variant *variant, size_t images, uint32_t baud,
                         bool verify)
{
    uint64_t us = FORECAST_OVERHEAD_US;
    for (size_t i = 0; i < images; i++) {
        const struct plan_region *r = plan_region(variant, i);
        us += forecast_write_us(r, &r->frames[FRAMES_STUB], baud) +
              (verify ? forecast_md5_us(r->size_bytes) : 0);
    }
    return (double)us / 1e6;
}

/* What is filled up is flash, too: to a word, and from the sector's start; and a loader takes whole
 * blocks. A share of either says something of images that are larger than that alone. */
static void print_sums(const struct job *job, const struct plan_variant *variant)
{
    const uint64_t flash = plan_variant_bytes(variant), wire = plan_variant_wire_bytes(variant);
    uint64_t images = 0;
    for (size_t i = 0; i < job_image_count(job); i++)
        images += job_image(job, i)->size_bytes;
    printf("\n%llu bytes of flash", (unsigned long long)flash);
    if (flash > 2 * images)
        printf(" for %llu of images", (unsigned long long)images);
    printf(", %llu on the wire", (unsigned long long)wire);
    if (flash <= 2 * images && wire <= 2 * flash)
        printf(" (%llu %%)", (unsigned long long)(wire * 100 / flash));
    printf(". Expected seconds for a board:\n ");
}

/* No board is written at more than its loader bears. */
static void print_forecast(const struct job *job, const struct plan_variant *variant)
{
    const bool verify = job_recipe(job)->verify == RECIPE_VERIFY_MD5;
    char why[BOARD_BAUD_WHY_BYTES];
    uint32_t before = 0;
    print_sums(job, variant);
    for (size_t i = 0; i < sizeof rates / sizeof rates[0]; i++) {
        const uint32_t baud = baud_used(job, rates[i], why);
        if (baud != before)
            printf("%s  %.1f at %u", before == 0 ? "" : ",",
                   forecast_s(variant, job_image_count(job), baud, verify), baud);
        before = baud;
    }
    putchar('\n');
}

/* Boards that are not blank get less: espstation fuses plan. */
static void print_fuses(const struct job *job)
{
    const struct job_security *s = job_security(job);
    if (!job_security_asked(s))
        return;
    printf("\nFuses of a blank %s, in this order (of a board: espstation fuses plan RECIPE):\n",
           job_recipe(job)->chip->name);
    fuse_plan_print(stdout, job_security_plan(s));
    printf(
        "  They are burnt by espstation run --burn; nothing of this was ever tried on a chip.\n");
}

static enum exit_status check(int argc, char **argv)
{
    const char *path, *stubs = NULL;
    const struct option_row rows[] = {
        OPTION_STUBS(&stubs),
    };
    enum exit_status status;
    struct err e = { 0 };
    size_t count;
    if (!cmd_parse(&cmd_check, rows, sizeof rows / sizeof rows[0], argc, argv, &path, 1, &count,
                   &status))
        return status;
    if (!cmd_one_argument(&cmd_check, "a recipe", count))
        return EXIT_USAGE;
    struct job *job = cmd_load_job(path, stubs, &e);
    const struct plan_variant *variant = job ? job_variant(job, 0, &e) : NULL;
    if (variant) {
        print_head(job);
        print_flash(job);
        print_baud(job);
        print_images(job, variant);
        print_places(job_recipe(job));
        print_unit(job, &e);
        print_fuses(job);
        print_forecast(job, variant);
        if (plan_depends_on_flash(job_plan(job)))
            printf("The header is patched for the flash that each board has; shown for 4 MB.\n");
    } else {
        cmd_print_err(&e);
    }
    job_free(job);
    return cmd_status_of(&e);
}

const struct cmd cmd_check = { "check", "RECIPE", "Checks a recipe and shows its plan.", check };
