/*
 * Whether what a recipe writes can start: what lies where the ROM starts, headers inside merged
 * files, signed boot loaders, the partition table against the images. What cannot be right is a
 * mistake, what may be meant so a warning, and what is right neither.
 */
#include "core/images/foreign.h"
#include "core/images/partitions.h"
#include "core/images/plan.h"
#include "tests/lib/make_image.h"
#include "tests/lib/test.h"

#include <stdio.h>
#include <stdlib.h>

#define KB(n)        ((uint32_t)(n) << 10)
#define MB(n)        ((uint32_t)(n) << 20)
#define SOURCES_MAX  6
#define MERGED_BYTES KB(160)

/* ---- A recipe of the tests ---- */

struct said {
    size_t mistakes, warnings;
    char mistake[4][300], warning[4][300];
};

static void keep_mistake(void *ctx, size_t image, const char *sentence)
{
    struct said *s = ctx;
    (void)image;
    assert_true(s->mistakes < COUNT_OF(s->mistake));
    snprintf(s->mistake[s->mistakes++], sizeof s->mistake[0], "%s", sentence);
}

static void keep_warning(void *ctx, size_t image, const char *sentence)
{
    struct said *s = ctx;
    (void)image;
    assert_true(s->warnings < COUNT_OF(s->warning));
    snprintf(s->warning[s->warnings++], sizeof s->warning[0], "%s", sentence);
}

struct set {
    struct plan_settings settings;
    struct plan_source rows[SOURCES_MAX];
    uint8_t *bytes[SOURCES_MAX];
    size_t count;
};

static struct set set_for(const char *chip)
{
    return (struct set){ .settings = { .chip = chip_by_name(chip), .size = PLAN_SIZE_KEEP } };
}

static void add(struct set *s, const char *name, uint8_t *bytes, size_t n, uint32_t offset_addr)
{
    assert_true(s->count < SOURCES_MAX);
    s->bytes[s->count] = bytes;
    s->rows[s->count++] = (struct plan_source){ name, bytes, (uint32_t)n, offset_addr, false };
}

static void add_copy(struct set *s, const char *name, const void *from, size_t n,
                     uint32_t offset_addr)
{
    uint8_t *bytes = malloc(n);
    assert_non_null(bytes);
    memcpy(bytes, from, n);
    add(s, name, bytes, n, offset_addr);
}

static struct image_recipe image_of(const char *chip, const char *project)
{
    return (struct image_recipe){ .layout = MADE_LONG,
                                  .segments = 2,
                                  .segment_bytes = 600,
                                  .mode = 2,
                                  .size_code = 2,
                                  .chip_id = chip_by_name(chip)->image_id,
                                  .max_revision = 0xFFFF,
                                  .digest = true,
                                  .project = project };
}

static void add_image(struct set *s, const char *name, const struct image_recipe *recipe,
                      uint32_t offset_addr)
{
    struct made_image m = make_image(recipe);
    add(s, name, m.bytes, m.size_bytes, offset_addr);
}

static void add_boot(struct set *s)
{
    const struct image_recipe boot = image_of(s->settings.chip->id_name, NULL);
    add_image(s, "boot.bin", &boot, s->settings.chip->boot_addr);
}

static void add_app(struct set *s, uint32_t offset_addr)
{
    const struct image_recipe app = image_of(s->settings.chip->id_name, "lamp");
    add_image(s, "app.bin", &app, offset_addr);
}

static void add_table(struct set *s, const struct made_row *rows, size_t count)
{
    add(s, "table.bin", make_table_of(rows, count), MADE_TABLE_BYTES, 0x8000);
}

static struct said judge(const struct set *s)
{
    struct said said = { .mistakes = 0 };
    const struct plan_report report = { keep_mistake, keep_warning, &said };
    size_t mistakes = plan_check(&s->settings, s->rows, s->count, &report);
    assert_int_equal(mistakes, said.mistakes);
    return said;
}

static void set_done(struct set *s)
{
    for (size_t i = 0; i < s->count; i++)
        free(s->bytes[i]);
    s->count = 0;
}

