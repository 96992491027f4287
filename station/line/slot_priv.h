/* Inside station/line/slot*.c, run.c and next_board.c only. All on the slot's own thread. */
#ifndef STATION_SLOT_PRIV_H
#define STATION_SLOT_PRIV_H

#include "station/line/slot.h"

/* ---- slot.c: what a slot knows and has ---- */

const struct clock *slot_clock(const struct slot *s);
uint64_t slot_now_us(const struct slot *s);
int64_t slot_utc_ms(const struct slot *s);
const struct recipe *slot_recipe(const struct slot *s); /* of the order it has taken */

/* A stop was asked for: no new board begins. */
bool slot_is_stopping(const struct slot *s);

/* Waits; false when stopped hard meanwhile. */
bool slot_pause_ms(const struct slot *s, uint32_t ms);

/* To the event queue. `result` may be NULL. */
void slot_tell(struct slot *s, int64_t run_id, enum event_kind kind,
               const struct attempt_result *result, enum verdict verdict);
void slot_note(struct slot *s, int64_t run_id, const char *sentence);

/* What was given for the board, as a copy for unit_given_clear; and that `used` is used up, and the
 * board needs no more. */
bool slot_copy_given(struct slot *s, struct unit_given *given, struct err *e);
void slot_use_given(struct slot *s, const struct unit_given *used);

/* Its board is done, gone or has not come: no other board gets what was given. Once nothing was
 * given for so long; 0: in any case. */
#define GIVEN_MS 10000u /* so long a board may come behind its value */
void slot_drop_given(struct slot *s, uint32_t older_than_ms);

/* Waits until one more value was given than *gifts, which is brought up to date. False: none
 * came in time, or a hard stop did. */
bool slot_await_gift(struct slot *s, unsigned *gifts, struct deadline end);

/* Opens the port, if it is not open; what port_new fails with. */
bool slot_open_port(struct slot *s, uint32_t baud, struct err *e);
void slot_close_port(struct slot *s);

/* Shows why the port is not open, or cannot be used as it should; code ERR_NONE: it is fine. */
void slot_show_port(struct slot *s, const struct err *why);

/* Whether the failure says that its cable was pulled, be it between two boards. */
bool slot_is_gone(const struct slot *s, enum err_code code);

/* After a pulled cable: true once the port opens again, false when it does not in time, or after a
 * hard stop. */
bool slot_await_port(struct slot *s, int64_t run_id, uint32_t baud);

/* Whether the board is its own USB device, which goes with each reset; and opening it then. */
bool slot_is_native(const struct slot *s);
bool slot_await_native_port(struct slot *s, uint32_t baud, struct err *e);

/* How to reset the board on the open port; NULL: not at all. A sequence of the recipe's own is put
 * into *custom, which must live as long as the result. */
const struct reset_sequence *slot_choose_reset(const struct slot *s, struct reset_sequence *custom);

/* ---- slot_main.c ---- */

/* Takes the order that is current now, for the next run. Between two boards. */
void slot_take_order(struct slot *s);

/* Whether this board has passed, in whichever slot, under the order that is current; where that is
 * re-work, in this slot. The record tells, with its corrections; without one, or where it does not
 * answer, what this session has seen. */
bool slot_has_passed(struct slot *s, const struct chip_mac *mac, struct db_passed_run *passed);

/* ---- run.c ---- */

struct run_end {
    bool passed;
    bool refused;        /* the board has passed here before: that verdict stands */
    bool answered;       /* it was heard to the end */
    bool heard_boot;     /* and its application after that */
    struct chip_mac mac; /* count 0: it never said */
    struct err waits;    /* ERR_QUOTA, ERR_LEASE: there is no place, and nothing was begun */
};

/* At which rate the ROM of the next board is to be synced with, if that board runs next. */
uint32_t run_sync_baud(const struct slot *s);

/* Flashes the board in the slot, shows its verdict and records it. */
void run_board(struct slot *s, struct run_end *end);

/* The board of the earlier run sits here, and its verdict with it. */
void run_show_passed(struct slot *s, const struct chip_mac *mac,
                     const struct db_passed_run *passed);

/* ---- look.c ---- */

/* Asks who sits in the slot. A board that has told stays in its loader for the run that may follow:
 * look_let_go is due unless it does. */
enum look look_for_board(struct slot *s, struct chip_mac *mac);

/* No run has taken up the board that was looked at: it is reset into its application, unless it is
 * to be held. */
void look_let_go(struct slot *s);

/* A board that is held is let go. */
void look_release(struct slot *s);

/* ---- idle.c ---- */

/* Waits between two boards, at most so long: listens, looks at the switch, keeps the port open, and
 * tells the slot's presence. Ends early for news, for what is pressed and for a hard stop. */
void idle_wait(struct slot *s, uint32_t wait_ms);

#endif
