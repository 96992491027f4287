/* Whether a plan may be written to a board; judged before its first byte is erased. */
#include "core/board/board.h"

#include <string.h>

/* What must stay: two sectors of the key manager, and the ESP32's boot loader bound by its chip. */
#define KEY_RECOVERY_END_ADDR 0x2000u
#define BOUND_LOADER_END_ADDR 0x8000u

static bool gate_revision(const struct board *b, const struct plan_part *part, struct err *e)
{
    char wanted[IMAGE_REVISIONS_CAP];
    if (b->revision == BOARD_REVISION_UNKNOWN ||
        image_fits_revision(&part->image, b->chip, b->revision))
        return true;
    image_name_revisions(&part->image, b->chip, wanted);
    return err_set(e, ERR_CHIP_REVISION,
                   "The chip has revision v%u.%u, and the image at 0x%x (%s) is for %s",
                   b->revision / 100, b->revision % 100, part->addr, part->name, wanted);
}

static bool gate_chip(const struct board *b, const struct plan *p, struct err *e)
{
    const struct chip *wanted = plan_settings(p)->chip;
    if (b->chip != wanted)
        return err_set(e, ERR_WRONG_CHIP, "The board has an %s, and the recipe is for %s",
                       b->chip->name, wanted->name);
    for (size_t i = 0; i < plan_part_count(p); i++) {
        if (!gate_revision(b, plan_part(p, i), e))
            return false;
    }
    return true;
}

/* The loader then takes what is written and tells nothing: no MAC, no size, no MD5. Whoever wants
 * that says so twice. */
static bool gate_secure_download(const struct board *b, const struct plan_settings *s,
                                 struct err *e)
{
    if (!b->security.secure_download || (s->unproved && s->size == PLAN_SIZE_FIXED))
        return true;
    err_set(e, ERR_SECURED,
            "The chip is in Secure Download Mode, where neither the flash nor its size can be "
            "read");
    return err_hint(e, "To write without any proof, give verify: none and flash.size in the "
                       "recipe; else set the board aside.");
}

static bool gate_encryption(const struct board *b, const struct plan *p, struct err *e)
{
    if (b->security.key_manager && plan_first_addr(p) < KEY_RECOVERY_END_ADDR)
        return err_set(e, ERR_SECURED,
                       "The flash below 0x%x holds the key manager's data, and the recipe writes "
                       "there",
                       KEY_RECOVERY_END_ADDR);
    if (!b->security.flash_encryption || plan_settings(p)->plain_when_encrypted)
        return true;
    err_set(e, ERR_SECURED, "Flash encryption is on: plain images would never start again");
    return err_hint(e, "Where the images are encrypted already, give encrypted: plain in the "
                       "recipe; else set the board aside.");
}

/* A signature of the first scheme ends its file, so within a merged one it is not found. */
static bool may_hide_signature(const struct board *b, const struct plan *p, size_t i)
{
    const size_t source = plan_part(p, i)->source;
    return b->security.secure_boot_v1 &&
           ((i > 0 && plan_part(p, i - 1)->source == source) ||
            (i + 1 < plan_part_count(p) && plan_part(p, i + 1)->source == source));
}

/* The ROM starts no boot loader, and that no application, without one. Bytes that are encrypted
 * already, and data, are not looked into. */
static bool gate_signatures(const struct board *b, const struct plan *p, struct err *e)
{
    if (!b->security.secure_boot || plan_settings(p)->plain_when_encrypted)
        return true;
    for (size_t i = 0; i < plan_part_count(p); i++) {
        const struct plan_part *part = plan_part(p, i);
        if (part->image.kind != IMAGE_LONG || part->image.signature != IMAGE_UNSIGNED ||
            may_hide_signature(b, p, i))
            continue;
        err_set(e, ERR_SECURED,
                "Secure boot is on, and the image at 0x%x (%s) is not signed: it would never start",
                part->addr, part->name);
        return err_hint(e, "Give the images that were signed with this board's key, or set the "
                           "board aside.");
    }
    return true;
}

static bool is_trusted(const struct board_keys *keys, const struct signature *s)
{
    for (size_t i = 0; i < s->count; i++) {
        for (size_t k = 0; k < keys->count; k++) {
            if (memcmp(s->keys[i].digest, keys->digest[k], keys->digest_bytes) == 0)
                return true;
        }
    }
    return false;
}

