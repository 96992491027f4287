#include "core/ports/port_name.h"

#include "core/base/nearest.h"
#include "core/ports/port_find.h"

#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* ---- What is there ---- */

/* The screen's consoles and "the terminal of this process": raw mode there locks the operator out.
 */
static bool is_console(dev_t rdev)
{
    return (major(rdev) == 4 && minor(rdev) < 64) || major(rdev) == 5;
}

/* The kernel knows the class of a device; pseudo-terminals alone stand in no list. */
static bool is_of_other_class(dev_t rdev)
{
    char link[64], class[PATH_MAX];
    snprintf(link, sizeof link, "/sys/dev/char/%u:%u/subsystem", major(rdev), minor(rdev));
    const ssize_t n = readlink(link, class, sizeof class - 1);
    if (n <= 0)
        return false;
    class[n] = '\0';
    const char *name = strrchr(class, '/');
    return strcmp(name ? name + 1 : class, "tty") != 0;
}

const char *port_name_kind(const struct stat *st)
{
    switch (st->st_mode & S_IFMT) {
    case S_IFREG:
        return "a file";
    case S_IFDIR:
        return "a folder";
    case S_IFIFO:
        return "a pipe";
    case S_IFSOCK:
        return "a socket";
    case S_IFCHR:
        if (is_console(st->st_rdev))
            return "a console";
        return is_of_other_class(st->st_rdev) ? "another kind of device" : NULL;
    default:
        return "a disk";
    }
}

/* ---- What may come ---- */

static bool begins_with(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* The kernel's names for what is plugged in, and those of the makers' own drivers. A port on the
 * board itself is there from the start, or never. */
static bool is_plugged_name(const char *behind_tty)
{
    static const char *const drivers[] = { "USB",      "ACM",       "XRUSB", "WCHUSB",
                                           "CH343USB", "CH9344USB", "MXUSB" };
    for (size_t i = 0; i < sizeof drivers / sizeof drivers[0]; i++) {
        const char *number = behind_tty + strlen(drivers[i]);
        if (begins_with(behind_tty, drivers[i]) && *number &&
            number[strspn(number, "0123456789")] == '\0')
            return true;
    }
    return false;
}

/* In /dev a rule of this computer's may give any name, but none that looks like the kernel's. */
static bool may_come(const char *path)
{
    if (begins_with(path, "/dev/serial/by-path/") || begins_with(path, "/dev/serial/by-id/") ||
        begins_with(path, "/dev/pts/"))
        return true;
    if (!begins_with(path, "/dev/") || strchr(path + strlen("/dev/"), '/'))
        return false;
    const char *name = path + strlen("/dev/");
    return begins_with(name, "tty") ? is_plugged_name(name + strlen("tty")) : *name != '\0';
}

/* ---- What to type instead ---- */

static bool no_such_port(const char *path, struct err *e)
{
    struct err ignored = { 0 };
    struct nearest near;
    struct port_list *list = port_list_new(&ignored);
    nearest_init(&near, path);
    for (size_t i = 0; list && i < port_list_count(list); i++)
        nearest_offer(&near, port_list_at(list, i)->path, port_list_at(list, i)->path);
    err_set(e, ERR_USAGE, "There is no port '%.150s', and no adapter gets such a name", path);
    if (near.best)
        err_hint(e, "Did you mean %.60s? To list what is plugged in: espstation ports", near.best);
    else
        err_hint(e, "To list what is plugged in: espstation ports");
    port_list_free(list);
    return false;
}

/* A shell hands a pattern on as it is where it stands in quotes, or matches nothing. */
static bool pattern(const char *path, struct err *e)
{
    glob_t found = { 0 };
    char each[160] = "";
    size_t used = 0, shown = 0;
    if (glob(path, 0, NULL, &found) != 0 || found.gl_pathc == 0) {
        globfree(&found);
        err_set(e, ERR_USAGE, "'%.120s' is a pattern, and nothing that is plugged in fits it",
                path);
        return err_hint(e, "To list what is plugged in: espstation ports");
    }
    for (; shown < found.gl_pathc && used + strlen(found.gl_pathv[shown]) + 9 < sizeof each;
         shown++)
        used +=
            (size_t)snprintf(each + used, sizeof each - used, " --port %s", found.gl_pathv[shown]);
    err_set(e, ERR_USAGE, "'%.120s' is a pattern for %zu port%s, and --port takes one at a time",
            path, found.gl_pathc, found.gl_pathc == 1 ? "" : "s");
    err_hint(e, "Write:%s%s", each, shown < found.gl_pathc ? " and so on" : "");
    globfree(&found);
    return false;
}

bool port_name_check(const char *path, struct err *e)
{
    struct stat st;
    if (stat(path, &st) == 0) {
        const char *kind = port_name_kind(&st);
        if (!kind)
            return true;
        err_set(e, ERR_USAGE, "'%.150s' is %s, not a serial port", path, kind);
        return err_hint(e, "To list what is plugged in: espstation ports");
    }
    if (strpbrk(path, "*?["))
        return pattern(path, e);
    /* What may not be looked at is for the one who opens it to tell. */
    return (errno != ENOENT && errno != ENOTDIR) || may_come(path) || no_such_port(path, e);
}
