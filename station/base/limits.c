#include "station/base/limits.h"

#include <errno.h>
#include <malloc.h>
#include <sys/resource.h>

#define FILES_PER_SLOT 3
#define FILES_OF_REST  32

size_t limits_files_for(size_t slots)
{
    return slots * FILES_PER_SLOT + FILES_OF_REST;
}

static bool too_few(size_t slots, size_t needed, rlim_t allowed, struct err *e)
{
    err_set(e, ERR_STATION, "%zu board%s at once need%s %zu open files, and %llu are allowed here",
            slots, slots == 1 ? "" : "s", slots == 1 ? "s" : "", needed,
            (unsigned long long)allowed);
    return err_hint(e,
                    "Allow more for this shell, then start again: "
                    "sudo prlimit --pid $$ --nofile=%zu:%zu",
                    needed > 4096 ? needed : 4096, needed > 4096 ? needed : 4096);
}

bool limits_allow_files(size_t slots, size_t more, struct err *e)
{
    struct rlimit files;
    size_t needed = limits_files_for(slots) + more;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        return err_set_sys(e, ERR_STATION, errno, "The limit of open files cannot be read");
    if (files.rlim_cur >= needed)
        return true;
    if (files.rlim_max < needed)
        return too_few(slots, needed, files.rlim_max, e);
    files.rlim_cur = files.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &files) == 0)
        return true;
    return err_set_sys(e, ERR_STATION, errno, "The limit of open files cannot be raised");
}

void limits_share_heaps(void)
{
#ifdef M_ARENA_MAX /* of glibc */
    mallopt(M_ARENA_MAX, 2);
#endif
}
