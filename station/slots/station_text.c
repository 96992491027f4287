#include "station/slots/station_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Places in the text ---- */

/* The byte at a place: columns count characters, and a byte order mark is none. */
static size_t offset_of(const char *text, size_t n, struct doc_pos at)
{
    size_t i = n >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    for (uint32_t line = 1; i < n && line < at.line; i++)
        line += text[i] == '\n';
    for (uint32_t column = 1; i < n && column < at.column; i++)
        column += i + 1 >= n || ((unsigned char)text[i + 1] & 0xC0) != 0x80;
    return i;
}

static size_t line_end(const char *text, size_t n, size_t i)
{
    while (i < n && text[i] != '\n')
        i++;
    return i;
}

static bool is_at(const char *text, size_t n, size_t i, const char *word)
{
    return i <= n && strlen(word) <= n - i && memcmp(text + i, word, strlen(word)) == 0;
}

/* Where the value spelled `word` ends that begins at i, with its quotes; 0: it is spelled in
 * another way. */
static size_t value_end(const char *text, size_t n, size_t i, const char *word)
{
    if (i < n && (text[i] == '"' || text[i] == '\'')) {
        const size_t end = i + 1 + strlen(word);
        return is_at(text, n, i + 1, word) && end < n && text[end] == text[i] ? end + 1 : 0;
    }
    return is_at(text, n, i, word) ? i + strlen(word) : 0;
}

/* ---- One change ---- */

/* Instead of text[from..to): the formatted piece. */
struct change {
    size_t from, to;
    char piece[2 * 256 + 128];
};

static bool change_socket(const struct station_slot *slot, const char *text, size_t n,
                          const char *socket, struct change *c)
{
    c->from = offset_of(text, n, slot->usb_at);
    c->to = value_end(text, n, c->from, slot->usb_text);
    snprintf(c->piece, sizeof c->piece, "\"%s\"", socket);
    return c->to > 0;
}

/* A slot that has a name only. */
static bool add_socket(const struct station_slot *slot, const char *text, size_t n,
                       const char *socket, struct change *c)
{
    const size_t name = offset_of(text, n, slot->name_at);
    const size_t item = offset_of(text, n, slot->at);
    const size_t end = value_end(text, n, name, slot->name);
    if (end == 0 || item >= n)
        return false;
    if (text[item] == '{') {
        const char *quote = text[name] == '"' ? "\"" : ""; /* JSON stays JSON */
        snprintf(c->piece, sizeof c->piece, ", %susb%s: \"%s\"", quote, quote, socket);
        c->from = c->to = end;
        return true;
    }
    snprintf(c->piece, sizeof c->piece, "\n%*susb: \"%s\"", (int)slot->at.column - 1, "", socket);
    c->from = c->to = line_end(text, n, end);
    if (c->from > end && text[c->from - 1] == '\r')
        c->from = c->to = c->from - 1;
    return slot->at.column <= 100;
}

/* The end of a slot that is written { ... }; 0: not found. */
static size_t brace_end(const char *text, size_t n, size_t i)
{
    char quote = '\0';
    for (; i < n; i++) {
        if (quote)
            quote = text[i] == quote ? '\0' : quote;
        else if (text[i] == '"' || text[i] == '\'')
            quote = text[i];
        else if (text[i] == '}')
            return i + 1;
        else if (text[i] == '#' && text[i - 1] == ' ')
            i = line_end(text, n, i);
    }
    return 0;
}

/* Where the last value of a slot stands that is not written in braces. */
static size_t last_value(const struct station_slot *slot, const char *text, size_t n)
{
    const struct doc_pos all[] = { slot->name_at, slot->usb_at, slot->port_at };
    size_t last = 0;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        const size_t at = all[i].line > 0 ? offset_of(text, n, all[i]) : 0;
        last = at > last ? at : last;
    }
    return last;
}

/* A line of its own behind the last slot, with that one's dash. */
static bool add_slot(const struct station *station, const char *text, size_t n, const char *name,
                     const char *socket, struct change *c)
{
    const struct station_slot *last = &station->slots[station->slot_count - 1];
    const size_t item = offset_of(text, n, last->at);
    size_t dash = item;
    while (dash > 0 && text[dash - 1] == ' ')
        dash--;
    if (dash == 0 || dash == item || item >= n || text[--dash] != '-')
        return false;
    size_t start = dash;
    while (start > 0 && text[start - 1] == ' ')
        start--;
    if ((start > 0 && text[start - 1] != '\n') || dash - start > 100)
        return false;
    const size_t end = text[item] == '{' ? brace_end(text, n, item) : last_value(last, text, n);
    c->from = c->to = line_end(text, n, end);
    snprintf(c->piece, sizeof c->piece, "\n%*s- { name: %s, usb: \"%s\" }", (int)(dash - start), "",
             name, socket);
    return end > 0;
}

