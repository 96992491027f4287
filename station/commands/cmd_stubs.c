/* espstation stubs: which flasher stubs there are, of which release, and how that was tried. */
#include "station/cli/option_rows.h"

#include "core/facts/chip.h"
#include "core/loader/stub_release.h"
#include "station/base/json.h"

#include <stdio.h>
#include <string.h>

#define SHOWN_DIGEST_LETTERS 16

/* A stub with all that is known about it. */
struct known_stub {
    const struct stub *stub;
    const struct chip *chip;            /* that it runs on; NULL: none is called so */
    const struct stub_release *release; /* NULL: not known */
    char digest[2 * DIGEST_SHA256_BYTES + 1];
};

static const struct chip *chip_of(const char *stub_name)
{
    for (size_t i = 0; i < chip_count(); i++) {
        const struct chip *c = chip_at(i);
        if (strcmp(c->id_name, stub_name) == 0 ||
            (c->stub_below && strcmp(c->stub_below, stub_name) == 0))
            return c;
    }
    return NULL;
}

static bool know(const struct stub *s, struct known_stub *k, struct err *e)
{
    uint8_t sha256[DIGEST_SHA256_BYTES];
    if (!stub_digest(s, sha256))
        return err_set(e, ERR_STATION, "Out of memory");
    *k = (struct known_stub){ .stub = s,
                              .chip = chip_of(s->name),
                              .release = stub_release_of(sha256) };
    digest_hex(sha256, sizeof sha256, k->digest);
    return true;
}

static uint32_t size_of(const struct stub *s)
{
    return s->text.size_bytes + s->data.size_bytes;
}

/* ---- For people ---- */

static const char *tried_text(const struct stub_release *r)
{
    if (!r || r->tried == 0)
        return "not tried";
    return r->tried & STUB_TRIED_CODE ? "virtual boards, own code" : "virtual boards";
}

static void print_line(const struct known_stub *k)
{
    cmd_tell("%-13s %-10s %-24s %-25s %6u  %.*s", k->stub->name, k->chip ? k->chip->name : "-",
             k->release ? k->release->version : "not known", tried_text(k->release),
             size_of(k->stub), SHOWN_DIGEST_LETTERS, k->digest);
    if (!k->chip)
        cmd_tell("    No chip is called so: this file is never used.");
}

/* What check and run refuse, who would use it. */
static void print_refused(const struct stub_set *set)
{
    for (size_t i = 0; i < stub_set_problem_count(set); i++) {
        const char *name = stub_set_problem_name(set, i);
        const struct chip *c = chip_of(name);
        cmd_tell("%-13s %-10s refused: its file cannot be used", name, c ? c->name : "-");
    }
}

static void print_missing(const struct stub_set *set)
{
    struct err refused;
    for (size_t i = 0; i < chip_count(); i++) {
        const struct chip *c = chip_at(i);
        if (!stub_set_find(set, c->id_name) && stub_set_check(set, c->id_name, &refused))
            cmd_tell("%-13s %-10s none: the ROM loader writes", c->id_name, c->name);
    }
}

static void print_end(const struct stub_set *set, size_t unknown)
{
    const char *folder = stub_set_folder(set);
    size_t count = stub_set_count(set);
    printf("\n");
    if (folder)
        cmd_tell("%zu flasher stub%s in '%s'.", count, count == 1 ? "" : "s", folder);
    else if (count > 0)
        cmd_tell("%zu flasher stubs are built in; another folder: --stubs DIR.", count);
    else
        cmd_tell("This espstation was built without flasher stubs; a folder: --stubs DIR.");
    if (unknown > 0)
        cmd_tell("%zu of them %s " CMD_STUB_UNKNOWN ".", unknown, unknown == 1 ? "is" : "are");
    printf("Tried: on virtual boards, which behave as the stub's source says; \"own code\": also "
           "the stub's\nmachine code itself, in an interpreter. None was tried on silicon by this "
           "project yet.\n");
}

/* ---- For programs ---- */

static void print_json(const struct known_stub *k, const char *folder)
{
    struct json_object o;
    json_begin(&o, stdout);
    json_text(&o, "stub", k->stub->name);
    json_text(&o, "chip", k->chip ? k->chip->id_name : NULL);
    json_text(&o, "file", k->stub->file);
    json_text(&o, "folder", folder);
    json_text(&o, "version", k->release ? k->release->version : NULL);
    json_open(&o, "tried", '[');
    if (k->release && (k->release->tried & STUB_TRIED_MODEL))
        json_text(&o, NULL, "virtual-boards");
    if (k->release && (k->release->tried & STUB_TRIED_CODE))
        json_text(&o, NULL, "own-code");
    json_close(&o, ']');
    json_integer(&o, "bytes", size_of(k->stub));
    json_text(&o, "sha256", k->digest);
    json_text(&o, "refused", NULL);
    json_end(&o);
}

/* `refused` says why check and run do not take it. */
static void print_refused_json(const struct stub_set *set)
{
    for (size_t i = 0; i < stub_set_problem_count(set); i++) {
        struct json_object o;
        const char *name = stub_set_problem_name(set, i);
        const struct chip *c = chip_of(name);
        json_begin(&o, stdout);
        json_text(&o, "stub", name);
        json_text(&o, "chip", c ? c->id_name : NULL);
        json_text(&o, "folder", stub_set_folder(set));
        json_text(&o, "refused", stub_set_problem(set, i)->what);
        json_end(&o);
    }
}

/* ---- The command ---- */

static bool print_stubs(const struct stub_set *set, bool json, struct err *e)
{
    size_t unknown = 0;
    if (!json)
        printf("%-13s %-10s %-24s %-25s %6s  %s\n", "stub", "chip", "release", "tried", "bytes",
               "sha256 of what is sent");
    for (size_t i = 0; i < stub_set_count(set); i++) {
        struct known_stub k;
        if (!know(stub_set_at(set, i), &k, e))
            return false;
        unknown += !k.release;
        if (json)
            print_json(&k, stub_set_folder(set));
        else
            print_line(&k);
    }
    if (json) {
        print_refused_json(set);
        return true;
    }
    print_refused(set);
    print_missing(set);
    print_end(set, unknown);
    return true;
}

static enum exit_status stubs(int argc, char **argv)
{
    const char *folder = NULL;
    bool json = false;
    const struct option_row rows[] = {
        { "--stubs", "DIR", "those of a folder instead of those built in", NULL, &folder, NULL },
        OPTION_JSON(&json),
    };
    enum exit_status status;
    struct err e = { 0 };
    size_t count;
    if (!cmd_parse(&cmd_stubs, rows, sizeof rows / sizeof rows[0], argc, argv, NULL, 0, &count,
                   &status))
        return status;
    struct stub_set *set = stub_set_new(folder, &e);
    bool ok = set && print_stubs(set, json, &e), sound = stub_set_problem_count(set) == 0;
    cmd_warn_of_stubs(set);
    stub_set_free(set);
    if (ok)
        return sound ? EXIT_PASSED : EXIT_STATION;
    cmd_print_err(&e);
    return cmd_status_of(&e);
}

const struct cmd cmd_stubs = { "stubs", "[options]",
                               "Lists the flasher stubs, their releases and how they were tried.",
                               stubs };
