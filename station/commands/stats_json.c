/* Statistics for programs: an object a line, the total first. */
#include "station/base/json.h"
#include "station/commands/stats_screen.h"

static void put_yields(struct json_object *o, const struct db_stats_row *row)
{
    json_integer(o, "passed", row->passed);
    json_integer(o, "failed", row->failed);
    json_integer(o, "stopped", row->stopped);
    json_integer(o, "interrupted", row->interrupted);
    json_integer(o, "open", row->open);
    json_integer(o, "refused", row->refused);
    json_integer(o, "unidentified", row->unidentified);
    json_integer(o, "boards", row->boards);
    json_integer(o, "first_pass", row->first_pass);
    json_integer(o, "final_pass", row->final_pass);
    json_share(o, "first_pass_yield", db_first_pass_yield(row));
    json_share(o, "final_yield", db_final_yield(row));
    json_share(o, "run_yield", db_run_yield(row));
    json_integer(o, "retried", row->retried);
    json_integer(o, "slower_runs", row->slower_runs);
}

static void put_spread(struct json_object *o, const char *name, const struct db_spread *s)
{
    json_open(o, name, '{');
    json_integer(o, "count", s->count);
    json_integer(o, "min", s->min);
    json_integer(o, "p50", s->p50);
    json_integer(o, "p90", s->p90);
    json_integer(o, "p99", s->p99);
    json_integer(o, "max", s->max);
    json_close(o, '}');
}

static void put_codes(struct json_object *o, const struct db_stats_row *row)
{
    json_open(o, "codes", '[');
    for (size_t i = 0; i < row->code_count; i++) {
        json_open(o, NULL, '{');
        json_text(o, "code", row->codes[i].code);
        json_integer(o, "runs", row->codes[i].runs);
        json_close(o, '}');
    }
    json_close(o, ']');
}

static void put_rates(struct json_object *o, const struct db_stats_row *row)
{
    json_open(o, "rates", '[');
    for (size_t i = 0; i < row->rate_count; i++) {
        json_open(o, NULL, '{');
        json_integer(o, "baud_asked", row->rates[i].baud_asked);
        json_integer(o, "baud", row->rates[i].baud);
        json_integer(o, "attempts", row->rates[i].attempts);
        json_close(o, '}');
    }
    json_close(o, ']');
}

bool stats_json_row(void *ctx, const struct db_stats_row *row)
{
    struct stats_screen *screen = ctx;
    struct json_object o;
    json_begin(&o, stdout);
    json_text(&o, "group", row->total ? "total" : screen->by_word);
    json_text(&o, "name", row->name);
    put_yields(&o, row);
    put_spread(&o, "duration_ms", &row->ms);
    put_spread(&o, "bytes_per_s", &row->bytes_per_s);
    put_codes(&o, row);
    put_rates(&o, row);
    json_end(&o);
    return !ferror(stdout);
}
