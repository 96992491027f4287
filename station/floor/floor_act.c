/* Acting: who may, what it does, and why not. */
#include "station/floor/floor_priv.h"

#include "core/base/plain.h"
#include "db/write/act.h"
#include "station/line/slot.h"
#include "station/trust/trust.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An act, and what has to be there for it. */
struct rule {
    const char *what; /* in sentences: "Taking a slot out of work" */
    const char *word; /* in the record, by floor_record_act; NULL: it is no row there */
    bool engineer, reason, slot, text; /* what it does not go without */
    bool (*act)(struct floor *f, const struct act *act, struct err *e);
    const char *ask; /* what to give as the text */
};

/* ---- What slots do ---- */

static bool is_golden_text(const struct floor *f, const char *mac)
{
    for (size_t i = 0; mac[0] && i < f->station->golden_count; i++) {
        if (strcmp(f->station->golden[i], mac) == 0)
            return true;
    }
    return false;
}

/* What a slot that is to be proved has no use for: only a golden board is run in it, and which one
 * is put in for a START nobody knows before. */
static bool proves_nothing(const struct floor *f, const struct slot_press *press)
{
    return f->station->golden_count == 0 ||
           (press->press == PRESS_AGAIN && !is_golden_text(f, press->mac));
}

/* Whether a person or the station has taken it out of work, or the session could not take it. */
static bool refuse_violet(struct floor *f, int slot, const struct slot_press *press, struct err *e)
{
    const struct floor_slot *s = &f->slots[slot - 1];
    bool refused = true;
    pthread_mutex_lock(&f->lock);
    if (s->disabled && !s->proving) {
        err_set(e, ERR_USAGE, "Slot %d is taken out of work", slot);
        err_hint(e, "An engineer puts it back to work.");
    } else if (s->disabled && proves_nothing(f, press)) {
        err_set(e, ERR_USAGE, "Slot %d has to be proved first", slot);
        err_hint(e, "%s", s->why_disabled.hint);
    } else if (s->trouble.code != ERR_NONE) {
        *e = s->trouble;
        e->code = ERR_USAGE;
        err_wrap(e, "Slot %d", slot);
    } else {
        refused = false;
    }
    pthread_mutex_unlock(&f->lock);
    return refused;
}

/* Whatever begins a run. That a verdict was seen may be said. */
static bool refuse_halted(struct floor *f, const struct slot_press *press, struct err *e)
{
    pthread_mutex_lock(&f->lock);
    const bool halted = f->halted || f->stopping;
    pthread_mutex_unlock(&f->lock);
    if (!halted || press->press == PRESS_SEEN)
        return false;
    err_set(e, ERR_USAGE, "Stopped: no new board begins");
    err_hint(e, "START for all lets boards begin again.");
    return true;
}

static bool may_press(struct floor *f, int slot, const struct slot_press *press, struct err *e)
{
    struct slot_view v;
    if (refuse_violet(f, slot, press, e) || refuse_halted(f, press, e))
        return false;
    if (!session_find(f->session, slot, &v)) {
        err_set(e, ERR_USAGE, "Slot %d is not at work", slot);
        return err_hint(e, "Its adapter is missing, or no recipe is chosen.");
    }
    if (v.state == SLOT_RUNNING) {
        err_set(e, ERR_USAGE, "Slot %d works; its board has to be finished first", slot);
        return err_hint(e, "Wait for its verdict, or stop it.");
    }
    if (v.lost.code == ERR_NONE)
        return true;
    *e = v.lost;
    e->code = ERR_USAGE;
    return err_wrap(e, "Slot %d", slot);
}

bool floor_press(struct floor *f, int slot, const struct slot_press *press, struct err *e)
{
    return may_press(f, slot, press, e) && session_press(f->session, slot, press, e);
}

static bool begins_by_hand(const struct floor_slot *slot)
{
    const enum start_policy start = slot->spec->rules.start;
    return start == START_KEY || start == START_PLC || start == START_SCAN;
}

