/* espstation recipe: the reference of all keys, from the table that checks them. */
#include "station/cli/cmd.h"

#include "recipes/recipe.h"

#include <stdio.h>
#include <string.h>

static bool print_line(void *ctx, const char *line)
{
    (void)ctx;
    return puts(line) >= 0;
}

static enum exit_status recipe(int argc, char **argv)
{
    bool markdown = false;
    const struct option_row rows[] = {
        { "--markdown", NULL, "as a page for the documentation", &markdown, NULL, NULL },
    };
    enum exit_status status = EXIT_PASSED;
    size_t count;
    if (argc == 2 && strcmp(argv[1], "--help") == 0)
        argc = 1; /* the reference is this command's help */
    if (!cmd_parse(&cmd_recipe, rows, sizeof rows / sizeof rows[0], argc, argv, NULL, 0, &count,
                   &status))
        return status;
    recipe_help(markdown ? DOC_HELP_MARKDOWN : DOC_HELP_PLAIN, print_line, NULL);
    return EXIT_PASSED;
}

const struct cmd cmd_recipe = { "recipe", "--help", "Explains every key of a recipe.", recipe };
