#include "station/terminal/layout.h"

#define CELL_COLUMNS_MAX 80
#define CELL_ROWS_MAX    5
#define SIGN_COLUMNS     3 /* the mark in front, a blank and the sign behind the name */

static unsigned at_least_1(unsigned n)
{
    return n > 0 ? n : 1;
}

static unsigned at_most(unsigned n, unsigned limit)
{
    return n < limit ? n : limit;
}

static void measure(const struct tile *tiles, size_t count, unsigned *columns, unsigned *rows)
{
    *columns = *rows = 1;
    for (size_t i = 0; i < count; i++) {
        if (tiles[i].column >= *columns)
            *columns = tiles[i].column + 1;
        if (tiles[i].row >= *rows)
            *rows = tiles[i].row + 1;
    }
}

/* The fewest beside each other with which all can be seen: each then has the most room. */
static unsigned fewest_columns(size_t count, unsigned rows, unsigned most)
{
    const size_t needed = (count + rows - 1) / rows;
    return at_least_1(needed < most ? (unsigned)needed : most);
}

void layout_make(struct layout *l, const struct tile *tiles, size_t count, unsigned columns,
                 unsigned rows, unsigned name_columns)
{
    const unsigned least = at_most(name_columns + SIGN_COLUMNS, at_least_1(columns));
    unsigned grid_columns, grid_rows;
    measure(tiles, count, &grid_columns, &grid_rows);
    l->as_fixture = grid_columns * least <= columns && grid_rows <= rows;
    l->columns = l->as_fixture ? grid_columns : fewest_columns(count, rows, columns / least);
    l->rows =
        l->as_fixture ? grid_rows : at_least_1((unsigned)((count + l->columns - 1) / l->columns));
    l->cell_columns = at_most(columns / l->columns, CELL_COLUMNS_MAX);
    l->cell_rows = at_least_1(at_most(rows / l->rows, CELL_ROWS_MAX));
    l->visible_rows = at_most(l->rows, at_least_1(rows / l->cell_rows));
}

void layout_place(const struct layout *l, const struct tile *tiles, size_t i, unsigned *row,
                  unsigned *column)
{
    *row = l->as_fixture ? tiles[i].row : (unsigned)i / l->columns;
    *column = l->as_fixture ? tiles[i].column : (unsigned)i % l->columns;
}

/* The nearest in that direction; one that is aside counts as farther away. */
size_t layout_step(const struct layout *l, const struct tile *tiles, size_t count, size_t from,
                   int right, int down)
{
    unsigned row, column, to_row, to_column;
    long best_way = 0;
    size_t best = from;
    if (from >= count)
        return from;
    layout_place(l, tiles, from, &row, &column);
    for (size_t i = 0; i < count; i++) {
        layout_place(l, tiles, i, &to_row, &to_column);
        const long across = (long)to_column - (long)column, along = (long)to_row - (long)row;
        const long ahead = across * right + along * down;
        const long aside = across * down + along * right;
        const long way = ahead + 3 * (aside < 0 ? -aside : aside);
        if (ahead > 0 && (best == from || way < best_way)) {
            best = i;
            best_way = way;
        }
    }
    return best;
}
