/* The file of locks beside the record, and what lies on a disk of this machine. */
#include "db/store/presence.h"

#include "db/store/uri.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/vfs.h>
#include <unistd.h>

enum { WORD_BYTES = PRESENCE_WORD_CAP - 1 };

/* Beside the file that SQLite has open, whatever link led there. */
static bool name_of(const struct db *db, const char *suffix, char name[static DB_PATH_CAP])
{
    const char *path = sqlite3_db_filename(db->sql, "main");
    const int n = snprintf(name, DB_PATH_CAP, "%s-stations%s", path ? path : "", suffix);
    return path && path[0] != '\0' && n > 0 && n < DB_PATH_CAP;
}

/* ---- The word ---- */

static bool read_word(int fd, char word[static PRESENCE_WORD_CAP])
{
    char bytes[PRESENCE_WORD_CAP + 1];
    const ssize_t n = pread(fd, bytes, sizeof bytes, 0);
    if (n != PRESENCE_WORD_CAP || bytes[WORD_BYTES] != '\n')
        return false;
    bytes[WORD_BYTES] = '\0';
    if (strspn(bytes, "0123456789abcdef") != WORD_BYTES)
        return false;
    memcpy(word, bytes, PRESENCE_WORD_CAP);
    return true;
}

static bool write_word(int fd)
{
    unsigned char random[WORD_BYTES / 2];
    char line[PRESENCE_WORD_CAP + 1];
    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
        return false;
    for (size_t i = 0; i < sizeof random; i++)
        snprintf(line + 2 * i, 4, "%02x\n", random[i]);
    return write(fd, line, PRESENCE_WORD_CAP) == PRESENCE_WORD_CAP;
}

/* With the rights and the owner of the record, as SQLite makes its own files: who may open the
 * record must be able to read this. */
static bool dress_like_the_record(const struct db *db, int fd)
{
    struct stat st;
    if (stat(sqlite3_db_filename(db->sql, "main"), &st) != 0)
        return false;
    if (geteuid() == 0 && fchown(fd, st.st_uid, st.st_gid) != 0)
        return false;
    return fchmod(fd, st.st_mode & 0666) == 0;
}

/* Under another name first: a file without its word is never seen. */
static bool make_file(const struct db *db, const char *name)
{
    char part[DB_PATH_CAP];
    if (!name_of(db, ".part", part) || (unlink(part) != 0 && errno != ENOENT))
        return false;
    const int fd = open(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return false;
    bool ok = write_word(fd) && dress_like_the_record(db, fd);
    ok = close(fd) == 0 && ok && rename(part, name) == 0;
    if (!ok)
        unlink(part);
    return ok;
}

/* A descriptor of the file with its word, -1 without. */
static int open_file(const char *name, char word[static PRESENCE_WORD_CAP])
{
    const int fd = open(name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0 || read_word(fd, word))
        return fd;
    close(fd);
    return -1;
}

/* ---- The locks ---- */

/* A shared lock: it needs no more than the right to read. */
static struct flock byte_of(int64_t station_id, short type)
{
    return (
        struct flock){ .l_type = type, .l_whence = SEEK_SET, .l_start = station_id, .l_len = 1 };
}

bool presence_take(struct db *db, int64_t station_id, char word[static PRESENCE_WORD_CAP])
{
    char name[DB_PATH_CAP];
    struct flock lock = byte_of(station_id, F_RDLCK);
    word[0] = '\0';
    presence_end(db);
    if (!name_of(db, "", name))
        return false;
    int fd = open_file(name, word);
    if (fd < 0 && make_file(db, name))
        fd = open_file(name, word);
    if (fd >= 0 && fcntl(fd, F_OFD_SETLK, &lock) == 0) {
        db->presence_fd = fd;
        return true;
    }
    if (fd >= 0)
        close(fd);
    word[0] = '\0';
    return false;
}

enum presence presence_of(const struct db *db, int64_t station_id, const char *word)
{
    char name[DB_PATH_CAP], found[PRESENCE_WORD_CAP];
    struct flock lock = byte_of(station_id, F_WRLCK);
    if (word[0] == '\0' || !name_of(db, "", name))
        return PRESENCE_UNKNOWN;
    const int fd = open_file(name, found);
    if (fd < 0)
        return PRESENCE_UNKNOWN;
    const bool answered = strcmp(word, found) == 0 && fcntl(fd, F_OFD_GETLK, &lock) == 0;
    close(fd);
    if (!answered)
        return PRESENCE_UNKNOWN;
    return lock.l_type == F_UNLCK ? PRESENCE_GONE : PRESENCE_HELD;
}

void presence_end(struct db *db)
{
    if (db->presence_fd >= 0)
        close(db->presence_fd);
    db->presence_fd = -1;
}

/* ---- The disk ---- */

bool presence_is_local(const struct db *db)
{
    /* <linux/magic.h>, and those of file systems that are kept outside of the kernel */
    static const unsigned long local[] = {
        0xEF53,     /* ext2 to ext4 */
        0x58465342, /* xfs */
        0x9123683E, /* btrfs */
        0xF2F52010, /* f2fs */
        0x2FC12FC1, /* zfs */
        0xCA451A4E, /* bcachefs */
        0x3153464A, /* jfs */
        0x01021994, /* tmpfs */
        0x858458F6, /* ramfs */
        0x794C7630, /* overlayfs */
        0x4D44,     /* msdos, vfat */
        0x2011BAB0, /* exfat */
        0x7366746E, /* ntfs3 */
    };
    struct statfs fs;
    const char *path = sqlite3_db_filename(db->sql, "main");
    if (!path || statfs(path, &fs) != 0)
        return false;
    for (size_t i = 0; i < sizeof local / sizeof local[0]; i++) {
        if ((unsigned long)fs.f_type == local[i])
            return true;
    }
    return false;
}
