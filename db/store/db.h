/*
 * The record: who flashed what, when, with which bytes, and how it ended. One SQLite file.
 *
 * Knows core/base/err.h and nothing else of the project: what comes in and goes out are plain
 * structs of strings and numbers. Prints nothing. docs/record.md describes the tables.
 *
 * Promises
 *   - A run has a row, committed to disk, before its board is touched (db_run_start). Its verdict
 *     is committed when db_run_close returns true, and PASS may be shown only then. A station that
 *     is killed in between leaves an open run, which the next start marks INTERRUPTED.
 *   - Rows are never deleted; a closed run, its attempts and their digests are never changed. The
 *     file itself refuses such statements, whichever program sends them, and every row is bound to
 *     the one before by SHA-256 (audit.h).
 *   - A file that is not ours is refused before anything is written to it or beside it.
 *
 * Ownership: texts handed in are read during the call and not kept. Texts handed to a callback live
 * until it returns. Nothing that a call fills in needs to be freed.
 *
 * Threads: every call may come from any thread, several at once, on one `struct db`: a mutex inside
 * lets one in at a time. Only db_open, db_station_start and db_close need the handle for
 * themselves.
 *
 * What the disk does to a running slot: a slot calls in here at the start of a run, when the board
 * is identified, after each attempt and at the end, never while bytes are on the wire. Each write
 * waits for the disk (fsync), a few milliseconds as a rule; on a slow disk the slots that call at
 * the same moment wait for each other, the others flash on. No call waits longer than `busy_ms` for
 * the mutex and for locks of other programs together; then it fails with ERR_DATABASE and names the
 * holder. On a full disk the call fails with ERR_DATABASE, its transaction is undone as a whole,
 * and rows committed before stay. The slot then must not show PASS; it may repeat the call when
 * there is room.
 *
 * Errors: ERR_DATABASE for all that is wrong with the file, its disk or its locks; ERR_USAGE for
 * what a person typed (a MAC, a date, a verdict); ERR_STATION for a call that breaks a rule below.
 */
#ifndef DB_DB_H
#define DB_DB_H

#include "core/base/err.h"
#include "db/store/timings.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct db;

#define DB_BUSY_MS 5000 /* the default for `busy_ms` */

enum {
    DB_MAC_CAP = 24,     /* "24:0a:c4:00:00:01", or eight bytes (EUI-64), and the final NUL */
    DB_UTC_CAP = 25,     /* "2026-03-04T05:06:07.089Z" and the final NUL */
    DB_LOT_CAP = 101,    /* a lot's name has 1 to 100 bytes */
    DB_HOST_CAP = 256,   /* a host name */
    DB_BOOT_ID_CAP = 64, /* the kernel's boot id is 36 characters */
};

/* ---- Open and close ---- */

/* Opens the record for writing, and makes it (mode 0644 less the umask) when there is none and its
 * folder exists. Older files are brought to the present schema. `busy_ms` bounds every later wait
 * of this handle; 0 does not wait, below 0 means DB_BUSY_MS. NULL and *e on failure. */
struct db *db_open(const char *path, int busy_ms, struct err *e);

/* The same for what only adds to a record that is there: one that is missing is not made. */
struct db *db_open_existing(const char *path, int busy_ms, struct err *e);

/* Opens the record for what only reads. Works while a station writes, and on a file or a folder
 * that may not be written, as long as no rows wait in FILE-wal without their index FILE-shm. A long
 * export belongs on such a handle, never on the station's. A record of an older version stays as it
 * is: a private copy of it is read. */
struct db *db_open_reader(const char *path, int busy_ms, struct err *e);

/* Closes; NULL is fine. Open runs stay open: see db_station_start. */
void db_close(struct db *db);

/* ---- MAC and time ---- */

/* Six or eight bytes, as 24:0A:C4:00:00:01, 24-0a-c4-00-00-01 or 240ac4000001, to the form of the
 * record. ERR_USAGE for anything else. Every `mac` below is taken in these forms. */
bool db_mac_normalise(const char *text, char mac[static DB_MAC_CAP], struct err *e);

/* Milliseconds since 1970-01-01 UTC to the form of the record. False, and an empty text, outside of
 * the years 1970 to 9999. */
bool db_utc_text(int64_t utc_ms, char text[static DB_UTC_CAP]);

/* ---- The station ---- */

/* What tells one station process from every other, also after its pid was given to another. */
struct db_station {
    char host[DB_HOST_CAP];
    char boot_id[DB_BOOT_ID_CAP]; /* /proc/sys/kernel/random/boot_id; empty if there is none */
    int64_t pid;
    int64_t start_ticks; /* field 22 of /proc/PID/stat; 0 if unknown */
};

/* Fills in the calling process. */
bool db_station_here(struct db_station *station, struct err *e);

