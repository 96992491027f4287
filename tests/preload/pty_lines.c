/*
 * Gives pseudo-terminals what only serial ports have: an entry in /sys/class/tty, and DTR and RTS.
 * Loaded with LD_PRELOAD in front of a program that drives ports through libserialport, so that
 * its whole serial path runs on a kernel tty without hardware.
 *
 *   PTY_LINES_LOG      a file: gets a line for each change, "MICROSECONDS DEVICE DTR RTS CALL"
 *   PTY_LINES_CONTROL  the control socket of the virtual fixture: is told each change of a slot
 *   PTY_LINES_DIR      ...where DIR/slotN is a link to the slot's pty
 *   PTY_LINES_USB      VID:PID:SERIAL in hexadecimal: what the made-up adapter is
 *   PTY_LINES_DELAY_US so long each change takes, as on a slow serial server
 *   PTY_LINES_NONE     set: leave the modem ioctls alone, which then fail on a pty
 *
 * As the kernel does, the first open raises both lines in one step, and the last close drops them
 * when HUPCL is set. State is per process: open a pty from one process only.
 */
#include <asm/termbits.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define PTYS            256
#define SLOTS           64
#define CONTROL_MS      2000
#define BOTH            (TIOCM_DTR | TIOCM_RTS)
#define SYS_PTS         "/sys/class/tty/pts/"
#define PTS_MAJOR       136 /* ...to 143: the slave ends */
#define PTS_MAJORS      8
#define MINOR_PER_MAJOR 256

static struct {
    unsigned opens;
    int lines;
} ptys[PTYS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* The next definition of a function, as an address: ISO C knows no cast between the two kinds. */
#define NEXT(fn, name)                                                                             \
    do {                                                                                           \
        void *address = dlsym(RTLD_NEXT, name);                                                    \
        memcpy(&(fn), &address, sizeof address);                                                   \
    } while (0)

typedef int open_fn(const char *path, int flags, ...);
typedef int close_fn(int fd);
typedef int ioctl_fn(int fd, unsigned long request, ...);
typedef int lstat_fn(const char *path, struct stat *st);
typedef int lxstat_fn(int version, const char *path, struct stat *st);
typedef ssize_t readlink_fn(const char *path, char *buf, size_t cap);
typedef FILE *fopen_fn(const char *path, const char *mode);

/* ---- Telling ---- */

static void tell_log(int pty, int lines, const char *call)
{
    const char *path = getenv("PTY_LINES_LOG");
    if (!path)
        return;
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    char text[128];
    int n = snprintf(text, sizeof text, "%lld /dev/pts/%d %d %d %s\n",
                     (long long)t.tv_sec * 1000000 + t.tv_nsec / 1000, pty,
                     (lines & TIOCM_DTR) != 0, (lines & TIOCM_RTS) != 0, call);
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, text, (size_t)n) != n)
        fprintf(stderr, "pty_lines: cannot write %s\n", path);
    if (fd >= 0)
        close(fd);
}

/* The slot whose link leads to this pty, or -1. */
static int slot_of(int pty)
{
    const char *dir = getenv("PTY_LINES_DIR");
    char device[32];
    snprintf(device, sizeof device, "/dev/pts/%d", pty);
    for (int slot = 0; dir && slot < SLOTS; slot++) {
        char path[PATH_MAX];
        char target[PATH_MAX];
        snprintf(path, sizeof path, "%s/slot%d", dir, slot);
        ssize_t n = readlink(path, target, sizeof target - 1);
        target[n > 0 ? n : 0] = '\0';
        if (strcmp(target, device) == 0)
            return slot;
    }
    return -1;
}

static bool ask_control(int fd, const char *command)
{
    char answer[64] = "";
    struct pollfd wait = { .fd = fd, .events = POLLIN };
    size_t n = strlen(command);
    if (send(fd, command, n, MSG_NOSIGNAL) != (ssize_t)n || poll(&wait, 1, CONTROL_MS) != 1)
        return false;
    return recv(fd, answer, sizeof answer - 1, 0) >= 2 && strncmp(answer, "ok", 2) == 0;
}

