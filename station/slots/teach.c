#include "station/slots/teach.h"

#include "core/base/plain.h"
#include "core/ports/usb_socket.h"
#include "station/base/outfile.h"
#include "station/base/stop_source.h"
#include "station/cli/station_find.h"
#include "station/slots/learn.h"
#include "station/slots/slot_choice.h"
#include "station/slots/station_text.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOOK_MS     250
#define CONSOLE_BPS 115200u /* of every ROM's boot log, but that of the ESP8266 */
#define DRAIN_MS    2u
#define SETTLE_MS   1500 /* opening may reset boards: so long what they say tells nothing */
#define LISTEN_MS   2000 /* who speaks by himself then is chatty */

struct teacher {
    const struct teach_order *order;
    char path[4096]; /* of the station file; links followed */
    struct station *station;
    const char *names[STATION_SLOTS_MAX];
    char own_names[STATION_SLOTS_MAX][32]; /* those of the file, which is read anew */
    size_t name_count;
    struct learn learn;
    struct usb_ports *usb;                /* as of the last look */
    struct port *open[LEARN_SOCKETS_MAX]; /* by speech: in the order of `usb`, which stays then */
    struct stop_source stop;
    bool has_stdin, stopped;
    uint64_t last_us; /* when something came */
};

/* ---- The file ---- */

static bool find_file(struct teacher *t, struct err *e)
{
    char *real;
    if (!station_find(t->order->station_path, t->path, sizeof t->path, e))
        return false;
    if (t->path[0] == '\0')
        snprintf(t->path, sizeof t->path, "station.yaml");
    real = realpath(t->path, NULL); /* the file behind a link is changed, and the link stays */
    if (real && strlen(real) < sizeof t->path)
        snprintf(t->path, sizeof t->path, "%s", real);
    free(real);
    if (access(t->path, F_OK) != 0 && errno == ENOENT)
        return true;
    return station_find_load(t->path, &t->station, e);
}

static char *read_text(const char *path, size_t *n, struct err *e)
{
    char *text = malloc(DOC_TEXT_MAX_BYTES);
    FILE *f = text ? fopen(path, "re") : NULL;
    if (!f) {
        free(text);
        err_set_sys(e, ERR_STATION, errno, "'%.100s' cannot be read", path);
        return NULL;
    }
    *n = fread(text, 1, DOC_TEXT_MAX_BYTES, f);
    fclose(f);
    return text;
}

static bool write_text(const char *path, const char *text, struct err *e)
{
    struct outfile file = OUTFILE_CLOSED;
    struct stat st;
    const bool was_there = stat(path, &st) == 0;
    if (!outfile_open(&file, path, e))
        return false;
    /* Who could read it before can read it still. */
    if (was_there && fchmod(file.fd, st.st_mode & 07777) != 0) {
        err_set_sys(e, ERR_STATION, errno, "'%.100s' cannot be written with its old rights", path);
        outfile_drop(&file);
        return false;
    }
    if (outfile_write(&file, text, strlen(text), e))
        return outfile_keep(&file, e);
    outfile_drop(&file);
    return false;
}

static void host_name(char *name, size_t cap)
{
    if (gethostname(name, cap) != 0 || name[0] == '\0')
        snprintf(name, cap, "station");
    name[cap - 1] = '\0';
    plain_make(name);
}

/* Reads it once more first: a person may have changed it meanwhile. */
static bool enter(struct teacher *t, const char *name, const char *socket, struct err *e)
{
    char host[65];
    size_t n = 0;
    char *text = NULL, *changed = NULL;
    bool ok = false;
    host_name(host, sizeof host);
    station_free(t->station);
    t->station = NULL;
    t->learn.station = NULL;
    const bool is_there = access(t->path, F_OK) == 0;
    if (is_there &&
        (!(text = read_text(t->path, &n, e)) || !station_find_load(t->path, &t->station, e)))
        goto out;
    changed = station_text_set(t->station, text, n, host, name, socket, e);
    if (!changed || !write_text(t->path, changed, e))
        goto out;
    station_free(t->station);
    ok = station_find_load(t->path, &t->station, e);
    t->learn.station = t->station;
out:
    free(changed);
    free(text);
    return ok;
}

/* ---- Which names ---- */

static bool check_name(const struct teacher *t, size_t i, struct err *e)
{
    const char *name = t->names[i];
    const int index = t->station ? station_slot_index(t->station, name) : -1;
    if (!station_is_name(name)) {
        err_set(e, ERR_USAGE, "'%.60s' is no name for a slot", name);
        return err_hint(e, "A name has 1 to 16 letters, digits, - and _, as in A1.");
    }
    for (size_t k = 0; k < i; k++) {
        if (strcasecmp(t->names[k], name) == 0)
            return err_set(e, ERR_USAGE, "The slot '%s' is named twice", name);
    }
    if (index < 0 && t->station && t->station->row_count > 0) {
        err_set(e, ERR_USAGE, "'%.120s' has a grid, and no slot '%s'", t->path, name);
        return err_hint(e,
                        "Put - { name: %s } behind its slots and %s into its grid, then learn it.",
                        name, name);
    }
    if (index >= 0 && t->station->slots[index].port)
        return err_set(e, ERR_USAGE, "Slot '%s' has a port in '%.120s'; nothing is to be learned",
                       name, t->path);
    return true;
}