/* Judges, and ends the set: NULL where nothing of the kind may be said. */
static void expect(struct set *s, const char *mistake, const char *warning)
{
    struct said said = judge(s);
    for (size_t i = mistake != NULL; i < said.mistakes; i++)
        print_message("a mistake too many: %s\n", said.mistake[i]);
    for (size_t i = warning != NULL; i < said.warnings; i++)
        print_message("a warning too many: %s\n", said.warning[i]);
    assert_int_equal(said.mistakes, mistake != NULL);
    assert_int_equal(said.warnings, warning != NULL);
    if (mistake)
        assert_has(said.mistake[0], mistake);
    if (warning)
        assert_has(said.warning[0], warning);
    set_done(s);
}

static const struct made_row ota_rows[] = {
    { 1, 2, 0x9000, 0x4000, "nvs" },        { 1, 0, 0xD000, 0x2000, "otadata" },
    { 0, 0, 0x10000, 0x10000, "rescue" },   { 0, 0x10, 0x20000, 0x10000, "ota_0" },
    { 0, 0x11, 0x30000, 0x10000, "ota_1" }, { 1, 0x82, 0x40000, 0x10000, "storage" },
};
static const struct made_row factory_rows[] = {
    { 1, 2, 0x9000, 0x6000, "nvs" },
    { 0, 0, 0x10000, 0x10000, "factory" },
    { 1, 0x82, 0x20000, 0x10000, "storage" },
};

/* ---- Where the ROM starts ---- */

