/* espstation line: a station that runs all day. */
#include "station/cli/option_rows.h"

#include "station/attempt/job.h"
#include "station/cli/person.h"
#include "station/cli/station_find.h"
#include "station/commands/watchers.h"
#include "station/line/record.h"
#include "station/peer/peer.h"
#include "station/people/people.h"
#include "station/screen/floor_screen.h"
#include "station/service/service.h"
#include "station/slots/slot_choice.h"
#include "station/terminal/terminal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct line_options {
    const char *recipe_path, *station_path, *lot, *operator_name, *db_path, *stub_folder;
    struct actor engineer; /* who allows burns */
    bool json, plain, new_lot, attach, burn;
};

/* All that lives during the command. */
struct line_state {
    const struct line_options *options;
    struct station *station;
    struct job *job;
    struct stop_source stop;
    struct people *people; /* NULL: nobody has to log in */
    struct floor *floor;
    struct event_reader *reader;
    void *watching[WATCHERS_MAX];
    size_t watcher_count; /* started */
};

static bool load_station(struct line_state *s, struct err *e)
{
    if (!station_find_load(s->options->station_path, &s->station, e))
        return false;
    if (s->station)
        return true;
    err_set(e, ERR_USAGE, "A station that runs all day needs a station file, and there is none");
    return err_hint(e, "To make one: espstation slots learn A1 A2 ...; what stands in it: "
                       "espstation station --help");
}

static bool load_people(struct line_state *s, struct err *e)
{
    if (!s->station->people_path)
        return true;
    s->people = people_load(s->station->people_path, &clock_system, e);
    return s->people != NULL;
}

static bool load_recipe(struct line_state *s, struct err *e)
{
    if (!s->options->recipe_path)
        return true;
    s->job = cmd_load_signed_job(s->options->recipe_path, s->options->stub_folder,
                                 s->options->station_path, e);
    return s->job != NULL;
}

static bool open_floor(struct line_state *s, struct err *e)
{
    int interrupted = 0;
    const struct line_options *o = s->options;
    const struct floor_setup setup = { .station = s->station,
                                       .people = s->people,
                                       .root = slot_choice_root(),
                                       .db_path = o->db_path,
                                       .stub_folder = o->stub_folder,
                                       .job = s->job,
                                       .lot = o->lot,
                                       .new_lot = o->new_lot,
                                       .operator_name = o->operator_name,
                                       .clock = &clock_system };
    s->floor = floor_new(&setup, &interrupted, e);
    if (interrupted > 0)
        fprintf(stderr,
                "espstation: a station was killed here before; its open runs (%d) are "
                "marked INTERRUPTED.\n",
                interrupted);
    return s->floor != NULL;
}

static bool start_watchers(struct line_state *s, struct err *e)
{
    for (; watchers[s->watcher_count]; s->watcher_count++) {
        const struct watcher *w = watchers[s->watcher_count];
        if (!w->start(s->floor, s->station, &s->watching[s->watcher_count], e))
            return err_wrap(e, "%s", w->name);
    }
    return true;
}

/* As somebody at the screen would. */
static bool allow_burns(struct line_state *s, struct err *e)
{
    const struct act act = { .kind = ACT_BURN,
                             .actor = s->options->engineer,
                             .reason = "line --burn" };
    return !s->options->burn || floor_act(s->floor, &act, e);
}

static bool set_up(struct line_state *s, struct err *e)
{
    if (!load_station(s, e) || !load_people(s, e) || !load_recipe(s, e) ||
        !stop_source_open(&s->stop, e) || !open_floor(s, e))
        return false;
    s->reader = floor_watch(s->floor, 0, e);
    return s->reader && allow_burns(s, e) && start_watchers(s, e);
}

static void tear_down(struct line_state *s)
{
    while (s->watcher_count-- > 0) {
        if (s->watching[s->watcher_count])
            watchers[s->watcher_count]->end(s->watching[s->watcher_count]);
    }
    event_reader_free(s->reader);
    floor_free(s->floor);
    people_free(s->people);
    job_free(s->job);
    station_free(s->station);
    stop_source_close(&s->stop);
}

static const struct floor_screen *choose_screen(const struct line_options *o)
{
    if (o->json)
        return &floor_screen_json;
    if (service_has_journal())
        return &floor_screen_journal;
    return o->plain || !terminal_is_fit() ? &floor_screen_lines : &floor_screen_terminal;
}

