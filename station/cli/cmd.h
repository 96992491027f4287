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

/* What help says about the exit status of all commands, in whole lines. */
extern const char cmd_status_help[];

/* Takes the options out of argv and leaves the plain arguments in `args` (at most `cap`). An
 * option's value may follow as the next argument or behind `=`. Without --db the record is that of
 * the station file, if it names one. Refuses arguments that hold control
 * characters. Prints help for --help and the mistake for anything wrong, naming the nearest option;
 * false then, with *status set. */
bool cmd_parse(const struct cmd *cmd, const struct option_row *rows, size_t row_count, int argc,
               char **argv, const char **args, size_t cap, size_t *arg_count,
               enum exit_status *status);

/* Prints whole lines behind the options of a command's help: when cmd_parse has ended with
 * EXIT_PASSED. */
void cmd_say_more(const char *lines);

/* Whether exactly the one argument came that the command needs; says so if not. */
bool cmd_one_argument(const struct cmd *cmd, const char *what, size_t count);

/* Loads a job and prints all mistakes of its recipe on standard error; also that the ROM must write
 * for want of a stub. The caller owns it. */
struct job *cmd_load_job(const char *recipe_path, const char *stub_folder, struct err *e);

/* The same for what is going to be flashed: where the station file (`station_given`: behind
 * --station; NULL: not given) asks for signatures, the recipe must have one. */
struct job *cmd_load_signed_job(const char *recipe_path, const char *stub_folder,
                                const char *station_given, struct err *e);

/* Prints one line on standard output, with '?' for all that could steer a terminal: for texts from
 * a file or a device. `fmt` has no line end. */
void cmd_tell(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* What is said of a stub that is in no list of releases, without its full stop. */
#define CMD_STUB_UNKNOWN                                                                           \
    "of a release that this espstation does not know: try one board before a lot"

/* Warns on standard error of each stub file that cannot be used. */
struct stub_set;
void cmd_warn_of_stubs(const struct stub_set *stubs);

/* Prints an error the way all commands do: sentence, then hint, on standard error. */
void cmd_print_err(const struct err *e);

/* The status that belongs to a failure of the command itself. */
enum exit_status cmd_status_of(const struct err *e);

/* Takes the options of commands. */
struct cmd_sink {
    void *ctx;
    void (*take)(void *ctx, const struct cmd *cmd, const struct option_row *rows, size_t count);
    void (*more)(void *ctx, const char *lines); /* behind them, at most once */
};

/* Hands the option table of a command to the sink, once, and what cmd_say_more would print; runs
 * nothing. The rows live during the call. One thread. */
void cmd_describe(const struct cmd *cmd, const struct cmd_sink *sink);

#define COMMAND(name) extern const struct cmd cmd_##name;
#include "station/cli/commands_list.h"
#undef COMMAND

#endif
