/*
 * Who has a device open: for the message that a port is busy.
 */
#ifndef CORE_PORT_HOLDER_H
#define CORE_PORT_HOLDER_H

#include "core/base/err.h"

#include <stdbool.h>
#include <sys/types.h>

struct port_holder {
    pid_t pid;
    char program[32]; /* its name as the kernel has it, cut at 15 characters; may be empty */
};

/* Looks through /proc for a process that has `device` open, by its real path (/dev/ttyUSB0). False:
 * none found; another user's processes show only to root. Takes some milliseconds and looks at a
 * bounded number of descriptors. */
bool port_holder_find(const char *device, struct port_holder *holder);

/* The same for a process that is known already. */
void port_holder_of_pid(pid_t pid, struct port_holder *holder);

/* Sets ERR_PORT_BUSY with the holder's name and what to do about it. Returns false. */
bool port_holder_busy(const char *where, const struct port_holder *holder, struct err *e);

#endif
