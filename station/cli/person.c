#include "station/cli/person.h"

#include "station/cli/ask.h"
#include "station/cli/cmd.h"
#include "station/cli/station_find.h"
#include "station/people/secret.h"

#include <stdio.h>
#include <unistd.h>

bool person_people(const char *station_given, struct people **out, struct err *e)
{
    struct station *station;
    *out = NULL;
    if (!station_find_load(station_given, &station, e))
        return false;
    bool ok = true;
    if (station && station->people_path)
        ok = (*out = people_load(station->people_path, &clock_system, e)) != NULL;
    station_free(station);
    return ok;
}

static bool ask(const char *name, char answer[static ASK_CAP], struct err *e)
{
    char question[ACTOR_NAME_BYTES + 16];
    snprintf(question, sizeof question, name ? "PIN of %.64s" : "Badge%s", name ? name : "");
    return ask_secret(question, answer, e);
}

static bool log_in(struct people *people, const char *name, char answer[static ASK_CAP],
                   struct actor *actor, struct err *e)
{
    const bool ok = name ? people_log_in(people, name, answer, actor, e)
                         : people_log_in_badge(people, answer, actor, e);
    secret_wipe(answer, ASK_CAP);
    return ok;
}

bool person_ask(struct people *people, const char *name, struct actor *actor, struct err *e)
{
    char answer[ASK_CAP];
    *actor = (struct actor){ .role = ROLE_NOBODY };
    if (!people) {
        people_find(NULL, name ? name : "", actor);
        return true;
    }
    for (int tries = ask_is_terminal() ? 3 : 1; ask(name, answer, e); tries--) {
        struct err failed = { 0 };
        if (log_in(people, name, answer, actor, &failed))
            return true;
        if (tries == 1) {
            *e = failed;
            return false;
        }
        cmd_print_err(&failed);
    }
    return false;
}

static bool is_named(const struct actor *actor, const char *what, struct err *e)
{
    if (actor->name[0] != '\0')
        return true;
    err_set(e, ERR_USAGE, "To %s is somebody's decision, and nobody has said who it is", what);
    return err_hint(e, "Give --operator NAME.");
}

bool person_is_engineer(const char *station_given, const char *name, const char *what,
                        struct actor *actor, struct err *e)
{
    struct people *people;
    if (!person_people(station_given, &people, e))
        return false;
    const bool ok = person_ask(people, name, actor, e) &&
                    (people ? actor_is_engineer(actor, what, e) : is_named(actor, what, e));
    people_free(people);
    return ok;
}

struct db_act person_act(const struct actor *actor, const char *word, const struct db_station *here)
{
    return (struct db_act){ .word = word,
                            .person = actor->name,
                            .role = role_word(actor->role),
                            .proved = actor->proved,
                            .host = here->host,
                            .utc_ms = clock_system.utc_ms(&clock_system) };
}

static bool record_in(const char *path, const struct actor *actor, const char *word,
                      const char *text, struct err *e)
{
    struct db_station here;
    if (!db_station_here(&here, e))
        return false;
    struct db_act act = person_act(actor, word, &here);
    act.text = text;
    struct db *const db = db_open_existing(path, DB_BUSY_MS, e);
    const bool ok = db && db_act_add(db, &act, e);
    db_close(db);
    return ok;
}

bool person_record(const char *station_given, const struct actor *actor, const char *word,
                   const char *text, struct err *e)
{
    struct station *station;
    if (!station_find_load(station_given, &station, e))
        return false;
    const char *const path = station ? station->record_path : NULL;
    /* A station that has flashed nothing yet has no record. */
    const bool ok = !path || access(path, F_OK) != 0 || record_in(path, actor, word, text, e);
    station_free(station);
    return ok;
}
