/*
 * Command lines of esptool, alone or in a text: a line of a script, what a build prints at its end,
 * what an IDE shows while it uploads.
 *
 * Who starts esptool changes nothing about the bytes that reach the flash, so the words in front of
 * it (sudo, uv run, py -3, an interpreter and its options) are passed over. What does change them
 * is followed: another folder, its variables of the environment, an erase before, a second command.
 */
#include "core/base/err.h"
#include "station/import/esptool_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One text, command by command. */
struct script {
    struct import *im;
    const char *from;   /* the folder that the text is seen from; "" is the current one */
    char *folder;       /* that its commands run in */
    size_t commands;    /* that write, and were read */
    bool alternative;   /* the line before said "or": instead of the last command, not after it */
    bool erase;         /* a command of its own erased the whole flash */
    struct err refused; /* the last command that writes, until an alternative is read */
    struct err other;   /* what else was like a command and is none that writes */
};

/* ---- Names ---- */

static bool is_esptool(const char *word)
{
    static const char *const names[] = { "esptool", "esptool.py", "esptool.exe", "upload.py" };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(import_base_name(word), names[i]) == 0)
            return true;
    }
    return false;
}

/* A wrapper of the ESP8266's Arduino core around esptool; it has words and a rate of its own. */
static bool is_upload_py(const char *word)
{
    return strcmp(import_base_name(word), "upload.py") == 0;
}

static bool is_command(const char *word, const char *name)
{
    char dashes[IMPORT_COMMAND_BYTES];
    import_with_dashes(word, dashes, sizeof dashes);
    return strcmp(dashes, name) == 0;
}

/* Where the word is, else `count`. */
static size_t find_command(const char *const *words, size_t count, const char *name)
{
    size_t at = 0;
    while (at < count && !is_command(words[at], name))
        at++;
    return at;
}

/* The program that gets the command at `end`, `count` if there is none: the last one of that name,
 * since a word before it can be a package (uv run --with esptool esptool ...). Without a command
 * the first one. */
static size_t find_program(const char *const *words, size_t count, size_t end)
{
    size_t found = count;
    for (size_t i = 0; i < end && (end < count || found == count); i++) {
        if (is_esptool(words[i]))
            found = i;
    }
    return found;
}

/* ---- In front of the program ---- */

/* Variables that esptool reads as defaults of its options. */
static bool take_variable(struct import *im, const char *word, struct err *e)
{
    static const struct {
        const char *name, *option;
        bool of_write;
    } rows[] = {
        { "ESPTOOL_CHIP=", "--chip", false },
        { "ESPTOOL_PORT=", "--port", false },
        { "ESPTOOL_BAUD=", "--baud", false },
        { "ESPTOOL_BEFORE=", "--before", false },
        { "ESPTOOL_AFTER=", "--after", false },
        { "ESPTOOL_FM=", "--flash-mode", true },
        { "ESPTOOL_FF=", "--flash-freq", true },
        { "ESPTOOL_FS=", "--flash-size", true },
        { "ESPTOOL_CONNECT_ATTEMPTS=", "--connect-attempts", false },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t n = strlen(rows[i].name);
        const char *const pair[] = { rows[i].option, word + n };
        if (strncmp(word, rows[i].name, n) != 0)
            continue;
        return rows[i].of_write ? import_write_flash(im, "", pair, 2, e)
                                : import_global_option(im, pair[0], pair[1], e);
    }
    return true;
}

static bool take_variables(struct import *im, const char *const *words, size_t count, struct err *e)
{
    for (size_t i = 0; i < count; i++) {
        if (!take_variable(im, words[i], e))
            return false;
    }
    return true;
}

/* ---- Between the program and its command ---- */

static bool refuse_region(struct err *e)
{
    err_set(e, ERR_USAGE,
            "erase-region cannot become part of a recipe: the station erases what it "
            "writes, or the whole flash");
    return err_hint(e, "Leave it out, and write `erase: all` into the recipe if it is needed.");
}

/* Its words stand between the options. The fast rate of this chip's IDE is one that it lowers. */
static bool take_upload_word(struct import_line *l, struct err *e)
{
    const char *word = l->words[l->at];
    if (is_command(word, "erase-region"))
        return refuse_region(e);
    if (is_command(word, "erase-flash"))
        l->im->erase_all = true;
    else if (word[0] != '\0' && strcmp(word, "--end") != 0)
        return false;
    l->at++;
    return true;
}

/* Some builds print the chip without its option: esptool.py esp32c3 -p PORT ... */
static bool take_bare_chip(struct import_line *l, struct err *e)
{
    return chip_by_name(l->words[l->at]) &&
           import_global_option(l->im, "--chip", l->words[l->at++], e);
}

