/*
 * What a failed attempt changes for the next one on the same board, and whether there is one.
 *
 * Plain values, no I/O: the whole policy is one function of what is known. README.md has it as a
 * table ("Another attempt?"), and tests/unit/station_remedy.c holds the two together.
 */
#ifndef STATION_REMEDY_H
#define STATION_REMEDY_H

#include "core/base/err.h"
#include "recipes/recipe.h"

/* A byte of the flash that is not what it should be; not `known`: none, or nobody knows which. */
struct remedy_byte {
    bool known;
    uint32_t addr;
};

/* How the next attempt goes. Zero is how the first one does. */
struct remedy {
    size_t baud_index; /* 0: the recipe's rate, then its fallbacks */
    size_t reset_step; /* so many strategies behind the one that answered last */
    bool use_rom;      /* do without the stub */
    bool no_fast;      /* do without our own stub: it has failed on this board */
    bool careful;      /* one question at a time */
    bool sync_slowly;
    /* What was used up, against the recipe's `retry`. */
    unsigned sync_tries, write_tries, verify_tries, finish_tries, boot_tries, stub_failures;
    struct remedy_byte differed; /* in the attempt before */
};

/* What is known of recipe, port and attempt. */
struct remedy_facts {
    const struct recipe_retry *allowed;
    size_t fallback_count;
    bool only_looks;     /* the attempt writes nothing */
    bool may_use_rom;    /* the recipe leaves the loader open, and the ROM can do the whole job */
    bool by_fast;        /* the attempt was made by our own stub, or should have been */
    bool no_stub;        /* there is none for this chip, or the recipe wants none */
    bool rate_from_sync; /* the ROM takes its rate from the SYNC */
    bool port_was_open;  /* once in this session: it is there as a rule */
    bool plays_usb;      /* the port is a device that only the loader plays */
    bool has_reset;      /* the board, by itself: an answer is missing because of that */
    bool waits;          /* its ROM has said that it waits for a download: the reset was right */
    struct remedy_byte differs;
};

/* Whether the failure shows that the flash itself is bad: it differs at the same byte again. */
bool remedy_is_bad_flash(const struct remedy *r, const struct remedy_facts *f, const struct err *e);

/* Whether the failure speaks against the rate that the attempt was made at. */
bool remedy_blames_rate(const struct remedy *r, const struct remedy_facts *f, const struct err *e);

/* After an attempt that was made by *r and failed with *e: true if there should be another one, and
 * *r says how. */
bool remedy_after(struct remedy *r, const struct remedy_facts *f, const struct err *e);

#endif
