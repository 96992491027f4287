/*
 * What the files of recipes/ share: the key table, the YAML reader, values, files.
 * Nobody outside of recipes/ includes this.
 */
#ifndef RECIPES_RECIPE_PRIV_H
#define RECIPES_RECIPE_PRIV_H

#include "recipes/recipe.h"

#include <yaml.h>

/* ---- keys.c: the table ------------------------------------------------------------------------*/

enum key_kind {
    KEY_MAP,     /* a section: keys whose parent is this row */
    KEY_IMAGES,  /* a list of mappings, read into recipe.images */
    KEY_TEXT,    /* char *; min and max count bytes */
    KEY_TEXTS,   /* list of KEY_TEXT */
    KEY_NUMBER,  /* uint32_t */
    KEY_BYTES,   /* uint32_t that counts bytes: K, M, KB and MB may follow the digits */
    KEY_NUMBERS, /* list of KEY_NUMBER */
    KEY_WORD,    /* enum: index into `words` */
    KEY_CHIP,
    KEY_SIZE,
    KEY_FREQ,
    KEY_FILE,
    KEY_SHA256,
    KEY_RESET
};

struct key {
    const char *path; /* "flash.size" */
    enum recipe_key parent;
    enum key_kind kind;
    bool required;
    const char *const *words; /* NULL at the end; NULL itself: takes no words */
    uint32_t min, max;
    size_t items_max;   /* lists */
    size_t field;       /* where the value goes in struct recipe or struct recipe_image... */
    size_t count_field; /* ...and, for lists, how many there are */
    const char *preset; /* the default as the recipe would spell it; lists: separated by spaces */
    const char *const *also; /* words that people write for this key, as `words` */
    const char *sentence;    /* what it does */
};

const struct key *key_row(enum recipe_key id);
const char *key_name(enum recipe_key id); /* "size": the last part of the path */

/* The key `name` inside `parent`; RECIPE_KEY_COUNT if there is none. */
enum recipe_key key_child(enum recipe_key parent, const char *name);

/* Appends "size, mode, freq": the keys inside `parent`. */
void key_append_children(enum recipe_key parent, char *buf, size_t cap);

/* "a number from 9600 to 5000000": what the key wants, for mistakes and for the reference. */
const char *key_expectation(enum recipe_key id, char *buf, size_t cap);

/* The same for one value: for a list, what each of its entries is. */
const char *key_item_expectation(enum recipe_key id, char *buf, size_t cap);

/* Index of `text` in `words`, -1 if it is none of them. */
int word_index(const char *const *words, const char *text);

/* Appends to a NUL-terminated text of `cap` bytes; cuts what does not fit. */
void text_append(char *buf, size_t cap, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* ---- yaml.c: events, one ahead ----------------------------------------------------------------*/

/* libyaml's events, with what recipes do not use (anchors, tags, deep nesting) made mistakes. */
struct yaml_reader {
    yaml_parser_t parser;
    yaml_event_t event; /* the present one, valid until the next call */
    const char *text;
    size_t text_bytes;
    struct recipe_report *report;
    unsigned depth;
    bool broken; /* the rest cannot be read: what is missing means nothing */
    bool out_of_memory;
};

bool yaml_reader_init(struct yaml_reader *y, const char *text, size_t n,
                      struct recipe_report *report);
void yaml_reader_done(struct yaml_reader *y);
bool yaml_reader_next(struct yaml_reader *y); /* false: broken, or past the end */
void yaml_reader_skip(struct yaml_reader *y); /* to the end of the node that begins here */
struct recipe_pos yaml_reader_pos(const struct yaml_reader *y);

/* ---- values.c: one scalar into its field ------------------------------------------------------*/

struct scalar {
    const char *text;
    size_t bytes; /* as libyaml counts: the text may hold NULs until scalar_is_plain said no */
    struct recipe_pos at;
};

struct values {
    struct recipe *recipe;
    struct recipe_report *report;
    const char *base_dir; /* NULL: do not look at files */
    bool out_of_memory;
};

/* Stores the value of `id` into `target` (the recipe, or one of its images); lists grow by one.
 * Returns false with a mistake reported, or with out_of_memory set. */
bool value_store(struct values *v, enum recipe_key id, const struct scalar *s, void *target);

/* Gives every key that has a default that default: those of the recipe, those of an image. */
void value_presets(struct values *v);
void value_image_presets(struct values *v, struct recipe_image *image);

/* At most `cap` - 1 bytes of `text` for a message, cut at a whole character, "..." if cut. */
const char *value_quote(const char *text, char *buf, size_t cap);
#define QUOTE_BYTES 64

/* ---- walk.c: the keys of a text into a recipe -------------------------------------------------*/

/* Reads the text into v->recipe, which holds the defaults. What is wrong with a single value, or
 * missing, is in the report afterwards. */
void walk_recipe(struct values *v);

/* ---- files.c ----------------------------------------------------------------------------------*/

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

/* Reports whatever keeps the image at `path` (spelled `file`) from being used. */
bool file_check_image(const char *path, const char *file, struct recipe_pos at,
                      struct recipe_report *report);

#endif
