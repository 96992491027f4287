/*
 * WSJF, the WATS Standard JSON Format of Virinco: a test report (UUT) for each run, on a line of
 * its own. Names, letters and lengths are those of Virinco's articles "WATS Standard JSON Format
 * (WSJF)" and "Post WSJF", and of the models in its pyWATS_API.
 *
 * The root is a sequence with a sequence for each attempt; in that are the rate, the bytes, one
 * string test for each digest (what the chip computed against what was expected) and the phase in
 * which the attempt ended. A run that is still open has no result and is left out.
 */
#include "db/export/export_priv.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

/* Longer texts are refused by the server. */
enum { WORDS = 100, VERSION_WORDS = 30, ERROR_WORDS = 200, COMMENT_WORDS = 5000 };

struct report {
    struct export *x;
    struct out *out;
    int steps; /* numbered so far */
};

static const char *or_else(const char *text, const char *instead)
{
    return text && text[0] != '\0' ? text : instead;
}

/* ---- The id ---- */

static const unsigned char namespace[16] = { 0x92, 0x24, 0x96, 0xee, 0x28, 0x51, 0x48, 0x8e,
                                             0x97, 0x7a, 0x8a, 0x5d, 0x8a, 0xd7, 0xd1, 0x06 };

/* Together unique in the world, and always the same for one run. */
static const int id_columns[] = {
    RUN_HOST, RUN_STATION_BOOT_ID, RUN_STATION_PID, RUN_STATION_STARTED_UTC, RUN_ID,
    RUN_SLOT, RUN_STARTED_UTC,
};

static bool hash_id(sqlite3_stmt *s, EVP_MD_CTX *ctx, unsigned char digest[static EVP_MAX_MD_SIZE])
{
    bool ok = EVP_DigestInit_ex(ctx, EVP_sha1(), NULL) == 1 &&
              EVP_DigestUpdate(ctx, namespace, sizeof namespace) == 1;
    for (size_t i = 0; ok && i < sizeof id_columns / sizeof id_columns[0]; i++) {
        const char *text = or_else(export_text(s, id_columns[i]), "");
        ok = EVP_DigestUpdate(ctx, text, strlen(text)) == 1 && EVP_DigestUpdate(ctx, "\n", 1) == 1;
    }
    return ok && EVP_DigestFinal_ex(ctx, digest, NULL) == 1;
}

/* WATS replaces a report by one with the same id, so a run must have the same one in every export:
 * a UUID of version 5 (RFC 9562), made from a namespace of ours and from what tells the run from
 * all others. */
static bool put_id(const struct report *r, struct err *e)
{
    unsigned char d[EVP_MAX_MD_SIZE];
    char text[40];
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    const bool ok = ctx && hash_id(r->x->runs, ctx, d);
    EVP_MD_CTX_free(ctx);
    if (!ok)
        return err_set(e, ERR_STATION, "No memory left for the id of a report");
    d[6] = (unsigned char)((d[6] & 0x0F) | 0x50);
    d[8] = (unsigned char)((d[8] & 0x3F) | 0x80);
    snprintf(text, sizeof text,
             "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", d[0], d[1],
             d[2], d[3], d[4], d[5], d[6], d[7], d[8], d[9], d[10], d[11], d[12], d[13], d[14],
             d[15]);
    out_json_text(r->out, "id", text);
    return true;
}

/* ---- The head ---- */

static const char *result_of(sqlite3_stmt *runs)
{
    if (export_is(runs, RUN_VERDICT, "PASS"))
        return "P";
    if (export_is(runs, RUN_VERDICT, "STOPPED"))
        return "T"; /* terminated */
    return export_is(runs, RUN_VERDICT, "FAIL") ? "F" : "E";
}

/* A report needs a serial number: the unit's, else the MAC; a board that never said its MAC gets
 * one that no other has. */
