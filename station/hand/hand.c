#include "station/hand/hand.h"

#include "core/flash/flash.h"
#include "station/line/ports.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define OPEN_MS   10000u
#define SYNC_BAUD 115200u
#define BAUD_MIN  300u
#define BAUD_MAX  5000000u

#define PROGRESS_COLUMNS 79

/* ---- One board ---- */

/* A board that started its program instead is reset once more in each way: on a busy computer or
 * behind a network a line may have come late. A run tries again by its recipe. */
static bool connect_any(struct hand *h, const char *reset, struct err *e)
{
    struct reset_sequence custom;
    const struct reset_sequence *list[RESET_CHOICES_MAX];
    struct err silence = { 0 };
    size_t n = reset_choices(h->port, reset, &custom, list);
    h->resets = n > 0;
    for (size_t i = 0; i < (n ? 2 * n : 1); i++) {
        silence = (struct err){ 0 };
        if (board_connect(h->loader, n ? list[i % n] : NULL, NULL, &silence))
            return true;
        bool first_round = i + 1 < n;
        if (silence.code != ERR_WRONG_BOOT_MODE && !(silence.code == ERR_NO_SYNC && first_round))
            break;
    }
    *e = silence;
    return false;
}

bool hand_open(struct hand *h, const struct hand_slot *slot, const char *reset, struct err *e)
{
    *h = (struct hand){ 0 };
    h->loader = calloc(1, sizeof *h->loader);
    if (!h->loader)
        return err_set(e, ERR_STATION, "Out of memory");
    h->port = port_new(slot->where, SYNC_BAUD, &clock_system, slot->stop_fd,
                       deadline_in_ms(&clock_system, OPEN_MS), e);
    if (!h->port)
        return false;
    loader_init(h->loader, h->port);
    return connect_any(h, reset, e) && board_identify(h->loader, &h->board, e);
}

static bool start_stub(struct hand *h, const struct stub_set *stubs, struct err *e)
{
    const char *name = board_stub_name(&h->board);
    const struct stub *stub = name && h->loader->kind->in_rom ? stub_set_find(stubs, name) : NULL;
    if (name && h->loader->kind->in_rom && !stub && stubs && stub_set_folder(stubs)) {
        char why[512];
        stub_set_explain(stubs, name, h->board.chip->name, why, sizeof why);
        err_set(e, ERR_STUB, "There is no stub to start: %s", why);
        return err_hint(e, "Give a folder that has it with --stubs, or --rom.");
    }
    return !stub || (stub_start(h->loader, stub, e) && board_attach_stub(h->loader, &h->board, e));
}

bool hand_start(struct hand *h, const struct stub_set *stubs, uint32_t baud, struct err *e)
{
    return start_stub(h, stubs, e) && (baud == 0 || board_change_baud(h->loader, baud, e)) &&
           flash_set_size(h->loader, h->board.flash.size_bytes, e);
}

void hand_close(struct hand *h)
{
    struct err ignored = { 0 };
    if (h->port && h->resets) {
        h->port->stop_fd = -1; /* no stop request may keep the board in its loader */
        board_leave(h->loader, true, &ignored);
    }
    port_free(h->port);
    free(h->loader);
    *h = (struct hand){ 0 };
}

/* ---- Many ports ---- */

struct hands {
    const struct hand_tool *tool;
    int done_fd; /* readable once all threads have ended */
    atomic_int running;
    atomic_bool failed;
};

struct hand_thread {
    struct hands *hands;
    struct hand_slot slot;
    pthread_t thread;
};

static void print_failure(const struct hand_slot *slot, const struct err *e)
{
    char number[24] = "";
    if (slot->of > 1)
        snprintf(number, sizeof number, "slot %d ", slot->number);
    else if (isatty(STDOUT_FILENO) && isatty(STDERR_FILENO))
        printf("\r%*s\r", (int)PROGRESS_COLUMNS, ""); /* the line that said how far it is */
    fflush(stdout);
    fprintf(stderr, "%s%s: %s: %s.\n  %s\n", number, slot->where, err_word(e->code), e->what,
            e->hint);
}

