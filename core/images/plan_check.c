/* What can be wrong with a plan, found before any board is touched. */
#include "core/images/plan_priv.h"

#include <stdio.h>

static uint64_t source_end(const struct plan_source *s)
{
    return (uint64_t)s->offset_addr + s->size_bytes;
}

static const char *chip_of_image(const struct image *image)
{
    if (image->kind != IMAGE_LONG || image->esp8266_memory)
        return "ESP8266";
    const struct chip *chip = chip_by_image_id(image->chip_id);
    return chip ? chip->name : NULL;
}

#define DATA_ADVICE "if it is data, say so with: as: data"

/* Whether or not the board looks at it: what was damaged after it was signed is no good. */
static void check_signature(struct plan_checker *c, const struct plan_part *part)
{
    if (part->image.signature_problem)
        plan_mistake(c, part->source,
                     "'%s' brings a signature for secure boot, and it is wrong: %s; sign it anew, "
                     "after its last change",
                     part->name, part->image.signature_problem);
}

/* A file's own image, and one that lies inside a merged file, are judged alike. */
static void check_part(struct plan_checker *c, const struct plan_part *part)
{
    const struct chip *chip = c->settings->chip;
    const char *other = chip_of_image(&part->image);
    char place[48] = "", id[24];
    if (part->at > 0)
        snprintf(place, sizeof place, ", in what it holds for 0x%x,", part->addr);
    if (part->image.kind == IMAGE_DAMAGED) {
        plan_mistake(c, part->source, "'%s'%s begins like a firmware image, but %s; " DATA_ADVICE,
                     part->name, place, part->image.problem);
        return;
    }
    if (image_fits_chip(&part->image, chip))
        return;
    snprintf(id, sizeof id, "chip id %u", part->image.chip_id);
    plan_mistake(c, part->source,
                 "'%s'%s is an image for %s, and the recipe is for %s; " DATA_ADVICE, part->name,
                 place, other ? other : id, chip->name);
}

static void check_place(struct plan_checker *c, size_t i)
{
    const struct plan_source *s = &c->sources[i];
    const struct plan_settings *set = c->settings;
    uint64_t end = source_end(s);
    if (set->size == PLAN_SIZE_FIXED && end > set->flash_bytes)
        plan_mistake(c, i, "'%s' ends at 0x%llx, behind the end of the flash at 0x%x", s->name,
                     (unsigned long long)end, set->flash_bytes);
    else if (set->stub_advice && end > CHIP_FLASH_3_BYTES_MAX &&
             set->chip->stub_max_flash_bytes > CHIP_FLASH_3_BYTES_MAX)
        plan_mistake(c, i,
                     "'%s' ends at 0x%llx; the ROM loader writes nothing behind 0x%x: that takes "
                     "the flasher stub, %s",
                     s->name, (unsigned long long)end, CHIP_FLASH_3_BYTES_MAX, set->stub_advice);
    else if (end > set->chip->stub_max_flash_bytes)
        plan_mistake(c, i, "'%s' ends at 0x%llx; on %s nothing behind 0x%x can be reached", s->name,
                     (unsigned long long)end, set->chip->name, set->chip->stub_max_flash_bytes);
}

/* The flash is erased by sectors: two images in one sector would wipe each other. */
static void check_overlap(struct plan_checker *c, size_t i)
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
            plan_mistake(
                c, i, "'%s' (0x%x to 0x%llx) shares flash sector 0x%llx with '%s' (0x%x to 0x%llx)",
                b->name, b->offset_addr, (unsigned long long)source_end(b) - 1,
                (unsigned long long)((a_first > b_first ? a_first : b_first) * PLAN_SECTOR_BYTES),
                a->name, a->offset_addr, (unsigned long long)source_end(a) - 1);
    }
}

/* A header that stays as it is must at least have room for the images: what lies behind the size it
 * announces is never found. Shipped ESP8266 images say 512 KB and are larger (esptool-js issue
 * 120). */
