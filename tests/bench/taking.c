/*
 * What a unit costs: taken from a pool of 1,000 and of 1,000,000 rows, and made into an NVS image
 * of 24 KiB. For `make bench-units`; prints a table, tests nothing.
 *
 *   taking FOLDER [BOARDS]      the folder holds what make_images has made
 *
 * Boards are let in by turns, without a unit and with one: what a unit costs is the difference.
 * Times of the wall hold the disk's, which each of both waits for once, and the mark's beside the
 * record.
 */
#include "core/base/clock.h"
#include "db/store/db.h"
#include "db/units/decide.h"
#include "db/write/lot.h"
#include "station/attempt/job.h"
#include "station/line/unit_supply.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BOARDS_MAX 20000u

static const char recipe_text[] =
    "recipe: bench\n"
    "version: 1.0.0\n"
    "chip: esp32\n"
    "images:\n"
    "  - { file: bootloader.bin, offset: 0x1000 }\n"
    "  - { file: partitions.bin, offset: 0x8000 }\n"
    "  - { file: app.bin, offset: 0x10000 }\n"
    "unit:\n"
    "  serial: serial\n"
    "  values:\n"
    "    - { name: serial, from: counter, pattern: \"EX{yy}-{n:8}-{damm}\" }\n"
    "    - { name: key, from: pool, type: hex, secret: true }\n"
    "    - { name: mac, from: board, fact: mac }\n"
    "  pools: [ { name: keys, file: pool.csv } ]\n"
    "  images:\n"
    "    - partition: fctry\n"
    "      keys:\n"
    "        - { space: factory, key: serial, type: string, value: \"{serial}\" }\n"
    "        - { space: factory, key: key, type: blob, value: \"{key}\" }\n"
    "        - { space: factory, key: mac, type: string, value: \"{mac}\" }\n";

struct span {
    double wall_us, cpu_us;
};

struct bench {
    const char *folder;
    size_t boards;
    struct job *job;
    struct db *db;
    int64_t recipe_id;
    struct span *plain, *unit, *image;
    struct err e;
};

static _Noreturn void stop(const struct err *e, const char *what)
{
    fprintf(stderr, "taking: %s: %s\n", what, e->what);
    exit(1);
}

