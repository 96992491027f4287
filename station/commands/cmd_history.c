/* espstation history: the life of one board. */
#include "station/cli/option_rows.h"

#include "db/read/history.h"
#include "db/units/unit_list.h"
#include "station/fleet/fleet_reach.h"
#include "station/line/record.h"

#include <stdio.h>
#include <string.h>

static const char *or_dash(const char *text)
{
    return text && text[0] ? text : "-";
}

static bool is_stand_in(const char *mac)
{
    return strlen(mac) == 23 && strncmp(mac, STAND_IN_TEXT, strlen(STAND_IN_TEXT)) == 0;
}

/* Whoever may write the file may have written anything into it, so all lines are made plain. */
static bool print_board(void *ctx, const struct db_board_row *b)
{
    char revision[32] = "", flash[64] = "";
    *(bool *)ctx = true;
    if (b->revision >= 0)
        snprintf(revision, sizeof revision, " v%d.%d", b->revision / 100, b->revision % 100);
    if (b->flash_bytes > 0)
        snprintf(flash, sizeof flash, ", flash %lld KB (%06llx)", (long long)b->flash_bytes / 1024,
                 (unsigned long long)b->flash_id);
    cmd_tell("%s  %s%s%s, first seen %s", b->mac, b->chip, revision, flash, b->first_seen_utc);
    if (is_stand_in(b->mac))
        cmd_tell("  no MAC: in Secure Download Mode a board cannot say it. This is the name of one "
                 "run; the board's life is under the MAC of its label.");
    return true;
}

/* Whatever its flash holds. */
static bool is_lost(const struct db_run_row *r)
{
    return r->code && strcmp(r->code, err_word(ERR_BURNT_WRONG)) == 0;
}

static bool print_run(void *ctx, const struct db_run_row *r)
{
    (void)ctx;
    printf("\n");
    cmd_tell("run %lld  %s  %s  %s %s", (long long)r->run_id, r->started_utc,
             r->verdict ? r->verdict : "OPEN", r->recipe,
             r->recipe_version ? r->recipe_version : "");
    cmd_tell("  lot %s, operator %s, slot %d, port %s, station %s", or_dash(r->lot),
             or_dash(r->operator_name), r->slot, r->port, or_dash(r->host));
    if (r->rework_of != 0)
        cmd_tell("  re-work of run %lld: %s", (long long)r->rework_of, or_dash(r->rework_reason));
    else if (r->rework_elsewhere)
        cmd_tell("  re-work of a board of station %s: %s", r->rework_elsewhere,
                 or_dash(r->rework_reason));
    if (r->verdict && strcmp(r->verdict, "PASS") != 0)
        cmd_tell("  %s: %s. The board is %s.", or_dash(r->code), or_dash(r->sentence),
                 is_lost(r) ? "lost" : or_dash(r->board_state));
    return true;
}

static bool print_attempt(void *ctx, const struct db_attempt_row *a)
{
    (void)ctx;
    char burning[48] = "";
    if (a->timing.burn_ms > 0)
        snprintf(burning, sizeof burning, " (%.1f s burning)", (double)a->timing.burn_ms / 1000);
    cmd_tell("  attempt %d  %.1f s%s  %s at %lld baud, reset %s: %s%s%s%s%s", a->number,
             (double)a->duration_ms / 1000, burning, or_dash(a->loader), (long long)a->baud,
             or_dash(a->reset), a->code, a->sentence ? " in " : "", a->sentence ? a->phase : "",
             a->sentence ? ": " : "", a->sentence ? a->sentence : "");
    return true;
}

static bool print_digest(void *ctx, const struct db_digest_row *d)
{
    (void)ctx;
    const bool equal = d->read_md5 && strcmp(d->read_md5, d->expected_md5) == 0;
    cmd_tell("    0x%06llx %s, %lld bytes: MD5 %s %s", (long long)d->offset, d->file,
             (long long)d->size_bytes, d->read_md5 ? d->read_md5 : d->expected_md5,
             equal         ? "read back, as expected"
             : d->read_md5 ? "READ BACK, AND ANOTHER WAS EXPECTED"
                           : "expected, not read back");
    if (d->read_md5 && !equal)
        cmd_tell("      MD5 %s expected", d->expected_md5);
    if (d->written_sha256)
        cmd_tell("      SHA-256 %s sent", d->written_sha256);
    else if (d->skipped_bytes > 0)
        cmd_tell("      nothing sent: the flash held it already");
    return true;
}

