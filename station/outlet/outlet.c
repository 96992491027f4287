#include "station/outlet/outlet.h"

#include "station/outlet/outlet_watch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#define STACK_BYTES   ((size_t)512 << 10)
#define AGAIN_MS      1000
#define AGAIN_MOST_MS 60000

/* ---- Its life ---- */

bool outlet_begin(struct outlet *o, void (*work)(void *ctx), void *ctx, struct err *e)
{
    o->again_ms = AGAIN_MS / 2;
    o->stop_fd = eventfd(0, EFD_CLOEXEC);
    if (o->stop_fd < 0)
        return err_set(e, ERR_STATION, "No descriptors left for events over %s", o->name);
    return crew_open(&o->crew, STACK_BYTES, e) &&
           crew_start(&o->crew, &o->thread, o->suffix, work, ctx, e);
}

void outlet_end(struct outlet *o)
{
    if (o->stop_fd >= 0)
        eventfd_write(o->stop_fd, 1);
    crew_join(&o->thread);
    crew_close(&o->crew);
    outlet_queue_close(o->queue);
    if (o->stop_fd >= 0)
        close(o->stop_fd);
}

/* ---- On its thread ---- */

bool outlet_is_stopped(const struct outlet *o)
{
    struct pollfd fd = { o->stop_fd, POLLIN, 0 };
    return poll(&fd, 1, 0) != 0;
}

void outlet_rest(const struct outlet *o, int ms)
{
    struct pollfd fd = { o->stop_fd, POLLIN, 0 };
    poll(&fd, 1, ms);
}

bool outlet_open_queue(struct outlet *o, struct err *e)
{
    bool begins_anew = false;
    if (o->queue)
        return true;
    o->queue = outlet_queue_open(o->station, floor_db_path(o->floor), o->suffix, &begins_anew, e);
    if (o->queue && begins_anew)
        floor_note(o->floor, 0, 0,
                   "The record is not the one that events were last told of: they go on with what "
                   "comes from now on");
    return o->queue != NULL;
}

static void say(struct outlet *o, const char *kept, const char *sentence)
{
    if (strcmp(o->said, kept) == 0)
        return;
    snprintf(o->said, sizeof o->said, "%s", kept);
    floor_note(o->floor, 0, 0, sentence);
}

void outlet_say(struct outlet *o, const struct err *e)
{
    char sentence[OUTLET_SAID_BYTES];
    if (e->code == ERR_STOPPED)
        return;
    if (e->code == ERR_NONE) {
        snprintf(sentence, sizeof sentence, "Events go out over %s again", o->name);
        say(o, "", sentence);
        return;
    }
    snprintf(sentence, sizeof sentence, "No events go out over %s; they wait in the record. %.200s",
             o->name, e->what);
    say(o, sentence, sentence);
}

int outlet_backoff(struct outlet *o)
{
    o->again_ms = o->again_ms * 2 < AGAIN_MOST_MS ? o->again_ms * 2 : AGAIN_MOST_MS;
    return o->again_ms;
}

void outlet_went_well(struct outlet *o)
{
    const struct err well = { 0 };
    o->again_ms = AGAIN_MS / 2;
    outlet_say(o, &well);
}

/* ---- Secrets ---- */

static bool fail_secret(const char *path, const char *what, struct err *e)
{
    err_set(e, ERR_USAGE, "%.160s %s", path, what);
    return err_hint(e, "It holds one line, the secret, and belongs to its user alone: chmod 600.");
}

static bool read_line(int fd, const char *path, char *secret, size_t cap, struct err *e)
{
    struct stat st;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        return fail_secret(path, "is no file", e);
    if ((st.st_mode & 077) != 0)
        return fail_secret(path, "may be read by others", e);
    const ssize_t n = read(fd, secret, cap);
    if (n < 0 || (size_t)n >= cap)
        return fail_secret(path, n < 0 ? "cannot be read" : "holds too much", e);
    secret[n] = '\0';
    if (strlen(secret) != (size_t)n)
        return fail_secret(path, "is no text", e);
    secret[strcspn(secret, "\r\n")] = '\0';
    return secret[0] != '\0' || fail_secret(path, "is empty", e);
}

bool outlet_read_secret(const char *path, char *secret, size_t cap, struct err *e)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        err_set_sys(e, ERR_USAGE, errno, "%.160s cannot be read", path);
        return err_hint(e, "Make it, or ask as the user that the station runs as.");
    }
    const bool ok = read_line(fd, path, secret, cap, e);
    close(fd);
    return ok;
}

static bool is_secret(const char *path, const char *key, struct err *e)
{
    char secret[OUTLET_SECRET_CAP];
    const bool ok = !path || outlet_read_secret(path, secret, sizeof secret, e);
    explicit_bzero(secret, sizeof secret);
    return ok || err_wrap(e, "%s", key);
}

static bool is_readable(const char *path, const char *key, struct err *e)
{
    if (!path || access(path, R_OK) == 0)
        return true;
    err_set_sys(e, ERR_USAGE, errno, "%s: %.160s cannot be read", key, path);
    return err_hint(e, "It is the certificate, in PEM, of who signs that of the server.");
}

bool outlet_judge(const struct station *station, struct err *e)
{
    return is_secret(station->mqtt.password_path, "mqtt.password_file", e) &&
           is_readable(station->mqtt.ca_path, "mqtt.ca", e) &&
           is_secret(station->webhook.key_path, "webhook.key_file", e) &&
           is_readable(station->webhook.ca_path, "webhook.ca", e);
}
