/*
 * Where the time of an attempt goes: TIMING(version, name, sentence), one line for each number.
 *
 * The version is that of the record in which the number came; the name becomes NAME_us in an
 * attempt, NAME_ms in the record and the exports, NAME on the screen; the sentence is for
 * docs/export.md. What an attempt measures is in TIMING, what is worked out beside it in
 * TIMING_ESTIMATE, which is TIMING for whoever does not care.
 *
 * To add one: its line at the end, with the version that is not released yet (tables.c says how to
 * begin one); the line of code that measures it; its column on the fleet's server, in that server's
 * version that is not released yet (db/fleet/fleet_schema.c); `make docs`. Struct, tables,
 * canonical form, statements, history, exports and screens come from here. The columns of the CSV
 * are a promise: tests/unit/db_export.c has them once more, by hand.
 */
#ifndef TIMING_ESTIMATE
#define TIMING_ESTIMATE TIMING
#endif

TIMING(2, reset, "resetting the board into its loader")
TIMING(2, sync, "until the loader answered")
TIMING(2, identify, "asking the chip who it is, and its flash")
TIMING(2, stub, "loading and starting the stub")
TIMING(2, baud, "changing the rate")
TIMING(2, erase, "erasing")
TIMING(2, wire, "bytes on the wire")
TIMING(2, stall, "waiting for the chip between them")
TIMING(2, md5, "the chip's MD5 of what its flash holds")
TIMING(2, leave, "leaving the loader")
TIMING(2, boot, "waiting for what the application says")
TIMING_ESTIMATE(2, floor, "an estimate: what wire and flash alone would have taken")
/* since version 3 */
TIMING(3, size, "finding out whether the flash is as large as it says")
/* since version 6 */
TIMING(6, burn, "reading, burning and proving fuses")

#undef TIMING
#undef TIMING_ESTIMATE
