/*
 * The words of screens in the languages of the line: one table, one row a word, one column a
 * language. Log, record, exports and messages of commands stay in English. Of a failure operators
 * read its cause and what helps in their language; the recorded sentence stands behind, marked as
 * the engineer's.
 */
#ifndef STATION_WORDS_H
#define STATION_WORDS_H

#include <stdbool.h>
#include <stddef.h>

enum language { LANGUAGE_EN, LANGUAGE_ZH, LANGUAGE_ES, LANGUAGE_VI, LANGUAGE_DE, LANGUAGE_COUNT };

enum word {
#define WORD(id, key, en, zh, es, vi, de) WORD_##id,
#include "station/words/words_list.h"
#undef WORD
    WORD_COUNT
};

/* In UTF-8; never NULL. */
const char *word_in(enum language language, enum word word);

/* The sentence with its parts for "%s", one after the other; what has no part is left out. */
void words_fill(char *to, size_t cap, const char *sentence, const char *const *parts, size_t count);

/* A sentence for operators in the language: of the rows "say-" and "hint-" the first whose English
 * it is, with what differs taken over. False: it is for engineers, and stays in English. */
bool words_say(enum language language, const char *english, char *to, size_t cap);

/* The key by which programs and pages ask for it, as in "pass". */
const char *word_key(enum word word);

/* Of a code as in "de", "zh-CN", "es_MX.UTF-8". False: none of ours; English then. */
bool language_of(const char *code, enum language *language);
const char *language_code(enum language language); /* "en", "zh-Hans", "es", "vi", "de" */
const char *language_name(enum language language); /* its own: "English", "Deutsch" */

#endif
