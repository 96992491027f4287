/*
 * One attempt on one board: reset, sync, identify, gate, stub, baud, write, verify, burn, leave,
 * boot check. Runs on the slot's thread, knows no database and no screen; what it finds out goes
 * into a plain result, and the caller hears of each phase while it goes on.
 */
#ifndef STATION_ATTEMPT_H
#define STATION_ATTEMPT_H

#include "core/board/board.h"
#include "core/flash/flash.h"
#include "station/attempt/job.h"

enum phase {
    PHASE_OPEN,
    PHASE_SYNC,
    PHASE_IDENTIFY,
    PHASE_GATE,
    PHASE_STUB,
    PHASE_BAUD,
    PHASE_ERASE,
    PHASE_WRITE,
    PHASE_VERIFY,
    PHASE_BURN,
    PHASE_LEAVE,
    PHASE_BOOT,
    PHASE_COUNT
};

/* "open", "sync", ...: in records and on screens. */
const char *phase_word(enum phase phase);

enum attempt_kind {
    ATTEMPT_FLASH,  /* write, verify, leave */
    ATTEMPT_VERIFY, /* judge what is there, change nothing, leave */
    ATTEMPT_BURN,   /* the flash is proved already: burn what is missing, leave */
};

/* One burn, for the record: no word of a key is in it, but a mark by which who has the key knows it
 * again. */
struct attempt_burn {
    const char *stage;
    unsigned block;
    char fuses[640]; /* "SPI_BOOT_CRYPT_CNT=0x7 SECURE_BOOT_EN=0x1", "BLOCK_KEY5=secret" */
    char words[96];  /* as asked for, in hex; "": a secret */
    char proof[96];  /* as read afterwards; "": a secret, or it was not read */
    char key_salt[33], key_hmac[65]; /* "": no secret */
    /* "burnt", "closed", "not-burnt", "part", "wrong", "unknown"; "found": it was there already;
     * "started", "unproved": no burn, but how the board started, in `sentence` */
    const char *outcome;
    const char *sentence; /* NULL: none */
};

/* The mark of a block's words with that salt (32 hex digits), in hex. False: no memory. */
bool attempt_key_mark(const struct fuse_burn *burn, const char *salt, char hmac[static 65]);

enum key_known {
    KEY_IS_UNKNOWN, /* nothing was burnt into that block as far as anybody knows */
    KEY_IS_ANOTHER, /* something else was */
    KEY_IS_THIS,
};

/* Called on the slot's thread. */
struct attempt_watch {
    void (*phase)(void *ctx, enum phase phase);
    void (*progress)(void *ctx, uint64_t bytes_done, uint64_t bytes_total);
    /* The rate it writes at; `why`: a sentence if that is not the one asked for, else empty. Not
     * where the port has no rate. May be absent. */
    void (*baud)(void *ctx, uint32_t baud, const char *why);
    /* The board has said who it is. `fits`: all that is known of it allows the plan, so it is
     * written to unless it is refused here. False refuses it, with *e set: duplicate, quota, unit,
     * database. It may wait, and ask the board by its loader meanwhile whether it is there. */
    bool (*board)(void *ctx, const struct board *board, bool fits, struct loader *l, struct err *e);
    void *ctx;
    /* What this board gets: the regions that all boards of its kind get, and its own behind them.
     * Lives until the result is of no use any more. NULL: *e. No hook: those of all boards. */
    const struct plan_variant *(*variant)(void *ctx, const struct plan_variant *shared,
                                          struct err *e);
    /* Where nothing is written: whether a region will do whatever its digest says, which is `equal`
     * to the expected one or not: for the firmware writes there, too, or nobody knows what to
     * expect. False with *e: no; false without: its digest decides. May be absent. */
    bool (*judge)(void *ctx, size_t region, bool equal, struct loader *l, struct err *e);
    /* A burn was made. False: it is in no record, and no other follows. May be absent. */
    bool (*burnt)(void *ctx, const struct attempt_burn *burn, struct err *e);
    /* Whether the record knows that this very block of words, which cannot be read any more, was
     * burnt into the board. May be absent: nobody knows. */
    bool (*knows)(void *ctx, const struct chip_mac *mac, const struct fuse_burn *burn,
                  enum key_known *known, struct err *e);
};

