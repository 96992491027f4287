#include "db/read/stats_put.h"

void stats_put_counts(struct json_object *o, const struct db_stats_row *row)
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

void stats_put_codes(struct json_object *o, const struct db_stats_row *row)
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
