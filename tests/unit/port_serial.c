/*
 * The serial transport on a kernel tty: a pty that tests/preload/pty_lines.c passes off as a serial
 * port. The program starts itself again with that library loaded.
 */
#include "tests/unit/port_help.h"

#include <asm/termbits.h>
#include <limits.h>
#include <pthread.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define BOTH ((unsigned)PORT_DTR | (unsigned)PORT_RTS)

/* ---- A pty, and what happened on its lines ---- */

struct bench {
    int master;
    char device[64];
    char folder[64];
    char log[128]; /* file: a line for each change of DTR or RTS */
};

static void write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

/* The logged changes without their times: "1 1 open\n0 0 TIOCMSET\n" */
static const char *line_changes(const struct bench *b)
{
    static char text[4096];
    char line[256];
    size_t used = 0;
    FILE *f = fopen(b->log, "re");
    assert_non_null(f);
    text[0] = '\0';
    while (fgets(line, sizeof line, f)) {
        int dtr, rts;
        char call[32];
        assert_int_equal(sscanf(line, "%*s %*s %d %d %31s", &dtr, &rts, call), 3);
        int n = snprintf(text + used, sizeof text - used, "%d %d %s\n", dtr, rts, call);
        used += (size_t)n;
        assert_true(used < sizeof text);
    }
    fclose(f);
    return text;
}

static void forget_changes(const struct bench *b)
{
    write_file(b->log, "");
}

static void open_pty(struct bench *b)
{
    int unlocked = 0;
    unsigned number;
    b->master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(b->master >= 0);
    assert_int_equal(ioctl(b->master, TIOCSPTLCK, &unlocked), 0);
    assert_int_equal(ioctl(b->master, TIOCGPTN, &number), 0);
    snprintf(b->device, sizeof b->device, "/dev/pts/%u", number);
}

static int setup(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    assert_non_null(b);
    snprintf(b->folder, sizeof b->folder, "/tmp/port_serial.XXXXXX");
    assert_non_null(mkdtemp(b->folder));
    snprintf(b->log, sizeof b->log, "%s/lines", b->folder);
    setenv("PTY_LINES_LOG", b->log, 1);
    open_pty(b);
    forget_changes(b);
    *state = b;
    return 0;
}

static void remove_in(const struct bench *b, const char *name)
{
    char path[192];
    snprintf(path, sizeof path, "%s/%s", b->folder, name);
    unlink(path);
}

static int teardown(void **state)
{
    struct bench *b = *state;
    if (b->master >= 0)
        close(b->master);
    remove_in(b, "lines");
    remove_in(b, "link");
    remove_in(b, "file");
    remove_in(b, "pipe");
    rmdir(b->folder);
    free(b);
    unsetenv("PTY_LINES_USB");
    unsetenv("PTY_LINES_NONE");
    return 0;
}

static void unplug(struct bench *b)
{
    close(b->master);
    b->master = -1;
}

static uint32_t rate_of(const struct bench *b)
{
    struct termios2 t;
    assert_int_equal(ioctl(b->master, TCGETS2, &t), 0);
    return t.c_ospeed;
}

static struct err open_fails(const char *where)
{
    struct err e = { .code = ERR_NONE };
    uint64_t start_ms = now_ms();
    assert_null(port_new(where, 115200, &clock_system, -1, in_ms(PATIENCE_MS), &e));
    assert_text_has(e.what, where);
    assert_true(now_ms() - start_ms < PATIENCE_MS / 2);
    return e;
}

/* ---- Opening ---- */

static void serial_opens_raw(void **state)
{
    const struct bench *b = *state;
    struct port *p = port_at(b->device, 115200, -1);
    struct termios2 t;
    assert_int_equal(p->caps, PORT_BAUD | PORT_LINES | PORT_LINES_TOGETHER | PORT_INPUTS);
    assert_int_equal(p->lines, BOTH); /* as the kernel leaves them */
    assert_int_equal(ioctl(b->master, TCGETS2, &t), 0);
    assert_int_equal(t.c_cflag & (CSIZE | PARENB | CSTOPB | CRTSCTS | HUPCL), CS8);
    assert_int_equal(t.c_iflag & (IXON | IXOFF | ICRNL | ISTRIP), 0);
    assert_int_equal(t.c_lflag, 0);
    assert_int_equal(t.c_oflag & OPOST, 0);
    port_free(p);
}

