/*
 * What is under way to a stub on a UART, and what may follow it before it is answered.
 *
 * A stub fills one buffer from its interrupt. The closing C0 of a frame takes that buffer away, and
 * only the main loop gives another: until then an opening C0 is ignored, and the frame behind it is
 * lost, without a word. The interrupt empties the FIFO 32 bytes at a time, so the next C0 must be
 * further away than what one call of it takes in: so many bytes go between the frames that are
 * nothing to a decoder outside of a frame. There are two buffers, so a third frame is lost whatever
 * lies between, and so is a second one while the main loop still works on what it has answered.
 *
 * Sources: esp-flasher-stub v1.1.0 (fc713a4) src/slip.c, src/transport.c, src/frame_buffer.c; and
 * its machine code as shipped (1.2.2), run at five rates and four clocks: 6000 frames by this rule,
 * none lost; without the filler, or with a third frame, each session lost some.
 *
 * Plain struct, no I/O.
 */
#ifndef CORE_FLIGHT_H
#define CORE_FLIGHT_H

#include <stdbool.h>
#include <stdint.h>

#define FLIGHT_MAX 2u

struct flight {
    uint8_t waiting[FLIGHT_MAX]; /* commands, the older first */
    unsigned count;
    uint8_t answered; /* the command that was answered last; 0: none yet */
    bool unsure;      /* an answer is missing: nobody knows what the stub does */
};

/* Nothing is under way, and the stub has nothing to do: it has just said so. */
void flight_reset(struct flight *f);

/* Whether nothing is under way or at work: then any two frames may go together, but for two blocks.
 */
bool flight_is_idle(const struct flight *f);

/* Whether a frame of this command may follow what is under way. Always, if that is nothing. */
bool flight_may_follow(const struct flight *f, uint8_t command);

void flight_sent(struct flight *f, uint8_t command);
void flight_answered(struct flight *f, uint8_t command);

/* An answer did not come. */
void flight_lost(struct flight *f);

#endif
