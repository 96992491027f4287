/* espstation run, espstation verify: the recipe on every port at once. */
#include "station/cli/option_rows.h"
#include "station/cli/unit_input.h"

#include "db/write/act.h"
#include "station/cli/person.h"
#include "station/cli/station_find.h"
#include "station/fleet/fleet_gate.h"
#include "station/fleet/fleet_sender.h"
#include "station/fleet/fleet_watch.h"
#include "station/label/label_finish.h"
#include "station/line/record.h"
#include "station/line/unit_notice.h"
#include "station/screen/attend.h"
#include "station/slots/slot_choice.h"
#include "station/terminal/terminal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct run_options {
    const char *recipe_path;
    struct slot_choice choice; /* --port, --slot, --station */
    const char *lot, *operator_name, *db_path, *stub_folder;
    const char *reason;       /* for re-work */
    struct actor engineer;    /* who has it done, or allows it */
    struct option_list given; /* --unit */
    bool loop, timing, json, plain, rework, burn, new_lot;
};

/* All that lives during the command. */
struct run_state {
    const struct run_options *options;
    struct job *job;
    struct slot_choice choice;
    struct station *station;     /* where the recipe has a label; NULL: none is needed, or there */
    struct label_desk *desk;     /* NULL: nothing is printed */
    struct fleet_sender *sender; /* NULL: there is no fleet */
    struct fleet_gate *gate;
    struct station *fleet_station; /* whose server it sends to */
    struct stop_source stop;
    struct session *session;
    struct event_reader *reader;
    struct headcount headcount;
    const char *names[STATION_SLOTS_MAX]; /* of the station file's slots, by number */
    size_t name_count;
    struct show_place places[STATION_SLOTS_MAX]; /* likewise */
    bool has_grid;
    struct unit_input input; /* values of units from standard input */
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

/* A scan, or somebody who types, is given a minute; what stands on the command line comes at
 * once. */
#define GIVE_MS (60u * 1000)

static bool reads_values(const struct run_options *o)
{
    return o->given.count == 1 && strcmp(o->given.values[0], "-") == 0;
}

static bool open_session(struct run_state *s, enum attempt_kind kind, struct err *e)
{
    int interrupted = 0;
    const struct run_options *o = s->options;
    const bool looks = kind == ATTEMPT_VERIFY && job_recipe(s->job)->unit.asked;
    const struct session_setup setup = { .db_path = kind == ATTEMPT_FLASH ? o->db_path : NULL,
                                         .look_path = looks ? o->db_path : NULL,
                                         .give_ms = o->given.count > 0 ? GIVE_MS : 0,
                                         .clock = &clock_system,
                                         .kind = kind,
                                         .loop = s->options->loop,
                                         .together = true };
    s->session = session_new(&setup, &interrupted, e);
    if (interrupted > 0)
        fprintf(stderr,
                "espstation: a station was killed here before; %d open run%s now marked "
                "INTERRUPTED. See: espstation export --db %s --verdict interrupted\n",
                interrupted, interrupted == 1 ? " is" : "s are", s->options->db_path);
    return s->session != NULL;
}

static void tell_of_new_lot(const struct run_options *o)
{
    fprintf(stderr,
            "espstation: opened lot '%s', without recipe and quantity: there was none of this "
            "name.\n",
            o->lot);
}

/* Who has boards flashed again, or fuses burnt, is in the record before it is done. */
static bool record_wish(struct run_state *s, const struct order *order, const char *word,
                        struct err *e)
{
    const struct actor *const who = &s->options->engineer;
    const struct db_act act = { .word = word,
                                .person = who->name,
                                .role = role_word(who->role),
                                .proved = who->proved,
                                .text = order_recipe(order)->name,
                                .reason = s->options->reason };
    return record_act(session_record(s->session), order, &act, e);
}

static bool has_fuses(const struct run_state *s, struct err *e)
{
    if (!s->options->burn || job_security_asked(job_security(s->job)))
        return true;
    err_set(e, ERR_USAGE, "--burn, and the recipe has no section 'security'");
    return err_hint(e, "Leave --burn out, or say in the recipe what is to be burnt: espstation "
                       "recipe --help");
}

/* Only a recipe with a label needs to know where a printer is. */
static bool find_printer(struct run_state *s, enum attempt_kind kind, struct err *e)
{
    if (kind != ATTEMPT_FLASH || !job_label(s->job))
        return true;
    if (!station_find_load(s->options->choice.station_path, &s->station, e))
        return false;
    if (!s->station || !s->station->printer.to)
        fprintf(stderr, "espstation: the recipe has a label, but no printer is in the station "
                        "file: none is printed. See: espstation station --help\n");
    return true;
}

static const struct station_printer *printer_of(const struct run_state *s)
{
    return s->station && s->station->printer.to ? &s->station->printer : NULL;
}

static void tell_of_label(void *ctx, int slot, int64_t run_id, const char *sentence)
{
    session_note(ctx, slot, run_id, sentence);
}

static bool open_desk(struct run_state *s, struct err *e)
{
    if (!printer_of(s))
        return true;
    const struct label_desk_setup setup = { .db = record_db(session_record(s->session)),
                                            .printer = printer_of(s),
                                            .clock = &clock_system,
                                            .reader = session_watch(s->session, 64, e),
                                            .tell = tell_of_label,
                                            .ctx = s->session };
    s->desk = setup.reader ? label_desk_new(&setup, e) : NULL;
    if (s->desk)
        label_tell_unsure(label_desk_unsure(s->desk), s->options->db_path);
    return s->desk != NULL;
}

static void tell_of_fleet(void *ctx, const char *sentence)
{
    session_note(ctx, 0, 0, sentence);
}

/* A station file that cannot be read has been complained of where it was needed; here it names no
 * server. */
static void find_fleet(struct run_state *s)
{
    struct err ignored = { 0 };
    struct doc_report report;
    char path[1024];
    const char *const given = s->options->choice.station_path;
    if (station_find(given, path, sizeof path, &ignored) && path[0] != '\0')
        station_load(path, &s->fleet_station, &report, &ignored);
}

static bool open_sender(struct run_state *s, enum attempt_kind kind, struct err *e)
{
    if (kind != ATTEMPT_FLASH)
        return true;
    find_fleet(s);
    if (!fleet_is_wanted(s->fleet_station, s->options->db_path))
        return true;
    const struct fleet_sender_setup setup = { .server = s->fleet_station->fleet_server,
                                              .station = s->fleet_station->name,
                                              .db_path = s->options->db_path,
                                              .clock = &clock_system,
                                              .tell = tell_of_fleet,
                                              .ctx = s->session };
    s->sender = fleet_sender_new(&setup, e);
    s->gate = s->sender ? fleet_gate_open(s->fleet_station, s->options->db_path,
                                          session_record(s->session), tell_of_fleet, s->session, e)
                        : NULL;
    return s->gate != NULL;
}

/* The last boards' labels come out a moment after their verdicts. */
static void finish_labels(struct run_state *s)
{
    if (s->desk)
        label_finish(s->desk, s->options->db_path);
}

static bool set_order(struct run_state *s, struct err *e)
{
    const struct order_setup setup = { .job = s->job,
                                       .lot = s->options->lot,
                                       .operator_name = s->options->operator_name,
                                       .rework_reason = s->options->reason,
                                       .printer = printer_of(s),
                                       .burner =
                                           s->options->burn ? s->options->engineer.name : NULL,
                                       .new_lot = s->options->new_lot };
    struct order *order = order_new(&setup, session_record(s->session), e);
    if (!order)
        return false;
    if ((s->options->rework && !record_wish(s, order, "rework", e)) ||
        (s->options->burn && !record_wish(s, order, "burn", e))) {
        order_release(order);
        return false;
    }
    if (order_rows(order)->has_opened_lot)
        tell_of_new_lot(s->options);
    session_set_order(s->session, order);
    order_release(order);
    return true;
}

static void tell_of_units(void *ctx, const char *sentence)
{
    (void)ctx;
    fprintf(stderr, "espstation: %s\n", sentence);
}

static bool add_slots(struct run_state *s, struct err *e)
{
    for (size_t i = 0; i < s->choice.ports.count; i++) {
        if (!session_add_slot(s->session, s->choice.numbers[i], s->choice.ports.values[i], e))
            return false;
    }
    return true;
}

/* Names and places, from the station file. */
static void name_slots(struct run_state *s)
{
    const struct station *station = s->choice.station;
    s->name_count = station ? station->slot_count : 0;
    s->has_grid = station && station->row_count > 0;
    for (size_t i = 0; i < s->name_count; i++) {
        const struct station_slot *slot = &station->slots[i];
        s->names[i] = slot->name;
        s->places[i] = (struct show_place){ slot->row, slot->column };
    }
}

/* ---- Values that are given ---- */

/* Who lists processes sees the command line, and the shell keeps it. */
static bool is_secret(const struct run_state *s, const char *name)
{
    const struct unit *u = &job_recipe(s->job)->unit;
    const size_t i = unit_value_find(u, name, strlen(name));
    return i != UNIT_NO_VALUE && u->values[i].secret == UNIT_TRUE;
}

static bool give(void *ctx, int slot, const char *name, const char *text, struct err *e)
{
    struct run_state *s = ctx;
    if (!reads_values(s->options) && is_secret(s, name)) {
        err_set(e, ERR_USAGE, "The value '%s' is secret, and a command line is not", name);
        return err_hint(e, "Give --unit -, and the line %s=VALUE on standard input.", name);
    }
    return session_give(s->session, slot, name, text, e);
}

static bool give_values(struct run_state *s, struct err *e)
{
    const struct run_options *o = s->options;
    const bool one = s->choice.ports.count == 1;
    s->input = (struct unit_input){ .fd = reads_values(o) ? STDIN_FILENO : -1,
                                    .only_slot = one ? s->choice.numbers[0] : 0,
                                    .give = give,
                                    .ctx = s };
    if (o->given.count == 0 || reads_values(o))
        return true;
    if (!one || o->loop) {
        err_set(e, ERR_USAGE, "--unit NAME=VALUE is for one board in one slot");
        return err_hint(e, "For more: --unit -, and lines as '3 NAME=VALUE' on standard input, "
                           "with the number of the slot in front.");
    }
    return unit_input_options(&s->input, &o->given, s->choice.numbers[0], e);
}

static bool set_up(struct run_state *s, enum attempt_kind kind, struct err *e)
{
    const struct run_options *o = s->options;
    s->job = cmd_load_signed_job(o->recipe_path, o->stub_folder, o->choice.station_path, e);
    if (!s->job)
        return false;
    s->choice = o->choice;
    if (!has_fuses(s, e))
        return false;
    if (!slot_choice_make(&s->choice, e) || !stop_source_open(&s->stop, e) ||
        !find_printer(s, kind, e) || !open_session(s, kind, e) || !set_order(s, e) ||
        !unit_notice(session_record(s->session), s->job, tell_of_units, NULL, e) ||
        !open_desk(s, e) || !open_sender(s, kind, e))
        return false;
    if (session_record(s->session))
        warn_of_clock(session_record(s->session));
    name_slots(s);
    s->reader = session_watch(s->session, 0, e);
    return s->reader && add_slots(s, e) && give_values(s, e);
}

static void tear_down(struct run_state *s)
{
    label_desk_free(s->desk);
    event_reader_free(s->reader);
    fleet_sender_hush(s->sender);
    fleet_gate_free(s->gate);
    session_free(s->session);
    fleet_finish(s->sender); /* with the session's own end */
    station_free(s->fleet_station);
    headcount_done(&s->headcount);
    job_free(s->job);
    slot_choice_done(&s->choice);
    station_free(s->station);
    stop_source_close(&s->stop);
}

/* ---- Running ---- */

static const struct screen *choose_screen(const struct run_options *o)
{
    if (o->json)
        return &screen_json;
    return o->plain || !terminal_is_fit() ? &screen_lines : &screen_live;
}

static enum exit_status status_of(const struct run_state *s)
{
    const struct headcount *t = &s->headcount;
    struct slot_view v;
    if (t->by_station > 0)
        return EXIT_STATION;
    for (size_t i = 0; session_look(s->session, i, &v); i++) {
        if (v.runs == 0 && !v.passed_before)
            return EXIT_BOARD;
    }
    return t->passed == t->count && !t->incomplete ? EXIT_PASSED : EXIT_BOARD;
}

static enum exit_status run_all(const struct run_options *options, enum attempt_kind kind)
{
    struct err e = { 0 };
    struct run_state s = { .options = options, .stop = STOP_SOURCE_CLOSED };
    enum exit_status status;
    if (set_up(&s, kind, &e)) {
        const struct show show = { .session = s.session,
                                   .headcount = &s.headcount,
                                   .db_path = kind == ATTEMPT_FLASH ? options->db_path : NULL,
                                   .timing = options->timing,
                                   .names = s.names,
                                   .name_count = s.name_count,
                                   .places = s.has_grid ? s.places : NULL };
        const struct attend_input input = { s.input.fd, unit_input_take, &s.input };
        attend_until_done(choose_screen(options), &show, s.reader, &s.stop, &input);
        finish_labels(&s);
        status = status_of(&s);
    } else {
        cmd_print_err(&e);
        status = cmd_status_of(&e);
    }
    tear_down(&s);
    return status;
}

/* ---- Commands ---- */

#define OPTION_UNIT(list)                                                                          \
    {                                                                                              \
        "--unit", "NAME=VALUE",                                                                    \
            "a value of the unit for the board in the only slot; repeat it; '-': lines of '3 "     \
            "NAME=VALUE' on standard input, for slot 3",                                           \
            NULL, NULL, list                                                                       \
    }

/* Flashing a board again that has passed is somebody's decision, and the record names him. */
static bool is_rework_explained(const struct run_options *o)
{
    if (o->rework == (o->reason != NULL))
        return true;
    fprintf(stderr, "espstation run: %s\nSee: espstation run --help\n",
            o->rework ? "--rework needs --operator NAME and --reason TEXT: the record names both"
                      : "--reason belongs to --rework");
    return false;
}

static bool may_do_it(struct run_options *o)
{
    struct err e = { 0 };
    if (!o->rework && !o->burn)
        return true;
    if (person_is_engineer(o->choice.station_path, o->operator_name,
                           o->burn ? "burn fuses" : "flash boards again that have passed",
                           &o->engineer, &e)) {
        o->operator_name = o->engineer.name;
        return true;
    }
    cmd_print_err(&e);
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
        OPTION_NEW_LOT(&o.new_lot),
        { "--operator", "NAME", "who does it, for the record", NULL, &o.operator_name, NULL },
        OPTION_DB(&o.db_path),
        { "--loop", NULL, "the next board in a slot starts by itself", &o.loop, NULL, NULL },
        { "--rework", NULL, "flash boards again that have passed; needs --reason, and an engineer",
          &o.rework, NULL, NULL },
        { "--reason", "TEXT", "why, for the record", NULL, &o.reason, NULL },
        { "--burn", NULL,
          "burn the fuses of the recipe's section 'security', for ever; needs an engineer", &o.burn,
          NULL, NULL },
        OPTION_UNIT(&o.given),
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
    if (!cmd_one_argument(&cmd_run, "a recipe", count) || !is_rework_explained(&o) ||
        !may_do_it(&o))
        return EXIT_USAGE;
    return run_all(&o, ATTEMPT_FLASH);
}

static enum exit_status verify(int argc, char **argv)
{
    struct run_options o = { .db_path = DEFAULT_DB };
    const struct option_row rows[] = {
        OPTION_PORTS("judge", &o.choice.ports),
        OPTION_SLOTS("judge", &o.choice.slots),
        OPTION_STATION(&o.choice.station_path),
        OPTION_DB(&o.db_path),
        OPTION_UNIT(&o.given),
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
