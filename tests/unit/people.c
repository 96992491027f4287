/* The people of a station: their file, logging in, its limits, and changing the file. */
#include "station/people/people.h"

#include "recipes/people/people_file.h"
#include "station/people/secret.h"
#include "tests/lib/fake_clock.h"
#include "tests/lib/test.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static struct doc_report report;

struct place {
    char folder[64], path[96];
    struct fake_clock clock;
};

static int open_place(void **state)
{
    struct place *const p = calloc(1, sizeof *p);
    snprintf(p->folder, sizeof p->folder, "/tmp/people.XXXXXX");
    if (!mkdtemp(p->folder))
        return -1;
    snprintf(p->path, sizeof p->path, "%s/people.yaml", p->folder);
    fake_clock_init(&p->clock);
    *state = p;
    return 0;
}

static int close_place(void **state)
{
    struct place *const p = *state;
    unlink(p->path);
    const int rc = rmdir(p->folder); /* nothing else was left there */
    free(p);
    return rc;
}

/* A digest that costs little. */
static void cheap(const char *secret, uint8_t salt, char text[static PERSON_DIGEST_TEXT])
{
    struct err e = { 0 };
    struct person_digest d = { .n = 16, .r = 1, .p = 1 };
    memset(d.salt, salt, sizeof d.salt);
    assert_ok(secret_digest(secret, &d, &e), &e);
    person_digest_text(&d, text);
}

static void put_text(const struct place *p, const char *text, mode_t mode)
{
    char part[112];
    snprintf(part, sizeof part, "%s.new", p->path);
    FILE *const f = fopen(part, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    assert_int_equal(chmod(part, mode), 0);
    assert_int_equal(rename(part, p->path), 0);
}

/* Ann is engineer with PIN 4711, Bob operator with badge B-0815, Carl auditor with both. */
static void put_people(const struct place *p)
{
    char ann[PERSON_DIGEST_TEXT], bob[PERSON_DIGEST_TEXT], carl[PERSON_DIGEST_TEXT],
        card[PERSON_DIGEST_TEXT], text[1024];
    cheap("4711", 1, ann);
    cheap("B-0815", 2, bob);
    cheap("999999", 3, carl);
    cheap("C-1111", 2, card);
    snprintf(text, sizeof text,
             "people:\n"
             "  - { name: Ann, role: engineer, pin: \"%s\" }\n"
             "  - { name: Bob, role: operator, badge: \"%s\" }\n"
             "  - { name: Carl, role: auditor, pin: \"%s\", badge: \"%s\" }\n",
             ann, bob, carl, card);
    put_text(p, text, 0600);
}

static struct people *load(struct place *p)
{
    struct err e = { 0 };
    struct people *const people = people_load(p->path, &p->clock.clock, &e);
    assert_ok(people != NULL, &e);
    return people;
}

/* ---- The file ---- */

#define DIGEST(salt) "scrypt:16:1:1:" salt ":" HASH
#define SALT_A       "000102030405060708090a0b0c0d0e0f"
#define SALT_B       "ff0102030405060708090a0b0c0d0e0f"
#define HASH         "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

static const struct {
    const char *text, *mistake;
} mistakes[] = {
    { "people: []\n", "'people' is empty: nobody could log in" },
    { "who: []\n", "unknown key 'who'" },
    { "people:\n  - { name: Ann, role: boss, pin: \"" DIGEST(SALT_A) "\" }\n", "'people.role' "
                                                                               "expects operator, "
                                                                               "engineer or "
                                                                               "auditor, got "
                                                                               "'boss'" },
    { "people:\n  - { name: Ann, role: engineer, pin: 4711 }\n", "espstation people writes it" },
    { "people:\n  - { name: Ann, role: engineer }\n", "'Ann' has neither PIN nor badge" },
    { "people:\n  - { role: engineer, pin: \"" DIGEST(SALT_A) "\" }\n", "key 'name' is missing in "
                                                                        "this person" },
    { "people:\n  - { name: Ann, role: engineer, pin: \"" DIGEST(SALT_A) "\" }\n  - { name: ANN, "
                                                                         "role: operator, pin: "
                                                                         "\"" DIGEST(SALT_A) "\" "
                                                                                             "}\n",
      "person 'ANN' is there twice: first at 2:13" },
    { "people:\n  - { name: Ann, role: engineer, badge: \"" DIGEST(SALT_A) "\" }\n  - { name: Bob, "
                                                                           "role: operator, badge: "
                                                                           "\"" DIGEST(SALT_B) "\" "
                                                                                               "}"
                                                                                               "\n",
      "this badge has another salt or cost than that at 2:41" },
    { "people:\n  - { name: Ann, role: engineer, badge: \"" DIGEST(SALT_A) "\" }\n  - { name: Bob, "
                                                                           "role: operator, badge: "
                                                                           "\"" DIGEST(SALT_A) "\" "
                                                                                               "}"
                                                                                               "\n",
      "this badge is that of 'Ann' at 2:41, too" },
};

static void file_names_its_mistakes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof mistakes / sizeof mistakes[0]; i++) {
        struct err e = { 0 };
        struct people_file *file;
        const char *const text = mistakes[i].text;
        assert_false(people_file_parse("p.yaml", text, strlen(text), &file, &report, &e));
        assert_null(file);
        assert_int_equal(e.code, ERR_USAGE);
        if (!strstr(e.what, mistakes[i].mistake))
            fail_msg("'%s' instead of '%s'", e.what, mistakes[i].mistake);
    }
}

