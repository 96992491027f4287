#include "core/ports/port_holder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A machine with more than this is not a flashing station; the holder then stays unnamed. */
#define MOST_DESCRIPTORS 100000

static bool is_open_in(DIR *fds, const char *device, unsigned *budget)
{
    char target[PATH_MAX];
    for (const struct dirent *fd = readdir(fds); fd && *budget > 0; fd = readdir(fds)) {
        (*budget)--;
        ssize_t n = readlinkat(dirfd(fds), fd->d_name, target, sizeof target - 1);
        if (n <= 0)
            continue;
        target[n] = '\0';
        if (strcmp(target, device) == 0)
            return true;
    }
    return false;
}

static bool has_open(pid_t pid, const char *device, unsigned *budget)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%ld/fd", (long)pid);
    DIR *fds = opendir(path);
    if (!fds) /* it ended meanwhile, or belongs to another user */
        return false;
    bool found = is_open_in(fds, device, budget);
    closedir(fds);
    return found;
}

static void read_program(struct port_holder *holder)
{
    char path[64];
    holder->program[0] = '\0';
    snprintf(path, sizeof path, "/proc/%ld/comm", (long)holder->pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    ssize_t n = read(fd, holder->program, sizeof holder->program - 1);
    close(fd);
    holder->program[n > 0 ? n : 0] = '\0';
    holder->program[strcspn(holder->program, "\n")] = '\0';
}

static pid_t pid_of(const char *name)
{
    char *end;
    errno = 0;
    long pid = strtol(name, &end, 10);
    return errno || end == name || *end != '\0' || pid <= 0 || pid > INT_MAX ? 0 : (pid_t)pid;
}

bool port_holder_find(const char *device, struct port_holder *holder)
{
    DIR *proc = opendir("/proc");
    if (!proc)
        return false;
    unsigned budget = MOST_DESCRIPTORS;
    bool found = false;
    for (const struct dirent *entry = readdir(proc); entry && !found; entry = readdir(proc)) {
        holder->pid = pid_of(entry->d_name);
        found = holder->pid > 0 && has_open(holder->pid, device, &budget);
    }
    closedir(proc);
    if (found)
        read_program(holder);
    return found;
}

void port_holder_of_pid(pid_t pid, struct port_holder *holder)
{
    holder->pid = pid;
    read_program(holder);
}

/* ---- What to do about it ---- */

/* Programs that take ports nobody gave them, and the cure. */
static const struct {
    const char *program;
    const char *hint;
} grabbers[] = {
    { "ModemManager", "ModemManager looks for modems on new ports: wait some seconds, or stop it: "
                      "sudo systemctl stop ModemManager" },
    { "brltty", "brltty takes CH340 adapters for Braille displays: sudo apt remove brltty" },
};

bool port_holder_busy(const char *where, const struct port_holder *holder, struct err *e)
{
    err_set(e, ERR_PORT_BUSY, "%s is in use by %s (pid %ld)", where, holder->program,
            (long)holder->pid);
    if (holder->pid == getpid())
        return err_hint(e, "This program has the port open already: give each port once.");
    for (size_t i = 0; i < sizeof grabbers / sizeof grabbers[0]; i++) {
        if (strcmp(holder->program, grabbers[i].program) == 0)
            return err_hint(e, "%s", grabbers[i].hint);
    }
    if (strcmp(holder->program, "espstation") == 0)
        return err_hint(e,
                        "Another station works on this port: give each its own with --port, or end "
                        "that one: kill -INT %ld",
                        (long)holder->pid);
    return err_hint(e, "Close %s, or end it: kill %ld; then try again.", holder->program,
                    (long)holder->pid);
}
