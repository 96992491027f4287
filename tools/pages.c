/*
 * Writes the manual pages and the completions of bash and zsh, out of the tables that the program
 * itself works by: pages FOLDER. It is linked with the program's own archive.
 *
 *   FOLDER/man1/espstation.1, espstation-COMMAND.1   FOLDER/bash/espstation
 *   FOLDER/man5/espstation-recipe.5, -station.5      FOLDER/zsh/_espstation
 */
#include "recipes/recipe.h"
#include "recipes/station/station_file.h"
#include "station/cli/cmd.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const struct cmd *const commands[] = {
#define COMMAND(name) &cmd_##name,
#include "station/cli/commands_list.h"
#undef COMMAND
};
#define COMMAND_COUNT (sizeof commands / sizeof commands[0])

static const char *folder;

static void die(const char *what)
{
    fprintf(stderr, "pages: %s: %s\n", what, strerror(errno));
    exit(1);
}

static FILE *begin(const char *section, const char *name)
{
    char path[4096];
    int n = snprintf(path, sizeof path, "%s/%s", folder, section);
    if (n < 0 || (size_t)n + strlen(name) + 2 > sizeof path)
        die("a name too long");
    if (mkdir(path, 0755) != 0 && errno != EEXIST)
        die(path);
    snprintf(path + n, sizeof path - (size_t)n, "/%s", name);
    FILE *out = fopen(path, "w");
    if (!out)
        die(path);
    return out;
}

static void end(FILE *out)
{
    if (fclose(out) != 0)
        die("writing");
}

/* ---- Manual pages ---- */

/* groff_char(7): a bare minus is a hyphen, a backslash begins an escape, and a line that begins
 * with a dot or an apostrophe is a request. */
static void roff(FILE *out, const char *text)
{
    if (*text == '.' || *text == '\'')
        fputs("\\&", out);
    for (; *text; text++) {
        if (*text == '-')
            fputs("\\-", out);
        else if (*text == '\\')
            fputs("\\e", out);
        else
            putc(*text, out);
    }
}

static void roff_lines(FILE *out, const char *text)
{
    char line[512];
    fputs(".nf\n", out);
    while (*text) {
        size_t n = strcspn(text, "\n");
        snprintf(line, sizeof line, "%.*s", (int)n, text);
        roff(out, line);
        putc('\n', out);
        text += n + (text[n] == '\n');
    }
    fputs(".fi\n", out);
}

static void man_head(FILE *out, const char *name, const char *section, const char *what)
{
    fprintf(out,
            ".\\\" Made by tools/pages.c from the tables of the program.\n"
            ".TH %s %s \"\" \"espstation %s\"\n.SH NAME\n%s \\- ",
            name, section, ESPSTATION_VERSION, name);
    roff(out, what);
    putc('\n', out);
}

/* "Lists the ports." as "lists the ports": what apropos shows begins so. */
static const char *as_phrase(const char *sentence, char *text, size_t cap)
{
    snprintf(text, cap, "%s", sentence);
    text[0] = (char)tolower((unsigned char)text[0]);
    size_t n = strlen(text);
    if (n > 0 && text[n - 1] == '.')
        text[n - 1] = '\0';
    return text;
}

static void man_option(FILE *out, const struct option_row *row)
{
    fputs(".TP\n\\fB", out);
    roff(out, row->name);
    fputs("\\fR", out);
    if (row->value)
        fprintf(out, " \\fI%s\\fR", row->value);
    putc('\n', out);
    roff(out, row->help);
    putc('\n', out);
}

static void man_rows(void *ctx, const struct cmd *cmd, const struct option_row *rows, size_t count)
{
    FILE *out = ctx;
    (void)cmd;
    if (count > 0)
        fputs(".SH OPTIONS\n", out);
    for (size_t i = 0; i < count; i++)
        man_option(out, &rows[i]);
}

static void man_more(void *ctx, const char *lines)
{
    fputs(".SH EXAMPLES AND NOTES\n", ctx);
    roff_lines(ctx, lines + (*lines == '\n'));
}

static void man_of_command(const struct cmd *cmd)
{
    char name[64], file[80], phrase[256];
    snprintf(name, sizeof name, "espstation-%s", cmd->name);
    snprintf(file, sizeof file, "%s.1", name);
    FILE *out = begin("man1", file);
    man_head(out, name, "1", as_phrase(cmd->help, phrase, sizeof phrase));
    fprintf(out, ".SH SYNOPSIS\n\\fBespstation %s\\fR ", cmd->name);
    roff(out, cmd->usage);
    fputs("\n.SH DESCRIPTION\n", out);
    roff(out, cmd->help);
    putc('\n', out);
    const struct cmd_sink sink = { out, man_rows, man_more };
    cmd_describe(cmd, &sink);
    fputs(".SH SEE ALSO\n.BR espstation (1),\n.BR espstation\\-recipe (5),\n"
          ".BR espstation\\-station (5)\n",
          out);
    end(out);
}

