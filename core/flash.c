#include "core/flash.h"

#include "core/bytes.h"

#include <stdlib.h>
#include <string.h>

#define SECTOR_BYTES      4096u
#define SECTORS_PER_BLOCK 16u
#define BLOCK_TRIES       3
#define WRITE_MS          10000u
#define ERASE_AHEAD_BYTES (128u << 10)

bool flash_set_size(struct loader *l, uint32_t flash_bytes, struct err *e)
{
    uint32_t bytes = flash_bytes ? flash_bytes : FLASH_ASSUMED_BYTES;
    if (!l->stub && (l->chip->flags & CHIP_ROM_NO_SPI_SETUP))
        return true;
    if (loader_spi_set_params(l, bytes, e))
        return true;
    err_as_phase(e, ERR_WRITE);
    return err_wrap(e, "Setting the flash size");
}

uint32_t flash_esp8266_erase_bytes(uint32_t addr, uint32_t size_bytes)
{
    uint32_t sectors = round_up_u32(size_bytes, SECTOR_BYTES) / SECTOR_BYTES;
    uint32_t head = SECTORS_PER_BLOCK - addr / SECTOR_BYTES % SECTORS_PER_BLOCK;
    if (head > sectors)
        head = sectors;
    if (sectors < 2 * head)
        return (sectors + 1) / 2 * SECTOR_BYTES;
    return (sectors - head) * SECTOR_BYTES;
}

static uint32_t rom_erase_bytes(const struct loader *l, uint32_t addr, uint32_t size_bytes)
{
    return l->chip->flags & CHIP_ROM_ERASE_DEFECT ? flash_esp8266_erase_bytes(addr, size_bytes)
                                                  : size_bytes;
}

/* A ROM has no such command, but erases what a write announces before it answers. */
bool flash_erase_all(struct loader *l, uint32_t flash_bytes, struct err *e)
{
    uint32_t bytes = flash_bytes ? flash_bytes : FLASH_ASSUMED_BYTES;
    uint32_t timeout_ms = loader_timeout_ms(bytes, LOADER_ERASE_MS_PER_MB);
    bool ok = l->stub ? loader_erase_flash(l, timeout_ms, e)
                      : loader_flash_begin(l, false, rom_erase_bytes(l, 0, bytes),
                                           bytes / LOADER_ROM_BLOCK_BYTES, LOADER_ROM_BLOCK_BYTES,
                                           0, timeout_ms, e);
    if (ok)
        return true;
    err_as_phase(e, ERR_ERASE);
    return err_wrap(e, "Erasing the whole flash");
}

static bool begin(struct loader *l, const struct plan_region *r, const struct plan_frames *f,
                  struct err *e)
{
    bool compressed = f->command == CMD_FLASH_DEFL_DATA;
    uint32_t bytes = l->stub ? r->size_bytes : rom_erase_bytes(l, r->addr, r->size_bytes);
    uint32_t timeout_ms = loader_timeout_ms(l->stub ? 0 : r->size_bytes, LOADER_ERASE_MS_PER_MB);
    if (loader_flash_begin(l, compressed, bytes, f->count, f->block_bytes, r->addr, timeout_ms, e))
        return true;
    return err_as_phase(e, ERR_ERASE);
}

/* A stub acknowledges block i while it still writes block i-1: that work, and the erase ahead of
 * it, is what the wait must cover. */
static uint32_t block_timeout_ms(const struct loader *l, const struct plan_frames *f, uint32_t i)
{
    uint64_t bytes = f->flash_bytes[i];
    if (l->stub)
        bytes = (i > 0 ? f->flash_bytes[i - 1] : 0) + ERASE_AHEAD_BYTES;
    return loader_timeout_ms(bytes, LOADER_WRITE_MS_PER_MB);
}

static bool send_block(struct loader *l, const struct plan_frames *f, uint32_t i, struct err *e)
{
    struct reply r;
    size_t n = f->at[i + 1] - f->at[i];
    uint32_t work_ms = block_timeout_ms(l, f, i);
    return port_write(l->link.port, f->bytes + f->at[i], n, link_deadline(&l->link, n, WRITE_MS),
                      e) &&
           link_await(&l->link, f->command, 0, false, link_deadline(&l->link, n, work_ms), &r, e);
}

/* Only C1 from a stub says that the block was refused and nothing of it taken. After anything else
 * the block may be in the flash or an earlier one may be missing, so the image starts again. */
static bool may_repeat(const struct loader *l, const struct err *e)
{
    return l->stub && e->code == ERR_REFUSED && e->chip_status[0] == STATUS_STUB_CHECKSUM;
}

static bool block_failed(const struct loader *l, const struct plan_frames *f, uint32_t i,
                         struct err *e)
{
    bool refused = e->code == ERR_REFUSED;
    bool late = refused && l->stub && i > 0 && e->chip_status[0] == STATUS_STUB_FLASH;
    err_as_phase(e, ERR_WRITE);
    if (late)
        return err_wrap(e, "Block %u of %u was not written; told with the next one", i, f->count);
    return err_wrap(e, "Block %u of %u", i + 1, f->count);
}

static bool write_block(struct loader *l, const struct plan_frames *f, uint32_t i, struct err *e)
{
    for (int attempt = 1;; attempt++) {
        struct err failure = { 0 };
        if (send_block(l, f, i, &failure))
            return true;
        if (attempt < BLOCK_TRIES && may_repeat(l, &failure))
            continue;
        *e = failure;
        return block_failed(l, f, i, e);
    }
}

/* A stub still works on what it has acknowledged. That must be over before anything else is asked
 * of it, or its failure would count as another command's; and before the board is reset, or the
 * flash would miss its last block. */
