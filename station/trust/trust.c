#include "station/trust/trust.h"

#include "core/base/plain.h"
#include "db/store/db.h"
#include "station/base/edit_lock.h"
#include "station/base/infile.h"
#include "station/base/outfile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIRST_LINE "espstation recipe 1\n"
enum { SIG_MAX_BYTES = 256 << 10, KEYS_MAX_BYTES = 64 << 10 };

static bool no_memory(struct err *e)
{
    return err_set(e, ERR_STATION, "Out of memory for a signature");
}

/* ---- The statement ---- */

static bool put_recipe(FILE *out, const struct job *job)
{
    const struct recipe *const r = job_recipe(job);
    uint8_t sha256[DIGEST_SHA256_BYTES];
    char hex[2 * DIGEST_SHA256_BYTES + 1];
    if (!digest_sha256((const uint8_t *)r->text, r->text_bytes, sha256))
        return false;
    digest_hex(sha256, sizeof sha256, hex);
    fprintf(out, FIRST_LINE "recipe: %s\n", r->name);
    if (r->version[0] != '\0')
        fprintf(out, "version: %s\n", r->version);
    fprintf(out, "sha256: %s\n", hex);
    return true;
}

static void put_image(FILE *out, const struct job_image *image)
{
    char hex[2 * DIGEST_SHA256_BYTES + 1];
    digest_hex(image->sha256, sizeof image->sha256, hex);
    fprintf(out, "image: %s %u 0x%x %s\n", hex, image->size_bytes, image->offset_addr, image->file);
}

/* All that is signed. The caller frees it; NULL: no memory. */
static char *statement(const struct job *job, const struct trust_said *said)
{
    char *text = NULL;
    size_t n = 0;
    FILE *const out = open_memstream(&text, &n);
    if (!out)
        return NULL;
    const bool ok = put_recipe(out, job);
    for (size_t i = 0; i < job_image_count(job); i++)
        put_image(out, job_image(job, i));
    fprintf(out, "made: %s\nby: %s\nkey: %s\n", said->made_utc, said->by, said->public_key);
    if (fclose(out) == 0 && ok)
        return text;
    free(text);
    return NULL;
}

static bool is_name(const char *name, struct err *e)
{
    if (name[0] != '\0' && strlen(name) < TRUST_NAME_BYTES && plain_is(name))
        return true;
    err_set(e, ERR_USAGE, "A signature needs a name of 1 to %d bytes, in one line",
            TRUST_NAME_BYTES - 1);
    return err_hint(e, "Give --operator NAME.");
}

char *trust_sign(const struct job *job, const struct key *key, const char *by, int64_t utc_ms,
                 struct err *e)
{
    struct trust_said said = { .by = "" };
    char signature[KEY_SIGNATURE_CAP], *whole = NULL;
    if (!is_name(by, e))
        return NULL;
    snprintf(said.by, sizeof said.by, "%s", by);
    snprintf(said.public_key, sizeof said.public_key, "%s", key_public(key));
    if (!db_utc_text(utc_ms, said.made_utc)) {
        err_set(e, ERR_STATION, "The clock shows no year from 1970 to 9999");
        return NULL;
    }
    char *const text = statement(job, &said);
    if (!text)
        no_memory(e);
    if (text && key_sign(key, text, signature, e) &&
        asprintf(&whole, "%ssignature: %s\n", text, signature) < 0) {
        whole = NULL;
        no_memory(e);
    }
    free(text);
    return whole;
}

char *trust_sig_path(const char *recipe_path)
{
    char *path = NULL;
    return asprintf(&path, "%s.sig", recipe_path) < 0 ? NULL : path;
}

/* ---- Reading a signature ---- */

/* Cuts the last line off and gives its value; NULL: it is no signature. A text with a NUL is none,
 * and comes as "". */
static const char *take_signature(char *text)
{
    static const char name[] = "\nsignature: ";
    const size_t n = strlen(text);
    char *const line = n > 0 && text[n - 1] == '\n' ? strstr(text, name) : NULL;
    if (strncmp(text, FIRST_LINE, strlen(FIRST_LINE)) != 0 || !line)
        return NULL;
    char *const value = line + strlen(name);
    if (strchr(value, '\n') != text + n - 1)
        return NULL;
    text[n - 1] = '\0';
    line[1] = '\0'; /* the text keeps its line feed */
    return value;
}