static void *thread_main(void *arg)
{
    struct hand_thread *t = arg;
    struct err e = { 0 };
    if (!t->hands->tool->work(&t->slot, t->hands->tool->ctx, &e)) {
        print_failure(&t->slot, &e);
        atomic_store(&t->hands->failed, true);
    }
    if (atomic_fetch_sub(&t->hands->running, 1) == 1)
        eventfd_write(t->hands->done_fd, 1);
    return NULL;
}

/* Threads inherit the mask, so this comes before they start. */
static int open_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static size_t start_threads(struct hands *hands, struct hand_thread *threads, size_t count,
                            struct err *e)
{
    atomic_store(&hands->running, (int)count);
    for (size_t i = 0; i < count; i++) {
        int rc = pthread_create(&threads[i].thread, NULL, thread_main, &threads[i]);
        if (rc == 0)
            continue;
        err_set_sys(e, ERR_STATION, rc, "Slot %zu: its thread cannot be started", i + 1);
        if (atomic_fetch_sub(&hands->running, (int)(count - i)) == (int)(count - i))
            eventfd_write(hands->done_fd, 1);
        return i;
    }
    return count;
}

static void wait_for_all(const struct hands *hands, int signal_fd, int stop_fd)
{
    struct pollfd fds[] = { { signal_fd, POLLIN, 0 }, { hands->done_fd, POLLIN, 0 } };
    while (fds[1].revents == 0) {
        struct signalfd_siginfo info;
        if (poll(fds, 2, -1) < 0 && errno != EINTR)
            break;
        while (read(signal_fd, &info, sizeof info) == (ssize_t)sizeof info)
            eventfd_write(stop_fd, 1);
    }
}

enum exit_status hands_run(const struct option_list *ports, const struct hand_tool *tool)
{
    struct err e = { 0 };
    int signal_fd = open_signals();
    int stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    struct hands hands = { .tool = tool, .done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) };
    struct hand_thread *threads = calloc(ports->count, sizeof *threads);
    size_t started = 0;
    if (signal_fd < 0 || stop_fd < 0 || hands.done_fd < 0 || !threads) {
        err_set_sys(&e, ERR_STATION, errno, "The ports cannot be set up");
        goto out;
    }
    for (size_t i = 0; i < ports->count; i++)
        threads[i] =
            (struct hand_thread){ .hands = &hands,
                                  .slot = { (int)i + 1, ports->count, ports->values[i], stop_fd } };
    started = start_threads(&hands, threads, ports->count, &e);
    if (started < ports->count)
        eventfd_write(stop_fd, 1);
    wait_for_all(&hands, signal_fd, stop_fd);
out:
    for (size_t i = 0; i < started; i++)
        pthread_join(threads[i].thread, NULL);
    free(threads);
    for (size_t i = 0; i < 3; i++) {
        int fd = (int[]){ signal_fd, stop_fd, hands.done_fd }[i];
        if (fd >= 0)
            close(fd);
    }
    if (e.code != ERR_NONE) {
        cmd_print_err(&e);
        return EXIT_STATION;
    }
    return atomic_load(&hands.failed) ? EXIT_BOARD : EXIT_PASSED;
}

/* ---- Ports ---- */

static void add_found(const struct port_list *found, struct option_list *ports)
{
    for (size_t i = 0; i < port_list_count(found) && ports->count < HAND_SLOTS_MAX; i++) {
        if (port_list_at(found, i)->usb.vid != 0)
            ports->values[ports->count++] = port_list_at(found, i)->path;
    }
}

static bool check_ports(const struct option_list *ports, struct err *e)
{
    if (ports->count == 0) {
        err_set(e, ERR_USAGE, "No port is given, and no USB serial port is plugged in");
        return err_hint(e, "Plug a board in, or name its port: --port /dev/ttyUSB0");
    }
    return ports_check(ports->values, ports->count, HAND_SLOTS_MAX, e);
}

bool hand_choose_ports(struct option_list *ports, struct port_list **found, struct err *e)
{
    *found = NULL;
    struct port_list *all = port_list_new(e);
    if (!all)
        return false;
    if (ports->count == 0)
        add_found(all, ports);
    if (check_ports(ports, e)) {
        *found = all;
        return true;
    }
    port_list_free(all);
    return false;
}

