/* A temporary folder with the images that the tests of imports name; it is the current folder
 * between import_images_enter and import_images_leave. */
#ifndef TESTS_UNIT_IMPORT_HELP_H
#define TESTS_UNIT_IMPORT_HELP_H

#include "tests/lib/make_image.h"
#include "tests/lib/test.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char import_temp[64], import_before[4096];

static inline void put_bytes(const char *path, const void *bytes, size_t n)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

static inline void put_text(const char *path, const char *text)
{
    put_bytes(path, text, strlen(text));
}

static inline void put_image(const char *path, const struct image_recipe *recipe)
{
    struct made_image image = make_image(recipe);
    put_bytes(path, image.bytes, image.size_bytes);
    free(image.bytes);
}

static inline void put_table(const char *path, const struct made_row *rows, size_t count)
{
    uint8_t *table = make_table_of(rows, count);
    put_bytes(path, table, MADE_TABLE_BYTES);
    free(table);
}

/* nvs, which slot starts, two slots: what Arduino makes of an ESP32. */
static inline void put_ota_table(const char *path)
{
    static const struct made_row rows[] = { { 1, 2, 0x9000, 0x5000, "nvs" },
                                            { 1, 0, 0xE000, 0x2000, "otadata" },
                                            { 0, 0x10, 0x10000, 0x140000, "app0" },
                                            { 0, 0x11, 0x150000, 0x140000, "app1" } };
    put_table(path, rows, COUNT_OF(rows));
}

/* What makes ota_0 start, as the Arduino core ships it: one entry, and a blank second sector. */
static inline void put_boot_app0(const char *path)
{
    uint8_t bytes[0x2000];
    memset(bytes, 0xFF, sizeof bytes);
    make_ota_entry(1, bytes);
    put_bytes(path, bytes, sizeof bytes);
}

static inline void put_blank(const char *path, size_t n)
{
    uint8_t bytes[0x2000];
    assert_true(n <= sizeof bytes);
    memset(bytes, 0xFF, n);
    put_bytes(path, bytes, n);
}

/* A folder with all those above it. */
static inline void put_folder(const char *path)
{
    char part[256];
    for (size_t i = 0; i < strlen(path); i++) {
        snprintf(part, sizeof part, "%.*s", (int)i + 1, path);
        if (path[i + 1] == '/' || path[i + 1] == '\0')
            mkdir(part, 0777);
    }
}

static inline void put_esp32_boot(const char *path)
{
    put_image(path, &(struct image_recipe){ .layout = MADE_LONG,
                                            .segments = 2,
                                            .segment_bytes = 2000,
                                            .mode = 2,
                                            .size_code = 2,
                                            .max_revision = 0xFFFF,
                                            .digest = true });
}

static inline void put_app(const char *path, uint16_t chip_id, const char *project)
{
    put_image(path, &(struct image_recipe){ .layout = MADE_LONG,
                                            .segments = 2,
                                            .segment_bytes = 3000,
                                            .mode = 2,
                                            .size_code = 2,
                                            .chip_id = chip_id,
                                            .max_revision = 0xFFFF,
                                            .digest = true,
                                            .project = project });
}

static inline void put_esp8266(const char *path)
{
    put_image(path,
              &(struct image_recipe){ .layout = MADE_SHORT, .segments = 1, .segment_bytes = 2000 });
}

static inline void import_images_enter(void)
{
    static const char noise[] = "neither an image nor a table";
    snprintf(import_temp, sizeof import_temp, "/tmp/import-XXXXXX");
    assert_non_null(getcwd(import_before, sizeof import_before));
    assert_non_null(mkdtemp(import_temp));
    assert_int_equal(chdir(import_temp), 0);
    uint8_t *table = make_partition_table();
    put_bytes("partitions.bin", table, MADE_TABLE_BYTES);
    free(table);
    put_esp32_boot("bootloader.bin");
    put_app("app.bin", 0, "thermostat");
    put_app("c3.bin", 5, NULL);
    put_esp8266("esp8266.bin");
    put_text("boot_app0.bin", noise);
    put_text("data.bin", noise);
    put_text("with blank.bin", noise);
    put_text("part.hex", ":020000000102FB\n:00000001FF\n");
    put_text("args.txt", "--flash_mode dio --flash_freq 40m --flash_size detect\r\n0x1000 "
                         "bootloader.bin\r\n0x8000 partitions.bin\n0x10000 'app.bin'\n");
    assert_int_equal(mkdir("build", 0777), 0);
    assert_int_equal(mkdir("build/bootloader", 0777), 0);
    put_esp32_boot("build/bootloader/bootloader.bin");
    put_app("build/hello.bin", 0, "hello");
    put_text("nested.txt", "0x1000 bootloader.bin @args.txt\n");
}

static inline int import_remove(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st;
    (void)flag;
    (void)ftw;
    return remove(path);
}

static inline void import_images_leave(void)
{
    assert_int_equal(chdir(import_before), 0);
    nftw(import_temp, import_remove, 16, FTW_DEPTH | FTW_PHYS);
}

#endif
