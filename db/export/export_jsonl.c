/* JSON lines: the runs of export_json.c, one on each line and nothing around them. */
#include "db/export/export_priv.h"

static bool run(struct export *x, struct err *e)
{
    if (!export_json_run(x, e))
        return false;
    out_text(&x->out, "\n");
    return true;
}

const struct form form_jsonl = {
    .info = { "jsonl", "the same, a run on each line", true },
    .head = export_nothing,
    .run = run,
    .tail = export_nothing,
};
