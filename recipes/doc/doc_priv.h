/*
 * What reads a document by its table of keys: the rows, the YAML reader, values, files.
 *
 * A kind of document is a struct doc_kind (recipes/keys.c, recipes/station/station_keys.c). Nobody
 * outside of recipes/ includes this.
 */
#ifndef RECIPES_DOC_PRIV_H
#define RECIPES_DOC_PRIV_H

#include "core/base/err.h"
#include "recipes/doc/doc.h"

#include <yaml.h>

#define DOC_KEYS_MAX 128 /* rows of one table */

/* ---- table.c: rows of keys ---- */

struct values;
struct scalar;

enum key_kind {
    KEY_MAP,     /* a section: keys whose parent is this row */
    KEY_ITEMS,   /* a list of mappings, whose keys have this row as parent: an array of structs */
    KEY_ROWS,    /* a list of lists: an array of structs, whose one list is the row after this */
    KEY_TEXT,    /* char *; min and max count bytes */
    KEY_TEXTS,   /* list of KEY_TEXT */
    KEY_NUMBER,  /* uint32_t */
    KEY_BYTES,   /* uint32_t that counts bytes: K, M, KB and MB may follow the digits */
    KEY_NUMBERS, /* list of KEY_NUMBER */
    KEY_WORD,    /* enum: index into `words` */
    KEY_OWN      /* what `store` makes of it */
};

struct key {
    const char *path; /* "flash.size" */
    unsigned parent;  /* its row; 0 is the document itself */
    enum key_kind kind;
    bool required;
    const char *const *words; /* NULL at the end; NULL itself: takes no words */
    const char *more;         /* KEY_OWN: what it takes beside its words */
    /* KEY_OWN: as value_store. */
    bool (*store)(struct values *v, unsigned id, const struct scalar *s, void *target);
    uint32_t min, max;
    size_t items_max;   /* lists */
    size_t field;       /* where the value goes in its struct... */
    size_t count_field; /* ...and, for lists, how many there are */
    size_t at_field;    /* where its place goes, a struct doc_pos (lists of values: an array of as
                         * many as items); 0: nowhere */
    /* KEY_ITEMS, KEY_ROWS */
    size_t item_bytes;     /* of the struct of one */
    const char *item;      /* what one is called: "image" */
    const char *item_form; /* how one is written */
    const char *if_empty;  /* what an empty list would mean; NULL: it may be empty (for any list) */
    const char *preset;    /* the default as the text would spell it; lists: separated by spaces */
    const char *const *also; /* words that people write for this key, as `words` */
    const char *sentence;    /* what it does */
};

struct doc_kind {
    const char *noun;         /* "recipe"; with an s behind it there are several */
    const char *example;      /* "recipe: NAME" */
    enum err_code code;       /* what is wrong with one */
    const struct key *keys;   /* row 0 is the document itself, for the tree of keys */
    unsigned key_count;       /* at most DOC_KEYS_MAX; as an id, "no key" */
    const char *const *intro; /* of the reference on a terminal; NULL at the end */
    const char *const *page;  /* of the reference as a page */
};

const struct key *key_row(const struct doc_kind *kind, unsigned id);
const char *key_name(const struct doc_kind *kind, unsigned id); /* "size": the path's last part */

/* The key `name` inside `parent`; key_count if there is none. */
unsigned key_child(const struct doc_kind *kind, unsigned parent, const char *name);

/* The struct that a key's value goes into: the row of the list that it stands in, 0 for the
 * document. */
unsigned key_scope(const struct doc_kind *kind, unsigned id);

/* Appends "size, mode, freq": the keys inside `parent`. */
void key_append_children(const struct doc_kind *kind, unsigned parent, char *buf, size_t cap);

/* "a number from 9600 to 5000000": what the key wants, for mistakes and for the reference. */
const char *key_expectation(const struct doc_kind *kind, unsigned id, char *buf, size_t cap);

/* The same for one value: for a list, what each of its entries is. */
const char *key_item_expectation(const struct doc_kind *kind, unsigned id, char *buf, size_t cap);

/* Index of `text` in `words`, -1 if it is none of them. */
int word_index(const char *const *words, const char *text);

