#include "station/base/hold.h"

#include <stddef.h>

static const int held[] = { SIGINT, SIGTERM, SIGHUP };

void hold_signals(sigset_t *before)
{
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < sizeof held / sizeof held[0]; i++)
        sigaddset(&set, held[i]);
    pthread_sigmask(SIG_BLOCK, &set, before);
}

void hold_end(const sigset_t *before)
{
    pthread_sigmask(SIG_SETMASK, before, NULL);
}

bool hold_has_any(void)
{
    sigset_t pending;
    bool any = false;
    sigpending(&pending);
    for (size_t i = 0; i < sizeof held / sizeof held[0]; i++)
        any = any || sigismember(&pending, held[i]) == 1;
    return any;
}