static void check_kept_size(struct plan_checker *c, const struct plan_part *boot)
{
    const char *advice = boot->image.signature == IMAGE_UNSIGNED
                             ? "give flash.size: detect"
                             : "build it for a flash of that size, and sign it anew";
    uint32_t says = plan_header_flash_bytes(c->settings->chip, &boot->image);
    for (size_t i = 0; i < c->count && says > 0; i++) {
        if (source_end(&c->sources[i]) > says)
            plan_mistake(c, i,
                         "'%s' ends at 0x%llx, but the header of '%s' says that the flash has %u "
                         "KB, so it would not run; %s",
                         c->sources[i].name, (unsigned long long)source_end(&c->sources[i]),
                         boot->name, says / 1024, advice);
    }
    uint64_t end = partitions_end(&c->parts.table);
    if (says > 0 && end > says)
        plan_mistake(c, c->parts.table_source,
                     "the partition table in '%s' reaches to 0x%llx, but the header of '%s' says "
                     "that the flash has %u KB, so it would not start; %s",
                     c->sources[c->parts.table_source].name, (unsigned long long)end, boot->name,
                     says / 1024, advice);
}

static bool is_other(const struct chip_code *wanted, uint8_t has)
{
    return wanted && wanted->code != has;
}

/* Patched, a signature fits no more, and secure boot can never be switched on: so nothing is. What
 * the recipe asks for must be there already. */
static void check_signed(struct plan_checker *c, const struct plan_part *boot)
{
    const struct plan_settings *set = c->settings;
    const struct chip_code *size =
        set->size == PLAN_SIZE_FIXED ? chip_code_by_flash_bytes(set->chip->sizes, set->flash_bytes)
                                     : NULL;
    const char *key = is_other(size, boot->image.size_code)        ? "size"
                      : is_other(set->mode, boot->image.mode_code) ? "mode"
                      : is_other(set->freq, boot->image.freq_code) ? "freq"
                                                                   : NULL;
    if (key)
        plan_mistake(c, boot->source,
                     "'%s' is signed, and flash.%s asks for another header than it has: patched, "
                     "it would never pass secure boot; build it so, or give %s: keep",
                     boot->name, key, key);
    else if (set->size == PLAN_SIZE_DETECT)
        plan_warning(c, boot->source,
                     "'%s' is signed: its header stays, and says a flash of %u KB whatever the "
                     "board has",
                     boot->name, plan_header_flash_bytes(set->chip, &boot->image) / 1024);
}

static void check_flash_size(struct plan_checker *c)
{
    const struct plan_settings *set = c->settings;
    const struct plan_part *boot = plan_parts_boot(&c->parts, set->chip);
    if (boot && boot->image.signature != IMAGE_UNSIGNED)
        check_signed(c, boot);
    if (boot && (set->size == PLAN_SIZE_KEEP ||
                 (set->size == PLAN_SIZE_DETECT && boot->image.signature != IMAGE_UNSIGNED)))
        check_kept_size(c, boot);
    if (set->size == PLAN_SIZE_FIXED &&
        !chip_code_by_flash_bytes(set->chip->sizes, set->flash_bytes))
        plan_mistake(c, PLAN_NO_IMAGE, "The image header of %s has no code for a flash of %u KB",
                     set->chip->name, set->flash_bytes / 1024);
}

size_t plan_check(const struct plan_settings *settings, const struct plan_source *sources,
                  size_t count, const struct plan_report *report)
{
    struct plan_checker c = { settings, sources, count, report, 0, { .rows = NULL } };
    if (!plan_parts_find(&c.parts, settings, sources, count)) {
        plan_mistake(&c, PLAN_NO_IMAGE, "There is no memory to look into the images");
        return c.mistakes;
    }
    check_flash_size(&c);
    for (size_t i = 0; i < count; i++) {
        if (sources[i].size_bytes == 0) {
            plan_mistake(&c, i, "'%s' is empty", sources[i].name);
            continue;
        }
        check_place(&c, i);
        check_overlap(&c, i);
    }
    for (size_t i = 0; i < c.parts.count; i++) {
        check_part(&c, &c.parts.rows[i]);
        check_signature(&c, &c.parts.rows[i]);
    }
    plan_check_layout(&c);
    plan_parts_done(&c.parts);
    return c.mistakes;
}
