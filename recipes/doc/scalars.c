/*
 * One scalar of a document into its field, or a mistake that says what was expected and what came.
 */
#include "core/base/nearest.h"
#include "core/base/plain.h"
#include "recipes/doc/doc_priv.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define EXPECTATION_BYTES 160

enum any_word { ANY_WORD };
_Static_assert(sizeof(enum any_word) == sizeof(unsigned), "words are stored as unsigned");

/* ---- What went wrong ---- */

/* "'port.baud' expects a number from 9600 to 5000000, got '99'" and what helps. */
bool value_refuse(struct values *v, unsigned id, const struct scalar *s, const char *advice)
{
    char wanted[EXPECTATION_BYTES];
    char got[QUOTE_BYTES];
    key_item_expectation(v->kind, id, wanted, sizeof wanted);
    if (s->bytes == 0)
        doc_report_add(v->report, s->at, "'%s' expects %s, but nothing is there",
                       key_row(v->kind, id)->path, wanted);
    else
        doc_report_add(v->report, s->at, "'%s' expects %s, got '%s'%s%s",
                       key_row(v->kind, id)->path, wanted, value_quote(s->text, got, sizeof got),
                       advice ? "; " : "", advice ? advice : "");
    return false;
}

bool value_refuse_word(struct values *v, unsigned id, const struct scalar *s)
{
    struct nearest near;
    char advice[64] = "";
    nearest_init(&near, s->text);
    nearest_offer_words(&near, key_row(v->kind, id)->words);
    if (near.best)
        text_append(advice, sizeof advice, "did you mean '%s'?", near.best);
    return value_refuse(v, id, s, near.best ? advice : NULL);
}

bool value_no_memory(struct values *v)
{
    v->out_of_memory = true;
    return false;
}

/* Values end up in records, on screens and in messages: one line of plain text each, which shows as
 * it stands. UTF-8 is sound here, libyaml saw to that. */
static bool check_plain(struct values *v, unsigned id, const struct scalar *s)
{
    for (size_t i = 0; i < s->bytes;) {
        uint32_t code = 0;
        const size_t bytes = plain_decode(s->text + i, s->bytes - i, &code);
        if (bytes > 0 && !plain_is_steering(code)) {
            i += bytes;
            continue;
        }
        doc_report_add(v->report, s->at,
                       "'%s' holds control character 0x%02x; write one line of plain text",
                       key_row(v->kind, id)->path, code);
        return false;
    }
    return true;
}

/* ---- Numbers ---- */

