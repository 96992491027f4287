/* Slots that fail too often: taken out of work, and proved again by a golden board. */
#include "station/floor/floor_priv.h"

#include <stdio.h>

#define STAND_OUT_FAILURES 5  /* among its latest boards, before a slot can stand out, */
#define STAND_OUT_OTHERS   20 /* ...from so many of the other slots, */
#define STAND_OUT_TIMES    4  /* ...by so much */

/* Whether the slot, its wires or its supply may be to blame. A board that is not what the recipe
 * wants says nothing about them. */
static bool may_blame_slot(enum err_code code)
{
    switch (code) {
    case ERR_PORT_GONE:
    case ERR_NO_SYNC:
    case ERR_WRONG_BOOT_MODE:
    case ERR_IDENTIFY:
    case ERR_STUB:
    case ERR_BAUD:
    case ERR_ERASE:
    case ERR_WRITE:
    case ERR_VERIFY:
    case ERR_FINISH:
    case ERR_BOOT:
        return true;
    default:
        return false;
    }
}

static unsigned count_failures(const struct floor_slot *slot)
{
    return (unsigned)__builtin_popcount(slot->history);
}

static bool stands_out_locked(const struct floor *f, const struct floor_slot *slot)
{
    unsigned failures = 1, judged = 0; /* one more, so that a line without failures has a rate */
    for (size_t i = 0; i < f->slot_count; i++) {
        if (&f->slots[i] == slot)
            continue;
        failures += count_failures(&f->slots[i]);
        judged += f->slots[i].judged;
    }
    const unsigned own = count_failures(slot);
    return own >= STAND_OUT_FAILURES && judged >= STAND_OUT_OTHERS &&
           own * judged > STAND_OUT_TIMES * failures * slot->judged;
}

static void take_out_locked(struct floor *f, struct floor_slot *slot, const struct err *why)
{
    struct err ignored = { 0 };
    slot->disabled = slot->proving = true;
    slot->why_disabled = *why;
    err_hint(&slot->why_disabled, "Look after cable, pins and supply; then %s.",
             f->station->golden_count > 0
                 ? "put a golden board in, which puts the slot back to work when it passes"
                 : "an engineer puts it back to work");
    session_prove_slot(f->session, slot->number, true, &ignored);
}

void floor_put_back_locked(struct floor *f, struct floor_slot *slot)
{
    struct err ignored = { 0 };
    slot->disabled = slot->proving = false;
    slot->why_disabled = (struct err){ 0 };
    slot->failures = slot->judged = 0;
    slot->history = 0;
    session_prove_slot(f->session, slot->number, false, &ignored);
    session_pause_slot(f->session, slot->number, false, &ignored);
}

static void judge_golden_locked(struct floor *f, struct floor_slot *slot, const struct event *event)
{
    struct err why = { 0 };
    if (event->verdict == VERDICT_PASS && slot->proving)
        floor_put_back_locked(f, slot);
    if (event->verdict != VERDICT_FAIL)
        return;
    err_set(&why, ERR_STOPPED, "A golden board failed here: %s: %.120s", err_word(event->err.code),
            event->err.what);
    take_out_locked(f, slot, &why);
}

static void judge_board_locked(struct floor *f, struct floor_slot *slot, const struct event *event)
{
    struct err why = { 0 };
    const bool failed = event->verdict == VERDICT_FAIL;
    if (failed && !may_blame_slot(event->err.code))
        return;
    slot->failures = failed ? slot->failures + 1 : 0;
    slot->history = (slot->history << 1 | failed) & ((1u << HISTORY_BOARDS) - 1);
    slot->judged += slot->judged < HISTORY_BOARDS;
    if (f->station->attention_after == 0 || !failed)
        return;
    if (slot->failures >= f->station->attention_after)
        err_set(&why, ERR_STOPPED, "%u boards in a row failed here, the last one with %s",
                slot->failures, err_word(event->err.code));
    else if (stands_out_locked(f, slot))
        err_set(&why, ERR_STOPPED,
                "%u of the last %u boards failed here, far more than in the other slots",
                count_failures(slot), slot->judged);
    if (why.code != ERR_NONE)
        take_out_locked(f, slot, &why);
}

void floor_judge_slot(struct floor *f, const struct event *event)
{
    if (event->slot < 1 || (size_t)event->slot > f->slot_count || event->verdict == VERDICT_STOPPED)
        return;
    struct floor_slot *slot = &f->slots[event->slot - 1];
    pthread_mutex_lock(&f->lock);
    if (event->golden)
        judge_golden_locked(f, slot, event);
    else if (!slot->disabled)
        judge_board_locked(f, slot, event);
    pthread_mutex_unlock(&f->lock);
    session_hint(f->session, event->slot);
}
