/* JSON (RFC 8259): an array of runs with the columns of the CSV, and in each its corrections, its
 * attempts and their digests. One run per line. */
#include "db/export/export_priv.h"

static bool put_digests(struct export *x, struct err *e)
{
    int rows;
    out_json_open(&x->out, "digests", '[');
    export_begin_digests(x);
    while ((rows = export_next(x, x->digests, e)) > 0) {
        out_json_open(&x->out, NULL, '{');
        out_json_columns(&x->out, x->digests, digest_columns, DIGEST_COLUMNS);
        out_json_close(&x->out, '}');
    }
    out_json_close(&x->out, ']');
    return rows == 0;
}

static bool put_attempts(struct export *x, struct err *e)
{
    int rows;
    out_json_open(&x->out, "attempts", '[');
    export_begin_attempts(x);
    while ((rows = export_next(x, x->attempts, e)) > 0) {
        out_json_open(&x->out, NULL, '{');
        out_json_columns(&x->out, x->attempts, attempt_columns, ATTEMPT_COLUMNS);
        if (!put_digests(x, e))
            return false;
        out_json_close(&x->out, '}');
    }
    out_json_close(&x->out, ']');
    return rows == 0;
}

bool export_json_corrections(struct export *x, struct err *e)
{
    int rows;
    out_json_open(&x->out, "corrections", '[');
    export_begin_corrections(x);
    while ((rows = export_next(x, x->corrections, e)) > 0) {
        out_json_open(&x->out, NULL, '{');
        out_json_columns(&x->out, x->corrections, correction_columns, CORRECTION_COLUMNS);
        out_json_close(&x->out, '}');
    }
    out_json_close(&x->out, ']');
    return rows == 0;
}

bool export_json_unit(struct export *x, struct err *e)
{
    int rows;
    out_json_open(&x->out, "unit", '[');
    export_begin_units(x);
    while ((rows = export_next(x, x->units, e)) > 0) {
        out_json_open(&x->out, NULL, '{');
        out_json_columns(&x->out, x->units, unit_columns, UNIT_COLUMNS);
        out_json_close(&x->out, '}');
    }
    out_json_close(&x->out, ']');
    return rows == 0;
}

bool export_json_burns(struct export *x, struct err *e)
{
    int rows;
    out_json_open(&x->out, "burns", '[');
    export_begin_burns(x);
    while ((rows = export_next(x, x->burns, e)) > 0) {
        out_json_open(&x->out, NULL, '{');
        out_json_columns(&x->out, x->burns, burn_columns, BURN_COLUMNS);
        out_json_close(&x->out, '}');
    }
    out_json_close(&x->out, ']');
    return rows == 0;
}

bool export_json_run(struct export *x, struct err *e)
{
    x->out.json.comma = false;
    out_json_open(&x->out, NULL, '{');
    out_json_columns(&x->out, x->runs, run_columns, RUN_COLUMNS);
    if (!export_json_unit(x, e) || !export_json_burns(x, e) || !export_json_corrections(x, e) ||
        !put_attempts(x, e))
        return false;
    out_json_close(&x->out, '}');
    return true;
}

static bool head(struct export *x, struct err *e)
{
    (void)e;
    out_text(&x->out, "[");
    return true;
}

static bool run(struct export *x, struct err *e)
{
    out_text(&x->out, x->count == 0 ? "\n" : ",\n");
    return export_json_run(x, e);
}

static bool tail(struct export *x, struct err *e)
{
    (void)e;
    out_text(&x->out, "\n]\n");
    return true;
}

const struct form form_json = {
    .info = { "json", "an array of runs, with attempts and digests", false },
    .head = head,
    .run = run,
    .tail = tail,
};