/* Appends to a NUL-terminated text of `cap` bytes; cuts what does not fit. */
void text_append(char *buf, size_t cap, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* ---- yaml.c: events, one ahead ---- */

/* libyaml's events, with what documents do not use (anchors, tags, deep nesting) made mistakes. */
struct yaml_reader {
    yaml_parser_t parser;
    yaml_event_t event; /* the present one, valid until the next call */
    const char *text;
    size_t text_bytes;
    const char *noun; /* of the document, for mistakes */
    struct doc_report *report;
    unsigned depth;
    bool broken; /* the rest cannot be read: what is missing means nothing */
    bool out_of_memory;
};

bool yaml_reader_init(struct yaml_reader *y, const char *text, size_t n, const char *noun,
                      struct doc_report *report);
void yaml_reader_done(struct yaml_reader *y);
bool yaml_reader_next(struct yaml_reader *y); /* false: broken, or past the end */
void yaml_reader_skip(struct yaml_reader *y); /* to the end of the node that begins here */
struct doc_pos yaml_reader_pos(const struct yaml_reader *y);

/* ---- scalars.c: one scalar into its field ---- */

struct scalar {
    const char *text;
    size_t bytes; /* as libyaml counts: the text may hold NULs until it was found plain */
    struct doc_pos at;
};

struct values {
    const struct doc_kind *kind;
    void *document;     /* the struct that it is read into */
    struct doc_pos *at; /* [key_count]: where each key's value stands; of lists' keys nothing */
    struct doc_report *report;
    const char *base_dir; /* NULL: do not look at files */
    bool out_of_memory;
    bool broken;            /* not all could be read */
    bool bad[DOC_KEYS_MAX]; /* said, but not in a way to build on */
};

/* Stores the value of `id` into `target`, the struct of its scope; lists grow by one. Returns false
 * with a mistake reported, or with out_of_memory set. */
bool value_store(struct values *v, unsigned id, const struct scalar *s, void *target);

/* For the `store` of a row: the same for a KEY_TEXT; a mistake that says what was expected and
 * `advice` (NULL: none), or the nearest of the row's words; no memory. The last three give false.
 */
bool value_store_text(struct values *v, unsigned id, const struct scalar *s, void *target);
bool value_refuse(struct values *v, unsigned id, const struct scalar *s, const char *advice);
bool value_refuse_word(struct values *v, unsigned id, const struct scalar *s);
bool value_no_memory(struct values *v);

/* Decimal or 0x; with `bytes` K and M may follow decimal. `advice` says what is wrong beyond "not a
 * number". */
bool value_read_number(const char *text, bool bytes, uint64_t *value, const char **advice);

/* Reads decimal digits up to *end. Values past 32 bits stop at one that no limit admits. */
uint64_t value_read_digits(const char *text, const char **end);

/* Gives every key of a scope (key_scope) that has a default that default. */
void value_presets(struct values *v, unsigned scope, void *target);

/* At most `cap` - 1 bytes of `text` for a message, cut at a whole character, "..." if cut. */
const char *value_quote(const char *text, char *buf, size_t cap);
#define QUOTE_BYTES 64

/* ---- walk.c: the keys of a text into a document ---- */

/* Reads the text into v->document, which holds the defaults. What is wrong with a single value, or
 * missing, is in the report afterwards. */
void walk_document(struct values *v, const char *text, size_t n);

/* ---- help.c ---- */

/* Hands the reference of all keys to `emit`, line by line without the line end. Stops and returns
 * false as soon as `emit` returns false. */
bool doc_help(const struct doc_kind *kind, enum doc_help_form form,
              bool (*emit)(void *context, const char *line), void *context);

/* ---- files.c ---- */

enum file_state {
    FILE_OK,
    FILE_MISSING,
    FILE_FOLDER,
    FILE_SPECIAL, /* FIFO, socket, device: never opened, for opening alone can block or act */
    FILE_MADE_UP, /* in /proc, /sys and the like */
    FILE_EMPTY,
    FILE_TOO_LARGE,
    FILE_UNREADABLE
};

/* Opens a regular file of 1 to `max_bytes` bytes for reading. *sys gets the errno behind
 * FILE_MISSING and FILE_UNREADABLE; *bytes the size. */
enum file_state file_open(const char *path, uint64_t max_bytes, int *fd, uint64_t *bytes, int *sys);

/* `file` as seen from `folder` ("" is the current one); the caller frees it. NULL: no memory. */
char *file_join(const char *folder, const char *file);

/* The folder part of a path: "" if it has none. The caller frees it. NULL: no memory. */
char *file_folder(const char *path);

/* ---- source.c ---- */

/* Reads the document at `path`: *text, which the caller frees, has *n bytes and no NUL behind them.
 * The kind's code when the file cannot be one, ERR_STATION for want of memory. */
bool source_read(const struct doc_kind *kind, const char *path, char **text, size_t *n,
                 struct err *e);

/* Errors for a document `name`; false. */
bool source_too_large(const struct doc_kind *kind, const char *name, size_t n, struct err *e);
bool source_no_memory(const struct doc_kind *kind, const char *name, struct err *e);
bool source_mistakes(const struct doc_kind *kind, const char *name, const struct doc_report *report,
                     struct err *e);

#endif
