#include "recipes/units/unit.h"

#include "core/base/err.h"
#include "core/base/plain.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

const struct unit_entry_type unit_entry_types[UNIT_ENTRY_TYPES] = {
    { NVS_U8, NULL, false },       { NVS_U16, NULL, false },      { NVS_U32, NULL, false },
    { NVS_U64, NULL, false },      { NVS_I8, NULL, false },       { NVS_I16, NULL, false },
    { NVS_I32, NULL, false },      { NVS_I64, NULL, false },      { NVS_STRING, NULL, false },
    { NVS_BLOB, NULL, false },     { NVS_BLOB, "base64", false }, { NVS_STRING, "string", true },
    { NVS_BLOB, "hex2bin", true }, { NVS_BLOB, "base64", true },  { NVS_BLOB, "binary", true },
};

const char *const unit_from_words[UNIT_FROM_COUNT] = { "counter", "pool",   "board",
                                                       "scan",    "recipe", "random" };

size_t unit_value_find(const struct unit *u, const char *name, size_t n)
{
    for (size_t i = 0; i < u->value_count; i++) {
        const char *const has = u->values[i].name;
        if (has && strlen(has) == n && memcmp(has, name, n) == 0)
            return i;
    }
    return UNIT_NO_VALUE;
}

/* ---- Whether a text will do ---- */

/* Half a sentence behind "The value serial", with what came unless that is secret. */
static bool refuse(const struct unit_value *v, const char *text, struct err *e, const char *what)
{
    char shown[64];
    snprintf(shown, sizeof shown, "%.48s%s", text, strlen(text) > 48 ? "..." : "");
    if (v->secret)
        return err_set(e, ERR_UNIT, "The value '%s' %s", v->name, what);
    return err_set(e, ERR_UNIT, "The value '%s' %s; it is '%s'", v->name, what, shown);
}

static size_t characters(const char *text)
{
    size_t n = 0;
    for (; *text; text++)
        n += ((unsigned char)*text & 0xC0) != 0x80;
    return n;
}

static bool is_allowed(enum unit_chars chars, unsigned char c)
{
    switch (chars) {
    case UNIT_CHARS_ANY:
        return true;
    case UNIT_CHARS_ASCII:
        return c >= ' ' && c <= '~';
    case UNIT_CHARS_ALNUM:
        return c < 0x80 && isalnum(c);
    case UNIT_CHARS_UPPER:
        return c < 0x80 && (isupper(c) || isdigit(c));
    case UNIT_CHARS_DIGITS:
        return isdigit(c) != 0;
    }
    return false;
}

static bool within(const struct unit_value *v, int64_t size, const char *text, const char *of,
                   struct err *e)
{
    char what[120];
    if (size >= v->min && size <= v->max)
        return true;
    snprintf(what, sizeof what, "has %" PRId64 " %s, and takes %" PRId64 " to %" PRId64, size, of,
             v->min, v->max);
    return refuse(v, text, e, what);
}

static bool accepts_text(const struct unit_value *v, const char *text, struct err *e)
{
    for (const char *p = text; *p; p++) {
        if (!is_allowed(v->chars, (unsigned char)*p))
            return refuse(v, text, e, "has a character that its 'chars' exclude");
    }
    if (!plain_is(text))
        return refuse(v, text, e, "holds a control character");
    return within(v, (int64_t)characters(text), text, "characters", e);
}

static bool accepts_number(const struct unit_value *v, const char *text, struct err *e)
{
    const char *const digits = text + (*text == '-');
    char *end;
    char what[120];
    errno = 0;
    const long long number = strtoll(text, &end, 10);
    if (!isdigit((unsigned char)*digits) || *end != '\0' || errno != 0)
        return refuse(v, text, e, "is no whole number in decimal");
    if (number >= v->min && number <= v->max)
        return true;
    snprintf(what, sizeof what, "is out of range: %" PRId64 " to %" PRId64, v->min, v->max);
    return refuse(v, text, e, what);
}

static bool accepts_hex(const struct unit_value *v, const char *text, struct err *e)
{
    const size_t n = strlen(text);
    if (n % 2 != 0 || strspn(text, "0123456789abcdefABCDEF") != n)
        return refuse(v, text, e, "is no bytes in hexadecimal, two digits each");
    return within(v, (int64_t)(n / 2), text, "bytes", e);
}

/* A scan must match its expression as a whole. */
static bool matches(const struct unit_value *v, const char *text, struct err *e)
{
    regex_t re;
    char *whole = NULL;
    if (asprintf(&whole, "^(%s)$", v->pattern_text) < 0)
        return err_set(e, ERR_STATION, "Out of memory for a value");
    const int rc = regcomp(&re, whole, REG_EXTENDED | REG_NOSUB);
    free(whole);
    if (rc != 0)
        return refuse(v, text, e, "has a pattern that is none");
    const bool ok = regexec(&re, text, 0, NULL, 0) == 0;
    regfree(&re);
    return ok || refuse(v, text, e, "does not match its pattern");
}

bool unit_value_accepts(const struct unit_value *v, const char *text, struct err *e)
{
    if (text[0] == '\0')
        return refuse(v, text, e, "is empty");
    if (strlen(text) > UNIT_TEXT_MAX)
        return refuse(v, text, e, "is too long");
    const bool ok = v->type == UNIT_NUMBER ? accepts_number(v, text, e)
                    : v->type == UNIT_HEX  ? accepts_hex(v, text, e)
                                           : accepts_text(v, text, e);
    return ok && (v->from != UNIT_FROM_SCAN || !v->pattern_text || matches(v, text, e));
}

