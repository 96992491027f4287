/*
 * The pattern of a counter: "EX{yy}-{n:6}-{damm}" makes EX26-000123-3 of number 123.
 *
 * Fields: {n:6} {hex:6} {base32:5} {base36:4} are the number, in so many digits with zeros in
 * front, or in as many as it takes where no digits are given; base32 has Crockford's digits.
 * {yyyy} {yy} {mm} {dd}: the day in UTC; {gg} {ww}: ISO week, with the year that it belongs to.
 * {luhn} {damm} check the decimal digits in front of them, {mod97} (ISO 7064 mod 97-10, two digits)
 * and {mod37} (ISO 7064 mod 37,36) digits and letters. {{ and }} are braces.
 *
 * Pure: no memory, no state.
 */
#ifndef RECIPES_PATTERN_H
#define RECIPES_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PATTERN_PARTS_MAX  16
#define PATTERN_TEXT_CAP   128 /* of what it makes, with NUL */
#define PATTERN_NUMBER_MAX ((uint64_t)INT64_MAX)

enum pattern_kind {
    PATTERN_LITERAL,
    PATTERN_DECIMAL,
    PATTERN_HEX,
    PATTERN_BASE32,
    PATTERN_BASE36,
    PATTERN_YEAR,
    PATTERN_YEAR_2,
    PATTERN_MONTH,
    PATTERN_DAY,
    PATTERN_WEEK_YEAR,
    PATTERN_WEEK,
    PATTERN_LUHN,
    PATTERN_DAMM,
    PATTERN_MOD97,
    PATTERN_MOD37,
    PATTERN_KIND_COUNT
};

struct pattern {
    struct pattern_part {
        enum pattern_kind kind;
        unsigned digits; /* of a number; 0: as many as it takes */
        char text[64];   /* of a literal */
    } parts[PATTERN_PARTS_MAX];
    size_t count;
};

/* Reads a pattern, which must have the number once. False: *why is a sentence without full stop,
 * lent for good, or in `buf`. */
bool pattern_read(const char *text, struct pattern *p, char *why, size_t cap);

bool pattern_has(const struct pattern *p, enum pattern_kind kind);

/* The largest number that fits into its digits. */
uint64_t pattern_largest(const struct pattern *p);

/* The text for a number on a day. False: it does not fit. */
bool pattern_make(const struct pattern *p, uint64_t number, int64_t utc_ms, char *text, size_t cap);

/* ---- Check characters of a text ---- */

/* Each gives the character that belongs behind the text. */
char check_luhn(const char *text);
char check_damm(const char *text);
void check_mod97(const char *text, char two[static 3]);
char check_mod37(const char *text);

#endif