/* START for all: in each slot that waits for one, if somebody answers in it. */
static void begin_all(struct floor *f)
{
    struct err ignored = { 0 };
    for (size_t i = 0; i < f->slot_count; i++) {
        if (begins_by_hand(&f->slots[i]))
            floor_press(f, f->slots[i].number, &(struct slot_press){ .press = PRESS_ANY },
                        &ignored);
    }
}

static bool begin(struct floor *f, const struct act *act, struct err *e)
{
    if (act->slot != 0)
        return floor_press(f, act->slot, &(struct slot_press){ .press = PRESS_START }, e);
    if (!floor_halt(f, false, e))
        return false;
    begin_all(f);
    return true;
}

static bool stop(struct floor *f, const struct act *act, struct err *e)
{
    struct slot_view v;
    if (act->slot == 0)
        return floor_halt(f, true, e);
    if (!session_find(f->session, act->slot, &v) || v.state != SLOT_RUNNING) {
        err_set(e, ERR_USAGE, "Slot %d does not work", act->slot);
        return err_hint(e, "Nothing has to be stopped there.");
    }
    return session_stop_run(f->session, act->slot, e);
}

/* For slot 0 in all; one that works, or shows no verdict, has no use for it. */
static bool acknowledge(struct floor *f, const struct act *act, struct err *e)
{
    const struct slot_press seen = { .press = PRESS_SEEN };
    struct err ignored = { 0 };
    if (act->slot != 0)
        return floor_press(f, act->slot, &seen, e);
    for (size_t i = 0; i < f->slot_count; i++)
        floor_press(f, f->slots[i].number, &seen, &ignored);
    return true;
}

/* What is to be done once more, and with which board. */
static bool press_again(struct floor *f, int slot, struct slot_press *again, enum verdict *verdict,
                        struct err *e)
{
    struct slot_view v;
    if (!session_find(f->session, slot, &v) || v.state != SLOT_DONE || v.empty) {
        err_set(e, ERR_USAGE, "Slot %d has no board with a verdict", slot);
        return err_hint(e, "Begin with START; this is for a board that was judged.");
    }
    *again = (struct slot_press){ .press = PRESS_AGAIN };
    snprintf(again->mac, sizeof again->mac, "%s", v.mac);
    *verdict = v.verdict;
    return true;
}

static bool retry(struct floor *f, const struct act *act, struct err *e)
{
    enum verdict verdict = VERDICT_NONE;
    struct slot_press again;
    if (!press_again(f, act->slot, &again, &verdict, e))
        return false;
    if (verdict != VERDICT_PASS)
        return floor_press(f, act->slot, &again, e);
    err_set(e, ERR_USAGE, "The board in slot %d has passed", act->slot);
    return err_hint(e, "An engineer lets it in once more, as re-work, with a reason.");
}

static bool rework(struct floor *f, const struct act *act, struct err *e)
{
    enum verdict verdict = VERDICT_NONE;
    struct slot_press again;
    if (!press_again(f, act->slot, &again, &verdict, e))
        return false;
    snprintf(again.by, sizeof again.by, "%s", act->actor.name);
    snprintf(again.reason, sizeof again.reason, "%s", act->reason);
    return may_press(f, act->slot, &again, e) && floor_record_act(f, act, e) &&
           session_press(f->session, act->slot, &again, e);
}

/* What becomes of an act's row; `order` may be NULL. */
typedef bool take_row(struct floor *f, const struct order *order, const struct db_act *row,
                      struct err *e);
static bool with_row(struct floor *f, const struct act *act, take_row *take, struct err *e);

static bool print_by(struct floor *f, const struct order *order, const struct db_act *row,
                     struct err *e)
{
    return f->print(f->print_ctx, order, row, e);
}