static void serial_open_and_close_move_no_line(void **state)
{
    const struct bench *b = *state;
    struct port *p = port_at(b->device, 115200, -1);
    struct err e;
    assert_true(port_set_baud(p, 921600, &e));
    port_free(p);
    /* Whatever was called, the lines stood at (1,1) from the opening to after the close. */
    const char *changes = line_changes(b);
    assert_memory_equal(changes, "1 1 open\n", 9);
    assert_null(strstr(changes, "0 "));
    assert_null(strstr(changes, "close"));
}

static void serial_opens_through_a_link(void **state)
{
    const struct bench *b = *state;
    char link[192];
    struct err e = { .code = ERR_NONE };
    char byte;
    snprintf(link, sizeof link, "%s/link", b->folder);
    assert_int_equal(symlink(b->device, link), 0);
    struct port *p = port_at(link, 115200, -1);
    assert_int_equal(port_read(p, &byte, 1, in_ms(1), &e), 0);
    assert_text_has(e.what, link); /* the name that was given, not the one found */
    port_free(p);
}

static void serial_finds_the_usb_ids(void **state)
{
    const struct bench *b = *state;
    setenv("PTY_LINES_USB", "303a:1001:F4-12-FA-01-02-03", 1);
    struct port *p = port_at(b->device, 115200, -1);
    assert_int_equal(p->usb.vid, 0x303A);
    assert_int_equal(p->usb.pid, 0x1001);
    assert_string_equal(p->usb.serial, "F4-12-FA-01-02-03");
    port_free(p);
    unsetenv("PTY_LINES_USB");
    p = port_at(b->device, 115200, -1);
    assert_int_equal(p->usb.vid, 0);
    assert_string_equal(p->usb.serial, "");
    port_free(p);
}

static void serial_without_modem_lines_still_opens(void **state)
{
    const struct bench *b = *state;
    struct err e = { .code = ERR_NONE };
    setenv("PTY_LINES_NONE", "1", 1);
    struct port *p = port_at(b->device, 74880, -1);
    assert_int_equal(p->caps, PORT_BAUD);
    assert_int_equal(rate_of(b), 74880);
    assert_true(port_set_baud(p, 460800, &e));
    assert_int_equal(rate_of(b), 460800);
    assert_false(port_set_lines(p, PORT_RTS, 0, &e));
    assert_int_equal(e.code, ERR_PORT_UNSUITABLE);
    port_free(p);
}

/* ---- What is no port ---- */

static void serial_missing_port_names_what_there_is(void **state)
{
    struct err e = open_fails("/dev/ttyUSB987");
    (void)state;
    assert_int_equal(e.code, ERR_PORT_MISSING);
    assert_text_has(e.hint, "Plug the adapter in");
    e = open_fails("/dev/serial/by-path/pci-0000:00:14.0-usb-0:99:1.0-port0");
    assert_int_equal(e.code, ERR_PORT_MISSING);
}

static void serial_refuses_other_kinds_of_file(void **state)
{
    const struct bench *b = *state;
    char file[192], fifo[192];
    snprintf(file, sizeof file, "%s/file", b->folder);
    snprintf(fifo, sizeof fifo, "%s/pipe", b->folder);
    write_file(file, "not to be touched");
    assert_int_equal(mkfifo(fifo, 0600), 0);
    const struct {
        const char *where, *word;
    } rows[] = { { file, "a file" },          { b->folder, "a folder" },
                 { fifo, "a pipe" },          { "/dev/null", "not a serial port" },
                 { "/dev/tty", "a console" }, { "/dev/ptmx", "not a serial port" } };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct err e = open_fails(rows[i].where);
        assert_int_equal(e.code, ERR_PORT_UNSUITABLE);
        assert_text_has(e.what, rows[i].word);
    }
}

