/*
 * Makes valid firmware for the virtual boards, and recipes for it: for the demonstration and the
 * integration tests, which thus need no images of anybody else.
 *
 *   make_images DIR [APP_KB]                  files and recipes; the application has APP_KB (256)
 *   make_images DIR APP_KB CHIP ID OFFSET     those of one later chip alone, by its name, the id in
 *                                             image headers, and the offset of its boot loader
 *
 * Written from the published formats, without the station's own image code, so that the two prove
 * each other.
 */
#include <openssl/evp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define IMAGE_MAX (8u << 20)

struct file {
    uint8_t *bytes;
    size_t n;
};

static void die(const char *what, const char *name)
{
    fprintf(stderr, "make_images: %s: ", what);
    perror(name);
    exit(1);
}

static void put(struct file *f, const void *bytes, size_t n)
{
    if (f->n + n > IMAGE_MAX)
        die("too large", "image");
    memcpy(f->bytes + f->n, bytes, n);
    f->n += n;
}

static void put_byte(struct file *f, uint8_t byte)
{
    put(f, &byte, 1);
}

static void put_u32(struct file *f, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        put_byte(f, (uint8_t)(v >> 8 * i));
}

static void pad(struct file *f, size_t to, uint8_t with)
{
    while (f->n < to)
        put_byte(f, with);
}

/* Looks like code: part of it repeats, part does not. Deflates to 0.63, as applications made with
 * ESP-IDF do. */
static void put_code(struct file *f, size_t n, uint32_t seed)
{
    uint32_t state = seed * 2654435761u + 1;
    for (size_t i = 0; i < n; i++) {
        state = state * 1664525u + 1013904223u;
        put_byte(f, i % 48 >= 20 ? (uint8_t)(state >> 24) : (uint8_t) "call8 a8, l32r "[i % 15]);
    }
}

static struct file new_file(void)
{
    struct file f = { malloc(IMAGE_MAX), 0 };
    if (!f.bytes)
        die("no memory", "image");
    return f;
}

static void save(struct file *f, const char *folder, const char *name)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *out = fopen(path, "wb");
    if (!out || fwrite(f->bytes, 1, f->n, out) != f->n || fclose(out) != 0)
        die("cannot write", path);
    free(f->bytes);
}

static uint8_t xor_of(const uint8_t *bytes, size_t n)
{
    uint8_t sum = 0;
    for (size_t i = 0; i < n; i++)
        sum ^= bytes[i];
    return sum;
}

/* One segment, then the checksum at the end of a row of 16. `sum` goes on from earlier segments. */
static void put_segment(struct file *f, uint32_t addr, const uint8_t *bytes, size_t n, uint8_t *sum)
{
    put_u32(f, addr);
    put_u32(f, (uint32_t)n);
    put(f, bytes, n);
    *sum ^= xor_of(bytes, n);
}

static void put_checksum(struct file *f, uint8_t sum)
{
    pad(f, f->n / 16 * 16 + 15, 0);
    put_byte(f, sum);
}

/* ---- ESP32 ---- */

static void put_esp32_header(struct file *f, uint8_t segments, uint8_t chip_id)
{
    const uint8_t head[8] = { 0xE9, segments, 2, 0x20, 0x00, 0x00, 0x08, 0x40 };
    const uint8_t rest[16] = { 0xEE, 0, 0, 0, chip_id, [15] = 1 /* SHA-256 follows */ };
    put(f, head, sizeof head);
    put(f, rest, sizeof rest);
}

static void put_sha256(struct file *f)
{
    uint8_t digest[32];
    EVP_Digest(f->bytes, f->n, digest, NULL, EVP_sha256(), NULL);
    put(f, digest, sizeof digest);
}

/* `first` bytes stand at the start of the first segment: the application's descriptor. */
static struct file esp32_image(uint8_t chip_id, uint32_t addr, const struct file *first,
                               size_t code_bytes, uint32_t seed)
{
    uint8_t sum = 0xEF;
    struct file code = new_file(), f = new_file();
    if (first)
        put(&code, first->bytes, first->n);
    put_code(&code, code_bytes, seed);
    pad(&code, (code.n + 3) / 4 * 4, 0);
    put_esp32_header(&f, 2, chip_id);
    put_segment(&f, addr, code.bytes, code.n, &sum);
    put_segment(&f, 0x40080000, code.bytes, 1024, &sum);
    put_checksum(&f, sum);
    put_sha256(&f);
    free(code.bytes);
    return f;
}

static void put_text(struct file *f, const char *text, size_t n)
{
    char padded[64] = { 0 };
    snprintf(padded, sizeof padded, "%s", text);
    put(f, padded, n);
}