static void layout_refuses_what_is_no_boot_image(void **state)
{
    static const char lfs[] = "version https://git-lfs.github.com/spec/v1\noid sha256:00\n";
    static const char html[] = "\n <!DOCTYPE HTML><html><head>";
    static const char gz[] = "\x1F\x8B\x08\0\0\0\0\0\0\0";
    static const char zip[] = "PK\x03\x04\x14\0\0\0\0\0";
    static const char text[] = "only some text", e9[] = "\xE9 as encrypted bytes may begin";
    static const char srec[] = "S0030000FC\nS1050000010203F4\n";
    static const struct {
        const void *bytes;
        size_t n;
        const char *says;
    } cases[] = {
        { lfs, sizeof lfs - 1, "a Git LFS pointer" },
        { html, sizeof html - 1, "(0x1000): it is an HTML page" },
        { gz, sizeof gz - 1, "it is a gzip file: unpack it first with: gunzip" },
        { zip, sizeof zip - 1, "it is a ZIP archive" },
        { srec, sizeof srec - 1, "is Motorola S-records" },
        { e9, sizeof e9 - 1, "begins like a firmware image, but it is shorter than a header" },
        { text, sizeof text - 1, "begins with 6f, and an image with e9" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        for (int word = 0; word < 3; word++) {
            struct set s = set_for("esp32");
            add_copy(&s, "x.bin", cases[i].bytes, cases[i].n, 0x1000);
            /* The recipe's own word is stronger than any guess. */
            s.settings.plain_when_encrypted = word == 1;
            s.rows[0].data = word == 2;
            expect(&s, word == 0 ? cases[i].says : NULL, NULL);
        }
    }
    struct set s = set_for("esp32");
    add_app(&s, 0x1000);
    expect(&s, "has an application (lamp) where the ROM of ESP32 starts (0x1000)", NULL);
    s = set_for("esp32");
    add(&s, "t.bin", make_partition_table(), MADE_TABLE_BYTES, 0x1000);
    struct said said = judge(&s);
    assert_has(said.mistake[0], "it is a partition table");
    set_done(&s);
}

/* Elsewhere a web page or an archive may be what a partition is to hold. */
static void layout_lets_data_lie_elsewhere(void **state)
{
    static const char gz[] = "\x1F\x8B\x08\0\0\0\0\0\0\0";
    static const char lfs[] = "version https://git-lfs.github.com/spec/v1\n";
    (void)state;
    struct set s = set_for("esp32");
    add_boot(&s);
    add_copy(&s, "index.html.gz", gz, sizeof gz - 1, 0x200000);
    expect(&s, NULL, NULL);
    s = set_for("esp32");
    add_boot(&s);
    add_copy(&s, "fs.bin", lfs, sizeof lfs - 1, 0x200000);
    expect(&s, "a Git LFS pointer", NULL);
}

static void layout_says_that_nothing_lies_where_the_rom_starts(void **state)
{
    (void)state;
    struct set s = set_for("esp32c3");
    add_app(&s, 0x10000);
    expect(&s, NULL, "Nothing is written where the ROM of ESP32-C3 starts (0x0)");
    s = set_for("esp32");
    add_boot(&s);
    expect(&s, NULL, NULL);
}

/* The ROMs of newer chips run such a flash without a header. */
static void layout_knows_direct_boot(void **state)
{
    static const uint8_t direct[16] = { 0x1D, 0x04, 0xDB, 0xAE, 0x1D, 0x04, 0xDB, 0xAE };
    (void)state;
    struct set s = set_for("esp32c3");
    add_copy(&s, "direct.bin", direct, sizeof direct, 0);
    expect(&s, NULL, NULL);
    s = set_for("esp8266");
    add_copy(&s, "direct.bin", direct, sizeof direct, 0);
    expect(&s, "has no boot image", NULL);
}

/* ---- Merged files ---- */

static void put(uint8_t *merged, uint32_t at, const struct image_recipe *recipe)
{
    struct made_image m = make_image(recipe);
    assert_true(at + m.size_bytes <= MERGED_BYTES);
    memcpy(merged + at, m.bytes, m.size_bytes);
    free(m.bytes);
}

/* Boot loader, table and application, each where it goes, from `first_addr` on. */
static uint8_t *merge(const struct image_recipe *boot, uint32_t boot_at, uint32_t table_at,
                      const struct image_recipe *app, uint32_t app_at)
{
    uint8_t *table = make_partition_table(), *merged = malloc(MERGED_BYTES);
    assert_non_null(merged);
    memset(merged, 0xFF, MERGED_BYTES);
    put(merged, boot_at, boot);
    memcpy(merged + table_at, table, MADE_TABLE_BYTES);
    put(merged, app_at, app);
    free(table);
    return merged;
}

static void layout_looks_into_merged_files(void **state)
{
    static const struct {
        const char *chip;
        uint32_t offset_addr;
    } cases[] = { { "esp32", 0 }, { "esp32", 0x1000 }, { "esp32c3", 0 }, { "esp32p4", 0x2000 } };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct set s = set_for(cases[i].chip);
        uint32_t from = cases[i].offset_addr, boot_addr = s.settings.chip->boot_addr;
        struct image_recipe boot = image_of(cases[i].chip, NULL);
        struct image_recipe app = image_of(cases[i].chip, "lamp");
        add(&s, "m.bin", merge(&boot, boot_addr - from, 0x8000 - from, &app, 0x10000 - from),
            MERGED_BYTES, from);
        expect(&s, NULL, NULL);

        app.chip_id = chip_by_name("esp32s2")->image_id;
        add(&s, "m.bin", merge(&boot, boot_addr - from, 0x8000 - from, &app, 0x10000 - from),
            MERGED_BYTES, from);
        expect(&s, "in what it holds for 0x10000, is an image for ESP32-S2", NULL);

        app = image_of(cases[i].chip, "lamp");
        add(&s, "m.bin", merge(&boot, boot_addr - from, 0x8000 - from, &app, 0x10000 - from),
            MERGED_BYTES, from);
        s.bytes[0][0x10000 - from + 700] ^= 1;
        expect(&s, "in what it holds for 0x10000, begins like a firmware image, but its checksum",
               NULL);
    }
}

static void layout_tells_where_a_merged_file_belongs(void **state)
{
    (void)state;
    struct image_recipe boot = image_of("esp32", NULL), app = image_of("esp32", "lamp");
    struct set s = set_for("esp32");
    add(&s, "m.bin", merge(&boot, 0x1000, 0x8000, &app, 0x10000), MERGED_BYTES, 0x1000);
    expect(&s, "its boot loader is 0x1000 bytes behind its start: give offset: 0x0", NULL);
    s = set_for("esp32");
    add(&s, "m.bin", merge(&boot, 0, 0x7000, &app, 0xF000), MERGED_BYTES, 0);
    expect(&s, "it begins with the boot loader: give offset: 0x1000", NULL);
    s = set_for("esp32p4");
    add(&s, "m.bin", merge(&boot, 0x1000, 0x9000, &app, 0x14000), MERGED_BYTES, 0);
    struct said said = judge(&s);
    assert_has(said.mistake[said.mistakes - 1], "it holds an image for another chip, at 0x1000");
    set_done(&s);
}

