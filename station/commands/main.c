/* espstation: the command line. Finds the subcommand in the table and hands over. */
#include "station/cli/cmd.h"

#include "core/base/nearest.h"
#include "core/loader/stub.h"
#include "station/base/letters.h"
#include "station/base/limits.h"
#include "station/base/std_streams.h"
#include "station/cli/habits.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

static const struct cmd *const commands[] = {
#define COMMAND(name) &cmd_##name,
#include "station/cli/commands_list.h"
#undef COMMAND
};

#define COMMAND_COUNT (sizeof commands / sizeof commands[0])

static void print_usage(FILE *out)
{
    fprintf(out, "espstation %s flashes many Espressif boards at once and keeps the record.\n\n",
            ESPSTATION_VERSION);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        fprintf(out, "  espstation %-9s %-22s %s\n", commands[i]->name, commands[i]->usage,
                commands[i]->help);
    fprintf(out, "\n`espstation COMMAND --help` tells more. %s", cmd_status_help);
}

static void print_version(void)
{
    struct err ignored = { 0 };
    struct stub_set *stubs = stub_set_new(NULL, &ignored);
    printf("espstation %s\n", ESPSTATION_VERSION);
    if (stub_set_count(stubs) > 0)
        printf("Built in: %zu flasher stubs of Espressif Systems (esp-flasher-stub, licensed under "
               "Apache-2.0 or MIT),\nas packed in esptool-js 0.7.0 (Apache-2.0).\n",
               stub_set_count(stubs));
    else
        printf("Built without flasher stubs: the ROM loaders are used.\n");
    stub_set_free(stubs);
}

static const struct cmd *find_command(const char *name)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    }
    return NULL;
}

static bool is_recipe_name(const char *word)
{
    const char *dot = strrchr(word, '.');
    return dot && (strcmp(dot, ".yaml") == 0 || strcmp(dot, ".yml") == 0);
}

static void print_unknown(const char *name)
{
    struct nearest near;
    const char *habit = habit_of_command(name);
    nearest_init(&near, name);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        nearest_offer(&near, commands[i]->name, commands[i]->name);
    fprintf(stderr, "espstation: there is no command '%s'", name);
    if (habit)
        fprintf(stderr, ". %s", habit);
    else if (is_recipe_name(name))
        fprintf(stderr, ". To flash boards by that recipe: espstation run %s", name);
    else if (near.best)
        fprintf(stderr, "; did you mean '%s'?", near.best);
    fprintf(stderr, "\nSee: espstation --help\n");
}

/* Other flashers take their options in front of the command. */
static void print_options_first(int argc, char **argv)
{
    for (int i = 2; i < argc; i++) {
        const char *habit = habit_of_command(argv[i]);
        if (!habit && !find_command(argv[i]))
            continue;
        fprintf(stderr, "espstation: the command comes first, and '%s' behind it", argv[1]);
        if (habit)
            fprintf(stderr, ". %s", habit);
        else
            fprintf(stderr, ": espstation %s %s ...", argv[i], argv[1]);
        fprintf(stderr, "\nSee: espstation --help\n");
        return;
    }
    print_unknown(argv[1]);
}

static enum exit_status obey(int argc, char **argv)
{
    if (argc < 2) {
        print_usage(stderr);
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "help") == 0 && argc == 3 && find_command(argv[2])) {
        char *asked[] = { argv[2], (char[]){ "--help" }, NULL };
        return find_command(argv[2])->run(2, asked);
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        print_usage(stdout);
        return EXIT_PASSED;
    }
    if (strcmp(argv[1], "--version") == 0) {
        print_version();
        return EXIT_PASSED;
    }
    const struct cmd *cmd = find_command(argv[1]);
    if (cmd)
        return cmd->run(argc - 1, argv + 1);
    if (argv[1][0] == '-')
        print_options_first(argc, argv);
    else
        print_unknown(argv[1]);
    return EXIT_USAGE;
}

int main(int argc, char **argv)
{
    struct err e = { 0 };
    std_streams_open();
    limits_share_heaps();
    /* A reader that goes away must not end a run; writes then fail and are passed over. */
    signal(SIGPIPE, SIG_IGN);
    letters_open();
    enum exit_status status = obey(argc, argv);
    /* Here for all commands. One that has failed so already has said more about it. */
    if (!std_streams_done(&e) && status != EXIT_STATION) {
        cmd_print_err(&e);
        status = EXIT_STATION;
    }
    return (int)status;
}
