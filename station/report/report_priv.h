/* What the parts of the report share: report*.c only. */
#ifndef STATION_REPORT_PRIV_H
#define STATION_REPORT_PRIV_H

#include "db/read/report_read.h"
#include "db/read/stats.h"
#include "db/write/lot.h"
#include "station/report/html.h"
#include "station/report/report.h"

enum {
    REPORT_PERIODS = 120,      /* columns of a chart, at most */
    REPORT_PERIODS_SHOWN = 12, /* rows of the table beside it; more are folded away */
    REPORT_CHART_CODES = 12,   /* rows of a chart, at most; tables have all */
    REPORT_CHART_SLOTS = 64,
};

/* What the report keeps of a slot. */
struct report_slot {
    char name[16];
    struct db_stats_row row; /* without name, codes and rates */
};

struct report_period {
    int64_t passed, others;
};

/* The unit of time in which the lot is shown. */
struct report_unit {
    const char *word;   /* "hour" */
    int utc_chars;      /* of a time that is cut to it */
    int64_t most_units; /* between first and last */
};

struct report_times {
    const struct report_unit *unit; /* NULL: the clock was nowhere near the truth */
    int64_t first;                  /* number of the first period */
    size_t count;
    struct report_period periods[REPORT_PERIODS];
};

struct report {
    struct html *h;
    const struct report_source *from;
    struct db *db;           /* of it */
    struct db_filter filter; /* of this lot */
    int64_t lot_id, quantity, open_runs;
    char made_utc[DB_UTC_CAP];
    struct db_report_summary summary;
    struct db_report_checkpoint checkpoint;
    struct report_slot *slots;
    size_t slot_count, slot_cap;
    struct report_times times;
    int64_t rows; /* of the table that is being written */
};

/* ---- report_style.c ---- */

extern const char *const report_styles[]; /* NULL ends it */

/* ---- report_times.c ---- */

/* Chooses the unit for runs between these times, and makes the periods empty. */
void report_times_begin(struct report_times *times, const char *first_utc, const char *last_utc);

/* Adds the runs of a period; one outside is passed over. */
void report_times_add(struct report_times *times, const char *utc, int64_t passed, int64_t others);

/* "03-04 05:00", "03-04", "2026-03", "2026": the name of the period at this place. */
void report_times_label(const struct report_times *times, size_t at, char label[static 24]);

/* ---- report_charts.c ---- */

void report_chart_yields(struct html *h, const struct db_stats_row *row);
void report_chart_codes(struct html *h, const struct db_stats_row *row);
void report_chart_slot_yields(struct html *h, const struct report_slot *slots, size_t count);
void report_chart_slot_times(struct html *h, const struct report_slot *slots, size_t count);
void report_chart_times(struct html *h, const struct report_times *times);

/* ---- report_lists.c: what has a row for each board, image, correction ---- */

bool report_firmware(struct report *r, struct err *e);
bool report_people(struct report *r, struct err *e);
/* Where fuses were burnt. */
bool report_burns(struct report *r, struct err *e);
bool report_changes(struct report *r, struct err *e);
bool report_boards(struct report *r, struct err *e);

#endif
