/*
 * A port: a byte stream to one board, with a rate and two lines where the transport has them.
 *
 * Low level: knows no packets and no chips. One thread at a time per port; different ports are free
 * of each other. Nothing here prints, and no call waits past its deadline.
 *
 * A transport is one file (core/ports/port_NAME.c) and one line in core/ports/port_list.h.
 */
#ifndef CORE_PORT_H
#define CORE_PORT_H

#include "core/base/clock.h"
#include "core/base/err.h"

#include <stddef.h>
#include <stdint.h>

struct port;

enum port_caps {
    PORT_BAUD = 1 << 0,           /* set_baud works */
    PORT_LINES = 1 << 1,          /* set_lines works */
    PORT_LINES_TOGETHER = 1 << 2, /* ...and changes both lines in one step */
    PORT_INPUTS = 1 << 3,         /* inputs works */
};

/* The lines that come in. */
enum port_input {
    PORT_CTS = 1 << 0,
    PORT_DSR = 1 << 1,
    PORT_DCD = 1 << 2,
    PORT_RI = 1 << 3,
};

enum port_line {
    PORT_DTR = 1 << 0, /* asserted: the boot strap is pulled, through the auto-reset transistors */
    PORT_RTS = 1 << 1, /* asserted: EN is pulled, the chip is in reset */
};

/* What is known to be wrong with a port. */
struct port_fault {
    char what[120];   /* half a sentence */
    const char *hint; /* a whole one: what to do */
};

/* The driver table. Every field is required unless marked optional. The callers below have already
 * checked caps and arguments; a driver only moves bytes and tells the truth about failures. */
struct port_ops {
    const char *name;    /* "serial", "rfc2217", "socket": in messages */
    const char *prefix;  /* what a port's text starts with: "rfc2217://", or "/" for a path */
    const char *form;    /* how to write such a port, with an example's words: in hints */
    bool remote;         /* reached over a network, where a connection can be dead and look alive */
    size_t struct_bytes; /* size of the driver's own struct, whose first member is struct port */
    const struct port_stream_way *stream; /* optional: of a driver upon port_stream.h */
    /* Optional. Whether the text can be a port of this kind; opens nothing. ERR_USAGE. */
    bool (*check)(const char *where, struct err *e);
    /* Opens p->where at p->baud. On failure nothing stays open. */
    bool (*open)(struct port *p, struct deadline d, struct err *e);
    /* Waits for the first byte, then takes what is there: 1..cap bytes. Returns 0 only with *e set:
     * ERR_TIMEOUT, ERR_PORT_GONE (also for end of file: a pulled adapter reads 0 bytes for ever),
     * ERR_STOPPED (stop_fd became readable). */
    size_t (*read)(struct port *p, void *buf, size_t cap, struct deadline d, struct err *e);
    /* Hands over all n bytes or fails; it need not wait until they are on the wire. */
    bool (*write)(struct port *p, const void *buf, size_t n, struct deadline d, struct err *e);
    /* Waits until all that was written is on the wire, as far as the transport can know. */
    bool (*drain)(struct port *p, struct deadline d, struct err *e);
    /* Drops what was received and not yet read. */
    bool (*discard)(struct port *p, struct err *e);
    /* Optional, PORT_BAUD. Fails when the rate that was really set is more than 3 % off. */
    bool (*set_baud)(struct port *p, uint32_t baud, struct err *e);
    /* Optional, PORT_LINES. Sets the lines in `mask` to those in `on`, together where it can. It
     * may keep that back for settle_lines. */
    bool (*set_lines)(struct port *p, unsigned mask, unsigned on, struct err *e);
    /* Optional. Waits until the lines are as set_lines wants them. */
    bool (*settle_lines)(struct port *p, struct err *e);
    /* Optional. Whether it has been seen to set the lines badly. */
    bool (*lines_fault)(const struct port *p, struct port_fault *fault);
    /* Optional, PORT_INPUTS. Which of the lines that come in are asserted now; *known: which of
     * them this port can tell at all. Waits for nothing. */
    bool (*inputs)(struct port *p, unsigned *on, unsigned *known, struct err *e);
    /* Optional. Whether what is between here and the board still lives, without a sign to the
     * board. ERR_PORT_GONE. */
    bool (*probe)(struct port *p, struct err *e);
    /* Never fails; fine on a port whose open failed; safe twice. */
    void (*close)(struct port *p);
};

