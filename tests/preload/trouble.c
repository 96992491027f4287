/*
 * A disk that fills up, a clock that is set, a process that dies at a chosen write, and counters of
 * its system calls: what befalls a station, at will. Loaded with LD_PRELOAD in front of it.
 *
 *   TROUBLE_FILE    files whose path begins so are on the troubled disk (FILE-wal is, with FILE)
 *   TROUBLE_DISK    a file: while it holds ENOSPC, EDQUOT, EIO or EROFS, that disk fails so
 *   TROUBLE_KILL    N: the process is killed in front of the N-th write, sync or truncation there
 *   TROUBLE_HOW     torn: half of that write is done; power: what was not synced is lost, by halves
 *   TROUBLE_CLOCK   a file: holds the milliseconds by which the wall clock is off
 *   TROUBLE_COUNTS  a file: gets the counters below, mapped, as five 64-bit numbers
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* The next definition of a function, as an address: ISO C knows no cast between the two kinds. */
#define NEXT(fn, name)                                                                             \
    do {                                                                                           \
        void *address = dlsym(RTLD_NEXT, name);                                                    \
        memcpy(&(fn), &address, sizeof address);                                                   \
    } while (0)

typedef ssize_t pwrite_fn(int fd, const void *buf, size_t n, off_t at);
typedef int sync_fn(int fd);
typedef int truncate_fn(int fd, off_t size);
typedef int poll_fn(struct pollfd *fds, nfds_t n, int ms);
typedef int ppoll_fn(struct pollfd *fds, nfds_t n, const struct timespec *wait,
                     const sigset_t *set);
typedef ssize_t read_fn(int fd, void *buf, size_t n);
typedef ssize_t recv_fn(int fd, void *buf, size_t n, int flags);

enum counter { DISK_STEPS, DISK_FAILURES, WAITS, READS, EMPTY_READS, COUNTERS };

static _Atomic uint64_t own_counts[COUNTERS];
static _Atomic uint64_t *counts = own_counts;

/* A write that no sync has followed yet: what was there before it. */
struct unsynced {
    struct unsynced *before;
    char path[PATH_MAX];
    off_t at, old_size;
    size_t n, old_n;
    uint8_t *old;
};

static struct unsynced *unsynced;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void count(enum counter which)
{
    atomic_fetch_add(&counts[which], 1);
}

__attribute__((constructor)) static void map_counts(void)
{
    const char *path = getenv("TROUBLE_COUNTS");
    int fd = path ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;
    if (fd < 0)
        return;
    if (ftruncate(fd, sizeof own_counts) == 0) {
        void *page = mmap(NULL, sizeof own_counts, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (page != MAP_FAILED)
            counts = page;
    }
    close(fd);
}

/* ---- The disk ---- */

static bool is_troubled(int fd, char path[static PATH_MAX])
{
    const char *prefix = getenv("TROUBLE_FILE");
    char link[64];
    if (!prefix)
        return false;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, PATH_MAX - 1);
    if (n <= 0)
        return false;
    path[n] = '\0';
    return strncmp(path, prefix, strlen(prefix)) == 0;
}

/* A short file, by calls that nobody here counts. "" if there is none. */
static void read_small(const char *path, char text[static 32])
{
    text[0] = '\0';
    int fd = path ? (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0)
        return;
    long n = syscall(SYS_read, fd, text, 31);
    text[n > 0 ? n : 0] = '\0';
    text[strcspn(text, " \n")] = '\0';
    syscall(SYS_close, fd);
}

/* The errno that the disk fails with now; 0: it works. */
static int failure_now(void)
{
    static const struct {
        const char *word;
        int code;
    } rows[] = { { "ENOSPC", ENOSPC }, { "EDQUOT", EDQUOT }, { "EIO", EIO }, { "EROFS", EROFS } };
    char word[32];
    read_small(getenv("TROUBLE_DISK"), word);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (strcmp(word, rows[i].word) == 0)
            return rows[i].code;
    }
    return 0;
}

static bool kills_so(const char *how)
{
    const char *asked = getenv("TROUBLE_HOW");
    return asked && strcmp(asked, how) == 0;
}

static void put_back(const struct unsynced *u)
{
    int fd = open(u->path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    if (syscall(SYS_pwrite64, fd, u->old, u->old_n, u->at) < 0 ||
        (u->at + (off_t)u->n > u->old_size && syscall(SYS_ftruncate, fd, u->old_size) < 0))
        fprintf(stderr, "trouble: %s: %s\n", u->path, strerror(errno));
    close(fd);
}

/* A disk writes in an order of its own until it is told to sync, so about half of it is there. */
static void lose_unsynced(uint64_t seed)
{
    for (struct unsynced *u = unsynced; u; u = u->before) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        if (seed >> 63)
            put_back(u);
    }
}

static void forget_locked(const char *path)
{
    for (struct unsynced **at = &unsynced; *at;) {
        struct unsynced *u = *at;
        if (strcmp(u->path, path) != 0) {
            at = &u->before;
            continue;
        }
        *at = u->before;
        free(u->old);
        free(u);
    }
}

