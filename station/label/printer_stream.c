/*
 * Printers that take ZPL and answer on the same way: over TCP, and devices.
 *
 * The label's end, ^XZ, is handed over by itself and last. A printer prints nothing before it has
 * seen that, so a label whose beginning alone has left is sent again without being doubled; ~JX in
 * front throws away the beginning of one that a connection has cut off (Zebra's ZPL II programming
 * guide), which would otherwise be printed together with this one.
 */
#include "core/ports/port_fd.h"
#include "recipes/label/label.h"
#include "station/label/printer_priv.h"
#include "station/label/printer_status.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define CONNECT_MS   5000u
#define SEND_MS      10000u
#define ANSWER_MS    3000u
#define ANSWER_BYTES 1024
#define FORGET       "~JX"

struct stream {
    struct printer printer;
    struct port *net; /* of TCP; NULL: not connected */
    struct port bare; /* of a device: what waits need to know; `fd` is its descriptor */
    int fd;           /* 0: not open */
    bool was_cut;     /* it was lost after the label had left */
};

static struct deadline in_ms(const struct stream *s, uint32_t ms)
{
    return deadline_in_ms(s->printer.clock, ms);
}

static bool is_open(const struct stream *s)
{
    return s->net || s->fd > 0;
}

/* ---- Opening ---- */

/* Sentences of a board's port do not do for a printer. */
static bool as_printer(const struct stream *s, struct err *e, const char *hint)
{
    if (e->code == ERR_STOPPED)
        return false;
    e->code = ERR_STATION;
    err_wrap(e, "The printer at %.80s", s->printer.config->to);
    return err_hint(e, "%s", hint);
}

static bool open_tcp(struct stream *s, struct err *e)
{
    char where[256];
    if (is_open(s))
        return true;
    snprintf(where, sizeof where, "socket://%s", s->printer.config->to + strlen("tcp://"));
    s->net = port_new(where, 0, s->printer.clock, s->printer.stop_fd, in_ms(s, CONNECT_MS), e);
    return s->net || as_printer(s, e,
                                "Is it switched on, and its cable in? One program at a time "
                                "can talk to it.");
}

