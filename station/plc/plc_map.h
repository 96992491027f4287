/*
 * The registers that a PLC sees, by their numbers on the wire: what docs/plc.md says. They are
 * holding registers (function 3), and may be read as input registers too (function 4).
 */
#ifndef STATION_PLC_MAP_H
#define STATION_PLC_MAP_H

enum {
    PLC_SLOTS_MAX = 256,
    PLC_MAP_VERSION = 1,

    /* Written by the PLC. */
    PLC_HEARTBEAT_IN = 0, /* changes all the time */

    /* Written by the station. */
    PLC_STATUS = 16,    /* bits of enum plc_station_bit */
    PLC_HEARTBEAT = 17, /* counts up twice a second */
    PLC_ECHO = 18,      /* the PLC's heartbeat, as it came */
    PLC_BOOT = 19,      /* another number after each start of the station; never 0 */
    PLC_VERSION = 20,   /* of this map */
    PLC_SLOTS = 21,     /* how many there are */
    PLC_ORDER = 22,     /* two registers, 0x12345678: shows the order of 32-bit numbers */
    PLC_PASSED = 24,    /* two registers, as all 32-bit numbers the high one first */
    PLC_FAILED = 26,
    PLC_LOT_PASSED = 28,
    PLC_LOT_QUANTITY = 30, /* 0: the lot has no limit, or there is none */

    /* One bit a slot, the first one in bit 0 of the first register: 16 registers a mask. */
    PLC_MASKS = 100,
    PLC_MASK_REGISTERS = 16, /* READY, BUSY, DONE, PASS, FAIL, ERROR in this order */

    /* Written by the PLC: two registers a slot. */
    PLC_COMMANDS = 1000,
    PLC_COMMAND_REGISTERS = 2, /* bits of enum plc_command_bit, cycle number */

    /* Written by the station: 16 registers a slot. */
    PLC_RESULTS = 2000,
    PLC_RESULT_REGISTERS = 16,

    PLC_REGISTERS = PLC_RESULTS + PLC_SLOTS_MAX * PLC_RESULT_REGISTERS,
};

enum plc_station_bit {
    PLC_STATION_READY = 1 << 0,
    PLC_STATION_BUSY = 1 << 1,       /* in some slot */
    PLC_STATION_COMM_FAULT = 1 << 6, /* the PLC's heartbeat stands still */
    PLC_STATION_LOT_FULL = 1 << 7,
    PLC_STATION_OPERATOR = 1 << 8, /* somebody is needed at some slot */
    PLC_STATION_STOPPING = 1 << 9,
};

enum plc_command_bit {
    PLC_START = 1 << 0,
    PLC_ACK = 1 << 1,
    PLC_ABORT = 1 << 2,
};

enum plc_slot_bit {
    PLC_READY = 1 << 0,
    PLC_BUSY = 1 << 1,
    PLC_DONE = 1 << 2,
    PLC_PASS = 1 << 3,
    PLC_FAIL = 1 << 4,
    PLC_ERROR = 1 << 5,
    PLC_SLOT_BITS = 6,
};

/* Inside of a slot's results. */
enum plc_result {
    PLC_RESULT_STATUS, /* enum plc_slot_bit */
    PLC_RESULT_CYCLE,  /* of the run that goes on, or whose result stands here */
    PLC_RESULT_CAUSE,  /* plc_cause.h */
    PLC_RESULT_TILE,   /* what the screens show: enum tile_state, from 0 */
    PLC_RESULT_TENTHS, /* of seconds, that the run took */
    PLC_RESULT_MAC,    /* three registers, the first byte in the high half of the first */
    PLC_RESULT_RUN = PLC_RESULT_MAC + 3, /* two registers: its number in the record */
    PLC_RESULT_BOARDS = PLC_RESULT_RUN + 2,
    PLC_RESULT_PASSES,
};

#endif