/* Runs `where` as another user; the exit status is the error code. */
static int open_as_nobody(const char *where)
{
    pid_t child = fork();
    int status;
    assert_true(child >= 0);
    if (child == 0) {
        struct err e = { .code = ERR_NONE };
        if (setgid(65534) < 0 || setuid(65534) < 0)
            _exit(250);
        struct port *p = port_new(where, 115200, &clock_system, -1, in_ms(PATIENCE_MS), &e);
        bool names_group = strstr(e.hint, "usermod -aG") != NULL;
        _exit(p ? 251 : !names_group ? 252 : (int)e.code);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return WEXITSTATUS(status);
}

static void serial_without_rights_is_denied(void **state)
{
    const struct bench *b = *state;
    if (geteuid() != 0)
        skip(); /* only root can become somebody else */
    assert_int_equal(chmod(b->device, 0660), 0);
    assert_int_equal(open_as_nobody(b->device), ERR_PORT_DENIED);
}

/* ---- One owner ---- */

/* As the kernel has it; under valgrind it is not our own. */
static const char *program_name(void)
{
    static char name[32];
    FILE *f = fopen("/proc/self/comm", "re");
    assert_non_null(f);
    assert_int_equal(fscanf(f, "%31[^\n]", name), 1);
    fclose(f);
    return name;
}

static void serial_second_opener_gets_busy_and_disturbs_nobody(void **state)
{
    const struct bench *b = *state;
    struct port *p = port_at(b->device, 115200, -1);
    struct err e = { .code = ERR_NONE };
    char pid[32];
    assert_true(port_set_baud(p, 74880, &e));
    assert_true(port_set_lines(p, BOTH, PORT_RTS, &e));
    forget_changes(b);
    e = open_fails(b->device);
    assert_int_equal(e.code, ERR_PORT_BUSY);
    snprintf(pid, sizeof pid, "(pid %ld)", (long)getpid());
    assert_text_has(e.what, pid);
    assert_text_has(e.what, program_name());
    assert_int_equal(rate_of(b), 74880);
    assert_string_equal(line_changes(b), "");
    port_free(p);
    port_free(port_at(b->device, 115200, -1)); /* free again */
}

static void serial_names_the_other_process(void **state)
{
    const struct bench *b = *state;
    int ready[2], done[2];
    char byte, pid[32];
    assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
    assert_int_equal(pipe2(done, O_CLOEXEC), 0);
    pid_t child = fork();
    if (child == 0) {
        struct err e;
        close(done[1]);
        struct port *p = port_new(b->device, 115200, &clock_system, -1, in_ms(PATIENCE_MS), &e);
        if (write(ready[1], p ? "y" : "n", 1) == 1 && read(done[0], &byte, 1) == 0)
            port_free(p);
        _exit(0);
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    assert_int_equal(byte, 'y');
    struct err e = open_fails(b->device);
    assert_int_equal(e.code, ERR_PORT_BUSY);
    snprintf(pid, sizeof pid, "(pid %ld)", (long)child);
    assert_text_has(e.what, pid);
    snprintf(pid, sizeof pid, "kill %ld", (long)child);
    assert_text_has(e.hint, pid);
    close(done[1]);
    assert_int_equal(waitpid(child, NULL, 0), child);
    close(done[0]);
    close(ready[0]);
    close(ready[1]);
    port_free(port_at(b->device, 115200, -1));
}

/* A terminal program that asked for exclusive use but takes no lock; root would pass that. */
static void serial_respects_exclusive_use_by_others(void **state)
{
    const struct bench *b = *state;
    int other = open(b->device, O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(other >= 0);
    assert_int_equal(ioctl(other, TIOCEXCL), 0);
    struct err e = open_fails(b->device);
    assert_int_equal(e.code, ERR_PORT_BUSY);
    assert_int_equal(ioctl(other, TIOCNXCL), 0);
    close(other);
    port_free(port_at(b->device, 115200, -1));
}

/* A program that takes the lock only, as esptool does. */
static void serial_respects_a_lock_by_others(void **state)
{
    const struct bench *b = *state;
    int other = open(b->device, O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(other >= 0);
    assert_int_equal(flock(other, LOCK_EX | LOCK_NB), 0);
    struct err e = open_fails(b->device);
    assert_int_equal(e.code, ERR_PORT_BUSY);
    close(other);
    port_free(port_at(b->device, 115200, -1));
}

static void serial_open_port_is_exclusive(void **state)
{
    const struct bench *b = *state;
    struct port *p = port_at(b->device, 115200, -1);
    int exclusive = 0;
    int other = open(b->device, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (other >= 0) { /* root may: but the flag stands */
        assert_int_equal(ioctl(other, TIOCGEXCL, &exclusive), 0);
        assert_int_equal(exclusive, 1);
        close(other);
    } else {
        assert_int_equal(errno, EBUSY);
    }
    port_free(p);
}

/* ---- Rates and lines ---- */

/* Memory that libserialport gets next holds anything: it does not set all of its own fields. */
static void soil_heap(void)
{
    void *dirt[64];
    for (size_t i = 0; i < 64; i++) {
        dirt[i] = malloc(8 * (i % 16 + 1));
        assert_non_null(dirt[i]);
        memset(dirt[i], 0xA5, 8 * (i % 16 + 1));
    }
    for (size_t i = 0; i < 64; i++)
        free(dirt[i]);
}

static void serial_sets_the_true_rate(void **state)
{
    static const uint32_t rates[] = { 115200, 74880, 921600, 460800, 74880, 2000000, 9600 };
    const struct bench *b = *state;
    struct port *p = port_at(b->device, 57600, -1);
    struct err e = { .code = ERR_NONE };
    assert_int_equal(rate_of(b), 57600);
    forget_changes(b);
    for (size_t i = 0; i < sizeof rates / sizeof rates[0]; i++) {
        soil_heap();
        assert_true(port_set_baud(p, rates[i], &e));
        assert_int_equal(rate_of(b), rates[i]);
    }
    assert_string_equal(line_changes(b), ""); /* a change of rate is no reset */
    assert_false(port_set_baud(p, 0, &e));
    assert_int_equal(e.code, ERR_BAUD);
    port_free(p);
}

static void serial_sets_both_lines_in_one_step(void **state)
{
    const struct bench *b = *state;
    struct port *p = port_at(b->device, 115200, -1);
    struct err e = { .code = ERR_NONE };
    forget_changes(b);
    assert_true(port_set_lines(p, BOTH, 0, &e));
    assert_true(port_set_lines(p, BOTH, BOTH, &e));
    assert_true(port_set_lines(p, BOTH, PORT_RTS, &e));
    assert_true(port_set_lines(p, BOTH, PORT_DTR, &e));
    assert_true(port_set_lines(p, PORT_DTR, 0, &e));
    assert_true(port_set_lines(p, PORT_RTS, PORT_RTS, &e));
    assert_string_equal(line_changes(b), "0 0 TIOCMSET\n"
                                         "1 1 TIOCMSET\n"
                                         "0 1 TIOCMSET\n"
                                         "1 0 TIOCMSET\n"
                                         "0 0 TIOCMSET\n"
                                         "0 1 TIOCMSET\n");
    assert_int_equal(p->lines, PORT_RTS);
    port_free(p);
}

/* ---- Bytes ---- */

static void serial_carries_all_bytes(void **state)
{
    const struct bench *b = *state;
    struct port *p = port_at(b->device, 115200, -1);
    struct err e = { .code = ERR_NONE };
    uint8_t out[256], in[256];
    for (size_t i = 0; i < sizeof out; i++)
        out[i] = (uint8_t)i;
    assert_true(port_write(p, out, sizeof out, in_ms(PATIENCE_MS), &e));
    assert_true(port_drain(p, in_ms(PATIENCE_MS), &e));
    for (size_t at = 0; at < sizeof in;) {
        ssize_t n = read(b->master, in + at, sizeof in - at);
        assert_true(n > 0);
        at += (size_t)n;
    }
    assert_memory_equal(in, out, sizeof in);
    assert_int_equal(write(b->master, out, sizeof out), sizeof out);
    memset(in, 0, sizeof in);
    read_all(p, in, sizeof in);
    assert_memory_equal(in, out, sizeof in);
    port_free(p);
}

static void serial_read_takes_what_is_there(void **state)
{
    const struct bench *b = *state;
    struct port *p = port_at(b->device, 115200, -1);
    struct err e = { .code = ERR_NONE };
    char bytes[64];
    assert_int_equal(write(b->master, "many bytes", 10), 10);
    read_all(p, bytes,
             1); /* all have arrived once one has: the pty hands a write over as a whole */
    assert_int_equal(port_read(p, bytes, sizeof bytes, in_ms(PATIENCE_MS), &e), 9);
    port_free(p);
}

static void serial_discard_drops_what_has_arrived(void **state)
{
    const struct bench *b = *state;
    struct port *p = port_at(b->device, 115200, -1);
    struct err e = { .code = ERR_NONE };
    char byte;
    assert_int_equal(write(b->master, "old old", 7), 7);
    read_all(p, &byte, 1);
    assert_true(port_discard(p, &e));
    assert_int_equal(write(b->master, "n", 1), 1);
    read_all(p, &byte, 1);
    assert_int_equal(byte, 'n');
    port_free(p);
}

static void serial_waits_end_with_their_deadlines(void **state)
{
    const struct bench *b = *state;
    struct port *p = port_at(b->device, 115200, -1);
    struct err e = { .code = ERR_NONE };
    static uint8_t much[1 << 20]; /* more than a pty holds */
    uint64_t start_ms = now_ms();
    char byte;
    assert_int_equal(port_read(p, &byte, 1, in_ms(SHORT_MS), &e), 0);
    assert_int_equal(e.code, ERR_TIMEOUT);
    assert_in_range(now_ms() - start_ms, SHORT_MS - 1, PATIENCE_MS / 2);
    assert_false(port_write(p, much, sizeof much, in_ms(SHORT_MS), &e));
    assert_int_equal(e.code, ERR_TIMEOUT);
    assert_true(now_ms() - start_ms < PATIENCE_MS / 2);
    port_free(p);
}

static void serial_waits_end_with_a_stop(void **state)
{
    const struct bench *b = *state;
    struct port *p = port_at(b->device, 115200, -1);
    struct err e = { .code = ERR_NONE };
    static uint8_t much[1 << 20];
    uint64_t start_ms = now_ms();
    char byte;
    p->stop_fd = stop_asked();
    assert_int_equal(port_read(p, &byte, 1, in_ms(PATIENCE_MS), &e), 0);
    assert_int_equal(e.code, ERR_STOPPED);
    assert_false(port_write(p, much, sizeof much, in_ms(PATIENCE_MS), &e));
    assert_int_equal(e.code, ERR_STOPPED);
    assert_true(now_ms() - start_ms < PATIENCE_MS / 2);
    close(p->stop_fd);
    port_free(p);
}

/* ---- Unplugged ---- */

static uint64_t cpu_us(void)
{
    struct rusage u;
    getrusage(RUSAGE_THREAD, &u);
    return (uint64_t)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000 +
           (uint64_t)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

static void serial_unplugged_is_gone_for_every_call(void **state)
{
    struct bench *b = *state;
    struct port *p = port_at(b->device, 115200, -1);
    struct err e = { .code = ERR_NONE };
    char byte;
    unplug(b);
    uint64_t start_us = cpu_us();
    for (int i = 0; i < 10; i++) {
        memset(&e, 0, sizeof e);
        assert_int_equal(port_read(p, &byte, 1, in_ms(PATIENCE_MS), &e), 0);
        assert_int_equal(e.code, ERR_PORT_GONE);
        assert_text_has(e.what, b->device);
    }
    assert_false(port_write(p, "x", 1, in_ms(PATIENCE_MS), &e));
    assert_int_equal(e.code, ERR_PORT_GONE);
    assert_false(port_set_lines(p, BOTH, 0, &e));
    assert_int_equal(e.code, ERR_PORT_GONE);
    assert_false(port_set_baud(p, 9600, &e));
    assert_int_equal(e.code, ERR_PORT_GONE);
    assert_false(port_discard(p, &e));
    assert_int_equal(e.code, ERR_PORT_GONE);
    assert_true(cpu_us() - start_us < 500 * 1000); /* each gave up at once, none went round */
    port_free(p);
}

static void *unplug_after_some(void *arg)
{
    struct bench *b = arg;
    char bytes[1000];
    if (read(b->master, bytes, sizeof bytes) > 0)
        unplug(b);
    return NULL;
}

static void serial_unplugged_in_mid_write_is_gone(void **state)
{
    struct bench *b = *state;
    struct port *p = port_at(b->device, 115200, -1);
    struct err e = { .code = ERR_NONE };
    static uint8_t much[1 << 20];
    pthread_t far;
    assert_int_equal(pthread_create(&far, NULL, unplug_after_some, b), 0);
    assert_false(port_write(p, much, sizeof much, in_ms(PATIENCE_MS), &e));
    assert_int_equal(e.code, ERR_PORT_GONE);
    pthread_join(far, NULL);
    port_free(p);
}

/* The far thread asks for one byte and then pulls: by then this one is in its read, or about to be.
 */
static void serial_unplugged_in_mid_read_is_gone(void **state)
{
    struct bench *b = *state;
    struct port *p = port_at(b->device, 115200, -1);
    struct err e = { .code = ERR_NONE };
    pthread_t far;
    char byte;
    assert_int_equal(pthread_create(&far, NULL, unplug_after_some, b), 0);
    assert_true(port_write(p, "x", 1, in_ms(PATIENCE_MS), &e));
    assert_int_equal(port_read(p, &byte, 1, in_ms(PATIENCE_MS), &e), 0);
    assert_int_equal(e.code, ERR_PORT_GONE);
    pthread_join(far, NULL);
    port_free(p);
}

/* ---- Starting again with the preload ---- */

static void load_preload(char *const argv[])
{
    char self[PATH_MAX];
    char library[PATH_MAX + 32];
    char options[512];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (getenv("PTY_LINES_LOADED") || n <= 0)
        return;
    self[n] = '\0';
    /* BUILD/unit/port_serial -> BUILD/pty_lines.so */
    const char *name = strrchr(self, '/');
    const char *folder = memrchr(self, '/', (size_t)(name - self));
    snprintf(library, sizeof library, "%.*s/pty_lines.so", (int)(folder - self), self);
    setenv("LD_PRELOAD", library, 1);
    setenv("PTY_LINES_LOADED", "1", 1);
    /* Its runtime wants to be the first library; ours only passes calls on. */
    const char *asan = getenv("ASAN_OPTIONS");
    snprintf(options, sizeof options, "%s:verify_asan_link_order=0", asan ? asan : "");
    setenv("ASAN_OPTIONS", options, 1);
    execv(self, argv);
}

int main(int argc, char *argv[])
{
    (void)argc;
    load_preload(argv);
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(serial_opens_raw),
        TEST(serial_open_and_close_move_no_line),
        TEST(serial_opens_through_a_link),
        TEST(serial_finds_the_usb_ids),
        TEST(serial_without_modem_lines_still_opens),
        TEST(serial_missing_port_names_what_there_is),
        TEST(serial_refuses_other_kinds_of_file),
        TEST(serial_without_rights_is_denied),
        TEST(serial_second_opener_gets_busy_and_disturbs_nobody),
        TEST(serial_names_the_other_process),
        TEST(serial_respects_exclusive_use_by_others),
        TEST(serial_respects_a_lock_by_others),
        TEST(serial_open_port_is_exclusive),
        TEST(serial_sets_the_true_rate),
        TEST(serial_sets_both_lines_in_one_step),
        TEST(serial_carries_all_bytes),
        TEST(serial_read_takes_what_is_there),
        TEST(serial_discard_drops_what_has_arrived),
        TEST(serial_waits_end_with_their_deadlines),
        TEST(serial_waits_end_with_a_stop),
        TEST(serial_unplugged_is_gone_for_every_call),
        TEST(serial_unplugged_in_mid_write_is_gone),
        TEST(serial_unplugged_in_mid_read_is_gone),
    };
    return cmocka_run_group_tests_name("port_serial", tests, NULL, NULL);
}
