#include "core/ports/port_find.h"

#include "core/base/plain.h"

#include <dirent.h>
#include <libserialport.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BY_PATH_FOLDER "/dev/serial/by-path"

struct port_list {
    struct port_found *ports;
    size_t count;
};

/* Names and serial numbers of adapters are whatever their makers, or an attacker, put into them. */
static void copy_text(char *to, size_t cap, const char *from)
{
    snprintf(to, cap, "%s", from ? from : "");
    plain_make(to);
}

/* udev keeps a link for each socket of each hub; the one that leads here is looked for. */
void port_by_path(const char *path, char *link, size_t cap)
{
    char device[PATH_MAX];
    DIR *dir = opendir(BY_PATH_FOLDER);
    link[0] = '\0';
    if (!dir)
        return;
    bool known = realpath(path, device) != NULL;
    for (struct dirent *entry = readdir(dir); known && entry; entry = readdir(dir)) {
        char candidate[PATH_MAX], target[PATH_MAX];
        snprintf(candidate, sizeof candidate, BY_PATH_FOLDER "/%s", entry->d_name);
        if (realpath(candidate, target) && strcmp(target, device) == 0 && strlen(candidate) < cap)
            copy_text(link, cap, candidate);
    }
    closedir(dir);
}

static void find_driver(struct port_found *found)
{
    char link[PATH_MAX], target[PATH_MAX];
    const char *name = strrchr(found->path, '/');
    snprintf(link, sizeof link, "/sys/class/tty/%s/device/driver", name ? name + 1 : found->path);
    ssize_t n = readlink(link, target, sizeof target - 1);
    if (n <= 0)
        return;
    target[n] = '\0';
    const char *slash = strrchr(target, '/');
    snprintf(found->driver, sizeof found->driver, "%.31s", slash ? slash + 1 : target);
}

static void describe(struct port_found *found, const struct sp_port *port)
{
    int vid, pid;
    copy_text(found->path, sizeof found->path, sp_get_port_name(port));
    copy_text(found->description, sizeof found->description, sp_get_port_description(port));
    if (sp_get_port_transport(port) == SP_TRANSPORT_USB &&
        sp_get_port_usb_vid_pid(port, &vid, &pid) == SP_OK) {
        found->usb.vid = (uint16_t)vid;
        found->usb.pid = (uint16_t)pid;
        copy_text(found->usb.serial, sizeof found->usb.serial, sp_get_port_usb_serial(port));
    }
    port_by_path(found->path, found->by_path, sizeof found->by_path);
    find_driver(found);
    const char *name = strrchr(found->path, '/');
    if (!name || !usb_socket_of("", name + 1, found->socket))
        found->socket[0] = '\0';
}

/* ttyUSB2 before ttyUSB10. */
static int compare(const void *a, const void *b)
{
    return strverscmp(((const struct port_found *)a)->path, ((const struct port_found *)b)->path);
}

struct port_list *port_list_new(struct err *e)
{
    struct sp_port **found = NULL;
    struct port_list *list = calloc(1, sizeof *list);
    if (!list || sp_list_ports(&found) != SP_OK) {
        err_set(e, ERR_STATION, "The serial ports cannot be listed");
        free(list);
        return NULL;
    }
    size_t count = 0;
    while (found[count])
        count++;
    list->ports = calloc(count + 1, sizeof *list->ports);
    if (!list->ports) {
        err_set(e, ERR_STATION, "Out of memory");
        port_list_free(list);
        list = NULL;
        goto out;
    }
    for (size_t i = 0; i < count; i++)
        describe(&list->ports[list->count++], found[i]);
    qsort(list->ports, list->count, sizeof *list->ports, compare);
out:
    sp_free_port_list(found);
    return list;
}

void port_list_free(struct port_list *list)
{
    if (!list)
        return;
    free(list->ports);
    free(list);
}

size_t port_list_count(const struct port_list *list)
{
    return list->count;
}

const struct port_found *port_list_at(const struct port_list *list, size_t i)
{
    return &list->ports[i];
}
