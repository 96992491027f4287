/*
 * Templates: ZPL as people write it, read command by command.
 *
 * The commands, their defaults and their limits are those of Zebra's ZPL II programming guide. A
 * command that is not in the table is a mistake, never passed on: what it does to the place of
 * other fields could not be told. Some have a sentence of their own, because they are in use and
 * would print wrong labels on a line.
 */
#include "core/base/nearest.h"
#include "core/base/plain.h"
#include "core/base/read_all.h"
#include "recipes/label/label_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DOTS_MAX   32000u /* the guide's largest ^PW, ^LL and ^FO */
#define PARAMS_MAX 8

/* What a template has said so far of the field that is open. */
struct parse {
    struct label_template *t;
    struct doc_report *report;
    const char *text;
    size_t bytes, place; /* of the next byte */
    struct doc_pos at;   /* of `place` */
    struct doc_pos command_at;
    bool begun, ended, out_of_memory;
    bool is_open, has_data, has_kind;
    char hex; /* of ^FH; 0: none */
    struct label_field field;
    unsigned by_module, by_height, text_height, text_width;
};

/* ---- Characters and parameters ---- */

static bool is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static char upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

static int hex_digit(char c)
{
    static const char digits[] = "0123456789ABCDEF";
    const char *const at = c ? strchr(digits, upper(c)) : NULL;
    return at ? (int)(at - digits) : -1;
}

static void step(struct parse *p)
{
    const bool line_end = p->text[p->place++] == '\n';
    p->at.line += line_end;
    p->at.column = line_end ? 1 : p->at.column + 1;
}

/* Params are commas apart, blanks around them do not count. */
struct params {
    char text[PARAMS_MAX][16];
    size_t count;
};

static void split(const char *text, struct params *params)
{
    *params = (struct params){ .count = 0 };
    for (const char *from = text; params->count < PARAMS_MAX; from++) {
        const char *const end = from + strcspn(from, ",");
        size_t n = 0;
        for (; from < end; from++) {
            if (*from != ' ' && n + 1 < sizeof params->text[0])
                params->text[params->count][n++] = *from;
        }
        params->count++;
        if (*end == '\0')
            return;
    }
}

static bool complain(struct parse *p, const char *what)
{
    doc_report_add(p->report, p->command_at, "%s", what);
    return false;
}

/* The number at place `i`, or `preset` where there is none. */
static bool number(struct parse *p, const struct params *params, size_t i, unsigned min,
                   unsigned max, unsigned preset, unsigned *value)
{
    const char *const text = params->text[i];
    unsigned n = 0;
    if (text[0] == '\0') {
        *value = preset;
        return true;
    }
    for (const char *c = text; *c; c++) {
        if (*c < '0' || *c > '9' || n > DOTS_MAX) {
            n = DOTS_MAX + 1;
            break;
        }
        n = n * 10 + (unsigned)(*c - '0');
    }
    if (n < min || n > max) {
        doc_report_add(p->report, p->command_at,
                       "parameter %zu of this command is a number from %u to %u, got '%s'", i + 1,
                       min, max, text);
        return false;
    }
    *value = n;
    return true;
}

/* The letter at place `i` in upper case, or `preset`; one of `allowed`. */
static bool letter(struct parse *p, const struct params *params, size_t i, const char *allowed,
                   char preset, char *value)
{
    const char *const text = params->text[i];
    *value = text[0] ? upper(text[0]) : preset;
    if (strchr(allowed, *value) && (text[0] == '\0' || text[1] == '\0'))
        return true;
    doc_report_add(p->report, p->command_at, "parameter %zu of this command is one of %s, got '%s'",
                   i + 1, allowed, text);
    return false;
}

/* Fields that are turned would have to be measured the other way round: they are not taken. */
static bool upright(struct parse *p, const struct params *params, size_t i)
{
    char c;
    return letter(p, params, i, "N", 'N', &c);
}

/* ---- Commands ---- */

static bool take_width(struct parse *p, const struct params *params)
{
    return number(p, params, 0, 16, DOTS_MAX, 0, &p->t->width);
}

static bool take_length(struct parse *p, const struct params *params)
{
    return number(p, params, 0, 16, DOTS_MAX, 0, &p->t->height);
}

static bool take_home(struct parse *p, const struct params *params)
{
    unsigned x, y;
    return number(p, params, 0, 0, 0, 0, &x) && number(p, params, 1, 0, 0, 0, &y);
}

