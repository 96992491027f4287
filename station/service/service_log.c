/* Events as entries of the journal: journalctl -u espstation SLOT_NAME=A3 VERDICT=FAIL. */
#include "station/line/event_text.h"
#include "station/service/service.h"

/* The entry is the board's; nobody looks for the line of code that wrote it. */
#define SD_JOURNAL_SUPPRESS_LOCATION

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <syslog.h>
#include <systemd/sd-journal.h>

#define FIELDS_MAX  18
#define FIELD_BYTES (EVENT_PORT_BYTES + 32)

/* Of our own (sd-id128(3)), so that a verdict is found without knowing its words. */
#define VERDICT_ID "6c0c7be1f57b4e6ea2b9b0ad6ef6a5d1"

struct entry {
    struct iovec parts[FIELDS_MAX];
    char texts[FIELDS_MAX][FIELD_BYTES];
    int count;
};

static void add(struct entry *entry, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void add(struct entry *entry, const char *fmt, ...)
{
    char *text = entry->texts[entry->count];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, FIELD_BYTES, fmt, ap);
    va_end(ap);
    entry->parts[entry->count++] = (struct iovec){ text, strlen(text) };
}

/* syslog(3): what the station cannot help is an error, what a board does is none of its. */
static int priority_of(const struct event *event)
{
    const bool own = event->err.code == ERR_DATABASE || event->err.code == ERR_STATION;
    if (event->kind != EVENT_VERDICT && event->kind != EVENT_RETRY)
        return event->kind == EVENT_PHASE ? LOG_DEBUG : LOG_INFO;
    if (event->kind == EVENT_VERDICT && event->verdict == VERDICT_PASS)
        return LOG_INFO;
    return own ? LOG_ERR : event->kind == EVENT_RETRY ? LOG_NOTICE : LOG_WARNING;
}

static void add_board(struct entry *entry, const struct event *event)
{
    add(entry, "PORT=%s", event->port);
    add(entry, "ATTEMPT=%u", event->attempt);
    add(entry, "PHASE=%s", phase_word(event->phase));
    if (event->run_id != 0)
        add(entry, "RUN=%lld", (long long)event->run_id);
    if (event->chip)
        add(entry, "CHIP=%s", event->chip->id_name);
    if (event->mac[0])
        add(entry, "MAC=%s", event->mac);
}

static void add_outcome(struct entry *entry, const struct event *event)
{
    if (event->kind == EVENT_VERDICT) {
        add(entry, "MESSAGE_ID=" VERDICT_ID);
        add(entry, "VERDICT=%s", verdict_word(event->verdict));
    }
    if (event->kind != EVENT_VERDICT && event->kind != EVENT_RETRY)
        return;
    add(entry, "CODE=%s", err_word(event->err.code));
    add(entry, "BOARD_STATE=%s", board_state_word(event->state));
    add(entry, "SECONDS=%.3f", event->seconds);
    if (event->err.hint[0])
        add(entry, "HINT=%s", event->err.hint);
}

static void add_sentence(struct entry *entry, const struct event *event, const char *label,
                         char **text)
{
    size_t bytes = 0;
    FILE *out = open_memstream(text, &bytes);
    if (!out)
        return;
    fputs("MESSAGE=", out);
    event_print(out, event, label);
    if (fclose(out) == 0)
        entry->parts[entry->count++] = (struct iovec){ *text, bytes };
}

void service_log(const struct event *event, const char *name)
{
    struct entry entry = { .count = 0 };
    char number[16], *text = NULL;
    if (!service_has_journal() || event->kind < EVENT_RUN || event->kind > EVENT_NOTE)
        return;
    snprintf(number, sizeof number, "%d", event->slot);
    add_sentence(&entry, event, name ? name : number, &text);
    add(&entry, "PRIORITY=%d", priority_of(event));
    add(&entry, "SYSLOG_IDENTIFIER=espstation");
    add(&entry, "SLOT=%s", number);
    if (name)
        add(&entry, "SLOT_NAME=%s", name);
    add_board(&entry, event);
    add_outcome(&entry, event);
    sd_journal_sendv(entry.parts, entry.count);
    free(text);
}
