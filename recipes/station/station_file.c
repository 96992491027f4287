/*
 * A station file from a file or from memory, and its end.
 */
#include "recipes/station/station_file_priv.h"

#include <stdlib.h>
#include <string.h>

static bool fill(struct station *station, const char *text, size_t n, const char *base_dir,
                 struct doc_report *report)
{
    struct values values = { .kind = &station_kind,
                             .document = station,
                             .at = station->at,
                             .report = report,
                             .base_dir = base_dir };
    value_presets(&values, STATION_KEY_ROOT, station);
    walk_document(&values, text, n);
    if (!values.broken && !values.out_of_memory)
        station_check(&values);
    return !values.out_of_memory;
}

bool station_parse(const char *name, const char *text, size_t n, const char *base_dir,
                   struct station **out, struct doc_report *report, struct err *e)
{
    *out = NULL;
    doc_report_init(report);
    if (n > DOC_TEXT_MAX_BYTES)
        return source_too_large(&station_kind, name, n, e);
    struct station *const station = calloc(1, sizeof *station);
    if (station)
        station->path = strdup(name);
    if (!station || !station->path || !fill(station, text, n, base_dir, report)) {
        station_free(station);
        return source_no_memory(&station_kind, name, e);
    }
    if (report->total > 0) {
        station_free(station);
        return source_mistakes(&station_kind, name, report, e);
    }
    *out = station;
    return true;
}

bool station_load(const char *path, struct station **out, struct doc_report *report, struct err *e)
{
    char *text = NULL;
    size_t n;

    *out = NULL;
    doc_report_init(report);
    if (!source_read(&station_kind, path, &text, &n, e))
        return false;
    char *const folder = file_folder(path);
    const bool ok = folder ? station_parse(path, text, n, folder, out, report, e)
                           : source_no_memory(&station_kind, path, e);
    free(folder);
    free(text);
    return ok;
}

static void free_outlets(struct station *station)
{
    char *const texts[] = { station->mqtt.broker,   station->mqtt.user,
                            station->mqtt.password, station->mqtt.password_path,
                            station->mqtt.ca,       station->mqtt.ca_path,
                            station->mqtt.prefix,   station->webhook.to,
                            station->webhook.key,   station->webhook.key_path,
                            station->webhook.ca,    station->webhook.ca_path };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        free(texts[i]);
}

void station_free(struct station *station)
{
    if (!station)
        return;
    /* All rows: what failed half way is not counted. */
    for (size_t i = 0; i < STATION_SLOTS_MAX; i++) {
        free(station->slots[i].name);
        free(station->slots[i].usb);
        free(station->slots[i].usb_text);
        free(station->slots[i].port);
    }
    for (size_t i = 0; i < STATION_GROUPS_MAX; i++) {
        free(station->groups[i].name);
        for (size_t k = 0; k < STATION_SLOTS_MAX; k++)
            free(station->groups[i].slots[k]);
    }
    free(station->screen.listen);
    free(station->screen.host);
    free(station->screen.certificate);
    free(station->screen.certificate_path);
    free(station->screen.key);
    free(station->screen.key_path);
    for (size_t i = 0; i < STATION_ROWS_MAX; i++) {
        for (size_t k = 0; k < STATION_COLUMNS_MAX; k++)
            free(station->rows[i].names[k]);
    }
    for (size_t i = 0; i < STATION_SCANNERS_MAX; i++) {
        free(station->scanners[i].name);
        free(station->scanners[i].from);
        free(station->scanners[i].prefix);
        free(station->scanners[i].gs);
        free(station->scanners[i].slot);
    }
    for (size_t i = 0; i < STATION_GOLDEN_MAX; i++)
        free(station->golden[i]);
    free(station->printer.to);
    free(station->printer.to_text);
    for (size_t i = 0; i < STATION_PLC_ALLOW_MAX; i++)
        free(station->plc.allow[i]);
    free(station->plc.listen);
    free(station->fleet_server);
    free_outlets(station);
    free(station->people);
    free(station->people_path);
    free(station->recipe_keys);
    free(station->recipe_keys_path);
    free(station->record);
    free(station->record_path);
    free(station->name);
    free(station->path);
    free(station);
}