static bool take_encoding(struct parse *p, const struct params *params)
{
    unsigned n;
    return number(p, params, 0, 28, 28, 28, &n);
}

static bool take_quantity(struct parse *p, const struct params *params)
{
    unsigned n;
    for (size_t i = 1; i < params->count; i++) {
        if (params->text[i][0])
            return complain(p, "^PQ takes nothing but 1: printers read its other parameters in "
                               "different ways");
    }
    return number(p, params, 0, 1, 1, 1, &n);
}

static bool take_origin(struct parse *p, const struct params *params)
{
    if (p->is_open)
        return complain(p, "^FO inside of a field: the one before has no ^FS");
    p->field = (struct label_field){
        .kind = LABEL_TEXT, .height = p->text_height, .width = p->text_width, .at = p->command_at
    };
    p->is_open = true;
    p->has_data = p->has_kind = false;
    p->hex = 0;
    return number(p, params, 0, 0, DOTS_MAX, 0, &p->field.x) &&
           number(p, params, 1, 0, DOTS_MAX, 0, &p->field.y);
}

static bool kind(struct parse *p, enum label_kind which)
{
    if (!p->is_open)
        return complain(p, "this command stands in no field: ^FO comes first");
    if (p->has_kind)
        return complain(p, "the field is already of a kind: one ^A, ^BC, ^BQ, ^BX or ^GB in each");
    p->field.kind = which;
    p->has_kind = true;
    return true;
}

/* Its first letter is the font: "0N,30,20". */
static bool take_font(struct parse *p, const struct params *params)
{
    const char *const font = params->text[0];
    if (!kind(p, LABEL_TEXT))
        return false;
    if (font[0] != '0')
        return complain(p, "the font is 0, as in ^A0N,30,30: of others the width is not known");
    if (font[1] != '\0' && (upper(font[1]) != 'N' || font[2] != '\0'))
        return complain(p, "a text stands upright, as in ^A0N,30,30");
    return number(p, params, 1, 10, DOTS_MAX, p->text_height, &p->field.height) &&
           number(p, params, 2, 10, DOTS_MAX, p->field.height, &p->field.width);
}

static bool take_default_font(struct parse *p, const struct params *params)
{
    if (params->text[0][0] != '\0' && strcmp(params->text[0], "0") != 0)
        return complain(p, "the font is 0, as in ^CF0,30: of others the width is not known");
    return number(p, params, 1, 10, DOTS_MAX, 9, &p->text_height) &&
           number(p, params, 2, 10, DOTS_MAX, p->text_height, &p->text_width);
}

static bool take_bar(struct parse *p, const struct params *params)
{
    return number(p, params, 0, 1, 10, p->by_module, &p->by_module) &&
           number(p, params, 2, 1, DOTS_MAX, p->by_height, &p->by_height);
}

static bool take_code128(struct parse *p, const struct params *params)
{
    char shows, above, check;
    if (!kind(p, LABEL_CODE128) || !upright(p, params, 0) ||
        !number(p, params, 1, 1, DOTS_MAX, p->by_height, &p->field.height) ||
        !letter(p, params, 2, "YN", 'Y', &shows) || !letter(p, params, 3, "N", 'N', &above) ||
        !letter(p, params, 4, "N", 'N', &check) || !letter(p, params, 5, "NA", 'N', &p->field.mode))
        return false;
    p->field.shows_text = shows == 'Y';
    p->field.module = p->by_module;
    return true;
}

static bool take_qr(struct parse *p, const struct params *params)
{
    unsigned model;
    if (!kind(p, LABEL_QR) || !upright(p, params, 0) || !number(p, params, 1, 2, 2, 2, &model) ||
        !number(p, params, 2, 1, 10, 2, &p->field.module))
        return false;
    p->field.level = 'M';
    p->field.drop = p->by_height;
    return true;
}

static bool take_datamatrix(struct parse *p, const struct params *params)
{
    unsigned quality;
    if (!kind(p, LABEL_DATAMATRIX) || !upright(p, params, 0) ||
        !number(p, params, 1, 1, 100, 0, &p->field.module) ||
        !number(p, params, 2, 200, 200, 0, &quality))
        return false;
    if (p->field.module == 0 || quality == 0)
        return complain(p, "write module and quality, as in ^BXN,4,200");
    for (size_t i = 3; i < params->count; i++) {
        if (params->text[i][0])
            return complain(p, "^BX takes no more than ^BXN,4,200: its size and escape character "
                               "are chosen for the data");
    }
    return true;
}

