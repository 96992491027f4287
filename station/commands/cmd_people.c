/* espstation people: who works at the station, in which role, and with which PIN or badge. */
#include "station/cli/actions.h"
#include "station/cli/ask.h"
#include "station/cli/option_rows.h"
#include "station/cli/person.h"
#include "station/cli/print_mistakes.h"
#include "station/cli/station_find.h"

#include "core/base/clock.h"
#include "recipes/people/people_file.h"
#include "station/base/json.h"
#include "station/people/secret.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct people_options {
    const char *name; /* NULL: none given */
    const char *role, *operator_name, *station_path, *people_path;
    bool badge, json;
};

/* ---- The file ---- */

/* The caller frees *path. */
static bool find_file(const struct people_options *o, char **path, struct err *e)
{
    struct station *station = NULL;
    *path = NULL;
    if (!o->people_path && !station_find_load(o->station_path, &station, e))
        return false;
    const char *const found = o->people_path ? o->people_path
                              : station      ? station->people_path
                                             : NULL;
    if (found)
        *path = strdup(found);
    station_free(station);
    if (*path)
        return true;
    if (found)
        return err_set(e, ERR_STATION, "Out of memory");
    err_set(e, ERR_USAGE, "There is no people file");
    return err_hint(e, "Name it with --people FILE, or write people: people.yaml in the station "
                       "file.");
}

static bool is_there(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 || errno != ENOENT;
}

/* Who changes a people file is in it already, but for the first. */
static bool prove(const struct people_options *o, const char *path, const char *what,
                  const char *own_name, struct actor *who, struct err *e)
{
    if (!is_there(path)) {
        *who = (struct actor){ .role = ROLE_ENGINEER };
        snprintf(who->name, sizeof who->name, "%s", o->name);
        return true;
    }
    struct people *const people = people_load(path, &clock_system, e);
    bool ok = people && person_ask(people, o->operator_name ? o->operator_name : own_name, who, e);
    if (ok && !(own_name && strcasecmp(who->name, own_name) == 0))
        ok = actor_is_engineer(who, what, e);
    people_free(people);
    return ok;
}

/* ---- New PINs and badges ---- */

static bool ask_new(const struct people_options *o, char secret[static ASK_CAP], struct err *e)
{
    char again[ASK_CAP] = "", question[ACTOR_NAME_BYTES + 32];
    const char *const what = o->badge ? "badge" : "PIN";
    snprintf(question, sizeof question, "New %s of %.64s", what, o->name);
    bool ok = ask_secret(question, secret, e) && secret_is_usable(what, secret, e);
    if (ok && !o->badge) {
        ok = ask_secret("The same PIN again", again, e);
        if (ok && strcmp(secret, again) != 0)
            ok = err_set(e, ERR_USAGE, "The two PINs differ; nothing was changed");
    }
    secret_wipe(again, sizeof again);
    return ok;
}

static bool parse_role(const char *text, enum role *role, struct err *e)
{
    for (*role = ROLE_OPERATOR; *role < ROLE_COUNT; (*role)++) {
        if (text && strcmp(text, role_word(*role)) == 0)
            return true;
    }
    err_set(e, ERR_USAGE, text ? "'%.40s' is no role" : "A role is missing%s", text ? text : "");
    return err_hint(e, "Give --role operator, --role engineer or --role auditor.");
}

/* The change as the record has it: "Bob, operator". */
static bool record(const struct people_options *o, const struct actor *who, const char *word,
                   const char *role, struct err *e)
{
    char text[ACTOR_NAME_BYTES + 32];
    snprintf(text, sizeof text, "%.64s%s%s", o->name, role ? ", " : "", role ? role : "");
    return person_record(o->station_path, who, word, text, e);
}

static bool do_add(void *ctx, struct people_file *file, struct err *e)
{
    return people_add(file, ctx, e);
}

static bool add(const struct people_options *o, const char *path, struct err *e)
{
    char secret[ASK_CAP] = "";
    struct people_new person = { .name = o->name };
    struct actor who;
    bool ok = parse_role(o->role, &person.role, e) && prove(o, path, "add people", NULL, &who, e) &&
              ask_new(o, secret, e) && record(o, &who, "people-add", role_word(person.role), e);
    *(o->badge ? &person.badge : &person.pin) = secret;
    ok = ok && people_edit(path, &clock_system, do_add, &person, e);
    secret_wipe(secret, sizeof secret);
    if (ok)
        cmd_tell("%s is in %s as %s, with a %s.", o->name, path, role_word(person.role),
                 o->badge ? "badge" : "PIN");
    return ok;
}

static bool do_pin(void *ctx, struct people_file *file, struct err *e)
{
    const struct people_new *const person = ctx;
    return people_set_secret(file, person->name, person->pin, person->badge, e);
}

