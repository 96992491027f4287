/* MACs and times: from what people type to the one form of the record. */
#include "db/store/mac_utc.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static bool bad_mac(const char *text, struct err *e)
{
    err_set(e, ERR_USAGE, "'%.40s' is not a MAC: expected 6 or 8 bytes as hex digits", text);
    return err_hint(e, "Type it as on the label: 24:0a:c4:00:00:01, 24-0a-c4-00-00-01 or "
                       "240ac4000001.");
}

/* The separator after the first byte is the one for all; 0 means that there is none. */
static char separator_of(const char *text)
{
    return strlen(text) > 2 && (text[2] == ':' || text[2] == '-') ? text[2] : '\0';
}

bool db_mac_normalise(const char *text, char mac[static DB_MAC_CAP], struct err *e)
{
    char out[DB_MAC_CAP];
    size_t used = 0;
    const char *p = text;
    const char separator = separator_of(text);
    while (*p != '\0') {
        if (used > 0 && separator != '\0' && *p++ != separator)
            return bad_mac(text, e);
        if (!isxdigit((unsigned char)p[0]) || !isxdigit((unsigned char)p[1]))
            return bad_mac(text, e);
        if (used + 3 > sizeof out)
            return bad_mac(text, e);
        out[used++] = (char)tolower((unsigned char)*p++);
        out[used++] = (char)tolower((unsigned char)*p++);
        out[used++] = ':';
    }
    if (used != 6 * 3 && used != 8 * 3)
        return bad_mac(text, e);
    out[used - 1] = '\0';
    memcpy(mac, out, used);
    return true;
}

bool db_utc_text(int64_t utc_ms, char text[static DB_UTC_CAP])
{
    const int64_t last_ms = 253402300799999; /* 9999-12-31T23:59:59.999Z */
    text[0] = '\0';
    if (utc_ms < 0 || utc_ms > last_ms)
        return false;
    const time_t seconds = (time_t)(utc_ms / 1000);
    struct tm tm;
    if (!gmtime_r(&seconds, &tm))
        return false;
    size_t used = strftime(text, DB_UTC_CAP, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(text + used, DB_UTC_CAP - used, ".%03dZ", (int)(utc_ms % 1000));
    return true;
}

/* The parts of a date from the year down, each with the character in front of it. */
enum { YEAR, MONTH, DAY, HOUR, MINUTE, SECOND, MILLI, PARTS };

static const struct part {
    char before;
    int digits, least, most;
} parts[PARTS] = {
    [YEAR] = { '\0', 4, 1970, 9998 }, [MONTH] = { '-', 2, 1, 12 },  [DAY] = { '-', 2, 1, 31 },
    [HOUR] = { 'T', 2, 0, 23 },       [MINUTE] = { ':', 2, 0, 59 }, [SECOND] = { ':', 2, 0, 59 },
    [MILLI] = { '.', 3, 0, 999 },
};

static bool take_part(const char **p, const struct part *part, int *value)
{
    const char *c = *p;
    if (part->before != '\0' && *c++ != part->before)
        return false;
    *value = 0;
    for (int i = 0; i < part->digits; i++, c++) {
        if (!isdigit((unsigned char)*c))
            return false;
        *value = *value * 10 + (*c - '0');
    }
    if (*value < part->least || *value > part->most)
        return false;
    *p = c;
    return true;
}

/* Parts that overflow are carried: month 13 is January of the next year. */
static int64_t parts_ms(const int v[static PARTS])
{
    struct tm tm = { .tm_year = v[YEAR] - 1900,
                     .tm_mon = v[MONTH] - 1,
                     .tm_mday = v[DAY],
                     .tm_hour = v[HOUR],
                     .tm_min = v[MINUTE],
                     .tm_sec = v[SECOND] };
    return (int64_t)timegm(&tm) * 1000 + v[MILLI];
}

static bool day_exists(const int v[static PARTS])
{
    struct tm tm = { .tm_year = v[YEAR] - 1900, .tm_mon = v[MONTH] - 1, .tm_mday = v[DAY] };
    timegm(&tm);
    return tm.tm_mday == v[DAY];
}

bool db_utc_span(const char *text, int64_t *first_ms, int64_t *after_ms, struct err *e)
{
    int v[PARTS] = { 0, 1, 1, 0, 0, 0, 0 };
    const char *p = text;
    int n = 0;
    while (n < PARTS && *p != '\0' && strcmp(p, "Z") != 0) {
        if (!take_part(&p, &parts[n], &v[n]))
            break;
        n++;
    }
    const bool ended = *p == '\0' || strcmp(p, "Z") == 0;
    if (n == 0 || !ended || !day_exists(v)) {
        err_set(e, ERR_USAGE, "'%.40s' is not a date and time of the record, which are UTC", text);
        return err_hint(e, "Write 2026-03-04, 2026-03-04T05:06 or 2026-03-04T05:06:07.089Z.");
    }
    *first_ms = parts_ms(v);
    v[n - 1]++;
    *after_ms = parts_ms(v);
    return true;
}
