/*
 * A people file from a file or from memory, its text, and its end.
 */
#include "recipes/people/people_file_priv.h"

#include "core/base/digest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Digests ---- */

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool read_hex(const char **text, char end, uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const int high = hex_digit((*text)[0]);
        const int low = high < 0 ? -1 : hex_digit((*text)[1]);
        if (low < 0)
            return false;
        bytes[i] = (uint8_t)(high << 4 | low);
        *text += 2;
    }
    return *(*text)++ == end;
}

static bool read_cost(const char **text, uint32_t max, uint32_t *cost)
{
    const char *end;
    const uint64_t value = value_read_digits(*text, &end);
    if (end == *text || *end != ':' || value < 1 || value > max)
        return false;
    *cost = (uint32_t)value;
    *text = end + 1;
    return true;
}

bool person_digest_parse(const char *text, struct person_digest *digest)
{
    static const char start[] = "scrypt:";
    struct person_digest d;
    if (strncmp(text, start, strlen(start)) != 0)
        return false;
    text += strlen(start);
    /* 128 * n * r bytes: 128 MiB are enough, and no file makes a log-in take minutes. */
    if (!read_cost(&text, 1u << 17, &d.n) || !read_cost(&text, 16, &d.r) ||
        !read_cost(&text, 4, &d.p) || d.n < 2 || (d.n & (d.n - 1)) != 0 || d.n * d.r > 1u << 20 ||
        !read_hex(&text, ':', d.salt, sizeof d.salt) ||
        !read_hex(&text, '\0', d.hash, sizeof d.hash))
        return false;
    *digest = d;
    return true;
}

void person_digest_text(const struct person_digest *digest, char text[static PERSON_DIGEST_TEXT])
{
    char salt[2 * PERSON_SALT_BYTES + 1], hash[2 * PERSON_HASH_BYTES + 1];
    digest_hex(digest->salt, sizeof digest->salt, salt);
    digest_hex(digest->hash, sizeof digest->hash, hash);
    snprintf(text, PERSON_DIGEST_TEXT, "scrypt:%u:%u:%u:%s:%s", digest->n, digest->r, digest->p,
             salt, hash);
}

/* ---- What people say to each other ---- */

static bool is_one_salt(const struct person_digest *a, const struct person_digest *b)
{
    return a->n == b->n && a->r == b->r && a->p == b->p &&
           memcmp(a->salt, b->salt, sizeof a->salt) == 0;
}

static void check_badge(struct doc_report *report, const struct people_file *file, size_t i)
{
    const struct person *const person = &file->people[i];
    for (size_t k = 0; k < i; k++) {
        const struct person *const other = &file->people[k];
        if (!other->badge)
            continue;
        if (!is_one_salt(&other->badge_digest, &person->badge_digest))
            doc_report_add(report, person->badge_at,
                           "this badge has another salt or cost than that at %u:%u: a badge is "
                           "looked up by one digest for all",
                           other->badge_at.line, other->badge_at.column);
        else if (strcmp(other->badge, person->badge) == 0)
            doc_report_add(report, person->badge_at, "this badge is that of '%s' at %u:%u, too",
                           other->name ? other->name : "?", other->badge_at.line,
                           other->badge_at.column);
        else
            continue;
        return;
    }
}

static void check_person(struct values *v, const struct people_file *file, size_t i)
{
    const struct person *const person = &file->people[i];
    if (!v->bad[PEOPLE_KEY_PIN] && !v->bad[PEOPLE_KEY_BADGE] && !person->pin && !person->badge)
        doc_report_add(v->report, person->at,
                       "'%s' has neither PIN nor badge; give one: espstation people pin",
                       person->name ? person->name : "?");
    if (person->badge)
        check_badge(v->report, file, i);
    for (size_t k = 0; person->name && k < i; k++) {
        const struct person *const other = &file->people[k];
        if (other->name && strcasecmp(other->name, person->name) == 0)
            doc_report_add(v->report, person->name_at, "person '%s' is there twice: first at %u:%u",
                           person->name, other->name_at.line, other->name_at.column);
    }
}

/* ---- Reading ---- */

struct people_file *people_file_new(const char *path)
{
    struct people_file *const file = calloc(1, sizeof *file);
    if (file)
        file->path = strdup(path);
    if (file && file->path)
        return file;
    people_file_free(file);
    return NULL;
}

static bool fill(struct people_file *file, const char *text, size_t n, struct doc_report *report)
{
    struct values values = {
        .kind = &people_kind, .document = file, .at = file->at, .report = report
    };
    value_presets(&values, PEOPLE_KEY_ROOT, file);
    walk_document(&values, text, n);
    for (size_t i = 0; !values.broken && i < file->count; i++)
        check_person(&values, file, i);
    return !values.out_of_memory;
}

bool people_file_parse(const char *name, const char *text, size_t n, struct people_file **out,
                       struct doc_report *report, struct err *e)
{
    *out = NULL;
    doc_report_init(report);
    if (n > DOC_TEXT_MAX_BYTES)
        return source_too_large(&people_kind, name, n, e);
    struct people_file *const file = people_file_new(name);
    if (!file || !fill(file, text, n, report)) {
        people_file_free(file);
        return source_no_memory(&people_kind, name, e);
    }
    if (report->total > 0) {
        people_file_free(file);
        return source_mistakes(&people_kind, name, report, e);
    }
    *out = file;
    return true;
}

bool people_file_load(const char *path, struct people_file **out, struct doc_report *report,
                      struct err *e)
{
    char *text = NULL;
    size_t n;
    *out = NULL;
    doc_report_init(report);
    if (!source_read(&people_kind, path, &text, &n, e))
        return false;
    const bool ok = people_file_parse(path, text, n, out, report, e);
    free(text);
    return ok;
}

void people_file_free(struct people_file *file)
{
    if (!file)
        return;
    /* All rows: what failed half way is not counted. */
    for (size_t i = 0; i < PEOPLE_MAX; i++) {
        free(file->people[i].name);
        free(file->people[i].pin);
        free(file->people[i].badge);
    }
    free(file->path);
    free(file);
}

int people_file_index(const struct people_file *file, const char *name)
{
    for (size_t i = 0; i < file->count; i++) {
        if (strcasecmp(file->people[i].name, name) == 0)
            return (int)i;
    }
    return -1;
}

/* ---- Writing ---- */

/* In double quotes, with the two that mean something there escaped; the rest is plain text. */
static void put_quoted(FILE *out, const char *text)
{
    fputc('"', out);
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            fputc('\\', out);
        fputc(*text, out);
    }
    fputc('"', out);
}

static void put_person(FILE *out, const struct person *person)
{
    static const char head[] = "  - name: ";
    fwrite(head, 1, strlen(head), out);
    put_quoted(out, person->name);
    const char *const pieces[] = { "\n    role: ",
                                   person_role_words[person->role],
                                   person->pin ? "\n    pin: " : "",
                                   person->pin ? person->pin : "",
                                   person->badge ? "\n    badge: " : "",
                                   person->badge ? person->badge : "",
                                   "\n" };
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++)
        fwrite(pieces[i], 1, strlen(pieces[i]), out);
}

char *people_file_text(const struct people_file *file)
{
    static const char head[] = "# Who works at this station. Written by: espstation people\n"
                               "people:\n";
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);
    if (!out)
        return NULL;
    fwrite(head, 1, strlen(head), out);
    for (size_t i = 0; i < file->count; i++)
        put_person(out, &file->people[i]);
    if (fclose(out) == 0)
        return text;
    free(text);
    return NULL;
}
