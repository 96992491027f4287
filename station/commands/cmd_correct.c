/* espstation correct: what a person knows better than the record, as a new row. */
#include "station/cli/option_rows.h"

#include "core/base/clock.h"
#include "db/write/lot.h"
#include "station/cli/person.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool parse_run(const char *text, int64_t *run_id, struct err *e)
{
    char *end;
    long long n = strtoll(text, &end, 10);
    if (end != text && *end == '\0' && n >= 1) {
        *run_id = n;
        return true;
    }
    err_set(e, ERR_USAGE, "'%.40s' is no number of a run", text);
    return err_hint(e, "To find the run of a board: espstation history MAC");
}

static bool parse_verdict(const char *text, enum db_correct_to *to, struct err *e)
{
    static const struct {
        const char *word;
        enum db_correct_to to;
    } words[] = { { "fail", DB_CORRECT_FAIL },
                  { "pass", DB_CORRECT_PASS },
                  { "interrupted", DB_CORRECT_INTERRUPTED } };
    *to = DB_CORRECT_NOTE;
    if (!text)
        return true;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(words[i].word, text) == 0) {
            *to = words[i].to;
            return true;
        }
    }
    err_set(e, ERR_USAGE, "'%.40s' is no verdict of a correction", text);
    return err_hint(e, "Give fail, pass or interrupted; without --verdict it is a note.");
}

static bool correct_run(const struct db_correction *wanted, const char *verdict,
                        const char *db_path, struct err *e)
{
    struct db_station here;
    struct actor who;
    struct db_correction k = *wanted;
    if (!k.reason) {
        err_set(e, ERR_USAGE, "A correction needs the name of a person and a reason");
        return err_hint(e, "Give --operator NAME and --reason WHY.");
    }
    if (!db_station_here(&here, e) ||
        !person_is_engineer(NULL, k.operator_name, "correct a run", &who, e))
        return false;
    struct db_act act = person_act(&who, "correct", &here);
    act.run_id = k.run_id;
    act.text = verdict;
    act.reason = k.reason;
    k.operator_name = who.name;
    k.host = here.host;
    k.utc_ms = act.utc_ms;
    k.act = &act;
    struct db *db = db_open_existing(db_path, DB_BUSY_MS, e);
    bool ok = db && db_correct(db, &k, e);
    db_close(db);
    return ok;
}

static enum exit_status correct(int argc, char **argv)
{
    struct db_correction k = { .to = DB_CORRECT_NOTE };
    const char *run, *verdict = NULL, *db_path = DEFAULT_DB;
    const struct option_row rows[] = {
        { "--verdict", "WORD",
          "fail: takes a PASS back; pass: undoes that; interrupted: ends an "
          "open run whose station is gone",
          NULL, &verdict, NULL },
        { "--operator", "NAME", "who says so; without, a badge is asked for", NULL,
          &k.operator_name, NULL },
        { "--reason", "TEXT", "why; needed", NULL, &k.reason, NULL },
        OPTION_DB(&db_path),
    };
    enum exit_status status;
    struct err e = { 0 };
    size_t count;
    if (!cmd_parse(&cmd_correct, rows, sizeof rows / sizeof rows[0], argc, argv, &run, 1, &count,
                   &status))
        return status;
    if (!cmd_one_argument(&cmd_correct, "the number of a run", count))
        return EXIT_USAGE;
    if (!parse_run(run, &k.run_id, &e) || !parse_verdict(verdict, &k.to, &e) ||
        !correct_run(&k, verdict, db_path, &e))
        cmd_print_err(&e);
    else
        printf("Recorded. The run itself stays as it was; see: espstation history MAC\n");
    return cmd_status_of(&e);
}

const struct cmd cmd_correct = { "correct", "RUN [options]",
                                 "Corrects a run by a new row with name and reason.", correct };
