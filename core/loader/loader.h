/*
 * The commands of the loader that runs on the chip: the one in ROM, or the flasher stub in RAM.
 *
 * One struct serves all; `kind` tells which answers, and what that has and lacks.
 * One thread at a time. All functions fail with ERR_TIMEOUT, ERR_FRAME or ERR_REFUSED (which the
 * caller turns into the code of its phase), or with what the port says.
 */
#ifndef CORE_LOADER_H
#define CORE_LOADER_H

#include "core/facts/chip.h"
#include "core/facts/loader_kind.h"
#include "core/loader/link.h"

/* Which every ROM follows, remembers whatever it listens at, and stubs start from. */
#define LOADER_SYNC_BAUD 115200u
#define LOADER_SYNC_MS   100u /* its answers come within */

#define LOADER_MD5_BYTES 16u

/* Registers that are read once for a session: see core/loader/regs.h. */
#define LOADER_FIXED_MAX 24u
struct loader_fixed {
    uint32_t addr, value;
    bool known;
};

/* What is to be asked first at the next rate. */
#define LOADER_FIRST_BYTES 24u
struct loader_first {
    uint8_t command; /* 0: whatever proves the rate */
    uint8_t data[LOADER_FIRST_BYTES];
    size_t n;
    bool answered;
};

#define LOADER_MEM_WAITING_MAX 12u

/* Registers that a ROM was asked for in front of what goes into its RAM: see loader_mem_expect. */
#define LOADER_AHEAD_MAX 4u
struct loader_ahead {
    uint32_t flash_id; /* whose protection was asked for */
    uint32_t values[LOADER_AHEAD_MAX];
    size_t count; /* that came */
    bool asked;
};

struct loader {
    struct link link;
    const struct chip *chip; /* NULL until identified */
    const struct loader_kind *kind;
    uint32_t mem_block_bytes;
    bool small_blocks;           /* no block may be larger than LOADER_USB_BLOCK_BYTES */
    bool secured;                /* Secure Download Mode: it knows no registers, no RAM, no MD5 */
    uint32_t start_pointer_addr; /* how a stub must be started on this board; 0: by MEM_END */
    struct loader_first first;   /* see loader_first_attach */
    uint32_t leave_baud;         /* set on the port just before the chip is let go; 0: as it is */
    bool careful;                /* one question at a time, whoever answers */
    bool sparing;                /* who says nothing is asked rarely: see board_connect */
    bool waits;                  /* for a download, as its boot log says; see board_connect */
    bool resets_briefly;         /* a brief pulse at EN was seen to reset it; see reset.h */
    bool noting;                 /* see regs_note */
    struct loader_fixed fixed[LOADER_FIXED_MAX];
    size_t fixed_count;
    uint8_t mem_waiting[LOADER_MEM_WAITING_MAX]; /* commands for RAM not answered yet */
    size_t mem_waiting_count, mem_waiting_bytes;
    struct loader_ahead ahead;
    uint64_t reset_us;        /* spent in reset sequences so far */
    uint32_t fast_regions;    /* begun, as the fast stub numbers them */
    uint64_t unsettled_bytes; /* of flash: acknowledged by a stub, and perhaps not yet written */
};

void loader_init(struct loader *l, struct port *port);

/* As link_move: whoever has begun to talk with a loader leaves it to another one. */
void loader_move(struct loader *to, const struct loader *from);

/* Another loader answers from now on, and has nothing to do. */
void loader_set_kind(struct loader *l, const struct loader_kind *kind);
void loader_set_rom(struct loader *l); /* the chip's own */

/* It is known which chip it is, NULL: no more. If a ROM answers, it is that chip's. */
void loader_set_chip(struct loader *l, const struct chip *chip);

/* Whether two requests may go together at all, whether they may now, and whether `command` may be
 * sent although an answer is still missing. */
bool loader_in_pairs(const struct loader *l);
bool loader_takes_two(const struct loader *l);
bool loader_may_follow(const struct loader *l, uint8_t command);

/* One SYNC and its answers, within 100 ms each. Sets `kind` when another sort of loader
 * answered than the last time. */
bool loader_sync(struct loader *l, struct err *e);

/* After an answer that did not come, for a kind that can_be_found: SYNCs, with a lone delimiter in
 * front of every second one, as a stub may take frames for gaps by now. What was asked before is
 * answered or lost then. */
bool loader_find_again(struct loader *l, struct err *e);

bool loader_read_reg(struct loader *l, uint32_t addr, uint32_t *value, struct err *e);
bool loader_write_reg(struct loader *l, uint32_t addr, uint32_t value, struct err *e);

/* The same without waiting for the answer, which may never come: what is written restarts the chip.
 */
bool loader_fire_reg(struct loader *l, uint32_t addr, uint32_t value, struct err *e);

/* Sets the bits of `set` and clears those of `clear`, reading the register first. */
bool loader_change_reg(struct loader *l, uint32_t addr, uint32_t clear, uint32_t set,
                       struct err *e);

/* An exchange without effect, and asked once only, which a stub answers once all that it has
 * acknowledged is done; or refuses with the failure of that work. */
