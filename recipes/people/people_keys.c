/*
 * The keys of a people file: one row each. Validation follows from here.
 */
#include "recipes/people/people_file_priv.h"

#define PERSON_FIELD(member)    .field = offsetof(struct person, member)
#define PERSON_AT_FIELD(member) .at_field = offsetof(struct person, member)

#define LIST(...) ((const char *const[]){ __VA_ARGS__, NULL })

const char *const person_role_words[] = { "operator", "engineer", "auditor", NULL };

static bool store_digest(struct values *v, unsigned id, const struct scalar *s, void *target)
{
    struct person *const person = target;
    struct person_digest *const digest =
        id == PEOPLE_KEY_PIN ? &person->pin_digest : &person->badge_digest;
    if (!person_digest_parse(s->text, digest))
        return value_refuse(v, id, s, "espstation people writes it");
    return value_store_text(v, id, s, target);
}

/* clang-format off: rows by hand, each in a few lines */
static const struct key keys[PEOPLE_KEY_COUNT] = {
    [PEOPLE_KEY_ROOT] = { .path = "", .parent = PEOPLE_KEY_COUNT, .kind = KEY_MAP },
    [PEOPLE_KEY_PEOPLE] = {
        .path = "people", .kind = KEY_ITEMS, .required = true, .items_max = PEOPLE_MAX,
        .field = offsetof(struct people_file, people),
        .count_field = offsetof(struct people_file, count),
        .item = "person", .item_bytes = sizeof(struct person), PERSON_AT_FIELD(at),
        .item_form = "{ name: Ann, role: engineer, pin: DIGEST }",
        .if_empty = "nobody could log in",
        .sentence = "Who works at the station.",
    },
    [PEOPLE_KEY_NAME] = {
        .path = "people.name", .parent = PEOPLE_KEY_PEOPLE, .kind = KEY_TEXT, .required = true,
        .min = 1, .max = PERSON_NAME_MAX, PERSON_FIELD(name), PERSON_AT_FIELD(name_at),
        .sentence = "As the record names this person.",
    },
    [PEOPLE_KEY_ROLE] = {
        .path = "people.role", .parent = PEOPLE_KEY_PEOPLE, .kind = KEY_WORD, .required = true,
        .words = person_role_words, PERSON_FIELD(role),
        .sentence = "What this person may.",
    },
    [PEOPLE_KEY_PIN] = {
        .path = "people.pin", .parent = PEOPLE_KEY_PEOPLE, .kind = KEY_OWN, .store = store_digest,
        .more = "a digest as in scrypt:32768:8:1:SALT:HASH", .min = 1,
        .max = PERSON_DIGEST_TEXT - 1, PERSON_FIELD(pin), PERSON_AT_FIELD(pin_at),
        .sentence = "Digest of the PIN.",
    },
    [PEOPLE_KEY_BADGE] = {
        .path = "people.badge", .parent = PEOPLE_KEY_PEOPLE, .kind = KEY_OWN,
        .store = store_digest, .more = "a digest as in scrypt:32768:8:1:SALT:HASH", .min = 1,
        .max = PERSON_DIGEST_TEXT - 1, PERSON_FIELD(badge), PERSON_AT_FIELD(badge_at),
        .sentence = "Digest of the badge's code; all badges of a file have one salt.",
    },
};
/* clang-format on */

static const char *const intro[] = { NULL };

const struct doc_kind people_kind = {
    .noun = "people file",
    .example = "people: [ ... ]",
    .code = ERR_USAGE,
    .keys = keys,
    .key_count = PEOPLE_KEY_COUNT,
    .intro = intro,
    .page = intro,
};
