/* The record: where it lies, whether it is sound, who has it open. */
#include "station/doctor/doctor_priv.h"

#include "core/ports/port_holder.h"
#include "db/read/health.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- The disk ---- */

/* Locks and the write-ahead log need one machine's memory behind them. Numbers of statfs(2), which
 * has no header that names all of them. */
static const char *network_disk(int64_t type)
{
    static const struct {
        int64_t type;
        const char *name;
    } disks[] = {
        { 0x6969, "NFS" },       { 0x517B, "SMB" },      { 0xFF534D42, "SMB (cifs)" },
        { 0xFE534D42, "SMB2" },  { 0x01021997, "9P" },   { 0x65735546, "FUSE (as sshfs)" },
        { 0x564C, "NCP" },       { 0x00C36400, "Ceph" }, { 0x5346414F, "AFS" },
        { 0x7461636F, "OCFS2" }, { 0x01161970, "GFS2" },
    };
    for (size_t i = 0; i < sizeof disks / sizeof disks[0]; i++) {
        if (disks[i].type == type)
            return disks[i].name;
    }
    return NULL;
}

/* ---- The file ---- */

static bool may_make_files(const char *db_path)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(db_path, '/');
    if (slash)
        snprintf(folder, sizeof folder, "%.*s", slash == db_path ? 1 : (int)(slash - db_path),
                 db_path);
    else
        snprintf(folder, sizeof folder, ".");
    return faccessat(AT_FDCWD, folder, W_OK | X_OK, AT_EACCESS) == 0;
}

static void say_holder(const char *db_path, struct doctor_voice *v)
{
    char path[PATH_MAX];
    struct port_holder holder;
    if (realpath(db_path, path) && port_holder_find(path, &holder) && holder.pid != getpid())
        doctor_say(v, DOCTOR_OK, NULL,
                   "%s (pid %ld) has the record open; two stations may share it", holder.program,
                   (long)holder.pid);
}

/* Later than the clock: whichever of the two is wrong, rows would no longer stand in order. */
static void say_sound(const struct doctor_world *w, const struct db_health *health,
                      struct doctor_voice *v)
{
    char now[DB_UTC_CAP];
    db_utc_text(w->utc_ms, now);
    if (health->damage[0])
        doctor_say(v, DOCTOR_WRONG,
                   "Keep a copy and stop using it; to save its rows: sqlite3 FILE .recover",
                   "The record %s is damaged: %s", w->db_path, health->damage);
    else if (strcmp(now, health->newest_utc) < 0)
        doctor_say(v, DOCTOR_WRONG, "Set the clock: sudo timedatectl set-ntp true",
                   "The clock (%s) is behind the newest run of the record %s (%s)", now, w->db_path,
                   health->newest_utc);
    else
        doctor_say(v, DOCTOR_OK, NULL, "The record %s is sound; its newest run: %s", w->db_path,
                   health->newest_utc[0] ? health->newest_utc : "none");
}

static void examine_file(const struct doctor_world *w, struct doctor_voice *v)
{
    struct err e = { 0 };
    struct db_health health;
    if (db_is_older(w->db_path)) {
        doctor_say(v, DOCTOR_OK, NULL,
                   "The record %s is of an older espstation; the next run brings it up to date",
                   w->db_path);
        return;
    }
    struct db *db = db_open_reader(w->db_path, DB_BUSY_MS, &e);
    bool ok = db && db_health(db, &health, &e);
    db_close(db);
    if (ok)
        say_sound(w, &health, v);
    else
        doctor_say(v, DOCTOR_WRONG, e.hint, "%s", e.what);
    if (ok && faccessat(AT_FDCWD, w->db_path, W_OK, AT_EACCESS) != 0)
        doctor_say(v, DOCTOR_WRONG,
                   "Give yourself the right (see: ls -l), or give another --db FILE",
                   "%s may not write the record %s", w->user, w->db_path);
}

void doctor_check_record(const struct doctor_world *w, struct doctor_voice *v)
{
    struct stat st;
    const char *network = network_disk(w->disk_type);
    if (!w->disk_known)
        return; /* said by the check of the disk */
    if (network)
        doctor_say(v, DOCTOR_WRONG, "Put the record on a local disk, as in --db /var/lib/NAME.db",
                   "The record %s lies on a network disk (%s), where it cannot keep its log and "
                   "two stations could damage it",
                   w->db_path, network);
    if (!may_make_files(w->db_path))
        doctor_say(v, DOCTOR_WRONG, "Give yourself the folder (see: ls -ld), or another --db FILE",
                   "%s may not make files in the folder of the record %s", w->user, w->db_path);
    else if (stat(w->db_path, &st) != 0)
        doctor_say(v, DOCTOR_OK, NULL, "The record %s is not there yet; the first run makes it",
                   w->db_path);
    else
        examine_file(w, v);
    say_holder(w->db_path, v);
}
