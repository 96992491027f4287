/*
 * Burning, in an attempt: the plan's steps in their order, each of them read before and after.
 *
 * In front of the first one all fuses are read again and must be those that the plan was made for,
 * the plan is made anew from them, and every step of it is judged on what the ones before leave.
 * Behind the last one all are read once more, and the plan that is made then must have nothing left
 * but what waits for the boot. A burn that was told is never told again by this attempt: what
 * became of it is found by reading (core/fuses/burn.h), and what is missing by the next plan.
 */
#include "station/attempt/attempt_priv.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#define SALT_BYTES   16u
#define MARKED_WORDS 8u

struct burning {
    struct attempt *a;
    struct board_own *own;
    struct loader *l;
    const struct board *b;
    const struct fuse_set *set;
};

/* ---- The mark of a key ---- */

bool attempt_key_mark(const struct fuse_burn *burn, const char *salt, char hmac[static 65])
{
    uint8_t bytes[4 * MARKED_WORDS], mac[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(burn->word[i / 4] >> i % 4 * 8);
    const bool ok =
        HMAC(EVP_sha256(), salt, (int)strlen(salt), bytes, sizeof bytes, mac, &n) != NULL &&
        n == DIGEST_SHA256_BYTES;
    OPENSSL_cleanse(bytes, sizeof bytes);
    if (ok)
        digest_hex(mac, DIGEST_SHA256_BYTES, hmac);
    return ok;
}

static bool mark_key(const struct fuse_burn *burn, struct attempt_burn *row, struct err *e)
{
    uint8_t salt[SALT_BYTES];
    if (getrandom(salt, sizeof salt, 0) != (ssize_t)sizeof salt)
        return err_set(e, ERR_STATION, "The kernel gives no random bytes");
    digest_hex(salt, sizeof salt, row->key_salt);
    return attempt_key_mark(burn, row->key_salt, row->key_hmac) ||
           err_set(e, ERR_STATION, "Out of memory for the mark of a key");
}

/* ---- What the record gets ---- */

static const char *value_text(const struct fuse_item *item, char text[static 24])
{
    if (item->secret)
        return "secret";
    if (item->field->bits > 48)
        return "digest";
    if (item->field->bits > 32)
        return "given";
    snprintf(text, 24, "0x%X", item->value);
    return text;
}

static void name_item(const struct fuse_item *item, struct attempt_burn *row)
{
    char value[24];
    const size_t used = strlen(row->fuses);
    snprintf(row->fuses + used, sizeof row->fuses - used, "%s%s=%s", used ? " " : "",
             item->field->name, value_text(item, value));
}

static void words_text(const uint32_t *words, unsigned count, char *text, size_t cap)
{
    text[0] = '\0';
    for (unsigned i = 0; i < count; i++) {
        const size_t used = strlen(text);
        snprintf(text + used, cap - used, "%s%08x", used ? " " : "", words[i]);
    }
}

/* Of a block that a secret is in, or may be, no word is told. */
static bool is_secret(const struct fuse_plan *plan, unsigned step)
{
    for (size_t i = 0; i < plan->count; i++) {
        if (plan->items[i].step == step && plan->items[i].secret)
            return true;
    }
    return false;
}

static const struct fuse_item *first_of(const struct fuse_plan *plan, unsigned step)
{
    for (size_t i = 0; i < plan->count; i++) {
        if (plan->items[i].step == step)
            return &plan->items[i];
    }
    return NULL;
}

static const char *outcome_word(enum fuse_outcome outcome)
{
    static const char *const words[] = {
        [FUSE_NOT_BURNT] = "not-burnt", [FUSE_BURNT] = "burnt", [FUSE_CLOSED] = "closed",
        [FUSE_PART] = "part",           [FUSE_WRONG] = "wrong", [FUSE_UNKNOWN] = "unknown",
    };
    return words[outcome];
}

static bool tell(const struct burning *g, const struct attempt_burn *row, struct err *e)
{
    const struct attempt_watch *w = g->a->setup->watch;
    return !w->burnt || w->burnt(w->ctx, row, e);
}

/* Before the next one: what is not in the record ends the burning, whatever became of it. */
static bool record(const struct burning *g, unsigned step, const struct fuse_burn *burn,
                   enum fuse_outcome outcome, const struct err *failure, struct err *e)
{
    const struct fuse_plan *plan = &g->own->plan;
    const bool secret = is_secret(plan, step);
    const bool was_read = outcome == FUSE_BURNT || outcome == FUSE_PART || outcome == FUSE_WRONG;
    struct attempt_burn row = { .stage = fuse_stage_word(first_of(plan, step)->stage),
                                .block = burn->block,
                                .outcome = outcome_word(outcome),
                                .sentence = failure->code != ERR_NONE ? failure->what : NULL };
    for (size_t i = 0; i < plan->count; i++) {
        if (plan->items[i].step == step)
            name_item(&plan->items[i], &row);
    }
    if (!secret)
        words_text(burn->word, burn->count, row.words, sizeof row.words);
    if (!secret && was_read)
        words_text(g->own->now.word[burn->block], g->set->blocks[burn->block].words, row.proof,
                   sizeof row.proof);
    return (!secret || mark_key(burn, &row, e)) && tell(g, &row, e);
}

/* Keys that were burnt before the power went, and can still be compared: once they are hidden,
 * their marks alone tell that they are these. */
static bool record_found(const struct burning *g, struct err *e)
{
    const struct fuse_plan *plan = &g->own->plan;
    for (size_t i = 0; i < plan->count; i++) {
        const struct fuse_item *item = &plan->items[i];
        if (!item->secret || !item->done || fuse_is_hidden(g->set, &g->own->now, item->field))
            continue;
        struct attempt_burn row = { .stage = fuse_stage_word(item->stage),
                                    .block = item->burn.block,
                                    .outcome = "found" };
        name_item(item, &row);
        if (!mark_key(&item->burn, &row, e) || !tell(g, &row, e))
            return false;
    }
    return true;
}

/* ---- In front of the first ---- */

static bool same_board(const struct burning *g, struct err *e)
{
    for (size_t i = 0; i < g->set->block_count; i++) {
        if (memcmp(g->own->seen.word[i], g->own->now.word[i], sizeof g->own->now.word[i]) == 0)
            continue;
        err_set(e, ERR_IDENTIFY,
                "Block %zu of the fuses does not read as it did when the board was identified: "
                "another board is there, or something else burns",
                i);
        return err_hint(e, "Leave the board in its slot until its verdict shows. Nothing was burnt "
                           "by this attempt.");
    }
    return true;
}

static bool plan_is_sound(const struct burning *g, struct err *e)
{
    struct board_own *own = g->own;
    size_t at = 0;
    for (unsigned i = 0; i < own->plan.steps; i++)
        fuse_plan_step(&own->plan, i + 1, &own->burns_all[i]);
    if (fuse_burns_check(g->set, g->b->revision, &own->now, own->burns_all, own->plan.steps, &at,
                         e))
        return true;
    return err_wrap(e, "Step %zu of %u", at + 1, own->plan.steps);
}

static bool begin(const struct burning *g, struct err *e)
{
    struct board_own *own = g->own;
    if (!attempt_read_fuses(g->a, g->set, &own->now, e))
        return err_as_phase(e, ERR_IDENTIFY);
    if (!same_board(g, e) ||
        !job_security_judge(job_security(g->a->setup->job), g->b, &own->now, own, &own->plan, e))
        return false;
    if (own->plan.steps != g->a->burns)
        return err_set(e, ERR_IDENTIFY, "The plan took %u burns a moment ago, and takes %u now",
                       g->a->burns, own->plan.steps);
    if (g->a->result->state < BOARD_VERIFIED)
        return err_set(e, ERR_STATION, "What the flash holds is not proved");
    return fuse_burner_check(g->set, g->b->crystal_mhz, e) && plan_is_sound(g, e) &&
           record_found(g, e);
}

/* ---- One step ---- */

static bool closes(const struct fuse_item *item)
{
    return item->stage == FUSE_STAGE_LOADER;
}

/* What a stop, or a lost cable, would leave half done is finished: a burn takes a moment. */
static enum fuse_outcome burn(const struct burning *g, const struct fuse_burn *b,
                              struct err *failure)
{
    struct port *port = g->l->link.port;
    const int stop_fd = port->stop_fd;
    port_set_stop(port, -1);
    g->own->told = true;
    const enum fuse_outcome outcome =
        fuse_burn(g->l, g->set, g->b->revision, g->b->crystal_mhz, b, &g->own->now, failure);
    port_set_stop(port, stop_fd);
    return outcome;
}

static bool fail(const struct burning *g, enum fuse_outcome outcome, struct err *e)
{
    const enum err_code cause = e->wire != ERR_NONE ? e->wire : e->code;
    const bool any = g->own->burns > 0 || g->own->plan.board == FUSE_BOARD_BEGUN;
    if (outcome == FUSE_WRONG)
        e->code = ERR_BURNT_WRONG;
    else if (outcome == FUSE_UNKNOWN)
        e->code = ERR_BURN_UNKNOWN;
    else if (any || outcome == FUSE_PART)
        e->code = ERR_PART_BURNT;
    else
        e->code = cause == ERR_TIMEOUT || cause == ERR_FRAME ? ERR_IDENTIFY : ERR_NOT_BURNT;
    e->wire = cause;
    if (outcome == FUSE_NOT_BURNT || strcmp(e->hint, err_row(cause)->hint) == 0)
        err_hint(e, "%s", err_row(e->code)->hint);
    return false;
}

/* A chip that is silent since may have its loader closed; but a closed board tells no MAC, and may
 * be another one: no board passes by that. */
static void note_closing(const struct burning *g, const struct fuse_item *item,
                         enum fuse_outcome outcome)
{
    const bool good = outcome == FUSE_BURNT || outcome == FUSE_CLOSED;
    g->own->closed = good ? item->field->name : NULL;
    g->own->closed_unheard = outcome == FUSE_UNKNOWN ? item->field->name : NULL;
}

static bool burn_step(const struct burning *g, unsigned step, struct err *e)
{
    const struct fuse_item *first = first_of(&g->own->plan, step);
    const struct fuse_burn *b = &g->own->burns_all[step - 1];
    struct err failure = { 0 }, unrecorded = { 0 };
    const enum fuse_outcome outcome = burn(g, b, &failure);
    const bool good = outcome == FUSE_BURNT || outcome == FUSE_CLOSED;
    g->own->burns += good;
    if (good)
        g->own->stage = first->stage;
    if ((good || outcome == FUSE_PART) && first->stage == FUSE_STAGE_HIDE)
        g->own->begun = true; /* they were compared until now */
    if (closes(first))
        note_closing(g, first, outcome);
    const bool noted = record(g, step, b, outcome, &failure, &unrecorded);
    if (!good) {
        *e = failure;
        err_wrap(e, "Burning step %u of %u (%s)", step, g->own->plan.steps,
                 fuse_stage_word(first->stage));
        return fail(g, outcome, e);
    }
    if (noted)
        return true;
    *e = unrecorded;
    return err_wrap(e, "Step %u of %u is burnt and not recorded", step, g->own->plan.steps);
}

/* ---- Behind the last ---- */

/* Reads all of them, not just what was burnt last. */
static bool is_left(const struct burning *g, unsigned steps, struct err *e)
{
    struct board_own *own = g->own;
    if (!attempt_read_fuses(g->a, g->set, &own->now, e)) {
        err_wrap(e, "Reading the fuses after they were burnt");
        return fail(g, FUSE_NOT_BURNT, e);
    }
    struct err misfit = { 0 };
    const bool fits = job_security_judge(job_security(g->a->setup->job), g->b, &own->now, own,
                                         &own->check, &misfit);
    const unsigned left = own->check.steps;
    fuse_plan_wipe(&own->check);
    if (fits && left == steps)
        return true;
    if (fits)
        err_set(e, ERR_SECURED, "After all burns %u are missing, and %u should be", left, steps);
    else
        *e = misfit;
    err_hint(e, "%s", err_row(ERR_BURNT_WRONG)->hint);
    return fail(g, FUSE_WRONG, e);
}

/* Those that wait until the board was seen to start: who looks for that? */
static unsigned last_step(const struct burning *g)
{
    const struct recipe_boot *boot = &attempt_recipe(g->a)->boot;
    const bool looks = boot->asked && boot->expect;
    return !looks || g->own->booted ? g->own->plan.steps : g->own->plan.after_boot - 1;
}

static bool burn_all(const struct burning *g, struct err *e)
{
    struct board_own *own = g->own;
    const unsigned last = last_step(g);
    bool is_closed = false;
    for (unsigned step = 1; step <= last; step++) {
        if (closes(first_of(&own->plan, step))) { /* the last look there is */
            if (!is_left(g, own->plan.steps - step + 1, e))
                return false;
            is_closed = true;
        }
        if (!burn_step(g, step, e))
            return false;
    }
    g->a->result->burns_left = own->plan.steps - last;
    return is_closed || is_left(g, own->plan.steps - last, e);
}

bool attempt_burn(struct attempt *a, struct err *e)
{
    const struct board *b = &a->result->board;
    const struct burning g = { .a = a,
                               .own = a->setup->own,
                               .l = &a->loader,
                               .b = b,
                               .set = chip_fuses(b->chip, b->revision) };
    attempt_enter(a, PHASE_BURN);
    bool ok = begin(&g, e);
    if (!ok && e->code != ERR_IDENTIFY && e->code != ERR_DATABASE && e->code != ERR_STATION &&
        e->code != ERR_STOPPED && e->code != ERR_PORT_GONE)
        fail(&g, FUSE_NOT_BURNT, e);
    ok = ok && burn_all(&g, e);
    if (ok)
        a->burns = a->result->burns_left;
    fuse_plan_wipe(&a->setup->own->plan);
    OPENSSL_cleanse(a->setup->own->burns_all, sizeof a->setup->own->burns_all);
    return ok;
}
