#include "station/base/infile.h"

#include "core/base/read_all.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static bool fail(const char *path, int sys, struct err *e)
{
    err_set_sys(e, ERR_USAGE, sys, "'%.120s' cannot be read", path);
    return err_hint(e, "Check the name and your rights: ls -l");
}

static bool judge(const char *path, const struct stat *st, size_t max_bytes, struct err *e)
{
    if (!S_ISREG(st->st_mode))
        return err_set(e, ERR_USAGE, "'%.120s' is %s, not a file", path,
                       S_ISDIR(st->st_mode) ? "a folder" : "a device or a pipe");
    return (uintmax_t)st->st_size <= max_bytes ||
           err_set(e, ERR_USAGE, "'%.120s' has %jd bytes, and %zu are the most here", path,
                   (intmax_t)st->st_size, max_bytes);
}

static bool read_it(const char *path, int fd, size_t size, uint8_t **bytes, size_t *n,
                    struct err *e)
{
    *bytes = malloc(size + 1);
    if (!*bytes)
        return err_set(e, ERR_STATION, "Out of memory for '%.120s'", path);
    if (read_all(fd, *bytes, size, n) && *n == size)
        return true;
    const int sys = errno;
    const bool shrunk = *n < size && sys == 0;
    free(*bytes);
    *bytes = NULL;
    return shrunk ? err_set(e, ERR_USAGE, "'%.120s' got shorter while it was read", path)
                  : fail(path, sys, e);
}

/* O_NONBLOCK keeps a FIFO without a writer from blocking us until it is seen to be one. */
bool infile_read(const char *path, size_t max_bytes, uint8_t **bytes, size_t *n, struct err *e)
{
    struct stat st;
    *bytes = NULL;
    *n = 0;
    const int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return fail(path, errno, e);
    bool ok = fstat(fd, &st) == 0 || fail(path, errno, e);
    errno = 0;
    ok = ok && judge(path, &st, max_bytes, e) && read_it(path, fd, (size_t)st.st_size, bytes, n, e);
    close(fd);
    return ok;
}
