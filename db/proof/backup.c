/* A copy of the record that was asked for: it gets its name only when it passes the audit. */
#include "db/proof/audit.h"

#include "db/store/connect.h"
#include "db/store/copy.h"
#include "db/store/handle.h"
#include "db/store/turn.h"

static bool audit_part(const char *part, void *ctx, struct err *e)
{
    struct db_audit *audit = ctx;
    const struct db_audit_setup setup = { 0 };
    struct db *copy = db_open_reader(part, DB_BUSY_MS, e);
    const bool ok = copy && db_audit(copy, &setup, audit, e);
    db_close(copy);
    return ok;
}

bool db_backup(struct db *reader, const char *path, struct db_audit *audit, struct err *e)
{
    if (!db_enter(reader, e))
        return false;
    const bool ok = copy_to(reader->sql, reader->path, path, audit_part, audit, e);
    db_leave(reader);
    return ok && db_still_the_same(reader, e);
}
