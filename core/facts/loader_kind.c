#include "core/facts/loader_kind.h"

/* 31 bytes behind a closing C0 in one batch of the FIFO, and what arrives while the interrupt works
 * it off: less than 32, or the chip could not keep up with the line at all. */
#define STUB_FILLER_BYTES 64

const struct loader_kind loader_rom = {
    .word = "rom",
    .in_rom = true,
    .frames = FRAMES_ROM,
    .frames_over_otg = FRAMES_ROM,
    .attach_words = 2,
    .in_flight = 1,
    .baud_settle_ms = 10,
    .read_chunk_bytes = 32u << 10,
};

/* What both generations of stubs have in common. The new rate is theirs 10 ms after they have
 * answered (sim_stub.c names the sources); from then on it is the adapter's noise that is waited
 * for, as long as esp-serial-flasher 2.0.0 does (src/esp_loader.c). */
#define A_STUB                                                                                     \
    .word = "stub", .frames = FRAMES_STUB, .frames_over_otg = FRAMES_STUB_SMALL,                   \
    .attach_words = 1, .erases = true, .is_told_baud = true, .answers_early = true,                \
    .erase_ahead_bytes = 128u << 10, .md5_is_raw = true, .baud_settle_ms = 25,                     \
    .loses_phase = true, .read_chunk_bytes = 64u << 10

const struct loader_kind loader_stub = {
    A_STUB,
    .in_flight = 2,
    .filler_bytes = STUB_FILLER_BYTES,
    .keeps_baud = true,
};

const struct loader_kind loader_stub_legacy = { A_STUB, .in_flight = 1 };
