/* espstation scan: what the scanners of the station file read, to set them up. */
#include "station/cli/option_rows.h"

#include "core/base/plain.h"
#include "station/base/json.h"
#include "station/base/stop_source.h"
#include "station/cli/station_find.h"
#include "station/scan/scan_desk.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct scan_show {
    bool json;
};

/* Here nobody waits for a code. */
static bool deliver(void *ctx, int slot, const char *code, struct err *e)
{
    (void)ctx;
    (void)slot;
    (void)code;
    (void)e;
    return true;
}

static const char *said_word(enum scan_said said)
{
    static const char *const words[] = { [SCAN_TAKEN] = "code",
                                         [SCAN_BOUNCED] = "again",
                                         [SCAN_SLOT] = "slot",
                                         [SCAN_REFUSED] = "refused" };
    return words[said];
}

static void print_json(const struct station_scanner *scanner, enum scan_said said, int slot,
                       const char *code, const struct err *why)
{
    struct json_object o;
    json_begin(&o, stdout);
    json_text(&o, "scanner", scanner->name);
    json_text(&o, "said", said_word(said));
    json_text(&o, "code", code[0] ? code : NULL);
    json_integer(&o, "slot", slot);
    json_text(&o, "why", why ? why->what : NULL);
    json_end(&o);
}

static void print_line(const struct station_scanner *scanner, enum scan_said said, int slot,
                       const char *code, const struct err *why)
{
    char shown[SCAN_CODE_BYTES];
    if (why) {
        cmd_tell("refused: %s%s %s", why->what, err_stop(why->what), why->hint);
        return;
    }
    snprintf(shown, sizeof shown, "%s", code);
    for (char *c = shown; *c; c++)
        *c = *c == '\x1d' ? '|' : *c;
    cmd_tell("%s: %s '%s', %zu characters%s%s", scanner->name, said_word(said), shown, strlen(code),
             strchr(code, '\x1d') ? ", | is GS" : "", slot > 0 ? ", for a slot" : "");
}

static void tell(void *ctx, const struct station_scanner *scanner, enum scan_said said, int slot,
                 const char *code, const struct err *why)
{
    const struct scan_show *const show = ctx;
    (show->json ? print_json : print_line)(scanner, said, slot, code, why);
    fflush(stdout);
}

/* Until Ctrl-C, or the end of standard input where that is the only scanner. */
static void await_end(const struct scan_desk *desk, struct stop_source *stop)
{
    struct pollfd fds[STOP_FDS + 1] = { [STOP_FDS] = { scan_desk_done_fd(desk), POLLIN, 0 } };
    do {
        stop_source_wait(stop, fds);
        if (poll(fds, STOP_FDS + 1, -1) < 0 && errno != EINTR)
            return;
    } while (stop_source_take(stop, fds) == STOP_NONE && !fds[STOP_FDS].revents);
}

static bool show_scans(const struct station *station, bool json, struct err *e)
{
    struct scan_show show = { .json = json };
    struct stop_source stop = STOP_SOURCE_CLOSED;
    const struct scan_desk_setup setup = {
        .station = station, .clock = &clock_system, .deliver = deliver, .tell = tell, .ctx = &show
    };
    struct scan_desk *desk = NULL;
    if (stop_source_open(&stop, e) && (desk = scan_desk_new(&setup, e)) != NULL) {
        if (!json)
            cmd_tell("Scan something. Ctrl-C ends.");
        fflush(stdout);
        await_end(desk, &stop);
    }
    scan_desk_free(desk);
    stop_source_close(&stop);
    return desk != NULL;
}

static bool load(const char *path, struct station **station, struct err *e)
{
    if (!station_find_load(path, station, e))
        return false;
    if (*station && (*station)->scanner_count > 0)
        return true;
    err_set(e, ERR_USAGE, "No scanner is named in the station file");
    return err_hint(e, "Write one into it, as in scanners: [{ name: gun, from: "
                       "\"keyboard:/dev/input/by-id/...\" }]; see: espstation station --help");
}

static enum exit_status scan(int argc, char **argv)
{
    const char *station_path = NULL;
    bool json = false;
    const struct option_row rows[] = { OPTION_STATION(&station_path), OPTION_JSON(&json) };
    enum exit_status status;
    struct err e = { 0 };
    struct station *station = NULL;
    size_t count;
    if (!cmd_parse(&cmd_scan, rows, sizeof rows / sizeof rows[0], argc, argv, NULL, 0, &count,
                   &status))
        return status;
    if (!load(station_path, &station, &e) || !show_scans(station, json, &e))
        cmd_print_err(&e);
    station_free(station);
    return cmd_status_of(&e);
}

const struct cmd cmd_scan = { "scan", "[options]", "Shows what the scanners of the station read.",
                              scan };
