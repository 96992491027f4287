/*
 * PlatformIO and Arduino leave images without a list of where they go. Where PlatformIO has written
 * one (idedata.json) it counts; else the partition table tells where the application is, and the
 * boot loader goes where the chip's ROM looks.
 */
#include "core/base/bytes.h"
#include "core/base/err.h"
#include "core/images/image.h"
#include "station/import/import.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TABLE_ADDR      0x8000u /* unless a project moves it, which then says so in idedata.json */
#define TABLE_MAX_BYTES 0xC00u
#define ROW_BYTES       32u

enum { TYPE_APP = 0, TYPE_DATA = 1 };
enum { SUBTYPE_FACTORY = 0x00, SUBTYPE_OTA_0 = 0x10, SUBTYPE_OTA_DATA = 0x00 };

/* ---- The partition table ---- */

struct layout {
    uint32_t app_addr;      /* of the factory application, else of the first slot; 0: none */
    uint32_t ota_data_addr; /* which slot starts; 0: none */
};

static void take_row(const uint8_t *row, struct layout *l)
{
    uint32_t addr = load_u32(row + 4);
    bool factory = row[2] == TYPE_APP && row[3] == SUBTYPE_FACTORY;
    if (factory || (row[2] == TYPE_APP && row[3] == SUBTYPE_OTA_0 && l->app_addr == 0))
        l->app_addr = addr;
    if (row[2] == TYPE_DATA && row[3] == SUBTYPE_OTA_DATA)
        l->ota_data_addr = addr;
}

static bool read_layout(const char *folder, const char *file, struct layout *l, struct err *e)
{
    size_t n = 0;
    char *path = import_join(folder, file, e);
    uint8_t *table = path ? import_read_image(path, &n, e) : NULL;
    *l = (struct layout){ 0 };
    for (size_t at = 0; table && at + ROW_BYTES <= n && at < TABLE_MAX_BYTES; at += ROW_BYTES) {
        if (table[at] != 0xAA || table[at + 1] != 0x50)
            break;
        take_row(table + at, l);
    }
    bool read = table != NULL;
    free(table);
    free(path);
    return read && (l->app_addr != 0 ||
                    err_set(e, ERR_IMAGE,
                            "'%.100s' is no partition table with an application in it", file));
}

/* ---- The images of one application ---- */

struct build_files {
    const char *app, *boot, *table;
    const char *ota_data; /* NULL: not in the folder */
};

static bool read_header(const char *folder, const char *file, struct image *image, struct err *e)
{
    size_t n = 0;
    char *path = import_join(folder, file, e);
    uint8_t *bytes = path ? import_read_image(path, &n, e) : NULL;
    if (bytes)
        image_read(bytes, n, false, image);
    free(path);
    free(bytes);
    return bytes != NULL;
}

/* Where the boot loader goes must be known before the images are looked at one by one. */
static bool boot_addr_of(const struct import *im, const char *folder, const char *file,
                         uint32_t *addr, struct err *e)
{
    struct image image;
    if (!read_header(folder, file, &image, e))
        return false;
    const struct chip *chip = image.kind == IMAGE_LONG ? chip_by_image_id(image.chip_id) : im->chip;
    if (!chip)
        return err_set(e, ERR_IMAGE, "'%.100s' is no boot loader of a chip that this station knows",
                       file);
    *addr = chip->boot_addr;
    return true;
}

static bool add_parts(struct import *im, const char *folder, const struct build_files *f,
                      struct err *e)
{
    struct layout layout;
    uint32_t boot_addr = 0;
    if (!boot_addr_of(im, folder, f->boot, &boot_addr, e) ||
        !read_layout(folder, f->table, &layout, e) ||
        !import_add_image(im, folder, f->boot, boot_addr, e) ||
        !import_add_image(im, folder, f->table, TABLE_ADDR, e) ||
        !import_add_image(im, folder, f->app, layout.app_addr, e))
        return false;
    if (layout.ota_data_addr == 0)
        return true;
    if (f->ota_data)
        return import_add_image(im, folder, f->ota_data, layout.ota_data_addr, e);
    import_note(im,
                "boot_app0.bin for 0x%x, which is not in this folder: a board whose last slot was "
                "another one may start that",
                layout.ota_data_addr);
    return true;
}

