/* espstation recipe: the reference of all keys, from the table that checks them; and who signed. */
#include "station/cli/actions.h"
#include "station/cli/option_rows.h"
#include "station/cli/person.h"
#include "station/cli/signing.h"
#include "station/cli/station_find.h"

#include "core/base/clock.h"
#include "recipes/recipe.h"
#include "station/base/outfile.h"
#include "station/trust/trust.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct recipe_options {
    const char *path; /* of the recipe, or of a key */
    const char *key, *keys, *operator_name, *station_path, *stubs;
};

static bool print_line(void *ctx, const char *line)
{
    (void)ctx;
    return puts(line) >= 0;
}

/* ---- Signing ---- */

static bool write_sig(const char *recipe_path, const char *text, struct err *e)
{
    struct outfile out = OUTFILE_CLOSED;
    char *const path = trust_sig_path(recipe_path);
    bool ok = path ? outfile_open(&out, path, e) : err_set(e, ERR_STATION, "Out of memory");
    ok = ok && outfile_write(&out, text, strlen(text), e) && outfile_keep(&out, e);
    outfile_drop(&out);
    if (ok)
        cmd_tell("Signed: %s", path);
    free(path);
    return ok;
}

static bool sign(const struct recipe_options *o, struct err *e)
{
    struct actor who;
    struct key *key = NULL;
    char *text = NULL;
    struct job *const job = cmd_load_job(o->path, o->stubs, e);
    const bool ok =
        job && person_is_engineer(o->station_path, o->operator_name, "sign a recipe", &who, e) &&
        (key = signing_open(o->key, e)) != NULL &&
        (text = trust_sign(job, key, who.name, clock_system.utc_ms(&clock_system), e)) != NULL &&
        write_sig(o->path, text, e);
    if (ok)
        cmd_tell("By %s, with the key %s", who.name, key_public(key));
    free(text);
    key_free(key);
    job_free(job);
    return ok;
}

/* ---- Keys ---- */

/* The caller frees *path; NULL: none is named. */
static bool find_keys(const struct recipe_options *o, char **path, struct err *e)
{
    struct station *station = NULL;
    *path = NULL;
    if (!o->keys && !station_find_load(o->station_path, &station, e))
        return false;
    const char *const found = o->keys ? o->keys : station ? station->recipe_keys_path : NULL;
    if (found)
        *path = strdup(found);
    station_free(station);
    return !found || *path || err_set(e, ERR_STATION, "Out of memory");
}

static bool add_key(const struct recipe_options *o, const char *keys, struct err *e)
{
    char pem[4096], public_key[KEY_PUBLIC_CAP];
    struct actor who;
    if (!signing_read_file(o->path, pem, sizeof pem, e) ||
        !key_read_public(pem, strlen(pem), public_key, e) ||
        !person_is_engineer(o->station_path, o->operator_name, "trust a key", &who, e) ||
        !person_record(o->station_path, &who, "trust-key", public_key, e) ||
        !trust_add_key(keys, public_key, who.name, &clock_system, e))
        return false;
    cmd_tell("%s has the key %s, added by %s.", keys, public_key, who.name);
    return true;
}

static bool trust(const struct recipe_options *o, struct err *e)
{
    char *keys;
    if (!find_keys(o, &keys, e))
        return false;
    const bool ok = keys ? add_key(o, keys, e)
                         : err_set(e, ERR_USAGE, "The station file names no file of keys");
    if (!keys)
        err_hint(e, "Write recipes: { only_signed_by: recipe-keys } in the station file, or give "
                    "--keys FILE.");
    free(keys);
    return ok;
}

/* ---- Looking ---- */

static bool tell_trust(const char *keys, const struct trust_said *said, struct err *e)
{
    char name[TRUST_NAME_BYTES];
    bool has;
    if (!keys) {
        cmd_tell("This station takes any recipe, signed or not.");
        return true;
    }
    if (!trust_has_key(keys, said->public_key, &has, name, e))
        return false;
    if (has) {
        cmd_tell("This station trusts that key; %s added it.", name);
        return true;
    }
    err_set(e, ERR_RECIPE, "This station does not trust that key");
    return err_hint(e, "An engineer adds it: espstation recipe trust KEY.pub");
}

static bool show(const struct recipe_options *o, struct err *e)
{
    struct trust_said said;
    char *keys = NULL;
    struct job *const job = cmd_load_job(o->path, o->stubs, e);
    bool ok = job && find_keys(o, &keys, e) && trust_read(job, &said, e);
    if (ok) {
        cmd_tell("Signed by %s at %s, with the key %s", said.by, said.made_utc, said.public_key);
        cmd_tell("Recipe and %zu image%s are as they were signed.", job_image_count(job),
                 job_image_count(job) == 1 ? "" : "s");
        ok = tell_trust(keys, &said, e);
    }
    free(keys);
    job_free(job);
    return ok;
}

/* ---- The command ---- */

static const struct action {
    struct action_word word;
    bool (*run)(const struct recipe_options *o, struct err *e);
} actions[] = {
    { { "sign", 1, "a recipe" }, sign },
    { { "trust", 1, "the public half of a key" }, trust },
    { { "show", 1, "a recipe" }, show },
};

static enum exit_status obey(const char *const *args, size_t count, struct recipe_options *o)
{
    struct err e = { 0 };
    const struct action *const action = ACTION_OF("recipe", actions, args, count, &e);
    o->path = count > 1 ? args[1] : NULL;
    if (!action || !action->run(o, &e))
        cmd_print_err(&e);
    return cmd_status_of(&e);
}

static enum exit_status recipe(int argc, char **argv)
{
    bool markdown = false;
    struct recipe_options o = { .path = NULL };
    const struct option_row rows[] = {
        { "--markdown", NULL, "all keys as a page for the documentation", &markdown, NULL, NULL },
        { "--key", "FILE", "sign: the key; default ~/.config/espstation", NULL, &o.key, NULL },
        { "--keys", "FILE", "trust, show: the file of keys; default: that of the station file",
          NULL, &o.keys, NULL },
        { "--operator", "NAME", "sign, trust: who does it", NULL, &o.operator_name, NULL },
        OPTION_STATION(&o.station_path),
        OPTION_STUBS(&o.stubs),
    };
    const char *args[2];
    enum exit_status status = EXIT_PASSED;
    size_t count;
    if (argc == 2 && strcmp(argv[1], "--help") == 0)
        argc = 1; /* the reference is this command's help */
    if (!cmd_parse(&cmd_recipe, rows, sizeof rows / sizeof rows[0], argc, argv, args, 2, &count,
                   &status))
        return status;
    if (count > 0)
        return obey(args, count, &o);
    recipe_help(markdown ? DOC_HELP_MARKDOWN : DOC_HELP_PLAIN, print_line, NULL);
    return EXIT_PASSED;
}

const struct cmd cmd_recipe = { "recipe", "[sign|trust|show FILE]",
                                "Explains every key of a recipe; signs one, shows who did.",
                                recipe };
