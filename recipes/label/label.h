/*
 * Labels in ZPL: a template is read once, filled with the values of a board, and judged by what the
 * printer would do with it.
 *
 * A template is one label in ZPL as a person writes or draws it, with {name} where a value goes.
 * Only commands whose place and size are understood are taken, so that a label that does not fit is
 * refused before a lot starts: a printer cuts it at the edge without a word. What comes out has
 * every field's data encoded anew; nothing that a value holds can be a command.
 *
 * Plain values and memory of the caller's; nothing prints, no I/O. A template is immutable once it
 * is read, and may be used by any number of threads.
 */
#ifndef RECIPES_LABEL_H
#define RECIPES_LABEL_H

#include "core/base/err.h"
#include "recipes/doc/doc.h"

#define LABEL_TEXT_MAX_BYTES ((size_t)64 << 10) /* a template; real ones have a few hundred bytes */
#define LABEL_FIELDS_MAX     64
#define LABEL_PIECES_MAX     16   /* of a field: texts and values in turn */
#define LABEL_DATA_MAX_BYTES 1024 /* of a field, filled; ZPL takes 3072 characters once encoded */
#define LABEL_ZPL_MAX_BYTES  ((size_t)32 << 10) /* a label, made */
#define LABEL_NAME_MAX_BYTES 32                 /* of a value */

/* ---- Values ---- */

struct label_value {
    const char *name; /* letters, digits and _ */
    const char *text; /* UTF-8; in a code printable ASCII only */
};

struct label_values {
    const struct label_value *rows;
    size_t count;
};

/* NULL: there is none of this name. */
const char *label_value_of(const struct label_values *values, const char *name);

/* ---- Templates ---- */

enum label_kind { LABEL_TEXT, LABEL_CODE128, LABEL_QR, LABEL_DATAMATRIX, LABEL_BOX };

/* A field, in dots from the label's top left corner. */
struct label_field {
    enum label_kind kind;
    unsigned x, y;
    unsigned height, width; /* TEXT: of a character; CODE128: height of the bars; BOX: of the box */
    unsigned module;        /* codes: of the narrowest bar, or of a square */
    unsigned drop;      /* QR: how far below y it begins, as printers have it: the height of ^BY */
    unsigned thickness; /* BOX: of its line */
    bool shows_text;    /* CODE128: its data stands below the bars */
    char mode;          /* CODE128: A picks subsets by itself, N stays in B */
    char level;         /* QR: L, M, Q or H */
    struct doc_pos at;  /* of its data in the template, of a box its command */
};

struct label_template;

/* Reads the `n` bytes of a template; `name` stands in messages. *out is the caller's
 * (label_template_free). NULL with *e: ERR_RECIPE, with every mistake in *report, ERR_STATION for
 * want of memory. Mistakes that are meant for a template with other values than there are (an
 * unknown {name}) are found by label_template_knows. */
bool label_template_parse(const char *name, const char *text, size_t n, struct label_template **out,
                          struct doc_report *report, struct err *e);

/* The same for the file at `path`. */
bool label_template_load(const char *path, struct label_template **out, struct doc_report *report,
                         struct err *e);

void label_template_free(struct label_template *t); /* NULL is fine */

const char *label_template_name(const struct label_template *t);
unsigned label_template_width(const struct label_template *t); /* in dots, of ^PW */
unsigned label_template_height(const struct label_template *t);
size_t label_template_fields(const struct label_template *t);
const struct label_field *label_template_field(const struct label_template *t, size_t i);

/* Whether each {name} is one of `names` (NULL at the end); ERR_RECIPE names the first that is not,
 * with its place and the nearest. */
bool label_template_knows(const struct label_template *t, const char *const *names, struct err *e);

/* Whether the template asks for a value of this name. */
bool label_template_asks(const struct label_template *t, const char *name);

/* ---- Filling ---- */

/* The data of field `i` with its values put in, as a reader of the label is to see it. ERR_RECIPE:
 * there is no such value, it holds what a label cannot (a control character; in a code anything but
 * printable ASCII), it is empty in a code, or there is too much of it. */
bool label_data(const struct label_template *t, size_t i, const struct label_values *values,
                char data[static LABEL_DATA_MAX_BYTES], struct err *e);

/* The whole label as ZPL, a text that the caller frees, after label_fits. NULL: as label_data and
 * label_fits; ERR_STATION. It ends with "^XZ" and a line feed, and holds neither before. */
char *label_make(const struct label_template *t, const struct label_values *values, struct err *e);

#define LABEL_END "^XZ\n"

/* ---- Judging ---- */

/* What a field covers, its quiet zone included: right and bottom are the first dots beyond. */
struct label_extent {
    unsigned left, top, right, bottom;
};

/* ERR_RECIPE: the data does not go into such a code at all. The width of a text is an estimate that
 * errs towards wide; a code's is what its data needs. */
bool label_extent(const struct label_field *field, const char *data, struct label_extent *extent,
                  struct err *e);

/* Whether every field stays on the label with these values, and nothing lies in a code or its quiet
 * zone. ERR_RECIPE says which field, by how many dots, and where in the template. */
bool label_fits(const struct label_template *t, const struct label_values *values, struct err *e);

#endif
