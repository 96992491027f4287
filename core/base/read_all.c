#include "core/base/read_all.h"

#include <errno.h>
#include <unistd.h>

bool read_all(int fd, void *bytes, size_t n, size_t *have)
{
    *have = 0;
    while (*have < n) {
        const ssize_t got = read(fd, (char *)bytes + *have, n - *have);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return false;
        if (got == 0)
            break;
        *have += (size_t)got;
    }
    return true;
}