/* Where the fuses tell which keys they trust. */
static bool gate_keys(const struct board *b, const struct plan *p, struct err *e)
{
    if (b->keys.count == 0 || plan_settings(p)->plain_when_encrypted)
        return true;
    for (size_t i = 0; i < plan_part_count(p); i++) {
        const struct plan_part *part = plan_part(p, i);
        if (part->image.keys.count == 0 || is_trusted(&b->keys, &part->image.keys))
            continue;
        err_set(e, ERR_SECURED,
                "Secure boot is on, and the image at 0x%x (%s) is signed with a key that this "
                "board's fuses do not trust: it would never start",
                part->addr, part->name);
        return err_hint(e, "Whose keys they are: espstation check RECIPE shows those of the "
                           "images, espstation fuses those of the board. Give the images that were "
                           "signed for this board, or set it aside.");
    }
    return true;
}

static bool gate_secure_boot(const struct board *b, const struct plan *p, struct err *e)
{
    if (b->security.secure_boot_v1 && plan_first_addr(p) < BOUND_LOADER_END_ADDR)
        return err_set(e, ERR_SECURED,
                       "Secure boot V1 is on, and the recipe writes below 0x%x: another boot "
                       "loader would never start",
                       BOUND_LOADER_END_ADDR);
    bool signed_header = b->security.secure_boot || b->security.secure_download;
    if (!signed_header || !plan_patches(p, b->flash.size_bytes))
        return true;
    err_set(e, ERR_SECURED, "%s is on: a patched header breaks its signature",
            b->security.secure_boot ? "Secure boot" : "Secure Download Mode");
    return err_hint(e, "Build the image for this flash, or write size: keep, mode: keep, freq: "
                       "keep under flash in the recipe.");
}

/* Everything that makes a secured board work is in its flash; much of it nobody has a copy of. */
static bool gate_erase(const struct board *b, const struct plan *p, struct err *e)
{
    const struct chip_security *s = &b->security;
    bool secured = s->secure_boot || s->flash_encryption || s->secure_download || s->key_manager;
    if (!secured || !plan_settings(p)->erase_all)
        return true;
    err_set(e, ERR_SECURED, "The chip's security is on, and the recipe erases the whole flash");
    return err_hint(e, "Give erase: needed in the recipe.");
}

static bool gate_security(const struct board *b, const struct plan *p, struct err *e)
{
    return gate_secure_download(b, plan_settings(p), e) && gate_encryption(b, p, e) &&
           gate_secure_boot(b, p, e) && gate_erase(b, p, e) && gate_signatures(b, p, e) &&
           gate_keys(b, p, e);
}

static bool gate_flash(const struct board *b, const struct plan *p, struct err *e)
{
    const struct plan_settings *s = plan_settings(p);
    uint32_t has = b->flash.size_bytes;
    if (has == 0)
        return true; /* an id that no table knows: the images decide, and MD5 proves */
    if (s->size == PLAN_SIZE_FIXED && has < s->flash_bytes)
        return err_set(e, ERR_FLASH_SIZE, "The flash has %u KB, and the recipe asks for %u KB",
                       has / 1024, s->flash_bytes / 1024);
    if (has < plan_kept_flash_bytes(p)) {
        err_set(e, ERR_FLASH_SIZE,
                "The flash has %u KB, and the header of the boot image says %u KB: it would not "
                "start",
                has / 1024, plan_kept_flash_bytes(p) / 1024);
        if (s->size != PLAN_SIZE_KEEP) /* and yet it is kept, for it is signed */
            return err_hint(e, "Build and sign the boot image for this flash, or use a board with "
                               "that flash.");
        return err_hint(e, "Give flash.size: detect in the recipe, or use a board with that "
                           "flash.");
    }
    if (has < plan_partitions_end(p))
        return err_set(e, ERR_FLASH_SIZE,
                       "The flash has %u KB, and the partition table reaches to %llu KB: it would "
                       "not start",
                       has / 1024, (unsigned long long)(plan_partitions_end(p) + 1023) / 1024);
    if (has < plan_needs_bytes(p))
        return err_set(e, ERR_FLASH_SIZE, "The flash has %u KB, and the images need %u KB",
                       has / 1024, (plan_needs_bytes(p) + 1023) / 1024);
    return true;
}

bool board_gate(const struct board *b, const struct plan *p, struct err *e)
{
    return gate_chip(b, p, e) && gate_security(b, p, e) && gate_flash(b, p, e);
}
