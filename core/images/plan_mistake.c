/* How a plan's mistakes and warnings are told. */
#include "core/images/plan_priv.h"

#include <stdarg.h>
#include <stdio.h>

static void say(char *sentence, size_t cap, const char *fmt, va_list ap)
{
    vsnprintf(sentence, cap, fmt, ap);
}

void plan_mistake(struct plan_checker *c, size_t image, const char *fmt, ...)
{
    char sentence[300];
    va_list ap;
    va_start(ap, fmt);
    say(sentence, sizeof sentence, fmt, ap);
    va_end(ap);
    c->mistakes++;
    c->report->mistake(c->report->ctx, image, sentence);
}

void plan_warning(struct plan_checker *c, size_t image, const char *fmt, ...)
{
    char sentence[300];
    va_list ap;
    if (!c->report->warning)
        return;
    va_start(ap, fmt);
    say(sentence, sizeof sentence, fmt, ap);
    va_end(ap);
    c->report->warning(c->report->ctx, image, sentence);
}