static bool take_box(struct parse *p, const struct params *params)
{
    struct label_field *const f = &p->field;
    if (!kind(p, LABEL_BOX) || !number(p, params, 2, 1, DOTS_MAX, 1, &f->thickness) ||
        !number(p, params, 0, 1, DOTS_MAX, f->thickness, &f->width) ||
        !number(p, params, 1, 1, DOTS_MAX, f->thickness, &f->height))
        return false;
    f->width = f->width < f->thickness ? f->thickness : f->width;
    f->height = f->height < f->thickness ? f->thickness : f->height;
    for (size_t i = 3; i < params->count; i++) {
        if (params->text[i][0])
            return complain(p, "^GB takes width, height and thickness, as in ^GB400,3,3");
    }
    return true;
}

static bool take_hex(struct parse *p, const struct params *params)
{
    if (!p->is_open)
        return complain(p, "^FH stands in no field: ^FO comes first");
    p->hex = params->text[0][0] ? params->text[0][0] : '_';
    return true;
}

static bool nothing(struct parse *p, const struct params *params)
{
    (void)p;
    (void)params;
    return true;
}

/* Ends a label's field: what was said of it is all there is. */
static bool take_separator(struct parse *p, const struct params *params)
{
    (void)params;
    if (!p->is_open)
        return true; /* as behind ^FX */
    p->is_open = false;
    if (!p->has_data && p->field.kind != LABEL_BOX)
        return complain(p, "the field has no data: ^FD is missing");
    if (p->has_data && p->field.kind == LABEL_BOX)
        return complain(p, "a box has no data");
    if (p->field.kind == LABEL_TEXT && p->field.height == 0)
        return complain(p, "the text has no size: write ^A0N,30,30 in its field");
    if (p->t->field_count == LABEL_FIELDS_MAX)
        return complain(p, "a label has at most 64 fields");
    p->t->fields[p->t->field_count++] = p->field;
    return true;
}

static const struct command {
    const char *name; /* without ^ */
    bool (*take)(struct parse *p, const struct params *params);
    const char *refused; /* why it is not taken; NULL: it is */
    bool setting;        /* handed on as it is */
} commands[] = {
    { "PW", take_width, NULL, false },
    { "LL", take_length, NULL, false },
    { "LH", take_home, NULL, false },
    { "CI", take_encoding, NULL, false },
    { "PQ", take_quantity, NULL, false },
    { "FO", take_origin, NULL, false },
    { "CF", take_default_font, NULL, false },
    { "BY", take_bar, NULL, false },
    { "BC", take_code128, NULL, false },
    { "BQ", take_qr, NULL, false },
    { "BX", take_datamatrix, NULL, false },
    { "GB", take_box, NULL, false },
    { "FH", take_hex, NULL, false },
    { "FS", take_separator, NULL, false },
    { "FX", nothing, NULL, false },
    { "MM", nothing, NULL, true },
    { "MN", nothing, NULL, true },
    { "MT", nothing, NULL, true },
    { "MD", nothing, NULL, true },
    { "PR", nothing, NULL, true },
    { "SN", NULL, "the printer would count by itself, and repeats a number after a fault", false },
    { "SF", NULL, "the printer would count by itself, and repeats a number after a fault", false },
    { "DF", NULL, "a stored format is lost when the printer is switched off: write it out", false },
    { "XF", NULL, "a stored format is lost when the printer is switched off: write it out", false },
    { "FN", NULL, "write {name} where a value goes, as in ^FD{mac}^FS", false },
    { "FT", NULL, "write ^FO, whose point is the field's top left corner", false },
    { "FB", NULL, "write a ^FO of its own for each line of text", false },
};

static void append_setting(struct parse *p, const char *name, const char *params)
{
    const size_t used = strlen(p->t->settings);
    const int n = snprintf(p->t->settings + used, LABEL_SETTINGS_CAP - used, "^%s%s", name, params);
    if (n < 0 || used + (size_t)n >= LABEL_SETTINGS_CAP)
        complain(p, "there are too many settings of the printer");
}

static bool is_setting_text(const char *text)
{
    for (; *text; text++) {
        if (!is_name_char(*text) && *text != ',' && *text != '.' && *text != '-')
            return false;
    }
    return true;
}