static char *apply(const char *text, size_t n, const struct change *c)
{
    char *to = NULL;
    return asprintf(&to, "%.*s%s%.*s", (int)c->from, text, c->piece, (int)(n - c->to),
                    text + c->to) < 0
               ? NULL
               : to;
}

/* ---- Is it right? ---- */

static bool same(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool same_rest(const struct station *a, const struct station *b)
{
    bool ok = same(a->name, b->name) && same(a->record, b->record) &&
              a->group_count == b->group_count && a->row_count == b->row_count;
    for (size_t i = 0; ok && i < a->group_count; i++)
        ok = same(a->groups[i].name, b->groups[i].name) &&
             a->groups[i].slot_count == b->groups[i].slot_count;
    return ok;
}

/* Whether `to` says what `from` says, but that the slot `index` is `name` in `socket`. */
static bool says_only(const struct station *from, const struct station *to, size_t index,
                      const char *name, const char *socket)
{
    const size_t count = index < from->slot_count ? from->slot_count : from->slot_count + 1;
    bool ok = to->slot_count == count && same_rest(from, to);
    for (size_t i = 0; ok && i < count; i++) {
        const struct station_slot *slot = &to->slots[i];
        if (i == index)
            ok = same(slot->name, name) && same(slot->usb, socket) && !slot->port;
        else
            ok = same(slot->name, from->slots[i].name) && same(slot->usb, from->slots[i].usb) &&
                 same(slot->port, from->slots[i].port);
    }
    return ok;
}

static bool is_right(const struct station *from, const char *text, size_t index, const char *name,
                     const char *socket)
{
    struct station *to = NULL;
    struct err ignored = { 0 };
    struct doc_report *report = malloc(sizeof *report);
    bool ok = report && station_parse("", text, strlen(text), "", &to, report, &ignored) &&
              says_only(from, to, index, name, socket);
    station_free(to);
    free(report);
    return ok;
}

/* ---- Setting a socket ---- */

static char *by_hand(const struct station *station, bool is_new, const char *name,
                     const char *socket, struct err *e)
{
    err_set(e, ERR_USAGE,
            "'%.100s' is not written in a form that can be changed safely, so slot "
            "'%s' was not entered",
            station->path, name);
    if (is_new)
        err_hint(e, "Put this behind its slots yourself: - { name: %s, usb: \"%s\" }", name,
                 socket);
    else
        err_hint(e, "Give slot %s this yourself: usb: \"%s\"", name, socket);
    return NULL;
}

static char *no_memory(struct err *e)
{
    err_set(e, ERR_STATION, "Out of memory");
    return NULL;
}

static char *new_text(const char *title, const char *name, const char *socket, struct err *e)
{
    char *text = NULL;
    if (asprintf(&text,
                 "# Made by: espstation slots learn. Every key: espstation station --help\n"
                 "station: \"%s\"\n"
                 "slots:\n"
                 "  - { name: %s, usb: \"%s\" }\n",
                 title, name, socket) < 0)
        return no_memory(e);
    return text;
}

char *station_text_set(const struct station *station, const char *text, size_t n, const char *title,
                       const char *name, const char *socket, struct err *e)
{
    struct change c = { 0 };
    bool ok;
    if (!station)
        return new_text(title, name, socket, e);
    const int found = station_slot_index(station, name);
    const struct station_slot *slot = found >= 0 ? &station->slots[found] : NULL;
    const size_t index = slot ? (size_t)found : station->slot_count;
    if (slot && slot->port) {
        err_set(e, ERR_USAGE, "Slot '%s' has port %.100s", name, slot->port);
        err_hint(e, "Take that out of %.100s first.", station->path);
        return NULL;
    }
    if (!slot)
        ok =
            station->slot_count < STATION_SLOTS_MAX && add_slot(station, text, n, name, socket, &c);
    else
        ok = slot->usb ? change_socket(slot, text, n, socket, &c)
                       : add_socket(slot, text, n, socket, &c);
    if (!ok)
        return by_hand(station, !slot, name, socket, e);
    char *to = apply(text, n, &c);
    if (!to)
        return no_memory(e);
    if (is_right(station, to, index, name, socket))
        return to;
    free(to);
    return by_hand(station, !slot, name, socket, e);
}
