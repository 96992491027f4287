/* The machine: open files, disk, clock, what is built in. */
#include "station/base/limits.h"
#include "station/doctor/doctor_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define MANY_SLOTS 64 /* a large fixture */

/* ---- Open files ---- */

static void say_files(const struct doctor_world *w, size_t slots, enum doctor_grade grade,
                      struct doctor_voice *v)
{
    doctor_say(v, grade, "sudo prlimit --pid $$ --nofile=4096:4096   for this shell",
               "%llu files may be open, and %zu boards at once need %zu",
               (unsigned long long)w->files_hard, slots, limits_files_for(slots));
}

/* The hard limit alone counts: a run raises the soft one to it. */
void doctor_check_files(const struct doctor_world *w, struct doctor_voice *v)
{
    struct doctor_adapters *adapters = doctor_adapters_new(w);
    size_t slots = adapters && adapters->count > 0 ? adapters->count : 1;
    free(adapters);
    if (w->files_hard < limits_files_for(slots))
        say_files(w, slots, DOCTOR_WRONG, v);
    else if (w->files_hard < limits_files_for(MANY_SLOTS))
        say_files(w, MANY_SLOTS, DOCTOR_WARNING, v);
    else
        doctor_say(v, DOCTOR_OK, NULL, "Files enough may be open for %d boards at once",
                   MANY_SLOTS);
}

/* ---- Disk ---- */

#define MB                 (1024.0 * 1024.0)
#define DISK_WRONG_BYTES   (16u << 20)
#define DISK_WARNING_BYTES (512u << 20)

void doctor_check_disk(const struct doctor_world *w, struct doctor_voice *v)
{
    static const char cure[] = "Make room there; to see what takes it: du -xh / | sort -h | tail";
    double free_mb = (double)w->disk_free_bytes / MB;
    if (!w->disk_known)
        doctor_say(v, DOCTOR_WRONG, "Make the folder first (mkdir -p), or give another --db FILE",
                   "There is no disk below the record %s: its folder does not exist", w->db_path);
    else if (w->disk_full_of_files)
        doctor_say(v, DOCTOR_WRONG, "Remove files there; to count them: df -i .",
                   "The disk of the record holds as many files as it can");
    else if (w->disk_free_bytes < DISK_WRONG_BYTES)
        doctor_say(v, DOCTOR_WRONG, cure, "The disk of the record has only %.1f MB left", free_mb);
    else if (w->disk_free_bytes < DISK_WARNING_BYTES)
        doctor_say(v, DOCTOR_WARNING, cure, "The disk of the record has %.0f MB left", free_mb);
    else
        doctor_say(v, DOCTOR_OK, NULL, "The disk of the record has %.1f GB left", free_mb / 1024);
}

/* ---- Clock ---- */

#define FIRST_SANE_YEAR 2025
#define LAST_SANE_YEAR  2099

void doctor_check_clock(const struct doctor_world *w, struct doctor_voice *v)
{
    char text[40] = "no date at all";
    struct tm tm = { 0 };
    time_t seconds = (time_t)(w->utc_ms / 1000);
    if (gmtime_r(&seconds, &tm))
        strftime(text, sizeof text, "%Y-%m-%d %H:%M UTC", &tm);
    int year = tm.tm_year + 1900;
    if (year < FIRST_SANE_YEAR || year > LAST_SANE_YEAR)
        doctor_say(v, DOCTOR_WRONG,
                   "sudo timedatectl set-ntp true   or by hand: sudo date -u -s 'YYYY-MM-DD HH:MM'",
                   "The clock shows %s, and every row of the record would say so", text);
    else if (w->sync == DOCTOR_SYNC_NO)
        doctor_say(v, DOCTOR_WARNING,
                   "sudo timedatectl set-ntp true   to see whether it works: timedatectl",
                   "The clock shows %s and is not synchronised: times in the record drift with it",
                   text);
    else
        doctor_say(v, DOCTOR_OK, NULL, "The clock shows %s%s", text,
                   w->sync == DOCTOR_SYNC_YES ? " and is synchronised" : "");
}

/* ---- Stubs ---- */

void doctor_check_stubs(const struct doctor_world *w, struct doctor_voice *v)
{
    if (w->stubs > 0)
        doctor_say(v, DOCTOR_OK, NULL, "%zu flasher stubs are built in", w->stubs);
    else
        doctor_say(v, DOCTOR_WARNING, "make deps && make",
                   "espstation was built without flasher stubs: the ROM loaders are slower, and "
                   "the ESP8266's cannot prove what it wrote");
}
