/* The subcommands, as one table; each lives in its own cmd_NAME.c. */
#ifndef STATION_CMD_H
#define STATION_CMD_H

#include "core/base/err.h"

#include <stdbool.h>
#include <stddef.h>

enum exit_status {
    EXIT_PASSED = 0,  /* every board passed; or the command did what was asked */
    EXIT_BOARD = 1,   /* at least one board failed or was stopped */
    EXIT_USAGE = 2,   /* wrong usage */
    EXIT_RECIPE = 3,  /* recipe or image refused; no board was touched */
    EXIT_STATION = 4, /* the station itself failed */
};

struct job;

/* An option of a subcommand. */
struct option_row {
    const char *name;  /* "--port" */
    const char *value; /* its value's name in the help, NULL: a flag */
    const char *help;  /* one sentence */
    /* Where it goes. A flag sets *flag, a value *text; one that repeats goes into `list`. */
    bool *flag;
    const char **text;
    struct option_list *list;
};

#define OPTION_LIST_MAX 512
struct option_list {
    const char *values[OPTION_LIST_MAX];
    size_t count;
};

struct cmd {
    const char *name;
    const char *usage;                              /* what follows the name: "RECIPE [options]" */
    const char *help;                               /* one sentence */
    enum exit_status (*run)(int argc, char **argv); /* argv[0] is the subcommand's name */
};

/* Takes the options out of argv and leaves the plain arguments in `args` (at most `cap`). An
 * option's value may follow as the next argument or behind `=`. Without --db the record is that of
 * the station file, if it names one. Refuses arguments that hold control
 * characters. Prints help for --help and the mistake for anything wrong, naming the nearest option;
 * false then, with *status set. */
bool cmd_parse(const struct cmd *cmd, const struct option_row *rows, size_t row_count, int argc,
               char **argv, const char **args, size_t cap, size_t *arg_count,
               enum exit_status *status);

/* Whether exactly the one argument came that the command needs; says so if not. */
bool cmd_one_argument(const struct cmd *cmd, const char *what, size_t count);

/* Loads a job and prints all mistakes of its recipe on standard error; also that the ROM must write
 * for want of a stub. The caller owns it. */
struct job *cmd_load_job(const char *recipe_path, const char *stub_folder, struct err *e);

/* Prints the mistakes of a recipe or station file on standard error. */
struct doc_report;
void cmd_print_mistakes(const char *path, const struct doc_report *report);

/* Prints one line on standard output, with '?' for all that could steer a terminal: for texts from
 * a file or a device. `fmt` has no line end. */
void cmd_line(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Warns on standard error of each stub file that cannot be used. */
struct stub_set;
void cmd_warn_of_stubs(const struct stub_set *stubs);

/* Prints an error the way all commands do: sentence, then hint, on standard error. */
void cmd_print_err(const struct err *e);

/* The status that belongs to a failure of the command itself. */
enum exit_status cmd_status_of(const struct err *e);

/* One line for each command, for the screen. */
extern const struct cmd cmd_run, cmd_check, cmd_verify, cmd_ports, cmd_identify, cmd_history,
    cmd_lot, cmd_correct, cmd_audit, cmd_backup, cmd_export, cmd_stats, cmd_report, cmd_chips,
    cmd_stubs, cmd_recipe, cmd_station, cmd_slots, cmd_import, cmd_read, cmd_erase, cmd_monitor,
    cmd_doctor, cmd_nvs, cmd_unit;

#endif
