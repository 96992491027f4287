/* Scanners: from bytes and keys to codes, the slot a code is for, and devices that come and go. */
#include "recipes/station/station_file.h"
#include "station/scan/scan_desk.h"
#include "station/scan/scan_keys.h"
#include "station/scan/scan_source.h"
#include "tests/lib/test.h"

#include <errno.h>
#include <fcntl.h>
#include <libevdev/libevdev-uinput.h>
#include <libevdev/libevdev.h>
#include <linux/input-event-codes.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

static struct doc_report report;

static struct station *station_of(const char *scanners)
{
    char text[900];
    struct station *station;
    struct err e = { 0 };
    snprintf(text, sizeof text, "station: x\nslots: [{name: A1}, {name: A2}]\nscanners:\n%s\n",
             scanners);
    assert_ok(station_parse("s.yaml", text, strlen(text), "", &station, &report, &e), &e);
    return station;
}

/* ---- Codes ---- */

struct codes {
    char text[600]; /* each in < >; ! in front of why it is none */
};

static void keep(void *ctx, const char *code, const struct err *why)
{
    struct codes *const c = ctx;
    const size_t used = strlen(c->text);
    snprintf(c->text + used, sizeof c->text - used, "<%s%.120s>", why ? "!" : "",
             why ? why->what : code);
}

static const struct {
    const char *keys, *bytes, *codes; /* of the scanner; that came; what was read */
} rows[] = {
    { "", "AB12\r", "<AB12>" },
    { "", "AB12\n", "<AB12>" },
    { "", "AB12\r\nCD\r\n", "<AB12><CD>" },
    { "", "AB12\tCD\t", "<AB12><CD>" },
    { "",
      "\x02"
      "AB12\x03\x02"
      "CD\x03",
      "<AB12><CD>" },
    { ", end: cr", "AB12\r\nCD\r\n", "<AB12><CD>" },
    { ", end: lf", "AB12\r\nCD\n", "<AB12><CD>" },
    { ", end: tab", "AB12\tCD\t", "<AB12><CD>" },
    { ", end: etx",
      "\x02"
      "AB12\x03",
      "<AB12>" },
    { ", end: cr", "A\tB\r", "<!Scanner g: the code holds a control character" },
    { ", end: silence", "AB12", "<AB12>" },
    { ", end: silence", "AB12\r\n", "<AB12>" },
    { ", aim: yes", "]C1AB12\r]Q3CD\r", "<AB12><CD>" },
    { ", aim: yes", "AB12\r", "<!Scanner g: a code came without the ]cm" },
    { ", prefix: \"$$\"", "$$AB12\r", "<AB12>" },
    { ", prefix: \"$$\"", "AB12\r", "<!Scanner g: a code came without the prefix" },
    { ", prefix: z, aim: yes", "z]d2AB12\r", "<AB12>" },
    { "",
      "01095\x1d"
      "10L9\r",
      "<01095\x1d"
      "10L9>" },
    { ", gs: \"|\"", "01095|10L9|\r",
      "<01095\x1d"
      "10L9\x1d>" },
    { ", gs: \"{GS}\"", "01095{GS}10L9\r",
      "<01095\x1d"
      "10L9>" },
    { "", "a\x1b[2Jb\r", "<!Scanner g: the code holds a control character" },
    { "", "a\xff\r", "<!Scanner g: the code holds a control character, or is no UTF-8" },
    { "", "B\xC3\xBCro\r", "<B\xC3\xBCro>" },
    { "", "\r\n\r\n", "" },
    { "", "'; DROP TABLE run; --\r", "<'; DROP TABLE run; -->" },
};

static void feed(const struct station *station, const char *bytes, size_t step, struct codes *codes)
{
    struct scan_code c;
    scan_code_init(&c, &station->scanners[0]);
    codes->text[0] = '\0';
    const size_t n = strlen(bytes);
    for (size_t i = 0; i < n; i += step)
        scan_code_feed(&c, bytes + i, n - i < step ? n - i : step, 1000 + i, keep, codes);
    assert_int_equal(scan_code_tick(&c, 1000 + n + SCAN_SILENCE_MS, keep, codes), 0);
}

