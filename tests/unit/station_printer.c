/* Printers: what their answers mean, and a device that takes labels and answers. */
#include "station/label/printer.h"
#include "station/label/printer_status.h"
#include "tests/lib/test.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

/* ---- Answers ---- */

/* As a printer gave it (michaelrsweet/lprint issue 107). */
#define REAL                                                                                       \
    "\x02"                                                                                         \
    "158,0,0,0203,000,0,0,0,000,0,0,0\x03\r\n\x02"                                                 \
    "000,0,0,0,0,2,6,0,00000000,1,000\x03\r\n\x02"                                                 \
    "0000,0\x03\r\n"
#define STATUS(paper, pause, formats, partial, open, ribbon, taken, left)                          \
    "\x02"                                                                                         \
    "158," paper "," pause ",0203," formats ",0,0," partial ",000,0,0,0\x03\r\n\x02"               \
    "000,0," open "," ribbon ",0,2,6," taken "," left ",1,000\x03\r\n\x02"                         \
    "0000,0\x03\r\n"

static const struct {
    const char *answer, *what; /* NULL: nothing is wrong */
    bool idle;
} answers[] = {
    { REAL, NULL, true },
    { STATUS("0", "0", "000", "0", "0", "0", "0", "00000000"), NULL, true },
    { STATUS("0", "0", "001", "0", "0", "0", "0", "00000000"), NULL, false },
    { STATUS("0", "0", "000", "0", "0", "0", "0", "00000001"), NULL, false },
    { STATUS("0", "0", "000", "1", "0", "0", "0", "00000000"), NULL, false },
    { STATUS("1", "0", "001", "0", "0", "0", "0", "00000001"), "has no labels left", false },
    { STATUS("1", "0", "001", "0", "1", "0", "0", "00000001"), "is open", false },
    { STATUS("0", "1", "001", "0", "0", "0", "0", "00000001"), "is paused", false },
    { STATUS("0", "0", "000", "0", "0", "1", "0", "00000000"), "has no ribbon left", true },
    { STATUS("0", "0", "000", "0", "0", "0", "1", "00000001"), "label is taken", false },
};

static void printer_status_is_understood(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(answers); i++) {
        struct printer_status s;
        struct err e = { 0 };
        assert_ok(printer_status_read(answers[i].answer, strlen(answers[i].answer), &s, &e), &e);
        assert_int_equal(printer_status_judge(&s, &e), answers[i].what == NULL);
        if (answers[i].what)
            assert_has(e.what, answers[i].what);
        assert_int_equal(printer_status_is_idle(&s), answers[i].idle);
    }
}

/* Cut off anywhere it is no answer, and never read beyond its end. */
static void printer_status_cut_off_is_none(void **state)
{
    (void)state;
    const size_t n = strlen(REAL), second = (size_t)(strstr(REAL, "1,000\x03") + 6 - REAL);
    for (size_t cut = 0; cut < n; cut++) {
        struct printer_status s;
        struct err e = { 0 };
        char *exact = malloc(cut + 1);
        memcpy(exact, REAL, cut);
        const bool ok = printer_status_read(exact, cut, &s, &e);
        assert_int_equal(ok, cut >= second);
        free(exact);
    }
}

static void printer_errors_are_told(void **state)
{
    (void)state;
    static const struct {
        const char *errors, *what;
    } rows[] = {
        { "0 00000000 00000000", NULL },
        { "1 00000000 00000001", "has no labels left" },
        { "1 00000000 00000002", "has no ribbon left" },
        { "1 00000000 00000005", "has no labels left" },
        { "1 00000000 00000004", "is open" },
        { "1 00000000 00000010", "too hot" },
        { "1 00000000 00001000", "paper jam" },
        { "1 00000001 00000000", "tells of a fault: 00000001 00000000" },
        { "", "does not answer ~HQES" },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char text[200];
        struct err e = { 0 };
        const int n = snprintf(text, sizeof text,
                               "\x02\r\n  PRINTER STATUS\r\n   ERRORS:         %s\r\n"
                               "   WARNINGS:       0 00000000 00000000\r\n\x03",
                               rows[i].errors);
        assert_int_equal(printer_errors_read(text, (size_t)n, &e), rows[i].what == NULL);
        if (rows[i].what)
            assert_has(e.what, rows[i].what);
    }
    struct err e = { 0 };
    assert_false(printer_errors_read("", 0, &e));
}

/* ---- A device ---- */

struct far_end {
    int fd;
    pthread_t thread;
    char got[2000];
    size_t bytes;
};

static void answer(const struct far_end *f, const char *text)
{
    const ssize_t n = write(f->fd, text, strlen(text));
    (void)n;
}

/* Answers each question, until its end is closed or it has all of a label and was asked. */
static void *play(void *ctx)
{
    struct far_end *f = ctx;
    ssize_t n;
    while (f->bytes + 1 < sizeof f->got &&
           (n = read(f->fd, f->got + f->bytes, sizeof f->got - 1 - f->bytes)) > 0) {
        f->bytes += (size_t)n;
        f->got[f->bytes] = '\0';
        char *at;
        if ((at = strstr(f->got, "~HQES\r\n")) != NULL) {
            answer(f, "\x02\r\n ERRORS: 0 00000000 00000000\r\n\x03");
            memset(at, '.', 7);
        }
        if ((at = strstr(f->got, "~HS\r\n")) != NULL) {
            answer(f, REAL);
            memset(at, '.', 5);
        }
    }
    return NULL;
}

