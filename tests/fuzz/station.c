/* A station file is read, or refused with mistakes that have a place; nothing else may happen. */
#include "tests/fuzz/lib/fuzz.h"

#include "core/ports/usb_socket.h"
#include "recipes/station/station_file.h"

#include <stdlib.h>
#include <string.h>

/* What the rest of the program takes for granted about a station file that was read. */
static void must_be_whole(const struct station *s)
{
    char socket[USB_SOCKET_BYTES];
    must(s->name && s->name[0], "a station has a name");
    must((s->record != NULL) == (s->record_path != NULL), "a record has a path");
    must(s->slot_count >= 1 && s->slot_count <= STATION_SLOTS_MAX, "there are 1 to 256 slots");
    for (size_t i = 0; i < s->slot_count; i++) {
        const struct station_slot *slot = &s->slots[i];
        must(slot->name && station_is_name(slot->name), "a slot has a name");
        must(station_slot_index(s, slot->name) == (int)i, "...of its own");
        must(!slot->usb || !slot->port, "...and one binding at most");
        must(!slot->usb || (usb_socket_parse(slot->usb, socket) && !strcmp(slot->usb, socket)),
             "a socket is in its one form");
        for (size_t k = 0; k < i; k++)
            must(s->slots[k].row != slot->row || s->slots[k].column != slot->column,
                 "no two slots share a place");
    }
    for (size_t i = 0; i < s->group_count; i++) {
        must(s->groups[i].slot_count >= 1, "a group has slots");
        for (size_t k = 0; k < s->groups[i].slot_count; k++)
            must(station_slot_index(s, s->groups[i].slots[k]) >= 0, "...that there are");
    }
}

static void must_have_places(const struct doc_report *report)
{
    char line[1024];
    must(report->kept <= DOC_MISTAKES_MAX && report->kept <= report->total, "mistakes are counted");
    for (size_t i = 0; i < report->kept; i++) {
        const struct doc_mistake *m = &report->mistakes[i];
        must(m->at.line >= 1 && m->at.column >= 1 && m->sentence[0], "each mistake has a place");
        must(doc_mistake_text("s.yaml", m, line, sizeof line)[0] != '\0', "...and can be shown");
        for (const char *p = line; *p; p++)
            must((unsigned char)*p >= 0x20 && *p != 0x7F, "no mistake garbles the screen");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static struct doc_report report;
    struct station *station = NULL;
    struct err e = { 0 };
    bool ok = station_parse("s.yaml", (const char *)bytes, n, "", &station, &report, &e);
    must_tell(ok, &e);
    must(ok == (station != NULL) && ok == (report.total == 0), "a station file has no mistakes");
    must(ok || e.code == ERR_USAGE, "what is wrong with a station file is its own");
    if (ok)
        must_be_whole(station);
    must_have_places(&report);
    station_free(station);
    return 0;
}
