#include "station/line/record.h"

#include "db/units/decide.h"
#include "db/write/act.h"
#include "db/write/burn_rows.h"
#include "db/write/label_rows.h"
#include "db/write/lot.h"
#include "station/line/gate.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BURN_ROW_MS 60000

#define SHA256_TEXT (2 * DIGEST_SHA256_BYTES + 1)
#define MD5_TEXT    (2 * DIGEST_MD5_BYTES + 1)

/* A run whose row could not be closed, with what was shown instead of its verdict. */
struct unclosed {
    struct unclosed *next;
    int64_t run_id, ended_utc_ms, duration_ms;
    enum board_state state;
    struct err failure;
};

struct record {
    struct db *db;
    const struct clock *clock;
    pthread_mutex_t lock; /* guards unclosed */
    struct unclosed *unclosed;
    struct gate gate;
};

/* ---- Runs that the record could not take ---- */

static void push_unclosed(struct record *r, struct unclosed *u)
{
    pthread_mutex_lock(&r->lock);
    u->next = r->unclosed;
    r->unclosed = u;
    pthread_mutex_unlock(&r->lock);
}

static struct unclosed *pop_unclosed(struct record *r)
{
    pthread_mutex_lock(&r->lock);
    struct unclosed *u = r->unclosed;
    if (u)
        r->unclosed = u->next;
    pthread_mutex_unlock(&r->lock);
    return u;
}

/* Without memory it is left to the next start, which marks it INTERRUPTED. */
static void keep_unclosed(struct record *r, const struct unclosed *unclosed)
{
    struct unclosed *u = malloc(sizeof *u);
    if (!u)
        return;
    *u = *unclosed;
    push_unclosed(r, u);
}

static bool close_late(struct record *r, const struct unclosed *u, struct err *e)
{
    const struct db_run_end end = {
        .verdict = DB_FAIL,
        .code = err_word(u->failure.code),
        .sentence = u->failure.what,
        .hint = u->failure.hint,
        .board_state = board_state_word(u->state),
        .ended_utc_ms = u->ended_utc_ms,
        .duration_ms = u->duration_ms,
    };
    return db_run_close(r->db, u->run_id, &end, e);
}

/* Once the record takes rows again. False when it still does not. */
static bool close_unclosed(struct record *r)
{
    struct unclosed *u;
    while ((u = pop_unclosed(r)) != NULL) {
        struct err failure = { 0 };
        if (!close_late(r, u, &failure) && failure.code == ERR_DATABASE) {
            push_unclosed(r, u);
            return false;
        }
        free(u);
    }
    return true;
}

static void drop_unclosed(struct record *r)
{
    struct unclosed *u;
    while ((u = pop_unclosed(r)) != NULL)
        free(u);
}

/* ---- Opening ---- */

/* The application in a file, which may be a merged one; NULL: there is none. */
static const struct image *app_in(const struct plan *plan, size_t source)
{
    for (size_t i = 0; i < plan_part_count(plan); i++) {
        const struct plan_part *part = plan_part(plan, i);
        if (part->source == source && part->image.has_app)
            return &part->image;
    }
    return NULL;
}

int64_t record_put_recipe(struct db *db, const struct job *job, const struct clock *clock,
                          struct err *e)
{
    const struct recipe *recipe = job_recipe(job);
    struct db_image images[RECIPE_IMAGES_MAX];
    char sha256[RECIPE_IMAGES_MAX][SHA256_TEXT], md5[RECIPE_IMAGES_MAX][MD5_TEXT];
    char elf[RECIPE_IMAGES_MAX][SHA256_TEXT];
    for (size_t i = 0; i < job_image_count(job); i++) {
        const struct job_image *image = job_image(job, i);
        digest_hex(image->sha256, DIGEST_SHA256_BYTES, sha256[i]);
        digest_hex(image->md5, DIGEST_MD5_BYTES, md5[i]);
        images[i] = (struct db_image){ .file = image->file,
                                       .offset = image->offset_addr,
                                       .size_bytes = image->size_bytes,
                                       .sha256 = sha256[i],
                                       .md5 = md5[i] };
        const struct image *content = app_in(job_plan(job), i);
        if (!content)
            continue;
        digest_hex(content->app_elf_sha256, sizeof content->app_elf_sha256, elf[i]);
        images[i].app_project = content->app_project;
        images[i].app_version = content->app_version;
        images[i].app_elf_sha256 = elf[i];
    }
    const struct db_recipe row = {
        .name = recipe->name,
        .version = recipe->version[0] ? recipe->version : NULL,
        .chip = recipe->chip->id_name,
        .text = recipe->text,
        .text_bytes = recipe->text_bytes,
        .images = images,
        .image_count = job_image_count(job),
    };
    return db_recipe_put(db, &row, clock->utc_ms(clock), e);
}