static void man_of_program(void)
{
    FILE *out = begin("man1", "espstation.1");
    man_head(out, "espstation", "1", "flashes many Espressif boards at once and keeps the record");
    fputs(".SH SYNOPSIS\n\\fBespstation\\fR \\fICOMMAND\\fR [\\fIARGUMENT\\fR ...]\n"
          ".SH COMMANDS\n",
          out);
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        fprintf(out, ".TP\n\\fB%s\\fR ", commands[i]->name);
        roff(out, commands[i]->usage);
        putc('\n', out);
        roff(out, commands[i]->help);
        fprintf(out, " See\n.BR espstation\\-%s (1).\n", commands[i]->name);
    }
    fputs(".SH EXIT STATUS\n", out);
    roff_lines(out, cmd_status_help);
    fputs(".SH SEE ALSO\n.BR espstation\\-recipe (5),\n.BR espstation\\-station (5)\n", out);
    end(out);
}

static bool roff_line(void *ctx, const char *line)
{
    roff(ctx, line);
    return putc('\n', (FILE *)ctx) != EOF;
}

typedef bool help_fn(enum doc_help_form form, bool (*emit)(void *context, const char *line),
                     void *context);

static void man_of_file(const char *name, const char *what, help_fn *help)
{
    char file[80];
    snprintf(file, sizeof file, "%s.5", name);
    FILE *out = begin("man5", file);
    man_head(out, name, "5", what);
    fputs(".SH DESCRIPTION\n.nf\n", out);
    help(DOC_HELP_PLAIN, roff_line, out);
    fputs(".fi\n.SH SEE ALSO\n.BR espstation (1)\n", out);
    end(out);
}

/* ---- What stands behind a command ---- */

/* Hands on the words of a usage line that are typed as they stand: "open|show" has two, and
 * "--slot NAME [options]" none. */
static void each_word(const char *usage, void (*take)(FILE *out, const char *word), FILE *out)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz";
    char word[32];
    for (size_t n; *usage; usage += n ? n : 1) {
        n = strspn(usage, *usage == '-' ? "-abcdefghijklmnopqrstuvwxyz" : letters);
        snprintf(word, sizeof word, "%.*s", (int)n, usage);
        if (n > 0 && *usage != '-' && strcmp(word, "options") != 0)
            take(out, word);
    }
}

static bool takes_files(const struct cmd *cmd)
{
    return strstr(cmd->usage, "RECIPE") || strstr(cmd->usage, "FILE") ||
           strstr(cmd->usage, "FOLDER");
}

enum value_kind { VALUE_OTHER, VALUE_FILE, VALUE_FOLDER, VALUE_PORT };

static enum value_kind kind_of(const struct option_row *row)
{
    if (strcmp(row->value, "FILE") == 0)
        return VALUE_FILE;
    if (strcmp(row->value, "DIR") == 0)
        return VALUE_FOLDER;
    return strcmp(row->value, "PORT") == 0 ? VALUE_PORT : VALUE_OTHER;
}

/* ---- bash ---- */

static void bash_word(FILE *out, const char *word)
{
    fprintf(out, "%s ", word);
}

/* The options of one kind as a pattern of case. */
static void bash_values(FILE *out, const struct option_row *rows, size_t count,
                        enum value_kind kind, const char *what)
{
    bool any = false;
    for (size_t i = 0; i < count; i++) {
        if (!rows[i].value || kind_of(&rows[i]) != kind)
            continue;
        fprintf(out, "%s%s", any ? "|" : "        ", rows[i].name);
        any = true;
    }
    if (any)
        fprintf(out, ") values=%s ;;\n", what);
}

static void bash_rows(void *ctx, const struct cmd *cmd, const struct option_row *rows, size_t count)
{
    FILE *out = ctx;
    fprintf(out, "    %s)\n        words=\"", cmd->name);
    each_word(cmd->usage, bash_word, out);
    for (size_t i = 0; i < count; i++)
        fprintf(out, "%s ", rows[i].name);
    fprintf(out, "--help\"\n        files=%s\n        case $2 in\n", takes_files(cmd) ? "1" : "");
    bash_values(out, rows, count, VALUE_FILE, "file");
    bash_values(out, rows, count, VALUE_FOLDER, "folder");
    bash_values(out, rows, count, VALUE_PORT, "port");
    bash_values(out, rows, count, VALUE_OTHER, "other");
    fputs("        esac\n        ;;\n", out);
}

static void no_more(void *ctx, const char *lines)
{
    (void)ctx, (void)lines;
}