static bool take_globals(struct import_line *l, bool upload_py, struct err *e)
{
    bool ok = true;
    while (ok && l->at < l->count && !is_command(l->words[l->at], "write-flash")) {
        if (upload_py && take_upload_word(l, e))
            continue;
        if (e->code != ERR_NONE)
            return false;
        if (l->words[l->at][0] == '-' && l->words[l->at][1] != '\0')
            ok = import_take_global(l, e);
        else if (!take_bare_chip(l, e))
            return e->code == ERR_NONE;
    }
    if (upload_py && l->im->baud == 921600)
        l->im->baud = 460800;
    return ok;
}

/* ---- One command ---- */

/* esptool [options] write-flash ..., from the program on. */
static bool take_esptool(struct script *s, const char *const *words, size_t count, struct err *e)
{
    struct import_line l = { .im = s->im, .folder = s->folder, .words = words, .count = count };
    bool upload_py = is_upload_py(words[l.at++]);
    while (l.count > 0 && upload_py &&
           (l.words[l.count - 1][0] == '\0' || strcmp(l.words[l.count - 1], "--end") == 0))
        l.count--;
    if (l.at < l.count && strcmp(l.words[l.at], "--") == 0)
        l.at++;
    if (!take_globals(&l, upload_py, e))
        return false;
    if (l.at == l.count)
        return err_set(e, ERR_USAGE, "The command line has no write-flash");
    if (!is_command(l.words[l.at], "write-flash")) {
        err_set(e, ERR_USAGE, "'%.60s' is not write-flash, and nothing else makes a recipe",
                l.words[l.at]);
        return err_hint(e, "Give the command that writes the images.");
    }
    l.at++;
    return import_take_write_words(&l, e) &&
           (s->im->image_count > 0 || err_set(e, ERR_USAGE, "The command line writes no file"));
}

static bool set_folder(struct script *s, const char *folder, struct err *e)
{
    char *path = import_join(s->folder, folder, e);
    if (!path)
        return false;
    free(s->folder);
    s->folder = path;
    return true;
}

/* Something like a command that does not write: what is wrong with it matters only where no other
 * one writes, and nothing of it gets into the recipe. */
static bool take_other(struct script *s, const char *const *words, size_t count, struct err *e)
{
    struct import *scratch = calloc(1, sizeof *scratch);
    struct script other = { .im = scratch, .folder = s->folder };
    if (!scratch)
        return err_set(e, ERR_STATION, "Out of memory for the import");
    if (s->other.code == ERR_NONE)
        (void)take_esptool(&other, words, count, &s->other);
    import_done(scratch);
    free(scratch);
    return true;
}

static bool take_writing(struct script *s, const char *const *words, size_t count, size_t program,
                         struct err *e)
{
    size_t images = s->im->image_count;
    if (s->alternative && s->commands > 0)
        return true;
    if (s->refused.code != ERR_NONE && !s->alternative)
        return false;
    s->refused = (struct err){ 0 };
    if (take_variables(s->im, words, program, &s->refused) &&
        take_esptool(s, words + program, count - program, &s->refused)) {
        s->commands++;
        return true;
    }
    while (s->im->image_count > images)
        free(s->im->images[--s->im->image_count].path);
    if (s->refused.code == ERR_STATION)
        *e = s->refused;
    return s->refused.code != ERR_STATION;
}

/* A command of a line: what stands between two && of it. */
static bool take_one(struct script *s, const char *const *words, size_t count, struct err *e)
{
    size_t end = find_command(words, count, "write-flash");
    size_t program = find_program(words, count, end);
    if (count == 2 && strcmp(words[0], "cd") == 0)
        return set_folder(s, words[1], e);
    if (program == count)
        return true;
    if (end < count)
        return take_writing(s, words, count, program, e);
    if (find_command(words, count, "erase-region") < count)
        return refuse_region(e);
    s->erase = s->erase || find_command(words, count, "erase-flash") < count;
    return take_other(s, words + program, count - program, e);
}

static bool is_operator(const char *word)
{
    static const char *const operators[] = { "&&", "||", ";", "|", "&", ">", ">>", "2>", "2>&1" };
    for (size_t i = 0; i < sizeof operators / sizeof operators[0]; i++) {
        if (strcmp(word, operators[i]) == 0)
            return true;
    }
    return false;
}

static bool take_words(struct script *s, const char *const *words, size_t count, struct err *e)
{
    for (size_t from = 0, at = 0; at <= count; at++) {
        if (at < count && !is_operator(words[at]))
            continue;
        if (!take_one(s, words + from, at - from, e))
            return false;
        from = at + 1;
    }
    return true;
}

/* ---- Whole inputs ---- */

static bool begin(struct script *s, struct import *im, const char *folder, struct err *e)
{
    *s = (struct script){ .im = im, .from = folder, .folder = strdup(folder) };
    snprintf(im->source, sizeof im->source, "a command line of esptool");
    return s->folder || err_set(e, ERR_STATION, "Out of memory for the import");
}