/* The header inside gets what the parts' would get, and is judged like theirs. */
static void layout_patches_inside_merged_files(void **state)
{
    (void)state;
    for (int kind = 0; kind < 2; kind++) { /* merged, as parts */
        struct image_recipe boot = image_of("esp32", NULL), app = image_of("esp32", "lamp");
        struct set s = set_for("esp32");
        struct err e = { 0 };
        boot.size_code = 4; /* 16 MB */
        boot.min_revision = 300;
        if (kind == 0) {
            add(&s, "m.bin", merge(&boot, 0x1000, 0x8000, &app, 0x10000), MERGED_BYTES, 0);
        } else {
            add_image(&s, "boot.bin", &boot, 0x1000);
            add(&s, "table.bin", make_partition_table(), MADE_TABLE_BYTES, 0x8000);
            add_image(&s, "app.bin", &app, 0x10000);
        }
        struct plan *kept = plan_new(&s.settings, s.rows, s.count, &e);
        assert_non_null(kept);
        assert_int_equal(plan_kept_flash_bytes(kept), MB(16));
        assert_int_equal(plan_part_count(kept), 2);
        assert_int_equal(plan_part(kept, 0)->addr, 0x1000);
        assert_int_equal(plan_part(kept, 0)->image.min_revision, 300);
        assert_string_equal(plan_part(kept, 1)->image.app_project, "lamp");
        assert_int_equal(plan_partitions_end(kept), 0x110000);
        plan_free(kept);

        s.settings.size = PLAN_SIZE_DETECT;
        struct plan *p = plan_new(&s.settings, s.rows, s.count, &e);
        assert_true(p && plan_encode(p, &e));
        assert_true(plan_depends_on_flash(p) && plan_patches(p, MB(4)));
        assert_int_equal(plan_kept_flash_bytes(p), 0);
        struct plan_variant *v = plan_variant_new(p, MB(4), &e);
        assert_non_null(v);
        const struct plan_region *r = plan_region(v, 0);
        const uint8_t *header = r->bytes + (kind == 0 ? 0x1000 : 0);
        struct image patched;
        assert_true(r->patched);
        image_read(header, r->size_bytes - (uint32_t)(header - r->bytes), false, &patched);
        assert_int_equal(patched.kind, IMAGE_LONG); /* its SHA-256 is right again */
        assert_int_equal(patched.size_code, 2);
        plan_variant_free(v);
        plan_free(p);
        set_done(&s);
    }
}

/* ---- Signed boot loaders ---- */

static void layout_never_patches_a_signed_boot_loader(void **state)
{
    (void)state;
    for (int v = 1; v <= 2; v++) {
        struct image_recipe boot = image_of("esp32", NULL);
        struct set s = set_for("esp32");
        struct err e = { 0 };
        boot.signed_v = v;
        add_image(&s, "boot.bin", &boot, 0x1000);
        s.settings.size = PLAN_SIZE_DETECT;
        struct plan *p = plan_new(&s.settings, s.rows, s.count, &e);
        assert_true(p && plan_encode(p, &e));
        assert_false(plan_depends_on_flash(p) || plan_patches(p, MB(16)));
        assert_int_equal(plan_kept_flash_bytes(p), MB(4)); /* and a smaller one is refused */
        struct plan_variant *variant = plan_variant_new(p, MB(16), &e);
        assert_memory_equal(plan_region(variant, 0)->bytes, s.bytes[0], s.rows[0].size_bytes);
        assert_false(plan_region(variant, 0)->patched);
        plan_variant_free(variant);
        plan_free(p);
        expect(&s, NULL, "is signed: its header stays, and says a flash of 4096 KB");

        /* What the recipe asks for must be there already. */
        static const struct {
            enum plan_size size;
            uint32_t flash_bytes;
            const char *mode, *freq, *says;
        } cases[] = {
            { PLAN_SIZE_FIXED, MB(4), "dio", "40m", NULL },
            { PLAN_SIZE_KEEP, 0, NULL, NULL, NULL },
            { PLAN_SIZE_FIXED, MB(2), NULL, NULL, "flash.size asks for another header" },
            { PLAN_SIZE_KEEP, 0, "qio", NULL, "flash.mode asks for another header" },
            { PLAN_SIZE_KEEP, 0, NULL, "80m", "flash.freq asks for another header" },
        };
        for (size_t i = 0; i < COUNT_OF(cases); i++) {
            add_image(&s, "boot.bin", &boot, 0x1000);
            s.settings.size = cases[i].size;
            s.settings.flash_bytes = cases[i].flash_bytes;
            s.settings.mode = cases[i].mode ? chip_code_by_word(chip_modes, cases[i].mode) : NULL;
            s.settings.freq =
                cases[i].freq ? chip_code_by_word(s.settings.chip->freqs, cases[i].freq) : NULL;
            expect(&s, cases[i].says, NULL);
        }
    }
}