bool loader_settle(struct loader *l, uint32_t timeout_ms, struct err *e);

/* Whether the loader knows READ_REG at all is told apart: *known is false, and the call succeeds,
 * for a chip in Secure Download Mode. */
bool loader_probe_reg(struct loader *l, uint32_t addr, uint32_t *value, bool *known, struct err *e);

struct security_info {
    uint32_t flags; /* bit 0 secure boot, bit 2 secure download mode */
    uint8_t crypt_count;
    bool has_chip_id; /* not on ESP32-S2 */
    uint32_t chip_id;
};

/* *known is false, and the call succeeds, where the loader has no such command. */
bool loader_security_info(struct loader *l, struct security_info *info, bool *known, struct err *e);

/* Whether short requests may follow one another before the first is answered: those that fit the
 * FIFO of the chip's UART. */
bool loader_keeps_up(const struct loader *l);

/* Announces `bytes` for RAM at `addr`, in blocks of l->mem_block_bytes. Answers to this and to
 * short blocks are not waited for at once: a refusal shows with a later block, or with the end. */
bool loader_mem_begin(struct loader *l, uint32_t bytes, uint32_t addr, struct err *e);
bool loader_mem_block(struct loader *l, uint32_t sequence, const uint8_t *data, size_t n,
                      struct err *e);

/* Writes a word of RAM in front of those blocks; answered like a short one. */
bool loader_mem_word(struct loader *l, uint32_t addr, uint32_t value, struct err *e);

/* An answer to `command`, of `request_bytes`, is still to come, and is waited for with those for
 * RAM: what READ_REG gives is kept in l->ahead. */
void loader_mem_expect(struct loader *l, uint8_t command, size_t request_bytes);

/* Waits for all that is waited for with RAM. */
bool loader_mem_settle(struct loader *l, struct err *e);

/* Jumps to `entry_addr`. The answer is not waited for: the code may take the UART before the ROM
 * has sent it, and what the code itself says is the better proof. */
bool loader_mem_run(struct loader *l, uint32_t entry_addr, struct err *e);

/* Ends the upload and stays in the loader. */
bool loader_mem_stay(struct loader *l, struct err *e);

/* READ_FLASH_SLOW of nothing, without waiting for the answer. */
bool loader_nudge(struct loader *l, struct err *e);

bool loader_spi_attach(struct loader *l, uint32_t pins, struct err *e);
bool loader_spi_set_params(struct loader *l, uint32_t flash_bytes, struct err *e);

/* Let the next change of rate be proved by one of these, which would be asked behind it anyway: who
 * asks it then has its answer already. */
void loader_first_attach(struct loader *l, uint32_t pins);
void loader_first_set_params(struct loader *l, uint32_t flash_bytes);

/* Asks it now; a refusal proves the rate as well. */
bool loader_ask_first(struct loader *l, uint32_t timeout_ms, struct err *e);

/* FLASH_BEGIN or, compressed, FLASH_DEFL_BEGIN. */
struct loader_begin {
    bool compressed;
    uint32_t bytes; /* what the command's first word holds */
    uint32_t blocks, block_bytes, addr;
    uint32_t timeout_ms; /* covers the erase where the loader erases before it answers */
};
bool loader_flash_begin(struct loader *l, const struct loader_begin *b, struct err *e);

/* Of no bytes, to a ROM: it attaches its flash, or ends what it was at. */
extern const struct loader_begin loader_begin_nothing;

/* The same in two steps, for a block that follows at once; asked once only. */
bool loader_flash_begin_ask(struct loader *l, const struct loader_begin *b, struct err *e);
bool loader_flash_begin_answer(struct loader *l, const struct loader_begin *b, struct err *e);

/* FLASH_END with flag 0 (restart). Only for boards whose reset line is not wired. */
bool loader_flash_end(struct loader *l, struct err *e);

/* MD5 of what the flash holds. */
bool loader_md5(struct loader *l, uint32_t addr, uint32_t bytes, uint32_t timeout_ms,
                uint8_t md5[static LOADER_MD5_BYTES], struct err *e);

/* The same in two steps, for questions that follow each other closely; asked once only. No answer
 * tells which question it is for: if one is missing, none of those before it can be trusted. */
bool loader_md5_ask(struct loader *l, uint32_t addr, uint32_t bytes, struct err *e);
bool loader_md5_answer(struct loader *l, uint32_t timeout_ms, uint8_t md5[static LOADER_MD5_BYTES],
                       struct err *e);

/* Asks the loader for `request` baud, then sets the host to `baud` and proves the new rate with an
 * exchange. ERR_BAUD when nothing answers there: the chip needs a reset then. */
bool loader_change_baud(struct loader *l, uint32_t request, uint32_t baud, struct err *e);

/* Timeout for work on `bytes` at a rate of ms per MB (1e6): never under 3 s, never over 240 s. */
uint32_t loader_timeout_ms(uint64_t bytes, uint32_t ms_per_mb);

#define LOADER_ERASE_MS_PER_MB 40000u
#define LOADER_WRITE_MS_PER_MB 40000u
#define LOADER_MD5_MS_PER_MB   8000u

#endif
