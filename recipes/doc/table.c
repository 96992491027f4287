/*
 * Rows of keys: finding one, and saying what it wants.
 */
#include "recipes/doc/doc_priv.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const struct key *key_row(const struct doc_kind *kind, unsigned id)
{
    return &kind->keys[id];
}

const char *key_name(const struct doc_kind *kind, unsigned id)
{
    const char *const dot = strrchr(kind->keys[id].path, '.');
    return dot ? dot + 1 : kind->keys[id].path;
}

unsigned key_child(const struct doc_kind *kind, unsigned parent, const char *name)
{
    for (unsigned id = 1; id < kind->key_count; id++) {
        if (kind->keys[id].parent == parent && strcmp(key_name(kind, id), name) == 0)
            return id;
    }
    return kind->key_count;
}

unsigned key_scope(const struct doc_kind *kind, unsigned id)
{
    while (id != 0) {
        id = kind->keys[id].parent;
        if (kind->keys[id].kind == KEY_ITEMS || kind->keys[id].kind == KEY_ROWS)
            break;
    }
    return id;
}

int word_index(const char *const *words, const char *text)
{
    for (int i = 0; words && words[i]; i++) {
        if (strcmp(words[i], text) == 0)
            return i;
    }
    return -1;
}

void text_append(char *buf, size_t cap, const char *fmt, ...)
{
    const size_t used = strnlen(buf, cap);
    if (used >= cap)
        return;
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(buf + used, cap - used, fmt, ap);
    va_end(ap);
}

/* "a, b or c"; with `more` "a, b, or <more>". */
static void append_words(char *buf, size_t cap, const char *const *words, const char *more)
{
    for (size_t i = 0; words[i]; i++) {
        const char *const gap = i == 0 ? "" : words[i + 1] || more ? ", " : " or ";
        text_append(buf, cap, "%s%s", gap, words[i]);
    }
    if (more)
        text_append(buf, cap, ", or %s", more);
}

void key_append_children(const struct doc_kind *kind, unsigned parent, char *buf, size_t cap)
{
    const char *gap = "";
    for (unsigned id = 1; id < kind->key_count; id++) {
        if (kind->keys[id].parent != parent)
            continue;
        text_append(buf, cap, "%s%s", gap, key_name(kind, id));
        gap = ", ";
    }
}

const char *key_item_expectation(const struct doc_kind *kind, unsigned id, char *buf, size_t cap)
{
    const struct key *const key = &kind->keys[id];
    buf[0] = '\0';
    if (key->kind == KEY_TEXTS)
        text_append(buf, cap, "texts of %u to %u bytes", key->min, key->max);
    else if (key->kind == KEY_NUMBERS)
        text_append(buf, cap, "numbers from %u to %u", key->min, key->max);
    else
        key_expectation(kind, id, buf, cap);
    return buf;
}

const char *key_expectation(const struct doc_kind *kind, unsigned id, char *buf, size_t cap)
{
    const struct key *const key = &kind->keys[id];
    char item[64];
    buf[0] = '\0';
    switch (key->kind) {
    case KEY_MAP:
        text_append(buf, cap, "a mapping of ");
        key_append_children(kind, id, buf, cap);
        break;
    case KEY_ITEMS:
        text_append(buf, cap, "a list of %s%zu %ss", key->if_empty ? "1 to " : "up to ",
                    key->items_max, key->item);
        break;
    case KEY_ROWS:
        text_append(buf, cap, "a list in [ ] of up to %zu %ss, each %s", key->items_max, key->item,
                    key->item_form);
        break;
    case KEY_TEXT:
        text_append(buf, cap, "a text of %u to %u bytes", key->min, key->max);
        break;
    case KEY_NUMBER:
        text_append(buf, cap, "a number from %u to %u", key->min, key->max);
        break;
    case KEY_BYTES:
        text_append(buf, cap, "a number of bytes from 0x%X to 0x%X", key->min, key->max);
        break;
    case KEY_TEXTS:
    case KEY_NUMBERS:
        key_item_expectation(kind, id, item, sizeof item);
        text_append(buf, cap, "a list in [ ] of up to %zu %s", key->items_max, item);
        break;
    case KEY_WORD:
        append_words(buf, cap, key->words, NULL);
        break;
    case KEY_OWN:
        if (key->words)
            append_words(buf, cap, key->words, key->more);
        else
            text_append(buf, cap, "%s", key->more);
        break;
    }
    return buf;
}
