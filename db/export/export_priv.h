/* What the forms of an export share: the rows, and how bytes get out. Inside db/ only. */
#ifndef DB_EXPORT_PRIV_H
#define DB_EXPORT_PRIV_H

#include "core/base/collector.h"
#include "core/base/json_write.h"
#include "db/export/export.h"
#include "db/export/terms.h"
#include "db/store/handle.h"

/* ---- Columns ---- */

/* A column of CSV, or a member of the JSON: its name, and where its value comes from. */
struct column {
    const char *name, *sql;
    bool csv_only; /* of the last attempt; the other forms have all attempts */
};

/* The order is that of the CSV. Programs of other people read it: new ones go to the end, before
 * RUN_COLUMNS, and none is ever renamed or moved. */
enum run_column {
    RUN_ID,
    RUN_STARTED_UTC,
    RUN_ENDED_UTC,
    RUN_DURATION_MS,
    RUN_VERDICT,
    RUN_CODE,
    RUN_SENTENCE,
    RUN_HINT,
    RUN_BOARD_STATE,
    RUN_SLOT,
    RUN_PORT,
    RUN_OPERATOR,
    RUN_LOT,
    RUN_MAC,
    RUN_CHIP,
    RUN_REVISION,
    RUN_FLASH_ID,
    RUN_FLASH_BYTES,
    RUN_RECIPE,
    RUN_RECIPE_VERSION,
    RUN_RECIPE_CHIP,
    RUN_RECIPE_SHA256,
    RUN_PLAN_SHA256,
    RUN_HOST,
    RUN_TOOL_VERSION,
    RUN_ATTEMPT_COUNT,
    RUN_APP_TEXT,
    RUN_REWORK_OF,
    RUN_REWORK_REASON,
    RUN_CORRECTION_COUNT,
    RUN_CORRECTED_VERDICT,
    RUN_CORRECTION_OPERATOR,
    RUN_CORRECTION_REASON,
    RUN_CORRECTION_UTC,
    RUN_LAST_LOADER,
    RUN_LAST_BAUD,
    RUN_LAST_BAUD_ASKED,
    RUN_LAST_BAUD_WHY,
    RUN_LAST_WRITE_MODE,
    RUN_LAST_BYTES_WRITTEN,
    RUN_LAST_WIRE_BYTES,
    RUN_LAST_SKIPPED_BYTES,
    RUN_LAST_ROUND_TRIPS,
    RUN_LAST_FIRST_MS, /* the times of timing_list.h that were there when the next one came */
    RUN_RECORDED_VERDICT = RUN_LAST_FIRST_MS + TIMING_FIXED_COUNT,
    RUN_LAST_LATER_MS, /* those of version 3 */
    RUN_LAST_LAST_MS = RUN_LAST_LATER_MS + TIMING_LATER_COUNT - 1,
    RUN_SERIAL,
    RUN_UNIT,
    RUN_GOLDEN,
    RUN_SERIAL_RELEASED,
    RUN_BURNS,
    RUN_LAST_LATEST_MS, /* and those that came later */
    RUN_REWORK_ELSEWHERE =
        RUN_LAST_LATEST_MS + TIMING_COUNT - TIMING_FIXED_COUNT - (int)TIMING_LATER_COUNT,
    RUN_COLUMNS,
    /* selected for the forms, and not columns of their own */
    RUN_STATION_BOOT_ID = RUN_COLUMNS,
    RUN_STATION_PID,
    RUN_STATION_STARTED_UTC,
    RUN_SELECTED
};

enum attempt_column {
    ATTEMPT_NUMBER,
    ATTEMPT_STARTED_UTC,
    ATTEMPT_DURATION_MS,
    ATTEMPT_BAUD,
    ATTEMPT_RESET,
    ATTEMPT_LOADER,
    ATTEMPT_PHASE,
    ATTEMPT_CODE,
    ATTEMPT_SENTENCE,
    ATTEMPT_HINT,
    ATTEMPT_BOARD_STATE,
    ATTEMPT_BYTES_WRITTEN,
    ATTEMPT_WIRE_BYTES,
    ATTEMPT_BAUD_ASKED,
    ATTEMPT_BAUD_WHY,
    ATTEMPT_WRITE_MODE,
    ATTEMPT_ROUND_TRIPS,
    ATTEMPT_FIRST_MS, /* where the time went, in the order of timing_list.h */
    ATTEMPT_LAST_MS = ATTEMPT_FIRST_MS + TIMING_COUNT - 1,
    ATTEMPT_FAST,
    ATTEMPT_COLUMNS,
    ATTEMPT_ID = ATTEMPT_COLUMNS, /* links to the digests */
    ATTEMPT_SELECTED
};

enum correction_column {
    CORRECTION_VERDICT,
    CORRECTION_OPERATOR,
    CORRECTION_REASON,
    CORRECTION_HOST,
    CORRECTION_MADE_UTC,
    CORRECTION_COLUMNS
};

enum unit_column { UNIT_NAME, UNIT_TEXT, UNIT_SHA256, UNIT_SOURCE, UNIT_TAKEN_IN, UNIT_COLUMNS };

enum burn_column {
    BURN_NUMBER,
    BURN_ATTEMPT,
    BURN_STAGE,
    BURN_BLOCK,
    BURN_FUSES,
    BURN_OUTCOME,
    BURN_WORDS,
    BURN_PROOF,
    BURN_SENTENCE,
    BURN_PERSON,
    BURN_MADE_UTC,
    BURN_COLUMNS
};

