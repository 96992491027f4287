#include "station/terminal/terminal.h"

#include "core/base/clock.h"
#include "station/line/crew.h"
#include "station/terminal/columns.h"
#include "station/terminal/terminal_keys.h"

#include <curses.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <term.h>
#include <termios.h>
#include <unistd.h>

#define DRAW_MS        200
#define SETTLE_MS      30
#define MESSAGE_US     8000000
#define PATIENCE_MS    2000    /* for a terminal that takes nothing, when it is to be given back */
#define KEPT_BYTES_MAX 1000000 /* of what was printed meanwhile */

struct terminal {
    const struct scene_source *source;
    SCREEN *screen;
    FILE *out;
    struct crew crew;
    struct crew_thread thread;
    int end_fd, left_fd;
    int stderr_fd; /* standard error as it was; -1: as it is */
    struct termios as_it_was;
    /* The thread's own: */
    struct scene scene;
    struct sight sight;
    struct keys keys;
    uint64_t message_us;
    off_t stderr_seen;
    bool keyboard_gone;
};

/* ---- Is it one? ---- */

/* Without a place for the cursor there is nothing to draw with (TERM=dumb). */
static bool moves_cursor(void)
{
    int problem = 0;
    const char *term = getenv("TERM");
    return term && term[0] && setupterm(term, STDOUT_FILENO, &problem) == OK && cursor_address &&
           clear_screen;
}

bool terminal_is_fit(void)
{
    return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && tcgetpgrp(STDIN_FILENO) == getpgrp() &&
           moves_cursor();
}

enum language terminal_language(void)
{
    static const char *const names[] = { "LC_ALL", "LC_MESSAGES", "LANG" };
    enum language language = LANGUAGE_EN;
    if (!columns_has_utf8())
        return LANGUAGE_EN;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *code = getenv(names[i]);
        if (code && code[0]) {
            language_of(code, &language);
            break;
        }
    }
    return language;
}

/* ---- Standard error, which would be printed over the tiles ---- */

static void keep_stderr(struct terminal *t)
{
    const int kept = memfd_create("stderr", MFD_CLOEXEC);
    if (kept < 0)
        return;
    fflush(stderr);
    t->stderr_fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
    if (t->stderr_fd >= 0)
        dup2(kept, STDERR_FILENO);
    close(kept);
}

static void give_stderr_back(struct terminal *t)
{
    char buf[4096];
    ssize_t n;
    if (t->stderr_fd < 0)
        return;
    fflush(stderr);
    const int kept = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
    dup2(t->stderr_fd, STDERR_FILENO);
    close(t->stderr_fd);
    t->stderr_fd = -1;
    if (kept < 0)
        return;
    if (lseek(kept, 0, SEEK_SET) == 0) {
        while ((n = read(kept, buf, sizeof buf)) > 0)
            fwrite(buf, 1, (size_t)n, stderr);
    }
    close(kept);
}

/* The latest line of it is shown as an answer is. */
static void show_stderr(struct terminal *t, off_t size)
{
    char tail[sizeof t->sight.message];
    const off_t from = size > (off_t)sizeof tail - 1 ? size - (off_t)sizeof tail + 1 : 0;
    ssize_t n = pread(STDERR_FILENO, tail, sizeof tail - 1, from);
    while (n > 0 && tail[n - 1] == '\n')
        n--;
    if (n <= 0)
        return;
    tail[n] = '\0';
    const char *line = strrchr(tail, '\n');
    snprintf(t->sight.message, sizeof t->sight.message, "%s", line ? line + 1 : tail);
}

/* A day's complaints need not fill the memory: the latest matter. */
static void look_at_stderr(struct terminal *t)
{
    const off_t size = t->stderr_fd >= 0 ? lseek(STDERR_FILENO, 0, SEEK_CUR) : 0;
    if (size > t->stderr_seen && !t->sight.message[0])
        show_stderr(t, size);
    t->stderr_seen = size;
    if (size > KEPT_BYTES_MAX && ftruncate(STDERR_FILENO, 0) == 0)
        t->stderr_seen = lseek(STDERR_FILENO, 0, SEEK_SET);
}

/* ---- The thread: all calls of ncurses ---- */

/* Asked each time: a signal of ours may be anybody's. */
static void follow_size(void)
{
    struct winsize w;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_row > 0 && w.ws_col > 0 &&
        is_term_resized(w.ws_row, w.ws_col))
        resizeterm(w.ws_row, w.ws_col);
}

static void take_keys(struct terminal *t)
{
    wint_t key;
    int kind;
    while ((kind = get_wch(&key)) != ERR)
        keys_take(&t->keys, key, kind == KEY_CODE_YES, clock_system.now_us(&clock_system),
                  &t->scene, t->source, &t->sight);
}

