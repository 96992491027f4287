#include "core/facts/loader_kind.h"

/* 31 bytes behind a closing C0 in one batch of the FIFO, and what arrives while the interrupt works
 * it off: less than 32, or the chip could not keep up with the line at all. */
#define STUB_FILLER_BYTES 64

const struct loader_kind loader_rom = { .word = "rom", .in_flight = 1 };

const struct loader_kind loader_stub = {
    .word = "stub",
    .in_flight = 2,
    .filler_bytes = STUB_FILLER_BYTES,
    .keeps_baud = true,
};

const struct loader_kind loader_stub_legacy = { .word = "stub", .in_flight = 1 };