static void tell_control(int pty, int lines)
{
    const char *path = getenv("PTY_LINES_CONTROL");
    int slot = path ? slot_of(pty) : -1;
    if (slot < 0)
        return;
    char command[64];
    snprintf(command, sizeof command, "lines %d %d %d\n", slot, (lines & TIOCM_DTR) != 0,
             (lines & TIOCM_RTS) != 0);
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    snprintf(to.sun_path, sizeof to.sun_path, "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&to, sizeof to) < 0 ||
        !ask_control(fd, command))
        fprintf(stderr, "pty_lines: the fixture at %s did not take '%.*s'\n", path,
                (int)strcspn(command, "\n"), command);
    if (fd >= 0)
        close(fd);
}

/* ---- The lines ---- */

/* The number of a pty's slave end, or -1 for any other descriptor. */
static int pty_of(int fd)
{
    struct stat st;
    if (fstat(fd, &st) < 0 || !S_ISCHR(st.st_mode))
        return -1;
    unsigned number = (major(st.st_rdev) - PTS_MAJOR) * MINOR_PER_MAJOR + minor(st.st_rdev);
    if (major(st.st_rdev) < PTS_MAJOR || major(st.st_rdev) >= PTS_MAJOR + PTS_MAJORS)
        return -1;
    return number < PTYS ? (int)number : -1;
}

static void change(int pty, int clear, int set, const char *call)
{
    pthread_mutex_lock(&lock);
    int lines = ((ptys[pty].lines & ~clear) | set) & BOTH;
    ptys[pty].lines = lines;
    pthread_mutex_unlock(&lock);
    tell_log(pty, lines, call);
    tell_control(pty, lines);
}

static bool is_modem(unsigned long request)
{
    return request == TIOCMGET || request == TIOCMSET || request == TIOCMBIS || request == TIOCMBIC;
}

static void modem(int pty, unsigned long request, int *bits)
{
    switch (request) {
    case TIOCMGET:
        pthread_mutex_lock(&lock);
        *bits = ptys[pty].lines;
        pthread_mutex_unlock(&lock);
        break;
    case TIOCMSET:
        change(pty, BOTH, *bits, "TIOCMSET");
        break;
    case TIOCMBIS:
        change(pty, 0, *bits, "TIOCMBIS");
        break;
    case TIOCMBIC:
        change(pty, *bits, 0, "TIOCMBIC");
        break;
    }
}

static void take_time(unsigned long request)
{
    const char *text = getenv("PTY_LINES_DELAY_US");
    if (!text || request == TIOCMGET)
        return;
    const long us = strtol(text, NULL, 10);
    const struct timespec t = { us / 1000000, us % 1000000 * 1000 };
    nanosleep(&t, NULL);
}

int ioctl(int fd, unsigned long request, ...)
{
    static ioctl_fn *next;
    if (!next)
        NEXT(next, "ioctl");
    va_list ap;
    va_start(ap, request);
    void *arg = va_arg(ap, void *);
    va_end(ap);
    int pty = is_modem(request) && !getenv("PTY_LINES_NONE") ? pty_of(fd) : -1;
    if (pty < 0)
        return next(fd, request, arg);
    /* A hung-up port answers EIO to everything, and so does its pty. */
    struct termios t;
    if (next(fd, TCGETS, &t) < 0)
        return -1;
    take_time(request);
    modem(pty, request, arg);
    return 0;
}

/* ---- Opening and closing ---- */

static int opened(int fd)
{
    int saved = errno;
    int pty = fd >= 0 ? pty_of(fd) : -1;
    if (pty >= 0) {
        pthread_mutex_lock(&lock);
        bool first = ptys[pty].opens++ == 0;
        pthread_mutex_unlock(&lock);
        if (first)
            change(pty, 0, BOTH, "open");
    }
    errno = saved;
    return fd;
}

static bool hangs_up(int fd)
{
    struct termios t;
    return ioctl(fd, TCGETS, &t) == 0 && (t.c_cflag & HUPCL);
}

