/* Imports for want of memory at every allocation: a sentence that says so, nothing leaked, and
 * never another build than the one that is there. */
#include "station/import/import.h"
#include "tests/unit/alloc_help.h"
#include "tests/unit/import_help.h"

struct importing {
    struct import im;
    const char *what; /* a folder, a file, or a command */
    size_t images;
    char *recipe;
};

static void before(void *ctx)
{
    struct importing *i = ctx;
    memset(&i->im, 0, sizeof i->im);
    i->recipe = NULL;
}

static bool call(void *ctx, struct err *e)
{
    struct importing *i = ctx;
    bool ok = strchr(i->what, ' ') ? import_pasted(&i->im, "", i->what, e)
                                   : import_path(&i->im, i->what, e);
    if (ok)
        i->recipe = import_recipe(&i->im, NULL, e);
    if (!i->recipe && e->code != ERR_STATION)
        fail_msg("%s: %s: %s", i->what, err_word(e->code), e->what);
    return i->recipe != NULL;
}

static void after(void *ctx, bool ok)
{
    struct importing *i = ctx;
    assert_true(ok == (i->recipe != NULL));
    if (ok)
        assert_int_equal(i->im.image_count, i->images);
    free(i->recipe);
    import_done(&i->im);
}

static void try_all(const char *what, size_t images)
{
    static struct importing importing;
    const struct alloc_case c = { before, call, after, &importing, false };
    importing = (struct importing){ .what = what, .images = images };
    alloc_try_all(&c);
}

static void put_pio(const char *program)
{
    char path[100];
    put_folder("pio/.pio/build/a");
    put_esp32_boot("pio/.pio/build/a/bootloader.bin");
    put_ota_table("pio/.pio/build/a/partitions.bin");
    put_boot_app0("pio/.pio/build/a/boot_app0.bin");
    snprintf(path, sizeof path, "pio/.pio/build/a/%s", program);
    put_app(path, 0, "lamp");
}

static void a_program_is_found_without_memory(void **state)
{
    (void)state;
    put_pio("lamp.bin");
    put_text("pio/sdkconfig", "CONFIG_PARTITION_TABLE_OFFSET=0x8000\n");
    put_text("pio/.pio/build/a/flasher_args.json", "{ \"flash_files\" : { \"0x8000\" : "
                                                   "\"partition_table/partition-table.bin\" } }");
    try_all("pio", 4);
}

static void idedata_is_read_without_memory(void **state)
{
    (void)state;
    put_pio("firmware.bin");
    put_text("pio/.pio/build/a/idedata.json", "{\"prog_path\": \"/x/firmware.elf\", \"extra\": "
                                              "{\"flash_images\": ["
                                              "{\"offset\": \"0x1000\", \"path\": "
                                              "\"/x/bootloader.bin\"}, "
                                              "{\"offset\": \"0x8000\", \"path\": "
                                              "\"/x/partitions.bin\"}, "
                                              "{\"offset\": \"0xe000\", \"path\": "
                                              "\"/core/boot_app0.bin\"}], "
                                              "\"application_offset\": \"0x10000\"}}");
    try_all("pio/.pio/build/a", 4);
}

static void a_manifest_is_read_without_memory(void **state)
{
    (void)state;
    put_text("manifest.json", "{\"name\": \"Lamp\", \"builds\": [{\"chipFamily\": \"ESP32\", "
                              "\"parts\": ["
                              "{\"path\": \"boot%6Coader.bin\", \"offset\": 4096}, "
                              "{\"path\": \"http://x/app.bin\", \"offset\": 65536}]}]}");
    try_all("manifest.json", 2);
}

static void a_text_is_read_without_memory(void **state)
{
    (void)state;
    try_all("Running ninja in directory build\n"
            "esptool.py esp32 write_flash 0x1000 bootloader/bootloader.bin\n"
            "or from the \"build\" directory\n"
            "esptool --chip esp32 write-flash @none\n"
            "cd .. && sudo esptool.py write_flash 0x10000 app.bin",
            2);
}

static int set_up(void **state)
{
    (void)state;
    import_images_enter();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    import_images_leave();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_program_is_found_without_memory),
        cmocka_unit_test(idedata_is_read_without_memory),
        cmocka_unit_test(a_manifest_is_read_without_memory),
        cmocka_unit_test(a_text_is_read_without_memory),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
