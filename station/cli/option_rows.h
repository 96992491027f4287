/* Rows of options that several commands have: one word and one sentence for one thing. */
#ifndef STATION_OPTION_ROWS_H
#define STATION_OPTION_ROWS_H

#include "station/cli/cmd.h"

#define DEFAULT_DB "espstation.db"

/* `to` is the place of the value: what a struct option_row has for it. */
#define OPTION_DB(to)                                                                              \
    {                                                                                              \
        "--db", "FILE", "the record; default: that of the station file, or " DEFAULT_DB, NULL,     \
            (to), NULL                                                                             \
    }
#define OPTION_PORTS(what_for, to)                                                                 \
    {                                                                                              \
        "--port", "PORT",                                                                          \
            "a port to " what_for "; repeat it. Default: the slots of the station file, or every " \
            "USB serial port",                                                                     \
            NULL, NULL, (to)                                                                       \
    }
#define OPTION_STATION(to)                                                                         \
    {                                                                                              \
        "--station", "FILE", "the station file; see: espstation station --help", NULL, (to), NULL  \
    }
#define OPTION_SLOTS(what_for, to)                                                                 \
    {                                                                                              \
        "--slot", "NAME", "a slot or group of the station file to " what_for "; repeat it", NULL,  \
            NULL, (to)                                                                             \
    }
#define OPTION_NEW_LOT(to)                                                                         \
    {                                                                                              \
        "--new-lot", NULL, "open the lot, without limits, if there is none of that name", (to),    \
            NULL, NULL                                                                             \
    }
#define OPTION_STUBS(to)                                                                           \
    {                                                                                              \
        "--stubs", "DIR", "flasher stubs to use instead of those built in", NULL, (to), NULL       \
    }
#define OPTION_RESET(to)                                                                           \
    {                                                                                              \
        "--reset", "NAME", "auto, classic, tight, usb-jtag, none, or a sequence", NULL, (to), NULL \
    }
#define OPTION_ROM(to)                                                                             \
    {                                                                                              \
        "--rom", NULL, "do without the flasher stub", (to), NULL, NULL                             \
    }
#define OPTION_JSON(to)                                                                            \
    {                                                                                              \
        "--json", NULL, "JSON lines on standard output", (to), NULL, NULL                          \
    }
#define OPTION_PLAIN(to)                                                                           \
    {                                                                                              \
        "--plain", NULL, "one line per event, also on a terminal", (to), NULL, NULL                \
    }

#endif
