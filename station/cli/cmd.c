#include "station/cli/cmd.h"

#include "core/base/nearest.h"
#include "core/base/plain.h"
#include "core/loader/stub.h"
#include "station/attempt/job.h"
#include "station/cli/habits.h"
#include "station/cli/print_mistakes.h"
#include "station/cli/station_find.h"
#include "station/trust/trust.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

const char cmd_status_help[] = "Exit: 0 every board passed, 1 a board failed,\n2 wrong usage, 3 "
                               "recipe or image refused, "
                               "4 the station itself failed.\n";

static void print_help(const struct cmd *cmd, const struct option_row *rows, size_t count)
{
    printf("espstation %s %s\n\n%s\n", cmd->name, cmd->usage, cmd->help);
    if (count > 0)
        printf("\n");
    for (size_t i = 0; i < count; i++) {
        char form[48];
        snprintf(form, sizeof form, "%s%s%s", rows[i].name, rows[i].value ? " " : "",
                 rows[i].value ? rows[i].value : "");
        printf("  %-20s %s\n", form, rows[i].help);
    }
}

static void print_unknown(const struct cmd *cmd, const struct option_row *rows, size_t count,
                          const char *given)
{
    struct nearest near;
    const char *habit = habit_of_option(cmd->name, given);
    nearest_init(&near, given);
    for (size_t i = 0; i < count; i++)
        nearest_offer(&near, rows[i].name, rows[i].name);
    fprintf(stderr, "espstation %s: unknown option '%s'", cmd->name, given);
    if (habit)
        fprintf(stderr, "; %s", habit);
    else if (near.best)
        fprintf(stderr, "; did you mean '%s'?", near.best);
    else if (given[1] != '-')
        fprintf(stderr, "; if it is a name, put -- in front of it");
    fprintf(stderr, "\nSee: espstation %s --help\n", cmd->name);
}

static const struct option_row *find_row(const struct option_row *rows, size_t count,
                                         const char *given, const char **value)
{
    size_t length = strcspn(given, "=");
    *value = given[length] == '=' ? given + length + 1 : NULL;
    for (size_t i = 0; i < count; i++) {
        if (strlen(rows[i].name) == length && strncmp(rows[i].name, given, length) == 0)
            return &rows[i];
    }
    return NULL;
}

static bool complain(const struct cmd *cmd, const char *what, const char *about)
{
    fprintf(stderr, "espstation %s: %s '%s'\nSee: espstation %s --help\n", cmd->name, what, about,
            cmd->name);
    return false;
}

static bool store(const struct cmd *cmd, const struct option_row *row, const char *value)
{
    if (row->flag) {
        *row->flag = true;
        return true;
    }
    if (row->text) {
        *row->text = value;
        return true;
    }
    if (row->list->count == OPTION_LIST_MAX)
        return complain(cmd, "too many values for option", row->name);
    row->list->values[row->list->count++] = value;
    return true;
}

/* Who and why are asked for years later: a blank is no answer, and a name is one thing with blanks
 * around it or not. */
static bool is_an_answer(const struct option_row *row, const char *value)
{
    const size_t n = strlen(value);
    if (strcmp(row->name, "--reason") == 0)
        return value[strspn(value, " ")] != '\0';
    return strcmp(row->name, "--operator") != 0 ||
           (n > 0 && value[0] != ' ' && value[n - 1] != ' ');
}

/* Takes the option at argv[*i], and its value. */
static bool take_option(const struct cmd *cmd, const struct option_row *rows, size_t row_count,
                        int argc, char **argv, int *i)
{
    const char *value;
    const struct option_row *row = find_row(rows, row_count, argv[*i], &value);
    if (!row) {
        print_unknown(cmd, rows, row_count, argv[*i]);
        return false;
    }
    if (!row->value && value)
        return complain(cmd, "no value belongs to option", row->name);
    if (row->value && !value) {
        if (*i + 1 >= argc)
            return complain(cmd, "a value is missing behind", row->name);
        value = argv[++*i];
    }
    if (row->value && !is_an_answer(row, value))
        return complain(cmd,
                        row->name[2] == 'r' ? "--reason needs words, not"
                                            : "--operator needs a name, without blanks around "
                                              "it, not",
                        value);
    return store(cmd, row, value);
}

/* `--port a b`, as a shell makes it of --port /dev/ttyUSB* too. */
static bool has_lost_port(const struct cmd *cmd, const struct option_row *rows, size_t row_count,
                          const char *argument)
{
    const char *value;
    if (!habit_is_port(argument) || !find_row(rows, row_count, "--port", &value))
        return false;
    fprintf(stderr,
            "espstation %s: '%s' is a port without --port in front of it\n"
            "Each port needs its own: --port /dev/ttyUSB0 --port %s\n",
            cmd->name, argument, argument);
    return true;
}

