#include "station/base/outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool fail(const struct outfile *f, int sys, struct err *e)
{
    err_set_sys(e, ERR_STATION, sys, "'%.100s' cannot be written", f->path);
    if (sys == ENOSPC || sys == EDQUOT || sys == EFBIG)
        return err_hint(e, "Make room on that disk, then try again; no half file was left there.");
    return err_hint(e, "Check the folder and your rights in it (ls -ld), or give another file.");
}

static bool set_paths(struct outfile *f, const char *path, struct err *e)
{
    const int n = snprintf(f->path, sizeof f->path, "%s", path);
    if (n > 0 && (size_t)n < sizeof f->path) {
        snprintf(f->part_path, sizeof f->part_path, "%s.XXXXXX", f->path);
        return true;
    }
    err_set(e, ERR_USAGE, "The file name behind -o is %s", n == 0 ? "empty" : "too long");
    return err_hint(e, "Give a name, as in -o runs.csv.");
}

/* The file itself, its log and its journal; the first bytes are of SQLite's file format. */
static bool is_database(const char *path)
{
    static const char *const begins[] = { "SQLite format 3", "\x37\x7f\x06\x82", "\x37\x7f\x06\x83",
                                          "\xd9\xd5\x05\xf9\x20\xa1\x63\xd7" };
    char bytes[16] = "";
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    const ssize_t n = fd >= 0 ? read(fd, bytes, sizeof bytes) : 0;
    if (fd >= 0)
        close(fd);
    for (size_t i = 0; n == sizeof bytes && i < sizeof begins / sizeof begins[0]; i++) {
        if (memcmp(bytes, begins[i], strlen(begins[i])) == 0)
            return true;
    }
    return false;
}

static bool check_place(const struct outfile *f, struct err *e)
{
    struct stat st;
    if (stat(f->path, &st) != 0)
        return true;
    if (S_ISREG(st.st_mode) && is_database(f->path)) {
        err_set(e, ERR_USAGE, "'%.100s' is a database, perhaps a record: it is not written over",
                f->path);
        return err_hint(e, "Give another name with -o.");
    }
    if (S_ISREG(st.st_mode))
        return true;
    err_set(e, ERR_USAGE, "'%.100s' is %s, not a file", f->path,
            S_ISDIR(st.st_mode) ? "a folder" : "a device or a pipe");
    return err_hint(e, "Give a file with -o, or leave -o out to write to standard output.");
}

/* What any new file gets. */
static bool set_mode(int fd)
{
    const mode_t mask = umask(0);
    umask(mask);
    return fchmod(fd, 0666 & ~mask) == 0;
}

bool outfile_open_private(struct outfile *f, const char *path, struct err *e)
{
    f->fd = -1;
    if (!set_paths(f, path, e) || !check_place(f, e))
        return false;
    f->fd = mkostemp(f->part_path, O_CLOEXEC); /* mode 0600 */
    return f->fd >= 0 || fail(f, errno, e);
}

bool outfile_open(struct outfile *f, const char *path, struct err *e)
{
    if (!outfile_open_private(f, path, e))
        return false;
    if (set_mode(f->fd))
        return true;
    const int sys = errno;
    outfile_drop(f);
    return fail(f, sys, e);
}

bool outfile_spares(const char *path, const char *const *reads, size_t count, struct err *e)
{
    struct stat out, in;
    if (stat(path, &out) != 0)
        return true;
    for (size_t i = 0; i < count; i++) {
        if (!reads[i] || stat(reads[i], &in) != 0 || in.st_dev != out.st_dev ||
            in.st_ino != out.st_ino)
            continue;
        err_set(e, ERR_USAGE, "'%.100s' is read by this command: it is not written over", path);
        return err_hint(e, "Give another name with -o.");
    }
    return true;
}

bool outfile_write_all(int fd, const void *bytes, size_t n)
{
    const char *p = bytes;
    while (n > 0) {
        const ssize_t done = write(fd, p, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return false;
        p += done;
        n -= (size_t)done;
    }
    return true;
}

bool outfile_write(struct outfile *f, const void *bytes, size_t n, struct err *e)
{
    return outfile_write_all(f->fd, bytes, n) || fail(f, errno, e);
}

/* So that the new name is on the disk as well. A folder that may not be opened for that still has
 * the file. */
static void sync_folder(const struct outfile *f)
{
    char folder[sizeof f->path];
    const char *slash = strrchr(f->path, '/');
    if (!slash)
        snprintf(folder, sizeof folder, ".");
    else
        snprintf(folder, sizeof folder, "%.*s", slash == f->path ? 1 : (int)(slash - f->path),
                 f->path);
    const int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return;
    fsync(fd);
    close(fd);
}

bool outfile_keep(struct outfile *f, struct err *e)
{
    int sys = fsync(f->fd) == 0 ? 0 : errno;
    if (close(f->fd) != 0 && sys == 0)
        sys = errno;
    f->fd = -1;
    if (sys == 0 && rename(f->part_path, f->path) != 0)
        sys = errno;
    if (sys == 0) {
        sync_folder(f);
        return true;
    }
    unlink(f->part_path);
    return fail(f, sys, e);
}

void outfile_drop(struct outfile *f)
{
    if (f->fd < 0)
        return;
    close(f->fd);
    unlink(f->part_path);
    f->fd = -1;
}