enum digest_column {
    DIGEST_IMAGE,
    DIGEST_FILE,
    DIGEST_OFFSET,
    DIGEST_SIZE_BYTES,
    DIGEST_PLAN_SHA256,
    DIGEST_PLAN_MD5,
    DIGEST_EXPECTED_MD5,
    DIGEST_READ_MD5,
    DIGEST_WRITTEN_MD5,
    DIGEST_WRITTEN_SHA256,
    DIGEST_SKIPPED_BYTES,
    DIGEST_COLUMNS
};

/* The column of a time. */
#define RUN_LAST_MS(version, timing)                                                               \
    ((version) == 2   ? RUN_LAST_FIRST_MS + (timing)                                               \
     : (version) == 3 ? RUN_LAST_LATER_MS + (timing)-TIMING_FIXED_COUNT                            \
                      : RUN_LAST_LATEST_MS + (timing)-TIMING_FIXED_COUNT - TIMING_LATER_COUNT)

extern const struct column run_columns[RUN_SELECTED];
extern const struct column attempt_columns[ATTEMPT_SELECTED];
extern const struct column correction_columns[CORRECTION_COLUMNS];
extern const struct column digest_columns[DIGEST_COLUMNS];
extern const struct column unit_columns[UNIT_COLUMNS];
extern const struct column burn_columns[BURN_COLUMNS];

/* ---- Output ---- */

struct out {
    const struct db_sink *sink;
    struct collector to;     /* the sink */
    struct json_object json; /* used by out_json_... alone, but for its comma */
};

void out_bytes(struct out *out, const char *bytes, size_t n);
void out_text(struct out *out, const char *text);
void out_number(struct out *out, int64_t number);
void out_seconds(struct out *out, int64_t ms); /* 9.500 */

/* Handles one character, or leaves it (false) to be written as it is. */
typedef bool out_special(struct out *out, const unsigned char *p, size_t length);

/* Writes text as UTF-8, at most `units` UTF-16 units of it; what is no UTF-8 becomes U+FFFD. */
void out_utf8(struct out *out, const void *text, size_t n, size_t units, out_special *special);
#define OUT_ALL SIZE_MAX

/* Control characters have no place in CSV and XML: writes the picture that Unicode has of each
 * (U+2400 on), so that a person sees which it was, or U+FFFD for those without one (U+0080 to
 * U+009F). False for other characters. */
bool out_control_picture(struct out *out, const unsigned char *p, size_t length);

/* XML 1.0, for text and for attributes in double quotes. NULL writes nothing. */
void out_xml(struct out *out, const char *text);
void out_xml_column(struct out *out, sqlite3_stmt *s, int column);

/* ---- JSON. `name` NULL: in an array, or the outermost value ---- */

void out_json_open(struct out *out, const char *name, char bracket);
void out_json_close(struct out *out, char bracket);
void out_json_null(struct out *out, const char *name);
void out_json_bool(struct out *out, const char *name, bool value);
void out_json_number(struct out *out, const char *name, int64_t number);
void out_json_seconds(struct out *out, const char *name, int64_t ms);
void out_json_text(struct out *out, const char *name, const char *text); /* NULL: null */
/* At most `units` UTF-16 units: some systems count so, and refuse longer texts. */
void out_json_cut(struct out *out, const char *name, const char *text, size_t units);
void out_json_column(struct out *out, const char *name, sqlite3_stmt *s, int column);
void out_json_columns(struct out *out, sqlite3_stmt *s, const struct column *columns, int count);

/* ---- An export under way ---- */

struct export
{
    struct db *db;
    const struct terms *terms;
    struct out out;
    sqlite3_stmt *runs, *corrections, *attempts, *digests, *units, *burns;
    int64_t count; /* runs written */
};

/* A form. `run` writes the run that x->runs stands on. */
struct form {
    struct db_format_info info;
    bool closed_only; /* leaves out runs that are still open */
    bool units_only;  /* ... and those on golden boards: its readers count each run in a yield */
    bool (*head)(struct export *x, struct err *e);
    bool (*run)(struct export *x, struct err *e);
    bool (*tail)(struct export *x, struct err *e);
};

#define EXPORT(NAME, word) extern const struct form form_##word;
#include "db/export/export_list.h"
#undef EXPORT

/* For forms that need no head or no tail. */
bool export_nothing(struct export *x, struct err *e);

/* The array "corrections" of the run, the oldest first; mostly empty. */
bool export_json_corrections(struct export *x, struct err *e);

/* The array "unit": the values that the board had in this run; mostly empty. */
bool export_json_unit(struct export *x, struct err *e);

/* The array "burns": the fuses that were burnt in this run, in their order; mostly empty. */
bool export_json_burns(struct export *x, struct err *e);

/* The run's object with its attempts and digests, as JSON and JSON lines have it. */
bool export_json_run(struct export *x, struct err *e);

/* The rows below a run or an attempt: begin, then next until it gives 0. > 0 a row, < 0 failed. */
void export_begin_corrections(struct export *x);
void export_begin_units(struct export *x);
void export_begin_burns(struct export *x);
void export_begin_attempts(struct export *x);
void export_begin_digests(struct export *x);
int export_next(const struct export *x, sqlite3_stmt *s, struct err *e);

/* What the filter lets through, but for runs on golden boards, known before the first row. */
struct export_sums {
    int64_t runs, open, failed; /* failed: closed, and not PASS */
    int64_t duration_ms;
    char first_utc[DB_UTC_CAP]; /* empty: no runs */
};
bool export_sums(struct export *x, struct export_sums *sums, struct err *e);

/* NULL if the record has none. Valid until the statement moves on. */
const char *export_text(sqlite3_stmt *s, int column);
bool export_is(sqlite3_stmt *s, int column, const char *text);

/* Milliseconds since 1970 of a time of the record; below 0: it has none. */
int64_t export_utc_ms(sqlite3_stmt *s, int column);

#endif