static bool print_burn(void *ctx, const struct db_burn_row *b)
{
    (void)ctx;
    if (strcmp(b->stage, "boot") == 0) {
        cmd_tell("  burn %d  %s  %s: %s", b->number, b->made_utc, b->outcome, or_dash(b->sentence));
        return true;
    }
    cmd_tell("  burn %d  %s  %s, block %d: %s: %s%s%s%s%s", b->number, b->made_utc, b->stage,
             b->block, b->fuses, b->outcome, b->person ? ", by " : "", b->person ? b->person : "",
             b->sentence ? ": " : "", b->sentence ? b->sentence : "");
    if (b->words)
        cmd_tell("    %s asked for", b->words);
    if (b->proof)
        cmd_tell("    %s read back", b->proof);
    return true;
}

static bool print_correction(void *ctx, const struct db_correction_row *c)
{
    (void)ctx;
    cmd_tell("  %s%s by %s at %s: %s", c->verdict ? "corrected to " : "note",
             c->verdict ? c->verdict : "", c->operator_name, c->made_utc, c->reason);
    return true;
}

static bool print_unit(void *ctx, const struct db_unit_row *u)
{
    (void)ctx;
    cmd_tell("unit %s, %staken %s in run %lld%s%s%s%s", u->serial ? u->serial : "without serial",
             u->later ? "later values " : "", u->taken_utc, (long long)u->run_id,
             u->released_utc ? ", released by " : "", u->released_utc ? u->released_by : "",
             u->released_utc ? ": " : "", u->released_utc ? u->reason : "");
    return true;
}

static bool print_value(void *ctx, const struct db_unit_value_row *v)
{
    (void)ctx;
    cmd_tell("  %s %s (%s)", v->name, v->text ? v->text : "secret", v->source);
    return true;
}

/* Who looks for boards: a record, or the server of all stations. */
struct source {
    const char *db_path;
    struct fleet_choice choice;
    struct db *db;
    struct fleet_reach reach;
};

static bool open_source(struct source *s, struct err *e)
{
    if (!fleet_choice_open(&s->choice, &s->reach, e) || s->reach.fleet)
        return s->reach.fleet != NULL;
    s->db = db_open_reader(s->db_path, DB_BUSY_MS, e);
    return s->db != NULL;
}

static void close_source(struct source *s)
{
    db_close(s->db);
    fleet_reach_close(&s->reach);
}

static bool mac_of_serial(struct source *s, const char *serial, char mac[static DB_MAC_CAP],
                          struct err *e)
{
    return s->reach.fleet ? fleet_mac_of(s->reach.fleet, serial, mac, e)
                          : db_unit_mac_of(s->db, serial, mac, e);
}

/* A board is asked for by its MAC, or by the serial that it has or had. */
static bool find_mac(struct source *s, const char *which, char mac[static DB_MAC_CAP],
                     struct err *e)
{
    struct err no_mac = { 0 };
    if (db_mac_normalise(which, mac, &no_mac))
        return true;
    if (!mac_of_serial(s, which, mac, e))
        return false;
    if (mac[0] != '\0')
        return true;
    *e = no_mac;
    return err_hint(e, "It is no serial that a board has or had, either. To see all: espstation "
                       "unit list");
}

static bool tell_history(struct source *s, const char *which, const struct db_history_sink *sink,
                         struct err *e)
{
    char mac[DB_MAC_CAP];
    const struct db_unit_sink units = { NULL, print_unit, print_value };
    if (!open_source(s, e) || !find_mac(s, which, mac, e))
        return false;
    if (s->reach.fleet)
        return fleet_history(s->reach.fleet, mac, sink, e) &&
               fleet_units(s->reach.fleet, mac, &units, e);
    return db_history(s->db, mac, sink, e) && db_units(s->db, mac, &units, e);
}

static enum exit_status history(int argc, char **argv)
{
    const char *mac;
    struct source source = { .db_path = DEFAULT_DB, .reach = FLEET_REACH_NONE };
    const struct option_row rows[] = {
        OPTIONS_FLEET_WHOLE(&source.choice),
        OPTION_DB(&source.db_path),
    };
    enum exit_status status;
    struct err e = { 0 };
    size_t count;
    bool seen = false;
    const struct db_history_sink sink = { &seen,        print_board,      print_run, print_attempt,
                                          print_digest, print_correction, print_burn };
    if (!cmd_parse(&cmd_history, rows, sizeof rows / sizeof rows[0], argc, argv, &mac, 1, &count,
                   &status))
        return status;
    if (!cmd_one_argument(&cmd_history, "a MAC or a serial", count))
        return EXIT_USAGE;
    if (!tell_history(&source, mac, &sink, &e))
        cmd_print_err(&e);
    else if (!seen)
        cmd_tell("No board with MAC %s is %s%s.", mac,
                 source.reach.fleet ? "at any station" : "in ",
                 source.reach.fleet ? "" : source.db_path);
    close_source(&source);
    return e.code == ERR_NONE && !seen ? EXIT_BOARD : cmd_status_of(&e);
}

const struct cmd cmd_history = { "history", "MAC|SERIAL [options]",
                                 "Tells the whole life of one board.", history };