static void bash_completion(void)
{
    FILE *out = begin("bash", "espstation");
    const struct cmd_sink sink = { out, bash_rows, no_more };
    fputs("# bash completion for espstation. Made by tools/pages.c from the tables of the "
          "program.\n\n"
          "_espstation_of() { # command, option in front\n    case $1 in\n",
          out);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        cmd_describe(commands[i], &sink);
    fputs("    esac\n}\n\n_espstation()\n{\n"
          "    local cur=${COMP_WORDS[COMP_CWORD]} words= files= values= commands=\"",
          out);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        fprintf(out, "%s ", commands[i]->name);
    fputs("help\"\n"
          "    COMPREPLY=()\n"
          "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
          "        mapfile -t COMPREPLY < <(compgen -W \"$commands --help --version\" -- "
          "\"$cur\")\n"
          "        return\n"
          "    fi\n"
          "    _espstation_of \"${COMP_WORDS[1]}\" \"${COMP_WORDS[COMP_CWORD-1]}\"\n"
          "    [ \"${COMP_WORDS[1]}\" = help ] && words=$commands\n"
          "    compopt -o filenames 2>/dev/null\n"
          "    case $values in\n"
          "    file) mapfile -t COMPREPLY < <(compgen -f -- \"$cur\") ;;\n"
          "    folder) mapfile -t COMPREPLY < <(compgen -d -- \"$cur\") ;;\n"
          "    port) mapfile -t COMPREPLY < <(compgen -G \"${cur:-/dev/serial/by-path/}*\"; "
          "[ -n \"$cur\" ] || compgen -G '/dev/tty[UA][SC][BM]*') ;;\n"
          "    other) ;;\n"
          "    *)  mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\"; "
          "[ -z \"$files\" ] || compgen -f -- \"$cur\") ;;\n"
          "    esac\n"
          "}\n\ncomplete -F _espstation espstation\n",
          out);
    end(out);
}

/* ---- zsh ---- */

/* Inside of single quotes, and inside of a spec of _arguments. */
static void zsh_text(FILE *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '\'')
            fputs("'\\''", out);
        else if (strchr("[]:\\", *text))
            fprintf(out, "\\%c", *text);
        else
            putc(*text, out);
    }
}

static void zsh_value(FILE *out, const struct option_row *row)
{
    static const char *const actions[] = {
        [VALUE_OTHER] = " ",
        [VALUE_FILE] = "_files",
        [VALUE_FOLDER] = "_files -/",
        [VALUE_PORT] = "_files -W /dev -P /dev/ -g \"(tty(USB|ACM)*|serial/by-path/*)\"",
    };
    fprintf(out, ":%s:%s", row->value, actions[kind_of(row)]);
}

static void zsh_word(FILE *out, const char *word)
{
    fprintf(out, "%s ", word);
}

static void zsh_rows(void *ctx, const struct cmd *cmd, const struct option_row *rows, size_t count)
{
    FILE *out = ctx;
    fprintf(out, "    (%s)\n        _arguments \\\n", cmd->name);
    for (size_t i = 0; i < count; i++) {
        fprintf(out, "            '%s%s[", rows[i].list ? "*" : "", rows[i].name);
        zsh_text(out, rows[i].help);
        putc(']', out);
        if (rows[i].value)
            zsh_value(out, &rows[i]);
        fputs("' \\\n", out);
    }
    fputs("            '--help[tells what there is]' \\\n            '*:argument:", out);
    if (takes_files(cmd))
        fputs("_files", out);
    else {
        fputs("(", out);
        each_word(cmd->usage, zsh_word, out);
        fputs(")", out);
    }
    fputs("'\n        ;;\n", out);
}

static void zsh_completion(void)
{
    FILE *out = begin("zsh", "_espstation");
    const struct cmd_sink sink = { out, zsh_rows, no_more };
    fputs("#compdef espstation\n# Made by tools/pages.c from the tables of the program.\n\n"
          "local -a commands\ncommands=(\n",
          out);
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        fprintf(out, "    '%s:", commands[i]->name);
        zsh_text(out, commands[i]->help);
        fputs("'\n", out);
    }
    fputs(")\nif (( CURRENT == 2 )); then\n    _describe command commands\n    return\nfi\n"
          "local command=$words[2]\nshift words\n(( CURRENT-- ))\ncase $command in\n"
          "    (help) _describe command commands ;;\n",
          out);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        cmd_describe(commands[i], &sink);
    fputs("esac\n", out);
    end(out);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: pages FOLDER\n");
        return 2;
    }
    folder = argv[1];
    man_of_program();
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        man_of_command(commands[i]);
    man_of_file("espstation-recipe", "what is flashed, and how", recipe_help);
    man_of_file("espstation-station", "the slots of a station, and its record", station_help);
    bash_completion();
    zsh_completion();
    return 0;
}
