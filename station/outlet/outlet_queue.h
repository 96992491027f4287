/*
 * Events that wait for somebody out in the factory.
 *
 * The record is the queue: its chain has each event in order, before anybody is told of it
 * (db/read/news.h). What an outlet has told stands in a file beside the record, as the last link
 * that somebody has confirmed. So nothing is lost, whoever is killed when; what was told and not
 * confirmed is told again, with the same id. An outlet that is new begins with the last start of
 * the station. Memory holds a handful of events, however many wait.
 *
 * One thread. Errors: ERR_DATABASE, ERR_STATION.
 */
#ifndef STATION_OUTLET_QUEUE_H
#define STATION_OUTLET_QUEUE_H

#include "core/base/err.h"
#include "db/read/news.h"
#include "recipes/station/station_file.h"

struct outlet_queue;

struct outlet_message {
    struct db_news_mark at; /* its sha256 is the id */
    char event[16];
    char *text; /* a JSON object */
    size_t n;
};

/* Opens the record for reading, and FILE-suffix beside it, which is made if there is none.
 * *begins_anew: it was about another record, and events go on with what comes from now on. */
struct outlet_queue *outlet_queue_open(const struct station *station, const char *db_path,
                                       const char *suffix, bool *begins_anew, struct err *e);
void outlet_queue_close(struct outlet_queue *q); /* NULL is fine */

/* The next event that was not handed out yet; *m is the queue's and lives until it is confirmed.
 * *m NULL: there is none now. */
bool outlet_queue_next(struct outlet_queue *q, const struct outlet_message **m, struct err *e);

/* Somebody has the first of those that were handed out. */
void outlet_queue_confirm(struct outlet_queue *q);

/* Hands out again what is not confirmed. */
void outlet_queue_rewind(struct outlet_queue *q);

/* How many may be handed out and not confirmed. */
#define OUTLET_AHEAD 20

/* Writes down what is confirmed, on the disk, if it is more than before. */
bool outlet_queue_save(struct outlet_queue *q, struct err *e);

#endif
