/* espstation backup: a proved copy of the record, while stations write on. */
#include "station/cli/option_rows.h"

#include "db/proof/audit.h"

#include <inttypes.h>
#include <stdio.h>

static enum exit_status backup(int argc, char **argv)
{
    const char *path, *db_path = DEFAULT_DB;
    const struct option_row rows[] = {
        OPTION_DB(&db_path),
    };
    enum exit_status status;
    struct err e = { 0 };
    struct db_audit a = { .links = 0 };
    size_t count;
    if (!cmd_parse(&cmd_backup, rows, sizeof rows / sizeof rows[0], argc, argv, &path, 1, &count,
                   &status))
        return status;
    if (!cmd_one_argument(&cmd_backup, "the name of the copy", count))
        return EXIT_USAGE;
    struct db *db = db_open_reader(db_path, DB_BUSY_MS, &e);
    bool ok = db && db_backup(db, path, &a, &e);
    db_close(db);
    if (!ok) {
        cmd_print_err(&e);
        return cmd_status_of(&e);
    }
    cmd_tell("%s holds %" PRId64 " closed runs up to link %" PRId64 "; its pages and its chain "
             "were checked.",
             path, a.runs, a.links);
    if (a.findings > 0)
        printf("THE RECORD WAS ALTERED: %" PRId64 " finding%s. To see them: espstation audit\n",
               a.findings, a.findings == 1 ? "" : "s");
    return a.findings > 0 ? EXIT_BOARD : EXIT_PASSED;
}

const struct cmd cmd_backup = { "backup", "FILE [options]",
                                "Copies the record while stations write, and proves the copy.",
                                backup };
