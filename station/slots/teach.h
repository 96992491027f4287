/* Names the slots of a fixture together with a person who plugs one adapter after the other. */
#ifndef STATION_TEACH_H
#define STATION_TEACH_H

#include "station/cli/cmd.h"

struct teach_order {
    const char *station_path; /* --station; NULL: the one that is found, or ./station.yaml */
    const char *const *names;
    size_t name_count; /* 0: the slots of the file that are not learned */
    bool by_speech;
    uint32_t wait_ms; /* ends when nothing came for so long; 0: never */
};

/* Asks for each name, and enters each into the file as soon as it is known. EXIT_PASSED: all were
 * learned or skipped; EXIT_BOARD: it ended before. Says on standard error what went wrong. */
enum exit_status teach(const struct teach_order *order);

#endif
