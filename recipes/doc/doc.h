/*
 * What the documents that people write have in common, recipes and station files: mistakes with a
 * place, and the reference made from a table of keys.
 *
 * Reading a document finds all mistakes in one pass, each with line, column, what was expected and
 * the nearest word. Nothing here prints, starts a thread or keeps a writable global.
 */
#ifndef RECIPES_DOC_H
#define RECIPES_DOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DOC_TEXT_MAX_BYTES ((size_t)1 << 20) /* a document; real ones have a few KiB */
#define DOC_MISTAKES_MAX   50

/* A place in the text. Lines and columns (in characters) count from 1; line 0 means that the text
 * does not say it, or that the mistake has no place. */
struct doc_pos {
    uint32_t line;
    uint32_t column;
};

struct doc_mistake {
    struct doc_pos at;
    char sentence[320]; /* no final full stop */
};

/* The mistakes found so far, ordered by place. A plain value: nothing to free. */
struct doc_report {
    struct doc_mistake mistakes[DOC_MISTAKES_MAX];
    size_t kept;  /* rows of `mistakes` in use */
    size_t total; /* found in all; total - kept were too many to keep */
};

void doc_report_init(struct doc_report *report);

/* Adds a mistake; checks made later (overlap, another digest than the pinned one) use it too. A
 * sentence too long is cut at a whole character; control characters become '?'. */
void doc_report_add(struct doc_report *report, struct doc_pos at, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Writes "recipe.yaml:14:5: unknown key 'adress' inside 'images'; did you mean 'offset'?" into
 * `buf` (cut to `cap` bytes, which is at least 1) and returns `buf`. `name` is the text's path. */
const char *doc_mistake_text(const char *name, const struct doc_mistake *mistake, char *buf,
                             size_t cap);

enum doc_help_form { DOC_HELP_PLAIN, DOC_HELP_MARKDOWN };

#endif