static struct file app_descriptor(void)
{
    struct file f = new_file();
    put_u32(&f, 0xABCD5432);
    put_u32(&f, 0);
    pad(&f, 16, 0);
    put_text(&f, "1.0.0", 32);
    put_text(&f, "demo", 32);
    put_text(&f, "12:00:00", 16);
    put_text(&f, "Jan  1 2026", 16);
    put_text(&f, "v5.3", 32);
    pad(&f, 256, 0);
    return f;
}

static void put_partition(struct file *f, uint8_t type, uint8_t subtype, uint32_t offset,
                          uint32_t size, const char *name, uint32_t flags)
{
    const uint8_t head[4] = { 0xAA, 0x50, type, subtype };
    put(f, head, sizeof head);
    put_u32(f, offset);
    put_u32(f, size);
    put_text(f, name, 16);
    put_u32(f, flags);
}

static struct file partition_table(void)
{
    const uint8_t mark[2] = { 0xEB, 0xEB };
    uint8_t md5[16];
    struct file f = new_file();
    put_partition(&f, 1, 2, 0x9000, 0x6000, "nvs", 0);
    put_partition(&f, 1, 1, 0xf000, 0x1000, "phy_init", 0);
    put_partition(&f, 0, 0, 0x10000, 0x300000, "factory", 0);
    put_partition(&f, 1, 2, 0x310000, 0x6000, "fctry", 0); /* what is a board's own */
    put_partition(&f, 1, 0x40, 0x316000, 0x1000, "conf", 0);
    put_partition(&f, 1, 4, 0x317000, 0x1000, "nvs_key", 1); /* with the flag encrypted */
    put_partition(&f, 1, 0x3F, 0x318000, 0x2000, "esp_secure_cert", 0);
    EVP_Digest(f.bytes, f.n, md5, NULL, EVP_md5(), NULL);
    put(&f, mark, sizeof mark);
    pad(&f, f.n + 14, 0xFF);
    put(&f, md5, sizeof md5);
    pad(&f, 0xC00, 0xFF);
    return f;
}

static void make_esp32(const char *folder, size_t boot_bytes, size_t app_bytes, uint8_t chip_id)
{
    struct file descriptor = app_descriptor();
    struct file boot = esp32_image(chip_id, 0x3FFF0018, NULL, boot_bytes, 1);
    struct file app = esp32_image(chip_id, 0x3F400020, &descriptor, app_bytes, 2);
    struct file table = partition_table();
    free(descriptor.bytes);
    save(&boot, folder, "bootloader.bin");
    save(&table, folder, "partitions.bin");
    save(&app, folder, "app.bin");
}

/* ---- ESP8266 ---- */