bool record_enter_order(struct record *r, const struct order_setup *order, struct order_rows *rows,
                        struct err *e)
{
    *rows = (struct order_rows){ 0 };
    if (!r)
        return true;
    rows->recipe_id = record_put_recipe(r->db, order->job, r->clock, e);
    if (rows->recipe_id == 0 || !order->lot)
        return rows->recipe_id != 0;
    const struct db_lot_enter lot = { .name = order->lot,
                                      .recipe_id = rows->recipe_id,
                                      .rework = order->rework_reason != NULL,
                                      .may_open = order->new_lot,
                                      .may_be_full = order->full_waits,
                                      .utc_ms = r->clock->utc_ms(r->clock) };
    rows->lot_id = db_lot_enter(r->db, &lot, &rows->has_opened_lot, e);
    return rows->lot_id != 0;
}

struct record *record_new(const char *db_path, const struct clock *clock, int *interrupted,
                          struct err *e)
{
    struct db_station here;
    struct record *r = calloc(1, sizeof *r);
    if (!r) {
        err_set(e, ERR_STATION, "Out of memory");
        return NULL;
    }
    r->clock = clock;
    pthread_mutex_init(&r->lock, NULL);
    gate_init(&r->gate);
    r->db = db_open(db_path, DB_BUSY_MS, e);
    if (r->db && db_station_here(&here, e) &&
        db_station_start(r->db, &here, ESPSTATION_VERSION, r->clock->utc_ms(r->clock), interrupted,
                         e))
        return r;
    db_close(r->db);
    gate_done(&r->gate);
    pthread_mutex_destroy(&r->lock);
    free(r);
    return NULL;
}

/* Clocks of several stations on one record differ a little. */
#define CLOCK_SLACK_MS 60000

bool record_clock_is_behind(struct record *r, char latest[static DB_UTC_CAP],
                            char now[static DB_UTC_CAP])
{
    char slack[DB_UTC_CAP];
    struct err ignored = { 0 };
    const int64_t now_ms = r->clock->utc_ms(r->clock);
    return db_latest_start(r->db, latest, &ignored) && db_utc_text(now_ms, now) &&
           db_utc_text(now_ms + CLOCK_SLACK_MS, slack) && strcmp(latest, slack) > 0;
}

void record_free(struct record *r)
{
    struct err ignored = { 0 };
    if (!r)
        return;
    /* A station that cannot sign off is marked by the next start: nothing is lost. */
    if (close_unclosed(r))
        db_station_end(r->db, r->clock->utc_ms(r->clock), &ignored);
    drop_unclosed(r);
    db_close(r->db);
    gate_done(&r->gate);
    pthread_mutex_destroy(&r->lock);
    free(r);
}

/* `here` is lent to the row. */
static bool complete_act(const struct record *r, const struct order *order, struct db_station *here,
                         struct db_act *row, struct err *e)
{
    if (!db_station_here(here, e))
        return false;
    row->lot_id = order ? order_rows(order)->lot_id : 0;
    row->host = here->host;
    row->utc_ms = r->clock->utc_ms(r->clock);
    return true;
}

bool record_act(struct record *r, const struct order *order, const struct db_act *act,
                struct err *e)
{
    struct db_station here;
    struct db_act row = *act;
    return !r || (complete_act(r, order, &here, &row, e) && db_act_add(r->db, &row, e));
}