/* One by one, in pieces and all at once. */
static void scan_takes_every_frame(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char keys[120];
        struct codes codes;
        snprintf(keys, sizeof keys, "  - { name: g, from: stdin%s }", rows[i].keys);
        struct station *station = station_of(keys);
        for (size_t step = 1; step < 30; step += 7) {
            feed(station, rows[i].bytes, step, &codes);
            if (strncmp(rows[i].codes, "<!", 2) == 0)
                assert_has(codes.text, rows[i].codes);
            else
                assert_string_equal(codes.text, rows[i].codes);
        }
        station_free(station);
    }
}

static void scan_refuses_what_is_too_long_or_cut_off(void **state)
{
    (void)state;
    struct station *station = station_of("  - { name: g, from: stdin }");
    static char much[4097];
    struct codes codes = { "" };
    struct scan_code c;
    memset(much, 'x', sizeof much - 1);
    scan_code_init(&c, &station->scanners[0]);
    scan_code_feed(&c, much, 4096, 10, keep, &codes);
    assert_string_equal(codes.text, "");
    scan_code_feed(&c, "\rAB\r", 4, 20, keep, &codes);
    assert_string_equal(codes.text, "<!Scanner g: a code had more than 1024 characters><AB>");
    codes.text[0] = '\0';
    scan_code_feed(&c, "half", 4, 30, keep, &codes);
    assert_int_equal(scan_code_tick(&c, 130, keep, &codes), SCAN_STUCK_MS - 100);
    scan_code_feed(&c, "AB\r", 3, 30 + SCAN_STUCK_MS, keep, &codes);
    assert_string_equal(codes.text, "<!Scanner g: a code has no end><AB>");
    codes.text[0] = '\0';
    scan_code_feed(&c, "AB", 2, 5000, keep, &codes);
    scan_code_spoil(&c);
    scan_code_feed(&c, "\rCD\r", 4, 5001, keep, &codes);
    assert_string_equal(codes.text, "<!Scanner g: a part of the code was lost><CD>");
    station_free(station);
}

/* ---- Keys ---- */

static void type(struct scan_keys *k, char *text, int key, int value)
{
    char more[SCAN_KEYS_TEXT];
    scan_keys_take(k, (uint16_t)key, value, more);
    const size_t used = strlen(text);
    memcpy(text + used, more, strlen(more) + 1); /* there is room for all that is typed here */
}

static void press(struct scan_keys *k, char *text, int key)
{
    type(k, text, key, 1);
    type(k, text, key, 2); /* held a little too long */
    type(k, text, key, 0);
}

static void scan_keys_are_those_of_a_us_keyboard(void **state)
{
    (void)state;
    struct scan_keys k = { .shift = false };
    char text[64] = "";
    type(&k, text, KEY_LEFTSHIFT, 1);
    press(&k, text, KEY_E);
    press(&k, text, KEY_SEMICOLON);
    press(&k, text, KEY_MINUS);
    type(&k, text, KEY_LEFTSHIFT, 0);
    press(&k, text, KEY_Y);
    press(&k, text, KEY_SLASH);
    press(&k, text, KEY_7);
    press(&k, text, KEY_KP7);
    press(&k, text, KEY_F1);
    press(&k, text, KEY_ENTER);
    assert_string_equal(text, "E:_y/77\r");
    text[0] = '\0';
    type(&k, text, KEY_LEFTCTRL, 1);
    press(&k, text, KEY_RIGHTBRACE);
    type(&k, text, KEY_LEFTCTRL, 0);
    press(&k, text, KEY_KPENTER);
    assert_string_equal(text, "\x1d\r");
}

