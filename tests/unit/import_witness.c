/*
 * Builds that are told by several files: which of them says what, and what becomes of a build where
 * two disagree. Layouts of PlatformIO, ESP-IDF, Arduino and ESP Web Tools as they lie on disks of
 * others: moved to another machine, under other names, with a factory application beside the slots.
 */
#include "station/import/import.h"
#include "tests/unit/import_help.h"

#include <limits.h>

struct want {
    uint32_t offset_addr;
    const char *file;
};

static char *import_text(const char *path, const char *chip, struct err *e)
{
    struct import *im = calloc(1, sizeof *im);
    assert_non_null(im);
    bool ok = (!chip || import_global_option(im, "--chip", chip, e)) && import_path(im, path, e);
    char *text = ok ? import_recipe(im, NULL, e) : NULL;
    import_done(im);
    free(im);
    return text;
}

/* Imports, and loads what comes out as `run` does. The text is the caller's. */
static char *imports_for(const char *path, const char *chip, const struct want *want, size_t count)
{
    struct doc_report *report = calloc(1, sizeof *report);
    struct recipe *recipe = NULL;
    struct err e = { 0 };
    assert_non_null(report);
    char *text = import_text(path, chip, &e);
    assert_ok(text != NULL, &e);
    put_text("recipe.yaml", text);
    if (!recipe_load("recipe.yaml", &recipe, report, &e))
        fail_msg("%s: %s\n%s", e.what, report->mistakes[0].sentence, text);
    if (recipe->image_count != count)
        fail_msg("%zu images, not %zu:\n%s", recipe->image_count, count, text);
    for (size_t i = 0; i < count; i++) {
        assert_string_equal(recipe->images[i].file, want[i].file);
        assert_int_equal(recipe->images[i].offset_bytes, want[i].offset_addr);
    }
    recipe_free(recipe);
    free(report);
    return text;
}

static void imports(const char *path, const struct want *want, size_t count)
{
    free(imports_for(path, NULL, want, count));
}

static void refuses_for(const char *path, const char *chip, enum err_code code, const char *what,
                        const char *hint)
{
    struct err e = { 0 };
    char *text = import_text(path, chip, &e);
    if (text)
        fail_msg("'%s' is imported:\n%s", path, text);
    assert_int_equal(e.code, code);
    assert_has(e.what, what);
    assert_has(e.hint, hint);
}

static void refuses(const char *path, enum err_code code, const char *what, const char *hint)
{
    refuses_for(path, NULL, code, what, hint);
}

static char *in(const char *folder, const char *file)
{
    static char path[4][300];
    static unsigned turn;
    char *to = path[turn++ % 4];
    snprintf(to, sizeof path[0], "%s/%s", folder, file);
    return to;
}

static void put_pio(const char *folder, const char *program, const char *project)
{
    put_folder(folder);
    put_esp32_boot(in(folder, "bootloader.bin"));
    put_ota_table(in(folder, "partitions.bin"));
    put_app(in(folder, program), 0, project);
}

/* ---- What starts first ---- */

/* The table of boards with a rescue program: two slots, and factory behind them. */
static void put_rescue_table(const char *path)
{
    static const struct made_row rows[] = {
        { 1, 2, 0x9000, 0x5000, "nvs" },        { 1, 0, 0xE000, 0x2000, "otadata" },
        { 0, 0x10, 0x10000, 0x160000, "app0" }, { 0, 0x11, 0x170000, 0x160000, "app1" },
        { 0, 0, 0x2D0000, 0x40000, "factory" },
    };
    put_table(path, rows, COUNT_OF(rows));
}

