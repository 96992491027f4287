/*
 * The kinds of loaders that may run on a chip: plain data. What a loader takes and gives differs by
 * its kind and not by the chip; what differs from chip to chip is in the chip's row.
 */
#ifndef CORE_LOADER_KIND_H
#define CORE_LOADER_KIND_H

#include <stdbool.h>
#include <stdint.h>

struct loader_kind {
    const char *word;     /* in records and on screens */
    uint8_t in_flight;    /* frames that may be unanswered on a UART; see core/loader/flight.h */
    uint8_t filler_bytes; /* between two such frames */
    bool keeps_baud;      /* it runs on at the rate of the ROM, but for CHIP_STUB_SETS_BAUD */
};

/* The chip's own, in its ROM. Which of its requests may wait in the UART's FIFO is a matter of
 * core/loader/regs.h. */
extern const struct loader_kind loader_rom;

/* The flasher stub in the chip's RAM, as Espressif publishes it since 2025 (0.8 to 1.2). */
extern const struct loader_kind loader_stub;

/* One of the generation before (esptool's to 1.11), or of which nobody knows: it has two buffers,
 * but one pointer to a finished command, so of two that both end before its main loop looks one is
 * lost. */
extern const struct loader_kind loader_stub_legacy;

/* Over the chip's own USB device the bytes come another way into a stub, packet by packet, and how
 * far apart two frames must be is not proved there. */

#endif
