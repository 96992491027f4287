#include "station/line/ports.h"

#include "core/ports/port_name.h"
#include "station/base/limits.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* What a port's name leads to; 0 for what is no device here, now. */
static dev_t device_of(const char *port)
{
    struct stat st;
    return port[0] == '/' && stat(port, &st) == 0 && S_ISCHR(st.st_mode) ? st.st_rdev : 0;
}

/* With an option behind it a port's text is still that port. */
static bool is_same_text(const char *a, const char *b)
{
    const size_t n = strstr(a, "://") ? strcspn(a, "?") : strlen(a);
    return strncmp(a, b, n) == 0 && (b[n] == '\0' || (strstr(b, "://") && b[n] == '?'));
}

static bool differ(const char *before, dev_t device_before, const char *port, dev_t device,
                   struct err *e)
{
    if (strcmp(port, before) == 0)
        return err_set(e, ERR_USAGE, "The port '%s' is given twice", port);
    if ((device != 0 && device == device_before) || is_same_text(port, before))
        return err_set(e, ERR_USAGE, "The ports '%.90s' and '%.90s' are the same one", before,
                       port);
    return true;
}

static bool check_names(const char *const *ports, const dev_t *devices, size_t i, struct err *e)
{
    for (size_t k = 0; k < i; k++) {
        if (!differ(ports[k], devices[k], ports[i], devices[i], e))
            return false;
    }
    return true;
}

static bool check_count(size_t count, struct err *e)
{
    if (count > SLOTS_MAX)
        return err_set(e, ERR_USAGE, "%zu ports are given; at most %d work at once", count,
                       SLOTS_MAX);
    if (count > 0)
        return true;
    err_set(e, ERR_USAGE, "No port is given, and no USB serial port is plugged in");
    return err_hint(e, "Plug the boards in, or name each port: --port /dev/ttyUSB0 --port ...");
}

bool ports_check(const char *const *ports, size_t count, struct err *e)
{
    if (!check_count(count, e))
        return false;
    dev_t *devices = calloc(count, sizeof *devices);
    bool ok = devices != NULL || err_set(e, ERR_STATION, "Out of memory");
    for (size_t i = 0; i < count && ok; i++) {
        devices[i] = device_of(ports[i]);
        ok = port_ops_for(ports[i], e) && check_names(ports, devices, i, e) &&
             (ports[i][0] != '/' || port_name_check(ports[i], e));
    }
    free(devices);
    return ok && limits_allow_files(count, 0, e);
}

bool ports_check_more(const char *const *ports, size_t count, const char *more, struct err *e)
{
    const dev_t device = device_of(more);
    bool ok = check_count(count + 1, e) && port_ops_for(more, e);
    for (size_t i = 0; i < count && ok; i++)
        ok = differ(ports[i], device ? device_of(ports[i]) : 0, more, device, e);
    return ok && (more[0] != '/' || port_name_check(more, e));
}

static bool take_found(const char **ports, size_t *count, size_t cap, struct port_list **found,
                       struct err *e)
{
    *found = port_list_new(e);
    if (!*found)
        return false;
    for (size_t i = 0; i < port_list_count(*found) && *count < cap; i++) {
        const struct port_found *port = port_list_at(*found, i);
        if (port->usb.vid != 0)
            ports[(*count)++] = port->path;
    }
    return true;
}

bool ports_choose(const char **ports, size_t *count, size_t cap, struct port_list **found,
                  struct err *e)
{
    *found = NULL;
    return (*count > 0 || take_found(ports, count, cap, found, e)) && ports_check(ports, *count, e);
}