bool record_label_again(struct record *r, const struct order *order, const struct db_act *act,
                        const char *printer, struct err *e)
{
    struct db_station here;
    struct db_act row = *act;
    int number;
    if (!complete_act(r, order, &here, &row, e))
        return false;
    const struct db_label_again again = { .run_id = row.run_id,
                                          .printer = printer,
                                          .operator_name = row.person,
                                          .reason = row.reason,
                                          .utc_ms = row.utc_ms,
                                          .act = &row };
    return db_label_again(r->db, &again, &number, e) > 0;
}

bool record_slot_acts(struct record *r, const char *station, const struct db_act_sink *sink,
                      struct err *e)
{
    struct db_station here;
    return !r || (db_station_here(&here, e) && db_act_slots(r->db, here.host, station, sink, e));
}

bool record_lot_room(struct record *r, const struct order *order, struct db_lot_room *room,
                     struct err *e)
{
    *room = (struct db_lot_room){ 0 };
    const int64_t lot_id = order_rows(order)->lot_id;
    return !r || lot_id == 0 || db_lot_room(r->db, lot_id, room, e);
}

/* ---- Pools ---- */

struct pool_check {
    const char *pool;
    void (*gone)(void *ctx, const char *pool, const char *label, const char *mac,
                 const char *taken_utc);
    void *ctx;
};

static void pass_on(void *ctx, const char *label, const char *mac, const char *taken_utc)
{
    const struct pool_check *check = ctx;
    check->gone(check->ctx, check->pool, label, mac, taken_utc);
}

bool record_check_pools(struct record *r, struct job *job,
                        void (*gone)(void *ctx, const char *pool, const char *label,
                                     const char *mac, const char *taken_utc),
                        void *ctx, struct err *e)
{
    const struct unit *u = job_unit(job)->unit;
    const struct board nobody = { .chip = job_recipe(job)->chip };
    struct pool_check check = { NULL, gone, ctx };
    struct err ignored = { 0 };
    struct unit_supply *supply = calloc(1, sizeof *supply);
    bool ok = supply || err_set(e, ERR_STATION, "Out of memory for a pool");
    if (supply) /* for its pools: of a board nothing is known yet */
        unit_supply_make(supply, job, &nobody, NULL, r->clock->utc_ms(r->clock), &ignored);
    for (size_t i = 0; ok && i < u->pool_count; i++) {
        check.pool = u->pools[i].name;
        ok = db_unit_check_pool(r->db, job_recipe(job)->name, &supply->db, i, pass_on, &check, e);
    }
    free(supply);
    return ok;
}

bool record_fleet_counters(struct job *job, const struct clock *clock,
                           bool (*each)(void *ctx, const struct db_unit_want *want, struct err *e),
                           void *ctx, struct err *e)
{
    const struct recipe *const recipe = job_recipe(job);
    char counter[UNIT_COUNTER_CAP];
    for (size_t i = 0; i < recipe->unit.value_count; i++) {
        const struct unit_value *const v = &recipe->unit.values[i];
        if (v->from != UNIT_FROM_COUNTER || v->fleet != UNIT_TRUE)
            continue;
        unit_counter_name(v, recipe->name, clock->utc_ms(clock), counter);
        const struct db_unit_want want = { .name = v->name,
                                           .from = DB_UNIT_COUNTER,
                                           .counter = counter,
                                           .start = (int64_t)v->start,
                                           .end = (int64_t)v->end,
                                           .step = (int64_t)v->step,
                                           .fleet = true };
        if (!each(ctx, &want, e))
            return false;
    }
    return true;
}

