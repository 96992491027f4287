/*
 * A serial port of this machine, by its path: /dev/ttyUSB0, /dev/ttyACM0, /dev/serial/by-path/...
 *
 * libserialport looks it up, opens it and sets framing and rate. Raw ioctls serve where it has no
 * call: both lines in one step, exclusive use, keeping the lines on close, reading the true rate.
 */
#include "core/base/plain.h"
#include "core/ports/port_fd.h"
#include "core/ports/port_find.h"
#include "core/ports/port_holder.h"
#include "core/ports/port_name.h"

/* The kernel's termios2 instead of <termios.h>, which does not know free rates. */
#include <asm/termbits.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <libserialport.h>
#include <limits.h>
#include <linux/serial.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

struct serial_port {
    struct port port;
    struct sp_port *sp;
    bool lineless; /* libserialport opens no tty without modem lines: then we set it up ourselves */
    int fd;        /* libserialport's own, unless lineless; -1 while closed */
    int lock_fd;   /* holds the lock; opened before anything is changed; -1 while closed */
    bool latency_changed;
    int old_flags;         /* of serial_struct, to be put back */
    char device[PATH_MAX]; /* the real name, behind any links */
};

/* ---- Why a port cannot be opened ---- */

/* The USB ports that are plugged in, by the kind of name that was asked for. */
static bool list_ports(bool by_path, char *text, size_t cap)
{
    struct err ignored = { 0 };
    struct port_list *list = port_list_new(&ignored);
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; list && i < port_list_count(list); i++) {
        const struct port_found *found = port_list_at(list, i);
        const char *name = by_path ? found->by_path : found->path;
        if (found->usb.vid == 0 || name[0] == '\0' || used + strlen(name) + 3 > cap)
            continue;
        int n = snprintf(text + used, cap - used, "%s%s", used ? ", " : "", name);
        used += n > 0 ? (size_t)n : 0;
    }
    port_list_free(list);
    return used > 0;
}

static bool missing(const struct port *p, int sys, struct err *e)
{
    char names[160];
    bool by_path = strncmp(p->where, "/dev/serial/by-path/", 20) == 0;
    if (sys == ENOENT && by_path)
        err_set(e, ERR_PORT_MISSING, "%s: nothing hangs in this socket", p->where);
    else if (sys == ENOENT)
        err_set(e, ERR_PORT_MISSING, "%s: there is no such port", p->where);
    else
        err_set_sys(e, ERR_PORT_MISSING, sys, "%s is not plugged in", p->where);
    if (list_ports(by_path, names, sizeof names))
        return err_hint(e, "Plug the adapter in, or use one of these: %s", names);
    if (by_path)
        return err_hint(e, "Plug the adapter into its socket; another hub has other names, see: "
                           "espstation ports");
    return err_hint(e, "Plug the adapter in; there is no USB serial port at all.");
}

/* Whether the user is in the group, be it since the last login only: the process would not know. */
static bool is_member(const struct group *group)
{
    struct passwd row, *user = NULL;
    char buf[2048];
    if (getpwuid_r(geteuid(), &row, buf, sizeof buf, &user) != 0 || !user)
        return false;
    bool member = user->pw_gid == group->gr_gid;
    for (char **name = group->gr_mem; *name && !member; name++)
        member = strcmp(*name, user->pw_name) == 0;
    return member;
}

static bool denied(const struct serial_port *s, const struct stat *st, int sys, struct err *e)
{
    struct group group;
    struct group *found = NULL;
    char buf[2048];
    err_set_sys(e, ERR_PORT_DENIED, sys, "%s may not be opened by this user", s->port.where);
    /* dialout on Debian, uucp elsewhere: name the group that would really help. */
    bool group_may = (st->st_mode & 060) == 060 && st->st_gid != 0;
    if (!group_may || getgrgid_r(st->st_gid, &group, buf, sizeof buf, &found) != 0 || !found)
        return false;
    if (is_member(found))
        return err_hint(e,
                        "You are in the group %.64s since after you logged in: log out and in, or "
                        "for one shell: newgrp %.64s",
                        found->gr_name, found->gr_name);
    return err_hint(e, "Join the group %.64s: sudo usermod -aG %.64s $USER, then log out and in.",
                    found->gr_name, found->gr_name);
}

