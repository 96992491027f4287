/* espstation run, espstation verify: the recipe on every port at once. */
#include "station/cli/option_rows.h"

#include "station/base/stop_source.h"
#include "station/screen/screen.h"
#include "station/slots/slot_choice.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DRAW_MS 100

struct run_options {
    const char *recipe_path;
    struct slot_choice choice; /* --port, --slot, --station */
    const char *lot, *operator_name, *db_path, *stub_folder;
    const char *reason; /* for re-work */
    bool loop, timing, json, plain, rework;
};

/* All that lives during the command. */
struct run_state {
    const struct run_options *options;
    struct gang gang;
    bool gang_ready;
    struct pool *pool;
    struct slot_choice choice;
    const struct screen *screen;
    struct headcount headcount;
    struct stop_source stop;
    bool asked; /* to stop, by Ctrl-C */
};

/* ---- Setting up ---- */

/* Nothing but a word: durations and the order of runs do not hang on the clock, and the line must
 * not stand still for it. */
static void warn_of_clock(struct record *record)
{
    char latest[DB_UTC_CAP], now[DB_UTC_CAP];
    if (record_clock_is_behind(record, latest, now))
        fprintf(stderr,
                "espstation: the clock of this computer shows %s, but the record has a run that "
                "began %s. To look at the clock: timedatectl\n",
                now, latest);
}

static bool open_record(struct run_state *s, struct err *e)
{
    int interrupted = 0;
    const struct record_setup setup = { .db_path = s->options->db_path,
                                        .lot = s->options->lot,
                                        .operator_name = s->options->operator_name,
                                        .rework_reason = s->options->reason,
                                        .job = s->gang.job,
                                        .clock = &clock_system };
    if (s->gang.kind == ATTEMPT_VERIFY)
        return true;
    s->gang.record = record_new(&setup, &interrupted, e);
    if (s->gang.record && interrupted > 0)
        fprintf(stderr,
                "espstation: a station was killed here before; %d open run%s now marked "
                "INTERRUPTED. See: espstation export --db %s --verdict interrupted\n",
                interrupted, interrupted == 1 ? " is" : "s are", s->options->db_path);
    if (s->gang.record)
        warn_of_clock(s->gang.record);
    return s->gang.record != NULL;
}

static void choose_screen(struct run_state *s)
{
    const char *term = getenv("TERM");
    bool dumb = !term || strcmp(term, "dumb") == 0;
    if (s->options->json)
        s->screen = &screen_json;
    else if (s->options->plain || dumb || !isatty(STDOUT_FILENO))
        s->screen = &screen_lines;
    else
        s->screen = &screen_live;
}

/* ---- Running ---- */

static void obey(struct run_state *s, enum stop_wish wish)
{
    if (wish == STOP_NOW || s->asked) {
        gang_stop_hard(&s->gang);
        return;
    }
    s->asked = true;
    gang_stop_soft(&s->gang);
    if (!s->screen->draws)
        fprintf(stderr, "\nNo new board starts; those in work are finished. Press Ctrl-C again to "
                        "stop them.\n");
}

static void show_events(struct run_state *s, const struct show *show)
{
    struct event event;
    while (event_take(s->gang.events, &event)) {
        headcount_take(&s->headcount, &event);
        if (s->screen->event)
            s->screen->event(show, &event);
    }
}

static void run_until_done(struct run_state *s)
{
    struct pollfd fds[STOP_FDS + 2] = { [STOP_FDS] = { event_fd(s->gang.events), POLLIN, 0 },
                                        [STOP_FDS + 1] = { s->pool->done_fd, POLLIN, 0 } };
    const struct show show = { s->pool, &s->headcount,
                               s->gang.record ? s->options->db_path : NULL };
    if (s->screen->start)
        s->screen->start(&show);
    while (!pool_done(s->pool)) {
        enum stop_wish wish;
        stop_source_wait(&s->stop, fds);
        if (poll(fds, STOP_FDS + 2, s->screen->draws ? DRAW_MS : -1) < 0 && errno != EINTR)
            break;
        while ((wish = stop_source_take(&s->stop, fds)) != STOP_NONE)
            obey(s, wish);
        show_events(s, &show);
        if (s->screen->draw)
            s->screen->draw(&show);
    }
    show_events(s, &show);
    s->screen->finish(&show);
}

static enum exit_status status_of(const struct run_state *s)
{
    const struct headcount *t = &s->headcount;
    for (size_t i = 0; i < t->count; i++) {
        const struct headcount_failure *failure = t->boards[i].failure;
        if (failure && (failure->err.code == ERR_DATABASE || failure->err.code == ERR_STATION))
            return EXIT_STATION;
    }
    for (size_t i = 0; i < s->pool->slot_count; i++) {
        if (slot_look(&s->pool->slots[i]).runs == 0)
            return EXIT_BOARD;
    }
    return headcount_passed(t) == t->count && !t->incomplete ? EXIT_PASSED : EXIT_BOARD;
}

