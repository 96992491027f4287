/*
 * Which stations live: each holds a lock that the kernel lets go of when its process ends.
 *
 * Beside the record lies FILE-stations, with a random word in it and nothing else. Station N holds
 * byte N of it by an OFD lock, from before its row is committed until its handle is closed. The
 * kernel keeps such a lock with the file, so it is seen from every container and every PID
 * namespace that shares the record, under whatever host name, and a number that was given to
 * another process does not matter. The row has the word: for a copy of the record, which lies
 * beside another file of locks or none, the locks then say nothing rather than something wrong.
 */
#ifndef DB_PRESENCE_H
#define DB_PRESENCE_H

#include "db/store/handle.h"

enum { PRESENCE_WORD_CAP = 33 };

enum presence {
    PRESENCE_UNKNOWN, /* the locks here know nothing of this station */
    PRESENCE_GONE,
    PRESENCE_HELD,
};

/* Takes the lock of the station that will have this id, and gives the word for its row. False where
 * no lock can be had (the folder, the rights, the file system); the word is empty then. Belongs
 * into the write transaction that adds the row: nobody else makes the file meanwhile. */
bool presence_take(struct db *db, int64_t station_id, char word[static PRESENCE_WORD_CAP]);

/* Asks for the lock of a station whose row has this word. */
enum presence presence_of(const struct db *db, int64_t station_id, const char *word);

/* Lets go; nothing held is fine. */
void presence_end(struct db *db);

/* Whether the record lies on a disk of this machine, where no other kernel can have it open. In
 * doubt it does not. */
bool presence_is_local(const struct db *db);

#endif
