/*
 * A port that plays a script: what the station must write, what the board answers and when, and
 * what goes wrong. Time is a fake clock's; nothing waits.
 *
 * Items are played in order. What the board gives counts its time from the item before it; it is
 * there to be read once everything the script expects before it was written. Whatever departs from
 * the script fails the call and is kept in `trouble`.
 */
#ifndef TESTS_LIB_SCRIPT_PORT_H
#define TESTS_LIB_SCRIPT_PORT_H

#include "core/ports/port.h"
#include "tests/lib/fake_clock.h"

#define SCRIPT_ITEMS_MAX 256

enum script_kind {
    SCRIPT_EXPECT, /* these bytes must be written */
    SCRIPT_BAUD,   /* the rate must be set to `number` */
    SCRIPT_LINES,  /* lines must be set: mask << 8 | on */
    SCRIPT_GIVE,   /* these bytes come in, `number` us after the item before */
    SCRIPT_GONE,   /* the adapter is pulled then: reads give 0 bytes for ever, writes EIO */
    SCRIPT_STOP,   /* a stop is asked for then */
};

struct script_item {
    enum script_kind kind;
    uint64_t number;
    uint8_t *bytes;
    size_t size_bytes;
    size_t used;    /* of bytes, written or read */
    uint64_t at_us; /* when it was fulfilled, or when it is due */
    bool timed;     /* at_us is known */
};

struct script_port {
    struct port port; /* first: this is what the core gets */
    struct fake_clock *clock;
    struct script_item items[SCRIPT_ITEMS_MAX];
    size_t count;
    size_t at;           /* the first item that is not played */
    size_t read_at_most; /* bytes per read; 0: no limit */
    bool free_lines;     /* line changes are not part of the script */
    bool free_writes;    /* nor is what is written, and which rate is set */
    bool repeat_last;    /* the last SCRIPT_GIVE comes again and again, for ever */
    uint64_t byte_us;    /* the time each byte of such an endless stream takes */
    uint64_t reads;
    char trouble[400]; /* the first departure from the script; "" while there is none */
};

/* Ready to use, with an empty script: silent, and nothing may be written. Free with _done. */
void script_port_init(struct script_port *s, struct fake_clock *clock);
void script_port_done(struct script_port *s);

/* Add to the script. */
void script_expect(struct script_port *s, const void *bytes, size_t n);
void script_expect_baud(struct script_port *s, uint32_t baud);
void script_expect_lines(struct script_port *s, unsigned mask, unsigned on);
void script_give(struct script_port *s, uint64_t after_us, const void *bytes, size_t n);
void script_gone(struct script_port *s, uint64_t after_us);
void script_stop(struct script_port *s, uint64_t after_us);

/* Whether all of it was played and nothing else was done; `trouble` says what is wrong. The rest of
 * a part-read answer may stay: more can come than a reply. */
bool script_played(struct script_port *s);

#endif
