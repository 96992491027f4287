/*
 * How long the parts of an attempt take at the least, from what data sheets call typical: for
 * forecasts before, and to judge an attempt by afterwards. Pure; microseconds throughout.
 */
#ifndef CORE_FORECAST_H
#define CORE_FORECAST_H

#include "core/images/plan.h"

/* Resets, SYNC, identity and rate: about the same on every board. */
#define FORECAST_OVERHEAD_US 600000u

/* Bytes on the wire at that rate, eight data bits, one start and one stop bit. */
uint64_t forecast_wire_us(uint64_t bytes, uint32_t baud);

/* To erase and program what lies there, by blocks of 64 KiB where they are whole. */
uint64_t forecast_flash_us(uint32_t addr, uint32_t bytes);

/* The chip's MD5 over so much flash. */
uint64_t forecast_md5_us(uint64_t bytes);

/* To program it alone. */
uint64_t forecast_program_us(uint32_t bytes);

/* Whether a region that a stub could write as one is written sooner in its pieces of 64 KiB, each
 * with a BEGIN of its own. A stub erases one block ahead whenever it takes up data, so it has
 * erased all of a region when half of it is written. While it erases, what its two buffers do not
 * hold of the next window can follow; while it only programs, it waits for that. Pieces keep it
 * from running ahead. It pays where the wire is quicker than programming, found on a model of the
 * stub for images of any density; at a lower rate the wire would wait for the end of each piece. */
bool forecast_pieces_pay(const struct plan_region *r, const struct plan_frames *f, uint32_t baud);

/* To write a region: erase and program go on while the next bytes arrive, so the slower of the two
 * counts. `f` is one of the region's frames. */
uint64_t forecast_write_us(const struct plan_region *r, const struct plan_frames *f, uint32_t baud);

#endif
