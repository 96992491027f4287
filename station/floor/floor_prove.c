/* Slots that fail too often: taken out of work, and proved again by a golden board. */
#include "station/floor/floor_priv.h"

#include "db/write/act.h"

#include <stdio.h>
#include <string.h>

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

/* So written in the record where nobody but the station has decided. */
#define ROLE_OF_STATION "station"

static void take_out_locked(struct floor *f, struct floor_slot *slot, const char *why)
{
    struct err ignored = { 0 };
    slot->disabled = slot->proving = true;
    err_set(&slot->why_disabled, ERR_STOPPED, "%s", why);
    err_hint(&slot->why_disabled, "Look after cable, pins and supply; then %s.",
             f->station->golden_count > 0
                 ? "put a golden board in, which puts the slot back to work when it passes"
                 : "an engineer puts it back to work");
    session_prove_slot(f->session, slot->number, true, &ignored);
}

void floor_take_out_locked(struct floor *f, struct floor_slot *slot, const char *person,
                           const char *reason)
{
    struct err ignored = { 0 };
    slot->disabled = true;
    slot->proving = false;
    session_pause_slot(f->session, slot->number, true, &ignored);
    err_set(&slot->why_disabled, ERR_STOPPED, "Taken out of work by %s: %s", person, reason);
    err_hint(&slot->why_disabled, "An engineer puts it back to work.");
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

/* What the station has decided of a slot by itself. */
struct decision {
    const char *word; /* as in the record; NULL: nothing */
    char why[sizeof((struct err *)0)->what];
};

static void judge_golden_locked(struct floor *f, struct floor_slot *slot, const struct event *event,
                                struct decision *d)
{
    if (event->verdict == VERDICT_PASS && slot->proving) {
        floor_put_back_locked(f, slot);
        d->word = "enable";
        snprintf(d->why, sizeof d->why, "A golden board passed here");
    }
    if (event->verdict != VERDICT_FAIL)
        return;
    d->word = "disable";
    snprintf(d->why, sizeof d->why, "A golden board failed here: %s: %.120s",
             err_word(event->err.code), event->err.what);
    take_out_locked(f, slot, d->why);
}

static void judge_board_locked(struct floor *f, struct floor_slot *slot, const struct event *event,
                               struct decision *d)
{
    const bool failed = event->verdict == VERDICT_FAIL;
    if (failed && !may_blame_slot(event->err.code))
        return;
    slot->failures = failed ? slot->failures + 1 : 0;
    slot->history = (slot->history << 1 | failed) & ((1u << HISTORY_BOARDS) - 1);
    slot->judged += slot->judged < HISTORY_BOARDS;
    if (f->station->attention_after == 0 || !failed)
        return;
    if (slot->failures >= f->station->attention_after)
        snprintf(d->why, sizeof d->why, "%u boards in a row failed here, the last one with %s",
                 slot->failures, err_word(event->err.code));
    else if (stands_out_locked(f, slot))
        snprintf(d->why, sizeof d->why,
                 "%u of the last %u boards failed here, far more than in the other slots",
                 count_failures(slot), slot->judged);
    if (d->why[0] == '\0')
        return;
    d->word = "disable";
    take_out_locked(f, slot, d->why);
}

/* A restart asks the record for it. What is not recorded holds until then all the same. */
static void record_decision(struct floor *f, const struct event *event, const struct decision *d)
{
    struct err e = { 0 };
    struct order *order = floor_order(f);
    const struct db_act row = { .word = d->word,
                                .person = f->station->name[0] ? f->station->name : "station",
                                .role = ROLE_OF_STATION,
                                .slot = event->slot,
                                .run_id = event->run_id,
                                .text = f->station->name,
                                .reason = d->why };
    if (!record_act(session_record(f->session), order, &row, &e))
        floor_note(f, event->slot, event->run_id, e.what);
    order_release(order);
}

void floor_judge_slot(struct floor *f, const struct event *event)
{
    struct decision d = { NULL, "" };
    if (event->slot < 1 || (size_t)event->slot > f->slot_count || event->verdict == VERDICT_STOPPED)
        return;
    struct floor_slot *slot = &f->slots[event->slot - 1];
    pthread_mutex_lock(&f->lock);
    if (event->golden)
        judge_golden_locked(f, slot, event, &d);
    else if (!slot->disabled)
        judge_board_locked(f, slot, event, &d);
    pthread_mutex_unlock(&f->lock);
    if (d.word)
        record_decision(f, event, &d);
    session_hint(f->session, event->slot);
}

/* ---- After a restart ---- */

static bool recall_slot(void *floor, const struct db_act_row *row)
{
    struct floor *f = floor;
    if (row->slot < 1 || (size_t)row->slot > f->slot_count || strcmp(row->word, "disable") != 0)
        return true;
    struct floor_slot *slot = &f->slots[row->slot - 1];
    const char *why = row->reason ? row->reason : "";
    pthread_mutex_lock(&f->lock);
    if (strcmp(row->role, ROLE_OF_STATION) == 0)
        take_out_locked(f, slot, why);
    else
        floor_take_out_locked(f, slot, row->person, why);
    pthread_mutex_unlock(&f->lock);
    return true;
}

bool floor_recall_slots(struct floor *f, struct err *e)
{
    const struct db_act_sink sink = { f, recall_slot };
    return record_slot_acts(session_record(f->session), f->station->name, &sink, e);
}
