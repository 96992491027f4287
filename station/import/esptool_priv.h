/* Between a command line (import_command.c) and its options (import_esptool.c). */
#ifndef STATION_ESPTOOL_PRIV_H
#define STATION_ESPTOOL_PRIV_H

#include "station/import/import.h"

#define IMPORT_COMMAND_BYTES 64 /* of the name of an option or a command */

/* A row of words; the present one is at `at`. */
struct import_line {
    struct import *im;
    const char *folder;
    const char *const *words;
    size_t count, at;
};

/* The option at the present word, with its value. */
bool import_take_global(struct import_line *l, struct err *e);

/* All words from the present one on, as they follow write-flash. */
bool import_take_write_words(struct import_line *l, struct err *e);

/* Both spellings as the new one; a value behind `=`, or sticking to a letter, stays as it is. */
void import_with_dashes(const char *word, char *name, size_t cap);

#endif
