/* The flash chip behind the chip's controller: its id, its size. Works with ROM and stub alike. */
#ifndef CORE_SPIFLASH_H
#define CORE_SPIFLASH_H

#include "core/loader/loader.h"

struct spiflash {
    uint32_t id;         /* RDID: manufacturer in bits 7:0, type 15:8, capacity 23:16 */
    uint32_t size_bytes; /* 0: the capacity byte is in no table */
};

/* Runs one command of the flash chip: `out_bits` (at most 32) of `out` go to it, `in_bits` (at most
 * 32) come back. */
bool spiflash_command(struct loader *l, uint8_t command, uint32_t out, unsigned out_bits,
                      unsigned in_bits, uint32_t *in, struct err *e);

/* A command with all phases a flash chip knows; a count of 0 leaves the phase out. */
struct spiflash_call {
    uint8_t command;
    uint32_t addr;
    unsigned addr_bits, dummy_bits;
    uint32_t out;
    unsigned out_bits, in_bits; /* at most 32 */
};
bool spiflash_run(struct loader *l, const struct spiflash_call *call, uint32_t *in, struct err *e);

/* Sends the flash chip its own reset, for an application may have left it in any mode, and reads
 * its id; attached flash needed. ERR_NO_FLASH for 000000 and FFFFFF. */
bool spiflash_identify(struct loader *l, struct spiflash *flash, struct err *e);

/* Between regs_note and regs_fetch: the registers that every command saves. */
void spiflash_note(struct loader *l);

/* Whether the id is one that a flash in good order gives. If not, spiflash_wake may help. Pure. */
bool spiflash_id_is_sound(uint32_t id);

/* Parts of XMC can come up half asleep: they answer, but with a wrong id. Wakes such a part; *woken
 * tells whether it was one. */
bool spiflash_wake(struct loader *l, bool *woken, struct err *e);

/* Whether that id, read after a wake, says that the part is up now. Pure. */
bool spiflash_is_awake(uint32_t id);

/* Whether the flash tells its parameters (SFDP): it is there, whatever its id says. */
bool spiflash_has_parameters(struct loader *l, bool *has, struct err *e);

/* Clears the bits that protect sectors against erase and program, if any are set, for good: boards
 * come with them from other firmware, and a loader that writes over them says nothing. Changes no
 * data. ERR_PROTECTED when they stay. */
bool spiflash_unprotect(struct loader *l, uint32_t id, struct err *e);

/* The same in two halves, for a ROM that is sent a stub next: asked before that, and judged (where
 * it was asked) when the answers have come with those for the RAM. *asked is false, and nothing
 * happens, where each answer has to be waited for. */
bool spiflash_ask_protection(struct loader *l, uint32_t id, bool *asked, struct err *e);
bool spiflash_unprotect_asked(struct loader *l, struct err *e);

/* Size by id, 0 if unknown. Pure. */
uint32_t spiflash_size_bytes(uint32_t id);

/* Name of the manufacturer, NULL if unknown. Pure. */
const char *spiflash_vendor(uint32_t id);

#endif
