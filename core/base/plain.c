#include "core/base/plain.h"

#include <string.h>

#define TOP_CODE 0x10FFFFu

/* How many bytes a character has that begins so, and what its first byte holds of it. */
static size_t lead(unsigned char c, uint32_t *code)
{
    if (c < 0x80) {
        *code = c;
        return 1;
    }
    if (c < 0xC2 || c > 0xF4)
        return 0;
    size_t bytes = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : 2;
    *code = c & (0x7Fu >> bytes);
    return bytes;
}

/* Written with more bytes than it needs, it would be a second spelling that a check may miss. */
static bool is_sound(uint32_t code, size_t bytes)
{
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    bool surrogate = code >= 0xD800 && code < 0xE000;
    return code >= least[bytes] && code <= TOP_CODE && !surrogate;
}

size_t plain_decode(const char *text, size_t n, uint32_t *code)
{
    size_t bytes = n > 0 ? lead((unsigned char)text[0], code) : 0;
    if (bytes == 0 || bytes > n)
        return 0;
    for (size_t i = 1; i < bytes; i++) {
        unsigned char c = (unsigned char)text[i];
        if ((c & 0xC0) != 0x80)
            return 0;
        *code = *code << 6 | (c & 0x3F);
    }
    return is_sound(*code, bytes) ? bytes : 0;
}

size_t plain_cut(const char *text, size_t n)
{
    size_t first = n;
    uint32_t code;
    while (first > 0 && n - first < 4 && ((unsigned char)text[first - 1] & 0xC0) == 0x80)
        first--;
    size_t bytes = first > 0 ? lead((unsigned char)text[first - 1], &code) : 0;
    return bytes > 1 && first - 1 + bytes > n ? first - 1 : n;
}

bool plain_is_steering(uint32_t code)
{
    static const struct {
        uint32_t first, last;
    } ranges[] = {
        { 0x00, 0x1F },     { 0x7F, 0x9F },     { 0x061C, 0x061C },
        { 0x200E, 0x200F }, { 0x2028, 0x202E }, { 0x2066, 0x2069 },
    };
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        if (code >= ranges[i].first && code <= ranges[i].last)
            return true;
    }
    return false;
}

bool plain_is(const char *text)
{
    for (size_t n = strlen(text); n > 0;) {
        uint32_t code = 0;
        size_t bytes = plain_decode(text, n, &code);
        if (bytes == 0)
            code = (unsigned char)text[0]; /* a terminal may take it for Latin-1 */
        if (plain_is_steering(code))
            return false;
        bytes = bytes ? bytes : 1;
        text += bytes;
        n -= bytes;
    }
    return true;
}

void plain_make(char *text)
{
    char *to = text;
    for (size_t n = strlen(text); n > 0;) {
        uint32_t code = 0;
        size_t bytes = plain_decode(text, n, &code);
        if (bytes == 0 || plain_is_steering(code)) {
            *to++ = '?';
            bytes = bytes ? bytes : 1;
        } else {
            memmove(to, text, bytes);
            to += bytes;
        }
        text += bytes;
        n -= bytes;
    }
    *to = '\0';
}
