/* Changing a people file. */
#include "station/people/people.h"
#include "station/people/secret.h"

#include "core/base/plain.h"
#include "station/base/edit_lock.h"
#include "station/base/outfile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- The file ---- */

static struct people_file *read_or_new(const char *path, struct err *e)
{
    struct people_file *file = NULL;
    struct stat st;
    if (stat(path, &st) != 0 && errno == ENOENT) {
        file = people_file_new(path);
        if (!file)
            err_set(e, ERR_STATION, "Out of memory");
        return file;
    }
    struct doc_report *const report = malloc(sizeof *report);
    if (report)
        people_file_load(path, &file, report, e);
    else
        err_set(e, ERR_STATION, "Out of memory");
    free(report);
    return file;
}

static bool write_file(const struct people_file *file, struct err *e)
{
    struct outfile out = OUTFILE_CLOSED;
    char *const text = people_file_text(file);
    bool ok =
        text ? outfile_open_private(&out, file->path, e) : err_set(e, ERR_STATION, "Out of memory");
    ok = ok && outfile_write(&out, text, strlen(text), e) && outfile_keep(&out, e);
    outfile_drop(&out);
    free(text);
    return ok;
}

bool people_edit(const char *path, const struct clock *clock,
                 bool (*change)(void *ctx, struct people_file *file, struct err *e), void *ctx,
                 struct err *e)
{
    struct people_file *file = NULL;
    const int fd = edit_lock(path, "people file", clock, e);
    if (fd < 0)
        return false;
    const bool ok =
        (file = read_or_new(path, e)) != NULL && change(ctx, file, e) && write_file(file, e);
    people_file_free(file);
    close(fd);
    return ok;
}

/* ---- Changes ---- */

static bool no_memory(struct err *e)
{
    return err_set(e, ERR_STATION, "Out of memory");
}

static bool keep_digest(const struct person_digest *digest, struct person_digest *to, char **text,
                        struct err *e)
{
    char form[PERSON_DIGEST_TEXT];
    person_digest_text(digest, form);
    char *const copy = strdup(form);
    if (!copy)
        return no_memory(e);
    free(*text);
    *text = copy;
    *to = *digest;
    return true;
}

static bool set_pin(struct person *person, const char *pin, struct err *e)
{
    struct person_digest digest = PERSON_DIGEST_COST;
    return secret_is_usable("PIN", pin, e) && secret_salt(&digest, e) &&
           secret_digest(pin, &digest, e) &&
           keep_digest(&digest, &person->pin_digest, &person->pin, e);
}

/* All badges of a file have one salt: a badge is looked up by its digest. */
static bool badge_salt(const struct people_file *file, struct person_digest *digest, struct err *e)
{
    for (size_t i = 0; i < file->count; i++) {
        if (file->people[i].badge) {
            *digest = file->people[i].badge_digest;
            return true;
        }
    }
    *digest = (struct person_digest)PERSON_DIGEST_COST;
    return secret_salt(digest, e);
}

static bool set_badge(const struct people_file *file, struct person *person, const char *badge,
                      struct err *e)
{
    struct person_digest digest;
    if (!secret_is_usable("badge", badge, e) || !badge_salt(file, &digest, e) ||
        !secret_digest(badge, &digest, e))
        return false;
    for (size_t i = 0; i < file->count; i++) {
        const struct person *const other = &file->people[i];
        if (other != person && other->badge && secret_is_same(&other->badge_digest, &digest))
            return err_set(e, ERR_USAGE, "This badge is that of %s already", other->name);
    }
    return keep_digest(&digest, &person->badge_digest, &person->badge, e);
}

static bool is_name(const char *name, struct err *e)
{
    if (name[0] != '\0' && strlen(name) <= PERSON_NAME_MAX && plain_is(name))
        return true;
    err_set(e, ERR_USAGE, "This is no name for a person");
    return err_hint(e, "A name is one line of 1 to %d bytes.", PERSON_NAME_MAX);
}

static struct person *find(struct people_file *file, const char *name, struct err *e)
{
    const int index = people_file_index(file, name);
    if (index >= 0)
        return &file->people[index];
    err_set(e, ERR_USAGE, "There is no '%.64s' in the people file %.100s", name, file->path);
    err_hint(e, "To see who there is: espstation people list");
    return NULL;
}

static void drop_person(struct people_file *file, size_t index)
{
    free(file->people[index].name);
    free(file->people[index].pin);
    free(file->people[index].badge);
    file->count--;
    memmove(&file->people[index], &file->people[index + 1],
            (file->count - index) * sizeof file->people[0]);
    file->people[file->count] = (struct person){ .name = NULL };
}

bool people_add(struct people_file *file, const struct people_new *new, struct err *e)
{
    if (!is_name(new->name, e))
        return false;
    if (people_file_index(file, new->name) >= 0) {
        err_set(e, ERR_USAGE, "'%.64s' is in the people file already", new->name);
        return err_hint(e, "For a new PIN: espstation people pin NAME. For another role, remove "
                           "and add.");
    }
    if (file->count == 0 && new->role != ROLE_ENGINEER) {
        err_set(e, ERR_USAGE, "The first person of a people file is an engineer");
        return err_hint(e, "Who adds the others? Give --role engineer.");
    }
    if (file->count == PEOPLE_MAX)
        return err_set(e, ERR_USAGE, "A people file holds at most %d people", PEOPLE_MAX);
    struct person *const person = &file->people[file->count];
    person->name = strdup(new->name);
    person->role = new->role == ROLE_ENGINEER  ? PERSON_ENGINEER
                   : new->role == ROLE_AUDITOR ? PERSON_AUDITOR
                                               : PERSON_OPERATOR;
    if (!person->name)
        return no_memory(e);
    if ((new->pin && !set_pin(person, new->pin, e)) ||
        (new->badge && !set_badge(file, person, new->badge, e)))
        return false;
    file->count++;
    return true;
}

bool people_remove(struct people_file *file, const char *name, struct err *e)
{
    struct person *const person = find(file, name, e);
    size_t engineers = 0;
    if (!person)
        return false;
    for (size_t i = 0; i < file->count; i++)
        engineers += file->people[i].role == PERSON_ENGINEER;
    if (person->role == PERSON_ENGINEER && engineers == 1) {
        err_set(e, ERR_USAGE, "%s is the last engineer", person->name);
        return err_hint(e, "Add another engineer first.");
    }
    drop_person(file, (size_t)(person - file->people));
    return true;
}

bool people_set_secret(struct people_file *file, const char *name, const char *pin,
                       const char *badge, struct err *e)
{
    struct person *const person = find(file, name, e);
    return person && (!pin || set_pin(person, pin, e)) &&
           (!badge || set_badge(file, person, badge, e));
}
