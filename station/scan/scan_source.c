#include "station/scan/scan_source.h"

#include <errno.h>
#include <fcntl.h>
#include <libevdev/libevdev.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#define READ_BYTES 512

void scan_source_init(struct scan_source *s, const struct station_scanner *config)
{
    *s = (struct scan_source){ .config = config, .fd = -1 };
    scan_code_init(&s->code, config);
}

void scan_source_close(struct scan_source *s)
{
    if (s->device) {
        libevdev_grab(s->device, LIBEVDEV_UNGRAB);
        libevdev_free(s->device);
        s->device = NULL;
    }
    if (s->fd > STDIN_FILENO)
        close(s->fd);
    s->fd = -1;
    s->keys = (struct scan_keys){ .shift = false };
}

/* ---- Opening ---- */

static bool cannot_open(const struct scan_source *s, int sys, struct err *e)
{
    const bool keyboard = s->config->kind == SCAN_KEYBOARD;
    const enum err_code code = sys == EACCES || sys == EPERM                    ? ERR_PORT_DENIED
                               : sys == ENOENT || sys == ENODEV || sys == ENXIO ? ERR_PORT_MISSING
                               : sys == EBUSY                                   ? ERR_PORT_BUSY
                                                                                : ERR_STATION;
    err_set_sys(e, code, sys, "Scanner %s (%.120s)", s->config->name, s->config->from);
    if (code == ERR_PORT_DENIED)
        return err_hint(e, "Join its group, then log out and in: sudo usermod -aG %s $USER",
                        keyboard ? "input" : "dialout");
    if (code == ERR_PORT_BUSY)
        return err_hint(e, "Another program has it; to see which: sudo fuser -v %.120s",
                        s->config->path);
    return err_hint(e, "Plug it in; to see what is plugged in: ls %s",
                    keyboard ? "/dev/input/by-id" : "/dev/serial/by-id");
}

static bool unsuitable(const struct scan_source *s, const char *what, struct err *e)
{
    err_set(e, ERR_PORT_UNSUITABLE, "Scanner %s: %.120s is no %s", s->config->name, s->config->path,
            what);
    return err_hint(e, "Correct from in the station file; scanners change from keyboard to serial "
                       "port by a code in their manual.");
}

static bool open_keyboard(struct scan_source *s, struct err *e)
{
    const int rc = libevdev_new_from_fd(s->fd, &s->device);
    if (rc < 0) {
        s->device = NULL;
        return unsuitable(s, "input device", e);
    }
    if (!libevdev_has_event_code(s->device, EV_KEY, KEY_ENTER) ||
        !libevdev_has_event_code(s->device, EV_KEY, KEY_1))
        return unsuitable(s, "keyboard", e);
    const int grabbed = libevdev_grab(s->device, LIBEVDEV_GRAB);
    return grabbed == 0 || cannot_open(s, -grabbed, e);
}

static speed_t speed_of(uint32_t baud)
{
    static const struct {
        uint32_t baud;
        speed_t speed;
    } speeds[] = { { 1200, B1200 },     { 2400, B2400 },     { 4800, B4800 },
                   { 9600, B9600 },     { 19200, B19200 },   { 38400, B38400 },
                   { 57600, B57600 },   { 115200, B115200 }, { 230400, B230400 },
                   { 460800, B460800 }, { 921600, B921600 } };
    for (size_t i = 0; i < sizeof speeds / sizeof speeds[0]; i++) {
        if (speeds[i].baud == baud)
            return speeds[i].speed;
    }
    return B0;
}

