/*
 * The kinds of loaders that may run on a chip: plain data. What a loader takes and gives differs by
 * its kind and not by the chip; what differs from chip to chip, also between ROMs, is in the chip's
 * row. A new kind is a row here, and code only where it does something that none did before.
 */
#ifndef CORE_LOADER_KIND_H
#define CORE_LOADER_KIND_H

#include <stdbool.h>
#include <stdint.h>

/* Block sizes the loaders take. A ROM acknowledges larger blocks and writes them wrong. */
#define LOADER_ROM_BLOCK_BYTES  0x400u
#define LOADER_STUB_BLOCK_BYTES 0x4000u
#define LOADER_MEM_BLOCK_BYTES  0x1800u
#define LOADER_USB_BLOCK_BYTES  0x800u /* of any kind, to the USB device that the chip plays */

/* The forms in which a plan has its images ready. */
enum loader_frames {
    FRAMES_ROM,        /* raw, in blocks of a ROM */
    FRAMES_STUB,       /* compressed where that is shorter, in blocks of a stub */
    FRAMES_STUB_SMALL, /* the same for the chip's own USB device; only where a chip has one */
    FRAMES_COUNT
};

struct loader_kind {
    const char *word; /* in records and on screens */
    bool in_rom;      /* the chip's own: what the chip's row says of its ROM holds */

    /* What it takes. */
    enum loader_frames frames, frames_over_otg;
    uint8_t attach_words; /* of SPI_ATTACH; others are refused */
    bool erases;          /* it has commands for that; a ROM erases what a BEGIN announces */
    bool is_told_baud;    /* CHANGE_BAUDRATE holds the present rate too */
    bool keeps_baud;      /* it runs on at the rate of the ROM, but for CHIP_STUB_SETS_BAUD */

    /* What may be under way. */
    uint8_t in_flight;    /* frames that may be unanswered on a UART; see core/loader/flight.h */
    uint8_t filler_bytes; /* between two such frames */

    /* When it answers, and how. */
    bool answers_early;         /* before a block is written: a failure is the next answer */
    uint32_t erase_ahead_bytes; /* and behind BEGIN, and behind a block */
    bool md5_is_raw;            /* 16 bytes instead of 32 hexadecimal digits */
    uint16_t baud_settle_ms;    /* from a change of rate to the first question */
    bool loses_phase;           /* noise may make it take gaps for frames: it is not asked again */
    uint32_t read_chunk_bytes;  /* of flash: what is worth one proof */
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

#endif