static void digest_text_is_strict(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",
        "scrypt:",
        "md5:16:1:1:" SALT_A ":" HASH,
        "scrypt:15:1:1:" SALT_A ":" HASH, /* no power of two */
        "scrypt:1:1:1:" SALT_A ":" HASH,
        "scrypt:262144:1:1:" SALT_A ":" HASH,
        "scrypt:131072:16:1:" SALT_A ":" HASH, /* 256 MiB */
        "scrypt:16:1:5:" SALT_A ":" HASH,
        "scrypt:16:1:1:" SALT_A ":" HASH "0",
        "scrypt:16:1:1:" SALT_A "0:" HASH,
        "scrypt:16:1:1:00:" HASH,
        "scrypt:16:1:1:" SALT_A,
        "scrypt:-16:1:1:" SALT_A ":" HASH,
        "scrypt:16:1:1:" SALT_A ":"
        "0G0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
    };
    struct person_digest d;
    char text[PERSON_DIGEST_TEXT];
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_false(person_digest_parse(wrong[i], &d));
    assert_true(person_digest_parse(DIGEST(SALT_A), &d));
    person_digest_text(&d, text);
    assert_string_equal(text, DIGEST(SALT_A));
}

/* From Python: hashlib.scrypt(b"4711", salt=bytes(range(16)), n=1024, r=8, p=1, dklen=32). */
static void digest_is_scrypt(void **state)
{
    (void)state;
    struct err e = { 0 };
    struct person_digest d = { .n = 1024, .r = 8, .p = 1 };
    char text[PERSON_DIGEST_TEXT];
    for (uint8_t i = 0; i < sizeof d.salt; i++)
        d.salt[i] = i;
    assert_ok(secret_digest("4711", &d, &e), &e);
    person_digest_text(&d, text);
    assert_string_equal(text, "scrypt:1024:8:1:000102030405060708090a0b0c0d0e0f:"
                              "73322bcff7f111436cbeb6e47c911a6157bff6cfe24c717235a87b9cdbc2fbd3");
}

static void file_text_reads_back(void **state)
{
    struct place *const p = *state;
    struct err e = { 0 };
    struct people_file *file, *again;
    put_people(p);
    assert_ok(people_file_load(p->path, &file, &report, &e), &e);
    free(file->people[0].name);
    file->people[0].name = strdup("A \"nn\" \\ \xC3\x84: #");
    char *const text = people_file_text(file);
    assert_non_null(text);
    assert_ok(people_file_parse("again", text, strlen(text), &again, &report, &e), &e);
    assert_int_equal(again->count, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal(again->people[i].name, file->people[i].name);
        assert_int_equal(again->people[i].role, file->people[i].role);
    }
    assert_string_equal(again->people[2].badge, file->people[2].badge);
    free(text);
    people_file_free(file);
    people_file_free(again);
}

static void file_is_its_owners_alone(void **state)
{
    struct place *const p = *state;
    struct err e = { 0 };
    assert_null(people_load(p->path, &p->clock.clock, &e));
    assert_int_equal(e.code, ERR_USAGE);
    assert_non_null(strstr(e.hint, "espstation people add"));
    put_people(p);
    static const mode_t modes[] = { 0640, 0604, 0620, 0602 };
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(chmod(p->path, modes[i]), 0);
        e = (struct err){ 0 };
        assert_null(people_load(p->path, &p->clock.clock, &e));
        assert_non_null(strstr(e.hint, "chmod 600"));
    }
}