/* Both rows are committed together: no label without its act, and no act that came to nothing. */
static bool print_label(struct floor *f, const struct act *act, struct err *e)
{
    if (f->print)
        return with_row(f, act, print_by, e);
    err_set(e, ERR_USAGE, "This station has no printer");
    return err_hint(e, "Name one in the station file: printer.to.");
}

/* Whether somebody has taken it out of work (by the station: it is `proving`), or the session could
 * not take it. */
static struct floor_slot slot_state(struct floor *f, int slot)
{
    pthread_mutex_lock(&f->lock);
    const struct floor_slot now = f->slots[slot - 1];
    pthread_mutex_unlock(&f->lock);
    return now;
}

static bool disable(struct floor *f, const struct act *act, struct err *e)
{
    const struct floor_slot now = slot_state(f, act->slot);
    if (now.disabled && !now.proving) {
        err_set(e, ERR_USAGE, "Slot %d is out of work already", act->slot);
        return err_hint(e, "%s", now.why_disabled.what);
    }
    if (!floor_record_act(f, act, e))
        return false;
    pthread_mutex_lock(&f->lock);
    floor_take_out_locked(f, &f->slots[act->slot - 1], act->actor.name, act->reason);
    pthread_mutex_unlock(&f->lock);
    session_hint(f->session, act->slot);
    floor_kick(f);
    return true;
}

static bool enable(struct floor *f, const struct act *act, struct err *e)
{
    const struct floor_slot now = slot_state(f, act->slot);
    if (!now.disabled && now.trouble.code == ERR_NONE) {
        err_set(e, ERR_USAGE, "Slot %d is not out of work", act->slot);
        return err_hint(e, "Nobody has to put it back.");
    }
    if (!floor_record_act(f, act, e))
        return false;
    struct floor_slot *slot = &f->slots[act->slot - 1];
    pthread_mutex_lock(&f->lock);
    floor_put_back_locked(f, slot);
    slot->trouble = (struct err){ 0 };
    pthread_mutex_unlock(&f->lock);
    session_hint(f->session, act->slot);
    floor_kick(f);
    return true;
}

/* ---- Orders ---- */

/* The current order with something else in it. */
static bool exchange(struct floor *f, const struct order_setup *with, const struct act *act,
                     struct err *e)
{
    struct order *now = floor_order(f);
    if (!now && !with->job)
        return err_set(e, ERR_USAGE, "There is no recipe yet; choose that first");
    struct order_setup setup = *with;
    if (!setup.job)
        setup.job = order_job(now);
    if (now && !setup.lot) { /* the lot of before stays, also where it is full by now */
        setup.lot = order_lot(now);
        setup.full_waits = true;
    }
    if (now && !setup.operator_name)
        setup.operator_name = order_operator(now);
    if (now && !setup.burner && setup.job == order_job(now)) /* who allows it means this recipe */
        setup.burner = order_burner(now);
    if (setup.lot && !setup.lot[0])
        setup.lot = NULL;
    if (setup.burner && !setup.burner[0])
        setup.burner = NULL;
    bool ok = floor_set_order(f, &setup, act, e);
    order_release(now);
    return ok;
}

static bool set_operator(struct floor *f, const struct act *act, struct err *e)
{
    return exchange(f, &(struct order_setup){ .operator_name = act->text }, act, e);
}

static bool set_lot(struct floor *f, const struct act *act, struct err *e)
{
    return exchange(f, &(struct order_setup){ .lot = act->text }, act, e);
}

/* Said in so many words: a field that was left empty is no order. */
static bool set_no_lot(struct floor *f, const struct act *act, struct err *e)
{
    return exchange(f, &(struct order_setup){ .lot = "" }, act, e);
}

#define SENTENCE_SHOWN 170u