/* Ports, lots, names of people and of files go into the record and onto screens. */
static bool all_plain(const struct cmd *cmd, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        char shown[120];
        if (plain_is(argv[i]))
            continue;
        snprintf(shown, sizeof shown, "%s", argv[i]);
        plain_make(shown);
        return complain(cmd, "a control character, shown as ?, is in", shown);
    }
    return true;
}

/* ---- The record that the station file names ---- */

static const struct option_row *row_of(const struct option_row *rows, size_t count,
                                       const char *name)
{
    const char *value;
    return find_row(rows, count, name, &value);
}

/* Where --db was not given, the station file tells the record. It stays for as long as the program:
 * a command runs once. */
static bool take_record(const struct option_row *db, const struct option_row *station,
                        enum exit_status *status)
{
    static char path[8192]; /* more than any station file and record have together */
    struct station *file;
    struct err e = { 0 };
    if (!station_find_load(station ? *station->text : NULL, &file, &e)) {
        cmd_print_err(&e);
        *status = cmd_status_of(&e);
        return false;
    }
    if (file && file->record_path) {
        snprintf(path, sizeof path, "%s", file->record_path);
        *db->text = path;
    }
    station_free(file);
    return true;
}

/* ---- The command line ---- */

static bool parse_all(const struct cmd *cmd, const struct option_row *rows, size_t row_count,
                      int argc, char **argv, const char **args, size_t cap, size_t *arg_count,
                      enum exit_status *status)
{
    bool options_over = false;
    *arg_count = 0;
    *status = EXIT_USAGE;
    if (!all_plain(cmd, argc, argv))
        return false;
    for (int i = 1; i < argc; i++) {
        if (!options_over && strcmp(argv[i], "--") == 0) {
            options_over = true;
        } else if (!options_over &&
                   (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)) {
            print_help(cmd, rows, row_count);
            *status = EXIT_PASSED;
            return false;
        } else if (!options_over && argv[i][0] == '-' && argv[i][1] != '\0') {
            if (!take_option(cmd, rows, row_count, argc, argv, &i))
                return false;
        } else if (!options_over && has_lost_port(cmd, rows, row_count, argv[i])) {
            return false;
        } else if (*arg_count < cap) {
            args[(*arg_count)++] = argv[i];
        } else {
            return complain(cmd, "one argument too many:", argv[i]);
        }
    }
    return true;
}

/* Who wants tables and no deeds; NULL but during cmd_describe. */
static const struct cmd_sink *described_to;

void cmd_describe(const struct cmd *cmd, const struct cmd_sink *sink)
{
    char name[32];
    snprintf(name, sizeof name, "%s", cmd->name);
    described_to = sink;
    cmd->run(1, (char *[]){ name, NULL });
    described_to = NULL;
}

void cmd_say_more(const char *lines)
{
    if (described_to)
        described_to->more(described_to->ctx, lines);
    else
        fputs(lines, stdout);
}

bool cmd_parse(const struct cmd *cmd, const struct option_row *rows, size_t row_count, int argc,
               char **argv, const char **args, size_t cap, size_t *arg_count,
               enum exit_status *status)
{
    if (described_to) {
        described_to->take(described_to->ctx, cmd, rows, row_count);
        *status = EXIT_PASSED;
        return false;
    }
    const struct option_row *db = row_of(rows, row_count, "--db");
    const char *const preset = db ? *db->text : NULL;
    if (!parse_all(cmd, rows, row_count, argc, argv, args, cap, arg_count, status))
        return false;
    return !db || *db->text != preset ||
           take_record(db, row_of(rows, row_count, "--station"), status);
}

bool cmd_one_argument(const struct cmd *cmd, const char *what, size_t count)
{
    if (count == 1)
        return true;
    fprintf(stderr, "espstation %s: %s is missing\nSee: espstation %s --help\n", cmd->name, what,
            cmd->name);
    return false;
}

/* The folder of a build is what people have at hand before there is a recipe. */
static bool is_no_folder(const char *path, struct err *e)
{
    struct stat st;
    if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode))
        return true;
    err_set(e, ERR_RECIPE, "'%.100s' is a folder; a recipe is a file", path);
    return err_hint(e,
                    "To make a recipe of the build in it: espstation import %.60s -o recipe.yaml; "
                    "then: espstation run recipe.yaml",
                    path);
}