static bool choose_names(struct teacher *t, struct err *e)
{
    for (size_t i = 0; i < t->order->name_count && i < STATION_SLOTS_MAX; i++)
        t->names[t->name_count++] = t->order->names[i];
    for (size_t i = 0; t->order->name_count == 0 && t->station && i < t->station->slot_count; i++) {
        const struct station_slot *slot = &t->station->slots[i];
        if (slot->usb || slot->port)
            continue;
        snprintf(t->own_names[i], sizeof t->own_names[i], "%s", slot->name);
        t->names[t->name_count++] = t->own_names[i];
    }
    for (size_t i = 0; i < t->name_count; i++) {
        if (!check_name(t, i, e))
            return false;
    }
    if (t->name_count > 0)
        return true;
    err_set(e, ERR_USAGE,
            t->station ? "Every slot of the station file is learned already"
                       : "Which slots are to be learned?");
    return err_hint(e, "Name them, as they are printed on the fixture: espstation slots learn A1 "
                       "A2");
}

/* ---- Looking ---- */

static bool list_ports(struct teacher *t, struct err *e)
{
    usb_ports_free(t->usb);
    t->usb = usb_ports_new(slot_choice_root(), e);
    return t->usb != NULL;
}

/* A scanner is no adapter of a slot, and is never opened. */
static bool is_scanner(const struct teacher *t, const struct usb_port *port)
{
    return t->station && station_scanner_at(t->station, port->path);
}

/* A port that cannot be opened is somebody else's, and says nothing here. */
static bool open_ports(struct teacher *t, struct err *e)
{
    if (!list_ports(t, e))
        return false;
    size_t opened = 0;
    for (size_t i = 0; i < usb_ports_count(t->usb) && i < LEARN_SOCKETS_MAX; i++) {
        struct err why = { 0 };
        if (is_scanner(t, usb_ports_at(t->usb, i)))
            continue;
        t->open[i] = port_new(usb_ports_at(t->usb, i)->path, CONSOLE_BPS, &clock_system, -1,
                              deadline_in_ms(&clock_system, PORT_OPEN_MS), &why);
        if (!t->open[i])
            fprintf(stderr, "espstation: not listened to: %s%s\n", why.what, err_stop(why.what));
        opened += t->open[i] != NULL;
    }
    if (opened > 0)
        return true;
    err_set(e, ERR_USAGE, "There is no adapter to listen to");
    return err_hint(e, "Plug all of them in; or do without --speak, and plug in one by one.");
}

/* What the ROMs say after EN was pulled, by a key or by power. A board without firmware starts
 * again and again, but by its watchdog, and says another number. */
static bool is_start(const char *bytes, size_t n)
{
    static const char word[] = "rst:0x1 (";
    return memmem(bytes, n, word, strlen(word)) != NULL;
}

static void hear(struct port **port, struct learn_sight *sight)
{
    char bytes[2048];
    size_t n = 0;
    struct err end = { 0 };
    while (*port && n < sizeof bytes && end.code == ERR_NONE)
        n += port_read(*port, bytes + n, sizeof bytes - n, deadline_in_ms(&clock_system, DRAIN_MS),
                       &end);
    if (end.code != ERR_NONE && end.code != ERR_TIMEOUT) {
        port_free(*port);
        *port = NULL;
    }
    sight->speaks = n >= 4; /* less is what a plug makes of a wire */
    sight->starts = is_start(bytes, n);
}

static bool look(struct teacher *t, struct learn_event *event, struct err *e)
{
    static struct learn_sight sights[LEARN_SOCKETS_MAX];
    if (!t->order->by_speech && !list_ports(t, e))
        return false;
    size_t count = 0;
    for (size_t i = 0; i < usb_ports_count(t->usb) && i < LEARN_SOCKETS_MAX; i++) {
        const struct usb_port *port = usb_ports_at(t->usb, i);
        if (is_scanner(t, port))
            continue;
        sights[count] =
            (struct learn_sight){ .socket = port->socket, .device_number = port->device_number };
        if (t->order->by_speech)
            hear(&t->open[i], &sights[count]);
        count++;
    }
    *event = learn_look(&t->learn, sights, count);
    return true;
}

/* False: a stop was asked for. */
static bool sleep_ms(struct teacher *t, int ms)
{
    struct pollfd fds[STOP_FDS];
    stop_source_wait(&t->stop, fds);
    if (poll(fds, STOP_FDS, ms) > 0)
        t->stopped = stop_source_take(&t->stop, fds) != STOP_NONE;
    return !t->stopped;
}

