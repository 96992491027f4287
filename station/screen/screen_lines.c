/* One line for each event, for pipes and log files; and the summary behind both text screens. */
#include "station/screen/screen.h"

#include "station/base/wrap.h"
#include "station/line/event_text.h"
#include "station/screen/timing.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define GREEN "\033[32m"
#define RED   "\033[31m"
#define BOLD  "\033[1m"
#define PLAIN "\033[0m"

bool screen_has_colour(void)
{
    const char *no_colour = getenv("NO_COLOR");
    return isatty(STDOUT_FILENO) && !(no_colour && no_colour[0]);
}

size_t screen_columns(void)
{
    struct winsize w;
    if (!isatty(STDOUT_FILENO))
        return 0;
    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col > 0 ? w.ws_col : 80;
}

const char *show_slot_name(const struct show *show, int number)
{
    const size_t place = (size_t)number - 1; /* number 0 is far behind the last */
    return place < show->name_count ? show->names[place] : NULL;
}

const char *show_label(const struct show *show, int number, char label[SHOW_LABEL_BYTES])
{
    const char *name = show_slot_name(show, number);
    if (name)
        snprintf(label, SHOW_LABEL_BYTES, "%s", name);
    else
        snprintf(label, SHOW_LABEL_BYTES, "%d", number);
    return label;
}

static void on_event(const struct show *show, const struct event *event)
{
    char label[SHOW_LABEL_BYTES];
    event_print(stdout, event, show_label(show, event->slot, label));
    printf("\n");
    fflush(stdout);
}

static void on_finish(const struct show *show)
{
    screen_summary(show, screen_has_colour());
}

const struct screen screen_lines = { .name = "lines", .event = on_event, .finish = on_finish };

/* ---- Summary ---- */

static unsigned count_skipped(struct session *session)
{
    unsigned skipped = 0;
    struct slot_view v;
    for (size_t i = 0; session_look(session, i, &v); i++)
        skipped += v.state == SLOT_SKIPPED;
    return skipped;
}

static void print_counts(const struct headcount *t, unsigned skipped, bool colour)
{
    const bool all = t->passed == t->count && skipped == 0 && t->count > 0;
    printf("\n%s%zu of %zu boards passed%s", colour ? (all ? BOLD GREEN : BOLD RED) : "", t->passed,
           t->count, colour ? PLAIN : "");
    if (t->runs > 0)
        printf(" in %.1f s", (double)(t->last_us - t->first_us) / 1e6);
    if (t->runs > t->count)
        printf(", in %llu runs", (unsigned long long)t->runs);
    if (skipped > 0)
        printf("; %u slot%s not started", skipped, skipped == 1 ? " was" : "s were");
    printf("%s.\n", t->incomplete ? "; there was no memory to count them all" : "");
}

/* ---- Why boards did not pass ---- */

struct failure_print {
    const struct show *show;
    bool colour;
    size_t columns;
};

/* "slots 1, 3 and 4", each once. */
static void print_slots(const struct show *show, const struct headcount_board *const *boards,
                        size_t count)
{
    char label[SHOW_LABEL_BYTES];
    size_t slots = 0, shown = 0;
    for (size_t i = 0; i < count; i++)
        slots += i == 0 || boards[i]->slot != boards[i - 1]->slot;
    if (count > slots)
        printf("%zu boards in ", count);
    printf("slot%s ", slots == 1 ? "" : "s");
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && boards[i]->slot == boards[i - 1]->slot)
            continue;
        printf("%s%s",
               shown == 0           ? ""
               : shown + 1 == slots ? " and "
                                    : ", ",
               show_label(show, boards[i]->slot, label));
        shown++;
    }
}

static void print_wrapped(const struct failure_print *p, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
static void print_wrapped(const struct failure_print *p, const char *fmt, ...)
{
    char *text = NULL;
    va_list ap;
    va_start(ap, fmt);
    const int n = vasprintf(&text, fmt, ap);
    va_end(ap);
    if (n < 0) /* no memory; the next line may find some */
        return;
    wrap_print(stdout, text, 2, p->columns);
    free(text);
}

static void print_macs(const struct failure_print *p, const struct headcount_board *const *boards,
                       size_t count)
{
    char *text = NULL;
    size_t bytes = 0;
    const char *gap = "";
    FILE *out = open_memstream(&text, &bytes);
    for (size_t i = 0; out && i < count; i++) {
        if (!boards[i]->mac[0])
            continue;
        fprintf(out, "%s%s", gap, boards[i]->mac);
        gap = ", ";
    }
    if (out && fclose(out) == 0 && bytes > 0)
        wrap_print(stdout, text, 2, p->columns);
    free(text);
}

static void print_group(void *ctx, const struct headcount_board *const *boards, size_t count,
                        const struct headcount_failure *reason)
{
    const struct failure_print *p = ctx;
    const bool one = count == 1;
    printf("\n%s", p->colour ? RED : "");
    print_slots(p->show, boards, count);
    printf("  %s%s  %s%s%s\n", verdict_word(reason->verdict), p->colour ? PLAIN : "",
           err_word(reason->err.code), one && boards[0]->mac[0] ? "  " : "",
           one ? boards[0]->mac : "");
    if (!one)
        print_macs(p, boards, count);
    print_wrapped(p, "%s%s", reason->err.what, err_stop(reason->err.what));
    print_wrapped(p, "The board%s %s. %s", one ? " is" : "s are",
                  event_board_text(reason->err.code, reason->state), reason->err.hint);
}

static void print_timing(const struct show *show)
{
    char label[SHOW_LABEL_BYTES];
    struct slot_view v;
    timing_print_head();
    for (size_t i = 0; session_look(show->session, i, &v); i++) {
        if (v.runs > 0)
            timing_print(show_label(show, v.number, label), &v.timing);
    }
}

void screen_summary(const struct show *show, bool colour)
{
    struct failure_print print = { .show = show, .colour = colour, .columns = screen_columns() };
    print_counts(show->headcount, count_skipped(show->session), colour);
    const size_t more =
        headcount_failures(show->headcount, &(struct headcount_sink){ &print, print_group });
    if (more > 0)
        printf("\n%zu more did not pass, earlier%s.\n", more,
               show->db_path ? ": the record says why" : "");
    if (show->timing)
        print_timing(show);
    if (show->db_path)
        printf("\nRecord: %s\n", show->db_path);
    fflush(stdout);
}
