/*
 * Text for a terminal, by columns: what takes two counts as two, what cannot be shown is a '?'.
 * Pure but for the locale, which the process has set.
 */
#ifndef STATION_COLUMNS_H
#define STATION_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>
#include <wchar.h>

/* Whether the terminal takes UTF-8; without, all that is no ASCII is a '?'. */
bool columns_has_utf8(void);

/* Turns UTF-8 into wide characters, as many as fit into `columns` and into `cap` with the end mark.
 * Returns how many columns they take. *rest: where the text was cut; NULL: not wanted. */
unsigned columns_take(const char *text, unsigned columns, wchar_t *wide, size_t cap,
                      const char **rest);

/* How many columns the whole text takes. */
unsigned columns_of(const char *text);

/* Likewise as much as fits on one line of a text that is broken between words. `text` is moved to
 * the next line's first word; at its end false. */
bool columns_line(const char **text, unsigned columns, wchar_t *wide, size_t cap);

#endif