static void obey(struct parse *p, const struct command *command, const char *text)
{
    struct params params;
    split(text, &params);
    if (command->refused)
        doc_report_add(p->report, p->command_at, "^%s is not for labels of a line: %s",
                       command->name, command->refused);
    else if (command->setting && !is_setting_text(text))
        complain(p, "this setting holds what is no parameter");
    else if (command->take(p, &params) && command->setting)
        append_setting(p, command->name, text);
}

static void obey_by_name(struct parse *p, const char *name, const char *text)
{
    char words[160] = "^XA ^XZ ^A0 ^FD";
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        const struct command *const c = &commands[i];
        if (strcmp(c->name, name) == 0) {
            obey(p, c, text);
            return;
        }
        const size_t used = strlen(words);
        if (!c->refused)
            snprintf(words + used, sizeof words - used, " ^%s", c->name);
    }
    doc_report_add(p->report, p->command_at,
                   "^%s is no command of a template, as its effect on the label is not known here; "
                   "there is %s",
                   name, words);
}

/* ---- Data ---- */

/* Hex codes of ^FH become what they mean. */
static bool decode_hex(struct parse *p, char *text)
{
    size_t n = 0;
    for (size_t i = 0; text[i]; i++) {
        if (!p->hex || text[i] != p->hex) {
            text[n++] = text[i];
            continue;
        }
        const int high = hex_digit(text[i + 1]), low = high < 0 ? -1 : hex_digit(text[i + 2]);
        if (low < 0 || (high == 0 && low == 0))
            return complain(p, "behind ^FH a _ has two hexadecimal digits, as in _5F");
        text[n++] = (char)(high << 4 | low);
        i += 2;
    }
    text[n] = '\0';
    return true;
}

static bool add_piece(struct parse *p, const char *text, size_t n, bool is_value)
{
    size_t *const count = &p->t->piece_count[p->t->field_count];
    if (n == 0)
        return true;
    if (*count == LABEL_PIECES_MAX)
        return complain(p, "the field has too many parts: at most 16 texts and values");
    char *const copy = strndup(text, n);
    p->out_of_memory = p->out_of_memory || !copy;
    p->t->pieces[p->t->field_count][(*count)++] =
        (struct label_piece){ .text = copy, .is_value = is_value, .at = p->command_at };
    return copy && (is_value || decode_hex(p, copy));
}

/* The length of "{name}" at the start of the text; 0: it is none, and a brace is a brace. */
static size_t value_length(const char *text)
{
    size_t n = 1;
    while (is_name_char(text[n]))
        n++;
    return text[0] == '{' && n > 1 && n <= LABEL_NAME_MAX_BYTES && text[n] == '}' ? n + 1 : 0;
}

static bool add_pieces(struct parse *p, const char *text)
{
    const char *from = text;
    for (const char *c = text; *c;) {
        const size_t n = value_length(c);
        if (n == 0) {
            c++;
            continue;
        }
        if (c > text && c[-1] == '{' && c[n] == '}')
            return complain(p, "a value stands between single braces in a label: the second ones "
                               "would be printed");
        if (!add_piece(p, from, (size_t)(c - from), false) || !add_piece(p, c + 1, n - 2, true))
            return false;
        from = c += n;
    }
    return add_piece(p, from, strlen(from), false);
}

/* Level and mode in front of a QR code's data, as in "MA,": without them printers swallow three
 * characters. They may be left out here, and stand in the ZPL that is made. */
static const char *take_qr_head(struct parse *p, const char *text)
{
    if (strlen(text) < 3 || text[2] != ',' || !strchr("HQML", text[0]) || !strchr("AM", text[1]))
        return text;
    p->field.level = text[0];
    if (text[1] != 'A')
        complain(p, "a QR code's data begins with level and mode A, as in MA,");
    return text + 3;
}

static void take_data(struct parse *p, const char *text)
{
    if (!p->is_open || p->has_data) {
        complain(p, p->is_open ? "the field has data already"
                               : "^FD stands in no field: ^FO comes "
                                 "first");
        return;
    }
    p->has_data = true;
    p->field.at = p->command_at;
    if (p->t->field_count == LABEL_FIELDS_MAX)
        return; /* said at its end */
    if (p->field.kind == LABEL_QR)
        text = take_qr_head(p, text);
    if (p->field.kind == LABEL_CODE128 && strchr(text, '>'))
        complain(p, "subsets are not chosen by hand: write mode A, as in ^BCN,50,N,N,N,A");
    else if (text[0] == '\0')
        complain(p, "the field is empty");
    else
        add_pieces(p, text);
}