static bool busy(const struct serial_port *s, struct err *e)
{
    const struct port *p = &s->port;
    struct port_holder holder;
    if (!port_holder_find(s->device, &holder)) {
        err_set(e, ERR_PORT_BUSY, "%s is in use by another program", p->where);
        return err_hint(e, "Close the other program. To see which one it is: sudo fuser -v %.100s",
                        s->device);
    }
    return port_holder_busy(p->where, &holder, e);
}

static bool cannot_open(const struct serial_port *s, const struct stat *st, int sys, struct err *e)
{
    const struct port *p = &s->port;
    switch (sys) {
    case EACCES:
    case EPERM:
        return denied(s, st, sys, e);
    case EBUSY:
        return busy(s, e);
    case ENOENT:
    case ENXIO:
    case ENODEV:
        return missing(p, sys, e);
    case EMFILE:
    case ENFILE:
    case ENOMEM:
        return err_set_sys(e, ERR_STATION, sys, "%s cannot be opened", p->where);
    default:
        return err_set_sys(e, ERR_PORT_UNSUITABLE, sys, "%s does not work as a serial port",
                           p->where);
    }
}

/* ---- Looking before touching ---- */

/* Finds the real device; opens nothing yet. */
static bool find_device(struct serial_port *s, struct stat *st, struct err *e)
{
    const struct port *p = &s->port;
    if (!realpath(p->where, s->device) || stat(s->device, st) < 0) {
        if (errno == EACCES)
            return err_set_sys(e, ERR_PORT_DENIED, errno, "%s cannot be looked at", p->where);
        return missing(p, errno, e);
    }
    const char *kind = port_name_kind(st);
    if (kind)
        return err_set(e, ERR_PORT_UNSUITABLE, "%s is %s, not a serial port", p->where, kind);
    enum sp_return found = sp_get_port_by_name(s->device, &s->sp);
    if (found == SP_ERR_MEM)
        return err_set(e, ERR_STATION, "%s: out of memory", p->where);
    if (found != SP_OK)
        return err_set(e, ERR_PORT_UNSUITABLE, "%s is a device, but not a serial port", p->where);
    return true;
}

/* ---- Opening ---- */

/* A lock of its own, taken before libserialport opens the port and changes its settings: a port
 * that someone else is using must not notice us. TIOCEXCL alone would not do, since root passes it.
 */
