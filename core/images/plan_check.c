/* What can be wrong with a plan, found before any board is touched. */
#include "core/images/plan_priv.h"

#include <stdarg.h>
#include <stdio.h>

struct checker {
    const struct plan_settings *settings;
    const struct plan_source *sources;
    size_t count;
    const struct plan_report *report;
    size_t mistakes;
};

static void mistake(struct checker *c, size_t image, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static void mistake(struct checker *c, size_t image, const char *fmt, ...)
{
    char sentence[240];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(sentence, sizeof sentence, fmt, ap);
    va_end(ap);
    c->mistakes++;
    c->report->mistake(c->report->ctx, image, sentence);
}

static uint64_t source_end(const struct plan_source *s)
{
    return (uint64_t)s->offset_addr + s->size_bytes;
}

static const char *chip_of_image(const struct image *image)
{
    if (image->kind != IMAGE_LONG)
        return "ESP8266";
    const struct chip *chip = chip_by_image_id(image->chip_id);
    return chip ? chip->name : NULL;
}

static void check_content(struct checker *c, size_t i)
{
    const struct chip *chip = c->settings->chip;
    struct image image;
    image_read(c->sources[i].bytes, c->sources[i].size_bytes, chip->flags & CHIP_SHORT_HEADER,
               &image);
    if (image.kind == IMAGE_DAMAGED) {
        mistake(c, i, "'%s' begins like a firmware image, but %s", c->sources[i].name,
                image.problem);
        return;
    }
    if (image_fits_chip(&image, chip))
        return;
    const char *other = chip_of_image(&image);
    if (other)
        mistake(c, i, "'%s' is an image for %s, and the recipe is for %s", c->sources[i].name,
                other, chip->name);
    else
        mistake(c, i, "'%s' is an image for chip id %u, and the recipe is for %s",
                c->sources[i].name, image.chip_id, chip->name);
}

static void check_place(struct checker *c, size_t i)
{
    const struct plan_source *s = &c->sources[i];
    const struct plan_settings *set = c->settings;
    uint64_t end = source_end(s);
    if (set->size == PLAN_SIZE_FIXED && end > set->flash_bytes)
        mistake(c, i, "'%s' ends at 0x%llx, behind the end of the flash at 0x%x", s->name,
                (unsigned long long)end, set->flash_bytes);
    else if (end > set->chip->stub_max_flash_bytes)
        mistake(c, i, "'%s' ends at 0x%llx; on %s nothing behind 0x%x can be reached", s->name,
                (unsigned long long)end, set->chip->name, set->chip->stub_max_flash_bytes);
}

/* The flash is erased by sectors: two images in one sector would wipe each other. */
static void check_overlap(struct checker *c, size_t i)
{
    const struct plan_source *b = &c->sources[i];
    for (size_t k = 0; k < i; k++) {
        const struct plan_source *a = &c->sources[k];
        if (a->size_bytes == 0)
            continue; /* said already */
        uint64_t a_first = a->offset_addr / PLAN_SECTOR_BYTES;
        uint64_t b_first = b->offset_addr / PLAN_SECTOR_BYTES;
        uint64_t a_last = (source_end(a) - 1) / PLAN_SECTOR_BYTES;
        uint64_t b_last = (source_end(b) - 1) / PLAN_SECTOR_BYTES;
        if (b_first <= a_last && a_first <= b_last)
            mistake(
                c, i, "'%s' (0x%x to 0x%llx) shares flash sector 0x%llx with '%s' (0x%x to 0x%llx)",
                b->name, b->offset_addr, (unsigned long long)source_end(b) - 1,
                (unsigned long long)((a_first > b_first ? a_first : b_first) * PLAN_SECTOR_BYTES),
                a->name, a->offset_addr, (unsigned long long)source_end(a) - 1);
    }
}

/* A header that stays as it is must at least have room for the images: what lies behind the size it
 * announces is never found. Shipped ESP8266 images say 512 KB and are larger (esptool-js issue
 * 120). */
static void check_kept_size(struct checker *c, size_t boot)
{
    const struct chip *chip = c->settings->chip;
    const struct plan_source *s = &c->sources[boot];
    struct image image;
    image_read(s->bytes, s->size_bytes, chip->flags & CHIP_SHORT_HEADER, &image);
    uint32_t says = plan_header_flash_bytes(chip, &image);
    if (!plan_is_patchable(&image, s->offset_addr, chip) || says == 0)
        return;
    for (size_t i = 0; i < c->count; i++) {
        if (source_end(&c->sources[i]) > says)
            mistake(c, i,
                    "'%s' ends at 0x%llx, but the header of '%s' says that the flash has %u KB, so "
                    "it would not run; give flash.size: detect",
                    c->sources[i].name, (unsigned long long)source_end(&c->sources[i]), s->name,
                    says / 1024);
    }
}

static void check_flash_size(struct checker *c)
{
    const struct plan_settings *set = c->settings;
    for (size_t i = 0; i < c->count && set->size == PLAN_SIZE_KEEP; i++) {
        if (c->sources[i].offset_addr == set->chip->boot_addr)
            check_kept_size(c, i);
    }
    if (set->size == PLAN_SIZE_FIXED &&
        !chip_code_by_flash_bytes(set->chip->sizes, set->flash_bytes))
        mistake(c, PLAN_NO_IMAGE, "The image header of %s has no code for a flash of %u KB",
                set->chip->name, set->flash_bytes / 1024);
}

size_t plan_check(const struct plan_settings *settings, const struct plan_source *sources,
                  size_t count, const struct plan_report *report)
{
    struct checker c = { settings, sources, count, report, 0 };
    check_flash_size(&c);
    for (size_t i = 0; i < count; i++) {
        if (sources[i].size_bytes == 0) {
            mistake(&c, i, "'%s' is empty", sources[i].name);
            continue;
        }
        check_content(&c, i);
        check_place(&c, i);
        check_overlap(&c, i);
    }
    return c.mistakes;
}
