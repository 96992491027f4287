#include "station/floor/floor_priv.h"

#include "db/write/lot.h"
#include "station/line/unit_notice.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* ---- Its life ---- */

static bool copy_setup(struct floor *f, const struct floor_setup *setup, struct err *e)
{
    f->station = setup->station;
    f->people = setup->people;
    f->clock = setup->clock;
    f->root = setup->root;
    f->since_utc_ms = f->clock->utc_ms(f->clock);
    snprintf(f->db_path, sizeof f->db_path, "%s", setup->db_path ? setup->db_path : "");
    f->stub_folder = setup->stub_folder ? strdup(setup->stub_folder) : NULL;
    f->slots = calloc(f->station->slot_count, sizeof *f->slots);
    if (!f->slots || (setup->stub_folder && !f->stub_folder))
        return err_set(e, ERR_STATION, "Out of memory for the slots");
    f->slot_count = f->station->slot_count;
    for (size_t i = 0; i < f->slot_count; i++)
        f->slots[i] = (struct floor_slot){ .spec = &f->station->slots[i], .number = (int)i + 1 };
    return true;
}

static bool open_descriptors(struct floor *f, struct err *e)
{
    f->end_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    f->kick_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return (f->end_fd >= 0 && f->kick_fd >= 0) ||
           err_set_sys(e, ERR_STATION, errno, "The floor cannot be set up");
}

static bool open_session(struct floor *f, const struct floor_setup *setup, int *interrupted,
                         struct err *e)
{
    const struct session_setup session = { .db_path = setup->db_path,
                                           .clock = f->clock,
                                           .kind = ATTEMPT_FLASH,
                                           .loop = true,
                                           .give_ms = GIVE_FOREVER,
                                           .golden = (const char *const *)setup->station->golden,
                                           .golden_count = setup->station->golden_count };
    f->session = session_new(&session, interrupted, e);
    if (!f->session)
        return false;
    f->reader = session_watch(f->session, 0, e);
    return f->reader != NULL;
}

static bool set_first_order(struct floor *f, const struct floor_setup *setup, struct err *e)
{
    const struct order_setup wanted = { .job = setup->job,
                                        .lot = setup->lot,
                                        .new_lot = setup->new_lot,
                                        .full_waits = true, /* a restart may find it so */
                                        .operator_name = setup->operator_name };
    return !setup->job || floor_set_order(f, &wanted, NULL, e);
}

struct floor *floor_new(const struct floor_setup *setup, int *interrupted, struct err *e)
{
    struct floor *f = calloc(1, sizeof *f);
    *interrupted = 0;
    if (!f) {
        err_set(e, ERR_STATION, "Out of memory for the floor");
        return NULL;
    }
    f->end_fd = f->kick_fd = -1;
    pthread_mutex_init(&f->lock, NULL);
    if (copy_setup(f, setup, e) && open_descriptors(f, e) &&
        open_session(f, setup, interrupted, e) && floor_recall_slots(f, e) &&
        set_first_order(f, setup, e))
        return f;
    floor_free(f);
    return NULL;
}

static void note_units(void *ctx, const char *sentence)
{
    floor_note(ctx, 0, 0, sentence);
}

/* A record that cannot be asked fails the first board, and says so there. */
static void tell_of_units(struct floor *f, const struct order *order)
{
    struct err ignored = { 0 };
    unit_notice(session_record(f->session), order_job(order), note_units, f, &ignored);
}

/* What the first recipe has to say is told once there are readers. */
bool floor_begin(struct floor *f, struct err *e)
{
    struct order *order = floor_order(f);
    if (order)
        tell_of_units(f, order);
    order_release(order);
    return floor_watch_begin(f, e);
}

void floor_stop(struct floor *f, bool hard)
{
    pthread_mutex_lock(&f->lock);
    f->stopping = true;
    pthread_mutex_unlock(&f->lock);
    session_stop(f->session, hard);
    session_hint(f->session, 0);
}

bool floor_halt(struct floor *f, bool halted, struct err *e)
{
    pthread_mutex_lock(&f->lock);
    const bool ends = f->stopping, changes = f->halted != halted;
    f->halted = halted || ends;
    session_halt(f->session, f->halted);
    pthread_mutex_unlock(&f->lock);
    if (ends && !halted) {
        err_set(e, ERR_USAGE, "The line ends: no board begins any more");
        return err_hint(e, "Start it anew: espstation line.");
    }
    if (changes)
        floor_note(f, 0, 0,
                   halted ? "STOP: no new board begins until START for all"
                          : "START: boards begin again");
    return true;
}

bool floor_is_done(struct floor *f)
{
    return session_is_done(f->session);
}

int floor_done_fd(const struct floor *f)
{
    return session_done_fd(f->session);
}

void floor_free(struct floor *f)
{
    if (!f)
        return;
    floor_watch_end(f);
    event_reader_free(f->reader);
    session_free(f->session);
    headcount_done(&f->headcount);
    if (f->end_fd >= 0)
        close(f->end_fd);
    if (f->kick_fd >= 0)
        close(f->kick_fd);
    pthread_mutex_destroy(&f->lock);
    free(f->stub_folder);
    free(f->slots);
    free(f);
}

/* ---- The order ---- */

/* Whoever looks at the counts would wonder where they are. */
static void tell_of_counts(struct floor *f, const struct floor_summary *before)
{
    char sentence[160];
    if (before->passed + before->failed == 0)
        return;
    snprintf(sentence, sizeof sentence,
             "Counts begin anew with this order; under the one before %llu passed and %llu failed",
             (unsigned long long)before->passed, (unsigned long long)before->failed);
    floor_note(f, 0, 0, sentence);
}

bool floor_set_order(struct floor *f, const struct order_setup *setup, const struct act *act,
                     struct err *e)
{
    struct order_setup with_printer = *setup;
    struct floor_summary counted;
    with_printer.printer = f->station->printer.to ? &f->station->printer : NULL;
    struct order *before = floor_order(f);
    struct order *order = order_new(&with_printer, session_record(f->session), e);
    const bool other = order && before && order_job(before) != order_job(order);
    order_release(before);
    if (!order || (act && !floor_record_act(f, act, e))) {
        order_release(order);
        return false;
    }
    if (other)
        tell_of_units(f, order);
    session_set_order(f->session, order);
    order_release(order);
    floor_sum(f, &counted);
    floor_count_anew(f);
    tell_of_counts(f, &counted);
    floor_kick(f);
    return true;
}

struct people *floor_people(const struct floor *f)
{
    return f->people;
}

struct order *floor_order(struct floor *f)
{
    return session_order(f->session);
}

/* ---- What others plug in ---- */

void floor_set_printer(struct floor *f, floor_printer *print, void *ctx)
{
    f->print = print;
    f->print_ctx = ctx;
}

void floor_set_label_waits(struct floor *f, floor_label_waits *waits, void *ctx)
{
    pthread_mutex_lock(&f->lock);
    f->label_waits = waits;
    f->label_ctx = ctx;
    pthread_mutex_unlock(&f->lock);
}

void floor_note(struct floor *f, int slot, int64_t run_id, const char *sentence)
{
    session_note(f->session, slot, run_id, sentence);
    session_hint(f->session, slot);
}

struct event_reader *floor_watch(struct floor *f, size_t weighty_max, struct err *e)
{
    return session_watch(f->session, weighty_max, e);
}

struct record *floor_record(const struct floor *f)
{
    return session_record(f->session);
}

const char *floor_db_path(const struct floor *f)
{
    return f->db_path;
}
