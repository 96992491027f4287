/* espstation label: labels looked at, printed, and what waits. */
#include "station/cli/actions.h"
#include "station/cli/option_rows.h"

#include "core/base/clock.h"
#include "core/loader/efuse.h"
#include "db/write/label_rows.h"
#include "recipes/label/label_board.h"
#include "station/base/json.h"
#include "station/base/outfile.h"
#include "station/cli/print_mistakes.h"
#include "station/cli/station_find.h"
#include "station/label/label_finish.h"
#include "station/label/label_preview.h"
#include "station/line/label_units.h"
#include "station/line/record.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define EXAMPLE_LOT      "2026-11"
#define EXAMPLE_OPERATOR "Eve"
#define NAME_BYTES       (LABEL_NAME_MAX_BYTES + 1)

struct label_options {
    const char *argument; /* a recipe, or the number of a run or a label; NULL: none */
    const char *out_path, *lot, *operator_name, *reason, *db_path, *station_path;
    struct option_list values;
    bool all, json;
};

/* ---- A label by itself ---- */

struct drawing {
    struct recipe *recipe;
    struct label_template *label;
    struct label_room room;
    struct label_units units;
    char names[LABEL_VALUES_MAX][NAME_BYTES]; /* behind --value */
    size_t name_count;
};

static bool load_recipe(const char *path, struct recipe **recipe, struct err *e)
{
    struct doc_report *const report = malloc(sizeof *report);
    if (!report)
        return err_set(e, ERR_STATION, "Out of memory");
    const bool ok = recipe_load(path, recipe, report, e);
    print_mistakes(path, report);
    free(report);
    if (!ok || (*recipe)->label.file)
        return ok;
    err_set(e, ERR_RECIPE, "%.150s has no label", path);
    return err_hint(e, "Name its template in the recipe: label: { file: label.zpl }");
}

static bool load_label(const struct recipe *r, struct label_template **label, struct err *e)
{
    struct doc_report *const report = malloc(sizeof *report);
    if (!report)
        return err_set(e, ERR_STATION, "Out of memory");
    const bool ok = label_template_load(r->label.path, label, report, e);
    if (report->total > 1) /* of one alone the error says it all */
        print_mistakes(r->label.path, report);
    free(report);
    return ok;
}

static bool is_known(const struct recipe *r, const char *name)
{
    if (unit_value_find(&r->unit, name, strlen(name)) != UNIT_NO_VALUE)
        return true;
    for (size_t i = 0; label_board_names[i]; i++) {
        if (strcmp(label_board_names[i], name) == 0)
            return true;
    }
    return false;
}

static bool take_value(struct drawing *d, const char *text, struct err *e)
{
    char *const name = d->names[d->name_count];
    const size_t n = strcspn(text, "=");
    if (n < NAME_BYTES && text[n] == '=' && d->name_count < LABEL_VALUES_MAX) {
        snprintf(name, NAME_BYTES, "%.*s", (int)n, text);
        d->name_count++;
        if (is_known(d->recipe, name) && label_room_set(&d->room, name, text + n + 1))
            return true;
    }
    err_set(e, ERR_USAGE, "--value takes NAME=TEXT with the name of a value, got '%.60s'", text);
    return err_hint(e, "As in --value version=2.3.0; there is mac, mac_digits, chip, recipe, "
                       "version, lot, date, run, slot, operator.");
}

/* Values of a board that might come; or the longest there can be. */
static bool fill(struct drawing *d, const struct label_options *o, bool longest, struct err *e)
{
    const struct recipe *const r = d->recipe;
    struct label_board board = { .mac = "24:0a:c4:00:00:01",
                                 .chip = r->chip->name,
                                 .recipe = r->name,
                                 .version = r->version,
                                 .lot = o->lot ? o->lot : EXAMPLE_LOT,
                                 .operator_name =
                                     o->operator_name ? o->operator_name : EXAMPLE_OPERATOR,
                                 .run_id = 1,
                                 .slot = 1,
                                 .utc_ms = clock_system.utc_ms(&clock_system) };
    if (longest)
        label_board_longest(&board, r->chip->efuse && r->chip->efuse->eui64 ? 8 : 6);
    label_room_of(&d->room, &board);
    if (!label_units_longest(r, d->label, &d->units, &d->room, e))
        return false;
    for (size_t i = 0; i < o->values.count; i++) {
        if (!take_value(d, o->values.values[i], e))
            return false;
    }
    return true;
}