static void put_serial(const struct report *r)
{
    char text[48];
    const char *mac = export_text(r->x->runs, RUN_MAC);
    snprintf(text, sizeof text, "unidentified, run %lld",
             (long long)sqlite3_column_int64(r->x->runs, RUN_ID));
    const char *serial = export_text(r->x->runs, RUN_SERIAL);
    if (serial)
        out_json_cut(r->out, "sn", serial, WORDS);
    else
        out_json_text(r->out, "sn", mac ? mac : text);
}

/* `start` is meant to be local time with its offset. The record does not know where the station
 * stands: both are UTC. */
static void put_header(const struct report *r)
{
    static const struct db_wats usual = DB_WATS_USUAL;
    const struct db_wats *wats = r->out->sink->wats ? r->out->sink->wats : &usual;
    sqlite3_stmt *runs = r->x->runs;
    out_json_cut(r->out, "pn", or_else(export_text(runs, RUN_RECIPE), "-"), WORDS);
    put_serial(r);
    out_json_cut(r->out, "rev", or_else(export_text(runs, RUN_RECIPE_VERSION), "-"), WORDS);
    out_json_number(r->out, "processCode", wats->process_code);
    out_json_text(r->out, "result", result_of(runs));
    out_json_cut(r->out, "machineName", or_else(export_text(runs, RUN_HOST), "-"), WORDS);
    out_json_cut(r->out, "location", or_else(wats->location, "-"), WORDS);
    out_json_cut(r->out, "purpose", or_else(wats->purpose, "-"), WORDS);
    out_json_column(r->out, "start", runs, RUN_STARTED_UTC);
    out_json_column(r->out, "startUTC", runs, RUN_STARTED_UTC);
}

static void put_unit(const struct report *r)
{
    sqlite3_stmt *runs = r->x->runs;
    out_json_open(r->out, "uut", '{');
    if (sqlite3_column_type(runs, RUN_DURATION_MS) != SQLITE_NULL)
        out_json_seconds(r->out, "execTime", sqlite3_column_int64(runs, RUN_DURATION_MS));
    out_json_column(r->out, "testSocketIndex", runs, RUN_SLOT);
    if (export_text(runs, RUN_LOT))
        out_json_cut(r->out, "batchSN", export_text(runs, RUN_LOT), WORDS);
    if (export_text(runs, RUN_SENTENCE))
        out_json_cut(r->out, "errorMessage", export_text(runs, RUN_SENTENCE), ERROR_WORDS);
    if (export_text(runs, RUN_HINT))
        out_json_cut(r->out, "comment", export_text(runs, RUN_HINT), COMMENT_WORDS);
    out_json_cut(r->out, "fixtureId", or_else(export_text(runs, RUN_PORT), "-"), WORDS);
    out_json_cut(r->out, "user", or_else(export_text(runs, RUN_OPERATOR), "-"), WORDS);
    out_json_close(r->out, '}');
}

/* What has no place of its own in the head. */
static const int misc_columns[] = {
    RUN_ID,
    RUN_VERDICT,
    RUN_RECORDED_VERDICT,
    RUN_CODE,
    RUN_BOARD_STATE,
    RUN_CHIP,
    RUN_REVISION,
    RUN_FLASH_ID,
    RUN_FLASH_BYTES,
    RUN_RECIPE_SHA256,
    RUN_PLAN_SHA256,
    RUN_TOOL_VERSION,
    RUN_REWORK_OF,
    RUN_REWORK_REASON,
    RUN_CORRECTED_VERDICT,
    RUN_CORRECTION_OPERATOR,
    RUN_CORRECTION_REASON,
    RUN_CORRECTION_UTC,
    RUN_SERIAL_RELEASED,
    RUN_REWORK_ELSEWHERE,
};

static void put_info(const struct report *r, const char *description, const char *text)
{
    if (!text)
        return;
    out_json_open(r->out, NULL, '{');
    out_json_cut(r->out, "description", description, WORDS);
    out_json_cut(r->out, "text", text, WORDS);
    out_json_close(r->out, '}');
}

