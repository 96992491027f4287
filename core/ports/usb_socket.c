/*
 * The spelling is that of systemd's path_id builtin and its rules for serial links: "usb-0:" and
 * what stands behind the bus number of the interface, in front of it the nearest PCI device and the
 * nearest platform device above, behind it -port and the port_number where a usb-serial driver has
 * one (systemd 252, src/udev/udev-builtin-path_id.c, rules.d/60-serial.rules).
 */
#include "core/ports/usb_socket.h"

#include "core/base/plain.h"

#include <ctype.h>
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BY_PATH "/dev/serial/by-path/"

/* ---- Names ---- */

/* "1.4.2": numbers with dots between; gives where they end, NULL if none begins here. */
static const char *skip_numbers(const char *p)
{
    for (;;) {
        if (!isdigit((unsigned char)*p))
            return NULL;
        while (isdigit((unsigned char)*p))
            p++;
        if (*p != '.')
            return p;
        p++;
    }
}

/* "1.4.2:1.0", and perhaps "-port3" behind it. */
static bool is_chain(const char *p)
{
    p = skip_numbers(p);
    if (!p || *p++ != ':')
        return false;
    p = skip_numbers(p);
    if (p && strncmp(p, "-port", 5) == 0)
        p = skip_numbers(p + 5);
    return p && *p == '\0';
}

/* Where "usb-0:" or "usbv2-0:" begins, and how long it is. */
static const char *find_usb(const char *text, size_t *length)
{
    static const char *const forms[] = { "-usb-0:", "-usbv2-0:", "-usbv3-0:" };
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        const char *at = strstr(text, forms[i]);
        *length = strlen(forms[i]);
        if (at)
            return at;
    }
    return NULL;
}

static bool is_controller(const char *text, size_t n)
{
    return n > 0 && strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                 "-_.:+@,") >= n;
}

bool usb_socket_parse(const char *text, char socket[static USB_SOCKET_BYTES])
{
    static const char first[] = "-port0";
    size_t length;
    if (strncmp(text, BY_PATH, strlen(BY_PATH)) == 0)
        text += strlen(BY_PATH);
    const char *usb = find_usb(text, &length);
    if (!usb || !is_controller(text, (size_t)(usb - text)) || !is_chain(usb + length))
        return false;
    const int n =
        snprintf(socket, USB_SOCKET_BYTES, "%.*s-usb-0:%s", (int)(usb - text), text, usb + length);
    if (n < 0 || n >= USB_SOCKET_BYTES)
        return false;
    char *const end = socket + n - strlen(first);
    if (strcmp(end, first) == 0)
        *end = '\0';
    return true;
}

/* ---- One device ---- */

static bool read_line(const char *folder, const char *name, char *text, size_t cap)
{
    char path[PATH_MAX];
    text[0] = '\0';
    if ((size_t)snprintf(path, sizeof path, "%s/%s", folder, name) >= sizeof path)
        return false;
    FILE *f = fopen(path, "re");
    if (!f)
        return false;
    const bool ok = fgets(text, (int)cap, f) != NULL;
    fclose(f);
    text[strcspn(text, "\n")] = '\0';
    plain_make(text);
    return ok;
}

/* The last part of what a link in `folder` leads to: its driver, its subsystem. */
static bool read_link(const char *folder, const char *name, char *text, size_t cap)
{
    char path[PATH_MAX], target[PATH_MAX];
    text[0] = '\0';
    if ((size_t)snprintf(path, sizeof path, "%s/%s", folder, name) >= sizeof path)
        return false;
    const ssize_t n = readlink(path, target, sizeof target - 1);
    if (n <= 0)
        return false;
    target[n] = '\0';
    const char *slash = strrchr(target, '/');
    return (size_t)snprintf(text, cap, "%s", slash ? slash + 1 : target) < cap;
}

/* Cuts the last part off; false at the top. */
static bool go_up(char *folder)
{
    char *slash = strrchr(folder, '/');
    if (!slash || slash == folder)
        return false;
    *slash = '\0';
    return true;
}

static const char *base_name(const char *folder)
{
    const char *slash = strrchr(folder, '/');
    return slash ? slash + 1 : folder;
}

/* "1-4.2:1.0": an interface of a device on bus 1. */
static bool is_interface(const char *name)
{
    const char *p = skip_numbers(name);
    return p && *p == '-' && is_chain(p + 1);
}

/* "1-4.2", or "usb1" for a controller's own hub. */
static bool is_usb_device(const char *name)
{
    if (strncmp(name, "usb", 3) == 0)
        return isdigit((unsigned char)name[3]);
    const char *p = skip_numbers(name);
    return p && *p == '-' && isdigit((unsigned char)p[1]);
}

static bool put_in_front(char *path, size_t cap, const char *bus, const char *name)
{
    char rest[USB_SOCKET_BYTES];
    snprintf(rest, sizeof rest, "%s", path);
    return (size_t)snprintf(path, cap, "%s-%s-%s", bus, name, rest) < cap;
}

/* "0000:00:14.0": what a PCI device is called, whether or not sysfs says that it is one. */
static bool is_pci_address(const char *name)
{
    static const char form[] = "xxxx:xx:xx.x";
    size_t i = 0;
    for (; form[i] && name[i]; i++) {
        if (form[i] == 'x' ? !isxdigit((unsigned char)name[i]) : name[i] != form[i])
            return false;
    }
    return form[i] == name[i];
}

