/*
 * Keys that were made for boards, sealed by a key of the station: a file for each, by its MAC.
 *
 * With it a board whose burns were cut short is taken up again by a later run, and one that has all
 * of them can be written again. Files are of mode 0600, in a folder that is nobody else's; each is
 * AES-256-GCM of all keys of its board, bound to its MAC, and never written over.
 */
#ifndef STATION_KEY_STORE_H
#define STATION_KEY_STORE_H

#include "core/board/board.h"
#include "station/attempt/board_own.h"
#include "station/attempt/key_token.h"

#define KEY_STORE_KEY_BYTES 32

struct key_store {
    const char *folder;
    const uint8_t *key;      /* KEY_STORE_KEY_BYTES */
    struct key_token *token; /* instead; NULL: none */
};

/* Whether the folder is there, and nobody else's. ERR_USAGE. */
bool key_store_check(const struct key_store *store, const char *name, struct err *e);

/* Puts the board's keys into own->keys, as far as there are any; none is no mistake. ERR_STATION: a
 * file that cannot be read, or is not sealed by this key for this board. */
bool key_store_load(const struct key_store *store, const struct chip_mac *mac,
                    struct board_own *own, struct err *e);

/* Keeps own->keys; on the disk when it returns. ERR_STATION, also where the board has a file. */
bool key_store_save(const struct key_store *store, const struct chip_mac *mac,
                    const struct board_own *own, struct err *e);

#endif
