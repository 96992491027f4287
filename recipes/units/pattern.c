#include "recipes/units/pattern.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- Check characters ---- */

/* Digits alone count; what stands between them is for people. Luhn: ISO/IEC 7812-1, annex B. */
char check_luhn(const char *text)
{
    unsigned sum = 0;
    bool twice = true;
    for (size_t i = strlen(text); i-- > 0;) {
        if (!isdigit((unsigned char)text[i]))
            continue;
        const unsigned digit = (unsigned)(text[i] - '0') * (twice ? 2 : 1);
        sum += digit / 10 + digit % 10;
        twice = !twice;
    }
    return (char)('0' + (10 - sum % 10) % 10);
}

/* The quasigroup of H. Michael Damm's thesis (Marburg, 2004). */
char check_damm(const char *text)
{
    static const char table[10][11] = { "0317598642", "7092154863", "4206871359", "1750983426",
                                        "6123045978", "3674209581", "5869720134", "8945362017",
                                        "9438617205", "2581436790" };
    unsigned state = 0;
    for (; *text; text++) {
        if (isdigit((unsigned char)*text))
            state = (unsigned)(table[state][*text - '0'] - '0');
    }
    return (char)('0' + state);
}

/* 0 to 35; below 0: neither digit nor letter. */
static int value_of(char c)
{
    if (isdigit((unsigned char)c))
        return c - '0';
    return isalpha((unsigned char)c) ? toupper((unsigned char)c) - 'A' + 10 : -1;
}

/* ISO/IEC 7064, mod 97-10: a letter is two digits, 10 to 35, as in an IBAN. */
void check_mod97(const char *text, char two[static 3])
{
    unsigned rest = 0;
    for (; *text; text++) {
        const int value = value_of(*text);
        if (value >= 0)
            rest = (rest * (value < 10 ? 10 : 100) + (unsigned)value) % 97;
    }
    const unsigned check = 98 - rest * 100 % 97;
    two[0] = (char)('0' + check / 10);
    two[1] = (char)('0' + check % 10);
    two[2] = '\0';
}

/* ISO/IEC 7064, mod 37,36: a hybrid system. */
char check_mod37(const char *text)
{
    unsigned product = 36;
    for (; *text; text++) {
        const int value = value_of(*text);
        if (value < 0)
            continue;
        const unsigned sum = (product + (unsigned)value) % 36;
        product = (sum ? sum : 36) * 2 % 37;
    }
    return "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[(37 - product) % 36];
}

/* ---- Reading a pattern ---- */

static const char *const words[PATTERN_KIND_COUNT] = {
    [PATTERN_DECIMAL] = "n",     [PATTERN_HEX] = "hex",     [PATTERN_BASE32] = "base32",
    [PATTERN_BASE36] = "base36", [PATTERN_YEAR] = "yyyy",   [PATTERN_YEAR_2] = "yy",
    [PATTERN_MONTH] = "mm",      [PATTERN_DAY] = "dd",      [PATTERN_WEEK_YEAR] = "gg",
    [PATTERN_WEEK] = "ww",       [PATTERN_LUHN] = "luhn",   [PATTERN_DAMM] = "damm",
    [PATTERN_MOD97] = "mod97",   [PATTERN_MOD37] = "mod37",
};

static bool is_number(enum pattern_kind kind)
{
    return kind >= PATTERN_DECIMAL && kind <= PATTERN_BASE36;
}

static unsigned base_of(enum pattern_kind kind)
{
    return kind == PATTERN_HEX      ? 16
           : kind == PATTERN_BASE32 ? 32
           : kind == PATTERN_BASE36 ? 36
                                    : 10;
}

static bool refuse(char *why, size_t cap, const char *what)
{
    snprintf(why, cap, "%s", what);
    return false;
}

/* Appends one character to the literal at the end. */
static bool put_literal(struct pattern *p, char c)
{
    struct pattern_part *part = p->count ? &p->parts[p->count - 1] : NULL;
    if (!part || part->kind != PATTERN_LITERAL) {
        if (p->count == PATTERN_PARTS_MAX)
            return false;
        part = &p->parts[p->count++];
        *part = (struct pattern_part){ .kind = PATTERN_LITERAL };
    }
    const size_t n = strlen(part->text);
    if (n + 1 >= sizeof part->text)
        return false;
    part->text[n] = c;
    part->text[n + 1] = '\0';
    return true;
}

static bool read_digits(const char *text, size_t n, unsigned *digits)
{
    *digits = 0;
    for (size_t i = 0; i < n; i++) {
        if (!isdigit((unsigned char)text[i]) || *digits > 99)
            return false;
        *digits = *digits * 10 + (unsigned)(text[i] - '0');
    }
    return n > 0 && *digits >= 1 && *digits <= 19;
}

/* What stands between braces. */
static bool read_field(const char *text, size_t n, struct pattern_part *part, char *why, size_t cap)
{
    const char *const colon = memchr(text, ':', n);
    const size_t word = colon ? (size_t)(colon - text) : n;
    *part = (struct pattern_part){ .kind = PATTERN_KIND_COUNT };
    for (enum pattern_kind k = 0; k < PATTERN_KIND_COUNT; k++) {
        if (words[k] && strlen(words[k]) == word && memcmp(words[k], text, word) == 0)
            part->kind = k;
    }
    if (part->kind == PATTERN_KIND_COUNT)
        return refuse(why, cap,
                      "there is n, hex, base32, base36, yyyy, yy, mm, dd, gg, ww, luhn, damm, "
                      "mod97, mod37 between braces");
    if (colon && !is_number(part->kind))
        return refuse(why, cap, "only a number takes digits, as in {n:6}");
    if (colon && !read_digits(colon + 1, n - word - 1, &part->digits))
        return refuse(why, cap, "a number takes 1 to 19 digits, as in {n:6}");
    return true;
}

