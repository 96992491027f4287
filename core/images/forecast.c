#include "core/images/forecast.h"

#define BITS_PER_BYTE     10u
#define SECTORS_PER_BLOCK 16u
#define ERASE_BLOCK_US    150000u
#define ERASE_SECTOR_US   45000u
#define PAGE_BYTES        256u
#define PROGRAM_PAGE_US   860u
#define MD5_BYTES_PER_S   1500000u

uint64_t forecast_wire_us(uint64_t bytes, uint32_t baud)
{
    return baud ? bytes * BITS_PER_BYTE * 1000000 / baud : 0;
}

uint64_t forecast_program_us(uint32_t bytes)
{
    return ((uint64_t)bytes + PAGE_BYTES - 1) / PAGE_BYTES * PROGRAM_PAGE_US;
}

uint64_t forecast_flash_us(uint32_t addr, uint32_t bytes)
{
    uint64_t first = addr / PLAN_SECTOR_BYTES;
    uint64_t end = ((uint64_t)addr + bytes + PLAN_SECTOR_BYTES - 1) / PLAN_SECTOR_BYTES;
    uint64_t first_block = (first + SECTORS_PER_BLOCK - 1) / SECTORS_PER_BLOCK;
    uint64_t end_block = end / SECTORS_PER_BLOCK;
    uint64_t blocks = end_block > first_block ? end_block - first_block : 0;
    uint64_t sectors = end - first - blocks * SECTORS_PER_BLOCK;
    return blocks * ERASE_BLOCK_US + sectors * ERASE_SECTOR_US + forecast_program_us(bytes);
}

uint64_t forecast_md5_us(uint64_t bytes)
{
    return bytes * 1000000 / MD5_BYTES_PER_S;
}

uint64_t forecast_write_us(const struct plan_region *r, const struct plan_frames *f, uint32_t baud)
{
    uint64_t wire_us = forecast_wire_us(plan_frames_wire_bytes(f), baud);
    uint64_t flash_us = forecast_flash_us(r->addr, r->size_bytes);
    return wire_us > flash_us ? wire_us : flash_us;
}

bool forecast_pieces_pay(const struct plan_region *r, const struct plan_frames *f, uint32_t baud)
{
    bool several = r->addr / PLAN_PIECE_BYTES != (r->addr + r->size_bytes - 1) / PLAN_PIECE_BYTES;
    return several && baud != 0 &&
           forecast_wire_us(plan_frames_wire_bytes(f), baud) <= forecast_program_us(r->size_bytes);
}
