/* The flash chip behind the chip's controller: its id, its size. Works with ROM and stub alike. */
#ifndef CORE_SPIFLASH_H
#define CORE_SPIFLASH_H

#include "core/loader.h"

struct spiflash {
    uint32_t id;         /* RDID: manufacturer in bits 7:0, type 15:8, capacity 23:16 */
    uint32_t size_bytes; /* 0: the capacity byte is in no table */
};

/* Runs one command of the flash chip: `out_bits` (at most 32) of `out` go to it, `in_bits` (at most
 * 32) come back. */
bool spiflash_command(struct loader *l, uint8_t command, uint32_t out, unsigned out_bits,
                      unsigned in_bits, uint32_t *in, struct err *e);

/* Reads the id; attached flash needed. ERR_NO_FLASH for 000000 and FFFFFF. */
bool spiflash_identify(struct loader *l, struct spiflash *flash, struct err *e);

/* Size by id, 0 if unknown. Pure. */
uint32_t spiflash_size_bytes(uint32_t id);

/* Name of the manufacturer, NULL if unknown. Pure. */
const char *spiflash_vendor(uint32_t id);

#endif