/* ---- The text ---- */

/* Up to the next command. Line ends do not count, as printers pass over them everywhere; outside of
 * data neither do blanks at the ends. */
static void read_rest(struct parse *p, char *text, size_t cap, bool is_data)
{
    size_t n = 0;
    while (p->place < p->bytes && p->text[p->place] != '^' && p->text[p->place] != '~') {
        const char c = p->text[p->place];
        step(p);
        if (c == '\r' || c == '\n' || (!is_data && n == 0 && (c == ' ' || c == '\t')))
            continue;
        if (n + 1 == cap)
            complain(p, is_data ? "the data is too long" : "the command is too long");
        if (n + 1 <= cap)
            n++;
        if (n < cap)
            text[n - 1] = c;
    }
    n = n < cap ? n : cap - 1;
    while (!is_data && n > 0 && (text[n - 1] == ' ' || text[n - 1] == '\t'))
        n--;
    text[n] = '\0';
}

static void read_command(struct parse *p)
{
    char name[3] = "", text[LABEL_DATA_MAX_BYTES];
    p->command_at = p->at;
    const bool tilde = p->text[p->place] == '~';
    step(p);
    for (size_t i = 0; i < 2 && p->place < p->bytes && is_name_char(p->text[p->place]); i++) {
        name[i] = upper(p->text[p->place]);
        step(p);
        /* The font's letter is a parameter. */
        if (name[0] == 'A')
            break;
    }
    const bool is_data = strcmp(name, "FD") == 0;
    read_rest(p, text, sizeof text, is_data || strcmp(name, "FX") == 0);
    if (tilde)
        complain(p, "commands with ~ are for the printer, not for a label; in data write _7E "
                    "behind ^FH");
    else if (strcmp(name, "XA") == 0 && p->begun)
        complain(p, "a template is one label: a second ^XA");
    else if (strcmp(name, "XA") == 0)
        p->begun = true;
    else if (!p->begun || p->ended)
        complain(p, "the label begins with ^XA and ends with ^XZ: this is outside");
    else if (strcmp(name, "XZ") == 0)
        p->ended = true;
    else if (name[0] == 'A') {
        struct params params;
        split(text, &params);
        take_font(p, &params);
    } else if (is_data)
        take_data(p, text);
    else
        obey_by_name(p, name[0] ? name : "?", text);
}

static void read_all_commands(struct parse *p)
{
    while (p->place < p->bytes && !p->out_of_memory) {
        const char c = p->text[p->place];
        p->command_at = p->at;
        if (c == '^' || c == '~') {
            read_command(p);
            continue;
        }
        if (!strchr(" \t\r\n", c)) {
            complain(p, "a label begins with ^XA");
            return;
        }
        step(p);
    }
}

static void check_whole(struct parse *p)
{
    p->command_at = (struct doc_pos){ 0, 0 };
    if (!p->begun || !p->ended)
        complain(p, p->begun ? "^XZ is missing at the end" : "^XA is missing at the beginning");
    else if (p->is_open)
        complain(p, "the last field has no ^FS");
    if (p->t->width == 0)
        complain(p, "^PW is missing: the label's width in dots, as in ^PW400");
    if (p->t->height == 0)
        complain(p, "^LL is missing: the label's length in dots, as in ^LL240");
    if (p->t->field_count == 0 && p->report->total == 0)
        complain(p, "the label has no field");
}

static void check_bytes(struct parse *p)
{
    for (size_t i = 0; i < p->bytes;) {
        uint32_t code;
        const size_t n = plain_decode(p->text + i, p->bytes - i, &code);
        if (n == 0 || (plain_is_steering(code) && !strchr("\t\r\n", (int)code)) || code == 0) {
            complain(p, "the template is no text in UTF-8");
            return;
        }
        i += n;
    }
}

