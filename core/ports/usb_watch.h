/*
 * Tells that serial ports may have come or gone, so that nobody has to look for them by the clock.
 *
 * Where udev runs it is udev that tells: once its rules are done, when a node has its group and its
 * mode and may be opened. Elsewhere, as in most containers, changes in /dev do, which come a moment
 * earlier. What has changed neither says for sure, for news may be lost: whoever is told looks at
 * all of them (usb_ports_new), and looks now and then untold.
 */
#ifndef CORE_USB_WATCH_H
#define CORE_USB_WATCH_H

#include <stdbool.h>

struct usb_watch;

/* `root`: "" is this machine; udev knows no other, so at a made-up one changes in its /dev tell.
 * NULL: nobody can tell. One thread at a time. */
struct usb_watch *usb_watch_new(const char *root);
void usb_watch_free(struct usb_watch *w); /* NULL is fine */

/* Readable when there is news. NULL gives -1. */
int usb_watch_fd(const struct usb_watch *w);

/* Takes the news; whether there was any of serial ports. */
bool usb_watch_take(struct usb_watch *w);

/* Whether it is udev that tells. */
bool usb_watch_is_udev(const struct usb_watch *w);

#endif
