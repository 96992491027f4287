/*
 * The people of a station: who they are, what they may, and how they prove it.
 *
 * A people file (recipes/people/people_file.h) has a name, a role and a PIN or badge for each. PINs
 * and badges are kept as scrypt digests alone. The file is read again as soon as it was replaced,
 * so whoever was removed cannot log in any more, and whoever asks people_find is told.
 *
 * NULL people stand for a station without a people file: any name is taken as it is typed, as an
 * engineer's, without PIN.
 *
 * Tries are limited: after PEOPLE_TRIES wrong PINs in a row for one name, or PEOPLE_TRIES_ALL wrong
 * PINs and badges within a minute for all together, a log-in is refused for a minute without
 * looking at the PIN. The counts live as long as the struct.
 *
 * Threads: any, several at once. A log-in takes about a tenth of a second and 32 MiB of one
 * processor; one goes on at a time, so it must not stand in the way of a slot's thread.
 */
#ifndef STATION_PEOPLE_H
#define STATION_PEOPLE_H

#include "core/base/clock.h"
#include "station/people/role.h"

#include <stddef.h>

#define PEOPLE_TRIES     5
#define PEOPLE_TRIES_ALL 20
#define PEOPLE_PAUSE_MS  60000

struct people;

/* Reads the people file. NULL: ERR_USAGE for one that is not there, that others than its owner may
 * read or write, or that has a mistake; ERR_STATION. The clock is lent. */
struct people *people_load(const char *path, const struct clock *clock, struct err *e);
void people_free(struct people *p); /* NULL is fine */

/* Who logs in by name and PIN. ERR_USAGE: wrong, or too many tries; whether a name is known is
 * neither said nor to be measured. ERR_STATION. */
bool people_log_in(struct people *p, const char *name, const char *pin, struct actor *actor,
                   struct err *e);

/* The same by a badge alone, as a scanner types it. Without a people file there are no badges:
 * ERR_USAGE. */
bool people_log_in_badge(struct people *p, const char *badge, struct actor *actor, struct err *e);

/* Whether this name is (still) in the people file, and its role now: for those who stay logged in.
 * Compares the name and nothing else; quick. Without a people file: any name but "". */
bool people_find(struct people *p, const char *name, struct actor *actor);

/* How many there are; 0 without a people file. */
size_t people_count(struct people *p);

/* ---- Changing the file: people_edit.c, for the command alone ---- */

/* The new text of a people file from a change of what it says now, written as a whole (mode 0600)
 * while no other process changes it. The change may refuse with *e. A file that is not there yet is
 * one without people. ERR_USAGE, ERR_STATION. */
struct people_file;
bool people_edit(const char *path, const struct clock *clock,
                 bool (*change)(void *ctx, struct people_file *file, struct err *e), void *ctx,
                 struct err *e);

struct people_new {
    const char *name;
    enum role role;
    const char *pin, *badge; /* NULL: none; one of the two at least */
};

/* For `change`: each refuses what would leave a file that nobody can use. */
bool people_add(struct people_file *file, const struct people_new *person, struct err *e);
bool people_remove(struct people_file *file, const char *name, struct err *e);
bool people_set_secret(struct people_file *file, const char *name, const char *pin,
                       const char *badge, struct err *e); /* NULL: stays as it is */

#endif