/* Reads digits up to *end. Values past 32 bits stop at UINT64_MAX / 64, which no limit admits. */
static uint64_t read_digits(const char *text, unsigned base, const char **end)
{
    uint64_t value = 0;
    for (; base == 16 ? isxdigit((unsigned char)*text) : isdigit((unsigned char)*text); text++) {
        const int c = tolower((unsigned char)*text);
        const unsigned digit = (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
        value = value * base + digit;
        if (value > UINT64_MAX / 64)
            value = UINT64_MAX / 64;
    }
    *end = text;
    return value;
}

/* K, M, KB and MB, in either case; how far to shift, or -1. */
static int suffix_shift(const char *suffix)
{
    if (suffix[0] == '\0')
        return 0;
    if (suffix[1] != '\0' && strcasecmp(suffix + 1, "b") != 0)
        return -1;
    const int letter = toupper((unsigned char)suffix[0]);
    return letter == 'K' ? 10 : letter == 'M' ? 20 : -1;
}

/* Decimal or 0x, K and M behind decimal. `advice` says what is wrong beyond "not a number". */
bool value_read_number(const char *text, bool bytes, uint64_t *value, const char **advice)
{
    const bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    const char *const digits = hex ? text + 2 : text;
    const char *end;
    *advice = NULL;
    *value = read_digits(digits, hex ? 16 : 10, &end);
    if (end == digits)
        return false;
    /* YAML 1.1 would read octal, a person may mean hexadecimal: ask. */
    if (!hex && digits[0] == '0' && end - digits > 1) {
        *advice = "write 0x for hexadecimal, or leave the leading zeros out";
        return false;
    }
    const int shift = suffix_shift(end);
    if (shift < 0 || (shift > 0 && hex))
        return false;
    /* Is 921K of baud 921000 or 943104? Only bytes come in 1024. */
    if (shift > 0 && !bytes) {
        *advice = "K and M are for offsets and sizes";
        return false;
    }
    *value = *value > (UINT64_MAX >> shift) ? UINT64_MAX : *value << shift;
    return true;
}

uint64_t value_read_digits(const char *text, const char **end)
{
    return read_digits(text, 10, end);
}

static bool store_number(struct values *v, unsigned id, const struct scalar *s, void *field)
{
    const struct key *const key = key_row(v->kind, id);
    const char *advice;
    uint64_t value;
    if (!value_read_number(s->text, key->kind == KEY_BYTES, &value, &advice))
        return value_refuse(v, id, s, advice);
    if (value < key->min || value > key->max)
        return value_refuse(v, id, s, NULL);
    const uint32_t stored = (uint32_t)value;
    memcpy(field, &stored, sizeof stored);
    return true;
}

/* ---- Texts and words ---- */

static bool store_text(struct values *v, unsigned id, const struct scalar *s, char **field)
{
    const struct key *const key = key_row(v->kind, id);
    if (s->bytes < key->min || s->bytes > key->max)
        return value_refuse(v, id, s, NULL);
    char *const copy = strdup(s->text);
    if (!copy)
        return value_no_memory(v);
    free(*field);
    *field = copy;
    return true;
}

bool value_store_text(struct values *v, unsigned id, const struct scalar *s, void *target)
{
    return store_text(v, id, s, (void *)((char *)target + key_row(v->kind, id)->field));
}

static bool store_word(struct values *v, unsigned id, const struct scalar *s, void *field)
{
    const int word = word_index(key_row(v->kind, id)->words, s->text);
    if (word < 0)
        return value_refuse_word(v, id, s);
    const unsigned stored = (unsigned)word;
    memcpy(field, &stored, sizeof stored);
    return true;
}

/* ---- By kind ---- */

static bool store_item(struct values *v, unsigned id, const struct scalar *s, void *target)
{
    const struct key *const key = key_row(v->kind, id);
    char *const field = (char *)target + key->field;
    size_t *const count = (void *)((char *)target + key->count_field);
    const bool stored = key->kind == KEY_TEXTS
                            ? store_text(v, id, s, (char **)(void *)field + *count)
                            : store_number(v, id, s, field + *count * sizeof(uint32_t));
    *count += stored;
    return stored;
}

bool value_store(struct values *v, unsigned id, const struct scalar *s, void *target)
{
    const struct key *const key = key_row(v->kind, id);
    void *const field = (char *)target + key->field;
    if (!check_plain(v, id, s))
        return false;
    switch (key->kind) {
    case KEY_TEXT:
        return store_text(v, id, s, field);
    case KEY_NUMBER:
    case KEY_BYTES:
        return store_number(v, id, s, field);
    case KEY_TEXTS:
    case KEY_NUMBERS:
        return store_item(v, id, s, target);
    case KEY_WORD:
        return store_word(v, id, s, field);
    case KEY_OWN:
        return key->store(v, id, s, target);
    case KEY_MAP:
    case KEY_ITEMS:
    case KEY_ROWS:
        break;
    }
    return false; /* sections hold keys, not a value; the caller walks them */
}

static void store_preset(struct values *v, unsigned id, void *target)
{
    char text[64] = "";
    text_append(text, sizeof text, "%s", key_row(v->kind, id)->preset);
    char *rest = text;
    for (char *word; (word = strsep(&rest, " ")) && *word;) {
        const struct scalar s = { .text = word, .bytes = strlen(word) };
        value_store(v, id, &s, target);
    }
}

void value_presets(struct values *v, unsigned scope, void *target)
{
    for (unsigned id = 1; id < v->kind->key_count; id++) {
        if (key_row(v->kind, id)->preset && key_scope(v->kind, id) == scope)
            store_preset(v, id, target);
    }
}
