/* The adapters and the hubs they hang on: names that stay, latency, power, speed, sleep. */
#include "station/doctor/doctor_priv.h"

#include "core/ports/port_holder.h"

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- What is plugged in ---- */

struct link_search {
    size_t count;
};

static bool take_link(void *ctx, const char *name)
{
    (void)name;
    ((struct link_search *)ctx)->count++;
    return true;
}

static void say_ports(const struct doctor_world *w, const struct doctor_adapters *adapters,
                      struct doctor_voice *v)
{
    char names[300] = "", folder[600];
    struct link_search links = { 0 };
    for (size_t i = 0; i < adapters->count; i++)
        doctor_add_name(names, sizeof names, adapters->rows[i].tty);
    snprintf(folder, sizeof folder, "%s/dev/serial/by-path", w->root);
    doctor_each_name(folder, take_link, &links);
    if (adapters->count == 0)
        doctor_say(v, DOCTOR_OK, NULL,
                   "No USB adapter is plugged in; plug the fixture in and ask again");
    else if (links.count == 0)
        doctor_say(v, DOCTOR_WARNING,
                   "Outside of a container: sudo systemctl restart systemd-udevd   then plug the "
                   "adapters in again",
                   "%zu adapters are plugged in (%s), but /dev/serial/by-path is empty: udev gives "
                   "no names that stay with their sockets",
                   adapters->count, names);
    else
        doctor_say(v, DOCTOR_OK, NULL, "%zu adapter%s plugged in: %s", adapters->count,
                   adapters->count == 1 ? " is" : "s are", names);
}

static void say_holders(const struct doctor_world *w, const struct doctor_adapters *adapters,
                        struct doctor_voice *v)
{
    for (size_t i = 0; i < adapters->count; i++) {
        char node[700], device[PATH_MAX], cure[64];
        struct port_holder holder;
        snprintf(node, sizeof node, "%s/dev/%s", w->root, adapters->rows[i].tty);
        if (!realpath(node, device) || !port_holder_find(device, &holder))
            continue;
        snprintf(cure, sizeof cure, "Close it, or end it: kill %ld", (long)holder.pid);
        if (strcmp(holder.program, "espstation") == 0)
            doctor_say(v, DOCTOR_OK, NULL, "A station works on %s (pid %ld)", adapters->rows[i].tty,
                       (long)holder.pid);
        else
            doctor_say(v, DOCTOR_WARNING, cure, "%s is open in %s (pid %ld)", adapters->rows[i].tty,
                       holder.program, (long)holder.pid);
    }
}

/* Another user's programs show to root alone; so does whether they hold a port. */
void doctor_check_ports(const struct doctor_world *w, struct doctor_voice *v)
{
    struct doctor_adapters *adapters = doctor_adapters_new(w);
    if (adapters) {
        say_ports(w, adapters, v);
        say_holders(w, adapters, v);
    }
    free(adapters);
}

/* ---- Latency ---- */

struct latency_search {
    const struct doctor_world *w;
    char slow[200];
    size_t count, slow_count;
};

static bool take_latency(void *ctx, const char *name)
{
    struct latency_search *s = ctx;
    long ms = doctor_number(-1, "%s/sys/bus/usb-serial/devices/%s/latency_timer", s->w->root, name);
    s->count += ms >= 0;
    if (ms > 1) {
        doctor_add_name(s->slow, sizeof s->slow, name);
        s->slow_count++;
    }
    return true;
}

/* Only FTDI chips have this timer. A run asks the driver for low latency (ASYNC_LOW_LATENCY) on
 * each port it opens, which sets 1 ms without any rights, and takes it back afterwards. */
void doctor_check_latency(const struct doctor_world *w, struct doctor_voice *v)
{
    char folder[600];
    struct latency_search s = { .w = w };
    snprintf(folder, sizeof folder, "%s/sys/bus/usb-serial/devices", w->root);
    doctor_each_name(folder, take_latency, &s);
    if (s.count == 0)
        doctor_say(v, DOCTOR_OK, NULL, "No adapter with a latency timer (FTDI) is plugged in");
    else if (s.slow_count == 0)
        doctor_say(v, DOCTOR_OK, NULL, "The latency timer of every FTDI port (%zu) is at 1 ms",
                   s.count);
    else
        doctor_say(v, DOCTOR_OK, NULL,
                   "The latency timer of %s is above 1 ms while at rest; a run lowers it by itself",
                   s.slow);
}

/* ---- Hubs ---- */

#define HUB_BUS_POWER_MA                                                                           \
    400 /* what a hub without a supply has for all its sockets (USB 2.0, 7.2.1) */
#define HUB_BUS_SOCKET_MA 100 /* ...and for each */
#define SLOW_HUB_ADAPTERS 8   /* at 921600 baud so many fill a link of 12 Mbit/s */

struct hub {
    const char *path, *name;
    char adapters[200];
    size_t adapter_count;
    long sockets, speed_mbit;
    bool has_supply; /* as it says itself; cheap hubs say so always */
    bool is_root;
    bool one_translator; /* all its full-speed devices share 12 Mbit/s */
    long declared_ma, largest_ma;
};

/* Devices below a hub are named like it, with a dot and a number, or a dash behind a root hub; a
 * colon belongs to interfaces. */
