#include "station/base/wrap.h"

#include <string.h>
#include <wchar.h>

/* The next character: its bytes, and its columns. What is no text here counts byte by byte. */
static size_t next_char(const char *at, size_t *columns)
{
    wchar_t c;
    mbstate_t state;
    memset(&state, 0, sizeof state);
    const size_t n = mbrtowc(&c, at, strlen(at), &state);
    *columns = 1;
    if (n == 0 || n == (size_t)-1 || n == (size_t)-2)
        return 1;
    const int width = wcwidth(c);
    *columns = width > 0 ? (size_t)width : 0;
    return n;
}

size_t wrap_fit(const char *text, size_t columns)
{
    size_t bytes = 0, used = 0;
    while (text[bytes]) {
        size_t wide;
        const size_t n = next_char(text + bytes, &wide);
        if (used + wide > columns)
            break;
        used += wide;
        bytes += n;
    }
    return bytes;
}

static size_t columns_of(const char *text, size_t bytes)
{
    size_t used = 0;
    for (size_t at = 0; at < bytes;) {
        size_t wide;
        at += next_char(text + at, &wide);
        used += wide;
    }
    return used;
}

void wrap_print(FILE *out, const char *text, size_t indent, size_t columns)
{
    size_t used = 0; /* columns of this line, with its indent; 0: it is not begun */
    for (const char *at = text + strspn(text, " "); *at; at += strspn(at, " ")) {
        const size_t bytes = strcspn(at, " ");
        const size_t wide = columns_of(at, bytes);
        if (used > 0 && columns > 0 && used + 1 + wide > columns) {
            fputc('\n', out);
            used = 0;
        }
        fprintf(out, "%*s%.*s", used > 0 ? 1 : (int)indent, "", (int)bytes, at);
        used += (used > 0 ? 1 : indent) + wide;
        at += bytes;
    }
    fputc('\n', out);
}
