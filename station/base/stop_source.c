#include "station/base/stop_source.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

/* SIGINT counts even where it was ignored: a shell without job control starts everything in its
 * background so. SIGHUP is ignored by somebody who means it. */
static bool survives_terminal(void)
{
    struct sigaction hup;
    return sigaction(SIGHUP, NULL, &hup) == 0 && hup.sa_handler == SIG_IGN;
}

bool stop_source_open(struct stop_source *s, struct err *e)
{
    const bool survives = survives_terminal();
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGQUIT);
    if (!survives)
        sigaddset(&set, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    s->terminal_fd = !survives && isatty(STDOUT_FILENO) ? STDOUT_FILENO : -1;
    s->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return s->signal_fd >= 0 || err_set_sys(e, ERR_STATION, errno, "Signals cannot be listened to");
}

void stop_source_close(struct stop_source *s)
{
    if (s->signal_fd >= 0)
        close(s->signal_fd);
    s->signal_fd = s->terminal_fd = -1;
}

void stop_source_wait(const struct stop_source *s, struct pollfd *fds)
{
    fds[0] = (struct pollfd){ s->signal_fd, POLLIN, 0 };
    fds[1] = (struct pollfd){ s->terminal_fd, 0, 0 }; /* tells a hang-up unasked */
}

enum stop_wish stop_source_take(struct stop_source *s, const struct pollfd *fds)
{
    struct signalfd_siginfo info;
    if (s->terminal_fd >= 0 && (fds[1].revents & (POLLHUP | POLLERR))) {
        s->terminal_fd = -1; /* hung up it is for ever: no more of it */
        return STOP_NOW;
    }
    if (read(s->signal_fd, &info, sizeof info) != (ssize_t)sizeof info)
        return STOP_NONE;
    return info.ssi_signo == SIGINT ? STOP_ASKED : STOP_NOW;
}