/* ---- The partition table ---- */

static void layout_misses_a_partition_table(void **state)
{
    (void)state;
    struct set s = set_for("esp32");
    add_boot(&s);
    add_app(&s, 0x10000);
    expect(&s, NULL, "and no partition table");
    add_boot(&s);
    add_app(&s, 0x10000);
    add_table(&s, factory_rows, COUNT_OF(factory_rows));
    expect(&s, NULL, NULL);
}

static void layout_holds_images_against_their_partitions(void **state)
{
    (void)state;
    static const uint8_t noise[KB(80)] = { 0x5A };
    struct set s = set_for("esp32");
    struct image_recipe large = image_of("esp32", "lamp");
    large.segment_bytes = KB(40);
    add_boot(&s);
    add_table(&s, factory_rows, COUNT_OF(factory_rows));
    add_image(&s, "app.bin", &large, 0x10000);
    expect(&s, "and its partition 'factory' (0x10000) has 65536", NULL);

    static const struct {
        uint32_t addr;
        size_t n;
        const char *warning;
    } cases[] = {
        { 0x20000, KB(64), NULL },
        { 0x20000, KB(64) + 1, "behind the end of its partition 'storage' (0x20000 to 0x30000)" },
        { 0x28000, KB(32), NULL },
        { 0x30000, 100, "begins at 0x30000, which is in no partition of 'table.bin'" },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        add_boot(&s);
        add_table(&s, factory_rows, COUNT_OF(factory_rows));
        add_app(&s, 0x10000);
        add_copy(&s, "fs.bin", noise, cases[i].n, cases[i].addr);
        expect(&s, NULL, cases[i].warning);
    }
    add_boot(&s);
    add_table(&s, factory_rows, COUNT_OF(factory_rows));
    add_copy(&s, "fs.bin", noise, 1000, 0x10000);
    expect(&s, NULL, "'fs.bin' is no application, and lies in partition 'factory'");
    add_boot(&s);
    add_table(&s, factory_rows, COUNT_OF(factory_rows));
    add_copy(&s, "page.bin", "<html><body>", 12, 0x10000);
    expect(&s, "is an HTML page, and its partition 'factory' (0x10000) is for an application",
           NULL);
}

static void layout_wants_an_application_at_the_start_of_its_partition(void **state)
{
    (void)state;
    struct set s = set_for("esp32");
    add_boot(&s);
    add_table(&s, factory_rows, COUNT_OF(factory_rows));
    add_app(&s, 0x11000);
    struct said said = judge(&s);
    assert_int_equal(said.mistakes, 0);
    assert_int_equal(said.warnings, 2);
    assert_has(said.warning[0], "inside partition 'factory', which begins at 0x10000");
    assert_has(said.warning[1], "starts 'factory' (0x10000), and the recipe writes nothing there");
    set_done(&s);
    add_boot(&s);
    add_table(&s, factory_rows, COUNT_OF(factory_rows));
    add_app(&s, 0x10000);
    add_app(&s, 0x20000);
    expect(&s, NULL,
           "is an application, and lies in partition 'storage' (0x20000), which is for "
           "data");
    /* As is another chip's firmware, which the recipe calls data. */
    add_boot(&s);
    add_table(&s, factory_rows, COUNT_OF(factory_rows));
    add_app(&s, 0x10000);
    const struct image_recipe radio = image_of("esp32c6", "radio");
    add_image(&s, "radio.bin", &radio, 0x20000);
    s.rows[3].data = true;
    expect(&s, NULL, NULL);
    add_image(&s, "radio.bin", &radio, 0x20000);
    add_boot(&s);
    expect(&s,
           "is an image for ESP32-C6, and the recipe is for ESP32; if it is data, say so "
           "with: as: data",
           NULL);
}

