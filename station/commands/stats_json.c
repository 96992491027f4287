/* Statistics for programs: an object a line, the total first. */
#include "db/read/stats_put.h"
#include "station/base/json.h"
#include "station/commands/stats_screen.h"

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
    stats_put_counts(&o, row);
    put_spread(&o, "duration_ms", &row->ms);
    put_spread(&o, "bytes_per_s", &row->bytes_per_s);
    stats_put_codes(&o, row);
    put_rates(&o, row);
    json_end(&o);
    return !ferror(stdout);
}