/* The digits in front of a check character are what it can protect. */
static bool check_order(const struct pattern *p, char *why, size_t cap)
{
    size_t numbers = 0;
    for (size_t i = 0; i < p->count; i++) {
        const enum pattern_kind kind = p->parts[i].kind;
        numbers += is_number(kind);
        if (kind >= PATTERN_LUHN && numbers == 0)
            return refuse(why, cap, "a check character stands behind the number that it checks");
    }
    if (numbers != 1)
        return refuse(why, cap, "a pattern has the number once, as in {n:6}");
    if ((pattern_has(p, PATTERN_LUHN) || pattern_has(p, PATTERN_DAMM)) &&
        !pattern_has(p, PATTERN_DECIMAL))
        return refuse(why, cap,
                      "luhn and damm check decimal digits alone; with letters take mod97 or mod37");
    return true;
}

bool pattern_read(const char *text, struct pattern *p, char *why, size_t cap)
{
    memset(p, 0, sizeof *p);
    while (*text) {
        const bool doubled = (*text == '{' || *text == '}') && text[1] == *text;
        const char *const close = *text == '{' && !doubled ? strchr(text, '}') : NULL;
        if (close) {
            if (p->count == PATTERN_PARTS_MAX)
                return refuse(why, cap, "it has more than 16 parts");
            if (!read_field(text + 1, (size_t)(close - text - 1), &p->parts[p->count], why, cap))
                return false;
            p->count++;
            text = close + 1;
            continue;
        }
        if ((*text == '{' || *text == '}') && !doubled)
            return refuse(why, cap, "a brace stands alone; write {{ or }} for one");
        if (!put_literal(p, *text))
            return refuse(why, cap, "it has more than 16 parts, or more than 63 letters in one");
        text += doubled ? 2 : 1;
    }
    return check_order(p, why, cap);
}

bool pattern_has(const struct pattern *p, enum pattern_kind kind)
{
    for (size_t i = 0; i < p->count; i++) {
        if (p->parts[i].kind == kind)
            return true;
    }
    return false;
}

uint64_t pattern_largest(const struct pattern *p)
{
    uint64_t largest = PATTERN_NUMBER_MAX;
    for (size_t i = 0; i < p->count; i++) {
        const struct pattern_part *const part = &p->parts[i];
        if (!is_number(part->kind) || part->digits == 0)
            continue;
        uint64_t all = 1;
        for (unsigned d = 0; d < part->digits && all <= PATTERN_NUMBER_MAX / 36; d++)
            all *= base_of(part->kind);
        /* beyond that, all numbers that there are fit */
        largest = all > PATTERN_NUMBER_MAX / 36 ? largest : all - 1;
    }
    return largest;
}

/* ---- Making a text ---- */

static bool append(char *text, size_t cap, const char *more)
{
    const size_t used = strlen(text), n = strlen(more);
    if (used + n >= cap)
        return false;
    memcpy(text + used, more, n + 1);
    return true;
}

static bool append_number(char *text, size_t cap, const struct pattern_part *part, uint64_t number)
{
    static const char plain[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    static const char crockford[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    const char *const digits = part->kind == PATTERN_BASE32 ? crockford : plain;
    const unsigned base = base_of(part->kind);
    char buf[24];
    size_t at = sizeof buf - 1;
    unsigned count = 0;
    buf[at] = '\0';
    do {
        buf[--at] = digits[number % base];
        number /= base;
        count++;
    } while (number > 0);
    while (count < part->digits) {
        buf[--at] = '0';
        count++;
    }
    return (part->digits == 0 || count == part->digits) && append(text, cap, buf + at);
}

static bool append_day(char *text, size_t cap, enum pattern_kind kind, int64_t utc_ms)
{
    static const char *const forms[PATTERN_KIND_COUNT] = {
        [PATTERN_YEAR] = "%Y", [PATTERN_YEAR_2] = "%y",    [PATTERN_MONTH] = "%m",
        [PATTERN_DAY] = "%d",  [PATTERN_WEEK_YEAR] = "%g", [PATTERN_WEEK] = "%V",
    };
    const time_t seconds = (time_t)(utc_ms / 1000);
    struct tm day;
    char buf[16];
    return gmtime_r(&seconds, &day) && strftime(buf, sizeof buf, forms[kind], &day) > 0 &&
           append(text, cap, buf);
}

static bool append_check(char *text, size_t cap, enum pattern_kind kind)
{
    char check[3] = "";
    if (kind == PATTERN_MOD97)
        check_mod97(text, check);
    else
        check[0] = kind == PATTERN_LUHN   ? check_luhn(text)
                   : kind == PATTERN_DAMM ? check_damm(text)
                                          : check_mod37(text);
    return append(text, cap, check);
}

bool pattern_make(const struct pattern *p, uint64_t number, int64_t utc_ms, char *text, size_t cap)
{
    bool ok = true;
    text[0] = '\0';
    for (size_t i = 0; ok && i < p->count; i++) {
        const struct pattern_part *const part = &p->parts[i];
        if (part->kind == PATTERN_LITERAL)
            ok = append(text, cap, part->text);
        else if (is_number(part->kind))
            ok = append_number(text, cap, part, number);
        else if (part->kind >= PATTERN_LUHN)
            ok = append_check(text, cap, part->kind);
        else
            ok = append_day(text, cap, part->kind, utc_ms);
    }
    return ok;
}
