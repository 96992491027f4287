#include "station/hand/hand.h"

#include "core/base/plain.h"
#include "core/flash/flash.h"
#include "station/base/stop_source.h"
#include "station/line/crew.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define BAUD_MIN 300u
#define BAUD_MAX 5000000u

#define PROGRESS_COLUMNS 79

/* ---- One board ---- */

/* A board that started its program instead is reset once more in each way: on a busy computer or
 * behind a network a line may have come late. A run tries again by its recipe. */
static bool connect_any(struct hand *h, const char *reset, struct err *e)
{
    struct reset_sequence custom;
    const struct reset_sequence *list[RESET_CHOICES_MAX];
    struct err silence = { 0 };
    size_t n = reset_choices(h->port, NULL, reset, &custom, list);
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
    h->port = port_new(slot->where, LOADER_SYNC_BAUD, &clock_system, slot->stop_fd,
                       deadline_in_ms(&clock_system, PORT_OPEN_MS), e);
    if (!h->port)
        return false;
    loader_init(h->loader, h->port);
    return connect_any(h, reset, e) && board_identify(h->loader, &h->board, e);
}

static bool start_stub(struct hand *h, const struct stub_set *stubs, struct err *e)
{
    const char *name = board_stub_name(&h->board);
    if (name && !h->loader->kind->is_stub && !stub_set_check(stubs, name, e))
        return false;
    const struct stub *stub = name && !h->loader->kind->is_stub ? stub_set_find(stubs, name) : NULL;
    if (name && !h->loader->kind->is_stub && !stub && stubs && stub_set_folder(stubs)) {
        char why[512];
        stub_set_explain(stubs, name, h->board.chip->name, why, sizeof why);
        err_set(e, ERR_STUB, "There is no stub to start: %s", why);
        return err_hint(e, "Give a folder that has it with --stubs, or --rom.");
    }
    if (!stub)
        return true;
    if (stub_start(h->loader, stub, e))
        return board_attach_stub(h->loader, &h->board, e);
    if (e->code == ERR_STUB)
        err_hint(e, "Try again; if it stays so, check cable and supply, or do without it: --rom.");
    return false;
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

struct hand_thread {
    struct hands *hands;
    struct hand_slot slot;
    struct crew_thread thread;
    char *text; /* its result, once slot.result is closed */
    size_t text_bytes;
    struct err err; /* code ERR_NONE: it worked */
    bool ended;     /* under the hands' lock */
};

struct hands {
    const struct hand_tool *tool;
    struct hand_thread *threads;
    size_t count;
    pthread_mutex_t lock; /* guards what follows; also held while results are printed */
    size_t told;          /* the results of so many slots are shown */
    bool failed;
    struct crew crew;
};

static void print_failure(const struct hand_slot *slot, const struct err *e)
{
    char head[320];
    if (slot->of == 1 && isatty(STDOUT_FILENO) && isatty(STDERR_FILENO))
        printf("\r%*s\r", (int)PROGRESS_COLUMNS, ""); /* the line that said how far it is */
    fflush(stdout);
    hand_line_head(slot, head, sizeof head);
    fprintf(stderr, "%s%s: %s%s\n  %s\n", head, err_word(e->code), e->what, err_stop(e->what),
            e->hint);
}

static void tell_locked(struct hand_thread *t)
{
    fclose(t->slot.result);
    t->slot.result = NULL;
    if (t->text)
        fwrite(t->text, 1, t->text_bytes, stdout);
    fflush(stdout);
    if (t->err.code != ERR_NONE)
        print_failure(&t->slot, &t->err);
}

/* A result waits for those of the slots before it. */
static void take_result(struct hand_thread *t)
{
    struct hands *h = t->hands;
    pthread_mutex_lock(&h->lock);
    t->ended = true;
    h->failed = h->failed || t->err.code != ERR_NONE;
    if (h->tool->live)
        tell_locked(t);
    while (!h->tool->live && h->told < h->count && h->threads[h->told].ended)
        tell_locked(&h->threads[h->told++]);
    pthread_mutex_unlock(&h->lock);
}

static void work_on_port(void *hand_thread)
{
    struct hand_thread *t = hand_thread;
    struct err e = { 0 };
    if (!t->hands->tool->work(&t->slot, t->hands->tool->ctx, &e))
        t->err = e;
    take_result(t);
}

static bool set_up(struct hands *h, const struct slot_choice *choice, int stop_fd, struct err *e)
{
    h->threads = calloc(choice->ports.count, sizeof *h->threads);
    if (!crew_open(&h->crew, 0, e))
        return false;
    if (stop_fd < 0 || !h->threads)
        return err_set_sys(e, ERR_STATION, errno, "The ports cannot be set up");
    for (h->count = 0; h->count < choice->ports.count; h->count++) {
        struct hand_thread *t = &h->threads[h->count];
        t->hands = h;
        t->slot = (struct hand_slot){ choice->numbers[h->count],
                                      choice->names[h->count],
                                      choice->ports.count,
                                      choice->ports.values[h->count],
                                      stop_fd,
                                      open_memstream(&t->text, &t->text_bytes) };
        if (!t->slot.result)
            return err_set_sys(e, ERR_STATION, errno, "The ports cannot be set up");
    }
    return true;
}

static void tear_down(struct hands *h)
{
    for (size_t i = 0; i < h->count; i++) {
        if (h->threads[i].slot.result)
            fclose(h->threads[i].slot.result);
        free(h->threads[i].text);
    }
    free(h->threads);
    crew_close(&h->crew);
    pthread_mutex_destroy(&h->lock);
}

static bool start_threads(struct hands *h, struct err *e)
{
    char name[32];
    for (size_t i = 0; i < h->count; i++) {
        struct hand_thread *t = &h->threads[i];
        snprintf(name, sizeof name, "Slot %d", t->slot.number);
        if (!crew_start(&h->crew, &t->thread, name, work_on_port, t, e))
            return false;
    }
    return true;
}

static void wait_for_all(struct hands *h, struct stop_source *stop, int stop_fd)
{
    struct pollfd fds[STOP_FDS + 1] = { [STOP_FDS] = { crew_done_fd(&h->crew), POLLIN, 0 } };
    while (!crew_is_done(&h->crew)) {
        stop_source_wait(stop, fds);
        if (poll(fds, STOP_FDS + 1, -1) < 0 && errno != EINTR)
            break;
        while (stop_source_take(stop, fds) != STOP_NONE)
            eventfd_write(stop_fd, 1);
    }
}

static void run_threads(struct hands *h, struct stop_source *stop, int stop_fd, struct err *e)
{
    if (!start_threads(h, e))
        eventfd_write(stop_fd, 1);
    wait_for_all(h, stop, stop_fd);
    for (size_t i = 0; i < h->count; i++)
        crew_join(&h->threads[i].thread);
}

enum exit_status hands_run(const struct slot_choice *choice, const struct hand_tool *tool)
{
    struct err e = { 0 };
    struct stop_source stop = STOP_SOURCE_CLOSED;
    struct hands hands = { .tool = tool, .lock = PTHREAD_MUTEX_INITIALIZER };
    const int stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (set_up(&hands, choice, stop_fd, &e) && stop_source_open(&stop, &e))
        run_threads(&hands, &stop, stop_fd, &e);
    tear_down(&hands);
    stop_source_close(&stop);
    if (stop_fd >= 0)
        close(stop_fd);
    if (e.code != ERR_NONE) {
        cmd_print_err(&e);
        return EXIT_STATION;
    }
    return hands.failed ? EXIT_BOARD : EXIT_PASSED;
}

/* ---- Lines ---- */

void hand_line_head(const struct hand_slot *slot, char *text, size_t cap)
{
    if (slot->name)
        snprintf(text, cap, "slot %d (%s) %s: ", slot->number, slot->name, slot->where);
    else if (slot->of > 1)
        snprintf(text, cap, "slot %d %s: ", slot->number, slot->where);
    else
        snprintf(text, cap, "%s: ", slot->where);
}

static void put_line(FILE *out, const struct hand_slot *slot, const char *fmt, va_list ap)
{
    char head[320], line[512];
    hand_line_head(slot, head, sizeof head);
    vsnprintf(line, sizeof line, fmt, ap);
    plain_make(line);
    fprintf(out, "%s%s\n", head, line);
}

void hand_say(const struct hand_slot *slot, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    put_line(stdout, slot, fmt, ap);
    va_end(ap);
    fflush(stdout);
}

void hand_result(const struct hand_slot *slot, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    put_line(slot->result, slot, fmt, ap);
    va_end(ap);
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
