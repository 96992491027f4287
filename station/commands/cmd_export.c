/* espstation export: runs of the record for other programs; docs/export.md tells the fields. */
#include "station/cli/option_rows.h"

#include "core/base/nearest.h"
#include "db/export/export.h"
#include "station/base/hold.h"
#include "station/base/outfile.h"
#include "station/fleet/fleet_folder.h"
#include "station/fleet/fleet_reach.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What was typed. */
struct request {
    const char *db_path, *format, *file, *slot, *process_code, *location, *purpose;
    struct db_filter filter;
    char verdict[16];
    bool spreadsheet;
    struct fleet_choice fleet;
};

/* What it means. */
struct order {
    enum db_format format;
    struct db_filter filter;
    struct db_wats wats;
    const char *file; /* NULL: standard output */
    bool file_per_run, spreadsheet;
};

/* ---- Understanding the options ---- */

#define EXPORT(name, word) " " #word
static const char format_help[] = "default csv; there are"
#include "db/export/export_list.h"
    ;
#undef EXPORT

static void list_formats(char *text, size_t cap)
{
    const struct db_format_info *info;
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; (info = db_format_info(i)) != NULL && used < cap; i++)
        used += (size_t)snprintf(text + used, cap - used, "%s%s", i == 0 ? "" : ", ", info->name);
}

static bool unknown_format(const char *given, struct err *e)
{
    char names[120];
    struct nearest near;
    const struct db_format_info *info;
    nearest_init(&near, given);
    for (size_t i = 0; (info = db_format_info(i)) != NULL; i++)
        nearest_offer(&near, info->name, info->name);
    list_formats(names, sizeof names);
    err_set(e, ERR_USAGE, "The format '%.40s' is not known", given);
    if (near.best)
        return err_hint(e, "Did you mean '%s'? There are %s.", near.best, names);
    return err_hint(e, "There are %s.", names);
}

static bool find_format(const char *name, enum db_format *format, struct err *e)
{
    const struct db_format_info *info;
    for (size_t i = 0; (info = db_format_info(i)) != NULL; i++) {
        if (strcmp(info->name, name) == 0) {
            *format = (enum db_format)i;
            return true;
        }
    }
    return unknown_format(name, e);
}

static bool parse_number(const char *option, const char *text, int least, int *number,
                         struct err *e)
{
    char *end;
    if (!text)
        return true;
    errno = 0;
    const long v = strtol(text, &end, 10);
    if (end == text || *end != '\0' || errno != 0 || v < least || v > 1000000)
        return err_set(e, ERR_USAGE, "%s '%.40s' is no number from %d on", option, text, least);
    *number = (int)v;
    return true;
}

static bool upper_verdict(struct request *r, struct err *e)
{
    const char *given = r->filter.verdict;
    if (!given)
        return true;
    if (strlen(given) >= sizeof r->verdict)
        return err_set(e, ERR_USAGE, "'%.40s' is no verdict", given);
    for (size_t i = 0; i <= strlen(given); i++)
        r->verdict[i] = (char)(given[i] >= 'a' && given[i] <= 'z' ? given[i] - 32 : given[i]);
    r->filter.verdict = r->verdict;
    return true;
}

static bool check_wats(const struct request *r, const struct order *o, struct err *e)
{
    const char *given = r->process_code ? "--process-code"
                        : r->location   ? "--location"
                        : r->purpose    ? "--purpose"
                                        : NULL;
    if (!given || o->format == DB_WSJF)
        return true;
    return err_set(e, ERR_USAGE, "%s is for --format wsjf alone", given);
}

static bool check_spreadsheet(const struct request *r, struct order *o, struct err *e)
{
    o->spreadsheet = r->spreadsheet;
    return !r->spreadsheet || o->format == DB_CSV ||
           err_set(e, ERR_USAGE, "--spreadsheet is for --format csv alone");
}

/* A name with {run} in it means a file for each run. */
static bool check_file(struct order *o, struct err *e)
{
    if (!o->file)
        return true;
    o->file_per_run = strstr(o->file, "{run}") != NULL;
    if (!o->file_per_run && (strstr(o->file, "{mac}") || strstr(o->file, "{slot}"))) {
        err_set(e, ERR_USAGE, "Several runs could get the same file name from '%.100s'", o->file);
        return err_hint(e, "Put {run} into the name as well, as in -o '{mac}-{run}.json'.");
    }
    if (!o->file_per_run || db_format_info(o->format)->document_per_run)
        return true;
    err_set(e, ERR_USAGE, "%s has all runs in one file, and '%.100s' asks for a file for each",
            db_format_info(o->format)->name, o->file);
    return err_hint(e, "Leave {run} out of the name, or take --format jsonl.");
}

