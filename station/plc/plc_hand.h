/*
 * The handshake of one slot with a PLC: four phases, levels and no pulses.
 *
 *   READY -> START 1 -> BUSY -> DONE with PASS, FAIL or ERROR
 *         -> ACK 1 -> DONE 0 -> START 0, ACK 0 -> READY
 *
 * A plain value, no I/O. Whoever owns it tells what the PLC wrote and what happened in the slot,
 * and is told what to do. A start is a rising edge that was seen: START must have been written as 0
 * since the station came up, since the last run, and since the PLC's heartbeat came back; where it
 * was never written at all it is 0, once the PLC has had the time to write it. So a
 * reply that is lost, a request that comes twice, a PLC that comes up with START at 1 or a station
 * that does start nothing, and nothing twice.
 */
#ifndef STATION_PLC_HAND_H
#define STATION_PLC_HAND_H

#include "station/line/event.h"

enum { PLC_BEGIN_MS = 10000 }; /* from START to the run's row */

enum plc_phase {
    PLC_IDLE,
    PLC_STARTED, /* START was taken; the run has not begun */
    PLC_RUNNING,
    PLC_FINISHED, /* the result waits for ACK */
    PLC_CLEARED,  /* acknowledged; START and ACK must go to 0 */
};

struct plc_hand {
    enum plc_phase phase;
    bool armed;       /* START was seen at 0 */
    bool written;     /* the PLC has written a command, ever */
    bool ordered;     /* the run is the PLC's; else a person's, or the slot began by itself */
    uint16_t command; /* as it was written last */
    uint16_t cycle;   /* of the run */
    int64_t
        before_id;  /* the run that the slot showed when START came: its verdict is none of ours */
    int64_t run_id; /* 0: not known, or not recorded */
    uint64_t since_us; /* when START was taken */
    uint16_t result;   /* PLC_PASS, PLC_FAIL or PLC_ERROR; 0: none yet */
    uint16_t cause;
    uint16_t tenths;
    char mac[BOARD_MAC_TEXT_BYTES];
};

enum plc_order { PLC_NOTHING, PLC_BEGIN, PLC_STOP, PLC_SEEN };

/* What the PLC wrote into the slot's command registers. `may_start`: the heartbeat lives and the
 * station takes starts. Gives what is to be done: ACT_START, ACT_STOP, ACT_ACKNOWLEDGE. */
enum plc_order plc_hand_command(struct plc_hand *h, uint16_t command, uint16_t cycle,
                                bool may_start);

/* How PLC_BEGIN went: ERR_NONE, or why it was refused, which is the result then. `before_id` is the
 * run that the slot showed in front of it. */
void plc_hand_begun(struct plc_hand *h, enum err_code refusal, int64_t before_id, uint64_t now_us);

/* EVENT_RUN and EVENT_VERDICT of this slot; others are passed over. */
void plc_hand_event(struct plc_hand *h, const struct event *event);

/* The board in the slot has passed here before, in that run, so there is no other one: an error
 * with the cause of ERR_DUPLICATE, for whoever counts boards. */
void plc_hand_passed_before(struct plc_hand *h, int64_t run_id, const char *mac);

/* The run waits for a place in the lot: that is no error yet. */
void plc_hand_waits(struct plc_hand *h, uint64_t now_us);

/* A run that the PLC ordered and that does not begin is an error. */
void plc_hand_tick(struct plc_hand *h, uint64_t now_us);

/* The heartbeat stands still: nothing starts before START was seen at 0 again. */
void plc_hand_disarm(struct plc_hand *h);

/* The heartbeat lives for so long that a PLC which came up with START at 1 would have written it:
 * START that was never written counts as 0. */
void plc_hand_settled(struct plc_hand *h);

/* enum plc_slot_bit. `may_start`: as above, and the slot itself could begin. */
uint16_t plc_hand_status(const struct plc_hand *h, bool may_start);

#endif