/* ---- Logging in ---- */

static void people_log_in_by_pin_or_badge(void **state)
{
    struct place *const p = *state;
    struct err e = { 0 };
    struct actor who;
    put_people(p);
    struct people *const people = load(p);
    assert_int_equal(people_count(people), 3);
    assert_ok(people_log_in(people, "ann", "4711", &who, &e), &e);
    assert_string_equal(who.name, "Ann");
    assert_int_equal(who.role, ROLE_ENGINEER);
    assert_true(who.proved);
    assert_ok(people_log_in_badge(people, "B-0815", &who, &e), &e);
    assert_string_equal(who.name, "Bob");
    assert_int_equal(who.role, ROLE_OPERATOR);
    assert_ok(people_log_in_badge(people, "C-1111", &who, &e), &e);
    assert_ok(people_log_in(people, "Carl", "999999", &who, &e), &e);
    assert_int_equal(who.role, ROLE_AUDITOR);
    people_free(people);
}

static void people_refuse_all_else(void **state)
{
    struct place *const p = *state;
    struct err e = { 0 };
    struct actor who = { .role = ROLE_NOBODY };
    static const struct {
        const char *name, *pin;
    } wrong[] = { { "Ann", "4712" },  { "Ann", "" },       { "Ann", "47110" },
                  { "Dora", "4711" }, { "", "4711" },      { "Bob", "B-0815" }, /* he has no PIN */
                  { "Bob", "" },      { "Carl", "C-1111" } };
    put_people(p);
    struct people *const people = load(p);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_code(people_log_in(people, wrong[i].name, wrong[i].pin, &who, &e), &e, ERR_USAGE);
        assert_int_equal(who.role, ROLE_NOBODY);
    }
    assert_code(people_log_in_badge(people, "4711", &who, &e), &e, ERR_USAGE);
    assert_code(people_log_in_badge(people, "", &who, &e), &e, ERR_USAGE);
    people_free(people);
}

/* Neither the sentence nor the advice tells whether there is an Ann. */
static void people_do_not_tell_names(void **state)
{
    struct place *const p = *state;
    struct err known = { 0 }, unknown = { 0 };
    struct actor who;
    put_people(p);
    struct people *const people = load(p);
    assert_false(people_log_in(people, "Ann", "0000", &who, &known));
    assert_false(people_log_in(people, "Dora", "0000", &who, &unknown));
    assert_string_equal(known.what, unknown.what);
    assert_string_equal(known.hint, unknown.hint);
    people_free(people);
}

static void people_make_a_guesser_wait(void **state)
{
    struct place *const p = *state;
    struct err e = { 0 };
    struct actor who;
    put_people(p);
    struct people *const people = load(p);
    for (int i = 0; i < PEOPLE_TRIES; i++)
        assert_false(people_log_in(people, "Ann", "0000", &who, &e));
    assert_false(people_log_in(people, "aNN", "4711", &who, &e)); /* right, and too late */
    assert_non_null(strstr(e.what, "too many wrong tries"));
    assert_ok(people_log_in(people, "Carl", "999999", &who, &e), &e); /* others need not wait */
    fake_clock_pass_us(&p->clock, (PEOPLE_PAUSE_MS - 1) * 1000ull);
    assert_false(people_log_in(people, "Ann", "4711", &who, &e));
    fake_clock_pass_us(&p->clock, 1000);
    assert_ok(people_log_in(people, "Ann", "4711", &who, &e), &e);
    people_free(people);
}

static void a_right_pin_gives_all_tries_back(void **state)
{
    struct place *const p = *state;
    struct err e = { 0 };
    struct actor who;
    put_people(p);
    struct people *const people = load(p);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < PEOPLE_TRIES - 1; i++)
            assert_false(people_log_in(people, "Ann", "0000", &who, &e));
        assert_ok(people_log_in(people, "Ann", "4711", &who, &e), &e);
    }
    people_free(people);
}

static void people_limit_all_tries_together(void **state)
{
    struct place *const p = *state;
    struct err e = { 0 };
    struct actor who;
    char badge[16];
    put_people(p);
    struct people *const people = load(p);
    for (int i = 0; i < PEOPLE_TRIES_ALL; i++) {
        snprintf(badge, sizeof badge, "GUESS-%d", i);
        assert_false(people_log_in_badge(people, badge, &who, &e));
        assert_null(strstr(e.what, "too many"));
    }
    assert_false(people_log_in_badge(people, "B-0815", &who, &e));
    assert_non_null(strstr(e.what, "too many wrong tries"));
    assert_false(people_log_in(people, "Ann", "4711", &who, &e));
    fake_clock_pass_us(&p->clock, PEOPLE_PAUSE_MS * 1000ull);
    assert_ok(people_log_in_badge(people, "B-0815", &who, &e), &e);
    people_free(people);
}