bool record_fleet_pools(struct job *job, const struct clock *clock,
                        bool (*each)(void *ctx, const struct record_rows *rows, struct err *e),
                        void *ctx, struct err *e)
{
    const struct unit *const u = job_unit(job)->unit;
    const struct board nobody = { .chip = job_recipe(job)->chip };
    struct err ignored = { 0 };
    struct unit_supply *const supply = calloc(1, sizeof *supply);
    bool ok = supply || err_set(e, ERR_STATION, "Out of memory for a pool");
    if (supply) /* for its pools: of a board nothing is known yet */
        unit_supply_make(supply, job, &nobody, NULL, clock->utc_ms(clock), &ignored);
    for (size_t i = 0; ok && i < u->pool_count; i++)
        ok = u->pools[i].fleet != UNIT_TRUE || gate_each_rows(&supply->db, i, each, ctx, e);
    free(supply);
    return ok;
}

/* ---- A run ---- */

bool record_passed_here(struct record *r, const struct order *order, int slot,
                        const struct chip_mac *mac, struct db_passed_run *passed, struct err *e)
{
    char text[BOARD_MAC_TEXT_BYTES];
    *passed = (struct db_passed_run){ 0 };
    if (!r)
        return true;
    board_mac_text(mac, text);
    const struct db_passed_where where = { .mac = text,
                                           .recipe_id = order_rows(order)->recipe_id,
                                           .lot_id = order_rows(order)->lot_id,
                                           .slot = slot };
    return db_passed_here(r->db, &where, passed, e);
}

void record_set_gate(struct record *r, const struct record_gate *gate)
{
    if (r)
        gate_set(&r->gate, gate);
}

static struct gate_run gate_run(struct record *r, const struct order *order,
                                const struct record_run *run, struct record_claim *claim)
{
    return (struct gate_run){ .db = r->db, .order = order, .run = run, .claim = claim };
}

bool record_run_start(struct record *r, const struct order *order, const struct record_run *run,
                      struct record_claim *claim, int64_t *run_id, struct err *e)
{
    struct db_fleet_say say;
    *run_id = 0;
    if (!r)
        return true;
    const struct gate_run asks = gate_run(r, order, run, claim);
    if (!gate_ask_place(&r->gate, &asks, &say, e))
        return false;
    const struct db_run_begin begin = {
        .recipe_id = order_rows(order)->recipe_id,
        .lot_id = run->golden ? 0 : order_rows(order)->lot_id,
        .golden = run->golden,
        .slot = run->slot,
        .port = run->port,
        .operator_name = run->operator_name ? run->operator_name : order_operator(order),
        .started_utc_ms = run->started_utc_ms,
        /* A board that is done once more has its place already, if it has passed. */
        .with_place = run->with_place && !run->rework_reason && !order_rework_reason(order),
        .fleet = &say,
    };
    *run_id = db_run_start(r->db, &begin, e);
    if (*run_id == 0) {
        gate_drop(&r->gate, claim);
        return false;
    }
    close_unclosed(r);
    return true;
}

static enum db_duplicates duplicates_of(const struct order *order)
{
    switch (order_recipe(order)->duplicates) {
    case RECIPE_DUPLICATES_EVER:
        return DB_ONCE_EVER;
    case RECIPE_DUPLICATES_ALLOW:
        return DB_DUPLICATES_ALLOWED;
    case RECIPE_DUPLICATES_LOT:
        break;
    }
    return DB_ONCE_IN_LOT;
}

/* Whether what the unit lacked has come. */
static bool is_lent(struct record *r, const struct db_unit_supply *supply,
                    const struct db_unit *unit, struct err *e)
{
    if (unit->unlent != DB_NO_ROW)
        return gate_numbers(&r->gate, &supply->wants[unit->unlent], e);
    return unit->unlent_pool != DB_NO_ROW && gate_rows(&r->gate, supply, unit, r->clock, e);
}

/* Lets the board in; where a counter has no numbers left here, or a pool no rows, once more when
 * some have come, for each of them. */
static bool admit(struct record *r, int64_t run_id, const struct db_board *row,
                  const struct db_admission *rule, struct db_unit *unit, struct err *e)
{
    struct db_seen seen;
    for (int tries = DB_UNIT_VALUES_MAX + DB_UNIT_POOLS_MAX;; tries--) {
        struct err failure = { 0 };
        if (db_board_admit(r->db, run_id, row, rule, &seen, unit, &failure))
            return true;
        if (tries == 0 || failure.code != ERR_LEASE || !unit ||
            !is_lent(r, rule->supply, unit, &failure)) {
            *e = failure;
            return false;
        }
        db_unit_done(unit);
    }
}