static bool set_up(struct run_state *s, struct err *e)
{
    const struct run_options *o = s->options;
    s->gang.clock = &clock_system;
    s->gang.loop = o->loop;
    s->gang.timing = o->timing;
    s->gang.job = cmd_load_job(o->recipe_path, o->stub_folder, e);
    if (!s->gang.job)
        return false;
    s->choice = o->choice;
    if (!slot_choice_make(&s->choice, e))
        return false;
    s->gang.numbers = s->choice.numbers;
    s->gang.events = event_queue_new(e);
    if (!s->gang.events || !stop_source_open(&s->stop, e) || !open_record(s, e))
        return false;
    s->gang_ready = gang_init(&s->gang, e);
    if (s->gang_ready)
        s->pool = pool_new(&s->gang, s->choice.ports.values, s->choice.ports.count, e);
    return s->pool != NULL;
}

static void tear_down(struct run_state *s)
{
    pool_free(s->pool);
    headcount_done(&s->headcount);
    if (s->gang_ready)
        gang_done(&s->gang);
    record_free(s->gang.record);
    event_queue_free(s->gang.events);
    job_free(s->gang.job);
    slot_choice_done(&s->choice);
    stop_source_close(&s->stop);
}

static enum exit_status run_all(const struct run_options *options, enum attempt_kind kind)
{
    struct err e = { 0 };
    struct run_state s = { .options = options,
                           .gang = { .kind = kind },
                           .stop = STOP_SOURCE_CLOSED };
    enum exit_status status;
    choose_screen(&s);
    if (set_up(&s, &e)) {
        run_until_done(&s);
        status = status_of(&s);
    } else {
        cmd_print_err(&e);
        status = cmd_status_of(&e);
    }
    tear_down(&s);
    return status;
}

/* ---- Commands ---- */

/* Flashing a board again that has passed is somebody's decision, and the record names him. */
static bool is_rework_explained(const struct run_options *o)
{
    bool named = o->operator_name && o->operator_name[0] && o->reason && o->reason[0];
    if (o->rework ? named : !o->reason)
        return true;
    fprintf(stderr, "espstation run: %s\nSee: espstation run --help\n",
            o->rework ? "--rework needs --operator NAME and --reason TEXT: the record names both"
                      : "--reason belongs to --rework");
    return false;
}

static enum exit_status run(int argc, char **argv)
{
    struct run_options o = { .db_path = DEFAULT_DB };
    const struct option_row rows[] = {
        OPTION_PORTS("flash", &o.choice.ports),
        OPTION_SLOTS("flash", &o.choice.slots),
        OPTION_STATION(&o.choice.station_path),
        { "--lot", "NAME", "the batch these boards belong to", NULL, &o.lot, NULL },
        { "--operator", "NAME", "who does it, for the record", NULL, &o.operator_name, NULL },
        OPTION_DB(&o.db_path),
        { "--loop", NULL, "the next board in a slot starts by itself", &o.loop, NULL, NULL },
        { "--rework", NULL, "flash boards again that have passed; needs --operator and --reason",
          &o.rework, NULL, NULL },
        { "--reason", "TEXT", "why, for the record", NULL, &o.reason, NULL },
        OPTION_STUBS(&o.stub_folder),
        { "--timing", NULL, "at the end, where the time of each board went", &o.timing, NULL,
          NULL },
        OPTION_JSON(&o.json),
        OPTION_PLAIN(&o.plain),
    };
    enum exit_status status;
    size_t count;
    if (!cmd_parse(&cmd_run, rows, sizeof rows / sizeof rows[0], argc, argv, &o.recipe_path, 1,
                   &count, &status))
        return status;
    if (!cmd_one_argument(&cmd_run, "a recipe", count) || !is_rework_explained(&o))
        return EXIT_USAGE;
    return run_all(&o, ATTEMPT_FLASH);
}

static enum exit_status verify(int argc, char **argv)
{
    struct run_options o = { 0 };
    const struct option_row rows[] = {
        OPTION_PORTS("judge", &o.choice.ports),
        OPTION_SLOTS("judge", &o.choice.slots),
        OPTION_STATION(&o.choice.station_path),
        OPTION_STUBS(&o.stub_folder),
        OPTION_JSON(&o.json),
        OPTION_PLAIN(&o.plain),
    };
    enum exit_status status;
    size_t count;
    if (!cmd_parse(&cmd_verify, rows, sizeof rows / sizeof rows[0], argc, argv, &o.recipe_path, 1,
                   &count, &status))
        return status;
    return cmd_one_argument(&cmd_verify, "a recipe", count) ? run_all(&o, ATTEMPT_VERIFY)
                                                            : EXIT_USAGE;
}

const struct cmd cmd_run = { "run", "RECIPE [options]",
                             "Flashes, proves and records the boards on all ports.", run };
const struct cmd cmd_verify = { "verify", "RECIPE [options]",
                                "Compares boards with the recipe by MD5; writes nothing.", verify };