/* Mode and size as such images ship: QIO and 512 KB, which few boards really are. */
static void put_esp8266_image(struct file *f, size_t code_bytes, uint32_t seed)
{
    const uint8_t head[8] = { 0xE9, 1, 0, 0x00, 0x00, 0x01, 0x10, 0x40 };
    uint8_t sum = 0xEF;
    struct file code = new_file();
    put_code(&code, code_bytes, seed);
    put(f, head, sizeof head);
    put_segment(f, 0x40100000, code.bytes, code.n, &sum);
    put_checksum(f, sum);
    free(code.bytes);
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* The RAM part, and the part that runs from the flash behind it, in one file for offset 0. */
static struct file esp8266_merged(size_t app_bytes)
{
    struct file f = new_file();
    put_esp8266_image(&f, 30000, 3);
    pad(&f, 0x9000, 0xFF);
    put_code(&f, app_bytes, 4);
    return f;
}

/* For the second-stage boot loader: flash part first, then a whole image, then a CRC. */
static struct file esp8266_user1(size_t app_bytes)
{
    const uint8_t head[8] = { 0xEA, 4, 0, 0x00, 0x00, 0x01, 0x10, 0x40 };
    struct file f = new_file();
    size_t n = app_bytes / 16 * 16;
    put(&f, head, sizeof head);
    put_u32(&f, 0);
    put_u32(&f, (uint32_t)n);
    put_code(&f, n, 5);
    put_esp8266_image(&f, 30000, 6);
    uint32_t crc = 0xFFFFFFFF;
    for (size_t i = 0; i < f.n; i++) {
        crc ^= f.bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 1 ? crc >> 1 ^ 0xEDB88320 : crc >> 1;
    }
    crc = ~crc;
    put_u32(&f, crc & 0x80000000 ? ~crc : crc + 1);
    return f;
}

/* The merged image is as long as 600 KiB, those for two slots fit into half a MiB. */
static void make_esp8266(const char *folder, size_t app_bytes)
{
    struct file merged = esp8266_merged(smaller(app_bytes, 600 * 1024 - 0x9000));
    struct file user1 = esp8266_user1(smaller(app_bytes, 440000));
    struct file boot = new_file(), blank = new_file(), init = new_file();
    put_esp8266_image(&boot, 4000, 7);
    pad(&blank, 4096, 0xFF);
    put_byte(&init, 5);
    put_code(&init, 127, 8);
    save(&merged, folder, "esp8266.bin");
    save(&boot, folder, "boot.bin");
    save(&user1, folder, "user1.bin");
    save(&blank, folder, "blank.bin");
    save(&init, folder, "init_data.bin");
}

/* ---- Recipes ---- */

static void save_text(const char *folder, const char *name, const char *text)
{
    struct file f = new_file();
    put(&f, text, strlen(text));
    save(&f, folder, name);
}

static void make_recipes(const char *folder)
{
    save_text(folder, "esp32.yaml",
              "recipe: demo-esp32\n"
              "version: 1.0.0\n"
              "chip: esp32\n"
              "flash: { size: detect, mode: dio, freq: 40m }\n"
              "images:\n"
              "  - { file: bootloader.bin, offset: 0x1000 }\n"
              "  - { file: partitions.bin, offset: 0x8000 }\n"
              "  - { file: app.bin,        offset: 0x10000 }\n"
              "port: { baud: 921600, fallback: [460800, 115200] }\n"
              "retry: { pause_ms: 50 }\n"
              "boot: { expect: \"Loaded app from partition\", reject: [\"invalid header\"] }\n");
    save_text(folder, "esp8266.yaml",
              "recipe: demo-esp8266\n"
              "version: 1.0.0\n"
              "chip: esp8266\n"
              "flash: { size: detect, mode: dio, freq: 40m }\n"
              "images:\n"
              "  - { file: esp8266.bin, offset: 0x0 }\n"
              "port: { baud: 460800, fallback: [115200] }\n"
              "retry: { pause_ms: 50 }\n"
              "boot: { expect: \"application at 0x0 is running\" }\n");
    save_text(folder, "esp8266-ota.yaml",
              "recipe: demo-esp8266-ota\n"
              "version: 1.0.0\n"
              "chip: esp8266\n"
              "flash: { size: 1MB, mode: dio, freq: 40m }\n"
              "images:\n"
              "  - { file: boot.bin,      offset: 0x0 }\n"
              "  - { file: user1.bin,     offset: 0x1000 }\n"
              "  - { file: blank.bin,     offset: 0x7e000 }\n"
              "  - { file: init_data.bin, offset: 0xfc000 }\n"
              "  - { file: blank.bin,     offset: 0xfe000 }\n"
              "port: { baud: 460800, fallback: [115200] }\n"
              "retry: { pause_ms: 50 }\n");
}

/* Frequency as it is: its codes differ from chip to chip. */
static void make_chip_recipe(const char *folder, const char *chip, unsigned long offset)
{
    char name[64], text[700];
    snprintf(name, sizeof name, "%s.yaml", chip);
    snprintf(text, sizeof text,
             "recipe: demo-%s\n"
             "version: 1.0.0\n"
             "chip: %s\n"
             "flash: { size: detect, mode: dio, freq: keep }\n"
             "images:\n"
             "  - { file: bootloader.bin, offset: 0x%lx }\n"
             "  - { file: partitions.bin, offset: 0x8000 }\n"
             "  - { file: app.bin,        offset: 0x10000 }\n"
             "port: { baud: 460800, fallback: [115200] }\n"
             "retry: { pause_ms: 50 }\n"
             "boot: { expect: \"Loaded app from partition\", reject: [\"invalid header\"] }\n",
             chip, chip, offset);
    save_text(folder, name, text);
}

int main(int argc, char **argv)
{
    unsigned long app_kb = argc > 2 ? strtoul(argv[2], NULL, 10) : 256;
    unsigned long chip_id = argc == 6 ? strtoul(argv[4], NULL, 10) : 0;
    unsigned long boot_addr = argc == 6 ? strtoul(argv[5], NULL, 0) : 0x1000;
    if (argc < 2 || argv[1][0] == '-' || (argc > 3 && argc != 6) || app_kb < 1 || app_kb > 3000 ||
        chip_id > 255) {
        fprintf(stderr, "usage: make_images DIR [APP_KB [CHIP ID OFFSET]]\n");
        return 2;
    }
    mkdir(argv[1], 0777);
    /* Signed, it ends in front of the partition table at 0x8000. */
    make_esp32(argv[1], boot_addr < 0x2000 ? 22000 : 18000, app_kb * 1024, (uint8_t)chip_id);
    if (argc == 6) {
        make_chip_recipe(argv[1], argv[3], boot_addr);
        return 0;
    }
    make_esp8266(argv[1], app_kb * 1024);
    make_recipes(argv[1]);
    return 0;
}