static void remember(int fd, const char *path, off_t at, size_t n)
{
    struct stat st;
    struct unsynced *u = calloc(1, sizeof *u);
    uint8_t *old = malloc(n + 1);
    if (!u || !old || fstat(fd, &st) < 0)
        abort();
    long got = syscall(SYS_pread64, fd, old, n, at);
    *u = (struct unsynced){ .at = at, .old_size = st.st_size, .n = n, .old = old };
    u->old_n = got > 0 ? (size_t)got : 0;
    snprintf(u->path, sizeof u->path, "%s", path);
    pthread_mutex_lock(&lock);
    u->before = unsynced;
    unsynced = u;
    pthread_mutex_unlock(&lock);
}

/* In front of each step; `half` does half of it. */
static void die_if_due(void (*half)(void *), void *ctx)
{
    const char *text = getenv("TROUBLE_KILL");
    uint64_t step = atomic_fetch_add(&counts[DISK_STEPS], 1) + 1;
    if (!text || step != strtoull(text, NULL, 10))
        return;
    if (half && kills_so("torn"))
        half(ctx);
    pthread_mutex_lock(&lock);
    if (kills_so("power"))
        lose_unsynced(step);
    kill(getpid(), SIGKILL);
    pause();
}

static int fails(void)
{
    errno = failure_now();
    if (errno != 0)
        count(DISK_FAILURES);
    return errno;
}

struct write_call {
    int fd;
    const void *buf;
    size_t n;
    off_t at;
};

static void write_half(void *ctx)
{
    const struct write_call *w = ctx;
    if (syscall(SYS_pwrite64, w->fd, w->buf, w->n / 2, w->at) < 0)
        perror("trouble");
}

/* SQLite asks for big files by this name, and so do the others where off_t is wide. */
ssize_t pwrite64(int fd, const void *buf, size_t n, off_t at)
{
    static pwrite_fn *next;
    char path[PATH_MAX];
    if (!next)
        NEXT(next, "pwrite64");
    if (!is_troubled(fd, path))
        return next(fd, buf, n, at);
    die_if_due(write_half, &(struct write_call){ fd, buf, n, at });
    if (fails())
        return -1;
    if (kills_so("power"))
        remember(fd, path, at, n);
    return next(fd, buf, n, at);
}

static int sync_by(const char *name, int fd)
{
    sync_fn *next;
    char path[PATH_MAX];
    NEXT(next, name);
    if (!is_troubled(fd, path))
        return next(fd);
    die_if_due(NULL, NULL);
    if (fails())
        return -1;
    int result = next(fd);
    pthread_mutex_lock(&lock);
    if (result == 0)
        forget_locked(path);
    pthread_mutex_unlock(&lock);
    return result;
}

int fdatasync(int fd)
{
    return sync_by("fdatasync", fd);
}

int fsync(int fd)
{
    return sync_by("fsync", fd);
}

int ftruncate64(int fd, off_t size)
{
    static truncate_fn *next;
    char path[PATH_MAX];
    if (!next)
        NEXT(next, "ftruncate64");
    if (!is_troubled(fd, path))
        return next(fd, size);
    die_if_due(NULL, NULL);
    if (fails())
        return -1;
    pthread_mutex_lock(&lock);
    forget_locked(path);
    pthread_mutex_unlock(&lock);
    return next(fd, size);
}

/* ---- The clock ---- */

int clock_gettime(clockid_t which, struct timespec *t)
{
    char text[32];
    if (syscall(SYS_clock_gettime, which, t) < 0)
        return -1;
    const char *path = which == CLOCK_REALTIME ? getenv("TROUBLE_CLOCK") : NULL;
    if (!path)
        return 0;
    read_small(path, text);
    int64_t ms = (int64_t)t->tv_sec * 1000 + t->tv_nsec / 1000000 + strtoll(text, NULL, 10);
    t->tv_sec = ms / 1000;
    t->tv_nsec = (long)(ms % 1000) * 1000000 + t->tv_nsec % 1000000;
    return 0;
}

/* ---- Counted ---- */

int poll(struct pollfd *fds, nfds_t n, int ms)
{
    static poll_fn *next;
    if (!next)
        NEXT(next, "poll");
    count(WAITS);
    return next(fds, n, ms);
}

int ppoll(struct pollfd *fds, nfds_t n, const struct timespec *wait, const sigset_t *set)
{
    static ppoll_fn *next;
    if (!next)
        NEXT(next, "ppoll");
    count(WAITS);
    return next(fds, n, wait, set);
}

static ssize_t counted(ssize_t got)
{
    count(READS);
    if (got == 0)
        count(EMPTY_READS);
    return got;
}

ssize_t read(int fd, void *buf, size_t n)
{
    static read_fn *next;
    if (!next)
        NEXT(next, "read");
    return counted(next(fd, buf, n));
}

ssize_t recv(int fd, void *buf, size_t n, int flags)
{
    static recv_fn *next;
    if (!next)
        NEXT(next, "recv");
    return counted(next(fd, buf, n, flags));
}
