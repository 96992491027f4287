/* Values on their way to the server and back. */
#include "core/base/plain.h"
#include "db/fleet/fleet_priv.h"

#include <stdlib.h>
#include <string.h>

#define ODD_FIRST 0xF700u /* of 256 characters of the private use area */
#define ODD_LAST  0xF7FFu

bool fleet_put(struct fleet_lines *to, const char *bytes, size_t n, struct err *e)
{
    if (to->cap - to->used < n) {
        const size_t cap = (to->used + n) * 2 + 4096;
        char *const more = realloc(to->bytes, cap);
        if (!more)
            return err_set(e, ERR_STATION, "No memory left for rows to be sent");
        to->bytes = more;
        to->cap = cap;
    }
    if (n > 0)
        memcpy(to->bytes + to->used, bytes, n);
    to->used += n;
    return true;
}

/* U+F700 + byte, in UTF-8. */
static bool put_odd(struct fleet_lines *to, unsigned char byte, struct err *e)
{
    const char utf8[3] = { (char)0xEF, (char)(0x9C | byte >> 6), (char)(0x80 | (byte & 0x3F)) };
    return fleet_put(to, utf8, sizeof utf8, e);
}

static bool put_escaped(struct fleet_lines *to, char letter, struct err *e)
{
    const char two[2] = { '\\', letter };
    return fleet_put(to, two, sizeof two, e);
}

/* The letter behind a backslash that COPY knows this byte by; 0: it stands for itself. */
static char escape_of(char byte)
{
    switch (byte) {
    case '\\':
        return '\\';
    case '\t':
        return 't';
    case '\n':
        return 'n';
    case '\r':
        return 'r';
    default:
        return '\0';
    }
}

/* One character, or one byte that is part of none: gives how many bytes it took; 0: no memory. */
static size_t put_one(struct fleet_lines *to, const char *text, size_t n, struct err *e)
{
    uint32_t code = 0;
    const size_t length = plain_decode(text, n, &code);
    if (length == 0 || code == 0)
        return put_odd(to, (unsigned char)*text, e) ? 1 : 0;
    if (code >= ODD_FIRST && code <= ODD_LAST) {
        for (size_t i = 0; i < length; i++) {
            if (!put_odd(to, (unsigned char)text[i], e))
                return 0;
        }
        return length;
    }
    const char letter = length == 1 ? escape_of(*text) : '\0';
    const bool ok = letter ? put_escaped(to, letter, e) : fleet_put(to, text, length, e);
    return ok ? length : 0;
}

/* Nearly all text is plain ASCII, which goes in one piece. */
static size_t plain_run(const char *text, size_t n)
{
    size_t i = 0;
    while (i < n && (unsigned char)text[i] >= 0x20 && (unsigned char)text[i] < 0x7F &&
           text[i] != '\\')
        i++;
    return i;
}

bool fleet_put_text(struct fleet_lines *to, const char *text, size_t n, struct err *e)
{
    while (n > 0) {
        size_t took = plain_run(text, n);
        if (took > 0) {
            if (!fleet_put(to, text, took, e))
                return false;
        } else if ((took = put_one(to, text, n, e)) == 0) {
            return false;
        }
        text += took;
        n -= took;
    }
    return true;
}

/* ---- Back ---- */

static char unescaped(char letter)
{
    switch (letter) {
    case 't':
        return '\t';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'v':
        return '\v';
    default:
        return letter;
    }
}

/* Whether the odd form of a byte stands here. */
static bool is_odd(const char *at, char *byte)
{
    const unsigned char *const b = (const unsigned char *)at;
    if (b[0] != 0xEF || (b[1] & 0xFC) != 0x9C || (b[2] & 0xC0) != 0x80)
        return false;
    *byte = (char)((b[1] & 3) << 6 | (b[2] & 0x3F));
    return true;
}

bool fleet_take_value(char **line, char **text, size_t *n)
{
    char *from = *line, *to = from;
    if (!from)
        return false;
    *text = from;
    const bool null = from[0] == '\\' && from[1] == 'N' && (from[2] == '\t' || from[2] == '\0');
    while (*from != '\t' && *from != '\0') {
        if (from[0] == '\\' && from[1] != '\0') {
            *to++ = unescaped(from[1]);
            from += 2;
        } else if (is_odd(from, to)) {
            to++;
            from += 3;
        } else {
            *to++ = *from++;
        }
    }
    *line = *from == '\t' ? from + 1 : NULL;
    *n = (size_t)(to - *text);
    *to = '\0';
    if (null)
        *text = NULL;
    return true;
}
