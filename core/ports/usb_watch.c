/* Rules of libudev's monitor: first it receives, then one looks; "udev", not "kernel", whose events
 * come before nodes are ready; ENOBUFS means that events were lost (libudev.h, udev(7)). */
#include "core/ports/usb_watch.h"

#include <errno.h>
#include <libudev.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#define BUFFER_BYTES (1 << 20) /* a hub with 16 adapters makes hundreds of events at once */

struct usb_watch {
    struct udev *udev; /* NULL: it does not tell */
    struct udev_monitor *monitor;
    int dev_fd; /* of inotify; -1: not in use */
};

/* ---- udev ---- */

static bool is_running(struct udev *udev)
{
    struct udev_queue *queue = udev_queue_new(udev);
    const bool is = queue && udev_queue_get_udev_is_active(queue);
    udev_queue_unref(queue);
    return is;
}

static bool open_monitor(struct usb_watch *w)
{
    w->udev = udev_new();
    if (w->udev && is_running(w->udev))
        w->monitor = udev_monitor_new_from_netlink(w->udev, "udev");
    if (!w->monitor)
        return false;
    udev_monitor_set_receive_buffer_size(w->monitor, BUFFER_BYTES); /* more is better, no must */
    return udev_monitor_filter_add_match_subsystem_devtype(w->monitor, "tty", NULL) >= 0 &&
           udev_monitor_enable_receiving(w->monitor) >= 0;
}

static void close_monitor(struct usb_watch *w)
{
    udev_monitor_unref(w->monitor); /* of both NULL is fine */
    udev_unref(w->udev);
    w->monitor = NULL;
    w->udev = NULL;
}

static bool take_from_udev(struct usb_watch *w)
{
    bool any = false;
    for (;;) {
        errno = 0;
        struct udev_device *device = udev_monitor_receive_device(w->monitor);
        any = any || device || errno == ENOBUFS;
        if (!device && errno != ENOBUFS)
            return any;
        udev_device_unref(device);
    }
}

/* ---- Changes in /dev ---- */

static bool open_folder(struct usb_watch *w, const char *root)
{
    char dev[PATH_MAX];
    if ((size_t)snprintf(dev, sizeof dev, "%s/dev", root) >= sizeof dev)
        return false;
    w->dev_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    return w->dev_fd >= 0 &&
           inotify_add_watch(w->dev_fd, dev, IN_CREATE | IN_DELETE | IN_ATTRIB) >= 0;
}

static bool is_of_port(const struct inotify_event *event)
{
    return (event->mask & IN_Q_OVERFLOW) || (event->len > 0 && strncmp(event->name, "tty", 3) == 0);
}

static bool take_from_folder(struct usb_watch *w)
{
    _Alignas(struct inotify_event) char bytes[4096];
    bool any = false;
    ssize_t n;
    while ((n = read(w->dev_fd, bytes, sizeof bytes)) > 0) {
        for (ssize_t at = 0; at < n;) {
            const struct inotify_event *event = (const struct inotify_event *)(bytes + at);
            any = any || is_of_port(event);
            at += (ssize_t)(sizeof *event + event->len);
        }
    }
    return any;
}

/* ---- Either of them ---- */

struct usb_watch *usb_watch_new(const char *root)
{
    struct usb_watch *w = calloc(1, sizeof *w);
    if (!w)
        return NULL;
    w->dev_fd = -1;
    if (!root[0] && open_monitor(w))
        return w;
    close_monitor(w);
    if (open_folder(w, root))
        return w;
    usb_watch_free(w);
    return NULL;
}

void usb_watch_free(struct usb_watch *w)
{
    if (!w)
        return;
    close_monitor(w);
    if (w->dev_fd >= 0)
        close(w->dev_fd);
    free(w);
}

int usb_watch_fd(const struct usb_watch *w)
{
    if (!w)
        return -1;
    return w->monitor ? udev_monitor_get_fd(w->monitor) : w->dev_fd;
}

bool usb_watch_take(struct usb_watch *w)
{
    if (!w)
        return false;
    return w->monitor ? take_from_udev(w) : take_from_folder(w);
}

bool usb_watch_is_udev(const struct usb_watch *w)
{
    return w && w->monitor;
}