/* Alt with the digits of the keypad: 083 is S, 0252 is u with dots. */
static void scan_keys_of_alt_are_numbers(void **state)
{
    (void)state;
    struct scan_keys k = { .shift = false };
    char text[64] = "";
    static const int digits[][4] = { { KEY_KP0, KEY_KP8, KEY_KP3, 0 },
                                     { KEY_KP0, KEY_KP2, KEY_KP5, KEY_KP2 } };
    for (size_t i = 0; i < 2; i++) {
        type(&k, text, KEY_LEFTALT, 1);
        for (size_t n = 0; n < 4 && digits[i][n]; n++)
            press(&k, text, digits[i][n]);
        type(&k, text, KEY_LEFTALT, 0);
    }
    press(&k, text, KEY_KP5);
    assert_string_equal(text, "S\xC3\xBC"
                              "5");
}

/* ---- Slots ---- */

struct desk {
    char taken[200];
    bool refuse;
};

static bool deliver(void *ctx, int slot, const char *code, struct err *e)
{
    struct desk *const d = ctx;
    const size_t used = strlen(d->taken);
    snprintf(d->taken + used, sizeof d->taken - used, "%d:%s ", slot, code);
    return !d->refuse || slot > 0 || err_set(e, ERR_USAGE, "No slot waits for a code");
}

static enum scan_said scan(struct scan_route *r, struct desk *d, const char *code, uint64_t ms)
{
    struct err e = { 0 };
    int slot;
    d->taken[0] = '\0';
    const enum scan_said said = scan_route_take(r, code, ms, deliver, d, &slot, &e);
    assert_true((said == SCAN_REFUSED) == (e.code != ERR_NONE));
    return said;
}

static void scan_finds_the_slot_either_way(void **state)
{
    (void)state;
    struct station *station = station_of("  - { name: g, from: stdin }");
    struct scan_route r;
    struct desk d = { .refuse = true };
    scan_route_init(&r, station, &station->scanners[0]);
    /* the slot first */
    assert_int_equal(scan(&r, &d, "slot:A2", 1000), SCAN_SLOT);
    assert_int_equal(scan(&r, &d, "B1", 2000), SCAN_TAKEN);
    assert_string_equal(d.taken, "2:B1 ");
    /* and not for the next one */
    assert_int_equal(scan(&r, &d, "B2", 3000), SCAN_REFUSED);
    assert_string_equal(d.taken, "0:B2 ");
    /* the board first */
    assert_int_equal(scan(&r, &d, "SLOT:a1", 4000), SCAN_TAKEN);
    assert_string_equal(d.taken, "1:B2 ");
    assert_int_equal(scan(&r, &d, "slot:A3", 5000), SCAN_REFUSED);
    /* neither waits for long */
    assert_int_equal(scan(&r, &d, "B3", 20000), SCAN_REFUSED);
    assert_int_equal(scan(&r, &d, "slot:A1", 20001 + SCAN_PAIR_MS), SCAN_SLOT);
    assert_int_equal(scan(&r, &d, "B4", 30005 + SCAN_PAIR_MS), SCAN_REFUSED);
    assert_string_equal(d.taken, "0:B4 ");
    station_free(station);
}

static void scan_for_the_one_that_waits_or_the_one_below(void **state)
{
    (void)state;
    struct station *station = station_of("  - { name: g, from: stdin }\n"
                                         "  - { name: over, from: \"serial:/dev/x\", slot: A2 }");
    struct scan_route r;
    struct desk d = { .refuse = false };
    scan_route_init(&r, station, &station->scanners[0]);
    assert_int_equal(scan(&r, &d, "B1", 1000), SCAN_TAKEN);
    assert_string_equal(d.taken, "0:B1 ");
    scan_route_init(&r, station, &station->scanners[1]);
    assert_int_equal(scan(&r, &d, "B2", 1000), SCAN_TAKEN);
    assert_string_equal(d.taken, "2:B2 ");
    assert_int_equal(scan(&r, &d, "slot:A1", 1001), SCAN_SLOT);
    assert_int_equal(scan(&r, &d, "B3", 1002), SCAN_TAKEN);
    assert_string_equal(d.taken, "1:B3 ");
    station_free(station);
}

