#include "core/loader/efuse.h"

#include "core/loader/regs.h"

#include <string.h>

static bool read_word(struct loader *l, uint8_t block, uint8_t word, uint32_t *value, struct err *e)
{
    return regs_read_fixed(l, l->chip->efuse->block_addr[block] + 4u * word, value, e);
}

bool efuse_read(struct loader *l, struct efuse_field field, uint32_t *value, struct err *e)
{
    uint32_t word;
    *value = 0;
    if (field.bits == 0)
        return true;
    if (!read_word(l, field.block, field.word, &word, e))
        return false;
    *value = word >> field.bit & ((1u << field.bits) - 1);
    return true;
}

static bool read_number(struct loader *l, const struct efuse_number *n, uint32_t *value,
                        struct err *e)
{
    uint32_t low, high;
    if (!efuse_read(l, n->low, &low, e) || !efuse_read(l, n->high, &high, e))
        return false;
    *value = low | high << n->low.bits;
    return true;
}

static bool read_flag(struct loader *l, struct efuse_field field, bool *set, struct err *e)
{
    uint32_t value;
    if (!efuse_read(l, field, &value, e))
        return false;
    *set = value != 0;
    return true;
}

static void put_bytes(struct chip_mac *mac, uint32_t value, unsigned count)
{
    while (count-- > 0)
        mac->bytes[mac->count++] = (uint8_t)(value >> 8 * count);
}

/* The two bytes in the middle of an EUI-64 stand in front of the MAC's: normally FF FE. Where they
 * were never burnt the chip has six bytes only. */
bool efuse_read_mac(struct loader *l, struct chip_mac *mac, struct err *e)
{
    const struct efuse_map *map = l->chip->efuse;
    uint32_t low, high;
    memset(mac, 0, sizeof *mac);
    if (!read_word(l, map->mac_block, 0, &low, e) || !read_word(l, map->mac_block, 1, &high, e))
        return false;
    put_bytes(mac, high, 2);
    put_bytes(mac, low >> 24, 1);
    if (map->eui64 && high >> 16 != 0)
        put_bytes(mac, high >> 16, 2);
    put_bytes(mac, low, 3);
    return chip_check_mac(mac, e);
}

bool efuse_read_revision(struct loader *l, uint32_t *revision, struct err *e)
{
    uint32_t major, minor;
    if (!read_number(l, &l->chip->efuse->major, &major, e) ||
        !read_number(l, &l->chip->efuse->minor, &minor, e))
        return false;
    *revision = major * 100 + minor;
    return true;
}

bool efuse_read_package(struct loader *l, uint32_t *package, struct err *e)
{
    return efuse_read(l, l->chip->efuse->package, package, e);
}

bool efuse_read_security(struct loader *l, struct chip_security *security, struct err *e)
{
    const struct efuse_map *map = l->chip->efuse;
    uint32_t crypt_count;
    *security = (struct chip_security){ 0 };
    if (!read_flag(l, map->secure_boot, &security->secure_boot, e) ||
        !read_flag(l, map->secure_download, &security->secure_download, e) ||
        !read_flag(l, map->manual_encrypt_off, &security->manual_encrypt_off, e) ||
        !read_flag(l, map->key_manager, &security->key_manager, e) ||
        !efuse_read(l, map->crypt_count, &crypt_count, e))
        return false;
    security->flash_encryption = __builtin_parity(crypt_count);
    return true;
}

/* Thirty bits from the middle of block 1: CLK, Q, D, CS and HD, six each from the low end. */
bool efuse_read_spi_pins(struct loader *l, uint32_t *pins, struct err *e)
{
    const uint32_t all = 0x3FFFFFFF;
    uint32_t word1, word2;
    if (!read_word(l, 1, 1, &word1, e) || !read_word(l, 1, 2, &word2, e))
        return false;
    *pins = (word1 >> 16 | word2 << 16) & all;
    if (*pins == all)
        *pins = 0;
    return true;
}
