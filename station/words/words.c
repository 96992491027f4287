#include "station/words/words.h"

#include <string.h>

struct word_row {
    const char *key;
    const char *in[LANGUAGE_COUNT];
};

static const struct word_row rows[WORD_COUNT] = {
#define WORD(id, key, en, zh, es, vi, de) [WORD_##id] = { key, { en, zh, es, vi, de } },
#include "station/words/words_list.h"
#undef WORD
};

static const struct {
    const char *code, *name;
} languages[LANGUAGE_COUNT] = {
    [LANGUAGE_EN] = { "en", "English" },
    [LANGUAGE_ZH] = { "zh-Hans", "\xE4\xB8\xAD\xE6\x96\x87" },
    [LANGUAGE_ES] = { "es", "Espa\xC3\xB1ol" },
    [LANGUAGE_VI] = { "vi", "Ti\xE1\xBA\xBFng Vi\xE1\xBB\x87t" },
    [LANGUAGE_DE] = { "de", "Deutsch" },
};

const char *word_in(enum language language, enum word word)
{
    return rows[word].in[language];
}

const char *word_key(enum word word)
{
    return rows[word].key;
}

/* The first two letters decide: "zh", "zh-CN" and "zh_CN.UTF-8" are the same to us. */
bool language_of(const char *code, enum language *language)
{
    if (!code || strcspn(code, "-_.") != 2)
        return false;
    for (size_t i = 0; i < LANGUAGE_COUNT; i++) {
        if (strncmp(code, languages[i].code, 2) == 0) {
            *language = (enum language)i;
            return true;
        }
    }
    return false;
}

const char *language_code(enum language language)
{
    return languages[language].code;
}

const char *language_name(enum language language)
{
    return languages[language].name;
}
