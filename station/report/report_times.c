/* Periods of time: numbered from the year 0 on, so that those without runs can be shown as well. */
#include "station/report/report_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { HOUR, DAY, MONTH, YEAR, UNITS };

static const struct report_unit units[UNITS] = {
    [HOUR] = { "hour", 13, 72 },
    [DAY] = { "day", 10, REPORT_PERIODS },
    [MONTH] = { "month", 7, REPORT_PERIODS },
    [YEAR] = { "year", 4, REPORT_PERIODS },
};

/* The digits from `at` on; the record has only times in one form. */
static int64_t digits(const char *utc, size_t at, size_t n)
{
    int64_t number = 0;
    for (size_t i = at; i < at + n && i < strlen(utc); i++)
        number = number * 10 + (utc[i] - '0');
    return number;
}

/* Days since the first of March of the year 0, after which leap days come last in their years. */
static int64_t day_number(int64_t year, int64_t month, int64_t day)
{
    const int64_t y = month <= 2 ? year - 1 : year;
    const int64_t m = month <= 2 ? month + 9 : month - 3;
    return 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1;
}

static void date_of(int64_t number, int *month, int *day)
{
    const int64_t era = number % 146097;
    const int64_t y = (era - era / 1460 + era / 36524 - era / 146096) / 365;
    const int64_t d = era - (365 * y + y / 4 - y / 100);
    const int64_t m = (5 * d + 2) / 153;
    *day = (int)(d - (153 * m + 2) / 5 + 1);
    *month = (int)(m < 10 ? m + 3 : m - 9);
}

static int64_t period_number(const struct report_unit *unit, const char *utc)
{
    const int64_t year = digits(utc, 0, 4), month = digits(utc, 5, 2);
    if (unit == &units[YEAR])
        return year;
    if (unit == &units[MONTH])
        return year * 12 + month - 1;
    const int64_t day = day_number(year, month, digits(utc, 8, 2));
    return unit == &units[DAY] ? day : day * 24 + digits(utc, 11, 2);
}

void report_times_begin(struct report_times *times, const char *first_utc, const char *last_utc)
{
    *times = (struct report_times){ .unit = NULL };
    if (first_utc[0] == '\0' || last_utc[0] == '\0')
        return;
    for (size_t i = 0; i < UNITS && !times->unit; i++) {
        const int64_t first = period_number(&units[i], first_utc);
        const int64_t count = period_number(&units[i], last_utc) - first + 1;
        if (count < 1 || count > units[i].most_units)
            continue;
        times->unit = &units[i];
        times->first = first;
        times->count = (size_t)count;
    }
}

void report_times_add(struct report_times *times, const char *utc, int64_t passed, int64_t others)
{
    const int64_t at = period_number(times->unit, utc) - times->first;
    if (at < 0 || at >= (int64_t)times->count)
        return;
    times->periods[at].passed += passed;
    times->periods[at].others += others;
}

void report_times_label(const struct report_times *times, size_t at, char label[static 24])
{
    const int64_t number = times->first + (int64_t)at;
    int month, day;
    if (times->unit == &units[YEAR]) {
        snprintf(label, 24, "%04" PRId64, number);
    } else if (times->unit == &units[MONTH]) {
        snprintf(label, 24, "%04" PRId64 "-%02d", number / 12, (int)(number % 12) + 1);
    } else if (times->unit == &units[DAY]) {
        date_of(number, &month, &day);
        snprintf(label, 24, "%02d-%02d", month, day);
    } else {
        date_of(number / 24, &month, &day);
        snprintf(label, 24, "%02d-%02d %02d:00", month, day, (int)(number % 24));
    }
}
