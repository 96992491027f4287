/*
 * The word that was meant: nearest by edit distance, where one is near enough to be worth saying.
 */
#include "core/base/nearest.h"

#include <ctype.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define WORD_MAX 32 /* no key and no word is longer; longer text is no slip of one of them */

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

static bool same(char a, char b)
{
    return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/* Insertions, deletions, replacements and swapped neighbours between two words of at most WORD_MAX
 * bytes, upper and lower case being the same. */
static unsigned edit_distance(const char *a, const char *b)
{
    const size_t rows = strlen(a);
    const size_t columns = strlen(b);
    unsigned d[WORD_MAX + 1][WORD_MAX + 1];

    for (size_t i = 0; i <= rows; i++)
        d[i][0] = (unsigned)i;
    for (size_t j = 0; j <= columns; j++)
        d[0][j] = (unsigned)j;
    for (size_t i = 1; i <= rows; i++) {
        for (size_t j = 1; j <= columns; j++) {
            const unsigned replaced = d[i - 1][j - 1] + !same(a[i - 1], b[j - 1]);
            d[i][j] = least(replaced, least(d[i - 1][j], d[i][j - 1]) + 1);
            if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]))
                d[i][j] = least(d[i][j], d[i - 2][j - 2] + 1);
        }
    }
    return d[rows][columns];
}

/* One slip in three letters: "chp" is near "chip", "mode" is not near "none". */
static unsigned tolerance(size_t bytes)
{
    return bytes < 6 ? 1 : (unsigned)(bytes / 3);
}

void nearest_init(struct nearest *near, const char *text)
{
    *near = (struct nearest){ .text = text, .distance = WORD_MAX + 1 };
}

/* "need" is near "needed", too, and "timeout" near "timeout_ms". */
static bool is_near(const char *a, const char *b, unsigned distance)
{
    const size_t shorter = least((unsigned)strlen(a), (unsigned)strlen(b));
    return distance <= tolerance(shorter) || (shorter >= 3 && strncasecmp(a, b, shorter) == 0);
}

void nearest_offer(struct nearest *near, const char *word, const char *answer)
{
    if (near->text[0] == '\0' || strnlen(near->text, WORD_MAX + 1) > WORD_MAX ||
        strlen(word) > WORD_MAX)
        return;
    const unsigned distance = edit_distance(near->text, word);
    if (distance < near->distance && is_near(near->text, word, distance)) {
        near->best = answer;
        near->distance = distance;
    }
}

void nearest_offer_words(struct nearest *near, const char *const *words)
{
    for (size_t i = 0; words && words[i]; i++)
        nearest_offer(near, words[i], words[i]);
}
