/*
 * Which ports a command works on: those that were named, the slots of the station file, or every
 * USB serial port.
 */
#ifndef STATION_SLOT_CHOICE_H
#define STATION_SLOT_CHOICE_H

#include "core/ports/port_find.h"
#include "core/ports/usb_socket.h"
#include "recipes/station/station_file.h"
#include "station/cli/cmd.h"

/* Zero it; the options go into the first four. Too large for a stack that is small. */
struct slot_choice {
    const char *station_path; /* --station */
    struct option_list slots; /* --slot: names of slots and groups; none: all */
    bool quiet;               /* about slots that are left out */
    struct option_list ports; /* --port; afterwards, the port of each slot that is taken */
    /* What was chosen, as many as there are ports. */
    int numbers[OPTION_LIST_MAX];       /* of the slot, from 1 */
    const char *names[OPTION_LIST_MAX]; /* of the slot; NULL: without a station file */
    /* Lent by those above. */
    struct station *station;
    struct usb_ports *usb;
    struct port_list *found;
};

/* Fills in ports, numbers and names. With --port the station file is not looked at. A slot whose
 * adapter is missing, or which is not learned, is left out with a sentence on standard error; the
 * others keep their numbers. Afterwards slot_choice_done, also after a failure. ERR_USAGE (also
 * when no slot is left), ERR_STATION. */
bool slot_choice_make(struct slot_choice *c, struct err *e);
void slot_choice_done(struct slot_choice *c);

/* Where /sys and /dev of this machine are: "" but for a made-up machine, whose folder
 * ESPSTATION_SYSROOT names. */
const char *slot_choice_root(void);

#endif