static void scan_of_a_trigger_that_bounced_is_one(void **state)
{
    (void)state;
    struct station *station = station_of("  - { name: g, from: stdin }");
    struct scan_route r;
    struct desk d = { .refuse = false };
    scan_route_init(&r, station, &station->scanners[0]);
    assert_int_equal(scan(&r, &d, "B1", 1000), SCAN_TAKEN);
    assert_int_equal(scan(&r, &d, "B1", 1500), SCAN_BOUNCED);
    assert_string_equal(d.taken, "");
    assert_int_equal(scan(&r, &d, "B2", 1600), SCAN_TAKEN);
    assert_int_equal(scan(&r, &d, "B1", 1700), SCAN_TAKEN);
    assert_int_equal(scan(&r, &d, "B1", 1700 + SCAN_BOUNCE_MS), SCAN_TAKEN);
    station_free(station);
}

/* ---- Devices ---- */

struct heard {
    pthread_mutex_t lock;
    char text[600];
};

static bool take_heard(void *ctx, int slot, const char *code, struct err *e)
{
    (void)ctx;
    (void)slot;
    (void)code;
    (void)e;
    return true;
}

static void tell_heard(void *ctx, const struct station_scanner *scanner, enum scan_said said,
                       int slot, const char *code, const struct err *why)
{
    struct heard *const h = ctx;
    (void)slot;
    pthread_mutex_lock(&h->lock);
    const size_t used = strlen(h->text);
    snprintf(h->text + used, sizeof h->text - used, "%s %d %.100s;", scanner->name, (int)said,
             why ? why->what : code);
    pthread_mutex_unlock(&h->lock);
}

static void await_heard(struct heard *h, const char *part)
{
    for (int i = 0; i < 500; i++) {
        pthread_mutex_lock(&h->lock);
        const bool there = strstr(h->text, part) != NULL;
        pthread_mutex_unlock(&h->lock);
        if (there)
            return;
        poll(NULL, 0, 20);
    }
    fail_msg("'%s' does not hold '%s'", h->text, part);
}

static int open_pty(char *path, size_t cap)
{
    const int master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(master >= 0);
    assert_int_equal(grantpt(master), 0);
    assert_int_equal(unlockpt(master), 0);
    assert_int_equal(ptsname_r(master, path, cap), 0);
    return master;
}

static struct scan_desk *desk_of(const struct station *station, struct heard *h)
{
    struct err e = { 0 };
    const struct scan_desk_setup setup = { .station = station,
                                           .clock = &clock_system,
                                           .deliver = take_heard,
                                           .tell = tell_heard,
                                           .ctx = h };
    struct scan_desk *d = scan_desk_new(&setup, &e);
    assert_ok(d != NULL, &e);
    return d;
}

static void scan_reads_a_serial_port_and_sends_nothing(void **state)
{
    (void)state;
    char path[64], scanners[200], back[16];
    struct heard h = { .lock = PTHREAD_MUTEX_INITIALIZER };
    const int master = open_pty(path, sizeof path);
    snprintf(scanners, sizeof scanners, "  - { name: g, from: \"serial:%s\", baud: 115200 }", path);
    struct station *station = station_of(scanners);
    struct scan_desk *d = desk_of(station, &h);
    /* raw, or the line discipline would have made CR something else */
    struct termios t;
    for (int i = 0; i < 500; i++) {
        assert_int_equal(tcgetattr(master, &t), 0);
        if (!(t.c_lflag & ICANON))
            break;
        poll(NULL, 0, 20);
    }
    assert_int_equal(write(master,
                           "AB12\rslot:A2\r\n\x02"
                           "CD\x1d"
                           "9\x03",
                           20),
                     20);
    await_heard(&h, "g 0 AB12;");
    await_heard(&h, "g 2 slot:A2;");
    await_heard(&h, "g 0 CD\x1d"
                    "9;");
    fcntl(master, F_SETFL, O_NONBLOCK);
    assert_true(read(master, back, sizeof back) < 0);
    /* it is this process's alone */
    const int second = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(second < 0 || geteuid() == 0);
    if (second >= 0)
        close(second);
    close(master);                        /* pulled */
    await_heard(&h, "Scanner g is gone"); /* its number may be another pty's by now */
    scan_desk_free(d);
    station_free(station);
}

