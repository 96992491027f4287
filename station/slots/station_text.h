/*
 * Changing one socket in the text of a station file, and nothing else: comments, order and spelling
 * stay as a person wrote them. Pure.
 */
#ifndef STATION_STATION_TEXT_H
#define STATION_STATION_TEXT_H

#include "core/base/err.h"
#include "recipes/station/station_file.h"

/* A new text, in which the slot `name` has `socket`: in its place, or as a new slot behind the
 * last. `station` is what `text` says; NULL: there is no text yet, and one is made for a station
 * called `title`. The caller frees. NULL: ERR_USAGE, with what to write by hand, when the text is
 * of a form that cannot be changed safely, or the slot has a `port`; ERR_STATION for want of
 * memory. What is given has been read again, and says the same as before but for that slot. */
char *station_text_set(const struct station *station, const char *text, size_t n, const char *title,
                       const char *name, const char *socket, struct err *e);

#endif
