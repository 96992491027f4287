/* Inside core/board*.c only. */
#ifndef CORE_BOARD_PRIV_H
#define CORE_BOARD_PRIV_H

#include <stdbool.h>

/* The low-power watchdog, the same on all chips that have it: this key opens its registers. */
#define WATCHDOG_KEY 0x50D83AA1u

struct board;
struct err;
struct loader;

/* Reads b->keys, where secure boot is on and the chip tells. Chip, revision and security are known.
 * What regs_read_fixed fails with. */
bool board_read_keys(struct loader *l, struct board *b, struct err *e);

#endif
