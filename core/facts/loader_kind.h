/*
 * The kinds of loaders that may run on a chip. What a loader takes, gives and lacks differs by its
 * kind, and nobody asks for more than a field or a hook of its row: a further kind is a file
 * core/loader/kind_NAME.c with its row, and a line below. Which ROM a chip has, its own row says;
 * which stub a file holds, core/loader/stub.c.
 */
#ifndef CORE_LOADER_KIND_H
#define CORE_LOADER_KIND_H

#include "core/base/err.h"

#include <stddef.h>
#include <stdint.h>

struct loader;
struct packet_dialect;

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
    FRAMES_FAST,       /* for the fast stub, which takes them in any order; only where asked for */
    FRAMES_COUNT
};

struct loader_kind {
    const char *word; /* in records and on screens */
    bool is_stub;     /* code in RAM, which a ROM has started; recipes ask for it or forbid it */
    const struct packet_dialect *dialect;

    /* What it has. */
    bool changes_baud;   /* CHANGE_BAUDRATE; without, the rate of the first SYNC is all there is */
    bool has_md5;        /* SPI_FLASH_MD5; without, nobody can prove what was written */
    bool has_set_params; /* SPI_SET_PARAMS; without, it finds out the flash's size, or needs none */
    bool has_chip_info;  /* GET_SECURITY_INFO as the chip's ROM has it, if that has it */
    bool erases_exactly; /* what it is told, and no more */
    bool restarts_chip;  /* at FLASH_END */
    bool stops_watchdogs;  /* by itself, as it starts */
    bool can_be_found;     /* by SYNC, when an answer is missing; then it may be asked again */
    bool fills_sync_value; /* of its answers to SYNC */
    bool sets_baud; /* at its start to what the ROM remembers, on chips of CHIP_STUB_SETS_BAUD */
    const char *greeting; /* of a stub: how its first frame begins, and how long that is */
    uint8_t greeting_compare_bytes, greeting_bytes;

    /* What it takes. */
    enum loader_frames frames, frames_over_otg;
    uint8_t begin_words;  /* of FLASH_BEGIN: ROMs since the ESP32-S2's want one that says whether to
                           * encrypt, the others refuse it */
    uint8_t attach_words; /* of SPI_ATTACH; others are refused */
    bool is_told_baud;    /* CHANGE_BAUDRATE holds the present rate too */
    bool keeps_baud;      /* it runs on at the rate of the ROM, but for CHIP_STUB_SETS_BAUD */
    uint32_t max_baud;    /* up to which its code was seen to lose nothing of what it is sent */

    /* What may be under way. */
    uint8_t in_flight;       /* frames that may be unanswered on a UART; see core/loader/flight.h */
    uint8_t filler_bytes;    /* between two such frames */
    uint32_t queue_max_baud; /* up to which short requests may wait in its UART's FIFO, and it works
                              * them off one after the other; 0: never */

    /* When it answers, and how. */
    bool answers_early;         /* before a block is written: a failure is the next answer */
    uint8_t late_failure;       /* its status then */
    uint8_t block_refused;      /* status of a block of which nothing was taken; 0: none says so */
    uint32_t erase_ahead_bytes; /* and behind BEGIN, and behind a block */
    bool md5_is_raw;            /* 16 bytes instead of 32 hexadecimal digits */
    uint16_t baud_settle_ms;    /* from a change of rate to the first question */
    bool takes_window; /* blocks in any order, within a window; see core/flash/fast_write.h */
    bool loses_phase;  /* noise may make it take gaps for frames: it is not asked again */
    uint32_t read_chunk_bytes; /* of flash: what is worth one proof */

    /* Hooks, all required. They fail as the functions of core/loader/loader.h do. */

    /* Makes the flash answer; `pins` is the word of SPI_ATTACH, 0 for the chip's usual ones. */
    bool (*attach)(struct loader *l, uint32_t pins, struct err *e);
    /* What to ask for in CHANGE_BAUDRATE so that it really runs at `baud`. */
    bool (*baud_request)(struct loader *l, uint32_t baud, uint32_t *request, struct err *e);
    /* What the first word of BEGIN holds, so that it erases all of a region. */
    uint32_t (*begin_bytes)(uint32_t addr, uint32_t size_bytes);
    /* Erases, and comes back when that is done. */
    bool (*erase)(struct loader *l, uint32_t addr, uint32_t bytes, uint32_t timeout_ms,
                  struct err *e);
    bool (*erase_all)(struct loader *l, uint32_t flash_bytes, uint32_t timeout_ms, struct err *e);
    /* Reads at most read_chunk_bytes of flash, proved on the way; where has_md5. */
    bool (*read)(struct loader *l, uint32_t addr, uint8_t *bytes, uint32_t n, struct err *e);
    /* After a `read` that failed on the wire: makes it listen again. */
    bool (*end_read)(struct loader *l, struct err *e);
};

/* Of the ESP32, and of a chip of which nobody knows yet which it is. */
extern const struct loader_kind loader_rom;
/* Of all chips since. */
extern const struct loader_kind loader_rom_s2;
extern const struct loader_kind loader_rom_esp8266;

/* The flasher stub in the chip's RAM, as Espressif publishes it since 2025 (0.8 to 1.2). */
extern const struct loader_kind loader_stub;

/* One of the generation before (esptool's to 1.11), or of which nobody knows: it has two buffers,
 * but one pointer to a finished command, so of two that both end before its main loop looks one is
 * lost. */
extern const struct loader_kind loader_stub_legacy;

/* The project's own, which takes blocks ahead of what it writes; see docs/fast-stub.md. */
extern const struct loader_kind loader_fast;

#endif
