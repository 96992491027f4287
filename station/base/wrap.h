/* Text into columns, as a terminal counts them: by characters, some of which take two. */
#ifndef STATION_WRAP_H
#define STATION_WRAP_H

#include <stddef.h>
#include <stdio.h>

/* How many bytes of the text fit into so many columns, in whole characters. */
size_t wrap_fit(const char *text, size_t columns);

/* Prints the text and a line end, each line behind `indent` blanks and at most `columns` wide,
 * broken between words; a word that is longer stays whole, for it may be a command. columns 0: one
 * line. */
void wrap_print(FILE *out, const char *text, size_t indent, size_t columns);

#endif