/* A board that the fleet's server refuses has its name in the record all the same. */
static bool ask_about(struct record *r, int64_t run_id, const struct db_board *row,
                      const struct gate_run *asks, const struct db_unit_supply *supply,
                      struct db_fleet_say *say, struct err *e)
{
    struct db_seen seen;
    struct err ignored = { 0 };
    if (gate_ask_board(&r->gate, asks, row->mac, supply, say, e))
        return true;
    db_board_seen(r->db, run_id, row, &seen, &ignored);
    return false;
}

bool record_board(struct record *r, const struct order *order, int64_t run_id,
                  const struct board *board, const struct record_run *run,
                  const struct unit_supply *supply, struct record_claim *claim,
                  struct db_unit *unit, struct err *e)
{
    char text[BOARD_MAC_TEXT_BYTES], mac[DB_MAC_CAP];
    struct db_fleet_say say;
    if (!r)
        return true;
    board_mac_text(&board->mac, text);
    const struct gate_run asks = gate_run(r, order, run, claim);
    const struct db_board row = {
        .mac = mac,
        .chip = board->chip->id_name,
        .revision = (int)board->revision,
        .flash_id = board->flash.id ? (int64_t)board->flash.id : -1,
        .flash_bytes = board->flash.size_bytes,
        .seen_utc_ms = r->clock->utc_ms(r->clock),
    };
    if (!db_mac_normalise(text, mac, e) ||
        !ask_about(r, run_id, &row, &asks, supply ? &supply->db : NULL, &say, e))
        return false;
    const struct db_admission rule = {
        .duplicates = run->golden ? DB_DUPLICATES_ALLOWED : duplicates_of(order),
        .rework_reason = run->rework_reason ? run->rework_reason : order_rework_reason(order),
        .supply = supply ? &supply->db : NULL,
        .fleet = &say,
    };
    const bool ok =
        admit(r, run_id, &row, &rule, unit, e) && (!supply || db_unit_mark(r->db, unit, e));
    claim->has_place = claim->has_place || ok; /* of a lease, perhaps: no second one is asked for */
    if (supply)
        gate_used(&r->gate, &supply->db, unit);
    return ok;
}

/* Digest texts live here while a row is written. */
struct digest_texts {
    char expected[MD5_TEXT];
    char found[MD5_TEXT];
    char sha256[SHA256_TEXT];
};

static void fill_digest(const struct plan_region *region, const struct attempt_digest *d,
                        struct db_digest *row, struct digest_texts *texts)
{
    digest_hex(region->md5, DIGEST_MD5_BYTES, texts->expected);
    digest_hex(d->read_md5, DIGEST_MD5_BYTES, texts->found);
    digest_hex(region->sha256, DIGEST_SHA256_BYTES, texts->sha256);
    *row = (struct db_digest){
        .expected_md5 = texts->expected,
        .read_md5 = d->read ? texts->found : NULL,
        .skipped_bytes = d->skipped_bytes,
        .written_md5 = d->written ? texts->expected : NULL,
        .written_sha256 = d->written ? texts->sha256 : NULL,
    };
}

static size_t fill_digests(const struct order *order, const struct attempt_result *result,
                           struct db_digest *rows, struct digest_texts *texts)
{
    if (!result->variant)
        return 0;
    for (size_t i = 0; i < job_image_count(order_job(order)); i++) {
        const struct plan_region *region = plan_region(result->variant, i);
        fill_digest(region, &result->digests[i], &rows[i], &texts[i]);
        rows[i].image = (int)i;
    }
    return job_image_count(order_job(order));
}

