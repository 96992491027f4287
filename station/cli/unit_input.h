/*
 * Values of units from a command line, or from standard input line by line.
 */
#ifndef STATION_UNIT_INPUT_H
#define STATION_UNIT_INPUT_H

#include "station/cli/cmd.h"

#include <stddef.h>

#define UNIT_LINE_BYTES 9216

/* Reads lines of "NAME=VALUE" or "SLOT NAME=VALUE". */
struct unit_input {
    int fd;
    int only_slot; /* the number of the only slot; 0: a line names its slot */
    /* A value, to be judged and kept. False: *e, which is shown. */
    bool (*give)(void *ctx, int slot, const char *name, const char *text, struct err *e);
    void *ctx;
    char line[UNIT_LINE_BYTES];
    size_t used;
    size_t number; /* of the last line */
    bool skips;    /* the rest of a line that is too long */
};

/* Takes what there is to read; for struct attend_input. False at the end of the input. Tells of
 * each line that is refused, on standard error, without its value. */
bool unit_input_take(void *input);

/* Gives each "NAME=VALUE" of an option to `slot`. */
bool unit_input_options(struct unit_input *input, const struct option_list *options, int slot,
                        struct err *e);

#endif