/* What is the board's own; where the serial stands for it, also its MAC. */
static bool put_unit_infos(const struct report *r, struct err *e)
{
    int rows;
    char name[64];
    if (export_text(r->x->runs, RUN_SERIAL))
        put_info(r, "mac", export_text(r->x->runs, RUN_MAC));
    export_begin_units(r->x);
    while ((rows = export_next(r->x, r->x->units, e)) > 0) {
        const char *text = export_text(r->x->units, UNIT_TEXT);
        snprintf(name, sizeof name, "unit %s%s", export_text(r->x->units, UNIT_NAME),
                 text ? "" : " sha256");
        put_info(r, name, text ? text : export_text(r->x->units, UNIT_SHA256));
    }
    return rows == 0;
}

static bool put_misc(const struct report *r, struct err *e)
{
    out_json_open(r->out, "miscInfos", '[');
    for (size_t i = 0; i < sizeof misc_columns / sizeof misc_columns[0]; i++)
        put_info(r, run_columns[misc_columns[i]].name, export_text(r->x->runs, misc_columns[i]));
    const bool ok = put_unit_infos(r, e);
    out_json_close(r->out, ']');
    return ok;
}

/* ---- Steps ---- */

/* Leaves the step open. */
static void begin_step(struct report *r, const char *in, const char *type, const char *name,
                       const char *status)
{
    out_json_open(r->out, in, '{');
    out_json_number(r->out, "id", r->steps++);
    out_json_text(r->out, "group", "M");
    out_json_text(r->out, "stepType", type);
    out_json_cut(r->out, "name", name, WORDS);
    out_json_text(r->out, "status", status);
}

static void put_sequence_call(const struct report *r)
{
    sqlite3_stmt *runs = r->x->runs;
    out_json_open(r->out, "seqCall", '{');
    out_json_column(r->out, "path", runs, RUN_PLAN_SHA256);
    out_json_cut(r->out, "name", or_else(export_text(runs, RUN_RECIPE), "-"), WORDS);
    out_json_cut(r->out, "version", or_else(export_text(runs, RUN_RECIPE_VERSION), "-"),
                 VERSION_WORDS);
    out_json_close(r->out, '}');
}

/* A number that is told, and compared with nothing. */
static void put_number(struct report *r, const char *name, const char *unit, int column)
{
    if (sqlite3_column_type(r->x->attempts, column) == SQLITE_NULL)
        return;
    begin_step(r, NULL, "ET_NLT", name, "P");
    out_json_open(r->out, "numericMeas", '[');
    out_json_open(r->out, NULL, '{');
    out_json_text(r->out, "compOp", "LOG");
    out_json_text(r->out, "status", "P");
    out_json_text(r->out, "unit", unit);
    out_json_column(r->out, "value", r->x->attempts, column);
    out_json_close(r->out, '}');
    out_json_close(r->out, ']');
    out_json_close(r->out, '}');
}

static void put_digest(struct report *r)
{
    sqlite3_stmt *s = r->x->digests;
    char name[512];
    const char *expected = export_text(s, DIGEST_EXPECTED_MD5);
    const char *read = export_text(s, DIGEST_READ_MD5);
    const char *status = !read ? "S" : strcmp(read, expected) == 0 ? "P" : "F";
    snprintf(name, sizeof name, "MD5 at 0x%llx: %s",
             (unsigned long long)sqlite3_column_int64(s, DIGEST_OFFSET),
             or_else(export_text(s, DIGEST_FILE), ""));
    begin_step(r, NULL, "ET_SVT", name, status);
    out_json_open(r->out, "stringMeas", '[');
    out_json_open(r->out, NULL, '{');
    out_json_text(r->out, "compOp", "EQ");
    out_json_text(r->out, "status", status);
    out_json_text(r->out, "value", or_else(read, ""));
    out_json_text(r->out, "limit", expected);
    out_json_close(r->out, '}');
    out_json_close(r->out, ']');
    out_json_close(r->out, '}');
}

