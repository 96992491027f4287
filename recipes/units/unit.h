/*
 * A recipe's section `unit`: what is a board's own. Named values with their sources, and the images
 * that are made of them.
 *
 * A plain part of struct recipe, which owns it. Read-only once the recipe is read: any thread.
 */
#ifndef RECIPES_UNIT_H
#define RECIPES_UNIT_H

#include "core/nvs/nvs.h"
#include "recipes/doc/doc.h"
#include "recipes/units/pattern.h"

struct err;

#define UNIT_VALUES_MAX  32
#define UNIT_POOLS_MAX   8
#define UNIT_IMAGES_MAX  8
#define UNIT_ENTRIES_MAX 64
#define UNIT_NAME_MAX    32   /* bytes of a value's name */
#define UNIT_TEXT_MAX    8192 /* bytes of a value */

/* The order of these is the order of the words in the key table. */
enum unit_from {
    UNIT_FROM_COUNTER,
    UNIT_FROM_POOL,
    UNIT_FROM_BOARD,
    UNIT_FROM_SCAN,
    UNIT_FROM_RECIPE,
    UNIT_FROM_RANDOM, /* made by the station, anew each time the board is written */
    UNIT_FROM_COUNT
};

/* "counter", "pool", ...: as in recipes. */
extern const char *const unit_from_words[UNIT_FROM_COUNT];

enum unit_type { UNIT_TEXT, UNIT_NUMBER, UNIT_HEX };
enum unit_chars {
    UNIT_CHARS_ANY,
    UNIT_CHARS_ASCII,
    UNIT_CHARS_ALNUM,
    UNIT_CHARS_UPPER,
    UNIT_CHARS_DIGITS
};
enum unit_flag { UNIT_FALSE, UNIT_TRUE };
enum unit_fact { UNIT_MAC, UNIT_MAC_AP, UNIT_MAC_BT, UNIT_MAC_ETHERNET, UNIT_CHIP, UNIT_FLASH_ID };
enum unit_form { UNIT_LOWER, UNIT_UPPER, UNIT_LOWER_PLAIN, UNIT_UPPER_PLAIN };
enum unit_restart { UNIT_NEVER, UNIT_DAY, UNIT_WEEK, UNIT_MONTH, UNIT_YEAR };

/* Where the keys of a value stand. */
enum unit_value_at {
    UNIT_AT_VALUE,
    UNIT_AT_NAME,
    UNIT_AT_FROM,
    UNIT_AT_TYPE,
    UNIT_AT_MIN,
    UNIT_AT_MAX,
    UNIT_AT_CHARS,
    UNIT_AT_UNIQUE,
    UNIT_AT_SECRET,
    UNIT_AT_PATTERN,
    UNIT_AT_COUNTER,
    UNIT_AT_START,
    UNIT_AT_END,
    UNIT_AT_STEP,
    UNIT_AT_RESTART,
    UNIT_AT_FLEET,
    UNIT_AT_POOL,
    UNIT_AT_COLUMN,
    UNIT_AT_FACT,
    UNIT_AT_FORM,
    UNIT_AT_CONSTANT,
    UNIT_AT_COUNT
};

struct unit_value {
    char *name;
    enum unit_from from;
    enum unit_type type;
    int64_t min, max; /* length in characters, number, or bytes of hex; given or of the type */
    enum unit_chars chars;
    enum unit_flag unique_given, secret;
    bool unique;            /* no two units may have the same */
    char *pattern_text;     /* of a counter, or what a scan must match as a whole; NULL: none */
    struct pattern pattern; /* of a counter */
    char *counter;          /* NULL: the recipe's name and the value's */
    uint64_t start, end, step;
    enum unit_restart restart;
    enum unit_flag fleet; /* a counter of all stations */
    char *pool, *column;  /* column NULL: the value's name */
    size_t pool_index;
    enum unit_fact fact;
    enum unit_form form;
    char *constant;
    struct doc_pos at[UNIT_AT_COUNT];
};

struct unit_pool {
    char *name;
    char *file, *file_path;     /* a CSV file; NULL: none */
    char *folder, *folder_path; /* one file a unit; NULL: none */
    /* The column that binds a row to a MAC, or "name": the file's name does. NULL: none. */
    char *mac;
    enum unit_flag fleet; /* of all stations */
    bool has_keys;        /* that are burnt: nobody else may read or write its file */
    struct doc_pos at, name_at, file_at, folder_at, mac_at, fleet_at;
};

struct unit_entry {
    char *space, *key;
    unsigned type; /* index of unit_entry_types */
    char *value;   /* with {name} for values */
    struct doc_pos at, space_at, key_at, type_at, value_at;
};