static bool take_child(void *ctx, const char *name)
{
    struct hub *h = ctx;
    if (!isdigit((unsigned char)name[0]) || strchr(name, ':'))
        return true;
    long ma = doctor_number(-1, "%s/%s/bMaxPower", h->path, name);
    if (ma > 0)
        h->declared_ma += ma;
    if (ma > h->largest_ma)
        h->largest_ma = ma;
    return true;
}

static void look_at_hub(struct hub *h)
{
    char text[16];
    h->name = strrchr(h->path, '/') + 1;
    h->is_root = strncmp(h->name, "usb", 3) == 0;
    h->sockets = doctor_number(0, "%s/maxchild", h->path);
    h->speed_mbit = doctor_number(0, "%s/speed", h->path);
    h->one_translator =
        h->speed_mbit == 480 && !h->is_root && doctor_number(0, "%s/bDeviceProtocol", h->path) == 1;
    if (doctor_read(text, sizeof text, "%s/bmAttributes", h->path))
        h->has_supply = (strtol(text, NULL, 16) & 0x40) != 0;
    h->has_supply = h->has_supply || h->is_root;
    doctor_each_name(h->path, take_child, h);
}

static void say_hub(const struct hub *h, struct doctor_voice *v)
{
    bool short_of_power =
        !h->has_supply && (h->adapter_count > 1 || h->declared_ma > HUB_BUS_POWER_MA ||
                           h->largest_ma > HUB_BUS_SOCKET_MA);
    bool slow = (h->speed_mbit == 12 || h->one_translator) && h->adapter_count > SLOW_HUB_ADAPTERS;
    if (short_of_power)
        doctor_say(v, DOCTOR_WARNING, "Plug a supply into the hub, or use one that has it",
                   "Hub %s has no supply of its own: %d mA for all of %s, which declare %ld mA, "
                   "and boards take more than their adapters declare",
                   h->name, HUB_BUS_POWER_MA, h->adapters, h->declared_ma);
    if (slow)
        doctor_say(v, DOCTOR_WARNING, "Spread the adapters over more hubs",
                   "Hub %s carries %zu adapters on one link of 12 Mbit/s: they wait for each other "
                   "above 460800 baud",
                   h->name, h->adapter_count);
    if (!short_of_power && !slow)
        doctor_say(v, DOCTOR_OK, NULL,
                   "%s %s (%ld sockets, %ld Mbit/s%s) carries %s: %ld mA declared",
                   h->is_root ? "Root hub" : "Hub", h->name, h->sockets, h->speed_mbit,
                   h->is_root      ? ""
                   : h->has_supply ? ", says it has its own supply"
                                   : ", no supply of its own",
                   h->adapters, h->declared_ma);
}

static bool seen_before(const struct doctor_adapters *adapters, size_t i)
{
    for (size_t k = 0; k < i; k++) {
        if (strcmp(adapters->rows[k].hub_path, adapters->rows[i].hub_path) == 0)
            return true;
    }
    return false;
}

static void say_hubs(const struct doctor_adapters *adapters, struct doctor_voice *v)
{
    for (size_t i = 0; i < adapters->count; i++) {
        const char *path = adapters->rows[i].hub_path;
        if (path[0] == '\0' || seen_before(adapters, i))
            continue;
        struct hub h = { .path = path };
        for (size_t k = i; k < adapters->count; k++) {
            if (strcmp(adapters->rows[k].hub_path, path) != 0)
                continue;
            doctor_add_name(h.adapters, sizeof h.adapters, adapters->rows[k].tty);
            h.adapter_count++;
        }
        look_at_hub(&h);
        say_hub(&h, v);
    }
    if (adapters->count == 0)
        doctor_say(v, DOCTOR_OK, NULL, "No hub carries an adapter");
}

void doctor_check_hubs(const struct doctor_world *w, struct doctor_voice *v)
{
    struct doctor_adapters *adapters = doctor_adapters_new(w);
    if (adapters)
        say_hubs(adapters, v);
    free(adapters);
}

/* ---- Sleep ---- */

static void say_sleepers(const struct doctor_adapters *adapters, struct doctor_voice *v)
{
    char sleepers[200] = "", control[16], cure[200];
    const char *device = NULL;
    size_t count = 0;
    for (size_t i = 0; i < adapters->count; i++) {
        const struct doctor_adapter *a = &adapters->rows[i];
        if (!doctor_read(control, sizeof control, "%s/power/control", a->path) ||
            strcmp(control, "auto") != 0)
            continue;
        doctor_add_name(sleepers, sizeof sleepers, a->tty);
        device = a->device;
        count++;
    }
    snprintf(cure, sizeof cure, "echo on | sudo tee /sys/bus/usb/devices/%s/power/control",
             count == 1 ? device : "*");
    if (count > 0)
        doctor_say(v, DOCTOR_WARNING, cure,
                   "The kernel may put %s to sleep (USB autosuspend), and the board's supply with "
                   "it",
                   sleepers);
    else
        doctor_say(v, DOCTOR_OK, NULL, "No adapter is put to sleep by the kernel");
}

void doctor_check_sleep(const struct doctor_world *w, struct doctor_voice *v)
{
    struct doctor_adapters *adapters = doctor_adapters_new(w);
    if (adapters)
        say_sleepers(adapters, v);
    free(adapters);
}