/* The controller: of neighbours on one bus the lowest alone counts, the rest is how it is wired. */
static bool add_controller(char *folder, char *path, size_t cap)
{
    char last[32] = "", bus[32];
    bool any = false;
    for (bool more = true; more; more = go_up(folder)) {
        const char *name = base_name(folder);
        if (!read_link(folder, "subsystem", bus, sizeof bus))
            snprintf(bus, sizeof bus, "%s", is_pci_address(name) ? "pci" : "");
        const bool counts = strcmp(bus, "pci") == 0 || strcmp(bus, "platform") == 0;
        if (counts && strcmp(bus, last) != 0) {
            if (!put_in_front(path, cap, bus, name))
                return false;
            any = true;
        }
        snprintf(last, sizeof last, "%s", bus);
    }
    return any;
}

/* Goes up from `folder` to the interface; notes the number of a port on the way. */
static bool find_interface(char *folder, char *port_number, size_t cap)
{
    port_number[0] = '\0';
    while (!is_interface(base_name(folder))) {
        if (port_number[0] == '\0')
            read_line(folder, "port_number", port_number, cap);
        if (!go_up(folder))
            return false;
    }
    return true;
}

static bool device_folder(const char *root, const char *tty, char folder[static PATH_MAX])
{
    char link[PATH_MAX];
    return (size_t)snprintf(link, sizeof link, "%s/sys/class/tty/%s/device", root, tty) <
               sizeof link &&
           realpath(link, folder);
}

/* `folder` is the interface; leads to its device afterwards. */
static bool name_socket(const char *interface, const char *port_number,
                        char socket[static USB_SOCKET_BYTES])
{
    char path[USB_SOCKET_BYTES], folder[PATH_MAX];
    const char *chain = strchr(base_name(interface), '-') + 1;
    const bool counts = port_number[0] && strcmp(port_number, "0") != 0;
    snprintf(folder, sizeof folder, "%s", interface);
    if ((size_t)snprintf(path, sizeof path, "usb-0:%s%s%s", chain, counts ? "-port" : "",
                         counts ? port_number : "") >= sizeof path)
        return false;
    while (go_up(folder) && is_usb_device(base_name(folder)))
        ;
    return add_controller(folder, path, sizeof path) && usb_socket_parse(path, socket);
}

bool usb_socket_of(const char *root, const char *tty, char socket[static USB_SOCKET_BYTES])
{
    char folder[PATH_MAX], port_number[16];
    return device_folder(root, tty, folder) &&
           find_interface(folder, port_number, sizeof port_number) &&
           name_socket(folder, port_number, socket);
}

/* ---- All of them ---- */

struct usb_ports {
    struct usb_port *rows;
    size_t count, cap;
};

static uint16_t read_id(const char *folder, const char *name)
{
    char text[16];
    return read_line(folder, name, text, sizeof text) ? (uint16_t)strtoul(text, NULL, 16) : 0;
}

static void describe(struct usb_port *port, const char *root, const char *tty)
{
    char folder[PATH_MAX], port_number[16], number[16];
    snprintf(port->path, sizeof port->path, "%s/dev/%s", root, tty);
    if (!device_folder(root, tty, folder))
        return;
    read_link(folder, "driver", port->driver, sizeof port->driver);
    if (!find_interface(folder, port_number, sizeof port_number) || !go_up(folder))
        return;
    port->usb.vid = read_id(folder, "idVendor");
    port->usb.pid = read_id(folder, "idProduct");
    read_line(folder, "serial", port->usb.serial, sizeof port->usb.serial);
    if (read_line(folder, "devnum", number, sizeof number))
        port->device_number = (uint32_t)strtoul(number, NULL, 10);
}

static bool make_room(struct usb_ports *ports)
{
    if (ports->count < ports->cap)
        return true;
    const size_t cap = ports->cap ? 2 * ports->cap : 16;
    struct usb_port *rows = reallocarray(ports->rows, cap, sizeof *rows);
    if (!rows)
        return false;
    ports->rows = rows;
    ports->cap = cap;
    return true;
}

static bool take_tty(struct usb_ports *ports, const char *root, const char *tty)
{
    struct usb_port port = { 0 };
    if (tty[0] == '.' || strlen(tty) > 64 || !usb_socket_of(root, tty, port.socket))
        return true;
    describe(&port, root, tty);
    if (!make_room(ports))
        return false;
    ports->rows[ports->count++] = port;
    return true;
}

static int compare(const void *a, const void *b)
{
    return strverscmp(((const struct usb_port *)a)->path, ((const struct usb_port *)b)->path);
}

struct usb_ports *usb_ports_new(const char *root, struct err *e)
{
    char folder[PATH_MAX];
    struct usb_ports *ports = calloc(1, sizeof *ports);
    bool ok = ports != NULL;
    if (!ok)
        goto out;
    snprintf(folder, sizeof folder, "%s/sys/class/tty", root);
    DIR *dir = opendir(folder);
    if (!dir) /* a system without serial ports at all */
        return ports;
    for (struct dirent *entry = readdir(dir); ok && entry; entry = readdir(dir))
        ok = take_tty(ports, root, entry->d_name);
    closedir(dir);
    if (ok && ports->count > 0)
        qsort(ports->rows, ports->count, sizeof *ports->rows, compare);
out:
    if (ok)
        return ports;
    err_set(e, ERR_STATION, "Out of memory");
    usb_ports_free(ports);
    return NULL;
}

void usb_ports_free(struct usb_ports *ports)
{
    if (!ports)
        return;
    free(ports->rows);
    free(ports);
}

size_t usb_ports_count(const struct usb_ports *ports)
{
    return ports->count;
}

const struct usb_port *usb_ports_at(const struct usb_ports *ports, size_t i)
{
    return &ports->rows[i];
}

const struct usb_port *usb_ports_in(const struct usb_ports *ports, const char *socket)
{
    for (size_t i = 0; i < ports->count; i++) {
        if (strcmp(ports->rows[i].socket, socket) == 0)
            return &ports->rows[i];
    }
    return NULL;
}
