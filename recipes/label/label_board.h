/*
 * What a label can say of a board: the values behind {mac}, {lot} and the rest. The values of a
 * unit are added by whoever knows them.
 */
#ifndef RECIPES_LABEL_BOARD_H
#define RECIPES_LABEL_BOARD_H

#include "recipes/label/label.h"

#define LABEL_VALUES_MAX 64

/* Texts are lent; NULL or "": there is none, and a label that asks for it is refused. */
struct label_board {
    const char *mac; /* in any of the record's forms */
    const char *chip, *recipe, *version, *lot, *operator_name;
    int64_t run_id;
    int slot;
    int64_t utc_ms; /* when the run began */
};

/* Values with the texts that they need. A plain value, but not to be copied. */
struct label_room {
    struct label_value rows[LABEL_VALUES_MAX];
    size_t count;
    char mac[24], mac_digits[24], run[24], slot[12], date[16];
};

/* The names of all values of a board; NULL at the end. */
extern const char *const label_board_names[];

/* Fills in what the board has. */
void label_room_of(struct label_room *room, const struct label_board *board);

/* Adds one more; both texts are lent. False: there is no room, or the name is taken. */
bool label_room_add(struct label_room *room, const char *name, const char *text);

/* The same, or another text for a name that is there already. */
bool label_room_set(struct label_room *room, const char *name, const char *text);

/* Lent as long as the room. */
struct label_values label_room_values(const struct label_room *room);

/* The longest that a board of this recipe, lot and operator can bring: what is not known yet is
 * filled with the widest there is. `mac_bytes`: 6, or 8 for chips whose MAC is an EUI-64. */
void label_board_longest(struct label_board *board, size_t mac_bytes);

#endif
