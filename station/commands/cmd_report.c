/* espstation report: one lot as a page to read, to print and to hand on. */
#include "station/cli/option_rows.h"

#include "core/base/clock.h"
#include "station/base/hold.h"
#include "station/base/outfile.h"
#include "station/fleet/fleet_folder.h"
#include "station/fleet/fleet_reach.h"
#include "station/report/report.h"
#include "station/report/report_pdf.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_CAP = 4096 };

struct request {
    const char *lot, *db_path, *file;
    bool pdf;
    struct fleet_choice fleet;
    char html_path[PATH_CAP], pdf_path[PATH_CAP + 8];
};

/* ---- Names of files ---- */

/* Letters of other alphabets are names of files like others. */
static bool is_plain_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.' || (unsigned char)c >= 0x80;
}

/* FNV-1a, http://www.isthe.com/chongo/tech/comp/fnv */
static uint64_t hash_of(const char *text)
{
    uint64_t hash = UINT64_C(0xCBF29CE484222325);
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001B3);
    return hash;
}

/* "lot-2026-11.html"; what could lead elsewhere or trouble a shell becomes %2F as in a URL, so that
 * names which differ stay different. A name too long for a file ends with its hash. */
static void default_name(const char *lot, char path[static PATH_CAP])
{
    enum { LONGEST = 200 };
    const char *p = lot;
    size_t n = (size_t)snprintf(path, PATH_CAP, "lot-");
    for (; *p && n < LONGEST; p++)
        n += (size_t)snprintf(path + n, PATH_CAP - n, is_plain_letter(*p) ? "%c" : "%%%02X",
                              (unsigned char)*p);
    if (*p)
        n += (size_t)snprintf(path + n, PATH_CAP - n, "%%%016" PRIx64, hash_of(lot));
    snprintf(path + n, PATH_CAP - n, ".html");
}

static bool ends_with(const char *text, const char *end)
{
    const size_t n = strlen(text), m = strlen(end);
    return n > m && strcmp(text + n - m, end) == 0;
}

static bool set_paths(struct request *r, struct err *e)
{
    if (r->file && ends_with(r->file, ".pdf")) {
        err_set(e, ERR_USAGE, "-o names the page, and '%.100s' is a name for a PDF", r->file);
        return err_hint(e, "Give -o FILE.html, and --pdf for a PDF beside it.");
    }
    if (!r->file)
        default_name(r->lot, r->html_path);
    else if ((size_t)snprintf(r->html_path, PATH_CAP, "%s", r->file) >= PATH_CAP)
        return err_set(e, ERR_USAGE, "The file name behind -o is too long");
    const size_t n = strlen(r->html_path);
    const size_t stem = ends_with(r->html_path, ".html") ? n - 5 : n;
    snprintf(r->pdf_path, sizeof r->pdf_path, "%.*s.pdf", (int)stem, r->html_path);
    return true;
}

/* ---- The page ---- */

struct receiver {
    struct outfile file;
    struct err e; /* why it took no more */
};

static bool to_file(void *ctx, const char *bytes, size_t n)
{
    struct receiver *r = ctx;
    if (hold_has_any())
        return err_set(&r->e, ERR_STOPPED, "The report was stopped; '%.100s' was not written",
                       r->file.path);
    return outfile_write(&r->file, bytes, n, &r->e);
}

static bool write_html(const struct report_source *from, const struct request *r, struct err *e)
{
    struct receiver to = { .file = OUTFILE_CLOSED };
    struct html *h = calloc(1, sizeof *h);
    if (!h)
        return err_set(e, ERR_STATION, "No memory left for the report");
    h->out.ctx = &to;
    h->out.emit = to_file;
    const int64_t now_ms = clock_system.utc_ms(&clock_system);
    const bool ok = outfile_open(&to.file, r->html_path, e) &&
                    report_write(from, r->lot, now_ms, h, e) && outfile_keep(&to.file, e);
    outfile_drop(&to.file);
    if (!ok && to.e.code != ERR_NONE)
        *e = to.e;
    free(h);
    return ok;
}

struct fleet_lot {
    struct report_end *ends;
    size_t count;
};

