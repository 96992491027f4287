/*
 * The sockets of USB hubs, and the adapters that are plugged into them.
 *
 * A socket has a name that stays: the path of its controller, the chain of hub sockets, and which
 * of the adapter's interfaces and ports is meant, as udev spells it in /dev/serial/by-path
 * ("pci-0000:00:14.0-usb-0:1.4.2:1.0-port0"). Here it is made from sysfs, for in containers and on
 * some systems udev's links are not there. The last part, -port0, is left out: adapters of one kind
 * of driver have it and those of another do not, and it is one socket for both.
 */
#ifndef CORE_USB_SOCKET_H
#define CORE_USB_SOCKET_H

#include "core/ports/port.h"

#define USB_SOCKET_BYTES 192

/* Brings a socket's name into the form that names are compared in: without the folder of the link,
 * with usb-0: for systemd's newer usbv2-0: and usbv3-0:, without -port0. False: it is no name of a
 * USB socket. Pure. */
bool usb_socket_parse(const char *text, char socket[static USB_SOCKET_BYTES]);

/* An adapter's port. A plain value. */
struct usb_port {
    char path[256];                /* /dev/ttyUSB0 */
    char socket[USB_SOCKET_BYTES]; /* never "" */
    char driver[32];               /* "" if unknown */
    struct port_usb usb;
    uint32_t device_number; /* the kernel's: another one each time it is plugged in */
};

/* The socket of the port `tty` ("ttyUSB0") below `root` (lent; "" is this machine). False: it does
 * not hang on USB. */
bool usb_socket_of(const char *root, const char *tty, char socket[static USB_SOCKET_BYTES]);

/* Looks once: all ports on USB, by their paths as people count. The caller frees. NULL:
 * ERR_STATION.
 */
struct usb_ports;
struct usb_ports *usb_ports_new(const char *root, struct err *e);
void usb_ports_free(struct usb_ports *ports); /* NULL is fine */

size_t usb_ports_count(const struct usb_ports *ports);
const struct usb_port *usb_ports_at(const struct usb_ports *ports, size_t i);

/* The one in that socket; NULL: none. */
const struct usb_port *usb_ports_in(const struct usb_ports *ports, const char *socket);

#endif
