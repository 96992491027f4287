#include "core/images/image.h"

#include "core/base/bytes.h"
#include "core/base/digest.h"

#include <stdio.h>
#include <string.h>

#define SHORT_HEADER_BYTES   8u
#define LONG_HEADER_BYTES    24u
#define SEGMENT_HEADER_BYTES 8u
#define SEGMENTS_MAX         16u
#define CHECKSUM_ROW_BYTES   16u
#define APP_MAGIC            0xABCD5432u
#define APP_AT               32u
#define APP_BYTES            256u
#define REVISION_NO_LIMIT    0xFFFFu
#define ESP8266_LONG_ID      0u
#define SIGNATURE_V1_BYTES   68u
#define SIGNATURE_V2_BYTES   1216u

/* Walks the segments from `at`; on success *end is behind the checksum byte. */
static const char *walk_segments(const uint8_t *bytes, size_t n, size_t at, uint8_t segments,
                                 size_t *end)
{
    uint8_t sum = 0xEF;
    if (segments == 0 || segments > SEGMENTS_MAX)
        return "its segment count is not between 1 and 16";
    for (uint8_t i = 0; i < segments; i++) {
        if (at + SEGMENT_HEADER_BYTES > n)
            return "it ends inside a segment header";
        uint32_t size_bytes = load_u32(bytes + at + 4);
        at += SEGMENT_HEADER_BYTES;
        if (size_bytes > n - at)
            return "a segment is longer than the file";
        for (uint32_t k = 0; k < size_bytes; k++)
            sum ^= bytes[at + k];
        at += size_bytes;
    }
    size_t checksum_at = at / CHECKSUM_ROW_BYTES * CHECKSUM_ROW_BYTES + CHECKSUM_ROW_BYTES - 1;
    if (checksum_at >= n)
        return "it ends before its checksum";
    if (bytes[checksum_at] != sum)
        return "its checksum is wrong";
    *end = checksum_at + 1;
    return NULL;
}

static void read_flash_fields(const uint8_t *bytes, struct image *image)
{
    image->mode_code = bytes[2];
    image->size_code = bytes[3] >> 4;
    image->freq_code = bytes[3] & 0xF;
}

static const char *read_short(const uint8_t *bytes, size_t n, struct image *image)
{
    size_t end;
    if (n < SHORT_HEADER_BYTES + SEGMENT_HEADER_BYTES)
        return "it is shorter than a header";
    read_flash_fields(bytes, image);
    image->kind = IMAGE_SHORT;
    const char *problem = walk_segments(bytes, n, SHORT_HEADER_BYTES, bytes[1], &end);
    image->end = problem ? 0 : (uint32_t)end;
    return problem;
}

/* EA, then the IROM part as one segment outside the checksum, then a whole E9 image. The checksum's
 * row is counted from the start of the file. */
static const char *read_short_v2(const uint8_t *bytes, size_t n, struct image *image)
{
    size_t end;
    if (n < SHORT_HEADER_BYTES + SEGMENT_HEADER_BYTES)
        return "it is shorter than a header";
    read_flash_fields(bytes, image);
    image->kind = IMAGE_SHORT_V2;
    uint32_t irom_bytes = load_u32(bytes + SHORT_HEADER_BYTES + 4);
    size_t at = SHORT_HEADER_BYTES + SEGMENT_HEADER_BYTES;
    if (irom_bytes > n - at || n - at - irom_bytes < SHORT_HEADER_BYTES)
        return "a segment is longer than the file";
    at += irom_bytes;
    if (bytes[at] != IMAGE_MAGIC)
        return "its second header is missing";
    const char *problem = walk_segments(bytes, n, at + SHORT_HEADER_BYTES, bytes[at + 1], &end);
    image->end = problem ? 0 : (uint32_t)end;
    return problem;
}

static bool is_within(uint32_t addr, uint32_t first, uint32_t end)
{
    return addr >= first && addr < end;
}

/* Memory of the ESP8266: data RAM, instruction RAM with both caches, mapped flash. Its images with
 * a long header (ESP8266_RTOS_SDK 3) say chip id 0, which is the ESP32's too; that one has other
 * instruction RAM, which each of its images uses. Segments without an address only fill. */
static bool loads_on_esp8266(const uint8_t *bytes, uint8_t segments)
{
    bool code = false;
    const uint8_t *at = bytes + LONG_HEADER_BYTES;
    for (uint8_t i = 0; i < segments; i++) {
        uint32_t addr = load_u32(at);
        bool runs =
            is_within(addr, 0x40100000, 0x40110000) || is_within(addr, 0x40200000, 0x40A00000);
        if (addr != 0 && !runs && !is_within(addr, 0x3FFE8000, 0x40000000))
            return false;
        code = code || runs;
        at += SEGMENT_HEADER_BYTES + load_u32(at + 4);
    }
    return code;
}

