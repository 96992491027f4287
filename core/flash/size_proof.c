#include "core/flash/size_proof.h"

#include "core/flash/erase.h"

#include <stdlib.h>
#include <string.h>

/* ---- Which sector ---- */

static bool is_blank(const uint8_t *bytes, uint32_t n)
{
    return n > 0 && bytes[0] == 0xFF && memcmp(bytes, bytes + 1, n - 1) == 0;
}

/* The region that holds any of [addr, addr + n); NULL: none of the first `steps` that are written
 * does. */
static const struct plan_region *region_near(const struct plan_variant *v, size_t steps,
                                             uint32_t addr, uint32_t n)
{
    for (size_t step = 0; step < steps; step++) {
        const struct plan_region *r = plan_region(v, plan_write_order(v, step));
        if (addr < r->addr + r->size_bytes && r->addr < addr + n)
            return r;
    }
    return NULL;
}

static uint32_t part_bytes(const struct plan_region *r, uint32_t at)
{
    uint32_t rest = r->size_bytes - at;
    return rest < SIZE_PROOF_BYTES ? rest : SIZE_PROOF_BYTES;
}

/* Whether the plan puts the same at both places, or nothing that could be told from it. */
static bool is_doubled(const struct plan_region *mirror, uint32_t addr, const uint8_t *bytes,
                       uint32_t n)
{
    return mirror && (addr < mirror->addr || addr - mirror->addr > mirror->size_bytes - n ||
                      memcmp(mirror->bytes + (addr - mirror->addr), bytes, n) == 0);
}

static void take(struct size_proof *p, size_t image, const struct plan_region *r, uint32_t at,
                 uint32_t mirror_addr)
{
    p->image = image;
    p->addr = r->addr + at;
    p->mirror_addr = mirror_addr;
    p->size_bytes = part_bytes(r, at);
    p->open = digest_md5(r->bytes + at, p->size_bytes, p->wanted);
}

/* The first sector, in the order in which they are written, that is not blank, and whose mirror
 * nothing is written to until then. `after`: for the time when all is written. */
static void choose(struct size_proof *p, const struct plan *plan, const struct plan_variant *v,
                   bool after)
{
    size_t count = plan_image_count(plan);
    uint32_t distance = p->claim_bytes / 2;
    for (size_t step = 0; step < count && !p->open; step++) {
        size_t image = plan_write_order(v, step);
        const struct plan_region *r = plan_region(v, image);
        for (uint32_t at = 0; at < r->size_bytes && !p->open; at += SIZE_PROOF_BYTES) {
            uint32_t n = part_bytes(r, at), mirror_addr = (r->addr + at) ^ distance;
            const struct plan_region *mirror =
                region_near(v, after ? count : step + 1, mirror_addr, n);
            if (!is_blank(r->bytes + at, n) &&
                (after ? !is_doubled(mirror, mirror_addr, r->bytes + at, n) : !mirror))
                take(p, image, r, at, mirror_addr);
        }
    }
}

static void begin(struct size_proof *p, const struct plan *plan, const struct plan_variant *v,
                  uint32_t flash_bytes, bool after)
{
    *p = (struct size_proof){ .open = false };
    p->claim_bytes = plan_claims_bytes(plan, flash_bytes);
    if (p->claim_bytes > SIZE_PROOF_SAFE_BYTES)
        choose(p, plan, v, after);
}

void size_proof_begin(struct size_proof *p, const struct plan *plan, const struct plan_variant *v,
                      uint32_t flash_bytes)
{
    begin(p, plan, v, flash_bytes, false);
}

/* ---- Asking the board ---- */

static bool can_ask(const struct loader *l)
{
    return !l->secured && l->kind->has_md5;
}

static uint32_t md5_ms(const struct size_proof *p)
{
    return loader_timeout_ms(p->size_bytes, LOADER_MD5_MS_PER_MB);
}

static bool not_told(uint32_t addr, struct err *e)
{
    err_as_phase(e, ERR_IDENTIFY);
    return err_wrap(e, "Asking how large the flash is, at 0x%x", addr);
}

static bool ask(const struct size_proof *p, struct loader *l, uint32_t addr,
                uint8_t md5[static DIGEST_MD5_BYTES], struct err *e)
{
    return loader_md5(l, addr, p->size_bytes, md5_ms(p), md5, e) || not_told(addr, e);
}

static bool ask_together(const struct size_proof *p, struct loader *l,
                         uint8_t here[static DIGEST_MD5_BYTES],
                         uint8_t mirror[static DIGEST_MD5_BYTES], struct err *e)
{
    return loader_md5_ask(l, p->addr, p->size_bytes, e) &&
           loader_md5_ask(l, p->mirror_addr, p->size_bytes, e) &&
           loader_md5_answer(l, md5_ms(p), here, e) && loader_md5_answer(l, md5_ms(p), mirror, e);
}