/* All mistakes do not fit one sentence: the first, and where the others are told. */
static bool refuse_recipe(const struct act *act, const struct doc_report *report, struct err *e)
{
    const char *const said = report->mistakes[0].sentence, *const slash = strrchr(act->text, '/');
    const size_t n = strlen(said);
    if (report->total == 0)
        return false;
    err_set(e, ERR_RECIPE, "%.40s:%u:%u: %.*s%s", slash ? slash + 1 : act->text,
            report->mistakes[0].at.line, report->mistakes[0].at.column,
            (int)(n > SENTENCE_SHOWN ? plain_cut(said, SENTENCE_SHOWN) : n), said,
            n > SENTENCE_SHOWN ? "..." : "");
    return err_hint(e, "To see all mistakes: espstation check %.150s", act->text);
}

static bool set_recipe(struct floor *f, const struct act *act, struct err *e)
{
    struct doc_report *report = malloc(sizeof *report);
    if (!report)
        return err_set(e, ERR_STATION, "Out of memory for a recipe");
    doc_report_init(report);
    struct job *job = job_new(act->text, f->stub_folder, report, e);
    bool ok = job ? trust_check(job, f->station->recipe_keys_path, e) &&
                        exchange(f, &(struct order_setup){ .job = job }, act, e)
                  : refuse_recipe(act, report, e);
    job_free(job);
    free(report);
    return ok;
}

/* ---- Fuses ---- */

static bool allow_burns(struct floor *f, const struct act *act, struct err *e)
{
    char sentence[160];
    struct order *now = floor_order(f);
    const bool has = now && job_security_asked(job_security(order_job(now)));
    order_release(now);
    if (!has) {
        err_set(e, ERR_USAGE, "The recipe wishes no fuses, or there is none");
        return err_hint(e, "Choose a recipe with a section 'security' first.");
    }
    if (!exchange(f, &(struct order_setup){ .burner = act->actor.name }, act, e))
        return false;
    snprintf(sentence, sizeof sentence,
             "The recipe's fuses are burnt from the next board on, for ever; %s allows it",
             act->actor.name);
    session_note(f->session, 0, 0, sentence);
    return true;
}

static bool forbid_burns(struct floor *f, const struct act *act, struct err *e)
{
    if (!exchange(f, &(struct order_setup){ .burner = "" }, act, e))
        return false;
    session_note(f->session, 0, 0, "No fuse is burnt any more from the next board on");
    return true;
}

/* ---- Who may ---- */

static const struct rule rules[] = {
    [ACT_START] = { "Beginning", NULL, false, false, false, false, begin, NULL },
    [ACT_STOP] = { "Stopping", NULL, false, false, false, false, stop, NULL },
    [ACT_ACKNOWLEDGE] = { "Acknowledging", NULL, false, false, false, false, acknowledge, NULL },
    [ACT_RETRY] = { "Another run", NULL, false, false, true, false, retry, NULL },
    [ACT_REWORK] = { "Re-work", "rework", true, true, true, false, rework, NULL },
    [ACT_PRINT] = { "Printing a label once more", "print-again", false, true, true, false,
                    print_label, NULL },
    [ACT_DISABLE] = { "Taking a slot out of work", "disable", true, true, true, false, disable,
                      NULL },
    [ACT_ENABLE] = { "Putting a slot back to work", "enable", true, false, true, false, enable,
                     NULL },
    [ACT_CODE] = { "A code", NULL, false, false, false, true, floor_take_code,
                   "Scan the code again." },
    [ACT_OPERATOR] = { "Another operator", NULL, false, false, false, true, set_operator,
                       "Give the operator's name." },
    [ACT_LOT] = { "Another lot", NULL, false, false, false, true, set_lot,
                  "Give the lot's name; to work without a lot, say so: no-lot." },
    [ACT_NO_LOT] = { "Working without a lot", NULL, false, false, false, false, set_no_lot, NULL },
    [ACT_RECIPE] = { "Another recipe", "recipe", true, false, false, true, set_recipe,
                     "Give the path of the recipe." },
    [ACT_BURN] = { "Burning fuses", "burn", true, true, false, false, allow_burns, NULL },
    [ACT_NO_BURN] = { "Burning no fuses", NULL, false, false, false, false, forbid_burns, NULL },
};

