/* Inside core/rfc2217*.c and core/ports/port_rfc2217.c only: a session with an RFC 2217 server. */
#ifndef CORE_RFC2217_PRIV_H
#define CORE_RFC2217_PRIV_H

#include "core/ports/port_net.h"
#include "core/ports/telnet.h"

/* Client to server; the server's own have ANSWER added (RFC 2217, section 3). */
enum comport {
    SET_BAUDRATE = 1,
    SET_DATASIZE = 2,
    SET_PARITY = 3,
    SET_STOPSIZE = 4,
    SET_CONTROL = 5,
    FLOW_SUSPEND = 8,
    FLOW_RESUME = 9,
    NOTIFY_MODEMSTATE = 7,
    SET_MODEMSTATE_MASK = 11,
    PURGE_DATA = 12,
    ANSWER = 100,
};

enum comport_value {
    PARITY_NONE = 1,
    CONTROL_NO_FLOW = 1,
    CONTROL_DTR_ASK = 7,
    CONTROL_DTR_ON = 8,
    CONTROL_DTR_OFF = 9,
    CONTROL_RTS_ASK = 10,
    CONTROL_RTS_ON = 11,
    CONTROL_RTS_OFF = 12,
    PURGE_RECEIVED = 1,
};

#define ANSWER_MS 3000 /* for the server's word on the protocol and on a rate */

/* The longest frame is a 16 KiB block; its bytes may double in SLIP or here, where FF is escaped. A
 * whole frame fits and leaves in one send. */
#define TX_DATA_BYTES  (40 * 1024)
#define TX_REPLY_BYTES (2 * 2 * 256 * 3) /* a yes and a no for each side of each option */
#define KEPT_BYTES     (16 * 1024)

/* How long this server takes for the lines, from the changes of both at once. Of all times the
 * shortest counts: a longer one may be this computer's fault. In us; 0: not seen yet. */
struct line_times {
    uint64_t sent_us;       /* when the commands went out; 0: it is not one of those changes */
    uint64_t first_us;      /* when the first answer came; 0: not yet */
    uint64_t step_us;       /* from one answer to the other */
    uint64_t both_us;       /* from the commands to the last answer */
    uint64_t round_trip_us; /* of a command that sets no line */
};

struct rfc2217_port {
    struct port port;
    int fd;
    int lock_fd;
    struct telnet telnet;
    uint64_t heard_bytes; /* what the server has sent, whatever it was */
    bool suspended;       /* it asked us to hold our data */
    bool baud_answered;
    uint32_t baud_answer;
    unsigned purges_wanted; /* answers: all data before them are to be dropped */
    uint64_t purge_sent_us;
    unsigned lines_wanted; /* answers to changes of DTR and RTS */
    bool purge_mute;       /* this server does not answer PURGE-DATA: do not wait again */
    bool lines_mute;       /* ...or SET-CONTROL */
    bool lines_unknown;    /* it cannot tell how they stand: the device has none, as a rule */
    bool inputs_asked;     /* for reports of the lines that come in, */
    bool inputs_known;     /* ...and one has come: */
    uint8_t inputs;        /* CD 128, RI 64, DSR 32, CTS 16 (RFC 2217, section 3) */
    bool probe_answered;   /* it has answered a probe once: then silence means that it is gone */
    struct line_times times;
    /* Data that came while we waited for something else. */
    uint8_t kept[KEPT_BYTES];
    size_t kept_start, kept_end;
    /* What is to be sent, escaped. Replies fit behind the data. */
    uint8_t tx[TX_DATA_BYTES + TX_REPLY_BYTES];
    size_t tx_start, tx_end;
};

/* ---- rfc2217_stream.c: what comes in, what goes out ---- */

/* Puts bytes behind what waits to be sent; false when there is no room. */
bool rfc2217_add(struct rfc2217_port *r, const uint8_t *bytes, size_t n);

/* Turns n received bytes into data, in place; gives how many are left. */
size_t rfc2217_take(struct rfc2217_port *r, uint8_t *buf, size_t n);

/* Sends without waiting what the socket takes; the rest, and any failure, is for the next call. */
void rfc2217_send_now(struct rfc2217_port *r);

/* Takes what is there without waiting, keeps the data for the next read. False: the port is gone.
 */
bool rfc2217_absorb(struct rfc2217_port *r, struct err *e);

/* Waits for more to come in, on the way to an answer. */
bool rfc2217_await_more(struct rfc2217_port *r, struct deadline d, struct err *e);

/* Sends all that waits. */
bool rfc2217_flush(struct rfc2217_port *r, struct deadline d, struct err *e);

/* Sends data, behind what waits. */
bool rfc2217_send_data(struct rfc2217_port *r, const uint8_t *bytes, size_t n, struct deadline d,
                       struct err *e);

/* Queue one command; false when there is no room. */
bool rfc2217_add_command(struct rfc2217_port *r, enum comport command, const uint8_t *value,
                         size_t value_bytes);
bool rfc2217_add_byte(struct rfc2217_port *r, enum comport command, enum comport_value value);
bool rfc2217_add_baud(struct rfc2217_port *r, uint32_t baud);

/* Sends the commands that `queued` says were added. */
bool rfc2217_send_commands(struct rfc2217_port *r, bool queued, struct deadline d, struct err *e);

/* ---- rfc2217_open.c: from a connection to a session ---- */

/* Agrees on the protocol, sets framing and rate. A failure says what it means for the one who asked
 * for this port. */
bool rfc2217_start(struct rfc2217_port *r, struct deadline d, struct err *e);

/* Sets the server's rate and has it confirmed. */
bool rfc2217_set_rate(struct rfc2217_port *r, uint32_t baud, struct deadline d, struct err *e);

#endif