static bool understand(struct request *r, struct order *o, struct err *e)
{
    if (!find_format(r->format, &o->format, e) ||
        !parse_number("--slot", r->slot, 1, &r->filter.slot, e) || !upper_verdict(r, e) ||
        !parse_number("--process-code", r->process_code, 0, &o->wats.process_code, e) ||
        !check_wats(r, o, e) || !check_spreadsheet(r, o, e))
        return false;
    if (r->location)
        o->wats.location = r->location;
    if (r->purpose)
        o->wats.purpose = r->purpose;
    o->filter = r->filter;
    o->file = r->file;
    return check_file(o, e);
}

/* ---- To standard output ---- */

/* What became of the bytes; `e` tells why they were refused. */
struct receiver {
    const struct order *order;
    struct outfile file;
    bool reader_left; /* standard output is a pipe, and nobody reads it any more */
    struct err e;
};

static bool fail_stdout(struct receiver *r, int sys)
{
    r->reader_left = sys == EPIPE;
    err_set_sys(&r->e, ERR_STATION, sys, "Standard output cannot be written");
    return err_hint(&r->e, "What was written so far is not whole: throw it away. With -o FILE "
                           "there is never half a file.");
}

static bool to_stdout(void *ctx, const char *bytes, size_t n)
{
    struct receiver *r = ctx;
    /* Signals wait only where there is a folder to be removed. */
    if (hold_has_any())
        return err_set(&r->e, ERR_STOPPED, "The export was stopped, and is not whole");
    return outfile_write_all(STDOUT_FILENO, bytes, n) || fail_stdout(r, errno);
}

/* A file may find only here that its disk is full. */
static bool finish_stdout(struct receiver *r)
{
    struct stat st;
    if (fstat(STDOUT_FILENO, &st) != 0 || !S_ISREG(st.st_mode) || fsync(STDOUT_FILENO) == 0)
        return true;
    return fail_stdout(r, errno);
}

/* ---- To files ---- */

static bool to_file(void *ctx, const char *bytes, size_t n)
{
    struct receiver *r = ctx;
    if (hold_has_any()) {
        err_set(&r->e, ERR_STOPPED, "The export was stopped; '%.100s' was not written",
                r->file.path);
        return err_hint(&r->e, "Export again; a file of that name from before is as it was.");
    }
    return outfile_write(&r->file, bytes, n, &r->e);
}

/* The bytes of a MAC without their colons, as `espstation read` names its files. */
static size_t put_mac(const char *mac, char *to, size_t cap)
{
    size_t n = 0;
    for (const char *p = mac ? mac : "unidentified"; *p && n + 1 < cap; p++) {
        if (*p != ':')
            to[n++] = *p;
    }
    to[n] = '\0';
    return n;
}

static bool make_path(const char *name, const struct db_document *d, char path[static 4096],
                      struct err *e)
{
    size_t n = 0;
    while (*name && n < 4000) {
        if (strncmp(name, "{run}", 5) == 0) {
            n += (size_t)snprintf(path + n, 4096 - n, "%" PRId64, d->run_id);
            name += 5;
        } else if (strncmp(name, "{slot}", 6) == 0) {
            n += (size_t)snprintf(path + n, 4096 - n, "%d", d->slot);
            name += 6;
        } else if (strncmp(name, "{mac}", 5) == 0) {
            n += put_mac(d->mac, path + n, 4096 - n);
            name += 5;
        } else {
            path[n++] = *name++;
        }
    }
    path[n] = '\0';
    return *name == '\0' || err_set(e, ERR_USAGE, "The file name behind -o is too long");
}

static bool keep_file(struct receiver *r)
{
    return r->file.fd < 0 || outfile_keep(&r->file, &r->e);
}

static bool next_file(void *ctx, const struct db_document *document)
{
    struct receiver *r = ctx;
    char path[4096];
    return keep_file(r) && make_path(r->order->file, document, path, &r->e) &&
           outfile_open(&r->file, path, &r->e);
}

static struct db_sink make_sink(struct receiver *r)
{
    const struct order *o = r->order;
    return (struct db_sink){ .ctx = r,
                             .emit = o->file ? to_file : to_stdout,
                             .document = o->file_per_run ? next_file : NULL,
                             .wats = &o->wats,
                             .spreadsheet = o->spreadsheet };
}

/* ---- The export ---- */