static bool open_device(struct stream *s, struct err *e)
{
    const char *const path = s->printer.config->to;
    if (is_open(s))
        return true;
    s->bare = (struct port){ .clock = s->printer.clock, .stop_fd = s->printer.stop_fd };
    snprintf(s->bare.where, sizeof s->bare.where, "%s", path);
    s->fd = open(path, O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (s->fd > 0)
        return true;
    const int sys = errno;
    s->fd = 0;
    err_set_sys(e, ERR_STATION, sys, "The printer %.100s cannot be opened", path);
    if (sys == EACCES)
        return err_hint(e, "Join the group of printers, then log in again: sudo usermod -aG lp "
                           "$USER");
    return err_hint(e, "Is it switched on and plugged in? Where CUPS has taken it, name its queue: "
                       "cups://QUEUE");
}

static void stream_close(struct printer *p)
{
    struct stream *s = (struct stream *)p;
    port_free(s->net);
    s->net = NULL;
    if (s->fd > 0)
        close(s->fd);
    s->fd = 0;
}

/* ---- Bytes ---- */

static bool put(struct stream *s, const char *text, size_t n, struct deadline d, struct err *e)
{
    if (s->net)
        return port_write(s->net, text, n, d, e);
    return port_fd_write(&s->bare, s->fd, write, text, n, d, e) == n;
}

static size_t take(struct stream *s, char *buf, size_t cap, struct deadline d, struct err *e)
{
    return s->net ? port_read(s->net, buf, cap, d, e)
                  : port_fd_read(&s->bare, s->fd, buf, cap, d, e);
}

/* Silence and a lost connection are two things. */
static bool is_silence(const struct err *e)
{
    return e->code == ERR_TIMEOUT;
}

/* What has come late belongs to an earlier question. *e: why no more comes. */
static void discard(struct stream *s, struct err *e)
{
    char buf[256];
    const struct deadline now = in_ms(s, 0);
    while (take(s, buf, sizeof buf, now, e) > 0)
        ;
}

/* A connection that the far end has ended takes bytes all the same. Devices are not asked: some
 * can be written to only. */
static bool still_stands(struct stream *s, struct err *e)
{
    struct err why = { 0 };
    if (!s->net)
        return true;
    discard(s, &why);
    if (is_silence(&why))
        return true;
    *e = why;
    return false;
}

/* Asks, and takes the answer up to its last ETX. 0: there is none, *e. */
static size_t ask(struct stream *s, const char *question, unsigned parts, char *answer,
                  struct err *e)
{
    const struct deadline d = in_ms(s, ANSWER_MS);
    size_t n = 0;
    unsigned seen = 0;
    struct err none_left = { 0 };
    discard(s, &none_left);
    if (!put(s, question, strlen(question), d, e))
        return 0;
    while (seen < parts && n < ANSWER_BYTES) {
        const size_t got = take(s, answer + n, ANSWER_BYTES - n, d, e);
        if (got == 0)
            return 0;
        for (size_t i = n; i < n + got; i++)
            seen += answer[i] == '\x03';
        n += got;
    }
    return n;
}

/* ---- Before ---- */

static bool ask_errors(struct stream *s, struct err *e)
{
    char answer[ANSWER_BYTES];
    struct err failure = { 0 };
    if (s->printer.config->ask == STATION_ASK_NO)
        return true;
    const size_t n = ask(s, PRINTER_ASK_ERRORS, PRINTER_ERRORS_PARTS, answer, &failure);
    if (n > 0 || is_silence(&failure))
        return printer_errors_read(answer, n, e);
    *e = failure;
    return as_printer(s, e, "Is it switched on, and its cable in?");
}

static bool tcp_ready(struct printer *p, struct err *e)
{
    struct stream *s = (struct stream *)p;
    return open_tcp(s, e) && ask_errors(s, e);
}

/* The class driver's word, for printers that are not asked themselves (linux/lp.h: bits of the
 * parallel port's status). */
#define LPGETSTATUS 0x060B
#define LP_POUTPA   0x20
#define LP_PERRORP  0x08

static bool device_status(const struct stream *s, struct err *e)
{
    int bits;
    if (ioctl(s->fd, LPGETSTATUS, &bits) != 0)
        return true; /* no usblp */
    if (bits & LP_POUTPA) {
        err_set(e, ERR_STATION, "The printer has no labels left");
        return err_hint(e, "Put in a new roll.");
    }
    if (bits & LP_PERRORP)
        return true; /* set means that all is well */
    err_set(e, ERR_STATION, "The printer tells of a fault");
    return err_hint(e, "Look at its display.");
}

static bool device_ready(struct printer *p, struct err *e)
{
    struct stream *s = (struct stream *)p;
    return open_device(s, e) && device_status(s, e) && ask_errors(s, e);
}

/* ---- The label ---- */

static enum printer_sent stream_send(struct printer *p, const char *zpl, const char *title,
                                     struct err *e)
{
    struct stream *s = (struct stream *)p;
    const struct deadline d = in_ms(s, SEND_MS);
    const size_t end = strlen(LABEL_END), n = strlen(zpl);
    (void)title;
    s->was_cut = false;
    if (!put(s, FORGET, strlen(FORGET), d, e) || !put(s, zpl, n - end, d, e) ||
        !still_stands(s, e)) {
        as_printer(s, e, "It has taken a part of the label and not printed it; it is sent again.");
        printer_close(p);
        return PRINTER_NOT_SENT;
    }
    if (put(s, zpl + n - end, end, d, e))
        return PRINTER_SENT;
    as_printer(s, e, "Look whether the label came out.");
    printer_close(p);
    return PRINTER_UNSURE;
}

/* ---- After ---- */

/* A connection that is lost and comes back: the printer may have been switched off meanwhile, and
 * then it has forgotten the label. */
static enum printer_look say_idle(const struct stream *s, struct err *e)
{
    if (!s->was_cut)
        return PRINTER_DONE;
    err_set(e, ERR_STATION, "The printer was lost while it had the label, and has none now");
    err_hint(e, "Look whether the label came out; if not: espstation label print RUN --operator "
                "NAME --reason WHY");
    return PRINTER_DROPPED;
}

static enum printer_look judge(const struct stream *s, const char *answer, size_t n, struct err *e)
{
    struct printer_status status;
    if (!printer_status_read(answer, n, &status, e) || !printer_status_judge(&status, e))
        return PRINTER_FAULT;
    return printer_status_is_idle(&status) ? say_idle(s, e) : PRINTER_BUSY;
}

static enum printer_look lose(struct stream *s, struct err *e)
{
    s->was_cut = true;
    stream_close(&s->printer);
    as_printer(s, e, "Is it switched on, and its cable in?");
    return PRINTER_LOST;
}

static enum printer_look stream_look(struct printer *p, struct err *e)
{
    struct stream *s = (struct stream *)p;
    char answer[ANSWER_BYTES];
    struct err failure = { 0 };
    if (p->config->ask == STATION_ASK_NO)
        return PRINTER_DONE;
    if (!(p->ops == &printer_tcp ? open_tcp(s, e) : open_device(s, e)))
        return PRINTER_LOST;
    const size_t n = ask(s, PRINTER_ASK_STATUS, PRINTER_STATUS_PARTS, answer, &failure);
    if (n > 0)
        return judge(s, answer, n, e);
    if (is_silence(&failure) && !ask_errors(s, e)) /* it may say what ~HS is silent about */
        return PRINTER_FAULT;
    *e = failure;
    return lose(s, e);
}

const struct printer_ops printer_tcp = { "tcp://",    sizeof(struct stream), true,        tcp_ready,
                                         stream_send, stream_look,           stream_close };
const struct printer_ops printer_device = { "/dev/",      sizeof(struct stream), true,
                                            device_ready, stream_send,           stream_look,
                                            stream_close };