static void the_application_goes_where_otadata_starts(void **state)
{
    static const struct want slot[] = { { 0x1000, "rescue/bootloader.bin" },
                                        { 0x8000, "rescue/partitions.bin" },
                                        { 0xE000, "rescue/boot_app0.bin" },
                                        { 0x10000, "rescue/firmware.bin" } };
    static const struct want factory[] = { { 0x1000, "rescue/bootloader.bin" },
                                           { 0x8000, "rescue/partitions.bin" },
                                           { 0xE000, "rescue/ota_data_initial.bin" },
                                           { 0x2D0000, "rescue/firmware.bin" } };
    (void)state;
    put_pio("rescue", "firmware.bin", "arduino-lib-builder");
    put_rescue_table("rescue/partitions.bin");
    refuses("rescue", ERR_IMAGE, "has factory and ota_0", "boot_app0.bin");
    put_boot_app0("rescue/boot_app0.bin");
    imports("rescue", slot, COUNT_OF(slot));
    remove("rescue/boot_app0.bin");
    put_blank("rescue/ota_data_initial.bin", 0x2000);
    imports("rescue", factory, COUNT_OF(factory));
}

static void a_sketch_goes_where_otadata_starts(void **state)
{
    static const struct want want[] = { { 0x1000, "sketch/Blink.ino.bootloader.bin" },
                                        { 0x8000, "sketch/Blink.ino.partitions.bin" },
                                        { 0xE000, "sketch/boot_app0.bin" },
                                        { 0x10000, "sketch/Blink.ino.bin" } };
    (void)state;
    put_folder("sketch");
    put_esp32_boot("sketch/Blink.ino.bootloader.bin");
    put_rescue_table("sketch/Blink.ino.partitions.bin");
    put_app("sketch/Blink.ino.bin", 0, "arduino-lib-builder");
    put_boot_app0("sketch/boot_app0.bin");
    imports("sketch", want, COUNT_OF(want));
}

static void otadata_goes_to_its_partition(void **state)
{
    static const struct made_row rows[] = { { 1, 0, 0x9000, 0x2000, "otadata" },
                                            { 0, 0x10, 0x10000, 0x1C0000, "app0" },
                                            { 0, 0x11, 0x1D0000, 0x1C0000, "app1" } };
    static const struct want want[] = { { 0x1000, ".pioenvs/room/bootloader.bin" },
                                        { 0x8000, ".pioenvs/room/partitions.bin" },
                                        { 0x9000, ".pioenvs/room/ota_data_initial.bin" },
                                        { 0x10000, ".pioenvs/room/firmware.bin" } };
    (void)state;
    put_pio(".pioenvs/room", "firmware.bin", "room");
    put_table(".pioenvs/room/partitions.bin", rows, COUNT_OF(rows));
    put_blank(".pioenvs/room/ota_data_initial.bin", 0x2000);
    imports(".pioenvs/room", want, COUNT_OF(want));
    put_app(".pioenvs/room/firmware.ota.bin", 0, "room");
    imports(".pioenvs/room", want, COUNT_OF(want));
}

static void an_application_fits_its_partition(void **state)
{
    static const struct made_row rows[] = { { 1, 2, 0x9000, 0x5000, "nvs" },
                                            { 0, 0, 0x10000, 0x1000, "factory" } };
    (void)state;
    put_pio("small", "firmware.bin", "x");
    put_table("small/partitions.bin", rows, COUNT_OF(rows));
    refuses("small", ERR_IMAGE, "its partition", "");
}

static void a_damaged_table_is_refused(void **state)
{
    uint8_t *table = make_partition_table();
    (void)state;
    put_pio("damaged", "firmware.bin", "x");
    table[8] ^= 1;
    put_bytes("damaged/partitions.bin", table, MADE_TABLE_BYTES);
    free(table);
    refuses("damaged", ERR_IMAGE, "its MD5 is wrong", "Build again");
}

/* ---- A table that was moved ---- */

#define MOVED_JSON                                                                                 \
    "{ \"flash_files\" : { \"0x1000\" : \"bootloader/bootloader.bin\", \"0x20000\" : "             \
    "\"proj.bin\", "                                                                               \
    "\"0x10000\" : \"partition_table/partition-table.bin\" } }"

