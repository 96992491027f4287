/*
 * The options of esptool: versions 4 (underscores) and 5 (dashes) spell the same ones.
 *
 * Every option has a row that says what becomes of it. One that changes which bytes reach the flash
 * and has no place in a recipe is refused; one that only changes how they get there becomes a note.
 */
#include "core/base/err.h"
#include "core/base/nearest.h"
#include "station/import/esptool_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_BYTES IMPORT_COMMAND_BYTES

enum meaning {
    MEANS_CHIP,
    MEANS_BAUD,
    MEANS_BEFORE,
    MEANS_AFTER,
    MEANS_ATTEMPTS,
    MEANS_ROM,
    MEANS_MODE,
    MEANS_FREQ,
    MEANS_SIZE,
    MEANS_ERASE_ALL,
    MEANS_SAME,  /* what the station does anyway */
    MEANS_NOTE,  /* `why` tells what happens instead */
    MEANS_REFUSE /* `why` tells why */
};

enum takes { TAKES_NONE, TAKES_ONE, TAKES_MANY };

struct option {
    const char *name, *brief; /* with dashes; brief NULL: has none */
    enum takes takes;
    enum meaning meaning;
    const char *why;
};

#define SCREEN "the station's own screen shows what goes on"

static const struct option global_options[] = {
    { "--chip", "-c", TAKES_ONE, MEANS_CHIP, NULL },
    { "--port", "-p", TAKES_ONE, MEANS_NOTE, "a recipe names no port; give it to espstation run" },
    { "--port-filter", NULL, TAKES_ONE, MEANS_NOTE,
      "a recipe names no port; give it to espstation run" },
    { "--baud", "-b", TAKES_ONE, MEANS_BAUD, NULL },
    { "--before", NULL, TAKES_ONE, MEANS_BEFORE, NULL },
    { "--after", "-a", TAKES_ONE, MEANS_AFTER, NULL },
    { "--no-stub", NULL, TAKES_NONE, MEANS_ROM, NULL },
    { "--stub-version", NULL, TAKES_ONE, MEANS_NOTE,
      "the station has its own stubs; see run --stubs" },
    { "--connect-attempts", NULL, TAKES_ONE, MEANS_ATTEMPTS, NULL },
    { "--trace", "-t", TAKES_NONE, MEANS_NOTE, SCREEN },
    { "--verbose", "-v", TAKES_NONE, MEANS_NOTE, SCREEN },
    { "--silent", "-s", TAKES_NONE, MEANS_NOTE, SCREEN },
    { "--override-vddsdio", NULL, TAKES_ONE, MEANS_REFUSE,
      "the station does not change the voltage of the flash" },
};

static const struct option write_options[] = {
    { "--flash-mode", "-fm", TAKES_ONE, MEANS_MODE, NULL },
    { "--flash-freq", "-ff", TAKES_ONE, MEANS_FREQ, NULL },
    { "--flash-size", "-fs", TAKES_ONE, MEANS_SIZE, NULL },
    { "--erase-all", "-e", TAKES_NONE, MEANS_ERASE_ALL, NULL },
    { "--compress", "-z", TAKES_NONE, MEANS_SAME, NULL },
    { "--verify", NULL, TAKES_NONE, MEANS_SAME, NULL },
    { "--no-compress", "-u", TAKES_NONE, MEANS_NOTE,
      "the station compresses wherever the chip inflates" },
    { "--no-progress", "-p", TAKES_NONE, MEANS_NOTE, SCREEN },
    { "--force", NULL, TAKES_NONE, MEANS_NOTE, "what the station's checks forbid stays forbidden" },
    { "--ignore-flash-enc-efuse", NULL, TAKES_NONE, MEANS_NOTE,
      "see the key `encrypted` for boards whose flash encryption is on" },
    { "--ignore-flash-encryption-efuse-setting", NULL, TAKES_NONE, MEANS_NOTE,
      "see the key `encrypted` for boards whose flash encryption is on" },
    { "--skip-flashed", NULL, TAKES_NONE, MEANS_NOTE, "the station writes every image" },
    { "--diff-with", NULL, TAKES_MANY, MEANS_NOTE, "the station writes every image as a whole" },
    { "--trust-flash-content", NULL, TAKES_NONE, MEANS_NOTE,
      "the station asks the chip what its flash holds" },
    { "--encrypt", NULL, TAKES_NONE, MEANS_REFUSE, "the station does not let the chip encrypt" },
    { "--encrypt-files", NULL, TAKES_ONE, MEANS_REFUSE,
      "the station does not let the chip encrypt" },
    { "--spi-connection", "-sc", TAKES_ONE, MEANS_REFUSE,
      "the station writes to the flash that the chip starts from, not to one at other pins" },
};

