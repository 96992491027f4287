#include "core/flash/erase.h"

#include "core/base/digest.h"

#include <stdlib.h>
#include <string.h>

/* So much at once: each wait stays short, and somebody can be told. */
#define PIECE_BYTES (1u << 20)

static bool erase_piece(struct loader *l, uint32_t addr, uint32_t n, struct err *e)
{
    if (l->kind->erase(l, addr, n, loader_timeout_ms(n, LOADER_ERASE_MS_PER_MB), e))
        return true;
    err_as_phase(e, ERR_ERASE);
    /* Damage that a frame's end does not show may have made it another request that erases. */
    if (l->link.commands_turn)
        err_hint(e, "Requests came damaged, so another place may be erased: check the cable, then "
                    "write the whole board again.");
    return err_wrap(e, "Erasing 0x%x to 0x%x", addr, addr + n - 1);
}

static bool check_range(const struct loader *l, uint32_t addr, uint32_t size_bytes, struct err *e)
{
    if (addr % ERASE_SECTOR_BYTES != 0 || size_bytes % ERASE_SECTOR_BYTES != 0) {
        err_set(e, ERR_USAGE, "0x%x bytes from 0x%x on cannot be erased", size_bytes, addr);
        return err_hint(e, "Flash is erased in sectors: give multiples of 0x%x.",
                        ERASE_SECTOR_BYTES);
    }
    if (!l->kind->erases_exactly)
        return err_set(e, ERR_STUB,
                       "The ROM of %s erases more than it is asked to, and no stub runs",
                       l->chip->name);
    return true;
}

bool erase_region(struct loader *l, uint32_t addr, uint32_t size_bytes,
                  const struct erase_progress *progress, struct err *e)
{
    if (!check_range(l, addr, size_bytes, e))
        return false;
    for (uint32_t done = 0; done < size_bytes;) {
        uint32_t n = size_bytes - done < PIECE_BYTES ? size_bytes - done : PIECE_BYTES;
        if (!erase_piece(l, addr + done, n, e))
            return false;
        done += n;
        if (progress)
            progress->tell(progress->ctx, done);
    }
    return true;
}

static bool prove_piece(struct loader *l, uint32_t addr, const uint8_t *blank, uint32_t n,
                        struct err *e)
{
    uint8_t found[LOADER_MD5_BYTES], wanted[DIGEST_MD5_BYTES];
    if (!digest_md5(blank, n, wanted))
        return err_set(e, ERR_STATION, "Out of memory");
    for (int tries = 0; tries < 2; tries++) { /* one answer may have been turned on the wire */
        if (!loader_md5(l, addr, n, loader_timeout_ms(n, LOADER_MD5_MS_PER_MB), found, e)) {
            err_as_phase(e, ERR_ERASE);
            return err_wrap(e, "Asking for the MD5 of 0x%x to 0x%x", addr, addr + n - 1);
        }
        if (memcmp(found, wanted, sizeof found) == 0)
            return true;
    }
    err_set(e, ERR_ERASE, "The flash between 0x%x and 0x%x is not blank after the erase", addr,
            addr + n - 1);
    return err_hint(e, "If the wire turned a bit of the request, another place is erased: check "
                       "the cable, then erase again. Or the flash is write-protected: check its WP "
                       "pin and status bits.");
}

bool erase_prove(struct loader *l, uint32_t addr, uint32_t size_bytes, struct err *e)
{
    bool ok = true;
    uint8_t *blank = malloc(PIECE_BYTES);
    if (!blank)
        return err_set(e, ERR_STATION, "Out of memory");
    memset(blank, 0xFF, PIECE_BYTES);
    for (uint32_t done = 0; ok && done < size_bytes;) {
        uint32_t n = size_bytes - done < PIECE_BYTES ? size_bytes - done : PIECE_BYTES;
        ok = prove_piece(l, addr + done, blank, n, e);
        done += n;
    }
    free(blank);
    return ok;
}
