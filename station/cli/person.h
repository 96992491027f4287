/* Who types this command, where the station has a people file. */
#ifndef STATION_PERSON_H
#define STATION_PERSON_H

#include "db/write/act.h"
#include "station/people/people.h"

/* The people of the station file (`station_given`: behind --station; NULL: not given). True with
 * *out NULL: there is no station file, or it names none. The caller frees. */
bool person_people(const char *station_given, struct people **out, struct err *e);

/* Asks for the PIN of `name` (behind --operator), or without a name for a badge; three times on a
 * terminal. Without a people file the name is taken as it is typed, and nobody is asked. */
bool person_ask(struct people *people, const char *name, struct actor *actor, struct err *e);

/* Both, and that it is an engineer; `what` as in "close a lot". Without a people file any name
 * does, but there must be one. */
bool person_is_engineer(const char *station_given, const char *name, const char *what,
                        struct actor *actor, struct err *e);

/* Records what this person does to the station itself, before it is done, where the station file
 * names a record that is there. `text` says what it is about. */
bool person_record(const char *station_given, const struct actor *actor, const char *word,
                   const char *text, struct err *e);

/* For the record: this word, this person, now and here. `here` is the computer; all is lent. */
struct db_act person_act(const struct actor *actor, const char *word,
                         const struct db_station *here);

#endif