static bool take_end(void *ctx, const char *station, const char *closed_utc, const char *closed_by)
{
    struct fleet_lot *const l = ctx;
    struct report_end *const ends = realloc(l->ends, (l->count + 1) * sizeof *ends);
    if (!ends)
        return false;
    l->ends = ends;
    struct report_end *const end = &ends[l->count++];
    snprintf(end->station, sizeof end->station, "%s", station);
    snprintf(end->closed_utc, sizeof end->closed_utc, "%s", closed_utc ? closed_utc : "");
    snprintf(end->closed_by, sizeof end->closed_by, "%s", closed_by ? closed_by : "");
    return true;
}

/* A page about what the server has of the lot. */
static bool write_fleet_html(struct fleet_reach *reach, const struct request *r, struct err *e)
{
    struct fleet_folder folder = { .folder = "" };
    struct fleet_lot lot = { .ends = NULL };
    const struct fleet_lot_sink sink = { &lot, take_end };
    const struct db_filter filter = { .lot = r->lot };
    const char *const station = r->fleet.station_name;
    struct db *const db = fleet_folder_gather(&folder, reach->fleet, station, &filter, e);
    bool ok = db && fleet_lot_ends(reach->fleet, station, r->lot, &sink, e);
    if (ok) {
        const struct report_source from = {
            .db = db, .ends = lot.ends, .end_count = lot.count, .fleet = true
        };
        ok = write_html(&from, r, e);
    }
    free(lot.ends);
    db_close(db);
    fleet_folder_remove(&folder);
    return ok;
}

static bool write_page(const struct request *r, struct err *e)
{
    struct fleet_reach reach = FLEET_REACH_NONE;
    bool ok = fleet_choice_open(&r->fleet, &reach, e);
    if (ok && reach.fleet) {
        ok = write_fleet_html(&reach, r, e);
    } else if (ok) {
        struct report_source from = { .db = db_open_reader(r->db_path, DB_BUSY_MS, e) };
        ok = from.db && write_html(&from, r, e);
        db_close(from.db);
    }
    fleet_reach_close(&reach);
    return ok;
}

static bool write_all(const struct request *r, struct err *e)
{
    if (!write_page(r, e))
        return false;
    cmd_tell("The report of lot %s is in %s", r->lot, r->html_path);
    if (!r->pdf)
        return true;
    if (!report_pdf(r->html_path, r->pdf_path, e))
        return false;
    cmd_tell("Printed to %s", r->pdf_path);
    return true;
}

/* Signals wait meanwhile, so that no half file is left. */
static bool write_held(const struct request *r, struct err *e)
{
    sigset_t before;
    hold_signals(&before);
    const bool ok = write_all(r, e);
    hold_end(&before);
    return ok;
}

static bool check_lot(const struct request *r, struct err *e)
{
    if (r->lot && r->lot[0])
        return true;
    err_set(e, ERR_USAGE, "A report is about one lot, and none was given");
    return err_hint(e, "espstation report --lot NAME. To see all lots: espstation lot list");
}

static enum exit_status report(int argc, char **argv)
{
    static struct request r;
    r = (struct request){ .db_path = DEFAULT_DB };
    const struct option_row rows[] = {
        { "--lot", "NAME", "the lot", NULL, &r.lot, NULL },
        { "-o", "FILE", "the page; default lot-NAME.html; there whole or not at all", NULL, &r.file,
          NULL },
        { "--pdf", NULL, "also as PDF beside it, printed by the Chromium that is installed", &r.pdf,
          NULL, NULL },
        OPTIONS_FLEET(&r.fleet),
        OPTION_DB(&r.db_path),
    };
    enum exit_status status;
    struct err e = { 0 };
    size_t count;
    if (!cmd_parse(&cmd_report, rows, sizeof rows / sizeof rows[0], argc, argv, NULL, 0, &count,
                   &status))
        return status;
    if (!check_lot(&r, &e) || !set_paths(&r, &e) || (r.pdf && !report_pdf_possible(&e)) ||
        !write_held(&r, &e))
        cmd_print_err(&e);
    return cmd_status_of(&e);
}

const struct cmd cmd_report = { "report", "--lot NAME [options]",
                                "Writes a lot's report as one HTML file.", report };
