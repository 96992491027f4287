/*
 * The one place where another program is started: a browser, to print a page that it gets as a
 * file.
 *
 * Drawing a PDF by ourselves would show the report a second time, by other rules, and drift from
 * the page. What makes the start harmless, and tools/check.sh keeps to this one file: the program
 * is one of a fixed list of absolute paths, never found through PATH; there is no shell; arguments
 * and environment are fixed but for the names in a fresh folder of our own under /tmp, so nothing
 * from the record, the command line or the environment reaches them; the browser has a process
 * group of its own that is killed at the deadline; the page itself carries a policy under which it
 * runs no script and asks nobody for anything.
 */
#include "station/report/report_pdf.h"

#include "core/base/clock.h"
#include "station/base/hold.h"
#include "station/base/outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    FOLDER_CAP = 48,
    ARGUMENT_CAP = 128,
    PRINT_MS = 1800000, /* ten thousand boards took four minutes on a machine with much to do */
    LOOK_US = 20000,
    COPY_BYTES = 65536,
};

static const char *const browsers[] = {
    "/usr/bin/chromium",
    "/usr/bin/chromium-browser",
    "/usr/bin/google-chrome-stable",
    "/usr/bin/google-chrome",
};

static const char *find_browser(void)
{
    for (size_t i = 0; i < sizeof browsers / sizeof browsers[0]; i++) {
        if (access(browsers[i], X_OK) == 0)
            return browsers[i];
    }
    return NULL;
}

bool report_pdf_possible(struct err *e)
{
    if (find_browser())
        return true;
    err_set(e, ERR_STATION, "A PDF needs a browser to print it, and there is none in /usr/bin");
    return err_hint(e, "Install one (apt-get install chromium), or leave --pdf out and print the "
                       "page from any browser.");
}

/* ---- Our own folder ---- */

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st;
    (void)kind;
    (void)at;
    return remove(path) == 0 ? 0 : 1;
}

static void remove_folder(const char *folder)
{
    nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static bool fail_sys(const char *what, struct err *e)
{
    err_set_sys(e, ERR_STATION, errno, "%s", what);
    return err_hint(e, "Look at the space in /tmp, or print the page from any browser.");
}

/* Copies bytes until the end of `from`. */
static bool copy_all(int from, int to, struct err *e)
{
    char bytes[COPY_BYTES];
    ssize_t n;
    while ((n = read(from, bytes, sizeof bytes)) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 || !outfile_write_all(to, bytes, (size_t)n))
            return fail_sys("The page could not be copied for the browser", e);
    }
    return true;
}

static bool copy_page(const char *html_path, const char *folder, struct err *e)
{
    char path[ARGUMENT_CAP];
    snprintf(path, sizeof path, "%s/report.html", folder);
    const int from = open(html_path, O_RDONLY | O_CLOEXEC);
    const int to = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    const bool ok = from >= 0 && to >= 0
                        ? copy_all(from, to, e)
                        : fail_sys("The page could not be copied for the browser", e);
    if (from >= 0)
        close(from);
    if (to >= 0)
        close(to);
    return ok;
}

/* ---- The browser ---- */

/* It starts with no input, no screen, no signal held back, and in a process group of its own. */
static int start(const char *browser, char *const argv[], char *const envp[], pid_t *pid)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t how;
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
    posix_spawnattr_init(&how);
    posix_spawnattr_setsigmask(&how, &none);
    posix_spawnattr_setsigdefault(&how, &all);
    posix_spawnattr_setpgroup(&how, 0);
    posix_spawnattr_setflags(&how, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                                       POSIX_SPAWN_SETPGROUP);
    const int rc = posix_spawn(pid, browser, &files, &how, argv, envp);
    posix_spawnattr_destroy(&how);
    posix_spawn_file_actions_destroy(&files);
    return rc;
}

/* Waits for its end; kills it, with all it has started, at the deadline or when we are to stop. */
static bool wait_for(pid_t pid, int *status, struct err *e)
{
    const struct clock *clock = &clock_system;
    const struct deadline deadline = deadline_in_ms(clock, PRINT_MS);
    pid_t done;
    while ((done = waitpid(pid, status, WNOHANG)) == 0 || (done < 0 && errno == EINTR)) {
        const bool stopped = hold_has_any();
        if (!stopped && !deadline_over(clock, deadline)) {
            clock->sleep_until(clock, clock->now_us(clock) + LOOK_US, -1);
            continue;
        }
        kill(-pid, SIGKILL);
        while (waitpid(pid, status, 0) < 0 && errno == EINTR) {
        }
        if (stopped)
            return err_set(e, ERR_STOPPED, "Printing was stopped; no PDF was written");
        return err_set(e, ERR_STATION, "The browser was not done printing after %d minutes",
                       PRINT_MS / 60000);
    }
    return true;
}