static bool open_serial(struct scan_source *s, struct err *e)
{
    struct termios t;
    const speed_t speed = speed_of(s->config->baud);
    if (speed == B0) {
        err_set(e, ERR_USAGE, "Scanner %s: %u is no rate of a scanner", s->config->name,
                s->config->baud);
        return err_hint(e, "Scanners have 1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200...");
    }
    if (tcgetattr(s->fd, &t) != 0)
        return unsuitable(s, "serial port", e);
    if (flock(s->fd, LOCK_EX | LOCK_NB) != 0 || ioctl(s->fd, TIOCEXCL) != 0)
        return cannot_open(s, errno == EWOULDBLOCK ? EBUSY : errno, e);
    cfmakeraw(&t);
    t.c_cflag |= CLOCAL | CREAD;
    t.c_cflag &= ~(tcflag_t)(HUPCL | CRTSCTS); /* closing pulls no line */
    cfsetispeed(&t, speed);
    cfsetospeed(&t, speed);
    return tcsetattr(s->fd, TCSANOW, &t) == 0 || cannot_open(s, errno, e);
}

bool scan_source_open(struct scan_source *s, struct err *e)
{
    if (s->config->kind == SCAN_STDIN) {
        s->fd = STDIN_FILENO;
        return true;
    }
    const int mode = s->config->kind == SCAN_KEYBOARD ? O_RDONLY : O_RDWR;
    s->fd = open(s->config->path, mode | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (s->fd < 0)
        return cannot_open(s, errno, e);
    if (s->config->kind == SCAN_KEYBOARD ? open_keyboard(s, e) : open_serial(s, e))
        return true;
    scan_source_close(s);
    return false;
}

/* ---- Reading ---- */

static bool is_gone(struct scan_source *s, int sys, struct err *e)
{
    if (sys != 0)
        err_set_sys(e, ERR_PORT_GONE, sys, "Scanner %s is gone", s->config->name);
    else
        err_set(e, ERR_PORT_GONE, "Scanner %s is gone", s->config->name);
    err_hint(e, "Plug it in again: it is taken up by itself.");
    s->ended = s->config->kind == SCAN_STDIN;
    scan_source_close(s);
    return false;
}

static void take_key(struct scan_source *s, const struct input_event *event, uint64_t now_ms,
                     scan_code_taker *take, void *ctx)
{
    char text[SCAN_KEYS_TEXT];
    if (event->type != EV_KEY)
        return;
    scan_keys_take(&s->keys, event->code, event->value, text);
    const size_t n = text[1] ? 2 : text[0] ? 1 : 0;
    if (n > 0)
        scan_code_feed(&s->code, text, n, now_ms, take, ctx);
}

/* The kernel tells when it had no room for keys: that code is not whole. */
static bool read_keyboard(struct scan_source *s, uint64_t now_ms, scan_code_taker *take, void *ctx,
                          struct err *e)
{
    struct input_event event;
    int rc;
    while ((rc = libevdev_next_event(s->device, LIBEVDEV_READ_FLAG_NORMAL, &event)) >= 0) {
        if (rc == LIBEVDEV_READ_STATUS_SUCCESS) {
            take_key(s, &event, now_ms, take, ctx);
            continue;
        }
        scan_code_spoil(&s->code);
        while (libevdev_next_event(s->device, LIBEVDEV_READ_FLAG_SYNC, &event) ==
               LIBEVDEV_READ_STATUS_SYNC)
            ;
        s->keys = (struct scan_keys){ .shift = false };
    }
    return rc == -EAGAIN || rc == -EINTR || is_gone(s, -rc, e);
}

bool scan_source_read(struct scan_source *s, uint64_t now_ms, scan_code_taker *take, void *ctx,
                      struct err *e)
{
    char bytes[READ_BYTES];
    if (s->config->kind == SCAN_KEYBOARD)
        return read_keyboard(s, now_ms, take, ctx, e);
    const ssize_t n = read(s->fd, bytes, sizeof bytes);
    if (n > 0)
        scan_code_feed(&s->code, bytes, (size_t)n, now_ms, take, ctx);
    else if (n == 0 || (errno != EAGAIN && errno != EINTR))
        return is_gone(s, n == 0 ? 0 : errno, e);
    return true;
}
