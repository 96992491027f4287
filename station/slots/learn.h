/*
 * Learning which socket a slot is, by what happens after it was asked for: an adapter appears, or a
 * board speaks. Pure: it is shown what there is, again and again, and tells what follows.
 */
#ifndef STATION_LEARN_H
#define STATION_LEARN_H

#include "core/ports/usb_socket.h"
#include "recipes/station/station_file.h"

#define LEARN_SOCKETS_MAX 512

struct learn_sight {
    const char *socket;
    uint32_t device_number; /* of its adapter: another one was pulled and put back */
    bool speaks;            /* by speech: bytes came since the last look */
    bool starts;            /* by speech: and they were those of a chip that was reset by its key */
};

enum learn_step {
    LEARN_WAIT,    /* nothing new */
    LEARN_TOOK,    /* the slot that was asked for is that socket; the next is asked for */
    LEARN_SEVERAL, /* more than one came at once: which is meant? */
    LEARN_OTHER,   /* that socket is another slot's */
};

struct learn_event {
    enum learn_step step;
    const char *name;   /* of the slot that was asked for; LEARN_OTHER: of the other one */
    const char *socket; /* LEARN_TOOK, LEARN_OTHER; valid until the next look */
    size_t count;       /* LEARN_SEVERAL: how many */
};

struct learn_known {
    char socket[USB_SOCKET_BYTES];
    uint32_t device_number;
    bool spoke; /* before: then only a start counts, for it may speak by itself */
};

struct learn {
    const struct station *station; /* NULL: none yet */
    const char *const *names;
    size_t count, next;
    bool by_speech, looked;
    char taken[STATION_SLOTS_MAX][USB_SOCKET_BYTES]; /* by name; "": not, or skipped */
    struct learn_known before[LEARN_SOCKETS_MAX];
    size_t before_count;
    char pending[USB_SOCKET_BYTES]; /* came with the last look; counts once it is still alone */
    size_t pending_count;
};

/* `station` and `names` (at most STATION_SLOTS_MAX) are lent. */
void learn_init(struct learn *l, const struct station *station, const char *const *names,
                size_t count, bool by_speech);

/* The name that is asked for; NULL: all are through. */
const char *learn_asks(const struct learn *l);

/* Goes on to the next name. */
void learn_skip(struct learn *l);

/* The first look shows what there is already. */
struct learn_event learn_look(struct learn *l, const struct learn_sight *sights, size_t count);

#endif
