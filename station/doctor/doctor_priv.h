/* Inside doctor*.c only: what the checks share. */
#ifndef STATION_DOCTOR_PRIV_H
#define STATION_DOCTOR_PRIV_H

#include "station/doctor/doctor.h"

/* What a check speaks into. */
struct doctor_voice {
    const char *check;
    const struct doctor_sink *sink;
    enum doctor_grade worst;
};

/* One line. The cure may be NULL; the sentence is made plain, for parts of it come from devices. */
void doctor_say(struct doctor_voice *v, enum doctor_grade grade, const char *cure, const char *fmt,
                ...) __attribute__((format(printf, 4, 5)));

/* ---- Files of the world ---- */

/* The first line of a file, its name made by `fmt`; false and "" if there is none. */
bool doctor_read(char *text, size_t cap, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The same as a number; `otherwise` if there is none. */
long doctor_number(long otherwise, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Hands over each name in a folder, in the order people count; until `take` gives false. A folder
 * that is not there has none. */
void doctor_each_name(const char *folder, bool (*take)(void *ctx, const char *name), void *ctx);

/* Whether a line of the file that is no comment (#) holds all `count` words. */
bool doctor_file_says(const char *path, const char *const *words, size_t count);

/* Puts ", name" behind a list; "..." once there is no more room. */
void doctor_add_name(char *list, size_t cap, const char *name);

/* ---- Adapters ---- */

#define DOCTOR_ADAPTERS_MAX 256

/* A serial port on USB. */
struct doctor_adapter {
    char tty[32];       /* ttyUSB0 */
    char path[512];     /* of its USB device in sysfs; "": not found */
    const char *device; /* the end of that: 1-2.3 */
    char hub_path[512]; /* of the hub it hangs on; a root hub is one too */
    long vid, pid;
};

struct doctor_adapters {
    struct doctor_adapter rows[DOCTOR_ADAPTERS_MAX];
    size_t count;
};

/* Looks once. The caller frees; NULL for want of memory. */
struct doctor_adapters *doctor_adapters_new(const struct doctor_world *w);

/* ---- The checks ---- */

typedef void doctor_check_fn(const struct doctor_world *w, struct doctor_voice *v);

doctor_check_fn doctor_check_user, doctor_check_group, doctor_check_ports, doctor_check_modem,
    doctor_check_brltty, doctor_check_latency, doctor_check_hubs, doctor_check_sleep,
    doctor_check_files, doctor_check_disk, doctor_check_clock, doctor_check_record,
    doctor_check_stubs;

#endif
