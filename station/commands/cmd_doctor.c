/* espstation doctor: is this machine ready to flash? Touches no board. */
#include "station/cli/option_rows.h"

#include "station/base/json.h"
#include "station/doctor/doctor.h"
#include "station/screen/screen.h"

#include <stdio.h>

/* How the lines are shown, and how many of each grade there were. */
struct shown {
    bool json, colour;
    unsigned count[DOCTOR_WRONG + 1];
};

static void print_json(const struct doctor_line *line)
{
    struct json_object o;
    json_begin(&o, stdout);
    json_text(&o, "check", line->check);
    json_text(&o, "grade", doctor_grade_word(line->grade));
    json_text(&o, "sentence", line->sentence);
    json_text(&o, "cure", line->cure[0] ? line->cure : NULL);
    json_end(&o);
}

static void print_text(const struct doctor_line *line, bool colour)
{
    static const char *const colours[] = { "\033[32m", "\033[33m", "\033[1;31m" };
    printf("%s%-8s%s %-13s %s.\n", colour ? colours[line->grade] : "",
           doctor_grade_word(line->grade), colour ? "\033[0m" : "", line->check, line->sentence);
    if (line->cure[0])
        printf("%22s -> %s\n", "", line->cure);
}

static void on_line(void *ctx, const struct doctor_line *line)
{
    struct shown *s = ctx;
    s->count[line->grade]++;
    if (s->json)
        print_json(line);
    else
        print_text(line, s->colour);
}

static void print_end(const struct shown *s)
{
    unsigned warnings = s->count[DOCTOR_WARNING], wrong = s->count[DOCTOR_WRONG];
    if (wrong > 0)
        printf("\nNot ready: %u wrong, %u warning%s.\n", wrong, warnings, warnings == 1 ? "" : "s");
    else
        printf("\nReady: nothing wrong, %u warning%s.\n", warnings, warnings == 1 ? "" : "s");
}

static enum exit_status doctor(int argc, char **argv)
{
    struct shown shown = { .colour = screen_has_colour() };
    const char *db_path = DEFAULT_DB;
    const struct option_row rows[] = {
        { "--db", "FILE", "the record to look at; default " DEFAULT_DB, NULL, &db_path, NULL },
        OPTION_JSON(&shown.json),
    };
    const struct doctor_sink sink = { &shown, on_line };
    struct doctor_world world;
    enum exit_status status;
    size_t count;
    if (!cmd_parse(&cmd_doctor, rows, sizeof rows / sizeof rows[0], argc, argv, NULL, 0, &count,
                   &status))
        return status;
    doctor_look(&world, db_path);
    enum doctor_grade worst = doctor_examine(&world, &sink);
    if (!shown.json)
        print_end(&shown);
    return worst == DOCTOR_WRONG ? EXIT_BOARD : EXIT_PASSED;
}

const struct cmd cmd_doctor = { "doctor", "[options]",
                                "Checks whether this machine is ready; 1: something is wrong.",
                                doctor };