/* Adds the row of this station process; its runs will point to it. Call once after db_open, before
 * other threads use the handle. Marks the open runs of dead stations INTERRUPTED and gives their
 * number in *interrupted (NULL: not wanted). Dead is a station that has ended, whose lock beside
 * the record is free (presence.h), or that ran before this machine was started; names of hosts and
 * numbers of processes say nothing. In doubt it lives, and its runs are left alone. A marked run
 * has the code of ERR_STATION, the board state "unknown", and no end time: nobody saw it. */
bool db_station_start(struct db *db, const struct db_station *station, const char *tool_version,
                      int64_t started_utc_ms, int *interrupted, struct err *e);

/* When the latest of all runs began, as the clock said then; an empty text if there is none. A
 * clock that shows less was set back, and what it says is not to be trusted. */
bool db_latest_start(struct db *db, char utc[static DB_UTC_CAP], struct err *e);

/* The station ends in good order. Close every run first; one still open is marked INTERRUPTED by
 * the next start. */
bool db_station_end(struct db *db, int64_t ended_utc_ms, struct err *e);

/* ---- Recipe, images, lot ---- */

/* One image of the plan, padded and laid out, before anything that depends on the board. */
struct db_image {
    const char *file;
    uint64_t offset; /* in the flash */
    uint64_t size_bytes;
    const char *sha256; /* 64 lower-case hex digits */
    const char *md5;    /* 32 */
    /* What the application's descriptor says; NULL: there is none. */
    const char *app_project, *app_version;
    const char *app_elf_sha256; /* 64 */
};

struct db_recipe {
    const char *name, *version, *chip; /* version: NULL if the recipe has none */
    const char *text;                  /* the recipe file, byte by byte */
    size_t text_bytes;
    const struct db_image *images; /* in the order of the recipe; their numbers count from 0 */
    size_t image_count;
};

/* Gives the id of this recipe with these images; adds it only if the record does not have it. The
 * same text with other images (a new build in the same files) is another recipe. 0 on failure. */
int64_t db_recipe_put(struct db *db, const struct db_recipe *recipe, int64_t utc_ms, struct err *e);

/* Gives the id of the lot of this name; adds it if needed. 0 on failure. */
int64_t db_lot_put(struct db *db, const char *name, int64_t utc_ms, struct err *e);

/* ---- A run ---- */

struct db_fleet_say;

struct db_run_begin {
    int64_t recipe_id; /* from db_recipe_put */
    int64_t lot_id;    /* from db_lot_put; 0: no lot */
    int slot;          /* counts from 1 */
    const char *port;
    const char *operator_name; /* NULL if unknown */
    int64_t started_utc_ms;
    bool golden;     /* a golden board is in the slot: the run counts in no yield */
    bool with_place; /* takes its place in the lot now, for whatever board it finds */
    const struct db_fleet_say *fleet; /* what the fleet's server says (lease.h); NULL: nothing */
};

/* Commits an open run and gives its id; 0 on failure. Touch the board only after that. ERR_QUOTA,
 * with `with_place` alone: the lot has none left, and there is no row. */
int64_t db_run_start(struct db *db, const struct db_run_begin *run, struct err *e);

/* What the chip said about itself in this run. */
struct db_board {
    const char *mac;
    const char *chip;
    int revision;        /* major * 100 + minor, 301 for v3.1; below 0: unknown */
    int64_t flash_id;    /* JEDEC id as read; below 0: unknown */
    int64_t flash_bytes; /* 0: unknown */
    int64_t seen_utc_ms;
};

/* An earlier PASS of a board. */
struct db_passed {
    bool in_lot; /* in the lot asked for */
    bool ever;   /* in any lot or none */
    /* the latest such run, in the lot asked for if there is one there; 0 and empty without any */
    int64_t run_id;
    char ended_utc[DB_UTC_CAP];
    char lot[DB_LOT_CAP]; /* empty: it belonged to no lot */
};

struct db_seen {
    bool first_time;         /* this MAC was never seen before */
    bool changed;            /* chip, revision or flash differ from what was first seen */
    struct db_passed passed; /* before this run; the lot asked for is that of the run */
};

/* Adds the board if it is new, and binds it to the open run, together with what was seen now. A run
 * keeps its board: a second call must name the same MAC. */
bool db_board_seen(struct db *db, int64_t run_id, const struct db_board *board,
                   struct db_seen *seen, struct err *e);

/* The same question without a run. `lot_id` 0: `in_lot` stays false. One look into an index. */
bool db_passed(struct db *db, const char *mac, int64_t lot_id, struct db_passed *passed,
               struct err *e);

/* What became of one image in one attempt. Digests are lower-case hex. */
struct db_digest {
    int image;                /* its number in the recipe, from 0 */
    const char *expected_md5; /* what the flash was to hold */
    const char *read_md5;     /* what the chip computed; NULL: it was not asked or did not say */
    /* Of the bytes sent to this board, whose header may have been patched for the flash that was
     * found. NULL: none were sent. */
    const char *written_md5, *written_sha256;
    int64_t skipped_bytes; /* not sent, because the chip's MD5 proved them equal */
};

