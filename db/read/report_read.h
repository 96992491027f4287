/*
 * What a report of one lot tells besides its statistics (stats.h): recipes and images, when boards
 * were flashed and by whom, each board's last word, corrections, and the signed end.
 *
 * Verdicts here are those after corrections, as the statistics count them. Everything streams:
 * memory does not grow with the boards. Readers only; wrap several calls in db_hold and db_release,
 * so that they tell of one state.
 */
#ifndef DB_REPORT_H
#define DB_REPORT_H

#include "db/proof/audit.h"
#include "db/store/db.h"

/* The lot as a whole. A run that is over counts where it ended, an interrupted one where it
 * began. */
struct db_report_summary {
    char first_utc[DB_UTC_CAP]; /* when the first run began; "": there is none */
    char last_utc[DB_UTC_CAP];  /* when the last one ended; "": none has */
    int64_t hours;              /* clock hours in which a run ended */
    int64_t busiest_passed;     /* runs that passed in the best of them */
    char busiest_utc[DB_UTC_CAP];
    int64_t recipes;
    char recipe[160], recipe_version[80], chip[40]; /* the one recipe; "": none, or several */
    int64_t link;                                   /* the end of the record's chain */
    char link_sha256[DB_LINK_SHA256_CAP];
};

bool db_report_summary(struct db *reader, int64_t lot_id, struct db_report_summary *summary,
                       struct err *e);

/* Texts are NULL where the record has none, and live until the callback returns. */
struct db_report_recipe {
    int64_t id;
    const char *name, *version, *chip, *sha256, *plan_sha256;
    int64_t runs, images;
};

struct db_report_image {
    const char *recipe, *recipe_version;
    const char *file, *sha256, *md5, *app_project, *app_version;
    int64_t offset, size_bytes;
};

/* Runs that ended in one hour, day, month or year. */
struct db_report_period {
    const char *utc; /* its start, cut: "2026-03-04T05", "2026-03-04", "2026-03", "2026" */
    int64_t passed, others;
};

/* A station, its operator, and what they did in the lot. */
struct db_report_station {
    const char *host, *tool_version, *operator_name;
    int64_t runs, passed;
};

/* A board, by its last run in the lot that is over; refused runs (duplicate, quota) only if it has
 * no others. Or one run, if the board did not say its MAC. */
struct db_report_board {
    const char *mac, *verdict, *code, *sentence;
    bool taken_back;                             /* it passed, and a person took that back */
    int64_t run_id, runs, attempts, duration_ms; /* below 0: unknown */
    int64_t baud, baud_asked;                    /* of the last attempt; 0: unknown */
    int slot;
    const char *port, *ended_utc;
    const char *serial; /* of its unit in that run */
};

/* A correction, or a board that was let in again though it had passed (verdict NULL, rework). */
struct db_report_change {
    int64_t run_id;
    const char *mac, *made_utc, *operator_name, *host, *reason;
    const char *own_verdict; /* of the run */
    const char *verdict;     /* what it was changed to; NULL: a note */
    bool rework;
    int64_t rework_of;            /* 0: none of this record */
    const char *rework_elsewhere; /* "line 1, run 5", at another station; NULL: none */
    bool after_closing;           /* the lot was signed without it */
};

/* One step of the fuses' plan as it was made on boards of the lot, with what came of it. */
struct db_report_burn {
    const char *stage, *fuses, *outcome, *person; /* who allowed it */
    int64_t boards, burns;
};

struct db_report_sink {
    void *ctx;
    bool (*recipe)(void *ctx, const struct db_report_recipe *recipe);
    bool (*image)(void *ctx, const struct db_report_image *image);
    bool (*period)(void *ctx, const struct db_report_period *period);
    bool (*station)(void *ctx, const struct db_report_station *station);
    bool (*board)(void *ctx, const struct db_report_board *board);
    bool (*change)(void *ctx, const struct db_report_change *change);
    bool (*burn)(void *ctx, const struct db_report_burn *burn);
};

/* Each calls one member of the sink, which may be the only one that is set. A callback that returns
 * false ends the reading with ERR_STATION. */
bool db_report_recipes(struct db *reader, int64_t lot_id, const struct db_report_sink *sink,
                       struct err *e);
bool db_report_images(struct db *reader, int64_t lot_id, const struct db_report_sink *sink,
                      struct err *e);
/* `utc_chars`: 13 for hours, 10 for days, 7 for months, 4 for years. Only those with runs. */
bool db_report_periods(struct db *reader, int64_t lot_id, int utc_chars,
                       const struct db_report_sink *sink, struct err *e);
bool db_report_stations(struct db *reader, int64_t lot_id, const struct db_report_sink *sink,
                        struct err *e);
/* In the order in which the boards first came. */
bool db_report_boards(struct db *reader, int64_t lot_id, const struct db_report_sink *sink,
                      struct err *e);
bool db_report_nameless(struct db *reader, int64_t lot_id, const struct db_report_sink *sink,
                        struct err *e);
/* In the order of the plan. What was found burnt and how boards started is not among them. */
bool db_report_burns(struct db *reader, int64_t lot_id, const struct db_report_sink *sink,
                     struct err *e);
bool db_report_changes(struct db *reader, int64_t lot_id, const struct db_report_sink *sink,
                       struct err *e);

/* The signed end of a lot. */
struct db_report_checkpoint {
    char text[DB_CHECKPOINT_CAP]; /* with its signature; "": the lot is open */
    char public_key[KEY_PUBLIC_CAP];
    bool signature_fits;       /* it is that of this key, of this text */
    int64_t later_corrections; /* made after the lot was closed, notes among them */
    bool record_fits; /* it names this lot, and a link that the record has, with its hash */
};

bool db_report_checkpoint(struct db *reader, int64_t lot_id,
                          struct db_report_checkpoint *checkpoint, struct err *e);

#endif
