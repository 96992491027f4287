/* The serial ports that are plugged in, with what is known about each. */
#ifndef CORE_PORT_FIND_H
#define CORE_PORT_FIND_H

#include "core/ports/usb_socket.h"

struct port_found {
    char path[64];     /* /dev/ttyUSB0 */
    char by_path[256]; /* /dev/serial/by-path/...: stays the same for one socket; "" if none */
    char socket[USB_SOCKET_BYTES]; /* the same from sysfs, see usb_socket.h; "" if not on USB */
    char description[128];
    char driver[32];     /* kernel driver, "" if unknown */
    struct port_usb usb; /* vid 0: not on USB */
};

/* The link in /dev/serial/by-path that leads to the device `path` (or is it): the same for one
 * socket of one hub, whatever name the device gets when it comes back. "" if there is none. */
void port_by_path(const char *path, char *link, size_t cap);

/* Looks once. Sorted by path, as people count. The caller frees. NULL: ERR_STATION. */
struct port_list;
struct port_list *port_list_new(struct err *e);
void port_list_free(struct port_list *list);

size_t port_list_count(const struct port_list *list);
const struct port_found *port_list_at(const struct port_list *list, size_t i);

#endif
