/* Inside core/board*.c only. */
#ifndef CORE_BOARD_PRIV_H
#define CORE_BOARD_PRIV_H

/* The low-power watchdog, the same on all chips that have it: this key opens its registers. */
#define WATCHDOG_KEY 0x50D83AA1u

#endif