static bool is_builder(const char *word, size_t n)
{
    static const char *const names[] = { "idf.py", "pio", "platformio", "arduino-cli" };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strlen(names[i]) == n && strncmp(word, names[i], n) == 0)
            return true;
    }
    return false;
}

/* `first`: the beginning of what was given. */
static bool finish(struct script *s, bool ok, const char *first, struct err *e)
{
    s->im->erase_all = s->im->erase_all || s->erase;
    free(s->folder);
    if (s->refused.code != ERR_NONE)
        *e = s->refused;
    else if (ok && s->commands > 0)
        return true;
    else if (ok && s->other.code != ERR_NONE)
        *e = s->other;
    else if (ok) {
        int n = (int)strcspn(first, " \t\r\n");
        err_set(e, ERR_USAGE, "'%.*s' is neither a folder nor a command of esptool",
                n < 80 ? n : 80, first);
        if (is_builder(first, (size_t)n))
            err_hint(e, "Build, and import the folder: espstation import .");
        else
            import_hint_kinds(e);
    }
    return false;
}

bool import_command(struct import *im, const char *folder, const char *const *words, size_t count,
                    struct err *e)
{
    struct script s;
    bool ok = begin(&s, im, folder, e) && take_words(&s, words, count, e);
    return finish(&s, ok, count > 0 ? words[0] : "", e);
}

/* ---- Texts ---- */

/* A command goes on behind a backslash (shells), a caret (Windows), a grave accent (PowerShell). */
static char *join_lines(const char *text, struct err *e)
{
    char *whole = strdup(text);
    if (!whole)
        err_set(e, ERR_STATION, "Out of memory for the import");
    for (char *p = whole; p && *p; p++) {
        size_t ending = p[1] == '\n' ? 1 : p[1] == '\r' && p[2] == '\n' ? 2 : 0;
        if (ending > 0 && strchr("\\^`", *p))
            memset(p, ' ', ending + 1);
    }
    return whole;
}

static bool goes_on(const char *line)
{
    line += strspn(line, " \t");
    return (line[0] == '-' && line[1] != '-' && line[1] != ' ') || strncmp(line, "--", 2) == 0 ||
           strncmp(line, "0x", 2) == 0 || line[0] == '@' || strncmp(line, "write_flash", 11) == 0 ||
           strncmp(line, "write-flash", 11) == 0;
}

static bool names_esptool(const char *line)
{
    return strstr(line, "esptool") || strstr(line, "upload.py");
}

/* Cuts the next line off `*at`, with those that a terminal or a page has broken off it. */
static char *next_line(char **at)
{
    char *line = *at, *end = line + strcspn(line, "\n");
    while (names_esptool(line) && *end == '\n' && goes_on(end + 1)) {
        *end = ' ';
        end += strcspn(end, "\n");
    }
    *at = *end ? end + 1 : end;
    *end = '\0';
    return line;
}

/* "Running ninja in directory /x/build", "or from the "/x/build" directory". One that is not on
 * this machine is passed over: its files may be here under the same names. */
static bool take_directory(struct script *s, const struct import_words *words, struct err *e)
{
    for (size_t i = 1; i < words->count; i++) {
        if (strcmp(words->items[i], "directory") != 0)
            continue;
        char *path = import_join(s->from, words->items[i + 1 < words->count ? i + 1 : i - 1], e);
        if (path && import_is_folder(path)) {
            free(s->folder);
            s->folder = path;
            return true;
        }
        free(path);
        return path != NULL;
    }
    return true;
}

static bool take_split(struct script *s, const char *line, const struct import_words *words,
                       struct err *e)
{
    bool ok = names_esptool(line)
                  ? take_words(s, (const char *const *)words->items, words->count, e)
                  : take_directory(s, words, e);
    if (words->count > 0)
        s->alternative = strcmp(words->items[0], "or") == 0;
    return ok;
}

/* Where a quote stays open in a line without a command, it is prose. */
static bool take_line(struct script *s, const char *line, struct err *e)
{
    struct import_words *words = calloc(1, sizeof *words);
    struct err quote = { 0 };
    if (!words)
        return err_set(e, ERR_STATION, "Out of memory for the import");
    bool ok = import_split(line, words, &quote);
    if (ok)
        ok = take_split(s, line, words, e);
    else if (!names_esptool(line) && quote.code != ERR_STATION)
        ok = true;
    else
        *e = quote;
    import_words_done(words);
    free(words);
    return ok;
}

bool import_pasted(struct import *im, const char *folder, const char *text, struct err *e)
{
    struct script s = { .im = im };
    char *whole = join_lines(text, e), *at = whole;
    bool ok = whole && begin(&s, im, folder, e);
    while (ok && *at)
        ok = take_line(&s, next_line(&at), e);
    ok = finish(&s, ok, text, e);
    free(whole);
    return ok;
}
