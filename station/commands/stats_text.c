/* Statistics for a person: the total as a page, then a line for each group. */
#include "station/cli/cmd.h"
#include "station/commands/stats_screen.h"

#include <inttypes.h>
#include <string.h>

enum { BAR_MAX = 30, NAME_WIDTH = 16 };

static int64_t closed_runs(const struct db_stats_row *row)
{
    return row->passed + row->failed + row->stopped + row->interrupted;
}

static double percent(int64_t part, int64_t whole)
{
    return whole > 0 ? 100 * (double)part / (double)whole : 0;
}

static const char *share_text(double share, char text[static 16])
{
    if (share < 0)
        snprintf(text, 16, "-");
    else
        snprintf(text, 16, "%.2f %%", 100 * share);
    return text;
}

/* ---- The total ---- */

static void print_yields(const struct db_stats_row *row)
{
    char text[16];
    printf("runs              %9" PRId64 "  %" PRId64 " passed, %" PRId64 " failed, %" PRId64
           " stopped, %" PRId64 " interrupted; %" PRId64 " open\n",
           closed_runs(row), row->passed, row->failed, row->stopped, row->interrupted, row->open);
    printf("boards            %9" PRId64 "\n", row->boards);
    printf("first-pass yield  %9s  %" PRId64 " of %" PRId64 " boards passed in their first run\n",
           share_text(db_first_pass_yield(row), text), row->first_pass, row->boards);
    printf("final yield       %9s  %" PRId64 " of %" PRId64 " boards passed in their last run\n",
           share_text(db_final_yield(row), text), row->final_pass, row->boards);
    printf("run yield         %9s  %" PRId64 " of %" PRId64 " runs passed\n",
           share_text(db_run_yield(row), text), row->passed,
           row->passed + row->failed - row->refused);
    printf("retried           %9s  %" PRId64 " of %" PRId64 " passes took more than one attempt\n",
           share_text(row->passed > 0 ? (double)row->retried / (double)row->passed : -1, text),
           row->retried, row->passed);
}

static void print_left_out(const struct db_stats_row *row)
{
    if (row->refused + row->unidentified + row->slower_runs > 0)
        printf("\n");
    if (row->refused > 0)
        printf("%" PRId64 " runs were refused as duplicate or because the lot was full; they count "
               "for no yield.\n",
               row->refused);
    if (row->unidentified > 0)
        printf("%" PRId64 " runs failed before the board said its MAC; they count for no board.\n",
               row->unidentified);
    if (row->slower_runs > 0)
        printf("%" PRId64 " runs went below the recipe's rate. To see where: espstation stats --by "
               "slot\n",
               row->slower_runs);
}

static void print_codes(const struct db_stats_row *row)
{
    int64_t sum = 0;
    if (row->code_count == 0)
        return;
    printf("\n%-18s %8s %8s %8s\n", "why runs failed", "runs", "share", "so far");
    for (size_t i = 0; i < row->code_count; i++) {
        const int bar = (int)(row->codes[i].runs * BAR_MAX / row->codes[0].runs);
        sum += row->codes[i].runs;
        cmd_tell("%-18s %8" PRId64 " %6.1f %% %6.1f %%  %.*s", row->codes[i].code,
                 row->codes[i].runs, percent(row->codes[i].runs, row->failed),
                 percent(sum, row->failed), bar, "##############################");
    }
}

static void print_spread(const char *name, const struct db_spread *s, double unit)
{
    if (s->count == 0)
        return;
    printf("%-18s %8.1f %8.1f %8.1f %8.1f %8.1f\n", name, (double)s->min / unit,
           (double)s->p50 / unit, (double)s->p90 / unit, (double)s->p99 / unit,
           (double)s->max / unit);
}

static void print_total(const struct db_stats_row *row)
{
    print_yields(row);
    print_left_out(row);
    print_codes(row);
    if (row->ms.count + row->bytes_per_s.count > 0)
        printf("\n%-18s %8s %8s %8s %8s %8s\n", "of passes", "least", "p50", "p90", "p99", "most");
    print_spread("seconds", &row->ms, 1000);
    print_spread("KB/s", &row->bytes_per_s, 1024);
}

/* ---- A group ---- */

static const char *name_of(const struct stats_screen *screen, const struct db_stats_row *row)
{
    if (row->name)
        return row->name;
    return screen->by == DB_BY_LOT ? "(no lot)" : "(not identified)";
}

static void print_group(const struct stats_screen *screen, const struct db_stats_row *row)
{
    char first[16], final[16], most[64] = "";
    if (row->code_count > 0)
        snprintf(most, sizeof most, "%s %" PRId64, row->codes[0].code, row->codes[0].runs);
    cmd_tell("%-*s %8" PRId64 " %8" PRId64 " %8" PRId64 " %8" PRId64 " %10s %9s %7.1f %7.1f %7.1f "
             "%7.1f %8.1f  %s",
             NAME_WIDTH, name_of(screen, row), closed_runs(row), row->passed, row->failed,
             row->boards, share_text(db_first_pass_yield(row), first),
             share_text(db_final_yield(row), final), (double)row->ms.p50 / 1000,
             (double)row->ms.p90 / 1000, (double)row->ms.p99 / 1000, (double)row->ms.max / 1000,
             (double)row->bytes_per_s.p50 / 1024, most);
}

static void print_group_head(const struct stats_screen *screen)
{
    printf("\n%-*s %8s %8s %8s %8s %10s %9s %7s %7s %7s %7s %8s  %s\n", NAME_WIDTH, screen->by_word,
           "runs", "passed", "failed", "boards", "first-pass", "final", "p50 s", "p90 s", "p99 s",
           "max s", "KB/s p50", "fails most by");
}

/* ---- Slots that had to slow down ---- */

static void note_rate(struct stats_screen *screen, const struct db_stats_rate *rate)
{
    fprintf(screen->notes, ", %" PRId64 " x ", rate->attempts);
    if (rate->baud > 0)
        fprintf(screen->notes, "%" PRId64, rate->baud);
    else
        fprintf(screen->notes, "an unknown rate");
    if (rate->baud_asked > 0)
        fprintf(screen->notes, " instead of %" PRId64, rate->baud_asked);
}

static void note_slower(struct stats_screen *screen, const struct db_stats_row *row)
{
    const int64_t runs = closed_runs(row) + row->open;
    const double share = runs > 0 ? (double)row->slower_runs / (double)runs : 0;
    if (screen->by != DB_BY_SLOT || row->slower_runs == 0 || !screen->notes)
        return;
    fprintf(screen->notes, "slot %s: %" PRId64 " of %" PRId64 " runs (%.1f %%)", row->name,
            row->slower_runs, runs, 100 * share);
    for (size_t i = 0; i < row->rate_count; i++)
        note_rate(screen, &row->rates[i]);
    fprintf(screen->notes, " baud\n");
    if (share > screen->worst_share) {
        screen->worst_share = share;
        snprintf(screen->worst, sizeof screen->worst, "%s", row->name);
    }
}

bool stats_text_row(void *ctx, const struct db_stats_row *row)
{
    struct stats_screen *screen = ctx;
    if (row->total) {
        print_total(row);
        return !ferror(stdout);
    }
    if (!screen->any_group)
        print_group_head(screen);
    screen->any_group = true;
    print_group(screen, row);
    note_slower(screen, row);
    return !ferror(stdout);
}
