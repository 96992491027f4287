/*
 * The exchange with one loader: a request goes out as a frame, its reply is found among boot log,
 * noise, late answers and frames of any length, before one deadline.
 *
 * Plain struct without inner pointers but the port; nothing to free. One thread at a time.
 */
#ifndef CORE_LINK_H
#define CORE_LINK_H

#include "core/base/err.h"
#include "core/frames/packet.h"
#include "core/frames/slip.h"
#include "core/loader/flight.h"
#include "core/ports/port.h"

/* The longest reply there is: a packet of a flash read, 4096 bytes, and room for a header. */
#define LINK_FRAME_MAX 4160u
#define LINK_TAIL_MAX  2048u

struct link {
    struct port *port;
    const struct packet_dialect *dialect; /* of who answers */
    bool hears_resets; /* a boot log among the answers is that of a reset that nobody asked for */
    struct slip_decoder slip;
    uint8_t frame[LINK_FRAME_MAX];
    uint8_t rx[1024];
    size_t rx_at, rx_have;
    uint32_t round_trips;                     /* waits for an answer with nothing else under way */
    bool asked;                               /* something was sent since the last wait */
    struct flight flight;                     /* requests that are not answered */
    size_t filler_bytes;                      /* in front of a request that follows one of those */
    uint32_t asked_ever[8];                   /* commands, a bit each */
    unsigned touches_asked, touches_answered; /* commands that change the flash */
    unsigned answers;         /* frames that a loader sent, whatever they say, since link_init */
    bool commands_turn;       /* a request was understood as another one: see link_note_turned */
    bool has_reset;           /* it stopped answering because the chip has reset itself */
    bool until_loader;        /* a wait ends when a ROM says that it waits for a download, once */
    uint32_t frames_dropped;  /* too long or badly escaped, since link_init */
    char tail[LINK_TAIL_MAX]; /* the last bytes received: a boot log tells what happened */
    size_t tail_have;
    bool tail_held; /* the first bytes stay instead */
};

void link_init(struct link *l, struct port *port);

/* Drops all that was received, here and in the port, and the tail. */
bool link_discard(struct link *l, struct err *e);

/* Sends one request with at most 64 bytes of data; filler in front, where others are not answered.
 * Whether it may follow them is for the caller to know (loader_may_follow). */
bool link_send(struct link *l, uint8_t command, const void *data, size_t n, struct err *e);

/* The same with what is encoded already: one frame, or to a ROM several of one command. */
bool link_write(struct link *l, uint8_t command, const uint8_t *bytes, size_t n, struct deadline d,
                struct err *e);

/* Another command that stood behind the first one of those frames. */
void link_note_sent(struct link *l, uint8_t command);

/* One C0 alone. A stub opens and closes frames with it: where one was lost or doubled on the way,
 * it takes frames for gaps, and gaps for frames, until one more turns that round. */
bool link_send_delimiter(struct link *l, struct err *e);

/* `ms` after the wire has carried `wire_bytes` at the present rate: a transport may take a block at
 * once that then travels for seconds. */
struct deadline link_deadline(const struct link *l, size_t wire_bytes, uint32_t ms);

/* Waits for the next frame that reads as a reply to `command`; others are skipped. Where
 * `may_be_unknown`, a ROM's "unknown command", which carries the number of an earlier command, is
 * taken as the reply too. ERR_TIMEOUT when none comes, with what came instead. Judges the status
 * behind `payload_bytes`; a refusal is ERR_REFUSED with status and command in *e and *r filled. */
bool link_await(struct link *l, uint8_t command, size_t payload_bytes, bool may_be_unknown,
                struct deadline d, struct reply *r, struct err *e);

/* To be called where an exchange shows that bits turn over on this link; it finds out by itself
 * where a chip answers what nobody has asked, or says that a request came damaged. A loader's
 * requests carry no check, and one bit makes a MEM_END, a READ_REG or an MD5 another command, which
 * erases: then nobody can say that the flash is untouched. */
void link_note_turned(struct link *l);

/* The next frame of any content, as the stub's greeting. */
bool link_await_frame(struct link *l, struct deadline d, const uint8_t **frame, size_t *n,
                      struct err *e);

/* What has come and was not looked at yet. */
size_t link_unread_bytes(const struct link *l);

/* One read into the tail: whatever comes first before the deadline. ERR_TIMEOUT when nothing did.
 */
bool link_hear(struct link *l, struct deadline d, struct err *e);

/* Reads and keeps in the tail whatever comes until the deadline. */
bool link_listen(struct link *l, struct deadline d, struct err *e);

void link_forget_tail(struct link *l);

/* Nothing of what was received stays in memory: it was a key. What has not been read is lost. */
void link_wipe(struct link *l);

/* What is in the tail stays, and what comes is added as long as there is room: of a board that
 * starts over and over, the first words are the cause. Until link_forget_tail or link_discard. */
void link_hold_tail(struct link *l);

/* The tail as text: unprintable bytes become dots, line ends stay. Returns its length. */
size_t link_tail_text(const struct link *l, char *text, size_t cap);

#endif