int close(int fd)
{
    static close_fn *next;
    if (!next)
        NEXT(next, "close");
    int pty = pty_of(fd);
    bool drop = false;
    if (pty >= 0) {
        pthread_mutex_lock(&lock);
        bool last = ptys[pty].opens > 0 && --ptys[pty].opens == 0;
        pthread_mutex_unlock(&lock);
        drop = last && hangs_up(fd);
    }
    int result = next(fd);
    if (drop)
        change(pty, BOTH, 0, "close");
    return result;
}

static int open_next(const char *name, const char *path, int flags, unsigned mode)
{
    open_fn *next;
    NEXT(next, name);
    return opened(next(path, flags, mode));
}

int open(const char *path, int flags, ...)
{
    va_list ap;
    va_start(ap, flags);
    unsigned mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(ap, unsigned) : 0;
    va_end(ap);
    return open_next("open", path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
    va_list ap;
    va_start(ap, flags);
    unsigned mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(ap, unsigned) : 0;
    va_end(ap);
    return open_next("open64", path, flags, mode);
}

/* What glibc's checks turn open() with two arguments into. */
int __open_2(const char *path, int flags);
int __open_2(const char *path, int flags)
{
    return open_next("open", path, flags, 0);
}

int __open64_2(const char *path, int flags);
int __open64_2(const char *path, int flags)
{
    return open_next("open64", path, flags, 0);
}

/* ---- The entry in /sys/class/tty ---- */

static bool is_entry(const char *path)
{
    return strncmp(path, SYS_PTS, strlen(SYS_PTS)) == 0;
}

static int fake_link(struct stat *st)
{
    memset(st, 0, sizeof *st);
    st->st_mode = S_IFLNK | 0777;
    return 0;
}

int lstat(const char *path, struct stat *st)
{
    lstat_fn *next;
    if (is_entry(path))
        return fake_link(st);
    NEXT(next, "lstat");
    return next(path, st);
}

/* lstat() in programs built against an older glibc, as libserialport may be. */
int __lxstat(int version, const char *path, struct stat *st);
int __lxstat(int version, const char *path, struct stat *st)
{
    lxstat_fn *next;
    if (is_entry(path))
        return fake_link(st);
    NEXT(next, "__lxstat");
    return next(version, path, st);
}

ssize_t readlink(const char *path, char *buf, size_t cap)
{
    readlink_fn *next;
    NEXT(next, "readlink");
    if (!is_entry(path))
        return next(path, buf, cap);
    const char *target =
        getenv("PTY_LINES_USB") ? "../../devices/usb1/1-1/tty/pts" : "../../devices/platform/pts";
    size_t n = strlen(target) < cap ? strlen(target) : cap;
    memcpy(buf, target, n);
    return (ssize_t)n;
}

/* The n-th part of VID:PID:SERIAL, followed by a line end as in sysfs. */
static void usb_part(unsigned n, char *text, size_t cap)
{
    const char *part = getenv("PTY_LINES_USB");
    for (; part && n > 0; n--) {
        part = strchr(part, ':');
        part = part ? part + 1 : NULL;
    }
    snprintf(text, cap, "%.*s\n", part ? (int)strcspn(part, ":") : 0, part ? part : "");
}

static FILE *fake_attribute(const char *path)
{
    static const struct {
        const char *name;
        unsigned part;
    } attributes[] = { { "/idVendor", 0 }, { "/idProduct", 1 }, { "/serial", 2 } };
    const char *name = strrchr(path, '/');
    char text[128] = "1\n"; /* busnum, devnum */
    if (strcmp(name, "/manufacturer") == 0 || strcmp(name, "/product") == 0)
        snprintf(text, sizeof text, "pty\n");
    for (size_t i = 0; i < sizeof attributes / sizeof attributes[0]; i++) {
        if (strcmp(name, attributes[i].name) == 0)
            usb_part(attributes[i].part, text, sizeof text);
    }
    FILE *f = tmpfile();
    if (f && fputs(text, f) >= 0)
        rewind(f);
    return f;
}

FILE *fopen(const char *path, const char *mode)
{
    fopen_fn *next;
    if (is_entry(path))
        return fake_attribute(path);
    NEXT(next, "fopen");
    return next(path, mode);
}