static void layout_knows_what_starts_first(void **state)
{
    (void)state;
    static const struct {
        uint32_t sequence, app_addr; /* sequence 0: nothing is written to otadata */
        const char *warning;
    } cases[] = {
        { 1, 0x20000, NULL },
        { 2, 0x30000, NULL },
        { 3, 0x20000, NULL },
        { 1, 0x10000,
          "starts 'ota_0' (0x20000) as its otadata says, and the recipe writes "
          "nothing there" },
        { 2, 0x20000, "starts 'ota_1' (0x30000) as its otadata says" },
        { UINT32_MAX, 0x10000, NULL }, /* blank: it chooses nothing */
        { 0, 0x10000, "nothing is written to 'otadata' (0xd000)" },
        { 0, 0x20000, "starts 'rescue' (0x10000), and the recipe writes nothing there" },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct set s = set_for("esp32");
        uint8_t otadata[0x2000];
        memset(otadata, 0xFF, sizeof otadata);
        if (cases[i].sequence != UINT32_MAX)
            make_ota_entry(cases[i].sequence, otadata);
        add_boot(&s);
        add_table(&s, ota_rows, COUNT_OF(ota_rows));
        add_app(&s, cases[i].app_addr);
        if (cases[i].sequence != 0)
            add_copy(&s, "otadata.bin", otadata, sizeof otadata, 0xD000);
        expect(&s, NULL, cases[i].warning);
    }
}

static void add_table_at(struct set *s, const struct made_row *rows, size_t count, uint32_t addr)
{
    add(s, "table.bin", make_table_of(rows, count), MADE_TABLE_BYTES, addr);
}

/* A table may be moved (CONFIG_PARTITION_TABLE_OFFSET), but not into what it names itself. */
static void layout_holds_a_table_against_its_own_partitions(void **state)
{
    (void)state;
    static const struct {
        uint32_t addr, nvs_addr;
        uint8_t type; /* of the first row */
        const char *mistake, *warning;
    } cases[] = {
        { 0x8000, 0x9000, PARTITION_DATA, NULL, NULL },
        { 0xD000, 0xE000, PARTITION_DATA, NULL, NULL },
        { 0xE000, 0x9000, PARTITION_DATA, NULL, NULL }, /* behind its first partition */
        { 0x8800, 0x9000, PARTITION_DATA,
          "table at 0x8800, where its own partition 'nvs' is (0x9000)", NULL },
        { 0x9000, 0x9000, PARTITION_DATA, "table at 0x9000, where its own partition 'nvs'", NULL },
        { 0xB000, 0x9000, PARTITION_DATA, "table at 0xb000, where its own partition 'nvs'", NULL },
        { 0x8800, 0xA000, PARTITION_DATA, NULL, "at 0x8800, which is no multiple of 0x1000" },
        { 0x9000, 0x9000, 3, NULL, NULL }, /* a row for the table itself */
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct set s = set_for("esp32");
        struct made_row rows[COUNT_OF(factory_rows)];
        memcpy(rows, factory_rows, sizeof rows);
        rows[0].addr = cases[i].nvs_addr;
        rows[0].type = cases[i].type;
        rows[0].size_bytes = cases[i].type == 3            ? 0x1000
                             : cases[i].nvs_addr == 0xE000 ? 0x2000
                                                           : 0x3000;
        add_boot(&s);
        add_table_at(&s, rows, COUNT_OF(rows), cases[i].addr);
        add_app(&s, 0x10000);
        expect(&s, cases[i].mistake, cases[i].warning);
    }
}

static void layout_refuses_a_table_that_the_boot_loader_refuses(void **state)
{
    (void)state;
    struct set s = set_for("esp32");
    add_boot(&s);
    add_table(&s, factory_rows, COUNT_OF(factory_rows));
    add_app(&s, 0x10000);
    s.bytes[1][3 * 32 + 16] ^= 1;
    expect(&s, "has a partition table at 0x8000, but its MD5 is wrong", NULL);
    for (int keep = 0; keep < 2; keep++) {
        struct made_row rows[COUNT_OF(factory_rows)];
        memcpy(rows, factory_rows, sizeof rows);
        rows[2].size_bytes = MB(4);
        s.settings.size = keep ? PLAN_SIZE_KEEP : PLAN_SIZE_FIXED;
        s.settings.flash_bytes = MB(4);
        add_boot(&s);
        add_table(&s, rows, COUNT_OF(rows));
        add_app(&s, 0x10000);
        expect(&s,
               keep ? "reaches to 0x420000, but the header of 'boot.bin' says"
                    : "reaches to 0x420000, behind the end of the flash at 0x400000",
               NULL);
    }
}

