/* espstation import: a recipe from what a build leaves behind, or from a flashing command. */
#include "station/cli/cmd.h"

#include "core/base/plain.h"
#include "station/import/import.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WORDS_MAX 512

struct import_options {
    const char *out_path, *chip;
    bool overwrite;
};

/* ---- What is given ---- */

/* A whole command, or a text with one, pasted between quotes; else words. */
static bool import_any(struct import *im, const char *const *words, size_t count, struct err *e)
{
    if (count == 1 && (import_is_folder(words[0]) || import_is_file("", words[0])))
        return import_path(im, words[0], e);
    if (count == 1 && strpbrk(words[0], " \t\n"))
        return import_pasted(im, "", words[0], e);
    return import_command(im, "", words, count, e);
}

/* ---- What comes out ---- */

/* What stays behind is said, and not only written. */
static void say_notes(const struct import *im)
{
    for (size_t i = 0; i < im->note_count; i++) {
        plain_make(im->notes[i]);
        fprintf(stderr, "Not carried over: %s.\n", im->notes[i]);
    }
    if (im->notes_lost)
        fprintf(stderr, "Not carried over: more than can be told here.\n");
}

/* Read back as `run` will read it, before anybody relies on it. */
static bool check(const char *path, const char *text, struct err *e)
{
    struct doc_report *report = calloc(1, sizeof *report);
    struct recipe *recipe = NULL;
    char line[1024];
    const char *slash = path ? strrchr(path, '/') : NULL;
    char *folder = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup("");
    bool ok = report && folder &&
              recipe_parse(path ? path : "recipe", text, strlen(text), folder, &recipe, report, e);
    for (size_t i = 0; report && i < report->kept; i++)
        fprintf(stderr, "%s\n",
                doc_mistake_text(path ? path : "recipe", &report->mistakes[i], line, sizeof line));
    if (!report || !folder)
        err_set(e, ERR_STATION, "Out of memory");
    else if (!ok)
        err_hint(e, "What was imported makes no recipe; see the lines above.");
    recipe_free(recipe);
    free(report);
    free(folder);
    return ok;
}

/* A recipe that somebody has worked on is not written over by mistake. */
static bool write_file(const struct import_options *o, const char *text, struct err *e)
{
    int flags = O_WRONLY | O_CREAT | O_CLOEXEC | (o->overwrite ? O_TRUNC : O_EXCL);
    int fd = open(o->out_path, flags, 0666);
    if (fd < 0 && errno == EEXIST) {
        err_set(e, ERR_USAGE, "'%.150s' is there already", o->out_path);
        return err_hint(e, "Give another name, or --overwrite if its content is not needed.");
    }
    FILE *out = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (!out && fd >= 0)
        close(fd);
    bool ok = out && fputs(text, out) >= 0;
    ok = out && fclose(out) == 0 && ok;
    return ok || err_set_sys(e, ERR_USAGE, errno, "'%.150s' cannot be written", o->out_path);
}

static bool write_out(struct import *im, const struct import_options *o, const char *text,
                      struct err *e)
{
    say_notes(im);
    if (!o->out_path) {
        fputs(text, stdout);
        return true;
    }
    if (!write_file(o, text, e))
        return false;
    printf("%s: a recipe for %s, %zu image%s pinned", o->out_path, im->chip->name, im->image_count,
           im->image_count == 1 ? "" : "s");
    printf(".\nNext: espstation check %s\n", o->out_path);
    return true;
}

static bool import_to(const struct import_options *o, const char *const *words, size_t count,
                      struct err *e)
{
    bool ok = false;
    char *text = NULL;
    struct import *im = calloc(1, sizeof *im);
    if (!im)
        return err_set(e, ERR_STATION, "Out of memory");
    if ((!o->chip || import_global_option(im, "--chip", o->chip, e)) &&
        import_any(im, words, count, e))
        text = import_recipe(im, o->out_path, e);
    if (text)
        ok = check(o->out_path, text, e) && write_out(im, o, text, e);
    free(text);
    import_done(im);
    free(im);
    return ok;
}

static enum exit_status import(int argc, char **argv)
{
    struct import_options o = { 0 };
    const struct option_row rows[] = {
        { "-o", "FILE", "where to write the recipe; - or nothing: standard output", NULL,
          &o.out_path, NULL },
        { "--chip", "NAME", "the chip, where the images do not tell", NULL, &o.chip, NULL },
        { "--overwrite", NULL, "write the file even if it is there", &o.overwrite, NULL, NULL },
    };
    const char *words[WORDS_MAX];
    enum exit_status status;
    struct err e = { 0 };
    size_t count;
    if (!cmd_parse(&cmd_import, rows, sizeof rows / sizeof rows[0], argc, argv, words, WORDS_MAX,
                   &count, &status))
        return status;
    if (count == 0) {
        fprintf(stderr, "espstation import: a build folder, or a command behind --, is missing\n"
                        "See: espstation import --help\n");
        return EXIT_USAGE;
    }
    if (o.out_path && strcmp(o.out_path, "-") == 0)
        o.out_path = NULL;
    if (import_to(&o, words, count, &e))
        return EXIT_PASSED;
    cmd_print_err(&e);
    return cmd_status_of(&e);
}

const struct cmd cmd_import = { "import", "FOLDER | FILE | -- COMMAND",
                                "Makes a recipe from a build (ESP-IDF, PlatformIO, Arduino, ESP "
                                "Web Tools) or a command.",
                                import };