/* A zero byte is in every image near its start, and in no text. */
static bool is_no_image(const char *path, struct err *e)
{
    char start[256];
    struct stat st;
    FILE *f = stat(path, &st) == 0 && S_ISREG(st.st_mode) ? fopen(path, "rb") : NULL;
    size_t n = f ? fread(start, 1, sizeof start, f) : 0;
    if (f)
        fclose(f);
    if (n == 0 || !memchr(start, '\0', n))
        return true;
    err_set(e, ERR_RECIPE, "'%.100s' is no recipe: it is not text", path);
    return err_hint(e, "An image goes onto boards by a recipe. To make one of the build that it is "
                       "from: espstation import FOLDER -o recipe.yaml");
}

/* All mistakes stand above. */
static void count_mistakes(const char *path, const struct doc_report *report, struct err *e)
{
    if (e->code != ERR_RECIPE || report->total == 0)
        return;
    err_set(e, ERR_RECIPE, "%zu mistake%s in %.100s", report->total, report->total == 1 ? "" : "s",
            path);
    err_hint(e, "Correct %s, then: espstation check %.100s", report->total == 1 ? "it" : "them",
             path);
}

/* Nobody may find out by the clock that a stub is missing. */
static void print_loader_note(const struct job *job)
{
    char text[768];
    if (!job_explain_loader(job, text, sizeof text))
        return;
    plain_make(text);
    fprintf(stderr, "espstation: %s.\n", text);
}

void cmd_warn_of_stubs(const struct stub_set *stubs)
{
    for (size_t i = 0; i < stub_set_problem_count(stubs); i++)
        fprintf(stderr, "espstation: warning: %s.\n", stub_set_problem(stubs, i)->what);
}

/* A folder may hold stubs of all chips; the recipe's boards get that of their chip, or that of its
 * earlier silicon. */
static void warn_of_stub(const struct job *job, const char *name)
{
    struct err problem = { 0 };
    if (!stub_set_check(job_stubs(job), name, &problem))
        fprintf(stderr, "espstation: warning: %s.\n", problem.what);
    const struct stub *s = job_stub(job) ? job_stub_named(job, name) : NULL;
    if (!s || stub_is_known(s))
        return;
    char text[256];
    snprintf(text, sizeof text, "The flasher stub '%s' is " CMD_STUB_UNKNOWN, s->file);
    plain_make(text);
    fprintf(stderr, "espstation: warning: %s.\n", text);
}

static void warn_of_job_stubs(const struct job *job)
{
    const struct chip *c = job_recipe(job)->chip;
    warn_of_stub(job, c->id_name);
    if (c->stub_below)
        warn_of_stub(job, c->stub_below);
}

struct job *cmd_load_job(const char *recipe_path, const char *stub_folder, struct err *e)
{
    if (!is_no_folder(recipe_path, e) || !is_no_image(recipe_path, e))
        return NULL;
    struct doc_report report;
    doc_report_init(&report);
    struct job *job = job_new(recipe_path, stub_folder, &report, e);
    print_mistakes(recipe_path, &report);
    if (job) {
        print_mistakes(recipe_path, job_warnings(job));
        warn_of_job_stubs(job);
        print_loader_note(job);
    } else {
        count_mistakes(recipe_path, &report, e);
    }
    return job;
}

struct job *cmd_load_signed_job(const char *recipe_path, const char *stub_folder,
                                const char *station_given, struct err *e)
{
    struct station *station;
    if (!station_find_load(station_given, &station, e))
        return NULL;
    struct job *job = cmd_load_job(recipe_path, stub_folder, e);
    if (job && !trust_check(job, station ? station->recipe_keys_path : NULL, e)) {
        job_free(job);
        job = NULL;
    }
    station_free(station);
    return job;
}

void cmd_tell(const char *fmt, ...)
{
    char *line = NULL;
    va_list ap;
    va_start(ap, fmt);
    int n = vasprintf(&line, fmt, ap);
    va_end(ap);
    if (n < 0) /* no memory; the next line may find some */
        return;
    plain_make(line);
    puts(line);
    free(line);
}

void cmd_print_err(const struct err *e)
{
    fprintf(stderr, "espstation: %s%s\n", e->what, err_stop(e->what));
    if (e->hint[0])
        fprintf(stderr, "  %s\n", e->hint);
}

enum exit_status cmd_status_of(const struct err *e)
{
    switch (e->code) {
    case ERR_NONE:
        return EXIT_PASSED;
    case ERR_USAGE:
    case ERR_QUOTA:
        return EXIT_USAGE;
    case ERR_RECIPE:
    case ERR_IMAGE:
    case ERR_FLASH_SIZE:
        return EXIT_RECIPE;
    default:
        return EXIT_STATION;
    }
}
