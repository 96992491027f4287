/*
 * The reference of all keys, made from the key table: for the terminal and as a page.
 */
#include "recipes/doc/doc_priv.h"

#include <stdio.h>
#include <string.h>

#define LINE_BYTES  400
#define TEXT_COLUMN 24 /* the longest path and a gap */
#define LINE_END    98

struct help {
    const struct doc_kind *kind;
    bool (*emit)(void *context, const char *line);
    void *context;
    bool ok;
};

static void say(struct help *h, const char *line)
{
    h->ok = h->ok && h->emit(h->context, line);
}

static void say_all(struct help *h, const char *const *lines)
{
    for (size_t i = 0; lines[i]; i++)
        say(h, lines[i]);
}

/* "required", "default 921600", "default 460800, 115200", or "" for what may simply be absent. */
static const char *need(const struct key *key, char *buf, size_t cap)
{
    buf[0] = '\0';
    if (key->required)
        text_append(buf, cap, "required");
    else if (key->preset)
        text_append(buf, cap, "default ");
    for (const char *p = key->preset; p && *p; p++)
        text_append(buf, cap, "%c%s", *p == ' ' ? ',' : *p, *p == ' ' ? " " : "");
    return buf;
}

/* ---- For the terminal ---- */

/* Fills lines up to LINE_END, each behind the indentation. The first starts with `head`. */
static void say_wrapped(struct help *h, const char *head, const char *text)
{
    char line[LINE_BYTES];
    snprintf(line, sizeof line, "%-*s ", TEXT_COLUMN - 1, head);
    size_t used = TEXT_COLUMN;
    while (*text) {
        const size_t word = strcspn(text, " ");
        if (used > TEXT_COLUMN && used + 1 + word > LINE_END) {
            say(h, line);
            snprintf(line, sizeof line, "%-*s", TEXT_COLUMN, "");
            used = TEXT_COLUMN;
        }
        text_append(line, sizeof line, "%s%.*s", used > TEXT_COLUMN ? " " : "", (int)word, text);
        used = strlen(line);
        text += word + (text[word] == ' ');
    }
    say(h, line);
}

static void say_plain(struct help *h, unsigned id)
{
    char wanted[160], needed[80], value[LINE_BYTES] = "";
    const struct key *const key = key_row(h->kind, id);
    key_expectation(h->kind, id, wanted, sizeof wanted);
    need(key, needed, sizeof needed);
    text_append(value, sizeof value, "%s%s%s", wanted, needed[0] ? "; " : "", needed);
    say_wrapped(h, key->path, value);
    say_wrapped(h, "", key->sentence);
}

/* ---- As a page ---- */

/* A bar inside a table cell needs a backslash. */
static void append_cell(char *line, size_t cap, const char *text)
{
    for (; *text; text++)
        text_append(line, cap, "%s%c", *text == '|' ? "\\" : "", *text);
    text_append(line, cap, " |");
}

static void say_row(struct help *h, unsigned id)
{
    char line[2 * LINE_BYTES] = "| ", wanted[160], needed[80], path[48] = "";
    text_append(path, sizeof path, "`%s`", key_row(h->kind, id)->path);
    append_cell(line, sizeof line, path);
    text_append(line, sizeof line, " ");
    append_cell(line, sizeof line, key_expectation(h->kind, id, wanted, sizeof wanted));
    text_append(line, sizeof line, " ");
    append_cell(line, sizeof line, need(key_row(h->kind, id), needed, sizeof needed));
    text_append(line, sizeof line, " ");
    append_cell(line, sizeof line, key_row(h->kind, id)->sentence);
    say(h, line);
}

static const char *const table_head[] = {
    "| Key | Value | If absent | Meaning |",
    "|---|---|---|---|",
    NULL,
};

/* A list of lists explains its rows itself. */
static bool has_entry(const struct doc_kind *kind, unsigned id)
{
    return key_row(kind, key_row(kind, id)->parent)->kind != KEY_ROWS;
}

bool doc_help(const struct doc_kind *kind, enum doc_help_form form,
              bool (*emit)(void *context, const char *line), void *context)
{
    struct help h = { .kind = kind, .emit = emit, .context = context, .ok = true };
    const bool page = form == DOC_HELP_MARKDOWN;
    say_all(&h, page ? kind->page : kind->intro);
    if (page)
        say_all(&h, table_head);
    for (unsigned id = 1; id < kind->key_count; id++) {
        if (!has_entry(kind, id))
            continue;
        if (page)
            say_row(&h, id);
        else
            say_plain(&h, id);
    }
    return h.ok;
}