static void canon_number(char *text)
{
    char *const digits = text + (*text == '-');
    const size_t zeros = strspn(digits, "0");
    const char *const rest = digits + zeros;
    if (*rest == '\0')
        memcpy(text, "0", 2); /* -0, too */
    else
        memmove(digits, rest, strlen(rest) + 1);
}

void unit_value_canon(const struct unit_value *v, char *text)
{
    if (v->type == UNIT_NUMBER && *text != '\0')
        canon_number(text);
    for (; v->type == UNIT_HEX && *text; text++)
        *text = (char)tolower((unsigned char)*text);
}

/* ---- Counters ---- */

void unit_counter_name(const struct unit_value *v, const char *recipe, int64_t utc_ms,
                       char name[static UNIT_COUNTER_CAP])
{
    static const char *const forms[] = { [UNIT_NEVER] = "",
                                         [UNIT_DAY] = "@%Y-%m-%d",
                                         [UNIT_WEEK] = "@%G-W%V",
                                         [UNIT_MONTH] = "@%Y-%m",
                                         [UNIT_YEAR] = "@%Y" };
    const time_t seconds = (time_t)(utc_ms / 1000);
    struct tm day;
    char period[24] = "";
    if (v->restart != UNIT_NEVER && gmtime_r(&seconds, &day) &&
        strftime(period, sizeof period, forms[v->restart], &day) == 0)
        period[0] = '\0';
    if (v->counter)
        snprintf(name, UNIT_COUNTER_CAP, "%s%s", v->counter, period);
    else
        snprintf(name, UNIT_COUNTER_CAP, "%s.%s%s", recipe, v->name, period);
}

/* ---- Texts with values in them ---- */

void unit_wipe(void *bytes, size_t n)
{
    if (bytes)
        explicit_bzero(bytes, n);
    free(bytes);
}

#define NAME_LETTERS "abcdefghijklmnopqrstuvwxyz0123456789_"

struct unit_piece unit_piece_at(enum unit_braces braces, const char *text, size_t left)
{
    const size_t marks = braces == UNIT_BRACES_TWO ? 2 : 1;
    struct unit_piece piece = { .takes = 1, .plain = *text };
    if (*text != '{' && (*text != '}' || marks == 2))
        return piece;
    if (marks == 1 && left > 1 && text[1] == *text) {
        piece.takes = 2;
        return piece;
    }
    size_t n = 0;
    while (marks + n < left && text[marks + n] != '\0' && strchr(NAME_LETTERS, text[marks + n]))
        n++;
    const bool opens = *text == '{' && (marks == 1 || (left > 1 && text[1] == '{'));
    const bool closes = marks + n + marks <= left && memcmp(text + marks + n, "}}", marks) == 0;
    piece.alone = marks == 1 && (!opens || !closes || n == 0);
    if (!opens || !closes || n == 0)
        return piece;
    return (struct unit_piece){ .name = text + marks, .length = n, .takes = n + 2 * marks };
}

/* The text that a piece stands for, NULL: its one character. */
static const char *text_of(const struct unit *u, const struct unit_texts *t,
                           const struct unit_piece *piece)
{
    const size_t value =
        piece->name ? unit_value_find(u, piece->name, piece->length) : UNIT_NO_VALUE;
    if (!piece->name)
        return NULL;
    return value != UNIT_NO_VALUE && t->texts[value] ? t->texts[value] : "";
}

char *unit_expand(const struct unit *u, const struct unit_texts *t, enum unit_braces braces,
                  const char *text, size_t bytes, size_t *n)
{
    struct unit_piece piece;
    size_t total = 0;
    for (size_t i = 0; i < bytes; i += piece.takes) {
        piece = unit_piece_at(braces, text + i, bytes - i);
        const char *const value = text_of(u, t, &piece);
        total += value ? strlen(value) : 1;
    }
    char *const out = malloc(total + 1);
    if (!out)
        return NULL;
    *n = 0;
    for (size_t i = 0; i < bytes; i += piece.takes) {
        piece = unit_piece_at(braces, text + i, bytes - i);
        const char *const value = text_of(u, t, &piece);
        const size_t length = value ? strlen(value) : 1;
        memcpy(out + *n, value ? value : &piece.plain, length);
        *n += length;
    }
    out[*n] = '\0';
    return out;
}

/* ---- The end ---- */

static void value_done(struct unit_value *v)
{
    free(v->name);
    free(v->pattern_text);
    free(v->counter);
    free(v->pool);
    free(v->column);
    free(v->constant);
}

static void pool_done(struct unit_pool *p)
{
    free(p->name);
    free(p->file);
    free(p->file_path);
    free(p->folder);
    free(p->folder_path);
    free(p->mac);
}

static void image_done(struct unit_image *image)
{
    for (size_t i = 0; i < UNIT_ENTRIES_MAX; i++) {
        free(image->entries[i].space);
        free(image->entries[i].key);
        free(image->entries[i].value);
    }
    free(image->partition);
    free(image->key_file);
    free(image->key_path);
    free(image->key_value);
    free(image->key_pool);
    free(image->nvs_keys);
    free(image->pool);
    free(image->template_file);
    free(image->template_path);
}

/* All rows: one that failed half way is not counted. */
void unit_done(struct unit *u)
{
    for (size_t i = 0; i < UNIT_VALUES_MAX; i++)
        value_done(&u->values[i]);
    for (size_t i = 0; i < UNIT_POOLS_MAX; i++)
        pool_done(&u->pools[i]);
    for (size_t i = 0; i < UNIT_IMAGES_MAX; i++)
        image_done(&u->images[i]);
    free(u->serial);
    free(u->folder);
}