/* As large as header and table make the firmware believe, and no larger than the flash says. */
static void layout_knows_how_large_a_flash_the_firmware_will_believe(void **state)
{
    static const struct {
        enum plan_size size;
        uint32_t fixed_bytes, flash_bytes, table_bytes, claims_bytes;
        bool boot;
    } cases[] = {
        { PLAN_SIZE_DETECT, 0, MB(16), 0, MB(16), true },
        { PLAN_SIZE_DETECT, 0, 0, 0, KB(128), true }, /* the flash does not say */
        { PLAN_SIZE_KEEP, 0, MB(16), 0, MB(4), true },
        { PLAN_SIZE_FIXED, MB(8), MB(16), 0, MB(8), true },
        { PLAN_SIZE_KEEP, 0, MB(16), 0, KB(128), false },
        { PLAN_SIZE_KEEP, 0, MB(16), MB(5), MB(8), false },
        { PLAN_SIZE_KEEP, 0, MB(4), MB(5), MB(4), false },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct set s = set_for("esp32");
        struct err e = { 0 };
        const struct made_row rows[] = { { 0, 0, 0x10000, 0x10000, "factory" },
                                         { 1, 0x82, 0x20000, cases[i].table_bytes - 0x20000,
                                           "storage" } };
        if (cases[i].boot)
            add_boot(&s);
        add_app(&s, 0x10000);
        if (cases[i].table_bytes)
            add_table(&s, rows, COUNT_OF(rows));
        s.settings.size = cases[i].size;
        s.settings.flash_bytes = cases[i].fixed_bytes;
        struct plan *p = plan_new(&s.settings, s.rows, s.count, &e);
        assert_non_null(p);
        assert_int_equal(plan_claims_bytes(p, cases[i].flash_bytes), cases[i].claims_bytes);
        plan_free(p);
        set_done(&s);
    }
}

/* Any bytes behind the first row: no crash, and no row beyond what there is. */
static void layout_survives_tables_of_noise(void **state)
{
    uint32_t seed = 99;
    (void)state;
    for (int round = 0; round < 3000; round++) {
        size_t n = 32 + next_random(&seed) % 4000;
        uint8_t *bytes = malloc(n);
        struct partitions table;
        assert_non_null(bytes);
        for (size_t i = 0; i < n; i++)
            bytes[i] = (uint8_t)(next_random(&seed) >> 9);
        for (size_t at = 0; at + 32 <= n && at < next_random(&seed) % 4000; at += 32) {
            bytes[at] = 0xAA;
            bytes[at + 1] = 0x50;
        }
        if (partitions_read(bytes, n, &table)) {
            assert_true(table.count <= PARTITIONS_MAX && table.count <= n / 32);
            (void)partitions_end(&table);
            (void)partitions_start(&table, NULL, NULL);
            (void)partitions_at(&table, next_random(&seed));
        }
        (void)foreign_find(bytes, n);
        free(bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layout_refuses_what_is_no_boot_image),
        cmocka_unit_test(layout_lets_data_lie_elsewhere),
        cmocka_unit_test(layout_says_that_nothing_lies_where_the_rom_starts),
        cmocka_unit_test(layout_knows_direct_boot),
        cmocka_unit_test(layout_looks_into_merged_files),
        cmocka_unit_test(layout_tells_where_a_merged_file_belongs),
        cmocka_unit_test(layout_patches_inside_merged_files),
        cmocka_unit_test(layout_never_patches_a_signed_boot_loader),
        cmocka_unit_test(layout_misses_a_partition_table),
        cmocka_unit_test(layout_holds_images_against_their_partitions),
        cmocka_unit_test(layout_wants_an_application_at_the_start_of_its_partition),
        cmocka_unit_test(layout_knows_what_starts_first),
        cmocka_unit_test(layout_holds_a_table_against_its_own_partitions),
        cmocka_unit_test(layout_refuses_a_table_that_the_boot_loader_refuses),
        cmocka_unit_test(layout_knows_how_large_a_flash_the_firmware_will_believe),
        cmocka_unit_test(layout_survives_tables_of_noise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
