/*
 * Text that may be shown: what a chip, a file, a server or a person gave, without anything that
 * could steer a terminal or show words in another order than they stand.
 *
 * Pure: no memory, no state.
 */
#ifndef CORE_PLAIN_H
#define CORE_PLAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The UTF-8 character at the start of n bytes: gives its length and *code. 0: it is none (broken
 * off, overlong, a surrogate); one byte is to be passed over then. */
size_t plain_decode(const char *text, size_t n, uint32_t *code);

/* How many of the first n bytes are left when a character that is broken off at the end goes: for a
 * text that was cut to fit. */
size_t plain_cut(const char *text, size_t n);

/* Whether a character must not reach a terminal: the control characters of ASCII, with DEL, tab and
 * line end; U+0080 to U+009F, which some terminals obey too; line and paragraph separators; and the
 * marks that turn the direction of writing. */
bool plain_is_steering(uint32_t code);

/* Whether the text holds no such character. Bytes that are no UTF-8 are taken for Latin-1, as in
 * the names of old files: letters pass, control characters do not. */
bool plain_is(const char *text);

/* Puts a '?' for each such character, and for each byte that is no UTF-8. The text gets no longer.
 */
void plain_make(char *text);

#endif