/* The value of the last line that begins with this name. */
static bool value_of(const char *text, const char *name, char *value, size_t cap)
{
    const char *found = NULL;
    for (const char *p = text; (p = strstr(p, name)) != NULL; p++)
        found = p;
    if (!found)
        return false;
    found += strlen(name);
    const size_t n = strcspn(found, "\n");
    return n < cap && snprintf(value, cap, "%.*s", (int)n, found) >= 0;
}

static bool read_said(const char *text, struct trust_said *said)
{
    return value_of(text, "\nmade: ", said->made_utc, sizeof said->made_utc) &&
           value_of(text, "\nby: ", said->by, sizeof said->by) &&
           value_of(text, "\nkey: ", said->public_key, sizeof said->public_key);
}

static bool forged(const char *path, struct err *e)
{
    err_set(e, ERR_RECIPE, "%.120s is no signature, or was changed after it was made", path);
    return err_hint(e, "Have the recipe signed again: espstation recipe sign RECIPE");
}

/* ---- What differs ---- */

static const char *line_of(const char *text, size_t i, size_t *n)
{
    for (; i > 0 && text; i--) {
        text = strchr(text, '\n');
        text = text ? text + 1 : NULL;
    }
    *n = text ? strcspn(text, "\n") : 0;
    return text && *n > 0 ? text : NULL;
}

/* Names the first line that is another one now. */
static bool refuse_difference(const char *signed_text, const char *now, const char *by,
                              struct err *e)
{
    size_t i = 0, had_n, has_n;
    const char *had, *has;
    do {
        had = line_of(signed_text, i, &had_n);
        has = line_of(now, i++, &has_n);
    } while (had && has && had_n == has_n && memcmp(had, has, had_n) == 0);
    const char *const image = has && strncmp(has, "image: ", 7) == 0 ? has : had;
    const char *name = image && strncmp(image, "image: ", 7) == 0 ? image : NULL;
    for (int blanks = 0; name && blanks < 4; blanks++) {
        name = strchr(name, ' ');
        name = name ? name + 1 : NULL;
    }
    if (name)
        err_set(e, ERR_RECIPE, "The image %.*s is not the one that %s signed",
                (int)strcspn(name, "\n"), name, by);
    else
        err_set(e, ERR_RECIPE, "The recipe was changed after %s signed it", by);
    return err_hint(e, "Take back what was signed, or have it signed again: espstation recipe "
                       "sign RECIPE");
}

static bool compare(const struct job *job, const char *text, const struct trust_said *said,
                    struct err *e)
{
    char *const now = statement(job, said);
    if (!now)
        return no_memory(e);
    const bool ok = strcmp(now, text) == 0 || refuse_difference(text, now, said->by, e);
    free(now);
    return ok;
}

static bool read_text(const char *path, char **text, struct err *e)
{
    uint8_t *bytes = NULL;
    size_t n;
    *text = NULL;
    if (access(path, F_OK) != 0 && errno == ENOENT) {
        err_set(e, ERR_RECIPE, "The recipe is not signed: there is no %.120s", path);
        return err_hint(e, "Have it signed: espstation recipe sign RECIPE");
    }
    if (!infile_read(path, SIG_MAX_BYTES, &bytes, &n, e))
        return false;
    *text = memchr(bytes, '\0', n) ? strdup("") : strndup((const char *)bytes, n);
    free(bytes);
    return *text != NULL || no_memory(e);
}

static bool read_sig(const struct job *job, const char *path, char *text, struct trust_said *said,
                     struct err *e)
{
    const char *const signature = take_signature(text);
    *said = (struct trust_said){ .by = "" };
    if (!signature || !read_said(text, said) ||
        !key_verifies(said->public_key, text, strlen(text), signature))
        return forged(path, e);
    return compare(job, text, said, e);
}

bool trust_read(const struct job *job, struct trust_said *said, struct err *e)
{
    char *text = NULL;
    char *const path = trust_sig_path(job_recipe(job)->path);
    const bool ok =
        path ? read_text(path, &text, e) && read_sig(job, path, text, said, e) : no_memory(e);
    free(text);
    free(path);
    return ok;
}

/* ---- Keys ---- */

