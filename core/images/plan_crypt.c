/*
 * A plan for a chip with flash encryption: which parts of it are ciphertext, and those parts.
 *
 * Sources: ESP-IDF (docs/en/security/flash-encryption.rst, bootloader_support/flash_encrypt.c,
 * esp_partition.h for the subtypes).
 */
#include "core/images/plan_priv.h"

#include "core/base/bytes.h"

#include <stdlib.h>
#include <string.h>

#define DATA_NVS_KEYS      0x04u
#define DATA_TEE_OTA       0x90u
#define TYPE_BOOTLOADER    2u
#define TYPE_TABLE         3u
#define KEY_MANAGER_END    0x2000u /* where boot loaders begin at 0x2000 */
#define KEY_MANAGER_BOOT   0x2000u
#define TABLE_SECTOR_BYTES PLAN_SECTOR_BYTES

/* ---- What is encrypted ---- */

static bool is_data(const struct partition *part, uint8_t subtype)
{
    return part->type == PARTITION_DATA && part->subtype == subtype;
}

static bool is_encrypted_part(const struct partition *part)
{
    if (is_data(part, PARTITION_NVS))
        return false; /* it has a scheme of its own */
    return part->type == PARTITION_APP || part->type == TYPE_BOOTLOADER ||
           part->type == TYPE_TABLE || is_data(part, PARTITION_OTA_DATA) ||
           is_data(part, DATA_NVS_KEYS) || is_data(part, DATA_TEE_OTA) ||
           (part->flags & PARTITION_ENCRYPTED) != 0;
}

bool plan_is_encrypted(const struct plan *p, uint32_t addr)
{
    if (p->settings.chip->boot_addr == KEY_MANAGER_BOOT && addr < KEY_MANAGER_END)
        return false;
    if (p->parts.has_table && addr < p->parts.table_addr + TABLE_SECTOR_BYTES)
        return true;
    const struct partition *part = partitions_at(&p->parts.table, addr);
    return part && is_encrypted_part(part);
}

static bool is_filled(const struct plan *p, const struct partition *part)
{
    for (size_t i = 0; i < p->count; i++) {
        const struct plan_region *r = &p->items[i].region;
        if (r->addr <= part->addr &&
            (uint64_t)r->addr + r->size_bytes >= (uint64_t)part->addr + part->size_bytes)
            return true;
    }
    return false;
}

const struct partition *plan_unfilled(const struct plan *p)
{
    for (size_t i = 0; i < p->parts.table.count; i++) {
        const struct partition *part = &p->parts.table.rows[i];
        if (part->type == PARTITION_DATA && !is_data(part, DATA_NVS_KEYS) &&
            is_encrypted_part(part) && !is_filled(p, part))
            return part;
    }
    return NULL;
}

/* ---- Ciphertext ---- */

static bool touches(const struct plan *p, const struct plan_region *r)
{
    for (uint32_t at = 0; at < r->size_bytes; at += PLAN_SECTOR_BYTES) {
        if (plan_is_encrypted(p, r->addr + at))
            return true;
    }
    return false;
}

static bool crypt_sectors(const struct plan *p, struct plan_region *r,
                          const struct flash_crypt_key *key, struct err *e)
{
    for (uint32_t at = 0; at < r->size_bytes; at += PLAN_SECTOR_BYTES) {
        const uint32_t left = r->size_bytes - at;
        const uint32_t n = left < PLAN_SECTOR_BYTES ? left : PLAN_SECTOR_BYTES;
        if (plan_is_encrypted(p, r->addr + at) &&
            !flash_crypt(key, r->addr + at, r->bytes + at, n, e))
            return false;
    }
    return true;
}

static bool encode(struct plan_region *r, const struct plan_settings *s)
{
    const bool small = (s->chip->flags & CHIP_USB_OTG) != 0;
    return digest_md5(r->bytes, r->size_bytes, r->md5) &&
           digest_sha256(r->bytes, r->size_bytes, r->sha256) &&
           plan_encode_raw(&r->frames[FRAMES_STUB], LOADER_STUB_BLOCK_BYTES, r->bytes,
                           r->size_bytes) &&
           (!small || plan_encode_raw(&r->frames[FRAMES_STUB_SMALL], LOADER_USB_BLOCK_BYTES,
                                      r->bytes, r->size_bytes)) &&
           (!s->fast || plan_encode_fast(r, NULL, 0)) &&
           plan_encode_raw(&r->frames[FRAMES_ROM], LOADER_ROM_BLOCK_BYTES, r->bytes, r->size_bytes);
}

static bool no_memory(struct err *e)
{
    return err_set(e, ERR_STATION, "Out of memory for encrypted images");
}

/* The end is filled with FF up to where the cipher's blocks end, within its last sector. */
static bool make_region(const struct plan *p, const struct plan_region *plain,
                        const struct flash_crypt_key *key, struct plan_region *own, struct err *e)
{
    const uint32_t size_bytes = round_up_u32(plain->size_bytes, flash_crypt_step(key->scheme));
    if (!plan_region_copy(own, plain, size_bytes))
        return no_memory(e);
    if (!crypt_sectors(p, own, key, e))
        return false;
    return (encode(own, &p->settings) &&
            (!p->settings.pieces || plan_region_cut(own, &p->settings, encode))) ||
           no_memory(e);
}

struct plan_variant *plan_variant_encrypt(const struct plan *p, const struct plan_variant *plain,
                                          const struct flash_crypt_key *key, struct err *e)
{
    struct plan_variant *v = plan_variant_alloc(plain->count);
    if (!v) {
        no_memory(e);
        return NULL;
    }
    for (size_t i = 0; i < plain->count; i++) {
        const bool crypt = touches(p, plain->regions[i]);
        v->regions[i] = crypt ? &v->own[i] : plain->regions[i];
        if (crypt && !make_region(p, plain->regions[i], key, &v->own[i], e)) {
            plan_variant_free(v);
            return NULL;
        }
    }
    return v;
}
