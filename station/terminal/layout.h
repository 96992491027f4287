/*
 * Where tiles stand in a terminal: as they stand in the fixture where there is room for that, else
 * by number, as many beside each other as it takes for all to be seen. Pure.
 */
#ifndef STATION_LAYOUT_H
#define STATION_LAYOUT_H

#include "station/floor/tile.h"

struct layout {
    bool as_fixture;
    unsigned columns, rows;           /* so many tiles beside and above each other */
    unsigned cell_columns, cell_rows; /* what each has of the terminal, with its mark in front */
    unsigned visible_rows;            /* of tiles; the others are scrolled to */
};

/* `columns` and `rows`: what there is for all tiles, at least 1 each; `name_columns`: of the widest
 * name. */
void layout_make(struct layout *l, const struct tile *tiles, size_t count, unsigned columns,
                 unsigned rows, unsigned name_columns);

/* The place of the tile at place `i` of the list. */
void layout_place(const struct layout *l, const struct tile *tiles, size_t i, unsigned *row,
                  unsigned *column);

/* The tile that an arrow key leads to from the one at place `from`; itself if there is none. */
size_t layout_step(const struct layout *l, const struct tile *tiles, size_t count, size_t from,
                   int right, int down);

#endif
