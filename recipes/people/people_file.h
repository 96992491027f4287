/*
 * The people file: who works at a station, in which role, and how each proves it.
 *
 * Read as recipes are (recipes/doc/doc.h): a table of keys, all mistakes in one pass. It is
 * complete or none; nothing changes it afterwards but who owns it, before it is written.
 */
#ifndef RECIPES_PEOPLE_FILE_H
#define RECIPES_PEOPLE_FILE_H

#include "recipes/doc/doc.h"

struct err;

#define PEOPLE_MAX         256
#define PERSON_NAME_MAX    64 /* bytes */
#define PERSON_SALT_BYTES  16
#define PERSON_HASH_BYTES  32
#define PERSON_DIGEST_TEXT 160 /* its text with the final NUL */

/* One row of the key table each; indexes people_file.at. */
enum people_key {
    PEOPLE_KEY_ROOT,
    PEOPLE_KEY_PEOPLE,
    PEOPLE_KEY_NAME,
    PEOPLE_KEY_ROLE,
    PEOPLE_KEY_PIN,
    PEOPLE_KEY_BADGE,
    PEOPLE_KEY_COUNT
};

/* In the order of the words that the file has for them. */
enum person_role { PERSON_OPERATOR, PERSON_ENGINEER, PERSON_AUDITOR };

/* scrypt (RFC 7914) of a PIN or a badge. */
struct person_digest {
    uint32_t n, r, p; /* n is a power of two */
    uint8_t salt[PERSON_SALT_BYTES];
    uint8_t hash[PERSON_HASH_BYTES];
};

/* What it costs to make one: 32 MiB, a tenth of a second. */
#define PERSON_DIGEST_COST                                                                         \
    {                                                                                              \
        .n = 32768, .r = 8, .p = 1                                                                 \
    }

struct person {
    char *name;
    unsigned role;     /* enum person_role */
    char *pin, *badge; /* digests as texts; NULL: none; at least one of the two is there */
    struct person_digest pin_digest, badge_digest;
    struct doc_pos at, name_at, pin_at, badge_at;
};

struct people_file {
    char *path;
    struct person people[PEOPLE_MAX];
    size_t count;
    struct doc_pos at[PEOPLE_KEY_COUNT];
};

/* Reads the file at `path`. *out is the caller's (people_file_free); NULL with *e: ERR_USAGE, with
 * every mistake in *report, or with an empty one if the file itself could not be read; ERR_STATION
 * for want of memory. *report needs no preparation. */
bool people_file_load(const char *path, struct people_file **out, struct doc_report *report,
                      struct err *e);

/* The same for `n` bytes in memory. */
bool people_file_parse(const char *name, const char *text, size_t n, struct people_file **out,
                       struct doc_report *report, struct err *e);

/* One without people, for a file that is not there yet. NULL: no memory. */
struct people_file *people_file_new(const char *path);

void people_file_free(struct people_file *file); /* NULL is fine */

/* Place of the person of that name, whatever the case of its letters; -1: none. */
int people_file_index(const struct people_file *file, const char *name);

/* The file's text; the caller frees it. NULL: no memory. */
char *people_file_text(const struct people_file *file);

/* "scrypt:32768:8:1:SALT:HASH" and back, salt and hash in lower-case hex. False: it is none, or
 * asks for more memory or time than a log-in may take. */
bool person_digest_parse(const char *text, struct person_digest *digest);
void person_digest_text(const struct person_digest *digest, char text[static PERSON_DIGEST_TEXT]);

#endif