/* An ESP8266 has its boot loader and application in one file for offset 0. */
static bool add_images(struct import *im, const char *folder, const struct build_files *f,
                       struct err *e)
{
    struct image app;
    if (!read_header(folder, f->app, &app, e))
        return false;
    if (app.kind == IMAGE_SHORT)
        return import_add_image(im, folder, f->app, 0, e);
    const char *missing = !import_is_file(folder, f->boot)    ? f->boot
                          : !import_is_file(folder, f->table) ? f->table
                                                              : NULL;
    if (!missing)
        return add_parts(im, folder, f, e);
    err_set(e, ERR_IMAGE, "'%.100s' is not there beside '%.80s'", missing, f->app);
    return err_hint(e, "Without it no board starts. Build again, or import the command of an "
                       "upload: espstation import -- esptool ...");
}

/* ---- PlatformIO ---- */

/* Which slot starts first; the tools keep it elsewhere, and some copy it into the build. */
static const char *ota_data_in(const char *folder)
{
    return import_is_file(folder, "boot_app0.bin") ? "boot_app0.bin" : NULL;
}

/* Paths in idedata.json are those of the machine that built: what has moved along is looked for in
 * the folder too. */
static bool add_listed(struct import *im, const char *folder, const char *path, const char *offset,
                       struct err *e)
{
    uint32_t offset_addr;
    const char *slash = strrchr(path, '/');
    const char *file = slash && !import_is_file("", path) ? slash + 1 : path;
    return import_parse_offset(offset, &offset_addr, e) &&
           import_add_image(im, folder, file, offset_addr, e);
}

static bool take_idedata(struct import *im, const char *folder, const struct import_json *extra,
                         struct err *e)
{
    const struct import_json *images = import_json_get(extra, "flash_images");
    const char *app = import_json_text(extra, "application_offset");
    for (const struct import_json *i = images->first; i; i = i->next) {
        const char *path = import_json_text(i, "path"), *offset = import_json_text(i, "offset");
        if (!path || !offset)
            return err_set(e, ERR_USAGE,
                           "idedata.json: flash_images holds an entry without path "
                           "or offset");
        if (!add_listed(im, folder, path, offset, e))
            return err_wrap(e, "idedata.json");
    }
    return add_listed(im, folder, "firmware.bin", app, e);
}

/* False without an error in *e: there is none, or it lists nothing. */
static bool import_idedata(struct import *im, const char *folder, struct err *e)
{
    struct import_json *root = NULL;
    bool there = false, ok = false;
    size_t n;
    char *path = import_join(folder, "idedata.json", e);
    char *text = path ? import_read_text(path, &n, &there, e) : NULL;
    if (text)
        root = import_json_parse(path, text, n, e);
    const struct import_json *extra = import_json_get(root, "extra");
    const struct import_json *images = import_json_get(extra, "flash_images");
    if (images && images->first && import_json_text(extra, "application_offset"))
        ok = take_idedata(im, folder, extra, e);
    import_json_free(root);
    free(text);
    free(path);
    return ok;
}

/* "myproject" of "myproject/.pio/build/esp32dev", else the folder itself. */
static void name_after_project(struct import *im, const char *folder)
{
    char *real = realpath(folder, NULL);
    char *pio = real ? strstr(real, "/.pio/build") : NULL;
    if (pio)
        *pio = '\0';
    char *slash = real ? strrchr(real, '/') : NULL;
    if (slash && slash[1] != '\0')
        snprintf(im->name, sizeof im->name, "%.64s", slash + 1);
    free(real);
}

bool import_platformio(struct import *im, const char *folder, struct err *e)
{
    const struct build_files files = { .app = "firmware.bin",
                                       .boot = "bootloader.bin",
                                       .table = "partitions.bin",
                                       .ota_data = ota_data_in(folder) };
    struct err problem = { 0 };
    name_after_project(im, folder);
    snprintf(im->source, sizeof im->source, "a build of PlatformIO");
    if (import_idedata(im, folder, &problem))
        return true;
    if (problem.code == ERR_NONE)
        return add_images(im, folder, &files, e);
    *e = problem;
    return false;
}

/* ---- Arduino ---- */

bool import_arduino(struct import *im, const char *folder, const char *sketch, struct err *e)
{
    char app[300], boot[300], table[300];
    snprintf(app, sizeof app, "%.255s.bin", sketch);
    snprintf(boot, sizeof boot, "%.255s.bootloader.bin", sketch);
    snprintf(table, sizeof table, "%.255s.partitions.bin", sketch);
    const struct build_files files = {
        .app = app, .boot = boot, .table = table, .ota_data = ota_data_in(folder)
    };
    const char *ino = strstr(sketch, ".ino");
    snprintf(im->name, sizeof im->name, "%.*s", ino ? (int)(ino - sketch) : 64, sketch);
    snprintf(im->source, sizeof im->source, "a build of Arduino");
    return add_images(im, folder, &files, e);
}