static void put_moved(const char *folder)
{
    static const struct made_row rows[] = { { 1, 2, 0x11000, 0x6000, "nvs" },
                                            { 0, 0, 0x20000, 0x100000, "factory" } };
    put_pio(folder, "firmware.bin", "x");
    put_table(in(folder, "partitions.bin"), rows, COUNT_OF(rows));
}

static void a_moved_table_needs_a_witness(void **state)
{
    static const struct want want[] = { { 0x1000, "moved/.pio/build/a/bootloader.bin" },
                                        { 0x10000, "moved/.pio/build/a/partitions.bin" },
                                        { 0x20000, "moved/.pio/build/a/firmware.bin" } };
    (void)state;
    put_moved("moved/.pio/build/a");
    refuses("moved", ERR_IMAGE, "Nothing says where 'partitions.bin' goes", "sdkconfig");
    put_text("moved/sdkconfig.a", "# x\nCONFIG_PARTITION_TABLE_OFFSET=0x10000\nCONFIG_X=y\n");
    imports("moved", want, COUNT_OF(want));
    remove("moved/sdkconfig.a");
    put_text("moved/sdkconfig", "CONFIG_PARTITION_TABLE_OFFSET=0x10000\n");
    imports("moved", want, COUNT_OF(want));
    remove("moved/sdkconfig");
    put_text("moved/.pio/build/a/flasher_args.json", MOVED_JSON);
    imports("moved", want, COUNT_OF(want));
    put_text("moved/sdkconfig", "CONFIG_PARTITION_TABLE_OFFSET=0x8000\n");
    refuses("moved", ERR_IMAGE, "puts the partition table at 0x10000, and sdkconfig", "");
}

static void a_table_is_not_where_its_partitions_are(void **state)
{
    (void)state;
    put_pio("over", "firmware.bin", "x");
    put_text("over/flasher_args.json", "{ \"flash_files\" : { \"0x9000\" : "
                                       "\"partition_table/partition-table.bin\" } }");
    refuses("over", ERR_IMAGE, "where its own first partition is", "");
}

/* ---- Which tool it was ---- */

#define IDF_JSON                                                                                   \
    "{ \"flash_files\" : { \"0x1000\" : \"bootloader/bootloader.bin\", \"0x10000\" : "             \
    "\"firmware.bin\" }, \"extra_esptool_args\" : { \"chip\" : \"esp32\" } }"

static void firmware_bin_of_esp_idf_is_of_esp_idf(void **state)
{
    static const struct want want[] = { { 0x1000, "fw/build/bootloader/bootloader.bin" },
                                        { 0x10000, "fw/build/firmware.bin" } };
    (void)state;
    put_folder("fw/build/bootloader");
    put_esp32_boot("fw/build/bootloader/bootloader.bin");
    put_app("fw/build/firmware.bin", 0, "fw");
    put_text("fw/build/flash_args", "0x1000 bootloader/bootloader.bin\n0x10000 firmware.bin\n");
    imports("fw/build", want, COUNT_OF(want));
    put_text("fw/build/flasher_args.json", IDF_JSON);
    imports("fw/build", want, COUNT_OF(want));
    imports("fw", want, COUNT_OF(want));
    put_pio("fw/.pio/build/x", "firmware.bin", "fw");
    refuses("fw", ERR_USAGE, "There is a build in 'fw/build' and one in 'fw/.pio/build/x'",
            "espstation import fw/build");
}

static void two_whole_builds_in_one_folder_are_refused(void **state)
{
    static const struct want want[] = { { 0x1000, "both/bootloader/bootloader.bin" },
                                        { 0x10000, "both/firmware.bin" } };
    (void)state;
    put_pio("both", "firmware.bin", "x");
    put_folder("both/bootloader");
    put_esp32_boot("both/bootloader/bootloader.bin");
    put_text("both/flasher_args.json", IDF_JSON);
    refuses("both", ERR_USAGE, "a build of PlatformIO, and a flasher_args.json",
            "espstation import both/flasher_args.json");
    imports("both/flasher_args.json", want, COUNT_OF(want));
}