#define GLOBAL_COUNT (sizeof global_options / sizeof global_options[0])
#define WRITE_COUNT  (sizeof write_options / sizeof write_options[0])

/* ---- What options mean ---- */

void import_with_dashes(const char *word, char *name, size_t cap)
{
    snprintf(name, cap, "%s", word);
    bool short_form = name[0] == '-' && name[1] != '-';
    for (char *p = name; !short_form && *p && *p != '='; p++) {
        if (*p == '_')
            *p = '-';
    }
}

static bool bad_value(const char *option, const char *value, const char *expected, struct err *e)
{
    err_set(e, ERR_USAGE, "%s has the value '%.40s'; expected %s", option, value, expected);
    return err_hint(e, "Correct the command line and import it again.");
}

static bool set_chip(struct import *im, const char *value, struct err *e)
{
    if (strcmp(value, "auto") == 0)
        return true; /* the images tell */
    const struct chip *chip = chip_by_name(value);
    if (chip && im->chip && im->chip != chip) {
        err_set(e, ERR_USAGE, "One place says %s, another one %s", im->chip->name, chip->name);
        return err_hint(e, "Correct the one that is wrong: --chip, or what is imported.");
    }
    im->chip = chip ? chip : im->chip;
    if (chip)
        return true;
    err_set(e, ERR_USAGE, "This station does not know the chip '%.40s'", value);
    return err_hint(e, "See: espstation chips");
}

static bool parse_count(const char *text, uint32_t max, uint32_t *count)
{
    char *end = NULL;
    unsigned long value = strtoul(text, &end, 10);
    *count = (uint32_t)value;
    return text[0] >= '0' && text[0] <= '9' && *end == '\0' && value <= max;
}

static bool set_baud(struct import *im, const char *value, struct err *e)
{
    return (parse_count(value, 5000000, &im->baud) && im->baud >= 9600) ||
           bad_value("--baud", value, "a rate from 9600 to 5000000", e);
}

/* 0 means for ever there, which no station may. */
static bool set_attempts(struct import *im, const char *value, struct err *e)
{
    uint32_t count;
    if (!parse_count(value, 1000000, &count))
        return bad_value("--connect-attempts", value, "a number", e);
    if (count == 0 || count > 21)
        import_note(im, "--connect-attempts %.10s: the station tries 21 times at most", value);
    im->attempts = count == 0 || count > 21 ? 21 : count;
    return true;
}

static bool set_before(struct import *im, const char *value, struct err *e)
{
    char word[NAME_BYTES];
    import_with_dashes(value, word, sizeof word);
    if (strcmp(word, "default-reset") == 0)
        return true;
    if (strcmp(word, "usb-reset") == 0)
        im->reset = "usb-jtag";
    else if (strcmp(word, "no-reset") == 0)
        im->reset = "none";
    else if (strcmp(word, "no-reset-no-sync") == 0)
        import_note(im, "--before %s: the station syncs with every board", word);
    else
        return bad_value("--before", value, "default-reset, usb-reset or no-reset", e);
    return true;
}

static bool set_after(struct import *im, const char *value, struct err *e)
{
    static const char *const others[] = { "no-reset", "no-reset-stub", "soft-reset",
                                          "watchdog-reset" };
    char word[NAME_BYTES];
    import_with_dashes(value, word, sizeof word);
    if (strcmp(word, "hard-reset") == 0)
        return true;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        if (strcmp(word, others[i]) == 0) {
            import_note(im, "--after %s: the station resets every board at the end; see port.after",
                        word);
            return true;
        }
    }
    return bad_value("--after", value, "hard-reset, soft-reset, no-reset or watchdog-reset", e);
}

