/* What the record says: the lot that is in work, and the life of a board. The worker's thread, each
 * time on a reader of its own, so that nothing that flashes waits. */
#include "station/web/web_priv.h"

#include "db/read/history.h"
#include "db/read/stats_put.h"

#include <string.h>

#define LIFE_MAX_BYTES (2u << 20) /* of a board: what a page can show */

static struct db *open_record(const struct web *w, struct web_reply *reply)
{
    struct err e = { 0 };
    if (!w->db_path[0]) {
        web_refuse_as(reply, 404, ERR_USAGE, "Nothing is recorded here");
        return NULL;
    }
    struct db *db = db_open_reader(w->db_path, -1, &e);
    if (!db)
        web_refuse(reply, 503, &e);
    return db;
}

/* ---- The lot ---- */

struct groups {
    struct json_object *o;
    bool total_is_out;
};

static void put_row(struct json_object *o, const char *name, const struct db_stats_row *row)
{
    json_open(o, name, '{');
    json_text(o, "slot", row->total ? NULL : row->name);
    stats_put_counts(o, row);
    json_integer(o, "median_ms", row->ms.p50);
    json_integer(o, "p90_ms", row->ms.p90);
    stats_put_codes(o, row);
    json_close(o, '}');
}

static bool on_row(void *ctx, const struct db_stats_row *row)
{
    struct groups *g = ctx;
    put_row(g->o, row->total ? "total" : NULL, row);
    if (row->total)
        json_open(g->o, "slots", '[');
    g->total_is_out |= row->total;
    return true;
}

static void put_lot(struct web *w, struct db *db, const char *lot, struct web_reply *reply)
{
    struct err e = { 0 };
    struct floor_summary sum;
    char since[DB_UTC_CAP];
    floor_sum(w->floor, &sum);
    if (!lot)
        lot = sum.lot;
    /* Without a lot: what was done since the order began. */
    const bool dated = !lot[0] && db_utc_text(sum.since_utc_ms, since);
    const struct db_filter filter = { .lot = lot[0] ? lot : NULL, .since = dated ? since : NULL };
    struct json_object o = web_text_json(&reply->text);
    struct groups groups = { &o, false };
    const struct db_stats_sink sink = { &groups, on_row };
    json_open(&o, NULL, '{');
    json_text(&o, "lot", lot[0] ? lot : NULL);
    json_text(&o, "since", dated ? since : NULL);
    if (!db_stats(db, DB_BY_SLOT, &filter, &sink, &e)) {
        web_refuse(reply, e.code == ERR_DATABASE ? 503 : 400, &e);
        return;
    }
    if (groups.total_is_out)
        json_close(&o, ']');
    json_close(&o, '}');
    reply->status = 200;
}

void web_get_lot(struct web *w, const struct web_request *r, struct web_reply *reply)
{
    struct db *db = open_record(w, reply);
    if (!db)
        return;
    put_lot(w, db, web_arg(r, "lot"), reply);
    db_close(db);
}

/* ---- A board ---- */

struct life {
    struct json_object o;
    struct web_text *text;
    bool board, runs, in_run, in_attempts, in_corrections;
    bool cut; /* there is more than a page can show */
};

static void close_lists(struct life *l)
{
    if (l->in_attempts || l->in_corrections)
        json_close(&l->o, ']');
    l->in_attempts = l->in_corrections = false;
}

static void close_run(struct life *l)
{
    close_lists(l);
    if (l->in_run)
        json_close(&l->o, '}');
    l->in_run = false;
}

static bool on_board(void *ctx, const struct db_board_row *board)
{
    struct life *l = ctx;
    l->board = true;
    json_text(&l->o, "mac", board->mac);
    json_text(&l->o, "chip", board->chip);
    json_integer(&l->o, "revision", board->revision);
    json_integer(&l->o, "flash_bytes", board->flash_bytes);
    json_text(&l->o, "first_seen", board->first_seen_utc);
    return true;
}

static void put_run(struct json_object *o, const struct db_run_row *run)
{
    json_integer(o, "run", run->run_id);
    json_text(o, "started", run->started_utc);
    json_integer(o, "duration_ms", run->duration_ms);
    json_text(o, "verdict", run->verdict);
    json_text(o, "code", run->code);
    json_text(o, "sentence", run->sentence);
    json_text(o, "hint", run->hint);
    json_text(o, "board_state", run->board_state);
    json_integer(o, "slot", run->slot);
    json_text(o, "operator", run->operator_name);
    json_text(o, "lot", run->lot);
    json_text(o, "recipe", run->recipe);
    json_text(o, "version", run->recipe_version);
    json_text(o, "host", run->host);
    json_text(o, "rework_reason", run->rework_reason);
}

static bool on_run(void *ctx, const struct db_run_row *run)
{
    struct life *l = ctx;
    close_run(l);
    if (!l->runs)
        json_open(&l->o, "runs", '[');
    l->runs = true;
    l->cut = l->text->n > LIFE_MAX_BYTES;
    if (l->cut)
        return false;
    json_open(&l->o, NULL, '{');
    l->in_run = true;
    put_run(&l->o, run);
    return true;
}

static bool on_attempt(void *ctx, const struct db_attempt_row *attempt)
{
    struct life *l = ctx;
    if (!l->in_attempts)
        json_open(&l->o, "attempts", '[');
    l->in_attempts = true;
    json_open(&l->o, NULL, '{');
    json_integer(&l->o, "number", attempt->number);
    json_integer(&l->o, "duration_ms", attempt->duration_ms);
    json_integer(&l->o, "baud", attempt->baud);
    json_integer(&l->o, "bytes_written", attempt->bytes_written);
    json_text(&l->o, "loader", attempt->loader);
    json_text(&l->o, "phase", attempt->phase);
    json_text(&l->o, "code", attempt->code);
    json_text(&l->o, "sentence", attempt->sentence);
    json_close(&l->o, '}');
    return true;
}

static bool on_correction(void *ctx, const struct db_correction_row *correction)
{
    struct life *l = ctx;
    if (!l->in_corrections) {
        close_lists(l);
        json_open(&l->o, "corrections", '[');
    }
    l->in_corrections = true;
    json_open(&l->o, NULL, '{');
    json_text(&l->o, "time", correction->made_utc);
    json_text(&l->o, "operator", correction->operator_name);
    json_text(&l->o, "verdict", correction->verdict);
    json_text(&l->o, "reason", correction->reason);
    json_close(&l->o, '}');
    return true;
}

static void put_life(struct db *db, const char *mac, struct web_reply *reply)
{
    struct err e = { 0 };
    struct life life = { .o = web_text_json(&reply->text), .text = &reply->text };
    const struct db_history_sink sink = {
        &life, on_board, on_run, on_attempt, NULL, on_correction, NULL,
    };
    json_open(&life.o, NULL, '{');
    if (!db_history(db, mac, &sink, &e) && !life.cut) {
        web_refuse(reply, e.code == ERR_USAGE ? 400 : 503, &e);
        return;
    }
    if (!life.board) {
        web_refuse_as(reply, 404, ERR_USAGE, "This board was never here");
        return;
    }
    close_run(&life);
    if (life.runs)
        json_close(&life.o, ']');
    json_bool(&life.o, "cut", life.cut);
    json_close(&life.o, '}');
    reply->status = 200;
}

void web_get_board(struct web *w, const struct web_request *r, struct web_reply *reply)
{
    struct db *db = open_record(w, reply);
    if (!db)
        return;
    put_life(db, r->path + strlen("/api/v1/boards/"), reply);
    db_close(db);
}
