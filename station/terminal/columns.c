#include "station/terminal/columns.h"

#include "core/base/plain.h"

#include <langinfo.h>
#include <string.h>

bool columns_has_utf8(void)
{
    return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

/* The next character and what it takes; the text is not at its end. */
static size_t take_one(const char *text, bool utf8, wchar_t *wide, unsigned *columns)
{
    uint32_t code = 0;
    const size_t n = plain_decode(text, strnlen(text, 4), &code);
    const int width = n > 0 ? wcwidth((wchar_t)code) : -1;
    const bool shows = n > 0 && width >= 0 && (utf8 || code < 0x7f) && !plain_is_steering(code);
    *wide = shows ? (wchar_t)code : L'?';
    *columns = shows ? (unsigned)width : 1;
    return n > 0 ? n : 1;
}

unsigned columns_take(const char *text, unsigned columns, wchar_t *wide, size_t cap,
                      const char **rest)
{
    const bool utf8 = columns_has_utf8();
    unsigned used = 0, width;
    size_t count = 0;
    while (*text && count + 1 < cap) {
        const size_t n = take_one(text, utf8, &wide[count], &width);
        if (used + width > columns)
            break;
        used += width;
        count++;
        text += n;
    }
    wide[count] = L'\0';
    if (rest)
        *rest = text;
    return used;
}

unsigned columns_of(const char *text)
{
    const bool utf8 = columns_has_utf8();
    unsigned used = 0, width;
    wchar_t wide;
    while (*text) {
        text += take_one(text, utf8, &wide, &width);
        used += width;
    }
    return used;
}

bool columns_line(const char **text, unsigned columns, wchar_t *wide, size_t cap)
{
    const bool utf8 = columns_has_utf8();
    const char *at = *text + strspn(*text, " "), *blank = NULL;
    size_t count = 0, blank_count = 0;
    unsigned used = 0, width;
    while (*at && count + 1 < cap) {
        const size_t n = take_one(at, utf8, &wide[count], &width);
        if (*at == ' ' && (count == 0 || wide[count - 1] != L' ')) {
            blank = at;
            blank_count = count;
        } else if (*at != ' ' && used + width > columns) {
            break;
        }
        used += width;
        count++;
        at += n;
    }
    if (*at && blank) { /* a word is broken off: not that */
        at = blank;
        count = blank_count;
    }
    wide[count] = L'\0';
    *text = at;
    return count > 0;
}