/* "40m", "4MB": digits and a unit. */
static bool is_number_with(const char *value, const char *const *units, size_t count)
{
    size_t digits = strspn(value, "0123456789");
    for (size_t i = 0; i < count; i++) {
        if (digits > 0 && digits < 5 && strcmp(value + digits, units[i]) == 0)
            return true;
    }
    return false;
}

/* Sizes that also choose a memory map, and one too small for any recipe, stay as the image has
 * them. */
static bool set_size(struct import *im, const char *value, struct err *e)
{
    static const char *const units[] = { "KB", "MB" };
    bool mapped = strcmp(value, "2MB-c1") == 0 || strcmp(value, "4MB-c1") == 0;
    if (mapped || strcmp(value, "256KB") == 0) {
        import_note(im, "--flash-size %s: a recipe has no such size; the image's own stays", value);
        value = "keep";
    }
    if (strcmp(value, "keep") != 0 && strcmp(value, "detect") != 0 &&
        !is_number_with(value, units, 2))
        return bad_value("--flash-size", value, "a size as in 4MB, detect or keep", e);
    snprintf(im->size, sizeof im->size, "%s", value);
    return true;
}

static bool set_mode(struct import *im, const char *value, struct err *e)
{
    if (strcmp(value, "keep") != 0 && !chip_code_by_word(chip_modes, value))
        return bad_value("--flash-mode", value, "qio, qout, dio, dout or keep", e);
    snprintf(im->mode, sizeof im->mode, "%s", value);
    return true;
}

static bool set_freq(struct import *im, const char *value, struct err *e)
{
    static const char *const units[] = { "m" };
    if (strcmp(value, "keep") != 0 && !is_number_with(value, units, 1))
        return bad_value("--flash-freq", value, "a frequency as in 40m, or keep", e);
    snprintf(im->freq, sizeof im->freq, "%s", value);
    return true;
}

static bool refuse(const char *name, const char *why, struct err *e)
{
    err_set(e, ERR_USAGE, "%s cannot become part of a recipe: %s", name, why);
    return err_hint(e, "Leave it out if these boards do not need it.");
}

static bool note(struct import *im, const struct option *o, const char *value)
{
    import_note(im, "%s%s%.80s: %s", o->name, value ? " " : "", value ? value : "", o->why);
    return true;
}

static bool apply(struct import *im, const struct option *o, const char *value, struct err *e)
{
    switch (o->meaning) {
    case MEANS_CHIP:
        return set_chip(im, value, e);
    case MEANS_BAUD:
        return set_baud(im, value, e);
    case MEANS_BEFORE:
        return set_before(im, value, e);
    case MEANS_AFTER:
        return set_after(im, value, e);
    case MEANS_ATTEMPTS:
        return set_attempts(im, value, e);
    case MEANS_ROM:
        im->rom = true;
        return true;
    case MEANS_MODE:
        return set_mode(im, value, e);
    case MEANS_FREQ:
        return set_freq(im, value, e);
    case MEANS_SIZE:
        return set_size(im, value, e);
    case MEANS_ERASE_ALL:
        im->erase_all = true;
        return true;
    case MEANS_SAME:
        return true;
    case MEANS_NOTE:
        return note(im, o, value);
    case MEANS_REFUSE:
        break;
    }
    return refuse(o->name, o->why, e);
}

/* ---- Words ---- */

/* "-b460800": a value may stick to a single letter. */
static bool is_row(const struct option *o, const char *name, const char **value)
{
    size_t n = strcspn(name, "=");
    if (strncmp(name, "--", 2) == 0) {
        *value = name[n] == '=' ? name + n + 1 : NULL;
        return strlen(o->name) == n && strncmp(o->name, name, n) == 0;
    }
    *value = NULL;
    if (!o->brief || strcmp(o->brief, name) == 0)
        return o->brief != NULL;
    if (o->takes == TAKES_NONE || strlen(o->brief) != 2 || strncmp(o->brief, name, 2) != 0)
        return false;
    *value = name + 2;
    return true;
}

static const struct option *find_row(const struct option *rows, size_t count, const char *name,
                                     const char **value)
{
    for (size_t i = 0; i < count; i++) {
        if (is_row(&rows[i], name, value))
            return &rows[i];
    }
    return NULL;
}