static bool with_row(struct floor *f, const struct act *act, take_row *take, struct err *e)
{
    /* Several stations may share a record: the slot's number alone is no name. */
    const bool of_slot = act->kind == ACT_DISABLE || act->kind == ACT_ENABLE;
    struct tile tile = { .run_id = 0 };
    if (act->slot > 0)
        floor_look(f, (size_t)act->slot - 1, &tile);
    struct order *order = floor_order(f);
    const bool of_recipe = act->kind == ACT_BURN && order;
    const struct db_act row = { .word = rules[act->kind].word,
                                .person = act->actor.name,
                                .role = role_word(act->actor.role),
                                .proved = act->actor.proved,
                                .slot = act->slot,
                                .run_id = tile.run_id,
                                .text = of_recipe ? order_recipe(order)->name
                                        : of_slot ? f->station->name
                                                  : act->text,
                                .reason = act->reason };
    const bool ok = take(f, order, &row, e);
    order_release(order);
    return ok;
}

static bool record_by(struct floor *f, const struct order *order, const struct db_act *row,
                      struct err *e)
{
    return record_act(session_record(f->session), order, row, e);
}

bool floor_record_act(struct floor *f, const struct act *act, struct err *e)
{
    return !rules[act->kind].word || with_row(f, act, record_by, e);
}

static bool has_words(const char *text)
{
    return text && text[strspn(text, " \t")] != '\0';
}

static bool check_actor(const struct floor *f, const struct rule *rule, const struct act *act,
                        struct err *e)
{
    if (act->actor.role == ROLE_AUDITOR) {
        err_set(e, ERR_USAGE, "An auditor looks and does not act");
        return err_hint(e, "Ask an operator or an engineer.");
    }
    if (rule->engineer && act->actor.role != ROLE_ENGINEER) {
        err_set(e, ERR_USAGE, "%s is for an engineer to do", rule->what);
        return err_hint(e, "Ask an engineer to log in.");
    }
    /* Wherever the act comes from: a name that was typed is no proof where people have PINs. */
    if (rule->engineer && f->station->people_path && !act->actor.proved) {
        err_set(e, ERR_USAGE, "%s is for an engineer who has logged in", rule->what);
        return err_hint(e, "Log in with badge or PIN on the station's page.");
    }
    if ((rule->engineer || rule->reason) && !has_words(act->actor.name)) {
        err_set(e, ERR_USAGE, "%s needs a name, and nobody has said who he is", rule->what);
        return err_hint(e, "Give your name with it.");
    }
    if (!rule->reason || has_words(act->reason))
        return true;
    err_set(e, ERR_USAGE, "%s needs a reason, for the record", rule->what);
    return err_hint(e, "Say in a few words why.");
}

static bool check_slot(const struct floor *f, const struct rule *rule, const struct act *act,
                       struct err *e)
{
    if (act->slot < 0 || (size_t)act->slot > f->slot_count) {
        err_set(e, ERR_USAGE, "There is no slot %d; this station has %zu", act->slot,
                f->slot_count);
        return err_hint(e, "Slots are numbered from 1, in the order of the station file.");
    }
    if (rule->slot && act->slot == 0) {
        err_set(e, ERR_USAGE, "%s needs a slot", rule->what);
        return err_hint(e, "Choose one.");
    }
    if (!rule->text || has_words(act->text))
        return true;
    err_set(e, ERR_USAGE, "%s needs a text, and there is none", rule->what);
    return err_hint(e, "%s", rule->ask);
}

bool floor_act(struct floor *f, const struct act *act, struct err *e)
{
    if ((size_t)act->kind >= sizeof rules / sizeof rules[0])
        return err_set(e, ERR_USAGE, "%d is nothing that could be done", (int)act->kind);
    const struct rule *rule = &rules[act->kind];
    return check_slot(f, rule, act, e) && check_actor(f, rule, act, e) && rule->act(f, act, e);
}
