/* Reading what a file was found to hold, whatever interrupts it. */
#ifndef CORE_READ_ALL_H
#define CORE_READ_ALL_H

#include <stdbool.h>
#include <stddef.h>

/* Reads up to n bytes and tells in *have how many there were: fewer when the file has shrunk since
 * it was measured, which the caller judges. False: errno says what failed, and *have what came
 * before. Any thread. */
bool read_all(int fd, void *bytes, size_t n, size_t *have);

#endif