static bool put_digests(struct report *r, struct err *e)
{
    int rows;
    export_begin_digests(r->x);
    while ((rows = export_next(r->x, r->x->digests, e)) > 0)
        put_digest(r);
    return rows == 0;
}

static void put_last_phase(struct report *r, const char *status)
{
    sqlite3_stmt *s = r->x->attempts;
    begin_step(r, NULL, "Action", or_else(export_text(s, ATTEMPT_PHASE), "-"), status);
    if (export_text(s, ATTEMPT_SENTENCE))
        out_json_cut(r->out, "errorMessage", export_text(s, ATTEMPT_SENTENCE), ERROR_WORDS);
    if (export_text(s, ATTEMPT_HINT))
        out_json_cut(r->out, "reportText", export_text(s, ATTEMPT_HINT), COMMENT_WORDS);
    out_json_close(r->out, '}');
}

static bool put_attempt(struct report *r, struct err *e)
{
    sqlite3_stmt *s = r->x->attempts;
    char name[48];
    const char *status = export_is(s, ATTEMPT_CODE, "ok")        ? "P"
                         : export_is(s, ATTEMPT_CODE, "stopped") ? "T"
                                                                 : "F";
    snprintf(name, sizeof name, "Attempt %d", sqlite3_column_int(s, ATTEMPT_NUMBER));
    begin_step(r, NULL, "SequenceCall", name, status);
    out_json_column(r->out, "start", s, ATTEMPT_STARTED_UTC);
    out_json_seconds(r->out, "totTime", sqlite3_column_int64(s, ATTEMPT_DURATION_MS));
    put_sequence_call(r);
    out_json_open(r->out, "steps", '[');
    put_number(r, "Baud rate", "Bd", ATTEMPT_BAUD);
    put_number(r, "Baud rate asked for", "Bd", ATTEMPT_BAUD_ASKED);
    put_number(r, "Written", "byte", ATTEMPT_BYTES_WRITTEN);
    put_number(r, "On the wire", "byte", ATTEMPT_WIRE_BYTES);
    for (int column = ATTEMPT_FIRST_MS; column <= ATTEMPT_LAST_MS; column++)
        put_number(r, attempt_columns[column].name, "ms", column);
    if (!put_digests(r, e))
        return false;
    put_last_phase(r, status);
    out_json_close(r->out, ']');
    out_json_close(r->out, '}');
    return true;
}

static bool put_root(struct report *r, struct err *e)
{
    int rows;
    begin_step(r, "root", "SequenceCall", "MainSequence Callback", result_of(r->x->runs));
    out_json_column(r->out, "start", r->x->runs, RUN_STARTED_UTC);
    put_sequence_call(r);
    out_json_open(r->out, "steps", '[');
    export_begin_attempts(r->x);
    while ((rows = export_next(r->x, r->x->attempts, e)) > 0) {
        if (!put_attempt(r, e))
            return false;
    }
    out_json_close(r->out, ']');
    out_json_close(r->out, '}');
    return rows == 0;
}

static bool run(struct export *x, struct err *e)
{
    struct report r = { .x = x, .out = &x->out };
    x->out.json.comma = false;
    out_json_open(r.out, NULL, '{');
    out_json_text(r.out, "type", "T");
    if (!put_id(&r, e))
        return false;
    put_header(&r);
    put_unit(&r);
    if (!put_misc(&r, e) || !put_root(&r, e))
        return false;
    out_json_close(r.out, '}');
    out_text(r.out, "\n");
    return true;
}

const struct form form_wsjf = {
    .info = { "wsjf", "WATS test reports (WSJF), one for each closed run", true },
    .closed_only = true,
    .units_only = true,
    .head = export_nothing,
    .run = run,
    .tail = export_nothing,
};
