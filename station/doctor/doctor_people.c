/* Who runs the station: is it root, and may it open the ports? */
#include "station/doctor/doctor_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void doctor_check_user(const struct doctor_world *w, struct doctor_voice *v)
{
    if (w->uid == 0)
        doctor_say(v, DOCTOR_WARNING,
                   "Work as a user of your own in the group of the ports: "
                   "sudo usermod -aG dialout USER",
                   "The station runs as root, which nothing in it needs; a mistake then reaches "
                   "the whole machine");
    else
        doctor_say(v, DOCTOR_OK, NULL, "The station runs as %s, not as root", w->user);
}

/* ---- The group of the ports ---- */

/* A line of /etc/group: name:password:gid:member,member */
struct group_row {
    bool found;
    bool has_user; /* among the members; that may be so since the last login only */
    gid_t gid;
};

static bool has_member(const char *members, const char *user)
{
    size_t n = strlen(user);
    for (const char *at = members; *at;) {
        size_t length = strcspn(at, ",\n");
        if (length == n && strncmp(at, user, n) == 0)
            return true;
        at += length;
        at += *at != '\0';
    }
    return false;
}

static bool parse_group(char *line, const char *name, const char *user, struct group_row *row)
{
    char *password = strchr(line, ':');
    char *gid = password ? strchr(password + 1, ':') : NULL;
    char *members = gid ? strchr(gid + 1, ':') : NULL;
    char *end;
    if (!members)
        return false;
    *password = '\0';
    unsigned long number = strtoul(gid + 1, &end, 10);
    if (strcmp(line, name) != 0 || end != members)
        return false;
    *row = (struct group_row){ true, has_member(members + 1, user), (gid_t)number };
    return true;
}

static struct group_row find_group(const struct doctor_world *w, const char *name)
{
    struct group_row row = { .found = false };
    char path[600], *line = NULL;
    size_t cap = 0;
    snprintf(path, sizeof path, "%s/etc/group", w->root);
    FILE *f = fopen(path, "re");
    while (f && !row.found && getline(&line, &cap, f) >= 0)
        parse_group(line, name, w->user, &row);
    free(line);
    if (f)
        fclose(f);
    return row;
}

static bool is_in(const struct doctor_world *w, gid_t gid)
{
    for (size_t i = 0; i < w->group_count; i++) {
        if (w->groups[i] == gid)
            return true;
    }
    return false;
}

/* dialout on Debian and Ubuntu, uucp on Arch and others. */
void doctor_check_group(const struct doctor_world *w, struct doctor_voice *v)
{
    static const char *const names[] = { "dialout", "uucp" };
    char cure[160];
    if (w->uid == 0) {
        doctor_say(v, DOCTOR_OK, NULL, "root may open every serial port");
        return;
    }
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct group_row row = find_group(w, names[i]);
        if (!row.found)
            continue;
        snprintf(cure, sizeof cure, "sudo usermod -aG %s %s   then log out and in again", names[i],
                 w->user);
        if (is_in(w, row.gid))
            doctor_say(v, DOCTOR_OK, NULL, "%s is in the group %s and may open serial ports",
                       w->user, names[i]);
        else if (row.has_user)
            doctor_say(v, DOCTOR_WRONG,
                       names[i][0] == 'd' ? "Log out and in again; for one shell: newgrp dialout"
                                          : "Log out and in again; for one shell: newgrp uucp",
                       "%s is a member of the group %s, but logged in before that: this session "
                       "may not open serial ports yet",
                       w->user, names[i]);
        else
            doctor_say(v, DOCTOR_WRONG, cure,
                       "%s is not in the group %s and may not open serial ports", w->user,
                       names[i]);
        return;
    }
    doctor_say(v, DOCTOR_WARNING, "See which group the ports belong to: ls -l /dev/ttyUSB*",
               "There is no group dialout or uucp here, so whether %s may open serial ports is "
               "unknown",
               w->user);
}