static bool attend(struct line_state *s, struct err *e)
{
    const struct floor_screen *screen = choose_screen(s->options);
    struct floor_show show = { s->floor, s->options->db_path, s->people, NULL };
    bool ok = screen->start(&show, e) && floor_begin(s->floor, e);
    if (ok)
        attend_floor(screen, &show, s->reader, &s->stop);
    screen->finish(&show);
    return ok;
}

/* ---- A line that runs already ---- */

static void look_at_peer(void *ctx, struct scene *scene)
{
    peer_look(ctx, scene);
}

static bool act_on_peer(void *ctx, const struct act *act, struct err *e)
{
    return peer_act(ctx, act, e);
}

static bool log_in_at_peer(void *ctx, const char *name, const char *secret, struct err *e)
{
    return peer_log_in(ctx, name, secret, e);
}

/* Until the person leaves, or the terminal does. */
static bool show_peer(struct peer *peer, const struct stop_source *stop, struct err *e)
{
    const struct scene_source source = { peer, look_at_peer, act_on_peer, log_in_at_peer };
    struct pollfd fds[STOP_FDS + 1];
    struct terminal *terminal = terminal_open(&source, true, e);
    if (!terminal)
        return false;
    do {
        stop_source_wait(stop, fds);
        fds[STOP_FDS] = (struct pollfd){ terminal_left_fd(terminal), POLLIN, 0 };
    } while (poll(fds, STOP_FDS + 1, -1) < 0 && errno == EINTR);
    terminal_close(terminal);
    return true;
}

static bool attach(struct line_state *s, struct err *e)
{
    const struct line_options *o = s->options;
    if (o->recipe_path || o->lot || o->operator_name)
        return err_set(e, ERR_USAGE,
                       "--attach looks at a line that runs; its recipe, lot and "
                       "operator are what they are");
    if (!o->json && !terminal_is_fit()) {
        err_set(e, ERR_USAGE, "--attach draws in a terminal, and this is none");
        return err_hint(e, "For programs: espstation line --attach --json");
    }
    if (!load_station(s, e) || !stop_source_open(&s->stop, e))
        return false;
    struct peer *peer = peer_connect(s->station->name, e);
    const bool ok =
        peer && (o->json ? peer_copy(peer, s->stop.signal_fd, e) : show_peer(peer, &s->stop, e));
    peer_close(peer);
    return ok;
}

static enum exit_status line(int argc, char **argv)
{
    struct line_options o = { .db_path = DEFAULT_DB };
    const struct option_row rows[] = {
        OPTION_STATION(&o.station_path),
        { "--lot", "NAME", "the batch these boards belong to", NULL, &o.lot, NULL },
        { "--operator", "NAME", "who does it, for the record", NULL, &o.operator_name, NULL },
        OPTION_NEW_LOT(&o.new_lot),
        OPTION_DB(&o.db_path),
        OPTION_STUBS(&o.stub_folder),
        { "--burn", NULL,
          "burn the fuses of the recipe's section 'security', for ever; needs an engineer", &o.burn,
          NULL, NULL },
        { "--attach", NULL, "show the line that runs already, and act on it", &o.attach, NULL,
          NULL },
        OPTION_JSON(&o.json),
        OPTION_PLAIN(&o.plain),
    };
    enum exit_status status;
    size_t count;
    if (!cmd_parse(&cmd_line, rows, sizeof rows / sizeof rows[0], argc, argv, &o.recipe_path, 1,
                   &count, &status))
        return status;
    struct err e = { 0 };
    if (o.burn && !o.attach &&
        !person_is_engineer(o.station_path, o.operator_name, "burn fuses", &o.engineer, &e)) {
        cmd_print_err(&e);
        return EXIT_USAGE;
    }
    struct line_state s = { .options = &o, .stop = STOP_SOURCE_CLOSED };
    status = EXIT_PASSED;
    if (!(o.attach ? attach(&s, &e) : set_up(&s, &e) && attend(&s, &e))) {
        cmd_print_err(&e);
        status = cmd_status_of(&e);
    }
    tear_down(&s);
    return status;
}

const struct cmd cmd_line = { "line", "[RECIPE] [options]",
                              "Flashes board after board all day, in the slots of the "
                              "station file.",
                              line };
