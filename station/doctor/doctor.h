/*
 * The doctor: looks beforehand at all that keeps a station from working, and says what helps.
 *
 * Design. What a check judges comes in as a struct doctor_world: files below one root, and the few
 * facts that are in no file. doctor_look fills in this machine; a test makes a tree of files and
 * facts of its own. A check is one function of doctor_*.c and one row of the table in doctor.c. It
 * only reads: no port is opened (that would reset boards), no file is made.
 */
#ifndef STATION_DOCTOR_H
#define STATION_DOCTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define DOCTOR_GROUPS_MAX 256

enum doctor_grade {
    DOCTOR_OK,
    DOCTOR_WARNING, /* works today, and may not tomorrow or not as well */
    DOCTOR_WRONG,   /* boards will not be flashed */
};

/* "ok", "warning", "wrong". */
const char *doctor_grade_word(enum doctor_grade grade);

struct doctor_line {
    enum doctor_grade grade;
    const char *check;  /* the row of the table it came from: "clock" */
    char sentence[480]; /* without the final full stop */
    char cure[400];     /* a command, or what to do; empty with DOCTOR_OK */
};

enum doctor_sync { DOCTOR_SYNC_UNKNOWN, DOCTOR_SYNC_YES, DOCTOR_SYNC_NO };

struct doctor_world {
    const char *root; /* in front of /sys, /proc, /etc, /dev, /run, /usr; "": the real ones */
    /* who runs */
    uid_t uid;
    char user[64];
    gid_t groups[DOCTOR_GROUPS_MAX]; /* of this process, with its primary one */
    size_t group_count;
    uint64_t files_soft, files_hard; /* how many files may be open */
    /* the clock */
    int64_t utc_ms;
    enum doctor_sync sync;
    /* the record, and the disk below its folder */
    const char *db_path;
    bool disk_known;
    uint64_t disk_free_bytes;
    bool disk_full_of_files; /* no file can be made any more, whatever its size */
    int64_t disk_type;       /* as statfs(2) calls it */
    size_t stubs;            /* flasher stubs built in */
};

/* This machine. `db_path` is lent. */
void doctor_look(struct doctor_world *w, const char *db_path);

/* Gets each line as it is found. */
struct doctor_sink {
    void *ctx;
    void (*line)(void *ctx, const struct doctor_line *line);
};

/* Runs all checks; gives the worst grade. */
enum doctor_grade doctor_examine(const struct doctor_world *w, const struct doctor_sink *sink);

#endif
