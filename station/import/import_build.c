/* From the files of a build and what its witnesses say to images with places. */
#include "core/base/err.h"
#include "core/images/image.h"
#include "core/images/partitions.h"
#include "station/import/build_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECTOR_BYTES 0x1000u

/* The project name of every application that Arduino's ready-made libraries begin with. */
const char import_arduino_project[] = "arduino-lib-builder";

#define UPLOAD_HINT                                                                                \
    "Import the command of an upload: espstation import -- esptool ... (pio run -v -t upload "     \
    "shows it)."

bool said_add(struct said *said, uint32_t addr, const char *by, const char *what, struct err *e)
{
    if (!said->there) {
        *said = (struct said){ .there = true, .addr = addr };
        snprintf(said->by, sizeof said->by, "%s", by);
    }
    if (said->addr == addr)
        return true;
    err_set(e, ERR_IMAGE, "%s puts %s at 0x%x, and %s puts it at 0x%x", said->by, what, said->addr,
            by, addr);
    return err_hint(e, "One of them is left over from another build: delete the build folder and "
                       "build again. " UPLOAD_HINT);
}

void build_done(struct build *b)
{
    for (size_t i = 0; i < b->other_count; i++)
        free(b->others[i].path);
    b->other_count = 0;
}

/* ---- Files ---- */

static uint8_t *read_file(const char *folder, const char *file, size_t *n, struct err *e)
{
    char *path = import_join(folder, file, e);
    uint8_t *bytes = path ? import_read_image(path, n, e) : NULL;
    free(path);
    return bytes;
}

static bool read_header(const char *folder, const char *file, struct image *image, size_t *n,
                        struct err *e)
{
    uint8_t *bytes = read_file(folder, file, n, e);
    bool ok = bytes && import_look(bytes, *n, NULL, image, e);
    free(bytes);
    return ok;
}

static bool read_table(const struct build *b, struct partitions *table, struct err *e)
{
    size_t n = 0;
    uint8_t *bytes = read_file(b->folder, b->table, &n, e);
    if (!bytes)
        return false;
    bool ok = partitions_read(bytes, n, table) && partitions_start(table, NULL, NULL);
    free(bytes);
    if (ok && !table->problem)
        return true;
    if (table->problem == partitions_no_memory)
        return err_set(e, ERR_STATION, "Out of memory for the import");
    if (!ok)
        return err_set(e, ERR_IMAGE, "'%.100s' is no partition table with an application in it",
                       b->table);
    err_set(e, ERR_IMAGE, "No boot loader takes the partition table '%.100s': %s", b->table,
            table->problem);
    return err_hint(e, "Build again.");
}

/* ---- Where the table goes ---- */

static uint32_t lowest(const struct partitions *table)
{
    uint32_t addr = UINT32_MAX;
    for (size_t i = 0; i < table->count; i++)
        addr = table->rows[i].addr < addr ? table->rows[i].addr : addr;
    return addr;
}

/* The tools put the first partition right behind the table. One that begins elsewhere may belong
 * to a table that was moved, and the boot loader alone knows where it looks. */
static bool place_table(struct build *b, const struct partitions *table, struct err *e)
{
    uint32_t first = lowest(table);
    if (!b->table_at.there && (b->usual_table || first == PARTITIONS_USUAL_ADDR + SECTOR_BYTES))
        (void)said_add(&b->table_at, PARTITIONS_USUAL_ADDR, "the usual layout", "", e);
    if (!b->table_at.there) {
        err_set(e, ERR_IMAGE,
                "Nothing says where '%.60s' goes: its first partition begins at 0x%x, so it may "
                "not be 0x%x",
                b->table, first, PARTITIONS_USUAL_ADDR);
        return err_hint(e, "Put the build's sdkconfig or flasher_args.json into the "
                           "folder. " UPLOAD_HINT);
    }
    if (first >= b->table_at.addr + SECTOR_BYTES || first + SECTOR_BYTES <= b->table_at.addr)
        return true;
    return err_set(e, ERR_IMAGE,
                   "%s puts the partition table at 0x%x, where its own first "
                   "partition is (0x%x)",
                   b->table_at.by, b->table_at.addr, first);
}

/* ---- What starts ---- */

/* The choice of a slot, as Arduino and ESP-IDF name the file; NULL: not in the folder. */
static const char *ota_data_in(const char *folder)
{
    return import_is_file(folder, "boot_app0.bin")          ? "boot_app0.bin"
           : import_is_file(folder, "ota_data_initial.bin") ? "ota_data_initial.bin"
                                                            : NULL;
}

/* The file that goes to otadata, to be freed: the list's where there is a list, else the folder's.
 * NULL: there is none, or *e. */
static char *ota_file(const struct build *b, const struct partition *ota_data, struct err *e)
{
    for (size_t i = 0; i < b->other_count; i++) {
        if (b->others[i].offset_addr == ota_data->addr)
            return import_join("", b->others[i].path, e);
    }
    const char *name = b->listed ? NULL : ota_data_in(b->folder);
    return name ? import_join(b->folder, name, e) : NULL;
}

/* Both of its entries, from a file (with its whole path). */
static const struct partition *start_by_file(const struct partitions *table, const char *path,
                                             struct err *e)
{
    size_t n = 0;
    uint8_t *bytes = import_read_image(path, &n, e);
    if (!bytes)
        return NULL;
    const uint8_t *second = n >= SECTOR_BYTES + PARTITIONS_OTA_BYTES ? bytes + SECTOR_BYTES : NULL;
    const struct partition *start =
        partitions_start(table, n >= PARTITIONS_OTA_BYTES ? bytes : NULL, second);
    free(bytes);
    return start;
}

