/* Small files of the system, and the serial ports on USB that they tell of. */
#include "station/doctor/doctor_priv.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- Reading ---- */

static bool read_line(char *text, size_t cap, const char *fmt, va_list ap)
{
    char path[PATH_MAX];
    text[0] = '\0';
    int length = vsnprintf(path, sizeof path, fmt, ap);
    if (length < 0 || (size_t)length >= sizeof path)
        return false;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return false;
    ssize_t n = read(fd, text, cap - 1);
    close(fd);
    text[n > 0 ? n : 0] = '\0';
    text[strcspn(text, "\n")] = '\0';
    return n > 0;
}

bool doctor_read(char *text, size_t cap, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    bool ok = read_line(text, cap, fmt, ap);
    va_end(ap);
    return ok;
}

long doctor_number(long otherwise, const char *fmt, ...)
{
    char text[64], *end;
    va_list ap;
    va_start(ap, fmt);
    bool ok = read_line(text, sizeof text, fmt, ap);
    va_end(ap);
    errno = 0;
    long value = ok ? strtol(text, &end, 10) : 0;
    return ok && end != text && errno == 0 ? value : otherwise;
}

static int no_dots(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

void doctor_each_name(const char *folder, bool (*take)(void *ctx, const char *name), void *ctx)
{
    struct dirent **names = NULL;
    int count = scandir(folder, &names, no_dots, versionsort);
    bool more = true;
    for (int i = 0; i < count; i++) {
        more = more && take(ctx, names[i]->d_name);
        free(names[i]);
    }
    free(names);
}

static bool line_says(const char *line, const char *const *words, size_t count)
{
    const char *text = line + strspn(line, " \t");
    bool all = text[0] != '#' && text[0] != '\0';
    for (size_t i = 0; i < count && all; i++)
        all = strstr(text, words[i]) != NULL;
    return all;
}

bool doctor_file_says(const char *path, const char *const *words, size_t count)
{
    char line[4096];
    bool found = false;
    FILE *f = fopen(path, "re");
    while (f && !found && fgets(line, sizeof line, f))
        found = line_says(line, words, count);
    if (f)
        fclose(f);
    return found;
}

void doctor_add_name(char *list, size_t cap, const char *name)
{
    static const char more[] = ", ...";
    size_t used = strlen(list);
    size_t tail = used >= 3 ? used - 3 : 0;
    if (used >= 3 && strcmp(list + tail, "...") == 0)
        return;
    if (used + strlen(name) + 2 + sizeof more > cap)
        snprintf(list + used, cap - used, "%s", more);
    else
        snprintf(list + used, cap - used, "%s%s", used ? ", " : "", name);
}

/* ---- Adapters ---- */

/* USB ids and classes are hexadecimal, without a sign of it. */
static long read_hex(const char *folder, const char *name)
{
    char text[16], *end;
    if (!doctor_read(text, sizeof text, "%s/%s", folder, name))
        return -1;
    long value = strtol(text, &end, 16);
    return end == text ? -1 : value;
}

/* Cuts the last part of a path off; false when there is none left. */
static bool step_up(char *path)
{
    char *slash = strrchr(path, '/');
    if (!slash || slash == path)
        return false;
    *slash = '\0';
    return true;
}

/* The port's own node lies some folders below its USB device, how many depends on the driver; the
 * hub that carries a device is the folder around it. */
static bool find_device(const struct doctor_world *w, struct doctor_adapter *a)
{
    char link[600], path[PATH_MAX];
    snprintf(link, sizeof link, "%s/sys/class/tty/%.31s/device", w->root, a->tty);
    if (!realpath(link, path))
        return false;
    while ((a->vid = read_hex(path, "idVendor")) < 0) {
        if (!step_up(path))
            return false;
    }
    if (strlen(path) >= sizeof a->path)
        return false;
    a->pid = read_hex(path, "idProduct");
    memcpy(a->path, path, strlen(path) + 1);
    a->device = strrchr(a->path, '/') + 1;
    if (step_up(path) && read_hex(path, "bDeviceClass") == 9)
        memcpy(a->hub_path, path, strlen(path) + 1);
    return true;
}

struct search {
    const struct doctor_world *w;
    struct doctor_adapters *to;
};

static bool take_tty(void *ctx, const char *name)
{
    const struct search *s = ctx;
    struct doctor_adapter *a = &s->to->rows[s->to->count];
    if ((strncmp(name, "ttyUSB", 6) != 0 && strncmp(name, "ttyACM", 6) != 0) ||
        strlen(name) >= sizeof a->tty)
        return true;
    *a = (struct doctor_adapter){ .device = "" };
    memcpy(a->tty, name, strlen(name) + 1);
    if (find_device(s->w, a))
        s->to->count++;
    return s->to->count < DOCTOR_ADAPTERS_MAX;
}

struct doctor_adapters *doctor_adapters_new(const struct doctor_world *w)
{
    char folder[600];
    struct search s = { w, calloc(1, sizeof *s.to) };
    if (!s.to)
        return NULL;
    snprintf(folder, sizeof folder, "%s/sys/class/tty", w->root);
    doctor_each_name(folder, take_tty, &s);
    return s.to;
}