/* Of the regions behind those of all boards. */
static size_t fill_unit_digests(const struct order *order, const struct attempt_result *result,
                                struct db_unit_digest *rows, struct digest_texts *texts)
{
    const size_t shared = job_image_count(order_job(order));
    if (!result->variant)
        return 0;
    for (size_t i = shared; i < plan_variant_count(result->variant); i++) {
        const struct plan_region *region = plan_region(result->variant, i);
        struct db_unit_digest *row = &rows[i - shared];
        row->place = region->name;
        row->offset = region->offset_addr;
        row->size_bytes = region->size_bytes;
        fill_digest(region, &result->digests[i], &row->digest, &texts[i - shared]);
        row->digest.image = (int)(i - shared);
    }
    return plan_variant_count(result->variant) - shared;
}

/* Each part is rounded by itself. */
static int64_t ms_of(uint64_t us)
{
    return (int64_t)((us + 500) / 1000);
}

static struct db_timing timing_row(const struct attempt_timing *t)
{
    return (struct db_timing){
#define TIMING(version, name, sentence) .name##_ms = ms_of(t->name##_us),
#include "db/store/timing_list.h"
    };
}

static const char *text_or_null(const char *text)
{
    return text[0] ? text : NULL;
}

bool record_proves_twice(struct record *r, const struct order *order, bool *wanted, struct err *e)
{
    int64_t most = order_recipe(order)->prove_twice, count = 0;
    *wanted = false;
    if (order_recipe(order)->loader != RECIPE_LOADER_FAST || most == 0)
        return true;
    if (r && !db_fast_proved(r->db, order_rows(order)->recipe_id, most, &count, e))
        return false;
    *wanted = count < most;
    return true;
}

bool record_rates(struct record *r, const char *port, int runs, struct db_rate *rates, size_t cap,
                  size_t *count, struct err *e)
{
    *count = 0;
    return !r || db_rates(r->db, port, runs, rates, cap, count, e);
}

bool record_attempt_add(struct record *r, const struct order *order, int64_t run_id,
                        const struct record_attempt *attempt, struct err *e)
{
    struct db_digest digests[RECIPE_IMAGES_MAX];
    struct digest_texts texts[RECIPE_IMAGES_MAX];
    struct db_unit_digest unit_digests[UNIT_IMAGES_MAX];
    struct digest_texts unit_texts[UNIT_IMAGES_MAX];
    const struct attempt_result *result = attempt->result;
    if (!r)
        return true;
    const struct db_attempt row = {
        .number = (int)attempt->number,
        .started_utc_ms = attempt->started_utc_ms,
        .duration_ms = attempt->duration_ms,
        .baud = result->baud,
        .reset = attempt->reset,
        .loader = result->fast ? "stub" : result->loader,
        .fast = result->fast ? (result->proved_twice ? "proved-twice" : "written") : NULL,
        .phase = phase_word(result->phase),
        .code = err_word(result->err.code),
        .sentence = text_or_null(result->err.what),
        .hint = text_or_null(result->err.hint),
        .board_state = board_state_word(result->state),
        .bytes_written = (int64_t)result->bytes_written,
        .wire_bytes = (int64_t)result->wire_bytes,
        .baud_why = attempt->baud_why,
        .baud_asked = result->most_baud ? result->most_baud : order_recipe(order)->port.baud,
        .write_mode = recipe_word(RECIPE_KEY_WRITE, result->write),
        .round_trips = result->round_trips,
        .timing = timing_row(&result->timing),
        .digests = digests,
        .digest_count = fill_digests(order, result, digests, texts),
        .unit_digests = unit_digests,
        .unit_digest_count = fill_unit_digests(order, result, unit_digests, unit_texts),
    };
    return db_attempt_add(r->db, run_id, &row, e);
}

/* ---- Fuses ---- */

/* What is burnt stays, and without its row nothing more may be burnt, which may cost the board: a
 * record that is busy is waited for longer than for other rows. */
