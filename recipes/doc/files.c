/*
 * Files that a person names: they may be missing, a folder, a FIFO, or 100 GB.
 *
 * The rule. A recipe reads the regular files that it names, with the rights of whoever runs it, and
 * writes none. A name may be absolute, lead up by "..", or be a link; what it leads to is judged.
 * What is no file on a disk (device, FIFO, socket, anything in /proc or /sys) is refused unread.
 */
#include "recipes/doc/doc_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

/* What the kernel makes up as it is read: reading it can act, and its bytes are no firmware. */
static bool is_made_up(const struct statfs *disk)
{
    static const uint32_t types[] = { PROC_SUPER_MAGIC,   SYSFS_MAGIC,         DEBUGFS_MAGIC,
                                      TRACEFS_MAGIC,      SECURITYFS_MAGIC,    EFIVARFS_MAGIC,
                                      CGROUP_SUPER_MAGIC, CGROUP2_SUPER_MAGIC, PSTOREFS_MAGIC,
                                      BPF_FS_MAGIC,       SELINUX_MAGIC,       DEVPTS_SUPER_MAGIC,
                                      BINFMTFS_MAGIC,     NSFS_MAGIC };
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if ((uint32_t)disk->f_type == types[i])
            return true;
    }
    return false;
}

static enum file_state state_of(const struct stat *st, const struct statfs *disk,
                                uint64_t max_bytes)
{
    if (S_ISDIR(st->st_mode))
        return FILE_FOLDER;
    if (!S_ISREG(st->st_mode))
        return FILE_SPECIAL;
    if (is_made_up(disk))
        return FILE_MADE_UP;
    if (st->st_size == 0)
        return FILE_EMPTY;
    return (uint64_t)st->st_size > max_bytes ? FILE_TOO_LARGE : FILE_OK;
}

/* Looks before it opens, and again behind: between the two another program may swap the file.
 * O_NONBLOCK keeps a FIFO that appeared meanwhile from blocking us. */
enum file_state file_open(const char *path, uint64_t max_bytes, int *fd, uint64_t *bytes, int *sys)
{
    struct stat st;
    struct statfs disk;
    *fd = -1;
    *bytes = 0;
    *sys = 0;
    if (stat(path, &st) != 0 || statfs(path, &disk) != 0) {
        *sys = errno;
        return errno == ENOENT ? FILE_MISSING : FILE_UNREADABLE;
    }
    enum file_state state = state_of(&st, &disk, max_bytes);
    *bytes = (uint64_t)st.st_size;
    if (state != FILE_OK)
        return state;

    const int opened = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    if (opened < 0 || fstat(opened, &st) != 0 || fstatfs(opened, &disk) != 0) {
        *sys = errno;
        state = FILE_UNREADABLE;
    } else {
        state = state_of(&st, &disk, max_bytes);
        *bytes = (uint64_t)st.st_size;
    }
    if (state == FILE_OK)
        *fd = opened;
    else if (opened >= 0)
        close(opened);
    return state;
}

char *file_join(const char *folder, const char *file)
{
    char *path = NULL;
    if (folder[0] == '\0' || file[0] == '/')
        return strdup(file);
    const char *const gap = folder[strlen(folder) - 1] == '/' ? "" : "/";
    return asprintf(&path, "%s%s%s", folder, gap, file) < 0 ? NULL : path;
}

char *file_folder(const char *path)
{
    const char *const slash = strrchr(path, '/');
    if (!slash)
        return strdup("");
    return strndup(path, slash == path ? 1 : (size_t)(slash - path));
}
