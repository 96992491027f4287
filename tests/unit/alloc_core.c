/*
 * No memory, at any place on the way from a recipe to a board: a clear error, nothing lost (run it
 * under the sanitizers), and no PASS but for bytes that are in the flash.
 */
#include "tests/unit/alloc_help.h"

#include "station/attempt/attempt.h"
#include "station/import/import.h"
#include "tests/lib/make_image.h"
#include "tests/lib/sim_port.h"

#include <arpa/inet.h>
#include <ftw.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- A folder with a recipe ---- */

static char folder[64], before[4096];

static void put_file(const char *name, const void *bytes, size_t n)
{
    FILE *f = fopen(name, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

static void put_image(const char *name, const struct image_recipe *r)
{
    struct made_image made = make_image(r);
    put_file(name, made.bytes, made.size_bytes);
    free(made.bytes);
}

static void put_build(void)
{
    const struct image_recipe image = { .layout = MADE_LONG,
                                        .segments = 2,
                                        .segment_bytes = 3000,
                                        .mode = 2,
                                        .size_code = 2,
                                        .max_revision = 0xFFFF,
                                        .digest = true,
                                        .project = "fuzz" };
    static const char recipe[] =
        "recipe: memory\nchip: esp32\nimages:\n  - { file: loader.bin, offset: 0x1000 }\n"
        "  - { file: app.bin, offset: 0x10000 }\n  - { file: data.hex, offset: 0 }\n"
        "port: { baud: 921600, fallback: [460800], reset: \"D0|R1|W0.1|D1|R0|W0.05|D0\" }\n"
        "boot: { expect: ready, reject: [Guru, Brownout], within_ms: 1000 }\n";
    static const char plain[] = "recipe: memory\nchip: esp32\n"
                                "flash: { size: detect, freq: 80m }\nimages:\n"
                                "  - { file: loader.bin, offset: 0x1000 }\n"
                                "  - { file: app.bin, offset: 0x10000 }\n";
    static const char args[] = "{\"write_flash_args\":[\"--flash_mode\",\"dio\"],\"flash_files\":{"
                               "\"0x1000\":\"boot.bin\","
                               "\"0x10000\":\"app.bin\"},\"app\":{\"offset\":\"0x10000\",\"file\":"
                               "\"app.bin\","
                               "\"encrypted\":\"true\"},\"extra_esptool_args\":{\"chip\":\"esp32\","
                               "\"after\":\"no_reset\"}}";
    struct image_recipe boot = image;
    boot.project = NULL;
    put_image("loader.bin", &boot);
    put_image("boot.bin", &image);
    put_image("app.bin", &image);
    put_file("data.hex", ":020000040020DA\n:020000000102FB\n:00000001FF\n", 44);
    put_file("recipe.yaml", recipe, sizeof recipe - 1);
    put_file("plain.yaml", plain, sizeof plain - 1);
    put_file("flasher_args.json", args, sizeof args - 1);
}

static int enter(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/alloc-XXXXXX");
    if (!getcwd(before, sizeof before) || !mkdtemp(folder) || chdir(folder) != 0)
        return -1;
    put_build();
    return 0;
}

static int remove_entry(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st;
    (void)flag;
    (void)ftw;
    return remove(path);
}

static int leave(void **state)
{
    (void)state;
    return chdir(before) != 0 || nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS) != 0;
}

/* ---- Recipe, job, variant ---- */

static struct doc_report report;

static bool call_recipe(void *ctx, struct err *e)
{
    return recipe_load("recipe.yaml", ctx, &report, e);
}

static void after_recipe(void *ctx, bool ok)
{
    struct recipe **recipe = ctx;
    assert_true(ok == (*recipe != NULL));
    if (ok) {
        assert_int_equal((*recipe)->image_count, 3);
        assert_int_equal((*recipe)->boot.reject_count, 2);
        assert_string_equal((*recipe)->boot.reject[1], "Brownout");
        assert_int_equal((*recipe)->port.fallback_count, 1);
    }
    recipe_free(*recipe);
    *recipe = NULL;
}

static void recipe_load_without_memory(void **state)
{
    struct recipe *recipe = NULL;
    const struct alloc_case c = { NULL, call_recipe, after_recipe, &recipe, false };
    (void)state;
    alloc_try_all(&c);
}

static bool call_job(void *ctx, struct err *e)
{
    struct job **job = ctx;
    *job = job_new("recipe.yaml", NULL, &report, e);
    /* An image that could not be looked at is a mistake like others, and says why. */
    if (!*job && e->code == ERR_RECIPE && strstr(report.mistakes[0].sentence, "no memory"))
        err_set(e, ERR_STATION, "Out of memory");
    return *job != NULL;
}

/* What memory ran out for must not be missing without a word, nor have digests of nothing. */
static void after_job(void *ctx, bool ok)
{
    struct job **job = ctx;
    static const uint8_t zero[DIGEST_SHA256_BYTES];
    if (ok) {
        assert_int_equal(job_image_count(*job), 3);
        for (size_t i = 0; i < 3; i++) {
            assert_memory_not_equal(job_image(*job, i)->md5, zero, DIGEST_MD5_BYTES);
            assert_memory_not_equal(job_image(*job, i)->sha256, zero, DIGEST_SHA256_BYTES);
        }
    }
    job_free(*job);
    *job = NULL;
}

static void job_without_memory(void **state)
{
    struct job *job = NULL;
    const struct alloc_case c = { NULL, call_job, after_job, &job, false };
    (void)state;
    alloc_try_all(&c);
}

/* ---- Plan: a job has a thread of its own for this ---- */

struct planning {
    struct made_image image;
    struct plan *plan;
    struct plan_variant *variant;
};

static bool call_plan(void *ctx, struct err *e)
{
    struct planning *p = ctx;
    const struct plan_settings settings = { .chip = chip_by_name("esp32"),
                                            .size = PLAN_SIZE_DETECT,
                                            .freq = chip_code_by_word(chip_freqs_80m, "80m") };
    const struct plan_source sources[] = {
        { "boot", p->image.bytes, (uint32_t)p->image.size_bytes, 0x1000, false },
        { "data", p->image.bytes + 1, 5000, 0x20000, false },
    };
    p->plan = plan_new(&settings, sources, 2, e);
    if (!p->plan || !plan_encode(p->plan, e))
        return false;
    p->variant = plan_variant_new(p->plan, 4u << 20, e);
    return p->variant != NULL;
}

/* The header is patched for the flash, and the digest behind the image is right again. */
static void assert_planned(const struct planning *p)
{
    const struct plan_region *r = plan_region(p->variant, 0);
    struct image image;
    uint8_t md5[DIGEST_MD5_BYTES];
    image_read(r->bytes, p->image.size_bytes, false, &image);
    assert_true(r->patched);
    assert_int_equal(image.kind, IMAGE_LONG);
    assert_int_equal(image.digest_at, p->image.digest_at);
    for (size_t i = 0; i < 2; i++) {
        r = plan_region(p->variant, i);
        assert_true(digest_md5(r->bytes, r->size_bytes, md5));
        assert_memory_equal(r->md5, md5, sizeof md5);
        assert_true(r->frames[FRAMES_STUB].count > 0 && r->frames[FRAMES_ROM].count > 0);
    }
}

static void after_plan(void *ctx, bool ok)
{
    struct planning *p = ctx;
    if (ok)
        assert_planned(p);
    plan_variant_free(p->variant);
    plan_free(p->plan);
    p->variant = NULL;
    p->plan = NULL;
}

static void plan_without_memory(void **state)
{
    const struct image_recipe r = {
        .layout = MADE_LONG, .segments = 2, .segment_bytes = 9000, .digest = true
    };
    struct planning p = { .image = make_image(&r) };
    const struct alloc_case c = { NULL, call_plan, after_plan, &p, false };
    (void)state;
    alloc_try_all(&c);
    free(p.image.bytes);
}

/* ---- Attempt ---- */

/* A virtual board at a port that has memory: what the board allocates is not the station's. */
struct board_port {
    struct sim_port sim;
    const struct port_ops *real;
    struct port_ops ops;
};

static struct board_port *board_of(struct port *p)
{
    return (struct board_port *)p;
}

static size_t port_read_paused(struct port *p, void *buf, size_t cap, struct deadline d,
                               struct err *e)
{
    bool on = alloc_on;
    alloc_on = false;
    size_t n = board_of(p)->real->read(p, buf, cap, d, e);
    alloc_on = on;
    return n;
}

static bool port_write_paused(struct port *p, const void *buf, size_t n, struct deadline d,
                              struct err *e)
{
    bool on = alloc_on;
    alloc_on = false;
    bool ok = board_of(p)->real->write(p, buf, n, d, e);
    alloc_on = on;
    return ok;
}

static bool port_drain_paused(struct port *p, struct deadline d, struct err *e)
{
    bool on = alloc_on;
    alloc_on = false;
    bool ok = board_of(p)->real->drain(p, d, e);
    alloc_on = on;
    return ok;
}

static bool port_lines_paused(struct port *p, unsigned mask, unsigned lines, struct err *e)
{
    bool on = alloc_on;
    alloc_on = false;
    bool ok = board_of(p)->real->set_lines(p, mask, lines, e);
    alloc_on = on;
    return ok;
}

struct flashing {
    struct job *job;
    struct fake_clock clock;
    struct board_port port;
    struct attempt_result result;
};

static void before_attempt(void *ctx)
{
    struct flashing *f = ctx;
    struct chip_sim_config config = chip_sim_default_config();
    char why[200];
    struct err e = { 0 };
    fake_clock_init(&f->clock);
    assert_true(sim_port_init(&f->port.sim, &config, &f->clock, why, sizeof why));
    f->port.real = f->port.sim.port.ops;
    f->port.ops = *f->port.real;
    f->port.ops.read = port_read_paused;
    f->port.ops.write = port_write_paused;
    f->port.ops.drain = port_drain_paused;
    f->port.ops.set_lines = port_lines_paused;
    f->port.sim.port.ops = &f->port.ops;
    f->job = job_new("plain.yaml", NULL, &report, &e);
    assert_ok(f->job != NULL, &e);
}

static void no_phase(void *ctx, enum phase phase)
{
    (void)ctx;
    (void)phase;
}

static void no_progress(void *ctx, uint64_t bytes_done, uint64_t bytes_total)
{
    (void)ctx;
    (void)bytes_done;
    (void)bytes_total;
}

static bool any_board(void *ctx, const struct board *board, bool fits, struct loader *l,
                      struct err *e)
{
    (void)l;
    (void)fits;
    (void)ctx;
    (void)board;
    (void)e;
    return true;
}

static bool call_attempt(void *ctx, struct err *e)
{
    struct flashing *f = ctx;
    const struct attempt_watch watch = { .phase = no_phase,
                                         .progress = no_progress,
                                         .board = any_board };
    struct reset_sequence custom;
    const struct reset_sequence *resets[RESET_CHOICES_MAX];
    reset_choices(&f->port.sim.port, NULL, "auto", &custom, resets);
    const struct attempt_setup setup = {
        .job = f->job, .kind = ATTEMPT_FLASH, .reset = resets[0], .baud = 921600, .watch = &watch
    };
    bool ok = attempt_run(&setup, &f->port.sim.port, &f->result);
    assert_true(ok == f->result.ok);
    if (!ok)
        *e = f->result.err;
    return ok;
}

static void assert_flashed(const struct flashing *f)
{
    for (size_t i = 0; i < job_image_count(f->job); i++) {
        const struct plan_region *r = plan_region(f->result.variant, i);
        uint8_t *held = malloc(r->size_bytes);
        assert_non_null(held);
        assert_true(chip_sim_flash_read(f->port.sim.sim, r->addr, held, r->size_bytes));
        assert_memory_equal(held, r->bytes, r->size_bytes);
        free(held);
    }
}

static void after_attempt(void *ctx, bool ok)
{
    struct flashing *f = ctx;
    if (ok)
        assert_flashed(f);
    sim_port_done(&f->port.sim);
    job_free(f->job);
}

/* Connect, identify, gate, stub, write, verify, leave. */
static void attempt_without_memory(void **state)
{
    static struct flashing flashing;
    const struct alloc_case c = { before_attempt, call_attempt, after_attempt, &flashing, false };
    (void)state;
    alloc_try_all(&c);
}

/* ---- Ports ---- */

struct server {
    int fd;
    char where[64];
    struct port *port;
};

static void serve(struct server *s)
{
    struct sockaddr_in at = { .sin_family = AF_INET,
                              .sin_addr = { .s_addr = htonl(INADDR_LOOPBACK) } };
    socklen_t size = sizeof at;
    s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(s->fd >= 0);
    assert_int_equal(bind(s->fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(s->fd, 64), 0);
    assert_int_equal(getsockname(s->fd, (struct sockaddr *)&at, &size), 0);
    snprintf(s->where, sizeof s->where, "socket://127.0.0.1:%u", ntohs(at.sin_port));
}

static bool call_port(void *ctx, struct err *e)
{
    struct server *s = ctx;
    s->port =
        port_new(s->where, 115200, &clock_system, -1, deadline_in_ms(&clock_system, 10000), e);
    return s->port != NULL;
}

static void after_port(void *ctx, bool ok)
{
    struct server *s = ctx;
    assert_true(ok == (s->port != NULL));
    port_free(s->port);
    s->port = NULL;
}

static void port_without_memory(void **state)
{
    struct server s = { .fd = -1 };
    const struct alloc_case c = { NULL, call_port, after_port, &s, false };
    (void)state;
    serve(&s);
    alloc_try_all(&c);
    close(s.fd);
}

/* ---- Import ---- */

struct importing {
    struct import im;
    char *recipe;
};

static void before_import(void *ctx)
{
    memset(ctx, 0, sizeof(struct importing));
}

static bool call_import(void *ctx, struct err *e)
{
    struct importing *i = ctx;
    if (import_folder(&i->im, ".", e))
        i->recipe = import_recipe(&i->im, NULL, e);
    return i->recipe != NULL;
}

/* A note may be lost for want of memory, which the recipe then says. */
static void after_import(void *ctx, bool ok)
{
    struct importing *i = ctx;
    if (ok) {
        assert_has(i->recipe, "file: \"boot.bin\"");
        assert_has(i->recipe, "file: \"app.bin\"");
        assert_has(i->recipe, "recipe: \"fuzz\"");
        assert_has(i->recipe, "mode: \"dio\"");
        assert_true(i->im.note_count == 2 || strstr(i->recipe, "more than can be told here"));
    }
    free(i->recipe);
    import_done(&i->im);
}

static void import_without_memory(void **state)
{
    static struct importing importing;
    const struct alloc_case c = { before_import, call_import, after_import, &importing, false };
    (void)state;
    alloc_try_all(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recipe_load_without_memory), cmocka_unit_test(job_without_memory),
        cmocka_unit_test(plan_without_memory),        cmocka_unit_test(attempt_without_memory),
        cmocka_unit_test(port_without_memory),        cmocka_unit_test(import_without_memory),
    };
    return cmocka_run_group_tests(tests, enter, leave);
}