/* The same of an image of the board's unit, which no row of a recipe describes. */
struct db_unit_digest {
    struct db_digest digest; /* `image` counts from 0, in the recipe's section `unit` */
    const char *place;       /* the partition */
    int64_t offset, size_bytes;
};

/* The latest run in which this board has passed in this very slot (0: in any), with this recipe, in
 * this lot (0: in none). Corrections count. One look into an index. */
struct db_passed_where {
    const char *mac;
    int64_t recipe_id, lot_id;
    int slot;
};
struct db_passed_run {
    int64_t run_id; /* 0: none */
    int slot;
};
bool db_passed_here(struct db *db, const struct db_passed_where *where,
                    struct db_passed_run *passed, struct err *e);

struct db_attempt {
    int number; /* counts from 1 within the run */
    int64_t started_utc_ms, duration_ms;
    int64_t baud;                /* the rate at the end; 0: unknown */
    int64_t baud_asked;          /* the recipe's rate; 0: unknown */
    const char *baud_why;        /* "recipe", "learned", "stepped-down"; NULL: unknown */
    const char *write_mode;      /* "always", "changed"; NULL: unknown */
    int64_t round_trips;         /* commands answered; below 0: unknown */
    const char *reset;           /* the reset sequence used; NULL: none */
    const char *loader;          /* "rom", "stub"; NULL: none answered */
    const char *fast;            /* "written", "proved-twice": by our own stub; NULL: by another */
    const char *phase;           /* where it ended: "sync", "write", ... */
    const char *code;            /* err_word() */
    const char *sentence, *hint; /* NULL: none */
    const char *board_state;     /* "untouched", "half-written", ... */
    int64_t bytes_written;       /* into the flash */
    int64_t wire_bytes;          /* over the wire for it, both directions */
    struct db_timing timing;
    const struct db_digest *digests;
    size_t digest_count;
    const struct db_unit_digest *unit_digests;
    size_t unit_digest_count;
};

/* Adds a finished attempt to an open run, with its digests, in one transaction. */
bool db_attempt_add(struct db *db, int64_t run_id, const struct db_attempt *attempt, struct err *e);

/* How many boards of a recipe our own stub has written that another loader has proved, too; counted
 * up to `most`. */
bool db_fast_proved(struct db *db, int64_t recipe_id, int64_t most, int64_t *count, struct err *e);

/* How one attempt went at the rate it was made at. */
struct db_rate {
    int64_t baud;
    bool failed;
};

/* Looks at the latest `runs` runs on `port`, of any station and recipe, and gives one row for each
 * attempt that says something of its rate, the latest first, at most `cap` rows; *count is their
 * number. Those are the ones that passed, and those that ended with `write`, `verify` or `baud`:
 * but for a failed write or proof after which the run kept the rate, because something else was to
 * blame. Any handle; one look into an index. */
bool db_rates(struct db *db, const char *port, int runs, struct db_rate *rates, size_t cap,
              size_t *count, struct err *e);

enum db_verdict { DB_PASS, DB_FAIL, DB_STOPPED };

struct db_run_end {
    enum db_verdict verdict;
    const char *code;            /* err_word() */
    const char *sentence, *hint; /* NULL: none */
    const char *board_state;
    const char *app_text; /* what the application said; NULL: not asked */
    int64_t ended_utc_ms, duration_ms;
    /* The label of a PASS, ordered with it, both or neither (label_rows.h). NULL: none. */
    const char *label_printer, *label_zpl;
};

/* Closes the run for good. True: the verdict is on the disk. False: it is not, and the run is still
 * open; only if the disk itself fails and the power goes right then may the row hold the verdict
 * that was not shown, never the other way round. PASS needs a board (db_board_seen). */
bool db_run_close(struct db *db, int64_t run_id, const struct db_run_end *end, struct err *e);

/* ---- Reading, on handles of db_open_reader only ---- */

/* Histories, statistics, reports and exports (db/read, db/export) stream: memory does not grow with
 * the rows, and one call sees the record as it was at its first row, whatever stations add
 * meanwhile. A callback that returns false ends the reading, and the call then returns false with
 * ERR_STATION. Callbacks must not call back into the same handle. */

/* From db_hold to db_release all calls on this reader see the record in one state, that of the
 * first of them: what is counted by several calls adds up, whatever stations add meanwhile. One
 * hold at a time. Release soon: until then the log beside the record cannot shrink. */
bool db_hold(struct db *reader, struct err *e);
bool db_release(struct db *reader, struct err *e);

/* The code of a run that passed and whose PASS a person took back (lot.h): it counts as failed. */
#define DB_CODE_CORRECTED "corrected"

#endif
