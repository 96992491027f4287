/* espstation stats: yields, causes of failure and times; docs/stats.md tells each number. */
#include "station/cli/option_rows.h"

#include "core/base/nearest.h"
#include "db/read/stats.h"
#include "db/store/db.h"
#include "station/commands/stats_screen.h"
#include "station/fleet/fleet_reach.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const by_words[] = {
    [DB_BY_NOTHING] = "total",   [DB_BY_LOT] = "lot", [DB_BY_SLOT] = "slot",
    [DB_BY_RECIPE] = "recipe",   [DB_BY_DAY] = "day", [DB_BY_CHIP] = "chip",
    [DB_BY_STATION] = "station",
};

enum { BY_COUNT = sizeof by_words / sizeof by_words[0] };

static bool find_by(const char *word, enum db_stats_by *by, struct err *e)
{
    struct nearest near;
    nearest_init(&near, word);
    for (size_t i = DB_BY_LOT; i < BY_COUNT; i++) {
        if (strcmp(by_words[i], word) == 0) {
            *by = (enum db_stats_by)i;
            return true;
        }
        nearest_offer(&near, by_words[i], by_words[i]);
    }
    err_set(e, ERR_USAGE, "There are no statistics by '%.40s'", word);
    return err_hint(e,
                    "%s%s%sThere are lot, slot, recipe, day and chip, and with "
                    "--fleet station.",
                    near.best ? "Did you mean '" : "", near.best ? near.best : "",
                    near.best ? "'? " : "");
}

static bool parse_slot(const char *text, int *slot, struct err *e)
{
    char *end;
    errno = 0;
    const long v = strtol(text, &end, 10);
    if (end == text || *end != '\0' || errno != 0 || v < 1 || v > 100000)
        return err_set(e, ERR_USAGE, "'%.40s' is no slot; expected a number from 1 on", text);
    *slot = (int)v;
    return true;
}

/* Sent after the table, which comes row by row. */
static void print_notes(struct stats_screen *screen, const char *notes)
{
    if (screen->worst[0] == '\0')
        return;
    printf("\nbelow the recipe's rate\n%s", notes);
    printf("Check the cable, the adapter and the supply of slot %s first: it had to slow down most "
           "often.\n",
           screen->worst);
}

static bool ask(const struct stats_source *from, enum db_stats_by by,
                const struct db_filter *filter, const struct db_stats_sink *sink, struct err *e)
{
    return from->fleet ? fleet_stats(from->fleet, from->station_name, by, filter, sink, e)
                       : db_stats(from->db, by, filter, sink, e);
}

static bool take_runs(void *runs, const struct db_stats_row *row)
{
    *(int64_t *)runs = row->passed + row->failed + row->stopped + row->interrupted + row->open;
    return true;
}

/* People take zeros of a name that was mistyped for those of a lot without runs; programs see that
 * nothing is counted. */
static bool fleet_has_lot(const struct stats_source *from, const char *lot, struct err *e)
{
    int64_t runs = 0;
    const struct db_filter filter = { .lot = lot };
    const struct db_stats_sink sink = { &runs, take_runs };
    if (!from->fleet || !lot)
        return true;
    if (!fleet_stats(from->fleet, from->station_name, DB_BY_NOTHING, &filter, &sink, e))
        return false;
    if (runs > 0)
        return true;
    err_set(e, ERR_USAGE, "The fleet's server has no run of a lot '%.64s'", lot);
    return err_hint(e, "Its lots: espstation stats --fleet --by lot");
}

static void print_text(const struct stats_source *source, struct stats_screen *screen,
                       const struct db_filter *filter, struct err *e)
{
    char *notes = NULL;
    size_t bytes = 0;
    const struct db_stats_sink sink = { screen, stats_text_row };
    screen->notes = open_memstream(&notes, &bytes);
    if (!screen->notes) {
        err_set_sys(e, ERR_STATION, errno, "No memory left for the statistics");
        return;
    }
    const bool ok = ask(source, screen->by, filter, &sink, e);
    const bool kept = fclose(screen->notes) == 0 && notes;
    if (ok && kept)
        print_notes(screen, notes);
    else if (ok)
        err_set(e, ERR_STATION, "No memory left for the statistics");
    free(notes);
}

void stats_print(const struct stats_source *source, enum db_stats_by by,
                 const struct db_filter *filter, bool json, struct err *e)
{
    struct stats_screen screen = { .by = by, .by_word = by_words[by] };
    const struct db_stats_sink sink = { &screen, stats_json_row };
    if (json)
        ask(source, by, filter, &sink, e);
    else
        print_text(source, &screen, filter, e);
    if (ferror(stdout)) /* what stopped it is said at the end, as for all commands */
        *e = (struct err){ 0 };
}

static void print_stats(const char *db_path, const struct fleet_choice *choice, enum db_stats_by by,
                        bool json, const struct db_filter *filter, struct err *e)
{
    struct fleet_reach reach = FLEET_REACH_NONE;
    struct stats_source source = { .station_name = choice->station_name };
    bool ok = by != DB_BY_STATION || choice->fleet ||
              err_set(e, ERR_USAGE, "--by station is for --fleet alone");
    ok = ok && fleet_choice_open(choice, &reach, e);
    source.fleet = reach.fleet;
    if (ok && !choice->fleet)
        source.db = db_open_reader(db_path, DB_BUSY_MS, e);
    ok = ok && (json || fleet_has_lot(&source, filter->lot, e));
    if (source.db || (ok && source.fleet))
        stats_print(&source, by, filter, json, e);
    db_close(source.db);
    fleet_reach_close(&reach);
}

static enum exit_status stats(int argc, char **argv)
{
    struct db_filter filter = { 0 };
    enum db_stats_by group = DB_BY_NOTHING;
    const char *db_path = DEFAULT_DB, *by = NULL, *slot = NULL;
    struct fleet_choice choice = { .fleet = false };
    bool json = false;
    const struct option_row rows[] = {
        { "--by", "WORD", "also for each lot, slot, recipe, day, chip or, with --fleet, station",
          NULL, &by, NULL },
        { "--lot", "NAME", "only this lot", NULL, &filter.lot, NULL },
        { "--since", "UTC", "only runs started then or later: 2026-03-04T05:06", NULL,
          &filter.since, NULL },
        { "--until", "UTC", "only runs started then or earlier", NULL, &filter.until, NULL },
        { "--slot", "N", "only this slot", NULL, &slot, NULL },
        { "--recipe", "NAME", "only this recipe, by name or SHA-256", NULL, &filter.recipe, NULL },
        { "--json", NULL, "one JSON object per line, the total first", &json, NULL, NULL },
        OPTIONS_FLEET(&choice),
        OPTION_DB(&db_path),
    };
    enum exit_status status;
    struct err e = { 0 };
    size_t count;
    if (!cmd_parse(&cmd_stats, rows, sizeof rows / sizeof rows[0], argc, argv, NULL, 0, &count,
                   &status))
        return status;
    bool ok = (!by || find_by(by, &group, &e)) && (!slot || parse_slot(slot, &filter.slot, &e));
    if (ok)
        print_stats(db_path, &choice, group, json, &filter, &e);
    if (e.code != ERR_NONE)
        cmd_print_err(&e);
    return cmd_status_of(&e);
}

const struct cmd cmd_stats = { "stats", "[options]", "Tells yields, causes of failure and times.",
                               stats };
