#include "station/line/ports.h"

#include "core/ports/port.h"
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

static bool check_names(const char *const *ports, const dev_t *devices, size_t i, struct err *e)
{
    for (size_t k = 0; k < i; k++) {
        if (strcmp(ports[i], ports[k]) == 0)
            return err_set(e, ERR_USAGE, "The port '%s' is given twice", ports[i]);
        if ((devices[i] != 0 && devices[i] == devices[k]) || is_same_text(ports[i], ports[k]))
            return err_set(e, ERR_USAGE, "The ports '%.90s' and '%.90s' are the same one", ports[k],
                           ports[i]);
    }
    return true;
}

bool ports_check(const char *const *ports, size_t count, size_t most, struct err *e)
{
    if (count > most)
        return err_set(e, ERR_USAGE, "%zu ports are given; at most %zu work at once", count, most);
    dev_t *devices = calloc(count + 1, sizeof *devices);
    bool ok = devices != NULL || err_set(e, ERR_STATION, "Out of memory");
    for (size_t i = 0; i < count && ok; i++) {
        devices[i] = device_of(ports[i]);
        ok = port_ops_for(ports[i], e) && check_names(ports, devices, i, e);
    }
    free(devices);
    return ok && limits_allow_files(count, e);
}