/* Where a serial port hangs; all zero for ports without USB. */
struct port_usb {
    uint16_t vid;
    uint16_t pid;
    char serial[64];
};

/* First member of each driver's own struct. Read what you like; only core/port*.c writes. */
struct port {
    const struct port_ops *ops;
    const struct clock *clock;
    int stop_fd; /* readable once a stop is asked for: ends each wait with ERR_STOPPED; -1: none */
    unsigned caps;
    char where[256];
    char by_path[256]; /* the socket it hangs in, as a path that stays; "" if there is none */
    uint32_t baud;
    unsigned lines; /* the lines that are asserted now */
    struct port_usb usb;
    uint64_t rx_bytes;
    uint64_t tx_bytes;
};

#define PORT_OPEN_MS 10000u /* how long a port may take to open: a server far away, as a rule */

/* Opens `where`, of a form of one of the drivers. The port belongs to this process alone
 * afterwards. The caller owns it (port_free). `stop_fd` stays the caller's. NULL: ERR_PORT_MISSING,
 * _BUSY (naming the holder where known), _DENIED, _UNSUITABLE, ERR_STOPPED, ERR_USAGE (no transport
 * of that name). */
struct port *port_new(const char *where, uint32_t baud, const struct clock *clock, int stop_fd,
                      struct deadline d, struct err *e);

/* Closes and frees; NULL is fine. */
void port_free(struct port *p);

/* Closes it and opens it again, at the same place and rate, once it is there: a chip that is its
 * own USB device vanishes when it is reset. Tries until the deadline. On failure the port stays
 * closed, good for port_free alone, with what the last try said or ERR_STOPPED. */
bool port_reopen(struct port *p, struct deadline d, struct err *e);

/* Checked calls into the driver. Each failure names the port. */
size_t port_read(struct port *p, void *buf, size_t cap, struct deadline d, struct err *e);
bool port_write(struct port *p, const void *buf, size_t n, struct deadline d, struct err *e);
bool port_drain(struct port *p, struct deadline d, struct err *e);
bool port_discard(struct port *p, struct err *e);

/* Sets the host's rate; does nothing when it is that already. ERR_BAUD where the transport has no
 * rate or the adapter cannot make this one. */
bool port_set_baud(struct port *p, uint32_t baud, struct err *e);

/* Asserts the lines of `on` among those of `mask`, releases the others of `mask`.
 * ERR_PORT_UNSUITABLE where the transport has no lines. */
bool port_set_lines(struct port *p, unsigned mask, unsigned on, struct err *e);

/* The same in two steps. What changes without a pause in between has to reach a distant port in one
 * piece, and a pause counts from when the lines are set there. */
bool port_queue_lines(struct port *p, unsigned mask, unsigned on, struct err *e);
bool port_settle_lines(struct port *p, struct err *e);

/* Whether its lines are known to come late, or not at all; for who wonders why a reset did not do
 * what it should. */
bool port_lines_fault(const struct port *p, struct port_fault *fault);

/* ERR_PORT_UNSUITABLE where the port cannot tell any. */
bool port_inputs(struct port *p, unsigned *on, unsigned *known, struct err *e);

/* Only a network needs it; elsewhere true. */
bool port_probe(struct port *p, struct err *e);

/* From now on another descriptor ends its waits: between two boards more than a stop does. */
void port_set_stop(struct port *p, int stop_fd);

/* Waits; ERR_STOPPED when a stop was asked for meanwhile. */
bool port_sleep_ms(struct port *p, uint32_t ms, struct err *e);

/* The transport for a port's text, NULL with ERR_USAGE and the list of forms otherwise. A text that
 * passed is no secret: one with a user's name or password in it is refused and not quoted. */
const struct port_ops *port_ops_for(const char *where, struct err *e);

#endif