static void who_was_removed_is_out(void **state)
{
    struct place *const p = *state;
    struct err e = { 0 };
    struct actor who;
    put_people(p);
    struct people *const people = load(p);
    assert_true(people_find(people, "Ann", &who));
    put_text(p, "people:\n  - { name: Bob, role: engineer, pin: \"" DIGEST(SALT_A) "\" }\n", 0600);
    assert_false(people_find(people, "Ann", &who));
    assert_false(people_log_in(people, "Ann", "4711", &who, &e));
    assert_true(people_find(people, "Bob", &who));
    assert_int_equal(who.role, ROLE_ENGINEER);
    put_text(p, "people: none\n", 0600); /* a file that is wrong lets nobody in */
    assert_false(people_find(people, "Bob", &who));
    put_people(p);
    assert_ok(people_log_in(people, "Ann", "4711", &who, &e), &e);
    assert_int_equal(chmod(p->path, 0644), 0);
    assert_false(people_log_in(people, "Ann", "4711", &who, &e));
    people_free(people);
}

static void without_a_file_a_name_is_taken(void **state)
{
    (void)state;
    struct err e = { 0 };
    struct actor who;
    assert_ok(people_log_in(NULL, "Ann", "", &who, &e), &e);
    assert_string_equal(who.name, "Ann");
    assert_int_equal(who.role, ROLE_ENGINEER);
    assert_false(who.proved);
    assert_false(people_log_in(NULL, "", "", &who, &e));
    assert_false(people_log_in_badge(NULL, "B-0815", &who, &e));
    assert_int_equal(people_count(NULL), 0);
}

static void *log_in_often(void *ctx)
{
    struct people *const people = ctx;
    size_t wrong = 0;
    for (int i = 0; i < 50; i++) {
        struct err e = { 0 };
        struct actor who;
        wrong += !people_log_in(people, "Ann", "4711", &who, &e);
        wrong += !people_find(people, "Bob", &who);
        wrong += !people_log_in_badge(people, "B-0815", &who, &e);
    }
    return wrong == 0 ? NULL : ctx;
}

static void threads_log_in_side_by_side(void **state)
{
    struct place *const p = *state;
    pthread_t threads[4];
    put_people(p);
    struct people *const people = load(p);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, log_in_often, people), 0);
    for (size_t i = 0; i < 4; i++) {
        void *wrong = NULL;
        pthread_join(threads[i], &wrong);
        assert_null(wrong);
    }
    people_free(people);
}

/* ---- Roles ---- */

static void roles_are_refused_with_a_sentence(void **state)
{
    (void)state;
    struct err e = { 0 };
    const struct actor ann = { "Ann", ROLE_ENGINEER, true }, bob = { "Bob", ROLE_OPERATOR, true },
                       carl = { "Carl", ROLE_AUDITOR, true }, nobody = { .role = ROLE_NOBODY };
    assert_true(actor_is_engineer(&ann, "close a lot", &e));
    assert_false(actor_is_engineer(&bob, "close a lot", &e));
    assert_string_equal(e.what, "Only an engineer may close a lot; Bob is an operator");
    assert_false(actor_is_engineer(&carl, "close a lot", &e));
    assert_false(actor_is_engineer(&nobody, "close a lot", &e));
    assert_string_equal(e.what, "Only an engineer may close a lot, and nobody has logged in");
    assert_true(actor_is_at_work(&bob, "flash", &e));
    assert_true(actor_is_at_work(&ann, "flash", &e));
    assert_false(actor_is_at_work(&carl, "flash", &e));
}

/* ---- Changing the file ---- */

static bool do_add(void *ctx, struct people_file *file, struct err *e)
{
    return people_add(file, ctx, e);
}

static bool do_remove(void *ctx, struct people_file *file, struct err *e)
{
    return people_remove(file, ctx, e);
}

static bool add(struct place *p, const char *name, enum role role, const char *pin,
                const char *badge, struct err *e)
{
    struct people_new person = { .name = name, .role = role, .pin = pin, .badge = badge };
    return people_edit(p->path, &p->clock.clock, do_add, &person, e);
}

