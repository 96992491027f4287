#include "station/cli/station_find.h"

#include "station/cli/print_mistakes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAME "station.yaml"

/* Also a file that may not be read is there: to pass over it would be another station. */
static bool is_there(const char *path)
{
    return access(path, F_OK) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

static bool put(char *path, size_t cap, const char *folder, const char *rest, struct err *e)
{
    const int n = snprintf(path, cap, "%s%s%s", folder, folder[0] ? "/" : "", rest);
    if (n >= 0 && (size_t)n < cap)
        return true;
    return err_set(e, ERR_USAGE, "The path of the station file is too long");
}

static bool try_folder(char *path, size_t cap, const char *folder, const char *rest)
{
    struct err too_long = { 0 };
    if (put(path, cap, folder, rest, &too_long) && is_there(path))
        return true;
    path[0] = '\0';
    return false;
}

/* As the XDG base directory specification has it: a relative path does not count. */
static bool try_configs(char *path, size_t cap)
{
    const char *config = getenv("XDG_CONFIG_HOME");
    const char *home = getenv("HOME");
    if (config && config[0] == '/')
        return try_folder(path, cap, config, "espstation/" NAME);
    return home && home[0] == '/' && try_folder(path, cap, home, ".config/espstation/" NAME);
}

bool station_find(const char *given, char *path, size_t cap, struct err *e)
{
    const char *named = given ? given : getenv("ESPSTATION_STATION");
    path[0] = '\0';
    if (given && !given[0])
        return err_set(e, ERR_USAGE, "The file name behind --station is empty");
    if (named)
        return put(path, cap, "", named, e);
    if (!try_folder(path, cap, "", NAME) && !try_configs(path, cap))
        try_folder(path, cap, "/etc/espstation", NAME);
    return true;
}

bool station_find_load(const char *given, struct station **out, struct err *e)
{
    char path[4096];
    *out = NULL;
    if (!station_find(given, path, sizeof path, e))
        return false;
    if (path[0] == '\0')
        return true;
    struct doc_report *report = malloc(sizeof *report);
    if (!report)
        return err_set(e, ERR_STATION, "Out of memory");
    const bool ok = station_load(path, out, report, e);
    if (report->total > 1) /* of one alone the error says it all */
        print_mistakes(path, report);
    if (!ok && report->total > 0)
        err_hint(e, "Every key is explained by: espstation station --help");
    free(report);
    return ok;
}
