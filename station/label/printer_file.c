/* A file that labels are added to: for trials, and for programs that print by themselves. */
#include "station/label/printer_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *path_of(const struct printer *p)
{
    return p->config->to + strlen("file:");
}

static bool file_ready(struct printer *p, struct err *e)
{
    (void)p;
    (void)e;
    return true;
}

static enum printer_sent refuse(const struct printer *p, struct err *e, const char *what)
{
    err_set_sys(e, ERR_STATION, errno, "%.150s %s", path_of(p), what);
    err_hint(e, "See to the file's folder and to the room on its disk.");
    return PRINTER_NOT_SENT;
}

static bool write_all(int fd, const char *zpl, size_t n)
{
    for (size_t done = 0; done < n;) {
        const ssize_t put = write(fd, zpl + done, n - done);
        if (put < 0 && errno != EINTR)
            return false;
        done += put > 0 ? (size_t)put : 0;
    }
    return fsync(fd) == 0 || errno == EINVAL; /* a device has nothing to keep */
}

/* All of it or nothing: it is sent again, so what may have been kept of it is taken away. */
static bool append(int fd, const char *zpl, size_t n)
{
    const off_t before = lseek(fd, 0, SEEK_END);
    if (before < 0)
        return false;
    if (write_all(fd, zpl, n))
        return true;
    const int sys = errno;
    const bool undone = ftruncate(fd, before) == 0;
    errno = undone ? sys : EIO;
    return false;
}

static enum printer_sent file_send(struct printer *p, const char *zpl, const char *title,
                                   struct err *e)
{
    (void)title;
    const int fd = open(path_of(p), O_WRONLY | O_CREAT | O_APPEND | O_NONBLOCK | O_CLOEXEC, 0644);
    if (fd < 0)
        return refuse(p, e, "cannot be opened");
    enum printer_sent sent = PRINTER_SENT;
    if (flock(fd, LOCK_EX | LOCK_NB) != 0)
        sent = refuse(p, e, "is in use by another program");
    else if (!append(fd, zpl, strlen(zpl)))
        sent = refuse(p, e, "cannot be written");
    close(fd);
    return sent;
}

static enum printer_look file_look(struct printer *p, struct err *e)
{
    (void)p;
    (void)e;
    return PRINTER_DONE;
}

static void file_close(struct printer *p)
{
    (void)p;
}

const struct printer_ops printer_file = {
    "file:", sizeof(struct printer), false, file_ready, file_send, file_look, file_close
};