/* A line "KEY NAME"; 0: it holds nothing, below 0: it is none. */
static int read_line(const char *line, size_t n, char key[static KEY_PUBLIC_CAP],
                     char name[static TRUST_NAME_BYTES])
{
    if (n == 0 || line[0] == '#')
        return 0;
    const char *const blank = memchr(line, ' ', n);
    const size_t key_n = blank ? (size_t)(blank - line) : n;
    const size_t name_n = blank ? n - key_n - 1 : 0;
    if (key_n != KEY_PUBLIC_CAP - 1 || name_n >= TRUST_NAME_BYTES)
        return -1;
    snprintf(key, KEY_PUBLIC_CAP, "%.*s", (int)key_n, line);
    snprintf(name, TRUST_NAME_BYTES, "%.*s", (int)name_n, blank ? blank + 1 : "");
    return 1;
}

static bool look_for_key(const char *path, const char *text, size_t n, const char *wanted,
                         bool *has, char name[static TRUST_NAME_BYTES], struct err *e)
{
    char key[KEY_PUBLIC_CAP], called[TRUST_NAME_BYTES];
    unsigned number = 1;
    *has = false;
    for (size_t i = 0; i < n; number++) {
        const char *const end = memchr(text + i, '\n', n - i);
        const size_t line_n = end ? (size_t)(end - text) - i : n - i;
        const int kind = read_line(text + i, line_n, key, called);
        if (kind < 0) {
            err_set(e, ERR_USAGE, "%.120s:%u: this is no key of a recipe", path, number);
            return err_hint(e, "Add keys by: espstation recipe trust KEY.pub");
        }
        if (kind > 0 && strcmp(key, wanted) == 0) {
            *has = true;
            memcpy(name, called, sizeof called);
        }
        i += line_n + 1;
    }
    return true;
}

bool trust_has_key(const char *keys_path, const char *public_key, bool *has,
                   char name[TRUST_NAME_BYTES], struct err *e)
{
    uint8_t *bytes = NULL;
    size_t n;
    char called[TRUST_NAME_BYTES] = "";
    if (!infile_read(keys_path, KEYS_MAX_BYTES, &bytes, &n, e))
        return false;
    const bool ok = look_for_key(keys_path, (const char *)bytes, n, public_key, has, called, e);
    free(bytes);
    if (ok && name)
        memcpy(name, called, sizeof called);
    return ok;
}

bool trust_check(const struct job *job, const char *keys_path, struct err *e)
{
    struct trust_said said;
    bool has = false;
    if (!keys_path)
        return true;
    if (!trust_read(job, &said, e) || !trust_has_key(keys_path, said.public_key, &has, NULL, e))
        return false;
    if (has)
        return true;
    err_set(e, ERR_RECIPE, "The recipe is signed by %s with a key that this station does not trust",
            said.by);
    return err_hint(e,
                    "An engineer adds it: espstation recipe trust KEY.pub. Its public half is %s",
                    said.public_key);
}

/* The file as it was, and the new line. */
static bool write_keys(const char *path, const uint8_t *before, size_t n, const char *line,
                       struct err *e)
{
    struct outfile out = OUTFILE_CLOSED;
    const bool torn = n > 0 && before[n - 1] != '\n';
    const bool ok = outfile_open(&out, path, e) && outfile_write(&out, before, n, e) &&
                    outfile_write(&out, "\n", torn, e) &&
                    outfile_write(&out, line, strlen(line), e) && outfile_keep(&out, e);
    outfile_drop(&out);
    return ok;
}

static bool add_line(const char *path, const char *public_key, const char *name, struct err *e)
{
    uint8_t *before = NULL;
    size_t n = 0;
    bool has = false;
    char line[KEY_PUBLIC_CAP + TRUST_NAME_BYTES + 2];
    if (access(path, F_OK) == 0 && (!trust_has_key(path, public_key, &has, NULL, e) ||
                                    !infile_read(path, KEYS_MAX_BYTES, &before, &n, e)))
        return false;
    snprintf(line, sizeof line, "%s %s\n", public_key, name);
    const bool ok = has ? err_set(e, ERR_USAGE, "%.100s has this key already", path)
                        : write_keys(path, before, n, line, e);
    free(before);
    return ok;
}

bool trust_add_key(const char *keys_path, const char *public_key, const char *name,
                   const struct clock *clock, struct err *e)
{
    if (!is_name(name, e))
        return false;
    const int lock_fd = edit_lock(keys_path, "file of keys", clock, e);
    if (lock_fd < 0)
        return false;
    const bool ok = add_line(keys_path, public_key, name, e);
    close(lock_fd);
    return ok;
}