/* ---- idedata.json ---- */

static void put_idedata(const char *folder, const char *out, const char *core, const char *slash,
                        const char *program, const char *more)
{
    char text[1500];
    snprintf(text, sizeof text,
             "{\"prog_path\": \"%s%s%s.elf\", \"extra\": {\"flash_images\": ["
             "{\"offset\": \"0x1000\", \"path\": \"%s%sbootloader.bin\"}, "
             "{\"offset\": \"0x8000\", \"path\": \"%s%spartitions.bin\"}, "
             "{\"offset\": \"0xe000\", \"path\": \"%s%sboot_app0.bin\"}], %s}}",
             out, slash, program, out, slash, out, slash, core, slash, more);
    put_text(in(folder, "idedata.json"), text);
}

static const struct want listed[] = { { 0x1000, "listed/bootloader.bin" },
                                      { 0x8000, "listed/partitions.bin" },
                                      { 0xE000, "listed/boot_app0.bin" },
                                      { 0x10000, "listed/sensor_2021.bin" } };

#define AT_64K "\"application_offset\": \"0x10000\""

static void paths_of_another_machine_mean_the_folder(void **state)
{
    (void)state;
    put_pio("listed", "sensor_2021.bin", NULL);
    put_boot_app0("listed/boot_app0.bin");
    put_idedata("listed", "C:\\\\GitHub\\\\fw\\\\.pio\\\\build\\\\a", "C:\\\\Users\\\\eve\\\\tools",
                "\\\\", "sensor_2021", AT_64K);
    imports("listed", listed, COUNT_OF(listed));
    put_idedata("listed", "/home/ci/fw/.pio/build/a", "/home/ci/tools", "/", "sensor_2021", AT_64K);
    imports("listed", listed, COUNT_OF(listed));
    imports("listed/idedata.json", listed, COUNT_OF(listed));
}

/* A build of the same project lies where the list says; it is not the one that was named. */
static void a_path_elsewhere_does_not_win(void **state)
{
    char out[PATH_MAX], here[PATH_MAX];
    (void)state;
    assert_non_null(getcwd(here, sizeof here));
    snprintf(out, sizeof out, "%.200s/elsewhere", here);
    put_pio("elsewhere", "sensor_2021.bin", NULL);
    put_boot_app0("elsewhere/boot_app0.bin");
    put_idedata("listed", out, out, "/", "sensor_2021", AT_64K);
    imports("listed", listed, COUNT_OF(listed));
    remove("listed/bootloader.bin");
    refuses("listed", ERR_IMAGE, "neither there nor in the folder", "bootloader.bin into listed");
    put_esp32_boot("listed/bootloader.bin");
}

/* What is not of the build, boot_app0.bin of the core, may lie where the core is. */
static void a_file_of_the_core_is_found_where_it_is(void **state)
{
    static const struct want want[] = { { 0x1000, "listed/bootloader.bin" },
                                        { 0x8000, "listed/partitions.bin" },
                                        { 0xE000, "core/boot_app0.bin" },
                                        { 0x10000, "listed/sensor_2021.bin" } };
    char core[PATH_MAX], here[PATH_MAX];
    (void)state;
    assert_non_null(getcwd(here, sizeof here));
    snprintf(core, sizeof core, "%.200s/core", here);
    put_folder("core");
    put_boot_app0("core/boot_app0.bin");
    remove("listed/boot_app0.bin");
    put_idedata("listed", "/nowhere", core, "/", "sensor_2021", AT_64K);
    imports("listed", want, COUNT_OF(want));
    put_boot_app0("listed/boot_app0.bin");
}

