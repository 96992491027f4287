#include "station/base/edit_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { EDIT_WAIT_MS = 5000, EDIT_LOOK_MS = 50 };

static int open_folder(const char *path, const char *what, struct err *e)
{
    char folder[4096] = ".";
    const char *const slash = strrchr(path, '/');
    if (slash)
        snprintf(folder, sizeof folder, "%.*s", slash == path ? 1 : (int)(slash - path), path);
    const int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        err_set_sys(e, ERR_USAGE, errno, "The folder of the %s %.100s cannot be read", what, path);
    return fd;
}

static bool lock_folder(int fd, const char *path, const char *what, const struct clock *clock,
                        struct err *e)
{
    const struct deadline end = deadline_in_ms(clock, EDIT_WAIT_MS);
    while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return err_set_sys(e, ERR_STATION, errno, "The %s %.100s cannot be locked", what, path);
        if (deadline_over(clock, end))
            return err_set(e, ERR_STATION, "Somebody else is changing the %s %.100s", what, path);
        clock->sleep_until(clock, deadline_in_ms(clock, EDIT_LOOK_MS).at_us, -1);
    }
    return true;
}

int edit_lock(const char *path, const char *what, const struct clock *clock, struct err *e)
{
    const int fd = open_folder(path, what, e);
    if (fd < 0 || lock_folder(fd, path, what, clock, e))
        return fd;
    close(fd);
    return -1;
}