static bool draw_up(struct drawing *d, const struct label_options *o, bool longest, struct err *e)
{
    return load_recipe(o->argument, &d->recipe, e) && load_label(d->recipe, &d->label, e) &&
           fill(d, o, longest, e);
}

static void put_away(struct drawing *d)
{
    label_template_free(d->label);
    recipe_free(d->recipe);
}

/* ---- check, preview ---- */

static const char *kind_word(enum label_kind kind)
{
    static const char *const words[] = { [LABEL_TEXT] = "text",
                                         [LABEL_CODE128] = "Code 128",
                                         [LABEL_QR] = "QR code",
                                         [LABEL_DATAMATRIX] = "DataMatrix",
                                         [LABEL_BOX] = "box" };
    return words[kind];
}

static bool print_field(const struct drawing *d, size_t i, struct err *e)
{
    const struct label_field *const f = label_template_field(d->label, i);
    const struct label_values values = label_room_values(&d->room);
    const unsigned per_mm = label_dots_per_mm(d->recipe->label.dpi);
    char data[LABEL_DATA_MAX_BYTES];
    struct label_extent x;
    if (!label_data(d->label, i, &values, data, e) || !label_extent(f, data, &x, e))
        return false;
    cmd_tell("  %-10s  %3u,%-3u to %3u,%-3u  %5.1f x %.1f mm  %s", kind_word(f->kind), x.left,
             x.top, x.right, x.bottom, (double)(x.right - x.left) / per_mm,
             (double)(x.bottom - x.top) / per_mm, data);
    return true;
}

static bool print_check(const struct drawing *d, struct err *e)
{
    const struct label_values values = label_room_values(&d->room);
    const unsigned per_mm = label_dots_per_mm(d->recipe->label.dpi);
    const unsigned width = label_template_width(d->label), height = label_template_height(d->label);
    if (!label_fits(d->label, &values, e))
        return false;
    cmd_tell("%s: %.1f x %.1f mm, %u x %u dots at %u dpi. With the longest values:",
             d->recipe->label.file, (double)width / per_mm, (double)height / per_mm, width, height,
             label_dpi_number(d->recipe->label.dpi));
    for (size_t i = 0; i < label_template_fields(d->label); i++) {
        if (!print_field(d, i, e))
            return false;
    }
    printf("Everything fits.\n");
    return true;
}

static bool label_check(const struct label_options *o, struct err *e)
{
    struct drawing d = { .recipe = NULL };
    const bool ok = draw_up(&d, o, true, e) && print_check(&d, e);
    if (ok && label_template_asks(d.label, "lot") && !o->lot)
        printf("The lot was taken to be '%s'; to try another: --lot NAME\n", EXAMPLE_LOT);
    put_away(&d);
    return ok;
}

static bool write_zpl(const struct drawing *d, const char *path, struct err *e)
{
    const struct label_values values = label_room_values(&d->room);
    struct outfile file = OUTFILE_CLOSED;
    char *const zpl = label_make(d->label, &values, e);
    bool ok = zpl && outfile_open(&file, path, e);
    ok = ok && outfile_write(&file, zpl, strlen(zpl), e) && outfile_keep(&file, e);
    if (!ok)
        outfile_drop(&file);
    free(zpl);
    return ok;
}

static bool ends_with(const char *path, const char *end)
{
    const size_t n = strlen(path), m = strlen(end);
    return n > m && strcasecmp(path + n - m, end) == 0;
}

/* A name that says another kind of file than is made would be believed. */
static bool is_made(const char *path, struct err *e)
{
    static const char *const others[] = { ".pdf",  ".svg",  ".eps", ".ps",   ".jpg",
                                          ".jpeg", ".gif",  ".bmp", ".tiff", ".tif",
                                          ".webp", ".html", ".epl" };
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        if (!ends_with(path, others[i]))
            continue;
        err_set(e, ERR_USAGE, "'%.100s' is called like a %s file, and the picture is a PNG", path,
                others[i] + 1);
        return err_hint(e, "Give -o label.png, or -o label.zpl for the ZPL that is sent.");
    }
    return true;
}

/* A label that does not fit is drawn all the same, and the status tells. */
static bool draw_or_write(const struct drawing *d, const char *path, struct err *e)
{
    const struct label_values values = label_room_values(&d->room);
    if (ends_with(path, ".zpl"))
        return write_zpl(d, path, e);
    return label_preview(d->label, &values, path, e) && label_fits(d->label, &values, e);
}

