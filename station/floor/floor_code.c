/*
 * Codes that were scanned or typed: which slot they are for, and what they do there. A code is a
 * value of the board's unit where the recipe takes any from a scan; where a slot begins by a scan
 * it begins, too.
 */
#include "station/floor/floor_priv.h"

#include "station/line/slot.h"

static bool scans(const struct floor *f, int slot)
{
    return f->slots[slot - 1].spec->rules.start == START_SCAN;
}

/* The slot whose board waits for a value; 0: none. Two boards wait: the code does not say whose it
 * is, and a value on the wrong board is found by nobody. */
static int slot_to_give(struct floor *f, unsigned *waiting)
{
    struct slot_view v;
    int first = 0;
    *waiting = 0;
    for (size_t i = 0; i < f->slot_count; i++) {
        if (!session_find(f->session, f->slots[i].number, &v) || !v.wants_scan)
            continue;
        first = first ? first : f->slots[i].number;
        ++*waiting;
    }
    return first;
}

/* The first slot that begins by a scan and waits for one; 0: none. */
static int slot_to_begin(struct floor *f)
{
    struct slot_view v;
    for (size_t i = 0; i < f->slot_count; i++) {
        if (scans(f, f->slots[i].number) && session_find(f->session, f->slots[i].number, &v) &&
            v.state != SLOT_RUNNING && (v.state != SLOT_DONE || v.empty))
            return f->slots[i].number;
    }
    return 0;
}

/* 0: none, with *e. */
static int slot_that_waits(struct floor *f, struct err *e)
{
    unsigned waiting;
    int slot = slot_to_give(f, &waiting);
    if (waiting > 1) {
        err_set(e, ERR_USAGE, "%u slots wait for a code", waiting);
        err_hint(e, "Scan the code of the slot as well: within 10 s before or after.");
        return 0;
    }
    slot = slot ? slot : slot_to_begin(f);
    if (slot == 0)
        err_set(e, ERR_USAGE, "No slot waits for a code");
    return slot;
}

bool floor_take_code(struct floor *f, const struct act *act, struct err *e)
{
    struct slot_view v = { .state = SLOT_WAITING };
    const int slot = act->slot ? act->slot : slot_that_waits(f, e);
    if (slot == 0)
        return false;
    const bool takes = session_takes_scans(f->session);
    const bool is_at_work = session_find(f->session, slot, &v);
    const bool runs = is_at_work && v.state == SLOT_RUNNING;
    if (!takes && !scans(f, slot))
        return err_set(e, ERR_USAGE, "No slot waits for a code");
    if (is_at_work && takes && !session_scan(f->session, slot, act->text, scans(f, slot), e))
        return false;
    return (is_at_work && takes && (runs || !scans(f, slot))) ||
           floor_press(f, slot, &(struct slot_press){ .press = PRESS_START }, e);
}
