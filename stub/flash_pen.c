#include "stub/flash_pen.h"

enum {
    PROGRAM = 0x02,
    READ = 0x03,
    READ_STATUS = 0x05,
    WRITE_ENABLE = 0x06,
    ERASE_SECTOR = 0x20,
    ERASE_BLOCK = 0xD8,
    STATUS_BUSY = 1,
};

#define BLANK UINT32_MAX

bool pen_reaches(const struct flash_pen *p, uint32_t addr, uint32_t bytes)
{
    uint32_t end = p->flash_bytes < PEN_REACH_BYTES ? p->flash_bytes : PEN_REACH_BYTES;
    return addr <= end && bytes <= end - addr;
}

void pen_open(struct flash_pen *p, uint32_t addr, uint32_t bytes)
{
    p->addr = addr;
    p->bytes = bytes;
    p->ready = p->done = 0;
    p->erased_end = addr;
    p->unit = 0;
}

void pen_close(struct flash_pen *p)
{
    p->bytes = p->ready = p->done = p->unit = 0;
}

bool pen_is_free(struct flash_pen *p)
{
    const struct hal_exchange ask = { .command = READ_STATUS, .in_bytes = 1 };
    uint32_t status;
    if (!p->busy)
        return true;
    hal_begin(&ask);
    hal_end(&status, 1);
    p->busy = status & STATUS_BUSY;
    return !p->busy;
}

static void enable(void)
{
    const struct hal_exchange x = { .command = WRITE_ENABLE };
    hal_begin(&x);
}

uint32_t pen_unit(uint32_t addr, uint32_t end)
{
    bool fits = addr % PEN_BLOCK_BYTES == 0 && addr <= end && end - addr >= PEN_BLOCK_BYTES;
    return fits ? PEN_BLOCK_BYTES : PEN_SECTOR_BYTES;
}

void pen_erase(struct flash_pen *p, uint32_t addr, uint32_t unit)
{
    const struct hal_exchange x = { .command = unit == PEN_BLOCK_BYTES ? ERASE_BLOCK : ERASE_SECTOR,
                                    .has_addr = true,
                                    .addr = addr };
    enable();
    hal_begin(&x);
    p->busy = true;
}

void pen_read_begin(uint32_t addr, uint32_t n)
{
    const struct hal_exchange x = {
        .command = READ, .has_addr = true, .addr = addr, .in_bytes = n
    };
    hal_begin(&x);
}

void pen_read(uint32_t addr, uint32_t n, uint32_t *words)
{
    pen_read_begin(addr, n);
    hal_end(words, n);
}

static bool is_blank(const uint32_t *words, uint32_t bytes)
{
    for (uint32_t i = 0; i < bytes / 4; i++) {
        if (words[i] != BLANK)
            return false;
    }
    return true;
}

/* Up to the end of its last sector. */
static uint32_t region_end(const struct flash_pen *p)
{
    return (p->addr + p->bytes + PEN_SECTOR_BYTES - 1) / PEN_SECTOR_BYTES * PEN_SECTOR_BYTES;
}

static void end_unit(struct flash_pen *p)
{
    p->erased_end += p->unit;
    p->unit = 0;
}

/* One more chunk of the unit: the first one that is not blank has it erased. */
static void look_at_unit(struct flash_pen *p)
{
    pen_read(p->erased_end + p->unit_at, PEN_CHUNK_BYTES, p->words);
    p->unit_at += PEN_CHUNK_BYTES;
    if (!is_blank(p->words, PEN_CHUNK_BYTES)) {
        pen_erase(p, p->erased_end, p->unit);
        end_unit(p);
    } else if (p->unit_at == p->unit) {
        end_unit(p);
    }
}

static void begin_unit(struct flash_pen *p)
{
    p->unit = pen_unit(p->erased_end, region_end(p));
    p->unit_at = 0;
    look_at_unit(p);
}

/* Bytes that can be programmed now, up to the next boundary of a chunk; the last ones of a region
 * are fewer. */
static uint32_t next_bytes(const struct flash_pen *p)
{
    uint32_t left = p->bytes - p->done;
    uint32_t n = PEN_CHUNK_BYTES - (p->addr + p->done) % PEN_CHUNK_BYTES;
    if (n > left)
        n = left;
    return p->ready - p->done >= n ? n : 0;
}

static void program(struct flash_pen *p, uint32_t n)
{
    const uint32_t *from = p->ring + (p->done & (p->ring_bytes - 1)) / 4;
    const struct hal_exchange x = {
        .command = PROGRAM, .has_addr = true, .addr = p->addr + p->done, .out_bytes = n, .out = from
    };
    p->done += n;
    if (is_blank(from, n))
        return;
    enable();
    hal_begin(&x);
    p->busy = true;
}

void pen_step(struct flash_pen *p)
{
    if (p->bytes == 0 || !pen_is_free(p))
        return;
    uint32_t n = next_bytes(p);
    if (p->unit != 0)
        look_at_unit(p);
    else if (n > 0 && p->addr + p->done < p->erased_end)
        program(p, n);
    else if (p->erased_end < region_end(p))
        begin_unit(p);
}
