#include "station/label/printer_status.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STX         '\x02'
#define ETX         '\x03'
#define FIELDS_MAX  12
#define FIELD_BYTES 16

struct fault {
    uint32_t bit;
    const char *what, *hint;
};

/* Of the lower word of ~HQES. */
static const struct fault faults[] = {
    { 0x0001, "has no labels left", "Put in a new roll, then press FEED." },
    { 0x0002, "has no ribbon left", "Put in a new ribbon." },
    { 0x0004, "is open: its head is up", "Close the printer." },
    { 0x0008, "has a fault in its cutter", "Look for a label in the cutter." },
    { 0x0010, "has a head that is too hot", "It goes on by itself once the head has cooled." },
    { 0x0020, "has a motor that is too hot", "It goes on by itself once the motor has cooled." },
    { 0x0040, "has a broken element in its head", "Codes may not be readable: change the head." },
    { 0x0080, "does not find its head", "Switch it off and see to the head's cable." },
    { 0x0100, "has no valid firmware", "Load the printer's firmware." },
    { 0x0200, "cannot measure the heat of its head", "Switch it off; have it repaired." },
    { 0x1000, "has a paper jam", "Open it and take the label out." },
    { 0x2000, "has a fault in its presenter", "Take the label out of the presenter." },
    { 0x4000, "cannot feed its labels", "See to the roll." },
    { 0x8000, "has a label in its way", "Clear the path of the labels." },
};

static bool complain(struct err *e, const char *what, const char *hint)
{
    err_set(e, ERR_STATION, "The printer %s", what);
    return err_hint(e, "%s", hint);
}

static bool no_answer(struct err *e, const char *asked)
{
    err_set(e, ERR_STATION, "The printer does not answer %s as a ZPL printer does", asked);
    return err_hint(e, "Look at it: printers fall silent when paper or ribbon is out or the head "
                       "is open. One that never answers: write ask: no into printer of the "
                       "station file.");
}

/* ---- ~HQES ---- */

bool printer_errors_read(const char *answer, size_t n, struct err *e)
{
    char text[512];
    unsigned flag;
    char upper[12], lower[12];
    n = n < sizeof text - 1 ? n : sizeof text - 1;
    memcpy(text, answer, n);
    text[n] = '\0';
    const char *const errors = strstr(text, "ERRORS:");
    if (!errors ||
        sscanf(errors, "ERRORS: %1u %11[0-9A-Fa-f] %11[0-9A-Fa-f]", &flag, upper, lower) != 3)
        return no_answer(e, "~HQES");
    const uint32_t bits = (uint32_t)strtoul(lower, NULL, 16);
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        if (bits & faults[i].bit)
            return complain(e, faults[i].what, faults[i].hint);
    }
    if (flag == 0)
        return true;
    err_set(e, ERR_STATION, "The printer tells of a fault: %s %s", upper, lower);
    return err_hint(e, "Look at its display.");
}

/* ---- ~HS ---- */

struct line {
    char fields[FIELDS_MAX][FIELD_BYTES];
    size_t count;
};

static void add_char(struct line *line, size_t *used, char c)
{
    if (c == ',') {
        *used = 0;
        if (line->count < FIELDS_MAX)
            line->fields[line->count++][0] = '\0';
        return;
    }
    if (line->count == 0)
        line->fields[line->count++][0] = '\0';
    char *const field = line->fields[line->count - 1];
    if (*used + 1 < FIELD_BYTES) {
        field[(*used)++] = c;
        field[*used] = '\0';
    }
}

/* The next line between STX and ETX; NULL: there is none. */
static const char *next_line(const char *from, const char *end, struct line *line)
{
    size_t used = 0;
    *line = (struct line){ .count = 0 };
    while (from < end && *from != STX)
        from++;
    for (from++; from < end; from++) {
        if (*from == ETX)
            return from + 1;
        add_char(line, &used, *from);
    }
    return NULL;
}

static bool flag(const struct line *line, size_t i)
{
    return i < line->count && strcmp(line->fields[i], "1") == 0;
}

static unsigned count(const struct line *line, size_t i)
{
    return i < line->count ? (unsigned)strtoul(line->fields[i], NULL, 10) : 0;
}

bool printer_status_read(const char *answer, size_t n, struct printer_status *status, struct err *e)
{
    struct line one, two;
    const char *const end = answer + n;
    const char *from = next_line(answer, end, &one);
    from = from ? next_line(from, end, &two) : NULL;
    if (!from || one.count < 12 || two.count < 9)
        return no_answer(e, "~HS");
    *status = (struct printer_status){
        .media_out = flag(&one, 1),
        .paused = flag(&one, 2),
        .formats = count(&one, 4),
        .partial = flag(&one, 7),
        .memory_lost = flag(&one, 9),
        .too_cold = flag(&one, 10),
        .too_hot = flag(&one, 11),
        .head_open = flag(&two, 2),
        .ribbon_out = flag(&two, 3),
        .to_be_taken = flag(&two, 7),
        .remaining = count(&two, 8),
    };
    return true;
}

bool printer_status_judge(const struct printer_status *s, struct err *e)
{
    if (s->head_open)
        return complain(e, faults[2].what, faults[2].hint);
    if (s->media_out)
        return complain(e, faults[0].what, faults[0].hint);
    if (s->ribbon_out)
        return complain(e, faults[1].what, faults[1].hint);
    if (s->too_hot)
        return complain(e, faults[4].what, faults[4].hint);
    if (s->too_cold)
        return complain(e, "has a head that is too cold", "It goes on once the head is warm.");
    if (s->memory_lost)
        return complain(e, "has lost its settings", "Set it up again, then switch it on anew.");
    if (s->to_be_taken)
        return complain(e, "waits until its label is taken", "Take the label.");
    return !s->paused || complain(e, "is paused", "Press PAUSE.");
}

bool printer_status_is_idle(const struct printer_status *s)
{
    return s->formats == 0 && s->remaining == 0 && !s->partial && !s->to_be_taken;
}
