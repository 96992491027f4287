/*
 * What builds leave behind, and commands of esptool: a recipe comes out, or a sentence.
 *
 * The first byte says what the rest is: a command, flasher_args.json, flash_args, idedata.json, a
 * partition table, JSON alone, a manifest, a file of unknown kind, otadata, flasher_args.json of
 * another tool's build, or sdkconfig. Small images of several chips lie around it.
 */
#include "tests/fuzz/lib/fuzz.h"

#include "station/import/import.h"
#include "tests/lib/make_image.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void put_image(const char *name, const struct image_recipe *r)
{
    struct made_image made = make_image(r);
    put_file(name, made.bytes, made.size_bytes);
    free(made.bytes);
}

static const struct image_recipe esp32_image = {
    .layout = MADE_LONG, .segments = 1, .segment_bytes = 300, .max_revision = 0xFFFF, .digest = true
};

static void put_build(const char *folder)
{
    uint8_t *table = make_partition_table();
    struct image_recipe app = esp32_image;
    app.project = "fuzz";
    char top[PATH_MAX];
    must(getcwd(top, sizeof top) && mkdir(folder, 0700) == 0 && chdir(folder) == 0,
         "the temporary folder can be written");
    put_image("bootloader.bin", &esp32_image);
    put_image("firmware.bin", &app);
    put_image("app.bin", &app);
    put_file("partitions.bin", table, MADE_TABLE_BYTES);
    put_file("boot_app0.bin", "data", 4);
    put_file("part.hex", ":020000000102FB\n:00000001FF\n", 28);
    put_file("args", "--flash_mode dio 0x1000 bootloader.bin\n0x10000 'app.bin'\n", 56);
    app.chip_id = 5;
    put_image("c3.bin", &app);
    app.layout = MADE_SHORT;
    put_image("esp8266.bin", &app);
    must(chdir(top) == 0, "the temporary folder is there");
    free(table);
}

/* Folders of their own, so that one build cannot be taken for the other; `build` is the current
 * one. */
static void set_up(void)
{
    static bool done;
    if (done)
        return;
    done = true;
    enter_folder();
    put_build("build");
    put_build("pio");
    must(mkdir("made", 0700) == 0 && mkdir("made/.pio", 0700) == 0 &&
             mkdir("made/.pio/build", 0700) == 0,
         "the temporary folder can be written");
    put_build("made/.pio/build/fuzz");
    must(chdir("build") == 0, "the temporary folder is there");
}

/* ---- One kind each ---- */

static bool import_line(struct import *im, const uint8_t *bytes, size_t n, struct err *e)
{
    char *text = must_alloc(n + 1);
    memcpy(text, bytes, n);
    text[n] = '\0';
    bool ok = import_pasted(im, "", text, e);
    free(text);
    return ok;
}

static bool import_idf(struct import *im, const uint8_t *bytes, size_t n, struct err *e)
{
    put_file("flasher_args.json", bytes, n);
    bool ok = import_flasher_args(im, "", "flasher_args.json", e);
    unlink("flasher_args.json");
    return ok;
}

static bool import_args(struct import *im, const uint8_t *bytes, size_t n, struct err *e)
{
    put_file("flash_args", bytes, n);
    bool ok = import_flash_args(im, "", "flash_args", e);
    unlink("flash_args");
    return ok;
}

static bool import_listed(struct import *im, const uint8_t *bytes, size_t n, struct err *e)
{
    put_file("../pio/idedata.json", bytes, n);
    bool ok = import_platformio(im, "../pio", e);
    unlink("../pio/idedata.json");
    return ok;
}

static bool import_table(struct import *im, const uint8_t *bytes, size_t n, struct err *e)
{
    put_file("../pio/partitions.bin", bytes, n);
    return import_folder(im, "../pio", e);
}

static bool import_start(struct import *im, const uint8_t *bytes, size_t n, struct err *e)
{
    put_file("../pio/boot_app0.bin", bytes, n);
    bool ok = import_folder(im, "../pio", e);
    put_file("../pio/boot_app0.bin", (const uint8_t *)"data", 4);
    return ok;
}

static bool import_witness(struct import *im, const uint8_t *bytes, size_t n, struct err *e)
{
    put_file("../pio/flasher_args.json", bytes, n);
    bool ok = import_platformio(im, "../pio", e);
    unlink("../pio/flasher_args.json");
    return ok;
}

static bool import_settings(struct import *im, const uint8_t *bytes, size_t n, struct err *e)
{
    put_file("../made/sdkconfig.fuzz", bytes, n);
    return import_folder(im, "../made", e);
}

static bool import_page(struct import *im, const uint8_t *bytes, size_t n, struct err *e)
{
    put_file("manifest.json", bytes, n);
    bool ok = import_manifest(im, "", "manifest.json", e);
    unlink("manifest.json");
    return ok;
}

static bool import_whatever(struct import *im, const uint8_t *bytes, size_t n, struct err *e)
{
    put_file("whatever", bytes, n);
    bool ok = import_path(im, "whatever", e);
    unlink("whatever");
    return ok;
}

static bool import_tree(struct import *im, const uint8_t *bytes, size_t n, struct err *e)
{
    (void)im;
    struct json_node *root = import_json("fuzz.json", (const char *)bytes, n, e);
    must(!root || root->kind == JSON_MAP, "the root of a tree is an object");
    for (const struct json_node *m = root ? root->first : NULL; m; m = m->next)
        must(m->key && m->parent == root && (m->kind == JSON_TEXT) == (m->text != NULL),
             "a tree is in order");
    json_tree_free(root);
    return root != NULL;
}

/* ---- What comes of it ---- */

static void try_recipe(struct import *im)
{
    static struct doc_report report;
    struct err e = { 0 };
    struct recipe *recipe = NULL;
    char *text = import_recipe(im, NULL, &e);
    must_tell(text != NULL, &e);
    if (!text)
        return;
    bool ok = recipe_parse("recipe", text, strlen(text), "", &recipe, &report, &e);
    must_tell(ok, &e);
    must(!ok || recipe->image_count == im->image_count, "a recipe has all the images");
    recipe_free(recipe);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static bool (*const kinds[])(struct import *, const uint8_t *, size_t, struct err *) = {
        import_line, import_idf,      import_args,  import_listed,  import_table,   import_tree,
        import_page, import_whatever, import_start, import_witness, import_settings
    };
    static struct import im;
    struct input in = { bytes, n };
    struct err e = { 0 };
    size_t kind = input_byte(&in) % (sizeof kinds / sizeof kinds[0]);
    set_up();
    memset(&im, 0, sizeof im);
    bool ok = kinds[kind](&im, in.at, in.left, &e);
    must_tell(ok, &e);
    must(im.image_count <= RECIPE_IMAGES_MAX && im.note_count <= IMPORT_NOTES_MAX,
         "lists have their limits");
    if (ok && im.image_count > 0)
        try_recipe(&im);
    import_done(&im);
    return 0;
}