static void people_are_added_and_removed(void **state)
{
    struct place *const p = *state;
    struct err e = { 0 };
    struct actor who;
    struct stat st;
    assert_code(add(p, "Bob", ROLE_OPERATOR, "123456", NULL, &e), &e, ERR_USAGE);
    assert_non_null(strstr(e.what, "The first person of a people file is an engineer"));
    assert_int_equal(access(p->path, F_OK), -1);
    assert_ok(add(p, "Ann", ROLE_ENGINEER, "123456", NULL, &e), &e);
    assert_int_equal(stat(p->path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_ok(add(p, "Bob", ROLE_OPERATOR, NULL, "BADGE-1", &e), &e);
    assert_ok(add(p, "Carl", ROLE_AUDITOR, NULL, "BADGE-2", &e), &e);
    assert_code(add(p, "bob", ROLE_OPERATOR, "123456", NULL, &e), &e, ERR_USAGE);
    assert_code(add(p, "Dora", ROLE_OPERATOR, "123", NULL, &e), &e, ERR_USAGE);
    assert_code(add(p, "Dora", ROLE_OPERATOR, NULL, "BADGE-2", &e), &e, ERR_USAGE);
    assert_non_null(strstr(e.what, "This badge is that of Carl already"));
    assert_code(add(p, "a\tb", ROLE_OPERATOR, "123456", NULL, &e), &e, ERR_USAGE);
    struct people *const people = load(p);
    assert_int_equal(people_count(people), 3);
    assert_ok(people_log_in_badge(people, "BADGE-2", &who, &e), &e);
    assert_string_equal(who.name, "Carl");
    assert_ok(people_log_in(people, "Ann", "123456", &who, &e), &e);
    char bob[] = "BOB", ann[] = "Ann", eve[] = "Eve";
    assert_ok(people_edit(p->path, &p->clock.clock, do_remove, bob, &e), &e);
    assert_false(people_log_in_badge(people, "BADGE-1", &who, &e));
    assert_code(people_edit(p->path, &p->clock.clock, do_remove, eve, &e), &e, ERR_USAGE);
    assert_code(people_edit(p->path, &p->clock.clock, do_remove, ann, &e), &e, ERR_USAGE);
    assert_non_null(strstr(e.what, "Ann is the last engineer"));
    people_free(people);
}

struct adder {
    struct place *place;
    char name[16];
};

static void *add_one(void *ctx)
{
    struct adder *const a = ctx;
    struct err e = { 0 };
    struct people_new person = { .name = a->name, .role = ROLE_OPERATOR, .pin = "123456" };
    return people_edit(a->place->path, &clock_system, do_add, &person, &e) ? NULL : ctx;
}

/* Two who add at once: nobody is lost. */
static void changes_at_once_are_all_kept(void **state)
{
    struct place *const p = *state;
    struct err e = { 0 };
    pthread_t threads[4];
    struct adder adders[4];
    assert_ok(add(p, "Ann", ROLE_ENGINEER, "123456", NULL, &e), &e);
    for (size_t i = 0; i < 4; i++) {
        adders[i].place = p;
        snprintf(adders[i].name, sizeof adders[i].name, "P%zu", i);
        assert_int_equal(pthread_create(&threads[i], NULL, add_one, &adders[i]), 0);
    }
    for (size_t i = 0; i < 4; i++) {
        void *failed = NULL;
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    struct people *const people = load(p);
    assert_int_equal(people_count(people), 5);
    people_free(people);
}

#define IN_PLACE(test) cmocka_unit_test_setup_teardown(test, open_place, close_place)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(file_names_its_mistakes),
        cmocka_unit_test(digest_text_is_strict),
        cmocka_unit_test(digest_is_scrypt),
        IN_PLACE(file_text_reads_back),
        IN_PLACE(file_is_its_owners_alone),
        IN_PLACE(people_log_in_by_pin_or_badge),
        IN_PLACE(people_refuse_all_else),
        IN_PLACE(people_do_not_tell_names),
        IN_PLACE(people_make_a_guesser_wait),
        IN_PLACE(a_right_pin_gives_all_tries_back),
        IN_PLACE(people_limit_all_tries_together),
        IN_PLACE(who_was_removed_is_out),
        cmocka_unit_test(without_a_file_a_name_is_taken),
        IN_PLACE(threads_log_in_side_by_side),
        cmocka_unit_test(roles_are_refused_with_a_sentence),
        IN_PLACE(people_are_added_and_removed),
        IN_PLACE(changes_at_once_are_all_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