/* A raw pty; gives the printer's side of it. The near one is kept open, so that it lives on. */
static int open_device(char *path, size_t cap, int *kept)
{
    struct termios t;
    const int far = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(far >= 0);
    assert_int_equal(grantpt(far), 0);
    assert_int_equal(unlockpt(far), 0);
    assert_int_equal(ptsname_r(far, path, cap), 0);
    assert_int_equal(tcgetattr(far, &t), 0);
    cfmakeraw(&t);
    assert_int_equal(tcsetattr(far, TCSANOW, &t), 0);
    *kept = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(*kept >= 0);
    return far;
}

static void printer_device_takes_a_label_and_answers(void **state)
{
    (void)state;
    char path[64];
    int kept;
    struct err e = { 0 };
    struct far_end f = { .fd = open_device(path, sizeof path, &kept) };
    assert_int_equal(pthread_create(&f.thread, NULL, play, &f), 0);
    const struct station_printer config = { .to = path };
    struct printer *p = printer_new(&config, &clock_system, -1, &e);
    assert_ok(p != NULL, &e);
    assert_true(printer_confirms(p));
    assert_ok(printer_ready(p, &e), &e);
    assert_int_equal(printer_send(p, "^XA^FDx^FS^PQ1^XZ\n", "title", &e), PRINTER_SENT);
    assert_int_equal(printer_look(p, &e), PRINTER_DONE);
    printer_free(p);
    close(kept);
    pthread_join(f.thread, NULL);
    assert_has(f.got, "~JX^XA^FDx^FS^PQ1^XZ\n");
    close(f.fd);
}

/* Takes the beginning of what is sent, and is gone. */
static void *take_some(void *ctx)
{
    struct far_end *f = ctx;
    const ssize_t n = read(f->fd, f->got, sizeof f->got);
    f->bytes = n > 0 ? (size_t)n : 0;
    close(f->fd);
    return NULL;
}

/* More than what stands between may keep, so that the end cannot have left. */
static void printer_lost_in_a_label_has_not_printed_it(void **state)
{
    (void)state;
    const size_t n = 1 << 20;
    char path[64];
    int kept;
    struct err e = { 0 };
    struct far_end f = { .fd = open_device(path, sizeof path, &kept) };
    char *zpl = malloc(n + 1);
    assert_non_null(zpl);
    memset(zpl, ' ', n);
    memcpy(zpl, "^XA", 3);
    memcpy(zpl + n - 4, "^XZ\n", 5);
    const struct station_printer config = { .to = path, .ask = STATION_ASK_NO };
    struct printer *p = printer_new(&config, &clock_system, -1, &e);
    assert_ok(p != NULL && printer_ready(p, &e), &e);
    assert_int_equal(pthread_create(&f.thread, NULL, take_some, &f), 0);
    assert_int_equal(printer_send(p, zpl, "title", &e), PRINTER_NOT_SENT);
    assert_has(e.hint, "it is sent again");
    pthread_join(f.thread, NULL);
    assert_true(f.bytes > 0);
    printer_free(p);
    close(kept);
    free(zpl);
}

/* A server whose connections end as soon as they stand, unread. */
static void printer_that_hangs_up_has_not_printed_a_label(void **state)
{
    (void)state;
    char to[64];
    struct err e = { 0 };
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof at;
    const int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(server, (struct sockaddr *)&at, size), 0);
    assert_int_equal(listen(server, 1), 0);
    assert_int_equal(getsockname(server, (struct sockaddr *)&at, &size), 0);
    snprintf(to, sizeof to, "tcp://127.0.0.1:%u", ntohs(at.sin_port));
    const struct station_printer config = { .to = to, .ask = STATION_ASK_NO };
    struct printer *p = printer_new(&config, &clock_system, -1, &e);
    assert_ok(p != NULL && printer_ready(p, &e), &e);
    const int end = accept(server, NULL, NULL);
    assert_int_equal(shutdown(end, SHUT_WR), 0);
    assert_int_equal(printer_send(p, "^XA^FDx^FS^PQ1^XZ\n", "title", &e), PRINTER_NOT_SENT);
    printer_free(p);
    close(end);
    close(server);
}

static void printer_device_that_is_not_there(void **state)
{
    (void)state;
    struct err e = { 0 };
    const struct station_printer config = { .to = (char[]){ "/dev/usb/lp99" } };
    struct printer *p = printer_new(&config, &clock_system, -1, &e);
    assert_ok(p != NULL, &e);
    assert_code(printer_ready(p, &e), &e, ERR_STATION);
    assert_has(e.what, "/dev/usb/lp99 cannot be opened");
    assert_has(e.hint, "cups://QUEUE");
    printer_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(printer_status_is_understood),
        cmocka_unit_test(printer_status_cut_off_is_none),
        cmocka_unit_test(printer_errors_are_told),
        cmocka_unit_test(printer_device_takes_a_label_and_answers),
        cmocka_unit_test(printer_lost_in_a_label_has_not_printed_it),
        cmocka_unit_test(printer_that_hangs_up_has_not_printed_a_label),
        cmocka_unit_test(printer_device_that_is_not_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
