#include "station/line/ear.h"

#include <stdlib.h>
#include <string.h>

#define BANNER_BYTES 300 /* so far behind a ROM's first line its reset line begins, at most */
#define LINE_BYTES   64  /* so far behind the reset its boot mode follows */
#define PIECE_BYTES  256 /* taken at once: with it a whole banner before still fits */
#define TALK_BYTES   8   /* so many printable ones in a row are text; noise has fewer */

void ear_forget(struct ear *ear)
{
    ear->have = 0;
    ear->text[0] = '\0';
}

_Static_assert(PIECE_BYTES + BANNER_BYTES + LINE_BYTES < EAR_BYTES, "a whole announcement is kept");

/* At most PIECE_BYTES. Bytes that are no text become a 1, so that a zero does not end it and noise
 * is no talk. */
static void keep(struct ear *ear, const char *bytes, size_t n)
{
    const size_t stays = ear->have + n > EAR_BYTES ? EAR_BYTES - n : ear->have;
    memmove(ear->text, ear->text + ear->have - stays, stays);
    for (size_t i = 0; i < n; i++) {
        const char c = bytes[i];
        ear->text[stays + i] = (c >= ' ' && c < 0x7F) || c == '\n' || c == '\r' ? c : '\x01';
    }
    ear->have = stays + n;
    ear->text[ear->have] = '\0';
}

/* Whether a ROM's first line stands before `at`, not far away. */
static bool has_banner(const char *text, const char *at)
{
    char before[BANNER_BYTES + 1];
    const size_t n = (size_t)(at - text) < BANNER_BYTES ? (size_t)(at - text) : BANNER_BYTES;
    memcpy(before, at - n, n);
    before[n] = '\0';
    return strstr(before, "ets ") || strstr(before, "ESP-ROM:");
}

/* " (POWERON_RESET),boot:0x13", or ", boot mode:(3,6)": in the same line, and nothing else. */
static bool is_followed(const char *at, const char *by)
{
    const char *found = strstr(at, by);
    const char *end = strpbrk(at, "\r\n");
    return (at[0] == ',' || strncmp(at, " (", 2) == 0) && found && found - at < LINE_BYTES &&
           (!end || found < end);
}

/* The number behind the mark, where a ROM says it: between its first line and its boot mode, not
 * in the middle of what an application quotes. -1: none. */
static long reset_number(const char *text, const char *mark, int base, const char *mode)
{
    for (const char *at = strstr(text, mark); at; at = strstr(at + 1, mark)) {
        const char *number = at + strlen(mark);
        char *end;
        const long value = strtol(number, &end, base);
        if (end > number && is_followed(end, mode) && has_banner(text, at))
            return value;
    }
    return -1;
}

/* Words of a board that no image was written to, or that waits for one. */
static bool is_unflashed(const char *text)
{
    return strstr(text, "invalid header: 0xffffffff") || strstr(text, "waiting for download");
}

static bool talks(const char *text)
{
    size_t run = 0;
    for (; *text; text++) {
        run = *text >= ' ' ? run + 1 : 0;
        if (run >= TALK_BYTES)
            return true;
    }
    return false;
}

/* 1: power or EN, on every chip. The ESP8266's modules often report an external reset, 2, when
 * power comes. */
static enum ear_word take_piece(struct ear *ear, const char *bytes, size_t n)
{
    keep(ear, bytes, n);
    const long esp32 = reset_number(ear->text, "rst:0x", 16, "boot:0x");
    const long esp8266 = reset_number(ear->text, "rst cause:", 10, "boot mode:(");
    enum ear_word word = talks(ear->text) ? EAR_TEXT : EAR_NOTHING;
    if (esp32 == 1 || esp8266 == 1 || esp8266 == 2 || is_unflashed(ear->text))
        word = EAR_ARRIVAL;
    else if (esp32 >= 0 || esp8266 >= 0)
        word = EAR_RESET;
    if (word >= EAR_RESET)
        ear_forget(ear);
    return word;
}

/* Piece by piece, each behind what was kept of those before: a computer that stalls reads much at
 * once, and what a ROM said first must not be pushed out before it was looked at. */
enum ear_word ear_take(struct ear *ear, const char *bytes, size_t n)
{
    enum ear_word gravest = EAR_NOTHING;
    do {
        const size_t piece = n < PIECE_BYTES ? n : PIECE_BYTES;
        const enum ear_word word = take_piece(ear, bytes, piece);
        gravest = word > gravest ? word : gravest;
        bytes += piece;
        n -= piece;
    } while (n > 0);
    return gravest;
}
