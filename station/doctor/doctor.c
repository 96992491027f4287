#include "station/doctor/doctor_priv.h"

#include "core/base/clock.h"
#include "core/base/plain.h"
#include "core/loader/stub.h"

#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <sys/vfs.h>
#include <unistd.h>

static const struct {
    const char *word;
    doctor_check_fn *run;
} checks[] = {
    { "user", doctor_check_user },     { "group", doctor_check_group },
    { "ports", doctor_check_ports },   { "modemmanager", doctor_check_modem },
    { "brltty", doctor_check_brltty }, { "latency", doctor_check_latency },
    { "hubs", doctor_check_hubs },     { "usb-sleep", doctor_check_sleep },
    { "files", doctor_check_files },   { "disk", doctor_check_disk },
    { "clock", doctor_check_clock },   { "record", doctor_check_record },
    { "stubs", doctor_check_stubs },
};

const char *doctor_grade_word(enum doctor_grade grade)
{
    static const char *const words[] = { "ok", "warning", "wrong" };
    return words[grade];
}

void doctor_say(struct doctor_voice *v, enum doctor_grade grade, const char *cure, const char *fmt,
                ...)
{
    struct doctor_line line = { .grade = grade, .check = v->check };
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(line.sentence, sizeof line.sentence, fmt, ap);
    va_end(ap);
    snprintf(line.cure, sizeof line.cure, "%s", cure ? cure : "");
    plain_make(line.sentence);
    plain_make(line.cure);
    if (grade > v->worst)
        v->worst = grade;
    v->sink->line(v->sink->ctx, &line);
}

enum doctor_grade doctor_examine(const struct doctor_world *w, const struct doctor_sink *sink)
{
    struct doctor_voice v = { .sink = sink };
    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++) {
        v.check = checks[i].word;
        checks[i].run(w, &v);
    }
    return v.worst;
}

/* ---- This machine ---- */

static void look_at_user(struct doctor_world *w)
{
    struct passwd row, *found = NULL;
    char buf[4096];
    w->uid = geteuid();
    if (getpwuid_r(w->uid, &row, buf, sizeof buf, &found) == 0 && found)
        snprintf(w->user, sizeof w->user, "%s", found->pw_name);
    else
        snprintf(w->user, sizeof w->user, "%lu", (unsigned long)w->uid);
    int n = getgroups(DOCTOR_GROUPS_MAX - 1, w->groups);
    w->group_count = n > 0 ? (size_t)n : 0;
    w->groups[w->group_count++] = getegid();
}

/* The kernel calls a clock unsynchronised until something like NTP has said how good it is. */
static void look_at_clock(struct doctor_world *w)
{
    struct timex t = { .modes = 0 };
    w->utc_ms = clock_system.utc_ms(&clock_system);
    int state = adjtimex(&t);
    if (state >= 0)
        w->sync = state == TIME_ERROR || (t.status & STA_UNSYNC) ? DOCTOR_SYNC_NO : DOCTOR_SYNC_YES;
}

static void look_at_disk(struct doctor_world *w)
{
    char folder[4096];
    struct statvfs space;
    struct statfs kind;
    const char *slash = strrchr(w->db_path, '/');
    if (slash)
        snprintf(folder, sizeof folder, "%.*s", slash == w->db_path ? 1 : (int)(slash - w->db_path),
                 w->db_path);
    else
        snprintf(folder, sizeof folder, ".");
    w->disk_known = statvfs(folder, &space) == 0 && statfs(folder, &kind) == 0;
    if (!w->disk_known)
        return;
    w->disk_free_bytes = (uint64_t)space.f_bavail * space.f_frsize;
    w->disk_full_of_files = space.f_files > 0 && space.f_favail == 0;
    w->disk_type = (int64_t)(uint32_t)kind.f_type;
}

void doctor_look(struct doctor_world *w, const char *db_path)
{
    struct rlimit files;
    struct err ignored = { 0 };
    *w = (struct doctor_world){ .root = "", .db_path = db_path };
    look_at_user(w);
    look_at_clock(w);
    look_at_disk(w);
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        w->files_soft = files.rlim_cur;
        w->files_hard = files.rlim_max;
    }
    struct stub_set *stubs = stub_set_new(NULL, &ignored);
    w->stubs = stubs ? stub_set_count(stubs) : 0;
    stub_set_free(stubs);
}