static void idedata_that_is_old_is_refused(void **state)
{
    (void)state;
    put_idedata("listed", "/b", "/c", "/", "other", AT_64K);
    refuses("listed", ERR_IMAGE, "names the program 'other.bin', which is not in", "idedata.json");
    put_idedata("listed", "/b", "/c", "/", "sensor_2021", "\"application_offset\": \"0x20000\"");
    refuses("listed", ERR_IMAGE,
            "idedata.json puts the application at 0x20000, and boot_app0.bin puts it at 0x10000",
            "");
    put_idedata("listed", "/b", "/c", "/", "sensor_2021",
                "\"application_offset\": \"0x0\", \"merged_firmware\": true");
    imports("listed", listed, COUNT_OF(listed));
}

/* ---- Programs of other names ---- */

static void a_program_of_another_name_is_found(void **state)
{
    static const struct want want[] = { { 0x1000, "named/.pio/build/a/bootloader.bin" },
                                        { 0x8000, "named/.pio/build/a/partitions.bin" },
                                        { 0xE000, "named/.pio/build/a/boot_app0.bin" },
                                        { 0x10000, "named/.pio/build/a/lamp_v3.bin" } };
    (void)state;
    put_pio("named/.pio/build/a", "lamp_v3.bin", "lamp");
    put_boot_app0("named/.pio/build/a/boot_app0.bin");
    imports("named", want, COUNT_OF(want));
    imports("named/.pio/build/a", want, COUNT_OF(want));
    put_app("named/.pio/build/a/lamp_v2.bin", 0, "lamp");
    refuses("named", ERR_IMAGE, "several applications and no firmware.bin", "");
}

static void a_signed_program_beside_the_plain_one_is_refused(void **state)
{
    (void)state;
    put_pio("signed", "firmware.bin", "x");
    put_app("signed/firmware-signed.bin", 0, "x");
    refuses("signed", ERR_IMAGE, "'firmware-signed.bin' is there beside 'firmware.bin'",
            "pio run -v -t upload");
}

/* ---- Sketch folders ---- */

static void put_export(const char *folder)
{
    put_folder(folder);
    put_esp32_boot(in(folder, "Lamp.ino.bootloader.bin"));
    put_ota_table(in(folder, "Lamp.ino.partitions.bin"));
    put_boot_app0(in(folder, "boot_app0.bin"));
    put_app(in(folder, "Lamp.ino.bin"), 0, "arduino-lib-builder");
}

static void a_sketch_folder_has_its_exports(void **state)
{
    static const struct want want[] = { { 0x1000, "Lamp/build/esp32.esp32.esp32/"
                                                  "Lamp.ino.bootloader.bin" },
                                        { 0x8000, "Lamp/build/esp32.esp32.esp32/"
                                                  "Lamp.ino.partitions.bin" },
                                        { 0xE000, "Lamp/build/esp32.esp32.esp32/boot_app0.bin" },
                                        { 0x10000, "Lamp/build/esp32.esp32.esp32/Lamp.ino.bin" } };
    (void)state;
    put_folder("Lamp");
    put_text("Lamp/Lamp.ino", "void loop() {}\n");
    refuses("Lamp", ERR_USAGE, "no build folder", "Export Compiled Binary");
    put_export("Lamp/build/esp32.esp32.esp32");
    imports("Lamp", want, COUNT_OF(want));
    put_export("Lamp/build/esp32.esp32.esp32c3");
    refuses("Lamp", ERR_USAGE, "several exported builds",
            "espstation import Lamp/build/esp32.esp32.esp32");
}

