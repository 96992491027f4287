/*
 * Who tells that serial ports come and go: udev, played here by its own messages on netlink as
 * udevd sends them, and changes in a folder where udev does not run.
 */
#include "core/ports/usb_watch.h"
#include "tests/lib/test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libudev.h>
#include <linux/netlink.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATIENCE_MS = 60000, SILENCE_MS = 300 };

static bool runs; /* whether udevd does, as far as libudev is told */

int __wrap_udev_queue_get_udev_is_active(struct udev_queue *queue);
int __wrap_udev_queue_get_udev_is_active(struct udev_queue *queue)
{
    (void)queue;
    return runs;
}

static bool has_news(const struct usb_watch *w, int ms)
{
    struct pollfd fd = { usb_watch_fd(w), POLLIN, 0 };
    return poll(&fd, 1, ms) == 1;
}

/* ---- udevd ---- */

/* MurmurHash2 with seed 0, by which libudev's filter in the kernel knows a subsystem. */
static uint32_t hash(const char *text)
{
    const uint32_t m = 0x5bd1e995;
    size_t n = strlen(text);
    uint32_t h = (uint32_t)n, k;
    for (; n >= 4; n -= 4, text += 4) {
        memcpy(&k, text, 4);
        k *= m;
        k ^= k >> 24;
        h = (h * m) ^ (k * m);
    }
    for (k = 0; n > 0; n--)
        k = k << 8 | (uint8_t)text[n - 1];
    h = k ? (h ^ k) * m : h;
    h = (h ^ h >> 13) * m;
    return h ^ h >> 15;
}

/* In front of each message (systemd 252, libsystemd/sd-device/device-monitor.c). */
struct message_head {
    char prefix[8];
    uint32_t magic, bytes, properties_at, properties_bytes, subsystem, devtype, tags[2];
};

/* False: whoever runs the tests may not speak as udevd does. */
static bool say(const char *action, const char *subsystem, const char *name)
{
    char text[256];
    const int n = snprintf(text, sizeof text,
                           "ACTION=%s%cDEVPATH=/devices/virtual/%s/%s%cSUBSYSTEM=%s%cSEQNUM=7%c",
                           action, 0, subsystem, name, 0, subsystem, 0, 0);
    struct message_head head = { .prefix = "libudev",
                                 .magic = htonl(0xfeedcafe),
                                 .bytes = sizeof head,
                                 .properties_at = sizeof head,
                                 .properties_bytes = (uint32_t)n,
                                 .subsystem = htonl(hash(subsystem)) };
    struct sockaddr_nl to = { .nl_family = AF_NETLINK, .nl_groups = 2 };
    struct iovec parts[] = { { &head, sizeof head }, { text, (size_t)n } };
    const struct msghdr message = {
        .msg_name = &to, .msg_namelen = sizeof to, .msg_iov = parts, .msg_iovlen = 2
    };
    const int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);
    const bool ok = fd >= 0 && sendmsg(fd, &message, 0) >= 0;
    if (fd >= 0)
        close(fd);
    return ok;
}

static void udev_tells_of_serial_ports_alone(void **state)
{
    (void)state;
    runs = true;
    struct usb_watch *w = usb_watch_new("");
    if (!w || !say("add", "block", "sda")) {
        usb_watch_free(w);
        print_message("# netlink is not open to who runs this\n");
        skip();
    }
    assert_true(usb_watch_is_udev(w));
    assert_false(has_news(w, SILENCE_MS));
    assert_false(usb_watch_take(w));
    static const char *const actions[] = { "add", "remove", "change" };
    for (size_t i = 0; i < COUNT_OF(actions); i++) {
        assert_true(say(actions[i], "tty", "ttyUSB7"));
        assert_true(has_news(w, PATIENCE_MS));
        assert_true(usb_watch_take(w));
        assert_false(usb_watch_take(w));
    }
    usb_watch_free(w);
}

/* More than there is room for: whoever is told looks at all of them, so nothing is missed. */
static void lost_events_are_news(void **state)
{
    (void)state;
    runs = true;
    struct usb_watch *w = usb_watch_new("");
    const int small = 1;
    if (!w || !say("add", "tty", "ttyUSB7")) {
        usb_watch_free(w);
        skip();
    }
    assert_true(usb_watch_take(w));
    assert_int_equal(setsockopt(usb_watch_fd(w), SOL_SOCKET, SO_RCVBUFFORCE, &small, sizeof small),
                     0);
    for (int i = 0; i < 100; i++)
        say("add", "tty", "ttyUSB7");
    assert_true(has_news(w, PATIENCE_MS));
    assert_true(usb_watch_take(w));
    assert_false(usb_watch_take(w));
    usb_watch_free(w);
}

/* ---- Without udev ---- */

static char folder[64];

static void make_root(void)
{
    char dev[128];
    snprintf(folder, sizeof folder, "/tmp/usb-watch-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(dev, sizeof dev, "%s/dev", folder);
    assert_int_equal(mkdir(dev, 0700), 0);
}

static void drop_root(void)
{
    char dev[128];
    snprintf(dev, sizeof dev, "%s/dev", folder);
    assert_int_equal(rmdir(dev), 0);
    assert_int_equal(rmdir(folder), 0);
}

static void touch(const char *name)
{
    char path[128];
    snprintf(path, sizeof path, "%s/dev/%s", folder, name);
    FILE *f = fopen(path, "we");
    assert_non_null(f);
    fclose(f);
}

static void drop(const char *name)
{
    char path[128];
    snprintf(path, sizeof path, "%s/dev/%s", folder, name);
    assert_int_equal(unlink(path), 0);
}

static void without_udev_changes_in_dev_tell(void **state)
{
    (void)state;
    runs = false;
    make_root();
    struct usb_watch *w = usb_watch_new(folder);
    assert_non_null(w);
    assert_false(usb_watch_is_udev(w));
    assert_false(usb_watch_take(w));
    touch("ttyUSB7");
    assert_true(has_news(w, PATIENCE_MS));
    assert_true(usb_watch_take(w));
    assert_false(usb_watch_take(w));
    touch("sda");
    drop("sda");
    assert_true(has_news(w, PATIENCE_MS));
    assert_false(usb_watch_take(w));
    drop("ttyUSB7");
    assert_true(usb_watch_take(w));
    usb_watch_free(w);
    drop_root();
}

static void udev_is_not_asked_of_a_made_up_machine(void **state)
{
    (void)state;
    runs = true;
    make_root();
    struct usb_watch *w = usb_watch_new(folder);
    assert_non_null(w);
    assert_false(usb_watch_is_udev(w));
    touch("ttyUSB7");
    assert_true(has_news(w, PATIENCE_MS));
    drop("ttyUSB7");
    usb_watch_free(w);
    drop_root();
}

static void where_nobody_tells_it_is_said(void **state)
{
    (void)state;
    runs = false;
    struct usb_watch *w = usb_watch_new("/nowhere/at/all");
    assert_null(w);
    assert_int_equal(usb_watch_fd(w), -1);
    assert_false(usb_watch_take(w));
    assert_false(usb_watch_is_udev(w));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(udev_tells_of_serial_ports_alone),
        cmocka_unit_test(lost_events_are_news),
        cmocka_unit_test(without_udev_changes_in_dev_tell),
        cmocka_unit_test(udev_is_not_asked_of_a_made_up_machine),
        cmocka_unit_test(where_nobody_tells_it_is_said),
    };
    return cmocka_run_group_tests_name("usb_watch", tests, NULL, NULL);
}
