/* Programs that take serial ports nobody gave them. */
#include "station/doctor/doctor_priv.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

/* ---- Which programs run ---- */

struct process_search {
    const struct doctor_world *w;
    const char *program;
    long pid; /* 0: it does not run */
};

static bool take_process(void *ctx, const char *name)
{
    struct process_search *s = ctx;
    char comm[64];
    if (!isdigit((unsigned char)name[0]))
        return true;
    if (doctor_read(comm, sizeof comm, "%s/proc/%s/comm", s->w->root, name) &&
        strcmp(comm, s->program) == 0)
        s->pid = strtol(name, NULL, 10);
    return s->pid == 0;
}

static long find_process(const struct doctor_world *w, const char *program)
{
    char folder[600];
    struct process_search s = { w, program, 0 };
    snprintf(folder, sizeof folder, "%s/proc", w->root);
    doctor_each_name(folder, take_process, &s);
    return s.pid;
}

/* ---- Which rules udev has ---- */

struct rule_search {
    const char *folder;
    const char *const *words;
    size_t count;
    char file[300]; /* where the rule stands; "": nowhere */
};

static bool take_rules(void *ctx, const char *name)
{
    struct rule_search *s = ctx;
    char path[900];
    size_t n = strlen(name);
    if (n < 6 || strcmp(name + n - 6, ".rules") != 0)
        return true;
    snprintf(path, sizeof path, "%s/%s", s->folder, name);
    if (doctor_file_says(path, s->words, s->count))
        snprintf(s->file, sizeof s->file, "%s", name);
    return s->file[0] == '\0';
}

static bool find_rule(const struct doctor_world *w, const char *const *folders, size_t folder_count,
                      struct rule_search *s)
{
    char folder[600];
    s->folder = folder;
    s->file[0] = '\0';
    for (size_t i = 0; i < folder_count && s->file[0] == '\0'; i++) {
        snprintf(folder, sizeof folder, "%s/%s", w->root, folders[i]);
        doctor_each_name(folder, take_rules, s);
    }
    return s->file[0] != '\0';
}

/* ---- ModemManager ---- */

#define MM_CURE                                                                                    \
    "sudo systemctl disable --now ModemManager   or, to keep it: echo 'SUBSYSTEM==\"tty\", "       \
    "SUBSYSTEMS==\"usb\", ENV{ID_MM_DEVICE_IGNORE}=\"1\"' | sudo tee "                             \
    "/etc/udev/rules.d/60-espstation.rules && sudo udevadm control --reload   then plug the "      \
    "adapters in again"

static bool has_mark(const struct doctor_world *w, const char *device_number, const char *mark)
{
    char path[700];
    snprintf(path, sizeof path, "%s/run/udev/data/c%s", w->root, device_number);
    return doctor_file_says(path, &mark, 1);
}

/* What udev has noted: the truth, whatever rules there are. ModemManager looks at the USB device
 * and at the port itself. */
static bool is_marked(const struct doctor_world *w, const struct doctor_adapter *a)
{
    char port[32], device[32];
    return (doctor_read(port, sizeof port, "%s/sys/class/tty/%s/dev", w->root, a->tty) &&
            (has_mark(w, port, "E:ID_MM_DEVICE_IGNORE=1") ||
             has_mark(w, port, "E:ID_MM_PORT_IGNORE=1"))) ||
           (doctor_read(device, sizeof device, "%s/dev", a->path) &&
            has_mark(w, device, "E:ID_MM_DEVICE_IGNORE=1"));
}

static void say_unmarked(const struct doctor_world *w, const struct doctor_adapters *adapters,
                         long pid, struct doctor_voice *v)
{
    char unmarked[200] = "";
    for (size_t i = 0; i < adapters->count; i++) {
        if (!is_marked(w, &adapters->rows[i]))
            doctor_add_name(unmarked, sizeof unmarked, adapters->rows[i].tty);
    }
    if (unmarked[0])
        doctor_say(v, DOCTOR_WARNING, MM_CURE,
                   "ModemManager runs (pid %ld) and is not kept off %s: it may open a port just "
                   "when a board is flashed",
                   pid, unmarked);
    else
        doctor_say(v, DOCTOR_OK, NULL, "ModemManager runs, and udev keeps it off all %zu adapters",
                   adapters->count);
}

/* Rules that a person or the distribution of the station has written; those that come with
 * ModemManager itself name single devices. */
void doctor_check_modem(const struct doctor_world *w, struct doctor_voice *v)
{
    static const char *const folders[] = { "etc/udev/rules.d", "run/udev/rules.d" };
    static const char *const words[] = { "ID_MM_DEVICE_IGNORE}", "1" };
    struct rule_search rule = { .words = words, .count = COUNT_OF(words) };
    long pid = find_process(w, "ModemManager");
    struct doctor_adapters *adapters = doctor_adapters_new(w);
    bool has_rule = find_rule(w, folders, COUNT_OF(folders), &rule);
    if (pid == 0)
        doctor_say(v, DOCTOR_OK, NULL, "ModemManager does not run");
    else if (adapters && adapters->count > 0)
        say_unmarked(w, adapters, pid, v);
    else if (has_rule)
        doctor_say(v, DOCTOR_OK, NULL, "ModemManager runs (pid %ld), and %s keeps it off ports",
                   pid, rule.file);
    else
        doctor_say(v, DOCTOR_WARNING, MM_CURE,
                   "ModemManager runs (pid %ld), and no udev rule keeps it off new ports", pid);
    free(adapters);
}

/* ---- brltty ---- */

/* Its rule for the ids of the CH340, which a Braille display has too, takes every such adapter away
 * as soon as it is plugged in (Ubuntu 22.04 and others). */
void doctor_check_brltty(const struct doctor_world *w, struct doctor_voice *v)
{
    static const char *const folders[] = { "etc/udev/rules.d", "usr/lib/udev/rules.d",
                                           "lib/udev/rules.d" };
    static const char *const words[] = { "1a86/7523", "brltty" };
    struct rule_search rule = { .words = words, .count = COUNT_OF(words) };
    long pid = find_process(w, "brltty");
    if (find_rule(w, folders, COUNT_OF(folders), &rule))
        doctor_say(v, DOCTOR_WARNING,
                   "sudo apt-get remove brltty   then plug the adapters in again",
                   "brltty takes every CH340 adapter (1a86:7523) for a Braille display, by its "
                   "rules in %s",
                   rule.file);
    else if (pid != 0)
        doctor_say(v, DOCTOR_WARNING, "If nobody here needs Braille: sudo apt-get remove brltty",
                   "brltty runs (pid %ld) and may take adapters for Braille displays", pid);
    else
        doctor_say(v, DOCTOR_OK, NULL, "brltty takes no adapters");
}
