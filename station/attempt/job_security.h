/*
 * What a job knows of fuses: the recipe's wish with its keys read, and what each board lacks of it.
 *
 * Keys are read once, when the job is made, into memory that is never swapped, and wiped with it;
 * the process leaves no core dump from then on. Immutable once made: any thread.
 */
#ifndef STATION_JOB_SECURITY_H
#define STATION_JOB_SECURITY_H

#include "core/board/board.h"
#include "core/fuses/fuse_plan.h"
#include "recipes/recipe.h"
#include "station/attempt/board_own.h"

struct job_security;

/* Reads the keys, and judges images and wish for a chip on which nothing is burnt. `entries` says
 * of each of the plan's sources which of the recipe's images it came from. Mistakes go into
 * *report. NULL: ERR_STATION, for want of memory. A recipe without the section has one that asks
 * nothing. */
struct job_security *job_security_new(const struct recipe *r, const struct plan *p,
                                      const size_t *entries, struct doc_report *report,
                                      struct err *e);
void job_security_free(struct job_security *s); /* NULL is fine */

bool job_security_asked(const struct job_security *s);

/* The plan for a chip on which nothing is burnt, of its newest revision. Lent. */
const struct fuse_plan *job_security_plan(const struct job_security *s);

/* Whether anything may be burnt for this recipe at all, with whatever board: what the flash holds
 * is proved, the board's start is, and all that it takes is known. ERR_RECIPE with what is
 * missing. */
bool job_security_may_burn(const struct job_security *s, struct err *e);

/* Whether this station encrypts the images. */
bool job_security_encrypts(const struct job_security *s);

/* The plan for this board, whose fuses read so, with what the run has of its own for it (NULL:
 * nothing). The caller wipes it. What fuse_plan_make fails with. */
bool job_security_judge(const struct job_security *s, const struct board *b,
                        const struct fuse_words *words, const struct board_own *own,
                        struct fuse_plan *plan, struct err *e);

/* Where the recipe keeps such keys: those that were made for this board, if any. ERR_STATION. */
bool job_security_find_keys(const struct job_security *s, const struct board *b,
                            struct board_own *own, struct err *e);
bool job_security_keeps_keys(const struct job_security *s);

/* Makes the keys that are the board's own and were not made yet, by the kernel's random source, and
 * keeps them where the recipe says so, before anything is burnt. ERR_STATION. */
bool job_security_make_keys(const struct job_security *s, const struct board *b,
                            const struct fuse_words *words, struct board_own *own, struct err *e);

/* The key of the flash, for who encrypts images; the caller wipes it. False: nobody has it, for it
 * is the board's own and was made in another run. */
bool job_security_flash_key(const struct job_security *s, const struct board_own *own,
                            struct flash_crypt_key *key);

/* Whether that key is the same for all boards. */
bool job_security_shares_key(const struct job_security *s);

/* Whether the wish has keys of each board's own. */
bool job_security_makes_keys(const struct job_security *s);

/* The name of the unit's value with the product's MAC; NULL: it has none. */
const char *job_security_mac(const struct job_security *s);

/* The name of the unit's value that holds key `i` of struct board_own; NULL: none does. And takes
 * it, 64 hexadecimal digits. False: it is none. */
const char *job_security_key_value(const struct job_security *s, size_t i);
bool job_security_take_key(const struct job_security *s, size_t i, const char *hex,
                           struct board_own *own);

/* The first value of the unit that fuses are to hold and that is not known yet; NULL: all are. */
const char *job_security_awaits(const struct job_security *s, const struct board_own *own);
bool job_security_uses_unit(const struct job_security *s);

/* Where the board gets a partition with a certificate, and a key to sign for it: whether they
 * belong together. ERR_UNIT. */
bool job_security_judge_certs(const struct job_security *s, const struct board_own *own,
                              const struct plan_variant *v, struct err *e);

#endif