/* The core's own list counts when its files are there. */
static void a_list_of_the_arduino_core_counts_when_whole(void **state)
{
    char *text;
    static const struct want want[] = { { 0x1000, "core3/Lamp.ino.bootloader.bin" },
                                        { 0x8000, "core3/Lamp.ino.partitions.bin" },
                                        { 0xE000, "core3/boot_app0.bin" },
                                        { 0x10000, "core3/Lamp.ino.bin" } };
    (void)state;
    put_export("core3");
    put_text("core3/flash_args", "--flash-mode dio --flash-freq 80m --flash-size 4MB\n"
                                 "0x1000 Lamp.ino.bootloader.bin\n0x8000 Lamp.ino.partitions.bin\n"
                                 "0xe000 boot_app0.bin\n0x10000 Lamp.ino.bin\n");
    text = imports_for("core3", NULL, want, COUNT_OF(want));
    assert_has(text, "freq: \"80m\"");
    free(text);
    remove("core3/boot_app0.bin");
    text = imports_for("core3", NULL, (const struct want[]){ want[0], want[1], want[3] }, 3);
    assert_has(text, "a build of Arduino");
    free(text);
}

/* ---- ESP Web Tools ---- */

#define MANIFEST                                                                                   \
    "{\"name\": \"Lamp\", \"version\": \"2.1\", \"new_install_prompt_erase\": true, \"builds\": [" \
    "{\"chipFamily\": \"ESP32\", \"parts\": [{\"path\": \"boot%%20loader.bin?v=2\", \"offset\": "  \
    "4096}, {\"path\": \"%s\", \"offset\": 65536}]}%s]}"
#define C3_BUILD                                                                                   \
    ", {\"chipFamily\": \"ESP32-C3\", \"parts\": [{\"path\": \"c3.bin\", \"offset\": 0}]}, "       \
    "{\"chipFamily\": \"ESP64\", \"parts\": []}"

static void put_manifest(const char *path, const char *app, const char *more)
{
    char text[1000];
    snprintf(text, sizeof text, MANIFEST, app, more);
    put_text(path, text);
}

static void a_manifest_of_the_web_is_imported(void **state)
{
    static const struct want want[] = { { 0x1000, "web/boot loader.bin" },
                                        { 0x10000, "web/fw/app.bin" } };
    static const struct want fetched[] = { { 0x1000, "web/boot loader.bin" },
                                           { 0x10000, "web/app.bin" } };
    (void)state;
    put_folder("web/fw");
    put_esp32_boot("web/boot loader.bin");
    put_app("web/fw/app.bin", 0, NULL);
    put_app("web/c3.bin", 5, NULL);
    put_manifest("web/manifest.json", "fw/app.bin", "");
    char *text = imports_for("web", NULL, want, COUNT_OF(want));
    assert_has(text, "a manifest of ESP Web Tools");
    assert_has(text, "recipe: \"Lamp\"\nversion: \"2.1\"\nchip: esp32\n");
    assert_has(text, "# not carried over: new_install_prompt_erase");
    free(text);
    put_manifest("web/manifest.json", "https://example.org/fw/app.bin", "");
    refuses("web/manifest.json", ERR_IMAGE, "not in the folder of the manifest", "as app.bin");
    put_app("web/app.bin", 0, NULL);
    imports("web/manifest.json", fetched, COUNT_OF(fetched));
}

static void a_manifest_of_several_chips_needs_one(void **state)
{
    static const struct want want[] = { { 0x1000, "web/boot loader.bin" },
                                        { 0x10000, "web/fw/app.bin" } };
    static const struct want c3[] = { { 0, "web/c3.bin" } };
    (void)state;
    put_manifest("web/lamp.json", "fw/app.bin", C3_BUILD);
    refuses("web/lamp.json", ERR_USAGE, "several builds (ESP32, ESP32-C3, ESP64)",
            "import --chip ESP32 web/lamp.json");
    free(imports_for("web/lamp.json", "esp32", want, COUNT_OF(want)));
    free(imports_for("web/lamp.json", "esp32c3", c3, COUNT_OF(c3)));
    refuses_for("web/lamp.json", "esp32s3", ERR_USAGE, "has no build for ESP32-S3", "");
    put_text("web/other.json", "{\"builds\": [{\"chipFamily\": \"ESP64\", \"parts\": []}]}");
    refuses("web/other.json", ERR_USAGE, "does not know the chipFamily 'ESP64'", "");
    put_manifest("web/lamp.json", "fw/app.bin",
                 ", {\"chipFamily\": \"ESP32\", \"serialType\": \"cdc\", \"parts\": []}");
    refuses_for("web/lamp.json", "esp32", ERR_USAGE, "2 builds for ESP32", "copy of the file");
}