static size_t round_up_to_sector(size_t end)
{
    return (end + SIGNATURE_SECTOR_BYTES - 1) / SIGNATURE_SECTOR_BYTES * SIGNATURE_SECTOR_BYTES;
}

/* Source of both layouts: the secure boot pages of ESP-IDF. V1: a zero word and two numbers of 32
 * bytes, the last of the file. V2: E7, and the version of the block. */
static enum image_signature find_signature(const uint8_t *bytes, size_t n, size_t end)
{
    size_t sector = round_up_to_sector(end);
    if (n >= sector + SIGNATURE_V2_BYTES && bytes[sector] == 0xE7 &&
        is_within(bytes[sector + 1], 2, 4) && bytes[sector + 3] == 0)
        return IMAGE_SIGNED_V2;
    if (n - end == SIGNATURE_V1_BYTES && load_u32(bytes + end) == 0)
        return IMAGE_SIGNED_V1;
    return IMAGE_UNSIGNED;
}

static void read_signature(const uint8_t *bytes, size_t n, struct image *image)
{
    image->signature = find_signature(bytes, n, image->end);
    if (image->signature == IMAGE_SIGNED_V2)
        image->signature_problem =
            signature_read(bytes, n, round_up_to_sector(image->end), &image->keys);
}

static void copy_text(char text[static 33], const uint8_t *bytes)
{
    for (size_t i = 0; i < 32; i++)
        text[i] = bytes[i] == 0 || (bytes[i] >= ' ' && bytes[i] <= '~') ? (char)bytes[i] : '?';
    text[32] = '\0';
}

/* Source of the layout: esp_app_desc_t of ESP-IDF, at the start of the first segment. */
static void read_app(const uint8_t *bytes, size_t n, struct image *image)
{
    if (n < APP_AT + APP_BYTES || load_u32(bytes + APP_AT) != APP_MAGIC)
        return;
    image->has_app = true;
    copy_text(image->app_version, bytes + APP_AT + 16);
    copy_text(image->app_project, bytes + APP_AT + 48);
    memcpy(image->app_elf_sha256, bytes + APP_AT + 144, sizeof image->app_elf_sha256);
}

const char image_no_memory[] = "there is no memory to check its SHA-256";

static const char *check_digest(const uint8_t *bytes, size_t n, size_t end, struct image *image)
{
    uint8_t digest[IMAGE_SHA256_BYTES];
    if (bytes[23] > 1)
        return "its digest flag is neither 0 nor 1";
    if (bytes[23] == 0)
        return NULL;
    if (n - end < IMAGE_SHA256_BYTES)
        return "it ends before its SHA-256";
    if (!digest_sha256(bytes, end, digest))
        return image_no_memory;
    if (memcmp(digest, bytes + end, sizeof digest) != 0)
        return "its SHA-256 is wrong";
    image->digest_at = (uint32_t)end;
    return NULL;
}

static const char *read_long(const uint8_t *bytes, size_t n, struct image *image)
{
    size_t end;
    if (n < LONG_HEADER_BYTES + SEGMENT_HEADER_BYTES)
        return "it is shorter than a header";
    read_flash_fields(bytes, image);
    image->kind = IMAGE_LONG;
    image->chip_id = load_u16(bytes + 12);
    image->min_revision_old = bytes[14];
    image->min_revision = load_u16(bytes + 15);
    image->max_revision = load_u16(bytes + 17);
    const char *problem = walk_segments(bytes, n, LONG_HEADER_BYTES, bytes[1], &end);
    if (problem)
        return problem;
    problem = check_digest(bytes, n, end, image);
    if (problem)
        return problem;
    image->end = (uint32_t)end + (image->digest_at ? IMAGE_SHA256_BYTES : 0);
    read_signature(bytes, n, image);
    image->esp8266_memory = image->chip_id == ESP8266_LONG_ID && loads_on_esp8266(bytes, bytes[1]);
    read_app(bytes, n, image);
    return NULL;
}

typedef const char *(*reader)(const uint8_t *, size_t, struct image *);

static bool try_read(reader read, const uint8_t *bytes, size_t n, struct image *image,
                     const char **problem)
{
    struct image found = { 0 };
    *problem = read(bytes, n, &found);
    if (!*problem)
        *image = found;
    return !*problem;
}

