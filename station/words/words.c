#include "station/words/words.h"

#include <stdio.h>
#include <string.h>

#define PARTS_MAX  3
#define PART_BYTES 256

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

/* ---- Sentences ---- */

void words_fill(char *to, size_t cap, const char *sentence, const char *const *parts, size_t count)
{
    size_t n = 0, part = 0;
    to[0] = '\0';
    while (*sentence && n + 1 < cap) {
        const char *mark = strstr(sentence, "%s");
        const int plain = mark ? (int)(mark - sentence) : (int)strlen(sentence);
        snprintf(to + n, cap - n, "%.*s%s", plain, sentence,
                 mark && part < count ? parts[part] : "");
        part += mark != NULL;
        n = strlen(to);
        sentence += plain + (mark ? 2 : 0);
    }
}

struct parts {
    char text[PARTS_MAX][PART_BYTES];
    size_t count;
};

static bool take_part(struct parts *parts, const char *from, size_t n)
{
    if (parts->count == PARTS_MAX || n == 0 || n >= PART_BYTES)
        return false;
    snprintf(parts->text[parts->count++], PART_BYTES, "%.*s", (int)n, from);
    return true;
}

/* Whether the text is this sentence; then what stands for its "%s". */
static bool is_sentence(const char *sentence, const char *text, struct parts *parts)
{
    parts->count = 0;
    for (;;) {
        const char *mark = strstr(sentence, "%s");
        if (!mark)
            return strcmp(sentence, text) == 0;
        const size_t plain = (size_t)(mark - sentence);
        if (strncmp(sentence, text, plain) != 0)
            return false;
        text += plain;
        sentence = mark + 2;
        const char *next = strstr(sentence, "%s");
        char between[PART_BYTES];
        snprintf(between, sizeof between, "%.*s", next ? (int)(next - sentence) : PART_BYTES - 1,
                 sentence);
        const size_t left = strlen(text), tail = strlen(between);
        const char *end = next ? strstr(text, between) : left > tail ? text + left - tail : NULL;
        if (!end || !take_part(parts, text, (size_t)(end - text)))
            return false;
        text = end;
    }
}

static bool may_say(const struct word_row *row)
{
    return strncmp(row->key, "say-", 4) == 0 || strncmp(row->key, "hint-", 5) == 0;
}

bool words_say(enum language language, const char *english, char *to, size_t cap)
{
    struct parts parts;
    for (size_t i = 0; english[0] && i < WORD_COUNT; i++) {
        if (!may_say(&rows[i]) || !is_sentence(rows[i].in[LANGUAGE_EN], english, &parts))
            continue;
        const char *texts[PARTS_MAX];
        for (size_t k = 0; k < parts.count; k++)
            texts[k] = parts.text[k];
        words_fill(to, cap, rows[i].in[language], texts, parts.count);
        return true;
    }
    return false;
}

/* ---- Languages ---- */

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