static double now_us(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static struct span span_now(void)
{
    return (struct span){ now_us(CLOCK_MONOTONIC), now_us(CLOCK_THREAD_CPUTIME_ID) };
}

static struct span since(struct span from)
{
    const struct span now = span_now();
    return (struct span){ now.wall_us - from.wall_us, now.cpu_us - from.cpu_us };
}

/* ---- Making it ready ---- */

static FILE *open_in(const struct bench *b, const char *name, char path[static 300])
{
    snprintf(path, 300, "%s/%s", b->folder, name);
    FILE *f = fopen(path, "w");
    if (!f) {
        perror(path);
        exit(1);
    }
    return f;
}

static void write_files(const struct bench *b, size_t rows, char path[static 300])
{
    FILE *f = open_in(b, "pool.csv", path);
    fputs("key\n", f);
    for (size_t i = 0; i < rows; i++)
        fprintf(f, "%032zx\n", i);
    fclose(f);
    f = open_in(b, "bench.yaml", path);
    fputs(recipe_text, f);
    fclose(f);
}

static void open_record(struct bench *b, size_t rows)
{
    char path[300];
    struct db_station here;
    static const struct db_image image = {
        "app.bin",
        0x10000,
        4096,
        "0000000000000000000000000000000000000000000000000000000000000000",
        "00000000000000000000000000000000",
        NULL,
        NULL,
        NULL
    };
    const struct db_recipe recipe = { .name = "bench",
                                      .version = "1",
                                      .chip = "esp32",
                                      .text = "-",
                                      .text_bytes = 1,
                                      .images = &image,
                                      .image_count = 1 };
    snprintf(path, sizeof path, "%s/%zu.db", b->folder, rows);
    b->db = db_open(path, DB_BUSY_MS, &b->e);
    if (!b->db || !db_station_here(&here, &b->e) ||
        !db_station_start(b->db, &here, "bench", clock_system.utc_ms(&clock_system), NULL, &b->e))
        stop(&b->e, path);
    b->recipe_id = db_recipe_put(b->db, &recipe, clock_system.utc_ms(&clock_system), &b->e);
}

static void open_job(struct bench *b, size_t rows)
{
    char path[300];
    struct doc_report report;
    doc_report_init(&report);
    write_files(b, rows, path);
    const struct span start = span_now();
    b->job = job_new(path, NULL, &report, &b->e);
    if (!b->job)
        stop(&b->e, report.total ? report.mistakes[0].sentence : path);
    const struct span took = since(start);
    printf("%9zu rows are read and judged in %.2f s, once for a station\n", rows,
           took.wall_us / 1e6);
}

/* ---- Boards ---- */

static int64_t start_run(struct bench *b)
{
    const struct db_run_begin begin = { .recipe_id = b->recipe_id,
                                        .slot = 1,
                                        .port = "-",
                                        .started_utc_ms = clock_system.utc_ms(&clock_system) };
    const int64_t id = db_run_start(b->db, &begin, &b->e);
    if (id == 0)
        stop(&b->e, "run");
    return id;
}

static struct board board_of(const struct bench *b, size_t n, bool with_unit)
{
    struct board board = { .chip = job_recipe(b->job)->chip, .mac = { .count = 6 } };
    const uint8_t mac[] = {
        0x24, 0x0A, with_unit ? 0xC4 : 0xC5, (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n
    };
    memcpy(board.mac.bytes, mac, sizeof mac);
    return board;
}

static struct span admit(struct bench *b, const struct board *board, struct unit_supply *supply,
                         struct db_unit *unit)
{
    char mac[BOARD_MAC_TEXT_BYTES];
    struct db_seen seen;
    const struct db_admission rule = { .duplicates = DB_ONCE_IN_LOT,
                                       .supply = supply ? &supply->db : NULL };
    board_mac_text(&board->mac, mac);
    const int64_t run_id = start_run(b);
    const struct db_board row = { .mac = mac,
                                  .chip = "esp32",
                                  .revision = 301,
                                  .flash_id = 0x1640EF,
                                  .flash_bytes = 4 << 20,
                                  .seen_utc_ms = clock_system.utc_ms(&clock_system) };
    const struct span start = span_now();
    if (supply && !unit_supply_make(supply, b->job, board, NULL, row.seen_utc_ms, &b->e))
        stop(&b->e, "supply");
    if (!db_board_admit(b->db, run_id, &row, &rule, &seen, unit, &b->e) ||
        (supply && !db_unit_mark(b->db, unit, &b->e)))
        stop(&b->e, "board");
    return since(start);
}

/* The values of the unit as an image, hashed and cut into frames: all that a board waits for. */
static struct span make_image(struct bench *b, const struct db_unit *unit,
                              const struct plan_variant *shared)
{
    const struct job_unit *ju = job_unit(b->job);
    const struct unit_instance in = unit_instance_of(ju, unit);
    const struct span start = span_now();
    struct plan_variant *v = job_unit_variant(ju, job_plan(b->job), shared, &in, NULL, &b->e);
    if (!v)
        stop(&b->e, "image");
    plan_variant_free(v);
    return since(start);
}

static void let_boards_in(struct bench *b)
{
    struct unit_supply *supply = calloc(1, sizeof *supply);
    const struct plan_variant *shared = job_variant(b->job, 4 << 20, &b->e);
    if (!shared || !supply)
        stop(&b->e, "plan");
    for (size_t i = 0; i < b->boards; i++) {
        struct db_unit unit;
        const struct board bare = board_of(b, i, false), own = board_of(b, i, true);
        b->plain[i] = admit(b, &bare, NULL, NULL);
        b->unit[i] = admit(b, &own, supply, &unit);
        b->image[i] = make_image(b, &unit, shared);
        db_unit_done(&unit);
    }
    free(supply);
}

/* ---- Figures ---- */

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static double percentile(const struct span *spans, size_t n, bool cpu, size_t percent)
{
    double *sorted = calloc(n, sizeof *sorted);
    for (size_t i = 0; sorted && i < n; i++)
        sorted[i] = cpu ? spans[i].cpu_us : spans[i].wall_us;
    if (sorted)
        qsort(sorted, n, sizeof *sorted, by_size);
    const double found = sorted ? sorted[(n - 1) * percent / 100] : 0;
    free(sorted);
    return found;
}

static void print_row(const struct bench *b, const char *what, const struct span *spans)
{
    printf("  %-34s %10.0f %10.0f %10.0f %10.0f\n", what, percentile(spans, b->boards, true, 50),
           percentile(spans, b->boards, true, 95), percentile(spans, b->boards, false, 50),
           percentile(spans, b->boards, false, 95));
}

static void print_figures(const struct bench *b)
{
    printf("  %-34s %10s %10s %10s %10s\n", "microseconds a board", "CPU median", "95 %",
           "wall median", "95 %");
    print_row(b, "let in, no unit", b->plain);
    print_row(b, "let in, with its unit", b->unit);
    print_row(b, "NVS image of 24 KiB", b->image);
    const double cpu =
        percentile(b->unit, b->boards, true, 50) - percentile(b->plain, b->boards, true, 50);
    const double wall =
        percentile(b->unit, b->boards, false, 50) - percentile(b->plain, b->boards, false, 50);
    printf("  a unit of 3 values costs %.2f ms CPU, %.2f ms wall; a value %.2f ms, %.2f ms\n",
           cpu / 1e3, wall / 1e3, cpu / 3e3, wall / 3e3);
}

static void measure(struct bench *b, size_t rows)
{
    open_job(b, rows);
    open_record(b, rows);
    let_boards_in(b);
    print_figures(b);
    db_close(b->db);
    job_free(b->job);
}

int main(int argc, char **argv)
{
    const unsigned long boards = argc > 2 ? strtoul(argv[2], NULL, 10) : 500;
    if (argc < 2 || boards == 0 || boards > BOARDS_MAX) {
        fprintf(stderr, "usage: taking FOLDER [BOARDS, up to %u]\n", BOARDS_MAX);
        return 2;
    }
    struct bench b = { .folder = argv[1],
                       .boards = boards,
                       .plain = calloc(boards, sizeof *b.plain),
                       .unit = calloc(boards, sizeof *b.unit),
                       .image = calloc(boards, sizeof *b.image) };
    if (!b.plain || !b.unit || !b.image)
        return 1;
    measure(&b, boards < 1000 ? 1000 : boards);
    measure(&b, 1000000);
    free(b.plain);
    free(b.unit);
    free(b.image);
    return 0;
}
