/*
 * The list of mistakes.
 */
#include "core/base/plain.h"
#include "recipes/doc/doc_priv.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void doc_report_init(struct doc_report *report)
{
    memset(report, 0, sizeof *report);
}

const char *value_quote(const char *text, char *buf, size_t cap)
{
    const size_t n = strnlen(text, cap);
    if (n < cap) {
        memcpy(buf, text, n + 1);
        return buf;
    }
    const size_t room = cap - sizeof "...";
    memcpy(buf, text, room);
    buf[plain_cut(buf, room)] = '\0';
    text_append(buf, cap, "...");
    return buf;
}

static bool before(struct doc_pos a, struct doc_pos b)
{
    return a.line != b.line ? a.line < b.line : a.column < b.column;
}

/* Where a mistake at `at` belongs; behind those of the same place. */
static size_t rank_of(const struct doc_report *report, struct doc_pos at)
{
    size_t i = report->kept;
    while (i > 0 && before(at, report->mistakes[i - 1].at))
        i--;
    return i;
}

void doc_report_add(struct doc_report *report, struct doc_pos at, const char *fmt, ...)
{
    report->total++;
    if (report->kept >= DOC_MISTAKES_MAX)
        return;

    const size_t i = rank_of(report, at);
    struct doc_mistake *const m = &report->mistakes[i];
    memmove(m + 1, m, (report->kept - i) * sizeof *m);
    report->kept++;

    va_list ap;
    va_start(ap, fmt);
    const int n = vsnprintf(m->sentence, sizeof m->sentence, fmt, ap);
    va_end(ap);
    if (n < 0)
        m->sentence[0] = '\0';
    else if ((size_t)n >= sizeof m->sentence)
        m->sentence[plain_cut(m->sentence, sizeof m->sentence - 1)] = '\0';
    plain_make(m->sentence);
    m->at = at;
}

const char *doc_mistake_text(const char *name, const struct doc_mistake *mistake, char *buf,
                             size_t cap)
{
    buf[0] = '\0';
    text_append(buf, cap, "%s", name);
    if (mistake->at.line > 0)
        text_append(buf, cap, ":%u:%u", mistake->at.line, mistake->at.column);
    text_append(buf, cap, ": %s", mistake->sentence);
    return buf;
}