bool label_template_parse(const char *name, const char *text, size_t n, struct label_template **out,
                          struct doc_report *report, struct err *e)
{
    struct label_template *const t = calloc(1, sizeof *t);
    struct parse p = { .t = t,
                       .report = report,
                       .text = text,
                       .bytes = n,
                       .at = { 1, 1 },
                       .by_module = 2,
                       .by_height = 10 };
    *out = NULL;
    doc_report_init(report);
    if (t)
        t->name = strdup(name);
    if (!t || !t->name)
        p.out_of_memory = true;
    else
        check_bytes(&p);
    if (!p.out_of_memory && report->total == 0)
        read_all_commands(&p);
    if (!p.out_of_memory)
        check_whole(&p);
    if (!p.out_of_memory && report->total == 0) {
        *out = t;
        return true;
    }
    label_template_free(t);
    if (p.out_of_memory)
        return err_set(e, ERR_STATION, "Out of memory for label %.80s", name);
    char first[400];
    doc_mistake_text(name, &report->mistakes[0], first, sizeof first);
    err_set(e, ERR_RECIPE, "Label %.220s", first);
    return err_hint(e, "To look at a label without a printer: espstation label preview RECIPE -o "
                       "label.png");
}

static bool read_file(const char *path, char **text, size_t *n)
{
    struct stat st;
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    *text = NULL;
    bool ok = fd >= 0 && fstat(fd, &st) == 0;
    if (ok && (!S_ISREG(st.st_mode) || (uint64_t)st.st_size > LABEL_TEXT_MAX_BYTES)) {
        ok = false;
        errno = S_ISREG(st.st_mode) ? EFBIG : EINVAL;
    }
    if (ok)
        ok = (*text = malloc((size_t)st.st_size + 1)) &&
             read_all(fd, (uint8_t *)*text, (size_t)st.st_size, n);
    const int sys = errno;
    if (fd >= 0)
        close(fd);
    errno = sys;
    return ok;
}

bool label_template_load(const char *path, struct label_template **out, struct doc_report *report,
                         struct err *e)
{
    char *text;
    size_t n = 0;
    *out = NULL;
    doc_report_init(report);
    if (!read_file(path, &text, &n)) {
        free(text);
        return err_set_sys(e, ERR_RECIPE, errno, "Label %.150s cannot be read", path);
    }
    const bool ok = label_template_parse(path, text, n, out, report, e);
    free(text);
    return ok;
}

void label_template_free(struct label_template *t)
{
    if (!t)
        return;
    for (size_t i = 0; i < LABEL_FIELDS_MAX; i++) {
        for (size_t k = 0; k < LABEL_PIECES_MAX; k++)
            free(t->pieces[i][k].text);
    }
    free(t->name);
    free(t);
}

/* ---- Looking ---- */

const char *label_template_name(const struct label_template *t)
{
    return t->name;
}

unsigned label_template_width(const struct label_template *t)
{
    return t->width;
}

unsigned label_template_height(const struct label_template *t)
{
    return t->height;
}

size_t label_template_fields(const struct label_template *t)
{
    return t->field_count;
}

const struct label_field *label_template_field(const struct label_template *t, size_t i)
{
    return &t->fields[i];
}

static bool is_in(const char *const *names, const char *name)
{
    for (; *names; names++) {
        if (strcmp(*names, name) == 0)
            return true;
    }
    return false;
}

static bool refuse_name(const struct label_template *t, const struct label_piece *piece,
                        const char *const *names, struct err *e)
{
    char words[160] = "";
    struct nearest near;
    nearest_init(&near, piece->text);
    nearest_offer_words(&near, names);
    for (size_t i = 0; names[i]; i++) {
        const size_t used = strlen(words);
        snprintf(words + used, sizeof words - used, "%s%s", i ? ", " : "", names[i]);
    }
    err_set(e, ERR_RECIPE, "%.100s:%u:%u: there is no value {%s}%s%s%s", t->name, piece->at.line,
            piece->at.column, piece->text, near.best ? "; did you mean {" : "",
            near.best ? near.best : "", near.best ? "}?" : "");
    return err_hint(e, "There is %s.", words);
}

bool label_template_knows(const struct label_template *t, const char *const *names, struct err *e)
{
    for (size_t i = 0; i < t->field_count; i++) {
        for (size_t k = 0; k < t->piece_count[i]; k++) {
            const struct label_piece *const piece = &t->pieces[i][k];
            if (piece->is_value && !is_in(names, piece->text))
                return refuse_name(t, piece, names, e);
        }
    }
    return true;
}

bool label_template_asks(const struct label_template *t, const char *name)
{
    for (size_t i = 0; i < t->field_count; i++) {
        for (size_t k = 0; k < t->piece_count[i]; k++) {
            if (t->pieces[i][k].is_value && strcmp(t->pieces[i][k].text, name) == 0)
                return true;
        }
    }
    return false;
}