/* Both places, at once where that is allowed. Where an answer is missing nobody knows which
 * question the other one was for: both are asked again, one after the other. */
static bool ask_pair(const struct size_proof *p, struct loader *l,
                     uint8_t here[static DIGEST_MD5_BYTES], uint8_t mirror[static DIGEST_MD5_BYTES],
                     struct err *e)
{
    struct err failure = { 0 };
    bool together = loader_takes_two(l);
    if (together && ask_together(p, l, here, mirror, &failure))
        return true;
    if (together) {
        bool again = failure.code == ERR_TIMEOUT && !l->link.has_reset;
        l->careful = true;
        if (!again || !loader_find_again(l, &failure)) {
            *e = failure;
            return not_told(p->addr, e);
        }
    }
    return ask(p, l, p->addr, here, e) && ask(p, l, p->mirror_addr, mirror, e);
}

static bool same(const uint8_t *a, const uint8_t *b)
{
    return memcmp(a, b, DIGEST_MD5_BYTES) == 0;
}

static bool blank_md5(uint32_t n, uint8_t md5[static DIGEST_MD5_BYTES], struct err *e)
{
    uint8_t *blank = malloc(n);
    if (blank)
        memset(blank, 0xFF, n);
    bool ok = blank && digest_md5(blank, n, md5);
    free(blank);
    return ok || err_set(e, ERR_STATION, "Out of memory");
}

/* How large it really is: as far as `holds` shows at the mirrors of smaller sizes, too. */
static uint32_t real_bytes(const struct size_proof *p, struct loader *l,
                           const uint8_t holds[static DIGEST_MD5_BYTES])
{
    uint32_t bytes = p->claim_bytes / 2;
    struct err ignored = { 0 };
    while (bytes > SIZE_PROOF_SAFE_BYTES / 2) {
        uint8_t found[DIGEST_MD5_BYTES];
        if (!ask(p, l, p->addr ^ bytes / 2, found, &ignored) || !same(found, holds))
            break;
        bytes /= 2;
    }
    return bytes;
}

static bool refuse(const struct size_proof *p, struct loader *l,
                   const uint8_t holds[static DIGEST_MD5_BYTES], struct err *e)
{
    uint32_t bytes = real_bytes(p, l, holds);
    return err_set(e, ERR_FLASH_SIZE_FALSE,
                   "The flash is smaller than it says: of %u KB it has %u KB, for 0x%x and 0x%x "
                   "are one place in it",
                   p->claim_bytes / 1024, bytes / 1024, p->addr, p->mirror_addr);
}

static bool erase_and_ask(struct size_proof *p, struct loader *l, struct err *e)
{
    uint8_t mirror[DIGEST_MD5_BYTES];
    p->changed = true;
    if (!erase_region(l, p->addr, SIZE_PROOF_BYTES, NULL, e) ||
        !ask(p, l, p->mirror_addr, mirror, e))
        return false;
    p->open = false;
    return same(mirror, p->before) || refuse(p, l, mirror, e);
}

bool size_proof_ask(struct size_proof *p, struct loader *l, bool erase, struct err *e)
{
    uint8_t here[DIGEST_MD5_BYTES];
    if (!p->open || !can_ask(l))
        return true;
    if (!ask_pair(p, l, here, p->before, e))
        return false;
    p->open = same(here, p->before);
    return !p->open || !erase || !same(here, p->wanted) || erase_and_ask(p, l, e);
}

bool size_proof_erased(struct size_proof *p, struct err *e)
{
    return !p->open || blank_md5(p->size_bytes, p->before, e);
}

bool size_proof_written(struct size_proof *p, struct loader *l, size_t image, struct err *e)
{
    uint8_t mirror[DIGEST_MD5_BYTES];
    if (!p->open || image != p->image || !can_ask(l))
        return true;
    if (!ask(p, l, p->mirror_addr, mirror, e))
        return false;
    /* Neither the one nor the other: the wire has turned a bit of the answer. */
    if (!same(mirror, p->before) && !same(mirror, p->wanted) &&
        !ask(p, l, p->mirror_addr, mirror, e))
        return false;
    p->open = false;
    return same(mirror, p->before) || !same(mirror, p->wanted) || refuse(p, l, p->wanted, e);
}

bool size_proof_end(struct size_proof *p, struct loader *l, struct err *e)
{
    uint8_t mirror[DIGEST_MD5_BYTES];
    if (!p->open || !can_ask(l))
        return true;
    if (!ask(p, l, p->mirror_addr, mirror, e))
        return false;
    p->open = false;
    return !same(mirror, p->wanted) || refuse(p, l, p->wanted, e);
}