static bool unknown_start(const struct build *b, const struct partition *ota_data, struct err *e)
{
    err_set(e, ERR_IMAGE,
            "'%.60s' has factory and ota_0, and no boot_app0.bin for 0x%x is there to say which of "
            "them starts",
            b->table, ota_data->addr);
    return err_hint(e, "Put boot_app0.bin into the folder; the Arduino core has it in "
                       "tools/partitions. Or import the command of an upload: espstation import -- "
                       "esptool ...");
}

/* `path`: of the file for otadata, NULL if there is none. */
static bool place_app(struct build *b, const struct partitions *table, const char *path,
                      struct err *e)
{
    const struct partition *ota_data = partitions_find(table, PARTITION_DATA, PARTITION_OTA_DATA);
    const struct partition *start =
        path ? start_by_file(table, path, e) : partitions_start(table, NULL, NULL);
    if (!start)
        return false;
    if (path)
        return said_add(&b->app_at, start->addr, import_base_name(path), "the application", e);
    if (b->app_at.there)
        return true;
    if (ota_data && start->subtype == PARTITION_FACTORY && partitions_slots(table) > 0)
        return unknown_start(b, ota_data, e);
    return said_add(&b->app_at, start->addr, b->table, "the application", e);
}

/* Where the application goes, with the file that makes the board start there. */
static bool add_start(struct import *im, struct build *b, const struct partitions *table,
                      struct err *e)
{
    const struct partition *ota_data = partitions_find(table, PARTITION_DATA, PARTITION_OTA_DATA);
    char *path = ota_data ? ota_file(b, ota_data, e) : NULL;
    bool ok = e->code == ERR_NONE && place_app(b, table, path, e);
    if (ok && path)
        ok = import_add_image(im, "", path, ota_data->addr, e);
    else if (ok && ota_data)
        import_note(im,
                    "boot_app0.bin or ota_data_initial.bin for 0x%x, which is not in this "
                    "folder: a board whose last slot was another one may start that",
                    ota_data->addr);
    free(path);
    return ok;
}

static bool fits(const struct build *b, const struct partitions *table, size_t app_bytes,
                 struct err *e)
{
    const struct partition *p = partitions_at(table, b->app_at.addr);
    if (!p || p->type != PARTITION_APP || p->addr != b->app_at.addr)
        return err_set(e, ERR_IMAGE,
                       "%s puts the application at 0x%x, where '%.60s' has no partition for one",
                       b->app_at.by, b->app_at.addr, b->table);
    if (app_bytes <= p->size_bytes)
        return true;
    return err_set(e, ERR_IMAGE, "'%.80s' has %zu bytes, and its partition '%s' has 0x%x (%u)",
                   b->app, app_bytes, p->label, p->size_bytes, p->size_bytes);
}

/* ---- All of it ---- */

/* Where the boot loader goes must be known before the images are looked at one by one. */
static bool add_boot(struct import *im, const struct build *b, struct err *e)
{
    struct image image;
    size_t n;
    if (b->listed)
        return true;
    if (!read_header(b->folder, b->boot, &image, &n, e))
        return false;
    const struct chip *chip = image.kind == IMAGE_RAW ? im->chip : import_chip_of(&image);
    if (!chip)
        return err_set(e, ERR_IMAGE, "'%.100s' is no boot loader of a chip that this station knows",
                       b->boot);
    return import_add_image(im, b->folder, b->boot, chip->boot_addr, e);
}

static bool add_listed(struct import *im, const struct build *b, struct err *e)
{
    for (size_t i = 0; i < b->other_count; i++) {
        if (!import_add_image(im, "", b->others[i].path, b->others[i].offset_addr, e))
            return false;
    }
    return true;
}

static bool add_parts(struct import *im, struct build *b, const struct image *app, size_t app_bytes,
                      struct err *e)
{
    struct partitions *table = calloc(1, sizeof *table);
    if (!table)
        return err_set(e, ERR_STATION, "Out of memory for the import");
    if (app->has_app && strcmp(app->app_project, import_arduino_project) == 0)
        b->usual_table = true;
    bool ok = add_boot(im, b, e) && read_table(b, table, e) && place_table(b, table, e) &&
              add_start(im, b, table, e) && fits(b, table, app_bytes, e) && add_listed(im, b, e) &&
              import_add_image(im, b->folder, b->table, b->table_at.addr, e) &&
              import_add_image(im, b->folder, b->app, b->app_at.addr, e);
    free(table);
    return ok;
}

/* An ESP8266 has its boot loader and application in one file for offset 0. */
bool build_add(struct import *im, struct build *b, struct err *e)
{
    struct image app;
    size_t n;
    im->whole = true;
    if (!read_header(b->folder, b->app, &app, &n, e))
        return false;
    if (app.kind == IMAGE_SHORT)
        return import_add_image(im, b->folder, b->app, 0, e);
    const char *missing = !b->listed && !import_is_file(b->folder, b->boot) ? b->boot
                          : !import_is_file(b->folder, b->table)            ? b->table
                                                                            : NULL;
    if (!missing)
        return add_parts(im, b, &app, n, e);
    err_set(e, ERR_IMAGE, "'%.100s' is not there beside '%.80s'", missing, b->app);
    return err_hint(e, "Without it no board starts. Build again. " UPLOAD_HINT);
}
