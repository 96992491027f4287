#include "core/facts/chip.h"

#include <ctype.h>
#include <string.h>

#define CHIP(name) extern const struct chip chip_##name;
#include "core/facts/chip_list.h"
#undef CHIP

#define CHIP(name) &chip_##name,
static const struct chip *const chips[] = {
#include "core/facts/chip_list.h"
};
#undef CHIP

const struct chip_code chip_modes[] = {
    { "qio", 0, 0 }, { "qout", 1, 0 }, { "dio", 2, 0 }, { "dout", 3, 0 }, { 0 },
};

const struct chip_code chip_sizes_esp32[] = {
    { "1MB", 0x0, 1u << 20 },   { "2MB", 0x1, 2u << 20 },     { "4MB", 0x2, 4u << 20 },
    { "8MB", 0x3, 8u << 20 },   { "16MB", 0x4, 16u << 20 },   { "32MB", 0x5, 32u << 20 },
    { "64MB", 0x6, 64u << 20 }, { "128MB", 0x7, 128u << 20 }, { 0 },
};

const struct chip_code chip_freqs_80m[] = {
    { "80m", 0xF, 0 }, { "40m", 0x0, 0 }, { "26m", 0x1, 0 }, { "20m", 0x2, 0 }, { 0 },
};

/* The code is a divider, and the clock that it divides is 48 or 64 MHz: ESP-IDF speaks of 64 and 32
 * (spi_flash/esp32h2 and esp32h4, Kconfig.flash_freq) where esptool said 48 and 24; since 5.5 it
 * takes both (bf85060). What "16m" means stays what esptool means by it. */
const struct chip_code chip_freqs_48m[] = {
    { "48m", 0xF, 0 },
    { "24m", 0x0, 0 },
    { "16m", 0x1, 0 },
    { "12m", 0x2, 0 },
    { "64m", 0xF, 0 },
    { "32m", 0x0, 0 },
    { 0 },
};

const struct chip_code chip_freqs_80_40_20m[] = {
    { "80m", 0xF, 0 },
    { "40m", 0x0, 0 },
    { "20m", 0x2, 0 },
    { 0 },
};

size_t chip_count(void)
{
    return sizeof chips / sizeof chips[0];
}

const struct chip *chip_at(size_t i)
{
    return chips[i];
}

/* Compares as people write chip names: ESP32-C3, esp32c3, ESP32C3. */
static bool same_name(const char *a, const char *b)
{
    for (;; a++, b++) {
        while (*a == '-')
            a++;
        while (*b == '-')
            b++;
        if (tolower((unsigned char)*a) != tolower((unsigned char)*b))
            return false;
        if (*a == '\0')
            return true;
    }
}

const struct chip *chip_by_name(const char *name)
{
    for (size_t i = 0; i < chip_count(); i++) {
        if (same_name(chips[i]->id_name, name))
            return chips[i];
    }
    return NULL;
}

const struct chip *chip_by_magic(uint32_t magic)
{
    for (size_t i = 0; i < chip_count(); i++) {
        if (chips[i]->magic != 0 && chips[i]->magic == magic)
            return chips[i];
    }
    return NULL;
}

const struct chip *chip_by_image_id(uint16_t image_id)
{
    for (size_t i = 0; i < chip_count(); i++) {
        if (image_id != CHIP_NO_IMAGE_ID && chips[i]->image_id == image_id)
            return chips[i];
    }
    return NULL;
}

const struct chip_code *chip_code_by_word(const struct chip_code *rows, const char *word)
{
    for (; rows->word; rows++) {
        if (strcasecmp(rows->word, word) == 0)
            return rows;
    }
    return NULL;
}

const struct chip_code *chip_code_by_flash_bytes(const struct chip_code *rows, uint32_t bytes)
{
    for (; rows->word; rows++) {
        if (rows->flash_bytes == bytes)
            return rows;
    }
    return NULL;
}

static bool is_all(const struct chip_mac *mac, uint8_t byte)
{
    size_t i = 0;
    while (i < mac->count && mac->bytes[i] == byte)
        i++;
    return i == mac->count;
}

bool chip_check_mac(const struct chip_mac *mac, struct err *e)
{
    if (is_all(mac, 0x00) || is_all(mac, 0xFF))
        return err_set(e, ERR_BAD_MAC, "The eFuses hold no MAC: all its bytes are %02X",
                       mac->count > 0 ? mac->bytes[0] : 0);
    if (mac->bytes[0] & 1)
        return err_set(e, ERR_BAD_MAC,
                       "The MAC in the eFuses begins with %02X: that is a multicast address, which "
                       "no board has",
                       mac->bytes[0]);
    return true;
}

const char *chip_package_name(const struct chip *chip, uint32_t package)
{
    for (const struct chip_package *p = chip->packages; p && p->name; p++) {
        if (p->number == package)
            return p->name;
    }
    return NULL;
}

const struct fuse_set *chip_fuses(const struct chip *chip, uint32_t revision)
{
    bool is_later = chip->fuses[1].set && revision >= chip->fuses[1].from_revision;
    return chip->fuses[is_later].set;
}

bool chip_spi_pins_default(struct loader *loader, uint32_t *pins, struct err *e)
{
    (void)loader;
    (void)e;
    *pins = 0;
    return true;
}

bool chip_rom_baud_plain(struct loader *loader, uint32_t baud, uint32_t *request, struct err *e)
{
    (void)loader;
    (void)e;
    *request = baud;
    return true;
}
