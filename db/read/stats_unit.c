/* Boards, from their runs. */
#include "db/read/stats_priv.h"

void unit_end(struct unit *u)
{
    if (u->judged) {
        u->group->row.boards++;
        u->group->row.first_pass += u->first_passed;
        u->group->row.final_pass += u->last_passed;
    }
    *u = (struct unit){ 0 };
}

void unit_add(struct unit *u, struct group *group, int64_t board, int64_t lot, bool passed,
              bool judged)
{
    if (u->board != board || u->lot != lot)
        unit_end(u);
    u->board = board;
    u->lot = lot;
    u->last_passed = passed;
    if (!judged || u->judged)
        return;
    u->judged = true;
    u->group = group;
    u->first_passed = passed;
}

bool stats_filter_is_fit(const struct db_filter *f, struct err *e)
{
    if (!f || (!f->verdict && !f->mac && !f->chip))
        return true;
    err_set(e, ERR_USAGE, "Statistics are not kept by verdict, MAC or chip");
    return err_hint(e, "Choose runs by lot, slot, recipe or time; --by chip tells each chip.");
}
