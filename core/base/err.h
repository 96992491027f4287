/*
 * The error value.
 *
 * Low level: this file must not call upward, and everyone may include it.
 *
 * A failure is a plain value: copy it, store it, hand it to another thread; nothing is freed. It is
 * set once, where the fact is known, gets context in front on its way up, and is printed only in
 * station/. A function that can fail takes `struct err *e` last, returns false (or 0, or NULL) on
 * failure, and leaves *e untouched on success.
 */
#ifndef CORE_ERR_H
#define CORE_ERR_H

#include <stdbool.h>
#include <stdint.h>

enum err_code {
    ERR_NONE = 0,
    /* the port */
    ERR_PORT_MISSING,
    ERR_PORT_BUSY,
    ERR_PORT_DENIED,
    ERR_PORT_GONE,
    ERR_PORT_UNSUITABLE,
    /* the wire: known where a frame is read; ends as the code of the phase (err_as_phase) */
    ERR_TIMEOUT,
    ERR_FRAME,
    ERR_REFUSED,
    /* the board */
    ERR_NO_SYNC,
    ERR_WRONG_BOOT_MODE,
    ERR_WRONG_CHIP,
    ERR_CHIP_REVISION,
    ERR_FLASH_SIZE,
    ERR_NO_FLASH,
    ERR_FLASH_SIZE_FALSE,
    ERR_BAD_MAC,
    ERR_SECURED,
    ERR_PROTECTED,
    ERR_DUPLICATE,
    ERR_QUOTA,
    ERR_LEASE, /* the fleet's server is away, and nothing that it lent is left */
    ERR_UNIT,
    ERR_IDENTIFY,
    ERR_STUB,
    ERR_BAUD,
    ERR_ERASE,
    ERR_WRITE,
    ERR_VERIFY,
    ERR_BAD_FLASH,
    ERR_FINISH,
    ERR_BOOT,
    ERR_NOT_BURNT,    /* fuses that the recipe wishes: none is */
    ERR_PART_BURNT,   /* some are, each as it should be */
    ERR_BURN_UNKNOWN, /* a burn that nobody could ask about */
    ERR_BURNT_WRONG,  /* something else is, for ever */
    /* the station and what it was given */
    ERR_STOPPED,
    ERR_WAITING, /* nothing failed: somebody has to do something first */
    ERR_USAGE,
    ERR_RECIPE,
    ERR_IMAGE,
    ERR_DATABASE,
    ERR_STATION,
    ERR_CODE_COUNT
};

struct err {
    enum err_code code; /* programs decide on this alone: retry, exit status, colour */
    char what[240];     /* one sentence: what failed, where, what was expected and what came */
    char hint[240];     /* what to do next; starts as the code's own hint */
    enum err_code wire; /* what it was on the wire before err_as_phase; ERR_NONE: nothing */
    int sys;            /* errno, 0 if none */
    uint8_t command;    /* the command the chip refused, 0 if none */
    uint8_t chip_status[2];
};

/* A row of the one table of codes. */
struct err_row {
    enum err_code code;
    const char *word; /* in records, JSON and on screens: "no-sync" */
    const char *hint; /* default advice, a whole sentence */
    bool may_retry;   /* whether another attempt on the same board can help */
};

/* The row of a code; never NULL. An impossible code gives the row of ERR_STATION. */
const struct err_row *err_row(enum err_code code);

/* The word of a code, as err_row(code)->word. */
const char *err_word(enum err_code code);

/* Fills *e. `fmt` makes the sentence, without the final full stop; a text too long is cut at a
 * whole character, and what could steer a terminal becomes '?' (core/base/plain.h), here and in the
 * calls below. Returns false, so that `return err_set(e, ...)` reads well. `e` may not be NULL. */
bool err_set(struct err *e, enum err_code code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Like err_set, and keeps errno value `sys` and adds its text behind the sentence. */
bool err_set_sys(struct err *e, enum err_code code, int sys, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* Puts "<context>: " in front of the sentence. Returns false. */
bool err_wrap(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* What ends a sentence that was set without a full stop: "." or, where it asks ("did you mean
 * ...?"), "". */
const char *err_stop(const char *sentence);

/* Replaces the advice. Returns false. */
bool err_hint(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* A wire code (timeout, frame, refused) becomes the code of the phase it happened in, with that
 * code's hint unless it has better advice already; every other code stays what it is. Returns
 * false. */
bool err_as_phase(struct err *e, enum err_code phase_code);

#endif
