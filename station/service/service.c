#include "station/service/service.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

/* No answer comes from the manager, and there is nothing to do about a failure. */

void service_ready(void)
{
    sd_notify(0, "READY=1");
}

void service_status(const char *fmt, ...)
{
    char text[256];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    sd_notifyf(0, "STATUS=%s", text);
}

void service_stopping(unsigned at_most_ms)
{
    sd_notifyf(0, "STOPPING=1\nEXTEND_TIMEOUT_USEC=%llu", (unsigned long long)at_most_ms * 1000);
}

/* sd_watchdog_enabled(3) advises half of the time after which the manager loses patience. */
unsigned service_alive_every_ms(void)
{
    uint64_t patience_us = 0;
    if (sd_watchdog_enabled(0, &patience_us) <= 0)
        return 0;
    const uint64_t half_ms = patience_us / 2000;
    return half_ms == 0 ? 1 : half_ms < UINT32_MAX ? (unsigned)half_ms : UINT32_MAX;
}

void service_alive(void)
{
    sd_notify(0, "WATCHDOG=1");
}

/* The variable is inherited by all that the service starts; it counts for the stream it names. */
bool service_has_journal(void)
{
    unsigned long long device, inode;
    const char *stream = getenv("JOURNAL_STREAM");
    struct stat st;
    return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
           fstat(STDERR_FILENO, &st) == 0 && st.st_dev == device && st.st_ino == inode;
}