static bool settle(struct loader *l, const struct plan_frames *f, struct err *e)
{
    uint64_t bytes = (uint64_t)f->flash_bytes[f->count - 1] + ERASE_AHEAD_BYTES;
    if (!l->stub || loader_settle(l, loader_timeout_ms(bytes, LOADER_WRITE_MS_PER_MB), e))
        return true;
    err_as_phase(e, ERR_WRITE);
    return err_wrap(e, "Block %u of %u, the last", f->count, f->count);
}

static const struct plan_frames *frames_for(const struct loader *l, const struct plan_region *r)
{
    if (!l->stub)
        return &r->rom;
    return l->small_blocks && r->stub_small.count > 0 ? &r->stub_small : &r->stub;
}

bool flash_write(struct loader *l, const struct plan_region *r,
                 const struct flash_progress *progress, struct err *e)
{
    const struct plan_frames *f = frames_for(l, r);
    uint32_t done = 0;
    if (!begin(l, r, f, e))
        return err_wrap(e, "Writing %s at 0x%x", r->name, r->addr);
    for (uint32_t i = 0; i < f->count; i++) {
        if (!write_block(l, f, i, e))
            return err_wrap(e, "Writing %s at 0x%x", r->name, r->addr);
        done += f->flash_bytes[i];
        progress->tell(progress->ctx, done < r->size_bytes ? done : r->size_bytes);
    }
    return settle(l, f, e) || err_wrap(e, "Writing %s at 0x%x", r->name, r->addr);
}

/* ---- Verify ---- */

static uint32_t md5_timeout_ms(uint32_t bytes)
{
    return loader_timeout_ms(bytes, LOADER_MD5_MS_PER_MB) +
           loader_timeout_ms(ERASE_AHEAD_BYTES, LOADER_WRITE_MS_PER_MB);
}

static bool part_is_right(struct loader *l, const struct plan_region *r, uint32_t at,
                          uint32_t bytes, bool *right, struct err *e)
{
    uint8_t found[DIGEST_MD5_BYTES], wanted[DIGEST_MD5_BYTES];
    if (!digest_md5(r->bytes + at, bytes, wanted))
        return err_set(e, ERR_STATION, "Out of memory");
    if (!loader_md5(l, r->addr + at, bytes, md5_timeout_ms(bytes), found, e))
        return false;
    *right = memcmp(found, wanted, sizeof found) == 0;
    return true;
}

/* Halves the region with the chip's own MD5 until one word is left: about twenty questions. */
static bool find_difference(struct loader *l, const struct plan_region *r, uint32_t *at,
                            struct err *e)
{
    uint32_t first = 0, bytes = r->size_bytes;
    while (bytes > 4) {
        uint32_t half = round_up_u32(bytes / 2, 4);
        bool right = false;
        if (!part_is_right(l, r, first, half, &right, e))
            return false;
        if (right)
            first += half;
        bytes = right ? bytes - half : half;
    }
    *at = first;
    return true;
}

static bool is_blank(const struct plan_region *r, const uint8_t found[static DIGEST_MD5_BYTES])
{
    uint8_t blank_md5[DIGEST_MD5_BYTES];
    uint8_t *blank = malloc(r->size_bytes);
    if (!blank)
        return false;
    memset(blank, 0xFF, r->size_bytes);
    bool ok = digest_md5(blank, r->size_bytes, blank_md5);
    free(blank);
    return ok && memcmp(blank_md5, found, sizeof blank_md5) == 0;
}

static bool explain_difference(struct loader *l, const struct plan_region *r,
                               const uint8_t found[static DIGEST_MD5_BYTES], struct err *e)
{
    char wanted_text[2 * DIGEST_MD5_BYTES + 1], found_text[2 * DIGEST_MD5_BYTES + 1];
    uint32_t at;
    struct err ignored = { 0 };
    digest_hex(r->md5, DIGEST_MD5_BYTES, wanted_text);
    digest_hex(found, DIGEST_MD5_BYTES, found_text);
    if (is_blank(r, found)) {
        err_set(e, ERR_VERIFY, "%s at 0x%x: the flash is still blank (all FF)", r->name, r->addr);
        return err_hint(e, "The flash may be write-protected: check its WP pin and status bits.");
    }
    if (find_difference(l, r, &at, &ignored))
        return err_set(e, ERR_VERIFY,
                       "%s at 0x%x: MD5 is %s, not %s; the flash differs from byte 0x%x on",
                       r->name, r->addr, found_text, wanted_text, r->addr + at);
    return err_set(e, ERR_VERIFY, "%s at 0x%x: MD5 is %s, not %s", r->name, r->addr, found_text,
                   wanted_text);
}

bool flash_md5(struct loader *l, const struct plan_region *r,
               uint8_t found[static DIGEST_MD5_BYTES], struct err *e)
{
    if (loader_md5(l, r->addr, r->size_bytes, md5_timeout_ms(r->size_bytes), found, e))
        return true;
    bool late = e->code == ERR_REFUSED && l->stub && e->chip_status[0] == STATUS_STUB_FLASH;
    err_as_phase(e, late ? ERR_WRITE : ERR_VERIFY);
    return err_wrap(e, "%s at 0x%x: %s", r->name, r->addr,
                    late ? "its last block was not written" : "asking for its MD5");
}

bool flash_judge(struct loader *l, const struct plan_region *r,
                 const uint8_t found[static DIGEST_MD5_BYTES], struct err *e)
{
    return memcmp(found, r->md5, DIGEST_MD5_BYTES) == 0 || explain_difference(l, r, found, e);
}
