/* espstation station: the reference of the station file, and whether one is right. */
#include "station/cli/actions.h"
#include "station/cli/cmd.h"
#include "station/cli/station_find.h"

#include "core/base/clock.h"
#include "station/outlet/outlet_watch.h"
#include "station/people/people.h"
#include "station/trust/trust.h"
#include "station/web/web.h"

#include <stdio.h>
#include <string.h>

static bool print_line(void *ctx, const char *line)
{
    (void)ctx;
    return puts(line) >= 0;
}

static bool has_keys(const struct station *station, struct err *e)
{
    bool ignored;
    return !station->recipe_keys_path ||
           trust_has_key(station->recipe_keys_path, "", &ignored, NULL, e) ||
           err_wrap(e, "recipes.only_signed_by");
}

/* What `espstation line` would refuse at its start, asked of those that it asks. */
static bool is_fit(const struct station *station, struct err *e)
{
    struct people *people = NULL;
    if (station->people_path && !(people = people_load(station->people_path, &clock_system, e)))
        return false;
    const bool ok =
        (web_judge(station, people, e) && outlet_judge(station, e) && has_keys(station, e)) ||
        err_wrap(e, "%s", station->path);
    people_free(people);
    return ok;
}

static enum exit_status check(const char *given)
{
    struct station *station;
    struct err e = { 0 };
    if (!station_find_load(given, &station, &e)) {
        cmd_print_err(&e);
        return cmd_status_of(&e);
    }
    if (!station) {
        err_set(&e, ERR_USAGE, "There is no station file");
        err_hint(&e, "Name one, or make one: espstation slots learn A1 A2 ...");
        cmd_print_err(&e);
        return EXIT_USAGE;
    }
    if (!is_fit(station, &e)) {
        cmd_print_err(&e);
        station_free(station);
        return cmd_status_of(&e);
    }
    size_t unlearned = 0;
    for (size_t i = 0; i < station->slot_count; i++)
        unlearned += !station->slots[i].usb && !station->slots[i].port;
    cmd_tell("%s: station %s, %zu slot%s, %zu group%s, record %s", station->path, station->name,
             station->slot_count, station->slot_count == 1 ? "" : "s", station->group_count,
             station->group_count == 1 ? "" : "s",
             station->record_path ? station->record_path : "not named");
    if (unlearned > 0)
        cmd_tell("%zu slot%s not learned yet. To do so: espstation slots learn --station %s",
                 unlearned, unlearned == 1 ? " is" : "s are", station->path);
    station_free(station);
    return EXIT_PASSED;
}

static enum exit_status station(int argc, char **argv)
{
    static const struct action_word actions[] = { { "check", 1, NULL } };
    bool markdown = false;
    struct err e = { 0 };
    const struct option_row rows[] = {
        { "--markdown", NULL, "as a page for the documentation", &markdown, NULL, NULL },
    };
    const char *args[2];
    enum exit_status status = EXIT_PASSED;
    size_t count;
    if (argc == 2 && strcmp(argv[1], "--help") == 0)
        argc = 1; /* the reference is this command's help */
    if (!cmd_parse(&cmd_station, rows, sizeof rows / sizeof rows[0], argc, argv, args, 2, &count,
                   &status))
        return status;
    if (count > 0 && !ACTION_OF("station", actions, args, count, &e)) {
        cmd_print_err(&e);
        return EXIT_USAGE;
    }
    if (count > 0)
        return check(count > 1 ? args[1] : NULL);
    station_help(markdown ? DOC_HELP_MARKDOWN : DOC_HELP_PLAIN, print_line, NULL);
    return EXIT_PASSED;
}

const struct cmd cmd_station = { "station", "[check [FILE]]",
                                 "Explains every key of the station file, or checks one.",
                                 station };
