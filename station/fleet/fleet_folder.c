#include "station/fleet/fleet_folder.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

bool fleet_folder_make(struct fleet_folder *f, struct err *e)
{
    const char *const given = getenv("TMPDIR");
    const int n = snprintf(f->folder, sizeof f->folder, "%s/espstation-fleet-XXXXXX",
                           given && given[0] ? given : P_tmpdir);
    if ((size_t)n >= sizeof f->folder || !mkdtemp(f->folder)) {
        const int sys = (size_t)n >= sizeof f->folder ? ENAMETOOLONG : errno;
        f->folder[0] = '\0';
        return err_set_sys(e, ERR_STATION, sys, "No folder could be made in %.100s",
                           given && given[0] ? given : P_tmpdir);
    }
    snprintf(f->path, sizeof f->path, "%s/record.db", f->folder);
    return true;
}

void fleet_folder_clear(const struct fleet_folder *f)
{
    static const char *const endings[] = { "", "-wal", "-shm", "-journal", "-stations" };
    char path[sizeof f->path + 16];
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        snprintf(path, sizeof path, "%s%s", f->path, endings[i]);
        unlink(path);
    }
}

void fleet_folder_remove(struct fleet_folder *f)
{
    if (!f->folder[0])
        return;
    fleet_folder_clear(f);
    rmdir(f->folder);
    f->folder[0] = '\0';
}

struct db *fleet_folder_gather(struct fleet_folder *f, struct fleet *fleet, const char *station,
                               const struct db_filter *filter, struct err *e)
{
    return fleet_folder_make(f, e) && fleet_gather(fleet, station, filter, f->path, e)
               ? db_open_reader(f->path, DB_BUSY_MS, e)
               : NULL;
}