/* A board that was asked who it is and waits in its loader: an attempt goes on from there, without
 * another reset. Times are of the port's clock. */
struct attempt_entry {
    struct loader loader;
    struct board board; /* as board_identify_chip says */
    uint64_t began_us, synced_us, known_us;
    uint64_t wire_before; /* bytes on the port before that, both ways */
};

struct attempt_setup {
    struct job *job;
    enum attempt_kind kind;
    const struct reset_sequence *reset; /* NULL: the board is reset by hand, or not at all */
    const struct reset_sequence *after; /* out of the loader; NULL: as the chip needs it */
    enum board_state state;             /* as the attempts before left the board */
    uint32_t baud;                      /* to write at */
    bool use_rom;                       /* do without the stub even if there is one */
    bool no_fast;                       /* do without our own stub, whatever the recipe wants */
    bool prove_twice;                   /* what our own stub has written, by another loader, too */
    bool careful; /* one question at a time, each block acknowledged, rate raised after the stub */
    bool sync_slowly; /* where the ROM takes its rate from the SYNC, too */
    const struct attempt_watch *watch;
    bool burns;            /* fuses that are missing are burnt; else ERR_NOT_BURNT */
    struct board_own *own; /* of the run, where the recipe wishes fuses; else NULL */
    /* Identified already, at attempt_sync_baud. NULL: the attempt begins with a reset. */
    const struct attempt_entry *entry;
};

struct attempt_digest {
    bool written; /* bytes of it were sent */
    bool read;
    bool equal;             /* read before anything was sent, and right */
    uint32_t skipped_bytes; /* proved to be there, and not sent */
    uint8_t read_md5[DIGEST_MD5_BYTES];
};

/* Where the time of an attempt went. The parts are phases, but for these: the reset is part of the
 * phase sync, and the phase write consists of bytes on the wire and of waiting for the chip. */
struct attempt_timing {
#define TIMING(version, name, sentence) uint64_t name##_us;
#include "db/store/timing_list.h"
};

#define ATTEMPT_CONSOLE_BYTES 2049

struct attempt_result {
    bool ok;
    struct err err;   /* unless ok */
    enum phase phase; /* where it ended */
    enum board_state state;
    const char *loader; /* "rom", "stub", "fast"; NULL: none answered */
    bool fast;          /* our own stub was started */
    bool proved_twice;  /* what it wrote, by another loader, too */
    uint32_t baud;      /* 0: the port has no rate */
    uint32_t most_baud; /* that the loader is known to bear, if more was asked for; else 0 */
    bool identified;
    struct board board;
    const struct plan_variant *variant; /* NULL until the gate is passed */
    struct attempt_digest digests[RECIPE_IMAGES_MAX];
    uint64_t bytes_written; /* into the flash */
    uint64_t wire_bytes;
    enum recipe_write write; /* how it was done: not every loader can tell what differs */
    unsigned round_trips;
    bool has_reset;                  /* the board, by itself, in mid-work */
    bool waits;                      /* its ROM has said so, whether it answers or not */
    struct flash_difference differs; /* where the flash is not what it should be */
    unsigned burns_left;             /* ok, and so many burns wait for another attempt */
    struct attempt_timing timing;
    char console[ATTEMPT_CONSOLE_BYTES]; /* empty unless the recipe checks the boot */
};

/* Runs one attempt over an open port. Whatever happens, the board is reset out of its loader at the
 * end as far as that is possible, also after a stop. Fills *result, returns result->ok. */
bool attempt_run(const struct attempt_setup *setup, struct port *port,
                 struct attempt_result *result);

/* The rate to open the port with: what the ROM syncs at. */
uint32_t attempt_sync_baud(const struct attempt_setup *setup);

#endif