static bool run_browser(const char *browser, const char *folder, struct err *e)
{
    char profile[ARGUMENT_CAP], pdf[ARGUMENT_CAP], page[ARGUMENT_CAP], home[ARGUMENT_CAP];
    char name[ARGUMENT_CAP], headless[] = "--headless", gpu[] = "--disable-gpu";
    char bare[] = "--no-pdf-header-footer", first[] = "--no-first-run";
    char shm[] = "--disable-dev-shm-usage";
    /* Its sandbox cannot be had as root; the page runs no script and loads nothing. */
    char open_sandbox[] = "--no-sandbox";
    char path[] = "PATH=/usr/bin:/bin", lang[] = "LANG=C.UTF-8";
    snprintf(name, sizeof name, "%s", browser);
    snprintf(profile, sizeof profile, "--user-data-dir=%s/profile", folder);
    snprintf(pdf, sizeof pdf, "--print-to-pdf=%s/report.pdf", folder);
    snprintf(page, sizeof page, "file://%s/report.html", folder);
    snprintf(home, sizeof home, "HOME=%s", folder);
    char *const envp[] = { path, lang, home, NULL };
    char *const argv[] = { name, headless, gpu, bare, first,
                           shm,  profile,  pdf, page, geteuid() == 0 ? open_sandbox : NULL,
                           NULL };
    pid_t pid;
    int status = 0;
    const int rc = start(browser, argv, envp, &pid);
    if (rc != 0)
        return err_set_sys(e, ERR_STATION, rc, "%s could not be started", browser);
    if (!wait_for(pid, &status, e))
        return false;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return true;
    err_set(e, ERR_STATION, "%s could not print the page", browser);
    return err_hint(e, "Open the page in a browser and print it there.");
}

/* ---- What it printed ---- */

/* A PDF begins and ends with words of its own. */
static bool is_whole(int fd)
{
    char head[5], tail[32];
    const off_t size = lseek(fd, 0, SEEK_END);
    if (size < (off_t)sizeof tail || pread(fd, head, sizeof head, 0) != (ssize_t)sizeof head ||
        pread(fd, tail, sizeof tail, size - (off_t)sizeof tail) != (ssize_t)sizeof tail)
        return false;
    return memcmp(head, "%PDF-", 5) == 0 && memmem(tail, sizeof tail, "%%EOF", 5) != NULL &&
           lseek(fd, 0, SEEK_SET) == 0;
}

static bool keep_pdf(const char *folder, const char *pdf_path, struct err *e)
{
    char path[ARGUMENT_CAP];
    struct outfile file = OUTFILE_CLOSED;
    snprintf(path, sizeof path, "%s/report.pdf", folder);
    const int from = open(path, O_RDONLY | O_CLOEXEC);
    if (from < 0 || !is_whole(from)) {
        if (from >= 0)
            close(from);
        err_set(e, ERR_STATION, "The browser said that it was done, and there is no whole PDF");
        return err_hint(e, "A browser in a container of its own (snap) cannot see /tmp: install "
                           "another, or print the page by hand.");
    }
    const bool ok =
        outfile_open(&file, pdf_path, e) && copy_all(from, file.fd, e) && outfile_keep(&file, e);
    outfile_drop(&file);
    close(from);
    return ok;
}

bool report_pdf(const char *html_path, const char *pdf_path, struct err *e)
{
    char folder[FOLDER_CAP] = "/tmp/espstation-report-XXXXXX";
    const char *browser = find_browser();
    if (!browser)
        return report_pdf_possible(e);
    if (!mkdtemp(folder))
        return fail_sys("No folder for the browser could be made in /tmp", e);
    const bool ok = copy_page(html_path, folder, e) && run_browser(browser, folder, e) &&
                    keep_pdf(folder, pdf_path, e);
    remove_folder(folder);
    return ok;
}