/* A checksum of one byte fits by chance once in 256 files, a digest never does: a long header with
 * a right digest is tried before a short one. */
static void read_e9(const uint8_t *bytes, size_t n, bool short_header, struct image *image)
{
    const char *problem_long, *problem_short;
    struct image as_long = { 0 };
    bool is_long = try_read(read_long, bytes, n, &as_long, &problem_long);
    if (is_long && (!short_header || as_long.digest_at != 0)) {
        *image = as_long;
        return;
    }
    if (try_read(read_short, bytes, n, image, &problem_short))
        return;
    if (is_long) {
        *image = as_long;
        return;
    }
    image->kind = IMAGE_DAMAGED;
    image->problem = short_header ? problem_short : problem_long;
}

void image_read(const uint8_t *bytes, size_t n, bool short_header, struct image *image)
{
    memset(image, 0, sizeof *image);
    image->kind = IMAGE_RAW;
    if (n == 0)
        return;
    if (bytes[0] == IMAGE_MAGIC) {
        read_e9(bytes, n, short_header, image);
    } else if (bytes[0] == IMAGE_MAGIC_V2 && n > 1 && bytes[1] == 4 && short_header) {
        const char *problem;
        if (!try_read(read_short_v2, bytes, n, image, &problem)) {
            image->kind = IMAGE_DAMAGED;
            image->problem = problem;
        }
    }
}

bool image_fits_chip(const struct image *image, const struct chip *chip)
{
    bool short_header = (chip->flags & CHIP_SHORT_HEADER) != 0;
    switch (image->kind) {
    case IMAGE_SHORT:
    case IMAGE_SHORT_V2:
        return short_header;
    case IMAGE_LONG:
        return short_header ? image->esp8266_memory
                            : image->chip_id == chip->image_id && !image->esp8266_memory;
    default:
        return true;
    }
}

/* Two generations of fields: old images give a major number in one byte, newer ones a range. */
static bool has_only_old_revision(const struct image *image)
{
    return image->max_revision == 0 || (image->max_revision == REVISION_NO_LIMIT &&
                                        image->min_revision == 0 && image->min_revision_old != 0);
}

void image_name_revisions(const struct image *image, const struct chip *chip,
                          char text[static IMAGE_REVISIONS_CAP])
{
    const unsigned min = image->min_revision, max = image->max_revision;
    if (has_only_old_revision(image) && chip->flags & CHIP_OLD_REVISION_IS_MINOR)
        snprintf(text, IMAGE_REVISIONS_CAP, "minor revision %u or later", image->min_revision_old);
    else if (has_only_old_revision(image))
        snprintf(text, IMAGE_REVISIONS_CAP, "v%u.0 or later", image->min_revision_old);
    else if (max == REVISION_NO_LIMIT)
        snprintf(text, IMAGE_REVISIONS_CAP, "v%u.%u or later", min / 100, min % 100);
    else
        snprintf(text, IMAGE_REVISIONS_CAP, "v%u.%u to v%u.%u", min / 100, min % 100, max / 100,
                 max % 100);
}

bool image_fits_revision(const struct image *image, const struct chip *chip, uint32_t revision)
{
    if (image->kind != IMAGE_LONG || (chip->flags & CHIP_SHORT_HEADER))
        return true;
    if (has_only_old_revision(image)) {
        uint32_t has = chip->flags & CHIP_OLD_REVISION_IS_MINOR ? revision % 100 : revision / 100;
        return has >= image->min_revision_old;
    }
    return revision >= image->min_revision &&
           (image->max_revision == REVISION_NO_LIMIT || revision <= image->max_revision);
}

/* The flash fields lie outside the checksum and inside the SHA-256. */
bool image_patch(uint8_t *bytes, const struct image *image, uint8_t mode_code, uint8_t size_code,
                 uint8_t freq_code, bool *changed)
{
    uint8_t mode = mode_code == IMAGE_KEEP ? bytes[2] : mode_code;
    uint8_t size = size_code == IMAGE_KEEP ? bytes[3] >> 4 : size_code;
    uint8_t freq = freq_code == IMAGE_KEEP ? bytes[3] & 0xF : freq_code;
    uint8_t size_freq = (uint8_t)(size << 4 | freq);
    *changed = bytes[2] != mode || bytes[3] != size_freq;
    bytes[2] = mode;
    bytes[3] = size_freq;
    return !*changed || image->digest_at == 0 ||
           digest_sha256(bytes, image->digest_at, bytes + image->digest_at);
}
