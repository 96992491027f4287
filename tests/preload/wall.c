/*
 * A wall clock that goes faster than time: a day with its midnight, its shifts and the night on
 * which the clocks change passes in minutes. Waits are counted on another clock
 * (core/base/clock.h), which stays as it is. Loaded with LD_PRELOAD in front of every program that
 * is to live in that day.
 *
 *   WALL   "UTC MONOTONIC SPEED": it was UTC (seconds since 1970) when the monotonic clock showed
 *          MONOTONIC (seconds), and goes SPEED times as fast since
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static double from_utc_s, from_mono_s, speed;

__attribute__((constructor)) static void begin(void)
{
    const char *text = getenv("WALL");
    if (!text || sscanf(text, "%lf %lf %lf", &from_utc_s, &from_mono_s, &speed) != 3)
        speed = 0;
}

static int real(clockid_t clock, struct timespec *t)
{
    return (int)syscall(SYS_clock_gettime, clock, t);
}

int clock_gettime(clockid_t clock, struct timespec *t)
{
    struct timespec mono;
    if (speed <= 0 || (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE))
        return real(clock, t);
    real(CLOCK_MONOTONIC, &mono);
    const double passed_s = (double)mono.tv_sec + (double)mono.tv_nsec / 1e9 - from_mono_s;
    const double utc_s = from_utc_s + passed_s * speed;
    t->tv_sec = (time_t)utc_s;
    t->tv_nsec = (long)((utc_s - (double)t->tv_sec) * 1e9);
    return 0;
}

int gettimeofday(struct timeval *restrict t, void *restrict zone)
{
    struct timespec now;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    *t = (struct timeval){ .tv_sec = now.tv_sec, .tv_usec = now.tv_nsec / 1000 };
    return 0;
}

time_t time(time_t *t)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (t)
        *t = now.tv_sec;
    return now.tv_sec;
}
