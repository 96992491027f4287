/*
 * What the tools for an engineer's hand share (identify, read, erase, monitor): one way to get to a
 * board, and to leave it; one way to work on many ports at once.
 *
 * Design. hands_run has a crew with a thread for each port, and the main thread waits for them and
 * for a wish to stop. That makes a descriptor readable that every wait of every port looks at: each
 * tool stops at its next read, and resets its board. The threads share nothing but standard output,
 * which takes whole lines. What came of each port is shown in the order of the slots, each as soon
 * as those before it are.
 */
#ifndef STATION_HAND_H
#define STATION_HAND_H

#include "core/board/board.h"
#include "core/loader/stub.h"
#include "station/cli/cmd.h"
#include "station/slots/slot_choice.h"

#include <stdio.h>

/* One port of a tool. Plain value, lent to the tool's work. */
struct hand_slot {
    int number;       /* counts from 1, in the order of the station file or of the ports given */
    const char *name; /* in the station file; NULL: no station file */
    size_t of;        /* how many there are */
    const char *where;
    int stop_fd;
    FILE *result; /* takes the lines that tell what came of it, whole ones */
};

/* A board in its loader. */
struct hand {
    struct port *port;
    struct loader *loader;
    struct board board;
    bool resets; /* the tool resets the board, in the beginning and at the end */
};

/* Opens the port, brings the board into its loader by one reset strategy after the other, and asks
 * who it is. `reset` as in a recipe's port.reset. Afterwards hand_close, also after a failure. */
bool hand_open(struct hand *h, const struct hand_slot *slot, const char *reset, struct err *e);

/* Starts the chip's stub where there is one and it may run, then changes to `baud` (0: stays) and
 * tells the loader how large the flash is. */
bool hand_start(struct hand *h, const struct stub_set *stubs, uint32_t baud, struct err *e);

/* Resets the board out of its loader, also after a stop, and closes the port. With reset "none"
 * that is left to whoever has put it there. */
void hand_close(struct hand *h);

/* What a tool does on one port, on that port's thread. */
struct hand_tool {
    bool (*work)(const struct hand_slot *slot, void *ctx, struct err *e);
    void *ctx; /* shared by all threads */
    bool live; /* goes on until it is stopped: what fails is told at once, and not by slot */
};

/* Runs the tool on all ports at once and says on standard error what failed. EXIT_BOARD when
 * anything did, also for a stop. */
enum exit_status hands_run(const struct slot_choice *choice, const struct hand_tool *tool);

/* What a line about a port begins with: "slot 2 (A2) /dev/ttyUSB1: "; without a station file
 * nameless, and without the slot if there is only one. */
void hand_line_head(const struct hand_slot *slot, char *text, size_t cap);

/* Prints one line about a port, now. */
void hand_say(const struct hand_slot *slot, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* The same as its result, when its turn comes. */
void hand_result(const struct hand_slot *slot, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* How far it is: on a terminal with one port as a line that changes, else a line at each quarter.
 * Zero it before the first call; `done` never runs backwards. */
struct hand_progress {
    unsigned quarters;
    uint64_t started_us;
};
void hand_tell_progress(struct hand_progress *p, const struct hand_slot *slot, const char *what,
                        uint64_t done, uint64_t total);

/* Reads the value of an option: digits or 0x, where bytes are counted with K, M, KB or MB behind.
 * ERR_USAGE, naming the option. */
bool hand_parse_bytes(const char *option, const char *text, uint32_t *bytes, struct err *e);
bool hand_parse_baud(const char *text, uint32_t *baud, struct err *e);

/* Whether --reset names a strategy or is a sequence. ERR_USAGE. */
bool hand_check_reset(const char *text, struct err *e);

#endif