static bool label_show(const struct label_options *o, struct err *e)
{
    struct drawing d = { .recipe = NULL };
    if (!o->out_path) {
        err_set(e, ERR_USAGE, "The file for the picture is missing");
        return err_hint(e, "Give -o label.png, or -o label.zpl for the ZPL that is sent.");
    }
    const bool ok =
        is_made(o->out_path, e) && draw_up(&d, o, false, e) &&
        outfile_spares(o->out_path, (const char *const[]){ o->argument, d.recipe->label.path }, 2,
                       e) &&
        draw_or_write(&d, o->out_path, e);
    put_away(&d);
    return ok;
}

/* ---- print ---- */

static bool parse_number(const char *text, const char *what, int64_t *number, struct err *e)
{
    char *end;
    const long long n = strtoll(text, &end, 10);
    if (end != text && *end == '\0' && n >= 1) {
        *number = n;
        return true;
    }
    err_set(e, ERR_USAGE, "'%.40s' is no number of a %s", text, what);
    return err_hint(e, "To see labels and their runs: espstation label queue --all");
}

static bool load_station(const struct label_options *o, struct station **station, struct err *e)
{
    if (!station_find_load(o->station_path, station, e))
        return false;
    if (*station && (*station)->printer.to)
        return true;
    err_set(e, ERR_USAGE, "No printer is named in the station file");
    return err_hint(e, "Write one into it: printer: { to: tcp://10.0.0.9 }; see: espstation "
                       "station --help");
}

/* One label more, wanted by a person. */
static bool order_again(const struct label_options *o, struct db *db, const char *to, struct err *e)
{
    struct db_label_again again = { .printer = to,
                                    .operator_name = o->operator_name,
                                    .reason = o->reason,
                                    .utc_ms = clock_system.utc_ms(&clock_system) };
    int number;
    if (!parse_number(o->argument, "run", &again.run_id, e) ||
        db_label_again(db, &again, &number, e) == 0)
        return false;
    printf("Label %d of run %" PRId64 " is ordered.\n", number, again.run_id);
    return true;
}

/* The queue is worked through by this process as by a station. */
static bool print_waiting(const struct label_options *o, struct record *record,
                          const struct station_printer *printer, bool *all, struct err *e)
{
    const struct label_desk_setup setup = { .db = record_db(record),
                                            .printer = printer,
                                            .clock = &clock_system };
    struct label_desk *const desk = label_desk_new(&setup, e);
    if (!desk)
        return false;
    label_tell_unsure(label_desk_unsure(desk), o->db_path);
    *all = label_finish(desk, o->db_path);
    label_desk_free(desk);
    if (*all)
        printf("All labels for %s are printed.\n", printer->to);
    return true;
}

static bool is_there(const char *path, struct err *e)
{
    struct db *const db = db_open_existing(path, DB_BUSY_MS, e);
    db_close(db);
    return db != NULL;
}

static bool label_print(const struct label_options *o, struct err *e)
{
    struct station *station = NULL;
    struct record *record = NULL;
    int interrupted;
    bool all = false;
    bool ok = load_station(o, &station, e) && is_there(o->db_path, e) &&
              (record = record_new(o->db_path, &clock_system, &interrupted, e)) != NULL;
    if (ok && o->argument)
        ok = order_again(o, record_db(record), station->printer.to, e);
    ok = ok && print_waiting(o, record, &station->printer, &all, e);
    record_free(record);
    station_free(station);
    if (ok && !all) {
        err_set(e, ERR_STATION, "Labels still wait");
        err_hint(e, "To see them: espstation label queue --db %.150s", o->db_path);
    }
    return ok && all;
}

/* ---- queue, drop ---- */

static bool row_as_json(void *ctx, const struct db_label_row *l)
{
    struct json_object o;
    (void)ctx;
    json_begin(&o, stdout);
    json_integer(&o, "label", l->id);
    json_integer(&o, "run", l->run_id);
    json_integer(&o, "number", l->number);
    json_text(&o, "mac", l->mac);
    json_text(&o, "lot", l->lot);
    json_text(&o, "printer", l->printer);
    json_text(&o, "operator", l->operator_name);
    json_text(&o, "reason", l->reason);
    json_text(&o, "ordered_utc", l->ordered_utc);
    json_text(&o, "begun_utc", l->begun_utc);
    json_text(&o, "ended_utc", l->ended_utc);
    json_text(&o, "outcome", l->outcome);
    json_text(&o, "sentence", l->sentence);
    json_end(&o);
    return true;
}