static bool add_burn(struct record *r, const struct db_burn *row, struct err *e)
{
    const struct clock *clock = r->clock;
    const uint64_t start_us = clock->now_us(clock);
    for (;;) {
        struct err failure = { 0 };
        const uint64_t began_us = clock->now_us(clock);
        if (db_burn_add(r->db, row, &failure))
            return true;
        const uint64_t now_us = clock->now_us(clock);
        const bool was_busy = now_us - began_us >= DB_BUSY_MS * UINT64_C(1000);
        if (!was_busy || now_us - start_us >= BURN_ROW_MS * UINT64_C(1000)) {
            *e = failure;
            return false;
        }
    }
}

bool record_burn(struct record *r, const struct order *order, int64_t run_id, unsigned attempt,
                 unsigned number, const struct attempt_burn *burn, struct err *e)
{
    if (!r)
        return true;
    const struct db_burn row = {
        .run_id = run_id,
        .attempt = (int)attempt,
        .number = (int)number,
        .stage = burn->stage,
        .block = (int)burn->block,
        .fuses = burn->fuses,
        .words = text_or_null(burn->words),
        .key_salt = text_or_null(burn->key_salt),
        .key_hmac = text_or_null(burn->key_hmac),
        .outcome = burn->outcome,
        .proof = text_or_null(burn->proof),
        .sentence = burn->sentence,
        .person = order_burner(order),
        .made_utc_ms = r->clock->utc_ms(r->clock),
    };
    return add_burn(r, &row, e);
}

struct asked_key {
    const struct fuse_burn *burn;
    enum key_known known;
};

static bool compare_mark(void *ctx, int block, const char *salt, const char *hmac)
{
    struct asked_key *key = ctx;
    char mine[DB_BURN_HMAC_CAP];
    if (block == (int)key->burn->block)
        key->known = KEY_IS_ANOTHER;
    if (attempt_key_mark(key->burn, salt, mine) && strcmp(mine, hmac) == 0)
        key->known = KEY_IS_THIS;
    return key->known != KEY_IS_THIS;
}

bool record_knows_key(struct record *r, const struct chip_mac *mac, const struct fuse_burn *burn,
                      enum key_known *known, struct err *e)
{
    char text[BOARD_MAC_TEXT_BYTES];
    struct asked_key key = { burn, KEY_IS_UNKNOWN };
    board_mac_text(mac, text);
    const bool ok = !r || mac->count == 0 || db_burn_marks(r->db, text, compare_mark, &key, e);
    *known = key.known;
    return ok;
}

bool record_burnt_wrong(struct record *r, const struct chip_mac *mac, int64_t *run_id,
                        struct err *e)
{
    char text[BOARD_MAC_TEXT_BYTES];
    *run_id = 0;
    board_mac_text(mac, text);
    return !r || mac->count == 0 || db_burn_wrong(r->db, text, run_id, e);
}

static enum db_verdict db_verdict_of(enum verdict verdict)
{
    return verdict == VERDICT_PASS ? DB_PASS : verdict == VERDICT_STOPPED ? DB_STOPPED : DB_FAIL;
}

bool record_run_close(struct record *r, int64_t run_id, enum verdict verdict,
                      const struct attempt_result *last, int64_t ended_utc_ms, int64_t duration_ms,
                      const struct record_label *label, struct err *e)
{
    if (!r)
        return true;
    const struct db_run_end end = {
        .verdict = db_verdict_of(verdict),
        .code = err_word(last->err.code),
        .sentence = text_or_null(last->err.what),
        .hint = text_or_null(last->err.hint),
        .board_state = board_state_word(last->state),
        .app_text = text_or_null(last->console),
        .ended_utc_ms = ended_utc_ms,
        .duration_ms = duration_ms,
        .label_printer = label ? label->printer : NULL,
        .label_zpl = label ? label->zpl : NULL,
    };
    if (db_run_close(r->db, run_id, &end, e))
        return true;
    const struct unclosed unclosed = { .run_id = run_id,
                                       .ended_utc_ms = ended_utc_ms,
                                       .duration_ms = duration_ms,
                                       .state = last->state,
                                       .failure = *e };
    keep_unclosed(r, &unclosed);
    return false;
}

struct db *record_db(struct record *r)
{
    return r ? r->db : NULL;
}