static void scan_of_what_is_no_scanner_is_told(void **state)
{
    (void)state;
    struct heard h = { .lock = PTHREAD_MUTEX_INITIALIZER };
    struct station *station = station_of("  - { name: k, from: \"keyboard:/dev/null\" }\n"
                                         "  - { name: s, from: \"serial:/dev/null\" }\n"
                                         "  - { name: n, from: \"serial:/dev/none\" }");
    struct scan_desk *d = desk_of(station, &h);
    await_heard(&h, "k 3 Scanner k: /dev/null is no input device;");
    await_heard(&h, "s 3 Scanner s: /dev/null is no serial port;");
    await_heard(&h, "n 3 Scanner n (serial:/dev/none)");
    scan_desk_free(d);
    station_free(station);
}

/* A keyboard of the kernel's, where this machine lets one be made. */
static void scan_grabs_a_keyboard(void **state)
{
    (void)state;
    if (access("/dev/uinput", W_OK) != 0) {
        print_message("no /dev/uinput here\n");
        skip();
    }
    struct libevdev *model = libevdev_new();
    struct libevdev_uinput *made = NULL;
    struct heard h = { .lock = PTHREAD_MUTEX_INITIALIZER };
    char scanners[200];
    libevdev_set_name(model, "espstation test scanner");
    libevdev_enable_event_type(model, EV_KEY);
    for (unsigned key = KEY_ESC; key <= KEY_KPDOT; key++)
        libevdev_enable_event_code(model, EV_KEY, key, NULL);
    if (libevdev_uinput_create_from_device(model, LIBEVDEV_UINPUT_OPEN_MANAGED, &made) != 0 ||
        !libevdev_uinput_get_devnode(made)) {
        libevdev_free(model);
        skip();
    }
    snprintf(scanners, sizeof scanners, "  - { name: k, from: \"keyboard:%s\" }",
             libevdev_uinput_get_devnode(made));
    struct station *station = station_of(scanners);
    struct scan_desk *d = desk_of(station, &h);
    struct libevdev *other = NULL;
    const int fd = open(libevdev_uinput_get_devnode(made), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    assert_int_equal(libevdev_new_from_fd(fd, &other), 0);
    for (int i = 0; i < 500 && libevdev_grab(other, LIBEVDEV_GRAB) == 0; i++) {
        libevdev_grab(other, LIBEVDEV_UNGRAB);
        poll(NULL, 0, 20);
    }
    static const int keys[] = { KEY_A, KEY_1, KEY_ENTER };
    for (size_t i = 0; i < 3; i++) {
        for (int value = 1; value >= 0; value--) {
            libevdev_uinput_write_event(made, EV_KEY, (unsigned)keys[i], value);
            libevdev_uinput_write_event(made, EV_SYN, SYN_REPORT, 0);
        }
    }
    await_heard(&h, "k 0 a1;");
    struct input_event event;
    assert_int_equal(libevdev_next_event(other, LIBEVDEV_READ_FLAG_NORMAL, &event), -EAGAIN);
    scan_desk_free(d);
    libevdev_free(other);
    close(fd);
    libevdev_uinput_destroy(made);
    libevdev_free(model);
    station_free(station);
}

/* ---- The station file ---- */

static void scan_mistakes_of_the_station_file(void **state)
{
    (void)state;
    static const struct {
        const char *text, *mistake;
    } mistakes[] = {
        { "scanners: [{name: g, from: /dev/ttyACM0}]", "'scanners.from' expects keyboard:/dev/" },
        { "scanners: [{name: g, from: \"serial:ttyS0\"}]", "'scanners.from' expects" },
        { "scanners: [{from: stdin}]", "key 'name' is missing in this scanner" },
        { "scanners: [{name: g}]", "key 'from' is missing in this scanner" },
        { "scanners: [{name: g, from: stdin, slot: A9}]", "'scanners.slot': there is no slot "
                                                          "'A9'" },
        { "scanners: [{name: g, from: stdin}, {name: G, from: \"serial:/dev/x\"}]", "scanner 'G' "
                                                                                    "differs from "
                                                                                    "'g'" },
        { "scanners: [{name: g, from: stdin}, {name: h, from: stdin}]", "this is scanner 'g' at" },
        { "scanners: [{name: g, from: \"serial:/dev/ttyS7\"}]", "this port is that of slot 'A1'" },
        { "scanners: [{name: g, from: stdin, end: crlf}]", "'scanners.end' expects auto, cr, lf" },
        { "printer: {dpi: 203}", "'printer' has no 'to'" },
        { "printer: {to: lp0}", "'printer.to' expects tcp://HOST:PORT" },
        { "printer: {to: \"tcp://\"}", "'printer.to' expects" },
        { "printer: {to: \"cups://a/b\"}", "a queue is a name" },
        { "printer: {to: \"tcp://h\", dpi: 204}", "'printer.dpi' expects 203, 300 or 600" },
    };
    for (size_t i = 0; i < COUNT_OF(mistakes); i++) {
        char text[300];
        struct station *station;
        struct err e = { 0 };
        snprintf(text, sizeof text, "station: x\nslots: [{name: A1, port: /dev/ttyS7}]\n%s\n",
                 mistakes[i].text);
        assert_code(station_parse("s", text, strlen(text), "", &station, &report, &e), &e,
                    ERR_USAGE);
        assert_has(report.mistakes[0].sentence, mistakes[i].mistake);
    }
}

static void scan_printer_of_the_station_file(void **state)
{
    (void)state;
    static const struct {
        const char *text, *to;
    } printers[] = {
        { "tcp://10.0.0.9", "tcp://10.0.0.9:9100" },
        { "tcp://zebra:6101", "tcp://zebra:6101" },
        { "tcp://[fe80::1]", "tcp://[fe80::1]:9100" },
        { "/dev/usb/lp0", "/dev/usb/lp0" },
        { "cups://labels", "cups://labels" },
        { "file:a/labels.zpl", "file:/f/a/labels.zpl" },
    };
    for (size_t i = 0; i < COUNT_OF(printers); i++) {
        char text[200];
        struct station *station;
        struct err e = { 0 };
        snprintf(text, sizeof text, "station: x\nslots: [{name: A1}]\nprinter: {to: \"%s\"}\n",
                 printers[i].text);
        assert_ok(station_parse("s", text, strlen(text), "/f", &station, &report, &e), &e);
        assert_string_equal(station->printer.to, printers[i].to);
        station_free(station);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scan_takes_every_frame),
        cmocka_unit_test(scan_refuses_what_is_too_long_or_cut_off),
        cmocka_unit_test(scan_keys_are_those_of_a_us_keyboard),
        cmocka_unit_test(scan_keys_of_alt_are_numbers),
        cmocka_unit_test(scan_finds_the_slot_either_way),
        cmocka_unit_test(scan_for_the_one_that_waits_or_the_one_below),
        cmocka_unit_test(scan_of_a_trigger_that_bounced_is_one),
        cmocka_unit_test(scan_reads_a_serial_port_and_sends_nothing),
        cmocka_unit_test(scan_of_what_is_no_scanner_is_told),
        cmocka_unit_test(scan_grabs_a_keyboard),
        cmocka_unit_test(scan_mistakes_of_the_station_file),
        cmocka_unit_test(scan_printer_of_the_station_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
