/*
 * Telnet, as far as RFC 2217 needs it (RFC 854, 855, 1143).
 *
 * Pure: bytes in, bytes and events out; no descriptor, no clock, no memory to free. The state is a
 * plain value and does not depend on how the stream is cut: any split gives the same data and the
 * same events.
 */
#ifndef CORE_TELNET_H
#define CORE_TELNET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum telnet_byte {
    TELNET_SE = 240,
    TELNET_SB = 250,
    TELNET_WILL = 251,
    TELNET_WONT = 252,
    TELNET_DO = 253,
    TELNET_DONT = 254,
    TELNET_IAC = 255,
};

enum telnet_option {
    TELNET_BINARY = 0,
    TELNET_SGA = 3, /* suppress go-ahead: both directions at once */
    TELNET_COM_PORT = 44,
};

/* Longest subnegotiation kept; RFC 2217 needs 5 bytes, but a server may send its signature. */
#define TELNET_SUB_BYTES 64

struct telnet_event {
    enum {
        TELNET_NOTHING,
        TELNET_VERB, /* `verb` is WILL, WONT, DO or DONT, about `option` */
        TELNET_SUB,  /* a subnegotiation of `option` is complete: see `sub` */
    } kind;
    uint8_t verb;
    uint8_t option;
};

struct telnet {
    enum telnet_state {
        TELNET_DATA,
        TELNET_COMMAND,    /* behind IAC */
        TELNET_OPTION,     /* behind a verb */
        TELNET_SUB_OPTION, /* behind IAC SB */
        TELNET_SUB_DATA,
        TELNET_SUB_COMMAND, /* behind an IAC inside a subnegotiation */
    } state;
    uint8_t verb;
    uint8_t sub_option;
    uint8_t sub[TELNET_SUB_BYTES]; /* of the subnegotiation; valid until the next call */
    size_t sub_bytes;              /* how many of them; what was longer has been cut */
    uint8_t agreed[2][256];        /* what was said about each option: see telnet.c */
};

enum telnet_side { TELNET_US, TELNET_PEER };

/* The start of a connection: plain data, nothing agreed. */
void telnet_init(struct telnet *t);

/* Takes bytes of `in` until an event or the end of input, whichever comes first, and gives how many
 * it took. The data among them go to `out`, which has room for n bytes and may be `in` itself;
 * *out_bytes is how many. ev->kind is TELNET_NOTHING when the input ended first. */
size_t telnet_decode(struct telnet *t, const uint8_t *in, size_t n, uint8_t *out, size_t *out_bytes,
                     struct telnet_event *ev);

/* Doubles each IAC. Takes bytes until the input ends or `out` is full, gives how many it took, and
 * in *out_bytes how many came out. An IAC and its double are never parted. */
size_t telnet_escape(const uint8_t *in, size_t n, uint8_t *out, size_t cap, size_t *out_bytes);

/* Makes our own request: that we (TELNET_US) or the peer (TELNET_PEER) use `option`. */
void telnet_offer(struct telnet *t, enum telnet_side side, uint8_t option, uint8_t request[3]);

/* Takes note of a TELNET_VERB event and makes the reply, if one is due. Options other than those
 * above are refused. Each option gets at most one yes and one no a side, so that two stubborn ends
 * cannot keep each other busy for ever. */
bool telnet_answer(struct telnet *t, const struct telnet_event *ev, uint8_t reply[3]);

/* Whether the option is in use on that side, and whether it was refused. */
bool telnet_is_on(const struct telnet *t, enum telnet_side side, uint8_t option);
bool telnet_is_refused(const struct telnet *t, enum telnet_side side, uint8_t option);

#endif
