#include "station/peer/peer_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define SYSTEM_FOLDER "/run/espstation"

/* The name as a file's: letters, digits, - and _ stay; a blank and all else are one _ each. */
static bool make_address(const char *folder, const char *station, struct sockaddr_un *address)
{
    char name[65];
    size_t i;
    for (i = 0; station[i] && i < sizeof name - 1; i++) {
        const char c = station[i];
        const bool stays =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
        name[i] = stays ? c : '_';
    }
    name[i] = '\0';
    *address = (struct sockaddr_un){ .sun_family = AF_UNIX };
    const int n = snprintf(address->sun_path, sizeof address->sun_path, "%s/%s.sock", folder, name);
    return n > 0 && (size_t)n < sizeof address->sun_path;
}

/* systemd gives several folders with colons between them; the first is ours. */
static bool service_folder(char *folder, size_t cap)
{
    const char *given = getenv("RUNTIME_DIRECTORY");
    const int n = given && given[0] == '/'
                      ? snprintf(folder, cap, "%.*s", (int)strcspn(given, ":"), given)
                      : -1;
    return n > 0 && (size_t)n < cap;
}

static bool user_folder(char *folder, size_t cap)
{
    const char *given = getenv("XDG_RUNTIME_DIR");
    const int n = given && given[0] == '/' ? snprintf(folder, cap, "%s/espstation", given) : -1;
    return n > 0 && (size_t)n < cap;
}

static bool is_made(const char *folder)
{
    return mkdir(folder, S_IRWXU) == 0 || errno == EEXIST;
}

bool peer_own_path(const char *station, struct sockaddr_un *address, unsigned *mode)
{
    char folder[sizeof address->sun_path];
    *mode = S_IRUSR | S_IWUSR;
    if (service_folder(folder, sizeof folder)) {
        *mode |= S_IRGRP | S_IWGRP;
        return make_address(folder, station, address);
    }
    if (user_folder(folder, sizeof folder) && is_made(folder))
        return make_address(folder, station, address);
    return is_made(SYSTEM_FOLDER) && make_address(SYSTEM_FOLDER, station, address);
}

static int dial(const char *folder, const char *station)
{
    struct sockaddr_un address;
    if (!make_address(folder, station, &address))
        return -1;
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

int peer_dial(const char *station)
{
    char folder[sizeof((struct sockaddr_un *)0)->sun_path];
    int fd = service_folder(folder, sizeof folder) ? dial(folder, station) : -1;
    if (fd < 0 && user_folder(folder, sizeof folder))
        fd = dial(folder, station);
    return fd >= 0 ? fd : dial(SYSTEM_FOLDER, station);
}