static bool write_export(struct db *db, struct receiver *r, int64_t *runs, struct err *e)
{
    const struct order *o = r->order;
    const struct db_sink sink = make_sink(r);
    bool ok = (!o->file || o->file_per_run || outfile_open(&r->file, o->file, &r->e)) &&
              db_export(db, o->format, &o->filter, &sink, runs, e) &&
              (o->file ? keep_file(r) : finish_stdout(r));
    outfile_drop(&r->file);
    /* The receiver knows best why it took no more. */
    if (!ok && r->e.code != ERR_NONE)
        *e = r->e;
    return ok || r->reader_left;
}

static void say_done(const struct order *o, int64_t runs)
{
    if (runs == 0)
        fprintf(stderr, "espstation: no run of the record meets these conditions.\n");
    else if (o->file)
        printf("%" PRId64 " run%s written to %s\n", runs, runs == 1 ? "" : "s", o->file);
}

/* While a file is written signals wait, so that none of it is left. */
static bool export_held(struct db *db, struct receiver *r, struct err *e)
{
    sigset_t before;
    int64_t runs = -1;
    if (r->order->file)
        hold_signals(&before);
    const bool ok = write_export(db, r, &runs, e);
    if (r->order->file)
        hold_end(&before);
    if (ok && runs >= 0)
        say_done(r->order, runs);
    return ok;
}

/* The record, or what the fleet's server has of these runs. */
static struct db *open_source(const struct request *r, const struct order *o,
                              struct fleet_reach *reach, struct fleet_folder *folder, struct err *e)
{
    if (!fleet_choice_open(&r->fleet, reach, e))
        return NULL;
    return reach->fleet
               ? fleet_folder_gather(folder, reach->fleet, r->fleet.station_name, &o->filter, e)
               : db_open_reader(r->db_path, DB_BUSY_MS, e);
}

static enum exit_status do_export(struct request *request)
{
    struct order order = { .wats = DB_WATS_USUAL };
    struct receiver receiver = { .order = &order, .file = OUTFILE_CLOSED };
    struct fleet_reach reach = FLEET_REACH_NONE;
    struct fleet_folder folder = { .folder = "" };
    struct err e = { 0 };
    struct db *db = NULL;
    const bool ok = understand(request, &order, &e) &&
                    (db = open_source(request, &order, &reach, &folder, &e)) != NULL &&
                    export_held(db, &receiver, &e);
    if (!ok)
        cmd_print_err(&e);
    db_close(db);
    fleet_folder_remove(&folder);
    fleet_reach_close(&reach);
    return ok ? EXIT_PASSED : cmd_status_of(&e);
}

static enum exit_status export(int argc, char **argv)
{
    struct request r = { .db_path = DEFAULT_DB, .format = "csv" };
    const struct option_row rows[] = {
        OPTION_DB(&r.db_path),
        OPTIONS_FLEET(&r.fleet),
        { "--format", "NAME", format_help, NULL,
          &r.format, NULL },
        { "--spreadsheet", NULL, "csv: with the mark by which spreadsheets know UTF-8",
          &r.spreadsheet, NULL, NULL },
        { "-o", "FILE", "there whole or not at all; with {run}, {mac}, {slot}: a file for each run",
          NULL, &r.file, NULL },
        { "--lot", "NAME", "only this lot", NULL, &r.filter.lot, NULL },
        { "--mac", "MAC", "only this board", NULL, &r.filter.mac, NULL },
        { "--verdict", "WORD", "only pass, fail, stopped, interrupted or open runs", NULL,
          &r.filter.verdict, NULL },
        { "--since", "UTC", "only runs started then or later: 2026-03-04T05:06", NULL,
          &r.filter.since, NULL },
        { "--until", "UTC", "only runs started then or earlier", NULL, &r.filter.until, NULL },
        { "--recipe", "NAME", "only this recipe, by name or SHA-256", NULL, &r.filter.recipe,
          NULL },
        { "--chip", "NAME", "only this chip, of the recipe or of the board", NULL, &r.filter.chip,
          NULL },
        { "--slot", "N", "only this slot", NULL, &r.slot, NULL },
        { "--process-code", "N", "wsjf: code of the process in your WATS; default 10", NULL,
          &r.process_code, NULL },
        { "--location", "TEXT", "wsjf: where the station stands", NULL, &r.location, NULL },
        { "--purpose", "TEXT", "wsjf: what for; default Production", NULL, &r.purpose, NULL },
    };
    enum exit_status status;
    size_t count;
    if (!cmd_parse(&cmd_export, rows, sizeof rows / sizeof rows[0], argc, argv, NULL, 0, &count,
                   &status))
        return status;
    return do_export(&r);
}

const struct cmd cmd_export = { "export", "[options]", "Writes runs for other programs.", export };