/* What the words of the key `type` mean. */
struct unit_entry_type {
    enum nvs_type type;
    const char *encoding; /* the generator's, by which the text is read; NULL: by the type */
    bool file;            /* the text is the path of a file, and that holds the value */
};
#define UNIT_ENTRY_TYPES 15
extern const struct unit_entry_type unit_entry_types[UNIT_ENTRY_TYPES];

enum unit_encrypt { UNIT_PLAIN, UNIT_ENCRYPT_KEYS, UNIT_ENCRYPT_HMAC };
enum unit_compare { UNIT_COMPARE_MD5, UNIT_COMPARE_KEYS };

struct unit_image {
    char *partition;                   /* NULL: at an offset */
    uint32_t offset_bytes, size_bytes; /* size 0: the partition's */
    struct unit_entry entries[UNIT_ENTRIES_MAX];
    size_t entry_count;
    uint32_t version; /* of NVS */
    enum unit_encrypt encrypt;
    char *key_file, *key_path; /* NULL: none */
    char *key_value;           /* the keys are this value of the unit; NULL: none */
    size_t key_value_index;
    char *key_pool; /* or its file of this pool; NULL: none */
    size_t key_pool_index;
    enum unit_compare compare; /* how `verify` judges it */
    char *pool;                /* the file of a unit from a folder; NULL: none */
    size_t pool_index;
    char *nvs_keys; /* a partition nvs_keys with this value; NULL: none */
    size_t nvs_keys_index;
    char *template_file, *template_path; /* NULL: none */
    enum unit_flag insist;               /* before the first NVS partition of the table, too */
    struct doc_pos at, partition_at, offset_at, size_at, version_at, encrypt_at, key_at,
        key_value_at, key_pool_at, compare_at, pool_at, nvs_keys_at, template_at, insist_at;
};

struct unit {
    bool asked;   /* the recipe has `unit`; else the other fields mean nothing */
    char *folder; /* the recipe's, in which paths in values begin; NULL: the working directory */
    char *serial;
    size_t serial_index; /* UNIT_NO_VALUE: none of the values is the serial */
    struct unit_value values[UNIT_VALUES_MAX];
    size_t value_count;
    struct unit_pool pools[UNIT_POOLS_MAX];
    size_t pool_count;
    struct unit_image images[UNIT_IMAGES_MAX];
    size_t image_count;
};

#define UNIT_NO_VALUE SIZE_MAX

/* The value of this name (n bytes); UNIT_NO_VALUE: there is none. */
size_t unit_value_find(const struct unit *u, const char *name, size_t n);

/* Whether the text is one for this value: its type, limits, characters, and what a scan must match.
 * ERR_UNIT, without the text where the value is secret. */
bool unit_value_accepts(const struct unit_value *v, const char *text, struct err *e);

/* The one spelling of a text that the value accepts, in place: hex in lower case, a number without
 * zeros in front. Two texts mean the same if and only if theirs are equal; it is what the record,
 * labels and images get. Never longer than the text was. */
void unit_value_canon(const struct unit_value *v, char *text);

/* The texts of a unit's values, in their order; NULL: not known. Lent. */
struct unit_texts {
    const char *texts[UNIT_VALUES_MAX];
};

/* What the counter of a value is called in the record, on this day: numbers of one name are never
 * given twice. `recipe` is the recipe's name. */
#define UNIT_COUNTER_CAP 160
void unit_counter_name(const struct unit_value *v, const char *recipe, int64_t utc_ms,
                       char name[static UNIT_COUNTER_CAP]);

/* How values stand in a text: {name}, and {{ and }} for braces; or {{name}}, in templates, where
 * braces that hold no value's name stay as they are. */
enum unit_braces { UNIT_BRACES_ONE, UNIT_BRACES_TWO };

/* `text` with the texts of the values in it. The caller ends it with unit_wipe. *n: its bytes, and
 * a NUL stands behind them. NULL: out of memory. Values that are not known are empty. */
char *unit_expand(const struct unit *u, const struct unit_texts *t, enum unit_braces braces,
                  const char *text, size_t bytes, size_t *n);

/* What begins at `text`, of which `left` bytes are left, and how many bytes of it that takes: a
 * value (its index in *value, or UNIT_NO_VALUE where a name stands there that none has, of
 * `*length` bytes at *name), else *name is NULL and *plain the one character that it stands for. */
struct unit_piece {
    const char *name; /* NULL: a character */
    size_t length, takes;
    char plain;
    bool alone; /* a brace that has no other */
};
struct unit_piece unit_piece_at(enum unit_braces braces, const char *text, size_t left);

/* Overwrites and frees. NULL is fine. */
void unit_wipe(void *bytes, size_t n);

void unit_done(struct unit *u);

#endif
