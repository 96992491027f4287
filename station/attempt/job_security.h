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

/* The plan for this board, whose fuses read so. The caller wipes it. What fuse_plan_make fails
 * with. */
bool job_security_judge(const struct job_security *s, const struct board *b,
                        const struct fuse_words *words, struct fuse_plan *plan, struct err *e);

#endif