static bool lock_device(struct serial_port *s, const struct stat *st, struct err *e)
{
    s->lock_fd = open(s->device, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (s->lock_fd < 0)
        return cannot_open(s, st, errno, e);
    int exclusive = 0;
    bool held = ioctl(s->lock_fd, TIOCGEXCL, &exclusive) == 0 && exclusive;
    if (!held && flock(s->lock_fd, LOCK_EX | LOCK_NB) == 0)
        return true;
    int sys = held || errno == EWOULDBLOCK ? EBUSY : errno;
    close(s->lock_fd); /* or we would be found as the holder */
    s->lock_fd = -1;
    return cannot_open(s, st, sys, e);
}

/* Only a failed system call leaves an errno. */
static int sp_errno(enum sp_return result)
{
    if (result == SP_ERR_FAIL)
        return sp_last_error_code();
    return result == SP_ERR_MEM ? ENOMEM : EINVAL;
}

static bool open_device(struct serial_port *s, const struct stat *st, struct err *e)
{
    int bits;
    s->lineless = ioctl(s->lock_fd, TIOCMGET, &bits) < 0 && (errno == ENOTTY || errno == EINVAL);
    enum sp_return result = s->lineless ? SP_OK : sp_open(s->sp, SP_MODE_READ_WRITE);
    if (result != SP_OK)
        return cannot_open(s, st, sp_errno(result), e);
    if (s->lineless)
        s->fd = dup(s->lock_fd);
    else
        sp_get_port_handle(s->sp, &s->fd);
    if (fcntl(s->fd, F_SETFD, FD_CLOEXEC) < 0 || ioctl(s->fd, TIOCEXCL) < 0)
        return cannot_open(s, st, errno, e);
    return true;
}

/* 8N1 without any flow control. Lines are left alone: RTS resets the board. */
static bool set_framing(const struct serial_port *s, struct err *e)
{
    struct sp_port_config *c = NULL;
    if (s->lineless) /* set_habits does it alone */
        return true;
    bool ok = sp_new_config(&c) == SP_OK && sp_set_config_bits(c, 8) == SP_OK &&
              sp_set_config_parity(c, SP_PARITY_NONE) == SP_OK &&
              sp_set_config_stopbits(c, 1) == SP_OK &&
              sp_set_config_cts(c, SP_CTS_IGNORE) == SP_OK &&
              sp_set_config_dsr(c, SP_DSR_IGNORE) == SP_OK &&
              sp_set_config_xon_xoff(c, SP_XONXOFF_DISABLED) == SP_OK;
    enum sp_return result = ok ? sp_set_config(s->sp, c) : SP_ERR_MEM;
    int sys = result == SP_OK ? 0 : sp_errno(result);
    sp_free_config(c);
    return result == SP_OK ||
           err_set_sys(e, ERR_PORT_UNSUITABLE, sys, "%s: 8N1 cannot be set", s->port.where);
}

#define FRAMING (HUPCL | CSIZE | PARENB | CSTOPB | CRTSCTS)

/* What libserialport leaves open, and a look at the whole. HUPCL would drop the lines on close, one
 * after the other, and so reset the board that was just started. VMIN 0 would make "nothing there"
 * and "unplugged" look the same: a read of 0 bytes. */
static bool set_habits(const struct serial_port *s, struct err *e)
{
    const struct port *p = &s->port;
    struct termios2 t;
    if (ioctl(s->fd, TCGETS2, &t) < 0)
        return err_set_sys(e, ERR_PORT_UNSUITABLE, errno, "%s has no settings", p->where);
    t.c_cflag = (t.c_cflag & ~(tcflag_t)FRAMING) | CS8 | CREAD | CLOCAL;
    t.c_iflag = IGNPAR;
    t.c_oflag = 0;
    t.c_lflag = 0;
    t.c_cc[VMIN] = 1;
    t.c_cc[VTIME] = 0;
    if (ioctl(s->fd, TCSETS2, &t) < 0 || ioctl(s->fd, TCGETS2, &t) < 0)
        return err_set_sys(e, ERR_PORT_UNSUITABLE, errno, "%s refuses its settings", p->where);
    if ((t.c_cflag & FRAMING) != CS8 || t.c_iflag != IGNPAR || t.c_lflag || t.c_cc[VMIN] != 1)
        return err_set(e, ERR_PORT_UNSUITABLE, "%s does not keep its settings", p->where);
    return true;
}

/* An FTDI chip sits on received bytes for up to 16 ms unless told otherwise. Drivers without that
 * notion refuse, which is fine. */
static void lower_latency(struct serial_port *s)
{
    const int low_latency = (int)ASYNC_LOW_LATENCY;
    struct serial_struct serial;
    memset(&serial, 0, sizeof serial);
    if (ioctl(s->fd, TIOCGSERIAL, &serial) < 0 || (serial.flags & low_latency))
        return;
    s->old_flags = serial.flags;
    serial.flags |= low_latency;
    s->latency_changed = ioctl(s->fd, TIOCSSERIAL, &serial) == 0;
}

static void restore_latency(struct serial_port *s)
{
    struct serial_struct serial;
    memset(&serial, 0, sizeof serial);
    if (!s->latency_changed || ioctl(s->fd, TIOCGSERIAL, &serial) < 0)
        return;
    serial.flags = s->old_flags;
    ioctl(s->fd, TIOCSSERIAL, &serial);
    s->latency_changed = false;
}

/* By a config with nothing but the rate: sp_set_baudrate would also write each line once more. The
 * flow control is named because sp_new_config of libserialport 0.1.1 leaves that field unset, with
 * whatever was in memory. */
static bool set_rate_by_library(const struct serial_port *s, uint32_t baud)
{
    struct sp_port_config *c = NULL;
    bool ok = sp_new_config(&c) == SP_OK &&
              sp_set_config_xon_xoff(c, SP_XONXOFF_DISABLED) == SP_OK &&
              sp_set_config_baudrate(c, (int)baud) == SP_OK;
    enum sp_return result = ok ? sp_set_config(s->sp, c) : SP_ERR_MEM;
    int sys = result == SP_OK ? 0 : sp_errno(result);
    sp_free_config(c);
    errno = sys;
    return result == SP_OK;
}

static bool set_rate_by_hand(const struct serial_port *s, uint32_t baud)
{
    struct termios2 t;
    if (ioctl(s->fd, TCGETS2, &t) < 0)
        return false;
    t.c_cflag &= ~(tcflag_t)(CBAUD | CBAUD << IBSHIFT);
    t.c_cflag |= BOTHER | BOTHER << IBSHIFT;
    t.c_ispeed = t.c_ospeed = baud;
    return ioctl(s->fd, TCSETS2, &t) == 0;
}

static bool set_rate(const struct serial_port *s, uint32_t baud, struct err *e)
{
    const struct port *p = &s->port;
    struct termios2 t;
    if (baud == 0 || baud > INT_MAX)
        return err_set(e, ERR_BAUD, "%s: %u is no baud rate", p->where, baud);
    bool ok = s->lineless ? set_rate_by_hand(s, baud) : set_rate_by_library(s, baud);
    if (ok && ioctl(s->fd, TCGETS2, &t) == 0)
        return port_baud_near(p, baud, t.c_ospeed, e);
    if (errno == EIO || errno == ENODEV || errno == ENXIO)
        return port_fd_gone(p, errno, e);
    return err_set_sys(e, ERR_BAUD, errno, "%s: %u baud cannot be set", p->where, baud);
}

static void find_usb(struct serial_port *s)
{
    struct port_usb *usb = &s->port.usb;
    int vid = 0;
    int pid = 0;
    if (sp_get_port_transport(s->sp) != SP_TRANSPORT_USB ||
        sp_get_port_usb_vid_pid(s->sp, &vid, &pid) != SP_OK)
        return;
    usb->vid = (uint16_t)vid;
    usb->pid = (uint16_t)pid;
    const char *serial = sp_get_port_usb_serial(s->sp);
    snprintf(usb->serial, sizeof usb->serial, "%s", serial ? serial : "");
    plain_make(usb->serial);
}

/* A port whose driver knows no modem lines still carries bytes. */
static void find_lines(struct serial_port *s)
{
    int bits = 0;
    s->port.caps = PORT_BAUD;
    if (s->lineless || ioctl(s->fd, TIOCMGET, &bits) < 0)
        return;
    s->port.caps |= PORT_LINES | PORT_LINES_TOGETHER | PORT_INPUTS;
    if (bits & TIOCM_DTR)
        s->port.lines |= PORT_DTR;
    if (bits & TIOCM_RTS)
        s->port.lines |= PORT_RTS;
}

/* With an adapter that is plugged in but hangs, the kernel waits here: up to 30 s for unsent bytes
 * (closing_wait, which only root may change and usb-serial and cdc_acm cannot flush), and 5 s for
 * each request to it, as in serial_set_lines. No call of ours can shorten that. */
static void serial_close(struct port *p)
{
    struct serial_port *s = (struct serial_port *)p;
    if (s->fd >= 0) {
        restore_latency(s);
        ioctl(s->fd, TIOCNXCL); /* a pty would stay exclusive for as long as its far end lives */
        if (s->lineless)
            close(s->fd);
        else
            sp_close(s->sp);
    }
    sp_free_port(s->sp);
    if (s->lock_fd >= 0)
        close(s->lock_fd);
    s->sp = NULL;
    s->fd = -1;
    s->lock_fd = -1;
}

/* Opening a tty never waits with O_NONBLOCK, so the deadline has no part in it. The kernel raises
 * DTR and RTS together while it opens: idle for a board with the auto-reset transistors. */
static bool serial_open(struct port *p, struct deadline d, struct err *e)
{
    struct serial_port *s = (struct serial_port *)p;
    struct stat st;
    (void)d;
    s->fd = -1;
    s->lock_fd = -1;
    /* The rate goes in its own step: the CH341 driver has dropped a rate that came together with
     * other settings (esptool issue 44). */
    if (find_device(s, &st, e) && lock_device(s, &st, e) && open_device(s, &st, e) &&
        set_framing(s, e) && set_habits(s, e) && set_rate(s, p->baud, e)) {
        lower_latency(s);
        find_usb(s);
        find_lines(s);
        return true;
    }
    serial_close(p);
    return false;
}

/* ---- The driver ---- */

static size_t serial_read(struct port *p, void *buf, size_t cap, struct deadline d, struct err *e)
{
    const struct serial_port *s = (const struct serial_port *)p;
    return port_fd_read(p, s->fd, buf, cap, d, e);
}

static bool serial_write(struct port *p, const void *buf, size_t n, struct deadline d,
                         struct err *e)
{
    const struct serial_port *s = (const struct serial_port *)p;
    return port_fd_write(p, s->fd, write, buf, n, d, e) == n;
}

static bool serial_drain(struct port *p, struct deadline d, struct err *e)
{
    const struct serial_port *s = (const struct serial_port *)p;
    return port_fd_drain(p, s->fd, d, e);
}

static bool serial_discard(struct port *p, struct err *e)
{
    const struct serial_port *s = (const struct serial_port *)p;
    if (ioctl(s->fd, TCFLSH, TCIFLUSH) == 0)
        return true;
    return port_fd_gone(p, errno, e);
}

static bool serial_set_baud(struct port *p, uint32_t baud, struct err *e)
{
    const struct serial_port *s = (const struct serial_port *)p;
    return set_rate(s, baud, e);
}

/* Both lines in one TIOCMSET: line by line, the state between would reset the board or pull its
 * strap. The other bits are read first, since some drivers gate their interrupt with OUT2. */
static bool serial_set_lines(struct port *p, unsigned mask, unsigned on, struct err *e)
{
    const struct serial_port *s = (const struct serial_port *)p;
    int bits = 0;
    if (ioctl(s->fd, TIOCMGET, &bits) < 0)
        return port_fd_gone(p, errno, e);
    if (mask & PORT_DTR)
        bits = on & PORT_DTR ? bits | TIOCM_DTR : bits & ~TIOCM_DTR;
    if (mask & PORT_RTS)
        bits = on & PORT_RTS ? bits | TIOCM_RTS : bits & ~TIOCM_RTS;
    return ioctl(s->fd, TIOCMSET, &bits) == 0 || port_fd_gone(p, errno, e);
}

/* cdc_acm reports CTS as asserted whatever it is, since CDC has no such line (Linux 6.12,
 * drivers/usb/class/cdc-acm.c, acm_tty_tiocmget). */
static unsigned known_inputs(const struct serial_port *s)
{
    const unsigned all = PORT_CTS | PORT_DSR | PORT_DCD | PORT_RI;
    return strncmp(s->device, "/dev/ttyACM", 11) == 0 ? all & ~(unsigned)PORT_CTS : all;
}

static bool serial_inputs(struct port *p, unsigned *on, unsigned *known, struct err *e)
{
    const struct serial_port *s = (const struct serial_port *)p;
    int bits = 0;
    if (ioctl(s->fd, TIOCMGET, &bits) < 0)
        return port_fd_gone(p, errno, e);
    *known = known_inputs(s);
    *on = (bits & TIOCM_CTS ? PORT_CTS : 0u) | (bits & TIOCM_DSR ? PORT_DSR : 0u) |
          (bits & TIOCM_CAR ? PORT_DCD : 0u) | (bits & TIOCM_RI ? PORT_RI : 0u);
    return true;
}

const struct port_ops port_serial = {
    .name = "serial",
    .prefix = "/",
    .form = "a device path (/dev/ttyUSB0)",
    .struct_bytes = sizeof(struct serial_port),
    .open = serial_open,
    .read = serial_read,
    .write = serial_write,
    .drain = serial_drain,
    .discard = serial_discard,
    .set_baud = serial_set_baud,
    .set_lines = serial_set_lines,
    .inputs = serial_inputs,
    .close = serial_close,
};