static bool look_first(struct teacher *t, struct err *e)
{
    struct learn_sight ignored;
    struct learn_event nothing;
    if (t->order->by_speech) {
        if (!open_ports(t, e))
            return false;
        if (!sleep_ms(t, SETTLE_MS))
            return true;
        for (size_t i = 0; i < LEARN_SOCKETS_MAX; i++)
            hear(&t->open[i], &ignored);
        if (!sleep_ms(t, LISTEN_MS))
            return true;
    }
    return look(t, &nothing, e);
}

/* ---- Speaking with the person ---- */

static void ask(const struct teacher *t)
{
    const char *name = learn_asks(&t->learn);
    if (name)
        cmd_tell("%s: %s", name,
                 t->order->by_speech ? "press the reset key of its board."
                                     : "plug its adapter in (or pull it and put it back).");
    fflush(stdout);
}

static bool tell(struct teacher *t, const struct learn_event *event, struct err *e)
{
    const struct usb_port *port = event->socket ? usb_ports_in(t->usb, event->socket) : NULL;
    switch (event->step) {
    case LEARN_WAIT:
        return true;
    case LEARN_TOOK:
        if (!enter(t, event->name, event->socket, e))
            return false;
        cmd_tell("%s is %s, %s", event->name, event->socket, port ? port->path : "gone again");
        break;
    case LEARN_SEVERAL:
        cmd_tell(t->order->by_speech ? "%zu boards spoke at once. Press one key at a time."
                                     : "%zu ports came at once. Plug in one adapter at a time; of "
                                       "an adapter with several ports: --speak.",
                 event->count);
        break;
    case LEARN_OTHER:
        cmd_tell("That is slot %s already.", event->name);
        break;
    }
    t->last_us = clock_system.now_us(&clock_system);
    ask(t);
    return true;
}

/* An empty line skips; the end of the input says only that nobody types there. */
static void take_line(struct teacher *t)
{
    char line[256];
    const ssize_t n = read(STDIN_FILENO, line, sizeof line);
    if (n <= 0) {
        t->has_stdin = n < 0 && errno == EINTR;
        return;
    }
    if (learn_asks(&t->learn))
        cmd_tell("%s is skipped.", learn_asks(&t->learn));
    learn_skip(&t->learn);
    t->last_us = clock_system.now_us(&clock_system);
    ask(t);
}

static bool is_over(const struct teacher *t)
{
    const uint64_t passed_us = clock_system.now_us(&clock_system) - t->last_us;
    return t->stopped || !learn_asks(&t->learn) ||
           (t->order->wait_ms > 0 && passed_us / 1000 >= t->order->wait_ms);
}

static bool go_on(struct teacher *t, struct err *e)
{
    struct pollfd fds[STOP_FDS + 1] = { [STOP_FDS] = { t->has_stdin ? STDIN_FILENO : -1, POLLIN,
                                                       0 } };
    struct learn_event event;
    stop_source_wait(&t->stop, fds);
    if (poll(fds, STOP_FDS + 1, LOOK_MS) < 0 && errno != EINTR)
        return err_set_sys(e, ERR_STATION, errno, "Waiting failed");
    t->stopped = stop_source_take(&t->stop, fds) != STOP_NONE;
    if (t->stopped)
        return true;
    if (fds[STOP_FDS].revents)
        take_line(t);
    return look(t, &event, e) && tell(t, &event, e);
}

static bool teach_all(struct teacher *t, struct err *e)
{
    if (!find_file(t, e) || !choose_names(t, e) || !stop_source_open(&t->stop, e))
        return false;
    learn_init(&t->learn, t->station, t->names, t->name_count, t->order->by_speech);
    if (!look_first(t, e))
        return false;
    cmd_tell("Into %s. Enter skips a slot, Ctrl-C ends; what is learned until then stays.",
             t->path);
    t->last_us = clock_system.now_us(&clock_system);
    ask(t);
    while (!is_over(t)) {
        if (!go_on(t, e))
            return false;
    }
    return true;
}

enum exit_status teach(const struct teach_order *order)
{
    struct err e = { 0 };
    enum exit_status status = EXIT_STATION;
    struct teacher *t = calloc(1, sizeof *t);
    if (!t) {
        err_set(&e, ERR_STATION, "Out of memory");
        cmd_print_err(&e);
        return status;
    }
    t->order = order;
    t->stop = (struct stop_source)STOP_SOURCE_CLOSED;
    t->has_stdin = true;
    if (teach_all(t, &e)) {
        const char *asked = learn_asks(&t->learn);
        status = asked ? EXIT_BOARD : EXIT_PASSED;
        if (asked)
            cmd_tell("Ended before %s. To go on: espstation slots learn %s ...", asked, asked);
        else
            cmd_tell("To see the slots: espstation slots show");
    } else {
        cmd_print_err(&e);
        status = cmd_status_of(&e);
    }
    for (size_t i = 0; i < LEARN_SOCKETS_MAX; i++)
        port_free(t->open[i]);
    stop_source_close(&t->stop);
    usb_ports_free(t->usb);
    station_free(t->station);
    free(t);
    return status;
}