/* An answer goes by itself. */
static void age_message(struct terminal *t, uint64_t now_us, bool was_there)
{
    if (t->sight.message[0] && !was_there)
        t->message_us = now_us;
    else if (now_us - t->message_us > MESSAGE_US)
        t->sight.message[0] = '\0';
}

/* False: it is to end. */
static bool wait_a_while(struct terminal *t)
{
    struct pollfd fds[] = { { t->end_fd, POLLIN, 0 },
                            { t->keyboard_gone ? -1 : STDIN_FILENO, POLLIN, 0 } };
    if (poll(fds, 2, t->keys.count > 0 ? SETTLE_MS : DRAW_MS) < 0 && errno != EINTR)
        return false;
    if (fds[1].revents & (POLLHUP | POLLERR | POLLNVAL))
        t->keyboard_gone = true; /* readable it would be for ever */
    return !(fds[0].revents & POLLIN);
}

static void work(void *ctx)
{
    struct terminal *t = ctx;
    const uint64_t one = 1;
    do {
        const bool had_message = t->sight.message[0] != '\0';
        follow_size();
        t->source->look(t->source->ctx, &t->scene);
        take_keys(t);
        keys_settle(&t->keys, clock_system.now_us(&clock_system), &t->scene, t->source, &t->sight);
        look_at_stderr(t);
        age_message(t, clock_system.now_us(&clock_system), had_message);
        draw_scene(&t->scene, &t->sight);
        if (t->keys.left && write(t->left_fd, &one, sizeof one) < 0)
            return;
    } while (wait_a_while(t));
    endwin();
}

/* ---- Opening and closing ---- */

static bool open_screen(struct terminal *t)
{
    const int fd = dup(STDOUT_FILENO);
    t->out = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (!t->out) {
        if (fd >= 0)
            close(fd);
        return false;
    }
    /* Ctrl-Z would leave boards in their middle: it does nothing here. */
    signal(SIGTSTP, SIG_IGN);
    t->screen = newterm(NULL, t->out, stdin);
    if (!t->screen)
        return false;
    set_term(t->screen);
    cbreak();
    noecho();
    nonl();
    keypad(stdscr, TRUE);
    nodelay(stdscr, TRUE);
    set_escdelay(25);
    curs_set(0);
    draw_begin();
    return true;
}

struct terminal *terminal_open(const struct scene_source *source, bool can_leave, struct err *e)
{
    struct terminal *t = calloc(1, sizeof *t);
    if (!t) {
        err_set(e, ERR_STATION, "Out of memory for the screen");
        return NULL;
    }
    t->source = source;
    t->stderr_fd = -1;
    t->sight.language = terminal_language();
    t->sight.can_act = source->act != NULL;
    t->sight.can_leave = can_leave;
    t->end_fd = eventfd(0, EFD_CLOEXEC);
    t->left_fd = eventfd(0, EFD_CLOEXEC);
    tcgetattr(STDOUT_FILENO, &t->as_it_was);
    if (t->end_fd < 0 || t->left_fd < 0 || !open_screen(t)) {
        err_set_sys(e, ERR_STATION, errno, "The terminal cannot be drawn on");
        terminal_close(t);
        return NULL;
    }
    keep_stderr(t);
    if (!crew_open(&t->crew, 0, e) || !crew_start(&t->crew, &t->thread, "terminal", work, t, e)) {
        endwin();
        terminal_close(t);
        return NULL;
    }
    return t;
}

/* Whether the thread has ended. A terminal that Ctrl-S stopped goes on, without what waits. */
static bool end_thread(struct terminal *t)
{
    const uint64_t one = 1;
    struct pollfd done = { .fd = crew_done_fd(&t->crew), .events = POLLIN };
    if (write(t->end_fd, &one, sizeof one) < 0)
        return false;
    if (poll(&done, 1, PATIENCE_MS) <= 0) {
        tcflush(STDOUT_FILENO, TCOFLUSH);
        tcflow(STDOUT_FILENO, TCOOFF); /* TCOON goes on after this alone, and not after Ctrl-S */
        tcflow(STDOUT_FILENO, TCOON);
        if (poll(&done, 1, PATIENCE_MS) <= 0)
            return false;
    }
    crew_join(&t->thread);
    return true;
}

void terminal_close(struct terminal *t)
{
    if (!t)
        return;
    const bool ended = !t->thread.started || end_thread(t);
    tcsetattr(STDOUT_FILENO, TCSANOW, &t->as_it_was);
    give_stderr_back(t);
    if (!ended) /* its thread still hangs in the terminal, and needs what it has */
        return;
    if (t->screen)
        delscreen(t->screen);
    if (t->out)
        fclose(t->out);
    crew_close(&t->crew);
    scene_done(&t->scene);
    close(t->end_fd);
    close(t->left_fd);
    free(t);
}

int terminal_left_fd(const struct terminal *t)
{
    return t->left_fd;
}