/* ---- Chips ---- */

static void put_idf(const char *folder, const char *json)
{
    put_folder(folder);
    put_text(in(folder, "flasher_args.json"), json);
}

/* Its host's table has a partition for it, and its host's loader says which chip that one is. */
static void an_image_of_another_chip_is_data_in_a_data_partition(void **state)
{
    static const struct made_row rows[] = { { 1, 2, 0x9000, 0x4000, "nvs" },
                                            { 0, 0, 0x10000, 0x100000, "factory" },
                                            { 1, 0x40, 0x110000, 0x100000, "radio_fw" } };
    static const struct want want[] = { { 0x1000, "radio/boot.bin" },
                                        { 0x8000, "radio/table.bin" },
                                        { 0x10000, "radio/host.bin" },
                                        { 0x110000, "radio/radio.bin" } };
    (void)state;
    put_idf("radio", "{ \"flash_files\" : { \"0x1000\" : \"boot.bin\", \"0x8000\" : \"table.bin\", "
                     "\"0x10000\" : \"host.bin\", \"0x110000\" : \"radio.bin\" }, "
                     "\"extra_esptool_args\" : { \"chip\" : \"esp32\" } }");
    put_esp32_boot("radio/boot.bin");
    put_table("radio/table.bin", rows, COUNT_OF(rows));
    put_app("radio/host.bin", 0, "host");
    put_app("radio/radio.bin", 5, "radio");
    char *text = imports_for("radio", NULL, want, COUNT_OF(want));
    assert_has(text, "as: data # for ESP32-C3\n");
    assert_has(text, "recipe: \"host\"");
    free(text);
    put_table("radio/table.bin", rows, 2);
    refuses("radio", ERR_IMAGE, "'radio/radio.bin' is an image for ESP32-C3", "");
    put_table("radio/table.bin", rows, 3);
    put_app("radio/host.bin", 5, "host");
    refuses("radio", ERR_IMAGE, "'radio/host.bin' is an image for ESP32-C3", "");
}

static void a_build_without_a_boot_loader_says_so(void **state)
{
    static const struct want want[] = { { 0x10000, "secure/app.bin" } };
    (void)state;
    put_idf("secure", "{ \"flash_files\" : { \"0x10000\" : \"app.bin\" } }");
    put_app("secure/app.bin", 0, "x");
    char *text = imports_for("secure", NULL, want, COUNT_OF(want));
    assert_has(text, "# not carried over: a boot loader for 0x1000");
    free(text);
}

static void an_esp8266_has_the_long_header_too(void **state)
{
    static const struct want want[] = { { 0, "rtos/boot.bin" }, { 0x10000, "rtos/app.bin" } };
    (void)state;
    put_idf("rtos", "{ \"flash_files\" : { \"0x0\" : \"boot.bin\", \"0x10000\" : \"app.bin\" } }");
    put_esp8266("rtos/boot.bin");
    put_image("rtos/app.bin", &(struct image_recipe){ .layout = MADE_LONG,
                                                      .segments = 1,
                                                      .segment_bytes = 2000,
                                                      .max_revision = 0xFFFF,
                                                      .load_addr = 0x40100000,
                                                      .digest = true });
    free(imports_for("rtos", NULL, want, COUNT_OF(want)));
    free(imports_for("rtos", "esp8266", want, COUNT_OF(want)));
    refuses_for("rtos", "esp32", ERR_IMAGE, "is an image for ESP8266", "");
    put_app("rtos/app.bin", 0, NULL);
    refuses("rtos", ERR_IMAGE, "'rtos/app.bin' is an image for ESP32", "");
}

/* ---- Files ---- */