static bool pin(const struct people_options *o, const char *path, struct err *e)
{
    char secret[ASK_CAP] = "";
    struct people_new person = { .name = o->name };
    struct actor who;
    bool ok = prove(o, path, "give somebody a new PIN or badge", o->name, &who, e) &&
              ask_new(o, secret, e) && record(o, &who, "people-pin", NULL, e);
    *(o->badge ? &person.badge : &person.pin) = secret;
    ok = ok && people_edit(path, &clock_system, do_pin, &person, e);
    secret_wipe(secret, sizeof secret);
    if (ok)
        cmd_tell("%s has a new %s.", o->name, o->badge ? "badge" : "PIN");
    return ok;
}

static bool do_remove(void *ctx, struct people_file *file, struct err *e)
{
    return people_remove(file, ctx, e);
}

static bool take_away(const struct people_options *o, const char *path, struct err *e)
{
    char name[ACTOR_NAME_BYTES];
    struct actor who;
    snprintf(name, sizeof name, "%s", o->name);
    if (!prove(o, path, "remove people", NULL, &who, e) ||
        !record(o, &who, "people-remove", NULL, e) ||
        !people_edit(path, &clock_system, do_remove, name, e))
        return false;
    cmd_tell("%s cannot log in any more. What the record says of %s stays.", name, name);
    return true;
}

/* ---- Looking ---- */

static void print_person(const struct person *person, bool json)
{
    const char *const role = role_word((enum role)(person->role + ROLE_OPERATOR));
    if (!json) {
        cmd_tell("%-9s %-6s %-6s %s", role, person->pin ? "PIN" : "", person->badge ? "badge" : "",
                 person->name);
        return;
    }
    struct json_object o;
    json_begin(&o, stdout);
    json_text(&o, "name", person->name);
    json_text(&o, "role", role);
    json_bool(&o, "pin", person->pin != NULL);
    json_bool(&o, "badge", person->badge != NULL);
    json_end(&o);
}

static bool list(const struct people_options *o, const char *path, struct err *e)
{
    struct people_file *file = NULL;
    struct doc_report *const report = malloc(sizeof *report);
    if (!report)
        return err_set(e, ERR_STATION, "Out of memory");
    const bool ok = people_file_load(path, &file, report, e);
    if (report->total > 1)
        print_mistakes(path, report);
    for (size_t i = 0; ok && i < file->count; i++)
        print_person(&file->people[i], o->json);
    people_file_free(file);
    free(report);
    return ok;
}

/* Whether a PIN or badge is known, and whose it is. */
static bool check(const struct people_options *o, const char *path, struct err *e)
{
    struct actor actor;
    struct people *const people = people_load(path, &clock_system, e);
    const bool ok = people && person_ask(people, o->name, &actor, e);
    if (ok)
        cmd_tell("%s, %s", actor.name, role_word(actor.role));
    people_free(people);
    return ok;
}

/* ---- The command ---- */

static const struct action {
    struct action_word word;
    bool (*run)(const struct people_options *o, const char *path, struct err *e);
} actions[] = {
    { { "add", 1, "a name" }, add },          { { "list", 0, NULL }, list },
    { { "remove", 1, "a name" }, take_away }, { { "pin", 1, "a name" }, pin },
    { { "check", 1, NULL }, check },
};

static enum exit_status people(int argc, char **argv)
{
    struct people_options o = { .name = NULL };
    const struct option_row rows[] = {
        { "--role", "ROLE", "operator, engineer or auditor, for add", NULL, &o.role, NULL },
        { "--badge", NULL, "a badge instead of a PIN, for add and pin", &o.badge, NULL, NULL },
        { "--operator", "NAME", "the engineer who does it; without, a badge is asked for", NULL,
          &o.operator_name, NULL },
        { "--people", "FILE", "the people file; default: that of the station file", NULL,
          &o.people_path, NULL },
        OPTION_STATION(&o.station_path),
        OPTION_JSON(&o.json),
    };
    const char *args[2];
    char *path = NULL;
    struct err e = { 0 };
    enum exit_status status;
    size_t count;
    if (!cmd_parse(&cmd_people, rows, sizeof rows / sizeof rows[0], argc, argv, args, 2, &count,
                   &status))
        return status;
    const struct action *const action = ACTION_OF("people", actions, args, count, &e);
    o.name = count > 1 ? args[1] : NULL;
    if (!action || !find_file(&o, &path, &e) || !action->run(&o, path, &e))
        cmd_print_err(&e);
    free(path);
    return cmd_status_of(&e);
}

const struct cmd cmd_people = { "people", "add|list|remove|pin|check [NAME]",
                                "Who works here, in which role, with which PIN or badge.", people };
