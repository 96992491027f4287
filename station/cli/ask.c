#include "station/cli/ask.h"

#include "core/base/clock.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

enum { CTRL_C = 3, CTRL_D = 4, BACKSPACE = 8, CTRL_U = 21, DEL = 127 };

bool ask_is_terminal(void)
{
    return isatty(STDIN_FILENO);
}

static bool no_answer(struct err *e, const char *why)
{
    err_set(e, ERR_USAGE, "No answer: %s", why);
    return err_hint(e, "Type the command again; a PIN or badge is asked for, or is read as a line "
                       "of standard input.");
}

/* > 0 a character, 0 the end, < 0 nothing came in time. One by one: what is behind the line is for
 * the next question. */
static int next_char(struct deadline end, char *c)
{
    for (;;) {
        struct pollfd fd = { .fd = STDIN_FILENO, .events = POLLIN };
        const int n = poll(&fd, 1, deadline_left_ms(&clock_system, end));
        if (n == 0)
            return -1;
        if (n < 0 && errno == EINTR)
            continue;
        const ssize_t got = read(STDIN_FILENO, c, 1);
        if (got < 0 && errno == EINTR)
            continue;
        return got > 0;
    }
}

/* Whether the character went into the answer or changed it. */
static bool is_editing(char c, char *answer, size_t *n)
{
    if (c == BACKSPACE || c == DEL)
        *n -= *n > 0;
    else if (c == CTRL_U)
        *n = 0;
    else if (*n + 1 < ASK_CAP)
        answer[(*n)++] = c;
    else
        return false;
    return true;
}

static bool read_line(char *answer, struct err *e)
{
    const struct deadline end = deadline_in_ms(&clock_system, ASK_WAIT_MS);
    size_t n = 0;
    char c;
    for (;;) {
        const int got = next_char(end, &c);
        if (got < 0)
            return no_answer(e, "nothing was typed for two minutes");
        if ((got == 0 || c == CTRL_D) && n == 0)
            return no_answer(e, "the input has ended");
        if (c == CTRL_C)
            return no_answer(e, "it was taken back with Ctrl-C");
        if (got == 0 || c == '\n' || c == '\r')
            break;
        if (!is_editing(c, answer, &n))
            return no_answer(e, "this is longer than any PIN or badge");
    }
    answer[n] = '\0';
    return true;
}

/* Nothing that is typed shows, and Ctrl-C comes as a character: a signal would leave the terminal
 * without echo. */
static bool read_unseen(const char *question, char *answer, struct err *e)
{
    struct termios before, unseen;
    if (tcgetattr(STDIN_FILENO, &before) != 0)
        return err_set_sys(e, ERR_STATION, errno, "The terminal cannot be asked");
    unseen = before;
    unseen.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | ISIG);
    if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &unseen) != 0)
        return err_set_sys(e, ERR_STATION, errno, "The terminal cannot be kept from showing a PIN");
    fprintf(stderr, "%s: ", question); /* only now: what was typed before is thrown away */
    fflush(stderr);
    const bool ok = read_line(answer, e);
    tcsetattr(STDIN_FILENO, TCSADRAIN, &before);
    fputc('\n', stderr);
    return ok;
}

bool ask_secret(const char *question, char answer[static ASK_CAP], struct err *e)
{
    answer[0] = '\0';
    if (!ask_is_terminal())
        return read_line(answer, e);
    return read_unseen(question, answer, e);
}