bool size_proof_explains(const struct plan *plan, const struct plan_variant *v,
                         uint32_t flash_bytes, struct loader *l, struct err *e)
{
    struct size_proof p;
    uint8_t here[DIGEST_MD5_BYTES], mirror[DIGEST_MD5_BYTES], blank[DIGEST_MD5_BYTES];
    struct err ignored = { 0 };
    begin(&p, plan, v, flash_bytes, true);
    if (!p.open || !can_ask(l) || !ask_pair(&p, l, here, mirror, &ignored) ||
        !blank_md5(p.size_bytes, blank, &ignored) || !same(here, mirror) || same(here, blank))
        return false;
    return !refuse(&p, l, here, e);
}

/* ---- Without a plan ---- */

#define RANGE_PIECE_BYTES (64u << 10)
#define TABLE_ADDR        0x8000u /* where the partition table lies as a rule */

/* Aims at `n` bytes at `addr`, or less: up to the middle of the claimed size. */
static void aim(struct size_proof *p, uint32_t addr, uint32_t n)
{
    uint32_t half = p->claim_bytes / 2, rest = half - addr % half;
    p->addr = addr;
    p->mirror_addr = addr ^ half;
    p->size_bytes = n < rest ? n : rest;
    if (p->size_bytes > RANGE_PIECE_BYTES)
        p->size_bytes = RANGE_PIECE_BYTES;
}

/* Where they differ they are asked for once more: an answer may have been turned on the wire. */
static bool ask_both(const struct size_proof *p, struct loader *l,
                     uint8_t here[static DIGEST_MD5_BYTES], bool *equal, struct err *e)
{
    uint8_t mirror[DIGEST_MD5_BYTES];
    *equal = false;
    for (int tries = 0; tries < 2 && !*equal; tries++) {
        if (!ask_pair(p, l, here, mirror, e))
            return false;
        *equal = same(here, mirror);
    }
    return true;
}

/* What was found: the first place that is not blank, and holds the same as its mirror. */
struct doubled {
    struct size_proof at; /* size_bytes 0: none yet */
    uint8_t holds[DIGEST_MD5_BYTES];
};

/* *differs: the two places that p aims at are not one. */
static bool look(const struct size_proof *p, struct loader *l, struct doubled *d, bool *differs,
                 struct err *e)
{
    uint8_t here[DIGEST_MD5_BYTES], blank[DIGEST_MD5_BYTES];
    bool equal;
    if (!ask_both(p, l, here, &equal, e) || !blank_md5(p->size_bytes, blank, e))
        return false;
    *differs = !equal;
    if (equal && d->at.size_bytes == 0 && !same(here, blank)) {
        d->at = *p;
        memcpy(d->holds, here, sizeof here);
    }
    return true;
}

/* What every flashed board has, and nobody puts there twice. */
static bool look_at_landmarks(struct size_proof p, struct loader *l, struct doubled *d,
                              bool *differs, struct err *e)
{
    const uint32_t at[] = { l->chip->boot_addr, TABLE_ADDR };
    for (size_t i = 0; i < sizeof at / sizeof at[0] && !*differs; i++) {
        aim(&p, at[i], SIZE_PROOF_BYTES);
        if (!look(&p, l, d, differs, e))
            return false;
    }
    return true;
}

/* Nothing was changed to see it, so this is what it looks like, and no proof. */
static bool seems_smaller(const struct size_proof *p, struct loader *l,
                          const uint8_t holds[static DIGEST_MD5_BYTES], struct err *e)
{
    return err_set(e, ERR_FLASH_SIZE_FALSE,
                   "The flash holds the same at 0x%x and 0x%x, as one does that is smaller than it "
                   "says: of %u KB it seems to have %u KB",
                   p->addr, p->mirror_addr, p->claim_bytes / 1024, real_bytes(p, l, holds) / 1024);
}

bool size_proof_range(struct loader *l, uint32_t flash_bytes, uint32_t addr, uint32_t size_bytes,
                      struct err *e)
{
    struct size_proof p = { .claim_bytes = flash_bytes };
    struct doubled d = { .at = { .size_bytes = 0 } };
    bool differs = false;
    if (flash_bytes <= SIZE_PROOF_SAFE_BYTES || !can_ask(l))
        return true;
    for (uint32_t done = 0; done < size_bytes && !differs; done += p.size_bytes) {
        aim(&p, addr + done, size_bytes - done);
        if (!look(&p, l, &d, &differs, e))
            return false;
    }
    if (!look_at_landmarks(p, l, &d, &differs, e))
        return false;
    return differs || d.at.size_bytes == 0 || seems_smaller(&d.at, l, d.holds, e);
}
