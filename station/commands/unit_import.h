/* A recipe's section `unit` from the pair of files that mfg_gen takes. */
#ifndef STATION_UNIT_IMPORT_H
#define STATION_UNIT_IMPORT_H

#include "core/base/err.h"

struct unit_import {
    const char *config_path, *values_path;
    const char *partition; /* that the keys go to */
    const char *serial;    /* the column of the serial */
    const char *mac;       /* the column that binds rows to boards; NULL: none */
};

/* Judges both files as `nvs make` does, every value of every unit, and prints the section; what it
 * cannot hold stands in its first lines. False: *e; mistakes in the files are on standard error. */
bool unit_import_print(const struct unit_import *import, struct err *e);

#endif
