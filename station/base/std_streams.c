#include "station/base/std_streams.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void std_streams_open(void)
{
    /* From 0 on: the lowest free number is the one that open() gives. */
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF && open("/dev/null", O_RDWR) != fd)
            _exit(EXIT_FAILURE); /* nobody is there to be told */
    }
}

bool std_streams_reader_is_gone(void)
{
    struct pollfd out = { STDOUT_FILENO, POLLOUT, 0 };
    return poll(&out, 1, 0) == 1 && (out.revents & (POLLERR | POLLHUP));
}

bool std_streams_done(struct err *e)
{
    errno = 0;
    const bool ok = fflush(stdout) == 0 && !ferror(stdout);
    const int sys = errno; /* 0: it was met earlier */
    if (ok || std_streams_reader_is_gone())
        return true;
    if (sys != 0)
        err_set_sys(e, ERR_STATION, sys, "Standard output cannot be written");
    else
        err_set(e, ERR_STATION, "Standard output could not be written: some of it is lost");
    return err_hint(e, "Make room where it goes, then ask again; what a run records is in the "
                       "record all the same.");
}
