/* Runs a command and prints what it cost, as one JSON line on standard error. For the benchmark. */
#include <stdio.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double seconds(struct timeval t)
{
    return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    struct rusage used;
    int status;
    if (argc < 2) {
        fprintf(stderr, "usage: measure COMMAND ARG...\n");
        return 2;
    }
    double start_s = now_s();
    pid_t child = fork();
    if (child == 0) {
        execvp(argv[1], argv + 1);
        perror(argv[1]);
        _exit(127);
    }
    if (child < 0 || wait4(child, &status, 0, &used) < 0) {
        perror("measure");
        return 1;
    }
    fprintf(stderr,
            "{\"seconds\":%.3f,\"cpu_s\":%.3f,\"rss_kib\":%ld,\"switches\":%ld,\"status\":%d}\n",
            now_s() - start_s, seconds(used.ru_utime) + seconds(used.ru_stime), used.ru_maxrss,
            used.ru_nvcsw + used.ru_nivcsw, WIFEXITED(status) ? WEXITSTATUS(status) : 128);
    return 0;
}