static void a_file_is_what_is_in_it(void **state)
{
    static const struct want want[] = { { 0x1000, "files/bootloader.bin" },
                                        { 0x10000, "files/app.bin" } };
    (void)state;
    put_folder("files");
    put_esp32_boot("files/bootloader.bin");
    put_app("files/app.bin", 0, "x");
    put_text("files/flash.sh", "#!/bin/sh\nset -e\nesptool.py --chip esp32 -p $1 write_flash \\\n"
                               "  0x1000 bootloader.bin 0x10000 app.bin\n");
    imports("files/flash.sh", want, COUNT_OF(want));
    put_text("files/args", "--flash_mode dio 0x1000 bootloader.bin 0x10000 app.bin\n");
    imports("files/args", want, COUNT_OF(want));
    put_text("files/args.json", "{ \"flash_files\": { \"0x1000\": \"bootloader.bin\", \"0x10000\": "
                                "\"app.bin\" } }");
    imports("files/args.json", want, COUNT_OF(want));
}

static void what_is_no_build_lists_what_import_reads(void **state)
{
    (void)state;
    put_folder("files");
    put_text("files/notes.txt", "buy milk\n");
    put_text("files/package.json", "{ \"name\": \"x\" }");
    put_app("files/app.bin", 0, "x");
    refuses("files/notes.txt", ERR_USAGE, "names no images", "a manifest of ESP Web Tools");
    refuses("files/package.json", ERR_USAGE, "names no images", "espstation import -- esptool");
    refuses("files/app.bin", ERR_USAGE, "does not say where it goes",
            "espstation import -- esptool write-flash 0x10000 files/app.bin");
    put_folder("unbuilt");
    put_text("unbuilt/platformio.ini", "[env:a]\n");
    refuses("unbuilt", ERR_USAGE, "no build folder", "Build it first: pio run");
    remove("unbuilt/platformio.ini");
    put_text("unbuilt/CMakeLists.txt", "\n");
    refuses("unbuilt", ERR_USAGE, "no build folder", "idf.py build");
    refuses("nowhere", ERR_USAGE, "'nowhere' is not there", "");
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
        cmocka_unit_test(the_application_goes_where_otadata_starts),
        cmocka_unit_test(a_sketch_goes_where_otadata_starts),
        cmocka_unit_test(otadata_goes_to_its_partition),
        cmocka_unit_test(an_application_fits_its_partition),
        cmocka_unit_test(a_damaged_table_is_refused),
        cmocka_unit_test(a_moved_table_needs_a_witness),
        cmocka_unit_test(a_table_is_not_where_its_partitions_are),
        cmocka_unit_test(firmware_bin_of_esp_idf_is_of_esp_idf),
        cmocka_unit_test(two_whole_builds_in_one_folder_are_refused),
        cmocka_unit_test(paths_of_another_machine_mean_the_folder),
        cmocka_unit_test(a_path_elsewhere_does_not_win),
        cmocka_unit_test(a_file_of_the_core_is_found_where_it_is),
        cmocka_unit_test(idedata_that_is_old_is_refused),
        cmocka_unit_test(a_program_of_another_name_is_found),
        cmocka_unit_test(a_signed_program_beside_the_plain_one_is_refused),
        cmocka_unit_test(a_sketch_folder_has_its_exports),
        cmocka_unit_test(a_list_of_the_arduino_core_counts_when_whole),
        cmocka_unit_test(a_manifest_of_the_web_is_imported),
        cmocka_unit_test(a_manifest_of_several_chips_needs_one),
        cmocka_unit_test(an_image_of_another_chip_is_data_in_a_data_partition),
        cmocka_unit_test(a_build_without_a_boot_loader_says_so),
        cmocka_unit_test(an_esp8266_has_the_long_header_too),
        cmocka_unit_test(a_file_is_what_is_in_it),
        cmocka_unit_test(what_is_no_build_lists_what_import_reads),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