static const char *state_of(const struct db_label_row *l)
{
    return l->outcome ? l->outcome : l->begun_utc ? "on its way" : "waits";
}

static bool row_as_line(void *ctx, const struct db_label_row *l)
{
    bool *const any = ctx;
    *any = true;
    cmd_tell("label %-5" PRId64 " run %-6" PRId64 " %s  %-10s %s%s%s%s%s", l->id, l->run_id,
             l->mac ? l->mac : "-", state_of(l), l->ended_utc ? l->ended_utc : l->ordered_utc,
             l->operator_name ? "  for " : "", l->operator_name ? l->operator_name : "",
             l->reason ? ": " : "", l->reason ? l->reason : "");
    if (l->sentence)
        cmd_tell("            %s", l->sentence);
    return true;
}

static bool label_queue(const struct label_options *o, struct err *e)
{
    bool any = false;
    int64_t run_id = 0;
    const struct db_label_sink sink = { &any, o->json ? row_as_json : row_as_line };
    if (o->argument && !parse_number(o->argument, "run", &run_id, e))
        return false;
    struct db *const db = db_open_reader(o->db_path, DB_BUSY_MS, e);
    const bool ok = db && db_labels(db, run_id, o->all || run_id > 0, &sink, e);
    db_close(db);
    if (ok && !any && !o->json)
        printf("No label waits, and none is unsure.\n");
    return ok;
}

static bool label_drop(const struct label_options *o, struct err *e)
{
    int64_t id;
    if (!parse_number(o->argument, "label", &id, e))
        return false;
    struct db *const db = db_open_existing(o->db_path, DB_BUSY_MS, e);
    const bool ok = db && db_label_drop(db, id, o->operator_name, o->reason,
                                        clock_system.utc_ms(&clock_system), e);
    db_close(db);
    if (ok)
        printf("Label %" PRId64 " is not printed any more.\n", id);
    return ok;
}

/* ---- The command ---- */

static const struct action {
    struct action_word word;
    bool (*run)(const struct label_options *o, struct err *e);
} actions[] = {
    { { "check", 1, "a recipe" }, label_check },
    { { "preview", 1, "a recipe" }, label_show },
    { { "print", 1, NULL }, label_print },
    { { "queue", 1, NULL }, label_queue },
    { { "drop", 1, "the number of a label" }, label_drop },
};

static enum exit_status label(int argc, char **argv)
{
    struct label_options o = { .db_path = DEFAULT_DB };
    const struct option_row rows[] = {
        { "-o", "FILE", "preview: the picture (.png), or what is sent (.zpl)", NULL, &o.out_path,
          NULL },
        { "--lot", "NAME", "check, preview: the lot to show", NULL, &o.lot, NULL },
        { "--value", "NAME=TEXT", "check, preview: another value to show; repeat it", NULL, NULL,
          &o.values },
        { "--operator", "NAME", "print RUN, drop: who wants it, for the record", NULL,
          &o.operator_name, NULL },
        { "--reason", "TEXT", "print RUN, drop: why, for the record", NULL, &o.reason, NULL },
        { "--all", NULL, "queue: also labels that are printed", &o.all, NULL, NULL },
        { "--json", NULL, "queue: one JSON object per line", &o.json, NULL, NULL },
        OPTION_STATION(&o.station_path),
        OPTION_DB(&o.db_path),
    };
    enum exit_status status;
    struct err e = { 0 };
    const char *args[2];
    size_t count;
    if (!cmd_parse(&cmd_label, rows, sizeof rows / sizeof rows[0], argc, argv, args, 2, &count,
                   &status))
        return status;
    const struct action *const action = ACTION_OF("label", actions, args, count, &e);
    o.argument = count > 1 ? args[1] : NULL;
    if ((!action || !action->run(&o, &e)) && e.code != ERR_NONE)
        cmd_print_err(&e);
    return cmd_status_of(&e);
}

const struct cmd cmd_label = { "label", "check|preview|print|queue|drop",
                               "Looks at labels, prints those that wait, or one again.", label };
