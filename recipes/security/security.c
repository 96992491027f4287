/* Values of the section `security` that need more than a row of the table, and its end. */
#include "recipes/security/security_priv.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static void key_done(struct security_key *key)
{
    free(key->file);
    free(key->path);
}

void security_done(struct security *s)
{
    /* All rows: one that failed half way is not counted. */
    for (size_t i = 0; i < SECURITY_DIGESTS_MAX; i++)
        key_done(&s->boot.keys[i].key);
    for (size_t i = 0; i < SECURITY_KEYS_MAX; i++) {
        key_done(&s->keys[i].key);
        free(s->keys[i].value);
    }
    for (size_t i = 0; i < SECURITY_FUSES_MAX; i++)
        free(s->fuses[i].name);
    for (size_t i = 0; i < SECURITY_LOCKS_MAX; i++)
        free(s->locks[i]);
    for (size_t i = 0; i < SECURITY_SAYS_MAX; i++)
        free(s->boot_says[i]);
    key_done(&s->boot.key);
    key_done(&s->crypt.key);
    key_done(&s->keep.folder);
    key_done(&s->keep.with);
    free(s->mac);
}

/* ---- Keys ---- */

static bool store_file_of(struct values *v, const struct scalar *s, struct security_key *key)
{
    const char *folder = v->base_dir ? v->base_dir : "";
    key->token = strncmp(s->text, "pkcs11:", 7) == 0;
    free(key->file);
    free(key->path);
    key->file = strdup(s->text);
    key->path = key->token ? strdup(folder) : file_join(folder, s->text);
    return (key->file && key->path) || value_no_memory(v);
}

/* Recipes are read by many, and their names of keys are shown. */
static bool has_no_pin(struct values *v, const struct scalar *s)
{
    if (!strstr(s->text, "pin-value"))
        return true;
    doc_report_add(v->report, s->at,
                   "a PIN has no place in a recipe: put it into a file of mode 0600, and give "
                   "pin-source=FILE instead of pin-value");
    return false;
}

/* The row's field is where the key lies in its struct: its first member. */
_Static_assert(offsetof(struct security_key, file) == 0, "a key begins with its file");

bool store_security_key(struct values *v, unsigned id, const struct scalar *s, void *target)
{
    const struct key *row = key_row(v->kind, id);
    struct security_key *key = (struct security_key *)(void *)((char *)target + row->field);
    key->board = row->words && word_index(row->words, s->text) == 0;
    key->file_at = s->at;
    if (key->board)
        return true;
    if (s->bytes < 1 || s->bytes > row->max || s->bytes != strlen(s->text))
        return value_refuse(v, id, s, NULL);
    return has_no_pin(v, s) && store_file_of(v, s, key);
}

bool store_security_digest(struct values *v, unsigned id, const struct scalar *s, void *target)
{
    struct security_digest *digest = target;
    static const char digits[] = "0123456789abcdef";
    if (s->bytes != 2 * sizeof digest->digest ||
        strspn(s->text, "0123456789abcdefABCDEF") != s->bytes)
        return value_refuse(v, id, s, NULL);
    for (size_t i = 0; i < sizeof digest->digest; i++) {
        const char *const high = strchr(digits, tolower((unsigned char)s->text[2 * i]));
        const char *const low = strchr(digits, tolower((unsigned char)s->text[2 * i + 1]));
        digest->digest[i] = (uint8_t)((high - digits) << 4 | (low - digits));
    }
    digest->given = true;
    digest->digest_at = s->at;
    return true;
}
