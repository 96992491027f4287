/*
 * Registers of the chip, many at a time.
 *
 * One exchange takes as long as the wire's latency whatever it carries, so what can be known
 * beforehand travels together. WRITE_REG takes any number of entries on every ROM and stub.
 * READ_REG takes one, but a ROM works off requests one after the other as they come in, as long as
 * those that wait fit its UART's FIFO (as its answers to several SYNCs in a row show) and come no
 * faster than loader_keeps_up has it. A stub is asked one by one; so is every chip while the
 * loader is `careful`.
 *
 * Functions fail as those of core/loader/loader.h do. One thread at a time.
 */
#ifndef CORE_REGS_H
#define CORE_REGS_H

#include "core/loader/loader.h"

#define REGS_WRITES_MAX 32u

/* One entry of WRITE_REG: value AND mask, where the mask is not all ones into what is there. */
struct reg_write {
    uint32_t addr, value, mask, delay_us; /* the delay may come before or after the write */
};

struct reg_script {
    struct reg_write rows[REGS_WRITES_MAX];
    size_t count; /* beyond REGS_WRITES_MAX nothing is kept, and running the script fails */
};

/* Adds a write of a whole word. */
void regs_put(struct reg_script *s, uint32_t addr, uint32_t value);

/* Adds a pause; `addr` is a register that may be written with what it holds. */
void regs_put_pause(struct reg_script *s, uint32_t addr, uint32_t delay_us);

/* A script, and what is read behind it. An empty script is not sent. */
struct reg_ask {
    const struct reg_script *script;
    const uint32_t *addrs;
    uint32_t *values;
    size_t count; /* at most 8 */
};

/* Carries out each script as one command and reads its registers, in this order; at most two asks,
 * whose scripts pause for no more than a few milliseconds. */
bool regs_run(struct loader *l, const struct reg_ask *asks, size_t count, struct err *e);

/* Sends asks to a ROM, and leaves their answers to be waited for with those to what follows for its
 * RAM (loader_mem_expect): as many registers as l->ahead holds. *sent is false, and nothing
 * happens, where each answer has to be waited for. */
bool regs_run_ahead(struct loader *l, const struct reg_ask *asks, size_t count, bool *sent,
                    struct err *e);

/* ---- Registers that stay as they are ----
 *
 * Fuses and the ROM's own measures are read once for a session. Who knows all that will be wanted
 * runs its readers twice: after regs_note they only say what they ask for and get zeros, regs_fetch
 * asks the chip for it, and then they get the values. */

/* The value, from the session's notes or from the chip. */
bool regs_read_fixed(struct loader *l, uint32_t addr, uint32_t *value, struct err *e);

void regs_note(struct loader *l);
bool regs_fetch(struct loader *l, struct err *e);

/* The chip's crystal. Told by the chip's row or by the divider with which the loader listens to us.
 * 0: the divider makes no sense. */
bool regs_crystal_mhz(struct loader *l, uint32_t *mhz, struct err *e);

/* After a change of rate: the divider is another one. */
void regs_forget_divider(struct loader *l);

/* For a chip that was reset, or another one. */
void regs_forget(struct loader *l);

#endif