/* ---- Lines ---- */

static void line_head(const struct hand_slot *slot, char *text, size_t cap)
{
    if (slot->of > 1)
        snprintf(text, cap, "slot %d %s: ", slot->number, slot->where);
    else
        snprintf(text, cap, "%s: ", slot->where);
}

void hand_say(const struct hand_slot *slot, const char *fmt, ...)
{
    char head[320], line[512];
    va_list ap;
    line_head(slot, head, sizeof head);
    va_start(ap, fmt);
    vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    cmd_line("%s%s", head, line);
    fflush(stdout);
}

void hand_tell_progress(struct hand_progress *p, const struct hand_slot *slot, const char *what,
                        uint64_t done, uint64_t total)
{
    uint64_t now_us = clock_system.now_us(&clock_system);
    if (p->started_us == 0)
        p->started_us = now_us;
    uint64_t passed_us = now_us - p->started_us;
    unsigned percent = (unsigned)(total ? done * 100 / total : 100);
    if (slot->of == 1 && isatty(STDOUT_FILENO)) {
        printf("\r%s: %s %3u %%  %llu KB", slot->where, what, percent,
               (unsigned long long)done / 1024);
        if (passed_us > 1000000)
            printf("  %llu KB/s", (unsigned long long)(done * 1000000 / 1024 / passed_us));
        printf("%s", done == total ? "\n" : "   ");
        fflush(stdout);
    } else if (percent / 25 > p->quarters) {
        p->quarters = percent / 25;
        hand_say(slot, "%s %u %%", what, p->quarters * 25);
    }
}

/* ---- Values of options ---- */

static bool parse_number(const char *text, uint64_t *value, const char **rest)
{
    char *end;
    if (text[0] < '0' || text[0] > '9') /* strtoull alone takes signs and blanks */
        return false;
    errno = 0;
    *value = strtoull(text, &end, text[0] == '0' && (text[1] == 'x' || text[1] == 'X') ? 16 : 10);
    *rest = end;
    return errno == 0;
}

bool hand_parse_bytes(const char *option, const char *text, uint32_t *bytes, struct err *e)
{
    static const struct {
        const char *word;
        unsigned shift;
    } units[] = { { "", 0 },    { "K", 10 }, { "k", 10 }, { "KB", 10 },
                  { "kB", 10 }, { "M", 20 }, { "MB", 20 } };
    uint64_t value;
    const char *rest;
    for (size_t i = 0; parse_number(text, &value, &rest) && i < sizeof units / sizeof units[0];
         i++) {
        if (strcmp(rest, units[i].word) != 0 || value > UINT32_MAX >> units[i].shift)
            continue;
        *bytes = (uint32_t)value << units[i].shift;
        return true;
    }
    err_set(e, ERR_USAGE, "%s wants a number of bytes, not '%.40s'", option, text);
    return err_hint(e, "As in 0x10000, 64K or 4MB.");
}

bool hand_parse_baud(const char *text, uint32_t *baud, struct err *e)
{
    uint64_t value;
    const char *rest;
    if (parse_number(text, &value, &rest) && *rest == '\0' && value >= BAUD_MIN &&
        value <= BAUD_MAX) {
        *baud = (uint32_t)value;
        return true;
    }
    return err_set(e, ERR_USAGE, "--baud wants a rate from %u to %u, not '%.40s'", BAUD_MIN,
                   BAUD_MAX, text);
}

bool hand_check_reset(const char *text, struct err *e)
{
    struct reset_sequence ignored;
    struct err problem = { 0 };
    if (strcmp(text, "auto") == 0 || strcmp(text, "none") == 0 ||
        reset_parse(text, &ignored, &problem))
        return true;
    err_set(e, ERR_USAGE, "--reset '%.60s': %s", text, problem.what);
    return err_hint(e, "Give auto, classic, tight, usb-jtag, none, or a sequence as in "
                       "D0|R1|W0.1|D1|R0|W0.05|D0.");
}