static bool unknown(const struct option *rows, size_t count, const char *name, struct err *e)
{
    struct nearest near;
    nearest_init(&near, name);
    for (size_t i = 0; i < count; i++)
        nearest_offer(&near, rows[i].name, rows[i].name);
    err_set(e, ERR_USAGE, "The option '%.60s' is not known here%s%s%s", name,
            near.best ? "; did you mean '" : "", near.best ? near.best : "", near.best ? "'?" : "");
    return err_hint(e, "Leave it out, and set what it does by hand in the recipe.");
}

/* Files to compare with, one for each image, end where the next option or image begins. */
static void skip_more(struct import_line *l)
{
    while (l->at < l->count && l->words[l->at][0] != '-' && l->words[l->at][0] != '@' &&
           (l->words[l->at][0] < '0' || l->words[l->at][0] > '9'))
        l->at++;
}

static bool take_option(struct import_line *l, const struct option *rows, size_t count,
                        struct err *e)
{
    char name[1100];
    const char *value;
    import_with_dashes(l->words[l->at++], name, sizeof name);
    const struct option *o = find_row(rows, count, name, &value);
    if (!o)
        return unknown(rows, count, name, e);
    if (o->takes == TAKES_NONE)
        return value ? bad_value(o->name, value, "none", e) : apply(l->im, o, NULL, e);
    /* what is refused anyway needs no value to say so */
    if (!value && l->at < l->count && o->meaning != MEANS_REFUSE)
        value = l->words[l->at++];
    if (o->takes == TAKES_MANY)
        skip_more(l);
    if (value || o->meaning == MEANS_REFUSE)
        return apply(l->im, o, value, e);
    return err_set(e, ERR_USAGE, "A value is missing behind %s", o->name);
}

bool import_take_global(struct import_line *l, struct err *e)
{
    return take_option(l, global_options, GLOBAL_COUNT, e);
}

bool import_global_option(struct import *im, const char *option, const char *value, struct err *e)
{
    const char *ignored;
    const struct option *o = find_row(global_options, GLOBAL_COUNT, option, &ignored);
    return o ? apply(im, o, value, e) : unknown(global_options, GLOBAL_COUNT, option, e);
}

static bool take_image(struct import_line *l, struct err *e)
{
    uint32_t offset_addr;
    const char *offset = l->words[l->at++];
    if (!import_parse_offset(offset, &offset_addr, e))
        return false;
    if (l->at == l->count)
        return err_set(e, ERR_USAGE, "A file is missing behind the offset %.40s", offset);
    return import_add_image(l->im, l->folder, l->words[l->at++], offset_addr, e);
}

/* The content of @file; such a file names no further ones. Files in it are seen from the same
 * folder as those outside. */
static bool take_args_file(struct import_line *l, struct err *e)
{
    struct import_words *words = calloc(1, sizeof *words);
    char *path = import_join(l->folder, l->words[l->at++] + 1, e);
    char *text = NULL;
    size_t n;
    bool there, ok = false;
    if (!words)
        err_set(e, ERR_STATION, "Out of memory");
    if (!words || !path)
        goto out;
    text = import_read_text(path, &n, &there, e);
    if (!text && !there)
        err_set(e, ERR_USAGE, "The file of arguments '%.120s' is not there", path);
    if (!text || !import_split(text, words, e))
        goto out;
    for (size_t i = 0; i < words->count; i++) {
        if (words->items[i][0] == '@') {
            err_set(e, ERR_USAGE, "'%.120s' names another file of arguments, '%.60s'", path,
                    words->items[i]);
            goto out;
        }
    }
    ok = import_write_flash(l->im, l->folder, (const char *const *)words->items, words->count, e);
out:
    if (words)
        import_words_done(words);
    free(words);
    free(path);
    free(text);
    return ok;
}

bool import_take_write_words(struct import_line *l, struct err *e)
{
    while (l->at < l->count) {
        const char *word = l->words[l->at];
        if (!(word[0] == '@'   ? take_args_file(l, e)
              : word[0] == '-' ? take_option(l, write_options, WRITE_COUNT, e)
                               : take_image(l, e)))
            return false;
    }
    return true;
}

bool import_write_flash(struct import *im, const char *folder, const char *const *words,
                        size_t count, struct err *e)
{
    struct import_line l = { .im = im, .folder = folder, .words = words, .count = count };
    return import_take_write_words(&l, e);
}
